# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Cisco small-business switch is set to: read from its configuration, and changed line by line as the switch would do it.

Pure. Reading a configuration and simulating commands is the same: each line is applied to a state. Two dialects: C(ros1) is firmware 1.x
(SG300, SG500), C(ros2) is 2.x to 4.x (SG250, SG350, SG550, CBS, C1200, C1300). What a line does is as the command-line guides have it;
what is known from its like only is marked as reconstructed.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Optional

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sg_cli

DIALECTS = ("ros1", "ros2")
ALL_VLANS = frozenset(range(1, 4095))
MULTICAST_MODES = ("mac-group", "ipv4-group", "ipv4-src-group")
DIRECTIONS = ("both", "rx", "tx")

_KINDS = {"fastethernet": "fa", "gigabitethernet": "gi", "tengigabitethernet": "te", "port-channel": "po"}
_NAME = re.compile(r"([a-z][a-z-]*) ?(\d+(?:/\d+){0,2})")


# -- numbers and names --


def fold(numbers: Iterable[int]) -> str:
    """Numbers as the switch writes them: 2-3,6,100."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def unfold(text: str) -> frozenset[int]:
    """The VLANs in 2-3,6. Raises ValueError with what is wrong."""
    numbers: set[int] = set()
    for part in str(text).split(","):
        match = re.fullmatch(r" *(\d{1,4}) *(?:- *(\d{1,4}) *)?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= 4094:
            raise ValueError(f"{text!r} names no VLANs: write numbers from 1 to 4094 and ranges, such as 2-3,6")
        numbers.update(range(first, last + 1))
    return frozenset(numbers)


def port_name(text: str) -> str:
    """gi1 for GigabitEthernet1, gi1, gigabitethernet 1; po1 for Port-channel1. Raises ValueError for what is no port."""
    match = _NAME.fullmatch(str(text).strip().lower())
    kind = match and next((short for full, short in _KINDS.items() if match[1] == short or (len(match[1]) > 1 and full.startswith(match[1]))), None)
    if not match or not kind:
        raise ValueError(f"{text!r} is no name of a port: write it as the switch does, short: gi1, fa1, te1/0/1, po1")
    return f"{kind}{match[2]}"


def port_key(name: str) -> tuple[bool, str, list[int]]:
    """Order of ports: gi1, gi2, gi10, te1, po1."""
    return name.startswith("po"), name[:2], [int(part) for part in name[2:].split("/")]


def port_names(text: str) -> list[str]:
    """The ports in gi1-4,gi7,Po1 or gi1/0/1-2. Raises ValueError."""
    names: list[str] = []
    kind = ""
    for part in text.strip().lower().split(","):
        match = re.fullmatch(r"([a-z][a-z-]*?)? ?((?:\d+/){0,2})(\d+)(?:-(?:[a-z-]*?(?:\d+/){0,2})(\d+))?", part.strip())
        if not match or not (match[1] or kind):
            raise ValueError(f"{text!r} names no ports")
        kind = match[1] or kind
        names += [port_name(f"{kind}{match[2]}{number}") for number in range(int(match[3]), int(match[4] or match[3]) + 1)]
    return names


def unquoted(text: str) -> str:
    """A name or description without the quotes that it has when there are blanks in it."""
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def quoted(text: str) -> str:
    """A name or description as a command takes it."""
    return f'"{text}"' if re.search(r"\s", text) else text


# -- the state --


@dataclass
class Port:
    """One port or link aggregation group. VLAN None is none; the trunk's list None is "all", which firmware 2.x begins with."""

    mode: str = "trunk"
    access: Optional[int] = 1
    native: Optional[int] = 1
    allowed: Optional[frozenset[int]] = frozenset()
    description: str = ""
    # Drop multicast that nobody has reported.
    unregistered_filtering: bool = False
    # Member of a link aggregation group.
    member: bool = False

    @property
    def managed(self) -> bool:
        """Whether its mode is one that is set here; general and customer ports are left alone, and so are members of a group."""
        return self.mode in ("access", "trunk") and not self.member


@dataclass
class Vlan:
    """One VLAN and what stands under its interface. C(address): whether the switch has, or asks for, an address in it."""

    name: str = ""
    multicast_mode: str = "mac-group"
    address: bool = False


