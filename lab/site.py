# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run site.yml on the lab's switch and router as an owner would, then ask the people in the house whether it works."""

from __future__ import annotations

import concurrent.futures
import hashlib
import io
import json
import os
import secrets
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

from .common import LOG, ROOT, STATE, LabError, poll
from .hosts import SSH_CONFIG

REPORT = ROOT / "build" / "lab.json"
DOCTOR = ROOT / "build" / "doctor"
BOXES = ("stb", "stb2")
# What an owner with players adds to his home: channels that he has, and programs that Debian has no packages of, here their stand-ins.
APPS = STATE / "iptv_apps.json"
TVHEADEND = "/usr/local/bin/tvheadend"


def on(host: str, command: str, given: str = "") -> tuple[int, str]:
    """Run a shell command on a host of the lab, with standard input if given; return its exit code and standard output."""
    done = subprocess.run(
        ["ssh", "-F", str(SSH_CONFIG), host, command], input=given, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout.strip()


def playbook(*arguments: str, name: str = "site.yml") -> dict[str, Any]:
    """One run of a playbook, with further arguments if given: tasks executed by host, changes, seconds."""
    stats_file = STATE / "stats.json"
    stats_file.unlink(missing_ok=True)
    start = time.monotonic()
    env = dict(os.environ, ANSIBLE_CALLBACKS_ENABLED="homerouter_stats", ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "lab" / "callback"),
               HOMEROUTER_STATS=str(stats_file))  # fmt: skip
    # A relative collections path or inventory of the caller must not lead away from the installed collection.
    for variable in ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_CONFIG", "ANSIBLE_INVENTORY"):
        env.pop(variable, None)
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), name, "-i", "home", *arguments],
        cwd=ROOT / "playbooks", env=env, check=False,
    )  # fmt: skip
    seconds = round(time.monotonic() - start, 1)
    if done.returncode != 0:
        raise LabError(
            f"{name} failed in the lab: the message above says why.\n"
            f"Look around with `ssh -F {SSH_CONFIG} router`, then run `make lab` again. Log: {LOG}"
        )
    stats = json.loads(stats_file.read_text(encoding="utf-8"))
    return {
        "tasks": {host: values["ok"] for host, values in stats.items()},
        "changed": sum(values["changed"] for values in stats.values()),
        "seconds": seconds,
    }


def pack_relay() -> Path:
    """The source of udpxy's stand-in as an archive like udpxy's own; always the same octets."""
    archive = STATE / "udpxy-stand-in.tar"
    with tarfile.open(archive, mode="w") as tar:
        for path in sorted((ROOT / "lab" / "relay").iterdir()):
            if path.name in ("Makefile", "relay.c", "VERSION", "BUILD", "PATCH"):
                text = path.read_bytes()
                info = tarfile.TarInfo(f"udpxy-stand-in/chipmunk/{path.name}")
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text))
    return archive


def with_players() -> list[str]:
    """Put the stand-ins of udpxy and TVheadend where a home with players takes them from; the arguments of its playbooks."""
    archive = pack_relay()
    server = (ROOT / "lab" / "tvheadend" / "server.py").read_text(encoding="utf-8")
    code, _out = on("router", f"cat > {TVHEADEND} && chmod 0755 {TVHEADEND}", f"#!/usr/bin/python3 -I\n{server}")
    if code != 0:
        raise LabError(f"the router takes no file: try `ssh -F {SSH_CONFIG} router`")
    # Another run keeps the password, and changes nothing.
    kept = json.loads(APPS.read_text(encoding="utf-8")) if APPS.exists() else {}
    APPS.touch(mode=0o600)
    variables = {
        # Each box has a port of the switch for itself. Without this it hears a channel for 20 s more, once igmpproxy has asked for members.
        "cisco_switch_immediate_leave": True,
        "home_iptv_apps_enabled": True,
        "home_iptv_channels": [{"number": 1, "name": "La 1", "group": "239.0.0.76"}, {"number": 2, "name": "La 2", "group": "239.0.0.2"}],
        "iptv_apps_udpxy_archive": str(archive),
        "iptv_apps_udpxy_sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "iptv_apps_tvheadend": True,
        "iptv_apps_tvheadend_password": kept.get("iptv_apps_tvheadend_password") or secrets.token_hex(12),
        "iptv_apps_tvheadend_package": "",
        "iptv_apps_tvheadend_program": TVHEADEND,
    }
    APPS.write_text(json.dumps(variables, indent=2) + "\n", encoding="utf-8")
    return ["-e", f"@{APPS}"]


def switch() -> dict[str, Any]:
    """What the switch itself says: which VLANs it has, and whether all that it does is saved."""
    answers = {}
    for question in ("running", "startup"):
        _code, answer = on("switch", f"switch '{{\"{question}\": true}}'")
        answers[question] = json.loads(answer)[question] or ""
    vlans = [line.split()[1] for line in answers["running"].splitlines() if line.startswith("vlan ") and line != "vlan database"]
    kept = answers["running"] == answers["startup"]
    return {
        "ok": kept and bool(vlans),
        "evidence": f"VLANs {', '.join(vlans) or 'none'}, set over its command line from its factory default; "
        f"the configuration is {'saved' if kept else 'NOT saved'}",
    }


def internet() -> dict[str, Any]:
    """The PC fetches a page by name; the page says which address asked."""
    answer: dict[str, str] = {}

    def fetched() -> bool:
        code, answer["page"] = on("pc", "curl --silent --fail --max-time 4 http://www.example.net/")
        return code == 0

    try:
        poll(fetched, 40, "http://www.example.net/ on the PC")
    except LabError as error:
        return {"ok": False, "evidence": str(error)}
    _code, address = on("router", "ip -4 -oneline address show dev ppp0 | awk '{print $4}' | cut -d/ -f1")
    return {
        "ok": answer["page"] == address,
        "evidence": f"the PC fetched http://www.example.net/; the server saw {answer['page']}, "
        f"the router's ppp0 has {address or 'no address'}",
    }


