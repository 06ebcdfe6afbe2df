#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iptv_apps_info
short_description: Whether this host can serve television to players, and whether it does
version_added: 0.1.0
description:
  - Looks at a plan for relay and playlists before anything is changed, and says what the host lacks for it.
  - With O(wait) it waits until relay and playlists answer and the first channel without DRM comes through the relay, with O(dlna) also until a player
    would find the server and that channel in it, and fails with what is lacking if that does not happen.
  - Fails when an interface does not exist, except in check mode, where it may be yet to come.
  - Changes nothing. Running it again gives the same answer as long as the host is the same.
author:
  - The homerouter.tripleplay contributors (@homerouter)
extends_documentation_fragment:
  - homerouter.tripleplay.channels
attributes:
  check_mode:
    description: Can run in check mode and answers the same.
    support: full
  diff_mode:
    description: Returns details on what has changed; nothing ever does.
    support: none
options:
  lan_interface:
    description: Interface of the LAN.
    type: str
    required: true
  lan_address:
    description: This host's address in the LAN with prefix length.
    type: str
    required: true
  iptv_interface:
    description: Interface of the television network.
    type: str
    required: true
  clients:
    description: Networks besides the LAN that may use relay and playlists.
    type: list
    elements: str
    default: []
  groups:
    description: Networks of the multicast groups that the firewall lets in.
    type: list
    elements: str
    required: true
  sources:
    description: Networks that the senders of channels are in.
    type: list
    elements: str
    required: true
  relay_port:
    description: TCP port of the relay.
    type: int
    default: 4022
  relay_clients:
    description: How many players may watch at the same time.
    type: int
    default: 16
  relay_buffer:
    description: Size of the relay's receive buffer, as udpxy writes it.
    type: str
    default: 1Mb
  relay_renew_seconds:
    description: Seconds between two times that the relay leaves and joins a group anew; 0 for never.
    type: int
    default: 0
  lists_port:
    description: TCP port of the playlists.
    type: int
    default: 8080
  dlna:
    description: The server for DLNA players.
    type: dict
    suboptions:
      provider:
        description: V(gerbera) or V(xupnpd); empty for none.
        type: str
        default: ""
      name:
        description: Name by which players show it.
        type: str
        default: Television
      port:
        description: Its TCP port.
        type: int
        default: 61000
      package:
        description: Package that has xupnpd; empty for none.
        type: str
        default: ""
      program:
        description: Path of xupnpd.
        type: path
        default: /usr/bin/xupnpd
      folder:
        description: Folder of xupnpd's own Lua files.
        type: path
        default: /usr/share/xupnpd
  recordings:
    description: What is to be recorded.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name, the beginning of the files' names.
        type: str
        required: true
      channel:
        description: Number of the channel.
        type: int
        required: true
      start:
        description: Day and time, such as V(2026-12-01 15:45), or with O(recordings[].days) the time alone.
        type: str
        required: true
      minutes:
        description: How long.
        type: int
        required: true
      days:
        description: Days of the week on which it comes again, V(mon) to V(sun), or V(daily); once without any.
        type: list
        elements: str
        default: []
      size:
        description: Size at which it ends early, such as V(1.5Gb); empty for none.
        type: str
        default: ""
  recordings_path:
    description: Folder of the recordings.
    type: path
    default: /srv/recordings
  recordings_at_once:
    description: How many recordings may run at the same time.
    type: int
    default: 4
  recordings_megabits:
    description: Bit rate of a channel, in Mbit/s, by which the space is reckoned that recordings take.
    type: int
    default: 10
  recordings_user:
    description: User that records.
    type: str
    default: homerouter-iptv
  program:
    description: Path of udpxy where O(archive) is empty.
    type: path
    default: /usr/bin/udpxy
  package:
    description: Package that has udpxy; empty for none.
    type: str
    default: ""
  archive:
    description: Source archive that udpxy is built from; empty for none.
    type: str
    default: ""
  sha256:
    description: SHA-256 checksum of O(archive).
    type: str
    default: ""
  minimum:
    description: Oldest version of udpxy that may run.
    type: str
    default: 1.0-25.2
  rmem_max:
    description: Least limit of receive buffers, in octets.
    type: int
    default: 4194304
  packages:
    description: Packages that are needed in any case.
    type: list
    elements: str
    default: []
  build_packages:
    description: Packages that are needed to build.
    type: list
    elements: str
    default: []
  files:
    description: Files that each unit reads, lists of paths by the unit's name; a unit that reads nothing is not wanted.
    type: dict
    default: {}
  verify_seconds:
    description: How long the role waits at the end; looked at for its range only.
    type: int
    default: 30
  wait:
    description: Seconds to wait until nothing is lacking. With V(0) it reports at once and does not fail for what is lacking.
    type: int
    default: 0
