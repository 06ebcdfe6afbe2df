# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's head end on one end of a cable, multicast_probe and the lab's set-top box on the other."""

from __future__ import annotations

import contextlib
import http.server
import json
import socket
import struct
import sys
import threading
import time
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).resolve().parents[3] / "lab" / "tv"
CHANNEL, SECOND = "239.0.0.76", "239.0.0.2"
SOURCE, SECOND_SOURCE = "172.26.72.17", "172.26.20.39"
BOX = "10.214.0.20"
DNS, PORTAL, ACS = "172.26.23.3", "172.23.103.134", "80.58.63.218"
OPCH = ":::::239.0.2.10:22222:v6.0:239.0.2.30:22222"


class Television:
    """Head end and set-top box."""

    def __init__(self, spaces, folder, eventually):
        self.isp, self.home, self.eventually = spaces(), spaces(), eventually
        self.isp.cable("vlan2", self.home, "eth0")
        self.isp.run("ip", "address", "add", "10.128.0.1/9", "dev", "vlan2")
        self.home.run("ip", "address", "add", f"{BOX}/9", "dev", "eth0")
        self.control = folder / "headend.sock"
        self.process = None

    def start(self, *settings, channels=48):
        """Switch the head end on."""
        self.process = self.isp.start(
            sys.executable, str(PROGRAMS / "headend.py"), "run", "--interface", "vlan2", "--control", str(self.control),
            "--channels", str(channels), "--set", *settings,
        )  # fmt: skip
        assert "head end on vlan2" in self.process.stdout.readline()

    def ctl(self, *words):
        """Ask or tell the head end by its command line."""
        return json.loads(self.isp.run(sys.executable, str(PROGRAMS / "headend.py"), "ctl", "--control", str(self.control), *words))

    def status(self):
        """The same as "ctl status", without a new process for each look."""
        with socket.socket(socket.AF_UNIX) as talk:
            talk.connect(str(self.control))
            talk.sendall(b'{"status": null}\n')
            return json.loads(talk.makefile().readline())

    def group(self, address=CHANNEL):
        """The head end's view of a group."""
        return self.status()["groups"][address]

    def happened(self, address=CHANNEL):
        """What happened to a group."""
        return [event["event"] for event in self.status()["events"] if event["group"] == address]

    def probe(self, group=CHANNEL, **arguments):
        """multicast_probe at the home's end."""
        return self.home.module("multicast_probe", **{"interface": "eth0", "group": group, "timeout": 2, "duration": 0.5, **arguments})

    def join(self, group=CHANNEL, interface="eth0"):
        """Be a member until the socket is closed."""
        member = self.home.socket(socket.AF_INET, socket.SOCK_DGRAM)
        member.setsockopt(
            socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4si", socket.inet_aton(group), bytes(4), self.home.index(interface))
        )
        return member

    def box(self, *arguments):
        """Start the set-top box."""
        return self.home.start(sys.executable, str(PROGRAMS / "settopbox.py"), "--interface", "eth0", *arguments)

    @staticmethod
    def report(box):
        """The set-top box's report once it has ended."""
        out, err = box.communicate(timeout=60)
        assert out.startswith("{"), err
        assert "Traceback" not in err
        return json.loads(out)


@pytest.fixture
def television(spaces, tmp_path, eventually):
    return Television(spaces, tmp_path, eventually)


# --- the probe


def test_channel_flows_while_it_is_wanted(television):
    television.start()
    assert not television.group()["flowing"]
    told = television.probe(duration=1)
    assert told["received"] and told["framing"] == "rtp" and told["joined_before"] is False
    assert told["rtp"]["lost"] == told["ts"]["continuity_errors"] == told["overflow"] == told["reverse_path_drops"] == 0
    assert told["sources"] == {SOURCE: told["packets"]}
    assert told["ts"]["pids"] == 3 and told["ts"]["packets"] == told["packets"] * 7
    assert told["bit_rate"] == pytest.approx(3_000_000 * 1328 / 1316, rel=0.1)
    # The kernel reports at once, so that what counts is the head end's start and two of the kernel's ticks.
    assert 0 < told["first_packet_ms"] < 500
    assert "3.0 Mbit/s of RTP, 0 lost" in told["msg"]
    # Left at the end: nothing more is sent.
    television.eventually(lambda: "prune" in television.happened(), 5, "the head end to see the leave")
    assert television.happened()[:2] == ["join", "flow"]
    assert not television.group()["flowing"] and television.group()["members"] == []


