#!/bin/sh
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The switch: a command line over SSH that steers the bridge br0. switch.sh DIALECT PORTS
# Its startup configuration is the one thing that outlives a reboot. It comes with SSH and log-in by password switched on, and with a user
# of its own; on metal the user is cisco/cisco, and the owner switches both on by hand before anything else.
set -eu

cat > /etc/systemd/system/switch.service <<CONF
[Unit]
Description=The switch's command line, and the bridge behind it

[Service]
Type=notify
WorkingDirectory=/usr/local/lib
ExecStart=/usr/bin/python3 -m switch --dialect $1 --ports $2 --listen 0.0.0.0:22 --bridge \
    --startup /var/lib/switch/startup-config --host-key /var/lib/switch/host_key --control /run/switch.sock
StateDirectory=switch
Restart=on-failure

[Install]
WantedBy=multi-user.target
CONF

# Questions to the switch that its command line does not answer: switch '{"transcript": true}'
cat > /usr/local/bin/switch <<'CONF'
#!/bin/sh
# With nc: a Python that knows SSH takes a second to start.
set -eu
answer=$(printf '%s\n' "$1" | nc -N -U /run/switch.sock)
printf '%s\n' "$answer"
case $answer in '{"error":'*) exit 1 ;; esac
CONF
chmod 0755 /usr/local/bin/switch

systemctl daemon-reload
systemctl enable --quiet switch.service
systemctl start switch.service
