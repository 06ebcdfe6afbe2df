# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Internet link: what is on the wire, what survives which trouble, and what the play says when there is no link."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from house import ROOT, capture, play, refused

UNIT = "pppoe-internet"
WEB = "203.0.113.80"
ROUTER_MAC = "02:00:00:00:06:02"
CONVERGE = str(ROOT / "molecule" / "shared" / "converge.yml")
# The interfaces below the link stay as they are.
PPPOE: dict[str, Any] = {"lab_roles": ["pppoe"]}
SECRETS = {"/etc/ppp/pap-secrets", "/etc/ppp/chap-secrets"}


def apply(*arguments: str, **variables: Any) -> tuple[int, str]:
    """Run the role again with other variables: exit code, and output as one line."""
    code, out, _recap = play(CONVERGE, "-e", json.dumps(PPPOE | variables), *arguments)
    return code, in_one_line(out)


def in_one_line(out: str) -> str:
    """Ansible's output without the line ends and the quoting that it adds."""
    return " ".join(out.replace("\\n", " ").replace("\\'", "'").split())


def state(router) -> str:
    return router.run(f"systemctl is-active {UNIT}").stdout.strip()


def address(router) -> str:
    found = re.search(r"inet ([\d.]+)", router.run("ip -4 -oneline address show dev ppp0").stdout)
    return found.group(1) if found else ""


def online(router) -> bool:
    return state(router) == "active" and router.run(f"ping -q -c 1 -W 1 -I ppp0 {WEB}").rc == 0


@pytest.fixture(autouse=True)
def link(router, eventually):
    """Each test begins with a working link."""
    eventually(lambda: online(router), 30, "the link to be up before the test")


def test_dial_is_on_the_wire_of_vlan_6(router, isp):
    with capture(isp, "dial", "eth0", "vlan 6") as tagged:
        # Returns when pppd has said that the link is up.
        router.check_output(f"systemctl restart {UNIT}")
    dial = "\n".join(tagged)
    for packet in ("PPPoE PADI", "PPPoE PADO", "PPPoE PADR", "PPPoE PADS", "] LCP, ", "] PAP, ", "] IPCP, "):
        assert packet in dial, (packet, dial)
    assert address(router).startswith("80.28.0.")
    assert set(re.findall(r"MRU Option \(0x01\), length 4: (\d+)", dial)) == {"1492"}


def test_link_carries_1492_octets_and_no_more(router):
    assert "mtu 1492 " in router.check_output("ip link show dev ppp0")
    assert router.run(f"ping -c 1 -W 2 -M do -s {1492 - 28} {WEB}").rc == 0
    assert "Message too long" in router.run(f"ping -c 1 -W 2 -M do -s {1493 - 28} {WEB} 2>&1").stdout


def ipv6cp(router, isp) -> list[str]:
    """The router's packets of the protocol that negotiates IPv6, in one dial."""
    with capture(isp, "ipv6cp", "vlan6", f"ether src {ROUTER_MAC} and pppoes") as packets:
        router.check_output(f"systemctl restart {UNIT}")
    return [line for line in packets if "] IP6CP, " in line]


def test_no_ipv6_is_asked_for(router, isp):
    assert not ipv6cp(router, isp)
    router.check_output("sed -i.kept 's/^noipv6$/+ipv6/' /etc/ppp/peers/internet")
    try:
        assert ipv6cp(router, isp), "with IPv6 on it must be seen, or the capture proves nothing"
    finally:
        router.check_output(f"mv /etc/ppp/peers/internet.kept /etc/ppp/peers/internet; systemctl restart {UNIT}")


def leaves_by_vlan2(router, isp) -> bool:
    """Whether a packet to the Internet takes the foreign default route."""
    with capture(isp, "foreign", "vlan2", f"icmp and host {WEB}") as packets:
        router.run(f"ping -q -c 1 -W 1 {WEB}")
    return bool(packets)


