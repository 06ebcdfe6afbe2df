# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packages a host still lacks, told without the network.

A role asks the package manager only for what is missing: with the Internet link down, a run that would repair it must not end at package
lists that are a day old.
"""

from __future__ import annotations

from typing import Callable

Run = Callable[..., "tuple[int, str, str]"]


def parse(names: list[str], listing: str) -> list[str]:
    """Names that dpkg-query, with one line of status and name each, does not know as installed."""
    lines = (line.split(None, 1) for line in listing.splitlines())
    installed = {words[1] for words in lines if len(words) == 2 and words[0] == "installed"}
    return [name for name in names if name not in installed]


def missing(run: Run, dpkg_query: str | None, names: list[str]) -> list[str]:
    """Packages of the list that are not installed; none where the host has no dpkg, since only its packages are known by name."""
    if dpkg_query is None or not names:
        return []
    # It ends with 1 when it does not know one of them.
    _code, out, _err = run([dpkg_query, "--show", "--showformat=${db:Status-Status} ${Package}\n", *names])
    return parse(names, out)
