# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor in the lab's house: nothing is wrong, then each fault of faults.yml is, is named alone, is healed, and nothing is wrong.

One process on the router gathers whenever it is asked, with the functions of the installed collection; a start of Ansible for each look would
cost more than the look. What the switch would tell sg_facts, its emulator is asked for directly; the playbook's own tests ask over SSH.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from browser import examine as look_at
from house import ROOT, SSH_CONFIG, play
from testinfra.host import Host

COLLECTIONS = ROOT / "build" / "collections"
sys.path.insert(0, str(COLLECTIONS))

from ansible_collections.homerouter.tripleplay.plugins.module_utils import (  # noqa: E402 - the installed collection comes first
    _doctor,
    _doctor_plan,
    _doctor_switch,
    _sg_cli,
    _sg_facts,
    _sg_resources,
    _sg_state,
)
from ansible_collections.homerouter.tripleplay.plugins.module_utils._doctor_checks import (
    CHECKS,  # noqa: E402 - likewise
)

FAULTS = yaml.safe_load((Path(__file__).parent / "faults.yml").read_text(encoding="utf-8"))
HOME = yaml.safe_load((ROOT / "playbooks" / "home" / "group_vars" / "all.yml").read_text(encoding="utf-8"))
DIALECT = yaml.safe_load((ROOT / "lab" / "topology.yml").read_text(encoding="utf-8"))["switch"]["dialect"]
SINGLE = {fault["name"]: fault for fault in FAULTS["single"]}
# What a fault needs until all of it is there: an RIP update, a dial, a service's own start.
PATIENCE, HEALING = 40, 90
QUICK = {"patience": 1.0, "watch": 1.0}
SERVE = """
import json, os, subprocess, sys
sys.path.insert(0, "/run/doctor")
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _doctor_host
def run_command(argv, handle_exceptions, environ_update):
    done = subprocess.run(argv, capture_output=True, text=True, errors="replace", env={**os.environ, **environ_update}, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr
for line in sys.stdin:
    print(json.dumps(_doctor_host.gather(json.loads(line), run_command)), flush=True)
"""
TABLE: list[tuple[str, str, str, float, float]] = []


def plan(**values: Any) -> dict[str, Any]:
    """The example home."""
    stated = {name: spec.get("default") for name, spec in _doctor_plan.ARGUMENTS.items()}
    return _doctor_plan.ready({**stated, "uplink": "eth0", "iptv_address": "10.214.0.10/9", **values})


def switch_told(asked: dict[str, Any]) -> dict[str, Any]:
    """The switch among the facts, with the ports of the example home."""
    question = json.dumps({"running": True, "startup": True, "show": "interfaces status"})
    done = subprocess.run(["ssh", "-F", str(SSH_CONFIG), "switch", f"switch '{question}'"], text=True, capture_output=True, check=True)
    told = json.loads(done.stdout)
    state = _sg_state.read(told["running"], DIALECT)
    facts = {
        "dialect": DIALECT,
        "ports": _sg_facts.ports(told["show"]),
        "config": _sg_resources.gather(state),
        "smartport": state.macro_auto,
        "unsaved": _sg_cli.body(told["running"]) != _sg_cli.body(told["startup"] or ""),
    }
    values = {name: spec.get("default") for name, spec in _doctor_switch.ARGUMENTS.items()}
    answer = {"ansible_facts": {"sg": facts}}
    return _doctor_switch.told({**values, "name": "switch", "answer": answer, "ports": HOME["home_switch_ports"]}, _doctor_switch.lines_vlans(asked))


