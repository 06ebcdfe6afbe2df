# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes by RIP: learnt, used, back by themselves; and whatever a neighbour may send, no other route."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from house import ROOT, capture, lab, play

FOLDER = ROOT / "molecule" / os.environ["MOLECULE_SCENARIO_NAME"]
PC = "192.168.1.50"
OURS = "10.214.0.10"
GATEWAY = "10.128.0.1"
VOICE = "10.31.255.128/27"
# What the ISP of the lab announces while these tests run: the list of 2014, so that a test may add some of today's.
TELEVISION = {
    "172.26.22.0/26", "172.26.22.56/29", "172.26.23.0/27", "172.26.80.0/21",
    *(f"172.26.23.{host}" for host in (4, 5, 23, 24, 30)),
}  # fmt: skip
ALLOWED = {"vlan2": ("172.26.0.0/16", "172.23.0.0/17", "10.93.18.0/24"), "vlan3": (VOICE,)}
SOA = "dig +time=2 +tries=1 +short @172.26.23.3 imagenio.telefonica.net SOA"
ANSWER = "mmsdmco1-01.imagenio.telefonica.net. postmaster.imagenio.telefonica.net. 2015080901 86400 7200 2592000 345600"
FIREWALL = "nft --file /etc/homerouter/firewall.nft"
WITHOUT_ANTISPOOF = "nft flush chain inet homerouter antispoof; sysctl -q net.ipv4.conf.vlan3.rp_filter=0 net.ipv4.conf.vlan100.rp_filter=0"
WITHOUT_RULE = (
    "for handle in $(nft -a list chain inet homerouter input | sed -n '/udp dport 520/s/.*handle //p'); do "
    "nft delete rule inet homerouter input handle $handle; done"
)
MARKER = "172.26.99.0/24"
SUSPECT = "172.26.66.0/24"


def apply(**variables: Any) -> tuple[int, str, dict[str, int]]:
    """Run the role on the example home: exit code, output, the router's recap."""
    code, out, stats = play("homerouter.tripleplay.site", "--tags", "rip", "-e", f"@{FOLDER}/vars.yml", "-e", json.dumps(variables))
    return code, out, stats.get("router", {})


@pytest.fixture(scope="module", autouse=True)
def senders(pc, isp):
    """The PC has a fixed address, since no DHCP server is here; it and the ISP can send RIP of any make."""
    isp.check_output("television-routes 2014")
    pc.check_output(
        f"systemctl stop dhcp-client; ip address flush dev eth0; ip address add {PC}/24 dev eth0; ip route replace default via 192.168.1.1"
    )
    script = (Path(__file__).parent / "rip_send.py").read_text(encoding="utf-8")
    for host in (pc, isp):
        host.check_output(f"cat > /tmp/rip_send.py <<'X'\n{script}\nX")
    yield
    isp.check_output("television-routes all")
    pc.check_output("ip address flush dev eth0; systemctl start dhcp-client")


@pytest.fixture
def quick(isp):
    """The ISP announces every five seconds, not every thirty: what goes on in between is not what is tested."""
    timers = "vtysh -c 'configure terminal' -c 'router rip' -c '{}timers basic{}'"
    isp.check_output(timers.format("", " 5 180 120"))
    yield
    isp.check_output(timers.format("no ", ""))


def send(host, interface: str, source: str, *words: str) -> None:
    host.check_output(f"python3 /tmp/rip_send.py {interface} {source} {' '.join(words)}")


def vtysh(router, *commands: str) -> str:
    return router.check_output("vtysh " + " ".join(f"-c '{command}'" for command in commands))


def routes(router) -> list[dict[str, Any]]:
    return json.loads(router.check_output("ip -json -4 route show table all"))


def learnt(router, interface: str = "vlan2") -> set[str]:
    return {route["dst"] for route in routes(router) if route.get("protocol") == "rip" and route.get("dev") == interface}


def network(route: dict[str, Any]) -> IPv4Network:
    return IPv4Network("0.0.0.0/0" if route["dst"] == "default" else route["dst"])


