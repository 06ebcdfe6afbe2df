# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the show commands print, lines separated by newlines.

Version, system, inventory, interfaces, MAC table, VLANs and switchport follow published captures. What is printed about IGMP
snooping, bridge multicast and mirrors is reconstructed from the guides.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .device import Device, fold, fold_ports, port_key

if TYPE_CHECKING:
    from .cli import Cli


def now(device: Device) -> datetime.datetime:
    """The switch's clock: it has no battery, and nobody has set it."""
    return datetime.datetime(2010, 1, 1) + datetime.timedelta(seconds=int(time.monotonic() - device.started))


def log_line(device: Device, text: str) -> str:
    """A line of the log with its date, as any session may get it at any time."""
    return f"{now(device):%d-%b-%Y %H:%M:%S} {text}"


def _wrap(text: str, width: int) -> list[str]:
    """A cell's lines: lists break behind a comma, other text anywhere."""
    lines: list[str] = []
    while len(text) > width:
        at = text.rfind(",", 0, width) + 1 or width
        lines.append(text[:at])
        text = text[at:]
    return [*lines, text]


def table(columns: Sequence[tuple[str, int, str]], rows: Sequence[Sequence[str]]) -> str:
    """Columns are title, width and alignment; a title may have two lines, a cell wraps onto further ones.

    Alignments are l (left), c (centred), h (centred title over cells to the left).
    """
    titles = [title.split("\n") for title, _width, _align in columns]
    height = max(map(len, titles))
    lines = []
    for index in range(height):
        cells = [([""] * (height - len(title)) + title)[index] for title in titles]
        lines.append(_row([(title, width, align.replace("h", "c")) for title, width, align in columns], cells))
    lines.append(" ".join("-" * width for _title, width, _align in columns))
    for row in rows:
        wrapped = [_wrap(cell, width) for cell, (_title, width, _align) in zip(row, columns)]
        for index in range(max(map(len, wrapped))):
            lines.append(_row(columns, [cell[index] if index < len(cell) else "" for cell in wrapped]))
    return "\n".join(lines) + "\n"


def _row(columns: Sequence[tuple[str, int, str]], cells: Sequence[str]) -> str:
    aligned = []
    for cell, (_title, width, align) in zip(cells, columns):
        aligned.append(cell.center(width) if align == "c" else cell.ljust(width))
    return " ".join(aligned)


def shown(name: str) -> str:
    """A port's name in tables: gi1, Po1."""
    return name.replace("po", "Po")


def _chosen(device: Device, name: str | None, kind: str) -> list[str]:
    return [port for port in sorted(device.ports, key=port_key) if port.startswith(kind) and name in (None, port)]


# -- the switch itself --


def version(cli: Cli) -> str:
    """show version"""
    device = cli.device
    if device.ros1:
        return (
            f"SW version    {device.model.version} ( date  08-Apr-2020 time  13:49:34 )\n"
            "Boot version    1.3.5.06 ( date  21-Jul-2013 time  15:12:10 )\n"
            f"HW version    {device.model.vid}\n"
        )
    return (
        f"Active-image: flash://system/images/image_tesla_hybrid_{device.model.version}_release_cisco_signed.bin\n"
        f"  Version: {device.model.version}\n  MD5 Digest: 2dff89a3f4c7d4bf3fa5d8f5e4e5d1f0\n  Date: 04-Nov-2018\n  Time: 19:46:16\n"
        "Inactive-image: flash://system/images/image1.bin\n"
        "  Version: 2.3.5.63\n  MD5 Digest: 5a6f0a4b8a9d0dc4f9a5e1d7c3b2a190\n  Date: 05-Feb-2018\n  Time: 10:11:12\n"
    )


def system(cli: Cli) -> str:
    """show system"""
    device = cli.device
    up = int(time.monotonic() - device.started)
    days, rest = divmod(up, 86400)
    values = [
        ("System Description:", device.model.description),
        ("System Up Time (days,hour:min:sec):", f"{days:02},{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"),
        ("System Contact:", ""), ("System Name:", device.hostname), ("System Location:", ""),
        ("System MAC Address:", device.model.mac), ("System Object ID:", device.model.object_id),
    ]  # fmt: skip
    if device.ros1:
        values.append(("Fans Status:", "OK"))
    # Values begin at column 42; what is longer goes on there.
    text = ""
    for label, value in values:
        parts = [value[at : at + 38] for at in range(0, len(value), 38)] or [""]
        text += "\n".join(f"{'' if index else label:<42}{part}" for index, part in enumerate(parts)) + "\n"
    if not device.ros1:
        text += "\nUnit        Type\n---- -------------------\n 1         SG350-10\n\nUnit Fans Status\n---- -----------\n 1       OK\n"
    return text


