# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logic of the firewall: what a plan lacks, whom it would lock out, and which rules of others stand in its way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

from ansible_collections.homerouter.tripleplay.plugins.module_utils._home import comment, groups, ports, sources
from ansible_collections.homerouter.tripleplay.plugins.module_utils._session import Session

# What the kernel takes as a name, without what nft would have to escape; a star at the end means any rest.
_INTERFACE = re.compile(r"[A-Za-z0-9_.@+-]{1,15}")
_WILDCARD = re.compile(r"[A-Za-z0-9_.@+-]{1,14}\*?")


def _interfaces(problems: list[str], plan: dict[str, Any]) -> None:
    seen: dict[str, str] = {}
    for zone, name in plan["zones"].items():
        where = f"nat_firewall_{zone}_interface"
        if not _INTERFACE.fullmatch(name):
            problems.append(f"{where} is {name!r}, which is no interface name: give the name that ip link shows, at most 15 characters")
        elif name in seen:
            problems.append(f"{where} is {name!r}, as is {seen[name]}: each has an interface of its own")
        seen.setdefault(name, where)
    for number, name in enumerate(plan["trusted_interfaces"]):
        where = f"nat_firewall_trusted_interfaces[{number}]"
        if not _WILDCARD.fullmatch(name):
            problems.append(f"{where} is {name!r}, which is no interface name: give one such as wg0, or br-* for all that begin so")
            continue
        for zone, uplink in plan["zones"].items():
            if zone != "lan" and fnmatchcase(uplink, name):
                problems.append(
                    f"{where} is {name!r}, which takes in {uplink}, the {zone} uplink (nat_firewall_{zone}_interface): "
                    "an uplink cannot be trusted, remove it"
                )


def _lan(problems: list[str], value: str) -> IPv4Interface | None:
    cure = "give the router's own address in the LAN with its prefix length, such as 192.168.1.1/24"
    try:
        lan = IPv4Interface(value)
    except ValueError:
        problems.append(f"nat_firewall_lan_address is {value!r}, which is no IPv4 address with prefix length: {cure}")
        return None
    if "/" not in value or lan.network.prefixlen > 30:
        problems.append(f"nat_firewall_lan_address is {value!r}, which is without a network's prefix length: {cure}")
        return None
    return lan


def _address(value: str) -> IPv4Address | None:
    try:
        return IPv4Address(value)
    except ValueError:
        return None


def _gateway(problems: list[str], value: str) -> None:
    if _address(value) is None:
        problems.append(
            f"nat_firewall_iptv_gateway is {value!r}, which is no IPv4 address (home_iptv_gateway): write it without prefix length, "
            "such as 10.128.0.1"
        )


def _networks(problems: list[str], plan: dict[str, Any], name: str, check: Callable[[str], tuple[str, str] | None], example: str) -> None:
    if not plan[name]:
        problems.append(f"nat_firewall_{name} is empty, so nothing would pass: give at least one network, such as {example}")
    for number, value in enumerate(plan[name]):
        wrong = check(value)
        if wrong is not None:
            problems.append(f"nat_firewall_{name}[{number}] is {value!r}, {wrong[0]}: {wrong[1]}")


def _television(problems: list[str], plan: dict[str, Any], lan: IPv4Interface | None) -> None:
    _networks(problems, plan, "iptv_sources", sources, "172.16.0.0/12")
    _networks(problems, plan, "iptv_groups", groups, "239.0.0.0/16")
    if plan["iptv_vod_mode"] != "none":
        _networks(problems, plan, "iptv_vod_sources", sources, "172.26.0.0/16")
    if plan["iptv_vod_mode"] == "dnat":
        where, value = f"nat_firewall_iptv_vod_box is {plan['iptv_vod_box']!r}", _address(plan["iptv_vod_box"])
        cure = "give the address that the one set-top box for video on demand always has, as in home_iptv_boxes"
        if value is None:
            problems.append(f"{where}, which is no IPv4 address, and nat_firewall_iptv_vod_mode is dnat: {cure}, or set the mode to none")
        elif lan is not None and (value not in lan.network or value == lan.ip):
            problems.append(f"{where}, no device of the LAN {lan.network} (nat_firewall_lan_address): {cure}")
    if plan["iptv_acs_policy"] == "reject" and _address(plan["iptv_acs_address"]) is None:
        problems.append(
            f"nat_firewall_iptv_acs_address is {plan['iptv_acs_address']!r}, which is no IPv4 address: "
            "write that of main.acs.telefonica.net, such as 80.58.63.218"
        )


