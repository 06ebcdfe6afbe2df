# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a plan of the multicast proxy, and what it takes of the kernel."""

from __future__ import annotations

import json

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _multicast_proxy

PLAN = {
    "iptv_interface": "vlan2", "iptv_gateway": "10.128.0.1", "lan_interfaces": ["vlan100"], "groups": ["239.0.0.0/16"],
    "sources": ["172.16.0.0/12"], "rp_filter_mode": "routed", "max_memberships": 512, "iptv_igmp_version": "auto", "lan_igmp_version": "2",
    "threshold": 1, "keepalive_seconds": 60, "verify_group": "239.0.2.30:22222", "verify_seconds": 30,
}  # fmt: skip
RAW = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
   1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1111 3 000000007bcfd3da 0
  31: 00000000:0002 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1971980 3 000000007bcfd3da 0
"""


def test_good_plan():
    assert not _multicast_proxy.plan_problems(PLAN)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"iptv_interface": "vlan 2"}, ["multicast_iptv_interface is 'vlan 2'", "no name of an interface"]),
        ({"iptv_interface": "all"}, ["multicast_iptv_interface is 'all'"]),
        ({"lan_interfaces": ["vlan2"]}, ["multicast_lan_interfaces[0] is 'vlan2', as is multicast_iptv_interface"]),
        ({"lan_interfaces": ["lan-of-the-whole-house"]}, ["at most 15 characters"]),
        ({"lan_interfaces": []}, ["multicast_lan_interfaces has 0 entries"]),
        ({"lan_interfaces": [f"vlan{number}" for number in range(100, 132)]}, ["multicast_lan_interfaces has 32 entries", "1 to 31"]),
        ({"groups": []}, ["multicast_groups is empty", "239.0.0.0/16"]),
        ({"groups": ["239.0.0.0/16", "10.0.0.0/8"]}, ["multicast_groups[1] is '10.0.0.0/8'", "home_iptv_groups"]),
        ({"groups": ["239.0.0.0/8"]}, ["multicast_groups[0] is '239.0.0.0/8'", "239.255.255.250"]),
        ({"sources": []}, ["multicast_sources is empty"]),
        ({"sources": ["0.0.0.0/0"]}, ["multicast_sources[0] is '0.0.0.0/0'", "home_iptv_sources"]),
        ({"sources": ["172.26.72.17"]}, ["multicast_sources[0] is '172.26.72.17'"]),
        ({"iptv_gateway": "vlan2"}, ["multicast_iptv_gateway is 'vlan2'", "10.128.0.1"]),
        ({"threshold": 0}, ["multicast_threshold is 0, outside 1 to 255"]),
        ({"max_memberships": 19}, ["multicast_max_memberships is 19"]),
        ({"verify_group": "239.0.2.30"}, ["multicast_verify_group is '239.0.2.30'", "no group with port"]),
        ({"verify_group": "239.0.2.30:0"}, ["no group with port"]),
        ({"verify_group": "239.1.2.30:22222"}, ["multicast_verify_group is '239.1.2.30:22222'", "no group of multicast_groups"]),
        ({"verify_seconds": 0}, ["multicast_verify_seconds is 0, outside 1 to 600"]),
        ({"keepalive_seconds": 125}, ["multicast_keepalive_seconds is 125", "0 for none"]),
    ],
)
def test_bad_plan_is_told_with_variable_value_and_cure(change, words):
    problems = _multicast_proxy.plan_problems({**PLAN, **change})
    assert len(problems) == 1
    for word in words:
        assert word in problems[0]


def test_gateway_counts_only_where_routes_take_it():
    assert not _multicast_proxy.plan_problems({**PLAN, "iptv_gateway": "", "rp_filter_mode": "disabled"})


INTERFACES = ["all", "default", "lo", "eth0", "vlan2", "vlan100"]


def test_strict_everywhere_with_routes():
    assert _multicast_proxy.settings(PLAN, INTERFACES) == {
        "conf/all/rp_filter": 1, "conf/default/rp_filter": 1, "conf/eth0/rp_filter": 1, "conf/vlan2/rp_filter": 1, "conf/vlan100/rp_filter": 1,
        "conf/vlan2/force_igmp_version": 0, "conf/vlan100/force_igmp_version": 2, "igmp_max_memberships": 512,
    }  # fmt: skip


def test_disabled_is_off_for_television_and_strict_elsewhere():
    wanted = _multicast_proxy.settings({**PLAN, "rp_filter_mode": "disabled"}, INTERFACES)
    # The kernel takes the larger of "all" and the interface's own.
    assert {name: value for name, value in wanted.items() if "rp_filter" in name} == {
        "conf/all/rp_filter": 0, "conf/default/rp_filter": 1, "conf/eth0/rp_filter": 1, "conf/vlan2/rp_filter": 0, "conf/vlan100/rp_filter": 1,
    }  # fmt: skip


def test_routes_that_are_lacking_or_too_many():
    ours = {"dst": "172.16.0.0/12", "gateway": "10.128.0.1", "dev": "vlan2"}
    assert _multicast_proxy.route_drift(PLAN, "") == ["no route to 172.16.0.0/12"]
    assert not _multicast_proxy.route_drift(PLAN, json.dumps([ours]))
    assert _multicast_proxy.route_drift(PLAN, json.dumps([{**ours, "dev": "vlan3"}])) == ["no route to 172.16.0.0/12"]
    assert _multicast_proxy.route_drift(PLAN, json.dumps([ours, {**ours, "dst": "172.32.0.1"}])) == ["a route to 172.32.0.1/32"]
    assert _multicast_proxy.route_drift({**PLAN, "rp_filter_mode": "disabled"}, json.dumps([ours])) == ["a route to 172.16.0.0/12"]


def test_igmp_sockets():
    assert _multicast_proxy.igmp_sockets(RAW) == {"1971980"}
    assert not _multicast_proxy.igmp_sockets("")


def test_what_is_lacking():
    both = ["igmpproxy.service", "homerouter-igmp-keepalive.service"]
    assert not _multicast_proxy.lacks(PLAN, both, ["vlan2", "vlan100"])
    assert _multicast_proxy.lacks(PLAN, both[:1], ["vlan2"]) == [
        "homerouter-igmp-keepalive.service does not run", "igmpproxy does not route vlan100",
    ]  # fmt: skip
    assert not _multicast_proxy.lacks({**PLAN, "keepalive_seconds": 0}, both[:1], ["vlan2", "vlan100"])
