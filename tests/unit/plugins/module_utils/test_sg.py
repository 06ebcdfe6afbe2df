# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switch's state, its plans and their guard: by examples, and by whatever hypothesis thinks of, against the emulator's own grammar."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import (
    _sg_module,
    _sg_plan,
    _sg_resources,
    _sg_state,
)
from ansible_collections.homerouter.tripleplay.plugins.module_utils._sg_state import Mirror, Port, Snooping, State, Vlan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[4] / "lab"))
from switch.cli import Cli  # noqa: E402  lab/ is on no path
from switch.device import Device, Factory  # noqa: E402

VLANS = (1, 2, 3, 6, 50, 100)
PORTS = tuple(f"gi{number}" for number in range(1, 7))
MANAGER = "gi6"
NAMES = st.text("abcXYZ 0-9_#", max_size=12).map(str.strip)


def simulate(state: State, lines: list[str]) -> State:
    """The state after a batch of lines."""
    return [state, *_sg_state.steps(state, lines)][-1].settled()


# -- names and ranges --


@given(st.sets(st.integers(1, 4094), min_size=1))
def test_ranges(numbers):
    assert _sg_state.unfold(_sg_state.fold(numbers)) == numbers


@pytest.mark.parametrize("text", ["", "0", "4095", "3-2", "a", "1,,2", "1-", "-1", "1;2"])
def test_what_is_no_range(text):
    with pytest.raises(ValueError, match="1 to 4094"):
        _sg_state.unfold(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("gigabitethernet1", "gi1"), ("GigabitEthernet1/0/12", "gi1/0/12"), ("gi1/2", "gi1/2"), ("FastEthernet3", "fa3"), ("Port-Channel2", "po2"),
        ("Port-channel 8", "po8"), ("tengigabitethernet1/0/1", "te1/0/1"), (" GI7 ", "gi7"),
    ],
)  # fmt: skip
def test_names_of_ports(text, name):
    assert _sg_state.port_name(text) == name


@pytest.mark.parametrize("text", ["", "gi", "1", "eth0", "vlan 1", "gi1-2", "gi1/0/0/1", "0"])
def test_what_is_no_port(text):
    with pytest.raises(ValueError, match="no name of a port"):
        _sg_state.port_name(text)


def test_lists_of_ports():
    assert _sg_state.port_names("gi1-3,gi7,Po1") == ["gi1", "gi2", "gi3", "gi7", "po1"]
    assert _sg_state.port_names("GigabitEthernet1/0/1-2,gi1/0/5") == ["gi1/0/1", "gi1/0/2", "gi1/0/5"]
    with pytest.raises(ValueError, match="no ports"):
        _sg_state.port_names("1-2")


# -- reading --


def test_what_others_have_set_is_no_concern():
    """Smartport's notes, tunnels, and what no module of ours knows."""
    text = (
        "interface tunnel 1\n tunnel mode ipv6ip isatap\n!\ninterface gigabitethernet1\n storm-control broadcast level 10\n !next command is internal.\n"
        " switchport mode general\n description \"a # b\"\n!\nip igmp snooping vlan 1 static 239.0.0.1 interface gi2\nmacro auto disabled\n"
    )
    state = _sg_state.read(text, "ros1")
    assert state.ports == {"gi1": Port(description="a # b")}
    assert state.igmp == {}
    assert state.macro_auto == "disabled"


def test_ranges_of_interfaces_in_old_firmware():
    state = _sg_state.read("interface range gi1/0/1-2\nswitchport mode access\nexit\ninterface range vlan 2-3\nname x\n!", "ros1")
    assert [state.port(name).mode for name in ("gi1/0/1", "gi1/0/2", "gi1/0/3")] == ["access", "access", "trunk"]


@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        ("", None), (" switchport trunk allowed vlan add 2-3\n", {1, 2, 3}),
        (" switchport trunk allowed vlan 5\n switchport trunk allowed vlan add 6\n", {5, 6}),
        (" switchport trunk allowed vlan none\n", set()), (" switchport trunk allowed vlan remove 4-4094\n", {1, 2, 3}),
        (" switchport trunk allowed vlan except 3-4094\n", {1, 2}), (" switchport trunk allowed vlan all\n", None),
    ],
)  # fmt: skip
def test_lists_of_newer_firmware(lines, allowed):
    assert _sg_state.read(f"interface GigabitEthernet1\n description x\n{lines}!", "ros2").port("gi1").allowed == allowed


def test_a_batch_with_a_line_of_others_is_not_simulated():
    with pytest.raises(ValueError, match="reload"):
        simulate(State("ros1"), ["reload"])


# -- states that hypothesis thinks of --


