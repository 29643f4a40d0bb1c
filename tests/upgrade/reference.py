#!/usr/bin/env python3
"""Upstream's recorded migrations against `vams migrate run --dialect reference`, as a user types it: import
the set of a line with the seed of the next, migrate one step, export, compare every table.

Then, for the corrected dialect and for the reference, `vams migrate reverse` must give back what was imported,
and a set of 2.1 must come to 2.5 by one command and back.

Usage: reference.py --vams BINARY [--fixtures FOLDER]
Exit status: 0 as recorded, 1 not, 77 no fixtures.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
STEPS = (("2.1", "2.2"), ("2.2", "2.3"), ("2.3", "2.4"), ("2.4", "2.5"))
JSON_TEXT = ("criteriaAnd", "criteriaOr", "groupPermissions", "userPermissions", "fields")
TIME, UUID = "@MIGRATION_TIME@", "@UUID@"
TIME_FORM = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?$")
UUID_FORM = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


class Failure(Exception):
    pass


def rows(folder):
    """Rows by table; empty tables are left out."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        if not path.name.startswith("_"):
            lines = [json.loads(line)["Item"] for line in path.read_text().splitlines()]
            if lines:
                found[path.stem] = lines
    return found


def plain(row, table, volatile_times):
    """A row that can be compared: JSON texts parsed; with `volatile_times`, times and ids of the run hidden."""
    shown = {}
    for name, value in row.items():
        text = value.get("S")
        if name in JSON_TEXT and text is not None:
            shown[name] = json.loads(text)
        elif text in (TIME, UUID):
            shown[name] = text
        else:
            shown[name] = value
    return shown


def hidden(actual, expected):
    """`actual` with the placeholders of `expected` where it has a time or an id."""
    shown = dict(actual)
    for name, value in expected.items():
        text = actual.get(name, {}).get("S") if isinstance(actual.get(name), dict) else None
        if text is None:
            continue
        if value == TIME and TIME_FORM.match(text):
            shown[name] = TIME
        if value == UUID and UUID_FORM.match(text):
            shown[name] = UUID
    return shown


def compare(expected, actual, what):
    for table in sorted(expected.keys() | actual.keys()):
        want = [plain(r, table, True) for r in expected.get(table, [])]
        have = [plain(r, table, False) for r in actual.get(table, [])]
        for row in list(want):
            match = next((h for h in have if hidden(h, row) == row), None)
            if match is not None:
                have.remove(match)
                want.remove(row)
        if want or have:
            raise Failure(f"{what}: {table}: missing {json.dumps(want[:2])}, too much {json.dumps(have[:2])} "
                          f"({len(want)} and {len(have)})")


class Tool:
    def __init__(self, vams, folder):
        self.vams, self.folder = vams, folder

    def run(self, *arguments):
        done = subprocess.run([self.vams, *map(str, arguments), "--home", str(self.folder / "home"), "--stack", "yard"],
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=300)
        if done.returncode != 0:
            raise Failure(f"vams {' '.join(map(str, arguments))} ended with {done.returncode}: "
                          f"{done.stdout.decode()} {done.stderr.decode()}")
        return done.stdout.decode()

    def contents(self, name):
        self.run("export", "--format", "lines", "--to", self.folder / name)
        return rows(self.folder / name)


def step(vams, fixtures, version, following, dialect, target):
    with tempfile.TemporaryDirectory(prefix="vams-upgrade-") as folder:
        tool = Tool(vams, pathlib.Path(folder))
        sources = [fixtures / f"v{version}", fixtures / "seed" / f"v{following}"]
        tool.run("import", "--data-version", version, *(a for s in sources for a in ("--from", s)))
        imported = tool.contents("imported")
        options = ["--asset-bucket", "yard-assets-111122223333"] if version == "2.1" else []
        tool.run("migrate", "run", "--to", target, "--dialect", dialect, "--ambiguous", "quarantine", *options)
        if dialect == "reference" and target == following:
            expected = rows(fixtures / "expected" / f"v{version}_to_v{following}")
            compare(expected, tool.contents("migrated"), f"{version} to {following}, {dialect}")
        if "is proved" not in tool.run("migrate", "verify"):
            raise Failure("not proved")
        tool.run("migrate", "reverse")
        compare(imported, tool.contents("returned"), f"{target} back to {version}, {dialect}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    parser.add_argument("--fixtures")
    options = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parents[2]
    fixtures = pathlib.Path(options.fixtures or os.environ.get("VAMS_FIXTURES") or root.parent / "shared/fixtures")
    fixtures = fixtures / "dynamodb"
    if not fixtures.is_dir():
        print(f"there are no fixtures in {fixtures}; set VAMS_FIXTURES to their folder")
        return SKIPPED
    failed = 0
    runs = [(v, f, d, f) for v, f in STEPS for d in ("reference", "corrected")]
    runs += [("2.1", "2.2", d, "2.5") for d in ("reference", "corrected")]
    for version, following, dialect, target in runs:
        try:
            step(options.vams, fixtures, version, following, dialect, target)
            print(f"{version} to {target} {dialect}: as expected", flush=True)
        except Failure as failure:
            failed += 1
            print(f"{version} to {target} {dialect}: FAILED: {failure}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
