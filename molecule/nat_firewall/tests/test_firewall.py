# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall alone: forwards, rules, other people's tables, the boot, and what it refuses."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from house import ROOT, capture, lab, play

WEB = "203.0.113.80"
OUTSIDE = "203.0.113.66"
PC = "192.168.1.50"
PAGE = f"curl --silent --fail --max-time 4 http://{WEB}/"
LOAD = "nft --file /etc/homerouter/firewall.nft"
SESSION = str(ROOT / "molecule" / "nat_firewall" / "session.yml")
# Answers each connection with the address from which it came.
ECHO = """
import socketserver, sys
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(self.client_address[0].encode())
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
Server(("", int(sys.argv[1])), Handler).serve_forever()
"""

GATEWAY, SENDER, VOD = "10.128.0.1", "172.26.77.58", "172.26.83.137"
GROUP, FOREIGN_GROUP = "239.0.9.129", "239.1.9.129"
# Joins two groups on an interface each and prints who sends what: sender and port of each datagram, or the type of an IGMP message (RFC 2236, section 2.1).
RECEIVER = """
import select, socket, struct, sys
sockets = []
for port in (8208, 888):
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.bind(("", port))
    sockets.append(sock)
sockets.append(socket.socket(socket.AF_INET, socket.SOCK_RAW, 2))
for interface in sys.argv[1].split(","):
    for group in sys.argv[2].split(","):
        member = struct.pack("4s4si", socket.inet_aton(group), bytes(4), socket.if_nametoindex(interface))
        sockets[0].setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
print("ready", flush=True)
while True:
    for sock in select.select(sockets, [], [])[0]:
        data, sender = sock.recvfrom(2048)
        print(sender[0], f"igmp{data[(data[0] & 15) * 4]:x}" if sock.type == socket.SOCK_RAW else sock.getsockname()[1], flush=True)
"""
# Sends a datagram by an interface from any address: source, source port, destination, port, interface.
SENDER_PROGRAM = """
import socket, struct, sys
source, source_port, target, port, interface = sys.argv[1:]
sock = socket.socket(type=socket.SOCK_DGRAM)
sock.setsockopt(socket.IPPROTO_IP, 19, 1)  # IP_TRANSPARENT
sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), socket.if_nametoindex(interface)))
sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
sock.bind((source, int(source_port)))
sock.sendto(b"x" * 64, (target, int(port)))
"""
# Asks the television network's resolver for a name there; prints the number of the question that it answers.
QUESTION = """
import socket
sock = socket.socket(type=socket.SOCK_DGRAM)
sock.settimeout(4)
name = b"".join(bytes([len(label)]) + label for label in (b"imagenio", b"telefonica", b"net"))
sock.sendto(bytes.fromhex("123401000001000000000000") + name + bytes.fromhex("0000060001"), ("172.26.23.3", 53))
print(sock.recv(512)[:2].hex())
"""
# Sends an IGMPv2 message (RFC 2236) with the Router Alert option as a frame: source, destination, type, group, interface.
IGMP_PROGRAM = """
import socket, struct, sys
def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return struct.pack("!H", 0xFFFF & ~(total + (total >> 16)))
source, target, kind, group, interface = sys.argv[1:]
igmp = struct.pack("!BBH4s", int(kind, 16), 100, 0, socket.inet_aton(group))
head = struct.pack("!BBHHHBBH4s4sI", 0x46, 0xC0, 32, 0, 0, 1, 2, 0, socket.inet_aton(source), socket.inet_aton(target), 0x94040000)
packet = head[:10] + checksum(head) + head[12:] + igmp[:2] + checksum(igmp) + igmp[4:]
low = socket.inet_aton(target)
with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0x0800) as sock:
    sock.sendto(packet, (interface, 0x0800, 0, 0, bytes([1, 0, 0x5E, low[1] & 127, low[2], low[3]])))
"""


# Variables that an earlier test has applied: the example home's own firewall is put back only where a test needs it.
CHANGED: dict[str, Any] = {}


def apply(*arguments: str, **variables: Any) -> tuple[int, str, dict[str, Any]]:
    """Run the role on the example home with further variables."""
    return play("homerouter.tripleplay.site", "--tags", "nat_firewall", "-e", json.dumps(variables), *arguments)


