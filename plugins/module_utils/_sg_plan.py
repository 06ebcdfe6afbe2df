# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From how a switch is set to how it shall be: the lines, in an order that never cuts the way on which they come; and the guard. Pure.

Order: what is mirrored no more, new VLANs, ports (those that management needs last), IGMP snooping, new mirrors, VLANs that go.
Within a port, what does not act in its present mode comes before the change of mode and the rest after it; what a trunk gains comes before
what it loses. So nothing that is carried before and after is lost in between.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Optional

from ansible_collections.homerouter.tripleplay.plugins.module_utils._sg_state import (
    ALL_VLANS,
    Port,
    Snooping,
    State,
    Vlan,
    fold,
    port_key,
    quoted,
    steps,
)


def plan(have: State, want: State, last: Collection[str] = ()) -> list[str]:
    """The lines that lead from one state to another, as they go behind C(configure terminal). "last": ports that are set after all others."""
    gone = set(have.vlans) - set(want.vlans)
    # What goes with the VLANs by itself needs no line.
    left = have.copy()
    for number in gone:
        left.remove_vlan(number)
    lines = _mirrors_that_go(have, want)
    new = set(want.vlans) - set(have.vlans)
    if new:
        lines += ["vlan database", f"vlan {fold(new)}", "exit"]
    for number, vlan in sorted(want.vlans.items()):
        lines += _block(f"vlan {number}", _vlan_lines(have.vlans.get(number, Vlan()), vlan))
    names = {name for name in {*left.ports, *want.ports} if left.port(name) != want.port(name)}
    for name in sorted(names, key=lambda name: (name in last, port_key(name))):
        lines += _block(name, _port_lines(have.port(name), want.port(name), have.ros1))
    lines += _snooping_lines(have, want)
    lines += _mirrors_that_come(left, want)
    if gone:
        lines += ["vlan database", f"no vlan {fold(gone)}", "exit"]
    return lines


def _block(name: str, lines: list[str]) -> list[str]:
    return [f"interface {name}", *lines, "exit"] if lines else []


def _vlan_lines(have: Vlan, want: Vlan) -> list[str]:
    lines = []
    if have.name != want.name:
        lines.append(f"name {quoted(want.name)}" if want.name else "no name")
    if have.multicast_mode != want.multicast_mode:
        lines.append(f"bridge multicast mode {want.multicast_mode}")
    return lines


def _port_lines(have: Port, want: Port, ros1: bool) -> list[str]:
    lines = []
    if have.description != want.description:
        lines.append(f"description {quoted(want.description)}" if want.description else "no description")
    trunk = _trunk_lines(have, want, ros1)
    access = [] if have.access == want.access else [f"switchport access vlan {want.access or 'none'}"]
    mode = [] if have.mode == want.mode else [f"switchport mode {want.mode}"]
    lines += [*access, *mode, *trunk] if want.mode == "access" else [*trunk, *mode, *access]
    if have.unregistered_filtering != want.unregistered_filtering:
        lines.append(f"bridge multicast unregistered {'filtering' if want.unregistered_filtering else 'forwarding'}")
    return lines


def _trunk_lines(have: Port, want: Port, ros1: bool) -> list[str]:
    before, after = (ALL_VLANS if port.allowed is None else port.allowed for port in (have, want))
    native = [] if have.native == want.native else [f"switchport trunk native vlan {want.native or 'none'}"]
    start = "switchport trunk allowed vlan"
    if not ros1:
        more = [] if after <= before else [f"{start} all"] if want.allowed is None else [f"{start} add {fold(after - before)}"]
        return [*more, *native, *([f"{start} remove {fold(before - after)}"] if before - after else [])]
    # The VLAN that is native now cannot be in the list before it is native no more, and a new native VLAN leaves the list by itself.
    held = after & {have.native}
    more = after - before - held
    less = before - after - ({want.native} if native else set())
    lines = [f"{start} add {fold(more)}"] if more else []
    lines += native
    lines += [f"{start} add {fold(held)}"] if held else []
    return lines + ([f"{start} remove {fold(less)}"] if less else [])


