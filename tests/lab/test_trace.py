# SPDX-License-Identifier: Apache-2.0
"""Where is it dropped? reachd trace through a chain of routers."""

import re
import shutil
import unittest

from chain import HOST, R2B_V4, R2_V4, TraceTest, WAY, v4
from rpc_peer import RpcServer, licensing


class OnDemand(TraceTest):
    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(136, 443)

    def trace(self, family, status, *options, check="tcp/443"):
        outcome, event = self.lab.trace(check, HOST[family], *options)
        self.assertEqual(outcome.status, status, str(outcome))
        self.assertEqual(event["type"], "trace")
        self.assertEqual(event["address"], HOST[family])
        return event, event["trace"]

    def both(self):
        for family in (4, 6):
            with self.subTest(family=family):
                yield family

    def test_an_open_port_shows_the_whole_way(self):
        for family in self.both():
            event, trace = self.trace(family, 0)
            self.assertEqual(self.hops(trace), self.way(family))
            reached = trace["reached"]
            self.assertEqual((reached["ttl"], reached["by"]), (4, "syn-ack"))
            self.assertEqual((event["state"], trace["silent"]), ("open", 0))
            self.assertEqual(trace["sentence"], "the target accepts at hop 4")

    def test_a_port_that_is_dropped_ends_at_the_router_that_drops(self):
        self.lab.rules(self.lab.router, "tcp dport 443 drop")
        for family in self.both():
            event, trace = self.trace(family, 1)
            self.assertEqual(self.hops(trace), self.way(family, 1, 2))
            last = {"ttl": 2, "address": WAY[family][1]}
            self.assertEqual(trace["last"], last)
            self.assertEqual((trace["reached"], trace["stopped"]), (None, None))
            self.assertEqual((event["state"], event["reason"]), ("filtered", "timeout"))
            self.assertEqual(
                trace["sentence"],
                f"last answer from {WAY[family][1]} at hop 2, then silence",
            )

    def test_an_open_port_tells_how_far_before_the_target(self):
        self.lab.rules(self.lab.router, "tcp dport 443 drop")
        for family in self.both():
            _, trace = self.trace(family, 1, "--open-port", "136")
            self.assertEqual(
                trace["sentence"],
                f"last answer from {WAY[family][1]} at hop 2, "
                "2 hops before the target, then silence",
            )

    def test_a_reset_of_a_firewall_on_the_way_comes_from_nearer_by(self):
        self.lab.rules(self.lab.router, "tcp dport 443 reject with tcp reset")
        for family in self.both():
            event, trace = self.trace(family, 0, "--open-port", "136")
            # It lets the hops run out before it rejects, as it forwards.
            self.assertEqual((trace["reached"]["ttl"], trace["reached"]["by"]), (3, "rst"))
            self.assertEqual(event["state"], "closed")
            self.assertEqual(
                trace["sentence"],
                f"the reset comes from hop 2 ({WAY[family][1]}) or 3, "
                "the host is at hop 4: a firewall answers in the host's name",
            )

    def test_a_reset_of_the_last_hop_cant_be_told_from_the_hosts(self):
        for where in ("the last hop", "the host"):
            port = "443" if where == "the last hop" else "444"
            if where == "the last hop":
                self.lab.rules(self.lab.r3, "tcp dport 443 reject with tcp reset")
            for family in self.both():
                _, trace = self.trace(
                    family, 0, "--open-port", "136", check=f"tcp/{port}"
                )
                self.assertEqual(trace["reached"]["ttl"], 4, where)
                self.assertIn("or a firewall right in front of it", trace["sentence"])

    def test_who_forbids_it_is_named(self):
        self.lab.rules(
            self.lab.router,
            "meta nfproto ipv4 tcp dport 443 reject with icmp type admin-prohibited",
            "meta nfproto ipv6 tcp dport 443 reject with icmpv6 type admin-prohibited",
        )
        for family in self.both():
            event, trace = self.trace(family, 1)
            stopped = trace["stopped"]
            icmp = {4: {"type": 3, "code": 13}, 6: {"type": 1, "code": 1}}[family]
            self.assertEqual(stopped["address"], WAY[family][1])
            self.assertEqual(stopped["icmp"], icmp)
            self.assertEqual(event["state"], "prohibited")
            self.assertEqual(
                trace["sentence"],
                f"{WAY[family][1]} at hop 2 says icmp-admin-prohibited",
            )

    def test_silent_routers_are_a_gap_and_no_end(self):
        self.lab.hush(self.lab.router, self.lab.r3)
        for family in self.both():
            _, trace = self.trace(family, 0)
            self.assertEqual(self.hops(trace), self.way(family, 1))
            self.assertEqual(trace["reached"]["ttl"], 4)

    def test_nobody_but_the_target_answers(self):
        self.lab.hush(*self.lab.routers)
        for family in self.both():
            _, trace = self.trace(family, 0)
            self.assertEqual((trace["hops"], trace["last"]), ([], None))
            self.assertEqual(trace["reached"]["ttl"], 4)

    def test_two_ways_have_two_addresses_at_one_ttl(self):
        self.lab.two_ways()
        seen = set()
        for _ in range(12):
            _, trace = self.trace(4, 0)
            second = frozenset(a for ttl, a in self.hops(trace) if ttl == 2)
            self.assertLessEqual(second, {R2_V4, R2B_V4})
            # A path keeps its way, so that no hop is missing behind either.
            self.assertEqual(trace["silent"], 0)
            seen.add(second)
            if len(second) == 2:
                break
        self.assertIn(frozenset({R2_V4, R2B_V4}), seen)

    def test_one_way_of_two_that_drops_is_told(self):
        self.lab.two_ways()
        self.lab.rules(self.lab.r2b, "tcp dport 443 drop")
        for _ in range(12):
            _, event = self.lab.trace("tcp/443", HOST[4])
            trace = event["trace"]
            if trace["reached"] and trace["silent"]:
                self.assertEqual(trace["last"], {"ttl": 2, "address": R2B_V4})
                self.assertRegex(
                    trace["sentence"],
                    "^the target accepts at hop 4; on [12] of 3 paths: "
                    f"last answer from {R2B_V4} at hop 2, then silence$",
                )
                return
        self.fail("twelve walks, and none went both ways")

    def test_sweeps_walk_to_their_first_blocked_port(self):
        self.lab.rules(self.lab.router, "tcp dport 1003-1009 drop")
        event, trace = self.trace(4, 1, check="sweep/1000-1010")
        self.assertEqual((event["port"], trace["port"]), (1003, 1003))
        self.assertEqual(trace["last"]["address"], R2_V4)
        event, _ = self.trace(4, 0, check="sweep/443,1000")
        self.assertEqual(event["port"], 443)

    def test_rpc_is_asked_for_the_port_first(self):
        self.lab.later(RpcServer(self.lab.fleet, *licensing(49665)).close)
        self.lab.rules(self.lab.router, "tcp dport 49665 drop")
        event, trace = self.trace(4, 1, check="rpc/licensing")
        self.assertEqual((event["check"], event["port"]), ("rpc/licensing", 49665))
        self.assertEqual(trace["last"]["address"], R2_V4)

    def test_each_address_is_walked_to_by_its_own_port(self):
        ports = {HOST[4]: 49665, HOST[6]: 49671}
        for address, port in ports.items():
            server = RpcServer(
                self.lab.fleet, "--address", address, *licensing(port)
            )
            self.addCleanup(server.close)
        self.lab.config({"ls": list(ports)}, [{"name": "r", "to": "ls", "check": "rpc"}])
        self.lab.rules(self.lab.router, "tcp dport 49671 drop")
        done = self.lab.reachd(
            "trace", "rpc/licensing", "ls", "-c", "reachd.yaml", "--open-port", "135"
        )
        self.assertEqual(done.status, 1, str(done))
        told = {
            e["address"]: (e["port"], e["trace"]["port"], e["state"]) for e in done.events
        }
        self.assertEqual(
            told,
            {HOST[4]: (49665, 49665, "open"), HOST[6]: (49671, 49671, "filtered")},
        )
        for event in done.events:
            self.assertEqual(event["trace"]["distance"], 4)

    def test_a_walk_without_the_time_to_end_is_no_answer(self):
        self.lab.rules(self.lab.router, "tcp dport 443 drop")
        event, trace = self.trace(4, 3, "--within", "300ms")
        self.assertEqual((event["state"], trace["cut"]), ("filtered", True))
        self.assertEqual(
            trace["sentence"],
            f"last answer from {R2_V4} at hop 2; the trace was cut short",
        )

    def test_hops_are_shown_as_they_come(self):
        done = self.lab.reachd("trace", "tcp/443", HOST[4], fmt=None)
        lines = [line for line in done.out.splitlines() if " trace " in line]
        self.assertEqual(len(lines), 4, str(done))
        for ttl, (line, address) in enumerate(zip(lines, WAY[4] + ["the target"]), 1):
            self.assertRegex(line, rf"hop +{ttl}  {re.escape(address)}.* [0-9.]+ ms$")
        self.assertIn("the target accepts at hop 4", done.out.splitlines()[-1])

    def test_trouble_of_this_machine_is_no_walk(self):
        self.addCleanup(self.lab.uplink)
        self.lab.vantage.ip("route replace default via 10.1.0.99")
        outcome, event = self.lab.trace("tcp/443", HOST[4])
        self.assertEqual(outcome.status, 3, str(outcome))
        self.assertEqual((event["state"], event["reason"]), ("error", "no-gateway"))
        self.lab.vantage.ip("route del default")
        outcome, event = self.lab.trace("tcp/443", HOST[4])
        self.assertEqual(outcome.status, 3, str(outcome))
        self.assertEqual((event["state"], event["reason"]), ("error", "no-route"))

    def test_a_neighbour_that_is_not_there_is_told(self):
        outcome, event = self.lab.trace("tcp/443", "10.1.0.77")
        self.assertEqual(outcome.status, 1, str(outcome))
        self.assertEqual(event["reason"], "neighbour-silent", str(outcome))
        done = self.lab.reachd("trace", "tcp/443", "10.1.0.77", fmt=None)
        self.assertIn("does not answer ARP", done.out.splitlines()[-1])

    # ---- others see the same -----------------------------------------------------

    def other(self, *command):
        """Address by TTL, as traceroute and tcptraceroute print them."""
        if not shutil.which(command[0]):
            self.skipTest(f"{command[0]} is not installed")
        out = self.lab.vantage.run(*command)
        return re.findall(r"(?m)^ *(\d+)  ([0-9a-f.:]+) ", out)

    def test_traceroute_lists_the_same_hops(self):
        for family in self.both():
            _, trace = self.trace(family, 0)
            ours = [(str(ttl), address) for ttl, address in self.hops(trace)]
            ours.append((str(trace["reached"]["ttl"]), HOST[family]))
            theirs = self.other(
                "traceroute", f"-{family}", "-T", "-n", "-q", "1", "-p", "443", HOST[family]
            )
            self.assertEqual(ours, theirs)

    def test_tcptraceroute_lists_the_same_hops(self):
        _, trace = self.trace(4, 0)
        ours = [(str(ttl), address) for ttl, address in self.hops(trace)]
        ours.append((str(trace["reached"]["ttl"]), HOST[4]))
        theirs = self.other("tcptraceroute", "-n", "-q", "1", "-w", "2", HOST[4], "443")
        self.assertEqual(ours, theirs)

    def test_traceroute_ends_at_the_same_hop_where_it_is_dropped(self):
        self.lab.rules(self.lab.router, "tcp dport 443 drop")
        _, trace = self.trace(4, 1)
        ours = [(str(ttl), address) for ttl, address in self.hops(trace)]
        command = ("traceroute", "-T", "-n", "-q", "1", "-w", "1", "-m", "6", "-p", "443")
        self.assertEqual(ours, self.other(*command, HOST[4]))

    # ---- what it costs -------------------------------------------------------------

    def count_syns(self, *arguments):
        """SYNs that leave this machine, the kernel's own repetitions included."""
        self.lab.vantage.nft(
            "table inet count\ndelete table inet count\ntable inet count {\n"
            "counter syns {}\nchain out {\ntype filter hook output priority 0;\n"
            "tcp flags & (syn|ack) == syn counter name syns\n}\n}\n"
        )
        outcome, _ = self.lab.trace(*arguments)
        listed = self.lab.vantage.run("nft", "list", "counter", "inet", "count", "syns")
        return int(re.search(r"packets (\d+)", listed)[1]), outcome

    def test_a_walk_sends_no_more_than_it_says(self):
        sent, _ = self.count_syns("tcp/443", HOST[4])
        self.assertEqual(sent, 3 * 4)
        self.lab.rules(self.lab.router, "tcp dport 443 drop")
        for family in self.both():
            sent, outcome = self.count_syns("tcp/443", HOST[family])
            # Two hops; four silent ones and the leap to the last, twice each.
            self.assertEqual(sent, 3 * (2 + 2 * 5), str(outcome))
            self.assertLess(outcome.elapsed, 8)

    def test_a_walk_of_many_hops_stays_within_its_bound(self):
        """A loop between two routers answers to every TTL, for ever."""
        self.lab.router.ip(f"route add 10.65.0.0/16 via {v4('3:1', 1)}")
        self.lab.r1.ip(f"route add 10.65.0.0/16 via {R2_V4}")
        sent, outcome = self.count_syns("tcp/443", "10.65.0.1")
        self.assertEqual(sent, 3 * 30, str(outcome))
        self.assertEqual(outcome.status, 1)


if __name__ == "__main__":
    unittest.main()
