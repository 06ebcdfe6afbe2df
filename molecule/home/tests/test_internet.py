# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole house, Internet side: each promise as a packet that arrives and one that does not."""

from __future__ import annotations

import json
import re
import time

import pytest
from house import background, capture, lab, play

WEB = "203.0.113.80"
RESOLVER = "80.58.61.250"
PAGE = "curl --silent --fail --max-time 4 http://www.example.net/"
FIREWALL = "nft -f /etc/homerouter/firewall.nft"
# The seed's pppd options: what the concentrator's death is survived without.
SEED_OPTIONS = (
    "plugin pppoe.so\nnic-vlan6 noauth defaultroute ipcp-accept-remote ipcp-accept-local lcp-echo-interval 15 "
    "lcp-echo-failure 3 persist mru 1492 mtu 1492 lock noaccomp noccp nobsdcomp nodeflate nopcomp novj novjccomp"
)


@pytest.fixture(scope="module", autouse=True)
def lease(pc, eventually):
    """The PC has taken its lease from the freshly configured router, and its client's hooks have run."""
    pc.check_output("systemctl stop dhcp-client; ip address flush dev eth0; : > /etc/resolv.conf")
    pc.check_output("systemctl start dhcp-client")
    eventually(lambda: pc.run("ip -4 route show default | grep -q . && grep -q nameserver /etc/resolv.conf").rc == 0, 60, "a lease on the PC")


def ppp_address(router) -> str:
    found = re.search(r"inet (\S+)", router.run("ip -4 -oneline address show dev ppp0").stdout)
    return found.group(1).split("/")[0] if found else ""


def online(pc) -> bool:
    return pc.run(PAGE).rc == 0


def test_pc_has_a_lease_with_the_homes_values(pc):
    interface = json.loads(pc.check_output("ip -4 -json address show dev eth0"))[0]
    address = interface["addr_info"][0]["local"]
    assert 210 <= int(address.rsplit(".", 1)[1]) <= 249, address
    route = json.loads(pc.check_output("ip -json route show default"))[0]
    assert route["gateway"] == "192.168.1.1"
    # This client sets the MTU on the routes, others on the interface.
    assert route["metrics"] == [{"mtu": 1496}]
    resolv = pc.file("/etc/resolv.conf").content_string
    assert "nameserver 192.168.1.1" in resolv
    assert "home.arpa" in resolv


def test_page_by_name_arrives_with_the_routers_public_address(pc, router):
    assert pc.check_output(PAGE) == ppp_address(router)


def test_the_doctor_finds_nothing_wrong(tmp_path):
    code, out, stats = play("homerouter.tripleplay.doctor", "-e", f"doctor_folder={tmp_path}")
    assert code == 0 and "router: Nothing is wrong" in out and stats["router"]["changed"] == 0, out


def test_without_source_nat_no_page_arrives(pc, router):
    assert online(pc)
    router.check_output("nft flush chain inet homerouter srcnat")
    try:
        assert not online(pc)
    finally:
        router.check_output(FIREWALL)
    assert online(pc)


def syn_sizes(lines: list[str]) -> set[int]:
    return {int(size) for line in lines for size in re.findall(r"mss (\d+)", line)}


def handshake(pc, isp) -> tuple[set[int], set[int]]:
    """MSS values that the server and the PC see in each other's SYN."""
    with capture(isp, "up", "ppp0", "tcp[tcpflags] == tcp-syn") as up:
        with capture(pc, "down", "eth0", "src port 80 and tcp[tcpflags] == (tcp-syn|tcp-ack)") as down:
            pc.run(f"curl --silent --max-time 4 http://{WEB}/")
    return syn_sizes(up), syn_sizes(down)


@pytest.fixture
def wide_ends(pc, isp):
    """Both ends believe in 1500 bytes, as a PC and a server do that know nothing of PPPoE."""
    peer = isp.check_output("ip -4 -oneline address show dev ppp0 | grep -oE 'peer [0-9.]+' | cut -d' ' -f2")
    route = "ip route replace default via 192.168.1.1 dev eth0 metric 1003 mtu"
    pc.check_output(f"{route} 1500")
    isp.check_output(f"ip route replace {peer} dev ppp0 src {WEB} mtu lock 1500 advmss 1460")
    yield
    isp.check_output(f"ip route replace {peer} dev ppp0 src 80.58.67.163")
    pc.check_output(f"{route} 1496")


