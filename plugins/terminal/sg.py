# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The terminal of SG300, SG350, CBS and C1200 switches: login, privileges, and one line with its answer at a time.

All reading and writing of a session is here, on the libssh channel itself. network_cli's own reader takes the first prompt for the end
of an answer, which a log line's prompt is not, waits for ever on a channel that has ended, and drops each line that has the prompt in it.
"""

from __future__ import annotations

import re
import signal
import time
from typing import Optional

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.common.text.converters import to_bytes, to_text
from ansible_collections.ansible.netcommon.plugins.plugin_utils.terminal_base import TerminalBase
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sg_cli

try:
    from pylibsshext.errors import LibsshChannelException

    HAS_LIBSSH = True
except ImportError:
    LibsshChannelException = OSError
    HAS_LIBSSH = False

# Seconds of silence after which a prompt counts without the echo it should follow, or with another host's name.
SILENCE = 1.0
# Milliseconds for which one look at the channel waits.
LOOK = 100


class TerminalModule(TerminalBase):
    """One session's terminal. C(prompt) is what the switch shows now, C(host) the name in it."""

    # Answers are judged where it is known what was asked.
    terminal_stderr_re = []
    ansi_re = [re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")]
    terminal_config_prompt = re.compile(r"^.+\(config[\w\-]*\)#$")

    def __init__(self, connection):
        super().__init__(connection)
        self.on_close_shell()

    def on_close_shell(self) -> None:
        """Know nothing of a session any more: the next begins with its log-in."""
        self.host = ""
        self.prompt = ""
        self._enabled = False
        # network_cli reads until the first text of the switch, whatever it is, and the log-in goes on from there.
        self.terminal_stdout_re = [re.compile(rb"(?s).*\S.*")]

    # -- the channel --

    def _write(self, text: str, secret: bool = False) -> None:
        """Send characters; a secret is never logged."""
        self._connection._log_messages("sent: ********" if secret else f"sent: {text!r}")
        try:
            self._connection._ssh_shell.sendall(to_bytes(text))
        except LibsshChannelException as error:
            raise self._lost("") from error

    def _read(self) -> str:
        """What has come, after waiting a moment for it; empty when nothing has. Raises AnsibleConnectionFailure when nothing ever will."""
        shell = self._connection._ssh_shell
        try:
            ready = shell.poll(timeout=LOOK)
            data = b""
            while ready > 0:
                data += shell.read_nonblocking(1024) or b""
                ready = shell.poll(timeout=0)
        except LibsshChannelException as error:
            raise self._lost("") from error
        if data:
            self._connection._log_messages(f"received: {data!r}")
        elif ready < 0 or shell.is_eof:
            raise self._lost("")
        return to_text(data, errors="surrogate_then_replace")

    @staticmethod
    def _lost(said: str) -> AnsibleConnectionFailure:
        """The error for a session that has ended."""
        last = " / ".join(line.strip() for line in _sg_cli.strip_ansi(said).splitlines() if line.strip())[-200:]
        return AnsibleConnectionFailure(f"the session with the switch was lost{f', after it said {last!r}' if last else ''}")

    def _more_time(self, seconds: float) -> None:
        """Put off the alarm by which the connection's process would end it, if one is set: each line has its own time."""
        if signal.getitimer(signal.ITIMER_REAL)[0]:
            signal.alarm(int(seconds) + 10)

    def _seconds(self) -> float:
        return float(self._connection.get_option("persistent_command_timeout"))

    # -- lines --

    def talk(self, line: str, answer: str = "N", seconds: Optional[float] = None) -> _sg_cli.Answer:
        """Send a line and read until its answer is complete. A question is answered by the key "answer".

        Raises AnsibleConnectionFailure when the session ends or the time is over (the session is then useless, and closed).
        """
        seconds = max(seconds or 0.0, self._seconds())
        self._more_time(seconds)
        said = ""
        asked = ""
        try:
            self._write(f"{line}\r")
            # A new name shows in the next prompt.
            host = "" if re.match(r"\s*(?:no )?hostname\b", line) else self.host
            end = time.monotonic() + seconds
            quiet = time.monotonic()
            while time.monotonic() < end:
                news = self._read()
                if news:
                    said += news
                    quiet = time.monotonic()
                silent = time.monotonic() - quiet > SILENCE
                if not news and not silent:
                    continue
                framed = _sg_cli.frame(said, line, "" if silent else host, echo=not silent)
                if framed:
                    self._shows(framed.prompt)
                    return framed
                question = _sg_cli.QUESTION.search(_sg_cli.strip_ansi(said))
                if question and not asked:
                    asked = question[0].strip()
                    # One key, without Enter.
                    self._write(answer)
        except AnsibleConnectionFailure:
            self.give_up()
            raise
        self.give_up()
        last = _sg_cli.mask(_sg_cli.strip_ansi(said).strip()[-200:])
        raise AnsibleConnectionFailure(
            f"the switch did not answer within {seconds:g} seconds; the last that came is {last!r}. Old ones are slow: raise ansible_command_timeout"
        )

    def _shows(self, prompt: str) -> None:
        """Remember the prompt, here and for what network_cli does by itself."""
        self.prompt, self.host = prompt, _sg_cli.host_of(prompt)
        self.terminal_stdout_re = [re.compile(rb"(?:\A|[\r\n])" + re.escape(to_bytes(self.host)) + rb"(?:\(config[\w\-]*\))?[>#] ?\Z")]
        self._connection._matched_prompt = to_bytes(prompt)

    def give_up(self) -> None:
        """Close a session that is of no use any more, so that the next task begins with a new one."""
        self._connection.close()

    # -- logging in --

    def _log_in(self) -> None:
        """Answer what the switch asks before it shows its prompt. Safe to call again."""
        if self.prompt:
            return
        if not HAS_LIBSSH or self._connection.ssh_type != "libssh":
            raise AnsibleConnectionFailure(
                f"ansible_network_cli_ssh_type is {self._connection.ssh_type}: homerouter.tripleplay.sg needs libssh; install the Python package "
                "ansible-pylibssh beside ansible-core, and set ansible_network_cli_ssh_type: libssh"
            )
        if self._connection.get_option("terminal_initial_prompt"):
            raise AnsibleConnectionFailure(
                "ansible_terminal_initial_prompt is set, and would answer the switch's log-in a second time: leave it out, and ansible_terminal_initial_answer "
                "too; homerouter.tripleplay.sg logs in with ansible_user and ansible_password"
            )
        user, password = self._connection.get_option("remote_user"), self._connection.get_option("password")
        said = to_text(self._connection.get_prompt() or b"", errors="surrogate_then_replace")
        asked: list[str] = []
        seconds = max(self._seconds(), float(self._connection.get_option("persistent_connect_timeout")))
        self._more_time(seconds)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            step = _sg_cli.login_step(said)
            refused = _sg_cli.login_refusal(said)
            if step == "refused" or (refused and step) or (step == "user" and step in asked):
                raise AnsibleConnectionFailure(
                    f"the switch does not let {user!r} in ({refused or 'it asks for the user again'}): correct ansible_user or ansible_password. Each try "
                    "counts, and some firmware locks a user out after a few"
                )
            if step == "prompt":
                # A banner may end like a prompt; the real one is followed by silence.
                news = self._read()
                if not news:
                    self._shows(_sg_cli.find_prompt(_sg_cli.strip_ansi(said)) or "")
                    return
                said += news
                continue
            if step == "menu":
                raise AnsibleConnectionFailure(
                    "the switch shows a menu and no command line, as firmware 1.0 and 1.1 do: update its firmware to the last 1.x in its web pages"
                )
            if step == "new":
                raise AnsibleConnectionFailure(
                    f"the switch wants a new password for {user!r} before anything else: log in once by hand or in its web pages, set one, and put it "
                    "into ansible_password"
                )
            if step == "password" and not password:
                raise AnsibleConnectionFailure(
                    f"the switch asks for the password of {user!r} in its own log-in, and ansible_password is not set: set it, from a vault"
                )
            if not step:
                said += self._read_or_say(said, user)
                continue
            asked.append(step)
            if step == "question":
                if _sg_cli.password_aged(said):
                    self._connection.queue_message(
                        "warning", f"The password of {user} on the switch has exceeded its lifetime: change it soon; until then the switch lets it pass"
                    )
                self._write("N")
            else:
                self._write(f"{user if step == 'user' else password}\r", secret=step == "password")
            said = ""
        raise AnsibleConnectionFailure(
            f"the switch showed no prompt within {seconds:g} seconds, only {_sg_cli.strip_ansi(said)[-200:]!r}: is there a switch at this address? "
            "Old ones are slow: raise ansible_command_timeout"
        )

    def _read_or_say(self, said: str, user: str) -> str:
        """As _read, with what the switch said before it ended the session."""
        try:
            return self._read()
        except AnsibleConnectionFailure as error:
            refused = _sg_cli.login_refusal(said)
            if refused:
                raise AnsibleConnectionFailure(
                    f"the switch does not let {user!r} in ({refused}): correct ansible_user or ansible_password. Each try counts, and some firmware locks "
                    "a user out after a few"
                ) from error
            raise AnsibleConnectionFailure(
                f"{self._lost(said).message}. It allows four or five sessions at a time: end others, in its web pages too"
            ) from error

    def on_open_shell(self) -> None:
        """Log in, and make the terminal one for a program: no pager, no wrapped lines, no questions."""
        try:
            self._log_in()
            refused = _sg_cli.refusal(self.talk("terminal datadump").text)
            if refused:
                raise AnsibleConnectionFailure(
                    f"`terminal datadump` was answered {refused!r}, so this is none of the switches that homerouter.tripleplay.sg knows (SG300, SG500, SG250, "
                    "SG350, SG550, CBS250, CBS350, C1200, C1300); SG220 and Catalysts have other command lines and other collections"
                )
            # Neither has to be known: lines of this collection are short, and questions are answered.
            self.talk("terminal width 0")
            self.talk("terminal no prompt")
        except AnsibleConnectionFailure:
            self.give_up()
            raise

    def on_become(self, passwd: Optional[str] = None) -> None:
        """enable, where the user's own privilege does not do."""
        try:
            self._log_in()
            if self.prompt.endswith("#"):
                return
            if not passwd:
                raise AnsibleConnectionFailure(
                    "the switch shows > and wants the password of `enable`, and ansible_become_password is not set: set it, from a vault, or give the user "
                    "privilege 15 on the switch"
                )
            self._enable(passwd)
        except AnsibleConnectionFailure:
            self.give_up()
            raise

    def _enable(self, passwd: str) -> None:
        self._write("enable\r")
        said = ""
        asked = False
        end = time.monotonic() + self._seconds()
        while time.monotonic() < end:
            said += self._read_or_say(said, "enable")
            text = _sg_cli.strip_ansi(said)
            prompt = _sg_cli.find_prompt(text, self.host) or _sg_cli.find_prompt(re.sub(r"\A\**", "", text), self.host)
            if prompt and prompt.endswith("#"):
                self._shows(prompt)
                self._enabled = True
                return
            if re.search(r"Password: ?\Z", text, re.IGNORECASE):
                if asked:
                    raise AnsibleConnectionFailure("the switch does not take the password of `enable`: correct ansible_become_password")
                asked = True
                self._write(f"{passwd}\r", secret=True)
                said = ""
            elif prompt and (asked or _sg_cli.refusal(text.partition("enable")[2])):
                raise AnsibleConnectionFailure(
                    f"the switch does not take the password of `enable` ({_sg_cli.login_refusal(text) or 'it stays at >'}): correct ansible_become_password"
                )
        raise AnsibleConnectionFailure(f"`enable` was not answered: the last that came is {_sg_cli.strip_ansi(said)[-200:]!r}")

    def on_unbecome(self) -> None:
        """disable, if it was enable that gave the privileges."""
        if self._enabled and self.prompt.endswith("#"):
            self.talk("disable")
            self._enabled = False
