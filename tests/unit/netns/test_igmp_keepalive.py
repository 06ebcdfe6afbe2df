# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keep-alive of the role multicast against the lab's head end, which forgets members that are not heard of."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.unit.netns.test_television import SECOND, Television

PROGRAM = Path(__file__).resolve().parents[3] / "roles" / "multicast" / "files" / "usr" / "local" / "libexec" / "homerouter-multicast"


@pytest.fixture
def television(spaces, tmp_path, eventually):
    made = Television(spaces, tmp_path, eventually)
    # The kernel repeats its own reports for as long as this; it is not they that are tested.
    made.home.sysctl("conf/eth0/igmpv3_unsolicited_report_interval", 50)
    return made


def keepalive(television, interval, *groups):
    words = [word for group in groups or ("239.0.0.0/16",) for word in ("--groups", group)]
    return television.home.start(sys.executable, "-I", str(PROGRAM), "keepalive", "--interface", "eth0", "--interval", str(interval), *words)


def test_member_is_kept(television):
    television.start("membership_timeout=1", "rate=300000")
    keepalive(television, 0.3)
    with television.join():
        television.eventually(lambda: television.group()["flowing"], 5, "the stream")
        television.eventually(lambda: television.group()["reports"] >= 12, 10, "twelve reports, which take longer than three timeouts")
        assert television.group()["expired"] == 0 and television.group()["flowing"]
    # Nothing holds what has been left.
    television.eventually(lambda: not television.group()["flowing"], 5, "the end of the stream")
    told = television.group()["reports"]
    with television.join(SECOND):
        television.eventually(lambda: television.group(SECOND)["reports"] >= 4, 10, "further rounds")
    assert television.group()["reports"] == told and not television.group()["flowing"]


def test_groups_that_are_no_television_are_not_reported(television):
    television.start("membership_timeout=1", "rate=300000")
    keepalive(television, 0.3, "239.0.0.0/25")
    with television.join(), television.join("239.0.9.129"):
        television.eventually(lambda: television.group()["reports"] >= 6, 10, "six reports")
        television.eventually(lambda: not television.group("239.0.9.129")["flowing"], 5, "the other group to be forgotten")
        assert television.group("239.0.9.129")["expired"] == 1
        assert television.group()["expired"] == 0


def test_reports_at_once_when_the_cable_is_back(television):
    television.start("rate=300000")
    television.home.sysctl("conf/eth0/igmpv3_unsolicited_report_interval", 1)
    with television.join():
        keepalive(television, 3600)
        # The kernel's two and the first round's.
        television.eventually(lambda: television.group()["reports"] >= 3, 5, "the first round")
        before = television.group()["reports"]
        television.isp.run("ip", "link", "set", "vlan2", "down")
        television.eventually(lambda: "NO-CARRIER" in television.home.run("ip", "link", "show", "dev", "eth0"), 5, "the kernel to see it")
        television.isp.run("ip", "link", "set", "vlan2", "up")
        television.eventually(lambda: television.group()["reports"] > before, 5, "a round after the cable was out")


def test_waits_for_an_interface_that_is_not_there(television):
    television.start("rate=300000")
    television.home.run("ip", "link", "set", "eth0", "name", "later")
    process = keepalive(television, 0.3)
    television.home.run("ip", "link", "set", "later", "down")
    television.home.run("ip", "link", "set", "later", "name", "eth0", "up")
    with television.join():
        # The kernel repeats its own two times.
        television.eventually(lambda: television.group()["reports"] >= 5, 5, "rounds")
        assert process.poll() is None
        process.terminate()
        assert process.wait(5) == 0
