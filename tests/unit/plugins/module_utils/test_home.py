# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Broken homes, one mistake each: the message says which variable, which value and what to do."""

from __future__ import annotations

import ast
import datetime
import re
from typing import Any

import pytest
import yaml
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _home

GOOD = {
    "home_uplink": "enp2s0",
    "home_internet_username": "adslppp@telefonicanetpa",
    "home_internet_password": "adslppp",
    "home_iptv_address": "10.214.0.10/9",
    "home_lan_address": "192.168.1.1/24",
    "home_lan_pool_first": "192.168.1.210",
    "home_lan_pool_last": "192.168.1.249",
}
ROLES = {"pppoe": {"pppoe_wait", "pppoe_username", "pppoe_password"}, "dhcp_server": {"dhcp_server_provider"}}
GONE = object()


def nas(**changes: Any) -> dict[str, Any]:
    """A reservation, changed."""
    entry = {"name": "nas", "mac": "4c:9e:ff:00:00:01", "address": "192.168.1.20", **changes}
    return {key: value for key, value in entry.items() if value is not GONE}


def box(**changes: Any) -> dict[str, Any]:
    """A set-top box, changed."""
    return nas(**{"name": "salon", "mac": "4c:9e:ff:00:00:02", "address": "192.168.1.200", **changes})


def web(**changes: Any) -> dict[str, Any]:
    """A port forward, changed."""
    entry = {"name": "web", "port": 443, "address": "192.168.1.20", **changes}
    return {key: value for key, value in entry.items() if value is not GONE}


def home(**changes: Any) -> dict[str, Any]:
    """The good home, changed."""
    return {key: value for key, value in {**GOOD, **changes}.items() if value is not GONE}


