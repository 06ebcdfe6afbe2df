# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Callback of the lab: writes the play recap as JSON, beside the usual output."""

from __future__ import annotations

DOCUMENTATION = """
name: homerouter_stats
type: aggregate
short_description: Write the play recap as JSON
description: Writes the counts of each host to the file named by the environment variable HOMEROUTER_STATS.
"""

import json
import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Play recap for machines."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "homerouter_stats"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_stats(self, stats) -> None:
        """Write the recap."""
        target = os.environ.get("HOMEROUTER_STATS")
        if target:
            recap = {host: stats.summarize(host) for host in sorted(stats.processed)}
            Path(target).write_text(json.dumps(recap), encoding="utf-8")
