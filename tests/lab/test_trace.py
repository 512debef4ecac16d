# SPDX-License-Identifier: Apache-2.0
"""Where is it dropped? Walks through a chain of routers, and what scans make of them.

                                  .- r2 (router) -.
    vantage 10.1.0.2 -- r1 ------<                 >------ r3 -- fleet 10.64.0.0/12
                                  '- r2b ---------'

    hop:                 1                2                3     4

Everything goes by r2, unless a test gives r1 both ways.
"""

import re
import shutil
import time
import unittest

import netns
from lab import Lab, LabTest
from rpc_peer import RpcServer, licensing

R1_V4, R2_V4, R2B_V4, R3_V4 = "10.1.0.1", "10.3.1.2", "10.3.2.2", "10.4.1.1"
R1_V6, R2_V6, R3_V6 = "fd01::1", "fd03:1::2", "fd04:1::1"
WAY = {4: [R1_V4, R2_V4, R3_V4], 6: [R1_V6, R2_V6, R3_V6]}
HOST = {4: "10.64.1.1", 6: "fd64::1:1"}

# net, device and last byte on the left, the same on the right
LINKS = [
    ("1", "vantage", "up0", 2, "r1", "left0", 1),
    ("3:1", "r1", "a0", 1, "router", "left0", 2),
    ("3:2", "r1", "b0", 1, "r2b", "left0", 2),
    ("4:1", "router", "right0", 2, "r3", "a0", 1),
    ("4:2", "r2b", "right0", 2, "r3", "b0", 1),
    ("2", "r3", "right0", 1, "fleet", "net0", 2),
]
FLEET_V4, FLEET_V6 = "10.64.0.0/12", "fd64::/32"
BACK_V4, BACK_V6 = "10.1.0.0/24", "fd01::/64"


def v4(net, last):
    major, _, minor = net.partition(":")
    return f"10.{major}.{minor or 0}.{last}"


def v6(net, last):
    major, _, minor = net.partition(":")
    return f"fd0{major}:{minor}::{last}" if minor else f"fd0{major}::{last}"


class Chain(Lab):
    def _wire(self):
        self.r1 = netns.Namespace("r1")
        self.r2b = netns.Namespace("r2b")
        self.r3 = netns.Namespace("r3")
        self.routers = (self.r1, self.router, self.r2b, self.r3)
        for ns in (self.r1, self.r2b, self.r3):
            self.later(ns.close)
        for net, left, device, last, right, far_device, far_last in LINKS:
            left, right = getattr(self, left), getattr(self, right)
            netns.link(left, device, right, far_device)
            for ns, dev, byte in ((left, device, last), (right, far_device, far_last)):
                ns.ip(
                    f"addr add {v4(net, byte)}/24 dev {dev}",
                    f"addr add {v6(net, byte)}/64 dev {dev} nodad",
                )

    def _route(self):
        self.uplink()
        for ns in (*self.routers, self.fleet):
            ns.sysctl("net.ipv4.ip_forward", 1)
            ns.sysctl("net.ipv6.conf.all.forwarding", 1)
        self.one_way()
        for ns, minor in ((self.router, "1"), (self.r2b, "2")):
            ns.ip(
                f"route add {FLEET_V4} via {v4('4:' + minor, 1)}",
                f"route add {FLEET_V6} via {v6('4:' + minor, 1)}",
                f"route add {BACK_V4} via {v4('3:' + minor, 1)}",
                f"route add {BACK_V6} via {v6('3:' + minor, 1)}",
            )
        self.r3.ip(
            f"route add {FLEET_V4} via 10.2.0.2",
            f"route add {FLEET_V6} via fd02::2",
            f"route add {BACK_V4} via 10.4.1.2",
            f"route add {BACK_V6} via fd04:1::2",
        )
        self.fleet.ip(
            f"route add local {FLEET_V4} dev lo",
            f"route add local {FLEET_V6} dev lo",
            "route add default via 10.2.0.1",
            "route add default via fd02::1",
        )

    def one_way(self):
        self.r1.ip(
            f"route replace {FLEET_V4} via {R2_V4}",
            f"route replace {FLEET_V6} via {R2_V6}",
        )

    def two_ways(self):
        """By addresses and ports, so that a path keeps its way.

        Policy 1 would do as well, but for a hash that the kernel chooses anew for every
        socket and that a veth hands over with the packet, as no cable does.
        """
        self.r1.sysctl("net.ipv4.fib_multipath_hash_fields", 0x37)
        self.r1.sysctl("net.ipv4.fib_multipath_hash_policy", 3)
        self.r1.ip(
            f"route replace {FLEET_V4} nexthop via {R2_V4} nexthop via {R2B_V4}"
        )

    def _tune(self):
        super()._tune()
        for ns in self.routers:
            ns.sysctl("net.ipv4.icmp_ratelimit", 0)
            ns.sysctl("net.ipv4.icmp_ratemask", 0)
            ns.sysctl("net.ipv6.icmp.ratelimit", 0)
            # The other way back is as good as the one there.
            ns.sysctl("net.ipv4.conf.all.rp_filter", 0)

    def rules(self, ns, *rules, hook="forward"):
        """Replaces what a router forbids; none: nothing."""
        body = "\n".join(rules)
        ns.nft(
            "table inet walk\ndelete table inet walk\ntable inet walk {\n"
            f"chain c {{\ntype filter hook {hook} priority 0; policy accept;\n"
            f"{body}\n}}\n}}\n"
        )

    def clear(self):
        for ns in self.routers:
            self.rules(ns)
        self.one_way()

    def hush(self, *routers):
        """These tell nobody that a packet's hops ran out."""
        for ns in routers:
            self.rules(
                ns,
                "icmp type time-exceeded drop",
                "icmpv6 type time-exceeded drop",
                hook="output",
            )

    def trace(self, *arguments, **options):
        outcome = self.reachd("trace", *arguments, **options)
        (event,) = outcome.events
        return outcome, event


class TraceTest(LabTest):
    @classmethod
    def setUpClass(cls):
        cls.lab = Chain()
        cls.addClassCleanup(cls.lab.close)
        cls.prepare()

    def setUp(self):
        self.addCleanup(self.lab.clear)

    def hops(self, trace):
        return [(hop["ttl"], hop["address"]) for hop in trace["hops"]]

    def way(self, family, *ttls):
        return [(ttl, WAY[family][ttl - 1]) for ttl in ttls or (1, 2, 3)]


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
                "the host is at hop 4: a firewall answers in its name",
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
                self.assertIn("can't be decided", trace["sentence"])

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
            f"last answer from {R2_V4} at hop 2; the walk was cut short",
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
        self.assertIn("a firewall answers in its name", trace["sentence"])

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
        """No server knows any name, so that nothing of the scan is believed."""
        self.lab.config(
            {"ls1": HOST[4], "lost": None},
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