def applied(*arguments: str, **variables: Any) -> tuple[str, dict[str, int]]:
    """The same where it must succeed: output and the router's recap."""
    code, out, stats = apply(*arguments, **variables)
    assert code == 0, out
    CHANGED.update(variables)
    return out, stats["router"]


@pytest.fixture(scope="module", autouse=True)
def address(pc):
    """The PC has a fixed address: there is no DHCP server in this scenario."""
    pc.check_output(
        f"systemctl stop dhcp-client; ip address flush dev eth0; ip link set dev eth0 mtu 1500; ip address add {PC}/24 dev eth0; "
        "ip route replace default via 192.168.1.1"
    )
    yield
    pc.check_output("ip address flush dev eth0; systemctl start dhcp-client")


@pytest.fixture(scope="module")
def listeners(pc, router):
    """Services on the PC and on the router that say who asks."""
    for host, ports in ((pc, (8080, 5001)), (router, (2222,))):
        host.check_output(f"cat > /tmp/echo.py <<'X'\n{ECHO}\nX")
        for port in ports:
            host.check_output(f"systemd-run --quiet --collect --unit=echo-{port} python3 /tmp/echo.py {port}")
            host.check_output(f"timeout 10 sh -c 'until ss -Hltn sport = :{port} | grep -q .; do sleep 0.05; done'")
    yield
    pc.check_output("systemctl stop echo-8080 echo-5001")
    # The router's has ended with its reboot.


@pytest.fixture
def as_shipped():
    """The router has the example home's own firewall."""
    if CHANGED:
        CHANGED.clear()
        applied()


def public(router) -> str:
    return re.search(r"inet ([\d.]+)", router.check_output("ip -4 -oneline address show dev ppp0")).group(1)


def asked(host, target: str, port: int, source: str = "") -> str:
    """What a service answers, empty for nothing."""
    bind = f", source_address=('{source}', 0)" if source else ""
    return host.run(
        f"python3 -c \"import socket; print(socket.create_connection(('{target}', {port}), 2{bind}).recv(99).decode())\""
    ).stdout.strip()


def online(pc) -> bool:
    return pc.run(PAGE).rc == 0


def test_port_forwards_lead_in_and_only_they(pc, isp, router, listeners):
    forwards = [
        {"name": "web", "port": 80, "address": PC, "to_port": 8080},
        {"name": "range", "port": "5000-5010", "address": PC},
    ]
    assert asked(isp, public(router), 80, OUTSIDE) == ""
    applied(home_port_forwards=forwards)
    assert asked(isp, public(router), 80, OUTSIDE) == OUTSIDE
    assert asked(isp, public(router), 5001, OUTSIDE) == OUTSIDE
    assert asked(isp, public(router), 8080, OUTSIDE) == ""
    # By the public address from inside, too: the answer has to take the way of the question.
    assert asked(pc, public(router), 80) == "192.168.1.1"
    # The television network is not the Internet.
    assert asked(isp, "10.214.0.10", 80) == ""


def test_rules_decide_before_the_roles_own(pc, isp, router, listeners):
    assert asked(isp, public(router), 2222, OUTSIDE) == ""
    assert online(pc)
    applied(
        nat_firewall_rules=[
            {"name": "one host", "from": "internet", "to": "router", "source": [OUTSIDE], "protocol": "tcp", "ports": ["2222"], "action": "accept"},
            {"name": "no web", "from": "lan", "to": "internet", "protocol": "tcp", "ports": ["80", "8000-8010"], "action": "reject"},
        ]
    )
    assert asked(isp, public(router), 2222, OUTSIDE) == OUTSIDE
    assert asked(isp, public(router), 2222, "203.0.113.201") == ""
    # 7: refused at once, not timed out.
    assert pc.run(PAGE).rc == 7
    assert pc.run(f"ping -c 1 -W 2 {WEB}").rc == 0


