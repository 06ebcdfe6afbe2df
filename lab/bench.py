# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the configured house: what a run costs, how fast packets pass, how soon the home is online again.

Throughput on a shared machine says little by itself. The fast path is therefore measured against the slow one in turns, and the
report holds every single value beside the median.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from .common import ROOT, LabError, poll, step
from .hosts import reboot
from .site import on, playbook

REPORT = ROOT / "build" / "bench.json"
PAIRS = 3
LOAD_FIREWALL = "nft --file /etc/homerouter/firewall.nft"
FAST_ON, FAST_OFF = "nft --file /etc/homerouter/flow-offload.nft", "nft delete table inet homerouter_offload"


def _sure(host: str, command: str) -> str:
    code, out = on(host, command)
    if code != 0:
        raise LabError(f"`{command}` ended with code {code} on {host}: run `make lab` first")
    return out


def _online() -> bool:
    return on("pc", "curl --silent --fail --max-time 2 http://www.example.net/")[0] == 0


def _megabits(direction: str) -> float:
    """TCP throughput between the PC and the Internet through the router for five seconds, in Mbit/s."""
    out = _sure("pc", f"iperf3 --json --time 5 --client 203.0.113.201 {direction}")
    return round(json.loads(out)["end"]["sum_received"]["bits_per_second"] / 1e6, 1)


def _seconds(what: str, action: Callable[[], Any]) -> float:
    """From the end of an action until the PC fetches a page by name."""
    action()
    start = time.monotonic()
    poll(_online, 120, what)
    return round(time.monotonic() - start, 1)


def _figures(values: list[float]) -> dict[str, Any]:
    return {"median": round(statistics.median(values), 1), "values": values}


def main() -> None:
    """Measure, print a table, write build/bench.json."""
    report: dict[str, Any] = {"kernel": _sure("router", "uname -r")}
    playbook("-e", '{"nat_firewall_flow_offload": true}')
    report["no_change"] = playbook("-e", '{"nat_firewall_flow_offload": true}')
    fast = on("router", "nft list table inet homerouter_offload")[0] == 0
    rates: dict[str, list[float]] = {}
    with step("throughput, fast path on and off in turns"):
        for _pair in range(PAIRS):
            for name, command in (("fast", FAST_ON), ("slow", FAST_OFF)) if fast else (("slow", "true"),):
                _sure("router", command)
                for direction, option in (("download", "--reverse"), ("upload", "")):
                    rates.setdefault(f"{direction}, {name} path (Mbit/s)", []).append(_megabits(option))
    report["throughput"] = {name: _figures(values) for name, values in rates.items()}
    with step("loading the rules 20 times"):
        out = _sure("router", f"for n in $(seq 20); do date +%s%N; {LOAD_FIREWALL}; date +%s%N; done")
        stamps = [int(line) for line in out.split()]
        report["firewall_load"] = {"ms": _figures([round((end - begin) / 1e6, 1) for begin, end in zip(stamps[::2], stamps[1::2])])}
    with step("back online"):
        _sure("isp", "systemctl restart concentrator")
        poll(lambda: not _online(), 60, "the outage")
        report["redial"] = {"seconds": _seconds("the link after the concentrator's restart", lambda: None)}
    report["boot"] = {"seconds": _seconds("the home after the router's reboot", lambda: reboot("router"))}
    # The example home, as it was.
    playbook()
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")

    print()
    for name, figures in report["throughput"].items():
        print(f"  {name:<34} {figures['median']:>8}   {figures['values']}")
    print(f"  {'loading the rules (ms)':<34} {report['firewall_load']['ms']['median']:>8}")
    print(f"  {'a run without a change':<34} {report['no_change']['seconds']:>8} s, {report['no_change']['tasks'].get('router', 0)} tasks on the router")
    print(f"  {'online after a lost session':<34} {report['redial']['seconds']:>8} s")
    print(f"  {'online after the router booted':<34} {report['boot']['seconds']:>8} s")
    print(f"\n  The same for machines: {REPORT.relative_to(ROOT)}")
