#!/bin/sh
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A router as somebody makes it who has read how, without this collection: other names, other programs, no units.
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends dhcpcd-base dnsmasq frr igmpproxy iptables ppp > /dev/null 2>&1

ip link set eth0 up
for id in 2 3 6 100; do
    ip link add link eth0 name "eth0.$id" type vlan id "$id"
    ip link set "eth0.$id" up
done
ip address add 192.168.1.1/24 dev eth0.100
ip address add 10.214.0.10/9 dev eth0.2
sysctl -q net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0/2.rp_filter=0 net.ipv4.igmp_max_memberships=512
sysctl -q net.netfilter.nf_conntrack_udp_timeout_stream=4000 net.ipv4.conf.all.accept_source_route=0

for chain in INPUT FORWARD; do
    iptables -A "$chain" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
    iptables -A "$chain" -i eth0.100 -j ACCEPT
    iptables -A "$chain" -i eth0.2 -d 239.0.0.0/16 -p udp -j ACCEPT
done
iptables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -i eth0.2 -p igmp -j ACCEPT
for interface in eth0.2 eth0.3; do
    iptables -A INPUT -i "$interface" -p udp --dport 520 -j ACCEPT
done
iptables -A INPUT -p icmp -j ACCEPT
iptables -P INPUT DROP
iptables -P FORWARD DROP
for interface in ppp0 eth0.2 eth0.3; do
    iptables -t nat -A POSTROUTING -o "$interface" ! -d 224.0.0.0/4 -j MASQUERADE
done
iptables -t mangle -A FORWARD -o ppp0 -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu

mkdir -p /etc/ppp/peers
cat > /etc/ppp/peers/fibre << 'CONF'
plugin pppoe.so
nic-eth0.6
user "adslppp@telefonicanetpa"
noipdefault
noauth
defaultroute
persist
maxfail 0
mtu 1492
mru 1492
CONF
install -m 0600 /dev/null /etc/ppp/pap-secrets
echo '"adslppp@telefonicanetpa" * "adslppp" *' > /etc/ppp/pap-secrets
systemd-run --quiet --unit=fibre pppd call fibre nodetach

printf 'nogateway\nnohook resolv.conf\nnoipv4ll\n' > /etc/dhcpcd.conf
systemd-run --quiet --unit=telephone dhcpcd --nobackground eth0.3
# FRR believes in routes that the kernel has dropped with an address: it begins when that is there to stay.
timeout 60 sh -c 'until ip -4 address show dev eth0.3 | grep -q inet; do sleep 0.2; done'
sed -i 's/^ripd=no/ripd=yes/' /etc/frr/daemons
cat > /etc/frr/frr.conf << 'CONF'
router rip
 network eth0.2
 network eth0.3
 passive-interface default
 version 2
CONF
systemctl restart frr

cat > /etc/dnsmasq.conf << 'CONF'
interface=eth0.100
bind-dynamic
no-resolv
server=80.58.61.250
server=80.58.61.254
local=/home.arpa/
dhcp-range=192.168.1.100,192.168.1.199,12h
dhcp-vendorclass=set:box,[IAL]
dhcp-option=tag:box,option:dns-server,172.26.23.3
dhcp-option=tag:box,240,":::::239.0.2.10:22222:v6.0:239.0.2.30:22222"
CONF
systemctl restart dnsmasq

cat > /etc/igmpproxy.conf << 'CONF'
quickleave
phyint eth0.2 upstream ratelimit 0 threshold 1
    altnet 172.16.0.0/12
phyint eth0.100 downstream ratelimit 0 threshold 1
phyint eth0 disabled
phyint eth0.3 disabled
phyint eth0.6 disabled
phyint ppp0 disabled
CONF
systemctl stop igmpproxy 2> /dev/null || :
systemd-run --quiet --unit=channels igmpproxy -n /etc/igmpproxy.conf
