# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words, abbreviations, modes and prompts of the command line.

A command is written once, in commands.py, as a pattern: words stand for themselves, <type> for a value, {a|b} for one of
several words, [x] for what may be left out. All but plain words are handed to the command's function.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Optional, Union

from .device import CliError, Device, unfold

UNRECOGNIZED = "% Unrecognized command"
INCOMPLETE = "% Incomplete command"
AMBIGUOUS = "% Ambiguous command"
MISSING = "% missing mandatory parameter"
BAD_VALUE = "% bad parameter value"
WRONG = "% Wrong number of parameters or invalid range, size or characters entered"


@dataclass
class Ask:
    """The command goes on with an answer: one key for a question, a line that shows as stars for a secret."""

    question: str
    then: Callable[[str], Reply]
    secret: bool = False


@dataclass
class Pause:
    """The command takes its time."""

    seconds: float
    then: Callable[[], Reply]


@dataclass
class Close:
    """The session ends, or with "everybody" all sessions do."""

    everybody: bool = False


# What a command leaves to be done: text to print, or one of the above.
Reply = Optional[Union[str, Ask, Pause, Close]]
# A type reads words from a position on: the value, and how many words it took. None says that it is not meant at all.
Reader = Callable[[Device, list[str], int], Optional[tuple[Any, int]]]


@dataclass
class Node:
    """A place in the tree of all commands of one mode."""

    words: dict[str, Node] = field(default_factory=dict)
    values: dict[str, Node] = field(default_factory=dict)
    # Words that the command's function gets too.
    handed: set[str] = field(default_factory=set)
    run: Callable[..., Reply] | None = None
    # The lowest privilege that can carry out this command, and any that begins here.
    level: int = 16
    reach: int = 16


@dataclass(frozen=True)
class Step:
    """One part of a pattern on its way into the tree: a word or a type, and whether the function gets it."""

    text: str
    value: bool = False
    handed: bool = False


def expand(pattern: str) -> Iterator[list[Step]]:
    """All ways to write a pattern, options present and absent."""
    parts = re.findall(r"\{[^}]*\}|\[[^\]]*\]|<[^>]*>|\S+", pattern)

    def go(rest: list[str]) -> Iterator[list[Step]]:
        if not rest:
            yield []
            return
        head, tail = rest[0], rest[1:]
        if head[0] in "{[":
            starts = [[]] if head[0] == "[" else []
            for choice in head[1:-1].split("|"):
                starts += [[Step(choice, handed=True)]] if re.fullmatch(r"[\w-]+", choice) else list(expand(choice))
        elif head[0] == "<":
            starts = [[Step(head[1:-1], value=True, handed=True)]]
        else:
            starts = [[Step(head)]]
        ends = list(go(tail))
        for start in starts:
            for end in ends:
                yield [*start, *end]

    return go(parts)


def words_of(line: str) -> list[str]:
    """A line's words; quotes keep blanks together."""
    return [quoted if quoted or raw.startswith('"') else raw for raw, quoted in re.findall(r'("([^"]*)"?|\S+)', line)]


# -- the types --

READERS: dict[str, Reader] = {}


def reader(name: str) -> Callable[[Reader], Reader]:
    """Make a function the reader of a type."""

    def keep(function: Reader) -> Reader:
        READERS[name] = function
        return function

    return keep


def number(low: int, high: int) -> Reader:
    """The reader of a number within bounds."""

    def read(_device: Device, words: list[str], at: int) -> tuple[int, int] | None:
        if not words[at].isdecimal():
            return None
        if not low <= int(words[at]) <= high:
            raise CliError(BAD_VALUE)
        return int(words[at]), 1

    return read


READERS["vid"] = number(1, 4094)
READERS["number"] = number(0, 2**31)
READERS["session"] = number(1, 4)
READERS["lag"] = number(1, 8)


@reader("vids")
def _vids(_device: Device, words: list[str], at: int) -> tuple[set[int], int] | None:
    return (unfold(words[at], 1, 4094), 1) if words[at][:1].isdecimal() else None


@reader("word")
def _word(_device: Device, words: list[str], at: int) -> tuple[str, int]:
    return words[at], 1


@reader("rest")
def _rest(_device: Device, words: list[str], at: int) -> tuple[str, int]:
    return " ".join(f'"{word}"' if " " in word else word for word in words[at:]), len(words) - at


@reader("text")
def _text(_device: Device, words: list[str], at: int) -> tuple[str, int]:
    if not 1 <= len(words[at]) <= 64:
        raise CliError(WRONG)
    return words[at], 1


@reader("name")
def _name(_device: Device, words: list[str], at: int) -> tuple[str, int]:
    if not 1 <= len(words[at]) <= 32:
        raise CliError(WRONG)
    return words[at], 1


