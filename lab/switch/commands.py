# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all commands, by mode. What they print is made in show.py, what they change in device.py."""

from __future__ import annotations

from typing import Any

from . import show
from .cli import WRONG, Ask, Cli, Close, Pause, Reply, command
from .device import ALL_VLANS, CliError, Port, Session, Snooping, User, Vlan, sha1

__all__ = ["Ask", "Cli", "Pause", "Reply"]

SUBMODES = "vlan port ivlan line"
CONFIG = f"config {SUBMODES}"

# -- the session --


@command("exec", "terminal datadump", level=1)
def _datadump(cli: Cli) -> Reply:
    cli.paging = False


@command("exec", "no terminal datadump", level=1)
@command("exec", "terminal no datadump", level=1)
def _no_datadump(cli: Cli) -> Reply:
    cli.paging = True


@command("exec", "terminal width <number>", level=1)
def _width(cli: Cli, width: int) -> Reply:
    if width and not 24 <= width <= 511:
        raise CliError("% bad parameter value")
    cli.width = width


@command("exec", "terminal prompt", level=1)
def _prompt(cli: Cli) -> Reply:
    cli.questions = True


@command("exec", "terminal no prompt", level=1)
@command("exec", "no terminal prompt", level=1)
def _no_prompt(cli: Cli) -> Reply:
    cli.questions = False


@command("exec", "enable", level=1)
def _enable(cli: Cli) -> Reply:
    if cli.privilege >= 15:
        return None
    misses = 0

    def check(answer: str) -> Reply:
        nonlocal misses
        if cli.device.enable_secret and sha1(answer) == cli.device.enable_secret:
            cli.privilege = 15
            return None
        misses += 1
        # Reconstructed: three tries, then this text.
        return "% Bad secrets" if misses == 3 else Ask("Password:", check, secret=True)

    return Ask("Password:", check, secret=True)


@command("exec", "disable")
def _disable(cli: Cli) -> Reply:
    cli.privilege = 1


@command("exec", "exit", level=1)
@command("exec", "logout", level=1)
def _logout(_cli: Cli) -> Reply:
    return Close()


@command("exec", "configure [terminal]")
def _configure(cli: Cli, *_terminal: str) -> Reply:
    cli.enter("config")


@command(CONFIG, "exit")
def _exit(cli: Cli) -> Reply:
    cli.leave()


@command(CONFIG, "end")
def _end(cli: Cli) -> Reply:
    cli.enter("exec")


# -- save and restart --


def _confirm(cli: Cli, question: str, then: Any) -> Reply:
    if not cli.questions:
        return then()
    return Ask(question, lambda key: then() if key in "yY" else None)


@command("exec", "write [memory]")
@command("exec", "copy running-config startup-config")
def _save(cli: Cli, *_words: str) -> Reply:
    device = cli.device
    url = "flash://startup-config" if device.ros1 else "flash://system/configuration/startup-config"

    def begin() -> Reply:
        first = show.log_line(device, f"%COPY-I-FILECPY: Files Copy - source URL running-config destination URL {url}")

        def done() -> Reply:
            if device.faults.failing_save:
                # Reconstructed.
                return f"{first}\n{show.log_line(device, '%COPY-W-TRAP: The copy operation has failed')}\nCopy: The copy operation has failed"
            device.save()
            return f"{first}\n{show.log_line(device, '%COPY-N-TRAP: The copy operation was completed successfully')}\nCopy succeeded"

        return Pause(device.faults.slow_save, done)

    return _confirm(cli, "Overwrite file [startup-config].... (Y/N)[N] ?", begin)


@command("exec", "reload")
def _reload(cli: Cli) -> Reply:
    def restart() -> Reply:
        cli.device.boot()
        cli.device.changed()
        return Close(everybody=True)

    # Reconstructed.
    unsaved = "You haven't saved your changes. Are you sure you want to continue ? (Y/N)[N] "
    question = "This command will reset the whole system and disconnect your current session. Do you want to continue ? (Y/N)[N] "
    if cli.device.startup == cli.device.running_config():
        return _confirm(cli, question, restart)
    return _confirm(cli, unsaved, lambda: _confirm(cli, question, restart))


# -- show --

