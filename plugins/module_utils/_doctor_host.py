# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host as the doctor sees it: everything is read or asked for at the same time. All input and output is here.

Nothing is changed. What is sent are questions that any device of the home sends many times a day: DHCPDISCOVER without the request that
would follow, PADI without a session, DNS, SIP, ARP, and joins of groups that are left again.
"""

from __future__ import annotations

import array
import concurrent.futures
import contextlib
import difflib
import fcntl
import json
import os
import re
import secrets
import select
import socket
import struct
import sys
import time
from collections.abc import Container, Iterator
from typing import Any, Callable

from ansible_collections.homerouter.tripleplay.plugins.module_utils import (
    _dhcp,
    _doctor_parse,
    _firewall,
    _mpegts,
    _multicast,
    _multicast_host,
    _multicast_probe,
    _nftables,
    _pppoe,
    _pppoe_host,
    _rp_filter,
    _rp_filter_host,
    _sip_host,
    _stack,
    _vlans,
    _voip,
)

_ETH_P_ALL, _ETH_P_IP, _ETH_P_ARP = 0x0003, 0x0800, 0x0806
_BROADCAST = b"\xff" * 6
_SO_RCVBUFFORCE = 33
_SIOCETHTOOL, _ETHTOOL_GSET, _SUPPORTED_GIGABIT = 0x8946, 1, 0x30
# Types of DNS questions (RFC 1035, section 3.2.2).
_A, _SOA = 1, 6
# Tables of this collection's firewall.
_TABLES = {"homerouter", "homerouter_offload", "homerouter_voice", "homerouter_rtsp"}
# The file that loads them at boot.
_RULES = "/etc/homerouter/firewall.nft"
_SECRETS = ("/etc/ppp/pap-secrets", "/etc/ppp/chap-secrets")
_PROXY_CONFIG = "/etc/igmpproxy.conf"
# Where systemd-networkd keeps leases, by the interface's number, and the hook of the role voip_dhcp its own.
_LEASES = ("/run/systemd/netif/leases/{index}", "/run/homerouter-voip/lease")
_SYSCTLS = (
    "ipv4/ip_forward", "ipv4/igmp_max_memberships", "ipv4/conf/all/accept_source_route", "netfilter/nf_conntrack_count",
    "netfilter/nf_conntrack_max", "netfilter/nf_conntrack_udp_timeout_stream",
)  # fmt: skip
_SECONDS = 20
_DHCP_SERVER = 67
# dnsmasq pings an address for three seconds before it offers it, one device after the other (PING_WAIT in its src/config.h). A server of this host
# has these seconds to answer both devices; any other has so many times the patience, which by default is enough for one of them.
_PINGED, _LONGER = 7.0, 1.2
# pppd shows it with the option show-password.
_PASSWORD = re.compile(r"(password[= ])(\"[^\"]*\"|\S+)", re.IGNORECASE)


def bounded(run_command: Callable[..., tuple[int, str, str]]) -> _stack.Run:
    """AnsibleModule.run_command for many threads at once: it ends no process, no command hangs it, and what is not installed has code 127."""

    def run(argv: list[str], check_rc: bool = False) -> tuple[int, str, str]:
        code, out, err = run_command(["timeout", str(_SECONDS), *argv], handle_exceptions=False, environ_update={"LC_ALL": "C"})
        if check_rc and code:
            raise OSError(f"`{' '.join(argv)}` failed: {err.strip()}")
        return code, out, err

    return run


def speed(interface: str) -> dict[str, Any]:
    """What a card has agreed on with the other end, and whether it could do a gigabit (linux/ethtool.h: SIOCETHTOOL, ETHTOOL_GSET)."""
    settings = array.array("B", struct.pack("=II36x", _ETHTOOL_GSET, 0))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control, contextlib.suppress(OSError):
        fcntl.ioctl(control, _SIOCETHTOOL, struct.pack("16sP", interface.encode(), settings.buffer_info()[0]))
    able = bool(struct.unpack_from("=I", settings, 4)[0] & _SUPPORTED_GIGABIT)
    return {"gigabit": able, **{key: _stack.read(f"/sys/class/net/{interface}/{key}").strip() for key in ("speed", "duplex")}}


def links(run: _stack.Run, uplink: str) -> dict[str, dict[str, Any]]:
    """All interfaces with their counters."""
    shown = run(["ip", "-json", "-details", "-statistics", "address", "show"], True)[1]
    counters = _doctor_parse.statistics(shown)
    return {
        name: {
            "kind": link.kind, "mtu": link.mtu, "up": link.up, "carrier": link.carrier, "parent": link.parent, "vlan_id": link.vlan_id,
            "addresses": [address for address in link.addresses if ":" not in address], **counters[name],
            **(speed(name) if name == uplink and link.carrier else {}),
        }
        for name, link in _vlans.parse_links(shown).items()
    }  # fmt: skip


def names(plan: dict[str, Any], found: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The interface of each service. Where the planned one is not there, one with the planned VLAN id on the uplink is: done by hand."""
    chosen = {"uplink": plan["uplink"], "ppp": plan["ppp_interface"], **{key: name for key, name in plan["interfaces"].items() if name}}
    for service, number in plan["vlan_ids"].items():
        if chosen.get(service) and chosen[service] not in found:
            others = [name for name, link in found.items() if link["kind"] == "vlan" and link["vlan_id"] == number and link["parent"] == plan["uplink"]]
            chosen[service] = (others or [chosen[service]])[0]
    return chosen


