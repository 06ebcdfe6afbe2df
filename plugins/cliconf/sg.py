# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: sg
short_description: Command line of Cisco small-business switches
version_added: 0.1.0
description:
  - Runs commands and sets configuration on SG300, SF300 and SG500 (firmware 1.x) and on SG250, SG350, SG550, CBS250, CBS350, C1200 and C1300
    (firmware 2.x to 4.x), over P(ansible.netcommon.network_cli#connection) with libssh.
  - Configuration lines go one by one. The first that is answered by anything but log lines ends the batch; what was sent and what was not
    is in the error. The configuration mode is left in all cases.
author:
  - The homerouter.tripleplay contributors (@homerouter)
"""

import json
import re
import time
from typing import Any, Optional, Union

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.ansible.netcommon.plugins.plugin_utils.cliconf_base import CliconfBase
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sg_cli

# Seconds that saving may take: old flash is slow.
SAVE_SECONDS = 60.0
# While another session writes, the switch refuses lines; how often to ask again, and how many seconds apart.
LOCK_RETRIES = 3
LOCK_SECONDS = 2.0
# How often to read again what a log line may have torn.
TORN_RETRIES = 3


class Cliconf(CliconfBase):
    """The remote calls of modules and of ansible.netcommon's cli_command and cli_config."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._device_info: dict[str, str] = {}

    # -- one line --

    def _talk(self, line: str, **kwargs: Any) -> _sg_cli.Answer:
        """One line on a session that is logged in; see the terminal plugin."""
        # Connects when there is no session yet, and leaves a configuration mode that an earlier task stayed in.
        self._connection.get_prompt()
        try:
            return self._connection._terminal.talk(line, **kwargs)
        except AnsibleConnectionFailure as error:
            # Its cause is in its text.
            raise AnsibleConnectionFailure(f"`{_sg_cli.mask(line)}` went wrong: {error.message}") from None

    def set_cli_prompt_context(self) -> None:
        """Leave the configuration mode, before the first line of a task."""
        terminal = self._connection._terminal
        if self._connection.connected and terminal.prompt.endswith(")#"):
            terminal.talk("end")

    def _show(self, command: str) -> str:
        """What a command shows, read again when a log line came in its middle."""
        answer = self._talk(command)
        for _again in range(TORN_RETRIES):
            if not answer.torn:
                break
            answer = self._talk(command)
        refused = _sg_cli.refusal(answer.text)
        if refused:
            raise AnsibleConnectionFailure(f"the switch answered `{_sg_cli.mask(command)}` with {refused!r}: {_sg_cli.cure(refused)}")
        return answer.text

    # -- remote calls --

    def get(
        self,
        command: Optional[str] = None,
        prompt: Union[str, list[str], None] = None,
        answer: Union[str, list[str], None] = None,
        sendonly: bool = False,
        newline: bool = True,
        output: Optional[str] = None,
        check_all: bool = False,
    ) -> str:
        """One command's text without log lines. Raises AnsibleConnectionFailure when the switch refuses it."""
        del output
        if not command:
            raise ValueError("command is empty: name one")
        if prompt or sendonly:
            return self.send_command(command=command, prompt=prompt, answer=answer, sendonly=sendonly, newline=newline, check_all=check_all)
        return self._show(command)

    def run_commands(self, commands: Any = None, check_rc: bool = True) -> list[str]:
        """Several commands' texts; with "check_rc" false a refusal is a text too."""
        texts = []
        for command in commands or []:
            try:
                texts.append(self.get(**command) if isinstance(command, dict) else self.get(command))
            except AnsibleConnectionFailure as error:
                if check_rc:
                    raise
                texts.append(error.message)
        return texts

    def get_config(self, source: str = "running", flags: Optional[list[str]] = None, format: Optional[str] = None) -> str:  # noqa: A002  the base's name
        """The running or the saved configuration as the switch prints it; empty where nothing was ever saved. Secrets are in it."""
        del format
        if source not in ("running", "startup"):
            raise ValueError(f"source is {source}: it can be running or startup")
        text = self._show(" ".join([f"show {source}-config", *(flags or [])]))
        return "" if source == "startup" and _sg_cli.no_startup(text) else f"{text}\n"

    def edit_config(
        self,
        candidate: Union[str, list[str], None] = None,
        commit: bool = True,
        replace: Optional[str] = None,
        comment: Optional[str] = None,
    ) -> dict[str, list[str]]:
        """Set lines, one by one. Raises AnsibleConnectionFailure at the first that is refused, with what was sent and what was not.

        With "commit" false nothing is sent. Nothing is ever saved.
        """
        if replace or comment:
            raise ValueError("replace and comment are not known to this switch: leave them out")
        lines = candidate.split("\n") if isinstance(candidate, str) else list(candidate or [])
        lines = [line.rstrip() for line in lines if line.strip() and not line.strip().startswith("!")]
        if not commit or not lines:
            return {"request": lines, "response": []}
        responses: list[str] = []
        entered = False
        try:
            why = self._set("configure terminal")
            if why:
                raise AnsibleConnectionFailure(f"the configuration mode cannot be entered: {why}. Nothing was sent")
            entered = True
            for number, line in enumerate(lines):
                try:
                    why = self._set(line.strip(), responses)
                except AnsibleConnectionFailure as error:
                    entered = False
                    raise AnsibleConnectionFailure(
                        _sg_cli.stopped(self._connection._terminal.host, lines, number, f"{error.message}. Whether this line took effect is not known")
                    ) from None
                if why:
                    raise AnsibleConnectionFailure(_sg_cli.stopped(self._connection._terminal.host, lines, number, why))
        finally:
            if entered:
                self._talk("end")
        return {"request": lines, "response": responses}

    def _set(self, line: str, responses: Optional[list[str]] = None) -> str:
        """Send one line of configuration; what is wrong afterwards, empty if nothing is."""
        answer = self._talk(line)
        for _again in range(LOCK_RETRIES):
            if _sg_cli.LOCKED not in answer.text:
                break
            # Nothing tells when the other session is done but asking again.
            time.sleep(LOCK_SECONDS)
            answer = self._talk(line)
        if responses is not None:
            responses.append(answer.text)
        if answer.question:
            return f"it asked {answer.question!r} and got No: give this line by hand"
        said = _sg_cli.objection(answer.text)
        if said:
            return f"it answered {said!r}; {_sg_cli.cure(said)}"
        if not answer.prompt.endswith(")#"):
            return f"it left the configuration mode, the prompt is {answer.prompt!r}: leave out the line, or an `exit` or `end` too many"
        return ""

    def get_diff(
        self,
        candidate: Optional[str] = None,
        running: Optional[str] = None,
        diff_match: str = "line",
        diff_ignore_lines: Optional[list[str]] = None,
        path: Optional[list[str]] = None,
        diff_replace: Optional[str] = None,
    ) -> dict[str, str]:
        """The candidate's lines that the running configuration lacks. Lines that undo something are always among them."""
        if path or diff_replace or diff_ignore_lines or diff_match not in ("line", "none", None):
            raise ValueError("of diff_match this switch knows line and none, and no other option of a difference: leave them out")
        lines = _sg_cli.missing_lines(candidate or "", "" if diff_match == "none" else running or "")
        return {"config_diff": "\n".join(lines)}

    def save_config(self) -> str:
        """The running configuration becomes the saved one; what the switch said. Raises AnsibleConnectionFailure when it did not confirm."""
        answer = self._talk("write memory", answer="Y", seconds=SAVE_SECONDS)
        problem = _sg_cli.save_problem(answer)
        if problem:
            raise AnsibleConnectionFailure(
                f"the switch {self._connection._terminal.host} did not save its configuration: {problem!r}. The running one is in effect until the next "
                "power-cycle; look at `dir` for a full flash, and save again"
            )
        return "\n".join([answer.text, *answer.logs]).strip()

    def get_device_info(self) -> dict[str, str]:
        """network_os, network_os_version, network_os_model, network_os_hostname and network_os_dialect (ros1 or ros2).

        Raises AnsibleConnectionFailure for a device that has neither dialect.
        """
        if not self._device_info:
            answer = self._talk("show version")
            dialect, version = _sg_cli.dialect_of(answer.text)
            if not dialect:
                raise AnsibleConnectionFailure(_sg_cli.unknown_device(answer.text))
            system = _sg_cli.system_values(self._show("show system"))
            self._device_info = {
                "network_os": "homerouter.tripleplay.sg",
                "network_os_version": version,
                "network_os_model": re.split(r"\s", system.get("System Description", ""), maxsplit=1)[0],
                "network_os_dialect": dialect,
            }
        # The prompt knows of a new name at once.
        return {**self._device_info, "network_os_hostname": self._connection._terminal.host}

    def get_device_operations(self) -> dict[str, bool]:
        """What cli_config may ask for."""
        known = dict.fromkeys(("supports_generate_diff", "supports_diff_match"), True)
        unknown = (
            "supports_diff_replace", "supports_commit", "supports_rollback", "supports_defaults", "supports_onbox_diff",
            "supports_commit_comment", "supports_multiline_delimiter", "supports_diff_ignore_lines", "supports_replace", "supports_admin",
            "supports_commit_label", "supports_config_replace",
        )  # fmt: skip
        return {**known, **dict.fromkeys(unknown, False)}

    def get_capabilities(self) -> str:
        """All of the above, as JSON."""
        result = super().get_capabilities()
        result["rpc"] += ["get_diff", "save_config", "get_device_info"]
        result["device_operations"] = self.get_device_operations()
        result.update(format=["text"], diff_match=["line", "none"], diff_replace=[], output=["text"])
        return json.dumps(result)