for _words, _function, _level in (
    ("version", show.version, 1), ("system", show.system, 1), ("system id", show.system_id, 1), ("inventory", show.inventory, 1),
    ("clock", show.clock, 1), ("users", show.users, 1), ("cpu utilization", show.cpu, 1), ("ip ssh", show.ip_ssh, 15),
    ("startup-config", show.startup, 15), ("arp", show.arp, 1), ("ip interface", show.ip_interface, 1),
    ("bridge multicast unregistered [<port>]", show.unregistered, 1), ("ports jumbo-frame", show.jumbo, 1),
    ("ip igmp snooping mrouter", show.igmp_mrouter, 1), ("ip igmp snooping groups", show.igmp_groups, 1),
    ("ip igmp snooping interface <vid>", show.igmp_interface, 1), ("ip igmp snooping mrouter interface <vid>", show.igmp_mrouter, 1),
    ("ip igmp snooping groups vlan <vid>", show.igmp_groups, 1), ("bridge multicast filtering <vid>", show.filtering, 1),
    ("bridge multicast mode", show.multicast_mode, 1), ("bridge multicast mode vlan <vid>", show.multicast_mode, 1),
    ("interfaces status [<port>]", show.interfaces_status, 1), ("interfaces configuration [<port>]", show.interfaces_configuration, 1),
    ("interfaces description [<port>]", show.interfaces_description, 1), ("interfaces switchport [<port>]", show.switchport, 1),
    ("mac address-table", show.mac_table, 1), ("mac address-table vlan <vid>", show.mac_table, 1),
    ("mac address-table interface <port>", show.mac_table, 1), ("mac address-table address <word>", show.mac_table, 1),
    ("vlan", show.vlans, 1), ("vlan tag <vid>", show.vlans, 1), ("vlan name <name>", show.vlans, 1),
    ("spanning-tree", show.spanning_tree, 1), ("lldp neighbors", show.lldp, 1),
):  # fmt: skip
    command("exec", f"show {_words}", level=_level)(_function)

command("exec", "show ports monitor", dialects="ros1", level=1)(show.ports_monitor)
command("exec", "show monitor session [<session>]", dialects="ros2", level=1)(show.monitor_session)


@command("exec", "show running-config [detailed|brief]")
def _running(cli: Cli, *_words: str) -> Reply:
    return cli.device.running_config()


@command("exec", "show running-config interface <port>")
@command("exec", "show running-config interface vlan <vid>")
def _running_interface(cli: Cli, target: str | int) -> Reply:
    name = f"vlan {target}" if isinstance(target, int) else target
    return "\n".join([f"interface {cli.device.long_name(name)}", *cli.device.interface_lines(name), "!"]) + "\n"


@command("exec", "dir")
def _dir(_cli: Cli) -> Reply:
    return "Directory of flash:\n\n     File Name      Permission Flash Size Data Size        Modified\n"


# -- VLANs --


@command("config", "vlan database")
def _database(cli: Cli) -> Reply:
    cli.enter("vlan")


@command("vlan", "vlan <vids>")
def _vlan(cli: Cli, numbers: set[int]) -> Reply:
    cli.device.create_vlans(numbers)


@command("vlan", "vlan <vids> name <name>")
def _vlan_named(cli: Cli, numbers: set[int], name: str) -> Reply:
    if len(numbers) != 1:
        raise CliError(WRONG)
    cli.device.create_vlans(numbers)
    cli.device.vlans[min(numbers)].name = name


@command("vlan", "no vlan <vids>")
def _no_vlan(cli: Cli, numbers: set[int]) -> Reply:
    cli.device.delete_vlans(numbers)


def _vlans(cli: Cli) -> list[Vlan]:
    """The VLANs whose interface mode this is."""
    return [cli.device.vlans[number] for number in cli.targets]


@command("config port ivlan", "interface vlan <vid>")
def _interface_vlan(cli: Cli, number: int) -> Reply:
    # Reconstructed: newer firmware makes the VLAN that is named here; none of this project's commands rely on it.
    if number not in cli.device.vlans:
        raise CliError("VLAN was not created by user.")
    cli.enter("ivlan", [number])


@command("config port ivlan", "interface range vlan <vids>")
def _interface_range_vlan(cli: Cli, numbers: set[int]) -> Reply:
    cli.device.static_vlans(numbers)
    cli.enter("ivlan", sorted(numbers), ranged=True)


