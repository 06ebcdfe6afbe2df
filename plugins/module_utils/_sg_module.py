# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules of a switch's resources have in common: options, the guard, and the one way in which lines are sent and proved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Optional

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.connection import Connection, ConnectionError
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sg_facts, _sg_plan, _sg_resources, _sg_state
from ansible_collections.homerouter.tripleplay.plugins.module_utils._sg_state import State, Vlan

STATES = ("merged", "replaced", "overridden", "deleted", "gathered", "rendered", "parsed")
CURE = "If that is what you want, and another way leads to the switch, set allow_management_change to true."

VLANS = {"vlan_id": {"type": "int", "required": True}, "name": {"type": "str"}}
L2_INTERFACES: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "mode": {"type": "str", "choices": ["access", "trunk", "general", "customer"]},
    "access": {"type": "dict", "options": {"vlan": {"type": "int"}}},
    "trunk": {"type": "dict", "options": {"native_vlan": {"type": "str"}, "allowed_vlans": {"type": "list", "elements": "str"}}},
    "description": {"type": "str"},
    "unregistered_multicast": {"type": "str", "choices": ["forwarding", "filtering"]},
}
IGMP_SNOOPING: dict[str, Any] = {
    "enabled": {"type": "bool"},
    "multicast_filtering": {"type": "bool"},
    "querier": {"type": "bool"},
    "vlans": {
        "type": "list",
        "elements": "dict",
        "options": {
            "vlan_id": {"type": "int", "required": True},
            "enabled": {"type": "bool"},
            "immediate_leave": {"type": "bool"},
            "multicast_mode": {"type": "str", "choices": list(_sg_state.MULTICAST_MODES)},
            "mrouter": {"type": "dict", "options": {"learn": {"type": "bool"}, "ports": {"type": "list", "elements": "str"}}},
            "querier": {
                "type": "dict",
                "options": {
                    "enabled": {"type": "bool"},
                    "address": {"type": "str"},
                    "version": {"type": "int", "choices": [2, 3]},
                    "election": {"type": "bool"},
                },
            },
        },
    },
}
PORT_MIRRORING: dict[str, Any] = {
    "session": {"type": "int", "default": 1},
    "destination": {"type": "str"},
    "network": {"type": "bool"},
    "sources": {
        "type": "list",
        "elements": "dict",
        "options": {
            "interface": {"type": "str"},
            "vlan": {"type": "int"},
            "direction": {"type": "str", "choices": list(_sg_state.DIRECTIONS), "default": "both"},
        },
    },
}
# The option of each resource, as its module has it under "config" and sg_switch under its name there.
OPTIONS: dict[str, dict[str, Any]] = {
    "vlans": {"type": "list", "elements": "dict", "options": VLANS},
    "l2_interfaces": {"type": "list", "elements": "dict", "options": L2_INTERFACES},
    "igmp_snooping": {"type": "dict", "options": IGMP_SNOOPING},
    "port_mirroring": {"type": "list", "elements": "dict", "options": PORT_MIRRORING},
}
COMMON: dict[str, Any] = {
    "state": {"type": "str", "choices": list(STATES), "default": "merged"},
    "running_config": {"type": "str"},
    "dialect": {"type": "str", "choices": list(_sg_state.DIALECTS)},
    "management_ports": {"type": "list", "elements": "str", "default": []},
    "management_vlans": {"type": "list", "elements": "int", "default": []},
    "router_ports": {"type": "list", "elements": "str", "default": []},
    "allow_management_change": {"type": "bool", "default": False},
    "confirm_all": {"type": "bool", "default": False},
}


def mac(text: str) -> str:
    """A MAC address without marks, lower case."""
    return re.sub(r"[^0-9a-f]", "", text.lower())


