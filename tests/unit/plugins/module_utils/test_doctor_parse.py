# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor reads: packets of any bytes, other programs' words, and firewalls by whomever they were made."""

from __future__ import annotations

import json
import socket
import struct

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _doctor_parse, _doctor_plan
from hypothesis import given
from hypothesis import strategies as st

MAC = bytes.fromhex("020000000605")
NUMBER = b"\x01\x02\x03\x04"


def reply(options: bytes, number: bytes = NUMBER, kind: int = 2) -> bytes:
    head = struct.pack(
        "!BBBB4sHH4s4s4s4s16s192x", kind, 1, 6, 0, number, 0, 0x8000, bytes(4), socket.inet_aton("192.168.1.212"), bytes(4), bytes(4), MAC
    )
    return head + b"\x63\x82\x53\x63" + options


def test_a_discover_asks_for_everything_and_lends_nothing():
    body = _doctor_parse.discover(NUMBER, MAC, "[IAL]")
    assert len(body) >= 300 and body[4:8] == NUMBER and body[28:34] == MAC
    assert b"\x35\x01\x01" in body and b"\x3c\x05[IAL]" in body and body.count(b"\x35\x01\x03") == 0
    assert b"\x3c" + bytes([0]) not in _doctor_parse.discover(NUMBER, MAC)[240:]


def test_a_broadcast_packet_is_read_back():
    packet = _doctor_parse.broadcast(b"hello")
    assert sum(struct.unpack("!10H", packet[:20])) % 0xFFFF == 0
    assert _doctor_parse.read_udp(packet + b"padding") == _doctor_parse.Datagram("0.0.0.0", "255.255.255.255", 68, 67, b"hello")
    # A later fragment has no ports.
    assert _doctor_parse.read_udp(packet[:6] + b"\x00\x01" + packet[8:]) is None


def test_an_offer_with_an_option_in_parts():
    offer = _doctor_parse.read_offer(reply(b"\x00\x35\x01\x02\x36\x04\xc0\xa8\x01\x01\xf0\x02:a\xf0\x01b\xff"), NUMBER)
    assert offer is not None and offer.server == "192.168.1.1" and offer.address == "192.168.1.212" and offer.options[240] == b":ab"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        reply(b"\xff"),
        reply(b"\x35\x01\x05\x36\x04\xc0\xa8\x01\x01\xff"),
        reply(b"\x35\x01\x02\x36\x04\xc0\xa8\x01\x01\xff", b"abcd"),
        reply(b"\x35\x01\x02\x36\x04\xc0"),
        reply(b"\x35\x01\x02\x36\x04\xc0\xa8\x01\x01\xff", kind=1),
    ],
)
def test_what_is_no_offer_to_us(body):
    assert _doctor_parse.read_offer(body, NUMBER) is None


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data):
    _doctor_parse.read_udp(data)
    _doctor_parse.read_udp(b"\x45" + data)
    _doctor_parse.read_offer(data, NUMBER)
    _doctor_parse.read_offer(reply(data), NUMBER)
    _doctor_parse.read_dns(b"ab", data)
    _doctor_parse.arp_answer(data, "10.128.0.1")


def test_arp():
    question = _doctor_parse.arp_request(MAC, "10.214.0.10", "10.128.0.1")
    assert len(question) == 28 and not _doctor_parse.arp_answer(question, "10.128.0.1")
    answer = question[:6] + b"\0\2" + bytes.fromhex("020000000601") + socket.inet_aton("10.128.0.1") + MAC + socket.inet_aton("10.214.0.10")
    assert _doctor_parse.arp_answer(answer, "10.128.0.1") == "02:00:00:00:06:01" and not _doctor_parse.arp_answer(answer, "10.128.0.2")


def test_dns_answers_are_of_the_question():
    query = b"\x12\x34" + bytes(10)
    assert _doctor_parse.read_dns(query, b"\x12\x34\x81\x83\0\1\0\2\0\0\0\0") == (3, 2)
    assert _doctor_parse.read_dns(query, b"\x12\x35\x81\x83\0\1\0\2\0\0\0\0") is None
    assert _doctor_parse.read_dns(query, b"\x12\x34\x01\x83\0\1\0\2\0\0\0\0") is None


