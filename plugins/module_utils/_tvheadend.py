# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TVheadend: what is wrong with a plan, and what its networks and muxes lack. Pure: the modules next door ask the host and the program.

Names of fields are those of TVheadend's sources: src/input/mpegts/iptv/iptv.c (2f6fed24), iptv_mux.c (42ed92dc), mpegts_mux.c (3252302c).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _channels, _iptv_apps
from ansible_collections.homerouter.tripleplay.plugins.module_utils._channels import Channel

UNIT = "homerouter-tvheadend.service"
# What the package brings and starts by itself: on all addresses, with an administrator that has no name and no password.
FOREIGN_UNIT = "tvheadend.service"
# In the environment of a mux that is no pipe it has no effect, stays when all else is edited, and tells which muxes are managed here.
MARK = "HOMEROUTER=1"
# What a mux is shown by.
FIELDS = ("channel_number", "iptv_muxname", "iptv_sname", "iptv_url", "iptv_interface", "enabled", "iptv_tags", "iptv_icon", "iptv_epgid")
SHORTEST_PASSWORD = 10
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PASSWORD = re.compile(r"[!-~]{1,128}")
_OBVIOUS = ("password", "contrase", "tvheadend", "movistar", "telefonica", "administrator", "homerouter", "changeme", "qwerty", "letmein")
_DIGITS = "01234567890123456789"
# A public key in ASCII armour begins and ends so.
BEGIN, _END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
_ARMOUR = re.compile(rf"{BEGIN}\n(.*?)\n{_END}", re.DOTALL)
_PUBLIC_KEY = 6
# The packets of a public key: signature, key, name, subkey, picture. A secret or a packed one could be a further key to apt.
_PACKETS = (2, _PUBLIC_KEY, 13, 14, 17)
FINGERPRINT = re.compile(r"[0-9A-F]{40}")
_VERSION = re.compile(r"version ([0-9]+)\.([0-9]+)\S*", re.IGNORECASE)


def plan_problems(plan: Mapping[str, Any]) -> list[str]:
    """What is wrong with the role's variables, each with variable and cure; a password is never shown."""
    name = network_problem(plan["network"])
    found = [f"iptv_apps_tvheadend_network {name}"] if name else []
    return _account_problems(plan["user"], plan["password"]) + found + _number_problems(plan) + _source_problems(plan)


def _account_problems(user: str, password: str) -> list[str]:
    found = []
    if not _USER.fullmatch(user):
        found.append(f"iptv_apps_tvheadend_user is {user!r}: give the administrator a name of letters, digits, '.', '-' and '_', such as admin")
    wrong = password_problem(user, password)
    if wrong:
        found.append(
            f"iptv_apps_tvheadend_password {wrong}: give one of {SHORTEST_PASSWORD} characters or more, such as `openssl rand -hex 12` makes, in a vault"
        )
    return found


def network_problem(name: str) -> str:
    """What is wrong with the name of a network; empty if nothing is."""
    if name and name == name.strip() and name.isprintable():
        return ""
    return f"is {name!r}: give the network a name that can be read, without a blank at its ends, such as Television"


def password_problem(user: str, password: str) -> str:
    """What is wrong with a password, without showing it; empty if nothing is."""
    if not password:
        return "is empty, and whoever reached the port would be the administrator"
    if len(password) < SHORTEST_PASSWORD:
        return f"has {len(password)} characters, which is short enough to be tried out"
    # The digest is reckoned over ASCII on either side, and a blank ends the word on its way.
    if not _PASSWORD.fullmatch(password):
        return "has blanks, characters that are not ASCII, or more than 128 characters, which TVheadend's login does not take everywhere"
    low = password.lower()
    if len(set(low)) < 5 or low in _DIGITS or (len(user) > 3 and user.lower() in low) or any(low.startswith(word) for word in _OBVIOUS):
        return "is one that is tried first (a common word, a row of digits, the name of the user)"
    return ""


