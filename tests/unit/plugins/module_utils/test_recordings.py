# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings: when they are, what is wrong with a plan, and that the router's program says the same of it as the check before."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _recordings
from ansible_collections.homerouter.tripleplay.plugins.module_utils._channels import Channel
from hypothesis import given
from hypothesis import strategies as st

CHANNELS = [Channel(1, "La 1", "239.0.0.76"), Channel(2, "La 2", "239.0.0.2"), Channel(3, "Tres", "239.0.0.3", encrypted=True)]
NOW = datetime(2026, 11, 25, 12, 0)  # a Wednesday


def entry(**changes: Any) -> dict[str, Any]:
    """A recording as an owner writes it."""
    return {"name": "film", "channel": 1, "start": "2026-12-01 15:45", "minutes": 120, **changes}


def load(*entries: dict[str, Any]) -> list[_recordings.Recording]:
    """Recordings without a mistake."""
    good, wrong = _recordings.load(entries, CHANNELS)
    assert not wrong, wrong
    return good


@pytest.mark.parametrize(
    ("changes", "calendar", "first"),
    [
        ({}, "2026-12-01 15:45:00", datetime(2026, 12, 1, 15, 45)),
        ({"start": "2026-11-25 13:00:30"}, "2026-11-25 13:00:30", datetime(2026, 11, 25, 13, 0, 30)),
        ({"start": "21:00", "days": ["daily"]}, "*-*-* 21:00:00", datetime(2026, 11, 25, 21)),
        ({"start": "11:00", "days": ["wed", "mon"]}, "Mon,Wed *-*-* 11:00:00", datetime(2026, 11, 25, 11)),
        ({"start": "09:00", "days": ["wed"]}, "Wed *-*-* 09:00:00", datetime(2026, 12, 2, 9)),
        ({"start": "23:30", "days": ["tue"], "minutes": 1440}, "Tue *-*-* 23:30:00", datetime(2026, 11, 24, 23, 30)),
    ],
)
def test_times(changes, calendar, first):
    (recording,) = load(entry(**changes))
    assert recording.calendar() == calendar
    assert recording.windows(NOW, NOW + timedelta(days=8))[0] == (first, first + recording.length)


@pytest.mark.parametrize(
    ("changes", "key", "problem", "cure"),
    [
        ({"name": "La película"}, "name", "no name", "small letters"),
        ({"name": "../x"}, "name", "no name", "small letters"),
        ({"channel": 9}, "channel", "no channel", "1, 2, 3"),
        ({"channel": 3}, "channel", "DRM", "another"),
        ({"minutes": 0}, "minutes", "no length", "1 to 1440"),
        ({"minutes": 1441}, "minutes", "no length", "1 to 1440"),
        ({"size": "2 GB"}, "size", "no size", "1.5Gb"),
        ({"size": "0Gb"}, "size", "no size", "1.5Gb"),
        ({"start": "945"}, "start", "no time of a day", "in quotes"),
        ({"start": "15:45"}, "start", "without a day", "2026-12-01 15:45"),
        ({"start": "2026-02-30 10:00"}, "start", "no day of the calendar", "2026-12-01 15:45"),
        ({"start": "2026-12-01 24:00"}, "start", "no time of a day", "in quotes"),
        ({"days": ["mon"]}, "start", "with a day", "the time alone"),
        ({"start": "15:45", "days": ["lunes"]}, "days", "no day of the week", "mon"),
    ],
)
def test_recording_that_makes_no_sense_is_told(changes, key, problem, cure):
    good, (wrong,) = _recordings.load([entry(**changes)], CHANNELS)
    assert not good
    assert wrong.place == f"iptv_apps_recordings[0].{key}" and problem in wrong.problem and cure in wrong.cure


def test_name_is_given_once():
    _good, (wrong,) = _recordings.load([entry(), entry(channel=2)], CHANNELS)
    assert wrong.place == "iptv_apps_recordings[1].name" and "as is iptv_apps_recordings[0].name" in wrong.problem


