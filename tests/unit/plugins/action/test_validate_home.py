# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check as Ansible runs it: real inventories, expressions and vaults, and a host that cannot be reached."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.template import Templar
from ansible.vars.manager import VariableManager
from ansible_collections.homerouter.tripleplay.plugins.action import validate_home

BIN = Path(sys.executable).parent
# TEST-NET-1 (RFC 5737): nobody answers there.
HOSTS = "routers: {hosts: {router: {ansible_host: 192.0.2.1, ansible_ssh_common_args: -o ConnectTimeout=2}}}\n"
HOME = """
home_uplink: enp2s0
home_internet_username: adslppp@telefonicanetpa
home_internet_password: "{{ vault_password }}"
home_iptv_address: 10.214.0.10/9
home_lan_address: "{{ lan_prefix }}.1/24"
home_lan_vlan: "{{ 50 * 2 }}"
home_dns_forwarders: ["{{ lan_prefix }}.53", 1.1.1.1]
lan_prefix: 192.168.1
vault_password: adslppp
"""


@pytest.fixture
def judge(tmp_path):
    """Run the action on a router whose inventory is HOSTS, HOME for all and the given lines for the host itself."""

    def run(host: str = "", **extra: Any) -> dict[str, Any]:
        for folder in ("group_vars", "host_vars"):
            (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / "hosts.yml").write_text(HOSTS)
        (tmp_path / "group_vars" / "all.yml").write_text(HOME)
        (tmp_path / "host_vars" / "router.yml").write_text(host)
        loader = DataLoader()
        inventory = InventoryManager(loader=loader, sources=[str(tmp_path)])
        manager = VariableManager(loader=loader, inventory=inventory)
        variables = {**manager.get_vars(host=inventory.get_host("router")), **extra}
        task = SimpleNamespace(args={}, action="homerouter.tripleplay.validate_home", async_val=0, check_mode=False, delegate_to=None)
        action = validate_home.ActionModule(
            task=task, connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir="")), play_context=None, loader=loader, shared_loader_obj=None,
            templar=Templar(loader=loader, variables=variables),
        )  # fmt: skip
        return action.run(task_vars=variables)

    return run


def places(result: dict[str, Any]) -> list[str]:
    return [finding["variable"] for finding in result["findings"]]


def test_group_variables_and_expressions_are_computed(judge):
    result = judge()
    assert (result.get("failed"), result["findings"], result["warnings"], result["changed"]) == (None, [], [], False)


def test_host_variables_come_before_group_variables(judge):
    assert places(judge("home_lan_vlan: 6")) == ["home_lan_vlan"]


@pytest.mark.parametrize(
    ("line", "variable"),
    [
        ('home_lan_domain: "{{ nowhere }}"', "home_lan_domain"),
        ('home_dns_forwarders: [1.1.1.1, "{{ nowhere }}"]', "home_dns_forwarders"),
        ('home_port_forwards: [{name: web, port: 443, address: "{{ nowhere }}"}]', "home_port_forwards"),
    ],
)
def test_what_refers_to_nothing_is_named(judge, line, variable):
    result = judge(line)
    assert places(result) == [variable]
    assert "'nowhere' is undefined" in result["msg"]


def test_expression_of_the_wrong_type_is_found(judge):
    result = judge("home_lan_vlan: \"{{ '100' }}\"")
    assert places(result) == ["home_lan_vlan"]
    assert "text where a whole number is needed" in result["msg"]


def test_text_that_may_not_be_computed_stays_text(judge):
    result = judge('home_lan_domain: !unsafe "{{ lan_prefix }}"')
    assert places(result) == ["home_lan_domain"]
    assert "{{ lan_prefix }}" in result["msg"]


def test_extra_variables_are_text_and_say_how_to_write_them(judge):
    # As the command line stores `-e home_lan_vlan=20`.
    result = judge(home_lan_vlan="20")
    assert places(result) == ["home_lan_vlan"]
    assert "-e '{\"home_lan_vlan\": 20}'" in result["msg"]
    assert judge(home_lan_vlan=20)["findings"] == []


def test_misspelt_variable_of_a_role_is_found(judge):
    result = judge("pppoe_usernam: x")
    assert places(result) == ["pppoe_usernam"]
    assert "did you mean pppoe_username?" in result["msg"]


def test_every_public_role_variable_is_known(collection):
    known = validate_home.role_variables(collection / "roles")
    assert set(known) == {path.name for path in (collection / "roles").iterdir()}
    assert "pppoe_wait" in known["pppoe"]