@pytest.fixture
def foreign_default_route(router):
    """A default route as a DHCP client sets it."""
    router.check_output("ip route add default via 10.128.0.1 dev vlan2 metric 100")
    yield
    router.check_output("ip route delete default via 10.128.0.1 dev vlan2 metric 100")


def test_default_route_wins_over_a_foreign_one_and_goes_with_the_link(router, isp, foreign_default_route):
    router.check_output(f"systemctl restart {UNIT}")
    assert not leaves_by_vlan2(router, isp)
    router.check_output(f"systemctl stop {UNIT}")
    try:
        assert "ppp0" not in router.check_output("ip route show default")
        assert leaves_by_vlan2(router, isp), "the foreign route must be left in place"
        # The seed's options, which have no metric.
        router.check_output(
            "sed '/^defaultroute-metric/d' /etc/ppp/peers/internet > /etc/ppp/peers/unmeasured; "
            "systemd-run --quiet --collect --unit=unmeasured -p Type=notify pppd call unmeasured nodetach up_sdnotify nopersist"
        )
        assert leaves_by_vlan2(router, isp), "without a metric the foreign route must win, or the test proves nothing"
    finally:
        router.check_output(f"systemctl stop unmeasured; rm -f /etc/ppp/peers/unmeasured; systemctl start {UNIT}")


def test_outage_shows_in_the_units_state_and_slows_the_redials(router, isp, eventually):
    look = f"echo $(systemctl is-active {UNIT}) $(ip -4 -oneline address show dev ppp0 2>/dev/null | wc -l)"
    try:
        with capture(isp, "outage", "vlan6", "pppoed") as packets:
            isp.check_output("systemctl stop concentrator")
            eventually(lambda: state(router) != "active", 20, "the unit to notice the outage")
            # Three dials with the pauses between them.
            seen = router.check_output(
                f"restarts() {{ systemctl show -p NRestarts --value {UNIT}; }}; end=$(($(restarts) + 4)); "
                f"while [ $(restarts) -lt $end ]; do {look}; done | sort -u"
            )
    finally:
        isp.check_output("systemctl start concentrator")
    assert not re.search(r"^active|[^0]$", seen, re.MULTILINE), seen
    eventually(lambda: state(router) == "active", 20, "the link to come back by itself")
    assert address(router)
    asked = [datetime.strptime(line.split()[0], "%H:%M:%S.%f") for line in packets if "PADI" in line]
    pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(asked)]
    assert len(pauses) >= 2, packets
    assert pauses[1] > pauses[0] + 1, pauses
    # pppoe_holdoff_max, one second of waiting for an answer, and what starting takes.
    assert max(pauses) < 4 + 1 + 3, pauses


def test_killed_pppd_is_back_after_a_pause(router, eventually):
    before = router.check_output(f"systemctl show -p MainPID --value {UNIT}")
    router.check_output(f"kill -9 {before}")
    eventually(lambda: online(router), 15, "the link to be back")
    assert router.check_output(f"systemctl show -p MainPID --value {UNIT}") != before


MAKE_VLAN6 = "ip link add link eth0 name vlan6 type vlan id 6"


def test_link_waits_for_its_interface(router, eventually):
    router.check_output("ip link delete vlan6")
    eventually(lambda: state(router) == "activating" and not address(router), 10, "the link to end with its interface")
    router.check_output(MAKE_VLAN6)
    eventually(lambda: online(router), 20, "the link to come back with the interface")


def test_link_survives_an_interface_that_is_made_anew_at_once(router, eventually):
    before = router.check_output(f"systemctl show -p MainPID --value {UNIT}")
    router.check_output(f"ip link delete vlan6; {MAKE_VLAN6}")
    eventually(lambda: online(router), 20, "the link on the new interface")
    assert router.check_output(f"systemctl show -p MainPID --value {UNIT}") != before


