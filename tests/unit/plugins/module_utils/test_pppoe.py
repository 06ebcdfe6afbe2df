# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery packets, also from hostile hands; pppd's files; diagnoses."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _pppoe

OURS = bytes(range(12))
AC = bytes.fromhex("020000000601")
PC = bytes.fromhex("020000000602")


def tag(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value


ORDINARY = tag(0x0101, b"") + tag(0x0102, b"lab-concentrator") + tag(0x0103, OURS) + tag(0x0104, b"cookie")


def pado(
    tags: bytes = ORDINARY,
    *,
    source: bytes = AC,
    kind: bytes = b"\x88\x63",
    vlan: bytes = b"",
    head: bytes = b"\x11\x07",
    session: int = 0,
    length: int | None = None,
) -> bytes:
    return PC + source + vlan + kind + head + struct.pack("!HH", session, len(tags) if length is None else length) + tags


def test_padi_octet_for_octet():
    # As pppd 2.5.2 sends it (without a Host-Uniq of this length), padded to Ethernet's shortest frame.
    frame = _pppoe.padi(PC, b"\x01\x02")
    assert frame[:14] == b"\xff" * 6 + PC + b"\x88\x63"
    assert frame[14:30] == bytes.fromhex("11090000000a 01010000 01030002 0102".replace(" ", ""))
    assert frame[30:] == b"\0" * 30


def test_padi_with_service_and_tag():
    frame = _pppoe.padi(PC, OURS, "tv", vlan=6)
    assert frame[12:18] == bytes.fromhex("810000068863")
    assert tag(0x0101, b"tv") in frame


@pytest.mark.parametrize("vlan", [0, 4095, -1])
def test_padi_refuses_impossible_ids(vlan):
    with pytest.raises(ValueError, match="VLAN id"):
        _pppoe.padi(PC, OURS, vlan=vlan)


def test_offer_is_read():
    offer = _pppoe.read_pado(pado(), OURS)
    assert offer == _pppoe.Offer("lab-concentrator", "02:00:00:00:06:01", ("",), None)


def test_offer_with_padding_and_several_services():
    tags = ORDINARY + tag(0x0101, b"internet") + tag(0, b"") + b"rubbish behind the end"
    offer = _pppoe.read_pado(pado(tags) + b"\0" * 20, OURS)
    assert offer is not None and offer.services == ("", "internet")


def test_vlan_of_the_frame_or_of_the_kernel():
    inside = _pppoe.read_pado(pado(vlan=bytes.fromhex("8100e006")), OURS)
    assert inside is not None and inside.vlan == 6
    beside = _pppoe.read_pado(pado(), OURS, vlan=20)
    assert beside is not None and beside.vlan == 20


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        PC + AC,
        pado(kind=b"\x08\x00"),
        pado(kind=b"\x88\x64"),
        pado(head=b"\x11\x09"),
        pado(head=b"\x11\x65"),
        pado(head=b"\x21\x07"),
        pado(session=1),
        pado(source=b"\x01\0\0\0\0\0"),
        pado(source=b"\xff" * 6),
        pado(length=len(ORDINARY) + 1),
        pado(length=len(ORDINARY) - 1),
        pado(tag(0x0101, b"") + tag(0x0103, OURS)),
        pado(tag(0x0102, b"other's answer") + tag(0x0103, OURS[::-1])),
        pado(tag(0x0102, b"no host-uniq")),
        pado(tag(0x0103, OURS) + b"\x01\x02\xff\xffshort"),
        pado(tag(0x0103, OURS) + b"\x01\x02\x00"),
        pado(vlan=b"\x81\x00"),
    ],
)
def test_anything_else_is_no_offer(frame):
    assert _pppoe.read_pado(frame, OURS) is None


def test_every_truncation_is_harmless():
    for vlan in (b"", bytes.fromhex("81000006")):
        whole = pado(vlan=vlan)
        assert _pppoe.read_pado(whole, OURS) is not None
        for length in range(len(whole)):
            assert _pppoe.read_pado(whole[:length], OURS) is None


