# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels and playlists: every dialect is read, what is written is read back, every mistake is told by its line."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.homerouter.tripleplay.plugins.filter.channels_from_m3u import channels_from_m3u
from ansible_collections.homerouter.tripleplay.plugins.filter.channels_to_m3u import channels_to_m3u
from ansible_collections.homerouter.tripleplay.plugins.module_utils import _channels, _home
from ansible_collections.homerouter.tripleplay.plugins.module_utils._channels import Channel
from hypothesis import given
from hypothesis import strategies as st

RELAY = "http://192.168.1.1:4022"
LA1 = {"number": 1, "name": "La 1", "group": "239.0.0.76"}
LA2 = {"number": 2, "name": "La 2", "group": "239.0.0.2"}


def one(*lines: str) -> Channel:
    """The only channel of a playlist."""
    (channel,) = _channels.parse("\n".join(lines))
    return channel


@pytest.mark.parametrize(
    ("lines", "channel"),
    [
        (["#EXTM3U", "#EXTINF:-1,La 1", "rtp://@239.0.0.76:8208"], Channel(1, "La 1", "239.0.0.76")),
        # VLC, 2015.
        (
            ["#EXTINF:-1,7 - La 1", "#EXTTV:TDT;es;TVE;http://172.26.22.23:2001/1.jpg", "rtp://@239.0.0.76:8208"],
            Channel(7, "La 1", "239.0.0.76", genre="TDT", logo="http://172.26.22.23:2001/1.jpg", tvg_id="TVE"),
        ),
        # A relay's list, 2014.
        (
            ["#EXTINF:-1, [209] Multi 6 HD", "http://192.168.1.1:4022/udp/239.0.0.183:8208"],
            Channel(209, "Multi 6 HD", "239.0.0.183", transport="udp"),
        ),
        # TVheadend, 2016.
        (
            ['#EXTINF:-1 tvh-epg="disable" tvh-chnum="12" tvh-tags="tv|Ocio y cultura",Uno, dos', "http://h:4022/rtp/239.0.0.185:8208"],
            Channel(12, "Uno, dos", "239.0.0.185", genre="Ocio y cultura"),
        ),
        # Kodi's IPTV Simple; attributes without quotes, other players' own lines.
        (
            [
                '#EXTM3U url-tvg="http://x/guide.xml"', "# bought", '#EXTINF:0 tvg-chno=3 tvg-id="tres.es" tvg-logo="http://x/3.png" group-title="A;B",Tres',
                "#EXTVLCOPT:network-caching=1000", "#KODIPROP:x=y", "", "udp://@239.0.5.3",
            ],
            Channel(3, "Tres", "239.0.5.3", transport="udp", genre="A", logo="http://x/3.png", tvg_id="tres.es"),
        ),
        (["#EXTINF:-1,Cuatro", "#EXTGRP:TDT", "rtp://239.0.0.4:8208/"], Channel(1, "Cuatro", "239.0.0.4", genre="TDT")),
        (['#EXTINF:-1 tvg-name="Cinco",', "rtp://172.26.20.39@239.0.0.5:8208"], Channel(1, "Cinco", "239.0.0.5")),
        (["#EXTINF:-1.0,6. La Sexta\r", "HTTP://h/rtp/239.0.0.6%8208\r"], Channel(6, "La Sexta", "239.0.0.6")),
        (["\ufeff#EXTM3U", "#EXTINF:-1,13 TV", "rtp://@239.0.0.13:8208"], Channel(1, "13 TV", "239.0.0.13")),
        (['#EXTINF:-1 encrypted="true" tvg-chno="9",9 - x', "rtp://@239.0.0.9:8208"], Channel(9, "9 - x", "239.0.0.9", encrypted=True)),
    ],
)  # fmt: skip
def test_dialects_are_read(lines, channel):
    assert one(*lines) == channel


def test_channels_without_a_number_come_after_the_others():
    text = "#EXTINF:-1,a\nrtp://@239.0.0.1:8208\n#EXTINF:-1,5 - b\nrtp://@239.0.0.2:8208\n#EXTINF:-1,c\nrtp://@239.0.0.3:8208\n"
    assert [(channel.number, channel.name) for channel in _channels.parse(text)] == [(6, "a"), (5, "b"), (7, "c")]