# --- questions -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def tap(interface: str, protocol: int) -> Iterator[socket.socket]:
    """All packets of an interface before anything else of the kernel has seen them, without their Ethernet headers."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as sock:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 8 << 20)
        sock.bind((interface, protocol))
        yield sock


def arriving(sock: socket.socket, end: float) -> Iterator[tuple[bytes, Any]]:
    """Packets until a point in monotonic time."""
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([sock], [], [], left)[0]:
            return
        yield sock.recvfrom(65535)


def _discover(
    sock: socket.socket, messages: dict[bytes, bytes], send: Callable[[bytes], object], seconds: float, settle: float, own: bool
) -> dict[bytes, list[dict[str, Any]]]:
    """Send messages by transaction and collect the offers; again what had no answer by the middle of the time.

    With all answered, by this host if "own", it ends after the time to settle: another server may be slower.
    """
    found: dict[bytes, list[dict[str, Any]]] = {transaction: [] for transaction in messages}
    start = time.monotonic()
    for end in (start + seconds / 2, start + seconds):
        for transaction, body in messages.items():
            if not found[transaction]:
                send(body)
        while True:
            answered = all(any(one["own"] or not own for one in offers) for offers in found.values())
            left = (start + settle if answered else end) - time.monotonic()
            if left <= 0 or not select.select([sock], [], [], left)[0]:
                break
            packet, (_name, _protocol, kind, _type, mac) = sock.recvfrom(65535)
            datagram = _doctor_parse.read_udp(packet)
            if datagram is None or datagram.source_port != 67:
                continue
            for transaction, offers in found.items():
                offer = _doctor_parse.read_offer(datagram.payload, transaction)
                if offer is not None and all(offer.server != other["server"] for other in offers):
                    offers.append({
                        "server": offer.server, "address": offer.address, "own": kind == socket.PACKET_OUTGOING,
                        "mac": ":".join(f"{octet:02x}" for octet in mac[:6]),
                        "options": {str(code): value.hex() for code, value in offer.options.items()},
                    })  # fmt: skip
        if answered:
            break
    return found


def serves_dhcp() -> bool:
    """Whether a program of this host waits for DHCP clients."""
    return any(line.split()[1].endswith(f":{_DHCP_SERVER:04X}") for line in _stack.read("/proc/net/udp").splitlines()[1:])


def dhcp(plan: dict[str, Any], interface: str) -> dict[str, Any]:
    """What a computer and a set-top box would be offered in the LAN, and by whom.

    The question leaves by the interface, and the kernel gives the router's own servers a copy of it, whichever kind of socket they have.
    """
    box_mac = bytes.fromhex(plan["box_mac"].replace(":", "").replace("-", "")) if plan["box_mac"] else b"\x02" + secrets.token_bytes(5)
    asking = {b"\x02" + secrets.token_bytes(3): "pc", b"\x03" + secrets.token_bytes(3): "box"}
    macs = {"pc": b"\x02" + secrets.token_bytes(5), "box": box_mac}
    patience = plan["patience"] * _LONGER
    messages = {
        number: _doctor_parse.discover(number, macs[who], plan["vendor_class"] if who == "box" else "") for number, who in asking.items()
    }
    with tap(interface, _ETH_P_ALL) as sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        found = _discover(
            sock, messages, lambda body: line.sendto(body, ("255.255.255.255", 67)), max(patience, _PINGED) if serves_dhcp() else patience,
            settle=patience, own=True,
        )  # fmt: skip
    return {"asked": 2 * len(messages), **{who: found[number] for number, who in asking.items()}}


def voice_offers(plan: dict[str, Any], interface: str) -> list[dict[str, Any]]:
    """Who gives addresses in the telephone network, asked by the interface's own hardware address."""
    number = secrets.token_bytes(4)
    body = _doctor_parse.broadcast(_doctor_parse.discover(number, _pppoe_host.mac(interface)))
    with tap(interface, _ETH_P_IP) as sock:
        return _discover(
            sock, {number: body}, lambda packet: sock.sendto(packet, (interface, _ETH_P_IP, 0, 0, _BROADCAST)), plan["patience"],
            settle=0.0, own=False,
        )[number]  # fmt: skip


