# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A watch repeats its own command line with the playbook that looks once; what it cannot repeat it says before it has looked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.homerouter.tripleplay.plugins.action.doctor_watch import command

PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"


@pytest.mark.parametrize("watch, once", [
    ("homerouter.tripleplay.doctor_watch", "homerouter.tripleplay.doctor"),
    ("/srv/doctor_watch/doctor_watch.yml", "/srv/doctor_watch/doctor.yml"),
])
def test_the_command_line_stays_but_for_the_playbook(watch, once):
    argv = ["ansible-playbook", watch, "-i", "home", "--tags", "tv", "-e", "doctor_watch=30"]
    assert command(argv, (watch,)) == [once if word == watch else word for word in argv]


@pytest.mark.parametrize("playbooks", [("site.yml",), ("homerouter.tripleplay.site", "homerouter.tripleplay.doctor_watch")])
def test_another_run_is_no_watch(playbooks):
    with pytest.raises(ValueError, match="by itself"):
        command(["ansible-playbook", *playbooks], playbooks)


@pytest.mark.parametrize("options, words", [
    (["-e", "doctor_watch=0"], "interval (doctor_watch) is 0: give seconds, from 1 on"),
    (["--ask-vault-pass"], "--ask-vault-pass would ask at each look: give a file with the password"),
    (["--vault-id", "home@prompt"], "--vault-id home@prompt would ask at each look"),
    (["-e", "doctor_watch_rounds=1"], "router could not be looked at: "),
])
def test_what_cannot_be_watched_is_said(tmp_path, collection, options, words):
    """The last: a router that does not answer."""
    (tmp_path / "home").write_text("[routers]\nrouter ansible_host=127.0.0.1 ansible_port=9 home_uplink=eth0\n", encoding="utf-8")
    done = subprocess.run(
        [PLAYBOOK, "homerouter.tripleplay.doctor_watch", "-i", "home", *options], cwd=tmp_path, capture_output=True, text=True, check=False, input="secret\n",
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collection.parents[2]), "ANSIBLE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert words in " ".join((done.stdout + done.stderr).split()), done
