# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the doctor looks at: small functions over the gathered facts, and the table of checks. Pure.

To add a check, add a function and an entry of CHECKS; reports, documentation and tests follow from the table.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

from ansible_collections.homerouter.tripleplay.plugins.module_utils import _doctor_switch, _pppoe, _rip
from ansible_collections.homerouter.tripleplay.plugins.module_utils._doctor import (
    ERROR,
    WARNING,
    Case,
    Check,
    network_of,
    route_text,
)

# Names that the plan has for the interfaces of the services.
INTERFACE = {"internet": "internet", "tv": "iptv", "voice": "voip", "lan": "lan"}
HOME_ID = {"internet": "home_internet_vlan", "tv": "home_iptv_vlan", "voice": "home_voip_vlan", "lan": "home_lan_vlan"}
TITLE = {"internet": "Internet", "tv": "television", "voice": "telephone", "lan": "LAN"}
# RIP routers speak every 30 s (RFC 2453, section 3.8); routes die after 180.
RIP_LATE = 100
CGNAT = ipaddress.IPv4Network("100.64.0.0/10")
# Seconds between the router's clock and the controller's that ssh and a slow module cannot explain.
CLOCK_DIFFERS = 120


# --- the router itself ---------------------------------------------------------------------------------------------


def uplink_missing(case: Case) -> list[str]:
    if case.link("uplink"):
        return []
    return [f"there is no {case.name('uplink')}; the kernel has {', '.join(case.facts.get('cards', [])) or 'no network card'}"]


def uplink_down(case: Case) -> list[str]:
    link = case.link("uplink")
    return [f"{case.name('uplink')} is down"] if link and not link["up"] else []


def cable(case: Case) -> list[str]:
    link = case.link("uplink")
    return [f"{case.name('uplink')} is up and has no carrier"] if link and link["up"] and not link["carrier"] else []


def uplink_mtu(case: Case) -> list[str]:
    link, wanted = case.link("uplink"), case.plan["uplink_mtu"]
    return [f"{case.name('uplink')} has MTU {link['mtu']}, not {wanted}"] if link and link["mtu"] < wanted else []


def nic_errors(case: Case) -> list[str]:
    """Damaged frames are a cable's or a plug's; one in a thousand can be seen in the picture."""
    link = case.link("uplink")
    lines = []
    for way in ("rx", "tx"):
        packets, errors = link.get(f"{way}_packets", 0), link.get(f"{way}_errors", 0)
        if errors > 100 and errors * 1000 > packets:
            lines.append(f"{case.name('uplink')} {way}: {errors} errors beside {packets} packets")
    return lines


def slow(case: Case) -> list[str]:
    """A cable of which two of four pairs connect makes 100 Mbit/s, and 40 of them are a household's television."""
    link = case.link("uplink")
    # Cards that do not know their speed, virtual ones above all, say -1 or nothing.
    speed = int(link.get("speed") or -1)
    if link.get("duplex") == "half" or (0 < speed < 1000 and link.get("gigabit")):
        return [f"{case.name('uplink')} has {speed} Mbit/s, {link['duplex']} duplex"]
    return []


def forwarding(case: Case) -> list[str]:
    return ["net.ipv4.ip_forward is 0"] if case.sysctl("ipv4/ip_forward") == 0 else []


def firewall_missing(case: Case) -> list[str]:
    firewall = case.facts["firewall"]
    return [f"no chain of the hook {hook} has the policy drop" for hook in ("input", "forward") if not firewall[f"{hook}_drop"]]


def firewall_rival(case: Case) -> list[str]:
    return list(case.facts["firewall"]["rivals"])


def firewall_changed(case: Case) -> list[str]:
    words = {"-": "no longer there", "+": "not of the playbook"}
    return [f"{words[line[0]]}: {line[1:].strip()}" for line in case.facts["rules"] if line[1:].strip()]


def stopped(case: Case) -> list[str]:
    """Services that shall run, except those whose own checks say what the home lacks without them."""
    judged = {_pppoe.service(case.plan["pppoe_name"]), "frr.service", "igmpproxy.service", "homerouter-igmp-keepalive.service",
              *case.plan["dhcp_units"], *case.plan["dns_units"]}  # fmt: skip
    if case.facts.get("firewall") and firewall_missing(case):
        judged.add("homerouter-firewall.service")
    lines = []
    for name, unit in sorted(case.facts["units"].items()):
        if name not in judged and unit["load"] == "loaded" and unit["enabled"] == "enabled":
            # One that is started again and again never counts as failed.
            again = unit["active"] == "activating" and unit["result"] not in ("", "success")
            lines += [f"{name} ends as often as it is started ({unit['result']})"] if again else case.stopped(name)
    return lines


def not_at_boot(case: Case) -> list[str]:
    units = case.facts["units"]
    return [
        f"{name} is {unit['active']} and {unit['enabled']}" for name, unit in sorted(units.items())
        if unit["load"] == "loaded" and unit["active"] == "active" and unit["enabled"] == "disabled"
    ]  # fmt: skip


def secrets_readable(case: Case) -> list[str]:
    return [
        f"{path} has mode {file['mode']}, owner {file['owner']}" for path, file in sorted(case.facts["secrets"].items())
        if int(file["mode"], 8) & 0o077 or file["owner"] != 0
    ]  # fmt: skip


def clock(case: Case) -> list[str]:
    times = case.facts["time"]
    if times.get("controller") is None:
        return []
    differs = times["router"] - times["controller"]
    return [f"the router's clock differs from the controller's by {differs:+.0f} s"] if abs(differs) > CLOCK_DIFFERS else []


def disk(case: Case) -> list[str]:
    return [f"{path} is full to {percent} %" for path, percent in sorted(case.facts["disk"].items()) if percent >= 95]


def conntrack(case: Case) -> list[str]:
    count, most = case.sysctl("netfilter/nf_conntrack_count"), case.sysctl("netfilter/nf_conntrack_max")
    return [f"{count} of {most} connections are tracked"] if count is not None and most and count * 10 >= most * 9 else []


def redirects(case: Case) -> list[str]:
    return ["net.ipv4.conf.all.accept_source_route is 1"] if case.sysctl("ipv4/conf/all/accept_source_route") == 1 else []


# --- interfaces of all services ------------------------------------------------------------------------------------


def vlan_missing(service: str) -> Callable[[Case], list[str]]:
    def look(case: Case) -> list[str]:
        name = case.name(INTERFACE[service])
        return [f"there is no {name}"] if name and not case.link(INTERFACE[service]) else []

    return look


def vlan_id(service: str) -> Callable[[Case], list[str]]:
    def look(case: Case) -> list[str]:
        link, wanted = case.link(INTERFACE[service]), case.plan["vlan_ids"].get(INTERFACE[service])
        if link.get("kind") != "vlan" or (link["vlan_id"] == wanted and link["parent"] == case.name("uplink")):
            return []
        return [f"{case.name(INTERFACE[service])} is VLAN {link['vlan_id']} on {link['parent']}, not VLAN {wanted} on {case.name('uplink')}"]

    return look


def vlan_down(service: str) -> Callable[[Case], list[str]]:
    def look(case: Case) -> list[str]:
        link = case.link(INTERFACE[service])
        return [f"{case.name(INTERFACE[service])} is down"] if link and not link["up"] else []

    return look


def vlan_mtu(service: str, least: Callable[[Case], int]) -> Callable[[Case], list[str]]:
    def look(case: Case) -> list[str]:
        link = case.link(INTERFACE[service])
        if not link or link["mtu"] >= least(case):
            return []
        return [f"{case.name(INTERFACE[service])} has MTU {link['mtu']}, not {least(case)}"]

    return look


def nat(service: str) -> Callable[[Case], list[str]]:
    out = "ppp" if service == "internet" else INTERFACE[service]

    def look(case: Case) -> list[str]:
        name = case.name(out)
        if not name or not case.link(out) or name in case.facts["firewall"]["nat"]:
            return []
        return [f"no rule gives what leaves by {name} the address of {name}"]

    return look


# --- LAN -----------------------------------------------------------------------------------------------------------


def lan_address(case: Case) -> list[str]:
    link, wanted = case.link("lan"), case.plan["lan_address"]
    if not link or wanted in link["addresses"]:
        return []
    return [f"{case.name('lan')} has {', '.join(link['addresses']) or 'no address'}, not {wanted}"]


def twin(name: str) -> Callable[[Case], list[str]]:
    def look(case: Case) -> list[str]:
        seen = case.facts[f"twin_{name}"]
        return [f"{seen['mac']} on {case.name(name)} says that it has {seen['address']}"] if seen["mac"] else []

    return look