def _voip_prefix(problems: list[str], value: str) -> None:
    try:
        prefix = IPv4Network(value)
    except ValueError:
        prefix = None
    if prefix is None or "/" not in value or prefix.is_multicast:
        problems.append(
            f"nat_firewall_voip_prefix is {value!r}, which is no network of servers (home_voip_prefix): "
            "write it with prefix length and without host bits, such as 10.31.255.128/27"
        )


def _name(problems: list[str], where: str, value: str) -> None:
    wrong = comment(value) if value else ("empty", "say what it is for")
    if wrong is not None:
        problems.append(f"{where}.name is {value!r}, {wrong[0]}: {wrong[1]}")


def _ports(problems: list[str], where: str, value: str) -> tuple[int, int] | None:
    found = ports(value)
    if found is None:
        problems.append(f"{where} is {value!r}, which is no port: use 1 to 65535, or a range such as 5000-5010")
    return found


def _forwards(problems: list[str], plan: dict[str, Any], lan: IPv4Interface | None) -> None:
    taken: list[tuple[str, str, tuple[int, int]]] = []
    for number, entry in enumerate(plan["port_forwards"]):
        where = f"nat_firewall_port_forwards[{number}]"
        _name(problems, where, entry["name"])
        try:
            address = IPv4Address(entry["address"])
        except ValueError:
            problems.append(f"{where}.address is {entry['address']!r}, which is no IPv4 address: give that of the device in the LAN")
        else:
            if lan is not None and address == lan.ip:
                problems.append(
                    f"{where}.address is {entry['address']!r}, the router itself: "
                    "to reach a service of the router, use nat_firewall_rules with to: router"
                )
            elif lan is not None and address not in lan.network:
                problems.append(
                    f"{where}.address is {entry['address']!r}, outside the LAN {lan.network} (nat_firewall_lan_address): use a device of the LAN"
                )
        wanted = _ports(problems, f"{where}.port", entry["port"])
        if wanted is None:
            continue
        if entry["to_port"] is not None:
            if wanted[0] != wanted[1]:
                problems.append(f"{where}.to_port is {entry['to_port']}, one port for the range {entry['port']}: remove it")
            elif not 1 <= entry["to_port"] <= 65535:
                problems.append(f"{where}.to_port is {entry['to_port']}: use 1 to 65535")
        for other, protocol, used in taken:
            if protocol == entry["protocol"] and wanted[0] <= used[1] and used[0] <= wanted[1]:
                problems.append(f"{where}.port is {entry['port']}, which {other} has already ({protocol}): forward each port once")
                break
        taken.append((where, entry["protocol"], wanted))


def _rules(problems: list[str], plan: dict[str, Any]) -> None:
    zones = [*plan["zones"], "trusted"] if plan["trusted_interfaces"] else list(plan["zones"])
    for number, entry in enumerate(plan["rules"]):
        where = f"nat_firewall_rules[{number}]"
        _name(problems, where, entry["name"])
        for key, known in (("from", zones), ("to", [*zones, "router"])):
            if entry[key] is not None and entry[key] not in known:
                problems.append(f"{where}.{key} is {entry[key]!r}, which this home does not have: use one of {', '.join(known)}")
        for key in ("source", "destination"):
            for value in entry[key]:
                try:
                    IPv4Network(value)
                except ValueError:
                    problems.append(
                        f"{where}.{key} is {value!r}, which is no IPv4 address or network: "
                        "write 192.168.1.30, or 192.168.1.32/28 without host bits"
                    )
        if entry["ports"] and entry["protocol"] not in ("tcp", "udp"):
            problems.append(f"{where}.ports is {', '.join(entry['ports'])} without a protocol that has ports: set protocol to tcp or udp")
        for value in entry["ports"]:
            _ports(problems, f"{where}.ports", value)


def problems_of(plan: dict[str, Any]) -> list[str]:
    """All that is wrong with a plan, each with variable, value and cure.

    plan: what the module firewall_check gets as its options.
    """
    problems: list[str] = []
    _interfaces(problems, plan)
    lan = _lan(problems, plan["lan_address"])
    _gateway(problems, plan["iptv_gateway"])
    if "iptv" in plan["zones"]:
        _television(problems, plan, lan)
    _voip_prefix(problems, plan["voip_prefix"])
    device = plan["flow_offload_device"]
    if device is not None and not _INTERFACE.fullmatch(device):
        problems.append(
            f"nat_firewall_flow_offload_device is {device!r}, which is no interface name: set it, or home_uplink, to the network card"
        )
    _forwards(problems, plan, lan)
    _rules(problems, plan)
    return problems


