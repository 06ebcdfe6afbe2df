# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PPPoE without any input or output: discovery packets, secrets, and what a dead link means.

Packets: RFC 2516, "A Method for Transmitting PPP Over Ethernet". Files: pppd(8) of ppp 2.4.9 and 2.5.2.
"""

from __future__ import annotations

import re
import socket
import struct
from dataclasses import dataclass, field
from typing import Any

ETH_DISCOVERY = 0x8863
ETH_VLAN = 0x8100
_CODE_PADI = 0x09
_CODE_PADO = 0x07
_TAG_END = 0x0000
_TAG_SERVICE = 0x0101
_TAG_NAME = 0x0102
_TAG_HOST_UNIQ = 0x0103
_BROADCAST = b"\xff" * 6
# Shortest Ethernet frame without its checksum; network cards pad, tunnels and virtual cables do not.
_SHORTEST = 60

# Ethernet payload that PPPoE and PPP take away from the MTU below them.
OVERHEAD = 8
# RFC 2516 section 7: without RFC 4638 no larger MRU may be negotiated.
LARGEST_MTU = 1492
# pppd's own limit is 256 octets with the terminator (MAXSECRETLEN); PAP has one octet for either length.
LARGEST_SECRET = 255


@dataclass(frozen=True)
class Offer:
    """An access concentrator's answer (PADO)."""

    name: str
    mac: str
    services: tuple[str, ...]
    vlan: int | None = None


def padi(source: bytes, host_uniq: bytes, service: str = "", vlan: int | None = None) -> bytes:
    """Ethernet frame that asks all concentrators to answer; an empty service means any."""
    if len(source) != 6:
        raise ValueError(f"a MAC address has 6 octets, not {len(source)}")
    if vlan is not None and not 1 <= vlan <= 4094:
        raise ValueError(f"VLAN id {vlan} is not between 1 and 4094")
    name = service.encode()
    tags = struct.pack("!HH", _TAG_SERVICE, len(name)) + name
    tags += struct.pack("!HH", _TAG_HOST_UNIQ, len(host_uniq)) + host_uniq
    tag = b"" if vlan is None else struct.pack("!HH", ETH_VLAN, vlan)
    header = _BROADCAST + source + tag + struct.pack("!H", ETH_DISCOVERY)
    # Version 1, type 1; no session yet.
    frame = header + struct.pack("!BBHH", 0x11, _CODE_PADI, 0, len(tags)) + tags
    return frame.ljust(_SHORTEST, b"\0")


def _tags(data: bytes) -> list[tuple[int, bytes]] | None:
    """Tags of a discovery packet, None if they do not fit into it."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        if at + 4 > len(data):
            return None
        kind, length = struct.unpack_from("!HH", data, at)
        if kind == _TAG_END:
            break
        at += 4
        if at + length > len(data):
            return None
        found.append((kind, data[at : at + length]))
        at += length
    return found


def _text(raw: bytes) -> str:
    """Somebody else's name as text that can be printed on any terminal."""
    return "".join(char if char.isprintable() else "\ufffd" for char in raw.decode("utf-8", "replace"))


def read_pado(frame: bytes, host_uniq: bytes, vlan: int | None = None) -> Offer | None:
    """The offer in a received Ethernet frame; None for any frame that is not a sound answer to our question.

    The VLAN id is that of the tag in the frame, or else the given one: kernels take the tag off and tell it apart.
    """
    if len(frame) < 14:
        return None
    at = 12
    (kind,) = struct.unpack_from("!H", frame, at)
    if kind == ETH_VLAN:
        if len(frame) < 18:
            return None
        tci, kind = struct.unpack_from("!HH", frame, at + 2)
        vlan = tci & 0x0FFF
        at += 4
    at += 2
    if kind != ETH_DISCOVERY or len(frame) < at + 6:
        return None
    version, code, session, length = struct.unpack_from("!BBHH", frame, at)
    at += 6
    if version != 0x11 or code != _CODE_PADO or session != 0 or at + length > len(frame):
        return None
    tags = _tags(frame[at : at + length])
    source = frame[6:12]
    # A group address can be no concentrator's.
    if tags is None or source[0] & 1 or (_TAG_HOST_UNIQ, host_uniq) not in tags:
        return None
    names = [value for kind, value in tags if kind == _TAG_NAME]
    if not names:
        return None
    services = [_text(value) for kind, value in tags if kind == _TAG_SERVICE]
    return Offer(_text(names[0]), ":".join(f"{octet:02x}" for octet in source), tuple(services), vlan or None)


