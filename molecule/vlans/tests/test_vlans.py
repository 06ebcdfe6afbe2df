# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role vlans promises on every network stack: tagged frames at the ISP, untagged ones in the LAN.

Tests that change something leave the router as they found it.
"""

from __future__ import annotations

import collections
import contextlib
import json
import re
from pathlib import Path

import pytest
import yaml
from house import capture, converge, lab

INTERFACES = yaml.safe_load((Path(__file__).parents[1] / "vars.yml").read_text(encoding="utf-8"))["vlans_interfaces"]
PCP_NONE = 0
PCP_IPTV = 4

# A frame of each kernel priority on each given interface. 0x88b5 is the EtherType for local experiments.
SENDER = """
import socket, sys
payload = bytes(int(sys.argv[1]))
for name in sys.argv[2:]:
    for priority in range(8):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, priority)
            s.bind((name, 0))
            s.send(bytes([255] * 6) + s.getsockname()[4] + bytes([0x88, 0xb5]) + payload)
"""
TAGGED = re.compile(r"ethertype 802\.1Q .*length (\d+): vlan (\d+), p (\d),.*0x88b5")
UNTAGGED = re.compile(r"ethertype Unknown \(0x88b5\), length (\d+)")


def send(router, size: int, *names: str) -> None:
    router.check_output(f"python3 - {size} {' '.join(names)} <<'X'\n{SENDER}\nX")


def frames(router, isp, pc, size: int, *names: str) -> tuple[dict[tuple[int, int, int], int], dict[int, int]]:
    """Counts of what arrives: at the ISP by VLAN id, priority and payload size; at the PC, untagged, by payload size."""
    with capture(isp, "tagged", "eth0", "ether src 02:00:00:00:06:02", show="-e") as fibre:
        with capture(pc, "untagged", "eth0", "ether src 02:00:00:00:06:02", show="-e") as lan:
            send(router, size, *names)
    tagged = collections.Counter(
        (int(vid), int(pcp), int(length) - 18) for length, vid, pcp in (m.groups() for m in map(TAGGED.search, fibre) if m)
    )
    untagged = collections.Counter(int(m.group(1)) - 14 for m in map(UNTAGGED.search, lan) if m)
    assert not any(UNTAGGED.search(line) for line in fibre), "untagged frames leave towards the ISP"
    assert not any(TAGGED.search(line) for line in lan), "tagged frames reach the PC"
    return dict(tagged), dict(untagged)


def links(router) -> dict[str, dict]:
    """The router's network card and VLAN interfaces by name."""
    found = json.loads(router.check_output("ip -json -details address show"))
    return {link["ifname"]: link for link in found if link.get("ifname", "").startswith(("eth", "vlan"))}


def indexes(router) -> dict[str, int]:
    """Interface numbers: one that was made anew has another."""
    return {name: link["ifindex"] for name, link in links(router).items()}


def apply(**variables) -> int:
    """Run the role as the scenario does, with these variables besides; the number of changes."""
    code, out, stats = converge(**variables)
    assert code == 0, out
    return stats["router"]["changed"]


@contextlib.contextmanager
def stream(router, lost: list[str]):
    """100 packets a second to the television network's gateway while the block runs."""
    router.check_output(
        "systemd-run --quiet --collect --unit=stream --property=KillSignal=SIGINT --property=StandardOutput=truncate:/tmp/stream"
        " ping -n -i 0.01 -W 1 10.128.0.1"
    )
    router.check_output("timeout 10 sh -c 'until grep -q time= /tmp/stream; do sleep 0.05; done'")
    try:
        yield
    finally:
        router.check_output("systemctl stop stream")
        sent, received = re.search(
            r"(\d+) packets transmitted, (\d+) received", router.check_output("cat /tmp/stream")
        ).groups()
        # The last packet may still be on its way when ping ends.
        lost += ["lost"] * max(0, int(sent) - int(received) - 1)


ALL = ("vlan2", "vlan3", "vlan6", "vlan100")
AT_ISP = {(2, PCP_IPTV, 1500): 8, (3, PCP_NONE, 1500): 8, (6, PCP_NONE, 1500): 8}


def test_full_frames_arrive_in_their_vlan_with_their_priority(router, isp, pc):
    assert frames(router, isp, pc, 1500, *ALL) == (AT_ISP, {1500: 8})


def test_without_the_map_tags_carry_priority_zero(router, isp, pc):
    router.check_output("ip link set dev vlan2 type vlan egress-qos-map " + " ".join(f"{n}:0" for n in range(8)))
    try:
        assert frames(router, isp, pc, 1500, "vlan2") == ({(2, 0, 1500): 8}, {})
    finally:
        router.check_output(f"ip link set dev vlan2 type vlan egress-qos-map {' '.join(f'{n}:{PCP_IPTV}' for n in range(8))}")


@pytest.fixture
def wide_path(switch, isp):
    """Switch and ISP take the 1508 bytes of PPPoE with an MTU of 1500 (RFC 4638)."""

    def widen(mtu: int) -> None:
        switch.check_output(f"for port in gi1 gi2; do ip link set dev $port mtu {mtu}; done")
        isp.check_output(f"ip link set dev eth0 mtu {mtu}")

    widen(1508)
    yield
    widen(1500)


def test_wide_interface_carries_wide_frames_and_the_others_do_not(router, isp, pc, wide_path):
    assert frames(router, isp, pc, 1508, "vlan6") == ({(6, PCP_NONE, 1508): 8}, {})
    refused = router.run(f"python3 - 1508 vlan3 <<'X'\n{SENDER}\nX")
    assert "Message too long" in refused.stderr


