# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""udpxy: which version a program or a source is, and where the source is in an archive. Pure: the modules read and run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from posixpath import dirname, join, normpath
from typing import NamedTuple

FOLDER = "/usr/local/lib/homerouter-udpxy"
SHA256 = re.compile(r"[0-9a-f]{64}")
# As the program calls itself: version, build and patch.
_VERSION = re.compile(r"(\d+)\.(\d+)-(\d+)\.(\d+)")
_BANNER = re.compile(r"^(udpxy \S.*)$", re.MULTILINE)
# What the version in a source tree is made of.
PARTS = ("VERSION", "BUILD", "PATCH")


class Version(NamedTuple):
    """Such as 1.0-25.2."""

    major: int
    minor: int
    build: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}-{self.build}.{self.patch}"


def version(text: str) -> Version | None:
    """A version as people write it, None if it is none."""
    match = _VERSION.fullmatch(text)
    return Version(*map(int, match.groups())) if match else None


def banner(output: str) -> tuple[str, Version | None]:
    """What a program says that it is, and the version in it; empty and None where it is no udpxy."""
    line = _BANNER.search(output)
    if line is None:
        return "", None
    match = _VERSION.search(line[1])
    return line[1], Version(*map(int, match.groups())) if match else None


def source_version(parts: Mapping[str, str]) -> Version | None:
    """The version of a source tree, by the texts of PARTS."""
    texts = {name: parts.get(name, "").strip().strip('"') for name in PARTS}
    return version(f"{texts['VERSION']}-{texts['BUILD']}.{texts['PATCH']}")


def source_folder(names: Iterable[str]) -> str | None:
    """The outermost folder of an archive that can be built: the one with a Makefile and a VERSION."""
    files = {normpath(name) for name in names}
    folders = {dirname(name) for name in files}
    fit = [folder for folder in folders if {join(folder, "Makefile"), join(folder, "VERSION")} <= files]
    return min(fit, key=lambda folder: (folder.count("/"), folder), default=None)


def inside(name: str) -> bool:
    """Whether a file of an archive stays in the folder where it is unpacked."""
    plain = normpath(name)
    return not plain.startswith(("/", "../")) and plain not in ("..", ".")


def too_old(found: Version | None, minimum: str) -> bool:
    """Whether a version is not known to be new enough."""
    least = version(minimum)
    return found is None or (least is not None and found < least)
