# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a host of the lab: sends frames with and without a tag, and hears those of others.

    frames.py hear SECONDS MARK            prints, as JSON, [[payload, tag or 0, copies], ...] of what came in with the mark
    frames.py send MARK SOURCE TAG...      one broadcast frame for each tag, 0 for none; payload "MARK SOURCE TAG"
    frames.py stream GROUP TAG COUNT MARK  COUNT UDP datagrams to a multicast group, one each 5 ms
    frames.py query TAG                    an IGMP general query, as a multicast router sends it
    frames.py join GROUP SECONDS           be a member of a group, and say so

The EtherType is one of the two that IEEE 802 keeps for experiments. The kernel takes the tag out of a frame before it hands it over, and
tells it beside the packet (packet(7), PACKET_AUXDATA).
"""

from __future__ import annotations

import collections
import json
import select
import socket
import struct
import sys
import time

EXPERIMENT = 0x88B5
SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 0x10
INTERFACE = "eth0"


def tagged(destination: bytes, source: bytes, tag: int, rest: bytes) -> bytes:
    """An Ethernet frame; tag 0 is none."""
    return destination + source + (struct.pack("!HH", 0x8100, tag) if tag else b"") + rest


def wire(protocol: int) -> socket.socket:
    """A socket on the network card, for sending and for what comes in."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.bind((INTERFACE, protocol))
    return sock


def hear(seconds: float, mark: str) -> None:
    """Count the frames with the mark."""
    sock = wire(3)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    heard: collections.Counter[tuple[str, int]] = collections.Counter()
    end = time.monotonic() + seconds
    while select.select([sock], [], [], max(0.0, end - time.monotonic()))[0]:
        frame, beside, _flags, address = sock.recvmsg(2048, 64)
        if address[2] == socket.PACKET_OUTGOING:
            continue
        tag = 0
        for _level, kind, data in beside:
            if kind == PACKET_AUXDATA:
                status, _length, _snap, _mac, _net, tci = struct.unpack("=IIIHHH", data[:18])
                tag = tci & 0xFFF if status & VLAN_VALID else 0
        begin = frame.find(mark.encode())
        if begin >= 0:
            heard[frame[begin:].rstrip(b"\0").decode(), tag] += 1
    print(json.dumps([[payload, tag, copies] for (payload, tag), copies in sorted(heard.items())]))


def send(mark: str, source: str, tags: list[int]) -> None:
    """One broadcast for each tag."""
    sock = wire(0)
    mac = sock.getsockname()[4]
    for tag in tags:
        payload = f"{mark} {source} {tag}".encode().ljust(46, b"\0")
        sock.send(tagged(b"\xff" * 6, mac, tag, struct.pack("!H", EXPERIMENT) + payload))


def packet(source: str, group: str, protocol: int, payload: bytes) -> bytes:
    """An IPv4 packet, behind its EtherType; its TTL is 1 for IGMP."""
    ihl, options = (0x46, b"\x94\x04\0\0") if protocol == socket.IPPROTO_IGMP else (0x45, b"")
    length = 20 + len(options) + len(payload)
    ttl = 1 if options else 8
    header = struct.pack("!BBHHHBBH4s4s", ihl, 0, length, 0, 0, ttl, protocol, 0, socket.inet_aton(source), socket.inet_aton(group)) + options
    return struct.pack("!H", 0x0800) + header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def checksum(data: bytes) -> int:
    """Of the Internet, RFC 1071."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def multicast_mac(group: str) -> bytes:
    """RFC 1112, section 6.4."""
    address = socket.inet_aton(group)
    return b"\x01\x00\x5e" + bytes([address[1] & 0x7F]) + address[2:]


def stream(group: str, tag: int, count: int, mark: str) -> None:
    """What a channel looks like to a switch."""
    sock = wire(0)
    payload = f"{mark} {group} {tag}".encode().ljust(200, b"\0")
    udp = struct.pack("!HHHH", 8208, 8208, 8 + len(payload), 0) + payload
    frame = tagged(multicast_mac(group), sock.getsockname()[4], tag, packet("172.26.72.17", group, socket.IPPROTO_UDP, udp))
    for _number in range(count):
        sock.send(frame)
        time.sleep(0.005)  # the pace of a channel: 200 datagrams a second


def query(tag: int) -> None:
    """IGMPv2, RFC 2236: who is a member of anything?"""
    sock = wire(0)
    asked = struct.pack("!BBH4s", 0x11, 100, checksum(struct.pack("!BBH4s", 0x11, 100, 0, bytes(4))), bytes(4))
    sock.send(tagged(multicast_mac("224.0.0.1"), sock.getsockname()[4], tag, packet("192.168.1.1", "224.0.0.1", socket.IPPROTO_IGMP, asked)))


def join(group: str, seconds: float) -> None:
    """The kernel reports, and answers queries."""
    member = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    index = socket.if_nametoindex(INTERFACE)
    member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4si", socket.inet_aton(group), bytes(4), index))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    time.sleep(seconds)  # a member for so long; the kernel answers by itself


if __name__ == "__main__":
    command, *words = sys.argv[1:]
    if command == "hear":
        hear(float(words[0]), words[1])
    elif command == "send":
        send(words[0], words[1], [int(word) for word in words[2:]])
    elif command == "query":
        query(int(words[0]))
    elif command == "join":
        join(words[0], float(words[1]))
    else:
        stream(words[0], int(words[1]), int(words[2]), words[3])
