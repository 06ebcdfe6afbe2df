# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which network stack a host runs, and how its small files are read: the roles that configure interfaces follow it."""

from __future__ import annotations

import glob
import os
import re
import time
from collections.abc import Mapping
from typing import Callable, TypeVar

from ansible.module_utils.basic import AnsibleModule

IFUPDOWN_MAIN = "/etc/network/interfaces"
# Seconds.
_INTERVAL = 0.2

Run = Callable[..., "tuple[int, str, str]"]
_Seen = TypeVar("_Seen")


def until(look: Callable[[], _Seen], done: Callable[[_Seen], object], seconds: float) -> _Seen:
    """What C(look) has seen: as soon as that is C(done), or when the seconds are over; with 0 it looks once."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if done(seen) or time.monotonic() >= deadline:
            return seen
        time.sleep(_INTERVAL)  # Between two looks: nothing wakes a module when an interface, a route or a server is there.


def read(path: str) -> str:
    """A small text file, empty when there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def unit_state(run: Run, unit: str) -> tuple[bool, bool]:
    """Whether a systemd unit is active, and whether it is enabled."""
    if not os.path.isdir("/run/systemd/system"):
        return False, False
    active = run(["systemctl", "is-active", "--quiet", unit])[0] == 0
    enabled = run(["systemctl", "is-enabled", "--quiet", unit])[0] == 0
    return active, enabled


def standing(run: Run, files: Mapping[str, list[str]]) -> tuple[list[str], list[str]]:
    """Units that run and have not read their files as they are now, and units with which nothing is to be done.

    files: by unit what is written for it; one for which nothing is shall neither run nor start with the host.
    """
    if not files:
        return [], []
    _code, out, _err = run(
        ["systemctl", "show", "--timestamp=unix", "--property=Id,ActiveState,UnitFileState,ExecMainStartTimestamp", *files], check_rc=True
    )
    outdated, settled = [], []
    for block in out.split("\n\n"):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        unit, active, since = values.get("Id", ""), values.get("ActiveState") == "active", values.get("ExecMainStartTimestamp", "").lstrip("@")
        paths = files.get(unit)
        if paths is None:
            continue
        # systemd tells whole seconds only, so a restart within the second of the writing must not count as older.
        if active and since.isdigit() and any(os.path.exists(path) and int(os.stat(path).st_mtime) > int(since) for path in paths):
            outdated.append(unit)
        elif (active, values.get("UnitFileState") == "enabled") == ((True, True) if paths else (False, False)):
            settled.append(unit)
    return outdated, settled


def detect_backend(module: AnsibleModule) -> str:
    """The network stack this host runs: netplan, networkd, ifupdown or netifrc, empty for none of them."""
    if module.get_bin_path("netplan") and glob.glob("/etc/netplan/*.yaml"):
        return "netplan"
    if any(unit_state(module.run_command, "systemd-networkd.service")):
        return "networkd"
    if module.get_bin_path("ifup") and os.path.exists(IFUPDOWN_MAIN):
        return "ifupdown"
    if os.path.exists("/etc/init.d/net.lo"):
        return "netifrc"
    return "networkd" if os.path.isdir("/run/systemd/system") else ""


def unit_of(cgroup: str) -> str:
    """The service a process belongs to, from the text of /proc/PID/cgroup; empty when it belongs to none."""
    found = re.findall(r"/([^/\n]+\.service)(?=/|$)", cgroup, re.MULTILINE)
    return found[-1] if found else ""


def unit_of_process(pid: int) -> str:
    """The service of a process; one that has just ended has none."""
    return unit_of(read(f"/proc/{pid}/cgroup"))
