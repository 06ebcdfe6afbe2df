# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reverse-path filter as this host has it. All input and output is here."""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _rp_filter, _stack

CONF = Path("/proc/sys/net/ipv4/conf")


def value(interface: str, name: str) -> int:
    """A setting of an interface, or of "all" and "default"."""
    return int((CONF / interface / name).read_text(encoding="ascii"))


def read_interfaces(addressed: frozenset[str], local_everywhere: bool) -> dict[str, _rp_filter.Interface]:
    """All interfaces of this network namespace."""
    found = {}
    for name in sorted(os.listdir(CONF)):
        if name in ("all", "default"):
            continue
        try:
            found[name] = _rp_filter.Interface(
                name, value(name, "rp_filter"), local_everywhere or bool(value(name, "accept_local")), name in addressed
            )
        except FileNotFoundError:
            # It went while we looked.
            continue
    return found


def route_to(run: _stack.Run, source: str) -> _rp_filter.Route | None:
    """The kernel's way back to a source; OSError where it cannot be asked."""
    code, out, err = run(["ip", "-json", "-4", "route", "get", "fibmatch", source])
    # 2 is the kernel's refusal: no route, or one that says unreachable, prohibit or blackhole.
    if code not in (0, 2) or (code == 2 and "RTNETLINK" not in err):
        raise OSError(f"`ip route get fibmatch {source}` failed: {err.strip() or out.strip()}")
    return _rp_filter.parse_route(out) if code == 0 else None
