#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All configuration files of a role in one transaction."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
short_description: Write all configuration files of a service in one transaction
version_added: 0.1.0
description:
  - Stages every file that differs beside its target, runs all validators on the staged files, and only then replaces
    the old files, each atomically. When a validator refuses, nothing has been changed.
  - One call replaces a loop over M(ansible.builtin.template), so that a run without changes costs one round trip, and
    the files of a service can never be half of one version and half of another because one of them was invalid.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Reports and shows what it would change without changing it.
    support: full
  diff_mode:
    description: Shows the text of each file before and after; of a secret file only that it differs.
    support: full
options:
  files:
    description: The files, in the order in which they are replaced.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Absolute path of the file. Missing parent directories are created with mode V(0755).
        type: path
        required: true
      content:
        description: The whole text of the file, or of the block if O(files[].marker) is given.
        type: str
      secret:
        description: As O(files[].content), but never shown in output, log or diff.
        type: str
      marker:
        description: Manage only a block between two comment lines that carry this text; the rest of the file stays.
        type: str
      mode:
        description: Permissions as an octal string.
        type: str
        default: "0644"
      owner:
        description: Name of the owner.
        type: str
        default: root
      group:
        description: Name of the group.
        type: str
        default: root
      validate:
        description:
          - Command that checks the staged file, whose path stands for C(%s). It is not run by a shell.
          - In check mode it is left out while its program is not installed.
        type: str
  absent:
    description: Paths or shell patterns of files to remove. A pattern never removes a path of O(files).
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Write the peer and its secret
  homerouter.tripleplay.config_files:
    files:
      - path: /etc/ppp/peers/internet
        content: "{{ lookup('ansible.builtin.template', 'etc/ppp/peers/internet.j2') }}"
        mode: "0600"
      - path: /etc/ppp/pap-secrets
        secret: '"user" * "{{ pppoe_password }}"'
        marker: internet
        mode: "0600"
"""

RETURN = r"""
paths:
  description: Paths that were, or in check mode would be, written, changed in mode or owner, or removed.
  returned: always
  type: list
  elements: str
  sample: [/etc/ppp/peers/internet]
