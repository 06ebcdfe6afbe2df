# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A managed switch of Cisco's Small Business family, as its command line shows it over SSH.

It is written from Cisco's command line guides and from what owners have published, independently of the collection's own
parsers and planners, so that an error in one is found by the other. What no public source shows word by word is marked
"reconstructed" where it is made; whoever has the metal may correct it there.

cli.py       words, abbreviations, modes and their prompts
commands.py  the table of all commands
device.py    what the switch knows, and its configuration as text in both dialects
show.py      what the show commands print
server.py    SSH, line discipline, pager, log-in dialogs, faults
bridge.py    the same state as a Linux bridge
"""

from __future__ import annotations

from .device import Device, Faults
from .server import Emulator

__all__ = ["Device", "Emulator", "Faults"]
