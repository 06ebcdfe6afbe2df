# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plays devices of the LAN, one after the other, on an interface without address; prints what the server answers as JSON.

device.py INTERFACE DEVICE...

Each DEVICE is a JSON object. "mac" asks for everything that a set-top box or a PC asks for (RFC 2131, DISCOVER and REQUEST), except for
options that are in "not_asked". One with an "address" believes that it still has a lease of it (INIT-REBOOT). "vendor_class" is
option 60.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
import time

DISCOVER, REQUEST = 1, 3
WANTED = bytes([1, 3, 6, 12, 15, 26, 28, 33, 42, 43, 51, 54, 58, 59, 119, 121, 125, 240])
MAGIC = b"\x63\x82\x53\x63"
# dnsmasq looks for three seconds whether an address is in use before it offers it.
PATIENCE = 5.0


def checksum(data: bytes) -> int:
    """RFC 1071, of an even number of octets."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return 0xFFFF & ~(total + (total >> 16))


def frame(mac: bytes, kind: int, options: dict[int, bytes]) -> bytes:
    """A broadcast DHCP message of a device without address, which takes broadcast answers."""
    dhcp = struct.pack("!BBBB4sHH16x16s192x", 1, 1, 6, 0, mac[2:], 0, 0x8000, mac) + MAGIC
    for code, value in {53: bytes([kind]), **options}.items():
        dhcp += bytes([code, len(value)]) + value
    dhcp = (dhcp + b"\xff").ljust(300, b"\0")
    udp = struct.pack("!HHHH", 68, 67, 8 + len(dhcp), 0) + dhcp
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    return b"\xff" * 6 + mac + b"\x08\x00" + ip + udp


def answer(data: bytes, mac: bytes) -> dict | None:
    """The server's message to a device in a received frame."""
    header = 14 + (data[14] & 15) * 4
    dhcp = data[header + 8 :]
    if data[23] != 17 or data[header : header + 4] != b"\0\x43\0\x44" or dhcp[4:8] != mac[2:] or dhcp[28:34] != mac:
        return None
    found = {}
    at = 240
    while dhcp[at] != 255:
        if dhcp[at]:
            # An option that comes twice is one that goes on (RFC 3396).
            found[dhcp[at]] = found.get(dhcp[at], "") + dhcp[at + 2 : at + 2 + dhcp[at + 1]].hex()
            at += 1 + dhcp[at + 1]
        at += 1
    return {"address": socket.inet_ntoa(dhcp[16:20]), "next_server": socket.inet_ntoa(dhcp[20:24]), "options": found}


def ask(sock: socket.socket, mac: bytes, kind: int, options: dict[int, bytes]) -> dict | None:
    """Send a message and wait for what comes back."""
    sock.send(frame(mac, kind, options))
    end = time.monotonic() + PATIENCE
    while (left := end - time.monotonic()) > 0 and select.select([sock], [], [], left)[0]:
        found = answer(sock.recv(2048), mac)
        if found:
            return found
    return None


def main() -> None:
    """Entry point."""
    results = []
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as sock:
        sock.bind((sys.argv[1], 0x0800))
        for device in sys.argv[2:]:
            wish = json.loads(device)
            mac, address = bytes.fromhex(wish["mac"].replace(":", "")), wish.get("address")
            common = {55: bytes(code for code in WANTED if code not in wish.get("not_asked", []))}
            if "vendor_class" in wish:
                common[60] = wish["vendor_class"].encode()
            result = {"offer": None, "ack": None}
            if address:
                result["ack"] = ask(sock, mac, REQUEST, {**common, 50: socket.inet_aton(address)})
            else:
                offer = result["offer"] = ask(sock, mac, DISCOVER, common)
                if offer:
                    chosen = {**common, 50: socket.inet_aton(offer["address"]), 54: bytes.fromhex(offer["options"][54])}
                    result["ack"] = ask(sock, mac, REQUEST, chosen)
            results.append(result)
    json.dump(results, sys.stdout)


main()
