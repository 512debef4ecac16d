# SPDX-License-Identifier: Apache-2.0
"""A vantage, a router with a firewall, and a fleet of a million addresses.

    vantage 10.1.0.2 -- 10.1.0.1 router 10.2.0.1 -- 10.2.0.2 fleet 10.64.0.0/12
            fd01::2     fd01::1         fd02::1     fd02::2        fd64::/32

The fleet is one namespace that answers for every address of its ranges (AnyIP), with
the kernel's own TCP. tests/lab/run starts the tests inside namespaces of their own.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import tempfile
import time
import unittest

import netns
import peers

HERE = os.path.dirname(os.path.abspath(__file__))

if os.environ.get("REACHD_LAB") != "inside":
    raise unittest.SkipTest("lab tests run by tests/lab/run, in namespaces of their own")

REACHD = os.environ["REACHD"]

ROUTER_V4, ROUTER_V6 = "10.1.0.1", "fd01::1"
VANTAGE_V4, VANTAGE_V6 = "10.1.0.2", "fd01::2"

# The program needs no privilege, so it gets none: no capability, and none to be won.
UNPRIVILEGED = (
    "setpriv",
    "--pdeathsig=KILL",
    "--bounding-set=-all",
    "--inh-caps=-all",
    "--ambient-caps=-all",
    "--no-new-privs",
    "--",
)

# Answers that arrive fast, silence that is noticed fast, and no walks, which take
# seconds (test_trace_scans.py has them).
QUICK = {
    "timeout": "500ms",
    "attempts": 2,
    "rate": "50000/s",
    "confirm": 1,
    "trace": False,
}


def raise_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Outcome:
    """What one run of reachd said."""

    def __init__(self, arguments, status, out, err, elapsed):
        self.arguments, self.status = arguments, status
        self.out, self.err, self.elapsed = out, err, elapsed

    @property
    def events(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def of_type(self, kind):
        return [event for event in self.events if event["type"] == kind]

    @property
    def results(self):
        return self.of_type("result")

    @property
    def changes(self):
        return self.of_type("change")

    @property
    def incidents(self):
        return self.of_type("incident")

    @property
    def summary(self):
        (summary,) = self.of_type("summary")
        return summary

    def result(self, host, check=None):
        found = [
            r
            for r in self.results
            if r["host"] == host and check in (None, r["check"])
        ]
        if len(found) != 1:
            raise AssertionError(f"{len(found)} results of {host} {check} in\n{self}")
        return found[0]

    def states(self):
        return {(r["host"], r["check"]): r["state"] for r in self.results}

    def __str__(self):
        return (
            f"reachd {' '.join(self.arguments)}: exit {self.status} "
            f"after {self.elapsed:.1f} s\n{self.out[-6000:]}{self.err[-3000:]}"
        )


class Lab:
    def __init__(self):
        raise_descriptors()
        self.dir = tempfile.mkdtemp(prefix="reachd-lab-")
        self.vantage = netns.Namespace("vantage")
        self.router = netns.Namespace("router")
        self.fleet = netns.Namespace("fleet")
        self.listeners = peers.Listeners(self.fleet)
        self._closers = []
        try:
            self._wire()
            self._route()
            self._tune()
        except BaseException:
            self.close()
            raise

    def _wire(self):
        netns.link(self.vantage, "up0", self.router, "left0")
        netns.link(self.router, "right0", self.fleet, "net0")
        self.vantage.ip(
            f"addr add {VANTAGE_V4}/24 dev up0",
            f"addr add {VANTAGE_V6}/64 dev up0 nodad",
        )
        self.router.ip(
            f"addr add {ROUTER_V4}/24 dev left0",
            f"addr add {ROUTER_V6}/64 dev left0 nodad",
            "addr add 10.2.0.1/24 dev right0",
            "addr add fd02::1/64 dev right0 nodad",
        )
        self.fleet.ip(
            "addr add 10.2.0.2/24 dev net0", "addr add fd02::2/64 dev net0 nodad"
        )

    def _route(self):
        self.uplink()
        for ns in (self.router, self.fleet):
            ns.sysctl("net.ipv4.ip_forward", 1)
            ns.sysctl("net.ipv6.conf.all.forwarding", 1)
        self.router.ip(
            "route add 10.64.0.0/12 via 10.2.0.2", "route add fd64::/32 via fd02::2"
        )
        self.fleet.ip(
            "route add local 10.64.0.0/12 dev lo",
            "route add local fd64::/32 dev lo",
            "route add default via 10.2.0.1",
            "route add default via fd02::1",
        )

    def uplink(self):
        """The vantage's own way out (also to mend it after a test took it down)."""
        self.vantage.ip(
            f"route replace default via {ROUTER_V4}",
            f"route replace default via {ROUTER_V6}",
        )

    def _tune(self):
        for ns in (self.router, self.fleet):
            ns.sysctl("net.ipv4.icmp_ratelimit", 0)
            ns.sysctl("net.ipv4.icmp_ratemask", 0)
            ns.sysctl("net.ipv6.icmp.ratelimit", 0)
            ns.sysctl("net.ipv4.icmp_msgs_per_sec", 10000000, optional=True)
            ns.sysctl("net.ipv4.icmp_msgs_burst", 10000000, optional=True)
        self.fleet.sysctl("net.core.somaxconn", 65535)
        self.fleet.sysctl("net.ipv4.tcp_max_syn_backlog", 65535, optional=True)

    def close(self):
        for closer in reversed(self._closers):
            closer()
        self.listeners.close()
        for ns in (self.fleet, self.router, self.vantage):
            ns.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def later(self, closer):
        """Calls closer() when the lab closes, last one first."""
        self._closers.append(closer)

    # ---- the firewall ----------------------------------------------------------

    def firewall(self, *rules, more=""):
        """Replaces what the router forbids; `more` is sets, maps and chains."""
        body = "\n".join(rules)
        self.router.nft(
            "table inet lab {}\ndelete table inet lab\n"
            f"table inet lab {{\n{more}\nchain forward {{\n"
            "type filter hook forward priority 0; policy accept;\n"
            f"{body}\n}}\n}}\n"
        )

    # ---- reachd ----------------------------------------------------------------

    def config(self, hosts, rules, groups=None, name="reachd.yaml", **sections):
        """Writes a configuration and returns its path.

        hosts: name to an address, a list of addresses, or None (a name to resolve).
        groups: name to host names; by default all are in `fleet`.
        JSON is YAML as well, so nothing here needs a YAML writer.
        """
        where = {}
        for host, address in hosts.items():
            if address is None:
                where[host] = None
            elif isinstance(address, str):
                where[host] = {"ansible_host": address}
            else:
                where[host] = {"reachd_addresses": address}
        groups = groups or {"fleet": list(hosts)}
        children = {
            group: {"hosts": {host: where[host] for host in members}}
            for group, members in groups.items()
        }
        document = {"vantage": "lab", "store": "reachd.db"}
        document.update(sections)
        document["probe"] = {**QUICK, **sections.get("probe", {})}
        document["inventory"] = {"all": {"children": children}}
        document["rules"] = rules
        path = os.path.join(self.dir, name)
        with open(path, "w") as file:
            json.dump(document, file, indent=1)
        return path

    def command(self, arguments, limits=()):
        return [*UNPRIVILEGED, "prlimit", *limits, "--", REACHD, *arguments]

    def reachd(self, *arguments, limits=(), seconds=120, fmt="jsonl"):
        """Runs it in the vantage's namespace until it ends."""
        if fmt:
            arguments = (*arguments, "--format", fmt)
        started = time.monotonic()
        with self.vantage:
            done = subprocess.run(
                self.command(arguments, limits),
                cwd=self.dir,
                env=environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=seconds,
            )
        elapsed = time.monotonic() - started
        outcome = Outcome(arguments, done.returncode, done.stdout, done.stderr, elapsed)
        if done.returncode < 0 or complaint(done.stderr):
            raise AssertionError(f"the program broke\n{outcome}")
        return outcome

    def scan(self, *arguments, **options):
        return self.reachd("scan", "-c", "reachd.yaml", *arguments, **options)

    def start(self, *arguments, stderr=subprocess.DEVNULL, **options):
        """Starts it and returns the process, for tests that kill it."""
        with self.vantage:
            return subprocess.Popen(
                self.command(arguments),
                cwd=self.dir,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                **options,
            )


