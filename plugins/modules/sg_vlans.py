#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_vlans
short_description: VLANs of a Cisco small-business switch
version_added: 0.1.0
description:
  - Makes, names and deletes VLANs.
  - With a VLAN goes what was set for it. In firmware 1.x its ports fall back to VLAN 1; newer firmware calls them inactive.
extends_documentation_fragment:
  - homerouter.tripleplay.sg
options:
  config:
    description: The VLANs. VLAN 1 is there always.
    type: list
    elements: dict
    suboptions:
      vlan_id:
        description: Its id, 1 to 4094.
        type: int
        required: true
      name:
        description: Its name, 1 to 32 characters; empty for none.
        type: str
"""

EXAMPLES = r"""
- name: Have the VLANs of the line and of the house
  homerouter.tripleplay.sg_vlans:
    config:
      - vlan_id: 2
        name: television
      - vlan_id: 6
        name: internet
      - vlan_id: 100
        name: lan
"""

RETURN = r"""
before:
  description: What was set, as the state V(gathered) returns it.
  type: list
  elements: dict
  returned: with the states V(merged), V(replaced), V(overridden) and V(deleted)
after:
  description: What is set now, or would be.
  type: list
  elements: dict
  returned: with the states V(merged), V(replaced), V(overridden) and V(deleted)
commands:
  description: The lines that were sent after C(configure terminal), or would be.
  type: list
  elements: str
  returned: with the states V(merged), V(replaced), V(overridden) and V(deleted), and when they are refused
  sample: ["vlan database", "vlan 100", "exit", "interface vlan 100", "name lan", "exit"]
management:
  description: On which way the switch is managed.
  type: dict
  returned: when there are lines to send
  contains:
    vlans:
      description: VLANs in which it has an address, or that were named.
      type: list
      elements: int
    ports:
      description: Ports at which those come in who manage it.
      type: list
      elements: str
gathered:
  description: What is set, in the form of O(config).
  type: list
  elements: dict
  returned: with the state V(gathered)
parsed:
  description: What O(running_config) says, in the form of O(config).
  type: list
  elements: dict
  returned: with the state V(parsed)
rendered:
  description: The lines that set O(config) on a switch that is as from the factory.
  type: list
  elements: str
  returned: with the state V(rendered)
dialect:
  description: Grammar of the switch's command line.
  type: str
  returned: when the switch was asked
  sample: ros1
"""

from ansible_collections.homerouter.tripleplay.plugins.module_utils._sg_module import Run


def main() -> None:
    """Entry point."""
    Run("vlans").main()


if __name__ == "__main__":
    main()