@dataclass
class Snooping:
    """IGMP snooping of one VLAN."""

    enabled: bool = False
    immediate_leave: bool = False
    learn: bool = True
    mrouter: frozenset[str] = frozenset()
    querier: bool = False
    address: str = ""
    version: int = 2
    election: bool = True


@dataclass
class Mirror:
    """One mirror: destination, and sources (a port, or "vlan N") with their direction. C(network): the port stays one of the network."""

    destination: str = ""
    network: bool = False
    sources: dict[str, str] = field(default_factory=dict)


@dataclass
class State:
    """All of it. Ports that are not in "ports" are as from the factory."""

    dialect: str
    vlans: dict[int, Vlan] = field(default_factory=lambda: {1: Vlan()})
    ports: dict[str, Port] = field(default_factory=dict)
    filtering: bool = False
    snooping: bool = False
    querier: bool = True
    igmp: dict[int, Snooping] = field(default_factory=dict)
    mirrors: dict[int, Mirror] = field(default_factory=dict)
    # Smartport, which sets ports by what it takes the neighbour for.
    macro_auto: str = "controlled"

    @property
    def ros1(self) -> bool:
        """Whether the firmware is 1.x."""
        return self.dialect == "ros1"

    def new_port(self) -> Port:
        """A port as from the factory: firmware 1.x makes trunks that carry their native VLAN only, newer ones access ports."""
        return Port() if self.ros1 else Port("access", allowed=None)

    def port(self, name: str) -> Port:
        """A port, for reading."""
        return self.ports.get(name) or self.new_port()

    def change_port(self, name: str) -> Port:
        """A port, for a change."""
        return self.ports.setdefault(name, self.new_port())

    def copy(self) -> State:
        """A state of its own."""
        return copy.deepcopy(self)

    def settled(self) -> State:
        """A copy without what is as from the factory, so that equal settings are equal states."""
        made = self.copy()
        made.ports = {name: port for name, port in sorted(made.ports.items(), key=lambda item: port_key(item[0])) if port != self.new_port()}
        made.igmp = {number: igmp for number, igmp in sorted(made.igmp.items()) if igmp != Snooping()}
        made.mirrors = {number: mirror for number, mirror in sorted(made.mirrors.items()) if mirror != Mirror()}
        made.vlans = dict(sorted(made.vlans.items()))
        return made

    # -- what follows from it --

    def members(self, name: str) -> dict[int, bool]:
        """VLANs that a port carries, and whether they leave it tagged."""
        port = self.port(name)
        if port.member or any(mirror.destination == name and mirror.sources and not mirror.network for mirror in self.mirrors.values()):
            # The destination of a mirror takes part in nothing else (reconstructed for firmware 2.x).
            return {}
        if port.mode == "access":
            found = {port.access: False} if port.access else {}
        elif port.mode == "trunk":
            allowed = ALL_VLANS if port.allowed is None else port.allowed
            found = {number: True for number in allowed if number != port.native}
            # Newer firmware carries the native VLAN only where the list allows it.
            if port.native and (self.ros1 or port.native in allowed):
                found[port.native] = False
        else:
            return {}
        return {number: tagged for number, tagged in sorted(found.items()) if number in self.vlans}

    # -- lines --

    def apply(self, context: str, line: str, reading: bool = False) -> bool:
        """Carry out a line within its context, an C(interface …), C(vlan database) or none. Whether it was understood; what is not
        concerns none of this. "reading": the line stands in a configuration that is listed, not typed."""
        if context == "vlan database":
            return self._in_database(line)
        if context.startswith("interface "):
            target = re.sub(r"^interface (?:range )?", "", context)
            if target.startswith("vlan "):
                # Each of them has to see the line.
                seen = [self._in_vlan(number, line) for number in unfold(target[5:])]
                return all(seen)
            try:
                names = port_names(target)
            except ValueError:
                # A kind of interface that is none of a switch's ports: a tunnel, out-of-band.
                return False
            seen = [self._in_port(name, line, reading) for name in names]
            return all(seen)
        return not context and self._global(line)

    def _in_database(self, line: str) -> bool:
        match = re.fullmatch(r"(no )?vlan ([\d,-]+)(?: name (.+))?", line)
        if not match:
            return False
        for number in unfold(match[2]):
            if match[1]:
                self.remove_vlan(number)
            else:
                vlan = self.vlans.setdefault(number, Vlan())
                vlan.name = unquoted(match[3]) if match[3] else vlan.name
        return True

    def remove_vlan(self, number: int) -> None:
        """no vlan N: what was set for it goes too, and in firmware 1.x its ports fall back to VLAN 1; newer firmware keeps their lines and
        calls the VLAN inactive (reconstructed)."""
        self.vlans.pop(number, None)
        self.igmp.pop(number, None)
        for mirror in self.mirrors.values():
            mirror.sources.pop(f"vlan {number}", None)
        for port in self.ports.values() if self.ros1 else ():
            port.access = 1 if port.access == number else port.access
            port.native = 1 if port.native == number else port.native
            port.allowed = (port.allowed or frozenset()) - {number, port.native}

    def _in_vlan(self, number: int, line: str) -> bool:
        vlan = self.vlans.setdefault(number, Vlan())
        match = re.fullmatch(r"(no )?(name|ip address|bridge multicast mode)\b ?(.*)", line)
        if not match:
            return False
        if match[2] == "name":
            vlan.name = "" if match[1] else unquoted(match[3])
        elif match[2] == "bridge multicast mode":
            vlan.multicast_mode = "mac-group" if match[1] else match[3].strip()
        elif not match[1]:
            vlan.address = True
        elif match[3].strip() != "dhcp":
            vlan.address = False
        return True

    def _in_port(self, name: str, line: str, reading: bool) -> bool:
        port = self.change_port(name)
        no = line.startswith("no ")
        words = line[3:] if no else line
        match = re.fullmatch(
            r"(description|switchport mode|switchport access vlan|switchport trunk native vlan|switchport trunk allowed vlan"
            r"|bridge multicast unregistered|port monitor|channel-group)(?: (.*))?", words,
        )  # fmt: skip
        if not match:
            return False
        what, value = match[1], (match[2] or "").strip()
        new = self.new_port()
        if what == "description":
            port.description = "" if no else unquoted(value)
        elif what == "switchport mode":
            port.mode = new.mode if no else value
        elif what == "switchport access vlan":
            port.access = 1 if no else None if value == "none" else int(value)
        elif what == "switchport trunk native vlan":
            port.native = 1 if no else None if value == "none" else int(value)
            if self.ros1:
                # The native VLAN leaves untagged, and is no more in the list.
                port.allowed = (port.allowed or frozenset()) - {port.native}
        elif what == "switchport trunk allowed vlan":
            self._allow(port, "" if no else value, reading)
        elif what == "bridge multicast unregistered":
            port.unregistered_filtering = not no and value == "filtering"
        elif what == "channel-group":
            port.member = not no
        else:
            self._monitor(name, no, value)
        return True

    def _allow(self, port: Port, value: str, reading: bool) -> None:
        """switchport trunk allowed vlan {add L|remove L|except L|L|all|none}; nothing for what the factory has."""
        have = ALL_VLANS if port.allowed is None else port.allowed
        match = re.fullmatch(r"(add |remove |except )?(all|none|[\d,-]+)?", value)
        if not match:
            return
        numbers = {"all": ALL_VLANS, "none": frozenset()}.get(match[2]) if match[2] in ("all", "none") else unfold(match[2]) if match[2] else None
        if numbers is None:
            port.allowed = self.new_port().allowed
            return
        action = (match[1] or "").strip()
        if action == "add":
            # Some of the newer firmware lists what a trunk carries beside its native VLAN as an addition.
            start = frozenset({port.native} if port.native else ()) if reading and port.allowed is None else have
            have = start | (numbers & set(self.vlans) if self.ros1 and match[2] == "all" else numbers)
        else:
            have = have - numbers if action == "remove" else ALL_VLANS - numbers if action == "except" else numbers
        if self.ros1:
            port.allowed = frozenset(have - {port.native})
        else:
            port.allowed = None if have >= ALL_VLANS else frozenset(have)

    def _monitor(self, name: str, no: bool, value: str) -> None:
        """port monitor SOURCE [rx|tx] under the destination, in firmware 1.x."""
        match = re.fullmatch(r"(vlan \d+|\S+?)(?: (rx|tx))?", value)
        if not match:
            return
        source = match[1] if match[1].startswith("vlan ") else port_name(match[1])
        number = next((number for number, mirror in self.mirrors.items() if mirror.destination == name), None)
        if no:
            if number is not None:
                self.mirrors[number].sources.pop(source, None)
                if not self.mirrors[number].sources:
                    del self.mirrors[number]
            return
        if number is None:
            number = max(self.mirrors, default=0) + 1
            self.mirrors[number] = Mirror(name)
        self.mirrors[number].sources[source] = match[2] or "both"

    def _global(self, line: str) -> bool:
        no = line.startswith("no ")
        words = line[3:] if no else line
        if words == "bridge multicast filtering":
            self.filtering = not no
        elif words == "ip igmp snooping":
            self.snooping = not no
        elif words == "ip igmp snooping querier":
            self.querier = not no
        elif words.startswith("macro auto "):
            self.macro_auto = words.split()[2]
        else:
            match = re.fullmatch(r"ip igmp snooping vlan (\d+)(?: (.+))?", words)
            if match:
                return self._igmp(int(match[1]), no, (match[2] or "").strip())
            match = re.fullmatch(r"monitor session (\d+)(?: (destination|source)(?: (.+))?)?", words)
            return bool(match) and self._session(int(match[1]), no, match[2], (match[3] or "").strip())
        return True

    def _igmp(self, number: int, no: bool, what: str) -> bool:
        igmp = self.igmp.setdefault(number, Snooping())
        if what in ("", "immediate-leave", "mrouter learn pim-dvmrp", "querier", "querier election"):
            name = {"": "enabled", "immediate-leave": "immediate_leave", "mrouter learn pim-dvmrp": "learn", "querier": "querier"}.get(what, "election")
            setattr(igmp, name, not no)
            return True
        match = re.fullmatch(r"(mrouter interface|querier address|querier version)(?: (\S+))?", what)
        if not match:
            # Static groups and forbidden router ports are somebody else's.
            return False
        if match[1] == "mrouter interface":
            ports = frozenset(port_names(match[2] or ""))
            igmp.mrouter = igmp.mrouter - ports if no else igmp.mrouter | ports
        elif match[1] == "querier address":
            igmp.address = "" if no else match[2] or ""
        else:
            igmp.version = 2 if no else int(match[2] or 2)
        return True

    def _session(self, number: int, no: bool, what: Optional[str], value: str) -> bool:
        """monitor session N …, in firmware 2.x and newer."""
        if what is None:
            return no and (self.mirrors.pop(number, None) or True) is not None
        mirror = self.mirrors.setdefault(number, Mirror())
        if what == "destination":
            match = re.fullmatch(r"(?:interface (\S+))?( network)?", value)
            mirror.destination = "" if no or not match or not match[1] else port_name(match[1])
            mirror.network = not no and bool(match and match[2])
        else:
            match = re.fullmatch(r"(?:interface (\S+)|(vlan \d+))(?: (both|rx|tx))?", value)
            if not match:
                return False
            source = match[2] or port_name(match[1])
            if no:
                mirror.sources.pop(source, None)
            else:
                mirror.sources[source] = match[3] or "both"
        if mirror == Mirror():
            del self.mirrors[number]
        return True


def read(config: str, dialect: str) -> State:
    """What a configuration says, as C(show running-config) prints it."""
    state = State(dialect)
    skip = False
    for context, line in _sg_cli.sections(config):
        if skip or line.startswith("!"):
            # Smartport has written the line behind this note, and takes it back by itself.
            skip = line == "!next command is internal."
            continue
        state.apply(context, line, reading=True)
    return state.settled()


def steps(state: State, lines: Iterable[str]) -> Iterator[State]:
    """The state after each line of a batch that changes something. Raises ValueError for a line that is not understood."""
    now = state.copy()
    for context, line in _sg_cli.sections("\n".join(lines)):
        if not now.apply(context, line):
            raise ValueError(f"{line!r} in {context or 'no context'!r} is no line of this project's")
        yield now