def test_hostile_names_are_printable():
    offer = _pppoe.read_pado(pado(tag(0x0102, b"\x1b[2Jevil\r\n\xff\x00") + tag(0x0103, OURS)), OURS)
    assert offer is not None and offer.name.isprintable() and "evil" in offer.name


def test_random_and_damaged_frames_never_raise():
    chance = random.Random(2516)
    for _round in range(20000):
        frame = bytearray(pado(vlan=chance.choice([b"", bytes.fromhex("81000006")])))
        if chance.random() < 0.3:
            frame = bytearray(chance.randbytes(chance.randrange(80)))
        for _damage in range(chance.randrange(1, 5)):
            if frame:
                frame[chance.randrange(len(frame))] = chance.randrange(256)
        if chance.random() < 0.3:
            del frame[chance.randrange(len(frame) + 1) :]
        offer = _pppoe.read_pado(bytes(frame), OURS)
        if offer is not None:
            assert offer.name.isprintable() or offer.name == ""
            assert len(offer.mac) == 17 and all(service.isprintable() for service in offer.services)


@pytest.mark.parametrize(
    "secret",
    ["adslppp", "", "with space", "#no comment", 'quo"te', "quo'te", "back\\slash", "\\n", "tab\there", "ñandú €", "a\u0085b", "*", "a\nb"],
)
def test_words_are_read_as_they_were_written(secret):
    line = f"{_pppoe.word('user')} * {_pppoe.word(secret)}"
    assert "\n" not in line
    assert _pppoe.words(line) == ["user", "*", secret]


def test_random_words_survive():
    chance = random.Random(1661)
    letters = "ab #\"'\\\t\n@*!ñ€\u2028\x7f"
    for _round in range(5000):
        secret = "".join(chance.choices(letters, k=chance.randrange(1, 12)))
        assert _pppoe.words(_pppoe.word(secret)) == [secret]


def test_nul_cannot_be_written():
    with pytest.raises(ValueError, match="NUL"):
        _pppoe.word("a\0b")


BLOCK = '# BEGIN homerouter.tripleplay pppoe internet\n"me" * "right"\n# END homerouter.tripleplay pppoe internet\n'


@pytest.mark.parametrize(
    ("secrets", "line"),
    [
        ("", None),
        (BLOCK, None),
        ("# me * wrong\n" + BLOCK, None),
        ("me * right\n" + BLOCK, None),
        ("you * wrong\n" + BLOCK, None),
        ("me * wrong\n" + BLOCK, 1),
        (BLOCK + "'me'\t*\twr\\ ong *\n", 4),
    ],
)
def test_line_that_pppd_would_prefer_is_found(secrets, line):
    assert _pppoe.shadowing(secrets, "pppoe internet", "me", "right") == line


def test_unit_names():
    assert _pppoe.escaped("vlan6") == "vlan6"
    assert _pppoe.escaped("eth0.6") == "eth0.6"
    assert _pppoe.escaped("wan-6") == "wan\\x2d6"


ROUTES = """Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
{}vlan100	0001A8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
"""
PPP_ROUTE = "ppp0	00000000	00000000	0001	0	0	0	00000000	0	0	0\n"
DHCP_ROUTE = "eth0	00000000	0102A8C0	0003	0	0	1024	00000000	0	0	0\n"
HALF_ROUTE = "vlan2	00000000	0102A8C0	0003	0	0	0	00000080	0	0	0\n"
DOWN_ROUTE = "vlan3	00000000	0102A8C0	0002	0	0	0	00000000	0	0	0\n"


@pytest.mark.parametrize(
    ("lines", "interface"),
    [
        ("", None),
        (PPP_ROUTE, "ppp0"),
        (DHCP_ROUTE + PPP_ROUTE, "ppp0"),
        (PPP_ROUTE + DHCP_ROUTE, "ppp0"),
        (DHCP_ROUTE + HALF_ROUTE + DOWN_ROUTE, "eth0"),
    ],
)
def test_default_route_with_the_lowest_metric_counts(lines, interface):
    assert _pppoe.default_interface(ROUTES.format(lines)) == interface


