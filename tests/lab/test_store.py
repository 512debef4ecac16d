# SPDX-License-Identifier: Apache-2.0
"""The store survives what happens to programs and disks."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from lab import LabTest

HOSTS = 400
KILLS = 50


def integrity(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        words = [row[0] for row in db.execute("PRAGMA integrity_check")]
        orphans = list(db.execute("PRAGMA foreign_key_check"))
    db.close()
    return words, orphans


class Killed(LabTest):
    """kill -9 at random moments of scans over a fleet whose firewall flips between two
    states, so that half a recorded scan would show as a mixture of both."""

    @classmethod
    def prepare(cls):
        cls.seed = int(os.environ.get("REACHD_LAB_SEED", random.randrange(1 << 32)))
        print(f"REACHD_LAB_SEED={cls.seed}")
        cls.random = random.Random(cls.seed)
        cls.lab.listeners.open(443)
        cls.lab.config(
            {f"h{n}": f"10.64.{50 + n // 200}.{n % 200 + 1}" for n in range(HOSTS)},
            [{"name": "all", "to": "fleet", "check": ["tcp/443", "tcp/444"],
              "expect": "any"}],
        )  # fmt: skip

    def flip(self, forbidden):
        action = "reject with icmp type admin-prohibited"
        self.lab.firewall(f"ip daddr 10.64.0.0/12 {action}" if forbidden else "")

    def states_now(self):
        seen = self.lab.reachd("status", "-c", "reachd.yaml")
        return {state for (_, check), state in seen.states().items() if check == "tcp/443"}

    def complete_scan(self, forbidden, previous):
        """A scan to the end: its changes are all or nothing, against what was known."""
        self.flip(forbidden)
        seen = self.lab.scan()
        self.assertEqual(seen.status, 0, str(seen))
        expected = 0 if forbidden == previous else 2 * HOSTS
        self.assertEqual(len(seen.changes), expected)

    def kill_one(self, duration):
        """Whether it was killed, and how long it ran."""
        started = time.monotonic()
        process = self.lab.start("scan", "-c", "reachd.yaml")
        try:
            process.wait(timeout=self.random.uniform(0, duration))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL, time.monotonic() - started

    def check_store(self):
        """Whole, and all hosts as one scan saw them. Returns what that scan saw."""
        store = os.path.join(self.lab.dir, "reachd.db")
        self.assertEqual(integrity(store), (["ok"], []), f"seed {self.seed}")
        states = self.states_now()
        self.assertIn(states, ({"open"}, {"prohibited"}), f"seed {self.seed}")
        return states == {"prohibited"}

    def test_kill_9_leaves_whole_scans_only(self):
        self.complete_scan(False, False)
        duration, kills = self.lab.scan().elapsed, 0
        while kills < KILLS:
            self.flip(self.random.random() < 0.5)
            killed, elapsed = self.kill_one(duration)
            known = self.check_store()
            if not killed:  # it ended first: that long a scan takes
                duration = elapsed
                continue
            kills += 1
            if kills % 5 == 0:
                wanted = self.random.random() < 0.5
                self.complete_scan(wanted, known)
                self.assertEqual(self.check_store(), wanted)


class FullDisk(LabTest):
    """The store on a small disk of its own."""

    @classmethod
    def prepare(cls):
        cls.disk = os.path.join(cls.lab.dir, "disk")
        os.mkdir(cls.disk)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", cls.disk], check=True
        )
        cls.lab.later(lambda: subprocess.run(["umount", cls.disk], check=True))
        cls.lab.listeners.open(443)
        cls.store = os.path.join(cls.disk, "reachd.db")
        cls.lab.config(
            {f"h{n}": f"10.64.{60 + n // 200}.{n % 200 + 1}" for n in range(1000)},
            [{"name": "all", "to": "fleet", "check": ["tcp/443", "tcp/444"],
              "expect": "any"}],
            store=cls.store,
        )  # fmt: skip

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

    def test_a_full_disk_is_told_and_the_old_store_stays(self):
        first = self.lab.scan()
        self.assertEqual(first.status, 0, str(first))
        before = self.lab.reachd("status", "-c", "reachd.yaml").states()

        self.lab.firewall("reject with icmp type admin-prohibited")
        self.addCleanup(self.lab.firewall)
        ballast = self.fill()
        full = self.lab.scan()
        self.assertEqual(full.status, 3, str(full))
        self.assertRegex(full.err.lower(), "full|no space")
        self.assertIn(self.store, full.err)

        os.unlink(ballast)
        self.assertEqual(integrity(self.store), (["ok"], []))
        after = self.lab.reachd("status", "-c", "reachd.yaml").states()
        self.assertEqual(before, after)
        again = self.lab.scan()
        self.assertEqual(again.status, 0, str(again))
        self.assertEqual(len(again.changes), 2000)


class Writers(LabTest):
    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443)
        cls.lab.firewall("ip daddr 10.64.0.0/12 tcp dport 444 drop")
        cls.lab.config(
            {f"h{n}": f"10.64.70.{n}" for n in range(1, 11)},
            [{"name": "all", "to": "fleet", "check": ["tcp/443", "tcp/444"],
              "expect": "any"}],
            probe={"timeout": "1500ms"},
        )  # fmt: skip

    def test_a_second_scan_at_the_same_time_is_refused(self):
        first = self.lab.start("scan", "-c", "reachd.yaml")
        self.addCleanup(first.wait)
        store = os.path.join(self.lab.dir, "reachd.db")
        for _ in range(200):
            if os.path.exists(store) and os.path.getsize(store):
                break
            time.sleep(0.01)
        time.sleep(0.2)
        second = self.lab.scan()
        self.assertEqual(second.status, 3, str(second))
        self.assertIn("reachd.db", second.err)
        self.assertEqual(first.wait(), 0)

    def test_an_interrupted_scan_stores_nothing_and_says_so(self):
        before = self.lab.scan()
        self.assertEqual(before.status, 0, str(before))
        process = self.lab.start("scan", "-c", "reachd.yaml")
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=10), 3)
        again = self.lab.scan()
        self.assertEqual((again.status, again.changes), (0, []), str(again))

    def test_a_file_that_is_no_store_is_not_touched(self):
        store = os.path.join(self.lab.dir, "reachd.db")
        aside = store + ".aside"
        if os.path.exists(store):
            shutil.move(store, aside)
        with open(store, "w") as file:
            file.write("These are not the rows you look for.\n" * 200)
        with open(store) as file:
            before = file.read()
        seen = self.lab.scan()
        self.assertEqual(seen.status, 3, str(seen))
        with open(store) as file:
            self.assertEqual(file.read(), before)
        os.unlink(store)
        if os.path.exists(aside):
            shutil.move(aside, store)


if __name__ == "__main__":
    unittest.main()