# What is changed; then the message: variable, value, problem, cure.
BROKEN = {
    # missing parts
    "voice prefix with host bits": (
        {"home_voip_prefix": "10.31.255.134/27"}, "home_voip_prefix", "10.31.255.134/27", "no IPv4 network", "without host bits"),
    "voice prefix without length": (
        {"home_voip_prefix": "10.31.255.128"}, "home_voip_prefix", "10.31.255.128", "usual form", "such as 10.31.255.128/27"),
    "voice prefix of half the Internet": (
        {"home_voip_prefix": "0.0.0.0/1"}, "home_voip_prefix", "0.0.0.0/1", "half the Internet", "such as 10.31.255.128/27"),
    "voice prefix of groups": (
        {"home_voip_prefix": "239.0.0.0/8"}, "home_voip_prefix", "239.0.0.0/8", "no server can be", "such as 10.31.255.128/27"),
    "LAN over the telephone servers": (
        {"home_lan_address": "10.31.255.1/24", "home_lan_pool_first": "10.31.255.20", "home_lan_pool_last": "10.31.255.30", "home_iptv_enabled": False},
        "home_lan_address", "10.31.255.1/24", "overlaps 10.31.255.128/27", "another private network"),
    "no uplink": (
        {"home_uplink": GONE}, "home_uplink", "missing", "it is required", "such as enp2s0"),
    "no user name": (
        {"home_internet_username": GONE}, "home_internet_username", "missing", "it is required", "adslppp@telefonicanetpa"),
    "no password": (
        {"home_internet_password": GONE}, "home_internet_password", "missing", "it is required", "set it in the inventory"),
    "television without address": (
        {"home_iptv_address": GONE}, "home_iptv_address", "missing", "television needs it", "home_iptv_enabled to false"),
    "name without value": (
        {"home_lan_domain": None}, "home_lan_domain", "null", "without a value", "remove the line"),
    "empty text": (
        {"home_uplink": ""}, "home_uplink", "''", "empty", "such as enp2s0"),
    "no resolver": (
        {"home_dns_forwarders": []}, "home_dns_forwarders", "empty", "no name outside would resolve", "at least one"),
    "reservation without MAC address": (
        {"home_lan_reservations": [nas(mac=GONE)]}, "home_lan_reservations[0].mac", "missing", "required", "4c:9e:ff:00:00:01"),
    "port forward without port": (
        {"home_port_forwards": [web(port=GONE)]}, "home_port_forwards[0].port", "missing", "required", "such as 443"),
    # misspelt names
    "misspelt variable": (
        {"home_lan_adress": "192.168.1.1/24"}, "home_lan_adress", "192.168.1.1/24", "no role reads", "did you mean home_lan_address?"),
    "unknown variable": (
        {"home_swimming_pool": "blue"}, "home_swimming_pool", "blue", "no role reads", "home_uplink, home_internet_vlan"),
    "capital letters": (
        {"HOME_LAN_VLAN": 100}, "HOME_LAN_VLAN", "100", "no role reads", "did you mean home_lan_vlan?"),
    "misspelt prefix": (
        {"homelan_vlan": 100}, "homelan_vlan", "100", "no role reads", "did you mean home_lan_vlan?"),
    "misspelt variable of a role": (
        {"pppoe_wiat": 90}, "pppoe_wiat", "90", "no role reads", "did you mean pppoe_wait?"),
    "misspelt role": (
        {"dhcpserver_provider": "isc"}, "dhcpserver_provider", "isc", "no role reads", "did you mean dhcp_server_provider?"),
    "misspelt key of a reservation": (
        {"home_lan_reservations": [nas(adress="192.168.1.9")]},
        "home_lan_reservations[0].adress", "192.168.1.9", "no role reads", "did you mean address?"),
    "unknown key of a port forward": (
        {"home_port_forwards": [web(colour="red")]},
        "home_port_forwards[0].colour", "red", "no role reads", "known are name, protocol, port, address, to_port"),
    # wrong types
    "number as text": (
        {"home_internet_vlan": "6"}, "home_internet_vlan", "6", "text where a whole number is needed", "-e '{\"home_internet_vlan\": 6}'"),
    "switch as text": (
        {"home_voip_enabled": "No"}, "home_voip_enabled", "No", "text where true or false is needed", "-e '{\"home_voip_enabled\": no}'"),
    "number with a point": (
        {"home_iptv_vlan": 2.0}, "home_iptv_vlan", "2.0", "a number with a point", "without the point"),
    "truth for a number": (
        {"home_lan_vlan": True}, "home_lan_vlan", "true", "true or false where a whole number is needed", "without quotes"),
    "number for a switch": (
        {"home_iptv_enabled": 1}, "home_iptv_enabled", "1", "a number where true or false is needed", "write true or false"),
    "number for text": (
        {"home_lan_domain": 1234}, "home_lan_domain", "1234", "a number where text is needed", "put it in quotes"),
    "MAC address that YAML takes for a number": (
        {"home_lan_reservations": [nas(mac=yaml.safe_load("10:20:30:40:50:52"))]},
        "home_lan_reservations[0].mac", str(yaml.safe_load("10:20:30:40:50:52")), "a number where text is needed", "put it in quotes"),
    "date for text": (
        {"home_lan_domain": datetime.date(2026, 1, 1)}, "home_lan_domain", "2026-01-01", "where text is needed", "put it in quotes"),
    "mapping for a list": (
        {"home_lan_reservations": nas()}, "home_lan_reservations", "{name, mac, address}", "a mapping where a list is needed", "with a hyphen"),
    "text for a list": (
        {"home_dns_forwarders": "1.1.1.1"}, "home_dns_forwarders", "1.1.1.1", "text where a list is needed", "with a hyphen"),
    "text for an entry": (
        {"home_lan_reservations": ["nas"]}, "home_lan_reservations[0]", "nas", "text where a mapping is needed", "name, mac, address"),
    "mapping for an entry": (
        {"home_dns_forwarders": [{"address": "1.1.1.1"}]},
        "home_dns_forwarders[0]", "{address}", "a mapping where text is needed", "put it in quotes"),
    "list for text": (
        {"home_uplink": ["eth0", "eth1"]}, "home_uplink", "[2 entries]", "a list where text is needed", "put it in quotes"),
    "truth for a port": (
        {"home_port_forwards": [web(port=True)]}, "home_port_forwards[0].port", "true", "where a port is needed", "write a number"),
    "port as text where it is a number": (
        {"home_port_forwards": [web(to_port="8443")]},
        "home_port_forwards[0].to_port", "8443", "text where a whole number is needed", "write the number without quotes"),
    # out of range
    "gateway in another network": (
        {"home_iptv_address": "10.70.0.10/12"}, "home_iptv_gateway", "10.128.0.1 (the default)", "not another host", "first address, 10.64.0.1"),
    "the router as its own gateway": (
        {"home_iptv_gateway": "10.214.0.10"}, "home_iptv_gateway", "10.214.0.10", "not another host", "first address, 10.128.0.1"),
    "gateway with prefix length": (
        {"home_iptv_gateway": "10.128.0.1/9"}, "home_iptv_gateway", "10.128.0.1/9", "no IPv4 address", "without prefix length"),
    # television
    "name of a resolver of television": (
        {"home_iptv_dns": "dns.imagenio"}, "home_iptv_dns", "dns.imagenio", "no IPv4 address", "such as 172.26.23.3"),
    "resolver of television on the loopback": (
        {"home_iptv_dns": "127.0.0.1"}, "home_iptv_dns", "127.0.0.1", "the address of no other host", "such as 172.26.23.3"),
    "resolvers of television as a list": (
        {"home_iptv_dns": ["172.26.23.3"]}, "home_iptv_dns", "[1 entries]", "a list where text is needed", "put it in quotes"),
    "box without address": (
        {"home_iptv_boxes": [box(address=GONE)]}, "home_iptv_boxes[0].address", "missing", "required", "192.168.1.200"),
    "box out of the LAN": (
        {"home_iptv_boxes": [box(address="192.168.2.5")]}, "home_iptv_boxes[0].address", "192.168.2.5", "outside the LAN", "192.168.1.1 to"),
    "box at the router's address": (
        {"home_iptv_boxes": [box(address="192.168.1.1")]}, "home_iptv_boxes[0].address", "192.168.1.1", "the router's own", "another address"),
    "box with a group's MAC address": (
        {"home_iptv_boxes": [box(mac="01:00:5e:00:00:01")]}, "home_iptv_boxes[0].mac", "01:00:5e:00:00:01", "group's MAC address", "six octets"),
    "box with a number": (
        {"home_iptv_boxes": [box(channel=1)]}, "home_iptv_boxes[0].channel", "1", "no role reads", "known are name, mac, address"),
    "box at a reserved address": (
        {"home_lan_reservations": [nas()], "home_iptv_boxes": [box(address="192.168.1.20")]},
        "home_iptv_boxes[0].address", "192.168.1.20", "as is home_lan_reservations[0].address", "its own"),
    "box that is reserved already": (
        {"home_lan_reservations": [nas()], "home_iptv_boxes": [box(mac="4C-9E-FF-00-00-01")]},
        "home_iptv_boxes[0].mac", "4C-9E-FF-00-00-01", "as is home_lan_reservations[0].mac", "its own"),
    "box with a reserved name": (
        {"home_lan_reservations": [nas()], "home_iptv_boxes": [box(name="NAS")]},
        "home_iptv_boxes[0].name", "NAS", "as is home_lan_reservations[0].name", "its own"),
    "two boxes at one address": (
        {"home_iptv_boxes": [box(), box(name="b", mac="4c:9e:ff:00:00:03")]},
        "home_iptv_boxes[1].address", "192.168.1.200", "as is home_iptv_boxes[0].address", "its own"),
    "senders of half the Internet": (
        {"home_iptv_sources": ["0.0.0.0/0"]}, "home_iptv_sources[0]", "0.0.0.0/0", "channels from half the Internet", "such as 172.16.0.0/12"),
    "senders that are groups": (
        {"home_iptv_sources": ["239.0.0.0/16"]}, "home_iptv_sources[0]", "239.0.0.0/16", "no sender of a channel can be", "such as 172.16"),
    "senders on the loopback": (
        {"home_iptv_sources": ["127.0.0.0/8"]}, "home_iptv_sources[0]", "127.0.0.0/8", "no sender of a channel can be", "such as 172.16"),
    "sender without prefix length": (
        {"home_iptv_sources": ["172.26.77.58"]}, "home_iptv_sources[0]", "172.26.77.58", "usual form", "such as 172.16.0.0/12"),
    "no senders": (
        {"home_iptv_sources": []}, "home_iptv_sources", "empty", "no channel would come in", "at least one network"),
    "senders twice": (
        {"home_iptv_sources": ["172.16.0.0/12", "10.0.0.0/8", "172.26.0.0/16"]},
        "home_iptv_sources[2]", "172.26.0.0/16", "overlaps 172.16.0.0/12 of home_iptv_sources[0]", "the larger one"),
    "groups that are none": (
        {"home_iptv_groups": ["172.26.0.0/16"]}, "home_iptv_groups[0]", "172.26.0.0/16", "not within 224.0.0.0/4", "such as 239.0.0.0/16"),
    "groups and more": (
        {"home_iptv_groups": ["192.0.0.0/2"]}, "home_iptv_groups[0]", "192.0.0.0/2", "not within 224.0.0.0/4", "such as 239.0.0.0/16"),
    "groups of the link": (
        {"home_iptv_groups": ["224.0.0.0/16"]}, "home_iptv_groups[0]", "224.0.0.0/16", "takes in 224.0.0.0/24", "such as 239.0.0.0/16"),
    "groups with discovery": (
        {"home_iptv_groups": ["239.0.0.0/8"]}, "home_iptv_groups[0]", "239.0.0.0/8", "takes in 239.255.255.250, which must", "239.0.0.0/16"),
    "groups with host bits": (
        {"home_iptv_groups": ["239.0.2.129/16"]}, "home_iptv_groups[0]", "239.0.2.129/16", "no IPv4 network", "without host bits"),
    "no groups": ({"home_iptv_groups": []}, "home_iptv_groups", "empty", "no channel would come in", "Movistar's"),
    "groups twice": (
        {"home_iptv_groups": ["239.0.0.0/16", "239.0.0.0/16"]},
        "home_iptv_groups[1]", "239.0.0.0/16", "overlaps 239.0.0.0/16 of home_iptv_groups[0]", "the larger one"),
    "VLAN id 0": ({"home_internet_vlan": 0}, "home_internet_vlan", "0", "outside the range of VLAN ids", "1 to 4094"),
    "VLAN id 4095": ({"home_lan_vlan": 4095}, "home_lan_vlan", "4095", "outside the range of VLAN ids", "1 to 4094"),
    "port 0": ({"home_port_forwards": [web(port=0)]}, "home_port_forwards[0].port", "0", "no port", "1 to 65535"),
    "port 65536": (
        {"home_port_forwards": [web(to_port=65536)]}, "home_port_forwards[0].to_port", "65536", "outside the range of ports", "1 to 65535"),
    "network too wide": (
        {"home_iptv_address": "10.1.2.3/7"}, "home_iptv_address", "10.1.2.3/7", "a network of prefix length 7", "/8 to /30"),
    "network too narrow": (
        {"home_lan_address": "192.168.1.1/30"}, "home_lan_address", "192.168.1.1/30", "a network of prefix length 30", "/8 to /29"),
    # impossible values
    "address of no kind": (
        {"home_lan_address": "192.168.1.300/24"}, "home_lan_address", "192.168.1.300/24", "no IPv4 address", "such as 192.168.1.1/24"),
    "IPv6 address": (
        {"home_lan_address": "fd00::1/64"}, "home_lan_address", "fd00::1/64", "no IPv4 address", "such as 192.168.1.1/24"),
    "no prefix length": (
        {"home_lan_address": "192.168.1.1"}, "home_lan_address", "192.168.1.1", "without its prefix length", "write 192.168.1.1/24"),
    "prefix length in dots": (
        {"home_iptv_address": "10.214.0.10/255.128.0.0"},
        "home_iptv_address", "10.214.0.10/255.128.0.0", "usual form", "write 10.214.0.10/9"),
    "network for an address": (
        {"home_lan_address": "192.168.1.0/24"}, "home_lan_address", "192.168.1.0/24", "of the network itself", "192.168.1.1/24"),
    "broadcast address": (
        {"home_lan_address": "192.168.1.255/24"}, "home_lan_address", "192.168.1.255/24", "broadcast address", "192.168.1.254/24"),
    "public LAN": ({"home_lan_address": "8.8.8.1/24"}, "home_lan_address", "8.8.8.1/24", "not in a private network", "192.168.0.0/16"),
    "loopback for television": (
        {"home_iptv_address": "127.0.0.5/8"}, "home_iptv_address", "127.0.0.5/8", "no network card may have", "10.214.0.10/9"),
    "multicast for television": (
        {"home_iptv_address": "239.0.2.10/8"}, "home_iptv_address", "239.0.2.10/8", "no network card may have", "10.214.0.10/9"),
    "pool with prefix length": (
        {"home_lan_pool_first": "192.168.1.210/24"},
        "home_lan_pool_first", "192.168.1.210/24", "no IPv4 address", "without prefix length"),
    "name of a resolver": (
        {"home_dns_forwarders": ["dns.example"]}, "home_dns_forwarders[0]", "dns.example", "no IP address", "such as 80.58.61.250"),
    "resolver on the loopback": (
        {"home_dns_forwarders": ["127.0.0.53"]}, "home_dns_forwarders[0]", "127.0.0.53", "of no other host", "such as 80.58.61.250"),
    "domain with a dot at its end": (
        {"home_lan_domain": "home.arpa."}, "home_lan_domain", "home.arpa.", "no domain name", "without a dot at the end"),
    "host name with domain": (
        {"home_lan_reservations": [nas(name="nas.home")]}, "home_lan_reservations[0].name", "nas.home", "no host name", "without the domain"),
    "short MAC address": (
        {"home_lan_reservations": [nas(mac="4c:9e:ff:00:00")]},
        "home_lan_reservations[0].mac", "4c:9e:ff:00:00", "no MAC address", "six octets"),
    "MAC address of a group": (
        {"home_lan_reservations": [nas(mac="01:00:5e:00:00:01")]},
        "home_lan_reservations[0].mac", "01:00:5e:00:00:01", "group's MAC address", "six octets"),
    "MAC address of zeros": (
        {"home_lan_reservations": [nas(mac="00:00:00:00:00:00")]},
        "home_lan_reservations[0].mac", "00:00:00:00:00:00", "of no device", "six octets"),
    "unknown protocol": (
        {"home_port_forwards": [web(protocol="sctp")]}, "home_port_forwards[0].protocol", "sctp", "no protocol with ports", "use tcp or udp"),
    "both protocols at once": (
        {"home_port_forwards": [web(protocol="tcp/udp")]}, "home_port_forwards[0].protocol", "tcp/udp", "no protocol", "two entries"),
    "port range reversed": (
        {"home_port_forwards": [web(port="5010-5000")]}, "home_port_forwards[0].port", "5010-5000", "no port or range", "smaller one first"),
    "quote in a comment": (
        {"home_port_forwards": [web(name='my "web"')]}, "home_port_forwards[0].name", 'my "web"', "with a quote", "letters, digits"),
    "comment too long": (
        {"home_port_forwards": [web(name="w" * 101)]}, "home_port_forwards[0].name", "w" * 77 + "...", "too long", "100 octets"),
    "VLAN interface for the network card": (
        {"home_uplink": "enp2s0.6"}, "home_uplink", "enp2s0.6", "a VLAN interface", "use enp2s0;"),
    "our own VLAN interface for the network card": (
        {"home_uplink": "vlan6"}, "home_uplink", "vlan6", "home_internet_vlan makes", "the network card below it"),
    "ppp0 for the network card": ({"home_uplink": "ppp0"}, "home_uplink", "ppp0", "no network card", "`ip link`"),
    "interface name too long": (
        {"home_uplink": "enx0123456789abcd"}, "home_uplink", "enx0123456789abcd", "17 characters", "`ip link`"),
    "two network cards": ({"home_uplink": "eth0 eth1"}, "home_uplink", "eth0 eth1", "no possible name", "`ip link`"),
    "user name with a blank": (
        {"home_internet_username": "adslppp@telefonicanetpa "},
        "home_internet_username", "'adslppp@telefonicanetpa '", "a blank at an end", "ISP's letter"),
    "user name with a line break": (
        {"home_internet_username": "a\nb"}, "home_internet_username", "'a\\nb'", "line break", "ISP's letter"),
    # values that do not go together
    "VLAN id twice": (
        {"home_iptv_vlan": 6}, "home_iptv_vlan", "6", "as is home_internet_vlan", "a VLAN id of its own"),
    "VLAN id of a default": (
        {"home_internet_vlan": 3}, "home_voip_vlan", "3 (the default)", "as is home_internet_vlan", "a VLAN id of its own"),
    "LAN over the television network": (
        {"home_lan_address": "10.200.0.1/16", "home_lan_pool_first": "10.200.1.1", "home_lan_pool_last": "10.200.1.9"},
        "home_lan_address", "10.200.0.1/16", "overlaps the television network 10.128.0.0/9", "another private network"),
    "pool reversed": (
        {"home_lan_pool_first": "192.168.1.249", "home_lan_pool_last": "192.168.1.210"},
        "home_lan_pool_first", "192.168.1.249", "above home_lan_pool_last, 192.168.1.210", "exchange the two"),
    "pool outside the LAN": (
        {"home_lan_pool_last": "192.168.2.10"}, "home_lan_pool_last", "192.168.2.10", "outside the LAN 192.168.1.0/24", "192.168.1.1 to"),
    "pool over the router": (
        {"home_lan_pool_first": "192.168.1.1"}, "home_lan_pool_first", "192.168.1.1", "the router's own address", "move the pool"),
    "pool up to the broadcast address": (
        {"home_lan_pool_last": "192.168.1.255"}, "home_lan_pool_last", "192.168.1.255", "broadcast address", "192.168.1.254"),
    "reservation outside the LAN": (
        {"home_lan_reservations": [nas(address="192.168.2.20")]},
        "home_lan_reservations[0].address", "192.168.2.20", "outside the LAN", "192.168.1.1 to 192.168.1.254"),
    "reservation of the router's address": (
        {"home_lan_reservations": [nas(address="192.168.1.1")]},
        "home_lan_reservations[0].address", "192.168.1.1", "the router's own address", "another address"),
    "address reserved twice": (
        {"home_lan_reservations": [nas(), nas(name="tv", mac="4c:9e:ff:00:00:02")]},
        "home_lan_reservations[1].address", "192.168.1.20", "as is home_lan_reservations[0].address", "its own"),
    "MAC address twice, written in two ways": (
        {"home_lan_reservations": [nas(), nas(name="tv", mac="4C-9E-FF-00-00-01", address="192.168.1.21")]},
        "home_lan_reservations[1].mac", "4C-9E-FF-00-00-01", "as is home_lan_reservations[0].mac", "its own"),
    "host name twice": (
        {"home_lan_reservations": [nas(), nas(name="NAS", mac="4c:9e:ff:00:00:02", address="192.168.1.21")]},
        "home_lan_reservations[1].name", "NAS", "as is home_lan_reservations[0].name", "its own"),
    "resolver that asks itself": (
        {"home_dns_forwarders": ["192.168.1.1"]}, "home_dns_forwarders[0]", "192.168.1.1", "a loop", "public resolver"),
    "resolver twice": (
        {"home_dns_forwarders": ["2001:db8::1", "2001:DB8:0::1"]},
        "home_dns_forwarders[1]", "2001:DB8:0::1", "as is home_dns_forwarders[0]", "remove one"),
    "port forwarded twice": (
        {"home_port_forwards": [web(), web(name="other", address="192.168.1.21")]},
        "home_port_forwards[1].port", "443", "home_port_forwards[0] has already (tcp)", "each port once"),
    "port forwarded within a range": (
        {"home_port_forwards": [web(port="400-500"), web(port="443", protocol="tcp")]},
        "home_port_forwards[1].port", "443", "home_port_forwards[0] has already (tcp)", "each port once"),
    "one port for a range": (
        {"home_port_forwards": [web(port="5000-5010", to_port=6000)]},
        "home_port_forwards[0].to_port", "6000", "one port for the range 5000-5010", "remove it"),
    "port forward to the router": (
        {"home_port_forwards": [web(address="192.168.1.1")]},
        "home_port_forwards[0].address", "192.168.1.1", "the router's own address", "another address"),
    "port forward out of the LAN": (
        {"home_port_forwards": [web(address="10.0.0.5")]}, "home_port_forwards[0].address", "10.0.0.5", "outside the LAN", "192.168.1.1 to"),
}  # fmt: skip


