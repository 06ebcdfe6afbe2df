# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Television channels as data, and the playlists that they come from and go to.

The list is what the owner states; a playlist (M3U) is what a player reads. There is no standard for the latter: what is read and written here
are the dialects of VLC, of Kodi's IPTV Simple (tvg-…), of TVheadend (tvh-…), and that of old lists, which put the number into the title.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional
from urllib.parse import urlsplit

FLAVOURS = ("rtp", "http", "tvheadend")
HIGHEST_NUMBER = 9999
_MULTICAST = ipaddress.IPv4Network("224.0.0.0/4")
_RELAY_COMMANDS = ("rtp", "udp")
# Words of TVheadend's and others' lists that are no channel's genre.
_NO_GENRE = {"tv", "hd", "sd", "uhd"}

# A problem and its cure, or nothing.
Wrong = Optional["tuple[str, str]"]


class Problem(NamedTuple):
    """One thing that is wrong with a list: where, what is there, what is wrong with it, what to do."""

    place: str
    value: str
    problem: str
    cure: str

    def __str__(self) -> str:
        return f"{self.place} is {self.value}, {self.problem}: {self.cure}"


@dataclass(frozen=True)
class Channel:
    """One channel. C(group) is its multicast group, C(genre) what playlists call a group."""

    number: int
    name: str
    group: str
    port: int = 8208
    transport: str = "rtp"
    genre: str = ""
    logo: str = ""
    tvg_id: str = ""
    encrypted: bool = False


def spec() -> dict[str, Any]:
    """Argument spec of a list of channels, for the modules that take one."""
    text, optional = {"type": "str", "required": True}, {"type": "str", "default": ""}
    return {
        "channels": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "number": {"type": "int", "required": True},
                "name": text,
                "group": text,
                "port": {"type": "int", "default": 8208},
                "transport": {"type": "str", "default": "rtp"},
                "genre": optional,
                "logo": optional,
                "tvg_id": optional,
                "encrypted": {"type": "bool", "default": False},
            },
        },
    }


class BadPlaylist(ValueError):
    """A playlist that cannot be read. The message has a line for each mistake."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(map(str, self.problems)))


# --- what a value may be; the check of the whole home uses these, too


def number(value: int) -> Wrong:
    """A channel's number on the remote control."""
    if 1 <= value <= HIGHEST_NUMBER:
        return None
    return "no number of a channel", f"use 1 to {HIGHEST_NUMBER}"


def _text(value: str, forbidden: str, what: str) -> Wrong:
    if not value.isprintable():
        return "with a line break or another character that cannot be printed in it", "remove it: playlists are read line by line"
    if value != value.strip():
        return "with a blank at an end", "remove it"
    if len(value) > 100:
        return f"{len(value)} characters long", f"use at most 100 for a {what}"
    for character in forbidden:
        if character in value:
            return f"with {character} in it", f"leave that out: it would end the {what} in a playlist"
    return None


def name(value: str) -> Wrong:
    """A channel's name."""
    return _text(value, "", "name") or (None if value else ("empty", "give the channel a name, such as La 1"))


def genre(value: str) -> Wrong:
    """What a channel is about."""
    return _text(value, '"|;', "genre")


def tvg_id(value: str) -> Wrong:
    """The channel's name in a programme guide (XMLTV)."""
    return _text(value, '"', "tvg_id") or (("with a blank in it", "copy the id from the guide as it is") if " " in value else None)


def logo(value: str) -> Wrong:
    """The address of a picture."""
    wrong = _text(value, '"', "logo") if len(value) <= 100 else None
    if not value or wrong:
        return wrong
    cure = "write a web address, such as http://192.168.1.20/logos/la1.png"
    try:
        address = urlsplit(value)
    except ValueError:
        return "no web address", cure
    if address.scheme not in ("http", "https") or not address.netloc or not re.fullmatch(r"[!#-~]+", value) or len(value) > 500:
        return "no web address", cure
    return None


def group(value: str) -> Wrong:
    """A multicast group that a channel may have."""
    cure = "write the channel's multicast group, such as 239.0.0.76"
    try:
        address = ipaddress.IPv4Address(value)
    except ValueError:
        return "no IPv4 address", cure
    if address not in _MULTICAST:
        return f"not in {_MULTICAST}, where multicast groups are", cure
    if address in ipaddress.IPv4Network("224.0.0.0/24") or value == "239.255.255.250":
        return "a group that stays on its link and carries no channel", cure
    return None


def port(value: int) -> Wrong:
    """A UDP port that comes in: the firewall takes television on those that no service of the system has."""
    if 1024 <= value <= 65535:
        return None
    return "no port of a channel", "use 1024 to 65535; Movistar's is 8208"


