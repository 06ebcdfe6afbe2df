# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the VLAN interfaces of the home should be, as files for four network stacks, and whether they are.

Everything here is pure: it reads and writes nothing. The modules and the filter next door do.

A plan is a dictionary as the role's variables hold it::

    uplink: eth0            # the NIC that carries the tags
    mtu: 1500               # its MTU in octets, tags not counted
    dhcp: false             # DHCP on the untagged uplink
    interfaces:
      - {service: lan, id: 100, address: 192.168.1.1/24}

Interfaces may also have C(name), C(enabled), C(mtu) and C(pcp).
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass
from typing import Any, Callable, Iterable, Mapping

BACKENDS = ("networkd", "netplan", "ifupdown", "netifrc")

NETWORKD_DIR = "/etc/systemd/network"
NETWORKD_UPLINK = NETWORKD_DIR + "/10-homerouter-uplink.network"
NETWORKD_CONF = "/etc/systemd/networkd.conf.d/10-homerouter.conf"
NETPLAN_FILE = "/etc/netplan/60-homerouter.yaml"
IFUPDOWN_MAIN = "/etc/network/interfaces"
IFUPDOWN_FILE = "/etc/network/interfaces.d/homerouter"
NETIFRC_FILE = "/etc/conf.d/net"
NETIFRC_SECRET = "/etc/conf.d/net.ppp0"
UDEV_RULES = "/etc/udev/rules.d/80-homerouter-vlans.rules"

# systemd that takes "EgressQOSMaps=7-4": before it, a pair had to rise (systemd#27460).
SYSTEMD_FALLING_QOS_MAPS = 254
# systemd that knows ManageForeignNextHops=.
SYSTEMD_FOREIGN_NEXT_HOPS = 256
# systemd that finds its own addresses again when it restarts. 252 drops them, learnt routes go with them, and 257 does not.
SYSTEMD_OWN_ADDRESSES = 257

HEADER = "# Written by the role homerouter.tripleplay.vlans: changes made here are lost.\n"

# The priorities a packet can have inside the kernel and a tag has room for. Routed packets take theirs from
# the TOS octet and so come with 2, 4 and 6 as well as 0: a map of priority 0 alone would miss some.
SKB_PRIORITIES = range(8)

# Kernel rules for an interface name (dev_valid_name), and what the shell, unit and udev files can carry.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
_RESERVED_NAMES = ("lo", "all", "default")


@dataclass(frozen=True)
class Vlan:
    """One VLAN interface. C(mtu) in octets, C(address) in CIDR notation, C(pcp) 0 to 7."""

    service: str
    id: int
    name: str
    mtu: int
    address: str | None = None
    pcp: int | None = None

    @property
    def egress(self) -> dict[int, int]:
        """Kernel priority to the priority written in the tag; empty: every tag says 0."""
        return {} if self.pcp is None else dict.fromkeys(SKB_PRIORITIES, self.pcp)


@dataclass(frozen=True)
class Plan:
    """A checked plan: all its values make sense together."""

    uplink: str
    mtu: int
    dhcp: bool
    vlans: tuple[Vlan, ...]


