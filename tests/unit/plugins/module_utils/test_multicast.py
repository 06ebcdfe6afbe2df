# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's multicast tables as text."""

from __future__ import annotations

import random
import re
import time

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _multicast
from hypothesis import given
from hypothesis import strategies as st

# As printed by the box that this project is modelled on; the interfaces' own addresses are the example home's.
CACHE = """\
Group    Origin   Iif     Pkts    Bytes    Wrong Oifs
810900EF 3A4D1AAC 0      26264 35595536        0  2:1
560500EF 01481AAC 0      58765 78415404        0  2:1
4C0000EF 11481AAC 0      14704 19172500        0  2:1
9B0200EF 27141AAC 0        780   829104        0  2:1
810200EF 27141AAC 0        168   172648        0  2:1
1E0200EF 27141AAC 0       1430   848580        0  2:1
FAFFFFEF F301A8C0 -1         0        0        0
FAFFFFEF 0101A8C0 -1         0        0        0
"""
VIFS = """\
Interface      BytesIn  PktsIn  BytesOut PktsOut Flags Local    Remote
 0 vlan2      774846616  584180         0       0 00000 0A00D60A 00000000
 1 vlan3              0       0         0       0 00000 07C0190A 00000000
 2 vlan100            0       0  774846616  584180 00000 0101A8C0 00000000
 5 ppp0               0       0         0       0 00000 0A001C50 00000000
"""
IGMP = (
    "Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter\n"
    "1\tlo        :     1      V3\n\t\t\t\t010000E0     1 0:00000000\t\t0\n"
    "4\tvlan2     :     3      V2\n\t\t\t\t4C0000EF     1 0:00000000\t\t1\n"
    "\t\t\t\t810200EF     2 1:000003E7\t\t0\n\t\t\t\t010000E0     1 0:00000000\t\t0\n"
    "7\tabcdefghijklmno:     1    NONE\n\t\t\t\t010000E0     1 0:00000000\t\t0\n"
)


def test_the_seeds_cache():
    entries = _multicast.parse_cache(CACHE, "little")
    assert [(entry.group, entry.origin) for entry in entries] == [
        ("239.0.9.129", "172.26.77.58"), ("239.0.5.86", "172.26.72.1"), ("239.0.0.76", "172.26.72.17"),
        ("239.0.2.155", "172.26.20.39"), ("239.0.2.129", "172.26.20.39"), ("239.0.2.30", "172.26.20.39"),
        ("239.255.255.250", "192.168.1.243"), ("239.255.255.250", "192.168.1.1"),
    ]  # fmt: skip
    assert entries[0] == _multicast.Entry("239.0.9.129", "172.26.77.58", 0, 26264, 35595536, 0, {2: 1})
    assert [entry.input for entry in entries[-2:]] == [None, None]


def test_the_seeds_interfaces():
    vifs = _multicast.parse_vifs(VIFS, "little")
    assert {index: vif.name for index, vif in vifs.items()} == {0: "vlan2", 1: "vlan3", 2: "vlan100", 5: "ppp0"}
    assert vifs[0] == _multicast.Vif(0, "vlan2", 774846616, 584180, 0, 0, 0, "10.214.0.10", "0.0.0.0")
    assert vifs[2].octets_out == vifs[0].octets_in and vifs[2].local == "192.168.1.1"


def test_memberships():
    found = _multicast.parse_igmp(IGMP, "little")
    assert {name: groups.version for name, groups in found.items()} == {"lo": 3, "vlan2": 2, "abcdefghijklmno": 0}
    assert found["vlan2"].memberships == (
        _multicast.Membership("239.0.0.76", 1, True),
        _multicast.Membership("239.0.2.129", 2, False),
        _multicast.Membership("224.0.0.1", 1, False),
    )


def swapped(text: str) -> str:
    """The cache as a host of the other byte order prints it."""
    return re.sub(r"^\w{8} \w{8}", lambda match: " ".join(bytes.fromhex(word)[::-1].hex().upper() for word in match[0].split()), text, flags=re.M)


def test_big_endian_host():
    assert "EF00004C AC1A4811" in swapped(CACHE)
    assert _multicast.parse_cache(swapped(CACHE), "big") == _multicast.parse_cache(CACHE, "little")
    assert _multicast.address("EF00004C", "big") == _multicast.address("4C0000EF", "little") == "239.0.0.76"


