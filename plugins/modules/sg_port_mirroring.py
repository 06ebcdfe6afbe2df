#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_port_mirroring
short_description: Port mirroring of a Cisco small-business switch
version_added: 0.1.0
description:
  - Sends copies of what passes ports to another one, where somebody listens.
extends_documentation_fragment:
  - homerouter.tripleplay.sg
options:
  config:
    description: The mirrors.
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
- name: Listen at gi8 to what passes the fibre
  homerouter.tripleplay.sg_port_mirroring:
    config:
      - destination: gi8
        sources:
          - interface: gi1

- name: Listen no more
  homerouter.tripleplay.sg_port_mirroring:
    state: deleted
    config:
      - session: 1
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
  sample: ["interface gi8", "port monitor gi1", "exit"]
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
    Run("port_mirroring").main()


if __name__ == "__main__":
    main()
