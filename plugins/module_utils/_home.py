# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The home as its owner states it: every home_* variable with type, default and meaning, and what can be wrong with them.

HOME is the one statement of these variables: the check before the first change, the documentation and the tests read it.

An argument spec for ansible.builtin.validate_argument_spec could not take its place. That looks only at the variables it is asked
about, so a misspelt name goes unseen; it knows one value at a time, not that the pool lies outside the LAN; it takes "20" for 20 and
"yes" for true where the roles' own expressions do not; and it says what is wrong, but not what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, ip_address
from typing import Any, Callable, NamedTuple, Optional

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _channels, _switch
from ansible_collections.homerouter.tripleplay.plugins.module_utils._dhcp import LABEL, MAC, normal_mac

PREFIX = "home_"
HIDDEN = "(not shown)"

# RFC 1918.
PRIVATE = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# Where Movistar's services live. A LAN over them would make them unreachable; another ISP has others, so these only warn.
MOVISTAR = (
    ("home_iptv_enabled", IPv4Network("172.26.0.0/16"), "the television servers"),
    ("home_iptv_enabled", IPv4Network("172.23.0.0/17"), "the television servers"),
)
# Its television network is 10.128.0.0/9 on most lines and 10.64.0.0 with /10 to /12 on others.
MOVISTAR_IPTV = (IPv4Network("10.64.0.0/10"), IPv4Network("10.128.0.0/9"))

MULTICAST = IPv4Network("224.0.0.0/4")
# Groups that no router may carry from one network to another: those of the link itself (RFC 5771, section 4), and discovery (SSDP).
LINK_GROUPS = (IPv4Network("224.0.0.0/24"), IPv4Network("239.255.255.250/32"))

# Names whose values no message shows, be they known or misspelt.
SECRET_NAME = re.compile(r"pas[sw]|pw|secret|key|token|psk|clave|contrase|cred", re.IGNORECASE)


class Finding(NamedTuple):
    """One thing that is wrong. The value is as it may be shown: never a secret."""

    variable: str
    value: str
    problem: str
    cure: str

    def __str__(self) -> str:
        return f"{self.variable} is {self.value}, {self.problem}: {self.cure}"


class Report(NamedTuple):
    """All that was found: mistakes, and what looks odd but may be meant."""

    findings: list[Finding]
    warnings: list[Finding]


# A problem and its cure, or None where the value is well formed.
Check = Callable[[Any], Optional[tuple[str, str]]]


@dataclass(frozen=True)
class Option:
    """One variable, or one key of a list's entries."""

    type: str
    description: str
    default: Any = None
    required: bool = False
    example: Any = None
    secret: bool = False
    check: Check | None = None
    entries: Mapping[str, Option] = field(default_factory=dict)


def _vlan(value: Any) -> tuple[str, str] | None:
    if 1 <= value <= 4094:
        return None
    return "outside the range of VLAN ids", "use 1 to 4094"


def _interface_name(value: Any) -> tuple[str, str] | None:
    cure = "give the name that `ip link` shows for the network card towards the switch, such as enp2s0"
    if len(value) > 15:
        return f"{len(value)} characters long, and Linux allows 15", cure
    if re.search(r"[/\s:%\"'\\]", value) or value in (".", ".."):
        return "no possible name of an interface", cure
    if value == "lo" or re.fullmatch(r"ppp\d+", value):
        return "no network card", cure
    if re.fullmatch(r".+\.\d+", value):
        return "a VLAN interface, not the network card below it", f"use {value.rpartition('.')[0]}; the VLANs are made from it"
    return None


def _address(value: str, longest: int, cure: str) -> tuple[str, str] | None:
    try:
        address = IPv4Interface(value)
    except ValueError:
        return "no IPv4 address with prefix length", cure
    if "/" not in value:
        return "without its prefix length", f"write {value}/24, or whatever length the network has"
    if str(address) != value:
        return "no address with prefix length in the usual form", f"write {address}"
    length = address.network.prefixlen
    if not 8 <= length <= longest:
        return f"in a network of prefix length {length}", f"use a length from /8 to /{longest}"
    if address.ip == address.network.network_address:
        return "the address of the network itself", f"use a host's address, such as {address.ip + 1}/{length}"
    if address.ip == address.network.broadcast_address:
        return "the broadcast address of its network", f"use a host's address, such as {address.ip - 1}/{length}"
    if address.is_loopback or address.is_multicast or address.is_link_local or address.ip >= IPv4Address("240.0.0.0"):
        return "an address that no network card may have", cure
    return None


