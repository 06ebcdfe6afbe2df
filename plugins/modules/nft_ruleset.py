#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: nft_ruleset
short_description: Have one nftables table in the kernel exactly as a file states it
version_added: 0.1.0
description:
  - Loads the file into a network namespace of its own first, where nothing depends on it. That validates every line against this
    kernel, and lets nftables itself write both rulesets, the wanted and the present one, in the same form, so that the comparison and
    the diff show what really differs, changes by hand included, and nothing else.
  - If they differ, the file is applied to the host in one transaction. No packet meets an empty or half-made ruleset, and tracked
    connections stay. All other tables are left alone; a file that touches one is refused.
  - Counters are neither compared nor kept when the table changes.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Can run in check mode and predicts what changes. Where nftables is not installed yet, the diff shows the file as it is.
    support: full
  diff_mode:
    description: Returns the table before and after, as nft lists it.
    support: full
options:
  family:
    description: Family of the table.
    type: str
    choices: [inet, ip, ip6, bridge, netdev]
    default: inet
  table:
    description: Name of the table.
    type: str
    required: true
  content:
    description:
      - Text of the file. It has to begin with an empty declaration of the table and its deletion, so that it replaces what is there.
      - Required with O(state=present).
    type: str
  devices:
    description: Interfaces that must exist for the file to load, such as those of a flowtable. Throw-away ones stand in for the validation.
    type: list
    elements: str
    default: []
  optional:
    description: Whether a kernel that cannot load the file is only worth a warning. The table is then absent.
    type: bool
    default: false
  hint:
    description: What to do where the kernel cannot load an optional file; it ends the warning.
    type: str
  modules:
    description:
      - Kernel modules without which the file does not load, and for which nft does not ask the kernel itself. Those that the host has are
        loaded before the validation, in check mode too, as the kernel does with all others.
    type: list
    elements: str
    default: []
  state:
    description: Whether the table is to be there.
    type: str
    choices: [present, absent]
    default: present
requirements:
  - nftables 1.0 or newer
  - util-linux
"""

EXAMPLES = r"""
- name: Have the table as the file states it
  homerouter.tripleplay.nft_ruleset:
    table: example
    content: |
      table inet example
      delete table inet example
      table inet example {
          chain input {
              type filter hook input priority filter; policy drop;
              iifname "lo" accept
          }
      }
"""

RETURN = r"""
supported:
  description: Whether this kernel can load the file. Only ever false with O(optional=true).
  type: bool
  returned: success
"""


from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _nftables


class Refused(Exception):
    """The file does not load; the text is nft's."""


class Nftables:
    """The nft command on one table."""

    def __init__(self, module: AnsibleModule, nft: str) -> None:
        self.module = module
        self.nft = nft
        self.family: str = module.params["family"]
        self.table: str = module.params["table"]

    def present(self) -> str:
        """The table as the kernel has it, without counters' values; empty where there is none."""
        code, out, _err = self.module.run_command(_nftables.listing(self.nft, self.family, self.table))
        return out if code == 0 else ""

    def wanted(self, content: str, devices: list[str]) -> str:
        """The table as the kernel would have it, by loading it where nothing depends on it."""
        code, out, err = self.module.run_command(_nftables.scratch(self.nft, "-", self.family, self.table, devices), data=content)
        if code != 0:
            raise Refused((err or out).strip())
        try:
            return _nftables.loaded(out, self.family, self.table)
        except _nftables.Foreign as error:
            self.module.fail_json(
                msg=f"content must make the table {self.family} {self.table} and leave all others alone, but with it there are: {error}"
            )

    def apply(self, content: str) -> None:
        """Load the file into the kernel, in one transaction."""
        code, out, err = self.module.run_command([self.nft, "--file", "-"], data=content)
        if code != 0:
            raise Refused((err or out).strip())


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "family": {"type": "str", "default": "inet", "choices": ["inet", "ip", "ip6", "bridge", "netdev"]},
            "table": {"type": "str", "required": True},
            "content": {"type": "str"},
            "devices": {"type": "list", "elements": "str", "default": []},
            "optional": {"type": "bool", "default": False},
            "hint": {"type": "str"},
            "modules": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        },
        required_if=[("state", "present", ["content"])],
        supports_check_mode=True,
    )
    module.run_command_environ_update = {"LC_ALL": "C"}
    params = module.params
    header = f"table {params['family']} {params['table']}"
    path = module.get_bin_path("nft", opt_dirs=["/usr/sbin", "/sbin"])
    if path is None:
        if not module.check_mode and params["state"] == "present":
            module.fail_json(msg="The command nft is missing: install the package nftables.")
        after = params["content"] if params["state"] == "present" else ""
        module.exit_json(changed=bool(after), supported=True, diff={"before_header": header, "after_header": header, "before": "", "after": after})

    nftables = Nftables(module, path)
    content = params["content"] if params["state"] == "present" else f"delete {header}\n"
    before = nftables.present()
    after = ""
    supported = True
    if params["state"] == "present":
        load_modules(module)
        try:
            after = nftables.wanted(content, params["devices"])
        except Refused as error:
            supported = unsupported(module, header, error, before != "")
            content = f"delete {header}\n"
    if before != after and not module.check_mode:
        try:
            nftables.apply(content)
        except Refused as error:
            # What passed the validation can still fail on the host's own interfaces.
            supported = unsupported(module, header, error, before != "")
            after = before
        else:
            now = nftables.present()
            if now != after:
                module.fail_json(
                    msg=f"{header} was loaded, but the kernel has it otherwise",
                    diff={"before_header": "wanted", "after_header": "in the kernel", "before": after, "after": now},
                )
    module.exit_json(
        changed=before != after,
        supported=supported,
        diff={"before_header": header, "after_header": header, "before": before, "after": after},
    )


def load_modules(module: AnsibleModule) -> None:
    """Load what the file needs. Whether it then has what it needs, it says itself."""
    modprobe = module.get_bin_path("modprobe", opt_dirs=["/usr/sbin", "/sbin"])
    for name in module.params["modules"]:
        if modprobe is not None:
            module.run_command([modprobe, "--quiet", name])


def unsupported(module: AnsibleModule, header: str, error: Refused, stays: bool) -> bool:
    """End with nft's words, or only warn where the table is optional; always false."""
    if not module.params["optional"]:
        kept = "the table in the kernel stays as it was" if stays else "nothing has been changed"
        module.fail_json(msg=f"nft refuses the {header}, {kept}: {error}")
    hint = f" - {module.params['hint']}" if module.params["hint"] else ""
    module.warn(f"This kernel cannot have the {header}, which goes without it: {error}{hint}")
    return False


if __name__ == "__main__":
    main()
