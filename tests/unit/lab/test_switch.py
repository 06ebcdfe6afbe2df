# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated switch: grammar, both dialects, its rules, and that its configuration says all it knows."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies as st
from switch.commands import Cli
from switch.device import CliError, Device, Factory, Member, fold, unfold

DIALECTS = ("ros1", "ros2")
HOME = """
bridge multicast filtering
ip igmp snooping
vlan database
vlan 2-3,6,100
exit
ip igmp snooping vlan 100
ip igmp snooping vlan 100 immediate-leave
ip igmp snooping vlan 100 mrouter interface gi2
no ip igmp snooping vlan 100 mrouter learn pim-dvmrp
ip igmp snooping vlan 100 static 239.0.0.1 interface gi3-4,gi6
ip igmp snooping vlan 100 querier address 192.168.1.254
no ip igmp snooping vlan 100 querier election
interface vlan 2
name iptv
interface vlan 100
name "the house"
ip address 192.168.100.254 /24
bridge multicast mode ipv4-group
bridge multicast forward-all add gi2
ip igmp query-interval 60
interface gi1
description "ONT in the hall"
switchport mode trunk
switchport trunk allowed vlan add 2-3,6
interface gi2
switchport mode trunk
switchport trunk native vlan 100
switchport trunk allowed vlan add 2-3,6
interface range gi3-6
switchport mode access
switchport access vlan 100
interface gi7
switchport mode general
switchport general allowed vlan add 2-3 tagged
switchport general allowed vlan add 100 untagged
switchport general pvid 100
spanning-tree portfast
interface gi9
shutdown
bridge multicast unregistered filtering
channel-group 2 mode auto
exit
macro auto disabled
hostname hall
username ansible password secret privilege 15
line ssh
exec-timeout 60
exit
port jumbo-frame
"""
MIRROR = {"ros1": "interface gi8\nport monitor gi1\nport monitor gi2 rx\nport monitor vlan 6\n",
          "ros2": "monitor session 1 destination interface gi8 network\nmonitor session 1 source interface gi1 rx\nmonitor session 2 source vlan 6\n"}


def device(dialect: str = "ros1", text: str = "") -> Device:
    """A factory-new switch, then told these lines."""
    made = Device(Factory(dialect=dialect))
    made.load(text)
    return made


def blank(dialect: str) -> Device:
    """A switch before it has read the configuration that it was saved with."""
    return Device(Factory(dialect=dialect, user="nobody", address=("10.0.0.1", "255.0.0.0")))


def told(made: Device, *lines: str) -> str | None:
    """What the switch answers to the last of these configuration lines."""
    cli = Cli(made)
    cli.run("configure")
    return [cli.run(line) for line in lines][-1]


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("text", ["", HOME])
def test_its_own_configuration_makes_the_same_switch(dialect, text):
    made = device(dialect, text + (MIRROR[dialect] if text else ""))
    other = blank(dialect)
    other.startup = made.running_config()
    other.boot()
    assert other.running_config() == made.running_config()
    for name in made.ports:
        assert other.members(name) == made.members(name)


LINES = [line for line in HOME.split("\n") if line and line not in ("exit", "vlan database")]


@hypothesis.given(data=st.data(), dialect=st.sampled_from(DIALECTS))
def test_whatever_was_typed_its_configuration_makes_the_same_switch(data, dialect):
    numbers = st.sampled_from(["2", "3", "6", "100", "2-3", "2-3,100", "777"])
    ports = st.sampled_from([f"gi{number}" for number in range(1, 11)])
    made = device(dialect)
    cli = Cli(made)
    cli.run("configure")
    for _step in range(data.draw(st.integers(1, 25))):
        line = data.draw(
            st.one_of(
                st.sampled_from(LINES + MIRROR[dialect].splitlines()),
                st.builds("interface {}".format, ports),
                st.builds("switchport trunk allowed vlan {} {}".format, st.sampled_from(["add", "remove"]), numbers),
                st.builds("switchport mode {}".format, st.sampled_from(["access", "trunk", "general"])),
                st.builds("switchport {} vlan {}".format, st.sampled_from(["access", "trunk native"]), st.sampled_from(["1", "3", "100", "none"])),
                st.builds("switchport general allowed vlan add {} {}".format, numbers, st.sampled_from(["tagged", "untagged"])),
                st.builds("vlan database\nvlan {}\nexit".format, numbers),
                st.builds("vlan database\nno vlan {}\nexit".format, numbers),
                st.builds("no ip igmp snooping vlan {}{}".format, st.sampled_from(["2", "100"]), st.sampled_from(["", " immediate-leave"])),
                st.sampled_from(["no port monitor gi1", "no monitor session 1", "no bridge multicast filtering", "no shutdown"]),
            )
        )
        for part in line.split("\n"):
            cli.run(part)
    other = blank(dialect)
    other.startup = made.running_config()
    other.boot()
    assert other.running_config() == made.running_config()
    assert {name: other.members(name) for name in other.ports} == {name: made.members(name) for name in made.ports}


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("sh ver", None), ("show version", None), ("SHOW VERSION", None), ("sh int stat", None), ("show interfaces status gi1", None),
        ("show i", "% Ambiguous command"), ("show", "% Incomplete command"), ("shwo version", "% Unrecognized command"),
        ("terminal length 0", "% Unrecognized command"), ("show version now", "% Wrong number of parameters or invalid range, size or characters entered"),
        ("show vlan tag", "% missing mandatory parameter"), ("show vlan tag 4095", "% bad parameter value"), ("show vlan tag x", "% bad parameter value"),
        ("terminal width 7", "% bad parameter value"), ("vlan database", "% Unrecognized command"), ("copy r s", "asks"), ("wr", "asks"),
        ("show interfaces status gi11", "% bad parameter value"), ("do show version", "% Unrecognized command"),
        ("! a remark", None), ("   ", None),
    ],
)  # fmt: skip
def test_words_and_abbreviations(typed, answer):
    reply = Cli(device()).run(typed)
    if answer == "asks":
        assert reply.question == "Overwrite file [startup-config].... (Y/N)[N] ?"
    elif answer is None:
        assert not str(reply or "").startswith("%")
    else:
        assert reply == answer


