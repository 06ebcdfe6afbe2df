# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""multicast_info against a kernel that forwards: the test is the daemon, with the kernel's own socket options."""

from __future__ import annotations

import contextlib
import socket
import struct

import pytest

# linux/mroute.h
MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC, MRT_DEL_MFC = 200, 202, 204, 205
GROUP, ORIGIN = "239.0.0.76", "10.128.0.1"
SIZE = 1316
HEADERS = 28


class Router:
    """A head end, a router between television and LAN, and somebody in the LAN."""

    def __init__(self, spaces):
        self.isp, self.router, self.lan = spaces(), spaces(), spaces()
        self.isp.cable("tv", self.router, "vlan2")
        self.router.cable("vlan100", self.lan, "eth0")
        self.isp.run("ip", "address", "add", f"{ORIGIN}/9", "dev", "tv")
        self.router.run("ip", "address", "add", "10.214.0.10/9", "dev", "vlan2")
        self.router.run("ip", "address", "add", "192.168.1.1/24", "dev", "vlan100")
        self.lan.run("ip", "address", "add", "192.168.1.50/24", "dev", "eth0")
        self.mouth = self.isp.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(ORIGIN))
        self.mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
        self.ear = self.lan.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.ear.bind(("", 8208))
        self.ear.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4si", socket.inet_aton(GROUP), bytes(4), self.lan.index("eth0"))
        )
        self.daemon = self.router.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)

    def start_daemon(self):
        """Take the kernel's multicast routing, with virtual interfaces 0 and 2 as in the seed's listing."""
        self.daemon.setsockopt(socket.IPPROTO_IP, MRT_INIT, 1)
        for vif, local in ((0, "10.214.0.10"), (2, "192.168.1.1")):
            self.daemon.setsockopt(
                socket.IPPROTO_IP, MRT_ADD_VIF, struct.pack("HBBI4s4s", vif, 0, 1, 0, socket.inet_aton(local), bytes(4))
            )

    def mfc(self, command, vif=0, group=GROUP):
        """Add or delete a route of the group from a virtual interface to number 2."""
        ttls = bytearray(32)
        ttls[2] = 1
        self.daemon.setsockopt(
            socket.IPPROTO_IP, command,
            struct.pack("4s4sH32sIIIi", socket.inet_aton(ORIGIN), socket.inet_aton(group), vif, bytes(ttls), 0, 0, 0, 0),
        )  # fmt: skip

    def play(self, packets, group=GROUP):
        """Send packets of the group."""
        for _packet in range(packets):
            self.mouth.sendto(bytes(SIZE), (group, 8208))


@pytest.fixture
def house(spaces):
    return Router(spaces)


def test_host_without_a_daemon(house):
    told = house.router.module("multicast_info")
    assert told["multicast_routing"] is False
    assert told["routes"] == [] and told["interfaces"] == {} and told["seconds"] == 0
    assert set(told["memberships"]) == {"lo", "vlan2", "vlan100"}
    # Not this test's host's, but the namespace's.
    assert "eth0" in house.lan.module("multicast_info")["memberships"]


def test_route_counts_what_was_forwarded(house):
    house.start_daemon()
    house.mfc(MRT_ADD_MFC)
    house.play(20)
    for _packet in range(20):
        assert len(house.ear.recv(2048)) == SIZE
    told = house.router.module("multicast_info")
    assert told["multicast_routing"] is True
    assert told["routes"] == [
        {
            "group": GROUP, "origin": ORIGIN, "resolved": True, "input_interface": "vlan2", "output_interfaces": ["vlan100"],
            "packets": 20, "bytes": 20 * (SIZE + HEADERS), "wrong_interface": 0,
            "packets_per_second": None, "bits_per_second": None, "wrong_interface_per_second": None,
        }
    ]  # fmt: skip
    assert told["interfaces"]["vlan2"] == {
        "index": 0, "bytes_in": 20 * (SIZE + HEADERS), "packets_in": 20, "bytes_out": 0, "packets_out": 0, "local": "10.214.0.10",
    }  # fmt: skip
    assert told["interfaces"]["vlan100"]["packets_out"] == 20


def test_packets_by_the_wrong_interface_and_unresolved_ones(house):
    house.start_daemon()
    # The route expects the group from the LAN, and it comes from the ISP.
    house.mfc(MRT_ADD_MFC, vif=2)
    house.play(7)
    house.play(3, "239.255.255.250")
    routes = {route["group"]: route for route in house.router.module("multicast_info")["routes"]}
    assert routes[GROUP]["wrong_interface"] == 7 and routes[GROUP]["input_interface"] == "vlan100"
    waiting = routes["239.255.255.250"]
    assert waiting["resolved"] is False and waiting["input_interface"] is None
    assert waiting["output_interfaces"] == [] and waiting["packets"] == 0


def test_rates(house, eventually):
    house.start_daemon()
    house.mfc(MRT_ADD_MFC)
    house.mfc(MRT_ADD_MFC, group="239.0.0.77")
    house.play(5, "239.0.0.77")
    # 200 packets a second, sent by a process of its own.
    sender = house.isp.start(
        "python3", "-c",
        "import socket, time\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton({ORIGIN!r}))\n"
        "s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)\n"
        "due = time.monotonic()\n"
        "while True:\n"
        f"    s.sendto(bytes({SIZE}), ({GROUP!r}, 8208))\n"
        "    due += 0.005\n"
        "    time.sleep(max(0, due - time.monotonic()))\n",
    )  # fmt: skip
    house.ear.recv(2048)
    told = house.router.module("multicast_info", sample=1)
    assert sender.poll() is None
    assert 1 <= told["seconds"] < 3
    routes = {route["group"]: route for route in told["routes"]}
    assert 150 < routes[GROUP]["packets_per_second"] < 250
    assert routes[GROUP]["bits_per_second"] == pytest.approx(routes[GROUP]["packets_per_second"] * (SIZE + HEADERS) * 8, rel=0.01)
    assert routes["239.0.0.77"]["packets_per_second"] == 0 and routes["239.0.0.77"]["packets"] == 5


def test_memberships_and_igmp_version(house):
    assert GROUP in house.lan.module("multicast_info")["memberships"]["eth0"]["groups"]
    assert house.lan.module("multicast_info")["memberships"]["eth0"]["igmp_version"] == 3
    house.lan.sysctl("conf/eth0/force_igmp_version", 2)
    assert house.lan.module("multicast_info")["memberships"]["eth0"]["igmp_version"] == 2


def test_interface_that_went_away(house):
    house.start_daemon()
    house.mfc(MRT_ADD_MFC)
    house.router.run("ip", "link", "delete", "vlan100")
    with contextlib.suppress(OSError):
        house.play(1)
    (route,) = house.router.module("multicast_info")["routes"]
    assert route["input_interface"] == "vlan2" and route["output_interfaces"] == []


def test_sample_out_of_bounds(house):
    for sample in (-1, 61, "nan"):
        failed = house.router.module("multicast_info", sample=sample)
        assert failed["failed"] and "0 to 60" in failed["msg"]
