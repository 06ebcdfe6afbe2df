# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reverse-path check's rules; tests/unit/netns compares them with the kernel's."""

from __future__ import annotations

import json

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _rp_filter

SOURCE = "172.26.20.39"
BACK = _rp_filter.Route("172.16.0.0/12", "unicast", ("vlan2",))
DEFAULT = _rp_filter.Route("default", "unicast", ("ppp0",))


@pytest.mark.parametrize(
    ("everywhere", "own", "route", "reason"),
    [
        # The seed's way, its trap, and what else there is.
        (0, 0, None, "off"),
        (1, 0, None, "no_route"),
        (1, 0, DEFAULT, "other_interface"),
        (0, 1, DEFAULT, "other_interface"),
        (0, 1, BACK, "reverse_path"),
        (0, 2, DEFAULT, "any_route"),
        (2, 0, DEFAULT, "any_route"),
        # The larger value counts, so loose in "all" makes a strict interface loose.
        (2, 1, DEFAULT, "any_route"),
        (0, 2, None, "no_route"),
        (0, 1, _rp_filter.Route("172.16.0.0/12", "unicast", ("eth1", "vlan2")), "reverse_path"),
        (0, 2, _rp_filter.Route("10.255.255.255", "broadcast", ("vlan2",)), "not_unicast"),
        (0, 0, _rp_filter.Route("172.26.20.39", "local", ("lo",)), "own_address"),
    ],
)
def test_verdicts(everywhere, own, route, reason):
    made = _rp_filter.verdict(SOURCE, _rp_filter.Interface("vlan2", own), everywhere, route)
    assert made.reason == reason
    assert made.passes is (reason in ("off", "reverse_path", "any_route"))
    if not made.passes:
        assert SOURCE in made.text or "172.16" in made.text or "default" in made.text


def test_loose_means_nothing_without_an_address():
    bare = _rp_filter.Interface("vlan2", 2, has_address=False)
    assert _rp_filter.verdict(SOURCE, bare, 0, DEFAULT).reason == "no_address"
    assert _rp_filter.verdict(SOURCE, bare, 0, BACK).passes


def test_own_address_where_accept_local_allows_it():
    own = _rp_filter.Route(SOURCE, "local", ("lo",))
    assert _rp_filter.verdict(SOURCE, _rp_filter.Interface("vlan2", 2, accept_local=True), 0, own).passes


@pytest.mark.parametrize(
    ("source", "passes"), [("0.0.0.0", True), ("127.0.0.1", False), ("239.0.0.76", False), ("255.255.255.255", False)]
)
def test_addresses_that_the_filter_is_not_asked_about(source, passes):
    assert _rp_filter.verdict(source, _rp_filter.Interface("vlan2", 1), 1, None).passes is passes


@pytest.mark.parametrize(
    ("value", "name"), [(0, "off"), (1, "strict"), (2, "loose"), (3, "loose")]
)  # fmt: skip
def test_modes(value, name):
    assert _rp_filter.mode(value) == name


def test_routes_as_iproute2_prints_them():
    one = '[{"dst":"172.16.0.0/12","gateway":"10.128.0.1","dev":"vlan2","flags":[]}]'
    assert _rp_filter.parse_route(one) == BACK
    two = '[{"dst":"default","flags":[],"nexthops":[{"gateway":"10.0.0.1","dev":"a","weight":1},{"dev":"b","weight":1}]}]'
    assert _rp_filter.parse_route(two) == _rp_filter.Route("default", "unicast", ("a", "b"))
    own = '[{"type":"local","dst":"10.128.0.1","dev":"vlan2","protocol":"kernel","flags":[]}]'
    assert _rp_filter.parse_route(own).kind == "local"
    assert _rp_filter.parse_route("\n") is None
    assert _rp_filter.parse_route("[]") is None


@pytest.mark.parametrize("answer", ["{", "3", "[3]", '[{"gateway":"10.0.0.1"}]', '{"dst": 1}', '[{"dst":"x","nexthops":3}]', "[[]]"])
def test_answers_that_are_no_route(answer):
    with pytest.raises(ValueError, match="no route"):
        _rp_filter.parse_route(answer)


def test_interfaces_with_an_address():
    links = [{"ifname": "vlan2", "addr_info": [{"local": "10.0.0.1"}]}, {"ifname": "vlan6", "addr_info": []}, {"ifname": "x", "addr_info": [{}]}]
    assert _rp_filter.parse_addressed(json.dumps(links)) == {"vlan2"}
    assert _rp_filter.parse_addressed("") == frozenset()
    with pytest.raises(ValueError, match="no list"):
        _rp_filter.parse_addressed("[1]")