def test_unplugged_uplink_is_named(router, switch, eventually):
    switch.check_output("ip link set gi2 down")
    try:
        eventually(lambda: state(router) != "active", 20, "the dead link to be noticed")
        code, out = apply(pppoe_wait=3)
    finally:
        switch.check_output("ip link set gi2 up")
    assert code != 0
    assert "The uplink eth0 has no carrier" in out
    # No second play: the cable is all that was missing.
    eventually(lambda: online(router), 30, "the link to come back with the cable")


def test_wrong_vlan_is_named_and_so_is_the_right_one(router):
    code, out = apply(pppoe_interface="vlan3", pppoe_wait=3)
    assert code != 0
    assert "No concentrator answers on vlan3 (VLAN 3)" in out
    assert "answers on VLAN 6 of eth0" in out
    assert "Set home_internet_vlan: 6" in out
    code, out = apply()
    assert code == 0, out[-2000:]
    assert online(router)


@pytest.fixture
def canary(isp) -> Iterator[tuple[str, str]]:
    """A user of the concentrator, with a password that is found nowhere by accident."""
    user, password = (f"{what}-{secrets.token_hex(8)}" for what in ("canary", "secret"))
    isp.check_output("cp -p /etc/ppp/pap-secrets /etc/ppp/pap-secrets.kept")
    isp.check_output(f"""echo '"{user}" * "{password}" *' >> /etc/ppp/pap-secrets""")
    yield user, password
    isp.check_output("mv /etc/ppp/pap-secrets.kept /etc/ppp/pap-secrets")


def places(router, text: str) -> set[str]:
    """Where on the router a text can be read."""
    # From a file, or the search would find itself.
    router.check_output(f"mkdir -p /dev/shm/search && echo {text} > /dev/shm/search/text")
    found = router.run(
        "cd /dev/shm/search; "
        "grep -rlsF -f text /etc /run /var /usr/local /tmp --exclude-dir=journal; "
        "systemctl show --all '*' | grep -qF -f text && echo systemctl; "
        "journalctl --quiet --output=export | grep -qaF -f text && echo journal; "
        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | grep -qaF -f text && echo processes; "
        "rm -r /dev/shm/search"
    )
    return set(found.stdout.split())


def test_refused_password_is_named_and_the_right_one_stays_secret(router, canary):
    user, password = canary
    wrong = f"secret-{secrets.token_hex(8)}"
    code, out = apply("-vvv", "--diff", pppoe_username=user, pppoe_password=wrong)
    assert code != 0
    assert f"refuses the user name '{user}' or its password" in out
    assert wrong not in out
    assert places(router, wrong) == SECRETS

    code, out = apply("-vvv", "--diff", pppoe_username=user, pppoe_password=password)
    assert code == 0, out[-2000:]
    assert online(router)
    assert password not in out
    assert places(router, password) == SECRETS
    assert {router.file(path).mode for path in SECRETS | {"/etc/ppp/peers/internet"}} == {0o600}

    # The same search, with a unit that is careless.
    router.check_output(f"systemd-run --quiet --collect --unit=careless sh -c 'echo {password}; sleep 60; echo {password}'")
    try:
        assert places(router, password) >= SECRETS | {"systemctl", "journal", "processes"}
    finally:
        router.check_output("systemctl stop careless")


@pytest.fixture
def default_mtu(router) -> Iterator[None]:
    """Whatever a test does to the MTU of the uplink, the next one finds it as planned."""
    yield
    router.check_output("ip link set vlan6 mtu 1500; ip link set eth0 mtu 1500")


def test_rfc_4638_is_refused_below_its_conditions_and_explained_when_not_granted(router, default_mtu):
    out = in_one_line(refused(router, **PPPOE, pppoe_rfc4638=True))
    assert "too many for vlan6 (MTU 1500) and eth0 (MTU 1500)" in out

    router.check_output("ip link set eth0 mtu 1508; ip link set vlan6 mtu 1508")
    code, out = apply(pppoe_rfc4638=True)
    assert code == 0, out[-2000:]
    assert "ppp0 has MTU 1492, though 1500 was asked for: the other end grants no more" in out
