# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each module of the switch in each state and both dialects: tried, applied, applied again, and undone to the last byte."""

from __future__ import annotations

import copy

import pytest

DIALECTS = ("ros1", "ros2")
# Something of everything, away from the management VLAN and the client's port.
BASE = """\
bridge multicast filtering
vlan database
vlan 2-3,6,50
exit
ip igmp snooping
ip igmp snooping vlan 50
ip igmp snooping vlan 50 mrouter interface gi5
interface vlan 6
 name internet
!
interface gigabitethernet1
 description "old one"
 switchport mode trunk
{allowed}
!
interface gigabitethernet4
 switchport mode access
 switchport access vlan 50
 bridge multicast unregistered filtering
!
{mirror}
"""
ALLOWED = {"ros1": " switchport trunk allowed vlan add 2", "ros2": " switchport trunk allowed vlan 1-2"}
MIRROR = {
    "ros1": "interface gigabitethernet7\n port monitor gigabitethernet4 rx\n!\n",
    "ros2": "monitor session 1 destination interface gigabitethernet7\nmonitor session 1 source interface gigabitethernet4 rx\n",
}
VLANS = [{"vlan_id": 100, "name": "LAN"}, {"vlan_id": 6, "name": "net"}]
PORTS = [
    {"name": "gi1", "mode": "trunk", "trunk": {"native_vlan": "none", "allowed_vlans": ["2-3", 6]}, "description": "ONT of the home"},
    {"name": "gi3", "mode": "access", "access": {"vlan": 6}, "unregistered_multicast": "filtering"},
]
SNOOPING = {
    "enabled": True,
    "multicast_filtering": True,
    "querier": False,
    "vlans": [{"vlan_id": 2, "enabled": True, "immediate_leave": True, "multicast_mode": "ipv4-group", "mrouter": {"learn": False, "ports": ["gi2", "gi6"]}}],
}
MIRRORS = [{"session": 1, "destination": "gi8", "sources": [{"interface": "gi1", "direction": "both"}, {"interface": "gi3", "direction": "tx"}]}]
WANTED = {"sg_vlans": VLANS, "sg_l2_interfaces": PORTS, "sg_igmp_snooping": SNOOPING, "sg_port_mirroring": MIRRORS}
WANTED["sg_switch"] = {"vlans": [*VLANS, {"vlan_id": 2}, {"vlan_id": 3}], "l2_interfaces": PORTS, "igmp_snooping": SNOOPING, "port_mirroring": MIRRORS}
DELETED = {
    "sg_vlans": [{"vlan_id": 50}],
    "sg_l2_interfaces": [{"name": "gi1"}],
    "sg_igmp_snooping": {"vlans": [{"vlan_id": 50}]},
    "sg_port_mirroring": [{"session": 1}],
}
DELETED["sg_switch"] = {"vlans": [{"vlan_id": 3}], "l2_interfaces": [{"name": "gi1"}], "port_mirroring": [{"session": 1}]}
STATES = ("merged", "replaced", "overridden", "deleted")


def base(dialect: str) -> str:
    """The configuration that each case begins with."""
    return BASE.format(allowed=ALLOWED[dialect], mirror=MIRROR[dialect])


def configuration_lines(switch) -> list[str]:
    """What was sent beside show commands since the last look."""
    lines = [line for line in switch.transcript if not line.startswith("show ")]
    switch.transcript.clear()
    return lines


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("module", WANTED)
def test_each_state(house, module, state, dialect):
    """Check mode sends nothing and says all; a second run sends nothing; overridden with what was there before undoes it, to the last byte."""
    switch = house.open(f"{module} {state} {dialect}", dialect=dialect, lines=base(dialect))
    config = copy.deepcopy((DELETED if state == "deleted" else WANTED)[module])
    before = switch.running()
    gathered = switch.module(module, state="gathered")["gathered"]
    configuration_lines(switch)

    tried = switch.module(module, check=True, config=config, state=state)
    assert tried["changed"], tried
    assert configuration_lines(switch) == []
    assert switch.running() == before

    done = switch.module(module, config=config, state=state)
    assert done["changed"], done
    assert done["commands"] == tried["commands"]
    assert configuration_lines(switch) == ["configure terminal", *done["commands"], "end"]
    assert done["before"] == tried["before"] == gathered
    assert done["after"] == tried["after"] == switch.module(module, state="gathered")["gathered"]
    assert done["diff"] == tried["diff"]
    assert done["diff"]["before"] != done["diff"]["after"]
    changed = switch.running()
    assert changed != before

    configuration_lines(switch)
    again = switch.module(module, config=config, state=state)
    assert (again["changed"], again["commands"]) == (False, [])
    assert configuration_lines(switch) == []

    back = switch.module(module, config=gathered, state="overridden")
    assert back["changed"], back
    if module == "sg_vlans" and state in ("overridden", "deleted"):
        # What was set for a VLAN has gone with it; sg_switch brings that back, too.
        assert switch.module(module, state="gathered")["gathered"] == gathered
    else:
        assert switch.running() == before
    assert switch.emulator.device.startup == before


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("module", WANTED)
def test_without_a_switch(house, module, dialect):
    """parsed reads a configuration from a file as gathered does from the switch; rendered writes lines that set it."""
    switch = house.open(f"{module} {dialect} offline", dialect=dialect, lines=base(dialect))
    gathered = switch.module(module, state="gathered")["gathered"]
    configuration_lines(switch)
    parsed = switch.module(module, state="parsed", running_config=switch.running(), dialect=dialect)
    assert parsed["parsed"] == gathered
    rendered = switch.module(module, state="rendered", config=copy.deepcopy(WANTED[module]), dialect=dialect)["rendered"]
    assert rendered
    assert switch.transcript == []