class PlanError(ValueError):
    """A plan with problems; C(problems) lists them all, each with variable, value and cure."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


def plan_spec() -> dict[str, Any]:
    """Argument spec of a plan, for the modules that take one."""
    return {
        "uplink": {"type": "str", "required": True},
        "mtu": {"type": "int", "default": 1500},
        "dhcp": {"type": "bool", "default": False},
        "interfaces": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "options": {
                "service": {"type": "str"},
                "id": {"type": "int", "required": True},
                "name": {"type": "str"},
                "enabled": {"type": "bool", "default": True},
                "address": {"type": "str"},
                "mtu": {"type": "int"},
                "pcp": {"type": "int"},
            },
        },
    }


def make_plan(raw: Mapping[str, Any]) -> Plan:
    """Check C(raw) whole; return the plan or raise PlanError with every problem found."""
    problems: list[str] = []
    uplink = str(raw.get("uplink") or "")
    problems += _uplink_problems(uplink)
    mtu = raw.get("mtu", 1500)
    if not 68 <= mtu <= 65535:
        problems.append(f"vlans_uplink_mtu is {mtu}: an MTU is 68 to 65535 octets (1500 on an ordinary Ethernet)")

    vlans: list[Vlan] = []
    for number, entry in enumerate(raw.get("interfaces") or []):
        if not entry.get("enabled", True):
            continue
        vlan, found = _make_vlan(entry, f"vlans_interfaces[{number}]", mtu)
        problems += found
        vlans.append(vlan)
    if not vlans:
        problems.append("vlans_interfaces is empty or wholly disabled: enable at least one interface")
    problems += _clashes(uplink, vlans)
    if problems:
        raise PlanError(problems)
    return Plan(uplink=uplink, mtu=mtu, dhcp=bool(raw.get("dhcp", False)), vlans=tuple(vlans))


def _uplink_problems(uplink: str) -> list[str]:
    if not uplink:
        return ["vlans_uplink is empty: set home_uplink to the name of the network card that carries the VLANs (ip link)"]
    if not _NAME.fullmatch(uplink):
        return [f"vlans_uplink is {uplink!r}: not the name of a network interface (ip link lists them)"]
    return []


def _make_vlan(entry: Mapping[str, Any], where: str, parent_mtu: int) -> tuple[Vlan, list[str]]:
    problems: list[str] = []
    vid = entry["id"]
    service = entry.get("service") or ""
    label = f"{where} ({service})" if service else where
    name = entry.get("name") or f"vlan{vid}"
    mtu = entry.get("mtu")
    mtu = 1500 if mtu is None else mtu
    address = entry.get("address")
    pcp = entry.get("pcp")

    if not 1 <= vid <= 4094:
        problems.append(f"{label}: id is {vid}: a VLAN id is 1 to 4094")
    if not _NAME.fullmatch(name) or name in _RESERVED_NAMES:
        problems.append(
            f"{label}: name is {name!r}: use 1 to 15 letters, digits, '.', '_' or '-' (and not lo, all, default)"
        )
    if mtu < 68:
        problems.append(f"{label}: mtu is {mtu}: an MTU is at least 68 octets; usual is 1500")
    elif mtu > parent_mtu:
        problems.append(
            f"{label}: mtu is {mtu}, above vlans_uplink_mtu, which is {parent_mtu}:"
            f" raise vlans_uplink_mtu to {mtu} or lower this one"
        )
    if pcp is not None and not 0 <= pcp <= 7:
        problems.append(f"{label}: pcp is {pcp}: a priority is 0 to 7; leave pcp out for none")
    if address is not None:
        problems += [f"{label}: {text}" for text in _address_problems(address, service)]
    return Vlan(service=service, id=vid, name=name, mtu=mtu, address=address, pcp=pcp), problems


def _address_problems(address: str, service: str) -> list[str]:
    if address == "":
        variable = {"iptv": "home_iptv_address", "lan": "home_lan_address"}.get(service)
        cure = f"set {variable}" if variable else "set it, or leave address out"
        if service == "iptv":
            cure += " to the static address the ISP gave you (such as 10.214.0.10/9), or home_iptv_enabled to false"
        return [f"address is empty: {cure}"]
    try:
        parsed = ipaddress.IPv4Interface(address)
    except ValueError as error:
        return [f"address is {address!r}: {error}; write an IPv4 address with its prefix length, such as 192.168.1.1/24"]
    if "/" not in address or not address.split("/")[1].isdigit():
        return [f"address is {address!r}: the prefix length is missing or not a number; write for example {parsed.ip}/24"]
    network = parsed.network
    if network.prefixlen < 31 and parsed.ip in (network.network_address, network.broadcast_address):
        kind = "network" if parsed.ip == network.network_address else "broadcast"
        return [
            f"address is {address}: that is the {kind} address of {network};"
            f" use {network.network_address + 1} to {network.broadcast_address - 1}"
        ]
    if parsed.ip.is_multicast or parsed.ip.is_loopback or parsed.ip.is_unspecified or parsed.ip.is_reserved:
        return [f"address is {address}: not an address a host can have; use a unicast one"]
    return []


def _clashes(uplink: str, vlans: list[Vlan]) -> list[str]:
    problems: list[str] = []
    ids: dict[int, Vlan] = {}
    names: dict[str, Vlan] = {}
    networks: list[tuple[ipaddress.IPv4Network, Vlan]] = []
    for vlan in vlans:
        who = vlan.service or vlan.name
        if vlan.id in ids:
            other = ids[vlan.id]
            problems.append(
                f"vlans_interfaces: id {vlan.id} is used by {other.service or other.name} and {who}:"
                " give each service its own VLAN id, or disable one"
            )
        elif vlan.name in names:
            problems.append(f"vlans_interfaces: name {vlan.name} is used by id {names[vlan.name].id} and id {vlan.id}: rename one")
        if vlan.name == uplink:
            problems.append(f"vlans_interfaces: name {vlan.name} of id {vlan.id} is the uplink's own name: rename the VLAN")
        ids.setdefault(vlan.id, vlan)
        names.setdefault(vlan.name, vlan)
        if not vlan.address or _address_problems(vlan.address, vlan.service):
            continue
        network = ipaddress.IPv4Interface(vlan.address).network
        for other_network, other in networks:
            if network.overlaps(other_network):
                problems.append(
                    f"vlans_interfaces: {vlan.address} of {who} overlaps {other.address} of {other.service or other.name}:"
                    " give them networks of their own"
                )
        networks.append((network, vlan))
    return problems


# --- files ---------------------------------------------------------------------------------------------------------


def _file(path: str, content: str, mode: str = "0644", **extra: str) -> dict[str, str]:
    return {"path": path, "content": content, "mode": mode, **extra}


def _egress_words(vlan: Vlan) -> str:
    """The map as iproute2 and netifrc write it: 0:4 1:4 …"""
    return " ".join(f"{key}:{value}" for key, value in vlan.egress.items())


def _foreign_routes(systemd_version: int) -> dict[str, str]:
    keys = ["ManageForeignRoutes=no", "ManageForeignRoutingPolicyRules=no"]
    if systemd_version >= SYSTEMD_FOREIGN_NEXT_HOPS:
        keys.append("ManageForeignNextHops=no")
    why = "# Routes of pppd, FRR and other people stay when systemd-networkd restarts.\n"
    return _file(NETWORKD_CONF, HEADER + why + "[Network]\n" + "".join(f"{key}\n" for key in keys))


def _udev_egress(vlans: Iterable[Vlan]) -> dict[str, str] | None:
    """Set the map when the interface appears, whoever made it: netplan and old systemd cannot say it."""
    mapped = [vlan for vlan in vlans if vlan.pcp is not None]
    if not mapped:
        return None
    rules = "".join(
        f'ACTION=="add", SUBSYSTEM=="net", KERNEL=="{vlan.name}", '
        f'RUN+="/usr/sbin/ip link set dev {vlan.name} type vlan egress-qos-map {_egress_words(vlan)}"\n'
        for vlan in mapped
    )
    return _file(UDEV_RULES, HEADER + "# Priority in the 802.1Q tag of what leaves; kernel priority:tag priority.\n" + rules)


def _required_for_online(vlan: Vlan) -> str:
    # An interface with an address must be configured before "network-online", cable or no cable; the others
    # never become "online" in systemd's eyes and would only make the boot wait for two minutes.
    return "no-carrier" if vlan.address else "no"


# Where the plan has no address, another program's may be, such as a DHCP client's on the voice VLAN, with routes over it:
# systemd-networkd would drop it at each restart.
KEEP = "KeepConfiguration=yes"


def _keeps(vlan: Vlan, systemd_version: int) -> bool:
    """Whether systemd-networkd has to be told to leave addresses alone. The module vlan_apply removes those of an older plan."""
    return not vlan.address or systemd_version < SYSTEMD_OWN_ADDRESSES


def render_networkd(plan: Plan, systemd_version: int) -> list[dict[str, str]]:
    lines = ["[Match]", f"Name={plan.uplink}", "", "[Link]", f"MTUBytes={plan.mtu}"]
    # systemd before 255 waits in vain when no link at all is required: the bare uplink counts once it is set up.
    lines += [f"RequiredForOnline={'no' if plan.dhcp else 'no-carrier'}", "", "[Network]"]
    if plan.dhcp:
        # What the owner has set by hand on the untagged uplink stays until the next boot.
        lines += ["DHCP=ipv4", "KeepConfiguration=yes"]
    else:
        lines += ["DHCP=no"]
    lines += ["LinkLocalAddressing=no", "IPv6AcceptRA=no", "ConfigureWithoutCarrier=yes"]
    lines += [f"VLAN={vlan.name}" for vlan in plan.vlans]
    files = [_file(NETWORKD_UPLINK, HEADER + "\n".join(lines) + "\n")]
    rising_only = systemd_version < SYSTEMD_FALLING_QOS_MAPS
    for vlan in plan.vlans:
        base = f"{NETWORKD_DIR}/20-homerouter-{vlan.name}"
        # No MTU here: the kernel refuses to make a VLAN above the MTU its parent has at that moment.
        netdev = ["[NetDev]", f"Name={vlan.name}", "Kind=vlan", "", "[VLAN]", f"Id={vlan.id}"]
        if vlan.egress and not rising_only:
            netdev.append("EgressQOSMaps=" + " ".join(f"{key}-{value}" for key, value in vlan.egress.items()))
        files.append(_file(f"{base}.netdev", HEADER + "\n".join(netdev) + "\n"))
        network = ["[Match]", f"Name={vlan.name}", "Kind=vlan", "", "[Link]", f"MTUBytes={vlan.mtu}"]
        network += ["ActivationPolicy=up", f"RequiredForOnline={_required_for_online(vlan)}", "", "[Network]"]
        network += ["DHCP=no", "LinkLocalAddressing=no", "IPv6AcceptRA=no", "ConfigureWithoutCarrier=yes"]
        network += [f"Address={vlan.address}"] if vlan.address else []
        network += [KEEP] if _keeps(vlan, systemd_version) else []
        files.append(_file(f"{base}.network", HEADER + "\n".join(network) + "\n"))
    files.append(_foreign_routes(systemd_version))
    udev = _udev_egress(plan.vlans) if rising_only else None
    return files + ([udev] if udev else [])


# netplan's own generator, on a copy of all its files: "netplan generate" would also reload systemd on the way, and
# "netplan get" of netplan 1.1 ends with 0 whatever it finds. Without it netplan is not installed, which only a check
# on a bare host meets: the package task comes first.
_NETPLAN_VALIDATE = (
    "/bin/sh -ec 'generate=/usr/libexec/netplan/generate; [ -x $generate ] || exit 0;"
    " root=$(mktemp -d); trap \"rm -rf $root\" EXIT; mkdir -p $root/etc/netplan;"
    " for file in /etc/netplan/*.yaml; do [ ! -e $file ] || cp -p $file $root/etc/netplan/; done;"
    f" cp -p \"$0\" $root{NETPLAN_FILE}; $generate --root-dir $root' %s"
)


def render_netplan(plan: Plan, systemd_version: int) -> list[dict[str, str]]:
    # JSON strings are YAML strings: names and addresses are quoted safely.
    quiet = ["      dhcp6: false", "      accept-ra: false", "      link-local: []"]
    lines = ["network:", "  version: 2", "  ethernets:", f"    {json.dumps(plan.uplink)}:", "      renderer: networkd"]
    lines += [f"      dhcp4: {'true' if plan.dhcp else 'false'}", *quiet, f"      mtu: {plan.mtu}"]
    lines += ["      ignore-carrier: true", "      optional: true", "  vlans:"]
    for vlan in plan.vlans:
        lines += [f"    {json.dumps(vlan.name)}:", "      renderer: networkd", f"      id: {vlan.id}"]
        lines += [f"      link: {json.dumps(plan.uplink)}", f"      mtu: {vlan.mtu}", "      dhcp4: false", *quiet]
        lines += ["      ignore-carrier: true"]
        if vlan.address:
            lines += ["      addresses:", f"        - {json.dumps(vlan.address)}"]
        else:
            lines += ["      optional: true"]
    content = HEADER + "\n".join(lines) + "\n"
    files = [_file(NETPLAN_FILE, content, "0600", validate=_NETPLAN_VALIDATE)]
    # netplan has no key for these; systemd merges drop-ins into the files netplan generates.
    if not plan.dhcp:
        files.append(_netplan_drop_in(plan.uplink, "no-carrier", keep=False))
    files += [_netplan_drop_in(vlan.name, _required_for_online(vlan), keep=_keeps(vlan, systemd_version)) for vlan in plan.vlans]
    files.append(_foreign_routes(systemd_version))
    udev = _udev_egress(plan.vlans)
    return files + ([udev] if udev else [])


def _netplan_drop_in(name: str, required: str, keep: bool) -> dict[str, str]:
    path = f"{NETWORKD_DIR}/10-netplan-{name}.network.d/10-homerouter.conf"
    content = HEADER + f"[Link]\nActivationPolicy=up\nRequiredForOnline={required}\n"
    if keep:
        content += f"\n[Network]\n{KEEP}\n"
    return _file(path, content)


def _without_ipv6(name: str, then: str = "") -> str:
    """Nobody out there may configure the router by IPv6: no link-local address, no router advertisements."""
    conf = f"/proc/sys/net/ipv6/conf/{name}"
    return f"[ ! -e {conf} ] || {{ echo 1 > {conf}/addr_gen_mode; echo 0 > {conf}/accept_ra;{then} }}"


def render_ifupdown(plan: Plan, uplink_elsewhere: bool, sourced: bool) -> list[dict[str, str]]:
    # A second stanza for an interface adds to the first one. DHCP that the owner's own stanza asks for is not
    # asked for twice.
    method = "dhcp" if plan.dhcp and not uplink_elsewhere else "manual"
    lines = [f"auto {plan.uplink}", f"iface {plan.uplink} inet {method}"]
    if not uplink_elsewhere:
        # The card may have been up, with addresses of its own making, before this file was there.
        lines += [f"    pre-up {_without_ipv6(plan.uplink, ' ip -6 address flush dev ' + plan.uplink + ';')}"]
    lines += [f"    {'pre-up' if method == 'dhcp' else 'up'} ip link set dev {plan.uplink} mtu {plan.mtu} up"]
    for vlan in plan.vlans:
        lines += ["", f"auto {vlan.name}"]
        if vlan.address:
            lines += [f"iface {vlan.name} inet static", f"    address {vlan.address}"]
        else:
            lines += [f"iface {vlan.name} inet manual"]
        egress = f" type vlan egress-qos-map {_egress_words(vlan)}" if vlan.egress else ""
        lines += [
            # A VLAN comes up only on a parent that is up, and never above the parent's MTU.
            f"    pre-up ip link set dev {plan.uplink} mtu {plan.mtu} up",
            f"    pre-up [ -e /sys/class/net/{vlan.name} ] ||"
            f" ip link add link {plan.uplink} name {vlan.name} type vlan id {vlan.id}",
            f"    pre-up ip link set dev {vlan.name} mtu {vlan.mtu}{egress}",
            f"    pre-up {_without_ipv6(vlan.name)}",
            f"    up ip link set dev {vlan.name} up",
            f"    post-down ip link delete dev {vlan.name}",
        ]
    content = HEADER + "\n".join(lines) + "\n"
    validate = "/usr/sbin/ifup --no-act --force --all --interfaces %s"
    files = [_file(IFUPDOWN_FILE, content, validate=validate)]
    if not sourced:
        source = f"source {IFUPDOWN_FILE.rsplit('/', 1)[0]}/*\n"
        files.append(_file(IFUPDOWN_MAIN, source, marker="interfaces.d"))
    return files


def shell_name(name: str) -> str:
    """An interface's name inside a netifrc variable."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def _single_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def render_netifrc(plan: Plan, ppp: Mapping[str, Any] | None, voip_dhcp: str) -> list[dict[str, str]]:
    """OpenRC reads /etc/conf.d/net for every net.* service and /etc/conf.d/net.ppp0 for net.ppp0 alone, so the
    password has a file to itself and the rest stays readable."""
    uplink = shell_name(plan.uplink)
    lines = [
        f'config_{uplink}="{"dhcp" if plan.dhcp else "null"}"',
        f'mtu_{uplink}="{plan.mtu}"',
        f'vlans_{uplink}="{" ".join(str(vlan.id) for vlan in plan.vlans)}"',
    ]
    dhclient = False
    for vlan in plan.vlans:
        lines += ["", f'vlan{vlan.id}_name="{vlan.name}"', f'mtu_vlan{vlan.id}="{vlan.mtu}"']
        if vlan.egress:
            lines.append(f'vlan{vlan.id}_egress="{_egress_words(vlan)}"')
        name = shell_name(vlan.name)
        if vlan.address:
            lines.append(f'config_{name}="{vlan.address}"')
        elif vlan.service == "voip" and voip_dhcp:
            dhclient = True
            lines += [f'config_{name}="dhcp"', f'dhcp_{name}="{voip_dhcp}"']
        else:
            lines.append(f'config_{name}="null"')
    if dhclient:
        lines += ["", 'modules="dhclient"']
    content = HEADER
    files = []
    if ppp:
        link = next((vlan.name for vlan in plan.vlans if vlan.service == "internet"), None)
        if link is None:
            raise ValueError(
                "vlans_interfaces has no enabled interface of service internet, over which ppp0 could run:"
                " add it, or set vlans_netifrc_ppp to false"
            )
        options = "\n".join(str(option) for option in ppp["options"])
        lines += [
            "",
            'config_ppp0="ppp"',
            f'link_ppp0="{link}"',
            'plugins_ppp0="pppoe"',
            f'pppd_ppp0="\n{options}\n"',
            'rc_net_ppp0_provide="!net"',
        ]
        content += f"# User name and password are in {NETIFRC_SECRET}, which OpenRC reads for net.ppp0 only.\n"
        secret = HEADER
        secret += f"username_ppp0={_single_quoted(ppp['username'])}\n"
        secret += f"password_ppp0={_single_quoted(ppp['password'])}\n"
        files.append({"path": NETIFRC_SECRET, "secret": secret, "mode": "0600"})
    content += "\n".join(lines) + "\n"
    files.insert(0, _file(NETIFRC_FILE, content, marker="vlans", validate="/bin/bash -n %s"))
    return files


