# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of topology.yml as containers, and the cables between them and the switch."""

from __future__ import annotations

import concurrent.futures
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from .common import LAB, ROOT, STATE, TAG, run, step
from .engine import LABEL, docker, docker_host, image_ref

SSH_CONFIG = STATE / "ssh_config"
_KEY = STATE / "ssh_key"


def topology() -> dict[str, Any]:
    """topology.yml as data."""
    return yaml.safe_load((LAB / "topology.yml").read_text(encoding="utf-8"))


def container(host: str) -> str:
    """Docker's name of a host."""
    return f"homerouter-{TAG}-{host}"


def pid(host: str) -> str:
    """Process id of a host's init, as the engine's kernel knows it."""
    return docker("inspect", "--format", "{{.State.Pid}}", container(host)).strip()


def _in_engine(script: str) -> None:
    """Run a shell script beside the containers, where all their network namespaces can be reached."""
    docker(
        "run", "--rm", "--interactive", "--privileged", "--pid=host", "--network=host", "--label", LABEL,
        "--entrypoint=/bin/sh", image_ref("node"), "-eu", stdin=script,
    )  # fmt: skip


def port(host: str) -> str:
    """The port of the switch at which somebody hangs."""
    return next(name for name, who in topology()["switch"]["ports"].items() if who == host)


def _cables(hosts: list[str]) -> str:
    """Shell lines that plug the given hosts in. What a port does with its cable is the business of the switch, which notices it by itself."""
    top = topology()
    switch = pid("switch")
    lines: list[str] = []
    if "switch" in hosts:
        for name, spec in top["switch"]["inside"].items():
            lines += [
                # Its process namespace too: ip netns looks itself up in the container's /proc.
                f"nsenter -t {switch} -m -n -p sh -eu <<'INSIDE'",
                f"ip netns delete {name} 2>/dev/null || :",
                f"ip netns add {name}",
                f"ip -netns {name} link set lo up",
                f"ip link add name eth0 address {spec['mac']} netns {name} type veth peer name {port(name)}",
                f"ip -netns {name} link set eth0 up",
                *([f"ip -netns {name} address add {spec['address']} dev eth0"] if "address" in spec else []),
                "INSIDE",
            ]
        # A switch is powered on last of all: everybody's cable has to be plugged in again.
        hosts = list(top["hosts"])
    for host in hosts:
        if host == "switch":
            continue
        name, mac = port(host), top["hosts"][host]["mac"]
        lines += [
            # A cable that only the switch has let go of keeps its other end, and all that the host has made of it.
            f"ip link set {_loose(host)} netns {switch} name {name} 2>/dev/null || {{",
            # Either end takes the other with it. What a switch or a host that has just ended leaves behind goes only a while after it.
            f"nsenter -t {pid(host)} -n ip link delete eth0 2>/dev/null || :",
            f"nsenter -t {switch} -n ip link delete {name} 2>/dev/null || :",
            f"ip link add name eth0 address {mac} netns {pid(host)} type veth peer name {name} netns {switch}",
            f"nsenter -t {pid(host)} -n ip link set eth0 up; }}",
        ]
    return "\n".join(lines) + "\n"


def _loose(host: str) -> str:
    """Name of the switch's end of a cable while there is no switch."""
    return f"{TAG}-{port(host)}"


def _unplug() -> None:
    """Take the cables out of the switch, which is about to be powered off: to the hosts it is no more than a link that is lost."""
    switch = pid("switch")
    hosts = [host for host in topology()["hosts"] if host != "switch"]
    _in_engine("\n".join(f"nsenter -t {switch} -n ip link set {port(host)} netns 1 name {_loose(host)} || :" for host in hosts) + "\n")


def _create(host: str, image: str) -> None:
    nics = "" if host == "switch" else "eth0"
    docker(
        "run", "--detach", "--name", container(host), "--hostname", host, "--label", LABEL, "--privileged",
        "--cgroupns=private", "--network=none", "--tmpfs=/run", "--tmpfs=/tmp",
        # What systemd takes for a power button; at SIGTERM it would start itself anew.
        "--stop-signal=SIGRTMIN+4",
        "--env", f"LAB_KEY={_KEY.with_suffix('.pub').read_text(encoding='utf-8').strip()}",
        "--env", f"LAB_NICS={nics}", image_ref(image),
    )  # fmt: skip


# In the host itself, since each start of a command from outside costs as much as ten from inside. "degraded" is a finished boot too; what failed
# is for the tests to say. --wait fails until systemd answers at all.
_BOOTED = """
timeout 90 sh -c 'until systemctl is-system-running --wait 2>&1 | grep -qxE "running|degraded"; do sleep 0.2; done' || {
    echo "waited 90 s in vain for $(hostname) to boot; systemd's jobs:"
    systemctl list-jobs
    exit 1
}
"""


def _provision(host: str) -> None:
    """Wait until a host has booted, and make it what it is in the house."""
    top = topology()
    programs = top["hosts"][host].get("programs")
    if programs:
        docker("cp", LAB / programs, f"{container(host)}:/usr/local/lib/")
    docker("exec", container(host), "sh", "-c", _BOOTED)
    for name in top["hosts"][host].get("provision", "").split():
        script = LAB / "hosts" / f"{name}.sh"
        words = [top["switch"]["dialect"], len(top["switch"]["ports"])] if host == "switch" else []
        docker("exec", "--interactive", container(host), "sh", "-s", *map(str, words), stdin=script.read_text(encoding="utf-8"))


