# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's reverse-path check, decided from values that somebody else has read.

Follows fib_validate_source() of Linux's net/ipv4/fib_frontend.c and Documentation/networking/ip-sysctl.rst.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass

MODES = {0: "off", 1: "strict"}


@dataclass(frozen=True)
class Interface:
    """What the check needs to know of one interface."""

    name: str
    configured: int
    accept_local: bool = False
    # Without an IPv4 address the kernel refuses what does not match, even in loose mode.
    has_address: bool = True


@dataclass(frozen=True)
class Route:
    """The entry of the kernel's table that a packet to the source would take."""

    prefix: str
    # unicast, local, broadcast, and so on.
    kind: str
    devices: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """Whether packets of a source pass on an interface, why, and the same in words."""

    passes: bool
    reason: str
    text: str


def effective(everywhere: int, configured: int) -> int:
    """The value that counts: the larger one, so a 0 on an interface does nothing beside a 1 in conf/all."""
    return max(everywhere, configured)


def mode(value: int) -> str:
    """The name of a value. The kernel takes all that is neither 0 nor 1 for loose."""
    return MODES.get(value, "loose")


def parse_route(text: str) -> Route | None:
    """The answer of `ip -json route get fibmatch SOURCE`; None when there is no route, which ip answers with nothing."""
    if not text.strip():
        return None
    try:
        answer = json.loads(text)
        if not answer:
            return None
        route = answer[0]
        hops = route.get("nexthops", [route])
        devices = tuple(dict.fromkeys(hop["dev"] for hop in hops if "dev" in hop))
        return Route(str(route["dst"]), str(route.get("type", "unicast")), devices)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"`ip route get` answered what is no route: {text[:200]!r}") from error


def parse_addressed(text: str) -> frozenset[str]:
    """Interfaces that have an IPv4 address, from `ip -json -4 address show`."""
    try:
        return frozenset(
            link["ifname"] for link in json.loads(text or "[]") if any("local" in one for one in link.get("addr_info", []))
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"`ip address show` answered what is no list of interfaces: {text[:200]!r}") from error


def verdict(source: str, interface: Interface, everywhere: int, route: Route | None) -> Verdict:
    """Whether the kernel takes packets of this source on this interface."""
    address = ipaddress.IPv4Address(source)
    name = interface.name
    value = effective(everywhere, interface.configured)
    if address == ipaddress.IPv4Address(0):
        return Verdict(True, "unspecified", "0.0.0.0 is not checked; it passes as IGMP, and to 224.0.0.0/24 and broadcast only")
    if address.is_multicast or address == ipaddress.IPv4Address("255.255.255.255") or address.is_loopback:
        return Verdict(False, "martian", f"{source} can be no source on a network, whatever rp_filter is")
    if route is not None and route.kind == "local" and not interface.accept_local:
        return Verdict(False, "own_address", f"{source} is an address of this host, which the kernel takes from nobody else")
    if value == 0:
        return Verdict(True, "off", f"rp_filter is 0 on {name} and in conf/all: nothing is checked")
    if route is None:
        return Verdict(False, "no_route", f"rp_filter is {value} ({mode(value)}) on {name}, and no route leads to {source}")
    there = f"{route.prefix} by {' and '.join(route.devices) or 'no interface'}"
    if route.kind not in ("unicast", "local"):
        return Verdict(False, "not_unicast", f"the route to {source} is of type {route.kind}: {there}")
    if name in route.devices:
        return Verdict(True, "reverse_path", f"the way back leads out by {name}: {there}")
    if not interface.has_address:
        return Verdict(
            False, "no_address", f"the way back is {there}, and {name} has no IPv4 address: rp_filter {value} then lets nothing else in"
        )
    if value == 1:
        return Verdict(False, "other_interface", f"rp_filter is 1 (strict) on {name}, and the way back is {there}")
    return Verdict(True, "any_route", f"rp_filter is {value} (loose) on {name}, and there is a way back: {there}")
