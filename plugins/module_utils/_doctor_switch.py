# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor looks at on the switches: from the answer of sg_facts to findings. Pure.

What needs to know what hangs on a port is compared with how the role cisco_switch would set it, and only where the home states it.
A port is judged by what it does: one that carries the LAN untagged serves the house, whatever its mode is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _switch
from ansible_collections.homerouter.tripleplay.plugins.module_utils._doctor import Case
from ansible_collections.homerouter.tripleplay.plugins.module_utils._sg_state import ALL_VLANS, fold, unfold

# How the action takes what a playbook has asked of each switch.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "answer": {"type": "dict", "required": True},
    "ports": {"type": "list", "elements": "dict", "default": []},
    "other_ports": {"type": "str", "default": "lan"},
    "router_native_vlan": {"type": "str", "default": "1"},
    "mirror": {"type": "list", "elements": "str", "default": []},
}
# What ssh says when somebody is there and does not let us in.
_REFUSED = re.compile(r"authenticat|denied|password|host key|kex|no match for method|privilege", re.IGNORECASE)
# Ports of these kinds are slow only where a cable or a setting makes them so.
_FAST = ("gi", "te")
_LEADS = {"ont": "the ONT", "ont_untagged": "the ONT", "router": "the router"}
_ONT, _ROUTER = ("ont", "ont_untagged"), ("router",)


def lines_vlans(plan: Mapping[str, Any]) -> dict[str, int]:
    """VLAN ids of the services that the line has, by the names that interfaces have in the plan."""
    return {service: number for service, number in plan["vlan_ids"].items() if plan["interfaces"].get(service)}


def told(asked: Mapping[str, Any], vlans: Mapping[str, int]) -> dict[str, Any]:
    """A switch among the facts: what it said, or why it did not, and how it shall be set.

    asked: as in ARGUMENTS, with what the module sg_facts returned as C(answer). vlans: as lines_vlans() gives them.
    """
    answer = asked["answer"]
    seen = answer.get("ansible_facts", {}).get("sg")
    entry: dict[str, Any] = {"name": asked["name"], "sg": seen, "silent": "", "refused": "", "uses": {}, "plan": None, "unfit": ""}
    if seen is None:
        said = " ".join(str(answer.get("msg") or "it said nothing").split()).replace("The switch cannot be asked what it is: ", "")
        entry["refused" if _REFUSED.search(said) else "silent"] = said
        return entry
    if asked["ports"]:
        present = [port["name"] for port in seen["ports"]]
        try:
            made = _switch.plan(
                asked["ports"], vlans, present, asked["other_ports"], asked["router_native_vlan"], mirror=asked["mirror"],
            )  # fmt: skip
        except ValueError as error:
            entry["unfit"] = str(error)
            return entry
        entry["plan"] = made["config"]
        entry["uses"] = {str(port["port"]).lower(): port["use"] for port in asked["ports"]}
    return entry


@dataclass(frozen=True)
class Port:
    """What a port carries. untagged is None for no VLAN."""

    mode: str
    tagged: frozenset[int]
    untagged: int | None

    @property
    def words(self) -> str:
        """It in a sentence."""
        if self.mode == "access":
            return f"an access port {'of VLAN ' + str(self.untagged) if self.untagged else 'without a VLAN'}"
        if self.mode == "trunk":
            carries = "all VLANs" if len(self.tagged) > 4000 else f"VLAN {fold(self.tagged)}" if self.tagged else "no VLAN"
            return f"a trunk that carries {carries} tagged and {'VLAN ' + str(self.untagged) if self.untagged else 'none'} untagged"
        return f"in {self.mode} mode"


def _port(entry: Mapping[str, Any] | None, ros1: bool) -> Port:
    """A port as sg_facts lists it, or as from the factory where it does not list it."""
    if entry is None:
        return Port("trunk" if ros1 else "access", frozenset(), 1)
    if entry["mode"] == "access":
        return Port("access", frozenset(), entry["access"]["vlan"] or None)
    if entry["mode"] != "trunk":
        return Port(entry["mode"], frozenset(), None)
    native = entry["trunk"]["native_vlan"]
    untagged = None if native == "none" else int(native)
    allowed: frozenset[int] = frozenset()
    for part in entry["trunk"]["allowed_vlans"]:
        allowed |= ALL_VLANS if part == "all" else unfold(str(part))
    # Newer firmware carries the native VLAN only where the list allows it.
    return Port("trunk", allowed - {untagged}, untagged if ros1 or untagged in allowed else None)