def _snooping_lines(have: State, want: State) -> list[str]:
    """Router ports and VLANs before the filter that makes them act, and the reverse when it ends."""
    before = [] if want.filtering or not have.filtering else ["no bridge multicast filtering"]
    before += [] if want.snooping or not have.snooping else ["no ip igmp snooping"]
    lines = []
    if have.querier != want.querier:
        lines.append(f"{'' if want.querier else 'no '}ip igmp snooping querier")
    for number in sorted({*have.igmp, *want.igmp}):
        lines += _igmp_lines(f"ip igmp snooping vlan {number}", have.igmp.get(number, Snooping()), want.igmp.get(number, Snooping()))
    after = ["ip igmp snooping"] if want.snooping and not have.snooping else []
    after += ["bridge multicast filtering"] if want.filtering and not have.filtering else []
    return [*before, *lines, *after]


def _igmp_lines(start: str, have: Snooping, want: Snooping) -> list[str]:
    def switch(now: bool, then: bool, words: str) -> list[str]:
        return [] if now == then else [f"{'' if then else 'no '}{start}{words}"]

    lines = [f"{start} mrouter interface {port}" for port in sorted(want.mrouter - have.mrouter, key=port_key)]
    lines += switch(have.learn, want.learn, " mrouter learn pim-dvmrp")
    lines += switch(have.immediate_leave, want.immediate_leave, " immediate-leave")
    if have.address != want.address:
        lines.append(f"{start} querier address {want.address}" if want.address else f"no {start} querier address")
    if have.version != want.version:
        lines.append(f"{start} querier version {want.version}")
    lines += switch(have.election, want.election, " querier election")
    lines += switch(have.querier, want.querier, " querier")
    lines += switch(have.enabled, want.enabled, "")
    return lines + [f"no {start} mrouter interface {port}" for port in sorted(have.mrouter - want.mrouter, key=port_key)]


def _source(name: str) -> str:
    return name if name.startswith("vlan ") else f"interface {name}"


def _mirrors_that_go(have: State, want: State) -> list[str]:
    """Sources that are copied no more, or in another direction or to another port. A session without sources ends."""
    lines = []
    for number, mirror in sorted(have.mirrors.items()):
        then = want.mirrors.get(number)
        if not have.ros1 and then is None:
            lines.append(f"no monitor session {number}")
            continue
        moved = then is None or (have.ros1 and then.destination != mirror.destination)
        # A port that is to receive the copies cannot send any.
        gone = [source for source, direction in mirror.sources.items() if moved or then is None or then.sources.get(source) != direction]
        if have.ros1:
            lines += _block(mirror.destination, [f"no port monitor {source}" for source in gone])
        else:
            lines += [f"no monitor session {number} source {_source(source)}" for source in gone]
    return lines


def _mirrors_that_come(have: State, want: State) -> list[str]:
    lines = []
    for number, mirror in sorted(want.mirrors.items()):
        now = have.mirrors.get(number)
        kept = now.sources if now and (not have.ros1 or now.destination == mirror.destination) else {}
        new = [(source, direction) for source, direction in mirror.sources.items() if kept.get(source) != direction]
        if have.ros1:
            lines += _block(mirror.destination, [f"port monitor {source}{'' if direction == 'both' else f' {direction}'}" for source, direction in new])
            continue
        if mirror.destination and (now is None or (now.destination, now.network) != (mirror.destination, mirror.network)):
            lines.append(f"monitor session {number} destination interface {mirror.destination}{' network' if mirror.network else ''}")
        for source, direction in new:
            lines.append(f"monitor session {number} source {_source(source)}" + ("" if source.startswith("vlan ") else f" {direction}"))
    return lines


# -- the guard --


@dataclass(frozen=True)
class Management:
    """The way on which the switch is managed: VLANs in which it has an address, and ports at which its manager comes in.

    C(unknown) says why no port is known; then every port that carries such a VLAN counts.
    """

    vlans: frozenset[int] = frozenset()
    ports: frozenset[str] = frozenset()
    unknown: str = ""

    def watched(self, state: State) -> dict[tuple[str, int], bool]:
        """Ports and VLANs that must stay as they are, and whether the VLAN is tagged there."""
        names = self.ports if not self.unknown else {*state.ports, *self.ports}
        return {(name, vlan): tagged for name in names for vlan, tagged in state.members(name).items() if vlan in self.vlans}


