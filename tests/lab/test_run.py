# SPDX-License-Identifier: Apache-2.0
"""The daemon over a fleet whose firewall changes: files that are read again, receivers that
are down, and ends of every kind."""

import collections
import contextlib
import http.server
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import threading
import time

import lab

PATIENCE = 60  # seconds that a test waits for what must come
OPEN, SHUT = 443, 444
SERVER, HOOK = "10.64.1.1", 8081
RULES = [{"name": "all", "to": "fleet", "check": [f"tcp/{OPEN}", f"tcp/{SHUT}"], "expect": "any"}]
# Half of the fleet, so that what it keeps back is no fault of the vantage.
FORBID = f"ip daddr 10.64.50.0/24 tcp dport {OPEN} reject with icmp type admin-prohibited"


def fleet(count):
    """Every other one is where FORBID is about."""
    return {f"h{n}": f"10.64.{50 + n % 2}.{n // 2 + 1}" for n in range(count)}


class Daemon:
    """One that runs, and what it says."""

    def __init__(self, test):
        self.process = test.lab.start("run", "-c", "reachd.yaml", stderr=subprocess.PIPE, text=True)
        self.pid = self.process.pid
        self.lines, self.seen = [], 0
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()
        test.addCleanup(self.kill)

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def _find(self, pattern):
        while self.seen < len(self.lines):
            self.seen += 1
            found = re.search(pattern, self.lines[self.seen - 1])
            if found:
                return found
        return None

    def wait(self, pattern):
        """The next line, after the one last waited for, that has the pattern."""
        end = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                found = self._find(pattern)
                if found:
                    return found
                if time.monotonic() > end or self.process.poll() is not None:
                    raise AssertionError(f"no line has {pattern!r}:\n{self}")
                self.changed.wait(0.2)

    def send(self, number):
        self.process.send_signal(number)

    def scan(self):
        """Asks for a scan; the number and the flows of the next one that ends. That is
        another one where one runs already."""
        self.send(signal.SIGUSR1)
        found = self.wait(r"scan (\d+): (\d+) flows?: ")
        return int(found[1]), int(found[2])

    def whole_scan(self):
        """One that began after this was called."""
        self.scan()
        return self.scan()

    def kill(self):
        """Returns its exit status."""
        if self.process.poll() is None:
            self.process.kill()
        return self.ended()

    def ended(self):
        status = self.process.wait(PATIENCE)
        self.thread.join()
        self.process.stderr.close()
        if lab.complaint(str(self)):
            raise AssertionError(f"the program broke\n{self}")
        return status

    def usage(self):
        """Descriptors and threads."""
        return tuple(len(os.listdir(f"/proc/{self.pid}/{name}")) for name in ("fd", "task"))

    def __str__(self):
        return "\n".join(self.lines[-60:])


class RunTest(lab.LabTest):
    STORE = "reachd.db"

    @classmethod
    def prepare(cls):
        cls.seed = int(os.environ.get("REACHD_LAB_SEED", random.randrange(1 << 32)))
        print(f"REACHD_LAB_SEED={cls.seed}")
        cls.random = random.Random(cls.seed)
        cls.lab.listeners.open(OPEN)

    def path(self, name):
        return os.path.join(self.lab.dir, name)

    def write(self, count, **sections):
        self.lab.config(fleet(count), RULES, schedule={"every": "1h"}, **sections)

    def start(self):
        daemon = Daemon(self)
        daemon.wait("watching")
        return daemon

    def stop(self, daemon):
        daemon.send(signal.SIGTERM)
        self.assertEqual(daemon.ended(), 0, daemon)

    def check_store(self):
        done = self.lab.reachd("store", "check", self.STORE, fmt=None)
        self.assertEqual(done.status, 0, done)

    def told(self, name):
        """What a file was told; half a line is what one left that was killed."""
        messages = []
        if os.path.exists(self.path(name)):
            with open(self.path(name)) as file:
                for line in file:
                    try:
                        messages.append(json.loads(line))
                    except ValueError:
                        pass
        return messages

    def query(self, text):
        path = self.path(self.STORE)
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            return store.execute(text).fetchall()

    def last_notice(self):
        ((last,),) = self.query("SELECT max(seq) FROM sqlite_sequence WHERE name = 'notice'")
        return last

    def history(self):
        """How much changed with each scan that changed something."""
        text = "SELECT id, changes FROM scan WHERE status = 'complete' AND changes > 0"
        return dict(self.query(text))

    def await_told(self, name, daemon):
        last = self.last_notice()
        self.until(
            lambda: any(message["notice"] == last for message in self.told(name)),
            lambda: str(daemon),
        )

    def assert_told(self, messages):
        """All that changed, once, in order. The number of those that came again, as they do
        after a process that was killed."""
        first = {}
        for message in messages:
            known = first.setdefault(message["uid"], message)
            self.assertEqual(known, message)
        numbers = [message["notice"] for message in first.values()]
        self.assertEqual(numbers, list(range(1, self.last_notice() + 1)), self.seed)
        changes = collections.Counter()
        for message in first.values():
            changes[message["scan"]] += message["changes"]
        self.assertEqual(changes, self.history(), self.seed)
        return len(messages) - len(first)

    def until(self, done, what):
        end = time.monotonic() + PATIENCE
        while not done():
            self.assertLess(time.monotonic(), end, what())
            time.sleep(0.05)