def _iptv_address(value: Any) -> tuple[str, str] | None:
    return _address(value, 30, "copy the address of the ISP's own router with its prefix length, such as 10.214.0.10/9")


def _lan_address(value: Any) -> tuple[str, str] | None:
    wrong = _address(value, 29, "write the router's own address with its prefix length, such as 192.168.1.1/24")
    if wrong is None and not any(IPv4Interface(value).network.subnet_of(network) for network in PRIVATE):
        return "not in a private network", "use one inside 192.168.0.0/16, 172.16.0.0/12 or 10.0.0.0/8"
    return wrong


def _network(value: str, cure: str) -> IPv4Network | tuple[str, str]:
    """The network, or what is wrong with its form."""
    try:
        network = IPv4Network(value)
    except ValueError:
        return "no IPv4 network with prefix length", cure
    if "/" not in value or str(network) != value:
        return "no network with prefix length in the usual form", cure
    return network


def _servers(value: str, example: str, harm: str, what: str) -> tuple[str, str] | None:
    cure = f"write the network with its prefix length and without host bits, such as {example}"
    network = _network(value, cure)
    if not isinstance(network, IPv4Network):
        return network
    if network.prefixlen < 8:
        return f"a network of prefix length {network.prefixlen}, and the router would {harm}", cure
    if network.is_multicast or network.is_loopback or network.is_link_local:
        return f"a network in which no {what} can be", cure
    return None


def _prefix(value: Any) -> tuple[str, str] | None:
    return _servers(value, "10.31.255.128/27", "send half the Internet there", "server")


def sources(value: Any) -> tuple[str, str] | None:
    """What is wrong with a network that channels are said to come from."""
    return _servers(value, "172.16.0.0/12", "take channels from half the Internet", "sender of a channel")


def groups(value: Any) -> tuple[str, str] | None:
    """What is wrong with a network of groups that are said to carry television."""
    cure = "write the network of groups with its prefix length and without host bits, such as 239.0.0.0/16"
    network = _network(value, cure)
    if not isinstance(network, IPv4Network):
        return network
    if not network.subnet_of(MULTICAST):
        return f"not within {MULTICAST}, where the multicast groups are", cure
    for other in LINK_GROUPS:
        if network.overlaps(other):
            what = other.network_address if other.prefixlen == 32 else other
            return f"a network that takes in {what}, which must never leave its own link", f"leave that out, {cure}"
    return None


def _ipv4(value: Any) -> tuple[str, str] | None:
    try:
        IPv4Address(value)
    except ValueError:
        return "no IPv4 address", "write four numbers from 0 to 255 with dots and without prefix length, such as 192.168.1.210"
    return None


def _server(value: Any) -> tuple[str, str] | None:
    cure = "give the address of the ISP's or of a public resolver, such as 80.58.61.250"
    try:
        address = ip_address(value)
    except ValueError:
        return "no IP address", cure
    if address.is_loopback or address.is_unspecified or address.is_multicast or str(address) == "255.255.255.255":
        return "the address of no other host", cure
    return None


def _iptv_dns(value: Any) -> tuple[str, str] | None:
    wrong = _ipv4(value)
    if wrong is not None:
        return wrong[0], "write four numbers from 0 to 255 with dots and without prefix length, such as 172.26.23.3"
    if _server(value) is not None:
        return "the address of no other host", "give the resolver of the television network, such as 172.26.23.3"
    return None


def _domain(value: Any) -> tuple[str, str] | None:
    if len(value) <= 253 and all(LABEL.fullmatch(label) for label in value.split(".")):
        return None
    return "no domain name", "use labels of letters, digits and hyphens, without a dot at the end, such as home.arpa"


def _host_name(value: Any) -> tuple[str, str] | None:
    if LABEL.fullmatch(value):
        return None
    return "no host name", "use letters, digits and hyphens, at most 63, without the domain"


def _mac(value: Any) -> tuple[str, str] | None:
    cure = "write the six octets from the device's label, such as 4c:9e:ff:00:00:01"
    if not MAC.fullmatch(value):
        return "no MAC address", cure
    digits = int(re.sub("[:-]", "", value), 16)
    if digits == 0:
        return "the MAC address of no device", cure
    if digits >> 40 & 1:
        return "a group's MAC address (its first octet is odd), not a device's", cure
    return None


