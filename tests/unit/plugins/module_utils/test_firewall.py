# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall's plan, whom it would lock out, and which rules of others stand in its way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _firewall, _session
from ansible_collections.homerouter.tripleplay.plugins.module_utils._session import Session

PLAN: dict[str, Any] = {
    "zones": {"lan": "vlan100", "internet": "ppp0", "iptv": "vlan2", "voip": "vlan3"},
    "trusted_interfaces": ["wg0", "br-*"],
    "lan_address": "192.168.1.1/24",
    "iptv_gateway": "10.128.0.1",
    "iptv_sources": ["172.16.0.0/12"],
    "iptv_groups": ["239.0.0.0/16"],
    "iptv_vod_mode": "none",
    "iptv_vod_box": "",
    "iptv_vod_sources": ["172.26.0.0/16"],
    "iptv_acs_policy": "allow",
    "iptv_acs_address": "80.58.63.218",
    "voip_prefix": "10.31.255.128/27",
    "flow_offload_device": None,
    "port_forwards": [
        {"name": "web", "protocol": "tcp", "port": "443", "address": "192.168.1.20", "to_port": 8443},
        {"name": "game", "protocol": "udp", "port": "5000-5010", "address": "192.168.1.21", "to_port": None},
    ],
    "rules": [],
}


def rule(**changes: Any) -> dict[str, Any]:
    """One rule as the module's argument spec completes it."""
    empty = {"name": "x", "from": None, "to": None, "source": [], "destination": [], "protocol": None, "ports": [], "action": "accept"}
    return {**empty, **changes}


def forward(**changes: Any) -> dict[str, Any]:
    return {"name": "x", "protocol": "tcp", "port": "80", "address": "192.168.1.20", "to_port": None, **changes}