def test_units():
    text = (
        "Id=frr.service\nLoadState=loaded\nActiveState=failed\nResult=exit-code\nUnitFileState=enabled\n\n"
        "Id=x.service\nLoadState=not-found\nActiveState=inactive\n"
    )
    found = _doctor_parse.units(text)
    assert found["frr.service"] == {"load": "loaded", "active": "failed", "result": "exit-code", "enabled": "enabled"}
    assert found["x.service"]["load"] == "not-found"


def test_rip_sources():
    text = """Routing Protocol is "rip"
  Sending updates every 30 seconds with +/-50%, next due in 12 seconds
  Routing Information Sources:
    Gateway          BadPackets BadRoutes  Distance Last Update
    10.128.0.1               0         0       120   00:00:12
    10.25.192.1              0         3       120   00:02:05
    10.9.9.9                 0         0       120   1 day 01:00:00
  Distance: (default is 120)
"""
    assert _doctor_parse.rip_sources(text) == [
        {"gateway": "10.128.0.1", "seconds": 12},
        {"gateway": "10.25.192.1", "seconds": 125},
        {"gateway": "10.9.9.9", "seconds": 90000},
    ]
    assert _doctor_parse.rip_sources("nothing") == []


def test_configuration_of_igmpproxy():
    text = """quickleave
phyint vlan2 upstream ratelimit 0 threshold 1
  altnet 172.16.0.0/12 # the senders
  altnet 0/0
  whitelist 239.0.0.0/16
phyint vlan100 downstream ratelimit 0 threshold 1
  altnet 10.0.0.1/24
phyint ppp0 disabled
"""
    assert _doctor_parse.proxy_config(text) == {"altnet": ["172.16.0.0/12", "0.0.0.0/0"], "whitelist": {"vlan2": ["239.0.0.0/16"]}}


def test_statistics():
    text = json.dumps([{}, {"ifname": "eth0", "stats64": {"rx": {"packets": 5, "errors": 2, "bytes": 1}, "tx": {"packets": 3, "errors": 0}}}])
    assert _doctor_parse.statistics(text) == {"eth0": {"rx_packets": 5, "rx_errors": 2, "tx_packets": 3, "tx_errors": 0}}


# --- firewalls -----------------------------------------------------------------------------------------------------


def chain(name: str, hook: str, policy: str, table: str = "t") -> dict:
    return {"chain": {"family": "inet", "table": table, "name": name, "type": "filter", "hook": hook, "prio": 0, "policy": policy}}


def rule(where: str, *expressions: dict, table: str = "t") -> dict:
    return {"rule": {"family": "inet", "table": table, "chain": where, "expr": list(expressions)}}


def meta(key: str, right: object, op: str = "==") -> dict:
    return {"match": {"op": op, "left": {"meta": {"key": key}}, "right": right}}


CLAMP = {"mangle": {"key": {"tcp option": {"name": "maxseg", "field": "size"}}, "value": {"rt": {"key": "mtu"}}}}


def judged(*entries: dict, legacy: str = "") -> dict:
    ruleset = json.dumps({"nftables": [{"metainfo": {}}, *entries]})
    return _doctor_parse.firewall(ruleset, legacy, ["ppp0", "vlan2", "vlan3"], "ppp0", "vlan100", {"homerouter"}, [])


def test_no_firewall_at_all():
    assert _doctor_parse.firewall("", "", ["ppp0"], "ppp0", "vlan100", set(), []) == {
        "input_drop": False,
        "forward_drop": False,
        "nat": [],
        "mss": False,
        "voice_timeout": False,
        "rivals": [],
    }


