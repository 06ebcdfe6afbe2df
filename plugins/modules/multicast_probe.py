#!/usr/bin/python
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join a multicast group and say what comes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: multicast_probe
short_description: Join a multicast group and say what comes, how fast and how whole
version_added: 0.1.0
description:
  - Joins a group on an interface as a set-top box does, waits for its first packet, watches the stream for a while and
    leaves. Tells the time to the first packet, the bit rate, and loss from RTP sequence numbers and from the continuity
    counters of MPEG transport streams, with RTP around them or without.
  - A group of which nothing comes is a result, RV(received) false, and no error.
  - What is measured is what this host gets. Its firewall has to accept the group on the interface, and the reverse-path
    filter applies; what the latter drops is counted in RV(reverse_path_drops).
  - The join is the only trace it leaves on the network, and it ends with the module. Nothing on the host is changed;
    running it again gives the same answer as long as the stream is the same.
  - Fails if the interface does not exist or is down, if the group is no multicast address, or if the kernel refuses to
    join.
author:
  - The homerouter.tripleplay contributors (@homerouter)
attributes:
  check_mode:
    description: Runs in check mode as otherwise, since it changes nothing.
    support: full
  diff_mode:
    description: There is nothing that could differ.
    support: none
options:
  interface:
    description: Interface on which to join. It must be up.
    type: str
    required: true
  group:
    description: Address of the group.
    type: str
    required: true
  port:
    description: UDP port of the group.
    type: int
    default: 8208
  source:
    description: >-
      Address of the only sender to ask for (source-specific multicast, which needs IGMP version 3). Empty, any sender
      will do.
    type: str
    default: ""
  timeout:
    description: Seconds to wait for the first packet.
    type: float
    default: 5.0
  duration:
    description: Seconds to watch from the first packet on.
    type: float
    default: 2.0
"""

EXAMPLES = r"""
- name: Does the ISP send this channel
  homerouter.tripleplay.multicast_probe:
    interface: vlan2
    group: 239.0.0.76
  register: channel

- name: Ten seconds of it without loss
  homerouter.tripleplay.multicast_probe:
    interface: vlan2
    group: 239.0.0.76
    duration: 10
  register: channel
  failed_when: not channel.received or channel.rtp.lost > 0
"""

RETURN = r"""
received:
  description: Whether a packet of the group came within O(timeout).
  returned: always
  type: bool
  sample: true
msg:
  description: The findings in words.
  returned: always
  type: str
  sample: "239.0.0.76 on vlan2: first packet after 27.4 ms, 569 packets in 2.0 s, 3.0 Mbit/s of RTP, 0 lost"
first_packet_ms:
  description: Time from the join to the first packet in milliseconds, V(null) if none came.
  returned: always
  type: float
  sample: 27.4
joined_before:
  description: >-
    Whether this host was a member of the group on this interface already, as a proxy's host is while somebody watches.
    RV(first_packet_ms) then tells nothing about joining.
  returned: always
  type: bool
  sample: false
packets:
  description: Datagrams that came while the module watched.
  returned: always
  type: int
  sample: 569
bytes:
  description: Octets in them, without IP and UDP headers.
  returned: always
  type: int
  sample: 755632
bit_rate:
  description: Bits a second of the same octets, from the first packet to the last.
  returned: always
  type: float
  sample: 3002112.5
longest_gap_ms:
  description: Longest time between two packets in milliseconds.
  returned: always
  type: float
  sample: 5.1
framing:
  description: >-
    V(rtp), V(udp) for a transport stream without RTP, V(unknown) for anything else, V(none) if nothing came.
  returned: always
  type: str
  sample: rtp
sources:
  description: Packets by address of their sender.
  returned: always
  type: dict
  sample: {172.26.72.17: 569}
rtp:
  description: What the sequence numbers of RTP tell.
  returned: always
  type: dict
  contains:
    packets:
      description: RTP packets.
      type: int
    lost:
      description: Packets that did not come.
      type: int
    reordered:
      description: Packets that came late.
      type: int
    duplicates:
      description: Packets that came more than once.
      type: int
    restarts:
      description: How often the sender began anew, with another SSRC or other sequence numbers.
      type: int
  sample: {packets: 569, lost: 0, reordered: 0, duplicates: 0, restarts: 0}
ts:
  description: What the packets of the MPEG transport stream tell.
  returned: always
  type: dict
  contains:
    packets:
      description: Transport stream packets of 188 octets.
      type: int
    pids:
      description: Number of PIDs, null packets apart.
      type: int
    continuity_errors:
      description: Gaps in the continuity counters of all PIDs. One gap may be any number of lost packets.
      type: int
    continuity_errors_by_pid:
      description: The same by PID, as a decimal number.
      type: dict
    discontinuities:
      description: Jumps that the sender announced, which are no errors.
      type: int
    duplicates:
      description: Packets that the sender sent twice, which is allowed.
      type: int
    null_packets:
      description: Packets that only fill the stream.
      type: int
    scrambled:
      description: Packets that are encrypted. Such a channel plays on the ISP's own set-top boxes only.
      type: int
    transport_errors:
      description: Packets that were damaged before they were put into IP.
      type: int
    invalid:
      description: Pieces that are no packets.
      type: int
  sample:
    packets: 3983
    pids: 3
    continuity_errors: 0
    continuity_errors_by_pid: {}
    discontinuities: 0
    duplicates: 0
    null_packets: 120
    scrambled: 0
    transport_errors: 0
    invalid: 0
