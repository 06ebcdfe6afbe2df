# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set-top box of the lab: boots, shows channels, zaps and leaves as Movistar's do, and says where it stopped.

    python3 settopbox.py --interface eth0 [--apply] [--channels N] [--play SECONDS] ...      the whole boot, then television
    python3 settopbox.py --interface eth0 --steps address,channel,zap,leave --watch 239.0.0.76:8208,239.0.0.2:8208

It sends what a box sends and believes what it gets. It takes no address by itself: with --apply the lease is put on the interface, without
it the interface has to have one (and --dns, --opch stand for the lease if the step "dhcp" is left out). Steps, in their order:

    dhcp      DISCOVER with vendor class [IAL], asking for option 240; REQUEST; a box cannot bear option 125 and begins again
    address   the interface has the address
    opch      joins the OPCH group that option 240 names last, and reads where the portal is
    services  joins the groups 239.0.2.2, .129 to .134, .154 and .155, as long as it runs
    dns       SOA of imagenio.telefonica.net, and the portal's address
    acs       TCP to main.acs.telefonica.net:7008: connected or refused is well, silence stops the boot (TLS is not tried: it fails
              on the real box too, whose clock is not set yet)
    portal    HTTP: where the channel lists are
    guide     DVBSTP: the list of this province's channels
    channel   joins the first channel and watches for --play seconds, 0 meaning until SIGTERM
    zap       --zaps times to the next channel: time from join to first packet, from leave to last packet
    leave     leaves the channel, and sees it end

One more is done only when it is asked for:

    groups    joins --groups channels at once, and watches all of them for --play seconds

The report is JSON on standard output: "ok", "stopped_at" and its "reason", and each step's seconds and evidence. Exit status 0 if ok, 1 if not.
SIGTERM ends the watching, or at any other step the boot; the report comes all the same, and all groups are left.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import ipaddress
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import dhcp
import sds
from listener import Listener, Stopped, Wire

ZONE, ACS_NAME, ACS_PORT = "imagenio.telefonica.net", "main.acs.telefonica.net", 7008
SERVICE_GROUPS = ("239.0.2.2", *(f"239.0.2.{last}" for last in (*range(129, 135), 154, 155)))
# The boot goes on with what this group says; the others are for later.
ENTRY = "239.0.2.129"
STEPS = ("dhcp", "address", "opch", "services", "dns", "acs", "portal", "guide", "channel", "zap", "leave")
OTHER_STEPS = ("groups",)
A, SOA = 1, 6
_SIOCGIFADDR = 0x8915


class Terminated(Exception):
    """SIGTERM came."""


