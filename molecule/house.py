# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What scenarios' tests do with the lab: capture packets, run playbooks, switch hosts off and on."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from testinfra.host import Host

ROOT = Path(__file__).resolve().parent.parent
SSH_CONFIG = ROOT / "build" / "lab" / "ssh_config"


def background(host: str, command: str) -> subprocess.Popen[str]:
    """Start a command on a host of the lab; its output is read with communicate()."""
    # ssh would make a standard input that it shares non-blocking, which Ansible does not take.
    return subprocess.Popen(
        ["ssh", "-F", str(SSH_CONFIG), host, command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


@contextlib.contextmanager
def capture(host: Host, name: str, interface: str, expression: str, show: str = "-v", octets: int = 256) -> Iterator[list[str]]:
    """Packets seen on an interface while the block runs, as tcpdump prints them with the options C(show); C(octets) of each are kept."""
    lines: list[str] = []
    dump = f"/tmp/{name}.pcap"
    host.check_output(
        f"rm -f {dump}; systemd-run --quiet --unit=capture-{name} --collect "
        f"tcpdump -i {interface} --immediate-mode -U -s {octets} -w {dump} {expression!r}"
    )
    # The file's header appears when the capture has begun.
    host.check_output(f"timeout 10 sh -c 'until [ -s {dump} ]; do sleep 0.05; done'")
    try:
        yield lines
    finally:
        # tcpdump leaves unread what waits for it when it ends. --immediate-mode keeps that short; a burst may still take a moment.
        host.check_output(
            f"timeout 10 sh -c 'until [ \"$size\" = $(stat -c %s {dump}) ]; do size=$(stat -c %s {dump}); sleep 0.1; done'"
            f" && systemctl stop capture-{name}"
        )
        lines += host.check_output(f"tcpdump -nn {show} -r {dump} 2>/dev/null").splitlines()


def lab(*argv: str) -> None:
    """Call the lab's command line."""
    subprocess.run([sys.executable, "-m", "lab", *argv], cwd=ROOT, check=True)


def play(playbook: str, *arguments: str) -> tuple[int, str, dict[str, Any]]:
    """Run a playbook of the installed collection on the example home: exit code, output, recap by host."""
    recap = ROOT / "build" / "lab" / "recap.json"
    recap.unlink(missing_ok=True)
    env = dict(
        os.environ,
        ANSIBLE_CONFIG=str(ROOT / "playbooks" / "ansible.cfg"),
        ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "lab" / "callback"),
        ANSIBLE_CALLBACKS_ENABLED="homerouter_stats",
        HOMEROUTER_STATS=str(recap),
    )
    for name in ("ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_FORCE_COLOR"):
        env.pop(name, None)
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-playbook"), playbook, "-i", str(ROOT / "playbooks" / "home"), *arguments],
        cwd=ROOT / "build", env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    stats = json.loads(recap.read_text(encoding="utf-8")) if recap.exists() else {}
    return done.returncode, done.stdout, stats


def converge(**variables: Any) -> tuple[int, str, dict[str, Any]]:
    """Apply the scenario's roles again, with these variables besides; as play()."""
    return play(str(ROOT / "molecule" / "shared" / "converge.yml"), "--extra-vars", json.dumps(variables))


def ask(module: str, **arguments: Any) -> dict[str, Any]:
    """What a module of the collection answers on the router; one that changes something is not for this."""
    env = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "playbooks" / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    env.pop("ANSIBLE_FORCE_COLOR", None)
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible"), "router", "-i", str(ROOT / "playbooks" / "home"),
            "-m", f"homerouter.tripleplay.{module}", "-a", json.dumps(arguments),
        ],
        cwd=ROOT / "build", env=env, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert "=> {" in done.stdout, done.stdout + done.stderr
    return json.loads(done.stdout.partition("=> ")[2])


def refused(router: Host, **variables: Any) -> str:
    """Output of a run that fails, as it must, before it has changed a file or an interface."""

    def state() -> str:
        return router.check_output(
            "find /etc /run/systemd/system /usr/lib/systemd/system -printf '%p %l\\n' | sort; find /etc -type f -exec stat -c '%n %s %Y' {} + | sort;"
            " ip -details link; ip address; ip route"
        )

    before = state()
    code, out, _stats = converge(**variables)
    assert code != 0, out
    assert state() == before, out
    return out
