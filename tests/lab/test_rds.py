# SPDX-License-Identifier: Apache-2.0
"""`rules: rds` as a whole: every role of a Remote Desktop fleet, behind a firewall that
lets through what Microsoft's port table names and nothing else, and what is told when
one line of it is wrong.

The vantage's namespace plays each role in turn: `vantage` says which.
"""

import socket
import unittest

import peers
import samba
import services
from lab import LabTest
from rpc_peer import OBJECT_EXPORTER, RpcServer, licensing

DNS = "10.66.0.53"
DC, ACTIVATION = "dc1.corp.example", "activate.example"
FIRST, SECOND = SERVERS = ("rdls01.corp.example", "rdls02.corp.example")
SESSION_HOSTS = ("rdsh01.corp.example", "rdsh02.corp.example")
BROKER, GATEWAY = "rdcb01.corp.example", "rdgw01.corp.example"
WEB_ACCESS, ADMINISTRATION = "rdwa01.corp.example", "admin01.corp.example"
SESSION_HOST = SESSION_HOSTS[0]

ADDRESSES = {
    SESSION_HOSTS[0]: "10.64.20.1",
    SESSION_HOSTS[1]: "10.64.20.2",
    FIRST: "10.64.21.1",
    SECOND: "10.64.21.2",
    BROKER: "10.64.22.1",
    GATEWAY: "10.64.22.2",
    WEB_ACCESS: "10.64.22.3",
    ADMINISTRATION: "10.64.22.4",
    ACTIVATION: "10.65.0.1",
    DC: samba.V4,
}
GROUPS = {
    "session_hosts": SESSION_HOSTS,
    "license_servers": SERVERS,
    "domain_controllers": (DC,),
    "activation_endpoints": (ACTIVATION,),
    "administration": (ADMINISTRATION,),
    "brokers": (BROKER,),
    "gateways": (GATEWAY,),
    "web_access": (WEB_ACCESS,),
}

# Where the licensing service of each server listens.
LICENSING = {FIRST: 49200, SECOND: 49300}
# A range that was narrowed, and the check that the rules make of it.
LOW, HIGH = 49190, 49309
SWEEP = f"sweep/{LOW}-{HIGH}"


def members(group):
    """Its addresses as a set of nft."""
    return "{ " + ", ".join(ADDRESSES[host] for host in GROUPS[group]) + " }"


# The one line of it that each test breaks stands before these.
RIGHT = (
    'iifname != "left0" accept',
    "udp dport 53 accept",
    f"ip daddr {members('license_servers')} tcp dport {{ 135, 445, 5985 }} accept",
    f"ip daddr {members('license_servers')} tcp dport 49152-65535 accept",
    f"ip daddr {members('session_hosts')} tcp dport {{ 135, 445, 3389, 5985 }} accept",
    f"ip daddr {members('domain_controllers')} tcp dport {{ 88, 135, 389, 636 }} accept",
    f"ip daddr {members('activation_endpoints')} tcp dport 443 accept",
    f"ip daddr {members('brokers')} tcp dport {{ 3389, 5504, 5985 }} accept",
    "drop",
)

NAMED = ("open", "resolved")
ACCEPTED = ("open", "syn-ack")
MAPPED = ("open", "epm-answered")
BOUND = ("open", "rpc-bound")
EXPORTED = ("open", "rpc-answered")
SPOKE_RDP, SPOKE_SMB = ("open", "rdp-negotiated"), ("open", "smb-negotiated")
SPOKE_LDAP = ("open", "ldap-answered")
SILENT = ("filtered", "timeout")

ADMINISTERED = {
    "dns": NAMED,
    "rpc": MAPPED,
    "rpc/object-exporter": EXPORTED,
    "tcp/5985": ACCEPTED,
}


def flows(*parts):
    """(hosts, {check: what it is}) ... as {(host, check): what it is}."""
    return {
        (host, check): what
        for hosts, checks in parts
        for host in hosts
        for check, what in checks.items()
    }


