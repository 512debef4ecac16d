# SPDX-License-Identifier: Apache-2.0
"""Days of a daemon's life in minutes: every scan is made, and between one and the next the
clock on the wall moves on. Ports open and close, a firewall forbids and allows, hosts come
and go with the files, sinks are told, and what is old leaves the store. test_soak.py has
the short form, tests/bench/run soak the long one."""

import contextlib
import json
import mmap
import os
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import time

import lab

POINTS = 10  # at which it is measured, evenly spaced
HOSTS, MORE = 20, 3
OPEN, CHANGING, SHUT = 443, 444, 445
RULES = [
    {"name": "web", "to": "fleet", "check": [f"tcp/{OPEN}", f"tcp/{CHANGING}"]},
    {"name": "shut", "to": "fleet", "check": f"tcp/{SHUT}", "expect": "any"},
]
FORBID = f"ip daddr 10.64.50.0/24 tcp dport {OPEN} reject with icmp type admin-prohibited"
CLOCK = os.path.join(os.path.dirname(lab.REACHD), "tests", "libmoved_clock.so")

# By how much the second half may have more, in KiB where it is memory or disk. What the
# allocator holds at a moment differs by some eighty pages from one to the next.
TOLERANCE = {"memory": 256, "descriptors": 0, "threads": 0, "database": 128}


class Clock:
    """Of one program, on its wall."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as file:
            file.write(bytes(8))
        with open(path, "r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), 8)
        self.moved_s = 0

    def move(self, seconds):
        self.moved_s += seconds
        struct.pack_into("=q", self._bytes, 0, self.moved_s)


class Soak:
    def __init__(self, laboratory, scans, step_s=1):
        """Each scan is step_s of the wall's seconds after the one before."""
        self.lab, self.scans, self.step_s = laboratory, scans, step_s
        self.clock = Clock(self._path("clock"))
        self.more = self.forbidden = False
        self.listener = None
        self.samples = []  # dictionaries
        self._write()

    def _path(self, name):
        return os.path.join(self.lab.dir, name)

    def _write(self):
        count = HOSTS + (MORE if self.more else 0)
        self.lab.config(
            {f"h{n}": f"10.64.{50 + n % 2}.{n // 2 + 1}" for n in range(count)},
            RULES,
            schedule={"every": "1h"},
            probe={"confirm": 2, "trace": True},
            retention={"history": "1h", "rtt": "1h"},
            # At a second a scan the port flaps and the firewall does not.
            flap={"changes": 20},
            notify=[
                {"name": "log", "file": "told.jsonl"},
                {"name": "program", "exec": ["/bin/cat"]},
            ],
        )

    # ---- the daemon ------------------------------------------------------------

    def start(self):
        self.log = open(self._path("log"), "w+")
        preload = ["/usr/bin/env", f"LD_PRELOAD={CLOCK}", f"MOVED_CLOCK={self.clock.path}"]
        command = self.lab.command(["run", "-c", "reachd.yaml"])
        at = command.index(lab.REACHD)
        with self.lab.vantage:
            self.process = subprocess.Popen(
                command[:at] + preload + command[at:],
                cwd=self.lab.dir,
                env=lab.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self.log,
            )
        self._await(lambda: os.path.exists(self._path("reachd.db-socket")))

    def _await(self, done):
        end = time.monotonic() + 60
        while not done():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError("the daemon is not there\n" + self.said())
            time.sleep(0.01)

    def ask(self):
        """A scan, to its end."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60)
            client.connect(self._path("reachd.db-socket"))
            client.sendall(b'{"ask":"scan"}\n')
            answer = json.loads(client.recv(4096))
        if not answer["ok"]:
            raise AssertionError("a scan failed\n" + self.said())

    def said(self):
        with open(self._path("log")) as file:
            return file.read()[-4000:]

    def stop(self):
        """Ends it, however that must be done."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.log.close()
        if self.listener:
            self.listener.close()
        if status != 0 or lab.complaint(self.said()):
            raise AssertionError(f"status {status}\n" + self.said())

    # ---- what happens ----------------------------------------------------------

    def _toggle_listener(self):
        if self.listener:
            self.listener.close()
            self.listener = None
            return
        with self.lab.fleet:
            self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("", CHANGING))
        self.listener.listen(4096)

    def _happen(self, number):
        """Connections wait in the listener's queue until it is closed: 4,096 of them are
        enough for some 170 scans of 23 hosts."""
        if number % 300 in (0, 100):
            self._toggle_listener()
        if number % 700 in (0, 40):
            self.forbidden = not self.forbidden
            self.lab.firewall(*([FORBID] if self.forbidden else []))
        if number % 250 == 0:
            self.more = not self.more
            self._write()
            self.process.send_signal(signal.SIGHUP)

    def run(self):
        started = time.monotonic()
        for number in range(self.scans):
            self._happen(number)
            self.ask()
            self.clock.move(self.step_s)
            if (number + 1) % (self.scans // POINTS) == 0:
                self.samples.append(self.measure(number + 1))
        self.seconds = time.monotonic() - started

    # ---- what it uses ----------------------------------------------------------

    def _usage(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            memory = int(re.search(r"VmRSS:\s*(\d+)", file.read())[1])
        count = {name: len(os.listdir(f"/proc/{self.process.pid}/{name}")) for name in ("fd", "task")}
        return {"memory": memory, "descriptors": count["fd"], "threads": count["task"]}

    def measure(self, scans):
        """When the sinks have been told: the least that is seen in a moment."""
        seen = []
        for _ in range(20):
            seen.append(self._usage())
            time.sleep(0.01)
        least = {name: min(usage[name] for usage in seen) for name in seen[0]}
        size = sum(os.path.getsize(self._path("reachd.db" + end)) for end in ("", "-wal"))
        return {"scans": scans, **least, "database": size // 1024}

    def growth(self):
        """From the most of the first half to the most of the second."""
        halves = self.samples[: POINTS // 2], self.samples[POINTS // 2 :]
        most = [{name: max(s[name] for s in half) for name in TOLERANCE} for half in halves]
        return {name: most[1][name] - most[0][name] for name in TOLERANCE}

    def growing(self):
        """The names of what is not flat."""
        return [name for name, grown in self.growth().items() if grown > TOLERANCE[name]]

    def slope(self, name):
        """By the scan, of the second half, least squares."""
        half = self.samples[POINTS // 2 - 1 :]
        mean_x = sum(s["scans"] for s in half) / len(half)
        mean_y = sum(s[name] for s in half) / len(half)
        above = sum((s["scans"] - mean_x) * (s[name] - mean_y) for s in half)
        return above / sum((s["scans"] - mean_x) ** 2 for s in half)

    def query(self, text):
        path = self._path("reachd.db")
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            return store.execute(text).fetchall()

    def told(self):
        with open(self._path("told.jsonl")) as file:
            return sum(1 for _ in file)

    def figures(self):
        """Lines of a table."""
        hours = self.scans * self.step_s / 3600
        yield (
            f"{self.scans} scans, {hours:.1f} h by the wall, in {self.seconds:.0f} s; "
            f"{self.told()} notices"
        )
        yield "   scans  memory KiB  descriptors  threads  database KiB"
        for s in self.samples:
            yield "{scans:8d} {memory:11d} {descriptors:12d} {threads:8d} {database:13d}".format(**s)
        yield (
            f"second half, a scan: memory {self.slope('memory') * 1024:+.1f} bytes, "
            f"database {self.slope('database') * 1024:+.1f} bytes"
        )
