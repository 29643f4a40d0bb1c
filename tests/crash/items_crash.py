#!/usr/bin/env python3
"""Kills programs of this build at every fault point and at random moments, fills their disk and takes
away their permissions, and checks what is left, each time:

  items    the SQLite item store, by way of crash_child: an acknowledged commit is never lost, every commit
           is whole or absent, a bulk load goes on where it was
  imports  `vams import`: there is no stack, or the whole one; a merge leaves the old generation alone

Usage: items_crash.py --part items|imports --child CRASH_CHILD --full-disk LIBRARY --vams BINARY
                      --source FOLDER [--fixtures FOLDER] [--seed N]

The fault points are read from the sources, so a new one is visited without a change here, and one that no
scenario reaches is a failure.  Prints a line for each group of scenarios and, for each failure, how to
repeat it.  Exit status: 0 all passed, 1 some failed, 77 no fixtures to import.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# Visits of a point at which to stop; the last ones are there to see a run that completes.
VISITS = (1, 2, 3, 5, 11, 24, 60, 150)
# The stored tables of an import are few, and a run of the binary is slower than one of the child.
IMPORT_VISITS = (1, 2, 7, 23)
THREADS, COMMITS = 3, 12
ROWS, CHECKPOINT_EVERY = 3000, 270
RANDOM_KILLS, RANDOM_COMMITS = 15, 400
# The small ones end while the store is being made, at its file, its log and the log's index in turn.
DISK_BUDGETS = (0, 4_096, 8_192, 12_288, 20_480, 40_960, 65_536, 90_112, 135_168, 200_000, 600_000, 1_500_000)
BULK_BUDGETS = (120_000, 300_000, 700_000, 1_500_000)
REPORTED = 3  # crash_child: the store returned an error
SKIPPED = 77
LIMIT = 120  # seconds for one program


class Failure(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


@dataclasses.dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def killed(self):
        return self.code == -signal.SIGKILL


def run(command, variables=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("VAMS_FAULT", "VAMS_HOME", "FULL_DISK"))}
    environment.update(variables or {})
    done = subprocess.run([str(part) for part in command], env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=LIMIT)
    ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
    check("Sanitizer" not in ran.err and "runtime error:" not in ran.err,
          f"a sanitizer's report from {shlex.join(map(str, command))}:\n{ran.err}")
    return ran


def succeed(command, variables=None):
    ran = run(command, variables)
    check(ran.code == 0, f"{shlex.join(map(str, command))} ended with {ran.code}: {ran.err or ran.out}")
    return ran


class Suite:
    """Runs groups of scenarios, several scenarios at a time, each in a folder of its own."""

    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.passed = self.failed = 0
        self.visited = collections.Counter()  # fault points that stopped a program

    def group(self, name, scenarios):
        start = time.monotonic()
        failures = []
        with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
            running = [(label, pool.submit(self.one, function)) for label, function in scenarios]
            for label, future in running:
                if (error := future.result()) is not None:
                    failures.append((label, error))
        self.passed += len(running) - len(failures)
        self.failed += len(failures)
        state = f"{len(failures)} of {len(running)} FAILED" if failures else f"{len(running)} ok"
        print(f"{name}: {state} ({time.monotonic() - start:.1f} s)", flush=True)
        for label, error in failures:
            print(f"  {label}: {error}", flush=True)

    def one(self, function):
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        folder.chmod(0o755)
        try:
            function(folder)
            return None
        except (Failure, subprocess.TimeoutExpired, json.JSONDecodeError) as error:
            return error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def expect_stop(self, ran, point, action):
        """Whether the program was stopped by the point, and in the manner asked for."""
        if ran.code == 0:
            return False
        if action == "kill":
            check(ran.killed, f"ended with {ran.code} instead of being killed: {ran.err}")
        else:
            check(ran.code > 0 and f"fault injected at {point}" in ran.err,
                  f"ended with {ran.code} without reporting the error: {ran.err}")
        self.visited[point] += 1
        return True


# ---- The item store --------------------------------------------------------------------------------


def acknowledged(text):
    """The highest commit acknowledged, by thread."""
    highest = collections.Counter()
    for line in text.splitlines():
        thread, number = line.split()
        check(int(number) == highest[thread] + 1 or highest[thread] == 0, f"acknowledged out of order: {line}")
        highest[thread] = int(number)
    return highest


class ItemScenarios:
    def __init__(self, suite):
        self.suite = suite
        self.child = suite.options.child

    def verify(self, db):
        ran = run([self.child, "verify", db])
        check(ran.code == 0, f"verify ended with {ran.code}: {ran.out}{ran.err}")
        found = json.loads(ran.out)
        # Only a store that was never completely made may refuse to be read.
        check("readOnly" not in found or found["changes"] == 0,
              f"the store cannot be opened for reading: {found.get('readOnly')}")
        return found

    def verify_commits(self, db, acked):
        """What was acknowledged is there, and at most the one commit under way beyond it."""
        found = self.verify(db)
        for thread in range(THREADS + 2):
            there = found["threads"].get(str(thread), 0)
            promised = acked[str(thread)]
            check(promised <= there <= promised + 1,
                  f"thread {thread}: {promised} commits acknowledged, {there} in the store")
        check(found["changes"] == 3 * sum(found["threads"].values()), f"changes do not match the commits: {found}")
        return found

    def complete_commits(self, db, count, threads):
        succeed([self.child, "commit", db, count, threads])
        found = self.verify(db)
        wanted = {str(thread): count for thread in range(threads)}
        check(found["threads"] == wanted, f"after going on: {found}")

    def commit_fault(self, point, visit, action):
        def scenario(folder):
            db = folder / "items.db"
            command = [self.child, "commit", db, COMMITS, THREADS]
            ran = run(command, {"VAMS_FAULT": f"{point}:{visit}={action}"})
            self.suite.expect_stop(ran, point, action)
            self.verify_commits(db, acknowledged(ran.out))
            self.complete_commits(db, COMMITS, THREADS)

        return f"VAMS_FAULT={point}:{visit}={action} crash_child commit DB {COMMITS} {THREADS}", scenario

    def bulk_command(self, db, order):
        return [self.child, "bulk", db, ROWS, CHECKPOINT_EVERY, *order]

    def complete_bulk(self, db, order):
        ran = succeed(self.bulk_command(db, order))
        check(ran.out == f"done {ROWS}\n", f"the load says {ran.out!r}, expected {ROWS} rows")
        self.verify_whole_bulk(db)

    def verify_whole_bulk(self, db):
        found = self.verify(db)
        wanted = {"rows": ROWS, "loading": False, "changes": ROWS}
        check(found["bulk"] == wanted, f"after the load: {found['bulk']}, expected {wanted}")
        left = list((db.parent / "items.db-bulk").glob("*/*"))
        check(not left, f"sorted runs are left: {left}")

    def verify_unfinished_bulk(self, db):
        bulk = self.verify(db).get("bulk")
        check(bulk is None or bulk["rows"] == bulk["changes"] <= ROWS, f"rows and changes differ: {bulk}")
        return bulk

    def bulk_fault(self, point, visit, action, order):
        def scenario(folder):
            db = folder / "items.db"
            ran = run(self.bulk_command(db, order), {"VAMS_FAULT": f"{point}:{visit}={action}"})
            if not self.suite.expect_stop(ran, point, action):
                self.verify_whole_bulk(db)
                return
            bulk = self.verify_unfinished_bulk(db)
            check(bulk is None or bulk["loading"], f"stopped before its end, but not unfinished: {bulk}")
            self.complete_bulk(db, order)

        return f"VAMS_FAULT={point}:{visit}={action} crash_child bulk DB {ROWS} {CHECKPOINT_EVERY} {' '.join(order)}", scenario

    def bulk_chain(self, points, order):
        """One load that is killed again and again, at every point in turn, until it is done."""

        def scenario(folder):
            db = folder / "items.db"
            kills = 0
            for attempt in range(60):
                # A later visit each time around, or a slice's end would never be passed.  The merge's end
                # comes once a run; it stops that one, until the others are not reached any more.
                point = points[attempt % len(points)]
                visit = 1 if point == "items.bulk.merged" else 2 + attempt // len(points)
                ran = run(self.bulk_command(db, order), {"VAMS_FAULT": f"{point}:{visit}=kill"})
                if not self.suite.expect_stop(ran, point, "kill"):
                    break
                kills += 1
                self.verify_unfinished_bulk(db)
            else:
                raise Failure(f"not done after {kills} kills")
            check(kills >= 2, f"only {kills} kills")
            check(ran.out == f"done {ROWS}\n", f"the load says {ran.out!r} after {kills} kills")
            self.verify_whole_bulk(db)

        return f"bulk {' '.join(order)} killed again and again", scenario

    def random_kills(self, seed):
        chance = random.Random(seed)

        def scenario(folder):
            threads, database, kills, acked = 4, 0, 0, collections.Counter()
            while kills < RANDOM_KILLS:
                db = folder / f"{database}.db"
                lines, delay = self.kill_after(db, threads, chance.randrange(0, 120), chance.uniform(0, 0.004))
                before, acked = acked, acked | acknowledged(lines)
                found = self.verify_commits(db, acked)
                for thread, there in found["threads"].items():
                    acked[thread] = there
                if all(acked[str(thread)] == RANDOM_COMMITS for thread in range(threads)):
                    check(acked != before, "the program did nothing")
                    database, acked = database + 1, collections.Counter()
                kills += 1
            self.complete_commits(db, RANDOM_COMMITS, threads)

        return f"SIGKILL at random, --seed {seed}", scenario

    def kill_after(self, db, threads, lines, delay):
        """Starts commits and kills them a moment after so many acknowledgements."""
        process = subprocess.Popen([self.child, "commit", db, str(RANDOM_COMMITS), str(threads)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        read = [process.stdout.readline() for _ in range(lines)]
        time.sleep(delay)
        process.kill()
        read.append(process.stdout.read())
        process.stdout.close()
        check(process.wait(LIMIT) in (0, -signal.SIGKILL), f"ended with {process.returncode}")
        return b"".join(read).decode(), delay

    def on_full_disk(self, folder, budget):
        asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
        return {"LD_PRELOAD": self.suite.options.full_disk, "FULL_DISK_PATH": str(folder),
                "FULL_DISK_BYTES": str(budget), "ASAN_OPTIONS": asan}

    @staticmethod
    def expect_disk_full(ran):
        check(ran.code == REPORTED, f"ended with {ran.code}: {ran.err}")
        message = ran.err.partition("\n")[0]
        check("disk is full" in message or "No space left" in message, f"does not say that the disk is full: {ran.err}")
        check("free some space" in message, f"does not say what to do: {ran.err}")

    def full_disk_commit(self, budget):
        def scenario(folder):
            db = folder / "items.db"
            ran = run([self.child, "commit", db, 150, THREADS], self.on_full_disk(folder, budget))
            self.expect_disk_full(ran)
            self.verify_commits(db, acknowledged(ran.out))
            self.complete_commits(db, 150, THREADS)

        return f"FULL_DISK_BYTES={budget} crash_child commit DB 150 {THREADS}", scenario

    def full_disk_bulk(self, budget, order):
        def scenario(folder):
            db = folder / "items.db"
            ran = run(self.bulk_command(db, order), self.on_full_disk(folder, budget))
            self.expect_disk_full(ran)
            self.verify_unfinished_bulk(db)
            self.complete_bulk(db, order)

        return f"FULL_DISK_BYTES={budget} crash_child bulk DB {ROWS} {CHECKPOINT_EVERY} {' '.join(order)}", scenario

    def read_only_folder(self, existing):
        def scenario(folder):
            db = folder / "items.db"
            if existing:
                succeed([self.child, "commit", db, 5, THREADS])
            # Root may write anywhere, so the child becomes somebody else.
            who = ["--as-nobody"] if os.geteuid() == 0 else []
            folder.chmod(0o555)
            try:
                ran = run([self.child, *who, "commit", db, 10, THREADS])
            finally:
                folder.chmod(0o755)
            check(ran.code == REPORTED, f"ended with {ran.code}: {ran.err}")
            check("denied: cannot" in ran.err and "Permission denied" in ran.err and "accessible" in ran.err,
                  f"does not say that a permission is missing and what to do: {ran.err}")
            check(ran.out == "", "commits were acknowledged")
            check(existing or not any(folder.iterdir()), "files were made")
            if existing:
                found = self.verify(db)
                check(found["threads"] == {str(t): 5 for t in range(THREADS)}, f"afterwards: {found}")

        return "a folder that cannot be written, " + ("with a store" if existing else "empty"), scenario


def test_items(suite, points):
    scenarios = ItemScenarios(suite)
    commit = [p for p in points if p.startswith("items.commit.")]
    bulk = [p for p in points if p.startswith("items.bulk.")]
    # Every point has to have its scenarios; there is no run of commits that visits another one.
    rest = [p for p in points if p.startswith("items.") and p not in commit + bulk]
    suite.group("every fault point has a scenario", [("points", lambda _: check(not rest, f"no scenario visits {rest}"))])
    # In the order of a load: runs, slices of the merge, its end.
    late = ["items.bulk.slice", "items.bulk.merged"]
    chain = [p for p in bulk if p not in late] * 3 + late[:1] * 2 + late[1:]
    for action in ("kill", "error"):
        suite.group(f"commits, {action} at every point",
                    [scenarios.commit_fault(p, n, action) for p in commit for n in VISITS])
        suite.group(f"bulk loads, {action} at every point",
                    [scenarios.bulk_fault(p, n, action, order)
                     for p in bulk for n in VISITS[:6] for order in ([], ["sorted"])])
    suite.group("bulk loads, killed until done",
                [scenarios.bulk_chain(chain, []), scenarios.bulk_chain(["items.bulk.slice"], ["sorted"])])
    print(f"seed of the random kills: {suite.options.seed}", flush=True)
    suite.group(f"{RANDOM_KILLS} kills at random moments", [scenarios.random_kills(suite.options.seed)])
    suite.group("full disk, commits", [scenarios.full_disk_commit(b) for b in DISK_BUDGETS])
    suite.group("full disk, bulk loads",
                [scenarios.full_disk_bulk(b, order) for b in BULK_BUDGETS for order in ([], ["sorted"])])
    suite.group("read-only folder", [scenarios.read_only_folder(False), scenarios.read_only_folder(True)])
    missed = [p for p in commit + bulk if suite.visited[p] == 0]
    suite.group("every fault point was visited", [("points", lambda _: check(not missed, f"never reached: {missed}"))])


# ---- Imports ---------------------------------------------------------------------------------------


class ImportScenarios:
    def __init__(self, suite, fixtures):
        self.suite = suite
        self.vams = suite.options.vams
        self.old, self.new = fixtures / "dynamodb" / "v2.1", fixtures / "dynamodb" / "v2.2"
        for folder in (self.old, self.new):
            if not folder.is_dir():
                raise SystemExit(f"there is no fixture {folder}; name their folder with --fixtures")
        # What clean runs give: a stack from one data set, and the same with itself merged in.
        self.home = suite.folder / "home"
        self.import_(self.home)
        self.stack = self.contents(self.home, suite.folder)
        check(self.stack, "a clean import gave no rows")
        merged = suite.folder / "merged"
        shutil.copytree(self.home, merged, symlinks=True)
        self.add_row(merged, suite.folder)
        succeed(self.merge_command(merged, suite.folder))
        self.merged = self.contents(merged, suite.folder)
        check(self.merged != self.stack, "the merge changed nothing, so it would prove nothing")

    def add_row(self, home, folder):
        """A data set of one tag that the stack does not have."""
        extra = folder / "extra"
        extra.mkdir(exist_ok=True)
        row = {"tagName": {"S": "crash-test"}, "description": {"S": "of a merge"}, "tagTypeName": {"S": "use"}}
        (extra / "TagStorageTable.json").write_text(json.dumps({"Items": [row], "Count": 1, "ScannedCount": 1}))

    def import_command(self, home):
        return [self.vams, "import", "--home", home, "--stack", "crash", "--from", self.new]

    def merge_command(self, home, folder):
        return [self.vams, "import", "--home", home, "--stack", "crash", "--merge", "--from", folder / "extra"]

    def import_(self, home):
        succeed(self.import_command(home))

    def contents(self, home, folder):
        """A digest of each table's rows, as an export writes them."""
        target = pathlib.Path(tempfile.mkdtemp(dir=folder)) / "export"
        succeed([self.vams, "export", "--home", home, "--stack", "crash", "--format", "lines", "--to", target])
        digests = {}
        for path in sorted(p for p in target.rglob("*") if p.is_file() and not p.name.startswith("_")):
            digests[str(path.relative_to(target))] = hashlib.sha256(path.read_bytes()).hexdigest()
        shutil.rmtree(target)
        return digests

    def stacks(self, home):
        return json.loads(succeed([self.vams, "stack", "list", "--home", home, "--json"]).out)["stacks"]

    @staticmethod
    def leftovers(home):
        return [p for p in home.rglob("*") if p.name.startswith((".new", ".current", ".spool"))]

    def expect_whole(self, home, folder, contents, what):
        found = self.contents(home, folder)
        different = sorted(k for k in found.keys() | contents.keys() if found.get(k) != contents.get(k))
        check(not different, f"{what}: tables differ: {different}")

    def into_new_stack(self, point, visit, action):
        def scenario(folder):
            home = folder / "home"
            ran = run(self.import_command(home), {"VAMS_FAULT": f"{point}:{visit}={action}"})
            stopped = self.suite.expect_stop(ran, point, action)
            there = self.stacks(home)
            check(not stopped or not there, f"stopped before it was published, but listed: {there}")
            if action == "error":
                check(not self.leftovers(home), f"a failed import left {self.leftovers(home)}")
            again = run(self.import_command(home))
            if there:
                check(again.code == 4 and "has rows already" in again.err, f"again gave {again.code}: {again.err}")
            else:
                check(again.code == 0, f"again gave {again.code}: {again.err}")
            check([s["generation"] for s in self.stacks(home)] == [1], f"listed: {self.stacks(home)}")
            check(not self.leftovers(home), f"left behind: {self.leftovers(home)}")
            self.expect_whole(home, folder, self.stack, "after importing again")

        return f"VAMS_FAULT={point}:{visit}={action} vams import --stack crash --from {self.new}", scenario

    def into_old_stack(self, point, visit, action):
        def scenario(folder):
            home = folder / "home"
            shutil.copytree(self.home, home, symlinks=True)
            self.add_row(home, folder)
            command = self.merge_command(home, folder)
            ran = run(command, {"VAMS_FAULT": f"{point}:{visit}={action}"})
            stopped = self.suite.expect_stop(ran, point, action)
            generations = [s["generation"] for s in self.stacks(home)]
            if stopped:
                check(generations == [1], f"stopped before it was published, but current is {generations}")
                self.expect_whole(home, folder, self.stack, "the old generation")
            if action == "error":
                check(not self.leftovers(home), f"a failed import left {self.leftovers(home)}")
            succeed(command)
            current = [s["generation"] for s in self.stacks(home)]
            check(len(current) == 1 and current[0] > generations[0], f"after importing again current is {current}")
            check(not self.leftovers(home), f"left behind: {self.leftovers(home)}")
            self.expect_whole(home, folder, self.merged, "after importing again")

        return f"VAMS_FAULT={point}:{visit}={action} vams import --stack crash --merge --from EXTRA", scenario