@command("ivlan", "name <name>")
def _name(cli: Cli, name: str) -> Reply:
    if cli.ranged and len(cli.targets) > 1:
        raise CliError(WRONG)
    for vlan in _vlans(cli):
        vlan.name = name


@command("ivlan", "no name")
def _no_name(cli: Cli) -> Reply:
    for vlan in _vlans(cli):
        vlan.name = ""


@command("ivlan", "ip address <address> <mask>")
def _ip_address(cli: Cli, address: str, mask: str) -> Reply:
    for vlan in _vlans(cli):
        vlan.address, vlan.dhcp = (address, mask), False


@command("ivlan", "no ip address [<address>]")
def _no_ip_address(cli: Cli, *_address: str) -> Reply:
    for vlan in _vlans(cli):
        vlan.address = None


@command("ivlan", "ip address dhcp", toggle=True)
def _dhcp(cli: Cli, on: bool) -> Reply:
    for vlan in _vlans(cli):
        vlan.dhcp = on
        if on:
            # Nobody in the lab answers the switch, and it is then without an address there.
            vlan.address = None


@command("ivlan", "bridge multicast mode {mac-group|ipv4-group|ipv4-src-group}")
def _multicast_mode(cli: Cli, mode: str) -> Reply:
    for vlan in _vlans(cli):
        vlan.multicast_mode = mode


@command("ivlan", "no bridge multicast mode")
def _no_multicast_mode(cli: Cli) -> Reply:
    for vlan in _vlans(cli):
        vlan.multicast_mode = "mac-group"


@command("ivlan", "bridge multicast forward-all {add|remove} <ports>")
def _forward_all(cli: Cli, action: str, ports: set[str]) -> Reply:
    for vlan in _vlans(cli):
        vlan.forward_all = vlan.forward_all | ports if action == "add" else vlan.forward_all - ports


@command("ivlan", "no bridge multicast forward-all")
def _no_forward_all(cli: Cli) -> Reply:
    for vlan in _vlans(cli):
        vlan.forward_all = set()


@command("ivlan", "bridge multicast forbidden forward-all {add|remove} <ports>")
def _forbidden_forward_all(cli: Cli, action: str, ports: set[str]) -> Reply:
    for vlan in _vlans(cli):
        have = vlan.forbidden_forward_all
        vlan.forbidden_forward_all = have | ports if action == "add" else have - ports


_TIMERS = "robustness|query-interval|query-max-response-time|last-member-query-count|last-member-query-interval"


@command("ivlan", f"ip igmp {{{_TIMERS}}} <number>")
def _timer(cli: Cli, which: str, value: int) -> Reply:
    for vlan in _vlans(cli):
        vlan.igmp[which] = str(value)


@command("ivlan", f"no ip igmp {{{_TIMERS}}}")
def _no_timer(cli: Cli, which: str) -> Reply:
    for vlan in _vlans(cli):
        vlan.igmp.pop(which, None)


# -- ports --


def _ports(cli: Cli) -> list[Port]:
    """The ports whose interface mode this is."""
    return [cli.device.ports[name] for name in cli.targets]


@command("config port ivlan", "interface <port>")
def _interface(cli: Cli, name: str) -> Reply:
    cli.enter("port", [name])


@command("config port ivlan", "interface range <ports>")
def _interface_range(cli: Cli, names: set[str]) -> Reply:
    cli.enter("port", sorted(names, key=lambda name: (name[:2], int(name[2:]))), ranged=True)


@command("port", "description <text>")
def _description(cli: Cli, text: str) -> Reply:
    for port in _ports(cli):
        port.description = text


@command("port", "no description")
def _no_description(cli: Cli) -> Reply:
    for port in _ports(cli):
        port.description = ""


@command("port", "shutdown", toggle=True)
def _shutdown(cli: Cli, on: bool) -> Reply:
    for port in _ports(cli):
        port.shutdown = on


@command("port", "switchport mode {access|trunk|general|customer}")
def _mode(cli: Cli, mode: str) -> Reply:
    # The lists of the other modes stay as lines (reconstructed).
    for port in _ports(cli):
        port.mode = mode


@command("port", "no switchport mode")
def _no_mode(cli: Cli) -> Reply:
    for port in _ports(cli):
        port.mode = cli.device.new_port().mode


