# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switch's plugins and modules through network_cli and libssh against emulated switches on this machine.

Two ways lead there. ansible-playbook, as an owner runs it, costs half a second for each task of each host, so that there are few of its
plays, over many switches. client.py has the same connection and the same modules at some milliseconds each, for whole tables of cases.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "lab"))
from switch.server import Emulator  # noqa: E402  lab/ is on no path


@dataclass
class Switch:
    """One emulated switch and what was done to it. C(variables) are those of its host in the inventory."""

    name: str
    emulator: Emulator
    variables: dict[str, Any]
    house: House
    # What the tasks of a playbook returned, by their names.
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)

    @property
    def transcript(self) -> list[str]:
        """All lines that it received."""
        return self.emulator.transcript

    def configured(self) -> list[str]:
        """Lines received between `configure terminal` and `end`, both left out."""
        inside, lines = False, []
        for line in self.transcript:
            if line == "configure terminal":
                inside = True
            elif line == "end":
                inside = False
            elif inside:
                lines.append(line)
        return lines

    def running(self) -> str:
        """Its running configuration."""
        return self.emulator.device.running_config()

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """A remote call of the connection; its error fails the test."""
        answer = self.house.client.ask(host=self.name, call=name, args=args, kwargs=kwargs)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def error(self, name: str, *args: Any, **kwargs: Any) -> str:
        """A remote call that has to fail; its text."""
        answer = self.house.client.ask(host=self.name, call=name, args=args, kwargs=kwargs)
        assert "error" in answer, answer
        return answer["error"]

    def module(self, name: str, check: bool = False, **args: Any) -> dict[str, Any]:
        """What a module returns, with a diff."""
        return self.house.client.ask(host=self.name, module=name, args=args, check=check, diff=True)

    def hang_up(self) -> None:
        """End the client's session; the next call begins a new one."""
        self.house.client.ask(host=self.name, close=True)


class Client:
    """The process of client.py."""

    def __init__(self, folder: Path, collections: Path) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment.update(PYTHONPATH=str(collections), ANSIBLE_COLLECTIONS_PATH=str(collections), ANSIBLE_HOME=str(folder / "home"), TMPDIR=str(folder))
        self._log = (folder / "client.log").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "client.py"), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
            env=environment,
        )  # fmt: skip

    def ask(self, **request: Any) -> dict[str, Any]:
        """Put a request; its answer."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            pytest.fail(f"client.py ended at {request}: {self._log.read()[-3000:]}")
        return json.loads(line)

    def stop(self) -> None:
        """End it."""
        self._process.communicate(timeout=20)
        self._log.close()


class House:
    """Emulators on an event loop of their own, and the clients that meet them."""

    def __init__(self, folder: Path, collections: Path) -> None:
        self.folder = folder
        self.collections = collections
        self.switches: dict[str, Switch] = {}
        self._client: Client | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def client(self) -> Client:
        """The process of client.py, started on first use."""
        if self._client is None:
            self._client = Client(self.folder, self.collections)
        return self._client

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something on the emulators' loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def until(self, condition: Callable[[], Any], seconds: float = 10) -> None:
        """Wait until something holds on the emulators' side."""

        async def poll() -> bool:
            end = self._loop.time() + seconds
            while not condition() and self._loop.time() < end:
                await asyncio.sleep(0.01)
            return bool(condition())

        assert self.run(poll()), "it never came"

    def add(self, name: str, lines: str = "", variables: dict[str, Any] | None = None, **options: Any) -> Switch:
        """Start a switch. "lines" are configured, and saved, before anybody comes."""
        # An address each, as real switches have: libssh's plugin tells sessions of one process apart by address and user.
        address = f"127.1.0.{len(self.switches) + 1}"
        emulator = Emulator(host=address, **options)
        if lines:
            emulator.device.load(lines)
            emulator.device.save()
        port = self.run(emulator.start())
        host = {"ansible_host": address, "ansible_port": port, "ansible_user": emulator.user, "ansible_password": emulator.password}
        made = Switch(name, emulator, {**host, **(variables or {})}, self)
        self.switches[name] = made
        return made

    def open(self, name: str, lines: str = "", variables: dict[str, Any] | None = None, **options: Any) -> Switch:
        """Start a switch that client.py talks to."""
        made = self.add(name, lines, variables, **options)
        self.client.ask(host=name, open=made.variables)
        return made

    def play(self, playbook: list[dict[str, Any]], *options: str, before: tuple[str, ...] = (), seconds: float = 300, **more: Any) -> str:
        """Run a playbook over all switches; what it printed. Results are in the switches afterwards. "before" is what starts
        ansible-playbook, "more" are variables of all hosts. Its log is in log.txt."""
        variables = {
            "ansible_connection": "ansible.netcommon.network_cli",
            "ansible_network_os": "homerouter.tripleplay.sg",
            "ansible_network_cli_ssh_type": "libssh",
            # The emulators' keys are new each time.
            "ansible_host_key_checking": False,
            "ansible_python_interpreter": sys.executable,
            **more,
        }
        hosts = {name: switch.variables for name, switch in self.switches.items()}
        files = {"inventory.json": {"all": {"hosts": hosts, "vars": variables}}, "playbook.json": playbook}
        for name, content in files.items():
            (self.folder / name).write_text(json.dumps(content), encoding="utf-8")
        results = self.folder / "results"
        results.unlink(missing_ok=True)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE" and not name.startswith("ANSIBLE_")}
        environment.update(
            ANSIBLE_COLLECTIONS_PATH=str(self.collections), ANSIBLE_HOME=str(self.folder / "home"), ANSIBLE_FORKS=str(2 * (os.cpu_count() or 1)),
            ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callback"), ANSIBLE_CALLBACKS_ENABLED="results", RESULTS=str(results), LC_ALL="C.UTF-8",
            ANSIBLE_LOG_PATH=str(self.folder / "log.txt"),
            ANSIBLE_INJECT_FACT_VARS="false", ANSIBLE_LOCALHOST_WARNING="false",
        )  # fmt: skip
        done = subprocess.run(
            [*before, str(Path(sys.executable).with_name("ansible-playbook")), "-i", "inventory.json", *options, "playbook.json"],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=seconds,
        )  # fmt: skip
        shown = done.stdout + done.stderr
        assert results.exists(), shown
        for line in results.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            switch = self.switches[one["host"]]
            switch.results[one["task"]], switch.states[one["task"]] = one["result"], one["state"]
        return shown

    def stop(self) -> None:
        """End all."""
        if self._client:
            self._client.stop()
        for switch in self.switches.values():
            self.run(switch.emulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, collection: Path) -> Iterator[House]:
    """Emulated switches for one file of tests."""
    made = House(tmp_path_factory.mktemp("house"), collection.parents[2])
    yield made
    made.stop()
