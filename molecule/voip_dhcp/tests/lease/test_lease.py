# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The voice interface with each network stack: what is taken from its network, and that calls go on."""

from __future__ import annotations

import json
import re

import pytest
from house import background, capture, lab
from voice import PREFIX, SCENARIO, apply, call, registers, via, voice_address

IFUPDOWN = SCENARIO.endswith("ifupdown")
RESTART = "systemctl restart homerouter-voip" if IFUPDOWN else "systemctl restart systemd-networkd"
# That of Debian 12.
SYSTEMD_252 = SCENARIO.endswith("netplan")
# Voice packets that a restart may cost: systemd 252 takes a kept address away when it starts and asks for it anew at once.
GAP = 50 if SYSTEMD_252 else 0
RENEW = "systemctl restart homerouter-voip" if IFUPDOWN else "networkctl reconfigure vlan3"


def lifetime(router) -> int:
    """Seconds that the lease has left."""
    found = re.search(r"valid_lft (\d+)sec", router.check_output("ip -4 address show dev vlan3"))
    return int(found.group(1)) if found else 1 << 32


def host_state(router) -> str:
    """What a careless DHCP client changes."""
    return router.check_output("ip -json -4 route show default; cat /etc/resolv.conf; uname -n; cat /sys/class/net/vlan3/mtu")


@pytest.fixture(scope="module")
def short_leases(isp, router, eventually):
    """Leases of 20 seconds, renewed after 5: what takes hours at home takes seconds here."""
    isp.check_output("voice-dhcp 10.25.192.1 20")
    router.check_output(RENEW)
    eventually(lambda: lifetime(router) <= 20, 30, "a short lease")


def test_a_lease_is_taken_and_nothing_else(router, isp):
    assert re.fullmatch(r"10\.25\.20[0-7]\.\d+", voice_address(router))
    assert [route["dev"] for route in json.loads(router.check_output("ip -json -4 route show default"))] == ["ppp0"]
    assert via(router) == ["10.25.192.1"]
    before = host_state(router)
    with capture(isp, "dhcp", "vlan3", "udp port 67", octets=1500) as lines:
        router.check_output(RENEW)
        isp.check_output("timeout 20 sh -c 'until tcpdump -r /tmp/dhcp.pcap -vn 2>/dev/null | grep -q ACK; do sleep 0.1; done'")
    text = "\n".join(lines)
    asked, _reply, given = text.partition("BOOTP/DHCP, Reply")
    # All of it was on offer, so it was left alone, not missed.
    for offered in ("Default-Gateway", "10.31.255.140", "10.31.255.141", "10.31.255.142", "voice.invalid", "voice-nis", "renamed-by-voice", "1400"):
        assert offered in given, given
    assert "Hostname" not in asked.split("Parameter-Request")[0] and "FQDN" not in asked.split("Parameter-Request")[0], asked
    assert host_state(router) == before


def test_a_plain_client_takes_it_all(router, eventually):
    """The same network and dhcpcd as it comes: without the role's words the harm shows."""
    router.check_output("apt-get install -qq -y --no-install-recommends dhcpcd-base > /dev/null; cp /etc/resolv.conf /root/resolv.conf")
    before = host_state(router)
    router.check_output("printf 'env force_hostname=YES\\noption domain_name_servers, host_name, routers\\n' > /root/plain.conf")
    router.check_output(f"{'systemctl stop homerouter-voip' if IFUPDOWN else 'true'}")
    try:
        router.check_output("dhcpcd --config /root/plain.conf --oneshot --waitip=4 vlan3 > /root/plain.log 2>&1")
        after = eventually(lambda: host_state(router) if host_state(router) != before else "", 20, "the plain client's harm")
        assert "10.25.192.1" in after.split("\n")[0], after
        assert "10.31.255.140" in after and "renamed-by-voice" in after, after
    finally:
        router.check_output(
            "ip -4 route delete default dev vlan3; cat /root/resolv.conf > /etc/resolv.conf; hostname router; "
            "ip -4 address flush dev vlan3"
        )
        code, out, stats = apply()
        assert code == 0, out
        assert stats["changed"] > 0
    assert host_state(router) == before


def test_a_call_goes_on_while_the_client_restarts(phone, router, record_property):
    # Left by a call of another scenario.
    phone.check_output("rm -f /run/call-answered")
    talk = background("phone", "phone call 8")
    phone.check_output("timeout 10 sh -c 'until [ -e /run/call-answered ]; do sleep 0.05; done'")
    router.check_output(RESTART)
    out, _err = talk.communicate()
    assert talk.returncode == 0, out
    lost = json.loads(out)["lost"]
    record_property("voice packets lost", lost)
    assert lost <= GAP, out


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
    # Asked for after 5 seconds, and again after 15 if the server was just starting.
    eventually(lambda: via(router) == ["10.25.192.9"], 25, "the route through the new gateway")
    isp.check_output("ip address delete 10.25.192.1/19 dev vlan3; systemctl restart kea-dhcp4-server")
    eventually(lambda: registers(phone), 20, "a registration through the new gateway")
    # A gateway that is written down somewhere stays where it was.
    router.check_output("ip route replace 10.31.255.134 via 10.25.192.1 dev vlan3; ip neigh flush dev vlan3")
    try:
        assert not registers(phone)
    finally:
        router.check_output("ip route delete 10.31.255.134")


def test_another_network_is_taken_as_it_comes(phone, isp, router, eventually, short_leases):
    """The seed's other gateway, 10.22.0.1: address, network and gateway change at once."""
    isp.check_output("ip address flush dev vlan3; voice-dhcp 10.22.0.1 20")
    eventually(lambda: voice_address(router).startswith("10.22."), 60, "an address of the other network")
    eventually(lambda: via(router) == ["10.22.0.1"], 10, "the route through its gateway")
    eventually(lambda: registers(phone), 30, "a registration from there")
    assert call(phone, 3)["lost"] == 0
    isp.check_output("ip address flush dev vlan3; voice-dhcp 10.25.192.1 3600")
    if SYSTEMD_252:
        # Of an address that it had before another one it may believe for ever that it is just being removed, and not take it again: so it came after
        # one change of network in six to twenty. A run ends that, and leaves alone an address that is taken.
        eventually(lambda: "ADDRESS=10.25." in router.run("cat /run/systemd/netif/leases/*").stdout, 60, "a lease of the first network")
        code, out, _stats = apply()
        assert code == 0, out
    eventually(lambda: via(router) == ["10.25.192.1"], 60, "the first network again")


def test_boot(phone, router, eventually):
    lab("reboot", "router")
    eventually(lambda: via(router) != [], 60, "the voice route after the reboot")
    eventually(lambda: registers(phone), 40, "a registration after the reboot")
    assert call(phone, 3)["lost"] == 0
    assert router.check_output("cat /proc/sys/net/ipv4/conf/vlan3/rp_filter") == "1"