def _each(work: Callable[[str], None], hosts: list[str]) -> None:
    """Do the same for several hosts at once; the first error comes out when all are done."""
    with concurrent.futures.ThreadPoolExecutor(len(hosts)) as pool:
        list(pool.map(work, hosts))


def _settle(hosts: list[str]) -> None:
    _in_engine(_cables(hosts))
    _each(_provision, hosts)


def running() -> set[str]:
    """Hosts that are up now."""
    out = docker("ps", "--filter", f"label={LABEL}", "--format", "{{.Names}}")
    return {name.rpartition("-")[2] for name in out.split()}


def up() -> None:
    """Start what is not running yet: safe to call again, also after an interruption."""
    if not _KEY.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "homerouter-lab", "-f", _KEY)
    _write_access()
    top = topology()
    # A host counts as up when its marker says that it was wired and provisioned to the end.
    missing = [host for host in top["hosts"] if host not in running() or not (STATE / f"{host}.ready").exists()]
    if "switch" in missing:
        missing = list(top["hosts"])
    if not missing:
        return
    with step(f"hosts: {', '.join(missing)}"):

        def make(host: str) -> None:
            _remove(host)
            _create(host, top["hosts"][host]["image"])

        _each(make, missing)
        _settle(missing)
        for host in missing:
            (STATE / f"{host}.ready").write_text(pid(host), encoding="utf-8")


def _remove(host: str) -> None:
    (STATE / f"{host}.ready").unlink(missing_ok=True)
    if docker("ps", "--all", "--quiet", "--filter", f"name=^{container(host)}$").strip():
        docker("rm", "--force", "--volumes", container(host))


def _forget_leases() -> None:
    """A fresh router knows nothing of the addresses that its predecessor has lent, and would lend one of them to somebody else."""
    for host in set(topology()["hosts"]) - {"isp", "router", "switch"}:
        docker(
            "exec", container(host), "sh", "-ec",
            "! systemctl --quiet is-active dhcp-client || { systemctl stop dhcp-client; trap 'systemctl start dhcp-client' EXIT; };"
            " rm -f /var/lib/dhcpcd/*.lease; ip -4 address flush dev eth0",
        )  # fmt: skip


def replace(host: str, image: str | None = None, packages: list[str] | None = None) -> None:
    """A fresh machine in a host's place: its disk is new, its cable the same."""
    with step(f"fresh {host} ({image or topology()['hosts'][host]['image']})"):
        if host == "switch":
            _unplug()
        _remove(host)
        _create(host, image or topology()["hosts"][host]["image"])
        _settle([host])
        if packages:
            docker("exec", container(host), "apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages)
        if host == "router":
            _forget_leases()
        (STATE / f"{host}.ready").write_text(pid(host), encoding="utf-8")


def reboot(host: str) -> None:
    """Power off and on: the disk stays, interfaces and processes do not."""
    with step(f"reboot {host}"):
        if host == "switch":
            _unplug()
        docker("restart", "--time", "30", container(host))
        _settle([host])


def restore(configuration: Path) -> None:
    """Power the switch off and on with this as its saved configuration, whatever it was before; the cables notice only what differs."""
    with step(f"switch as in {configuration.name}"):
        docker("exec", container("switch"), "switch", json.dumps({"restore": configuration.read_text(encoding="latin-1")}))


def switch_proxy() -> str:
    """ssh's ProxyCommand to the switch's command line, from the laptop at its port."""
    return f"docker --host {shlex.quote(docker_host())} exec -i {container('switch')} nsenter --net=/run/netns/laptop nc %h %p"


def _write_access() -> None:
    """ssh without any network: each host's sshd is started by docker exec at the other end of a pipe."""
    engine = shlex.quote(docker_host())
    blocks = ["# Written by the lab; goes with `make down`."]
    for host, spec in topology()["hosts"].items():
        blocks.append(
            f"Host {' '.join([host, *spec.get('addresses', [])])}\n"
            f"    ProxyCommand docker --host {engine} exec -i {container(host)} /usr/sbin/sshd -i\n"
        )
    blocks.append(
        "Host *\n"
        "    User root\n"
        f"    IdentityFile {_KEY}\n"
        "    IdentitiesOnly yes\n"
        "    StrictHostKeyChecking no\n"
        "    UserKnownHostsFile /dev/null\n"
        "    LogLevel ERROR\n"
        "    ControlMaster auto\n"
        "    ControlPersist 300\n"
        # Short, since the path of a unix socket may have 107 characters at most.
        f"    ControlPath /tmp/homerouter-{TAG}-%n\n"
    )
    SSH_CONFIG.write_text("\n".join(blocks), encoding="utf-8")
    playbooks = ROOT / "playbooks"
    if playbooks.is_dir():
        (playbooks / "ansible.cfg").write_text(
            "# Written by the lab, so that `cd playbooks && ansible-playbook site.yml -i home` reaches its router;\n"
            "# goes with `make down`.\n"
            "[defaults]\n"
            f"collections_path = {ROOT}/build/collections\n"
            "inject_facts_as_vars = false\n"
            "[ssh_connection]\n"
            "pipelining = true\n"
            f"ssh_args = -F {SSH_CONFIG}\n"
            # The switch's command line is reached as an owner's laptop reaches it: through a port of the switch.
            "[libssh_connection]\n"
            f"proxy_command = {switch_proxy()}\n"
            # Each fresh switch has a key of its own.
            "host_key_checking = false\n",
            encoding="utf-8",
        )
