# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The home as the doctor is told it: the options of its modules, and what is wrong with their values."""

from __future__ import annotations

import ipaddress
from typing import Any

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _pppoe
from ansible_collections.homerouter.tripleplay.plugins.module_utils._dhcp import MAC

SERVICES = ("internet", "tv", "voice", "lan", "switch")
ARGUMENTS: dict[str, dict[str, Any]] = {
    "uplink": {"type": "str", "required": True},
    "interfaces": {"type": "dict", "default": {"internet": "vlan6", "iptv": "vlan2", "voip": "vlan3", "lan": "vlan100"}},
    "vlan_ids": {"type": "dict", "default": {"internet": 6, "iptv": 2, "voip": 3, "lan": 100}},
    "services": {"type": "list", "elements": "str", "default": ["internet", "tv", "voice", "lan", "switch"]},
    "uplink_mtu": {"type": "int", "default": 1500},
    "ppp_interface": {"type": "str", "default": "ppp0"},
    "ppp_mtu": {"type": "int", "default": 1492},
    "pppoe_name": {"type": "str", "default": "internet"},
    "default_route": {"type": "bool", "default": True},
    "search_vlans": {"type": "list", "elements": "int", "default": [6, 7, 10, 11, 20, 24, 35, 100, 101, 500, 832, 835]},
    "forwarders": {"type": "list", "elements": "str", "default": ["80.58.61.250", "80.58.61.254"]},
    "outside_name": {"type": "str", "default": "main.acs.telefonica.net"},
    "port_forwards": {"type": "bool", "default": False},
    "lan_address": {"type": "str", "default": "192.168.1.1/24"},
    "lan_router": {"type": "str", "default": "192.168.1.1"},
    "domain": {"type": "str", "default": "home.arpa"},
    "dhcp_units": {"type": "list", "elements": "str", "default": ["kea-dhcp4-server.service", "isc-dhcp-server.service", "dnsmasq.service"]},
    "dns_units": {"type": "list", "elements": "str", "default": ["unbound.service", "dnsmasq.service"]},
    "iptv_address": {"type": "str", "default": ""},
    "iptv_gateway": {"type": "str", "default": "10.128.0.1"},
    "iptv_dns": {"type": "str", "default": "172.26.23.3"},
    "iptv_name": {"type": "str", "default": "imagenio.telefonica.net"},
    "iptv_prefixes": {"type": "list", "elements": "str", "default": ["172.26.0.0/16 le 32", "172.23.0.0/17 le 32", "10.93.18.0/24"]},
    "iptv_groups": {"type": "list", "elements": "str", "default": ["239.0.0.0/16"]},
    "rip_mode": {"type": "str", "default": "rip"},
    "keepalive_seconds": {"type": "int", "default": 60},
    "max_memberships": {"type": "int", "default": 512},
    "iptv_igmp_version": {"type": "str", "default": "auto"},
    "lan_igmp_version": {"type": "str", "default": "auto"},
    "opch": {"type": "str", "default": "239.0.2.30:22222"},
    "guide": {"type": "str", "default": "239.0.2.129:3937"},
    "channel": {"type": "str", "default": "239.0.0.76:8208"},
    "box_mac": {"type": "str", "default": ""},
    "vendor_class": {"type": "str", "default": "[IAL]"},
    "option_240": {"type": "str", "default": ":::::239.0.2.10:22222:v6.0:239.0.2.30:22222"},
    "voip_prefix": {"type": "str", "default": "10.31.255.128/27"},
    "sip_host": {"type": "str", "default": "10.31.255.134"},
    "sip_port": {"type": "int", "default": 5070},
    "sip_domain": {"type": "str", "default": "telefonica.net"},
    "patience": {"type": "float", "default": 3.0},
    "watch": {"type": "float", "default": 3.0},
}

# What of systemd belongs to a home, whichever of it a host has.
_UNITS = (
    "systemd-networkd.service", "kea-dhcp4-server.service", "isc-dhcp-server.service", "dnsmasq.service",
    "unbound.service", "frr.service", "igmpproxy.service", "homerouter-*",
)  # fmt: skip


def _stream(value: str) -> bool:
    group, colon, port = value.partition(":")
    return not value or (bool(colon) and port.isdigit() and 1 <= int(port) <= 65535 and ipaddress.IPv4Address(group).is_multicast)


def _prefix(value: str) -> bool:
    return bool(ipaddress.IPv4Network(value.partition(" ")[0]))


def _positive(value: float) -> bool:
    # Written so that a NaN is refused too.
    return 0.2 <= value <= 10


# Options with the check of their form, and an example.
_FORMS: tuple[tuple[tuple[str, ...], Any, str], ...] = (
    (("opch", "guide", "channel"), _stream, "a group with its port, such as 239.0.2.30:22222"),
    (("lan_address",), ipaddress.IPv4Interface, "an address with prefix length, such as 192.168.1.1/24"),
    (("iptv_address",), lambda value: not value or ipaddress.IPv4Interface(value), "an address with prefix length, such as 10.214.0.10/9"),
    (("lan_router", "iptv_gateway", "iptv_dns", "sip_host"), ipaddress.IPv4Address, "an IPv4 address"),
    (("voip_prefix",), ipaddress.IPv4Network, "a network, such as 10.31.255.128/27"),
    (("forwarders",), lambda values: all(ipaddress.ip_address(value) for value in values), "addresses of resolvers"),
    (("iptv_groups", "iptv_prefixes"), lambda values: all(map(_prefix, values)), "networks with prefix length"),
    (("box_mac",), lambda value: not value or MAC.fullmatch(value), "a hardware address, such as 4c:9e:ff:00:00:02"),
    (("patience", "watch"), _positive, "0.2 to 10 seconds"),
    (("services",), lambda values: set(values) <= set(SERVICES), f"some of {', '.join(SERVICES)}"),
    (("search_vlans",), lambda values: all(1 <= value <= 4094 for value in values), "VLAN ids, 1 to 4094"),
    (("vlan_ids",), lambda values: all(str(value).isdigit() and 1 <= int(value) <= 4094 for value in values.values()), "VLAN ids, 1 to 4094"),
    (("sip_port",), lambda value: 1 <= value <= 65535, "a port"),
    (("domain", "outside_name", "iptv_name"), lambda value: value.isascii() and all(0 < len(one) < 64 for one in value.split(".")), "a name"),
    (("vendor_class", "option_240"), lambda value: value.isascii() and len(value) < 256, "plain text"),
)  # fmt: skip


def problems(plan: dict[str, Any]) -> list[str]:
    """What is wrong with the options, each with name, value and cure."""
    found = []
    for names, fits, wanted in _FORMS:
        for name in names:
            try:
                good = bool(fits(plan[name])) if name != "lan_address" else fits(plan[name]) is not None and "/" in plan[name]
            except ValueError:
                good = False
            if not good:
                found.append(f"{name} is {plan[name]!r}: give {wanted}")
    if not plan["interfaces"].get("lan") or not plan["interfaces"].get("internet"):
        found.append(f"interfaces is {plan['interfaces']!r}: name at least those of internet and lan")
    return found


def ready(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan with numbers where Ansible's dictionaries may hold text, and with the units that belong to it."""
    units = [_pppoe.service(plan["pppoe_name"]), *_UNITS]
    return {**plan, "units": units, "vlan_ids": {name: int(value) for name, value in plan["vlan_ids"].items()}}