def outside(router) -> list[str]:
    """All of the FIB that is not on the allow-list, without the numbers that FRR gives to next hops."""
    found = []
    for route in routes(router):
        allowed = ALLOWED.get(route.get("dev", ""), ())
        if not (route.get("protocol") == "rip" and any(network(route).subnet_of(IPv4Network(text)) for text in allowed)):
            found.append(json.dumps({key: value for key, value in route.items() if key != "nhid"}, sort_keys=True))
    return sorted(found)


def resolves(host) -> bool:
    return host.run(SOA).stdout.strip() == ANSWER


def marked(isp, router, eventually) -> None:
    """Everything that was sent before this has been dealt with: a route that was sent after it has been learnt. Then it goes again."""
    send(isp, "vlan2", GATEWAY, f"{MARKER},1")
    eventually(lambda: MARKER in learnt(router), 10, "the gateway's own update")
    send(isp, "vlan2", GATEWAY, f"{MARKER},16")
    eventually(lambda: MARKER not in learnt(router), 10, "the withdrawal")


def pids(router) -> str:
    return router.check_output("pgrep -a 'zebra|mgmtd|ripd|staticd|watchfrr'")


def running(router) -> set[str]:
    return set(router.run("ps -C zebra,mgmtd,ripd,staticd,watchfrr,bgpd,ospfd -o comm=").stdout.split())


@contextlib.contextmanager
def route_events(router) -> Iterator[list[str]]:
    """Changes of the FIB while the block runs."""
    events: list[str] = []
    router.check_output("rm -f /tmp/events; systemd-run --quiet --collect --unit=events sh -c 'exec ip -4 monitor route > /tmp/events'")
    # It has begun once it tells of a change that is made for it.
    router.check_output(
        "timeout 10 sh -c 'until grep -q 198.51.100.1 /tmp/events; do ip route replace blackhole 198.51.100.1; ip route del blackhole 198.51.100.1; "
        "sleep 0.1; done'"
    )
    try:
        yield events
    finally:
        router.check_output("systemctl stop events")
        events += [line for line in router.check_output("cat /tmp/events").splitlines() if "198.51.100.1" not in line]


def deleted(events: list[str]) -> list[str]:
    return [line for line in events if line.startswith("Deleted") and "proto rip" in line]


@pytest.fixture(autouse=True)
def announced(router, eventually):
    """Each test begins with the routes that the ISP announces, whatever the one before has restarted."""
    eventually(lambda: learnt(router) == TELEVISION, 60, "the announced routes before the test")


def test_routes_are_learnt_and_used(pc, router, isp, eventually):
    eventually(lambda: (learnt(router), learnt(router, "vlan3")) == (TELEVISION, {VOICE}), 60, "the routes")
    assert {route["gateway"] for route in routes(router) if route.get("protocol") == "rip"} == {GATEWAY, "10.25.192.1"}
    with capture(isp, "soa", "vlan2", "udp port 53") as lines:
        assert resolves(pc)
    text = "\n".join(lines)
    assert f"{OURS}." in text and "192.168.1." not in text, text


def test_without_the_routes_nobody_answers(pc, router, eventually):
    router.check_output("systemctl stop frr")
    try:
        assert learnt(router) == set()
        assert not resolves(pc)
    finally:
        router.check_output("systemctl start frr")
    eventually(lambda: learnt(router) == TELEVISION, 60, "the routes")
    assert resolves(pc)


def test_only_what_is_needed_runs_and_none_of_it_listens_on_tcp(router):
    needed = {"watchfrr", "zebra", "ripd", "staticd"}
    assert needed <= running(router) <= needed | {"mgmtd"}
    assert not re.search("zebra|mgmtd|ripd|staticd|watchfrr", router.check_output("ss -Hltnp"))
    assert "520" in router.check_output("ss -Hlunp | grep ripd")


def test_a_second_run_restarts_nothing(router):
    before = pids(router)
    code, out, stats = apply()
    assert code == 0 and stats["changed"] == 0, out
    assert 3 <= len(re.findall(r"TASK \[homerouter\.tripleplay\.rip : .*\n(?:\[WARNING\].*\n)*ok:", out)) <= 5, out
    assert pids(router) == before


