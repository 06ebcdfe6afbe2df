# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for DLNA: what is wrong with one is told with variable, value and cure; a server is found and read as a player does it."""

from __future__ import annotations

import uuid
from typing import Any
from xml.sax.saxutils import escape

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _dlna

PORTS = {"iptv_apps_relay_port": 4022, "iptv_apps_lists_port": 8080}
MACHINE = "0123456789abcdef0123456789abcdef\n"


def plan(**changes: Any) -> dict[str, Any]:
    """A good plan, changed."""
    return {"provider": "gerbera", "name": "Television", "port": 61000, "program": "/usr/bin/xupnpd", "folder": "/usr/share/xupnpd", **changes}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": "Televisión de casa (salón)"},
        {"name": "T"},
        {"provider": "xupnpd", "port": 4044},
        # Nothing is looked at where there is none.
        {"provider": "", "name": "", "port": 8080},
    ],
)
def test_good_plan_is_accepted(changes):
    assert _dlna.plan_problems(plan(**changes), PORTS) == []


@pytest.mark.parametrize(
    ("changes", "begins", "cure"),
    [
        ({"provider": "minidlna"}, "iptv_apps_dlna is 'minidlna'", "gerbera or xupnpd"),
        ({"name": ""}, "iptv_apps_dlna_name is ''", "Television"),
        ({"name": "TV "}, "iptv_apps_dlna_name is 'TV '", "1 to 60 characters"),
        ({"name": "a\nb"}, "iptv_apps_dlna_name is 'a\\nb'", "1 to 60 characters"),
        ({"name": "'; os.execute('id') --"}, "iptv_apps_dlna_name is", "no quotes"),
        ({"name": "a\\"}, "iptv_apps_dlna_name is", "no quotes"),
        ({"name": "<b>"}, "iptv_apps_dlna_name is '<b>'", "no quotes, <"),
        ({"name": "x" * 61}, "iptv_apps_dlna_name is", "60"),
        ({"port": 8200}, "iptv_apps_dlna_port is 8200, outside 49152 to 65535", "another port"),
        ({"port": 70000}, "iptv_apps_dlna_port is 70000", "another port"),
        ({"provider": "xupnpd", "port": 80}, "iptv_apps_dlna_port is 80, outside 1024", "another port"),
        ({"provider": "xupnpd", "port": 4022}, "iptv_apps_dlna_port is 4022, as is iptv_apps_relay_port", "of its own"),
        ({"provider": "xupnpd", "port": 4044, "program": "xupnpd"}, "iptv_apps_xupnpd_program is 'xupnpd'", "absolute path"),
        ({"provider": "xupnpd", "port": 4044, "folder": "/srv/my tv"}, "iptv_apps_xupnpd_folder is '/srv/my tv'", "without blanks"),
    ],
)
def test_plan_that_makes_no_sense_is_told(changes, begins, cure):
    (problem,) = _dlna.plan_problems(plan(**changes), PORTS)
    assert problem.startswith(begins) and cure in problem


@pytest.mark.parametrize(
    ("version", "fits"), [("2.4.1+dfsg-1", True), ("2.0.0", True), ("10.0", True), ("", True), ("1.1.0+dfsg-3.1+b1", False), ("1.12.1", False)]
)
def test_gerbera_that_is_too_old_is_told(version, fits):
    problem = _dlna.version_problem(version)
    assert bool(problem) is not fits
    assert fits or (version in problem and "Debian 13" in problem)


def test_identifier_is_stable_and_tells_nothing_of_the_machine():
    first = _dlna.device_id(MACHINE)
    assert first == _dlna.device_id(MACHINE.strip()) and uuid.UUID(first).version == 4
    assert first != _dlna.device_id("1" + MACHINE[1:]) and first.replace("-", "") != MACHINE.strip()


@pytest.mark.parametrize("machine_id", ["", "\n", "uninitialized\n", MACHINE[1:], "x" + MACHINE[1:]])
def test_machine_without_identifier_is_told(machine_id):
    """One of nothing would be everybody's."""
    problem = _dlna.machine_problem(machine_id)
    assert "/etc/machine-id" in problem and "`systemd-machine-id-setup`" in problem and repr(machine_id.strip()) in problem
    assert _dlna.machine_problem(MACHINE) == ""


def test_search_is_what_players_send():
    lines = _dlna.search("upnp:rootdevice").decode().split("\r\n")
    assert lines[0] == "M-SEARCH * HTTP/1.1" and lines[-2:] == ["", ""]
    assert {"HOST: 239.255.255.250:1900", 'MAN: "ssdp:discover"', "MX: 1", "ST: upnp:rootdevice"} <= set(lines)


@pytest.mark.parametrize(
    ("answer", "where"),
    [
        ("HTTP/1.1 200 OK\r\nLocation: http://192.168.1.1:61000/description.xml\r\nST: x\r\n\r\n", "http://192.168.1.1:61000/description.xml"),
        ("HTTP/1.1 200 OK\r\nST: x\r\n\r\n", ""),
        ("LOCATION: ftp://x/\r\n", ""),
        ("", ""),
    ],
)
def test_answer_says_where_the_server_is(answer, where):
    assert _dlna.location(answer) == where


def test_description_says_where_to_ask():
    service = "<service><serviceType>urn:schemas-upnp-org:service:{}:1</serviceType><controlURL>{}</controlURL></service>"
    services = service.format("ConnectionManager", "/cm") + service.format("ContentDirectory", "/cds")
    description = f'<root xmlns="urn:schemas-upnp-org:device-1-0"><device><serviceList>{services}</serviceList></device></root>'
    assert _dlna.control(description, "http://192.168.1.1:61000/x/description.xml") == "http://192.168.1.1:61000/cds"
    assert _dlna.control(description.replace("ContentDirectory", "Other"), "http://192.168.1.1/") == ""
    assert _dlna.control("<root", "http://192.168.1.1/") == ""


def test_web_address_is_taken_apart():
    assert _dlna.place("http://192.168.1.1:61000/a/b") == ("192.168.1.1", 61000, "/a/b")
    assert _dlna.place("http://192.168.1.1") == ("192.168.1.1", 80, "/")


def test_content_is_read():
    didl = (
        '<DIDL-Lite xmlns="urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        '<container id="4"><dc:title>Television</dc:title></container>'
        "<item id=\"5\"><dc:title>La 2, \"x\" &amp; ñ</dc:title><res>http://192.168.1.1:4022/rtp/239.0.0.2:8208</res></item></DIDL-Lite>"
    )
    answer = f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><Result>{escape(didl)}</Result></s:Body></s:Envelope>'
    assert _dlna.content(answer) == (["4"], [_dlna.Item('La 2, "x" & ñ', "http://192.168.1.1:4022/rtp/239.0.0.2:8208")])


@pytest.mark.parametrize("answer", ["", "<", "<a/>", "<a><Result>no</Result></a>", "<a><Result/></a>"])
def test_answer_that_is_none_has_no_content(answer):
    assert _dlna.content(answer) == ([], [])


def test_question_names_the_container():
    headers, body = _dlna.browse("0&1")
    assert headers["SOAPACTION"].endswith('ContentDirectory:1#Browse"') and b"<ObjectID>0&amp;1</ObjectID>" in body
