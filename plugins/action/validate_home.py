# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the home_* variables on the controller, before anything is sent to the host.

An action of its own and no ansible.builtin.validate_argument_spec: module_utils/_home.py says why.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleError
from ansible.parsing.vault import EncryptedString
from ansible.plugins.action import ActionBase
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _home

ROLES = Path(__file__).resolve().parents[2] / "roles"


def role_variables(roles: Path) -> dict[str, set[str]]:
    """Names of the public variables of each of the collection's roles, as their argument specs have them."""
    names: dict[str, set[str]] = {}
    for path in roles.glob("*/meta/argument_specs.yml"):
        specs = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"]
        names[path.parents[1].name] = {name for entry in specs.values() for name in entry.get("options", {})}
    return names


class ActionModule(ActionBase):
    """Compute the home_* variables of a host and report all that is wrong with them."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Fail with every finding, or succeed without having changed anything."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.validate_argument_spec(argument_spec={})
        variables: dict[str, Any] = {}
        broken: list[_home.Finding] = []
        vaulted: set[str] = set()
        # What Ansible and private variables of roles are called is nobody's spelling mistake.
        for name, value in (task_vars or {}).items():
            if name in _home.HOME:
                if isinstance(value, EncryptedString):
                    vaulted.add(name)
                try:
                    variables[name] = self._templar.template(value)
                except AnsibleError as error:
                    reason = "" if _home.HOME[name].secret else f" ({error})"
                    broken.append(
                        _home.Finding(
                            name, "an expression", f"which cannot be computed{reason}",
                            "define what it refers to, or give the vault password that opens it",
                        )  # fmt: skip
                    )
            elif not name.startswith(("_", "ansible_")):
                variables[name] = value
        report = _home.judge(variables, role_variables(ROLES), {finding.variable for finding in broken}, vaulted)
        findings = broken + report.findings
        result.update(
            changed=False,
            findings=[finding._asdict() for finding in findings],
            warnings=[str(finding) for finding in report.warnings],
        )
        if findings:
            many = "1 mistake" if len(findings) == 1 else f"{len(findings)} mistakes"
            result.update(
                failed=True,
                msg="\n".join([f"The home has {many}; nothing has been changed.", *(f"- {finding}" for finding in findings)]),
            )
        else:
            result["msg"] = "The home is stated well."
        return result
