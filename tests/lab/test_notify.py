# SPDX-License-Identifier: Apache-2.0
"""Telling receivers of other people: rsyslog, Alertmanager, and a web server behind squid
that asks who is there."""

import http.server
import json
import os
import subprocess
import threading
import time
import urllib.request

import lab
import services

SERVER = "10.64.0.1"
TARGET = "10.64.1.1"
PORT = 8080
DROP = f"ip daddr {TARGET} tcp dport {PORT} drop"
RULES = [{"name": "web", "to": "fleet", "check": f"tcp/{PORT}"}]

RSYSLOG = """\
global(workDirectory="{dir}")
module(load="imudp")
module(load="imtcp")
input(type="imudp" port="5514")
input(type="imtcp" port="5515")
template(name="all" type="string"
  string="%inputname%|%pri%|%hostname%|%app-name%|%msgid%|%structured-data%|%msg%\\n")
action(type="omfile" file="{dir}/messages" template="all")
"""

SQUID = """\
http_port 3128
auth_param basic program /usr/lib/squid/basic_ncsa_auth {dir}/passwd
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
memory_cache_shared off
pid_filename none
coredump_dir {dir}
cache_log {dir}/cache.log
access_log stdio:{dir}/access.log
shutdown_lifetime 1 seconds
"""


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text)
    return path


class NotifyTest(lab.LabTest):
    def scan(self, state, *rules):
        """A scan behind this firewall, which must see that and tell of it."""
        self.lab.firewall(*rules)
        done = self.lab.scan("--notify")
        self.assertEqual(done.result("h1")["state"], state, done)
        self.assertFalse(done.summary["degraded"], done)
        return done

    def begin(self, *sinks):
        """A scan to compare with."""
        self.lab.config({"h1": TARGET}, RULES, notify=list(sinks))
        self.scan("open")

    def lose(self):
        return self.scan("filtered", DROP)

    def mend(self):
        return self.scan("open")


class RsyslogTest(NotifyTest):
    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(PORT)
        folder = cls.lab.dir
        config = write(folder, "rsyslog.conf", RSYSLOG.format(dir=folder))
        command = ["rsyslogd", "-n", "-f", config, "-i", os.path.join(folder, "rsyslog.pid")]
        services.launch(cls.lab, 5515, command)

    def test_udp_and_tcp_arrive_with_all_their_parts(self):
        self.begin(
            {"name": "u", "syslog": {"server": f"{SERVER}:5514", "facility": "local0"}},
            {"name": "t", "syslog": {"server": f"{SERVER}:5515", "transport": "tcp"}},
        )
        self.lose()
        self.mend()
        messages = self.read(4)
        for name, loss, recovery in (("imudp", 131, 133), ("imtcp", 27, 29)):
            got = [m for m in messages if m[0] == name]
            self.assertEqual(
                [(int(m[1]), m[4]) for m in got],
                [(loss, "regression"), (recovery, "recovery")],
            )
            for message in got:
                self.assertEqual(message[2:4], ["lab", "reachd"])
                self.assertRegex(message[5], r'^\[reachd@32473 uid="[0-9a-f]{32}" status="')
                self.assertIn(f"tcp/{PORT} from lab to h1: ", message[6])

    def read(self, count):
        limit = time.monotonic() + 30
        path = os.path.join(self.lab.dir, "messages")
        lines = []
        while len(lines) < count and time.monotonic() < limit:
            time.sleep(0.1)
            if os.path.exists(path):
                with open(path) as file:
                    lines = [line.split("|", 6) for line in file if "reachd@" in line]
        self.assertEqual(len(lines), count, lines)
        return lines


class AlertmanagerTest(NotifyTest):
    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(PORT)
        config = write(
            cls.lab.dir, "am.yml", "route: {receiver: none}\nreceivers: [{name: none}]\n"
        )
        command = [
            "prometheus-alertmanager",
            f"--config.file={config}",
            f"--storage.path={cls.lab.dir}/am",
            "--web.listen-address=:9093",
            "--cluster.listen-address=",
        ]
        services.launch(cls.lab, 9093, command)

    def alerts(self):
        with self.lab.fleet:
            with urllib.request.urlopen("http://127.0.0.1:9093/api/v2/alerts", timeout=30) as got:
                return json.load(got)

    def test_a_loss_fires_until_its_recovery(self):
        url = f"http://{SERVER}:9093/api/v2/alerts"
        self.begin({"name": "am", "webhook": {"url": url, "shape": "alertmanager"}})
        self.lose()
        (alert,) = self.alerts()
        self.assertEqual(alert["labels"]["alertname"], "ReachdIncident")
        self.assertRegex(alert["labels"]["incident"], "^[0-9a-f]{32}$")
        self.assertEqual(alert["annotations"]["kind"], "regression")
        self.assertEqual(alert["status"]["state"], "active")
        self.mend()
        self.assertEqual(self.alerts(), [])


class SquidTest(NotifyTest):
    @classmethod
    def prepare(cls):
        cls.lab.listeners.open(PORT)
        folder = os.path.join(cls.lab.dir, "squid")
        os.mkdir(folder)
        secret = subprocess.run(
            ["openssl", "passwd", "-apr1", "s3cret"], capture_output=True, text=True, check=True
        ).stdout
        write(folder, "passwd", "reachd:" + secret)
        config = write(folder, "squid.conf", SQUID.format(dir=folder))
        os.chmod(cls.lab.dir, 0o755)
        os.chmod(folder, 0o777)
        # It shares memory by a name that one before it may have left behind.
        script = 'mount -t tmpfs tmpfs /dev/shm && exec squid -N -f "$0"'
        services.launch(cls.lab, 3128, ["unshare", "--mount", "sh", "-ec", script, config])
        cls.hook()

    @classmethod
    def hook(cls):
        cls.requests = []
        outer = cls

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((dict(self.headers), json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        with cls.lab.fleet:
            server = http.server.ThreadingHTTPServer(("0.0.0.0", 8081), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.lab.later(server.server_close)
        cls.lab.later(server.shutdown)

    def sink(self):
        write(self.lab.dir, "pw", "s3cret\n")
        os.chmod(os.path.join(self.lab.dir, "pw"), 0o644)
        return {
            "name": "hook",
            "webhook": {
                "url": f"http://{SERVER}:8081/x",
                "proxy": f"http://{SERVER}:3128",
                "proxy_user": "reachd",
                "proxy_password_file": "pw",
            },
        }

    def test_goes_through_a_proxy_that_asks_who_is_there(self):
        self.begin(self.sink())
        self.lose()
        ((headers, told),) = self.requests
        self.assertIn("Via", headers)
        self.assertNotIn("Proxy-Authorization", headers)
        self.assertEqual(told["kind"], "regression")
        write(self.lab.dir, "pw", "wrong\n")
        self.lab.firewall()
        done = self.lab.scan("--notify", "--notify-for", "5s")
        self.assertIn("the server answers 407", done.err)
        self.assertNotIn("wrong", done.err)
        write(self.lab.dir, "pw", "s3cret\n")
        self.lab.scan("--notify")
        self.assertEqual([told["kind"] for _, told in self.requests], ["regression", "recovery"])
