#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tvheadend_info
short_description: Whether TVheadend can run on this host as planned
version_added: 0.1.0
description:
  - Looks at a plan for TVheadend before anything is changed, and says what the host lacks for it.
  - Fetches the key of the package source if that is not there yet, and compares its fingerprint.
  - Changes nothing. Running it again gives the same answer as long as the host is the same.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Can run in check mode and answers the same.
    support: full
  diff_mode:
    description: Returns details on what has changed; nothing ever does.
    support: none
options:
  lan_address:
    description: This host's address in the LAN with prefix length.
    type: str
    required: true
  user:
    description: Name of the administrator.
    type: str
    required: true
  password:
    description: The administrator's password.
    type: str
    required: true
  network:
    description: Name of the network that gets the channels.
    type: str
    default: Television
  max_streams:
    description: How many channels may come in at the same time.
    type: int
    default: 3
  http_port:
    description: TCP port of the web interface.
    type: int
    default: 9981
  htsp_port:
    description: TCP port of HTSP.
    type: int
    default: 9982
  relay_port:
    description: TCP port of the relay, which has to be another.
    type: int
    default: 4022
  lists_port:
    description: TCP port of the playlists, which has to be another.
    type: int
    default: 8080
  dlna_port:
    description: TCP port of the server for DLNA players, which has to be another; V(0) where there is none.
    type: int
    default: 0
  program:
    description: Path of TVheadend.
    type: path
    default: /usr/bin/tvheadend
  package:
    description: Package that has O(program); empty for none.
    type: str
    default: ""
  repository:
    description: Address of the package source that has O(package); empty where the host's own sources have it.
    type: str
    default: ""
  suite:
    description: Suite of the package source; empty for the release of this host.
    type: str
    default: ""
  components:
    description: Components of the package source.
    type: list
    elements: str
    default: [main]
  key:
    description: Key that the package source is signed with, a web address or the key in ASCII armour.
    type: str
    default: ""
  fingerprint:
    description: Fingerprint of O(key).
    type: str
    default: ""
  key_path:
    description: Where the key is kept. One that is there and has the fingerprint is not fetched again.
    type: path
    default: /etc/apt/keyrings/homerouter-tvheadend.asc
"""

EXAMPLES = r"""
- name: Ask whether TVheadend could run here
  homerouter.tripleplay.tvheadend_info:
    lan_address: 192.168.1.1/24
    user: admin
    password: "{{ tvheadend_password }}"
    program: /usr/local/bin/tvheadend
  register: tvheadend
"""

RETURN = r"""
banner:
  description: What the program says that it is, empty where it is not there yet.
  type: str
  returned: success
  sample: "/usr/bin/tvheadend: version 4.3-2600~g5abbcda4d"
missing_packages:
  description: The package, if it is not installed.
  type: list
  elements: str
  returned: success
suite:
  description: Suite of the package source.
  type: str
  returned: success
  sample: trixie
key:
  description: The key of the package source; empty where there is no source, or in check mode if it cannot be fetched.
  type: str
  returned: success
foreign:
  description: Whether the service that O(package) brings could be started, and has to be kept from that.
  type: bool
  returned: success
