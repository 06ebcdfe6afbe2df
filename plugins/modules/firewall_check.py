#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: firewall_check
short_description: Check whether a host can carry the home's firewall as planned
version_added: 0.1.0
description:
  - Checks the plan itself (interfaces, port forwards, rules), and whether the firewall would lock out the session that runs this module.
  - Warns of firewalls of other programs, such as Docker, that would drop what the router forwards.
  - Reports all problems at once. Changes nothing.
  - Running it again gives the same answer as long as the host is the same.
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
  zones:
    description:
      - Name of the interface of each zone; V(lan) and V(internet) are always there, V(iptv) and V(voip) where the line has them.
    type: dict
    required: true
  trusted_interfaces:
    description: Names of interfaces that are trusted as the LAN is. A star at the end stands for any rest.
    type: list
    elements: str
    default: []
  lan_address:
    description: The router's own address in the LAN with prefix length.
    type: str
    required: true
  iptv_gateway:
    description: Gateway of the television network.
    type: str
    default: 10.128.0.1
  iptv_sources:
    description: Networks that the senders of channels live in.
    type: list
    elements: str
    default: [172.16.0.0/12]
  iptv_groups:
    description: Multicast groups that may come in from the television network.
    type: list
    elements: str
    default: [239.0.0.0/16]
  iptv_vod_mode:
    description: How video on demand finds its way in.
    type: str
    choices: [none, dnat, rtsp_helper]
    default: none
  iptv_vod_box:
    description: Address of the set-top box that gets it with O(iptv_vod_mode=dnat).
    type: str
    default: ""
  iptv_vod_sources:
    description: Networks of the servers of video on demand.
    type: list
    elements: str
    default: [172.26.0.0/16]
  iptv_acs_policy:
    description: Whether the set-top boxes' configuration server is reached.
    type: str
    choices: [allow, reject]
    default: allow
  iptv_acs_address:
    description: Address of that server.
    type: str
    default: 80.58.63.218
  voip_prefix:
    description: Network of the telephone servers.
    type: str
    default: 10.31.255.128/27
  port_forwards:
    description: Services in the LAN that the Internet may reach.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the service is.
        type: str
        required: true
      protocol:
        description: Protocol of the service.
        type: str
        choices: [tcp, udp]
        default: tcp
      port:
        description: Port on the Internet side, or a range such as V(5000-5010).
        type: str
        required: true
      address:
        description: IPv4 address of the device in the LAN.
        type: str
        required: true
      to_port:
        description: Port of the device, if it is another one.
        type: int
  rules:
    description: Further rules, in order. The first that matches a new connection decides.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What the rule is for.
        type: str
        required: true
      from:
        description: Zone in which the connection begins, any when left out.
        type: str
      to:
        description: Zone to which it leads, V(router) for the router itself, any zone but not the router when left out.
        type: str
      source:
        description: IPv4 addresses or networks from which it comes.
        type: list
        elements: str
        default: []
      destination:
        description: IPv4 addresses or networks to which it goes.
        type: list
        elements: str
        default: []
      protocol:
        description: Protocol, any when left out.
        type: str
        choices: [tcp, udp, icmp]
      ports:
        description: Destination ports or ranges of them.
        type: list
        elements: str
        default: []
      action:
        description: What happens.
        type: str
        choices: [accept, drop, reject]
        required: true
  flow_offload_device:
    description: Network card of the fast path, nothing where none is wanted.
    type: str
  tables:
    description: Names of the collection's own nftables tables of the family inet.
    type: list
    elements: str
    required: true
  units:
    description: The collection's own systemd units, with their files in C(/etc/systemd/system).
    type: list
    elements: str
    default: []
  packages:
    description: Debian packages that have to be there.
    type: list
    elements: str
    default: []
  sysctls:
    description: Kernel settings that have to be, values by name with dots.
    type: dict
    default: {}
requirements:
  - iproute2
"""

EXAMPLES = r"""
- name: Ask whether the firewall can stand here
  homerouter.tripleplay.firewall_check:
    zones: {lan: vlan100, internet: ppp0}
    lan_address: 192.168.1.1/24
    tables: [homerouter]
    port_forwards:
      - {name: web, port: 443, address: 192.168.1.20}
"""

RETURN = r"""
drift:
  description: Kernel settings that differ from O(sysctls).
  type: list
  elements: str
  returned: success
  sample: ["net.ipv4.ip_forward is 0, not 1"]
loaded:
  description: Those of O(tables) that the kernel has.
  type: list
  elements: str
  returned: success
settled:
  description: Those of O(units) with which nothing is to be done, since they have done their work and start with the host.
  type: list
  elements: str
  returned: success
missing_packages:
  description: Those of O(packages) that are not installed.
  type: list
  elements: str
  returned: success
problems:
  description: All that is in the way, each with variable, value and cure.
  type: list
  elements: str
  returned: failure
