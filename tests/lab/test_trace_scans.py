# SPDX-License-Identifier: Apache-2.0
"""Where is it dropped? What scans make of it."""

import time
import unittest

from chain import HOST, R2_V4, TraceTest, WAY
from rpc_peer import RpcServer, licensing


class Scans(TraceTest):
    """A change carries where it is dropped, and the store keeps it."""

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(135, 443)

    def setUp(self):
        super().setUp()
        self.forget()

    def config(self, hosts=None, checks=("tcp/443", "tcp/135"), **probe):
        self.lab.config(
            hosts or {"ls1": HOST[4], "ls2": HOST[6]},
            [{"name": "r", "to": "fleet", "check": list(checks)}],
            probe={"trace": True, **probe},
        )

    def lose(self, *rules, scan=()):
        """A scan that passes, then one behind these rules on r2."""
        first = self.lab.scan()
        self.assertEqual(first.status, 0, str(first))
        self.assertNotIn("trace", str(first.events))
        self.lab.rules(self.lab.router, *rules)
        return self.lab.scan(*scan)

    def traces(self, outcome):
        return {
            c["host"]: c["evidence"]["trace"]
            for c in outcome.changes
            if "trace" in c["evidence"]
        }

    def test_a_drop_is_traced_and_measured_against_another_port(self):
        self.config()
        lost = self.lose("tcp dport 443 drop")
        traces = self.traces(lost)
        self.assertEqual(set(traces), {"ls1", "ls2"}, str(lost))
        for host, family in (("ls1", 4), ("ls2", 6)):
            self.assertEqual(self.hops(traces[host]), self.way(family, 1, 2))
            self.assertEqual((traces[host]["port"], traces[host]["distance"]), (443, 4))
            self.assertEqual(
                traces[host]["sentence"],
                f"last answer from {WAY[family][1]} at hop 2, "
                "2 hops before the target, then silence",
            )

    def test_the_store_keeps_it(self):
        self.config(hosts={"ls1": HOST[4]})
        lost = self.lose("tcp dport 443 drop")
        again = self.lab.scan()
        self.assertEqual(again.changes, [])
        diff = self.lab.reachd("diff", "-c", "reachd.yaml", "1", "3")
        self.assertEqual(self.traces(diff), self.traces(lost), str(diff))
        self.assertEqual(len(self.traces(diff)), 1)
        (incident,) = diff.incidents
        self.assertEqual(incident["trace"], self.traces(diff)["ls1"]["sentence"])
        text = self.lab.reachd("diff", "-c", "reachd.yaml", "1", "3", fmt="text")
        self.assertIn(f"where: last answer from {R2_V4} at hop 2", text.out)

    def test_a_reset_in_the_hosts_name_is_found_out(self):
        self.config(hosts={"ls1": HOST[4]})
        lost = self.lose("tcp dport 443 reject with tcp reset")
        (trace,) = self.traces(lost).values()
        self.assertEqual(trace["reached"]["ttl"], 3)
        self.assertIn("a firewall answers in the host's name", trace["sentence"])

    def test_who_forbids_it_is_kept_beside_the_flows_own_evidence(self):
        self.config(hosts={"ls1": HOST[4]})
        lost = self.lose("tcp dport 443 reject with icmp type admin-prohibited")
        (change,) = lost.changes
        self.assertEqual(change["evidence"]["icmp"]["sender"], R2_V4)
        self.assertEqual(change["evidence"]["trace"]["stopped"]["address"], R2_V4)

    def test_a_partial_sweep_is_walked_at_its_first_blocked_port(self):
        self.config(hosts={"ls1": HOST[4]}, checks=["sweep/1000-1100", "tcp/135"])
        lost = self.lose("tcp dport 1050-1100 drop")
        (trace,) = self.traces(lost).values()
        self.assertEqual((trace["port"], trace["last"]["address"]), (1050, R2_V4))

    def test_it_can_be_switched_off(self):
        self.config(trace=False)
        lost = self.lose("tcp dport 443 drop")
        self.assertEqual(len(lost.changes), 2)
        self.assertEqual(self.traces(lost), {})
        self.assertNotIn('"trace"', lost.out)

    def test_the_port_that_a_mapper_names_is_walked_to(self):
        self.lab.later(RpcServer(self.lab.fleet, "--mapper", "1135", *licensing(49664)).close)
        check = {"check": "rpc/licensing", "mapper_port": 1135}
        self.config(hosts={"ls1": HOST[4]}, checks=[check])
        lost = self.lose("tcp dport 49664 drop")
        (trace,) = self.traces(lost).values()
        self.assertEqual((trace["port"], trace["last"]["address"]), (49664, R2_V4))
        # The mapper answered: that is how far away the host is.
        self.assertEqual(trace["distance"], 4)

    def test_a_degraded_scan_walks_nowhere(self):
        """No server knows any of the names, so that nothing of the scan is believed."""
        self.lab.config(
            {"ls1": HOST[4], "lost": None, "gone": None},
            [{"name": "r", "to": "fleet", "check": ["tcp/443"]}],
            probe={"trace": True},
            dns={"servers": ["10.64.9.9"], "timeout": "200ms", "attempts": 1},
        )
        self.lab.scan()
        self.lab.rules(self.lab.router, "tcp dport 443 drop")
        lost = self.lab.scan()
        self.assertTrue(lost.summary["degraded"], str(lost))
        self.assertEqual(lost.result("ls1")["state"], "filtered")
        self.assertNotIn('"trace"', lost.out)

    def test_what_recovers_is_not_walked_to(self):
        self.config(hosts={"ls1": HOST[4]})
        self.lose("tcp dport 443 drop")
        self.lab.rules(self.lab.router)
        back = self.lab.scan()
        self.assertEqual([c["kind"] for c in back.changes], ["recovery"])
        self.assertEqual(self.traces(back), {})

    def test_of_many_flows_behind_one_rule_a_few_are_walked_to(self):
        hosts = {f"sh{n:03}": f"10.64.{n // 200}.{n % 200 + 1}" for n in range(400)}
        self.config(hosts=hosts, checks=["tcp/443"])
        lost = self.lose("tcp dport 443 reject with icmp type admin-prohibited")
        self.assertEqual(len(lost.changes), 400)
        walked = self.traces(lost)
        self.assertEqual(len(walked), 2 * 3, list(walked))
        (incident,) = lost.incidents
        self.assertIn(f"{R2_V4} at hop 2 says", incident["trace"])

    def test_every_incident_has_its_own_sentence(self):
        self.config(hosts={"ls1": HOST[4], "ls2": "10.64.2.2", "ls3": "10.64.3.3"})
        lost = self.lose(
            f"ip daddr {HOST[4]} tcp dport 443 drop",
            "ip daddr 10.64.3.3 tcp dport 135 reject with icmp type admin-prohibited",
        )
        told = {i["scope"]["check"]: i["trace"] for i in lost.incidents}
        self.assertEqual(set(told), {"tcp/443", "tcp/135"}, str(lost))
        self.assertTrue(told["tcp/443"].endswith("then silence"), told)
        self.assertIn("says icmp-admin-prohibited", told["tcp/135"])

    def test_walks_take_no_longer_than_they_may(self):
        hosts = {f"sh{n:03}": f"10.64.{n}.1" for n in range(40)}
        self.config(hosts=hosts, checks=["tcp/443"])
        started = time.monotonic()
        lost = self.lose("tcp dport 443 drop")
        self.assertEqual(len(lost.changes), 40)
        self.assertIn(len(self.traces(lost)), range(4, 33))
        self.assertLess(time.monotonic() - started, 25)

    def test_the_rate_holds_for_walks_as_well(self):
        """At one connection a second walks get nowhere: the scan does without."""
        self.config(hosts={"ls1": HOST[4]}, checks=["tcp/443"], rate="1/s")
        started = time.monotonic()
        lost = self.lose("tcp dport 443 drop")
        self.assertEqual(len(lost.changes), 1, str(lost))
        self.assertLess(time.monotonic() - started, 30)


if __name__ == "__main__":
    unittest.main()
