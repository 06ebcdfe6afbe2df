# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules ask of the host's services."""

from __future__ import annotations

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _stack


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/kea-dhcp4-server.service\n", "kea-dhcp4-server.service"),
        ("1:name=systemd:/system.slice/dnsmasq.service\n0::/\n", "dnsmasq.service"),
        ("0::/system.slice/docker-1.scope/system.slice/unbound.service\n", "unbound.service"),
        ("0::/user.slice/user-0.slice/session-1.scope\n", ""),
    ],
)
def test_unit_of_a_process(cgroup, unit):
    assert _stack.unit_of(cgroup) == unit


def test_process_that_has_ended_belongs_to_no_unit():
    assert _stack.unit_of_process(2**30) == ""