def word(text: str) -> str:
    """A word as pppd reads it in its options and secrets files, whatever it holds but a NUL."""
    if "\0" in text:
        raise ValueError("pppd's files cannot hold a NUL character")
    # In quotes all is literal but the quote, the backslash and line ends; see getword() in pppd's options.c.
    for char, stand_in in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        text = text.replace(char, stand_in)
    return f'"{text}"'


_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "s": " ", "t": "\t"}


def words(line: str) -> list[str]:
    """Words of one line of a secrets file, as pppd reads them."""
    found: list[str] = []
    current: str | None = None
    quote = ""
    chars = iter(line)
    for char in chars:
        if char == "\\":
            following = next(chars, "")
            current = (current or "") + _ESCAPES.get(following, following)
        elif quote:
            if char == quote:
                quote = ""
            else:
                current = (current or "") + char
        elif char in "\"'":
            quote = char
            current = current or ""
        elif char.isspace():
            if current is not None:
                found.append(current)
                current = None
        elif char == "#" and current is None:
            break
        else:
            current = (current or "") + char
    if current is not None:
        found.append(current)
    return found


def shadowing(secrets: str, marker: str, user: str, password: str) -> int | None:
    """Number of the line that pppd would take instead of our block's: the first of equally good ones wins."""
    begin, end = (f"# {edge} homerouter.tripleplay {marker}" for edge in ("BEGIN", "END"))
    ours = False
    for number, line in enumerate(secrets.split("\n"), 1):
        if line in (begin, end):
            ours = line == begin
        elif not ours:
            entry = words(line)
            if len(entry) >= 3 and entry[0] == user and entry[2] != password:
                return number
    return None


def escaped(name: str) -> str:
    """Interface name as part of a systemd unit's name."""
    return re.sub(rb"[^A-Za-z0-9:_.]", lambda odd: b"\\x%02x" % odd.group()[0], name.encode()).decode()


def service(name: str) -> str:
    """The unit of a link, by the link's name."""
    return f"pppoe-{name}.service"


def default_interface(proc_net_route: str) -> str | None:
    """Interface of the IPv4 default route that the kernel prefers, from /proc/net/route."""
    best: tuple[int, str] | None = None
    for line in proc_net_route.splitlines()[1:]:
        cells = line.split()
        if len(cells) < 8 or cells[1] != "00000000" or cells[7] != "00000000":
            continue
        # RTF_UP
        if int(cells[3], 16) & 1 and (best is None or int(cells[6]) < best[0]):
            best = (int(cells[6]), cells[0])
    return None if best is None else best[1]


def vlan_id(proc_net_vlan: str) -> int | None:
    """VLAN id in /proc/net/vlan/INTERFACE."""
    found = re.search(r"\bVID: (\d+)", proc_net_vlan)
    return int(found.group(1)) if found else None


def session(proc_net_pppoe: str, interface: str) -> tuple[int, str] | None:
    """Session id and concentrator's MAC address on an interface, from /proc/net/pppoe."""
    for line in proc_net_pppoe.splitlines()[1:]:
        cells = line.split()
        if len(cells) == 3 and cells[2] == interface:
            # The kernel prints the id in the order of the packet's octets, not its own.
            return socket.ntohs(int(cells[0], 16) & 0xFFFF), cells[1]
    return None


def problems(params: dict[str, Any]) -> list[str]:
    """What is wrong with the role's variables by themselves; one sentence each: variable, value, cure."""
    found: list[str] = []
    for key in ("username", "password"):
        value = params[key]
        if value == "":
            found.append(f"pppoe_{key} is empty: set home_internet_{key} (or pppoe_{key}) to what the ISP gave you.")
        elif "\0" in value or len(value.encode()) > LARGEST_SECRET:
            found.append(f"pppoe_{key} has more than {LARGEST_SECRET} octets or a NUL, which PPP cannot carry.")
    if params["password"].startswith("@/"):
        found.append("pppoe_password begins with @/, which pppd takes for the name of a file: ask for another password.")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", params["name"]):
        found.append(
            f"pppoe_name is {params['name']!r}: it names a file and a unit; take letters, digits, dot, dash and underscore."
        )
    for key in ("interface", "ppp_interface"):
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,15}", params[key]):
            found.append(f"pppoe_{key} is {params[key]!r}: an interface name has 1 to 15 letters, digits, dots, dashes, underscores.")
    smallest = 1280 if params["ipv6"] else 576
    if not smallest <= params["mtu"] <= LARGEST_MTU:
        found.append(
            f"pppoe_mtu is {params['mtu']}: take {smallest} to {LARGEST_MTU}; "
            "for 1500 set pppoe_rfc4638: true instead, if the ISP supports it."
        )
    if not 1 <= params["holdoff"] <= params["holdoff_max"]:
        found.append(
            f"pppoe_holdoff is {params['holdoff']} and pppoe_holdoff_max {params['holdoff_max']}: "
            "take at least 1 second, and a maximum that is not below it."
        )
    for key, least in (("lcp_echo_interval", 1), ("lcp_echo_failure", 1)):
        if params[key] < least:
            found.append(f"pppoe_{key} is {params[key]}: with less than {least} a dead link would never be noticed.")
    for option in params["extra_options"]:
        name = (words(option) or [""])[0]
        if "\n" in option:
            found.append(f"pppoe_extra_options holds {option!r}: one option per list item.")
        elif name in _RESERVED:
            found.append(f"pppoe_extra_options holds {name!r}: {_RESERVED[name]}.")
    return found


