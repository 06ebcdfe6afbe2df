#!/bin/sh
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The ISP's side of the fibre. Runs inside the host "isp" each time it starts.
set -eu

for id in 2 3 6; do
    ip link add link eth0 name "vlan$id" type vlan id "$id"
    ip link set "vlan$id" up
done
# Gateways of the television and voice networks, as the seed's routes name them.
ip address add 10.128.0.1/9 dev vlan2
ip address add 10.25.192.1/19 dev vlan3

# The Internet: public addresses behind the concentrator.
# 80.58.61.250 is the resolver that the example home forwards to, the others are documentation addresses.
for address in 80.58.61.250 203.0.113.80 203.0.113.201 203.0.113.66; do
    ip address add "$address/32" dev lo
done

# VLAN 6: access concentrator, in kernel mode, checks user and password by PAP.
mkdir -p /etc/ppp/plugins
ln -sf "$(ls /usr/lib/pppd/*/pppoe.so)" /etc/ppp/plugins/rp-pppoe.so
install -m 0600 /dev/null /etc/ppp/pap-secrets
echo '"adslppp@telefonicanetpa" * "adslppp" *' > /etc/ppp/pap-secrets
cat > /etc/ppp/pppoe-server-options <<'CONF'
require-pap
lcp-echo-interval 5
lcp-echo-failure 3
mtu 1492
mru 1492
noccp
novj
nodefaultroute
CONF
cat > /etc/systemd/system/concentrator.service <<'CONF'
[Unit]
Description=PPPoE access concentrator of the lab's ISP
[Service]
ExecStart=/usr/sbin/pppoe-server -F -k -I vlan6 -C lab-concentrator -L 80.58.67.163 -R 80.28.0.10 -N 16
KillMode=control-group
CONF

cat > /etc/nginx/nginx.conf <<'CONF'
events {}
http {
    # Says who asked: that is how the tests see the router's address.
    server {
        listen 203.0.113.80:80;
        location / { default_type text/plain; return 200 "$remote_addr\n"; }
        location /big { root /srv/www; }
    }
}
CONF
mkdir -p /srv/www
truncate -s 20M /srv/www/big

mkdir -p /etc/nsd
cat > /etc/nsd/nsd.conf <<'CONF'
server:
    ip-address: 80.58.61.250
    hide-version: yes
zone:
    name: "example.net"
    zonefile: "/etc/nsd/example.net.zone"
CONF
cat > /etc/nsd/example.net.zone <<'CONF'
$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 300
@ IN NS ns
ns IN A 80.58.61.250
www IN A 203.0.113.80
iperf IN A 203.0.113.201
CONF

cat > /etc/systemd/system/iperf3-server.service <<'CONF'
[Unit]
Description=iperf3 server of the lab's Internet
[Service]
ExecStart=/usr/bin/iperf3 --server --bind 203.0.113.201
Restart=always
CONF
systemctl daemon-reload
systemctl restart concentrator nginx nsd iperf3-server
