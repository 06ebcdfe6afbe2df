#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_switch
short_description: VLANs, ports, IGMP snooping and mirroring of a Cisco small-business switch in one plan
version_added: 0.1.0
description:
  - Does what the modules of the four resources do, in one plan, so that their order is no care of yours.
extends_documentation_fragment:
  - homerouter.tripleplay.sg
options:
  config:
    description: The resources. One that is left out is not touched.
    type: dict
    suboptions:
      vlans:
        description: VLANs, as M(homerouter.tripleplay.sg_vlans) takes them.
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
      l2_interfaces:
        description: Ports, as M(homerouter.tripleplay.sg_l2_interfaces) takes them.
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
      igmp_snooping:
        description: IGMP snooping, as M(homerouter.tripleplay.sg_igmp_snooping) takes it.
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
      port_mirroring:
        description: Mirrors, as M(homerouter.tripleplay.sg_port_mirroring) takes them.
        type: list
        elements: dict
        suboptions:
          session:
            description: Number of the mirror; firmware 1.x has one only.
            type: int
            default: 1
          destination:
            description: Port that gets the copies.
            type: str
          network:
            description: Whether the destination stays a port of the network, in firmware 2.x and newer.
            type: bool
          sources:
            description: What is copied. A mirror without sources is none.
            type: list
            elements: dict
            suboptions:
              interface:
                description: A port.
                type: str
              vlan:
                description: A VLAN.
                type: int
              direction:
                description: V(rx) is what comes into the port, V(tx) what leaves it.
                type: str
                choices: [both, rx, tx]
                default: both
"""

EXAMPLES = r"""
- name: Have one television box at gi3
  homerouter.tripleplay.sg_switch:
    state: replaced
    config:
      vlans:
        - vlan_id: 100
          name: lan
      l2_interfaces:
        - name: gi3
          mode: access
          access:
            vlan: 100
    router_ports: [gi2]

- name: Say whether the switch is set as it was in spring
  homerouter.tripleplay.sg_switch:
    state: overridden
    config: "{{ lookup('ansible.builtin.file', 'spring.yml') | from_yaml }}"
  check_mode: true
  register: switch
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
  sample: ["vlan database", "vlan 2-3,6,100", "exit"]
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
saved:
  description: Whether the saved configuration has the same settings as the running one, those of the four resources alone.
  type: bool
  returned: with the states V(merged), V(replaced), V(overridden) and V(deleted)
"""

from ansible_collections.homerouter.tripleplay.plugins.module_utils._sg_module import Run


def main() -> None:
    """Entry point."""
    Run(None).main()


if __name__ == "__main__":
    main()
