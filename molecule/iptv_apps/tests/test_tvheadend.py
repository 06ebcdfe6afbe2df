# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TVheadend: the channels in it, an administrator from the first moment, and nobody but the LAN who reaches it.

Which program runs is told by the first test: TVheadend itself where HOMEROUTER_TVHEADEND_PACKAGE names it, else the lab's stand-in.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from house import converge, refused
from testinfra.host import Host

URL = "http://192.168.1.1:9981"
UNIT = "homerouter-tvheadend"
USER, PASSWORD, OTHER = "admin", "taeK0ohxoo-4", "Eithi9-ohquei"
ONLY = {"lab_roles": ["iptv_apps"]}
STATE = "/var/lib/homerouter-tvheadend"
PROGRAM = "/usr/bin/tvheadend" if os.environ.get("HOMEROUTER_TVHEADEND_PACKAGE", "").endswith(".deb") else "/usr/local/bin/tvheadend"
LISTED = [
    {"number": 1, "name": "La 1", "group": "239.0.0.76", "genre": "TDT"},
    {"number": 2, "name": "La 2", "group": "239.0.0.2", "genre": "TDT"},
]


def code(pc: Host, path: str = "/api/mpegts/network/grid", account: str = "", url: str = URL) -> str:
    """What the web server answers a PC that posts something."""
    login = f"--digest --user {account}" if account else ""
    return pc.run(f"curl --silent --max-time 5 --output /dev/null --write-out '%{{http_code}}' --data limit=1 {login} {url}{path}").stdout


def grid(pc: Host, path: str) -> list[dict[str, Any]]:
    """A list of TVheadend's, as its administrator sees it on a PC."""
    answer = pc.check_output(f"curl --silent --fail --max-time 5 --digest --user {USER}:{PASSWORD} --data limit=999 {URL}/api/{path}/grid")
    return json.loads(answer)["entries"]


def call(pc: Host, path: str, **arguments: Any) -> None:
    """One call of its API from a PC."""
    words = " ".join(f"--data-urlencode '{name}={value if isinstance(value, str) else json.dumps(value)}'" for name, value in arguments.items())
    pc.check_output(f"curl --silent --fail --max-time 5 --digest --user {USER}:{PASSWORD} {words} {URL}/api/{path}")


def pid(router: Host) -> str:
    return router.check_output(f"systemctl show --property=MainPID --value {UNIT}")


def test_which_tvheadend_runs(router, capsys):
    banner = router.check_output(f"{PROGRAM} --version")
    real = bool(os.environ.get("HOMEROUTER_TVHEADEND_PACKAGE"))
    assert ("stand-in" in banner) is not real
    with capsys.disabled():
        print(f"\n  television is served by {'TVheadend itself' if real else 'the stand-in of the lab, not TVheadend'}: {banner}")


def test_channels_are_there(pc):
    """All but the one with DRM, by the interface on which they come."""
    (network,) = grid(pc, "mpegts/network")
    assert (network["networkname"], network["max_streams"]) == ("Television", 3)
    muxes = sorted(grid(pc, "mpegts/mux"), key=lambda mux: mux["channel_number"])
    assert [(mux["channel_number"], mux["iptv_muxname"], mux["iptv_url"]) for mux in muxes] == [
        (1, "La 1", "rtp://239.0.0.76:8208"), (2, "La 2", "rtp://239.0.0.2:8208"), (86, "HD 86", "rtp://239.0.5.86:8208"),
    ]  # fmt: skip
    assert {mux["iptv_interface"] for mux in muxes} == {"vlan2"}


def test_nobody_gets_in_without_the_password(pc, router):
    assert code(pc) == "401"
    assert code(pc, account=f"{USER}:{OTHER}") in ("401", "403")
    assert code(pc, account=f"{USER}:{PASSWORD}") == "200"
    assert grid(pc, "access/entry") == []
    # Without an administrator it is shut, and with the option for that it is open, so that the test would see it.
    router.check_output("install -d -o nobody /tmp/tvh /tmp/tvh-open")
    for folder, option, answer in (("/tmp/tvh", "", "401"), ("/tmp/tvh-open", "--firstrun", "200")):
        router.check_output(
            f"systemd-run --quiet --collect --unit=bare --property=User=nobody {PROGRAM} --config {folder} --bindaddr 192.168.1.1 "
            f"--http_port 9991 --htsp_port 9992 --nosyslog {option}; timeout 20 sh -c 'until ss -tln | grep -q :9992; do sleep 0.2; done'"
        )
        try:
            assert code(pc, url="http://192.168.1.1:9991") == answer, option
        finally:
            router.check_output(f"systemctl stop bare; rm -rf {folder}")


