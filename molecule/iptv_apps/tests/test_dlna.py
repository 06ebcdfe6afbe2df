# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DLNA players in the LAN find the server and play a channel of it; nobody else finds anything.

gerbera is Debian's. xupnpd is the one of HOMEROUTER_XUPNPD_PROGRAM and HOMEROUTER_XUPNPD_FOLDER, paths on this machine, else the lab's stand-in,
because its source is not to be had here; the test says so.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import tarfile
from pathlib import Path

from house import ROOT, capture, converge, refused
from players import SERVER, found, offered
from testinfra.host import Host

LAN, RELAY = "192.168.1.1", "http://192.168.1.1:4022"
UNIT = "homerouter-dlna"
ONLY = {"lab_roles": ["iptv_apps"]}
CHANNELS = [("La 1", "239.0.0.76:8208"), ("La 2", "239.0.0.2:8208"), ("HD 86", "239.0.5.86:8208")]
# Asks by one interface who is there, at each of the addresses, and prints who answers.
ASK = """
import json, select, socket, struct, sys, time
interface, target, *addresses = sys.argv[1:]
question = f'M-SEARCH * HTTP/1.1\\r\\nHOST: 239.255.255.250:1900\\r\\nMAN: "ssdp:discover"\\r\\nMX: 1\\r\\nST: {target}\\r\\n\\r\\n'
asked = {}
for address in addresses:
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("4s4si", bytes(4), bytes(4), socket.if_nametoindex(interface)))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 4)
    for _number in range(2):
        sock.sendto(question.encode(), (address, 1900))
    asked[sock] = address
seen = []
end = time.monotonic() + 2.5
while asked and time.monotonic() < end:
    for sock in select.select(list(asked), [], [], 0.1)[0]:
        seen.append((asked.pop(sock), sock.recvfrom(4096)[1][0]))
print(json.dumps(sorted(seen)))
"""


def ask(host: Host, interface: str, *addresses: str) -> list[list[str]]:
    """Which of these addresses have an answer for a player, each with who gave it."""
    host.check_output(f"cat > /tmp/ask.py <<'X'\n{ASK}\nX")
    return json.loads(host.check_output(f"python3 /tmp/ask.py {interface} {SERVER} {' '.join(addresses)}"))


def exposure(router: Host) -> float:
    """How much the unit may, as systemd reckons: 10 is everything."""
    return float(re.findall(r"(\d+\.\d) ", router.check_output(f"systemd-analyze security --no-pager {UNIT}.service").splitlines()[-1])[-1])


def plays(pc: Host, url: str) -> bool:
    """Whether transport packets come from an address."""
    pc.run(f"rm -f /tmp/dlna.ts; curl --silent --output /tmp/dlna.ts --max-time 3 {url}")
    return pc.run("test $(head -c 1 /tmp/dlna.ts) = G && test $(stat -c %s /tmp/dlna.ts) -gt 18800").rc == 0


def test_player_finds_the_server_and_plays_a_channel(pc, router):
    servers = found(pc)
    (identifier,) = servers
    where = servers[identifier]["location"]
    assert where.startswith(f"http://{LAN}:61000/")
    description = pc.check_output(f"curl --silent --fail {where}")
    assert "<friendlyName>Television</friendlyName>" in description and f"<presentationURL>http://{LAN}:8080/</presentationURL>" in description
    # The machine's own identifier is nobody's business.
    assert identifier.removeprefix("uuid:").replace("-", "") != router.check_output("cat /etc/machine-id")
    offers = offered(pc, where)
    # In the order of the list, without the one that is encrypted.
    assert [(one.title, one.url.removeprefix(f"{RELAY}/rtp/")) for one in offers] == CHANNELS
    assert [one.number for one in offers] == ["1", "2", "86"]
    assert {one.kind for one in offers} == {"object.item.videoItem.videoBroadcast"}
    assert all(one.protocol.startswith("http-get:*:video/mpeg:") for one in offers)
    assert plays(pc, offers[0].url)


def test_server_has_no_pages_and_the_package_s_own_does_not_run(pc, router):
    for path in ("", "index.html", "content/interface?req_type=auth&action=get_config"):
        answer = pc.check_output(f"curl --silent --output /dev/null --write-out '%{{http_code}}' 'http://{LAN}:61000/{path}'")
        assert answer == "404", path
    assert router.run("systemctl is-enabled gerbera").stdout.strip() == "masked"
    assert router.run("systemctl is-active gerbera").rc != 0


def test_server_is_shut_in(router, record_property):
    record_property("gerbera, exposure", exposure(router))
    assert exposure(router) < 3.0
    child = router.check_output(f"pgrep -P $(systemctl show --property=MainPID --value {UNIT})")
    status = router.check_output(f"cat /proc/{child}/status")
    assert not re.search(r"^Uid:\s+0\b", status, re.MULTILINE) and re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    inside = f"nsenter --mount --target {child} --setuid $(awk '/^Uid:/ {{print $2}}' /proc/{child}/status)"
    assert router.run(f"{inside} touch /etc/x").rc != 0 and router.run(f"{inside} ls /root").rc != 0
    assert router.run(f"{inside} touch /run/homerouter-dlna/x").rc == 0