requirements:
  - iproute2
"""

EXAMPLES = r"""
- name: Ask whether television could be served here
  homerouter.tripleplay.iptv_apps_info:
    lan_interface: vlan100
    lan_address: 192.168.1.1/24
    iptv_interface: vlan2
    groups: [239.0.0.0/16]
    sources: [172.16.0.0/12]
    channels: [{number: 1, name: La 1, group: 239.0.0.76}]
    program: /usr/local/bin/udpxy
  register: television
"""

RETURN = r"""
program:
  description: Path of udpxy.
  type: str
  returned: when O(wait) is 0
  sample: /usr/local/lib/homerouter-udpxy/udpxy
banner:
  description: What that program says that it is, empty where it is not there yet.
  type: str
  returned: when O(wait) is 0
  sample: udpxy 1.0-25.2 (prod) standard [Linux 6.12.0 x86_64]
build:
  description: Whether it has to be built.
  type: bool
  returned: when O(wait) is 0
missing_packages:
  description: Packages that are needed and not installed.
  type: list
  elements: str
  returned: when O(wait) is 0
missing_build_packages:
  description: Packages that are needed to build and not installed, where it has to be built.
  type: list
  elements: str
  returned: when O(wait) is 0
clients:
  description: Networks that may use relay and playlists, that of the LAN first.
  type: list
  elements: str
  returned: when O(wait) is 0
recordings:
  description: What is to be recorded, with group, port and the times that systemd goes by.
  type: list
  elements: dict
  returned: when O(wait) is 0
unwanted:
  description: Units that run or are enabled and are not wanted.
  type: list
  elements: str
  returned: when O(wait) is 0
  sample: [homerouter-recordings.timer]
dlna_uuid:
  description: Identifier of this host's server for DLNA players; empty where there is none.
  type: str
  returned: when O(wait) is 0
  sample: 2f1c4d0e-6d0b-4f57-8a53-0d6f0e6b6a11
tvheadend:
  description: Whether TVheadend's unit runs or is enabled.
  type: bool
  returned: when O(wait) is 0
drift:
  description: Kernel settings, user and folder that differ from the plan.
  type: list
  elements: str
  returned: when O(wait) is 0
outdated:
  description: Units that run and have not read a file of O(files) as it is now.
  type: list
  elements: str
  returned: when O(wait) is 0
settled:
  description: Units of O(files) with which nothing is to be done, since they run, start with the host and have read their files, or are not wanted and do not.
  type: list
  elements: str
  returned: when O(wait) is 0
lacking:
  description: What players still lack on this host.
  type: list
  elements: str
  returned: always
  sample: ["the relay does not answer at http://192.168.1.1:4022/status"]