"""

import glob
import grp
import os
import pwd
import shlex
import shutil
import stat
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule


def with_block(text: str, marker: str, block: str) -> str:
    """Text with the block between its marker lines replaced, or appended where there is none yet."""
    begin, end = (f"# {word} homerouter.tripleplay {marker}" for word in ("BEGIN", "END"))
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    bare = [line.rstrip("\n") for line in lines]
    new = [f"{begin}\n", *(f"{line}\n" for line in block.splitlines()), f"{end}\n"]
    if begin in bare:
        start = bare.index(begin)
        try:
            stop = bare.index(end, start)
        except ValueError:
            raise ValueError(f"the line “{begin}” has no “{end}” after it; restore it or remove both") from None
        return "".join(lines[:start] + new + lines[stop + 1 :])
    return "".join(lines + new)


def read(path: str) -> str | None:
    """Text of a file, None where there is no file."""
    try:
        # Other programs' files may hold any bytes: surrogateescape keeps them as they are.
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as handle:
            return handle.read()
    except FileNotFoundError:
        return None


class Plan:
    """What one file needs."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.path: str = spec["path"]
        # A link's target is replaced, not the link: distributions link files of /etc elsewhere.
        self.target = os.path.realpath(self.path)
        self.secret = spec["secret"] is not None
        self.validate: str | None = spec["validate"]
        self.mode = int(spec["mode"], 8)
        self.uid = pwd.getpwnam(spec["owner"]).pw_uid
        self.gid = grp.getgrnam(spec["group"]).gr_gid
        self.before = read(self.target)
        text = spec["secret"] if self.secret else spec["content"]
        self.after: str = with_block(self.before or "", spec["marker"], text) if spec["marker"] else text
        self.staged: str | None = None

    @property
    def content_differs(self) -> bool:
        """Whether the text has to be replaced."""
        return self.before != self.after

    @property
    def attributes_differ(self) -> bool:
        """Whether mode, owner or group have to change."""
        if self.before is None:
            return True
        info = os.stat(self.target)
        return (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid) != (self.mode, self.uid, self.gid)

    @property
    def differs(self) -> bool:
        """Whether anything has to change."""
        return self.content_differs or self.attributes_differ

    def stage(self) -> None:
        """Write the new text beside the target, readable by nobody else until it has its final mode."""
        folder = os.path.dirname(self.target)
        os.makedirs(folder, mode=0o755, exist_ok=True)
        # mkstemp makes the file 0600, and a leading dot hides it from programs that read whole folders.
        handle, self.staged = tempfile.mkstemp(prefix=f".{os.path.basename(self.target)}.", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(self.after)
            file.flush()
            os.fsync(file.fileno())
        os.chown(self.staged, self.uid, self.gid)
        os.chmod(self.staged, self.mode)

    def diff(self) -> dict[str, str]:
        """The change as Ansible shows it."""
        entry = {"before_header": self.path, "after_header": self.path}
        if not self.content_differs:
            info = os.stat(self.target)
            entry["before"] = f"mode {stat.S_IMODE(info.st_mode):04o}, owner {info.st_uid}, group {info.st_gid}\n"
            entry["after"] = f"mode {self.mode:04o}, owner {self.uid}, group {self.gid}\n"
        elif self.secret:
            entry["before"] = "" if self.before is None else "(secret content)\n"
            entry["after"] = "(secret content, different)\n"
        else:
            entry["before"] = self.before or ""
            entry["after"] = self.after
        return entry


def plans(module: AnsibleModule) -> list[Plan]:
    """One plan a file; every bad argument is named before anything is staged."""
    made = []
    for spec in module.params["files"]:
        path = spec["path"]
        if (spec["content"] is None) == (spec["secret"] is None):
            module.fail_json(msg=f"files: {path} needs either content or secret")
        if not os.path.isabs(path) or os.path.isdir(path):
            module.fail_json(msg=f"files: {path} is not the absolute path of a file")
        try:
            made.append(Plan(spec))
        except (ValueError, KeyError) as error:
            module.fail_json(msg=f"files: {path}: {error.args[0]}")
    return made


def validate(module: AnsibleModule, plan: Plan) -> None:
    """Run a file's own checker on the staged text."""
    if plan.validate is None:
        return
    command = [part.replace("%s", plan.staged or "") for part in shlex.split(plan.validate)]
    if shutil.which(command[0]) is None:
        if module.check_mode:
            return
        module.fail_json(msg=f"{plan.path} cannot be checked: {command[0]} is not installed")
    code, out, err = module.run_command(command)
    if code != 0:
        text = f"{out}{err}".strip().replace(plan.staged or "", plan.path)
        module.fail_json(msg=f"{plan.path} is refused by {command[0]}, nothing has been changed: {text}")


def stale(patterns: list[str], keep: set[str]) -> list[str]:
    """Existing files that the patterns name and nobody wants."""
    found: set[str] = set()
    for pattern in patterns:
        found.update(path for path in glob.glob(pattern) if os.path.lexists(path))
    return sorted(found - keep)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "files": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "path": {"type": "path", "required": True},
                    "content": {"type": "str"},
                    "secret": {"type": "str", "no_log": True},
                    "marker": {"type": "str"},
                    "mode": {"type": "str", "default": "0644"},
                    "owner": {"type": "str", "default": "root"},
                    "group": {"type": "str", "default": "root"},
                    "validate": {"type": "str"},
                },
            },
            "absent": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    wanted = plans(module)
    changed = [plan for plan in wanted if plan.differs]
    remove = stale(module.params["absent"], {plan.path for plan in wanted})
    diff = [plan.diff() for plan in changed]
    diff += [{"before_header": path, "after_header": path, "before": "present\n", "after": "absent\n"} for path in remove]

    to_write = [plan for plan in changed if plan.content_differs]
    try:
        # In check mode a file can be staged, and so checked, only where its folder exists already.
        for plan in to_write:
            if not module.check_mode or os.path.isdir(os.path.dirname(plan.target)):
                plan.stage()
        for plan in to_write:
            if plan.staged is not None:
                validate(module, plan)
        if not module.check_mode:
            for plan in changed:
                if plan.staged is not None:
                    os.replace(plan.staged, plan.target)
                    plan.staged = None
                else:
                    os.chown(plan.target, plan.uid, plan.gid)
                    os.chmod(plan.target, plan.mode)
            for path in remove:
                os.unlink(path)
    finally:
        for plan in to_write:
            if plan.staged is not None and os.path.exists(plan.staged):
                os.unlink(plan.staged)
    module.exit_json(changed=bool(diff), paths=[plan.path for plan in changed] + remove, diff=diff)


if __name__ == "__main__":
    main()
