# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's files: all or nothing, no leftovers, no secret in sight."""

from __future__ import annotations

import grp
import json
import os
import pwd
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.homerouter.tripleplay.plugins.modules import config_files

ME = {"owner": pwd.getpwuid(os.geteuid()).pw_name, "group": grp.getgrgid(os.getegid()).gr_name}
BEGIN = "# BEGIN homerouter.tripleplay home"
END = "# END homerouter.tripleplay home"


@pytest.fixture
def run(capsys):
    """Run the module; returns its result, "failed" included."""

    def call(*files: dict[str, Any], absent: list[str] | None = None, check: bool = False) -> dict[str, Any]:
        args = {"files": [{**ME, **entry} for entry in files], "absent": absent or [], "_ansible_check_mode": check}
        with patch_module_args(args), pytest.raises(SystemExit):
            config_files.main()
        return json.loads(capsys.readouterr().out)

    return call


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def accepts(word: str) -> str:
    """A checker that accepts files which hold a word, and says which file it saw when it does not."""
    code = f"import sys; text = open(sys.argv[1]).read(); sys.exit(0 if '{word}' in text else sys.argv[1] + ' is bad')"
    return f'{sys.executable} -c "{code}" %s'


def test_new_file_with_folders_and_mode(run, tmp_path):
    old = os.umask(0o077)
    try:
        result = run({"path": str(tmp_path / "a/b/x.conf"), "content": "one\n"})
    finally:
        os.umask(old)
    assert result["changed"] and result["paths"] == [str(tmp_path / "a/b/x.conf")]
    assert (tmp_path / "a/b/x.conf").read_text() == "one\n"
    assert mode(tmp_path / "a/b/x.conf") == 0o644
    assert mode(tmp_path / "a") == mode(tmp_path / "a/b") == 0o755
    assert names(tmp_path / "a/b") == ["x.conf"]


def test_second_run_changes_nothing_and_keeps_the_inode(run, tmp_path):
    path = tmp_path / "x"
    run({"path": str(path), "content": "one\n"})
    before = path.stat()
    result = run({"path": str(path), "content": "one\n"})
    assert (result["changed"], result["paths"], result["diff"]) == (False, [], [])
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_diff_shows_the_text_before_and_after(run, tmp_path):
    path = tmp_path / "x"
    path.write_text("one\n")
    result = run({"path": str(path), "content": "two\n"})
    assert result["diff"] == [
        {"before_header": str(path), "after_header": str(path), "before": "one\n", "after": "two\n"}
    ]