def test_list_that_changes_is_followed_and_what_is_somebody_elses_stays(pc, router):
    (network,) = grid(pc, "mpegts/network")
    call(pc, "mpegts/network/mux_create", uuid=network["uuid"], conf={"iptv_url": "rtp://239.0.9.9:8208", "iptv_muxname": "by hand"})
    before = pid(router)
    try:
        changes = {"iptv_apps_tvheadend_max_streams": 2, "iptv_apps_tvheadend_network": "TV"}
        done, out, _stats = converge(**ONLY, **changes, home_iptv_channels=[{**LISTED[0], "name": "La Una"}])
        assert done == 0, out
        assert sorted(mux["iptv_muxname"] for mux in grid(pc, "mpegts/mux")) == ["La Una", "by hand"]
        (after,) = grid(pc, "mpegts/network")
        assert (after["uuid"], after["networkname"], after["max_streams"]) == (network["uuid"], "TV", 2)
        # Nothing of that needs another start.
        assert pid(router) == before
    finally:
        call(pc, "idnode/delete", uuid=[mux["uuid"] for mux in grid(pc, "mpegts/mux") if mux["iptv_muxname"] == "by hand"])
        done, out, _stats = converge(**ONLY)
    assert done == 0, out
    test_channels_are_there(pc)


# Where words can be found that it reads: in files that anybody may read, in the journal, in the words and variables of programs.
SEEK = r"""
import glob, os, stat, subprocess, sys
words = sys.stdin.buffer.read().split()

def told(where, text):
    for number, word in enumerate(words):
        if word in text:
            print(number, where)

for top in ("/etc", "/run", "/tmp", "/usr/local", "/var"):
    for folder, names, files in os.walk(top):
        names[:] = [name for name in names if os.lstat(os.path.join(folder, name)).st_mode & 0o001]
        for path in (os.path.join(folder, name) for name in files):
            info = os.lstat(path)
            if stat.S_ISREG(info.st_mode) and info.st_mode & 0o004:
                told(path, open(path, "rb").read())
told("journal", subprocess.run(["journalctl", "--no-pager", "--output=export"], capture_output=True).stdout)
for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ"):
    try:
        told(path.rpartition("/")[2], open(path, "rb").read())
    except OSError:
        pass
"""


def shown(router: Host, *words: str) -> list[str]:
    """Where on the router the words can be read. They go there in a form that is not found."""
    router.check_output(f"cat > /root/seek.py <<'X'\n{SEEK}\nX")
    coded = base64.b64encode("\n".join(words).encode()).decode()
    return router.check_output(f"echo {coded} | base64 --decode | python3 /root/seek.py").splitlines()


def test_password_is_followed_and_shown_to_nobody(pc, router):
    channels = len(grid(pc, "mpegts/mux"))
    before = pid(router)
    try:
        done, out, _stats = converge(**ONLY, iptv_apps_tvheadend_password=OTHER)
        assert done == 0, out
        assert pid(router) != before
        assert code(pc, account=f"{USER}:{OTHER}") == "200" and code(pc, account=f"{USER}:{PASSWORD}") in ("401", "403")
        assert shown(router, PASSWORD, OTHER) == [] and OTHER not in out and PASSWORD not in out
    finally:
        done, out, _stats = converge(**ONLY)
    assert done == 0, out
    assert code(pc, account=f"{USER}:{PASSWORD}") == "200" and len(grid(pc, "mpegts/mux")) == channels
    # The search does find what it looks for.
    router.check_output("umask 022; echo Shown-to-all > /tmp/x; systemd-run --quiet --collect --unit=says sh -c 'sleep 60; true' Shown-to-all")
    try:
        assert {line.split()[1] for line in shown(router, "Shown-to-all")} >= {"/tmp/x", "cmdline", "journal"}
    finally:
        router.check_output("rm /tmp/x; systemctl stop says")


def test_files_are_roots_and_the_services_own(router):
    superuser = router.file("/etc/homerouter/tvheadend-superuser.json")
    assert (superuser.mode, superuser.user) == (0o600, "root")
    assert router.check_output(f"stat -L -c '%a' {STATE}") == "700"
    assert router.check_output(f"stat -L -c '%a' {STATE}/superuser") == "600"


def scan(isp: Host, target: str) -> str:
    """What the ISP's side sees of TVheadend."""
    seen = isp.check_output(f"nmap -n -Pn --max-retries 1 -p 9981,9982 -oG - {target} 2>&1")
    assert "(1 host up)" in seen, seen
    return seen


