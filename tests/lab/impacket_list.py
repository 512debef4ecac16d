# SPDX-License-Identifier: Apache-2.0
"""A DCE/RPC client that shares nothing with reachd: impacket's.

    impacket_list.py list [--page N] HOST         the endpoint mapper's registrations
    impacket_list.py prove UUID@MAJOR.MINOR HOST ...   hept_map and a bind, host by host

Prints JSON. Pages by hand, since impacket's own lookup drops all that it had when the
list ends the way Samba ends it: with an empty page whose status is not zero.
"""

import argparse
import json
import re
import struct
import time
import unittest

try:
    from impacket.dcerpc.v5 import epm, transport
    from impacket.dcerpc.v5.dcomrt import IID_IObjectExporter, ServerAlive2
    from impacket.dcerpc.v5.rpcrt import DCERPCException
    from impacket.uuid import bin_to_string, uuidtup_to_bin
except ImportError:
    raise unittest.SkipTest("not installed: impacket (see deploy/install-dependencies)")

TRANSPORTS = {
    b"\x07": "ncacn_ip_tcp",
    b"\x08": "ncadg_ip_udp",
    b"\x0f": "ncacn_np",
    b"\x10": "ncalrpc",
    b"\x1f": "ncacn_http",
}
HAVE_PORTS = ("ncacn_ip_tcp", "ncadg_ip_udp", "ncacn_http")


def connect(host, port, seconds=5):
    binding = transport.DCERPCTransportFactory(f"ncacn_ip_tcp:{host}[{port}]")
    binding.set_connect_timeout(seconds)
    client = binding.get_dce_rpc()
    client.connect()
    return client


def _entry(entry):
    tower = epm.EPMTower(b"".join(entry["tower"]["tower_octet_string"]))
    interface, floor = tower["Floors"][0], tower["Floors"][3]
    word = TRANSPORTS.get(floor["ProtocolData"][:1], "other")
    port = struct.unpack("!H", floor["RelatedData"])[0] if word in HAVE_PORTS else 0
    return {
        "interface": bin_to_string(interface["InterfaceUUID"]).lower(),
        "version": f"{interface['MajorVersion']}.{interface['MinorVersion']}",
        "transport": word,
        "port": port,
        "annotation": b"".join(entry["annotation"]).split(b"\0")[0].decode(),
    }


def entries(host, port=135, page=500):
    """All registrations, in the mapper's order."""
    client = connect(host, port)
    client.bind(epm.MSRPC_UUID_PORTMAP)
    found, handle = [], epm.ept_lookup_handle_t()
    while True:
        request = epm.ept_lookup()
        request["inquiry_type"] = epm.RPC_C_EP_ALL_ELTS
        request["object"] = epm.NULL
        request["Ifid"] = epm.NULL
        request["vers_option"] = epm.RPC_C_VERS_ALL
        request["entry_handle"] = handle
        request["max_ents"] = page
        answer = client.request(request, checkError=False)
        found += [_entry(answer["entries"][i]) for i in range(answer["num_ents"])]
        handle = answer["entry_handle"]
        if handle.isNull() or answer["num_ents"] == 0:
            break
    client.disconnect()
    return found


def mapped_port(host, uuid, version, port=135):
    """The port that the mapper names; DCERPCException when it names none."""
    client = connect(host, port)
    try:
        interface = uuidtup_to_bin((uuid, version))
        named = epm.hept_map(host, interface, protocol="ncacn_ip_tcp", dce=client)
    finally:
        client.disconnect()
    return int(re.search(r"\[(\d+)\]$", named).group(1))


def bind(host, port, uuid, version):
    """None when the bind was accepted, else what impacket says."""
    client = connect(host, port)
    try:
        client.bind(uuidtup_to_bin((uuid, version)))
    except DCERPCException as refusal:
        return str(refusal)
    finally:
        client.disconnect()
    return None


def alive(host, port=135):
    """The COM version that ServerAlive2 tells."""
    client = connect(host, port)
    client.bind(IID_IObjectExporter)
    answer = client.request(ServerAlive2())
    client.disconnect()
    return answer["pComVersion"]["MajorVersion"], answer["pComVersion"]["MinorVersion"]


def prove(host, uuid, version):
    port = mapped_port(host, uuid, version)
    refusal = bind(host, port, uuid, version)
    if refusal:
        raise RuntimeError(f"{host}: {uuid} on {port}: {refusal}")
    return port


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    lists = commands.add_parser("list")
    lists.add_argument("--page", type=int, default=500)
    lists.add_argument("host")
    proves = commands.add_parser("prove")
    proves.add_argument("interface")
    proves.add_argument("host", nargs="+")
    options = parser.parse_args()
    if options.command == "list":
        print(json.dumps(entries(options.host, page=options.page), indent=1))
        return
    uuid, version = options.interface.split("@")
    started = time.monotonic()
    for host in options.host:
        prove(host, uuid, version)
    print(json.dumps({"proofs": len(options.host), "seconds": time.monotonic() - started}))


if __name__ == "__main__":
    main()
