# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A television channel: an MPEG transport stream of constant bit rate, seven packets in an RTP datagram.

ISO/IEC 13818-1 for the stream, RFC 2250 and RFC 3550 for RTP. Tables, clock and timestamps are sound; of the picture
there is only the frame around it, since nobody in the lab looks.
"""

from __future__ import annotations

import struct

PACKET = 188
IN_DATAGRAM = 7
PMT_PID, VIDEO_PID, NULL_PID = 0x100, 0x101, 0x1FFF
_CLOCK = 27_000_000
# DVB asks for tables every 0.1 s and a clock reference every 0.04 s at least (ETSI TR 101 290).
_TABLES_EVERY = 0.1
_PCR_EVERY = 0.03
_FRAMES = 25
# The part of the rate that is video; null packets fill the rest, as behind a real multiplexer.
_VIDEO_SHARE = 0.9
_MPEG2_VIDEO = 0x02


def _crc_table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _bit in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
        table.append(value)
    return table


_CRC = _crc_table()


def crc32(data: bytes) -> int:
    """CRC of MPEG tables and of DVBSTP; 0 over data that holds its own."""
    value = 0xFFFFFFFF
    for byte in data:
        value = (value << 8 & 0xFFFFFFFF) ^ _CRC[value >> 24 ^ byte]
    return value


def _section(table: int, number: int, body: bytes) -> bytes:
    """A table of one section, as the payload of one packet."""
    head = struct.pack("!BHHBBB", table, 0xB000 | len(body) + 9, number, 0xC1, 0, 0)
    section = head + body
    return (b"\0" + section + crc32(section).to_bytes(4, "big")).ljust(PACKET - 4, b"\xff")


def pat(service: int) -> bytes:
    """Payload of the program association table: one service."""
    return _section(0x00, 1, struct.pack("!HH", service, 0xE000 | PMT_PID))


def pmt(service: int) -> bytes:
    """Payload of the program map table: video that carries the clock."""
    return _section(0x02, service, struct.pack("!HHBHH", 0xE000 | VIDEO_PID, 0xF000, _MPEG2_VIDEO, 0xE000 | VIDEO_PID, 0xF000))


def pcr(clock: int) -> bytes:
    """Adaptation field with a program clock reference of 27 MHz."""
    base, extension = divmod(clock, 300)
    return bytes((7, 0x10)) + ((base & 0x1FFFFFFFF) << 15 | 0x3F << 9 | extension).to_bytes(6, "big")


def pes_header(pts: int) -> bytes:
    """Head of a video frame with its presentation time, in 90 kHz."""
    pts &= 0x1FFFFFFFF
    stamp = (0x2 << 36 | (pts >> 30) << 33 | 1 << 32 | (pts >> 15 & 0x7FFF) << 17 | 1 << 16 | (pts & 0x7FFF) << 1 | 1).to_bytes(5, "big")
    return b"\0\0\1\xe0\0\0\x84\x80\x05" + stamp


class Channel:
    """One channel's stream; each datagram() is the next one."""

    _null = bytes((0x47, NULL_PID >> 8, NULL_PID & 0xFF, 0x10)) + b"\xff" * 184

    def __init__(self, rate: int, service: int) -> None:
        self.rate = rate
        self.ssrc = 0x7F000000 | service
        self.sequence = 0
        self._pat, self._pmt = pat(service), pmt(service)
        self._counters: dict[int, int] = {}
        # All times are of the stream itself: packets sent so far, in 27 MHz, so that the clock fits the bytes exactly.
        self._now = 0
        self._step_rest = 0
        self._tables_due = self._pcr_due = self._frame_due = 0
        self._pmt_next = False
        self._video = 0.0
        self._filler = b"\xff" * 184

    @property
    def interval(self) -> float:
        """Seconds from one datagram to the next."""
        return IN_DATAGRAM * PACKET * 8 / self.rate

    def _packet(self, pid: int, payload: bytes, *, begins: bool = False, field: bytes = b"") -> bytes:
        counter = self._counters.get(pid, 0)
        self._counters[pid] = (counter + 1) & 15
        head = bytes((0x47, begins << 6 | pid >> 8, pid & 0xFF, (0x30 if field else 0x10) | counter))
        return head + field + payload

    def _next(self) -> bytes:
        now = self._now
        step, self._step_rest = divmod(PACKET * 8 * _CLOCK + self._step_rest, self.rate)
        self._now += step
        self._video += _VIDEO_SHARE
        if self._pmt_next:
            self._pmt_next = False
            return self._packet(PMT_PID, self._pmt, begins=True)
        if now >= self._tables_due:
            self._tables_due = now + int(_TABLES_EVERY * _CLOCK)
            self._pmt_next = True
            return self._packet(0, self._pat, begins=True)
        if now < self._pcr_due and self._video < 1:
            return self._null
        self._video = min(max(self._video - 1, 0.0), 2.0)
        field = b""
        if now >= self._pcr_due:
            self._pcr_due = now + int(_PCR_EVERY * _CLOCK)
            field = pcr(now)
        begins = now >= self._frame_due
        payload = self._filler
        if begins:
            self._frame_due = now + _CLOCK // _FRAMES
            # Shown half a second after its first byte arrives, as decoders buffer.
            payload = pes_header(now // 300 + 45000) + payload
        return self._packet(VIDEO_PID, payload[: PACKET - 4 - len(field)], begins=begins, field=field)

    def datagram(self, *, rtp: bool = True) -> bytes:
        """The next datagram, with or without RTP."""
        head = struct.pack("!BBHII", 0x80, 33, self.sequence, self._now // 300 & 0xFFFFFFFF, self.ssrc) if rtp else b""
        self.sequence = (self.sequence + 1) & 0xFFFF
        return head + b"".join([self._next() for _packet in range(IN_DATAGRAM)])