"""

import os
import re
import urllib.error
from http.client import HTTPException

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _iptv_apps, _packages, _stack, _tvheadend

_ANSWER = 30


def host_problems(module: AnsibleModule, missing: list[str], units: dict[str, _stack.Unit]) -> list[str]:
    """What on the host stands in the way."""
    params = module.params
    problems = []
    program = params["program"]
    if not missing and not os.access(program, os.X_OK):
        problems.append(
            f"iptv_apps_tvheadend_program is {program}, which this host does not have: name the package that has it (iptv_apps_tvheadend_package), or "
            "give the path of one that you have"
        )
    elif os.access(program, os.X_OK) and _tvheadend.version(banner(module)) is None:
        problems.append(f"iptv_apps_tvheadend_program is {program}, which does not say that it is TVheadend: give the path of TVheadend")
    if missing and params["repository"] and not (params["suite"] or release()):
        problems.append("iptv_apps_tvheadend_suite is empty, and this host does not say which release it is: give the suite of the package source")
    if units[_tvheadend.FOREIGN_UNIT].in_use:
        problems.append(
            f"iptv_apps_tvheadend is true, and this host runs a TVheadend of its own ({_tvheadend.FOREIGN_UNIT}), now or when it starts: "
            f"`systemctl disable --now {_tvheadend.FOREIGN_UNIT}`, or leave iptv_apps_tvheadend off"
        )
    elif params["package"] and (path := _stack.unmaskable(_tvheadend.FOREIGN_UNIT)):
        problems.append(
            f"iptv_apps_tvheadend_package is {params['package']}, whose own service has to be masked, and {path} is in the way: move it away, or leave "
            "iptv_apps_tvheadend off"
        )
    elif not units[_tvheadend.UNIT].active:
        ports = {f"tvheadend_{name}": params[name] for name in ("http_port", "htsp_port")}
        problems += _iptv_apps.port_problems(ports, params["lan_address"].partition("/")[0], map(_stack.read, _iptv_apps.TABLES))
    return problems


def banner(module: AnsibleModule) -> str:
    """What the program says that it is."""
    if not os.access(module.params["program"], os.X_OK):
        return ""
    _code, out, err = module.run_command([module.params["program"], "--version"])
    return (out + err).strip()


def release() -> str:
    """Name of this host's release (os-release(5))."""
    match = re.search(r'^VERSION_CODENAME="?([a-z0-9-]+)"?$', _stack.read("/etc/os-release"), re.MULTILINE)
    return match[1] if match else ""


def source_key(module: AnsibleModule) -> str:
    """The key of the package source, compared with its fingerprint."""
    params = module.params
    there = _stack.read(params["key_path"])
    if there and not _tvheadend.key_problem(there, params["fingerprint"]):
        return _tvheadend.armoured(there)
    text = params["key"]
    if _tvheadend.BEGIN not in text:
        try:
            text = open_url(text, timeout=_ANSWER).read().decode("utf-8", "replace")
        except (urllib.error.URLError, OSError, HTTPException, ValueError) as error:
            if module.check_mode:
                return ""
            module.fail_json(
                msg=f"iptv_apps_tvheadend_key is {params['key']}, which cannot be fetched ({error}), nothing has been changed: look whether the router has "
                "the Internet and the package ca-certificates, or give the key itself"
            )
    wrong = _tvheadend.key_problem(text, params["fingerprint"])
    if wrong:
        module.fail_json(msg=f"iptv_apps_tvheadend_key {wrong}. Nothing has been changed")
    return _tvheadend.armoured(text)


def main() -> None:
    """Entry point."""
    text, number = {"type": "str", "required": True}, {"type": "int"}
    optional = {"type": "str", "default": ""}
    module = AnsibleModule(
        argument_spec={
            "lan_address": text,
            "user": text,
            "password": {**text, "no_log": True},
            "network": {"type": "str", "default": "Television"},
            "max_streams": {**number, "default": 3},
            "http_port": {**number, "default": 9981},
            "htsp_port": {**number, "default": 9982},
            "relay_port": {**number, "default": 4022},
            "lists_port": {**number, "default": 8080},
            "dlna_port": {**number, "default": 0},
            "program": {"type": "path", "default": "/usr/bin/tvheadend"},
            "package": optional,
            "repository": optional,
            "suite": optional,
            "components": {"type": "list", "elements": "str", "default": ["main"]},
            # The key is a public one.
            "key": {**optional, "no_log": False},
            "fingerprint": optional,
            "key_path": {"type": "path", "default": "/etc/apt/keyrings/homerouter-tvheadend.asc", "no_log": False},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C"}
    params = module.params
    packages = [params["package"]] if params["package"] else []
    missing = _packages.missing(module.run_command, module.get_bin_path("dpkg-query"), packages)
    units = _stack.units(module.run_command, [_tvheadend.FOREIGN_UNIT, _tvheadend.UNIT])
    problems = _tvheadend.plan_problems(params) or host_problems(module, missing, units)
    if problems:
        module.fail_json(msg="TVheadend cannot run as planned, nothing has been changed: " + "; ".join(problems))
    foreign = units[_tvheadend.FOREIGN_UNIT].file_state
    module.exit_json(
        changed=False,
        banner=banner(module),
        missing_packages=missing,
        suite=params["suite"] or release(),
        key=source_key(module) if packages and params["repository"] else "",
        # It is there or about to come, and not masked.
        foreign=bool(packages) and bool(missing or foreign) and foreign not in ("masked", "masked-runtime"),
    )


if __name__ == "__main__":
    main()
