# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter homerouter.tripleplay.pppd_word; documented in pppd_word.yml."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _pppoe


def pppd_word(text: str) -> str:
    """Quote a text for pppd's files."""
    if not isinstance(text, str):
        # The text itself stays out of the message: it may be a password.
        raise AnsibleFilterError(f"homerouter.tripleplay.pppd_word: takes a string, not {type(text).__name__}")
    try:
        return _pppoe.word(text)
    except ValueError as error:
        raise AnsibleFilterError(f"homerouter.tripleplay.pppd_word: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"pppd_word": pppd_word}
