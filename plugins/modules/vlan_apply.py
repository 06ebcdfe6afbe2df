#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vlan_apply
short_description: Bring the VLAN interfaces of a host in line with its network configuration
version_added: 0.1.0
description:
  - Makes the running network follow files that are already written, interface by interface. What is as planned is left alone.
  - The MTU of the uplink is raised before any interface on it is touched. VLAN interfaces of files that are gone are deleted.
  - Running it again when all is as planned does nothing.
author:
  - The homerouter.tripleplay contributors (@homerouter)
extends_documentation_fragment:
  - homerouter.tripleplay.vlan_plan
attributes:
  check_mode:
    description: Can run in check mode; says whether it would do something, and runs nothing.
    support: full
  diff_mode:
    description: Returns details on what has changed; the commands that were run are in RV(commands).
    support: none
options:
  backend:
    description: The network stack that holds the interfaces.
    type: str
    choices: [networkd, netplan, ifupdown, netifrc]
    required: true
  paths:
    description: Files that were written or removed just before.
    type: list
    elements: path
    default: []
requirements:
  - iproute2
"""

EXAMPLES = r"""
- name: Apply the VLAN interfaces
  homerouter.tripleplay.vlan_apply:
    uplink: enp2s0f0
    interfaces:
      - {service: internet, id: 6}
      - {service: lan, id: 100, address: 192.168.1.1/24}
    backend: networkd
    paths: "{{ files.paths }}"
"""

RETURN = r"""
commands:
  description: The commands that were run, in their order.
  type: list
  elements: str
  returned: always
  sample: ["ip link set dev eth0 mtu 1508", "networkctl reload"]
"""

import os
import re
from typing import Callable

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _stack, _vlans

# Seconds until interfaces that a daemon makes must be there.
PATIENCE = 10

PER_INTERFACE_FILE = re.compile(r"/(?:20-homerouter|10-netplan)-([^/]+?)\.(?:netdev|network\.d/10-homerouter\.conf)$")


class Host:
    """Commands and their record."""

    def __init__(self, module: AnsibleModule) -> None:
        self.module = module
        self.commands: list[str] = []

    def links(self) -> dict[str, _vlans.Link]:
        return _vlans.parse_links(self.module.run_command(["ip", "-json", "-details", "address", "show"], check_rc=True)[1])

    def succeeds(self, *command: str) -> bool:
        """Ask without changing anything."""
        return self.module.run_command(list(command))[0] == 0

    def run(self, *command: str) -> None:
        code, out, err = self.module.run_command(list(command))
        self.commands.append(" ".join(command))
        if code != 0:
            self.module.fail_json(
                msg=f"{' '.join(command)} failed ({code}): {(err or out).strip()}", commands=self.commands
            )

    def wait_for_links(self, names: set[str]) -> dict[str, _vlans.Link]:
        return _stack.until(self.links, lambda links: names <= links.keys(), PATIENCE)


def is_other(vlan: _vlans.Vlan, link: _vlans.Link, uplink: str) -> bool:
    """Whether the name belongs to another VLAN or parent: neither can be changed in place."""
    return link.kind == "vlan" and (link.vlan_id != vlan.id or link.parent != uplink)


def dropped_names(plan: _vlans.Plan, paths: list[str]) -> list[str]:
    """Interfaces whose file was just removed: known by the file's name."""
    planned = {plan.uplink, *(vlan.name for vlan in plan.vlans)}
    found = {match.group(1) for match in map(PER_INTERFACE_FILE.search, paths) if match}
    return sorted(found - planned)


def prepare(host: Host, plan: _vlans.Plan, dropped: list[str]) -> None:
    """Make room: uplink wide enough and up, nothing in the way of the planned names."""
    links = host.links()
    uplink = links.get(plan.uplink)
    if uplink is not None and (uplink.mtu < plan.mtu or not uplink.up):
        host.run("ip", "link", "set", "dev", plan.uplink, "mtu", str(plan.mtu), "up")
    for name in dropped:
        if name in links and links[name].kind == "vlan":
            host.run("ip", "link", "delete", "dev", name)
    for vlan in plan.vlans:
        if vlan.name in links and is_other(vlan, links[vlan.name], plan.uplink):
            host.run("ip", "link", "delete", "dev", vlan.name)


def set_egress(host: Host, plan: _vlans.Plan, links: dict[str, _vlans.Link]) -> None:
    """Priority maps of interfaces that exist: no network stack changes them later on."""
    for vlan in plan.vlans:
        link = links.get(vlan.name)
        if link is None or not _vlans.egress_differs(vlan, link):
            continue
        wanted = {**dict.fromkeys(link.egress, 0), **vlan.egress}
        pairs = [f"{key}:{value}" for key, value in sorted(wanted.items())]
        host.run("ip", "link", "set", "dev", vlan.name, "type", "vlan", "egress-qos-map", *pairs)


