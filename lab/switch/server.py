# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switch over SSH: log-in dialogs, line discipline, pager, and what goes wrong on demand.

Nothing here waits, but where a fault asks for it: two pieces of output are a moment apart, saving is slow, a session is idle.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import re
from collections import deque
from pathlib import Path
from typing import Any, Union

import asyncssh

from . import show
from .commands import Ask, Cli, Pause, Reply
from .device import CliError, Device, Factory, Faults, Network, sha1

AUTH = ("password", "kbdint", "none+inband", "password+inband", "enable", "expired")
PAGER = "More: <space>,  Quit: q or CTRL+Z, One line: <return> "
PAGE = 23
_LOGGED = re.compile(r"\d\d-\w{3}-\d{4} \d\d:\d\d:\d\d %")
LOCKED = "Configuration Database locked by another application - try later"
# What firmware 1.x offers, and nothing newer; and what newer firmware has in common with today's clients.
CRYPTO: dict[str, dict[str, Any]] = {
    "legacy": {
        "kex_algs": ["diffie-hellman-group1-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1"],
        "encryption_algs": ["aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"],
        "mac_algs": ["hmac-sha1"],
        "signature_algs": ["ssh-rsa"],
        "server_version": "OpenSSH_5.9p1.RL",
    },
    "modern": {
        "kex_algs": ["ecdh-sha2-nistp256", "diffie-hellman-group14-sha256", "diffie-hellman-group16-sha512"],
        "encryption_algs": ["aes256-ctr", "aes128-ctr"],
        "mac_algs": ["hmac-sha2-256", "hmac-sha2-512", "hmac-sha1"],
        "signature_algs": ["rsa-sha2-256", "rsa-sha2-512", "ssh-rsa"],
        "server_version": "OpenSSH_7.3p1.RL",
    },
}


@functools.lru_cache
def _throwaway_key() -> asyncssh.SSHKey:
    """One key for all switches of a process: making it takes longer than all the rest."""
    return asyncssh.generate_private_key("ssh-rsa", key_size=2048)


def _host_key(file: Path | None, algorithms: list[str]) -> asyncssh.SSHKeyPair:
    """The host's key, offered with these algorithms alone: by itself asyncssh would sign with newer ones too."""
    if file is not None and not file.exists():
        _throwaway_key().write_private_key(file)
        file.chmod(0o600)
    pair = asyncssh.load_keypairs(_throwaway_key() if file is None else asyncssh.read_private_key(file))[0]
    pair.host_key_algorithms = [algorithm.encode() for algorithm in algorithms]
    return pair


class _Gone(Exception):
    """The session has no client any more, or has ended."""


