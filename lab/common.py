# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths, progress lines and the one way this package runs a command."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAB = ROOT / "lab"
STATE = ROOT / "build" / "lab"
LOG = STATE / "lab.log"
# Two checkouts on one machine must not meet: everything global carries the checkout's tag.
TAG = hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]


def cache() -> Path:
    """Folder outside the tree for what is expensive to make: images and the kernel."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(os.environ.get("HOMEROUTER_CACHE") or Path(base) / "homerouter-tripleplay")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One lab starts at a time: what is not in the cache yet is made once, and each takes a core that the others have not taken."""
    with (cache() / "lock").open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class LabError(Exception):
    """A step failed; the text says what to do."""


def run(*argv: str | Path, stdin: str | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command, keep all it prints in the log, return its standard output.

    Raises LabError with the last lines of its output when it fails.
    """
    words = [str(word) for word in argv]
    done = subprocess.run(
        words, input=stdin, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False
    )
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}")
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise LabError(f"`{' '.join(words[:6])}` ended with code {done.returncode}:\n{tail}")
    return done.stdout


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Show one step with its time; a failure names the step and the log."""
    start = time.monotonic()
    print(f"  {text} … ", end="", flush=True)
    try:
        yield
    except LabError as error:
        print("failed")
        raise LabError(f"lab step '{text}' failed.\n{error}\nWhole log: {LOG}") from error
    except KeyboardInterrupt:
        print("interrupted; call the same command again to go on")
        raise
    print(f"{time.monotonic() - start:.1f} s", flush=True)


def poll(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until condition() is true; LabError names what did not come."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise LabError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.2)  # Between two looks: what is waited for wakes nobody.


def fingerprint(*parts: str | Path) -> str:
    """Short hash over texts and file contents: the name of what was made from them."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()[:12]


def fail(error: LabError) -> None:
    """Print the error for a person and end."""
    print(f"\n{error}", file=sys.stderr)
    raise SystemExit(1)
