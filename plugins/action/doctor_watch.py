# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the playbook doctor again and again with the command line of its own run, and tells what its reports have in other words than before.

A run of its own for each look: the switch is asked anew, whatever became of the last connection, and by no other way than always.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _doctor_report

OPTIONS = {
    "folder": {"type": "path", "required": True},
    "interval": {"type": "int", "default": 60},
    "rounds": {"type": "int", "default": 0},
}
ASKING = {"ask_pass": "--ask-pass", "become_ask_pass": "--ask-become-pass", "ask_vault_pass": "--ask-vault-pass"}


def command(argv: list[str], playbooks: tuple[str, ...]) -> list[str]:
    """The same run of the playbook that looks once; raises ValueError where the run was of something else."""
    if len(playbooks) != 1 or "doctor_watch" not in playbooks[0]:
        raise ValueError(f"it ran {', '.join(playbooks)}: run homerouter.tripleplay.doctor_watch, or your copy of it, by itself")
    once = "doctor".join(playbooks[0].rsplit("doctor_watch", 1))
    return [once if word == playbooks[0] else word for word in argv]


class ActionModule(ActionBase):
    """A watch; it ends after its rounds, or with Ctrl-C."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What is wrong with a home is no failure of the task."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(argument_spec=OPTIONS)
        if options["interval"] < 1:
            raise AnsibleActionFail(f"interval (doctor_watch) is {options['interval']}: give seconds, from 1 on")
        asked = [option for name, option in ASKING.items() if context.CLIARGS.get(name)]
        asked += [f"--vault-id {given}" for given in context.CLIARGS.get("vault_ids") or [] if str(given).rpartition("@")[2] == "prompt"]
        if asked:
            raise AnsibleActionFail(f"{asked[0]} would ask at each look: give a file with the password, or a key, instead")
        try:
            look = [sys.executable, *command(sys.argv, tuple(context.CLIARGS["args"]))]
        except ValueError as error:
            raise AnsibleActionFail(f"A watch repeats its own command line, and {error}") from error
        # Each router is to be heard of, whichever of them this task runs for.
        routers = set((task_vars or {}).get("ansible_play_hosts_all") or [])
        before: dict[str, dict[str, Any]] = {}
        trouble, number = "", 0
        while True:
            told, now = self._look(look, Path(options["folder"]), before, routers)
            if now and now != trouble:
                self._display.display(f"{time.strftime(_doctor_report.TIME)} {now}")
            trouble = now
            before.update(told)
            number += 1
            if number == options["rounds"]:
                return {**result, "changed": False, "rounds": number, "healthy": not trouble and all(one["healthy"] for one in told.values())}
            # The time between two looks is what was asked for.
            time.sleep(options["interval"])

    def _look(self, look: list[str], folder: Path, before: dict[str, dict[str, Any]], routers: set[str]) -> tuple[dict[str, dict[str, Any]], str]:
        """New reports by host, with what they have in other words told; and which hosts gave none, with the reason."""
        old = {path: path.stat().st_mtime_ns for path in folder.glob("*.json")}
        done = subprocess.run(look, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        told = {}
        for path in sorted(folder.glob("*.json")):
            if path.stat().st_mtime_ns != old.get(path):
                one = json.loads(path.read_text(encoding="utf-8"))
                told[one["host"]] = one
                for line in _doctor_report.changes(before.get(one["host"]), one):
                    self._display.display(f"{one['time']} {one['host']} {line}")
        silent = sorted(routers - told.keys())
        if not silent:
            return told, ""
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.startswith(("fatal:", "[ERROR]"))]
        reason = next(iter(lines), f"it ended with code {done.returncode} and wrote no report into {folder}")
        return told, f"{', '.join(silent)} could not be looked at: {reason}"
