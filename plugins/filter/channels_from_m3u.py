# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter homerouter.tripleplay.channels_from_m3u; documented in channels_from_m3u.yml."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _channels


def channels_from_m3u(text: str) -> list[dict[str, Any]]:
    """A playlist as entries of home_iptv_channels."""
    if not isinstance(text, str):
        raise AnsibleFilterError(f"homerouter.tripleplay.channels_from_m3u: takes the text of a playlist, not {type(text).__name__}")
    try:
        return _channels.entries(_channels.parse(text))
    except _channels.BadPlaylist as error:
        raise AnsibleFilterError(f"homerouter.tripleplay.channels_from_m3u: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"channels_from_m3u": channels_from_m3u}
