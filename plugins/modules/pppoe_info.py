#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say whether the PPPoE link is up, and if not, why."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pppoe_info
short_description: Say whether a PPPoE link is up, and if not, why and what to do
version_added: 0.1.0
description:
  - Waits until the link that C(pppoe-NAME.service) supervises has an address and, if wanted, the default route. When it
    does not come up, finds the reason from the cable upwards - no carrier, no VLAN interface, no concentrator on this
    VLAN but one on another, user name or password refused - and says it with what to look at.
  - Ends at once when waiting cannot help, as with refused credentials.
  - It changes nothing. Only when the link stays down it asks for concentrators, as M(homerouter.tripleplay.pppoe_probe)
    does; running it again gives the same answer as long as the link is the same.
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
  name:
    description: Name of the peer; the unit is C(pppoe-NAME.service).
    type: str
    default: internet
  interface:
    description: Ethernet or VLAN interface that carries PPPoE.
    type: str
    required: true
  uplink:
    description: Network card below O(interface). Left out or empty, it is what O(interface) stands on.
    type: str
    default: ""
  ppp_interface:
    description: Name of the PPP interface.
    type: str
    default: ppp0
  username:
    description: User name, to be named when it is refused.
    type: str
    default: ""
  default_route:
    description: Whether the default route has to lead through the link.
    type: bool
    default: true
  mtu:
    description: MTU that was asked for; a warning is given when the other end grants less.
    type: int
    default: 1492
  wait:
    description: How long to wait for the link, in seconds.
    type: int
    default: 0
  vlan_ids:
    description: VLAN ids on which to look for a concentrator on the network card when none answers on O(interface).
    type: list
    elements: int
    default: [6, 7, 10, 11, 20, 24, 35, 100, 101, 500, 832, 835]
"""

EXAMPLES = r"""
- name: Wait for the Internet link
  homerouter.tripleplay.pppoe_info:
    interface: vlan6
    uplink: eth0
    wait: 60
  register: link
  failed_when: link.cause | length > 0
"""

RETURN = r"""
up:
  description: Whether the link is up and has an address.
  returned: always
  type: bool
  sample: true
cause:
  description: >-
    Empty when the link does its work; otherwise one of V(credentials), V(configuration), V(default_route), V(foreign),
    V(uplink_missing), V(unplugged), V(interface_missing), V(interface_down), V(stopped), V(no_session), V(wrong_vlan)
    and V(no_concentrator).
  returned: always
  type: str
  sample: ""
cure:
  description: What to do about it.
  returned: always
  type: str
  sample: ""
evidence:
  description: What was seen, for example pppd's own words.
  returned: always
  type: list
  elements: str
  sample: []
msg:
  description: All of that as one text.
  returned: always
  type: str
  sample: The link is up.
address:
  description: Own address on the link, empty while it is down.
  returned: always
  type: str
  sample: 80.28.0.10
peer:
  description: The other end's address, empty while the link is down.
  returned: always
  type: str
  sample: 80.58.67.163
mtu:
  description: MTU of the link, V(0) while it is down.
  returned: always
  type: int
  sample: 1492
session_id:
  description: PPPoE session id, V(0) while there is none.
  returned: always
  type: int
  sample: 1
concentrator_mac:
  description: Hardware address of the concentrator that holds the session, empty while there is none.
  returned: always
  type: str
  sample: "02:00:00:00:06:01"