def test_good_home_is_accepted_without_a_word():
    assert _home.judge(home(), ROLES) == ([], [])


@pytest.mark.parametrize("case", BROKEN)
def test_message_names_variable_value_and_cure(case):
    changes, variable, value, problem, cure = BROKEN[case]
    findings, _warnings = _home.judge(home(**changes), ROLES)
    assert [finding.variable for finding in findings] == [variable], findings
    (finding,) = findings
    assert finding.value == value
    assert problem in finding.problem
    assert cure in finding.cure
    assert str(finding) == f"{variable} is {finding.value}, {finding.problem}: {finding.cure}"


def test_all_mistakes_are_told_at_once():
    findings, _warnings = _home.judge(home(home_uplink=GONE, home_lan_vlan="x", home_lan_domian="a", home_iptv_vlan=3))
    assert {finding.variable for finding in findings} == {"home_uplink", "home_lan_vlan", "home_lan_domian", "home_voip_vlan"}


@pytest.mark.parametrize(
    "changes",
    [
        {"home_internet_password": " hunter2 "},
        {"home_internet_password": "hunter2\n"},
        {"home_internet_password": "hunter2" * 40},
        {"home_internet_password": ["hunter2"]},
        {"home_internet_password": {"value": "hunter2"}},
        {"home_internet_pasword": "hunter2"},
        {"home_internet_pw": "hunter2"},
        {"home_wifi_psk": "hunter2"},
        {"home_clave": "hunter2"},
        {"home_wifi": {"password": "hunter2"}},
        {"pppoe_pasword": "hunter2"},
        {"home_lan_reservations": [nas(api_key="hunter2")]},
        {"home_lan_reservations": [nas(login=["hunter2"])]},
        {"home_lan_reservations": {"name": "hunter2"}},
        {"home_lan_reservations": [["hunter2"]]},
        {"home_uplink": {"password": "hunter2"}},
        {"home_pasword": "hunter2"},
    ],
)
def test_no_message_shows_a_secret(changes):
    findings, warnings = _home.judge(home(**changes), ROLES)
    assert findings
    assert "hunter2" not in repr((findings, warnings, [str(finding) for finding in findings]))