def test_loss_is_seen(television):
    television.start("drop_every=10")
    told = television.probe(duration=1)
    assert told["rtp"]["lost"] == pytest.approx(told["packets"] / 9, abs=2)
    # One datagram carries seven packets of the video, and sometimes one of the tables.
    assert told["ts"]["continuity_errors"] >= told["rtp"]["lost"]
    assert told["ts"]["continuity_errors_by_pid"]["257"] == told["rtp"]["lost"]


def test_transport_stream_without_rtp(television):
    television.start("rtp=false", "drop_every=20")
    told = television.probe()
    assert told["framing"] == "udp" and told["rtp"]["packets"] == 0
    assert told["ts"]["continuity_errors"] > 0 and "UDP without RTP" in told["msg"]


def test_announcement_is_no_transport_stream(television):
    television.start()
    told = television.probe("239.0.2.30", port=22222, duration=0)
    assert told["received"] and told["framing"] == "unknown" and told["bit_rate"] == 0


def test_nothing_comes(television):
    television.start()
    told = television.probe("239.9.9.9", timeout=0.3)
    assert told.get("failed") is None and told["received"] is False and told["first_packet_ms"] is None
    assert told["framing"] == "none" and "nothing came within 0.3 s" in told["msg"]


def test_reverse_path_filter_is_named(television):
    television.start()
    television.home.sysctl("conf/eth0/rp_filter", 1)
    told = television.probe(timeout=0.5)
    assert told["received"] is False and told["reverse_path_drops"] > 10 and "rp_filter dropped" in told["msg"]
    television.home.run("ip", "route", "add", "172.16.0.0/12", "dev", "eth0")
    assert television.probe()["received"]


def test_one_source_only(television):
    television.start()
    told = television.probe(source=SOURCE)
    assert told["received"] and told["sources"].keys() == {SOURCE}
    told = television.probe(source=SECOND_SOURCE, timeout=0.5)
    assert not told["received"]
    # Asked for and refused: the head end has seen the join, and sends nobody what nobody wants.
    assert television.happened().count("join") == 2 and television.happened().count("flow") == 1


def test_other_interfaces_group_is_not_heard(television):
    television.start()
    television.isp.cable("lan", television.home, "eth1")
    television.isp.run("ip", "address", "add", "192.168.1.1/24", "dev", "lan")
    with television.join("239.9.9.9", "eth1"):
        television.isp.start(
            sys.executable, "-c",
            "import socket, time\n"
            "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
            "s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('192.168.1.1'))\n"
            "while True:\n"
            "    s.sendto(b'x', ('239.9.9.9', 8208))\n"
            "    time.sleep(0.01)\n",
        )  # fmt: skip
        assert television.probe("239.9.9.9", interface="eth1")["packets"] > 1
        assert not television.probe("239.9.9.9", timeout=0.5)["received"]


def test_membership_that_was_there_before_is_told(television):
    television.start()
    member = television.join()
    television.eventually(lambda: television.group()["flowing"], 5, "the first member's stream")
    assert television.probe()["joined_before"] is True
    # The probe leaves its own membership only.
    assert television.group()["flowing"]
    member.close()
    television.eventually(lambda: not television.group()["flowing"], 5, "the last member's leave")


def test_arguments_that_cannot_be(television):
    television.home.run("ip", "link", "add", "down0", "type", "veth", "peer", "name", "down1")
    for arguments, words in (
        ({"interface": "vlan9"}, "no interface vlan9"), ({"interface": "down0"}, "down0 is down"), ({"group": "10.0.0.1"}, "group is 10.0.0.1"),
        ({"group": "x"}, "no IPv4 address"), ({"source": "239.0.0.1"}, "source is 239.0.0.1"), ({"port": 0}, "port is 0"),
        ({"timeout": 0}, "timeout is 0"), ({"timeout": "nan"}, "timeout is nan"), ({"duration": 601}, "duration is 601"),
    ):  # fmt: skip
        failed = television.home.module("multicast_probe", **{"interface": "eth0", "group": CHANNEL, "timeout": 0.1, **arguments})
        assert failed.get("failed") and words in failed["msg"], failed


