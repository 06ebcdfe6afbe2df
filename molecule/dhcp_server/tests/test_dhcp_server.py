# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The LAN's DHCP server and resolver: the same packets from all three providers, and nothing for anybody outside."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from house import capture, converge, lab, refused

LAN_ADDRESS = "192.168.1.1"
IPTV_ADDRESS = "10.214.0.10"
PRINTER, FIRST, SECOND, THIRD = (f"02:00:00:00:00:{last}" for last in ("99", "a1", "a2", "a3"))
# The interfaces stay as they are.
ROLE: dict[str, Any] = {"lab_roles": ["dhcp_server"]}
UNITS = {"kea": ["kea-dhcp4-server", "unbound"], "isc": ["isc-dhcp-server", "unbound"], "dnsmasq": ["dnsmasq"]}

BOX = "02:00:00:00:00:b1"
# RFC 2132 by number, as printed on the wire. 125 and 240 are asked for and not there.
OPTIONS = {
    "1": "ffffff00",
    "3": "c0a80101",
    "6": "c0a80101",
    "12": b"printer".hex(),
    "15": b"home.arpa".hex(),
    "26": f"{1496:04x}",
    "28": "c0a801ff",
    "51": f"{600:08x}",
    "54": "c0a80101",
    "58": f"{300:08x}",
    "59": f"{525:08x}",
}

# What a set-top box gets in place of that, or besides: its own resolver, and where it boots from in 43 octets. Never 125, which
# makes some start over and over.
TELEVISION = {"6": "ac1a1703", "240": b":::::239.0.2.10:22222:v6.0:239.0.2.30:22222".hex()}

# dnsmasq takes addresses for documentation for private ones, so the public one here is the ISP's.
FOREIGN_ZONE = """
$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 300
@ IN NS ns
ns IN A 10.128.0.1
* IN A 80.58.61.80
rebind IN A 192.168.1.20
box.tv IN A 172.26.23.3
"""
FOREIGN_RESOLVER = """
server:
    ip-address: 10.128.0.1
    username: root
    zonesdir: /tmp/foreign
    pidfile: /tmp/foreign/pid
    xfrdfile: /tmp/foreign/xfrd
    zonelistfile: /tmp/foreign/list
remote-control:
    control-enable: no
zone:
    name: example.net
    zonefile: example.net
"""


@pytest.fixture(scope="module", autouse=True)
def phone_is_off(phone):
    """It may hold an address of an earlier scenario, which two of the servers would find in use."""
    phone.check_output("systemctl stop dhcp-client; ip address flush dev eth0")
    yield
    phone.check_output("systemctl start dhcp-client")


@pytest.fixture(scope="module", autouse=True)
def foreign_resolver(isp):
    """Whom the router's resolver forwards to; and the ISP knows a way to the router's LAN address."""
    isp.check_output(
        f"mkdir -p /tmp/foreign; cat > /tmp/foreign/example.net <<'X'\n{FOREIGN_ZONE}\nX\n"
        f"cat > /tmp/foreign/nsd.conf <<'X'\n{FOREIGN_RESOLVER}\nX\n"
        "systemd-run --quiet --collect --unit=foreign-resolver nsd -d -c /tmp/foreign/nsd.conf; "
        f"ip route replace {LAN_ADDRESS} via {IPTV_ADDRESS} dev vlan2"
    )
    yield
    isp.check_output(f"systemctl stop foreign-resolver; ip route delete {LAN_ADDRESS}; rm -r /tmp/foreign")


def processes(router) -> str:
    return router.check_output("systemctl show -p Id -p MainPID -p ActiveState kea-dhcp4-server isc-dhcp-server dnsmasq unbound")


def leased(pc) -> str:
    found = json.loads(pc.check_output("ip -4 -json address show dev eth0"))
    return found[0]["addr_info"][0]["local"] if found else ""


@pytest.fixture(scope="module", params=list(UNITS))
def provider(request, router, pc, eventually) -> str:
    """The role applied with each provider in turn; the first one is there already."""
    before = processes(router)
    code, out, stats = converge(**ROLE, dhcp_server_provider=request.param)
    assert code == 0, out[-2000:]
    if request.param == "kea":
        assert stats["router"]["changed"] == 0, out
        assert processes(router) == before
    pc.check_output("ip address flush dev eth0; systemctl restart dhcp-client")
    eventually(lambda: leased(pc) == "192.168.1.20", 20, "the reserved address on the PC")
    return request.param


