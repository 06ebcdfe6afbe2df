// Copyright (c) 2026 homerouter.tripleplay contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Written by the role homerouter.tripleplay.iptv_apps: changes made here are lost.
//
// What gerbera calls for a playlist: each channel becomes a broadcast in one folder, in the order of the list. Its own script offers them as music.

function importChannels(playlist, container, rootPath, autoscanId, containerType) {
    var folder = addContainerTree([{
        title: "Television", objectType: OBJECT_TYPE_CONTAINER, upnpclass: UPNP_CLASS_PLAYLIST_CONTAINER, metaData: []
    }]);
    var added = [];
    var words = {};
    var name = "";
    for (var line = readln(); line; line = readln()) {
        var entry = line.match(/^#EXTINF:-1((?: [a-z-]+="[^"]*")*),(.*)$/);
        if (entry) {
            words = {};
            name = entry[2];
            entry[1].replace(/([a-z-]+)="([^"]*)"/g, function (whole, key, value) { words[key] = value; return ""; });
        } else if (line.charAt(0) !== "#" && name) {
            var data = { "upnp:channelNr": [words["tvg-chno"]], "upnp:channelName": [name] };
            if (words["group-title"])
                data["upnp:genre"] = [words["group-title"]];
            if (words["tvg-logo"])
                data["upnp:albumArtURI"] = [words["tvg-logo"]];
            added.push(addCdsObject({
                objectType: OBJECT_TYPE_ITEM_EXTERNAL_URL,
                upnpclass: "object.item.videoItem.videoBroadcast",
                title: name,
                location: line,
                protocol: "http-get",
                mimetype: "video/mpeg",
                // Without it gerbera takes the playlist's own.
                size: 0,
                playlistOrder: added.length + 1,
                metaData: data
            }, folder));
            name = "";
        }
    }
    return added;
}
