#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: uplink_check
short_description: Check whether a host can carry a plan of VLAN interfaces
version_added: 0.1.0
description:
  - Checks the plan itself (identifiers, names, MTUs, addresses), the network card (does it exist, can it do VLANs, which MTU),
    the kernel (can it make VLAN interfaces), other network software that holds the card, and whether the session that runs
    this module arrives over an address which the plan would take away.
  - Chooses the network stack to configure when it is not given.
  - Reports all problems at once. Changes nothing; the kernel is tried in a network namespace of its own, which is gone afterwards.
    That may load the kernel module C(8021q), as the VLAN interfaces will.
  - Running it again gives the same answer as long as the host is the same.
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
  backend:
    description:
      - The network stack that is to hold the interfaces. V(auto) takes netplan where it is installed and has files,
        systemd-networkd where it is active or enabled, ifupdown where it is installed, netifrc where OpenRC runs it,
        and else systemd-networkd.
    type: str
    choices: [auto, networkd, netplan, ifupdown, netifrc]
    default: auto
  packages:
    description: Debian packages that each network stack needs, lists by the names of O(backend).
    type: dict
    default: {}
requirements:
  - iproute2
  - util-linux
"""

EXAMPLES = r"""
- name: Ask whether the host can do it
  homerouter.tripleplay.uplink_check:
    uplink: enp2s0f0
    interfaces:
      - {service: internet, id: 6}
      - {service: lan, id: 100, address: 192.168.1.1/24}
  register: check

- name: Show the network stack
  ansible.builtin.debug:
    var: check.backend
"""

RETURN = r"""
backend:
  description: The network stack to configure.
  type: str
  returned: success
  sample: networkd
running:
  description: Whether the unit that makes the interfaces starts with the host, and runs where it is a service.
  type: bool
  returned: success
systemd_version:
  description: Version of systemd, 0 when the host has none.
  type: int
  returned: success
  sample: 257
max_mtu:
  description: Largest MTU the uplink accepts in octets, 0 when its driver does not say.
  type: int
  returned: success
  sample: 9194
uplink_elsewhere:
  description: Whether an ifupdown file of other origin also configures the uplink.
  type: bool
  returned: success
interfaces_sourced:
  description: Whether C(/etc/network/interfaces) reads C(/etc/network/interfaces.d).
  type: bool
  returned: success
missing_packages:
  description: Those of O(packages) that are not installed, for the network stack that was chosen.
  type: list
  elements: str
  returned: success
drift:
  description: Where the running network differs from the plan, beginning with the interface's name.
  type: list
  elements: str
  returned: success
  sample: ["vlan6 does not exist"]
problems:
  description: All that is in the way, each with variable, value and cure.
  type: list
  elements: str
  returned: failure
