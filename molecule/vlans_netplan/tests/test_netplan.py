# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""netplan with an installer's file beside ours: ours wins, and nothing is applied that netplan cannot read."""

from __future__ import annotations

from house import capture, refused

OURS = "/etc/netplan/60-homerouter.yaml"
BROKEN = "/etc/netplan/70-broken.yaml"
# Frames of the router that carry no tag.
UNTAGGED = "ether src 02:00:00:00:06:02 and not vlan"


def restart(router) -> None:
    router.check_output("netplan generate && systemctl restart systemd-networkd")


def test_installers_dhcp_on_the_bare_card_is_off(router, switch, eventually):
    with capture(switch, "quiet", "gi2", UNTAGGED) as quiet:
        restart(router)
        router.check_output("/usr/lib/systemd/systemd-networkd-wait-online --interface=vlan2 --timeout=20")
    assert not quiet
    router.check_output(f"mv {OURS} /root")
    try:
        with capture(switch, "asking", "gi2", UNTAGGED) as asking:
            restart(router)
            eventually(
                lambda: "carrier" in router.run("networkctl status eth0").stdout and switch.run("tcpdump -r /tmp/asking.pcap").stdout,
                20,
                "the installer's DHCP client to ask",
            )
    finally:
        router.check_output(f"mv /root/60-homerouter.yaml {OURS}")
        restart(router)
        router.check_output("/usr/lib/systemd/systemd-networkd-wait-online --interface=vlan2 --timeout=20")
    assert any("BOOTP/DHCP, Request" in line for line in asking)


def test_change_is_refused_where_netplan_cannot_read_its_files(router):
    router.check_output(f"umask 077; echo 'network: [' > {BROKEN}")
    try:
        out = refused(router, vlans_uplink_mtu=1600)
    finally:
        router.check_output(f"rm {BROKEN}")
    assert f"{OURS} is refused" in out
    assert "70-broken.yaml" in out
    assert "nothing has been changed" in out
