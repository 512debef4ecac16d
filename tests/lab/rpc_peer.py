# SPDX-License-Identifier: Apache-2.0
"""tests/support/rpc_server in a namespace of the lab."""

import os
import subprocess
import unittest

import netns
from lab import REACHD

PROGRAM = os.environ.get("RPC_SERVER") or os.path.join(
    os.path.dirname(REACHD), "tests/support/rpc_server/rpc_server"
)

LICENSING = "3d267954-eeb7-11d1-b94e-00c04fa3080d"
OBJECT_EXPORTER = "99fcfec4-5260-101b-bbcb-00aa0021347a"
MAPPER = "e1af8308-5d1f-11c9-91a4-08002b14a0fa"
MGMT = "afa8bd80-7d8a-11c9-bef4-08002b102989"


def licensing(port, mode=None):
    """The licensing interface on a port, as two arguments."""
    suffix = f":{mode}" if mode else ""
    return "--interface", f"{LICENSING}@1.0={port}{suffix}"


class RpcServer:
    """Listens when it is made; see `rpc_server --help` for the options."""

    def __init__(self, namespace, *options):
        if not os.path.exists(PROGRAM):
            raise unittest.SkipTest(f"not built: {PROGRAM} (RPC_SERVER names another)")
        self._process = namespace.popen(
            [PROGRAM, *map(str, options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        words = self._process.stdout.readline().split()
        if not words:
            said = self._process.stderr.read()
            self.close()
            raise RuntimeError(f"rpc_server {' '.join(map(str, options))}\n{said}")
        self.ports = [int(word) for word in words[1:]]

    def close(self):
        """Harmless when repeated."""
        netns.end(self._process)
