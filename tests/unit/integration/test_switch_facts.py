# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the switch says about itself, in both dialects."""

from __future__ import annotations

import pytest

LINES = "port jumbo-frame\nhostname attic\nvlan database\nvlan 100\nexit\ninterface vlan 100\n ip address 192.168.100.2 255.255.255.0\n!\n"
MODELS = {"ros1": ("SG300-10", "1.4.11.5"), "ros2": ("SG350-10", "2.4.5.71")}


@pytest.mark.parametrize("dialect", MODELS)
def test_facts(house, dialect):
    """Before and after a change that is not saved; nothing but show commands is sent."""
    switch = house.open(dialect, dialect=dialect, lines=LINES)
    switch.emulator.device.unplugged = {"gi3"}
    answer = switch.module("sg_facts")
    facts = answer["ansible_facts"]["sg"]
    assert answer["changed"] is False
    assert (facts["model"], facts["version"]) == MODELS[dialect]
    assert (facts["dialect"], facts["hostname"]) == (dialect, "attic")
    names = [port["name"] for port in facts["ports"]]
    assert names == [f"gi{number}" for number in range(1, 11)] + [f"po{number}" for number in range(1, 9)]
    links = {port["name"]: (port["link"], port["speed"]) for port in facts["ports"]}
    assert (links["gi1"], links["gi3"], links["po1"]) == (("up", 1000), ("down", 0), ("absent", 0))
    assert {"address": "192.168.100.2/24", "interface": "vlan 100"} in facts["addresses"]
    assert facts["gateway"] == switch.emulator.device.gateway
    assert facts["jumbo"] == {"enabled": False, "enabled_after_restart": True}
    assert facts["unsaved"] is False
    switch.emulator.device.boot()
    switch.call("edit_config", ["hostname cellar"])
    switch.transcript.clear()
    facts = switch.module("sg_facts", check=True)["ansible_facts"]["sg"]
    assert facts["jumbo"] == {"enabled": True, "enabled_after_restart": True}
    assert (facts["hostname"], facts["unsaved"]) == ("cellar", True)
    assert all(line.startswith("show ") for line in switch.transcript)
