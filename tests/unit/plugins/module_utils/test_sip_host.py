# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's one function with a socket, against servers on this machine: each way to fail has a name of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sip_host


@contextlib.contextmanager
def server(*answers: bytes | None) -> Iterator[int]:
    """A UDP server that gives one answer a request, None for none; yields its port."""
    with socket.socket(type=socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))

        def serve() -> None:
            for answer in answers:
                _request, asker = line.recvfrom(2000)
                if answer is not None:
                    line.sendto(answer, asker)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield line.getsockname()[1]


def probe(port: int, timeout: float = 0.3, host: str = "127.0.0.1", source: str = ""):
    return _sip_host.probe({"host": host, "port": port, "domain": "telefonica.net", "method": "line", "source": source, "timeout": timeout})


def test_an_answer():
    with server(b"SIP/2.0 400 Missing CSeq Header\r\nCSeq: 0 REGISTER\r\n\r\n") as port:
        result, wrong = probe(port)
    assert wrong == ""
    assert (result["outcome"], result["status"], result["headers"]) == ("answered", 400, {"cseq": "0 REGISTER"})
    assert 0 < result["round_trip_ms"] < 300 and result["requests"] == 1 and not result["truncated"]


def test_a_lost_request_is_repeated(monkeypatch):
    monkeypatch.setattr(_sip_host, "T1", 0.05)
    with server(None, b"SIP/2.0 200 OK\r\n\r\n") as port:
        result, wrong = probe(port, 2)
    assert wrong == "" and result["requests"] == 2 and result["round_trip_ms"] < 1000


def test_a_truncated_answer():
    with server(b"SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"tele") as port:
        result, wrong = probe(port)
    assert wrong == "" and result["status"] == 401 and result["truncated"] and result["realm"] == ""


@pytest.mark.parametrize("answer", [b"", b"\x00" * 600, b"HTTP/1.1 200 OK\r\n\r\n"])
def test_what_is_no_sip(answer):
    with server(answer) as port:
        result, wrong = probe(port)
    assert result["outcome"] == "malformed" and "not as a SIP server" in wrong and result["status"] is None


def test_silence(monkeypatch):
    monkeypatch.setattr(_sip_host, "T1", 0.1)
    with server(None, None) as port:
        result, wrong = probe(port, 0.25)
    assert result["outcome"] == "silent" and result["requests"] == 2 and "is silent: 2 requests" in wrong


def test_refusal():
    with socket.socket(type=socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    result, wrong = probe(port)
    assert result["outcome"] == "refused" and f"UDP port {port}" in wrong and result["requests"] == 1


def test_no_way_there():
    """An address of documentation as the source: this machine does not have it."""
    result, wrong = probe(5070, source="192.0.2.1")
    assert result["outcome"] == "unreachable" and "cannot be reached" in wrong