def test_the_router_asks_and_never_tells(router, isp, eventually, quick):
    with capture(isp, "silent", "vlan2", f"udp port 520 and src {OURS}") as quiet:
        router.check_output("systemctl restart frr")
        eventually(lambda: learnt(router) == TELEVISION, 60, "the routes")
        # A request for the whole table, and one for a route (RFC 2453, 3.9.1).
        send(isp, "vlan2", GATEWAY, f"to={OURS}", "command=1", f"raw={'00' * 19}10")
        send(isp, "vlan2", GATEWAY, "command=1", "172.26.80.0/21,1")
        marked(isp, router, eventually)
    assert any("Request" in line for line in quiet), quiet
    assert not any("Response" in line for line in quiet), quiet
    vtysh(router, "configure terminal", "router rip", "no passive-interface default", "timers basic 5 180 120")
    try:
        with capture(isp, "loud", "vlan2", f"udp port 520 and src {OURS}") as loud:
            router.check_output("timeout 20 tcpdump -c 1 -i vlan2 -Q out udp port 520 > /dev/null 2>&1 || true")
            isp.check_output("timeout 20 sh -c 'until tcpdump -r /tmp/loud.pcap -vn 2>/dev/null | grep -q Response; do sleep 0.1; done'")
        assert any("Response" in line for line in loud), loud
    finally:
        code, out, stats = apply()
    # What somebody has typed into vtysh is put right.
    assert code == 0 and stats["changed"] > 0, out


# What no update may bring, even one from the gateway itself. A next hop of its own is the last word of an entry.
HOSTILE = {
    "default route": ["0.0.0.0/0,1"],
    "both halves of it": ["0.0.0.0/1,1", "128.0.0.0/1,1"],
    "the first half without network 0, which FRR never takes": ["64.0.0.0/2,1", "32.0.0.0/3,1"],
    "LAN and a part of it": ["192.168.1.0/24,1", "192.168.1.128/25,1", f"{PC}/32,1"],
    "other end of PPPoE": ["80.58.67.163/32,1"],
    "DNS hosts": ["8.8.8.8/32,1", "80.58.61.250/32,1"],
    "class E": ["240.0.0.0/4,1"],
    "wider than the list": ["172.0.0.0/8,1", "172.16.0.0/12,1"],
    "network of voice": [f"{VOICE},1", "10.25.192.0/19,1", "10.31.255.134/32,1"],
    "default route by another host": ["0.0.0.0/0,1,10.128.0.66"],
    "multicast and loopback": ["224.0.0.0/4,1", "127.0.0.0/8,1"],
    "25 entries of junk": ["raw=" + "ff" * 500],
    "half an entry": ["raw=" + "00020000"],
}


@pytest.fixture(params=["up", "down"])
def internet(request, router, eventually):
    """The Internet link is up, or it is down and no other default route is in the way of a hostile one."""
    link = "ip -4 route show default | grep -q ppp0"
    if request.param == "down":
        router.check_output("systemctl stop pppoe-internet")
        eventually(lambda: router.run(link).rc != 0, 20, "the link's end")
    yield request.param
    router.check_output("systemctl start --no-block pppoe-internet")
    eventually(lambda: router.run(link).rc == 0, 60, "the Internet link")


def test_no_update_brings_a_route_outside_the_list(router, isp, eventually, internet):
    before = outside(router)
    for what, entries in HOSTILE.items():
        send(isp, "vlan2", GATEWAY, *entries)
        send(isp, "vlan3", "10.25.192.1", *entries)
        marked(isp, router, eventually)
        assert outside(router) == before, what
    # The ISP of voice may not route television either, nor part of what is its own.
    send(isp, "vlan3", "10.25.192.1", f"{SUSPECT},1", "10.31.255.134/32,1")
    marked(isp, router, eventually)
    assert SUSPECT not in learnt(router) | learnt(router, "vlan3")
    assert learnt(router, "vlan3") == {VOICE}
    assert outside(router) == before