@pytest.fixture
def uplinks(router) -> Iterator[dict[str, str]]:
    """The router's addresses towards the ISP. The one for voice comes by DHCP where a home has voice; here it is given."""
    router.check_output("ip address replace 10.25.192.50/19 dev vlan3")
    names = ("ppp0", "vlan2", "vlan3")
    yield {name: router.check_output(f"ip -4 -oneline address show dev {name} | awk '{{ print $4 }}' | cut -d/ -f1").splitlines()[0] for name in names}
    router.check_output("ip address delete 10.25.192.50/19 dev vlan3")


@contextlib.contextmanager
def route_to_the_lan(isp: Host, gateway: str, interface: str) -> Iterator[None]:
    """The ISP's side knows the way to the LAN's address, as somebody there could make it."""
    isp.check_output(f"ip route replace 192.168.1.1/32 via {gateway} dev {interface}")
    try:
        yield
    finally:
        isp.check_output("ip route delete 192.168.1.1/32")


def test_no_uplink_reaches_it(isp, pc, router, uplinks, eventually):
    for port in (9981, 9982):
        pc.check_output(f"nc -z -w 3 192.168.1.1 {port}")
    for target in uplinks.values():
        assert scan(isp, target).count("/filtered/") == 2, target
    for name in ("vlan2", "vlan3"):
        with route_to_the_lan(isp, uplinks[name], name):
            assert scan(isp, "192.168.1.1").count("/filtered/") == 2, name
    with route_to_the_lan(isp, uplinks["vlan2"], "vlan2"):
        # Without the firewall it listens on the LAN's address alone, and takes nobody but the LAN there; without that, too, it is open.
        router.check_output("nft delete table inet homerouter")
        try:
            for target in uplinks.values():
                assert scan(isp, target).count("/closed/") == 2, target
            assert scan(isp, "192.168.1.1").count("/filtered/") == 2
            router.check_output(f"systemctl set-property --runtime {UNIT}.service IPAddressAllow=any")
            assert scan(isp, "192.168.1.1").count("/open/") == 2
        finally:
            router.check_output("nft --file /etc/homerouter/firewall.nft")
            router.check_output(f"rm -rf /run/systemd/system.control; systemctl daemon-reload; systemctl restart {UNIT}")
    eventually(lambda: code(pc, account=f"{USER}:{PASSWORD}") == "200", 30, "TVheadend, which was started anew")


def test_unit_is_shut_in(router, record_property):
    words = router.check_output(f"systemd-analyze security --no-pager {UNIT}.service").splitlines()[-1]
    exposure = float(re.findall(r"(\d+\.\d) ", words)[-1])
    record_property("TVheadend, exposure", exposure)
    assert exposure <= 2.5, words
    child = router.check_output(f"pgrep -P {pid(router)}").splitlines()[0]
    status = router.check_output(f"cat /proc/{child}/status")
    assert not re.search(r"^Uid:\s+0\b", status, re.MULTILINE) and re.search(r"^CapEff:\s+0+$", status, re.MULTILINE)
    inside = f"nsenter --mount --target {child} --setuid $(awk '/^Uid:/ {{print $2}}' /proc/{child}/status)"
    assert router.run(f"{inside} touch /etc/x /var/lib/homerouter-playlists/x").rc != 0
    assert router.run(f"{inside} cat /etc/homerouter/tvheadend-superuser.json").rc != 0
    # It can where it should.
    router.check_output(f"{inside} sh -c 'touch {STATE}/x && rm {STATE}/x'")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"iptv_apps_tvheadend_password": ""}, "iptv_apps_tvheadend_password is empty"),
        ({"iptv_apps_tvheadend_program": "/usr/bin/none"}, "iptv_apps_tvheadend_program is /usr/bin/none, which this host does not have"),
        ({"iptv_apps_tvheadend_program": "/usr/bin/busybox"}, "does not say that it is TVheadend"),
    ],
)
def test_plan_that_makes_no_sense_is_refused_before_any_change(router, variables, words):
    assert words in " ".join(refused(router, **ONLY, **variables).split())


def test_without_it_nothing_of_it_runs(pc, router):
    """And it is back with all that it had."""
    (network,) = grid(pc, "mpegts/network")
    try:
        done, out, _stats = converge(**ONLY, iptv_apps_tvheadend=False)
        assert done == 0, out
        assert router.run(f"systemctl is-active {UNIT}").rc != 0 and pc.run("nc -z -w 3 192.168.1.1 9981").rc != 0
        assert not router.file("/etc/homerouter/tvheadend-superuser.json").exists
        done, out, stats = converge(**ONLY, iptv_apps_tvheadend=False)
        assert done == 0 and stats["router"]["changed"] == 0, out
        assert "Give TVheadend" not in out or "skipping" in out
    finally:
        done, out, _stats = converge(**ONLY)
    assert done == 0, out
    assert grid(pc, "mpegts/network")[0]["uuid"] == network["uuid"]
