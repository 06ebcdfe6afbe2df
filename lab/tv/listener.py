# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A joined group as a set-top box hears it: what comes, when, and what is missing. Times are the kernel's, of each packet's arrival."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from typing import Any

_ETH_P_IP = 0x0800
_IP_MULTICAST_ALL, _SO_RCVBUFFORCE, _SO_TIMESTAMPNS = 49, 33, 35
_BUFFER = 4 << 20
_LOSSES = 20
_TIMESPEC = struct.Struct("@ll")


class Stopped(Exception):
    """The boot cannot go on; the message says why."""


def _receive(sock: socket.socket, size: int) -> tuple[bytes, float]:
    """A packet and the time of its arrival."""
    packet, ancillary, _flags, _address = sock.recvmsg(size, 128)
    for level, kind, value in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack_from(value)
            return packet, seconds + nanoseconds / 1e9
    return packet, time.time()


class Listener:
    """A joined group, and what is counted of it."""

    def __init__(self, interface: str, group: str, port: int) -> None:
        self.group, self.port = group, port
        self.packets = self.octets = self.lost = self.late = 0
        self.longest_gap = 0.0
        # The first losses: seconds after the join, and how many were missing then.
        self.lost_at: list[tuple[float, int]] = []
        self.first: float | None = None
        self._last = 0.0
        self._sequence: int | None = None
        self._request = struct.pack("4s4si", socket.inet_aton(group), bytes(4), socket.if_nametoindex(interface))
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        with contextlib.suppress(PermissionError):
            self.sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        self.sock.setblocking(False)
        try:
            self.sock.bind((group, port))
            self.joined = time.time()
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, self._request)
        except OSError as error:
            self.sock.close()
            raise Stopped(f"cannot join {group}: {error.strerror}") from error

    def receive(self, seconds: float) -> bytes | None:
        """The next datagram, counted; None when none comes in time."""
        if not select.select([self.sock], [], [], max(0.0, seconds))[0]:
            return None
        try:
            datagram, at = _receive(self.sock, 65535)
        except BlockingIOError:
            return None
        if self.first is None:
            self.first = max(0.0, at - self.joined)
        else:
            self.longest_gap = max(self.longest_gap, at - self._last)
        self._last = at
        self.packets += 1
        self.octets += len(datagram)
        # RTP, version 2, with a transport stream in it.
        if len(datagram) > 12 and datagram[0] >> 6 == 2 and datagram[1] & 0x7F == 33:
            self._count(int.from_bytes(datagram[2:4], "big"), at)
        return datagram

    def _count(self, sequence: int, at: float) -> None:
        ahead = 1 if self._sequence is None else (sequence - self._sequence) & 0xFFFF
        if ahead == 0 or ahead >= 0x8000:
            self.late += 1
            return
        if ahead > 1 and len(self.lost_at) < _LOSSES:
            self.lost_at.append((round(at - self.joined, 3), ahead - 1))
        self.lost += ahead - 1
        self._sequence = sequence

    def need(self, seconds: float) -> bytes:
        """The next datagram, or Stopped."""
        datagram = self.receive(seconds)
        if datagram is None:
            raise Stopped(f"nothing comes from {self.group}:{self.port}, {time.time() - self.joined:.1f} s after the join")
        return datagram

    def silence(self) -> None:
        """Count the time since the last packet as a gap, too."""
        if self.first is not None:
            self.longest_gap = max(self.longest_gap, time.time() - self._last)

    def leave(self) -> float:
        """Leave the group; the time of leaving."""
        left = time.time()
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, self._request)
        self.sock.close()
        return left

    @property
    def join_ms(self) -> float | None:
        """Time from the join to the first packet in milliseconds."""
        return None if self.first is None else round(self.first * 1000, 1)

    def evidence(self) -> dict[str, Any]:
        """Counts for the report."""
        return {
            "group": self.group, "packets": self.packets, "bytes": self.octets, "lost": self.lost, "lost_at": self.lost_at,
            "late": self.late, "longest_gap_ms": round(self.longest_gap * 1000, 1), "join_ms": self.join_ms,
        }  # fmt: skip


class Wire:
    """All IPv4 packets on the interface, to see a group end that is no longer listened to."""

    def __init__(self, interface: str) -> None:
        self._sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        with contextlib.suppress(PermissionError):
            self._sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        self._sock.bind((interface, _ETH_P_IP))

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_error: object) -> None:
        self._sock.close()

    def fade_ms(self, group: str, left: float, seconds: float, quiet: float = 0.5) -> float | None:
        """Milliseconds from leaving a group to its last packet; None if it still flows after so many seconds."""
        last, now, destination = left, left, socket.inet_aton(group)
        while now < left + seconds:
            if select.select([self._sock], [], [], 0.05)[0]:
                packet, now = _receive(self._sock, 64)
                if packet[16:20] == destination and packet[9] == socket.IPPROTO_UDP:
                    last = max(last, now)
            else:
                now = time.time()
            if now > last + quiet:
                return round((last - left) * 1000, 1)
        return None
