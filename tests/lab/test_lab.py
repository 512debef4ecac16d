# SPDX-License-Identifier: Apache-2.0
"""The lab itself, with a plain socket instead of reachd: an error here explains all
the others."""

import errno
import socket
import time
import unittest

from lab import LabTest
from peers import Ear, IcmpResponder, Unbound

IPV6_RECVERR = 25


class Lab(LabTest):
    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(443)
        cls.lab.firewall(
            "ip daddr 10.64.0.2 drop",
            "ip daddr 10.64.0.3 reject with tcp reset",
            "ip daddr 10.64.0.4 reject with icmp type admin-prohibited",
            "ip6 daddr fd64::5 reject with icmpv6 type policy-fail",
            "ip daddr 10.64.2.0/24 drop",
        )

    def connect(self, address, port=443):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with self.lab.vantage, socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(0.5)
            if family == socket.AF_INET6:  # or ICMP is heard only at the next SYN
                client.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
            try:
                client.connect((address, port))
            except TimeoutError:
                return "silent"
            except OSError as error:
                return errno.errorcode[error.errno]
            return "open"

    def test_the_fleet_answers_for_all_its_addresses(self):
        for address in ("10.64.0.1", "10.79.255.254", "fd64::1", "fd64:0:ffff::1"):
            self.assertEqual(self.connect(address), "open")
        self.assertEqual(self.connect("10.64.0.1", 444), "ECONNREFUSED")

    def test_the_firewall_does_what_it_is_told(self):
        self.assertEqual(self.connect("10.64.0.2"), "silent")
        self.assertEqual(self.connect("10.64.0.3"), "ECONNREFUSED")
        self.assertEqual(self.connect("10.64.0.4"), "EHOSTUNREACH")
        self.assertEqual(self.connect("fd64::5"), "EACCES")

    def test_icmp_comes_from_the_raw_socket(self):
        responder = IcmpResponder(self.lab.router, "left0")
        try:
            port = IcmpResponder.port(3, 2)
            self.assertEqual(self.connect("10.64.2.1", port), "ENOPROTOOPT")
        finally:
            responder.close()

    def test_the_ear_hears_each_syn_once(self):
        ear = Ear(self.lab.router, "left0")
        for _ in range(20):
            self.connect("10.64.0.1")
        time.sleep(0.1)
        self.assertEqual(len(ear.stop()), 20)

    def test_unbound_serves(self):
        server = Unbound(
            self.lab.fleet,
            "10.66.0.53",
            self.lab.dir,
            ["local-zone: corp.example. static", 'local-data: "a.corp.example. A 10.64.0.9"'],
        )
        self.addCleanup(server.close)
        query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01a\x04corp\x07example\0\0\x01\0\x01"
        with self.lab.vantage, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(2)
            client.sendto(query, ("10.66.0.53", 53))
            self.assertEqual(client.recv(512)[-4:], bytes((10, 64, 0, 9)))


if __name__ == "__main__":
    unittest.main()
