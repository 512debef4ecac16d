# SPDX-License-Identifier: Apache-2.0
"""A chain of routers that packets are walked through.

                                  .- r2 (router) -.
    vantage 10.1.0.2 -- r1 ------<                 >------ r3 -- fleet 10.64.0.0/12
                                  '- r2b ---------'

    hop:                 1                2                3     4

Everything goes by r2, unless a test gives r1 both ways.
"""

import netns
from lab import Lab, LabTest

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
