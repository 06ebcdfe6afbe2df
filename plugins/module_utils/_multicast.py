# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's multicast tables, read from their text in /proc/net.

Formats: ipmr_mfc_seq_show() and ipmr_vif_seq_show() of Linux's net/ipv4/ipmr.c, igmp_mc_seq_show() of net/ipv4/igmp.c.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Any

# Addresses are printed as numbers of the host's own byte order; vif_t, unsigned, is -1 in some kernels' unresolved entries.
UNRESOLVED = (-1, 65535)


class TableError(ValueError):
    """A line that is none of the table's."""

    def __init__(self, table: str, number: int, line: str) -> None:
        super().__init__(f"line {number} of {table} is not understood: {line[:200]!r}")


@dataclass(frozen=True)
class Entry:
    """One line of ip_mr_cache: a group of one origin, or packets that wait for somebody to decide about them."""

    group: str
    origin: str
    # Index of the virtual interface, None while nobody has decided.
    input: int | None
    packets: int
    octets: int
    wrong: int
    # Least TTL that is forwarded, by index of the virtual interface.
    outputs: dict[int, int]

    @property
    def key(self) -> tuple[str, str]:
        """What the kernel knows it by."""
        return self.group, self.origin


@dataclass(frozen=True)
class Vif:
    """One line of ip_mr_vif: an interface of the multicast routing daemon."""

    index: int
    name: str
    octets_in: int
    packets_in: int
    octets_out: int
    packets_out: int
    flags: int
    local: str
    remote: str


@dataclass(frozen=True)
class Membership:
    """A group that this host itself wants, from /proc/net/igmp."""

    group: str
    users: int
    # Whether this host was the last to report the group, so that it is the one to say when it leaves (IGMPv2).
    reporter: bool


@dataclass(frozen=True)
class Groups:
    """Memberships on one interface, and the IGMP version in force there: 1, 2 or 3, 0 where the kernel does not say."""

    version: int
    memberships: tuple[Membership, ...]


def address(text: str, byteorder: str) -> str:
    """An address as these tables print it: an int in the host's byte order, 8 hexadecimal digits."""
    if len(text) != 8 or byteorder not in ("little", "big"):
        raise ValueError(f"{text!r} is no address of byte order {byteorder!r}")
    octets = bytes.fromhex(text)
    return socket.inet_ntoa(octets[::-1] if byteorder == "little" else octets)


def parse_cache(text: str, byteorder: str) -> list[Entry]:
    """The lines of /proc/net/ip_mr_cache."""
    entries = []
    for number, line in enumerate(text.splitlines()[1:], 2):
        words = line.split()
        if not words:
            continue
        try:
            parent, packets, octets, wrong = (int(word) for word in words[2:6])
            outputs = {}
            for word in words[6:]:
                index, ttl = word.split(":")
                outputs[int(index)] = int(ttl)
            entry = Entry(
                address(words[0], byteorder), address(words[1], byteorder),
                None if parent in UNRESOLVED else parent, packets, octets, wrong, outputs,
            )  # fmt: skip
        except (IndexError, ValueError) as error:
            raise TableError("ip_mr_cache", number, line) from error
        entries.append(entry)
    return entries


def parse_vifs(text: str, byteorder: str) -> dict[int, Vif]:
    """The lines of /proc/net/ip_mr_vif by index."""
    vifs = {}
    for number, line in enumerate(text.splitlines()[1:], 2):
        words = line.split()
        if not words:
            continue
        try:
            index, name = int(words[0]), words[1]
            octets_in, packets_in, octets_out, packets_out = (int(word) for word in words[2:6])
            vifs[index] = Vif(
                index, name, octets_in, packets_in, octets_out, packets_out, int(words[6], 16),
                address(words[7], byteorder), address(words[8], byteorder),
            )  # fmt: skip
        except (IndexError, ValueError) as error:
            raise TableError("ip_mr_vif", number, line) from error
    return vifs


def parse_igmp(text: str, byteorder: str) -> dict[str, Groups]:
    """The lines of /proc/net/igmp by interface."""
    found: dict[str, tuple[int, list[Membership]]] = {}
    current: list[Membership] | None = None
    for number, line in enumerate(text.splitlines()[1:], 2):
        words = line.split()
        if not words:
            continue
        try:
            if not line[0].isspace():
                # "2\tvlan2     :     3      V2"; the name may touch the colon.
                head, tail = line.split(":")
                name = head.split()[1]
                querier = tail.split()[1]
                current = []
                found[name] = (int(querier[1:]) if querier in ("V1", "V2", "V3") else 0, current)
            else:
                if current is None:
                    raise ValueError("a group before any interface")
                current.append(Membership(address(words[0], byteorder), int(words[1]), bool(int(words[3]))))
        except (IndexError, ValueError) as error:
            raise TableError("igmp", number, line) from error
    return {name: Groups(version, tuple(members)) for name, (version, members) in found.items()}


def rate(before: int, after: int, seconds: float) -> float | None:
    """Counts a second; None where the counter began anew in between, as that of an entry which went and came back does."""
    if seconds <= 0 or after < before:
        return None
    return (after - before) / seconds


def route(entry: Entry, vifs: dict[int, Vif], before: Entry | None, seconds: float) -> dict[str, Any]:
    """One entry of the cache in names and rates."""

    def per_second(counter: str, times: int = 1) -> float | None:
        if before is None:
            return None
        made = rate(getattr(before, counter), getattr(entry, counter), seconds)
        return None if made is None else round(made * times, 2)

    source = vifs.get(entry.input) if entry.input is not None else None
    return {
        "group": entry.group,
        "origin": entry.origin,
        "resolved": entry.input is not None,
        "input_interface": source.name if source else None,
        "output_interfaces": [vifs[index].name for index in entry.outputs if index in vifs],
        "packets": entry.packets,
        "bytes": entry.octets,
        "wrong_interface": entry.wrong,
        "packets_per_second": per_second("packets"),
        "bits_per_second": per_second("octets", 8),
        "wrong_interface_per_second": per_second("wrong"),
    }


def netstat(text: str, group: str, counter: str) -> int:
    """One counter of /proc/net/netstat, where a line of names comes before each line of values; 0 if it is not there."""
    names: list[str] = []
    for line in text.splitlines():
        label, _colon, rest = line.partition(":")
        if label != group:
            continue
        words = rest.split()
        if not names:
            names = words
        elif counter in names[: len(words)]:
            value = words[names.index(counter)]
            return int(value) if value.isdigit() else 0
    return 0