def test_empty_route_table():
    assert _pppoe.default_interface("") is None


def test_vlan_id_and_session_from_proc():
    text = "vlan6  VID: 6\t REORDER_HDR: 1  dev->priv_flags: 1021\n         total frames received            0\n"
    assert _pppoe.vlan_id(text) == 6
    assert _pppoe.vlan_id("") is None
    table = "Id       Address              Device\n00000400 02:00:00:00:77:01    vlan6\n"
    assert _pppoe.session(table, "vlan6") == (4, "02:00:00:00:77:01")
    assert _pppoe.session(table, "vlan7") is None


GOOD: dict[str, Any] = {
    "name": "internet",
    "interface": "vlan6",
    "ppp_interface": "ppp0",
    "username": "me",
    "password": "secret",
    "mtu": 1492,
    "rfc4638": False,
    "ipv6": False,
    "holdoff": 3,
    "holdoff_max": 60,
    "lcp_echo_interval": 15,
    "lcp_echo_failure": 3,
    "extra_options": ["debug", "pppoe-padi-timeout 1"],
}


def test_good_settings():
    assert _pppoe.problems(GOOD) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"username": ""}, ["pppoe_username", "home_internet_username"]),
        ({"password": ""}, ["pppoe_password", "home_internet_password"]),
        ({"password": "x" * 256}, ["pppoe_password", "255"]),
        ({"password": "ñ" * 128}, ["pppoe_password", "255"]),
        ({"password": "@/etc/shadow"}, ["pppoe_password", "@/"]),
        ({"name": "../../passwd"}, ["pppoe_name", "../../passwd"]),
        ({"name": "two words"}, ["pppoe_name"]),
        ({"interface": "a/b"}, ["pppoe_interface", "a/b"]),
        ({"ppp_interface": "sixteencharacter"}, ["pppoe_ppp_interface"]),
        ({"mtu": 1500}, ["pppoe_mtu", "1500", "pppoe_rfc4638"]),
        ({"mtu": 1000, "ipv6": True}, ["pppoe_mtu", "1280"]),
        ({"holdoff": 0}, ["pppoe_holdoff"]),
        ({"holdoff": 90}, ["pppoe_holdoff", "90", "60"]),
        ({"lcp_echo_failure": 0}, ["pppoe_lcp_echo_failure"]),
        ({"extra_options": ["password hunter2"]}, ["pppoe_extra_options", "pppoe_password"]),
        ({"extra_options": ["'maxfail' 10"]}, ["maxfail"]),
        ({"extra_options": ["debug\nmaxfail 10"]}, ["one option per list item"]),
    ],
)
def test_bad_settings_are_named_with_a_cure(change, words):
    found = _pppoe.problems({**GOOD, **change})
    assert len(found) == 1
    for word in words:
        assert word in found[0]
    assert "hunter2" not in found[0] and "x" * 20 not in found[0]


def test_all_problems_at_once():
    assert len(_pppoe.problems({**GOOD, "username": "", "password": "", "mtu": 9000})) == 3


@pytest.mark.parametrize(
    ("mtu", "rfc4638", "below", "named"),
    [
        (1492, False, {"vlan6": 1500, "eth0": 1500}, []),
        (1492, False, {"vlan6": 1496, "eth0": 1500}, ["vlan6", "1496", "1500", "pppoe_mtu"]),
        (1500, True, {"vlan6": 1508, "eth0": 1508}, []),
        (1500, True, {"vlan6": 1500, "eth0": 1504}, ["vlan6", "eth0", "1508", "pppoe_rfc4638", "vlans_uplink_mtu"]),
    ],
)
def test_room_for_the_link(mtu, rfc4638, below, named):
    found = _pppoe.mtu_problems(mtu, rfc4638, below)
    assert len(found) == (1 if named else 0)
    for word in named:
        assert word in found[0]


def entry(at: float, message: str, pid: str = "10", **more: str) -> dict[str, Any]:
    return {
        "__REALTIME_TIMESTAMP": str(int(at * 1e6)),
        "MESSAGE": message,
        "SYSLOG_IDENTIFIER": "pppd",
        "_PID": pid,
        **more,
    }