@reader("address")
def _address(_device: Device, words: list[str], at: int) -> tuple[str, int]:
    octets = words[at].split(".")
    if len(octets) != 4 or not all(octet.isdecimal() and int(octet) < 256 for octet in octets):
        raise CliError(BAD_VALUE)
    return words[at], 1


@reader("mask")
def _mask(_device: Device, words: list[str], at: int) -> tuple[str, int]:
    if re.fullmatch(r"/\d{1,2}", words[at]):
        bits = int(words[at][1:])
        if bits > 32:
            raise CliError(BAD_VALUE)
        value = (0xFFFFFFFF << (32 - bits)) & 0xFFFFFFFF
        return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0)), 1
    return _address(_device, words, at)


@reader("group")
def _group(device: Device, words: list[str], at: int) -> tuple[str, int]:
    value = _address(device, words, at)
    if not 224 <= int(value[0].split(".")[0]) <= 239:
        raise CliError(BAD_VALUE)
    return value


@reader("hex40")
def _hex40(_device: Device, words: list[str], at: int) -> tuple[str, int]:
    if not re.fullmatch(r"[0-9a-f]{40}", words[at]):
        raise CliError(BAD_VALUE)
    return words[at], 1


def port_name(device: Device, kind: str, index: str) -> str | None:
    """Short name of a port: gi1 for gigabitethernet1, g1, GigabitEthernet1/0/1 and the like. None where the word is no kind of port."""
    kind = kind.lower()
    if kind and "gigabitethernet".startswith(kind):
        short = "gi"
    elif len(kind) > 1 and "port-channel".startswith(kind):
        short = "po"
    else:
        return None
    name = f"{short}{int(index)}"
    if name not in device.ports:
        raise CliError(BAD_VALUE)
    return name


@reader("port")
def _port(device: Device, words: list[str], at: int) -> tuple[str, int] | None:
    match = re.fullmatch(r"([A-Za-z][A-Za-z-]*)(\d+)?", words[at])
    if not match:
        return None
    if match[2]:
        name = port_name(device, match[1], match[2])
        return (name, 1) if name else None
    if len(match[1]) > 1 and at + 1 < len(words) and words[at + 1].isdecimal():
        name = port_name(device, match[1], words[at + 1])
        return (name, 2) if name else None
    return None


@reader("ports")
def _ports(device: Device, words: list[str], at: int) -> tuple[set[str], int] | None:
    """gi1-4,gi7,Po1"""
    names: set[str] = set()
    kind = ""
    for part in words[at].split(","):
        match = re.fullmatch(r"([A-Za-z][A-Za-z-]*?)?(\d+)(?:-([A-Za-z][A-Za-z-]*?)?(\d+))?", part)
        if not match or not (match[1] or kind):
            return None
        kind = match[1] or kind
        for index in range(int(match[2]), int(match[4] or match[2]) + 1):
            name = port_name(device, kind, str(index))
            if name is None:
                return None
            names.add(name)
    return (names, 1) if names else None


# -- the resolver --

_COMMANDS: list[tuple[str, str, str, int, Callable[..., Reply]]] = []


def command(
    modes: str, pattern: str, dialects: str = "ros1 ros2", level: int = 15, toggle: bool = False
) -> Callable[[Callable[..., Reply]], Callable[..., Reply]]:
    """Make a function a command of these modes. With "toggle" it is one with "no" before it too, and gets True or False first."""

    def keep(function: Callable[..., Reply]) -> Callable[..., Reply]:
        for mode in modes.split():
            for dialect in dialects.split():
                if toggle:
                    _COMMANDS.append((dialect, mode, pattern, level, lambda cli, *values: function(cli, True, *values)))
                    _COMMANDS.append((dialect, mode, f"no {pattern}", level, lambda cli, *values: function(cli, False, *values)))
                else:
                    _COMMANDS.append((dialect, mode, pattern, level, function))
        return function

    return keep


@functools.lru_cache
def tree(dialect: str, mode: str) -> Node:
    """All commands of a mode."""
    root = Node()
    for its_dialect, its_mode, pattern, level, function in _COMMANDS:
        if (its_dialect, its_mode) != (dialect, mode):
            continue
        for steps in expand(pattern):
            node = root
            node.reach = min(node.reach, level)
            for step in steps:
                if not step.value and step.handed != (step.text in node.handed) and step.text in node.words:
                    raise ValueError(f"{pattern}: {step.text} is handed over in one command and not in another")
                if step.handed and not step.value:
                    node.handed.add(step.text)
                node = (node.values if step.value else node.words).setdefault(step.text, Node())
                node.reach = min(node.reach, level)
            if node.run:
                raise ValueError(f"{pattern}: there is such a command already")
            node.run, node.level = function, level
    return root