@pytest.mark.parametrize(
    ("others", "at_once", "words"),
    [
        ([entry(name="b", channel=2)], 2, ""),
        ([entry(name="b", channel=2)], 1, "2 recordings at once on 2026-12-01 at 15:45 (b, film), and iptv_apps_recordings_at_once is 1"),
        ([entry(name="b", start="2026-12-01 17:45")], 1, ""),
        ([entry(name="b", start="2026-12-01 17:44")], 2, "b and film record La 1 at the same time on 2026-12-01 at 17:44"),
        ([entry(name="b", start="16:00", days=["tue"])], 2, "b and film record La 1 at the same time on 2026-12-01 at 16:00"),
        ([entry(name="b", start="16:00", days=["thu"])], 1, ""),
        ([entry(name="b", start="2020-01-01 00:00")], 1, ""),
    ],
)
def test_collisions(others, at_once, words):
    found = _recordings.collisions(load(entry(), *others), NOW, at_once)
    assert len(found) == bool(words) and all(words in one for one in found), found


def test_recording_in_its_own_way():
    # A day of 24 h ends as the next begins.
    assert not _recordings.collisions(load(entry(start="10:00", days=["daily"], minutes=1440)), NOW, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_recordings, "LONGEST", 2000)
        assert "its last time still runs" in _recordings.collisions(load(entry(start="10:00", days=["daily"], minutes=1441)), NOW, 4)[0]


def test_space():
    assert _recordings.needed(load(entry()), NOW, 10) == 9_000_000_000
    assert _recordings.needed(load(entry(size="1.5Gb")), NOW, 10) == 1_610_612_736
    assert _recordings.needed(load(entry(start="2026-11-25 09:00")), NOW, 10) == 0
    assert _recordings.needed(load(entry(start="10:00", days=["daily"], minutes=1)), NOW, 8) == 60_000_000


@pytest.fixture(scope="module")
def program(collection) -> ModuleType:
    """The router's program."""
    path = collection / "roles" / "iptv_apps" / "files" / "usr" / "local" / "libexec" / "homerouter-iptv"
    loader = importlib.machinery.SourceFileLoader("homerouter_iptv", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31))


@given(
    st.data(), MOMENTS, st.timedeltas(timedelta(0), timedelta(days=9)), st.integers(1, 1440),
    st.lists(st.sampled_from(_recordings.WEEK), max_size=7), MOMENTS,
)  # fmt: skip
def test_program_and_check_agree(program, data, begin, span, minutes, days, start):
    written = f"{start:%H:%M:%S}" if days else f"{start:%Y-%m-%d %H:%M:%S}"
    (recording,) = load(entry(start=written, days=days, minutes=minutes))
    assert program.windows(recording.planned(), begin, begin + span) == recording.windows(begin, begin + span)


def test_files_are_never_overwritten(program, tmp_path):
    made = [program.reserve(str(tmp_path), "film-2026-12-01-1545") for _number in range(3)]
    assert [path.rpartition("/")[2] for path in made] == ["film-2026-12-01-1545.ts", "film-2026-12-01-1545-2.ts", "film-2026-12-01-1545-3.ts"]
    (tmp_path / "film-2026-12-01-1545-x.ts").touch()
    (tmp_path / "film-2026-12-01-15459.ts").touch()
    assert sorted(program.parts(str(tmp_path), "film-2026-12-01-1545")) == sorted(made)


@pytest.mark.parametrize(("seconds", "words"), [(7200, "+2:00.00"), (20, "+0:00.20"), (59.2, "+0:01.00"), (0.1, "+0:00.01"), (86400, "+24:00.00")])
def test_length_as_udpxrec_reads_it(program, seconds, words):
    assert program.length(seconds) == words


@pytest.mark.parametrize("changes", [{}, {"start": "21:00", "days": ["daily"]}, {"start": "21:00", "days": ["sat", "sun"]}])
def test_systemd_reads_the_calendar(changes):
    (recording,) = load(entry(**changes))
    done = subprocess.run(["systemd-analyze", "calendar", recording.calendar()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
