#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: dhcp_server_info
short_description: Tell whether the DHCP server hears the LAN and the resolver answers there
version_added: 0.1.0
description:
  - Looks for the sockets of the DHCP server on the LAN's interface. A server can run and yet be deaf, without an open
    socket or with one on an interface that has been made anew since.
  - Sends the resolver one query for the LAN's own domain, which it answers without asking anybody.
  - Changes nothing.
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
    description: Name of the LAN's interface.
    type: str
    required: true
  address:
    description: The router's own address in the LAN, without prefix length.
    type: str
    required: true
  domain:
    description: The LAN's domain, which the query asks for.
    type: str
    required: true
  dhcp_unit:
    description: systemd unit of the DHCP server.
    type: str
    required: true
  dhcp_raw:
    description:
      - Whether the DHCP server listens on a packet socket, as Kea and ISC dhcpd do, or else on a UDP socket, as dnsmasq
        does.
    type: bool
    default: true
  dns_unit:
    description: systemd unit of the resolver. Without it, the resolver is not asked.
    type: str
  wait:
    description:
      - How long to wait until both serve, in seconds; the module fails when they do not by then.
      - With 0 the state is reported as it is and never a failure.
    type: int
    default: 0
requirements:
  - iproute2
  - systemd
"""

EXAMPLES = r"""
- name: Wait until the LAN is served
  homerouter.tripleplay.dhcp_server_info:
    interface: vlan100
    address: 192.168.1.1
    domain: home.arpa
    dhcp_unit: kea-dhcp4-server.service
    dns_unit: unbound.service
    wait: 30
"""

RETURN = r"""
dhcp_listening:
  description: Whether the DHCP server has its socket on the interface.
  type: bool
  returned: always
dns_answering:
  description: Whether the resolver has answered. V(true) when it has not been asked.
  type: bool
  returned: always
problems:
  description: What does not serve and where to look.
  type: list
  elements: str
  returned: always
"""

import secrets
import socket

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _dhcp, _stack

DNS_TIMEOUT = 1.0


def listening(module: AnsibleModule) -> bool:
    """Whether a process of the unit holds the socket that hears the LAN."""
    interface = module.params["interface"]
    family = ["--packet"] if module.params["dhcp_raw"] else ["--udp", "--listening"]
    _code, out, _err = module.run_command(["ss", "--no-header", "--numeric", "--processes", *family], check_rc=True)
    for entry in _dhcp.sockets(out):
        # A packet socket's local address is protocol:interface, a UDP socket's address%interface:port.
        fits = (
            entry.port == interface
            if module.params["dhcp_raw"]
            else entry.port == "67" and entry.device in ("", interface)
        )
        if fits and _stack.unit_of_process(entry.pid) == module.params["dhcp_unit"]:
            return True
    return False


def answering(address: str, domain: str) -> bool:
    """Whether the resolver answers a query for the LAN's domain, with whatever it has to say but a refusal."""
    query = _dhcp.dns_query(secrets.randbelow(1 << 16), domain)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(DNS_TIMEOUT)
        try:
            sock.connect((address, 53))
            sock.send(query)
            return _dhcp.dns_answers(query, sock.recv(4096))
        except OSError:
            # Refused port, no route yet, or no answer in time: all of them are "no".
            return False


def journal(module: AnsibleModule, unit: str) -> str:
    """The end of a unit's log, in one line."""
    _code, out, _err = module.run_command(
        ["journalctl", "--unit", unit, "--lines", "5", "--output", "cat", "--no-pager", "--quiet"]
    )
    return " | ".join(line.strip() for line in out.splitlines() if line.strip()) or "(empty)"


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "interface": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "domain": {"type": "str", "required": True},
            "dhcp_unit": {"type": "str", "required": True},
            "dhcp_raw": {"type": "bool", "default": True},
            "dns_unit": {"type": "str"},
            "wait": {"type": "int", "default": 0},
        },
        supports_check_mode=True,
    )
    params = module.params
    dhcp, dns = _stack.until(
        lambda: (listening(module), params["dns_unit"] is None or answering(params["address"], params["domain"])), all, params["wait"]
    )
    problems = []
    if not dhcp:
        problems.append(
            f"{params['dhcp_unit']} does not listen on {params['interface']}; see journalctl -u {params['dhcp_unit']}, "
            f"which ends with: {journal(module, params['dhcp_unit'])}"
        )
    if not dns:
        problems.append(
            f"{params['dns_unit']} does not answer on {params['address']} port 53; "
            f"see journalctl -u {params['dns_unit']}, which ends with: {journal(module, params['dns_unit'])}"
        )
    result = {"changed": False, "dhcp_listening": dhcp, "dns_answering": dns, "problems": problems}
    if problems and params["wait"] > 0:
        module.fail_json(msg=f"The LAN is not served after {params['wait']} s: " + "; ".join(problems), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