def test_mss_is_clamped_both_ways(pc, isp, router, wide_ends):
    assert handshake(pc, isp) == ({1452}, {1452})
    router.check_output("nft flush chain inet homerouter mss")
    try:
        assert handshake(pc, isp) == ({1460}, {1460})
    finally:
        router.check_output(FIREWALL)


def test_1493_bytes_bring_fragmentation_needed(pc, wide_ends):
    answer = pc.run(f"ping -c 1 -W 2 -M do -s {1493 - 28} {WEB}").stdout
    assert "mtu = 1492" in answer or "mtu=1492" in answer, answer
    pc.check_output("ip route flush cache")
    assert pc.run(f"ping -c 1 -W 2 -M do -s {1492 - 28} {WEB}").rc == 0


def test_no_packet_size_falls_into_a_black_hole(pc, wide_ends):
    # Each size is either delivered or refused with a message; silence is the black hole.
    silent = pc.check_output(
        "for size in $(seq 1280 1500); do ip route flush cache; "
        f"ping -q -c 1 -W 2 -M do -s $((size - 28)) {WEB} 2>&1 | grep -qE ' 0% packet loss|\\+1 errors' || echo $size; done"
    )
    assert silent == ""


@pytest.fixture
def voice_address(router):
    """An address on the voice VLAN, so that it can be scanned before voice is set up."""
    present = router.check_output("ip -4 -oneline address show dev vlan3")
    if not present:
        router.check_output("ip address add 10.25.192.50/19 dev vlan3")
    yield re.search(r"inet ([\d.]+)", router.check_output("ip -4 -oneline address show dev vlan3")).group(1)
    if not present:
        router.check_output("ip address delete 10.25.192.50/19 dev vlan3")


def scan(isp, target: str, extra: str) -> dict[str, int]:
    """Ports by state, as nmap's own summary counts them."""
    # One probe a port: the control below shows that at this rate none is lost.
    out = isp.check_output(f"nmap -n -Pn --max-retries 0 --min-rate 8000 -oG - {extra} {target}")
    return {state: int(count) for state, count in re.findall(r"Ignored State: (\w+) \((\d+)\)", out)} | {
        "named": len(re.findall(r"\d+/(?:open|closed)/", out))
    }


def test_uplinks_answer_no_port_scan(isp, router, voice_address):
    targets = {"ppp0": ppp_address(router), "vlan2": "10.214.0.10", "vlan3": voice_address}
    for interface, target in targets.items():
        assert scan(isp, target, "-sS -p-") == {"filtered": 65535, "named": 0}, interface
        udp = isp.check_output(f"nmap -n -Pn --max-retries 1 --min-rate 1000 -sU --top-ports 200 -oG - {target}")
        assert "Ignored State: open|filtered (200)" in udp, (interface, udp)


def test_without_the_firewall_the_scan_sees_the_router(isp, router):
    router.check_output("nft delete table inet homerouter")
    try:
        assert scan(isp, "10.214.0.10", "-sS -p-").get("filtered", 0) == 0
    finally:
        router.check_output(FIREWALL)


