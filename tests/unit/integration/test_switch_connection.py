# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logging in by each way, showing, configuring and saving, and what goes wrong in their midst."""

from __future__ import annotations

import re

import pytest
from switch.cli import tree

OPENED = ["terminal datadump", "terminal width 0", "terminal no prompt"]
ENABLE = {"ansible_become": True, "ansible_become_password": "enable-lab"}
WAYS = {
    "password": {"auth": "password"},
    "kbdint": {"auth": "kbdint"},
    "inband": {"auth": "none+inband"},
    "twice": {"auth": "password+inband"},
    "enable": {"auth": "enable", "variables": ENABLE},
    "expired": {"auth": "expired"},
}
REFUSED = {
    "wrong": ({"auth": "password", "variables": {"ansible_password": "wrong"}}, "denied"),
    "wrong inband": ({"auth": "none+inband", "variables": {"ansible_password": "wrong"}}, "does not let 'cisco' in .*correct ansible_user or ansible_password"),
    "wrong enable": ({"auth": "enable", "variables": {**ENABLE, "ansible_become_password": "wrong"}}, "correct ansible_become_password"),
    "unset enable": ({"auth": "enable", "variables": {"ansible_become": True}}, "ansible_become_password is not set"),
    "no enable": ({"auth": "enable"}, "'% Unrecognized command'.*privilege 15.*ansible_become"),
    "unset inband": ({"auth": "none+inband", "variables": {"ansible_password": None}}, "ansible_password is not set"),
    "answered twice": ({"variables": {"ansible_terminal_initial_prompt": ["User Name:"]}}, "ansible_terminal_initial_prompt is set"),
    "full": ({"auth": "password", "faults": {"session_cap": -1}}, "session was lost|ssh connection failed"),
}
VLANS = ["vlan database", "vlan 2-3", "exit"]


@pytest.mark.parametrize("dialect", ["ros1", "ros2"])
@pytest.mark.parametrize("way", WAYS)
def test_each_way_in(house, dialect, way):
    """One session for all that is asked, with the terminal set up once."""
    switch = house.open(f"{way} {dialect}", dialect=dialect, **WAYS[way])
    # A final line end is the text's own.
    assert switch.call("get_config") == switch.running().rstrip("\n") + "\n"
    begin = [*(["enable", "*" * 10] if way == "enable" else []), *OPENED]
    assert switch.transcript == [*begin, "show running-config"]
    assert switch.call("edit_config", [*VLANS, "interface gi3", ' description "a # b>"'])["response"] == [""] * 5
    assert '"a # b>"' in switch.call("get", "show running-config")
    info = switch.call("get_device_info")
    assert info == {
        "network_os": "homerouter.tripleplay.sg",
        "network_os_dialect": dialect,
        "network_os_hostname": "sw1",
        "network_os_model": {"ros1": "SG300-10", "ros2": "SG350-10"}[dialect],
        "network_os_version": {"ros1": "1.4.11.5", "ros2": "2.4.5.71"}[dialect],
    }
    assert "Copy succeeded" in switch.call("save_config")
    assert switch.call("get_config", "startup") == switch.call("get_config") == switch.running().rstrip("\n") + "\n"
    assert switch.transcript.count("terminal datadump") == 1


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_wrong_with_a_login(house, name):
    """Said with variable and cure, after one try."""
    options, expected = REFUSED[name]
    switch = house.open(name, **options)
    text = switch.error("get_config")
    assert re.search(expected, text, re.IGNORECASE | re.DOTALL), text
    assert "cisco-lab" not in text
    assert "configure terminal" not in switch.transcript


def test_an_expired_password_is_a_warning(house):
    """The dialog is answered with No, and the password stays."""
    switch = house.open("aged", auth="expired")
    answer = house.client.ask(host="aged", call="get", args=["show version"])
    assert [text for level, text in answer["messages"] if level == "warning"][0].startswith("The password of cisco on the switch has exceeded its lifetime")
    assert switch.emulator.knows("cisco", "cisco-lab")


def test_noise_is_no_answer(house):
    """Log lines in the middle of what is shown, and pieces that end within the prompt: what was torn is read again."""
    switch = house.open("noise", auth="none+inband", faults={"split_output": True, "erase_line": True})
    switch.call("edit_config", VLANS)
    assert switch.configured() == VLANS
    switch.emulator.faults.log_lines = 2
    switch.transcript.clear()
    assert switch.call("get_config") == switch.running().rstrip("\n") + "\n"
    assert switch.transcript == ["show running-config"] * 3


