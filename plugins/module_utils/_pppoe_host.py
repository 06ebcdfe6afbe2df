# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host as PPPoE sees it: interfaces, discovery on the wire, the kernel's tables. All input and output is here."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import secrets
import select
import socket
import struct
import time
from pathlib import Path

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _pppoe

SYS_NET = Path("/sys/class/net")
_ETH_P_ALL = 0x0003
_SO_ATTACH_FILTER = 26
_SOL_PACKET = 263
_PACKET_ADD_MEMBERSHIP = 1
_PACKET_MR_PROMISC = 1
_PACKET_AUXDATA = 8
_AUXDATA = struct.Struct("IIIHHHH")
_TP_STATUS_VLAN_VALID = 1 << 4
_SIOCGIFADDR = 0x8915
_SIOCGIFDSTADDR = 0x8917
_IFF_UP = 1
_AF_PPPOX = 24


def text(path: Path | str) -> str | None:
    """A small file's text; None if it is not there or, as "carrier" of an interface that is down, has none."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINVAL, errno.ENODEV, errno.ENOTDIR):
            return None
        raise


def exists(interface: str) -> bool:
    """Whether the kernel has an interface of this name."""
    return interface != "" and (SYS_NET / interface).exists()


def is_up(interface: str) -> bool:
    """Whether an interface is administratively up."""
    return bool(int(text(SYS_NET / interface / "flags") or "0", 16) & _IFF_UP)


def has_carrier(interface: str) -> bool:
    """Whether an interface has a link to the other end of its cable; an interface that is down has none."""
    return (text(SYS_NET / interface / "carrier") or "0").strip() == "1"


def mtu(interface: str) -> int | None:
    """MTU in octets."""
    value = text(SYS_NET / interface / "mtu")
    return None if value is None else int(value)


def mac(interface: str) -> bytes:
    """Hardware address; empty where there is none of Ethernet's form."""
    value = (text(SYS_NET / interface / "address") or "").strip()
    return bytes.fromhex(value.replace(":", "")) if len(value) == 17 else b""


def parent(interface: str) -> str | None:
    """The interface on which a VLAN interface stands."""
    for path in sorted((SYS_NET / interface).glob("lower_*")):
        return path.name[len("lower_") :]
    return None


def vlan_id(interface: str) -> int | None:
    """Id of a VLAN interface."""
    return _pppoe.vlan_id(text(f"/proc/net/vlan/{interface}") or "")


def cards() -> tuple[str, ...]:
    """Interfaces that are devices of their own, not made from others."""
    return tuple(sorted(path.parent.name for path in SYS_NET.glob("*/device")))


def ipv4(interface: str) -> tuple[str, str] | None:
    """Own and other end's address of a point-to-point interface."""
    request = struct.pack("256s", interface.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            own, other = (fcntl.ioctl(control, call, request)[20:24] for call in (_SIOCGIFADDR, _SIOCGIFDSTADDR))
        except OSError as error:
            if error.errno in (errno.ENODEV, errno.EADDRNOTAVAIL):
                return None
            raise
    return socket.inet_ntoa(own), socket.inet_ntoa(other)


def kernel_lacks() -> list[str]:
    """What of PPPoE the running kernel does not have. Asking loads the modules, as dialling would."""
    lacks = []
    try:
        socket.socket(_AF_PPPOX, socket.SOCK_STREAM, 0).close()
    except OSError as error:
        lacks.append(f"a PPPoE socket cannot be made: {os.strerror(error.errno or 0)}")
    try:
        os.close(os.open("/dev/ppp", os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        lacks.append(f"/dev/ppp cannot be opened: {os.strerror(error.errno or 0)}")
    return lacks


def _only_discovery(sock: socket.socket) -> None:
    """Have the kernel drop everything but discovery packets: on a busy uplink nothing else could be kept up with."""
    program = struct.pack("HBBI", 0x28, 0, 0, 12)  # load the half-word at octet 12, the frame's type
    program += struct.pack("HBBI", 0x15, 0, 1, _pppoe.ETH_DISCOVERY)  # if it is not discovery, skip one
    program += struct.pack("HBBI", 0x06, 0, 0, 0xFFFF)  # keep the packet
    program += struct.pack("HBBI", 0x06, 0, 0, 0)  # drop it
    buffer = ctypes.create_string_buffer(program)
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", 4, ctypes.addressof(buffer)))


def _tag(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    """VLAN id that the kernel took off a received frame."""
    for level, kind, data in ancillary:
        if level == _SOL_PACKET and kind == _PACKET_AUXDATA and len(data) >= _AUXDATA.size:
            status, _len, _snap, _mac, _net, tci, _tpid = _AUXDATA.unpack_from(data)
            if status & _TP_STATUS_VLAN_VALID:
                return int(tci) & 0x0FFF
    return None


def ask(
    interface: str, vlans: tuple[int | None, ...] = (None,), service: str = "", seconds: float = 2.0, enough: int = 0
) -> list[tuple[_pppoe.Offer, float]]:
    """Send discovery packets (None: without tag) and collect the answers and their times in seconds.

    Each question is sent three times, at the beginning and after a sixth and half of the time. Ends early after
    "enough" different answers, 0 meaning never. Raises OSError if the interface cannot be used.
    """
    source = mac(interface)
    if not source:
        raise OSError(errno.ENODEV, f"{interface} is no Ethernet interface")
    ours = secrets.token_bytes(12)
    found: dict[tuple[str, int | None], tuple[_pppoe.Offer, float]] = {}
    tagged = any(vlan is not None for vlan in vlans)
    # Answers with a tag reach neither a socket of one packet type nor, for ids that have an interface, this one at all;
    # so take all types, before the VLAN code sees them, and let the filter choose. Protocol 0: nothing arrives too early.
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        _only_discovery(sock)
        sock.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        sock.bind((interface, _ETH_P_ALL))
        if tagged:
            # Network cards drop tags that nobody configured, except while they listen to everything.
            index = socket.if_nametoindex(interface)
            sock.setsockopt(
                _SOL_PACKET, _PACKET_ADD_MEMBERSHIP, struct.pack("iHH8s", index, _PACKET_MR_PROMISC, 0, b"")
            )
        start = time.monotonic()
        due = [start, start + seconds / 6, start + seconds / 2]
        sent: dict[int | None, float] = {}
        while True:
            now = time.monotonic()
            if now >= start + seconds or (enough and len(found) >= enough):
                break
            if due and now >= due[0]:
                due.pop(0)
                for vlan in vlans:
                    sent[vlan] = time.monotonic()
                    sock.send(_pppoe.padi(source, ours, service, vlan))
                continue
            readable, _w, _x = select.select([sock], [], [], min([*due, start + seconds]) - now)
            if not readable:
                continue
            frame, ancillary, _flags, _address = sock.recvmsg(2048, 256)
            arrived = time.monotonic()
            offer = _pppoe.read_pado(frame, ours, _tag(ancillary))
            # An answer with a tag is heard below the VLAN interfaces too; only those that were asked count.
            if offer is not None and offer.vlan in sent:
                found.setdefault((offer.mac, offer.vlan), (offer, arrived - sent[offer.vlan]))
    return list(found.values())
