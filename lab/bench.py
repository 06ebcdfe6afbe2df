# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the configured house: what a run costs, how fast packets pass and channels change, how soon everything is there again.

What is measured on a shared machine says little by itself. The fast path is therefore measured against the slow one in turns, and
the router's igmpproxy against one that is started by hand; the report holds every single value beside the summary.
"""

from __future__ import annotations

import concurrent.futures
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from .common import ROOT, LabError, poll, step
from .hosts import reboot
from .site import BOXES, on, playbook, settopbox

REPORT = ROOT / "build" / "bench.json"
PAIRS = 3
LOAD_FIREWALL = "nft --file /etc/homerouter/firewall.nft"
FAST_ON, FAST_OFF = "nft --file /etc/homerouter/flow-offload.nft", "nft delete table inet homerouter_offload"
# Blocks of zaps by each of the two igmpproxies, and zaps in a block.
BLOCKS, ZAPS = 10, 10
GROUPS = 40
CHANNEL = "239.0.0.76"
CHANNELS = ",".join(f"{group}:8208" for group in (CHANNEL, "239.0.0.2", "239.0.9.129", "239.0.5.86"))
# As one writes it on one's own: whoever else has an interface is told to have no part in it.
PLAIN_PROXY = """quickleave
phyint vlan2 upstream ratelimit 0 threshold 1
    altnet 172.16.0.0/12
phyint vlan100 downstream ratelimit 0 threshold 1
phyint lo disabled
phyint eth0 disabled
phyint vlan3 disabled
phyint vlan6 disabled
phyint ppp0 disabled
"""
OURS, BY_HAND = "router's", "by hand"
PROXIES = {
    OURS: "systemctl stop igmpproxy-by-hand; systemctl start igmpproxy",
    BY_HAND: f"systemctl stop igmpproxy; printf '%s' '{PLAIN_PROXY}' > /run/igmpproxy-by-hand.conf;"
    " systemd-run --quiet --collect --unit=igmpproxy-by-hand igmpproxy -n /run/igmpproxy-by-hand.conf",
}


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


def _box(box: str, arguments: str) -> dict[str, dict[str, Any]]:
    """What a set-top box has seen at each step."""
    report = settopbox(box, arguments)
    if not report["ok"]:
        raise LabError(f"`settopbox {arguments}` on {box} stopped at {report['stopped_at']}: {report['reason']}")
    return {step["step"]: step["evidence"] for step in report["steps"]}


def _proxy(name: str) -> None:
    """Let one of the two igmpproxies take the other's place."""
    _sure("router", f"{PROXIES[name]} && timeout 20 sh -c 'until grep -q vlan100 /proc/net/ip_mr_vif; do sleep 0.1; done'")


def _percentiles(values: list[float]) -> dict[str, Any]:
    cuts = statistics.quantiles(values, n=20, method="inclusive")
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1), "values": values}


def _zaps() -> dict[str, Any]:
    """Join to first packet and leave to last packet in ms, of both igmpproxies in turns."""
    times: dict[str, dict[str, list[float]]] = {what: {name: [] for name in PROXIES} for what in ("join", "leave")}
    for _block in range(BLOCKS):
        for name in PROXIES:
            _proxy(name)
            seen = _box(BOXES[0], f"--steps address,channel,zap,leave --watch {CHANNELS} --play 1 --zaps {ZAPS}")
            for zap in seen["zap"]["zaps"]:
                for what, found in times.items():
                    found[name].append(zap[f"{what}_ms"])
    report: dict[str, Any] = {}
    for what, found in times.items():
        report[what] = {name: _percentiles(values) for name, values in found.items()}
        report[what]["ratio"] = {
            # A leave may be done before the next packet, in no time at all.
            cut: round(report[what][OURS][cut] / report[what][BY_HAND][cut], 2) if report[what][BY_HAND][cut] else None
            for cut in ("p50", "p95")
        }
    return report


def _groups_at_once() -> dict[str, Any]:
    """Channels that one box has joined together, at a bit rate that the head end can keep up for all of them."""
    _sure("isp", "headend ctl set rate=300000")
    try:
        return _box(BOXES[0], f"--steps address,guide,groups --play 5 --groups {GROUPS}")["groups"]
    finally:
        _sure("isp", "headend ctl set rate=3000000")


def _gap(harm: str, seconds: int) -> float:
    """Longest time without a picture, in seconds, when something is done to the router while a box plays for so many seconds.

    The box gives up when the picture is away for half of them.
    """
    with concurrent.futures.ThreadPoolExecutor() as pool:
        watching = pool.submit(
            _box, BOXES[0], f"--steps address,channel --watch {CHANNELS} --play {seconds} --patience {seconds // 2}"
        )
        poll(lambda: json.loads(_sure("isp", "headend ctl status"))["groups"][CHANNEL]["flowing"], 20, "the picture")
        _sure("router", harm)
        return round(watching.result()["channel"]["longest_gap_ms"] / 1000, 1)


def _television() -> dict[str, Any]:
    for box in BOXES:
        _box(box, "--play 1 --zaps 1")
    report: dict[str, Any] = {"packages": _sure("router", "dpkg-query --show igmpproxy")}
    # The switch would end a channel at the box's port before the proxy has heard of it. At the end, site.yml sets it as the home states.
    _sure("switch", """switch '{"lines": ["no ip igmp snooping vlan 100 immediate-leave"]}'""")
    try:
        with step(f"{BLOCKS * ZAPS} zaps by each igmpproxy, in turns"):
            report["zap_ms"] = _zaps()
    finally:
        _proxy(OURS)
    with step(f"{GROUPS} channels at once"):
        report["groups_at_once"] = _groups_at_once()
    with step("picture lost and back"):
        report["gap_seconds"] = {
            "igmpproxy killed": _gap("systemctl kill --signal KILL igmpproxy", 30),
            "vlan2 deleted": _gap("ip link delete vlan2; systemctl restart systemd-networkd", 60),
        }
    return report


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
    report["television"] = _television()
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
    for what, found in report["television"]["zap_ms"].items():
        for name in PROXIES:
            print(f"  {f'zap, {what}, {name} igmpproxy (ms)':<34} {found[name]['p50']:>8}   p95 {found[name]['p95']}")
        print(f"  {f'zap, {what}, ratio':<34} {found['ratio']['p50'] or '-':>8}   {found['ratio']['p95'] or '-'}")
    many = report["television"]["groups_at_once"]
    print(f"  {'channels at once':<34} {many['playing']:>8} of {many['asked']}, {many['lost']} packets lost")
    for harm, seconds in report["television"]["gap_seconds"].items():
        print(f"  {f'no picture, {harm}':<34} {seconds:>8} s")
    print(f"\n  The same for machines: {REPORT.relative_to(ROOT)}")