def test_kernel_without_room_for_the_group(television):
    television.home.sysctl("igmp_max_memberships", 0)
    failed = television.probe(timeout=0.1)
    assert failed["failed"] and "igmp_max_memberships" in failed["msg"]


# --- the head end


@pytest.mark.parametrize(("queries", "version"), [("none", 2), ("zero", 2), ("gateway", 2), ("zero", 3), ("gateway", 3)])
def test_member_that_is_not_asked_is_forgotten(television, queries, version):
    television.start(
        "membership_timeout=1", f"queries={queries}", f"query_version={version}", "query_interval=0.25", "query_response=0.1", "rate=300000"
    )
    # A host repeats its first report after a random part of this time, which is 1 s unless told: as long as the timeout.
    television.home.sysctl("conf/eth0/igmpv3_unsolicited_report_interval", 50)
    with television.join():
        television.eventually(lambda: television.group()["flowing"], 5, "the stream")
        if queries == "none":
            television.eventually(lambda: "expire" in television.happened(), 5, "the membership timeout")
            assert not television.group()["flowing"] and television.group()["expired"] == 1
        else:
            # Every report begins the time anew; six of them take longer than the timeout.
            before = television.group()["reports"]
            television.eventually(lambda: television.group()["reports"] >= before + 6, 15, "six reports")
            assert television.group()["expired"] == 0 and television.group()["flowing"]
            queried = [event for event in television.status()["events"] if event["event"] == "query"]
            assert {event["host"] for event in queried} == {"0.0.0.0" if queries == "zero" else "10.128.0.1"}


def test_ways_to_leave(television):
    television.start("leave=query", "last_member_time=0.5", "rate=300000")
    television.home.sysctl("conf/eth0/force_igmp_version", 2)

    def left():
        with television.join():
            television.eventually(lambda: television.group()["flowing"], 5, "the stream")
        television.eventually(lambda: "leave" in television.happened(), 5, "the leave")
        television.eventually(lambda: not television.group()["flowing"], 5, "the end of the stream")
        events = {event["event"]: event["at"] for event in television.status()["events"] if event["group"] == CHANNEL}
        television.ctl("reset")
        return events

    asked = left()
    assert asked["prune"] - asked["leave"] >= 0.49 and "query" in asked
    television.ctl("set", "leave=immediate")
    at_once = left()
    assert at_once["prune"] - at_once["leave"] < 0.1 and "query" not in at_once
    television.ctl("set", "leave=ignore", "membership_timeout=1")
    ignored = left()
    assert "expire" in ignored and ignored["expire"] - ignored["join"] >= 0.99


def test_forty_groups_at_once(television):
    television.start("rate=200000")
    channels = sorted(address for address, group in television.status()["groups"].items() if group["port"] == 8208)[:40]
    television.home.sysctl("igmp_max_memberships", 512)
    member = television.home.socket(socket.AF_INET, socket.SOCK_DGRAM)
    member.bind(("", 8208))
    index = television.home.index("eth0")
    for channel in channels:
        member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4si", socket.inet_aton(channel), bytes(4), index))

    def flowing():
        groups = television.status()["groups"]
        return all(groups[channel]["packets"] > 10 for channel in channels)

    television.eventually(flowing, 15, "forty streams")
    assert len({group["source"] for group in television.status()["groups"].values()}) >= 5


def test_group_that_nobody_sends_is_noted(television):
    television.start()
    with television.join("239.255.255.250"):
        television.eventually(lambda: television.status()["unknown"].get("239.255.255.250"), 5, "the foreign group")


def test_commands_that_cannot_be(television):
    television.start()
    for words in (["set", "queries=maybe"], ["set", "rat=1"], ["set", "rate=-1"], ["query", "nobody"]):
        with pytest.raises(AssertionError, match="headend: "):
            television.ctl(*words)
    for rubbish in (b"rubbish\n", b"[]\n", b"{}\n", b'{"set": {"rate": Infinity}}\n', b'{"set": {"rate": [1]}}\n', b'{"set": 1}\n', b"\xff\n", b"\n"):
        with socket.socket(socket.AF_UNIX) as talk:
            talk.connect(str(television.control))
            talk.sendall(rubbish)
            assert b"error" in talk.recv(4096)
    # Somebody who says nothing, and somebody who does not wait.
    with socket.socket(socket.AF_UNIX) as talk:
        talk.connect(str(television.control))
        assert talk.recv(4096) == b""
    with socket.socket(socket.AF_UNIX) as talk:
        talk.connect(str(television.control))
        talk.sendall(b'{"status": null}\n')
    assert television.ctl("set", "rate=123456")["settings"]["rate"] == 123456