def management(have: State, users: str, arp: str, macs: str, ip_interface: str, ports: list[str], vlans: list[int]) -> _sg_plan.Management:
    """The way on which the switch is managed, from what it shows: C(show users), C(show arp), C(show mac address-table),
    C(show ip interface); and from what the owner names."""
    found = {number for number, vlan in have.vlans.items() if vlan.address} | set(vlans)
    for address in _sg_facts.addresses(ip_interface):
        match = re.fullmatch(r"vlan (\d+)", address["interface"])
        found |= {int(match[1])} if match else set()
    named = {_sg_state.port_name(name) for name in ports}
    neighbours = {
        _sg_facts.column(row, "ip address"): mac(_sg_facts.column(row, "hw") or _sg_facts.column(row, "mac")) for rows in _sg_facts.tables(arp) for row in rows
    }
    table: dict[str, set[str]] = {}
    for rows in _sg_facts.tables(macs):
        for row in rows:
            try:
                name = _sg_state.port_name(_sg_facts.column(row, "port"))
            except ValueError:
                # The switch's own addresses are at port 0.
                continue
            table.setdefault(mac(_sg_facts.column(row, "mac")), set()).add(name)
    sessions = [
        location[0]
        for rows in _sg_facts.tables(users)
        for row in rows
        for location in [re.findall(r"\d+(?:\.\d+){3}", _sg_facts.column(row, "location"))]
        if "ssh" in _sg_facts.column(row, "protocol").lower() and location
    ]
    unknown = "" if sessions else "the switch does not show from where its SSH sessions come"
    for session in sessions:
        its, why = _sg_plan.address_of_port(session, neighbours, table, _sg_facts.gateway(ip_interface))
        named |= its
        unknown = unknown or why or ""
    return _sg_plan.Management(frozenset(found), frozenset(named), "" if ports else unknown)


