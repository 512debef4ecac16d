# SPDX-License-Identifier: Apache-2.0
"""Network namespaces that nobody can leave behind.

A namespace here is only an open descriptor of this process: no name under /run, so
nothing is left when the process ends, however it ends. Entering one changes the
calling thread alone; a process or socket made meanwhile stays there.
"""

import ctypes
import os
import signal
import subprocess

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *args):
    if getattr(_libc, name)(*args) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def _current():
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def private_mounts():
    """Gives this process mounts of its own; call before any thread is started."""
    _call("unshare", CLONE_NEWNS)


class Namespace:
    """`with ns:` enters it; commands started inside run in it."""

    def __init__(self, name):
        self.name = name
        self._home = _current()
        _call("unshare", CLONE_NEWNET)
        self._fd = _current()
        _call("setns", self._home, CLONE_NEWNET)
        self.ip("link set lo up")
        self.sysctl("net.ipv6.conf.default.accept_dad", 0)
        self.sysctl("net.ipv6.conf.default.dad_transmits", 0)

    def __enter__(self):
        _call("setns", self._fd, CLONE_NEWNET)
        return self

    def __exit__(self, *exception):
        _call("setns", self._home, CLONE_NEWNET)

    @property
    def path(self):
        return f"/proc/{os.getpid()}/fd/{self._fd}"

    def run(self, *command, stdin=None):
        """Runs a command to its end; a failure shows what it said."""
        with self:
            done = subprocess.run(command, input=stdin, text=True, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(
                f"{self.name}: {' '.join(command)}: exit {done.returncode}\n"
                f"{done.stderr}{stdin or ''}"
            )
        return done.stdout

    def ip(self, *lines):
        self.run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")

    def nft(self, text):
        self.run("nft", "-f", "-", stdin=text)

    def sysctl(self, key, value, optional=False):
        """Some keys are per namespace only on newer kernels: those are optional."""
        try:
            with self, open("/proc/sys/" + key.replace(".", "/"), "w") as file:
                file.write(str(value))
        except OSError:
            if not optional:
                raise

    def popen(self, command, **options):
        """A process that dies with us."""
        with self:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *command],
                stdin=subprocess.DEVNULL,
                **options,
            )

    def close(self):
        os.close(self._fd)
        os.close(self._home)


def link(a, a_device, b, b_device):
    """A cable between two namespaces."""
    a.ip(
        f"link add {a_device} type veth peer name {b_device} netns {b.path}",
        f"link set {a_device} up",
    )
    b.ip(f"link set {b_device} up")


def end(process):
    """Ends a process that popen() started."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdout, process.stderr):
        if stream:
            stream.close()