@command("port", "switchport access vlan {<vid>|none}")
def _access(cli: Cli, number: int | str) -> Reply:
    wanted = number if isinstance(number, int) else None
    cli.device.need_vlans([wanted] if wanted else [])
    for port in _ports(cli):
        port.access = wanted


@command("port", "no switchport access vlan")
def _no_access(cli: Cli) -> Reply:
    for port in _ports(cli):
        port.access = 1


@command("port", "switchport trunk native vlan {<vid>|none}")
def _native(cli: Cli, number: int | str) -> Reply:
    wanted = number if isinstance(number, int) else None
    cli.device.need_vlans([wanted] if wanted else [])
    for port in _ports(cli):
        cli.device.set_native(port, wanted)


@command("port", "no switchport trunk native vlan")
def _no_native(cli: Cli) -> Reply:
    for port in _ports(cli):
        cli.device.set_native(port, 1)


def _allowed_words(cli: Cli, numbers: set[int] | str) -> set[int]:
    if numbers == "all":
        # Firmware 1.x adds the VLANs that there are (reconstructed).
        return set(cli.device.vlans) if cli.device.ros1 else set(ALL_VLANS)
    return numbers if isinstance(numbers, set) else set()


@command("port", "switchport trunk allowed vlan {add|remove} {<vids>|all}")
def _allowed(cli: Cli, action: str, numbers: set[int] | str) -> Reply:
    wanted = _allowed_words(cli, numbers) if numbers != "all" or action == "add" else set(ALL_VLANS)
    if action == "add":
        cli.device.need_vlans(wanted)
    for port in _ports(cli):
        cli.device.allow(port, action, wanted)


@command("port", "switchport trunk allowed vlan {all|none|<vids>}", dialects="ros2")
def _allowed_list(cli: Cli, numbers: set[int] | str) -> Reply:
    for port in _ports(cli):
        cli.device.allow(port, "set", _allowed_words(cli, numbers))


@command("port", "switchport trunk allowed vlan except <vids>", dialects="ros2")
def _allowed_except(cli: Cli, numbers: set[int]) -> Reply:
    for port in _ports(cli):
        cli.device.allow(port, "set", set(ALL_VLANS) - numbers)


@command("port", "no switchport trunk allowed vlan", dialects="ros2")
def _no_allowed(cli: Cli) -> Reply:
    for port in _ports(cli):
        port.allowed = cli.device.new_port().allowed


@command("port", "switchport general allowed vlan add <vids> [tagged|untagged]")
def _general_add(cli: Cli, numbers: set[int], how: str = "tagged") -> Reply:
    cli.device.need_vlans(numbers)
    for port in _ports(cli):
        port.general_tagged = (port.general_tagged - numbers) | (numbers if how == "tagged" else set())
        port.general_untagged = (port.general_untagged - numbers) | (numbers if how == "untagged" else set())


@command("port", "switchport general allowed vlan remove <vids>")
def _general_remove(cli: Cli, numbers: set[int]) -> Reply:
    for port in _ports(cli):
        port.general_tagged -= numbers
        port.general_untagged -= numbers


@command("port", "switchport general pvid <vid>")
def _pvid(cli: Cli, number: int) -> Reply:
    cli.device.need_vlans([number])
    for port in _ports(cli):
        port.pvid = number


@command("port", "no switchport general pvid")
def _no_pvid(cli: Cli) -> Reply:
    for port in _ports(cli):
        port.pvid = 1


@command("port", "switchport customer vlan <vid>")
def _customer(cli: Cli, number: int) -> Reply:
    cli.device.need_vlans([number])
    for port in _ports(cli):
        port.customer = number


@command("port", "no switchport customer vlan")
def _no_customer(cli: Cli) -> Reply:
    for port in _ports(cli):
        port.customer = None


@command("port", "switchport forbidden default-vlan", toggle=True)
def _forbid_default(cli: Cli, on: bool) -> Reply:
    for port in _ports(cli):
        port.forbid_default = on


@command("port", "bridge multicast unregistered {forwarding|filtering}")
def _unregistered(cli: Cli, how: str) -> Reply:
    for port in _ports(cli):
        port.unregistered = how


@command("port", "no bridge multicast unregistered")
def _no_unregistered(cli: Cli) -> Reply:
    for port in _ports(cli):
        port.unregistered = "forwarding"


