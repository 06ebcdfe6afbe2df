# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VLAN plan: what is refused and why, and the files each network stack gets.

The expected files are in the folder vlans next to this file. After a wanted change:
EXPECT=write pytest tests/unit/plugins/module_utils/test_vlans.py, then read the difference.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _vlans

EXPECTED = Path(__file__).parent / "vlans"

PPP_OPTIONS = [
    "updetach",
    "noauth",
    "defaultroute",
    "ipcp-accept-remote",
    "ipcp-accept-local",
    "lcp-echo-interval 15",
    "lcp-echo-failure 3",
    "persist",
    "maxfail 0",
    "holdoff 3",
    "mru 1492",
    "mtu 1492",
    "lock",
    "noaccomp noccp nobsdcomp nodeflate nopcomp novj novjccomp",
]
PPP = {"username": "adslppp@telefonicanetpa", "password": "it's a $ecret", "options": PPP_OPTIONS}
VOIP_DHCP = "nogateway nodns nontp nosendhost nonis"


def home(**changes: Any) -> dict[str, Any]:
    """The seed's home."""
    plan = {
        "uplink": "enp2s0f0",
        "mtu": 1504,
        "dhcp": False,
        "interfaces": [
            {"service": "iptv", "id": 2, "address": "10.214.0.10/9", "pcp": 4},
            {"service": "voip", "id": 3},
            {"service": "internet", "id": 6, "mtu": 1504},
            {"service": "lan", "id": 100, "address": "192.168.1.1/24"},
        ],
    }
    plan.update(changes)
    return plan


def with_vlan(**entry: Any) -> dict[str, Any]:
    plan = home()
    plan["interfaces"].append(entry)
    return plan


def as_text(rendered: dict[str, list[Any]]) -> str:
    parts = []
    for entry in rendered["files"]:
        keys = " ".join(f"{key}={entry[key]}" for key in ("mode", "marker", "validate") if key in entry)
        parts.append(f"==> {entry['path']} {'secret ' if 'secret' in entry else ''}{keys}\n{entry.get('content', entry.get('secret'))}")
    return "\n".join(parts) + "\n==> absent\n" + "".join(f"{path}\n" for path in rendered["absent"])


RENDERED = {
    "networkd-252": lambda: _vlans.render("networkd", _vlans.make_plan(home()), systemd_version=252),
    "networkd-257": lambda: _vlans.render("networkd", _vlans.make_plan(home()), systemd_version=257),
    "networkd-257-dhcp": lambda: _vlans.render("networkd", _vlans.make_plan(home(dhcp=True)), systemd_version=257),
    "netplan-257": lambda: _vlans.render("netplan", _vlans.make_plan(home()), systemd_version=257),
    "ifupdown": lambda: _vlans.render("ifupdown", _vlans.make_plan(home())),
    "ifupdown-dhcp-not-sourced": lambda: _vlans.render("ifupdown", _vlans.make_plan(home(dhcp=True)), sourced=False),
    "netifrc": lambda: _vlans.render("netifrc", _vlans.make_plan(home()), ppp=PPP, voip_dhcp=VOIP_DHCP),
}