@st.composite
def ports(draw, ros1: bool, vlans: set[int]):
    native = draw(st.none() | st.sampled_from(sorted(vlans)))
    allowed = draw(st.sets(st.sampled_from(sorted(vlans)))) if ros1 else draw(st.none() | st.sets(st.sampled_from(VLANS)))
    return Port(
        mode=draw(st.sampled_from(["access", "trunk"])),
        access=draw(st.none() | st.sampled_from(sorted(vlans))),
        native=native,
        allowed=None if allowed is None else frozenset(allowed - {native} if ros1 else allowed),
        description=draw(NAMES),
        unregistered_filtering=draw(st.booleans()),
    )


@st.composite
def states(draw, dialect: str):
    ros1 = dialect == "ros1"
    numbers = {1, *draw(st.sets(st.sampled_from(VLANS)))}
    some = st.sets(st.sampled_from(PORTS)).map(frozenset)
    snooping = st.builds(
        Snooping, st.booleans(), st.booleans(), st.booleans(), some, st.booleans(), st.sampled_from(["", "192.0.2.1"]), st.sampled_from([2, 3]), st.booleans()
    )
    state = State(
        dialect,
        vlans={number: Vlan(draw(NAMES), draw(st.sampled_from(_sg_state.MULTICAST_MODES))) for number in numbers},
        ports={name: draw(ports(ros1, numbers)) for name in draw(st.sets(st.sampled_from(PORTS)))},
        filtering=draw(st.booleans()),
        snooping=draw(st.booleans()),
        querier=draw(st.booleans()),
        igmp={number: draw(snooping) for number in draw(st.sets(st.sampled_from(sorted(numbers))))},
    )
    if draw(st.booleans()):
        destination, *others = draw(st.permutations(PORTS[:5]))
        sources = {name: draw(st.sampled_from(_sg_state.DIRECTIONS)) for name in others[: draw(st.integers(1, 4))]}
        if draw(st.booleans()):
            sources[f"vlan {draw(st.sampled_from(sorted(numbers)))}"] = "both"
        state.mirrors[1] = Mirror(destination, not ros1 and draw(st.booleans()), sources)
    return state.settled()


PAIRS = st.sampled_from(_sg_state.DIALECTS).flatmap(lambda dialect: st.tuples(states(dialect), states(dialect)))


def emulated(state: State) -> Cli:
    """The emulator's command line, set to a state by lines; it was written apart from all that is tested here."""
    device = Device(Factory(dialect=state.dialect))
    device.gateway = ""
    cli = Cli(device)
    # A new switch has a trunk or an access port of VLAN 1 with its address; the address stays.
    type_in(cli, _sg_plan.plan(State(state.dialect), state))
    return cli


def type_in(cli: Cli, lines: list[str]) -> None:
    cli.run("configure terminal")
    for line in lines:
        answer = cli.run(line)
        assert answer is None, (line, answer, lines)
    cli.run("end")


def known(cli: Cli) -> State:
    """What the emulator says it is set to; the address in VLAN 1 is no part of these states."""
    state = _sg_state.read(cli.device.running_config(), cli.device.dialect)
    for vlan in state.vlans.values():
        vlan.address = False
    return state


