# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints docs/home.md, the table of all home_* variables, as the collection on PYTHONPATH states them."""

from __future__ import annotations

import json
import re

from ansible_collections.homerouter.tripleplay.plugins.module_utils._home import HOME, Option

HEAD = """\
# The variables of the home

<!-- Written by `make docs` from plugins/module_utils/_home.py: change the variables there. -->

The inventory states the home once, in these variables; all roles take their defaults from them. Only those marked *required* must be
set, the others have Movistar's values. [playbooks/home](../playbooks/home) is an inventory to copy.

Before anything is sent to the router, `site.yml` looks at all of them and names every mistake with its cure.

- Names that begin with `home_` belong to the collection: one that is not in this list is taken for a misspelling and stops the play.
  So does a variable that looks almost like one of a role.
- Values have the type that is written here. What looks like a number or a switch, but is text, is refused: `home_lan_vlan: "20"`, and
  `-e home_lan_vlan=20` too, since Ansible takes all such values for text. On a command line, write `-e '{"home_lan_vlan": 20}'`.
- Expressions and vaults are fine. No message shows the password, or any value that comes straight from a vault.

What the home does not state is set by the roles' own variables: `ansible-doc --type role homerouter.tripleplay.pppoe`, and so on.
"""


def marked_up(text: str) -> str:
    """Ansible's markup as Markdown's, safe inside a table."""
    return re.sub(r"\b[CVO]\(([^)]*)\)", r"`\1`", text).replace("|", "\\|")


def default(option: Option) -> str:
    """What the column "default" says."""
    if option.required:
        return "*required*"
    return "" if option.default is None else f"`{option.default if isinstance(option.default, str) else json.dumps(option.default)}`"


def row(name: str, option: Option) -> str:
    """One line of a table."""
    kind = {"port": "int or str"}.get(option.type, option.type)
    such_as = "" if option.example is None or option.secret else f" Example: `{option.example}`."
    return f"| `{name}` | {kind} | {default(option)} | {marked_up(option.description)}{such_as} |"


def table(options: dict[str, Option]) -> list[str]:
    """A table of variables or of an entry's keys."""
    return ["| name | type | default | meaning |", "|---|---|---|---|", *(row(name, option) for name, option in options.items())]


def main() -> None:
    """Print the page."""
    lines = [HEAD, *table(HOME)]
    for name, option in HOME.items():
        if option.entries and "" not in option.entries:
            lines += ["", f"## Entries of {name}", "", *table(dict(option.entries))]
            # In JSON, and so in YAML, a quoted MAC address is never taken for a number.
            entries = [*option.default, {key: inner.example for key, inner in option.entries.items() if inner.required}]
            texts = [[f"{key}: {json.dumps(value)}" for key, value in entry.items()] for entry in entries]
            lines += ["", "```yaml", f"{name}:", *("\n    ".join([f"  - {first}", *rest]) for first, *rest in texts), "```"]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