def _number_problems(plan: Mapping[str, Any]) -> list[str]:
    found = []
    ports = {f"iptv_apps_{name}": plan[name] for name in ("relay_port", "lists_port", "dlna_port")}
    for name, port, own in (("http_port", plan["http_port"], 9981), ("htsp_port", plan["htsp_port"], 9982)):
        variable = f"iptv_apps_tvheadend_{name}"
        if not 1024 <= port <= 65535:
            found.append(f"{variable} is {port}, outside 1024 to 65535: use another port; TVheadend's own is {own}")
        same = [other for other, number in ports.items() if number == port]
        if same:
            found.append(f"{variable} is {port}, as is {same[0]}: give each a port of its own")
        ports[variable] = port
    if not 1 <= plan["max_streams"] <= 100:
        found.append(
            f"iptv_apps_tvheadend_max_streams is {plan['max_streams']}, outside 1 to 100: give the number of channels that may come in at the same time; "
            "each takes up to 15 Mbit/s of the line"
        )
    return found


def _source_problems(plan: Mapping[str, Any]) -> list[str]:
    found = []
    if not _iptv_apps.PATH.fullmatch(plan["program"]):
        found.append(f"iptv_apps_tvheadend_program is {plan['program']!r}: give the absolute path of TVheadend on the router, without blanks or quotes")
    if not plan["package"] or not plan["repository"]:
        return found
    if not re.fullmatch(r"(https?|file|copy)://?\S+", plan["repository"]):
        found.append(f"iptv_apps_tvheadend_repository is {plan['repository']!r}: give the address of a package source, such as https://example.net/debian")
    if plan["suite"] and not re.fullmatch(r"[A-Za-z0-9./-]+", plan["suite"]):
        found.append(f"iptv_apps_tvheadend_suite is {plan['suite']!r}: give the name of a release, such as trixie, or leave it empty for the router's own")
    if not plan["components"] or not all(re.fullmatch(r"[A-Za-z0-9./-]+", one) for one in plan["components"]):
        found.append(f"iptv_apps_tvheadend_components is {plan['components']!r}: give the parts of the source, such as [main]")
    if BEGIN not in plan["key"] and not re.fullmatch(r"https?://\S+", plan["key"]):
        found.append(
            "iptv_apps_tvheadend_key is neither a web address nor a public key in ASCII armour: give the key that the source is signed with, or its address"
        )
    if not FINGERPRINT.fullmatch(fingerprint(plan["fingerprint"])):
        found.append(
            f"iptv_apps_tvheadend_fingerprint is {plan['fingerprint']!r}, which is no fingerprint: write the 40 digits that `gpg --show-keys` prints for a key "
            "that you trust"
        )
    return found


def fingerprint(text: str) -> str:
    """A fingerprint as it is compared: without blanks, in capitals."""
    return "".join(text.split()).upper()


def key_problem(text: str, wanted: str) -> str:
    """What is wrong with a key that was fetched; empty if it is the wanted one and nothing else."""
    try:
        found = fingerprints(text)
    except ValueError as error:
        return f"is not one public key in ASCII armour ({error}): give the address of the key that the source is signed with"
    # apt trusts each key of the file, so that one more would be one too many.
    if found != [fingerprint(wanted)]:
        return (
            f"holds the key {', '.join(found) or 'of nobody'}, and iptv_apps_tvheadend_fingerprint is {wanted}: somebody else's, unless the source has a new "
            "one; change the fingerprint only after you have asked there"
        )
    return ""


def armoured(text: str) -> str:
    """A key as apt gets it: the data that its fingerprint is of, and nothing that stood beside it."""
    data = base64.b64encode(_key_data(text)).decode()
    return "\n".join([BEGIN, "", *(data[at : at + 64] for at in range(0, len(data), 64)), _END, ""])


