# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints docs/doctor.md, all that the doctor can find, from the table of checks of the collection on PYTHONPATH."""

from __future__ import annotations

import re

from ansible_collections.homerouter.tripleplay.plugins.module_utils._doctor import SERVICES, Check, explained_by
from ansible_collections.homerouter.tripleplay.plugins.module_utils._doctor_checks import CHECKS

HEAD = """\
# What is wrong, and what to do

<!-- Written by `make docs` from plugins/module_utils/_doctor_checks.py: change the checks there. -->

```bash
ansible-playbook homerouter.tripleplay.doctor -i home
```

looks at the whole house in some seconds, changes nothing on router and switch, and needs no Internet. It also serves on a router that was done by hand, as
long as the inventory names its interfaces. It ends with an error if anything is wrong.

| | |
|---|---|
| the screen | the causes, in the order in which to mend them; what only follows from them is named in the last line |
| `doctor/router.html` | one page for people: the house drawn with its links, the findings with what was read, cause and cure |
| `doctor/router.json` | the same for machines, consequences included |
| `--tags tv`, `lan`, `internet`, `voice`, `switch` | looks at that only, and at what it stands on |
| `-e doctor_folder=DIR` | where the reports go. They show your addresses: read them before you post them |
| `ansible-playbook homerouter.tripleplay.doctor_watch -i home` | looks once a minute (`-e doctor_watch=30`: twice) and tells what comes and what goes |

What it sends are questions that devices of the home send every day: PADI without a session, DHCPDISCOVER without a request, DNS, SIP, ARP, and joins of
three groups for three seconds. A channel that your line has: `-e doctor_channel=239.0.0.76:8208`.

[doctor-lab.md](doctor-lab.md) has how it did on faults that were made in the lab.

The switch is asked over SSH by `show` commands, where the inventory has it in the group `switches`; one that does not answer is a finding, and the rest is
looked at all the same. Its ports are compared with `home_switch_ports`; without that, only what needs no knowledge of them is judged. A switch that is
set by a worksheet is not asked: [switch.md](switch.md).

Whether a box sees the picture is only seen from the box: [television.md](television.md) goes through its boot.

## In this order

What stands higher explains what stands lower, so a pulled cable is one finding, and the silence of everything behind it is none.

1. **The cable**: network card, plug, lights (`system`).
2. **The switch**: links to ONT and router, VLANs, ports; then IGMP snooping, and what is left of an earlier search.
3. **The interfaces**: VLAN ids, up or down, MTU, addresses.
4. **The link**: concentrator, user name and password, default route. Then names: the ISP's resolvers, the router's own.
5. **The LAN**: addresses by DHCP from this router and from no other, the resolver.
6. **Television**: gateway, routes, reverse path, channels on the wire; then what passes them on to the boxes, and what boxes are told.
7. **Telephone**: lease, gateway, route, server.
8. **Tomorrow**: services that would not start at boot, files that others can read, a full disk.

[troubleshooting-internet.md](troubleshooting-internet.md), [television.md](television.md) and [voice.md](voice.md) go through the same by hand.
"""
NAMES = {"uplink": "eth0", "internet": "vlan6", "iptv": "vlan2", "voip": "vlan3", "lan": "vlan100", "ppp": "ppp0"}


def words(text: str) -> str:
    """A text of the table with the example home's names; what is no code must not become markup."""
    return re.sub(r"(?<!`)<", "&lt;", text.format_map(NAMES))


def entry(check: Check, causes: set[str]) -> list[str]:
    """One finding."""
    lines = [
        f"### {check.id}", "", f"**{words(check.text)}** ({check.severity})", "", f"Cause: {words(check.cause)}", "", f"What to do: {words(check.cure)}",
    ]  # fmt: skip
    if causes:
        links = ", ".join(f"[{other.id}](#{other.anchor})" for other in CHECKS if other.id in causes)
        lines += ["", f"Explained by: {links}"]
    return [*lines, ""]


def main() -> None:
    """Print the page."""
    explained = explained_by({check.id: check for check in CHECKS})
    lines = [HEAD]
    for service, title in SERVICES.items():
        found = [check for check in CHECKS if check.service == service]
        if found:
            lines += [f"## {title}", ""]
            for check in found:
                lines += entry(check, explained[check.id])
    print("\n".join(lines).rstrip())


if __name__ == "__main__":
    main()
