# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what hangs on each port of a switch to how the switch has to be set. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# What can hang on a port.
USES = ("ont", "ont_untagged", "router", "set_top_box", "lan", "mirror", "management")
# Names of the VLANs on the switch, in the words of somebody who looks at it.
NAMES = {"internet": "internet", "iptv": "television", "voip": "telephone", "lan": "lan"}

_PORT = re.compile(r"(?:(?:gi|fa|te)\d+(?:/\d+){0,2}|po\d+)", re.IGNORECASE)


def port_problem(value: str) -> tuple[str, str] | None:
    """What is wrong with the name of a port, and the cure."""
    if _PORT.fullmatch(value):
        return None
    return "no name of a port", "write it as the switch does, short: gi1 for the first gigabit port, fa1 on a 100 Mbit/s switch, gi1/0/1 in a stack"


def use_problem(value: str) -> tuple[str, str] | None:
    """What is wrong with the use of a port, and the cure."""
    if value in USES:
        return None
    return "nothing that can hang on a port", f"use one of {', '.join(USES)}"


def description_problem(value: str) -> tuple[str, str] | None:
    """What is wrong with a port's description, and the cure: the switch takes 64 characters, and a quote would end it."""
    if re.fullmatch(r"[ -!#-~]{1,64}", value) and value == value.strip():
        return None
    return "no description that a switch takes", "use 1 to 64 ASCII characters without quotes, and no blank at an end"


def home_problems(ports: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str, str]]:
    """What is wrong with a home's ports beside each other: (place, value, problem, cure)."""
    found = []
    seen: dict[str, str] = {}
    uses = [entry.get("use") for entry in ports]
    for number, entry in enumerate(ports):
        where = f"home_switch_ports[{number}]"
        port = str(entry.get("port", "")).lower()
        if port in seen:
            found.append((f"{where}.port", port, f"as is {seen[port]}.port", "give each port once"))
        elif port:
            seen[port] = where
        if entry.get("use") == "mirror" and "mirror" in uses[:number]:
            found.append((f"{where}.use", "mirror", "for a second port", "copies go to one port: give the other one another use"))
    if "router" not in uses:
        found.append(("home_switch_ports", f"[{len(ports)} entries]", "without a port for the router", "give the port that leads to it the use router"))
    if "ont" not in uses and "ont_untagged" not in uses:
        found.append(("home_switch_ports", f"[{len(ports)} entries]", "without a port for the fibre", "give the port that leads to the ONT the use ont"))
    return found


def plan(
    home: Sequence[Mapping[str, Any]],
    vlans: Mapping[str, int],
    present: Iterable[str],
    other_ports: str = "lan",
    router_native_vlan: str = "1",
    immediate_leave: bool = False,
    multicast_mode: str = "ipv4-group",
    mirror: Iterable[str] = (),
) -> dict[str, Any]:
    """How the switch has to be set, as M(homerouter.tripleplay.sg_switch) takes it.

    home: the home's ports, each with C(port), C(use) and perhaps C(description).
    vlans: ids of the services that the line has, by C(internet), C(iptv), C(voip) and C(lan).
    present: the ports that the switch has.
    other_ports: C(lan) puts ports that the home does not name into the LAN, C(keep) leaves them as they are.
    mirror: ports whose traffic is copied to the one with the use C(mirror).

    Returns C(config), C(router_ports) and C(management_ports). Raises ValueError with all that does not fit together.
    """
    have = [name.lower() for name in present]
    uses = {str(entry["port"]).lower(): entry for entry in home}
    problems = [f"{where} is {value}: {problem}; {cure}" for where, value, problem, cure in home_problems(home)]
    problems += [
        f"home_switch_ports names {name}, which the switch does not have: it has {', '.join(have)}" for name in uses if name not in have
    ]
    destination = next((name for name, entry in uses.items() if entry["use"] == "mirror"), None)
    copied = [name.lower() for name in mirror]
    problems += [f"cisco_switch_mirror names {name}, which the switch does not have: it has {', '.join(have)}" for name in copied if name not in have]
    if copied and destination is None:
        problems.append(
            "cisco_switch_mirror is set, but no port has the use mirror, so that the copies have nowhere to go: "
            "give the port at which you listen the use mirror in home_switch_ports"
        )
    if destination in copied:
        problems.append(f"cisco_switch_mirror names {destination}, the port that gets the copies: leave it out")
    if problems:
        raise ValueError("; ".join(problems))

    lan = vlans["lan"]
    services = sorted(number for service, number in vlans.items() if service != "lan")
    interfaces = []
    for name in have:
        entry = uses.get(name) or {"use": other_ports, "port": name}
        settings = _settings(str(entry["use"]), services, lan, vlans["internet"], router_native_vlan)
        # A port in a link aggregation (po1) is part of it, and is set there.
        if settings is None or (name.startswith("po") and name not in uses):
            continue
        if entry.get("description"):
            settings["description"] = entry["description"]
        interfaces.append({"name": name, **settings})
    routers = [name for name, entry in uses.items() if entry["use"] == "router"]
    config: dict[str, Any] = {
        "vlans": [{"vlan_id": number, "name": NAMES[service]} for service, number in sorted(vlans.items(), key=lambda item: item[1])],
        "l2_interfaces": interfaces,
        "igmp_snooping": {
            # Without the filter the switch snoops on paper only; with a querier of its own, the router's would fall silent (RFC 2236, section 3).
            "enabled": True,
            "multicast_filtering": True,
            "querier": False,
            "vlans": [
                {
                    "vlan_id": lan,
                    "enabled": True,
                    "immediate_leave": immediate_leave,
                    "multicast_mode": multicast_mode,
                    "mrouter": {"learn": True, "ports": routers},
                    "querier": {"enabled": False},
                }
            ],
        },
        # A session without sources is none: one of an earlier search for a fault ends.
        "port_mirroring": [
            {
                "session": 1,
                "destination": destination if copied else None,
                "sources": [{"interface": name, "direction": "both"} for name in copied],
            }
        ],
    }
    return {
        "config": config,
        "router_ports": routers,
        "management_ports": [name for name, entry in uses.items() if entry["use"] == "management"],
    }


def _settings(use: str, services: list[int], lan: int, internet: int, router_native_vlan: str) -> dict[str, Any] | None:
    """How a port with this use is set; None for one that is left as it is."""
    if use == "ont":
        # No untagged VLAN: the switch's own address must not be reachable from the fibre.
        return {"mode": "trunk", "trunk": {"native_vlan": "none", "allowed_vlans": [str(number) for number in services]}}
    if use == "ont_untagged":
        return {"mode": "access", "access": {"vlan": internet}}
    if use == "router":
        # Newer firmware carries the untagged VLAN only where the list has it.
        untagged = [] if router_native_vlan == "none" else [int(router_native_vlan)]
        return {"mode": "trunk", "trunk": {"native_vlan": router_native_vlan, "allowed_vlans": [str(number) for number in sorted({*untagged, *services, lan})]}}
    if use in ("set_top_box", "lan", "mirror"):
        return {"mode": "access", "access": {"vlan": lan}}
    return None
