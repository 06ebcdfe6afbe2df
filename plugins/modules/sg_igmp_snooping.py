#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_igmp_snooping
short_description: IGMP snooping of a Cisco small-business switch
version_added: 0.1.0
description:
  - Sets who gets multicast, so that television reaches the ports at which somebody watches, and no others.
extends_documentation_fragment:
  - homerouter.tripleplay.sg
options:
  config:
    description: The settings. Those of the whole switch that are left out stay as they are, but with O(state=overridden).
    type: dict
    suboptions:
      enabled:
        description: IGMP snooping of the switch as a whole.
        type: bool
      multicast_filtering:
        description: C(bridge multicast filtering), without which snooping learns groups and filters nothing.
        type: bool
      querier:
        description: Whether the switch may be a querier at all. At home the router is one.
        type: bool
      vlans:
        description: Snooping by VLAN.
        type: list
        elements: dict
        suboptions:
          vlan_id:
            description: The VLAN, which has to exist.
            type: int
            required: true
          enabled:
            description: Whether the switch snoops in it.
            type: bool
          immediate_leave:
            description: Whether a port loses a group with the first report that leaves it. For ports with one receiver each.
            type: bool
          multicast_mode:
            description: By what groups are told apart. With V(mac-group) 32 groups share an address.
            type: str
            choices: [mac-group, ipv4-group, ipv4-src-group]
          mrouter:
            description: Ports that lead to a multicast router.
            type: dict
            suboptions:
              learn:
                description: Whether they are learnt from what routers send.
                type: bool
              ports:
                description: Those that are set for good.
                type: list
                elements: str
          querier:
            description: The switch's own querier in this VLAN.
            type: dict
            suboptions:
              enabled:
                description: Whether it asks.
                type: bool
              address:
                description: Source address of its queries; empty for the switch's own.
                type: str
              version:
                description: IGMP version of its queries.
                type: int
                choices: [2, 3]
              election:
                description: Whether it falls silent when another querier has a lower address.
                type: bool
"""

EXAMPLES = r"""
- name: Let television flow to those who watch it
  homerouter.tripleplay.sg_igmp_snooping:
    config:
      enabled: true
      multicast_filtering: true
      querier: false
      vlans:
        - vlan_id: 100
          enabled: true
          multicast_mode: ipv4-group
          mrouter:
            ports: [gi2]
"""

RETURN = r"""
before:
  description: What was set, as the state V(gathered) returns it.
  type: dict
  returned: with the states V(merged), V(replaced), V(overridden) and V(deleted)
after:
  description: What is set now, or would be.
  type: dict
  returned: with the states V(merged), V(replaced), V(overridden) and V(deleted)
commands:
  description: The lines that were sent after C(configure terminal), or would be.
  type: list
  elements: str
  returned: with the states V(merged), V(replaced), V(overridden) and V(deleted), and when they are refused
  sample: ["ip igmp snooping vlan 100", "ip igmp snooping", "bridge multicast filtering"]
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
  type: dict
  returned: with the state V(gathered)
parsed:
  description: What O(running_config) says, in the form of O(config).
  type: dict
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
    Run("igmp_snooping").main()


if __name__ == "__main__":
    main()