@hypothesis.given(
    st.lists(
        st.one_of(
            st.text(st.characters(max_codepoint=255), max_size=40),
            st.lists(st.sampled_from(sorted({word for line in LINES for word in line.split()})), max_size=7).map(" ".join),
        ),
        max_size=8,
    )
)
def test_nothing_that_is_typed_breaks_it(lines):
    for dialect in DIALECTS:
        cli = Cli(device(dialect))
        for line in ("configure", *lines):
            cli.run(line)
            cli.help(line)
        assert cli.prompt.startswith(cli.device.hostname)


def test_the_prompt_tells_the_mode():
    cli = Cli(device())
    seen = []
    for line in ("conf t", "vlan database", "exit", "interface gi1", "interface range gi1-2,gi5", "int vlan 1", "line ssh", "exit", "exit"):
        assert cli.run(line) is None
        seen.append(cli.prompt)
    assert seen == [
        "sw1(config)#", "sw1(config-vlan)#", "sw1(config)#", "sw1(config-if)#", "sw1(config-if-range)#", "sw1(config-if)#", "sw1(config-line)#",
        "sw1(config)#", "sw1#",
    ]  # fmt: skip


def test_do_and_end_and_global_commands_below_an_interface():
    made = device()
    cli = Cli(made)
    for line in ("configure", "interface gi1"):
        cli.run(line)
    assert cli.run("do show vlan").startswith("Created by: D-Default")
    assert cli.prompt == "sw1(config-if)#"
    assert cli.run("bridge multicast filtering") is None
    assert made.filtering
    assert cli.prompt == "sw1(config)#"
    cli.run("vlan database")
    assert cli.run("interface gi1") == "% Unrecognized command"
    cli.run("end")
    assert cli.prompt == "sw1#"


@pytest.mark.parametrize("name", ["gi3", "GI3", "g3", "gigabitethernet3", "GigabitEthernet3", "gigabitethernet 3", "gi 3"])
def test_a_port_has_many_names(name):
    made = device()
    assert told(made, f"interface {name}", "description here") is None
    assert made.ports["gi3"].description == "here"


@pytest.mark.parametrize("level", [1, 15])
def test_privileges(level):
    cli = Cli(device(), level)
    assert cli.prompt == ("sw1>" if level == 1 else "sw1#")
    assert cli.run("show version").startswith("SW version")
    assert (cli.run("show running-config") == "% Unrecognized command") == (level == 1)
    assert (cli.run("configure") == "% Unrecognized command") == (level == 1)


@hypothesis.given(st.sets(st.integers(1, 4094)))
def test_lists_fold_and_unfold(numbers):
    assert (unfold(fold(numbers), 1, 4094) if numbers else set()) == numbers


@pytest.mark.parametrize("text", ["0", "4095", "5-3", "2,,3", "a", "2-", ""])
def test_lists_that_are_none(text):
    with pytest.raises(CliError):
        unfold(text, 1, 4094)


# -- the dialects --