def resolve(device: Device, node: Node, words: list[str], level: int) -> tuple[Callable[..., Reply], list[Any]]:
    """Follow the words into the tree: the command's function and its values. Raises CliError with the switch's own text."""
    values: list[Any] = []
    at = 0
    while at < len(words):
        word = words[at].lower()
        # What somebody may not do, he does not see.
        near = [key for key, after in node.words.items() if key.startswith(word) and after.reach <= level]
        if word in near:
            near = [word]
        if len(near) > 1:
            raise CliError(AMBIGUOUS)
        if near:
            if near[0] in node.handed:
                values.append(near[0])
            node, at = node.words[near[0]], at + 1
            continue
        for kind, after in node.values.items():
            value = READERS[kind](device, words, at) if after.reach <= level else None
            if value is not None:
                values.append(value[0])
                node, at = after, at + value[1]
                break
        else:
            if node.values:
                raise CliError(BAD_VALUE)
            raise CliError(WRONG if node.run and not node.words else UNRECOGNIZED)
    if node.run is None or node.level > level:
        raise CliError(MISSING if node.values and not node.words else INCOMPLETE)
    return node.run, values


PROMPTS = {"config": "(config)", "vlan": "(config-vlan)", "port": "(config-if)", "ivlan": "(config-if)", "line": "(config-line)"}


class Cli:
    """One session's command line: its mode and privilege."""

    def __init__(self, device: Device, privilege: int = 15, quiet: bool = False) -> None:
        """With "quiet" nobody is told of changes: a configuration is being loaded."""
        self.device = device
        self.privilege = privilege
        self.quiet = quiet
        self.mode = "exec"
        # What the interface or line mode is about: port names, VLAN numbers or a line's name.
        self.targets: list[Any] = []
        self.ranged = False
        # Set by the terminal commands.
        self.paging = True
        self.width = 80
        self.questions = True

    @property
    def prompt(self) -> str:
        """What the session shows when it waits."""
        mode = PROMPTS.get(self.mode, "")
        if self.ranged and self.mode in ("port", "ivlan"):
            mode = "(config-if-range)"
        return f"{self.device.hostname}{mode}{'#' if self.privilege >= 15 else '>'}"

    @property
    def level(self) -> int:
        """Firmware knows more levels; what matters here is who may see and change everything."""
        return 15 if self.privilege >= 15 else 1

    def enter(self, mode: str, targets: list[Any] | None = None, ranged: bool = False) -> None:
        """Go into a mode."""
        self.mode, self.targets, self.ranged = mode, targets or [], ranged

    def leave(self) -> None:
        """exit: one mode up."""
        self.enter("exec" if self.mode == "config" else "config")

    def run(self, line: str) -> Reply:
        """Carry out one line. What the switch says against it is the reply, as its own text."""
        words = words_of(line)
        if not words or words[0].startswith("!"):
            return None
        try:
            return self._run(words)
        except CliError as error:
            return str(error)

    def _run(self, words: list[str]) -> Reply:
        if self.mode != "exec" and len(words[0]) > 1 and "do".startswith(words[0].lower()):
            function, values = resolve(self.device, tree(self.device.dialect, "exec"), words[1:], self.level)
            return function(self, *values)
        before = self.mode
        try:
            function, values = resolve(self.device, tree(self.device.dialect, self.mode), words, self.level)
        except CliError as error:
            # Under an interface, a global command leads out of it (reconstructed).
            if self.mode not in ("port", "ivlan") or str(error) != UNRECOGNIZED:
                raise
            function, values = resolve(self.device, tree(self.device.dialect, "config"), words, self.level)
            self.enter("config")
        reply = function(self, *values)
        if before != "exec" and not self.quiet:
            self.device.changed()
        return reply

    def help(self, line: str) -> list[str]:
        """What may come next, for a question mark at the end of a line."""
        words = words_of(line)
        part = "" if not words or line[-1:].isspace() else words.pop().lower()
        node = tree(self.device.dialect, self.mode)
        for word in words:
            near = [key for key in node.words if key.startswith(word.lower())]
            near = [word.lower()] if word.lower() in near else near
            after = node.words[near[0]] if len(near) == 1 else next(iter(node.values.values()), None)
            if after is None:
                return [UNRECOGNIZED]
            node = after
        found = sorted(key for key, after in node.words.items() if key.startswith(part) and after.reach <= self.level)
        found += [] if part else [f"<{kind}>" for kind in node.values]
        return [f"  {key}" for key in found] + (["  <cr>"] if node.run and not part else [])
