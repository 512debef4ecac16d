# SPDX-License-Identifier: Apache-2.0
"""What a firewall, a router or a host can do to a SYN, and what reachd makes of it."""

import json
import unittest

from lab import ROUTER_V4, ROUTER_V6, LabTest
from peers import IcmpResponder

# name, rule (nft, without the address), state, reason, ICMP type and code or None
FIREWALL_V4 = (
    ("open", "accept", "open", "syn-ack", None),
    ("drop", "drop", "filtered", "timeout", None),
    ("tcp-reset", "reject with tcp reset", "closed", "rst", None),
    ("net-unreachable", "reject with icmp type net-unreachable", "unreachable",
     "icmp-net-unreachable", (3, 0)),
    ("host-unreachable", "reject with icmp type host-unreachable", "unreachable",
     "icmp-host-unreachable", (3, 1)),
    ("prot-unreachable", "reject with icmp type prot-unreachable", "unreachable",
     "icmp-protocol-unreachable", (3, 2)),
    ("port-unreachable", "reject with icmp type port-unreachable", "unreachable",
     "icmp-port-unreachable", (3, 3)),
    ("net-prohibited", "reject with icmp type net-prohibited", "prohibited",
     "icmp-net-prohibited", (3, 9)),
    ("host-prohibited", "reject with icmp type host-prohibited", "prohibited",
     "icmp-host-prohibited", (3, 10)),
    ("admin-prohibited", "reject with icmp type admin-prohibited", "prohibited",
     "icmp-admin-prohibited", (3, 13)),
)  # fmt: skip

FIREWALL_V6 = (
    ("open", "accept", "open", "syn-ack", None),
    ("drop", "drop", "filtered", "timeout", None),
    ("tcp-reset", "reject with tcp reset", "closed", "rst", None),
    ("no-route", "reject with icmpv6 type no-route", "unreachable",
     "icmp-net-unreachable", (1, 0)),
    ("admin-prohibited", "reject with icmpv6 type admin-prohibited", "prohibited",
     "icmp-admin-prohibited", (1, 1)),
    ("addr-unreachable", "reject with icmpv6 type addr-unreachable", "unreachable",
     "icmp-host-unreachable", (1, 3)),
    ("port-unreachable", "reject with icmpv6 type port-unreachable", "unreachable",
     "icmp-port-unreachable", (1, 4)),
    ("policy-fail", "reject with icmpv6 type policy-fail", "prohibited",
     "icmp-policy-fail", (1, 5)),
    ("reject-route", "reject with icmpv6 type reject-route", "prohibited",
     "icmp-reject-route", (1, 6)),
)  # fmt: skip

# type, code, state, reason: as a router that is no Linux firewall would send them
RAW_V4 = (
    (3, 0, "unreachable", "icmp-net-unreachable"),
    (3, 1, "unreachable", "icmp-host-unreachable"),
    (3, 2, "unreachable", "icmp-protocol-unreachable"),
    (3, 3, "unreachable", "icmp-port-unreachable"),
    (3, 5, "unreachable", "icmp-source-route-failed"),
    (3, 6, "unreachable", None),
    (3, 7, "unreachable", None),
    (3, 8, "unreachable", None),
    (3, 9, "prohibited", "icmp-net-prohibited"),
    (3, 10, "prohibited", "icmp-host-prohibited"),
    (3, 11, "unreachable", None),
    (3, 12, "unreachable", None),
    (3, 13, "prohibited", "icmp-admin-prohibited"),
    (3, 14, "unreachable", None),
    (3, 15, "unreachable", None),
    (11, 0, "unreachable", "icmp-time-exceeded"),
    (12, 0, "unreachable", "icmp-parameter-problem"),
)
RAW_V6 = (
    (1, 0, "unreachable", "icmp-net-unreachable"),
    (1, 1, "prohibited", "icmp-admin-prohibited"),
    (1, 2, "unreachable", "icmp-beyond-scope"),
    (1, 3, "unreachable", "icmp-host-unreachable"),
    (1, 4, "unreachable", "icmp-port-unreachable"),
    (1, 5, "prohibited", "icmp-policy-fail"),
    (1, 6, "prohibited", "icmp-reject-route"),
    (3, 0, "unreachable", "icmp-time-exceeded"),
    (4, 0, "unreachable", "icmp-parameter-problem"),
)


def address(family, number):
    return f"10.64.1.{number}" if family == 4 else f"fd64::1:{number:x}"


