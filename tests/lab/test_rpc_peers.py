# SPDX-License-Identifier: Apache-2.0
"""The RPC peers of the other tests are what they claim to be, as impacket and tshark see
them."""

import contextlib
import os
import socket
import unittest

import impacket_list  # first: it tells where there is no impacket
import samba
from capture import Capture
from impacket.dcerpc.v5 import epm
from impacket.dcerpc.v5.dtypes import ULONG
from impacket.dcerpc.v5.ndr import NDRCALL
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.ldap.ldap import LDAPConnection
from impacket.smb3structs import SMB2_DIALECT_30
from impacket.smbconnection import SMBConnection
from lab import LabTest
from rpc_peer import LICENSING, MAPPER, MGMT, OBJECT_EXPORTER, RpcServer, licensing

HOST, HOST_V6 = "10.64.0.1", "fd64::1"
SAMR = "12345778-1234-abcd-ef00-0123456789ac"

NOT_THIS_INTERFACE = "abstract_syntax_not_supported"
NOT_THIS_TRANSFER_SYNTAX = "proposed_transfer_syntaxes_not_supported"

# A bind of the endpoint mapper, version 4 of the protocol, which nobody speaks.
OLD_BIND = bytes.fromhex(
    "04000b03100000004800000001000000d016d0160000000001000000000001000883afe11f5dc911"
    "91a408002b14a0fa03000000045d888aeb1cc9119fe808002b10486002000000"
)
BIND = b"\x05" + OLD_BIND[1:]
LOOKUP = bytes.fromhex(
    "050000031000000040000000020000002800000000000200000000000000000000000000"
    "010000000000000000000000000000000000000000000000f4010000"
)


class ept_lookup_handle_free(NDRCALL):
    opnum = 4
    structure = (("entry_handle", epm.ept_lookup_handle_t),)


class ept_lookup_handle_freeResponse(NDRCALL):
    structure = (("entry_handle", epm.ept_lookup_handle_t), ("status", ULONG))