"""

import json
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _firewall, _packages, _session, _stack


def session_problems(module: AnsibleModule, plan: dict[str, Any]) -> list[str]:
    """Refuse to lock out whoever runs this."""
    session = _session.current()
    if session is None:
        return []
    code, out, _err = module.run_command(["ip", "-json", "route", "get", session.client])
    if code != 0:
        # Whoever has no route back does not come over the network.
        return []
    problem = _firewall.session_problem(plan, session, json.loads(out)[0].get("dev", ""))
    return [problem] if problem else []


def ruleset(module: AnsibleModule) -> str:
    """What is loaded, as JSON; nothing where nftables is not installed yet."""
    nft = module.get_bin_path("nft", opt_dirs=["/usr/sbin", "/sbin"])
    code, out, _err = module.run_command([nft, "--json", "list", "ruleset"]) if nft else (1, "", "")
    return out if code == 0 else '{"nftables": []}'


def warn_of_rivals(module: AnsibleModule, plan: dict[str, Any], loaded: str) -> None:
    """Other programs' tables are left alone, but nobody should have to search for hours."""
    names = os.listdir("/sys/class/net")
    bridges = [name for name in names if name == "docker0" or name.startswith("br-")] if os.path.exists("/var/lib/docker") else []
    for line in _firewall.rivals(loaded, set(plan["tables"]), plan["zones"]["lan"], bridges):
        module.warn(line)
    untrusted = [name for name in bridges if _firewall.zone_of(plan, name) is None]
    if untrusted:
        module.warn(
            f"nat_firewall_trusted_interfaces does not name {', '.join(untrusted)}: Docker's containers there reach neither the Internet "
            "nor the LAN; add docker0 and br-* if they should"
        )


def sysctl(name: str) -> str:
    """A kernel setting as it is, empty where the kernel does not have it."""
    try:
        with open(f"/proc/sys/{name.replace('.', '/')}", encoding="ascii") as stream:
            return stream.read().strip()
    except OSError:
        return ""


def main() -> None:
    """Entry point."""
    text = {"type": "str", "required": True}
    texts = {"type": "list", "elements": "str", "default": []}
    module = AnsibleModule(
        argument_spec={
            "zones": {"type": "dict", "required": True},
            "trusted_interfaces": texts,
            "lan_address": text,
            "iptv_gateway": {"type": "str", "default": "10.128.0.1"},
            "iptv_sources": {"type": "list", "elements": "str", "default": ["172.16.0.0/12"]},
            "iptv_groups": {"type": "list", "elements": "str", "default": ["239.0.0.0/16"]},
            "iptv_vod_mode": {"type": "str", "default": "none", "choices": ["none", "dnat", "rtsp_helper"]},
            "iptv_vod_box": {"type": "str", "default": ""},
            "iptv_vod_sources": {"type": "list", "elements": "str", "default": ["172.26.0.0/16"]},
            "iptv_acs_policy": {"type": "str", "default": "allow", "choices": ["allow", "reject"]},
            "iptv_acs_address": {"type": "str", "default": "80.58.63.218"},
            "voip_prefix": {"type": "str", "default": "10.31.255.128/27"},
            "port_forwards": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": text,
                    "protocol": {"type": "str", "default": "tcp", "choices": ["tcp", "udp"]},
                    "port": text,
                    "address": text,
                    "to_port": {"type": "int"},
                },
            },
            "rules": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": text,
                    "from": {"type": "str"},
                    "to": {"type": "str"},
                    "source": texts,
                    "destination": texts,
                    "protocol": {"type": "str", "choices": ["tcp", "udp", "icmp"]},
                    "ports": texts,
                    "action": {"type": "str", "choices": ["accept", "drop", "reject"], "required": True},
                },
            },
            "flow_offload_device": {"type": "str"},
            "tables": {"type": "list", "elements": "str", "required": True},
            "units": {"type": "list", "elements": "str", "default": []},
            "packages": texts,
            "sysctls": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C"}
    plan = module.params
    problems = _firewall.problems_of(plan)
    if not problems:
        problems = session_problems(module, plan)
    if problems:
        module.fail_json(msg="The firewall cannot stand as planned, nothing has been changed: " + "; ".join(problems), problems=problems)
    loaded = ruleset(module)
    warn_of_rivals(module, plan, loaded)
    actual = {name: sysctl(name) for name in plan["sysctls"]}
    module.exit_json(
        changed=False,
        missing_packages=_packages.missing(module.run_command, module.get_bin_path("dpkg-query"), plan["packages"]),
        loaded=_firewall.loaded(loaded, plan["tables"]),
        settled=[name for name, unit in _stack.units(module.run_command, plan["units"]).items() if unit.stands],
        drift=[f"{name} is {actual[name]}, not {value}" for name, value in plan["sysctls"].items() if actual[name] != str(value)],
    )


if __name__ == "__main__":
    main()
