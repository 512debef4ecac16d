# SPDX-License-Identifier: Apache-2.0
"""rdp, smb and ldap against servers of other people: xrdp, FreeRDP's shadow server,
Samba's file server and its domain controller."""

import os

import lab
import samba
import services
from capture import Capture

RDP_HOST = "10.64.0.1"

# A hash of no password that matters: alice's, who never logs on.
SAM_FILE = "alice:::8846f7eaee8fb117ad06bdd830b7586c:::\n"

class Heard(lab.LabTest):
    """tshark must understand all that reachd says to PORT as PROTOCOL."""

    PORT, PROTOCOL = 0, ""

    @classmethod
    def listen(cls):
        cls.capture = Capture(
            cls.lab.vantage, "up0", os.path.join(cls.lab.dir, "reachd.pcap")
        )
        cls.lab.later(cls.capture.stop)

    @classmethod
    def tearDownClass(cls):
        ours = (
            f"tcp.dstport == {cls.PORT} and tcp.len > 0"
            " and not tcp.analysis.retransmission"
        )
        said = cls.capture.frames(ours)
        understood = cls.capture.frames(f"{ours} and ({cls.PROTOCOL})")
        wrong = [
            line
            for line in cls.capture.wrong()
            if f" {lab.VANTAGE_V4} → " in line or f" {lab.VANTAGE_V6} → " in line
        ]
        if not said or said != understood or wrong:
            raise AssertionError("\n".join(["tshark finds:", *said, "wrong:", *wrong]))


class Services(Heard):
    def see(self, check, state, reason, address=RDP_HOST):
        """Probes, and returns the evidence."""
        done = self.lab.reachd("probe", check, address)
        result = done.results[0]
        self.assertEqual((result["state"], result["reason"]), (state, reason), done)
        (answer,) = result["addresses"]
        self.assertGreater(answer["rtt_us"], 0)
        return result.get("evidence")


class RdpTest(Services):
    PORT, PROTOCOL = 3389, "cotp and rdp"

    @classmethod
    def prepare(cls):
        cls.listen()
        folder = cls.lab.dir
        services.certificate(cls.lab)
        services.xrdp(cls.lab, 3389, "negotiate")
        services.xrdp(cls.lab, 3390, "tls")
        services.xrdp(cls.lab, 3391, "rdp")
        cls.display = cls.xvfb()
        path = os.path.join(folder, "sam")
        with open(path, "w") as file:
            file.write(SAM_FILE)
        cls.shadow(3392, "nla", f"/sam-file:{path}")
        cls.shadow(3393, "rdp")

    @classmethod
    def xvfb(cls):
        """Starts an X server on a display that is free; its name, once it listens."""
        readable, writable = os.pipe()
        screen = ["-screen", "0", "640x480x24", "-nolisten", "tcp"]
        command = ["Xvfb", "-displayfd", str(writable), *screen]
        services.launch(cls.lab, 0, command, pass_fds=[writable])
        os.close(writable)
        with open(readable) as file:
            number = file.readline().strip()
        if not number:
            raise RuntimeError("Xvfb has not started")
        return f":{number}"

    @classmethod
    def shadow(cls, port, security, *more):
        home = os.path.join(cls.lab.dir, f"shadow-{port}")
        os.mkdir(home)
        command = ["freerdp-shadow-cli", f"/port:{port}", f"/sec:{security}", *more]
        environment = {**os.environ, "DISPLAY": cls.display, "HOME": home}
        services.launch(cls.lab, port, command, env=environment)

    def test_a_server_that_negotiates_chooses_tls(self):
        evidence = self.see("rdp", "open", "rdp-negotiated")
        self.assertEqual(evidence["protocol"], "tls")

    def test_a_server_of_tls_chooses_it(self):
        evidence = self.see("rdp/3390", "open", "rdp-negotiated")
        self.assertEqual(evidence["protocol"], "tls")

    def test_a_server_of_old_knows_rdp_security_alone(self):
        evidence = self.see("rdp/3391", "open", "rdp-negotiated")
        self.assertEqual(evidence["protocol"], "rdp")

    def test_a_server_of_nla_chooses_credssp(self):
        evidence = self.see("rdp/3392", "open", "rdp-negotiated")
        self.assertEqual(evidence["protocol"], "hybrid")

    def test_a_server_that_forbids_tls_refuses_and_is_open(self):
        evidence = self.see("rdp/3393", "open", "rdp-refused")
        self.assertEqual(evidence, {"failure": "ssl-not-allowed", "code": 2})

    def test_no_listener_is_closed(self):
        self.see("rdp/3394", "closed", "rst")

    def test_a_listener_of_something_else_is_told(self):
        """Accepts, and says nothing."""
        self.lab.listeners.open(3395)
        self.see("rdp/3395", "failed", "no-answer")

    def test_a_firewall_is_seen_before_the_protocol(self):
        self.lab.firewall("tcp dport 3389 drop")
        self.addCleanup(self.lab.firewall)
        done = self.lab.reachd("probe", "rdp", RDP_HOST)
        self.assertEqual(done.results[0]["state"], "filtered", done)
        self.lab.firewall("tcp dport 3389 reject with icmpx type admin-prohibited")
        done = self.lab.reachd("probe", "rdp", RDP_HOST)
        self.assertEqual(done.results[0]["state"], "prohibited", done)

    def test_a_firewall_that_swallows_the_question_is_told(self):
        """The handshake passes, and what follows does not."""
        self.lab.firewall("tcp dport 3389 tcp flags & (syn | psh) == psh drop")
        self.addCleanup(self.lab.firewall)
        self.see("rdp", "failed", "no-answer")

    def test_a_firewall_that_forbids_the_question_does_not_end_the_connection(self):
        """An ICMP error about an open connection proves nothing (RFC 5927)."""
        self.lab.firewall(
            "tcp dport 3389 tcp flags & (syn | psh) == psh limit rate 1/minute burst 1 "
            "packets reject with icmpx type admin-prohibited"
        )
        self.addCleanup(self.lab.firewall)
        self.see("rdp", "open", "rdp-negotiated")

    def test_a_question_that_never_left_is_this_machine_s_trouble(self):
        self.lab.vantage.nft(
            "table inet out { chain out { type filter hook output priority 0;"
            "tcp dport 3389 tcp flags & (syn | psh) == psh drop; }; }"
        )
        self.addCleanup(self.lab.vantage.nft, "delete table inet out")
        done = self.lab.reachd("probe", "rdp", RDP_HOST)
        result = done.results[0]
        self.assertEqual(
            (result["state"], result["reason"]), ("error", "local-firewall"), done
        )


