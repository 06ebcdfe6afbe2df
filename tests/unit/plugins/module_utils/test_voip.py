# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the voice interface lacks, from what ip(8) and the lease say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _voip

PREFIX = "10.31.255.128/27"
ROUTE = {"dst": PREFIX, "gateway": "10.25.192.1", "protocol": "dhcp"}
GOOD = _voip.State(exists=True, address="10.25.200.7/19", gateway="10.25.192.1", routes=({"dst": "10.25.192.0/19"}, ROUTE), rp_filter=1)

ADDRESSES = """[{"ifname": "vlan3", "addr_info": [
  {"family": "inet", "local": "169.254.3.4", "prefixlen": 16, "scope": "link"},
  {"family": "inet", "local": "10.25.200.7", "prefixlen": 19, "scope": "global", "dynamic": true}]}, {}]"""
LEASE = "# This is private data. Do not parse.\nADDRESS=10.25.200.7\nROUTER=10.25.192.1 10.25.192.2\nDNS=10.31.255.140\n"


def test_what_the_host_says():
    assert _voip.parse_address(ADDRESSES) == "10.25.200.7/19"
    assert _voip.parse_address("[]") == _voip.parse_address("") == ""
    assert _voip.parse_routes("") == ()
    assert _voip.parse_lease(LEASE) == "10.25.192.1"
    assert _voip.parse_lease("ROUTER=\n") == _voip.parse_lease("") == ""


# From a router with systemd 252 that would not take an address that it had had before.
STUCK = """{"Name": "vlan3", "AdministrativeState": "configuring", "Addresses": [
  {"Family": 2, "Address": [10, 22, 8, 0], "PrefixLength": 19, "ConfigSource": "DHCPv4", "ConfigState": "requesting,removing"}]}"""


@pytest.mark.parametrize(
    ("text", "stuck"),
    [(STUCK, True), (STUCK.replace("requesting,removing", "configured"), False), ('{"Name": "vlan3"}', False), ("", False)],
)
def test_a_daemon_that_waits_to_hear_that_an_address_is_gone(text, stuck):
    assert _voip.parse_stuck(text) is stuck


@pytest.mark.parametrize(
    ("change", "route", "lacking"),
    [
        ({}, "static", []),
        ({"exists": False}, "static", ["vlan3 does not exist"]),
        ({"address": ""}, "static", ["vlan3 has no address"]),
        ({"gateway": ""}, "static", ["vlan3 has a lease that names no gateway"]),
        ({"gateway": "", "routes": ()}, "none", []),
        ({"routes": ()}, "static", [f"vlan3 has no route to {PREFIX} through 10.25.192.1, the lease's gateway"]),
        (
            {"gateway": "10.25.192.9"}, "static",
            [f"vlan3 has no route to {PREFIX} through 10.25.192.9, the lease's gateway; it leads through 10.25.192.1"],
        ),
        ({"routes": (ROUTE, {"dst": "default"})}, "static", ["vlan3 has a default route, which would carry Internet traffic"]),
        ({"rp_filter": 0}, "static", ["vlan3 has rp_filter 0, not 1"]),
    ],
)  # fmt: skip
def test_what_is_lacking(change, route, lacking):
    assert _voip.lacks(replace(GOOD, **change), "vlan3", PREFIX, route) == lacking


@pytest.mark.parametrize(
    ("problem", "stuck", "words"),
    [
        ("vlan3 has no address", False, "home_voip_vlan"),
        ("vlan3 has no address", True, "systemctl restart systemd-networkd"),
        ("vlan3 has a lease that names no gateway", False, "voip_dhcp_route"),
        ("vlan3 has rp_filter 0", False, "ip route"),
    ],
)
def test_cures(problem, stuck, words):
    assert words in _voip.cure("vlan3", [problem], stuck)


@pytest.mark.parametrize(
    ("interface", "prefix", "words"),
    [
        ("vlan 3", PREFIX, "voip_dhcp_interface is 'vlan 3'"),
        ("lo", PREFIX, "voip_dhcp_interface is 'lo'"),
        ("vlan3", "10.31.255.134/27", "voip_dhcp_prefix is '10.31.255.134/27'"),
        ("vlan3", "10.31.255.134", "voip_dhcp_prefix is '10.31.255.134'"),
        ("vlan3", "0.0.0.0/0", "voip_dhcp_prefix is '0.0.0.0/0'"),
    ],
)
def test_plans_that_make_no_sense(interface, prefix, words):
    assert any(words in problem for problem in _voip.plan_problems(interface, prefix))


def test_a_plan_in_order():
    assert _voip.plan_problems("vlan3", PREFIX) == []
