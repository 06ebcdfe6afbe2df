# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on the emulated switch, whose state is a real bridge: who hears whom, and what happens when something is wrong."""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from house import ROOT, SSH_CONFIG, background, lab, play
from testinfra.host import Host

FOLDER = ROOT / "molecule" / "cisco_switch"
FRAMES = (Path(__file__).parent / "frames.py").read_text(encoding="utf-8")
# Who hangs at which port. Two live inside the switch's own container.
PORTS = {"isp": "gi1", "router": "gi2", "stb": "gi3", "pc": "gi4", "phone": "gi5", "stb2": "gi6", "probe": "gi8", "laptop": "gi10"}
INSIDE = ("probe", "laptop")
# What each port carries, as the seed has it: VLANs with a tag, and the one without.
TAGGED = {"gi1": {2, 3, 6}, "gi2": {2, 3, 6, 100}}
UNTAGGED = {"gi1": None, "gi2": 1, "gi10": 1}
LAN = 100
GROUP = "239.0.0.76"
_marks = itertools.count()


@pytest.fixture(scope="module", autouse=True)
def tool() -> None:
    """frames.py on all hosts, where a reboot leaves it."""
    for name in {*PORTS, "switch"} - set(INSIDE):
        subprocess.run(["ssh", "-F", str(SSH_CONFIG), name, "cat > /var/tmp/frames.py"], input=FRAMES, text=True, check=True)


def frames(name: str, words: str) -> subprocess.Popen[str]:
    """Start frames.py where somebody is."""
    command = f"python3 -I /var/tmp/frames.py {words}"
    return background("switch", f"ip netns exec {name} {command}") if name in INSIDE else background(name, command)


def ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    assert process.stdout.readline() == "ready\n"


@contextlib.contextmanager
def heard(names: Any, mark: str, seconds: float) -> Iterator[dict[str, dict[tuple[str, int], int]]]:
    """What everybody has heard, after the block."""
    found: dict[str, dict[tuple[str, int], int]] = {}
    ears = {name: frames(name, f"hear {seconds} {mark}") for name in names}
    for process in ears.values():
        ready(process)
    yield found
    for name, process in ears.items():
        found[name] = {(payload, tag): copies for payload, tag, copies in json.loads(process.communicate(timeout=60)[0])}


def mark() -> str:
    return f"m{next(_marks)}x{time.monotonic_ns()}"


def everybody_speaks() -> tuple[set[tuple[str, int, str, int]], set[tuple[str, int, str, int]]]:
    """One broadcast from each port in each VLAN: who heard whom, and who should have; (speaker, tag, hearer, tag)."""
    sign = mark()
    tags = {name: sorted({0, 2, 3, 6, 100} if port in TAGGED else {0, 2, 3, 6}) for name, port in PORTS.items()}
    with heard(PORTS, sign, 8) as found:
        for process in [frames(name, f"send {sign} {name} {' '.join(map(str, tags[name]))}") for name in PORTS]:
            assert process.wait(30) == 0
    seen = {(payload.split()[1], int(payload.split()[2]), name, tag) for name, lines in found.items() for payload, tag in lines}
    wanted = set()
    for speaker, port in PORTS.items():
        for tag in tags[speaker]:
            vlan = (tag if tag in TAGGED.get(port, ()) else None) if tag else UNTAGGED.get(port, LAN)
            for hearer, other in PORTS.items():
                if vlan and hearer != speaker:
                    if vlan in TAGGED.get(other, ()):
                        wanted.add((speaker, tag, hearer, vlan))
                    elif vlan == UNTAGGED.get(other, LAN):
                        wanted.add((speaker, tag, hearer, 0))
    return seen, wanted


def ask(switch: Host, **question: Any) -> Any:
    """The switch's own answer, by its control socket."""
    return json.loads(switch.check_output("switch %s", json.dumps(question)))


def running(switch: Host) -> str:
    return ask(switch, running=True)["running"]


def saved(switch: Host) -> str | None:
    return ask(switch, startup=True)["startup"]


def lines(switch: Host) -> list[str]:
    """What the switch was told since the last look, without the lines of each log-in."""
    told = ask(switch, transcript=True)["transcript"]
    ask(switch, clear=True)
    return [line for line in told if not line.startswith("terminal ")]


def converge(**variables: Any) -> tuple[int, str, dict[str, Any]]:
    return play(str(FOLDER / "converge.yml"), "--extra-vars", json.dumps(variables))


HOME = yaml.safe_load((ROOT / "playbooks/home/group_vars/all.yml").read_text(encoding="utf-8"))["home_switch_ports"]