def test_number_for_a_password_is_not_shown_either():
    findings, _warnings = _home.judge(home(home_internet_password=12345678))
    assert [(finding.variable, finding.value) for finding in findings] == [("home_internet_password", "(not shown)")]
    assert "12345678" not in str(findings[0])
    assert "in quotes" in findings[0].cure


def test_value_from_a_vault_is_not_shown():
    changed = home(home_internet_username=" me@isp ")
    assert "me@isp" in str(_home.judge(changed).findings[0])
    (finding,) = _home.judge(changed, vaulted={"home_internet_username"}).findings
    assert finding.variable == "home_internet_username"
    assert "me@isp" not in str(finding)


@pytest.mark.parametrize(
    ("changes", "variable", "cure"),
    [
        ({"home_lan_address": "172.26.1.1/24", "home_lan_pool_first": "172.26.1.10", "home_lan_pool_last": "172.26.1.20"},
         "home_lan_address", "another private network"),
        ({"home_lan_domain": "casa.local"}, "home_lan_domain", "home.arpa"),
        ({"home_iptv_address": "192.168.55.2/24", "home_iptv_gateway": "192.168.55.1"}, "home_iptv_address", "with another ISP, all is well"),
        ({"home_port_forwards": [web(address="192.168.1.220")]}, "home_port_forwards[0].address", "home_lan_reservations"),
    ],
)  # fmt: skip
def test_odd_homes_are_warned_of(changes, variable, cure):
    findings, warnings = _home.judge(home(**changes))
    assert findings == []
    assert [warning.variable for warning in warnings] == [variable]
    assert cure in warnings[0].cure


