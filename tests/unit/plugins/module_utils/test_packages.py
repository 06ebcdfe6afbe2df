# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dpkg-query says of packages."""

from __future__ import annotations

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _packages


def test_only_what_is_installed_counts():
    listing = "installed nftables\nconfig-files ppp\nnot-installed kea-dhcp4-server\n"
    assert _packages.parse(["nftables", "ppp", "kea-dhcp4-server", "unbound"], listing) == ["ppp", "kea-dhcp4-server", "unbound"]


def test_a_host_without_dpkg_lacks_nothing_by_that_name():
    assert _packages.missing(lambda _argv: (1, "", ""), None, ["nftables"]) == []


def test_one_question_for_all():
    asked = []

    def run(argv):
        asked.append(argv)
        return 1, "installed nftables\n", "dpkg-query: no packages found matching ppp\n"

    assert _packages.missing(run, "/usr/bin/dpkg-query", ["nftables", "ppp"]) == ["ppp"]
    assert len(asked) == 1
