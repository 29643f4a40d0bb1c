#!/usr/bin/env python3
"""Kills `vams backup create|restore|prune`, restores of one database included, of this build at every fault point and at random moments, makes every point
fail, fills the disk, takes permissions away, and backs up a stack that is served and written to.  After each:

  - what did not finish ends in another exit code than 0 and without a word of success;
  - every backup that is listed is whole, and restores as it was;
  - the stack that was restored into serves its old generation or the new one;
  - the same command brings it to its end.

Usage: backup_crash.py --vams BINARY --full-disk LIBRARY --source FOLDER --servers FOLDER_OF_served.py [--seed N]

The fault points are read from the sources, so a new one is visited without a change here, and one that no scenario
reaches is a failure.  Exit status: 0 all passed, 1 some failed.
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
import threading
import time

from assets_crash import DATABASE, PASSWORD, Bench, load_served
from items_crash import Failure, Suite, check, fault_points, run, succeed

LATER = (2, 3, 5, 9, 17)
RANDOM_KILLS = 8
DISK_BUDGETS = (0, 20_000, 200_000, 400_000, 700_000)
SUCCESS = ("verified:", "restored stack", "made stack", "are free")
OBJECTS = 40


class Backups:
    """A stack with two backups and changes since, to start every scenario from."""

    def __init__(self, suite, rng):
        self.suite, self.vams, self.rng = suite, suite.options.vams, rng
        self.home = suite.folder / "home"
        self.change(self.home, 1)
        succeed(self.command(self.home, "create"))
        self.change(self.home, 2)
        succeed(self.command(self.home, "create"))
        self.change(self.home, 3)
        self.now = self.contents(self.home)
        self.prunable = self.make_prunable()

    def make_prunable(self):
        """Three backups, a pack that nobody needs, and one of which the last backup needs little: what a backup of
        more has left that was killed at its end."""
        home = self.copy(pathlib.Path(tempfile.mkdtemp(dir=self.suite.folder)))

        def kill_one_of_more(number):
            kept = home.with_name("kept")
            shutil.copytree(home / "stacks", kept, symlinks=True)
            self.change(home, number, 20)
            ran = run(self.command(home, "create"), {"VAMS_FAULT": "backup.before_manifest=kill"})
            check(ran.killed, f"ended with {ran.code} instead of being killed")
            shutil.rmtree(home / "stacks")
            kept.rename(home / "stacks")

        kill_one_of_more(4)
        succeed(self.command(home, "create"))
        kill_one_of_more(5)
        return home

    def change(self, home, number, scale=1):
        """Rows by the objects that come: each import makes records and contents."""
        with tempfile.TemporaryDirectory(dir=self.suite.folder) as folder:
            source = pathlib.Path(folder) / "files"
            source.mkdir()
            for i in range(OBJECTS):
                (source / f"{number}-{i}.bin").write_bytes(self.rng.randbytes(2_000 + i))
            (source / f"{number}-large.bin").write_bytes(self.rng.randbytes(150_000 * scale))
            stack = home / "stacks" / "crash"
            if not stack.is_dir():
                succeed([self.vams, "stack", "create", "crash", "--home", home])
            succeed([self.vams, "import", "--home", home, "--stack", "crash", "--objects", f"files={source}", "--yes"])

    def command(self, home, operation, *more):
        return [self.vams, "backup", operation, "--home", home, "--stack", "crash", *more]

    def contents(self, home, stack="crash"):
        """Every row, system tables included, by a listing of the records."""
        with tempfile.TemporaryDirectory(dir=self.suite.folder) as folder:
            target = pathlib.Path(folder) / "export"
            objects = pathlib.Path(folder) / "objects"
            succeed([self.vams, "export", "--home", home, "--stack", stack, "--format", "lines", "--to", target,
                     "--objects", objects])
            return {str(p.relative_to(folder)): p.read_bytes() for p in pathlib.Path(folder).rglob("*")
                    if p.is_file() and not p.name.startswith("_")}

    def copy(self, folder, operation="create"):
        home = folder / "home"
        shutil.copytree(self.prunable if operation == "prune" else self.home, home, symlinks=True)
        return home

    def listed(self, home):
        return [b["id"] for b in json.loads(succeed(self.command(home, "list", "--json")).out)["backups"]]

    def expect_whole(self, home):
        succeed(self.command(home, "verify", "--read-data"))
        listed = self.listed(home)
        check(listed, "no backup is left")
        succeed(self.command(home, "verify", self.rng.choice(listed), "--restore"))

    def expect_no_success(self, ran):
        said = [word for word in SUCCESS if word in ran.out]
        check(ran.code != 0 and not said, f"ended with {ran.code} and said {said}: {ran.out}")

    def expect_same(self, home, contents, what, stack="crash"):
        found = self.contents(home, stack)
        different = sorted(k for k in found.keys() | contents.keys() if found.get(k) != contents.get(k))
        check(not different, f"{what}: they differ: {different[:5]}")

    def arguments(self, operation):
        return {"create": (), "restore": ("latest", "--yes"), "prune": ("--keep-last", "1")}[operation]

    def finish(self, home, operation):
        succeed(self.command(home, operation, *self.arguments(operation)))
        self.expect_whole(home)
        succeed(self.command(home, "create"))
        succeed(self.command(home, "prune", "--keep-last", "1"))
        check(len(self.listed(home)) == 1, f"more than one is left: {self.listed(home)}")
        self.expect_whole(home)
        left = [p for p in home.rglob("*") if p.name.startswith((".backup.", ".verify", ".new")) or
                (p.parent.name == "incoming" and "backups" in p.parts)]
        check(not left, f"left behind: {left}")

    def after_stop(self, home, operation):
        self.expect_whole(home)
        if operation != "restore":
            self.expect_same(home, self.now, "the stack")
        self.finish(home, operation)

    def stopped_at(self, operation, point, visit, action):
        def scenario(folder):
            home = self.copy(folder, operation)
            ran = run(self.command(home, operation, *self.arguments(operation)),
                      {"VAMS_FAULT": f"{point}:{visit}={action}"})
            if not self.suite.expect_stop(ran, point, action):
                return  # the point has fewer visits
            self.expect_no_success(ran)
            self.after_stop(home, operation)

        return f"VAMS_FAULT={point}:{visit}={action} vams backup {operation}", scenario

    def killed_at_random(self, operation, number):
        delay = self.rng.uniform(0.01, 0.6)

        def scenario(folder):
            home = self.copy(folder, operation)
            process = subprocess.Popen([str(p) for p in self.command(home, operation, *self.arguments(operation))],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
            self.after_stop(home, operation)

        return f"vams backup {operation}, killed after {delay:.2f} s (number {number})", scenario

    def full_disk(self, operation, budget):
        def scenario(folder):
            home = self.copy(folder)
            more = ("--to", "other") if operation == "restore" else ()
            asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
            ran = run(self.command(home, operation, *self.arguments(operation), *more),
                      {"LD_PRELOAD": self.suite.options.full_disk, "ASAN_OPTIONS": asan,
                       "FULL_DISK_PATH": str(folder), "FULL_DISK_BYTES": str(budget)})
            if ran.code == 0:
                return  # it was enough
            self.expect_no_success(ran)
            check("disk is full" in ran.err or "No space left" in ran.err, f"does not say that it is full: {ran.err}")
            if operation == "create":
                self.after_stop(home, operation)
            else:
                check(not (home / "stacks" / "other").exists(), "there is half a stack")
                self.expect_whole(home)
                succeed(self.command(home, "restore", "latest", *more))
                succeed([self.vams, "objects", "check", "--home", home, "--stack", "other", "--read-data"])

        return f"FULL_DISK_BYTES={budget} vams backup {operation}", scenario

    def no_permission(self):
        def scenario(folder):
            home = self.copy(folder)
            before = self.listed(home)
            nobody = ["setpriv", "--reuid=65534", "--clear-groups"]
            ran = run([*nobody, *map(str, self.command(home, "create"))])
            self.expect_no_success(ran)
            check("make it accessible" in ran.err, f"does not say why: {ran.err}")
            check(self.listed(home) == before, "there is another backup")

        return "vams backup create without permission", scenario


class Parts(Backups):
    """A stack with two databases, a backup, and changes to both since: one of them is restored."""

    ROWS = 1_200  # more than one commit

    def __init__(self, suite, rng):  # pylint: disable=super-init-not-called
        self.suite, self.vams, self.rng = suite, suite.options.vams, rng
        self.home = suite.folder / "parts"
        self.put("before", range(self.ROWS))
        succeed(self.command(self.home, "create"))
        self.put("after", range(self.ROWS // 2, self.ROWS + 100))
        self.now = self.contents(self.home)
        done = self.copy(pathlib.Path(tempfile.mkdtemp(dir=suite.folder)))
        succeed(self.command(done, "restore", *self.arguments("restore")))
        self.restored = self.contents(done)
        self.expect_restored()

    def put(self, word, numbers):
        with tempfile.TemporaryDirectory(dir=self.suite.folder) as folder:
            rows = {"DatabaseStorageTable": [{"databaseId": d} for d in ("yard", "mill")],
                    "AssetStorageTable": [{"databaseId": d, "assetId": f"{d}-{i}", "assetName": word}
                                          for d in ("yard", "mill") for i in numbers]}
            for table, items in rows.items():
                lines = (json.dumps({"Item": {k: {"S": v} for k, v in item.items()}}) for item in items)
                (pathlib.Path(folder) / f"{table}.json").write_text("\n".join(lines))
            succeed([self.vams, "import", "--home", self.home, "--stack", "crash", "--from", folder, "--data-version", "2.5",
                     *(("--merge",) if self.home.exists() else ())])

    def arguments(self, operation):
        return ("latest", "--database", "yard", "--replace") if operation == "restore" else super().arguments(operation)

    def expect_restored(self):
        assets = self.restored["export/AssetStorageTable.json"].decode().splitlines()
        for database, word, count in (("yard", "before", self.ROWS), ("mill", "after", self.ROWS // 2 + 100)):
            found = sum(f'"{database}"' in line and f'"{word}"' in line for line in assets)
            check(found == count, f"{found} assets of {database} are as {word}, and not {count}")

    def after_stop(self, home, operation):
        if operation == "restore":
            found = self.contents(home)
            check(found in (self.now, self.restored), "the stack is neither as it was nor as it becomes")
            succeed(self.command(home, "restore", *self.arguments("restore")))
            self.expect_same(home, self.restored, "the stack")
        self.expect_whole(home)
        left = [p for p in (home / "stacks").rglob("*") if p.name.startswith((".restore", ".new"))]
        check(not left, f"left behind: {left}")


def write_for_a_while(bench, stop, failures):
    number = 0
    try:
        while not stop.is_set():
            number += 1
            bench.call("PUT", f"/database/{DATABASE}/metadata",
                       {"metadata": [{"metadataKey": f"key {i}", "metadataValue": str(number)} for i in range(20)],
                        "updateType": "update"})
            bench.asset_with_files()
    except Exception as error:  # pylint: disable=broad-except
        failures.append(error)


def served_and_scheduled(options, seed):
    """Backups of a stack that is served and written to: by the command, and by its own schedule."""
    served = load_served(pathlib.Path(options.servers))

    def scenario(_):
        with served.Stack(options.vams, config={"backup": {"schedule": "6h", "keep": 2}}, password=PASSWORD) as stack:
            stack.start()
            bench = Bench(served, stack, seed)
            bench.login()
            bucket = bench.call("GET", "/buckets")["Items"][0]["bucketId"]
            bench.call("POST", "/database", {"databaseId": DATABASE, "description": "backups", "defaultBucketId": bucket})
            stop, failures = threading.Event(), []
            writer = threading.Thread(target=write_for_a_while, args=(bench, stop, failures))
            writer.start()
            deadline = time.monotonic() + 120
            while not list((stack.home / "backups").glob("prod/backups/*.backup")):
                check(time.monotonic() < deadline, "the schedule made no backup")
                time.sleep(0.05)
            made = 0
            while made < 4:
                try:
                    stack.run("backup", "create", "--stack", "prod")
                    made += 1
                except AssertionError as error:
                    check("in use by" in str(error) or "being made" in str(error), str(error))
                    time.sleep(0.1)
            stop.set()
            writer.join()
            check(not failures, f"a request failed: {failures}")
            stack.run("backup", "verify", "--read-data")
            for backup in json.loads(stack.run("backup", "list", "--json"))["backups"]:
                stack.run("backup", "verify", backup["id"], "--restore")
            refused = stack.run("backup", "restore", "latest", "--yes", status=4)
            check("vams serve" in refused or "vams up" in refused, f"does not say who serves it: {refused}")
            stack.run("backup", "restore", "latest", "--to", "other")
            stack.run("objects", "check", "--stack", "other", "--read-data")
            check(stack.stop() == 0, "the server did not stop")

    return "a served stack", scenario


def main():
    parser = argparse.ArgumentParser(description="Crash tests of backups.")
    for name in ("--vams", "--full-disk", "--source", "--servers"):
        parser.add_argument(name, required=True)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    rng = random.Random(options.seed)
    points = [p for p in fault_points(options.source) if p.startswith("backup.")]
    publish = ["lifecycle.publish.before_rename", "lifecycle.publish.before_switch"]
    of = {"create": [p for p in points if not p.startswith(("backup.prune.", "backup.part.", "backup.restored",
                                                            "backup.before_publish"))],
          "restore": [p for p in points if p.startswith(("backup.restored", "backup.before_publish"))] + publish,
          "prune": [p for p in points if p.startswith(("backup.prune.", "backup.chunk", "backup.before_pack"))]}
    with tempfile.TemporaryDirectory(prefix="vams-crash-") as folder:
        os.chmod(folder, 0o755)
        suite = Suite(options, pathlib.Path(folder))
        try:
            check(points, f"there is no fault point in {options.source}")
            backups = Backups(suite, rng)
            for operation, there in of.items():
                suite.group(f"kill and error at every point of {operation}",
                            [backups.stopped_at(operation, p, 1, a) for p in there for a in ("kill", "error")])
                suite.group(f"kill at a later visit of every point of {operation}",
                            [backups.stopped_at(operation, p, rng.choice(LATER), "kill") for p in there])
                suite.group(f"kills at random moments of {operation}",
                            [backups.killed_at_random(operation, i) for i in range(RANDOM_KILLS)])
            parts, part_points = Parts(suite, rng), [p for p in points if p.startswith("backup.part.")] + publish
            suite.group("kill and error at every point of the restore of a database",
                        [parts.stopped_at("restore", p, 1, a) for p in part_points for a in ("kill", "error")])
            suite.group("kill at a later visit of every point of the restore of a database",
                        [parts.stopped_at("restore", p, rng.choice(LATER), "kill") for p in part_points])
            for operation in ("create", "restore"):
                suite.group(f"a full disk at {operation}",
                            [backups.full_disk(operation, b) for b in DISK_BUDGETS])
            suite.group("permissions", [backups.no_permission()])
            suite.group("served", [served_and_scheduled(options, options.seed)])
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