def ansible_playbook(folder: Path, collection: Path, playbook: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(collection.parents[2]), ANSIBLE_HOME=str(folder / "ansible"), ANSIBLE_NOCOLOR="1")
    env.pop("ANSIBLE_CONFIG", None)
    return subprocess.run(
        [str(BIN / "ansible-playbook"), playbook, *arguments], cwd=folder, env=env, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120,
    )  # fmt: skip


def test_broken_home_ends_the_site_playbook_before_any_connection(tmp_path, collection):
    (tmp_path / "hosts.yml").write_text(HOSTS)
    (tmp_path / "group_vars").mkdir()
    variables = tmp_path / "group_vars" / "all.yml"
    variables.write_text(HOME + "home_lan_pool_frist: 192.168.1.10\n")
    # A narrowed run is checked as well.
    for arguments in ([], ["--tags", "pppoe"], ["--check"]):
        done = ansible_playbook(tmp_path, collection, "homerouter.tripleplay.site", "-i", str(tmp_path), *arguments)
        assert done.returncode != 0
        assert "home_lan_pool_frist is 192.168.1.10, which no role reads: did you mean home_lan_pool_first?" in done.stdout
        assert "unreachable=0" in done.stdout and "UNREACHABLE" not in done.stdout, done.stdout
        assert done.stdout.count("TASK [") == 1, done.stdout
    # The same home without the mistake does try to connect: the check is what stopped it.
    variables.write_text(HOME)
    done = ansible_playbook(tmp_path, collection, "homerouter.tripleplay.site", "-i", str(tmp_path))
    assert "UNREACHABLE" in done.stdout and "mistake" not in done.stdout, done.stdout


@pytest.fixture
def check(tmp_path, collection):
    """Run only the check, with the command line's arguments."""
    playbook = tmp_path / "check.yml"
    playbook.write_text("- hosts: routers\n  gather_facts: false\n  tasks:\n    - homerouter.tripleplay.validate_home: {}\n")

    def run(inventory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return ansible_playbook(tmp_path, collection, str(playbook), "-i", str(inventory), *arguments)

    run.playbook = playbook
    return run


def test_example_home_is_accepted_without_a_word(check, collection):
    done = check(collection / "playbooks" / "home")
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout


def test_number_on_the_command_line(check, collection):
    home = collection / "playbooks" / "home"
    done = check(home, "-e", "home_lan_vlan=20")
    assert done.returncode != 0 and "home_lan_vlan is 20, text where a whole number is needed" in done.stdout
    assert check(home, "-e", '{"home_lan_vlan": 20}').returncode == 0


def test_unknown_argument_of_the_action_is_refused(check, collection):
    check.playbook.write_text(check.playbook.read_text().replace("{}", "{strict: true}"))
    done = check(collection / "playbooks" / "home")
    assert done.returncode != 0 and "strict" in done.stdout


def test_vault_is_opened_and_never_shown(check, tmp_path):
    secret = VaultSecret(b"open sesame")

    def sealed(text: str) -> str:
        cipher = VaultLib([("default", secret)]).encrypt(text, secret).decode()
        return "!vault |\n" + "".join(f"  {line}\n" for line in cipher.splitlines())

    # Where the sealed text stands, and the finding that it brings.
    broken = {
        "home_internet_password": "home_internet_password",
        "vault_password": "home_internet_password",
        "home_internet_username": "home_internet_username",
        "home_lan_domain": "home_lan_domain",
        "home_lan_adress": "home_lan_adress",
        "pppoe_usernam": "pppoe_usernam",
    }
    home = tmp_path / "home"
    for folder in ("group_vars", "host_vars"):
        (home / folder).mkdir(parents=True)
    (home / "group_vars" / "all.yml").write_text(HOME)
    (home / "host_vars" / "good.yml").write_text(f"home_internet_password: {sealed('hunter2')}")
    for name in broken:
        (home / "host_vars" / f"{name}.yml").write_text(f"{name}: {sealed(' hunter2 ')}")
    (home / "hosts.yml").write_text(f"routers: {{hosts: {{{', '.join(f'{name}: ' for name in ('good', *broken))}}}}}\n")
    (tmp_path / "password").write_text("open sesame")
    (tmp_path / "wrong").write_text("wrong")

    assert "hunter2" not in check(home, "-vvv", "--vault-password-file", "password").stdout
    done = check(home, "--vault-password-file", "password")
    assert "ok: [good]" in done.stdout
    for name, variable in broken.items():
        (line,) = (line for line in done.stdout.splitlines() if line.startswith(f"fatal: [{name}]"))
        assert "The home has 1 mistake;" in line and f"- {variable} is (not shown), " in line

    for arguments in ([], ["--vault-password-file", "wrong"]):
        done = check(home, "--limit", "good", *arguments)
        assert "home_internet_password is an expression, which cannot be computed: " in done.stdout
        assert "give the vault password" in done.stdout