def made(count, port):
    """What `--entries` makes up."""
    transports = ("ncacn_ip_tcp", "ncacn_np", "ncalrpc", "ncacn_http", "ncadg_ip_udp")
    ports = (port, 0, 0, 593, 593)
    annotations = ("", "a", "of", "for", "made")
    return [
        {
            "interface": f"3dade000-0000-0000-0000-{n:012x}",
            "version": f"1.{n % 3}",
            "transport": transports[n % 5],
            "port": ports[n % 5],
            "annotation": annotations[n // 5 % 5],
        }
        for n in range(count)
    ]


def licence_server(port):
    return {
        "interface": LICENSING,
        "version": "1.0",
        "transport": "ncacn_ip_tcp",
        "port": port,
        "annotation": "Terminal Server Licensing",
    }


class Heard:
    """tshark must find everything well-formed that the tests of a class send and get."""

    @classmethod
    def prepare(cls):
        path = os.path.join(cls.lab.dir, "peers.pcap")
        cls.capture = Capture(cls.lab.vantage, "up0", path)
        cls.lab.later(cls.capture.stop)

    @classmethod
    def tearDownClass(cls):
        wrong = cls.capture.wrong()
        if wrong or not cls.capture.frames("dcerpc"):
            raise AssertionError("\n".join(wrong) or "no DCE/RPC was seen")


class Served(LabTest):
    @contextlib.contextmanager
    def server(self, *options):
        server = RpcServer(self.lab.fleet, *options)
        self.addCleanup(server.close)
        try:
            with self.lab.vantage:
                yield server
        finally:
            server.close()


class WellBehaved(Heard, Served):
    def listed(self, *options, page=500, count=53):
        with self.server(
            "--annotation",
            "Terminal Server Licensing",
            *licensing(49664),
            "--entries",
            count,
            *options,
        ):
            found = impacket_list.entries(HOST, page=page)
        self.assertEqual(found, [licence_server(49664), *made(count, 49664)])

    def test_a_lookup_lists_what_is_registered_however_it_ends(self):
        for style in ("windows", "samba"):
            for page in (1, 7, 54, 500):
                with self.subTest(style=style, page=page):
                    self.listed("--lookup-style", style, page=page)

    def test_a_lookup_spans_fragments_of_any_size(self):
        for size in (32, 1432, 5840):
            with self.subTest(size=size):
                self.listed("--fragment", size, count=100)

    def test_the_server_may_have_smaller_pages_than_the_client(self):
        self.listed("--page", 3, count=10)

    def test_a_thousand_registrations_are_listed(self):
        self.listed(count=1000)

    def test_nothing_registered_is_an_empty_list(self):
        with self.server():
            self.assertEqual(impacket_list.entries(HOST), [])

    def test_a_handle_is_freed_and_one_that_is_none_is_refused(self):
        with self.server(*licensing(49664), "--entries", 10):
            client = impacket_list.connect(HOST, 135)
            client.bind(epm.MSRPC_UUID_PORTMAP)
            request = ept_lookup_handle_free()
            handle = request["entry_handle"]
            handle["context_handle_uuid"] = bytes(8) + b"goon\0\x02\0\0"
            answer = client.request(request)
            self.assertTrue(answer["entry_handle"].isNull())
            handle["context_handle_uuid"] = b"of somebody else"
            with self.assertRaises(DCERPCException):
                client.request(request)
            client.disconnect()

    def test_the_mapper_names_the_port_and_the_interface_accepts_a_bind_there(self):
        for host in (HOST, HOST_V6):
            with self.subTest(host=host), self.server(*licensing(49670)):
                self.assertEqual(impacket_list.prove(host, LICENSING, "1.0"), 49670)

    def test_every_host_is_served_and_with_an_address_only_that_one(self):
        with self.server("--address", HOST, "--address", HOST_V6, *licensing(49664)):
            impacket_list.prove(HOST, LICENSING, "1.0")
            impacket_list.prove(HOST_V6, LICENSING, "1.0")
            with self.assertRaises(DCERPCException):
                impacket_list.prove("10.64.0.2", LICENSING, "1.0")
        with self.server(*licensing(49664)):
            for host in ("10.64.3.200", "10.79.255.254", "fd64::7:7"):
                impacket_list.prove(host, LICENSING, "1.0")

    def test_what_is_not_registered_is_said_so(self):
        with self.server(*licensing(49664)):
            for uuid, version in ((SAMR, "1.0"), (LICENSING, "2.0"), (LICENSING, "1.1")):
                client = impacket_list.connect(HOST, 135)
                with self.assertRaises(DCERPCException) as raised:
                    epm.hept_map(
                        HOST,
                        epm.uuidtup_to_bin((uuid, version)),
                        protocol="ncacn_ip_tcp",
                        dce=client,
                    )
                self.assertEqual(raised.exception.get_error_code(), 0x16C9A0D6)
                client.disconnect()

    def test_another_interface_or_version_is_rejected_by_the_provider(self):
        with self.server(*licensing(49664)):
            for uuid, version in ((SAMR, "1.0"), (LICENSING, "2.0"), (LICENSING, "1.1")):
                said = impacket_list.bind(HOST, 49664, uuid, version)
                self.assertIn("provider_rejection", said)
                self.assertIn(NOT_THIS_INTERFACE, said)
            for version in ("2.0", "3.1", "4.0"):
                self.assertIn(
                    NOT_THIS_INTERFACE, impacket_list.bind(HOST, 135, MAPPER, version)
                )

    def test_another_transfer_syntax_is_rejected_as_such(self):
        ndr64 = ("71710533-beba-4937-8319-b5dbef9ccc36", "1.0")
        with self.server(*licensing(49664)):
            client = impacket_list.connect(HOST, 49664)
            with self.assertRaises(DCERPCException) as raised:
                client.bind(epm.uuidtup_to_bin((LICENSING, "1.0")), transfer_syntax=ndr64)
            self.assertIn(NOT_THIS_TRANSFER_SYNTAX, str(raised.exception))
            client.disconnect()

    def test_the_management_interface_is_on_every_port(self):
        with self.server(*licensing(49664)):
            for port in (135, 49664):
                self.assertIsNone(impacket_list.bind(HOST, port, MGMT, "1.0"))

    def test_the_object_exporter_is_alive(self):
        with self.server("--interface", f"{OBJECT_EXPORTER}@0.0=135:hidden"):
            self.assertEqual(impacket_list.alive(HOST), (5, 7))
            self.assertEqual(impacket_list.entries(HOST), [])

    def test_other_calls_are_a_fault(self):
        class call(NDRCALL):
            opnum = 99
            structure = ()

        with self.server(*licensing(49664)):
            for port, uuid, version in ((135, MAPPER, "3.0"), (49664, LICENSING, "1.0")):
                client = impacket_list.connect(HOST, port)
                client.bind(epm.uuidtup_to_bin((uuid, version)))
                with self.assertRaises(DCERPCException) as raised:
                    client.request(call())
                self.assertIn("nca_s_op_rng_error", str(raised.exception))
                client.disconnect()

    def test_it_can_be_restarted_on_another_port_at_once(self):
        for port in (49664, 49671, 49664):
            with self.server(*licensing(port)):
                self.assertEqual(impacket_list.prove(HOST, LICENSING, "1.0"), port)

    def test_a_port_may_be_chosen_by_the_kernel(self):
        with self.server("--mapper", 0, *licensing(0)) as server:
            mapper, port = server.ports
            named = impacket_list.mapped_port(HOST, LICENSING, "1.0", port=mapper)
            self.assertEqual(named, port)
            self.assertIsNone(impacket_list.bind(HOST, port, LICENSING, "1.0"))


class BadlyBehaved(Served):
    def said(self, *sent, port=49664):
        """What comes back for what is sent; then b"" for the end, None for silence."""
        got = []
        with socket.create_connection((HOST, port), 2) as client:
            client.settimeout(0.3)
            for piece in sent:
                client.sendall(piece)
            try:
                while not got or got[-1]:
                    got.append(client.recv(65536))
            except TimeoutError:
                got.append(None)
            except ConnectionResetError:
                got.append("reset")
        return got

    def bound(self, mode):
        """What a bind of the mapper's gets when it has the mode."""
        with self.server("--mapper", f"135:{mode}"):
            return self.said(BIND, port=135)

    def test_what_is_no_rpc_is_met_with_silence(self):
        with self.server(*licensing(49664)):
            self.assertEqual(self.said(b"GET / HTTP/1.0\r\n\r\n"), [None])

    def test_an_old_version_is_told_the_new_one(self):
        with self.server():
            nak, end = self.said(OLD_BIND, port=135)
        self.assertEqual((nak[2], nak[16:21], end), (13, b"\4\0\1\5\0", None))

    def test_a_bind_that_comes_in_pieces_is_answered_once(self):
        with self.server():
            pieces = [BIND[i : i + 1] for i in range(len(BIND))]
            ack, end = self.said(*pieces, port=135)
        self.assertEqual((ack[2], len(ack), end), (12, 60, None))

    def test_a_bind_may_be_swallowed_or_end_the_connection(self):
        self.assertEqual(self.bound("silent"), [None])
        self.assertEqual(self.bound("close"), [b""])
        self.assertEqual(self.bound("reset"), ["reset"])

    def test_a_bind_may_get_garbage_a_nak_or_a_fault(self):
        self.assertEqual(self.bound("garbage")[0][:5], b"HTTP/")
        nak, _ = self.bound("nak:2")
        self.assertEqual((nak[2], nak[16:18]), (13, b"\2\0"))
        fault, _ = self.bound("bind-fault:0x1c010014")
        self.assertEqual((fault[2], fault[24:28]), (3, b"\x14\0\1\x1c"))

    def test_a_port_may_belong_to_another_service(self):
        with self.server(*licensing(49664, "reject:1")):
            self.assertEqual(impacket_list.mapped_port(HOST, LICENSING, "1.0"), 49664)
            said = impacket_list.bind(HOST, 49664, LICENSING, "1.0")
            self.assertIn(NOT_THIS_INTERFACE, said)
            self.assertIsNone(impacket_list.bind(HOST, 49664, MGMT, "1.0"))

    def test_the_mapper_may_refuse_calls(self):
        for mode, word in (
            ("fault:5", "rpc_s_access_denied"),
            ("fault:0x1c010014", "nca_s_server_too_busy"),
            ("fault:0x1c010003", "nca_s_unk_if"),
        ):
            with self.server("--mapper", f"135:{mode}", *licensing(49664)):
                with self.assertRaises(DCERPCException) as raised:
                    impacket_list.mapped_port(HOST, LICENSING, "1.0")
                self.assertIn(word, str(raised.exception))

    def test_the_mapper_may_answer_with_a_status(self):
        with self.server("--mapper", "135:status:0x16c9a0cd", *licensing(49664)):
            with self.assertRaises(DCERPCException) as raised:
                impacket_list.mapped_port(HOST, LICENSING, "1.0")
            self.assertEqual(raised.exception.get_error_code(), 0x16C9A0CD)

    def test_the_mapper_may_swallow_calls_or_answer_by_half(self):
        with self.server("--mapper", "135:mute", *licensing(49664)):
            with self.assertRaises(TimeoutError):
                client = impacket_list.connect(HOST, 135, seconds=0.3)
                epm.hept_map(
                    HOST,
                    epm.uuidtup_to_bin((LICENSING, "1.0")),
                    protocol="ncacn_ip_tcp",
                    dce=client,
                )
        with self.server("--mapper", "135:cut", *licensing(49664)):
            answer = b"".join(self.said(BIND, LOOKUP, port=135))[60:]
        self.assertEqual(answer[8:10], (2 * len(answer)).to_bytes(2, "little"))

    def test_the_mapper_may_name_ports_where_nobody_listens(self):
        with self.server(*licensing(49664, "absent"), *licensing(49665)):
            found = [entry["port"] for entry in impacket_list.entries(HOST)]
            self.assertEqual(found, [49664, 49665])
            with self.assertRaises(DCERPCException):
                impacket_list.bind(HOST, 49664, LICENSING, "1.0")
            self.assertIsNone(impacket_list.bind(HOST, 49665, LICENSING, "1.0"))

    def test_there_may_be_no_mapper(self):
        with self.server("--mapper", "none", *licensing(49664)):
            with self.assertRaises(DCERPCException):
                impacket_list.mapped_port(HOST, LICENSING, "1.0")
            self.assertIsNone(impacket_list.bind(HOST, 49664, LICENSING, "1.0"))

    def test_equal_towers_may_be_told_once(self):
        stubs = []
        for options in ((), ("--alias",)):
            with self.server(*options, *licensing(49664), *licensing(49664)):
                stubs.append(b"".join(self.said(BIND, LOOKUP, port=135)[:-1])[84:])
        whole, short = stubs
        # Each tower is 75 bytes with two lengths before and one of padding.
        self.assertEqual(len(whole) - len(short), 84)
        referents = [[s[52:56], s[84:88]] for s in stubs]
        self.assertNotEqual(*referents[0])
        self.assertEqual(*referents[1])


class RealMapper(Heard, LabTest):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.samba = samba.Samba(cls.lab)

    def test_it_lists_its_endpoints_page_by_page(self):
        with self.lab.vantage:
            whole = impacket_list.entries(samba.V4)
            paged = impacket_list.entries(samba.V4, page=7)
            by_v6 = impacket_list.entries(samba.V6)
        self.assertEqual(paged, whole)
        self.assertEqual(by_v6, whole)
        ports = {e["port"] for e in whole if e["transport"] == "ncacn_ip_tcp"}
        self.assertTrue(ports <= {135, *samba.DYNAMIC_PORTS}, ports)
        self.assertIn(SAMR, [entry["interface"] for entry in whole])
        self.assertNotIn(LICENSING, [entry["interface"] for entry in whole])

    def test_an_interface_is_bound_where_the_mapper_says(self):
        with self.lab.vantage:
            for host in (samba.V4, samba.V6):
                port = impacket_list.prove(host, SAMR, "1.0")
                self.assertIn(port, samba.DYNAMIC_PORTS)

    def test_it_is_a_directory(self):
        with self.lab.vantage:
            LDAPConnection(f"ldap://{samba.V4}").close()

    def test_it_serves_files(self):
        if not self.samba.serves_files:
            self.skipTest("smbd needs the real root, which knows other users")
        with self.lab.vantage:
            files = SMBConnection(samba.V4, samba.V4, timeout=5)
            self.assertEqual(files.getDialect(), SMB2_DIALECT_30)
            files.close()


if __name__ == "__main__":
    unittest.main()
