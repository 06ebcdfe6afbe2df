# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's stand-in for xupnpd, for machines that cannot reach the real source: it finds its settings where xupnpd does, answers discovery and
lists what is in the playlists, as far as the role iptv_apps uses that, and nothing more. It reads Lua by regular expressions and runs none.
"""

from __future__ import annotations

import glob
import html
import os
import re
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DEVICE = "urn:schemas-upnp-org:device:MediaServer:1"
SERVICE = "urn:schemas-upnp-org:service:ContentDirectory:1"
SETTING = re.compile(r"^cfg\.(\w+) *= *(?:'([^']*)'|(\S+))", re.MULTILINE)
ENTRY = re.compile(r"^#EXTINF:[^,]*,(.*)\n(rtp|udp)://@(\S+)$", re.MULTILINE)
GROUP, PORT = "239.255.255.250", 1900
# What Browse takes and gives, as a player wants to know it before it asks.
ARGUMENTS = {
    "ObjectID": "in", "BrowseFlag": "in", "Filter": "in", "StartingIndex": "in", "RequestedCount": "in", "SortCriteria": "in",
    "Result": "out", "NumberReturned": "out", "TotalMatches": "out", "UpdateID": "out",
}  # fmt: skip
NUMBERS = ("StartingIndex", "RequestedCount", "NumberReturned", "TotalMatches", "UpdateID")


def settings() -> dict[str, str]:
    """As xupnpd's main(): the folder of XUPNPDROOTDIR, and xupnpd.lua in it, which calls xupnpd_main.lua."""
    os.chdir(os.environ.get("XUPNPDROOTDIR") or ".")
    with open("xupnpd.lua", encoding="utf-8") as file:
        text = file.read()
    with open(re.findall(r"^dofile\('([^']+)'\)", text, re.MULTILINE)[0], encoding="utf-8"):
        return {name: quoted or plain for name, quoted, plain in SETTING.findall(text)}


def listed(cfg: dict[str, str]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The playlists, each with its channels."""
    found = []
    for path in sorted(glob.glob(cfg["playlists_path"] + "*.m3u")):
        with open(path, encoding="utf-8") as file:
            channels = [(name, f"{cfg['udpxy_url']}/{kind}/{place}") for name, kind, place in ENTRY.findall(file.read())]
        found.append((os.path.basename(path)[:-4], channels))
    return found


def answers(cfg: dict[str, str], lists: list[tuple[str, list[tuple[str, str]]]]) -> type[BaseHTTPRequestHandler]:
    """What it says over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def say(self, text: str, code: int = 200) -> None:
            data = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", 'text/xml; charset="UTF-8"')
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            if self.path == "/cds.xml":
                arguments = "".join(
                    f"<argument><name>{name}</name><direction>{way}</direction><relatedStateVariable>A_{name}</relatedStateVariable></argument>"
                    for name, way in ARGUMENTS.items()
                )
                variables = "".join(
                    f'<stateVariable sendEvents="no"><name>A_{name}</name><dataType>{"ui4" if name in NUMBERS else "string"}</dataType></stateVariable>'
                    for name in ARGUMENTS
                )
                self.say(
                    '<?xml version="1.0" encoding="utf-8"?><scpd xmlns="urn:schemas-upnp-org:service-1-0"><specVersion><major>1</major><minor>0</minor>'
                    f"</specVersion><actionList><action><name>Browse</name><argumentList>{arguments}</argumentList></action></actionList>"
                    f"<serviceStateTable>{variables}</serviceStateTable></scpd>"
                )
                return
            if self.path != "/dev.xml":
                self.say("", 404)
                return
            self.say(
                '<?xml version="1.0" encoding="utf-8"?><root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor>'
                f"</specVersion><device><deviceType>{DEVICE}</deviceType><friendlyName>{cfg['name']}</friendlyName><manufacturer>lab</manufacturer>"
                f"<modelName>stand-in for xupnpd</modelName><UDN>uuid:{cfg['uuid']}</UDN><serviceList><service><serviceType>{SERVICE}</serviceType>"
                "<serviceId>urn:upnp-org:serviceId:ContentDirectory</serviceId><SCPDURL>/cds.xml</SCPDURL><controlURL>/soap/cds</controlURL>"
                "<eventSubURL>/event/cds</eventSubURL></service></serviceList></device></root>"
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            where = [int(word) for word in re.findall(r"<ObjectID>([\d_]+)</ObjectID>", body)[0].split("_")]
            count = len(lists) if len(where) == 1 else len(lists[where[1] - 1][1])
            if len(where) == 1:
                inside = "".join(
                    f'<container id="0_{number}" parentID="0" restricted="true"><dc:title>{html.escape(name)}</dc:title>'
                    "<upnp:class>object.container</upnp:class></container>"
                    for number, (name, _channels) in enumerate(lists, 1)
                )
            else:
                inside = "".join(
                    f'<item id="0_{where[1]}_{number}" parentID="0_{where[1]}" restricted="true"><dc:title>{html.escape(name)}</dc:title>'
                    "<upnp:class>object.item.videoItem</upnp:class>"
                    f'<res size="0" protocolInfo="http-get:*:video/mpeg:*">{html.escape(url)}</res></item>'
                    for number, (name, url) in enumerate(lists[where[1] - 1][1], 1)
                )
            didl = (
                '<DIDL-Lite xmlns="urn:schemas-upnp-org:metadata-1-0/DIDL-Lite/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
                f'xmlns:upnp="urn:schemas-upnp-org:metadata-1-0/upnp/">{inside}</DIDL-Lite>'
            )
            self.say(
                '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
                f'<u:BrowseResponse xmlns:u="{SERVICE}"><Result>{html.escape(didl)}</Result><NumberReturned>{count}</NumberReturned>'
                f'<TotalMatches>{count}</TotalMatches><UpdateID>1</UpdateID></u:BrowseResponse></s:Body></s:Envelope>'
            )

    return Handler


def main() -> None:
    """Serve until a signal comes."""
    cfg = settings()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        index = socket.if_nametoindex(cfg["ssdp_interface"])
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        channel.bind((GROUP, PORT))
        channel.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("=4s4si", socket.inet_aton(GROUP), bytes(4), index))
        channel.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", bytes(4), bytes(4), index))
        # The interface's own address is the one by which the group would be reached.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("=4s4si", bytes(4), bytes(4), index))
            probe.connect((GROUP, PORT))
            address = probe.getsockname()[0]
        server = ThreadingHTTPServer((address, int(cfg["http_port"])), answers(cfg, listed(cfg)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print("start xupnpd (stand-in of homerouter.tripleplay's lab)", flush=True)
        own = f"uuid:{cfg['uuid']}"
        while True:
            text, sender = channel.recvfrom(4096)
            wanted = re.search(rb"^ST: *(\S+)\r?$", text, re.MULTILINE | re.IGNORECASE)
            if not text.startswith(b"M-SEARCH") or wanted is None:
                continue
            target = wanted[1].decode()
            for one in (own, "upnp:rootdevice", DEVICE, SERVICE):
                if target in (one, "ssdp:all"):
                    name = own if one == own else f"{own}::{one}"
                    channel.sendto(
                        f"HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age={cfg['ssdp_max_age']}\r\nEXT:\r\nLOCATION: http://{address}:{cfg['http_port']}/dev.xml\r\n"
                        f"SERVER: lab\r\nST: {one}\r\nUSN: {name}\r\n\r\n".encode(),
                        sender,
                    )


if __name__ == "__main__":
    main()