# Whatever this role may have written for any stack. config_files keeps what is also listed as a file.
STALE = (
    f"{NETWORKD_DIR}/*-homerouter-*.network",
    f"{NETWORKD_DIR}/*-homerouter-*.netdev",
    f"{NETWORKD_DIR}/10-netplan-*.network.d/10-homerouter.conf",
    NETWORKD_CONF,
    NETPLAN_FILE,
    IFUPDOWN_FILE,
    UDEV_RULES,
)


def render(
    backend: str,
    plan: Plan,
    systemd_version: int = 0,
    uplink_elsewhere: bool = False,
    sourced: bool = True,
    ppp: Mapping[str, Any] | None = None,
    voip_dhcp: str = "",
) -> dict[str, list[Any]]:
    """All files of one backend, and the paths and globs of what must not be there besides them."""
    renderers: dict[str, Callable[[], list[dict[str, str]]]] = {
        "networkd": lambda: render_networkd(plan, systemd_version),
        "netplan": lambda: render_netplan(plan, systemd_version),
        "ifupdown": lambda: render_ifupdown(plan, uplink_elsewhere, sourced),
        "netifrc": lambda: render_netifrc(plan, ppp, voip_dhcp),
    }
    if backend not in renderers:
        raise ValueError(f"vlans_backend is {backend!r}: use one of {', '.join(BACKENDS)}")
    files = renderers[backend]()
    written = {entry["path"] for entry in files}
    return {"files": files, "absent": [path for path in STALE if path not in written]}


