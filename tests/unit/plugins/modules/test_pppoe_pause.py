# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that makes the pauses between dials grow."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "roles/pppoe/templates/usr/local/libexec/homerouter-pppoe-pause.j2"


@pytest.fixture
def pause(tmp_path):
    """Call the script; the pause it has written is its state. "sleep" only says how long it would take."""
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin/sleep"
    fake.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/slept\n')
    fake.chmod(0o755)
    (tmp_path / "run").mkdir()

    def call(*arguments: object, **environment: str) -> str:
        (tmp_path / "slept").unlink(missing_ok=True)
        env = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "RUNTIME_DIRECTORY": f"{tmp_path}/run", **environment}
        subprocess.run(["/bin/sh", str(SCRIPT), *map(str, arguments)], env=env, check=True)
        slept = tmp_path / "slept"
        return slept.read_text().strip() if slept.exists() else ""

    call.state = tmp_path / "run/pause"
    return call


def test_script_needs_no_templating():
    assert "{{" not in SCRIPT.read_text() and "{%" not in SCRIPT.read_text()


def test_pauses_double_up_to_the_maximum(pause):
    assert pause("wait", "lo", 3) == ""
    waits = []
    for _failure in range(7):
        pause("down", 3, 60, EXIT_STATUS="8")
        waits.append(int(pause("wait", "lo", 3)) + 3)
    assert waits == [3, 6, 12, 24, 48, 60, 60]


def test_link_that_was_up_begins_again(pause):
    for _failure in range(4):
        pause("down", 3, 60, EXIT_STATUS="8")
    pause("up")
    pause("down", 3, 60, EXIT_STATUS="15")
    assert pause("wait", "lo", 3) == "0"


def test_stop_by_hand_is_no_failure(pause):
    pause("down", 3, 60, EXIT_STATUS="8")
    pause("down", 3, 60, EXIT_STATUS="5")
    assert not pause.state.exists()


def test_changed_configuration_is_tried_at_once(pause, tmp_path):
    peer = tmp_path / "peer"
    peer.write_text("")
    os.utime(peer, (1, 1))
    for _failure in range(3):
        pause("down", 3, 60)
    assert pause("wait", "lo", 3, tmp_path / "missing", peer) == "9"
    os.utime(peer, (time.time() + 10, time.time() + 10))
    assert pause("wait", "lo", 3, tmp_path / "missing", peer) == ""
    assert not pause.state.exists()


@pytest.mark.parametrize("rubbish", ["", "0\n"])
def test_truncated_state_is_survived(pause, rubbish):
    pause.state.write_text(rubbish)
    pause("wait", "lo", 3)
    pause("down", 3, 60)
    assert pause.state.read_text() == "3\n"


@pytest.mark.parametrize("interface", ["lo", "missing0"])
def test_waiting_ends_and_is_forgotten_when_stopped(tmp_path, interface):
    (tmp_path / "pause").write_text("600\n")
    # A group of its own: the script and its sleep end together, as in a unit's control group.
    waiting = subprocess.Popen(
        ["/bin/sh", str(SCRIPT), "wait", interface, "3"], env={**os.environ, "RUNTIME_DIRECTORY": str(tmp_path)}, start_new_session=True
    )
    children = Path(f"/proc/{waiting.pid}/task/{waiting.pid}/children")
    end = time.monotonic() + 10
    while not children.read_text().strip() and time.monotonic() < end:
        time.sleep(0.01)
    os.killpg(waiting.pid, signal.SIGTERM)
    assert waiting.wait(10) == 0
    assert not (tmp_path / "pause").exists()
