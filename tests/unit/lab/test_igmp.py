# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IGMP messages, and who the head end takes for a member."""

from __future__ import annotations

import igmp
import pytest
from hypothesis import given
from hypothesis import strategies as st

HOST, OTHER, GROUP = "10.214.0.10", "10.214.0.11", "239.0.0.76"
SOURCE = "172.26.72.17"


def test_versions_1_and_2():
    assert igmp.read(igmp.report(HOST, igmp.REPORT_V2, GROUP)) == [igmp.Wish(HOST, GROUP, True)]
    assert igmp.read(igmp.report(HOST, igmp.REPORT_V1, GROUP)) == [igmp.Wish(HOST, GROUP, True)]
    assert igmp.read(igmp.report(HOST, igmp.LEAVE, GROUP)) == [igmp.Wish(HOST, GROUP, False)]
    assert igmp.read(igmp.query("0.0.0.0")) == []


def test_version_3():
    records = [(igmp.TO_EXCLUDE, GROUP, []), (igmp.TO_INCLUDE, "239.0.0.2", []), (igmp.ALLOW, "239.0.0.3", [SOURCE, "1.2.3.4"]), (9, GROUP, [])]
    assert igmp.read(igmp.report_v3(HOST, records)) == [
        igmp.Wish(HOST, GROUP, True),
        igmp.Wish(HOST, "239.0.0.2", False),
        igmp.Wish(HOST, "239.0.0.3", False, frozenset({SOURCE, "1.2.3.4"}), igmp.ALLOW),
    ]


@pytest.mark.parametrize(
    ("packet", "exclude"),
    [
        ("46c00020000040000102e9eb0ad6000aef00004c940400001600fab2ef00004c", True),
        ("46c00020000040000102f9350ad6000ae0000002940400001700f9b2ef00004c", False),
        ("46c00028000040000102f9190ad6000ae0000016940400002200eab10000000104000000ef00004c", True),
        ("46c00028000040000102f9190ad6000ae0000016940400002200ebb10000000103000000ef00004c", False),
    ],
)
def test_packets_as_linux_sends_them(packet, exclude):
    # Captured from Linux 6.18: join and leave, with force_igmp_version 2 and 3.
    assert igmp.read(bytes.fromhex(packet)) == [igmp.Wish(HOST, GROUP, exclude)]


@pytest.mark.parametrize("cut", [0, 10, 19, 23, 24, 31])
def test_truncated_packets_are_none(cut):
    assert igmp.read(igmp.report(HOST, igmp.REPORT_V2, GROUP)[:cut]) is None


def test_wrong_checksums_and_counts_are_none():
    good = bytearray(igmp.report(HOST, igmp.REPORT_V2, GROUP))
    for at in range(len(good)):
        broken = bytearray(good)
        broken[at] ^= 0x01
        assert igmp.read(bytes(broken)) is None
    more = bytearray(igmp.report_v3(HOST, [(igmp.TO_EXCLUDE, GROUP, [])]))
    more[24 + 7], more[24 + 2 : 24 + 4] = 2, b"\0\0"
    more[24 + 2 : 24 + 4] = igmp.checksum(bytes(more[24:])).to_bytes(2, "big")
    assert igmp.read(bytes(more)) is None


@given(st.binary(max_size=80))
def test_anything_is_read_or_none(message):
    igmp.read(message)
    head = bytearray(igmp.query(HOST)[:24])
    head[2:4] = (24 + len(message)).to_bytes(2, "big")
    head[10:12] = b"\0\0"
    head[10:12] = igmp.checksum(bytes(head)).to_bytes(2, "big")
    if len(message) >= 8:
        message = message[:2] + b"\0\0" + message[4:]
        message = message[:2] + igmp.checksum(message).to_bytes(2, "big") + message[4:]
    for wish in igmp.read(bytes(head) + message) or []:
        igmp.Memberships().apply(wish, 0.0, 1.0)


def test_queries():
    packet = igmp.query("0.0.0.0", 2, seconds=1.0)
    assert packet[12:20] == bytes(4) + bytes((224, 0, 0, 1)) and packet[8] == 1 and packet[20:24] == b"\x94\x04\0\0"
    assert packet[24:] == bytes.fromhex("110aeef500000000")
    assert len(igmp.query(HOST, 3)) == 24 + 12
    assert igmp.query(HOST, 2, GROUP)[16:20] == bytes((239, 0, 0, 76))
    assert igmp.multicast_mac("239.255.255.250") == bytes.fromhex("01005e7ffffa")


def test_member_comes_and_expires():
    members = igmp.Memberships()
    join = igmp.Wish(HOST, GROUP, True)
    assert members.apply(join, 0.0, 10.0) == "join"
    assert members.apply(join, 5.0, 10.0) == "report"
    assert members.wanted(GROUP, SOURCE)
    assert members.expire(14.9) == [] and members.next_expiry() == 15.0
    assert members.expire(15.0) == [(GROUP, HOST)]
    assert not members.wanted(GROUP, SOURCE) and members.groups == {}


def test_leaving_is_for_the_caller_to_act_on():
    members = igmp.Memberships()
    leave = igmp.Wish(HOST, GROUP, False)
    assert members.apply(leave, 0.0, 10.0) == "" and members.groups == {}
    for host in (HOST, OTHER):
        members.apply(igmp.Wish(host, GROUP, True), 0.0, 10.0)
    assert members.apply(leave, 1.0, 10.0) == "leave"
    members.remove(GROUP, HOST)
    assert members.wanted(GROUP, SOURCE)
    members.shorten(GROUP, 2.0)
    assert members.expire(2.0) == [(GROUP, OTHER)]


def test_one_sender_only():
    members = igmp.Memberships()

    def say(kind, sources):
        (wish,) = igmp.read(igmp.report_v3(HOST, [(kind, GROUP, sources)]))
        return members.apply(wish, 0.0, 10.0)

    assert say(igmp.ALLOW, [SOURCE]) == "join"
    assert members.wanted(GROUP, SOURCE) and not members.wanted(GROUP, "172.26.20.39")
    assert say(igmp.ALLOW, ["172.26.20.39"]) == "report" and members.wanted(GROUP, "172.26.20.39")
    assert say(igmp.BLOCK, [SOURCE]) == "report" and not members.wanted(GROUP, SOURCE)
    assert say(igmp.BLOCK, ["172.26.20.39"]) == "leave"
    assert say(igmp.TO_EXCLUDE, [SOURCE]) == "report" and not members.wanted(GROUP, SOURCE) and members.wanted(GROUP, "1.2.3.4")
    assert say(igmp.ALLOW, [SOURCE]) == "report" and members.wanted(GROUP, SOURCE)
    assert say(igmp.BLOCK, [SOURCE]) == "report" and not members.wanted(GROUP, SOURCE)
    assert say(igmp.TO_INCLUDE, []) == "leave"
