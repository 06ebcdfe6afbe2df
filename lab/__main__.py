# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab`: what the Makefile and the molecule scenarios call."""

from __future__ import annotations

import argparse
from pathlib import Path

from . import bench, engine, hosts, site
from .common import STATE, LabError, fail


def main() -> None:
    """Parse the command line and do the one thing it asks for."""
    parser = argparse.ArgumentParser(prog="lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="engine and hosts; what runs already stays")
    commands.add_parser("site", help="run the playbook twice and say what works")
    commands.add_parser("bench", help="measure the configured house")
    commands.add_parser("down", help="end everything that up started")
    fresh = commands.add_parser("fresh", help="put a new machine in a host's place")
    fresh.add_argument("host")
    fresh.add_argument("--image", help="an image of images/images.yml")
    fresh.add_argument("--package", action="append", default=[], help="installed from the image's own source first")
    reboot = commands.add_parser("reboot", help="power a host off and on")
    reboot.add_argument("host")
    restore = commands.add_parser("restore", help="give the switch a saved configuration")
    restore.add_argument("configuration", type=Path, help="file with the lines of its command line, as molecule/shared/startup-config")
    commands.add_parser("pack-relay", help="write the archive of udpxy's stand-in to build/lab")
    args = parser.parse_args()
    STATE.mkdir(parents=True, exist_ok=True)
    try:
        if args.command == "up":
            print(f"  {engine.start()}", flush=True)
            hosts.up()
        elif args.command == "site":
            site.main()
        elif args.command == "bench":
            bench.main()
        elif args.command == "down":
            engine.stop()
        elif args.command == "fresh":
            hosts.replace(args.host, args.image, args.package)
        elif args.command == "reboot":
            hosts.reboot(args.host)
        elif args.command == "restore":
            hosts.restore(args.configuration)
        elif args.command == "pack-relay":
            site.pack_relay()
    except LabError as error:
        fail(error)


if __name__ == "__main__":
    main()
