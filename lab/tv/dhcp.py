# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP as a set-top box speaks it: messages to the byte (RFC 2131, RFC 2132), and a socket to send them without an address."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from igmp import checksum

DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6
_COOKIE = b"\x63\x82\x53\x63"
_ETH_P_IP = 0x0800
_BROADCAST = b"\xff" * 6
VENDOR_CLASS = b"[IAL]"
# What the boxes ask for besides the usual; nobody answers the last four.
ASKED = (1, 3, 6, 12, 15, 26, 28, 42, 51, 54, 58, 59, 170, 241, 242, 243)
OPCH = 240


@dataclass(frozen=True)
class Message:
    """A server's message."""

    kind: int
    address: str
    # By code, in the order in which they stand in the message; options that come in parts are put together.
    options: dict[int, bytes] = field(default_factory=dict)

    def addresses(self, code: int) -> list[str]:
        """An option that is a list of addresses."""
        value = self.options.get(code, b"")
        return [socket.inet_ntoa(value[at : at + 4]) for at in range(0, len(value) - 3, 4)]


def message(kind: int, transaction: bytes, mac: bytes, client_id: bytes, *, ask_opch: bool = True, offer: Message | None = None) -> bytes:
    """A client's message as an IPv4 packet to everybody; "offer" is what a REQUEST accepts."""
    asked = bytes((*ASKED, OPCH) if ask_opch else ASKED)
    options = [(53, bytes([kind])), (61, client_id), (60, VENDOR_CLASS), (57, (1500).to_bytes(2, "big")), (55, asked)]
    if offer is not None:
        options += [(50, socket.inet_aton(offer.address)), (54, offer.options[54])]
    # Flags: answer by broadcast, since there is no address to answer to yet.
    body = struct.pack("!BBBB4sHH16s16s192x", 1, 1, 6, 0, transaction, 0, 0x8000, b"", mac) + _COOKIE
    body += b"".join(bytes((code, len(value))) + value for code, value in options) + b"\xff"
    body = body.ljust(300, b"\0")
    udp = struct.pack("!HHHH", 68, 67, 8 + len(body), 0) + body
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    return head[:10] + checksum(head).to_bytes(2, "big") + head[12:] + udp


def _options(data: bytes) -> dict[int, bytes] | None:
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        if at + 2 > len(data) or at + 2 + data[at + 1] > len(data):
            return None
        code, length = data[at], data[at + 1]
        found[code] = found.get(code, b"") + data[at + 2 : at + 2 + length]
        at += 2 + length
    return found


def read(packet: bytes, transaction: bytes) -> Message | None:
    """A server's message of our transaction in an IPv4 packet; None for anything else."""
    if len(packet) < 20 or packet[0] >> 4 != 4 or packet[9] != 17:
        return None
    start = (packet[0] & 15) * 4
    ports, body = packet[start : start + 4], packet[start + 8 :]
    if ports != struct.pack("!HH", 67, 68) or len(body) < 240 or body[0] != 2 or body[4:8] != transaction or body[236:240] != _COOKIE:
        return None
    options = _options(body[240:])
    if options is None or len(options.get(53, b"")) != 1 or len(options.get(54, b"")) != 4:
        return None
    return Message(options[53][0], socket.inet_ntoa(body[16:20]), options)


class Client:
    """Talks DHCP on an interface that has no address."""

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))
        self.sock.bind((interface, _ETH_P_IP))
        self.mac = self.sock.getsockname()[4]

    def close(self) -> None:
        """Give the socket back."""
        self.sock.close()

    def exchange(self, packet: bytes, transaction: bytes, kinds: tuple[int, ...], pauses: tuple[float, ...]) -> Message | None:
        """Send a packet, again after each pause, until a message of the wanted kinds answers; None if none ever does."""
        for pause in pauses:
            self.sock.sendto(packet, (self.interface, _ETH_P_IP, 0, 0, _BROADCAST))
            for received in self._arriving(pause):
                answer = read(received, transaction)
                if answer is not None and answer.kind in kinds:
                    return answer
        return None

    def _arriving(self, seconds: float) -> Iterator[bytes]:
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                return
            with contextlib.suppress(BlockingIOError):
                yield self.sock.recv(65535)