def test_factory_defaults_differ():
    old, new = device("ros1"), device("ros2")
    for made in (old, new):
        assert made.members("gi1") == {1: Member(tagged=False, pvid=True)}
    assert old.ports["gi1"].mode == "trunk"
    assert new.ports["gi1"].mode == "access"
    trunk = "interface gi1\nswitchport mode trunk\n"
    assert "switchport mode trunk" not in device("ros1", trunk).running_config()
    assert " switchport mode trunk" in device("ros2", trunk).running_config()
    # All VLANs, or none beyond the native one.
    vlans = "vlan database\nvlan 2,6\nexit\n"
    assert set(device("ros1", vlans + trunk).members("gi1")) == {1}
    assert device("ros2", vlans + trunk).members("gi1") == {1: Member(False, True), 2: Member(True, False), 6: Member(True, False)}


def test_a_vlan_that_does_not_exist():
    for line in ("switchport access vlan 7", "switchport trunk native vlan 7", "switchport trunk allowed vlan add 7"):
        assert told(device("ros1"), "interface gi1", line) == "VLAN was not created by user."
    made = device("ros2")
    assert told(made, "interface gi1", "switchport access vlan 7") is None
    assert made.members("gi1") == {}
    assert "Access Mode VLAN: 7 (Inactive)" in Cli(made).run("show interfaces switchport gi1")
    assert told(made, "vlan database", "vlan 7") is None
    assert made.members("gi1") == {7: Member(False, True)}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_igmp_snooping_only_in_vlans_that_exist(dialect):
    assert told(device(dialect), "ip igmp snooping vlan 7") == "VLAN was not created by user."
    assert told(device(dialect), "vlan database", "vlan 7", "exit", "ip igmp snooping vlan 7") is None


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_deleted_vlan_takes_its_memberships_along(dialect):
    made = device(dialect, HOME)
    assert told(made, "vlan database", "no vlan 100") is None
    assert all(100 not in made.members(name) for name in made.ports)
    assert 100 not in made.igmp
    assert "interface vlan 100" not in made.running_config()
    if dialect == "ros1":
        assert made.members("gi3") == {1: Member(False, True)}
    assert told(made, "vlan database", "no vlan 1") == "Default VLAN cannot be deleted."


def test_native_leaves_the_tagged_list():
    made = device("ros1", HOME)
    assert made.members("gi2")[100] == Member(False, True)
    assert "allowed vlan add 2-3,6\n" in made.running_config().split("interface gigabitethernet2")[1]
    told(made, "interface gi2", "switchport trunk native vlan 6")
    assert made.members("gi2") == {2: Member(True, False), 3: Member(True, False), 6: Member(False, True)}


def test_newer_firmware_carries_the_native_vlan_only_where_the_list_allows_it():
    made = device("ros2", "vlan database\nvlan 2\nexit\ninterface gi1\nswitchport mode trunk\nswitchport trunk allowed vlan none\n")
    assert made.members("gi1") == {}
    told(made, "interface gi1", "switchport trunk allowed vlan add 1-2")
    assert made.members("gi1") == {1: Member(False, True), 2: Member(True, False)}
    assert " switchport trunk allowed vlan 1-2\n" in made.running_config()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_mirrors_destination_leaves_normal_switching(dialect):
    made = device(dialect)
    lines = {
        "ros1": ["interface gi8", "port monitor gi1 rx"],
        "ros2": ["monitor session 1 source interface gi1 rx", "monitor session 1 destination interface gi8"],
    }
    assert told(made, *lines[dialect]) is None
    assert made.members("gi8") == {}
    assert made.mirrors() == [("gi8", False, {"gi1": "rx"})]
    if dialect == "ros2":
        assert told(made, "monitor session 1 destination interface gi8 network") is None
        assert made.members("gi8")


def test_what_a_mirror_may_not_be():
    assert "same session" in told(device("ros1"), "interface gi8", "port monitor gi8")
    assert "Only one" in told(device("ros1", "interface gi8\nport monitor gi1"), "interface gi7", "port monitor gi2")
    assert "destination" in told(device("ros1", "interface gi8\nport monitor gi1"), "interface gi1", "port monitor gi8")
    assert "in use" in told(device("ros2", "monitor session 1 source interface gi1"), "monitor session 1 destination interface gi1")
    assert "member of a LAG" in told(device("ros1", "interface gi1\nchannel-group 1 mode on"), "interface gi8", "port monitor gi1")


def test_snooping_counts_only_with_all_three_lines():
    lines = ["bridge multicast filtering", "ip igmp snooping", "ip igmp snooping vlan 100"]
    for missing in lines:
        assert not device("ros1", "\n".join(["vlan database", "vlan 100", "exit", *(line for line in lines if line != missing)])).snoops(100)
    assert device("ros1", "\n".join(["vlan database", "vlan 100", "exit", *lines])).snoops(100)


# -- what it prints --


