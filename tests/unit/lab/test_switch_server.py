# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated switch over SSH: log-in dialogs, line discipline, pager, questions, faults, and the lock-out."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import asyncssh
import pytest
from switch import Emulator
from switch.device import CliError, Faults

LAB = Path(__file__).resolve().parents[3] / "lab"
PAGER = "More: <space>,  Quit: q or CTRL+Z, One line: <return> "
QUESTION = "Overwrite file [startup-config].... (Y/N)[N] ?"
DIALECTS = ("ros1", "ros2")


# -- logging in --


@pytest.mark.parametrize("crypto", ["modern", "legacy"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_password(house, dialect, crypto):
    switch = house.switch(dialect=dialect, crypto=crypto)
    person = house.connect(switch)
    assert person.expect("#") == "\r\n\r\nsw1#"
    with pytest.raises(asyncssh.PermissionDenied):
        house.connect(switch, password="wrong")


def test_keyboard_interactive(house):
    switch = house.switch(auth="kbdint")
    assert house.connect(switch, preferred_auth="keyboard-interactive").expect("#").endswith("sw1#")
    with pytest.raises(asyncssh.PermissionDenied):
        house.connect(switch, preferred_auth="password")


@pytest.mark.parametrize("auth", ["none+inband", "password+inband"])
def test_the_command_line_asks_itself(house, auth):
    switch = house.switch(auth=auth)
    person = house.connect(switch, preferred_auth="none" if auth == "none+inband" else "password")
    assert person.expect(":") == "\r\n\r\nUser Name:"
    assert person.type("cisco\r", ":") == "cisco\r\nPassword:"
    assert person.type("wrong\r", ":") == "*****\r\n\r\n\r\nUser Name:"
    person.type("cisco\r", ":")
    assert person.type(f"{switch.password}\r", "#") == "*" * len(switch.password) + "\r\n\r\n\r\nsw1#"
    assert switch.transcript == []


def test_three_misses_end_the_session(house):
    switch = house.switch(auth="none+inband")
    person = house.connect(switch)
    person.expect(":")
    for _attempt in range(2):
        person.type("cisco\r", ":")
        person.type("wrong\r", ":")
    person.type("cisco\r", ":")
    with pytest.raises(EOFError, match="authentication failed"):
        person.type("wrong\r", "#")


def test_enable(house):
    switch = house.switch(auth="enable")
    person = house.connect(switch)
    assert person.expect(">").endswith("sw1>")
    assert person.do("show running-config", ">") == "% Unrecognized command"
    assert person.type("enable\r", ":") == "enable\r\nPassword:"
    assert person.type("wrong\r", ":") == "*****\r\nPassword:"
    assert person.type(f"{switch.enable_password}\r", "#").endswith("\r\nsw1#")
    # Nobody finds a password in the transcript.
    assert switch.transcript == ["show running-config", "enable", "*****", "*" * len(switch.enable_password)]


@pytest.mark.parametrize("answer", ["N", "Y"])
def test_an_expired_password(house, answer):
    switch = house.switch(auth="expired")
    person = house.connect(switch)
    assert "Your password has exceeded the maximum lifetime" in person.expect("?")
    if answer == "Y":
        person.type("Y", "new password:")
        person.type("another\r", "new password:")
        person.type("another\r", "#")
        assert switch.knows("cisco", "another")
    else:
        assert person.type("N", "#").endswith("sw1#")
        assert switch.knows("cisco", switch.password)


def test_modern_clients_and_old_firmware_do_not_understand_each_other(house):
    switch = house.switch(crypto="legacy")
    for algorithm in ("kex_algs", "encryption_algs", "mac_algs", "server_host_key_algs"):
        options = {algorithm: {"kex_algs": ["ecdh-sha2-nistp256"], "encryption_algs": ["aes128-ctr"], "mac_algs": ["hmac-sha2-256"],
                               "server_host_key_algs": ["rsa-sha2-256"]}[algorithm]}  # fmt: skip
        with pytest.raises(asyncssh.KeyExchangeFailed):
            house.connect(switch, **options)


def test_one_shell_for_each_connection_and_no_command(house):
    switch = house.switch()
    person = house.log_in(switch)
    with pytest.raises(asyncssh.ChannelOpenError):
        house.run(person.connection.open_session())
    person.connection.abort()

    async def command() -> None:
        async with asyncssh.connect(
            "127.0.0.1", switch.number, username="cisco", password=switch.password, known_hosts=None, config=None, client_keys=None
        ) as connection:
            await connection.create_process("show version")

    with pytest.raises(asyncssh.ChannelOpenError):
        house.run(command())


# -- the terminal --


def test_every_key_comes_back(house):
    person = house.log_in(house.switch())
    assert person.type("sh", "h") == "sh"
    assert person.type("ow clokc\b\bck\r", "#").startswith("ow clokc\b \b\b \bck\r\n")


def test_cr_and_lf_are_two_lines(house):
    switch = house.switch()
    person = house.log_in(switch)
    seen = person.type("show system id\r\n", "sw1#\r\nsw1#")
    assert seen == "show system id\r\nSerial number : LAB00000001\r\nsw1#\r\nsw1#"
    assert switch.transcript == ["show system id", ""]


def test_control_z_and_a_question_mark(house):
    person = house.log_in(house.switch())
    person.do("configure")
    person.do("interface gi1")
    assert person.type("descr\x1a", "sw1#").endswith("descr\r\nsw1#")
    assert person.type("show sys?", "sw1#show sys") == "show sys?\r\n  system\r\nsw1#show sys"
    assert person.type("tem id\r", "#") == "tem id\r\nSerial number : LAB00000001\r\nsw1#"


def test_pages(house):
    switch = house.switch()
    person = house.connect(switch)
    person.expect("#")
    whole = switch.device.running_config().splitlines()
    person.do("terminal width 0")
    first = person.type("show running-config\r", PAGER).split("\r\n")
    assert first[1:-1] == whole[:23]
    line = person.type("\r", PAGER)
    assert line == "\r" + " " * len(PAGER) + "\r" + whole[23] + "\r\n" + PAGER
    assert person.type(" ", "#").endswith("sw1#")
    person.type("show running-config\r", PAGER)
    assert person.type("q", "#") == "\r" + " " * len(PAGER) + "\rsw1#"
    person.do("terminal datadump")
    assert len(person.do("show running-config").splitlines()) == len(whole)


def test_lines_break_at_eighty_columns(house):
    switch = house.switch()
    person = house.connect(switch)
    person.expect("#")
    person.do("terminal datadump")
    narrow = person.do("show ip igmp snooping groups").splitlines()
    assert max(map(len, narrow)) == 80
    person.do("terminal width 0")
    assert max(map(len, person.do("show ip igmp snooping groups").splitlines())) > 80


def test_output_comes_at_once(house):
    switch = house.switch()
    person = house.log_in(switch)
    start = time.monotonic()
    for _number in range(50):
        assert person.do("show running-config") == switch.device.running_config().rstrip("\n")
    # A few milliseconds each; a machine that does other things too may take ten times as long.
    assert time.monotonic() - start < 2.5


# -- saving and restarting --


@pytest.mark.parametrize("command", ["write memory", "write", "copy running-config startup-config"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_saving_asks_first(house, command, dialect):
    switch = house.switch(dialect=dialect)
    person = house.connect(switch)
    person.expect("#")
    assert person.type(f"{command}\r", "?").endswith(f"\r\n{QUESTION}")
    assert person.type("N", "#") == "N\r\nsw1#"
    assert switch.device.startup is None
    person.type(f"{command}\r", "?")
    lines = person.type("Y", "#").split("\r\n")
    url = {"ros1": "flash://startup-config", "ros2": "flash://system/configuration/startup-config"}[dialect]
    assert lines[0] == "Y"
    assert lines[1].endswith(f"%COPY-I-FILECPY: Files Copy - source URL running-config destination URL {url}")
    assert lines[2].endswith("%COPY-N-TRAP: The copy operation was completed successfully")
    assert lines[3:] == ["Copy succeeded", "sw1#"]
    assert switch.device.startup == switch.device.running_config()
    assert person.do("terminal datadump") == ""
    assert person.do("show startup-config") == person.do("show running-config")


def test_saving_without_questions(house):
    switch = house.switch()
    person = house.log_in(switch)
    assert person.do("do write") == "% Unrecognized command"
    person.do("configure")
    assert person.do("do write").endswith("Copy succeeded")
    assert switch.device.startup


def test_reload_is_the_way_back(house):
    switch = house.switch()
    person = house.log_in(switch)
    person.configure("vlan database", "vlan 2")
    person.do("write memory")
    person.configure("vlan database", "vlan 3")
    with pytest.raises(EOFError):
        person.do("reload")
    assert set(switch.device.vlans) == {1, 2}
    assert house.log_in(switch).do("show vlan tag 3").splitlines()[-1].startswith("----")


def test_reload_asks(house):
    switch = house.switch()
    person = house.connect(switch)
    person.expect("#")
    assert "haven't saved" in person.type("reload\r", "[N] ")
    assert person.type("Y", "[N] ").endswith("Do you want to continue ? (Y/N)[N] ")
    assert person.type("N", "#") == "N\r\nsw1#"
    assert switch.connections


# -- faults --


def test_a_log_line_in_the_middle(house):
    switch = house.switch(faults={"log_lines": 1, "log_text": "%LINK-W-Down:  gi5"})
    person = house.log_in(switch)
    plain = switch.device.running_config().splitlines()
    first, second = person.do("show running-config").splitlines(), person.do("show running-config").splitlines()
    assert second == plain
    added = [line for line in first if "%LINK-W-Down:  gi5" in line]
    assert len(added) == 1
    assert first.index(added[0]) not in (0, len(first) - 1)
    assert [line for line in first if line != added[0]] == plain


def test_a_locked_database(house):
    switch = house.switch(faults={"database_locked": 1})
    person = house.log_in(switch)
    person.do("configure")
    assert person.do("hostname other") == "Configuration Database locked by another application - try later"
    assert switch.device.hostname == "sw1"
    assert person.do("hostname other") == ""
    assert switch.device.hostname == "other"


def test_slow_and_failing_saves(house):
    switch = house.switch(faults={"slow_save": 0.2})
    person = house.log_in(switch)
    start = time.monotonic()
    assert "Copy succeeded" in person.do("write memory")
    assert time.monotonic() - start >= 0.2
    switch.faults.failing_save = True
    switch.device.startup = None
    answer = person.do("write memory")
    assert "Copy succeeded" not in answer
    assert "has failed" in answer
    assert switch.device.startup is None


def test_prompts_in_pieces_and_behind_an_escape(house):
    switch = house.switch(faults={"split_output": True, "erase_line": True})
    person = house.connect(switch)
    pieces = []

    async def read() -> None:
        while not "".join(pieces).endswith("sw1#"):
            pieces.append(await asyncio.wait_for(person._out.read(65536), 10))

    house.run(read())
    assert "".join(pieces) == "\r\n\r\n\x1b[Ksw1#"
    assert pieces[-1] == "1#"
    person.do("terminal datadump")
    person.do("terminal width 0")
    shown = person.do("show running-config").replace("\x1b[K", "")
    assert shown.splitlines() == switch.device.running_config().splitlines()


def test_idle_sessions_end(house):
    switch = house.switch(faults={"idle_timeout": 0.2})
    person = house.connect(switch)
    person.expect("#")
    with pytest.raises(EOFError):
        person.expect("never")
    assert not switch.device.logins


def test_too_many_sessions(house):
    switch = house.switch(faults={"session_cap": 1})
    person = house.log_in(switch)
    with pytest.raises((asyncssh.ConnectionLost, ConnectionError)):
        house.connect(switch)
    assert person.do("show clock")


def test_a_link_that_is_lost_after_two_lines(house):
    switch = house.switch(faults={"lose_link_after": 2})
    person = house.log_in(switch)
    person.do("configure")
    person.do("vlan database")
    with pytest.raises(EOFError):
        person.do("vlan 2-3")
    assert set(switch.device.vlans) == {1, 2, 3}
    # What was carried out is in effect, and nothing is saved.
    assert house.log_in(switch).do("show running-config").count("vlan 2-3")


# -- the lock-out --

CUTS = {
    "ros1": [
        ["interface gi10", "switchport trunk native vlan 100"], ["interface gi10", "switchport mode access", "switchport access vlan 100"],
        ["interface gi10", "switchport trunk native vlan none"], ["interface gi10", "shutdown"], ["interface gi10", "port monitor gi1"],
        ["interface vlan 1", "no ip address"], ["interface gi10", "channel-group 1 mode on"],
    ],
    "ros2": [
        ["interface gi10", "switchport access vlan 100"], ["interface gi10", "switchport mode trunk", "switchport trunk allowed vlan remove 1"],
        ["monitor session 1 source interface gi1", "monitor session 1 destination interface gi10"],
    ],
}  # fmt: skip


@pytest.mark.parametrize(("dialect", "lines"), [(dialect, lines) for dialect, cuts in CUTS.items() for lines in cuts])
def test_who_cuts_his_own_branch_falls(house, dialect, lines):
    switch = house.switch(dialect=dialect)
    person = house.log_in(switch)
    for line in ("configure", "vlan database", "vlan 100", "exit", *lines[:-1]):
        assert person.do(line) == ""
    with pytest.raises(EOFError):
        person.do(lines[-1])
    with pytest.raises((asyncssh.ConnectionLost, ConnectionError)):
        house.connect(switch)


def test_other_ports_may_go_anywhere(house):
    switch = house.switch()
    person = house.log_in(switch)
    person.configure("vlan database", "vlan 100", "exit", "interface range gi1-9", "switchport mode access", "switchport access vlan 100", "shutdown")
    assert person.do("show clock")


def test_the_way_back_to_the_client_can_be_found(house):
    person = house.log_in(house.switch(client_port="gi4"))
    address = person.do("show users").splitlines()[-1].split()[-1]
    mac = next(line.split()[-2] for line in person.do("show arp").splitlines() if address in line)
    assert next(line.split()[2] for line in person.do("show mac address-table").splitlines() if mac in line) == "gi4"


# -- the control socket --


def test_a_restored_configuration_leaves_nothing_of_the_last_one():
    emulator = Emulator(faults={"database_locked": 3})
    told = []
    emulator.device.watchers.append(lambda: told.append(emulator.device.running_config()))
    # The configuration that the lab's scenarios begin with, given to a switch that has been used.
    text = (LAB.parent / "molecule" / "shared" / "startup-config").read_text(encoding="ascii")
    assert emulator.control({"restore": text}) == {"restore": True}
    fresh = emulator.device.running_config()
    emulator.control({"lines": ["vlan database", "vlan 7", "exit", "interface gi2", "switchport trunk allowed vlan add 7"], "save": True})
    emulator.control({"fault": {"failing_save": True}})
    told.clear()
    emulator.control({"restore": text})
    # In one step: a port that differs from nothing is not touched in between.
    assert told == [fresh] == [emulator.device.startup]
    assert emulator.faults == Faults()
    assert {name: set(emulator.device.members(name)) for name in ("gi1", "gi2", "gi3", "gi9", "gi10")} == {
        "gi1": {2, 3, 6}, "gi2": {1, 2, 3, 6, 100}, "gi3": {100}, "gi9": {100}, "gi10": {1}
    }  # fmt: skip
    assert emulator.device.snoops(100) and not emulator.device.snoops(2)


def test_a_configuration_that_is_refused_is_not_restored():
    emulator = Emulator()
    before = emulator.device.running_config()
    with pytest.raises(CliError, match="warp 9"):
        emulator.control({"restore": "hostname other\nwarp 9\n"})
    assert emulator.device.running_config() == before and emulator.device.startup is None


def test_lines_that_are_carried_out_reach_the_bridge_whatever_follows():
    emulator = Emulator()
    told = []
    emulator.device.watchers.append(lambda: told.append(emulator.device.filtering))
    assert emulator.control({"lines": ["bridge multicast filtering"]}) == {"lines": True}
    with pytest.raises(CliError, match="warp 9"):
        emulator.control({"lines": ["no bridge multicast filtering", "warp 9", "hostname other"]})
    assert told == [True, False]
    assert emulator.device.hostname == "sw1"


# -- as a process --


def test_a_process_with_a_control_socket(tmp_path):
    startup, control = tmp_path / "startup", tmp_path / "control"

    def start() -> tuple[subprocess.Popen[str], int]:
        process = subprocess.Popen(
            [sys.executable, "-m", "switch", "--dialect", "ros2", "--control", control, "--startup", startup, "--client-port", "gi10"],
            cwd=LAB, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        line = process.stdout.readline()
        assert line.startswith("listening on 127.0.0.1:")
        return process, int(line.rpartition(":")[2])

    def ask(**question: object) -> dict[str, object]:
        done = subprocess.run(
            [sys.executable, "-m", "switch", "--control", control, "--ask", json.dumps(question)], cwd=LAB, capture_output=True, text=True, check=False
        )
        return json.loads(done.stdout)

    async def change(number: int) -> str:
        async with asyncssh.connect(
            "127.0.0.1", number, username="cisco", password="cisco-lab", known_hosts=None, config=None, client_keys=None
        ) as connection:
            inward, outward, _errors = await connection.open_session(term_type="vt100", encoding="latin-1")
            for line in ("configure", "hostname kept", "end", "terminal no prompt", "write", "exit"):
                inward.write(f"{line}\r")
            return await asyncio.wait_for(outward.read(), 10)

    process, number = start()
    try:
        assert ask(fault={"slow_save": 0.01})["fault"]["slow_save"] == 0.01
        assert "no fault" in ask(fault={"warp": 1})["error"]
        assert "Copy succeeded" in asyncio.run(change(number))
        assert ask(transcript=True) == {"transcript": ["configure", "hostname kept", "end", "terminal no prompt", "write", "exit"]}
        assert "hostname kept" in ask(running=True)["running"]
    finally:
        process.terminate()
        process.communicate(timeout=10)
    process, number = start()
    try:
        assert "hostname kept" in ask(running=True)["running"]
        assert ask(reset="factory") == {"reset": "factory"}
        assert "hostname sw1" in ask(running=True)["running"]
        assert not startup.exists()
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_what_a_command_prints_can_be_had_without_a_session():
    emulator = Emulator()
    emulator.device.unplugged = {"gi3"}
    rows = {line.split()[0]: line.split()[-3] for line in emulator.control({"show": "interfaces status"})["show"].splitlines() if line.startswith("gi")}
    assert rows["gi2"] == "Up" and "Down" in emulator.control({"show": "interfaces status gi3"})["show"]
    assert emulator.transcript == []
