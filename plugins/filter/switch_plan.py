# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter homerouter.tripleplay.switch_plan; documented in switch_plan.yml."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from ansible.errors import AnsibleFilterError
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _switch


def switch_plan(home: Sequence[Mapping[str, Any]], present: Sequence[str], **settings: Any) -> dict[str, Any]:
    try:
        return _switch.plan(home, present=present, **settings)
    except ValueError as error:
        raise AnsibleFilterError(f"The switch cannot be set as planned, nothing has been changed: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"switch_plan": switch_plan}
