# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a switch of the SG300, SG350, CBS and C1200 families shows in a terminal, and what it means.

Pure: the connection plugins read and write. Texts and forms are those of firmware 1.x to 4.x; where a text is known from its guides
or from its like only, it is marked as reconstructed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

# Colours, cursor and erase sequences; SG350 puts ESC[K before its prompt, and a pager ESC[0m.
_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[=>()][0-9A-Za-z]?)")
# A line of the switch's log, which may come at any time: 22-Jan-2014 10:00:00 %LINK-I-Up:  gi5
_LOG = re.compile(r"\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d :?%\w+-[A-Z]-")
# A prompt has no blanks but one at its end, so `description a #` is none, and neither is a log line that ends in >.
_NAME = r"[A-Za-z0-9][\w.+:/\-]{0,62}"
_MODE = r"(?:\(config[\w\-]*\))?[>#]"
QUESTION = re.compile(r"[^\r\n]*(?:\(Y/N\) ?\[[YN]\] ?\??|\[Yes/press any key for no\]\.*) ?\Z", re.IGNORECASE)
LOCKED = "Configuration Database locked by another application - try later"
NO_VLAN = "VLAN was not created by user."

# What is seen while somebody logs in, by what has to be done; the first that fits the end of the text counts.
LOGIN = (
    # After a few misses, on some firmware.
    ("refused", re.compile(r"press ENTER key to retry authentication\.?\s*\Z", re.IGNORECASE)),
    # Firmware 1.0 and 1.1 meet their users with a menu.
    ("menu", re.compile(r"(?:Switch Main Menu|Login Screen)[\s\S]*\Z")),
    # The first login at all, and a password that must be changed (reconstructed).
    ("new", re.compile(r"(?:new|old|current|confirm) (?:user ?name|password)[^\r\n]*: ?\Z", re.IGNORECASE)),
    ("user", re.compile(r"(?:\A|[\r\n])User ?Name: ?\Z", re.IGNORECASE)),
    ("password", re.compile(r"Password: ?\Z", re.IGNORECASE)),
    ("question", QUESTION),
)
_REFUSED = re.compile(r"authentication failed|bad (?:user ?name|password)|% ?bad secrets?|access denied", re.IGNORECASE)

