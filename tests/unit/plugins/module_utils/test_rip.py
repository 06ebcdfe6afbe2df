# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The allow-list of routes, what FRR runs with, and what is lacking."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _rip

IPTV: dict[str, Any] = {
    "name": "iptv", "interface": "vlan2", "gateway": "10.128.0.1", "prefixes": ["172.26.0.0/16 le 32", "10.93.18.0/24"]
}  # fmt: skip
VOIP: dict[str, Any] = {"name": "voip", "interface": "vlan3", "gateway": None, "prefixes": ["10.31.255.128/27"]}
LAN = "192.168.1.1/24"

WANTED = """! Written by the role homerouter.tripleplay.rip: changes made here are lost.
log syslog informational
ip prefix-list iptv seq 5 permit 172.26.0.0/16 le 32
router rip
 ! why
 version 2
 passive-interface default
 network vlan2
 distribute-list prefix iptv in vlan2
"""
# As FRR 10.3 shows it.
RUNNING = """Building configuration...

Current configuration:
!
frr version 10.3
frr defaults traditional
hostname router
log syslog informational
no ipv6 forwarding
service integrated-vtysh-config
!
ip prefix-list iptv seq 5 permit 172.26.0.0/16 le 32
!
router rip
 network vlan2
 passive-interface default
 distribute-list prefix iptv in\x20vlan2
 version 2
exit
!
end
"""
# What Debian's package comes with.
PACKAGED = "# default to using syslog. /etc/rsyslog.d/45-frr.conf places the log in\n# Note:\nlog syslog informational\n"


@pytest.mark.parametrize(
    ("entry", "route", "expected"),
    [
        ("172.26.0.0/16 le 32", "172.26.0.0/16", True),
        ("172.26.0.0/16 le 32", "172.26.23.4/32", True),
        ("172.26.0.0/16 le 24", "172.26.23.4/32", False),
        ("172.26.0.0/16 le 32", "172.0.0.0/8", False),
        ("172.26.0.0/16 le 32", "0.0.0.0/0", False),
        ("10.31.255.128/27", "10.31.255.128/27", True),
        ("10.31.255.128/27", "10.31.255.134/32", False),
    ],
)
def test_what_an_entry_allows(entry, route, expected):
    assert _rip.allowed(entry).holds(IPv4Network(route)) is expected


@pytest.mark.parametrize("text", ["", "172.26.0.0", "172.26.0.1/16", "172.26.0.0/16 le 8", "172.26.0.0/16 le 33", "172.26.0.0/16 ge 24", "172.26.0.0/16\n"])
def test_what_is_no_entry(text):
    assert _rip.allowed(text) is None


def test_a_plan_in_order():
    assert _rip.plan_problems("rip", [IPTV, VOIP], LAN) == []
    assert _rip.plan_problems("static", [IPTV], LAN) == []


@pytest.mark.parametrize(
    ("mode", "networks", "lan", "words"),
    [
        ("rip", [], LAN, ["rip_iptv_enabled", "home_iptv_enabled"]),
        ("rip", [IPTV], "home", ["rip_lan_address", "'home'"]),
        ("rip", [{**IPTV, "interface": "lo"}], LAN, ["rip_iptv_interface", "'lo'"]),
        ("rip", [IPTV, {**VOIP, "interface": "vlan2"}], LAN, ["rip_voip_interface", "as is rip_iptv_interface"]),
        ("rip", [{**IPTV, "prefixes": []}], LAN, ["rip_iptv_prefixes is empty"]),
        ("rip", [{**IPTV, "prefixes": ["172.26.0.1/16"]}], LAN, ["rip_iptv_prefixes[0]", "'172.26.0.1/16'", "le 32"]),
        ("rip", [{**IPTV, "prefixes": ["172.26.0.0/16", "0.0.0.0/0 le 32"]}], LAN, ["rip_iptv_prefixes[1]", "half the Internet"]),
        ("rip", [{**IPTV, "prefixes": ["239.0.0.0/8"]}], LAN, ["rip_iptv_prefixes[0]", "no server can be"]),
        ("rip", [{**IPTV, "prefixes": ["240.0.0.0/8"]}], LAN, ["rip_iptv_prefixes[0]", "no server can be"]),
        ("rip", [IPTV], "172.26.1.1/24", ["rip_iptv_prefixes[0]", "overlaps the LAN 172.26.1.0/24", "home_lan_address"]),
        ("static", [{**IPTV, "gateway": "10.128.0.1/9"}], LAN, ["rip_iptv_gateway", "'10.128.0.1/9'", "home_iptv_gateway"]),
    ],
)
def test_what_is_wrong_with_a_plan(mode, networks, lan, words):
    (problem,) = _rip.plan_problems(mode, networks, lan)
    assert all(word in problem for word in words), problem