_RESERVED = {
    "password": "the password belongs in pppoe_password, or it would lie in a second file",
    "mtu": "set pppoe_mtu or pppoe_rfc4638, which the firewall's packet size also follows",
    "mru": "set pppoe_mtu or pppoe_rfc4638, which the firewall's packet size also follows",
    "user": "set pppoe_username",
    "ifname": "set pppoe_ppp_interface, which verification looks at",
    "maxfail": "redialling never ends here; it slows down up to pppoe_holdoff_max",
    "persist": "redialling is the unit's work",
    "nopersist": "redialling is the unit's work",
    "holdoff": "set pppoe_holdoff and pppoe_holdoff_max",
    "nodetach": "the unit gives this on the command line",
    "updetach": "the unit runs pppd in the foreground",
    "up_sdnotify": "the unit gives this on the command line",
    "usepeerdns": "the router's resolver is set by another role, and pppd would overwrite it",
}


def mtu_problems(wanted: int, rfc4638: bool, below: dict[str, int]) -> list[str]:
    """What is too narrow for the link: interface by name to its MTU, the Ethernet frames' carrier last."""
    need = wanted + OVERHEAD
    narrow = [f"{name} (MTU {mtu})" for name, mtu in below.items() if mtu < need]
    if not narrow:
        return []
    what = f"pppoe_rfc4638 is true, so PPPoE packets have {need} octets" if rfc4638 else f"pppoe_mtu is {wanted}, plus {OVERHEAD} of PPPoE"
    cure = f"set vlans_uplink_mtu and mtu of the internet entry in vlans_interfaces to {need} or more"
    if rfc4638:
        cure += ", or pppoe_rfc4638: false"
    return [f"{what}: too many for {' and '.join(narrow)}; {cure}."]


@dataclass
class Attempts:
    """What the journal tells of dialling since the configuration last changed.

    "refused" and "lines" are of the latest pppd, "exits" of all. "refused_before" is what the one before it was refused with, as long as the
    latest has not come to an end: it is being told the same, or something better, this moment.
    """

    refused: list[str] = field(default_factory=list)
    exits: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    refused_before: list[str] = field(default_factory=list)


# Ids of systemd's messages: sd-messages.h, SD_MESSAGE_UNIT_STARTING and SD_MESSAGE_UNIT_PROCESS_EXIT.
_STARTING = "7d4958e842da4a758f6c1cdc7b36dcc5"
# Stands for a start that the journal does not tell of, before the entries of a pppd that somebody else runs.
STARTED = {"MESSAGE": "", "MESSAGE_ID": _STARTING}
_EXITED = "98e322203f7a4ed290d09fe03c09fe15"
# What pppd says when the other end does not let us in: upap.c, chap-new.c, chap_ms.c, eap.c.
_REFUSED = re.compile(
    r"(PAP|CHAP|EAP|Server) authentication failed|EAP: peer reports authentication failure|Authentication failed"
    r"|No secret found for PAP login|Failed to authenticate ourselves",
    re.IGNORECASE,
)
# What it says when the other end does: upap.c, chap-new.c, ipcp.c.
_LET_IN = re.compile(r"authentication succeeded|^local +IP address", re.IGNORECASE)
_REMOTE = re.compile(r"Remote message: (.*)")
# main.c: somebody stopped pppd, and it learnt nothing; and its last word, however it came to an end.
_CUT_SHORT, _LAST_WORD = "Terminating on signal", "Exit."
EXIT_REFUSED = 19
# Fatal error, bad options, not root, no PPP in the kernel: the next attempt will end in the same way.
EXITS_HOPELESS = frozenset({1, 2, 3, 4})