def own(case: Case, who: str) -> dict[str, Any] | None:
    """What this router offers to a device."""
    return next((offer for offer in case.facts["dhcp"].get(who, []) if offer["own"]), None)


def dhcp_silent(case: Case) -> list[str]:
    if own(case, "pc") or not case.link("lan"):
        return []
    stopped = [line for unit in case.plan["dhcp_units"] for line in case.stopped(unit)]
    return [f"nobody on this router answered {case.facts['dhcp']['asked']} DHCPDISCOVER on {case.name('lan')}", *stopped[:1]]


def dhcp_rival(case: Case) -> list[str]:
    offers = {(offer["server"], offer["mac"]): offer for who in ("pc", "box") for offer in case.facts["dhcp"].get(who, []) if not offer["own"]}
    return [f"{server} ({mac}) offers {offer['address']}" for (server, mac), offer in sorted(offers.items())]


def addresses(octets: str) -> list[str]:
    """A DHCP option that is a list of addresses."""
    raw = bytes.fromhex(octets)
    return [str(ipaddress.IPv4Address(raw[at : at + 4])) for at in range(0, len(raw) - 3, 4)]


def dhcp_values(case: Case) -> list[str]:
    offer = own(case, "pc")
    if offer is None:
        return []
    lan = ipaddress.IPv4Interface(case.plan["lan_address"])
    lines = []
    if ipaddress.IPv4Address(offer["address"]) not in lan.network:
        lines.append(f"a computer is offered {offer['address']}, which is outside {lan.network}")
    mask = addresses(offer["options"].get("1", ""))
    if mask != [str(lan.netmask)]:
        lines.append(f"a computer is told the netmask {', '.join(mask) or 'none'} (option 1), not {lan.netmask}")
    for code, what in ((3, "router"), (6, "resolver")):
        given = addresses(offer["options"].get(str(code), ""))
        if not given:
            lines.append(f"a computer is told no {what} (option {code})")
        elif code == 3 and given[0] != case.plan["lan_router"]:
            lines.append(f"a computer is told the router {given[0]}, not {case.plan['lan_router']}")
    return lines


def resolver_dead(case: Case) -> list[str]:
    if case.facts["resolver"]["answered"]:
        return []
    stopped = [line for unit in case.plan["dns_units"] for line in case.stopped(unit)]
    return [f"{case.facts['resolver']['server']} did not answer a question for {case.plan['domain']}", *stopped[:1]]


def names_unresolved(case: Case) -> list[str]:
    outside = case.facts["outside"]
    if outside["answered"] and outside["code"] == 0 and outside["answers"]:
        return []
    said = f"with code {outside['code']} and {outside['answers']} answers" if outside["answered"] else "not at all"
    return [f"{outside['server']} answered the question for {case.plan['outside_name']} {said}"]


# --- Internet ------------------------------------------------------------------------------------------------------


def kernel_lacks(case: Case) -> list[str]:
    return [] if case.facts["pppoe"]["up"] else list(case.facts["pppoe"]["kernel_lacks"])


def _offers(offers: Iterable[dict[str, Any]]) -> list[str]:
    return [
        f"{offer['name']} ({offer['mac']}) answers {'untagged' if offer['vlan'] is None else 'on VLAN ' + str(offer['vlan'])}" for offer in offers
    ]


def wrong_vlan(case: Case) -> list[str]:
    seen = case.facts["pppoe"]
    return _offers(seen["elsewhere"]) if seen["offers"] == [] else []


def no_concentrator(case: Case) -> list[str]:
    seen = case.facts["pppoe"]
    # Some answer no question while they hold a session with us; a link that carries answers is well.
    if seen["offers"] != [] or seen["elsewhere"] or (seen["up"] and any(one["answered"] for one in case.facts["forwarders"])):
        return []
    tried = f"; nor on VLAN {', '.join(map(str, seen['tried']))} of {case.name('uplink')}" if seen["tried"] else ""
    return [f"three PADI on {case.name('internet')} had no answer{tried}", *seen["lines"][-1:]]


def pppoe_stopped(case: Case) -> list[str]:
    return [] if case.facts["pppoe"]["up"] else case.stopped(case.facts["pppoe"]["unit"])


def credentials(case: Case) -> list[str]:
    seen = case.facts["pppoe"]
    return list(seen["refused"][-1:]) if not seen["up"] else []


def pppoe_configuration(case: Case) -> list[str]:
    seen = case.facts["pppoe"]
    if seen["up"] or not seen["exits"] or seen["exits"][-1] not in _pppoe.EXITS_HOPELESS:
        return []
    if any("Connect" in line for line in seen["lines"]):
        # The latest one has asked somebody: that end was another's.
        return []
    return [f"pppd ended with status {seen['exits'][-1]}", *seen["lines"][-2:]]


def no_session(case: Case) -> list[str]:
    seen = case.facts["pppoe"]
    return [] if seen["up"] else [f"{case.name('ppp')} is not up", *seen["lines"][-2:]]


def default_route(case: Case) -> list[str]:
    """Which default route wins, and whether halves of the world lead elsewhere."""
    if not case.plan["default_route"] or not case.facts["pppoe"]["up"]:
        return []
    lines = []
    for half in ("1.1.1.1", "129.1.1.1"):
        route = case.route(half)
        if not route:
            lines.append("there is no default route")
        elif route.get("dev") != case.name("ppp"):
            lines.append(f"the Internet is sent elsewhere: {route_text(route)}")
    return list(dict.fromkeys(lines))


def ppp_mtu(case: Case) -> list[str]:
    link, wanted = case.link("ppp"), case.plan["ppp_mtu"]
    if not case.facts["pppoe"]["up"] or not link:
        return []
    if link["mtu"] < wanted:
        return [f"{case.name('ppp')} has MTU {link['mtu']}, not {wanted}"]
    below = case.link("internet").get("mtu", wanted + _pppoe.OVERHEAD)
    return [f"{case.name('ppp')} has MTU {link['mtu']}, and {case.name('internet')} carries {below - _pppoe.OVERHEAD}"] \
        if link["mtu"] > below - _pppoe.OVERHEAD else []  # fmt: skip


def mss(case: Case) -> list[str]:
    if not case.link("ppp") or case.link("ppp")["mtu"] >= 1500 or case.facts["firewall"]["mss"]:
        return []
    return [f"no rule sets the MSS of connections through {case.name('ppp')}, whose MTU is {case.link('ppp')['mtu']}"]


def forwarders_silent(case: Case) -> list[str]:
    asked = case.facts["forwarders"]
    if not case.facts["pppoe"]["up"] or not asked or any(one["answered"] for one in asked):
        return []
    return [f"{one['server']} did not answer" for one in asked]


def forwarder_silent(case: Case) -> list[str]:
    asked = case.facts["forwarders"]
    silent = [one["server"] for one in asked if not one["answered"]]
    if not case.facts["pppoe"]["up"] or len(silent) == len(asked):
        return []
    return [f"{server} did not answer" for server in silent]


def shared_address(case: Case) -> list[str]:
    address = case.facts["pppoe"]["address"]
    if not case.plan["port_forwards"] or not address or ipaddress.IPv4Address(address) not in CGNAT:
        return []
    return [f"{case.name('ppp')} has {address}, which is in {CGNAT}"]


# --- television ----------------------------------------------------------------------------------------------------


def iptv_address(case: Case) -> list[str]:
    link, wanted = case.link("iptv"), case.plan["iptv_address"]
    if not link or not wanted or wanted in link["addresses"]:
        return []
    return [f"{case.name('iptv')} has {', '.join(link['addresses']) or 'no address'}, not {wanted}"]


def gateway(service: str, key: Callable[[Case], str]) -> Callable[[Case], list[str]]:
    def look(case: Case) -> list[str]:
        name, address = case.name(INTERFACE[service]), key(case)
        if not address or not case.link(INTERFACE[service]):
            return []
        for entry in case.facts["neighbours"]:
            if entry["dst"] == address and entry["dev"] == name and not {"FAILED", "INCOMPLETE"} & set(entry["state"]):
                return []
        return [f"{address} did not answer ARP on {name}"]

    return look


def rip_stopped(case: Case) -> list[str]:
    return case.stopped("frr.service") if case.plan["rip_mode"] in ("rip", "static") else []


def _rip_entry(case: Case) -> dict[str, Any]:
    return {
        "name": "iptv", "interface": case.name("iptv"), "prefixes": case.plan["iptv_prefixes"], "gateway": case.plan["iptv_gateway"],
    }  # fmt: skip


