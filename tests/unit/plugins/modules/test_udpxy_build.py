# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""udpxy's versions and archives; the module that builds it, with a source of the test's own."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _udpxy
from ansible_collections.homerouter.tripleplay.plugins.module_utils._udpxy import Version
from ansible_collections.homerouter.tripleplay.plugins.modules import udpxy_build
from hypothesis import given
from hypothesis import strategies as st

BANNER = "udpxy 1.0-25.2 (prod) standard [Linux 6.12.0 x86_64]"
MAKEFILE = "release:\n\tprintf '#!/bin/sh\\necho \"udpxy 1.0-25.2 (made) [$(CC)]\" >&2\\nexit 1\\n' > udpxy\n\tchmod +x udpxy\n"
needs_compiler = pytest.mark.skipif(not shutil.which("make") or not shutil.which("cc"), reason="there is no make or no compiler here")


def test_banner_is_read():
    assert _udpxy.banner(f"{BANNER}\nusage: udpxy [-vTS]\n") == (BANNER, Version(1, 0, 25, 2))
    assert _udpxy.banner("udpxy of some kind\n") == ("udpxy of some kind", None)
    assert _udpxy.banner("bash: udpxy: not found") == ("", None)


@pytest.mark.parametrize(
    ("found", "minimum", "old"),
    [("1.0-25.2", "1.0-25.2", False), ("1.0-26.0", "1.0-25.2", False), ("1.0-25.1", "1.0-25.2", True), ("1.0-9.12", "1.0-25.2", True), ("", "1.0-1.0", True)],
)
def test_old_versions_and_unknown_ones_are_told(found, minimum, old):
    assert _udpxy.too_old(_udpxy.version(found), minimum) is old


@given(st.tuples(*[st.integers(0, 999)] * 4))
def test_version_is_read_as_it_is_written(numbers):
    assert _udpxy.version(str(Version(*numbers))) == numbers


def test_source_is_found_in_an_archive():
    assert _udpxy.source_folder(["u/README", "u/chipmunk/Makefile", "./u/chipmunk/VERSION", "u/x/y/Makefile", "u/x/y/VERSION"]) == "u/chipmunk"
    assert _udpxy.source_folder(["Makefile", "a/VERSION"]) is None
    assert _udpxy.source_version({"VERSION": '"1.0"\n', "BUILD": "25\n", "PATCH": "2"}) == Version(1, 0, 25, 2)
    assert _udpxy.source_version({}) is None


@pytest.mark.parametrize(("name", "good"), [("a/b", True), ("/etc/passwd", False), ("../x", False), ("a/../../x", False), ("a/../b", True), (".", False)])
def test_only_what_stays_inside_is_unpacked(name, good):
    assert _udpxy.inside(name) is good


def archive(folder: Path, patch: str = "2", makefile: str = MAKEFILE, **extra: str) -> Path:
    """A source archive."""
    path = folder / "source.tar.gz"
    files = {"u/c/Makefile": makefile, "u/c/VERSION": '"1.0"', "u/c/BUILD": "25", "u/c/PATCH": patch, **extra}
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


def run(path: Path, folder: Path, check: bool = False, **changes: Any) -> dict[str, Any]:
    """The module in a process of its own."""
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "0" * 64
    arguments = {"archive": str(path), "sha256": sha256, "minimum": "1.0-25.2", "folder": str(folder), "_ansible_check_mode": check, **changes}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", udpxy_build.__name__], input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), capture_output=True, text=True,
        check=False, env=environment,
    )  # fmt: skip
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@needs_compiler
def test_builds_once_and_again_for_another_archive(tmp_path):
    folder = tmp_path / "to"
    path = archive(tmp_path)
    assert run(path, folder, check=True)["changed"] and not folder.exists()
    first = run(path, folder)
    assert first["changed"] and "(made)" in first["banner"]
    assert (folder / "udpxrec").readlink() == Path("udpxy")
    # The archive is not needed again.
    before = path.read_bytes()
    sha256 = hashlib.sha256(before).hexdigest()
    path.unlink()
    assert not run(path, folder, sha256=sha256)["changed"]
    assert run(archive(tmp_path, patch="3"), folder)["changed"]
    (folder / "udpxy").unlink()
    assert run(archive(tmp_path, patch="3"), folder)["changed"]
    assert sorted(os.listdir(folder)) == ["SHA256", "udpxrec", "udpxy"]


@needs_compiler
@pytest.mark.parametrize(
    ("make", "changes", "words"),
    [
        ({}, {"sha256": "1" * 64}, "has the checksum"),
        ({}, {"sha256": "1"}, "64 hexadecimal digits"),
        ({"patch": "1"}, {}, "holds udpxy 1.0-25.1, and 1.0-25.2 is the oldest"),
        ({"patch": "x"}, {}, "of an unknown version"),
        ({"makefile": "release:\n\texit 3\n"}, {}, "cannot be built"),
        ({"makefile": "release:\n\ttrue\n"}, {}, "cannot be built"),
    ],
)
def test_what_cannot_be_built_leaves_nothing_behind(tmp_path, make, changes, words):
    answer = run(archive(tmp_path, **make), tmp_path / "to", **changes)
    assert answer.get("failed") and words in answer["msg"], answer
    assert not (tmp_path / "to").exists()


def test_what_is_no_archive_is_told(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("<html>not found</html>", encoding="utf-8")
    assert "no archive that can be unpacked" in run(path, tmp_path / "to")["msg"]
    assert "cannot be built" in run(tmp_path / "nothing", tmp_path / "to")["msg"]


def test_files_that_would_leave_the_folder_are_left_out(tmp_path):
    path = archive(tmp_path, **{"../outside": "x", "/outside": "x"})
    (tmp_path / "in").mkdir()
    assert udpxy_build.unpack(str(path), str(tmp_path / "in")) == str(tmp_path / "in" / "u/c")
    assert not (tmp_path / "outside").exists() and not Path("/outside").exists()
