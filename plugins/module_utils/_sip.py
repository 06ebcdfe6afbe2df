# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to a SIP server and what its datagrams say (RFC 3261). Pure: the module next door has the socket."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Headers that tell something about a server; compact names as in RFC 3261, section 7.3.3.
TELLING = ("allow", "contact", "cseq", "proxy-authenticate", "retry-after", "server", "user-agent", "via", "warning", "www-authenticate")
_COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type", "k": "supported"}

_STATUS_LINE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.IGNORECASE)
_HEADER = re.compile(r"([A-Za-z0-9.!%*_+`'~-]+)[ \t]*:[ \t]*(.*)")
_REALM = re.compile(r'\brealm[ \t]*=[ \t]*"((?:[^"\\]|\\.)*)"', re.IGNORECASE)


class NotSip(ValueError):
    """A datagram that is no answer of a SIP server; the text says why."""


@dataclass(frozen=True)
class Answer:
    """One response. C(headers) by lower-case name, each with its values in order; C(truncated): it ends before its own end."""

    status: int
    reason: str
    headers: dict[str, list[str]]
    truncated: bool

    @property
    def status_line(self) -> str:
        """As the server wrote it, blanks at its ends apart."""
        return f"SIP/2.0 {self.status} {self.reason}".rstrip()

    @property
    def realm(self) -> str:
        """Realm of the digest authentication that is asked for, empty for none."""
        for name in ("www-authenticate", "proxy-authenticate"):
            for value in self.headers.get(name, []):
                match = _REALM.search(value)
                if match:
                    return re.sub(r"\\(.)", r"\1", match[1])
        return ""

    def telling(self) -> dict[str, str]:
        """The headers that tell something about the server, several values of one name on one line."""
        return {name: ", ".join(self.headers[name]) for name in TELLING if name in self.headers}


def question(method: str, domain: str, local: str, port: int, token: str) -> bytes:
    """A request. C(line) is a first line and nothing more, which any server refuses; C(options) is a whole OPTIONS request.

    local, port: where the answer is waited for. token: what makes this request unlike all others.
    """
    if method == "line":
        return f"REGISTER sip:{domain} SIP/2.0\r\n\r\n".encode()
    return (
        f"OPTIONS sip:{domain} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {local}:{port};branch=z9hG4bK{token};rport\r\n"
        "Max-Forwards: 70\r\n"
        f"From: <sip:probe@{domain}>;tag={token}\r\n"
        f"To: <sip:{domain}>\r\n"
        f"Call-ID: {token}@{local}\r\n"
        "CSeq: 1 OPTIONS\r\n"
        f"Contact: <sip:probe@{local}:{port}>\r\n"
        "Content-Length: 0\r\n"
        "\r\n"
    ).encode()


def parse(datagram: bytes) -> Answer:
    """The response in a datagram; raises NotSip where there is none."""
    if not datagram.strip():
        raise NotSip("the datagram is empty")
    # UTF-8 by definition; whoever sends anything else is still to be shown.
    text = datagram.decode("utf-8", "replace")
    head, end, body = _split(text)
    lines = _unfold(head)
    match = _STATUS_LINE.fullmatch(lines[0].strip())
    if match is None:
        raise NotSip(f"its first line is no status line of SIP: {_shown(lines[0])}")
    headers: dict[str, list[str]] = {}
    broken = not end
    for number, line in enumerate(lines[1:], 2):
        found = _HEADER.fullmatch(line.strip())
        if found is None:
            # The last line of a datagram that was cut off may be any part of a header.
            if not end and number == len(lines):
                break
            raise NotSip(f"line {number} is no header: {_shown(line)}")
        name = found[1].lower()
        headers.setdefault(_COMPACT.get(name, name), []).append(found[2].strip())
    length = headers.get("content-length", ["0"])[0]
    if not re.fullmatch(r"[0-9]{1,9}", length):
        raise NotSip(f"its Content-Length is {_shown(length)}")
    return Answer(int(match[1]), (match[2] or "").strip(), headers, broken or len(body.encode("utf-8", "replace")) < int(length))


def _split(text: str) -> tuple[str, bool, str]:
    """Head, whether the empty line that ends it is there, and body. Bare line feeds are taken as line ends, as many servers do."""
    match = re.search(r"\r?\n\r?\n", text)
    if match is None:
        return text, False, ""
    return text[: match.start()], True, text[match.end() :]


def _unfold(head: str) -> list[str]:
    """Lines of a head; a line that begins with a blank goes on with the one before (RFC 3261, section 7.3.1)."""
    lines: list[str] = []
    # Not splitlines(): it divides at characters that are part of a value here.
    for line in re.split(r"\r?\n", head):
        if lines and line[:1] in (" ", "\t"):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    if lines[-1] == "" and len(lines) > 1:
        lines.pop()
    return lines


def _shown(text: str) -> str:
    """What strangers sent, as a message may show it."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