def test_a_change_by_hand_is_shown_and_taken_back(router, as_shipped):
    router.check_output("nft add rule inet homerouter input tcp dport 23 accept")
    out, stats = applied("--check", "--diff")
    assert stats["changed"] == 1
    assert re.search(r"^-.*tcp dport 23 accept", out, re.MULTILINE), out
    assert "tcp dport 23" in router.check_output("nft list table inet homerouter")
    _out, stats = applied()
    assert stats["changed"] == 1
    assert "tcp dport 23" not in router.check_output("nft list table inet homerouter")
    assert applied()[1]["changed"] == 0


def test_forwarding_switched_off_by_hand_is_switched_on(pc, router):
    router.check_output("sysctl -q net.ipv4.ip_forward=0")
    assert not online(pc)
    applied()
    assert online(pc)


def test_tables_of_others_stay(router):
    router.check_output("nft 'table inet fail2ban { set banned { type ipv4_addr; elements = { 203.0.113.9 }; }; }'")
    before = router.check_output("nft --handle list table inet fail2ban")
    applied(nat_firewall_answer_ping=False)
    assert router.check_output("nft --handle list table inet fail2ban") == before
    router.check_output("nft delete table inet fail2ban")


def test_dockers_forward_policy_is_warned_of(pc, router):
    """Docker sets the policy of the chain FORWARD to drop, and no accept of another table overrides that."""
    router.check_output("apt-get install -qq -y --no-install-recommends iptables && iptables -P FORWARD DROP")
    router.check_output("mkdir -p /var/lib/docker && ip link add docker0 type bridge")
    try:
        assert not online(pc)
        out, _stats = applied()
        words = " ".join(out.split())
        assert "Docker drops what the router forwards" in words, out
        assert "nat_firewall_trusted_interfaces does not name docker0" in words, out
        # The cure that the warning names, of which the chain DOCKER-USER is Docker's own.
        router.check_output(
            "iptables -I FORWARD -i vlan100 -j ACCEPT; iptables -I FORWARD -o vlan100 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
        )
        assert online(pc)
        assert "Docker drops" not in " ".join(applied()[0].split())
    finally:
        router.check_output("iptables -F FORWARD; iptables -P FORWARD ACCEPT; ip link delete docker0; rmdir /var/lib/docker")


def test_the_distributions_service_does_not_take_the_rules_away(router):
    """Its configuration begins with flush ruleset, and it ends with one."""
    show = "nft --stateless list table inet homerouter; nft --stateless list table inet homerouter_voice"
    before = router.check_output(show)
    router.check_output("nft add table inet other")
    for verb in ("start", "reload", "restart", "stop"):
        router.check_output(f"systemctl {verb} nftables.service")
        assert router.check_output(show) == before, verb
    assert router.run("nft list table inet other").rc != 0, "the service must really have emptied the kernel"


def test_stopping_the_service_opens_nothing(router, isp, listeners, as_shipped):
    router.check_output("systemctl stop homerouter-firewall.service")
    try:
        assert asked(isp, public(router), 2222, OUTSIDE) == ""
    finally:
        router.check_output("systemctl start homerouter-firewall.service")


def test_errors_that_belong_to_a_connection_come_in_and_a_flood_of_pings_goes_unanswered(pc, isp, router, as_shipped):
    with capture(pc, "error", "eth0", "icmp[icmptype] == icmp-unreach") as lines:
        # Nobody listens there: the far host says so by ICMP.
        pc.run(f"python3 -c \"import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('{WEB}', 33999))\"")
        pc.run(f"ping -c 2 -i 0.3 {WEB}")
    assert any("port 33999" in line for line in lines), lines
    flood = isp.run(f"ping -q -f -W 1 -c 200 -I {OUTSIDE} {public(router)}").stdout
    answered, milliseconds = (int(re.search(words, flood).group(1)) for words in (r"(\d+) received", r"time (\d+)ms"))
    # Ten a second, and five at once (nft's default burst); a slow machine takes longer to send them.
    assert 1 <= answered <= min(5 + 10 * (milliseconds / 1000 + 1), 150), flood