def test_no_uplink_finds_anything(isp, router, pc, eventually):
    public = re.search(r"inet ([\d.]+)", router.check_output("ip -4 -oneline address show dev ppp0"))
    assert public
    # The same question has an answer in the LAN, at the group and at the router's address.
    assert ask(pc, "eth0", "239.255.255.250", LAN) == [[LAN, LAN], ["239.255.255.250", LAN]]
    with capture(isp, "ssdp", "any", "udp port 1900 or (igmp and host 239.255.255.250)") as seen:
        # What the server and a player say to everybody stays in the LAN.
        router.check_output(f"systemctl restart {UNIT}")
        eventually(lambda: ask(pc, "eth0", LAN), 20, "the server, having been started anew")
        for interface, *addresses in (("vlan2", "10.214.0.10"), ("vlan3", "10.25.192.2"), ("ppp0", public.group(1))):
            assert not ask(isp, interface, "239.255.255.250", *addresses), interface
        scan = "nmap -n -Pn --max-retries 1 -p 61000 -oG -"
        assert isp.check_output(f"{scan} 10.214.0.10 {public.group(1)}").count("/filtered/") == 2
        assert pc.check_output(f"{scan} {LAN}").count("/open/") == 1
        # Without the firewall, the unit itself takes nobody but the LAN.
        router.check_output("nft delete table inet homerouter")
        try:
            assert not ask(isp, "vlan2", "10.214.0.10", "239.255.255.250")
            router.check_output(f"systemctl set-property --runtime {UNIT}.service IPAddressAllow=any")
            assert ask(isp, "vlan2", "10.214.0.10")
        finally:
            router.check_output("nft --file /etc/homerouter/firewall.nft")
            router.check_output(f"rm -rf /run/systemd/system.control; systemctl daemon-reload; systemctl restart {UNIT}")
    # The capture has seen the questions, and no word of the home but the answer that nothing forbade.
    questions = [line for line in seen if "> 239.255.255.250.1900" in line or "> 10.214.0.10.1900" in line]
    assert questions and not [line for line in seen if re.search(rf"{re.escape(LAN)}\.\d+ > 239|192\.168\.1\.\d+ > 239|igmp", line)], seen
    eventually(lambda: ask(pc, "eth0", LAN), 20, "the server, being started anew")


def give_xupnpd(router: Host) -> bool:
    """Put xupnpd on the router, with its folder; whether it is the real one."""
    program, folder = os.environ.get("HOMEROUTER_XUPNPD_PROGRAM", ""), os.environ.get("HOMEROUTER_XUPNPD_FOLDER", "")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        if program:
            archive.add(Path(program), "bin/xupnpd")
            archive.add(Path(folder), "share/xupnpd")
        else:
            stand_in = b"#!/usr/bin/python3\n" + (ROOT / "lab" / "dlna" / "xupnpd.py").read_bytes()
            for name, content in (("bin/xupnpd", stand_in), ("share/xupnpd/xupnpd.lua", b""), ("share/xupnpd/xupnpd_main.lua", b"")):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    router.check_output(
        "base64 -d > /tmp/xupnpd.tgz <<'X'\n" + base64.encodebytes(packed.getvalue()).decode() + "X\n"
        "mkdir -p /opt/xupnpd && tar --extract --no-same-owner --file /tmp/xupnpd.tgz --directory /opt/xupnpd && chmod 0755 /opt/xupnpd/bin/xupnpd"
    )
    return bool(program)


def test_xupnpd_instead_and_then_none(pc, router, capsys, record_property):
    before = set(found(pc))
    other = {"iptv_apps_dlna": "xupnpd", "iptv_apps_xupnpd_program": "/opt/xupnpd/bin/xupnpd", "iptv_apps_xupnpd_folder": "/opt/xupnpd/share/xupnpd"}
    assert "iptv_apps_xupnpd_program is /opt/xupnpd/bin/xupnpd, and /opt/xupnpd/bin/xupnpd is not there" in " ".join(refused(router, **ONLY, **other).split())
    real = give_xupnpd(router)
    with capsys.disabled():
        print(f"\n  the second DLNA server is {'xupnpd itself' if real else 'the stand-in of the lab, not xupnpd'}")
    try:
        code, out, _stats = converge(**ONLY, **other, iptv_apps_dlna_name="TV Casa")
        assert code == 0, out
        servers = found(pc)
        # The same device to a player, whoever serves.
        assert set(servers) == before
        where = next(iter(servers.values()))["location"]
        assert where.startswith(f"http://{LAN}:4044/") and "<friendlyName>TV Casa<" in pc.check_output(f"curl --silent --fail {where}")
        offers = offered(pc, where)
        assert [(one.title, one.url.removeprefix(f"{RELAY}/rtp/")) for one in offers] == CHANNELS
        assert plays(pc, offers[0].url)
        record_property("xupnpd, exposure", exposure(router))
        assert exposure(router) < 3.0
        assert router.run("ls /etc/homerouter/dlna/gerbera.xml").rc != 0
        code, out, _stats = converge(**ONLY, iptv_apps_dlna="")
        assert code == 0, out
        assert not found(pc)
        assert router.run(f"systemctl is-active {UNIT}").rc != 0 and router.run(f"systemctl cat {UNIT}").rc != 0
        assert not router.check_output("find /etc/homerouter/dlna /etc/homerouter/xupnpd -type f 2>/dev/null || true")
        # What the package has brought would be found on every interface.
        assert router.run("systemctl is-enabled gerbera").stdout.strip() == "masked"
    finally:
        code, out, _stats = converge(**ONLY)
        router.check_output("rm -rf /opt/xupnpd /tmp/xupnpd.tgz")
    assert code == 0, out
    assert set(found(pc)) == before


def test_gerbera_that_serves_something_else_is_not_ended(router):
    router.check_output("systemctl unmask gerbera; systemctl start gerbera")
    try:
        assert "this host runs a gerbera of its own (gerbera.service)" in " ".join(refused(router, **ONLY).split())
        assert router.run("systemctl is-active gerbera").rc == 0
    finally:
        router.check_output("systemctl stop gerbera; systemctl mask gerbera")