def test_a_plan_in_order():
    rules = [rule(**{"from": "trusted"}, to="lan", source=["10.8.0.0/24"], protocol="tcp", ports=["22", "8000-8010"])]
    assert _firewall.problems_of({**PLAN, "rules": rules}) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"zones": {"lan": "vlan100", "internet": "ppp 0"}}, ["nat_firewall_internet_interface", "'ppp 0'"]),
        ({"zones": {"lan": 'x"; }', "internet": "ppp0"}}, ["nat_firewall_lan_interface"]),
        ({"zones": {"lan": "vlan2", "internet": "ppp0", "iptv": "vlan2"}}, ["nat_firewall_iptv_interface", "nat_firewall_lan_interface"]),
        ({"trusted_interfaces": ["*"]}, ["nat_firewall_trusted_interfaces[0]", "'*'"]),
        ({"trusted_interfaces": ["wg0", "ppp*"]}, ["nat_firewall_trusted_interfaces[1]", "ppp0", "cannot be trusted"]),
        ({"lan_address": "192.168.1.1"}, ["nat_firewall_lan_address", "192.168.1.1/24"]),
        ({"lan_address": "home"}, ["nat_firewall_lan_address", "'home'"]),
        ({"iptv_gateway": "10.128.0.1/9"}, ["nat_firewall_iptv_gateway", "'10.128.0.1/9'", "home_iptv_gateway"]),
        ({"iptv_groups": ["172.26.0.0/16"]}, ["nat_firewall_iptv_groups[0]", "'172.26.0.0/16'", "such as 239.0.0.0/16"]),
        ({"iptv_groups": ["239.0.0.0/8"]}, ["nat_firewall_iptv_groups[0]", "239.255.255.250"]),
        ({"iptv_groups": ["239.0.0.0/16", "all"]}, ["nat_firewall_iptv_groups[1]", "'all'"]),
        ({"iptv_groups": []}, ["nat_firewall_iptv_groups is empty", "239.0.0.0/16"]),
        ({"iptv_sources": []}, ["nat_firewall_iptv_sources is empty", "172.16.0.0/12"]),
        ({"iptv_sources": ["0.0.0.0/0"]}, ["nat_firewall_iptv_sources[0]", "half the Internet"]),
        ({"iptv_vod_mode": "rtsp_helper", "iptv_vod_sources": ["239.0.0.0/16"]}, ["nat_firewall_iptv_vod_sources[0]", "'239.0.0.0/16'"]),
        ({"iptv_vod_mode": "dnat", "iptv_vod_box": "192.168.1.200", "iptv_vod_sources": []}, ["nat_firewall_iptv_vod_sources is empty"]),
        ({"iptv_vod_mode": "dnat"}, ["nat_firewall_iptv_vod_box is ''", "nat_firewall_iptv_vod_mode is dnat", "set-top box"]),
        ({"iptv_vod_mode": "dnat", "iptv_vod_box": "192.168.2.5"}, ["nat_firewall_iptv_vod_box", "no device of the LAN 192.168.1.0/24"]),
        ({"iptv_vod_mode": "dnat", "iptv_vod_box": "192.168.1.1"}, ["nat_firewall_iptv_vod_box", "no device of the LAN"]),
        ({"iptv_acs_policy": "reject", "iptv_acs_address": "main.acs"}, ["nat_firewall_iptv_acs_address", "'main.acs'", "80.58.63.218"]),
        ({"voip_prefix": "10.31.255.134/27"}, ["nat_firewall_voip_prefix", "'10.31.255.134/27'", "10.31.255.128/27"]),
        ({"voip_prefix": "10.31.255.134"}, ["nat_firewall_voip_prefix", "with prefix length"]),
        ({"flow_offload_device": ""}, ["nat_firewall_flow_offload_device", "home_uplink"]),
        ({"port_forwards": [forward(address="10.0.0.1")]}, ["nat_firewall_port_forwards[0].address", "outside the LAN"]),
        ({"port_forwards": [forward(address="192.168.1.1")]}, ["the router itself", "nat_firewall_rules"]),
        ({"port_forwards": [forward(address="nas")]}, ["'nas'", "no IPv4 address"]),
        ({"port_forwards": [forward(port="0")]}, ["nat_firewall_port_forwards[0].port", "'0'"]),
        ({"port_forwards": [forward(port="90-80")]}, ["'90-80'"]),
        ({"port_forwards": [forward(port="80-90", to_port=80)]}, ["to_port", "80-90"]),
        ({"port_forwards": [forward(to_port=70000)]}, ["to_port", "70000"]),
        ({"port_forwards": [forward(), forward(port="70-90")]}, ["nat_firewall_port_forwards[1].port", "nat_firewall_port_forwards[0]"]),
        ({"port_forwards": [forward(name='a"b')]}, ["nat_firewall_port_forwards[0].name"]),
        ({"rules": [rule(name="x" * 101)]}, ["nat_firewall_rules[0].name"]),
        ({"rules": [rule(**{"from": "garden"})]}, ["nat_firewall_rules[0].from", "'garden'", "lan, internet, iptv, voip, trusted"]),
        ({"rules": [rule(**{"from": "router"})]}, ["nat_firewall_rules[0].from", "'router'"]),
        ({"rules": [rule(to="wan")]}, ["nat_firewall_rules[0].to", "'wan'", "router"]),
        ({"rules": [rule(source=["192.168.1.30/24"])]}, ["nat_firewall_rules[0].source", "'192.168.1.30/24'", "host bits"]),
        ({"rules": [rule(ports=["22"])]}, ["nat_firewall_rules[0].ports", "set protocol"]),
        ({"rules": [rule(ports=["22"], protocol="icmp")]}, ["nat_firewall_rules[0].ports"]),
        ({"rules": [rule(ports=["ssh"], protocol="tcp")]}, ["'ssh'", "no port"]),
    ],
)
def test_each_mistake_is_named_with_value_and_cure(change, words):
    problems = _firewall.problems_of({**PLAN, **change})
    assert len(problems) == 1, problems
    assert all(word in problems[0] for word in words), problems
    assert ": " in problems[0]


@pytest.mark.parametrize(
    "change",
    [
        {"iptv_vod_mode": "dnat", "iptv_vod_box": "192.168.1.200"},
        {"iptv_vod_mode": "rtsp_helper"},
        {"iptv_acs_policy": "reject"},
        # Without television, nobody asks for what it needs.
        {"zones": {"lan": "vlan100", "internet": "ppp0"}, "iptv_groups": [], "iptv_sources": [], "iptv_vod_mode": "dnat"},
    ],
)
def test_television_in_order(change):
    assert _firewall.problems_of({**PLAN, **change}) == []


def test_forwards_of_different_protocols_share_a_port():
    assert _firewall.problems_of({**PLAN, "port_forwards": [forward(), forward(protocol="udp")]}) == []


SESSION = Session("203.0.113.9", "80.28.0.10", 22)


