#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: multicast_proxy_info
short_description: Whether a host routes television's multicast as planned, and what it lacks
version_added: 0.1.0
description:
  - Checks the plan itself, and refuses a host on which another daemon routes multicast, since the kernel has room for one.
  - Tells which kernel settings and routes differ from the plan, which units have not read what is written for them, and which packages are
    missing.
  - With O(wait) it waits until nothing is lacking, and fails with what is if that does not happen.
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
  iptv_interface:
    description: Interface by which television comes in.
    type: str
    required: true
  iptv_gateway:
    description: Gateway of the television network.
    type: str
    required: true
  lan_interfaces:
    description: Interfaces with set-top boxes behind.
    type: list
    elements: str
    required: true
  groups:
    description: Multicast networks that carry television.
    type: list
    elements: str
    required: true
  sources:
    description: Networks that the senders of channels are in.
    type: list
    elements: str
    required: true
  rp_filter_mode:
    description: V(routed), strict everywhere with routes to O(sources), or V(disabled), off for television and strict elsewhere.
    type: str
    choices: [routed, disabled]
    default: routed
  max_memberships:
    description: How many groups one socket may be a member of.
    type: int
    default: 512
  iptv_igmp_version:
    description: IGMP version on O(iptv_interface); V(auto) is that of the querier, and 3 without one.
    type: str
    choices: [auto, '2', '3']
    default: auto
  lan_igmp_version:
    description: IGMP version on O(lan_interfaces).
    type: str
    choices: [auto, '2', '3']
    default: auto
  threshold:
    description: Least TTL of packets that pass.
    type: int
    default: 1
  keepalive_seconds:
    description: Seconds between two rounds of reports, V(0) for none.
    type: int
    default: 60
  verify_group:
    description: Group with port that is to prove television, empty for none.
    type: str
    default: ""
  verify_seconds:
    description: Seconds that the proof may take.
    type: int
    default: 30
  packages:
    description: Debian packages that are needed.
    type: list
    elements: str
    default: []
  files:
    description: Files that each unit reads, lists of paths by the unit's name.
    type: dict
    default: {}
  wait:
    description: Seconds to wait until nothing is lacking. With V(0) it reports at once and does not fail for what is lacking.
    type: int
    default: 0
requirements:
  - iproute2
"""

EXAMPLES = r"""
- name: Ask whether television could pass here
  homerouter.tripleplay.multicast_proxy_info:
    iptv_interface: vlan2
    iptv_gateway: 10.128.0.1
    lan_interfaces: [vlan100]
    groups: [239.0.0.0/16]
    sources: [172.16.0.0/12]
  register: television
"""

RETURN = r"""
drift:
  description: Kernel settings and routes that differ from the plan.
  type: list
  elements: str
  returned: success
  sample: ["conf/all/rp_filter is 2, not 1", "no route to 172.16.0.0/12"]
outdated:
  description: Units that run and have not read a file of O(files) as it is now.
  type: list
  elements: str
  returned: success
settled:
  description: Units of O(files) with which nothing is to be done, since they run, start with the host and have read their files, or are not wanted and do not.
  type: list
  elements: str
  returned: success
missing_packages:
  description: Those of O(packages) that are not installed.
  type: list
  elements: str
  returned: success
lacking:
  description: What television still lacks on this host.
  type: list
  elements: str
  returned: always
  sample: ["igmpproxy does not route vlan100"]
"""

import errno
import os
import socket
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import (
    _multicast_host,
    _multicast_proxy,
    _packages,
    _stack,
)

# Linux's include/uapi/linux/mroute.h.
_MRT_INIT = 200
_MRT_DONE = 201


def rival(module: AnsibleModule) -> str:
    """Why this host's kernel would not take the proxy, empty if it would: it takes one multicast routing daemon at a time."""
    ours, others = _multicast_host.holders()
    taken = bool(_multicast_host.vifs())
    proxy = _multicast_proxy.UNITS[0]
    if ours or (not taken and _stack.units(module.run_command, [proxy])[proxy].active):
        return ""
    if not taken:
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP) as probe:
                probe.setsockopt(socket.IPPROTO_IP, _MRT_INIT, 1)
                probe.setsockopt(socket.IPPROTO_IP, _MRT_DONE, 1)
            return ""
        except OSError as error:
            if error.errno in (errno.ENOPROTOOPT, errno.EOPNOTSUPP):
                return "this host's kernel cannot route multicast (CONFIG_IP_MROUTE): use a distribution's kernel, all of which can"
            if error.errno != errno.EADDRINUSE:
                raise
    return (
        "another daemon routes multicast on this host, and the kernel has room for one: stop and disable "
        f"{', '.join(others) or 'it, wherever it runs'}, or leave the role multicast out"
    )