def _account(value: Any) -> tuple[str, str] | None:
    cure = "copy it from the ISP's letter; Movistar's is the same for everyone, see the example inventory"
    if re.search(r"[\x00-\x1f\x7f]", value):
        return "with a line break or control character in it", cure
    if value != value.strip():
        return "with a blank at an end", cure
    if len(value.encode()) > 255:
        return "longer than the 255 octets that PAP carries", cure
    return None


def comment(value: Any) -> tuple[str, str] | None:
    """What is wrong with a name that becomes a comment: nftables has no escapes there, and takes 128 octets with the final zero."""
    if re.search(r"[\x00-\x1f\x7f\"\\]", value):
        return "with a quote, a backslash, a line break or another control character in it", "use letters, digits and blanks"
    if len(value.encode()) > 100:
        return "too long for a comment in the firewall", "use at most 100 octets"
    return None


def _port(value: Any) -> tuple[str, str] | None:
    if 1 <= value <= 65535:
        return None
    return "outside the range of ports", "use 1 to 65535"


def ports(value: Any) -> tuple[int, int] | None:
    """First and last port of 443, "443" or "5000-5010"; None if it is no such thing."""
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", str(value)) if not isinstance(value, bool) else None
    if match is None:
        return None
    first = int(match[1])
    last = int(match[2] or first)
    return (first, last) if 1 <= first <= last <= 65535 else None


def _ports(value: Any) -> tuple[str, str] | None:
    if ports(value) is not None:
        return None
    return "no port or range of ports", "use a number from 1 to 65535, or a range in quotes with the smaller one first, such as \"5000-5010\""


def _protocol(value: Any) -> tuple[str, str] | None:
    if value in ("tcp", "udp"):
        return None
    return "no protocol with ports", "use tcp or udp; a service that needs both gets two entries"


# What a device with a fixed address is stated by.
_DEVICE = {
    "name": Option("str", "Host name without domain.", required=True, example="nas", check=_host_name),
    "mac": Option("str", "MAC address.", required=True, example="4c:9e:ff:00:00:01", check=_mac),
    "address": Option("str", "Address in the LAN.", required=True, example="192.168.1.20", check=_ipv4),
}
_BOX = {
    "name": replace(_DEVICE["name"], example="salon"),
    "mac": replace(_DEVICE["mac"], example="4c:9e:ff:00:00:02"),
    "address": replace(_DEVICE["address"], example="192.168.1.200"),
}