class Run:
    """One run of such a module."""

    def __init__(self, resource: Optional[str]) -> None:
        """resource: the one that the module is about, None for all of them."""
        option = OPTIONS[resource] if resource else {"type": "dict", "options": OPTIONS}
        self.module = AnsibleModule(
            argument_spec={"config": option, **COMMON},
            required_if=[
                ("state", "merged", ["config"]),
                ("state", "replaced", ["config"]),
                ("state", "overridden", ["config"]),
                ("state", "rendered", ["config", "dialect"]),
                ("state", "parsed", ["running_config", "dialect"]),
            ],
            supports_check_mode=True,
        )
        self.params = self.module.params
        self.resource = resource
        self.names = [resource] if resource else list(OPTIONS)
        self._switch: Optional[Connection] = None

    @property
    def switch(self) -> Connection:
        """The connection; parsed and rendered do without."""
        if self._switch is None:
            self._switch = Connection(self.module._socket_path)
        return self._switch

    def shown(self, state: State) -> Any:
        """The resource, or all of them by name, as the module gives them."""
        found = _sg_resources.gather(state, self.names)
        return found[self.resource] if self.resource else found

    def text(self, state: State) -> str:
        """The resources of a state as lines, for a person's eyes."""
        # The VLANs that the other resources build on are not theirs to show.
        plain = State(state.dialect, {number: Vlan() for number in state.vlans if "vlans" not in self.names or number == 1})
        full = _sg_resources.target(plain, _sg_resources.gather(state, self.names), "overridden", known=False)
        return "".join(f"{line}\n" for line in _sg_plan.plan(plain, full))

    def wanted(self) -> tuple[dict[str, Any], str]:
        """Resources by name as they were given, and how an error names them."""
        config = self.params["config"]
        if self.resource:
            return {self.resource: config}, "config"
        if config is None:
            return dict.fromkeys(self.names), "config.{}"
        return _sg_resources.given(config), "config.{}"

    def target(self, have: State, known: bool = True) -> State:
        """What the switch shall be; an error ends the module."""
        state = self.params["state"]
        config, where = self.wanted()
        if state == "deleted" and self.params["config"] is None and not self.params["confirm_all"]:
            self.module.fail_json(
                msg="state is deleted without config, which takes all of it away: name in config what shall go, or set confirm_all to true"
            )
        try:
            return _sg_resources.target(have, config, "merged" if state == "rendered" else state, where, known)
        except ValueError as error:
            self.module.fail_json(msg=f"Nothing was changed. {error}")

    def main(self) -> None:
        """Do what the state says."""
        state = self.params["state"]
        if state == "parsed":
            self.module.exit_json(changed=False, parsed=self.shown(_sg_state.read(self.params["running_config"], self.params["dialect"])))
        if state == "rendered":
            plain = State(self.params["dialect"])
            want = self.target(plain, known=False)
            if "vlans" not in self.names:
                plain.vlans = {number: Vlan() for number in want.vlans}
            self.module.exit_json(changed=False, rendered=_sg_plan.plan(plain, want))
        try:
            dialect = self.switch.get_device_info()["network_os_dialect"]
            have = _sg_state.read(self.switch.get_config(source="running"), dialect)
            if state == "gathered":
                self.module.exit_json(changed=False, gathered=self.shown(have), dialect=dialect)
            self.apply(have)
        except ConnectionError as error:
            self.module.fail_json(msg=str(error))

    def apply(self, have: State) -> None:
        """Bring the switch from what it is to what it shall be."""
        want = self.target(have)
        result: dict[str, Any] = {"before": self.shown(have), "after": self.shown(want), "dialect": have.dialect, "commands": []}
        lines = _sg_plan.plan(have, want)
        if lines:
            way, ports = self.way(have)
            lines = _sg_plan.plan(have, want, way.ports)
            self.guard(have, want, lines, way, ports)
            result.update(commands=lines, management={"vlans": sorted(way.vlans), "ports": sorted(way.ports, key=_sg_state.port_key)})
            if have.macro_auto != "disabled" and any(line.startswith("switchport ") for line in lines):
                self.module.warn(
                    f"smartport is {have.macro_auto} on this switch: it may set ports anew when it takes their neighbour for something; end that by "
                    "`macro auto disabled`"
                )
            if not self.module.check_mode:
                self.switch.edit_config(candidate=lines)
                now = _sg_state.read(self.switch.get_config(source="running"), have.dialect)
                if now != want:
                    left = _sg_plan.plan(now, want)
                    self.module.fail_json(
                        msg="The switch took each line, and yet it is not set as wanted; nothing was saved. What is missing, as lines: "
                        f"{', '.join(left) or 'none that this module knows'}. Is somebody else configuring it, or smartport?",
                        **result,
                    )
        if self.module._diff:
            result["diff"] = {"before": self.text(have), "after": self.text(want)}
        if self.resource is None:
            startup = _sg_state.read(self.switch.get_config(source="startup"), have.dialect)
            # Without this run's lines, where they were only tried.
            now = have if self.module.check_mode else want
            result["saved"] = self.shown(startup) == self.shown(now)
        self.module.exit_json(changed=bool(lines), **result)

    def way(self, have: State) -> tuple[_sg_plan.Management, list[str]]:
        """How the switch is managed, and all its ports."""
        commands = ("users", "arp", "mac address-table", "ip interface", "interfaces status")
        users, arp, macs, ip_interface, status = (self.switch.get(f"show {words}") for words in commands)
        ports = [port["name"] for port in _sg_facts.ports(status)]
        try:
            return management(have, users, arp, macs, ip_interface, self.params["management_ports"], self.params["management_vlans"]), ports
        except ValueError as error:
            self.module.fail_json(msg=f"Nothing was changed. management_ports: {error}")

    def guard(self, have: State, want: State, lines: list[str], way: _sg_plan.Management, ports: list[str]) -> None:
        """End the module when lines name what the switch does not have, or would lock somebody out."""
        named = [*want.ports, *(port for igmp in want.igmp.values() for port in igmp.mrouter)]
        named += [name for mirror in want.mirrors.values() for name in (mirror.destination, *mirror.sources) if not name.startswith("vlan ")]
        unknown = sorted({name for name in named if name} - set(ports), key=_sg_state.port_key)
        if unknown:
            self.module.fail_json(
                msg=f"Nothing was changed. config names {', '.join(unknown)}, which the switch does not have: it has {', '.join(ports)}"
            )
        try:
            router = [_sg_state.port_name(name) for name in self.params["router_ports"]]
        except ValueError as error:
            self.module.fail_json(msg=f"Nothing was changed. router_ports: {error}")
        against = _sg_plan.refusals(have, lines, way, router, ports)
        if against and not self.params["allow_management_change"]:
            cure = f"{CURE} If not: name in management_ports the port that leads to the machine on which Ansible runs." if way.unknown else CURE
            self.module.fail_json(msg=f"Nothing was changed, or somebody would be locked out: {'; '.join(against)}. {cure}", commands=lines)


def unproved(have: State, config: Mapping[str, Any]) -> list[str]:
    """The lines that a switch lacks of what sg_switch was to set with the state replaced. Raises ValueError for a bad config."""
    want = _sg_resources.target(have, _sg_resources.given(config), "replaced", "expect.{}")
    return _sg_plan.plan(have, want)