class Doctor:
    """Looks at the house as often as it is asked."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.facts: dict[str, Any] = {}

    def look(self, **values: Any) -> list[str]:
        """Names of the findings, the first cause first."""
        assert self.process.stdin and self.process.stdout
        asked = plan(**values)
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        switch = switch_told(asked)
        line = self.process.stdout.readline()
        assert line, "the process on the router has ended"
        self.facts = json.loads(line)
        self.facts["switches"] = [switch]
        del self.facts["left_out"]["switch"]
        return [finding.check.id for finding in _doctor.judge(CHECKS, asked, self.facts, asked["services"]).findings]

    def until(self, wanted: set[str], seconds: float, **values: Any) -> tuple[list[str], float]:
        """Look until the findings are the wanted ones; the last ones, and after how long. The last look begins when the time is over."""
        start = time.monotonic()
        while True:
            over = time.monotonic() - start > seconds
            found = self.look(**QUICK, **values)
            if over or (set(found) == wanted and (not wanted or found[0] in wanted)):
                return found, time.monotonic() - start


def packages() -> bytes:
    """The functions that gather, and what of Ansible they stand on."""
    archive = io.BytesIO()
    ansible = Path(find_spec("ansible").submodule_search_locations[0])
    ours = Path("ansible_collections/homerouter/tripleplay/plugins/module_utils")
    with tarfile.open(fileobj=archive, mode="w") as tar:
        # Its own would want the rest of Ansible.
        tar.addfile(tarfile.TarInfo("ansible/__init__.py"))
        tar.add(ansible / "module_utils", "ansible/module_utils", filter=lambda member: None if "__pycache__" in member.name else member)
        tar.add(COLLECTIONS / ours, str(ours), filter=lambda member: None if "__pycache__" in member.name else member)
    return archive.getvalue()


@contextlib.contextmanager
def visit(router: Host) -> Iterator[Doctor]:
    """The process on the router."""
    ssh = ["ssh", "-F", str(SSH_CONFIG), "router"]
    router.check_output("rm -rf /run/doctor && mkdir -m 0700 /run/doctor")
    subprocess.run([*ssh, "tar -C /run/doctor -xf -"], input=packages(), check=True)
    subprocess.run([*ssh, "cat > /run/doctor/serve.py"], input=SERVE, text=True, check=True)
    with subprocess.Popen([*ssh, "python3 -I /run/doctor/serve.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Doctor(process)
        finally:
            process.stdin.close()
            router.check_output("rm -rf /run/doctor")


@pytest.fixture(scope="module")
def doctor(router) -> Iterator[Doctor]:
    """A doctor in a house where nothing is wrong."""
    with visit(router) as here:
        yield here


def on(host: str, script: str) -> None:
    """Run a shell script on a host of the lab."""
    done = subprocess.run(["ssh", "-F", str(SSH_CONFIG), host, "sh -eu"], input=script, text=True, capture_output=True, check=False)
    assert done.returncode == 0, f"{host}: {script}: {done.stdout}{done.stderr}"


def scripts(fault: dict[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """Hosts with what has to be run there."""
    if "host" in fault:
        yield fault["host"], fault[kind]
    for host, both in fault.get("also", {}).items():
        yield host, both[kind]


@contextlib.contextmanager
def made(fault: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The fault while the block runs, and what the home then states."""
    try:
        for host, script in scripts(fault, "inject"):
            on(host, script)
        yield fault.get("plan", {})
    finally:
        for host, script in scripts(fault, "heal"):
            on(host, script)
        for name in fault.get("after", []):
            for host, script in FAULTS["hurry"][name].items():
                on(host, script)


def examine(doctor: Doctor, name: str, faults: list[dict[str, Any]]) -> None:
    """Make faults, see them named and healed, and keep the result for the table."""
    wanted = {fault["finding"] for fault in faults}
    with contextlib.ExitStack() as stack:
        values: dict[str, Any] = {}
        for fault in faults:
            values.update(stack.enter_context(made(fault)))
        found, seconds = doctor.until(wanted, PATIENCE, **values)
        evidence = doctor.facts
    healed, healing = doctor.until(set(), HEALING)
    named = "named" if set(found) == wanted else f"named {found}"
    TABLE.append((name, " + ".join(sorted(wanted)), named, seconds, healing))
    print(f"{name}: {named} in {seconds:.1f} s, {f'still {healed}' if healed else 'healed'} after {healing:.1f} s", flush=True)
    not_active = {name: unit["active"] for name, unit in evidence["units"].items() if unit["load"] == "loaded" and unit["active"] != "active"}
    assert set(found) == wanted, {
        "seconds": evidence["seconds"],
        "not active": not_active,
        **{key: evidence[key] for key in ("pppoe", "errors", "streams", "neighbours", "voip", "sip", "reverse_path", "switches") if key in evidence},
    }
    assert not healed, f"after the cure there is {healed}"


@pytest.fixture(scope="module", autouse=True)
def results() -> Iterator[None]:
    """Print the table at the end, and keep it."""
    yield
    width = max((len(row[0]) for row in TABLE), default=0)
    lines = [
        f"{name:<{width}}  {wanted:<45}  {result}, {seconds:5.1f} s, healed {healing:5.1f} s" for name, wanted, result, seconds, healing in TABLE
    ]
    good = sum(row[2] == "named" for row in TABLE)
    text = "\n".join([*lines, f"{good} of {len(TABLE)} named"])
    print(f"\n{text}")
    (ROOT / "build" / "doctor.txt").write_text(text + "\n", encoding="utf-8")


def test_nothing_is_wrong_with_the_house(doctor):
    found, _seconds = doctor.until(set(), HEALING)
    assert not found, doctor.facts
    # And with the time that an owner's look takes.
    assert doctor.look() == []
    print(f"gathered in {doctor.facts['seconds']} s: {doctor.facts['timings']}, not asked: {doctor.facts['errors']}")
    assert doctor.facts["seconds"] <= 20
    assert doctor.facts["errors"] == []


def test_the_playbook_on_the_healthy_house(router, tmp_path):
    def state() -> str:
        return router.check_output(
            "find /etc /usr/local -type f -exec stat -c '%n %s %Y' {} + | sort; ip rule; ip route;"
            " nft list ruleset | sed 's/packets.*//'"
        )

    before = state()
    start = time.monotonic()
    code, out, stats = play("homerouter.tripleplay.doctor", "-e", f"doctor_folder={tmp_path}")
    print(f"the playbook took {time.monotonic() - start:.1f} s")
    assert code == 0, out
    assert "router: Nothing is wrong" in out and stats["router"]["changed"] == 0
    assert state() == before
    told = json.loads((tmp_path / "router.json").read_text(encoding="utf-8"))
    assert told["healthy"] and told["services"]["tv"] == "ok" and told["services"]["switch"] == "ok"
    assert (tmp_path / "router.html").stat().st_mode & 0o777 == 0o600
    assert look_at(tmp_path / "router.html") == []


