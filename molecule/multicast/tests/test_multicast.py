# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Television: boxes boot and play, whatever the ISP does not do and whatever breaks; with each protection off the picture goes."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from house import ROOT, ask, background, capture, converge, lab, play, refused
from testinfra.host import Host

FOLDER = ROOT / "molecule" / os.environ["MOLECULE_SCENARIO_NAME"]
# A channel and its sender, which no announced network of 2014 covers; and another of each.
CHANNEL, SOURCE = "239.0.0.76", "172.26.72.17"
SECOND, SECOND_SOURCE = "239.0.0.2", "172.26.20.39"
PROGRAM = "/usr/bin/python3 -I /usr/local/libexec/homerouter-multicast"
KEEPALIVE = "homerouter-igmp-keepalive"
NORMAL = "queries=none query_interval=125 query_response=10 membership_timeout=260 leave=immediate rate=3000000"
# SSDP, mDNS, and the discovery of BitTorrent, which igmpproxy does not take for local by itself.
DISCOVERED = ("239.255.255.250", "224.0.0.251", "239.192.152.143")
DISCOVER = """
import socket, struct, time
index = socket.if_nametoindex("eth0")
for group, port in (("239.255.255.250", 1900), ("224.0.0.251", 5353), ("239.192.152.143", 6771)):
    member = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4si", socket.inet_aton(group), bytes(4), index))
    member.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), index))
    member.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)
    for _number in range(20):
        member.sendto(b"M-SEARCH * HTTP/1.1\\r\\n\\r\\n", (group, port))
        time.sleep(0.05)
"""


# The others are done.
ONLY = {"lab_roles": ["multicast"]}


def headend(isp: Host, words: str) -> dict[str, Any]:
    """Tell or ask the head end."""
    return json.loads(isp.check_output(f"headend ctl {words}"))


def group(isp: Host, address: str = CHANNEL) -> dict[str, Any]:
    return headend(isp, "status")["groups"][address]


def box(host: Host, words: str) -> dict[str, Any]:
    """A run of the set-top box; its report."""
    return json.loads(host.run(f"settopbox {words} 2>/dev/null").stdout)


def steps(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["step"]: entry["evidence"] for entry in report["steps"]}


def watched(host: Host, seconds: float, patience: float) -> dict[str, Any]:
    """Somebody switches on and watches the channel; the report."""
    report = box(host, f"--steps address,channel --watch {CHANNEL}:8208 --play {seconds} --patience {patience}")
    assert report["ok"] or report["stopped_at"] == "channel", report
    return report


def plays(host: Host, seconds: float = 1) -> bool:
    """Whether the channel can be watched now, or the screen stays dark."""
    report = watched(host, seconds, 2)
    return report["ok"] and steps(report)["channel"]["lost"] == 0


def has_picture(host: Host, seconds: float = 1) -> None:
    """The channel can be watched without a gap once it has come; if not, the report says what was seen."""
    report = watched(host, seconds, 10)
    assert report["ok"], report
    told = steps(report)["channel"]
    assert told["lost"] == 0 and told["longest_gap_ms"] < 2000, report


@contextlib.contextmanager
def watching(host: Host, isp: Host, eventually: Any, patience: float = 90) -> Iterator[dict[str, Any]]:
    """Somebody watches the channel while the block runs; afterwards the dictionary says how it was."""
    seen: dict[str, Any] = {}
    before = group(isp)["packets"]
    process = background(
        host.backend.hostname, f"settopbox --steps address,channel --watch {CHANNEL}:8208 --play 0 --patience {patience} 2>/dev/null"
    )
    try:
        eventually(lambda: group(isp)["packets"] > before + 100, 10, "the channel to flow")
        yield seen
    finally:
        host.run("pkill -TERM -f settopbox.py")
        out, _nothing = process.communicate(timeout=60)
    report = json.loads(out)
    assert report["ok"], report
    seen.update(steps(report)["channel"])


def pid(router: Host, unit: str) -> str:
    return router.check_output(f"systemctl show --property=MainPID --value {unit}")


def routed(router: Host) -> bool:
    """Whether igmpproxy has both interfaces."""
    return router.run("grep -qw vlan2 /proc/net/ip_mr_vif && grep -qw vlan100 /proc/net/ip_mr_vif").rc == 0