"""

import http.client
import operator
import os
import pwd
import select
import socket
import time
from datetime import datetime
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import (
    _channels,
    _dlna,
    _iptv_apps,
    _packages,
    _recordings,
    _stack,
    _tvheadend,
    _udpxy,
)

_ANSWER = 5.0
# Answers to a search come within a second (MX).
_DISCOVERY = 2.0


def answered(address: str, octets: int | None = None, headers: dict[str, str] | None = None, body: bytes | None = None) -> bytes:
    """What a web server of this host answers, or the beginning of it; nothing if it does not, or not with success."""
    host, port, path = _dlna.place(address)
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER)
    try:
        connection.request("GET" if body is None else "POST", path, body, headers or {})
        answer = connection.getresponse()
        return answer.read(octets) if answer.status == 200 else b""
    except (OSError, http.client.HTTPException):
        return b""
    finally:
        connection.close()


def program(module: AnsibleModule) -> tuple[str, bool]:
    """Path of udpxy, and whether it has to be built."""
    if not module.params["archive"]:
        return module.params["program"], False
    path = f"{_udpxy.FOLDER}/udpxy"
    return path, _stack.read(f"{_udpxy.FOLDER}/SHA256").strip() != module.params["sha256"] or not os.access(path, os.X_OK)


def host_problems(module: AnsibleModule, missing: list[str], units: dict[str, _stack.Unit]) -> list[str]:
    """What on the host stands in the way."""
    params = module.params
    if not os.path.isdir(_stack.SYSTEMD):
        return ["this host does not run systemd, which runs relay and playlists here: leave the role iptv_apps out"]
    problems = [
        f"iptv_apps_{variable} is {params[variable]}, which this host does not have: run the role homerouter.tripleplay.vlans first, or name "
        "another interface"
        for variable in ("lan_interface", "iptv_interface")
        if not module.check_mode and not os.path.exists(f"/sys/class/net/{params[variable]}")
    ]
    path, _build = program(module)
    if not params["archive"] and params["package"] not in missing and not os.access(path, os.X_OK):
        problems.append(
            f"iptv_apps_udpxy_program is {path}, which this host does not have, and Debian has no package of it: let it be built from its source "
            "(iptv_apps_udpxy_archive and iptv_apps_udpxy_sha256), or give the path of one that you have"
        )
    elif not params["archive"] and os.access(path, os.X_OK):
        problem = _iptv_apps.program_problem(path, *_udpxy.banner(run_banner(module, path)), params["minimum"])
        problems += [problem] if problem else []
    ports = [("relay_port", params["relay_port"], _iptv_apps.RELAY), ("lists_port", params["lists_port"], _iptv_apps.LISTS)]
    if params["dlna"]["provider"]:
        ports.append(("dlna_port", params["dlna"]["port"], _dlna.UNIT))
        problems += dlna_problems(module, missing, units)
    others = {variable: port for variable, port, unit in ports if not units[unit].active}
    return problems + _iptv_apps.port_problems(others, params["lan_address"].partition("/")[0], map(_stack.read, _iptv_apps.TABLES))


def dlna_problems(module: AnsibleModule, missing: list[str], units: dict[str, _stack.Unit]) -> list[str]:
    """What on the host stands in the way of the server for DLNA players."""
    dlna = module.params["dlna"]
    problem = _dlna.machine_problem(_stack.read(_dlna.MACHINE_ID))
    if problem:
        return [problem]
    if dlna["provider"] == "gerbera":
        if units[_dlna.FOREIGN_UNIT].active:
            return [
                f"iptv_apps_dlna is gerbera, and this host runs a gerbera of its own ({_dlna.FOREIGN_UNIT}): `systemctl disable --now "
                f"{_dlna.FOREIGN_UNIT}`, or leave iptv_apps_dlna empty"
            ]
        if "gerbera" in missing and (path := _stack.unmaskable(_dlna.FOREIGN_UNIT)):
            return [
                f"iptv_apps_dlna is gerbera, whose own service has to be masked, and {path} is in the way: move it away, or leave iptv_apps_dlna empty"
            ]
        problem = _dlna.version_problem(gerbera_version(module, "gerbera" in missing))
        return [problem] if problem else []
    if dlna["package"] in missing:
        return []
    return [
        f"iptv_apps_xupnpd_{key} is {dlna[key]}, and {path} is not there; Debian has no package of xupnpd: give the {key} of one that you have built, "
        "or use gerbera (iptv_apps_dlna)"
        for key, path, mode in (("program", dlna["program"], os.X_OK), ("folder", f"{dlna['folder']}/xupnpd_main.lua", os.R_OK))
        if not os.access(path, mode)
    ]


def gerbera_version(module: AnsibleModule, missing: bool) -> str:
    """The version of gerbera that is installed or would be; empty where the package lists do not say."""
    command = ["apt-cache", "show", "--no-all-versions", "gerbera"] if missing else ["dpkg-query", "--show", "--showformat=Version: ${Version}", "gerbera"]
    _code, out, _err = module.run_command(command)
    return next((line.partition(" ")[2] for line in out.splitlines() if line.startswith("Version: ")), "")


def user_id(name: str) -> int | None:
    """Number of a user, None where there is none."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def recording_problems(module: AnsibleModule, recordings: list[_recordings.Recording]) -> list[str]:
    """What is in the way of recordings: each other, the folder, space."""
    params = module.params
    now = datetime.now()
    folder = params["recordings_path"]
    problems = _recordings.collisions(recordings, now, params["recordings_at_once"])
    path, build = program(module)
    recorder = os.path.join(os.path.dirname(path), "udpxrec")
    if not build and params["package"] == "" and not os.access(recorder, os.X_OK):
        problems.append(f"iptv_apps_udpxy_program is {path}, and there is no {recorder}, which records: make it a link to udpxy, or let udpxy be built")
    there = folder
    while not os.path.exists(there):
        there = os.path.dirname(there)
    info = os.stat(folder) if there == folder else None
    if info is not None and os.listdir(folder) and info.st_uid != user_id(params["recordings_user"]):
        problems.append(
            f"iptv_apps_recordings_path is {folder}, where somebody else keeps files: name a folder that recordings have for themselves, such as "
            f"{folder.rstrip('/')}/recordings"
        )
    disk = os.statvfs(there)
    free, wanted = disk.f_bavail * disk.f_frsize, _recordings.needed(recordings, now, params["recordings_megabits"])
    if wanted > free:
        problems.append(
            f"iptv_apps_recordings_path is {folder}, where {free / 1e9:.1f} GB are free, and the recordings take {wanted / 1e9:.1f} GB at "
            f"{params['recordings_megabits']} Mbit/s (iptv_apps_recordings_megabits): make room, name a folder on a larger disk, or shorten them"
        )
    return problems


