#!/bin/sh
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A set-top box in the LAN. It is off until somebody runs "settopbox", which boots it and reports.
set -eu

cat > /usr/local/bin/settopbox <<'SCRIPT'
#!/bin/sh
exec python3 /usr/local/lib/tv/settopbox.py --interface eth0 --apply "$@"
SCRIPT
chmod 0755 /usr/local/bin/settopbox
# The boxes know no later version.
sysctl --quiet net.ipv4.conf.eth0.force_igmp_version=2
