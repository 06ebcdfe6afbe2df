# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's stand-in for TVheadend: no television, only what the collection does with it. Debian has no package of the real one.

    tvheadend --config FOLDER [--bindaddr ADDRESS] [--http_port N] [--htsp_port N] [--nosyslog] [--firstrun] [--noacl] [--version]

It does as the sources of TVheadend 4.3 say, read at github.com/tvheadend/tvheadend in these commits, and copies none of them:

    options, order of start          src/main.c, e60aa936
    superuser, access entries        src/access.c, ffb2932c; --firstrun makes the entry that is open to the world, and only it
    login, codes of refusal          src/http.c, with digest MD5, which is the default; 401 without a name, 403 with a wrong password
    calls, arguments                 src/webui/webui_api.c, 14d22c37; src/api/api_mpegts.c, 95eb29ac; api_idnode.c, 4c9e009c; api_access.c
    fields and their defaults        src/input/mpegts/iptv/iptv.c, 2f6fed24, and iptv_mux.c, 42ed92dc; mpegts_network.c, 82edc905; mpegts_mux.c, 3252302c
    how fields are read and written  src/prop.c: a text that was never set is not told, a channel's number is told as a number, unknown names are ignored

What it lacks: any other call, input, HTSP beyond a port that takes connections, the page for browsers. Where the format of a file
matters to others (superuser), it is the real one; others are its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import signal
import socketserver
import sys
import threading
import uuid
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Optional
from urllib.parse import parse_qsl, urlsplit

VERSION = "4.3-0~stand-in"
REALM = "tvheadend"
# Default of the longest list that a grid answers with.
GRID = 50
OPTIONS = {
    "-c": "config", "--config": "config", "-b": "bindaddr", "--bindaddr": "bindaddr", "--http_port": "http_port", "--htsp_port": "htsp_port",
}  # fmt: skip
FLAGS = {"-S": "nosyslog", "--nosyslog": "nosyslog", "-C": "firstrun", "--firstrun": "firstrun", "--noacl": "noacl", "-v": "version", "--version": "version"}
# Type and default of the fields that can be written; None is a text that was never set.
NETWORK: dict[str, tuple[type, Any]] = {
    "enabled": (bool, True), "networkname": (str, None), "pnetworkname": (str, None), "nid": (int, 0), "skipinitscan": (bool, True),
    "idlescan": (bool, False), "sid_chnum": (bool, False), "ignore_chnum": (bool, False), "charset": (str, None), "localtime": (int, 0),
    "scan_create": (bool, True), "service_sid": (int, 0), "priority": (int, 1), "spriority": (int, 1), "max_streams": (int, 0),
    "max_bandwidth": (int, 0), "max_timeout": (int, 15), "icon_url": (str, None), "remove_scrambled": (bool, False),
}  # fmt: skip
AUTOMATIC = {**NETWORK, "url": (str, None), "channel_number": (float, 0), "refetch_period": (int, 60), "remove_args": (str, "ticket")}
MUX: dict[str, tuple[type, Any]] = {
    "enabled": (int, 1), "epg": (int, 1), "charset": (str, None), "tsid_zero": (bool, False), "pmt_06_ac3": (int, 0), "priority": (int, 0),
    "spriority": (int, 0), "iptv_url": (str, None), "iptv_send_reports": (bool, False), "iptv_ret_url": (str, None), "iptv_substitute": (bool, False),
    "iptv_interface": (str, None), "iptv_atsc": (bool, False), "iptv_muxname": (str, None), "channel_number": (float, 0), "iptv_sname": (str, None),
    "iptv_epgid": (str, None), "iptv_icon": (str, None), "iptv_respawn": (bool, False), "iptv_kill": (int, 0), "iptv_kill_timeout": (int, 5),
    "iptv_env": (str, None), "iptv_hdr": (str, None), "iptv_tags": (str, None), "iptv_buffer_limit": (int, 0),
}  # fmt: skip
ACCESS: dict[str, tuple[type, Any]] = {
    "enabled": (bool, True), "username": (str, "*"), "password": (str, "*"), "prefix": (str, "0.0.0.0/0,::/0"), "comment": (str, "New entry"),
    "webui": (bool, False), "admin": (bool, False), "streaming": (bool, False),
}  # fmt: skip
CLASSES = {"iptv_network": NETWORK, "iptv_auto_network": AUTOMATIC, "iptv_mux": MUX, "access": ACCESS}

Node = dict[str, Any]


class Invalid(Exception):
    """EINVAL, which the API answers with 400."""