def test_without_the_list_the_default_route_gets_in(router, isp, eventually, internet):
    before = outside(router)
    vtysh(router, "configure terminal", "router rip", "no distribute-list prefix iptv in vlan2")
    try:
        send(isp, "vlan2", GATEWAY, "64.0.0.0/2,1", "128.0.0.0/1,1", "8.8.8.8/32,1", "0.0.0.0/0,1")
        eventually(lambda: {"64.0.0.0/2", "128.0.0.0/1", "8.8.8.8"} <= learnt(router), 10, "the harm")
        if internet == "down":
            eventually(lambda: "default" in learnt(router), 10, "the default route")
            assert "dev vlan2" in router.check_output("ip route get 203.0.113.80")
    finally:
        code, out, stats = apply()
    assert code == 0 and stats["changed"] > 0, out
    assert outside(router) == before


def test_version_1_is_not_heard(router, isp, eventually, quick):
    send(isp, "vlan2", GATEWAY, "version=1", "172.26.0.0/16,1")
    marked(isp, router, eventually)
    assert "172.26.0.0/16" not in learnt(router)
    vtysh(router, "configure terminal", "router rip", "no version")
    try:
        send(isp, "vlan2", GATEWAY, "version=1", "172.26.0.0/16,1")
        eventually(lambda: "172.26.0.0/16" in learnt(router), 10, "a route by version 1")
    finally:
        code, out, stats = apply()
    assert code == 0 and stats["changed"] > 0, out
    assert "172.26.0.0/16" not in learnt(router)


def strangers(isp, pc, router) -> dict[str, list[tuple[Any, ...]]]:
    """Updates that would be taken if they came from the gateway."""
    voice = re.search(r"inet ([\d.]+)", router.check_output("ip -4 -oneline address show dev vlan3 scope global")).group(1)
    public = re.search(r"inet ([\d.]+)", router.check_output("ip -4 -oneline address show dev ppp0")).group(1)
    return {
        "another port": [(isp, "vlan2", GATEWAY, "sport=521"), (isp, "vlan2", GATEWAY, "sport=40000", f"to={OURS}")],
        "another TTL": [(isp, "vlan2", GATEWAY, "ttl=64"), (isp, "vlan2", GATEWAY, "ttl=3", f"to={OURS}")],
        "another host": [(isp, "vlan2", "10.128.0.66"), (isp, "vlan2", "10.128.0.66", f"to={OURS}")],
        "the router itself": [(isp, "vlan2", OURS)],
        "voice as the gateway": [(isp, "vlan3", GATEWAY), (isp, "vlan3", GATEWAY, f"to={voice}"), (isp, "vlan3", GATEWAY, f"to={OURS}")],
        "LAN as the gateway": [(pc, "eth0", GATEWAY), (pc, "eth0", GATEWAY, "to=192.168.1.1"), (pc, "eth0", GATEWAY, f"to={OURS}")],
        "LAN": [(pc, "eth0", PC), (pc, "eth0", PC, "to=192.168.1.1")],
        "Internet as the gateway": [(isp, "ppp0", GATEWAY, f"to={public}"), (isp, "ppp0", GATEWAY, f"to={OURS}")],
    }


def heard(router, isp, pc, eventually) -> set[str]:
    """The strangers from whom a route was taken."""
    found = set()
    for who, updates in strangers(isp, pc, router).items():
        for host, interface, source, *options in updates:
            send(host, interface, source, *options, f"{SUSPECT},1")
        marked(isp, router, eventually)
        if SUSPECT in learnt(router):
            found.add(who)
            send(isp, "vlan2", GATEWAY, f"{SUSPECT},16")
            send(isp, "vlan2", "10.128.0.66", f"{SUSPECT},16")
            router.check_output("vtysh -c 'clear ip rip'")
            eventually(lambda: SUSPECT not in learnt(router), 10, "the withdrawal")
    return found


