# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH session that controls this host: roles that change the network must not cut it."""

from __future__ import annotations

import os
from typing import NamedTuple

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _stack


class Session(NamedTuple):
    """Both ends of a session: addresses as text, the port on this host."""

    client: str
    server: str
    port: int


def _address(text: str) -> str:
    address = text.partition("%")[0]
    return address[7:] if address.startswith("::ffff:") else address


def parse(connection: str) -> Session | None:
    """A session from the text of SSH_CONNECTION (sshd(8)); None where it came over no network."""
    words = connection.split()
    if len(words) != 4 or "UNKNOWN" in words or not words[3].isdigit():
        return None
    return Session(_address(words[0]), _address(words[2]), int(words[3]))


def current() -> Session | None:
    """The session in which this process runs, None when it is no SSH session.

    sudo and su drop SSH_CONNECTION, so the parents are asked, too.
    """
    value = os.environ.get("SSH_CONNECTION", "")
    pid = os.getppid()
    while not value and pid > 1:
        for entry in _stack.read(f"/proc/{pid}/environ").split("\0"):
            if entry.startswith("SSH_CONNECTION="):
                value = entry.partition("=")[2]
        # The name in parentheses may hold anything, spaces and parentheses included.
        fields = _stack.read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        pid = int(fields[1]) if len(fields) > 1 else 0
    return parse(value)
