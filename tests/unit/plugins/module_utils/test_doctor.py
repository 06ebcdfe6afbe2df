# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor's table: each check finds its fault and nothing else does, causes come before what they cause, and a healthy house has nothing."""

from __future__ import annotations

import copy
import re
from typing import Any, Callable

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import (
    _doctor,
    _doctor_plan,
    _doctor_switch,
    _sg_resources,
    _sg_state,
    _switch,
)
from ansible_collections.homerouter.tripleplay.plugins.module_utils._doctor_checks import CHECKS

TABLE = {check.id: check for check in CHECKS}
Facts = dict[str, Any]
Break = Callable[[Facts], object]


def plan(**values: Any) -> dict[str, Any]:
    """The example home."""
    stated = {name: copy.deepcopy(spec.get("default")) for name, spec in _doctor_plan.ARGUMENTS.items()}
    return _doctor_plan.ready({**stated, "uplink": "eth0", "iptv_address": "10.214.0.10/9", "box_mac": "", **values})


def link(kind: str, addresses: list[str], number: int = 0, parent: str = "", mtu: int = 1500) -> dict[str, Any]:
    return {
        "kind": kind,
        "mtu": mtu,
        "up": True,
        "carrier": True,
        "parent": parent,
        "vlan_id": number,
        "addresses": addresses,
        "rx_packets": 1000000,
        "rx_errors": 0,
        "tx_packets": 500000,
        "tx_errors": 0,
    }


def stream(group: str, seen: int, sources: list[str]) -> dict[str, Any]:
    return {"group": group, "seen": seen, "received": seen, "sources": sources, "first_ms": 10.0, "lost": 0}


def offer(**options: str) -> dict[str, Any]:
    return {
        "server": "192.168.1.1",
        "address": "192.168.1.212",
        "own": True,
        "mac": "02:00:00:00:06:02",
        "options": {
            **{"53": "02", "54": "c0a80101", "1": "ffffff00", "3": "c0a80101", "6": "c0a80101"},
            **{code.strip("o"): value for code, value in options.items()},
        },
    }


PORTS = [
    {"port": "gi1", "use": "ont"}, {"port": "gi2", "use": "router"}, {"port": "gi3", "use": "set_top_box"}, {"port": "gi8", "use": "mirror"},
    {"port": "GI10", "use": "management"},
]  # fmt: skip


def trunk(name: str, native_vlan: str, *allowed_vlans: str) -> dict[str, Any]:
    return {
        "name": name, "mode": "trunk", "access": {"vlan": 1}, "trunk": {"native_vlan": native_vlan, "allowed_vlans": list(allowed_vlans)},
        "unregistered_multicast": "forwarding",
    }  # fmt: skip


def access(name: str, vlan: int) -> dict[str, Any]:
    return {
        "name": name, "mode": "access", "access": {"vlan": vlan}, "trunk": {"native_vlan": "1", "allowed_vlans": []}, "unregistered_multicast": "forwarding",
    }  # fmt: skip


def switch_answer(dialect: str = "ros1") -> dict[str, Any]:
    """What sg_facts returns of a switch that is set as the home states."""
    ports = [{"name": f"gi{number}", "link": "up", "type": "1G-Copper", "speed": 1000, "duplex": "full"} for number in range(1, 11)]
    snooping = {"vlan_id": 100, "enabled": True, "mrouter": {"learn": True, "ports": ["gi2"]}, "querier": {"enabled": False}}
    facts = {
        "dialect": dialect,
        "ports": [*ports, {"name": "po1", "link": "absent", "type": "", "speed": 0, "duplex": ""}],
        "config": {
            "vlans": [{"vlan_id": 2, "name": "television"}, {"vlan_id": 3}, {"vlan_id": 6}, {"vlan_id": 100}],
            "l2_interfaces": [
                trunk("gi1", "none", "2-3", "6"), trunk("gi2", "1", *(["1"] if dialect == "ros2" else []), "2-3", "6", "100"),
                *(access(f"gi{number}", 100) for number in range(3, 10)),
            ],
            "igmp_snooping": {"enabled": True, "multicast_filtering": True, "querier": True, "vlans": [snooping]},
            "port_mirroring": [],
        },
        "smartport": "controlled",
        "unsaved": False,
    }  # fmt: skip
    return {"ansible_facts": {"sg": facts}}


