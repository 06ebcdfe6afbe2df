# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the switch shows in a terminal: prompts, log lines, refusals, versions, secrets."""

from __future__ import annotations

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sg_cli
from hypothesis import given
from hypothesis import strategies as st

LOG = "22-Jan-2014 10:00:00 %LINK-I-Up:  gi5"


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("\r\n\r\nsw1#", "sw1#"),
        ("sw1> ", "sw1>"),
        ("\r\nsw1(config)#", "sw1(config)#"),
        ("\r\nsw-1.home(config-if-range)#", "sw-1.home(config-if-range)#"),
        ("\n\rsw1(config-vlan)#", "sw1(config-vlan)#"),
        # Not one of these is a prompt, and each has been taken for one.
        ("\r\n description a #", None),
        ("\r\n description a#", None),
        (f"\r\n{LOG} -> gi6>", None),
        ("\r\nsw1# show version", None),
        ("\r\nsw1(standby)#", None),
        ("\r\nConfiguration (config)#", None),
        ("", None),
    ],
)
def test_a_prompt_stands_alone_at_the_end(text: str, prompt: str | None) -> None:
    """A description or log line that ends in # or > is no prompt."""
    assert _sg_cli.find_prompt(text) == prompt


def test_only_the_switchs_own_name_is_a_prompt() -> None:
    """Once the name is known, a line of output that looks like another's prompt is output."""
    text = "show banner\r\nother#"
    assert _sg_cli.find_prompt(text) == "other#"
    assert _sg_cli.find_prompt(text, "sw1") is None
    assert _sg_cli.frame(text, "show banner", "sw1") is None
    # The host's name is no pattern.
    assert _sg_cli.find_prompt("\r\nswx1#", "sw.1") is None


@pytest.mark.parametrize("end", ["\r\n", "\n\r", "\n"])
def test_answer_without_echo_prompt_and_ansi(end: str) -> None:
    """Each firmware ends lines in its own way, and SG350 erases the line before its prompt."""
    text = f"show vlan{end}{end}one{end}two {end}\x1b[Ksw1#"
    assert _sg_cli.frame(text, "show vlan", "sw1") == _sg_cli.Answer("one\ntwo ", prompt="sw1#")


def test_a_log_lines_prompt_ends_no_answer() -> None:
    """A log line makes the switch print its prompt anew; the answer to what was sent meanwhile comes after the echo."""
    text = f"\r\n{LOG}\r\nsw1#"
    assert _sg_cli.frame(text, "show vlan", "sw1") is None
    done = _sg_cli.frame(text + "show vlan\r\none\r\nsw1#", "show vlan", "sw1")
    assert done == _sg_cli.Answer("one", prompt="sw1#")
    # A terminal without echo is heard when it is silent.
    assert _sg_cli.frame("\r\none\r\nsw1#", "show vlan", "sw1", echo=False).text == "one"


def test_a_wrapped_echo_is_one() -> None:
    """On firmware that does not know `terminal width 0`."""
    assert _sg_cli.frame("show interfaces swit\r\nchport gi1\r\nPort : gi1\r\nsw1#", "show interfaces switchport gi1", "sw1").text == "Port : gi1"


@pytest.mark.parametrize(
    ("body", "text", "logs", "torn"),
    [
        (f"{LOG}\r\n", "", (LOG,), False),
        (f"one\r\n{LOG}\r\n", "one", (LOG,), False),
        (f"one\r\n{LOG}\r\ntwo\r\n", "one\ntwo", (LOG,), True),
        (f"one\r\ntw{LOG}\r\no\r\n", "one\ntw\no", (LOG,), True),
        (f"{LOG}\r\none\r\n", "one", (LOG,), False),
        ("% not a log line\r\n", "% not a log line", (), False),
    ],
)
def test_log_lines_are_taken_out(body: str, text: str, logs: tuple[str, ...], torn: bool) -> None:
    """What a log line may have torn is to be read again."""
    assert _sg_cli.split_logs(body) == (text, logs, torn)


_LINES = st.lists(st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=30), max_size=8)


