# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the head end sends: channels, OPCH, DVBSTP; and the set-top box's DHCP and DNS."""

from __future__ import annotations

import random
import socket
import struct
import zlib

import dhcp
import mpegts
import pytest
import sds
import settopbox
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _mpegts
from hypothesis import given
from hypothesis import strategies as st

# --- the channel


def packets(channel, seconds):
    """Transport stream packets of a time, and the stream's meter."""
    meter, found = _mpegts.StreamMeter(), []
    for number in range(int(seconds / channel.interval)):
        datagram = channel.datagram()
        meter.add(datagram, number * channel.interval)
        found += [datagram[at : at + 188] for at in range(12, len(datagram), 188)]
    return found, meter


def pid(packet):
    return (packet[1] & 0x1F) << 8 | packet[2]


@pytest.mark.parametrize("rate", [500_000, 3_000_000, 10_000_000])
def test_stream_is_whole_and_has_its_rate(rate):
    found, meter = packets(mpegts.Channel(rate, 7), 5)
    assert meter.framing == "rtp" and meter.rtp.lost == meter.ts.invalid == 0 and meter.ts.continuity_errors == {}
    assert meter.bit_rate == pytest.approx(rate * 1328 / 1316, rel=0.01)
    assert set(map(pid, found)) == {0, mpegts.PMT_PID, mpegts.VIDEO_PID, mpegts.NULL_PID}
    assert 0.05 < meter.ts.null_packets / meter.ts.packets < 0.15


def test_tables():
    for payload, table in ((mpegts.pat(7), 0), (mpegts.pmt(7), 2)):
        length = (int.from_bytes(payload[2:4], "big") & 0x0FFF) + 3
        assert payload[0] == 0 and payload[1] == table
        assert mpegts.crc32(payload[1 : 1 + length]) == 0 and set(payload[1 + length :]) == {0xFF}
    # ISO/IEC 13818-1, 2.4.4: service 7 is on the map's PID, and the map names video and clock.
    assert mpegts.pat(7)[9:13] == struct.pack("!HH", 7, 0xE000 | mpegts.PMT_PID)
    assert mpegts.pmt(7)[9:11] == (0xE000 | mpegts.VIDEO_PID).to_bytes(2, "big")


def test_checksum_against_a_known_value():
    # The catalogue's check value of CRC-32/MPEG-2.
    assert mpegts.crc32(b"123456789") == 0x0376E6E7
    assert mpegts.crc32(b"123456789") != zlib.crc32(b"123456789")


@pytest.mark.parametrize("rate", [999_983, 3_000_000])
def test_clock_runs_with_the_bytes(rate):
    found, _meter = packets(mpegts.Channel(rate, 1), 3)
    clocks = []
    for number, packet in enumerate(found):
        if pid(packet) == mpegts.VIDEO_PID and packet[3] & 0x20 and packet[4] and packet[5] & 0x10:
            raw = int.from_bytes(packet[6:12], "big")
            clocks.append((number, (raw >> 15) * 300 + (raw & 0x1FF)))
    gaps = [later[0] - earlier[0] for earlier, later in zip(clocks, clocks[1:])]
    assert max(gaps) * 1504 / rate <= 0.04
    first, last = clocks[0], clocks[-1]
    assert (last[1] - first[1]) / 27e6 == pytest.approx((last[0] - first[0]) * 1504 / rate, rel=1e-6)


def test_frames_have_times():
    found, _meter = packets(mpegts.Channel(3_000_000, 1), 2)
    frames = [packet for packet in found if pid(packet) == mpegts.VIDEO_PID and packet[1] & 0x40]
    assert len(frames) == pytest.approx(50, abs=2)
    for packet in frames:
        start = 5 + packet[4] if packet[3] & 0x20 else 4
        assert packet[start : start + 4] == b"\0\0\1\xe0" and packet[start + 9] >> 4 == 2


# --- OPCH and DVBSTP


@given(st.binary(max_size=5000))
def test_opch_is_read_back(content):
    parts = [sds.read_opch(datagram) for datagram in sds.opch("cfg.properties", content)]
    assert [part.number for part in parts] == list(range(len(parts))) and {part.count for part in parts} == {len(parts)}
    assert {part.name for part in parts} == {"cfg.properties"}
    assert b"".join(part.content for part in parts) == content
    assert all(len(datagram) <= 1452 for datagram in sds.opch("x", content))


@given(st.binary(max_size=6000), st.integers(0, 1 << 32))
def test_segment_is_read_back_in_any_order(content, seed):
    datagrams = sds.dvbstp(2, 5, content)
    # As Movistar's readers want it: the last one, and only that, does not begin with 0.
    assert [datagram[0] for datagram in datagrams] == [0] * (len(datagrams) - 1) + [1]
    assert all(len(datagram) <= 1452 for datagram in datagrams)
    random.Random(seed).shuffle(datagrams)
    collector = sds.Collector()
    answers = [collector.add(sds.read_dvbstp(datagram)) for datagram in datagrams]
    assert answers[-1] == content and set(answers[:-1]) <= {None}


def test_section_to_the_byte():
    (datagram,) = sds.dvbstp(1, 0, b"<xml/>")
    assert datagram == bytes.fromhex("01 000006 01 0000 00 000000 00") + b"<xml/>" + mpegts.crc32(b"<xml/>").to_bytes(4, "big")
    first, last = sds.dvbstp(2, 0x123, bytes(1500), 4)
    assert first[:12] == bytes.fromhex("00 0005dc 02 0123 04 000001 00")
    assert last[:12] == bytes.fromhex("01 0005dc 02 0123 04 001001 00")


