# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian trees for the lab, made by mmdebstrap from images/images.yml: no container registry is needed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import yaml

from .common import LAB, LabError, cache, fingerprint, run, step

MIRROR = os.environ.get("HOMEROUTER_DEBIAN_MIRROR", "http://deb.debian.org/debian")
PROVISION = LAB / "images" / "provision.sh"
# Documentation and translations are half of a small tree and nobody reads them in the lab.
LEAN = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale", "info")]


def specs() -> dict[str, Any]:
    """The images' data."""
    data = yaml.safe_load((LAB / "images" / "images.yml").read_text(encoding="utf-8"))
    for name in data:
        if "offline" in data[name]:
            lists = [one if isinstance(one, list) else [one] for one in data[name]["offline"]]
            data[name]["offline"] = sorted(package for one in lists for package in one)
    return data


def names() -> list[str]:
    """Images of hosts, without the engine's."""
    return [name for name in specs() if name not in ("engine", "common")]


def _bootstrap(target: Path, suite: str, packages: list[str], hook: str) -> None:
    if os.geteuid() != 0:
        raise LabError("Making Debian images needs root: run `sudo make lab` (or let root's cache be filled once).")
    if shutil.which("mmdebstrap") is None:
        raise LabError("mmdebstrap is missing: run `make packages`.")
    run(
        "mmdebstrap", "--variant=minbase", "--aptopt=Acquire::Languages \"none\"", "--skip=cleanup/apt/lists",
        f"--include={','.join(sorted(set(packages)))}", *LEAN, f"--customize-hook={hook}", suite, target, MIRROR,
    )  # fmt: skip


def host_key(name: str) -> str:
    """Name of an image's present content: changes when its packages or the provisioning change."""
    data = specs()
    return fingerprint(repr(data[name]), repr(data["common"]), PROVISION)


def host_tar(name: str) -> Path:
    """The tree of one kind of host as a tar in the cache, made when it is not there."""
    data = specs()
    spec = data[name]
    tar = cache() / f"{name}-{host_key(name)}.tar"
    if not tar.exists():
        with step(f"image {name}: Debian {spec['suite']} by mmdebstrap"):
            partial = tar.with_suffix(".partial.tar")
            offline = " ".join(spec.get("offline", []))
            _bootstrap(
                partial, spec["suite"], data["common"] + spec["packages"], f"{PROVISION} \"$1\" host {offline}"
            )
            partial.rename(tar)
    return tar


def engine_tree() -> Path:
    """Unpacked tree of the machine that runs Docker where the host's kernel cannot; the caller removes it."""
    data = specs()
    spec = data["engine"]
    tree = cache() / "engine-tree"
    shutil.rmtree(tree, ignore_errors=True)
    common = ["systemd", "systemd-sysv", "dbus", "udev", "ca-certificates"]
    _bootstrap(tree, spec["suite"], common + spec["packages"], f"{PROVISION} \"$1\" engine")
    return tree