def written(kind: type, value: Any, old: Any) -> Any:
    """A field as it is after somebody has written it; what cannot be read leaves it as it was."""
    if kind is str:
        return old if isinstance(value, (list, dict)) or value is None else str(value)
    if kind is bool:
        return value in (True, 1) or str(value).lower() in ("true", "on", "yes", "1")
    if kind is float:
        # A channel's number, "12" or "12.1".
        return str(value) if re.fullmatch(r"\d+(\.\d+)?", str(value)) else old
    return int(value) if re.fullmatch(r"-?\d+", str(int(value) if isinstance(value, bool) else value)) else old


def read(kind: type, value: Any) -> Any:
    """A field as it is told."""
    if kind is float:
        major, _dot, minor = str(value).partition(".")
        return f"{int(major)}.{int(minor)}" if minor and int(minor) else int(major)
    return value


class Store:
    """Networks, muxes and access entries, each in a file of the folder of the configuration."""

    def __init__(self, folder: Path, firstrun: bool) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.nodes: dict[str, Node] = {}
        for name in ("input/iptv/networks", "accesscontrol"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        for pattern in ("input/iptv/networks/*/config", "input/iptv/networks/*/muxes/*", "accesscontrol/*"):
            for path in sorted(folder.glob(pattern)):
                node = json.loads(path.read_text(encoding="utf-8"))
                self.nodes[node["uuid"]] = node
        if firstrun and not self.of("access"):
            self.create("access", {"comment": "Default access entry", "webui": True, "admin": True, "streaming": True})
        self.superuser: dict[str, str] = {}
        try:
            self.superuser = json.loads((folder / "superuser").read_text(encoding="utf-8"))
        except FileNotFoundError:
            pass
        if not self.of("access"):
            print("access: No access entries loaded", file=sys.stderr, flush=True)

    def of(self, *names: str) -> list[Node]:
        """The nodes of some classes, in the order in which they were made."""
        return [node for node in self.nodes.values() if node["class"] in names]

    def path(self, node: Node) -> Path:
        """The file of a node."""
        if node["class"] == "access":
            return self.folder / "accesscontrol" / node["uuid"]
        if node["class"] == "iptv_mux":
            return self.folder / "input/iptv/networks" / node["network"] / "muxes" / node["uuid"]
        return self.folder / "input/iptv/networks" / node["uuid"] / "config"

    def save(self, node: Node) -> None:
        """Write a node."""
        path = self.path(node)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(node, indent="\t") + "\n", encoding="utf-8")

    def create(self, kind: str, conf: dict[str, Any], network: str = "") -> Node:
        """A new node."""
        fields = {name: default for name, (_type, default) in CLASSES[kind].items()}
        node = {"uuid": uuid.uuid4().hex, "class": kind, "network": network, "fields": fields}
        self.update(node, conf)
        self.nodes[node["uuid"]] = node
        return node

    def update(self, node: Node, conf: dict[str, Any]) -> None:
        """Write what a class knows of a node's fields."""
        for name, (kind, _default) in CLASSES[node["class"]].items():
            if name in conf:
                node["fields"][name] = written(kind, conf[name], node["fields"].get(name))
        # An address that cannot be read is none.
        if node["class"] == "iptv_mux" and not re.match(r"[a-z]+://\S", node["fields"]["iptv_url"] or "x://x"):
            node["fields"]["iptv_url"] = "?"
        self.save(node)

    def delete(self, node: Node) -> None:
        """Remove a node, and a network's muxes with it."""
        for mux in [one for one in self.of("iptv_mux") if one["network"] == node["uuid"]]:
            self.delete(mux)
        self.path(node).unlink()
        del self.nodes[node["uuid"]]

    def told(self, node: Node) -> dict[str, Any]:
        """A node in a grid."""
        known = CLASSES[node["class"]]
        found = {name: read(known[name][0], value) for name, value in node["fields"].items() if value is not None}
        if node["class"] == "iptv_mux":
            name = self.nodes[node["network"]]["fields"]["networkname"] or "unknown"
            found.update(network=name, network_uuid=node["network"], name=node["fields"]["iptv_muxname"] or node["fields"]["iptv_url"] or "", scan_state=0)
        if node["class"] in ("iptv_network", "iptv_auto_network"):
            found["num_mux"] = sum(one["network"] == node["uuid"] for one in self.of("iptv_mux"))
        return {"uuid": node["uuid"], **found}


