# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the LAN's DHCP and DNS service, and what is read from the system about it."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _dhcp

PLAN: dict[str, Any] = {
    "interface": "vlan100",
    "address": "192.168.1.1/24",
    "pool_first": "192.168.1.210",
    "pool_last": "192.168.1.249",
    "router": "192.168.1.1",
    "dns_servers": ["192.168.1.1"],
    "domain": "home.arpa",
    "interface_mtu": 1496,
    "lease_seconds": 43200,
    "reservations": [{"name": "printer", "mac": "02:00:00:00:00:10", "address": "192.168.1.211"}],
    "iptv_enabled": True,
    "iptv_boxes": [{"name": "salon", "mac": "02:00:00:00:00:b1", "address": "192.168.1.200"}],
    "iptv_vendor_class": "[IAL]",
    "iptv_dns_servers": ["172.26.23.3"],
    "iptv_option_240": ":::::239.0.2.10:22222:v6.0:239.0.2.30:22222",
    "resolver_enabled": True,
    "forwarders": ["80.58.61.250", "2001:db8::53"],
    "private_domains": ["telefonica.net"],
}

# As the ISP's boxes were seen to accept it: 43 octets, no more.
OPTION_240 = (
    "3a:3a:3a:3a:3a:32:33:39:2e:30:2e:32:2e:31:30:3a:32:32:32:32:32:3a:76:36:2e:30:3a:32:33:39:2e:30:2e:32:2e:33:30:3a:32:32:32:32:32"
)


def device(**changes: str) -> dict[str, str]:
    return {"name": "laptop", "mac": "02:00:00:00:00:11", "address": "192.168.1.20", **changes}


def test_the_seeds_plan_is_in_order():
    assert _dhcp.problems_of(PLAN) == []


@pytest.mark.parametrize(
    "change",
    [
        {"interface_mtu": 0},
        {"interface_mtu": 68},
        {"lease_seconds": 120},
        {"pool_first": "192.168.1.249"},
        {"resolver_enabled": False, "dns_servers": ["9.9.9.9"], "forwarders": []},
        {
            "address": "10.0.0.1/8",
            "pool_first": "10.1.0.0",
            "pool_last": "10.1.255.255",
            "router": "10.0.0.1",
            "reservations": [],
            "iptv_boxes": [],
        },
        {"iptv_vendor_class": ""},
        {"iptv_enabled": False, "iptv_dns_servers": [], "iptv_option_240": ""},
        {"reservations": [device(mac="02-00-00-00-00-AB")]},
    ],
)
def test_unusual_plans_are_in_order(change):
    assert _dhcp.problems_of({**PLAN, **change}) == []


