# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the doctor says: a summary for a screen, a page for people, a report for machines. Pure."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.homerouter.tripleplay.plugins.module_utils._doctor import ERROR, SERVICES, Finding, Report

DOCS = "https://github.com/homerouter/tripleplay/blob/main/"
WIDTH = 100
# How a report says when it was made.
TIME = "%Y-%m-%d %H:%M:%S %z"
# Findings that are told in full on the screen; the others get a line each.
FULL = 3
WORDS = {"ok": "works", "warning": "WARNING", "error": "ERROR", "unknown": "not judged"}
# Light and dark: page, text, quiet text, card, and the states' colours, each for text and lines on page and card alike.
COLOURS = {
    "light": {"page": "#ffffff", "text": "#1b1f24", "quiet": "#57606a", "card": "#f6f8fa", "ok": "#1a7f37", "warning": "#8a5300", "error": "#b3261e",
              "unknown": "#57606a", "link": "#0a5bc4"},
    "dark": {"page": "#0d1117", "text": "#e6edf3", "quiet": "#9da7b3", "card": "#161b22", "ok": "#4cc26a", "warning": "#e3b341", "error": "#ff8f87",
             "unknown": "#9da7b3", "link": "#6cb2ff"},
}  # fmt: skip
# Not by colour alone: a broken link is dashed, one that nobody looked at dotted.
_DASHES = {"ok": "none", "warning": "12 4", "error": "6 6", "unknown": "2 5"}
_SYMBOLS = {"ok": "✓", "warning": "!", "error": "✕", "unknown": "?"}


def as_dict(report: Report, host: str, when: str, seconds: float) -> dict[str, Any]:
    """For machines."""
    return {
        "host": host,
        "time": when,
        "seconds": seconds,
        "healthy": not report.findings,
        "services": {service: report.state(service) for service in SERVICES},
        "not_judged": dict(report.left_out),
        "checks": sum(report.made.values()),
        "findings": [finding.as_dict() for finding in report.findings],
        "consequences": [finding.as_dict() for finding in report.consequences],
    }


def headline(report: Report) -> str:
    """How the house is, in one line."""
    if not report.findings:
        return "Nothing is wrong"
    errors = sum(finding.check.severity == ERROR for finding in report.findings)
    warnings = len(report.findings) - errors
    parts = [f"{number} {word}{'' if number == 1 else 's'}" for number, word in ((errors, "error"), (warnings, "warning")) if number]
    return " and ".join(parts)


def _paragraph(label: str, text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=f"     {label:<7}", subsequent_indent=" " * 12, break_long_words=False) or []


def summary(report: Report, host: str, seconds: float) -> str:
    """All of it on a screen: at most some forty lines, however much is wrong."""
    lines = [f"{host}: {headline(report)} ({sum(report.made.values())} checks, {seconds:.1f} s)", ""]
    for service, title in SERVICES.items():
        state = report.state(service)
        detail = report.left_out.get(service, "")
        lines.append(f"  {WORDS[state]:<11} {title}{f': {detail}' if detail else ''}")
    for number, finding in enumerate(report.findings, 1):
        check = finding.check
        head = f"{number:>3}. {check.severity.upper()} {finding.words(check.text)} [{check.id}]"
        if number > FULL:
            lines += [head] if number <= FULL + 8 else []
            continue
        lines += ["", *textwrap.wrap(head, WIDTH, subsequent_indent="     ")]
        for line in finding.evidence[:2]:
            lines += _paragraph("seen", textwrap.shorten(line, 2 * WIDTH, placeholder=" …"))
        lines += _paragraph("cause", finding.words(check.cause)) + _paragraph("do", finding.words(check.cure))
    if len(report.findings) > FULL + 8:
        lines.append(f"     and {len(report.findings) - FULL - 8} more, which the report has")
    if report.consequences:
        names = ", ".join(finding.check.id for finding in report.consequences)
        lines += ["", *textwrap.wrap(textwrap.shorten(f"It follows from these: {names}", 3 * WIDTH, placeholder=" …"), WIDTH, subsequent_indent="  ")]
    return "\n".join(lines)


