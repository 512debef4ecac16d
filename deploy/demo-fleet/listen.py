# SPDX-License-Identifier: Apache-2.0
"""Accepts connections, as the services of the demo's hosts would: listen.py ADDRESS:PORT
..."""

import selectors
import socket
import sys


def main():
    selector = selectors.DefaultSelector()
    for where in sys.argv[1:]:
        address, port = where.rsplit(":", 1)
        listener = socket.create_server((address, int(port)), backlog=1024)
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ)
    print("listening", flush=True)
    while True:
        for key, _ in selector.select():
            connection, _ = key.fileobj.accept()
            connection.close()


if __name__ == "__main__":
    main()