@given(PAIRS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_any_state_is_reached_from_any_other(pair):
    """The emulator takes each line and is in the wanted state afterwards, which the simulation has said before. Nothing is left to do."""
    have, want = pair
    cli = emulated(have)
    assert known(cli) == have
    lines = _sg_plan.plan(have, want)
    type_in(cli, lines)
    assert known(cli) == want
    assert simulate(have, lines) == want
    assert _sg_plan.plan(want, want) == []


@given(PAIRS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_is_carried_before_and_after_is_carried_in_between(pair):
    """So no line of a plan cuts the way on which it comes, at any port and in any VLAN."""
    have, want = pair
    kept = {
        (name, vlan): tagged for name in PORTS for vlan, tagged in have.members(name).items() if want.members(name).get(vlan) == tagged
    }
    lines = _sg_plan.plan(have, want)
    for number, now in enumerate(_sg_state.steps(have, lines)):
        for (name, vlan), tagged in kept.items():
            assert now.members(name).get(vlan) == tagged, (name, vlan, number, lines)


@given(PAIRS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_members_are_those_of_the_emulator(pair):
    """Two that were written apart agree on who carries what."""
    have, _want = pair
    device = emulated(have).device
    for name in PORTS:
        assert have.members(name) == {vlan: member.tagged for vlan, member in device.members(name).items()}


@given(PAIRS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_the_guard_refuses_what_cuts_and_nothing_else(pair):
    have, want = pair
    have = have.copy()
    have.vlans.setdefault(50, Vlan())
    have = have.settled()
    way = _sg_plan.Management(frozenset({50}), frozenset({MANAGER}))
    before, after = have.members(MANAGER).get(50), want.members(MANAGER).get(50)
    reasons = _sg_plan.refusals(have, _sg_plan.plan(have, want, {MANAGER}), way, [])
    filtered = want.port(MANAGER).unregistered_filtering and not have.port(MANAGER).unregistered_filtering
    # Nobody can lose a way that is none.
    lost = 50 not in want.vlans or (before is not None and after != before)
    assert bool(reasons) == bool(lost or filtered), reasons


@given(PAIRS)
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_is_gathered_brings_it_back(pair):
    have, want = pair
    back = _sg_resources.target(want, _sg_resources.gather(have), "overridden", "config.{}")
    assert back == have


# -- what people write --


def refused(config, state="merged", have=None, dialect="ros1"):
    with pytest.raises(ValueError) as error:
        _sg_resources.target(have or State(dialect, vlans={1: Vlan(), 2: Vlan()}), config, state, "config.{}")
    return str(error.value)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"vlans": [{"vlan_id": 0}]}, "config.vlans[0].vlan_id is 0: a VLAN has an id from 1 to 4094"),
        ({"vlans": [{"vlan_id": 4095}]}, "4095"),
        ({"vlans": [{"vlan_id": 5}, {"vlan_id": 5}]}, "it is in config.vlans[0] already"),
        ({"vlans": [{"vlan_id": 5, "name": "x" * 33}]}, "1 to 32 ASCII characters"),
        ({"vlans": [{"vlan_id": 5, "name": 'a"b'}]}, "without quotes"),
        ({"l2_interfaces": [{"name": "eth0"}]}, "no name of a port"),
        ({"l2_interfaces": [{"name": "gi1"}, {"name": "GigabitEthernet1"}]}, "already"),
        ({"l2_interfaces": [{"name": "gi1", "mode": "general"}]}, "it can be read, not set"),
        ({"l2_interfaces": [{"name": "gi1", "access": {"vlan": 9}}]}, "gi1 would be in VLAN 9, which the switch does not have"),
        ({"l2_interfaces": [{"name": "gi1", "trunk": {"allowed_vlans": ["2-9"]}}]}, "VLAN 3-9"),
        ({"l2_interfaces": [{"name": "gi1", "trunk": {"allowed_vlans": ["x"]}}]}, "'x' names no VLANs"),
        ({"l2_interfaces": [{"name": "gi1", "trunk": {"native_vlan": "x"}}]}, "config.l2_interfaces[0].trunk.native_vlan is 'x'"),
        ({"l2_interfaces": [{"name": "gi1", "description": "ñ"}]}, "1 to 64 ASCII characters"),
        ({"igmp_snooping": {"vlans": [{"vlan_id": 9}]}}, "config.igmp_snooping.vlans[0].vlan_id is 9: the switch has no such VLAN"),
        ({"igmp_snooping": {"vlans": [{"vlan_id": 2, "querier": {"address": "x"}}]}}, "write an IPv4 address"),
        ({"igmp_snooping": {"vlans": [{"vlan_id": 2, "mrouter": {"ports": ["x"]}}]}}, "mrouter.ports[0]"),
        ({"igmp_snooping": {"vlans": [{"vlan_id": 2}, {"vlan_id": 2}]}}, "it is there twice"),
        ({"port_mirroring": [{"session": 2, "destination": "gi8", "sources": [{"interface": "gi1"}]}]}, "firmware 1.x has one mirror"),
        ({"port_mirroring": [{"session": 1, "destination": "gi8", "network": True, "sources": [{"interface": "gi1"}]}]}, "for the copies alone"),
        ({"port_mirroring": [{"session": 1, "sources": [{"interface": "gi1"}]}]}, "name the port that gets the copies"),
        ({"port_mirroring": [{"session": 1, "destination": "gi1", "sources": [{"interface": "gi1"}]}]}, "cannot be a source"),
        ({"port_mirroring": [{"session": 1, "destination": "po1", "sources": [{"interface": "gi1"}]}]}, "cannot be a mirror's destination"),
        ({"port_mirroring": [{"session": 1, "destination": "gi8", "sources": [{}]}]}, "name either an interface or a vlan"),
        ({"port_mirroring": [{"session": 1, "destination": "gi8", "sources": [{"vlan": 9}]}]}, "the switch has no such VLAN"),
        ({"port_mirroring": [{"session": 1, "destination": "gi8", "sources": [{"vlan": 2, "direction": "rx"}]}]}, "in both directions"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_cure(config, words):
    assert words in refused(config)


def test_all_that_is_wrong_is_told_at_once():
    text = refused({"vlans": [{"vlan_id": 0}], "l2_interfaces": [{"name": "x"}], "igmp_snooping": {"vlans": [{"vlan_id": 9}]}})
    assert text.count(";") >= 2


def test_vlan_1_stays():
    assert "VLAN 1 cannot be deleted" in refused({"vlans": [{"vlan_id": 1}]}, "deleted")


def test_ports_of_others_are_left_alone():
    have = State("ros1", ports={"gi1": Port("general"), "gi2": Port(member=True), "gi3": Port("access")})
    assert "it is in general mode" in refused({"l2_interfaces": [{"name": "gi1", "mode": "access"}]}, have=have)
    assert "link aggregation group" in refused({"l2_interfaces": [{"name": "gi2", "mode": "access"}]}, have=have)
    want = _sg_resources.target(have, {"l2_interfaces": []}, "overridden")
    assert sorted(want.ports) == ["gi1", "gi2"]


def test_router_ports_keep_what_the_house_has_on_them():
    trunk = Port(allowed=frozenset({2, 3}))
    have = State("ros1", vlans={number: Vlan() for number in (1, 2, 3)}, ports={"gi1": Port(allowed=frozenset({2})), "gi2": trunk})
    nobody = _sg_plan.Management()

    def asked(port, router="gi2"):
        want = have.copy()
        want.ports["gi2"] = port
        return "; ".join(_sg_plan.refusals(have, _sg_plan.plan(have, want.settled()), nobody, [router], PORTS))

    assert "gi2, the router's port, would leave VLAN 2, which gi1 goes on carrying" in asked(Port(allowed=frozenset({3})))
    # VLAN 3 is at no other port.
    assert asked(Port(allowed=frozenset({2}))) == ""
    assert "would be a trunk no more" in asked(Port("access", access=2))
    want = have.copy()
    want.mirrors = {1: Mirror("gi2", sources={"gi1": "both"})}
    assert "would become the destination of a mirror" in "; ".join(_sg_plan.refusals(have, _sg_plan.plan(have, want), nobody, ["gi2"], PORTS))


# -- who manages the switch --

USERS = "Username        Protocol      Location\n--------------- ------------- ------------------------------\ncisco           SSH           192.168.1.10\n"
ARP = (
    "  VLAN      Interface     IP address          HW address        status\n---------- -------------- --------------- ------------------- ---------------\n"
    "  vlan 1        gi4       {address:<15}  00:00:5e:00:53:0a  dynamic\n"
)
MACS = (
    "    Vlan          Mac Address         Port       Type\n------------ --------------------- ---------- ----------\n"
    "     1         00:00:5e:00:53:0a      {port}      dynamic\n"
)
ADDRESS = (
    "    IP Address        I/F    I/F Status  Type\n------------------ --------- ---------- -------\n192.168.1.254/24   vlan 1    UP/UP      Static\n\n"
    "  Gateway IP Address      Type\n----------------------- --------\n192.168.1.1             static\n"
)


def way(address="192.168.1.10", port="gi4", ports=(), users=USERS, vlans=()):
    return _sg_module.management(
        State("ros1"), users, ARP.format(address=address), MACS.format(port=port), ADDRESS, list(ports), list(vlans)
    )  # fmt: skip


def test_the_way_of_whoever_is_logged_in():
    assert way() == _sg_plan.Management(frozenset({1}), frozenset({"gi4"}))
    # Beyond a router: where the router is.
    assert way(address="192.168.1.1").ports == {"gi4"}
    assert way(ports=["gi9"], vlans=[7]) == _sg_plan.Management(frozenset({1, 7}), frozenset({"gi4", "gi9"}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"address": "192.168.1.7"}, "does not show the MAC address of 192.168.1.10"), ({"port": "0"}, "does not show the port of 192.168.1.10"),
        ({"users": ""}, "does not show from where its SSH sessions come"),
    ],
)  # fmt: skip
def test_a_way_that_is_not_found(change, words):
    """Then every port counts, until the owner names the right one."""
    found = way(**change)
    assert words in found.unknown
    have = State("ros1", vlans={1: Vlan(), 2: Vlan()})
    lines = _sg_plan.plan(have, _sg_resources.target(have, {"l2_interfaces": [{"name": "gi1", "mode": "access", "access": {"vlan": 2}}]}, "merged"))
    assert "is not known" in _sg_plan.refusals(have, lines, found, [], PORTS)[0]
    named = way(**change, ports=["gi4"])
    assert named.unknown == ""
    assert _sg_plan.refusals(have, lines, named, [], PORTS) == []