@command("port", "channel-group <lag> mode {on|auto}")
def _channel_group(cli: Cli, number: int, mode: str) -> Reply:
    for port in _ports(cli):
        port.channel_group = (number, mode)


@command("port", "no channel-group")
def _no_channel_group(cli: Cli) -> Reply:
    for port in _ports(cli):
        port.channel_group = None


# Without effect here, and shown again as they were typed.
@command("port", "{speed|duplex|negotiation|flowcontrol|mdix|eee|lldp|qos|storm-control|spanning-tree|macro|loopback-detection|power} [<rest>]")
def _other(cli: Cli, word: str, rest: str = "") -> Reply:
    line = f"{word} {rest}".strip()
    for port in _ports(cli):
        if line not in port.others:
            port.others.append(line)


@command("port", "no {speed|duplex|negotiation|flowcontrol|mdix|eee|lldp|qos|storm-control|spanning-tree|macro|loopback-detection|power} [<rest>]")
def _no_other(cli: Cli, word: str, rest: str = "") -> Reply:
    line = f"{word} {rest}".strip()
    for port in _ports(cli):
        port.others = [have for have in port.others if have != line and not have.startswith(f"{line} ")]


# -- mirroring --


def _need_source(cli: Cli, source: str, destination: str) -> None:
    # Reconstructed texts.
    if source == destination:
        raise CliError("Source port cannot be the destination port of the same session.")
    if source in cli.device.ports and cli.device.ports[source].channel_group:
        raise CliError("Source port cannot be a member of a LAG.")


@command("port", "port monitor <port> [rx|tx]", dialects="ros1")
def _monitor(cli: Cli, source: str, direction: str = "both") -> Reply:
    return _monitor_any(cli, source, direction)


@command("port", "port monitor vlan <vid>", dialects="ros1")
def _monitor_vlan(cli: Cli, number: int) -> Reply:
    cli.device.need_vlans([number])
    return _monitor_any(cli, f"vlan {number}", "both")


def _monitor_any(cli: Cli, source: str, direction: str) -> Reply:
    if len(cli.targets) != 1:
        raise CliError(WRONG)
    name = cli.targets[0]
    _need_source(cli, source, name)
    if cli.device.ports[name].channel_group or name.startswith("po"):
        raise CliError("Destination port cannot be a LAG or a member of one.")
    if any(port.monitors for other, port in cli.device.ports.items() if other != name):
        raise CliError("Only one destination port can be configured.")
    if source in cli.device.ports and cli.device.ports[source].monitors:
        raise CliError("Source port cannot be a destination port.")
    if any(name in port.monitors for port in cli.device.ports.values()):
        raise CliError("Destination port cannot be a source port.")
    cli.device.ports[name].monitors[source] = direction
    return None


@command("port", "no port monitor <port>", dialects="ros1")
def _no_monitor(cli: Cli, source: str) -> Reply:
    for port in _ports(cli):
        port.monitors.pop(source, None)


@command("port", "no port monitor vlan <vid>", dialects="ros1")
def _no_monitor_vlan(cli: Cli, number: int) -> Reply:
    for port in _ports(cli):
        port.monitors.pop(f"vlan {number}", None)


@command("config", "monitor session <session> destination interface <port> [network]", dialects="ros2")
def _session_destination(cli: Cli, number: int, name: str, *network: str) -> Reply:
    if cli.device.ports[name].channel_group or name.startswith("po"):
        raise CliError("Destination port cannot be a LAG or a member of one.")
    session = cli.device.sessions.get(number, Session())
    for other, its in cli.device.sessions.items():
        if name in its.sources or (other != number and its.destination == name):
            raise CliError("Destination port is in use by a session.")
    session.destination, session.network = name, bool(network)
    cli.device.sessions[number] = session


@command("config", "monitor session <session> source interface <port> [both|rx|tx]", dialects="ros2")
def _session_source(cli: Cli, number: int, source: str, direction: str = "both") -> Reply:
    for its in cli.device.sessions.values():
        _need_source(cli, source, its.destination)
    cli.device.sessions.setdefault(number, Session()).sources[source] = direction


@command("config", "monitor session <session> source vlan <vid>", dialects="ros2")
def _session_vlan(cli: Cli, number: int, source: int) -> Reply:
    cli.device.static_vlans([source])
    cli.device.sessions.setdefault(number, Session()).sources[f"vlan {source}"] = "both"