class Calls:
    """The API's calls; arguments are texts, some of them JSON."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.known: dict[str, tuple[bool, Callable[[dict[str, str]], Any]]] = {
            "serverinfo": (False, self.serverinfo),
            "mpegts/network/grid": (True, lambda args: self.grid(args, "iptv_network", "iptv_auto_network")),
            "mpegts/network/create": (True, self.network_create),
            "mpegts/network/mux_create": (True, self.mux_create),
            "mpegts/mux/grid": (True, lambda args: self.grid(args, "iptv_mux")),
            "access/entry/grid": (True, lambda args: self.grid(args, "access")),
            "access/entry/create": (True, self.access_create),
            "idnode/load": (True, self.load),
            "idnode/save": (True, self.save),
            "idnode/delete": (True, self.delete),
        }

    @staticmethod
    def argument(args: dict[str, str], name: str, kind: type) -> Any:
        """An argument that has to be JSON of a kind."""
        try:
            value = json.loads(args[name])
        except (KeyError, ValueError):
            raise Invalid from None
        if not isinstance(value, kind):
            raise Invalid
        return value

    def wanted(self, args: dict[str, str]) -> list[Node]:
        """The nodes of the argument uuid, one or a list; a list may name some that do not exist, one alone has to."""
        try:
            names = self.argument(args, "uuid", list)
        except Invalid:
            if "uuid" not in args:
                raise
            if args["uuid"] not in self.store.nodes:
                raise FileNotFoundError(args["uuid"]) from None
            names = [args["uuid"]]
        return [self.store.nodes[name] for name in names if name in self.store.nodes]

    def serverinfo(self, _args: dict[str, str]) -> Any:
        return {"sw_version": VERSION, "api_version": 19, "name": "Tvheadend", "capabilities": []}

    def grid(self, args: dict[str, str], *names: str) -> Any:
        nodes = self.store.of(*names)
        if args.get("hidemode") == "all":
            nodes = [node for node in nodes if node["fields"]["enabled"] == 1]
        start, limit = int(args.get("start", 0)), int(args.get("limit", GRID))
        return {"entries": [self.store.told(node) for node in nodes[start : start + limit]], "total": len(nodes)}

    def network_create(self, args: dict[str, str]) -> Any:
        conf = self.argument(args, "conf", dict)
        if args.get("class") not in ("iptv_network", "iptv_auto_network"):
            raise Invalid
        self.store.create(args["class"], conf)
        return {}

    def mux_create(self, args: dict[str, str]) -> Any:
        conf = self.argument(args, "conf", dict)
        network = self.store.nodes.get(args.get("uuid", ""))
        if network is None or network["class"] not in ("iptv_network", "iptv_auto_network"):
            raise Invalid
        self.store.create("iptv_mux", conf, network["uuid"])
        return {}

    def access_create(self, args: dict[str, str]) -> Any:
        self.store.create("access", self.argument(args, "conf", dict))
        return {}

    def load(self, args: dict[str, str]) -> Any:
        return {
            "entries": [
                {"uuid": node["uuid"], "class": node["class"], "params": [{"id": name, "value": value} for name, value in self.store.told(node).items()]}
                for node in self.wanted(args)
            ]
        }

    def save(self, args: dict[str, str]) -> Any:
        try:
            entries = self.argument(args, "node", list)
        except Invalid:
            entries = [self.argument(args, "node", dict)]
        found = [(self.store.nodes[one["uuid"]], one) for one in entries if isinstance(one, dict) and one.get("uuid") in self.store.nodes]
        if not found:
            raise Invalid
        for node, one in found:
            self.store.update(node, one)
        return {}

    def delete(self, args: dict[str, str]) -> Any:
        for node in self.wanted(args):
            self.store.delete(node)
        return {}


class Server(ThreadingHTTPServer):
    """The web server, with what it knows."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], store: Store, noacl: bool) -> None:
        super().__init__(address, Handler)
        self.store, self.noacl = store, noacl
        self.calls = Calls(store)
        self.nonces: set[str] = set()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.answer(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        form = (self.headers.get("Content-Type") or "").partition(";")[0] == "application/x-www-form-urlencoded"
        self.answer(dict(parse_qsl(body, keep_blank_values=True)) if form else {})

    def log_message(self, *_words: Any) -> None:
        """Nothing: the real one tells of requests only when it is asked to."""

    def send(self, code: int, body: bytes, kind: str, *headers: tuple[str, str]) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, code: int) -> None:
        """An error; one for who has not said who he is asks for it."""
        headers: list[tuple[str, str]] = []
        if code == HTTPStatus.UNAUTHORIZED:
            nonce = secrets.token_hex(16)
            self.server.nonces.add(nonce)
            headers.append(("WWW-Authenticate", f'Digest realm="{REALM}", qop="auth", nonce="{nonce}", opaque="{secrets.token_hex(16)}"'))
        self.send(code, f"<HTML><BODY><H1>{code} {HTTPStatus(code).phrase}</H1></BODY></HTML>\n".encode(), "text/html", *headers)

    def login(self) -> Optional[dict[str, str]]:
        """The words of a login by digest; none where there is none, or one that cannot be one."""
        kind, _blank, rest = (self.headers.get("Authorization") or "").partition(" ")
        if kind.lower() != "digest":
            return None
        words = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', rest)}
        return words if words.get("nonce") in self.server.nonces else None

    def right(self, words: dict[str, str], password: str) -> bool:
        """Whether a login is that of a password (RFC 2617)."""

        def digest(*parts: str) -> str:
            return hashlib.md5(":".join(parts).encode()).hexdigest()

        first, second = digest(words["username"], REALM, password), digest(self.command, words.get("uri", ""))
        expected = digest(first, words["nonce"], words.get("nc", ""), words.get("cnonce", ""), words.get("qop", ""), second)
        return secrets.compare_digest(expected, words.get("response", ""))

    def rights(self, words: Optional[dict[str, str]]) -> tuple[bool, bool]:
        """Whether the one who asks may use the web interface, and whether he may administer."""
        if self.server.noacl:
            return True, True
        super_user = self.server.store.superuser
        if words and super_user.get("username") and words["username"] == super_user["username"] and self.right(words, super_user.get("password", "")):
            return True, True
        # Entries for anybody count for everybody; those with a name would need its password, which is kept elsewhere.
        entries = [node["fields"] for node in self.server.store.of("access") if node["fields"]["enabled"] and node["fields"]["username"].startswith("*")]
        return any(one["webui"] for one in entries), any(one["admin"] for one in entries)

    def answer(self, args: dict[str, str]) -> None:
        """What the API answers."""
        words = self.login()
        if self.headers.get("Authorization") and words is None:
            return self.refuse(HTTPStatus.UNAUTHORIZED)
        forbidden = HTTPStatus.FORBIDDEN if words and words.get("username") else HTTPStatus.UNAUTHORIZED
        with self.server.store.lock:
            web, admin = self.rights(words)
            path = urlsplit(self.path).path
            if not web:
                return self.refuse(forbidden)
            if path == "/":
                return self.send(HTTPStatus.OK, b"<!DOCTYPE html><title>stand-in for Tvheadend</title>\n", "text/html; charset=UTF-8")
            known = self.server.calls.known.get(path[len("/api/") :]) if path.startswith("/api/") else None
            if known is None:
                return self.refuse(HTTPStatus.NOT_FOUND)
            if known[0] and not admin:
                return self.refuse(forbidden)
            try:
                told = known[1](args)
            except Invalid:
                return self.refuse(HTTPStatus.BAD_REQUEST)
            except FileNotFoundError:
                return self.refuse(HTTPStatus.NOT_FOUND)
        return self.send(HTTPStatus.OK, json.dumps(told).encode(), "text/x-json; charset=UTF-8")


