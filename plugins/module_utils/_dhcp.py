# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logic of the LAN's DHCP and DNS service: what a plan lacks, what the servers need to know, who holds a port."""

from __future__ import annotations

import re
import struct
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, ip_address
from typing import Any, NamedTuple

# One label of a host name, RFC 1123 section 2.1.
LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)
MAC = re.compile(r"[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}", re.IGNORECASE)

# RFC 791: every host must take datagrams of 68 octets; the option has 16 bits (RFC 2132 section 5.1).
MTU_MIN, MTU_MAX = 68, 65535
# dnsmasq never gives less than two minutes; above a year nobody notices a change of the configuration.
LEASE_MIN, LEASE_MAX = 120, 365 * 86400

# What a text option or a vendor class may be made of. A single character would be the beginning of many devices' vendor classes, and
# dnsmasq takes hexadecimal digits for such only from two octets on.
PRINTABLE = re.compile(r"[\x20-\x7e]{2,255}")

# How ss(8) names the interface of a packet socket whose interface has gone: by its index, then -1 in the kernel.
VANISHED = f"if{2**32 - 1}"


class Socket(NamedTuple):
    """One socket as ss(8) shows it."""

    address: str
    device: str
    port: str
    program: str
    pid: int


def _address(problems: list[str], name: str, value: str, cure: str) -> IPv4Address | None:
    try:
        return IPv4Address(value)
    except ValueError:
        problems.append(f"{name} is {value!r}, which is no IPv4 address: {cure}")
        return None


def _lan(problems: list[str], value: str) -> IPv4Interface | None:
    cure = "give the router's own address in the LAN with its prefix length, such as 192.168.1.1/24"
    try:
        lan = IPv4Interface(value)
    except ValueError:
        problems.append(f"dhcp_server_address is {value!r}, which is no IPv4 address with prefix length: {cure}")
        return None
    if "/" not in value or lan.network.prefixlen > 29 or lan.network.prefixlen < 8:
        problems.append(f"dhcp_server_address is {value!r}: {cure} (a LAN is a /8 to a /29)")
        return None
    if lan.ip in (lan.network.network_address, lan.network.broadcast_address):
        problems.append(f"dhcp_server_address is {value!r}, which is the network's own or broadcast address: {cure}")
        return None
    return lan


def _host_of(problems: list[str], name: str, value: str, lan: IPv4Network) -> IPv4Address | None:
    cure = f"choose a host address of the LAN, {lan.network_address + 1} to {lan.broadcast_address - 1}"
    address = _address(problems, name, value, cure)
    if address is None:
        return None
    if address not in lan or address in (lan.network_address, lan.broadcast_address):
        problems.append(f"{name} is {value!r}, which is no host address of {lan} (dhcp_server_address): {cure}")
        return None
    return address


def normal_mac(mac: str) -> str:
    """A MAC address as all three servers write it."""
    return mac.replace("-", ":").lower()


def _reservations(problems: list[str], plan: dict[str, Any], lan: IPv4Interface) -> set[IPv4Address]:
    taken: dict[tuple[str, Any], str] = {}
    addresses: set[IPv4Address] = set()
    devices = [(key, number, entry) for key in ("reservations", "iptv_boxes") for number, entry in enumerate(plan[key])]
    for variable, number, entry in devices:
        where = f"dhcp_server_{variable}[{number}]"
        if not LABEL.fullmatch(entry["name"]):
            problems.append(
                f"{where}.name is {entry['name']!r}, which is no host name: "
                "use letters, digits and hyphens, at most 63, without the domain"
            )
        if (
            not MAC.fullmatch(entry["mac"])
            or int(entry["mac"][:2], 16) & 1
            or not int(re.sub("[:-]", "", entry["mac"]), 16)
        ):
            problems.append(
                f"{where}.mac is {entry['mac']!r}, which is no MAC address of a device: "
                "write the six octets from its label, such as 4c:9e:ff:00:00:01"
            )
        address = _host_of(problems, f"{where}.address", entry["address"], lan.network)
        if address is not None:
            addresses.add(address)
            if address == lan.ip:
                problems.append(f"{where}.address is {address}, the router's own (dhcp_server_address): choose another")
        for key, value in (
            ("name", entry["name"].lower()),
            ("mac", normal_mac(entry["mac"])),
            ("address", entry["address"]),
        ):
            first = taken.setdefault((key, value), where)
            if first != where:
                problems.append(f"{where}.{key} is {entry[key]!r}, as is {first}.{key}: each device needs its own")
    return addresses


def _names(problems: list[str], name: str, values: list[str]) -> None:
    for value in values:
        if len(value) > 253 or not all(LABEL.fullmatch(label) for label in value.split(".")):
            problems.append(
                f"{name} is {value!r}, which is no domain name: "
                "use labels of letters, digits and hyphens, such as home.arpa"
            )