def apply_networkd(host: Host, plan: _vlans.Plan, paths: list[str]) -> None:
    prepare(host, plan, dropped_names(plan, paths))
    names = {vlan.name for vlan in plan.vlans}
    # A reload reads neither networkd.conf nor makes again what was deleted; a restart does both and, with foreign
    # routes left alone, takes nothing away.
    if _vlans.NETWORKD_CONF in paths or not names <= host.links().keys():
        host.run("systemctl", "restart", "systemd-networkd.service")
    else:
        host.run("networkctl", "reload")
    set_egress(host, plan, host.wait_for_links(names))


def apply_netplan(host: Host, plan: _vlans.Plan, paths: list[str]) -> None:
    host.run("netplan", "generate")
    apply_networkd(host, plan, paths)


def apply_ifupdown(host: Host, plan: _vlans.Plan, paths: list[str]) -> None:
    if any(path.startswith(_vlans.NETWORKD_DIR) for path in paths) and host.succeeds(
        "systemctl", "is-active", "--quiet", "systemd-networkd.service"
    ):
        # The host came from systemd-networkd, which must let go first.
        host.run("networkctl", "reload")
    planned = {vlan.name for vlan in plan.vlans}
    orphans = [
        name
        for name, link in host.links().items()
        if link.kind == "vlan"
        and name not in planned
        and ifupdown_has_up(host, name)
        and not host.succeeds("ifquery", name)
    ]
    prepare(host, plan, [*dropped_names(plan, paths), *orphans])
    if not ifupdown_has_up(host, plan.uplink):
        host.run("ifup", plan.uplink)
    links = host.links()
    if links[plan.uplink].mtu != plan.mtu:
        host.run("ip", "link", "set", "dev", plan.uplink, "mtu", str(plan.mtu))
    for vlan in plan.vlans:
        link = links.get(vlan.name)
        if link is None:
            host.run("ifup", "--force", vlan.name)
            continue
        if vlan.address and vlan.address not in link.addresses:
            # The interface stays: only its address changes.
            host.run("ip", "-4", "address", "flush", "dev", vlan.name)
            host.run("ifup", "--force", vlan.name)
        elif not vlan.address and _vlans.IFUPDOWN_FILE in paths and ifupdown_address_left(link):
            host.run("ip", "-4", "address", "flush", "dev", vlan.name, "scope", "global", "permanent")
        if link.mtu != vlan.mtu or not link.up:
            host.run("ip", "link", "set", "dev", vlan.name, "mtu", str(vlan.mtu), "up")
    set_egress(host, plan, host.links())


def ifupdown_has_up(host: Host, name: str) -> bool:
    """Whether ifupdown believes that it brought the interface up."""
    code, out, _err = host.module.run_command(["ifquery", "--state", name])
    return code == 0 and out.strip() != ""


def ifupdown_address_left(link: _vlans.Link) -> bool:
    return any("." in address for address in link.addresses)


def apply_netifrc(host: Host, plan: _vlans.Plan, paths: list[str]) -> None:
    services = [f"net.{plan.uplink}"]
    if os.path.exists(_vlans.NETIFRC_SECRET):
        services.append("net.ppp0")
    for service in services:
        if not os.path.lexists(f"/etc/init.d/{service}"):
            host.run("ln", "-s", "net.lo", f"/etc/init.d/{service}")
        if not os.path.lexists(f"/etc/runlevels/default/{service}"):
            host.run("rc-update", "add", service, "default")
    # netifrc makes all VLAN interfaces of a card in that card's own service; it has no smaller step.
    host.run("rc-service", services[0], "restart")
    if len(services) > 1:
        host.run("rc-service", "net.ppp0", "restart")


APPLY: dict[str, Callable[[Host, _vlans.Plan, list[str]], None]] = {
    "networkd": apply_networkd,
    "netplan": apply_netplan,
    "ifupdown": apply_ifupdown,
    "netifrc": apply_netifrc,
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            **_vlans.plan_spec(),
            "backend": {"type": "str", "required": True, "choices": list(_vlans.BACKENDS)},
            "paths": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        plan = _vlans.make_plan(module.params)
    except _vlans.PlanError as error:
        module.fail_json(msg="The VLAN plan has problems:\n" + "\n".join(error.problems), problems=error.problems)
    module.run_command_environ_update = {"LC_ALL": "C"}
    host = Host(module)
    paths = module.params["paths"]
    needed = bool(paths) or bool(_vlans.state_problems(plan, host.links(), carrier=False))
    if needed and not module.check_mode:
        APPLY[module.params["backend"]](host, plan, paths)
    module.exit_json(changed=needed, commands=host.commands)


if __name__ == "__main__":
    main()