def arp(interface: str, source: str, target: str, seconds: float, mine: Container[str] = ()) -> str:
    """The hardware address of a neighbour that answers and is none of these, whatever the kernel remembers of it; nothing if none does."""
    with tap(interface, _ETH_P_ARP) as sock:
        question = _doctor_parse.arp_request(_pppoe_host.mac(interface), source, target)
        start = time.monotonic()
        for end in (start + seconds / 3, start + seconds * 2 / 3, start + seconds):
            sock.sendto(question, (interface, _ETH_P_ARP, 0, 0, _BROADCAST))
            for packet, _address in arriving(sock, end):
                answer = _doctor_parse.arp_answer(packet, target)
                if answer and answer not in mine:
                    return answer
    return ""


def twin(interface: str, address: str, seconds: float) -> dict[str, str]:
    """Who else has an address of this host, by hardware address. The host's own cards may hear each other."""
    mine = {":".join(f"{octet:02x}" for octet in _pppoe_host.mac(name)) for name in os.listdir("/sys/class/net")}
    return {"address": address, "mac": arp(interface, "0.0.0.0", address, seconds, mine)}


def dns(server: str, name: str, kind: int, seconds: float) -> dict[str, Any]:
    """Whether and how a server answers, asked twice at most; no way to it is no answer."""
    result: dict[str, Any] = {"server": server, "name": name, "answered": False, "code": None, "answers": 0}
    query = _dhcp.dns_query(secrets.randbelow(1 << 16), name, kind)
    with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        start = time.monotonic()
        try:
            sock.connect((server, 53))
            for end in (start + seconds / 2, start + seconds):
                sock.send(query)
                for packet, _address in arriving(sock, end):
                    answer = _doctor_parse.read_dns(query, packet)
                    if answer is not None:
                        return {**result, "answered": True, "code": answer.code, "answers": answer.answers}
        except OSError as error:
            result["error"] = error.strerror
    return result


def pings(run: _stack.Run, server: str) -> bool:
    """Whether a server answers ping: a hint, since many do not."""
    return run(["ping", "-n", "-c", "1", "-W", "1", server])[0] == 0


