# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switch's state on a Linux bridge: which commands a change becomes, and what the kernel makes of them where it has such bridges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st
from switch.bridge import GLOBALS, NEVER, plan, wanted
from switch.commands import Cli
from switch.device import Device, Factory

LAB = Path(__file__).resolve().parents[3] / "lab"
PORTS = [f"gi{number}" for number in range(1, 9)]
HOME = [
    "bridge multicast filtering", "ip igmp snooping", "vlan database", "vlan 2-3,6,100", "exit", "ip igmp snooping vlan 100",
    "ip igmp snooping vlan 100 mrouter interface gi2", "interface gi1", "switchport mode trunk", "switchport trunk allowed vlan add 2-3,6",
    "interface gi2", "switchport mode trunk", "switchport trunk allowed vlan add 2-3,6,100", "interface range gi3-6", "switchport mode access",
    "switchport access vlan 100", "exit",
]  # fmt: skip


class Switch:
    """A state, and the commands that each of its changes becomes."""

    def __init__(self, dialect: str = "ros1") -> None:
        self.device = Device(Factory(dialect=dialect))
        self.cli = Cli(self.device)
        self.cli.run("configure")
        self.table = wanted(self.device, PORTS)

    def do(self, *lines: str) -> list[str]:
        """Lines of configuration; what the bridge is told."""
        for line in lines:
            assert not self.cli.run(line), line
        before, self.table = self.table, wanted(self.device, PORTS)
        return [" ".join(command) for command in plan(before, self.table)]


def test_a_new_switch_is_one_network():
    switch = Switch()
    commands = [" ".join(command) for command in plan({}, switch.table)]
    for port in PORTS:
        assert f"bridge vlan add dev {port} vid 1 pvid untagged" in commands
        assert f"ip link set {port} up" in commands
    assert "bridge vlan add dev br0 vid 1 self" in commands
    assert "bridge vlan global set dev br0 vid 1 mcast_snooping 0" in commands
    assert commands.index("ip link add link br0 name br0.1 type vlan id 1") < commands.index("ip address add 192.168.1.254/24 brd + dev br0.1")
    # A port gets its network before its carrier.
    assert commands.index("bridge vlan add dev gi1 vid 1 pvid untagged") < commands.index("ip link set gi1 up")
    assert plan(switch.table, switch.table) == []


def test_a_line_touches_what_it_is_about_and_nothing_else():
    switch = Switch()
    switch.do(*HOME)
    for lines, commands in (
        (["interface gi3", "description box"], []),
        (["hostname other"], []),
        (["vlan database", "vlan 7", "exit"], []),
        (["interface gi1", "switchport trunk allowed vlan add 7"], [
            "bridge vlan add dev gi1 vid 7", "bridge vlan global set dev br0 vid 7 mcast_querier_interval 360000000",
            "bridge vlan global set dev br0 vid 7 mcast_snooping 0"]),
        (["interface gi1", "switchport trunk allowed vlan remove 7"], ["bridge vlan delete dev gi1 vid 7"]),
        (["interface gi3", "shutdown"], ["ip link set gi3 down"]),
        (["interface gi3", "no shutdown"], ["ip link set gi3 up"]),
        (["ip igmp snooping vlan 100 immediate-leave"], [f"bridge link set dev gi{number} fastleave on" for number in (2, 3, 4, 5, 6)]),
        (["no ip igmp snooping vlan 100 immediate-leave"], [f"bridge link set dev gi{number} fastleave off" for number in (2, 3, 4, 5, 6)]),
        (["interface gi4", "bridge multicast unregistered filtering"], ["bridge link set dev gi4 mcast_flood off"]),
        (["no bridge multicast filtering"], ["bridge vlan global set dev br0 vid 100 mcast_snooping 0", "bridge link set dev gi4 mcast_flood on"]),
        (["bridge multicast filtering"], ["bridge vlan global set dev br0 vid 100 mcast_snooping 1", "bridge link set dev gi4 mcast_flood off"]),
        (["ip igmp snooping vlan 100 mrouter interface gi3"], ["bridge vlan set dev gi3 vid 100 mcast_router 2"]),
        (["ip igmp snooping vlan 100 forbidden mrouter interface gi3"], ["bridge vlan set dev gi3 vid 100 mcast_router 0"]),
        (["ip igmp snooping vlan 100 querier"], ["bridge vlan global set dev br0 vid 100 mcast_querier 1"]),
        (["ip igmp snooping vlan 100 querier version 3"], ["bridge vlan global set dev br0 vid 100 mcast_igmp_version 3"]),
        (["ip igmp snooping vlan 100 static 239.0.0.1 interface gi5"], ["bridge mdb add dev br0 port gi5 grp 239.0.0.1 permanent vid 100"]),
        (["interface vlan 100", "ip igmp query-interval 60"], ["bridge vlan global set dev br0 vid 100 mcast_query_interval 6000"]),
    ):  # fmt: skip
        assert switch.do(*lines) == commands, lines