@given(_LINES, st.sampled_from(["sw1#", "sw1(config)#", "sw1(config-if)#"]))
def test_no_part_of_an_answer_is_taken_for_all_of_it(lines: list[str], prompt: str) -> None:
    """However the text arrives in pieces: only an end that is the prompt itself completes it."""
    whole = "\r\n".join(["show running-config", *lines, prompt])
    for end in range(len(whole)):
        framed = _sg_cli.frame(whole[:end], "show running-config", "sw1")
        assert framed is None or whole[:end].endswith(("\nsw1#", "\nsw1# ", "\nsw1>", "\nsw1> ", ")#", ")# "))
    done = _sg_cli.frame(whole, "show running-config", "sw1")
    assert done is not None
    assert done.prompt == prompt


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("\r\n\r\nUser Name:", "user"),
        ("cisco\r\nPassword:", "password"),
        ("*****\r\n\r\nsw1>", "prompt"),
        ("\r\nUs", ""),
        ("Authentication failed\r\npress ENTER key to retry authentication\r\n", "refused"),
        ("Do you want to change the password now (Y/N)[N] ?", "question"),
        ("Enter new password:", "new"),
        ("Enter old password  :", "new"),
        ("Switch Main Menu\r\n 1. Status\r\n", "menu"),
        ("Welcome. No unauthorized use; your name is recorded >", ""),
    ],
)
def test_what_a_login_waits_for(text: str, step: str) -> None:
    """User and password within the session, and the dialogs around them."""
    assert _sg_cli.login_step(text) == step


@pytest.mark.parametrize("text", ["\r\nauthentication failed\r\n", "Bad user name or password", "% Bad secrets"])
def test_a_login_is_refused(text: str) -> None:
    """The text goes into the error."""
    assert _sg_cli.login_refusal(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "refused", "objected"),
    [
        ("", "", ""),
        ("% Unrecognized command", "% Unrecognized command", "% Unrecognized command"),
        ("% missing mandatory parameter\n", "% missing mandatory parameter", "% missing mandatory parameter"),
        # An error without a percent sign.
        (_sg_cli.NO_VLAN, _sg_cli.NO_VLAN, _sg_cli.NO_VLAN),
        (_sg_cli.LOCKED, _sg_cli.LOCKED, _sg_cli.LOCKED),
        # Nothing is wrong with showing this; as the answer to a configuration line it is.
        ("gi1 not found in table", "", "gi1 not found in table"),
        ("This setting will take effect only after copying running configuration to startup configuration and resetting the device", "", ""),
    ],
)
def test_what_counts_as_an_error(text: str, refused: str, objected: str) -> None:
    """A good configuration line is answered with nothing."""
    assert _sg_cli.refusal(text) == refused
    assert _sg_cli.objection(text) == objected


_STARTED = "22-Jan-2014 10:00:00 %COPY-I-FILECPY: Files Copy - source URL running-config destination URL flash://startup-config"
_DONE = "22-Jan-2014 10:00:05 %COPY-N-TRAP: The copy operation was completed successfully"
_BAD = "22-Jan-2014 10:00:05 %COPY-W-TRAP: The copy operation has failed"


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (_sg_cli.Answer("Copy succeeded", (_STARTED, _DONE)), ""),
        (_sg_cli.Answer("", (_STARTED, _DONE)), ""),
        (_sg_cli.Answer("Copy succeeded"), ""),
        (_sg_cli.Answer("Copy: The copy operation has failed", (_STARTED, _BAD)), "Copy: The copy operation has failed"),
        (_sg_cli.Answer("", (_STARTED, _BAD)), _BAD),
        (_sg_cli.Answer("% Unrecognized command"), "% Unrecognized command"),
        (_sg_cli.Answer(""), "it said nothing"),
        (_sg_cli.Answer("", (_STARTED,)), _STARTED),
    ],
)
def test_whether_a_save_succeeded(answer: _sg_cli.Answer, problem: str) -> None:
    """Either text or log lines confirm; anything else does not."""
    assert _sg_cli.save_problem(answer) == problem


_STACK = """\
       Unit             SW version         Boot version         HW version
------------------- ------------------- ------------------- -------------------
         1               1.4.11.5            1.3.5.06               V02
"""
_ACTIVE = """\
Active-image: flash://system/images/image_tesla_hybrid_2.4.5.71_release_cisco_signed.bin
  Version: 2.4.5.71
Inactive-image: flash://system/images/image1.bin
  Version: 2.3.5.63
"""


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("SW version    1.4.11.5 ( date  08-Apr-2020 time  13:49:34 )\nBoot version    1.3.5.06 ( date ...", ("ros1", "1.4.11.5")),
        (_STACK, ("ros1", "1.4.11.5")),
        (_ACTIVE, ("ros2", "2.4.5.71")),
        ("Cisco IOS Software, C2960 Software, Version 15.0(2)SE", ("", "")),
        ("% Invalid input detected at '^' marker.", ("", "")),
    ],
)
def test_dialect(text: str, known: tuple[str, str]) -> None:
    """From `show version` alone."""
    assert _sg_cli.dialect_of(text) == known