HOME: dict[str, Option] = {
    "home_uplink": Option(
        "str", "Name of the network card towards the switch or the ONT. It carries all VLANs.", required=True, example="enp2s0",
        check=_interface_name,
    ),
    "home_internet_vlan": Option("int", "VLAN id of the Internet service.", default=6, check=_vlan),
    "home_internet_username": Option(
        "str", "User name of the PPPoE session. Movistar's is the same for all customers.", required=True,
        example="adslppp@telefonicanetpa", check=_account,
    ),
    "home_internet_password": Option(
        "str", "Password of the PPPoE session. It may come from a vault; no message ever shows it.", required=True, secret=True,
        example="adslppp", check=_account,
    ),
    "home_iptv_enabled": Option("bool", "Whether the line has television.", default=True),
    "home_iptv_vlan": Option("int", "VLAN id of the television service.", default=2, check=_vlan),
    "home_iptv_address": Option(
        "str", "Static address with prefix length on the television VLAN: the one that the ISP's own router had. Required with television.",
        example="10.214.0.10/9", check=_iptv_address,
    ),
    "home_iptv_gateway": Option(
        "str", "Gateway of the television network, through which its servers are reached and from which RIP is taken.", default="10.128.0.1",
        check=_ipv4,
    ),
    "home_iptv_dns": Option(
        "str", "Resolver of the television network. Set-top boxes get it in place of the router: no other resolver knows all names of their servers.",
        default="172.26.23.3", check=_iptv_dns,
    ),
    "home_iptv_boxes": Option(
        "list",
        "Set-top boxes that always get the same address, and what television needs even if they do not say that they are one. Others, which "
        "say it, need no entry.",
        default=[], entries=_BOX,
    ),
    "home_iptv_sources": Option(
        "list", "Networks that the senders of channels live in. Channels from elsewhere are not taken.", default=["172.16.0.0/12"],
        entries={"": Option("str", "Network with prefix length.", required=True, check=sources)},
    ),
    "home_iptv_groups": Option(
        "list", "Networks of the multicast groups that carry television. Others do not pass the router.", default=["239.0.0.0/16"],
        entries={"": Option("str", "Network with prefix length.", required=True, check=groups)},
    ),
    "home_iptv_channels": Option(
        "list",
        "Channels, for players other than the set-top boxes, which have their own list. `docs/iptv-apps.md` says which can be watched, and how "
        "to read a playlist that you have.",
        default=[],
        entries={
            "number": Option("int", "Number on the remote control.", required=True, example=1, check=_channels.number),
            "name": Option("str", "Name.", required=True, example="La 1", check=_channels.name),
            "group": Option("str", "Multicast group.", required=True, example="239.0.0.76", check=_channels.group),
            "port": Option("int", "UDP port.", default=8208, check=_channels.port),
            "transport": Option("str", "V(rtp), or V(udp) for a stream without RTP.", default="rtp", check=_channels.transport),
            "genre": Option("str", "What it is about; players make a folder of it.", example="TDT", check=_channels.genre),
            "logo": Option("str", "Web address of its logo.", example="http://192.168.1.20/la1.png", check=_channels.logo),
            "tvg_id": Option("str", "Its name in your programme guide (XMLTV).", example="La1.es", check=_channels.tvg_id),
            "encrypted": Option("bool", "Whether it carries DRM, so that only the ISP's set-top boxes show it.", default=False),
        },
    ),
    "home_iptv_apps_enabled": Option(
        "bool", "Whether the router serves television to players other than set-top boxes: relay, playlists, recordings.", default=False
    ),
    "home_voip_enabled": Option("bool", "Whether the line has telephone.", default=True),
    "home_voip_vlan": Option("int", "VLAN id of the telephone service.", default=3, check=_vlan),
    "home_voip_prefix": Option(
        "str", "Network of the telephone servers: the only one that is reached over the telephone VLAN.", default="10.31.255.128/27",
        check=_prefix,
    ),
    "home_lan_vlan": Option("int", "VLAN id of the LAN, between router and switch.", default=100, check=_vlan),
    "home_lan_address": Option(
        "str", "The router's own address in the LAN, with prefix length.", default="192.168.1.1/24", check=_lan_address
    ),
    "home_lan_domain": Option("str", "Domain of the names in the LAN.", default="home.arpa", check=_domain),
    "home_lan_pool_first": Option("str", "First address that devices get by DHCP.", default="192.168.1.210", check=_ipv4),
    "home_lan_pool_last": Option("str", "Last address that devices get by DHCP.", default="192.168.1.249", check=_ipv4),
    "home_lan_reservations": Option("list", "Devices that always get the same address.", default=[], entries=_DEVICE),
    "home_switch_ports": Option(
        "list",
        "What hangs on the ports of a managed switch. Those that are not named belong to the LAN (O(cisco_switch_other_ports)). Read only where "
        "the inventory has a host in the group C(switches).",
        default=[{"port": "gi1", "use": "ont"}, {"port": "gi2", "use": "router"}],
        entries={
            "port": Option("str", "Port, as the switch calls it in short.", required=True, example="gi3", check=_switch.port_problem),
            "use": Option(
                "str",
                "V(ont) is the fibre, with all services tagged; V(ont_untagged) one that hands out the Internet without a tag; V(router); V(set_top_box) "
                "and V(lan) belong to the LAN; V(mirror) gets copies while C(cisco_switch_mirror) names ports; V(management) stays as it is, for the "
                "computer that you set the switch up from.",
                required=True, example="set_top_box", check=_switch.use_problem,
            ),
            "description": Option("str", "Description of the port on the switch.", example="living room", check=_switch.description_problem),
        },
    ),
    "home_dns_forwarders": Option(
        "list", "Addresses of the resolvers that the router asks; the default are Movistar's.", default=["80.58.61.250", "80.58.61.254"],
        entries={"": Option("str", "IP address.", required=True, check=_server)},
    ),
    "home_port_forwards": Option(
        "list", "Services in the LAN that the Internet may reach.", default=[],
        entries={
            "name": Option("str", "What the service is; a comment in the firewall.", required=True, example="web", check=comment),
            "protocol": Option("str", "V(tcp) or V(udp). A service that needs both gets two entries.", default="tcp", check=_protocol),
            "port": Option("port", "Port on the Internet side, or a range such as V(5000-5010).", required=True, example=443, check=_ports),
            "address": Option("str", "Address of the device in the LAN.", required=True, example="192.168.1.20", check=_ipv4),
            "to_port": Option("int", "Port of the device, if it is another one; not with a range.", example=8443, check=_port),
        },
    ),
}

