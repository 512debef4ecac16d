# SPDX-License-Identifier: Apache-2.0
"""Several loops side by side find what one finds, and stop when they are told to."""

import json
import os
import random
import signal
import time
import unittest

from lab import LabTest

HOSTS = 48
PORTS = (443, 444, 445, 446)
LOW, HIGH = 50000, 50299

# What the firewall may do to a host's port, and the state that it makes.
FATES = {
    "open": "accept",
    "filtered": "drop",
    "prohibited": "goto forbid",
    "unreachable": "goto refuse",
    "closed": "goto shut",
}
CHAINS = """
chain forbid { reject with icmpx type admin-prohibited; }
chain refuse { reject with icmpx type host-unreachable; }
chain shut { reject with tcp reset; }
"""

# What says when something was seen, or how long it took.
TIMES = {"rtt_us", "elapsed_us", "at", "time", "since"}


def without_times(value):
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in TIMES}
    if isinstance(value, list):
        return [without_times(item) for item in value]
    return value


def findings(outcome):
    return sorted(json.dumps(without_times(r), sort_keys=True) for r in outcome.results)


class Threads(LabTest):
    @classmethod
    def prepare(cls):
        cls.seed = int(os.environ.get("REACHD_LAB_SEED", random.randrange(1 << 32)))
        print(f"REACHD_LAB_SEED={cls.seed}")
        cls.lab.listeners.open(*PORTS)
        source = random.Random(cls.seed)
        cls.hosts, cls.truth, elements = {}, {}, []
        for number in range(1, HOSTS + 1):
            name, address = f"h{number}", f"10.64.{number % 7}.{number}"
            cls.hosts[name] = address
            for port in PORTS:
                fate = source.choice(list(FATES))
                cls.truth[name, f"tcp/{port}"] = fate
                elements.append(f"{address} . {port} : {FATES[fate]}")
            if source.random() < 0.3:
                elements.append(f"{address} . {LOW}-{LOW + 9} : drop")
        cls.lab.firewall(
            f"ip daddr . tcp dport vmap {{ {', '.join(elements)} }}", more=CHAINS
        )

    def scan_with(self, engines, *arguments):
        self.write(engines, "5000/s")
        seen = self.lab.scan("--no-store", *arguments)
        self.assertIn(seen.status, (0, 1), seen)
        return seen

    def write(self, engines, rate, **probe):
        self.lab.config(
            self.hosts,
            [
                {"name": "ports", "to": "fleet", "check": [f"tcp/{p}" for p in PORTS]},
                {"name": "range", "to": "fleet", "check": f"sweep/{LOW}-{HIGH}"},
            ],
            probe={"timeout": "400ms", "rate": rate, "engines": engines, **probe},
        )

    def test_one_two_and_four_find_the_same(self):
        one = self.scan_with(1)
        self.assertEqual(len(one.results), HOSTS * (len(PORTS) + 1))
        states = one.states()
        for flow, fate in self.truth.items():
            self.assertEqual(states[flow], fate, f"{flow}, seed {self.seed}")
        for engines in (2, 4):
            self.assertEqual(
                findings(self.scan_with(engines)), findings(one), f"seed {self.seed}"
            )

    def test_the_rate_is_that_of_all_together(self):
        """About 15,000 connections at 5,000 a second."""
        connections = HOSTS * (len(PORTS) + HIGH - LOW + 1)
        for engines in (1, 4):
            seen = self.scan_with(engines)
            seconds = seen.summary["duration_us"] / 1e6
            self.assertGreater(seconds, connections / 5000 * 0.95, seen)

    def test_a_signal_stops_all_of_them(self):
        self.write(4, "200/s")
        process = self.lab.start("scan", "-c", "reachd.yaml", "--no-store")
        started = time.monotonic()
        while len(os.listdir(f"/proc/{process.pid}/task")) < 4:
            self.assertLess(time.monotonic() - started, 20, "it starts no threads")
        # ThreadSanitizer (of LLVM 14) loses a signal that arrives while a thread is made.
        time.sleep(0.2)
        # At that rate it has a minute to go.
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        process.wait(timeout=20)
        self.assertLess(time.monotonic() - started, 5)
        self.assertGreater(process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
