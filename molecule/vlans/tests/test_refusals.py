# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Homes and hosts that cannot work are refused before anything is changed, with variable, value and cure."""

from __future__ import annotations

import pytest
from house import refused


@pytest.fixture
def network_manager(router):
    """A running NetworkManager that manages the uplink, as far as its command line tells.

    The real one cannot run beside the lab's other programs: it would take the cable.
    """
    router.check_output(
        "printf '#!/bin/sh\\necho eth0:connected\\necho lo:unmanaged\\n' > /usr/local/bin/nmcli && chmod 0755 /usr/local/bin/nmcli"
        " && systemd-run --quiet --collect --unit=NetworkManager sleep infinity"
    )
    yield
    router.check_output("systemctl stop NetworkManager; rm /usr/local/bin/nmcli")


def test_plan_that_cannot_work(router):
    out = refused(
        router,
        vlans_interfaces=[
            {"service": "internet", "id": 6, "mtu": 1509},
            {"service": "iptv", "id": 6, "address": "10.214.0.10/9"},
            {"service": "voip", "id": 4095},
            {"service": "lan", "id": 100, "address": "192.168.1.1/24"},
        ],
    )
    assert "mtu is 1509, above vlans_uplink_mtu, which is 1508: raise vlans_uplink_mtu to 1509 or lower this one" in out
    assert "id 6 is used by internet and iptv: give each service its own VLAN id, or disable one" in out
    assert "vlans_interfaces[2] (voip): id is 4095: a VLAN id is 1 to 4094" in out


def test_card_that_cannot_do_vlans(router):
    # The loopback interface is the one that says so in every kernel.
    out = refused(router, vlans_uplink="lo")
    assert "vlans_uplink is lo: it cannot do VLANs (feature vlan-challenged is on): set home_uplink to another network card" in out


def test_card_that_network_manager_holds(router, network_manager):
    out = refused(router)
    assert "vlans_uplink is eth0: NetworkManager manages eth0" in out
    assert "unmanaged-devices=interface-name:eth0" in out