class Silent(socketserver.BaseRequestHandler):
    """HTSP, whose server waits for the client's first word."""

    def handle(self) -> None:
        while self.request.recv(4096):
            pass


class Htsp(socketserver.ThreadingTCPServer):
    """The port of HTSP."""

    daemon_threads = True
    allow_reuse_address = True


def parse(words: list[str]) -> dict[str, str]:
    """The options; one that is unknown ends the program, as the real one's."""
    found = {"config": "", "bindaddr": "0.0.0.0", "http_port": "9981", "htsp_port": "9982"}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in FLAGS:
            found[FLAGS[word]] = "yes"
        elif word in OPTIONS and rest:
            found[OPTIONS[word]] = rest.pop(0)
        else:
            sys.exit(f"invalid option specified [{word}]")
    return found


def main() -> None:
    """Serve until it is told to end."""
    options = parse(sys.argv[1:])
    if "version" in options:
        print(f"{sys.argv[0]}: version {VERSION}, the lab's stand-in for Tvheadend")
        return
    if not options["config"]:
        sys.exit("no folder: give --config")
    os.umask(0o077)
    store = Store(Path(options["config"]), "firstrun" in options)
    web = Server((options["bindaddr"], int(options["http_port"])), store, "noacl" in options)
    htsp = Htsp((options["bindaddr"], int(options["htsp_port"])), Silent)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    threading.Thread(target=htsp.serve_forever, daemon=True).start()
    web.serve_forever()


if __name__ == "__main__":
    main()
