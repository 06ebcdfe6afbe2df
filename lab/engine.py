# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the containers run: the host's Docker if its kernel knows VLANs and PPPoE, else one in a lab kernel.

The lab kernel is User-Mode Linux, an ordinary process. It lives in a network namespace whose only other end is a
veth with a link-local address, so nothing in the lab can reach anything outside. Its Docker is reached through a
unix socket, since unix sockets are not bound to network namespaces.
"""

from __future__ import annotations

import lzma
import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from . import images
from .common import LAB, LOG, ROOT, STATE, TAG, LabError, alone, cache, fingerprint, poll, run, step

NETNS = f"homerouter-{TAG}"
SOCKET = STATE / "docker.sock"
LABEL = f"homerouter.lab={TAG}"
_ENGINE_ADDRESS = "169.254.77.2"
_MEMORY = os.environ.get("HOMEROUTER_LAB_MEMORY", "4G")


def host_can() -> tuple[bool, str]:
    """Whether the host's own Docker and kernel can carry the lab, and the reason in a few words."""
    if os.environ.get("HOMEROUTER_LAB_ENGINE") == "uml":
        return False, "HOMEROUTER_LAB_ENGINE=uml asks for the lab kernel"
    if shutil.which("docker") is None:
        return False, "no docker command"
    info = subprocess.run(["docker", "info", "--format", "{{.ServerVersion}}"], capture_output=True, text=True, check=False)
    if info.returncode != 0:
        return False, "no Docker engine answers"
    # The kernel is asked in a namespace that ends with the question.
    vlan = subprocess.run(
        ["unshare", "--net", "sh", "-c",
         "ip link add a type veth peer name b && ip link add link a name a.6 type vlan id 6"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if vlan.returncode != 0:
        return False, "the kernel has no 802.1Q"
    subprocess.run(["modprobe", "pppoe"], capture_output=True, check=False)
    try:
        socket.socket(24, socket.SOCK_STREAM, 0).close()  # AF_PPPOX
    except OSError:
        return False, "the kernel has no PPPoE"
    return True, f"Docker {info.stdout.strip()}, kernel with 802.1Q and PPPoE"


def docker_host() -> str:
    """Where the Docker command finds the lab's engine."""
    return f"unix://{SOCKET}" if SOCKET.exists() else os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")


def docker(*argv: str | Path, stdin: str | None = None) -> str:
    """Run the docker command against the lab's engine."""
    return run("docker", "--host", docker_host(), *argv, stdin=stdin)


def _answers() -> bool:
    done = subprocess.run(
        ["docker", "--host", docker_host(), "version", "--format", "{{.Server.Version}}"],
        capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


def _alive(name: str) -> int | None:
    """Process id from build/lab/NAME.pid if that process is still the one that was started here."""
    path = STATE / f"{name}.pid"
    if not path.exists():
        return None
    pid, _space, born = path.read_text(encoding="utf-8").partition(" ")
    try:
        # Field 22 is the start time in clock ticks: pid and start time together name a process for good.
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:
        return None
    return int(pid) if stat[19] == born.strip() and stat[0] != "Z" else None


def _spawn(name: str, *argv: str | Path) -> None:
    """Start a process that outlives this one, and remember it for `down`."""
    with LOG.open("ab") as log:
        process = subprocess.Popen(
            [str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    born = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    (STATE / f"{name}.pid").write_text(f"{process.pid} {born}\n", encoding="utf-8")


def _end(name: str, seconds: float = 10) -> None:
    pid = _alive(name)
    if pid is not None:
        os.killpg(pid, signal.SIGTERM)
        try:
            poll(lambda: _alive(name) is None, seconds, f"the end of {name}")
        except LabError:
            os.killpg(pid, signal.SIGKILL)
    (STATE / f"{name}.pid").unlink(missing_ok=True)


def kernel() -> Path:
    """The lab kernel: a given one, a cached one, or one built from Debian's source."""
    config = LAB / "kernel" / "config"
    target = cache() / f"linux-{fingerprint(config)}"
    if not target.exists():
        given = os.environ.get("HOMEROUTER_LAB_KERNEL")
        partial = target.with_suffix(".partial")
        if given:
            with step(f"lab kernel: unpack {Path(given).name}"):
                data = Path(given).read_bytes()
                partial.write_bytes(lzma.decompress(data) if given.endswith(".xz") else data)
        else:
            with step("lab kernel: build from Debian's linux-source (5 to 15 minutes, once)"):
                run(LAB / "kernel" / "build.sh", partial)
        partial.chmod(0o755)
        run(partial, "--version")
        partial.rename(target)
    return target


def _core() -> int:
    """The core of this machine that has fewest lab kernels."""
    cores = dict.fromkeys(sorted(os.sched_getaffinity(0)), 0)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"\0uml_dir=" in (folder / "cmdline").read_bytes():
                (core,) = os.sched_getaffinity(int(folder.name))
                cores[core] += 1
        except (KeyError, OSError, ValueError):
            continue  # It has just ended, or may run on several.
    return min(cores, key=cores.__getitem__)


def _boot(disk: str) -> None:
    """Start the lab kernel on a disk and wait for its Docker."""
    if not Path("/var/run/netns", NETNS).exists():
        run("ip", "netns", "add", NETNS)
        run("ip", "-netns", NETNS, "link", "add", "out", "type", "veth", "peer", "name", "in")
        run("ip", "-netns", NETNS, "address", "add", "169.254.77.1/30", "dev", "out")
        for name in ("lo", "out", "in"):
            run("ip", "-netns", NETNS, "link", "set", name, "up")
    inside = ("ip", "netns", "exec", NETNS)
    _spawn(
        # One core for all of it: at each system call and page fault in the lab this kernel takes over from the process and gives back, and on
        # two cores each of them has to be woken. Measured on two cores: a start of Python takes 0.10 s instead of 0.20 s.
        "kernel", *inside, "taskset", "--cpu-list", str(_core()), kernel(),
        f"mem={_MEMORY}", f"ubd0={disk}", "root=/dev/ubda", "rw", "seccomp=on",
        # All hosts have these together, and none may set them: the room that the role iptv_apps gives a receiver, and that for packets which a
        # core has not come to, through which here goes every cable of the house.
        "sysctl.net.core.rmem_max=4194304", "sysctl.net.core.netdev_max_backlog=10000",
        "con0=null,fd:1", "con=null", "ssl=null", "vec0:transport=raw,ifname=in", f"uml_dir={STATE}/uml", "quiet",
    )  # fmt: skip
    SOCKET.unlink(missing_ok=True)
    poll(_listens, 120, "Docker in the lab kernel (see the log)")
    # -t: keep a half-closed connection (a command without input) open until the other side is done.
    _spawn("socket", *inside, "socat", "-t", "86400", f"UNIX-LISTEN:{SOCKET},fork,mode=0600", f"TCP:{_ENGINE_ADDRESS}:2375")
    poll(_answers, 60, "Docker in the lab kernel (see the log)")


def _listens() -> bool:
    """Whether the lab kernel's Docker takes connections. A try from before its wire is up would hang for seconds."""
    done = subprocess.run(
        ["ip", "netns", "exec", NETNS, "socat", "-u", "OPEN:/dev/null", f"TCP:{_ENGINE_ADDRESS}:2375,connect-timeout=0.5"],
        capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode == 0


def _halt() -> None:
    _end("socket")
    _end("kernel", 5)
    if Path("/var/run/netns", NETNS).exists():
        run("ip", "netns", "delete", NETNS)
    SOCKET.unlink(missing_ok=True)


def _import_images() -> None:
    wanted = {name: f"homerouter-{name}:{images.host_key(name)}" for name in images.names()}
    present = set(docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split())
    missing = {name: ref for name, ref in wanted.items() if ref not in present}
    tars = {name: images.host_tar(name) for name in missing}
    if not missing:
        return
    # One after the other: two at once have been seen to hang.
    for name, ref in missing.items():
        with step(f"import image {name} into Docker"):
            docker(
                "import", "--change", 'CMD ["/usr/local/sbin/lab-init"]', "--change", "ENV container=docker", tars[name], ref,
            )  # fmt: skip


def image_ref(name: str) -> str:
    """Docker's name of a lab image."""
    return f"homerouter-{name}:{images.host_key(name)}"


def _base_disk() -> Path:
    """Disk of the lab kernel's machine with all images loaded; made once, then only read."""
    key = fingerprint(repr(images.specs()["engine"]), images.PROVISION, *(images.host_key(name) for name in images.names()))
    disk = cache() / f"engine-{key}.ext4"
    if disk.exists():
        return disk
    for name in images.names():
        images.host_tar(name)
    partial = cache() / f"engine-{key}.partial.ext4"
    partial.unlink(missing_ok=True)
    with step("engine: Debian with Docker by mmdebstrap"):
        tree = images.engine_tree()
        run("mke2fs", "-q", "-t", "ext4", "-d", tree, partial, images.specs()["engine"]["size"])
        shutil.rmtree(tree)
    with step("engine: first boot"):
        _boot(str(partial))
    _import_images()
    with step("engine: power off"):
        docker(
            "run", "--rm", "--privileged", "--pid=host", "--network=none", "--entrypoint=nsenter", image_ref("node"),
            "--target=1", "--mount", "--ipc", "--uts", "--net", "--pid", "systemctl", "poweroff", "--no-block",
        )  # fmt: skip
        poll(lambda: _alive("kernel") is None, 90, "the engine to power off")
        _halt()
    partial.rename(disk)
    return disk


def start() -> str:
    """Have a Docker engine that can carry the lab, with all images; return a line that says which and why."""
    STATE.mkdir(parents=True, exist_ok=True)
    with alone():
        return _start()


def _start() -> str:
    if _alive("kernel") and SOCKET.exists() and _answers():
        # Their recipes may have changed since it was started.
        _import_images()
        return f"engine: lab kernel, running (process {_alive('kernel')})"
    possible, reason = host_can()
    if possible:
        SOCKET.unlink(missing_ok=True)
        _import_images()
        return f"engine: this host's ({reason})"
    print(f"  engine: lab kernel, because {reason}", flush=True)
    if os.geteuid() != 0:
        raise LabError("The lab kernel needs a network namespace of its own: run `sudo make lab`.")
    _halt()
    shutil.rmtree(STATE / "uml", ignore_errors=True)
    kernel()
    base = _base_disk()
    overlay = STATE / "engine.cow"
    overlay.unlink(missing_ok=True)
    with step("boot the lab kernel"):
        # Copy on write: the base in the cache stays as it is, what the lab writes goes with `down`.
        _boot(f"{overlay},{base}")
    return "engine: lab kernel, started"


def stop() -> None:
    """End everything that start() and the hosts brought up, and nothing else."""
    if SOCKET.exists() and _alive("kernel"):
        # The disk of the lab kernel is thrown away: no need to stop its containers one by one.
        _halt()
    else:
        _halt()
        if shutil.which("docker") and _answers():
            for name in docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}").split():
                docker("rm", "--force", "--volumes", name)
    for leftover in ("engine.cow", "ssh_config", "ssh_key", "ssh_key.pub"):
        (STATE / leftover).unlink(missing_ok=True)
    shutil.rmtree(STATE / "uml", ignore_errors=True)
    (ROOT / "playbooks" / "ansible.cfg").unlink(missing_ok=True)
    # Connections end by themselves when the other end has gone.
    try:
        poll(lambda: not _leftovers(), 20, "the end of all that the lab has started")
    except LabError as error:
        raise LabError(f"{error}. Still there: {', '.join(_leftovers())}") from None


def _leftovers() -> list[str]:
    """What of the lab is still on this machine."""
    ours = {f"UNIX-LISTEN:{SOCKET},fork,mode=0600", f"{STATE}/ssh_config"}
    found = [f"network namespace {NETNS}"] if Path("/var/run/netns", NETNS).exists() else []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # It has just ended.
        # By their arguments: the kernel's disk, the relay's socket, ssh's configuration.
        if any(word in ours or f"={STATE}/engine.cow," in word for word in words):
            found.append(f"process {folder.name} ({words[0]})")
    found += [f"mount {line.split()[1]}" for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines() if f" {STATE}" in line]
    if shutil.which("docker") and _answers():
        found += [f"container {name}" for name in docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}").split()]
    return found
