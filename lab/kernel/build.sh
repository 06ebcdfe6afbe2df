#!/bin/sh
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Builds the lab kernel from Debian's source package: build.sh OUTPUT
# 7.x or later is needed: seccomp=on, new in it, is what makes User-Mode Linux fast.
set -eu
output=$1
here=$(cd "$(dirname "$0")" && pwd)
mirror=${HOMEROUTER_DEBIAN_MIRROR:-http://deb.debian.org/debian}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for tool in gcc make flex bison bc xz curl; do
    command -v "$tool" > /dev/null || { echo "missing: $tool (apt-get install gcc make flex bison bc xz-utils curl)"; exit 1; }
done
cd "$work"
curl -fsS "$mirror/dists/trixie-backports/main/binary-all/Packages.xz" | xz -dc > Packages
path=$(awk '/^Package: / { name = $2 } /^Filename: / && name ~ /^linux-source-([7-9]|[1-9][0-9])\.[0-9]+$/ { print $2 }' Packages | sort -V | tail -n 1)
[ -n "$path" ] || {
    echo "$mirror has no linux-source of 7.x or later in trixie-backports: give a kernel that was built before, HOMEROUTER_LAB_KERNEL=FILE"
    exit 1
}
sum=$(awk -v path="$path" 'BEGIN { RS = "" } index($0, path) { for (i = 1; i < NF; i++) if ($i == "SHA256:") print $(i + 1) }' Packages)
curl -fsS -o source.deb "$mirror/$path"
echo "$sum  source.deb" | sha256sum -c -
dpkg-deb -x source.deb .
tar -xf usr/src/linux-source-*.tar.xz
cd linux-source-*
cp "$here/config" .config
make ARCH=um olddefconfig
make ARCH=um -j"$(nproc)" linux
strip -o "$output" linux
