# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of SIP servers: as they should be, as they are, and as they must not crash anybody."""

from __future__ import annotations

import random

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sip

# What the seed shows.
SEED = b"SIP/2.0 400 Missing CSeq Header\r\nCSeq: 0 REGISTER\r\n\r\n"
CHALLENGE = (
    b"SIP/2.0 401 Unauthorized\r\n"
    b"v: SIP/2.0/UDP 10.25.200.1:5060;branch=z9hG4bK1;rport=5060\r\n"
    b"Via: SIP/2.0/UDP 10.0.0.1\r\n"
    b"CSeq: 1 REGISTER\r\n"
    b'WWW-Authenticate: Digest realm="telefonica.net",\r\n'
    b' nonce="abc"\r\n'
    b"X-Odd: 1\r\n"
    b"Content-Length: 4\r\n\r\nbody"
)


def test_the_seeds_answer():
    answer = _sip.parse(SEED)
    assert (answer.status, answer.reason, answer.truncated) == (400, "Missing CSeq Header", False)
    assert answer.status_line == "SIP/2.0 400 Missing CSeq Header"
    assert answer.telling() == {"cseq": "0 REGISTER"}
    assert answer.realm == ""


def test_a_challenge_with_folded_and_compact_headers():
    answer = _sip.parse(CHALLENGE)
    assert answer.status == 401
    assert answer.realm == "telefonica.net"
    assert answer.telling()["via"] == "SIP/2.0/UDP 10.25.200.1:5060;branch=z9hG4bK1;rport=5060, SIP/2.0/UDP 10.0.0.1"
    assert 'nonce="abc"' in answer.telling()["www-authenticate"]
    assert "x-odd" not in answer.telling()
    assert not answer.truncated


def test_bare_line_feeds_and_a_status_without_reason():
    answer = _sip.parse(b"SIP/2.0 200\nServer: x\n\n")
    assert (answer.status, answer.reason, answer.telling()) == (200, "", {"server": "x"})


def test_every_cut_is_seen_or_refused():
    """Whatever part of an answer arrives, it is never taken for the whole."""
    for length in range(len(CHALLENGE)):
        try:
            answer = _sip.parse(CHALLENGE[:length])
        except _sip.NotSip:
            continue
        assert answer.truncated, CHALLENGE[:length]
    assert _sip.parse(CHALLENGE[:60]).status == 401


@pytest.mark.parametrize(
    ("datagram", "words"),
    [
        (b"", "empty"),
        (b"\r\n\r\n", "empty"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400"),
        (b"REGISTER sip:telefonica.net SIP/2.0\r\n\r\n", "no status line"),
        (b"SIP/2.0 999 Odd\r\n\r\n", "no status line"),
        (b"SIP/2.0 200 OK\r\nno header at all\r\nCSeq: 1\r\n\r\n", "line 2"),
        (b"SIP/2.0 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length"),
        (b"\x00\xff\xfe binary", "no status line"),
        (b"A" * 5000, "..."),
    ],
)
def test_what_is_no_answer_says_why(datagram, words):
    with pytest.raises(_sip.NotSip) as error:
        _sip.parse(datagram)
    assert words in str(error.value)
    assert len(str(error.value)) < 200


def test_fuzz():
    """Mutated answers: an answer or NotSip, never anything else; the same seed, so that a failure can be repeated."""
    rng = random.Random(3261)
    seeds = [SEED, CHALLENGE, _sip.question("options", "telefonica.net", "10.0.0.1", 5060, "x")]
    pieces = [b"\r\n", b"\n", b"\r", b":", b" ", b"\t", b"\x00", b'"', b"\\", b"\xc2\x85", b"Content-Length: 99999999999\r\n", b"realm=\"\\"]
    answers = 0
    for _round in range(20000):
        data = bytearray(rng.choice(seeds))
        for _change in range(rng.randint(1, 6)):
            place = rng.randrange(len(data) + 1)
            kind = rng.randrange(4)
            if kind == 0:
                data[place:place] = rng.choice(pieces)
            elif kind == 1:
                del data[place : place + rng.randint(1, 20)]
            elif kind == 2:
                data[place : place + 1] = bytes([rng.randrange(256)])
            else:
                data[place:place] = data[: rng.randint(0, 40)]
        try:
            answer = _sip.parse(bytes(data))
        except _sip.NotSip as error:
            assert len(str(error)) < 300
            continue
        answers += 1
        assert 100 <= answer.status <= 699
        assert isinstance(answer.realm, str)
        assert all(isinstance(value, str) for value in answer.telling().values())
    # A fuzz in which nothing gets past the first line would prove nothing.
    assert 2000 < answers < 20000


def test_questions():
    assert _sip.question("line", "telefonica.net", "10.0.0.1", 5060, "t") == b"REGISTER sip:telefonica.net SIP/2.0\r\n\r\n"
    whole = _sip.question("options", "telefonica.net", "10.0.0.1", 40000, "t").decode()
    assert whole.startswith("OPTIONS sip:telefonica.net SIP/2.0\r\n") and whole.endswith("\r\n\r\n")
    for header in ("Via: SIP/2.0/UDP 10.0.0.1:40000;branch=z9hG4bKt;rport", "CSeq: 1 OPTIONS", "Max-Forwards: 70", "To: <sip:telefonica.net>"):
        assert f"\r\n{header}\r\n" in whole
