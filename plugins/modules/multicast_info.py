#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show what the kernel's multicast tables hold."""

from __future__ import annotations

DOCUMENTATION = r"""
module: multicast_info
short_description: Show the kernel's multicast routes, their counters and rates, and memberships
version_added: 0.1.0
description:
  - Reads C(/proc/net/ip_mr_cache), C(/proc/net/ip_mr_vif) and C(/proc/net/igmp), whose addresses are numbers in the
    host's byte order and whose interfaces are numbers of the multicast routing daemon, and gives addresses and names.
  - With O(sample) it reads twice and adds rates, which tells a channel that plays from one that once played.
  - It looks at the network namespace in which it runs, at the kernel's default multicast routing table, and at IPv4.
    Running it again changes nothing; counters go on by themselves.
  - Fails if the kernel has no multicast at all, or if a table holds what is not understood. A kernel without multicast
    routing has no routes, and is told by RV(multicast_routing).
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
  sample:
    description: Seconds between two readings, from which rates are made; at most 60. V(0) reads once and gives no rates.
    type: float
    default: 0
"""

EXAMPLES = r"""
- name: What plays
  homerouter.tripleplay.multicast_info:
    sample: 2
  register: multicast

- name: No channel comes in by the wrong interface
  ansible.builtin.assert:
    that: multicast.routes | map(attribute='wrong_interface_per_second') | select | length == 0
"""

RETURN = r"""
multicast_routing:
  description: Whether a multicast routing daemon has interfaces in the kernel.
  returned: always
  type: bool
  sample: true
routes:
  description: The entries of the multicast forwarding cache.
  returned: always
  type: list
  elements: dict
  contains:
    group:
      description: Address of the group.
      type: str
    origin:
      description: Address of the sender; V(0.0.0.0) stands for any.
      type: str
    resolved:
      description: >-
        Whether the daemon has made a route of it. Packets of other entries wait a few seconds and are then dropped;
        their counters are always 0.
      type: bool
    input_interface:
      description: Interface by which the group has to come in; V(null) if it is not resolved or the interface has gone.
      type: str
    output_interfaces:
      description: Interfaces by which it goes out. Empty, it goes nowhere.
      type: list
      elements: str
    packets:
      description: Packets that were forwarded, or dropped because there is no output interface.
      type: int
    bytes:
      description: Octets of these packets, IP headers included.
      type: int
    wrong_interface:
      description: Packets that came in by another interface than RV(routes.input_interface).
      type: int
    packets_per_second:
      description: Rate of RV(routes.packets). V(null) without O(sample), and if the entry is newer than its beginning.
      type: float
    bits_per_second:
      description: Rate of RV(routes.bytes), in bits.
      type: float
    wrong_interface_per_second:
      description: Rate of RV(routes.wrong_interface).
      type: float
  sample:
    - group: 239.0.0.76
      origin: 172.26.72.17
      resolved: true
      input_interface: vlan2
      output_interfaces: [vlan100]
      packets: 14704
      bytes: 19172500
      wrong_interface: 0
      packets_per_second: 284.5
      bits_per_second: 3067820.0
      wrong_interface_per_second: 0.0
interfaces:
  description: The daemon's interfaces, by name.
  returned: always
  type: dict
  contains:
    index:
      description: Their number in the kernel's tables.
      type: int
    bytes_in:
      description: Octets that came in and were forwarded.
      type: int
    packets_in:
      description: Packets that came in and were forwarded.
      type: int
    bytes_out:
      description: Octets that went out.
      type: int
    packets_out:
      description: Packets that went out.
      type: int
    local:
      description: Own address. The kernel shows the interface's number in its place where the daemon gave a number.
      type: str
  sample:
    vlan2: {index: 0, bytes_in: 774846616, packets_in: 584180, bytes_out: 0, packets_out: 0, local: 10.214.0.10}
memberships:
  description: Groups that this host itself is a member of, by interface. A proxy's joins upstream are among them.
  returned: always
  type: dict
  contains:
    igmp_version:
      description: IGMP version that is spoken now, V(0) if unknown. A querier of an older version lowers it for a time.
      type: int
    groups:
      description: Addresses of the groups.
      type: list
      elements: str
  sample:
    vlan2: {igmp_version: 2, groups: [224.0.0.1, 239.0.0.76]}
seconds:
  description: Time between the two readings in seconds, V(0) if there was only one.
  returned: always
  type: float
  sample: 2.0
"""

import sys
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _multicast

NET = Path("/proc/net")


def table(name: str) -> str:
    """The text of one of the kernel's tables; empty if this kernel does not have it."""
    try:
        return (NET / name).read_text(encoding="ascii")
    except FileNotFoundError:
        return ""


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={"sample": {"type": "float", "default": 0.0}}, supports_check_mode=True)
    sample = module.params["sample"]
    # Written so that a NaN is refused too.
    if not 0 <= sample <= 60:
        module.fail_json(msg=f"sample is {sample}: take 0 to 60 seconds.")
    before: dict[tuple[str, str], _multicast.Entry] = {}
    seconds = 0.0
    try:
        if sample:
            start = time.monotonic()
            before = {entry.key: entry for entry in _multicast.parse_cache(table("ip_mr_cache"), sys.byteorder)}
            time.sleep(sample)
            seconds = time.monotonic() - start
        entries = _multicast.parse_cache(table("ip_mr_cache"), sys.byteorder)
        vifs = _multicast.parse_vifs(table("ip_mr_vif"), sys.byteorder)
        igmp = table("igmp")
        if not igmp:
            module.fail_json(msg="This kernel has no /proc/net/igmp: it was built without IP_MULTICAST.")
        memberships = _multicast.parse_igmp(igmp, sys.byteorder)
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"Cannot read the kernel's multicast tables: {error}")
    module.exit_json(
        changed=False,
        multicast_routing=bool(vifs),
        routes=[_multicast.route(entry, vifs, before.get(entry.key), seconds) for entry in entries],
        interfaces={
            vif.name: {
                "index": vif.index,
                "bytes_in": vif.octets_in,
                "packets_in": vif.packets_in,
                "bytes_out": vif.octets_out,
                "packets_out": vif.packets_out,
                "local": vif.local,
            }
            for vif in vifs.values()
        },
        memberships={
            name: {"igmp_version": groups.version, "groups": [member.group for member in groups.memberships]}
            for name, groups in memberships.items()
        },
        seconds=round(seconds, 3),
    )


if __name__ == "__main__":
    main()