@pytest.mark.parametrize(
    ("change", "variable", "value"),
    [
        ({"interface": "a/b"}, "dhcp_server_interface", "a/b"),
        ({"interface": "sixteen-letters-"}, "dhcp_server_interface", "sixteen-letters-"),
        ({"address": "192.168.1.1"}, "dhcp_server_address", "192.168.1.1"),
        ({"address": "192.168.1.0/24"}, "dhcp_server_address", "192.168.1.0/24"),
        ({"address": "192.168.1.1/30"}, "dhcp_server_address", "192.168.1.1/30"),
        ({"address": "router/24"}, "dhcp_server_address", "router/24"),
        ({"pool_first": "192.168.2.10"}, "dhcp_server_pool_first", "192.168.2.10"),
        ({"pool_last": "192.168.1.255"}, "dhcp_server_pool_last", "192.168.1.255"),
        ({"pool_last": "249"}, "dhcp_server_pool_last", "249"),
        ({"pool_first": "192.168.1.250"}, "dhcp_server_pool_first", "192.168.1.250"),
        ({"pool_first": "192.168.1.1"}, "dhcp_server_address", "192.168.1.1"),
        ({"router": "192.168.1.220"}, "dhcp_server_router", "192.168.1.220"),
        ({"router": "10.0.0.1"}, "dhcp_server_router", "10.0.0.1"),
        ({"pool_first": "192.168.1.211", "pool_last": "192.168.1.211"}, "dhcp_server_pool_first", "192.168.1.211"),
        ({"interface_mtu": 67}, "dhcp_server_interface_mtu", "67"),
        ({"interface_mtu": 65536}, "dhcp_server_interface_mtu", "65536"),
        ({"lease_seconds": 60}, "dhcp_server_lease_seconds", "60"),
        ({"domain": "home arpa"}, "dhcp_server_domain", "home arpa"),
        ({"domain": ""}, "dhcp_server_domain", "''"),
        ({"dns_servers": []}, "dhcp_server_dns_servers", "empty"),
        ({"dns_servers": ["dns"]}, "dhcp_server_dns_servers[0]", "dns"),
        ({"resolver_enabled": False}, "dhcp_server_dns_servers[0]", "192.168.1.1"),
        ({"forwarders": []}, "dhcp_server_forwarders", "empty"),
        ({"forwarders": ["192.168.1.1"]}, "dhcp_server_forwarders[0]", "192.168.1.1"),
        ({"forwarders": ["127.0.0.53"]}, "dhcp_server_forwarders[0]", "127.0.0.53"),
        ({"forwarders": ["dns.example"]}, "dhcp_server_forwarders[0]", "dns.example"),
        ({"forwarders": ["224.0.0.251"]}, "dhcp_server_forwarders[0]", "224.0.0.251"),
        ({"iptv_dns_servers": []}, "dhcp_server_iptv_dns_servers", "empty"),
        ({"iptv_dns_servers": ["dns"]}, "dhcp_server_iptv_dns_servers[0]", "dns"),
        ({"iptv_vendor_class": "["}, "dhcp_server_iptv_vendor_class", "["),
        ({"iptv_vendor_class": "año"}, "dhcp_server_iptv_vendor_class", "año"),
        ({"iptv_option_240": ""}, "dhcp_server_iptv_option_240", "''"),
        ({"iptv_option_240": "a\nb"}, "dhcp_server_iptv_option_240", "a\\nb"),
        ({"iptv_option_240": ":" * 256}, "dhcp_server_iptv_option_240", ":::"),
        ({"iptv_boxes": [device(address="192.168.2.20")]}, "dhcp_server_iptv_boxes[0].address", "192.168.2.20"),
        ({"iptv_boxes": [device(mac="02-00-00-00-00-10")]}, "dhcp_server_iptv_boxes[0].mac", "02-00-00-00-00-10"),
        ({"iptv_boxes": [device(address="192.168.1.211")]}, "dhcp_server_iptv_boxes[0].address", "dhcp_server_reservations[0].address"),
        ({"iptv_enabled": False, "iptv_boxes": [device(name="printer")]}, "dhcp_server_iptv_boxes[0].name", "printer"),
        ({"private_domains": ["*.example"]}, "dhcp_server_private_domains", "*.example"),
        ({"reservations": [device(name="a_b")]}, "dhcp_server_reservations[0].name", "a_b"),
        ({"reservations": [device(name="-a")]}, "dhcp_server_reservations[0].name", "-a"),
        ({"reservations": [device(mac="02:00:00:00:00")]}, "dhcp_server_reservations[0].mac", "02:00:00:00:00"),
        ({"reservations": [device(mac="02:00-00:00:00:01")]}, "dhcp_server_reservations[0].mac", "02:00-00"),
        ({"reservations": [device(mac="01:00:5e:00:00:01")]}, "dhcp_server_reservations[0].mac", "01:00:5e"),
        ({"reservations": [device(mac="00:00:00:00:00:00")]}, "dhcp_server_reservations[0].mac", "00:00:00"),
        ({"reservations": [device(address="192.168.2.20")]}, "dhcp_server_reservations[0].address", "192.168.2.20"),
        ({"reservations": [device(address="192.168.1.0")]}, "dhcp_server_reservations[0].address", "192.168.1.0"),
        ({"reservations": [device(address="192.168.1.1")]}, "dhcp_server_reservations[0].address", "192.168.1.1"),
        (
            {"reservations": [device(), device(name="LAPTOP", mac="02:00:00:00:00:12", address="192.168.1.21")]},
            "dhcp_server_reservations[1].name",
            "LAPTOP",
        ),
        (
            {"reservations": [device(), device(name="b", mac="02-00-00-00-00-11", address="192.168.1.21")]},
            "dhcp_server_reservations[1].mac",
            "02-00-00-00-00-11",
        ),
        (
            {"reservations": [device(), device(name="b", mac="02:00:00:00:00:12")]},
            "dhcp_server_reservations[1].address",
            "192.168.1.20",
        ),
    ],
)
def test_one_mistake_is_one_problem_with_variable_value_and_cure(change, variable, value):
    problems = _dhcp.problems_of({**PLAN, **change})
    assert len(problems) == 1, problems
    assert problems[0].startswith(variable + " ")
    assert value in problems[0]
    assert ": " in problems[0]


def test_all_mistakes_are_told_at_once():
    change = {"pool_first": "x", "router": "y", "domain": "-", "lease_seconds": 1, "forwarders": ["z"]}
    assert len(_dhcp.problems_of({**PLAN, **change})) == 5


@pytest.mark.parametrize(
    ("reserved", "expected"),
    [
        ([], [("10.0.0.10", "10.0.0.20")]),
        (["10.0.0.5", "10.0.0.25"], [("10.0.0.10", "10.0.0.20")]),
        (["10.0.0.10", "10.0.0.20"], [("10.0.0.11", "10.0.0.19")]),
        (
            ["10.0.0.12", "10.0.0.13", "10.0.0.15"],
            [("10.0.0.10", "10.0.0.11"), ("10.0.0.14", "10.0.0.14"), ("10.0.0.16", "10.0.0.20")],
        ),
        ([f"10.0.0.{last}" for last in range(10, 21)], []),
    ],
)
def test_ranges_leave_reserved_addresses_out(reserved, expected):
    assert _dhcp.ranges(IPv4Address("10.0.0.10"), IPv4Address("10.0.0.20"), set(map(IPv4Address, reserved))) == expected