def test_head_end_outlives_its_cable(television):
    television.start("queries=gateway", "query_interval=0.1")
    with television.join():
        television.eventually(lambda: television.group()["flowing"], 5, "the stream")
        television.isp.run("ip", "link", "set", "vlan2", "down")
        television.eventually(lambda: television.group()["errors"] > 10, 5, "packets that cannot be sent")
        television.isp.run("ip", "link", "set", "vlan2", "up")
        assert television.probe()["received"]
    assert television.process.poll() is None


def test_head_end_ends_when_told(television):
    television.start()
    television.join()
    television.eventually(lambda: television.group()["flowing"], 5, "the stream")
    television.process.terminate()
    assert television.process.wait(5) == 0
    assert not television.control.exists()
    with pytest.raises(AssertionError, match="no head end answers"):
        television.ctl("status")
    again = television.isp.start(sys.executable, str(PROGRAMS / "headend.py"), "run", "--interface", "nobody")
    assert again.wait(5) == 1 and "cannot begin on nobody" in again.stderr.read()


# --- the set-top box


class Services:
    """DHCP, DNS, ACS and portal of the ISP and the router, each switchable; in the lab they are real servers."""

    def __init__(self, television):
        self.isp = television.isp
        self.silent = set()
        self.asked = threading.Event()
        self.status = 200
        self.option_125 = False
        for address in (DNS, PORTAL, ACS):
            self.isp.run("ip", "address", "add", f"{address}/32", "dev", "lo")
        television.home.run("ip", "route", "add", "default", "via", "10.128.0.1")
        self.dhcp = self.isp.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.dhcp.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.dhcp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"vlan2\0")
        self.dhcp.bind(("", 67))
        self.dns = self.isp.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.dns.bind((DNS, 53))
        self.acs = self.isp.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.acs.bind((ACS, 7008))
        self.acs.listen(5)
        self.portal = self.isp.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.portal.bind((PORTAL, 2001))
        self.portal.listen(5)
        for sock in (self.dhcp, self.dns, self.portal):
            sock.settimeout(None)
        for work in (self.serve_dhcp, self.serve_dns, self.serve_portal):
            threading.Thread(target=self.until_closed, args=(work,), daemon=True).start()

    @staticmethod
    def until_closed(work):
        """Serve until the test closes the socket."""
        with contextlib.suppress(OSError):
            while True:
                work()

    def serve_dhcp(self):
        body, _address = self.dhcp.recvfrom(2048)
        if "dhcp" in self.silent:
            return
        kind = body[body.index(b"\x35\x01") + 2]
        options = bytes((53, 1, 2 if kind == 1 else 5, 54, 4, 10, 128, 0, 1, 51, 4, 0, 0, 1, 0, 1, 4, 255, 128, 0, 0))
        options += bytes((3, 4, 10, 128, 0, 1, 6, 4, 172, 26, 23, 3, 26, 2, 5, 216))
        if "opch" not in self.silent:
            options += bytes((240, len(OPCH))) + OPCH.encode()
        if self.option_125:
            options += bytes((125, 5)) + bytes(5)
        reply = b"\x02" + body[1:16] + socket.inet_aton(BOX) + bytes(8) + body[28:240] + options + b"\xff"
        self.dhcp.sendto(reply, ("255.255.255.255", 68))

    def serve_dns(self):
        query, client = self.dns.recvfrom(512)
        self.asked.set()
        if "dns" in self.silent:
            return
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        kind = int.from_bytes(query[at + 1 : at + 3], "big")
        known = {("imagenio.telefonica.net", 6): b"\0\0" + bytes(20), ("www-60.svc.imagenio.telefonica.net", 1): socket.inet_aton(PORTAL)}
        known["main.acs.telefonica.net", 1] = socket.inet_aton(ACS)
        data = known.get((".".join(labels), kind))
        head = query[:2] + struct.pack("!HHHHH", 0x8180 if data else 0x8183, 1, 1 if data else 0, 0, 0)
        found = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data if data else b""
        self.dns.sendto(head + query[12 : at + 5] + found, client)

    def serve_portal(self):
        connection, _address = self.portal.accept()
        with connection:
            request = connection.recv(4096).decode()
            body = json.dumps({"resultCode": 0, "resultText": "OK", "resultData": {"dvbConfig": {"dvbipiEntryPoint": "239.0.2.129:3937"}}})
            assert "GET /appserver/mvtv.do?action=getPlatformProfile HTTP/1.0" in request
            words = http.server.BaseHTTPRequestHandler.responses[self.status][0]
            connection.sendall(f"HTTP/1.0 {self.status} {words}\r\nContent-Type: application/json\r\n\r\n{body}".encode())


