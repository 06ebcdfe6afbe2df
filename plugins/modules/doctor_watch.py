#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor_watch
short_description: Look at a home again and again, and tell what changes
version_added: 0.1.0
description:
  - Runs the playbook C(homerouter.tripleplay.doctor) with the command line of the run that it is in, so inventory, limits, tags and variables are
    the same, and the switch is asked as well. It tells what has come and what has gone, a line each.
  - Only for the playbook C(homerouter.tripleplay.doctor_watch), run by itself.
  - Passwords have to come from files or keys; nobody could answer a question at each look.
author:
  - The homerouter.tripleplay contributors (@homerouter)
options:
  folder:
    description: Folder on the controller where the playbook keeps its reports.
    type: path
    required: true
  interval:
    description: Seconds from the end of a look to the next one.
    type: int
    default: 60
  rounds:
    description: After how many looks to end; V(0) never does.
    type: int
    default: 0
attributes:
  action:
    description: Indicates this has a corresponding action plugin, so some parts of the options can be executed on the controller.
    support: full
  check_mode:
    description: Runs in check mode as otherwise, since it changes nothing.
    support: full
  diff_mode:
    description: There is nothing that could differ.
    support: none
"""

EXAMPLES = r"""
- name: Watch the house
  homerouter.tripleplay.doctor_watch:
    folder: doctor
    interval: 30
  run_once: true
"""

RETURN = r"""
rounds:
  description: How often it has looked.
  returned: success
  type: int
healthy:
  description: Whether the last look found nothing, for each router.
  returned: success
  type: bool
"""
