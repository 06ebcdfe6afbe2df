# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ISP tells set-top boxes by multicast: OPCH (where the portal is) and DVBSTP (which channels there are).

DVBSTP is section 5.4.1 of ETSI TS 102 034 v1.5.1, its contents (SD&S) sections 5.2 and 5.3. Nobody has published OPCH; the layout is what
the open-source reader OpchExplorer of AlphaCentaury/MovistarTV understands. That reader skips the checksum at its end; a CRC of
what comes before it stands there.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from mpegts import crc32

# Fits, with the headers of IP, UDP and DVBSTP, into the MTU of 1492 that is usual behind PPPoE.
LARGEST = 1452
DISCOVERY, BROADCAST, PACKAGES, BCG = 1, 2, 5, 6
_OPCH = struct.Struct("!III32s")
_DVBSTP = 12
_NAMESPACE = "urn:dvb:ipisdns:2006"


@dataclass(frozen=True)
class Service:
    """A channel as the guide names it."""

    number: int
    name: str
    group: str
    port: int = 8208


# --- OPCH


def opch(name: str, content: bytes, kind: int = 1) -> list[bytes]:
    """Datagrams of a configuration file."""
    size = LARGEST - _OPCH.size - 4
    parts = [content[at : at + size] for at in range(0, len(content), size)] or [b""]
    datagrams = []
    for number, part in enumerate(parts):
        body = _OPCH.pack(kind, number, len(parts), name.encode()) + part
        datagrams.append(body + crc32(body).to_bytes(4, "big"))
    return datagrams


@dataclass(frozen=True)
class OpchPart:
    """A fragment of a configuration file."""

    name: str
    number: int
    count: int
    content: bytes


def read_opch(datagram: bytes) -> OpchPart | None:
    """A fragment; None for what is none."""
    if len(datagram) < _OPCH.size + 4 or crc32(datagram):
        return None
    _kind, number, count, name = _OPCH.unpack_from(datagram)
    if number >= count:
        return None
    return OpchPart(name.rstrip(b"\0").decode("utf-8", "replace"), number, count, datagram[_OPCH.size : -4])


# --- DVBSTP


def dvbstp(kind: int, segment: int, content: bytes, version: int = 0) -> list[bytes]:
    """Datagrams of a segment.

    The last section holds the CRC, and so is the only one whose first octet is not 0, by which Movistar's readers know it.
    """
    size = LARGEST - _DVBSTP - 4
    parts = [content[at : at + size] for at in range(0, len(content), size)] or [b""]
    last = len(parts) - 1
    if last > 0xFFF:
        raise ValueError(f"{len(content)} octets do not fit into one segment")
    datagrams = []
    for number, part in enumerate(parts):
        head = bytes([number == last]) + len(content).to_bytes(3, "big") + struct.pack("!BHB", kind, segment, version)
        head += (number << 12 | last).to_bytes(3, "big") + b"\0"
        datagrams.append(head + part + (crc32(content).to_bytes(4, "big") if number == last else b""))
    return datagrams


@dataclass(frozen=True)
class Section:
    """A piece of a segment."""

    kind: int
    segment: int
    version: int
    number: int
    last: int
    total: int
    content: bytes
    crc: int | None


def read_dvbstp(datagram: bytes) -> Section | None:
    """A section; None for what is none, or what is encrypted or compressed, which Movistar's are not."""
    if len(datagram) < _DVBSTP or datagram[0] >> 6 or datagram[0] & 0x06 or datagram[11] >> 5:
        return None
    kind, segment, version = struct.unpack_from("!BHB", datagram, 4)
    numbers = int.from_bytes(datagram[8:11], "big")
    start = _DVBSTP + (4 if datagram[11] & 0x10 else 0) + 4 * (datagram[11] & 0x0F)
    end = len(datagram) - (4 if datagram[0] & 1 else 0)
    if start > end or numbers >> 12 > numbers & 0xFFF:
        return None
    crc = int.from_bytes(datagram[end:], "big") if datagram[0] & 1 else None
    return Section(kind, segment, version, numbers >> 12, numbers & 0xFFF, int.from_bytes(datagram[1:4], "big"), datagram[start:end], crc)


