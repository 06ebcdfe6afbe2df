# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole house, television: two boxes boot from nothing but their cable. The scenario multicast has the rest."""

from __future__ import annotations

import json

from house import background


def test_both_boxes_boot_and_show_television():
    # The example home's switch has no immediate leave: a box hears what it has left until igmpproxy's query has gone unanswered, 20 s.
    processes = [background(box, "settopbox --play 3 --zaps 1 --patience 30 2>/dev/null") for box in ("stb", "stb2")]
    for report in [json.loads(process.communicate(timeout=120)[0]) for process in processes]:
        assert report["ok"], report
        channel = next(step["evidence"] for step in report["steps"] if step["step"] == "channel")
        assert channel["packets"] > 500 and channel["lost"] == 0