def test_rip_is_taken_from_the_gateway_and_from_nobody_else(router, isp, pc, eventually, quick):
    assert heard(router, isp, pc, eventually) == set()
    try:
        # Each of the two protections is enough by itself against a sender who is not where it claims to be.
        router.check_output(WITHOUT_ANTISPOOF)
        assert heard(router, isp, pc, eventually) == set()
        router.check_output(FIREWALL)
        router.check_output(f"{WITHOUT_RULE}; nft insert rule inet homerouter input udp dport 520 accept")
        # Of all this, ripd itself looks at the port.
        assert heard(router, isp, pc, eventually) == {"another TTL", "another host"}
        # Without both, it is as with any router that runs ripd.
        router.check_output(WITHOUT_ANTISPOOF)
        assert {"voice as the gateway", "LAN as the gateway", "Internet as the gateway"} <= heard(router, isp, pc, eventually)
    finally:
        router.check_output(f"{FIREWALL}; sysctl -q net.ipv4.conf.vlan3.rp_filter=1 net.ipv4.conf.vlan100.rp_filter=2")


def test_what_the_gateway_sends_is_taken_and_taken_back(router, isp, eventually):
    new = ["172.23.0.0/17", "10.93.18.0/24", "172.26.77.0/24"]
    for ttl in (1, 2, 255):
        send(isp, "vlan2", GATEWAY, f"ttl={ttl}", *(f"{prefix},1" for prefix in new))
        eventually(lambda: set(new) <= learnt(router), 10, "the routes")
        send(isp, "vlan2", GATEWAY, f"ttl={ttl}", f"to={OURS}", *(f"{prefix},16" for prefix in new))
        eventually(lambda: not set(new) & learnt(router), 10, "their withdrawal")


def test_networkd_restarts_and_no_route_is_lost(router):
    with route_events(router) as events:
        router.check_output("systemctl restart systemd-networkd; networkctl reload")
        router.check_output("timeout 30 sh -c 'until networkctl status vlan2 | grep -q configured; do sleep 0.1; done'")
    assert not deleted(events), events
    assert learnt(router) == TELEVISION
    conf = "/etc/systemd/networkd.conf.d/10-homerouter.conf"
    router.check_output(f"mv {conf} /root/networkd.conf")
    try:
        with route_events(router) as events:
            router.check_output("systemctl restart systemd-networkd")
            router.check_output("timeout 30 sh -c 'until networkctl status vlan2 | grep -q configured; do sleep 0.1; done'")
        assert deleted(events), "without ManageForeignRoutes=no networkd must have deleted them"
    finally:
        router.check_output(f"mv /root/networkd.conf {conf}; systemctl restart systemd-networkd systemd-networkd-wait-online; systemctl restart frr")
        assert apply()[0] == 0


@pytest.mark.parametrize("daemon", ["ripd", "zebra", "watchfrr"])
def test_a_killed_daemon_comes_back(router, pc, eventually, daemon):
    before = router.check_output(f"pgrep -x {daemon}")
    start = time.monotonic()
    router.check_output(f"pkill -KILL -x {daemon}")
    eventually(lambda: router.run(f"pgrep -x {daemon}").stdout.strip() not in ("", before), 60, daemon)
    # watchfrr needs ten seconds to notice some deaths, and the next update may be 45 away.
    eventually(lambda: learnt(router) == TELEVISION, 75, "the routes")
    print(f"{daemon} killed: routes again after {time.monotonic() - start:.1f} s")
    assert resolves(pc)


def test_the_link_comes_back(router, pc, eventually):
    router.check_output("ip link set dev vlan2 down; ip link set dev vlan2 up")
    start = time.monotonic()
    eventually(lambda: learnt(router) == TELEVISION, 60, "the routes")
    print(f"vlan2 down and up: routes again after {time.monotonic() - start:.1f} s")
    assert resolves(pc)


