# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TVheadend from a signed package source: apt's own check of the signature, and the package's own service, which must never run.

The package is made here around the lab's stand-in, and does as that of TVheadend's makers does: it starts its service, open to the world.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest

# asyncssh brings it along.
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from house import converge, refused
from testinfra.host import Host

URL = "http://192.168.1.1:9981/api/mpegts/network/grid"
REPOSITORY = "/srv/tvheadend-source"
SOURCE = ("/etc/apt/sources.list.d/homerouter-tvheadend.sources", "/etc/apt/keyrings/homerouter-tvheadend.asc")
CONTROL = "Package: tvheadend\nVersion: 4.3-0\nArchitecture: all\nMaintainer: The lab <root@localhost>\nDescription: the lab's stand-in\n"
SERVICE = """[Service]
ExecStart=/usr/bin/tvheadend --config /var/lib/tvheadend --firstrun
StateDirectory=tvheadend
[Install]
WantedBy=multi-user.target
"""
# What debhelper makes of a package with a service.
POSTINST = """#!/bin/sh -e
deb-systemd-helper unmask tvheadend.service >/dev/null || true
deb-systemd-helper enable tvheadend.service >/dev/null || true
systemctl --system daemon-reload >/dev/null || true
deb-systemd-invoke start tvheadend.service >/dev/null || true
"""

pytestmark = pytest.mark.skipif(bool(os.environ.get("HOMEROUTER_TVHEADEND_PACKAGE")), reason="the package is made around the stand-in")