def test_an_unknown_device_is_named() -> None:
    """With what it said, and what to do."""
    text = _sg_cli.unknown_device("Cisco IOS Software\nmore")
    assert "'Cisco IOS Software / more'" in text
    assert "SG220" in text


def test_system_values() -> None:
    """Values stand at column 42 and wrap to it; tables end them."""
    text = (
        "System Description:                       SG350-28 28-Port Gigabit\n"
        "                                          Managed Switch\n"
        "System Up Time (days,hour:min:sec):       07,00:53:10\n"
        "System Contact:\n"
        "System Name:                              sw1\n"
        "Fans Status:                              OK\n"
        "Unit       Type\n"
        "---- -------------\n"
    )
    assert _sg_cli.system_values(text) == {
        "System Description": "SG350-28 28-Port Gigabit Managed Switch",
        "System Up Time (days,hour:min:sec)": "07,00:53:10",
        "System Contact": "",
        "System Name": "sw1",
        "Fans Status": "OK",
    }


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("username cisco password encrypted 0123abcd privilege 15", "username cisco password encrypted ******** privilege 15"),
        ("username ansible password Plain.1 privilege 15", "username ansible password ******** privilege 15"),
        ("enable password level 15 encrypted 0123abcd", "enable password level 15 encrypted ********"),
        ("snmp-server community public ro view Default", "snmp-server community ******** ro view Default"),
        ("encrypted snmp-server community AbC= ro", "encrypted snmp-server community ******** ro"),
        ("encrypted radius-server host 10.0.0.1 key AbC= priority 1", "encrypted radius-server host 10.0.0.1 key ******** priority 1"),
        ("encrypted tacacs-server key AbC=", "encrypted tacacs-server key ********"),
        ("encrypted sntp authentication-key 1 md5 AbC=", "encrypted sntp authentication-key 1 md5 ********"),
        ("ssd-control-end cb0a3fdb", "ssd-control-end ********"),
        (" description username and password", " description username and password"),
        ("hostname sw1", "hostname sw1"),
    ],
)
def test_secrets_are_masked(line: str, shown: str) -> None:
    """All but the secret stays."""
    assert _sg_cli.mask(line) == shown


def test_key_blocks_are_masked() -> None:
    """From one end of the block to the other."""
    text = "crypto key import rsa\n---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: RSA\nAAAA\n---- END SSH2 PRIVATE KEY ----\n.\nexit"
    shown = _sg_cli.mask(text)
    assert "AAAA" not in shown
    assert shown.split("\n")[-2:] == [".", "exit"]


def test_bodies_are_compared_without_header() -> None:
    """Name, version and SSD block are no settings, and neither are blanks at the ends of lines."""
    one = "config-file-header\nsw1\nv1.4\n@\nssd-control-end aa\n!\nvlan database\nvlan 2\nexit\ninterface vlan 2\n name LAN \n!\n"
    two = "config-file-header\nsw1\nv1.4\n@\nssd-control-end bb\n!\nvlan database\nvlan 2\nexit\ninterface vlan 2\n name LAN\n!\n"
    assert _sg_cli.body(one) == _sg_cli.body(two) != _sg_cli.body(two.replace("vlan 2\nexit", "vlan 3\nexit"))
    assert _sg_cli.body("") == ""


def test_missing_lines_keep_their_context() -> None:
    """`vlan database` has no indented body, and an interface has."""
    running = "vlan database\nvlan 2\nexit\nhostname sw1\n!\ninterface gi1\n description x\n!\n"
    wanted = "vlan database\nvlan 2\nvlan 3\nexit\nhostname sw1\ninterface gi1\n description x\n switchport mode access\ninterface gi2\n description x\n"
    assert _sg_cli.missing_lines(wanted, running) == [
        "vlan database", "vlan 3", "exit", "interface gi1", "switchport mode access", "exit", "interface gi2", "description x", "exit",
    ]  # fmt: skip
    assert _sg_cli.missing_lines(running, running) == []


def test_what_a_stopped_batch_says() -> None:
    """What was sent, what was not, and no secret."""
    text = _sg_cli.stopped("sw1", ["vlan database", "vlan 2", "username a password b privilege 15", "exit"], 2, "it answered 'x'")
    assert "line 3 of 4" in text
    assert "2, which are in effect: `vlan database`; `vlan 2`" in text
    assert "Not sent, 1: `exit`" in text
    assert "password b" not in text
