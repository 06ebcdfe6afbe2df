# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routes of television and voice: what is wrong with a plan, and what a host lacks. Pure: the module next door asks the host."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any, NamedTuple

# What FRR and the kernel take as a name.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
_PREFIX = re.compile(r"(\S+)(?: le (\d{1,2}))?")
# What FRR writes into its configuration at the least; anything else is somebody's.
_HARMLESS = re.compile(r"(!|#|frr |hostname |log |service |end\b|exit\b|$)")
OURS = "role homerouter.tripleplay.rip"


class Allowed(NamedTuple):
    """A network, and the longest prefix that is taken within it."""

    network: IPv4Network
    longest: int

    def holds(self, route: IPv4Network) -> bool:
        """Whether a route is on the list by this entry."""
        return route.prefixlen <= self.longest and route.subnet_of(self.network)


@dataclass(frozen=True)
class Link:
    """One interface as the host has it; C(routes) are those over it, as C(ip -json) tells them."""

    exists: bool
    addressed: bool = False
    routes: tuple[dict[str, Any], ...] = ()


def allowed(text: str) -> Allowed | None:
    """An entry of an allow-list, None if it is none."""
    match = _PREFIX.fullmatch(text)
    try:
        network = IPv4Network(match[1]) if match and "/" in match[1] else None
    except ValueError:
        network = None
    if match is None or network is None or str(network) != match[1]:
        return None
    longest = int(match[2]) if match[2] else network.prefixlen
    return Allowed(network, longest) if network.prefixlen <= longest <= 32 else None


def _prefix_problem(where: str, text: str, lan: IPv4Interface | None) -> str | None:
    entry = allowed(text)
    if entry is None:
        return (
            f"{where} is {text!r}, which is no network with prefix length: write 10.31.255.128/27, or 172.26.0.0/16 le 32 "
            "for all within it, too"
        )
    network = entry.network
    if network.prefixlen < 8:
        return f"{where} is {text!r}, which would let the ISP have half the Internet: name the networks of its servers"
    if network.is_multicast or network.is_loopback or network.is_link_local or network.is_reserved or network[0] in IPv4Network("0.0.0.0/8"):
        return f"{where} is {text!r}, a network in which no server can be: remove it"
    if lan is not None and network.overlaps(lan.network):
        return (
            f"{where} is {text!r}, which overlaps the LAN {lan.network} (rip_lan_address, home_lan_address): "
            "give the LAN another private network, such as 192.168.1.1/24, or remove the entry if this line has no servers there"
        )
    return None


def plan_problems(mode: str, networks: list[dict[str, Any]], lan_address: str) -> list[str]:
    """What is wrong with the role's variables, each with variable, value and cure."""
    problems: list[str] = []
    try:
        lan = IPv4Interface(lan_address)
    except ValueError:
        lan = None
        problems.append(f"rip_lan_address is {lan_address!r}, which is no address with prefix length (home_lan_address): write 192.168.1.1/24")
    if not networks:
        problems.append("there is no network to have routes to: leave the role rip out, or set rip_iptv_enabled (home_iptv_enabled) to true")
    seen: dict[str, str] = {}
    for entry in networks:
        where = f"rip_{entry['name']}_interface"
        name = entry["interface"]
        if not _NAME.fullmatch(name) or name in ("lo", "all", "default"):
            problems.append(f"{where} is {name!r}, which is no name of an interface: give the one that `ip link` shows for the VLAN")
        elif name in seen:
            problems.append(f"{where} is {name!r}, as is {seen[name]}: each network has an interface of its own")
        seen.setdefault(name, where)
        where = f"rip_{entry['name']}_prefixes"
        if not entry["prefixes"]:
            problems.append(f"{where} is empty, so that no route would be taken: name the networks of the servers")
        found = (_prefix_problem(f"{where}[{number}]", text, lan) for number, text in enumerate(entry["prefixes"]))
        problems += [problem for problem in found if problem]
        if mode == "static":
            try:
                IPv4Address(entry["gateway"] or "")
            except ValueError:
                problems.append(
                    f"rip_{entry['name']}_gateway is {entry['gateway']!r}, which is no IPv4 address (home_iptv_gateway): "
                    "give that of the television network's gateway, such as 10.128.0.1"
                )
    return problems


def foreign(config: str) -> str:
    """The first line of a FRR configuration that somebody else cares for; empty where nothing would be lost."""
    if OURS in config:
        return ""
    return next((line.strip() for line in config.splitlines() if not _HARMLESS.match(line.strip())), "")


def routing(config: str) -> set[tuple[str, str]]:
    """What of a FRR configuration decides on routes, as section and line, in no order."""
    found: set[tuple[str, str]] = set()
    section = ""
    for line in config.splitlines():
        words = " ".join(line.split())
        if not words or words.startswith("!"):
            continue
        if not line.startswith(" "):
            section = words if words.startswith("router ") else ""
            if words.startswith(("router ", "ip prefix-list ", "ip route ")):
                found.add(("", words))
        elif section:
            found.add((section, words))
    return found


def drift(wanted: str, running: str) -> list[str]:
    """How the configuration that FRR runs with differs from the wanted one."""
    ours, theirs = routing(wanted), routing(running)
    lines = [f"lacks: {line}" for _section, line in sorted(ours - theirs)]
    return lines + [f"has besides: {line}" for _section, line in sorted(theirs - ours)]


def _network(route: dict[str, Any]) -> IPv4Network:
    return ipaddress.IPv4Network("0.0.0.0/0" if route["dst"] == "default" else route["dst"])


def learnt(routes: tuple[dict[str, Any], ...]) -> list[IPv4Network]:
    """The networks of the routes that came by RIP."""
    return sorted(_network(route) for route in routes if route.get("protocol") == "rip")


def lacks(mode: str, entry: dict[str, Any], link: Link) -> list[str]:
    """What is lacking for one network; empty when its servers can be reached."""
    name = entry["interface"]
    if not link.exists:
        return [f"{name} does not exist"]
    if not link.addressed:
        # The telephone network gives one by DHCP, and who asks for it waits for it.
        return [] if entry["name"] == "voip" else [f"{name} has no address"]
    entries = [found for found in map(allowed, entry["prefixes"]) if found]
    if mode == "static":
        there = {_network(route) for route in link.routes if route.get("gateway") == entry["gateway"]}
        return [f"{name} has no route to {wanted.network} through {entry['gateway']}" for wanted in entries if wanted.network not in there]
    problems = [
        f"{name} has a route to {network} by RIP, which rip_{entry['name']}_prefixes does not name"
        for network in learnt(link.routes)
        if not any(wanted.holds(network) for wanted in entries)
    ]
    # Whose route it is matters little: one to the telephone servers may have come with the lease.
    if not any(wanted.holds(_network(route)) for route in link.routes for wanted in entries):
        problems.append(f"{name} has no route to any of {', '.join(entry['prefixes'])}: nobody has announced one by RIP")
    return problems


def cure(problems: list[str]) -> str:
    """What to look at, for the first of the problems."""
    first = problems[0]
    name = first.split()[0]
    if "no address" in first:
        return "set home_iptv_address to the address that the ISP's own router had, and apply the role vlans"
    if "announced" in first:
        return (
            f"look at what `tcpdump -vni {name} udp port 520` shows; the firewall takes RIP from home_iptv_gateway only "
            "(`nft list chain inet homerouter input`); with a network that announces nothing set rip_mode to static"
        )
    return "look at `vtysh -c 'show ip route'` and at `journalctl -u frr`"