def test_source_nat_leaves_multicast_alone(router, isp, as_shipped):
    """A group address in the source NAT rule would change what the router itself sends to groups."""
    send = "python3 -c \"import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('192.168.1.1', 0)); " \
        "s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('10.214.0.10')); s.sendto(b'x', ('239.0.2.30', 4000))\""
    with capture(isp, "kept", "vlan2", "udp port 4000") as kept:
        router.check_output(send)
        isp.run("ping -c 1 -W 1 10.214.0.10")
    router.check_output("nft flush chain inet homerouter srcnat; nft add rule inet homerouter srcnat oifname vlan2 masquerade")
    try:
        with capture(isp, "changed", "vlan2", "udp port 4000") as changed:
            router.check_output(send)
            isp.run("ping -c 1 -W 1 10.214.0.10")
    finally:
        router.check_output(LOAD)
    assert any("192.168.1.1." in line for line in kept), kept
    assert any("10.214.0.10." in line for line in changed), "without the exception the harm must show"


def run(host, program: str, *arguments: str | int) -> None:
    """Run one of the programs above on a host."""
    host.check_output(f"python3 - {' '.join(map(str, arguments))} <<'X'\n{program}\nX")


@pytest.fixture
def received(router, eventually):
    """A receiver on the router itself in both groups on the television network and the Internet link; calls give what came since the last."""
    router.check_output(
        f"cat > /tmp/receiver.py <<'X'\n{RECEIVER}\nX\n"
        # What the role leaves to others: it is the firewall that is asked here.
        "for path in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $path; done\n"
        "systemd-run --quiet --collect --unit=receiver -p StandardOutput=truncate:/tmp/received "
        f"python3 /tmp/receiver.py vlan2,ppp0,vlan100 {GROUP},{FOREIGN_GROUP}"
    )
    eventually(lambda: "ready" in router.run("cat /tmp/received").stdout, 10, "the receiver")
    seen = 0

    def since(marker: str) -> set[str]:
        """Everything that has come until the marker has, which is sent last."""
        nonlocal seen

        def lines() -> list[str]:
            return router.check_output("cat /tmp/received").splitlines()[seen:]

        eventually(lambda: marker in lines(), 10, marker)
        found = lines()
        seen += len(found)
        return {line for line in found if line not in ("ready", marker)}

    yield since
    router.check_output("systemctl stop receiver; rm -f /tmp/received /tmp/receiver.py")


def test_channels_come_in_from_their_senders_in_their_groups_and_on_their_interface_only(isp, router, received, as_shipped):
    uplink = isp.check_output("ls /sys/class/net | grep ^ppp")
    # As far as the networks go, the gateway may send, but no channels; a sender elsewhere is none at all.
    wrong = [
        (GATEWAY, 40000, GROUP, 8208, "vlan2"),
        ("100.64.0.9", 40000, GROUP, 8208, "vlan2"),
        ("172.26.77.59", 40000, FOREIGN_GROUP, 8208, "vlan2"),
        ("172.26.77.60", 40000, GROUP, 888, "vlan2"),
        ("172.26.77.61", 40000, GROUP, 8208, uplink),
    ]
    harm = {f"{source} {port}" for source, _from, _group, port, _interface in wrong}

    def send() -> set[str]:
        for datagram in wrong:
            run(isp, SENDER_PROGRAM, *datagram)
        run(isp, SENDER_PROGRAM, SENDER, 40000, GROUP, 8208, "vlan2")
        return received(f"{SENDER} 8208")

    assert send() == set()
    router.check_output("for chain in antispoof input; do nft insert rule inet homerouter $chain meta l4proto udp accept; done")
    try:
        assert send() == harm, "without the rules each of them must come in, or the test proves nothing"
    finally:
        router.check_output(LOAD)
    applied(home_iptv_sources=["172.16.0.0/12", "10.128.0.0/9", "100.64.0.0/10"], home_iptv_groups=["239.0.0.0/16", "239.1.0.0/16"])
    assert send() == {f"{GATEWAY} 8208", "100.64.0.9 8208", "172.26.77.59 8208"}


@contextlib.contextmanager
def without(router, chain: str, rule: str) -> Iterator[None]:
    """The firewall without the rules of a chain in which a text stands."""
    handles = re.findall(rf"{rule}.* # handle (\d+)", router.check_output(f"nft --handle list chain inet homerouter {chain}"))
    assert handles
    router.check_output("; ".join(f"nft delete rule inet homerouter {chain} handle {handle}" for handle in handles))
    try:
        yield
    finally:
        router.check_output(LOAD)