def test_each_frame_goes_where_it_belongs(switch):
    """From factory default, in one run: every port, every VLAN, with and without tag."""
    seen, wanted = everybody_speaks()
    assert seen == wanted, (seen - wanted, wanted - seen)
    assert saved(switch) == running(switch)


def test_a_second_run_asks_and_says_nothing(switch):
    lines(switch)
    start = time.monotonic()
    code, out, stats = converge()
    seconds = time.monotonic() - start
    assert code == 0, out
    assert stats["switch"]["changed"] == 0
    told = lines(switch)
    assert told and all(line.startswith("show ") for line in told), told
    print(f"a run that changes nothing took {seconds:.1f} s")
    assert seconds < 10


def floods(names: tuple[str, ...]) -> dict[str, int]:
    """How many datagrams of a channel everybody gets that the router sends into the LAN."""
    sign = mark()
    with heard(names, sign, 4) as found:
        assert frames("router", f"stream {GROUP} {LAN} 200 {sign}").wait(30) == 0
    return {name: sum(heard.values()) for name, heard in found.items()}


def test_television_flows_to_those_who_watch(switch, eventually):
    """With snooping, and without the filter everybody gets it; the role puts it back."""
    names = ("stb", "stb2", "pc")
    member = frames("stb", f"join {GROUP} 300")
    try:
        ready(member)
        eventually(
            # The bridge goes by what it hears only once a router has asked.
            lambda: frames("router", f"query {LAN}").wait(10) == 0 and (counts := floods(names))["stb"] > 150 and counts["pc"] == counts["stb2"] == 0,
            60, "silence at the other ports",
        )  # fmt: skip
        ask(switch, lines=["no bridge multicast filtering"])
        counts = floods(names)
        assert min(counts.values()) > 150, counts
        code, out, stats = converge()
        assert (code, stats["switch"]["changed"] > 0) == (0, True), out
        assert "bridge multicast filtering" in lines(switch)
        eventually(
            lambda: frames("router", f"query {LAN}").wait(10) == 0 and (counts := floods(names))["stb"] > 150 and counts["pc"] == counts["stb2"] == 0,
            60, "silence at the other ports",
        )  # fmt: skip
    finally:
        member.terminate()


def test_a_mirror_shows_what_passes_the_fibre(switch):
    """The port that listens hears the tagged frames of the ONT's port, and belongs to the LAN again afterwards."""

    def passes() -> set[int]:
        sign = mark()
        with heard(["probe"], sign, 4) as found:
            assert frames("isp", f"send {sign} isp 6").wait(30) == 0
        return {tag for _payload, tag in found["probe"]}

    assert passes() == set()
    code, out, _stats = converge(cisco_switch_mirror=["gi1"])
    assert code == 0, out
    assert passes() == {6}
    code, out, _stats = converge()
    assert code == 0, out
    seen, wanted = everybody_speaks()
    assert seen == wanted, (seen - wanted, wanted - seen)


def own_port(use: str) -> list[dict[str, str]]:
    """The home, with another use for the port of the laptop."""
    return [{**entry, "use": use} if entry["port"] == "gi10" else entry for entry in HOME]


def test_nobody_locks_himself_out(switch):
    """Refused before a line is sent, with the cure; and real, when it is allowed. Off and on again is the way back."""
    before, kept = running(switch), saved(switch)
    lines(switch)
    code, out, _stats = converge(home_switch_ports=own_port("lan"))
    assert code != 0
    assert "gi10, at which its manager comes in, would leave VLAN 1" in out.replace("\n", " ")
    assert "allow_management_change" in out
    assert all(line.startswith("show ") for line in lines(switch))
    assert running(switch) == before

    code, out, _stats = converge(home_switch_ports=own_port("lan"), cisco_switch_allow_management_change=True)
    assert code != 0
    assert "Nothing was saved: a power-cycle brings the saved configuration back" in out.replace("\n", " "), out
    assert running(switch) != before
    # It is not saved, since nobody has come back.
    assert saved(switch) == kept
    lab("reboot", "switch")
    assert running(switch) == before
    code, out, stats = converge()
    assert (code, stats["switch"]["changed"]) == (0, 0), out


def test_what_is_not_saved_goes_with_the_power(switch):
    described = [{**entry, "description": "somewhere else"} if entry["port"] == "gi3" else entry for entry in HOME]
    before = running(switch)
    code, out, _stats = converge(home_switch_ports=described, cisco_switch_save=False)
    assert code == 0, out
    assert "somewhere else" in running(switch)
    # An interrupted run is made good by the next: nothing to set, and yet something to save.
    code, out, stats = converge(home_switch_ports=described)
    assert (code, stats["switch"]["changed"] > 0) == (0, True), out
    assert saved(switch) == running(switch)
    code, out, _stats = converge(cisco_switch_save=False)
    assert code == 0, out
    assert running(switch) == before
    lab("reboot", "switch")
    assert "somewhere else" in running(switch)
    code, out, _stats = converge()
    assert code == 0, out
    assert saved(switch) == before


