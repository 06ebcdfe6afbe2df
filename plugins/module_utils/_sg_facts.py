# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a switch's show commands say about ports, addresses and jumbo frames. Pure.

Tables are read by the row of dashes below their titles, since columns come and go with the firmware and long cells are continued on
the next line.
"""

from __future__ import annotations

import re
from typing import Any, Optional

_DASHES = re.compile(r" *-{2,}(?: +-+)* *\Z")


def tables(text: str) -> list[list[dict[str, str]]]:
    """All tables of a text, each a list of rows, each by the columns' titles in lower case.

    A row whose first cell is empty continues the row before it, without a blank between, as the switch breaks cells at their width.
    """
    found: list[list[dict[str, str]]] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if not _DASHES.match(line):
            continue
        starts = [match.start() for match in re.finditer(r"-+", line)]
        spans = list(zip(starts, [*starts[1:], None]))
        head = []
        for above in reversed(lines[:number]):
            if not above.strip() or len(head) == 2:
                break
            head.insert(0, above)
        titles = [" ".join(part for part in (_cell(above, span) for above in head) if part).lower() for span in spans]
        rows: list[dict[str, str]] = []
        for below in lines[number + 1 :]:
            if not below.strip():
                break
            cells = [_cell(below, span) for span in spans]
            if not cells[0] and rows:
                for title, cell in zip(titles, cells):
                    rows[-1][title] += cell
            else:
                rows.append(dict(zip(titles, cells)))
        found.append(rows)
    return found


def _cell(line: str, span: tuple[int, Optional[int]]) -> str:
    return line[span[0] : span[1]].strip()


def column(row: dict[str, str], word: str) -> str:
    """The cell of the first column with a word in its title; empty without one."""
    return next((cell for title, cell in row.items() if word in title), "")


def ports(status: str) -> list[dict[str, Any]]:
    """Ports and link aggregation groups in C(show interfaces status), in the switch's order.

    Each has C(name) (gi1, po1), C(link) (up, down or absent), C(type), C(speed) in Mbit/s (0 without a link) and C(duplex).
    """
    found = []
    for rows in tables(status):
        for row in rows:
            name = (column(row, "port") or column(row, "ch")).lower()
            if not re.fullmatch(r"[a-z]+\d[\d/]*", name):
                continue
            state = column(row, "state").lower()
            speed = column(row, "speed")
            found.append(
                {
                    "name": name,
                    "link": "up" if state.startswith("up") else "absent" if "not" in state else "down",
                    "type": column(row, "type").strip("- "),
                    "speed": int(speed) if speed.isdigit() else 0,
                    "duplex": column(row, "duplex").strip("- ").lower(),
                }
            )
    return found


def addresses(ip_interface: str) -> list[dict[str, str]]:
    """The switch's own addresses in C(show ip interface): C(address) with prefix length, C(interface) (C(vlan 1), gi1, ...)."""
    found = []
    for rows in tables(ip_interface):
        for row in rows:
            address = column(row, "ip address")
            if re.fullmatch(r"\d+(?:\.\d+){3}/\d+", address):
                found.append({"address": address, "interface": column(row, "i/f").lower()})
    return found


def gateway(ip_interface: str) -> str:
    """The default gateway in C(show ip interface), empty without one."""
    for rows in tables(ip_interface):
        for row in rows:
            address = column(row, "gateway")
            if re.fullmatch(r"\d+(?:\.\d+){3}", address):
                return address
    return ""


def jumbo(text: str) -> dict[str, Optional[bool]]:
    """C(show ports jumbo-frame): whether jumbo frames pass now, and after a restart if the configuration is saved. None where it
    does not say."""
    now = re.search(r"Jumbo frames are (enabled|disabled)", text)
    then = re.search(r"Jumbo frames will be (enabled|disabled)", text)
    return {
        "enabled": now[1] == "enabled" if now else None,
        "enabled_after_restart": then[1] == "enabled" if then else now[1] == "enabled" if now else None,
    }