# What a line may say without being refused (reconstructed).
_NOTICES = re.compile(r"this setting will take effect only after copying running configuration|will be (?:enabled|disabled) after reset", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """What the switch said to one line: the text without echo, prompt and log lines; the log lines; a question that it asked; the prompt
    that it shows now. C(torn) is true when a log line stood within the text, and may have broken a line of it in two."""

    text: str
    logs: tuple[str, ...] = ()
    question: str = ""
    prompt: str = ""
    torn: bool = False


def strip_ansi(text: str) -> str:
    """The text without escape sequences and without what was erased by backspaces."""
    text = _ANSI.sub("", text)
    while True:
        shorter = re.sub(r"[^\x08\r\n]\x08", "", text)
        if shorter == text:
            return text.replace("\x08", "")
        text = shorter


def find_prompt(text: str, host: str = "") -> Optional[str]:
    """The prompt at the end of the text, None without one. With a host name only that host's prompt counts."""
    match = re.search(rf"(?:\A|[\r\n])({re.escape(host) if host else _NAME}{_MODE}) ?\Z", text)
    return match[1] if match else None


def host_of(prompt: str) -> str:
    """The host name in a prompt."""
    return re.sub(rf"{_MODE}\Z", "", prompt)


def frame(text: str, line: str, host: str = "", echo: bool = True) -> Optional[Answer]:
    """The answer to a line in what came after it was sent, None as long as it is not complete.

    It is complete with a prompt at its end, behind the line's own echo, which may be wrapped: a log line makes the switch show its prompt
    again, and such a prompt answers nothing. With "echo" false a prompt is enough, for the rare terminal that does not echo.
    """
    text = strip_ansi(text)
    start = 0
    found = re.search("[\r\n]*".join(map(re.escape, line)) + r"[ \t]*(?=[\r\n])", text) if line else None
    if found:
        start = found.end()
    elif echo and line:
        return None
    rest = text[start:]
    prompt = find_prompt(rest, host)
    if prompt is None:
        return None
    body = rest[: rest.rindex(prompt)]
    question = next((one.strip() for one in body.splitlines() if re.search(r"\(Y/N\) ?\[[YN]\]|\[Yes/press any key", one, re.IGNORECASE)), "")
    kept, logs, torn = split_logs(body)
    return Answer(kept, logs, question, prompt, torn)


def split_logs(body: str) -> tuple[str, tuple[str, ...], bool]:
    """Text and log lines apart, and whether a log line stood within the text. Line ends are \\n afterwards; firmware that ends lines
    with \\n\\r is understood too."""
    lines = body.replace("\r\n", "\n").replace("\n\r", "\n").replace("\r", "\n").split("\n")
    kept: list[str] = []
    logs: list[str] = []
    torn = False
    pending = False
    for one in lines:
        match = _LOG.search(one)
        if match:
            logs.append(one[match.start() :].rstrip())
            if one[: match.start()].strip():
                # It came in the middle of a line.
                kept.append(one[: match.start()])
            pending = bool("".join(kept).strip())
        else:
            torn = torn or (pending and bool(one.strip()))
            kept.append(one)
    while kept and not kept[0].strip():
        kept.pop(0)
    while kept and not kept[-1].strip():
        kept.pop()
    return "\n".join(kept), tuple(logs), torn


def refusal(text: str) -> str:
    """What a switch said against a command that shows or switches something; empty when it did as it was told."""
    first = text.strip().split("\n", 1)[0].strip()
    return first if first.startswith("%") or first in (LOCKED, NO_VLAN) else ""


def objection(text: str) -> str:
    """What a switch said against a configuration line. A good one is answered with nothing, so any text counts but known notices."""
    return "\n".join(line.strip() for line in text.split("\n") if line.strip() and not _NOTICES.search(line))


def save_problem(answer: Answer) -> str:
    """Why a configuration is not saved, judged by what the switch said; empty when it confirmed. Some firmware says "Copy succeeded",
    some has log lines only."""
    said = f"{answer.text}\n" + "\n".join(answer.logs)
    for line in said.split("\n"):
        if line.startswith("%") or re.search(r"%COPY-[EW]-|copy.*(?:failed|aborted)", line, re.IGNORECASE):
            return line.strip()
    if re.search(r"Copy succeeded|%COPY-N-TRAP: .*completed successfully", said):
        return ""
    return said.strip() or "it said nothing"


def login_step(text: str) -> str:
    """What a login waits for: C(prompt), one of LOGIN's, or nothing yet."""
    text = strip_ansi(text)
    for name, pattern in LOGIN:
        if pattern.search(text):
            return name
    return "prompt" if find_prompt(text) else ""


def login_refusal(text: str) -> str:
    """What a switch said against a user and password, empty when it said nothing of the kind."""
    return next((line.strip() for line in strip_ansi(text).splitlines() if _REFUSED.search(line)), "")


def password_aged(text: str) -> bool:
    """Whether the switch says that the password is too old."""
    return "exceeded the maximum lifetime" in text


def dialect_of(version: str) -> tuple[str, str]:
    """Dialect and firmware version in the answer to C(show version); two empty strings where it is none of ours.

    Firmware 1.x begins with C(SW version), or for stacks with a table that has such a column; firmware 2.x to 4.x names an
    C(Active-image), whose version follows.
    """
    match = re.search(r"^ *SW version +(\d+(?:\.\d+)+)", version, re.MULTILINE)
    if match:
        return "ros1", match[1]
    if re.search(r"^ *Unit +SW version", version, re.MULTILINE):
        rows = re.search(r"^ *\d+ +(\d+(?:\.\d+)+) ", version, re.MULTILINE)
        return "ros1", rows[1] if rows else ""
    if re.search(r"^ *Active-image:", version, re.MULTILINE):
        match = re.search(r"^ *Version: *(\d+(?:\.\d+)+)", version, re.MULTILINE)
        return "ros2", match[1] if match else ""
    return "", ""


def system_values(system: str) -> dict[str, str]:
    """The key: value lines of C(show system), wrapped values joined; tables are left out."""
    values: dict[str, str] = {}
    key = ""
    for line in system.split("\n"):
        match = re.match(r"([A-Z][^:]*(?:\([^)]*\))?[^:]*): {2,}(\S.*)?$|([A-Z][^:]*(?:\([^)]*\))?):$", line.rstrip())
        if match:
            key = (match[1] or match[3]).strip()
            values[key] = (match[2] or "").strip()
        elif key and line.startswith(" " * 20) and line.strip():
            values[key] = f"{values[key]} {line.strip()}".strip()
        else:
            key = ""
    return values


def unknown_device(version: str) -> str:
    """The error text for a device whose C(show version) is none of ours."""
    shown = " / ".join(line.strip() for line in version.strip().split("\n")[:3])[:200] or "nothing"
    return (
        f"this is no switch that homerouter.tripleplay.sg knows: `show version` answered {shown!r}. It drives SG300, SF300, SG500 (firmware 1.x) and SG250, "
        "SG350, SG550, CBS250, CBS350, C1200, C1300 (2.x to 4.x); SG220 has another command line, and so have Catalysts: take their own collection, "
        "or configure the switch in its web pages"
    )


# What must not be seen in a difference, an error or a log; all but the secret is kept.
_SECRETS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(\s*username \S+ .*?password (?:encrypted )?)(\S+)",
        r"^(\s*(?:enable )?password (?:level \d+ )?(?:encrypted )?)(\S+)",
        r"^(\s*(?:encrypted )?snmp-server community )(\S+)",
        r"^(\s*(?:encrypted )?snmp-server (?:host|user) .*?(?:auth (?:md5|sha)|priv|community) )(\S+)",
        r"^(\s*(?:encrypted )?(?:radius-server|tacacs-server)\b.*?\bkey )(\S+)",
        r"^(\s*(?:encrypted )?sntp authentication-key \d+ md5 )(\S+)",
        r"^(\s*(?:encrypted )?key-string )(.+)",
        r"^(\s*(?:encrypted )?passphrase )(\S+)",
        r"^(\s*ssd-control-end )(\S+)",
        r"^(\s*(?:encrypted )?ip ssh-client (?:password|key \S+) )(.+)",
    )
)
_BLOB = re.compile(r"-----BEGIN [A-Z ]*KEY-----|-----BEGIN CERTIFICATE-----|---- BEGIN SSH2")
_BLOB_END = re.compile(r"-----END |---- END SSH2")
MASK = "********"