_TYPES = {
    "str": (str, "text", "put it in quotes"),
    "int": (int, "a whole number", "write the number without quotes"),
    "bool": (bool, "true or false", "write true or false, without quotes"),
    "list": (list, "a list", "begin each entry on a line of its own with a hyphen"),
    "port": ((int, str), "a port", "write a number, or a range in quotes"),
}


# Text that was meant as something else, as all is text after -e on a command line.
_LITERAL = {"int": re.compile(r"\d+"), "bool": re.compile(r"true|false|yes|no|on|off", re.IGNORECASE)}


def kind(value: Any) -> str:
    """What a value is, in the words of somebody who writes YAML."""
    for classes, name in ((bool, "true or false"), (int, "a number"), (float, "a number with a point"), (str, "text"),
                          (Mapping, "a mapping"), ((list, tuple), "a list"), (type(None), "nothing")):  # fmt: skip
        if isinstance(value, classes):
            return name
    return type(value).__name__


def show(value: Any, secret: bool = False) -> str:
    """A value as a message may show it."""
    if secret:
        return HIDDEN
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    # What is in them may be anything, a secret too.
    if isinstance(value, Mapping):
        return f"{{{', '.join(map(str, value))}}}"
    if isinstance(value, (list, tuple)):
        return f"[{len(value)} entries]"
    text = repr(value) if isinstance(value, str) and (not value.isprintable() or value != value.strip() or not value) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def nearest(name: str, known: Iterable[str], cutoff: float) -> str | None:
    """The known name that looks most like a name, if any does."""
    return next(iter(difflib.get_close_matches(name, sorted(known), 1, cutoff)), None)


def _unknown(where: str, key: str, value: Any, meant: str | None, known: Iterable[str]) -> Finding:
    plain = isinstance(value, (str, int, float)) or value is None
    hide = not plain or any(SECRET_NAME.search(name) for name in (key, meant or ""))
    cure = f"did you mean {meant}?" if meant else f"remove it or give it another name; known are {', '.join(known)}"
    return Finding(where, show(value, hide), "which no role reads", cure)


def _well_formed(findings: list[Finding], where: str, option: Option, value: Any) -> bool:
    """Whether a value is of its type and form; if not, say so."""
    wanted, name, cure = _TYPES[option.type]
    shown = show(value, option.secret)
    if value is None:
        findings.append(Finding(where, shown, "a name without a value", "give it one or remove the line"))
    # Whole classes, not exact types: since ansible-core 2.19 values are instances of subclasses that remember where they come from.
    elif not isinstance(value, wanted) or (isinstance(value, bool) and option.type != "bool"):
        if option.type == "str" and isinstance(value, (int, float)) and not isinstance(value, bool):
            cure = "put it in quotes, or YAML takes it for a number"
        elif option.type == "int" and isinstance(value, float):
            cure = "write it without the point"
        elif isinstance(value, str) and where in HOME and option.type in _LITERAL and _LITERAL[option.type].fullmatch(value):
            # A sealed value stays sealed.
            cure += "" if option.secret else f"; on a command line write -e '{{\"{where}\": {value.lower()}}}', as -e {where}={value} is always text"
        findings.append(Finding(where, shown, f"{kind(value)} where {name} is needed", cure))
    elif value == "":
        findings.append(Finding(where, shown, "empty", f"give it a value{_such_as(option)}"))
    elif option.check is not None:
        wrong = option.check(value)
        if wrong is not None:
            findings.append(Finding(where, shown, *wrong))
        return wrong is None
    else:
        return True
    return False


def _such_as(option: Option) -> str:
    return "" if option.example is None or option.secret else f", such as {option.example}"


