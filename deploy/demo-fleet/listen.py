# SPDX-License-Identifier: Apache-2.0
"""Answers as the services of the demo's hosts would: listen.py ADDRESS:PORT ...

To the first message on 3389 and 445 there is the answer of that protocol; elsewhere
connections are accepted and closed."""

import selectors
import socket
import struct
import sys

# [MS-RDPBCGR] 2.2.1.2: X.224 connection confirm, negotiation response, TLS.
RDP_TLS = bytes.fromhex("030000130ed00000123400") + struct.pack("<BBHI", 2, 0, 8, 1)

# [MS-SMB2] 2.2.1.2 and 2.2.4: a response from the server, SMB 3.0.2, signing enabled.
SMB_302 = struct.pack("<4sHHIHHIIQIIQ16x", b"\xfeSMB", 64, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0)
SMB_302 += struct.pack("<4H16x4I2Q2HI", 65, 1, 0x302, 0, 0, *[65536] * 3, 0, 0, 128, 0, 0)

ANSWERS = {3389: RDP_TLS, 445: struct.pack(">I", len(SMB_302)) + SMB_302}


def on_connection(selector, listener):
    connection, _ = listener.accept()
    reply = ANSWERS.get(listener.getsockname()[1])
    if not reply:
        connection.close()
        return
    connection.setblocking(False)
    selector.register(connection, selectors.EVENT_READ, (on_question, reply))


def on_question(selector, connection, reply):
    try:
        if connection.recv(4096):
            connection.send(reply)
    except OSError:
        pass
    selector.unregister(connection)
    connection.close()


def main():
    selector = selectors.DefaultSelector()
    for where in sys.argv[1:]:
        address, port = where.rsplit(":", 1)
        listener = socket.create_server((address, int(port)), backlog=1024)
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ, (on_connection,))
    print("listening", flush=True)
    while True:
        for key, _ in selector.select():
            handle, *more = key.data
            handle(selector, key.fileobj, *more)


if __name__ == "__main__":
    main()
