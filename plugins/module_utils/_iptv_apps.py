# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Television for players that are no set-top boxes: what is wrong with a plan. Pure: the module next door asks the host."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _channels, _udpxy
from ansible_collections.homerouter.tripleplay.plugins.module_utils._home import groups, sources

RELAY, LISTS = "homerouter-relay.service", "homerouter-playlists.service"
# A path as it may stand in a unit and in settings, where nothing is quoted.
PATH = re.compile(r"/[^\s%:\"'\\]+")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
_SIZE = re.compile(r"(\d+)([KM]b?)?")
# udpxy's own limits (MIN_MCACHE_LEN, MAX_MCACHE_LEN).
_LEAST_BUFFER, _MOST_BUFFER = 4096, 2097152
# Where the kernel lists sockets, and how it marks one that listens (proc(5)).
TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_LISTENING = "0A"


def octets(size: str) -> int | None:
    """A size as udpxy writes it, 65536, 64K or 1Mb; None if it is none."""
    match = _SIZE.fullmatch(size)
    if match is None:
        return None
    return int(match[1]) * {"": 1, "K": 1 << 10, "M": 1 << 20}[(match[2] or "")[:1]]


def networks(addresses: list[str]) -> list[str]:
    """Networks of addresses with prefix length, each once; anything else is a ValueError."""
    found = [str(ipaddress.IPv4Interface(address).network) for address in addresses]
    return sorted(set(found), key=found.index)


def plan_problems(plan: dict[str, Any]) -> list[str]:
    """What is wrong with the role's variables, each with variable, value and cure."""
    found = _network_problems(plan) + _number_problems(plan) + _program_problems(plan)
    found += [str(problem) for problem in _channels.problems(plan["channels"], [] if found else plan["groups"], "iptv_apps_channels")]
    if not plan["channels"] and not found:
        found.append("iptv_apps_channels is empty, and nothing could be watched: state your channels in home_iptv_channels (docs/iptv-apps.md says how)")
    return found


def _network_problems(plan: dict[str, Any]) -> list[str]:
    found = []
    for variable in ("lan_interface", "iptv_interface"):
        if not _NAME.fullmatch(plan[variable]) or plan[variable] in ("lo", "all", "default"):
            found.append(f"iptv_apps_{variable} is {plan[variable]!r}, which is no name of an interface: give the one that `ip link` shows")
    if plan["lan_interface"] == plan["iptv_interface"]:
        found.append(f"iptv_apps_iptv_interface is {plan['iptv_interface']!r}, as is iptv_apps_lan_interface: streams come in by another interface")
    try:
        ipaddress.IPv4Interface(plan["lan_address"])
        known = "/" in plan["lan_address"]
    except ValueError:
        known = False
    if not known:
        found.append(
            f"iptv_apps_lan_address is {plan['lan_address']!r}, which is no address with prefix length (home_lan_address): write one such as "
            "192.168.1.1/24"
        )
    for number, value in enumerate(plan["clients"]):
        try:
            ipaddress.IPv4Network(value)
        except ValueError:
            found.append(f"iptv_apps_clients[{number}] is {value!r}, which is no network: write one such as 192.168.2.0/24, without host bits")
    for variable, check in (("groups", groups), ("sources", sources)):
        for number, value in enumerate(plan[variable]):
            wrong = check(value)
            if wrong:
                found.append(f"iptv_apps_{variable}[{number}] is {value!r}, {wrong[0]} (home_iptv_{variable}): {wrong[1]}")
    return found


