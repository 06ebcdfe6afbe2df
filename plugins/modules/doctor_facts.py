#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: doctor_facts
short_description: Gather all that says whether a home's Internet, television and telephone work
version_added: 0.1.0
description:
  - Reads interfaces, routes, kernel settings, firewall, units and multicast tables, and asks the questions that only the network answers, all at
    the same time - PADI, DHCPDISCOVER, DNS, SIP, ARP, and joins of three groups for a few seconds.
  - It works on any Linux router, whoever has set it up; what a host does not have is left out. It needs no Internet and no password.
  - It judges nothing; M(homerouter.tripleplay.doctor) does.
  - Changes nothing. Running it again gives the same answer as long as the home is the same; what it sends leaves no lease and no session.
author:
  - The homerouter.tripleplay contributors (@homerouter)
extends_documentation_fragment:
  - homerouter.tripleplay.doctor
attributes:
  check_mode:
    description: Runs in check mode as otherwise, since it changes nothing.
    support: full
  diff_mode:
    description: There is nothing that could differ.
    support: none
requirements:
  - iproute2
seealso:
  - module: homerouter.tripleplay.doctor
"""

EXAMPLES = r"""
- name: Look at television only
  homerouter.tripleplay.doctor_facts:
    uplink: eth0
    iptv_address: 10.214.0.10/9
    services: [tv]
  register: house
"""

RETURN = r"""
facts:
  description: >-
    What was read and answered, by name. V(null) stands for what could not be asked. C(errors) says why, C(timings) how many seconds each
    question took, C(seconds) how many all of it.
  returned: success
  type: dict
  sample: {"pppoe": {"up": true, "address": "80.28.0.10"}, "seconds": 3.4}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _doctor_host, _doctor_plan


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=_doctor_plan.ARGUMENTS, supports_check_mode=True)
    wrong = _doctor_plan.problems(module.params)
    if wrong:
        module.fail_json(msg="The doctor cannot ask: " + "; ".join(wrong))
    if not module.get_bin_path("ip"):
        module.fail_json(msg="The command ip is missing: install the package iproute2.")
    try:
        facts = _doctor_host.gather(_doctor_plan.ready(module.params), module.run_command)
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"The host's interfaces cannot be read: {error}")
    module.exit_json(changed=False, facts=facts)


if __name__ == "__main__":
    main()
