#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check whether a host can hold a PPPoE link."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pppoe_check
short_description: Check whether this host can hold the PPPoE link that is wanted
version_added: 0.1.0
description:
  - The preflight of the role P(homerouter.tripleplay.pppoe#role). Checks the settings by themselves, the kernel, the
    interface below the link and its MTU, and the secrets files, and names all problems at once, each with its cure.
  - Finds out whether the running service is older than its files, as it is when a play ended between writing and
    restarting.
  - It changes nothing; asking the kernel for PPPoE has it load its modules, as dialling would.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Runs in check mode as otherwise, but takes it that a missing interface will be there in a real run.
    support: full
  diff_mode:
    description: There is nothing that could differ.
    support: none
options:
  name:
    description: Name of the peer; the unit is C(pppoe-NAME.service).
    type: str
    default: internet
  interface:
    description: Ethernet or VLAN interface that carries PPPoE.
    type: str
    required: true
  ppp_interface:
    description: Name of the PPP interface.
    type: str
    default: ppp0
  username:
    description: User name.
    type: str
    required: true
  password:
    description: Password.
    type: str
    required: true
  mtu:
    description: MTU of the link without RFC 4638.
    type: int
    default: 1492
  rfc4638:
    description: Whether an MTU of 1500 is wanted.
    type: bool
    default: false
  ipv6:
    description: Whether the link carries IPv6.
    type: bool
    default: false
  holdoff:
    description: First pause between two dials in seconds.
    type: int
    default: 3
  holdoff_max:
    description: Longest pause in seconds.
    type: int
    default: 60
  lcp_echo_interval:
    description: Seconds between two LCP echo requests.
    type: int
    default: 15
  lcp_echo_failure:
    description: Number of unanswered echo requests that end the link.
    type: int
    default: 3
  extra_options:
    description: Further options for pppd.
    type: list
    elements: str
    default: []
  packages:
    description: Debian packages that have to be there.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Check what the link needs
  homerouter.tripleplay.pppoe_check:
    interface: vlan6
    username: "{{ home_internet_username }}"
    password: "{{ home_internet_password }}"
  register: host
"""

RETURN = r"""
device_unit:
  description: The unit of systemd that stands for O(interface); empty on a host whose systemd follows no devices.
  returned: success
  type: str
  sample: sys-subsystem-net-devices-vlan6.device
stale_links:
  description: Links by which systemd starts the service with another interface than O(interface).
  returned: success
  type: list
  elements: str
  sample: []
missing_packages:
  description: Those of O(packages) that are not installed.
  returned: success
  type: list
  elements: str
  sample: [ppp]
running:
  description: Whether the service runs and starts with the host.
  returned: success
  type: bool
drift:
  description: Why the running service does not stand for its files; empty when it does.
  returned: success
  type: str
  sample: ""
mtu:
  description: MTU that the link will ask for.
  returned: success
  type: int
  sample: 1492
"""

import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _packages, _pppoe, _pppoe_host, _stack


def host_problems(params: dict[str, Any], mtu: int, check_mode: bool) -> list[str]:
    """What the host lacks."""
    found: list[str] = []
    if not os.path.isdir(_stack.SYSTEMD):
        found.append(
            "This host does not run systemd, which supervises the link here: leave the role pppoe out "
            "(with netifrc the role vlans holds the PPPoE connection)."
        )
    lacks = _pppoe_host.kernel_lacks()
    if lacks:
        found.append(
            f"The running kernel cannot do PPPoE ({'; '.join(lacks)}): run one with CONFIG_PPP and CONFIG_PPPOE; after "
            "an update of the kernel, reboot; in a container, give it the device /dev/ppp and the capability NET_ADMIN."
        )
    interface = params["interface"]
    if _pppoe_host.exists(interface):
        below = {interface: _pppoe_host.mtu(interface)}
        parent = _pppoe_host.parent(interface)
        if parent is not None:
            below[parent] = _pppoe_host.mtu(parent)
        known = {name: value for name, value in below.items() if value is not None}
        # In check mode the roles before this one have not set the MTU yet.
        if not check_mode:
            found += _pppoe.mtu_problems(mtu, params["rfc4638"], known)
    elif not check_mode:
        found.append(
            f"pppoe_interface is {interface!r}, which does not exist: apply the role vlans first, "
            "or name the interface that carries PPPoE."
        )
    for path in ("/etc/ppp/pap-secrets", "/etc/ppp/chap-secrets"):
        line = _pppoe.shadowing(
            _pppoe_host.text(path) or "", f"pppoe {params['name']}", params["username"], params["password"]
        )
        if line is not None:
            found.append(
                f"{path} has another password for pppoe_username in line {line}, and pppd takes the first: remove that line."
            )
    return found


def drift(name: str, unit: _stack.Unit) -> str:
    """Why the running service does not stand for its files."""
    if not unit.active:
        # Whatever starts next reads the files as they are then.
        return "systemd has not read the unit's file" if unit.unread else ""
    for path in (f"/etc/ppp/peers/{name}", f"/etc/systemd/system/{_pppoe.service(name)}"):
        if unit.older_than(path):
            return f"{path} is newer than the running service"
    return ""


def stale_links(name: str, device_unit: str) -> list[str]:
    """Links by which systemd starts the service with another interface, left from another setting."""
    wanted = f"{device_unit or 'multi-user.target'}.wants"
    links = Path("/etc/systemd/system").glob(f"*.wants/{_pppoe.service(name)}")
    return sorted(str(link) for link in links if link.parent.name != wanted)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "default": "internet"},
            "interface": {"type": "str", "required": True},
            "ppp_interface": {"type": "str", "default": "ppp0"},
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "mtu": {"type": "int", "default": 1492},
            "rfc4638": {"type": "bool", "default": False},
            "ipv6": {"type": "bool", "default": False},
            "holdoff": {"type": "int", "default": 3},
            "holdoff_max": {"type": "int", "default": 60},
            "lcp_echo_interval": {"type": "int", "default": 15},
            "lcp_echo_failure": {"type": "int", "default": 3},
            "extra_options": {"type": "list", "elements": "str", "default": []},
            "packages": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    params = module.params
    found = _pppoe.problems(params)
    mtu = 1500 if params["rfc4638"] else params["mtu"]
    # The host is only asked in terms that make sense.
    if not found:
        found = host_problems(params, mtu, module.check_mode)
    if found:
        module.fail_json(msg=" ".join(found), problems=found)
    followed = os.path.exists("/run/udev/control") and os.access("/sys", os.W_OK)
    device = f"sys-subsystem-net-devices-{_pppoe.escaped(params['interface'])}.device" if followed else ""
    name = _pppoe.service(params["name"])
    unit = _stack.units(module.run_command, [name])[name]
    module.exit_json(
        changed=False,
        device_unit=device,
        stale_links=stale_links(params["name"], device),
        missing_packages=_packages.missing(module.run_command, module.get_bin_path("dpkg-query"), params["packages"]),
        drift=drift(params["name"], unit),
        running=unit.stands,
        mtu=mtu,
    )


if __name__ == "__main__":
    main()
