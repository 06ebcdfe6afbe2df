# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""rp_filter_info's verdicts against packets: what it says passes arrives, and what it says does not, does not."""

from __future__ import annotations

import os
import socket
import struct

import pytest

SOURCE = "172.26.20.39"
GROUP = "239.0.0.76"
GATEWAY = "10.128.0.1"
OWN = "10.214.0.10"
PORT = 8208
# linux/mroute.h
MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC, VIFF_USE_IFINDEX = 200, 202, 204, 8


class Line:
    """An ISP that can send from any address, and a router with television, Internet and LAN, which forwards the group."""

    def __init__(self, spaces):
        self.isp, self.router, self.lan = spaces(), spaces(), spaces()
        self.isp.cable("tv", self.router, "vlan2")
        self.isp.cable("net", self.router, "ppp0")
        self.router.cable("vlan100", self.lan, "eth0")
        self.isp.run("ip", "address", "add", f"{GATEWAY}/9", "dev", "tv")
        for address in (SOURCE, OWN, "10.255.255.254"):
            self.isp.run("ip", "address", "add", f"{address}/32", "dev", "lo")
        self.router.run("ip", "address", "add", f"{OWN}/9", "dev", "vlan2")
        self.router.run("ip", "address", "add", "80.28.0.10/32", "peer", "80.58.67.163", "dev", "ppp0")
        self.ear = self.listen(self.router, "vlan2")
        self.box = self.listen(self.lan, "eth0")
        self.daemon = self.router.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
        self.forward()

    @staticmethod
    def listen(space, interface):
        """A member of the group."""
        ear = space.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ear.bind(("", PORT))
        request = struct.pack("4s4si", socket.inet_aton(GROUP), bytes(4), space.index(interface))
        ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
        return ear

    def forward(self):
        """Have the kernel forward the group from the television interface into the LAN, as a multicast proxy does."""
        self.daemon.setsockopt(socket.IPPROTO_IP, MRT_INIT, 1)
        for vif, interface in enumerate(("vlan2", "vlan100")):
            request = struct.pack("@HBBIi4s", vif, VIFF_USE_IFINDEX, 1, 0, self.router.index(interface), bytes(4))
            self.daemon.setsockopt(socket.IPPROTO_IP, MRT_ADD_VIF, request)
        for source in (SOURCE, GATEWAY, OWN):
            head = struct.pack("@4s4sH", socket.inet_aton(source), socket.inet_aton(GROUP), 0)
            self.daemon.setsockopt(socket.IPPROTO_IP, MRT_ADD_MFC, head + b"\0\1".ljust(34, b"\0") + bytes(16))

    def send(self, source, destination):
        """One datagram on the television interface."""
        mouth = self.isp.socket(socket.AF_INET, socket.SOCK_DGRAM)
        mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
        mouth.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"tv\0")
        mouth.bind((source, 0))
        mouth.sendto(b"picture", (destination, PORT))
        mouth.close()

    def arrives(self, source, destination):
        """Whether a datagram arrives; of the group, both here and in the LAN.

        One of the gateway, which always does, follows it on the same processor and is the end.
        """
        cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cpus)})
        try:
            self.send(source, destination)
            self.send(GATEWAY, destination)
        finally:
            os.sched_setaffinity(0, cpus)
        answers = set()
        for ear in (self.ear, self.box) if destination == GROUP else (self.ear,):
            seen = []
            while GATEWAY not in seen:
                try:
                    seen.append(ear.recvfrom(2048)[1][0])
                except TimeoutError:
                    counters = self.router.run("sh", "-c", "ip -statistics link; cat /proc/net/ip_mr_cache /proc/net/snmp /proc/net/netstat")
                    pytest.fail(f"{'the router' if ear is self.ear else 'the LAN'} has {seen} of {destination}, and not the gateway's:\n{counters}")
            assert set(seen) <= {source, GATEWAY}
            answers.add(source in seen)
        assert len(answers) == 1, "the group arrives at one of router and LAN only"
        return answers.pop()


@pytest.fixture
def line(spaces):
    return Line(spaces)