def test_spoofed_lan_source_from_outside_is_dropped(isp, pc, router):
    """A service forwarded to the PC is asked by a packet that claims to come from the LAN."""
    address = re.search(r"inet ([\d.]+)", pc.check_output("ip -4 -oneline address show dev eth0")).group(1)
    router.check_output(f"nft insert rule inet homerouter dstnat iifname ppp0 udp dport 40000 dnat ip to {address}")
    isp.check_output("ip address add 192.168.1.77/32 dev lo")
    send = (
        "python3 -c \"import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('{source}', 0)); "
        "[s.sendto(b'x', ('%s', 40000)) for _ in range(3)]\"" % ppp_address(router)
    )
    try:
        with capture(pc, "spoof", "eth0", "udp port 40000") as dropped:
            isp.check_output(send.format(source="192.168.1.77"))
        with capture(pc, "honest", "eth0", "udp port 40000") as honest:
            isp.check_output(send.format(source="203.0.113.66"))
        # Two walls: the firewall's, and the kernel's own reverse-path filter.
        router.check_output(
            "nft flush chain inet homerouter antispoof; sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.ppp0.rp_filter=0"
        )
        with capture(pc, "unguarded", "eth0", "udp port 40000") as unguarded:
            isp.check_output(send.format(source="192.168.1.77"))
    finally:
        isp.check_output("ip address delete 192.168.1.77/32 dev lo")
        router.check_output(f"{FIREWALL}; systemctl reload igmpproxy")
    assert not dropped
    assert honest, "the forward itself must work, or nothing is proved"
    assert unguarded, "without the protection the spoofed packet must arrive, or the test proves nothing"


def test_every_table_of_the_firewall_loads_on_this_system(router):
    # Optional ones only cost a warning where they do not; no system of the tests may lack them.
    assert {"table inet homerouter", "table inet homerouter_voice"} <= set(router.check_output("nft list tables").splitlines())


def session(router) -> dict[str, str]:
    """What a second run may not touch."""
    return {
        "pppoe session": router.check_output("cat /proc/net/pppoe"),
        "daemons": router.check_output(
            "systemctl show -p MainPID -p ExecMainStartTimestampMonotonic"
            " 'pppoe-*' 'kea*' 'unbound*' 'igmpproxy*' 'homerouter-*' systemd-networkd"
        ),
        "ruleset": router.check_output("nft -a list table inet homerouter | grep -v counter"),
    }


def test_second_run_changes_nothing_and_interrupts_nothing(pc, router):
    download = background("pc", f"curl --silent --limit-rate 400k --max-time 120 -o /dev/null -w '%{{http_code}} %{{size_download}}' http://{WEB}/big")
    before = session(router)
    code, out, stats = play("homerouter.tripleplay.site")
    assert code == 0, out
    assert stats["router"]["changed"] == 0, out
    # The budget of a run: 40 tasks for the whole home, 25 for the Internet.
    assert stats["router"]["ok"] <= 40, stats
    others = tuple(f"homerouter.tripleplay.{role} :" for role in ("rip", "multicast", "voip_dhcp"))
    internet = [task for task in out.split("\nTASK [")[1:] if "ok: [router]" in task and not task.startswith(others)]
    assert 15 < len(internet) <= 25, internet
    assert session(router) == before
    assert download.communicate()[0] == "200 20971520"


SENDER = """
import socket, sys, time
s = socket.socket(type=socket.SOCK_DGRAM)
start = time.monotonic()
for n in range(int(sys.argv[2])):
    s.sendto(n.to_bytes(8, "big"), (sys.argv[1], 40001))
    wait = start + n / 2000 - time.monotonic()
    if wait > 0:
        time.sleep(wait)
"""
RECEIVER = """
import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE, which Python does not name
s.bind(("203.0.113.66", 40001))
s.settimeout(60)
seen, sources = set(), set()
while True:
    try:
        data, source = s.recvfrom(64)
    except TimeoutError:
        break
    s.settimeout(3)
    seen.add(int.from_bytes(data, "big"))
    sources.add(source)
print(len(seen), len(sources))
"""
# Applied as the seed writes its rules: one command after the other, policy first.
SEED_SCRIPT = """
iptables -P FORWARD DROP
iptables -F
iptables -t nat -F
iptables -A FORWARD -i vlan100 -j ACCEPT
iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
iptables -t nat -A POSTROUTING -o ppp0 -j MASQUERADE
iptables -t nat -A POSTROUTING -o vlan2 -j MASQUERADE
iptables -t nat -A POSTROUTING -o vlan3 -j MASQUERADE
"""


