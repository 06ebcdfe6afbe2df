# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the doctor's modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of module_utils/_doctor_plan.py, the home as it should be."""

    DOCUMENTATION = r"""
options:
  uplink:
    description: >-
      Network card that carries all VLANs.
    type: str
    required: true
  interfaces:
    description: >-
      Interface of each service, V(internet), V(iptv), V(voip) and V(lan); an empty name is a service that the line does not have.
      Where one does not exist, an interface with the id of O(vlan_ids) on O(uplink) is taken for it.
    type: dict
    default: {"internet": "vlan6", "iptv": "vlan2", "voip": "vlan3", "lan": "vlan100"}
  vlan_ids:
    description: >-
      VLAN id of each service, by the same names.
    type: dict
    default: {"internet": 6, "iptv": 2, "voip": 3, "lan": 100}
  services:
    description: >-
      What to look at - V(internet), V(tv), V(voice), V(lan), V(switch).
    type: list
    elements: str
    default: ["internet", "tv", "voice", "lan", "switch"]
  uplink_mtu:
    description: >-
      MTU that O(uplink) should have at least.
    type: int
    default: 1500
  ppp_interface:
    description: >-
      Interface of the PPPoE link.
    type: str
    default: "ppp0"
  ppp_mtu:
    description: >-
      MTU that the link should have.
    type: int
    default: 1492
  pppoe_name:
    description: >-
      Name of the link; its unit is C(pppoe-NAME.service).
    type: str
    default: "internet"
  default_route:
    description: >-
      Whether the link should be the way to the Internet.
    type: bool
    default: true
  search_vlans:
    description: >-
      VLAN ids on which a concentrator is looked for when none answers on the Internet's own.
    type: list
    elements: int
    default: [6, 7, 10, 11, 20, 24, 35, 100, 101, 500, 832, 835]
  forwarders:
    description: >-
      Resolvers of the ISP.
    type: list
    elements: str
    default: ["80.58.61.250", "80.58.61.254"]
  outside_name:
    description: >-
      A name of the Internet that every resolver should know.
    type: str
    default: "main.acs.telefonica.net"
  port_forwards:
    description: >-
      Whether the Internet should reach something in the LAN.
    type: bool
    default: false
  lan_address:
    description: >-
      The router's own address in the LAN, with prefix length.
    type: str
    default: "192.168.1.1/24"
  lan_router:
    description: >-
      The router that devices in the LAN should be told.
    type: str
    default: "192.168.1.1"
  domain:
    description: >-
      Domain of the LAN.
    type: str
    default: "home.arpa"
  dhcp_units:
    description: >-
      Units that may be the DHCP server.
    type: list
    elements: str
    default: ["kea-dhcp4-server.service", "isc-dhcp-server.service", "dnsmasq.service"]
  dns_units:
    description: >-
      Units that may be the resolver.
    type: list
    elements: str
    default: ["unbound.service", "dnsmasq.service"]
  iptv_address:
    description: >-
      The line's address in the television network, with prefix length.
    type: str
    default: ""
  iptv_gateway:
    description: >-
      Gateway of the television network.
    type: str
    default: "10.128.0.1"
  iptv_dns:
    description: >-
      Resolver of the television network.
    type: str
    default: "172.26.23.3"
  iptv_name:
    description: >-
      A domain that only this resolver knows.
    type: str
    default: "imagenio.telefonica.net"
  iptv_prefixes:
    description: >-
      Networks that routes may lead to, as the role rip has them.
    type: list
    elements: str
    default: ["172.26.0.0/16 le 32", "172.23.0.0/17 le 32", "10.93.18.0/24"]
  iptv_groups:
    description: >-
      Multicast groups of television.
    type: list
    elements: str
    default: ["239.0.0.0/16"]
  rip_mode:
    description: >-
      V(rip) or V(static): how the routes come.
    type: str
    default: "rip"
  keepalive_seconds:
    description: >-
      Seconds between two rounds of reports; V(0) for none.
    type: int
    default: 60
  max_memberships:
    description: >-
      Groups that may be watched at once.
    type: int
    default: 512
  iptv_igmp_version:
    description: >-
      IGMP version towards the ISP, V(auto), V(2) or V(3).
    type: str
    default: "auto"
  lan_igmp_version:
    description: >-
      IGMP version towards the LAN.
    type: str
    default: "auto"
  opch:
    description: >-
      Group and port by which set-top boxes find their portal.
    type: str
    default: "239.0.2.30:22222"
  guide:
    description: >-
      Group and port of the list of channels; empty not to ask.
    type: str
    default: "239.0.2.129:3937"
  channel:
    description: >-
      Group and port of a channel that the line has; empty not to ask.
    type: str
    default: "239.0.0.76:8208"
  box_mac:
    description: >-
      Hardware address of a set-top box, to ask for its lease; empty for one that nobody knows.
    type: str
    default: ""
  vendor_class:
    description: >-
      What set-top boxes call themselves.
    type: str
    default: "[IAL]"
  option_240:
    description: >-
      What set-top boxes should be told.
    type: str
    default: ":::::239.0.2.10:22222:v6.0:239.0.2.30:22222"
  voip_prefix:
    description: >-
      Network of the telephone servers.
    type: str
    default: "10.31.255.128/27"
  sip_host:
    description: >-
      The telephone server.
    type: str
    default: "10.31.255.134"
  sip_port:
    description: >-
      Its UDP port.
    type: int
    default: 5070
  sip_domain:
    description: >-
      The domain that it serves.
    type: str
    default: "telefonica.net"
  patience:
    description: >-
      Seconds that each question waits for its answer, 0.2 to 10. DHCP servers in the LAN have a fifth more, and one of this host at least seven
      seconds, since some ping an address before they offer it.
    type: float
    default: 3.0
  watch:
    description: >-
      Seconds that O(channel) is watched for loss, within O(patience).
    type: float
    default: 3.0
"""
