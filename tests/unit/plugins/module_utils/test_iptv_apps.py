# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for relay and playlists: what is wrong with one is told with variable, value and cure."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _iptv_apps
from ansible_collections.homerouter.tripleplay.plugins.module_utils._udpxy import banner

CHANNEL = {"number": 1, "name": "La 1", "group": "239.0.0.76"}
SHA256 = "0123456789abcdef" * 4


def plan(**changes: Any) -> dict[str, Any]:
    """A good plan, changed."""
    return {
        "lan_interface": "vlan100", "lan_address": "192.168.1.1/24", "iptv_interface": "vlan2", "clients": [], "groups": ["239.0.0.0/16"],
        "sources": ["172.16.0.0/12"], "channels": [CHANNEL], "relay_port": 4022, "relay_clients": 16, "relay_buffer": "1Mb",
        "recordings_path": "/srv/recordings", "recordings_at_once": 4, "recordings_megabits": 10,
        "relay_renew_seconds": 0, "lists_port": 8080, "program": "/usr/bin/udpxy", "package": "", "archive": "", "sha256": "",
        "minimum": "1.0-25.2", "rmem_max": 4194304, "verify_seconds": 30, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"relay_renew_seconds": 50, "relay_buffer": "65536", "clients": ["10.8.0.0/24"]},
        {"archive": "/srv/udpxy.tar.gz", "sha256": SHA256},
        {"archive": "https://example.net/udpxy.tar.gz", "sha256": SHA256},
        {"package": "udpxy", "program": "/usr/sbin/udpxy"},
    ],
)
def test_good_plan_is_accepted(changes):
    assert _iptv_apps.plan_problems(plan(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "begins", "cure"),
    [
        ({"lan_interface": "a b"}, "iptv_apps_lan_interface is 'a b'", "ip link"),
        ({"iptv_interface": "vlan100"}, "iptv_apps_iptv_interface is 'vlan100', as is iptv_apps_lan_interface", "another"),
        ({"lan_address": "192.168.1.1"}, "iptv_apps_lan_address is '192.168.1.1'", "192.168.1.1/24"),
        ({"lan_address": "x/24"}, "iptv_apps_lan_address is 'x/24'", "192.168.1.1/24"),
        ({"clients": ["10.8.0.1/24"]}, "iptv_apps_clients[0] is '10.8.0.1/24'", "without host bits"),
        ({"groups": ["10.0.0.0/8"]}, "iptv_apps_groups[0] is '10.0.0.0/8'", "239.0.0.0/16"),
        ({"sources": ["0.0.0.0/0"]}, "iptv_apps_sources[0] is '0.0.0.0/0'", "172.16.0.0/12"),
        ({"relay_port": 80}, "iptv_apps_relay_port is 80", "4022"),
        ({"lists_port": 4022}, "iptv_apps_lists_port is 4022, as is iptv_apps_relay_port", "of its own"),
        ({"lists_port": 70000}, "iptv_apps_lists_port is 70000", "8080"),
        ({"relay_clients": 0}, "iptv_apps_relay_clients is 0", "number of players"),
        ({"relay_buffer": "1 MB"}, "iptv_apps_relay_buffer is '1 MB'", "1Mb"),
        ({"relay_buffer": "4Mb"}, "iptv_apps_relay_buffer is '4Mb'", "2097152"),
        ({"relay_buffer": "2K"}, "iptv_apps_relay_buffer is '2K'", "4096"),
        ({"relay_renew_seconds": 10}, "iptv_apps_relay_renew_seconds is 10", "30"),
        ({"relay_renew_seconds": 300}, "iptv_apps_relay_renew_seconds is 300", "before the ISP forgets"),
        ({"rmem_max": 1}, "iptv_apps_rmem_max is 1", "4194304"),
        ({"verify_seconds": -1}, "iptv_apps_verify_seconds is -1", "0 to wait for none"),
        ({"recordings_at_once": 0}, "iptv_apps_recordings_at_once is 0", "your line carries"),
        ({"recordings_megabits": 0}, "iptv_apps_recordings_megabits is 0", "about 10"),
        ({"recordings_path": "/srv/my videos"}, "iptv_apps_recordings_path is '/srv/my videos'", "/srv/recordings"),
        ({"recordings_path": "/srv/"}, "iptv_apps_recordings_path is '/srv/'", "/srv/recordings"),
        ({"minimum": "25"}, "iptv_apps_udpxy_minimum is '25'", "1.0-25.2"),
        ({"archive": "/x.tar"}, "iptv_apps_udpxy_sha256 is ''", "sha256sum"),
        ({"archive": "/x.tar", "sha256": SHA256.upper()}, "iptv_apps_udpxy_sha256 is", "sha256sum"),
        ({"archive": "x.tar", "sha256": SHA256}, "iptv_apps_udpxy_archive is 'x.tar'", "absolute path"),
        ({"archive": "/x.tar", "sha256": SHA256, "package": "udpxy"}, "iptv_apps_udpxy_package is 'udpxy'", "empty the other"),
        ({"program": "udpxy"}, "iptv_apps_udpxy_program is 'udpxy'", "absolute path"),
        ({"program": "/opt/my tv/udpxy"}, "iptv_apps_udpxy_program is '/opt/my tv/udpxy'", "without blanks"),
        ({"channels": []}, "iptv_apps_channels is empty", "docs/iptv-apps.md"),
        ({"channels": [{**CHANNEL, "number": 0}]}, "iptv_apps_channels[0].number is 0", "1 to 9999"),
        ({"channels": [{**CHANNEL, "group": "239.1.0.1"}]}, "iptv_apps_channels[0].group is 239.1.0.1, outside 239.0.0.0/16", "home_iptv_groups"),
    ],
)
def test_plan_that_makes_no_sense_is_told(changes, begins, cure):
    (problem,) = _iptv_apps.plan_problems(plan(**changes))
    assert problem.startswith(begins) and cure in problem


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("udpxy 1.0-25.2 (prod) standard", ""),
        ("udpxy 1.0-25.1 (prod) standard", "1.0-25.2 is the oldest version that is safe"),
        ("udpxy 1.0-Chipmunk (build 8) standard", "1.0-25.2 is the oldest version that is safe"),
        ("BusyBox v1.37", "does not say that it is udpxy"),
    ],
)
def test_programs_that_are_too_old_are_refused(output, words):
    problem = _iptv_apps.program_problem("/usr/bin/udpxy", *banner(output), "1.0-25.2")
    assert words in problem and bool(problem) is bool(words)


