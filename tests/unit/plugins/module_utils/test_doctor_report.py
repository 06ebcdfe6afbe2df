# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor's summary fits a screen, its page is sound HTML that everybody can read, and nothing of a host is taken for markup."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from itertools import product
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _doctor, _doctor_report

NAMES = {"uplink": "eth0", "internet": "vlan6", "iptv": "vlan2", "voip": "vlan3", "lan": "vlan100", "ppp": "ppp0"}
VOID = {"meta", "link", "br", "img"}


def check(name: str, severity: str = _doctor.ERROR) -> _doctor.Check:
    return _doctor.Check(name, severity, f"{name} is wrong on {{iptv}}", "A cause & its reason.", "Run `cure <now>`.", lambda case: [])


def finding(name: str, severity: str = _doctor.ERROR, because: tuple[str, ...] = (), evidence: str = "seen") -> _doctor.Finding:
    return _doctor.Finding(check(name, severity), (evidence,), NAMES, because)


def report(*findings: _doctor.Finding, consequences: tuple[_doctor.Finding, ...] = ()) -> _doctor.Report:
    return _doctor.Report(findings, consequences, {"system": 10, "lan": 8, "internet": 9, "tv": 20, "voice": 9}, {"switch": "nobody asked"})


def page(told: _doctor.Report) -> str:
    return _doctor_report.page(told, "router", "2026-11-25 20:00:00 +0100", 3.4, NAMES)


class Reader(HTMLParser):
    """Elements in order with their nesting; fails on what is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not reader.open
    return reader


BROKEN = report(
    finding("system.cable"),
    finding("system.boot", _doctor.WARNING),
    consequences=(finding("tv.gateway", because=("system.cable",)), finding("internet.silent", because=("system.cable",))),
)


@pytest.mark.parametrize("told", [report(), BROKEN])
def test_the_page_is_sound(told):
    reader = read(page(told))
    tags = [tag for tag, _attributes in reader.elements]
    assert ("html", {"lang": "en"}) in reader.elements and tags.count("title") >= 1 and tags.count("main") == 1 and tags.count("h1") == 1
    assert any(attributes.get("name") == "viewport" for tag, attributes in reader.elements if tag == "meta")
    # Headings never skip a level.
    levels = [int(tag[1]) for tag in tags if tag in ("h1", "h2", "h3")]
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    # Nothing is fetched.
    assert not {"script", "img", "iframe", "link", "object"} & set(tags) and "@import" not in page(told) and "url(" not in page(told)
    identifiers = [attributes["id"] for _tag, attributes in reader.elements if attributes.get("id")]
    assert len(identifiers) == len(set(identifiers))
    for _tag, attributes in reader.elements:
        href = attributes.get("href") or ""
        assert not href.startswith("#") or href[1:] in identifiers


def test_the_drawing_has_a_name_and_says_in_words_what_it_shows():
    reader = read(page(BROKEN))
    (svg,) = [attributes for tag, attributes in reader.elements if tag == "svg"]
    assert svg["role"] == "img" and svg["aria-labelledby"] == "house-title house-description"
    described = _doctor_report.drawing(BROKEN, NAMES)
    assert "Television: ERROR" in described and "Telephone: works" in described and "Switch: not judged" in described
    # Not by colour alone.
    dashes = {attributes["class"]: attributes["stroke-dasharray"] for tag, attributes in reader.elements if tag == "path"}
    assert dashes["link ok"] == "none" and dashes["link error"] != "none" and len(set(dashes.values())) == len(dashes)


def luminance(colour: str) -> float:
    """WCAG 2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme, ground", list(product(("light", "dark"), ("page", "card"))))
def test_colours_can_be_told_from_their_ground(theme, ground):
    colours = _doctor_report.COLOURS[theme]
    for name, colour in colours.items():
        if name not in ("page", "card"):
            dark, light = sorted((luminance(colour), luminance(colours[ground])))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{name} on {ground}, {theme}"


def test_what_a_host_says_is_no_markup():
    nasty = "<script>alert('x')</script> & \"quotes\" {iptv}"
    text = _doctor_report.page(report(finding("tv.dns", evidence=nasty)), "<b>host</b>", "now", 1.0, {**NAMES, "iptv": "<i>"})
    reader = read(text)
    assert {"script", "b", "i"}.isdisjoint(tag for tag, _attributes in reader.elements)
    assert nasty in reader.words
    assert "<code>cure &lt;now&gt;</code>" in text


def test_the_summary_fits_a_screen():
    everything = report(
        *(finding(f"tv.check{number}", evidence="a long line that was read, " * 30) for number in range(40)),
        consequences=tuple(finding(f"internet.check{number}", because=("tv.check1",)) for number in range(40)),
    )
    lines = _doctor_report.summary(everything, "router", 4.0).splitlines()
    assert len(lines) <= 48 and max(map(len, lines)) <= _doctor_report.WIDTH
    assert "40 errors" in lines[0] and any("29 more" in line for line in lines)
    assert len(_doctor_report.summary(BROKEN, "router", 4.0).splitlines()) <= 25


def test_the_summary_of_a_healthy_house():
    text = _doctor_report.summary(report(), "router", 3.4)
    assert text.startswith("router: Nothing is wrong (56 checks, 3.4 s)") and "not judged  Switch: nobody asked" in text


def test_changes_alone_are_told():
    healthy, broken, other = (_doctor_report.as_dict(told, "router", "now", 3.4) for told in (report(), BROKEN, report(finding("system.cable"))))
    assert _doctor_report.changes(None, healthy) == ["  nothing is wrong"]
    assert _doctor_report.changes(None, broken)[0].startswith("+ error system.cable is wrong on vlan2 [system.cable]: seen")
    assert _doctor_report.changes(broken, broken) == []
    assert _doctor_report.changes(broken, other) == ["- system.boot is wrong on vlan2 [system.boot]"]
    assert len(_doctor_report.changes(broken, healthy)) == 2


def test_the_report_for_machines_is_json():
    told: dict[str, Any] = json.loads(json.dumps(_doctor_report.as_dict(BROKEN, "router", "now", 3.4)))
    assert not told["healthy"] and told["services"]["tv"] == "error" and told["services"]["voice"] == "ok"
    assert [one["id"] for one in told["findings"]] == ["system.cable", "system.boot"] and told["consequences"][0]["because"] == ["system.cable"]