@contextlib.contextmanager
def by_hand(router: Host, eventually: Any, prepare: str, config: str = "/etc/igmpproxy.conf") -> Iterator[None]:
    """igmpproxy as somebody starts it who has the distribution's package alone: nobody looks after it, or after settings and routes."""
    router.check_output(f"set -e; systemctl stop igmpproxy; {prepare}; systemd-run --quiet --collect --unit=bare igmpproxy -d {config}")
    try:
        eventually(lambda: routed(router), 10, "igmpproxy")
        yield
    finally:
        router.check_output("systemctl stop bare; systemctl start igmpproxy")
        eventually(lambda: routed(router), 10, "igmpproxy")


@pytest.fixture(scope="module", autouse=True)
def television(isp):
    """The ISP as it is by default, whatever a test has made of it."""
    headend(isp, f"set {NORMAL}")
    isp.check_output("television-routes all")
    yield
    headend(isp, f"set {NORMAL}")
    isp.check_output("television-routes all")


@pytest.fixture
def forgetful(isp, router):
    """The ISP forgets a member after six seconds, not 260. The kernel's own repeated reports come sooner than that."""
    headend(isp, "set membership_timeout=6")
    router.check_output(f"systemctl stop {KEEPALIVE}")
    yield
    headend(isp, f"set {NORMAL}")
    router.check_output(f"systemctl start {KEEPALIVE}")


def test_both_boxes_boot(stb, stb2):
    start = time.monotonic()
    processes = [background(name, "settopbox --play 5 2>/dev/null") for name in ("stb", "stb2")]
    reports = [json.loads(process.communicate(timeout=120)[0]) for process in processes]
    for report in reports:
        assert report["ok"], report
        told = steps(report)
        assert told["dhcp"]["dns"] == ["172.26.23.3"]
        assert bytes.fromhex(told["dhcp"]["option_240_hex"]) == b":::::239.0.2.10:22222:v6.0:239.0.2.30:22222"
        assert 125 not in told["dhcp"]["options"]
        assert told["channel"]["packets"] > 400 and told["channel"]["lost"] == 0
        assert len(told["zap"]["zaps"]) == 3
        print({entry["step"]: entry["seconds"] for entry in report["steps"]})
    print(f"both on after {time.monotonic() - start:.1f} s")


def test_five_minutes_of_an_evening(stb, stb2, pc, isp, router):
    """Somebody watches; the neighbours' ports stay silent, the playbook runs again, another box comes and goes. No packet is lost."""
    process = background("stb", f"settopbox --steps address,channel --watch {CHANNEL}:8208 --play 300 2>/dev/null")
    with capture(pc, "pc", "eth0", "udp and net 239.0.0.0/8") as at_pc, capture(stb2, "stb2", "eth0", "udp and net 239.0.0.0/8") as at_stb2:
        code, out, stats = play("homerouter.tripleplay.site", "-e", f"@{FOLDER}/vars.yml", "--skip-tags", "voip_dhcp")
        assert code == 0, out
        assert stats["router"]["changed"] == 0, out
    assert process.poll() is None, "the evening has to be longer than the run"
    assert not at_pc and not at_stb2, (at_pc[:3], at_stb2[:3])
    for _time in range(5):
        # Its own port falls silent at once.
        report = box(stb2, f"--steps address,channel,leave --watch {CHANNEL}:8208 --play 1 --patience 2")
        assert report["ok"], report
    report = json.loads(process.communicate(timeout=330)[0])
    assert report["ok"], report
    told = steps(report)["channel"]
    # 3 Mbit/s in datagrams of 1316 octets, of which a slow machine sends fewer.
    # Lost by the sender, by a core of the lab's kernel (second column), or on the way.
    assert told["packets"] > 50_000 and told["lost"] == 0, (told, group(isp), router.check_output("cat /proc/net/softnet_stat"))


def test_last_one_to_leave_ends_it_upstream(stb, isp, eventually):
    report = box(stb, f"--steps address,channel,leave --watch {CHANNEL}:8208 --play 1 --patience 3")
    assert report["ok"], report
    # Both hosts have the lab's one clock.
    left = report["began"] + sum(entry["seconds"] for entry in report["steps"] if entry["step"] != "leave")
    eventually(lambda: not group(isp)["flowing"], 10, "the end of the channel")
    leave, prune = [event for event in headend(isp, "status")["events"] if event["group"] == CHANNEL][-2:]
    assert (leave["event"], prune["event"]) == ("leave", "prune")
    assert 0 < prune["at"] - left < 1


