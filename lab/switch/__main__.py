# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m switch`: the switch as a process of its own.

The control socket takes one line of JSON and answers with one:
    {"transcript": true}        lines received so far; {"clear": true} forgets them
    {"running": true}           the running configuration; {"startup": true} the saved one, or null
    {"show": "interfaces status"}  what the command prints
    {"fault": {"log_lines": 1}} what goes wrong from now on, see Faults in device.py
    {"lines": ["vlan database", "vlan 2"]}  as typed after `configure terminal`, up to the first that is refused;
                                {"load": "vlan database\\nvlan 2\\n"} takes them as text, {"save": true} is `write memory`
    {"restore": "vlan database\\nvlan 2\\n"}  off and on again with this as the saved configuration: all else is forgotten, faults too
    {"reset": "factory"}        a factory-new switch
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

from .device import CliError, Factory
from .server import AUTH, CRYPTO, Emulator


async def _answer(emulator: Emulator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            try:
                answer = emulator.control(json.loads(line))
            except (ValueError, CliError) as error:
                answer = {"error": str(error)}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
    finally:
        writer.close()


async def ask(path: Path, request: str) -> int:
    """Put one question to a running switch and print its answer; the exit code."""
    reader, writer = await asyncio.open_unix_connection(str(path), limit=2**24)
    writer.write(request.encode() + b"\n")
    answer = json.loads(await reader.readline())
    writer.close()
    print(json.dumps(answer))
    return 1 if "error" in answer else 0


def _ready() -> None:
    """Tell systemd, if it has started us, that the switch is up: sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(b"READY=1", address)


async def serve(args: argparse.Namespace) -> None:
    """Run until TERM."""
    host, _colon, port = args.listen.rpartition(":")
    emulator = Emulator(
        dialect=args.dialect, auth=args.auth, crypto=args.crypto, ports=args.ports, client_port=args.client_port, startup=args.startup,
        host_key=args.host_key, host=host, port=int(port), factory=Factory(hostname=args.hostname),
    )  # fmt: skip
    if args.bridge:
        from .bridge import Bridge  # noqa: PLC0415  only where there is one to steer

        bridge = Bridge(emulator.device)
        emulator.device.network = bridge
        emulator.device.watchers.append(bridge.apply)
        bridge.apply()
        bridge.watch(asyncio.get_running_loop())
    control = None
    if args.control:
        args.control.unlink(missing_ok=True)
        control = await asyncio.start_unix_server(lambda reader, writer: _answer(emulator, reader, writer), str(args.control), limit=2**24)
    number = await emulator.start()
    print(f"listening on {host}:{number}", flush=True)
    _ready()
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    await ended.wait()
    if control:
        control.close()
    await emulator.stop()


def main() -> int:
    """Parse the command line and serve, or ask."""
    parser = argparse.ArgumentParser(prog="switch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dialect", choices=("ros1", "ros2"), default="ros1", help="firmware 1.x, or 2.x to 4.x (%(default)s)")
    parser.add_argument("--listen", default="127.0.0.1:0", help="address:port; port 0 is any free one, which is printed (%(default)s)")
    parser.add_argument("--control", type=Path, help="unix socket for questions in JSON")
    parser.add_argument("--ask", metavar="JSON", help="put a question to the switch behind --control, and end")
    parser.add_argument("--auth", choices=AUTH, default="password", help="how somebody logs in (%(default)s)")
    parser.add_argument("--crypto", choices=CRYPTO, default="modern", help="legacy is what firmware 1.x has (%(default)s)")
    parser.add_argument("--ports", type=int, default=10, help="number of ports (%(default)s)")
    parser.add_argument("--hostname", default="sw1", help="from the factory (%(default)s)")
    parser.add_argument("--client-port", help="port at which clients over the loopback interface are said to hang")
    parser.add_argument("--startup", type=Path, help="file of the startup configuration, so that it outlives the process")
    parser.add_argument("--host-key", type=Path, help="file of the host key, made when it is missing")
    parser.add_argument("--bridge", action="store_true", help="steer the Linux bridge br0, whose ports are named as the switch's")
    args = parser.parse_args()
    if args.ask:
        return asyncio.run(ask(args.control, args.ask))
    asyncio.run(serve(args))
    return 0


if __name__ == "__main__":
    sys.exit(main())
