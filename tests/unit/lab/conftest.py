# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's programs are no packages of the collection: television's find each other in their folder, and so do their tests;
the switch is a package of its own. Its tests talk to it as a person would, key by key.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

LAB = Path(__file__).resolve().parents[3] / "lab"
sys.path.insert(0, str(LAB / "tv"))
# Last, since lab/site.py bears the name of a module of Python's own.
sys.path.append(str(LAB))

import asyncssh  # noqa: E402  after the path has been set
from switch import Emulator  # noqa: E402  the same

# What a client of today has to say to be understood by firmware 1.x.
LEGACY = {
    "kex_algs": ["diffie-hellman-group14-sha1"], "encryption_algs": ["aes256-cbc"], "mac_algs": ["hmac-sha1"], "server_host_key_algs": ["ssh-rsa"],
}  # fmt: skip


class Person:
    """Somebody at a terminal. Every call runs the switch's loop too, which is the same one."""

    def __init__(self, run: Callable[[Coroutine[Any, Any, Any]], Any], connection: asyncssh.SSHClientConnection, streams: Any) -> None:
        self._run = run
        self.connection = connection
        self._in, self._out, _err = streams

    async def _until(self, end: str) -> str:
        seen = ""
        while not seen.endswith(end):
            piece = await asyncio.wait_for(self._out.read(65536), 10)
            if not piece:
                raise EOFError(seen)
            seen += piece
        return seen

    def expect(self, end: str) -> str:
        """What comes until it ends like this. Raises EOFError with what came instead of it."""
        try:
            return self._run(self._until(end))
        except asyncssh.ConnectionLost as error:
            raise EOFError(str(error)) from error

    def type(self, keys: str, end: str) -> str:
        """Type keys and read until the answer ends like this."""
        self._in.write(keys)
        return self.expect(end)

    def do(self, line: str, end: str = "#") -> str:
        """Type a line; the answer without echo and prompt, with plain newlines."""
        seen = self.type(f"{line}\r", end)
        assert seen.startswith(f"{line}\r\n"), f"the echo of {line!r} is missing: {seen!r}"
        return seen[len(line) + 2 :].rpartition("\r\n")[0].replace("\r\n", "\n") if seen.count("\r\n") > 1 else ""

    def configure(self, *lines: str) -> None:
        """Lines of configuration, none of which may be answered."""
        for line in ("configure terminal", *lines, "end"):
            answer = self.do(line)
            assert not answer, f"{line}: {answer}"


class House:
    """Makes switches and people."""

    def __init__(self, runner: asyncio.Runner, stack: contextlib.ExitStack) -> None:
        self.run = runner.run
        self._stack = stack

    def switch(self, **arguments: Any) -> Emulator:
        """A switch that listens."""
        emulator = Emulator(**arguments)
        emulator.number = self.run(emulator.start())
        self._stack.callback(lambda: self.run(emulator.stop()))
        return emulator

    def connect(self, emulator: Emulator, user: str = "", password: str = "", **options: Any) -> Person:
        """A terminal on which nothing has been read yet."""
        if emulator.crypto == "legacy":
            options = {**LEGACY, **options}

        async def go() -> Person:
            connection = await asyncssh.connect(
                "127.0.0.1", emulator.number, username=user or emulator.user, password=password or emulator.password, known_hosts=None,
                config=None, client_keys=None, **options,
            )  # fmt: skip
            streams = await connection.open_session(term_type="vt100", encoding="latin-1")
            return Person(self.run, connection, streams)

        person = self.run(go())
        self._stack.callback(person.connection.abort)
        return person

    def log_in(self, emulator: Emulator, **options: Any) -> Person:
        """Somebody in front of the prompt, with pages and questions switched off."""
        person = self.connect(emulator, **options)
        person.expect("#")
        for line in ("terminal datadump", "terminal width 0", "terminal no prompt"):
            assert person.do(line) == ""
        emulator.transcript.clear()
        return person


@pytest.fixture
def house() -> Iterator[House]:
    """A place with switches and people, gone after the test."""
    with asyncio.Runner() as runner, contextlib.ExitStack() as stack:
        yield House(runner, stack)
