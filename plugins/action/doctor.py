# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gathers on the host, judges on the controller, and keeps the reports there."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.homerouter.tripleplay.plugins.module_utils import (
    _doctor,
    _doctor_plan,
    _doctor_report,
    _doctor_switch,
)
from ansible_collections.homerouter.tripleplay.plugins.module_utils._doctor_checks import CHECKS

FACTS = "homerouter.tripleplay.doctor_facts"
OPTIONS = {
    "folder": {"type": "path"},
    "switches": {"type": "list", "elements": "dict", "default": [], "options": _doctor_switch.ARGUMENTS},
}


class ActionModule(ActionBase):
    """One look at a home."""

    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The findings; what is wrong with the home is no failure of the task."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, options = self.validate_argument_spec(argument_spec={**_doctor_plan.ARGUMENTS, **OPTIONS})
        plan = _doctor_plan.ready({name: options[name] for name in _doctor_plan.ARGUMENTS})
        host = str((task_vars or {}).get("inventory_hostname", "router"))
        switches = [_doctor_switch.told(switch, _doctor_switch.lines_vlans(plan)) for switch in options["switches"]]
        answer = self._execute_module(module_name=FACTS, module_args={name: options[name] for name in _doctor_plan.ARGUMENTS}, task_vars=task_vars)
        if answer.get("failed") or "facts" not in answer:
            return {**result, **answer}
        facts = answer["facts"]
        # The module looked at its clock when it began, and has just ended.
        facts["time"]["controller"] = time.time() - facts["seconds"]
        if switches:
            facts["switches"] = switches
            del facts["left_out"]["switch"]
        report = _doctor.judge(CHECKS, plan, facts, plan["services"])
        told = _doctor_report.as_dict(report, host, time.strftime(_doctor_report.TIME), facts["seconds"])
        told["not_asked"] = facts["errors"]
        self._display.display(_doctor_report.summary(report, host, told["seconds"]))
        files = self._keep(options["folder"], host, told, report, facts["names"])
        return {**result, "changed": False, **told, "files": files, "facts": facts, "msg": _doctor_report.headline(report)}

    @staticmethod
    def _keep(folder: str | None, host: str, told: dict[str, Any], report: _doctor.Report, names: dict[str, str]) -> list[str]:
        """Both reports, readable by their owner: they show the line's addresses."""
        if not folder:
            return []
        os.makedirs(folder, mode=0o700, exist_ok=True)
        texts = {
            "json": json.dumps(told, indent=2, ensure_ascii=False) + "\n",
            "html": _doctor_report.page(report, host, told["time"], told["seconds"], names),
        }
        files = []
        for kind, text in texts.items():
            path = Path(folder) / f"{host}.{kind}"
            # Whoever reads it meanwhile reads a whole one.
            beside = path.with_suffix(f".{kind}.new")
            beside.touch(mode=0o600)
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)
            files.append(str(path))
        return files