def _rip_lacks(case: Case) -> list[str]:
    name = case.name("iptv")
    # The whole network of the senders is no route to the servers: it is there for the reverse path.
    routes = tuple(route for route in case.facts["routes"] if route.get("dev") == name and str(route.get("protocol")) != "98")
    link = case.link("iptv")
    return _rip.lacks(case.plan["rip_mode"], _rip_entry(case), _rip.Link(bool(link), bool(link and link["addresses"]), routes))


def tv_routes(case: Case) -> list[str]:
    return [line for line in _rip_lacks(case) if "has no route" in line]


def rip_foreign(case: Case) -> list[str]:
    return [line for line in _rip_lacks(case) if "does not name" in line]


def rip_late(case: Case) -> list[str]:
    return [
        f"{one['gateway']} last spoke {one['seconds']} s ago" for one in case.facts["rip"]["sources"]
        if one["gateway"] == case.plan["iptv_gateway"] and one["seconds"] > RIP_LATE
    ]  # fmt: skip


def tv_dns(case: Case) -> list[str]:
    asked = case.facts["iptv_dns"]
    if asked["answered"]:
        return []
    ping = {True: "it answers ping", False: "it answers no ping either, as many do"}[bool(asked.get("ping"))]
    return [f"{asked['server']} did not answer the question for the SOA of {asked['name']}; {ping}"]


def rp_filter(case: Case) -> list[str]:
    return [f"{one['source']}: {one['text']}" for one in case.facts["reverse_path"] if not one["passes"]]


def _arrived(case: Case, stream: str) -> int:
    return int(case.facts["streams"][stream]["seen"])


def no_multicast(case: Case) -> list[str]:
    streams = case.facts["streams"]
    if any(_arrived(case, name) for name in streams) or not case.link("iptv"):
        return []
    return [f"joined {', '.join(one['group'] for one in streams.values())} on {case.name('iptv')} for {case.plan['patience']:g} s: nothing came"]


def stream_missing(stream: str) -> Callable[[Case], list[str]]:
    def look(case: Case) -> list[str]:
        streams = case.facts["streams"]
        if stream not in streams or _arrived(case, stream):
            return []
        others = [f"{one['group']} came" for one in streams.values() if one["seen"]]
        return [f"{streams[stream]['group']} did not come within {case.plan['patience']:g} s", *others[:1]]

    return look


def loss(case: Case) -> list[str]:
    channel = case.facts["streams"].get("channel", {})
    if not channel.get("lost"):
        return []
    return [f"{channel['lost']} of {channel['lost'] + channel['seen']} packets of {channel['group']} from {', '.join(channel['sources'])} were lost"]


def input_dropped(case: Case) -> list[str]:
    """Seen on the wire and not by a program: dropped in between, by nobody but the firewall where the reverse path is right."""
    return [
        f"{one['seen']} packets of {one['group']} came by {case.name('iptv')}, none of them reached a program on this router"
        for one in case.facts["streams"].values() if one["seen"] > 3 and not one["received"]
    ]  # fmt: skip


def other_proxy(case: Case) -> list[str]:
    others = case.facts["multicast"]["others"]
    return [f"{other} routes multicast, or would" for other in others if not other.startswith("igmpproxy")] if case.unit("igmpproxy.service") else []


def no_proxy(case: Case) -> list[str]:
    seen = case.facts["multicast"]
    if seen["vifs"]:
        return []
    return ["the kernel routes multicast for nobody (/proc/net/ip_mr_vif is empty)", *case.stopped("igmpproxy.service")]


def proxy_interfaces(case: Case) -> list[str]:
    vifs = case.facts["multicast"]["vifs"]
    return [f"{name} is not among the interfaces of multicast routing: {', '.join(vifs)}"
            for name in (case.name("iptv"), case.name("lan")) if vifs and name not in vifs]  # fmt: skip


def _senders(case: Case) -> list[str]:
    seen = {source for one in case.facts["streams"].values() for source in one["sources"]}
    return sorted(seen | {entry["origin"] for entry in case.facts["multicast"]["routes"] if entry["input_interface"] == case.name("iptv")})


def altnet(case: Case) -> list[str]:
    config = case.facts["multicast"]["config"]
    networks = [ipaddress.IPv4Network(text) for text in config["altnet"]]
    own_networks = [ipaddress.IPv4Interface(text).network for text in case.link("iptv").get("addresses", [])]
    return [f"{source} is in no altnet of {config['path']}: {', '.join(config['altnet']) or 'there is none'}" for source in _senders(case)
            if not any(ipaddress.IPv4Address(source) in network for network in networks + own_networks)]  # fmt: skip


def whitelist(case: Case) -> list[str]:
    config = case.facts["multicast"]["config"]
    lines = []
    for name, allowed in config["whitelist"].items():
        networks = [ipaddress.IPv4Network(text) for text in allowed]
        for one in case.facts["streams"].values():
            group = ipaddress.IPv4Address(one["group"].partition(":")[0])
            if networks and not any(group in network for network in networks):
                lines.append(f"{group} is in no whitelist of {name} in {config['path']}: {', '.join(allowed)}")
    return list(dict.fromkeys(lines))


def memberships(case: Case) -> list[str]:
    value, wanted = case.sysctl("ipv4/igmp_max_memberships"), case.plan["max_memberships"]
    return [f"net.ipv4.igmp_max_memberships is {value}, not {wanted}"] if value is not None and value < wanted else []


def igmp_version(case: Case) -> list[str]:
    lines = []
    for service, key in (("iptv", "iptv_igmp_version"), ("lan", "lan_igmp_version")):
        wanted = 0 if case.plan[key] == "auto" else int(case.plan[key])
        value = case.sysctl(f"ipv4/conf/{case.name(service)}/force_igmp_version")
        # Somebody may have fixed 2 by hand, and boxes speak nothing later.
        if value is not None and value not in (wanted, 2):
            lines.append(f"net.ipv4.conf.{case.name(service)}.force_igmp_version is {value}, not {wanted}")
    return lines


def keepalive(case: Case) -> list[str]:
    """Somebody has to repeat the reports where the ISP asks for none. The kernel shows a querier of version 2 as V2."""
    version = case.facts["multicast"]["versions"].get(case.name("iptv"), 0)
    asked = version == 2 and not case.sysctl(f"ipv4/conf/{case.name('iptv')}/force_igmp_version")
    if case.running("homerouter-igmp-keepalive.service") or asked or not case.plan["keepalive_seconds"] or not case.link("iptv"):
        return []
    return [f"no querier has been heard on {case.name('iptv')} (IGMP version {version} in /proc/net/igmp), and no program repeats reports",
            *case.stopped("homerouter-igmp-keepalive.service")]  # fmt: skip


def wrong_interface(case: Case) -> list[str]:
    return [f"{one['group']} of {one['origin']}: {one['wrong_interface_per_second']:g} packets a second do not come by {one['input_interface']}"
            for one in case.facts["multicast"]["routes"] if (one["wrong_interface_per_second"] or 0) > 1]  # fmt: skip


def unresolved(case: Case) -> list[str]:
    """Groups that igmpproxy has joined for somebody in the LAN; what was left a moment ago still comes in for some seconds."""
    joined = case.facts["multicast"]["joined"].get(case.name("iptv"), [])
    # What the doctor itself has joined comes in for this host alone, and nobody decides about it.
    asked = {case.plan[name].partition(":")[0] for name in ("opch", "guide", "channel")}
    return [f"{one['group']} of {one['origin']} waits for a decision" for one in case.facts["multicast"]["routes"]
            if not one["resolved"] and one["lasting"] and one["group"] in joined and one["group"] not in asked]  # fmt: skip


def box_option(case: Case) -> list[str]:
    offer = own(case, "box")
    if offer is None:
        return []
    given = offer["options"].get("240")
    wanted = case.plan["option_240"].encode().hex()
    if given == wanted:
        return []
    text = "no option 240" if given is None else f"option 240 {bytes.fromhex(given).decode('ascii', 'backslashreplace')!r}"
    return [f"a set-top box is given {text}, not {case.plan['option_240']!r}"]


def box_loop(case: Case) -> list[str]:
    offer = own(case, "box")
    return ["a set-top box is given option 125"] if offer and "125" in offer["options"] else []


def box_dns(case: Case) -> list[str]:
    offer = own(case, "box")
    given = addresses(offer["options"].get("6", "")) if offer else [case.plan["iptv_dns"]]
    return [] if given[:1] == [case.plan["iptv_dns"]] else [f"a set-top box is told the resolver {', '.join(given) or 'none'}, not {case.plan['iptv_dns']}"]


def pc_option(case: Case) -> list[str]:
    offer = own(case, "pc")
    return ["a computer that does not say it is a set-top box is given option 240"] if offer and "240" in offer["options"] else []