def asked_switch(answer: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """A switch among the facts, in the example home."""
    asked = {"other_ports": "lan", "router_native_vlan": "1", "mirror": [], "ports": PORTS, **values}
    return _doctor_switch.told({"name": "sw1", "answer": answer or switch_answer(), **asked}, _doctor_switch.lines_vlans(plan()))


# What systemd knows of the collection's own.
HOMEROUTER = ("homerouter-firewall.service", "homerouter-igmp-keepalive.service", "homerouter-relay.service")
OPTION_240 = b":::::239.0.2.10:22222:v6.0:239.0.2.30:22222".hex()


def healthy() -> Facts:
    """What is gathered in a house where all is well."""
    unit = {"load": "loaded", "active": "active", "result": "success", "enabled": "enabled"}
    return {
        "links": {
            "eth0": link("", []),
            "vlan6": link("vlan", [], 6, "eth0"),
            "vlan2": link("vlan", ["10.214.0.10/9"], 2, "eth0"),
            "vlan3": link("vlan", ["10.25.200.7/19"], 3, "eth0"),
            "vlan100": link("vlan", ["192.168.1.1/24"], 100, "eth0"),
            "ppp0": link("ppp", ["80.28.0.10/32"], mtu=1492),
        },
        "names": {"uplink": "eth0", "internet": "vlan6", "iptv": "vlan2", "voip": "vlan3", "lan": "vlan100", "ppp": "ppp0"},
        "cards": ["eth0"],
        "time": {"router": 1000.0, "controller": 1001.0},
        "disk": {"/": 40},
        "modules": ["nf_conntrack"],
        "secrets": {"/etc/ppp/pap-secrets": {"mode": "0600", "owner": 0}},
        "units": {name: dict(unit) for name in [*plan()["units"], *HOMEROUTER] if "*" not in name},
        "sysctl": {
            "ipv4/ip_forward": "1",
            "ipv4/igmp_max_memberships": "512",
            "ipv4/conf/all/accept_source_route": "0",
            "ipv4/conf/vlan2/force_igmp_version": "0",
            "ipv4/conf/vlan100/force_igmp_version": "0",
            "netfilter/nf_conntrack_count": "12",
            "netfilter/nf_conntrack_max": "65536",
            "netfilter/nf_conntrack_udp_timeout_stream": "120",
        },
        "routes": [
            {"dst": "default", "dev": "ppp0"},
            {"dst": "10.128.0.0/9", "dev": "vlan2"},
            {"dst": "172.16.0.0/12", "gateway": "10.128.0.1", "dev": "vlan2", "protocol": "98"},
            {"dst": "172.26.0.0/17", "gateway": "10.128.0.1", "dev": "vlan2", "protocol": "rip"},
            {"dst": "192.168.1.0/24", "dev": "vlan100"},
            {"dst": "10.31.255.128/27", "gateway": "10.25.192.1", "dev": "vlan3", "protocol": "static"},
        ],
        "firewall": {"input_drop": True, "forward_drop": True, "nat": ["ppp0", "vlan2", "vlan3"], "mss": True, "voice_timeout": True, "rivals": []},
        "managed_firewall": True,
        "neighbours": [{"dst": "10.128.0.1", "dev": "vlan2", "state": ["REACHABLE"]}, {"dst": "10.25.192.1", "dev": "vlan3", "state": ["REACHABLE"]}],
        "pppoe": {
            "unit": "pppoe-internet.service",
            "up": True,
            "address": "80.28.0.10",
            "peer": "80.58.67.163",
            "elsewhere": [],
            "tried": [],
            "offers": [{"name": "bras", "mac": "02:00:00:00:06:01", "vlan": None}],
            "refused": [],
            "exits": [],
            "lines": [],
            "kernel_lacks": [],
        },
        "forwarders": [{"server": server, "name": "x", "answered": True, "code": 0, "answers": 1} for server in ("80.58.61.250", "80.58.61.254")],
        "resolver": {"server": "192.168.1.1", "name": "home.arpa", "answered": True, "code": 0, "answers": 1},
        "outside": {"server": "192.168.1.1", "name": "x", "answered": True, "code": 0, "answers": 1},
        "iptv_dns": {"server": "172.26.23.3", "name": "imagenio.telefonica.net", "answered": True, "code": 0, "answers": 1, "ping": False},
        "dhcp": {"asked": 4, "pc": [offer()], "box": [offer(o240=OPTION_240, o6="ac1a1703")]},
        "voip": {"gateway": "10.25.192.1", "offers": None},
        "sip": {"outcome": "answered", "status_line": "SIP/2.0 400 Missing CSeq Header", "wrong": ""},
        "rip": {"sources": [{"gateway": "10.128.0.1", "seconds": 12}]},
        "streams": {
            "opch": stream("239.0.2.30:22222", 1, ["172.26.20.39"]),
            "guide": stream("239.0.2.129:3937", 2, ["172.26.20.39"]),
            "channel": stream("239.0.0.76:8208", 800, ["172.26.72.17"]),
        },
        "reverse_path": [{"source": "172.26.72.17", "passes": True, "text": "way back by vlan2"}],
        "multicast": {
            "ours": True,
            "others": [],
            "vifs": ["vlan2", "vlan100"],
            "versions": {"vlan2": 3, "vlan100": 2},
            "joined": {"vlan2": ["239.0.0.76", "239.0.0.2"]},
            "routes": [
                {
                    "group": "239.0.0.76",
                    "origin": "172.26.72.17",
                    "resolved": True,
                    "lasting": True,
                    "input_interface": "vlan2",
                    "wrong_interface_per_second": 0.0,
                },
            ],
            "config": {
                "path": "/etc/igmpproxy.conf",
                "altnet": ["172.16.0.0/12"],
                "whitelist": {"vlan2": ["239.0.0.0/16"], "vlan100": ["239.0.0.0/16"]},
            },
        },
        "proxy_config": True,
        "rules": [],
        "twin_lan": {"address": "192.168.1.1", "mac": ""},
        "twin_iptv": {"address": "10.214.0.10", "mac": ""},
        "left_out": {},
        "switches": [asked_switch()],
    }


def judge(facts: Facts, services: tuple[str, ...] = ("lan", "internet", "tv", "voice", "switch"), **values: Any) -> _doctor.Report:
    return _doctor.judge(CHECKS, plan(**values), facts, services)


def ids(report: _doctor.Report) -> list[str]:
    return [finding.check.id for finding in report.findings]


def cut(facts: Facts, *services: str) -> None:
    """Nothing comes back from the network."""
    facts["links"]["eth0"].update(carrier=False)
    for name in ("vlan6", "vlan2", "vlan3", "vlan100"):
        facts["links"][name].update(carrier=False)
    facts["pppoe"].update(offers=[])
    no_answers(facts, "forwarders", "outside", "iptv_dns")
    silence(facts)
    facts["neighbours"] = [{"dst": "10.128.0.1", "dev": "vlan2", "state": ["FAILED"]}]
    facts["sip"].update(outcome="silent", wrong="is silent")
    facts["reverse_path"] = None
    # Without a carrier nothing is sent, and the router's own server hears nothing.
    facts["dhcp"].update(pc=[], box=[])


def silence(facts: Facts) -> None:
    for one in facts["streams"].values():
        one.update(seen=0, received=0, sources=[])


def no_answers(facts: Facts, *names: str) -> None:
    for name in names:
        for one in facts[name] if isinstance(facts[name], list) else [facts[name]]:
            one.update(answered=False, code=None, answers=0)


def dead_link(facts: Facts, **seen: Any) -> None:
    """PPPoE is down, and with it all that needs the Internet."""
    facts["pppoe"].update(up=False, address="", peer="", **seen)
    del facts["links"]["ppp0"]
    facts["routes"] = [route for route in facts["routes"] if route.get("dev") != "ppp0"]
    no_answers(facts, "forwarders", "outside")


def no_interface(name: str) -> Break:
    def broken(facts: Facts) -> None:
        del facts["links"][name]
        if name == "vlan6":
            dead_link(facts, offers=None)
        if name == "vlan2":
            for key in ("streams", "reverse_path"):
                facts[key] = None
            no_answers(facts, "iptv_dns")
            facts["routes"] = [route for route in facts["routes"] if route.get("dev") != "vlan2"]
            facts["multicast"].update(vifs=[], routes=[])
            facts["neighbours"] = facts["neighbours"][1:]
        if name == "vlan3":
            facts["routes"] = [route for route in facts["routes"] if route.get("dev") != "vlan3"]
            facts["sip"].update(outcome="unreachable", wrong="cannot be reached")
        if name == "vlan100":
            facts["dhcp"] = None
            no_answers(facts, "resolver", "outside")
            facts["multicast"].update(vifs=[], routes=[])

    return broken


def at(*path: Any, **values: Any) -> Break:
    """Change what is at a place in the facts."""

    def broken(facts: Facts) -> None:
        place = facts
        for key in path:
            place = place[key]
        place.update(values)

    return broken


def both(*breaks: Break) -> Break:
    return lambda facts: [broken(facts) for broken in breaks]


def rid(key: str, value: str) -> Break:
    """Routes without those of an interface or kind."""
    return lambda facts: facts.update(routes=[route for route in facts["routes"] if route.get(key) != value])


def changed(facts: Facts) -> None:
    """A rule is no longer there."""
    facts["rules"].append("-\t\tiifname \"vlan100\" accept")


def nat(missing: str) -> Break:
    return both(lambda facts: facts["firewall"]["nat"].remove(missing), changed)


def sg(facts: Facts) -> dict[str, Any]:
    """What the switch says."""
    return facts["switches"][0]["sg"]


def set_port(*settings: dict[str, Any]) -> Break:
    """Ports of the switch set otherwise."""

    def broken(facts: Facts) -> None:
        names = [port["name"] for port in settings]
        config = sg(facts)["config"]
        config["l2_interfaces"] = [port for port in config["l2_interfaces"] if port["name"] not in names] + list(settings)
        # Nobody has saved it.
        sg(facts)["unsaved"] = True

    return broken


def set_snooping(unsaved: bool = True, **values: Any) -> Break:
    """IGMP snooping of the LAN's VLAN set otherwise."""

    def broken(facts: Facts) -> None:
        sg(facts)["config"]["igmp_snooping"]["vlans"][0].update(values)
        sg(facts)["unsaved"] = unsaved

    return broken


def set_link(name: str, **values: Any) -> Break:
    return lambda facts: next(port for port in sg(facts)["ports"] if port["name"] == name).update(values)


def no_vlan(number: int) -> Break:
    """A VLAN deleted from the switch: it goes from the ports as well."""

    def broken(facts: Facts) -> None:
        config = sg(facts)["config"]
        config["vlans"] = [vlan for vlan in config["vlans"] if vlan["vlan_id"] != number]
        left = [text for text in ("2-3", "6", "100") if text != str(number)] if number not in (2, 3) else [str(5 - number), "6", "100"]
        set_port(trunk("gi1", "none", *left[:-1] if number != 100 else left), trunk("gi2", "1", *left))(facts)

    return broken


def answered(answer: dict[str, Any], **values: Any) -> Break:
    return lambda facts: facts.update(switches=[asked_switch(answer, **values)])


def no_television(facts: Facts) -> None:
    """Nothing of VLAN 2 comes back."""
    silence(facts)
    facts["neighbours"][0].update(state=["FAILED"])
    no_answers(facts, "iptv_dns")
    facts.update(reverse_path=None)
    facts["rip"] = {"sources": [{"gateway": "10.128.0.1", "seconds": 170}]}


def no_telephone(facts: Facts) -> None:
    """Nothing of VLAN 3 comes back."""
    facts["neighbours"][1].update(state=["FAILED"])
    facts["sip"].update(outcome="unreachable", wrong="cannot be reached")


def no_internet(facts: Facts) -> None:
    """Nothing of VLAN 6 comes back."""
    dead_link(facts, offers=[], tried=[7, 20], lines=["Timeout waiting for PADO packets"])


NO_FIBRE = both(no_internet, no_television, no_telephone)
OFFER = [{"name": "bras", "mac": "02:00:00:00:06:01", "vlan": 20}]
STRANGER = {**offer(), "own": False, "server": "192.168.1.254", "mac": "02:00:00:00:09:09"}
STOPPED = {"active": "inactive"}

# Every check, and a fault that it has to find, with all that would follow from it in a house.
FAULTS: dict[str, Break] = {
    "system.uplink_missing": lambda facts: facts.update(
        links={"lo": link("", [])},
        pppoe={**facts["pppoe"], "up": False, "offers": None},
        streams=None,
        reverse_path=None,
        dhcp=None,
        neighbours=[],
        routes=[],
        multicast={**facts["multicast"], "vifs": [], "routes": []},
    ),
    "system.uplink_down": both(
        cut,
        lambda facts: [facts["links"][name].update(up=False) for name in ("eth0", "vlan2", "vlan3", "vlan6", "vlan100")],
        lambda facts: facts.update(streams=None, dhcp=None),
        rid("dev", "vlan2"),
        rid("dev", "vlan3"),
    ),
    "system.cable": cut,
    "system.uplink_mtu": both(lambda facts: [facts["links"][name].update(mtu=1400) for name in ("eth0", "vlan2", "vlan3", "vlan6", "vlan100")]),
    "system.nic_errors": both(at("links", "eth0", rx_errors=5000), at("streams", "channel", lost=12)),
    "system.forwarding": lambda facts: facts["sysctl"].update({"ipv4/ip_forward": "0"}),
    "system.firewall_missing": lambda facts: facts.update(
        managed_firewall=None, rules=None, firewall={"input_drop": False, "forward_drop": False, "nat": [], "mss": False, "voice_timeout": False, "rivals": []}
    ),
    "system.firewall_rival": lambda facts: facts["firewall"]["rivals"].append("Docker drops what the router forwards"),
    "system.slow": at("links", "eth0", speed="100", duplex="full", gigabit=True),
    "system.firewall_changed": changed,
    "system.stopped": at("units", "homerouter-relay.service", active="failed", result="exit-code"),
    "system.boot": at("units", "igmpproxy.service", enabled="disabled"),
    "system.secrets": at("secrets", "/etc/ppp/pap-secrets", mode="0644"),
    "system.clock": at("time", router=5000.0),
    "system.disk": lambda facts: facts["disk"].update({"/": 99}),
    "system.conntrack": lambda facts: facts["sysctl"].update({"netfilter/nf_conntrack_max": "13"}),
    "system.source_route": lambda facts: facts["sysctl"].update({"ipv4/conf/all/accept_source_route": "1"}),
    "switch.silent": answered({"unreachable": True, "msg": "ssh connection failed: Connection timed out"}),
    "switch.refused": answered({"unreachable": True, "msg": "Failed to authenticate public key: Access denied for 'none'"}),
    "switch.ports": answered(switch_answer(), ports=[*PORTS, {"port": "gi20", "use": "lan"}]),
    "switch.ont_link": both(set_link("gi1", link="down", speed=0, duplex=""), NO_FIBRE),
    "switch.router_link": both(set_link("gi2", link="down", speed=0, duplex=""), NO_FIBRE),
    "switch.slow": both(set_link("gi1", speed=100, duplex="half"), at("streams", "channel", lost=3), at("links", "eth0", rx_errors=5000)),
    "switch.internet_missing": both(no_vlan(6), no_internet),
    "switch.tv_missing": both(no_vlan(2), no_television),
    "switch.voice_missing": both(no_vlan(3), no_telephone),
    "switch.lan_missing": both(no_vlan(100), set_port(access("gi3", 0)), set_snooping(enabled=False)),
    "switch.internet_trunk": both(set_port(trunk("gi2", "1", "2-3", "100")), no_internet),
    "switch.tv_trunk": both(set_port(trunk("gi1", "none", "3", "6")), no_television),
    "switch.voice_trunk": both(set_port(trunk("gi2", "1", "2", "6", "100")), no_telephone),
    "switch.lan_trunk": set_port(trunk("gi2", "1", "2-3", "6")),
    "switch.ont_mode": both(set_port(access("gi1", 6)), NO_FIBRE),
    "switch.router_mode": both(set_port(access("gi2", 100)), NO_FIBRE),
    "switch.native": set_port(trunk("gi1", "1", "2-3", "6")),
    "switch.lan_port": set_port(access("gi5", 1)),
    "switch.filtering": lambda facts: sg(facts)["config"]["igmp_snooping"].update(multicast_filtering=False),
    "switch.snooping": set_snooping(enabled=False),
    "switch.mrouter": set_snooping(mrouter={"learn": False, "ports": []}),
    "switch.querier": set_snooping(querier={"enabled": True}),
    "switch.mirror": lambda facts: sg(facts)["config"].update(
        port_mirroring=[{"session": 1, "destination": "gi8", "network": False, "sources": [{"interface": "gi1", "direction": "both"}]}]
    ),
    "switch.unsaved": lambda facts: sg(facts).update(unsaved=True),
    **{
        f"{service}.vlan_missing": no_interface(name)
        for service, name in (("lan", "vlan100"), ("internet", "vlan6"), ("tv", "vlan2"), ("voice", "vlan3"))
    },
    "lan.vlan_id": both(at("links", "vlan100", vlan_id=101, addresses=[]), at("multicast", vifs=[])),
    "internet.vlan_id": both(at("links", "vlan6", vlan_id=66), lambda facts: dead_link(facts, offers=[], elsewhere=[{**OFFER[0], "vlan": 6}])),
    "tv.vlan_id": both(
        at("links", "vlan2", vlan_id=22, addresses=[]),
        silence,
        lambda facts: no_answers(facts, "iptv_dns"),
        lambda facts: facts.update(neighbours=facts["neighbours"][1:], reverse_path=None),
        rid("dev", "vlan2"),
        at("multicast", vifs=[], routes=[]),
    ),
    "voice.vlan_id": both(
        at("links", "vlan3", vlan_id=33, addresses=[]),
        at("voip", offers=[], gateway=""),
        rid("dev", "vlan3"),
        at("sip", outcome="silent", wrong="is silent"),
    ),
    "lan.vlan_down": both(at("links", "vlan100", up=False), lambda facts: facts.update(dhcp=None)),
    "internet.vlan_down": both(at("links", "vlan6", up=False), lambda facts: dead_link(facts, offers=None)),
    "tv.vlan_down": both(
        at("links", "vlan2", up=False),
        lambda facts: facts.update(streams=None, neighbours=facts["neighbours"][1:]),
        rid("dev", "vlan2"),
        lambda facts: no_answers(facts, "iptv_dns"),
        at("multicast", vifs=[]),
    ),
    "voice.vlan_down": both(at("links", "vlan3", up=False), rid("dev", "vlan3"), at("sip", outcome="unreachable", wrong="cannot be reached")),
    "lan.vlan_mtu": at("links", "vlan100", mtu=1400),
    "internet.vlan_mtu": at("links", "vlan6", mtu=1400),
    "tv.vlan_mtu": at("links", "vlan2", mtu=1400),
    "voice.vlan_mtu": at("links", "vlan3", mtu=1400),
    "lan.address": both(
        at("links", "vlan100", addresses=[]),
        at("dhcp", pc=[], box=[]),
        lambda facts: no_answers(facts, "resolver", "outside"),
        at("multicast", vifs=[]),
    ),
    "lan.dhcp_rival": lambda facts: facts["dhcp"]["pc"].append(STRANGER),
    "lan.dhcp_silent": both(at("dhcp", pc=[], box=[]), at("units", "kea-dhcp4-server.service", **STOPPED)),
    "lan.twin": at("twin_lan", mac="02:00:00:00:09:09"),
    "lan.dhcp_values": lambda facts: facts["dhcp"]["pc"][0]["options"].update({"3": "c0a801fe"}),
    "lan.dhcp_option240": lambda facts: facts["dhcp"]["pc"][0]["options"].update({"240": OPTION_240}),
    "lan.resolver": lambda facts: no_answers(facts, "resolver", "outside"),
    "lan.names": lambda facts: facts["outside"].update(code=2, answers=0),
    "internet.kernel": lambda facts: dead_link(facts, kernel_lacks=["/dev/ppp cannot be opened"], exits=[4]),
    "internet.wrong_vlan": lambda facts: dead_link(facts, offers=[], elsewhere=OFFER, tried=[7, 20]),
    "internet.no_concentrator": lambda facts: dead_link(facts, offers=[], tried=[7, 20], lines=["Timeout waiting for PADO packets"]),
    "internet.stopped": both(dead_link, at("units", "pppoe-internet.service", **STOPPED)),
    "internet.credentials": lambda facts: dead_link(facts, refused=["PAP authentication failed"], exits=[19]),
    "internet.configuration": lambda facts: dead_link(facts, exits=[2], lines=["unrecognized option 'nonsense'"]),
    "internet.no_session": lambda facts: dead_link(facts, exits=[2], lines=["Connect: ppp0 <--> vlan6", "LCP: timeout sending Config-Requests"]),
    "internet.default_route": both(
        lambda facts: facts["routes"].append({"dst": "0.0.0.0/1", "dev": "vlan100", "gateway": "192.168.1.9"}),
        lambda facts: no_answers(facts, "forwarders", "outside"),
    ),
    "internet.ppp_mtu": at("links", "ppp0", mtu=1400),
    "internet.mss": both(at("firewall", mss=False), changed),
    "internet.nat": nat("ppp0"),
    "internet.silent": lambda facts: no_answers(facts, "forwarders", "outside"),
    "internet.forwarder": lambda facts: facts["forwarders"][1].update(answered=False),
    "internet.shared_address": at("pppoe", address="100.70.1.2"),
    "tv.twin": both(at("twin_iptv", mac="02:00:00:00:09:09"), lambda facts: no_answers(facts, "iptv_dns")),
    "tv.address": both(
        at("links", "vlan2", addresses=[]), silence, rid("dev", "vlan2"), lambda facts: no_answers(facts, "iptv_dns"), at("multicast", vifs=[])
    ),
    "tv.gateway": both(
        silence,
        lambda facts: facts["neighbours"][0].update(state=["FAILED"]),
        lambda facts: no_answers(facts, "iptv_dns"),
        at("rip", sources=[{"gateway": "10.128.0.1", "seconds": 170}]),
        lambda facts: facts.update(reverse_path=None),
    ),
    "tv.frr_stopped": both(
        at("units", "frr.service", active="failed", result="exit-code"),
        rid("protocol", "rip"),
        lambda facts: no_answers(facts, "iptv_dns"),
        lambda facts: facts.update(rip=None),
    ),
    "tv.routes": both(rid("protocol", "rip"), lambda facts: no_answers(facts, "iptv_dns")),
    "tv.rip_foreign": lambda facts: facts["routes"].append({"dst": "198.51.100.0/24", "gateway": "10.128.0.1", "dev": "vlan2", "protocol": "rip"}),
    "tv.rip_late": at("rip", sources=[{"gateway": "10.128.0.1", "seconds": 140}]),
    "tv.dns": lambda facts: no_answers(facts, "iptv_dns"),
    "tv.rp_filter": both(
        lambda facts: facts["reverse_path"][0].update(passes=False), lambda facts: [one.update(received=0) for one in facts["streams"].values()]
    ),
    "tv.no_multicast": both(silence, lambda facts: facts.update(reverse_path=None)),
    "tv.opch": at("streams", "opch", seen=0, received=0, sources=[]),
    "tv.guide": at("streams", "guide", seen=0, received=0, sources=[]),
    "tv.channel": at("streams", "channel", seen=0, received=0, sources=[]),
    "tv.loss": at("streams", "channel", lost=12),
    "tv.dropped": at("streams", "channel", received=0),
    "tv.other_proxy": at("multicast", ours=False, others=["smcrouted (process 12)"], vifs=[]),
    "tv.no_proxy": both(at("multicast", ours=False, vifs=[], routes=[]), at("units", "igmpproxy.service", **STOPPED)),
    "tv.proxy_interfaces": at("multicast", vifs=["vlan2"]),
    "tv.altnet": at("multicast", "config", altnet=["172.26.20.0/24"]),
    "tv.whitelist": at("multicast", "config", whitelist={"vlan100": ["239.0.2.0/24"]}),
    "tv.memberships": lambda facts: facts["sysctl"].update({"ipv4/igmp_max_memberships": "20"}),
    "tv.igmp_version": lambda facts: facts["sysctl"].update({"ipv4/conf/vlan2/force_igmp_version": "1"}),
    "tv.keepalive": at("units", "homerouter-igmp-keepalive.service", **STOPPED),
    "tv.wrong_interface": lambda facts: facts["multicast"]["routes"][0].update(wrong_interface_per_second=30.0),
    "tv.unresolved": lambda facts: facts["multicast"]["routes"][0].update(group="239.0.0.2", resolved=False, input_interface=None),
    "tv.box_option240": lambda facts: facts["dhcp"]["box"][0]["options"].update({"240": b":::::239.0.2.29:22222".hex()}),
    "tv.box_option125": lambda facts: facts["dhcp"]["box"][0]["options"].update({"125": "00"}),
    "tv.box_dns": lambda facts: facts["dhcp"]["box"][0]["options"].update({"6": "c0a80101"}),
    "tv.nat": nat("vlan2"),
    "voice.no_server": both(
        at("links", "vlan3", addresses=[]), at("voip", offers=[], gateway=""), rid("dev", "vlan3"), at("sip", outcome="silent", wrong="is silent")
    ),
    "voice.no_address": both(
        at("links", "vlan3", addresses=[]),
        at("voip", offers=[{"server": "10.25.192.1", "address": "10.25.200.7"}], gateway=""),
        rid("dev", "vlan3"),
        at("sip", outcome="silent", wrong="is silent"),
    ),
    "voice.gateway": both(lambda facts: facts["neighbours"][1].update(state=["FAILED"]), at("sip", outcome="unreachable", wrong="cannot be reached")),
    "voice.route": both(rid("dev", "vlan3"), at("sip", outcome="silent", wrong="is silent")),
    "voice.default_route": lambda facts: facts["routes"].append({"dst": "default", "dev": "vlan3", "gateway": "10.25.192.1", "metric": 500}),
    "voice.sip_blocked": at("sip", outcome="unreachable", wrong="cannot be reached"),
    "voice.sip_refused": at("sip", outcome="refused", wrong="refuses"),
    "voice.sip_silent": at("sip", outcome="silent", wrong="is silent"),
    "voice.sip_malformed": at("sip", outcome="malformed", wrong="answers, but not as a SIP server"),
    "voice.nat": nat("vlan3"),
    "voice.timeout": at("firewall", voice_timeout=False),
    "voice.helper": lambda facts: facts["modules"].append("nf_conntrack_sip"),
}


def test_a_healthy_house_has_no_findings():
    report = judge(healthy())
    assert not report.findings and not report.consequences
    assert {service: report.state(service) for service in _doctor.SERVICES} == {
        "system": "ok",
        "switch": "ok",
        "lan": "ok",
        "internet": "ok",
        "tv": "ok",
        "voice": "ok",
    }
    assert report.left_out == {}
    assert sum(report.made.values()) == len(CHECKS)


def test_every_check_has_a_fault():
    assert set(FAULTS) == set(TABLE)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_the_one_finding(name):
    facts = healthy()
    FAULTS[name](facts)
    report = judge(facts, port_forwards=True)
    # The rest follows from it, and only from it.
    assert ids(report) == [name], [(finding.check.id, finding.because) for finding in report.consequences]
    assert all(name in finding.because for finding in report.consequences)
    assert report.state(TABLE[name].service) == TABLE[name].severity


@pytest.mark.parametrize(
    "one, other",
    [
        ("internet.credentials", "tv.no_proxy"),
        ("internet.mss", "voice.sip_refused"),
        ("lan.dhcp_silent", "internet.no_concentrator"),
        ("tv.keepalive", "tv.box_option240"),
        ("lan.resolver", "internet.forwarder"),
        ("system.cable", "tv.no_proxy"),
        ("system.forwarding", "system.boot"),
        ("tv.rp_filter", "tv.memberships"),
        ("switch.internet_trunk", "tv.no_proxy"),
        ("switch.tv_trunk", "internet.credentials"),
        ("switch.lan_port", "lan.dhcp_silent"),
        ("switch.filtering", "switch.querier"),
        ("switch.ont_link", "switch.unsaved"),
        ("switch.silent", "internet.no_concentrator"),
    ],
)
def test_two_faults_are_two_findings(one, other):
    facts = healthy()
    FAULTS[one](facts)
    FAULTS[other](facts)
    assert set(ids(judge(facts))) == {one, other}


def test_errors_come_before_warnings_and_causes_stay_in_their_order():
    facts = healthy()
    for name in ("system.boot", "voice.sip_refused", "lan.resolver"):
        FAULTS[name](facts)
    assert ids(judge(facts)) == ["lan.resolver", "voice.sip_refused", "system.boot"]


def test_a_service_that_was_not_asked_for_is_silent_unless_it_is_the_cause():
    facts = healthy()
    FAULTS["internet.credentials"](facts)
    assert ids(judge(facts, ("tv",))) == []
    facts = healthy()
    FAULTS["lan.vlan_missing"](facts)
    report = judge(facts, ("tv",))
    assert ids(report) == ["lan.vlan_missing"] and {finding.check.id for finding in report.consequences} >= {"tv.no_proxy"}
    assert report.state("tv") == _doctor.ERROR and report.left_out["voice"] == "was not asked for"


def test_a_router_done_by_hand_is_judged_by_what_it_does():
    """None of this collection's units, tables and files; querier on the ISP's side; other names of interfaces."""
    facts = healthy()
    facts["units"] = {name: {"load": "not-found", "active": "inactive", "result": "", "enabled": ""} for name in facts["units"]}
    facts.update(managed_firewall=None, proxy_config=None, rules=None)
    facts["firewall"]["voice_timeout"] = False
    facts["sysctl"].update({"netfilter/nf_conntrack_udp_timeout_stream": "4000", "ipv4/conf/vlan2/force_igmp_version": "0"})
    facts["multicast"].update(ours=False, others=["igmpproxy (process 99)"], config=None)
    facts["multicast"]["versions"]["vlan2"] = 2
    facts["secrets"] = {}
    assert ids(judge(facts)) == []


@pytest.mark.parametrize("state, found", [
    ({"active": "activating", "result": "exit-code"}, ["homerouter-relay.service ends as often as it is started (exit-code)"]),
    # It waits for its interface.
    ({"active": "activating", "result": "success"}, []),
    ({"active": "failed", "result": "exit-code", "enabled": "disabled"}, []),
    ({"active": "inactive", "result": "success"}, ["homerouter-relay.service is inactive"]),
    # Between two dials, and while it is stopped.
    ({"active": "deactivating", "result": "success"}, []),
])
def test_a_service_counts_as_stopped_that_shall_run_and_does_not(state, found):
    facts = healthy()
    facts["units"]["homerouter-relay.service"].update(state)
    assert [line for finding in judge(facts).findings for line in finding.evidence] == found


def test_a_link_that_is_dialled_again_and_again_is_nobody_s_business_where_television_was_asked_for():
    facts = healthy()
    facts["units"]["pppoe-internet.service"].update(active="activating", result="exit-code")
    facts["pppoe"] = None
    assert ids(judge(facts, ("tv",))) == []


@pytest.mark.parametrize("values", [{"speed": "100", "duplex": "full", "gigabit": False}, {"speed": "-1", "duplex": "unknown", "gigabit": True}])
def test_a_card_that_can_no_more_is_not_slow(values):
    facts = healthy()
    facts["links"]["eth0"].update(values)
    assert ids(judge(facts)) == []


def test_a_line_without_television_and_telephone():
    facts = healthy()
    for name in ("multicast", "streams", "iptv_dns", "rip", "reverse_path", "voip", "sip", "proxy_config"):
        facts[name] = None
    for name in ("iptv", "voip"):
        del facts["links"][facts["names"].pop(name)]
    facts["routes"] = [route for route in facts["routes"] if route["dev"] in facts["links"]]
    facts["firewall"]["nat"] = ["ppp0"]
    facts["dhcp"]["box"] = facts["dhcp"]["pc"]
    facts["left_out"].update(tv="the home has none", voice="the home has none")
    report = judge(facts, interfaces={"internet": "vlan6", "iptv": "", "voip": "", "lan": "vlan100"})
    assert ids(report) == []


def test_the_table_explains_itself():
    explained = _doctor.explained_by(TABLE)
    for check in CHECKS:
        assert check.service in _doctor.SERVICES and check.severity in (_doctor.ERROR, _doctor.WARNING)
        assert check.id not in explained[check.id], f"{check.id} would explain itself"
        for cause in check.because:
            assert cause in TABLE, f"{check.id} names {cause}"
        for text in (check.text, check.cause, check.cure):
            assert text.format_map(healthy()["names"]) and text[0] != " " and "  " not in text
        assert not check.text.endswith(".") and check.cause.endswith(".") and check.cure.endswith("."), check.id
        assert re.fullmatch(r"[a-z]+\.[a-z0-9_]+", check.id)


def test_findings_for_machines_name_the_interfaces():
    facts = healthy()
    FAULTS["tv.address"](facts)
    (finding,) = judge(facts).findings
    told = finding.as_dict()
    assert told["text"] == "vlan2 does not have the line's television address" and "{" not in told["cure"]
    assert told["evidence"] == ["vlan2 has no address, not 10.214.0.10/9"]
    assert told["doc"] == "docs/doctor.md#tvaddress"


SECOND = {"name": "sw2", "ports": PORTS, "other_ports": "lan", "router_native_vlan": "1", "mirror": ["gi1"]}

# --- the switch ----------------------------------------------------------------------------------------------------


def as_the_role_sets_it(dialect: str) -> dict[str, Any]:
    """What sg_facts returns of a factory-new switch after the role: the one module's form of a switch, and the other's."""
    answer = switch_answer(dialect)
    said = answer["ansible_facts"]["sg"]
    wanted = _switch.plan(PORTS, _doctor_switch.lines_vlans(plan()), [port["name"] for port in said["ports"]])["config"]
    said["config"] = _sg_resources.gather(_sg_resources.target(_sg_state.State(dialect), wanted, "replaced", "config.{}"))
    return answer


@pytest.mark.parametrize("dialect", ["ros1", "ros2"])
def test_a_switch_as_the_role_sets_it_has_no_findings(dialect):
    for answer in (switch_answer(dialect), as_the_role_sets_it(dialect)):
        facts = healthy()
        facts["switches"] = [asked_switch(answer)]
        assert ids(judge(facts)) == []


@pytest.mark.parametrize("dialect", ["ros1", "ros2"])
def test_a_port_that_is_set_back_is_found_in_both_dialects(dialect):
    """What is as from the factory is not listed, and is another thing in each."""
    found = {
        "ros1": {"gi1": ["switch.internet_trunk", "switch.tv_trunk", "switch.voice_trunk", "switch.native"], "gi3": ["switch.lan_port"]},
        "ros2": {"gi1": ["switch.ont_mode"], "gi3": ["switch.lan_port"]},
    }
    for name, expected in found[dialect].items():
        facts = healthy()
        facts["switches"] = [asked_switch(as_the_role_sets_it(dialect))]
        config = sg(facts)["config"]
        config["l2_interfaces"] = [port for port in config["l2_interfaces"] if port["name"] != name]
        assert ids(judge(facts)) == expected


@pytest.mark.parametrize(
    "answer, problem",
    [
        ({"msg": "The switch cannot be asked what it is: ssh connection failed: ssh connect failed: Timeout connecting to 192.0.2.1"}, "silent"),
        ({"msg": "ssh connection failed: ssh connect failed: Connection refused"}, "silent"),
        ({"unreachable": True}, "silent"),
        ({"msg": "kex error : no match for method server host key algo: server [ssh-rsa], client [ssh-ed25519]"}, "refused"),
        ({"msg": "ssh connection failed: Failed to authenticate with password: Access denied for 'password'"}, "refused"),
        ({"ansible_facts": {}, "msg": "command timeout triggered, timeout value is 30 secs."}, "silent"),
    ],
)
def test_a_switch_that_did_not_answer(answer, problem):
    entry = asked_switch(answer)
    assert [name for name in ("silent", "refused", "unfit") if entry[name]] == [problem]


def test_the_switch_comes_before_what_it_breaks():
    facts = healthy()
    for name in ("switch.internet_trunk", "lan.resolver", "tv.no_proxy"):
        FAULTS[name](facts)
    report = judge(facts)
    assert ids(report) == ["switch.internet_trunk", "lan.resolver", "tv.no_proxy"]
    (silent,) = [finding for finding in report.consequences if finding.check.id == "internet.no_concentrator"]
    assert silent.because == ("switch.internet_trunk",)


def test_a_pulled_cable_of_the_router_is_not_the_switch_s_fault():
    facts = healthy()
    cut(facts)
    set_link("gi2", link="down", speed=0, duplex="")(facts)
    assert ids(judge(facts)) == ["system.cable"]


def test_the_switch_explains_a_service_that_alone_was_asked_for():
    facts = healthy()
    FAULTS["switch.tv_trunk"](facts)
    FAULTS["switch.mirror"](facts)
    assert ids(judge(facts, ("tv",))) == ["switch.tv_trunk"] and ids(judge(facts, ("voice",))) == []


def test_without_a_switch_nothing_of_it_is_judged():
    facts = healthy()
    facts.update(switches=None, left_out={"switch": "no host of the inventory's group switches was asked"})
    report = judge(facts)
    assert not report.findings and report.state("switch") == "unknown" and "switch" not in report.made


@pytest.mark.parametrize(
    "broken, evidence",
    [
        (
            "switch.internet_trunk",
            "sw1: gi2, which leads to the router, does not carry VLAN 6: it is a trunk that carries VLAN 2-3,100 tagged and VLAN 1 untagged",
        ),
        ("switch.tv_trunk", "sw1: gi1, which leads to the ONT, does not carry VLAN 2: it is a trunk that carries VLAN 3,6 tagged and none untagged"),
        ("switch.ont_mode", "sw1: gi1, which leads to the ONT, is an access port of VLAN 6, not a trunk"),
        ("switch.native", "sw1: gi1, which leads to the ONT, carries VLAN 1 untagged"),
        ("switch.lan_port", "sw1: gi5 is an access port of VLAN 1, not an access port of VLAN 100"),
        ("switch.tv_missing", "sw1: there is no VLAN 2; it has 3,6,100"),
        ("switch.slow", "sw1: gi1, which leads to the ONT, has 100 Mbit/s, half duplex"),
        ("switch.mrouter", "sw1: VLAN 100 learns no multicast router ports, and has none, not gi2"),
        ("switch.querier", "sw1: ip igmp snooping vlan 100 querier is on"),
        ("switch.mirror", "sw1: session 1 copies gi1 to gi8"),
        ("switch.silent", "sw1: ssh connection failed: Connection timed out"),
    ],
)
def test_port_and_vlan_are_named(broken, evidence):
    facts = healthy()
    FAULTS[broken](facts)
    (finding,) = judge(facts).findings
    assert finding.evidence == (evidence,)


# What is no fault, or one of another kind.
@pytest.mark.parametrize(
    "broken, found",
    [
        # An access point with VLANs of its own: the LAN is what its port carries untagged.
        (set_port(trunk("gi4", "100", "50")), []),
        (set_port(trunk("gi4", "1", "50")), ["switch.lan_port"]),
        (set_port({**access("gi4", 1), "mode": "general"}), []),
        (set_port({**access("gi1", 1), "mode": "general"}), ["switch.ont_mode"]),
        # More VLANs than are needed do no harm.
        (set_port(trunk("gi1", "none", "2-3", "6", "20")), []),
        (set_port(trunk("gi1", "none", "all")), []),
        (set_port(trunk("gi1", "6", "2-3")), ["switch.internet_trunk"]),
        # Listed though it is as from the factory: a member of a group.
        (set_port(trunk("gi7", "1")), []),
        # The copies of a mirror go to a port of the house.
        (
            lambda facts: sg(facts)["config"].update(
                port_mirroring=[{"session": 1, "destination": "gi7", "network": False, "sources": [{"vlan": 2, "direction": "rx"}]}]
            ),
            ["switch.mirror"],
        ),
        (set_link("gi5", link="down"), []),
        (set_link("gi5", speed=100, duplex="half"), []),
        (set_link("gi2", speed=100), ["switch.slow"]),
        (set_link("gi2", speed=10000), []),
        (set_snooping(mrouter={"learn": True, "ports": []}), []),
        (set_snooping(mrouter={"learn": False, "ports": ["gi2"]}), []),
        (set_snooping(mrouter={"learn": False, "ports": ["gi9"]}), ["switch.mrouter"]),
        (both(set_snooping(querier={"enabled": True}), lambda facts: sg(facts)["config"]["igmp_snooping"].update(querier=False)), []),
        (lambda facts: sg(facts)["config"]["igmp_snooping"].update(vlans=[]), ["switch.snooping"]),
        (lambda facts: sg(facts)["config"]["igmp_snooping"].update(enabled=False), ["switch.snooping"]),
        (both(FAULTS["switch.snooping"], FAULTS["switch.filtering"]), ["switch.filtering", "switch.snooping"]),
    ],
)
def test_what_the_switch_does_is_judged(broken, found):
    facts = healthy()
    broken(facts)
    sg(facts)["unsaved"] = False
    assert ids(judge(facts)) == found


def test_a_slow_switch_s_ports_are_as_fast_as_they_can_be():
    answer = switch_answer()
    said = answer["ansible_facts"]["sg"]
    for port in said["ports"]:
        port.update(name=port["name"].replace("gi", "fa"), speed=100)
    for port in said["config"]["l2_interfaces"]:
        port["name"] = port["name"].replace("gi", "fa")
    facts = healthy()
    answered(answer, ports=[{"port": "fa1", "use": "ont"}, {"port": "fa2", "use": "router"}, {"port": "fa10", "use": "management"}], other_ports="keep")(facts)
    assert ids(judge(facts)) == []
    next(port for port in sg(facts)["ports"] if port["name"] == "fa2")["duplex"] = "half"
    assert ids(judge(facts)) == ["switch.slow"]


def test_a_factory_new_switch():
    answer = switch_answer()
    answer["ansible_facts"]["sg"]["config"].update(
        vlans=[], l2_interfaces=[], igmp_snooping={"enabled": False, "multicast_filtering": False, "querier": True, "vlans": []}
    )
    facts = healthy()
    answered(answer)(facts)
    assert ids(judge(facts)) == [
        "switch.internet_missing", "switch.tv_missing", "switch.voice_missing", "switch.lan_missing", "switch.native", "switch.filtering",
    ]  # fmt: skip


def test_without_ports_in_the_home_only_that_is_judged_for_which_nobody_has_to_know():
    for name in ("switch.ont_link", "switch.slow", "switch.internet_trunk", "switch.ont_mode", "switch.native", "switch.lan_port"):
        facts = healthy()
        facts["switches"] = [asked_switch(ports=[])]
        set_link("gi1", link="down")(facts)
        set_port(access("gi2", 1), access("gi1", 6))(facts)
        sg(facts)["unsaved"] = False
        assert ids(judge(facts)) == [], name
    for name in ("filtering", "snooping", "mrouter", "querier", "mirror", "unsaved", "lan_missing"):
        facts = healthy()
        facts["switches"] = [asked_switch(ports=[])]
        FAULTS[f"switch.{name}"](facts)
        assert ids(judge(facts)) == [f"switch.{name}"]


def test_a_line_without_television_needs_no_snooping():
    facts = healthy()
    facts["switches"] = [asked_switch()]
    for name in ("filtering", "snooping", "mrouter"):
        FAULTS[f"switch.{name}"](facts)
    sg(facts)["unsaved"] = False
    interfaces = {"internet": "vlan6", "iptv": "", "voip": "vlan3", "lan": "vlan100"}
    assert ids(judge(facts, ("switch",), interfaces=interfaces)) == []


def test_the_isp_s_router_in_bridge_mode_hands_out_the_internet_untagged():
    ports = [{"port": "gi1", "use": "ont_untagged"}, *PORTS[1:]]
    facts = healthy()
    facts["switches"] = [asked_switch(ports=ports)]
    assert ids(judge(facts)) == ["switch.ont_mode"]
    set_port(access("gi1", 6))(facts)
    sg(facts)["unsaved"] = False
    assert ids(judge(facts)) == []


def test_two_switches_are_told_apart_and_a_mirror_that_is_stated_stays():
    facts = healthy()
    other = _doctor_switch.told({**SECOND, "answer": switch_answer()}, _doctor_switch.lines_vlans(plan()))
    facts["switches"].append(other)
    mirrored = [{"session": 1, "destination": "gi8", "network": False, "sources": [{"interface": "gi1", "direction": "both"}]}]
    other["sg"]["config"]["port_mirroring"] = mirrored
    assert ids(judge(facts)) == []
    sg(facts)["config"]["port_mirroring"] = mirrored
    (finding,) = judge(facts).findings
    assert finding.evidence == ("sw1: session 1 copies gi1 to gi8",)
