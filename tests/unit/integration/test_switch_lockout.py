# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to lock oneself out of the switch: each refused before a byte of configuration, and each shown to be real."""

from __future__ import annotations

import copy

import pytest

# Where the client hangs, at gi10, and the VLAN with the switch's address.
FACTORY = "vlan database\nvlan 2-3\nexit\n"
_VLAN_50 = """\
vlan database
vlan 2-3,50
exit
interface vlan 1
 no ip address
!
interface vlan 50
 ip address 192.168.1.254 255.255.255.0
!
interface gigabitethernet10
"""
ACCESS = _VLAN_50 + " switchport mode access\n switchport access vlan 50\n!\n"
TRUNK = _VLAN_50 + " switchport mode trunk\n switchport trunk native vlan 50\n!\n"


def port(**settings):
    """A port's settings for the client's port."""
    return [{"name": "gi10", **settings}]


def access(vlan):
    """The client's port in one VLAN."""
    return port(mode="access", access={"vlan": vlan})


def trunk(native, *allowed):
    """The client's port as a trunk."""
    return port(mode="trunk", trunk={"native_vlan": str(native), "allowed_vlans": [str(one) for one in allowed]})


MIRROR = [{"session": 1, "destination": "gi10", "sources": [{"interface": "gi1", "direction": "both"}]}]
WAYS = {
    "the port goes into another VLAN": (FACTORY, "sg_l2_interfaces", "merged", access(2)),
    "the port replaced by one in another VLAN": (FACTORY, "sg_l2_interfaces", "replaced", access(3)),
    "another native VLAN": (FACTORY, "sg_l2_interfaces", "merged", trunk(2)),
    "no native VLAN": (FACTORY, "sg_l2_interfaces", "merged", trunk("none", 2)),
    "the port becomes a mirror's destination": (FACTORY, "sg_port_mirroring", "merged", MIRROR),
    "as part of a whole home": (FACTORY, "sg_switch", "merged", {"vlans": [{"vlan_id": 100, "name": "LAN"}], "l2_interfaces": access(100)}),
    "the management VLAN deleted": (ACCESS, "sg_vlans", "deleted", [{"vlan_id": 50}]),
    "the management VLAN not among those wanted": (ACCESS, "sg_vlans", "overridden", [{"vlan_id": 2}]),
    "the port's settings deleted": (ACCESS, "sg_l2_interfaces", "deleted", [{"name": "gi10"}]),
    "the port not among those wanted": (ACCESS, "sg_l2_interfaces", "overridden", [{"name": "gi1", "description": "ONT"}]),
    "an access port becomes a trunk without the VLAN": (ACCESS, "sg_l2_interfaces", "merged", trunk(1, 2)),
    "untagged becomes tagged": (ACCESS, "sg_l2_interfaces", "merged", trunk(1, 50)),
    "a trunk becomes an access port": (TRUNK, "sg_l2_interfaces", "merged", access(2)),
    "the trunk's native VLAN leaves": (TRUNK, "sg_l2_interfaces", "replaced", trunk(1, 2)),
    "the trunk's native VLAN becomes tagged": (TRUNK, "sg_l2_interfaces", "merged", trunk("none", 50)),
    "all of it at once": (TRUNK, "sg_switch", "overridden", {"vlans": [{"vlan_id": 2}], "l2_interfaces": [{"name": "gi1", "description": "ONT"}]}),
}


@pytest.mark.parametrize("dialect", ["ros1", "ros2"])
@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_refused_and_is_real(house, way, dialect):
    """Refused with port, VLAN and cure, and nothing sent. When it is allowed, the session dies, nothing was saved, and a power-cycle
    brings the switch back."""
    lines, module, state, config = WAYS[way]
    switch = house.open(f"{way} {dialect}", dialect=dialect, lines=lines, variables={"ansible_command_timeout": 5})
    before = switch.running()
    for check in (True, False):
        refused = switch.module(module, check=check, state=state, config=copy.deepcopy(config))
        assert refused.get("failed"), refused
        assert "allow_management_change" in refused["msg"]
        assert "gi10" in refused["msg"] or "VLAN 50" in refused["msg"], refused["msg"]
    assert switch.configured() == []
    assert switch.running() == before

    allowed = switch.module(module, state=state, config=copy.deepcopy(config), allow_management_change=True)
    assert allowed.get("failed"), allowed
    assert "session with the switch was lost" in allowed["msg"]
    assert not switch.emulator.connections
    assert not switch.emulator.reachable() or switch.running() != before
    assert switch.emulator.device.startup == before
    switch.emulator.device.boot()
    switch.emulator.device.changed()
    assert switch.call("get_config") == before.rstrip("\n") + "\n"


@pytest.mark.parametrize("dialect", ["ros1", "ros2"])
def test_filtering_of_unknown_groups_is_refused_at_the_clients_port(house, dialect):
    """It cuts no IPv4 session, but what a host needs to be found."""
    switch = house.open(f"filtering {dialect}", dialect=dialect, lines=FACTORY)
    refused = switch.module("sg_l2_interfaces", state="merged", config=port(unregistered_multicast="filtering"))
    assert refused.get("failed"), refused
    assert "gi10" in refused["msg"]
    assert switch.configured() == []