def test_whose_configuration_it_is():
    assert _rip.foreign(WANTED) == _rip.foreign(PACKAGED) == _rip.foreign("") == ""
    assert _rip.foreign(f"{PACKAGED}!\nrouter bgp 65000\n neighbor 192.0.2.1 remote-as 65001\n") == "router bgp 65000"
    assert _rip.foreign("frr version 10.3\nhostname router\nip route 192.0.2.0/24 blackhole\n") == "ip route 192.0.2.0/24 blackhole"


def test_the_order_of_lines_is_no_difference():
    assert _rip.drift(WANTED, RUNNING) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (" distribute-list prefix iptv in vlan2\n", "", ["lacks: distribute-list prefix iptv in vlan2"]),
        (" version 2\n", " version 2\n redistribute connected\n", ["has besides: redistribute connected"]),
        ("172.26.0.0/16", "0.0.0.0/0", [
            "lacks: ip prefix-list iptv seq 5 permit 172.26.0.0/16 le 32", "has besides: ip prefix-list iptv seq 5 permit 0.0.0.0/0 le 32"]),
        ("router rip\n", "ip route 192.0.2.0/24 10.128.0.1\nrouter rip\n", ["has besides: ip route 192.0.2.0/24 10.128.0.1"]),
    ],
)  # fmt: skip
def test_what_differs_is_told(before, after, expected):
    changed = RUNNING.replace("in\x20vlan2", "in vlan2").replace(before, after)
    assert changed != RUNNING
    assert _rip.drift(WANTED, changed) == expected


def via(dst: str, protocol: str = "rip", gateway: str = "10.128.0.1") -> dict[str, Any]:
    return {"dst": dst, "gateway": gateway, "protocol": protocol}


GOOD = _rip.Link(exists=True, addressed=True, routes=({"dst": "10.128.0.0/9", "protocol": "kernel"}, via("172.26.80.0/21"), via("172.26.23.4")))


@pytest.mark.parametrize(
    ("mode", "entry", "change", "words"),
    [
        ("rip", IPTV, {}, []),
        ("rip", IPTV, {"exists": False}, ["vlan2 does not exist"]),
        ("rip", IPTV, {"addressed": False}, ["vlan2 has no address"]),
        ("rip", VOIP, {"addressed": False}, []),
        ("rip", IPTV, {"routes": GOOD.routes[:1]}, ["vlan2 has no route to any of 172.26.0.0/16 le 32, 10.93.18.0/24"]),
        ("rip", IPTV, {"routes": (*GOOD.routes, via("default"))}, ["vlan2 has a route to 0.0.0.0/0 by RIP, which rip_iptv_prefixes does not name"]),
        ("rip", IPTV, {"routes": (*GOOD.routes, via("8.8.8.8", "boot"))}, []),
        ("rip", VOIP, {"routes": (via("10.31.255.128/27", "static"),)}, []),
        ("static", IPTV, {"routes": (via("172.26.0.0/16", "196"), via("10.93.18.0/24", "196"))}, []),
        ("static", IPTV, {"routes": (via("172.26.0.0/16", "196"),)}, ["vlan2 has no route to 10.93.18.0/24 through 10.128.0.1"]),
        ("static", {**IPTV, "prefixes": ["10.93.18.0/24"]}, {"routes": (via("10.93.18.0/24", "196", "10.128.0.9"),)},
         ["vlan2 has no route to 10.93.18.0/24 through 10.128.0.1"]),
    ],
)  # fmt: skip
def test_what_is_lacking(mode, entry, change, words):
    found = _rip.lacks(mode, entry, replace(GOOD, **change))
    assert len(found) == len(words), found
    assert all(line.startswith(start) for line, start in zip(found, words)), found


def test_what_was_learnt():
    assert _rip.learnt(GOOD.routes) == [IPv4Network("172.26.23.4/32"), IPv4Network("172.26.80.0/21")]


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("vlan2 has no address", "home_iptv_address"),
        ("vlan2 has no route to any of x: nobody has announced one by RIP", "tcpdump -vni vlan2"),
        ("vlan2 has no route to x through y", "show ip route"),
    ],
)
def test_cures(problem, words):
    assert words in _rip.cure([problem])
