# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loss in television streams: RTP sequence numbers and continuity counters."""

from __future__ import annotations

import random

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _mpegts
from hypothesis import given
from hypothesis import strategies as st


def ts(pid=256, counter=0, payload=b"", *, adaptation=None, only_adaptation=False, flags=0, scrambling=0):
    """A transport stream packet."""
    control = 2 if only_adaptation else (3 if adaptation is not None else 1)
    head = bytes([0x47, flags | pid >> 8, pid & 0xFF, scrambling << 6 | control << 4 | counter & 15])
    field = b""
    if adaptation is not None or only_adaptation:
        body = (adaptation or b"\0").ljust(183, b"\xff") if only_adaptation else adaptation
        field = bytes([len(body)]) + body
    return (head + field + payload).ljust(188, b"\x00")[:188]


def rtp(sequence, payload=b"", *, ssrc=7, kind=33, first=0x80):
    """An RTP packet."""
    return bytes([first, kind]) + (sequence & 0xFFFF).to_bytes(2, "big") + bytes(4) + ssrc.to_bytes(4, "big") + payload


def counted(packets):
    meter = _mpegts.TsMeter()
    for packet in packets:
        meter.add(packet)
    return meter


def sequence(numbers, ssrc=7):
    meter = _mpegts.RtpMeter()
    for number in numbers:
        meter.add(_mpegts.Rtp(number & 0xFFFF, ssrc))
    return meter


# --- RTP


@pytest.mark.parametrize(
    ("numbers", "lost", "reordered", "duplicates"),
    [
        (range(100), 0, 0, 0),
        (range(65530, 65550), 0, 0, 0),
        ([1, 2, 4, 5], 1, 0, 0),
        ([65534, 2], 3, 0, 0),
        ([1, 3, 2, 4], 0, 1, 0),
        ([65535, 1, 0, 2], 0, 1, 0),
        ([1, 2, 2, 3], 0, 0, 1),
        ([1, 5, 2, 2, 5], 2, 1, 2),
        ([10, 10 + 20000], 19999, 0, 0),
        ([5, 4, 6], 0, 0, 1),
    ],
)
def test_sequence_numbers(numbers, lost, reordered, duplicates):
    meter = sequence(numbers)
    assert (meter.lost, meter.reordered, meter.duplicates, meter.restarts) == (lost, reordered, duplicates, 0)


def test_sender_that_begins_anew_has_lost_nothing():
    meter = sequence([50000, 50001])
    meter.add(_mpegts.Rtp(3, 8))
    meter.add(_mpegts.Rtp(4, 8))
    assert (meter.lost, meter.restarts) == (0, 1)
    # The same SSRC, numbers far back.
    assert (sequence([50000, 30000, 30001]).restarts, sequence([50000, 30000, 30001]).lost) == (1, 0)


@given(st.integers(0, 65535), st.lists(st.booleans(), min_size=2, max_size=300))
def test_loss_is_exact(start, kept):
    kept = [True, *kept, True]
    meter = sequence(start + at for at, here in enumerate(kept) if here)
    assert meter.lost == kept.count(False)
    assert meter.packets == kept.count(True)


@given(st.integers(0, 65535), st.integers(0, 1 << 32), st.lists(st.booleans(), min_size=1, max_size=200))
def test_shuffled_within_a_window_only_what_is_missing_is_lost(start, seed, kept):
    numbers = [at for at, here in enumerate([True, *kept, True]) if here]
    chance = random.Random(seed)
    middle = sorted(numbers[1:-1], key=lambda number: number + chance.uniform(0, 20))
    meter = sequence(start + number for number in [numbers[0], *middle, numbers[-1]])
    assert meter.lost == kept.count(False)
    assert meter.duplicates == meter.restarts == 0


def test_header_with_everything():
    stream = ts()
    assert _mpegts.split(rtp(5, stream)) == (_mpegts.Rtp(5, 7), stream)
    # Two contributing sources, an extension of one word, four octets of padding.
    full = rtp(6, bytes(8) + b"\xbe\xde\x00\x01" + bytes(4) + stream + b"\0\0\0\4", first=0xB2)
    assert _mpegts.split(full) == (_mpegts.Rtp(6, 7), stream)
    # A dynamic type with a transport stream in it is RTP, with anything else it is nobody's.
    assert _mpegts.split(rtp(6, stream, kind=96))[0] is not None
    assert _mpegts.split(rtp(6, bytes(188), kind=96))[0] is None
    assert _mpegts.split(stream * 7) == (None, stream * 7)


@pytest.mark.parametrize("datagram", [b"", b"\x80", rtp(1)[:11], rtp(1, first=0x9F), rtp(1, b"\xff", first=0xA0), rtp(1, b"\0\0", first=0x90)])
def test_headers_that_do_not_fit_are_none(datagram):
    header, payload = _mpegts.split(datagram)
    assert header is None or payload == b""


# --- continuity counters


def test_counters_of_each_pid_go_their_own_way():
    packets = [ts(pid, at) for at in range(40) for pid in (0, 256, 257)]
    meter = counted(packets)
    assert meter.continuity_errors == {} and meter.pids == {0: 40, 256: 40, 257: 40} and meter.packets == 120


def test_lost_packets_are_one_error_for_each_gap():
    packets = [ts(256, at, bytes([at])) for at in range(64)]
    del packets[10:13], packets[30]
    assert counted(packets).continuity_errors == {256: 2}


