# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the switch knows, the rules by which it changes, and its running configuration in both dialects.

ros1 is firmware 1.x (SG200 family, SG300, SG500), ros2 is 2.x to 4.x (SG250, SG350, SG550, CBS, C1200, C1300).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

ALL_VLANS = frozenset(range(1, 4095))
LAGS = 8
# The telephone makers whose addresses a new switch puts into the voice VLAN; firmware 1.x prints the table as configuration.
_OUI = (
    ("0001e3", "Siemens_AG_phone________"), ("00036b", "Cisco_phone_____________"), ("00096e", "Avaya___________________"),
    ("000fe2", "H3C_Aolynk______________"), ("0060b9", "Philips_and_NEC_AG_phone"), ("00d01e", "Pingtel_phone___________"),
    ("00e075", "Polycom/Veritel_phone___"), ("00e0bb", "3Com_phone______________"),
)  # fmt: skip
NO_VLAN = "VLAN was not created by user."


class CliError(Exception):
    """What the switch answers instead of doing what it was told."""


def fold(numbers: Iterable[int]) -> str:
    """Numbers as the switch prints them: 2-3,6,100."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def unfold(text: str, low: int, high: int) -> set[int]:
    """2-3,6 as numbers. Raises CliError for a bad form, a turned range or a number out of bounds."""
    numbers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part)
        if not match:
            raise CliError("% Wrong number of parameters or invalid range, size or characters entered")
        first, last = int(match[1]), int(match[2] or match[1])
        if not low <= first <= last <= high:
            raise CliError("% bad parameter value")
        numbers.update(range(first, last + 1))
    return numbers


def port_key(name: str) -> tuple[bool, int]:
    """Order of ports: gi1, gi2, gi10, po1."""
    return name.startswith("po"), int(name[2:])


def fold_ports(names: Iterable[str], po: str = "Po") -> str:
    """Ports as the switch prints them: gi1-4,gi7,Po1-2."""
    names = set(names)
    parts: list[str] = []
    for kind, shown in (("gi", "gi"), ("po", po)):
        folded = fold(int(name[2:]) for name in names if name.startswith(kind))
        parts += [f"{shown}{part}" for part in folded.split(",") if part]
    return ",".join(parts)


@dataclass
class Port:
    """One port or link aggregation group, as configured."""

    mode: str
    # None stands for "all" (firmware 2.x and newer); firmware 1.x has only what was added.
    allowed: set[int] | None
    description: str = ""
    shutdown: bool = False
    access: int | None = 1
    native: int | None = 1
    general_tagged: set[int] = field(default_factory=set)
    general_untagged: set[int] = field(default_factory=set)
    pvid: int = 1
    customer: int | None = None
    forbid_default: bool = False
    unregistered: str = "forwarding"
    channel_group: tuple[int, str] | None = None
    # Firmware 1.x: this port is a mirror's destination; sources are (interface or "vlan N", both|rx|tx).
    monitors: dict[str, str] = field(default_factory=dict)
    # Lines without effect here, kept as they were typed.
    others: list[str] = field(default_factory=list)


@dataclass
class Vlan:
    """One VLAN and what is set under its interface."""

    name: str = ""
    address: tuple[str, str] | None = None
    dhcp: bool = False
    multicast_mode: str = "mac-group"
    forward_all: set[str] = field(default_factory=set)
    forbidden_forward_all: set[str] = field(default_factory=set)
    # Timers of IGMP by the words of their lines, such as "query-interval": "125".
    igmp: dict[str, str] = field(default_factory=dict)


@dataclass
class Snooping:
    """IGMP snooping in one VLAN."""

    enabled: bool = False
    immediate_leave: bool = False
    learn: bool = True
    mrouter: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    groups: dict[str, set[str]] = field(default_factory=dict)
    querier: bool = False
    querier_address: str = ""
    querier_version: str = "2"
    election: bool = True


@dataclass
class Session:
    """One mirror session of firmware 2.x and newer."""

    destination: str = ""
    network: bool = False
    sources: dict[str, str] = field(default_factory=dict)


@dataclass
class User:
    """A user and the SHA-1 of the password, which is what the configuration shows."""

    secret: str
    privilege: int = 15


@dataclass(frozen=True)
class Member:
    """How a port carries a VLAN: leaves tagged or not, and whether untagged frames that come in belong to it."""

    tagged: bool
    pvid: bool


def sha1(text: str) -> str:
    """The form in which passwords stand in the configuration."""
    return hashlib.sha1(text.encode("latin-1"), usedforsecurity=False).hexdigest()


@dataclass
class Faults:
    """What goes wrong, on demand. Numbers count down as they happen."""

    # Show commands that get a log line in the middle of what they print, and the line without its date.
    log_lines: int = 0
    log_text: str = "%LINK-W-Down:  gi5"
    # Configuration lines that are answered by "Configuration Database locked" and not carried out.
    database_locked: int = 0
    # Seconds that saving takes, and whether it fails.
    slow_save: float = 0.0
    failing_save: bool = False
    # Prompts and output arrive in pieces.
    split_output: bool = False
    # Prompts come behind ESC[K, as on SG350.
    erase_line: bool = False
    # Seconds after which a silent session is ended, and how many sessions there may be; 0 is no limit.
    idle_timeout: float = 0.0
    session_cap: int = 0
    # The TCP connection breaks once this many configuration lines have been carried out, without an answer to the last.
    lose_link_after: int = 0


@dataclass(frozen=True)
class Model:
    """What differs by the metal, not by the grammar."""

    pid: str
    description: str
    version: str
    header: str
    vid: str = "V05"
    serial: str = "LAB00000001"
    mac: str = "00:00:5e:00:53:fe"
    object_id: str = "1.3.6.1.4.1.9.6.1.83.10.1"


MODELS = {
    "ros1": Model("SRW2008-K9", "SG300-10 10-Port Gigabit Managed Switch", "1.4.11.5", "v1.4.11.5 / R800_NIK_1_4_220_026"),
    "ros2": Model(
        "SG350-10-K9", "SG350-10 10-Port Gigabit Managed Switch", "2.4.5.71", "v2.4.5.71 / RTESLA2.4.5_930_181_144",
        object_id="1.3.6.1.4.1.9.6.1.95.10.1",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Factory:
    """What the switch is when nobody has set anything. The values belong to nobody; on metal the user is cisco/cisco,
    and SSH is off until its owner has switched it on by hand, in the web pages or over a cable.
    """

    dialect: str = "ros1"
    ports: int = 10
    hostname: str = "sw1"
    address: tuple[str, str] = ("192.168.1.254", "255.255.255.0")
    user: str = "cisco"
    password: str = "cisco-lab"
    enable: str = "enable-lab"
    privilege: int = 15
    password_auth: bool = True


class Device:
    """The switch. All that changes it are the methods here, called by the commands' table."""

    def __init__(self, factory: Factory | None = None, startup: Path | None = None) -> None:
        """A switch that has just been powered on: with its startup configuration if "startup" names one that exists."""
        self.factory = factory or Factory()
        self.dialect = self.factory.dialect
        self.model = MODELS[self.dialect]
        self._startup_file = startup
        # A new switch has no startup configuration at all.
        self.startup: str | None = startup.read_text(encoding="latin-1") if startup and startup.exists() else None
        # Ports without a cable, for tests; in the lab the bridge says it.
        self.unplugged: set[str] = set()
        self.faults = Faults()
        # Who is logged in: user, address.
        self.logins: list[tuple[str, str]] = []
        # What only the network knows: links, MAC addresses, neighbours.
        self.network: Network = Network()
        self.watchers: list[Callable[[], None]] = []
        self.started = time.monotonic()
        self.boot()

    @property
    def ros1(self) -> bool:
        """Whether the firmware is 1.x."""
        return self.dialect == "ros1"

    # -- life --

    def boot(self) -> None:
        """Start with the startup configuration, or as from the factory without one."""
        self._clear()
        if self.startup is not None:
            self._empty_of_defaults()
            self.load(self.startup)
        # Jumbo frames are the one setting that only a restart brings into effect.
        self.jumbo_active = self.jumbo

    def reset(self) -> None:
        """Factory-new: the startup configuration is gone too."""
        self.startup = None
        if self._startup_file:
            self._startup_file.unlink(missing_ok=True)
        self.boot()
        self.changed()

    def _clear(self) -> None:
        new = self.factory
        self.hostname = new.hostname
        self.ports = {f"gi{number}": self.new_port() for number in range(1, new.ports + 1)}
        self.ports.update({f"po{number}": self.new_port() for number in range(1, LAGS + 1)})
        self.vlans = {1: Vlan(address=new.address)}
        self.filtering = False
        # Firmware 2.x and newer prints the line in either state, since its defaults differ by version (reconstructed).
        self.snooping = False
        self.querier = True
        self.igmp: dict[int, Snooping] = {}
        self.sessions: dict[int, Session] = {}
        self.jumbo = False
        self.users = {new.user: User(sha1(new.password), new.privilege)}
        self.enable_secret = sha1(new.enable) if new.privilege < 15 else ""
        self.ssh_server = True
        self.password_auth = new.password_auth
        self.telnet_server = False
        self.gateway = "192.168.1.1"
        self.macro_auto = "controlled"
        self.spanning_tree = "rstp"
        self.lines: dict[str, list[str]] = {}
        self.voice_oui = dict(_OUI)
        self.others: list[str] = []

    def _empty_of_defaults(self) -> None:
        """A startup configuration says all that the factory has set for this home's first log-in."""
        self.vlans = {1: Vlan(dhcp=True)}
        self.users, self.enable_secret = {}, ""
        self.ssh_server = self.password_auth = False
        self.gateway = ""
        self.voice_oui = {}

    def load(self, text: str) -> None:
        """Carry out a configuration as the switch prints it. Raises CliError with the line that it does not take."""
        # The command line stands on the device, and loading on the command line.
        from .commands import Cli  # noqa: PLC0415  (see above)

        cli = Cli(self, quiet=True)
        cli.run("configure terminal")
        for line in body(text):
            answer = cli.run(line)
            if answer:
                raise CliError(f"{line.strip()}: {answer}")

    def save(self) -> None:
        """running-config becomes startup-config."""
        self.startup = self.running_config()
        if self._startup_file:
            partial = self._startup_file.with_suffix(".partial")
            partial.write_text(self.startup, encoding="latin-1")
            partial.rename(self._startup_file)

    def changed(self) -> None:
        """Tell whoever acts on the state: the bridge, and the sessions whose path may be gone."""
        for watcher in list(self.watchers):
            watcher()

    # -- ports and VLANs --

    def new_port(self) -> Port:
        """A port as from the factory: firmware 1.x makes trunks of native VLAN 1, newer ones access ports."""
        return Port("trunk", set()) if self.ros1 else Port("access", None)

    def create_vlans(self, numbers: Iterable[int]) -> None:
        """vlan 2-3,6"""
        for number in numbers:
            self.vlans.setdefault(number, Vlan())

    def delete_vlans(self, numbers: set[int]) -> None:
        """no vlan 2-3: memberships go with the VLAN. Raises CliError for VLAN 1 and for one that is not there."""
        if 1 in numbers:
            # Reconstructed.
            raise CliError("Default VLAN cannot be deleted.")
        if not numbers & set(self.vlans):
            raise CliError(NO_VLAN)
        for number in numbers & set(self.vlans):
            del self.vlans[number]
            self.igmp.pop(number, None)
            source = f"vlan {number}"
            for port in self.ports.values():
                port.monitors.pop(source, None)
                # Firmware 1.x forgets; newer ones keep the line and show the VLAN as inactive (reconstructed).
                if self.ros1:
                    self._forget(port, number)
            for session in self.sessions.values():
                session.sources.pop(source, None)

    @staticmethod
    def _forget(port: Port, number: int) -> None:
        port.access = 1 if port.access == number else port.access
        port.native = 1 if port.native == number else port.native
        port.pvid = 1 if port.pvid == number else port.pvid
        port.customer = None if port.customer == number else port.customer
        for numbers in (port.allowed, port.general_tagged, port.general_untagged):
            if numbers:
                numbers.discard(number)

    def need_vlans(self, numbers: Iterable[int]) -> None:
        """Firmware 1.x refuses a membership in a VLAN that does not exist; newer ones take it, and it stays inactive."""
        if self.ros1 and set(numbers) - set(self.vlans):
            raise CliError(NO_VLAN)

    def static_vlans(self, numbers: Iterable[int]) -> None:
        """IGMP snooping is for VLANs that exist and were made by hand, in each firmware."""
        if set(numbers) - set(self.vlans):
            raise CliError(NO_VLAN)

    def allow(self, port: Port, action: str, numbers: set[int]) -> None:
        """switchport trunk allowed vlan {add|remove|except|set} L, all and none being lists too."""
        have = set(ALL_VLANS) if port.allowed is None else set(port.allowed)
        if action == "add":
            have |= numbers
        elif action == "remove":
            have -= numbers
        else:
            have = set(numbers)
        if self.ros1:
            # The native VLAN leaves untagged; the tagged list ignores it (reconstructed: it may be refused).
            have -= {port.native} if port.native else set()
            port.allowed = have
        else:
            port.allowed = None if have >= ALL_VLANS else have

    def set_native(self, port: Port, number: int | None) -> None:
        """switchport trunk native vlan N: in firmware 1.x it leaves the tagged list."""
        port.native = number
        if self.ros1 and port.allowed and number:
            port.allowed.discard(number)

    def mirrors(self) -> list[tuple[str, bool, dict[str, str]]]:
        """Working mirrors: destination, whether it stays in the network, sources."""
        if self.ros1:
            return [(name, False, dict(port.monitors)) for name, port in self.ports.items() if port.monitors]
        return [
            (session.destination, session.network, dict(session.sources))
            for session in self.sessions.values()
            if session.destination and session.sources
        ]

    def out_of_switching(self, name: str) -> bool:
        """Whether a port takes part in no VLAN: member of a LAG, or the destination of a mirror.

        Reconstructed for firmware 2.x: without "network" the destination sends what is mirrored and nothing else.
        """
        return bool(self.ports[name].channel_group) or any(
            destination == name and not network for destination, network, _sources in self.mirrors()
        )

    def members(self, name: str) -> dict[int, Member]:
        """VLANs that a port carries now, as the configuration has it and whether or not its cable is plugged in."""
        port = self.ports[name]
        if self.out_of_switching(name):
            return {}
        found: dict[int, Member] = {}
        if port.mode == "access":
            if port.access:
                found[port.access] = Member(False, True)
        elif port.mode == "trunk":
            allowed = ALL_VLANS if port.allowed is None else port.allowed
            found.update({number: Member(True, False) for number in set(allowed) & set(self.vlans)})
            # Newer firmware carries the native VLAN only where the list allows it.
            found.pop(port.native or 0, None)
            if port.native and (self.ros1 or port.native in allowed):
                found[port.native] = Member(False, True)
        elif port.mode == "customer":
            if port.customer:
                found[port.customer] = Member(False, True)
        else:
            # A general port is an untagged member of VLAN 1 until that is forbidden.
            untagged = port.general_untagged | (set() if port.forbid_default or 1 in port.general_tagged else {1})
            found.update({number: Member(True, False) for number in port.general_tagged})
            found.update({number: Member(False, False) for number in untagged})
            if port.pvid in found:
                found[port.pvid] = Member(found[port.pvid].tagged, True)
        return {number: found[number] for number in sorted(found) if number in self.vlans}

    def management_vlans(self) -> set[int]:
        """VLANs in which the switch has an address."""
        return {number for number, vlan in self.vlans.items() if vlan.address}

    def snoops(self, number: int) -> bool:
        """Multicast of a VLAN is filtered only if all three are on: bridge multicast filtering, snooping, and snooping in this VLAN."""
        return self.filtering and self.snooping and number in self.igmp and self.igmp[number].enabled

    # -- configuration as text --

    def long_name(self, name: str) -> str:
        """A port's name as the configuration spells it."""
        if name.startswith("vlan"):
            return name
        kind, number = name[:2], name[2:]
        if kind == "gi":
            return f"{'gigabitethernet' if self.ros1 else 'GigabitEthernet'}{number}"
        return f"Port-Channel{number}" if not self.ros1 else f"Port-channel{number}"

    def _list(self, names: Iterable[str]) -> str:
        return fold_ports(names, "Po")

    def running_config(self) -> str:
        """show running-config, lines ended by newlines."""
        return "\n".join([*self._header(), *self._globals(), *self._interfaces(), "exit", *self._tail()]) + "\n"

    def _header(self) -> list[str]:
        lines = ["config-file-header", self.hostname, self.model.header, "CLI v1.0"]
        if self.ros1:
            lines += ["set system mode switch", ""]
        lines += [
            "file SSD indicator encrypted", "@", "ssd-control-start", "ssd config", "ssd file passphrase control unrestricted",
            "no ssd file integrity control", "ssd-control-end cb0a3fdb1f3a1af4e4430033719968c0", "!",
        ]  # fmt: skip
        if not self.ros1:
            lines += ["!", "unit-type-control-start", "unit-type unit 1 network gi uplink none", "unit-type-control-end", "!"]
        return lines

    def _globals(self) -> list[str]:
        lines = ["port jumbo-frame"] if self.jumbo else []
        lines += ["bridge multicast filtering"] if self.filtering else []
        made = set(self.vlans) - {1}
        lines += ["vlan database", f"vlan {fold(made)}", "exit"] if made else []
        lines += [f"voice vlan oui-table add {oui} {name}" for oui, name in self.voice_oui.items()]
        if self.snooping:
            lines.append("ip igmp snooping")
        elif not self.ros1:
            lines.append("no ip igmp snooping")
        lines += [] if self.querier else ["no ip igmp snooping querier"]
        for number in sorted(self.igmp):
            lines += self._snooping_lines(number, self.igmp[number])
        for number, session in sorted(self.sessions.items()):
            start = f"monitor session {number}"
            if session.destination:
                lines.append(f"{start} destination interface {self.long_name(session.destination)}{' network' if session.network else ''}")
            for source, direction in session.sources.items():
                lines.append(
                    f"{start} source {source}" if source.startswith("vlan") else f"{start} source interface {self.long_name(source)} {direction}"
                )
        lines += [] if self.spanning_tree == "rstp" else [f"spanning-tree mode {self.spanning_tree}"]
        lines.append(f"hostname {self.hostname}")
        for name, settings in sorted(self.lines.items()):
            lines += [f"line {name}", *settings, "exit"] if settings else []
        if self.enable_secret:
            lines.append(f"enable password level 15 encrypted {self.enable_secret}")
        lines += [f"username {name} password encrypted {user.secret} privilege {user.privilege}" for name, user in self.users.items()]
        lines += ["ip ssh server"] if self.ssh_server else []
        lines += ["ip ssh password-auth"] if self.password_auth else []
        lines += ["ip telnet server"] if self.telnet_server else []
        return [*lines, *self.others, "!"]

    def _snooping_lines(self, number: int, vlan: Snooping) -> list[str]:
        start = f"ip igmp snooping vlan {number}"
        lines = [start] if vlan.enabled else []
        lines += [] if vlan.learn else [f"no {start} mrouter learn pim-dvmrp"]
        lines += [f"{start} mrouter interface {self._list(vlan.mrouter)}"] if vlan.mrouter else []
        lines += [f"{start} forbidden mrouter interface {self._list(vlan.forbidden)}"] if vlan.forbidden else []
        for group, ports in vlan.groups.items():
            lines.append(f"{start} static {group} interface {self._list(ports)}" if ports else f"{start} static {group}")
        lines += [f"{start} immediate-leave"] if vlan.immediate_leave else []
        lines += [f"{start} querier"] if vlan.querier else []
        lines += [f"{start} querier address {vlan.querier_address}"] if vlan.querier_address else []
        lines += [f"{start} querier version {vlan.querier_version}"] if vlan.querier_version != "2" else []
        lines += [] if vlan.election else [f"no {start} querier election"]
        return lines

    def _interfaces(self) -> list[str]:
        lines: list[str] = []
        for number in sorted(self.vlans):
            own = self.interface_lines(f"vlan {number}")
            lines += [f"interface vlan {number}", *own, "!"] if own else []
        for name in sorted(self.ports, key=port_key):
            own = self.interface_lines(name)
            lines += [f"interface {self.long_name(name)}", *own, "!"] if own else []
        return lines

    def interface_lines(self, name: str) -> list[str]:
        """What differs from the default under an interface, indented by one blank."""
        if name.startswith("vlan "):
            own = self._vlan_lines(self.vlans[int(name[5:])]) if int(name[5:]) in self.vlans else []
        else:
            own = self._port_lines(self.ports[name])
        return [f" {line}" for line in own]

    def _vlan_lines(self, vlan: Vlan) -> list[str]:
        # Firmware 1.x has been seen to leave a blank behind names.
        lines = [f"name {quoted(vlan.name)}{' ' if self.ros1 else ''}"] if vlan.name else []
        if vlan.address:
            lines += [f"ip address {' '.join(vlan.address)}", "no ip address dhcp"]
        elif vlan is self.vlans[1]:
            # A new switch asks for an address in VLAN 1.
            lines += [] if vlan.dhcp else ["no ip address dhcp"]
        elif vlan.dhcp:
            lines.append("ip address dhcp")
        lines += [f"ip igmp {word} {value}" for word, value in vlan.igmp.items()]
        lines += [] if vlan.multicast_mode == "mac-group" else [f"bridge multicast mode {vlan.multicast_mode}"]
        lines += [f"bridge multicast forward-all add {self._list(vlan.forward_all)}"] if vlan.forward_all else []
        if vlan.forbidden_forward_all:
            lines.append(f"bridge multicast forbidden forward-all add {self._list(vlan.forbidden_forward_all)}")
        return lines

    def _port_lines(self, port: Port) -> list[str]:
        new = self.new_port()
        lines = ["shutdown"] if port.shutdown else []
        lines += [f"description {quoted(port.description)}"] if port.description else []
        if port.channel_group:
            lines.append(f"channel-group {port.channel_group[0]} mode {port.channel_group[1]}")
        lines += [] if port.mode == new.mode else [f"switchport mode {port.mode}"]
        lines += [] if port.access == 1 else [f"switchport access vlan {port.access or 'none'}"]
        lines += [] if port.native == 1 else [f"switchport trunk native vlan {port.native or 'none'}"]
        if self.ros1 and port.allowed:
            lines.append(f"switchport trunk allowed vlan add {fold(port.allowed)}")
        elif not self.ros1 and port.allowed is not None:
            lines.append(f"switchport trunk allowed vlan {fold(port.allowed) or 'none'}")
        for numbers, how in ((port.general_tagged, "tagged"), (port.general_untagged, "untagged")):
            lines += [f"switchport general allowed vlan add {fold(numbers)} {how}"] if numbers else []
        lines += [] if port.pvid == 1 else [f"switchport general pvid {port.pvid}"]
        lines += [f"switchport customer vlan {port.customer}"] if port.customer else []
        lines += ["switchport forbidden default-vlan"] if port.forbid_default else []
        lines += [] if port.unregistered == "forwarding" else ["bridge multicast unregistered filtering"]
        for source, direction in port.monitors.items():
            shown = source if source.startswith("vlan") else self.long_name(source)
            lines.append(f"port monitor {shown}{'' if direction == 'both' else f' {direction}'}")
        # What smartport has set stands behind a note of its own.
        for line in port.others:
            lines += [" !next command is internal.".strip(), line] if "dynamic_type" in line else [line]
        return lines

    def _tail(self) -> list[str]:
        lines = [] if self.macro_auto == "controlled" else [f"macro auto {self.macro_auto}"]
        return lines + ([f"ip default-gateway {self.gateway}"] if self.gateway else [])


