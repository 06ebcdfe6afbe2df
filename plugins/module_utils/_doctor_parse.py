# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor reads from other programs' output and from packets. Pure.

Packets: RFC 2131 and 2132 (DHCP), RFC 826 (ARP), RFC 791 and 768.
"""

from __future__ import annotations

import ipaddress
import json
import re
import socket
import struct
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _firewall

DISCOVER, OFFER = 1, 2
_COOKIE = b"\x63\x82\x53\x63"
# What computers and set-top boxes ask for; 240 is what boxes find their portal by, 125 what makes some of them loop.
_ASKED = bytes((1, 3, 6, 12, 15, 26, 28, 42, 51, 54, 58, 59, 125, 240))


# --- packets -------------------------------------------------------------------------------------------------------


class Offer(NamedTuple):
    """A DHCP server's offer; options by code, those that come in parts put together."""

    server: str
    address: str
    options: dict[int, bytes]


class Datagram(NamedTuple):
    """A UDP datagram as an interface saw it."""

    source: str
    target: str
    source_port: int
    port: int
    payload: bytes


def discover(transaction: bytes, mac: bytes, vendor_class: str = "") -> bytes:
    """A DHCPDISCOVER of a device without address, which takes broadcast answers. Nothing is lent because of it."""
    options = [(53, bytes([DISCOVER])), (55, _ASKED)]
    if vendor_class:
        options.append((60, vendor_class.encode("ascii")))
    body = struct.pack("!BBBB4sHH16s16s192x", 1, 1, 6, 0, transaction, 0, 0x8000, b"", mac) + _COOKIE
    body += b"".join(bytes((code, len(value))) + value for code, value in options) + b"\xff"
    # Some servers drop what is shorter than BOOTP's message.
    return body.ljust(300, b"\0")


def broadcast(body: bytes) -> bytes:
    """The IPv4 packet of a DHCP client without address around a message."""
    udp = struct.pack("!HHHH", 68, 67, 8 + len(body), 0) + body
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    return head[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF) + head[12:] + udp


def read_offer(body: bytes, transaction: bytes) -> Offer | None:
    """The offer of our transaction in a UDP payload; None for anything else."""
    if len(body) < 240 or body[0] != 2 or body[4:8] != transaction or body[236:240] != _COOKIE:
        return None
    options: dict[int, bytes] = {}
    at = 240
    while at < len(body) and body[at] != 255:
        if body[at] == 0:
            at += 1
            continue
        if at + 2 > len(body) or at + 2 + body[at + 1] > len(body):
            return None
        code, length = body[at], body[at + 1]
        options[code] = options.get(code, b"") + body[at + 2 : at + 2 + length]
        at += 2 + length
    if options.get(53) != bytes([OFFER]) or len(options.get(54, b"")) != 4:
        return None
    return Offer(socket.inet_ntoa(options[54]), socket.inet_ntoa(body[16:20]), options)


def read_udp(packet: bytes) -> Datagram | None:
    """A UDP datagram in an IPv4 packet; None for anything else and for fragments but the first."""
    if len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != 17:
        return None
    start = (packet[0] & 15) * 4
    if start < 20 or len(packet) < start + 8 or struct.unpack_from("!H", packet, 6)[0] & 0x1FFF:
        return None
    source_port, port, length = struct.unpack_from("!HHH", packet, start)
    # What a network card pads is behind the length.
    payload = packet[start + 8 : start + max(8, length)]
    return Datagram(socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]), source_port, port, payload)