def transport(value: str) -> Wrong:
    """How the stream is packed."""
    if value in _RELAY_COMMANDS:
        return None
    return "no transport", "use rtp, as Movistar does, or udp for a transport stream without RTP"


CHECKS = {
    "number": number, "name": name, "group": group, "port": port, "transport": transport, "genre": genre, "logo": logo, "tvg_id": tvg_id,
}  # fmt: skip


def shown(value: Any) -> str:
    """A value as a message may show it."""
    text = repr(value) if isinstance(value, str) and (not value.isprintable() or value != value.strip() or not value) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def problems(entries: Iterable[Mapping[str, Any]], networks: Iterable[str] = (), where: str = "home_iptv_channels") -> list[Problem]:
    """What is wrong with a list whose values have the right types; C(networks) are those that the firewall lets in."""
    found: list[Problem] = []
    places: list[tuple[str, Mapping[str, Any]]] = []
    for index, entry in enumerate(entries):
        place = f"{where}[{index}]"
        places.append((place, entry))
        for key, check in CHECKS.items():
            wrong = check(entry[key]) if key in entry else None
            if wrong:
                found.append(Problem(f"{place}.{key}", shown(entry[key]), *wrong))
    return found or together(places, networks)


def together(places: Iterable[tuple[str, Mapping[str, Any]]], networks: Iterable[str] = ()) -> list[Problem]:
    """What is wrong between channels, each of which is well formed as far as it goes."""
    allowed = [ipaddress.IPv4Network(network) for network in networks]
    found: list[Problem] = []
    numbers: dict[int, str] = {}
    names: dict[str, str] = {}
    streams: dict[tuple[str, int], str] = {}
    for place, entry in places:
        if "number" in entry:
            other = numbers.setdefault(entry["number"], place)
            if other != place:
                found.append(Problem(f"{place}.number", str(entry["number"]), f"as is {other}.number", "give each channel a number of its own"))
        if "name" in entry:
            other = names.setdefault(entry["name"].casefold(), place)
            if other != place:
                cure = "give each channel a name of its own, such as La 1 HD"
                found.append(Problem(f"{place}.name", shown(entry["name"]), f"as is {other}.name", cure))
        if "group" not in entry:
            continue
        stream = (entry["group"], entry.get("port", Channel.port))
        other = streams.setdefault(stream, place)
        if other != place:
            found.append(Problem(f"{place}.group", entry["group"], f"with its port, as is {other}.group", "state each stream once"))
        if allowed and not any(ipaddress.IPv4Address(entry["group"]) in network for network in allowed):
            found.append(Problem(
                f"{place}.group", entry["group"], f"outside {', '.join(map(str, allowed))}, all that comes in (home_iptv_groups)",
                "correct the group, or add its network to home_iptv_groups",
            ))  # fmt: skip
    return found


def channels(entries: Iterable[Mapping[str, Any]]) -> list[Channel]:
    """A checked list as channels, in the order of their numbers. Keys that no channel has are a TypeError."""
    return sorted((Channel(**entry) for entry in entries), key=lambda channel: channel.number)


def entries(listed: Iterable[Channel]) -> list[dict[str, Any]]:
    """Channels as an owner writes them: what is as always is left out."""
    always = Channel(0, "", "")
    shortened = []
    for channel in listed:
        values = vars(channel)
        shortened.append({key: value for key, value in values.items() if key in ("number", "name", "group") or value != getattr(always, key)})
    return shortened


# --- playlists out


def stream(channel: Channel, relay: str = "") -> str:
    """Where a channel is to be had: as multicast, or from a relay whose address is http://HOST:PORT."""
    if relay:
        return f"{relay}/{channel.transport}/{channel.group}:{channel.port}"
    return f"{channel.transport}://@{channel.group}:{channel.port}"


def render(listed: Iterable[Channel], flavour: str, relay: str = "") -> str:
    """A playlist. "rtp" is multicast; "http" and "tvheadend" come from the relay, the latter with TVheadend's own words besides."""
    if flavour not in FLAVOURS:
        raise ValueError(f"there is no playlist {flavour!r}: use one of {', '.join(FLAVOURS)}")
    if flavour != "rtp" and not relay:
        raise ValueError(f"a playlist {flavour!r} needs the relay's address: give it as relay, such as http://192.168.1.1:4022")
    lines = ["#EXTM3U"]
    for channel in listed:
        words = {
            "tvg-chno": str(channel.number), "tvg-id": channel.tvg_id, "tvg-logo": channel.logo, "group-title": channel.genre,
            "encrypted": "true" if channel.encrypted else "",
        }  # fmt: skip
        if flavour == "tvheadend":
            words["tvh-chnum"] = str(channel.number)
            words["tvh-tags"] = f"tv|{channel.genre}" if channel.genre else "tv"
        attributes = "".join(f' {key}="{value}"' for key, value in words.items() if value)
        lines += [f"#EXTINF:-1{attributes},{channel.name}", stream(channel, "" if flavour == "rtp" else relay)]
    return "\n".join(lines) + "\n"