class _Login(asyncssh.SSHServer):
    """One connection: who may come in, and by which dialog."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._sessions = 0
        self.user = ""
        self.address = ""
        self.connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.connection = conn
        peer = conn.get_extra_info("peername")
        self.address = self._emulator.address_of(peer[0] if peer else "")
        cap = self._emulator.faults.session_cap
        if not self._emulator.reachable() or (cap and len(self._emulator.connections) >= cap):
            conn.abort()
            return
        self._emulator.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._emulator.connections.discard(self)

    @property
    def inband(self) -> bool:
        """Whether the command line asks for user and password itself."""
        return self._emulator.auth in ("none+inband", "password+inband") or not self._emulator.device.password_auth

    def begin_auth(self, username: str) -> bool:
        self.user = username
        return self._emulator.device.password_auth

    def password_auth_supported(self) -> bool:
        return self._emulator.auth != "kbdint"

    def validate_password(self, username: str, password: str) -> bool:
        return self._emulator.knows(username, password)

    def kbdint_auth_supported(self) -> bool:
        return self._emulator.auth == "kbdint"

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        del username, lang, submethods
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Any) -> bool:
        return len(responses) == 1 and self._emulator.knows(username, responses[0])

    def session_requested(self) -> Any:
        # Old servers take one shell for each connection, and no command.
        self._sessions += 1
        return _Terminal(self._emulator, self) if self._sessions == 1 else False


class _Terminal(asyncssh.SSHServerSession):
    """One session: characters in, characters out."""

    def __init__(self, emulator: Emulator, login: _Login) -> None:
        self._emulator = emulator
        self._login = login
        self._channel: Any = None
        self._typed: deque[str] = deque()
        self._news = asyncio.Event()
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._entry: tuple[str, str] | None = None
        self._cli = Cli(emulator.device)

    # -- asyncssh --

    def connection_made(self, chan: Any) -> None:
        self._channel = chan

    def pty_requested(self, term_type: str, term_size: Any, term_modes: Any) -> bool:
        del term_type, term_size, term_modes
        return True

    def shell_requested(self) -> bool:
        return True

    def session_started(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._live())
        self._emulator.tasks.add(self._task)
        self._task.add_done_callback(self._emulator.tasks.discard)

    def data_received(self, data: str, datatype: Any) -> None:
        del datatype
        self._typed.extend(data)
        self._news.set()

    def eof_received(self) -> bool:
        self._end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._end()

    def _end(self) -> None:
        self._closed = True
        self._news.set()

    # -- characters --

    async def _key(self) -> str:
        """The next character. Raises _Gone when there will be none."""
        while not self._typed:
            if self._closed:
                raise _Gone
            self._news.clear()
            limit = self._emulator.faults.idle_timeout
            try:
                await asyncio.wait_for(self._news.wait(), limit or None)
            except asyncio.TimeoutError:
                raise _Gone from None
        return self._typed.popleft()

    async def _print(self, text: str) -> None:
        """Send text, its lines ended as a terminal wants them."""
        if not text:
            return
        text = text.replace("\n", "\r\n")
        pieces = [text]
        if self._emulator.faults.split_output:
            # The last piece is two characters: the cut is inside of a prompt, where there is one.
            middle = len(text) // 2
            end = max(middle, len(text) - 2)
            pieces = [piece for piece in (text[:middle], text[middle:end], text[end:]) if piece]
        for number, piece in enumerate(pieces):
            if number:
                await asyncio.sleep(0.03)
            if self._closed or self._channel.is_closing():
                raise _Gone
            self._channel.write(piece)

    async def _line(self, secret: bool = False) -> str:
        """A line as it is typed, echoed; CR ends it, and so does LF: a client that sends both has typed an empty line more."""
        line = ""
        echo = ""
        while True:
            if not self._typed and echo:
                await self._print(echo)
                echo = ""
            key = await self._key()
            if key in "\r\n":
                await self._print(f"{echo}\n")
                return line
            if key in "\b\x7f":
                echo += "\b \b" if line else ""
                line = line[:-1]
            elif key == "\x1a" and not secret:
                # Ctrl-Z: what was typed is gone, and configuration ends.
                await self._print(f"{echo}\n")
                return "\x1a"
            elif key == "\x03":
                await self._print(f"{echo}\n")
                return ""
            elif key == "?" and not secret and line.count('"') % 2 == 0:
                await self._print(echo + "?\n" + "\n".join(self._cli.help(line)) + "\n")
                echo = self._prompt() + line
            elif key.isprintable():
                line += key
                echo += "*" if secret else key

    def _prompt(self) -> str:
        return ("\x1b[K" if self._emulator.faults.erase_line else "") + self._cli.prompt

    # -- the session --

    async def _live(self) -> None:
        try:
            if await self._log_in():
                await self._talk()
        except _Gone:
            pass
        finally:
            if self._entry in self._emulator.device.logins:
                self._emulator.device.logins.remove(self._entry)
            if not self._channel.is_closing():
                self._channel.exit(0)
            if self._login.connection:
                self._login.connection.close()

    async def _log_in(self) -> bool:
        user = self._login.user
        if self._login.inband:
            for _attempt in range(3):
                await self._print("\n\nUser Name:")
                user = await self._line()
                await self._print("Password:")
                if self._emulator.knows(user, await self._line(secret=True)):
                    break
            else:
                await self._print("\nauthentication failed\n")
                return False
        if self._emulator.auth == "expired":
            # Reconstructed, but for its first sentence.
            await self._print("\nYour password has exceeded the maximum lifetime\nDo you want to change the password now (Y/N)[N] ?")
            key = await self._key()
            await self._print(f"{key if key.isprintable() else ''}\n")
            if key in "yY":
                await self._print("Enter new password:")
                new = await self._line(secret=True)
                await self._print("Confirm new password:")
                if await self._line(secret=True) != new or not new:
                    await self._print("% Passwords do not match\n")
                    return False
                self._emulator.device.users[user].secret = sha1(new)
        self._cli.privilege = self._emulator.device.users[user].privilege
        self._entry = (user, self._login.address)
        self._emulator.device.logins.append(self._entry)
        await self._print("\n\n")
        return True

    async def _talk(self) -> None:
        faults = self._emulator.faults
        while True:
            await self._print(self._prompt())
            line = await self._line()
            self._emulator.transcript.append(line)
            if line == "\x1a":
                if self._cli.mode != "exec":
                    self._cli.enter("exec")
                continue
            sets = self._cli.mode != "exec" and line.split()[:1] not in ([], ["exit"], ["end"], ["do"])
            if sets and faults.database_locked:
                faults.database_locked -= 1
                await self._print(f"{LOCKED}\n")
                continue
            reply = self._cli.run(line)
            if sets and faults.lose_link_after:
                faults.lose_link_after -= 1
                if not faults.lose_link_after:
                    self._emulator.cut(self._login)
                    raise _Gone
            if not await self._answer(reply, line):
                return
            if self._login not in self._emulator.connections:
                raise _Gone

    async def _answer(self, reply: Reply, line: str) -> bool:
        """Do what a command leaves to be done; whether the session goes on."""
        while not isinstance(reply, (str, type(None))):
            if isinstance(reply, Pause):
                if reply.seconds:
                    await asyncio.sleep(reply.seconds)
                reply = reply.then()
            elif isinstance(reply, Ask):
                await self._print(reply.question)
                if reply.secret:
                    answer = await self._line(secret=True)
                    self._emulator.transcript.append("*" * len(answer))
                else:
                    answer = await self._key()
                    self._emulator.transcript.append(answer)
                    await self._print(f"{answer if answer.isprintable() else ''}\n")
                reply = reply.then(answer)
            else:
                if reply.everybody:
                    self._emulator.hang_up()
                return False
        if reply:
            await self._page(self._lines(reply, line))
        return True

    def _lines(self, text: str, line: str) -> list[str]:
        """Output as lines, with a log line in their middle if one is due, wrapped at the terminal's width."""
        lines = text.split("\n")
        if lines[-1] == "":
            lines.pop()
        faults = self._emulator.faults
        if faults.log_lines and line.split()[:1] and "show".startswith(line.split()[0]):
            faults.log_lines -= 1
            lines.insert(len(lines) // 2, show.log_line(self._emulator.device, faults.log_text))
        width = self._cli.width
        if width:
            # The log does not ask how wide a terminal is.
            steps = [len(one) + 1 if _LOGGED.match(one) else width for one in lines]
            lines = [one[at : at + step] for one, step in zip(lines, steps) for at in range(0, max(len(one), 1), step)]
        return lines

    async def _page(self, lines: list[str]) -> None:
        if not self._cli.paging:
            await self._print("\n".join([*lines, ""]))
            return
        room = PAGE
        while lines:
            await self._print("\n".join([*lines[:room], ""]))
            lines = lines[room:]
            if not lines:
                return
            await self._print(PAGER)
            key = await self._key()
            while key not in " \r\nqQ\x1a":
                key = await self._key()
            # Reconstructed: the question is wiped out by blanks.
            await self._print("\r" + " " * len(PAGER) + "\r")
            if key in "qQ\x1a":
                return
            room = PAGE if key == " " else 1


class Emulator:
    """A switch that answers over SSH.

    dialect      ros1 or ros2
    auth         one of AUTH: how somebody logs in; "enable" is a user without privileges, "expired" one with an old password
    crypto       modern, or legacy for what firmware 1.x has
    client_port  where the client hangs, for clients over the loopback interface: their connections break as soon as the switch's
                 address cannot be reached from that port any more; None where a bridge with real ports decides it
    startup      file of the startup configuration, so that it outlives the process
    host_key     file of the host key, made when it is missing
    """

    def __init__(
        self,
        dialect: str = "ros1",
        auth: str = "password",
        crypto: str = "modern",
        ports: int = 10,
        client_port: str | None = "gi10",
        faults: Union[Faults, dict[str, Any], None] = None,
        startup: Path | None = None,
        host_key: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        factory: Factory | None = None,
    ) -> None:
        """Nothing listens before start()."""
        if auth not in AUTH:
            raise ValueError(f"auth={auth} is none of {', '.join(AUTH)}")
        if crypto not in CRYPTO:
            raise ValueError(f"crypto={crypto} is none of {', '.join(CRYPTO)}")
        self.auth, self.crypto = auth, crypto
        made = factory or Factory()
        made = dataclasses.replace(
            made, dialect=dialect, ports=ports, privilege=1 if auth == "enable" else made.privilege, password_auth=auth != "none+inband"
        )
        self.device = Device(made, startup)
        if isinstance(faults, dict):
            faults = Faults(**faults)
        self.device.faults = faults or Faults()
        if client_port:
            self.device.network = Network(client_port)
        self._client_port = client_port
        self._host, self._port, self._host_key = host, port, host_key
        self.transcript: list[str] = []
        self.connections: set[_Login] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self._server: asyncssh.SSHAcceptor | None = None
        self._path = self._client_vlan()
        self.device.watchers.append(self._look_at_the_path)

    @property
    def faults(self) -> Faults:
        """What goes wrong; its fields may be set at any time."""
        return self.device.faults

    @property
    def user(self) -> str:
        """Whom the factory knows."""
        return self.device.factory.user

    @property
    def password(self) -> str:
        """The factory user's password."""
        return self.device.factory.password

    @property
    def enable_password(self) -> str:
        """What enable asks for."""
        return self.device.factory.enable

    async def start(self) -> int:
        """Listen; the port number."""
        # A configuration may have been loaded since.
        self._path = self._client_vlan()
        self._server = await asyncssh.listen(
            self._host, self._port, server_factory=lambda: _Login(self), encoding="latin-1", line_editor=False, allow_scp=False,
            server_host_keys=[_host_key(self._host_key, CRYPTO[self.crypto]["signature_algs"])], agent_forwarding=False, gss_host=None,
            x11_forwarding=False, login_timeout=60, reuse_address=True, **CRYPTO[self.crypto],
        )  # fmt: skip
        return self._server.get_port()

    async def stop(self) -> None:
        """End all sessions, and listen no more."""
        if self._server:
            self._server.close()
            self.hang_up()
            await self._server.wait_closed()
            self._server = None
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def knows(self, user: str, password: str) -> bool:
        """Whether this is the user's password."""
        return user in self.device.users and self.device.users[user].secret == sha1(password)

    def address_of(self, peer: str) -> str:
        """Where a client's connection comes from, as the switch sees it."""
        return self.device.network.client_address if self._client_port else peer

    def reachable(self) -> bool:
        """Whether somebody may connect now."""
        return self.device.ssh_server and (self._client_port is None or self._client_vlan() is not None)

    def _client_vlan(self) -> int | None:
        return self.device.network.client_vlan(self.device) if self._client_port else None

    def _look_at_the_path(self) -> None:
        """Break the connections when the client's frames reach the switch no more, or in another VLAN."""
        path = self._client_vlan()
        if self._client_port and path != self._path:
            self.hang_up(abrupt=True)
        self._path = path

    def hang_up(self, abrupt: bool = False) -> None:
        """End all connections; "abrupt" without a word."""
        for login in list(self.connections):
            if abrupt:
                self.cut(login)
            elif login.connection:
                login.connection.close()

    def cut(self, login: _Login) -> None:
        """Break a connection, as when its cable is pulled."""
        self.connections.discard(login)
        if login.connection:
            login.connection.abort()

    def _restore(self, text: str) -> None:
        before, self.device.startup = self.device.startup, text
        try:
            self.device.boot()
        except CliError:
            self.device.startup = before
            self.device.boot()
            raise
        self.device.faults = Faults()
        # As the switch itself would have written it, so that nothing counts as unsaved.
        self.device.save()
        self.hang_up()

    def control(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a question from outside, see __main__.py. Raises ValueError for one that has no answer."""
        answers: dict[str, Any] = {}
        for key, value in request.items():
            if key == "transcript":
                answers[key] = list(self.transcript)
            elif key == "clear":
                self.transcript.clear()
                answers[key] = True
            elif key == "running":
                answers[key] = self.device.running_config()
            elif key == "startup":
                answers[key] = self.device.startup
            elif key == "fault":
                unknown = set(value) - {field.name for field in dataclasses.fields(Faults)}
                if unknown:
                    raise ValueError(f"there is no fault {', '.join(sorted(unknown))}")
                for name, setting in value.items():
                    setattr(self.faults, name, setting)
                answers[key] = dataclasses.asdict(self.faults)
            elif key == "reset" and value == "factory":
                self.device.reset()
                self.hang_up()
                answers[key] = value
            elif key in ("load", "lines", "restore"):
                try:
                    if key == "restore":
                        self._restore(value)
                    else:
                        # Lines as somebody would type them after configure terminal.
                        self.device.load(value if key == "load" else "\n".join(value))
                finally:
                    # What came before a line that is refused is in effect, as at a terminal.
                    self.device.changed()
                answers[key] = True
            elif key == "show":
                answers[key] = Cli(self.device).run(f"show {value}")
            elif key == "save":
                self.device.save()
                answers[key] = True
            elif key == "reapply":
                self.device.changed()
                answers[key] = True
            else:
                raise ValueError(f"{key}: {value} is no question to the switch")
        return answers
