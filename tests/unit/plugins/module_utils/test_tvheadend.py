# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans for TVheadend: what is wrong with one is told with variable and cure, keys by their fingerprints, and what its networks lack."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _tvheadend
from ansible_collections.homerouter.tripleplay.plugins.module_utils._channels import Channel
from hypothesis import given
from hypothesis import strategies as st

FINGERPRINT = "70E9 10E6 924F 8229 9289 1E6E C6CC 06BD 69B4 30C6"
GOOD = "aequah2fohNg"
CHANNELS = [Channel(1, "La 1", "239.0.0.76"), Channel(2, "La 2", "239.0.0.2", transport="udp", genre="TDT")]
NETWORK = _tvheadend.wanted_network("Television", 3)
MUXES = _tvheadend.wanted_muxes(CHANNELS, "vlan2")


def plan(**changes: Any) -> dict[str, Any]:
    """A good plan, changed."""
    return {
        "user": "admin", "password": GOOD, "max_streams": 3, "http_port": 9981, "htsp_port": 9982, "relay_port": 4022, "lists_port": 8080, "dlna_port": 61000,
        "network": "Television", "program": "/usr/bin/tvheadend", "package": "tvheadend", "repository": "https://example.net/debian", "suite": "",
        "components": ["main"], "key": "https://example.net/key", "fingerprint": FINGERPRINT, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"package": "", "repository": "nonsense", "key": "", "fingerprint": ""},
        {"repository": "", "key": "", "fingerprint": ""},
        {"dlna_port": 0, "network": "Televisión de casa"},
        {"suite": "trixie", "components": ["main", "extra"], "repository": "file:/srv/debian"},
        {"password": "~" * 3 + "aB3!x_-" * 5, "user": "Luis.P-2"},
    ],
)
def test_good_plan_is_accepted(changes):
    assert _tvheadend.plan_problems(plan(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"user": ""}, "iptv_apps_tvheadend_user is ''"),
        ({"user": "a b"}, "iptv_apps_tvheadend_user is 'a b'"),
        ({"user": "*"}, "iptv_apps_tvheadend_user is '*'"),
        ({"password": ""}, "iptv_apps_tvheadend_password is empty"),
        ({"password": "sh0rt!"}, "iptv_apps_tvheadend_password has 6 characters"),
        ({"password": "contraseña9"}, "characters that are not ASCII"),
        ({"password": "correct horse battery"}, "iptv_apps_tvheadend_password has blanks"),
        ({"password": "x1!" * 50}, "more than 128 characters"),
        ({"password": "aaaaaaaaaaaa"}, "one that is tried first"),
        ({"password": "1234567890"}, "one that is tried first"),
        ({"password": "tvheadend2026"}, "one that is tried first"),
        ({"password": "Password-2026"}, "one that is tried first"),
        ({"password": "my-Admin-4711"}, "the name of the user"),
        ({"max_streams": 0}, "iptv_apps_tvheadend_max_streams is 0, outside 1 to 100"),
        ({"http_port": 80}, "iptv_apps_tvheadend_http_port is 80, outside 1024"),
        ({"htsp_port": 9981}, "iptv_apps_tvheadend_htsp_port is 9981, as is iptv_apps_tvheadend_http_port"),
        ({"http_port": 8080}, "iptv_apps_tvheadend_http_port is 8080, as is iptv_apps_lists_port"),
        ({"http_port": 61000}, "iptv_apps_tvheadend_http_port is 61000, as is iptv_apps_dlna_port"),
        ({"dlna_port": 9982}, "iptv_apps_tvheadend_htsp_port is 9982, as is iptv_apps_dlna_port"),
        ({"network": ""}, "iptv_apps_tvheadend_network is ''"),
        ({"network": "TV "}, "iptv_apps_tvheadend_network is 'TV '"),
        ({"network": "T\nV"}, "iptv_apps_tvheadend_network is 'T\\nV'"),
        ({"program": "tvheadend"}, "iptv_apps_tvheadend_program is 'tvheadend'"),
        ({"program": "/opt/my tv/tvheadend"}, "iptv_apps_tvheadend_program is '/opt/my tv/tvheadend'"),
        ({"program": "/opt/%n"}, "iptv_apps_tvheadend_program is '/opt/%n'"),
        ({"repository": "example.net"}, "iptv_apps_tvheadend_repository is 'example.net'"),
        ({"suite": "a b"}, "iptv_apps_tvheadend_suite is 'a b'"),
        ({"components": []}, "iptv_apps_tvheadend_components is []"),
        ({"key": "/etc/key"}, "iptv_apps_tvheadend_key is neither"),
        ({"fingerprint": "69B430C6"}, "iptv_apps_tvheadend_fingerprint is '69B430C6'"),
    ],
)
def test_bad_plan_is_told_by_variable_and_cure(changes, words):
    (found,) = _tvheadend.plan_problems(plan(**changes))
    assert words in found and ": " in found
    # Nothing of a password is shown.
    password = changes.get("password", "")
    assert not password or password not in found