INF, URL = "#EXTINF:-1,La 1", "rtp://@239.0.0.76:8208"
TWO = [INF, URL, "#EXTINF:-1,La 2"]
# The lines; then the line with the mistake, what it is, and what to do.
BAD = {
    "nothing": ([""], 1, "no playlist", "not its name"),
    "a file's name": (["#tv.m3u"], 1, "no playlist", "not its name"),
    "only a header": (["#EXTM3U"], 1, "no playlist", "not its name"),
    "address without a name": (["#EXTM3U", URL], 2, "without a name", "in the line above"),
    "two addresses": ([INF, URL, "rtp://@239.0.0.2:8208"], 3, "without a name", "in the line above"),
    "name without an address": ([INF, "", INF.replace("1", "2"), "rtp://@239.0.0.2:8208"], 1, "no description", "#EXTINF:-1,NAME"),
    "name before another name": ([INF, "#EXTINF:-1,La 2", "rtp://@239.0.0.2:8208"], 1, "without an address", "line below"),
    "name at the end": ([*TWO], 3, "without an address", "line below"),
    "no duration": (["#EXTINF:La 1", URL], 1, "no description", "#EXTINF:-1,NAME"),
    "no comma": (["#EXTINF:-1 La 1", URL], 1, "no description", "#EXTINF:-1,NAME"),
    "quote that does not end": (['#EXTINF:-1 tvg-id="a,La 1', URL], 1, "no description", "#EXTINF:-1,NAME"),
    "empty name": (["#EXTINF:-1,", URL], 1, "without a name", "behind the comma"),
    "a page": (["<html>", "</html>"], 1, "without a name", "in the line above"),
    "unknown kind of address": ([INF, "rtsp://172.26.83.137/x"], 2, "no address", "rtp://@GROUP:PORT"),
    "a program": ([INF, "pipe://ffmpeg -i http://x"], 2, "no address", "rtp://@GROUP:PORT"),
    "a folder": ([INF, "/srv/films/1.ts"], 2, "no address", "rtp://@GROUP:PORT"),
    "a broken address": ([INF, "http://[::1/rtp/239.0.0.1:8208"], 2, "no address", "rtp://@GROUP:PORT"),
    "web radio": ([INF, "http://example.net/live.m3u8"], 2, "a stream from the web", "player itself"),
    "relay without a port": ([INF, "http://192.168.1.1:4022/udp/239.0.0.76"], 2, "a stream from the web", "player itself"),
    "host in place of a group": ([INF, "rtp://@tv.example.net:8208"], 2, "no IPv4 address", "such as 239.0.0.76"),
    "group with a hole": ([INF, "rtp://@239.0..76:8208"], 2, "no IPv4 address", "such as 239.0.0.76"),
    "octet too large": ([INF, "rtp://@239.0.0.256:8208"], 2, "no IPv4 address", "such as 239.0.0.76"),
    "no group": ([INF, "udp://@192.168.1.5:8208"], 2, "not in 224.0.0.0/4", "such as 239.0.0.76"),
    "group of the link": ([INF, "udp://@224.0.0.1:8208"], 2, "stays on its link", "such as 239.0.0.76"),
    "discovery": ([INF, "udp://@239.255.255.250:1900"], 2, "stays on its link", "such as 239.0.0.76"),
    "port too small": ([INF, "rtp://@239.0.0.76:80"], 2, "no port", "8208"),
    "port too large": ([INF, "rtp://@239.0.0.76:82080"], 2, "no port", "8208"),
    "number 0": (["#EXTINF:-1,0 - La 1", URL], 1, "no number", "1 to 9999"),
    "number in words": (['#EXTINF:-1 tvg-chno="uno",La 1', URL], 1, "no number", "1 to 9999"),
    "number too large": (['#EXTINF:-1 tvg-chno="10000",La 1', URL], 1, "no number", "1 to 9999"),
    "number twice": (["#EXTINF:-1,1 - a", URL, "#EXTINF:-1,1 - b", "rtp://@239.0.0.2:8208"], 4, "number of line 2", "of its own"),
    "name twice": ([*TWO[:2], "#EXTINF:-1,LA 1", "rtp://@239.0.0.2:8208"], 4, "name of line 2", "La 1 HD"),
    "stream twice": ([*TWO, "udp://@239.0.0.76:8208"], 4, "stream of line 2", "leave one"),
    "name with a bell": (["#EXTINF:-1,La\x07 1", URL], 1, "cannot be printed", "remove it"),
    "name too long": (["#EXTINF:-1," + "a" * 101, URL], 1, "101 characters", "at most 100"),
    "logo from a folder": (['#EXTINF:-1 tvg-logo="la1.png",La 1', URL], 1, "no web address", "such as http://"),
    "guide's id with a blank": (['#EXTINF:-1 tvg-id="la 1",La 1', URL], 1, "a blank", "as it is"),
    "no room above": (['#EXTINF:-1 tvg-chno="9999",a', URL, "#EXTINF:-1,b", "rtp://@239.0.0.2:8208"], 1, "beyond", "1 to 9999"),
}  # fmt: skip
BAD["name without an address"] = (
    [INF, "", "#EXTINF:-1,La 2", "rtp://@239.0.0.2:8208"], 1, "without an address", "line below"
)  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_playlist_is_told_by_line_with_what_to_do(case):
    lines, line, problem, cure = BAD[case]
    with pytest.raises(AnsibleFilterError) as caught:
        channels_from_m3u("\n".join(lines))
    told = [told for told in caught.value.message.partition("m3u: ")[2].split("; line ") if told]
    first = next(part for part in told if part.removeprefix("line ").startswith(f"{line} is "))
    assert problem in first and cure in first
    if case != "a page":
        assert len(told) == 1, told


