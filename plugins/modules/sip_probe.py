#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sip_probe
short_description: Ask a SIP server for a sign of life
version_added: 0.1.0
description:
  - Sends one request over UDP and tells what came back. No phone number or password is needed, and nothing is registered; any answer, an
    error too, shows that VLAN, lease, route and server work.
  - Fails when no answer of a SIP server comes, and says which way it went wrong; the return values are there in that case, too.
  - Running it again changes nothing and gives the same answer as long as the server does.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Runs in check mode as otherwise, since it changes nothing.
    support: full
  diff_mode:
    description: There is nothing that could differ.
    support: none
options:
  host:
    description: IPv4 address of the proxy or registrar.
    type: str
    default: 10.31.255.134
  port:
    description: Its UDP port.
    type: int
    default: 5070
  domain:
    description: Domain that the request names.
    type: str
    default: telefonica.net
  method:
    description:
      - What to send. V(line) is the first line of a REGISTER request and nothing else, which a server answers with an error; some keep silent.
      - V(options) is a whole OPTIONS request, the question for what a server can do. Some answer it only to phones that are registered.
    type: str
    choices: [line, options]
    default: line
  source:
    description: Local IPv4 address to ask from. Empty, the one that the route gives.
    type: str
    default: ""
  timeout:
    description: Seconds to wait for an answer. The request is repeated after half a second, a second, two and so on, as RFC 3261 wants it.
    type: float
    default: 4.0
"""

EXAMPLES = r"""
- name: Does the telephone server answer
  homerouter.tripleplay.sip_probe:

- name: Ask another one whom it would let in
  homerouter.tripleplay.sip_probe:
    host: 203.0.113.5
    port: 5060
    domain: example.net
    method: options
  register: server
"""

RETURN = r"""
outcome:
  description: >-
    V(answered), V(malformed) for a datagram that is no SIP answer, V(silent), V(refused) when the host says by ICMP that nobody listens
    there, or V(unreachable) when the network says that it cannot be reached.
  returned: always
  type: str
  sample: answered
status:
  description: Status code, V(null) without an answer.
  returned: always
  type: int
  sample: 400
status_line:
  description: First line of the answer, empty without one.
  returned: always
  type: str
  sample: SIP/2.0 400 Missing CSeq Header
realm:
  description: Realm of the digest authentication that the server asks for, empty for none.
  returned: always
  type: str
headers:
  description: Headers of the answer that tell something about the server, by lower-case name.
  returned: always
  type: dict
  sample: {cseq: 0 REGISTER}
truncated:
  description: Whether the answer ends before its own end, as when fragments were lost on the way.
  returned: always
  type: bool
round_trip_ms:
  description: Time between the last request and the answer in milliseconds, V(null) without one.
  returned: always
  type: float
  sample: 7.3
requests:
  description: How many times the request was sent.
  returned: always
  type: int
"""

import ipaddress

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils._sip_host import probe


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "host": {"type": "str", "default": "10.31.255.134"},
            "port": {"type": "int", "default": 5070},
            "domain": {"type": "str", "default": "telefonica.net"},
            "method": {"type": "str", "default": "line", "choices": ["line", "options"]},
            "source": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 4.0},
        },
        supports_check_mode=True,
    )
    params = module.params
    for name in ("host", "source"):
        try:
            if params[name] or name == "host":
                ipaddress.IPv4Address(params[name])
        except ValueError:
            module.fail_json(msg=f"{name} is {params[name]!r}: give an IPv4 address.")
    if not 1 <= params["port"] <= 65535:
        module.fail_json(msg=f"port is {params['port']}: take 1 to 65535.")
    if not 0 < params["timeout"] <= 60:
        module.fail_json(msg=f"timeout is {params['timeout']}: take more than 0 and at most 60 seconds.")
    if not all(33 <= ord(character) < 127 for character in params["domain"]) or not params["domain"]:
        module.fail_json(msg=f"domain is {params['domain']!r}: give a domain such as telefonica.net.")
    result, wrong = probe(params)
    if wrong:
        module.fail_json(msg=wrong, **result)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