class Collector:
    """Puts segments together from sections in any order."""

    def __init__(self) -> None:
        self._parts: dict[tuple[int, int, int], dict[int, Section]] = {}

    def add(self, section: Section) -> bytes | None:
        """The segment, once all of it is there and its checksum fits."""
        key = (section.kind, section.segment, section.version)
        parts = self._parts.setdefault(key, {})
        parts[section.number] = section
        if any(number not in parts for number in range(section.last + 1)):
            return None
        del self._parts[key]
        content = b"".join(parts[number].content for number in range(section.last + 1))
        crc = parts[section.last].crc
        if len(content) != section.total or (crc is not None and crc != crc32(content)):
            return None
        return content


# --- SD&S, in the form that Movistar's readers expect


def _document(body: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<ServiceDiscovery xmlns="{_NAMESPACE}">\n{body}</ServiceDiscovery>\n'.encode()


def discovery(provinces: dict[int, tuple[str, int]]) -> bytes:
    """Service providers: for each province ("demarcation") the group of its channel list. One line each, as readers match by line."""
    lines = [
        f'<ServiceProvider DomainName="DEM_{number}.imagenio.es" Version="1"><Offering><Push Address="{group}" Port="{port}"/></Offering>'
        "</ServiceProvider>\n"
        for number, (group, port) in provinces.items()
    ]
    return _document(f"<ServiceProviderDiscovery>\n{''.join(lines)}</ServiceProviderDiscovery>\n")


def broadcast(services: list[Service]) -> bytes:
    """The channel list. Readers count on the order of the children."""
    lines = []
    for service in services:
        name = quoteattr(str(service.number))
        lines.append(
            f'<SingleService><ServiceLocation><IPMulticastAddress Address="{service.group}" Port="{service.port}" Streaming="rtp"/>'
            f'</ServiceLocation><TextualIdentifier ServiceName={name} logoURI="{service.number}.jpg"/>'
            f'<SI ServiceType="1"><Name Language="ESP">{_text(service.name)}</Name><ShortName Language="ESP">{_text(service.name[:8])}</ShortName>'
            f'<Description Language="ESP">{_text(service.name)}</Description><Genre>1</Genre>'
            f"<ReplacementService><TextualIdentifier ServiceName={name}/></ReplacementService></SI></SingleService>\n"
        )
    return _document(
        '<BroadcastDiscovery DomainName="imagenio.es" Version="1">\n<ServiceList>\n' + "".join(lines) + "</ServiceList>\n</BroadcastDiscovery>\n"
    )


def packages(services: list[Service]) -> bytes:
    """The one package there is: which channel has which number on the remote control."""
    lines = [
        f'<Service><TextualID ServiceName="{service.number}"/><LogicalChannelNumber>{service.number}</LogicalChannelNumber></Service>\n'
        for service in services
    ]
    return _document(
        '<PackageDiscovery DomainName="imagenio.es" Version="1">\n<Package Id="1"><PackageName Language="ESP">UTX64</PackageName>\n'
        + "".join(lines)
        + "</Package>\n</PackageDiscovery>\n"
    )


def _text(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def read_discovery(document: bytes, province: int) -> tuple[str, int] | None:
    """Group and port of a province's channel list."""
    found = re.search(rf'DEM_{province}\..*Address="([0-9.]+)"\s*Port="(\d+)"', document.decode("utf-8", "replace"))
    return (found[1], int(found[2])) if found else None


def read_broadcast(document: bytes) -> list[Service]:
    """Channels of a channel list; ValueError if it is none."""
    services = []
    try:
        # The lab's own head end wrote it: nothing in it can surprise the parser.
        root = ElementTree.fromstring(document)
        for single in root.iter(f"{{{_NAMESPACE}}}SingleService"):
            address, identifier, information = single[0][0], single[1], single[2]
            services.append(
                Service(int(identifier.attrib["ServiceName"]), information[0].text or "", address.attrib["Address"], int(address.attrib["Port"]))
            )
    except (ElementTree.ParseError, IndexError, KeyError) as error:
        raise ValueError(f"no channel list: {error}") from error
    return services