def test_faults_while_it_is_set(switch):
    """A line is refused in mid-run: told with what was sent and what was not, and nothing is saved."""
    described = [{**entry, "description": "fault"} if entry["port"] == "gi3" else entry for entry in HOME]
    kept = saved(switch)
    ask(switch, fault={"database_locked": 10})
    code, out, _stats = converge(home_switch_ports=described)
    assert code != 0
    assert "somebody else is writing the configuration" in out.replace("\n", " "), out
    assert saved(switch) == kept
    ask(switch, fault={"database_locked": 0, "failing_save": True})
    code, out, _stats = converge(home_switch_ports=described)
    assert code != 0
    assert "did not save" in out.replace("\n", " "), out
    assert saved(switch) == kept
    # Now and then a log line comes between, and another session is done in time.
    ask(switch, fault={"failing_save": False, "log_lines": 3, "database_locked": 1, "split_output": True, "erase_line": True})
    code, out, _stats = converge(home_switch_ports=described)
    assert code == 0, out
    assert saved(switch) == running(switch)
    ask(switch, fault={"split_output": False, "erase_line": False})
    code, out, _stats = converge()
    assert code == 0, out


def test_who_has_no_command_line_gets_paper(switch, tmp_path):
    """Asked for, or because nobody answers; the play goes on, and what is on the paper is what the role sets."""
    for number, stopped in enumerate((False, True)):
        paper = tmp_path / f"{number}.html"
        variables = {"cisco_switch_worksheet": str(paper)}
        if stopped:
            switch.check_output("systemctl stop switch")
        try:
            code, out, _stats = converge(**variables, **({} if stopped else {"cisco_switch_transport": "worksheet"}))
        finally:
            switch.check_output("systemctl start switch")
        assert code == 0, out
        assert "NOTHING HAS BEEN SET ON THE SWITCH" in out
        text = paper.read_text(encoding="utf-8")
        assert "<td>Trunk</td><td>none</td><td>2, 3, 6</td>" in text
        assert "<td>Trunk</td><td>1</td><td>2, 3, 6, 100</td>" in text
        assert text.count("<td>Access</td><td>100</td>") == 6
    code, out, stats = converge()
    assert (code, stats["switch"]["changed"]) == (0, 0), out


def test_a_wrong_password_is_told_and_not_shown(switch):
    before = running(switch)
    code, out, _stats = converge(ansible_password="not-the-password")
    assert code != 0
    assert "did not let us in" in out.replace("\n", " "), out
    assert "not-the-password" not in out
    assert running(switch) == before


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"home_switch_ports": [*HOME, {"port": "gi44", "use": "lan"}]}, "home_switch_ports names gi44, which the switch does not have"),
        ({"cisco_switch_mirror": ["gi77"]}, "cisco_switch_mirror names gi77, which the switch does not have"),
        ({"home_switch_ports": HOME[:1]}, "without a port for the router"),
        ({"home_switch_ports": [*HOME, {"port": "gi1", "use": "lan"}]}, "give each port once"),
        ({"cisco_switch_lan_vlan": 5000}, "5000"),
        ({"cisco_switch_multicast_mode": "ip"}, "cisco_switch_multicast_mode"),
    ],
)
def test_what_does_not_fit_is_told_before_a_line_is_sent(switch, variables, words):
    lines(switch)
    code, out, _stats = converge(**variables)
    assert code != 0
    assert words in out.replace("\n", " "), out
    assert all(line.startswith("show ") for line in lines(switch))


def test_newer_firmware(switch, eventually):
    """The other grammar: from its factory default, in one run, and then nothing more."""
    unit = "/etc/systemd/system/switch.service"
    switch.check_output(f"sed -i 's/--dialect ros1/--dialect ros2/' {unit} && systemctl daemon-reload && rm -f /var/lib/switch/startup-config")
    try:
        switch.check_output("systemctl restart switch")
        code, out, _stats = converge()
        assert code == 0, out
        seen, wanted = everybody_speaks()
        assert seen == wanted, (seen - wanted, wanted - seen)
        assert saved(switch) == running(switch)
        lines(switch)
        code, out, stats = converge()
        assert (code, stats["switch"]["changed"]) == (0, 0), out
        assert all(line.startswith("show ") for line in lines(switch))
    finally:
        switch.check_output(f"sed -i 's/--dialect ros2/--dialect ros1/' {unit} && systemctl daemon-reload && rm -f /var/lib/switch/startup-config")
        switch.check_output("systemctl restart switch")