def environment():
    """Little of ours: what the sanitizers were told, and a plain terminal."""
    keep = {k: v for k, v in os.environ.items() if re.fullmatch(r"[A-Z]+SAN_OPTIONS", k)}
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **keep}


def complaint(err):
    """True when a sanitizer or an assertion spoke."""
    return re.search(r"Sanitizer|runtime error:|Assertion .* failed", err)


class LabTest(unittest.TestCase):
    """One lab for all tests of a class; `prepare` fills it."""

    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.prepare()

    @classmethod
    def prepare(cls):
        pass

    def forget(self):
        """A store with no past."""
        for suffix in ("", "-wal", "-shm"):
            try:
                os.unlink(os.path.join(self.lab.dir, "reachd.db" + suffix))
            except FileNotFoundError:
                pass

    def assert_result(self, result, state, reason, phase="connect"):
        seen = (result["state"], result["reason"], result["phase"])
        self.assertEqual(seen, (state, reason, phase), json.dumps(result))

    def assert_icmp(self, result, kind, code, sender):
        icmp = result["evidence"]["icmp"]
        seen = (icmp["type"], icmp["code"], icmp["sender"])
        self.assertEqual(seen, (kind, code, sender), json.dumps(result))

    def assert_never_wrong(self, outcome, truth):
        """Every flow is as it truly is, or says that it could not be measured."""
        for result in outcome.results:
            if result["state"] in ("error", "unresolved"):
                self.assertEqual(result["verdict"], "inconclusive", json.dumps(result))
                self.assertEqual(result["path"], "unknown", json.dumps(result))
                continue
            key = (result["host"], result["check"])
            self.assertEqual(result["state"], truth[key], json.dumps(result))