def question(name: str, kind: int, number: int) -> bytes:
    """A DNS query."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    return struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!HH", kind, 1)


def _skip_name(data: bytes, at: int) -> int:
    while data[at]:
        if data[at] >= 0xC0:
            return at + 2
        at += 1 + data[at]
    return at + 1


def read_answer(data: bytes, number: int, kind: int) -> tuple[int, list[bytes]] | None:
    """Response code and the data of answers of one kind; None for what is no answer of ours."""
    try:
        given, flags, questions, answers, _authority, _additional = struct.unpack_from("!HHHHHH", data)
        if given != number or not flags & 0x8000:
            return None
        at = 12
        for _question in range(questions):
            at = _skip_name(data, at) + 4
        found = []
        for _answer in range(answers):
            at = _skip_name(data, at)
            its, _class, _ttl, length = struct.unpack_from("!HHIH", data, at)
            if its == kind:
                found.append(data[at + 10 : at + 10 + length])
            at += 10 + length
        return flags & 15, found
    except (IndexError, struct.error):
        return None


def lookup(interface: str, server: str, name: str, kind: int, patience: float) -> list[bytes]:
    """Ask a DNS server, three times within "patience" seconds; Stopped if it says no or nothing."""
    number = int.from_bytes(os.urandom(2), "big")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        for part in (0.2, 0.4, 0.4):
            sock.settimeout(patience * part)
            try:
                sock.connect((server, 53))
                sock.send(question(name, kind, number))
                answer = read_answer(sock.recv(4096), number, kind)
            except TimeoutError:
                continue
            except OSError as error:
                raise Stopped(f"{server} cannot be asked for {name}: {error.strerror}") from error
            if answer is not None:
                if answer[0] or not answer[1]:
                    raise Stopped(f"{server} does not know {name} (response code {answer[0]})")
                return answer[1]
    raise Stopped(f"{server} does not answer when asked for {name}")


class Box:
    """One set-top box."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.interface: str = arguments.interface
        self.dns: str = arguments.dns
        self.opch_at: str = arguments.opch
        self.lease: dhcp.Message | None = None
        self.portal = ""
        self.portal_address = ""
        self.entry = (ENTRY, 3937)
        self.channels: list[tuple[str, int]] = arguments.watch
        self.listeners: list[Listener] = []
        self.channel: Listener | None = None

    def join(self, group: str, port: int) -> Listener:
        """Join a group for as long as the box runs, or until left."""
        listener = Listener(self.interface, group, port)
        self.listeners.append(listener)
        return listener

    def part(self, listener: Listener) -> float:
        """Leave a group."""
        self.listeners.remove(listener)
        return listener.leave()

    def step_dhcp(self, evidence: dict[str, Any]) -> None:
        """Get a lease with everything in it that television needs."""
        try:
            client = dhcp.Client(self.interface)
        except OSError as error:
            raise Stopped(f"{self.interface} cannot be used: {error.strerror}") from error
        with contextlib.closing(client):
            identifier = b"\x48HUMAX_PTT1000_ES_" + client.mac.hex().encode()
            ask = not self.arguments.no_ask_240
            number = os.urandom(4)
            discover = dhcp.message(dhcp.DISCOVER, number, client.mac, identifier, ask_opch=ask)
            offer = client.exchange(discover, number, (dhcp.OFFER,), (1.0, 2.0, 4.0, 8.0))
            if offer is None:
                raise Stopped("no DHCP server offers an address")
            if 125 in offer.options:
                raise Stopped("the offer has option 125, over which a box begins again for ever")
            request = dhcp.message(dhcp.REQUEST, number, client.mac, identifier, ask_opch=ask, offer=offer)
            lease = client.exchange(request, number, (dhcp.ACK, dhcp.NAK), (1.0, 2.0, 4.0))
        if lease is None or lease.kind == dhcp.NAK:
            raise Stopped("the DHCP server takes its offer back" if lease else "the DHCP server does not confirm its offer")
        opch = lease.options.get(dhcp.OPCH, b"")
        evidence.update(
            address=lease.address, mask=lease.addresses(1), router=lease.addresses(3), dns=lease.addresses(6),
            mtu=int.from_bytes(lease.options.get(26, b""), "big") or None, seconds=int.from_bytes(lease.options.get(51, b""), "big"),
            server=lease.addresses(54)[0], option_240=opch.decode("latin-1"), option_240_hex=opch.hex(), options=sorted(lease.options),
        )  # fmt: skip
        self.lease = lease
        if not opch:
            raise Stopped("the lease has no option 240: the box does not know where OPCH is")
        if b"\0" in opch:
            raise Stopped("option 240 holds a NUL, which the box takes for a part of the port")
        self.opch_at = ":".join(opch.decode("latin-1").split(":")[-2:])
        if not lease.addresses(6):
            raise Stopped("the lease has no DNS server")
        self.dns = lease.addresses(6)[0]
        if self.arguments.apply:
            self.apply(lease)

    def apply(self, lease: dhcp.Message) -> None:
        """Put the lease on the interface."""
        mask = (lease.addresses(1) or ["255.255.255.0"])[0]
        prefix = ipaddress.IPv4Network(f"{lease.address}/{mask}", strict=False).prefixlen
        mtu = int.from_bytes(lease.options.get(26, b""), "big")
        commands = [["link", "set", "dev", self.interface, "mtu", str(mtu)]] if mtu else []
        commands += [["address", "flush", "dev", self.interface, "scope", "global"], ["address", "add", f"{lease.address}/{prefix}", "dev", self.interface]]
        commands += [["route", "replace", "default", "via", router] for router in lease.addresses(3)[:1]]
        for words in commands:
            done = subprocess.run(["ip", "-4", *words], capture_output=True, text=True, check=False)
            if done.returncode:
                raise Stopped(f"ip {' '.join(words)}: {done.stderr.strip()}")

    def step_address(self, evidence: dict[str, Any]) -> None:
        """See that the interface can be used."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            try:
                answer = fcntl.ioctl(control, _SIOCGIFADDR, struct.pack("16s24x", self.interface.encode()[:15]))
            except OSError as error:
                raise Stopped(f"{self.interface} has no address") from error
        evidence["address"] = socket.inet_ntoa(answer[20:24])
        if self.lease is not None and self.lease.address != evidence["address"]:
            raise Stopped(f"the lease is {self.lease.address}, and {self.interface} has {evidence['address']}")

    def step_opch(self, evidence: dict[str, Any]) -> None:
        """Read where the portal is."""
        group, _colon, port = self.opch_at.partition(":")
        try:
            listener = self.join(str(ipaddress.IPv4Address(group)), int(port))
        except ValueError as error:
            raise Stopped(f"{self.opch_at!r} is no OPCH address") from error
        parts: dict[int, sds.OpchPart] = {}
        end = time.monotonic() + self.arguments.patience
        while True:
            part = sds.read_opch(listener.need(end - time.monotonic()))
            if part is None:
                continue
            parts[part.number] = part
            if len(parts) == part.count:
                break
        evidence.update(listener.evidence(), file=parts[0].name)
        content = b"".join(parts[number].content for number in sorted(parts)).decode("utf-8", "replace")
        values = dict(line.split("=", 1) for line in content.splitlines() if "=" in line)
        self.portal = values.get("cfg.resources.url", "")
        evidence["portal"] = self.portal
        if not self.portal:
            raise Stopped("OPCH does not say where the portal is")

    def step_services(self, evidence: dict[str, Any]) -> None:
        """Join the groups that every box listens to."""
        joined = [self.join(group, 22222 if group == "239.0.2.2" else 3937) for group in SERVICE_GROUPS]
        self.watch(joined, self.arguments.patience, lambda: all(one.packets for one in joined))
        evidence["groups"] = {one.group: one.join_ms for one in joined}
        if any(one.group == ENTRY and not one.packets for one in joined):
            raise Stopped(f"nothing comes from {ENTRY}")

    def ask(self, name: str, kind: int) -> list[bytes]:
        """Ask the lease's DNS server."""
        return lookup(self.interface, self.dns, name, kind, self.arguments.patience)

    def step_dns(self, evidence: dict[str, Any]) -> None:
        """Ask the television network's DNS server."""
        self.ask(ZONE, SOA)
        host = urlsplit(self.portal).hostname or f"www-60.svc.{ZONE}"
        self.portal_address = socket.inet_ntoa(self.ask(host, A)[0][:4])
        evidence.update(server=self.dns, soa=ZONE, portal=self.portal_address)

    def step_acs(self, evidence: dict[str, Any]) -> None:
        """Call the configuration server."""
        address = socket.inet_ntoa(self.ask(ACS_NAME, A)[0][:4])
        evidence["address"] = address
        try:
            with self.connect(address, ACS_PORT):
                evidence["answer"] = "connected"
        except TimeoutError as error:
            raise Stopped(f"{ACS_NAME} ({address}) neither connects nor refuses, and the box waits for it") from error
        except OSError as error:
            evidence["answer"] = f"refused: {error.strerror}"

    def connect(self, address: str, port: int) -> socket.socket:
        """A TCP connection by the box's own interface."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.interface.encode())
            sock.settimeout(self.arguments.patience)
            sock.connect((address, port))
        except OSError:
            sock.close()
            raise
        return sock

    def step_portal(self, evidence: dict[str, Any]) -> None:
        """Ask the portal where the channel lists are."""
        where = urlsplit(self.portal)
        path = "/appserver/mvtv.do?action=getPlatformProfile"
        evidence["url"] = f"{self.portal}{path}"
        try:
            with self.connect(self.portal_address, where.port or 80) as sock:
                agent = "libcurl-agent/1.0 [IAL] WidgetManager Safari/538.1 CAP:803fd12a 1"
                sock.sendall(f"GET {path} HTTP/1.0\r\nHost: {where.netloc}\r\nUser-Agent: {agent}\r\n\r\n".encode())
                head, _blank, body = sock.makefile("rb").read(1 << 20).partition(b"\r\n\r\n")
        except OSError as error:
            raise Stopped(f"the portal {self.portal} does not answer: {error.strerror or error}") from error
        status = head.split(b"\r\n")[0].decode("latin-1")
        if status.split()[1:2] != ["200"]:
            raise Stopped(f"the portal says {status!r}")
        try:
            entry = json.loads(body)["resultData"]["dvbConfig"]["dvbipiEntryPoint"]
            group, port = entry.split(":")
            self.entry = (str(ipaddress.IPv4Address(group)), int(port))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise Stopped(f"the portal does not say where the channel lists are: {body[:200]!r}") from error
        evidence["entry"] = entry

    def segment(self, group: str, port: int, kind: int) -> bytes:
        """One segment of a DVBSTP group."""
        listener = self.join(group, port)
        collector = sds.Collector()
        end = time.monotonic() + self.arguments.patience
        try:
            while True:
                section = sds.read_dvbstp(listener.need(end - time.monotonic()))
                content = collector.add(section) if section else None
                if content is not None and section and section.kind == kind:
                    return content
        finally:
            self.part(listener)

    def step_guide(self, evidence: dict[str, Any]) -> None:
        """Read the channel list."""
        province = self.arguments.province
        found = sds.read_discovery(self.segment(*self.entry, sds.DISCOVERY), province)
        if found is None:
            raise Stopped(f"there is no channel list for province {province}")
        try:
            services = sds.read_broadcast(self.segment(*found, sds.BROADCAST))
        except ValueError as error:
            raise Stopped(str(error)) from error
        evidence.update(list=f"{found[0]}:{found[1]}", channels=len(services))
        self.channels = self.channels or [(service.group, service.port) for service in services]

    def tune(self, group: str, port: int) -> Listener:
        """Join a channel and wait for its first packet."""
        self.channel = self.join(group, port)
        self.channel.need(self.arguments.patience)
        return self.channel

    def step_channel(self, evidence: dict[str, Any]) -> None:
        """Watch the first channel."""
        if not self.channels:
            raise Stopped("no channel is known: give some by --watch, or let the step guide find them")
        channel = self.tune(*self.channels[0])
        end = time.monotonic() + (self.arguments.play or float("inf"))
        try:
            while time.monotonic() < end:
                if channel.receive(min(self.arguments.patience, end - time.monotonic())) is None and time.monotonic() < end:
                    raise Stopped(f"the picture freezes: {channel.group} has ended after {channel.packets} packets")
        except Terminated:
            evidence["ended"] = "by SIGTERM"
        finally:
            channel.silence()
            evidence.update(channel.evidence())

    def watch(self, listeners: list[Listener], seconds: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Count what comes of several groups, until it is enough or the time is over."""
        by_socket = {listener.sock: listener for listener in listeners}
        end = time.monotonic() + seconds
        while not enough() and time.monotonic() < end:
            for sock in select.select(list(by_socket), [], [], max(0.0, end - time.monotonic()))[0]:
                by_socket[sock].receive(0)

    def step_groups(self, evidence: dict[str, Any]) -> None:
        """Watch many channels at once."""
        wanted = self.channels[: self.arguments.groups]
        if len(wanted) < self.arguments.groups:
            raise Stopped(f"{len(wanted)} channels are known, not {self.arguments.groups}: give more by --watch, or let the step guide find them")
        joined = [self.join(*channel) for channel in wanted]
        self.watch(joined, self.arguments.patience, lambda: all(one.packets for one in joined))
        before = {one: one.packets for one in joined}
        self.watch(joined, self.arguments.play)
        dark = [one.group for one in joined if one.packets == before[one]]
        evidence.update(
            asked=len(joined), playing=len(joined) - len(dark), dark=dark, packets=sum(one.packets for one in joined),
            lost=sum(one.lost for one in joined), slowest_join_ms=max((one.join_ms for one in joined if one.join_ms is not None), default=None),
        )  # fmt: skip
        for one in joined:
            self.part(one)
        if dark:
            raise Stopped(f"{len(dark)} of {len(joined)} channels are dark: {', '.join(dark)}")

    def step_zap(self, evidence: dict[str, Any]) -> None:
        """Change channels."""
        evidence["zaps"] = []
        with Wire(self.interface) as wire:
            for number in range(1, self.arguments.zaps + 1):
                if self.channel is None or len(self.channels) < 2:
                    raise Stopped("there is no second channel")
                old = self.channel
                left = self.part(old)
                new = self.tune(*self.channels[number % len(self.channels)])
                lasted = wire.fade_ms(old.group, left, self.arguments.patience)
                evidence["zaps"].append({"from": old.group, "to": new.group, "join_ms": new.join_ms, "leave_ms": lasted})
                if lasted is None:
                    raise Stopped(f"{old.group} still flows {self.arguments.patience:g} s after it was left")

    def step_leave(self, evidence: dict[str, Any]) -> None:
        """Switch off."""
        if self.channel is None:
            raise Stopped("no channel is on")
        with Wire(self.interface) as wire:
            group = self.channel.group
            lasted = wire.fade_ms(group, self.part(self.channel), self.arguments.patience)
        self.channel = None
        evidence.update(group=group, leave_ms=lasted)
        if lasted is None:
            raise Stopped(f"{group} still flows {self.arguments.patience:g} s after it was left")

    def run(self) -> dict[str, Any]:
        """All steps; the report."""
        report: dict[str, Any] = {"ok": True, "stopped_at": None, "reason": None, "began": round(time.time(), 3), "steps": []}
        name = self.arguments.steps[0]
        try:
            for name in self.arguments.steps:
                step: Callable[[dict[str, Any]], None] = getattr(self, f"step_{name}")
                entry: dict[str, Any] = {"step": name, "ok": False, "seconds": 0.0, "evidence": {}}
                report["steps"].append(entry)
                start = time.monotonic()
                reason = ""
                try:
                    step(entry["evidence"])
                except (Stopped, Terminated) as error:
                    reason = str(error) or "ended by SIGTERM"
                except OSError as error:
                    reason = f"{error.strerror or error}"
                entry.update(ok=not reason, seconds=round(time.monotonic() - start, 3))
                print(f"{name}: {reason or 'ok'} ({entry['seconds']} s)", file=sys.stderr, flush=True)
                if reason:
                    report.update(ok=False, stopped_at=name, reason=reason)
                    break
        except Terminated:
            # Between two steps.
            report.update(ok=False, stopped_at=name, reason="ended by SIGTERM")
        finally:
            # From here on the end is near anyway.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            for listener in list(self.listeners):
                self.part(listener)
        return report


