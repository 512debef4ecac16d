# SPDX-License-Identifier: Apache-2.0
"""Names, asked of real DNS servers that tell the truth, lie, refuse or say nothing."""

import json
import os
import subprocess
import unittest

from lab import LabTest
from peers import Unbound

FIRST, SECOND, SILENT = "10.66.0.53", "10.66.0.54", "10.66.0.55"

RECORDS = (
    "good A 10.64.5.1",
    "good AAAA fd64::5:1",
    "moved A 10.64.5.99",
    "two A 10.64.5.3",
    "two A 10.64.5.4",
    'text-only TXT "no address here"',
    "_ldap._tcp SRV 0 100 389 good.corp.example.",
    "v6 AAAA fd64::5:6",
)
ZONES = (
    "local-zone: corp.example. static",
    "local-zone: refused.corp.example. always_refuse",
    "local-zone: slow.corp.example. always_deny",
    "local-zone: broken.corp.example. transparent",
    "local-zone: 64.10.in-addr.arpa. static",
    'local-data: "1.5.64.10.in-addr.arpa. PTR good.corp.example."',
    'local-data: "2.5.64.10.in-addr.arpa. PTR other.corp.example."',
)
# A zone that the server should have and can't get: SERVFAIL.
BROKEN = """
auth-zone:
  name: broken.corp.example.
  primary: 127.0.0.1@1
  for-downstream: yes
  for-upstream: no
  fallback-enabled: no
"""


def local_data(*records):
    lines = []
    for record in records:
        name, rest = record.split(" ", 1)
        lines.append(f"local-data: '{name}.corp.example. {rest}'")
    return lines


def serve(lab, address, *records):
    lines = [*ZONES, *local_data(*RECORDS, *records)]
    server = Unbound(lab.fleet, address, lab.dir, lines, BROKEN)
    lab.later(server.close)


def dns(*servers, **more):
    return {"servers": list(servers), "timeout": "300ms", "attempts": 2, **more}


class TwoServers(LabTest):
    @classmethod
    def prepare(cls):
        serve(cls.lab, FIRST, "split A 10.64.5.10", "first-only A 10.64.5.11")
        serve(cls.lab, SECOND, "split A 10.64.5.20")
        cls.lab.listeners.open(443)
        cls.lab.firewall("ip daddr 10.64.5.4 drop", "ip6 daddr fd64::5:1 drop")
        named = ["good", "two", "split", "first-only", "missing", "refused", "slow",
            "broken", "text-only", "v6"]  # fmt: skip
        hosts = {f"{name}.corp.example": None for name in named}
        hosts["moved.corp.example"] = "10.64.5.2"
        groups = {
            "fleet": [f"{name}.corp.example" for name in named] + ["moved.corp.example"],
            "reverse": ["good.corp.example", "moved.corp.example"],
        }
        cls.lab.config(
            hosts,
            [
                {"name": "names", "to": "fleet", "check": ["dns", "tcp/443"]},
                {"name": "reverse", "to": "reverse", "check": ["dns/PTR"]},
                {"name": "srv", "to": "good.corp.example",
                 "check": ["dns/SRV:_ldap._tcp.corp.example"]},
            ],
            groups=groups,
            dns=dns(FIRST, SECOND),
        )  # fmt: skip
        cls.seen = cls.lab.scan()

    def check_dns(self, name, state, reason, check="dns"):
        result = self.seen.result(f"{name}.corp.example", check)
        self.assert_result(result, state, reason, "dns")
        return result

    def test_a_name_that_resolves_is_open(self):
        self.check_dns("good", "open", "resolved")
        self.check_dns("v6", "open", "resolved")

    def test_a_name_that_does_not_exist(self):
        self.check_dns("missing", "unresolved", "nxdomain")

    def test_a_name_without_address(self):
        self.check_dns("text-only", "unresolved", "no-data")

    def test_a_server_that_fails(self):
        self.check_dns("broken", "unresolved", "servfail")

    def test_a_server_that_refuses(self):
        self.check_dns("refused", "unresolved", "refused")

    def test_a_server_that_keeps_silent(self):
        result = self.check_dns("slow", "unresolved", "dns-timeout")
        self.assertIn(FIRST, json.dumps(result["evidence"]))

    def test_servers_that_disagree(self):
        result = self.check_dns("split", "failed", "dns-disagree")
        evidence = json.dumps(result["evidence"])
        for word in (FIRST, SECOND, "10.64.5.10", "10.64.5.20"):
            self.assertIn(word, evidence)

    def test_a_name_that_one_server_lacks_is_a_disagreement_or_missing(self):
        result = self.seen.result("first-only.corp.example", "dns")
        self.assertIn(result["reason"], ("dns-disagree", "nxdomain"))
        self.assertEqual(result["verdict"] == "pass", False)

    def test_another_address_than_the_inventory_names(self):
        result = self.check_dns("moved", "failed", "dns-mismatch")
        self.assertIn("10.64.5.99", json.dumps(result["evidence"]))

    def test_reverse_names(self):
        self.check_dns("moved", "failed", "ptr-mismatch", "dns/PTR")

    def test_service_records(self):
        self.check_dns("good", "open", "resolved", "dns/SRV:_ldap._tcp.corp.example")

    def check_tcp(self, name, state, reason, phase="connect"):
        result = self.seen.result(f"{name}.corp.example", "tcp/443")
        self.assert_result(result, state, reason, phase)
        return result

    def test_names_are_dialled_on_every_address(self):
        for name, clear, silent in (
            ("good", "10.64.5.1", "fd64::5:1"),
            ("two", "10.64.5.3", "10.64.5.4"),
        ):
            result = self.check_tcp(name, "partial", "not-all-addresses")
            legs = {a["address"]: a["state"] for a in result["addresses"]}
            self.assertEqual(legs, {clear: "open", silent: "filtered"})

    def test_a_host_whose_address_is_given_needs_no_dns(self):
        result = self.check_tcp("moved", "open", "syn-ack")
        self.assertEqual(result["addresses"][0]["address"], "10.64.5.2")

    def test_names_that_do_not_resolve_have_no_state_of_their_host(self):
        for name, reason in (
            ("missing", "nxdomain"),
            ("text-only", "no-data"),
            ("broken", "servfail"),
            ("refused", "refused"),
            ("slow", "dns-timeout"),
        ):
            with self.subTest(name=name):
                result = self.check_tcp(name, "unresolved", reason, "resolve")
                self.assertEqual(result["path"], "unknown")
                self.assertEqual(result["verdict"], "inconclusive")