# --- playlists in

_ATTRIBUTE = re.compile(r'([A-Za-z][A-Za-z0-9_-]*)=(?:"([^"]*)"|([^\s",]*))')
_NUMBERED = re.compile(r"(?:\[(\d{1,4})\]|(\d{1,4})\s*[-.:](?=\s))\s*(\S.*)")
_MULTICAST_URL = re.compile(r"(rtp|udp)://(?:[^@/\s]*@)?([^:/@\s]+)(?::(\d+))?/?(?:\?.*)?", re.IGNORECASE)
_RELAY_PATH = re.compile(r"/(rtp|udp)/(?:[0-9.]+@)?([^:/@\s]+)[:%~+^-](\d+)/?")


class _Entry:
    """What the lines before an address have said."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.title = ""
        self.words: dict[str, str] = {}
        self.genre = ""
        self.logo = ""


def _extinf(text: str) -> tuple[dict[str, str], str] | None:
    """Attributes and title of what follows #EXTINF:, None if it is no such thing."""
    duration = re.match(r"\s*-?\d+(?:\.\d+)?", text)
    if duration is None:
        return None
    at = duration.end()
    words: dict[str, str] = {}
    while True:
        blank = re.compile(r"\s*").match(text, at)
        at = blank.end() if blank else at
        attribute = _ATTRIBUTE.match(text, at)
        if attribute is None:
            break
        words[attribute[1].lower()] = (attribute[3] if attribute[2] is None else attribute[2]).strip()
        at = attribute.end()
    if text[at : at + 1] != ",":
        return None
    return words, text[at + 1 :].strip()


def _address(text: str) -> tuple[str, str, str] | tuple[str, str]:
    """Transport, group and port of a line that is an address, or what is wrong with it and the cure."""
    multicast = _MULTICAST_URL.fullmatch(text)
    if multicast:
        return multicast[1].lower(), multicast[2], multicast[3] or str(Channel.port)
    cure = "write rtp://@GROUP:PORT, udp://@GROUP:PORT, or a relay's http://HOST:PORT/rtp/GROUP:PORT"
    try:
        address = urlsplit(text)
    except ValueError:
        return "no address of a channel", cure
    if address.scheme.lower() not in ("http", "https"):
        return "no address of a channel", cure
    relayed = _RELAY_PATH.fullmatch(address.path)
    if relayed is None:
        return "no channel of the fibre, but a stream from the web", "leave it out here and give it to the player itself"
    return relayed[1], relayed[2], relayed[3]


def _number(entry: _Entry) -> tuple[str, str]:
    """Number, as far as one is given, and name. A title is taken apart only where nothing else says the number."""
    given = entry.words.get("tvg-chno") or entry.words.get("tvh-chnum") or entry.words.get("channel-number") or ""
    numbered = None if given else _NUMBERED.fullmatch(entry.title)
    if numbered:
        return numbered[1] or numbered[2], numbered[3]
    return given, entry.title


def _tags(words: Mapping[str, str]) -> str:
    """The first of TVheadend's tags, or of the groups of Kodi, that says what a channel is about."""
    if words.get("group-title"):
        return words["group-title"].split(";")[0].strip()
    return next((tag.strip() for tag in words.get("tvh-tags", "").split("|") if tag.strip() and tag.strip().lower() not in _NO_GENRE), "")


