# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose session the plan of the VLANs would cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _session, _vlans
from ansible_collections.homerouter.tripleplay.plugins.modules import uplink_check

LAN = {"service": "lan", "id": 100, "address": "192.168.1.1/24"}


def link(name: str, address: str, length: int) -> dict[str, Any]:
    return {"ifname": name, "flags": ["UP", "LOWER_UP"], "mtu": 1500, "addr_info": [{"local": address, "prefixlen": length}]}


LINKS = _vlans.parse_links(json.dumps([link("eth0", "10.0.0.5", 24), link("vlan100", "192.168.1.1", 24)]))


@pytest.mark.parametrize(
    ("server", "lan", "dhcp", "words"),
    [
        ("192.168.1.1", LAN, False, []),
        ("192.168.1.1", {**LAN, "address": "192.168.2.1/24"}, False, ["192.168.2.1/24 of vlan100", "192.168.1.1", "connect through another"]),
        ("192.168.1.1", {**LAN, "address": "192.168.1.1/25"}, False, []),
        ("10.0.0.5", LAN, False, ["vlans_uplink is eth0", "10.0.0.5", "vlans_uplink_dhcp"]),
        ("10.0.0.5", LAN, True, []),
        ("203.0.113.1", LAN, False, []),
    ],
)
def test_a_session_that_would_be_cut_is_named(monkeypatch, server, lan, dhcp, words):
    monkeypatch.setattr(_session, "current", lambda: _session.Session("192.0.2.7", server, 22))
    plan = _vlans.make_plan({"uplink": "eth0", "mtu": 1500, "dhcp": dhcp, "interfaces": [lan]})
    problems = uplink_check.session_problems(plan, LINKS)
    assert len(problems) == bool(words)
    assert all(word in problems[0] for word in words)


def test_without_a_session_nothing_can_be_cut(monkeypatch):
    monkeypatch.setattr(_session, "current", lambda: None)
    plan = _vlans.make_plan({"uplink": "eth0", "mtu": 1500, "dhcp": False, "interfaces": [LAN]})
    assert uplink_check.session_problems(plan, LINKS) == []
