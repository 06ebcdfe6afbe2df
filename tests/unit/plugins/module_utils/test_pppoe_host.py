# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery over a virtual cable, with a concentrator that is well behaved and one that is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap

import pytest

# Both ends of the cable are in a network namespace that ends with the process.
_CABLE = (
    "mount -t sysfs sysfs /sys && ip link add near address 02:00:00:00:00:01 type veth peer name far address 02:00:00:00:00:02 "
    "&& ip link set near up && ip link set far up"
)
_PROLOGUE = textwrap.dedent(
    """
    import json, socket, struct, sys, threading, time
    from ansible_collections.homerouter.tripleplay.plugins.module_utils import _pppoe_host as host

    def tag(kind, value):
        return struct.pack("!HH", kind, len(value)) + value

    def concentrator(answer):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3)
        sock.setsockopt(263, 8, 1)
        sock.bind(("far", 3))
        def serve():
            while True:
                frame, extra, _flags, address = sock.recvmsg(2048, 256)
                if address[2] == socket.PACKET_OUTGOING if hasattr(socket, "PACKET_OUTGOING") else address[2] == 4:
                    continue
                vlan = host._tag(extra)
                at = 12
                if frame[12:14] == b"\\x81\\0":
                    vlan, at = struct.unpack("!H", frame[14:16])[0] & 4095, 16
                if frame[at:at + 4] != b"\\x88\\x63\\x11\\x09":
                    continue
                length, = struct.unpack("!H", frame[at + 6:at + 8])
                for reply in answer(vlan, frame[6:12], frame[at + 8:at + 8 + length]):
                    sock.send(reply)
        threading.Thread(target=serve, daemon=True).start()

    def pado(to, tags, vlan=None, name=b"AC", source=bytes.fromhex("020000000002")):
        tags = tag(0x0102, name) + tags
        mark = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
        return to + source + mark + struct.pack("!HBBHH", 0x8863, 0x11, 7, 0, len(tags)) + tags

    def show(found):
        print(json.dumps([[o.name, o.mac, list(o.services), o.vlan, seconds < 2] for o, seconds in found]))
    """
)


def namespaces() -> bool:
    """Whether a network namespace with a cable in it can be made here."""
    command = ["unshare", "--map-root-user", "--net", "--mount", "sh", "-c", _CABLE]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = pytest.mark.skipif(not namespaces(), reason="no network namespaces here; the lab's tests ask for real")


def on_a_cable(script: str) -> list[list[object]]:
    """Run a script with the cable; what it shows."""
    done = subprocess.run(
        ["unshare", "--map-root-user", "--net", "--mount", "sh", "-c", f'{_CABLE} && exec "$0" -', sys.executable],
        input=_PROLOGUE + textwrap.dedent(script), env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_concentrators_are_listed_once():
    assert on_a_cable(
        """
        concentrator(lambda vlan, to, tags: [pado(to, tags), pado(to, tags, name=b"two", source=bytes.fromhex("020000000003"))])
        show(host.ask("near", seconds=0.6))
        """
    ) == [["AC", "02:00:00:00:00:02", [""], None, True], ["two", "02:00:00:00:00:03", [""], None, True]]


def test_answers_to_others_and_rubbish_are_ignored():
    assert (
        on_a_cable(
            """
            def rubbish(vlan, to, tags):
                whole = pado(to, tags)
                yield pado(to, tag(0x0101, b"") + tag(0x0103, b"another's"))
                yield pado(to, b"")
                for length in range(14, len(whole)):
                    yield whole[:length]
            concentrator(rubbish)
            show(host.ask("near", seconds=0.6))
            """
        )
        == []
    )


def test_silence_takes_its_time_and_no_more():
    assert on_a_cable(
        """
        start = time.monotonic()
        assert host.ask("near", seconds=0.5) == []
        print(json.dumps([[0.45 < time.monotonic() - start < 2]]))
        """
    ) == [[True]]


def test_right_vlan_is_found_among_many():
    assert on_a_cable(
        """
        concentrator(lambda vlan, to, tags: [pado(to, tags, vlan)] if vlan == 20 else [])
        show(host.ask("near", (None, 6, 20, 832), seconds=3.0, enough=1))
        """
    ) == [["AC", "02:00:00:00:00:02", [""], 20, True]]


def test_interface_that_is_down_is_an_error():
    assert on_a_cable(
        """
        import subprocess
        subprocess.run(["ip", "link", "set", "near", "down"], check=True)
        try:
            host.ask("near", seconds=0.5)
        except OSError as error:
            print(json.dumps([[error.strerror]]))
        """
    ) == [["Network is down"]]


def test_interface_without_ethernet_is_an_error():
    assert on_a_cable(
        """
        try:
            host.ask("lo0", seconds=0.5)
        except OSError as error:
            print(json.dumps([[str(error)]]))
        """
    ) == [["[Errno 19] lo0 is no Ethernet interface"]]
