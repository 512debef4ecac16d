# SPDX-License-Identifier: Apache-2.0
"""What the program under test talks to: listeners, DNS servers, a raw ICMP sender, and
an ear on the wire."""

import os
import selectors
import shutil
import socket
import struct
import subprocess
import threading
import time

import netns

ETH_P_ALL = 3
SO_TIMESTAMPNS = 35


class Listeners:
    """Accepts on any number of ports, says nothing, and lets the other side close.

    It closes only after its peer did, so that a TIME_WAIT would be the peer's.
    """

    def __init__(self, namespace):
        self._namespace = namespace
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()
        self._selector.register(self._wake_read, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def open(self, *ports):
        """Listens on every address of both families; returns when it does."""
        for port in ports:
            with self._namespace:
                listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(("::", port))
                listener.listen(65535)
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ, self._accept)

    def _accept(self, listener):
        for _ in range(256):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setblocking(False)
            self._selector.register(connection, selectors.EVENT_READ, self._drain)

    def _drain(self, connection):
        try:
            if connection.recv(4096):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self._selector.unregister(connection)
        connection.close()

    def _serve(self):
        while True:
            for key, _ in self._selector.select():
                if key.data is None:
                    return
                key.data(key.fileobj)

    def close(self):
        self._wake_write.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()
        self._selector.close()
        self._wake_write.close()


def _is_syn(frame):
    """(family, destination port, the IP packet) of a TCP SYN, or None."""
    kind, packet = frame[12:14], frame[14:]
    if kind == b"\x08\x00" and packet[9] == socket.IPPROTO_TCP:
        family, tcp = socket.AF_INET, packet[(packet[0] & 15) * 4 :]
    elif kind == b"\x86\xdd" and packet[6] == socket.IPPROTO_TCP:
        family, tcp = socket.AF_INET6, packet[40:]
    else:
        return None
    if tcp[13] & 0x12 != 0x02:
        return None
    return family, struct.unpack_from("!H", tcp, 2)[0], packet


class Ear:
    """Hears every SYN that comes in on a device: the moment and what was sent."""

    def __init__(self, namespace, device, heard=None):
        self.times = []
        self._heard = heard
        with namespace:
            self._socket = socket.socket(
                socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)
            )
            self._socket.bind((device, 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.settimeout(0.1)
        self._stopping = False
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while True:
            try:
                frame, control, _, sender = self._socket.recvmsg(2048, 256)
            except TimeoutError:
                if self._stopping:
                    return
                continue
            syn = sender[2] == socket.PACKET_HOST and _is_syn(frame)
            if not syn:
                continue
            seconds, nanoseconds = struct.unpack("qq", control[0][2][:16])
            self.times.append(seconds + nanoseconds / 1e9)
            if self._heard:
                self._heard(*syn)

    def stop(self):
        """Ends after what is under way was heard; returns the times."""
        self._stopping = True
        self._thread.join()
        self._socket.close()
        return self.times


def _checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class IcmpResponder:
    """Answers each SYN to port 10000 + 100 * type + code with that ICMP error, from the
    router, for the codes that no firewall sends. Something else must drop the SYN."""

    def __init__(self, router, device):
        with router:
            self._v4 = socket.socket(
                socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP
            )
            self._v6 = socket.socket(
                socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6
            )
        self._ear = Ear(router, device, self._answer)

    @staticmethod
    def port(kind, code):
        return 10000 + 100 * kind + code

    def _answer(self, family, port, packet):
        if not 10000 <= port < 20000:
            return
        kind, code = divmod(port - 10000, 100)
        message = struct.pack("!BBHI", kind, code, 0, 0)
        if family == socket.AF_INET:
            message += packet[:28]
            total = _checksum(message)
            message = message[:2] + struct.pack("!H", total) + message[4:]
            self._v4.sendto(message, (socket.inet_ntoa(packet[12:16]), 0))
        else:  # the kernel fills in the checksum
            sender = socket.inet_ntop(socket.AF_INET6, packet[8:24])
            self._v6.sendto(message + packet, (sender, 0))

    def close(self):
        self._ear.stop()
        self._v4.close()
        self._v6.close()


UNBOUND = """\
server:
  interface: {address}
  ip-freebind: yes
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  do-daemonize: no
  use-syslog: no
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  module-config: "iterator"
  num-threads: 1
  hide-version: yes
  do-not-query-localhost: no
{server}
remote-control:
  control-enable: no
{zones}
"""


class Unbound:
    """A real DNS server in a namespace: `server` is lines of its server: section."""

    def __init__(self, namespace, address, folder, server, zones=""):
        self._log = os.path.join(folder, f"unbound-{address}.log")
        config = os.path.join(folder, f"unbound-{address}.conf")
        text = UNBOUND.format(
            address=address,
            folder=folder,
            server="\n".join("  " + line for line in server),
            zones=zones,
        )
        with open(config, "w") as file:
            file.write(text)
        # A copy, since AppArmor keeps /usr/sbin/unbound to files in /etc and /var.
        program = os.path.join(folder, f"unbound-{address}")
        shutil.copy(shutil.which("unbound"), program)
        with open(self._log, "w") as log:
            self._process = namespace.popen(
                [program, "-d", "-c", config], stdout=log, stderr=subprocess.STDOUT
            )
        self._await(namespace, address)

    def _await(self, namespace, address):
        """Asks until it answers anything."""
        query = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x02up\x07invalid\0\0\x01\0\x01"
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with namespace, socket.socket(family, socket.SOCK_DGRAM) as client:
            client.settimeout(0.1)
            for _ in range(100):
                try:
                    client.sendto(query, (address, 53))
                    client.recv(512)
                    return
                except OSError:
                    time.sleep(0.02)
                if self._process.poll() is not None:
                    break
        with open(self._log) as log:
            raise RuntimeError(f"unbound on {address} does not answer\n{log.read()}")

    def close(self):
        netns.end(self._process)
