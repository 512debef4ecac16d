# SPDX-License-Identifier: Apache-2.0
"""A Samba domain controller behind the lab's router: a real endpoint mapper, real RPC
interfaces, SMB and LDAP, none of it ours.

All that it writes is in the lab's folder, and its processes end with the test. It is
provisioned once for all tests of a run, which takes some ten seconds; each test works on
a copy, mounted where the original is, since Samba's files name each other in full.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import netns

V4, V6 = "10.3.0.10", "fd03::10"
ROUTER_V4, ROUTER_V6 = "10.3.0.1", "fd03::1"

DYNAMIC_PORTS = range(49152, 49172)
SERVICES = ["rpc", "ldap", "cldap", "kdc"]
FILES = "s3fs"

# Where Debian's build writes before it has read where it should.
ELSEWHERE = ("/var/log/samba", "/var/lib/samba", "/var/cache/samba")

# samba-tool would also set the access lists of the files that it shares, which only the
# real root can, and which nobody reads here.
PROVISION = """
import logging, sys
from samba.auth import system_session
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
from samba.param import LoadParm
from samba.provision import provision
home, v4, v6 = sys.argv[1:]
lp = LoadParm()
lp.load_default()
provision(logging.getLogger(), system_session(), targetdir=home, lp=lp,
    realm="LAB.TEST", domain="LAB", hostname="dc1", hostip=v4, hostip6=v6,
    serverrole="active directory domain controller", dns_backend="NONE",
    dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2, adminpass="Passw0rd.lab",
    skip_sysvolacl=True)
"""

SETTINGS = """\
[global]
\tinterfaces = lo {v4} {v6}
\tbind interfaces only = yes
\tserver services = {services}
\trpc server dynamic port range = {low}-{high}
\tlog file = {home}/log
\tpid directory = {home}/run
\tncalrpc dir = {home}/run/ncalrpc
\twinbindd socket directory = {home}/run/winbindd
\tntp signd socket directory = {home}/run/ntp_signd
"""

START = """
mount --bind "$1" "$2"
shift 2
for folder; do
    [ ! -d "$folder" ] || mount -t tmpfs tmpfs "$folder"
done
exec samba -s {home}/etc/smb.conf -i -M single --no-process-group
"""


def _is_real_root():
    """Not root of a user namespace that knows no other user: smbd needs some."""
    with open("/proc/self/uid_map") as file:
        return sum(int(line.split()[2]) for line in file) > 1


def _template():
    return os.path.join(tempfile.gettempdir(), "samba")


def _provision(home):
    # In another folder, since Samba's own module is called as this one is.
    done = subprocess.run(
        [sys.executable, "-c", PROVISION, home, V4, V6],
        cwd="/",
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(f"provision: exit {done.returncode}\n{done.stderr}")
    settings = SETTINGS.format(
        home=home,
        v4=V4,
        v6=V6,
        services=", ".join([*SERVICES, FILES] if _is_real_root() else SERVICES),
        low=DYNAMIC_PORTS[0],
        high=DYNAMIC_PORTS[-1],
    )
    # The last of two settings counts.
    path = os.path.join(home, "etc/smb.conf")
    with open(path) as file:
        written = file.read()
    with open(path, "w") as file:
        file.write(written + settings)
    for folder in ("ncalrpc", "winbindd"):
        os.makedirs(os.path.join(home, "run", folder))


def _provision_once():
    """For all processes that share our temporary folder."""
    home = _template()
    with open(home + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = os.path.join(home, "provisioned")
        if os.path.exists(done):
            return
        shutil.rmtree(home, ignore_errors=True)
        os.mkdir(home)
        _provision(home)
        with open(done, "w"):
            pass


class Samba:
    """The controller, at V4 and V6; ends with the lab. `serves_files`: there is SMB."""

    def __init__(self, lab):
        self.serves_files = _is_real_root()
        if not shutil.which("samba"):
            raise unittest.SkipTest(
                "not installed: samba (see deploy/install-dependencies)"
            )
        _provision_once()
        self._home = os.path.join(lab.dir, "samba")
        self._log = os.path.join(lab.dir, "samba.log")
        self.namespace = netns.Namespace("dc")
        lab.later(self.close)
        self._process = None
        self._wire(lab.router)
        subprocess.run(["cp", "-a", _template(), self._home], check=True)
        self._start()

    def _wire(self, router):
        netns.link(router, "right1", self.namespace, "net0")
        router.ip(
            f"addr add {ROUTER_V4}/24 dev right1",
            f"addr add {ROUTER_V6}/64 dev right1 nodad",
        )
        self.namespace.ip(
            f"addr add {V4}/24 dev net0",
            f"addr add {V6}/64 dev net0 nodad",
            f"route add default via {ROUTER_V4}",
            f"route add default via {ROUTER_V6}",
        )

    def _start(self):
        script = START.format(home=_template())
        command = ["unshare", "--mount", "sh", "-ec", script, "sh"]
        command += [self._home, _template(), *ELSEWHERE]
        with open(self._log, "w") as log:
            self._process = self.namespace.popen(
                command, stdout=log, stderr=subprocess.STDOUT
            )
        for port in (135, 389, *([445] if self.serves_files else [])):
            self._await(port)

    def _await(self, port):
        limit = time.monotonic() + 30
        while time.monotonic() < limit and self._process.poll() is None:
            try:
                with self.namespace:
                    socket.create_connection((V4, port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        with open(self._log) as log:
            raise RuntimeError(f"samba does not listen on port {port}\n{log.read()}")

    def close(self):
        if self._process:
            netns.end(self._process)
        self.namespace.close()