def test_kernel_refuses_a_vlan_wider_than_its_parent(router):
    """Why the parent comes first: the other way round fails."""
    router.check_output("ip link set dev eth0 mtu 1500")
    try:
        assert links(router)["vlan6"]["mtu"] == 1500
        assert router.run("ip link set dev vlan6 mtu 1508").rc != 0
    finally:
        router.check_output("ip link set dev eth0 mtu 1508 && ip link set dev vlan6 mtu 1508")


def test_addresses_answer(router, isp, pc):
    router.check_output("ping -c 1 -W 2 -I vlan2 10.128.0.1")
    pc.check_output("ip address add 192.168.1.50/24 dev eth0")
    try:
        pc.check_output("ping -c 1 -W 2 192.168.1.1")
    finally:
        pc.check_output("ip address delete 192.168.1.50/24 dev eth0")


# A router advertisement (RFC 4861) that offers 2001:db8:6::/64, as a misconfigured or hostile neighbour sends it.
ADVERTISEMENT = """
import ipaddress, socket, struct
source, group = (ipaddress.ip_address(a).packed for a in ("fe80::1", "ff02::1"))
prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xc0, 3600, 3600, 0) + ipaddress.ip_address("2001:db8:6::").packed
def message(checksum):
    return struct.pack("!BBHBBHII", 134, 0, checksum, 64, 0, 1800, 0, 0) + prefix
words = source + group + struct.pack("!II", len(message(0)), 58) + message(0)
total = sum(struct.unpack("!%dH" % (len(words) // 2), words))
total = (total & 0xffff) + (total >> 16)
body = message(~(total + (total >> 16)) & 0xffff)
packet = struct.pack("!IHBB", 0x60000000, len(body), 58, 255) + source + group + body
for name in ("vlan2", "vlan3", "vlan6"):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
        s.bind((name, 0))
        s.send(bytes.fromhex("333300000001") + s.getsockname()[4] + bytes.fromhex("86dd") + packet)
"""


def addresses(router) -> dict[str, list[str]]:
    return {name: [entry["local"] for entry in link["addr_info"]] for name, link in links(router).items()}


def test_no_interface_is_configured_from_outside(router, isp, eventually):
    planned = {"eth0": [], "vlan2": ["10.214.0.10"], "vlan3": [], "vlan6": [], "vlan100": ["192.168.1.1"]}
    assert addresses(router) == planned
    # The control: one of the three takes it, as kernels do by default.
    conf = "/proc/sys/net/ipv6/conf/vlan6"
    before = router.check_output(f"cat {conf}/accept_ra")
    router.check_output(f"echo 2 > {conf}/accept_ra; ip link set dev vlan6 addrgenmode eui64")
    try:
        isp.check_output(f"python3 - <<'X'\n{ADVERTISEMENT}\nX")
        eventually(
            lambda: any(a.startswith("2001:db8:6:") for a in addresses(router)["vlan6"]), 5, "the control to take the prefix"
        )
        assert dict(addresses(router), vlan6=[]) == planned
    finally:
        router.check_output(
            f"echo {before} > {conf}/accept_ra; ip link set dev vlan6 addrgenmode none;"
            " ip -6 address flush dev vlan6; ip -6 route flush dev vlan6"
        )
    isp.check_output(f"python3 - <<'X'\n{ADVERTISEMENT}\nX")
    router.check_output("ping -c 1 -W 2 -I vlan2 10.128.0.1")
    assert addresses(router) == planned


def test_run_without_changes_loses_no_packet_and_makes_nothing_anew(router):
    before = indexes(router)
    lost: list[str] = []
    with stream(router, lost):
        assert apply() == 0
    assert indexes(router) == before
    assert not lost


def test_what_was_changed_by_hand_is_put_right_and_only_that(router, isp, pc):
    before = indexes(router)
    router.check_output(
        "ip link delete dev vlan3 && ip address flush dev vlan100 && ip link set dev eth0 mtu 1500"
        " && ip link set dev vlan2 type vlan egress-qos-map 0:7"
    )
    lost: list[str] = []
    with stream(router, lost):
        assert apply() > 0
    after = indexes(router)
    assert after.pop("vlan3") != before.pop("vlan3")
    assert after == before
    assert not lost
    found = links(router)
    assert (found["eth0"]["mtu"], found["vlan6"]["mtu"]) == (1508, 1508)
    assert [entry["local"] for entry in found["vlan100"]["addr_info"]] == ["192.168.1.1"]
    assert frames(router, isp, pc, 1500, *ALL) == (AT_ISP, {1500: 8})


def test_disabled_service_loses_its_interface_and_no_other(router, eventually):
    before = indexes(router)
    without_voice = [dict(entry, enabled=entry["service"] != "voip") for entry in INTERFACES]
    lost: list[str] = []
    try:
        with stream(router, lost):
            assert apply(vlans_interfaces=without_voice) > 0
        after = indexes(router)
        assert "vlan3" not in after
        assert after == {name: index for name, index in before.items() if name != "vlan3"}
        assert not lost
    finally:
        apply()
    assert "vlan3" in indexes(router)


def test_reboot_keeps_everything_without_ansible(router, isp, pc):
    lab("reboot", "router")
    assert router.run("systemctl --failed --no-legend --plain").stdout == ""
    assert frames(router, isp, pc, 1500, *ALL) == (AT_ISP, {1500: 8})
    assert links(router)["vlan6"]["mtu"] == 1508
    router.check_output("ping -c 1 -W 2 -I vlan2 10.128.0.1")