def run_banner(module: AnsibleModule, path: str) -> str:
    """What udpxy says without arguments, which is how it is used."""
    _code, out, err = module.run_command([path])
    return out + err


def lacking(module: AnsibleModule) -> list[str]:
    """What players lack."""
    params = module.params
    address = params["lan_address"].partition("/")[0]
    found = []
    if answered(f"http://{address}:{params['lists_port']}/rtp.m3u", 7) != b"#EXTM3U":
        found.append(f"the playlists are not to be had at http://{address}:{params['lists_port']}/ (journalctl -u {_iptv_apps.LISTS})")
    if not answered(f"http://{address}:{params['relay_port']}/status", 1):
        found.append(f"the relay does not answer at http://{address}:{params['relay_port']}/status (journalctl -u {_iptv_apps.RELAY})")
    clear = [channel for channel in _channels.channels(params["channels"]) if not channel.encrypted]
    if clear and not found:
        channel = clear[0]
        # What a transport stream begins with, 0x47.
        if answered(_channels.stream(channel, f"http://{address}:{params['relay_port']}"), 1) != b"G":
            found.append(
                f"channel {channel.number}, {channel.name}, does not come through the relay: look whether set-top boxes have a picture, and "
                f"whether {channel.group}:{channel.port} is right (homerouter.tripleplay.multicast_probe)"
            )
        elif params["dlna"]["provider"]:
            found += dlna_lacking(module, channel.name)
    return found