class Stream:
    """What came of a group."""

    def __init__(self, place: str) -> None:
        self.group, _colon, port = place.partition(":")
        self.port = int(port)
        self.place = place
        self.meter = _mpegts.StreamMeter()
        self.first: float | None = None
        self.seen = 0
        self.received = 0
        self.sources: set[str] = set()

    def told(self, joined: float) -> dict[str, Any]:
        """For the facts."""
        return {
            "group": self.place, "seen": self.seen, "received": self.received, "sources": sorted(self.sources),
            "first_ms": None if self.first is None else round((self.first - joined) * 1000, 1), "lost": self.meter.rtp.lost,
        }  # fmt: skip


def streams(interface: str, places: dict[str, str], seconds: float, watch: float) -> dict[str, Any]:
    """Join groups as a set-top box does and see what comes: on the wire, and to a program behind the firewall.

    The group "channel" is watched for a while from its first packet on, of the others one packet is enough.
    """
    wanted = {name: Stream(place) for name, place in places.items() if place}
    index = _multicast_probe.interface_index(interface)
    with contextlib.ExitStack() as stack:
        sock = stack.enter_context(tap(interface, _ETH_P_IP))
        joined = time.monotonic()
        lines = {}
        for stream in wanted.values():
            line = stack.enter_context(_multicast_probe.prepare(stream.group, stream.port))
            line.setblocking(False)
            join, leave, request = _multicast_probe.join_request(index, stream.group, "")
            line.setsockopt(socket.IPPROTO_IP, join, request)
            stack.callback(line.setsockopt, socket.IPPROTO_IP, leave, request)
            lines[line] = stream
        end = joined + seconds
        while True:
            left = end - time.monotonic()
            ready = select.select([sock, *lines], [], [], left)[0] if left > 0 else []
            for one in ready:
                if one is sock:
                    packet, (_name, _protocol, kind, *_rest) = sock.recvfrom(65535)
                    if kind != socket.PACKET_OUTGOING:
                        _count(wanted, packet)
                else:
                    one.recv(65535)
                    lines[one].received += 1
            channel = wanted.get("channel")
            if channel is not None and channel.first is not None:
                end = min(end, max(channel.first + watch, joined))
            if not ready or (all(stream.seen for stream in wanted.values()) and time.monotonic() >= end):
                # The last of what was seen may not have been handed over yet.
                _drain(lines)
                return {name: stream.told(joined) for name, stream in wanted.items()}


def _count(wanted: dict[str, Stream], packet: bytes) -> None:
    datagram = _doctor_parse.read_udp(packet)
    for stream in wanted.values() if datagram else ():
        if (datagram.target, datagram.port) == (stream.group, stream.port):
            now = time.monotonic()
            stream.first = now if stream.first is None else stream.first
            stream.seen += 1
            stream.sources.add(datagram.source)
            stream.meter.add(datagram.payload, now)


def _drain(lines: dict[socket.socket, Stream]) -> None:
    for line, stream in lines.items():
        while select.select([line], [], [], 0)[0]:
            line.recv(65535)
            stream.received += 1


# --- what the host knows -------------------------------------------------------------------------------------------