def _entries(findings: list[Finding], variable: str, option: Option, values: list[Any]) -> list[tuple[str, Any]]:
    """The well-formed entries of a list with their places; keys that are wrong are left out of them."""
    good: list[tuple[str, Any]] = []
    for number, value in enumerate(values):
        where = f"{variable}[{number}]"
        if "" in option.entries:
            if _well_formed(findings, where, option.entries[""], value):
                good.append((where, value))
            continue
        if not isinstance(value, Mapping):
            keys = ", ".join(option.entries)
            findings.append(Finding(where, show(value), f"{kind(value)} where a mapping is needed", f"give it the keys {keys}"))
            continue
        entry: dict[str, Any] = {}
        for key, inner in option.entries.items():
            if key in value:
                if _well_formed(findings, f"{where}.{key}", inner, value[key]):
                    entry[key] = value[key]
            elif inner.required:
                findings.append(Finding(f"{where}.{key}", "missing", "and it is required", f"add it{_such_as(inner)}"))
            elif inner.default is not None:
                entry[key] = inner.default
        for key in value:
            if key not in option.entries:
                meant = nearest(str(key).lower(), option.entries, 0.6)
                findings.append(_unknown(f"{where}.{key}", str(key), value[key], meant, option.entries))
        good.append((where, entry))
    return good


