# SPDX-License-Identifier: Apache-2.0
"""Did reachd find exactly what the administrator broke? judge.py BEFORE AFTER DIFF, each
a file of reachd's JSON lines. Exit status 0 when it did; else says what differs."""

import json
import sys

SERVERS = ("par-ls-01.corp.example", "par-ls-02.corp.example")

# What the administrator's two rules do, and nothing else.
EXPECTED = {
    (server, check): kind
    for server in SERVERS
    for check, kind in (
        ("rpc/licensing", "regression"),
        ("sweep/49152-51199", "regression"),
        ("rdp", "exposure"),
    )
}
FLOWS = 40 + 2 * 5


def read(path, kind):
    with open(path) as file:
        return [e for e in map(json.loads, file) if e["type"] == kind]


def complaints(before, after, diff):
    (summary,) = read(before, "summary")
    if (summary["flows"], summary["pass"]) != (FLOWS, FLOWS):
        yield f"the first scan should pass with {FLOWS} flows: {summary}"
    seen = {(c["host"], c["check"]): c["kind"] for c in read(diff, "change")}
    for flow in sorted(EXPECTED.keys() | seen.keys()):
        if EXPECTED.get(flow) != seen.get(flow):
            yield f"{' '.join(flow)}: {seen.get(flow)}, expected {EXPECTED.get(flow)}"
    for change in read(diff, "change"):
        if change["check"] == "rpc/licensing":
            stage = (change["to"], change["reason"])
            if stage != ("filtered", "endpoint-filtered"):
                yield f"licensing should be blocked behind the mapper: {change}"
    (summary,) = read(after, "summary")
    if (summary["fail"], summary["pass"]) != (len(EXPECTED), FLOWS - len(EXPECTED)):
        yield f"the second scan should fail in {len(EXPECTED)} flows: {summary}"
    folded = sum(i["changes"] for i in read(diff, "incident"))
    incidents = len(read(diff, "incident"))
    if folded != len(EXPECTED) or incidents != 2:
        yield f"{incidents} incidents hold {folded} changes: two rules changed, each is one"


def main():
    found = list(complaints(*sys.argv[1:4]))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
