# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switch's state as a Linux bridge: what is wanted and what is there as two tables, and the commands that lead from one to the other.

Only differences become commands, so that a line of configuration touches no traffic but what it is about.

Where Linux is not a switch:
- Immediate leave belongs to a VLAN on the switch and to a port here (fastleave): it is on for each port that carries such a VLAN.
- A group that nobody has joined goes to router ports only, once a querier is known; a switch floods it, but to ports that filter what is
  unregistered. And a VLAN whose snooping has just been switched on is flooded until the next query.
- A querier asks from 0.0.0.0, whatever its address is set to be.
- Filtering of unregistered groups (mcast_flood off) takes 224.0.0.0/24 too, which a switch always forwards.
- A VLAN as a mirror's source, customer mode's second tag and link aggregation are state only; members of a LAG carry nothing.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .device import Device, Network, port_key

BRIDGE = "br0"
RTMGRP_LINK = 1
# Options of a VLAN that hold for all ports, with the kernel's defaults; times in hundredths of a second.
GLOBALS = {
    "mcast_snooping": 1, "mcast_querier": 0, "mcast_igmp_version": 2, "mcast_querier_interval": 25500, "mcast_query_interval": 12500,
    "mcast_query_response_interval": 1000, "mcast_last_member_count": 2, "mcast_last_member_interval": 100,
}  # fmt: skip
# Linux snoops only where it knows a querier, and not in the 10 s after it has met one. A real switch goes by its router ports:
# a report that reached another box would keep it from saying that it leaves (RFC 2236, section 3). So one is not forgotten.
NEVER = 360000000
# Timers of the interface mode: the option here, and how many hundredths of a second their unit has.
TIMERS = {
    "query-interval": ("mcast_query_interval", 100), "query-max-response-time": ("mcast_query_response_interval", 100),
    "last-member-query-count": ("mcast_last_member_count", 1), "last-member-query-interval": ("mcast_last_member_interval", 0.1),
}  # fmt: skip

# What is set, by what it is about. Keys begin with their kind:
#   vlan PORT VID -> (tagged, pvid)    flood|fastleave PORT -> bool    router PORT VID -> 0, 1, 2    global VID OPTION -> int
#   group PORT VID GROUP -> True       mirror PORT -> ((ingress|egress, destination), ...)           address VID -> "a.b.c.d/n"
#   up PORT -> bool                    gateway -> address
Table = dict[tuple[Any, ...], Any]


def wanted(device: Device, ports: Iterable[str]) -> Table:
    """What the state asks of the ports that have a cable."""
    ports = set(ports)
    table: Table = {}
    for port in ports:
        table["up", port] = not device.ports[port].shutdown
        table["flood", port] = not (device.filtering and device.ports[port].unregistered == "filtering")
        members = device.members(port)
        table["fastleave", port] = any(device.snoops(number) and device.igmp[number].immediate_leave for number in members)
        for number, member in members.items():
            table["vlan", port, number] = (member.tagged, member.pvid)
            table["router", port, number] = _router(device, port, number)
    for number, vlan in device.vlans.items():
        if vlan.address or number in device.igmp:
            # For the switch's own frames. And Linux forgets a VLAN's querier only where the bridge itself is a member: it would go on to filter when
            # snooping is switched off and on, with the groups forgotten, so that members saw nothing until the next query.
            table["vlan", BRIDGE, number] = (True, False)
        if vlan.address:
            bits = sum(bin(int(octet)).count("1") for octet in vlan.address[1].split("."))
            table["address", number] = f"{vlan.address[0]}/{bits}"
    if device.gateway and device.management_vlans():
        table["gateway",] = device.gateway
    for number in {key[2] for key in table if key[0] == "vlan"}:
        table.update({("global", number, option): value for option, value in _globals(device, number).items()})
    for number, snooping in device.igmp.items():
        for group, names in snooping.groups.items() if device.snoops(number) else ():
            table.update({("group", port, number, group): True for port in names if ("vlan", port, number) in table})
    for destination, _network, sources in device.mirrors():
        for source, direction in sources.items():
            if source in ports and destination in ports:
                ways = {"both": ("ingress", "egress"), "rx": ("ingress",), "tx": ("egress",)}[direction]
                table["mirror", source] = (*table.get(("mirror", source), ()), *((way, destination) for way in ways))
    return table


