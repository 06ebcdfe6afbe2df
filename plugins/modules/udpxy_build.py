#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: udpxy_build
short_description: Build udpxy from a source archive, once
version_added: 0.1.0
description:
  - Compares the archive with its checksum, unpacks it into a temporary folder, builds it with make and a C compiler, and puts C(udpxy) and
    its other name C(udpxrec) into O(folder), where the checksum is noted. With the same checksum nothing is done again.
  - Refuses a source that is older than O(minimum), before anything is built.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Says whether it would build. The archive need not be there then.
    support: full
  diff_mode:
    description: Returns details on what has changed.
    support: none
options:
  archive:
    description: Path of the archive on this host, a tar file, compressed or not.
    type: path
    required: true
  sha256:
    description: SHA-256 checksum of the archive, 64 hexadecimal digits.
    type: str
    required: true
  minimum:
    description: Oldest version that is built, as V(1.0-25.2).
    type: str
    required: true
  folder:
    description: Where the program goes.
    type: path
    default: /usr/local/lib/homerouter-udpxy
requirements:
  - make
  - a C compiler
"""

EXAMPLES = r"""
- name: Build udpxy
  homerouter.tripleplay.udpxy_build:
    archive: /root/udpxy-1.0-25.2.tar.gz
    sha256: "{{ udpxy_sha256 }}"
    minimum: 1.0-25.2
"""

RETURN = r"""
banner:
  description: What the program says that it is.
  type: str
  returned: success, except in check mode
  sample: udpxy 1.0-25.2 (prod) standard [Linux 6.12.0 x86_64]
"""

import hashlib
import os
import shutil
import tarfile
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _stack, _udpxy

NOTE = "SHA256"
# As Debian builds its packages; it goes into whichever of the variables this version of the Makefile reads.
FLAGS = "-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2"


def checksum(path: str) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def unpack(path: str, folder: str) -> str | None:
    """The regular files of an archive in a folder; returns where the source is. Links and devices are left out."""
    with tarfile.open(path) as archive:
        members = [member for member in archive.getmembers() if member.isfile() and _udpxy.inside(member.name)]
        for member in members:
            target = os.path.join(folder, member.name)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            source = archive.extractfile(member)
            if source is not None:
                with source, open(target, "wb") as file:
                    shutil.copyfileobj(source, file)
                # make goes by the order of times.
                os.utime(target, (member.mtime, member.mtime))
    found = _udpxy.source_folder(member.name for member in members)
    return None if found is None else os.path.join(folder, found)


def install(built: str, folder: str, sha256: str) -> None:
    """The program and its other name, each replaced at once, and the note last."""
    os.makedirs(folder, mode=0o755, exist_ok=True)
    os.chmod(folder, 0o755)
    staged = os.path.join(folder, ".udpxy")
    shutil.copyfile(built, staged)
    os.chmod(staged, 0o755)
    os.replace(staged, os.path.join(folder, "udpxy"))
    link = os.path.join(folder, ".udpxrec")
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink("udpxy", link)
    os.replace(link, os.path.join(folder, "udpxrec"))
    with open(os.path.join(folder, NOTE), "w", encoding="ascii") as note:
        note.write(f"{sha256}\n")


def build(module: AnsibleModule, archive: str, scratch: str) -> str:
    """Build what is in the archive; returns the program's path."""
    try:
        source = unpack(archive, scratch)
    except tarfile.TarError as error:
        module.fail_json(msg=f"{archive} is no archive that can be unpacked: {error}: give udpxy's source as a tar file")
    if source is None:
        module.fail_json(msg=f"{archive} holds no folder with a Makefile and a VERSION: give the source archive of udpxy, not a program")
    found = _udpxy.source_version({name: _stack.read(os.path.join(source, name)) for name in _udpxy.PARTS})
    if _udpxy.too_old(found, module.params["minimum"]):
        module.fail_json(
            msg=f"{archive} holds udpxy {found or 'of an unknown version'}, and {module.params['minimum']} is the oldest that is safe: "
            "take a later release, or lower iptv_apps_udpxy_minimum if you know better"
        )
    compiler = next((path for path in map(module.get_bin_path, ("gcc", "cc", "clang")) if path), None)
    make = module.get_bin_path("make")
    if compiler is None or make is None:
        module.fail_json(msg="there is no make or no C compiler on this host: install the packages gcc, make and libc6-dev")
    code, out, err = module.run_command([make, "-C", source, "release", f"CC={compiler}", f"CPPFLAGS={FLAGS}", f"CFLAGS={FLAGS}"])
    program = os.path.join(source, "udpxy")
    if code != 0 or not os.path.isfile(program):
        module.fail_json(msg=f"udpxy cannot be built from {archive}, nothing has been changed: {(err or out).strip()[-2000:]}")
    return program


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "archive": {"type": "path", "required": True},
            "sha256": {"type": "str", "required": True},
            "minimum": {"type": "str", "required": True},
            "folder": {"type": "path", "default": _udpxy.FOLDER},
        },
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C"}
    archive, sha256, folder = module.params["archive"], module.params["sha256"], module.params["folder"]
    program = os.path.join(folder, "udpxy")
    if not _udpxy.SHA256.fullmatch(sha256) or _udpxy.version(module.params["minimum"]) is None:
        module.fail_json(msg="sha256 has to be 64 hexadecimal digits in lower case, and minimum a version such as 1.0-25.2")
    changed = _stack.read(os.path.join(folder, NOTE)).strip() != sha256 or not os.access(program, os.X_OK)
    if module.check_mode:
        module.exit_json(changed=changed)
    if changed:
        try:
            actual = checksum(archive)
            if actual != sha256:
                module.fail_json(
                    msg=f"{archive} has the checksum {actual}, not {sha256}, nothing has been changed: it is another release or was tampered with"
                )
            with tempfile.TemporaryDirectory(prefix="homerouter-udpxy-") as scratch:
                install(build(module, archive, scratch), folder, sha256)
        except OSError as error:
            module.fail_json(msg=f"udpxy cannot be built: {error}")
    _code, out, err = module.run_command([program])
    module.exit_json(changed=changed, banner=_udpxy.banner(out + err)[0])


if __name__ == "__main__":
    main()
