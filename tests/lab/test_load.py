# SPDX-License-Identifier: Apache-2.0
"""What a scan does to the network: its pace, and what it leaves behind."""

import unittest

from lab import LabTest
from peers import Ear


class Pace(LabTest):
    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443)

    def heard(self, flows, rate, **probe):
        self.lab.config(
            {f"h{n}": f"10.65.{n // 250}.{n % 250 + 1}" for n in range(flows)},
            [{"name": "all", "to": "fleet", "check": ["tcp/443"]}],
            probe={"rate": rate, **probe},
        )
        self.forget()
        ear = Ear(self.lab.router, "left0")
        seen = self.lab.scan()
        times = sorted(ear.stop())
        self.assertEqual(seen.status, 0, str(seen))
        self.assertEqual(len(times), flows)
        return times

    def test_the_rate_is_obeyed_on_the_wire(self):
        for rate, flows in ((200, 600), (2000, 6000)):
            # Never faster; and as fast as allowed, unless the machine was busy with
            # other things three times in a row.
            for attempt in range(3):
                times = self.heard(flows, f"{rate}/s")
                measured = (len(times) - 1) / (times[-1] - times[0])
                self.assertLess(measured, rate * 1.05)
                if measured > rate * 0.95:
                    break
            self.assertGreater(measured, rate * 0.95, f"attempt {attempt}")

    def test_no_second_is_faster_than_the_rate(self):
        times = self.heard(1500, "500/s")
        busiest = max(
            sum(1 for t in times[i : i + 600] if t < start + 1)
            for i, start in enumerate(times)
        )
        self.assertLessEqual(busiest, 500 * 1.05)

    def test_silence_is_retried_within_the_rate(self):
        self.lab.firewall("ip daddr 10.65.0.0/16 drop")
        self.addCleanup(self.lab.firewall)
        self.lab.config(
            {f"h{n}": f"10.65.0.{n + 1}" for n in range(200)},
            [{"name": "all", "to": "fleet", "check": ["tcp/443"], "expect": "any"}],
            probe={"rate": "200/s", "timeout": "300ms", "attempts": 3},
        )
        self.forget()
        ear = Ear(self.lab.router, "left0")
        seen = self.lab.scan()
        times = sorted(ear.stop())
        self.assertEqual({r["state"] for r in seen.results}, {"filtered"})
        self.assertEqual(len(times), 600)
        for first, later in zip(times, times[220:]):
            self.assertGreater(later - first, 1)


class Remains(LabTest):
    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443, *range(50000, 50064))

    def sockets(self, ns):
        out = ns.run("ss", "-Htan", "state", "all")
        return [line for line in out.splitlines() if not line.startswith("LISTEN")]

    def test_a_sweep_leaves_no_socket_behind(self):
        self.lab.config(
            {f"h{n}": f"10.65.0.{n + 1}" for n in range(20)},
            [{"name": "all", "to": "fleet", "check": ["tcp/443", "sweep/50000-50063"]}],
        )
        seen = self.lab.scan()
        self.assertEqual(seen.status, 0, str(seen))
        self.assertEqual(self.sockets(self.lab.vantage), [])

    def test_nothing_is_sent_to_an_address_that_the_inventory_does_not_name(self):
        self.lab.router.nft(
            "table inet ear { set seen { type ipv4_addr; flags dynamic; }\n"
            "chain in { type filter hook forward priority -1;\n"
            "iifname left0 add @seen { ip daddr }\n}\n}\n"
        )
        self.addCleanup(self.lab.router.nft, "delete table inet ear\n")
        self.lab.config(
            {"a": "10.65.3.1", "b": "10.65.3.2"},
            [{"name": "all", "to": "fleet", "check": ["tcp/443", "sweep/50000-50063"]}],
        )
        self.forget()
        self.lab.scan()
        out = self.lab.router.run("nft", "list", "set", "inet", "ear", "seen")
        named = {word.strip(",") for word in out.split() if word.startswith("10.")}
        self.assertEqual(named, {"10.65.3.1", "10.65.3.2"})


if __name__ == "__main__":
    unittest.main()