def _router(device: Device, port: str, number: int) -> int:
    """0 never a router port, 1 by what is heard there, 2 always."""
    vlan, snooping = device.vlans[number], device.igmp.get(number)
    if port in vlan.forbidden_forward_all or (snooping and port in snooping.forbidden):
        return 0
    if port in vlan.forward_all or (snooping and port in snooping.mrouter):
        return 2
    return 1 if snooping is None or snooping.learn else 0


def _globals(device: Device, number: int) -> dict[str, int]:
    options = dict(GLOBALS)
    # A VLAN without snooping is flooded, as on the switch where any of the three lines is missing.
    options["mcast_snooping"] = int(device.snoops(number))
    options["mcast_querier_interval"] = NEVER
    snooping = device.igmp.get(number)
    if snooping and snooping.querier and device.querier and device.snoops(number):
        options["mcast_querier"] = 1
        options["mcast_igmp_version"] = int(snooping.querier_version)
    for word, value in device.vlans[number].igmp.items():
        if word in TIMERS:
            option, factor = TIMERS[word]
            options[option] = int(int(value) * factor)
    return options


def plan(have: Table, want: Table) -> list[tuple[str, str]]:
    """Commands in their order, as program and arguments."""
    gone = {key: value for key, value in have.items() if key not in want}
    new = {key: value for key, value in want.items() if have.get(key) != value}
    lines: list[tuple[str, str]] = []

    def of(table: Table, kind: str) -> list[tuple[Any, ...]]:
        return sorted((key for key in table if key[0] == kind), key=str)

    lines += [("ip", f"link delete {BRIDGE}.{number}") for _kind, number in of(gone, "address")]
    # A VLAN's new way comes before its old one goes.
    for _kind, port, number in of(new, "vlan"):
        tagged, pvid = want["vlan", port, number]
        flags = f"{' pvid' if pvid else ''}{'' if tagged else ' untagged'}{' self' if port == BRIDGE else ''}"
        lines.append(("bridge", f"vlan add dev {port} vid {number}{flags}"))
    lines += [("bridge", f"vlan delete dev {port} vid {number}") for _kind, port, number in of(gone, "vlan") if port != BRIDGE]
    for _kind, number, option in of(new, "global"):
        # A VLAN that is only now there has the kernel's own values.
        if want["global", number, option] != have.get(("global", number, option), GLOBALS[option]):
            lines.append(("bridge", f"vlan global set dev {BRIDGE} vid {number} {option} {want['global', number, option]}"))
    # After snooping has ended there, see above.
    lines += [("bridge", f"vlan delete dev {port} vid {number} self") for _kind, port, number in of(gone, "vlan") if port == BRIDGE]
    for _kind, port, number in of(new, "router"):
        if want["router", port, number] != have.get(("router", port, number), 1):
            lines.append(("bridge", f"vlan set dev {port} vid {number} mcast_router {want['router', port, number]}"))
    for kind, option in (("flood", "mcast_flood"), ("fastleave", "fastleave")):
        lines += [("bridge", f"link set dev {port} {option} {'on' if want[kind, port] else 'off'}") for _kind, port in of(new, kind)]
    for action, table in (("delete", gone), ("add", new)):
        for _kind, port, number, group in of(table, "group"):
            # With its VLAN, the group has gone already.
            if action == "add" or ("vlan", port, number) in want:
                lines.append(("bridge", f"mdb {action} dev {BRIDGE} port {port} grp {group}{' permanent' if action == 'add' else ''} vid {number}"))
    for _kind, number in of(new, "address"):
        device = f"{BRIDGE}.{number}"
        if ("address", number) in have:
            lines.append(("ip", f"address flush dev {device}"))
        else:
            lines.append(("ip", f"link add link {BRIDGE} name {device} type vlan id {number}"))
            # Silent but for its own address.
            lines += [("ip", f"link set {device} addrgenmode none"), ("ip", f"link set {device} up")]
        lines.append(("ip", f"address add {want['address', number]} brd + dev {device}"))
    if ("gateway",) in new or (("gateway",) in want and of(new, "address")):
        lines.append(("ip", f"route replace default via {want['gateway',]}"))
    lines += [("ip", "route delete default") for _key in of(gone, "gateway")]
    for _kind, port in [*of(gone, "mirror"), *of({key: value for key, value in new.items() if key in have}, "mirror")]:
        lines.append(("tc", f"qdisc delete dev {port} clsact"))
    for _kind, port in of(new, "mirror"):
        lines.append(("tc", f"qdisc add dev {port} clsact"))
        for number, (way, destination) in enumerate(want["mirror", port], 1):
            # "continue" lets the next filter see the frame too.
            lines.append(("tc", f"filter add dev {port} {way} pref {number} matchall action mirred egress mirror dev {destination} continue"))
    lines += [("ip", f"link set {port} {'up' if want['up', port] else 'down'}") for _kind, port in of(new, "up")]
    return lines