def test_sixteen_lost_packets_are_seen_by_their_content():
    packets = [ts(256, at, bytes([at])) for at in range(64)]
    del packets[10:25]
    # The counter repeats, as it does for a duplicate, but the packet is another one.
    assert counted(packets).continuity_errors == {256: 1}


def test_one_duplicate_is_allowed_two_are_not():
    twice = [ts(256, 0), ts(256, 1, b"a"), ts(256, 1, b"a"), ts(256, 2)]
    assert (counted(twice).continuity_errors, counted(twice).duplicates) == ({}, 1)
    thrice = [ts(256, 0), *[ts(256, 1, b"a")] * 3, ts(256, 2)]
    assert counted(thrice).continuity_errors == {256: 1}


def test_duplicate_may_have_another_clock_reference():
    pcr = [bytes([0x10]) + bytes([at] * 6) for at in range(2)]
    packets = [ts(256, 0), ts(256, 1, b"a", adaptation=pcr[0]), ts(256, 1, b"a", adaptation=pcr[1]), ts(256, 2)]
    assert counted(packets).continuity_errors == {}


def test_packets_without_payload_do_not_count_on():
    packets = [ts(256, 0), ts(256, 0, only_adaptation=True), ts(256, 0, only_adaptation=True), ts(256, 1)]
    assert counted(packets).continuity_errors == {}
    assert counted([ts(256, 0), ts(256, 1, only_adaptation=True), ts(256, 2)]).continuity_errors == {256: 1}


def test_announced_discontinuity_is_no_error():
    jump = ts(256, 9, adaptation=b"\x80")
    meter = counted([ts(256, 0), jump, ts(256, 10)])
    assert (meter.continuity_errors, meter.discontinuities) == ({}, 1)
    meter = counted([ts(256, 0), ts(256, 0, adaptation=b"\x80", only_adaptation=True), ts(256, 5), ts(256, 6)])
    assert (meter.continuity_errors, meter.discontinuities) == ({}, 1)
    # Without the flag, and with an empty adaptation field, it is one.
    assert counted([ts(256, 0), ts(256, 9, adaptation=b"\x00")]).continuity_errors == {256: 1}
    assert counted([ts(256, 0), ts(256, 9, adaptation=b"")]).continuity_errors == {256: 1}


def test_null_damaged_scrambled_and_invalid_packets():
    chance = random.Random(13818)
    nulls = [ts(0x1FFF, chance.randrange(16)) for _packet in range(20)]
    assert counted(nulls).continuity_errors == {} and counted(nulls).null_packets == 20
    assert counted([ts(256, 0), ts(256, 7, flags=0x80), ts(256, 1)]).continuity_errors == {}
    assert counted([ts(256, 7, flags=0x80)]).transport_errors == 1
    assert counted([ts(256, 0, scrambling=2), ts(256, 1)]).scrambled == 1
    too_long = bytearray(ts(256, 0, adaptation=b"\x00"))
    too_long[4] = 184
    assert counted([b"\x47", bytes(188), bytes(too_long)]).invalid == 3


# --- whole streams


def test_stream_in_rtp():
    meter = _mpegts.StreamMeter()
    for at in range(1001):
        if at != 500:
            meter.add(rtp(65000 + at, b"".join(ts(256, at * 7 + one, bytes([one])) for one in range(7))), at * 0.001)
    assert meter.framing == "rtp" and meter.packets == 1000
    assert (meter.rtp.lost, meter.ts.continuity_errors) == (1, {256: 1})
    assert meter.longest_gap == pytest.approx(0.002)
    assert meter.bit_rate == pytest.approx(999 * (1316 + 12) * 8)


def test_stream_without_rtp_and_something_else():
    meter = _mpegts.StreamMeter()
    meter.add(ts(256, 0) * 1, 5.0)
    assert (meter.framing, meter.bit_rate, meter.rtp.packets) == ("udp", 0.0, 0)
    other = _mpegts.StreamMeter()
    other.add(b"OPCH" * 20, 1.0)
    assert (other.framing, other.ts.packets, other.ts.invalid) == ("unknown", 0, 0)


def test_tail_of_a_cut_datagram_is_invalid():
    meter = _mpegts.StreamMeter()
    meter.add((ts(256, 0) + ts(256, 1))[:200], 0.0)
    assert (meter.ts.packets, meter.ts.invalid) == (1, 1)


@given(st.lists(st.binary(max_size=1500), max_size=20))
def test_anything_is_counted(datagrams):
    meter = _mpegts.StreamMeter()
    for at, datagram in enumerate(datagrams):
        meter.add(datagram, float(at))
    assert meter.packets == len(datagrams)
    assert meter.framing in ("rtp", "udp", "unknown")
    assert meter.rtp.lost >= 0 and meter.ts.packets * 188 <= meter.octets


@given(st.integers(0, 1327), st.binary(min_size=1, max_size=40), st.integers(0, 1328))
def test_any_damage_is_counted(where, damage, length):
    good = [rtp(at, b"".join(ts(256, at * 7 + one) for one in range(7))) for at in range(3)]
    broken = bytearray(good[1])
    broken[where : where + len(damage)] = damage
    meter = _mpegts.StreamMeter()
    for at, datagram in enumerate((good[0], bytes(broken[:length]), good[2])):
        meter.add(datagram, float(at))
    assert meter.packets == 3 and meter.ts.packets >= 14
