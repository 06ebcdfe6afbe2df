#!/bin/sh
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A telephone in the LAN, beside what pc.sh gives it: sipp speaks SIP. Since sipp cannot tell which packets of a stream
# were lost, rtp.py stands in for the sound; like a real phone's, it is plain RTP from the port that the SDP names.
set -eu

mkdir -p /usr/local/lib/phone
cat > /usr/local/lib/phone/rtp.py <<'CONF'
#!/usr/bin/python3
"""Voice of a call: rtp.py SECONDS. Sends 50 packets of G.711 a second to the gateway, which returns each, and counts."""
import json
import socket
import struct
import sys
import time

GATEWAY = ("10.31.255.135", 16384)
total = int(float(sys.argv[1]) * 50)
line = socket.socket(type=socket.SOCK_DGRAM)
line.bind(("", 16384))
returned = set()
start = time.monotonic()
sent = 0
while sent < total or (len(returned) < total and time.monotonic() < start + total / 50 + 2):
    if sent < total and time.monotonic() >= start + sent / 50:
        line.sendto(struct.pack("!BBHII", 0x80, 8, sent & 0xFFFF, sent * 160, 0x70686F6E) + b"\xd5" * 160, GATEWAY)
        sent += 1
    line.settimeout(max(0.001, min(0.02, start + sent / 50 - time.monotonic())))
    try:
        packet, sender = line.recvfrom(2048)
    except TimeoutError:
        continue
    if sender == GATEWAY and len(packet) == 172:
        returned.add(struct.unpack("!I", packet[4:8])[0] // 160)
print(json.dumps({"sent": sent, "returned": len(returned), "lost": sent - len(returned)}))
CONF
cat > /usr/local/lib/phone/register.xml <<'CONF'
<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="register">
  <send retrans="500"><![CDATA[
    REGISTER sip:telefonica.net SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
    From: <sip:[service]@telefonica.net>;tag=[call_number]
    To: <sip:[service]@telefonica.net>
    Call-ID: [call_id]
    CSeq: 1 REGISTER
    Contact: <sip:[service]@[local_ip]:[local_port]>
    Expires: 3600
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
  <recv response="401" auth="true"/>
  <send retrans="500"><![CDATA[
    REGISTER sip:telefonica.net SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
    From: <sip:[service]@telefonica.net>;tag=[call_number]
    To: <sip:[service]@telefonica.net>
    Call-ID: [call_id]
    CSeq: 2 REGISTER
    Contact: <sip:[service]@[local_ip]:[local_port]>
    [authentication]
    Expires: 3600
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>
CONF
cat > /usr/local/lib/phone/call.xml <<'CONF'
<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="call">
  <send retrans="500"><![CDATA[
    INVITE sip:900123456@telefonica.net SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
    From: <sip:[service]@telefonica.net>;tag=[call_number]
    To: <sip:900123456@telefonica.net>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: <sip:[service]@[local_ip]:[local_port]>
    Max-Forwards: 70
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=- 1 1 IN IP4 [local_ip]
    s=-
    c=IN IP4 [local_ip]
    t=0 0
    m=audio 16384 RTP/AVP 8
  ]]></send>
  <recv response="407" auth="true"/>
  <send><![CDATA[
    ACK sip:900123456@telefonica.net SIP/2.0
    [last_Via:]
    From: <sip:[service]@telefonica.net>;tag=[call_number]
    [last_To:]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
  <send retrans="500"><![CDATA[
    INVITE sip:900123456@telefonica.net SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
    From: <sip:[service]@telefonica.net>;tag=[call_number]
    To: <sip:900123456@telefonica.net>
    Call-ID: [call_id]
    CSeq: 2 INVITE
    Contact: <sip:[service]@[local_ip]:[local_port]>
    [authentication]
    Max-Forwards: 70
    Content-Type: application/sdp
    Content-Length: [len]

    v=0
    o=- 1 1 IN IP4 [local_ip]
    s=-
    c=IN IP4 [local_ip]
    t=0 0
    m=audio 16384 RTP/AVP 8
  ]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="200" rrs="true"/>
  <send><![CDATA[
    ACK [next_url] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
    From: <sip:[service]@telefonica.net>;tag=[call_number]
    [last_To:]
    [routes]
    Call-ID: [call_id]
    CSeq: 2 ACK
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
  <nop><action><exec command="touch /run/call-answered"/></action></nop>
  <pause/>
  <send retrans="500"><![CDATA[
    BYE [next_url] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch];rport
    From: <sip:[service]@telefonica.net>;tag=[call_number]
    [last_To:]
    [routes]
    Call-ID: [call_id]
    CSeq: 3 BYE
    Max-Forwards: 70
    Content-Length: 0

  ]]></send>
  <recv response="200"/>
</scenario>
CONF

cat > /usr/local/bin/phone <<'CONF'
#!/bin/sh
# [PORT=5060] phone register [PASSWORD] | call SECONDS | answer
# The number is the password, too, as with this ISP. Answers: exit code 0 if it went well; call says how the voice fared.
set -eu
number=911234567
address=$(ip -4 -oneline address show dev eth0 scope global | sed -n 's/.* inet \([0-9.]*\).*/\1/p;q')
[ -n "$address" ] || { echo "the phone has no address" >&2; exit 1; }
cd /usr/local/lib/phone
sip() {
    seconds=$1
    shift
    timeout "$seconds" sipp 10.31.255.134:5070 -i "$address" -p "${PORT:-5060}" -m 1 -nostdin -s "$number" -au "$number" "$@" > /run/sipp.log 2>&1
}
case $1 in
register)
    sip 10 -ap "${2:-$number}" -sf register.xml
    ;;
call)
    rm -f /run/call-answered
    sip "$(($2 + 20))" -ap "$number" -sf call.xml -d "$(($2 * 1000 + 3000))" &
    call=$!
    timeout 10 sh -c 'until [ -e /run/call-answered ]; do sleep 0.05; done' || { wait "$call"; exit 1; }
    python3 rtp.py "$2"
    wait "$call"
    ;;
answer)
    timeout 60 sipp -sn uas -i "$address" -p "${PORT:-5060}" -m 1 -nostdin > /run/sipp.log 2>&1
    ;;
esac
CONF
chmod 0755 /usr/local/bin/phone