def _each(vlans: list[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """VLANs of bridge's JSON one by one: neighbours that are alike come as a range."""
    for vlan in vlans:
        for number in range(vlan["vlan"], vlan.get("vlanEnd", vlan["vlan"]) + 1):
            yield number, vlan


class Bridge(Network):
    """Steers br0 in the network namespace of this process, and says what it sees there."""

    def __init__(self, device: Device) -> None:
        """Make the bridge, if it is not there yet."""
        super().__init__()
        self._device = device
        # What was last asked for, and of which interfaces: a cable that is plugged in anew is a new one.
        self._applied: Table = {}
        self._ports: dict[str, int] = {}
        # What cannot be read back in one go is remembered: mirrors, and whether a port is meant to be up.
        self._kept: Table = {}
        if not Path("/sys/class/net", BRIDGE).exists():
            self._run(
                [
                    # Snooping by VLAN, or a querier in one of them would count for all.
                    ("ip", f"link add {BRIDGE} address {device.model.mac} type bridge vlan_filtering 1 vlan_default_pvid 0"
                           " mcast_snooping 1 mcast_vlan_snooping 1"),
                    ("ip", f"link set {BRIDGE} addrgenmode none"),
                    ("ip", f"link set {BRIDGE} up"),
                ]
            )  # fmt: skip

    # -- the kernel --

    @staticmethod
    def _run(lines: list[tuple[str, str]]) -> None:
        """Carry out commands, each run of one program at once. What fails is told in the journal; the rest goes on."""
        while lines:
            program = lines[0][0]
            count = next((index for index, line in enumerate(lines) if line[0] != program), len(lines))
            batch = "\n".join(arguments for _program, arguments in lines[:count]) + "\n"
            done = subprocess.run([program, "-force", "-batch", "-"], input=batch, capture_output=True, text=True, check=False)
            if done.returncode or done.stderr:
                print(f"{program}: {done.stderr.strip()}\nin\n{batch}", file=sys.stderr, flush=True)
            lines = lines[count:]

    @staticmethod
    def _ask(*questions: str) -> list[Any]:
        """Put questions to programs that answer in JSON, all at once: most of the time of each is its start."""
        started = [subprocess.Popen(question.split(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for question in questions]
        answers = [process.communicate()[0] for process in started]
        return [json.loads(answer) if answer.strip() else [] for answer in answers]

    def _present(self) -> dict[str, int]:
        """Ports with a cable: name and number of the interface."""
        found = {}
        for name in self._device.ports:
            try:
                found[name] = int(Path("/sys/class/net", name, "ifindex").read_text(encoding="ascii"))
            except OSError:
                continue
        return found

    def _have(self, ports: set[str]) -> Table:
        """What is set in the kernel."""
        table: Table = {key: value for key, value in self._kept.items() if len(key) < 2 or key[0] == "address" or key[1] in ports}
        links, vlans, options, groups = self._ask(
            "bridge -j -d link show", "bridge -j -d vlan show", f"bridge -j -d vlan global show dev {BRIDGE}", f"bridge -j mdb show dev {BRIDGE}"
        )
        for link in links:
            if link["ifname"] in ports:
                table["flood", link["ifname"]] = link.get("mcast_flood", True)
                table["fastleave", link["ifname"]] = link.get("fastleave", False)
        for link in vlans:
            name = link["ifname"]
            for number, vlan in _each(link["vlans"]) if name in ports or name == BRIDGE else ():
                flags = vlan.get("flags", [])
                table["vlan", name, number] = ("Egress Untagged" not in flags, "PVID" in flags)
                if name != BRIDGE:
                    table["router", name, number] = vlan.get("mcast_router", 1)
        for link in options:
            for number, vlan in _each(link["vlans"]):
                table.update({("global", number, option): vlan.get(option, default) for option, default in GLOBALS.items()})
        for part in groups:
            for entry in part.get("mdb", []):
                if entry.get("state") == "permanent" and entry["port"] in ports:
                    table["group", entry["port"], entry.get("vid", 0), entry["grp"]] = True
        return table

    def apply(self, news: bool = False) -> None:
        """Bring the bridge to what the state wants. "news" looks for cables that were plugged in or out, and ends when there are none."""
        present = self._present()
        fresh = {name for name, index in present.items() if self._ports.get(name) != index}
        if news and not fresh and set(present) == set(self._ports):
            return
        want = wanted(self._device, present)
        if not fresh and want == self._applied and set(present) == set(self._ports):
            return
        for name in fresh:
            self._run([("ip", f"link set {name} master {BRIDGE} addrgenmode none")])
            self._kept = {key: value for key, value in self._kept.items() if key[1:2] != (name,)}
        if fresh:
            # Left over from an earlier process of ours; a mirror is made anew below.
            stale = {qdisc["dev"] for qdisc in self._ask("tc -j qdisc show")[0] if qdisc["kind"] == "clsact"}
            self._run([("tc", f"qdisc delete dev {name} clsact") for name in sorted(fresh & stale)])
            # A mirror whose destination is another interface now points nowhere.
            moved = {key for key, value in self._kept.items() if key[0] == "mirror" and fresh & {destination for _way, destination in value}}
            self._run([("tc", f"qdisc delete dev {key[1]} clsact") for key in sorted(moved) if key[1] not in fresh])
            self._kept = {key: value for key, value in self._kept.items() if key not in moved}
        if not self._applied:
            # VLAN interfaces that an earlier process of ours has made.
            self._run([("ip", f"link delete {path.name}") for path in Path("/sys/class/net").glob(f"{BRIDGE}.*")])
        self._run(plan(self._have(set(present)), want))
        self._kept = {key: value for key, value in want.items() if key[0] in ("mirror", "up", "address", "gateway")}
        self._applied, self._ports = want, present

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take in cables as they are plugged in."""
        events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        events.bind((0, RTMGRP_LINK))

        def news() -> None:
            try:
                while events.recv(65536):
                    pass
            except BlockingIOError:
                pass
            except OSError:
                # More has happened than the socket's buffer holds: that is news too.
                pass
            self.apply(news=True)

        loop.add_reader(events, news)
        # What came between the first look and this one.
        self.apply(news=True)

    # -- what the show commands tell --

    def link_up(self, device: Device, name: str) -> bool:
        try:
            return Path("/sys/class/net", name, "carrier").read_text(encoding="ascii").strip() == "1"
        except OSError:
            # Not there, or down.
            return False

    def macs(self, device: Device) -> list[tuple[int, str, str]]:
        return [
            (entry["vlan"], entry["mac"], entry["ifname"])
            for entry in self._ask(f"bridge -j fdb show br {BRIDGE}")[0]
            if entry["ifname"] in device.ports and "vlan" in entry and entry.get("state") != "permanent" and "self" not in entry.get("flags", [])
        ]

    def neighbours(self, device: Device) -> list[tuple[int, str, str]]:
        return [
            (int(entry["dev"].partition(".")[2]), entry["dst"], entry["lladdr"])
            for entry in self._ask("ip -j -4 neigh show")[0]
            if entry["dev"].startswith(f"{BRIDGE}.") and "lladdr" in entry
        ]

    def memberships(self, device: Device) -> list[tuple[int, str, str]]:
        entries = [entry for part in self._ask(f"bridge -j mdb show dev {BRIDGE}")[0] for entry in part.get("mdb", [])]
        return [(entry.get("vid", 1), entry["grp"], entry["port"]) for entry in entries if entry["port"] in device.ports and ":" not in entry["grp"]]

    def routers(self, device: Device) -> list[tuple[int, str]]:
        found = {
            (number, router["port"])
            for link in self._ask(f"bridge -j -d vlan global show dev {BRIDGE}")[0]
            for number, vlan in _each(link["vlans"])
            for router in vlan.get("router_ports", [])
            if router["port"] in device.ports
        }
        return sorted(found, key=lambda one: (one[0], port_key(one[1])))
