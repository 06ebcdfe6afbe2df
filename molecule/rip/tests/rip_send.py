# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends one RIP message (RFC 2453) with any sender, port and TTL over any interface. Runs on a host of the lab, as root.

rip_send.py INTERFACE SOURCE [OPTION=VALUE ...] PREFIX,METRIC[,NEXTHOP] ...
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys

RESPONSE = 2
MULTICAST = "224.0.0.9"
# A socket option of Linux that Python has no name for in every version.
SO_BINDTODEVICE = 25


def entry(text: str, version: int) -> bytes:
    """One route of the message. Version 1 has neither mask nor next hop."""
    prefix, metric, *rest = text.split(",")
    network = ipaddress.IPv4Network(prefix)
    mask = network.netmask.packed if version == 2 else bytes(4)
    return struct.pack("!HH4s4s4sI", socket.AF_INET, 0, network.network_address.packed, mask, socket.inet_aton(rest[0] if rest else "0"), int(metric))


def datagram(source: str, destination: str, ports: tuple[int, int], ttl: int, payload: bytes) -> bytes:
    """IPv4 and UDP around a payload. The kernel fills in length and checksum of IP; UDP may go without a checksum (RFC 768)."""
    udp = struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0xC0, 0, 0, 0, ttl, socket.IPPROTO_UDP, 0, socket.inet_aton(source), socket.inet_aton(destination)) + udp


def main() -> None:
    """Entry point."""
    interface, source, *words = sys.argv[1:]
    options = {"to": MULTICAST, "sport": "520", "dport": "520", "ttl": "1", "version": "2", "command": str(RESPONSE), "raw": ""}
    options.update(word.split("=", 1) for word in words if "=" in word)
    version = int(options["version"])
    routes = [word for word in words if "=" not in word]
    # "raw" is what stands where routes would, in hexadecimal digits.
    body = bytes.fromhex(options["raw"]) or b"".join(entry(route, version) for route in routes)
    payload = struct.pack("!BBH", int(options["command"]), version, 0) + body
    packet = datagram(source, options["to"], (int(options["sport"]), int(options["dport"])), int(options["ttl"]), payload)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        sender.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, interface.encode())
        sender.sendto(packet, (options["to"], 0))


if __name__ == "__main__":
    main()
