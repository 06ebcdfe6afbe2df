#!/bin/sh
# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Turns a fresh Debian tree into a lab image: provision.sh ROOT KIND [OFFLINE PACKAGE...]
# KIND is "engine" (the machine that runs Docker) or "host" (a container with systemd).
set -eu
root=$1 kind=$2
shift 2

in_root() { chroot "$root" env DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

rm -f "$root/etc/machine-id"
: > "$root/etc/machine-id"
# No route leads out of the lab: nothing may wait for, or ask, the world.
for unit in apt-daily.timer apt-daily-upgrade.timer systemd-timesyncd.service getty@.service console-getty.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# What a boot does for hardware, for a first start or for an upgrade, and no machine of the lab has: half of its time.
for unit in modprobe@.service ldconfig.service systemd-binfmt.service systemd-boot-random-seed.service systemd-firstboot.service \
    systemd-hibernate-clear.service systemd-hwdb-update.service systemd-journal-catalog-update.service systemd-network-generator.service \
    systemd-pstore.service systemd-random-seed.service systemd-remount-fs.service systemd-udev-load-credentials.service \
    systemd-update-done.service systemd-update-utmp.service run-lock.mount dev-hugepages.mount dev-mqueue.mount \
    sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount proc-sys-fs-binfmt_misc.automount; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
# systemd starts its generators at each daemon-reload, and each package with a service asks for several. Those for disks, consoles and chips,
# which no machine of the lab has, take half of that time.
mkdir -p "$root/etc/systemd/system-generators"
for generator in debug fstab getty gpt-auto hibernate-resume rc-local run ssh system-update tpm2; do
    ln -sf /dev/null "$root/etc/systemd/system-generators/systemd-$generator-generator"
done

if [ "$kind" = engine ]; then
    echo engine > "$root/etc/hostname"
    cat > "$root/etc/systemd/network/10-vec0.network" <<'CONF'
[Match]
Name=vec0
[Network]
LinkLocalAddressing=no
[Address]
Address=169.254.77.2/30
# Nobody else is on this wire; to make sure would take 6 s.
DuplicateAddressDetection=none
CONF
    # Docker listens on the one wire that leads to the machine which started the engine, whether it has its address already or not.
    ln -sf /dev/null "$root/etc/systemd/system/systemd-networkd-wait-online.service"
    mkdir -p "$root/etc/systemd/system/docker.service.d" "$root/etc/docker"
    cat > "$root/etc/systemd/system/docker.service.d/lab.conf" <<'CONF'
[Service]
ExecStart=
ExecStart=/usr/sbin/dockerd --host=tcp://0.0.0.0:2375 --tls=false --containerd=/run/containerd/containerd.sock
CONF
    echo '{"bridge": "none", "iptables": false, "ip6tables": false, "ip-masq": false, "features": {"buildkit": false}}' > "$root/etc/docker/daemon.json"
    in_root systemctl enable systemd-networkd.service docker.service containerd.service
    exit 0
fi

rm -f "$root/etc/hostname" "$root"/etc/ssh/ssh_host_*
in_root ssh-keygen -A
# ssh arrives through "docker exec … sshd -i"; no daemon listens, so that a port scan sees the router alone.
in_root systemctl disable ssh.service ssh.socket 2>/dev/null || :
mkdir -p "$root/root/.ssh" "$root/run/sshd"
chmod 0700 "$root/root/.ssh"
cat > "$root/etc/ssh/sshd_config.d/lab.conf" <<'CONF'
PermitRootLogin prohibit-password
UsePAM no
PrintMotd no
CONF
# udev may touch only this host's own network interfaces, never the devices of the machine beneath.
mkdir -p "$root/etc/systemd/system/systemd-udev-trigger.service.d"
cat > "$root/etc/systemd/system/systemd-udev-trigger.service.d/lab.conf" <<'CONF'
[Service]
ExecStart=
ExecStart=udevadm trigger --subsystem-match=net --action=add
CONF
# Services of the lab's hosts are started by their provision scripts, not by their packages.
for unit in nsd nginx dhcpcd iperf3 frr kamailio kea-dhcp4-server; do
    in_root systemctl disable "$unit.service" 2>/dev/null || :
done

cat > "$root/usr/local/sbin/lab-init" <<'CONF'
#!/bin/sh
# A host is powered on with its cables in place: wait for them, then become init.
set -eu
umask 077
printf '%s\n' "$LAB_KEY" > /root/.ssh/authorized_keys
umask 022
# systemd looks at this path when it starts: without it, it takes the container for one without udev
# and knows no .device unit.
mkdir -p /run/sshd /run/udev
: > /run/udev/control
mount -o remount,rw /proc/sys 2>/dev/null || :
for nic in $LAB_NICS; do
    until [ -e "/sys/class/net/$nic" ]; do sleep 0.2; done
done
unset LAB_KEY LAB_NICS
exec /sbin/init
CONF
chmod 0755 "$root/usr/local/sbin/lab-init"

if [ $# -gt 0 ]; then
    in_root apt-get update -qq
    in_root apt-get install -y -qq --no-install-recommends --download-only "$@" > /dev/null
    mkdir -p "$root/srv/apt"
    mv "$root"/var/cache/apt/archives/*.deb "$root/srv/apt/"
    for deb in "$root"/srv/apt/*.deb; do
        in_root dpkg-deb -f "/srv/apt/${deb##*/}"
        echo "Filename: ./${deb##*/}"
        echo "Size: $(stat -c %s "$deb")"
        echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"
        echo
    done > "$root/srv/apt/Packages"
fi
rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
[ ! -d "$root/srv/apt" ] || echo 'deb [trusted=yes] file:/srv/apt ./' > "$root/etc/apt/sources.list"
rm -rf "$root"/var/lib/apt/lists/*
in_root apt-get update -qq