# --- telephone -----------------------------------------------------------------------------------------------------


def no_lease_server(case: Case) -> list[str]:
    if not case.link("voip") or case.link("voip")["addresses"] or case.facts["voip"]["offers"] is None or case.facts["voip"]["offers"]:
        return []
    return [f"{case.name('voip')} has no address, and nobody answered a DHCPDISCOVER there"]


def no_lease_client(case: Case) -> list[str]:
    if not case.link("voip") or case.link("voip")["addresses"] or not case.facts["voip"]["offers"]:
        return []
    offer = case.facts["voip"]["offers"][0]
    return [f"{case.name('voip')} has no address, though {offer['server']} offers {offer['address']}"]


def _sip_network(case: Case) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network(case.plan["voip_prefix"])


def voice_route(case: Case) -> list[str]:
    if not case.link("voip"):
        return []
    wanted = str(_sip_network(case))
    route = case.route(case.plan["sip_host"])
    if route.get("dev") == case.name("voip") and network_of(route).prefixlen:
        return []
    return [f"{case.plan['sip_host']} is reached by: {route_text(route)}" if route else f"no route leads to {wanted}"]


def voice_default(case: Case) -> list[str]:
    return [f"{case.name('voip')} has a default route: {route_text(route)}" for route in case.facts["routes"]
            if route["dst"] == "default" and route.get("dev") == case.name("voip")]  # fmt: skip


def sip(outcome: str) -> Callable[[Case], list[str]]:
    def look(case: Case) -> list[str]:
        seen = case.facts["sip"]
        return [seen["wrong"]] if seen["outcome"] == outcome else []

    return look


def voice_timeout(case: Case) -> list[str]:
    stream = case.sysctl("netfilter/nf_conntrack_udp_timeout_stream")
    if case.facts["firewall"]["voice_timeout"] or stream is None or stream >= 3600:
        return []
    return [f"net.netfilter.nf_conntrack_udp_timeout_stream is {stream}, and no rule gives telephones a longer timeout"]


def sip_helper(case: Case) -> list[str]:
    return ["the module nf_conntrack_sip is loaded"] if "nf_conntrack_sip" in case.facts["modules"] else []


# --- the table -----------------------------------------------------------------------------------------------------

LINK = ("system.uplink_missing", "system.uplink_down", "system.cable")


def _below(service: str) -> tuple[str, ...]:
    """What breaks everything that a service has above its interface."""
    # The LAN's own services are asked on the router, which does not need the switch for that.
    switch = _switch_below(service) if service != "lan" else ()
    return (*LINK, *switch, f"{service}.vlan_missing", f"{service}.vlan_id", f"{service}.vlan_down")


def _switch_below(service: str) -> tuple[str, ...]:
    """What at the switch cuts a service off between router and ISP."""
    ports = ("switch.ont_link", "switch.router_link", "switch.ont_mode", "switch.router_mode")
    return (*ports, f"switch.{service}_missing", f"switch.{service}_trunk")


def _interface_checks(service: str, least: Callable[[Case], int]) -> tuple[Check, ...]:
    braces = f"{{{INTERFACE[service]}}}"
    title, variable = TITLE[service], HOME_ID[service]
    return (
        Check(
            f"{service}.vlan_missing", ERROR, f"The {title} interface {braces} does not exist",
            "The VLAN interface was removed, or never made: the playbook has not run, or another network manager has taken it away.",
            f"`ansible-playbook homerouter.tripleplay.site -i home --tags vlans`, or `systemctl restart systemd-networkd`; by hand "
            f"`ip link add link {{uplink}} name {braces} type vlan id N` with N from {variable}.",
            vlan_missing(service), because=("system.uplink_missing",), needs=("links",),
        ),
        Check(
            f"{service}.vlan_id", ERROR, f"{braces} has another VLAN id than the home states",
            f"{variable} was changed without applying it, or somebody has made the interface by hand.",
            f"Compare {variable} with the ISP's id, then run the playbook with `--tags vlans`.",
            vlan_id(service), because=("system.uplink_missing",), needs=("links",),
        ),
        Check(
            f"{service}.vlan_down", ERROR, f"{braces} is down",
            "Somebody has set it down, or a network manager has not set it up.",
            f"`ip link set {braces} up`, then `networkctl reconfigure {braces}`; if it goes down again, `journalctl -u systemd-networkd` says who.",
            vlan_down(service), because=("system.uplink_missing", "system.uplink_down", f"{service}.vlan_id"), needs=("links",),
        ),
        Check(
            f"{service}.vlan_mtu", ERROR if service == "internet" else WARNING, f"The MTU of {braces} is too small",
            "It was lowered, by hand or with the network card's. Small packets pass, large ones vanish without a word.",
            f"`ip link set {braces} mtu 1500`, the network card first; for good, run the playbook with `--tags vlans`.",
            vlan_mtu(service, least), because=("system.uplink_mtu", f"{service}.vlan_id"), needs=("links",),
        ),
    )  # fmt: skip


_TV = (*_below("tv"), "tv.address", "tv.twin", "tv.gateway")
_INTERNET = (
    *_below("internet"), "internet.kernel", "internet.wrong_vlan", "internet.no_concentrator", "internet.stopped", "internet.credentials",
    "internet.configuration", "internet.no_session", "internet.default_route", "internet.silent",
)  # fmt: skip
_VOICE = (*_below("voice"), "voice.no_server", "voice.no_address", "voice.gateway", "voice.route")
_LAN = (*_below("lan"), "lan.address")


def _nat_check(service: str, harm: str) -> Check:
    out = "ppp" if service == "internet" else INTERFACE[service]
    return Check(
        f"{service}.nat", ERROR, f"Source NAT by {{{out}}} is missing",
        f"The rule was removed, or another firewall has replaced the table. {harm}",
        "Run the playbook with `--tags nat_firewall`; `nft list chain inet homerouter srcnat` shows the rule.",
        nat(service), because=("system.firewall_missing", f"{service}.vlan_missing"), needs=("firewall", "links"),
    )  # fmt: skip


_SITE = "Run the playbook with `--limit switches`"
_SAVE = "then `write memory`"


def _switch_checks(service: str) -> tuple[Check, ...]:
    title, variable = TITLE[service], HOME_ID[service]
    return (
        Check(
            f"switch.{service}_missing", ERROR, f"The switch does not have the {title} VLAN",
            f"Nobody has made it, somebody has deleted it, or {variable} is another one. It passes no port, whatever the port is set to.",
            f"{_SITE}; by hand `vlan database`, `vlan N` with N from {variable}, {_SAVE}.",
            _doctor_switch.missing(INTERFACE[service]), needs=("switches",),
        ),
        Check(
            f"switch.{service}_trunk", ERROR, f"The {title} VLAN does not pass the switch",
            "The port that was read, towards the ONT or towards the router, does not carry it: somebody has changed it, or smartport has.",
            f"{_SITE}; by hand at that `interface`, `switchport trunk allowed vlan add N` with N from {variable}, {_SAVE}.",
            _doctor_switch.lacks(INTERFACE[service]), because=(f"switch.{service}_missing",), needs=("switches",),
        ),
    )  # fmt: skip


# What says that a switch is set as it should not be.
_SWITCH_SETTINGS = (
    "switch.ports", "switch.ont_mode", "switch.router_mode", "switch.native", "switch.lan_port", "switch.filtering", "switch.snooping", "switch.mrouter",
    "switch.querier", "switch.mirror", *(f"switch.{service}_{what}" for service in TITLE for what in ("missing", "trunk")),
)  # fmt: skip