class OneServerDead(LabTest):
    @classmethod
    def prepare(cls):
        serve(cls.lab, SECOND)
        cls.lab.listeners.open(443)
        cls.lab.firewall(f"ip daddr {SILENT} drop")
        cls.lab.config(
            {"good.corp.example": None},
            [{"name": "all", "to": "fleet", "check": ["dns", "tcp/443"], "expect": "any"}],
            dns=dns(SILENT, SECOND),
        )
        cls.seen = cls.lab.scan()

    def test_the_dns_check_names_the_dead_server(self):
        result = self.seen.result("good.corp.example", "dns")
        self.assert_result(result, "unresolved", "dns-timeout", "dns")
        self.assertIn(SILENT, json.dumps(result["evidence"]))

    def test_the_other_checks_use_the_living_one(self):
        result = self.seen.result("good.corp.example", "tcp/443")
        self.assert_result(result, "open", "syn-ack")


class AllServersDead(LabTest):
    """Names are unknown, and nothing is said about their hosts."""

    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443)
        serve(cls.lab, FIRST, *[f"h{n} A 10.64.5.{100 + n}" for n in range(20)])
        hosts = {f"h{n}.corp.example": None for n in range(20)}
        hosts["given.corp.example"] = "10.64.5.1"
        cls.lab.config(
            hosts,
            [{"name": "all", "to": "fleet", "check": ["tcp/443"]}],
            dns=dns(FIRST),
        )

    def test_changes_are_withheld_until_the_resolver_is_back(self):
        first = self.lab.scan()
        self.assertEqual(first.status, 0, str(first))

        self.lab.firewall(f"ip daddr {FIRST} udp dport 53 drop")
        dead = self.lab.scan()
        self.assertEqual(dead.status, 3, str(dead))
        self.assertTrue(dead.summary["degraded"])
        self.assertEqual(dead.changes, [])
        for result in dead.results:
            if result["host"] == "given.corp.example":
                self.assertEqual(result["state"], "open")
            else:
                self.assertIn(result["state"], ("unresolved", "error"))
                self.assertEqual(result["verdict"], "inconclusive")

        self.lab.firewall()
        again = self.lab.scan()
        self.assertEqual(again.status, 0, str(again))
        self.assertEqual(again.changes, [])


class TheSystemsResolver(LabTest):
    """Without `dns:` the names go the way of resolv.conf and the hosts file."""

    @classmethod
    def prepare(cls):
        serve(cls.lab, FIRST)
        cls.lab.listeners.open(443)
        cls.put("/etc/resolv.conf", f"nameserver {FIRST}\nsearch corp.example\n")
        cls.put("/etc/hosts", "127.0.0.1 localhost\n10.64.5.77 in-hosts-file\n")

    @classmethod
    def put(cls, path, text):
        """Lays a file over one of this machine's, in this process's mounts alone."""
        mine = os.path.join(cls.lab.dir, os.path.basename(path))
        with open(mine, "w") as file:
            file.write(text)
        subprocess.run(["mount", "--bind", mine, path], check=True)
        cls.lab.later(lambda: subprocess.run(["umount", path], check=True))

    def test_the_search_list_and_the_hosts_file_apply(self):
        self.lab.config(
            {"moved": None, "in-hosts-file": None},
            [{"name": "all", "to": "fleet", "check": ["tcp/443"]}],
        )
        seen = self.lab.scan()
        for host, address in (("moved", "10.64.5.99"), ("in-hosts-file", "10.64.5.77")):
            result = seen.result(host)
            self.assertEqual(result["state"], "open", json.dumps(result))
            self.assertEqual(result["addresses"][0]["address"], address)


if __name__ == "__main__":
    unittest.main()