# --- live state ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Link:
    """One interface as the kernel has it."""

    name: str
    kind: str
    mtu: int
    max_mtu: int
    up: bool
    carrier: bool
    master: str
    parent: str
    vlan_id: int
    egress: Mapping[int, int]
    addresses: tuple[str, ...]


def parse_links(text: str) -> dict[str, Link]:
    """The output of C(ip -json -details address show), by name."""
    links: dict[str, Link] = {}
    for entry in json.loads(text or "[]"):
        name = entry.get("ifname")
        if not name:  # iproute2 prints empty objects for what a filter left out
            continue
        info = entry.get("linkinfo", {})
        data = info.get("info_data", {})
        flags = entry.get("flags", [])
        links[name] = Link(
            name=name,
            kind=info.get("info_kind", ""),
            mtu=entry.get("mtu", 0),
            max_mtu=entry.get("max_mtu", 0),
            up="UP" in flags,
            carrier="LOWER_UP" in flags,
            master=entry.get("master", ""),
            parent=entry.get("link", ""),
            vlan_id=data.get("id", 0) if info.get("info_kind") == "vlan" else 0,
            egress={pair["from"]: pair["to"] for pair in data.get("egress_qos", [])},
            addresses=tuple(
                f"{address['local']}/{address['prefixlen']}" for address in entry.get("addr_info", []) if "local" in address
            ),
        )
    return links


