# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter homerouter.tripleplay.channels_to_m3u; documented in channels_to_m3u.yml."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _channels


def channels_to_m3u(listed: list[Mapping[str, Any]], flavour: str, relay: str = "") -> str:
    """Entries of home_iptv_channels as a playlist."""
    try:
        wrong = _channels.problems(listed, where="channels")
        if wrong:
            raise ValueError("; ".join(map(str, wrong)))
        return _channels.render(_channels.channels(listed), flavour, relay)
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"homerouter.tripleplay.channels_to_m3u: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"channels_to_m3u": channels_to_m3u}