def test_imports(suite, points):
    fixtures = suite.options.fixtures or os.environ.get("VAMS_FIXTURES")
    fixtures = pathlib.Path(fixtures or pathlib.Path(suite.options.source).resolve().parents[1] / "shared/fixtures")
    if not fixtures.is_dir():
        print(f"skipped: there are no fixtures in {fixtures}; name their folder with VAMS_FIXTURES")
        sys.exit(SKIPPED)
    scenarios = ImportScenarios(suite, fixtures)
    # Sorted runs go to disk only where a table is larger than the memory for sorting: no fixture's is.
    # Clones and removals of stacks are killed in tests/cli/stacks.cli.
    points = [p for p in points if p.startswith(("lifecycle.", "items.bulk.")) and p != "items.bulk.run_written"
              and not p.startswith(("lifecycle.clone.", "lifecycle.destroy."))]
    switch = [p for p in points if p == "lifecycle.publish.before_switch"]
    once = [p for p in points if p.startswith("lifecycle.publish.")]

    def cases(all_points, action, make):
        visits = IMPORT_VISITS if action == "kill" else IMPORT_VISITS[:2]
        return [make(p, n, action) for p in all_points for n in (visits[:1] if p in once else visits)]

    for action in ("kill", "error"):
        suite.group(f"imports into a new stack, {action} at every point",
                    cases([p for p in points if p not in switch], action, scenarios.into_new_stack))
        suite.group(f"imports into a stack, {action} at every point", cases(points, action, scenarios.into_old_stack))
    missed = [p for p in points if suite.visited[p] == 0]
    suite.group("every fault point was visited", [("points", lambda _: check(not missed, f"never reached: {missed}"))])


def fault_points(source):
    found = set()
    for path in pathlib.Path(source).rglob("*.cc"):
        found.update(re.findall(r'VAMS_POINT\("([^"]+)"\)', path.read_text()))
    return sorted(found)


def main():
    parser = argparse.ArgumentParser(description="Crash tests of the item store and of imports.")
    parser.add_argument("--part", choices=("items", "imports"), required=True)
    for name in ("--child", "--full-disk", "--vams", "--source"):
        parser.add_argument(name, required=True)
    parser.add_argument("--fixtures")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vams-crash-") as folder:
        os.chmod(folder, 0o755)  # the user nobody passes through it
        suite = Suite(options, pathlib.Path(folder))
        points = fault_points(options.source)
        try:
            check(points, f"there is no fault point in {options.source}")
            (test_items if options.part == "items" else test_imports)(suite, points)
        except Failure as failure:
            suite.failed += 1
            print(f"cannot go on: {failure}")
        print(f"{suite.passed} passed, {suite.failed} failed")
        return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
