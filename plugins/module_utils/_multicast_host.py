# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who routes multicast on this host. All input and output is here."""

from __future__ import annotations

import glob
import os

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _multicast, _multicast_proxy, _stack


def vifs() -> set[str]:
    """Interfaces of the multicast routing daemon."""
    text = _stack.read("/proc/net/ip_mr_vif")
    return {vif.name for vif in _multicast.parse_vifs(text, "little").values()} if text else set()


def holders() -> tuple[bool, list[str]]:
    """Programs with a raw IGMP socket: whether this role's igmpproxy is one, and the others."""
    inodes = _multicast_proxy.igmp_sockets(_stack.read("/proc/net/raw"))
    ours = False
    others = {}
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if not target.startswith("socket:[") or target[8:-1] not in inodes:
            continue
        pid = int(link.split("/")[2])
        unit = _stack.unit_of_process(pid)
        if unit == _multicast_proxy.UNITS[0]:
            ours = True
        elif unit not in _multicast_proxy.UNITS:
            others[pid] = f"{_stack.read(f'/proc/{pid}/comm').strip()} (process {pid})"
    return ours, [others[pid] for pid in sorted(others)]


def proxied() -> set[str]:
    """Interfaces that this role's igmpproxy routes, none where somebody else does."""
    return vifs() if holders()[0] else set()