def _key_data(text: str) -> bytes:
    """What is in the one block in ASCII armour; anything else is a ValueError."""
    text = text.replace("\r", "")
    match = _ARMOUR.search(text)
    if match is None:
        raise ValueError("no such block")
    # apt would read a second one, too.
    if text.count("-----BEGIN") > 1:
        raise ValueError("more than one block")
    # Headers end at an empty line, the data at a checksum of its own.
    lines = f"\n{match[1]}".partition("\n\n")[2].split("\n")
    try:
        return base64.b64decode("".join(line for line in lines if not line.startswith("=")), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def fingerprints(text: str) -> list[str]:
    """Fingerprints of the primary keys (RFC 4880, 12.2) in a block in ASCII armour; anything else is a ValueError."""
    data, found, at = _key_data(text), [], 0
    while at < len(data):
        tag, start, end = _packet(data, at)
        if tag not in _PACKETS:
            raise ValueError(f"a packet of kind {tag}, which no public key has")
        if tag == _PUBLIC_KEY:
            body = data[start:end]
            if body[:1] != b"\x04":
                raise ValueError("a key of another version than 4")
            found.append(hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper())
        at = end
    return found


def _packet(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag of a packet, and where its body begins and ends (RFC 4880, 4.2)."""
    head = data[at]
    if not head & 0x80:
        raise ValueError("no packet where one should begin")
    if head & 0x40:
        tag, octets = head & 0x3F, 1
        first = data[at + 1] if at + 1 < len(data) else 255
        if first < 192:
            length = first
        elif first < 224 and at + 2 < len(data):
            length, octets = ((first - 192) << 8) + data[at + 2] + 192, 2
        elif first == 255:
            length, octets = int.from_bytes(data[at + 2 : at + 6], "big"), 5
        else:
            raise ValueError("a packet of unknown length")
    else:
        tag, kind = (head >> 2) & 0x0F, head & 0x03
        if kind == 3:
            raise ValueError("a packet of unknown length")
        octets = 1 << kind
        length = int.from_bytes(data[at + 1 : at + 1 + octets], "big")
    start = at + 1 + octets
    if start + length > len(data):
        raise ValueError("a packet that ends too early")
    return tag, start, start + length


def version(banner: str) -> tuple[int, int] | None:
    """Version that `tvheadend --version` tells, None if it tells none."""
    match = _VERSION.search(banner) if "tvheadend" in banner.lower() else None
    return (int(match[1]), int(match[2])) if match else None


def wanted_network(name: str, max_streams: int) -> dict[str, Any]:
    """The network's fields. Muxes are scanned once, when they are new: a scan of all, again and again, would take the whole line."""
    return {
        "networkname": name, "enabled": True, "max_streams": max_streams, "scan_create": True, "skipinitscan": True, "idlescan": False,
    }  # fmt: skip


def wanted_muxes(listed: Iterable[Channel], interface: str) -> list[dict[str, Any]]:
    """A mux's fields for each channel."""
    return [
        {
            "enabled": 1, "iptv_url": f"{one.transport}://{one.group}:{one.port}", "iptv_interface": interface, "iptv_muxname": one.name,
            "iptv_sname": one.name, "channel_number": str(one.number), "iptv_tags": one.genre, "iptv_icon": one.logo, "iptv_epgid": one.tvg_id,
            "iptv_env": MARK,
        }  # fmt: skip
        for one in sorted(listed, key=lambda channel: channel.number)
    ]


def _plain(value: Any) -> str:
    """A value as it is compared: a channel's number is told as a number or as text, a text that was never set not at all."""
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else str(value).strip()


def differing(actual: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The wanted fields that an entry does not have. `enabled` is left out where TVheadend does not tell it: not every version's networks have it."""
    return {
        name: value for name, value in wanted.items()
        if _plain(actual.get(name)) != _plain(value) and not (name == "enabled" and name not in actual)
    }  # fmt: skip


class Unusable(ValueError):
    """TVheadend has something in the way that only its owner can remove."""


@dataclass
class Plan:
    """What has to be done, and how it was and will be."""

    # Fields of the network to make, or None if it is there.
    create: dict[str, Any] | None = None
    network: str = ""
    save: list[dict[str, Any]] = field(default_factory=list)
    muxes: list[dict[str, Any]] = field(default_factory=list)
    delete: list[str] = field(default_factory=list)
    # Addresses that somebody else's mux of the network has already.
    kept: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Whether anything has to be done."""
        return bool(self.create or self.save or self.muxes or self.delete)


def find_network(networks: Iterable[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The IPTV network of that name."""
    found = [one for one in networks if one.get("networkname") == name]
    if len(found) > 1:
        raise Unusable(f"there are {len(found)} networks that are called {name}: give one of them another name, or name one here that nobody has")
    if found and not _plain_iptv(found[0]):
        raise Unusable(f"the network {name} is there, and is no plain IPTV network: give it another name, or name one here that nobody has")
    return found[0] if found else None


def _plain_iptv(network: Mapping[str, Any]) -> bool:
    """Whether a network is of the kind that is made here."""
    return "max_streams" in network and "refetch_period" not in network


def _inside(mux: Mapping[str, Any], network: Mapping[str, Any]) -> bool:
    """Whether a mux is in a network; not every version tells that by its uuid."""
    return mux["network_uuid"] == network["uuid"] if "network_uuid" in mux else mux.get("network") == network.get("networkname")


def _former(networks: Iterable[Mapping[str, Any]], marked: list[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The network that all marked muxes are in: it has had another name, and keeps services and channels when it gets the new one."""
    found = [one for one in networks if _plain_iptv(one) and marked and all(_inside(mux, one) for mux in marked)]
    return found[0] if len(found) == 1 else None


def _line(entry: Mapping[str, Any], names: Iterable[str]) -> str:
    """An entry for people, by some of its fields."""
    return ", ".join(f"{name} {_plain(entry.get(name)) or '-'}" for name in names)


def make_plan(
    networks: Iterable[Mapping[str, Any]], muxes: Iterable[Mapping[str, Any]], wanted: Mapping[str, Any], channels: list[dict[str, Any]]
) -> Plan:
    """What leads from TVheadend's networks and muxes to the wanted ones; what does not carry the mark is somebody else's and stays."""
    plan = Plan()
    muxes, networks = list(muxes), list(networks)
    marked = [mux for mux in muxes if _plain(mux.get("iptv_env")) == MARK]
    network = find_network(networks, wanted["networkname"]) or _former(networks, marked)
    present: list[Mapping[str, Any]] = []
    if network is None:
        plan.create = dict(wanted)
    else:
        plan.network = network["uuid"]
        present = [mux for mux in muxes if _inside(mux, network)]
        changed = differing(network, wanted)
        if changed:
            plan.save.append({"uuid": plan.network, **changed})
        plan.before.append(_line(network, [name for name in wanted if name in network]))
    plan.after.append(_line(wanted, [name for name in wanted if network is None or name in network]))
    own = [mux for mux in marked if mux in present]
    # Left in another network, where the channels were before.
    left = [mux for mux in marked if mux not in present]
    others = {_plain(mux.get("iptv_url")) for mux in present} - {_plain(mux.get("iptv_url")) for mux in own}
    plan.before += sorted(_line(mux, FIELDS) for mux in own) + sorted(_line(mux, ("network", *FIELDS)) for mux in left)
    lacking = []
    for channel in channels:
        if channel["iptv_url"] in others:
            plan.kept.append(channel["iptv_url"])
            continue
        plan.after.append(_line(channel, FIELDS))
        lacking.append(channel)
    # First by the address, which services hang on, then by the number: a channel that has moved keeps its mux.
    for key in ("iptv_url", "channel_number"):
        for channel in list(lacking):
            mux = next((one for one in own if _plain(one.get(key)) == channel[key]), None)
            if mux is not None:
                own.remove(mux)
                lacking.remove(channel)
                changed = differing(mux, channel)
                if changed:
                    plan.save.append({"uuid": mux["uuid"], **changed})
    plan.muxes = lacking
    plan.delete = [mux["uuid"] for mux in own + left]
    plan.after[1:] = sorted(plan.after[1:])
    return plan


def playable(entries: Iterable[Mapping[str, Any]], encrypted: bool) -> list[Channel]:
    """The channels that TVheadend gets: those that play, or all."""
    return [one for one in _channels.channels(entries) if encrypted or not one.encrypted]