def changes(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[str]:
    """What has come and what has gone since another report for machines, a line each; nothing of what stayed."""
    old = {finding["id"]: finding for finding in before["findings"]} if before is not None else {}
    new = {finding["id"]: finding for finding in now["findings"]}
    came = [f"+ {finding['severity']} {finding['text']} [{name}]: {finding['evidence'][0]}" for name, finding in new.items() if name not in old]
    went = [f"- {finding['text']} [{name}]" for name, finding in old.items() if name not in new]
    if before is None and not came:
        return ["  nothing is wrong"]
    return went + came


# --- the page ------------------------------------------------------------------------------------------------------


def _worst(states: Iterable[str]) -> str:
    order = ("error", "warning", "ok", "unknown")
    return min(states, key=order.index, default="unknown")


def _line(state: str, points: str, label: str) -> str:
    return (
        f'<path class="link {state}" d="{points}" stroke-dasharray="{_DASHES[state]}"><title>{html.escape(f"{label}: {WORDS[state]}")}</title></path>'
    )


def _place(left: int, top: int, width: int, title: str, state: str, note: str = "") -> str:
    middle = left + width // 2
    return (
        f'<rect class="place {state}" x="{left}" y="{top}" width="{width}" height="56" rx="8"/>'
        f'<text class="name" x="{middle}" y="{top + 24}">{html.escape(title)}</text>'
        f'<text class="note {state}" x="{middle}" y="{top + 44}">{_SYMBOLS[state]} {html.escape(note or WORDS[state])}</text>'
    )


def drawing(report: Report, names: Mapping[str, str]) -> str:
    """The house: fibre and three services on top, the router, the LAN with its devices below."""
    state = {service: report.state(service) for service in SERVICES}
    lan = _worst((state["lan"], "ok")) if state["lan"] != "unknown" else "unknown"
    described = "; ".join(f"{SERVICES[service]}: {WORDS[state[service]]}" for service in SERVICES)
    parts = [
        '<svg viewBox="0 0 640 470" role="img" aria-labelledby="house-title house-description">',
        '<title id="house-title">The house and its links</title>',
        f'<desc id="house-description">{html.escape(described)}</desc>',
        # Three services come over one fibre.
        _line(state["internet"], "M120 70 V190", f"Internet by {names.get('internet', '')}"),
        _line(state["tv"], "M320 70 V190", f"Television by {names.get('iptv', '')}"),
        _line(state["voice"], "M520 70 V190", f"Telephone by {names.get('voip', '')}"),
        _line(state["switch"], "M320 246 V290", "Switch"),
        _line(_worst((lan, state["internet"])), "M320 346 V370 H120 V400", "A computer's Internet"),
        _line(_worst((lan, state["tv"])), "M320 346 V400", "A set-top box's television"),
        _line(_worst((lan, state["voice"])), "M320 346 V370 H520 V400", "A telephone's calls"),
        _place(30, 14, 180, "Internet", state["internet"], names.get("internet", "")),
        _place(230, 14, 180, "Television", state["tv"], names.get("iptv", "")),
        _place(430, 14, 180, "Telephone", state["voice"], names.get("voip", "")),
        _place(30, 190, 580, "Router", state["system"], names.get("uplink", "")),
        _place(130, 290, 380, "Switch and LAN", lan, names.get("lan", "")),
        _place(30, 400, 180, "Computer", _worst((lan, state["internet"]))),
        _place(230, 400, 180, "Set-top box", _worst((lan, state["tv"]))),
        _place(430, 400, 180, "Phone", _worst((lan, state["voice"]))),
        "</svg>",
    ]
    return "\n".join(parts)


def _style() -> str:
    def variables(theme: str) -> str:
        return "".join(f"--{name}:{value};" for name, value in COLOURS[theme].items())

    states = "".join(
        f".link.{state},.place.{state}{{stroke:var(--{state})}}.note.{state}{{fill:var(--{state})}}.state.{state}{{color:var(--{state})}}"
        f".finding.{state}{{border-left-color:var(--{state})}}" for state in WORDS
    )  # fmt: skip
    return (
        f":root{{color-scheme:light dark;{variables('light')}}}@media (prefers-color-scheme:dark){{:root{{{variables('dark')}}}}}"
        "*{box-sizing:border-box}body{margin:0 auto;max-width:46rem;padding:1rem;font:1rem/1.5 system-ui,sans-serif;background:var(--page);color:var(--text)}"
        "h1{font-size:1.5rem;margin:0}h2{font-size:1.2rem;margin:2rem 0 .5rem}h3{font-size:1.05rem;margin:0}a{color:var(--link)}"
        "svg{display:block;width:100%;height:auto;margin:1rem 0}.link{fill:none;stroke-width:5}.place{fill:var(--card);stroke-width:2}"
        "text{text-anchor:middle;font:15px system-ui,sans-serif;fill:var(--text)}.name{font-weight:600}.quiet{color:var(--quiet)}"
        ".finding{background:var(--card);border-left:.4rem solid;border-radius:.3rem;padding:.8rem 1rem;margin:.8rem 0}"
        "@media (max-width:30rem){text{font-size:22px}}"
        "dl{margin:.5rem 0}dt{font-weight:600}dd{margin:0 0 .5rem;overflow-wrap:anywhere}code{font:.9em ui-monospace,monospace}"
        f".state{{font-weight:600}}{states}"
    )


def _code(text: str) -> str:
    """Escaped text, with what stands in backticks as code."""
    parts = html.escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def _finding(finding: Finding) -> str:
    check = finding.check
    seen = "".join(f"<dd><code>{html.escape(line)}</code></dd>" for line in finding.evidence)
    return (
        f'<article class="finding {check.severity}" id="{check.anchor}"><h3><span class="state {check.severity}">{WORDS[check.severity]}</span> '
        f"{html.escape(finding.words(check.text))}</h3><dl><dt>Seen</dt>{seen}<dt>Cause</dt><dd>{_code(finding.words(check.cause))}</dd>"
        f"<dt>What to do</dt><dd>{_code(finding.words(check.cure))}</dd></dl>"
        f'<p class="quiet"><a href="{DOCS}docs/doctor.md#{check.anchor}">More about {check.id}</a></p></article>'
    )


def page(report: Report, host: str, when: str, seconds: float, names: Mapping[str, str]) -> str:
    """One page that needs no other file and no network."""
    sections = []
    for service, title in SERVICES.items():
        state = report.state(service)
        found = [finding for finding in report.findings if finding.check.service == service]
        follows = [finding for finding in report.consequences if finding.check.service == service]
        note = html.escape(report.left_out.get(service, f"{report.made.get(service, 0)} checks"))
        body = "".join(map(_finding, found))
        if follows:
            items = "".join(
                f"<li>{html.escape(finding.words(finding.check.text))}: follows from "
                + ", ".join(
                    f'<a href="#{name.replace(".", "")}">{name}</a>'
                    for name in finding.because
                    if any(name == one.check.id for one in report.findings)
                )
                + "</li>"
                for finding in follows
            )
            body += f"<h3>What follows from other findings</h3><ul>{items}</ul>"
        sections.append(f'<section><h2>{title}: <span class="state {state}">{WORDS[state]}</span></h2><p class="quiet">{note}</p>{body}</section>')
    order = "".join(f'<li><a href="#{one.check.anchor}">{html.escape(one.words(one.check.text))}</a></li>' for one in report.findings)
    worst = "ok" if not report.findings else report.findings[0].check.severity
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(host)}: {headline(report)}</title><style>{_style()}</style></head>\n<body><main>"
        f'<h1>{html.escape(host)}: <span class="state {worst}">{headline(report)}</span></h1>'
        f'<p class="quiet"><time>{html.escape(when)}</time>, {sum(report.made.values())} checks in {seconds:.1f} s</p>\n'
        f"{drawing(report, names)}\n" + (f"<h2>In this order</h2><ol>{order}</ol>\n" if order else "") + "\n".join(sections) + "\n</main></body></html>\n"
    )
