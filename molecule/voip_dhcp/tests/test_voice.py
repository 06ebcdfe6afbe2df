# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Voice, with each network stack: what is taken from its network, who reaches it, and calls that go on."""

from __future__ import annotations

import json
import os
import re
import time
from typing import Any

import pytest
from house import ROOT, background, capture, lab, play

SCENARIO = os.environ["MOLECULE_SCENARIO_NAME"]
FOLDER = ROOT / "molecule" / SCENARIO
PREFIX = "10.31.255.128/27"
PHONE = "192.168.1.50"
OUTSIDE = "203.0.113.66"
FIREWALL = "nft --file /etc/homerouter/firewall.nft"
TIMEOUTS = "nft --file /etc/homerouter/voice.nft"
# The ISP calls the phone's number; the phone has to be waiting for it.
CALL_IN = "timeout 20 sipp 10.31.255.134:5070 -sn uac -s 911234567 -i 10.31.255.135 -p 5080 -m 1 -d 500 -nostdin > /dev/null 2>&1"
IFUPDOWN = SCENARIO.endswith("ifupdown")
RESTART = "systemctl restart homerouter-voip" if IFUPDOWN else "systemctl restart systemd-networkd"
RENEW = "dhcpcd --rebind vlan3" if IFUPDOWN else "networkctl reconfigure vlan3"


def apply(**variables: Any) -> tuple[int, str, dict[str, int]]:
    """Run the role on the example home: exit code, output, the router's recap."""
    code, out, stats = play(
        "homerouter.tripleplay.site", "--tags", "voip_dhcp", "-e", f"@{FOLDER}/vars.yml", "-e", json.dumps(variables)
    )
    return code, out, stats.get("router", {})


@pytest.fixture(scope="module", autouse=True)
def address(phone):
    """The phone has a fixed address: there is no DHCP server for the LAN in this scenario."""
    phone.check_output(
        f"systemctl stop dhcp-client; ip address flush dev eth0; ip address add {PHONE}/24 dev eth0; ip route replace default via 192.168.1.1"
    )


@pytest.fixture(scope="module", autouse=True)
def as_found(isp):
    """The ISP's voice network is as it was, whatever a test has made of it."""
    yield
    isp.check_output("ip address flush dev vlan3; voice-dhcp 10.25.192.1 3600")


@pytest.fixture(scope="module")
def short_leases(isp, router, eventually):
    """Leases of 20 seconds, renewed after 5: what takes hours at home takes seconds here."""
    isp.check_output("voice-dhcp 10.25.192.1 20")
    router.check_output(RENEW)
    eventually(lambda: lifetime(router) <= 20, 30, "a short lease")


def voice_address(router) -> str:
    found = re.search(r"inet ([\d.]+)", router.run("ip -4 -oneline address show dev vlan3 scope global").stdout)
    return found.group(1) if found else ""


def lifetime(router) -> int:
    """Seconds that the lease has left."""
    found = re.search(r"valid_lft (\d+)sec", router.check_output("ip -4 address show dev vlan3"))
    return int(found.group(1)) if found else 1 << 32


def via(router) -> list[str]:
    return [route.get("gateway", "") for route in json.loads(router.check_output(f"ip -json -4 route show {PREFIX}"))]


def registers(phone) -> bool:
    return phone.run("phone register").rc == 0


def call(phone, seconds: int) -> dict[str, int]:
    """A call that must end well: voice packets sent, returned and lost."""
    return json.loads(phone.check_output(f"phone call {seconds}"))


def called(isp) -> bool:
    """Whether a call from outside gets through to the phone."""
    waiting = background("phone", "phone answer")
    try:
        background("phone", "timeout 10 sh -c 'until ss -Hlun sport = :5060 | grep -q .; do sleep 0.05; done'").communicate()
        return isp.run(CALL_IN).rc == 0
    finally:
        background("phone", "pkill sipp").communicate()
        waiting.communicate()


def silence(router) -> str:
    """What a careless DHCP client changes."""
    return router.check_output("ip -json -4 route show default; cat /etc/resolv.conf; uname -n; cat /sys/class/net/vlan3/mtu")


def test_a_lease_is_taken_and_nothing_else(router, isp):
    assert re.fullmatch(r"10\.25\.20[0-7]\.\d+", voice_address(router))
    assert [route["dev"] for route in json.loads(router.check_output("ip -json -4 route show default"))] == ["ppp0"]
    assert via(router) == ["10.25.192.1"]
    before = silence(router)
    with capture(isp, "dhcp", "vlan3", "udp port 67") as lines:
        router.check_output(RENEW)
        isp.check_output("timeout 20 sh -c 'until tcpdump -r /tmp/dhcp.pcap -vn 2>/dev/null | grep -q ACK; do sleep 0.1; done'")
    text = "\n".join(lines)
    asked, given = text.split("BOOTP/DHCP, Reply")[0], text.split("BOOTP/DHCP, Reply")[-1]
    # All of it was on offer, so it was left alone, not missed.
    for offered in ("Default-Gateway", "10.31.255.140", "10.31.255.141", "10.31.255.142", "voice.invalid", "voice-nis", "renamed-by-voice", "1400"):
        assert offered in given, given
    assert "Hostname" not in asked.split("Parameter-Request")[0] and "FQDN" not in asked.split("Parameter-Request")[0], asked
    assert silence(router) == before