def test_wrong_mode_alone_is_put_right_and_shown(run, tmp_path):
    path = tmp_path / "x"
    path.write_text("one\n")
    path.chmod(0o666)
    inode = path.stat().st_ino
    result = run({"path": str(path), "content": "one\n", "mode": "0600"})
    assert result["changed"] and mode(path) == 0o600 and path.stat().st_ino == inode
    assert "0666" in result["diff"][0]["before"] and "0600" in result["diff"][0]["after"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_wrong_owner_is_put_right(run, tmp_path):
    path = tmp_path / "x"
    path.write_text("one\n")
    os.chown(path, 12345, 12345)
    assert run({"path": str(path), "content": "one\n"})["changed"]
    assert (path.stat().st_uid, path.stat().st_gid) == (os.geteuid(), os.getegid())


def test_check_mode_says_the_same_and_writes_nothing(run, tmp_path):
    (tmp_path / "old").write_text("x")
    call = {"path": str(tmp_path / "new/x"), "content": "one\n"}
    planned = run(call, absent=[str(tmp_path / "ol*")], check=True)
    assert names(tmp_path) == ["old"]
    done = run(call, absent=[str(tmp_path / "ol*")])
    assert {k: planned[k] for k in ("changed", "paths", "diff")} == {k: done[k] for k in ("changed", "paths", "diff")}
    assert names(tmp_path) == ["new"]


def test_one_refusal_leaves_every_file_as_it_was(run, tmp_path):
    (tmp_path / "a").write_text("old\n")
    result = run(
        {"path": str(tmp_path / "a"), "content": "good\n", "validate": accepts("good")},
        {"path": str(tmp_path / "sub/b"), "content": "evil\n", "validate": accepts("good")},
        absent=[str(tmp_path / "a")],
    )
    assert result["failed"] and "nothing has been changed" in result["msg"]
    # The message names the file the owner knows, not the staged one.
    assert f"{tmp_path}/sub/b is bad" in result["msg"]
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_text() == "old\n"


def test_all_checkers_run_before_the_first_file_is_replaced(run, tmp_path):
    spy = f"import os, sys; sys.exit(os.path.exists('{tmp_path}/a') or os.path.exists('{tmp_path}/b'))"
    check = f'{sys.executable} -c "{spy}" %s'
    files = [{"path": str(tmp_path / name), "content": "x", "validate": check} for name in "ab"]
    assert run(*files)["changed"]
    assert names(tmp_path) == ["a", "b"]


def test_checker_runs_in_check_mode_and_leaves_nothing(run, tmp_path):
    result = run({"path": str(tmp_path / "x"), "content": "evil", "validate": accepts("good")}, check=True)
    assert result["failed"] and names(tmp_path) == []


def test_missing_checker_is_an_error_but_not_in_check_mode(run, tmp_path):
    call = {"path": str(tmp_path / "x"), "content": "x", "validate": "/no/such/checker %s"}
    assert run(call, check=True)["changed"]
    result = run(call)
    assert result["failed"] and "/no/such/checker is not installed" in result["msg"]
    assert names(tmp_path) == []


def test_staged_secret_is_private_before_it_is_written(run, tmp_path, monkeypatch):
    seen = []

    def spy(descriptor: int) -> None:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))

    monkeypatch.setattr(config_files.os, "fsync", spy)
    old = os.umask(0)
    try:
        run({"path": str(tmp_path / "s"), "secret": "hunter2\n", "mode": "0640"})
    finally:
        os.umask(old)
    assert seen == [0o600] and mode(tmp_path / "s") == 0o640


def test_secret_is_in_no_output(run, tmp_path):
    path = tmp_path / "s"
    path.write_text("old-hunter1\n")
    result = run({"path": str(path), "secret": "hunter2\n", "mode": "0600"})
    assert path.read_text() == "hunter2\n"
    assert "hunter" not in json.dumps(result)
    assert result["diff"][0]["after"] == "(secret content differs)\n"
    refused = run({"path": str(path), "secret": "hunter3\n", "mode": "0600", "validate": accepts("good")})
    assert refused["failed"] and "hunter" not in json.dumps(refused)


def test_failed_write_leaves_no_secret_behind(run, tmp_path, monkeypatch):
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(config_files.os, "fsync", full)
    result = run({"path": str(tmp_path / "deep/s"), "secret": "hunter2", "mode": "0600"})
    assert result["failed"] and "No space left" in result["msg"] and "nothing" in result["msg"]
    assert names(tmp_path) == []


def test_link_target_is_replaced_and_the_link_stays(run, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/x").write_text("old")
    (tmp_path / "x").symlink_to("real/x")
    run({"path": str(tmp_path / "x"), "content": "new"}, absent=[str(tmp_path / "real/*")])
    assert (tmp_path / "x").is_symlink() and (tmp_path / "real/x").read_text() == "new"
    assert names(tmp_path / "real") == ["x"]


def test_removed_link_does_not_take_its_target_along(run, tmp_path):
    (tmp_path / "target").write_text("keep")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "dangling").symlink_to("nowhere")
    result = run(absent=[str(tmp_path / "link"), str(tmp_path / "dang*")])
    assert result["paths"] == [str(tmp_path / "dangling"), str(tmp_path / "link")]
    assert names(tmp_path) == ["target"]


def test_pattern_spares_the_files_of_this_run(run, tmp_path):
    for name in ("20-homerouter-a", "20-homerouter-b", "other"):
        (tmp_path / name).write_text("x")
    result = run({"path": str(tmp_path / "20-homerouter-a"), "content": "x"}, absent=[f"{tmp_path}/20-homerouter-*"])
    assert result["paths"] == [str(tmp_path / "20-homerouter-b")]
    assert names(tmp_path) == ["20-homerouter-a", "other"]
    again = run({"path": str(tmp_path / "20-homerouter-a"), "content": "x"}, absent=[f"{tmp_path}/20-homerouter-*"])
    assert not again["changed"]


