#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: voip_dhcp_info
short_description: What the voice interface has from DHCP, and what it lacks
version_added: 0.1.0
description:
  - Tells which network stack configures the interface, its address, the gateway of its lease, and whether the voice route leads through that
    gateway. Checks that no default route leads over the interface and that its reverse path filter is strict.
  - With O(wait) it waits until nothing is lacking, and fails with what is if that does not happen.
  - Fails when the interface does not exist, except in check mode, where it may be yet to come.
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
  interface:
    description: VLAN interface of the voice network.
    type: str
    required: true
  prefix:
    description: Network of the telephone servers.
    type: str
    required: true
  route:
    description: Whether a route to O(prefix) through the lease's gateway has to be there, V(static), or is somebody else's business, V(none).
    type: str
    choices: [static, none]
    default: static
  backend:
    description: The network stack that holds the interface. V(auto) finds out as M(homerouter.tripleplay.uplink_check) does.
    type: str
    choices: [auto, networkd, netplan, ifupdown, netifrc]
    default: auto
  packages:
    description: Debian packages that each network stack needs, lists by the names of O(backend).
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
- name: Ask what the voice interface has
  homerouter.tripleplay.voip_dhcp_info:
    interface: vlan3
    prefix: 10.31.255.128/27
  register: voice
"""

RETURN = r"""
backend:
  description: The network stack that configures the interface.
  type: str
  returned: success
  sample: networkd
network_file:
  description: Name of the C(.network) file by which systemd-networkd configures the interface, or will; empty with other stacks.
  type: str
  returned: success
  sample: 20-homerouter-vlan3.network
missing_packages:
  description: Those of O(packages) that are not installed, for the network stack that was chosen.
  type: list
  elements: str
  returned: success
address:
  description: Address with prefix length, empty without one.
  type: str
  returned: success
  sample: 10.25.200.7/19
stuck:
  description: >-
    Whether the interface has no address and systemd-networkd believes that one is just being removed. Version 252 may do so for ever with an
    address that it had before another one, and then takes it only after a restart.
  type: bool
  returned: success
gateway:
  description: Gateway that the lease names, empty without one.
  type: str
  returned: success
  sample: 10.25.192.1
lacking:
  description: What is lacking, beginning with the interface's name.
  type: list
  elements: str
  returned: always
  sample: ["vlan3 has no address"]
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _packages, _stack, _voip

# Where the hook of this collection keeps what dhcpcd and dhclient have learnt.
HOOK_LEASE = "/run/homerouter-voip/lease"


def rp_filter(name: str) -> int | None:
    """A reverse path filter setting, None where the kernel has none by that name."""
    text = _stack.read(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").strip()
    return int(text) if text else None


def networkd_state(interface: str, key: str) -> str:
    """A value that systemd-networkd publishes about an interface."""
    index = _stack.read(f"/sys/class/net/{interface}/ifindex").strip()
    values = dict(line.split("=", 1) for line in _stack.read(f"/run/systemd/netif/links/{index}").splitlines() if "=" in line)
    return values.get(key, "")


def network_file(interface: str, backend: str) -> str:
    """Name of the .network file that drop-ins have to extend."""
    if backend == "netplan":
        return f"10-netplan-{interface}.network"
    if backend != "networkd":
        return ""
    return os.path.basename(networkd_state(interface, "NETWORK_FILE")) or f"20-homerouter-{interface}.network"


def look(module: AnsibleModule, backend: str) -> _voip.State:
    """The interface as it is now."""
    interface = module.params["interface"]
    if not os.path.exists(f"/sys/class/net/{interface}"):
        return _voip.State(exists=False)
    index = _stack.read(f"/sys/class/net/{interface}/ifindex").strip()
    lease = f"/run/systemd/netif/leases/{index}" if backend in ("networkd", "netplan") else HOOK_LEASE
    _code, addresses, _err = module.run_command(["ip", "-json", "-4", "address", "show", "dev", interface], check_rc=True)
    _code, routes, _err = module.run_command(["ip", "-json", "-4", "route", "show", "dev", interface], check_rc=True)
    return _voip.State(
        exists=True,
        address=_voip.parse_address(addresses),
        gateway=_voip.parse_lease(_stack.read(lease)),
        routes=_voip.parse_routes(routes),
        rp_filter=rp_filter(interface),
    )


def stuck(module: AnsibleModule, backend: str, state: _voip.State) -> bool:
    """Whether systemd-networkd waits to hear that an address is gone which the interface has no more."""
    if state.address or not state.exists or backend not in ("networkd", "netplan"):
        return False
    # Where the daemon does not run, or is too old to tell, the answer is an error.
    code, out, _err = module.run_command(["networkctl", "--json=short", "status", module.params["interface"]])
    return code == 0 and _voip.parse_stuck(out)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "interface": {"type": "str", "required": True},
            "prefix": {"type": "str", "required": True},
            "route": {"type": "str", "default": "static", "choices": ["static", "none"]},
            "backend": {"type": "str", "default": "auto", "choices": ["auto", "networkd", "netplan", "ifupdown", "netifrc"]},
            "packages": {"type": "dict", "default": {}},
            "wait": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C"}
    params = module.params
    problems = _voip.plan_problems(params["interface"], params["prefix"])
    backend = params["backend"]
    if backend == "auto":
        backend = _stack.detect_backend(module)
    if not backend:
        problems.append(
            "voip_dhcp_backend is auto: this host runs none of netplan, systemd-networkd, ifupdown and netifrc: install one and name it"
        )
    if not problems and not module.check_mode and not os.path.exists(f"/sys/class/net/{params['interface']}"):
        problems.append(
            f"voip_dhcp_interface is {params['interface']}, which this host does not have: run the role homerouter.tripleplay.vlans first, "
            "or name the interface of the voice VLAN"
        )
    if problems:
        module.fail_json(msg="Voice cannot be set up as planned, nothing has been changed: " + "; ".join(problems), lacking=[])

    def lacks(state: _voip.State) -> list[str]:
        return _voip.lacks(state, params["interface"], params["prefix"], params["route"])

    state = _stack.until(lambda: look(module, backend), lambda seen: not lacks(seen), params["wait"])
    lacking = lacks(state)
    if lacking and params["wait"]:
        cure = _voip.cure(params["interface"], lacking, stuck(module, backend, state))
        module.fail_json(msg=f"No call can be made after {params['wait']} s: {'; '.join(lacking)}: {cure}", lacking=lacking)
    if state.rp_filter == 1 and (rp_filter("all") or 0) > 1:
        module.warn(
            f"net.ipv4.conf.all.rp_filter is {rp_filter('all')}, and the larger value counts: the reverse path filter of "
            f"{params['interface']} is loose; set the one for all to 0 in /etc/sysctl.d"
        )
    module.exit_json(
        changed=False,
        backend=backend,
        network_file=network_file(params["interface"], backend),
        missing_packages=_packages.missing(module.run_command, module.get_bin_path("dpkg-query"), params["packages"].get(backend, [])),
        address=state.address,
        stuck=stuck(module, backend, state),
        gateway=state.gateway,
        lacking=lacking,
    )


if __name__ == "__main__":
    main()
