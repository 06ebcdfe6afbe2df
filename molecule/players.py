# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Players on the PC: VLC with a playlist, and a DLNA player, Debian's upnp-client."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from xml.etree import ElementTree

from testinfra.host import Host

SERVER = "urn:schemas-upnp-org:device:MediaServer:1"
_DIDL = "{urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/}"
_UPNP = "{urn:schemas-upnp-org:metadata-1-0/upnp/}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"


class Offer(NamedTuple):
    """A channel as a DLNA player sees it."""

    title: str
    number: str
    kind: str
    protocol: str
    url: str


def found(pc: Host) -> dict[str, dict[str, Any]]:
    """Media servers that answer a player on the PC, by their identifiers."""
    address = pc.check_output("ip -4 -oneline address show dev eth0 | sed 's,.*inet \\([0-9.]*\\)/.*,\\1,'")
    answers = pc.check_output(f"upnp-client --timeout 3 search --bind {address} --search_target {SERVER}").splitlines()
    return {answer["_udn"]: answer for answer in map(json.loads, answers)}


def offered(pc: Host, where: str) -> list[Offer]:
    """All channels of a server, folder by folder."""
    offers, folders = [], ["0"]
    while folders:
        words = f"ObjectID={folders.pop(0)} BrowseFlag=BrowseDirectChildren 'Filter=*' StartingIndex=0 RequestedCount=0 SortCriteria="
        answer = json.loads(pc.check_output(f"upnp-client call-action {where} CD/Browse {words}"))
        inside = ElementTree.fromstring(answer["out_parameters"]["Result"])
        folders += [one.attrib["id"] for one in inside.iter(f"{_DIDL}container")]
        for item in inside.iter(f"{_DIDL}item"):
            (resource,) = item.iter(f"{_DIDL}res")
            offers.append(
                Offer(
                    item.findtext(_TITLE, ""), item.findtext(f"{_UPNP}channelNr", ""), item.findtext(f"{_UPNP}class", ""),
                    resource.attrib["protocolInfo"], resource.text or "",
                )
            )  # fmt: skip
    return offers


@contextlib.contextmanager
def vlc(pc: Host, playlist: str) -> Iterator[Callable[[], list[str]]]:
    """VLC with a playlist, without a screen; the block gets how the entries opened so far are numbered as services of their streams."""
    # Not as root, which it refuses to be.
    pc.check_output(
        "systemd-run --quiet --collect --unit=vlc --property=DynamicUser=yes --setenv=HOME=/tmp"
        f" cvlc -vv -I oldrc --rc-fake-tty --rc-host 127.0.0.1:4212 --no-dbus --no-audio --no-video --no-color {playlist}"
    )
    (invocation,) = re.findall(r"\w{32}", pc.check_output("systemctl show --property=InvocationID --value vlc"))
    told = f"journalctl -o cat _SYSTEMD_INVOCATION_ID={invocation}"
    try:
        yield lambda: re.findall(r"new PMT program number=(\d+)", pc.check_output(told))
    finally:
        pc.check_output("systemctl stop vlc")


def next_entry(pc: Host) -> None:
    """Tell VLC to go on."""
    pc.check_output("echo next | nc -N 127.0.0.1 4212")
