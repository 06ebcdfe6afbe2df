# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter homerouter.tripleplay.vlan_files; documented in vlan_files.yml."""

from __future__ import annotations

from typing import Any, Mapping

from ansible.errors import AnsibleFilterError
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _vlans


def vlan_files(
    plan: Mapping[str, Any],
    backend: str,
    systemd_version: int = 0,
    uplink_elsewhere: bool = False,
    interfaces_sourced: bool = True,
    ppp: Mapping[str, Any] | None = None,
    voip_dhcp: str = "",
) -> dict[str, list[Any]]:
    try:
        return _vlans.render(
            backend,
            _vlans.make_plan(plan),
            systemd_version=systemd_version,
            uplink_elsewhere=uplink_elsewhere,
            sourced=interfaces_sourced,
            ppp=ppp,
            voip_dhcp=voip_dhcp,
        )
    except ValueError as error:
        raise AnsibleFilterError(f"homerouter.tripleplay.vlan_files: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"vlan_files": vlan_files}