def host_problems(module: AnsibleModule) -> list[str]:
    """What on the host stands in the way."""
    params = module.params
    if not os.path.isdir(_stack.SYSTEMD):
        return ["this host does not run systemd, which supervises igmpproxy here: leave the role multicast out, and run igmpproxy by other means"]
    problems = [
        f"{variable} is {name}, which this host does not have: run the role homerouter.tripleplay.vlans first, or name another interface"
        for variable, name in [("multicast_iptv_interface", params["iptv_interface"])]
        + [("multicast_lan_interfaces", name) for name in params["lan_interfaces"]]
        if not module.check_mode and not os.path.exists(f"/sys/class/net/{name}")
    ]
    other = rival(module)
    return problems + ([other] if other else [])


def drift(module: AnsibleModule) -> list[str]:
    """Kernel settings and routes that differ."""
    differs = []
    for name, value in _multicast_proxy.settings(module.params, sorted(os.listdir("/proc/sys/net/ipv4/conf"))).items():
        actual = _stack.read(f"/proc/sys/net/ipv4/{name}").strip()
        if actual and actual != str(value):
            differs.append(f"{name} is {actual}, not {value}")
    _code, routes, _err = module.run_command(["ip", "-json", "-4", "route", "show", "proto", "98"], check_rc=True)
    return differs + _multicast_proxy.route_drift(module.params, routes)


def main() -> None:
    """Entry point."""
    text = {"type": "str", "required": True}
    texts = {"type": "list", "elements": "str", "required": True}
    versions = {"type": "str", "default": "auto", "choices": ["auto", "2", "3"]}
    module = AnsibleModule(
        argument_spec={
            "iptv_interface": text,
            "iptv_gateway": text,
            "lan_interfaces": texts,
            "groups": texts,
            "sources": texts,
            "rp_filter_mode": {"type": "str", "default": "routed", "choices": ["routed", "disabled"]},
            "max_memberships": {"type": "int", "default": 512},
            "iptv_igmp_version": versions,
            "lan_igmp_version": versions,
            "threshold": {"type": "int", "default": 1},
            "keepalive_seconds": {"type": "int", "default": 60},
            "verify_group": {"type": "str", "default": ""},
            "verify_seconds": {"type": "int", "default": 30},
            "packages": {"type": "list", "elements": "str", "default": []},
            "files": {"type": "dict", "default": {}},
            "wait": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C"}
    params: dict[str, Any] = module.params
    problems = _multicast_proxy.plan_problems(params) or host_problems(module)
    if problems:
        module.fail_json(msg="Television cannot pass as planned, nothing has been changed: " + "; ".join(problems), lacking=[])

    def look() -> tuple[list[str], list[str]]:
        active = [name for name, unit in _stack.units(module.run_command, _multicast_proxy.UNITS).items() if unit.active]
        return _multicast_proxy.lacks(params, active, _multicast_host.proxied()), drift(module)

    lacking, differs = _stack.until(look, lambda seen: not any(seen), params["wait"])
    if params["wait"] and lacking + differs:
        module.fail_json(
            msg=f"Television cannot pass after {params['wait']} s: {'; '.join(lacking + differs)}: look at journalctl -u igmpproxy", lacking=lacking
        )
    outdated, settled = _stack.standing(_stack.units(module.run_command, params["files"]), params["files"])
    module.exit_json(
        changed=False,
        drift=differs,
        outdated=outdated,
        settled=settled,
        missing_packages=_packages.missing(module.run_command, module.get_bin_path("dpkg-query"), params["packages"]),
        lacking=lacking,
    )


if __name__ == "__main__":
    main()
