# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules ask of the host's services."""

from __future__ import annotations

import os

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _stack


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/kea-dhcp4-server.service\n", "kea-dhcp4-server.service"),
        ("1:name=systemd:/system.slice/dnsmasq.service\n0::/\n", "dnsmasq.service"),
        ("0::/system.slice/docker-1.scope/system.slice/unbound.service\n", "unbound.service"),
        ("0::/user.slice/user-0.slice/session-1.scope\n", ""),
    ],
)
def test_unit_of_a_process(cgroup, unit):
    assert _stack.unit_of(cgroup) == unit


def test_process_that_has_ended_belongs_to_no_unit():
    assert _stack.unit_of_process(2**30) == ""


@pytest.mark.parametrize(("seconds", "seen"), [(0, 1), (60, 3)])
def test_looks_until_it_is_done_or_the_time_is_over(seconds, seen, monkeypatch):
    now, looks = [100.0], iter(range(1, 9))
    monkeypatch.setattr(_stack.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(_stack.time, "sleep", lambda pause: now.__setitem__(0, now[0] + pause))
    assert _stack.until(lambda: next(looks), lambda look: look == 3, seconds) == seen


def test_a_last_look_comes_when_the_time_is_over(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(_stack.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(_stack.time, "sleep", lambda pause: now.__setitem__(0, now[0] + pause))
    assert _stack.until(lambda: now[0], lambda look: False, 1) >= 101


def shown(monkeypatch, tmp_path, *units: dict[str, str]):
    """What systemctl show prints of units, on a host with systemd."""
    monkeypatch.setattr(_stack, "SYSTEMD", str(tmp_path))
    defaults = {"ActiveState": "inactive", "UnitFileState": "", "ExecMainStartTimestamp": "", "NeedDaemonReload": "no"}
    out = "\n\n".join("\n".join(f"{key}={value}" for key, value in {**defaults, **unit}.items()) for unit in units) + "\n"
    return lambda *_argv, **_options: (0, out, "")


@pytest.mark.parametrize(
    ("active", "state", "since", "verdict"),
    [
        ("active", "enabled", "@2000000000", "settled"),
        ("active", "enabled", "@1000000000", "outdated"),
        # A timer has no process.
        ("active", "enabled", "", "settled"),
        ("active", "disabled", "@2000000000", ""),
        # That ends with the next boot.
        ("active", "enabled-runtime", "@2000000000", ""),
        ("inactive", "enabled", "", ""),
        ("activating", "enabled", "@2000000000", ""),
    ],
)
def test_standing_of_a_unit(active, state, since, verdict, monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.touch()
    os.utime(file, (1.5e9, 1.5e9))
    run = shown(monkeypatch, tmp_path, {"ActiveState": active, "UnitFileState": state, "ExecMainStartTimestamp": since})
    outdated, settled = _stack.standing(_stack.units(run, ["a.service"]), {"a.service": [str(file)]})
    assert (outdated, settled) == (["a.service"] * (verdict == "outdated"), ["a.service"] * (verdict == "settled"))


def test_unit_that_is_not_wanted_is_settled_when_it_is_gone(monkeypatch, tmp_path):
    run = shown(
        monkeypatch, tmp_path, {}, {"ActiveState": "active", "UnitFileState": "disabled"}, {"UnitFileState": "enabled"}, {"UnitFileState": "masked"}
    )
    names = ["gone.service", "runs.service", "starts.service", "masked.service"]
    assert _stack.standing(_stack.units(run, names), {name: [] for name in names}) == ([], ["gone.service", "masked.service"])


def test_a_unit_that_is_asked_for_twice_is_told_once(monkeypatch, tmp_path):
    run = shown(monkeypatch, tmp_path, {"ActiveState": "active"}, {"NeedDaemonReload": "yes"})
    assert _stack.units(run, ["a.service", "b.service", "a.service"]) == {"a.service": _stack.Unit(active=True), "b.service": _stack.Unit(unread=True)}


def test_no_unit_is_there_without_systemd(monkeypatch, tmp_path):
    monkeypatch.setattr(_stack, "SYSTEMD", str(tmp_path / "none"))
    assert _stack.units(lambda *_argv, **_options: pytest.fail("systemctl was started"), ["a.service"]) == {"a.service": _stack.Unit()}


def test_what_keeps_systemd_from_masking_a_unit(monkeypatch, tmp_path):
    monkeypatch.setattr(_stack, "OWN_UNITS", str(tmp_path))
    (tmp_path / "masked.service").symlink_to(os.devnull)
    (tmp_path / "own.service").touch()
    (tmp_path / "linked.service").symlink_to(tmp_path / "elsewhere")
    found = {name: _stack.unmaskable(f"{name}.service") for name in ("none", "masked", "own", "linked")}
    assert found == {"none": "", "masked": "", "own": str(tmp_path / "own.service"), "linked": str(tmp_path / "linked.service")}
