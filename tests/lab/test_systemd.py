# SPDX-License-Identifier: Apache-2.0
"""The units under a systemd of their own, installed and started as the README says."""

import hashlib
import hmac
import http.server
import json
import os
import re
import threading
import time
import unittest

import lab
import machine

BUILD = os.path.dirname(lab.REACHD)
README = os.path.join(os.path.dirname(os.path.dirname(lab.HERE)), "README.md")
OPEN, SILENT, HOOK = 7443, 7444, 8081
STORE = "/var/lib/reachd/reachd.db"
CONFIG = "/etc/reachd/reachd.yaml"
UNIT = "reachd.service"
# What a test can wait for.
SHORT = "[Service]\nRestartSec=200ms\n"

if machine.why_not(BUILD):
    raise unittest.SkipTest(machine.why_not(BUILD))


def readme(language):
    """The block of that language in the chapter about the service."""
    with open(README) as file:
        chapter = file.read().split("\n## Run it as a service\n")[1].split("\n## ")[0]
    return re.search(rf"^```{language}\n(.*?)^```", chapter, re.M | re.S)[1]


class ServiceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = machine.Machine(BUILD)
        cls.addClassCleanup(cls.machine.close)
        cls.machine.listeners.open(OPEN)

    def config(self, path=CONFIG, checks=(f"tcp/{OPEN}",), **sections):
        """That of the README, but for the windows, which may be shut just now."""
        text = re.sub(r"^ *windows:.*\n", "", readme("yaml"), flags=re.M)
        rules = [{"name": "all", "to": "fleet", "check": list(checks), "expect": "any"}]
        own = {"vantage": "here", "inventory": "hosts.yaml", "rules": rules, **sections}
        lines = (f"{key}: {json.dumps(value)}\n" for key, value in own.items())
        self.machine.write(path, text + "".join(lines))

    def hosts(self, path="/etc/reachd/hosts.yaml"):
        hosts = {"there": {"ansible_host": "127.0.0.1"}}
        self.machine.write(path, json.dumps({"fleet": {"hosts": hosts}}))

    def drop_in(self, text, unit=UNIT):
        self.machine.write(f"/etc/systemd/system/{unit}.d/lab.conf", text)
        self.machine.run("systemctl", "daemon-reload")

    def systemctl(self, *arguments, check=True):
        return self.machine.run("systemctl", *arguments, check=check)

    def shown(self, name, unit=UNIT):
        return self.systemctl("show", "-P", name, unit).stdout.strip()

    def start(self):
        self.systemctl("restart", UNIT)
        self.assertEqual(self.shown("ActiveState"), "active")

    def restarted(self, pid):
        """Waits for another process that said it is ready; its number."""
        return self.machine.until(
            lambda: self.shown("SubState") == "running"
            and self.shown("MainPID") not in (pid, "0")
            and self.shown("MainPID"),
            lambda: self.systemctl("status", UNIT, check=False).stdout,
        )

    def reachd(self, *arguments, status=0):
        done = self.machine.run("reachd", *arguments, check=False)
        self.assertEqual(done.returncode, status, f"{done}\n{self.machine.journal('-n', '40')}")
        return done.stdout

    def scan(self):
        """Has the daemon scan: the checks that it made."""
        self.reachd("scan", "--ask", "-c", CONFIG)
        return {event["check"] for event in self.status() if event["type"] == "result"}

    def status(self):
        text = self.reachd("status", "-c", CONFIG, "--format", "jsonl")
        return [json.loads(line) for line in text.splitlines()]

    def last_scan(self):
        (last,) = {event["scan"] for event in self.status() if event["type"] == "summary"}
        return last

    def said(self):
        """What the journal has of it."""
        text = self.machine.journal("-u", UNIT, "-o", "json")
        return [json.loads(line) for line in text.splitlines()]


class Confined(ServiceTest):
    """The test itself."""

    def test_nothing_of_this_machine_can_be_written_to(self):
        own = {"tmpfs", "proc", "devpts", "mqueue", "cgroup2"}
        for line in self.machine.run("cat", "/proc/self/mounts").stdout.splitlines():
            _, where, kind, options, *_ = line.split()
            if "ro" not in options.split(","):
                self.assertIn(kind, own, where)
        tries = "touch /usr/x; : >/proc/sys/kernel/core_uses_pid"
        done = self.machine.run("sh", "-c", tries, check=False)
        self.assertEqual(done.stderr.count("Read-only file system"), 2, done)


