#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dhcp_server_check
short_description: Check whether a host can serve a LAN with DHCP and DNS as planned
version_added: 0.1.0
description:
  - Checks the plan itself (addresses, pool, reservations, options, forwarders), the interface, and whether another
    program holds the ports of DHCP or DNS on that interface.
  - Reports all problems at once. Changes nothing.
  - Running it again gives the same answer as long as the host is the same.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Can run in check mode and answers the same, except that a missing interface is a warning only.
    support: full
  diff_mode:
    description: Returns details on what has changed; nothing ever does.
    support: none
options:
  interface:
    description: Name of the LAN's interface.
    type: str
    required: true
  address:
    description: The router's own address in the LAN with prefix length.
    type: str
    required: true
  pool_first:
    description: First address for devices without reservation.
    type: str
    required: true
  pool_last:
    description: Last address for devices without reservation.
    type: str
    required: true
  router:
    description: Default gateway that devices get.
    type: str
    required: true
  dns_servers:
    description: Addresses of the name servers that devices get.
    type: list
    elements: str
    required: true
  domain:
    description: The LAN's domain.
    type: str
    required: true
  interface_mtu:
    description: MTU that devices get in octets, 0 for none.
    type: int
    required: true
  lease_seconds:
    description: Length of a lease in seconds.
    type: int
    required: true
  reservations:
    description: Devices with a fixed address.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Host name without domain.
        type: str
        required: true
      mac:
        description: MAC address.
        type: str
        required: true
      address:
        description: IPv4 address of the LAN, inside or outside the pool.
        type: str
        required: true
  iptv_enabled:
    description: Whether set-top boxes get what television needs. If not, O(iptv_boxes) are reservations like others.
    type: bool
    default: false
  iptv_boxes:
    description: Set-top boxes with a fixed address.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Host name without domain.
        type: str
        required: true
      mac:
        description: MAC address.
        type: str
        required: true
      address:
        description: IPv4 address of the LAN, inside or outside the pool.
        type: str
        required: true
  iptv_vendor_class:
    description: What the vendor class of set-top boxes begins with, empty to know them by O(iptv_boxes) only.
    type: str
    default: ""
  iptv_dns_servers:
    description: Addresses of the name servers that set-top boxes get.
    type: list
    elements: str
    default: []
  iptv_option_240:
    description: Text of the option 240 that set-top boxes get.
    type: str
    default: ""
  resolver_enabled:
    description: Whether this host answers DNS queries of the LAN.
    type: bool
    default: true
  forwarders:
    description: Addresses of the resolvers to ask.
    type: list
    elements: str
    default: []
  private_domains:
    description: Domains whose public names may resolve to private addresses.
    type: list
    elements: str
    default: []
  host_uses_resolver:
    description: Whether C(/etc/resolv.conf) is to be written.
    type: bool
    default: false
  packages:
    description: Debian packages that have to be there.
    type: list
    elements: str
    default: []
  units:
    description:
      - The services this host may run for the LAN. One is this collection's own when one of its O(units[].own)
        exists, and may then hold the ports.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the systemd unit.
        type: str
        required: true
      wanted:
        description: Whether the unit belongs to the plan.
        type: bool
        required: true
      files:
        description: Files of the distribution's package that are read when the unit starts.
        type: list
        elements: path
        default: []
      own:
        description: Files that are read when the unit starts and exist only where this collection has configured it.
        type: list
        elements: path
        required: true
requirements:
  - iproute2
  - systemd
"""

EXAMPLES = r"""
- name: Ask whether the host can serve its LAN
  homerouter.tripleplay.dhcp_server_check:
    interface: vlan100
    address: 192.168.1.1/24
    pool_first: 192.168.1.210
    pool_last: 192.168.1.249
    router: 192.168.1.1
    dns_servers: [192.168.1.1]
    domain: home.arpa
    interface_mtu: 1496
    lease_seconds: 43200
    forwarders: [80.58.61.250]
    units:
      - name: kea-dhcp4-server.service
        wanted: true
        own: [/etc/systemd/system/kea-dhcp4-server.service.d/homerouter.conf]
  register: check
"""

RETURN = r"""
lan:
  description: What follows from the plan and the servers' files need.
  type: dict
  returned: success
  sample:
    address: 192.168.1.1
    network: 192.168.1.0
    prefix: 24
    netmask: 255.255.255.0
    broadcast: 192.168.1.255
    ranges: [[192.168.1.210, 192.168.1.249]]
    reservations: [{name: salon, mac: "4c:9e:ff:00:00:02", address: 192.168.1.200, iptv: true}]
    iptv_vendor_class: "5b:49:41:4c:5d"
    iptv_option_240: "3a:3a"
interface_present:
  description: Whether the interface exists.
  type: bool
  returned: success
missing_packages:
  description: Those of O(packages) that are not installed.
  type: list
  elements: str
  returned: success
device_unit:
  description:
    - systemd unit of the interface when systemd learns of interfaces from udev, else empty, as in a plain container.
  type: str
  returned: success
  sample: sys-subsystem-net-devices-vlan100.device
outdated:
  description:
    - Wanted units that have to be started anew. They run since before one of their files was last written, as after an
      interrupted run, or they hold the socket of an interface that has been made anew since, and so hear nothing.
  type: list
  elements: str
  returned: success
settled:
  description: Wanted units with which nothing is to be done, since they run, start with the host, have read their files and hear the interface.
  type: list
  elements: str
  returned: success