@pytest.fixture
def services(television):
    television.start("rate=1000000")
    return Services(television)


QUICK = ("--patience", "1.5", "--play", "0.5", "--zaps", "2")


def test_box_boots_and_shows_television(television, services):
    report = television.report(television.box(*QUICK))
    assert report["ok"] and report["stopped_at"] is None, report
    steps = {step["step"]: step for step in report["steps"]}
    assert list(steps) == ["dhcp", "address", "opch", "services", "dns", "acs", "portal", "guide", "channel", "zap", "leave"]
    assert all(step["ok"] and step["seconds"] >= 0 for step in steps.values())
    lease = steps["dhcp"]["evidence"]
    assert lease["option_240"] == OPCH and len(lease["option_240_hex"]) == 86 and lease["dns"] == [DNS] and lease["address"] == BOX
    assert steps["opch"]["evidence"]["portal"] == "http://www-60.svc.imagenio.telefonica.net:2001"
    assert all(steps["services"]["evidence"]["groups"].values())
    assert steps["acs"]["evidence"]["answer"] == "connected"
    assert steps["guide"]["evidence"] == {"list": "239.0.2.131:3937", "channels": 48}
    assert steps["channel"]["evidence"]["packets"] > 20 and steps["channel"]["evidence"]["lost"] == 0
    assert [zap["to"] for zap in steps["zap"]["evidence"]["zaps"]] == [SECOND, "239.0.9.129"]
    assert all(zap["join_ms"] < 500 and zap["leave_ms"] < 1500 for zap in steps["zap"]["evidence"]["zaps"])
    # Everything it joined, it has left.
    television.eventually(
        lambda: not any(group["members"] for group in television.status()["groups"].values()), 5, "the box's leaves"
    )


def test_box_puts_its_lease_on_the_interface(television, services):
    television.home.run("ip", "address", "flush", "dev", "eth0")
    report = television.report(television.box("--steps", "dhcp,address"))
    assert report["stopped_at"] == "address" and "no address" in report["reason"]
    report = television.report(television.box("--steps", "dhcp,address,dns", "--apply"))
    assert report["ok"], report
    (link,) = json.loads(television.home.run("ip", "-json", "-4", "address", "show", "dev", "eth0"))
    assert [(address["local"], address["prefixlen"]) for address in link["addr_info"]] == [(BOX, 9)]
    assert link["mtu"] == 1496


@pytest.mark.parametrize(
    ("broken", "step", "words"),
    [
        ("opch", "dhcp", "no option 240"),
        ("option 125", "dhcp", "option 125"),
        ("head end", "opch", "nothing comes from 239.0.2.30:22222"),
        ("dns", "dns", "172.26.23.3 does not answer"),
        ("acs", "acs", "neither connects nor refuses"),
        ("portal", "portal", "404 Not Found"),
        ("province", "guide", "no channel list for province 99"),
        ("rp_filter", "opch", "nothing comes from"),
    ],
)
def test_box_says_where_it_stopped(television, services, broken, step, words):
    arguments = list(QUICK)
    if broken == "option 125":
        services.option_125 = True
    elif broken == "head end":
        television.process.terminate()
        television.process.wait(5)
    elif broken == "acs":
        # A firewall that drops, and does not refuse.
        television.isp.run("ip", "address", "delete", f"{ACS}/32", "dev", "lo")
        television.isp.run("ip", "route", "add", "blackhole", ACS)
        television.isp.sysctl("ip_forward", 1)
    elif broken == "portal":
        services.status = 404
    elif broken == "province":
        arguments += ["--province", "99"]
    elif broken == "rp_filter":
        television.home.sysctl("conf/eth0/rp_filter", 1)
        television.home.run("ip", "route", "replace", "default", "dev", "lo")
    else:
        services.silent.add(broken)
    box = television.box(*arguments)
    report = television.report(box)
    assert box.returncode == 1
    assert report["ok"] is False and report["stopped_at"] == step, report
    assert words in report["reason"]
    assert report["steps"][-1]["step"] == step and not report["steps"][-1]["ok"]


