# SPDX-License-Identifier: Apache-2.0
"""Trouble of the vantage's own: it is told as such, and never as a target's state."""

import unittest

from lab import ROUTER_V4, LabTest


class LocalRefusals(LabTest):
    """The vantage's own routes and firewall."""

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443)
        cls.lab.vantage.ip(
            "route del default",
            f"route add 10.64.0.0/12 via {ROUTER_V4}",
            "route add blackhole 10.64.20.0/24",
            "route add unreachable 10.64.21.0/24",
            "route add prohibit 10.64.22.0/24",
        )
        cls.lab.vantage.nft(
            "table inet own { chain out { type filter hook output priority 0;\n"
            "ip daddr 10.64.23.0/24 reject with icmp type admin-prohibited\n"
            "ip daddr 10.64.25.0/24 drop\n"
            "ip daddr 10.64.24.0/24 reject with icmp type port-unreachable\n}\n}\n"
        )
        hosts = {
            "fine": "10.64.0.1",
            "no-route": "192.0.2.1",
            "blackhole": "10.64.20.1",
            "unreachable": "10.64.21.1",
            "prohibit": "10.64.22.1",
            "firewall": "10.64.23.1",
            "firewall-port": "10.64.24.1",
            "firewall-drop": "10.64.25.1",
        }
        checks = ["tcp/443", "sweep/50000-50015"]
        cls.lab.config(
            hosts,
            [{"name": "all", "to": "fleet", "check": checks}],
            # What the own firewall drops shows at the SYN's repetition, after a second.
            probe={"timeout": "1500ms", "attempts": 1},
        )
        cls.seen = cls.lab.scan()

    def check_local(self, host, *reasons):
        for check in ("tcp/443", "sweep/50000-50015"):
            with self.subTest(check=check):
                result = self.seen.result(host, check)
                self.assertEqual(result["state"], "error", result)
                self.assertIn(result["reason"], reasons, result)
                self.assertEqual(result["verdict"], "inconclusive", result)

    def test_the_scan_could_not_measure_everything(self):
        self.assertEqual(self.seen.status, 3, str(self.seen))
        self.assertEqual(self.seen.result("fine", "tcp/443")["state"], "open")

    def test_no_route(self):
        self.check_local("no-route", "no-route")

    def test_a_blackhole_route(self):
        self.check_local("blackhole", "no-route", "local-firewall", "local-error")

    def test_an_unreachable_route(self):
        self.check_local("unreachable", "no-route", "local-firewall")

    def test_a_prohibit_route(self):
        self.check_local("prohibit", "local-firewall")

    def test_the_own_firewall(self):
        self.check_local("firewall", "local-firewall")
        self.check_local("firewall-port", "local-firewall")

    def test_silence_of_the_own_firewall(self):
        self.check_local("firewall-drop", "local-firewall")


class Uplink(LabTest):
    """A good scan, then one with the uplink gone, then a good one again."""

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443)
        for ns in (cls.lab.vantage, cls.lab.router):
            ns.sysctl("net.ipv6.conf.all.keep_addr_on_down", 1)
        cls.lab.firewall("ip daddr 10.64.30.10 drop")
        hosts = {f"h{n}": f"10.64.30.{n}" for n in range(1, 21)}
        hosts.update({f"s{n}": f"fd64::30:{n}" for n in range(1, 6)})
        checks = ["tcp/443", "tcp/444", "sweep/50000-50007"]
        cls.lab.config(
            hosts, [{"name": "all", "to": "fleet", "check": checks, "expect": "any"}]
        )

    def check_outage(self, down, up):
        self.forget()
        good = self.lab.scan()
        self.assertEqual(good.status, 0, str(good))
        truth = good.states()
        down()
        try:
            dead = self.lab.scan()
        finally:
            up()
        self.assert_never_wrong(dead, truth)
        self.assertEqual(dead.status, 3, str(dead))
        self.assertTrue(dead.summary["degraded"], str(dead))
        self.assertEqual(dead.changes, [])
        again = self.lab.scan()
        self.assertEqual(again.status, 0, str(again))
        self.assertEqual(again.states(), truth)
        self.assertEqual(again.changes, [])

    def mend(self):
        self.lab.uplink()
        for ns in (self.lab.vantage, self.lab.router):
            ns.run("ip", "neigh", "flush", "all")

    def test_the_own_device_is_down(self):
        def up():
            self.lab.vantage.ip("link set up0 up")
            self.mend()

        self.check_outage(lambda: self.lab.vantage.ip("link set up0 down"), up)

    def test_the_cable_is_out(self):
        def up():
            self.lab.router.ip("link set left0 up")
            self.mend()

        self.check_outage(lambda: self.lab.router.ip("link set left0 down"), up)

    def test_the_gateway_is_dead(self):
        def down():
            self.lab.router.nft(
                "table arp dead {\n"
                "chain in { type filter hook input priority 0; drop; }\n}\n"
                "table inet dead {\n"
                "chain in { type filter hook input priority 0; drop; }\n"
                "chain through { type filter hook forward priority 0; drop; }\n}\n"
            )
            self.lab.vantage.run("ip", "neigh", "flush", "dev", "up0")

        def up():
            self.lab.router.nft("delete table arp dead\ndelete table inet dead\n")
            self.mend()

        self.check_outage(down, up)


