# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces with real kernels' answers in them. Nothing outlives the test, whatever happens to pytest."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

_LIBC = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000


class Space:
    """A network namespace without a name: it ends with the process that holds it."""

    def __init__(self, stack: contextlib.ExitStack, collections: Path) -> None:
        self._stack = stack
        self._environment = {**os.environ, "PYTHONPATH": str(collections), "LC_ALL": "C.UTF-8"}
        self._holder = self._start(["unshare", "--net", "--mount", "sh", "-ec", "mount -t sysfs sysfs /sys; echo ready; exec sleep infinity"])
        ready = self._holder.stdout.readline() if self._holder.stdout else ""
        if ready != "ready\n":
            self._holder.wait(10)
            pytest.skip(f"no network namespace can be made here: {self._holder.stderr.read().strip()}")
        self.pid = self._holder.pid
        self.run("ip", "link", "set", "lo", "up")

    def _start(self, argv: list[str]) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self._environment
        )
        self._stack.callback(self._end, process)
        return process

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            process.kill()
        process.communicate()

    def argv(self, *argv: str) -> list[str]:
        """A command line that runs in here."""
        return ["nsenter", "--target", str(self.pid), "--net", "--mount", *argv]

    def start(self, *argv: str) -> subprocess.Popen[str]:
        """Start a command; the test's end is its end."""
        return self._start(self.argv(*argv))

    def run(self, *argv: str) -> str:
        """Run a command that has to succeed."""
        done = subprocess.run(self.argv(*argv), capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, f"{' '.join(argv)}: {done.stdout}{done.stderr}"
        return done.stdout

    def socket(self, *kind: int) -> socket.socket:
        """A socket in here, for the test's own process."""
        with open("/proc/thread-self/ns/net", "rb") as home, open(f"/proc/{self.pid}/ns/net", "rb") as there:
            assert _LIBC.setns(there.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            try:
                made = socket.socket(*kind)
            finally:
                assert _LIBC.setns(home.fileno(), _CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        made.settimeout(10)
        self._stack.callback(made.close)
        return made

    def index(self, interface: str) -> int:
        """Number of an interface."""
        return int(self.run("cat", f"/sys/class/net/{interface}/ifindex"))

    def sysctl(self, name: str, value: object) -> None:
        """Write a kernel setting of this namespace."""
        self.run("sh", "-c", f'echo {value} > "/proc/sys/net/ipv4/{name}"')

    def module(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Run a module of the collection as Ansible would, and give its answer."""
        done = subprocess.run(
            self.argv(sys.executable, "-m", f"ansible_collections.homerouter.tripleplay.plugins.modules.{name}"),
            input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), capture_output=True, text=True, check=False, timeout=60,
            env=self._environment,
        )  # fmt: skip
        assert done.stdout.strip().startswith("{"), done.stdout + done.stderr
        return json.loads(done.stdout)

    def cable(self, name: str, other: Space, other_name: str) -> None:
        """Plug a cable in between this namespace and another, both ends up."""
        self.run("ip", "link", "add", name, "type", "veth", "peer", "name", other_name, "netns", str(other.pid))
        self.run("ip", "link", "set", name, "up")
        other.run("ip", "link", "set", other_name, "up")


@pytest.fixture
def spaces(collection: Path) -> Iterator[Callable[[], Space]]:
    """Make network namespaces."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    with contextlib.ExitStack() as stack:
        yield lambda: Space(stack, collection.parents[2])


@pytest.fixture
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
            time.sleep(0.02)

    return wait