def test_box_goes_on_when_the_configuration_server_refuses(television, services):
    services.acs.close()
    report = television.report(television.box(*QUICK, "--steps", "address,acs"))
    assert report["ok"] and report["steps"][-1]["evidence"]["answer"].startswith("refused")


def test_box_watches_until_it_is_told_and_leaves(television, services):
    box = television.box("--steps", "address,channel,leave", "--watch", f"{CHANNEL}:8208", "--play", "0")
    television.eventually(lambda: television.group()["packets"] > 100, 15, "a second of television")
    box.terminate()
    report = television.report(box)
    assert report["ok"] and box.returncode == 0
    channel, leave = report["steps"][1:]
    assert channel["evidence"]["ended"] == "by SIGTERM" and channel["evidence"]["lost"] == 0 and channel["evidence"]["packets"] > 90
    assert leave["evidence"]["leave_ms"] < 1000


def test_box_sees_loss(television, services):
    television.ctl("set", "drop_every=10")
    report = television.report(television.box("--steps", "channel,leave", "--watch", f"{CHANNEL}:8208", "--play", "1"))
    (channel, _leave) = report["steps"]
    assert channel["evidence"]["lost"] == pytest.approx(channel["evidence"]["packets"] / 9, abs=2)
    assert all(0 < at < 2 and count == 1 for at, count in channel["evidence"]["lost_at"]) and channel["evidence"]["lost_at"]


def test_box_sees_the_picture_freeze(television, services):
    television.ctl("set", "membership_timeout=1")
    report = television.report(television.box("--steps", "address,channel,leave", "--watch", f"{CHANNEL}:8208", "--play", "20", "--patience", "1"))
    assert report["stopped_at"] == "channel" and "the picture freezes" in report["reason"]


def test_box_ends_at_once_elsewhere(television, services):
    services.silent.add("dns")
    box = television.box("--steps", "address,dns")
    # Told earlier, it would end between two steps.
    assert services.asked.wait(10)
    told = time.monotonic()
    box.terminate()
    report = television.report(box)
    assert time.monotonic() - told < 1 and report["stopped_at"] == "dns" and "SIGTERM" in report["reason"]


def test_silence_at_the_end_is_a_gap(television, services):
    television.ctl("set", "membership_timeout=1")
    report = television.report(television.box("--steps", "channel", "--watch", f"{CHANNEL}:8208", "--play", "5"))
    assert report["ok"] and report["steps"][0]["evidence"]["longest_gap_ms"] > 1500


def test_box_watches_many_channels_at_once(television, services):
    television.ctl("set", "rate=200000")
    report = television.report(television.box("--steps", "guide,groups", "--groups", "40", "--play", "1"))
    assert report["ok"], report
    evidence = report["steps"][1]["evidence"]
    assert (evidence["asked"], evidence["playing"], evidence["dark"], evidence["lost"]) == (40, 40, [], 0)
    assert evidence["packets"] > 40 * 10 and evidence["slowest_join_ms"] < 1000
    report = television.report(television.box("--steps", "groups", "--groups", "2", "--watch", f"{CHANNEL}:8208"))
    assert report["stopped_at"] == "groups" and "1 channels are known, not 2" in report["reason"]


def test_box_names_the_channels_that_are_dark(television, services):
    watch = f"{CHANNEL}:8208,239.9.9.9:8208"
    report = television.report(television.box("--steps", "groups", "--groups", "2", "--watch", watch, "--patience", "1", "--play", "0.5"))
    assert report["stopped_at"] == "groups" and "1 of 2 channels are dark: 239.9.9.9" in report["reason"]
    assert report["steps"][0]["evidence"]["playing"] == 1