def _number_problems(plan: dict[str, Any]) -> list[str]:
    found = []
    for variable, least, most, cure in (
        ("relay_port", 1024, 65535, "use another port; udpxy's own is 4022"),
        ("lists_port", 1024, 65535, "use another port, such as 8080"),
        ("relay_clients", 1, 5000, "give the number of players at the same time; each takes a process and up to 15 Mbit/s"),
        ("recordings_at_once", 1, 100, "give the number of recordings that your line carries beside what is watched"),
        ("recordings_megabits", 1, 1000, "give the bit rate of a channel in Mbit/s; a channel in HD has about 10"),
        ("rmem_max", 212992, 1 << 30, "give the octets of a receive buffer; 4194304 holds two seconds of a channel"),
        ("verify_seconds", 0, 600, "give the seconds that a channel may take to come, or 0 to wait for none"),
    ):
        if not least <= plan[variable] <= most:
            found.append(f"iptv_apps_{variable} is {plan[variable]}, outside {least} to {most}: {cure}")
    if not re.fullmatch(r"/[^\s%\"'\\]+", plan["recordings_path"]) or plan["recordings_path"].rstrip("/") in ("", "/srv", "/home", "/root", "/var"):
        found.append(
            f"iptv_apps_recordings_path is {plan['recordings_path']!r}: give the absolute path of a folder for recordings alone, without blanks, such as "
            "/srv/recordings"
        )
    if plan["relay_port"] == plan["lists_port"]:
        found.append(f"iptv_apps_lists_port is {plan['lists_port']}, as is iptv_apps_relay_port: give each a port of its own")
    renew = plan["relay_renew_seconds"]
    if renew and not 30 <= renew <= 240:
        found.append(f"iptv_apps_relay_renew_seconds is {renew}: use 30, the least that udpxy takes, to 240, before the ISP forgets, or 0 for never")
    size = octets(plan["relay_buffer"])
    if size is None or not _LEAST_BUFFER <= size <= _MOST_BUFFER:
        found.append(f"iptv_apps_relay_buffer is {plan['relay_buffer']!r}: write a size that udpxy takes, 4096 to 2097152 octets, such as 1Mb")
    return found


def _program_problems(plan: dict[str, Any]) -> list[str]:
    found = []
    if _udpxy.version(plan["minimum"]) is None:
        found.append(f"iptv_apps_udpxy_minimum is {plan['minimum']!r}, which is no version of udpxy: write one such as 1.0-25.2")
    if plan["archive"] and plan["package"]:
        found.append(
            f"iptv_apps_udpxy_package is {plan['package']!r}, and iptv_apps_udpxy_archive is set, too: udpxy comes from one of them, so empty the other"
        )
    if plan["archive"] and not _udpxy.SHA256.fullmatch(plan["sha256"]):
        found.append(
            f"iptv_apps_udpxy_sha256 is {plan['sha256']!r}, which is no SHA-256 checksum: write the 64 digits that `sha256sum` prints for an archive "
            "that you trust"
        )
    if plan["archive"] and not re.fullmatch(r"(https?://|/)\S+", plan["archive"]):
        found.append(f"iptv_apps_udpxy_archive is {plan['archive']!r}: give a web address, or the absolute path of a file on the machine that runs Ansible")
    if not PATH.fullmatch(plan["program"]):
        found.append(f"iptv_apps_udpxy_program is {plan['program']!r}: give the absolute path of udpxy on the router, without blanks or quotes")
    return found


def program_problem(path: str, banner: str, found: _udpxy.Version | None, minimum: str) -> str:
    """Why a program must not run, empty if it may."""
    if not banner:
        return f"{path} does not say that it is udpxy: give the path of udpxy in iptv_apps_udpxy_program"
    if _udpxy.too_old(found, minimum):
        return (
            f"{path} is {banner}, and {minimum} is the oldest version that is safe: an earlier one can be taken over by any device that reaches "
            "its port (fixed in February 2026). Take a newer one (iptv_apps_udpxy_archive), or lower iptv_apps_udpxy_minimum if yours has the fix"
        )
    return ""


def port_problems(ports: Mapping[str, int], address: str, tables: Iterable[str]) -> list[str]:
    """Which ports, by what their variables are called, another program has at this address; C(tables) are the texts of TABLES."""
    taken = {one for table in tables for one in listeners(table, sys.byteorder)}
    return [
        f"iptv_apps_{name} is {port}, which another program on this host has (`ss -tlnp` names it): use another port, or end it"
        for name, port in ports.items()
        if taken & {(address, port), ("0.0.0.0", port)}
    ]


def listeners(table: str, byteorder: str) -> set[tuple[str, int]]:
    """IPv4 addresses and ports of the listening sockets in /proc/net/tcp and tcp6 (proc(5)); one for all IPv6 addresses takes IPv4, too."""
    found = set()
    for line in table.splitlines()[1:]:
        words = line.split()
        if len(words) > 3 and words[3] == _LISTENING:
            address, _colon, port = words[1].partition(":")
            if len(address) == 32:
                if not int(address, 16):
                    found.add(("0.0.0.0", int(port, 16)))
                continue
            raw = bytes.fromhex(address)
            found.add((str(ipaddress.IPv4Address(raw[::-1] if byteorder == "little" else raw)), int(port, 16)))
    return found