def _tidy(cli: Cli, number: int) -> None:
    session = cli.device.sessions[number]
    if not session.destination and not session.sources:
        del cli.device.sessions[number]


@command("config", "no monitor session <session>", dialects="ros2")
def _no_session(cli: Cli, number: int) -> Reply:
    cli.device.sessions.pop(number, None)


@command("config", "no monitor session <session> destination [interface <port>]", dialects="ros2")
def _no_session_destination(cli: Cli, number: int, *_port: str) -> Reply:
    if number in cli.device.sessions:
        cli.device.sessions[number].destination, cli.device.sessions[number].network = "", False
        _tidy(cli, number)


@command("config", "no monitor session <session> source interface <port>", dialects="ros2")
@command("config", "no monitor session <session> source vlan <vid>", dialects="ros2")
def _no_session_source(cli: Cli, number: int, source: str | int) -> Reply:
    if number in cli.device.sessions:
        cli.device.sessions[number].sources.pop(source if isinstance(source, str) else f"vlan {source}", None)
        _tidy(cli, number)


# -- multicast --


@command("config", "bridge multicast filtering", toggle=True)
def _filtering(cli: Cli, on: bool) -> Reply:
    cli.device.filtering = on


@command("config", "ip igmp snooping", toggle=True)
def _snooping(cli: Cli, on: bool) -> Reply:
    cli.device.snooping = on


@command("config", "ip igmp snooping querier", toggle=True)
def _querier(cli: Cli, on: bool) -> Reply:
    cli.device.querier = on


def _igmp(cli: Cli, number: int) -> Snooping:
    """The settings of a VLAN, for a change. Raises CliError when the VLAN does not exist."""
    cli.device.static_vlans([number])
    return cli.device.igmp.setdefault(number, Snooping())


@command("config", "ip igmp snooping vlan <vid>", toggle=True)
def _igmp_vlan(cli: Cli, on: bool, number: int) -> Reply:
    _igmp(cli, number).enabled = on


@command("config", "ip igmp snooping vlan <vid> immediate-leave", toggle=True)
def _immediate_leave(cli: Cli, on: bool, number: int) -> Reply:
    _igmp(cli, number).immediate_leave = on


@command("config", "ip igmp snooping vlan <vid> mrouter learn pim-dvmrp", toggle=True)
def _learn(cli: Cli, on: bool, number: int) -> Reply:
    _igmp(cli, number).learn = on


@command("config", "ip igmp snooping vlan <vid> mrouter interface <ports>", toggle=True)
def _mrouter(cli: Cli, on: bool, number: int, ports: set[str]) -> Reply:
    settings = _igmp(cli, number)
    settings.mrouter = settings.mrouter | ports if on else settings.mrouter - ports


@command("config", "ip igmp snooping vlan <vid> forbidden mrouter interface <ports>", toggle=True)
def _forbidden(cli: Cli, on: bool, number: int, ports: set[str]) -> Reply:
    settings = _igmp(cli, number)
    settings.forbidden = settings.forbidden | ports if on else settings.forbidden - ports


@command("config", "ip igmp snooping vlan <vid> static <group> [interface <ports>]", toggle=True)
def _static(cli: Cli, on: bool, number: int, group: str, ports: set[str] | None = None) -> Reply:
    groups = _igmp(cli, number).groups
    if on:
        groups[group] = groups.get(group, set()) | (ports or set())
        return
    groups[group] = groups.get(group, set()) - (ports or set())
    if ports is None or not groups[group]:
        del groups[group]


@command("config", "ip igmp snooping vlan <vid> querier", toggle=True)
def _vlan_querier(cli: Cli, on: bool, number: int) -> Reply:
    _igmp(cli, number).querier = on


@command("config", "ip igmp snooping vlan <vid> querier address <address>")
def _querier_address(cli: Cli, number: int, address: str) -> Reply:
    _igmp(cli, number).querier_address = address


@command("config", "no ip igmp snooping vlan <vid> querier address")
def _no_querier_address(cli: Cli, number: int) -> Reply:
    _igmp(cli, number).querier_address = ""


@command("config", "ip igmp snooping vlan <vid> querier version {2|3}")
def _querier_version(cli: Cli, number: int, version: str) -> Reply:
    _igmp(cli, number).querier_version = version