def test_the_bridge_itself_is_in_each_vlan_that_snoops():
    switch = Switch()
    commands = switch.do(*HOME)
    # Before snooping begins, or Linux never knows when to flood until the next query.
    assert "bridge vlan add dev br0 vid 100 self" in commands
    for line in ("bridge multicast filtering", "ip igmp snooping", "ip igmp snooping vlan 100"):
        for lines, state in ((f"no {line}", 0), (line, 1)):
            assert switch.do(lines) == [f"bridge vlan global set dev br0 vid 100 mcast_snooping {state}"], lines


def test_a_ports_new_vlan_comes_before_the_old_one_goes():
    switch = Switch()
    switch.do("vlan database", "vlan 100", "exit")
    assert switch.do("interface gi3", "switchport mode access", "switchport access vlan 100")[:2] == [
        "bridge vlan add dev gi3 vid 100 pvid untagged", "bridge vlan delete dev gi3 vid 1"
    ]  # fmt: skip


def test_the_switchs_own_address_moves():
    switch = Switch()
    switch.do("vlan database", "vlan 100", "exit")
    assert switch.do("interface vlan 100", "ip address 192.168.100.2 255.255.255.0")[-5:] == [
        "ip link add link br0 name br0.100 type vlan id 100", "ip link set br0.100 addrgenmode none", "ip link set br0.100 up",
        "ip address add 192.168.100.2/24 brd + dev br0.100", "ip route replace default via 192.168.1.1",
    ]  # fmt: skip
    assert switch.do("interface vlan 1", "no ip address") == ["ip link delete br0.1", "bridge vlan delete dev br0 vid 1 self"]


@pytest.mark.parametrize("dialect", ["ros1", "ros2"])
def test_mirrors(dialect):
    switch = Switch(dialect)
    lines = {
        "ros1": ["interface gi8", "port monitor gi3 rx"],
        "ros2": ["monitor session 1 destination interface gi8", "monitor session 1 source interface gi3 rx"],
    }[dialect]
    assert switch.do(*lines) == [
        "bridge vlan delete dev gi8 vid 1", "tc qdisc add dev gi3 clsact",
        "tc filter add dev gi3 ingress pref 1 matchall action mirred egress mirror dev gi8 continue",
    ]  # fmt: skip
    if dialect == "ros2":
        assert "bridge vlan add dev gi8 vid 1 pvid untagged" in switch.do("monitor session 1 destination interface gi8 network")
        assert switch.do("no monitor session 1") == ["tc qdisc delete dev gi3 clsact"]
    else:
        more = switch.do("port monitor gi4")
        assert [command for command in more if "gi3" in command] == []
        assert sum("mirror dev gi8" in command for command in more) == 2
        back = switch.do("no port monitor gi3", "no port monitor gi4")
        assert {"tc qdisc delete dev gi3 clsact", "tc qdisc delete dev gi4 clsact", "bridge vlan add dev gi8 vid 1 pvid untagged"} <= set(back)


LINES = [
    *HOME, "interface gi8", "port monitor gi1", "no port monitor gi1", "switchport access vlan 3", "switchport trunk native vlan 6",
    "interface vlan 100", "ip address 10.0.0.1 /8", "no ip address", "vlan database", "no vlan 6", "no vlan 100", "shutdown", "channel-group 1 mode on",
]  # fmt: skip