@pytest.mark.parametrize(
    ("banner", "version"),
    [
        ("/usr/bin/tvheadend: version 4.3-2600~g5abbcda4d", (4, 3)), ("tvheadend: version 4.2.8-7~debian", (4, 2)), ("busybox version 1.37", None), ("", None),
        ("tvheadend: not found", None),
    ],
)  # fmt: skip
def test_version_is_read(banner, version):
    assert _tvheadend.version(banner) == version


def packet(tag: int, body: bytes, new: bool = True) -> bytes:
    """A packet of OpenPGP in one of the two formats."""
    if not new:
        return bytes([0x81 | tag << 2]) + len(body).to_bytes(2, "big") + body
    length = len(body)
    octets = bytes([length]) if length < 192 else bytes([255]) + length.to_bytes(4, "big")
    return bytes([0xC0 | tag]) + octets + body


def armour(data: bytes, newline: str = "\n") -> str:
    """A key in ASCII armour."""
    text = base64.b64encode(data).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return newline.join(["-----BEGIN PGP PUBLIC KEY BLOCK-----", "Version: 1", "", *lines, "=abcd", "-----END PGP PUBLIC KEY BLOCK-----", ""])


def of(body: bytes) -> str:
    """Fingerprint of a key of version 4."""
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()


KEY = b"\x04" + b"\x60\x78\xc9\xf8\x01" + bytes(range(250)) * 2


@pytest.mark.parametrize("new", [True, False])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_key_is_told_by_its_fingerprint(new, newline):
    text = armour(packet(6, KEY, new) + packet(13, b"somebody") + packet(2, b"\x04signature", new) + packet(14, KEY, new), newline)
    assert _tvheadend.fingerprints(text) == [of(KEY)]
    assert _tvheadend.key_problem(text, of(KEY).lower()) == ""
    assert "somebody else's" in _tvheadend.key_problem(text, FINGERPRINT)


def test_key_that_brings_another_along_is_refused():
    text = armour(packet(6, KEY) + packet(13, b"somebody") + packet(6, KEY[:-1]))
    assert f"holds the key {of(KEY)}, {of(KEY[:-1])}" in _tvheadend.key_problem(text, of(KEY))


OTHER = b"\x04" + KEY[:0:-1]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_what_is_written_is_what_was_looked_at(newline):
    """Where a reader might take other data for the key, apt gets those that the fingerprint is of."""
    text = armour(packet(6, KEY) + packet(13, b"somebody"), newline)
    written = _tvheadend.armoured(f"said before{newline}{text}said after")
    assert "said" not in written and "\r" not in written and written.endswith("-----END PGP PUBLIC KEY BLOCK-----\n")
    assert _tvheadend.fingerprints(written) == [of(KEY)] and _tvheadend.armoured(written) == written
    # Data behind an empty line, where some readers have ended already.
    data = base64.b64encode(packet(6, OTHER)).decode()
    mixed = text.replace(f"Version: 1{newline}", "").replace("=abcd", f"=abcd{newline}{newline}{data}")
    assert _tvheadend.key_problem(mixed, of(KEY)) and _tvheadend.key_problem(mixed, of(OTHER))