def starting(at: float) -> dict[str, Any]:
    return entry(at, "Starting…", "1", SYSLOG_IDENTIFIER="systemd", MESSAGE_ID="7d4958e842da4a758f6c1cdc7b36dcc5")


def ended(at: float, status: int) -> dict[str, Any]:
    return entry(
        at, "Main process exited", "1", SYSLOG_IDENTIFIER="systemd", MESSAGE_ID="98e322203f7a4ed290d09fe03c09fe15",
        COMMAND="ExecStart", EXIT_STATUS=str(status),
    )  # fmt: skip


# pppd 2.4.9 and 2.5.2 say the same here.
REFUSED = [
    starting(10),
    entry(11, "Connect: ppp0 <--> vlan6"),
    entry(12, "Remote message: Login incorrect"),
    entry(13, "PAP authentication failed"),
    ended(14, 19),
]


def test_refusal_is_read_with_the_other_ends_words():
    made = _pppoe.attempts(REFUSED, since=9)
    assert made.refused == ["PAP authentication failed (the other end said: Login incorrect)"]
    assert made.exits == [19]


def test_refusal_before_the_last_change_is_history():
    assert _pppoe.attempts(REFUSED, since=10.5) == _pppoe.Attempts()
    made = _pppoe.attempts([*REFUSED, starting(20), entry(21, "PPP session is 2", "11")], since=15)
    assert made.refused == [] and made.lines == ["PPP session is 2"]


def test_refusal_of_the_attempt_before_is_history():
    made = _pppoe.attempts([*REFUSED, starting(20), entry(21, "PPP session is 2", "11")], since=9)
    assert made.refused == []
    # While the pause before the next dial lasts, it still counts.
    assert _pppoe.attempts([*REFUSED, starting(20)], since=9).refused


REDIAL = [starting(20), entry(21, "Using interface ppp0", "11")]


@pytest.mark.parametrize(
    ("then", "stands"),
    [
        ([], True),
        ([entry(22, "Connect: ppp0 <--> vlan6", "11")], True),
        # Told the same again.
        ([entry(22, "PAP authentication failed", "11"), entry(23, "Exit.", "11"), ended(23, 19)], True),
        ([entry(22, "PAP authentication failed", "11"), ended(23, 19), starting(30), entry(31, "Using interface ppp0", "12")], True),
        # Stopped by somebody before it was told anything.
        ([entry(22, "Terminating on signal 15", "11"), entry(22, "Exit.", "11"), starting(23), entry(24, "Using interface ppp0", "12")], True),
        # Let in, and whatever comes after that.
        ([entry(22, "PAP authentication succeeded", "11")], False),
        ([entry(22, "local  IP address 80.28.0.10", "11")], False),
        ([entry(22, "local  IP address 80.28.0.10", "11"), entry(23, "Exit.", "11"), starting(30), entry(31, "Using interface ppp0", "12")], False),
        # Another end: it was not asked for a password at all.
        ([entry(22, "Timeout waiting for PADO packets", "11"), ended(23, 1)], False),
        ([entry(22, "LCP terminated by peer", "11"), entry(23, "Exit.", "11")], False),
        ([entry(22, "LCP terminated by peer", "11"), starting(30)], False),
        ([entry(22, "LCP terminated by peer", "11"), starting(30), entry(31, "Using interface ppp0", "12")], False),
    ],
)
def test_refusal_stands_until_a_dial_after_it_has_ended(then, stands):
    """A dial that has just begun knows nothing better."""
    made = _pppoe.attempts([*REFUSED, *REDIAL, *then], since=9)
    assert bool(made.refused or made.refused_before) is stands


def test_one_process_that_dials_again_and_again_is_let_in_at_last():
    """As pppd with the option persist does."""
    refused = [starting(1), entry(2, "PAP authentication failed"), entry(3, "Using interface ppp0")]
    assert _pppoe.attempts(refused, since=0).refused
    assert not _pppoe.attempts([*refused, entry(4, "PAP authentication succeeded")], since=0).refused


