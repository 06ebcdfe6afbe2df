# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules working on a list of channels share."""

from __future__ import annotations


class ModuleDocFragment:
    """The option of module_utils/_channels.py, spec()."""

    DOCUMENTATION = r"""
options:
  channels:
    description: The channels, as C(home_iptv_channels) states them.
    type: list
    elements: dict
    required: true
    suboptions:
      number:
        description: Number on the remote control.
        type: int
        required: true
      name:
        description: Name.
        type: str
        required: true
      group:
        description: Multicast group.
        type: str
        required: true
      port:
        description: UDP port.
        type: int
        default: 8208
      transport:
        description: V(rtp), or V(udp) for a stream without RTP.
        type: str
        default: rtp
      genre:
        description: What it is about; TVheadend makes a tag of it.
        type: str
        default: ""
      logo:
        description: Web address of its logo.
        type: str
        default: ""
      tvg_id:
        description: Its name in a programme guide.
        type: str
        default: ""
      encrypted:
        description: Whether it carries DRM, which most players cannot show.
        type: bool
        default: false
"""