class _Reader:
    """Reads a playlist line by line, and goes on after a mistake so that all are told at once."""

    def __init__(self) -> None:
        self.entry: _Entry | None = None
        self.found: list[Problem] = []
        # Each channel with its line; a number of 0 is given later.
        self.read: list[tuple[int, Channel]] = []

    def problem(self, line: int, value: str, problem: str, cure: str) -> None:
        self.found.append(Problem(f"line {line}", shown(value), problem, cure))

    def comment(self, line: int, text: str) -> None:
        """A line that begins with a number sign; those of other players' own are passed over."""
        head, colon, rest = text.partition(":")
        word = head.upper()
        if word == "#EXTINF" and colon:
            if self.entry is not None and self.entry.title:
                self.problem(self.entry.line, self.entry.title, "a channel without an address", "write its address in the line below")
            self.entry = _Entry(line)
            extinf = _extinf(rest)
            if extinf is None:
                cure = 'write #EXTINF:-1,NAME, with attributes as in #EXTINF:-1 tvg-chno="1",NAME'
                self.problem(line, text, "no description of a channel", cure)
                return
            self.entry.words, self.entry.title = extinf
            if not self.entry.title:
                self.entry.title = self.entry.words.get("tvg-name", "")
            if not self.entry.title:
                self.problem(line, text, "a channel without a name", "write its name behind the comma")
        elif word == "#EXTGRP" and self.entry is not None:
            self.entry.genre = rest.strip()
        elif word == "#EXTTV" and self.entry is not None:
            # Categories, language;guide id, logo: the words of a list of 2015.
            fields = [field.strip() for field in rest.split(";")]
            self.entry.genre = fields[0]
            self.entry.words.setdefault("tvg-id", fields[2] if len(fields) > 2 else "")
            self.entry.logo = fields[3] if len(fields) > 3 else ""

    def address(self, line: int, text: str) -> None:
        """A line that is no comment: where a channel is."""
        entry, self.entry = self.entry, None
        if entry is None:
            self.problem(line, text, "an address without a name", "write #EXTINF:-1,NAME in the line above")
            return
        if not entry.title:
            return  # told already
        told = _address(text)
        if len(told) == 2:
            self.problem(line, text, *told)
            return
        how, where, at = told
        numeral, title = _number(entry)
        values: dict[str, Any] = {
            "name": title, "group": where, "port": int(at), "transport": how, "genre": entry.genre or _tags(entry.words),
            "logo": entry.words.get("tvg-logo") or entry.logo, "tvg_id": entry.words.get("tvg-id", ""),
            "encrypted": entry.words.get("encrypted", "").lower() in ("true", "yes", "1"),
        }  # fmt: skip
        good = True
        if numeral and not numeral.isascii() or numeral and not numeral.isdigit():
            self.problem(entry.line, numeral, "no number of a channel", f"use 1 to {HIGHEST_NUMBER}")
            good = False
        elif numeral:
            values["number"] = int(numeral)
        for key, value in values.items():
            wrong = CHECKS[key](value) if key in CHECKS else None
            if wrong:
                self.problem(line if key in ("group", "port") else entry.line, value, *wrong)
                good = False
        if good:
            self.read.append((line, Channel(**{"number": 0, **values})))

    def end(self) -> None:
        """What is only seen when all has been read."""
        if self.entry is not None and self.entry.title:
            self.problem(self.entry.line, self.entry.title, "a channel without an address", "write its address in the line below")
        numbers: dict[int, int] = {}
        names: dict[str, int] = {}
        streams: dict[tuple[str, int], int] = {}
        for line, channel in self.read:
            if channel.number:
                other = numbers.setdefault(channel.number, line)
                if other != line:
                    self.problem(line, str(channel.number), f"the number of line {other}, too", "give each channel a number of its own")
            other = names.setdefault(channel.name.casefold(), line)
            if other != line:
                self.problem(line, channel.name, f"the name of line {other}, too", "give each channel a name of its own, such as La 1 HD")
            other = streams.setdefault((channel.group, channel.port), line)
            if other != line:
                self.problem(line, f"{channel.group}:{channel.port}", f"the stream of line {other}, too", "leave one of them out")

    def numbered(self) -> list[Channel]:
        """All channels; those without a number get the next ones above the highest."""
        free = max([channel.number for _line, channel in self.read], default=0)
        done = []
        for _line, channel in self.read:
            if channel.number:
                done.append(channel)
                continue
            free += 1
            done.append(Channel(**{**vars(channel), "number": free}))
        return done


def parse(text: str) -> list[Channel]:
    """The channels of a playlist in any of the dialects, in their order. Mistakes are a BadPlaylist, which names each by its line."""
    reader = _Reader()
    # Not splitlines(): it also divides at characters that may be part of a name.
    for line, raw in enumerate(text.lstrip("\ufeff").split("\n"), 1):
        stripped = raw.strip()
        if stripped.startswith("#"):
            reader.comment(line, stripped)
        elif stripped:
            reader.address(line, stripped)
    reader.end()
    if not reader.found and not reader.read:
        reader.problem(1, text[:60], "no playlist with a channel in it", "give the text of an M3U file, not its name")
    numbered = reader.numbered()
    if not reader.found and numbered and numbered[-1].number > HIGHEST_NUMBER:
        reader.problem(1, str(numbered[-1].number), "beyond the highest number", f"use 1 to {HIGHEST_NUMBER}")
    if reader.found:
        raise BadPlaylist(sorted(reader.found, key=lambda problem: int(problem.place.split()[1])))
    return numbered
