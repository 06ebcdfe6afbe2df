# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A question to a SIP server. All input and output is here."""

from __future__ import annotations

import errno
import secrets
import socket
import time
from typing import Any

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sip

# RFC 3261, section 17.1.2.2: timer T1 doubles up to T2.
T1 = 0.5
T2 = 4.0


def ask(line: socket.socket, request: bytes, timeout: float, result: dict[str, Any]) -> tuple[bytes | None, float]:
    """The first datagram that comes back and seconds since the last request, which are counted in result. OSError for what ICMP says."""
    end = time.monotonic() + timeout
    pause = T1
    while True:
        sent = time.monotonic()
        line.send(request)
        result["requests"] += 1
        line.settimeout(max(0.001, min(pause, end - sent)))
        try:
            return line.recv(65535), time.monotonic() - sent
        except socket.timeout:
            if time.monotonic() >= end:
                return None, 0.0
        pause = min(pause * 2, T2)


def probe(params: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return values, and what went wrong, empty when an answer came."""
    server = f"{params['host']}:{params['port']}"
    result: dict[str, Any] = {
        "outcome": "silent", "status": None, "status_line": "", "realm": "", "headers": {}, "truncated": False, "round_trip_ms": None,
        "requests": 0,
    }  # fmt: skip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        try:
            line.bind((params["source"], 0))
            # A connected socket hears ICMP errors, and nobody but the server.
            line.connect((params["host"], params["port"]))
            local, port = line.getsockname()
            request = _sip.question(params["method"], params["domain"], local, port, secrets.token_hex(8))
            datagram, seconds = ask(line, request, params["timeout"], result)
        except OSError as error:
            refused = error.errno == errno.ECONNREFUSED
            result["outcome"] = "refused" if refused else "unreachable"
            if refused:
                return result, f"{server} refuses: the host is there, but nobody listens on UDP port {params['port']}"
            return result, f"{server} cannot be reached ({error.strerror}): look at `ip route get {params['host']}` and at the firewall"
    if datagram is None:
        return result, (
            f"{server} is silent: {result['requests']} requests in {params['timeout']:g} s, no answer and no ICMP error. Look at "
            f"`ip route get {params['host']}`, whose interface should be the voice VLAN's; some servers answer only method: options"
        )
    result["round_trip_ms"] = round(seconds * 1000, 2)
    try:
        answer = _sip.parse(datagram)
    except _sip.NotSip as error:
        result["outcome"] = "malformed"
        return result, f"{server} answers, but not as a SIP server: {error}"
    result.update(
        outcome="answered", status=answer.status, status_line=answer.status_line, realm=answer.realm, headers=answer.telling(),
        truncated=answer.truncated,
    )  # fmt: skip
    return result, ""