class _Home:
    """The checks that compare variables with each other. Only values that are well formed are compared."""

    def __init__(self, values: dict[str, Any], lists: dict[str, list[tuple[str, Any]]], unset: set[str]) -> None:
        self.values = values
        self.unset = unset
        self.lists = lists
        self.findings: list[Finding] = []
        self.warnings: list[Finding] = []
        self.leased = range(0)
        self.lan = IPv4Interface(values["home_lan_address"]) if "home_lan_address" in values else None

    def enabled(self, service: str) -> bool:
        """Whether a service is there; one whose switch is malformed counts as there, so that nothing is overlooked."""
        return self.values.get(f"home_{service}_enabled", True)

    def problem(self, variable: str, value: Any, problem: str, cure: str) -> None:
        self.findings.append(Finding(variable, self.shown(variable, value), problem, cure))

    def warning(self, variable: str, value: Any, problem: str, cure: str) -> None:
        self.warnings.append(Finding(variable, self.shown(variable, value), problem, cure))

    def shown(self, variable: str, value: Any) -> str:
        """The value, and whether it is the owner's."""
        return f"{show(value)} (the default)" if variable in self.unset else show(value)

    def vlans(self) -> None:
        seen: dict[int, str] = {}
        for service in ("internet", "iptv", "voip", "lan"):
            name = f"home_{service}_vlan"
            if name not in self.values or not self.enabled(service):
                continue
            number = self.values[name]
            if number in seen:
                self.problem(name, number, f"as is {seen[number]}", "give each service a VLAN id of its own")
            seen.setdefault(number, name)
        uplink = self.values.get("home_uplink")
        for number, name in seen.items():
            if uplink == f"vlan{number}":
                self.problem("home_uplink", uplink, f"the interface that {name} makes", "give the network card below it, such as enp2s0")

    def iptv(self) -> None:
        name = "home_iptv_address"
        if not self.enabled("iptv") or name not in self.values:
            return
        value = self.values[name]
        iptv = IPv4Interface(value)
        if self.lan is not None and self.lan.network.overlaps(iptv.network):
            self.problem(
                "home_lan_address", self.lan, f"which overlaps the television network {iptv.network} ({name})",
                "use another private network for the LAN, such as 192.168.1.1/24",
            )
        elif not any(iptv.network.overlaps(network) for network in MOVISTAR_IPTV):
            self.warning(
                name, value, f"outside Movistar's television networks, {' and '.join(map(str, MOVISTAR_IPTV))}",
                "with Movistar, copy the address of the ISP's router with its prefix length; with another ISP, all is well",
            )
        gateway = self.values.get("home_iptv_gateway")
        if gateway is not None and (IPv4Address(gateway) not in iptv.network or IPv4Address(gateway) == iptv.ip):
            self.problem(
                "home_iptv_gateway", gateway, f"not another host of the television network {iptv.network} ({name})",
                f"use the gateway of that network, mostly its first address, {iptv.network[1]}",
            )

    def voip(self) -> None:
        name = "home_voip_prefix"
        if not self.enabled("voip") or name not in self.values or self.lan is None:
            return
        network = IPv4Network(self.values[name])
        if self.lan.network.overlaps(network):
            self.problem(
                "home_lan_address", self.lan, f"which overlaps {network}, where the telephone servers are ({name})",
                "use another private network for the LAN, such as 192.168.1.1/24",
            )

    def movistar(self) -> None:
        for switch, network, what in MOVISTAR:
            if self.lan is not None and self.values.get(switch, True) and self.lan.network.overlaps(network):
                self.warning(
                    "home_lan_address", self.lan, f"which overlaps {network}, where Movistar has {what}",
                    "with Movistar, use another private network for the LAN, such as 192.168.1.1/24",
                )

    def domain(self) -> None:
        value = self.values.get("home_lan_domain")
        if value is not None and value.lower().split(".")[-1] == "local":
            self.warning("home_lan_domain", value, "which devices look up by multicast DNS (RFC 6762)", "use home.arpa (RFC 8375)")

    def in_lan(self, where: str, value: str, own_allowed: bool = False) -> IPv4Address | None:
        """The address if it can be that of a device in the LAN; None, and a finding, if not."""
        if self.lan is None:
            return None
        address, network = IPv4Address(value), self.lan.network
        hosts = f"{network.network_address + 1} to {network.broadcast_address - 1}"
        if address not in network:
            self.problem(where, value, f"outside the LAN {network} (home_lan_address)", f"use an address from {hosts}")
        elif address in (network.network_address, network.broadcast_address):
            self.problem(where, value, f"the network's own or the broadcast address of the LAN {network}", f"use an address from {hosts}")
        elif address == self.lan.ip and not own_allowed:
            self.problem(where, value, "the router's own address (home_lan_address)", "use another address of the LAN")
        else:
            return address
        return None

    def pool(self) -> None:
        names = ("home_lan_pool_first", "home_lan_pool_last")
        if self.lan is None or not all(name in self.values for name in names):
            return
        first, last = (self.in_lan(name, self.values[name], own_allowed=True) for name in names)
        if first is None or last is None:
            return
        if first > last:
            self.problem(names[0], first, f"above home_lan_pool_last, {last}", "exchange the two")
            return
        self.leased = range(int(first), int(last) + 1)
        if first <= self.lan.ip <= last:
            self.problem(
                names[0], first, f"and with home_lan_pool_last, {last}, the pool holds the router's own address {self.lan.ip}",
                "move the pool or home_lan_address",
            )

    def devices(self) -> list[tuple[str, Any]]:
        """All devices with a fixed address, set-top boxes or not."""
        return self.lists.get("home_lan_reservations", []) + self.lists.get("home_iptv_boxes", [])

    def reservations(self) -> None:
        seen: dict[tuple[str, Any], str] = {}
        for where, entry in self.devices():
            if "address" in entry:
                self.in_lan(f"{where}.address", entry["address"])
            for key, value in entry.items():
                same = (key, normal_mac(value) if key == "mac" else value.lower())
                if same in seen:
                    self.problem(f"{where}.{key}", value, f"as is {seen[same]}.{key}", "give each device its own")
                seen.setdefault(same, where)

    def switch(self) -> None:
        if "home_switch_ports" in self.values:
            for where, value, problem, cure in _switch.home_problems([entry for _where, entry in self.lists["home_switch_ports"]]):
                self.problem(where, value, problem, cure)

    def networks(self) -> None:
        for name in ("home_iptv_sources", "home_iptv_groups"):
            if self.values.get(name) == [] and self.enabled("iptv"):
                self.problem(name, "empty", "so that no channel would come in", "give at least one network, or remove the line for Movistar's")
            seen: list[tuple[IPv4Network, str]] = []
            for where, value in self.lists.get(name, []):
                network = IPv4Network(value)
                for other, place in seen:
                    if network.overlaps(other):
                        self.problem(where, value, f"which overlaps {other} of {place}", "keep the larger one of them")
                seen.append((network, where))

    def channels(self) -> None:
        networks = [value for _where, value in self.lists.get("home_iptv_groups", [])]
        for problem in _channels.together(self.lists.get("home_iptv_channels", []), networks):
            self.findings.append(Finding(*problem))
        if self.values.get("home_iptv_apps_enabled") is True and not self.enabled("iptv"):
            self.problem("home_iptv_apps_enabled", True, "and there is no television (home_iptv_enabled)", "set it to false, or the other to true")

    def forwarders(self) -> None:
        seen: dict[Any, str] = {}
        if self.values.get("home_dns_forwarders") == []:
            self.problem("home_dns_forwarders", "empty", "so that no name outside would resolve",
                         "give at least one resolver, or remove the line for those of Movistar")  # fmt: skip
        for where, value in self.lists.get("home_dns_forwarders", []):
            address = ip_address(value)
            if self.lan is not None and address == self.lan.ip:
                self.problem(where, value, "the router itself (home_lan_address), a loop", "give the ISP's or a public resolver's address")
            if address in seen:
                self.problem(where, value, f"as is {seen[address]}", "remove one of them")
            seen.setdefault(address, where)

    def port_forwards(self) -> None:
        seen: list[tuple[str, str, tuple[int, int]]] = []
        reserved = {entry.get("address") for _where, entry in self.devices()}
        for where, entry in self.lists.get("home_port_forwards", []):
            if "address" in entry:
                address = self.in_lan(f"{where}.address", entry["address"])
                if address is not None and int(address) in self.leased and entry["address"] not in reserved:
                    self.warning(
                        f"{where}.address", address, "in the pool of DHCP, which may give it to another device",
                        "give the device its address in home_lan_reservations",
                    )
            if "port" not in entry:
                continue
            wanted = ports(entry["port"])
            if wanted is None:
                continue
            if "to_port" in entry and wanted[0] != wanted[1]:
                self.problem(f"{where}.to_port", entry["to_port"], f"one port for the range {entry['port']}",
                             "remove it: a range keeps its port numbers")  # fmt: skip
            for other, protocol, taken in seen:
                if protocol == entry.get("protocol") and wanted[0] <= taken[1] and taken[0] <= wanted[1]:
                    self.problem(f"{where}.port", entry["port"], f"which {other} has already ({protocol})", "forward each port once")
                    break
            if "protocol" in entry:
                seen.append((where, entry["protocol"], wanted))