def arp_request(mac: bytes, source: str, target: str) -> bytes:
    """The question who has an address, without its Ethernet header."""
    return struct.pack("!HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, mac, socket.inet_aton(source), bytes(6), socket.inet_aton(target))


def arp_answer(packet: bytes, target: str) -> str:
    """The hardware address in an ARP packet that is the answer of an address, else nothing."""
    if len(packet) < 28 or packet[6:8] != b"\0\2" or packet[14:18] != socket.inet_aton(target):
        return ""
    return ":".join(f"{octet:02x}" for octet in packet[8:14])


class DnsAnswer(NamedTuple):
    """How a DNS server answered."""

    code: int
    answers: int


def read_dns(query: bytes, reply: bytes) -> DnsAnswer | None:
    """The answer to a query, None for anything else (RFC 1035, section 4.1.1)."""
    if len(reply) < 12 or reply[:2] != query[:2] or not reply[2] & 0x80:
        return None
    return DnsAnswer(reply[3] & 0x0F, struct.unpack_from("!H", reply, 6)[0])


# --- other programs ------------------------------------------------------------------------------------------------


def units(text: str) -> dict[str, dict[str, str]]:
    """The answer of C(systemctl show --property=Id,LoadState,ActiveState,Result,UnitFileState UNIT...) by name."""
    found = {}
    for block in text.split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if "Id" in values:
            found[values["Id"]] = {
                "load": values.get("LoadState", ""), "active": values.get("ActiveState", ""), "result": values.get("Result", ""),
                "enabled": values.get("UnitFileState", ""),
            }  # fmt: skip
    return found


def rip_sources(text: str) -> list[dict[str, Any]]:
    """Who speaks RIP and how long ago, from C(show ip rip status) of FRR or Quagga."""
    found = []
    for line in text.partition("Routing Information Sources:")[2].splitlines():
        match = re.fullmatch(r"\s*(\d+\.\d+\.\d+\.\d+)\s+\d+\s+\d+\s+\d+\s+(?:(\d+) days? )?(\d\d):(\d\d):(\d\d)\s*", line)
        if match:
            days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
            found.append({"gateway": match[1], "seconds": ((days * 24 + hours) * 60 + minutes) * 60 + seconds})
    return found


def proxy_config(text: str) -> dict[str, Any]:
    """What a configuration of igmpproxy says: altnet networks of the upstream, whitelists by interface (igmpproxy.conf(5))."""
    words = [word for line in text.splitlines() for word in line.partition("#")[0].split()]
    altnet: list[str] = []
    whitelists: dict[str, list[str]] = {}
    interface, upstream = "", False
    for word, following in zip(words, [*words[1:], ""]):
        if word == "phyint":
            interface, upstream = following, False
            whitelists.setdefault(interface, [])
        elif word in ("upstream", "downstream", "disabled"):
            upstream = word == "upstream"
        elif word == "whitelist":
            whitelists.setdefault(interface, []).append(_network(following))
        elif word == "altnet" and upstream:
            altnet.append(_network(following))
    return {"altnet": altnet, "whitelist": {name: networks for name, networks in whitelists.items() if networks}}


def _network(text: str) -> str:
    # igmpproxy takes host bits and a bare 0/0.
    address, _slash, length = text.partition("/")
    return str(ipaddress.IPv4Network(f"{'0.0.0.0' if address == '0' else address}/{length or 32}", strict=False))


def statistics(text: str) -> dict[str, dict[str, int]]:
    """Packets and errors by interface, from C(ip -json -statistics address show)."""
    found = {}
    for entry in json.loads(text or "[]"):
        counters = entry.get("stats64", entry.get("stats", {}))
        if "ifname" in entry:
            found[entry["ifname"]] = {
                f"{way}_{what}": int(counters.get(way, {}).get(what, 0)) for way in ("rx", "tx") for what in ("packets", "errors")
            }
    return found


# --- firewall ------------------------------------------------------------------------------------------------------


def _fits(expressions: list[dict[str, Any]], keys: tuple[str, ...], interface: str) -> bool:
    """Whether a rule can match packets of an interface, as far as it names one."""
    for expression in expressions:
        match = expression.get("match", {})
        left = match.get("left", {})
        if not isinstance(left, dict) or left.get("meta", {}).get("key") not in keys:
            continue
        right = match["right"]
        names = right.get("set", []) if isinstance(right, dict) else [right]
        if not all(isinstance(name, str) for name in names) or any(str(name).startswith("@") for name in names):
            continue
        if any(fnmatchcase(interface, name) for name in names) == (match.get("op") == "!="):
            return False
    return True


def _has(expressions: list[dict[str, Any]], words: tuple[str, ...], targets: tuple[str, ...]) -> bool:
    return any(word in expression for expression in expressions for word in words) or any(
        isinstance(expression.get("xt"), dict) and expression["xt"].get("name") in targets for expression in expressions
    )


def _clamps(expressions: list[dict[str, Any]]) -> bool:
    keys = (expression.get("mangle", {}).get("key", {}) for expression in expressions)
    return any(isinstance(key, dict) and key.get("tcp option", {}).get("name") == "maxseg" for key in keys) or _has(expressions, (), ("TCPMSS",))


def firewall(ruleset: str, legacy: str, uplinks: Iterable[str], ppp: str, lan: str, own: set[str], bridges: list[str]) -> dict[str, Any]:
    """What the rules of a host do for a home, by whomever they were made.

    ruleset: C(nft --json list ruleset); legacy: C(iptables-legacy-save). A chain protects if its policy is drop or its last rule drops all.
    """
    entries = json.loads(ruleset or '{"nftables": []}')["nftables"]
    chains = [entry["chain"] for entry in entries if "hook" in entry.get("chain", {})]
    rules = [entry["rule"] for entry in entries if "rule" in entry]

    def drops(hook: str) -> bool:
        if re.search(rf"^:{hook.upper()} DROP ", legacy, re.MULTILINE):
            return True
        for chain in chains:
            if chain["hook"] != hook or chain["family"] not in ("ip", "inet"):
                continue
            inside = [rule["expr"] for rule in rules if (rule["family"], rule["table"], rule["chain"]) == (chain["family"], chain["table"], chain["name"])]
            last = [word for expression in inside[-1] for word in expression if word != "counter"] if inside else []
            if chain.get("policy") == "drop" or last in (["drop"], ["reject"]):
                return True
        return False

    def masqueraded(name: str) -> bool:
        return any(
            _has(rule["expr"], ("masquerade", "snat"), ("MASQUERADE", "SNAT")) and _fits(rule["expr"], ("oifname", "oif"), name) for rule in rules
        ) or bool(re.search(rf"^-A POSTROUTING (?!.*-o (?!{re.escape(name)} ).*).*-j (MASQUERADE|SNAT)", legacy, re.MULTILINE))

    return {
        "input_drop": drops("input"),
        "forward_drop": drops("forward"),
        "nat": [name for name in uplinks if masqueraded(name)],
        "mss": any(_clamps(rule["expr"]) and _fits(rule["expr"], ("oifname", "iifname", "oif", "iif"), ppp) for rule in rules)
        or "-j TCPMSS" in legacy,
        "voice_timeout": any("ct timeout" in entry for entry in entries),
        "rivals": _firewall.rivals(ruleset, own, lan, bridges) if ruleset else [],
    }
