#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say what rp_filter really does."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rp_filter_info
short_description: Say what rp_filter is on each interface, and whether a source would pass
version_added: 0.1.0
description:
  - Reads the reverse-path filter of every interface. What counts is the larger of C(conf/all/rp_filter) and the
    interface's own value, so that a V(0) on an interface does nothing beside a V(1) in C(conf/all) - the reason why
    television so often stays dark.
  - For each of O(sources) it asks the kernel's routing table for the way back and tells whether a packet of that source
    would pass on each interface, and why. Multicast sources are checked like any other.
  - The rules are those of C(fib_validate_source()) in the kernel's C(net/ipv4/fib_frontend.c). Routes are asked for as
    C(ip route get fibmatch) does, so policy rules that select by mark or by the packet's destination are not seen.
    Firewall rules, C(fib) expressions of nftables among them, are a matter of their own.
  - It looks at the network namespace in which it runs. Running it again changes nothing and gives the same answer as
    long as values and routes are the same.
  - Fails if a source is no IPv4 address, if a named interface does not exist, or if C(ip) cannot be run.
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
  sources:
    description: IPv4 source addresses to give a verdict on.
    type: list
    elements: str
    default: []
  interfaces:
    description: Interfaces to report. Empty, all of them.
    type: list
    elements: str
    default: []
requirements:
  - iproute2
seealso:
  - name: ip-sysctl
    description: The kernel's own documentation of rp_filter.
    link: https://docs.kernel.org/networking/ip-sysctl.html
"""

EXAMPLES = r"""
- name: Would the television sources pass
  homerouter.tripleplay.rp_filter_info:
    sources: [172.26.20.39, 172.26.72.17]
    interfaces: [vlan2]
  register: reverse_path

- name: Say why not
  ansible.builtin.assert:
    that: item.passes
    fail_msg: "{{ item.text }}"
  loop: "{{ reverse_path.verdicts }}"
"""

RETURN = r"""
all:
  description: Value of C(conf/all/rp_filter), below which no interface can go.
  returned: always
  type: int
  sample: 0
default:
  description: Value that interfaces get which are made from now on.
  returned: always
  type: int
  sample: 1
interfaces:
  description: The interfaces, by name.
  returned: always
  type: dict
  contains:
    configured:
      description: The interface's own value.
      type: int
    effective:
      description: The value that counts, the larger one of RV(interfaces.configured) and RV(all).
      type: int
    mode:
      description: What RV(interfaces.effective) means - V(off), V(strict) or V(loose).
      type: str
    raised:
      description: Whether RV(all) makes more of it than the interface's own value says.
      type: bool
  sample:
    vlan2: {configured: 0, effective: 1, mode: strict, raised: true}
verdicts:
  description: One for each of O(sources) on each of RV(interfaces), in this order. C(lo) is left out unless it is asked for.
  returned: always
  type: list
  elements: dict
  contains:
    source:
      description: The source address.
      type: str
    interface:
      description: The interface on which its packets would come in.
      type: str
    passes:
      description: Whether the kernel would take them.
      type: bool
    reason:
      description: >-
        V(off), V(reverse_path), V(any_route) or V(unspecified) where they pass; V(no_route), V(other_interface),
        V(no_address), V(not_unicast), V(own_address) or V(martian) where they do not.
      type: str
    route:
      description: Prefix of the route to the source, empty if there is none.
      type: str
    devices:
      description: Interfaces by which this route leads out.
      type: list
      elements: str
    text:
      description: The verdict in words.
      type: str
  sample:
    - source: 172.26.20.39
      interface: vlan2
      passes: false
      reason: no_route
      route: ""
      devices: []
      text: rp_filter is 1 (strict) on vlan2, and no route leads to 172.26.20.39
"""

import ipaddress
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _rp_filter, _rp_filter_host


def judge(
    module: AnsibleModule, sources: list[str], interfaces: list[_rp_filter.Interface], everywhere: int
) -> list[dict[str, Any]]:
    """The verdicts, source by source."""
    verdicts = []
    for source in sources:
        route = _rp_filter_host.route_to(module.run_command, source)
        for interface in interfaces:
            made = _rp_filter.verdict(source, interface, everywhere, route)
            verdicts.append(
                {
                    "source": source,
                    "interface": interface.name,
                    "passes": made.passes,
                    "reason": made.reason,
                    "route": route.prefix if route else "",
                    "devices": list(route.devices) if route else [],
                    "text": made.text,
                }
            )
    return verdicts


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "sources": {"type": "list", "elements": "str", "default": []},
            "interfaces": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    sources = []
    for source in module.params["sources"]:
        try:
            sources.append(str(ipaddress.IPv4Address(source)))
        except ValueError:
            module.fail_json(msg=f"sources holds {source!r}, which is no IPv4 address.")
    module.run_command_environ_update = {"LC_ALL": "C"}
    _code, out, _err = module.run_command(["ip", "-json", "-4", "address", "show"], check_rc=True)
    try:
        everywhere = _rp_filter_host.value("all", "rp_filter")
        present = _rp_filter_host.read_interfaces(_rp_filter.parse_addressed(out), bool(_rp_filter_host.value("all", "accept_local")))
        wanted = module.params["interfaces"] or list(present)
        missing = [name for name in wanted if name not in present]
        if missing:
            module.fail_json(msg=f"There is no interface {', '.join(missing)}; there are {', '.join(present)}.")
        judged = [present[name] for name in wanted if name != "lo" or module.params["interfaces"]]
        verdicts = judge(module, sources, judged, everywhere)
        default = _rp_filter_host.value("default", "rp_filter")
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"Cannot read the reverse-path filter: {error}")
    module.exit_json(
        changed=False,
        all=everywhere,
        default=default,
        interfaces={
            name: {
                "configured": present[name].configured,
                "effective": _rp_filter.effective(everywhere, present[name].configured),
                "mode": _rp_filter.mode(_rp_filter.effective(everywhere, present[name].configured)),
                "raised": everywhere > present[name].configured,
            }
            for name in wanted
        },
        verdicts=verdicts,
    )


if __name__ == "__main__":
    main()