def test_there_are_thirty_kinds_of_bad_playlists():
    assert len(BAD) >= 30


def test_all_mistakes_are_told_in_the_order_of_lines():
    with pytest.raises(_channels.BadPlaylist) as caught:
        _channels.parse("\n".join([URL, "#EXTINF:-1,a", "x://y", "#EXTINF:-1,b", "rtp://@1.2.3.4:8208"]))
    assert [problem.place for problem in caught.value.problems] == ["line 1", "line 3", "line 5"]


def test_filter_takes_text_only():
    with pytest.raises(AnsibleFilterError, match="takes the text of a playlist, not list"):
        channels_from_m3u([])


def test_playlists_are_written_as_players_read_them():
    listed = [{**LA2, "genre": "TDT", "transport": "udp", "port": 1234}, LA1]
    assert channels_to_m3u(listed, "rtp") == (
        '#EXTM3U\n#EXTINF:-1 tvg-chno="1",La 1\nrtp://@239.0.0.76:8208\n'
        '#EXTINF:-1 tvg-chno="2" group-title="TDT",La 2\nudp://@239.0.0.2:1234\n'
    )
    assert channels_to_m3u([LA1], "http", RELAY) == '#EXTM3U\n#EXTINF:-1 tvg-chno="1",La 1\nhttp://192.168.1.1:4022/rtp/239.0.0.76:8208\n'
    assert channels_to_m3u(listed[:1], "tvheadend", RELAY).splitlines()[1:] == [
        '#EXTINF:-1 tvg-chno="2" group-title="TDT" tvh-chnum="2" tvh-tags="tv|TDT",La 2', "http://192.168.1.1:4022/udp/239.0.0.2:1234",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("listed", "arguments", "words"),
    [
        ([LA1], ("vlc",), "there is no playlist 'vlc'"),
        ([LA1], ("http",), "needs the relay's address"),
        ([LA1, {**LA2, "number": 1}], ("rtp",), "channels[1].number is 1, as is channels[0].number"),
        ([{**LA1, "name": ""}], ("rtp",), "channels[0].name is '', empty"),
        ([{"number": 1, "name": "x"}], ("rtp",), "group"),
        ([{**LA1, "colour": "red"}], ("rtp",), "colour"),
    ],
)
def test_what_cannot_be_written_is_told(listed, arguments, words):
    with pytest.raises(AnsibleFilterError) as caught:
        channels_to_m3u(listed, *arguments)
    assert words in caught.value.message


def home(channels: list, **changes: object) -> list[_home.Finding]:
    """What the check of the whole home says of a list."""
    good = {
        "home_uplink": "eth0", "home_internet_username": "x", "home_internet_password": "y", "home_iptv_address": "10.214.0.10/9",
        "home_iptv_channels": channels,
    }  # fmt: skip
    return _home.judge({**good, **changes}).findings