def test_other_kernels_unresolved_entry_and_several_outputs():
    (entry,) = _multicast.parse_cache("Group\nFAFFFFEF 0101A8C0 65535 0 0 0\n", "little")
    assert entry.input is None
    (entry,) = _multicast.parse_cache("Group\n4C0000EF 11481AAC 0 1 2 3  1:1    2:255\n", "little")
    assert entry.outputs == {1: 1, 2: 255} and entry.wrong == 3


@pytest.mark.parametrize("parse", [_multicast.parse_cache, _multicast.parse_vifs, _multicast.parse_igmp])
def test_empty_tables(parse):
    assert not parse("", "little") and not parse("Header\n", "little") and not parse("Header\n\n", "little")


@pytest.mark.parametrize(
    ("parse", "line"),
    [
        (_multicast.parse_cache, "810900EF 3A4D1AAC 0 1 2"),
        (_multicast.parse_cache, "810900EF 3A4D1AAC 0 1 2 3 2:"),
        (_multicast.parse_cache, "810900E 3A4D1AAC 0 1 2 3"),
        (_multicast.parse_cache, "8109 0EF 3A4D1AAC 0 1 2 3"),
        (_multicast.parse_vifs, "0 vlan2 1 2 3 4 00000 0A00D60A"),
        (_multicast.parse_vifs, "zero vlan2 1 2 3 4 00000 0A00D60A 00000000"),
        (_multicast.parse_igmp, "\t\t\t\t010000E0     1 0:00000000\t\t0"),
        (_multicast.parse_igmp, "1\tlo"),
    ],
)
def test_damaged_lines_are_named(parse, line):
    with pytest.raises(_multicast.TableError, match="line 2 of"):
        parse("Header\n" + line + "\n", "little")


@given(st.text(), st.sampled_from([CACHE, VIFS, IGMP]), st.integers(0, 700), st.sampled_from(["little", "big"]))
def test_any_damage_is_parsed_or_named(damage, table, where, byteorder):
    text = table[:where] + damage + table[where + len(damage) :]
    for parse in (_multicast.parse_cache, _multicast.parse_vifs, _multicast.parse_igmp):
        try:
            parse(text, byteorder)
        except _multicast.TableError:
            continue


@given(st.ip_addresses(v=4), st.sampled_from(["little", "big"]))
def test_every_address_is_read_back(address, byteorder):
    printed = f"{int.from_bytes(address.packed, byteorder):08X}"
    assert _multicast.address(printed, byteorder) == str(address)


def test_large_cache_is_read_in_time():
    chance = random.Random(10000)
    lines = [
        f"{chance.randrange(1 << 32):08X} {chance.randrange(1 << 32):08X} 0 {chance.randrange(1 << 40)} {chance.randrange(1 << 50)} 0  2:1"
        for _entry in range(10000)
    ]
    text = "Group\n" + "\n".join(lines) + "\n"
    # The best of three: the machine's other work does not count.
    times = []
    for _round in range(3):
        start = time.process_time()
        assert len(_multicast.parse_cache(text, "little")) == 10000
        times.append(time.process_time() - start)
    assert min(times) < 0.2


@pytest.mark.parametrize(
    ("before", "after", "seconds", "expected"), [(10, 30, 2.0, 10.0), (10, 10, 1.0, 0.0), (30, 10, 1.0, None), (1, 2, 0.0, None)]
)
def test_rates(before, after, seconds, expected):
    assert _multicast.rate(before, after, seconds) == expected


def test_counters_of_the_host():
    text = "TcpExt: SyncookiesSent IPReversePathFilter Last\nTcpExt: 1 23 4\nIpExt: InNoRoutes\nIpExt: 5\n"
    assert _multicast.netstat(text, "TcpExt", "IPReversePathFilter") == 23
    assert _multicast.netstat(text, "IpExt", "InNoRoutes") == 5
    assert _multicast.netstat(text, "IpExt", "IPReversePathFilter") == 0
    assert _multicast.netstat("", "TcpExt", "IPReversePathFilter") == 0
    assert _multicast.netstat("TcpExt: A B\nTcpExt: 1", "TcpExt", "B") == 0
