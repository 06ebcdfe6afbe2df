#!/bin/sh
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The ISP's side of the fibre. Runs inside the host "isp" each time it starts.
set -eu

# It asks nobody for names: what it starts would wait for an answer, some of it for 13 s.
: > /etc/resolv.conf

for id in 2 3 6; do
    ip link add link eth0 name "vlan$id" type vlan id "$id"
    ip link set "vlan$id" up
done
# Gateways of the television and voice networks, as the seed's routes name them.
ip address add 10.128.0.1/9 dev vlan2
ip address add 10.25.192.1/19 dev vlan3

# The Internet: public addresses behind the concentrator.
# The first two are the resolvers that a home forwards to, the third is where set-top boxes are configured from, the others are
# documentation addresses.
for address in 80.58.61.250 80.58.61.254 80.58.63.218 203.0.113.80 203.0.113.201 203.0.113.66; do
    ip address add "$address/32" dev lo
done
# Television: its resolver and its portal. Voice: proxy and registrar, and the gateway behind them.
for address in 172.26.23.3 172.23.103.134 10.31.255.134 10.31.255.135; do
    ip address add "$address/32" dev lo
done
# Nobody reaches those from the Internet: this host's addresses are otherwise the same on all its interfaces.
pref=10
for network in "172.16.0.0/12 vlan2" "10.31.255.128/27 vlan3"; do
    ip rule add pref "$pref" iif "${network#* }" to "${network% *}" lookup local
    ip rule add pref "$pref" iif lo to "${network% *}" lookup local
    ip rule add pref "$((pref + 1))" to "${network% *}" blackhole
    pref=$((pref + 2))
done
ip rule add pref 20 lookup local
ip rule delete pref 0 lookup local

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
    # The portal of television, as far as a set-top box asks it when it boots.
    server {
        listen 172.23.103.134:2001;
        location = /appserver/mvtv.do {
            default_type application/json;
            if ($arg_action != getPlatformProfile) { return 404; }
            return 200 '{"resultCode": 0, "resultText": "OK", "resultData": {"dvbConfig": {"dvbipiEntryPoint": "239.0.2.129:3937"}}}';
        }
    }
    # The configuration server of the set-top boxes. They try TLS and give up, their clocks not being set: to be connected is all they need.
    server {
        listen 80.58.63.218:7008;
        return 444;
    }
}
CONF
mkdir -p /srv/www
truncate -s 20M /srv/www/big

mkdir -p /etc/nsd
cat > /etc/nsd/nsd.conf <<'CONF'
server:
    ip-address: 80.58.61.250
    ip-address: 80.58.61.254
    ip-address: 172.26.23.3
    hide-version: yes
zone:
    name: "example.net"
    zonefile: "/etc/nsd/example.net.zone"
zone:
    name: "imagenio.telefonica.net"
    zonefile: "/etc/nsd/imagenio.telefonica.net.zone"
    # Its names are those of television's own resolver.
    allow-query: 10.128.0.0/9 NOKEY
zone:
    # A public name, which everybody's resolver knows.
    name: "main.acs.telefonica.net"
    zonefile: "/etc/nsd/main.acs.telefonica.net.zone"
CONF
cat > /etc/nsd/example.net.zone <<'CONF'
$TTL 300
@ IN SOA ns hostmaster 1 3600 600 86400 300
@ IN NS ns
ns IN A 80.58.61.250
www IN A 203.0.113.80
iperf IN A 203.0.113.201
CONF
# The SOA is the one that Movistar's resolver showed; asking for it is how people find out that its routes are there.
cat > /etc/nsd/imagenio.telefonica.net.zone <<'CONF'
$TTL 10800
@ IN SOA mmsdmco1-01 postmaster 2015080901 86400 7200 2592000 345600
@ IN NS mmsdmco1-01
mmsdmco1-01 IN A 172.26.23.3
www-60.svc IN A 172.23.103.134
nc2.svc IN A 172.23.103.134
nc4.svc IN A 172.23.103.134
nc5.svc IN A 172.23.103.134
nc6.svc IN A 172.23.103.134
dev-archives.svc IN A 172.26.83.76
CONF
cat > /etc/nsd/main.acs.telefonica.net.zone <<'CONF'
$TTL 300
@ IN SOA ns.example.net. hostmaster.example.net. 1 3600 600 86400 300
@ IN NS ns.example.net.
@ IN A 80.58.63.218
CONF