# All that the rules ask of each role, and what is there.
SEEN = {
    SESSION_HOST: flows(
        (
            SERVERS,
            {
                "dns": NAMED,
                "rpc/licensing": BOUND,
                "smb": SPOKE_SMB,
                "sweep/49152-65535": ("open", "all-clear"),
                "rdp": SILENT,
                "tcp/135": ACCEPTED,
            },
        ),
        ((DC,), {"dns": NAMED, "ldap": SPOKE_LDAP, "tcp/636": ACCEPTED}),
    ),
    FIRST: flows(
        ((ACTIVATION,), {"dns": NAMED, "tcp/443": ACCEPTED}),
        ((DC,), {"dns": NAMED, "ldap": SPOKE_LDAP}),
    ),
    ADMINISTRATION: flows(
        (SERVERS + SESSION_HOSTS, ADMINISTERED),
        ([BROKER], {"dns": NAMED, "tcp/5985": ACCEPTED}),
    ),
    BROKER: flows((SESSION_HOSTS, {"dns": NAMED, "rdp": SPOKE_RDP, "smb": SPOKE_SMB})),
    GATEWAY: flows(
        ((DC,), {"dns": NAMED, "tcp/88": ACCEPTED, "rpc": MAPPED, "ldap": SPOKE_LDAP}),
        ((BROKER, *SESSION_HOSTS), {"dns": NAMED, "rdp": SPOKE_RDP}),
    ),
    WEB_ACCESS: flows(((BROKER,), {"dns": NAMED, "tcp/5504": ACCEPTED})),
}