def judge(
    variables: Mapping[str, Any], roles: Mapping[str, Iterable[str]] | None = None, skip: Iterable[str] = (), vaulted: Iterable[str] = ()
) -> Report:
    """Everything that is wrong with the home that a host's variables state.

    variables: the host's variables, home_* ones with their values computed; others are looked at by name only.
    roles: the variables of each role of the collection, to tell misspelt ones.
    skip: home_* variables that are set but whose values are not to be had.
    vaulted: home_* variables whose values come from a vault and are as secret as passwords.
    """
    findings: list[Finding] = []
    values: dict[str, Any] = {}
    lists: dict[str, list[tuple[str, Any]]] = {}

    roles = roles or {}
    known = {*HOME, *(name for names in roles.values() for name in names)}
    prefixes = tuple(f"{role}_" for role in roles)
    for name in sorted(set(variables) - known):
        if name.startswith(PREFIX):
            findings.append(_unknown(name, name, variables[name], nearest(name.lower(), HOME, 0.7), HOME))
            continue
        # What begins as a role's variable is likely meant for it; of other people's names only what looks nearly the same.
        meant = nearest(name.lower(), known, 0.8 if name.startswith(prefixes) else 0.92)
        if meant is not None:
            findings.append(_unknown(name, name, variables[name], meant, known))

    for name, option in HOME.items():
        if name in skip:
            continue
        if name not in variables:
            if option.required:
                findings.append(Finding(name, "missing", "and it is required", f"set it in the inventory{_such_as(option)}"))
            elif option.default is not None:
                values[name] = option.default
        elif _well_formed(findings, name, replace(option, secret=True) if name in vaulted else option, variables[name]):
            values[name] = variables[name]
        if name in values and option.type == "list":
            lists[name] = _entries(findings, name, option, values[name])

    home = _Home(values, lists, set(HOME) - set(variables))
    if "home_iptv_address" not in {*variables, *skip} and home.enabled("iptv"):
        findings.append(Finding(
            "home_iptv_address", "missing", "and television needs it (home_iptv_enabled)",
            "set it to the address that the ISP's own router had on the television VLAN, such as 10.214.0.10/9, "
            "or set home_iptv_enabled to false",
        ))  # fmt: skip
    for check in (home.vlans, home.iptv, home.voip, home.movistar, home.domain, home.pool, home.reservations, home.switch, home.networks, home.channels,
                  home.forwarders, home.port_forwards):  # fmt: skip
        check()
    return Report(findings + home.findings, home.warnings)