BAD = (
    lambda good: good.replace('"every": "1s"', '"every": "soon"'),
    lambda good: good.replace('"vantage"', '"vantages"'),
    lambda good: good.replace('"to": "fleet"', '"to": "nobody"'),
    lambda good: good.replace('"tcp/443"', '"tcp/99999"'),
    lambda good: good[: len(good) // 2],
    lambda good: "",
)


class Reload(RunTest):
    HOSTS, MORE = 150, 7

    def good(self, more):
        self.lab.config(
            fleet(self.HOSTS + (self.MORE if more else 0)),
            RULES,
            schedule={"every": "1s"},
            probe={"timeout": "150ms", "attempts": 1},
            notify=[{"name": "log", "file": "told.jsonl"}],
        )

    def reload(self, daemon, answer):
        daemon.send(signal.SIGHUP)
        daemon.wait(answer)

    def spoil(self, number):
        with open(self.path("reachd.yaml")) as file:
            good = file.read()
        bad = BAD[number % len(BAD)](good)
        self.assertNotEqual(good, bad)
        with open(self.path("reachd.yaml"), "w") as file:
            file.write(bad)

    def flows(self, more):
        return 2 * (self.HOSTS + (self.MORE if more else 0))

    def assert_step(self, before, after, more):
        """The hosts that came or went from one scan to the other are those that the file
        has more or less."""
        done = self.lab.reachd("diff", "-c", "reachd.yaml", str(before), str(after))
        kinds = {(change["host"], change["kind"]) for change in done.changes}
        kind = "added" if more else "removed"
        extra = range(self.HOSTS, self.HOSTS + self.MORE)
        self.assertEqual(kinds, {(f"h{n}", kind) for n in extra}, done)

    def settle(self, daemon, wanted=None):
        """What it uses between scans: the least that is seen, or what is wanted."""
        least = daemon.usage()
        end = time.monotonic() + (PATIENCE if wanted else 2)
        while time.monotonic() < end and least != wanted:
            time.sleep(0.01)
            least = min(least, daemon.usage())
        return least

    def test_two_hundred_files_good_and_bad_in_turn(self):
        # Some answer nothing: a scan takes as long as that is waited for.
        self.lab.firewall(f"ip daddr 10.64.51.0/24 tcp dport {SHUT} drop")
        self.good(False)
        daemon = self.start()
        number, flows = daemon.whole_scan()
        self.assertEqual(flows, self.flows(False))
        usage = self.settle(daemon)
        more = False
        for turn in range(100):
            self.spoil(turn)
            self.reload(daemon, "stays active")
            if turn % 9 == 8:
                number, flows = daemon.whole_scan()
                self.assertEqual(flows, self.flows(more), daemon)
            more = not more
            self.good(more)
            self.reload(daemon, "reachd.yaml was read again")
            if turn % 9 == 8:
                after, flows = daemon.whole_scan()
                self.assertEqual(flows, self.flows(more), daemon)
                self.assert_step(number, after, more)
        self.assertFalse(more, "it ends as it began")
        self.assertEqual(self.settle(daemon, usage), usage, daemon)
        self.stop(daemon)
        self.check_store()
        print(f"descriptors and threads: {usage}; scans: {after}")


class Hook:
    """A web server of the fleet that may come late."""

    def __init__(self, test):
        self.bodies = bodies = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        with test.lab.fleet:
            server = http.server.ThreadingHTTPServer(("0.0.0.0", HOOK), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        test.addCleanup(server.server_close)
        test.addCleanup(server.shutdown)


class Receivers(RunTest):
    HOSTS = 40

    def test_one_that_was_down_gets_all_in_order(self):
        url = f"http://{SERVER}:{HOOK}/x"
        self.write(
            self.HOSTS,
            notify=[
                {"name": "late", "webhook": {"url": url}},
                {"name": "log", "file": "told.jsonl"},
            ],
            flap={"changes": 100},
        )
        self.lab.firewall()
        daemon = self.start()
        daemon.wait("scan 1: ")
        scans = []
        for turn in range(6):
            self.lab.firewall(*([] if turn % 2 else [FORBID]))
            scans.append(daemon.scan()[0])
            if turn == 0:
                daemon.wait("sink late: .* 1 wait")
        self.until(lambda: len(self.told("told.jsonl")) == 6, lambda: str(daemon))
        hook = Hook(self)
        daemon.wait("sink late: works again")
        self.until(lambda: len(hook.bodies) >= 6, lambda: str(daemon))
        self.stop(daemon)
        for messages in (hook.bodies, self.told("told.jsonl")):
            self.assertEqual([m["scan"] for m in messages], scans)
            self.assertEqual({m["changes"] for m in messages}, {self.HOSTS // 2})
        self.assertEqual(
            [m["uid"] for m in hook.bodies], [m["uid"] for m in self.told("told.jsonl")]
        )


class Ends(RunTest):
    def test_sigterm_in_a_scan_ends_it_within_five_seconds(self):
        # Nobody answers, neither probes nor the sink that has something to tell.
        hook = {"url": f"http://{SERVER}:{HOOK}/x"}
        self.write(
            200,
            probe={"timeout": "60s"},
            notify=[{"name": "deaf", "webhook": hook, "timeout": "60s"}],
        )
        self.lab.firewall()
        daemon = self.start()
        daemon.wait("scan 1: ")
        self.lab.firewall(FORBID, f"tcp dport {HOOK} drop")
        daemon.send(signal.SIGUSR1)
        daemon.wait("scan 2: .* in 1 incident")
        self.stop(daemon)
        self.lab.firewall("ip daddr 10.64.0.0/16 drop")
        longest = 0
        for _ in range(8):
            daemon = self.start()
            time.sleep(self.random.uniform(0, 0.7))
            begun = time.monotonic()
            self.stop(daemon)
            longest = max(longest, time.monotonic() - begun)
            self.assertFalse([line for line in daemon.lines if re.search(r"scan \d+: ", line)])
        self.check_store()
        self.assertLess(longest, 5)
        print(f"the longest took {longest:.2f} s")


class Killed(RunTest):
    """kill -9 at random moments while the firewall alternates. What the store's history has
    must have been told: under one uid, with all its changes, in its order. (It may have been
    told twice: by the uid a receiver knows that.)"""

    HOSTS = 40
    KILLS = 100

    @classmethod
    def prepare(cls):
        super().prepare()
        program = cls.lab.dir + "/tell"
        with open(program, "w") as file:
            file.write('#!/bin/sh\ncat >>"$1"\n')
        os.chmod(program, 0o755)
        cls.program = program

    def kill_one(self, forbidden):
        """A life: its first scan is at once, others are asked for. The last state of the
        firewall."""
        daemon = Daemon(self)
        end = time.monotonic() + self.random.uniform(0, 0.7)
        while time.monotonic() < end:
            time.sleep(self.random.uniform(0, 0.15))
            forbidden = self.flip(not forbidden)
            # One that has not come so far would end by it.
            if any("watching" in line for line in daemon.lines):
                daemon.send(signal.SIGUSR1)
        self.assertEqual(daemon.kill(), -signal.SIGKILL, daemon)
        return forbidden

    def flip(self, forbidden):
        self.lab.firewall(*([FORBID] if forbidden else []))
        return forbidden

    def test_kill_9_loses_nothing_and_tells_nothing_under_another_name(self):
        self.write(
            self.HOSTS,
            notify=[
                {"name": "log", "file": "log.jsonl"},
                {"name": "program", "exec": [self.program, self.path("program.jsonl")]},
            ],
            flap={"changes": 100, "within": "1s"},
        )
        forbidden = self.flip(False)
        daemon = self.start()
        daemon.wait("scan 1: ")
        self.stop(daemon)
        for kills in range(1, self.KILLS + 1):
            forbidden = self.kill_one(forbidden)
            if kills % 10 == 0:
                self.check_store()
        daemon = self.start()
        daemon.wait(r"scan \d+: ")
        self.flip(not forbidden)
        daemon.scan()
        for name in ("log.jsonl", "program.jsonl"):
            self.await_told(name, daemon)
        self.stop(daemon)
        self.check_store()
        changed = len(self.history())
        self.assertGreater(changed, 20, "it was no test")
        again = [self.assert_told(self.told(name)) for name in ("log.jsonl", "program.jsonl")]
        scans = self.query("SELECT status, count(*) FROM scan GROUP BY status")
        print(f"{changed} scans changed something; told again: {again}; scans: {scans}")


class SmallDisk(RunTest):
    """A store on a small disk of its own."""

    HOSTS = 400
    STORE = "disk/reachd.db"

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.disk = os.path.join(cls.lab.dir, "disk")
        os.mkdir(cls.disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", cls.disk], check=True)
        cls.lab.later(lambda: subprocess.run(["umount", cls.disk], check=True))

    def fill(self):
        """Leaves no free block."""
        path = os.path.join(self.disk, "ballast")
        with open(path, "wb", buffering=0) as file:
            for size in (65536, 4096):
                try:
                    while file.write(b"\0" * size) == size:
                        pass
                except OSError:
                    pass
        return path


class FullDisk(SmallDisk):
    """It fills up while the daemon runs."""

    def test_it_goes_on_and_tells_nothing_that_is_not_stored(self):
        url = f"http://{SERVER}:{HOOK}/x"
        self.write(
            self.HOSTS,
            store=self.STORE,
            notify=[
                {"name": "log", "file": "told.jsonl"},
                {"name": "late", "webhook": {"url": url}},
            ],
            flap={"changes": 100},
        )
        self.lab.firewall()
        daemon = self.start()
        daemon.wait("scan 1: ")
        self.stop(daemon)  # which leaves no room in a journal
        daemon = self.start()
        daemon.wait("scan 2: ")
        self.lab.firewall(FORBID)
        daemon.scan()
        daemon.wait("sink late: .* 1 wait")
        self.await_told("told.jsonl", daemon)

        ballast = self.fill()
        self.lab.firewall()
        for _ in range(3):
            daemon.send(signal.SIGUSR1)
            daemon.wait(f"^reachd: .*{self.STORE}.*full")
        hook = Hook(self)  # what it is told can't be written down
        self.until(lambda: hook.bodies, lambda: str(daemon))
        self.assertEqual(len(self.told("told.jsonl")), 1)

        os.unlink(ballast)
        daemon.scan()
        self.await_told("told.jsonl", daemon)
        self.until(lambda: len(hook.bodies) > 1, lambda: str(daemon))
        self.stop(daemon)
        self.check_store()
        self.assertEqual(list(self.history().values()), [self.HOSTS // 2] * 2)
        for messages in (self.told("told.jsonl"), hook.bodies):
            self.assertEqual(self.assert_told(messages), 0)
            self.assertEqual([m["kind"] for m in messages], ["regression", "recovery"])


class AlmostFullDisk(SmallDisk):
    """A scan can begin there, and not be recorded."""

    def ask(self, daemon):
        """The lines of one scan that is over."""
        before = len(daemon.lines)
        self.lab.reachd("scan", "--ask", "-c", "reachd.yaml", fmt=None)
        daemon.send(signal.SIGHUP)
        daemon.wait("was read again")
        return daemon.lines[before:]

    def test_what_is_not_stored_is_not_told(self):
        self.write(self.HOSTS, store=self.STORE)
        self.lab.firewall()
        daemon = self.start()
        daemon.wait("scan 1: ")
        self.stop(daemon)
        daemon = self.start()
        daemon.wait("scan 2: ")
        ballast = self.fill()
        self.lab.firewall(FORBID)
        found = []
        while not found:
            os.truncate(ballast, os.path.getsize(ballast) - 4096)
            lines = self.ask(daemon)
            found = [line for line in lines if "800 flows: " in line]
        self.assertRegex(found[0], "^reachd: scan: 800 flows: .*; not stored; took")
        self.assertFalse([line for line in lines if "regression" in line])
        os.unlink(ballast)
        daemon.scan()
        daemon.wait("regression")
        self.stop(daemon)
        self.check_store()
