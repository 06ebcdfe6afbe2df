# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables as firmware 1.x to 4.x prints them."""

from __future__ import annotations

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sg_facts

STATUS = """\
                                             Flow Link          Back   Mdix
Port     Type         Duplex  Speed Neg      ctrl State       Pressure Mode
-------- ------------ ------  ----- -------- ---- ----------- -------- -------
gi1      1G-Copper    Full    1000  Enabled  Off  Up          Disabled Off
gi2      1G-Copper      --      --     --     --  Down           --     --
te1/0/1  10G-Fiber    Full    10000 Disabled Off  Up          Disabled Off

                                          Flow    Link
Ch       Type    Duplex  Speed  Neg      control  State
-------- ------- ------  -----  -------- -------  -----------
Po1         --     --      --      --       --    Not Present
Po2      1G      Full    2000   Enabled  Off      Up
"""


def test_ports():
    assert _sg_facts.ports(STATUS) == [
        {"name": "gi1", "link": "up", "type": "1G-Copper", "speed": 1000, "duplex": "full"},
        {"name": "gi2", "link": "down", "type": "1G-Copper", "speed": 0, "duplex": ""},
        {"name": "te1/0/1", "link": "up", "type": "10G-Fiber", "speed": 10000, "duplex": "full"},
        {"name": "po1", "link": "absent", "type": "", "speed": 0, "duplex": ""},
        {"name": "po2", "link": "up", "type": "1G", "speed": 2000, "duplex": "full"},
    ]
    assert _sg_facts.ports("") == []


IP_1 = """\
    IP Address        I/F    I/F Status  Type   Redirect Status
                             admin/oper
------------------ --------- ---------- ------- -------- ------
192.168.1.254/24   vlan 1    UP/UP      Static  enable   Valid
10.0.0.2/8         vlan 100  UP/DOWN    DHCP    enable   Not
                                                         receiv
                                                         ed
  Gateway IP Address      Type
----------------------- --------
192.168.1.1             static
"""
IP_2 = """\
  Gateway IP Address        Activity status        Type
----------------------- ----------------------- --------
192.168.1.1             Inactive                static


    IP Address         I/F      I/F Status    Type     Directed  Prec Redirect Status
                                admin/oper            Broadcast
------------------ ----------- ------------ --------- --------- ---- -------- ------
192.168.1.254/24   vlan 1      UP/UP        Static     disable   No   enable  Valid
"""


@pytest.mark.parametrize("text", [IP_1, IP_2])
def test_addresses(text):
    found = _sg_facts.addresses(text)
    assert found[0] == {"address": "192.168.1.254/24", "interface": "vlan 1"}
    assert found[1:] == ([{"address": "10.0.0.2/8", "interface": "vlan 100"}] if text is IP_1 else [])
    assert _sg_facts.gateway(text) == "192.168.1.1"


def test_no_gateway():
    assert _sg_facts.gateway(IP_1[: IP_1.index("  Gateway")]) == ""


def test_continued_cells():
    rows = _sg_facts.tables(IP_1)[0]
    assert rows[1]["status"] == "Notreceived"
    assert len(rows) == 2 or rows[2]["ip address"].startswith("Gateway")


@pytest.mark.parametrize(
    ("text", "now", "then"),
    [
        ("\n Jumbo frames are disabled\n Jumbo frames will be enabled after reset\n", False, True),
        ("\n Jumbo frames are enabled\n Jumbo frames will be enabled after reset\n", True, True),
        (" Jumbo frames are enabled\n", True, True),
        ("", None, None),
    ],
)
def test_jumbo(text, now, then):
    assert _sg_facts.jumbo(text) == {"enabled": now, "enabled_after_restart": then}
