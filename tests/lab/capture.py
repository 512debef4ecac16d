# SPDX-License-Identifier: Apache-2.0
"""What goes over a device, kept as a pcap file and read by tshark: a dissector that is
not ours."""

import os
import shutil
import socket
import struct
import subprocess
import threading
import time
import unittest

ETH_P_ALL = 3
SNAPLEN = 262144
LINKTYPE_ETHERNET = 1

# What tshark calls malformed, cut off, or an error. That bytes are left over it tells in
# the summary only.
WRONG = '_ws.malformed or _ws.short or _ws.expert.severity == "Error"'


class Capture:
    def __init__(self, namespace, device, path):
        if not shutil.which("tshark"):
            raise unittest.SkipTest(
                "not installed: tshark (see deploy/install-dependencies)"
            )
        self._path = path
        # The settings of who runs the tests are not for them.
        home = os.path.dirname(path)
        self._environment = {**os.environ, "HOME": home, "XDG_CONFIG_HOME": home}
        with namespace:
            self._socket = socket.socket(
                socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)
            )
            self._socket.bind((device, 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
        self._socket.settimeout(0.1)
        self._stopping = False
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self):
        with open(self._path, "wb") as file:
            file.write(
                struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, SNAPLEN, LINKTYPE_ETHERNET)
            )
            while True:
                try:
                    frame = self._socket.recv(SNAPLEN)
                except TimeoutError:
                    if self._stopping:
                        return
                    continue
                now, size = time.time_ns() // 1000, len(frame)
                file.write(struct.pack("<IIII", *divmod(now, 10**6), size, size) + frame)

    def stop(self):
        """Ends after what is under way was heard. Harmless when repeated."""
        self._stopping = True
        self._thread.join()
        self._socket.close()

    def _tshark(self, *arguments):
        self.stop()
        # A port of ours may be some other protocol's, by its number.
        command = ["tshark", "-n", "-o", "tcp.try_heuristic_first:TRUE", "-r", self._path]
        done = subprocess.run(
            [*command, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"tshark: exit {done.returncode}\n{done.stderr}")
        return done.stdout.splitlines()

    def frames(self, which):
        """One line for each frame that the display filter lets through."""
        return self._tshark("-Y", which)

    def wrong(self):
        """The frames that tshark finds fault with."""
        left_over = [line for line in self.frames("dcerpc") if "[Long frame" in line]
        return self.frames(WRONG) + left_over
