#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask for PPPoE access concentrators."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pppoe_probe
short_description: Ask which PPPoE access concentrators answer
version_added: 0.1.0
description:
  - Sends PPPoE discovery packets (PADI, RFC 2516) and lists the access concentrators that answer (PADO). No session is
    opened and no user name or password is needed, so that it can be told before dialling whether the fibre, the switch
    and the VLAN id are right.
  - With O(vlan_ids) it asks on several VLANs of one network card, with and without VLAN interfaces on it, which finds
    the id that the ISP uses.
  - Running it again changes nothing and gives the same answer as long as the network does.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Runs in check mode as otherwise, since it changes nothing.
    support: full
  diff_mode:
    description: There is nothing that could differ.
    support: none
options:
  interface:
    description: Ethernet interface on which to ask. It must be up; it needs no address.
    type: str
    required: true
  vlan_ids:
    description: >-
      VLAN ids to ask on, in frames that are tagged here, so O(interface) is the network card below all VLANs;
      V(0) asks without a tag. Empty, it asks once on O(interface) as it is.
    type: list
    elements: int
    default: []
  service:
    description: Name of the service to ask for. Empty means any.
    type: str
    default: ""
  timeout:
    description: Seconds to wait for answers. The question is repeated twice within this time.
    type: float
    default: 2.0
"""

EXAMPLES = r"""
- name: Who answers on the Internet VLAN
  homerouter.tripleplay.pppoe_probe:
    interface: vlan6

- name: Find the VLAN on which the ISP answers
  homerouter.tripleplay.pppoe_probe:
    interface: eth0
    vlan_ids: [0, 6, 7, 20, 35, 832]
  register: asked
"""

RETURN = r"""
concentrators:
  description: The concentrators that answered, in the order of their answers.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the concentrator (AC-Name).
      type: str
    mac:
      description: Its hardware address.
      type: str
    services:
      description: Names of the services it offers; an empty name is its ordinary one.
      type: list
      elements: str
    vlan:
      description: VLAN id of the answer, V(null) without a tag.
      type: int
    round_trip_ms:
      description: Time between the last question and its answer in milliseconds.
      type: float
  sample:
    - {name: lab-concentrator, mac: "02:00:00:00:06:01", services: [""], vlan: null, round_trip_ms: 1.4}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _pppoe_host


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "interface": {"type": "str", "required": True},
            "vlan_ids": {"type": "list", "elements": "int", "default": []},
            "service": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 2.0},
        },
        supports_check_mode=True,
    )
    interface = module.params["interface"]
    if not _pppoe_host.exists(interface):
        module.fail_json(msg=f"There is no interface {interface}.")
    wrong = [number for number in module.params["vlan_ids"] if not 0 <= number <= 4094]
    if wrong:
        module.fail_json(msg=f"vlan_ids holds {', '.join(map(str, wrong))}: take 1 to 4094, or 0 for no tag.")
    if not 0 < module.params["timeout"] <= 60:
        module.fail_json(msg=f"timeout is {module.params['timeout']}: take more than 0 and at most 60 seconds.")
    vlans = tuple(dict.fromkeys(number or None for number in module.params["vlan_ids"])) or (None,)
    try:
        answers = _pppoe_host.ask(interface, vlans, module.params["service"], module.params["timeout"])
    except OSError as error:
        module.fail_json(msg=f"Cannot ask on {interface}: {error.strerror}. Is it up, and is this root?")
    module.exit_json(
        changed=False,
        concentrators=[
            {
                "name": offer.name,
                "mac": offer.mac,
                "services": list(offer.services),
                "vlan": offer.vlan,
                "round_trip_ms": round(seconds * 1000, 2),
            }
            for offer, seconds in answers
        ],
    )


if __name__ == "__main__":
    main()