@command("config", "no ip igmp snooping vlan <vid> querier version")
def _no_querier_version(cli: Cli, number: int) -> Reply:
    _igmp(cli, number).querier_version = "2"


@command("config", "ip igmp snooping vlan <vid> querier election", toggle=True)
def _election(cli: Cli, on: bool, number: int) -> Reply:
    _igmp(cli, number).election = on


# -- the switch itself --


@command("config", "port jumbo-frame", toggle=True)
def _jumbo(cli: Cli, on: bool) -> Reply:
    # In effect after a restart; show ports jumbo-frame says so.
    cli.device.jumbo = on


@command("config", "hostname <name>")
def _hostname(cli: Cli, name: str) -> Reply:
    cli.device.hostname = name


@command("config", "no hostname")
def _no_hostname(cli: Cli) -> Reply:
    cli.device.hostname = "switch5300fe"


@command("config", "ip ssh server", toggle=True)
def _ssh_server(cli: Cli, on: bool) -> Reply:
    cli.device.ssh_server = on


@command("config", "ip ssh password-auth", toggle=True)
def _password_auth(cli: Cli, on: bool) -> Reply:
    cli.device.password_auth = on


@command("config", "ip telnet server", toggle=True)
def _telnet(cli: Cli, on: bool) -> Reply:
    cli.device.telnet_server = on


@command("config", "ip default-gateway <address>")
def _gateway(cli: Cli, address: str) -> Reply:
    cli.device.gateway = address


@command("config", "no ip default-gateway [<address>]")
def _no_gateway(cli: Cli, *_address: str) -> Reply:
    cli.device.gateway = ""


@command("config", "spanning-tree mode {stp|rstp|mst}")
def _spanning_tree(cli: Cli, mode: str) -> Reply:
    cli.device.spanning_tree = mode


@command("config", "macro auto {disabled|enabled|controlled}")
def _macro_auto(cli: Cli, state: str) -> Reply:
    cli.device.macro_auto = state


@command("config", "username <word> password <word> [privilege <number>]")
def _username(cli: Cli, name: str, password: str, privilege: int = 1) -> Reply:
    cli.device.users[name] = User(sha1(password), privilege)


@command("config", "username <word> password encrypted <hex40> [privilege <number>]")
def _username_encrypted(cli: Cli, name: str, secret: str, privilege: int = 1) -> Reply:
    cli.device.users[name] = User(secret, privilege)


@command("config", "no username <word>")
def _no_username(cli: Cli, name: str) -> Reply:
    cli.device.users.pop(name, None)


@command("config", "enable password level <number> encrypted <hex40>")
def _enable_encrypted(cli: Cli, _level: int, secret: str) -> Reply:
    cli.device.enable_secret = secret


@command("config", "line {ssh|telnet|console}")
def _line(cli: Cli, name: str) -> Reply:
    cli.enter("line", [name])


@command("line", "exec-timeout <number> [<number>]")
def _exec_timeout(cli: Cli, *numbers: int) -> Reply:
    have = [line for line in cli.device.lines.get(cli.targets[0], []) if not line.startswith("exec-timeout")]
    cli.device.lines[cli.targets[0]] = [*have, f"exec-timeout {' '.join(map(str, numbers))}"]


@command("line", "no exec-timeout")
def _no_exec_timeout(cli: Cli) -> Reply:
    cli.device.lines.pop(cli.targets[0], None)


@command("config", "voice vlan oui-table add <word> [<rest>]")
def _oui(cli: Cli, oui: str, name: str = "") -> Reply:
    cli.device.voice_oui[oui] = name


@command("config", "voice vlan oui-table remove <word>")
def _no_oui(cli: Cli, oui: str) -> Reply:
    cli.device.voice_oui.pop(oui, None)


# Without effect here, and shown again as they were typed.
@command("config", "{bonjour|snmp-server|sntp|clock|logging|lldp|qos|eee|ip-lldp|cdp|banner|passwords|security-suite} [<rest>]", toggle=True)
def _other_global(cli: Cli, on: bool, word: str, rest: str = "") -> Reply:
    line = f"{word} {rest}".strip()
    others = [have for have in cli.device.others if have not in (line, f"no {line}")]
    cli.device.others = [*others, line if on else f"no {line}"]