def test_policies_and_last_rules_protect():
    told = judged(
        chain("i", "input", "drop"),
        chain("f", "forward", "accept"),
        rule("f", meta("iifname", "vlan100"), {"accept": None}),
        rule("f", {"counter": {}}, {"drop": None}),
    )
    assert told["input_drop"] and told["forward_drop"]
    told = judged(chain("i", "input", "accept"), rule("i", meta("iifname", "ppp0"), {"drop": None}))
    assert not told["input_drop"] and not told["forward_drop"]


@pytest.mark.parametrize(
    "expressions, nat",
    [
        ([{"masquerade": None}], ["ppp0", "vlan2", "vlan3"]),
        ([meta("oifname", {"set": ["ppp0", "vlan3"]}), {"masquerade": None}], ["ppp0", "vlan3"]),
        ([meta("oifname", "vlan*"), {"snat": {"addr": "10.214.0.10"}}], ["vlan2", "vlan3"]),
        ([meta("oifname", "vlan100", "!="), {"masquerade": None}], ["ppp0", "vlan2", "vlan3"]),
        ([meta("oifname", "ppp0", "!="), {"masquerade": None}], ["vlan2", "vlan3"]),
        ([meta("oifname", "@uplinks"), {"masquerade": None}], ["ppp0", "vlan2", "vlan3"]),
        # As iptables' own rules look in nft.
        ([meta("oifname", "ppp0"), {"counter": {}}, {"xt": {"type": "target", "name": "MASQUERADE"}}], ["ppp0"]),
        ([meta("oifname", "ppp0"), {"accept": None}], []),
    ],
)
def test_source_nat(expressions, nat):
    assert judged(rule("srcnat", *expressions))["nat"] == nat


def test_clamp_timeouts_and_rivals():
    assert judged(rule("mss", meta("oifname", "ppp0"), CLAMP))["mss"] and not judged(rule("mss", meta("oifname", "wg0"), CLAMP))["mss"]
    assert judged({"ct timeout": {"name": "registration"}})["voice_timeout"]
    assert len(judged(chain("FORWARD", "forward", "drop", "filter"))["rivals"]) == 1


def test_iptables_of_old():
    legacy = """*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o ppp0 -j MASQUERADE
-A POSTROUTING -s 192.168.1.0/24 -o vlan2 -j SNAT --to-source 10.214.0.10
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
-A FORWARD -o ppp0 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
"""
    told = judged(legacy=legacy)
    assert told == {"input_drop": True, "forward_drop": True, "nat": ["ppp0", "vlan2"], "mss": True, "voice_timeout": False, "rivals": []}


# --- the plan ------------------------------------------------------------------------------------------------------


def plan(**values: object) -> dict:
    return {**{name: spec.get("default") for name, spec in _doctor_plan.ARGUMENTS.items()}, "uplink": "eth0", **values}


def test_the_defaults_are_well():
    assert _doctor_plan.problems(plan()) == []
    ready = _doctor_plan.ready(plan(vlan_ids={"lan": "100"}, pppoe_name="wan"))
    assert ready["vlan_ids"] == {"lan": 100} and "pppoe-wan.service" in ready["units"]


@pytest.mark.parametrize(
    "values",
    [
        {"opch": "239.0.2.30"},
        {"opch": "1.2.3.4:22222"},
        {"lan_address": "192.168.1.1"},
        {"iptv_address": "10.214.0.300/9"},
        {"patience": 60.0},
        {"patience": float("nan")},
        {"services": ["radio"]},
        {"forwarders": ["dns.example"]},
        {"box_mac": "4c:9e"},
        {"vlan_ids": {"lan": 5000}},
        {"search_vlans": [0]},
        {"sip_port": 0},
        {"domain": "a..b"},
        {"option_240": "\u20ac"},
        {"interfaces": {"lan": "vlan100"}},
        {"iptv_groups": ["239.0.0.1/16"]},
    ],
)
def test_mistakes_in_the_plan_are_named(values):
    (problem,) = _doctor_plan.problems(plan(**values))
    assert problem.startswith(next(iter(values))) and "give" in problem or "name at least" in problem