@pytest.mark.parametrize("begin", ["-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----BEGIN PGP PUBLIC KEY BLOCK----- ", "-----BEGIN PGP MESSAGE-----"])
@pytest.mark.parametrize("first", [True, False])
def test_second_block_is_refused(begin, first):
    """One whose first line has a blank at its end, too: apt would take it, and one that is not looked at could hold anything."""
    right, foreign = armour(packet(6, KEY)), armour(packet(6, OTHER)).replace("-----BEGIN PGP PUBLIC KEY BLOCK-----", begin)
    assert "more than one block" in _tvheadend.key_problem(right + foreign if first else foreign + right, of(KEY))


@pytest.mark.parametrize("tag", [5, 8, 20])
def test_key_in_another_kind_of_packet_is_refused(tag):
    assert f"a packet of kind {tag}" in _tvheadend.key_problem(armour(packet(6, KEY) + packet(tag, OTHER)), of(KEY))


@pytest.mark.parametrize("text", ["", "<html>", armour(b""), armour(b"\x01"), armour(packet(6, KEY)[:-3]), armour(packet(6, b"\x05" + KEY[1:]))])
def test_what_is_no_key_is_refused(text):
    assert _tvheadend.key_problem(text, of(KEY))


@given(st.binary(max_size=60))
def test_no_data_goes_wrong_in_another_way(data):
    assert _tvheadend.key_problem(armour(data), FINGERPRINT)


