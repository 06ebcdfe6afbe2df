# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a file of nftables would make of a table, by loading it where nothing depends on it. Pure: others run the commands."""

from __future__ import annotations

# Interfaces of a network namespace go with it; so does everything this script makes.
_SCRATCH = """
nft=$1 file=$2 family=$3 table=$4
shift 4
number=0
for device in "$@"; do
    ip link add name "$device" type veth peer name "scratch$number"
    number=$((number + 1))
done
"$nft" add table inet homerouter_scratch
"$nft" --file "$file"
"$nft" list tables
"$nft" --stateless list table "$family" "$table"
"""


class Foreign(Exception):
    """The file makes or removes other tables than its own; the text says which."""


def listing(nft: str, family: str, table: str) -> list[str]:
    """The command that lists a table as the kernel has it, without counters' values."""
    return [nft, "--stateless", "list", "table", family, table]


def scratch(nft: str, file: str, family: str, table: str, devices: list[str]) -> list[str]:
    """The command that loads a file, C(-) for standard input, into a network namespace of its own with the devices that it names."""
    return ["unshare", "--net", "/bin/sh", "-ec", _SCRATCH, "scratch", nft, file, family, table, *devices]


def loaded(out: str, family: str, table: str) -> str:
    """The table as C(listing) shows it, from what C(scratch) has printed."""
    lines = out.splitlines(keepends=True)
    tables = [line.split() for line in lines if line.startswith("table ") and "{" not in line]
    kept = ["table", "inet", "homerouter_scratch"]
    if tables != [kept, ["table", family, table]]:
        names = ", ".join(" ".join(words[1:]) for words in tables if words != kept) or "none"
        raise Foreign(names + ("" if kept in tables else "; it removed a table that was there before"))
    return "".join(lines[len(tables):])