def egress_differs(vlan: Vlan, link: Link) -> bool:
    """Whether tags leave with another priority than wanted; an entry that says 0 is as good as none."""
    return any(link.egress.get(key, 0) != vlan.egress.get(key, 0) for key in {*link.egress, *vlan.egress})


def link_problems(vlan: Vlan, link: Link | None, uplink: str) -> list[str]:
    """What an existing interface lacks; empty when it is as planned. Foreign addresses do not count."""
    if link is None:
        return ["does not exist"]
    if link.kind != "vlan" or link.vlan_id != vlan.id or link.parent != uplink:
        found = f"VLAN {link.vlan_id} on {link.parent}" if link.kind == "vlan" else f"of kind {link.kind or 'ethernet'}"
        return [f"is {found}, not VLAN {vlan.id} on {uplink}"]
    problems = []
    if link.mtu != vlan.mtu:
        problems.append(f"has MTU {link.mtu}, not {vlan.mtu}")
    if vlan.address and vlan.address not in link.addresses:
        problems.append(f"has {', '.join(link.addresses) or 'no address'}, not {vlan.address}")
    if egress_differs(vlan, link):
        has = " ".join(f"{key}:{value}" for key, value in link.egress.items()) or "none"
        problems.append(f"has priority map {has}, not {_egress_words(vlan) or 'none'}")
    if not link.up:
        problems.append("is down")
    return problems