def zone_of(plan: dict[str, Any], interface: str) -> str | None:
    """The zone of an interface: lan, internet, iptv, voip, trusted, or None for one the plan does not know."""
    for zone, name in plan["zones"].items():
        if name == interface:
            return zone
    if any(fnmatchcase(interface, name) for name in plan["trusted_interfaces"]):
        return "trusted"
    return None


def lets_in(plan: dict[str, Any], session: Session, interface: str) -> bool:
    """Whether the firewall would take a new session like this one, which arrives by an interface."""
    zone = zone_of(plan, interface)
    verdict = interface == "lo" or zone in ("lan", "trusted")
    for rule in plan["rules"]:
        if rule["to"] != "router" or rule["from"] not in (zone, None) or rule["protocol"] not in ("tcp", None):
            continue
        if rule["ports"] and not any(first <= session.port <= last for first, last in filter(None, map(ports, rule["ports"]))):
            continue
        if rule["source"] and not _within(session.client, rule["source"]):
            continue
        if rule["destination"] and not _within(session.server, rule["destination"]):
            continue
        # The first rule that matches decides, as in the kernel.
        return rule["action"] == "accept"
    return verdict


def _within(address: str, networks: list[str]) -> bool:
    try:
        return any(IPv4Address(address) in IPv4Network(network) for network in networks)
    except ValueError:
        # An IPv6 session matches no rule with IPv4 addresses.
        return False


def session_problem(plan: dict[str, Any], session: Session, interface: str) -> str | None:
    """Why applying the plan would lock out whoever controls this host, None if it would not."""
    if lets_in(plan, session, interface):
        return None
    return (
        f"nat_firewall_trusted_interfaces is {plan['trusted_interfaces']}: this SSH session comes from {session.client} by {interface}, and the "
        f"firewall would refuse the next one like it: add {interface} for as long as you administer the router that way, come in by the "
        f"LAN ({plan['zones']['lan']}), or let it in by an entry of nat_firewall_rules with to: router"
    )


def loaded(ruleset: str, own: list[str]) -> list[str]:
    """Those of this collection's tables that are among what C(nft --json list ruleset) prints."""
    tables = [entry["table"] for entry in json.loads(ruleset)["nftables"] if "table" in entry]
    return [name for name in own if any((table["family"], table["name"]) == ("inet", name) for table in tables)]


def rivals(ruleset: str, own: set[str], lan: str, bridges: list[str]) -> list[str]:
    """Base chains of other programs that would drop what this firewall forwards, as one line each.

    ruleset: output of nft --json list ruleset. own: names of this collection's tables. A chain is taken as harmless when a rule of its
    table accepts by the name of the LAN's interface, which is how an owner lets the home's traffic pass. bridges: Docker's interfaces.
    """
    entries = json.loads(ruleset)["nftables"]
    found = []
    for entry in entries:
        chain = entry.get("chain", {})
        if chain.get("hook") != "forward" or chain.get("policy") != "drop" or chain["table"] in own:
            continue
        if chain["family"] not in ("ip", "inet"):
            continue
        let_through = any(
            rule["family"] == chain["family"] and rule["table"] == chain["table"] and _accepts(rule["expr"], lan)
            for rule in (other["rule"] for other in entries if "rule" in other)
        )
        if let_through:
            continue
        place = f"chain {chain['name']} of table {chain['family']} {chain['table']}"
        if bridges:
            found.append(
                f"Docker drops what the router forwards ({place} has policy drop): set \"ip-forward-no-drop\": true in "
                f"/etc/docker/daemon.json (Docker 28 or newer) and restart Docker, or run: iptables -I DOCKER-USER -i {lan} -j ACCEPT; "
                f"iptables -I DOCKER-USER -o {lan} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
            )
        else:
            found.append(
                f"another firewall drops what the router forwards ({place} has policy drop): set its policy to accept, "
                f"or let {lan} through there"
            )
    return found


def _accepts(expressions: list[dict[str, Any]], lan: str) -> bool:
    # iptables' matches are opaque to nft, which shows the interface all the same.
    verdict = any("accept" in expression or expression.get("xt", {}).get("name") == "ACCEPT" for expression in expressions)
    return verdict and lan in json.dumps(expressions)