def _resolver(problems: list[str], plan: dict[str, Any], lan: IPv4Interface) -> None:
    for number, value in enumerate(plan["dns_servers"]):
        address = _address(problems, f"dhcp_server_dns_servers[{number}]", value, "give addresses, not names")
        if address == lan.ip and not plan["resolver_enabled"]:
            problems.append(
                f"dhcp_server_dns_servers[{number}] is {value}, this router, but dhcp_server_resolver_enabled is false "
                "and nothing would answer there: enable the resolver or hand out another server"
            )
    if not plan["dns_servers"]:
        problems.append(
            "dhcp_server_dns_servers is empty, so no device could resolve a name: give at least one address"
        )
    if not plan["resolver_enabled"]:
        return
    if not plan["forwarders"]:
        problems.append(
            "dhcp_server_forwarders is empty, so the resolver could ask nobody: "
            "give the ISP's or a public resolver's address"
        )
    for number, value in enumerate(plan["forwarders"]):
        where = f"dhcp_server_forwarders[{number}]"
        try:
            address = ip_address(value)
        except ValueError:
            problems.append(
                f"{where} is {value!r}, which is no IP address: give addresses, not names, a name could not be resolved"
            )
            continue
        if address == lan.ip or address.is_loopback:
            problems.append(
                f"{where} is {value}, this router itself, a loop: give the ISP's or a public resolver's address"
            )
        elif address.is_unspecified or address.is_multicast:
            problems.append(f"{where} is {value}, which is no host: give the ISP's or a public resolver's address")
    _names(problems, "dhcp_server_private_domains", plan["private_domains"])


def _television(problems: list[str], plan: dict[str, Any]) -> None:
    if not plan["iptv_dns_servers"]:
        problems.append(
            "dhcp_server_iptv_dns_servers is empty, so no set-top box could find its servers: "
            "give the television network's resolver, such as 172.26.23.3"
        )
    for number, value in enumerate(plan["iptv_dns_servers"]):
        _address(problems, f"dhcp_server_iptv_dns_servers[{number}]", value, "give addresses, not names")
    value = plan["iptv_vendor_class"]
    if value and not PRINTABLE.fullmatch(value):
        problems.append(
            f"dhcp_server_iptv_vendor_class is {value!r}: "
            "use two or more plain characters with which the vendor class begins, such as '[IAL]', or '' to know set-top boxes by MAC address only"
        )
    value = plan["iptv_option_240"]
    if not PRINTABLE.fullmatch(value):
        problems.append(
            f"dhcp_server_iptv_option_240 is {value!r}, which is no text of 2 to 255 plain characters: "
            "copy what the ISP's own router hands out, or remove the line for what Movistar's boxes expect"
        )


def problems_of(plan: dict[str, Any]) -> list[str]:
    """All that is wrong with a plan, each with variable, value and cure."""
    problems: list[str] = []
    if not re.fullmatch(r"[^\s/:%\"']{1,15}", plan["interface"]):
        problems.append(
            f"dhcp_server_interface is {plan['interface']!r}, which is no interface name: "
            "use at most 15 characters, as vlan100"
        )
    _names(problems, "dhcp_server_domain", [plan["domain"]])
    if plan["interface_mtu"] != 0 and not MTU_MIN <= plan["interface_mtu"] <= MTU_MAX:
        problems.append(
            f"dhcp_server_interface_mtu is {plan['interface_mtu']}: choose {MTU_MIN} to {MTU_MAX}, "
            "usually 1496 or 1500, or 0 to hand out none"
        )
    if not LEASE_MIN <= plan["lease_seconds"] <= LEASE_MAX:
        problems.append(f"dhcp_server_lease_seconds is {plan['lease_seconds']}: choose {LEASE_MIN} to {LEASE_MAX}")

    lan = _lan(problems, plan["address"])
    if lan is None:
        return problems
    first = _host_of(problems, "dhcp_server_pool_first", plan["pool_first"], lan.network)
    last = _host_of(problems, "dhcp_server_pool_last", plan["pool_last"], lan.network)
    router = _host_of(problems, "dhcp_server_router", plan["router"], lan.network)
    reserved = _reservations(problems, plan, lan)
    if first is not None and last is not None:
        if first > last:
            problems.append(f"dhcp_server_pool_first is {first}, above dhcp_server_pool_last {last}: exchange them")
        else:
            fixed = {"dhcp_server_address": lan.ip}
            if router is not None and router != lan.ip:
                fixed["dhcp_server_router"] = router
            for name, address in fixed.items():
                if first <= address <= last:
                    problems.append(
                        f"{name} is {address}, inside the pool {first} to {last}, "
                        "so a device would get the router's address: "
                        "move dhcp_server_pool_first or dhcp_server_pool_last"
                    )
            if not ranges(first, last, reserved):
                problems.append(
                    f"dhcp_server_pool_first {first} to dhcp_server_pool_last {last} "
                    "holds reserved addresses only: enlarge the pool"
                )
    _resolver(problems, plan, lan)
    if plan["iptv_enabled"]:
        _television(problems, plan)
    return problems


