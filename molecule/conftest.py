# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of the lab and the one way to wait, for all scenarios' tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import testinfra
from house import SSH_CONFIG
from testinfra.host import Host


def _host(name: str) -> Host:
    return testinfra.get_host(f"ssh://{name}", ssh_config=str(SSH_CONFIG))


@pytest.fixture(scope="session")
def router() -> Host:
    """The machine under test."""
    return _host("router")


@pytest.fixture(scope="session")
def isp() -> Host:
    """The other end of the fibre."""
    return _host("isp")


@pytest.fixture(scope="session")
def pc() -> Host:
    """A computer in the LAN."""
    return _host("pc")


@pytest.fixture(scope="session")
def phone() -> Host:
    """A telephone in the LAN."""
    return _host("phone")


@pytest.fixture(scope="session")
def stb() -> Host:
    """A set-top box in the LAN."""
    return _host("stb")


@pytest.fixture(scope="session")
def stb2() -> Host:
    """The other set-top box."""
    return _host("stb2")


@pytest.fixture(scope="session")
def switch() -> Host:
    """The switch between them all."""
    return _host("switch")


@pytest.fixture(scope="session")
def eventually() -> Callable[..., Any]:
    """Poll until a condition holds: returns its last value, fails with what was waited for."""

    def wait(condition: Callable[[], Any], seconds: float, what: str) -> Any:
        end = time.monotonic() + seconds
        while True:
            value = condition()
            if value:
                return value
            if time.monotonic() > end:
                pytest.fail(f"waited {seconds:.0f} s in vain for {what}")
            time.sleep(0.3)

    return wait
