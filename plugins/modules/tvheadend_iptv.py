#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tvheadend_iptv
short_description: The channels of the fibre as an IPTV network of TVheadend
version_added: 0.1.0
description:
  - Makes an IPTV network in a running TVheadend, and in it a mux for each channel, by TVheadend's own API.
  - Changes and removes only what it has made. Other networks stay, and so do muxes that somebody else has put into this one, even where one has
    the address of a channel.
  - Where O(network) does not exist yet, and another network holds what it has made, that one gets the name; where O(network) does exist, what it has
    made elsewhere is removed.
  - Fails when whoever gives no password may administer TVheadend.
  - Running it again changes nothing.
author:
  - The homerouter.tripleplay contributors (@homerouter)
extends_documentation_fragment:
  - homerouter.tripleplay.channels
attributes:
  check_mode:
    description: Asks TVheadend, and changes nothing there.
    support: full
  diff_mode:
    description: Shows the network and its muxes before and after.
    support: full
options:
  url:
    description: Web address of TVheadend, such as V(http://192.168.1.1:9981).
    type: str
    required: true
  user:
    description: Name of an administrator.
    type: str
    required: true
  password:
    description: The administrator's password.
    type: str
    required: true
  network:
    description: Name of the network.
    type: str
    default: Television
  max_streams:
    description: How many channels of the network may come in at the same time, scans included.
    type: int
    default: 3
  interface:
    description: Interface that the channels' groups are joined on.
    type: str
    required: true
  encrypted:
    description: Whether channels with DRM get a mux, too.
    type: bool
    default: false
  wait:
    description: Seconds to wait for TVheadend, which takes a moment after its start.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Give TVheadend the channels
  homerouter.tripleplay.tvheadend_iptv:
    url: http://192.168.1.1:9981
    user: admin
    password: "{{ tvheadend_password }}"
    interface: vlan2
    channels: [{number: 1, name: La 1, group: 239.0.0.76}]
"""

RETURN = r"""
version:
  description: What TVheadend says that its version is.
  type: str
  returned: success
  sample: 4.3-2600~g5abbcda4d
muxes:
  description: How many muxes were, or in check mode would be, made, changed and removed.
  type: dict
  returned: success
  sample: {"made": 2, "changed": 0, "removed": 1}
kept:
  description: Addresses of channels that a mux of somebody else has in the network, which stays as it is.
  type: list
  elements: str
  returned: success
anybody:
  description: Enabled access entries of TVheadend that are for anybody, by their comments. They cannot administer, or the module would have failed.
  type: list
  elements: str
  returned: success
"""

import json
import urllib.error
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _channels, _stack, _tvheadend

_ANSWER = 10
# More than any list has: without a limit of its own a grid ends after 50 entries.
_ALL = 1000000


class Unreachable(Exception):
    """TVheadend does not answer, or not yet."""


class Refused(Exception):
    """TVheadend answers, and will not."""


class Denied(Refused):
    """TVheadend answers, and not to somebody with this account, or with none."""


class Api:
    """TVheadend's API: calls with arguments in a form, each of them text or JSON, answers in JSON (src/webui/webui_api.c)."""

    def __init__(self, params: dict[str, Any]) -> None:
        self.url = params["url"].rstrip("/")
        self.user, self.password = params["user"], params["password"]

    def call(self, path: str, account: bool = True, **arguments: Any) -> Any:
        """What one call answers."""
        body = urlencode({name: value if isinstance(value, str) else json.dumps(value) for name, value in arguments.items()})
        login = {"url_username": self.user, "url_password": self.password} if account else {}
        try:
            # No proxy of the environment, as TVheadend is in this house, and no account but the given one.
            answer = open_url(
                f"{self.url}/api/{path}", data=body, method="POST", use_proxy=False, use_netrc=False, follow_redirects="none", timeout=_ANSWER, **login
            )
            text = answer.read()
        except urllib.error.HTTPError as error:
            # Without a name the answer is 401, with a wrong password 403 (http_noaccess_code() of src/http.c).
            if error.code in (401, 403):
                raise Denied(
                    f"{self.url} refuses user {self.user} with this password: give those of an administrator of TVheadend; the role iptv_apps sets "
                    "iptv_apps_tvheadend_user and iptv_apps_tvheadend_password when it starts TVheadend"
                ) from None
            if error.code == 404:
                raise Refused(f"{self.url} knows no {path}: it is not TVheadend, or one older than 4.2; look at what has its port (`ss -tlnp`)") from None
            raise Refused(f"{self.url} answers {path} with {error.code}: look at `journalctl -u {_tvheadend.UNIT}`") from None
        except ValueError as error:
            # urllib knows the older digests only.
            raise Refused(f"{self.url} wants a login that is unknown here ({error}): set the digest to MD5 in TVheadend's general configuration") from None
        except (OSError, HTTPException) as error:
            raise Unreachable(f"{self.url} does not answer ({error}): look at `systemctl status {_tvheadend.UNIT}`") from None
        try:
            return json.loads(text)
        except ValueError:
            raise Refused(f"{self.url} answers {path} with something that is no JSON: it is not TVheadend; look at what has its port (`ss -tlnp`)") from None

    def grid(self, path: str, **arguments: Any) -> list[dict[str, Any]]:
        """All entries of a list."""
        answer = self.call(f"{path}/grid", start=0, limit=_ALL, **arguments)
        if not isinstance(answer, dict) or not isinstance(answer.get("entries"), list):
            raise Refused(f"{self.url} answers {path}/grid without entries: it is not TVheadend; look at what has its port (`ss -tlnp`)")
        return answer["entries"]

    def open(self) -> bool:
        """Whether somebody without a password is an administrator."""
        try:
            self.call("mpegts/network/grid", account=False)
        # Any other answer proves nothing.
        except Denied:
            return False
        return True


def greeting(api: Api, seconds: int) -> str:
    """The version, as soon as TVheadend answers."""

    def look() -> Any:
        try:
            return api.call("serverinfo")
        except Unreachable as error:
            return error

    answer = _stack.until(look, lambda seen: not isinstance(seen, Unreachable), seconds)
    if isinstance(answer, Unreachable):
        raise answer
    if not isinstance(answer, dict) or "sw_version" not in answer:
        raise Refused(f"{api.url} does not say which version it is: it is not TVheadend; look at what has its port (`ss -tlnp`)")
    return str(answer["sw_version"])


def look(api: Api, network: dict[str, Any], muxes: list[dict[str, Any]]) -> _tvheadend.Plan:
    """What is to be done as things are now."""
    return _tvheadend.make_plan(api.grid("mpegts/network"), api.grid("mpegts/mux", hidemode="none"), network, muxes)


def apply(api: Api, plan: _tvheadend.Plan) -> None:
    """Do it."""
    if plan.create is not None:
        api.call("mpegts/network/create", **{"class": "iptv_network", "conf": plan.create})
        # Not each version answers with the new one's uuid.
        made = _tvheadend.find_network(api.grid("mpegts/network"), plan.create["networkname"])
        if made is None:
            raise Refused(f"{api.url} has made no network {plan.create['networkname']}: look at `journalctl -u {_tvheadend.UNIT}`")
        plan.network = made["uuid"]
    if plan.delete:
        api.call("idnode/delete", uuid=plan.delete)
    if plan.save:
        api.call("idnode/save", node=plan.save)
    for mux in plan.muxes:
        api.call("mpegts/network/mux_create", uuid=plan.network, conf=mux)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Ask, do what is to be done, look whether it was."""
    params = module.params
    api = Api(params)
    version = greeting(api, params["wait"])
    if api.open():
        raise Refused(
            f"{api.url} lets anybody administer it: an access entry for everybody (*) has the right admin. Take it away in TVheadend "
            "(Configuration, Users, Access Entries), and do not start it with --noacl or --firstrun"
        )
    network = _tvheadend.wanted_network(params["network"], params["max_streams"])
    muxes = _tvheadend.wanted_muxes(_tvheadend.playable(params["channels"], params["encrypted"]), params["interface"])
    plan = look(api, network, muxes)
    if plan.changes and not module.check_mode:
        apply(api, plan)
        left = look(api, network, muxes)
        if left.changes:
            raise Refused(
                f"{api.url} did not take all of it: {len(left.muxes)} muxes to make, {len(left.save)} to change and {len(left.delete)} to remove are left; "
                f"this is TVheadend {version}, and 4.3 is what was tried"
            )
    return {
        "changed": plan.changes,
        "version": version,
        "muxes": {"made": len(plan.muxes), "changed": sum(node["uuid"] != plan.network for node in plan.save), "removed": len(plan.delete)},
        "kept": plan.kept,
        "anybody": sorted(
            str(one.get("comment", "")) for one in api.grid("access/entry") if one.get("enabled") and str(one.get("username", "")).startswith("*")
        ),
        "diff": {"before": "".join(f"{line}\n" for line in plan.before), "after": "".join(f"{line}\n" for line in plan.after)},
    }


def main() -> None:
    """Entry point."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "url": text,
            "user": text,
            "password": {**text, "no_log": True},
            "network": {"type": "str", "default": "Television"},
            "max_streams": {"type": "int", "default": 3},
            "interface": text,
            **_channels.spec(),
            "encrypted": {"type": "bool", "default": False},
            "wait": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )
    name = _tvheadend.network_problem(module.params["network"])
    wrong = [f"network {name}"] if name else []
    wrong += [str(problem) for problem in _channels.problems(module.params["channels"], [], "channels")]
    if wrong:
        module.fail_json(msg="Nothing has been changed: " + "; ".join(wrong))
    try:
        module.exit_json(**run(module))
    except (Unreachable, Refused, _tvheadend.Unusable) as error:
        module.fail_json(msg=f"TVheadend cannot be given the channels: {error}")


if __name__ == "__main__":
    main()