@pytest.mark.parametrize(
    "message",
    [
        "PAP authentication failed",
        "CHAP authentication failed",
        "CHAP authentication failed: E=691 R=0",
        "EAP: peer reports authentication failure",
        "No secret found for PAP login",
    ],
)
def test_each_protocols_refusal(message):
    assert _pppoe.attempts([starting(1), entry(2, message)], since=0).refused


def test_status_alone_is_enough_and_binary_messages_are_skipped():
    strange = {"MESSAGE": [112, 255], "SYSLOG_IDENTIFIER": "pppd"}
    made = _pppoe.attempts([starting(1), strange, ended(2, 19)], since=0)
    assert made.refused == ["pppd ended with status 19"]


def seen(**changes: Any) -> _pppoe.Observation:
    base = _pppoe.Observation("vlan6", "ppp0", "pppoe-internet.service", "me", "eth0")
    base.vlan = 6
    base.default_wanted = True
    for key, value in changes.items():
        assert hasattr(base, key)
        setattr(base, key, value)
    return base


UP = {"ppp_up": True, "unit_state": "active", "default_interface": "ppp0"}
OFFER = _pppoe.Offer("BRAS-1", "02:00:00:00:06:01", ("",))


def test_working_link():
    verdict = _pppoe.decided(seen(**UP))
    assert verdict == _pppoe.Verdict() and verdict.msg == "The link is up."
    assert _pppoe.decided(seen(**{**UP, "default_interface": None, "default_wanted": False})) == _pppoe.Verdict()


def test_old_link_of_a_restarting_unit_is_no_answer():
    assert _pppoe.decided(seen(**{**UP, "unit_state": "changing"})) is None


@pytest.mark.parametrize(
    ("changes", "cause", "words"),
    [
        ({"attempts": _pppoe.attempts(REFUSED, 0)}, "credentials", ["'me'", "home_internet_password", "Login incorrect"]),
        ({"attempts": _pppoe.Attempts(exits=[8, 2], lines=["unrecognized option 'x'"])}, "configuration", ["pppoe_extra_options", "'x'"]),
        ({**UP, "default_interface": "eth0"}, "default_route", ["eth0", "pppoe_default_route"]),
        ({**UP, "default_interface": None}, "default_route", ["journalctl"]),
        ({**UP, "unit_state": "inactive"}, "foreign", ["pppoe_ppp_interface"]),
        ({"uplink_exists": False, "uplinks_present": ("enp1s0",)}, "uplink_missing", ["eth0", "home_uplink", "enp1s0"]),
        ({"uplink_carrier": False, "interface_up": False}, "unplugged", ["eth0", "cable"]),
        # The cable was pulled a moment ago, and pppd has not noticed yet.
        ({**UP, "uplink_carrier": False}, "unplugged", ["eth0"]),
        ({"interface_exists": False}, "interface_missing", ["vlan6", "vlans"]),
        ({"interface_up": False}, "interface_down", ["vlan6"]),
        ({"unit_state": "inactive"}, "stopped", ["pppoe-internet.service"]),
        ({"offers": (OFFER,), "waited": 60.0}, "no_session", ["BRAS-1", "02:00:00:00:06:01", "VLAN 6", "60 s"]),
        (
            {"offers": (), "elsewhere": (_pppoe.Offer("BRAS-1", "02:00:00:00:06:01", ("",), 20),)},
            "wrong_vlan",
            ["VLAN 6", "VLAN 20", "home_internet_vlan: 20", "BRAS-1"],
        ),
        ({"offers": (), "elsewhere": (OFFER,)}, "wrong_vlan", ["untagged", "pppoe_interface: eth0"]),
        ({"offers": (), "tried": (20, 832)}, "no_concentrator", ["vlan6", "VLAN 20, 832", "home_internet_vlan", "ONT"]),
    ],
)
def test_causes_from_the_cable_upwards(changes, cause, words):
    verdict = _pppoe.diagnose(seen(**changes))
    assert verdict.cause == cause
    for word in words:
        assert word in verdict.msg
    assert verdict.problem and verdict.cure