def dlna_lacking(module: AnsibleModule, wanted: str) -> list[str]:
    """What DLNA players lack: the server, or in it the channel that is wanted."""
    address, port = module.params["lan_address"].partition("/")[0], module.params["dlna"]["port"]
    where = discovered(address, f"uuid:{machine_uuid()}")
    journal = f"(journalctl -u {_dlna.UNIT})"
    if not where:
        return [f"the DLNA server does not answer in the LAN {journal}"]
    if _dlna.place(where)[:2] != (address, port):
        return [f"the DLNA server says that it is at {where}, and not at {address}:{port} {journal}"]
    control = _dlna.control(answered(where).decode(errors="replace"), where)
    waiting, titles, seen = ["0"], [], 0
    # A server with more containers than channels would ask for more than it is worth.
    while control and waiting and seen <= len(module.params["channels"]) + 8:
        containers, items = _dlna.content(answered(control, None, *_dlna.browse(waiting.pop(0))).decode(errors="replace"))
        waiting += containers
        titles += [item.title for item in items]
        seen += 1
    return [] if wanted in titles else [f"the DLNA server does not offer {wanted} {journal}"]


def discovered(address: str, target: str) -> str:
    """Where a server describes itself that answers to the question for it, as players ask it by this host's address; empty if none does."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        try:
            channel.bind((address, 0))
            channel.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
            channel.sendto(_dlna.search(target), (_dlna.GROUP, _dlna.PORT))
        except OSError:
            return ""
        end = time.monotonic() + _DISCOVERY
        while select.select([channel], [], [], max(0.0, end - time.monotonic()))[0]:
            where = _dlna.location(channel.recv(4096).decode(errors="replace"))
            if where:
                return where
    return ""


def machine_uuid() -> str:
    """The identifier of this host's server."""
    return _dlna.device_id(_stack.read(_dlna.MACHINE_ID))


def unwanted(params: dict[str, Any], units: dict[str, _stack.Unit]) -> list[str]:
    """Units that run or will, and are not wanted."""
    names = [name for name, files in params["files"].items() if not files]
    if params["dlna"]["provider"] == "gerbera":
        # Debian's package enables it.
        names.append(_dlna.FOREIGN_UNIT)
    return [name for name in names if units[name].in_use]


def drift(module: AnsibleModule) -> list[str]:
    """What differs outside of files; not every network namespace has the limit."""
    params = module.params
    actual = _stack.read("/proc/sys/net/core/rmem_max").strip()
    differs = []
    if actual.isdigit() and int(actual) < params["rmem_max"]:
        differs.append(f"net.core.rmem_max is {actual}, less than {params['rmem_max']}")
    if params["recordings"]:
        number = user_id(params["recordings_user"])
        if number is None:
            differs.append(f"there is no user {params['recordings_user']}")
        folder = params["recordings_path"]
        if not os.path.isdir(folder) or os.stat(folder).st_uid != number:
            differs.append(f"{folder} is not {params['recordings_user']}'s")
    return differs