def devices(pc, *which: str | dict[str, Any]) -> list[dict[str, Any]]:
    """What the server answers to devices at the PC's port of the switch; one that is no more than a MAC address is given as text."""
    wishes = [json.dumps({"mac": wish} if isinstance(wish, str) else wish) for wish in which]
    script = (Path(__file__).parent / "device.py").read_text(encoding="utf-8")
    return json.loads(pc.check_output(f"python3 - eth0 {' '.join(map(shlex.quote, wishes))} <<'X'\n{script}\nX"))


def granted(address: str, options: dict[str, str]) -> dict[str, Any]:
    """Offer and acknowledgement of an address."""
    return {
        kind: {"address": address, "next_server": LAN_ADDRESS, "options": options | {"53": number}}
        for kind, number in (("offer", "02"), ("ack", "05"))
    }


def test_only_the_providers_units_run(provider, router):
    running = [name for name in ("kea-dhcp4-server", "isc-dhcp-server", "dnsmasq", "unbound") if router.service(name).is_running]
    assert running == UNITS[provider]


def test_reservation_and_options_are_the_same_on_the_wire(provider, pc):
    [printer] = devices(pc, PRINTER)
    assert printer == granted("192.168.1.211", OPTIONS)


def test_set_top_box_gets_what_television_needs_and_nobody_else_does(provider, pc):
    """The same device with several vendor classes, and a box that says none but is known by its MAC address."""
    ial = {"mac": PRINTER, "vendor_class": "[IAL]"}
    classes = [ial, ial | {"vendor_class": "[IAL] HUMAX"}, ial | {"not_asked": [240]}]
    others = [ial | {"vendor_class": text} for text in ("IAL", "[IA", "MSFT 5.0", "a[IAL]")]
    boxes = [{"mac": BOX}, {"mac": BOX, "not_asked": [240]}, {"mac": BOX, "vendor_class": "[IAL]"}]
    answers = devices(pc, *classes, *others, *boxes, PRINTER)
    television, plain = granted("192.168.1.211", OPTIONS | TELEVISION), granted("192.168.1.211", OPTIONS)
    salon = granted("192.168.1.30", OPTIONS | TELEVISION | {"12": b"salon".hex()})
    assert len(TELEVISION["240"]) == 2 * 43
    assert answers == [television] * 3 + [plain] * 4 + [salon] * 3 + [plain]


def test_line_without_television_has_no_set_top_boxes(provider, pc):
    code, out, _stats = converge(**ROLE, dhcp_server_provider=provider, dhcp_server_iptv_enabled=False)
    assert code == 0, out[-2000:]
    assert devices(pc, {"mac": PRINTER, "vendor_class": "[IAL]"}, BOX) == [
        granted("192.168.1.211", OPTIONS),
        granted("192.168.1.30", OPTIONS | {"12": b"salon".hex()}),
    ]


def test_pool_has_two_addresses_and_lends_no_reserved_one(provider, pc):
    first, second, third = devices(pc, FIRST, SECOND, THIRD)
    assert {first["ack"]["address"], second["ack"]["address"]} == {"192.168.1.210", "192.168.1.212"}
    assert first["ack"]["options"]["53"] == second["ack"]["options"]["53"] == "05"
    assert third == {"offer": None, "ack": None}


def test_device_from_another_network_is_told_so(provider, pc):
    [stranger] = devices(pc, {"mac": "02:00:00:00:00:a4", "address": "10.0.0.5"})
    assert stranger["ack"]["options"]["53"] == "06"


def resolve(host, server: str, question: str) -> str | None:
    """Answer to a DNS query; None if none comes."""
    done = host.run(f"dig +short +tries=1 +time=2 @{server} {question}")
    return done.stdout.strip() if done.rc == 0 else None