def pppoe(run: _stack.Run, plan: dict[str, Any], found: dict[str, str], known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The link, who answers on its VLAN, and what pppd has said. A concentrator is asked for in any case."""
    interface, ppp, unit = found["internet"], found["ppp"], _pppoe.service(plan["pppoe_name"])
    address = _pppoe_host.ipv4(ppp) if _pppoe_host.exists(ppp) else None
    told: dict[str, Any] = {
        "unit": unit, "up": address is not None, "address": (address or ("", ""))[0], "peer": (address or ("", ""))[1], "offers": None, "elsewhere": [],
        "tried": [], "refused": [], "exits": [], "lines": [], "kernel_lacks": [],
    }  # fmt: skip
    if interface in known and known[interface]["up"]:
        told["offers"] = _offers(interface, (None,), plan["patience"])
        ids = tuple(number for number in dict.fromkeys(plan["search_vlans"]) if number != known[interface]["vlan_id"])
        if not told["offers"] and not told["up"] and ids and known.get(found["uplink"], {}).get("carrier"):
            told["tried"] = list(ids)
            told["elsewhere"] = _offers(found["uplink"], (None, *ids), plan["patience"])
    if not told["up"]:
        told["kernel_lacks"] = _pppoe_host.kernel_lacks()
        by_unit = bool(run(["systemctl", "cat", unit])[0] == 0)
        which = ["--unit", unit] if by_unit else ["--identifier", "pppd"]
        _code, out, _err = run(["journalctl", *which, "--output", "json", "--no-pager", "--lines", "400", "--boot"])
        entries = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        paths = (f"/etc/ppp/peers/{plan['pppoe_name']}", f"/etc/systemd/system/{unit}", *_SECRETS)
        since = max((os.stat(path).st_mtime for path in paths if os.path.exists(path)), default=0.0) if by_unit else 0.0
        made = _pppoe.attempts(entries if by_unit else [_pppoe.STARTED, *entries], since)
        lines = [_PASSWORD.sub(r"\1(not shown)", line) for line in made.lines[-5:]]
        # A dial that is under way hides no refusal: it has not come that far.
        told.update(refused=made.refused or made.refused_before, exits=made.exits, lines=lines)
    return told


def _offers(interface: str, vlans: tuple[int | None, ...], seconds: float) -> list[dict[str, Any]]:
    return [{"name": offer.name, "mac": offer.mac, "vlan": offer.vlan} for offer, _time in _pppoe_host.ask(interface, vlans, seconds=seconds, enough=1)]


def voip(plan: dict[str, Any], interface: str, link: dict[str, Any]) -> dict[str, Any]:
    """The lease of the telephone network, and who would give one where there is none."""
    index = _stack.read(f"/sys/class/net/{interface}/ifindex").strip()
    gateways = (_voip.parse_lease(_stack.read(path.format(index=index))) for path in _LEASES)
    wanted = link.get("up") and link.get("carrier") and not link["addresses"]
    return {"gateway": next(filter(None, gateways), ""), "offers": voice_offers(plan, interface) if wanted else None}


def multicast(seconds: float) -> dict[str, Any]:
    """Routes with rates, interfaces, who routes, and which IGMP version is spoken where."""

    def cache() -> dict[tuple[str, str], _multicast.Entry]:
        return {entry.key: entry for entry in _multicast.parse_cache(_stack.read("/proc/net/ip_mr_cache"), sys.byteorder)}

    ours, others = _multicast_host.holders()
    start, before = time.monotonic(), cache()
    # Rates need time, and the kernel tells nobody of a change.
    time.sleep(seconds)
    now, passed = cache(), time.monotonic() - start
    table = _stack.read("/proc/net/ip_mr_vif")
    vifs = _multicast.parse_vifs(table, sys.byteorder) if table else {}
    routes = [{**_multicast.route(entry, vifs, before.get(key), passed), "lasting": key in before} for key, entry in now.items()]
    groups = _multicast.parse_igmp(_stack.read("/proc/net/igmp"), sys.byteorder)
    text = _stack.read(_PROXY_CONFIG)
    return {
        "ours": ours, "others": others, "vifs": [vif.name for vif in vifs.values()], "routes": routes,
        "versions": {name: one.version for name, one in groups.items()},
        "joined": {name: [member.group for member in one.memberships] for name, one in groups.items()},
        "config": {"path": _PROXY_CONFIG, **_doctor_parse.proxy_config(text)} if text else None,
    }  # fmt: skip


def rip(run: _stack.Run) -> dict[str, Any] | None:
    """Who speaks RIP, where FRR or Quagga says so."""
    code, out, _err = run(["vtysh", "-c", "show ip rip status"])
    return {"sources": _doctor_parse.rip_sources(out)} if code == 0 and "Routing Information Sources" in out else None


def firewall(run: _stack.Run, plan: dict[str, Any], found: dict[str, str]) -> tuple[dict[str, Any], bool]:
    """What the rules do, and whether this collection's are among them."""
    code, ruleset, err = run(["nft", "--json", "list", "ruleset"])
    legacy = run(["iptables-legacy-save"])[1] if _stack.read("/proc/net/ip_tables_names").strip() else ""
    if code != 0:
        # Where everything is done with iptables there may be no nft; the kernel's rules are then to be seen by iptables alone.
        code, saved, err = run(["iptables-save"])
        ruleset, legacy = "", legacy + saved
    if code != 0:
        raise OSError(f"neither nft nor iptables-save shows the rules: {err.strip()}")
    interfaces = os.listdir("/sys/class/net")
    bridges = [name for name in interfaces if name == "docker0" or name.startswith("br-")] if os.path.exists("/var/lib/docker") else []
    uplinks = [found[key] for key in ("ppp", "iptv", "voip") if key in found]
    told = _doctor_parse.firewall(ruleset, legacy, uplinks, found["ppp"], found.get("lan", ""), _TABLES, bridges)
    return told, bool(ruleset and _firewall.loaded(ruleset, ["homerouter"]))


def rules(run: _stack.Run) -> list[str] | None:
    """Lines in which the firewall in the kernel differs from the file that loads it at boot; None where there is not both."""
    code, now, _err = run(_nftables.listing("nft", "inet", "homerouter"))
    if code != 0 or not os.path.exists(_RULES):
        return None
    code, out, err = run(_nftables.scratch("nft", _RULES, "inet", "homerouter", []))
    if code != 0:
        raise OSError(f"{_RULES} does not load into a network namespace: {err.strip()}")
    wanted = _nftables.loaded(out, "inet", "homerouter")
    return [line for line in difflib.unified_diff(wanted.splitlines(), now.splitlines(), lineterm="", n=0) if line[:3] not in ("---", "+++", "@@ ")]


def units(run: _stack.Run, wanted: list[str]) -> dict[str, dict[str, str]] | None:
    """systemd's units; None on a host without systemd."""
    if not os.path.isdir(_stack.SYSTEMD):
        return None
    return _doctor_parse.units(run(["systemctl", "show", "--property=Id,LoadState,ActiveState,Result,UnitFileState", *wanted])[1])


def modes() -> dict[str, dict[str, Any]]:
    """Modes and owners of the files with the password."""
    found = {}
    for path in _SECRETS:
        if os.path.exists(path):
            stat = os.stat(path)
            found[path] = {"mode": f"{stat.st_mode & 0o7777:04o}", "owner": stat.st_uid}
    return found


def disk() -> dict[str, int]:
    """How full file systems are, in percent."""
    found = {}
    for path in ("/", "/var", "/var/log"):
        space = os.statvfs(path)
        if space.f_blocks:
            found[path] = round(100 - 100 * space.f_bavail / space.f_blocks)
    return found


def sysctls(interfaces: list[str]) -> dict[str, str]:
    """Kernel settings, by their path below /proc/sys/net."""
    wanted = [*_SYSCTLS, *(f"ipv4/conf/{name}/force_igmp_version" for name in interfaces)]
    return {name: _stack.read(f"/proc/sys/net/{name}").strip() for name in wanted}


def reverse_path(run: _stack.Run, interface: str, sources: list[str]) -> list[dict[str, Any]]:
    """Whether senders that were seen would pass the reverse-path filter."""
    addressed = _rp_filter.parse_addressed(run(["ip", "-json", "-4", "address", "show"], True)[1])
    everywhere = _rp_filter_host.value("all", "rp_filter")
    present = _rp_filter_host.read_interfaces(addressed, bool(_rp_filter_host.value("all", "accept_local")))
    told = []
    for source in sources if interface in present else []:
        verdict = _rp_filter.verdict(source, present[interface], everywhere, _rp_filter_host.route_to(run, source))
        told.append({"source": source, "passes": verdict.passes, "text": verdict.text})
    return told


def _jobs(
    run: _stack.Run, plan: dict[str, Any], found: dict[str, str], known: dict[str, dict[str, Any]]
) -> dict[str, Callable[[], Any]]:
    """What to ask, by the name of the fact; what a service that was not asked for needs, or an interface that is down, is left out."""
    services, patience = set(plan["services"]), plan["patience"]

    def usable(name: str) -> bool:
        return found.get(name, "") in known and known[found[name]]["up"]

    def own_address(name: str) -> str:
        return next((address.partition("/")[0] for address in known.get(found.get(name, ""), {}).get("addresses", [])), "0.0.0.0")

    jobs: dict[str, Callable[[], Any]] = {
        "routes": lambda: json.loads(run(["ip", "-json", "-4", "route", "show"], True)[1] or "[]"),
        "units": lambda: units(run, plan["units"]),
        "firewall": lambda: firewall(run, plan, found),
        "rules": lambda: rules(run),
        "secrets": modes,
        "disk": disk,
        "sysctl": lambda: sysctls([found[name] for name in ("iptv", "lan") if name in found]),
        "modules": lambda: [line.split()[0] for line in _stack.read("/proc/modules").splitlines() if line.strip()],
    }
    lan = plan["lan_address"].partition("/")[0]
    for service, name in (("lan", "lan"), ("tv", "iptv")):
        if service in services and usable(name) and own_address(name) != "0.0.0.0":
            # As a host asks that is about to take an address (RFC 5227, section 2.1).
            jobs[f"twin_{name}"] = lambda name=name: twin(found[name], own_address(name), min(1.5, patience))
    if services & {"lan", "tv"} and usable("lan"):
        jobs["dhcp"] = lambda: dhcp(plan, found["lan"])
    if "lan" in services:
        jobs["resolver"] = lambda: dns(lan, plan["domain"], _SOA, min(patience, 2.0))
        jobs["outside"] = lambda: dns(lan, plan["outside_name"], _A, patience)
    if services & {"internet", "lan"}:
        jobs["pppoe"] = lambda: pppoe(run, plan, found, known)
        for server in plan["forwarders"]:
            jobs[f"forwarder {server}"] = lambda server=server: dns(server, plan["outside_name"], _A, patience)
    if "tv" in services and found.get("iptv"):
        jobs["multicast"] = lambda: multicast(min(1.0, patience))
        jobs["rip"] = lambda: rip(run)
        jobs["iptv_dns"] = lambda: {
            **dns(plan["iptv_dns"], plan["iptv_name"], _SOA, patience), "ping": pings(run, plan["iptv_dns"]),
        }  # fmt: skip
        if usable("iptv"):
            places = {"opch": plan["opch"], "guide": plan["guide"], "channel": plan["channel"]}
            jobs["streams"] = lambda: streams(found["iptv"], places, patience, plan["watch"])
            jobs["neighbour iptv"] = lambda: arp(found["iptv"], own_address("iptv"), plan["iptv_gateway"], patience)
    if "voice" in services and found.get("voip"):
        jobs["voip"] = lambda: voip(plan, found["voip"], known.get(found["voip"], {}))
        jobs["sip"] = lambda: sip(plan)
    return jobs


def sip(plan: dict[str, Any]) -> dict[str, Any]:
    """Whether the telephone server answers, and what went wrong in words."""
    asked = {"host": plan["sip_host"], "port": plan["sip_port"], "domain": plan["sip_domain"], "method": "line", "source": "", "timeout": plan["patience"]}
    told, wrong = _sip_host.probe(asked)
    if told["outcome"] == "silent":
        # Some answer only a whole question.
        again, still = _sip_host.probe({**asked, "method": "options", "timeout": min(1.0, plan["patience"])})
        told, wrong = (again, still) if again["outcome"] == "answered" else (told, wrong)
    return {"outcome": told["outcome"], "status_line": told["status_line"], "wrong": wrong}


def gather(plan: dict[str, Any], run_command: Callable[..., tuple[int, str, str]]) -> dict[str, Any]:
    """All facts, asked for at the same time; what could not be asked is None, with its reason among the errors.

    plan: what the module doctor_facts takes as its options. run_command: as AnsibleModule has it.
    """
    start = time.monotonic()
    run = bounded(run_command)
    known = links(run, plan["uplink"])
    found = names(plan, known)
    facts: dict[str, Any] = {
        "links": known, "names": found, "cards": list(_pppoe_host.cards()), "time": {"router": time.time(), "controller": None}, "errors": [],
        "neighbours": [], "forwarders": None, "twin_lan": None, "twin_iptv": None, "reverse_path": None,
        "managed_firewall": None, "proxy_config": None, "left_out": {},
    }  # fmt: skip
    timings: dict[str, float] = {}

    def attempt(name: str, job: Callable[[], Any]) -> Any:
        began = time.monotonic()
        try:
            return job()
        except (OSError, ValueError, _multicast_probe.ProbeError, _nftables.Foreign) as error:
            facts["errors"].append(f"{name}: {error}")
            return None
        finally:
            timings[name] = round(time.monotonic() - began, 2)

    jobs = _jobs(run, plan, found, known)
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(jobs)) as pool:
        futures = {name: pool.submit(attempt, name, job) for name, job in jobs.items()}
        answers = {name: future.result() for name, future in futures.items()}
    # What needs the answers of others.
    _follow(run, plan, facts, answers, attempt)
    facts.update({name: answer for name, answer in answers.items() if " " not in name})
    facts["seconds"] = round(time.monotonic() - start, 2)
    facts["timings"] = timings
    for service, name in (("tv", "iptv"), ("voice", "voip"), ("lan", "lan"), ("internet", "internet")):
        if not found.get(name):
            facts["left_out"][service] = "the home has none"
    # Those are asked by others, over a connection of their own.
    facts["switches"] = None
    facts["left_out"]["switch"] = "no host of the inventory's group switches was asked"
    return facts


