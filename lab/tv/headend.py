# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The television head end of the lab's ISP: real streams, which flow only while somebody wants them.

    python3 headend.py run --interface vlan2 [--control SOCKET] [--channels N] [--set NAME=VALUE ...]
    python3 headend.py ctl [--control SOCKET] status | set NAME=VALUE ... | query [GROUP] | reset

It listens to IGMP reports of versions 1 to 3 on the interface and sends the groups that hosts there have joined: channels (RTP with MPEG-TS),
OPCH and DVBSTP. A group that nobody reports any more ends at the membership timeout, one that is left ends at once or when
nobody answers a last query. Streams come from the addresses that the ISP's own come from, none of which this host needs to have
(that takes root).

Settings, which "ctl set" changes while it runs:

    queries             none (as Movistar), zero (from 0.0.0.0, as a switch would), gateway (from the interface's address)
    query_interval      seconds between general queries; 125
    query_version       2 or 3
    query_response      seconds that hosts have to answer; 10
    membership_timeout  seconds without a report after which a member is gone; 260, as RFC 2236's defaults make it
    leave               immediate, query (ask for last members first), ignore (only the timeout ends a group)
    last_member_time    seconds that last members have to answer; 1
    rate                bits of transport stream a second of each channel; 3000000
    drop_every          leave out every so many-th datagram of a channel, so that loss can be seen to be seen; 0 is none
    rtp                 true, or false for transport streams in plain UDP

"ctl status" answers with settings, counters of each group, groups that were asked for and do not exist, and the last events with their
times, as JSON. "ctl query" asks at once, "ctl reset" sets counters to 0 and forgets events; neither touches memberships.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import ctypes
import fcntl
import heapq
import ipaddress
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from typing import Any

import igmp
import mpegts
import sds

CONTROL = "/run/lab-headend.sock"
OPCH_PORT, DVBSTP_PORT = 22222, 3937
CONFIGURATION = b"cfg.resources.url=http://www-60.svc.imagenio.telefonica.net:2001\ncfg.dvbipi.entrypoint=239.0.2.129:3937\n"
# Senders of the seed's multicast cache, which no prefix of its time covers, and one that none of today's covers either.
SOURCES = ("172.26.72.17", "172.26.20.39", "172.26.72.1", "172.26.77.58", "172.27.103.9")
# Channels that the seed names, or whose groups its cache shows, with their sources; the others are made up.
SEED_CHANNELS = {
    "239.0.0.76": ("La 1", "172.26.72.17"),
    "239.0.0.2": ("La 2", "172.26.20.39"),
    "239.0.9.129": ("HD 129", "172.26.77.58"),
    "239.0.5.86": ("HD 86", "172.26.72.1"),
}
# Groups by which set-top boxes learn their channels, and the province ("demarcation") that each is for.
PROVINCES = {19: "239.0.2.131", 1: "239.0.2.132", 6: "239.0.2.155", 15: "239.0.2.130", 24: "239.0.2.133", 36: "239.0.2.134", 4: "239.0.2.154"}
ANNOUNCER = "172.26.20.39"
# A third of the 3 s after which a reader gives up.
ANNOUNCE_EVERY = 1.0
SETTINGS: dict[str, Any] = {
    "queries": "none", "query_interval": 125.0, "query_version": 2, "query_response": 10.0,
    "membership_timeout": 260.0, "leave": "immediate", "last_member_time": 1.0,
    "rate": 3_000_000, "drop_every": 0, "rtp": True,
}  # fmt: skip
CHOICES = {"queries": ("none", "zero", "gateway"), "leave": ("immediate", "query", "ignore"), "query_version": (2, 3)}
# Shortest time between two rounds of the loop: datagrams that are due meanwhile go together.
TICK = 0.002
# A sender that was held up this long goes on from now instead of sending all at once.
BEHIND = 0.1
_IP_TRANSPARENT = 19
_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, _PACKET_MR_ALLMULTI, _PACKET_OUTGOING = 263, 1, 2, 4
_ETH_P_IP = 0x0800
_SIOCGIFADDR = 0x8915
_SO_ATTACH_FILTER = 26


class Fault(Exception):
    """The head end cannot do what was asked; the message says why."""


def settings(assignments: list[str]) -> dict[str, Any]:
    """NAME=VALUE words as checked settings."""
    given = {}
    for word in assignments:
        name, equals, value = word.partition("=")
        if name not in SETTINGS or not equals:
            raise Fault(f"{word}: take NAME=VALUE, NAME one of {', '.join(SETTINGS)}")
        given[name] = value
    return check(given)


def check(given: dict[str, Any]) -> dict[str, Any]:
    """Settings as their types, or a Fault."""
    checked: dict[str, Any] = {}
    for name, value in given.items():
        if name not in SETTINGS:
            raise Fault(f"there is no setting {name}")
        kind = type(SETTINGS[name])
        try:
            checked[name] = str(value).lower() in ("true", "yes", "1") if kind is bool else kind(value)
        except (OverflowError, TypeError, ValueError) as error:
            raise Fault(f"{name} is {value!r}: take a {kind.__name__}") from error
        if checked[name] not in CHOICES.get(name, (checked[name],)):
            raise Fault(f"{name} is {value!r}: take one of {', '.join(map(str, CHOICES[name]))}")
        if kind in (int, float) and not (0 if name == "drop_every" else 0.001) <= checked[name] <= 1e9:
            raise Fault(f"{name} is {value!r}: take a number above 0")
    return checked


class Group:
    """One group: what it carries, and how it went."""

    def __init__(self, address: str, port: int, source: str, datagrams: list[bytes] | None = None, service: int = 0) -> None:
        self.address, self.port, self.source = address, port, source
        self.announcement = datagrams
        self.stream = None if datagrams is not None else mpegts.Channel(SETTINGS["rate"], service)
        self.flowing = False
        self.due = 0.0
        self.reset()

    def reset(self) -> None:
        """Begin to count anew."""
        self.joins = self.leaves = self.expired = self.reports = self.packets = self.octets = self.errors = 0

    def next(self, values: dict[str, Any]) -> tuple[list[bytes], float]:
        """The datagrams that are due, and the seconds until the next."""
        if self.stream is None:
            return self.announcement or [], ANNOUNCE_EVERY
        self.stream.rate = values["rate"]
        return [self.stream.datagram(rtp=values["rtp"])], self.stream.interval

    def status(self, members: list[str]) -> dict[str, Any]:
        """Counters for the outside."""
        return {
            "port": self.port, "source": self.source, "flowing": self.flowing, "members": members, "joins": self.joins, "leaves": self.leaves,
            "expired": self.expired, "reports": self.reports, "packets": self.packets, "bytes": self.octets, "errors": self.errors,
        }  # fmt: skip


def lineup(count: int) -> dict[str, Group]:
    """All groups: channels, and what announces them."""
    names = dict(SEED_CHANNELS)
    for number in range(count - len(names)):
        names[f"239.0.{3 + number // 200}.{1 + number % 200}"] = (f"Channel {number + 5}", SOURCES[number % len(SOURCES)])
    chosen = list(names.items())[:count]
    services = [sds.Service(number, name, address) for number, (address, (name, _source)) in enumerate(chosen, 1)]
    groups = {address: Group(address, 8208, source, service=number) for number, (address, (_name, source)) in enumerate(chosen, 1)}
    for address, source in (("239.0.2.30", ANNOUNCER), ("239.0.2.10", ANNOUNCER), ("239.0.2.2", "172.26.20.41")):
        groups[address] = Group(address, OPCH_PORT, source, sds.opch("cfg.properties", CONFIGURATION))
    entry = sds.discovery({number: (address, DVBSTP_PORT) for number, address in PROVINCES.items()})
    groups["239.0.2.129"] = Group("239.0.2.129", DVBSTP_PORT, ANNOUNCER, sds.dvbstp(sds.DISCOVERY, 0, entry))
    lists = sds.dvbstp(sds.BROADCAST, 0, sds.broadcast(services)) + sds.dvbstp(sds.PACKAGES, 0, sds.packages(services))
    for address in PROVINCES.values():
        groups[address] = Group(address, DVBSTP_PORT, ANNOUNCER, lists)
    return groups


def igmp_socket(interface: str) -> socket.socket:
    """IPv4 packets of protocol IGMP on the interface, whatever group they go to, without their Ethernet header."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    program = b"".join(
        struct.pack("HBBI", *line)
        for line in ((0x30, 0, 0, 9), (0x15, 0, 1, socket.IPPROTO_IGMP), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0))
    )  # octet 9 is the protocol: keep the packet if it is IGMP, else drop it
    buffer = ctypes.create_string_buffer(program)
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", 4, ctypes.addressof(buffer)))
    sock.bind((interface, _ETH_P_IP))
    request = struct.pack("iHH8s", socket.if_nametoindex(interface), _PACKET_MR_ALLMULTI, 0, b"")
    sock.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, request)
    sock.setblocking(False)
    return sock


def sender(interface: str, source: str) -> socket.socket:
    """A socket that sends multicast by the interface from an address that this host need not have."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, _IP_TRANSPARENT, 1)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), socket.if_nametoindex(interface)))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 16)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    sock.bind((source, 0))
    sock.setblocking(False)
    return sock


class HeadEnd:
    """Everything that runs."""

    def __init__(self, interface: str, control: str, channels: int, values: dict[str, Any]) -> None:
        self.interface, self.control, self.values = interface, control, {**SETTINGS, **values}
        self.groups = lineup(channels)
        self.members = igmp.Memberships()
        self.unknown: collections.Counter[str] = collections.Counter()
        self.counters: collections.Counter[str] = collections.Counter()
        self.events: collections.deque[dict[str, Any]] = collections.deque(maxlen=2000)
        self.agenda: list[tuple[float, str]] = []
        self.next_query = 0.0
        self.stack = contextlib.ExitStack()
        try:
            self.ear = self.stack.enter_context(igmp_socket(interface))
            self.mouths = {
                source: self.stack.enter_context(sender(interface, source)) for source in sorted({group.source for group in self.groups.values()})
            }
            self.server = self.stack.enter_context(self._listen())
        except OSError as error:
            self.stack.close()
            raise Fault(f"cannot begin on {interface}: {error.strerror or error}. Is the interface there, and is this root?") from error

    def _listen(self) -> socket.socket:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.control)
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(self.control)
        server.listen(8)
        self.stack.callback(os.unlink, self.control)
        return server

    # --- members

    def event(self, kind: str, group: str, host: str = "") -> None:
        """Remember what happened."""
        self.events.append({"at": round(time.time(), 4), "event": kind, "group": group, "host": host})

    def hear(self, now: float) -> None:
        """Take in all IGMP packets that have arrived."""
        while True:
            try:
                packet, (_interface, _protocol, direction, _hardware, _mac) = self.ear.recvfrom(65535)
            except BlockingIOError:
                return
            except OSError:
                # The interface went down; it may come up again.
                self.counters["interface_errors"] += 1
                return
            if direction == _PACKET_OUTGOING:
                continue
            wishes = igmp.read(packet)
            if wishes is None:
                self.counters["malformed"] += 1
            for wish in wishes or []:
                self.take(wish, now)

    def take(self, wish: igmp.Wish, now: float) -> None:
        """Act on what a host says of a group."""
        group = self.groups.get(wish.group)
        if group is None:
            self.unknown[wish.group] += 1
            return
        done = self.members.apply(wish, now, self.values["membership_timeout"])
        if done == "join":
            group.joins += 1
            self.event("join", wish.group, wish.host)
        elif done == "leave":
            group.leaves += 1
            self.event("leave", wish.group, wish.host)
            if self.values["leave"] == "immediate":
                self.members.remove(wish.group, wish.host)
            elif self.values["leave"] == "query":
                self.members.shorten(wish.group, now + self.values["last_member_time"])
                self.ask(wish.group, self.values["last_member_time"])
        group.reports += done in ("join", "report")
        self.adjust(group, now)

    def adjust(self, group: Group, now: float) -> None:
        """Let a group flow if somebody wants it, and only then."""
        wanted = self.members.wanted(group.address, group.source)
        if wanted and not group.flowing:
            group.flowing, group.due = True, now
            heapq.heappush(self.agenda, (now, group.address))
            self.event("flow", group.address)
        elif group.flowing and not wanted:
            group.flowing = False
            self.event("prune", group.address)

    def ask(self, group: str = "0.0.0.0", seconds: float = 0.0) -> None:
        """Send a query. "none" is for those that come by themselves; a query that was asked for then comes from the gateway."""
        source = "0.0.0.0"
        if self.values["queries"] != "zero":
            try:
                answer = fcntl.ioctl(self.mouths[ANNOUNCER], _SIOCGIFADDR, struct.pack("16s24x", self.interface.encode()))
                source = socket.inet_ntoa(answer[20:24])
            except OSError:
                self.counters["interface_errors"] += 1
                return
        packet = igmp.query(source, self.values["query_version"], group, seconds or self.values["query_response"])
        destination = igmp.multicast_mac("224.0.0.1" if group == "0.0.0.0" else group)
        try:
            self.ear.sendto(packet, (self.interface, _ETH_P_IP, 0, 0, destination))
        except OSError:
            self.counters["interface_errors"] += 1
            return
        self.counters["queries"] += 1
        self.event("query", group, source)

    # --- streams

    def play(self, now: float) -> None:
        """Send everything that is due."""
        while self.agenda and self.agenda[0][0] <= now:
            due, address = heapq.heappop(self.agenda)
            group = self.groups[address]
            # What was pruned and joined anew has another entry.
            if not group.flowing or due != group.due:
                continue
            datagrams, pause = group.next(self.values)
            for datagram in datagrams:
                self.send(group, datagram)
            group.due = max(due, now - BEHIND) + pause
            heapq.heappush(self.agenda, (group.due, address))

    def send(self, group: Group, datagram: bytes) -> None:
        """Send a datagram, or leave it out."""
        group.packets += 1
        if group.stream is not None and self.values["drop_every"] and group.packets % self.values["drop_every"] == 0:
            return
        try:
            self.mouths[group.source].sendto(datagram, (group.address, group.port))
        except OSError:
            # No buffer, no carrier: a network loses, and goes on.
            group.errors += 1
            return
        group.octets += len(datagram)

    # --- control

    def serve(self) -> None:
        """Answer one command."""
        connection, _address = self.server.accept()
        with connection:
            # Streams wait meanwhile.
            connection.settimeout(0.1)
            try:
                line = connection.makefile("r", encoding="utf-8").readline()
                connection.sendall((json.dumps(self.answer(json.loads(line))) + "\n").encode())
            except (Fault, ValueError) as error:
                with contextlib.suppress(OSError):
                    connection.sendall((json.dumps({"error": str(error)}) + "\n").encode())
            except OSError:
                # Whoever asked did not wait for the answer.
                return

    def answer(self, request: Any) -> dict[str, Any]:
        """What a command gives back."""
        if not isinstance(request, dict) or len(request) != 1:
            raise Fault("take one of status, set, query, reset")
        ((command, argument),) = request.items()
        if command == "set" and isinstance(argument, dict):
            self.values.update(check(argument))
            if argument.keys() & {"queries", "query_interval"}:
                self.next_query = 0.0
            return {"settings": self.values}
        if command == "query":
            self.ask(str(ipaddress.IPv4Address(argument or "0.0.0.0")))
            return {"queries": self.counters["queries"]}
        if command == "reset":
            for group in self.groups.values():
                group.reset()
            self.events.clear()
            self.unknown.clear()
            self.counters.clear()
            return {}
        if command != "status":
            raise Fault(f"there is no command {command}")
        groups = {address: group.status(sorted(self.members.groups.get(address, {}))) for address, group in self.groups.items()}
        return {
            "settings": self.values, "groups": groups, "unknown": dict(self.unknown), "counters": dict(self.counters), "events": list(self.events),
        }  # fmt: skip

    # --- the loop

    def run(self) -> None:
        """Go on until somebody ends it."""
        print(f"head end on {self.interface}: {len(self.groups)} groups, control {self.control}", flush=True)
        while True:
            now = time.monotonic()
            for address, host in self.members.expire(now):
                self.groups[address].expired += 1
                self.event("expire", address, host)
                self.adjust(self.groups[address], now)
            if self.values["queries"] != "none" and now >= self.next_query:
                self.next_query = now + self.values["query_interval"]
                self.ask()
            self.play(now)
            times = [self.members.next_expiry(), self.agenda[0][0] if self.agenda else None]
            times += [self.next_query if self.values["queries"] != "none" else None]
            pause = min([one for one in times if one is not None], default=now + 60) - time.monotonic()
            readable, _w, _x = select.select([self.ear, self.server], [], [], max(pause, TICK))
            if self.ear in readable:
                self.hear(time.monotonic())
            if self.server in readable:
                self.serve()