def system_id(cli: Cli) -> str:
    """show system id"""
    return f"Serial number : {cli.device.model.serial}\n"


def inventory(cli: Cli) -> str:
    """show inventory"""
    model = cli.device.model
    return f'NAME: "1"   DESCR: "{model.description}"\nPID: {model.pid}   VID: {model.vid}   SN: {model.serial}\n'


def clock(cli: Cli) -> str:
    """show clock"""
    return f"{now(cli.device):%H:%M:%S} J  {now(cli.device):%b %d %Y}\nNo time source\n"


def users(cli: Cli) -> str:
    """show users"""
    columns = [("Username", 15, "l"), ("Protocol", 13, "l"), ("Location", 30, "l")]
    return table(columns, [[name, "SSH", address] for name, address in cli.device.logins])


def cpu(_cli: Cli) -> str:
    """show cpu utilization"""
    return "CPU utilization service is on.\n\nCPU utilization\n-------------------------\nfive seconds: 5%; one minute: 6%; five minutes: 6%\n"


def ip_ssh(cli: Cli) -> str:
    """show ip ssh"""
    device = cli.device
    return (
        f"SSH Server {'enabled' if device.ssh_server else 'disabled'}. Port: 22\nRSA key was generated.\nDSA (DSS) key was generated.\n"
        f"SSH Public Key Authentication is disabled.\nSSH Password Authentication is {'enabled' if device.password_auth else 'disabled'}.\n"
    )


def startup(cli: Cli) -> str:
    """show startup-config"""
    # Reconstructed.
    return cli.device.startup if cli.device.startup is not None else "Startup configuration does not exist\n"


def jumbo(cli: Cli) -> str:
    """show ports jumbo-frame"""
    words = {True: "enabled", False: "disabled"}
    return f"\n Jumbo frames are {words[cli.device.jumbo_active]}\n Jumbo frames will be {words[cli.device.jumbo]} after reset\n"


def spanning_tree(cli: Cli) -> str:
    """show spanning-tree"""
    return f"\nSpanning tree enabled mode {cli.device.spanning_tree.upper()}\nDefault port cost method:  long\n"


def lldp(_cli: Cli) -> str:
    """show lldp neighbors: nobody in the lab speaks it."""
    titles = [("Port", 9), ("Device ID", 17), ("Port ID", 17), ("System Name", 17), ("Capabilities", 12), ("TTL", 5)]
    return table([(title, width, "c") for title, width in titles], [])


# -- addresses --


def ip_interface(cli: Cli) -> str:
    """show ip interface"""
    device = cli.device
    rows = []
    for number in sorted(device.vlans):
        address = device.vlans[number].address
        if address:
            bits = sum(bin(int(octet)).count("1") for octet in address[1].split("."))
            up = any(device.network.link_up(device, name) and number in device.members(name) for name in device.ports)
            rows.append((f"{address[0]}/{bits}", f"vlan {number}", f"UP/{'UP' if up else 'DOWN'}"))
    if device.ros1:
        columns = [("IP Address", 18, "h"), ("I/F", 9, "h"), ("I/F Status\nadmin/oper", 10, "h"), ("Type", 7, "l"),
                   ("Redirect", 8, "l"), ("Status", 6, "l")]  # fmt: skip
        interfaces = table(columns, [[address, name, state, "Static", "enable", "Valid"] for address, name, state in rows])
    else:
        columns = [("IP Address", 18, "h"), ("I/F", 9, "h"), ("I/F Status\nadmin/oper", 10, "h"), ("Type", 7, "l"),
                   ("Directed\nBroadcast", 9, "l"), ("Prec", 4, "l"), ("Redirect", 8, "l"), ("Status", 6, "l")]  # fmt: skip
        interfaces = table(columns, [[address, name, state, "Static", "disable", "No", "enable", "Valid"] for address, name, state in rows])
    gateways = table([("Gateway IP Address", 23, "h"), ("Type", 8, "l")], [[device.gateway, "static"]] if device.gateway else [])
    return f"{gateways}\n\n{interfaces}" if not device.ros1 else f"{interfaces}\n{gateways}"