def test_facts_are_what_the_servers_need():
    plan = {**PLAN, "reservations": [device(name="TV", mac="02-AA-00-00-00-01")]}
    assert _dhcp.facts_of(plan) == {
        "address": "192.168.1.1",
        "network": "192.168.1.0",
        "prefix": 24,
        "netmask": "255.255.255.0",
        "broadcast": "192.168.1.255",
        "ranges": [["192.168.1.210", "192.168.1.249"]],
        "reservations": [
            {"name": "tv", "mac": "02:aa:00:00:00:01", "address": "192.168.1.20", "iptv": False},
            {"name": "salon", "mac": "02:00:00:00:00:b1", "address": "192.168.1.200", "iptv": True},
        ],
        "iptv_vendor_class": "5b:49:41:4c:5d",
        "iptv_option_240": OPTION_240,
    }


def test_boxes_are_plain_devices_without_television():
    facts = _dhcp.facts_of({**PLAN, "iptv_enabled": False})
    assert [(entry["name"], entry["iptv"]) for entry in facts["reservations"]] == [("printer", False), ("salon", False)]
    assert facts["iptv_vendor_class"] == facts["iptv_option_240"] == ""


def test_pool_leaves_a_boxs_address_out():
    assert _dhcp.facts_of({**PLAN, "iptv_boxes": [device(address="192.168.1.212")]})["ranges"] == [
        ["192.168.1.210", "192.168.1.210"], ["192.168.1.213", "192.168.1.249"],
    ]  # fmt: skip


def test_sockets_of_ss():
    text = (
        'UNCONN 0 0     0.0.0.0%virbr0:67  0.0.0.0:*  users:(("dnsmasq",pid=7,fd=3))\n'
        'UNCONN 0 0          127.0.0.1:53  0.0.0.0:*  users:(("unbound",pid=8,fd=5),("unbound",pid=9,fd=5))\n'
        'UNCONN 0 0   [fe80::1]%vlan100:53     [::]:*  users:(("dnsmasq",pid=7,fd=9))\n'
        'UNCONN 0 0                  *:53        *:*  users:(("named",pid=10,fd=9))\n'
        "UNCONN 0 0          10.0.0.1:67  0.0.0.0:*\n"
        'p_raw  0 0             *:vlan100   *  users:(("kea-dhcp4",pid=11,fd=15))\n'
        'p_raw  0 0        *:if4294967295   *  users:(("dhcpd",pid=12,fd=4))\n'
    )
    assert _dhcp.sockets(text) == [
        ("0.0.0.0", "virbr0", "67", "dnsmasq", 7),
        ("127.0.0.1", "", "53", "unbound", 8),
        ("127.0.0.1", "", "53", "unbound", 9),
        ("fe80::1", "vlan100", "53", "dnsmasq", 7),
        ("*", "", "53", "named", 10),
        ("*", "", "vlan100", "kea-dhcp4", 11),
        ("*", "", _dhcp.VANISHED, "dhcpd", 12),
    ]


@pytest.mark.parametrize(
    ("address", "interface", "port", "expected"),
    [
        ("0.0.0.0", "", "67", True),
        ("0.0.0.0", "virbr0", "67", False),
        ("0.0.0.0", "vlan100", "67", True),
        ("192.168.1.1", "", "53", True),
        ("127.0.0.1", "", "53", True),
        ("127.0.0.53", "lo", "53", False),
        ("127.0.0.54", "", "53", False),
        ("192.168.122.1", "", "53", False),
        ("::", "", "53", True),
    ],
)
def test_rivals_are_those_on_the_lan(address, interface, port, expected):
    assert _dhcp.rival(_dhcp.Socket(address, interface, port, "x", 1), "vlan100", "192.168.1.1") is expected


def test_device_units_are_escaped():
    assert _dhcp.device_unit("vlan100") == "sys-subsystem-net-devices-vlan100.device"
    assert _dhcp.device_unit("br-lan") == "sys-subsystem-net-devices-br\\x2dlan.device"


@pytest.mark.parametrize(
    ("row", "expected"),
    [("15 1 00000002", True), ("15 1 00000000", False), ("15 7 00000002", False), ("0 1 00000002", False)],
)
def test_systemd_hears_udev(row, expected):
    protocol, port, groups = row.split()
    text = (
        f"sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode\n00000000 {protocol:3} {port} {groups} 0 0 0 2 0 57927\n"
    )
    assert _dhcp.hears_udev(text) is expected


def test_dns_query_and_answers():
    query = _dhcp.dns_query(0x1234, "home.arpa")
    assert query == bytes.fromhex("123401000001000000000000") + b"\x04home\x04arpa\x00" + bytes.fromhex("00010001")
    assert not _dhcp.dns_answers(query, query), "an echo is no answer"
    assert _dhcp.dns_answers(query, b"\x12\x34\x85\x83" + bytes(8)), "no such name is one"
    assert not _dhcp.dns_answers(query, b"\x12\x34\x81\x85" + bytes(8)), "a refusal is none"
    assert not _dhcp.dns_answers(query, b"\x00\x00\x81\x80" + bytes(8)), "nor is another's"
    assert not _dhcp.dns_answers(query, b"\x12\x34\x81")
