#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor
short_description: Say what is wrong with a home and what to do
version_added: 0.1.0
description:
  - Gathers with M(homerouter.tripleplay.doctor_facts) and judges on the controller. Causes come first; what only follows from them is told apart
    and raises no alarm.
  - Prints a summary, and with O(folder) keeps a report for machines and a page for people on the controller.
  - Findings are the task's result and no failure. The playbook C(homerouter.tripleplay.doctor) ends with an error if there are any.
  - Changes nothing on the host.
author:
  - The homerouter.tripleplay contributors (@homerouter)
extends_documentation_fragment:
  - homerouter.tripleplay.doctor
options:
  folder:
    description: Folder on the controller for the reports, C(HOST.json) and C(HOST.html). Without it none are kept.
    type: path
  switches:
    description: Switches that have been asked by M(homerouter.tripleplay.sg_facts), or tried to; without any the switch is not judged.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The switch's name, for the findings.
        type: str
        required: true
      answer:
        description: What M(homerouter.tripleplay.sg_facts) returned, or why it did not.
        type: dict
        required: true
      ports:
        description: What hangs on its ports, as C(home_switch_ports). Without it only that is judged for which nobody has to know.
        type: list
        elements: dict
        default: []
      other_ports:
        description: V(lan) wants ports that are not named in the LAN; V(keep) does not look at them.
        type: str
        default: lan
      router_native_vlan:
        description: VLAN that goes to the router without a tag, V(none) for none.
        type: str
        default: "1"
      mirror:
        description: Ports whose traffic shall be copied.
        type: list
        elements: str
        default: []
attributes:
  action:
    description: Indicates this has a corresponding action plugin, so some parts of the options can be executed on the controller.
    support: full
  check_mode:
    description: Runs in check mode as otherwise, since it changes nothing on the host.
    support: full
  diff_mode:
    description: There is nothing that could differ.
    support: none
"""

EXAMPLES = r"""
- name: Look at everything
  homerouter.tripleplay.doctor:
    uplink: eth0
    iptv_address: 10.214.0.10/9
    folder: reports
  register: house

- name: Nothing may be wrong
  ansible.builtin.assert:
    that: house.healthy
"""

RETURN = r"""
healthy:
  description: Whether there are no findings.
  returned: success
  type: bool
services:
  description: V(ok), V(warning), V(error) or V(unknown) for each service.
  returned: success
  type: dict
  sample: {"system": "ok", "switch": "unknown", "internet": "error"}
findings:
  description: What is wrong, the first cause first.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Name of the check, with its service before the point.
      type: str
      sample: internet.credentials
    severity:
      description: V(error) or V(warning).
      type: str
    text:
      description: What is wrong, in a sentence.
      type: str
    evidence:
      description: What was read.
      type: list
      elements: str
    cause:
      description: Why it mostly is so.
      type: str
    cure:
      description: What to do.
      type: str
    doc:
      description: Where the documentation has it.
      type: str
consequences:
  description: What is wrong only because of the findings, in the same form; C(because) names these.
  returned: success
  type: list
  elements: dict
not_judged:
  description: Services that were not looked at, with the reason.
  returned: success
  type: dict
facts:
  description: What M(homerouter.tripleplay.doctor_facts) has gathered.
  returned: success
  type: dict
files:
  description: Paths of the reports.
  returned: success
  type: list
  elements: str
"""
