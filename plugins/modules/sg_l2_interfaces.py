#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_l2_interfaces
short_description: Access ports and trunks of a Cisco small-business switch
version_added: 0.1.0
description:
  - Sets which VLANs a port carries and how.
  - Ports in general or customer mode, and members of link aggregation groups, are left alone.
extends_documentation_fragment:
  - homerouter.tripleplay.sg
options:
  config:
    description: The ports.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the port, such as V(gi1) or V(po1).
        type: str
        required: true
      mode:
        description: V(access) for one untagged VLAN, V(trunk) for several tagged ones. V(general) and V(customer) can be read only.
        type: str
        choices: [access, trunk, general, customer]
      access:
        description: What counts in access mode.
        type: dict
        suboptions:
          vlan:
            description: The port's VLAN; V(0) for none.
            type: int
      trunk:
        description: What counts in trunk mode.
        type: dict
        suboptions:
          native_vlan:
            description: VLAN of untagged frames; V(none) drops them. From firmware 2.x on it has to be among C(allowed_vlans) too.
            type: str
          allowed_vlans:
            description: VLANs that it carries, numbers and ranges such as V(2-3); V(all) for all. Those that are added with O(state=merged) add up.
            type: list
            elements: str
      description:
        description: A note of 1 to 64 characters; empty for none.
        type: str
      unregistered_multicast:
        description: What happens to IPv4 multicast that nobody has reported. V(filtering) is for ports of players only.
        type: str
        choices: [forwarding, filtering]
"""

EXAMPLES = r"""
- name: Lead the three services of the line to the router, which sends the house's own VLAN back
  homerouter.tripleplay.sg_l2_interfaces:
    state: replaced
    config:
      - name: gi1
        description: ONT
        mode: trunk
        trunk:
          native_vlan: none
          allowed_vlans: [2, 3, 6]
      - name: gi2
        description: router
        mode: trunk
        trunk:
          native_vlan: "1"
          allowed_vlans: [1, 2-3, 6, 100]
      - name: gi3
        mode: access
        access:
          vlan: 100
    router_ports: [gi2]
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
  sample: ["interface gi3", "switchport access vlan 100", "switchport mode access", "exit"]
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
    Run("l2_interfaces").main()


if __name__ == "__main__":
    main()