def test_igmp_comes_in_from_television_and_the_lan_from_any_sender_and_not_from_the_internet(isp, pc, router, received, as_shipped):
    uplink = isp.check_output("ls /sys/class/net | grep ^ppp")
    query, report = "0.0.0.0 igmp11", "0.0.0.0 igmp16"

    def send() -> set[str]:
        run(isp, IGMP_PROGRAM, "0.0.0.0", "224.0.0.1", "11", "0.0.0.0", "vlan2")
        run(isp, IGMP_PROGRAM, OUTSIDE, "224.0.0.1", "11", "0.0.0.0", uplink)
        # A report of a switch that speaks for its members.
        run(pc, IGMP_PROGRAM, "0.0.0.0", GROUP, "16", GROUP, "eth0")
        run(pc, IGMP_PROGRAM, PC, GROUP, "16", GROUP, "eth0")
        # The router's own reports are heard by itself.
        return {line for line in received(f"{PC} igmp16") if line.startswith(("0.0.0.0 ", OUTSIDE))}

    assert send() == {query, report}
    with without(router, "antispoof", "igmp"):
        # To a group that all hosts are in, the kernel lets the address pass.
        assert send() == {query}, "a switch's report would be taken for a forged one"
    with without(router, "input", "igmp"):
        assert send() == {report}, "queries would go unanswered"
    router.check_output("nft insert rule inet homerouter input meta l4proto igmp accept")
    try:
        assert send() == {query, report, f"{OUTSIDE} igmp11"}, "the Internet's must come in without the rules, or the test proves nothing"
    finally:
        router.check_output(LOAD)


@pytest.fixture
def television_route(router):
    """As RIP would have it."""
    router.check_output("ip route replace 172.16.0.0/12 via 10.128.0.1 dev vlan2")
    yield
    router.check_output("ip route delete 172.16.0.0/12")


def test_video_on_demand_reaches_the_one_box_and_only_where_that_is_wanted(pc, isp, router, television_route, as_shipped):
    """The film comes from another server than the one that was asked, to the port that the box has named."""

    def films() -> list[str]:
        with capture(pc, "film", "eth0", "udp and (port 27336 or port 500 or port 8208)", "") as lines:
            for source, target, port in ((VOD, "10.214.0.10", 27336), ("172.27.0.1", "10.214.0.10", 27336), (VOD, "10.214.0.10", 500), (VOD, GROUP, 8208)):
                run(isp, SENDER_PROGRAM, source, 48440, target, port, "vlan2")
            # What is sent last has been through the same cables.
            pc.check_output("ping -c 1 -W 2 192.168.1.1")
        return [line.split("IP ")[1].split(": ")[0] for line in lines if f"> {PC}." in line or "8208" in line]

    assert films() == []
    applied(nat_firewall_iptv_vod_mode="dnat", nat_firewall_iptv_vod_box=PC)
    assert films() == [f"{VOD}.48440 > {PC}.27336"]
    # What the router itself has asked for is its own.
    assert router.check_output(f"python3 - <<'X'\n{QUESTION}\nX") == "1234"
    # The box's answer leaves with the address to which the film was sent.
    with capture(isp, "answer", "vlan2", f"udp and host {VOD}", "") as answers:
        run(isp, SENDER_PROGRAM, VOD, 48441, "10.214.0.10", 27336, "vlan2")
        run(pc, SENDER_PROGRAM, PC, 27336, VOD, 48441, "eth0")
        isp.run("ping -c 1 -W 1 10.214.0.10")
    assert any(f"10.214.0.10.27336 > {VOD}.48441" in line for line in answers), answers


def test_rtsp_helper_that_the_kernel_does_not_have_costs_nothing(pc, router, as_shipped):
    out, _stats = applied(nat_firewall_iptv_vod_mode="rtsp_helper")
    words = " ".join(out.split())
    assert "cannot have the table inet homerouter_rtsp, which goes without it" in words, out
    assert "needs the kernel module nf_nat_rtsp" in words and "set the variable to dnat or none" in words, out
    assert online(pc)
    assert not router.file("/etc/homerouter/rtsp.nft").exists
    assert applied(nat_firewall_iptv_vod_mode="rtsp_helper")[1]["changed"] == 0


