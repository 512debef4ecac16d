# SPDX-License-Identifier: Apache-2.0
"""A machine whose first process is systemd: a root, processes, a network and cgroups of its
own, in which a build is installed. Nothing of this machine can be written to in there
(tests/lab/systemd_root)."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
import unittest
import uuid

import netns
import peers

HERE = os.path.dirname(os.path.abspath(__file__))
SYSTEMD = "/lib/systemd/systemd"
PATIENCE = 60  # seconds that a test waits for what must come

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "SYSTEMD_PAGER": "",
    "SYSTEMD_COLORS": "0",
}


def why_not(build):
    """Why there can be no such machine here; None when there can."""
    if not os.path.exists(SYSTEMD):
        return "not installed: systemd (see deploy/install-dependencies)"
    if not os.path.exists(os.path.join(build, "cmake_install.cmake")):
        return f"{build} is no build folder: nothing can be installed from it"
    with open("/proc/self/uid_map") as file:
        if file.read().split() != ["0", "0", str(2**32 - 1)]:
            return "systemd as the first process takes root, not that of a user namespace"
    return None


class Machine:
    def __init__(self, build):
        self.dir = tempfile.mkdtemp(prefix="reachd-lab-")
        self._ends = contextlib.ExitStack()
        try:
            self.ns = netns.Namespace("machine")
            self._ends.callback(self.ns.close)
            self.listeners = peers.Listeners(self.ns)
            self._ends.callback(self.listeners.close)
            self._install(build)
            self._make_group()
            self._boot()
        except BaseException:
            self.close()
            raise

    def _install(self, build):
        self.installed = os.path.join(self.dir, "installed")
        subprocess.run(
            ["cmake", "--install", build],
            env={**os.environ, "DESTDIR": self.installed},
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def _make_group(self):
        """A control group that is the root of what is in there."""
        groups = os.path.join(self.dir, "groups")
        os.mkdir(groups)
        mounted = subprocess.run(
            ["mount", "-t", "cgroup2", "cgroup2", groups], capture_output=True, text=True
        )
        if mounted.returncode != 0:
            raise unittest.SkipTest(mounted.stderr.strip())
        self._ends.callback(lambda: subprocess.run(["umount", groups], check=True))
        self.group = os.path.join(groups, f"reachd-lab-{uuid.uuid4()}")
        try:
            os.mkdir(self.group)
        except OSError as refusal:
            raise unittest.SkipTest(f"no control group can be made: {refusal}")
        self._ends.callback(self._remove_group)

    def _remove_group(self):
        for path, _, _ in os.walk(self.group, topdown=False):
            self.until(lambda path=path: self._try_rmdir(path), path)

    @staticmethod
    def _try_rmdir(path):
        try:
            os.rmdir(path)
        except OSError:
            return False
        return True

    def _boot(self):
        root = os.path.join(self.dir, "root")
        os.mkdir(root)
        worlds = ("--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child")
        script = 'echo $$ >"$1" && shift && exec "$@"'
        self._process = self.ns.popen(
            ["sh", "-c", script, "sh", os.path.join(self.group, "cgroup.procs")]
            + ["unshare", *worlds, os.path.join(HERE, "systemd_root"), root, self.installed],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._ends.callback(self._process.stdout.close)
        self._ends.callback(self._kill)
        self.until(self._is_up, "systemd did not come up")

    def _is_up(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"no systemd: {self._process.stdout.read()}")
        pid = self._process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = file.read().split()
        if not children or os.readlink(f"/proc/{children[0]}/exe") != os.path.realpath(SYSTEMD):
            return False
        self.pid = int(children[0])
        return self.run("systemctl", "is-system-running", check=False).stdout == "running\n"

    def _kill(self):
        # unshare's child, and with it all that is in there, dies with it.
        self._process.kill()
        self._process.wait()

    def close(self):
        self._ends.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def run(self, *command, check=True, stdin=None):
        """A command in there, as root, to its end."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), "-a", *command],
            env=ENVIRONMENT,
            input=stdin or "",
            capture_output=True,
            text=True,
        )
        if check and done.returncode != 0:
            raise AssertionError(
                f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}\n"
                + self.journal("-n", "40")
            )
        return done

    def journal(self, *arguments):
        self.run("journalctl", "--sync", check=False)
        return self.run("journalctl", "-q", "--no-pager", *arguments, check=False).stdout

    def write(self, path, text):
        self.run("install", "-D", "-m", "644", "/dev/stdin", path, stdin=text)

    def until(self, done, what):
        """What done() returns as soon as that is something."""
        end = time.monotonic() + PATIENCE
        while True:
            value = done()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(what() if callable(what) else what)
            time.sleep(0.05)