stale:
  description: Units of this collection that the plan does not want any more.
  type: list
  elements: str
  returned: success
  sample: [isc-dhcp-server.service]
problems:
  description: All that is in the way, each with variable, value and cure.
  type: list
  elements: str
  returned: failure
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _dhcp, _packages, _stack

RESOLV_CONF = "/etc/resolv.conf"


def rivals(module: AnsibleModule, own: set[str]) -> list[str]:
    """Foreign programs on the ports this host needs."""
    _code, out, _err = module.run_command(
        ["ss", "--no-header", "--udp", "--listening", "--numeric", "--processes", "( sport = 53 or sport = 67 )"],
        check_rc=True,
    )
    lan = module.params["address"].partition("/")[0]
    found = []
    for entry in _dhcp.sockets(out):
        if not _dhcp.rival(entry, module.params["interface"], lan):
            continue
        if entry.port == "53" and not module.params["resolver_enabled"]:
            continue
        unit = _stack.unit_of_process(entry.pid)
        if unit in own:
            continue
        text = (
            f"port {entry.port} of {entry.address} is held by {entry.program} (process {entry.pid}"
            f"{', ' + unit if unit else ''}), "
            f"another {'DNS' if entry.port == '53' else 'DHCP'} server than this role's: "
            f"stop and disable it, or keep it off {module.params['interface']}"
        )
        if text not in found:
            found.append(text)
    return found


def tracks_interfaces() -> bool:
    """Whether systemd learns from udev when an interface comes and goes, so that a service can be bound to one."""
    if not os.path.exists("/run/udev/control"):
        return False
    # In a container it depends on whether udev was there when systemd started.
    if not os.path.exists("/run/systemd/container"):
        return True
    with open("/proc/net/netlink", encoding="utf-8") as stream:
        return _dhcp.hears_udev(stream.read())


def deaf(module: AnsibleModule, units: list[dict[str, Any]]) -> list[str]:
    """Wanted units that listen on an interface which exists no more, even if another has its name."""
    _code, out, _err = module.run_command(["ss", "--no-header", "--numeric", "--processes", "--packet"], check_rc=True)
    holders = {_stack.unit_of_process(entry.pid) for entry in _dhcp.sockets(out) if entry.port == _dhcp.VANISHED}
    return [unit["name"] for unit in units if unit["name"] in holders]


def main() -> None:
    """Entry point."""
    text = {"type": "str", "required": True}
    texts = {"type": "list", "elements": "str", "default": []}
    devices = {"type": "list", "elements": "dict", "default": [], "options": {"name": text, "mac": text, "address": text}}
    module = AnsibleModule(
        argument_spec={
            "interface": text,
            "address": text,
            "pool_first": text,
            "pool_last": text,
            "router": text,
            "dns_servers": {"type": "list", "elements": "str", "required": True},
            "domain": text,
            "interface_mtu": {"type": "int", "required": True},
            "lease_seconds": {"type": "int", "required": True},
            "reservations": devices,
            "iptv_enabled": {"type": "bool", "default": False},
            "iptv_boxes": devices,
            "iptv_vendor_class": {"type": "str", "default": ""},
            "iptv_dns_servers": texts,
            "iptv_option_240": {"type": "str", "default": ""},
            "resolver_enabled": {"type": "bool", "default": True},
            "forwarders": texts,
            "private_domains": texts,
            "host_uses_resolver": {"type": "bool", "default": False},
            "packages": texts,
            "units": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": text,
                    "wanted": {"type": "bool", "required": True},
                    "files": {"type": "list", "elements": "path", "default": []},
                    "own": {"type": "list", "elements": "path", "required": True},
                },
            },
        },
        supports_check_mode=True,
    )
    plan = module.params
    units = plan["units"]
    ours = {unit["name"] for unit in units if any(os.path.exists(path) for path in unit["own"])}
    wanted = [unit for unit in units if unit["wanted"]]
    problems = _dhcp.problems_of(plan)
    problems += rivals(module, ours | {unit["name"] for unit in wanted})

    present = os.path.isdir(f"/sys/class/net/{plan['interface']}")
    if not present:
        missing = (
            f"dhcp_server_interface is {plan['interface']!r}, which does not exist on this host: "
            "apply the role vlans first"
        )
        if module.check_mode:
            module.warn(missing)
        else:
            problems.append(missing)
    if plan["host_uses_resolver"] and os.path.islink(RESOLV_CONF):
        problems.append(
            f"dhcp_server_host_uses_resolver is true, but {RESOLV_CONF} belongs to another program, it is a link to "
            f"{os.readlink(RESOLV_CONF)}: tell that program to use 127.0.0.1, or replace the link by a file"
        )
    if problems:
        module.fail_json(msg="The LAN cannot be served as planned: " + "; ".join(problems), problems=problems)

    unheard = deaf(module, wanted)
    files = {unit["name"]: unit["files"] + unit["own"] for unit in wanted}
    outdated, settled = _stack.standing(_stack.units(module.run_command, files), files)
    module.exit_json(
        changed=False,
        lan=_dhcp.facts_of(plan),
        interface_present=present,
        missing_packages=_packages.missing(module.run_command, module.get_bin_path("dpkg-query"), plan["packages"]),
        device_unit=_dhcp.device_unit(plan["interface"]) if tracks_interfaces() else "",
        outdated=sorted({*outdated, *unheard}),
        settled=sorted({*settled}.difference(unheard)),
        stale=sorted(ours - {unit["name"] for unit in wanted}),
    )


if __name__ == "__main__":
    main()