def test_a_plain_client_takes_it_all(router, eventually):
    """The same network and dhcpcd as it comes: without the role's words the harm shows."""
    router.check_output("apt-get install -qq -y --no-install-recommends dhcpcd-base > /dev/null; cp /etc/resolv.conf /root/resolv.conf")
    before = silence(router)
    router.check_output("printf 'hostname\\nenv force_hostname=YES\\noption domain_name_servers, host_name, interface_mtu, routers\\n' > /root/plain.conf")
    router.check_output(f"{'systemctl stop homerouter-voip; ' if IFUPDOWN else ''}ip link set dev vlan3 mtu 1500")
    try:
        router.check_output("dhcpcd --config /root/plain.conf --oneshot --waitip=4 vlan3 > /root/plain.log 2>&1")
        after = eventually(lambda: silence(router) if silence(router) != before else "", 20, "the plain client's harm")
        assert "10.25.192.1" in after.split("\n")[0], after
        assert "10.31.255.140" in after and "renamed-by-voice" in after and "1400" in after, after
    finally:
        router.check_output(
            "ip -4 route delete default dev vlan3; cat /root/resolv.conf > /etc/resolv.conf; hostname router; "
            "ip link set dev vlan3 mtu 1500; ip -4 address flush dev vlan3"
        )
        code, out, stats = apply()
        assert code == 0, out
        assert stats["changed"] > 0
    assert silence(router) == before


def test_a_phone_registers_and_talks(phone, isp, router):
    assert phone.run("phone register wrong").rc != 0
    with capture(isp, "voice", "vlan3", "udp and net 10.31.255.128/27") as lines:
        assert registers(phone)
        packets = call(phone, 30)
    assert packets == {"sent": 1500, "returned": 1500, "lost": 0}
    flows = {found.groups() for found in (re.search(r"([\d.]+)\.\d+ > ([\d.]+)\.\d+: UDP|([\d.]+)\.\d+ > ([\d.]+)\.\d+: SIP", line) for line in lines) if found}
    ends = {end for flow in flows for end in flow if end}
    assert ends <= {voice_address(router), "10.31.255.134", "10.31.255.135"}, ends
    up = sum(1 for line in lines if re.search(r"> 10\.31\.255\.135\.16384:", line))
    down = sum(1 for line in lines if re.search(r"10\.31\.255\.135\.16384 >", line))
    assert (up, down) == (1500, 1500)


def test_without_source_nat_no_phone_registers(phone, router):
    router.check_output("nft flush chain inet homerouter srcnat")
    try:
        assert not registers(phone)
    finally:
        router.check_output(FIREWALL)
    assert registers(phone)


def test_the_servers_answer_and_what_is_wrong_with_others_is_told(isp):
    server = (
        "import socket, sys; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('10.31.255.134', int(sys.argv[1])))\n"
        "while True:\n a = s.recvfrom(2000)[1]\n if sys.argv[2]: s.sendto(sys.argv[2].encode(), a)\n"
    )
    isp.check_output(f"cat > /tmp/server.py <<'X'\n{server}\nX")
    for port, answer in ((5092, ""), (5093, "HTTP/1.1 200 OK"), (5094, "SIP/2.0 200 OK Server: x")):
        isp.check_output(f"systemd-run --quiet --collect --unit=odd-{port} python3 /tmp/server.py {port} '{answer}'")
        isp.check_output(f"timeout 10 sh -c 'until ss -Hlun sport = :{port} | grep -q .; do sleep 0.05; done'")
    try:
        code, out, _stats = play(str(ROOT / "molecule" / "voip_dhcp" / "probe.yml"))
        assert code == 0, out
    finally:
        isp.check_output("systemctl stop odd-5092 odd-5093 odd-5094")


def test_a_registration_outlasts_an_idle_time(phone, isp, router):
    """Ten minutes are 120 seconds of the kernel's own timeout five times over; here it is one second, and the idle time five."""
    settings = "sysctl -q net.netfilter.nf_conntrack_udp_timeout={0} net.netfilter.nf_conntrack_udp_timeout_stream={1}"
    router.check_output(settings.format(1, 1))
    try:
        assert registers(phone)
        # The idle time is what is tested.
        time.sleep(5)
        assert called(isp)
        router.check_output("nft delete table inet homerouter_voice")
        assert registers(phone)
        time.sleep(5)
        assert not called(isp), "without timeouts of its own the way back must be lost"
    finally:
        router.check_output(settings.format(30, 120))
        router.check_output(TIMEOUTS)
    assert registers(phone)
    assert called(isp)