class RdsTest(LabTest):
    @classmethod
    def prepare(cls):
        samba.Samba(cls.lab)
        cls.serve_names()
        cls.serve_fleet()

    @classmethod
    def serve_names(cls):
        lines = [f"local-zone: {zone}. static" for zone in ("corp.example", ACTIVATION)]
        for host, address in ADDRESSES.items():
            lines.append(f'local-data: "{host}. A {address}"')
        server = peers.Unbound(cls.lab.fleet, DNS, cls.lab.dir, lines)
        cls.lab.later(server.close)

    @classmethod
    def serve_fleet(cls):
        """Every service on every address: who may reach what is the firewall's to say."""
        cls.lab.listeners.open(443, 5504, 5985)
        services.certificate(cls.lab)
        services.xrdp(cls.lab, 3389, "negotiate")
        services.smbd(cls.lab, 445, "")
        exporter = ("--interface", f"{OBJECT_EXPORTER}@0.0=135:hidden")
        for host in SERVERS + SESSION_HOSTS:
            service = licensing(LICENSING[host]) if host in LICENSING else ()
            address = ("--address", ADDRESSES[host])
            server = RpcServer(cls.lab.fleet, *address, *exporter, *service)
            cls.lab.later(server.close)

    def setUp(self):
        self.forget()
        self.lab.firewall(*RIGHT)

    def configure(self, vantage, **sections):
        self.lab.config(
            dict.fromkeys(ADDRESSES),
            "rds",
            groups=GROUPS,
            vantage=vantage,
            dns={"servers": [DNS], "timeout": "500ms"},
            **sections,
        )

    def narrow(self, vantage):
        self.configure(vantage, rpc={"dynamic_ports": f"{LOW}-{HIGH}"})

    def break_it(self, vantage, *lines):
        """Scans behind the right firewall, and again with `lines` before its own."""
        self.narrow(vantage)
        before = self.lab.scan()
        self.assertEqual((before.status, before.incidents), (0, []), str(before))
        self.lab.firewall(*lines, *RIGHT)
        return self.lab.scan()

    def assert_changes(self, outcome, *parts):
        told = {
            (c["host"], c["check"]): (c["kind"], c["from"], c["to"], c["reason"])
            for c in outcome.changes
        }
        self.assertEqual(told, flows(*parts), str(outcome))

    def assert_incidents(self, outcome, *wanted):
        told = [(i["kind"], i["changes"], i["summary"]) for i in outcome.incidents]
        self.assertEqual(told, list(wanted), str(outcome))

    def assert_failing(self, scan, *flows):
        failing = {
            (r["host"], r["check"]) for r in scan.results if r["verdict"] != "pass"
        }
        self.assertEqual(failing, set(flows), str(scan))
        self.assertEqual(scan.summary["inconclusive"], 0)
        self.assertEqual(scan.status, 1 if flows else 0)

    # ---- all is well -----------------------------------------------------------

    def test_every_flow_of_every_role_is_as_it_should_be(self):
        for vantage, seen in SEEN.items():
            with self.subTest(vantage):
                self.configure(vantage)
                scan = self.lab.scan()
                told = {
                    (r["host"], r["check"]): (r["state"], r["reason"])
                    for r in scan.results
                }
                self.assertEqual(told, seen)
                self.assert_failing(scan)
                self.assertEqual((scan.changes, scan.incidents, scan.err), ([], [], ""))

    def test_a_narrowed_range_is_swept_and_nothing_beside_it(self):
        self.narrow(SESSION_HOST)
        heard = {ADDRESSES[host]: set() for host in SERVERS}

        def hear(_family, port, packet):
            target = socket.inet_ntoa(packet[16:20])
            if target in heard and port not in (135, 445, 3389):
                heard[target].add(port)

        ear = peers.Ear(self.lab.router, "left0", hear)
        scan = self.lab.scan()
        ear.stop()
        self.assertEqual(scan.status, 0, str(scan))
        for host in SERVERS:
            self.assertEqual(heard[ADDRESSES[host]], set(range(LOW, HIGH + 1)))
            result = scan.result(host, SWEEP)
            self.assert_result(result, "open", "all-clear", "sweep")
            port = LICENSING[host]
            self.assertEqual(
                result["evidence"]["runs"],
                [
                    [LOW, port - 1, "closed"],
                    [port, port, "open"],
                    [port + 1, HIGH, "closed"],
                ],
            )

    # ---- licensing -------------------------------------------------------------

    LOST = {
        "rpc/licensing": ("regression", "open", "filtered", "endpoint-filtered"),
        SWEEP: ("regression", "open", "filtered", "all-silent"),
    }

    def assert_stopped_at_the_port(self, scan, host):
        result = scan.result(host, "rpc/licensing")
        self.assert_result(result, "filtered", "endpoint-filtered", "endpoint")
        self.assertEqual(result["evidence"]["port"], LICENSING[host])
        phases = [stage["phase"] for stage in result["evidence"]["stages"]]
        self.assertEqual(phases, ["connect", "epm", "endpoint"])

    def test_one_licence_server_is_enough_and_the_other_is_told(self):
        drop = f"ip daddr {ADDRESSES[SECOND]} tcp dport 49152-65535 drop"
        scan = self.break_it(SESSION_HOST, drop)
        self.assert_failing(scan)
        self.assert_stopped_at_the_port(scan, SECOND)
        for check in self.LOST:
            self.assertEqual(scan.result(SECOND, check)["held_by"], "require 1 of 2")
        self.assert_changes(scan, ([SECOND], self.LOST))
        to_it = f"from {SESSION_HOST} to {SECOND}: open → filtered"
        self.assert_incidents(
            scan,
            ("regression", 2, f"rpc/licensing and {SWEEP} {to_it}, 2 of 4 checks"),
        )

    def test_no_licence_server_is_an_incident_with_the_stage(self):
        drop = f"ip daddr {members('license_servers')} tcp dport 49152-65535 drop"
        scan = self.break_it(SESSION_HOST, drop)
        self.assert_failing(scan, *flows((SERVERS, self.LOST)))
        for host in SERVERS:
            self.assert_stopped_at_the_port(scan, host)
        self.assert_changes(scan, (SERVERS, self.LOST))
        group = f"from {SESSION_HOST} to license_servers"
        to_all = f"{group}: open → filtered, 2 of 2 hosts"
        self.assert_incidents(
            scan,
            ("regression", 4, f"rpc/licensing and {SWEEP} {to_all}"),
        )
        contrast = {"check": "smb", "state": "open", "hosts": 2}
        for incident in scan.incidents:
            self.assertEqual(incident["scope"]["contrast"], contrast)

    def test_a_single_port_that_is_dropped_is_the_one_that_is_named(self):
        port = LICENSING[SECOND]
        drop = f"ip daddr {ADDRESSES[SECOND]} tcp dport {port} drop"
        scan = self.break_it(SESSION_HOST, drop)
        self.assert_failing(scan)
        self.assert_stopped_at_the_port(scan, SECOND)
        sweep = scan.result(SECOND, SWEEP)
        self.assert_result(sweep, "partial", "some-blocked", "sweep")
        self.assertIn([port, port, "filtered"], sweep["evidence"]["runs"])

    # ---- what must be closed ---------------------------------------------------

    def test_rdp_that_was_let_through_is_an_exposure(self):
        accept = f"ip daddr {ADDRESSES[SECOND]} tcp dport 3389 accept"
        scan = self.break_it(SESSION_HOST, accept)
        self.assert_failing(scan, (SECOND, "rdp"))
        change = ("exposure", "filtered", "open", "rdp-negotiated")
        self.assert_changes(scan, ([SECOND], {"rdp": change}))
        summary = f"rdp from {SESSION_HOST} to {SECOND}: filtered → open"
        self.assert_incidents(scan, ("exposure", 1, summary))

    def test_a_reset_is_no_closed_door(self):
        reset = f"ip daddr {ADDRESSES[SECOND]} tcp dport 3389 reject with tcp reset"
        scan = self.break_it(SESSION_HOST, reset)
        self.assert_failing(scan, (SECOND, "rdp"))
        change = ("exposure", "filtered", "closed", "rst")
        self.assert_changes(scan, ([SECOND], {"rdp": change}))

    def test_silence_of_a_server_that_is_down_proves_nothing(self):
        self.lab.firewall(f"ip daddr {ADDRESSES[SECOND]} drop", *RIGHT)
        self.narrow(SESSION_HOST)
        scan = self.lab.scan()
        told = {host: scan.result(host, "rdp")["verdict"] for host in SERVERS}
        self.assertEqual(told, {FIRST: "pass", SECOND: "inconclusive"})

    # ---- the directory and activation ------------------------------------------

    def assert_one_lost(self, vantage, host, port, check):
        drop = f"ip daddr {ADDRESSES[host]} tcp dport {port} drop"
        scan = self.break_it(vantage, drop)
        self.assert_failing(scan, (host, check))
        change = ("regression", "open", "filtered", "timeout")
        self.assert_changes(scan, ([host], {check: change}))
        summary = f"{check} from {vantage} to {host}: open → filtered"
        self.assert_incidents(scan, ("regression", 1, summary))

    def test_a_directory_that_is_dropped_is_told_by_session_hosts(self):
        self.assert_one_lost(SESSION_HOST, DC, 389, "ldap")

    def test_a_directory_that_is_dropped_is_told_by_licence_servers(self):
        self.assert_one_lost(FIRST, DC, 389, "ldap")

    def test_activation_that_is_dropped_is_told_by_licence_servers(self):
        self.assert_one_lost(FIRST, ACTIVATION, 443, "tcp/443")

    # ---- diff ------------------------------------------------------------------

    def test_diff_folds_all_that_was_broken(self):
        servers = f"ip daddr {members('license_servers')} tcp dport"
        after = self.break_it(
            SESSION_HOST,
            f"{servers} 49152-65535 drop",
            f"{servers} 3389 accept",
            f"ip daddr {ADDRESSES[DC]} tcp dport 389 drop",
        )
        diff = self.lab.reachd("diff", "-c", "reachd.yaml")
        self.assertEqual((after.status, diff.status), (1, 1))
        group = f"from {SESSION_HOST} to license_servers"
        blocked = "open → filtered, 2 of 2 hosts"
        for outcome in (after, diff):
            self.assert_changes(
                outcome,
                (SERVERS, self.LOST),
                (SERVERS, {"rdp": ("exposure", "filtered", "open", "rdp-negotiated")}),
                ([DC], {"ldap": ("regression", "open", "filtered", "timeout")}),
            )
            self.assert_incidents(
                outcome,
                ("regression", 4, f"rpc/licensing and {SWEEP} {group}: {blocked}"),
                ("exposure", 2, f"rdp {group}: filtered → open, 2 of 2 hosts"),
                ("regression", 1, f"ldap from {SESSION_HOST} to {DC}: open → filtered"),
            )


if __name__ == "__main__":
    unittest.main()