@hypothesis.given(st.lists(st.sampled_from(LINES), max_size=40))
def test_commands_lead_from_any_state_to_any_other(lines):
    """The plan's VLAN commands, carried out on paper, make the wanted table of memberships."""
    switch = Switch()
    have = dict(switch.table)
    for line in lines:
        switch.cli.run(line)
    want = wanted(switch.device, PORTS)
    for program, arguments in plan(have, want):
        words = arguments.split()
        if (program, words[0], words[1]) == ("bridge", "vlan", "add"):
            have["vlan", words[3], int(words[5])] = ("untagged" not in words, "pvid" in words)
        elif (program, words[0], words[1]) == ("bridge", "vlan", "delete"):
            del have["vlan", words[3], int(words[5])]
    assert {key: value for key, value in have.items() if key[0] == "vlan"} == {key: value for key, value in want.items() if key[0] == "vlan"}
    # No port has two VLANs for what comes in untagged.
    assert all(sum(value[1] for key, value in want.items() if key[:2] == ("vlan", port)) <= 1 for port in PORTS)


def test_every_option_has_a_default():
    switch = Switch()
    switch.do(*HOME)
    assert {key[2] for key in switch.table if key[0] == "global"} == set(GLOBALS)
    assert switch.table["global", 100, "mcast_querier_interval"] == NEVER


# -- the kernel --


class Namespace:
    """A network namespace with a switch and three hosts at its ports, each in a namespace of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.made: list[str] = []

    def run(self, *argv: str, space: str = "") -> str:
        done = subprocess.run(["ip", "netns", "exec", space or self.name, *argv], capture_output=True, text=True, check=False, timeout=30)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def space(self, name: str) -> None:
        subprocess.run(["ip", "netns", "add", name], check=True)
        self.made.append(name)

    def host(self, port: str, address: str) -> str:
        name = f"{self.name}-{port}"
        self.space(name)
        self.run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
        self.run("ip", "address", "add", address, "dev", "eth0", space=name)
        self.run("ip", "link", "set", "eth0", "up", space=name)
        return name

    def end(self) -> None:
        for name in reversed(self.made):
            subprocess.run(["ip", "netns", "delete", name], check=False)


@pytest.fixture
def namespace():
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    able = subprocess.run(
        ["unshare", "--net", "sh", "-c",
         "ip link add br0 type bridge vlan_filtering 1 mcast_vlan_snooping 1 && ip link add link br0 name br0.1 type vlan id 1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if able.returncode:
        pytest.skip(f"this kernel has no bridge with VLANs: {able.stderr.strip()}")
    made = Namespace(f"switch-{os.getpid()}")
    made.space(made.name)
    yield made
    made.end()


def test_frames_go_where_the_command_line_says(namespace, tmp_path):
    one, two = namespace.host("gi1", "192.168.1.11/24"), namespace.host("gi2", "192.168.1.12/24")
    control = tmp_path / "control"
    process = subprocess.Popen(
        ["ip", "netns", "exec", namespace.name, sys.executable, "-m", "switch", "--bridge", "--listen", "0.0.0.0:22", "--control", control],
        cwd=LAB, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def ask(**question: object) -> dict[str, object]:
        done = subprocess.run(
            [sys.executable, "-m", "switch", "--control", control, "--ask", json.dumps(question)], cwd=LAB, capture_output=True, text=True, check=False
        )
        return json.loads(done.stdout)

    def reaches(space: str, address: str) -> bool:
        return not subprocess.run(
            ["ip", "netns", "exec", space, "ping", "-c", "1", "-W", "1", address], capture_output=True, check=False
        ).returncode

    def eventually(condition) -> None:
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, "waited 10 s in vain"

    try:
        assert process.stdout.readline().startswith("listening")
        eventually(lambda: reaches(one, "192.168.1.12"))
        assert reaches(one, "192.168.1.254")
        ask(load="vlan database\nvlan 100\nexit\ninterface gi2\nswitchport mode access\nswitchport access vlan 100\n")
        assert not reaches(one, "192.168.1.12")
        assert reaches(one, "192.168.1.254")
        ask(load="interface gi1\nswitchport mode access\nswitchport access vlan 100\n")
        assert reaches(one, "192.168.1.12")
        assert not reaches(one, "192.168.1.254")
        # A cable that is plugged in anew finds its port as it was set.
        namespace.run("ip", "link", "delete", "gi2")
        namespace.run("ip", "link", "add", "gi2", "type", "veth", "peer", "name", "eth0", "netns", two)
        namespace.run("ip", "address", "add", "192.168.1.12/24", "dev", "eth0", space=two)
        namespace.run("ip", "link", "set", "eth0", "up", space=two)
        eventually(lambda: reaches(one, "192.168.1.12"))
        assert ask(reset="factory")
        assert reaches(one, "192.168.1.254")
    finally:
        process.terminate()
        process.communicate(timeout=10)