def mask(text: str) -> str:
    """The configuration with its secrets as stars: passwords, communities, shared keys, key blocks and the SSD block's digest."""
    shown: list[str] = []
    within = False
    for line in text.split("\n"):
        if within:
            within = not _BLOB_END.search(line)
            if not within:
                shown.append(line)
            continue
        if _BLOB.search(line):
            within = True
            shown += [line, MASK]
            continue
        for pattern in _SECRETS:
            line, count = pattern.subn(rf"\1{MASK}", line)  # noqa: PLW2901  the line as it is shown
            if count:
                break
        shown.append(line)
    return "\n".join(shown)


def body(config: str) -> str:
    """What a configuration sets, for comparing a running with a saved one: without the file's header (name, version, SSD block, all of it
    before the first C(!)), and without blanks at the ends of lines."""
    lines = [line.rstrip() for line in config.strip().split("\n")]
    if lines and lines[0].startswith("config-file-header") and "!" in lines:
        lines = lines[lines.index("!") + 1 :]
    return "\n".join(line for line in lines if line) + "\n" if any(lines) else ""


def no_startup(text: str) -> bool:
    """Whether C(show startup-config) says that there is none, as on a new switch (reconstructed)."""
    return bool(re.search(r"\A\s*%? ?(?:startup.?config(?:uration)?|file)\b.*(?:not exist|not found|empty)", text, re.IGNORECASE))


def sections(config: str) -> list[tuple[str, str]]:
    """A configuration as pairs of context and line, both without blanks around.

    Only interfaces have indented bodies; C(vlan database), C(line ssh) and their like are flat up to C(exit). A C(!) ends any.
    """
    pairs: list[tuple[str, str]] = []
    context = ""
    for raw in config.split("\n"):
        line = raw.strip()
        if not line:
            continue
        if line in ("!", "exit", "end"):
            context = ""
        elif re.match(r"(?:interface|vlan database$|line |spanning-tree mst configuration|ip access-list|mac access-list)\b", line) and not (
            context and raw.startswith(" ")
        ):
            context = line
        else:
            pairs.append((context, line))
    return pairs


def missing_lines(candidate: str, running: str) -> list[str]:
    """The lines of a candidate that the running configuration does not have, with what enters and leaves their context."""
    have = set(sections(running))
    lines: list[str] = []
    context = ""
    for its_context, line in sections(candidate):
        if (its_context, line) in have:
            continue
        if its_context != context:
            if context:
                lines.append("exit")
            if its_context:
                lines.append(its_context)
            context = its_context
        lines.append(line)
    return [*lines, "exit"] if context else lines


def cure(answer: str) -> str:
    """What to do about an answer."""
    if LOCKED in answer:
        return "somebody else is writing the configuration, in the switch's web pages or another session: end that, and run this again"
    if NO_VLAN in answer:
        return "create the VLAN first (homerouter.tripleplay.sg_vlans)"
    if "Unrecognized" in answer:
        return (
            "the firmware does not know the line, or the user may not give it: it needs privilege 15, or ansible_become: true with "
            "ansible_become_method: ansible.netcommon.enable and ansible_become_password"
        )
    return "correct the line, and run this again"


def stopped(host: str, lines: Sequence[str], at: int, why: str) -> str:
    """The error text for a batch that ended at the line of number "at", counted from 0: what was sent, what was not, what is in effect."""
    sent = "; ".join(f"`{mask(line.strip())}`" for line in lines[:at]) or "none"
    unsent = "; ".join(f"`{mask(line.strip())}`" for line in lines[at + 1 :]) or "none"
    return (
        f"Configuring the switch {host} ended at line {at + 1} of {len(lines)}, `{mask(lines[at].strip())}`: {why}. Lines sent before it, {at}, which are in "
        f"effect: {sent}. Not sent, {len(lines) - at - 1}: {unsent}. Nothing was saved: a power-cycle brings the saved configuration back"
    )
