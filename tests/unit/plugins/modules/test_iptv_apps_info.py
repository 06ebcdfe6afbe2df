# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a host stands in the way of players; all else of the module runs in the lab."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _dlna
from ansible_collections.homerouter.tripleplay.plugins.modules import iptv_apps_info


def problems(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, missing: list[str], **dlna: str) -> list[str]:
    """What the module says of xupnpd, on a machine with an identifier."""
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n", encoding="utf-8")
    monkeypatch.setattr(_dlna, "MACHINE_ID", str(tmp_path / "machine-id"))
    given = {"provider": "xupnpd", "package": "", "program": str(tmp_path / "xupnpd"), "folder": str(tmp_path), **dlna}
    return iptv_apps_info.dlna_problems(SimpleNamespace(params={"dlna": given}), missing)


@pytest.mark.parametrize("missing", [[], ["busybox"]])
@pytest.mark.parametrize("package", ["", "xupnpd"])
def test_xupnpd_that_is_not_there_is_told_whatever_else_is_to_be_installed(monkeypatch, tmp_path, missing, package):
    found = problems(monkeypatch, tmp_path, missing, package=package)
    assert [one.partition(" ")[0] for one in found] == ["iptv_apps_xupnpd_program", "iptv_apps_xupnpd_folder"]


def test_xupnpd_whose_package_is_to_be_installed_is_waited_for(monkeypatch, tmp_path):
    assert problems(monkeypatch, tmp_path, ["busybox", "xupnpd"], package="xupnpd") == []


def test_xupnpd_that_is_there_is_taken(monkeypatch, tmp_path):
    (tmp_path / "xupnpd").touch(0o755)
    (tmp_path / "xupnpd_main.lua").touch()
    assert problems(monkeypatch, tmp_path, []) == []
