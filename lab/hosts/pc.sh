#!/bin/sh
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A computer in the LAN: takes what the DHCP server gives, MTU and resolver included.
set -eu

cat > /etc/dhcpcd.conf <<'CONF'
hostname
clientid
option domain_name_servers, domain_name, interface_mtu, broadcast_address
option classless_static_routes
noipv4ll
noipv6
noarp
timeout 0
CONF
cat > /etc/systemd/system/dhcp-client.service <<'CONF'
[Unit]
Description=DHCP client of the lab's PC
[Service]
ExecStart=/usr/sbin/dhcpcd --nobackground eth0
Restart=always
RestartSec=1
CONF
systemctl daemon-reload
systemctl restart dhcp-client