# VLAN 3: the voice network. Whoever asks gets, besides an address, all that a home must not take from it:
#   voice-dhcp GATEWAY SECONDS   what the DHCP server lends from the /19 around the gateway, for how long
cat > /usr/local/sbin/voice-dhcp <<'SCRIPT'
#!/bin/sh
set -eu
gateway=$1 seconds=$2
network=${gateway%.*.*}
third=${gateway#"$network".}
third=$((${third%.*} / 32 * 32))
sysctl -q net.ipv4.conf.vlan3.promote_secondaries=1
ip address replace "$gateway/19" dev vlan3
cat > /etc/kea/kea-dhcp4.conf <<CONF
{"Dhcp4": {
  "interfaces-config": {
    "interfaces": ["vlan3"],
    # The cable may be plugged in later; by itself Kea would run on, deaf.
    "service-sockets-require-all": true, "service-sockets-max-retries": 3000, "service-sockets-retry-wait-time": 200
  },
  "lease-database": {"type": "memfile", "persist": false},
  "valid-lifetime": $seconds, "renew-timer": $((seconds / 4)), "rebind-timer": $((seconds * 3 / 4)),
  "authoritative": true,
  "subnet4": [{
    "id": 3, "interface": "vlan3", "subnet": "$network.$third.0/19",
    "pools": [{"pool": "$network.$((third + 8)).0 - $network.$((third + 15)).255"}],
    "option-data": [
      {"name": "routers", "data": "$gateway"},
      {"name": "domain-name-servers", "data": "10.31.255.140", "always-send": true},
      {"name": "domain-name", "data": "voice.invalid", "always-send": true},
      {"name": "domain-search", "data": "voice.invalid", "always-send": true},
      {"name": "ntp-servers", "data": "10.31.255.141", "always-send": true},
      {"name": "nis-domain", "data": "voice-nis", "always-send": true},
      {"name": "nis-servers", "data": "10.31.255.142", "always-send": true},
      {"name": "host-name", "data": "renamed-by-voice", "always-send": true},
      {"name": "interface-mtu", "data": "1400", "always-send": true}
    ]
  }]
}}
CONF
systemctl restart kea-dhcp4-server
SCRIPT
chmod 0755 /usr/local/sbin/voice-dhcp
voice-dhcp 10.25.192.1 3600

# Routers of the big makers send with this TTL, and RIP is one reason to look at it.
sysctl --quiet net.ipv4.ip_default_ttl=255
# Routes by RIP, as the ISP announces them: of voice one, of television what its gateway sent in 2014 and what it sends today.
sed -i 's/^ripd=no/ripd=yes/' /etc/frr/daemons
routes_2014="172.26.22.0/26
172.26.22.56/29
172.26.23.0/27
172.26.23.4/32
172.26.23.5/32
172.26.23.23/32
172.26.23.24/32
172.26.23.30/32
172.26.80.0/21"
routes_today="172.26.0.0/17
172.23.0.0/17
10.93.18.0/24"
cat > /etc/frr/frr.conf <<CONF
router rip
 version 2
 network vlan2
 network vlan3
 route 10.31.255.128/27
$(printf '%s\n' "$routes_2014" "$routes_today" | sed 's/^/ route /')
 distribute-list prefix television out vlan2
 distribute-list prefix voice out vlan3
ip prefix-list television deny 10.31.255.128/27
ip prefix-list television permit 0.0.0.0/0 le 32
ip prefix-list voice permit 10.31.255.128/27
CONF
#   television-routes 2014|today|all   what is announced from now on; the rest is withdrawn
cat > /usr/local/sbin/television-routes <<SCRIPT
#!/bin/sh
set -eu
case "\${1-}" in
    2014) announced="$routes_2014" withdrawn="$routes_today" ;;
    today) announced="$routes_today" withdrawn="$routes_2014" ;;
    all) announced="$routes_2014 $routes_today" withdrawn= ;;
    *) echo "take 2014, today or all" >&2; exit 2 ;;
esac
set --
for route in \$withdrawn; do set -- "\$@" -c "no route \$route"; done
for route in \$announced; do set -- "\$@" -c "route \$route"; done
exec vtysh -c "configure terminal" -c "router rip" "\$@"
SCRIPT
chmod 0755 /usr/local/sbin/television-routes