def state_problems(plan: Plan, links: Mapping[str, Link], carrier: bool = True) -> list[str]:
    """Every difference between the plan and the kernel, each beginning with the interface's name.

    Without C(carrier) only what can be set right on this host: a cable needs a hand.
    """
    problems = []
    uplink = links.get(plan.uplink)
    if uplink is None:
        return [f"{plan.uplink} does not exist"]
    if uplink.mtu != plan.mtu:
        problems.append(f"{plan.uplink} has MTU {uplink.mtu}, not {plan.mtu}")
    if not uplink.up:
        problems.append(f"{plan.uplink} is down")
    elif carrier and not uplink.carrier:
        problems.append(f"{plan.uplink} has no carrier: look at the cable, and at the switch or ONT at its other end")
    for vlan in plan.vlans:
        problems += [f"{vlan.name} {text}" for text in link_problems(vlan, links.get(vlan.name), plan.uplink)]
    return problems


def _overlaps(plan: Plan, links: Mapping[str, Link]) -> list[str]:
    """Two networks of the same numbers on one host: answers would leave by the wrong one."""
    ours = {vlan.name for vlan in plan.vlans}
    if not plan.dhcp:
        # Its own address goes.
        ours.add(plan.uplink)
    problems = []
    for vlan in plan.vlans:
        for link in links.values():
            for cidr in link.addresses:
                other = ipaddress.ip_interface(cidr)
                if link.name in ours or other.version != 4 or not vlan.address or other.network.prefixlen == 32:
                    continue
                if ipaddress.IPv4Interface(vlan.address).network.overlaps(other.network):
                    problems.append(
                        f"vlans_interfaces: address {vlan.address} of {vlan.name} overlaps the network {other.network} on {link.name}:"
                        " choose other numbers (home_lan_address for the LAN), or take that address away first"
                    )
    return problems