def test_rtsp_helper_reads_along_with_video_on_demand_only(pc, router, television_route, as_shipped):
    """The kernel's own helper for SIP stands for that for RTSP: which connections get it is what the table says."""
    there = {"nat_firewall_iptv_vod_mode": "rtsp_helper", "__nat_firewall_rtsp_helper": "sip", "__nat_firewall_rtsp_module": "nf_conntrack_sip"}
    out, _stats = applied(**there)
    assert "goes without it" not in " ".join(out.split()), out
    assert applied(**there)[1]["changed"] == 0
    router.check_output("systemctl restart nftables.service")
    # 0x2000: a helper was attached by a rule (IPS_HELPER in linux/netfilter/nf_conntrack_common.h).
    helped = f'iifname "vlan100" ct status & 0x2000 == 0x2000 ip daddr . tcp dport {{}} {{{{ {VOD} . 554 }}}} counter'
    router.check_output(
        f"nft 'table inet probe {{ chain helped {{ type filter hook postrouting priority 200; {helped.format('==')}; {helped.format('!=')}; }}; }}'"
    )
    try:
        for target, port in ((VOD, 554), (VOD, 555), (WEB, 554)):
            pc.run(f"curl --silent --max-time 1 http://{target}:{port}/")
        counted = [int(number) for number in re.findall(r"packets (\d+)", router.check_output("nft list table inet probe"))]
    finally:
        router.check_output("nft delete table inet probe")
    assert counted[0] > 0 and counted[1] == 0, counted
    applied(nat_firewall_iptv_vod_mode="none")
    assert router.run("nft list table inet homerouter_rtsp").rc != 0
    assert not router.file("/etc/homerouter/rtsp.nft").exists


def test_configuration_server_of_set_top_boxes_is_there_or_not(pc, isp, as_shipped):
    # One port of that server's range which the lab's own does not have, and one outside.
    acs, ports = "80.58.63.218", (7016, 8080)
    isp.check_output(f"cat > /tmp/acs.py <<'X'\n{ECHO}\nX")
    for port in ports:
        isp.check_output(f"systemd-run --quiet --collect --unit=acs-{port} python3 /tmp/acs.py {port}")
        isp.check_output(f"timeout 10 sh -c 'until ss -Hltn sport = :{port} | grep -q .; do sleep 0.05; done'")
    try:
        assert all(asked(pc, acs, port) for port in ports)
        applied(nat_firewall_iptv_acs_policy="reject")
        with capture(pc, "refused", "eth0", "icmp", "-v") as lines:
            assert asked(pc, acs, 7016) == ""
        assert any(f"{acs} unreachable" in line for line in lines), lines
        assert asked(pc, acs, 8080) != ""
    finally:
        isp.check_output("systemctl stop acs-7016 acs-8080")


def forwarded_by_rules(pc, router) -> int:
    """Packets of one download of 20 MB that pass the slow path."""
    router.check_output("nft 'table inet probe { chain forward { type filter hook forward priority 20; tcp sport 80 counter; }; }'")
    try:
        pc.check_output(f"curl --silent --fail --max-time 60 --output /dev/null http://{WEB}/big")
        return int(re.search(r"packets (\d+)", router.check_output("nft list table inet probe")).group(1))
    finally:
        router.check_output("nft delete table inet probe")


def test_flow_offload_takes_the_fast_path(pc, router, as_shipped):
    slow = forwarded_by_rules(pc, router)
    out, _stats = applied(nat_firewall_flow_offload=True)
    assert "cannot have the table" not in out, out
    assert applied(nat_firewall_flow_offload=True)[1]["changed"] == 0
    fast = forwarded_by_rules(pc, router)
    assert slow > 10000, slow
    assert fast < slow / 20, (fast, slow)


def test_flow_offload_that_cannot_be_costs_nothing(pc, router):
    """The loopback interface stands for a card that cannot."""
    out, _stats = applied(nat_firewall_flow_offload=True, nat_firewall_flow_offload_device="lo")
    assert "goes without it" in " ".join(out.split()), out
    assert online(pc)
    assert not router.file("/etc/homerouter/flow-offload.nft").exists
    assert applied(nat_firewall_flow_offload=True, nat_firewall_flow_offload_device="lo")[1]["changed"] == 0