@pytest.mark.parametrize("name", RENDERED)
def test_files_are_as_expected(name: str) -> None:
    text = as_text(RENDERED[name]())
    path = EXPECTED / f"{name}.txt"
    if os.environ.get("EXPECT") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        pytest.param(home(uplink=""), ["vlans_uplink", "empty", "home_uplink"], id="no uplink"),
        pytest.param(home(uplink="eth 0"), ["vlans_uplink", "'eth 0'", "ip link"], id="uplink with a space"),
        pytest.param(home(uplink="a-name-too-long1"), ["vlans_uplink", "a-name-too-long1"], id="uplink too long"),
        pytest.param(home(mtu=20), ["vlans_uplink_mtu", "20", "68"], id="uplink MTU too small"),
        pytest.param(home(mtu=70000), ["vlans_uplink_mtu", "70000", "65535"], id="uplink MTU too large"),
        pytest.param(home(mtu=1492), ["mtu is 1500", "vlans_uplink_mtu", "1492", "raise"], id="MTU above the parent's"),
        pytest.param(home(interfaces=[]), ["vlans_interfaces", "empty"], id="nothing"),
        pytest.param(home(interfaces=[{"id": 6, "enabled": False}]), ["vlans_interfaces", "disabled"], id="all disabled"),
        pytest.param(with_vlan(service="x", id=6), ["id 6", "internet", "x"], id="duplicate id"),
        pytest.param(with_vlan(service="x", id=0), ["id is 0", "1 to 4094"], id="id 0"),
        pytest.param(with_vlan(service="x", id=4095), ["id is 4095", "1 to 4094"], id="id 4095"),
        pytest.param(with_vlan(service="x", id=-6), ["id is -6", "1 to 4094"], id="id negative"),
        pytest.param(with_vlan(service="x", id=7, name="vlan6"), ["name vlan6", "id 6", "id 7"], id="duplicate name"),
        pytest.param(with_vlan(service="x", id=7, name="enp2s0f0"), ["enp2s0f0", "uplink's own name"], id="the uplink's name"),
        pytest.param(with_vlan(service="x", id=7, name="sixteen-letters1"), ["name is 'sixteen-letters1'", "15"], id="long name"),
        pytest.param(with_vlan(service="x", id=7, name="a/b"), ["name is 'a/b'"], id="slash in name"),
        pytest.param(with_vlan(service="x", id=7, name="lo"), ["name is 'lo'"], id="reserved name"),
        pytest.param(with_vlan(service="x", id=7, mtu=40), ["mtu is 40", "68"], id="MTU too small"),
        pytest.param(with_vlan(service="x", id=7, mtu=9000), ["mtu is 9000", "1504"], id="jumbo on an ordinary parent"),
        pytest.param(with_vlan(service="x", id=7, pcp=8), ["pcp is 8", "0 to 7"], id="priority 8"),
        pytest.param(with_vlan(service="x", id=7, pcp=-1), ["pcp is -1", "0 to 7"], id="priority negative"),
        pytest.param(with_vlan(service="x", id=7, address="10.0.0.1"), ["'10.0.0.1'", "10.0.0.1/24"], id="no prefix length"),
        pytest.param(with_vlan(service="x", id=7, address="10.0.0.1/255.0.0.0"), ["prefix length"], id="netmask"),
        pytest.param(with_vlan(service="x", id=7, address="10.0.0/24"), ["'10.0.0/24'", "192.168.1.1/24"], id="three numbers"),
        pytest.param(with_vlan(service="x", id=7, address="172.20.0.0/24"), ["network address", "172.20.0.1"], id="network address"),
        pytest.param(with_vlan(service="x", id=7, address="172.20.0.255/24"), ["broadcast address"], id="broadcast address"),
        pytest.param(with_vlan(service="x", id=7, address="224.0.0.9/24"), ["224.0.0.9", "unicast"], id="multicast address"),
        pytest.param(with_vlan(service="x", id=7, address="192.168.1.9/16"), ["overlaps", "192.168.1.1/24"], id="overlap"),
        pytest.param(with_vlan(service="iptv", id=7, address=""), ["home_iptv_address", "home_iptv_enabled"], id="IPTV without address"),
        pytest.param(with_vlan(service="lan", id=7, address=""), ["address is empty", "home_lan_address"], id="LAN without address"),
    ],
)
def test_refused(plan: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(_vlans.PlanError) as caught:
        _vlans.make_plan(plan)
    for word in words:
        assert word in str(caught.value)


def test_all_problems_at_once() -> None:
    plan = home(uplink="", interfaces=[{"id": 0, "pcp": 9, "address": "x"}])
    with pytest.raises(_vlans.PlanError) as caught:
        _vlans.make_plan(plan)
    assert len(caught.value.problems) == 4


def test_disabled_interfaces_are_not_checked() -> None:
    plan = with_vlan(service="iptv", id=6, address="", enabled=False)
    assert [vlan.id for vlan in _vlans.make_plan(plan).vlans] == [2, 3, 6, 100]


def test_names_and_mtu_have_defaults() -> None:
    vlan = _vlans.make_plan(home(interfaces=[{"id": 6, "name": None, "mtu": None, "address": None, "pcp": None}])).vlans[0]
    assert (vlan.name, vlan.mtu, vlan.address, vlan.egress) == ("vlan6", 1500, None, {})


def test_priority_zero_is_a_priority() -> None:
    vlan = _vlans.make_plan(home(interfaces=[{"id": 6, "pcp": 0}])).vlans[0]
    assert vlan.egress == {key: 0 for key in range(8)}


def test_unknown_backend() -> None:
    with pytest.raises(ValueError, match="vlans_backend is 'ifconfig'"):
        _vlans.render("ifconfig", _vlans.make_plan(home()))


@pytest.mark.parametrize("backend", _vlans.BACKENDS)
def test_files_of_other_stacks_are_stale(backend: str) -> None:
    rendered = _vlans.render(backend, _vlans.make_plan(home()), systemd_version=257)
    written = {entry["path"] for entry in rendered["files"]}
    assert not written & set(rendered["absent"])
    for path in (_vlans.NETPLAN_FILE, _vlans.IFUPDOWN_FILE, _vlans.NETWORKD_CONF, _vlans.UDEV_RULES):
        assert (path in written) != (path in rendered["absent"])


def test_only_a_secret_file_holds_the_password() -> None:
    for entry in RENDERED["netifrc"]()["files"]:
        if "secret" in entry:
            assert entry["mode"] == "0600"
        else:
            assert "ecret" not in entry["content"] and "adslppp@" not in entry["content"]


# --- netifrc -------------------------------------------------------------------------------------------------------

# What the owner's /etc/conf.d/net sets in the specification, its two slips put right: the open quote after
# rc_net_ppp0_provide, and pppd that gives up after ten failures (maxfail).
SEED_SETTINGS = {
    "config_enp2s0f0": "null",
    "mtu_enp2s0f0": "1504",
    "vlans_enp2s0f0": "2 3 6 100",
    "vlan2_name": "vlan2",
    "vlan3_name": "vlan3",
    "vlan6_name": "vlan6",
    "vlan100_name": "vlan100",
    "config_vlan2": "10.214.0.10/9",
    "config_vlan6": "null",
    "config_vlan100": "192.168.1.1/24",
    "config_ppp0": "ppp",
    "modules": "dhclient",
    "config_vlan3": "dhcp",
    "dhcp_vlan3": "nogateway nodns nontp nosendhost nonis",
    "link_ppp0": "vlan6",
    "plugins_ppp0": "pppoe",
    "username_ppp0": "adslppp@telefonicanetpa",
    "password_ppp0": "it's a $ecret",
    "rc_net_ppp0_provide": "!net",
}
SEED_PPPD = (
    "updetach noauth defaultroute ipcp-accept-remote ipcp-accept-local lcp-echo-interval 15 lcp-echo-failure 3"
    " persist maxfail 0 holdoff 3 mru 1492 mtu 1492 lock noaccomp noccp nobsdcomp nodeflate nopcomp novj novjccomp"
)


def sourced(tmp_path: Path, *names: str) -> dict[str, str]:
    """The variables that bash has after reading the files as OpenRC does: conf.d/net, then conf.d/net.ppp0."""
    script = ["set -eu"]
    for number, entry in enumerate(RENDERED["netifrc"]()["files"]):
        path = tmp_path / f"file{number}"
        path.write_text(entry.get("content", entry.get("secret")), encoding="utf-8")
        subprocess.run(["bash", "-n", str(path)], check=True)
        script.append(f". {path}")
    script += [f"printf '%s\\0' \"${name}\"" for name in names]
    output = subprocess.run(["bash", "-c", "\n".join(script)], check=True, capture_output=True, text=True).stdout
    return dict(zip(names, output.split("\0")))


@pytest.mark.skipif(not shutil.which("bash"), reason="bash reads the files")
def test_netifrc_sets_all_the_seed_does(tmp_path: Path) -> None:
    assert sourced(tmp_path, *SEED_SETTINGS) == SEED_SETTINGS


@pytest.mark.skipif(not shutil.which("bash"), reason="bash reads the files")
def test_netifrc_has_all_pppd_options_of_the_seed(tmp_path: Path) -> None:
    assert sourced(tmp_path, "pppd_ppp0")["pppd_ppp0"].split() == SEED_PPPD.split()


@pytest.mark.skipif(not shutil.which("bash"), reason="bash reads the files")
def test_netifrc_adds_mtu_and_priority(tmp_path: Path) -> None:
    assert sourced(tmp_path, "mtu_vlan6", "mtu_vlan2", "vlan2_egress") == {
        "mtu_vlan6": "1504",
        "mtu_vlan2": "1500",
        "vlan2_egress": "0:4 1:4 2:4 3:4 4:4 5:4 6:4 7:4",
    }


def test_netifrc_needs_an_interface_for_ppp0() -> None:
    plan = _vlans.make_plan(home(interfaces=[{"id": 6}]))
    with pytest.raises(ValueError, match="service internet"):
        _vlans.render("netifrc", plan, ppp=PPP)


def test_netifrc_names_with_dots() -> None:
    plan = _vlans.make_plan(home(uplink="en-p2.s0"))
    content = _vlans.render("netifrc", plan)["files"][0]["content"]
    assert 'vlans_en_p2_s0="2 3 6 100"' in content


# --- live state ----------------------------------------------------------------------------------------------------


def live(**changes: dict[str, Any]) -> dict[str, _vlans.Link]:
    """What "ip -json -details address show" prints when all is as in home(), with changes by interface name."""
    entries = {
        "lo": {"ifname": "lo", "flags": ["LOOPBACK", "UP", "LOWER_UP"], "mtu": 65536, "max_mtu": 0, "addr_info": []},
        "enp2s0f0": {"ifname": "enp2s0f0", "flags": ["UP", "LOWER_UP"], "mtu": 1504, "max_mtu": 9000, "addr_info": []},
    }
    for vlan in _vlans.make_plan(home()).vlans:
        address = [dict(zip(("local", "prefixlen"), vlan.address.split("/")))] if vlan.address else []
        entries[vlan.name] = {
            "ifname": vlan.name,
            "link": "enp2s0f0",
            "flags": ["UP", "LOWER_UP"],
            "mtu": vlan.mtu,
            "linkinfo": {
                "info_kind": "vlan",
                "info_data": {
                    "protocol": "802.1Q",
                    "id": vlan.id,
                    "egress_qos": [{"from": key, "to": value} for key, value in vlan.egress.items()],
                },
            },
            "addr_info": address,
        }
    for name, change in changes.items():
        if change is None:
            del entries[name]
        else:
            entries.setdefault(name, {"ifname": name}).update(change)
    return _vlans.parse_links(json.dumps([{}, *entries.values()]))


def test_nothing_is_wrong_when_all_is_as_planned() -> None:
    assert _vlans.state_problems(_vlans.make_plan(home()), live()) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vlan6": None}, "vlan6 does not exist"),
        ({"enp2s0f0": None}, "enp2s0f0 does not exist"),
        ({"enp2s0f0": {"flags": ["UP", "NO-CARRIER"]}}, "enp2s0f0 has no carrier: look at the cable"),
        ({"enp2s0f0": {"flags": []}}, "enp2s0f0 is down"),
        ({"enp2s0f0": {"mtu": 1500}}, "enp2s0f0 has MTU 1500, not 1504"),
        ({"vlan6": {"mtu": 1500}}, "vlan6 has MTU 1500, not 1504"),
        ({"vlan6": {"link": "eth9"}}, "vlan6 is VLAN 6 on eth9, not VLAN 6 on enp2s0f0"),
        ({"vlan6": {"linkinfo": {"info_kind": "bridge"}}}, "vlan6 is of kind bridge, not VLAN 6"),
        ({"vlan6": {"flags": ["LOWER_UP"]}}, "vlan6 is down"),
        ({"vlan100": {"addr_info": []}}, "vlan100 has no address, not 192.168.1.1/24"),
        ({"vlan100": {"addr_info": [{"local": "192.168.1.2", "prefixlen": 24}]}}, "vlan100 has 192.168.1.2/24, not 192.168.1.1/24"),
        (
            {"vlan2": {"linkinfo": {"info_kind": "vlan", "info_data": {"id": 2, "egress_qos": [{"from": 0, "to": 4}]}}}},
            "vlan2 has priority map 0:4, not 0:4 1:4 2:4",
        ),
        (
            {"vlan3": {"linkinfo": {"info_kind": "vlan", "info_data": {"id": 3, "egress_qos": [{"from": 0, "to": 4}]}}}},
            "vlan3 has priority map 0:4, not none",
        ),
    ],
)
def test_each_difference_is_named(change: dict[str, Any], message: str) -> None:
    problems = _vlans.state_problems(_vlans.make_plan(home()), live(**change))
    assert any(problem.startswith(message) for problem in problems), problems