"""

import array
import fcntl
import fnmatch
import glob
import os
import socket
import struct
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _packages, _session, _stack, _vlans

SIOCETHTOOL = 0x8946
ETHTOOL_GSTRINGS = 0x1B
ETHTOOL_GSSET_INFO = 0x37
ETHTOOL_GFEATURES = 0x3A
ETH_SS_FEATURES = 4
ETH_GSTRING_LEN = 32

ARPHRD_ETHER = "1"
_NETWORKING = "networking.service"


def nic_features(name: str) -> dict[str, bool]:
    """Active features of a network card by their kernel names, through the ethtool ioctl (linux/ethtool.h)."""

    def ethtool(request: array.array[int]) -> None:
        address, _length = request.buffer_info()
        fcntl.ioctl(sock, SIOCETHTOOL, struct.pack("16sP16x", name.encode(), address))

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        info = array.array("B", struct.pack("=IIQI", ETHTOOL_GSSET_INFO, 0, 1 << ETH_SS_FEATURES, 0))
        ethtool(info)
        _cmd, _reserved, mask, count = struct.unpack("=IIQI", info.tobytes())
        if not mask:
            return {}
        strings = array.array("B", struct.pack("=III", ETHTOOL_GSTRINGS, ETH_SS_FEATURES, count) + bytes(count * ETH_GSTRING_LEN))
        ethtool(strings)
        blocks = (count + 31) // 32
        features = array.array("B", struct.pack("=II", ETHTOOL_GFEATURES, blocks) + bytes(blocks * 16))
        ethtool(features)
    names = [
        strings[12 + i * ETH_GSTRING_LEN : 12 + (i + 1) * ETH_GSTRING_LEN].tobytes().split(b"\0", 1)[0].decode() for i in range(count)
    ]
    active = [struct.unpack_from("=IIII", features, 8 + block * 16)[2] for block in range(blocks)]
    return {name: bool(active[i // 32] >> (i % 32) & 1) for i, name in enumerate(names) if name}


def nic_problems(uplink: str) -> list[str]:
    """Why the card cannot carry tagged frames, whatever the plan."""
    kind = _stack.read(f"/sys/class/net/{uplink}/type").strip()
    if kind and kind != ARPHRD_ETHER and uplink != "lo":
        return [f"vlans_uplink is {uplink}: it is not an Ethernet interface: set home_uplink to one"]
    try:
        features = nic_features(uplink)
    except OSError as error:
        return [f"vlans_uplink is {uplink}: the kernel does not tell its features ({error.strerror}): run as root, or take another card"]
    if features.get("vlan-challenged"):
        return [f"vlans_uplink is {uplink}: it cannot do VLANs (feature vlan-challenged is on): set home_uplink to another network card"]
    return []


def kernel_problems(run: _stack.Run) -> list[str]:
    """Whether VLAN interfaces can be made, tried on a throw-away pair in a network namespace of its own."""
    if os.path.isdir("/proc/net/vlan"):
        return []
    script = (
        "ip link add probe0 type veth peer name probe1 || ip link add probe0 type bridge || ip link add probe0 type dummy;"
        " ip link add link probe0 name probe2 type vlan id 2"
    )
    code, _out, err = run(["unshare", "--net", "/bin/sh", "-c", script])
    if code == 0:
        return []
    reason = (err.strip().splitlines() or ["no message"])[-1]
    return [
        f"the kernel of this host cannot make a VLAN interface ({reason}): load the module 8021q (modprobe 8021q),"
        " install the kernel's modules, or use a kernel with CONFIG_VLAN_8021Q"
    ]


def session_problems(plan: _vlans.Plan, links: dict[str, _vlans.Link]) -> list[str]:
    """Refuse to cut the session that configures the router."""
    session = _session.current()
    if session is None:
        return []
    address = session.server
    for vlan in plan.vlans:
        link = links.get(vlan.name)
        arrives = link is not None and address in [cidr.split("/")[0] for cidr in link.addresses]
        if arrives and vlan.address and vlan.address.split("/")[0] != address:
            return [
                f"vlans_interfaces: address {vlan.address} of {vlan.name} takes the place of {address}, at which this SSH session arrives:"
                " connect through another interface, or work on the router's console"
            ]
    uplink = links.get(plan.uplink)
    if plan.dhcp or uplink is None or address not in [cidr.split("/")[0] for cidr in uplink.addresses]:
        return []
    return [
        f"vlans_uplink is {plan.uplink}: this SSH session arrives at its untagged address {address}, which vlans_uplink_dhcp: false"
        " takes away: connect through another interface, or set vlans_uplink_dhcp to true for as long as you migrate"
    ]


def network_manager_problems(module: AnsibleModule, plan: _vlans.Plan) -> list[str]:
    """NetworkManager would put back what this role takes away."""
    nmcli = module.get_bin_path("nmcli")
    unit = "NetworkManager.service"
    if not nmcli or not _stack.units(module.run_command, [unit])[unit].active:
        return []
    code, out, err = module.run_command([nmcli, "--terse", "--fields", "DEVICE,STATE", "device"])
    if code != 0:
        return [f"NetworkManager runs but does not say what it manages ({err.strip()}): stop it, or repair it"]
    states = dict(line.split(":", 1) for line in out.splitlines() if ":" in line)
    managed = [name for name in (plan.uplink, *(vlan.name for vlan in plan.vlans)) if states.get(name, "unmanaged") != "unmanaged"]
    if not managed:
        return []
    devices = ";".join(f"interface-name:{name}" for name in (plan.uplink, *(vlan.name for vlan in plan.vlans)))
    return [
        f"vlans_uplink is {plan.uplink}: NetworkManager manages {', '.join(managed)}: write"
        f" /etc/NetworkManager/conf.d/90-homerouter.conf with the lines [keyfile] and unmanaged-devices={devices},"
        " then run: systemctl reload NetworkManager"
    ]


def interfaces_files() -> dict[str, str]:
    """The interfaces(5) files of other origin, by path."""
    main = _stack.read(_vlans.IFUPDOWN_MAIN)
    paths = {_vlans.IFUPDOWN_MAIN}
    for pattern in _vlans.sourced_patterns(main):
        paths.update(glob.glob(os.path.join("/etc/network", pattern)))
    paths.discard(_vlans.IFUPDOWN_FILE)
    return {path: _stack.read(path) for path in sorted(paths)}


def interfaces_sourced(module: AnsibleModule) -> bool:
    """Whether ifupdown will read our file. Its package writes the main file, with that line, when there is none."""
    if not os.path.exists(_vlans.IFUPDOWN_MAIN):
        return not module.get_bin_path("ifup")
    patterns = _vlans.sourced_patterns(_stack.read(_vlans.IFUPDOWN_MAIN))
    return any(fnmatch.fnmatch(_vlans.IFUPDOWN_FILE, os.path.join("/etc/network", pattern)) for pattern in patterns)


def networkd_file(uplink: str) -> str:
    """The .network file by which a running systemd-networkd manages the uplink, empty when it leaves it alone."""
    index = _stack.read(f"/sys/class/net/{uplink}/ifindex").strip()
    state = dict(line.split("=", 1) for line in _stack.read(f"/run/systemd/netif/links/{index}").splitlines() if "=" in line)
    return "" if state.get("ADMIN_STATE") == "unmanaged" else state.get("NETWORK_FILE", "")


def rival_problems(plan: _vlans.Plan, backend: str, stanzas: list[str], networkd_active: bool) -> list[str]:
    """Another network stack that configures the untagged uplink against the plan."""
    problems = []
    if stanzas and backend == "ifupdown" and not plan.dhcp:
        problems.append(
            f"vlans_uplink_dhcp is false, but ifupdown gives {plan.uplink} an address ({', '.join(stanzas)}):"
            f" change that stanza to 'iface {plan.uplink} inet manual', or set vlans_uplink_dhcp to true"
        )
    elif stanzas and backend != "ifupdown":
        problems.append(
            f"vlans_backend is {backend}, but ifupdown also configures {plan.uplink} ({', '.join(stanzas)}):"
            " set vlans_backend to ifupdown, or remove that stanza"
        )
    if backend in ("ifupdown", "netifrc") and networkd_active:
        path = networkd_file(plan.uplink)
        if path and "-homerouter-" not in path and not path.startswith("/run/systemd/network/10-netplan-"):
            problems.append(
                f"vlans_backend is {backend}, but systemd-networkd configures {plan.uplink} by {path}:"
                " set vlans_backend to networkd, or remove that file and run: networkctl reload"
            )
    return problems


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **_vlans.plan_spec(),
            "backend": {"type": "str", "default": "auto", "choices": ["auto", *_vlans.BACKENDS]},
            "packages": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    try:
        plan = _vlans.make_plan(module.params)
    except _vlans.PlanError as error:
        module.fail_json(msg="The VLAN plan has problems:\n" + "\n".join(error.problems), problems=error.problems)
    if not module.get_bin_path("ip"):
        module.fail_json(msg="The command ip is missing: install the package iproute2.", problems=["ip is missing: install iproute2"])
    module.run_command_environ_update = {"LC_ALL": "C"}

    _code, out, _err = module.run_command(["ip", "-json", "-details", "address", "show"], check_rc=True)
    links = _vlans.parse_links(out)
    problems = _vlans.host_problems(plan, links)
    if plan.uplink in links:
        problems += nic_problems(plan.uplink)
    problems += kernel_problems(module.run_command)
    problems += session_problems(plan, links)
    problems += network_manager_problems(module, plan)

    backend = module.params["backend"]
    if backend == "auto":
        backend = _stack.detect_backend(module)
    if not backend:
        problems.append(
            "vlans_backend is auto: this host runs none of netplan, systemd-networkd, ifupdown and netifrc: install one and name it"
        )
    stanzas = []
    if module.get_bin_path("ifup"):
        for path, text in interfaces_files().items():
            stanzas += [f"{path}:{line}" for line, _method in _vlans.interface_stanzas(text, plan.uplink)]
    units = _stack.units(module.run_command, [_stack.NETWORKD, _NETWORKING])
    problems += rival_problems(plan, backend, stanzas, units[_stack.NETWORKD].active)
    if problems:
        module.fail_json(msg="This host cannot carry the VLAN plan:\n" + "\n".join(problems), problems=problems)

    systemctl = module.get_bin_path("systemctl")
    version = module.run_command([systemctl, "--version"])[1] if systemctl else ""
    result: dict[str, Any] = {
        "changed": False,
        "backend": backend,
        "systemd_version": _vlans.parse_systemd_version(version),
        "max_mtu": links[plan.uplink].max_mtu,
        # That of ifupdown does its work at boot; whether it counts as active says nothing.
        "running": units[_NETWORKING].file_state == "enabled" if backend == "ifupdown" else units[_stack.NETWORKD].stands,
        "uplink_elsewhere": bool(stanzas),
        "interfaces_sourced": interfaces_sourced(module),
        "missing_packages": _packages.missing(
            module.run_command, module.get_bin_path("dpkg-query"), module.params["packages"].get(backend, [])
        ),
        "drift": _vlans.state_problems(plan, links, carrier=False),
    }
    module.exit_json(**result)


if __name__ == "__main__":
    main()
