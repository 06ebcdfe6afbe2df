# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a television stream, counted from its datagrams: RTP (RFC 3550, RFC 2250) and MPEG-TS (ISO/IEC 13818-1).

Pure: somebody else receives. Nothing in a datagram, however damaged, raises an error.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PACKET = 188
SYNC = 0x47
_NULL_PID = 0x1FFF
# RFC 3551: MPEG-2 transport stream.
_RTP_MP2T = 33
_RTP_HEADER = 12


@dataclass(frozen=True)
class Rtp:
    """An RTP header's fields that tell of loss."""

    sequence: int
    ssrc: int


def is_transport_stream(payload: bytes) -> bool:
    """Whether this is a row of transport stream packets."""
    return len(payload) >= PACKET and all(payload[at] == SYNC for at in range(0, len(payload), PACKET))


def split(datagram: bytes) -> tuple[Rtp | None, bytes]:
    """The RTP header, if there is one, and what it carries.

    A transport stream begins with 0x47, which would be RTP version 1, so neither is taken for the other. What only
    happens to look like version 2 is taken for RTP if its type is MP2T or it carries a transport stream.
    """
    if len(datagram) < _RTP_HEADER or datagram[0] >> 6 != 2:
        return None, datagram
    start = _RTP_HEADER + 4 * (datagram[0] & 0x0F)
    if datagram[0] & 0x10:
        # The extension's length is in words of 32 bits, without its own head.
        start += 4 + 4 * int.from_bytes(datagram[start + 2 : start + 4], "big")
    end = len(datagram) - (datagram[-1] if datagram[0] & 0x20 else 0)
    if start > end:
        return None, datagram
    payload = datagram[start:end]
    if datagram[1] & 0x7F != _RTP_MP2T and not is_transport_stream(payload):
        return None, datagram
    return Rtp(int.from_bytes(datagram[2:4], "big"), int.from_bytes(datagram[8:12], "big")), payload


class RtpMeter:
    """Counts what the sequence numbers of one stream tell."""

    # How far back a number is taken for a late or repeated packet; further back the sender has begun anew.
    LATE = 3000

    def __init__(self) -> None:
        self.packets = 0
        self.lost = 0
        self.reordered = 0
        self.duplicates = 0
        # How often the sender began anew: another SSRC, or numbers that jump back.
        self.restarts = 0
        self._ssrc: int | None = None
        # The highest number so far, counted on beyond 16 bits, and the ones below it that have not come.
        self._highest = 0
        self._missing: set[int] = set()

    def _begin(self, header: Rtp) -> None:
        self.restarts += self._ssrc is not None
        self._ssrc = header.ssrc
        self._highest = header.sequence
        self._missing.clear()

    def add(self, header: Rtp) -> None:
        """Count one packet."""
        self.packets += 1
        if header.ssrc != self._ssrc:
            self._begin(header)
            return
        ahead = (header.sequence - self._highest) & 0xFFFF
        if 0 < ahead < 0x8000:
            self.lost += ahead - 1
            self._missing.update(range(self._highest + 1, self._highest + ahead))
            self._highest += ahead
            if len(self._missing) > 0x8000:
                self._missing = {number for number in self._missing if number > self._highest - self.LATE}
            return
        back = -ahead & 0xFFFF
        number = self._highest - back
        if number in self._missing and back <= self.LATE:
            self._missing.remove(number)
            self.lost -= 1
            self.reordered += 1
        elif back <= self.LATE:
            self.duplicates += 1
        else:
            self._begin(header)


@dataclass
class _Pid:
    """What is known of one PID: its last counter and payload, and whether that packet has come twice already."""

    counter: int
    payload: bytes
    repeated: bool = False


@dataclass
class TsMeter:
    """Counts what the continuity counters of a transport stream tell."""

    packets: int = 0
    null_packets: int = 0
    # By PID. One error can be any number of lost packets, since the counter has 4 bits.
    continuity_errors: dict[int, int] = field(default_factory=dict)
    # The same packet twice in a row, which the standard allows.
    duplicates: int = 0
    # Jumps that the sender announced by the discontinuity indicator.
    discontinuities: int = 0
    # Packets that a receiver before us, a satellite's for example, has marked as damaged.
    transport_errors: int = 0
    # What is no packet at all: no sync byte, a length that does not fit.
    invalid: int = 0
    scrambled: int = 0
    pids: dict[int, int] = field(default_factory=dict)
    _last: dict[int, _Pid] = field(default_factory=dict)

    def add(self, packet: bytes) -> None:
        """Count one packet of 188 octets."""
        if len(packet) != PACKET or packet[0] != SYNC:
            self.invalid += 1
            return
        self.packets += 1
        if packet[1] & 0x80:
            self.transport_errors += 1
            return
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        if pid == _NULL_PID:
            # The counter of null packets is undefined.
            self.null_packets += 1
            return
        self.pids[pid] = self.pids.get(pid, 0) + 1
        self.scrambled += packet[3] >> 6 != 0
        has_payload = bool(packet[3] & 0x10)
        start = 4
        announced = False
        if packet[3] & 0x20:
            start += 1 + packet[4]
            if start > PACKET - has_payload:
                self.invalid += 1
                return
            announced = packet[4] > 0 and bool(packet[5] & 0x80)
        if announced:
            self.discontinuities += 1
            self._last.pop(pid, None)
        # Only packets with a payload count on.
        if has_payload:
            self._count(pid, packet[3] & 0x0F, packet[start:])

    def _count(self, pid: int, counter: int, payload: bytes) -> None:
        last = self._last.get(pid)
        if last is not None and counter == last.counter and payload == last.payload and not last.repeated:
            last.repeated = True
            self.duplicates += 1
            return
        if last is not None and counter != (last.counter + 1) & 0x0F:
            self.continuity_errors[pid] = self.continuity_errors.get(pid, 0) + 1
        self._last[pid] = _Pid(counter, payload)


class StreamMeter:
    """Counts everything about one group."""

    def __init__(self) -> None:
        self.packets = 0
        self.octets = 0
        self.first_at = 0.0
        self.last_at = 0.0
        self.longest_gap = 0.0
        self.rtp = RtpMeter()
        self.ts = TsMeter()
        # Datagrams that carry no transport stream.
        self.other = 0
        self._first_octets = 0

    def add(self, datagram: bytes, at: float) -> None:
        """Count one datagram, the payload of UDP, that arrived at a time in seconds."""
        if self.packets:
            self.longest_gap = max(self.longest_gap, at - self.last_at)
        else:
            self.first_at = at
            self._first_octets = len(datagram)
        self.packets += 1
        self.octets += len(datagram)
        self.last_at = at
        header, payload = split(datagram)
        if header is not None:
            self.rtp.add(header)
        if payload[:1] == bytes([SYNC]):
            for start in range(0, len(payload), PACKET):
                self.ts.add(payload[start : start + PACKET])
        else:
            self.other += 1

    @property
    def framing(self) -> str:
        """How most datagrams are packed: "rtp", "udp" for a transport stream without RTP, "unknown"."""
        if 2 * self.rtp.packets > self.packets:
            return "rtp"
        return "udp" if 2 * self.other < self.packets else "unknown"

    @property
    def bit_rate(self) -> float:
        """Bits of UDP payload a second, from the first datagram's arrival to the last's; 0 for less than two."""
        seconds = self.last_at - self.first_at
        return (self.octets - self._first_octets) * 8 / seconds if seconds > 0 else 0.0