def test_a_missing_carrier_is_no_reason_to_apply() -> None:
    links = live(enp2s0f0={"flags": ["UP", "NO-CARRIER"]})
    assert _vlans.state_problems(_vlans.make_plan(home()), links, carrier=False) == []


def test_foreign_addresses_do_not_count() -> None:
    links = live(vlan3={"addr_info": [{"local": "10.25.0.10", "prefixlen": 19}, {"local": "fe80::1", "prefixlen": 64}]})
    assert _vlans.state_problems(_vlans.make_plan(home()), links) == []


@pytest.mark.parametrize(
    ("plan", "change", "words"),
    [
        (home(uplink="eth9"), {}, ["vlans_uplink is eth9", "enp2s0f0", "home_uplink"]),
        (home(), {"enp2s0f0": {"master": "br0"}}, ["port of br0"]),
        (home(mtu=9100), {}, ["vlans_uplink_mtu is 9100", "9000 at most"]),
        (home(), {"vlan6": {"linkinfo": {"info_kind": "dummy"}}}, ["name vlan6", "dummy", "rename"]),
        (
            home(dhcp=True),
            {"enp2s0f0": {"addr_info": [{"local": "192.168.1.77", "prefixlen": 24}]}},
            ["address 192.168.1.1/24 of vlan100", "192.168.1.0/24 on enp2s0f0", "home_lan_address"],
        ),
        (home(), {"eth7": {"addr_info": [{"local": "10.200.0.1", "prefixlen": 16}]}}, ["of vlan2", "10.200.0.0/16 on eth7"]),
        (home(), {"old.6": {"link": "enp2s0f0", "linkinfo": {"info_kind": "vlan", "info_data": {"id": 6}}}}, ["id 6", "ip link delete old.6"]),
    ],
)
def test_host_refused(plan: dict[str, Any], change: dict[str, Any], words: list[str]) -> None:
    problems = "\n".join(_vlans.host_problems(_vlans.make_plan(plan), live(**change)))
    for word in words:
        assert word in problems