# VLAN 2: the television head end. "headend ctl" talks to it.
cat > /usr/local/bin/headend <<'SCRIPT'
#!/bin/sh
exec python3 /usr/local/lib/tv/headend.py "$@"
SCRIPT
chmod 0755 /usr/local/bin/headend
cat > /etc/systemd/system/headend.service <<'CONF'
[Unit]
Description=Television head end of the lab's ISP
[Service]
ExecStart=/usr/local/bin/headend run --interface vlan2
Restart=always
CONF
# The resolver answers questions and no ping, as people found Movistar's:
#   resolver-ping on|off
cat > /usr/local/sbin/resolver-ping <<'SCRIPT'
#!/bin/sh
set -eu
rule="pref 9 to 172.26.23.3 ipproto icmp blackhole"
while ip rule delete $rule 2> /dev/null; do :; done
case "${1-}" in
    on) ;;
    off) ip rule add $rule ;;
    *) echo "take on or off" >&2; exit 2 ;;
esac
SCRIPT
chmod 0755 /usr/local/sbin/resolver-ping
resolver-ping off

# A proxy and registrar, and a gateway behind it that takes every call and sends each voice packet back.
cat > /etc/kamailio/kamailio.cfg <<'CONF'
#!KAMAILIO
# Registrar and proxy of the voice network: digest authentication in the realm telefonica.net. The password of a
# number is the number itself.
debug=1
children=2
disable_tcp=yes
listen=udp:10.31.255.134:5070
alias="telefonica.net"

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "auth.so"
loadmodule "nathelper.so"
loadmodule "corex.so"
loadmodule "ctl.so"

modparam("nathelper|registrar", "received_avp", "$avp(received)")
modparam("registrar", "max_expires", 3600)

request_route {
    if (!mf_process_maxfwd_header("10")) {
        sl_send_reply("483", "Too Many Hops");
        exit;
    }
    # Phones sit behind NAT: answers go to where the question came from.
    force_rport();

    if (has_totag()) {
        # sipp's own caller keeps no route set.
        if (loose_route() || ($si == "10.31.255.135" && lookup("location"))) {
            t_relay();
        } else if (!is_method("ACK")) {
            sl_send_reply("481", "Call/Transaction Does Not Exist");
        }
        exit;
    }
    if (is_method("CANCEL|ACK")) {
        if (t_check_trans()) t_relay();
        exit;
    }
    if (is_method("OPTIONS")) {
        sl_send_reply("200", "OK");
        exit;
    }
    if (is_method("REGISTER")) {
        if (!pv_www_authenticate("telefonica.net", "$fU", "0") || $au != $fU) {
            www_challenge("telefonica.net", "0");
            exit;
        }
        fix_nated_register();
        # One telephone a number: a call must not ring where an earlier one was.
        save("location", "0x04");
        exit;
    }
    if (!is_method("INVITE")) {
        sl_send_reply("405", "Method Not Allowed");
        exit;
    }
    record_route();
    if ($si == "10.31.255.135") {
        # From the telephone network to a phone.
        if (!lookup("location")) {
            sl_send_reply("404", "Not registered");
            exit;
        }
    } else {
        if (!pv_proxy_authenticate("telefonica.net", "$fU", "0")) {
            proxy_challenge("telefonica.net", "0");
            exit;
        }
        consume_credentials();
        fix_nated_contact();
        $du = "sip:10.31.255.135:5060";
    }
    t_relay();
}

onreply_route {
    if ($si != "10.31.255.135") fix_nated_contact();
}

# What is no complete message gets the answer that the seed shows.
event_route[core:receive-parse-error] {
    send_data("sip:$si:$sp", "SIP/2.0 400 Missing CSeq Header\r\nCSeq: 0 REGISTER\r\n\r\n");
}
CONF
cat > /etc/systemd/system/voice-gateway.service <<'CONF'
[Unit]
Description=The other side of each call in the lab
[Service]
ExecStart=/usr/bin/sipp -sn uas -i 10.31.255.135 -p 5060 -mi 10.31.255.135 -mp 16384 -rtp_echo -nostdin
# It wakes a thousand times a second to see whether anything is due. A packet wakes it at once all the same.
TimerSlackNSec=50ms
StandardOutput=null
Restart=always
CONF

cat > /etc/systemd/system/iperf3-server.service <<'CONF'
[Unit]
Description=iperf3 server of the lab's Internet
[Service]
ExecStart=/usr/bin/iperf3 --server --bind 203.0.113.201
Restart=always
CONF
systemctl daemon-reload
systemctl restart concentrator nginx nsd iperf3-server frr headend kamailio voice-gateway
