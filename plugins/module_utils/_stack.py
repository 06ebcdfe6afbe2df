# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which network stack a host runs, and how its small files are read: the roles that configure interfaces follow it."""

from __future__ import annotations

import glob
import os
import re
import time
from collections.abc import Iterable, Mapping
from typing import Callable, NamedTuple, TypeVar

from ansible.module_utils.basic import AnsibleModule

IFUPDOWN_MAIN = "/etc/network/interfaces"
# There while systemd runs the host (sd_booted(3)).
SYSTEMD = "/run/systemd/system"
# Units of the host's owner.
OWN_UNITS = "/etc/systemd/system"
NETWORKD = "systemd-networkd.service"
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


class Unit(NamedTuple):
    """A unit of systemd as it stands; the defaults are those of one that is not there."""

    active: bool = False
    # What systemctl is-enabled says; empty where the unit has no file.
    file_state: str = ""
    # When its process started, in Unix seconds; None where it has none, as a timer.
    started: int | None = None
    # Whether its file has changed since systemd read it.
    unread: bool = False

    @property
    def stands(self) -> bool:
        """Whether it runs and starts with the host."""
        return self.active and self.file_state == "enabled"

    @property
    def in_use(self) -> bool:
        """Whether it runs or will; an init script's may."""
        return self.active or self.file_state in ("enabled", "enabled-runtime", "generated")

    def older_than(self, path: str) -> bool:
        """Whether it runs and has not read this file as it is now."""
        # systemd tells whole seconds only, so a restart within the second of the writing must not count as older.
        return self.active and self.started is not None and os.path.exists(path) and int(os.stat(path).st_mtime) > self.started


def units(run: Run, names: Iterable[str]) -> dict[str, Unit]:
    """Units of systemd by name, asked for at once."""
    wanted = list(dict.fromkeys(names))
    if not wanted or not os.path.isdir(SYSTEMD):
        return dict.fromkeys(wanted, Unit())
    _code, out, _err = run(
        ["systemctl", "show", "--timestamp=unix", "--property=ActiveState,UnitFileState,ExecMainStartTimestamp,NeedDaemonReload", *wanted],
        check_rc=True,
    )
    found = {}
    # One block for each, in the order in which they were asked for; by its Id a unit may have another name.
    for name, block in zip(wanted, out.split("\n\n")):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        since = values.get("ExecMainStartTimestamp", "").lstrip("@")
        found[name] = Unit(
            values["ActiveState"] == "active", values["UnitFileState"], int(since) if since.isdigit() else None, values["NeedDaemonReload"] == "yes"
        )
    return found


def standing(known: Mapping[str, Unit], files: Mapping[str, list[str]]) -> tuple[list[str], list[str]]:
    """Units that run and have not read their files as they are now, and units with which nothing is to be done.

    known: what units() says of them. files: by unit what is written for it; one for which nothing is shall neither run nor start with the host.
    """
    outdated = [name for name, paths in files.items() if any(known[name].older_than(path) for path in paths)]
    settled = [
        name for name, paths in files.items() if name not in outdated and (known[name].stands if paths else not known[name].in_use)
    ]
    return outdated, settled


def unmaskable(unit: str) -> str:
    """Path of the owner's own unit that C(systemctl mask) would not replace, empty where there is none."""
    path = os.path.join(OWN_UNITS, unit)
    return path if os.path.lexists(path) and os.path.realpath(path) != os.devnull else ""


def detect_backend(module: AnsibleModule) -> str:
    """The network stack this host runs: netplan, networkd, ifupdown or netifrc, empty for none of them."""
    if module.get_bin_path("netplan") and glob.glob("/etc/netplan/*.yaml"):
        return "netplan"
    if units(module.run_command, [NETWORKD])[NETWORKD].in_use:
        return "networkd"
    if module.get_bin_path("ifup") and os.path.exists(IFUPDOWN_MAIN):
        return "ifupdown"
    if os.path.exists("/etc/init.d/net.lo"):
        return "netifrc"
    return "networkd" if os.path.isdir(SYSTEMD) else ""


def unit_of(cgroup: str) -> str:
    """The service a process belongs to, from the text of /proc/PID/cgroup; empty when it belongs to none."""
    found = re.findall(r"/([^/\n]+\.service)(?=/|$)", cgroup, re.MULTILINE)
    return found[-1] if found else ""


def unit_of_process(pid: int) -> str:
    """The service of a process; one that has just ended has none."""
    return unit_of(read(f"/proc/{pid}/cgroup"))
