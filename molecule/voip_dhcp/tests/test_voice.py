# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Voice: who reaches it, calls, registrations, and what the role refuses."""

from __future__ import annotations

import json
import re
import time

import pytest
from house import ROOT, capture, play
from voice import FIREWALL, PHONE, PREFIX, VARIABLES, apply, call, called, registers, via, voice_address

OUTSIDE = "203.0.113.66"
TIMEOUTS = "nft --file /etc/homerouter/voice.nft"


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
        # From a port that the kernel has not translated before.
        assert not registers(phone, 5062)
    finally:
        router.check_output(FIREWALL)
    assert registers(phone, 5064)


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


def test_marks_come_through_and_are_set_where_wanted(phone, isp, router):
    """The phone's DSCP mark is af41 (0x88), the one of nat_firewall_voip_dscp ef (0xb8); the tag's priority is the interface's."""
    send = (
        "python3 -c \"import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.setsockopt(0, socket.IP_TOS, 0x88); "
        "s.sendto(b'x', ('10.31.255.134', 5099))\"; ping -c 1 -W 2 10.31.255.134"
    )
    router.check_output("ip link set dev vlan3 type vlan egress-qos-map 0:5 1:5 2:5 3:5 4:5 5:5 6:5 7:5")
    seen = {}
    try:
        for name in ("", "ef"):
            code, out, _stats = play("homerouter.tripleplay.site", "--tags", "nat_firewall", "-e", json.dumps({"nat_firewall_voip_dscp": name}))
            assert code == 0, out
            with capture(isp, "marks", "eth0", "vlan 3 and udp port 5099 and dst host 10.31.255.134", "-e -v") as lines:
                phone.check_output(send)
            seen[name] = "\n".join(lines)
    finally:
        router.check_output("ip link set dev vlan3 type vlan egress-qos-map 0:0 1:0 2:0 3:0 4:0 5:0 6:0 7:0")
        play("homerouter.tripleplay.site", "--tags", "nat_firewall")
    assert "tos 0x88" in seen[""] and "vlan 3, p 5" in seen[""], seen
    assert "tos 0xb8" in seen["ef"] and "vlan 3, p 5" in seen["ef"], seen


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


def test_the_route_may_come_by_rip_instead(phone, isp, router, eventually):
    code, out, _stats = apply(voip_dhcp_route="none")
    try:
        assert code == 0, out
        assert via(router) == [] and voice_address(router)
        assert not registers(phone)
        router.check_output(
            "apt-get install -qq -y --no-install-recommends frr > /dev/null; sed -i 's/^ripd=no/ripd=yes/' /etc/frr/daemons; "
            "printf 'router rip\\n version 2\\n network vlan3\\n passive-interface vlan3\\n' > /etc/frr/frr.conf; systemctl restart frr"
        )
        eventually(lambda: via(router) == ["10.25.192.1"], 60, "the route by RIP")
        assert "proto rip" in router.check_output(f"ip route show {PREFIX}")
        assert registers(phone)
    finally:
        router.run("systemctl disable --now frr")
        code, out, _stats = apply()
    assert code == 0, out
    assert via(router) == ["10.25.192.1"]


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
            "homerouter.tripleplay.site", "--tags", "voip_dhcp", "-e", VARIABLES, "-e", json.dumps(NOWHERE)
        )
    finally:
        assert apply()[0] == 0
    assert code != 0
    text = " ".join(out.split())
    assert "vlan6 has no address: no DHCP server answers there" in text and "home_voip_vlan" in text, out
