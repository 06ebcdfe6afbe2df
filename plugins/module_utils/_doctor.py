# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor's judgement: checks over gathered facts, and which finding is the cause of which. Pure.

A check looks at one thing and answers with the lines that show it, none where all is well. What it needs and was not gathered it does
not judge. CHECKS in _doctor_checks.py is the one table of them; summary, report and documentation are made from it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Callable

# In the order in which an owner should look.
SERVICES = {
    "system": "The router itself",
    "switch": "Switch",
    "lan": "LAN",
    "internet": "Internet",
    "tv": "Television",
    "voice": "Telephone",
}
ERROR, WARNING = "error", "warning"


class Case:
    """A home as it should be (plan) and as it is (facts), with the questions that many checks have."""

    def __init__(self, plan: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        self.plan = plan
        self.facts = facts
        self.links: Mapping[str, Any] = facts.get("links", {})
        self.names: Mapping[str, str] = facts.get("names", {})

    def name(self, service: str) -> str:
        """The interface of a service: internet, iptv, voip, lan, uplink or ppp."""
        return self.names.get(service, "")

    def link(self, service: str) -> Mapping[str, Any]:
        """That interface as the kernel has it, empty where it has none."""
        return self.links.get(self.name(service), {})

    def wanted(self, service: str) -> bool:
        """Whether the line has the service, by its interface's name in the plan."""
        return bool(self.name(service))

    def sysctl(self, name: str) -> int | None:
        """A kernel setting below net, None where the kernel does not have it."""
        value = self.facts.get("sysctl", {}).get(name)
        return int(value) if value not in (None, "") else None

    def unit(self, name: str) -> Mapping[str, str]:
        """A systemd unit, empty where there is none of this name."""
        unit = self.facts.get("units", {}).get(name, {})
        return unit if unit.get("load") == "loaded" else {}

    def running(self, name: str) -> bool:
        """Whether a unit is there and runs."""
        return self.unit(name).get("active") == "active"

    def stopped(self, name: str) -> list[str]:
        """A line about a unit that is there and does not run; nothing about others.

        One that is just ending says nothing yet: a service that dials again and again is in that state between two dials.
        """
        unit = self.unit(name)
        if not unit or unit["active"] in ("active", "activating", "reloading", "deactivating"):
            return []
        return [f"{name} is {unit['active']}" + (f" ({unit['result']})" if unit.get("result") not in (None, "", "success") else "")]

    def route(self, address: str) -> Mapping[str, Any]:
        """The entry of the main routing table that leads to an address, empty where none does."""
        wanted = ipaddress.IPv4Address(address)
        best: tuple[int, int, Mapping[str, Any]] | None = None
        for entry in self.facts.get("routes", []):
            network = network_of(entry)
            if wanted in network and "linkdown" not in entry.get("flags", []) and "dead" not in entry.get("flags", []):
                rank = (network.prefixlen, -int(entry.get("metric", 0)))
                if best is None or rank > best[:2]:
                    best = (*rank, entry)
        return best[2] if best else {}


def network_of(route: Mapping[str, Any]) -> ipaddress.IPv4Network:
    """The destination of a route as C(ip -json) tells it."""
    return ipaddress.IPv4Network("0.0.0.0/0" if route["dst"] == "default" else route["dst"])


def route_text(route: Mapping[str, Any]) -> str:
    """A route in ip's own words."""
    words = [route["type"]] if route.get("type", "unicast") != "unicast" else []
    words.append(str(route["dst"]))
    for key, word in (("gateway", "via"), ("dev", "dev"), ("protocol", "proto"), ("metric", "metric")):
        if key in route:
            words += [word, str(route[key])]
    return " ".join(words)


Look = Callable[[Case], Sequence[str]]


@dataclass(frozen=True)
class Check:
    """One thing that can be wrong. Texts may name interfaces of the plan in braces: uplink, internet, iptv, voip, lan, ppp.

    because: names or patterns of other checks whose findings explain this one, so that it is a consequence and no finding of its own.
    needs: the facts without which there is nothing to judge.
    """

    id: str
    severity: str
    text: str
    cause: str
    cure: str
    look: Look
    because: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def service(self) -> str:
        """What of the home it is about."""
        return self.id.partition(".")[0]

    @property
    def anchor(self) -> str:
        """Where it stands in docs/doctor.md: what Markdown makes of its heading."""
        return self.id.replace(".", "")


@dataclass(frozen=True)
class Finding:
    """A check that has found something."""

    check: Check
    evidence: tuple[str, ...]
    names: Mapping[str, str]
    # Findings that explain this one.
    because: tuple[str, ...] = ()

    def words(self, text: str) -> str:
        """One of the check's texts with the interfaces' names."""
        return text.format_map(self.names)

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        check = self.check
        return {
            "id": check.id,
            "service": check.service,
            "severity": check.severity,
            "text": self.words(check.text),
            "evidence": list(self.evidence),
            "cause": self.words(check.cause),
            "cure": self.words(check.cure),
            "doc": f"docs/doctor.md#{check.anchor}",
            "because": list(self.because),
        }


@dataclass(frozen=True)
class Report:
    """What is wrong, causes first; what follows from it; and what was looked at."""

    findings: tuple[Finding, ...]
    consequences: tuple[Finding, ...]
    # Numbers of checks that were made, by service.
    made: Mapping[str, int]
    # Services that were not looked at, with the reason.
    left_out: Mapping[str, str]

    def state(self, service: str) -> str:
        """error, warning, ok or unknown; what only follows from another finding is not ok either."""
        if not self.made.get(service):
            return "unknown"
        worst = {finding.check.severity for finding in (*self.findings, *self.consequences) if finding.check.service == service}
        return ERROR if ERROR in worst else WARNING if worst else "ok"


def explained_by(checks: Mapping[str, Check]) -> dict[str, set[str]]:
    """For each check all that explain it, in any number of steps."""
    direct = {
        check.id: {other for other in checks if other != check.id and any(fnmatchcase(other, pattern) for pattern in check.because)}
        for check in checks.values()
    }
    full: dict[str, set[str]] = {}

    def follow(name: str) -> set[str]:
        if name not in full:
            full[name] = set()
            for cause in direct[name]:
                full[name] |= {cause} | follow(cause)
        return full[name]

    for name in checks:
        follow(name)
    return full


def judge(checks: Iterable[Check], plan: Mapping[str, Any], facts: Mapping[str, Any], services: Iterable[str]) -> Report:
    """All checks of the services, and of the router itself, on which all of them stand."""
    table = {check.id: check for check in checks}
    case = Case(plan, facts)
    absent = set(facts.get("left_out", {}))
    wanted = {"system", *services} - absent
    names = {**dict.fromkeys(("uplink", "internet", "iptv", "voip", "lan", "ppp"), "(none)"), **{k: v for k, v in case.names.items() if v}}
    found: list[Finding] = []
    made: dict[str, int] = {}
    for check in table.values():
        if check.service in absent or any(case.facts.get(need) is None for need in check.needs):
            continue
        if check.service in wanted:
            made[check.service] = made.get(check.service, 0) + 1
        evidence = tuple(check.look(case))
        if evidence:
            found.append(Finding(check, evidence, names))
    explained = explained_by(table)
    # What nobody asked about counts where it explains what somebody did.
    asked = [finding.check.id for finding in found if finding.check.service in wanted]
    found = [finding for finding in found if finding.check.service in wanted or any(finding.check.id in explained[name] for name in asked)]
    present = {finding.check.id for finding in found}
    findings, consequences = [], []
    for finding in found:
        because = tuple(name for name in table if name in present and name in explained[finding.check.id])
        (consequences if because else findings).append(Finding(finding.check, finding.evidence, names, because))
    findings.sort(key=lambda finding: finding.check.severity != ERROR)
    left_out = {}
    for service in SERVICES:
        if service in absent:
            left_out[service] = facts["left_out"][service]
        elif service not in wanted:
            left_out[service] = "was not asked for"
        elif not made.get(service):
            left_out[service] = "nothing of it could be asked"
    return Report(tuple(findings), tuple(consequences), made, left_out)
