#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_facts
short_description: What a Cisco small-business switch is, and how it is set
version_added: 0.1.0
description:
  - Tells model, firmware, dialect and name of the switch, its ports with their links, its addresses, its VLANs, IGMP snooping and mirrors, whether
    jumbo frames pass, and whether it has changes that a power-cycle would lose.
  - Sends C(show) commands only. Running it again gives the same answer as long as the switch is the same.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Can run in check mode and answers the same.
    support: full
  diff_mode:
    description: Returns details on what has changed; nothing ever does.
    support: none
options: {}
notes:
  - Needs the connection P(ansible.netcommon.network_cli#connection) and C(ansible_network_os=homerouter.tripleplay.sg).
seealso:
  - module: homerouter.tripleplay.sg_save
"""

EXAMPLES = r"""
- name: Ask the switch what it is
  homerouter.tripleplay.sg_facts:

- name: Say which ports have a link
  ansible.builtin.debug:
    msg: "{{ ansible_facts['sg']['ports'] | selectattr('link', 'eq', 'up') | map(attribute='name') }}"
"""

RETURN = r"""
ansible_facts:
  description: What the switch says about itself, under one name.
  type: dict
  returned: success
  contains:
    sg:
      description: All that follows.
      type: dict
      contains:
        model:
          description: As the switch describes itself.
          type: str
          sample: SG300-10
        version:
          description: Version of its firmware.
          type: str
          sample: 1.4.11.5
        dialect:
          description: Grammar of its command line, V(ros1) for firmware 1.x and V(ros2) for 2.x to 4.x.
          type: str
          sample: ros1
        hostname:
          description: Its name.
          type: str
          sample: sw1
        ports:
          description: Ports and link aggregation groups in the switch's order.
          type: list
          elements: dict
          contains:
            name:
              description: Short name, V(gi1), V(gi1/0/1), V(po1).
              type: str
            link:
              description: V(up), V(down), or V(absent) for a link aggregation group without members.
              type: str
            type:
              description: Kind of port; empty where the switch says none.
              type: str
              sample: 1G-Copper
            speed:
              description: Mbit/s, 0 without a link.
              type: int
            duplex:
              description: V(full), V(half), or empty without a link.
              type: str
        addresses:
          description: Addresses under which the switch can be managed.
          type: list
          elements: dict
          contains:
            address:
              description: Address with prefix length.
              type: str
              sample: 192.168.1.254/24
            interface:
              description: Where it is.
              type: str
              sample: vlan 1
        gateway:
          description: Default gateway of the switch itself, empty without one.
          type: str
          sample: 192.168.1.1
        jumbo:
          description: Jumbo frames. A change acts after save and restart.
          type: dict
          contains:
            enabled:
              description: Whether they pass now; null where the switch does not say.
              type: bool
            enabled_after_restart:
              description: Whether they pass after a restart.
              type: bool
        config:
          description: VLANs, ports, IGMP snooping and mirrors, as M(homerouter.tripleplay.sg_switch) gathers them.
          type: dict
        smartport:
          description: Whether the switch sets ports by what it takes their neighbour for, V(disabled), V(enabled) or V(controlled).
          type: str
        unsaved:
          description: Whether running and saved configuration differ, so that a power-cycle would lose something.
          type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.connection import Connection, ConnectionError
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sg_cli, _sg_facts, _sg_resources, _sg_state


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    switch = Connection(module._socket_path)
    try:
        info = switch.get_device_info()
        running = switch.get_config(source="running")
        saved = switch.get_config(source="startup")
        status = switch.get("show interfaces status")
        interface = switch.get("show ip interface")
        jumbo = switch.get("show ports jumbo-frame")
    except ConnectionError as error:
        # A play may go on without a switch that nobody reaches, as with any other host.
        module.exit_json(
            msg=f"The switch cannot be asked what it is: {error}", **{"unreachable" if str(error).startswith("ssh connection failed") else "failed": True}
        )
    state = _sg_state.read(running, info["network_os_dialect"])
    facts = {
        "model": info["network_os_model"],
        "version": info["network_os_version"],
        "dialect": info["network_os_dialect"],
        "hostname": info["network_os_hostname"],
        "ports": _sg_facts.ports(status),
        "addresses": _sg_facts.addresses(interface),
        "gateway": _sg_facts.gateway(interface),
        "jumbo": _sg_facts.jumbo(jumbo),
        "config": _sg_resources.gather(state),
        "smartport": state.macro_auto,
        "unsaved": _sg_cli.body(running) != _sg_cli.body(saved),
    }
    module.exit_json(changed=False, ansible_facts={"sg": facts})


if __name__ == "__main__":
    main()