REFUSED = [
    ({"nat_firewall_trusted_interfaces": ["vlan*"]}, ["nat_firewall_trusted_interfaces[0]", "vlan*", "an uplink cannot be trusted"]),
    ({"home_port_forwards": [{"name": "self", "port": 22, "address": "192.168.1.1"}]}, ["address", "192.168.1.1"]),
    (
        {"nat_firewall_rules": [{"name": "odd", "from": "garden", "action": "drop"}]},
        ["nat_firewall_rules[0].from", "garden", "use one of lan, internet, iptv, voip"],
    ),
    ({"nat_firewall_rules": [{"name": "odd", "ports": ["22"], "action": "drop"}]}, ["nat_firewall_rules[0].ports", "22", "set protocol"]),
    ({"nat_firewall_voip_prefix": "10.31.255.134/27"}, ["nat_firewall_voip_prefix", "10.31.255.134/27", "home_voip_prefix"]),
    ({"nat_firewall_iptv_groups": ["10.0.0.0/8"]}, ["nat_firewall_iptv_groups[0]", "10.0.0.0/8", "239.0.0.0/16"]),
    ({"nat_firewall_iptv_sources": ["0.0.0.0/0"]}, ["nat_firewall_iptv_sources[0]", "0.0.0.0/0", "172.16.0.0/12"]),
    ({"nat_firewall_iptv_vod_mode": "dnat"}, ["nat_firewall_iptv_vod_box is", "nat_firewall_iptv_vod_mode is dnat", "home_iptv_boxes"]),
]


@pytest.mark.parametrize(("variables", "words"), REFUSED, ids=lambda value: next(iter(value)))
def test_a_plan_that_makes_no_sense_is_refused_before_any_change(router, variables, words):
    before = router.check_output("nft --stateless list ruleset; ls -l --time-style=full-iso /etc/homerouter")
    code, out, stats = apply(**variables)
    assert code != 0
    # A home that makes no sense ends the play of the switch, before anybody asks the router.
    assert stats.get("router", {"changed": 0})["changed"] == 0
    text = " ".join(out.split())
    assert all(word in text for word in words), out
    assert router.check_output("nft --stateless list ruleset; ls -l --time-style=full-iso /etc/homerouter") == before


def test_a_session_that_would_be_locked_out_is_not():
    """As if Ansible came by the television network; in the lab it comes by no network at all."""
    come = {"nat_firewall_test_session": "10.128.0.1 50000 10.214.0.10 22"}
    code, out, stats = play(SESSION, "-e", json.dumps(come))
    assert code != 0
    assert stats["router"]["changed"] == 0
    text = " ".join(out.split())
    assert "comes from 10.128.0.1 by vlan2" in text and "nat_firewall_trusted_interfaces" in text, out
    code, out, _stats = play(SESSION, "-e", json.dumps({"nat_firewall_test_session": f"{PC} 50000 192.168.1.1 22"}))
    assert code == 0, out


def test_boot_has_the_firewall_before_the_links_and_nothing_forwarded_without_it(pc, router, eventually):
    lab("reboot", "router")
    eventually(lambda: online(pc), 60, "the PC to be online after the reboot")
    show = "systemctl show --value --property"
    firewall = int(router.check_output(f"{show}=ExecMainExitTimestampMonotonic homerouter-firewall.service"))
    network = int(router.check_output(f"{show}=ExecMainStartTimestampMonotonic systemd-networkd.service"))
    assert 0 < firewall < network
    router.check_output("cp /etc/homerouter/firewall.nft /root/; echo nonsense >> /etc/homerouter/firewall.nft")
    lab("reboot", "router")
    eventually(lambda: router.run("ip -4 address show dev ppp0 2>/dev/null | grep -q inet").rc == 0, 60, "the link")
    assert router.check_output("sysctl -n net.ipv4.ip_forward") == "0"
    assert not online(pc)
    _out, stats = applied()
    assert stats["changed"] > 0
    assert online(pc)
    assert router.check_output("systemctl is-active homerouter-firewall.service") == "active"
