# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor's page in Chromium, whatever it has to say; and that looking at a bad page finds what is bad."""

from __future__ import annotations

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _doctor, _doctor_report
from ansible_collections.homerouter.tripleplay.plugins.module_utils._doctor_checks import CHECKS
from browser import examine

NAMES = {"uplink": "eth0", "internet": "vlan6", "iptv": "vlan2", "voip": "vlan3", "lan": "vlan100", "ppp": "ppp0"}
EVIDENCE = ("</main><script>alert(1)</script>", "2a02:9000:" + "ffff:" * 60, "word " * 200)
BAD = """<!DOCTYPE html><html lang="en"><title>Bad</title><main><h1>Bad</h1><p style="color: #ddd; background: #fff">pale</p>
<img alt="" src="http://192.0.2.1/a.png"><div style="width: 900px">wide</div></main><script>nobody()</script></html>"""


@pytest.mark.parametrize("findings", [[], [_doctor.Finding(check, EVIDENCE, NAMES) for check in CHECKS]], ids=["healthy", "all that can be wrong"])
def test_the_doctors_page_is_for_everybody(tmp_path, findings):
    report = _doctor.Report(tuple(findings), tuple(findings[:3]), {"system": 10, "lan": 8, "internet": 9, "tv": 20}, {"switch": "nobody asked"})
    page = tmp_path / "router.html"
    page.write_text(_doctor_report.page(report, "router", "2026-11-25 20:00:00 +0100", 3.4, NAMES), encoding="utf-8")
    picture = tmp_path / "pictures" / "router.png"
    assert examine(page, picture) == []
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_bad_page_is_found_out(tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(BAD, encoding="utf-8")
    wrong = "\n".join(examine(page))
    for size in ("screen", "phone"):
        for colours in ("light", "dark"):
            where = f"bad.html on a {size}, {colours}: "
            for what in ("error: nobody is not defined", "fetches http://192.0.2.1/a.png", "is 9", "color-contrast: "):
                assert where + what in wrong