def attempts(entries: list[dict[str, Any]], since: float) -> Attempts:
    """Read journal entries of the unit, oldest first; what was before its first start after a point in time is history."""
    found = Attempts()
    begun = cut_short = False
    remote = ""
    process = None
    for entry in entries:
        message = entry.get("MESSAGE")
        # journalctl gives binary messages as lists of numbers.
        if not isinstance(message, str):
            continue
        when = int(entry.get("__REALTIME_TIMESTAMP", 0)) / 1e6
        kind = entry.get("MESSAGE_ID")
        if kind == _STARTING and when >= since:
            begun = True
        if not begun:
            continue
        exited = kind == _EXITED and entry.get("COMMAND", "ExecStart") == "ExecStart"
        if exited:
            status = str(entry.get("EXIT_STATUS", ""))
            if status.isdigit():
                found.exits.append(int(status))
                if int(status) == EXIT_REFUSED and not found.refused:
                    found.refused.append("pppd ended with status 19")
        by_pppd = entry.get("SYSLOG_IDENTIFIER") == "pppd"
        if by_pppd and entry.get("_PID") != process:
            # A new attempt. What the other end said to the last one is history as soon as this one has come to an end.
            if found.refused or not cut_short:
                found.refused_before = list(found.refused)
            process = entry.get("_PID")
            remote = ""
            cut_short = False
            found.refused.clear()
            found.lines.clear()
        text = _text(message.encode()) if by_pppd else ""
        cut_short = cut_short or text.startswith(_CUT_SHORT)
        # Ends that the unit takes for a success have no entry of systemd's.
        if (exited or kind == _STARTING or text == _LAST_WORD) and not cut_short:
            found.refused_before.clear()
        if not by_pppd:
            continue
        found.lines.append(text)
        said = _REMOTE.search(text)
        if said:
            remote = said.group(1).strip()
        if _REFUSED.search(text):
            found.refused.append(f"{text} (the other end said: {remote})" if remote else text)
        elif _LET_IN.search(text):
            found.refused.clear()
            found.refused_before.clear()
    return found


@dataclass
class Observation:
    """Everything a diagnosis needs, gathered by the module."""

    interface: str
    ppp_interface: str
    unit: str
    username: str
    uplink: str = ""
    uplink_exists: bool = True
    uplink_carrier: bool = True
    uplinks_present: tuple[str, ...] = ()
    interface_exists: bool = True
    interface_up: bool = True
    vlan: int | None = None
    offers: tuple[Offer, ...] | None = None
    elsewhere: tuple[Offer, ...] = ()
    tried: tuple[int, ...] = ()
    attempts: Attempts = field(default_factory=Attempts)
    unit_state: str = "activating"
    ppp_up: bool = False
    default_interface: str | None = None
    default_wanted: bool = False
    waited: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """Why the link does not do its work, what to do, and what was seen; an empty cause is a working link."""

    cause: str = ""
    problem: str = ""
    cure: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def msg(self) -> str:
        """All of it as one text for a person."""
        if not self.cause:
            return "The link is up."
        seen = f" Seen: {' | '.join(self.evidence)}." if self.evidence else ""
        return f"{self.problem} {self.cure}{seen}"


def _named(offers: tuple[Offer, ...]) -> str:
    return ", ".join(sorted({f"{offer.name} ({offer.mac})" for offer in offers}))


def decided(seen: Observation) -> Verdict | None:
    """A verdict that waiting cannot change; None while the link may still come up."""
    made = seen.attempts
    cable = not seen.uplink or (seen.uplink_exists and seen.uplink_carrier)
    if seen.ppp_up and seen.unit_state == "active" and not cable:
        # pppd believes in the link until its echo requests have failed.
        return None
    if seen.ppp_up and seen.unit_state == "active":
        if not seen.default_wanted or seen.default_interface == seen.ppp_interface:
            return Verdict()
        return None
    if made.refused:
        return Verdict(
            "credentials",
            f"The ISP's concentrator refuses the user name {seen.username!r} or its password.",
            "Compare home_internet_username and home_internet_password (or pppoe_username, pppoe_password) with the ISP's letter, "
            "capital letters included.",
            tuple(made.refused[-1:]),
        )
    if made.exits and made.exits[-1] in EXITS_HOPELESS:
        return Verdict(
            "configuration",
            f"pppd ends at once with status {made.exits[-1]}, before it asks anybody.",
            f"Look at pppoe_extra_options, /etc/ppp/options and `journalctl -u {seen.unit}`; "
            "status 2 is a bad option, 4 a kernel without PPP.",
            tuple(made.lines[-3:]),
        )
    return None