class SmbTest(Services):
    # The requests of both connections go there.
    PORT, PROTOCOL = 445, "smb2.cmd == 0 or smb.cmd == 0x72"

    @classmethod
    def prepare(cls):
        cls.listen()
        services.smbd(cls.lab, 445, "server min protocol = NT1\nserver max protocol = NT1")
        settings = "server signing = mandatory\nserver min protocol = SMB3_11"
        services.smbd(cls.lab, 446, settings)
        services.smbd(cls.lab, 447, "server max protocol = SMB2_02")
        services.smbd(cls.lab, 448, "")

    def test_the_highest_dialect_is_chosen(self):
        evidence = self.see("smb/448", "open", "smb-negotiated")
        self.assertEqual(evidence, {"dialect": "3.1.1", "signing": "enabled"})

    def test_a_server_that_wants_the_highest_alone_is_content(self):
        """3.1.1 needs its contexts, or the server refuses."""
        evidence = self.see("smb/446", "open", "smb-negotiated")
        self.assertEqual(evidence, {"dialect": "3.1.1", "signing": "required"})

    def test_the_lowest_dialect_is_offered_too(self):
        evidence = self.see("smb/447", "open", "smb-negotiated")
        self.assertEqual(evidence, {"dialect": "2.0.2", "signing": "enabled"})

    def test_smb1_alone_is_failed(self):
        self.see("smb", "failed", "smb1-only")

    def test_silence_is_told_after_two_connections(self):
        self.lab.listeners.open(449)
        done = self.lab.reachd("probe", "smb/449", RDP_HOST)
        result = done.results[0]
        self.assertEqual(
            (result["state"], result["reason"]), ("failed", "no-answer"), done
        )


class LdapTest(Heard):
    PORT, PROTOCOL = 389, "ldap"

    @classmethod
    def prepare(cls):
        cls.listen()
        cls.samba = samba.Samba(cls.lab)

    def see(self, check, address=samba.V4):
        done = self.lab.reachd("probe", check, address)
        return done, done.results[0]

    def test_the_directory_tells_its_name(self):
        for address in (samba.V4, samba.V6):
            done, result = self.see("ldap", address)
            self.assertEqual(result["reason"], "ldap-answered", done)
            evidence = result["evidence"]
            self.assertEqual(evidence["default_naming_context"], "DC=lab,DC=test")
            self.assertEqual(evidence["dns_host_name"], "dc1.lab.test")
            self.assertIn(3, evidence["versions"])

    def test_the_global_catalogue_is_a_directory_too(self):
        done, result = self.see("ldap/3268")
        self.assertEqual(result["reason"], "ldap-answered", done)

    def test_the_controller_s_files_are_served(self):
        done, result = self.see("smb")
        self.assertEqual(result["reason"], "smb-negotiated", done)
        self.assertEqual(result["evidence"]["signing"], "required")

    def test_a_port_of_tls_is_no_ldap(self):
        """It waits for a handshake, or closes on what is none."""
        done, result = self.see("ldap/636")
        self.assertEqual(result["state"], "failed", done)


if __name__ == "__main__":
    lab.unittest.main()