def test_a_new_name_is_followed(house):
    """The prompt is known by the switch's name, which a line may change."""
    switch = house.open("renamed")
    switch.call("edit_config", ["hostname sw2", *VLANS, "no hostname"])
    assert switch.call("get_device_info")["network_os_hostname"] == switch.emulator.device.hostname


@pytest.mark.parametrize(
    ("lines", "at", "why"),
    [
        ([*VLANS, "bogus", "vlan database", "vlan 5"], 4, "it answered '% Unrecognized command'"),
        # An answer without a percent sign is one too.
        (["interface gi1", "switchport trunk allowed vlan add 77", "description x"], 2, "VLAN was not created by user"),
        (["vlan database", "vlan 5-2", "vlan 5"], 2, "% bad parameter value"),
        # One exit too many would have the rest carried out as commands.
        (["vlan database", "exit", "exit", "reload"], 3, "it left the configuration mode"),
    ],
)
def test_the_first_refused_line_ends_a_batch(house, lines, at, why):
    """The rest is not sent, `end` is, and the error says all of it."""
    switch = house.open(f"refused {at} {lines[at - 1]}")
    text = switch.error("edit_config", lines)
    assert switch.transcript == [*OPENED, "configure terminal", *lines[:at], "end"]
    assert f"line {at} of {len(lines)}, `{lines[at - 1]}`" in text
    assert why in text
    assert f"Lines sent before it, {at - 1}" in text
    assert f"Not sent, {len(lines) - at}: `{lines[at]}`" in text
    assert "a power-cycle brings the saved configuration back" in text
    assert switch.emulator.device.startup is None


def test_a_locked_database_is_asked_again(house):
    """The web pages write for a moment; a line is sent again, and given up after three more tries."""
    switch = house.open("locked", faults={"database_locked": 2}, variables={"lock_seconds": 0.05})
    switch.call("edit_config", VLANS)
    assert switch.configured() == ["vlan database"] * 2 + VLANS
    switch.transcript.clear()
    switch.emulator.faults.database_locked = 4
    text = switch.error("edit_config", ["hostname sw2"])
    assert switch.transcript == ["configure terminal", *["hostname sw2"] * 4, "end"]
    assert "somebody else is writing the configuration" in text


def test_a_lost_link_is_told_from_a_refusal(house):
    """What was sent, that the last line's fate is not known, and a new session the next time."""
    switch = house.open("lost", faults={"lose_link_after": 2})
    text = switch.error("edit_config", [*VLANS, "hostname sw2"])
    assert switch.transcript == [*OPENED, "configure terminal", "vlan database", "vlan 2-3"]
    assert "line 2 of 4, `vlan 2-3`" in text
    assert "the session with the switch was lost" in text
    assert "Whether this line took effect is not known" in text
    assert "Not sent, 2: `exit`; `hostname sw2`" in text
    assert switch.emulator.device.startup is None
    assert switch.call("get", "show version")
    assert switch.transcript[-4:] == [*OPENED, "show version"]


def test_an_idle_switch_hangs_up(house):
    """A session that ended in the meantime is an error once, and no hang."""
    switch = house.open("idle")
    switch.call("get", "show version")
    switch.emulator.faults.idle_timeout = 0.1
    switch.call("get", "show version")
    house.until(lambda: not switch.emulator.connections)
    text = switch.error("get", "show version")
    assert "session with the switch was lost" in text
    switch.emulator.faults.idle_timeout = 0
    assert switch.call("get", "show version")


def test_a_hanging_switch_is_given_up(house):
    """With the time it was given, and what it said last."""
    switch = house.open("hanging", faults={"slow_save": 9}, variables={"ansible_command_timeout": 1})
    switch.call("get", "show version")
    text = switch.error("get", "write memory")
    assert "did not answer within 1 seconds" in text