def test_the_playbook_on_a_house_with_a_fault(doctor, tmp_path):
    with made(SINGLE["password refused"]):
        assert doctor.until({"internet.credentials"}, PATIENCE)[0] == ["internet.credentials"]
        code, out, _stats = play("homerouter.tripleplay.doctor", "-e", f"doctor_folder={tmp_path}")
        narrow, narrowed, _stats = play("homerouter.tripleplay.doctor", "--tags", "tv", "-e", f"doctor_folder={tmp_path}/tv")
    assert code != 0 and "1. ERROR The ISP refuses user name or password [internet.credentials]" in out, out
    assert narrow == 0 and "was not asked for" in narrowed, narrowed
    for path in tmp_path.glob("router.*"):
        text = path.read_text(encoding="utf-8")
        assert "internet.credentials" in text and '"adslppp"' not in text and "password=" not in text
    assert look_at(tmp_path / "router.html", ROOT / "build" / "pictures" / "doctor.png") == []


@pytest.mark.parametrize(
    "inject, heal, finding",
    [
        ("no ip ssh server", "ip ssh server", "The switch does not answer over SSH [switch.silent]"),
        (
            "username cisco password another-Password1 privilege 15",
            "username cisco password cisco-lab privilege 15",
            "The switch does not let us ask it [switch.refused]",
        ),
    ],
)
def test_a_switch_that_cannot_be_asked_is_a_finding_and_no_end(doctor, tmp_path, inject, heal, finding):
    assert doctor.until(set(), HEALING)[0] == []
    lines = {"inject": inject, "heal": heal}
    with made({"host": "switch", **{kind: f"switch '{json.dumps({'lines': [line]})}'" for kind, line in lines.items()}}):
        code, out, stats = play("homerouter.tripleplay.doctor", "-e", f"doctor_folder={tmp_path}")
    assert code != 0 and "router: 1 warning" in out and f"1. WARNING {finding}" in out and stats["router"]["changed"] == 0, out


def test_the_watch_tells_what_comes_and_what_goes(doctor, tmp_path):
    assert doctor.until(set(), HEALING)[0] == []
    program = str(Path(sys.executable).parent / "ansible-playbook")
    values = json.dumps({"doctor_folder": str(tmp_path), "doctor_watch": 1, "doctor_watch_rounds": 20})
    process = subprocess.Popen(
        [program, "homerouter.tripleplay.doctor_watch", "-i", str(ROOT / "playbooks" / "home"), "--tags", "lan,switch", "-e", values],
        cwd=ROOT / "build",
        env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "playbooks" / "ansible.cfg")},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines: list[str] = []

    def heard(what: str) -> None:
        assert process.stdout
        for line in process.stdout:
            lines.append(line)
            if what in line:
                return
        pytest.fail(f"no line with {what!r} in {lines}")

    try:
        heard("nothing is wrong")
        with made(SINGLE["resolver stopped"]):
            heard("+ error The router's resolver does not answer [lan.resolver]")
        heard("- The router's resolver does not answer [lan.resolver]")
        with made(SINGLE["multicast filtering off"]):
            heard("[switch.filtering]: ")
        heard("[switch.filtering]\n")
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("name", SINGLE)
def test_a_fault_is_named_alone(doctor, name):
    examine(doctor, name, [SINGLE[name]])


@pytest.mark.parametrize("names", FAULTS["double"], ids=" + ".join)
def test_two_faults_are_both_named(doctor, names):
    examine(doctor, " + ".join(names), [SINGLE[name] for name in names])


def test_a_house_that_was_done_by_hand(router):
    """The last one: the router of the other tests is gone with it."""
    subprocess.run([sys.executable, "-m", "lab", "fresh", "router", "--image", "debian-13"], cwd=ROOT, check=True)
    on("router", (Path(__file__).parent / "by_hand.sh").read_text(encoding="utf-8"))
    with visit(router) as doctor:
        # Nobody on the fibre asks for reports, and this router has nothing that repeats them: the one thing that its owner does not know.
        found, _seconds = doctor.until({"tv.keepalive"}, HEALING)
        assert found == ["tv.keepalive"], doctor.facts
        on("router", "systemctl stop channels")
        assert doctor.until({"tv.no_proxy", "tv.keepalive"}, PATIENCE)[0][0] == "tv.no_proxy"
        # It forgets which addresses it has pinged, and takes three seconds over its next offer: slow is not silent.
        on("router", "systemctl restart dnsmasq")
        code, out, stats = play("homerouter.tripleplay.doctor")
    assert code != 0 and stats["router"]["changed"] == 0, out
    assert "1. ERROR Nothing passes channels on to the LAN [tv.no_proxy]" in out and "lan.dhcp" not in out, out
