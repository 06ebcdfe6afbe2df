# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the voice interface should have, and what it lacks. Pure: the module next door asks the host."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Any

# What the kernel, file names and unit names can carry.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")


@dataclass(frozen=True)
class State:
    """One interface as the host has it. C(gateway) is the lease's; C(routes) are those over the interface, as C(ip -json) tells them."""

    exists: bool
    address: str = ""
    gateway: str = ""
    routes: tuple[dict[str, Any], ...] = ()
    rp_filter: int | None = None


def plan_problems(interface: str, prefix: str) -> list[str]:
    """What is wrong with the role's variables, each with variable, value and cure."""
    problems = []
    if not _NAME.fullmatch(interface) or interface in ("lo", "all", "default"):
        problems.append(
            f"voip_dhcp_interface is {interface!r}, which is no name of an interface: give the one that `ip link` shows for the voice VLAN"
        )
    cure = "write the network of the telephone servers with its prefix length and without host bits, such as 10.31.255.128/27"
    try:
        network = ipaddress.IPv4Network(prefix)
    except ValueError:
        problems.append(f"voip_dhcp_prefix is {prefix!r}, which is no IPv4 network (home_voip_prefix): {cure}")
    else:
        if network.prefixlen < 8 or str(network) != prefix:
            problems.append(f"voip_dhcp_prefix is {prefix!r}, which is no network of servers alone (home_voip_prefix): {cure}")
    return problems


def parse_address(text: str) -> str:
    """The first IPv4 address in the output of C(ip -json -4 address show dev X), with prefix length; empty for none."""
    for entry in json.loads(text or "[]"):
        for address in entry.get("addr_info", []):
            if address.get("scope") == "global":
                return f"{address['local']}/{address['prefixlen']}"
    return ""


def parse_routes(text: str) -> tuple[dict[str, Any], ...]:
    """The output of C(ip -json -4 route show dev X)."""
    return tuple(json.loads(text or "[]"))


def parse_lease(text: str) -> str:
    """The gateway in a lease as systemd-networkd and this collection's hook keep it; empty for none."""
    for line in text.splitlines():
        key, _sign, value = line.partition("=")
        if key == "ROUTER" and value.split():
            return value.split()[0]
    return ""


def parse_stuck(text: str) -> bool:
    """Whether systemd-networkd believes that an address is just being removed, from C(networkctl --json=short status X).

    Version 252 may do so for ever with an address that it had before another one, which it then does not take again.
    """
    return any("removing" in entry.get("ConfigState", "").split(",") for entry in json.loads(text or "{}").get("Addresses", []))


def lacks(state: State, interface: str, prefix: str, route: str) -> list[str]:
    """What the interface lacks; empty when a call can be made."""
    if not state.exists:
        return [f"{interface} does not exist"]
    problems = []
    if not state.address:
        problems.append(f"{interface} has no address")
    elif route == "static" and not state.gateway:
        problems.append(f"{interface} has a lease that names no gateway")
    elif route == "static":
        found = [str(entry.get("gateway", "")) for entry in state.routes if entry.get("dst") == prefix]
        if state.gateway not in found:
            instead = f"; it leads through {', '.join(found)}" if found else ""
            problems.append(f"{interface} has no route to {prefix} through {state.gateway}, the lease's gateway{instead}")
    if any(entry.get("dst") == "default" for entry in state.routes):
        problems.append(f"{interface} has a default route, which would carry Internet traffic")
    if state.rp_filter != 1:
        problems.append(f"{interface} has rp_filter {state.rp_filter}, not 1")
    return problems


def cure(interface: str, problems: list[str], stuck: bool) -> str:
    """What to look at, for the first of the problems; C(stuck) as parse_stuck() tells it."""
    first = problems[0]
    if stuck:
        return "systemd-networkd waits to hear that an address is gone, and takes none: run this again, or `systemctl restart systemd-networkd`"
    if "no address" in first:
        return (
            f"no DHCP server answers there: look at the VLAN id (home_voip_vlan), at the switch's trunk to the ONT, and at what "
            f"`tcpdump -eni {interface} udp port 67 or udp port 68` shows; some lines want the hardware address of the ISP's own router"
        )
    if "names no gateway" in first:
        return "set voip_dhcp_route to none and learn the route by RIP"
    return f"look at `ip route show dev {interface}` and at the log of the DHCP client"
