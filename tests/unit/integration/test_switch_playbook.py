# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook as an owner runs it: each way to log in, old and new cryptography, host keys, cli_command and cli_config."""

from __future__ import annotations

import os
import shutil

import pytest
from switch.server import _throwaway_key

# That of old switches is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")

ENABLE = {"ansible_become": True, "ansible_become_method": "ansible.netcommon.enable", "ansible_become_password": "enable-lab"}
PINNED = {"ansible_host_key_checking": True}
# All that goes over the connection, in Ansible's log.
LOGGED = {"ansible_persistent_log_messages": True}
WORKS = {
    "password": {"dialect": "ros1", "auth": "password", "variables": PINNED},
    "kbdint": {"dialect": "ros2", "auth": "kbdint", "variables": PINNED},
    "inband": {"dialect": "ros1", "auth": "none+inband", "variables": LOGGED},
    "twice": {"dialect": "ros2", "auth": "password+inband"},
    "enable": {"dialect": "ros2", "auth": "enable", "variables": {**ENABLE, **LOGGED}},
    "expired": {"dialect": "ros1", "auth": "expired"},
}
# Those that do more than saving.
SEVERAL = ("inband", "kbdint")
OLD = {
    "old password": {"auth": "password", "crypto": "legacy"},
    "old inband": {"auth": "none+inband", "crypto": "legacy"},
}
FAILS = {
    "wrong": ({"auth": "none+inband", "variables": {"ansible_password": "wrong"}}, "correct ansible_user or ansible_password"),
    "unknown key": ({"auth": "password", "variables": PINNED}, "authenticity of host"),
    # The switch may end the connection before libssh has said why.
    "old without setting": ({"auth": "password", "crypto": "legacy"}, "ssh connection failed"),
}
LINES = "vlan database\nvlan 2-3\nexit\ninterface vlan 2\n name iptv\n"
# The client's setting of docs/switch-ssh.md.
SETTING = """\
  KexAlgorithms +diffie-hellman-group1-sha1,diffie-hellman-group14-sha1,diffie-hellman-group-exchange-sha1
  HostKeyAlgorithms +ssh-rsa
  PubkeyAcceptedAlgorithms +ssh-rsa
  Ciphers +aes256-cbc,aes128-cbc,3des-cbc
  MACs +hmac-sha1
"""


def at_home(house) -> tuple[str, ...]:
    """Begins ansible-playbook with a home of the tests' own: libssh asks the system's list of users for it, not the environment."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("libssh reads its configuration in the user's home alone, and only root can give it another")
    home = house.folder / "user"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    old = " ".join(house.switches[name].variables["ansible_host"] for name in OLD)
    (home / ".ssh" / "config").write_text(f"Host {old}\n{SETTING}", encoding="utf-8")
    key = _throwaway_key().export_public_key().decode().split()[:2]
    known = [
        f"[{switch.variables['ansible_host']}]:{switch.variables['ansible_port']} {' '.join(key)}\n"
        for name, switch in house.switches.items()
        if name != "unknown key"
    ]
    (home / ".ssh" / "known_hosts").write_text("".join(known), encoding="utf-8")
    users = house.folder / "passwd"
    with open("/etc/passwd", encoding="utf-8") as file:
        lines = [line.rstrip("\n").split(":") for line in file]
    users.write_text("".join(":".join([*one[:5], str(home) if one[2] == "0" else one[5], *one[6:]]) + "\n" for one in lines), encoding="utf-8")
    return ("unshare", "--mount", "sh", "-ec", 'mount --bind "$0" /etc/passwd; exec "$@"', str(users))


@pytest.fixture(scope="module")
def played(house):
    """One play over all of them."""
    for name, options in {**WORKS, **OLD, **{name: options for name, (options, _text) in FAILS.items()}}.items():
        house.add(name, **options)
    several = [
        {"name": "show", "ansible.netcommon.cli_command": {"command": "show vlan"}},
        {"name": "set", "ansible.netcommon.cli_config": {"config": LINES}},
        {"name": "set again", "ansible.netcommon.cli_config": {"config": LINES}},
        {"name": "would set", "check_mode": True, "ansible.netcommon.cli_config": {"config": "hostname sw2"}},
        {"name": "would save", "check_mode": True, "diff": True, "homerouter.tripleplay.sg_save": {}},
        # A new session: the switch can be reached as it is now.
        {"name": "reset", "ansible.builtin.meta": "reset_connection"},
        {"name": "wait", "ansible.builtin.wait_for_connection": {"timeout": 60}},
        {"name": "save again", "homerouter.tripleplay.sg_save": {}},
    ]
    plays = [
        {"hosts": "all", "gather_facts": False, "tasks": [{"name": "save", "homerouter.tripleplay.sg_save": {}}]},
        {"hosts": ":".join(SEVERAL), "gather_facts": False, "tasks": several},
    ]
    house.printed = house.play(plays, "-vvvv", before=at_home(house))
    return house


@pytest.mark.parametrize("name", [*WORKS, *OLD])
def test_each_way_in_works(played, name):
    """From the log-in to the saved configuration."""
    switch = played.switches[name]
    assert set(switch.states.values()) == {"ok"}, switch.results
    assert (switch.results["save"]["changed"], switch.results["save"]["saved"]) == (True, True)
    sessions = switch.transcript.count("terminal datadump")
    assert sessions > 1 if name in SEVERAL else sessions == 1
    assert switch.emulator.device.startup == switch.running()


@pytest.mark.parametrize("name", FAILS)
def test_what_is_wrong_is_said(played, name):
    """With the cure, and before anything is sent."""
    switch = played.switches[name]
    assert switch.states == {"save": "failed"}
    assert FAILS[name][1] in switch.results["save"]["msg"]
    assert not switch.transcript


@pytest.mark.parametrize("name", SEVERAL)
def test_netcommons_own_modules_work(played, name):
    """cli_command shows, cli_config sets what is not there yet, and nothing in check mode."""
    results = played.switches[name].results
    assert "Created by: D-Default" in results["show"]["stdout"]
    assert [results[task]["changed"] for task in ("set", "set again", "would set", "save again")] == [True, False, True, True]
    assert played.switches[name].configured() == LINES.replace("\n ", "\n").strip().split("\n") + ["exit"]
    assert results["would save"]["diff"]["before"] != results["would save"]["diff"]["after"]
    assert "encrypted ******** privilege 15" in results["would save"]["diff"]["after"]


def test_no_password_is_shown(played):
    """Not even with all that ansible-playbook can say, nor in the log of all that was sent. ansible-core itself writes the connection's
    options there from the second task on; those lines are not ours."""
    log = "".join(
        line for line in (played.folder / "log.txt").read_text(encoding="utf-8").splitlines(keepends=True) if "jsonrpc request: " not in line
    )
    assert "sent: 'terminal datadump" in log
    assert log.count("sent: ********") >= 3
    for secret in ("cisco-lab", "enable-lab"):
        assert secret not in played.printed
        assert secret not in log