"""

import json
import os
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _pppoe, _pppoe_host

# A network card takes some seconds to find its link after it was set up.
CABLE_SECONDS = 10
# pppd sets the default route right after the address.
ROUTE_SECONDS = 5
POLL_SECONDS = 0.5


def unit_state(module: AnsibleModule, unit: str) -> str:
    """State of the unit as systemd has it; "changing" while a start or stop is under way."""
    _code, out, _err = module.run_command(["systemctl", "show", unit, "--property", "ActiveState,Job"])
    shown = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    state = shown.get("ActiveState", "inactive")
    # A restart that was asked for leaves the old link up for a moment: that is not an answer.
    return "changing" if shown.get("Job", "0") not in ("", "0") and state == "active" else state


def journal(module: AnsibleModule, unit: str, since: float) -> list[dict[str, Any]]:
    """Latest entries of the unit, oldest first."""
    code, out, _err = module.run_command(
        ["journalctl", "--unit", unit, "--output", "json", "--no-pager", "--lines", "400", f"--since=@{int(since)}"]
    )
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")] if code == 0 else []


def configured(name: str) -> float:
    """When the configuration last changed; attempts before that say nothing."""
    paths = (
        f"/etc/ppp/peers/{name}",
        f"/etc/systemd/system/{_pppoe.service(name)}",
        "/etc/ppp/pap-secrets",
        "/etc/ppp/chap-secrets",
    )
    return max((os.stat(path).st_mtime for path in paths if os.path.exists(path)), default=0.0)


def observe(module: AnsibleModule, uplink: str, start: float) -> _pppoe.Observation:
    """Look at everything that costs no waiting."""
    params = module.params
    name, interface, ppp = params["name"], params["interface"], params["ppp_interface"]
    unit = _pppoe.service(name)
    # Without a network card below it, the interface itself has the cable.
    seen = _pppoe.Observation(interface, ppp, unit, params["username"], uplink or interface)
    seen.waited = time.monotonic() - start
    seen.unit_state = unit_state(module, unit)
    seen.ppp_up = _pppoe_host.exists(ppp) and _pppoe_host.ipv4(ppp) is not None
    seen.uplink_exists = _pppoe_host.exists(seen.uplink)
    seen.uplink_carrier = _pppoe_host.has_carrier(seen.uplink)
    seen.default_wanted = params["default_route"]
    seen.default_interface = _pppoe.default_interface(_pppoe_host.text("/proc/net/route") or "")
    if _pppoe.decided(seen) is None:
        since = configured(name)
        seen.attempts = _pppoe.attempts(journal(module, unit, since), since)
        seen.uplinks_present = _pppoe_host.cards()
        seen.interface_exists = _pppoe_host.exists(interface)
        seen.interface_up = _pppoe_host.is_up(interface)
        seen.vlan = _pppoe_host.vlan_id(interface)
    return seen


def probe(module: AnsibleModule, seen: _pppoe.Observation) -> None:
    """Ask for concentrators on this VLAN, then on others."""
    params = module.params
    if not (seen.interface_exists and seen.interface_up):
        return
    seen.offers = tuple(offer for offer, _seconds in _pppoe_host.ask(params["interface"], seconds=3.0, enough=1))
    if seen.offers or seen.uplink in ("", params["interface"]):
        return
    ids = tuple(number for number in dict.fromkeys(params["vlan_ids"]) if number != seen.vlan)
    seen.tried = ids
    found = _pppoe_host.ask(seen.uplink, (None, *ids), seconds=3.0, enough=1)
    seen.elsewhere = tuple(offer for offer, _seconds in found)


def result(module: AnsibleModule, seen: _pppoe.Observation, verdict: _pppoe.Verdict) -> dict[str, Any]:
    """The module's answer."""
    ppp = module.params["ppp_interface"]
    up = verdict.cause in ("", "default_route")
    addresses = (_pppoe_host.ipv4(ppp) if up else None) or ("", "")
    session = _pppoe.session(_pppoe_host.text("/proc/net/pppoe") or "", module.params["interface"]) if up else None
    mtu = (_pppoe_host.mtu(ppp) or 0) if up else 0
    if up and mtu < module.params["mtu"]:
        module.warn(
            f"{ppp} has MTU {mtu}, though {module.params['mtu']} was asked for: the other end grants no more. "
            "Set pppoe_mtu to that, and pppoe_rfc4638: false, so that both ends agree from the start."
        )
    return {
        "changed": False,
        "up": up,
        "cause": verdict.cause,
        "cure": verdict.cure,
        "evidence": list(verdict.evidence),
        "msg": verdict.msg,
        "address": addresses[0],
        "peer": addresses[1],
        "mtu": mtu,
        "session_id": session[0] if session else 0,
        "concentrator_mac": session[1] if session else "",
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "default": "internet"},
            "interface": {"type": "str", "required": True},
            "uplink": {"type": "str", "default": ""},
            "ppp_interface": {"type": "str", "default": "ppp0"},
            "username": {"type": "str", "default": ""},
            "default_route": {"type": "bool", "default": True},
            "mtu": {"type": "int", "default": 1492},
            "wait": {"type": "int", "default": 0},
            "vlan_ids": {
                "type": "list",
                "elements": "int",
                "default": [6, 7, 10, 11, 20, 24, 35, 100, 101, 500, 832, 835],
            },
        },
        supports_check_mode=True,
    )
    params = module.params
    wrong = [number for number in params["vlan_ids"] if not 1 <= number <= 4094]
    if wrong:
        module.fail_json(msg=f"vlan_ids holds {', '.join(map(str, wrong))}: take 1 to 4094.")
    interface = params["interface"]
    uplink = params["uplink"] or _pppoe_host.parent(interface) or ""
    start = time.monotonic()
    # Times since which a state has lasted that waiting rarely ends.
    since = {"cable": start, "route": start}
    while True:
        seen = observe(module, uplink, start)
        verdict = _pppoe.decided(seen)
        now = time.monotonic()
        if verdict is not None or now >= start + params["wait"]:
            break
        if seen.uplink_exists and seen.uplink_carrier and seen.interface_exists:
            since["cable"] = now
        if not (seen.ppp_up and seen.unit_state == "active" and seen.uplink_carrier):
            since["route"] = now
        if now - since["cable"] >= CABLE_SECONDS or now - since["route"] >= ROUTE_SECONDS:
            break
        time.sleep(POLL_SECONDS)
    if verdict is None:
        try:
            if not seen.ppp_up and seen.uplink_exists and seen.uplink_carrier:
                probe(module, seen)
        except OSError as error:
            module.fail_json(msg=f"Cannot ask for concentrators: {error.strerror}.", up=False, cause="no_session")
        verdict = _pppoe.diagnose(seen)
    module.exit_json(**result(module, seen, verdict))


if __name__ == "__main__":
    main()