def test_show_vlan():
    old = Cli(device("ros1", HOME)).run("show vlan").splitlines()
    assert old[0] == "Created by: D-Default, S-Static, G-GVRP, R-Radius Assigned VLAN"
    assert old[3] == "---- ----------------- --------------------------- ----------------"
    assert [line.split() for line in old if line.startswith("100")] == [["100", "the", "house", "gi2-7", "S"]]
    new = Cli(device("ros2", HOME)).run("show vlan").splitlines()
    assert new[0].endswith("V-Voice VLAN")
    # Newer firmware's trunks carry everything; VLAN 100 leaves gi2 untagged.
    assert [line.split() for line in new if line.startswith("100")] == [["100", "the", "house", "gi1", "gi2-7", "S"]]


def test_long_cells_wrap():
    text = "vlan database\nvlan 402 name Test-Long-Vlan-Name1\nexit\n" + "".join(
        f"interface gi{number}\nswitchport trunk allowed vlan add 402\n" for number in (1, 3, 5, 7, 9)
    )
    lines = Cli(device("ros1", text)).run("show vlan tag 402").splitlines()
    assert lines[4].split()[:2] == ["402", "Test-Long-Vlan-Na"]
    assert lines[5].split() == ["me1"]
    text = text.replace("Name1", "N").replace("gi9", "gi10") + "interface range po3,po5\nswitchport trunk allowed vlan add 402\n"
    # The list breaks behind a comma.
    assert [line[23:50].strip() for line in Cli(device("ros1", text)).run("show vlan tag 402").splitlines()[4:6]] == ["gi1,gi3,gi5,gi7,gi10,Po3,", "Po5"]


def test_show_switchport():
    old = Cli(device("ros1", HOME)).run("show interfaces switchport gi1")
    assert "Port : gi1\nPort Mode: Trunk\n" in old
    assert [line.split() for line in old.splitlines() if "Tagged" in line.split()] == [
        ["2", "iptv", "Tagged", "Static"], ["3", "3", "Tagged", "Static"], ["6", "6", "Tagged", "Static"]
    ]  # fmt: skip
    new = Cli(device("ros2", "interface gi1\nswitchport mode trunk\nswitchport trunk allowed vlan 1,7-8\n")).run("show interfaces switchport gi1")
    assert "Name: gi1\nSwitchport: enable\nAdministrative Mode: trunk\n" in new
    assert "Trunking VLANs: 1\n                        7-8 (Inactive)\n" in new


def test_versions_tell_the_dialects_apart():
    assert Cli(device("ros1")).run("show version").startswith("SW version    1.4.11.5 (")
    assert Cli(device("ros2")).run("show version").startswith("Active-image: ")
    assert "v1.4.11.5" in device("ros1").running_config()
    assert "set system mode" not in device("ros2").running_config()


def test_jumbo_frames_take_a_restart():
    made = device()
    assert told(made, "port jumbo-frame") is None
    assert "frames are disabled\n Jumbo frames will be enabled after reset" in Cli(made).run("show ports jumbo-frame")
    made.save()
    made.boot()
    assert "frames are enabled\n Jumbo frames will be enabled after reset" in Cli(made).run("show ports jumbo-frame")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_show_command_answers(dialect):
    cli = Cli(device(dialect, HOME + MIRROR[dialect]))
    commands = [
        "version", "system", "system id", "inventory", "clock", "users", "cpu utilization", "ip ssh", "running-config", "running-config interface gi1",
        "running-config interface vlan 100", "startup-config", "vlan", "vlan tag 100", "vlan name iptv", "interfaces status", "interfaces status gi1",
        "interfaces configuration", "interfaces description", "interfaces switchport", "interfaces switchport gi1", "interfaces switchport po1",
        "mac address-table", "mac address-table vlan 1", "mac address-table interface gi1", "mac address-table address 00:00:5e:00:53:0a", "arp",
        "ip interface", "ip igmp snooping interface 100", "ip igmp snooping groups", "ip igmp snooping groups vlan 100", "ip igmp snooping mrouter",
        "ip igmp snooping mrouter interface 100", "bridge multicast filtering 100", "bridge multicast unregistered", "bridge multicast unregistered gi9",
        "bridge multicast mode", "bridge multicast mode vlan 100", "ports jumbo-frame", "spanning-tree", "lldp neighbors",
        {"ros1": "ports monitor", "ros2": "monitor session 1"}[dialect],
    ]  # fmt: skip
    for command in commands:
        answer = cli.run(f"show {command}")
        assert answer.endswith("\n"), command
        assert not answer.startswith("%"), f"{command}: {answer}"
    assert cli.run("show bridge multicast unregistered gi9").splitlines()[-1].split() == ["gi9", "Filter"]
    assert "IGMP Snooping is globally enabled" in cli.run("show ip igmp snooping interface 100")
    assert cli.run({"ros1": "show monitor session", "ros2": "show ports monitor"}[dialect]) == "% Unrecognized command"