overflow:
  description: Packets that reached this host and found no room in the module's buffer; they are among the lost ones.
  returned: always
  type: int
  sample: 0
reverse_path_drops:
  description: Packets of any kind that the whole host dropped meanwhile because of rp_filter.
  returned: always
  type: int
  sample: 0
"""

import ipaddress

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _mpegts, _multicast_probe


def problem(params: dict[str, object]) -> str:
    """What is wrong with the arguments, empty if nothing is."""
    for name in ("group", "source"):
        value = str(params[name])
        if name == "source" and not value:
            continue
        try:
            address = ipaddress.IPv4Address(value)
        except ValueError:
            return f"{name} is {value!r}, which is no IPv4 address."
        if address.is_multicast != (name == "group"):
            return f"{name} is {value}: take {'224.0.0.0 to 239.255.255.255' if name == 'group' else 'the address of one host'}."
    # Written so that a NaN is refused too.
    for name, least, most in (("port", 1, 65535), ("timeout", 0.01, 300), ("duration", 0, 600)):
        if not least <= float(str(params[name])) <= most:
            return f"{name} is {params[name]}: take {least} to {most}."
    return ""


def words(interface: str, group: str, timeout: float, found: _multicast_probe.Findings) -> str:
    """The findings as one line."""
    meter = found.meter
    dropped = f"; meanwhile rp_filter dropped {found.reverse_path_drops} packets on this host" if found.reverse_path_drops else ""
    if found.first_after is None:
        return f"{group} on {interface}: nothing came within {timeout:g} s{dropped}"
    what = {"rtp": "RTP", "udp": "UDP without RTP", "unknown": "UDP that is no transport stream"}[meter.framing]
    errors = sum(meter.ts.continuity_errors.values())
    loss = {"rtp": f", {meter.rtp.lost} lost", "udp": f", {errors} continuity errors", "unknown": ""}[meter.framing]
    return (
        f"{group} on {interface}: first packet after {found.first_after * 1000:.1f} ms, {meter.packets} packets in "
        f"{meter.last_at - meter.first_at:.1f} s, {meter.bit_rate / 1e6:.1f} Mbit/s of {what}{loss}{dropped}"
    )


def transport_stream(meter: _mpegts.TsMeter) -> dict[str, object]:
    """The counts of the transport stream as they are returned."""
    return {
        "packets": meter.packets,
        "pids": len(meter.pids),
        "continuity_errors": sum(meter.continuity_errors.values()),
        "continuity_errors_by_pid": {str(pid): errors for pid, errors in sorted(meter.continuity_errors.items())},
        "discontinuities": meter.discontinuities,
        "duplicates": meter.duplicates,
        "null_packets": meter.null_packets,
        "scrambled": meter.scrambled,
        "transport_errors": meter.transport_errors,
        "invalid": meter.invalid,
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "interface": {"type": "str", "required": True},
            "group": {"type": "str", "required": True},
            "port": {"type": "int", "default": 8208},
            "source": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 5.0},
            "duration": {"type": "float", "default": 2.0},
        },
        supports_check_mode=True,
    )
    params = module.params
    wrong = problem(params)
    if wrong:
        module.fail_json(msg=wrong)
    group = str(ipaddress.IPv4Address(params["group"]))
    try:
        found = _multicast_probe.watch(params["interface"], group, params["port"], params["source"], params["timeout"], params["duration"])
    except _multicast_probe.ProbeError as error:
        module.fail_json(msg=str(error))
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"Cannot watch {group} on {params['interface']}: {error}")
    meter = found.meter
    module.exit_json(
        changed=False,
        received=found.first_after is not None,
        msg=words(params["interface"], group, params["timeout"], found),
        first_packet_ms=None if found.first_after is None else round(found.first_after * 1000, 2),
        joined_before=found.joined_before,
        packets=meter.packets,
        bytes=meter.octets,
        bit_rate=round(meter.bit_rate, 1),
        longest_gap_ms=round(meter.longest_gap * 1000, 2),
        framing=meter.framing if meter.packets else "none",
        sources=found.sources,
        rtp={
            "packets": meter.rtp.packets,
            "lost": meter.rtp.lost,
            "reordered": meter.rtp.reordered,
            "duplicates": meter.rtp.duplicates,
            "restarts": meter.rtp.restarts,
        },
        ts=transport_stream(meter.ts),
        overflow=found.overflow,
        reverse_path_drops=found.reverse_path_drops,
    )


if __name__ == "__main__":
    main()
