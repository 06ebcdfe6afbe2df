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
          - It runs in check mode too, unless its program or the folder of the file does not exist yet.
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
import re
import shlex
import shutil
import stat
import tempfile
from typing import Any

from ansible.module_utils.basic import AnsibleModule

MODE = re.compile(r"[0-7]{3,4}")


def with_block(text: str, marker: str, block: str) -> str:
    """Text with the block between its marker lines replaced, or appended where there is none yet."""
    begin, end = (f"# {word} homerouter.tripleplay {marker}" for word in ("BEGIN", "END"))
    # Not splitlines(): it also divides at characters that are part of a line here, such as U+0085 in a password.
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    body = block.split("\n")
    if body[-1] == "":
        body.pop()
    if begin in body or end in body:
        raise ValueError("the text holds one of its own marker lines")
    new = [begin, *body, end]
    if begin not in lines:
        return "\n".join([*lines, *new, ""])
    start = lines.index(begin)
    try:
        stop = lines.index(end, start)
    except ValueError:
        raise ValueError(f"the line '{begin}' has no '{end}' after it; restore it or remove both") from None
    rest = lines[stop + 1 :]
    if begin in rest:
        raise ValueError(f"the line '{begin}' is there more than once; keep one block")
    # What follows the block stays byte for byte, a missing last line end included.
    tail = [*rest, ""] if text.endswith("\n") or not rest else rest
    return "\n".join([*lines[:start], *new, *tail])


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
        if not MODE.fullmatch(spec["mode"]):
            raise ValueError(f"mode {spec['mode']!r} is not an octal string such as '0644'")
        self.mode = int(spec["mode"], 8)
        try:
            self.uid = pwd.getpwnam(spec["owner"]).pw_uid
            self.gid = grp.getgrnam(spec["group"]).gr_gid
        except KeyError as error:
            raise ValueError(str(error.args[0])) from None
        self.before = read(self.target)
        text = spec["secret"] if self.secret else spec["content"]
        self.after: str = text if spec["marker"] is None else with_block(self.before or "", spec["marker"], text)
        self.command = checker(spec["validate"]) if spec["validate"] else None
        self.attributes: tuple[int, int, int] | None = None
        if self.before is not None:
            info = os.stat(self.target)
            self.attributes = (stat.S_IMODE(info.st_mode), info.st_uid, info.st_gid)
        self.staged: str | None = None
        self.made: list[str] = []

    @property
    def content_differs(self) -> bool:
        """Whether the text has to be replaced."""
        return self.before != self.after

    @property
    def differs(self) -> bool:
        """Whether anything has to change."""
        return self.content_differs or self.attributes != (self.mode, self.uid, self.gid)

    def stage(self) -> None:
        """Write the new text beside the target, readable by nobody else until it has its final mode."""
        folder = os.path.dirname(self.target)
        self.made = make_folders(folder)
        # mkstemp makes the file 0600, and a leading dot hides it from programs that read whole folders.
        handle, self.staged = tempfile.mkstemp(prefix=f".{os.path.basename(self.target)}.", dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(self.after)
            file.flush()
            os.fsync(file.fileno())
        os.chown(self.staged, self.uid, self.gid)
        os.chmod(self.staged, self.mode)

    def commit(self) -> None:
        """Put the staged file, or else the attributes, in place."""
        if self.staged is not None:
            os.replace(self.staged, self.target)
            self.staged = None
        else:
            os.chown(self.target, self.uid, self.gid)
            os.chmod(self.target, self.mode)
        self.made = []

    def discard(self) -> None:
        """Leave nothing behind of what has been staged and not been put in place."""
        if self.staged is not None:
            os.unlink(self.staged)
            self.staged = None
        for folder in reversed(self.made):
            if not os.listdir(folder):
                os.rmdir(folder)

    def diff(self) -> dict[str, str]:
        """The change as Ansible shows it."""
        entry = {"before_header": self.path, "after_header": self.path}
        if not self.content_differs and self.attributes is not None:
            entry["before"] = "mode {:04o}, owner {}, group {}\n".format(*self.attributes)
            entry["after"] = f"mode {self.mode:04o}, owner {self.uid}, group {self.gid}\n"
        elif self.secret:
            entry["before"] = "" if self.before is None else "(secret content)\n"
            entry["after"] = "(secret content differs)\n"
        else:
            entry["before"] = printable(self.before or "")
            entry["after"] = printable(self.after)
        return entry


def printable(text: str) -> str:
    """Text without the stand-ins for bytes that are no UTF-8, which no JSON result can carry."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def checker(validate: str) -> list[str]:
    """Words of a validation command."""
    words = shlex.split(validate)
    if not any("%s" in word for word in words):
        raise ValueError(f"validate {validate!r} does not say with %s where the staged file goes")
    return words


def make_folders(folder: str) -> list[str]:
    """Make the missing folders of a path; list them, outermost first."""
    made: list[str] = []
    while not os.path.isdir(folder):
        made.insert(0, folder)
        folder = os.path.dirname(folder)
    for path in made:
        os.mkdir(path)
        # mkdir obeys the umask, which hardened hosts set to 0077; the daemons could then not reach their files.
        os.chmod(path, 0o755)
    return made


def plans(specs: list[dict[str, Any]]) -> list[Plan]:
    """One plan a file; every bad argument is named before anything is staged."""
    made: list[Plan] = []
    for spec in specs:
        path = spec["path"]
        if (spec["content"] is None) == (spec["secret"] is None):
            raise ValueError(f"files: {path} needs either content or secret")
        if not os.path.isabs(path) or os.path.isdir(path):
            raise ValueError(f"files: {path} is not the absolute path of a file")
        try:
            plan = Plan(spec)
        except ValueError as error:
            raise ValueError(f"files: {path}: {error}") from error
        if any(plan.target == other.target for other in made):
            raise ValueError(f"files: {path} is there twice")
        made.append(plan)
    return made


def validate(module: AnsibleModule, plan: Plan) -> None:
    """Run a file's own checker on the staged text."""
    if plan.command is None or plan.staged is None:
        return
    command = [part.replace("%s", plan.staged) for part in plan.command]
    if shutil.which(command[0]) is None:
        if module.check_mode:
            return
        module.fail_json(msg=f"{plan.path} cannot be checked, nothing has been changed: {command[0]} is not installed")
    code, out, err = module.run_command(command)
    if code != 0:
        text = f"{out}{err}".strip().replace(plan.staged, plan.path)
        module.fail_json(msg=f"{plan.path} is refused by {command[0]}, nothing has been changed: {text}")


def stageable(plan: Plan) -> bool:
    """Whether check mode may and must stage a file: only for its checker, and only in a folder that exists."""
    return plan.command is not None and os.path.isdir(os.path.dirname(plan.target))


def removal(path: str) -> dict[str, str]:
    """Both sides of the diff of a removed file. Its text is not shown: nobody said that it holds no secret."""
    what = f"link to {os.readlink(path)}" if os.path.islink(path) else f"file of {os.stat(path).st_size} bytes"
    return {"before": f"{what}\n", "after": ""}


def stale(patterns: list[str], keep: set[str]) -> list[str]:
    """Existing files that the patterns name and nobody wants."""
    found: set[str] = set()
    for pattern in patterns:
        if not os.path.isabs(pattern):
            raise ValueError(f"absent: {pattern} is not an absolute path")
        # A path is taken as it stands where it exists: brackets are legal in names.
        found.update([pattern] if os.path.lexists(pattern) else glob.glob(pattern))
    for path in sorted(found):
        if os.path.isdir(path) and not os.path.islink(path):
            raise ValueError(f"absent: {path} is a directory; only files are removed")
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
    try:
        wanted = plans(module.params["files"])
        remove = stale(module.params["absent"], {plan.path for plan in wanted} | {plan.target for plan in wanted})
    except (ValueError, OSError) as error:
        module.fail_json(msg=str(error))
    changed = [plan for plan in wanted if plan.differs]
    diff = [plan.diff() for plan in changed]
    diff += [{"before_header": path, "after_header": path, **removal(path)} for path in remove]

    done: list[str] = []
    try:
        for plan in changed:
            if plan.content_differs and (not module.check_mode or stageable(plan)):
                plan.stage()
        for plan in changed:
            validate(module, plan)
        if not module.check_mode:
            for plan in changed:
                plan.commit()
                done.append(plan.path)
            for path in remove:
                os.unlink(path)
                done.append(path)
    except OSError as error:
        module.fail_json(msg=f"{error}. Changed before this happened: {', '.join(done) or 'nothing'}.")
    finally:
        for plan in changed:
            plan.discard()
    module.exit_json(changed=bool(diff), paths=[plan.path for plan in changed] + remove, diff=diff)


if __name__ == "__main__":
    main()