def test_a_registration_outlasts_a_redial(phone, isp, router, eventually):
    assert registers(phone)
    born = router.check_output("cat /sys/class/net/ppp0/ifindex")
    router.check_output("systemctl restart --no-block pppoe-internet")
    eventually(
        lambda: router.run("cat /sys/class/net/ppp0/ifindex; ip -4 address show dev ppp0 | grep -q inet").stdout.strip() not in ("", born), 40, "ppp0"
    )
    assert called(isp)
    assert call(phone, 3)["lost"] == 0


def test_a_call_goes_on_while_the_client_restarts(phone, router):
    talk = background("phone", "phone call 8")
    phone.check_output("timeout 10 sh -c 'until [ -e /run/call-answered ]; do sleep 0.05; done'")
    router.check_output(RESTART)
    out, _err = talk.communicate()
    assert talk.returncode == 0 and json.loads(out)["lost"] == 0, out


def test_only_the_servers_are_reached_over_the_voice_network(phone, isp, router):
    """A route that leads others there, by mistake or by malice, leaks nothing."""
    router.check_output("ip route replace 198.51.100.0/24 via 10.25.192.1 dev vlan3")
    send = "ping -c 1 -W 1 198.51.100.7; ping -c 1 -W 1 10.25.192.1; ping -c 1 -W 2 10.31.255.134"
    expression = "icmp[icmptype] == icmp-echo"
    try:
        with capture(isp, "kept", "vlan3", expression) as kept:
            phone.run(send)
        router.check_output(
            "for handle in $(nft -a list chain inet homerouter forward | sed -n '/oifname \"vlan3\".*drop/s/.*handle //p'); do "
            "nft delete rule inet homerouter forward handle $handle; done"
        )
        with capture(isp, "leaked", "vlan3", expression) as leaked:
            phone.run(send)
    finally:
        router.check_output(f"{FIREWALL}; ip route delete 198.51.100.0/24")
    assert any("10.31.255.134" in line for line in kept)
    assert not any("198.51.100.7" in line or "> 10.25.192.1" in line for line in kept), kept
    assert any("198.51.100.7" in line for line in leaked) and any("> 10.25.192.1" in line for line in leaked), leaked


def test_nobody_there_reaches_the_lan(phone, isp, router):
    isp.check_output(f"ip route replace 192.168.1.0/24 via {voice_address(router)} dev vlan3")
    send = f"ping -c 1 -W 1 -I 10.25.192.1 {PHONE}; ping -c 1 -W 1 -I 10.31.255.134 {PHONE}"
    try:
        with capture(phone, "kept", "eth0", "icmp") as kept:
            isp.run(send)
        router.check_output("nft delete table inet homerouter")
        with capture(phone, "open", "eth0", "icmp") as opened:
            isp.run(send)
    finally:
        isp.check_output("ip route delete 192.168.1.0/24")
        router.check_output(FIREWALL)
    assert not kept
    assert any("10.25.192.1" in line for line in opened) and any("10.31.255.134" in line for line in opened), opened


def test_the_reverse_path_filter_is_strict(isp, router):
    """With the firewall's own check out of the way, the kernel's is the one that drops."""
    assert router.check_output("cat /proc/sys/net/ipv4/conf/vlan3/rp_filter") == "1"
    ask = f"ping -c 1 -W 2 -I {OUTSIDE} {voice_address(router)}"
    router.check_output("nft flush chain inet homerouter antispoof")
    try:
        assert isp.run(ask).rc != 0
        router.check_output("sysctl -q net.ipv4.conf.vlan3.rp_filter=0")
        assert isp.run(ask).rc == 0
    finally:
        router.check_output(f"sysctl -q net.ipv4.conf.vlan3.rp_filter=1; {FIREWALL}")


def test_what_somebody_changed_by_hand_is_put_right(router):
    router.check_output(f"ip route delete {PREFIX}; sysctl -q net.ipv4.conf.vlan3.rp_filter=0")
    code, out, stats = apply()
    assert code == 0 and stats["changed"] > 0, out
    assert via(router) == ["10.25.192.1"]
    assert router.check_output("cat /proc/sys/net/ipv4/conf/vlan3/rp_filter") == "1"
    assert apply()[2]["changed"] == 0