def channel_list(words: str) -> list[tuple[str, int]]:
    """GROUP:PORT,GROUP:PORT as pairs."""
    pairs = [word.rpartition(":") for word in words.split(",")]
    return [(str(ipaddress.IPv4Address(group)), int(port)) for group, _colon, port in pairs]


def step_list(words: str) -> list[str]:
    """Names of steps."""
    names = words.split(",")
    if not set(names) <= {*STEPS, *OTHER_STEPS}:
        raise ValueError(words)
    return names


def terminate(*_signal: object) -> None:
    """Only the first SIGTERM counts, so that the report can be written."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Terminated


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interface", required=True)
    parser.add_argument("--steps", type=step_list, default=list(STEPS), help="which of the steps, separated by commas")
    parser.add_argument("--apply", action="store_true", help="put the lease on the interface")
    parser.add_argument("--no-ask-240", action="store_true", help="do not ask for option 240, as some boxes do not")
    parser.add_argument("--dns", default="172.26.23.3", help="DNS server without a lease")
    parser.add_argument("--opch", default="239.0.2.30:22222", help="OPCH without a lease")
    parser.add_argument("--province", type=int, default=19, help="whose channel list; 19 is Madrid")
    parser.add_argument("--watch", type=channel_list, default=[], help="channels as GROUP:PORT,... instead of the guide's")
    parser.add_argument("--play", type=float, default=5.0, help="seconds to watch the first channel")
    parser.add_argument("--zaps", type=int, default=3)
    parser.add_argument("--groups", type=int, default=40, help="channels that the step groups joins")
    parser.add_argument("--patience", type=float, default=10.0, help="seconds to wait for anything that has to come")
    signal.signal(signal.SIGTERM, terminate)
    report = Box(parser.parse_args()).run()
    print(json.dumps(report, indent=1))
    sys.exit(0 if report["ok"] else 1)


if __name__ == "__main__":
    main()
