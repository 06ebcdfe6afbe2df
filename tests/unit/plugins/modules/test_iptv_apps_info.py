# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a host stands in the way of players; all else of the module runs in the lab."""

from __future__ import annotations

import http.server
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _dlna, _stack
from ansible_collections.homerouter.tripleplay.plugins.modules import iptv_apps_info


def problems(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, missing: list[str], **dlna: str) -> list[str]:
    """What the module says of xupnpd, on a machine with an identifier."""
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n", encoding="utf-8")
    monkeypatch.setattr(_dlna, "MACHINE_ID", str(tmp_path / "machine-id"))
    given = {"provider": "xupnpd", "package": "", "program": str(tmp_path / "xupnpd"), "folder": str(tmp_path), **dlna}
    return iptv_apps_info.dlna_problems(SimpleNamespace(params={"dlna": given}), missing, {})


@pytest.mark.parametrize("missing", [[], ["busybox"]])
@pytest.mark.parametrize("package", ["", "xupnpd"])
def test_xupnpd_that_is_not_there_is_told_whatever_else_is_to_be_installed(monkeypatch, tmp_path, missing, package):
    found = problems(monkeypatch, tmp_path, missing, package=package)
    assert [one.partition(" ")[0] for one in found] == ["iptv_apps_xupnpd_program", "iptv_apps_xupnpd_folder"]


def test_xupnpd_whose_package_is_to_be_installed_is_waited_for(monkeypatch, tmp_path):
    assert problems(monkeypatch, tmp_path, ["busybox", "xupnpd"], package="xupnpd") == []


def test_xupnpd_that_is_there_is_taken(monkeypatch, tmp_path):
    (tmp_path / "xupnpd").touch(0o755)
    (tmp_path / "xupnpd_main.lua").touch()
    assert problems(monkeypatch, tmp_path, []) == []


@pytest.mark.parametrize(("missing", "told"), [(["gerbera"], True), ([], False)])
def test_an_own_unit_that_cannot_be_masked_is_told_before_gerbera_is_installed(missing, told, monkeypatch, tmp_path):
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n", encoding="utf-8")
    (tmp_path / "gerbera.service").write_text("[Service]\n", encoding="utf-8")
    monkeypatch.setattr(_dlna, "MACHINE_ID", str(tmp_path / "machine-id"))
    monkeypatch.setattr(_stack, "OWN_UNITS", str(tmp_path))
    monkeypatch.setattr(iptv_apps_info, "gerbera_version", lambda *_words: "2.5.0")
    module = SimpleNamespace(params={"dlna": {"provider": "gerbera"}})
    found = iptv_apps_info.dlna_problems(module, missing, {_dlna.FOREIGN_UNIT: _stack.Unit()})
    assert [f"{tmp_path}/gerbera.service is in the way: move it away" in one for one in found] == [True] * told


class Server(http.server.BaseHTTPRequestHandler):
    """A web server that says what it was asked."""

    def do_GET(self) -> None:
        self.answer(b"")

    def do_POST(self) -> None:
        self.answer(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, body: bytes) -> None:
        self.send_response(200 if self.path.startswith("/right") else 404)
        self.end_headers()
        self.wfile.write(f"{self.command} {self.path} {self.headers['X-Word']} ".encode() + body)

    def log_message(self, *_words: Any) -> None:
        """Nothing."""


def test_answer_of_a_web_server_counts_when_it_is_a_success():
    server = http.server.HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        assert iptv_apps_info.answered(f"{url}/right/239.0.0.76:8208") == b"GET /right/239.0.0.76:8208 None "
        assert iptv_apps_info.answered(f"{url}/right", 3) == b"GET"
        assert iptv_apps_info.answered(f"{url}/right", None, {"X-Word": "x"}, b"body") == b"POST /right x body"
        assert iptv_apps_info.answered(f"{url}/wrong") == b""
    finally:
        server.shutdown()
        server.server_close()
    assert iptv_apps_info.answered(f"{url}/right") == b""
