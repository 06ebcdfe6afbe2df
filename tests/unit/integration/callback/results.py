# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each task's result as one line of JSON in the file that RESULTS names: what the tests read instead of the screen."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: notification
short_description: Results as JSON lines
description: Appends host, task and result of each task to the file that the environment variable RESULTS names.
"""


class CallbackModule(CallbackBase):
    """Keeps results."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "results"

    def _keep(self, result: Any, state: str) -> None:
        # Ansible marks strings and the like by their origin; a dump makes them plain.
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        answer = getattr(result, "result", None) or result._result
        line = json.dumps({"host": host.get_name(), "task": task.get_name(), "state": state, "result": answer}, default=str)
        with open(os.environ["RESULTS"], "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        """A task that did."""
        self._keep(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """A task that did not."""
        self._keep(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """A host that is not there."""
        self._keep(result, "unreachable")
