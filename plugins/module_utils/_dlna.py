# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Television by DLNA (UPnP AV): what is wrong with a plan, and how a player finds a server and its channels. Pure: the module next door asks."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _iptv_apps

UNIT = "homerouter-dlna.service"
# Debian's own, which would serve an empty library on every interface.
FOREIGN_UNIT = "gerbera.service"
PROVIDERS = ("gerbera", "xupnpd")
# Where players ask who is there (UPnP Device Architecture 1.0, 1.2).
GROUP, PORT = "239.255.255.250", 1900
# gerbera calls functions of a script by name since then; Debian 12 has 1.1.0 of 2017.
_OLDEST_GERBERA = (2, 0)
_LEAST_PORT = {"gerbera": 49152, "xupnpd": 1024}
# It stands in XML and in Lua, and xupnpd quotes in neither.
_NAME = re.compile(r"[^\s<>&\"'\\](?:[^<>&\"'\\]{0,58}[^\s<>&\"'\\])?")
# What the identifier is made of (machine-id(5)).
MACHINE_ID = "/etc/machine-id"
# What the identifier is made for: another program's, from the same machine, is another.
_APPLICATION = uuid.UUID("7f0b6c52-5d0c-4d0b-9f3a-2f4e3c1f8a61").bytes
_SERVICE = "urn:schemas-upnp-org:service:ContentDirectory:1"
_DEVICE = "{urn:schemas-upnp-org:device-1-0}"
_DIDL = "{urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"


class Item(NamedTuple):
    """A channel as a server offers it."""

    title: str
    address: str


def plan_problems(dlna: Mapping[str, Any], taken: Mapping[str, int]) -> list[str]:
    """What is wrong with the role's variables, each with variable, value and cure; C(taken) are the other servers' ports by their variables."""
    provider, port = dlna["provider"], dlna["port"]
    if not provider:
        return []
    if provider not in PROVIDERS:
        return [f"iptv_apps_dlna is {provider!r}, which is no DLNA server that is known here: use {' or '.join(PROVIDERS)}, or nothing for none"]
    found = []
    if not _NAME.fullmatch(dlna["name"]) or not dlna["name"].isprintable():
        found.append(f"iptv_apps_dlna_name is {dlna['name']!r}: write 1 to 60 characters, no quotes, <, > or &, such as Television")
    least = _LEAST_PORT[provider]
    if not least <= port <= 65535:
        found.append(f"iptv_apps_dlna_port is {port}, outside {least} to 65535, which {provider} takes: use another port")
    found += [
        f"iptv_apps_dlna_port is {port}, as is {variable}: give each a port of its own" for variable, other in taken.items() if other == port
    ]
    if provider == "xupnpd":
        found += [
            f"iptv_apps_xupnpd_{key} is {dlna[key]!r}: give an absolute path on the router, without blanks or quotes"
            for key in ("program", "folder")
            if not _iptv_apps.PATH.fullmatch(dlna[key])
        ]
    return found


def version_problem(version: str) -> str:
    """Why a gerbera of this version cannot serve channels; empty if it can, or if its version is not known."""
    match = re.match(r"(\d+)\.(\d+)", version)
    if match is None or (int(match[1]), int(match[2])) >= _OLDEST_GERBERA:
        return ""
    return (
        f"iptv_apps_dlna is gerbera, of which this host has {version} or would get it, and channels need {'.'.join(map(str, _OLDEST_GERBERA))} or "
        "newer: use Debian 13, or leave iptv_apps_dlna empty"
    )


def machine_problem(machine_id: str) -> str:
    """Why no identifier of its own can be made for this machine's server; empty if one can."""
    if re.fullmatch(r"[0-9a-fA-F]{32}", machine_id.strip()):
        return ""
    return (
        f"iptv_apps_dlna needs an identifier of this machine, and {MACHINE_ID} holds {machine_id.strip()[:32]!r}, which is none: run "
        "`systemd-machine-id-setup`"
    )


def device_id(machine_id: str) -> str:
    """The server's identifier: the same after each run, another on each machine, and the machine's own stays secret (machine-id(5))."""
    digest = hmac.new(bytes.fromhex(machine_id.strip()), _APPLICATION, hashlib.sha256).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def search(target: str) -> bytes:
    """The question who is there; whoever it is about answers within a second."""
    lines = ("M-SEARCH * HTTP/1.1", f"HOST: {GROUP}:{PORT}", 'MAN: "ssdp:discover"', "MX: 1", f"ST: {target}", "", "")
    return "\r\n".join(lines).encode()


def location(answer: str) -> str:
    """Where a server that has answered describes itself; empty where it does not say."""
    match = re.search(r"^LOCATION:\s*(http://\S+)\s*$", answer, re.IGNORECASE | re.MULTILINE)
    return match[1] if match else ""


def control(description: str, base: str) -> str:
    """The address at which a server is asked for its content, by its description, which came from C(base); empty if it has none."""
    try:
        root = ElementTree.fromstring(description)
    except ElementTree.ParseError:
        return ""
    for service in root.iter(f"{_DEVICE}service"):
        if service.findtext(f"{_DEVICE}serviceType") == _SERVICE:
            return urljoin(base, service.findtext(f"{_DEVICE}controlURL", ""))
    return ""


def place(address: str) -> tuple[str, int, str]:
    """Host, port and path of a web address."""
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or 80, parts.path or "/"


def browse(container: str) -> tuple[dict[str, str], bytes]:
    """Header and body of the question what is in a container; 0 is the outermost."""
    body = (
        '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        f's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body><u:Browse xmlns:u="{_SERVICE}"><ObjectID>{escape(container)}</ObjectID>'
        "<BrowseFlag>BrowseDirectChildren</BrowseFlag><Filter>*</Filter><StartingIndex>0</StartingIndex><RequestedCount>0</RequestedCount>"
        "<SortCriteria></SortCriteria></u:Browse></s:Body></s:Envelope>"
    )
    return {"Content-Type": 'text/xml; charset="utf-8"', "SOAPACTION": f'"{_SERVICE}#Browse"'}, body.encode()


def content(answer: str) -> tuple[list[str], list[Item]]:
    """Containers and channels in an answer; nothing in one that is none."""
    try:
        result = ElementTree.fromstring(answer).find(".//Result")
        inside = ElementTree.fromstring(result.text or "") if result is not None else None
    except ElementTree.ParseError:
        inside = None
    if inside is None:
        return [], []
    items = [Item(one.findtext(_TITLE, ""), one.findtext(f"{_DIDL}res", "")) for one in inside.iter(f"{_DIDL}item")]
    return [one.get("id", "") for one in inside.iter(f"{_DIDL}container")], items