def diagnose(seen: Observation) -> Verdict:
    """Why the link is not up, from the cable upwards: the first thing that is wrong explains the rest."""
    verdict = decided(seen)
    if verdict is not None:
        return verdict
    if seen.uplink and not seen.uplink_exists:
        present = ", ".join(seen.uplinks_present) or "none"
        return Verdict(
            "uplink_missing",
            f"The uplink {seen.uplink} does not exist.",
            f"Set home_uplink to the network card that leads to the switch or the ONT; present: {present}.",
        )
    if seen.uplink and not seen.uplink_carrier:
        return Verdict(
            "unplugged",
            f"The uplink {seen.uplink} has no carrier: its cable is unplugged, or what it leads to is switched off.",
            "Look at the cable, the lights on both ends of it, and the power of the switch and the ONT.",
        )
    if seen.ppp_up and seen.unit_state == "active":
        other = seen.default_interface
        return Verdict(
            "default_route",
            f"The link is up, but the default route does not lead through {seen.ppp_interface}.",
            f"Remove the default route through {other}, raise its metric, or set pppoe_default_route: false."
            if other
            else f"Restart {seen.unit}; if it stays so, look for `defaultroute` in `journalctl -u {seen.unit}`.",
            tuple(line for line in seen.attempts.lines if "default route" in line)[-2:],
        )
    if seen.ppp_up and seen.unit_state != "active":
        return Verdict(
            "foreign",
            f"{seen.ppp_interface} is up, but not by {seen.unit}.",
            f"Stop the other pppd, or give this link another name with pppoe_ppp_interface, then start {seen.unit}.",
        )
    if not seen.interface_exists:
        return Verdict(
            "interface_missing",
            f"The interface {seen.interface} does not exist.",
            "Apply the role vlans, or set pppoe_interface to the interface that carries PPPoE.",
        )
    if not seen.interface_up:
        return Verdict(
            "interface_down",
            f"The interface {seen.interface} is down.",
            f"Look at `ip link show {seen.interface}` and `journalctl -u {seen.unit}`.",
            tuple(seen.attempts.lines[-2:]),
        )
    if seen.unit_state in ("inactive", "failed"):
        return Verdict(
            "stopped",
            f"{seen.unit} is not running.",
            f"Start it; `systemctl status {seen.unit}` says why it stopped.",
            tuple(seen.attempts.lines[-2:]),
        )
    where = f"{seen.interface} (VLAN {seen.vlan})" if seen.vlan is not None else seen.interface
    if seen.offers:
        return Verdict(
            "no_session",
            f"The concentrator {_named(seen.offers)} answers on {where}, but no PPP session came up in {seen.waited:.0f} s.",
            "The ISP may still hold the former session: it ends by itself within minutes, and the service goes on dialling. "
            f"If it stays so, add debug to pppoe_extra_options and read `journalctl -u {seen.unit}`.",
            tuple(seen.attempts.lines[-3:]),
        )
    if seen.elsewhere:
        offer = seen.elsewhere[0]
        there = "untagged" if offer.vlan is None else f"on VLAN {offer.vlan}"
        cure = (
            f"Set pppoe_interface: {seen.uplink}."
            if offer.vlan is None
            else f"Set home_internet_vlan: {offer.vlan}."
        )
        return Verdict(
            "wrong_vlan",
            f"No concentrator answers on {where}, but {_named(seen.elsewhere[:1])} answers {there} of {seen.uplink}: "
            "the VLAN id is wrong.",
            cure,
        )
    tried = f"; nor on {seen.uplink} untagged or on VLAN {', '.join(map(str, seen.tried))}" if seen.tried else ""
    return Verdict(
        "no_concentrator",
        f"The uplink has carrier, but no concentrator answers on {where}{tried}.",
        "Look at home_internet_vlan, at the switch (both the port to the ONT and the port to this host must carry that VLAN "
        "tagged), and at the ONT: its light says whether the fibre is registered. If all that is right, the ISP has an outage; "
        "the service goes on dialling and comes back by itself.",
        tuple(seen.attempts.lines[-1:]),
    )
