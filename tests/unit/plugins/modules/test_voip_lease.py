# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hook that dhcpcd calls and Gentoo's dhclient-script reads: the route follows the lease."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from jinja2 import Environment

TEMPLATE = Path(__file__).parents[4] / "roles/voip_dhcp/templates/usr/local/libexec/homerouter-voip-lease.j2"


@pytest.fixture
def hook(tmp_path):
    """Call the hook as a DHCP client would; what it has "ip" do is its result."""
    (tmp_path / "ip").write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/done\n')
    (tmp_path / "ip").chmod(0o755)

    def call(reason: str, routers: str = "", route: str = "static", sourced: bool = False) -> tuple[list[str], str]:
        text = Environment(trim_blocks=True).from_string(TEMPLATE.read_text()).render(
            voip_dhcp_route=route, voip_dhcp_prefix="10.31.255.128/27", voip_dhcp_interface="vlan3"
        )
        script = tmp_path / "hook"
        script.write_text(text.replace("/run/homerouter-voip", str(tmp_path / "run")))
        (tmp_path / "done").write_text("")
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "reason": reason, "interface": "vlan3", "new_routers": routers}
        command = ["-c", f"set -eu; . {script}; echo went on"] if sourced else [str(script)]
        out = subprocess.run(["/bin/sh", *command], env=env, check=True, capture_output=True, text=True).stdout
        assert out == ("went on\n" if sourced else "")
        lease = tmp_path / "run/lease"
        return (tmp_path / "done").read_text().splitlines(), lease.read_text() if lease.exists() else ""

    return call


@pytest.mark.parametrize("sourced", [False, True])
def test_the_route_follows_the_lease(hook, sourced):
    for gateway in ("10.25.192.1", "10.22.0.1"):
        done, lease = hook("BOUND", f"{gateway} 10.0.0.9", sourced=sourced)
        assert done == [f"-4 route replace 10.31.255.128/27 via {gateway} dev vlan3 proto dhcp"]
        assert lease == f"ROUTER={gateway} 10.0.0.9\n"
    assert hook("RENEW", "10.22.0.1", sourced=sourced)[0]
    done, lease = hook("EXPIRE", sourced=sourced)
    assert done == ["-4 route delete 10.31.255.128/27 dev vlan3 proto dhcp"] and lease == ""


def test_no_gateway_no_route(hook):
    assert hook("BOUND") == ([], "ROUTER=\n")


def test_the_route_may_be_somebody_elses(hook):
    assert hook("BOUND", "10.25.192.1", route="none") == ([], "ROUTER=10.25.192.1\n")
    assert hook("EXPIRE", route="none") == ([], "")


@pytest.mark.parametrize("reason", ["PREINIT", "CARRIER", "STOP", "ROUTERADVERT", ""])
def test_what_is_no_lease_changes_nothing(hook, reason):
    hook("BOUND", "10.25.192.1")
    assert hook(reason) == ([], "ROUTER=10.25.192.1\n")