class Shortage(LabTest):
    """Too few descriptors or ports: slower, or an error, but never wrong."""

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443, 50003)
        cls.lab.firewall(
            "ip daddr 10.64.40.0/28 drop",
            "ip daddr 10.64.40.16/28 reject with icmp type admin-prohibited",
        )
        cls.lab.config(
            {f"h{n}": f"10.64.40.{n}" for n in range(1, 101)},
            [{"name": "all", "to": "fleet", "check": ["tcp/443", "sweep/50000-50009"],
              "expect": "any"}],
        )  # fmt: skip
        cls.truth = cls.lab.scan().states()

    def test_64_descriptors_are_enough(self):
        self.forget()
        seen = self.lab.scan(limits=["--nofile=64:64"])
        self.assertEqual(seen.status, 0, str(seen))
        self.assertEqual(seen.states(), self.truth)

    def test_too_few_descriptors_are_an_error(self):
        self.forget()
        for limit in (8, 12, 20):
            with self.subTest(limit=limit):
                seen = self.lab.scan(limits=[f"--nofile={limit}:{limit}"])
                self.assertIn(seen.status, (0, 3), str(seen))
                self.assert_never_wrong(seen, self.truth)

    def test_100_local_ports_are_enough(self):
        self.forget()
        self.lab.vantage.sysctl("net.ipv4.ip_local_port_range", "40000 40099")
        self.addCleanup(
            self.lab.vantage.sysctl, "net.ipv4.ip_local_port_range", "32768 60999"
        )
        seen = self.lab.scan()
        self.assertEqual(seen.status, 0, str(seen))
        self.assertEqual(seen.states(), self.truth)


class IsItMe(LabTest):
    """What a firewall does is told; what happens to all at once is this vantage's."""

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443, 80, 22)
        sites = {f"s{s}h{n}": f"10.64.{40 + s}.{n}" for s in range(4) for n in range(1, 5)}
        cls.lab.config(
            {**sites, "gate": "10.64.50.1"},
            [
                {"name": "web", "to": "fleet", "check": ["tcp/443"], "expect": "any"},
                {"name": "plain", "to": "fleet", "check": ["tcp/80"], "expect": "any"},
                {"name": "admin", "to": "fleet", "check": ["tcp/22"], "expect": "any"},
            ],
            groups={"fleet": list(sites), "gates": ["gate"]},
            controls=[{"to": "gate", "check": "tcp/443"}],
            probe={"timeout": "400ms", "attempts": 1, "trace": False},
        )

    def scan_with(self, *rules):
        self.lab.firewall(*rules)
        return self.lab.scan()

    def setUp(self):
        self.forget()
        self.assertFalse(self.scan_with().summary["degraded"])

    def impaired(self, scan, why):
        self.assertTrue(scan.summary["degraded"], str(scan))
        self.assertIn(why, scan.summary["degraded_reason"])
        self.assertEqual(scan.changes, [])

    def test_a_rule_that_changes_is_told(self):
        seen = self.scan_with("ip daddr 10.64.40.0/21 tcp dport 443 drop")
        self.assertFalse(seen.summary["degraded"], str(seen))
        self.assertEqual(len(seen.changes), 16)

    def test_a_subnet_that_is_gone_is_told(self):
        seen = self.scan_with("ip daddr 10.64.41.0/24 drop")
        self.assertFalse(seen.summary["degraded"], str(seen))
        self.assertEqual(len(seen.changes), 12)

    def test_controls_that_are_gone(self):
        seen = self.scan_with("ip daddr 10.64.50.1 drop", "ip daddr 10.64.41.0/24 drop")
        self.impaired(seen, "controls")
        self.assertEqual([i["scope"]["kind"] for i in seen.incidents], ["vantage"])
        # Told once; and the next clean scan settles what is real.
        again = self.scan_with("ip daddr 10.64.50.1 drop", "ip daddr 10.64.41.0/24 drop")
        self.impaired(again, "controls")
        self.assertEqual(again.incidents, [])
        clean = self.scan_with("ip daddr 10.64.41.0/24 drop")
        self.assertFalse(clean.summary["degraded"], str(clean))
        self.assertEqual(len(clean.changes), 12)
        over = clean.incidents[-1]
        self.assertEqual((over["scope"]["kind"], over["kind"]), ("vantage", "recovery"))
        self.assertIn("no longer impaired, after 2 degraded scans", over["summary"])
        self.assertIn("12 changes settled", over["summary"])

    def test_a_control_that_is_dead_by_itself_is_the_news(self):
        for _ in range(3):
            self.impaired(self.scan_with("ip daddr 10.64.50.1 drop"), "controls")
        real = self.scan_with("ip daddr 10.64.50.1 drop")
        self.assertFalse(real.summary["degraded"], str(real))
        self.assertEqual([i["kind"] for i in real.incidents], ["regression", "recovery"])
        self.assertIn("tcp/443 on gate no longer answers", real.incidents[1]["summary"])
        # It is not waited for: what changes now is told at once.
        seen = self.scan_with("ip daddr 10.64.50.1 drop", "ip daddr 10.64.41.0/24 drop")
        self.assertEqual(len(seen.changes), 12, str(seen))
        # And when it is back it counts again.
        self.scan_with()
        self.impaired(self.scan_with("ip daddr 10.64.50.1 drop"), "controls")

    def test_everything_but_the_control_is_gone(self):
        everything = "ip daddr 10.64.40.0/21 drop"
        for n in range(3):
            seen = self.scan_with(everything)
            self.impaired(seen, "unrelated")
            self.assertEqual(len(seen.incidents), 1 if n == 0 else 0)
        # For three scans now: it is what the network is like.
        real = self.scan_with(everything)
        self.assertFalse(real.summary["degraded"], str(real))
        self.assertEqual(len(real.changes), 48)
        self.assertEqual(len(real.incidents), 2)
        self.assertIn("and its changes accepted as genuine", real.incidents[1]["summary"])

if __name__ == "__main__":
    unittest.main()