def test_the_route_follows_the_gateway_of_the_next_lease(phone, isp, router, eventually, short_leases):
    assert via(router) == ["10.25.192.1"]
    isp.check_output("voice-dhcp 10.25.192.9 20")
    # Renewed after 5 seconds; what comes on top is this machine's slowness.
    eventually(lambda: via(router) == ["10.25.192.9"], 12, "the route through the new gateway")
    isp.check_output("ip address delete 10.25.192.1/19 dev vlan3")
    eventually(lambda: registers(phone), 20, "a registration through the new gateway")
    # A gateway that is written down somewhere stays where it was.
    router.check_output(f"ip route replace {PREFIX} via 10.25.192.1 dev vlan3 metric 1")
    try:
        assert not registers(phone)
    finally:
        router.check_output(f"ip route delete {PREFIX} via 10.25.192.1 dev vlan3 metric 1")


def test_another_network_is_taken_as_it_comes(phone, isp, router, eventually, short_leases):
    """The seed's other gateway, 10.22.0.1: address, network and gateway change at once."""
    isp.check_output("ip address flush dev vlan3; voice-dhcp 10.22.0.1 20")
    eventually(lambda: voice_address(router).startswith("10.22."), 60, "an address of the other network")
    eventually(lambda: via(router) == ["10.22.0.1"], 10, "the route through its gateway")
    eventually(lambda: registers(phone), 30, "a registration from there")
    assert call(phone, 3)["lost"] == 0
    isp.check_output("ip address flush dev vlan3; voice-dhcp 10.25.192.1 3600")
    eventually(lambda: via(router) == ["10.25.192.1"], 60, "the first network again")


def test_the_route_may_come_by_rip_instead(phone, isp, router, eventually):
    code, out, _stats = apply(voip_dhcp_route="none")
    assert code == 0, out
    assert via(router) == [] and voice_address(router)
    assert not registers(phone)
    router.check_output(
        "apt-get install -qq -y --no-install-recommends frr > /dev/null; sed -i 's/^ripd=no/ripd=yes/' /etc/frr/daemons; "
        "printf 'router rip\\n version 2\\n network vlan3\\n passive-interface vlan3\\n' > /etc/frr/frr.conf; systemctl restart frr"
    )
    try:
        eventually(lambda: via(router) == ["10.25.192.1"], 60, "the route by RIP")
        assert "proto rip" in router.check_output(f"ip route show {PREFIX}")
        assert registers(phone)
    finally:
        router.check_output("systemctl disable --now frr")
        code, out, _stats = apply()
    assert code == 0, out
    assert via(router) == ["10.25.192.1"]


def test_boot(phone, router, eventually):
    lab("reboot", "router")
    eventually(lambda: via(router) != [], 60, "the voice route after the reboot")
    eventually(lambda: registers(phone), 40, "a registration after the reboot")
    assert call(phone, 3)["lost"] == 0
    assert router.check_output("cat /proc/sys/net/ipv4/conf/vlan3/rp_filter") == "1"


REFUSED = [
    ({"home_voip_prefix": "10.31.255.134/27"}, ["home_voip_prefix", "10.31.255.134/27", "such as 10.31.255.128/27"]),
    ({"voip_dhcp_prefix": "0.0.0.0/0"}, ["voip_dhcp_prefix", "0.0.0.0/0", "home_voip_prefix"]),
    ({"voip_dhcp_interface": "vlan33"}, ["voip_dhcp_interface", "vlan33", "homerouter.tripleplay.vlans"]),
    ({"voip_dhcp_route": "rip"}, ["voip_dhcp_route", "static, none"]),
]


@pytest.mark.parametrize(("variables", "words"), REFUSED, ids=lambda value: next(iter(value)))
def test_a_plan_that_makes_no_sense_is_refused_before_any_change(router, variables, words):
    before = router.check_output("ip -4 route; find /etc/systemd /etc/sysctl.d -newer /proc/1 -type f | sort | xargs -r md5sum")
    code, out, stats = apply(**variables)
    assert code != 0
    assert stats.get("changed", 0) == 0
    text = " ".join(out.split())
    assert all(word in text for word in words), out
    assert router.check_output("ip -4 route; find /etc/systemd /etc/sysctl.d -newer /proc/1 -type f | sort | xargs -r md5sum") == before


NOWHERE = {"voip_dhcp_interface": "vlan6", "voip_dhcp_verify_seconds": 3}


def test_a_network_without_server_is_told():
    try:
        code, out, _stats = play(
            "homerouter.tripleplay.site", "--tags", "voip_dhcp", "-e", f"@{FOLDER}/vars.yml", "-e", json.dumps(NOWHERE)
        )
    finally:
        assert apply()[0] == 0
    assert code != 0
    text = " ".join(out.split())
    assert "vlan6 has no address: no DHCP server answers there" in text and "home_voip_vlan" in text, out