def arp(cli: Cli) -> str:
    """show arp"""
    columns = [("VLAN", 10, "c"), ("Interface", 14, "c"), ("IP address", 15, "l"), ("HW address", 19, "c"), ("status", 15, "l")]
    ports = {(vlan, mac): port for vlan, mac, port in cli.device.network.macs(cli.device)}
    rows = [
        [f"vlan {vlan}", shown(ports.get((vlan, mac), "")), address, mac, "dynamic"]
        for vlan, address, mac in cli.device.network.neighbours(cli.device)
    ]
    return f"Total number of entries: {len(rows)}\n\n\n{table(columns, rows)}"


def mac_table(cli: Cli, wanted: int | str | None = None) -> str:
    """show mac address-table [vlan N | interface X | address M]"""
    device = cli.device
    entries = [(number, device.model.mac, "0", "self") for number in sorted(device.management_vlans())]
    entries += [(vlan, mac, shown(port), "dynamic") for vlan, mac, port in sorted(device.network.macs(device))]
    wanted = shown(wanted.lower()) if isinstance(wanted, str) else wanted
    rows = [[str(vlan), mac, port, kind] for vlan, mac, port, kind in entries if wanted is None or wanted in (vlan, mac, port)]
    columns = [("Vlan", 12, "c"), ("Mac Address", 21, "c"), ("Port", 10 if device.ros1 else 9, "c"), ("Type", 10, "c")]
    return f"Flags: I - Internal usage VLAN\nAging time is 300 sec\n\n{table(columns, rows)}"


# -- ports --


def _tables(cli: Cli, name: str | None, ports: list[tuple[str, int, str]], lags: list[tuple[str, int, str]], rows: dict[str, list[str]]) -> str:
    """A table of ports and one of LAGs behind it, or the one that was asked for."""
    device, parts = cli.device, []
    for kind, columns in (("gi", ports), ("po", lags)):
        names = _chosen(device, name, kind)
        if names:
            parts.append(table(columns, [rows[port] for port in names]))
    return "\n".join(parts)


def interfaces_status(cli: Cli, name: str | None = None) -> str:
    """show interfaces status [X]"""
    device = cli.device
    rows: dict[str, list[str]] = {}
    for port in device.ports:
        up = device.network.link_up(device, port)
        if port.startswith("gi"):
            rows[port] = [port, "1G-Copper", "Full" if up else "  --", "1000" if up else " --", "Enabled" if up else "   --", "Off" if up else " --",
                          "Up" if up else "Down", "Disabled" if up else "   --", "Off" if up else "  --"]  # fmt: skip
        else:
            rows[port] = [shown(port), "--", "--", "--", "--", "--", "Not Present"]
    ports = [("Port", 8, "l"), ("Type", 12, "l"), ("Duplex", 6, "l"), ("Speed", 5, "l"), ("Neg", 8, "l"), ("Flow\nctrl", 4, "l"),
             ("Link\nState", 11, "l"), ("Back\nPressure", 8, "l"), ("Mdix\nMode", 7, "l")]  # fmt: skip
    lags = [("Ch", 8, "l"), ("Type", 7, "l"), ("Duplex", 6, "l"), ("Speed", 5, "l"), ("Neg", 8, "l"), ("Flow\ncontrol", 7, "l"), ("Link\nState", 11, "l")]
    return _tables(cli, name, ports, lags, rows)


def interfaces_configuration(cli: Cli, name: str | None = None) -> str:
    """show interfaces configuration [X]"""
    rows: dict[str, list[str]] = {}
    for port, settings in cli.device.ports.items():
        state = "Down" if settings.shutdown else "Up"
        if port.startswith("gi"):
            rows[port] = [port, "1G-Copper", "Full", "1000", "Enabled", "Off", state, "Disabled", "Auto"]
        else:
            rows[port] = [shown(port), "--", "Enabled", "Off", state]
    ports = [("Port", 8, "l"), ("Type", 12, "l"), ("Duplex", 6, "l"), ("Speed", 5, "l"), ("Neg", 8, "l"), ("Flow\ncontrol", 7, "l"),
             ("Admin\nState", 5, "l"), ("Back\nPressure", 8, "l"), ("Mdix\nMode", 4, "l")]  # fmt: skip
    lags = [("Ch", 8, "l"), ("Speed", 5, "l"), ("Neg", 8, "l"), ("Flow\nControl", 7, "l"), ("Admin\nState", 5, "l")]
    return _tables(cli, name, ports, lags, rows)


