# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where `ansible_collections.homerouter.tripleplay` comes from: the installed collection, never the tree by accident.

HOMEROUTER_COLLECTIONS, as `make unit` sets it, or else ANSIBLE_COLLECTIONS_PATH names the folder that holds
`ansible_collections`; without them it is build/collections, where `make collection` installs.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# No folder of earlier findings, and no red test because the machine was busy for a moment.
settings.register_profile("house", database=None, deadline=None)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parents[2]
NAME = "ansible_collections.homerouter.tripleplay"


def _collections() -> tuple[Path, bool]:
    """The folder and whether a link to the working tree may stand there because somebody asked for it by name."""
    given = os.environ.get("HOMEROUTER_COLLECTIONS")
    if given:
        return Path(given), False
    search = os.environ.get("ANSIBLE_COLLECTIONS_PATH")
    if search:
        return Path(search.split(os.pathsep)[0]), True
    return ROOT / "build" / "collections", False


def pytest_configure() -> None:
    """Put the collection on the path; end the session where it is missing or not the one that was meant."""
    folder, may_be_tree = _collections()
    expected = folder / "ansible_collections" / "homerouter" / "tripleplay"
    sys.path.insert(0, str(folder))
    spec = find_spec(NAME)
    found = [Path(place) for place in spec.submodule_search_locations or []] if spec else []
    if not found or found[0] != expected:
        pytest.exit(f"{NAME} is {found[0] if found else 'not'} to be found, not {expected}: run `make collection`", 3)
    if expected.resolve() == ROOT and not may_be_tree:
        pytest.exit(f"{expected} is the working tree, not the installed collection: run `make collection`", 3)


@pytest.fixture(scope="session")
def collection() -> Path:
    """The folder of the collection under test."""
    return Path(find_spec(NAME).submodule_search_locations[0])