@pytest.mark.parametrize(
    ("rules", "interface", "lets_in"),
    [
        ([], "vlan100", True),
        ([], "wg0", True),
        ([], "br-1234", True),
        ([], "lo", True),
        ([], "ppp0", False),
        ([], "vlan2", False),
        ([], "eth0", False),
        ([rule(**{"from": "internet"}, to="router", protocol="tcp", ports=["22"])], "ppp0", True),
        ([rule(**{"from": "internet"}, to="router", protocol="tcp", ports=["22"])], "vlan2", False),
        ([rule(**{"from": "internet"}, to="router", protocol="tcp", ports=["20-30"], source=["203.0.113.0/24"])], "ppp0", True),
        ([rule(**{"from": "internet"}, to="router", source=["198.51.100.0/24"])], "ppp0", False),
        ([rule(**{"from": "internet"}, to="router", destination=["80.28.0.99"])], "ppp0", False),
        ([rule(**{"from": "internet"}, to="router", protocol="udp")], "ppp0", False),
        ([rule(**{"from": "internet"}, to="lan")], "ppp0", False),
        ([rule(to="router", action="drop", protocol="tcp", ports=["22"])], "vlan100", False),
        ([rule(to="router", source=["203.0.113.9"]), rule(to="router", action="drop")], "eth0", True),
    ],
)
def test_who_would_be_locked_out(rules, interface, lets_in):
    plan = {**PLAN, "rules": rules}
    problem = _firewall.session_problem(plan, SESSION, interface)
    assert (problem is None) is lets_in
    if problem:
        assert interface in problem and "nat_firewall_trusted_interfaces" in problem and SESSION.client in problem


def test_an_ipv6_session_matches_no_rule_with_ipv4_addresses():
    plan = {**PLAN, "rules": [rule(to="router", source=["203.0.113.9"])]}
    assert _firewall.session_problem(plan, Session("2001:db8::1", "2001:db8::2", 22), "ppp0")


def chain(**changes: Any) -> dict[str, Any]:
    return {"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "drop", **changes}}


def ruleset(*entries: dict[str, Any]) -> str:
    return json.dumps({"nftables": [{"metainfo": {"version": "1.1.3"}}, *entries]})


ACCEPTS = {
    "rule": {
        "family": "ip",
        "table": "filter",
        "chain": "DOCKER-USER",
        "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "vlan100"}}, {"counter": {}}, {"accept": None}],
    }
}


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([chain()], 1),
        ([chain(policy="accept")], 0),
        ([chain(hook="input")], 0),
        ([chain(family="ip6")], 0),
        ([chain(family="inet", table="homerouter", name="forward")], 0),
        ([chain(), ACCEPTS], 0),
        ([chain(family="inet"), ACCEPTS], 1),
        ([chain(), {"rule": {**ACCEPTS["rule"], "expr": [ACCEPTS["rule"]["expr"][0], {"drop": None}]}}], 1),
    ],
)
def test_forward_chains_of_others(entries, found):
    assert len(_firewall.rivals(ruleset(*entries), {"homerouter"}, "vlan100", [])) == found


def test_docker_gets_its_own_cure():
    (line,) = _firewall.rivals(ruleset(chain()), {"homerouter"}, "vlan100", ["docker0"])
    assert "ip-forward-no-drop" in line and "DOCKER-USER -i vlan100" in line
    (line,) = _firewall.rivals(ruleset(chain()), {"homerouter"}, "vlan100", [])
    assert "Docker" not in line


@pytest.mark.parametrize(
    ("text", "session"),
    [
        ("203.0.113.9 50000 80.28.0.10 22", SESSION),
        ("::ffff:203.0.113.9 50000 ::ffff:80.28.0.10 22", SESSION),
        ("fe80::1%eth0 50000 fe80::2%eth0 2222", Session("fe80::1", "fe80::2", 2222)),
        ("UNKNOWN 65535 UNKNOWN 65535", None),
        ("", None),
        ("203.0.113.9 50000 80.28.0.10", None),
    ],
)
def test_the_session_as_sshd_tells_it(text, session):
    assert _session.parse(text) == session


def test_the_session_of_this_process(monkeypatch):
    monkeypatch.setenv("SSH_CONNECTION", "203.0.113.9 50000 80.28.0.10 22")
    assert _session.current() == SESSION


def test_own_tables_are_found_by_family_and_name():
    told = ruleset(*({"table": {"family": family, "name": name}} for family, name in (("ip", "homerouter_voice"), ("inet", "homerouter"), ("inet", "f2b"))))
    assert _firewall.loaded(told, ["homerouter", "homerouter_voice"]) == ["homerouter"]
