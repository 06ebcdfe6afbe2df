#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rip_info
short_description: Which routes of television and voice the host has, and what it lacks
version_added: 0.1.0
description:
  - Tells which routes were learnt by RIP and whether the servers' networks can be reached, whether FRR runs with the configuration that it
    should have, and which packages are missing.
  - Checks the plan itself, and that no configuration of somebody else stands where FRR's is to be written.
  - With O(wait) it waits until nothing is lacking, and fails with what is if that does not happen.
  - Fails when an interface does not exist, except in check mode, where it may be yet to come.
  - Changes nothing. Running it again gives the same answer as long as the host is the same.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Can run in check mode and answers the same.
    support: full
  diff_mode:
    description: Returns details on what has changed; nothing ever does.
    support: none
options:
  mode:
    description: Whether routes are learnt, V(rip), or made, V(static).
    type: str
    choices: [rip, static]
    default: rip
  networks:
    description: The networks of the ISP to whose servers routes lead.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Which one it is. The interface of V(voip) may be without an address, which comes by DHCP.
        type: str
        choices: [iptv, voip]
        required: true
      interface:
        description: VLAN interface of the network.
        type: str
        required: true
      gateway:
        description: Gateway of static routes.
        type: str
      prefixes:
        description: Networks of the servers, with C( le 32) behind those of which any part may become a route of its own.
        type: list
        elements: str
        required: true
  lan_address:
    description: The router's own address in the LAN with prefix length, which no prefix may overlap.
    type: str
    default: 192.168.1.1/24
  config:
    description: FRR's configuration as it should be.
    type: str
    required: true
  packages:
    description: Debian packages that are needed.
    type: list
    elements: str
    default: []
  wait:
    description: Seconds to wait until nothing is lacking. With V(0) it reports at once and does not fail for what is lacking.
    type: int
    default: 0
requirements:
  - iproute2
"""

EXAMPLES = r"""
- name: Ask which routes were learnt
  homerouter.tripleplay.rip_info:
    networks:
      - {name: iptv, interface: vlan2, prefixes: [172.26.0.0/16 le 32]}
    config: "{{ lookup('ansible.builtin.template', 'frr.conf.j2') }}"
  register: rip
"""

RETURN = r"""
learnt:
  description: Networks to which routes were learnt by RIP, by interface.
  type: dict
  returned: success
  sample: {"vlan2": ["172.26.22.0/26", "172.26.80.0/21"]}
drift:
  description: How the configuration that FRR runs with differs from O(config); empty where it does not, or where FRR does not run.
  type: list
  elements: str
  returned: success
  sample: ["has besides: redistribute connected"]
running:
  description: Whether FRR runs and starts with the host.
  type: bool
  returned: success
missing_packages:
  description: Those of O(packages) that are not installed.
  type: list
  elements: str
  returned: success
lacking:
  description: What is lacking, beginning with the interface's name.
  type: list
  elements: str
  returned: always
  sample: ["vlan2 has no address"]
"""

import json
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _packages, _rip, _stack

CONFIG = "/etc/frr/frr.conf"
_UNIT = "frr.service"


def look(module: AnsibleModule, interface: str) -> _rip.Link:
    """The interface as it is now."""
    if not os.path.exists(f"/sys/class/net/{interface}"):
        return _rip.Link(exists=False)
    _code, addresses, _err = module.run_command(["ip", "-json", "-4", "address", "show", "dev", interface, "scope", "global"], check_rc=True)
    _code, routes, _err = module.run_command(["ip", "-json", "-4", "route", "show", "dev", interface], check_rc=True)
    return _rip.Link(
        exists=True,
        addressed=any(entry.get("addr_info") for entry in json.loads(addresses or "[]")),
        routes=tuple(json.loads(routes or "[]")),
    )


def host_problems(module: AnsibleModule) -> list[str]:
    """What on the host stands in the way."""
    problems = []
    if not os.path.isdir(_stack.SYSTEMD):
        problems.append("this host does not run systemd, which supervises FRR here: leave the role rip out, and set up the routes by hand")
    for entry in module.params["networks"]:
        if not module.check_mode and not os.path.exists(f"/sys/class/net/{entry['interface']}"):
            problems.append(
                f"rip_{entry['name']}_interface is {entry['interface']}, which this host does not have: run the role "
                "homerouter.tripleplay.vlans first, or name the interface of the VLAN"
            )
    try:
        with open(CONFIG, encoding="utf-8", errors="replace") as stream:
            line = _rip.foreign(stream.read())
    except OSError:
        line = ""
    if line:
        problems.append(
            f"{CONFIG} is somebody's own and says {line!r}: move what you need of it to another host, or leave the role rip out, and make "
            "the routes there"
        )
    return problems


def drift(module: AnsibleModule) -> list[str]:
    """How the running configuration differs; nothing where FRR does not run, since what starts next reads the file."""
    vtysh = module.get_bin_path("vtysh")
    if vtysh is None:
        return []
    code, out, _err = module.run_command([vtysh, "-c", "show running-config"])
    return _rip.drift(module.params["config"], out) if code == 0 else []


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "mode": {"type": "str", "default": "rip", "choices": ["rip", "static"]},
            "networks": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True, "choices": ["iptv", "voip"]},
                    "interface": {"type": "str", "required": True},
                    "gateway": {"type": "str"},
                    "prefixes": {"type": "list", "elements": "str", "required": True},
                },
            },
            "lan_address": {"type": "str", "default": "192.168.1.1/24"},
            "config": {"type": "str", "required": True},
            "packages": {"type": "list", "elements": "str", "default": []},
            "wait": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C"}
    params: dict[str, Any] = module.params
    problems = _rip.plan_problems(params["mode"], params["networks"], params["lan_address"]) or host_problems(module)
    if problems:
        module.fail_json(msg="Routes cannot be had as planned, nothing has been changed: " + "; ".join(problems), lacking=[])

    def seen() -> tuple[list[tuple[dict[str, Any], _rip.Link]], list[str]]:
        links = [(entry, look(module, entry["interface"])) for entry in params["networks"]]
        return links, [line for entry, link in links for line in _rip.lacks(params["mode"], entry, link)]

    links, lacking = _stack.until(seen, lambda now: not now[1], params["wait"])
    if lacking and params["wait"]:
        module.fail_json(msg=f"Servers cannot be reached after {params['wait']} s: {'; '.join(lacking)}: {_rip.cure(lacking)}", lacking=lacking)
    module.exit_json(
        changed=False,
        learnt={entry["interface"]: [str(network) for network in _rip.learnt(link.routes)] for entry, link in links},
        drift=drift(module),
        running=_stack.units(module.run_command, [_UNIT])[_UNIT].stands,
        missing_packages=_packages.missing(module.run_command, module.get_bin_path("dpkg-query"), params["packages"]),
        lacking=lacking,
    )


if __name__ == "__main__":
    main()