def _follow(
    run: _stack.Run, plan: dict[str, Any], facts: dict[str, Any], answers: dict[str, Any], attempt: Callable[[str, Callable[[], Any]], Any]
) -> None:
    """Facts that are made from several answers."""
    found = facts["names"]
    if answers.get("firewall") is not None:
        answers["firewall"], managed = answers["firewall"]
        facts["managed_firewall"] = True if managed else None
    forwarders = [answers[name] for name in answers if name.startswith("forwarder ")]
    if forwarders and None not in forwarders:
        facts["forwarders"] = forwarders
    if answers.get("neighbour iptv") is not None:
        facts["neighbours"].append(_neighbour(plan["iptv_gateway"], found["iptv"], answers["neighbour iptv"]))
    if answers.get("twin_iptv") and answers["twin_iptv"]["mac"] == answers.get("neighbour iptv"):
        # A gateway that answers for everybody (proxy ARP) is nobody's twin.
        answers["twin_iptv"]["mac"] = ""
    gateway = (answers.get("voip") or {}).get("gateway")
    if gateway:
        own = next(iter(facts["links"].get(found["voip"], {}).get("addresses", [])), "0.0.0.0/0").partition("/")[0]
        answered = attempt("neighbour voip", lambda: arp(found["voip"], own, gateway, min(1.5, plan["patience"])))
        facts["neighbours"].append(_neighbour(gateway, found["voip"], answered))
    if answers.get("multicast") is not None:
        facts["proxy_config"] = True if answers["multicast"]["config"] else None
        seen = {source for one in (answers.get("streams") or {}).values() for source in one["sources"]}
        seen |= {entry["origin"] for entry in answers["multicast"]["routes"] if entry["input_interface"] == found["iptv"]}
        facts["reverse_path"] = attempt("reverse_path", lambda: reverse_path(run, found["iptv"], sorted(seen))) if seen else None


def _neighbour(address: str, interface: str, answers: str | None) -> dict[str, Any]:
    return {"dst": address, "dev": interface, "state": ["REACHABLE" if answers else "FAILED"]}
