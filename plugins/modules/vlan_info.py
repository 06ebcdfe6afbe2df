#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vlan_info
short_description: Tell whether the VLAN interfaces are as planned
version_added: 0.1.0
description:
  - Compares a plan of VLAN interfaces with the kernel - parent, identifier, MTU, address, priority map, up and carrier.
  - With O(wait) it looks again until all is as planned or the time is over, and then fails with what is missing.
  - Changes nothing, so running it again changes nothing either.
author:
  - The homerouter.tripleplay contributors (@homerouter)
extends_documentation_fragment:
  - homerouter.tripleplay.vlan_plan
attributes:
  check_mode:
    description: Can run in check mode and answers the same.
    support: full
  diff_mode:
    description: Returns details on what has changed; nothing ever does.
    support: none
options:
  wait:
    description: Seconds to wait for the interfaces. V(0) looks once and only reports; any other value fails when they pass.
    type: int
    default: 0
  backend:
    description: The network stack that holds the interfaces, for the commands named in the message.
    type: str
    choices: [networkd, netplan, ifupdown, netifrc]
    default: networkd
requirements:
  - iproute2
"""

EXAMPLES = r"""
- name: Wait until the VLAN interfaces are there
  homerouter.tripleplay.vlan_info:
    uplink: enp2s0f0
    interfaces:
      - {service: internet, id: 6}
      - {service: lan, id: 100, address: 192.168.1.1/24}
    wait: 30
"""

RETURN = r"""
problems:
  description: Every difference between plan and kernel, beginning with the interface's name.
  type: list
  elements: str
  returned: always
  sample: ["vlan6 is down"]
interfaces:
  description: What the kernel has, by name.
  type: dict
  returned: always
  contains:
    name:
      description: Interface name.
      type: str
    up:
      description: Whether the interface is administratively up.
      type: bool
    carrier:
      description: Whether the link below is up.
      type: bool
    mtu:
      description: MTU in octets.
      type: int
    vlan_id:
      description: VLAN identifier, 0 for the uplink.
      type: int
    parent:
      description: Interface it lies on.
      type: str
    addresses:
      description: IPv4 and IPv6 addresses with prefix lengths.
      type: list
      elements: str
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _stack, _vlans

LOOK_AT = {
    "networkd": "networkctl status NAME; journalctl -b -u systemd-networkd",
    "netplan": "netplan get; networkctl status NAME; journalctl -b -u systemd-networkd",
    "ifupdown": "ifup -v --force NAME; journalctl -b -u networking",
    "netifrc": "rc-service net.UPLINK status; ip -d link show NAME",
}


def networkd_rival(plan: _vlans.Plan) -> str:
    """The .network file that has won the uplink over ours, empty when ours has, or networkd has not said yet."""
    try:
        with open(f"/sys/class/net/{plan.uplink}/ifindex", encoding="ascii") as stream:
            index = stream.read().strip()
        with open(f"/run/systemd/netif/links/{index}", encoding="utf-8") as stream:
            state = dict(line.rstrip("\n").split("=", 1) for line in stream if "=" in line)
    except FileNotFoundError:
        return ""
    path = state.get("NETWORK_FILE", "")
    return "" if path in ("", _vlans.NETWORKD_UPLINK) else path


def look(module: AnsibleModule, plan: _vlans.Plan) -> tuple[list[str], dict[str, _vlans.Link]]:
    _code, out, _err = module.run_command(["ip", "-json", "-details", "address", "show"], check_rc=True)
    links = _vlans.parse_links(out)
    problems = _vlans.state_problems(plan, links)
    if module.params["backend"] == "networkd" and os.path.exists(_vlans.NETWORKD_UPLINK):
        rival = networkd_rival(plan)
        if rival:
            problems.append(f"{plan.uplink} is configured by {rival}: remove that file or rename it to sort after 10-homerouter")
    return problems, links


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **_vlans.plan_spec(),
            "wait": {"type": "int", "default": 0},
            "backend": {"type": "str", "default": "networkd", "choices": list(_vlans.BACKENDS)},
        },
        supports_check_mode=True,
    )
    try:
        plan = _vlans.make_plan(module.params)
    except _vlans.PlanError as error:
        module.fail_json(msg="The VLAN plan has problems:\n" + "\n".join(error.problems), problems=error.problems)
    module.run_command_environ_update = {"LC_ALL": "C"}
    wait = module.params["wait"]
    problems, links = _stack.until(lambda: look(module, plan), lambda seen: not seen[0], wait)

    names = [plan.uplink, *(vlan.name for vlan in plan.vlans)]
    interfaces = {
        name: {
            "name": name,
            "up": link.up,
            "carrier": link.carrier,
            "mtu": link.mtu,
            "vlan_id": link.vlan_id,
            "parent": link.parent,
            "addresses": list(link.addresses),
        }
        for name, link in links.items()
        if name in names
    }
    if problems and wait:
        commands = LOOK_AT[module.params["backend"]].replace("NAME", problems[0].split()[0]).replace("UPLINK", plan.uplink)
        module.fail_json(
            msg=f"After {wait} seconds the VLAN interfaces are not as planned:\n" + "\n".join(problems) + f"\nLook at: {commands}",
            problems=problems,
            interfaces=interfaces,
        )
    module.exit_json(changed=False, problems=problems, interfaces=interfaces)


if __name__ == "__main__":
    main()
