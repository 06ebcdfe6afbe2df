# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules of a switch's resources share."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/_sg_module.py, COMMON."""

    DOCUMENTATION = r"""
description:
  - Works on SG300, SF300, SG500 (firmware 1.x) and on SG250, SG350, SG550, CBS250, CBS350, C1200, C1300 (firmware 2.x to 4.x).
  - Reads the running configuration, sends the lines that are missing, one by one, in an order that never cuts the way on which they come,
    and reads it again to see that they are there. A second run sends only C(show) commands.
  - Saves nothing. Until M(homerouter.tripleplay.sg_save) does, switching the switch off and on brings the old configuration back.
  - Before a line is sent, what they do is simulated. Lines that would take from the machine on which Ansible runs its way to the switch, or from the
    router's port what the house has on it, are refused.
options:
  state:
    description:
      - With V(merged), what is in O(config) is added to what is there. With V(replaced), each entry of O(config) is set to just what it says. With
        V(overridden), in addition all that is not in O(config) goes back to the factory's settings. With V(deleted), what is named in O(config)
        goes back to them.
      - V(gathered) returns what is set. V(rendered) returns the lines that set O(config), and V(parsed) what O(running_config) says; both
        connect to nothing.
    type: str
    choices: [merged, replaced, overridden, deleted, gathered, rendered, parsed]
    default: merged
  running_config:
    description: A configuration as C(show running-config) prints it, for the state V(parsed).
    type: str
  dialect:
    description:
      - Grammar of the command line, for the states V(rendered) and V(parsed). It is V(ros1) for firmware 1.x and V(ros2) for 2.x to 4.x.
      - Otherwise the switch says it.
    type: str
    choices: [ros1, ros2]
  management_ports:
    description:
      - Ports at which those come in who manage the switch, such as V(gi8), besides the ports of the SSH sessions that there are.
      - When the switch does not show them and none is named here, each port that carries a management VLAN counts.
    type: list
    elements: str
    default: []
  management_vlans:
    description: VLANs in which the switch is managed, besides those in which it has an address.
    type: list
    elements: int
    default: []
  router_ports:
    description: Ports that lead to the router. They must not lose a VLAN that other ports go on carrying, nor stop being trunks.
    type: list
    elements: str
    default: []
  allow_management_change:
    description: Send lines although they would lock somebody out.
    type: bool
    default: false
  confirm_all:
    description: Required by the state V(deleted) without O(config), which deletes all of it.
    type: bool
    default: false
attributes:
  check_mode:
    description: Returns the lines that would be sent, and sends C(show) commands only.
    support: full
  diff_mode:
    description: Shows the settings before and after as lines from the factory's settings.
    support: full
notes:
  - Needs the connection P(ansible.netcommon.network_cli#connection) and C(ansible_network_os=homerouter.tripleplay.sg); the states V(rendered)
    and V(parsed) do without.
  - What firmware does beyond its guides is reconstructed in places, so that a line may be refused by a model that nobody has tried. Then the
    error says which lines are in effect, and nothing is saved.
seealso:
  - module: homerouter.tripleplay.sg_save
  - module: homerouter.tripleplay.sg_facts
author:
  - The homerouter.tripleplay contributors (@homerouter)
"""
