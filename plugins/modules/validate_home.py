#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: validate_home
short_description: Check the whole home before the first change
version_added: 0.1.0
description:
  - Looks at all C(home_*) variables of a host, their types, values and how they fit together, and fails with everything that is
    wrong at once. Each finding names the variable, its value and the cure.
  - Names that no role reads are findings too, with the name that was probably meant. So are misspelt variables of this collection's
    roles.
  - Values must have the type that is stated, so a number given as text is a mistake. As C(-e name=value) makes text of every value, use
    JSON for numbers and switches on a command line.
  - The password, values that come straight from a vault, and misspelt variables that look like secrets are never shown.
  - It does more than M(ansible.builtin.validate_argument_spec), which sees neither unknown names nor values that do not go together.
  - Runs on the controller and does not contact the host.
author:
  - The homerouter.tripleplay contributors (@homerouter)
options: {}
attributes:
  action:
    description: Indicates this has a corresponding action plugin, so some parts of the options can be executed on the controller.
    support: full
  check_mode:
    description: Can run in check mode and predict changes without making them. It changes nothing in any mode.
    support: full
  diff_mode:
    description: Returns what would be changed. There is nothing.
    support: none
  idempotent:
    description: When run twice in a row outside check mode, the second run reports no change.
    support: full
"""

EXAMPLES = r"""
- name: Check the whole home before the first change
  homerouter.tripleplay.validate_home:
"""

RETURN = r"""
findings:
  description: What is wrong; empty when all is well.
  returned: always
  type: list
  elements: dict
  contains:
    variable:
      description: Name of the variable, with the place inside it for lists.
      type: str
      sample: home_lan_reservations[0].mac
    value:
      description: Its value as text; V((not shown\)) for secrets.
      type: str
      sample: 01:00:5e:00:00:01
    problem:
      description: What is wrong with it.
      type: str
    cure:
      description: What to do.
      type: str
"""