class Service(ServiceTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        test = cls()
        test.config("/root/reachd.yaml")
        test.hosts("/root/hosts.yaml")
        commands = readme("").replace("sudo ", "")
        lines = [line for line in commands.splitlines() if not line.endswith(" -f")]
        cls.machine.run("sh", "-ec", "\n".join(["cd /root", *lines]))
        cls.at_first = test.shown("ActiveState"), test.shown("SubState")
        test.drop_in(SHORT)

    def setUp(self):
        self.config()
        self.machine.ns.nft("flush ruleset")

    def test_it_starts_as_the_readme_says(self):
        self.assertEqual(self.at_first, ("active", "running"))
        self.assertEqual(self.systemctl("is-enabled", UNIT).stdout, "enabled\n")
        self.start()
        self.machine.until(
            lambda: re.fullmatch(
                r"scan \d+: 1 flow: 1 pass; next scan at .*Z", self.shown("StatusText")
            ),
            lambda: self.shown("StatusText"),
        )
        self.assertIn('"open"', self.reachd("status", "-c", CONFIG, "--format", "jsonl"))

    def test_its_user_owns_the_state_and_has_no_privilege(self):
        self.start()
        status = self.machine.run("cat", f"/proc/{self.shown('MainPID')}/status").stdout
        uid = re.search(r"^Uid:\t(\d+)", status, re.M)[1]
        self.assertGreaterEqual(int(uid), 61184, "a dynamic user")
        self.assertEqual(set(re.findall(r"^Cap\w+:\t(\w+)", status, re.M)), {"0" * 16})
        self.assertRegex(status, r"(?m)^NoNewPrivs:\t1$")
        self.assertRegex(status, r"(?m)^Seccomp:\t2$")
        # What root did with it stays the user's.
        self.scan()
        owners = self.machine.run("stat", "-Lc", "%u %a", STORE, f"{STORE}-socket")
        self.assertEqual(owners.stdout.splitlines(), [f"{uid} 600"] * 2)

    def test_a_reload_takes_a_good_file_and_refuses_a_bad_one(self):
        self.start()
        pid = self.shown("MainPID")
        self.config(checks=[f"tcp/{OPEN}", f"tcp/{SILENT}"])
        self.systemctl("reload", UNIT)
        self.assertEqual(self.scan(), {f"tcp/{OPEN}", f"tcp/{SILENT}"})
        self.config(checks=["tcp/99999"])
        self.assertNotEqual(self.systemctl("reload", UNIT, check=False).returncode, 0)
        self.assertEqual(self.shown("ActiveState"), "active")
        self.assertEqual(self.shown("MainPID"), pid)
        self.assertTrue([e for e in self.said() if "stays active" in e["MESSAGE"]])
        self.config(checks=[f"tcp/{OPEN}", f"tcp/{SILENT}"])
        self.assertEqual(self.scan(), {f"tcp/{OPEN}", f"tcp/{SILENT}"})

    def test_a_wrong_file_at_the_start_is_not_tried_for_ever(self):
        self.config(checks=["tcp/99999"])
        self.assertNotEqual(self.systemctl("restart", UNIT, check=False).returncode, 0)
        self.assertEqual(self.shown("ActiveState"), "failed")
        self.assertEqual(self.shown("ExecMainStatus"), "2")
        self.assertEqual(self.shown("NRestarts"), "0")

    def test_one_that_is_killed_is_started_again(self):
        self.start()
        pid = self.shown("MainPID")
        self.systemctl("kill", "-s", "KILL", UNIT)
        self.restarted(pid)
        self.reachd("store", "check", STORE)

    def test_one_that_lost_its_database_is_started_again(self):
        self.start()
        pid = self.shown("MainPID")
        self.machine.run("sh", "-c", f"rm {STORE}*")
        self.systemctl("kill", "-s", "USR1", UNIT)
        self.restarted(pid)
        self.reachd("store", "check", STORE)

    def test_one_that_hangs_is_started_again(self):
        self.drop_in(SHORT + "WatchdogSec=3s\n")
        self.addCleanup(self.drop_in, SHORT)
        self.start()
        pid = self.shown("MainPID")
        time.sleep(6)
        self.assertEqual(self.shown("MainPID"), pid, "it feeds the watchdog")
        self.systemctl("kill", "-s", "STOP", UNIT)
        self.restarted(pid)
        told = self.machine.journal("_PID=1", "--grep", "Watchdog timeout")
        self.assertIn(UNIT, told)
        self.reachd("store", "check", STORE)

    def test_a_stop_in_the_middle_of_a_scan(self):
        self.machine.ns.nft(
            "table inet t { chain in { type filter hook input priority 0;\n"
            f"tcp dport {SILENT} drop\n}}\n}}\n"
        )
        self.config(checks=[f"tcp/{SILENT}"], probe={"timeout": "60s"})
        self.start()
        self.machine.until(
            lambda: self.shown("StatusText") == "scanning 1 flow",
            lambda: self.shown("StatusText"),
        )
        begun = time.monotonic()
        self.systemctl("stop", UNIT)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(self.shown("ActiveState"), "inactive")
        self.assertEqual(self.shown("Result"), "success")
        self.assertEqual(self.shown("ExecMainStatus"), "0")

    def test_what_it_says_has_its_priority_in_the_journal(self):
        self.start()
        self.config(checks=["tcp/99999"])
        self.systemctl("reload", UNIT, check=False)
        pid = self.shown("MainPID")
        self.systemctl("stop", UNIT)
        said = [e for e in self.said() if e["_PID"] == pid]
        for entry in said:
            self.assertNotRegex(entry["MESSAGE"], r"^<\d>")
            self.assertEqual(entry["SYSLOG_IDENTIFIER"], "reachd")
        levels = {
            text: {e["PRIORITY"] for e in said if text in e["MESSAGE"]}
            for text in ("watching", "stopping", "stays active")
        }
        right = {"watching": {"5"}, "stopping": {"5"}, "stays active": {"3"}}
        self.assertEqual(levels, right)


class Credential(ServiceTest):
    """The secret of a webhook, as the unit's comment says."""

    KEY = "correct horse battery staple"

    def hook(self):
        taken = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.append((body, self.headers["X-Reachd-Signature"]))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        with self.machine.ns:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", HOOK), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return taken

    def test_it_reaches_the_sink(self):
        taken = self.hook()
        unit = self.machine.run("cat", f"/usr/local/lib/systemd/system/{UNIT}").stdout
        load = re.search(r"^#(LoadCredential=.*)$", unit, re.M)[1]
        secret = re.search(r"^# *secret_file: (.*)$", unit, re.M)[1]
        self.hosts()
        self.machine.write("/etc/reachd/webhook.key", self.KEY + "\n")
        self.machine.run("chmod", "600", "/etc/reachd/webhook.key")
        url = f"http://127.0.0.1:{HOOK}/"
        self.config(notify=[{"name": "hook", "webhook": {"url": url, "secret_file": secret}}])
        self.drop_in(f"[Service]\n{load}\n")
        self.start()
        self.scan()
        self.machine.ns.nft(
            "table inet t { chain in { type filter hook input priority 0;\n"
            f"tcp dport {OPEN} reject with tcp reset\n}}\n}}\n"
        )
        self.scan()
        self.machine.until(lambda: taken, lambda: self.machine.journal("-u", UNIT))
        body, signature = taken[0]
        right = hmac.new(self.KEY.encode(), body, hashlib.sha256).hexdigest()
        self.assertEqual(signature, f"sha256={right}")


class Timer(ServiceTest):
    UNIT = "reachd-scan.service"

    def test_it_takes_turns_with_the_daemon(self):
        self.hosts()
        self.config()
        self.start()
        self.scan()
        before = self.last_scan()
        # It starts at once, but for the delay.
        self.drop_in("[Timer]\nRandomizedDelaySec=0\n", "reachd-scan.timer")
        self.systemctl("disable", "--now", UNIT)
        self.systemctl("enable", "--now", "reachd-scan.timer")
        self.machine.until(
            lambda: self.shown("ExecMainExitTimestampMonotonic", self.UNIT) != "0"
            and self.shown("ActiveState", self.UNIT) == "inactive",
            lambda: self.systemctl("status", self.UNIT, check=False).stdout,
        )
        self.assertEqual(self.shown("Result", self.UNIT), "success")
        self.assertEqual(self.last_scan(), before + 1)
        self.assertNotEqual(self.shown("NextElapseUSecMonotonic", "reachd-scan.timer"), "infinity")
        self.systemctl("disable", "--now", "reachd-scan.timer")
        self.start()
        self.scan()
        self.assertGreater(self.last_scan(), before + 1)
