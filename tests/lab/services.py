# SPDX-License-Identifier: Apache-2.0
"""Servers of other people in a namespace of the lab: xrdp, and Samba's file server."""

import os
import shutil
import socket
import subprocess
import time

import netns

XRDP = """\
[Globals]
port=tcp://0.0.0.0:{port}
security_layer={layer}
certificate={dir}/cert.pem
key_file={dir}/key.pem
crypt_level=high
ssl_protocols=TLSv1.2, TLSv1.3
max_bpp=32
fork=false
[Logging]
LogFile={dir}/xrdp-{port}.log
LogLevel=ERROR
EnableSyslog=false
[Xorg]
name=Xorg
lib=libxup.so
"""

SMBD = """\
[global]
workgroup = LAB
server role = standalone server
smb ports = {port}
disable spoolss = yes
load printers = no
log file = {dir}/log
private dir = {dir}
lock directory = {dir}
state directory = {dir}
cache directory = {dir}
pid directory = {dir}
ncalrpc dir = {dir}/ncalrpc
{settings}
"""


def await_port(namespace, port, process, log):
    """Until it listens; what it said when it does not."""
    limit = time.monotonic() + 30
    while time.monotonic() < limit and process.poll() is None:
        try:
            with namespace:
                socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    with open(log) as file:
        raise RuntimeError(f"nobody listens on port {port}\n{file.read()}")


def launch(lab, port, command, **options):
    """Starts a server in the fleet, which answers for every address there; it ends with
    the lab. A missing one is a failure. Port 0: returns before it listens."""
    if not shutil.which(command[0]):
        raise RuntimeError(
            f"not installed: {command[0]} (see deploy/install-dependencies)"
        )
    log = os.path.join(lab.dir, f"server-{port}.log")
    with open(log, "w") as file:
        process = lab.fleet.popen(
            command, stdout=file, stderr=subprocess.STDOUT, **options
        )
    lab.later(lambda: netns.end(process))
    if port:
        await_port(lab.fleet, port, process, log)


def certificate(lab):
    """cert.pem and key.pem in the lab's folder, for xrdp."""
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=rdsh.corp.example"
        f" -keyout {lab.dir}/key.pem -out {lab.dir}/cert.pem".split(),
        check=True,
        capture_output=True,
    )


def xrdp(lab, port, layer):
    """A Remote Desktop listener that takes `layer`: negotiate, tls or rdp."""
    path = os.path.join(lab.dir, f"xrdp-{port}.ini")
    with open(path, "w") as file:
        file.write(XRDP.format(port=port, layer=layer, dir=lab.dir))
    launch(lab, port, ["xrdp", "--nodaemon", "-c", path])


def smbd(lab, port, settings):
    """A file server with these lines of smb.conf."""
    if not shutil.which("smbd"):
        raise RuntimeError("not installed: smbd (see deploy/install-dependencies)")
    folder = os.path.join(lab.dir, f"smbd-{port}")
    os.mkdir(folder)
    path = os.path.join(folder, "smb.conf")
    with open(path, "w") as file:
        file.write(SMBD.format(port=port, dir=folder, settings=settings))
    # Debian's build logs there before it has read where it should.
    script = 'mount -t tmpfs tmpfs /var/log/samba && exec "$@"'
    command = ["smbd", "-F", "-s", path]
    launch(lab, port, ["unshare", "--mount", "sh", "-ec", script, "sh", *command])