def interfaces_description(cli: Cli, name: str | None = None) -> str:
    """show interfaces description [X]"""
    parts = []
    for kind, title in (("gi", "Port"), ("po", "Ch")):
        names = _chosen(cli.device, name, kind)
        if names:
            lines = [f"{title:<9} Description", "-------   -----------"]
            parts.append("\n".join(lines + [f"{shown(port):<9} {cli.device.ports[port].description}" for port in names]) + "\n")
    return "\n".join(parts)


def switchport(cli: Cli, name: str | None = None) -> str:
    """show interfaces switchport [X]"""
    device = cli.device
    names = [name] if name else sorted(device.ports, key=port_key)
    one = _switchport_1 if device.ros1 else _switchport_2
    before = "" if device.ros1 else "Gathering information...\n\n"
    return before + "\n".join(one(device, port) for port in names)


def _label(device: Device, number: int) -> str:
    """A VLAN's name in tables: its number where it has none."""
    return device.vlans[number].name or str(number)


def _switchport_1(device: Device, name: str) -> str:
    port, members = device.ports[name], device.members(name)
    pvid = next((number for number, member in members.items() if member.pvid), None)
    rows = [
        [str(number), _label(device, number), "Tagged" if member.tagged else "Untagged", "System" if number == 1 else "Static"]
        for number, member in members.items()
    ]
    membership = [("Vlan", 4, "c"), ("Name", 32, "c"), ("Egress rule", 11, "c"), ("Port Membership Type", 20, "c")]
    native = f"Ingress UnTagged VLAN ( NATIVE ): {pvid or 'none'}" if port.mode == "trunk" else f"PVID: {pvid or 4095}"
    return (
        f"Port : {shown(name)}\nPort Mode: {port.mode.capitalize()}\nGvrp Status: disabled\nIngress Filtering: true\n"
        f"Acceptable Frame Type: admitAll\n{native}\n\nPort is member in:\n\n{table(membership, rows)}\n\n"
        f"Forbidden VLANS:\n{table([('Vlan', 4, 'c'), ('Name', 32, 'c')], [])}\n\nClassification rules:\n\n"
        f"Mac based VLANs:\n{table([('Group ID', 12, 'c'), ('Vlan ID', 10, 'c')], [])}\n"
    )


def _trunking(device: Device, allowed: set[int]) -> str:
    """Trunking VLANs: the ones that are there, then the others as inactive, both broken at 24 columns in."""
    active, inactive = fold(allowed & set(device.vlans)), fold(allowed - set(device.vlans))
    lines = []
    for text, mark in ((active, ""), (inactive, " (Inactive)")):
        if text:
            parts = _wrap(text, 45)
            lines += [*parts[:-1], parts[-1] + mark]
    return ("\n" + " " * 24).join(lines) if lines else "none"


def _switchport_2(device: Device, name: str) -> str:
    port = device.ports[name]
    # Newer firmware counts VLAN 4095 as internal; "all" ends at 4094.
    allowed = set(range(1, 4095)) if port.allowed is None else port.allowed
    untagged = port.general_untagged | (set() if port.forbid_default or 1 in port.general_tagged else {1})

    def one(number: int | None) -> str:
        return "none" if number is None else f"{number}{'' if number in device.vlans else ' (Inactive)'}"

    return "\n".join(
        [
            f"Name: {shown(name)}", "Switchport: enable", f"Administrative Mode: {port.mode}",
            f"Operational Mode: {'up' if device.network.link_up(device, name) else 'down'}", f"Access Mode VLAN: {one(port.access)}",
            "Access Multicast TV VLAN: none", f"Trunking Native Mode VLAN: {one(port.native)}", f"Trunking VLANs: {_trunking(device, allowed)}",
            f"General PVID: {port.pvid}", f"General VLANs: {fold(port.general_tagged | untagged) or 'none'}",
            f"General Egress Tagged VLANs: {fold(port.general_tagged) or 'none'}", "General Forbidden VLANs: none",
            "General Ingress Filtering: enabled", "General Acceptable Frame Type: all", "General GVRP status: disabled",
            f"Customer Mode VLAN: {one(port.customer)}", "Private-vlan promiscuous-association primary VLAN: none", "",
        ]
    )  # fmt: skip