def test_forty_channels_at_once(stb, isp, router, eventually):
    headend(isp, "set rate=200000")

    def playing() -> int:
        return steps(box(stb, "--steps address,guide,groups --groups 40 --play 2 --patience 8"))["groups"]["playing"]

    try:
        assert playing() == 40
        # The kernel's default, with which igmpproxy's one socket is full.
        with by_hand(router, eventually, "sysctl -q net.ipv4.igmp_max_memberships=20"):
            assert 0 < playing() < 40
    finally:
        headend(isp, f"set {NORMAL}")


def test_plays_on_without_queries(stb, isp, router, forgetful):
    # The unit's own program, with its time as compressed as the ISP's.
    router.check_output(
        f"systemd-run --quiet --collect --unit=quick {PROGRAM} keepalive --interface vlan2 --interval 2 --groups 239.0.0.0/16"
    )
    try:
        has_picture(stb, seconds=20)
    finally:
        router.check_output("systemctl stop quick")
    before = group(isp)["expired"]
    assert not plays(stb, seconds=20)
    assert group(isp)["expired"] > before


@pytest.mark.parametrize("querier", ["zero", "gateway"])
def test_queries_are_answered(stb, isp, router, forgetful, querier):
    headend(isp, f"set queries={querier} query_interval=2 query_response=1")
    has_picture(stb, seconds=15)
    rule = "inet homerouter input iifname vlan2 meta l4proto igmp drop"
    router.check_output(f"nft insert rule {rule}")
    before = group(isp)["expired"]
    try:
        # Where queries have been seen to be of version 2, the kernel repeats its report up to ten seconds after the join (RFC 2236, 8.10).
        assert not plays(stb, seconds=25)
        assert group(isp)["expired"] > before
    finally:
        router.check_output("nft --file /etc/homerouter/firewall.nft")


def test_unit_reports_what_is_watched(stb, isp, router, eventually):
    with watching(stb, isp, eventually):
        before = group(isp)["reports"]
        # It begins with a round.
        router.check_output(f"systemctl restart {KEEPALIVE}")
        eventually(lambda: group(isp)["reports"] > before, 10, "a report of the channel")


def upstream(isp: Host, stb: Host) -> list[str]:
    """What the ISP sees while a device in the LAN looks for others."""
    with capture(isp, "discovery", "vlan2", " or ".join(f"host {one}" for one in DISCOVERED) + " or igmp") as seen:
        stb.check_output(f"cat > /tmp/discover.py <<'X'\n{DISCOVER}\nX\npython3 /tmp/discover.py")
    return [line for line in seen if any(one in line for one in DISCOVERED)]


def test_discovery_stays_in_the_home(stb, isp, router, eventually):
    assert not upstream(isp, stb)
    with by_hand(router, eventually, "grep -v whitelist /etc/igmpproxy.conf > /tmp/open.conf", "/tmp/open.conf"):
        assert any(DISCOVERED[2] in line for line in upstream(isp, stb))


def test_reverse_path_filter_does_what_is_foretold(stb, stb2, isp, router, eventually):
    """One sender has a route by vlan2, the other the default route by ppp0 alone; all values of all and vlan2."""
    isp.check_output("television-routes 2014")
    seen = {}
    prepare = (
        f"ip route flush proto 98; ip route add {SOURCE} via 10.128.0.1 dev vlan2; timeout 30 sh -c "
        "'while ip route show 172.26.0.0/17 | grep -q .; do sleep 0.2; done'"
    )
    try:
        with by_hand(router, eventually, prepare):
            for everywhere in (0, 1, 2):
                for here in (0, 1, 2):
                    router.check_output(f"sysctl -qw net.ipv4.conf.all.rp_filter={everywhere} net.ipv4.conf.vlan2.rp_filter={here}")
                    told = ask("rp_filter_info", sources=[SOURCE, SECOND_SOURCE], interfaces=["vlan2"])["verdicts"]
                    boxes = [
                        background(name, f"settopbox --steps address,channel --watch {channel}:8208 --play 0.5 --patience 5 2>/dev/null")
                        for name, channel in (("stb", CHANNEL), ("stb2", SECOND))
                    ]
                    reports = [json.loads(process.communicate(timeout=60)[0]) for process in boxes]
                    assert all(report["ok"] or report["stopped_at"] == "channel" for report in reports), reports
                    picture = [report["ok"] for report in reports]
                    assert picture == [verdict["passes"] for verdict in told], (everywhere, here, told)
                    seen[everywhere, here] = picture
    finally:
        router.check_output(f"ip route delete {SOURCE}")
        isp.check_output("television-routes all")
    strict = [key for key in seen if max(key) == 1]
    assert all(seen[key] == [True, True] for key in seen if key not in strict)
    assert all(seen[key] == [True, False] for key in strict) and len(strict) == 3