def test_networks_are_those_of_the_addresses_each_once():
    assert _iptv_apps.networks(["192.168.1.1/24", "10.8.0.0/24", "192.168.1.7/24"]) == ["192.168.1.0/24", "10.8.0.0/24"]


def test_listening_sockets_are_read():
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0101A8C0:0FB6 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
        "   1: 0101A8C0:0016 0201A8C0:C350 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1\n"
    )
    assert _iptv_apps.listeners(table, "little") == {("192.168.1.1", 4022)}
    assert _iptv_apps.listeners("", "little") == set()
    table6 = (
        "  sl  local_address remote_address st\n"
        f"   0: {'0' * 32}:1F90 {'0' * 32}:0000 0A 00000000:00000000\n   1: {'0' * 31}1:0016 {'0' * 32}:0000 0A 00000000:00000000\n"
    )
    assert _iptv_apps.listeners(table6, "little") == {("0.0.0.0", 8080)}


@pytest.mark.parametrize(("bound", "asked", "taken"), [("127.0.0.1", "127.0.0.1", True), ("0.0.0.0", "127.0.0.1", True), ("127.0.0.2", "127.0.0.1", False)])
def test_port_of_another_program_is_told(bound, asked, taken):
    """As this machine's kernel tells it."""
    with socket.create_server((bound, 0)) as server, socket.socket() as silent:
        silent.bind((bound, 0))
        ports = {"relay_port": server.getsockname()[1], "lists_port": silent.getsockname()[1]}
        found = _iptv_apps.port_problems(ports, asked, [Path(path).read_text(encoding="ascii") for path in _iptv_apps.TABLES])
    assert [one.partition(",")[0] for one in found] == ([f"iptv_apps_relay_port is {ports['relay_port']}"] if taken else [])