class Firewall(LabTest):
    """One host a rule, all in one scan."""

    @classmethod
    def prepare(cls):
        hosts, rules = {}, []
        for family, cases in ((4, FIREWALL_V4), (6, FIREWALL_V6)):
            for number, (name, action, *_) in enumerate(cases, 1):
                to = address(family, number)
                hosts[f"v{family}-{name}"] = to
                word = "ip" if family == 4 else "ip6"
                rules.append(f"{word} daddr {to} tcp dport 443 {action}")
        cls.lab.listeners.open(443)
        cls.lab.firewall(*rules)
        cls.lab.config(hosts, [{"name": "all", "to": "fleet",
            "check": ["tcp/443", "tcp/444"], "expect": "any"}])  # fmt: skip
        cls.seen = cls.lab.scan()

    def check_case(self, family, name, state, reason, icmp):
        result = self.seen.result(f"v{family}-{name}", "tcp/443")
        self.assert_result(result, state, reason)
        sender = ROUTER_V4 if family == 4 else ROUTER_V6
        if icmp:
            self.assert_icmp(result, *icmp, sender)
        else:
            self.assertNotIn("icmp", result.get("evidence") or {})

    def test_a_port_without_listener_is_closed_by_its_rst(self):
        for host in self.seen.results:
            if host["check"] == "tcp/444":
                self.assert_result(host, "closed", "rst")

    def test_silence_takes_every_attempt_and_an_answer_only_one(self):
        self.assertEqual(self.seen.result("v4-drop", "tcp/443")["attempts"], 2)
        self.assertEqual(self.seen.result("v4-open", "tcp/443")["attempts"], 1)

    def test_the_address_stands_in_the_result(self):
        result = self.seen.result("v6-open", "tcp/443")
        (leg,) = result["addresses"]
        self.assertEqual((leg["address"], leg["state"]), ("fd64::1:1", "open"))
        self.assertGreater(leg["rtt_us"], 0)


def _add_cases(family, cases):
    for name, _, state, reason, icmp in cases:

        def test(self, case=(family, name, state, reason, icmp)):
            self.check_case(*case)

        setattr(Firewall, f"test_v{family}_{name.replace('-', '_')}", test)


_add_cases(4, FIREWALL_V4)
_add_cases(6, FIREWALL_V6)


class EveryIcmpCode(LabTest):
    """ICMP errors that nftables can't send, from a raw socket in the router."""

    @classmethod
    def prepare(cls):
        responder = IcmpResponder(cls.lab.router, "left0")
        cls.lab.later(responder.close)
        cls.lab.firewall("ip daddr 10.64.2.0/24 drop", "ip6 daddr fd64:0:2::/64 drop")
        rules = []
        for host, cases in (("v4", RAW_V4), ("v6", RAW_V6)):
            checks = [f"tcp/{IcmpResponder.port(t, c)}" for t, c, *_ in cases]
            rules.append({"name": host, "to": host, "check": checks, "expect": "any"})
        # Fragmentation needed: the kernel keeps it to itself.
        rules[0]["check"].append(f"tcp/{IcmpResponder.port(3, 4)}")
        cls.lab.config({"v4": "10.64.2.1", "v6": "fd64:0:2::1"}, rules)
        cls.seen = cls.lab.scan()

    def check_table(self, host, cases, sender):
        for kind, code, state, reason in cases:
            with self.subTest(type=kind, code=code):
                check = f"tcp/{IcmpResponder.port(kind, code)}"
                result = self.seen.result(host, check)
                self.assertEqual(result["state"], state, json.dumps(result))
                if reason:
                    self.assertEqual(result["reason"], reason)
                self.assert_icmp(result, kind, code, sender)

    def test_v4_codes(self):
        self.check_table("v4", RAW_V4, ROUTER_V4)

    def test_v6_codes(self):
        self.check_table("v6", RAW_V6, ROUTER_V6)

    def test_a_message_about_packet_size_is_no_answer(self):
        result = self.seen.result("v4", f"tcp/{IcmpResponder.port(3, 4)}")
        self.assertEqual(result["path"], "blocked", json.dumps(result))