def test_saving(house):
    """Slow, failing, and on firmware that asks although it was told not to."""
    switch = house.open("saving", faults={"slow_save": 1.5}, variables={"ansible_command_timeout": 1})
    switch.call("edit_config", VLANS)
    answer = switch.module("sg_save")
    assert (answer["changed"], answer["saved"]) == (True, True)
    assert answer["diff"]["before"] == ""
    assert "username cisco password encrypted ******** privilege 15" in answer["diff"]["after"]
    assert switch.emulator.device.startup == switch.running()
    switch.emulator.faults.slow_save = 0
    switch.transcript.clear()
    answer = switch.module("sg_save")
    assert (answer["changed"], answer["saved"], "diff" in answer) == (False, True, False)
    assert switch.transcript == ["show running-config", "show startup-config"]

    switch.call("edit_config", ["hostname sw2"])
    answer = switch.module("sg_save", check=True)
    assert (answer["changed"], answer["saved"]) == (True, False)
    answer = switch.module("sg_save", save="never")
    assert (answer["changed"], answer["saved"]) == (False, False)
    assert "write memory" not in switch.transcript
    switch.emulator.faults.failing_save = True
    answer = switch.module("sg_save")
    assert (answer["failed"], answer["saved"]) == (True, False)
    assert "did not save its configuration: 'Copy: The copy operation has failed'" in answer["msg"]
    assert "hostname sw1" in switch.emulator.device.startup
    switch.emulator.faults.failing_save = False
    # As firmware that does not know `terminal no prompt`.
    switch.call("get", "terminal prompt")
    switch.transcript.clear()
    assert switch.module("sg_save")["saved"]
    assert switch.transcript[2:4] == ["write memory", "Y"]
    assert switch.module("sg_save", save="always")["changed"]


def test_a_line_that_asks_gets_no(house):
    """Nothing is agreed to that nobody has thought of."""
    switch = house.open("asking")
    switch.call("get", "terminal prompt")
    switch.transcript.clear()
    text = switch.error("edit_config", ["do write memory", "hostname sw2"])
    assert "it asked 'Overwrite file [startup-config].... (Y/N)[N] ?" in text
    assert switch.emulator.device.startup is None
    assert switch.transcript == ["configure terminal", "do write memory", "N", "end"]


def test_a_stranger_is_named(house, monkeypatch):
    """What is no switch of these families is told so."""
    switch = house.open("stranger")
    monkeypatch.setattr(tree("ros1", "exec").words["show"].words["version"], "run", lambda _cli: "Cisco IOS Software, C2960\nmore")
    text = switch.error("get_device_info")
    assert "'Cisco IOS Software, C2960 / more'" in text
    assert "SG220 has another command line" in text


def test_a_mode_that_was_left_open_is_left(house):
    """What a task began by hand does not reach the next one."""
    switch = house.open("open mode")
    switch.call("get", "configure terminal")
    switch.call("get", "show version")
    assert switch.transcript == [*OPENED, "configure terminal", "end", "show version"]


def test_an_answer_of_ones_own(house):
    """cli_command's prompt and answer."""
    switch = house.open("own answer")
    switch.call("get", "terminal prompt")
    assert "Copy succeeded" in switch.call("get", command="write memory", prompt=r"\(Y/N\)", answer="Y", newline=False)
    assert switch.call("get_config", "startup") == switch.call("get_config")


@pytest.mark.parametrize("auth", ["none+inband", "enable"])
def test_the_same_process_can_begin_anew(house, auth):
    """As meta: reset_connection does: the second session is logged in like the first."""
    switch = house.open(f"anew {auth}", auth=auth, variables=ENABLE if auth == "enable" else None)
    switch.call("get_config")
    switch.call("reset")
    switch.call("get_config")
    assert switch.transcript.count("terminal datadump") == 2


def test_a_line_that_cuts_the_way(house):
    """The session dies with it; the error says how far it came, and a power-cycle brings the switch back."""
    switch = house.open("cut", lines="vlan database\nvlan 2\nexit\n")
    text = switch.error("edit_config", ["hostname sw2", "interface gi10", "switchport mode access", "switchport access vlan 2", "interface gi9"])
    assert "line 4 of 5, `switchport access vlan 2`" in text
    assert "the session with the switch was lost" in text
    assert "a power-cycle brings the saved configuration back" in text
    assert "session was lost" in switch.error("get", "show version") or not switch.emulator.reachable()
    switch.emulator.device.boot()
    switch.emulator.device.changed()
    assert switch.call("get_device_info")["network_os_hostname"] == "sw1"
