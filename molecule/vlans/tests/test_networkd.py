# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where systemd-networkd makes the interfaces: what others have set outlives its restart."""

from __future__ import annotations

import pytest

PROTECTION = "/etc/systemd/networkd.conf.d/10-homerouter.conf"
KEEP = "/etc/systemd/network/*vlan3.network /etc/systemd/network/10-netplan-vlan3.network.d/10-homerouter.conf"

# As FRR sets learnt routes (protocol 189 is RIP, 186 BGP), as a DHCP client sets its address, as a policy script sets rules.
ADD = """
ip address add 10.25.192.50/19 dev vlan3 valid_lft 3600 preferred_lft 3600
ip route add 10.31.255.128/27 via 10.25.192.1 dev vlan3 proto 189
ip route add 172.26.0.0/16 via 10.128.0.1 dev vlan2 proto 186
ip nexthop add id 4711 via 10.128.0.1 dev vlan2 proto 186
ip route add 172.27.0.0/16 nhid 4711 proto 186
ip rule add to 10.31.255.128/27 lookup 100 priority 1000
"""
REMOVE = """
ip rule delete priority 1000
ip nexthop delete id 4711
ip route delete 172.26.0.0/16
ip address delete 10.25.192.50/19 dev vlan3
"""
SHOW = {
    "voice address": "ip -4 -oneline address show dev vlan3 | grep -o 10.25.192.50/19",
    "voice route": "ip route show proto 189",
    "television route": "ip route show 172.26.0.0/16",
    "route by next hop": "ip route show 172.27.0.0/16",
    "rule": "ip rule show to 10.31.255.128/27",
}


def restart(router) -> None:
    """systemd-networkd anew, until it has dealt with every interface."""
    router.check_output("systemctl restart systemd-networkd")
    router.check_output(
        "for name in eth0 vlan2 vlan3 vlan6 vlan100; do"
        " /usr/lib/systemd/systemd-networkd-wait-online --interface=$name:no-carrier --timeout=20 || exit 1; done"
    )


def foreign(router) -> dict[str, str]:
    return {what: router.run(command).stdout.strip() for what, command in SHOW.items()}


@pytest.fixture
def others(router):
    """Routes, rules and addresses of other programs."""
    router.check_output(f"set -e\n{ADD}")
    before = foreign(router)
    assert all(before.values()), before
    yield before
    router.run(REMOVE)


def test_what_others_have_set_survives_a_restart(router, others):
    restart(router)
    assert foreign(router) == others


def test_without_the_protection_it_is_lost(router, others):
    router.check_output(f"mkdir /root/off && cp -a --parents {PROTECTION} $(ls {KEEP} 2>/dev/null) /root/off")
    router.check_output(f"rm {PROTECTION} && sed -i /KeepConfiguration/d $(ls {KEEP} 2>/dev/null)")
    try:
        restart(router)
        assert not any(foreign(router).values())
    finally:
        router.check_output("cp -a /root/off/etc / && rm -r /root/off")
        restart(router)