class Signer:
    """A key of OpenPGP (RFC 4880), as far as a package source needs one."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
        self.made = int(time.time()) - 86400
        numbers = self.key.public_key().public_numbers()
        self.body = b"\x04" + self.made.to_bytes(4, "big") + b"\x01" + self.number(numbers.n) + self.number(numbers.e)
        self.print = hashlib.sha1(b"\x99" + len(self.body).to_bytes(2, "big") + self.body).digest()

    @staticmethod
    def number(value: int) -> bytes:
        return value.bit_length().to_bytes(2, "big") + value.to_bytes((value.bit_length() + 7) // 8, "big")

    @staticmethod
    def packet(tag: int, body: bytes) -> bytes:
        return bytes([0x82 | tag << 2]) + len(body).to_bytes(4, "big") + body

    def signature(self, kind: int, data: bytes, *more: bytes) -> bytes:
        """A signature over data; C(more) are further statements in it."""
        told = b"".join(
            bytes([len(one)]) + one for one in (b"\x02" + (self.made + 60).to_bytes(4, "big"), b"\x21\x04" + self.print, *more)
        )
        head = bytes([4, kind, 1, 8]) + len(told).to_bytes(2, "big") + told
        signed = data + head + b"\x04\xff" + len(head).to_bytes(4, "big")
        value = int.from_bytes(self.key.sign(signed, padding.PKCS1v15(), SHA256()), "big")
        return self.packet(2, head + b"\x00\x0a\x09\x10" + self.print[-8:] + hashlib.sha256(signed).digest()[:2] + self.number(value))

    def public(self) -> str:
        """The public key with a name that it has signed itself."""
        name = b"The lab <root@localhost>"
        over = b"\x99" + len(self.body).to_bytes(2, "big") + self.body + b"\xb4" + len(name).to_bytes(4, "big") + name
        return self.armour("PUBLIC KEY BLOCK", self.packet(6, self.body) + self.packet(13, name) + self.signature(0x13, over, b"\x1b\x03"))

    @staticmethod
    def armour(what: str, data: bytes) -> str:
        text = base64.b64encode(data).decode()
        return "\n".join([f"-----BEGIN PGP {what}-----", "", *(text[at : at + 64] for at in range(0, len(text), 64)), f"-----END PGP {what}-----", ""])


def write(router: Host, path: str, text: str) -> None:
    """A file on the router."""
    router.check_output(f"mkdir -p $(dirname {path}); echo {base64.b64encode(text.encode()).decode()} | base64 --decode > {path}")


def publish(router: Host, signer: Signer) -> None:
    """Sign the source as it is."""
    arch = router.check_output("dpkg --print-architecture")
    name = f"main/binary-{arch}/Packages"
    sizes = router.check_output(f"cd {REPOSITORY}/dists/lab && stat -c %s {name} && sha256sum {name}").split()
    release = (
        f"Origin: lab\nSuite: lab\nCodename: lab\nDate: {formatdate(signer.made + 60, usegmt=True)}\nArchitectures: {arch}\nComponents: main\n"
        f"SHA256:\n {sizes[1]} {sizes[0]} {name}\n"
    )
    write(router, f"{REPOSITORY}/dists/lab/Release", release)
    write(router, f"{REPOSITORY}/dists/lab/Release.gpg", signer.armour("SIGNATURE", signer.signature(0, release.encode())))


@pytest.fixture(scope="module")
def signer(router) -> Iterator[Signer]:
    """A package source on the router, and who signs it."""
    root = "/root/tvheadend-package"
    router.check_output(f"mkdir -p {root}/DEBIAN {root}/usr/bin && cp /usr/local/bin/tvheadend {root}/usr/bin/")
    write(router, f"{root}/DEBIAN/control", CONTROL)
    write(router, f"{root}/DEBIAN/postinst", POSTINST)
    write(router, f"{root}/usr/lib/systemd/system/tvheadend.service", SERVICE)
    arch = router.check_output("dpkg --print-architecture")
    packages = f"dists/lab/main/binary-{arch}/Packages"
    router.check_output(
        f"umask 022; mkdir -p {REPOSITORY}/pool $(dirname {REPOSITORY}/{packages}); chmod 0755 {root}/DEBIAN/postinst;"
        f" dpkg-deb --root-owner-group --build {root} {REPOSITORY}/pool/tvheadend.deb"
    )
    size, digest = router.check_output(f"cd {REPOSITORY} && stat -c %s pool/tvheadend.deb && sha256sum < pool/tvheadend.deb").split()[:2]
    write(router, f"{REPOSITORY}/{packages}", f"{CONTROL}Filename: pool/tvheadend.deb\nSize: {size}\nSHA256: {digest}\n")
    one = Signer()
    publish(router, one)
    yield one
    router.check_output(f"rm -rf {root} {REPOSITORY}")


@pytest.fixture
def as_before(router) -> Iterator[None]:
    """Without the package, as the scenario has it."""
    yield
    router.check_output(
        "systemctl stop homerouter-tvheadend; systemctl unmask tvheadend; systemctl disable --now tvheadend; dpkg --purge tvheadend;"
        " rm -rf /var/lib/tvheadend"
    )
    code, out, _stats = converge(lab_roles=["iptv_apps"])
    assert code == 0, out
    # It takes no package, and so it leaves no source of one.
    assert not any(router.file(path).exists for path in SOURCE)
    router.check_output("apt-get -qq update")


def wanted(signer: Signer, **changes: Any) -> dict[str, Any]:
    """What an owner says of the source."""
    return {
        "lab_roles": ["iptv_apps"], "iptv_apps_tvheadend_package": "tvheadend", "iptv_apps_tvheadend_program": "/usr/bin/tvheadend",
        "iptv_apps_tvheadend_repository": f"file:{REPOSITORY}", "iptv_apps_tvheadend_suite": "lab", "iptv_apps_tvheadend_key": signer.public(),
        "iptv_apps_tvheadend_fingerprint": signer.print.hex(), **changes,
    }  # fmt: skip


def answer(pc: Host) -> str:
    """What somebody without a password gets."""
    return pc.run(f"curl --silent --max-time 5 --output /dev/null --write-out '%{{http_code}}' --data limit=1 {URL}").stdout


@pytest.mark.usefixtures("as_before")
def test_package_comes_from_its_source_and_its_own_service_never_runs(pc, router, signer):
    code, out, _stats = converge(**wanted(signer))
    assert code == 0, out
    assert router.check_output("dpkg-query --show --showformat='${db:Status-Status}' tvheadend") == "installed"
    assert router.run("systemctl is-enabled tvheadend").stdout.strip() == "masked"
    assert "/usr/bin/tvheadend" in router.check_output("ps -eo args | grep [b]indaddr")
    assert answer(pc) == "401"
    code, out, stats = converge(**wanted(signer))
    assert code == 0 and stats["router"]["changed"] == 0, out
    assert all(router.file(path).exists for path in SOURCE)
    code, out, _stats = converge(**wanted(signer, iptv_apps_tvheadend=False))
    assert code == 0 and not any(router.file(path).exists for path in SOURCE), out


@pytest.mark.usefixtures("as_before")
def test_tvheadend_that_serves_something_else_is_not_ended(pc, router, signer, eventually):
    """And it is shut when its owner has ended it. By itself it is open: anybody is its administrator, on all addresses."""
    router.check_output(f"systemctl stop homerouter-tvheadend; dpkg --install {REPOSITORY}/pool/tvheadend.deb")
    eventually(lambda: answer(pc) == "200", 20, "the package's own service")
    assert "0.0.0.0:9981" in router.check_output("ss -tln")
    for package in ("tvheadend", ""):
        out = " ".join(refused(router, **wanted(signer, iptv_apps_tvheadend_package=package)).split())
        assert "this host runs a TVheadend of its own (tvheadend.service)" in out and "systemctl disable --now tvheadend.service" in out
        assert router.run("systemctl is-active tvheadend").rc == 0
    # One that only waits for the next start is refused, too.
    router.check_output("systemctl stop tvheadend")
    assert "TVheadend of its own" in " ".join(refused(router, **wanted(signer)).split())
    router.check_output("systemctl disable tvheadend")
    # An own unit of its name, which cannot be masked.
    router.check_output("cp /usr/lib/systemd/system/tvheadend.service /etc/systemd/system/")
    assert "/etc/systemd/system/tvheadend.service is in the way: move it away" in " ".join(refused(router, **wanted(signer)).split())
    router.check_output("rm /etc/systemd/system/tvheadend.service; systemctl daemon-reload")
    code, out, _stats = converge(**wanted(signer))
    assert code == 0, out
    assert router.run("systemctl is-enabled tvheadend").stdout.strip() == "masked"
    assert answer(pc) == "401" and "0.0.0.0:9981" not in router.check_output("ss -tln")


def test_key_of_somebody_else_is_refused_before_any_change(router, signer):
    out = " ".join(refused(router, **wanted(signer, iptv_apps_tvheadend_key=Signer().public())).split())
    assert "iptv_apps_tvheadend_key holds the key" in out and "somebody else's" in out


@pytest.mark.usefixtures("as_before")
def test_source_that_somebody_else_has_signed_is_not_installed_from(router, signer):
    publish(router, Signer())
    try:
        code, out, _stats = converge(**wanted(signer))
        assert code != 0 and router.run("command -v /usr/bin/tvheadend").rc != 0, out
    finally:
        publish(router, signer)