def command(control: str, request: dict[str, Any]) -> dict[str, Any]:
    """Ask a running head end."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(control)
            connection.sendall((json.dumps(request) + "\n").encode())
            answer = json.loads(connection.makefile("r", encoding="utf-8").readline())
    except (OSError, ValueError) as error:
        raise Fault(f"no head end answers at {control}: {error}") from error
    if "error" in answer:
        raise Fault(answer["error"])
    return answer


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run")
    run.add_argument("--interface", required=True)
    run.add_argument("--channels", type=int, default=48)
    run.add_argument("--set", nargs="*", default=[], dest="values", metavar="NAME=VALUE")
    ctl = commands.add_parser("ctl")
    ctl.add_argument("request", choices=["status", "set", "query", "reset"])
    ctl.add_argument("words", nargs="*")
    for one in (run, ctl):
        one.add_argument("--control", default=CONTROL)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_signal: sys.exit(0))
    try:
        if arguments.command == "ctl":
            value: Any = settings(arguments.words) if arguments.request == "set" else (arguments.words or [None])[0]
            print(json.dumps(command(arguments.control, {arguments.request: value}), indent=1))
            return
        head = HeadEnd(arguments.interface, arguments.control, arguments.channels, settings(arguments.values))
        with head.stack:
            head.run()
    except Fault as error:
        sys.exit(f"headend: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