def main() -> None:
    """Entry point."""
    text, number = {"type": "str", "required": True}, {"type": "int"}
    texts = {"type": "list", "elements": "str"}
    module = AnsibleModule(
        argument_spec={
            "lan_interface": text,
            "lan_address": text,
            "iptv_interface": text,
            "clients": {**texts, "default": []},
            "groups": {**texts, "required": True},
            "sources": {**texts, "required": True},
            **_channels.spec(),
            "relay_port": {**number, "default": 4022},
            "relay_clients": {**number, "default": 16},
            "relay_buffer": {"type": "str", "default": "1Mb"},
            "relay_renew_seconds": {**number, "default": 0},
            "lists_port": {**number, "default": 8080},
            "dlna": {
                "type": "dict",
                "options": {
                    "provider": {"type": "str", "default": ""},
                    "name": {"type": "str", "default": "Television"},
                    "port": {**number, "default": 61000},
                    "package": {"type": "str", "default": ""},
                    "program": {"type": "path", "default": "/usr/bin/xupnpd"},
                    "folder": {"type": "path", "default": "/usr/share/xupnpd"},
                },
                "apply_defaults": True,
            },
            "recordings": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": text,
                    "channel": {"type": "int", "required": True},
                    "start": text,
                    "minutes": {"type": "int", "required": True},
                    "days": {**texts, "default": []},
                    "size": {"type": "str", "default": ""},
                },
            },
            "recordings_path": {"type": "path", "default": "/srv/recordings"},
            "recordings_at_once": {**number, "default": 4},
            "recordings_megabits": {**number, "default": 10},
            "recordings_user": {"type": "str", "default": "homerouter-iptv"},
            "program": {"type": "path", "default": "/usr/bin/udpxy"},
            "package": {"type": "str", "default": ""},
            "archive": {"type": "str", "default": ""},
            "sha256": {"type": "str", "default": ""},
            "minimum": {"type": "str", "default": "1.0-25.2"},
            "rmem_max": {**number, "default": 4194304},
            "packages": {**texts, "default": []},
            "build_packages": {**texts, "default": []},
            "files": {"type": "dict", "default": {}},
            "verify_seconds": {**number, "default": 30},
            "wait": {**number, "default": 0},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C"}
    params: dict[str, Any] = module.params
    problems = _iptv_apps.plan_problems(params)
    problems += _dlna.plan_problems(params["dlna"], {f"iptv_apps_{key}": params[key] for key in ("relay_port", "lists_port")})
    if params["wait"] and not problems:
        lacks = _stack.until(lambda: lacking(module), operator.not_, params["wait"])
        if lacks:
            module.fail_json(msg=f"Players cannot watch after {params['wait']} s: {'; '.join(lacks)}", lacking=lacks)
        module.exit_json(changed=False, lacking=[])
    query = module.get_bin_path("dpkg-query")
    missing = _packages.missing(module.run_command, query, params["packages"] + ([params["package"]] if params["package"] else []))
    units = _stack.units(
        module.run_command, [*params["files"], _iptv_apps.RELAY, _iptv_apps.LISTS, _dlna.UNIT, _dlna.FOREIGN_UNIT, _tvheadend.UNIT]
    )
    recordings: list[_recordings.Recording] = []
    if not problems:
        recordings, wrong = _recordings.load(params["recordings"], _channels.channels(params["channels"]))
        problems = [str(problem) for problem in wrong] or host_problems(module, missing, units)
    if recordings and not problems:
        problems = recording_problems(module, recordings)
    if problems:
        module.fail_json(msg="Television cannot be served as planned, nothing has been changed: " + "; ".join(problems), lacking=[])
    path, build = program(module)
    outdated, settled = _stack.standing(units, params["files"])
    module.exit_json(
        changed=False,
        program=path,
        banner=_udpxy.banner(run_banner(module, path))[0] if os.access(path, os.X_OK) else "",
        build=build,
        missing_packages=missing,
        missing_build_packages=_packages.missing(module.run_command, query, params["build_packages"]) if build else [],
        clients=_iptv_apps.networks([params["lan_address"], *params["clients"]]),
        unwanted=unwanted(params, units),
        dlna_uuid=machine_uuid() if params["dlna"]["provider"] else "",
        tvheadend=units[_tvheadend.UNIT].in_use,
        recordings=[recording.planned() for recording in recordings],
        drift=drift(module),
        outdated=outdated,
        settled=settled,
        lacking=[],
    )


if __name__ == "__main__":
    main()