def test_resolver_forwards_and_keeps_the_homes_names_at_home(provider, pc, isp):
    # A name that no resolver has in its cache.
    name = f"{provider}.example.net"
    with capture(isp, "forwarded", "vlan2", "udp port 53") as forwarded:
        assert resolve(pc, LAN_ADDRESS, name) == "80.58.61.80"
        assert resolve(pc, LAN_ADDRESS, "printer.home.arpa") == "192.168.1.211"
        assert resolve(pc, LAN_ADDRESS, "-x 192.168.1.211") == "printer.home.arpa."
        assert resolve(pc, LAN_ADDRESS, "nobody.home.arpa") == ""
    assert any(name in line for line in forwarded)
    assert not any("home.arpa" in line or "in-addr.arpa" in line for line in forwarded)


def test_private_addresses_come_from_private_domains_only(provider, pc):
    # The foreign resolver tells both.
    assert resolve(pc, LAN_ADDRESS, "rebind.example.net") == ""
    assert resolve(pc, LAN_ADDRESS, "box.tv.example.net") == "172.26.23.3"


def test_nobody_outside_is_answered(provider, isp, router, eventually):
    outside = (LAN_ADDRESS, IPTV_ADDRESS)
    assert [resolve(isp, address, "printer.home.arpa") for address in outside] == [None, None]
    if provider == "dnsmasq":
        unit, path, open_up = "dnsmasq", "/etc/dnsmasq.d/homerouter.conf", "/^interface=/d"
    else:
        unit, path, open_up = "unbound", "/etc/unbound/unbound.conf.d/homerouter.conf", "s/0.0.0.0.0 deny/0.0.0.0\\/0 allow/"
    router.check_output(f"cp -p {path} /tmp/kept; sed -i '{open_up}' {path}; systemctl restart {unit}")
    try:
        eventually(
            lambda: resolve(isp, LAN_ADDRESS, "printer.home.arpa") == "192.168.1.211",
            10, "an answer outside without the protection, or the test proves nothing",
        )  # fmt: skip
    finally:
        router.check_output(f"cp -p /tmp/kept {path}; systemctl restart {unit}")


def test_server_serves_again_on_an_interface_that_is_made_anew_at_once(provider, router, pc, eventually):
    main_process = f"systemctl show -p MainPID --value {UNITS[provider][0]}"
    before = router.check_output(main_process)
    router.check_output("ip link delete vlan100 && ip link add link eth0 name vlan100 type vlan id 100")
    eventually(lambda: router.check_output(main_process) not in (before, "0"), 20, "the server to be started anew")
    eventually_leased(router, pc)


def eventually_leased(router, pc) -> None:
    """The printer gets its lease again; each try takes some seconds by itself."""
    answers = [devices(pc, PRINTER)[0]["ack"]]
    while answers[-1] is None and len(answers) < 5:
        answers.append(devices(pc, PRINTER)[0]["ack"])
    assert answers[-1], router.check_output("systemctl status kea-dhcp4-server isc-dhcp-server dnsmasq || :")
    assert answers[-1]["address"] == "192.168.1.211"


@pytest.mark.parametrize("provider", ["kea"], indirect=True)
def test_reboot_keeps_it_working(provider, router, pc, eventually):
    lab("reboot", "router")
    eventually_leased(router, pc)
    eventually(lambda: resolve(pc, LAN_ADDRESS, "reboot.example.net") == "80.58.61.80", 20, "the resolver after the reboot")


@pytest.mark.parametrize("provider", ["dnsmasq"], indirect=True)
def test_broken_plan_is_refused_before_anything_changes(provider, router):
    before = processes(router)
    out = refused(
        router,
        **ROLE,
        dhcp_server_provider="kea",
        dhcp_server_pool_last="192.168.2.20",
        dhcp_server_reservations=[
            {"name": "printer", "mac": PRINTER, "address": "192.168.1.31"},
            {"name": "camera", "mac": PRINTER, "address": "192.168.1.32"},
        ],
        dhcp_server_iptv_boxes=[{"name": "salon", "mac": BOX, "address": "192.168.1.32"}],
    )
    assert "dhcp_server_pool_last is '192.168.2.20', which is no host address of 192.168.1.0/24" in out.replace("\\'", "'")
    assert "dhcp_server_reservations[1].mac" in out
    assert "dhcp_server_iptv_boxes[0].address" in out
    assert processes(router) == before