@pytest.mark.parametrize(
    "changes",
    [
        {"home_iptv_enabled": False, "home_iptv_address": GONE},
        {"home_iptv_enabled": False, "home_iptv_vlan": 6},
        {"home_iptv_address": "10.70.0.10/12", "home_iptv_gateway": "10.64.0.1"},
        {"home_iptv_enabled": False, "home_iptv_gateway": "192.168.1.1"},
        {"home_lan_address": "10.0.0.1/24", "home_lan_pool_first": "10.0.0.2", "home_lan_pool_last": "10.0.0.254"},
        {"home_lan_reservations": [nas(address="192.168.1.220")], "home_port_forwards": [web(address="192.168.1.220")]},
        {"home_port_forwards": [web(), web(protocol="udp"), web(port="444-450"), web(port="8443", to_port=443)]},
        {"home_dns_forwarders": ["192.168.1.53", "2001:db8::53"]},
        {"home_uplink": "enx00e04c680001"},
        {"home_iptv_enabled": False, "home_iptv_sources": [], "home_iptv_groups": []},
        {"home_iptv_dns": "192.168.1.1", "home_iptv_boxes": [box()], "home_lan_reservations": [nas()]},
        {"home_iptv_boxes": [box(address="192.168.1.220")], "home_port_forwards": [web(address="192.168.1.220")]},
        {"home_iptv_sources": ["10.0.0.0/8", "172.26.77.58/32"], "home_iptv_groups": ["232.0.0.0/8", "239.0.0.0/16"]},
        {"home_lan_reservations": [], "home_port_forwards": []},
        # Other people's variables.
        {"ansible_user": "root", "backup_home_directory": "/srv", "pppoe_password": "x", "vlan_id": 5, "Home": "x"},
    ],
)
def test_unusual_homes_are_accepted_without_a_word(changes):
    assert _home.judge(home(**changes), ROLES) == ([], [])