def rp_filters(router: Host) -> dict[str, int]:
    values = router.check_output("cd /proc/sys/net/ipv4/conf && grep . */rp_filter")
    return {line.split("/")[0]: int(line.rpartition(":")[2]) for line in values.splitlines()}


def test_filters_are_strict_and_drift_is_put_right_without_a_restart(stb, isp, router, eventually):
    assert {name for name, value in rp_filters(router).items() if value != 1} == {"lo"}
    before = pid(router, "igmpproxy")
    router.check_output("sysctl -qw net.ipv4.conf.all.rp_filter=2 net.ipv4.igmp_max_memberships=20")
    code, out, stats = converge(**ONLY)
    assert code == 0, out
    # The preflight that found it, and the handler.
    assert stats["router"]["changed"] == 2, out
    assert pid(router, "igmpproxy") == before
    assert rp_filters(router)["all"] == 1
    assert "172.16.0.0/12 via 10.128.0.1 dev vlan2" in router.check_output("ip route show proto 98")


def test_lost_routes_are_made_anew(stb, isp, router, eventually):
    """The kernel drops them with an interface that is down for a moment, whose address and number stay; strict filters then see no way back."""
    route = "172.16.0.0/12 via 10.128.0.1 dev vlan2"

    def back() -> bool:
        return route in router.check_output("ip route show proto 98")

    before = pid(router, "igmpproxy")
    router.check_output("ip route flush proto 98")
    eventually(back, 10, "the route that was removed")
    cursor = router.check_output("journalctl --lines 0 --show-cursor").rpartition(": ")[2]
    # systemd-networkd would take its address meanwhile.
    router.check_output("systemctl kill --signal=STOP systemd-networkd; ip link set vlan2 down")
    try:
        eventually(
            lambda: router.run(f"journalctl --unit igmpproxy --after-cursor '{cursor}' | grep 'Error: Nexthop'").rc == 0, 10,
            "a try to make the route by an interface that is down",
        )  # fmt: skip
    finally:
        router.check_output("ip link set vlan2 up; systemctl kill --signal=CONT systemd-networkd")
    eventually(back, 10, "the route that went with its interface")
    assert pid(router, "igmpproxy") == before
    has_picture(stb)


def test_filter_may_be_off_for_television_alone(stb, isp, router, eventually):
    """The seed's way; and back. The senders' networks have no route then."""
    isp.check_output("television-routes 2014")
    try:
        code, out, _stats = converge(**ONLY, multicast_rp_filter_mode="disabled")
        assert code == 0, out
        assert {name for name, value in rp_filters(router).items() if value != 1} == {"all", "lo", "vlan2"}
        assert not router.check_output("ip route show proto 98")
        has_picture(stb)
        # What comes later is strict from the beginning.
        router.check_output("ip link add later type dummy || ip link add later type veth peer name later1")
        assert rp_filters(router)["later"] == 1
        router.check_output("ip link delete later")
    finally:
        isp.check_output("television-routes all")
        code, out, _stats = converge(**ONLY)
    assert code == 0, out
    assert rp_filters(router)["all"] == 1
    has_picture(stb)


def test_proxy_that_is_killed_is_back_at_once(stb, isp, router, eventually, record_property):
    with watching(stb, isp, eventually) as seen:
        before = router.check_output("pgrep -x igmpproxy")
        router.check_output(f"kill -KILL {before}")
        eventually(lambda: routed(router) and router.run("pgrep -x igmpproxy").stdout.strip() not in ("", before), 10, "another igmpproxy")
        flowing = group(isp)["packets"]
        eventually(lambda: group(isp)["packets"] > flowing + 100, 15, "the channel to flow again")
    record_property("igmpproxy killed, seconds without picture", seen["longest_gap_ms"] / 1000)
    assert seen["longest_gap_ms"] < 5000


def test_ripd_that_is_killed_costs_no_picture(stb, isp, router, eventually):
    with watching(stb, isp, eventually) as seen:
        before = router.check_output("pgrep -x ripd")
        router.check_output(f"kill -KILL {before}")
        eventually(lambda: router.run("pgrep -x ripd").stdout.strip() not in ("", before), 30, "another ripd")
    assert seen["lost"] == 0


