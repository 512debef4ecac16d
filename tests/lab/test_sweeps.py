# SPDX-License-Identifier: Apache-2.0
"""Sweeps behind a random firewall: the runs of ports must be its rules, port for port."""

import json
import os
import random
import unittest

from lab import LabTest

LOW, HIGH = 49152, 65535
HOSTS = 8

# What the firewall may do to a run of ports, and the state that it makes.
ACTIONS = {
    "closed": "accept",
    "filtered": "drop",
    "prohibited": "goto forbid",
    "unreachable": "goto refuse",
    "reset": "goto shut",
}
CHAINS = """
chain forbid { reject with icmp type admin-prohibited; }
chain refuse { reject with icmp type host-unreachable; }
chain shut { reject with tcp reset; }
"""
LISTENING = (49664, 49665, 49666, 49667, 50000, 65535)


def random_runs(source, silent_share):
    """Covers LOW..HIGH with runs of random length and action."""
    others = [action for action in ACTIONS if action != "filtered"]
    port = LOW
    while port <= HIGH:
        last = min(HIGH, port + int(source.paretovariate(0.6)) - 1)
        silent = source.random() < silent_share and last - port < 400
        yield port, last, "filtered" if silent else source.choice(others)
        port = last + 1


def expected_runs(runs):
    """The states port by port, listeners included, equal neighbours joined."""
    states = []
    for low, high, action in runs:
        states += ["closed" if action == "reset" else action] * (high - low + 1)
    for port in LISTENING:
        action = next(a for low, high, a in runs if low <= port <= high)
        if action == "closed":
            states[port - LOW] = "open"
    joined = []
    for port, state in enumerate(states, LOW):
        if joined and joined[-1][2] == state:
            joined[-1][1] = port
        else:
            joined.append([port, port, state])
    return joined


def seen_runs(result):
    """The runs of a sweep's evidence, equal neighbours joined."""
    joined = []
    for low, high, state in result["evidence"]["runs"]:
        if joined and joined[-1][2] == state and joined[-1][1] + 1 == low:
            joined[-1][1] = high
        else:
            joined.append([low, high, state])
    return joined


class RandomFirewall(LabTest):
    @classmethod
    def prepare(cls):
        cls.seed = int(os.environ.get("REACHD_LAB_SEED", random.randrange(1 << 32)))
        print(f"REACHD_LAB_SEED={cls.seed}")
        cls.lab.listeners.open(*LISTENING)

    def raise_firewall(self, salt, silent_share, loss=0):
        source = random.Random(f"{self.seed}-{salt}")
        self.truth, elements = {}, []
        for number in range(1, HOSTS + 1):
            address = f"10.64.9.{number}"
            runs = list(random_runs(source, silent_share))
            self.truth[f"h{number}"] = expected_runs(runs)
            elements += [
                f"{address} . {low}-{high} : {ACTIONS[action]}"
                for low, high, action in runs
                if action != "closed"
            ]
        lossy = f"numgen random mod 100 < {loss} drop" if loss else ""
        self.lab.firewall(
            lossy,
            f"ip daddr . tcp dport vmap {{ {', '.join(elements)} }}",
            more=CHAINS,
        )

    def sweep(self, **probe):
        self.lab.config(
            {f"h{n}": f"10.64.9.{n}" for n in range(1, HOSTS + 1)},
            [{"name": "rpc", "to": "fleet", "check": [f"sweep/{LOW}-{HIGH}"]}],
            probe={"concurrency": 4096, "per_host": 512, "rate": "30000/s", **probe},
        )
        self.forget()
        seen = self.lab.scan()
        self.assertIn(seen.status, (0, 1), f"seed {self.seed}\n{seen}")
        return seen

    def compare(self, seen):
        for host, runs in self.truth.items():
            result = seen.result(host)
            self.assertEqual(seen_runs(result), runs, f"{host}, seed {self.seed}")
            blocked = any(state not in ("open", "closed") for *_, state in runs)
            clear = any(state in ("open", "closed") for *_, state in runs)
            state = "partial" if blocked and clear else result["state"]
            self.assertEqual(result["state"], state, json.dumps(result)[:500])

    def test_runs_of_ports_are_the_rules(self):
        self.raise_firewall("plain", silent_share=0.15)
        self.compare(self.sweep(timeout="250ms", attempts=2))

    def test_runs_of_ports_are_the_rules_with_5_percent_loss(self):
        # An attempt fails when its SYN or the answer is lost: 1 - 0.95^2 = 0.0975.
        # Of 131,072 ports one is wrong with 131072 * 0.0975^12 < 1e-7.
        self.raise_firewall("loss", silent_share=0.05, loss=5)
        self.compare(self.sweep(timeout="150ms", attempts=12))


class WholeSweeps(LabTest):
    """What a sweep says when all of its ports are alike."""

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(50001)
        cls.lab.firewall(
            "ip daddr 10.64.9.2 drop",
            "ip daddr 10.64.9.3 goto forbid",
            "ip daddr 10.64.9.4 goto refuse",
            more=CHAINS,
        )
        names = ["clear", "silent", "forbidden", "refused"]
        cls.lab.config(
            {name: f"10.64.9.{n}" for n, name in enumerate(names, 1)},
            [
                {"name": "a", "to": "fleet", "check": ["sweep/50000-50063"]},
                {"name": "b", "to": "clear", "check": ["sweep/50010-50019,50030"]},
            ],
        )
        cls.seen = cls.lab.scan()

    def check_sweep(self, host, state, reason, verdict, check="sweep/50000-50063"):
        result = self.seen.result(host, check)
        self.assert_result(result, state, reason, "sweep")
        self.assertEqual(result["verdict"], verdict)
        return result

    def test_a_listener_among_closed_ports_is_open(self):
        result = self.check_sweep("clear", "open", "all-clear", "pass")
        self.assertEqual(
            seen_runs(result),
            [
                [50000, 50000, "closed"],
                [50001, 50001, "open"],
                [50002, 50063, "closed"],
            ],
        )

    def test_only_resets_are_closed_and_pass(self):
        check = "sweep/50010-50019,50030"
        result = self.check_sweep("clear", "closed", "rst", "pass", check)
        self.assertEqual(
            seen_runs(result), [[50010, 50019, "closed"], [50030, 50030, "closed"]]
        )

    def test_only_silence_is_filtered(self):
        self.check_sweep("silent", "filtered", "all-silent", "fail")

    def test_only_prohibitions_are_prohibited(self):
        self.check_sweep("forbidden", "prohibited", "all-prohibited", "fail")

    def test_only_unreachables_are_unreachable(self):
        self.check_sweep("refused", "unreachable", "all-unreachable", "fail")


if __name__ == "__main__":
    unittest.main()