def test_host_taken() -> None:
    assert _vlans.host_problems(_vlans.make_plan(home()), live()) == []
    assert _vlans.host_problems(_vlans.make_plan(home()), live(vlan2=None, vlan3=None, vlan6=None, vlan100=None)) == []
    # The uplink's own address goes, and a link from one point to another has no network.
    old = {"addr_info": [{"local": "192.168.1.77", "prefixlen": 24}]}
    peer = {"addr_info": [{"local": "192.168.1.5", "prefixlen": 32}, {"local": "fe80::1", "prefixlen": 64}]}
    assert _vlans.host_problems(_vlans.make_plan(home()), live(enp2s0f0=old, tun0=peer)) == []


# --- files of other origin -----------------------------------------------------------------------------------------

INTERFACES = """\
source /etc/network/interfaces.d/*.cfg more/*
# BEGIN homerouter.tripleplay interfaces.d
source /etc/network/interfaces.d/*
# END homerouter.tripleplay interfaces.d
source-directory other.d/
auto eth0
iface eth0 inet dhcp
iface eth0 inet6 manual
  iface eth0 inet6 static
iface eth01 inet dhcp
"""


def test_interfaces_file_is_understood() -> None:
    assert _vlans.interface_stanzas(INTERFACES, "eth0") == [(7, "dhcp"), (9, "static")]
    assert _vlans.sourced_patterns(INTERFACES) == ["/etc/network/interfaces.d/*.cfg", "more/*", "other.d/*"]


def test_systemd_version() -> None:
    assert _vlans.parse_systemd_version("systemd 252 (252.38-1~deb12u1)\n+PAM") == 252
    assert _vlans.parse_systemd_version("") == 0