def refusals(have: State, lines: list[str], management: Management, router_ports: Collection[str], ports: Collection[str] = ()) -> list[str]:
    """Why lines must not be sent: who would lose the switch, or the house its router. Empty when nothing speaks against them.

    "ports": all ports that the switch has, for when it is not known at which one its manager comes in.
    """
    start = have.copy()
    for name in ports:
        start.change_port(name)
    found: dict[str, None] = {}
    watched = management.watched(start)
    end = start
    for now in steps(start, lines):
        end = now
        for vlan in sorted(management.vlans - set(now.vlans)):
            if vlan in have.vlans:
                found[f"VLAN {vlan}, in which the switch is managed, would be deleted"] = None
        for (name, vlan), tagged in watched.items():
            found.update(dict.fromkeys(_lost(now, name, vlan, tagged, management)))
    for name in sorted(management.ports, key=port_key):
        if end.port(name).unregistered_filtering and not have.port(name).unregistered_filtering:
            found[f"{name}, at which its manager comes in, would drop multicast that nobody has reported, such as IPv6's neighbour discovery"] = None
        if name in _destinations(end) - _destinations(start) and not any(name in text for text in found):
            found[f"{name}, at which its manager comes in, would become the destination of a mirror"] = None
    for name in sorted(router_ports, key=port_key):
        found.update(dict.fromkeys(_router(start, end, name)))
    return list(found)


def _destinations(state: State) -> set[str]:
    return {mirror.destination for mirror in state.mirrors.values() if mirror.sources}


def _lost(now: State, name: str, vlan: int, tagged: bool, management: Management) -> list[str]:
    members = now.members(name)
    if members.get(vlan) == tagged:
        return []
    why = f" (which port leads to its manager is not known: {management.unknown})" if management.unknown else ", at which its manager comes in"
    if name in _destinations(now):
        return [f"{name}{why}, would become the destination of a mirror and leave VLAN {vlan}"]
    if vlan not in members:
        return [f"{name}{why}, would leave VLAN {vlan}, in which the switch is managed"]
    return [f"{name}{why}, would carry VLAN {vlan}, in which the switch is managed, {_how(not tagged)} and no more {_how(tagged)}"]


def _how(tagged: bool) -> str:
    return "tagged" if tagged else "untagged"


def _router(start: State, end: State, name: str) -> list[str]:
    """What the port towards the router would lose."""
    before, after = start.members(name), end.members(name)
    if name in _destinations(end) - _destinations(start):
        return [f"{name}, the router's port, would become the destination of a mirror"]
    if start.port(name).mode == "trunk" and len(before) > 1 and end.port(name).mode != "trunk":
        return [f"{name}, the router's port, would be a trunk no more"]
    # A VLAN that nobody else is in serves nobody there, and may go.
    return [
        f"{name}, the router's port, would leave VLAN {vlan}, which {other} goes on carrying"
        for vlan in before
        if vlan not in after
        for other in [next((other for other in sorted(end.ports, key=port_key) if other != name and vlan in end.members(other)), None)]
        if other
    ]


def address_of_port(session: str, neighbours: Mapping[str, str], table: Mapping[str, set[str]], gateway: str) -> tuple[set[str], Optional[str]]:
    """The ports at which a manager with this address comes in, and why there are none.

    neighbours: MAC by IP address, the switch's ARP table. table: ports by MAC. A manager beyond a router comes in where the router is.
    """
    mac = neighbours.get(session)
    through = session
    if mac is None and gateway:
        mac, through = neighbours.get(gateway), f"the gateway {gateway}"
    if mac is None:
        return set(), f"the switch does not show the MAC address of {session}"
    found = table.get(mac, set())
    return found, None if found else f"the switch does not show the port of {through} ({mac})"