def vlans(cli: Cli, wanted: int | str | None = None) -> str:
    """show vlan [tag N | name X]"""
    device = cli.device
    carried = {name: device.members(name) for name in device.ports}
    rows = []
    for number in sorted(device.vlans):
        label = _label(device, number)
        if wanted not in (None, number, label):
            continue
        tagged = {name for name, members in carried.items() if number in members and members[number].tagged}
        untagged = {name for name, members in carried.items() if number in members and not members[number].tagged}
        if device.ros1:
            rows.append([str(number), label, fold_ports(tagged | untagged), "D" if number == 1 else "S"])
        else:
            rows.append([str(number), label, fold_ports(tagged), fold_ports(untagged), "DV" if number == 1 else "S"])
    made_by = "Created by: D-Default, S-Static, G-GVRP, R-Radius Assigned VLAN"
    if device.ros1:
        columns = [("Vlan", 4, "c"), ("Name", 17, "c"), ("Ports", 27, "c"), ("Created by", 16, "c")]
        return f"{made_by}\n\n{table(columns, rows)}"
    columns = [("Vlan", 4, "c"), ("Name", 17, "c"), ("Tagged Ports", 18, "c"), ("UnTagged Ports", 18, "c"), ("Created by", 16, "c")]
    return f"{made_by}, V-Voice VLAN\n\n{table(columns, rows)}"


# -- multicast (reconstructed) --


def igmp_interface(cli: Cli, number: int) -> str:
    """show ip igmp snooping interface N"""
    device = cli.device
    vlan = device.igmp.get(number)
    on = {True: "enabled", False: "disabled"}
    timers = device.vlans[number].igmp if number in device.vlans else {}
    querier = bool(vlan and vlan.querier)
    running = querier and device.querier and device.snoops(number)
    lines = [
        f"IGMP Snooping is globally {on[device.snooping]}", f"IGMP Snooping Querier is globally {on[device.querier]}", f"VLAN {number}",
        f"  IGMP Snooping is {on[bool(vlan and vlan.enabled)]}",
        f"  IGMP snooping last immediate leave: {'enable' if vlan and vlan.immediate_leave else 'disable'}",
        f"  Automatic learning of Multicast router ports is {on[vlan is None or vlan.learn]}", f"  IGMP Snooping Querier is {on[querier]}",
        f"  IGMP Snooping Querier operation state: is {'running' if running else 'not running'}",
        f"  IGMP Snooping Querier version: {vlan.querier_version if vlan else '2'}",
        f"  IGMP Snooping Querier election is {on[vlan is None or vlan.election]}",
        f"  IGMP Snooping Querier address: {vlan.querier_address if vlan else ''}",
    ]  # fmt: skip
    for label, word, default, unit in (
        ("IGMP snooping robustness", "robustness", "2", ""), ("IGMP snooping query interval", "query-interval", "125", " sec"),
        ("IGMP snooping query maximum response", "query-max-response-time", "10", " sec"),
        ("IGMP snooping last member query counter", "last-member-query-count", "2", ""),
        ("IGMP snooping last member query interval", "last-member-query-interval", "1000", " msec"),
    ):  # fmt: skip
        value = timers.get(word, default)
        lines.append(f"  {label}: admin {value}{unit} oper {value}{unit}")
    return "\n".join(lines) + "\n"


def igmp_groups(cli: Cli, number: int | None = None) -> str:
    """show ip igmp snooping groups [vlan N]"""
    device = cli.device
    found: dict[tuple[int, str], set[str]] = {}
    for vlan, group, port in device.network.memberships(device):
        found.setdefault((vlan, group), set()).add(port)
    columns = [("Vlan", 4, "c"), ("Group Address", 18, "l"), ("Source Address", 18, "l"), ("Include Ports", 20, "l"), ("Exclude Ports", 20, "l"),
               ("Comp-Mode", 9, "l")]  # fmt: skip
    rows = [[str(vlan), group, "*", "", fold_ports(ports), "V2"] for (vlan, group), ports in sorted(found.items()) if number in (None, vlan)]
    forbidden = table([("Vlan", 4, "c"), ("Group Address", 18, "l"), ("Source Address", 18, "l"), ("Ports", 20, "l")], [])
    return f"{table(columns, rows)}\nIGMP Reporters that are forbidden statically:\n{forbidden}"