def test_damaged_segment_is_not_taken():
    datagrams = sds.dvbstp(2, 0, bytes(3000))
    broken = bytearray(datagrams[1])
    broken[100] ^= 1
    collector = sds.Collector()
    assert [collector.add(sds.read_dvbstp(bytes(one))) for one in (datagrams[0], broken, datagrams[2])] == [None] * 3


@given(st.binary(max_size=100))
def test_rubbish_is_no_announcement(data):
    sds.read_opch(data)
    section = sds.read_dvbstp(data)
    if section:
        sds.Collector().add(section)


def test_channel_list_is_read_back():
    services = [sds.Service(1, "La 1", "239.0.0.76"), sds.Service(2, 'A & B <"HD">', "239.0.0.2", 8210)]
    assert sds.read_broadcast(sds.broadcast(services)) == services
    entry = sds.discovery({1: ("239.0.2.132", 3937), 19: ("239.0.2.131", 3938)})
    assert sds.read_discovery(entry, 19) == ("239.0.2.131", 3938)
    assert sds.read_discovery(entry, 1) == ("239.0.2.132", 3937)
    assert sds.read_discovery(entry, 9) is None
    assert b'<Package Id="1">' in sds.packages(services)
    for wrong in (b"", b"<a", b'<S xmlns="urn:dvb:ipisdns:2006"><SingleService/></S>'):
        with pytest.raises(ValueError, match="no channel list"):
            sds.read_broadcast(wrong)


# --- DHCP and DNS of the set-top box

MAC, NUMBER = bytes.fromhex("020000000603"), b"abcd"


def answer(kind=dhcp.OFFER, options=(), number=NUMBER):
    """A server's packet."""
    body = struct.pack("!BBBB4sHH4s4s4s4s16s192x", 2, 1, 6, 0, number, 0, 0x8000, b"", socket.inet_aton("192.168.1.200"), b"", b"", MAC)
    body += b"\x63\x82\x53\x63" + bytes((53, 1, kind, 54, 4, 192, 168, 1, 1))
    body += b"".join(bytes((code, len(value))) + value for code, value in options) + b"\xff"
    udp = struct.pack("!HHHH", 67, 68, 8 + len(body), 0) + body
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes((192, 168, 1, 1)), b"\xff" * 4) + udp


def test_discover_says_what_a_box_says():
    packet = dhcp.message(dhcp.DISCOVER, NUMBER, MAC, b"\x48HUMAX")
    assert packet[16:20] == b"\xff" * 4 and packet[20:24] == struct.pack("!HH", 68, 67)
    options = packet[28 + 240 :]
    assert b"\x3c\x05[IAL]" in options and b"\x35\x01\x01" in options and b"\x3d\x06\x48HUMAX" in options
    asked = options[options.index(b"\x37") :][2 : 2 + options[options.index(b"\x37") + 1]]
    assert 240 in asked and 6 in asked
    assert 240 not in dhcp.message(dhcp.DISCOVER, NUMBER, MAC, b"\x48", ask_opch=False)[28 + 240 :].partition(b"\xff")[0]


def test_offer_is_read_and_accepted():
    opch = b":::::239.0.2.10:22222:v6.0:239.0.2.30:22222"
    offer = dhcp.read(answer(options=[(6, bytes((172, 26, 23, 3))), (240, opch[:20]), (240, opch[20:])]), NUMBER)
    assert offer.address == "192.168.1.200" and offer.addresses(6) == ["172.26.23.3"] and offer.options[240] == opch
    request = dhcp.message(dhcp.REQUEST, NUMBER, MAC, b"\x48", offer=offer)
    assert bytes((50, 4, 192, 168, 1, 200, 54, 4, 192, 168, 1, 1)) in request


def test_other_peoples_packets_are_none():
    assert dhcp.read(answer(number=b"dcba"), NUMBER) is None
    assert dhcp.read(answer()[:200], NUMBER) is None
    assert dhcp.read(dhcp.message(dhcp.DISCOVER, NUMBER, MAC, b"\x48"), NUMBER) is None
    cut = bytearray(answer(options=[(240, b"x" * 10)]))
    assert dhcp.read(bytes(cut[:-5]), NUMBER) is None


@given(st.binary(max_size=60), st.integers(0, 320))
def test_damaged_dhcp_never_raises(damage, where):
    packet = bytearray(answer(options=[(6, bytes(8)), (240, b"x" * 43)]))
    packet[where : where + len(damage)] = damage
    made = dhcp.read(bytes(packet), NUMBER)
    if made:
        made.addresses(6)


def test_dns_answers():
    asked = settopbox.question("a.example", settopbox.A, 7)
    good = struct.pack("!HHHHHH", 7, 0x8180, 1, 1, 0, 0) + asked[12:] + b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes((1, 2, 3, 4))
    assert settopbox.read_answer(good, 7, settopbox.A) == (0, [bytes((1, 2, 3, 4))])
    assert settopbox.read_answer(good, 7, settopbox.SOA) == (0, [])
    assert settopbox.read_answer(good, 8, settopbox.A) is None
    assert settopbox.read_answer(asked, 7, settopbox.A) is None
    assert settopbox.read_answer(good[:-10], 7, settopbox.A) is None


@given(st.binary(max_size=80))
def test_damaged_dns_never_raises(data):
    settopbox.read_answer(data, 7, settopbox.A)
    settopbox.read_answer(struct.pack("!HHHHHH", 7, 0x8180, 1, 3, 0, 0) + data, 7, settopbox.A)
