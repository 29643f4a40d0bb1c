#!/usr/bin/env python3
"""Kills `vams migrate run|reverse|repair` of this build at every fault point and at random moments, makes
every point fail, fills the disk, and starts two at once.  After each:

  - what did not finish ends in another exit code than 0 and without a word of success;
  - the stack serves the old data or the new, whole;
  - the same command brings it to its end, `vams migrate verify` proves it, and `vams migrate reverse`
    gives back every record as it was.

Usage: migrate_crash.py --vams BINARY --full-disk LIBRARY --source FOLDER [--fixtures FOLDER] [--seed N]

The fault points are read from the sources, so a new one is visited without a change here, and one that no
scenario reaches is a failure.  Exit status: 0 all passed, 1 some failed, 77 no fixtures to migrate.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from items_crash import Failure, SKIPPED, Suite, check, fault_points, run, succeed

# Visits of a point at which to stop: the first, and two later ones drawn from these.
LATER = (2, 3, 4, 6, 9, 14, 25)
CHUNK = ("--chunk-rows", "5")
RANDOM_KILLS = 12
DISK_BUDGETS = (0, 40_000, 150_000, 400_000, 700_000, 1_000_000, 1_500_000)
SUCCESS = ("migrated stack", "took back stack", "repaired stack", "already", "is proved")
# Behind these the new generation serves already.
BEHIND_SWITCH = {"migrate.published", "migrate.reported", "lifecycle.publish.before_switch"}


class Migrations:
    """Stacks at 2.3 and 2.4 to start from, and what they hold."""

    def __init__(self, suite, fixtures):
        self.suite = suite
        self.vams = suite.options.vams
        self.homes, self.contents_before = {}, {}
        for version, seed in (("2.3", "2.4"), ("2.4", "2.5")):
            home = suite.folder / f"home-{version}"
            sets = [fixtures / "dynamodb" / f"v{version}", fixtures / "dynamodb" / "seed" / f"v{seed}"]
            if not all(s.is_dir() for s in sets):
                raise SystemExit(f"there are no fixtures {sets}; name their folder with --fixtures")
            succeed([self.vams, "import", "--home", home, "--stack", "crash", "--data-version", version]
                    + [a for s in sets for a in ("--from", s)])
            self.homes[version] = home
            self.contents_before[version] = self.contents(home)

    def command(self, home, operation="run", *more):
        arguments = ("--ambiguous", "quarantine") if operation == "run" else ()
        return [self.vams, "migrate", operation, "--home", home, "--stack", "crash", *CHUNK, *arguments, *more]

    def contents(self, home):
        with tempfile.TemporaryDirectory(dir=self.suite.folder) as folder:
            target = pathlib.Path(folder) / "export"
            succeed([self.vams, "export", "--home", home, "--stack", "crash", "--format", "lines", "--to", target])
            return {p.name: p.read_bytes() for p in target.iterdir() if p.suffix == ".json" and p.stat().st_size}

    def version(self, home):
        return json.loads(succeed([self.vams, "stack", "show", "--home", home, "--stack", "crash", "--json"]).out)[
            "dataVersion"]

    def expect_no_success(self, ran):
        check(ran.code != 0, f"ended with 0: {ran.out}")
        said = [word for word in SUCCESS if word in ran.out or word in ran.err]
        check(not said, f"ended with {ran.code} and said {said}: {ran.out} {ran.err}")

    def expect_same(self, home, contents, what):
        found = self.contents(home)
        different = sorted(k for k in found.keys() | contents.keys() if found.get(k) != contents.get(k))
        check(not different, f"{what}: tables differ: {different}")

    def finish(self, home, version):
        """The same command again, the proof, and the way back."""
        succeed(self.command(home))
        check(self.version(home) == "2.5", f"finished at {self.version(home)}")
        again = succeed(self.command(home))
        check("nothing was changed" in again.out, f"a third run said: {again.out}")
        succeed([self.vams, "migrate", "verify", "--home", home, "--stack", "crash"])
        succeed(self.command(home, "reverse"))
        self.expect_same(home, self.contents_before[version], "gone back")
        leftovers = [p for p in home.rglob("*") if p.name.startswith(("stage-", "scratch", ".new", ".dry"))]
        check(not leftovers, f"left behind: {leftovers}")

    def copy(self, version, folder):
        home = folder / "home"
        shutil.copytree(self.homes[version], home, symlinks=True)
        return home

    def stopped_at(self, version, point, visit, action):
        def scenario(folder):
            home = self.copy(version, folder)
            ran = run(self.command(home), {"VAMS_FAULT": f"{point}:{visit}={action}"})
            if not self.suite.expect_stop(ran, point, action):
                return  # the point has fewer visits
            self.expect_no_success(ran)
            served = self.version(home)
            check(served == version or point in BEHIND_SWITCH, f"stopped at {point}, but serves {served}")
            if served == version:
                self.expect_same(home, self.contents_before[version], "while it is interrupted")
            self.finish(home, version)

        return f"VAMS_FAULT={point}:{visit}={action} vams migrate run (from {version})", scenario

    def going_back_stopped_at(self, point, action):
        def scenario(folder):
            home = self.copy("2.4", folder)
            succeed(self.command(home))
            ran = run(self.command(home, "reverse"), {"VAMS_FAULT": f"{point}={action}"})
            if not self.suite.expect_stop(ran, point, action):
                return
            self.expect_no_success(ran)
            succeed(self.command(home, "reverse"))
            self.expect_same(home, self.contents_before["2.4"], "gone back")

        return f"VAMS_FAULT={point}={action} vams migrate reverse", scenario

    def killed_at_random(self, number, rng):
        delay = rng.uniform(0.05, 2.5)

        def scenario(folder):
            home = self.copy("2.3", folder)
            for _ in range(2):
                process = subprocess.Popen([str(p) for p in self.command(home)], stdin=subprocess.DEVNULL,
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                time.sleep(delay)
                process.send_signal(signal.SIGKILL)
                out, _ = process.communicate(timeout=60)
                if process.returncode == 0:
                    break
                if any(word in out.decode() for word in SUCCESS):
                    check(self.version(home) == "2.5", f"was killed, serves the old data and said: {out.decode()}")
            self.finish(home, "2.3")

        return f"vams migrate run, killed twice after {delay:.2f} s (number {number})", scenario

    def interrupted_politely(self):
        def scenario(folder):
            home = self.copy("2.3", folder)
            process = subprocess.Popen([str(p) for p in self.command(home)], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            deadline = time.monotonic() + 60
            while process.poll() is None and not any((home / "stacks/crash/migrations").glob("*/journal.jsonl")):
                check(time.monotonic() < deadline, "no migration was begun")
                time.sleep(0.02)
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
            check(process.returncode in (0, 5), f"Ctrl-C ended with {process.returncode}: {err.decode()}")
            if process.returncode == 5:
                check("run the same command again" in err.decode(), f"does not say how to go on: {err.decode()}")
            self.finish(home, "2.3")

        return "vams migrate run, SIGINT", scenario

    def full_disk(self, budget):
        def scenario(folder):
            home = self.copy("2.4", folder)
            asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
            ran = run(self.command(home), {"LD_PRELOAD": self.suite.options.full_disk, "ASAN_OPTIONS": asan,
                                           "FULL_DISK_PATH": str(folder), "FULL_DISK_BYTES": str(budget)})
            if ran.code == 0:
                return  # it was enough
            self.expect_no_success(ran)
            check("disk is full" in ran.err or "No space left" in ran.err, f"does not say that it is full: {ran.err}")
            self.expect_same(home, self.contents_before["2.4"], "with a full disk")
            self.finish(home, "2.4")

        return f"FULL_DISK_BYTES={budget} vams migrate run", scenario

    def two_at_once(self):
        def scenario(folder):
            home = self.copy("2.4", folder)
            running = [subprocess.Popen([str(p) for p in self.command(home)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
            ended = [(p.communicate(timeout=100), p.returncode) for p in running]
            codes = sorted(code for _, code in ended)
            check(codes in ([0, 4], [0, 0]), f"ended with {codes}")
            for (_, err), code in ended:
                if code == 4:
                    check(b"is in use by" in err and b"since" in err, f"does not say who: {err.decode()}")
            check(self.version(home) == "2.5", "none has finished")

        return "two vams migrate run at once", scenario

    def read_only(self):
        def scenario(folder):
            home = self.copy("2.4", folder)
            stack = home / "stacks" / "crash"
            # The lock file is there already; nothing else can be made.
            os.chmod(stack, 0o555)
            ran = run(["setpriv", "--reuid=65534", "--clear-groups", *map(str, self.command(home))])
            os.chmod(stack, 0o755)
            self.expect_no_success(ran)
            check(ran.code in (1, 2, 4, 5), f"ended with {ran.code}: {ran.err}")
            self.finish(home, "2.4")

        return "vams migrate run without permission", scenario


def main():
    parser = argparse.ArgumentParser(description="Crash tests of migrations.")
    for name in ("--vams", "--full-disk", "--source"):
        parser.add_argument(name, required=True)
    parser.add_argument("--fixtures")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    options = parser.parse_args()
    fixtures = options.fixtures or os.environ.get("VAMS_FIXTURES")
    fixtures = pathlib.Path(fixtures or pathlib.Path(options.source).resolve().parents[1] / "shared/fixtures")
    if not fixtures.is_dir():
        print(f"there are no fixtures in {fixtures}; set VAMS_FIXTURES to their folder")
        return SKIPPED
    print(f"seed {options.seed}")
    rng = random.Random(options.seed)
    points = [p for p in fault_points(options.source)
              if p.startswith(("migrate.", "lifecycle.publish."))
              and not p.startswith(("migrate.remote.", "migrate.index."))]  # on servers: tests/servers kills those
    with tempfile.TemporaryDirectory(prefix="vams-crash-") as folder:
        os.chmod(folder, 0o755)
        suite = Suite(options, pathlib.Path(folder))
        try:
            migrations = Migrations(suite, fixtures)
            for action in ("kill", "error"):
                suite.group(f"{action} at the first visit of every point, 2.4 to 2.5",
                            [migrations.stopped_at("2.4", p, 1, action) for p in points])
                suite.group(f"{action} at a later visit of every point, 2.3 to 2.5",
                            [migrations.stopped_at("2.3", p, rng.choice(LATER), action) for p in points])
            suite.group("kill at every point of the way back",
                        [migrations.going_back_stopped_at(p, "kill") for p in points])
            suite.group("kills at random moments",
                        [migrations.killed_at_random(i, rng) for i in range(RANDOM_KILLS)])
            suite.group("a full disk", [migrations.full_disk(b) for b in DISK_BUDGETS])
            suite.group("other hands", [migrations.two_at_once(), migrations.interrupted_politely(),
                                        migrations.read_only()])
            missed = [p for p in points if suite.visited[p] == 0]
            suite.group("every fault point was visited",
                        [("points", lambda _: check(not missed, f"never reached: {missed}"))])
        except Failure as failure:
            suite.failed += 1
            print(f"cannot go on: {failure}")
        print(f"{suite.passed} passed, {suite.failed} failed")
        return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