class Network:
    """What a switch sees of its network. This one is made up: one client at one port, every cable plugged in; bridge.py has the real one."""

    def __init__(self, client_port: str = "", client_address: str = "192.168.1.10", client_mac: str = "00:00:5e:00:53:0a") -> None:
        """Without "client_port" there is no client."""
        self.client_port, self.client_address, self.client_mac = client_port, client_address, client_mac

    def link_up(self, device: Device, name: str) -> bool:
        """Whether a port has a link."""
        port = device.ports[name]
        return name.startswith("gi") and not port.shutdown and name not in device.unplugged

    def client_vlan(self, device: Device) -> int | None:
        """The VLAN in which the client's untagged frames reach the switch's own address; None when they do not."""
        if not self.link_up(device, self.client_port):
            return None
        found = [number for number, member in device.members(self.client_port).items() if member.pvid and not member.tagged]
        return found[0] if found and found[0] in device.management_vlans() else None

    def macs(self, device: Device) -> list[tuple[int, str, str]]:
        """Learnt addresses: VLAN, MAC, port."""
        vlan = self.client_vlan(device) if self.client_port else None
        return [(vlan, self.client_mac, self.client_port)] if vlan else []

    def neighbours(self, device: Device) -> list[tuple[int, str, str]]:
        """The switch's own ARP table: VLAN, IP address, MAC."""
        vlan = self.client_vlan(device) if self.client_port else None
        return [(vlan, self.client_address, self.client_mac)] if vlan else []

    def memberships(self, device: Device) -> list[tuple[int, str, str]]:
        """Groups that snooping has learnt: VLAN, group, port."""
        del device
        return []

    def routers(self, device: Device) -> list[tuple[int, str]]:
        """Ports at which a multicast router was heard: VLAN, port."""
        del device
        return []


def quoted(text: str) -> str:
    """Text as the configuration shows it: in quotes where it has blanks."""
    return f'"{text}"' if " " in text else text


def body(text: str) -> list[str]:
    """The commands of a configuration file: what follows its header."""
    lines = text.splitlines()
    if lines and lines[0] == "config-file-header":
        end = next(index for index, line in enumerate(lines) if line.startswith("ssd-control-end"))
        lines = lines[end + 1 :]
    if "unit-type-control-end" in lines:
        lines = lines[lines.index("unit-type-control-end") + 1 :]
    return [line for line in lines if line.strip() and not line.strip().startswith("!")]
