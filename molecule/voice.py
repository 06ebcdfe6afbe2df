# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Phones and the voice network, for the scenarios of voip_dhcp."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from house import ROOT, background, play

SCENARIO = os.environ["MOLECULE_SCENARIO_NAME"]
PREFIX = "10.31.255.128/27"
PHONE = "192.168.1.60"
VARIABLES = f"@{ROOT}/molecule/{SCENARIO}/vars.yml"
FIREWALL = "nft --file /etc/homerouter/firewall.nft"
# The ISP calls the phone's number; the phone has to be waiting for it.
CALL_IN = "timeout 10 sipp 10.31.255.134:5070 -sn uac -s 911234567 -i 10.31.255.135 -p 5080 -m 1 -d 500 -nostdin > /dev/null 2>&1"


def apply(**variables: Any) -> tuple[int, str, dict[str, int]]:
    """Run the role on the example home: exit code, output, the router's recap."""
    code, out, stats = play(
        "homerouter.tripleplay.site", "--tags", "voip_dhcp", "-e", VARIABLES, "-e", json.dumps(variables)
    )
    return code, out, stats.get("router", {})


def voice_address(router) -> str:
    found = re.search(r"inet ([\d.]+)", router.run("ip -4 -oneline address show dev vlan3 scope global").stdout)
    return found.group(1) if found else ""


def via(router) -> list[str]:
    return [route.get("gateway", "") for route in json.loads(router.check_output(f"ip -json -4 route show {PREFIX}"))]


def registers(phone, port: int = 5060) -> bool:
    return phone.run(f"PORT={port} phone register").rc == 0


def call(phone, seconds: int) -> dict[str, int]:
    """A call that must end well: voice packets sent, returned and lost."""
    return json.loads(phone.check_output(f"phone call {seconds}"))


def called(isp) -> bool:
    """Whether a call from outside gets through to the phone."""
    waiting = background("phone", "phone answer")
    try:
        background("phone", "timeout 10 sh -c 'until ss -Hlun sport = :5060 | grep -q .; do sleep 0.05; done'").communicate()
        return isp.run(CALL_IN).rc == 0
    finally:
        background("phone", "pkill sipp").communicate()
        waiting.communicate()
