# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the home's ports to the switch's settings."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _home, _switch

VLANS = {"internet": 6, "iptv": 2, "voip": 3, "lan": 100}
SEED = [{"port": "gi1", "use": "ont"}, {"port": "gi2", "use": "router"}]
EIGHT = [f"gi{number}" for number in range(1, 9)]


def interfaces(*arguments: Any, **settings: Any) -> dict[str, dict[str, Any]]:
    """Settings of the ports by name."""
    return {port["name"]: port for port in _switch.plan(*arguments, **settings)["config"]["l2_interfaces"]}


def test_the_seed_s_topology() -> None:
    """Port 1 carries 2, 3 and 6 tagged, port 2 those and 100, and the rest is in 100."""
    ports = interfaces(SEED, VLANS, EIGHT)
    assert ports["gi1"] == {"name": "gi1", "mode": "trunk", "trunk": {"native_vlan": "none", "allowed_vlans": ["2", "3", "6"]}}
    assert ports["gi2"] == {"name": "gi2", "mode": "trunk", "trunk": {"native_vlan": "1", "allowed_vlans": ["1", "2", "3", "6", "100"]}}
    assert [ports[name] for name in EIGHT[2:]] == [{"name": name, "mode": "access", "access": {"vlan": 100}} for name in EIGHT[2:]]


def test_snooping_where_the_boxes_are_and_the_router_asks() -> None:
    """The LAN is snooped, the router's port hears every report, and the switch does not ask itself."""
    snooping = _switch.plan(SEED, VLANS, EIGHT)["config"]["igmp_snooping"]
    assert (snooping["enabled"], snooping["multicast_filtering"], snooping["querier"]) == (True, True, False)
    (vlan,) = snooping["vlans"]
    assert vlan["vlan_id"] == 100 and vlan["mrouter"]["ports"] == ["gi2"] and not vlan["querier"]["enabled"]


def test_a_service_that_the_line_does_not_have_is_nowhere() -> None:
    """Neither as a VLAN nor on a trunk."""
    plan = _switch.plan(SEED, {"internet": 6, "lan": 100}, EIGHT)["config"]
    assert [vlan["vlan_id"] for vlan in plan["vlans"]] == [6, 100]
    assert plan["l2_interfaces"][0]["trunk"]["allowed_vlans"] == ["6"]


def test_management_and_unnamed_ports_can_be_left_alone() -> None:
    """A port that is kept has no settings; it is protected, too."""
    home = [*SEED, {"port": "GI8", "use": "management"}]
    plan = _switch.plan(home, VLANS, EIGHT)
    assert plan["management_ports"] == ["gi8"] and plan["router_ports"] == ["gi2"]
    assert "gi8" not in interfaces(home, VLANS, EIGHT)
    assert set(interfaces(home, VLANS, EIGHT, other_ports="keep")) == {"gi1", "gi2"}


def test_link_aggregations_are_set_only_by_name() -> None:
    """Every switch lists po1 to po8, most of them without members."""
    assert "po1" not in interfaces(SEED, VLANS, [*EIGHT, "po1"])
    assert interfaces([*SEED, {"port": "po1", "use": "lan"}], VLANS, [*EIGHT, "po1"])["po1"]["mode"] == "access"


def test_a_fibre_without_tags() -> None:
    """The ISP's own router in bridge mode: its port is in the Internet's VLAN."""
    home = [{"port": "gi1", "use": "ont_untagged"}, {"port": "gi2", "use": "router"}]
    assert interfaces(home, VLANS, EIGHT)["gi1"] == {"name": "gi1", "mode": "access", "access": {"vlan": 6}}


def test_copies_go_to_the_port_that_is_for_them() -> None:
    """And end when nothing is to be copied."""
    home = [*SEED, {"port": "gi8", "use": "mirror", "description": "laptop"}]
    (session,) = _switch.plan(home, VLANS, EIGHT, mirror=["gi1", "gi2"])["config"]["port_mirroring"]
    assert session["destination"] == "gi8" and [source["interface"] for source in session["sources"]] == ["gi1", "gi2"]
    (none,) = _switch.plan(home, VLANS, EIGHT)["config"]["port_mirroring"]
    assert none["destination"] is None and none["sources"] == []


@pytest.mark.parametrize(
    ("home", "settings", "words"),
    [
        ([*SEED, {"port": "gi9", "use": "lan"}], {}, ("home_switch_ports names gi9", "gi8")),
        (SEED, {"mirror": ["gi1"]}, ("cisco_switch_mirror", "use mirror")),
        ([*SEED, {"port": "gi8", "use": "mirror"}], {"mirror": ["gi8"]}, ("gi8", "leave it out")),
        ([*SEED, {"port": "gi8", "use": "mirror"}], {"mirror": ["gi12"]}, ("cisco_switch_mirror names gi12",)),
    ],
)
def test_what_does_not_fit_is_named(home: list[dict[str, Any]], settings: dict[str, Any], words: tuple[str, ...]) -> None:
    """Variable, value, cure."""
    with pytest.raises(ValueError) as error:
        _switch.plan(home, VLANS, EIGHT, **settings)
    assert all(word in str(error.value) for word in words)


@pytest.mark.parametrize(
    ("ports", "variable", "words"),
    [
        ([{"port": "gi1", "use": "ont"}], "home_switch_ports", "without a port for the router"),
        ([{"port": "gi2", "use": "router"}], "home_switch_ports", "without a port for the fibre"),
        ([*SEED, {"port": "GI1", "use": "lan"}], "home_switch_ports[2].port", "as is home_switch_ports[0].port"),
        ([*SEED, {"port": "port 3", "use": "lan"}], "home_switch_ports[2].port", "no name of a port"),
        ([*SEED, {"port": "gi3", "use": "tv"}], "home_switch_ports[2].use", "set_top_box"),
        ([*SEED, {"port": "gi3", "use": "lan", "description": 'a "quote"'}], "home_switch_ports[2].description", "without quotes"),
        ([*SEED, {"port": "gi7", "use": "mirror"}, {"port": "gi8", "use": "mirror"}], "home_switch_ports[3].use", "copies go to one port"),
    ],
)
def test_a_home_whose_ports_are_stated_wrongly(ports: list[dict[str, Any]], variable: str, words: str) -> None:
    """Each mistake is found before anything is sent, with its place."""
    variables = {
        "home_uplink": "eth0", "home_internet_username": "a", "home_internet_password": "b", "home_iptv_address": "10.214.0.10/9",
        "home_switch_ports": ports,
    }  # fmt: skip
    findings = _home.judge(variables).findings
    assert [finding.variable for finding in findings] == [variable]
    assert words in str(findings[0])