def ranges(first: IPv4Address, last: IPv4Address, reserved: set[IPv4Address]) -> list[tuple[str, str]]:
    """The pool without the reserved addresses, as ranges from first to last."""
    found: list[tuple[str, str]] = []
    start = first
    for address in sorted(reserved):
        if first <= address <= last:
            if start < address:
                found.append((str(start), str(address - 1)))
            start = address + 1
    if start <= last:
        found.append((str(start), str(last)))
    return found


def facts_of(plan: dict[str, Any]) -> dict[str, Any]:
    """What the servers' files need besides the plan, of a plan without problems."""
    lan = IPv4Interface(plan["address"])
    devices = [(entry, kind == "iptv_boxes") for kind in ("reservations", "iptv_boxes") for entry in plan[kind]]
    reserved = {IPv4Address(entry["address"]) for entry, _box in devices}
    return {
        "address": str(lan.ip),
        "network": str(lan.network.network_address),
        "prefix": lan.network.prefixlen,
        "netmask": str(lan.netmask),
        "broadcast": str(lan.network.broadcast_address),
        "ranges": [
            list(pair) for pair in ranges(IPv4Address(plan["pool_first"]), IPv4Address(plan["pool_last"]), reserved)
        ],
        "reservations": [
            {
                "name": entry["name"].lower(),
                "mac": normal_mac(entry["mac"]),
                "address": entry["address"],
                "iptv": box and plan["iptv_enabled"],
            }
            for entry, box in devices
        ],
        # As octets, which all three servers put on the wire as they are, whatever characters they stand for.
        "iptv_vendor_class": plan["iptv_vendor_class"].encode("ascii").hex(":") if plan["iptv_enabled"] else "",
        "iptv_option_240": plan["iptv_option_240"].encode("ascii").hex(":") if plan["iptv_enabled"] else "",
    }


def device_unit(interface: str) -> str:
    """Name of the systemd unit of a network interface, escaped as systemd.unit(5) says."""
    escaped = "".join(char if re.fullmatch(r"[A-Za-z0-9:_.]", char) else f"\\x{ord(char):02x}" for char in interface)
    return f"sys-subsystem-net-devices-{escaped}.device"


def hears_udev(netlink: str) -> bool:
    """Whether process 1 listens to udev, from the text of /proc/net/netlink.

    Protocol 15 is NETLINK_KOBJECT_UEVENT (linux/netlink.h), and udev sends to its group 2
    (systemd, src/libsystemd/sd-device).
    """
    rows = (line.split() for line in netlink.splitlines()[1:])
    return any(row[1:3] == ["15", "1"] and int(row[3], 16) & 2 for row in rows)


def dns_query(ident: int, name: str, kind: int = 1) -> bytes:
    """A query about a name, for its address or by another type's number, recursion desired (RFC 1035 section 4.1)."""
    labels = b"".join(bytes([len(label)]) + label.encode("ascii") for label in name.split("."))
    return struct.pack("!HHHHHH", ident, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)


def dns_answers(query: bytes, reply: bytes) -> bool:
    """Whether a datagram is the answer to a query and no refusal (RFC 1035: the code REFUSED is 5)."""
    return len(reply) >= 12 and reply[:2] == query[:2] and bool(reply[2] & 0x80) and reply[3] & 0x0F != 5


def sockets(text: str) -> list[Socket]:
    """Sockets from the output of ss --numeric --processes --no-header, one entry a process."""
    found = []
    for line in text.splitlines():
        local = re.search(r"\s(\S+):(\S+)\s+\S+(?:\s+users:\((.*)\))?\s*$", line)
        if local is None:
            continue
        address, _percent, device = local[1].strip("[]").partition("%")
        for program, pid in re.findall(r'\("([^"]*)",pid=(\d+)', local[3] or ""):
            found.append(Socket(address.strip("[]"), device.strip("[]"), local[2], program, int(pid)))
    return found


def rival(entry: Socket, interface: str, address: str) -> bool:
    """Whether a UDP socket takes what the LAN's DHCP or DNS server needs."""
    if entry.device not in ("", interface):
        return False
    return entry.address in ("*", "0.0.0.0", "::", address) or (entry.port == "53" and entry.address == "127.0.0.1")