CHECKS: tuple[Check, ...] = (
    Check(
        "system.uplink_missing", ERROR, "The network card {uplink} does not exist",
        "home_uplink names another card than this router has, or the card is broken or was renamed.",
        "Set home_uplink to one of the cards that were read, or look at `dmesg` for the card.",
        uplink_missing, needs=("links",),
    ),
    Check(
        "system.uplink_down", ERROR, "The network card {uplink} is down", "Somebody has set it down, or no network manager has set it up.",
        "`ip link set {uplink} up`; if it goes down again, look at `networkctl status {uplink}`.",
        uplink_down, needs=("links",),
    ),
    Check(
        "system.cable", ERROR, "There is no signal on the cable of {uplink}",
        "The cable is unplugged or broken, or the switch at its other end is without power.",
        "Look at the plug and the lights at both ends, then at the power of the switch. Try another cable and another port.",
        cable, because=("system.uplink_missing", "system.uplink_down"), needs=("links",),
    ),
    Check(
        "system.uplink_mtu", ERROR, "The MTU of {uplink} is too small", "It was lowered, and with it that of every VLAN.",
        "`ip link set {uplink} mtu 1500`, then each VLAN interface; for good, run the playbook with `--tags vlans`.",
        uplink_mtu, because=("system.uplink_missing",), needs=("links",),
    ),
    Check(
        "system.nic_errors", WARNING, "{uplink} counts damaged frames", "A bad cable or plug, a port that negotiates another duplex, or a dying card.",
        "Change the cable first, then the port of the switch. `ethtool -S {uplink}` names the kind of error.",
        nic_errors, because=("system.uplink_missing", "switch.slow"), needs=("links",),
    ),
    Check(
        "system.slow", WARNING, "The cable of {uplink} is slow", "Not all of its four pairs connect, a plug is bad, or an end was set to a speed by hand.",
        "Try another cable and another port of the switch; `ethtool {uplink}` shows what both ends offer.",
        slow, because=("system.uplink_missing", "system.cable", "switch.slow"), needs=("links",),
    ),
    Check(
        "system.forwarding", ERROR, "The router does not forward", "net.ipv4.ip_forward was switched off, by hand or by a file in /etc/sysctl.d.",
        "`systemctl restart homerouter-firewall`, which sets it; `grep -r ip_forward /etc/sysctl.*` finds who switches it off.",
        forwarding, because=("system.firewall_missing",), needs=("sysctl",),
    ),
    Check(
        "system.firewall_missing", ERROR, "Nothing protects the home",
        "The firewall's table is not loaded: another program has flushed the rules (`nft flush ruleset`, a restart of nftables.service), or "
        "it was never made.",
        "`systemctl restart homerouter-firewall`, or run the playbook with `--tags nat_firewall`.",
        firewall_missing, needs=("firewall",),
    ),
    Check(
        "system.firewall_rival", ERROR, "Another firewall drops what the router forwards",
        "Docker, libvirt or another firewall has a forward chain with the policy drop, and a packet has to pass all of them.",
        "The line that was read says how to let the home's traffic pass there.",
        firewall_rival, needs=("firewall",),
    ),
    Check(
        "system.firewall_changed", WARNING, "The firewall's table is not the one that the playbook has made",
        "Somebody has changed rules by hand, or another program has. What was changed is gone after the next boot, and may be what the home lacks.",
        "`systemctl reload homerouter-firewall` loads what the playbook wrote; rules of your own belong into nat_firewall_rules.",
        firewall_changed,
        because=("system.firewall_missing", "internet.mss", "tv.dropped", "voice.sip_blocked", "internet.nat", "tv.nat", "voice.nat"),
        needs=("rules",),
    ),
    Check(
        "system.stopped", ERROR, "A service of the home is stopped", "Somebody has stopped it, or it has failed.",
        "`systemctl restart` with its name, then `journalctl -n 20 -u` with its name, which says why.",
        stopped, needs=("units",),
    ),
    Check(
        "system.boot", WARNING, "A service runs and will not after the next boot", "It was started by hand, or disabled.",
        "`systemctl enable` with its name, or run the playbook.",
        not_at_boot, needs=("units",),
    ),
    Check(
        "system.secrets", WARNING, "Others can read the password", "The file's mode was changed, or an editor has written it anew.",
        "`chmod 600` and `chown root` the file.",
        secrets_readable, needs=("secrets",),
    ),
    Check(
        "system.clock", WARNING, "The clock is wrong", "Time is not synchronised on the router, or on the machine that ran this.",
        "`timedatectl` on both; install systemd-timesyncd or chrony. With a wrong clock, certificates and logs mislead.",
        clock, needs=("time",),
    ),
    Check(
        "system.disk", WARNING, "The disk is full", "Logs or recordings have filled it; services fail when they cannot write.",
        "`du -xh / | sort -h | tail`, and `journalctl --vacuum-size=200M`.",
        disk, needs=("disk",),
    ),
    Check(
        "system.conntrack", WARNING, "The table of connections is nearly full",
        "A device in the LAN opens very many connections, or the limit is low; new connections will fail.",
        "Raise net.netfilter.nf_conntrack_max, and find the device: `conntrack -L | sort`.",
        conntrack, needs=("sysctl",),
    ),
    Check(
        "system.source_route", WARNING, "Senders may choose their route through the router",
        "net.ipv4.conf.all.accept_source_route is on; no home needs it.", "Run the playbook with `--tags nat_firewall`, or set it to 0 in /etc/sysctl.d.",
        redirects, needs=("sysctl",),
    ),
    # The switch
    Check(
        "switch.silent", WARNING, "The switch does not answer over SSH",
        "SSH is switched off there, its address is another one, or this computer's port is not in the VLAN of the switch's own address. "
        "Nothing of it was judged.",
        "`ssh` to the address that the inventory has as ansible_host. docs/switch.md says how to switch SSH on; a switch without it gets "
        "`cisco_switch_transport: worksheet`.",
        _doctor_switch.unanswered("silent"), because=LINK, needs=("switches",),
    ),
    Check(
        "switch.refused", WARNING, "The switch does not let us ask it",
        "User or password of the inventory are not the switch's, it was replaced by another one, or it speaks old cryptography only. Nothing of it was judged.",
        "Compare ansible_user and ansible_password of this host with the switch's own; docs/switch.md has what old switches need.",
        _doctor_switch.unanswered("refused"), needs=("switches",),
    ),
    Check(
        "switch.ports", WARNING, "The home states ports that the switch does not have",
        "home_switch_ports is another switch's, or writes a port otherwise than the switch does. No port was judged.",
        "Write the ports in home_switch_ports as the switch does.",
        _doctor_switch.unanswered("unfit"), needs=("switches",),
    ),
    Check(
        "switch.ont_link", ERROR, "The switch has no link to the ONT",
        "The ONT is off, its cable is unplugged or broken, it hangs at another port than home_switch_ports states, or that port is shut down.",
        "Look at the power of the ONT and at the lights of both ends of its cable. At the switch, `show interfaces status` says which ports have a link; "
        "`no shutdown` wakes one.",
        _doctor_switch.link_down(("ont", "ont_untagged")), needs=("switches",),
    ),
    Check(
        "switch.router_link", ERROR, "The switch has no link to the router",
        "The router's cable is unplugged or broken, it hangs at another port than home_switch_ports states, or that port is shut down.",
        "Look at the lights of both ends of the cable, then at `show interfaces status`.",
        _doctor_switch.link_down(("router",)), because=LINK, needs=("switches",),
    ),
    Check(
        "switch.slow", WARNING, "The link of ONT or router is slow",
        "A cable of which not all four pairs connect, an old device at its end, or a speed or duplex that was set by hand at one end only.",
        "Change the cable; then `negotiation` at that interface of the switch, and `ethtool {uplink}` at the router.",
        _doctor_switch.slow, needs=("switches",),
    ),
    *(check for service in ("internet", "tv", "voice", "lan") for check in _switch_checks(service)),
    Check(
        "switch.ont_mode", ERROR, "The switch's port towards the ONT is set wrongly",
        "The port carries one VLAN where the fibre has several, or another one: somebody has changed it, or smartport has.",
        f"{_SITE}; by hand as in docs/real-home.md, {_SAVE}. `macro auto disabled` ends smartport.",
        _doctor_switch.mode(("ont", "ont_untagged")), needs=("switches",),
    ),
    Check(
        "switch.router_mode", ERROR, "The switch's port towards the router is no trunk",
        "Then no tagged VLAN passes it: somebody has changed it, or smartport has.",
        f"{_SITE}; by hand `switchport mode trunk` at that interface, {_SAVE}. `macro auto disabled` ends smartport.",
        _doctor_switch.mode(("router",)), needs=("switches",),
    ),
    Check(
        "switch.native", WARNING, "Frames without a tag pass between fibre and house",
        "The port towards the ONT has a native VLAN. What is in that VLAN, such as the switch's own address, is open to the fibre.",
        f"{_SITE}; by hand `switchport trunk native vlan none` at that interface, {_SAVE}.",
        _doctor_switch.native, needs=("switches",),
    ),
    Check(
        "switch.lan_port", ERROR, "A port of the house is not in the LAN",
        "Somebody has changed it, or smartport has. What hangs there gets no address from the router.",
        f"{_SITE}; by hand `switchport mode access` and `switchport access vlan N` at that interface, {_SAVE}. If it shall be so, give the port another "
        "use in home_switch_ports.",
        _doctor_switch.lan_port, because=("switch.lan_missing",), needs=("switches",),
    ),
    Check(
        "switch.filtering", WARNING, "The switch sends every channel to every port",
        "`bridge multicast filtering` is off, as from the factory, and without it snooping only listens. Wi-Fi and slow devices suffer first.",
        f"{_SITE}; by hand `bridge multicast filtering`, {_SAVE}.",
        _doctor_switch.filtering, needs=("switches",),
    ),
    Check(
        "switch.snooping", WARNING, "The switch does not look who watches a channel",
        "IGMP snooping is off, for all or in the LAN's VLAN: every channel goes to every port.",
        f"{_SITE}; by hand `ip igmp snooping` and `ip igmp snooping vlan N` with N from home_lan_vlan, {_SAVE}.",
        _doctor_switch.snooping, because=("switch.lan_missing",), needs=("switches",),
    ),
    Check(
        "switch.mrouter", ERROR, "The switch does not know where the router is",
        "It does not learn at which port a multicast router is, and was not told: the boxes' reports do not reach the router, and pictures end.",
        f"{_SITE}; by hand `ip igmp snooping vlan N mrouter interface PORT` with the router's port, {_SAVE}.",
        _doctor_switch.mrouter, because=("switch.snooping",), needs=("switches",),
    ),
    Check(
        "switch.querier", WARNING, "The switch asks who watches, as the router does",
        "Its own querier is on. Of two queriers the one with the lower address wins, and where that is the switch, the router falls silent.",
        f"{_SITE}; by hand `no ip igmp snooping querier`, {_SAVE}.",
        _doctor_switch.querier, needs=("switches",),
    ),
    Check(
        "switch.mirror", WARNING, "The switch still copies traffic to a port",
        "A search for a fault has left its mirror on. The port that gets the copies is out of the LAN, and whoever hangs there reads along.",
        f"{_SITE}, which ends it; by hand `no monitor session N` (firmware 1.x: `no port monitor PORT` at the destination's interface). A mirror that shall "
        "stay belongs in cisco_switch_mirror.",
        _doctor_switch.mirror, needs=("switches",),
    ),
    Check(
        "switch.unsaved", WARNING, "The switch forgets its settings when its power fails", "Somebody has changed it and not saved.",
        f"`show running-config` and `show startup-config` at the switch say what it is about. If it is as it should be, `write memory`; or {_SITE[0].lower()}"
        f"{_SITE[1:]}.",
        _doctor_switch.unsaved, because=_SWITCH_SETTINGS, needs=("switches",),
    ),
    # LAN
    *_interface_checks("lan", lambda case: 1500),
    Check(
        "lan.address", ERROR, "{lan} does not have the router's address", "The address was removed, or home_lan_address was changed without applying it.",
        "`networkctl reconfigure {lan}`, or run the playbook with `--tags vlans`.",
        lan_address, because=("lan.vlan_missing", "lan.vlan_id", "lan.vlan_down", "system.uplink_missing"), needs=("links",),
    ),
    Check(
        "lan.twin", ERROR, "Another device in the LAN has the router's address",
        "The ISP's old router, an access point or a computer was set to it. Devices lose the Internet whenever it answers first who has the address.",
        "Find it by the hardware address that was read, and give it another address or unplug it.",
        twin("lan"), needs=("twin_lan",),
    ),
    Check(
        "lan.dhcp_rival", ERROR, "Another DHCP server answers in the LAN",
        "A second router, an access point or the ISP's old router is plugged into the LAN with its own DHCP server on.",
        "Find it by the hardware address that was read, and switch its DHCP server off.",
        dhcp_rival, needs=("dhcp",),
    ),
    Check(
        "lan.dhcp_silent", ERROR, "No device in the LAN gets an address from the router",
        "The DHCP server is stopped, it runs and is deaf (no socket on {lan}, or one of an interface that was made anew), or all its addresses are lent.",
        "`systemctl restart kea-dhcp4-server` (or your server's unit), then `journalctl -u kea-dhcp4-server -n 20`.",
        dhcp_silent, because=(*_below("lan"), "lan.address"), needs=("dhcp",),
    ),
    Check(
        "lan.dhcp_values", ERROR, "The DHCP server tells devices a wrong network, router or resolver",
        "Its configuration is not this home's, or an older one.", "Run the playbook with `--tags dhcp_server`.",
        dhcp_values, because=("lan.dhcp_silent",), needs=("dhcp",),
    ),
    Check(
        "lan.dhcp_option240", WARNING, "Computers are given what only set-top boxes should get",
        "The rule that knows set-top boxes matches everything.", "Run the playbook with `--tags dhcp_server`; look at dhcp_server_iptv_vendor_class.",
        pc_option, because=("lan.dhcp_silent",), needs=("dhcp",),
    ),
    Check(
        "lan.resolver", ERROR, "The router's resolver does not answer", "It is stopped, or does not listen on the LAN's address.",
        "`systemctl restart unbound` (or dnsmasq), then `journalctl -u unbound -n 20`.",
        resolver_dead, because=("lan.address", "lan.vlan_missing", "lan.vlan_id", "system.uplink_missing"), needs=("resolver",),
    ),
    # Internet
    *_interface_checks("internet", lambda case: int(case.plan["ppp_mtu"]) + _pppoe.OVERHEAD),
    Check(
        "internet.kernel", ERROR, "The kernel cannot do PPPoE", "It was updated and not booted, or lacks the modules.",
        "Reboot; in a container, give it /dev/ppp and the capability NET_ADMIN.",
        kernel_lacks, needs=("pppoe",),
    ),
    Check(
        "internet.wrong_vlan", ERROR, "The ISP answers on another VLAN than {internet}'s",
        "home_internet_vlan is not the id of this line, or the ISP or the switch has changed it.",
        "Set home_internet_vlan to the id that was read, and run the playbook.",
        wrong_vlan, because=_below("internet"), needs=("pppoe",),
    ),
    Check(
        "internet.no_concentrator", ERROR, "Nobody at the ISP answers on {internet}",
        "The port of the switch towards the ONT or towards the router does not carry the VLAN, the ONT is off or not registered, or the ISP has an outage.",
        "Look at the PON light of the ONT: steady is good, blinking or red is the ISP's side, call them. Then at the switch: both ports have to carry "
        "the VLAN tagged.",
        no_concentrator, because=_below("internet"), needs=("pppoe", "forwarders"),
    ),
    Check(
        "internet.stopped", ERROR, "The service that dials is stopped", "Somebody has stopped it, or it could not start.",
        "`systemctl start pppoe-internet`; `journalctl -u pppoe-internet -n 30` says why it stopped.",
        pppoe_stopped, because=("system.uplink_missing", "internet.vlan_missing"), needs=("pppoe", "units"),
    ),
    Check(
        "internet.credentials", ERROR, "The ISP refuses user name or password",
        "home_internet_username or home_internet_password is wrong, or the ISP still holds the session of another router.",
        "Compare both with the ISP's letter, capitals too. If another router was on this line a moment ago, wait ten minutes.",
        credentials, because=(*_below("internet"), "internet.wrong_vlan", "internet.no_concentrator"), needs=("pppoe",),
    ),
    Check(
        "internet.configuration", ERROR, "pppd ends before it asks anybody", "An option of its files is unknown or contradicts another.",
        "Look at pppoe_extra_options and /etc/ppp/options, then at `journalctl -u pppoe-internet`.",
        pppoe_configuration, because=("internet.kernel", "internet.vlan_missing"), needs=("pppoe",),
    ),
    Check(
        "internet.no_session", ERROR, "The ISP answers, but the link is not up",
        "It is being dialled this moment; or the ISP still holds the former session, which ends by itself within minutes; or it is at work on its side.",
        "Look again after a minute, then after ten. If it stays so, put `debug` into pppoe_extra_options and read `journalctl -u pppoe-internet`.",
        no_session,
        because=(*_below("internet"), "internet.kernel", "internet.wrong_vlan", "internet.no_concentrator", "internet.stopped", "internet.credentials",
                 "internet.configuration"),
        needs=("pppoe",),
    ),
    Check(
        "internet.default_route", ERROR, "The Internet's packets do not leave by {ppp}",
        "Another program has made a default route that wins, or taken away the link's.",
        "Remove the other route (`ip route del …`) and what makes it; where there is none, `systemctl restart pppoe-internet`.",
        default_route, needs=("pppoe", "routes"),
    ),
    Check(
        "internet.ppp_mtu", WARNING,
        "The MTU of {ppp} does not fit",
        "The ISP grants less than was asked for, or somebody has changed it: large packets vanish, or all are small.",
        "Set pppoe_mtu to what the ISP grants and run the playbook with `--tags pppoe`.",
        ppp_mtu, because=("internet.vlan_mtu", "system.uplink_mtu"), needs=("pppoe", "links"),
    ),
    Check(
        "internet.mss", ERROR,
        "Large pages will hang",
        "Nothing tells the other end that packets through PPPoE are smaller (MSS clamp): the rule was removed.",
        "Run the playbook with `--tags nat_firewall`; `nft list chain inet homerouter mss` shows the rule.",
        mss, because=("system.firewall_missing",), needs=("firewall", "links"),
    ),
    _nat_check("internet", "The ISP drops packets with the LAN's own addresses, so that no device reaches the Internet."),
    Check(
        "internet.silent", ERROR, "The link is up, and nothing beyond it answers",
        "The ISP's network behind the concentrator is away, or its resolvers are, or a rule of the firewall drops what leaves.",
        "`ping` another address of the Internet from the router. If that answers, set home_dns_forwarders to other resolvers; if not, call the ISP.",
        forwarders_silent,
        because=(*_below("internet"), "internet.wrong_vlan", "internet.no_concentrator", "internet.default_route"), needs=("pppoe", "forwarders"),
    ),
    Check(
        "internet.forwarder", WARNING, "One of the ISP's resolvers does not answer", "It is down, or the address in home_dns_forwarders is wrong.",
        "Remove it from home_dns_forwarders if it stays so; until then each name that it is asked for takes longer.",
        forwarder_silent, because=(*_below("internet"), "internet.default_route"), needs=("pppoe", "forwarders"),
    ),
    Check(
        "internet.shared_address", WARNING, "The ISP shares this line's address with others (CGNAT)",
        "home_port_forwards cannot work: what comes from the Internet ends at the ISP.", "Ask the ISP for an address of your own.",
        shared_address, needs=("pppoe",),
    ),
    Check(
        "lan.names", ERROR, "The resolver does not find names of the Internet", "It asks servers that do not answer, or refuses what they say.",
        "Compare home_dns_forwarders with the resolver's own configuration, then `journalctl -u unbound -n 20`.",
        names_unresolved, because=(*_INTERNET, *_LAN, "lan.resolver"), needs=("outside",),
    ),
    # Television
    *_interface_checks("tv", lambda case: 1500),
    Check(
        "tv.address", ERROR, "{iptv} does not have the line's television address",
        "The address was removed, or home_iptv_address is another one.", "`networkctl reconfigure {iptv}`, or run the playbook with `--tags vlans`.",
        iptv_address, because=("tv.vlan_missing", "tv.vlan_id", "tv.vlan_down", "system.uplink_missing", "system.uplink_down"), needs=("links",),
    ),
    Check(
        "tv.twin", ERROR, "Another device has the line's television address",
        "The ISP's own router is still plugged in, or home_iptv_address is another line's. Answers of the servers go to either, as it happens.",
        "Unplug the ISP's router; else compare home_iptv_address with what that router shows.",
        twin("iptv"), because=_below("tv"), needs=("twin_iptv",),
    ),
    Check(
        "tv.gateway", ERROR, "The gateway of the television network does not answer",
        "A port of the switch does not carry the VLAN, the ONT is off, or home_iptv_address or home_iptv_gateway is not this line's.",
        "Look whether the ports towards ONT and router carry the VLAN tagged; compare address and gateway with the ISP's own router.",
        gateway("tv", lambda case: case.plan["iptv_gateway"]), because=(*_below("tv"), "tv.address", "tv.twin"), needs=("neighbours", "streams"),
    ),
    Check(
        "tv.frr_stopped", ERROR, "FRR, which learns the routes to the servers, is stopped", "Somebody has stopped it, or it has failed.",
        "`systemctl start frr`, then `journalctl -u frr -n 20`.",
        rip_stopped, needs=("units",),
    ),
    Check(
        "tv.routes", ERROR, "No route leads to the television servers",
        "The ISP's RIP does not reach the router, or it announces networks that are not on rip_iptv_prefixes.",
        "`tcpdump -vni {iptv} udp port 520` shows what is announced within 30 s. With a line that announces nothing set rip_mode to static.",
        tv_routes, because=(*_TV, "tv.frr_stopped"), needs=("routes", "links", "streams"),
    ),
    Check(
        "tv.rip_foreign", WARNING,
        "RIP has brought a route that nobody wants",
        "The allow-list of the running FRR is not that of the home, or another program speaks RIP.",
        "Run the playbook with `--tags rip`; `vtysh -c 'show ip rip'` says from whom the route is.",
        rip_foreign, needs=("routes", "links", "streams"),
    ),
    Check(
        "tv.rip_late", WARNING, "The television gateway no longer announces its routes",
        "RIP is silent: the ISP's side, or a rule that drops UDP port 520. The routes vanish after 180 s.",
        "`tcpdump -ni {iptv} udp port 520`; `nft list chain inet homerouter input` counts what is dropped.",
        rip_late, because=(*_TV, "tv.frr_stopped"), needs=("rip",),
    ),
    Check(
        "tv.dns", ERROR, "The television network's resolver does not answer",
        "The way to the servers is broken, or home_iptv_dns is not this line's. Set-top boxes stop at the step DNS.",
        "`ip route get` with its address has to name {iptv}; then ask from a computer: `dig @SERVER imagenio.telefonica.net SOA`.",
        tv_dns, because=(*_TV, "tv.frr_stopped", "tv.routes"), needs=("iptv_dns",),
    ),
    Check(
        "tv.rp_filter", ERROR, "The kernel drops channels because of where they come from",
        "The reverse-path filter finds no way back to the sender by {iptv}: a more specific route leads elsewhere, or the value for all is "
        "larger than the interface's.",
        "`ip route get` with the sender's address has to name {iptv}. Run the playbook with `--tags multicast`; by hand, a route to the "
        "senders or 0 in conf/all and conf/{iptv}.",
        rp_filter, because=("tv.vlan_missing", "tv.address", "tv.vlan_down"), needs=("reverse_path",),
    ),
    Check(
        "tv.no_multicast", ERROR, "No channel comes in by {iptv}",
        "The ISP does not send: it does not hear the router's IGMP reports, or the port of the switch does not let them or the channels pass.",
        "`tcpdump -ni {iptv} igmp` while a box is on: reports have to leave. Then the switch: the ports of ONT and router carry the VLAN, and both are "
        "multicast router ports. Then multicast_iptv_igmp_version: \"2\".",
        no_multicast, because=_TV, needs=("streams",),
    ),
    Check(
        "tv.opch", ERROR,
        "The channel by which set-top boxes find their portal does not come",
        "The ISP sends it by another group on this line, or not at all.",
        "Compare dhcp_server_iptv_option_240 with what the ISP's own router hands out.",
        stream_missing("opch"), because=(*_TV, "tv.no_multicast"), needs=("streams",),
    ),
    Check(
        "tv.guide", WARNING, "The list of channels does not come", "Its group is another one in this province, or the ISP does not send it.",
        "Set doctor_guide to the group and port that a box joins (`tcpdump -ni {iptv} igmp`).",
        stream_missing("guide"), because=(*_TV, "tv.no_multicast"), needs=("streams",),
    ),
    Check(
        "tv.channel", WARNING, "The channel that was tried does not come", "It is not in this line's package, or has another group.",
        "Set doctor_channel to the group and port of a channel that you can watch.",
        stream_missing("channel"), because=(*_TV, "tv.no_multicast"), needs=("streams",),
    ),
    Check(
        "tv.loss", ERROR,
        "Packets of a channel are lost before they reach the router",
        "A bad cable, a full line, or trouble at the ISP; each lost packet is seen.",
        "Look at the cables between ONT, switch and router; if all are good, call the ISP.",
        loss, because=("system.nic_errors", "system.cable", "switch.slow"), needs=("streams",),
    ),
    Check(
        "tv.dropped", ERROR, "Channels reach the router and are dropped there",
        "A rule of the firewall does not let them in; such a rule mostly drops what goes to the boxes as well.",
        "`nft list table inet homerouter` has to accept from home_iptv_sources to home_iptv_groups in input and forward; run the playbook "
        "with `--tags nat_firewall`.",
        input_dropped, because=("tv.rp_filter",), needs=("streams", "managed_firewall"),
    ),
    Check(
        "tv.other_proxy", ERROR, "Another program routes multicast", "The kernel has room for one such program, and igmpproxy is kept out.",
        "Stop and disable the program that was read.",
        other_proxy, needs=("multicast",),
    ),
    Check(
        "tv.no_proxy", ERROR, "Nothing passes channels on to the LAN", "igmpproxy is stopped, or waits for an interface.",
        "`systemctl restart igmpproxy`, then `systemctl status igmpproxy`, which says what it waits for.",
        no_proxy,
        because=("tv.other_proxy", "tv.vlan_missing", "tv.vlan_id", "tv.address", "tv.vlan_down", "lan.vlan_missing", "lan.vlan_id", "lan.address",
                 "lan.vlan_down", "system.uplink_missing", "system.uplink_down"),
        needs=("multicast",),
    ),
    Check(
        "tv.proxy_interfaces", ERROR, "igmpproxy leaves out an interface", "Its configuration does not name it, or it was made anew since.",
        "Compare the phyint lines of /etc/igmpproxy.conf with the interfaces, then `systemctl restart igmpproxy`.",
        proxy_interfaces,
        because=("tv.other_proxy", "tv.vlan_missing", "tv.vlan_id", "tv.address", "lan.vlan_missing", "lan.vlan_id", "lan.address", "system.uplink_missing"),
        needs=("multicast",),
    ),
    Check(
        "tv.altnet", ERROR, "igmpproxy does not take a sender", "Its altnet lines do not cover the network that the channel comes from.",
        "Widen home_iptv_sources and run the playbook with `--tags multicast`; by hand, add the network as altnet to the upstream phyint.",
        altnet, needs=("multicast", "streams", "proxy_config"),
    ),
    Check(
        "tv.whitelist", ERROR, "igmpproxy does not pass a group", "Its whitelist does not cover the groups that set-top boxes join.",
        "Widen home_iptv_groups and run the playbook with `--tags multicast`.",
        whitelist, needs=("multicast", "streams", "proxy_config"),
    ),
    Check(
        "tv.memberships", ERROR, "The kernel has room for few channels",
        "net.ipv4.igmp_max_memberships is at the kernel's own 20 or below what the home states: the first channel too many stays dark.",
        "`systemctl reload igmpproxy`, or set it in /etc/sysctl.d and restart igmpproxy.",
        memberships, needs=("sysctl", "multicast"),
    ),
    Check(
        "tv.igmp_version", WARNING,
        "An IGMP version is forced that the home does not state",
        "Somebody has set force_igmp_version; with another version than the neighbours', groups are not heard.",
        "`systemctl reload igmpproxy` sets it as the home states.",
        igmp_version, needs=("sysctl", "multicast"),
    ),
    Check(
        "tv.keepalive", ERROR, "Channels will freeze after four and a half minutes",
        "The ISP asks for no reports and forgets the router after 260 s; nothing repeats them.",
        "`systemctl start homerouter-igmp-keepalive`, or run the playbook with `--tags multicast`.",
        keepalive, because=("tv.vlan_missing", "system.uplink_missing"), needs=("multicast", "units"),
    ),
    Check(
        "tv.wrong_interface", WARNING,
        "A channel comes in by an interface where it should not",
        "Two programs or switches send the same group into the home, or a loop of cables.",
        "`tcpdump -eni any host GROUP` shows by which hardware address.",
        wrong_interface, needs=("multicast",),
    ),
    Check(
        "tv.unresolved", WARNING, "Channels wait in the kernel for a decision", "igmpproxy does not answer the kernel, or does not take the sender.",
        "`journalctl -u igmpproxy -n 20`: \"not in any valid net\" names a sender outside of home_iptv_sources.",
        unresolved, because=("tv.no_proxy", "tv.other_proxy", "tv.altnet", "tv.proxy_interfaces"), needs=("multicast",),
    ),
    Check(
        "tv.box_option240", ERROR, "Set-top boxes are not told where to begin", "Option 240 is missing or another text: boxes stop at the step OPCH.",
        "Run the playbook with `--tags dhcp_server`; by hand, the 43 octets without a NUL.",
        box_option, because=("lan.dhcp_silent",), needs=("dhcp",),
    ),
    Check(
        "tv.box_option125", ERROR, "Set-top boxes are told something that makes them begin again and again", "The DHCP server hands out option 125.",
        "Remove option 125 from the DHCP server's configuration.",
        box_loop, because=("lan.dhcp_silent",), needs=("dhcp",),
    ),
    Check(
        "tv.box_dns", ERROR, "Set-top boxes are told a wrong resolver", "They need the television network's own: no other knows all names of their servers.",
        "Compare home_iptv_dns and dhcp_server_iptv_dns_servers, then run the playbook with `--tags dhcp_server`.",
        box_dns, because=("lan.dhcp_silent", "tv.box_option240"), needs=("dhcp",),
    ),
    _nat_check("tv", "The television servers have no way back to the boxes."),
    # Telephone
    *_interface_checks("voice", lambda case: 1500),
    Check(
        "voice.no_server", ERROR,
        "Nobody gives the telephone network's address",
        "A port of the switch does not carry the VLAN, or the ISP's DHCP server is down.",
        "Look whether the ports towards ONT and router carry the VLAN tagged; compare home_voip_vlan with the line's. Some lines want the "
        "hardware address of the ISP's own router.",
        no_lease_server, because=_below("voice"), needs=("voip", "links"),
    ),
    Check(
        "voice.no_address", ERROR, "{voip} has no address, though the ISP offers one", "The DHCP client does not run on it.",
        "Run the playbook with `--tags voip_dhcp`. By hand `networkctl reconfigure {voip}`; Debian 12's systemd-networkd may refuse an address that "
        "it has had before, which only `systemctl restart systemd-networkd` ends.",
        no_lease_client, because=_below("voice"), needs=("voip", "links"),
    ),
    Check(
        "voice.gateway", ERROR,
        "The gateway of the telephone network does not answer",
        "The VLAN is cut between router and ISP, or the lease is of another network.",
        "Look at the ports of the switch, then `networkctl renew {voip}`.",
        gateway("voice", lambda case: case.facts["voip"]["gateway"]), because=(*_below("voice"), "voice.no_server", "voice.no_address"),
        needs=("neighbours", "voip"),
    ),
    Check(
        "voice.route", ERROR, "The telephone servers are not reached by {voip}", "The route is missing, or another one wins.",
        "`ip route get` with the server's address has to name {voip}. `networkctl reconfigure {voip}` makes the route; remove the other one.",
        voice_route, because=(*_below("voice"), "voice.no_server", "voice.no_address", "voice.gateway"), needs=("routes", "links", "voip"),
    ),
    Check(
        "voice.default_route", ERROR, "The telephone network has become a way to the Internet", "The DHCP client takes the lease's gateway as default route.",
        "Run the playbook with `--tags voip_dhcp`; by hand, tell the client to take no gateway (UseGateway=no, nogateway).",
        voice_default, needs=("routes", "voip"),
    ),
    Check(
        "voice.sip_blocked", ERROR, "Questions to the telephone server cannot leave", "A rule of the firewall refuses them, or no route is there.",
        "`nft list ruleset | grep -n 5070`; `ip route get` with the server's address.",
        sip("unreachable"), because=_VOICE, needs=("sip",),
    ),
    Check(
        "voice.sip_refused", ERROR, "The telephone server's computer answers, its service does not", "The proxy is down, or this line has another port.",
        "Compare doctor_sip_host and doctor_sip_port with the settings of the phone; if they are right, call the ISP.",
        sip("refused"), because=_VOICE, needs=("sip",),
    ),
    Check(
        "voice.sip_silent", ERROR, "The telephone server does not answer", "It is down, packets leave with a wrong address, or a rule drops them.",
        "`tcpdump -ni {voip} host SERVER`: questions have to leave with {voip}'s address. If they do, call the ISP.",
        sip("silent"), because=_VOICE, needs=("sip",),
    ),
    Check(
        "voice.sip_malformed", ERROR,
        "Something else than a telephone server answers",
        "Another service has the server's address and port, or a helper of the firewall changes the answers.",
        "Compare doctor_sip_host with the settings of the phone; `lsmod | grep sip` has to be empty.",
        sip("malformed"), because=_VOICE, needs=("sip",),
    ),
    _nat_check("voice", "The telephone servers have no way back to the phones."),
    Check(
        "voice.timeout", WARNING, "Calls from outside will not arrive after a while",
        "The way back to a phone is forgotten before it registers again.",
        "`systemctl restart homerouter-firewall`, which loads the table homerouter_voice; or a keep-alive of 60 s in the phone.",
        voice_timeout, because=("system.firewall_missing",), needs=("firewall", "sysctl", "voip"),
    ),
    Check(
        "voice.helper", WARNING, "A helper of the kernel changes what phones say", "nf_conntrack_sip is loaded; it breaks registrations behind NAT.",
        "`rmmod nf_nat_sip nf_conntrack_sip`, and a line `blacklist nf_conntrack_sip` in /etc/modprobe.d.",
        sip_helper, needs=("modules", "voip"),
    ),
)  # fmt: skip
