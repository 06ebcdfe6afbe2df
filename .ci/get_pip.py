# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ansible-test gets instead of get-pip.py: the pip that comes with Python brings the version that is wanted."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: ensurepip sets PIP_CONFIG_FILE in its environment, and pip would lose the user's certificates.
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
wanted = [argument for argument in sys.argv[1:] if argument.startswith("pip==")] or ["pip"]
subprocess.run(
    [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted],
    check=True,
)