def test_value_that_is_not_to_be_had_is_not_missing():
    changes = {"home_internet_password": GONE, "home_iptv_address": GONE}
    assert len(_home.judge(home(**changes)).findings) == 2
    assert _home.judge(home(**changes), skip=set(changes)) == ([], [])


def test_defaults_and_examples_are_good_themselves():
    examples = {name: option.example for name, option in _home.HOME.items() if option.example is not None}
    entries = {
        name: [*option.default, {key: inner.example if inner.default is None else inner.default for key, inner in option.entries.items()}]
        for name, option in _home.HOME.items()
        if option.entries and "" not in option.entries
    }
    assert _home.judge({**examples, **entries}) == ([], [])


def test_roles_read_what_is_stated_here_with_the_same_defaults(collection):
    read = {}
    for path in collection.glob("roles/*/defaults/main.yml"):
        for name, default in re.findall(r"\b(home_\w+) \| default\(('[^']*'|[^)]*)\)", path.read_text(encoding="utf-8")):
            read.setdefault(name, set()).add(repr(ast.literal_eval({"true": "True", "false": "False"}.get(default, default))))
    assert set(read) <= set(_home.HOME)
    assert "home_internet_vlan" in read
    for name, defaults in read.items():
        option = _home.HOME[name]
        if option.default is not None:
            assert defaults == {repr(option.default)}, name