def _in_group(entry: Mapping[str, Any], ros1: bool) -> bool:
    """Whether a port is a member of a link aggregation group: such a one is listed though it is set as from the factory."""
    plain = {"native_vlan": "1", "allowed_vlans": [] if ros1 else ["all"]}
    return (
        entry["mode"] == ("trunk" if ros1 else "access") and entry["access"]["vlan"] == 1 and entry["trunk"] == plain
        and entry["unregistered_multicast"] == "forwarding" and not entry.get("description")
    )  # fmt: skip


class Switch:
    """One that has answered."""

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.name: str = entry["name"]
        self.sg: Mapping[str, Any] = entry["sg"]
        self.config: Mapping[str, Any] = entry["sg"]["config"]
        self.ros1 = self.sg["dialect"] == "ros1"
        self.uses: Mapping[str, str] = entry["uses"]
        self.plan: Mapping[str, Any] | None = entry["plan"]
        self._listed = {port["name"]: port for port in self.config["l2_interfaces"]}

    def port(self, name: str) -> Port:
        """A port by its short name."""
        return _port(self._listed.get(name), self.ros1)

    def wanted(self, uses: Sequence[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Ports with these uses, and how they shall be set."""
        for setting in self.plan["l2_interfaces"] if self.plan else ():
            if self.uses.get(setting["name"]) in uses:
                yield setting["name"], setting

    def says(self, name: str) -> str:
        """The beginning of a sentence about a port."""
        use = self.uses.get(name, "")
        return f"{self.name}: {name}" + (f", which leads to {_LEADS[use]}," if use in _LEADS else f" ({use})" if use else "")

    def apart(self, name: str) -> bool:
        """Whether a port takes no part in what goes through the switch: a mirror's destination, or a member of a group."""
        copies = any(one["destination"] == name and one["sources"] and not one.get("network") for one in self.config["port_mirroring"])
        return copies or (name in self._listed and _in_group(self._listed[name], self.ros1))

    def snooping(self, vlan: int) -> Mapping[str, Any]:
        """IGMP snooping of a VLAN, as from the factory where nothing was set."""
        factory = {"enabled": False, "mrouter": {"learn": True, "ports": []}, "querier": {"enabled": False}}
        return next((one for one in self.config["igmp_snooping"]["vlans"] if one["vlan_id"] == vlan), factory)


def switches(case: Case) -> list[Switch]:
    """All that have answered."""
    return [Switch(entry) for entry in case.facts["switches"] if entry["sg"] is not None]


Look = Callable[[Case], list[str]]


def unanswered(kind: str) -> Look:
    def look(case: Case) -> list[str]:
        return [f"{entry['name']}: {entry[kind]}" for entry in case.facts["switches"] if entry[kind]]

    return look


def link_down(uses: Sequence[str]) -> Look:
    def look(case: Case) -> list[str]:
        return [
            f"{switch.says(port['name'])} has no link" for switch in switches(case) for port in switch.sg["ports"]
            if switch.uses.get(port["name"]) in uses and port["link"] != "up"
        ]  # fmt: skip

    return look


def slow(case: Case) -> list[str]:
    lines = []
    for switch in switches(case):
        for port in switch.sg["ports"]:
            if port["link"] != "up" or switch.uses.get(port["name"]) not in _LEADS:
                continue
            if port["duplex"] == "half" or (0 < port["speed"] < 1000 and port["name"].startswith(_FAST)):
                lines.append(f"{switch.says(port['name'])} has {port['speed']} Mbit/s, {port['duplex']} duplex")
    return lines


def missing(service: str) -> Look:
    def look(case: Case) -> list[str]:
        number = lines_vlans(case.plan).get(service)
        if number is None:
            return []
        return [
            f"{switch.name}: there is no VLAN {number}; it has {fold(one['vlan_id'] for one in switch.config['vlans']) or 'none but VLAN 1'}"
            for switch in switches(case) if number != 1 and number not in [one["vlan_id"] for one in switch.config["vlans"]]
        ]  # fmt: skip

    return look


def mode(uses: Sequence[str]) -> Look:
    """Ports towards fibre or router that are no trunk where one is wanted, or not in the one VLAN that they shall carry."""

    def look(case: Case) -> list[str]:
        lines = []
        for switch in switches(case):
            for name, setting in switch.wanted(uses):
                port = switch.port(name)
                if setting["mode"] == "trunk" and port.mode != "trunk":
                    lines.append(f"{switch.says(name)} is {port.words}, not a trunk")
                elif setting["mode"] == "access" and port.untagged != setting["access"]["vlan"]:
                    lines.append(f"{switch.says(name)} is {port.words}, not an access port of VLAN {setting['access']['vlan']}")
        return lines

    return look


def lacks(service: str) -> Look:
    """Trunks towards fibre or router without the VLAN of a service."""

    def look(case: Case) -> list[str]:
        number = lines_vlans(case.plan).get(service)
        lines = []
        for switch in switches(case):
            for name, setting in switch.wanted((*_ONT, *_ROUTER)):
                port = switch.port(name)
                trunk = setting.get("trunk", {})
                if str(number) not in trunk.get("allowed_vlans", ()) or str(number) == trunk["native_vlan"] or port.mode != "trunk":
                    continue
                if port.untagged == number:
                    lines.append(f"{switch.says(name)} carries VLAN {number} untagged, not tagged")
                elif number not in port.tagged:
                    lines.append(f"{switch.says(name)} does not carry VLAN {number}: it is {port.words}")
        return lines

    return look


def lan_port(case: Case) -> list[str]:
    """Ports of the house in another VLAN than the LAN's."""
    lines = []
    for switch in switches(case):
        for setting in switch.plan["l2_interfaces"] if switch.plan else ():
            name = setting["name"]
            port = switch.port(name)
            if switch.uses.get(name) in _LEADS or setting["mode"] != "access" or port.mode not in ("access", "trunk") or switch.apart(name):
                continue
            if port.untagged != setting["access"]["vlan"]:
                lines.append(f"{switch.says(name)} is {port.words}, not an access port of VLAN {setting['access']['vlan']}")
    return lines


def native(case: Case) -> list[str]:
    """An untagged VLAN towards the fibre. One that should be there with a tag is lacks()'s."""
    services = set(lines_vlans(case.plan).values())
    return [
        f"{switch.says(name)} carries VLAN {switch.port(name).untagged} untagged" for switch in switches(case) for name, setting in switch.wanted(_ONT)
        if setting["mode"] == "trunk" and switch.port(name).mode == "trunk" and switch.port(name).untagged not in (None, *services)
    ]  # fmt: skip


def filtering(case: Case) -> list[str]:
    if "iptv" not in lines_vlans(case.plan):
        return []
    return [
        f"{switch.name}: bridge multicast filtering is off" for switch in switches(case) if not switch.config["igmp_snooping"]["multicast_filtering"]
    ]


def snooping(case: Case) -> list[str]:
    vlans = lines_vlans(case.plan)
    lines = []
    for switch in switches(case) if "iptv" in vlans else ():
        if not switch.config["igmp_snooping"]["enabled"]:
            lines.append(f"{switch.name}: ip igmp snooping is off")
        if not switch.snooping(vlans["lan"])["enabled"]:
            lines.append(f"{switch.name}: ip igmp snooping vlan {vlans['lan']} is off")
    return lines


def mrouter(case: Case) -> list[str]:
    """Where the switch does not learn behind which port the router is, it has to be told."""
    vlans = lines_vlans(case.plan)
    lines = []
    for switch in switches(case) if "iptv" in vlans else ():
        known = switch.snooping(vlans["lan"])["mrouter"]
        if known["learn"]:
            continue
        routers = [name for name, use in switch.uses.items() if use in _ROUTER]
        if not known["ports"] or (routers and not set(routers) & set(known["ports"])):
            ports = ", ".join(known["ports"]) or "none"
            lines.append(f"{switch.name}: VLAN {vlans['lan']} learns no multicast router ports, and has {ports}" + (f", not {routers[0]}" if routers else ""))
    return lines


def querier(case: Case) -> list[str]:
    vlans = lines_vlans(case.plan)
    return [
        f"{switch.name}: ip igmp snooping vlan {vlans[service]} querier is on" for switch in switches(case) for service in ("lan", "iptv")
        if service in vlans and switch.config["igmp_snooping"]["querier"] and switch.snooping(vlans[service])["querier"]["enabled"]
    ]  # fmt: skip


def mirror(case: Case) -> list[str]:
    """Copies that nobody has stated."""
    lines = []
    for switch in switches(case):
        stated = {source["interface"] for one in (switch.plan or {}).get("port_mirroring", []) for source in one["sources"]}
        for one in switch.config["port_mirroring"]:
            copied = [str(source.get("interface") or f"VLAN {source['vlan']}") for source in one["sources"]]
            if set(copied) - stated:
                lines.append(f"{switch.name}: session {one['session']} copies {', '.join(copied)} to {one['destination']}")
    return lines


def unsaved(case: Case) -> list[str]:
    return [f"{switch.name}: running and startup configuration differ" for switch in switches(case) if switch.sg["unsaved"]]