def host_problems(plan: Plan, links: Mapping[str, Link]) -> list[str]:
    """Why this host cannot take the plan, as far as its list of interfaces tells."""
    uplink = links.get(plan.uplink)
    if uplink is None:
        candidates = [name for name, link in links.items() if not link.kind and name != "lo"]
        return [
            f"vlans_uplink is {plan.uplink}: this host has no such interface; it has"
            f" {', '.join(candidates) or 'no network card'}: set home_uplink"
        ]
    problems = []
    if uplink.master:
        problems.append(
            f"vlans_uplink is {plan.uplink}: it is a port of {uplink.master}: set home_uplink to {uplink.master} or take the port out"
        )
    if uplink.max_mtu and plan.mtu > uplink.max_mtu:
        problems.append(f"vlans_uplink_mtu is {plan.mtu}: {plan.uplink} can do {uplink.max_mtu} at most: lower it")
    for vlan in plan.vlans:
        link = links.get(vlan.name)
        if link is not None and link.kind != "vlan":
            problems.append(
                f"vlans_interfaces: name {vlan.name} belongs to an interface of kind {link.kind or 'ethernet'}:"
                " rename one of the two"
            )
        for other in links.values():
            if other.parent == plan.uplink and other.vlan_id == vlan.id and other.name not in {v.name for v in plan.vlans}:
                problems.append(
                    f"vlans_interfaces: id {vlan.id} on {plan.uplink} is taken by {other.name}: remove {other.name} from"
                    f" this host's network configuration and run: ip link delete {other.name}"
                )
    problems += _overlaps(plan, links)
    return problems


# --- host configuration of other origin ----------------------------------------------------------------------------


def interface_stanzas(text: str, name: str) -> list[tuple[int, str]]:
    """Line number and method of each C(iface NAME …) in an interfaces(5) file that configures something."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if len(words) >= 4 and words[0] == "iface" and words[1] == name and words[3] != "manual":
            found.append((number, words[3]))
    return found


def sourced_patterns(text: str) -> list[str]:
    """The glob patterns an interfaces(5) file reads in, our own block left out."""
    patterns = []
    ours = False
    for line in text.splitlines():
        if line.startswith("# BEGIN homerouter.tripleplay"):
            ours = True
        elif line.startswith("# END homerouter.tripleplay"):
            ours = False
        words = line.split()
        if ours or len(words) < 2:
            continue
        if words[0] == "source":
            patterns += words[1:]
        elif words[0] == "source-directory":
            patterns += [f"{word.rstrip('/')}/*" for word in words[1:]]
    return patterns


def parse_systemd_version(text: str) -> int:
    """The number in C(systemctl --version), 0 when there is none."""
    match = re.match(r"systemd (\d+)", text)
    return int(match.group(1)) if match else 0
