# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ground on which voip_dhcp's tests stand."""

from __future__ import annotations

import pytest
from voice import PHONE


@pytest.fixture(scope="module", autouse=True)
def address(phone):
    """The phone has a fixed address: there is no DHCP server for the LAN in this scenario."""
    phone.check_output(
        f"systemctl stop dhcp-client; ip address flush dev eth0; ip address add {PHONE}/24 dev eth0; ip route replace default via 192.168.1.1"
    )
    yield
    phone.check_output("ip address flush dev eth0; systemctl start dhcp-client")


@pytest.fixture(scope="module", autouse=True)
def as_found(isp):
    """The ISP's voice network is as it was, whatever a test has made of it."""
    yield
    isp.check_output("ip address flush dev vlan3; voice-dhcp 10.25.192.1 3600")
