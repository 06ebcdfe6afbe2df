#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sg_save
short_description: Save the configuration of a Cisco small-business switch
version_added: 0.1.0
description:
  - Compares the running configuration with the saved one, saves it when they differ, and reads the saved one again to see that it is there.
    Nothing is written to the flash when they are the same, so running it again changes nothing.
  - Until a configuration is saved, switching the power off and on brings the saved one back, which is the way out when a change has cut
    the switch off. So save last, over a new connection - C(meta) with C(reset_connection) before this module makes one.
  - Passwords, communities and keys are masked in what it returns.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Compares and saves nothing.
    support: full
  diff_mode:
    description: Shows the saved configuration as before and the running one as after.
    support: full
options:
  save:
    description:
      - When to save. V(changed) is when the two configurations differ, V(never) only compares, V(always) writes the flash in any case.
    type: str
    choices: [changed, never, always]
    default: changed
  expect:
    description:
      - What has to be set before anything is saved, as M(homerouter.tripleplay.sg_switch) takes it with the state V(replaced).
      - If it is not, nothing is saved and the module fails, so that switching the switch off and on stays the way back.
    type: dict
notes:
  - Needs the connection P(ansible.netcommon.network_cli#connection) and C(ansible_network_os=homerouter.tripleplay.sg).
"""

EXAMPLES = r"""
- name: Begin a new connection, which shows that the switch can still be reached
  ansible.builtin.meta: reset_connection

- name: Save the switch's configuration
  homerouter.tripleplay.sg_save:

- name: Say whether the switch has changes that a power-cycle would lose
  homerouter.tripleplay.sg_save:
    save: never
  register: switch
"""

RETURN = r"""
saved:
  description: Whether the saved configuration is the running one now.
  type: bool
  returned: always
  sample: true
message:
  description: What the switch said when it saved; empty when it did not have to.
  type: str
  returned: success
  sample: Copy succeeded
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.connection import Connection, ConnectionError
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _sg_cli, _sg_module, _sg_state


def difference(saved: str, running: str) -> dict[str, str]:
    """What a person sees of the two configurations."""
    before, after = _sg_cli.mask(saved), _sg_cli.mask(running)
    if before == after and saved != running:
        after += "! a masked value is another one\n"
    return {"before": before, "after": after, "before_header": "startup-config", "after_header": "running-config"}


def prove(module: AnsibleModule, running: str, dialect: str) -> None:
    """End the module when the switch is not set as it has to be."""
    if module.params["expect"] is None:
        return
    try:
        missing = _sg_module.unproved(_sg_state.read(running, dialect), module.params["expect"])
    except ValueError as error:
        module.fail_json(msg=f"Nothing was saved. {error}", saved=False)
    if missing:
        module.fail_json(
            msg=f"Nothing was saved: the switch is not set as expected. These lines are missing: {', '.join(missing)}. Run the role again; to go back to what "
            "was saved, switch the switch off and on",
            saved=False,
        )


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"save": {"type": "str", "choices": ["changed", "never", "always"], "default": "changed"}, "expect": {"type": "dict"}},
        supports_check_mode=True,
    )
    switch = Connection(module._socket_path)
    message = ""
    same = False
    try:
        running, saved = (_sg_cli.body(switch.get_config(source=source)) for source in ("running", "startup"))
        same = running == saved
        prove(module, running, switch.get_device_info()["network_os_dialect"])
        wanted = module.params["save"]
        to_save = wanted == "always" or (wanted == "changed" and not same)
        diff = difference(saved, running) if module._diff and to_save else None
        if to_save and not module.check_mode:
            message = switch.save_config()
            now, running = (_sg_cli.body(switch.get_config(source=source)) for source in ("startup", "running"))
            same = now == running
            if not same:
                module.fail_json(
                    msg=f"The switch said {message!r}, but its saved configuration is not the running one: is somebody else configuring it, or is its flash "
                    "full (`dir`)? Save again",
                    saved=False,
                )
    except ConnectionError as error:
        module.fail_json(msg=f"The switch's configuration is not saved: {error}", saved=same)
    module.exit_json(changed=to_save, saved=same, message=message, **({"diff": diff} if diff else {}))


if __name__ == "__main__":
    main()
