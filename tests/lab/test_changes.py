# SPDX-License-Identifier: Apache-2.0
"""From a changed firewall to the verdicts, the diff, the incident, the exit status."""

import unittest

from lab import LabTest


def addresses(count, third):
    return {
        f"sh{n:03}": f"10.64.{third + (n - 1) // 200}.{(n - 1) % 200 + 1}"
        for n in range(1, count + 1)
    }


class OneRuleManyHosts(LabTest):
    """250 hosts behind one changed rule are one incident."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.listeners.open(135, 443, 3389)
        hosts = {**addresses(250, 80), **{f"web{n}": f"10.64.90.{n}" for n in range(1, 6)}}
        groups = {
            "session_hosts": [h for h in hosts if h.startswith("sh")],
            "web": [h for h in hosts if h.startswith("web")],
        }
        lab.config(
            hosts,
            [
                {"name": "logons", "to": "session_hosts", "check": ["tcp/3389", "tcp/135"]},
                {"name": "web", "to": "web", "check": ["tcp/443", "tcp/3389"]},
            ],
            groups=groups,
        )
        cls.first = lab.scan()
        lab.firewall("ip daddr 10.64.80.0/23 tcp dport 3389 drop")
        cls.second = lab.scan()
        cls.diff = lab.reachd("diff", "-c", "reachd.yaml")

    def test_the_first_scan_passes_and_has_nothing_to_compare_with(self):
        self.assertEqual(self.first.status, 0, str(self.first))
        self.assertEqual(self.first.changes, [])
        self.assertEqual(self.first.incidents, [])

    def test_every_flow_behind_the_rule_changed_and_no_other(self):
        changed = {(c["host"], c["check"]) for c in self.second.changes}
        self.assertEqual(
            changed, {(f"sh{n:03}", "tcp/3389") for n in range(1, 251)}
        )
        for change in self.second.changes:
            words = (change["from"], change["to"], change["kind"], change["incident"])
            self.assertEqual(words, ("open", "filtered", "regression", 1))

    def test_they_are_one_incident_that_says_so(self):
        (incident,) = self.second.incidents
        self.assertEqual(incident["changes"], 250)
        for word in ("tcp/3389", "session_hosts", "open → filtered", "250 of 250"):
            self.assertIn(word, incident["summary"])

    def test_the_scan_fails(self):
        self.assertEqual(self.second.status, 1, str(self.second))
        self.assertEqual(self.second.summary["fail"], 250)

    def test_diff_tells_the_same_afterwards(self):
        self.assertEqual(self.diff.status, 1, str(self.diff))
        key = ("host", "check", "from", "to", "kind")
        told = sorted(tuple(c[k] for k in key) for c in self.diff.changes)
        self.assertEqual(
            told, sorted(tuple(c[k] for k in key) for c in self.second.changes)
        )
        (incident,) = self.diff.incidents
        self.assertEqual(incident["summary"], self.second.incidents[0]["summary"])

    def test_diff_of_equal_scans_is_empty(self):
        first = str(self.first.summary["scan"])
        same = self.lab.reachd("diff", "-c", "reachd.yaml", first, first)
        self.assertEqual((same.status, same.changes), (0, []), str(same))

    def test_the_way_back_is_a_recovery(self):
        first = str(self.first.summary["scan"])
        second = str(self.second.summary["scan"])
        back = self.lab.reachd("diff", "-c", "reachd.yaml", second, first)
        self.assertEqual({c["kind"] for c in back.changes}, {"recovery"}, str(back))
        self.assertEqual(len(back.changes), 250)


class Expectations(LabTest):
    """`blocked` needs proof that the host lives."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.listeners.open(443, 3389)
        lab.firewall(
            "ip daddr 10.64.92.1 tcp dport 3389 drop",
            "ip daddr 10.64.92.2 drop",
            "ip daddr 10.64.92.4 tcp dport 3389 reject with tcp reset",
            "ip daddr 10.64.92.5 tcp dport 3389 reject with tcp reset",
            "ip daddr 10.64.92.6 tcp dport 3389 reject with icmp type admin-prohibited",
            "ip daddr 10.64.92.7 tcp dport 3389 drop",
        )
        names = ["proven", "silent", "exposed", "reset", "accepted-reset",
            "forbidden", "controlled"]  # fmt: skip
        hosts = {name: f"10.64.92.{n}" for n, name in enumerate(names, 1)}
        closed = {"expect": "blocked"}
        lab.config(
            hosts,
            [
                {"name": "answers", "to": ["proven", "silent", "reset"],
                 "check": ["tcp/443"], "expect": "any"},
                {"name": "no RDP", "to": [n for n in names if n not in
                 ("accepted-reset", "controlled")], "check": ["tcp/3389"], **closed},
                {"name": "reset will do", "to": "accepted-reset",
                 "check": ["tcp/3389"], "accept": ["closed"], **closed},
                {"name": "with control", "to": "controlled", "check": ["tcp/3389"],
                 "control": ["tcp/443"], **closed},
            ],
        )  # fmt: skip
        cls.seen = lab.scan()

    def check_verdict(self, host, state, verdict):
        result = self.seen.result(host, "tcp/3389")
        self.assertEqual((result["state"], result["verdict"]), (state, verdict), result)

    def test_silence_beside_an_answer_passes(self):
        self.check_verdict("proven", "filtered", "pass")

    def test_silence_alone_is_inconclusive(self):
        self.check_verdict("silent", "filtered", "inconclusive")

    def test_a_declared_control_is_proof(self):
        self.check_verdict("controlled", "filtered", "pass")

    def test_an_open_port_fails(self):
        self.check_verdict("exposed", "open", "fail")

    def test_a_reset_fails_unless_it_is_accepted(self):
        self.check_verdict("reset", "closed", "fail")
        self.check_verdict("accepted-reset", "closed", "pass")

    def test_an_icmp_answer_alone_is_inconclusive(self):
        self.check_verdict("forbidden", "prohibited", "inconclusive")


