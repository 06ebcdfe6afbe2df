# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join a group as a set-top box does, and watch what comes. All input and output is here."""

from __future__ import annotations

import errno
import fcntl
import ipaddress
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _mpegts, _multicast

# linux/in.h and asm-generic/socket.h; Python's socket module names only some of them.
_IP_MULTICAST_ALL = 49
_MCAST_JOIN_SOURCE_GROUP = 46
_MCAST_LEAVE_SOURCE_GROUP = 47
_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_SO_RXQ_OVFL = 40
_TIMESPEC = struct.Struct("@ll")
# Some seconds of a channel: loss for want of room here would be taken for the network's.
_BUFFER = 8 << 20
_SIOCGIFFLAGS = 0x8913
_IFF_UP = 1


class ProbeError(Exception):
    """The question cannot be asked; the message says why and what to do."""


@dataclass
class Findings:
    """What came of a group."""

    meter: _mpegts.StreamMeter = field(default_factory=_mpegts.StreamMeter)
    # Seconds from the join to the first packet's arrival.
    first_after: float | None = None
    # Packets by source address.
    sources: dict[str, int] = field(default_factory=dict)
    # Whether this host was a member on the interface before, so that nobody had to be asked.
    joined_before: bool = False
    # Packets that came and found no room in this program's buffer.
    overflow: int = 0
    # Packets that the whole host dropped meanwhile because of rp_filter.
    reverse_path_drops: int = 0


def _is_member(interface: str, group: str) -> bool:
    """Whether this host is a member of the group on the interface."""
    groups = _multicast.parse_igmp(Path("/proc/net/igmp").read_text(encoding="ascii"), sys.byteorder).get(interface)
    return groups is not None and any(member.group == group for member in groups.memberships)


def _reverse_path_drops() -> int:
    """The kernel's count of packets dropped by rp_filter."""
    return _multicast.netstat(Path("/proc/net/netstat").read_text(encoding="ascii"), "TcpExt", "IPReversePathFilter")


def join_request(index: int, group: str, source: str) -> tuple[int, int, bytes]:
    """Socket options to join and to leave, and their value: any source, or one (RFC 3678)."""
    if not source:
        value = struct.pack("@4s4si", ipaddress.IPv4Address(group).packed, bytes(4), index)
        return socket.IP_ADD_MEMBERSHIP, socket.IP_DROP_MEMBERSHIP, value
    # struct group_source_req: the number, then two sockaddr_storage of 128 octets, aligned like a long.
    storages = (struct.pack("@HH4s120x", socket.AF_INET, 0, ipaddress.IPv4Address(one).packed) for one in (group, source))
    head = struct.pack("@I", index).ljust(struct.calcsize("@L"), b"\0")
    return _MCAST_JOIN_SOURCE_GROUP, _MCAST_LEAVE_SOURCE_GROUP, head + b"".join(storages)


def interface_index(interface: str) -> int:
    """The number of an interface that can be asked."""
    # Not from /sys, which may be another network namespace's.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            index = socket.if_nametoindex(interface)
            answer = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16s16x", interface.encode()))
        except OSError as error:
            raise ProbeError(f"There is no interface {interface}.") from error
    if not struct.unpack_from("@H", answer, 16)[0] & _IFF_UP:
        raise ProbeError(f"{interface} is down: `ip link set {interface} up`.")
    return index


def join_error(error: OSError, interface: str, group: str) -> ProbeError:
    """What the kernel means by refusing to join."""
    if error.errno == errno.ENOBUFS:
        return ProbeError(f"The kernel has no room for {group}: raise net.ipv4.igmp_max_memberships or igmp_max_msf.")
    if error.errno == errno.EACCES:
        return ProbeError(f"The kernel does not let this user join {group} on {interface}: be root.")
    return ProbeError(f"Cannot join {group} on {interface}: {error.strerror}.")


def prepare(group: str, port: int) -> socket.socket:
    """A socket that gets this group's datagrams and nothing else, with their times of arrival."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        # Somebody else may be listening already; multicast goes to both.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Without this, a group that another program joined on another interface would be heard here.
        sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        sock.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        except PermissionError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        sock.bind((group, port))
    except OSError as error:
        sock.close()
        raise ProbeError(f"Cannot listen on UDP port {port}: {error.strerror}.") from error
    return sock


def _receive(sock: socket.socket, found: Findings, joined: float) -> None:
    """Take one datagram."""
    datagram, ancillary, _flags, (source, _port) = sock.recvmsg(65535, 256)
    arrived = time.time()
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            arrived = seconds + nanoseconds / 1e9
        elif level == socket.SOL_SOCKET and kind == _SO_RXQ_OVFL and len(data) >= 4:
            found.overflow = int.from_bytes(data[:4], sys.byteorder)
    if found.first_after is None:
        found.first_after = max(0.0, arrived - joined)
    found.sources[source] = found.sources.get(source, 0) + 1
    found.meter.add(datagram, arrived)


def watch(interface: str, group: str, port: int, source: str, timeout: float, duration: float) -> Findings:
    """Join, wait up to "timeout" seconds for the first packet, watch for "duration" seconds from it on, and leave.

    Nothing that comes is an answer too. Raises ProbeError if the group cannot be joined.
    """
    join, leave, request = join_request(interface_index(interface), group, source)
    found = Findings(joined_before=_is_member(interface, group))
    drops = _reverse_path_drops()
    with prepare(group, port) as sock:
        joined = time.time()
        end = time.monotonic() + timeout
        try:
            sock.setsockopt(socket.IPPROTO_IP, join, request)
        except OSError as error:
            raise join_error(error, interface, group) from error
        try:
            while True:
                left = end - time.monotonic()
                if left <= 0 or not select.select([sock], [], [], left)[0]:
                    break
                if found.first_after is None:
                    end = time.monotonic() + duration
                _receive(sock, found, joined)
        finally:
            sock.setsockopt(socket.IPPROTO_IP, leave, request)
    found.reverse_path_drops = _reverse_path_drops() - drops
    return found