class Routes(LabTest):
    """What routers do without any firewall."""

    @classmethod
    def prepare(cls):
        lab = cls.lab
        lab.router.ip(
            "route add prohibit 10.72.0.0/24",
            "route add unreachable 10.72.1.0/24",
            "route add blackhole 10.72.2.0/24",
            "route add prohibit fd64:72::/48",
            "route add unreachable fd64:73::/48",
            "route add blackhole fd64:74::/48",
            # The fleet sends these back to the router, which sends them to the fleet.
            "route add 10.90.0.0/16 via 10.2.0.2",
            "route add fd90::/32 via fd02::2",
        )
        lab.listeners.open(443)
        hosts = {
            "prohibit4": "10.72.0.1",
            "unreachable4": "10.72.1.1",
            "blackhole4": "10.72.2.1",
            "prohibit6": "fd64:72::1",
            "unreachable6": "fd64:73::1",
            "blackhole6": "fd64:74::1",
            "loop4": "10.90.0.1",
            "loop6": "fd90::1",
            "dead-neighbour4": "10.1.0.99",
            "dead-neighbour6": "fd01::99",
            "dead-behind4": "10.2.0.99",
            "dead-behind6": "fd02::99",
        }
        lab.config(
            hosts,
            [{"name": "all", "to": "fleet", "check": ["tcp/443"], "expect": "any"}],
            # The kernel gives a neighbour three seconds to answer.
            probe={"timeout": "4s", "attempts": 1},
        )
        cls.seen = lab.scan()

    def check_icmp(self, host, state, reason, kind, code, senders):
        result = self.seen.result(host)
        self.assert_result(result, state, reason)
        icmp = result["evidence"]["icmp"]
        self.assertEqual((icmp["type"], icmp["code"]), (kind, code))
        self.assertIn(icmp["sender"], senders)

    def test_a_prohibit_route_is_prohibited(self):
        reason = "icmp-admin-prohibited"
        self.check_icmp("prohibit4", "prohibited", reason, 3, 13, [ROUTER_V4])
        self.check_icmp("prohibit6", "prohibited", reason, 1, 1, [ROUTER_V6])

    def test_an_unreachable_route_is_unreachable(self):
        self.check_icmp(
            "unreachable4", "unreachable", "icmp-host-unreachable", 3, 1, [ROUTER_V4]
        )
        result = self.seen.result("unreachable6")
        self.assertEqual(result["state"], "unreachable", json.dumps(result))

    def test_a_blackhole_route_is_filtered(self):
        for host in ("blackhole4", "blackhole6"):
            self.assert_result(self.seen.result(host), "filtered", "timeout")

    def test_a_routing_loop_is_unreachable(self):
        reason = "icmp-time-exceeded"
        loop4, loop6 = [ROUTER_V4, "10.2.0.2"], [ROUTER_V6, "fd02::2"]
        self.check_icmp("loop4", "unreachable", reason, 11, 0, loop4)
        self.check_icmp("loop6", "unreachable", reason, 3, 0, loop6)

    def test_a_dead_host_on_the_own_link_is_a_silent_neighbour(self):
        for host in ("dead-neighbour4", "dead-neighbour6"):
            self.assert_result(
                self.seen.result(host), "unreachable", "neighbour-silent"
            )

    def test_a_dead_host_behind_a_router_is_unreachable(self):
        reason = "icmp-host-unreachable"
        self.check_icmp("dead-behind4", "unreachable", reason, 3, 1, [ROUTER_V4])
        self.check_icmp("dead-behind6", "unreachable", reason, 1, 3, [ROUTER_V6])


class Addresses(LabTest):
    """A host with several addresses: none hides another."""

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443)
        cls.lab.firewall("ip6 daddr fd64::3:2 drop", "ip daddr 10.64.3.3 drop")
        cls.lab.config(
            {
                "both": ["10.64.3.1", "fd64::3:1"],
                "no-v6": ["10.64.3.2", "fd64::3:2"],
                "one-dead": ["10.64.3.3", "10.64.3.4"],
            },
            [{"name": "web", "to": "fleet", "check": ["tcp/443"]}],
        )
        cls.seen = cls.lab.scan()

    def legs(self, host):
        return {a["address"]: a["state"] for a in self.seen.result(host)["addresses"]}

    def test_all_addresses_are_probed(self):
        self.assertEqual(self.seen.result("both")["state"], "open")
        self.assertEqual(self.legs("both"), {"10.64.3.1": "open", "fd64::3:1": "open"})

    def test_v6_alone_blocked_is_partial(self):
        result = self.seen.result("no-v6")
        self.assertEqual(
            (result["state"], result["reason"], result["path"], result["verdict"]),
            ("partial", "not-all-addresses", "partial", "fail"),
        )
        self.assertEqual(
            self.legs("no-v6"), {"10.64.3.2": "open", "fd64::3:2": "filtered"}
        )

    def test_one_dead_address_of_two_is_partial(self):
        self.assertEqual(self.seen.result("one-dead")["state"], "partial")
        self.assertEqual(
            self.legs("one-dead"), {"10.64.3.3": "filtered", "10.64.3.4": "open"}
        )


class Probe(LabTest):
    """The ad hoc form, without any file."""

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443)
        cls.lab.firewall("ip daddr 10.64.4.2 reject with icmp type admin-prohibited")

    def test_an_open_port(self):
        seen = self.lab.reachd("probe", "tcp/443", "10.64.4.1")
        self.assertEqual(seen.status, 0, str(seen))
        self.assert_result(seen.result("10.64.4.1"), "open", "syn-ack")

    def test_a_forbidden_port_names_the_router(self):
        seen = self.lab.reachd("probe", "tcp/443", "10.64.4.2")
        self.assertEqual(seen.status, 1, str(seen))
        result = seen.result("10.64.4.2")
        self.assert_result(result, "prohibited", "icmp-admin-prohibited")
        self.assert_icmp(result, 3, 13, ROUTER_V4)
        text = self.lab.reachd("probe", "tcp/443", "10.64.4.2", fmt="text")
        self.assertIn(ROUTER_V4, text.out)
        self.assertIn("prohibited", text.out)


if __name__ == "__main__":
    unittest.main()
