# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The channels in TVheadend, which is the lab's stand-in here: Debian has no package of the real one. HOMEROUTER_TVHEADEND names another program."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.modules import tvheadend_iptv

PASSWORD = "aequah2fohNg"
STAND_IN = [sys.executable, str(Path(__file__).parents[4] / "lab" / "tvheadend" / "server.py")]
PROGRAM = [os.environ["HOMEROUTER_TVHEADEND"]] if os.environ.get("HOMEROUTER_TVHEADEND") else STAND_IN
ONE = {"number": 1, "name": "La 1", "group": "239.0.0.76", "genre": "TDT", "logo": "http://example.net/1.png", "tvg_id": "LA1.es"}
TWO = {"number": 2, "name": "Ñ & <2>", "group": "239.0.0.2", "transport": "udp", "port": 8210}
DRM = {"number": 129, "name": "HD 129", "group": "239.0.9.129", "encrypted": True}


def free_ports() -> tuple[int, int]:
    """Two ports that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]


class House:
    """A running TVheadend."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        http_port, htsp_port = free_ports()
        self.url = f"http://127.0.0.1:{http_port}"
        words = ["--config", str(folder), "--bindaddr", "127.0.0.1", "--http_port", str(http_port), "--htsp_port", str(htsp_port), "--nosyslog"]
        self.process = subprocess.Popen([*PROGRAM, *words, *options])
        self.api = tvheadend_iptv.Api({"url": self.url, "user": "admin", "password": PASSWORD})

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(20)

    def set(self, *listed: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """The module in a process of its own."""
        return run({"url": self.url, "user": "admin", "password": PASSWORD, "interface": "lo", "channels": list(listed), **changes})

    def muxes(self) -> list[dict[str, Any]]:
        """Its muxes by their numbers."""
        return sorted(self.api.grid("mpegts/mux"), key=lambda mux: (mux["channel_number"], mux["iptv_url"]))

    def network(self, name: str = "Television") -> dict[str, Any]:
        """A network."""
        return next(one for one in self.api.grid("mpegts/network") if one["networkname"] == name)


def run(arguments: dict[str, Any]) -> dict[str, Any]:
    """What the module answers; the password must not be in it."""
    check = arguments.pop("check", False)
    given = {**arguments, "_ansible_check_mode": check, "_ansible_diff": True}
    done = subprocess.run(
        [sys.executable, "-m", tvheadend_iptv.__name__], input=json.dumps({"ANSIBLE_MODULE_ARGS": given}), capture_output=True, text=True,
        check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert done.stdout, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@contextlib.contextmanager
def running(folder: Path, *options: str, superuser: bool = True) -> Iterator[House]:
    """TVheadend with its administrator, as the role starts it."""
    if superuser:
        (folder / "superuser").write_text(json.dumps({"username": "admin", "password": PASSWORD}), encoding="utf-8")
    one = House(folder, *options)
    try:
        tvheadend_iptv.greeting(one.api, 20) if superuser else None
        yield one
    finally:
        one.stop()


@pytest.fixture
def house(tmp_path) -> Iterator[House]:
    """One that is fresh."""
    with running(tmp_path) as one:
        yield one


def test_channels_become_a_network_once(house):
    before = house.set(ONE, TWO, DRM, check=True)
    assert before["changed"] and before["muxes"] == {"made": 2, "changed": 0, "removed": 0} and house.api.grid("mpegts/network") == []
    first = house.set(ONE, TWO, DRM)
    assert first["changed"] and first["muxes"]["made"] == 2 and first["kept"] == [] and first["anybody"] == []
    assert before["diff"] == first["diff"] and first["diff"]["before"] == "" and "La 1" in first["diff"]["after"]
    network = house.network()
    assert (network["max_streams"], network["scan_create"], network["skipinitscan"], network["idlescan"]) == (3, True, True, False)
    one, two = house.muxes()
    assert (one["iptv_url"], one["iptv_interface"], one["iptv_muxname"], one["iptv_sname"]) == ("rtp://239.0.0.76:8208", "lo", "La 1", "La 1")
    assert (one["channel_number"], one["enabled"], one["iptv_tags"], one["iptv_epgid"]) == (1, 1, "TDT", "LA1.es")
    assert (two["iptv_url"], two["iptv_muxname"], two["channel_number"]) == ("udp://239.0.0.2:8210", "Ñ & <2>", 2)
    for _time in range(2):
        again = house.set(ONE, TWO, DRM)
        assert not again["changed"] and again["diff"]["before"] == again["diff"]["after"] == first["diff"]["after"]
    assert len(house.muxes()) == 2
    assert house.set(ONE, TWO, DRM, encrypted=True)["muxes"]["made"] == 1


def test_what_was_set_outlives_a_restart(tmp_path):
    with running(tmp_path) as one:
        one.set(ONE, TWO)
    with running(tmp_path) as one:
        assert not one.set(ONE, TWO)["changed"] and len(one.muxes()) == 2


def test_more_channels_than_a_list_shows_at_once(house):
    listed = [{"number": number, "name": f"Channel {number}", "group": f"239.0.1.{number}"} for number in range(1, 121)]
    assert house.set(*listed)["muxes"]["made"] == 120
    assert not house.set(*listed)["changed"] and len(house.muxes()) == 120


@pytest.mark.parametrize(
    ("after", "muxes", "kept"),
    [
        ({**ONE, "name": "La Uno"}, {"made": 0, "changed": 1, "removed": 0}, True),
        ({**ONE, "number": 101}, {"made": 0, "changed": 1, "removed": 0}, True),
        ({**ONE, "group": "239.0.3.185"}, {"made": 0, "changed": 1, "removed": 0}, True),
        ({**ONE, "genre": "", "logo": "", "tvg_id": ""}, {"made": 0, "changed": 1, "removed": 0}, True),
        ({**ONE, "number": 7, "group": "239.0.3.7"}, {"made": 1, "changed": 0, "removed": 1}, False),
    ],
)
def test_channel_that_changes_keeps_its_mux(house, after, muxes, kept):
    house.set(ONE, TWO)
    before = {mux["uuid"] for mux in house.muxes()}
    answer = house.set(after, TWO)
    assert answer["changed"] and answer["muxes"] == muxes
    assert answer["diff"]["before"] != answer["diff"]["after"]
    assert ({mux["uuid"] for mux in house.muxes()} == before) is kept
    assert not house.set(after, TWO)["changed"]


def test_channels_that_change_places(house):
    house.set(ONE, TWO)
    swapped = [{**ONE, "number": 2}, {**TWO, "number": 1}]
    assert house.set(*swapped)["muxes"] == {"made": 0, "changed": 2, "removed": 0}
    assert [mux["iptv_url"] for mux in house.muxes()] == ["udp://239.0.0.2:8210", "rtp://239.0.0.76:8208"]
    assert not house.set(*swapped)["changed"]


def test_channel_that_goes_takes_its_mux_along(house):
    house.set(ONE, TWO)
    assert house.set(TWO, check=True)["muxes"]["removed"] == 1 and len(house.muxes()) == 2
    assert house.set(TWO)["muxes"]["removed"] == 1
    assert [mux["channel_number"] for mux in house.muxes()] == [2]


def test_what_somebody_changes_is_put_right(house):
    house.set(ONE, TWO)
    house.api.call("idnode/save", node={"uuid": house.muxes()[0]["uuid"], "enabled": 0, "iptv_interface": "eth0"})
    house.api.call("idnode/save", node=[{"uuid": house.network()["uuid"], "max_streams": 0, "idlescan": True}])
    answer = house.set(ONE, TWO)
    assert answer["changed"] and answer["muxes"] == {"made": 0, "changed": 1, "removed": 0}
    assert house.network()["max_streams"] == 3 and house.network()["idlescan"] is False and house.muxes()[0]["enabled"] == 1
    assert house.set(ONE, TWO, max_streams=5)["changed"] and house.network()["max_streams"] == 5


def test_what_is_somebody_elses_stays(house):
    """Muxes of his in this network, another network, and his settings of a mux that is managed."""
    house.api.call("mpegts/network/create", **{"class": "iptv_network", "conf": {"networkname": "Mine", "max_streams": 9}})
    mine = house.network("Mine")["uuid"]
    house.api.call("mpegts/network/mux_create", uuid=mine, conf={"iptv_url": "rtp://239.0.0.76:8208", "iptv_muxname": "mine"})
    house.set(ONE)
    network = house.network()["uuid"]
    house.api.call("mpegts/network/mux_create", uuid=network, conf={"iptv_url": "rtp://239.0.0.2:8208", "iptv_muxname": "by hand", "channel_number": "1"})
    house.api.call("idnode/save", node={"uuid": next(mux for mux in house.muxes() if mux["iptv_muxname"] == "La 1")["uuid"], "epg": 0, "priority": 4})
    before = [mux for mux in house.muxes() if mux["iptv_muxname"] in ("mine", "by hand")]
    answer = house.set({**ONE, "name": "La Una"}, {"number": 2, "name": "La 2", "group": "239.0.0.2"})
    assert answer["kept"] == ["rtp://239.0.0.2:8208"] and answer["muxes"] == {"made": 0, "changed": 1, "removed": 0}
    managed = next(mux for mux in house.muxes() if mux["iptv_muxname"] == "La Una")
    assert (managed["epg"], managed["priority"]) == (0, 4)
    assert house.set(TWO)["muxes"] == {"made": 1, "changed": 0, "removed": 1}
    assert [mux for mux in house.muxes() if mux["iptv_muxname"] in ("mine", "by hand")] == before
    assert house.network("Mine")["max_streams"] == 9


def test_names_that_are_taken_are_told(house):
    house.api.call("mpegts/network/create", **{"class": "iptv_auto_network", "conf": {"networkname": "Television", "url": "http://example.net/tv.m3u"}})
    assert "is no plain IPTV network" in house.set(ONE)["msg"]
    for _time in range(2):
        house.api.call("mpegts/network/create", **{"class": "iptv_network", "conf": {"networkname": "Twice"}})
    assert "there are 2 networks that are called Twice" in house.set(ONE, network="Twice")["msg"]
    assert house.muxes() == []


def test_network_gets_another_name_and_keeps_its_muxes(house):
    house.set(ONE, TWO)
    before = (house.network()["uuid"], [mux["uuid"] for mux in house.muxes()])
    for check in (True, False):
        answer = house.set(ONE, TWO, network="TV", check=check)
        assert answer["changed"] and answer["muxes"] == {"made": 0, "changed": 0, "removed": 0}
        assert "networkname Television" in answer["diff"]["before"] and "networkname TV" in answer["diff"]["after"]
    assert (house.network("TV")["uuid"], [mux["uuid"] for mux in house.muxes()]) == before and len(house.api.grid("mpegts/network")) == 1
    assert not house.set(ONE, TWO, network="TV")["changed"]


def test_channels_move_to_a_network_that_is_there(house):
    house.set(ONE, TWO)
    house.api.call("mpegts/network/create", **{"class": "iptv_network", "conf": {"networkname": "Mine"}})
    answer = house.set(ONE, TWO, network="Mine")
    assert answer["muxes"] == {"made": 2, "changed": 0, "removed": 2} and "network Television" in answer["diff"]["before"]
    assert {mux["network"] for mux in house.muxes()} == {"Mine"} and len(house.muxes()) == 2
    assert not house.set(ONE, TWO, network="Mine")["changed"]


@pytest.mark.parametrize("account", [{"password": "aequah2fohNG"}, {"user": "root"}, {"user": "admin", "password": ""}])
def test_wrong_account_is_told_and_changes_nothing(house, account):
    answer = house.set(ONE, **account)
    assert answer["failed"] and "refuses user" in answer["msg"] and "iptv_apps_tvheadend_password" in answer["msg"]
    assert house.api.grid("mpegts/network") == []


def curl(url: str, *words: str) -> str:
    """The code that another client gets."""
    done = subprocess.run(
        ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--data", "x=1", *words, url], capture_output=True, text=True, check=False
    )
    return done.stdout


def test_login_is_by_digest_alone_as_another_client_sees_it(house):
    call = f"{house.url}/api/mpegts/network/grid"
    assert curl(call) == "401"
    assert curl(call, "--digest", "--user", f"admin:{PASSWORD}") == "200"
    assert curl(call, "--digest", "--user", "admin:wrong") == "403"
    assert curl(call, "--basic", "--user", f"admin:{PASSWORD}") == "401"


@pytest.mark.parametrize("option", ["--noacl", "--firstrun"])
def test_tvheadend_that_is_open_is_refused(tmp_path, option):
    """And it is open with these options, so that the role must not have them."""
    with running(tmp_path, option) as one:
        assert curl(f"{one.url}/api/mpegts/network/grid") == "200"
        answer = one.set(ONE)
        assert answer["failed"] and "lets anybody administer it" in answer["msg"]
        assert one.api.grid("mpegts/network") == []


def test_entry_for_anybody_that_is_no_administrator_is_named(house):
    house.api.call("access/entry/create", conf={"username": "*", "webui": True, "streaming": True, "comment": "the living room"})
    assert house.set(ONE)["anybody"] == ["the living room"]


def test_without_a_superuser_nobody_gets_in(tmp_path):
    with running(tmp_path, superuser=False) as one:
        answer = one.set(ONE)
        assert "refuses user" in answer["msg"]


def test_nobody_there_is_told_after_the_wait():
    port = free_ports()[0]
    begin = time.monotonic()
    answer = run({"url": f"http://127.0.0.1:{port}", "user": "admin", "password": PASSWORD, "interface": "lo", "channels": [ONE], "wait": 1})
    assert answer["failed"] and "does not answer" in answer["msg"] and "homerouter-tvheadend" in answer["msg"]
    assert time.monotonic() - begin > 1


class Other(http.server.BaseHTTPRequestHandler):
    """A web server that is not TVheadend."""

    code, body = 200, b"<html>"
    # What it says of its version; as to all else where it says nothing.
    version = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        code, body = (200, self.version) if self.version and self.path == "/api/serverinfo" else (self.code, self.body)
        self.send_response(code)
        self.send_header("WWW-Authenticate", 'Digest realm="x", nonce="1", qop="auth", algorithm=SHA-512-256')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Nothing."""


def asked(**answers: Any) -> dict[str, Any]:
    """What the module says of a server that answers so."""
    server = http.server.HTTPServer(("127.0.0.1", 0), type("Answering", (Other,), answers))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        return run({"url": url, "user": "admin", "password": PASSWORD, "interface": "lo", "channels": [ONE], "wait": 0})
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("code", "body", "words"),
    [
        (200, b"<html>", "no JSON"), (200, b"[]", "does not say which version"), (404, b"", "knows no serverinfo"), (500, b"", "answers serverinfo with 500"),
        (401, b"", "set the digest to MD5"), (302, b"", "answers serverinfo with 302"),
    ],
)  # fmt: skip
def test_another_server_is_told(code, body, words):
    answer = asked(code=code, body=body)
    assert answer["failed"] and words in answer["msg"], answer


@pytest.mark.parametrize(
    ("code", "body", "words"),
    [
        (404, b"", "knows no mpegts/network/grid"), (500, b"", "answers mpegts/network/grid with 500"), (302, b"", "answers mpegts/network/grid with 302"),
        (200, b"<html>", "no JSON"), (200, b"{}", "lets anybody administer it"),
    ],
)  # fmt: skip
def test_only_a_refusal_proves_that_it_is_shut(code, body, words):
    """One of somebody without a name; with the given one, the login that follows is told."""
    assert words in asked(code=code, body=body, version=b'{"sw_version": "4.3"}')["msg"]
    assert "set the digest to MD5" in asked(code=401, version=b'{"sw_version": "4.3"}')["msg"]


def test_list_that_makes_no_sense_is_told_before_anybody_is_asked(house):
    answer = house.set(ONE, {**ONE, "name": "again"})
    assert answer["failed"] and "Nothing has been changed" in answer["msg"]
    answer = house.set(ONE, network="")
    assert answer["failed"] and "Nothing has been changed: network is ''" in answer["msg"]