def entry(number: int, wanted: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A mux as TVheadend tells it: a channel's number is a number, a text that is empty may be left out."""
    told = {**{name: value for name, value in wanted.items() if value != ""}, "channel_number": int(wanted["channel_number"])}
    return {"uuid": f"m{number}", "network_uuid": "n", "network": "Television", **told, "scan_state": 0, **changes}


def network(**changes: Any) -> dict[str, Any]:
    """The network as TVheadend tells it."""
    return {"uuid": "n", **NETWORK, "num_mux": 2, **changes}


def present() -> list[dict[str, Any]]:
    """All muxes as they should be."""
    return [entry(number, mux) for number, mux in enumerate(MUXES)]


def test_nothing_is_done_where_all_is_right():
    found = _tvheadend.make_plan([network()], present(), NETWORK, MUXES)
    assert not found.changes and found.before == found.after and len(found.before) == 3


def test_version_without_switch_of_networks_or_their_uuid_is_not_changed_again_and_again():
    old = network()
    del old["enabled"]
    muxes = present()
    for mux in muxes:
        del mux["network_uuid"]
    assert not _tvheadend.make_plan([old], muxes, NETWORK, MUXES).changes


def test_network_is_made_with_all_its_muxes():
    found = _tvheadend.make_plan([network(networkname="Other", uuid="o")], [], NETWORK, MUXES)
    assert found.create == NETWORK and found.muxes == MUXES and found.before == [] and len(found.after) == 3


def test_only_what_differs_is_sent():
    muxes = present()
    muxes[0]["iptv_interface"] = "eth0"
    found = _tvheadend.make_plan([network(max_streams=0)], muxes, NETWORK, MUXES)
    assert found.save == [{"uuid": "n", "max_streams": 3}, {"uuid": "m0", "iptv_interface": "vlan2"}]
    assert not found.muxes and not found.delete


def test_two_of_ours_with_one_address_become_one():
    found = _tvheadend.make_plan([network()], [*present(), entry(9, MUXES[0])], NETWORK, MUXES)
    assert found.delete == ["m9"] and not found.save


@pytest.mark.parametrize("others", [{"iptv_env": ""}, {"iptv_env": "HOME=/"}])
def test_what_is_not_ours_is_not_touched(others):
    found = _tvheadend.make_plan([network()], [entry(5, MUXES[0], **others), entry(6, MUXES[1], **others)], NETWORK, [])
    assert not found.changes
    found = _tvheadend.make_plan([network()], [entry(5, MUXES[0], **others)], NETWORK, MUXES[:1])
    # Somebody's mux of this network has the address already; one elsewhere does not count.
    assert found.kept == [MUXES[0]["iptv_url"]] and not found.muxes
    found = _tvheadend.make_plan([network()], [entry(5, MUXES[0], network_uuid="o", network="Other", **others)], NETWORK, MUXES[:1])
    assert not found.kept and found.muxes == MUXES[:1] and not found.delete


def old(*names: str) -> list[dict[str, Any]]:
    """All muxes in the network of the name that there was before, without what not every version tells."""
    muxes = [{**mux, "network_uuid": "o", "network": "Other"} for mux in present()]
    return [{name: value for name, value in mux.items() if name not in names} for mux in muxes]


@pytest.mark.parametrize("lacking", [(), ("network_uuid",)])
def test_network_that_gets_another_name_keeps_what_is_in_it(lacking):
    networks = [network(networkname="Other", uuid="o"), network(networkname="Mine", uuid="p")]
    found = _tvheadend.make_plan(networks, old(*lacking), NETWORK, MUXES)
    assert found.create is None and found.save == [{"uuid": "o", "networkname": "Television"}]
    assert not found.muxes and not found.delete and found.before[1:] == found.after[1:] and found.before[0] != found.after[0]


@pytest.mark.parametrize("lacking", [(), ("network_uuid",)])
def test_what_was_made_in_another_network_goes_where_the_new_one_is_there(lacking):
    found = _tvheadend.make_plan([network(), network(networkname="Other", uuid="o")], old(*lacking), NETWORK, MUXES)
    assert not found.create and not found.save and found.muxes == MUXES and found.delete == ["m0", "m1"]
    assert [line for line in found.before if line.startswith("network Other, ")] and not [line for line in found.after if "Other" in line]


@pytest.mark.parametrize(
    "networks",
    [
        # Nobody can say which of them it was, or it is one that is not made here.
        [network(networkname="Other", uuid="o"), network(networkname="Mine", uuid="p")],
        [{"uuid": "o", "networkname": "Other"}],
        [network(networkname="Other", uuid="o", refetch_period=60)],
    ],
)
def test_network_that_was_not_the_former_one_keeps_its_name(networks):
    muxes = old()
    if len(networks) > 1:
        muxes[0].update(network_uuid="p", network="Mine")
    found = _tvheadend.make_plan(networks, muxes, NETWORK, MUXES)
    assert found.create == NETWORK and not found.save and found.muxes == MUXES and found.delete == ["m0", "m1"]


@given(st.lists(st.integers(0, 5), unique=True), st.lists(st.integers(0, 5), unique=True))
def test_any_list_leads_to_any_other_in_one_step(before, after):
    """What is there and what is wanted, by numbers and addresses that both change places."""
    def listed(numbers: list[int]) -> list[dict[str, Any]]:
        return _tvheadend.wanted_muxes([Channel(at + 1, f"C{number}", f"239.0.0.{number + 1}") for at, number in enumerate(numbers)], "vlan2")

    muxes = {f"m{number}": entry(number, mux) for number, mux in enumerate(listed(before))}
    wanted = listed(after)
    found = _tvheadend.make_plan([network()], list(muxes.values()), NETWORK, wanted)
    for uuid in found.delete:
        del muxes[uuid]
    for node in found.save:
        muxes[node["uuid"]].update(node)
    muxes.update({f"new{number}": entry(100 + number, mux) for number, mux in enumerate(found.muxes)})
    again = _tvheadend.make_plan([network()], list(muxes.values()), NETWORK, wanted)
    assert not again.changes and again.before == found.after