def voice() -> dict[str, Any]:
    """The phone registers and talks for half a minute; the gateway on the other side sends each voice packet back."""

    def registered() -> bool:
        return on("phone", "phone register")[0] == 0

    try:
        poll(registered, 40, "the phone's registration")
    except LabError as error:
        return {"ok": False, "evidence": str(error)}
    code, counts = on("phone", "phone call 30")
    packets = json.loads(counts) if counts else {"sent": 0, "returned": 0, "lost": 0}
    return {
        "ok": code == 0 and packets["sent"] > 0 and packets["lost"] == 0,
        "evidence": f"the phone registered at 10.31.255.134:5070 with digest authentication; a call of 30 s "
        f"{'ended well' if code == 0 else 'FAILED'}, {packets['sent']} voice packets went and {packets['returned']} came back",
    }


def settopbox(box: str, arguments: str) -> dict[str, Any]:
    """The report of a set-top box that has been switched on."""
    _code, answer = on(box, f"settopbox {arguments}")
    if not answer:
        raise LabError(f"{box} has no report: `ssh -F {SSH_CONFIG} {box} settopbox {arguments}` says why")
    return json.loads(answer)


def _seen(report: dict[str, Any]) -> str:
    """What a box has shown, or why it has not, in a few words."""
    if not report["ok"]:
        return f"stopped at the step {report['stopped_at']}: {report['reason']}"
    steps = {step["step"]: step["evidence"] for step in report["steps"]}
    channel, zaps = steps["channel"], ", ".join(f"{zap['join_ms']:.0f}" for zap in steps["zap"]["zaps"])
    return (
        f"{steps['guide']['channels']} channels, {channel['packets']} packets of {channel['group']} with {channel['lost']} lost, "
        f"picture after a zap in {zaps} ms"
    )


def television() -> dict[str, Any]:
    """Both set-top boxes boot at the same time, watch, zap and leave; each reports its steps."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        boxes = dict(zip(BOXES, pool.map(lambda box: settopbox(box, "--play 5"), BOXES)))
    lost = sum(step["evidence"].get("lost", 0) for report in boxes.values() for step in report["steps"])
    return {
        "ok": lost == 0 and all(report["ok"] for report in boxes.values()),
        "evidence": "; ".join(f"{box}: {_seen(report)}" for box, report in boxes.items()),
        "boxes": boxes,
    }


def addresses() -> list[tuple[str, str]]:
    """What a player in the house is given, as far as it answers there: a home without iptv_apps has none of it."""
    router = "http://192.168.1.1"
    offered = (
        ("playlists", f"{router}:8080/", "200"),
        ("who watches", f"{router}:4022/status", "200"),
        # It wants a password.
        ("TVheadend", f"{router}:9981/", "401"),
    )
    codes = {
        url: on("pc", f"curl --silent --max-time 4 --output /dev/null --write-out '%{{http_code}}' {url}")[1] for _name, url, _code in offered
    }
    return [(name, url) for name, url, code in offered if codes[url] == code]


def main() -> None:
    """Two runs of the playbook, the checks, a table for people and build/lab.json for machines."""
    players = with_players()
    report: dict[str, Any] = {"services": {}, "site": playbook(*players)}
    print("  second run: nothing may change", flush=True)
    report["second_run"] = playbook(*players)
    report["services"]["switch"] = switch()
    report["services"]["internet"] = internet()
    # The kernel keeps the first packets of a channel for which no route is known: those of the relay's own check, which would come before a box's.
    poll(lambda: on("router", "awk 'NR > 1 && $3 < 0' /proc/net/ip_mr_cache")[1] == "", 20, "the router to forget what the relay has watched")
    report["services"]["television"] = television()
    report["services"]["voice"] = voice()
    report["addresses"] = dict(addresses())
    # Last, and all by itself: whether the house's own doctor agrees.
    report["doctor"] = playbook(*players, "-e", f"doctor_folder={DOCTOR}", name="doctor.yml")
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print()
    for name, result in report["services"].items():
        print(f"  {'works ' if result['ok'] else 'BROKEN'}  {name:<12} {result['evidence']}")
        for box, boot in result.get("boxes", {}).items():
            steps = ", ".join(f"{step['step']}{'' if step['ok'] else ' STOPPED'} {step['seconds']:.1f} s" for step in boot["steps"])
            print(f"          {box:<12} {steps}")
    for name, url in report["addresses"].items():
        print(f"          {name:<12} {url}{f' (admin, with the password in {APPS.relative_to(ROOT)})' if name == 'TVheadend' else ''}")
    for name in ("site", "second_run", "doctor"):
        values = report[name]
        tasks = ", ".join(f"{count} tasks on the {host}" for host, count in sorted(values["tasks"].items()))
        print(f"  {name:<12} {tasks}, {values['changed']} changed, {values['seconds']} s")
    print(f"\n  The same for machines: {REPORT.relative_to(ROOT)}; the doctor's page: {(DOCTOR / 'router.html').relative_to(ROOT)}")
    print(f"  A shell in the house: ssh -F {SSH_CONFIG.relative_to(ROOT)} pc (or router, isp, switch, stb)")
    if not all(result["ok"] for result in report["services"].values()) or report["second_run"]["changed"]:
        raise LabError("Not everything works: see the lines above.")