@pytest.mark.parametrize(
    ("channels", "variable", "problem", "cure"),
    [
        ([{**LA1, "number": "1"}], "home_iptv_channels[0].number", "text where a whole number", "without quotes"),
        ([{**LA1, "number": 0}], "home_iptv_channels[0].number", "no number", "1 to 9999"),
        ([{**LA1, "name": 24}], "home_iptv_channels[0].name", "a number where text", "in quotes"),
        ([{**LA1, "name": " La 1"}], "home_iptv_channels[0].name", "blank at an end", "remove"),
        ([{**LA1, "group": "10.0.0.1"}], "home_iptv_channels[0].group", "not in 224.0.0.0/4", "239.0.0.76"),
        ([{**LA1, "group": "239.77.0.1"}], "home_iptv_channels[0].group", "outside 239.0.0.0/16", "home_iptv_groups"),
        ([{**LA1, "port": 80}], "home_iptv_channels[0].port", "no port", "8208"),
        ([{**LA1, "transport": "rtsp"}], "home_iptv_channels[0].transport", "no transport", "rtp"),
        ([{**LA1, "genre": 'a"b'}], "home_iptv_channels[0].genre", 'with " in it', "leave that out"),
        ([{**LA1, "logo": "file:///x"}], "home_iptv_channels[0].logo", "no web address", "http://"),
        ([{**LA1, "tvg_id": "a b"}], "home_iptv_channels[0].tvg_id", "a blank", "as it is"),
        ([{**LA1, "encrypted": "yes"}], "home_iptv_channels[0].encrypted", "text where true or false", "without quotes"),
        ([{"number": 1, "name": "x"}], "home_iptv_channels[0].group", "required", "239.0.0.76"),
        ([{**LA1, "grupo": "x"}], "home_iptv_channels[0].grupo", "no role reads", "group"),
        ([LA1, {**LA2, "number": 1}], "home_iptv_channels[1].number", "as is home_iptv_channels[0].number", "of its own"),
        ([LA1, {**LA2, "name": "LA 1"}], "home_iptv_channels[1].name", "as is home_iptv_channels[0].name", "of its own"),
        ([LA1, {**LA1, "number": 2, "name": "x"}], "home_iptv_channels[1].group", "as is home_iptv_channels[0].group", "once"),
    ],
)
def test_home_tells_what_is_wrong_with_its_channels(channels, variable, problem, cure):
    (finding,) = home(channels)
    assert finding.variable == variable
    assert problem in finding.problem and cure in finding.cure


def test_home_takes_good_channels():
    assert home([LA1, {**LA2, "encrypted": True, "port": 1234}], home_iptv_apps_enabled=True) == []
    (finding,) = home([], home_iptv_apps_enabled=True, home_iptv_enabled=False)
    assert finding.variable == "home_iptv_apps_enabled"


def text(forbidden: str = "", least: int = 0) -> st.SearchStrategy[str]:
    """Text as the checks allow it."""
    characters = st.characters(exclude_categories=["Cs"], exclude_characters=forbidden)
    return st.text(characters, min_size=least, max_size=30).filter(lambda value: value.isprintable() and value == value.strip())


@st.composite
def lineups(draw) -> list[Channel]:
    """Lists that the checks let pass."""
    listed: dict[int, Channel] = {}
    for number in draw(st.lists(st.integers(1, 9999), min_size=1, max_size=8, unique=True)):
        listed[number] = Channel(
            number, draw(text(least=1)), f"239.{draw(st.integers(0, 254))}.{number // 256}.{number % 256}", draw(st.integers(1024, 65535)),
            draw(st.sampled_from(["rtp", "udp"])), draw(text('"|;')), draw(st.sampled_from(["", "http://x/a,b.png", "https://h/%20?c=d"])),
            draw(text('" ')), draw(st.booleans()),
        )  # fmt: skip
    named = {channel.name.casefold(): channel for channel in listed.values()}
    return sorted(named.values(), key=lambda channel: channel.number)


@given(lineups(), st.sampled_from(_channels.FLAVOURS))
def test_what_is_written_is_read_back(listed, flavour):
    entries = _channels.entries(listed)
    assert _channels.problems(entries) == []
    assert _channels.channels(entries) == listed
    assert _channels.parse(_channels.render(listed, flavour, RELAY)) == listed
    assert _channels.parse(_channels.render(listed, flavour, RELAY).replace("\n", "\r\n")) == listed


@given(st.one_of(st.text(), st.lists(st.sampled_from([*(line for lines, *_rest in BAD.values() for line in lines), INF, URL])).map("\n".join)))
def test_nothing_but_a_playlist_error_comes_of_any_text(written):
    try:
        listed = _channels.parse(written)
    except _channels.BadPlaylist as error:
        assert error.problems and all(problem.cure for problem in error.problems)
    else:
        assert listed and _channels.problems(_channels.entries(listed)) == []