def igmp_mrouter(cli: Cli, number: int | None = None) -> str:
    """show ip igmp snooping mrouter [interface N]"""
    device = cli.device
    dynamic: dict[int, set[str]] = {}
    for vlan, port in device.network.routers(device):
        dynamic.setdefault(vlan, set()).add(port)
    rows = []
    for vlan, settings in sorted(device.igmp.items()):
        heard = dynamic.get(vlan, set()) - settings.mrouter
        if (heard or settings.mrouter or settings.forbidden) and number in (None, vlan):
            rows.append([str(vlan), fold_ports(heard), fold_ports(settings.mrouter), fold_ports(settings.forbidden)])
    return table([("VLAN", 4, "c"), ("Dynamic", 20, "l"), ("Static", 20, "l"), ("Forbidden", 20, "l")], rows)


def filtering(cli: Cli, number: int) -> str:
    """show bridge multicast filtering N"""
    device = cli.device
    vlan = device.vlans.get(number)
    columns = [("Port", 8, "l"), ("Forward-All\nStatic", 10, "l"), ("\nStatus", 12, "l")]
    rows = []
    for port in _chosen(device, None, "gi"):
        static = "Forward" if vlan and port in vlan.forward_all else "Forbidden" if vlan and port in vlan.forbidden_forward_all else "-"
        status = {"Forward": "Forward(s)", "Forbidden": "Filter"}.get(static, "Filter" if device.snoops(number) else "Forward(d)")
        rows.append([port, static, status])
    return f"Filtering: {'Enabled' if device.filtering else 'Disabled'}\nVLAN: {number}\nForward-All\n{table(columns, rows)}"


def unregistered(cli: Cli, name: str | None = None) -> str:
    """show bridge multicast unregistered [X]"""
    names = [port for port in sorted(cli.device.ports, key=port_key) if name in (None, port)]
    rows = [[shown(port), "Forward" if cli.device.ports[port].unregistered == "forwarding" else "Filter"] for port in names]
    return table([("Port", 8, "l"), ("Unregistered", 12, "l")], rows)


def multicast_mode(cli: Cli, number: int | None = None) -> str:
    """show bridge multicast mode [vlan N]"""
    modes = {"mac-group": "MAC-GROUP", "ipv4-group": "IPv4-GROUP", "ipv4-src-group": "IPv4-SRC-GROUP"}
    rows = [[str(vlan), "MAC-GROUP", "MAC-GROUP", modes[settings.multicast_mode], modes[settings.multicast_mode]]
            for vlan, settings in sorted(cli.device.vlans.items()) if number in (None, vlan)]  # fmt: skip
    columns = [("VLAN", 5, "c"), ("IPv6 Multicast\nAdmin", 18, "l"), ("\nOper", 18, "l"), ("IPv4 Multicast\nAdmin", 18, "l"), ("\nOper", 18, "l")]
    return table(columns, rows)


# -- mirrors (reconstructed) --

_DIRECTIONS = {"both": "RX,TX", "rx": "RX", "tx": "TX"}


def ports_monitor(cli: Cli) -> str:
    """show ports monitor"""
    rows = []
    for destination, _network, sources in cli.device.mirrors():
        rows += [[source.replace("vlan", "VLAN"), destination, _DIRECTIONS[direction], "Active"] for source, direction in sources.items()]
    return table([("Source Port", 11, "l"), ("Destination Port", 16, "l"), ("Type", 8, "l"), ("Status", 10, "l")], rows)


def monitor_session(cli: Cli, number: int | None = None) -> str:
    """show monitor session [N]"""
    parts = []
    for index, session in sorted(cli.device.sessions.items()):
        if number not in (None, index):
            continue
        lines = [f"Session {index}", "Type: SPAN"]
        for source, direction in session.sources.items():
            lines.append(f"Source: {source.replace('vlan', 'VLAN')}, {_DIRECTIONS[direction]}")
        if session.destination:
            lines.append(f"Destination: {session.destination}, network port: {'enabled' if session.network else 'disabled'}")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)