class Exposure(LabTest):
    """What must be closed is opened, and closed again."""

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443, 3389)
        cls.lab.config(
            addresses(4, 94),
            [
                {"name": "web", "to": "fleet", "check": ["tcp/443"]},
                {"name": "no RDP", "to": "fleet", "check": ["tcp/3389"], "expect": "blocked"},
            ],
        )  # fmt: skip
        cls.lab.firewall("tcp dport 3389 drop")
        cls.closed = cls.lab.scan()
        cls.lab.firewall()
        cls.opened = cls.lab.scan("--fail-on-change")
        cls.lab.firewall("tcp dport 3389 drop")
        cls.shut = cls.lab.scan()
        cls.shut_again = cls.lab.scan("--fail-on-change")

    def test_exit_statuses(self):
        statuses = [self.closed, self.opened, self.shut, self.shut_again]
        self.assertEqual([s.status for s in statuses], [0, 1, 0, 0])

    def test_opening_is_an_exposure_in_one_incident(self):
        self.assertEqual({c["kind"] for c in self.opened.changes}, {"exposure"})
        (incident,) = self.opened.incidents
        self.assertEqual(incident["changes"], 4)

    def test_closing_is_no_regression(self):
        self.assertEqual(len(self.shut.changes), 4)
        self.assertNotIn("regression", {c["kind"] for c in self.shut.changes})

    def test_a_confirmed_change_fails_where_that_is_asked(self):
        self.lab.firewall("tcp dport 3389 reject with icmp type admin-prohibited")
        changed = self.lab.scan("--fail-on-change")
        self.assertEqual(changed.status, 1, str(changed))
        self.assertEqual(changed.summary["fail"], 0)


class Inventory(LabTest):
    """A host that leaves the file has not become unreachable."""

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443)

    def scan_of(self, hosts, address=0):
        self.lab.config(
            {h: f"10.64.{96 + address}.{n}" for n, h in enumerate(hosts, 1)},
            [{"name": "renamed" if address else "web", "to": "fleet", "check": ["tcp/443"]}],
        )
        return self.lab.scan()

    def test_hosts_come_and_go(self):
        self.forget()
        self.scan_of(["a", "b"])
        seen = self.scan_of(["a", "c"])
        self.assertEqual(seen.status, 0, str(seen))
        kinds = {(c["host"], c["kind"]) for c in seen.changes}
        self.assertEqual(kinds, {("b", "removed"), ("c", "added")})
        self.assertEqual(seen.incidents, [])

    def test_neither_a_new_address_nor_a_new_rule_name_is_a_change(self):
        self.forget()
        self.scan_of(["a", "b"])
        seen = self.scan_of(["a", "b"], address=1)
        self.assertEqual((seen.status, seen.changes), (0, []), str(seen))


class Sweeps(LabTest):
    """Listeners come and go; what a firewall does to the ports is what counts."""

    @classmethod
    def prepare(cls):
        cls.lab.config(
            {"a": "10.64.98.1"},
            [{"name": "rpc", "to": "fleet", "check": ["sweep/50000-50031"]}],
        )

    def test_a_listener_is_no_change_and_a_blocked_port_is(self):
        self.forget()
        self.assertEqual(self.lab.scan().result("a")["state"], "closed")
        self.lab.listeners.open(50007)
        seen = self.lab.scan()
        self.assertEqual((seen.status, seen.changes), (0, []), str(seen))
        self.lab.firewall("tcp dport 50016-50031 drop")
        half = self.lab.scan()
        (change,) = half.changes
        self.assertEqual((change["to"], change["kind"]), ("partial", "regression"))
        self.lab.firewall("tcp dport 50020-50031 drop")
        other = self.lab.scan()
        self.assertEqual(len(other.changes), 1, "other ports are blocked now")


if __name__ == "__main__":
    unittest.main()
