# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings as data: when they are, what is wrong with them, what is in each other's way. Pure; all times are the router's local time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from ansible_collections.homerouter.tripleplay.plugins.module_utils._channels import Channel, Problem, shown

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAILY = "daily"
LONGEST = 24 * 60
# How far collisions are looked for: each weekday comes once, whatever the day after.
HORIZON = timedelta(days=8)
# A name is part of file and unit names.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMG])b?")


@dataclass(frozen=True)
class Recording:
    """One recording. C(days) are those of the week, 0 for Monday; without any it is recorded once, on the day of C(start)."""

    name: str
    channel: Channel
    start: datetime | time
    days: tuple[int, ...]
    minutes: int
    size: str = ""

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return timedelta(minutes=self.minutes)

    def windows(self, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Its times that are not over at one moment and have begun before another."""
        if isinstance(self.start, datetime):
            times = [self.start]
        else:
            first = (begin - self.length).date()
            days = (first + timedelta(days=number) for number in range((end.date() - first).days + 1))
            times = [datetime.combine(day, self.start) for day in days if day.weekday() in self.days]
        return [(one, one + self.length) for one in times if one < end and one + self.length > begin]

    def calendar(self) -> str:
        """When it begins, as systemd.time(7) writes it."""
        if isinstance(self.start, datetime):
            return f"{self.start:%Y-%m-%d %H:%M:%S}"
        days = "" if len(self.days) == 7 else ",".join(WEEK[day].capitalize() for day in self.days) + " "
        return f"{days}*-*-* {self.start:%H:%M:%S}"

    def planned(self) -> dict[str, Any]:
        """As the program on the router reads it."""
        once = isinstance(self.start, datetime)
        return {
            "name": self.name, "title": self.channel.name, "group": self.channel.group, "port": self.channel.port,
            "start": f"{self.start:%Y-%m-%d %H:%M:%S}" if once else f"{self.start:%H:%M:%S}",
            "days": list(self.days), "seconds": self.minutes * 60, "octets": octets(self.size) or 0, "calendar": self.calendar(),
        }  # fmt: skip


def octets(size: str) -> int | None:
    """A size such as 700Mb or 1.5Gb; None if it is none."""
    match = _SIZE.fullmatch(size)
    return int(float(match[1]) * {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}[match[2]]) if match else None


def _start(value: str, once: bool) -> datetime | time | tuple[str, str]:
    """The beginning, or what is wrong with it and the cure."""
    day, _blank, clock = value.rpartition(" ")
    cure = 'write day and time in quotes, such as "2026-12-01 15:45"' if once else 'write the time alone, in quotes, such as "15:45"'
    match = _CLOCK.fullmatch(clock)
    if match is None:
        return "no time of a day from 00:00 to 23:59", cure
    at = time(int(match[1]), int(match[2]), int(match[3] or 0))
    if not once:
        return ("with a day, though days says on which it is", cure) if day else at
    try:
        return datetime.combine(datetime.strptime(day, "%Y-%m-%d").date(), at)
    except ValueError:
        return ("without a day, and recorded once" if not day else "no day of the calendar"), cure


def load(entries: Iterable[Mapping[str, Any]], channels: Sequence[Channel]) -> tuple[list[Recording], list[Problem]]:
    """Recordings, and what is wrong with the others."""
    known = {channel.number: channel for channel in channels}
    good: list[Recording] = []
    found: list[Problem] = []
    names: dict[str, str] = {}
    for index, entry in enumerate(entries):
        place = f"iptv_apps_recordings[{index}]"
        wrong: list[Problem] = []
        name, number, size, days = entry["name"], entry["channel"], entry.get("size") or "", entry.get("days") or []
        if not _NAME.fullmatch(name):
            cure = "use small letters, digits, - and _, at most 40: it becomes the name of files"
            wrong.append(Problem(f"{place}.name", shown(name), "no name of a recording", cure))
        elif name in names:
            cure = "give each recording a name of its own, or their files would be taken for parts of one"
            wrong.append(Problem(f"{place}.name", name, f"as is {names[name]}.name", cure))
        names.setdefault(name, place)
        if number not in known:
            cure = f"use one of home_iptv_channels: {', '.join(map(str, sorted(known)[:20]))}"
            wrong.append(Problem(f"{place}.channel", str(number), "the number of no channel", cure))
        elif known[number].encrypted:
            wrong.append(Problem(f"{place}.channel", str(number), "a channel with DRM, which nothing plays afterwards", "record another one"))
        if not 1 <= entry["minutes"] <= LONGEST:
            wrong.append(Problem(f"{place}.minutes", str(entry["minutes"]), "no length of a recording", f"use 1 to {LONGEST}"))
        if size and not octets(size):
            wrong.append(Problem(f"{place}.size", shown(size), "no size", "write it as udpxrec takes it, such as 700Mb or 1.5Gb"))
        bad = [day for day in days if day not in (*WEEK, DAILY)]
        if bad:
            wrong.append(Problem(f"{place}.days", shown(bad[0]), "no day of the week", f"use {', '.join(WEEK)}, or {DAILY} alone"))
        start = _start(entry["start"], not days)
        if isinstance(start, tuple):
            wrong.append(Problem(f"{place}.start", shown(entry["start"]), *start))
        found += wrong
        if not wrong and not isinstance(start, tuple):
            numbers = range(7) if DAILY in days else sorted({WEEK.index(day) for day in days})
            good.append(Recording(name, known[number], start, tuple(numbers), entry["minutes"], size))
    return good, found


def collisions(recordings: Sequence[Recording], now: datetime, at_once: int) -> list[str]:
    """Recordings that are in each other's way within the coming week: the same channel twice, one in its own way, too many at once."""
    events = sorted(
        (begin, end, index) for index, one in enumerate(recordings) for begin, end in one.windows(now, _horizon(recordings, now))
    )
    found: dict[tuple[str, ...], str] = {}
    for at, (begin, _end, index) in enumerate(events):
        mine = recordings[index]
        others = [(until, number) for start, until, number in events[:at] if until > begin]
        for _until, number in others:
            other = recordings[number]
            if other is mine:
                problem = f"{mine.name} begins on {begin:%Y-%m-%d at %H:%M} while its last time still runs: shorten minutes ({mine.minutes})"
                found.setdefault((mine.name,), problem)
            elif (other.channel.group, other.channel.port) == (mine.channel.group, mine.channel.port):
                problem = (
                    f"{mine.name} and {other.name} record {mine.channel.name} at the same time on {begin:%Y-%m-%d at %H:%M}: make one of them that "
                    "lasts as long as both"
                )
                found.setdefault(tuple(sorted((mine.name, other.name))), problem)
        if len(others) + 1 > at_once:
            names = ", ".join(sorted({mine.name, *(recordings[number].name for _until, number in others)}))
            found.setdefault(
                ("*", *names.split(", ")),
                f"{len(others) + 1} recordings at once on {begin:%Y-%m-%d at %H:%M} ({names}), and iptv_apps_recordings_at_once is {at_once}: move "
                "one, or raise that if your line carries more beside what is watched",
            )
    return list(found.values())


def _horizon(recordings: Sequence[Recording], now: datetime) -> datetime:
    """Until when collisions are looked for: a week after the last that is recorded once."""
    return max([now, *(one.start for one in recordings if isinstance(one.start, datetime) and one.start > now)]) + HORIZON


def needed(recordings: Iterable[Recording], now: datetime, megabits: int) -> int:
    """Octets that the recordings take: each that is not over yet, and one time of those that come again."""
    total = 0
    for one in recordings:
        over = isinstance(one.start, datetime) and one.start + one.length <= now
        if not over:
            full = one.minutes * 60 * megabits * 1_000_000 // 8
            total += min(full, octets(one.size) or full)
    return total