def test_routes_that_the_kernel_has_lost_are_put_back(router):
    """When an address goes and comes at once, the kernel drops the routes over its interface without a word, and FRR believes in them."""
    router.check_output(f"ip address delete {OURS}/9 dev vlan2; ip address add {OURS}/9 brd + dev vlan2")
    assert not learnt(router)
    code, out, stats = apply()
    assert code == 0 and stats["changed"] > 0, out
    assert learnt(router) == TELEVISION


def test_static_routes_take_the_place_of_rip_and_back(router, pc, isp, eventually):
    code, out, stats = apply(rip_mode="static")
    assert code == 0 and stats["changed"] > 0, out
    try:
        found = {route["dst"] for route in routes(router) if route.get("gateway") == GATEWAY}
        assert found == set(ALLOWED["vlan2"])
        assert "ripd" not in running(router)
        assert not router.check_output("ss -Hlun sport = :520")
        assert resolves(pc)
        before = outside(router)
        send(isp, "vlan2", GATEWAY, "0.0.0.0/0,1", f"{MARKER},1")
        router.check_output("ip link set dev vlan2 down; ip link set dev vlan2 up")
        eventually(lambda: resolves(pc), 30, "an answer after the link's return")
        assert outside(router) == before
        assert apply(rip_mode="static")[2]["changed"] == 0
    finally:
        code, out, _stats = apply()
    assert code == 0, out
    assert learnt(router) == TELEVISION
    assert {route["dst"] for route in routes(router) if route.get("gateway") == GATEWAY} == TELEVISION
    assert resolves(pc)


def test_boot(router, pc, eventually):
    lab("reboot", "router")
    eventually(lambda: router.run("true").rc == 0 and learnt(router) == TELEVISION, 90, "the routes after the reboot")
    eventually(lambda: resolves(pc), 20, "an answer after the reboot")


STATE = "ip -4 route show proto rip; find /etc/frr /etc/systemd -type f | sort | xargs md5sum"
REFUSED = [
    ({"home_iptv_gateway": "10.64.0.1"}, ["home_iptv_gateway", "10.64.0.1", "10.128.0.1"]),
    ({"rip_iptv_prefixes": ["0.0.0.0/0 le 32"]}, ["rip_iptv_prefixes[0]", "half the Internet"]),
    ({"rip_iptv_prefixes": ["192.168.0.0/16 le 32"]}, ["rip_iptv_prefixes[0]", "overlaps the LAN", "home_lan_address"]),
    ({"rip_iptv_interface": "vlan22"}, ["rip_iptv_interface", "vlan22", "homerouter.tripleplay.vlans"]),
    ({"rip_mode": "both"}, ["rip_mode", "rip, static"]),
]


@pytest.mark.parametrize(("variables", "words"), REFUSED, ids=lambda value: next(iter(value)))
def test_a_plan_that_makes_no_sense_is_refused_before_any_change(router, eventually, variables, words):
    eventually(lambda: learnt(router) == TELEVISION, 60, "the routes")
    before = router.check_output(STATE)
    code, out, stats = apply(**variables)
    assert code != 0
    assert stats.get("changed", 0) == 0
    text = " ".join(out.split())
    assert all(word in text for word in words), out
    assert router.check_output(STATE) == before


def test_somebody_elses_configuration_is_left_alone(router):
    router.check_output("cp /etc/frr/frr.conf /root/frr.conf; printf 'log syslog\\nrouter bgp 65000\\n' > /etc/frr/frr.conf")
    try:
        code, out, stats = apply()
        assert code != 0 and stats["changed"] == 0
        assert "router bgp 65000" in out and "/etc/frr/frr.conf" in out
        assert "router bgp" in router.check_output("cat /etc/frr/frr.conf")
    finally:
        router.check_output("cp /root/frr.conf /etc/frr/frr.conf")


def test_a_network_that_announces_nothing_is_told(router):
    try:
        code, out, _stats = apply(rip_iptv_prefixes=["172.23.0.0/17 le 32"], rip_verify_seconds=3)
    finally:
        assert apply()[0] == 0
    assert code != 0
    text = " ".join(out.split())
    assert "nobody has announced one by RIP" in text and "rip_mode" in text and "tcpdump" in text, out
