# SPDX-License-Identifier: Apache-2.0
"""RPC from the endpoint mapper to the bound interface: against Samba's, and against
servers and firewalls that break it at every stage."""

import json
import os
import unittest

import impacket_list  # first: it tells where there is no impacket
import samba
from capture import Capture
from lab import ROUTER_V4, LabTest
from rpc_peer import LICENSING, OBJECT_EXPORTER, RpcServer, licensing

SAMR = "12345778-1234-abcd-ef00-0123456789ac"
FAMILIES = {"v4": "10.64.7.{}", "v6": "fd64::7:{}"}


class Heard(LabTest):
    """tshark must understand all that reachd sends in the tests of a class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

    @classmethod
    def listen(cls):
        path = os.path.join(cls.lab.dir, "reachd.pcap")
        cls.capture = Capture(cls.lab.vantage, "up0", path)
        cls.lab.later(cls.capture.stop)

    @classmethod
    def tearDownClass(cls):
        ours = "(ip.src == 10.1.0.2 or ipv6.src == fd01::2) and tcp.len > 0"
        spoken = cls.capture.frames(f"{ours} and dcerpc")
        foreign = cls.capture.frames(f"{ours} and not dcerpc")
        wrong = [
            line
            for line in cls.capture.wrong()
            if " 10.1.0.2 → " in line or " fd01::2 → " in line
        ]
        if not spoken or foreign or wrong:
            raise AssertionError("\n".join(["no clean DCE/RPC:", *foreign, *wrong]))

    def assert_stages(self, result, *wanted):
        """Each is a phase, or a phase and the reason why it was the last."""
        stages = [
            (stage["phase"], *([stage["reason"]] if "reason" in stage else []))
            for stage in result["evidence"]["stages"]
        ]
        self.assertEqual(stages, [w if isinstance(w, tuple) else (w,) for w in wanted])


def on_tcp(entries):
    """What reachd tells of the same registrations."""
    return [
        (entry["interface"], entry["version"], entry["port"], entry["annotation"])
        for entry in entries
        if entry["transport"] == "ncacn_ip_tcp"
    ]


class RealMapper(Heard):
    @classmethod
    def prepare(cls):
        cls.samba = samba.Samba(cls.lab)
        with cls.lab.vantage:
            cls.entries = impacket_list.entries(samba.V4, page=7)
        cls.listen()

    def probe(self, check, host=samba.V4):
        outcome = self.lab.reachd("probe", check, host)
        return outcome.result(host, check)

    def test_every_endpoint_is_listed_as_another_client_lists_it(self):
        for host in (samba.V4, samba.V6):
            result = self.probe("rpc", host)
            self.assert_result(result, "open", "epm-answered", "epm")
            mapper = result["evidence"]["mapper"]
            told = [
                (e["uuid"], e["version"], e["port"], e.get("annotation", ""))
                for e in mapper["tcp"]
            ]
            self.assertEqual(told, on_tcp(self.entries))
            self.assertEqual(mapper["entries"], len(self.entries))

    def test_every_registered_interface_is_followed_to_its_bind(self):
        for host in (samba.V4, samba.V6):
            result = self.probe("rpc/*", host)
            self.assert_result(result, "open", "rpc-bound", "bind")
            told = {
                (e["uuid"], e["version"], e["port"], e["state"], e["reason"])
                for e in result["evidence"]["interfaces"]
            }
            registered = {
                (*entry[:3], "open", "rpc-bound") for entry in on_tcp(self.entries)
            }
            self.assertEqual(told, registered)

    def test_an_interface_is_found_by_its_name_or_its_uuid(self):
        ports = {entry[2] for entry in on_tcp(self.entries) if entry[0] == SAMR}
        for check in ("rpc/samr", f"rpc/{SAMR}", f"rpc/{SAMR}@1.0"):
            result = self.probe(check)
            self.assert_result(result, "open", "rpc-bound", "bind")
            self.assertIn(result["evidence"]["port"], ports)
            self.assert_stages(result, "connect", "epm", "endpoint", "bind")

    def test_licensing_is_not_registered(self):
        for host in (samba.V4, samba.V6):
            result = self.probe("rpc/licensing", host)
            self.assert_result(result, "failed", "epm-not-registered", "epm")
            self.assert_stages(result, "connect", ("epm", "epm-not-registered"))

    def test_a_version_that_nobody_has_is_not_registered(self):
        result = self.probe(f"rpc/{SAMR}@9.0")
        self.assert_result(result, "failed", "epm-not-registered", "epm")

    def test_no_object_exporter_is_there(self):
        result = self.probe("rpc/object-exporter")
        self.assert_result(result, "failed", "rpc-wrong-interface", "bind")

    def test_a_port_that_another_service_has_taken_is_the_wrong_interface(self):
        port = self.probe("rpc/samr")["evidence"]["port"]
        other = next(e[2] for e in on_tcp(self.entries) if e[2] not in (135, port))
        self.samba.namespace.nft(
            "table inet taken { chain in { type nat hook prerouting priority dstnat;\n"
            f"tcp dport {port} redirect to :{other}\n}}\n}}\n"
        )
        self.addCleanup(self.samba.namespace.nft, "delete table inet taken\n")
        for host in (samba.V4, samba.V6):
            result = self.probe("rpc/samr", host)
            self.assert_result(result, "failed", "rpc-wrong-interface", "bind")
            self.assertEqual(result["evidence"]["port"], port)

    def test_http_that_is_registered_and_not_listened_on_is_left_alone(self):
        ports = {e["port"] for e in self.entries if e["transport"] == "ncacn_http"}
        self.assertEqual(ports, {593})
        result = self.probe("rpc/*")
        followed = {e["port"] for e in result["evidence"]["interfaces"]}
        self.assertFalse(followed & ports)


# What is wrong with a licence server, and what is seen of it: state, reason, phase, port.
INTERFACE_MODES = {
    "ok": ("open", "rpc-bound", "bind"),
    "absent": ("closed", "endpoint-closed", "endpoint"),
    "silent": ("failed", "rpc-silent", "bind"),
    "close": ("failed", "rpc-closed", "bind"),
    "reset": ("failed", "rpc-closed", "bind"),
    "garbage": ("failed", "rpc-protocol-error", "bind"),
    "nak:4": ("failed", "rpc-bind-nak", "bind"),
    "reject:1": ("failed", "rpc-wrong-interface", "bind"),
    "reject:2": ("failed", "rpc-bind-rejected", "bind"),
    "bind-fault:5": ("failed", "rpc-access-denied", "bind"),
    "bind-fault:0x1c010014": ("failed", "rpc-fault", "bind"),
    "hidden": ("failed", "epm-not-registered", "epm"),
}
MAPPER_MODES = {
    "silent": ("failed", "epm-silent", "epm"),
    "mute": ("failed", "epm-silent", "epm"),
    "close": ("failed", "epm-closed", "epm"),
    "reset": ("failed", "epm-closed", "epm"),
    "cut": ("failed", "epm-closed", "epm"),
    "garbage": ("failed", "rpc-protocol-error", "epm"),
    "nak:4": ("failed", "rpc-bind-nak", "epm"),
    "reject:1": ("failed", "epm-no-mapper", "epm"),
    "fault:5": ("failed", "epm-access-denied", "epm"),
    "bind-fault:5": ("failed", "epm-access-denied", "epm"),
    "status:5": ("failed", "epm-access-denied", "epm"),
    "fault:0x1c010014": ("failed", "rpc-fault", "epm"),
    "status:0x16c9a0cd": ("failed", "rpc-fault", "epm"),
    "absent": ("closed", "rst", "connect"),
}


class Broken(Heard):
    """Servers that break the proof at every stage, in one scan, of both families."""

    @classmethod
    def prepare(cls):
        cls.listen()
        cls.wanted, hosts = {}, {}
        modes = [("interface", mode, seen) for mode, seen in INTERFACE_MODES.items()]
        modes += [("mapper", mode, seen) for mode, seen in MAPPER_MODES.items()]
        for number, (where, mode, seen) in enumerate(modes, 1):
            addresses = [base.format(number) for base in FAMILIES.values()]
            cls.serve(where, mode, addresses)
            for family, address in zip(FAMILIES, addresses):
                name = f"{where}-{mode.replace(':', '-')}-{family}"
                hosts[name], cls.wanted[name] = address, seen
        cls.lab.config(
            hosts,
            [{"name": "all", "to": "fleet", "check": "rpc/licensing", "expect": "any"}],
        )
        cls.seen = cls.lab.scan()

    @classmethod
    def serve(cls, where, mode, addresses):
        options = [word for address in addresses for word in ("--address", address)]
        if where == "mapper":
            options += ["--mapper", f"135:{mode}", *licensing(49664)]
        else:
            options += licensing(49664, mode)
        cls.lab.later(RpcServer(cls.lab.fleet, *options).close)

    def test_the_reason_says_which_stage_failed_and_how(self):
        for name, (state, reason, phase) in self.wanted.items():
            with self.subTest(name):
                result = self.seen.result(name)
                self.assert_result(result, state, reason, phase)
                last = result["evidence"]["stages"][-1]
                self.assertEqual(last["phase"], phase)
                if state != "open":
                    self.assertEqual((last["state"], last["reason"]), (state, reason))

    def test_the_port_is_the_one_that_the_stage_is_about(self):
        for name, (_, _, phase) in self.wanted.items():
            with self.subTest(name):
                port = 49664 if phase in ("endpoint", "bind") else 135
                self.assertEqual(self.seen.result(name)["evidence"]["port"], port)

    def test_only_silence_is_asked_again(self):
        for name, (_, reason, _) in self.wanted.items():
            with self.subTest(name):
                attempts = 2 if reason in ("epm-silent", "rpc-silent") else 1
                self.assertEqual(self.seen.result(name)["attempts"], attempts)


class Served(Heard):
    """One server, or two, that behave."""

    @classmethod
    def prepare(cls):
        cls.listen()

    def serve(self, *options):
        server = RpcServer(self.lab.fleet, *options)
        self.addCleanup(server.close)
        return server

    def probe(self, check, host="10.64.7.1"):
        return self.lab.reachd("probe", check, host).result(host, check)

    def test_a_licence_server_is_proven_from_the_mapper_to_the_bind(self):
        self.serve(*licensing(50123))
        for base in FAMILIES.values():
            result = self.probe("rpc/licensing", base.format(1))
            self.assert_result(result, "open", "rpc-bound", "bind")
            self.assert_stages(result, "connect", "epm", "endpoint", "bind")
            ports = [stage["port"] for stage in result["evidence"]["stages"]]
            self.assertEqual(ports, [135, 135, 50123, 50123])
            for stage in result["evidence"]["stages"]:
                self.assertGreater(stage["elapsed_us"], 0)

    def test_a_list_of_many_fragments_and_pages_is_read_to_its_end(self):
        for options in (
            ("--fragment", 128),
            ("--page", 7, "--lookup-style", "samba"),
            ("--page", 7, "--lookup-style", "windows"),
            ("--big-endian", "--fragment", 1432),
            ("--alias", "--lookup-style", "samba"),
        ):
            with self.subTest(options):
                self.list_many(*options)

    def list_many(self, *options):
        server = self.serve(*licensing(49664), "--entries", 303, *options)
        try:
            result = self.probe("rpc")
        finally:
            server.close()
        self.assert_result(result, "open", "epm-answered", "epm")
        mapper = result["evidence"]["mapper"]
        self.assertEqual(mapper["entries"], 304)
        self.assertNotIn("unreadable", mapper)
        # One of five transports is TCP.
        listed = [entry["uuid"] for entry in mapper["tcp"]]
        made = [f"3dade000-0000-0000-0000-{n:012x}" for n in range(0, 303, 5)]
        self.assertEqual(listed, [LICENSING, *made])

    def test_answers_in_the_other_byte_order_are_understood(self):
        self.serve("--big-endian", *licensing(49664))
        self.assert_result(self.probe("rpc/licensing"), "open", "rpc-bound", "bind")

    def test_of_several_ports_one_that_accepts_is_proof(self):
        self.serve(
            *licensing(49664, "absent"), *licensing(49665, "silent"), *licensing(49666)
        )
        result = self.probe("rpc/licensing")
        self.assert_result(result, "open", "rpc-bound", "bind")
        self.assertEqual(result["evidence"]["port"], 49666)

    def test_of_all_interfaces_one_that_is_closed_is_told(self):
        self.serve(
            *licensing(49664), "--interface", f"{SAMR}@1.0=49665:absent", "--entries", 9
        )
        result = self.probe("rpc/*")
        self.assert_result(result, "failed", "endpoint-closed", "endpoint")
        told = {e["uuid"]: e["state"] for e in result["evidence"]["interfaces"]}
        self.assertEqual((told[LICENSING], told[SAMR]), ("open", "closed"))

    def test_the_object_exporter_answers_a_call(self):
        exporter = ("--interface", f"{OBJECT_EXPORTER}@0.0=135:hidden")
        server = self.serve(*exporter)
        result = self.probe("rpc/object-exporter")
        self.assert_result(result, "open", "rpc-answered", "call")
        server.close()
        self.serve("--interface", f"{OBJECT_EXPORTER}@0.0=135:fault:5")
        result = self.probe("rpc/object-exporter")
        self.assert_result(result, "failed", "rpc-access-denied", "call")

    def test_a_mapper_that_asks_for_a_log_on_answers_all_the_same(self):
        self.serve("--mapper", "135:fault:5", *licensing(49664))
        self.assert_result(self.probe("rpc"), "open", "epm-access-denied", "epm")

    def test_configured_ports_are_tried_when_the_mapper_refuses_to_tell(self):
        self.serve("--mapper", "135:fault:5", *licensing(49664))
        check = {"check": "rpc/licensing", "ports": [49664]}
        self.lab.config(
            {"ls": "10.64.7.1"}, [{"name": "r", "to": "fleet", "check": [check]}]
        )
        self.forget()
        result = self.lab.scan().result("ls")
        self.assert_result(result, "open", "rpc-bound", "bind")
        self.assertEqual(result["evidence"]["port"], 49664)

    def test_another_port_after_a_restart_is_no_change(self):
        self.lab.config(
            {"ls": "10.64.7.1"},
            [{"name": "r", "to": "fleet", "check": ["rpc/licensing", "rpc/*", "rpc"]}],
        )
        self.forget()
        for port in (49664, 49671):
            server = self.serve(*licensing(port))
            scan = self.lab.scan()
            self.assertEqual((scan.status, scan.changes), (0, []), str(scan))
            evidence = scan.result("ls", "rpc/licensing")["evidence"]
            self.assertEqual(evidence["port"], port)
            server.close()
        gone = self.lab.scan()
        self.assertEqual(len(gone.changes), 3, str(gone))

    def test_of_two_licence_servers_one_is_enough_where_the_rule_says_so(self):
        rule = {"name": "licensing", "to": "fleet", "check": "rpc/licensing"}
        hosts = {"ls1": "10.64.7.1", "ls2": "10.64.7.2"}
        first = self.serve("--address", hosts["ls1"], *licensing(49664))
        self.serve("--address", hosts["ls2"], *licensing(49670))
        for down, statuses in ((False, (0, 0)), (True, (0, 1))):
            if down:
                first.close()
            for require, status in zip((1, 2), statuses):
                with self.subTest(down=down, require=require):
                    self.lab.config(hosts, [{**rule, "require": require}])
                    self.forget()
                    scan = self.lab.scan()
                    self.assertEqual(scan.status, status, str(scan))
                    state = "closed" if down else "open"
                    self.assertEqual(scan.result("ls1")["state"], state)
                    self.assertEqual(scan.result("ls2")["state"], "open")


# What a firewall does to the mapper's port or to the one that it names.
BLOCKS = {
    "drop": ("filtered", "timeout", "endpoint-filtered"),
    "reject with tcp reset": ("closed", "rst", "endpoint-closed"),
    "reject with icmpx type admin-prohibited": (
        "prohibited",
        "icmp-admin-prohibited",
        "endpoint-prohibited",
    ),
    "reject with icmpx type host-unreachable": (
        "unreachable",
        "icmp-host-unreachable",
        "endpoint-unreachable",
    ),
}


class Firewalled(Heard):
    @classmethod
    def prepare(cls):
        cls.listen()
        cls.lab.later(RpcServer(cls.lab.fleet, *licensing(49664)).close)
        rules, hosts, cls.wanted = [], {}, {}
        number = 0
        for block, (state, on_mapper, on_endpoint) in BLOCKS.items():
            for port in (135, 49664):
                number += 1
                for family, base in FAMILIES.items():
                    address = base.format(number)
                    name = f"{block.split()[-1]}-{port}-{family}"
                    hosts[name] = address
                    protocol = "ip" if family == "v4" else "ip6"
                    rules.append(f"{protocol} daddr {address} tcp dport {port} {block}")
                    reason = on_mapper if port == 135 else on_endpoint
                    phase = "connect" if port == 135 else "endpoint"
                    cls.wanted[name] = (state, reason, phase, port)
        cls.lab.firewall(*rules)
        cls.lab.config(
            hosts,
            [{"name": "all", "to": "fleet", "check": "rpc/licensing", "expect": "any"}],
        )
        cls.seen = cls.lab.scan()

    def test_the_reason_says_which_port_is_blocked_and_how(self):
        for name, (state, reason, phase, port) in self.wanted.items():
            with self.subTest(name):
                result = self.seen.result(name)
                self.assert_result(result, state, reason, phase)
                self.assertEqual(result["evidence"]["port"], port)

    def test_who_forbids_it_is_told(self):
        for port in (135, 49664):
            result = self.seen.result(f"admin-prohibited-{port}-v4")
            self.assert_icmp(result, 3, 13, ROUTER_V4)

    def test_a_port_that_is_blocked_between_two_scans_is_a_change(self):
        self.addCleanup(self.lab.firewall)
        self.lab.config(
            {"ls": "10.64.7.200"},
            [{"name": "r", "to": "fleet", "check": ["rpc/licensing", "rpc"]}],
        )
        self.forget()
        self.lab.firewall()
        self.assertEqual(self.lab.scan().status, 0)
        self.lab.firewall("tcp dport 49664 drop")
        (change,) = self.lab.scan().changes
        told = (change["check"], change["from"], change["to"], change["kind"])
        self.assertEqual(told, ("rpc/licensing", "open", "filtered", "regression"))


if __name__ == "__main__":
    unittest.main()
