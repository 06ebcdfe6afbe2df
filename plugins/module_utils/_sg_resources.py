# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four resources of a switch as modules take and give them, and what they make of its state. Pure.

C(vlans), C(l2_interfaces), C(igmp_snooping) and C(port_mirroring) have the shapes that their modules document. A key that is None was not given.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sg_state
from ansible_collections.homerouter.tripleplay.plugins.module_utils._sg_state import (
    Mirror,
    Snooping,
    State,
    Vlan,
    fold,
    port_key,
    port_name,
    unfold,
)

# Firmware 1.x and 2.x take so much.
_VLAN_NAME = re.compile(r"[ -!#-~]{1,32}")
_DESCRIPTION = re.compile(r"[ -!#-~]{1,64}")


def given(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What was given of an entry."""
    return {key: value for key, value in entry.items() if value is not None}


class Want:
    """What somebody wants of a resource, checked against what is there. All that is wrong is told at once."""

    def __init__(self, have: State, state: str, where: str, known: bool) -> None:
        """have: the switch as it is. state: merged, replaced, overridden or deleted. where: the option that is read, for errors.
        known: the switch is known, so that what it lacks is an error."""
        self.known = known
        self.target = have.copy()
        self.have = have
        self.state = state
        self.where = where
        self.problems: list[str] = []

    def problem(self, where: str, value: Any, text: str) -> None:
        """Note what is wrong: variable, value, and the cure."""
        self.problems.append(f"{self.where}{where} is {value!r}: {text}")

    def vlan(self, where: str, value: Any) -> int:
        """A VLAN's id, 0 for one that is none."""
        if isinstance(value, int) and 1 <= value <= 4094:
            return value
        self.problem(where, value, "a VLAN has an id from 1 to 4094")
        return 0

    def port(self, where: str, value: Any) -> str:
        """A port's name in short form, empty for one that is none."""
        try:
            return port_name(value)
        except ValueError as error:
            self.problems.append(f"{self.where}{where}: {error}")
            return ""

    def twice(self, entries: Sequence[Mapping[str, Any]], key: str) -> None:
        """Note what is there twice."""
        seen: dict[Any, int] = {}
        for number, entry in enumerate(entries):
            value = entry.get(key)
            if value in seen:
                self.problem(f"[{number}].{key}", value, f"it is in {self.where}[{seen[value]}] already; give it once")
            seen[value] = number


# -- VLANs --


def vlans(state: State) -> list[dict[str, Any]]:
    """VLANs as sg_vlans gathers them; VLAN 1 is there always, and told only with a name."""
    return [
        {"vlan_id": number, **({"name": vlan.name} if vlan.name else {})} for number, vlan in sorted(state.vlans.items()) if number != 1 or vlan.name
    ]


def want_vlans(want: Want, config: Optional[Sequence[Mapping[str, Any]]]) -> None:
    """Make VLANs, name them, or take them away."""
    target = want.target
    entries = [given(entry) for entry in config or []]
    want.twice(entries, "vlan_id")
    ids = [want.vlan(f"[{number}].vlan_id", entry.get("vlan_id")) for number, entry in enumerate(entries)]
    if want.state == "deleted":
        for number in set(target.vlans) & (set(ids) if config is not None else set(target.vlans)) - ({1} if config is None else set()):
            if number == 1:
                want.problem("", 1, "VLAN 1 cannot be deleted")
            else:
                target.remove_vlan(number)
        return
    if want.state == "overridden":
        for number in set(target.vlans) - set(ids) - {1}:
            target.remove_vlan(number)
        if 1 not in ids:
            target.vlans[1].name = ""
    for number, (vlan_id, entry) in enumerate(zip(ids, entries)):
        vlan = target.vlans.setdefault(vlan_id, Vlan())
        if "name" in entry:
            vlan.name = entry["name"]
            if vlan.name and (not _VLAN_NAME.fullmatch(vlan.name) or vlan.name != vlan.name.strip()):
                want.problem(f"[{number}].name", vlan.name, "use 1 to 32 ASCII characters without quotes, and no blank at an end")
        elif want.state != "merged":
            vlan.name = ""


# -- ports --


def l2_interfaces(state: State) -> list[dict[str, Any]]:
    """Ports that are not as from the factory, as sg_l2_interfaces gathers them."""
    found = []
    for name, port in sorted(state.ports.items(), key=lambda item: port_key(item[0])):
        if port == state.new_port():
            continue
        allowed = ["all"] if port.allowed is None else fold(port.allowed).split(",") if port.allowed else []
        entry: dict[str, Any] = {
            "name": name,
            "mode": port.mode,
            "access": {"vlan": port.access or 0},
            "trunk": {"native_vlan": str(port.native or "none"), "allowed_vlans": allowed},
            "unregistered_multicast": "filtering" if port.unregistered_filtering else "forwarding",
        }
        if port.description:
            entry["description"] = port.description
        found.append(entry)
    return found


def want_l2_interfaces(want: Want, config: Optional[Sequence[Mapping[str, Any]]]) -> None:
    """Set ports. What is in another mode, or in a link aggregation group, is not touched."""
    target = want.target
    entries = [given(entry) for entry in config or []]
    names = [want.port(f"[{number}].name", entry.get("name")) for number, entry in enumerate(entries)]
    want.twice([{"name": name or number} for number, name in enumerate(names)], "name")
    everybody = want.state == "overridden" or (want.state == "deleted" and config is None)
    for name in list(target.ports) if everybody else []:
        if target.ports[name].managed and (want.state == "deleted" or name not in names):
            target.ports[name] = target.new_port()
    for number, (name, entry) in enumerate(zip(names, entries)):
        where = f"[{number}]"
        have = target.port(name)
        if not have.managed:
            # As it was gathered it may stay.
            if have.member or entry.get("mode", have.mode) != have.mode or want.state == "deleted":
                what = "member of a link aggregation group: name the group (po1, ...) instead" if have.member else (
                    f"in {have.mode} mode, which is not managed here: give it the mode access or trunk by hand first, or leave it out"
                )  # fmt: skip
                want.problem(f"{where}.name", name, f"it is {what}")
            continue
        if want.state == "deleted":
            target.ports[name] = target.new_port()
            continue
        _set_port(want, where, name, entry)


def _set_port(want: Want, where: str, name: str, entry: Mapping[str, Any]) -> None:
    target = want.target
    before = target.port(name)
    # Smartport and others may have set more than what is named here: it stays.
    port = target.ports[name] = before if want.state == "merged" else target.new_port()
    mode = entry.get("mode")
    if mode in ("general", "customer"):
        want.problem(f"{where}.mode", mode, "it can be read, not set: use access or trunk")
    port.mode = mode or port.mode
    access, trunk = (given(entry.get(key) or {}) for key in ("access", "trunk"))
    if "vlan" in access:
        # 0 is how "none" is read.
        port.access = want.vlan(f"{where}.access.vlan", access["vlan"]) if access["vlan"] else None
    allowed = port.allowed
    if "allowed_vlans" in trunk:
        allowed = _allowed(want, f"{where}.trunk.allowed_vlans", trunk["allowed_vlans"])
        if want.state == "merged" and allowed is not None:
            allowed = None if port.allowed is None else port.allowed | allowed
    elif want.state != "merged" and mode == "trunk" and not target.ros1:
        # A trunk without a list carries all VLANs in this firmware.
        allowed = None
    if "native_vlan" in trunk:
        value = trunk["native_vlan"]
        port.native = None if value == "none" else want.vlan(f"{where}.trunk.native_vlan", int(value) if str(value).isdecimal() else value)
    if target.ros1:
        if allowed is None:
            allowed = frozenset(target.vlans)
        allowed = allowed - {port.native}
    port.allowed = allowed
    if "description" in entry:
        port.description = entry["description"]
        if port.description and (not _DESCRIPTION.fullmatch(port.description) or port.description != port.description.strip()):
            want.problem(f"{where}.description", port.description, "use 1 to 64 ASCII characters without quotes, and no blank at an end")
    if "unregistered_multicast" in entry:
        port.unregistered_filtering = entry["unregistered_multicast"] == "filtering"


def _allowed(want: Want, where: str, values: Sequence[Any]) -> Optional[frozenset[int]]:
    numbers: frozenset[int] = frozenset()
    for value in values:
        if str(value) == "all":
            return None
        try:
            numbers |= unfold(str(value))
        except ValueError as error:
            want.problems.append(f"{want.where}{where}: {error}")
    return None if not want.target.ros1 and numbers >= _sg_state.ALL_VLANS else numbers


# -- IGMP snooping --


def igmp_snooping(state: State) -> dict[str, Any]:
    """IGMP snooping as sg_igmp_snooping gathers it; VLANs that are as from the factory are left out."""
    found = []
    for number in sorted({*state.igmp, *(number for number, vlan in state.vlans.items() if vlan.multicast_mode != "mac-group")}):
        igmp = state.igmp.get(number, Snooping())
        found.append(
            {
                "vlan_id": number,
                "enabled": igmp.enabled,
                "immediate_leave": igmp.immediate_leave,
                "multicast_mode": state.vlans.get(number, Vlan()).multicast_mode,
                "mrouter": {"learn": igmp.learn, "ports": sorted(igmp.mrouter, key=port_key)},
                "querier": {"enabled": igmp.querier, "address": igmp.address, "version": igmp.version, "election": igmp.election},
            }
        )
    return {"enabled": state.snooping, "multicast_filtering": state.filtering, "querier": state.querier, "vlans": found}


def want_igmp_snooping(want: Want, config: Optional[Mapping[str, Any]]) -> None:
    """Set IGMP snooping, of the switch and of VLANs."""
    target = want.target
    switch = given(config or {})
    entries = [given(entry) for entry in switch.pop("vlans", [])]
    ids = [want.vlan(f".vlans[{number}].vlan_id", entry.get("vlan_id")) for number, entry in enumerate(entries)]
    for key, attribute, factory in (("enabled", "snooping", False), ("multicast_filtering", "filtering", False), ("querier", "querier", True)):
        if want.state == "deleted":
            if config is None or key in switch:
                setattr(target, attribute, factory)
        elif key in switch:
            setattr(target, attribute, switch[key])
        elif want.state == "overridden":
            setattr(target, attribute, factory)
    clear = {*target.igmp, *target.vlans} if want.state == "overridden" or config is None else set(ids) if want.state in ("deleted", "replaced") else set()
    for number in clear:
        target.igmp.pop(number, None)
        if number in target.vlans:
            target.vlans[number].multicast_mode = "mac-group"
    if want.state == "deleted":
        return
    seen: set[int] = set()
    for number, (vlan_id, entry) in enumerate(zip(ids, entries)):
        where = f".vlans[{number}]"
        if vlan_id in seen:
            want.problem(f"{where}.vlan_id", vlan_id, "it is there twice; give it once")
        seen.add(vlan_id)
        if vlan_id and want.known and vlan_id not in target.vlans:
            want.problem(f"{where}.vlan_id", vlan_id, "the switch has no such VLAN; make it first")
            continue
        _set_igmp(want, where, vlan_id, entry)


def _set_igmp(want: Want, where: str, vlan_id: int, entry: Mapping[str, Any]) -> None:
    target = want.target
    igmp = target.igmp.setdefault(vlan_id, Snooping())
    igmp.enabled = entry.get("enabled", igmp.enabled)
    igmp.immediate_leave = entry.get("immediate_leave", igmp.immediate_leave)
    vlan = target.vlans.setdefault(vlan_id, Vlan())
    vlan.multicast_mode = entry.get("multicast_mode", vlan.multicast_mode)
    mrouter, querier = (given(entry.get(key) or {}) for key in ("mrouter", "querier"))
    igmp.learn = mrouter.get("learn", igmp.learn)
    igmp.mrouter |= frozenset(want.port(f"{where}.mrouter.ports[{number}]", name) for number, name in enumerate(mrouter.get("ports", [])))
    igmp.querier = querier.get("enabled", igmp.querier)
    igmp.version = querier.get("version", igmp.version)
    igmp.election = querier.get("election", igmp.election)
    igmp.address = querier.get("address", igmp.address)
    if igmp.address:
        try:
            ipaddress.IPv4Address(igmp.address)
        except ValueError:
            want.problem(f"{where}.querier.address", igmp.address, "write an IPv4 address, such as 192.168.1.254")


# -- mirroring --


def port_mirroring(state: State) -> list[dict[str, Any]]:
    """Mirrors as sg_port_mirroring gathers them."""
    return [
        {
            "session": number,
            "destination": mirror.destination,
            "network": mirror.network,
            "sources": [
                {"vlan": int(source[5:]), "direction": direction} if source.startswith("vlan ") else {"interface": source, "direction": direction}
                for source, direction in mirror.sources.items()
            ],
        }
        for number, mirror in sorted(state.mirrors.items())
    ]


def want_port_mirroring(want: Want, config: Optional[Sequence[Mapping[str, Any]]]) -> None:
    """Set mirrors. One without sources is none."""
    target = want.target
    entries = [given(entry) for entry in config or []]
    want.twice(entries, "session")
    if want.state == "overridden" or config is None:
        target.mirrors.clear()
    for number, entry in enumerate(entries):
        where, session = f"[{number}]", entry.get("session", 1)
        if want.state == "deleted":
            target.mirrors.pop(session, None)
            continue
        if target.ros1 and session != 1:
            want.problem(f"{where}.session", session, "firmware 1.x has one mirror, session 1")
        mirror = target.mirrors.setdefault(session, Mirror())
        if want.state != "merged":
            mirror = target.mirrors[session] = Mirror()
        if entry.get("destination"):
            mirror.destination = want.port(f"{where}.destination", entry["destination"])
        mirror.network = entry.get("network", mirror.network)
        if mirror.network and target.ros1:
            want.problem(f"{where}.network", True, "in firmware 1.x the destination of a mirror is for the copies alone; leave it out")
        for index, source in enumerate(entry.get("sources", [])):
            _set_source(want, mirror, f"{where}.sources[{index}]", given(source))
        if not mirror.sources:
            target.mirrors.pop(session)
        elif not mirror.destination:
            want.problem(f"{where}.destination", None, "name the port that gets the copies")
    used = [mirror.destination for mirror in target.mirrors.values()]
    for mirror in target.mirrors.values():
        if mirror.destination and (target.port(mirror.destination).member or mirror.destination.startswith("po")):
            want.problem("", mirror.destination, "a link aggregation group or a member of one cannot be a mirror's destination; name another port")
        if used.count(mirror.destination) > 1:
            want.problem("", mirror.destination, "a port is the destination of one session only; name another one")
        for source in mirror.sources:
            if source in used:
                want.problem("", source, "a mirror's destination cannot be a source; leave it out")
            if source in target.ports and target.port(source).member:
                want.problem("", source, "a member of a link aggregation group cannot be a source; name the group's other end, or a VLAN")


def _set_source(want: Want, mirror: Mirror, where: str, source: Mapping[str, Any]) -> None:
    direction = source.get("direction", "both")
    if ("interface" in source) == ("vlan" in source):
        want.problem(where, dict(source), "name either an interface or a vlan")
        return
    if "vlan" in source:
        number = want.vlan(f"{where}.vlan", source["vlan"])
        if number and want.known and number not in want.target.vlans:
            want.problem(f"{where}.vlan", number, "the switch has no such VLAN; make it first")
        if direction != "both":
            want.problem(f"{where}.direction", direction, "a VLAN is copied in both directions; leave it out")
        mirror.sources[f"vlan {number}"] = "both"
        return
    mirror.sources[want.port(f"{where}.interface", source["interface"])] = direction


# -- all of them --


class Resource(NamedTuple):
    """How a resource is read off a state, and how it is wanted."""

    gather: Callable[[State], Any]
    want: Callable[[Want, Any], None]


# In the order in which they build on each other.
RESOURCES = {
    "vlans": Resource(vlans, want_vlans),
    "l2_interfaces": Resource(l2_interfaces, want_l2_interfaces),
    "igmp_snooping": Resource(igmp_snooping, want_igmp_snooping),
    "port_mirroring": Resource(port_mirroring, want_port_mirroring),
}


def gather(state: State, names: Collection[str] = tuple(RESOURCES)) -> dict[str, Any]:
    """Resources by name."""
    return {name: resource.gather(state) for name, resource in RESOURCES.items() if name in names}


def target(have: State, config: Mapping[str, Any], state: str, where: str = "config", known: bool = True) -> State:
    """What the switch shall be.

    config: resources by name; one that is None with the state deleted is everything of it. where: the option, with a dot and the resource's
    name behind it when there may be several. known: the switch is known, so that what it lacks is an error.

    Raises ValueError with all that is wrong.
    """
    now = have
    problems: list[str] = []
    for name, resource in RESOURCES.items():
        if name not in config:
            continue
        want = Want(now, state, where.format(name), known)
        resource.want(want, config[name])
        problems += want.problems
        now = want.target
    if not problems:
        now = now.settled()
        problems = missing_vlans(have, now) if known else []
    if problems:
        raise ValueError("; ".join(dict.fromkeys(problems)))
    return now


def missing_vlans(have: State, want: State) -> list[str]:
    """Ports that would be in a VLAN that there is not. Firmware 1.x refuses that; newer firmware lets a port wait for its VLAN in silence,
    which is no error in a trunk's list."""
    problems = []
    for name, port in want.ports.items():
        if port == have.port(name) or not port.managed:
            continue
        acting = {port.access if port.mode == "access" else port.native}
        numbers = {port.access, port.native, *(port.allowed or ())} if want.ros1 else acting
        missing = {number for number in numbers if number} - set(want.vlans)
        if missing:
            problems.append(f"{name} would be in VLAN {fold(missing)}, which the switch does not have: make it first, with sg_vlans, or leave it out")
    return problems
