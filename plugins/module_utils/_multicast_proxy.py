# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The home's multicast proxy: what is wrong with a plan, which kernel settings it takes, who else routes multicast."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable
from typing import Any

from ansible_collections.homerouter.tripleplay.plugins.module_utils._home import groups, sources

UNITS = ("igmpproxy.service", "homerouter-igmp-keepalive.service")
# As igmpproxy's own reader of its configuration cuts words (MAX_TOKEN_LENGTH), and as the kernel limits names.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
# The kernel has 32 interfaces for multicast (MAXVIFS), and the upstream is one.
_MAX_LAN_INTERFACES = 31
# /proc/net/raw: the socket's protocol stands where other tables have the port, in hexadecimal digits.
_IGMP = "0002"


def plan_problems(plan: dict[str, Any]) -> list[str]:
    """What is wrong with the role's variables, each with variable, value and cure."""
    problems = []
    names = [("multicast_iptv_interface", plan["iptv_interface"])]
    names += [(f"multicast_lan_interfaces[{number}]", name) for number, name in enumerate(plan["lan_interfaces"])]
    seen: dict[str, str] = {}
    for where, name in names:
        if not _NAME.fullmatch(name) or name in ("lo", "all", "default"):
            problems.append(f"{where} is {name!r}, which is no name of an interface: give the one that `ip link` shows, at most 15 characters")
        elif name in seen:
            problems.append(f"{where} is {name!r}, as is {seen[name]}: television comes in by one interface and goes out by others")
        seen.setdefault(name, where)
    if not 1 <= len(plan["lan_interfaces"]) <= _MAX_LAN_INTERFACES:
        problems.append(
            f"multicast_lan_interfaces has {len(plan['lan_interfaces'])} entries: name 1 to {_MAX_LAN_INTERFACES} interfaces with set-top boxes behind"
        )
    for variable, check, example in (("groups", groups, "239.0.0.0/16"), ("sources", sources, "172.16.0.0/12")):
        if not plan[variable]:
            problems.append(f"multicast_{variable} is empty, and nothing would pass: name networks, such as {example}")
        for number, value in enumerate(plan[variable]):
            wrong = check(value)
            if wrong:
                problems.append(f"multicast_{variable}[{number}] is {value!r}, {wrong[0]} (home_iptv_{variable}): {wrong[1]}")
    if plan["rp_filter_mode"] == "routed":
        try:
            ipaddress.IPv4Address(plan["iptv_gateway"])
        except ValueError:
            problems.append(
                f"multicast_iptv_gateway is {plan['iptv_gateway']!r}, which is no IPv4 address (home_iptv_gateway): write the gateway of the "
                "television network, such as 10.128.0.1"
            )
    for variable, least, most, cure in (
        ("threshold", 1, 255, "give the least TTL of packets that pass; 1 lets all pass that may go on"),
        ("max_memberships", 20, 65536, "give the number of groups that may be watched at once; 512 is plenty"),
        ("verify_seconds", 1, 600, "give the seconds that television may take to come in"),
        ("keepalive_seconds", 0, 120, "give the seconds between two rounds of reports, fewer than the 125 of a querier, or 0 for none"),
    ):
        if not least <= plan[variable] <= most:
            problems.append(f"multicast_{variable} is {plan[variable]}, outside {least} to {most}: {cure}")
    if plan["verify_group"] and not problems:
        problems += _verify_problems(plan["verify_group"], plan["groups"])
    return problems


def _verify_problems(value: str, allowed: list[str]) -> list[str]:
    group, _colon, port = value.rpartition(":")
    try:
        address = ipaddress.IPv4Address(group)
        known = port.isdigit() and 1 <= int(port) <= 65535
        passes = any(address in ipaddress.IPv4Network(network) for network in allowed)
    except ValueError:
        known = passes = False
    if known and passes:
        return []
    return [
        f"multicast_verify_group is {value!r}, which is no {'group of multicast_groups' if known else 'group with port'}: write one that the ISP "
        "always sends, such as 239.0.2.30:22222, or nothing"
    ]


def settings(plan: dict[str, Any], interfaces: Iterable[str]) -> dict[str, int]:
    """Kernel settings below /proc/sys/net/ipv4 that the plan takes, with the given interfaces there."""
    open_door = plan["rp_filter_mode"] == "disabled"
    wanted = {"conf/all/rp_filter": 0 if open_door else 1, "conf/default/rp_filter": 1, "igmp_max_memberships": plan["max_memberships"]}
    for name in interfaces:
        if name not in ("all", "default", "lo"):
            wanted[f"conf/{name}/rp_filter"] = 0 if open_door and name == plan["iptv_interface"] else 1
        if name in (plan["iptv_interface"], *plan["lan_interfaces"]):
            version = plan["iptv_igmp_version" if name == plan["iptv_interface"] else "lan_igmp_version"]
            wanted[f"conf/{name}/force_igmp_version"] = 0 if version == "auto" else int(version)
    return wanted


def route_drift(plan: dict[str, Any], text: str) -> list[str]:
    """Routes to the senders that are lacking or too many, from `ip -json -4 route show proto 98`, which are this role's."""
    wanted = set(plan["sources"]) if plan["rp_filter_mode"] == "routed" else set()
    have = {
        route["dst"] if "/" in route["dst"] else f"{route['dst']}/32"
        for route in json.loads(text or "[]")
        if route.get("dev") == plan["iptv_interface"] and route.get("gateway") == plan["iptv_gateway"]
    }
    return [f"no route to {network}" for network in sorted(wanted - have)] + [f"a route to {network}" for network in sorted(have - wanted)]


def igmp_sockets(text: str) -> set[str]:
    """Inodes of raw IGMP sockets in /proc/net/raw: a multicast routing daemon has one."""
    inodes = set()
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > 9 and words[1].rpartition(":")[2] == _IGMP:
            inodes.add(words[9])
    return inodes


def lacks(plan: dict[str, Any], active: Iterable[str], vifs: Iterable[str]) -> list[str]:
    """What television still lacks on this host."""
    units = UNITS if plan["keepalive_seconds"] else UNITS[:1]
    lacking = [f"{unit} does not run" for unit in units if unit not in active]
    lacking += [f"igmpproxy does not route {name}" for name in (plan["iptv_interface"], *plan["lan_interfaces"]) if name not in vifs]
    return lacking