def test_removed_files_text_is_not_shown(run, tmp_path):
    (tmp_path / "old").write_text("hunter2")
    assert "hunter2" not in json.dumps(run(absent=[str(tmp_path / "old")]))


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"path": "{}/x"}, "needs either content or secret"),
        ({"path": "{}/x", "content": "a", "secret": "bcdefg"}, "needs either content or secret"),
        ({"path": "relative", "content": "a"}, "not the absolute path of a file"),
        ({"path": "{}", "content": "a"}, "not the absolute path of a file"),
        ({"path": "{}/x", "content": "a", "mode": "u=rw"}, "not an octal string"),
        ({"path": "{}/x", "content": "a", "owner": "no-such-user"}, "no-such-user"),
        ({"path": "{}/x", "content": "a", "validate": "/bin/true"}, "does not say with %s"),
    ],
)
def test_bad_arguments_are_named_before_anything_happens(run, tmp_path, entry, message):
    entry = {key: value.replace("{}", str(tmp_path)) for key, value in entry.items()}
    result = run({"path": str(tmp_path / "first"), "content": "x"}, entry)
    assert result["failed"] and message in result["msg"]
    assert names(tmp_path) == []


def test_same_file_twice_is_refused_also_through_a_link(run, tmp_path):
    (tmp_path / "link").symlink_to("x")
    result = run({"path": str(tmp_path / "x"), "content": "a"}, {"path": str(tmp_path / "link"), "content": "b"})
    assert result["failed"] and "twice" in result["msg"]


def test_folders_are_not_removed(run, tmp_path):
    (tmp_path / "folder").mkdir()
    result = run({"path": str(tmp_path / "x"), "content": "a"}, absent=[str(tmp_path / "fold*")])
    assert result["failed"] and "only files are removed" in result["msg"]
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"{BEGIN}\nnew\n{END}\n"),
        ("mine\n", f"mine\n{BEGIN}\nnew\n{END}\n"),
        ("no line end", f"no line end\n{BEGIN}\nnew\n{END}\n"),
        (f"a\n{BEGIN}\nold\nold2\n{END}\nb\r\n\n", f"a\n{BEGIN}\nnew\n{END}\nb\r\n\n"),
        (f"{BEGIN}\n{END}\nno line end", f"{BEGIN}\nnew\n{END}\nno line end"),
        (f"{BEGIN}\nold\n{END}", f"{BEGIN}\nnew\n{END}\n"),
        (f"a\x0cb\x85c\n{BEGIN}\n{END}\n\n", f"a\x0cb\x85c\n{BEGIN}\nnew\n{END}\n\n"),
    ],
)
def test_block_replaces_itself_only(before, after):
    assert config_files.with_block(before, "home", "new") == after
    assert config_files.with_block(after, "home", "new\n") == after


@pytest.mark.parametrize("before", [f"{BEGIN}\nold\n", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n"])
def test_damaged_block_is_refused(run, tmp_path, before):
    (tmp_path / "x").write_text(before)
    result = run({"path": str(tmp_path / "x"), "content": "new", "marker": "home"})
    assert result["failed"] and BEGIN in result["msg"]
    assert (tmp_path / "x").read_text() == before


def test_block_cannot_end_itself():
    with pytest.raises(ValueError, match="marker lines"):
        config_files.with_block("", "home", f"a\n{END}\nb")


def test_foreign_bytes_around_a_block_survive(run, tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"caf\xe9\xff\n")
    result = run({"path": str(path), "content": "new\u0085line\n", "marker": "home"})
    assert path.read_bytes() == b"caf\xe9\xff\n" + f"{BEGIN}\nnew\u0085line\n{END}\n".encode()
    assert result["changed"]
    assert not run({"path": str(path), "content": "new\u0085line\n", "marker": "home"})["changed"]