ROUTES = {
    "none": [],
    "back": [["172.16.0.0/12", "via", GATEWAY, "dev", "vlan2"]],
    "default": [["default", "dev", "ppp0"]],
    "both": [["172.16.0.0/12", "via", GATEWAY, "dev", "vlan2"], ["default", "dev", "ppp0"]],
    "refused": [["prohibit", "172.16.0.0/12"], ["default", "dev", "ppp0"]],
    "two ways": [["172.16.0.0/12", "nexthop", "dev", "ppp0", "nexthop", "via", GATEWAY, "dev", "vlan2"]],
}
# What the kernel did, cell by cell: T passes, - does not. Columns are conf/all and vlan2 of the values below.
VALUES = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]
KERNEL = {
    "none": "T--------",
    "back": "TTTTTTTTT",
    "default": "T-T--TTTT",
    "both": "TTTTTTTTT",
    "refused": "T--------",
    "two ways": "TTTTTTTTT",
}


@pytest.mark.parametrize("routes", ROUTES)
def test_verdict_is_what_packets_do(line, routes):
    for route in ROUTES[routes]:
        line.router.run("ip", "route", "add", *route)
    cells = ""
    for everywhere, own in VALUES:
        line.router.sysctl("conf/all/rp_filter", everywhere)
        line.router.sysctl("conf/vlan2/rp_filter", own)
        line.router.run("ip", "route", "flush", "cache")
        told = line.router.module("rp_filter_info", sources=[SOURCE], interfaces=["vlan2"])
        assert told["all"] == everywhere
        assert told["interfaces"]["vlan2"]["configured"] == own
        (verdict,) = told["verdicts"]
        group, unicast = line.arrives(SOURCE, GROUP), line.arrives(SOURCE, OWN)
        assert group is unicast is verdict["passes"], (everywhere, own, group, unicast, verdict)
        cells += "T" if group else "-"
    # The module may be wrong with the kernel only if this is wrong too.
    assert cells == KERNEL[routes]


@pytest.mark.parametrize("own", [0, 1, 2])
def test_own_address_never_passes(line, own):
    line.router.sysctl("conf/vlan2/rp_filter", own)
    (verdict,) = line.router.module("rp_filter_info", sources=[OWN], interfaces=["vlan2"])["verdicts"]
    assert verdict["reason"] == "own_address" and not verdict["passes"]
    assert not line.arrives(OWN, GROUP)


@pytest.mark.parametrize("own", [0, 1, 2])
def test_interface_without_address(line, own):
    line.router.run("ip", "address", "flush", "dev", "vlan2")
    line.router.run("ip", "route", "add", "default", "dev", "ppp0")
    # For the datagram that marks the end.
    line.router.run("ip", "route", "add", f"{GATEWAY}/32", "dev", "vlan2")
    line.router.sysctl("conf/vlan2/rp_filter", own)
    told = line.router.module("rp_filter_info", sources=[SOURCE, GATEWAY], interfaces=["vlan2"])["verdicts"]
    assert [one["passes"] for one in told] == [own == 0, True]
    assert line.arrives(SOURCE, GROUP) is told[0]["passes"]


def test_names_and_errors(line):
    told = line.router.module("rp_filter_info", sources=[SOURCE])
    assert set(told["interfaces"]) == {"lo", "vlan2", "ppp0", "vlan100"}
    assert [one["interface"] for one in told["verdicts"]] == ["ppp0", "vlan100", "vlan2"]
    assert told["changed"] is False
    line.router.sysctl("conf/all/rp_filter", 1)
    line.router.sysctl("conf/vlan2/rp_filter", 0)
    assert line.router.module("rp_filter_info")["interfaces"]["vlan2"] == {
        "configured": 0, "effective": 1, "mode": "strict", "raised": True,
    }  # fmt: skip
    failed = line.router.module("rp_filter_info", interfaces=["vlan3"])
    assert failed["failed"] and "no interface vlan3" in failed["msg"]
    failed = line.router.module("rp_filter_info", sources=["vlan2"])
    assert failed["failed"] and "'vlan2'" in failed["msg"]
