# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules working on a VLAN plan share."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/_vlans.py, plan_spec()."""

    DOCUMENTATION = r"""
options:
  uplink:
    description: Name of the network card that carries the tagged frames.
    type: str
    required: true
  mtu:
    description: MTU of the uplink in octets, the VLAN tag not counted. No VLAN interface can have a larger one.
    type: int
    default: 1500
  dhcp:
    description: Whether the untagged uplink itself takes an address by DHCP.
    type: bool
    default: false
  interfaces:
    description: The VLAN interfaces.
    type: list
    elements: dict
    required: true
    suboptions:
      service:
        description: What the VLAN carries, for messages.
        type: str
      id:
        description: VLAN identifier, 1 to 4094.
        type: int
        required: true
      name:
        description: Interface name of at most 15 characters; V(vlan) followed by the identifier when left out.
        type: str
      enabled:
        description: Whether the interface is wanted. Entries that are not enabled count as absent.
        type: bool
        default: true
      address:
        description: Static IPv4 address with prefix length. Left out, the interface is up without an address.
        type: str
      mtu:
        description: MTU in octets, at most that of the uplink; 1500 when left out.
        type: int
      pcp:
        description: Priority 0 to 7 in the tag of every outgoing frame. Left out, tags carry 0.
        type: int
"""
