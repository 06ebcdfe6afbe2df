# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ifupdown, where the owner's own stanza of the network card decides as well."""

from __future__ import annotations

import pytest
from house import refused

STANZA = "iface eth0 inet dhcp"


@pytest.fixture
def stanza(router):
    """The installer's stanza for the card, and its place."""
    router.check_output(f"echo '{STANZA}' >> /etc/network/interfaces")
    yield "/etc/network/interfaces:" + router.check_output(f"grep -n '{STANZA}' /etc/network/interfaces").split(":")[0]
    router.check_output(f"sed -i '/{STANZA}/d' /etc/network/interfaces")


def test_stanza_that_gives_the_card_an_address_is_refused(router, stanza):
    out = refused(router)
    assert f"vlans_uplink_dhcp is false, but ifupdown gives eth0 an address ({stanza})" in out
    assert "set vlans_uplink_dhcp to true" in out


def test_other_stack_than_the_one_that_configures_the_card_is_refused(router, stanza):
    out = refused(router, vlans_backend="networkd")
    assert f"vlans_backend is networkd, but ifupdown also configures eth0 ({stanza}): set vlans_backend to ifupdown" in out