def test_picture_is_back_when_the_interface_is_made_anew(stb, isp, router, eventually, record_property):
    with watching(stb, isp, eventually) as seen:
        index = router.check_output("cat /sys/class/net/vlan2/ifindex")
        router.check_output("ip link delete vlan2; systemctl restart systemd-networkd")
        eventually(lambda: router.run("cat /sys/class/net/vlan2/ifindex").stdout.strip() not in ("", index), 20, "the interface")
        eventually(lambda: routed(router), 30, "igmpproxy on it")
        flowing = group(isp)["packets"]
        eventually(lambda: group(isp)["packets"] > flowing + 100, 20, "the channel to flow again")
    record_property("vlan2 made anew, seconds without picture", seen["longest_gap_ms"] / 1000)
    assert {name for name, value in rp_filters(router).items() if value != 1} == {"lo"}
    assert "172.16.0.0/12 via 10.128.0.1 dev vlan2" in router.check_output("ip route show proto 98")


def test_picture_is_back_when_the_cable_is_back(stb, isp, router, switch, eventually, record_property):
    with watching(stb, isp, eventually) as seen:
        switch.check_output("ip link set gi2 down")
        # The outage itself.
        time.sleep(20)
        switch.check_output("ip link set gi2 up")
        plugged = time.monotonic()
        flowing = group(isp)["packets"]
        eventually(lambda: plays(stb, seconds=0.5), 30, "the picture")
        record_property("uplink unplugged for 20 s, seconds until the picture", time.monotonic() - plugged)
        assert group(isp)["packets"] > flowing
    assert seen["longest_gap_ms"] > 19_000


def test_picture_is_back_when_the_router_is(stb, isp, router, eventually, record_property):
    with watching(stb, isp, eventually, 120) as seen:
        lab("reboot", "router")
        booted = time.monotonic()
        eventually(lambda: routed(router), 60, "igmpproxy")
        flowing = group(isp)["packets"]
        eventually(lambda: group(isp)["packets"] > flowing + 100, 30, "the channel to flow again")
        record_property("router restarted, seconds from its boot to the picture", time.monotonic() - booted)
    record_property("router restarted, seconds without picture", seen["longest_gap_ms"] / 1000)
    assert {name for name, value in rp_filters(router).items() if value != 1} == {"lo"}


def test_another_multicast_router_is_refused(router, eventually):
    router.check_output("systemctl stop igmpproxy; systemd-run --quiet --collect --unit=rival /usr/lib/frr/pimd")
    try:
        eventually(lambda: router.run("vtysh -c 'show ip pim interface'").rc == 0, 20, "pimd")
        # It has the very interfaces that igmpproxy would have.
        router.check_output(
            "vtysh -c 'configure terminal' -c 'interface vlan2' -c 'ip pim' -c 'ip igmp' -c 'interface vlan100' -c 'ip pim' -c 'ip igmp'"
        )
        eventually(lambda: routed(router), 10, "pimd's interfaces")
        out = refused(router, **ONLY)
        assert "another daemon routes multicast" in out and "pimd" in out
    finally:
        router.check_output("systemctl stop rival; systemctl start igmpproxy")
        eventually(lambda: routed(router), 10, "igmpproxy")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"multicast_lan_interfaces": ["vlan2"]}, "multicast_lan_interfaces[0] is"),
        ({"multicast_groups": ["239.0.0.0/8"]}, "multicast_groups[0] is"),
        ({"multicast_iptv_interface": "vlan9"}, "which this host does not have"),
    ],
)
def test_plan_that_makes_no_sense_is_refused_before_any_change(router, variables, words):
    assert words in " ".join(refused(router, **ONLY, **variables).split())


def test_television_that_does_not_come_in_is_told(isp):
    isp.check_output("systemctl stop headend")
    try:
        code, out, _stats = converge(**ONLY, multicast_verify_seconds=3)
    finally:
        isp.check_output("systemctl start headend; timeout 10 sh -c 'until headend ctl status > /dev/null 2>&1; do sleep 0.1; done'")
    assert code != 0 and "239.0.2.30" in out


def test_switch_keeps_the_neighbours_silent(stb, isp, pc, switch, eventually):
    """Without snooping everybody gets everything. Last of all: the switch learns anew only with the next query."""
    with capture(pc, "pc", "eth0", "udp and net 239.0.0.0/8") as at_pc, watching(stb, isp, eventually):
        switch.check_output('switch \'{"lines": ["no bridge multicast filtering"]}\'')
        try:
            pc.check_output("timeout 10 sh -c 'until [ $(stat -c %s /tmp/pc.pcap) -gt 20000 ]; do sleep 0.1; done'")
        finally:
            switch.check_output('switch \'{"lines": ["bridge multicast filtering"]}\'')
    assert len(at_pc) > 50