def lost_during(pc, isp, router, apply: str) -> tuple[int, int]:
    """Packets lost of a 2,000 packets a second stream while a command runs 40 times; number of source tuples seen."""
    count = 2000 * 16
    isp.check_output(f"cat > /tmp/receiver.py <<'X'\n{RECEIVER}\nX")
    pc.check_output(f"cat > /tmp/sender.py <<'X'\n{SENDER}\nX")
    receiver = background("isp", "python3 /tmp/receiver.py")
    isp.check_output("timeout 10 sh -c 'until ss -lun | grep -q :40001; do sleep 0.1; done'")
    sender = background("pc", f"python3 /tmp/sender.py 203.0.113.66 {count}")
    start = time.monotonic()
    router.check_output(f"for n in $(seq 40); do {apply} || exit 1; done")
    seconds = time.monotonic() - start
    sender.communicate()
    seen, sources = receiver.communicate()[0].split()
    print(f"40 times in {seconds:.1f} s: {count - int(seen)} of {count} packets lost, {sources} source tuples")
    return count - int(seen), int(sources)


def test_forty_reloads_lose_nothing_where_the_seeds_script_loses(pc, isp, router):
    assert lost_during(pc, isp, router, FIREWALL) == (0, 1)
    router.check_output("apt-get install -qq -y --no-install-recommends iptables")
    router.check_output(f"cat > /tmp/seed.sh <<'X'\n{SEED_SCRIPT}\nX")
    try:
        lost, _sources = lost_during(pc, isp, router, "sh -e /tmp/seed.sh")
    finally:
        router.check_output("iptables -P FORWARD ACCEPT; iptables -F; iptables -t nat -F")
    assert lost > 0, "the control must show the harm"


def test_concentrator_dies_for_more_than_ten_redials(pc, isp, router, eventually):
    assert online(pc)
    quick = "holdoff 1 pppoe-padi-timeout 1 pppoe-padi-attempts 1"
    peer = f"{SEED_OPTIONS} {quick} ifname ppp9 nodetach user adslppp@telefonicanetpa"
    router.check_output(f"cat > /etc/ppp/peers/seed <<'X'\n{peer}\nX")
    isp.check_output("systemctl stop concentrator")
    router.check_output("systemd-run --quiet --collect --unit=seed-pppd pppd call seed")
    # The seed's pppd gives up after its tenth failure; the shipped service has redialled as often by then.
    eventually(lambda: router.run("systemctl is-active seed-pppd").stdout.strip() != "active", 120, "the seed's pppd to give up")
    assert not online(pc)
    isp.check_output("systemctl start concentrator")
    eventually(lambda: online(pc), 90, "the PC to be online again")
    assert router.run("systemctl is-active seed-pppd").stdout.strip() != "active"
    router.check_output("rm /etc/ppp/peers/seed")


@pytest.fixture
def link_afterwards(pc, switch, eventually):
    """Whatever a test breaks, the home as it is stated brings back."""
    yield
    switch.check_output("ip link set gi2 up")
    code, out, _stats = play("homerouter.tripleplay.site")
    assert code == 0, out
    eventually(lambda: online(pc), 30, "the PC to be online again")


def test_a_play_without_a_link_says_what_is_wrong(switch, link_afterwards):
    """Three troubles, one after the other: who has only the play's output must know where to look."""
    for variables, cable, words in (
        ({"home_internet_password": "mistyped"}, "up", ["refuses the user name", "home_internet_password"]),
        ({"home_internet_vlan": 7}, "up", ["No concentrator answers on vlan7 (VLAN 7)", "Set home_internet_vlan: 6"]),
        ({}, "down", ["eth0 has no carrier", "look at the cable"]),
    ):
        switch.check_output(f"ip link set gi2 {cable}")
        extra = json.dumps({**variables, "pppoe_wait": 20, "vlans_verify_seconds": 10})
        code, out, _stats = play("homerouter.tripleplay.site", "--tags", "vlans,pppoe", "-e", extra)
        assert code != 0, out
        # Ansible quotes and wraps messages.
        text = " ".join(out.replace("\\n", " ").split())
        assert all(word in text for word in words), out
        assert "mistyped" not in out


def test_reboot_brings_everything_back_without_ansible(pc, router, eventually):
    lab("reboot", "router")
    pc.check_output("systemctl restart dhcp-client")
    eventually(lambda: online(pc), 90, "the PC to be online after the router's reboot")
    assert router.run("systemctl --failed --no-legend").stdout.strip() == ""
