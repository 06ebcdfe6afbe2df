# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IGMP as the ISP's router speaks it: messages of versions 1 to 3, and who is a member of what (RFC 2236, RFC 3376)."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

QUERY, REPORT_V1, REPORT_V2, LEAVE, REPORT_V3 = 0x11, 0x12, 0x16, 0x17, 0x22
# Types of records in a version 3 report.
IS_INCLUDE, IS_EXCLUDE, TO_INCLUDE, TO_EXCLUDE, ALLOW, BLOCK = 1, 2, 3, 4, 5, 6
_PROTOCOL = 2
_ROUTER_ALERT = bytes((0x94, 0x04, 0, 0))


def checksum(data: bytes) -> int:
    """The Internet checksum; 0 over data that holds its own."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@dataclass(frozen=True)
class Wish:
    """What a host says of a group: it wants all senders but "sources" (exclude), or only these. Only none is a leave."""

    host: str
    group: str
    exclude: bool
    sources: frozenset[str] = frozenset()
    # Whether "sources" are added to (ALLOW) or taken from (BLOCK) what it said before.
    change: int = 0


def read(packet: bytes) -> list[Wish] | None:
    """What hosts say in an IPv4 packet; [] for a message that says nothing of members, None for what is no sound IGMP."""
    if len(packet) < 20 or packet[0] >> 4 != 4 or packet[9] != _PROTOCOL:
        return None
    header, total = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
    message = packet[header:total]
    if not 20 <= header <= total <= len(packet) or len(message) < 8 or checksum(packet[:header]) or checksum(message):
        return None
    host, kind, group = socket.inet_ntoa(packet[12:16]), message[0], socket.inet_ntoa(message[4:8])
    if kind in (REPORT_V1, REPORT_V2):
        return [Wish(host, group, True)]
    if kind == LEAVE:
        return [Wish(host, group, False)]
    if kind == REPORT_V3:
        return _records(host, message)
    return []


def _records(host: str, message: bytes) -> list[Wish] | None:
    wishes, at = [], 8
    for _record in range(int.from_bytes(message[6:8], "big")):
        if at + 8 > len(message):
            return None
        kind, auxiliary, count, group = struct.unpack_from("!BBH4s", message, at)
        end = at + 8 + 4 * count
        if end + 4 * auxiliary > len(message):
            return None
        sources = frozenset(socket.inet_ntoa(message[one : one + 4]) for one in range(at + 8, end, 4))
        change = kind if kind in (ALLOW, BLOCK) else 0
        if IS_INCLUDE <= kind <= BLOCK:
            wishes.append(Wish(host, socket.inet_ntoa(group), kind in (IS_EXCLUDE, TO_EXCLUDE), sources, change))
        at = end + 4 * auxiliary
    return wishes


def _packet(source: str, destination: str, message: bytes) -> bytes:
    """IPv4 header with Router Alert and TTL 1 around a message whose checksum is still 0."""
    message = message[:2] + checksum(message).to_bytes(2, "big") + message[4:]
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x46, 0xC0, 24 + len(message), 0, 0, 1, _PROTOCOL, 0, socket.inet_aton(source), socket.inet_aton(destination)
    )
    head += _ROUTER_ALERT
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + message


def query(source: str, version: int = 2, group: str = "0.0.0.0", seconds: float = 10.0) -> bytes:
    """IPv4 packet that asks who is a member: of anything, or of one group. "seconds" is the time hosts have to answer."""
    message = struct.pack("!BBH4s", QUERY, min(255, round(seconds * 10)), 0, socket.inet_aton(group))
    if version == 3:
        # Robustness 2, interval 125 s, no sources.
        message += struct.pack("!BBH", 2, 125, 0)
    return _packet(source, "224.0.0.1" if group == "0.0.0.0" else group, message)


def report(source: str, kind: int, group: str) -> bytes:
    """IPv4 packet in which a host joins (REPORT_V2) or leaves (LEAVE), for tests."""
    destination = "224.0.0.2" if kind == LEAVE else group
    return _packet(source, destination, struct.pack("!BBH4s", kind, 0, 0, socket.inet_aton(group)))


def report_v3(source: str, records: list[tuple[int, str, list[str]]]) -> bytes:
    """IPv4 packet with a version 3 report: record type, group, sources; for tests."""
    message = struct.pack("!BBHHH", REPORT_V3, 0, 0, 0, len(records))
    for kind, group, sources in records:
        message += struct.pack("!BBH4s", kind, 0, len(sources), socket.inet_aton(group)) + b"".join(map(socket.inet_aton, sources))
    return _packet(source, "224.0.0.22", message)


def multicast_mac(group: str) -> bytes:
    """Ethernet address of a group (RFC 1112)."""
    low = int.from_bytes(socket.inet_aton(group), "big") & 0x7FFFFF
    return (0x01005E000000 | low).to_bytes(6, "big")


@dataclass
class Member:
    """A host's membership."""

    expires: float
    exclude: bool
    sources: frozenset[str]

    def wants(self, source: str) -> bool:
        """Whether it wants this sender."""
        return (source not in self.sources) if self.exclude else (source in self.sources)


class Memberships:
    """Who is a member of what, until when."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Member]] = {}

    def apply(self, wish: Wish, now: float, timeout: float) -> str:
        """Take a wish in: "join" for a new member, "report" for a known one, "leave" for one that goes, else ""."""
        members = self.groups.setdefault(wish.group, {})
        known = members.get(wish.host)
        exclude, sources = wish.exclude, wish.sources
        if wish.change:
            exclude = known.exclude if known else False
            before = known.sources if known else frozenset()
            # What is allowed leaves a list of the excluded and enters one of the included.
            sources = (before | sources) if (wish.change == ALLOW) != exclude else (before - sources)
        if not exclude and not sources:
            if known is None:
                if not members:
                    del self.groups[wish.group]
                return ""
            return "leave"
        members[wish.host] = Member(now + timeout, exclude, sources)
        return "report" if known else "join"

    def remove(self, group: str, host: str) -> None:
        """Forget a member at once."""
        members = self.groups.get(group, {})
        members.pop(host, None)
        if not members:
            self.groups.pop(group, None)

    def shorten(self, group: str, until: float) -> None:
        """Let all members of a group expire unless they report again: what a group-specific query is for."""
        for member in self.groups.get(group, {}).values():
            member.expires = min(member.expires, until)

    def expire(self, now: float) -> list[tuple[str, str]]:
        """Forget members that have not reported in time, and give them as group and host."""
        late = [(group, host) for group, members in self.groups.items() for host, member in members.items() if member.expires <= now]
        for group, host in late:
            self.remove(group, host)
        return late

    def wanted(self, group: str, source: str) -> bool:
        """Whether anybody wants this sender of the group."""
        return any(member.wants(source) for member in self.groups.get(group, {}).values())

    def next_expiry(self) -> float | None:
        """When the next member expires."""
        return min((member.expires for members in self.groups.values() for member in members.values()), default=None)
