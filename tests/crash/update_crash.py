#!/usr/bin/env python3
"""Kills `vams update`, `vams rehearse` and `vams prune` of this build at every named point and at random
moments, makes every point fail, fills the disk, and starts two at once.  After each:

  - what did not finish ends in another exit code than 0;
  - the stack serves the old data or the new, whole;
  - the next command finishes or undoes what was left, and says so; the update then comes to its end,
    `vams verify` finds nothing wrong, and no work is left lying about.

Updates that bring another configuration, alone and with the data, and rollbacks from them are killed as well: at
any moment there are old data with the old configuration, or new data with the new one.

Usage: update_crash.py --vams BINARY --full-disk LIBRARY --source FOLDER [--fixtures FOLDER] [--seed N]

The points are read from the sources: those of updates, operations and pruning, and of every step of an
operation its beginning and its end.  One that no scenario reaches is a failure.  Exit status: 0 all passed,
1 some failed, 77 no fixtures.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from items_crash import Failure, SKIPPED, Suite, check, fault_points, run, succeed

RANDOM_KILLS = 8
DISK_BUDGETS = (0, 200_000, 600_000, 1_200_000, 2_000_000)
# Behind these the new generation may serve already.
SWITCHED = ("switch.done", "start", "verify-service", "commit", "update.switched", "update.committed",
            "operation.reported", "operation.ended", "lifecycle.publish.before_switch", "migrate.published",
            "migrate.reported", "roll-back", "update.rolling_back", "update.switched_back")
# Those of an update that goes back.
GOING_BACK = ("update.rolling_back", "update.switched_back", "operation.update.roll-back.begun",
              "operation.update.roll-back.done")
# Hooks and servers of others are met in tests/upgrade/lifecycle.py.
STEPS = ("preflight", "change set", "approval", "hold", "backup", "build", "verify data", "start",
         "verify service", "commit")
# Only with another configuration are these passed.
CONFIGURATION = "update.config."
NEW = {"app": {"webUi": {"optionalBannerHtmlMessage": "moved"}}, "backup": {"keep": 5}}
# In two halves, so that nothing marks their beginnings.
HALVES = ("build", "switch")


def step_points(kind, steps):
    points = []
    for step in steps:
        name = step.replace(" ", "-")
        if step not in HALVES:
            points.append(f"operation.{kind}.{name}.begun")
        points.append(f"operation.{kind}.{name}.done")
    return points


class Updates:
    def __init__(self, suite, fixtures):
        self.suite = suite
        self.vams = suite.options.vams
        self.home = suite.folder / "home"
        sets = [fixtures / "dynamodb" / "v2.4", fixtures / "dynamodb" / "seed" / "v2.5"]
        if not all(s.is_dir() for s in sets):
            raise SystemExit(f"there are no fixtures {sets}; name their folder with --fixtures")
        succeed([self.vams, "import", "--home", self.home, "--stack", "crash", "--data-version", "2.4"]
                + [a for s in sets for a in ("--from", s)])
        self.before = self.contents(self.home)

    def command(self, home, operation="update", *more):
        options = ("--ambiguous", "quarantine", "--yes") if operation in ("update", "rehearse") else ()
        return [self.vams, operation, "--home", home, "--stack", "crash", *options, *more]

    def contents(self, home):
        with tempfile.TemporaryDirectory(dir=self.suite.folder) as folder:
            target = pathlib.Path(folder) / "export"
            succeed([self.vams, "export", "--home", home, "--stack", "crash", "--format", "lines", "--to", target])
            return {p.name: p.read_bytes() for p in target.iterdir() if p.suffix == ".json" and p.stat().st_size}

    def show(self, home):
        return json.loads(succeed([self.vams, "stack", "show", "--home", home, "--stack", "crash", "--json"]).out)

    def copy(self, folder):
        home = folder / "home"
        shutil.copytree(self.home, home, symlinks=True)
        return home

    def expect_whole(self, home, may_be_new, what):
        version = self.show(home)["dataVersion"]
        check(version in (("2.4", "2.5") if may_be_new else ("2.4",)), f"{what}: serves {version}")
        if version == "2.4":
            found = self.contents(home)
            different = sorted(k for k in found.keys() | self.before.keys() if found.get(k) != self.before.get(k))
            check(not different, f"{what}: tables differ: {different}")

    def expect_kept(self, home):
        """The old version, with everything that was there; a server may have added its defaults since."""
        check(self.show(home)["dataVersion"] == "2.4", f"gone back: serves {self.show(home)['dataVersion']}")
        after = self.contents(home)
        for table, content in self.before.items():
            rows = set(after.get(table, b"").splitlines())
            missing = [row for row in content.splitlines() if row not in rows]
            check(not missing, f"gone back: {table} lacks {missing[:2]}")

    def finish(self, home):
        """The same command again, then everything is looked at."""
        ran = run(self.command(home))
        check(ran.code == 0, f"the next update ended with {ran.code}: {ran.out} {ran.err}")
        check(self.show(home)["dataVersion"] == "2.5", f"finished at {self.show(home)['dataVersion']}")
        again = succeed(self.command(home))
        check("nothing was changed" in again.out, f"a third run said: {again.out}")
        history = json.loads(succeed(self.command(home, "history", "--json")).out)
        left = [o["operation"] for o in history["operations"] if o["endedAt"] is None]
        check(not left, f"operations without an end: {left}")
        lines = [line.get("id") for line in history["history"] if line.get("id")]
        ended = [o["operation"] for o in history["operations"]]
        check(sorted(lines) == sorted(ended), f"history has {lines}, operations are {ended}")
        succeed(self.command(home, "verify"))
        leftovers = [p for p in home.rglob("*")
                     if p.name.startswith(("stage-", "scratch", ".new", ".dry", ".work", ".backup.", ".pruned"))]
        check(not leftovers, f"left behind: {leftovers}")

    def stopped_at(self, point, action, operation="update", variables=None):
        def scenario(folder):
            home = self.copy(folder)
            ran = run(self.command(home, operation), {"VAMS_FAULT": f"{point}={action}", **(variables or {})})
            if not self.suite.expect_stop(ran, point, action):
                return
            rolled_back = action == "error"
            if operation == "rehearse":
                self.expect_whole(home, False, "rehearsed")
            else:
                self.expect_whole(home, any(s in point for s in SWITCHED), "while it is stopped")
            if rolled_back and operation == "update" and ran.code in (1, 3, 4):
                self.expect_whole(home, point in ("operation.reported", "operation.ended"), f"ended with {ran.code}")
            self.finish(home)

        return f"VAMS_FAULT={point}={action} vams {operation}", scenario

    def going_back_stopped_at(self, point, action):
        """A hook behind the switch fails, and the way back is stopped."""
        def scenario(folder):
            home = self.copy(folder)
            config = home / "stacks" / "crash" / "config.json"
            hook = folder / "hook"
            hook.write_text("#!/bin/sh\nexit 1\n")
            hook.chmod(0o755)
            config.write_text(json.dumps({"hooks": {"postUpdate": [str(hook)]}}))
            ran = run(self.command(home), {"VAMS_FAULT": f"{point}={action}"})
            if not self.suite.expect_stop(ran, point, action):
                return
            config.unlink()
            # Another command takes it up as well.
            ran = run(self.command(home, "verify"))
            check("interrupted" in ran.out + ran.err or action == "error", f"does not say what was left: {ran.out}")
            self.expect_kept(home)
            self.finish(home)

        return f"VAMS_FAULT={point}={action} vams update, going back", scenario

    def prepare_configuration(self):
        """A stack of the newest data, for updates of the configuration alone."""
        self.newest = self.suite.folder / "newest"
        shutil.copytree(self.home, self.newest, symlinks=True)
        succeed(self.command(self.newest))
        self.new = self.suite.folder / "new.json"
        self.new.write_text(json.dumps(NEW))

    def state(self, home):
        """The generation that serves, and whether the new configuration does."""
        shown = json.loads(succeed([self.vams, "config", "show", "--home", home, "--stack", "crash"]).out)
        generation = self.show(home)["generation"]
        return generation, shown["app"]["webUi"]["optionalBannerHtmlMessage"] == "moved"

    def expect_pair(self, home, before, what):
        generation, moved = self.state(home)
        check(moved == (generation > before), f"{what}: generation {generation} with the "
                                              f"{'new' if moved else 'old'} configuration")

    def configuring_stopped_at(self, point, action, alone):
        def scenario(folder):
            home = folder / "home"
            shutil.copytree(self.newest if alone else self.home, home, symlinks=True)
            before = self.state(home)[0]
            command = self.command(home, "update", "--config", self.new)
            ran = run(command, {"VAMS_FAULT": f"{point}={action}"})
            if not self.suite.expect_stop(ran, point, action):
                return
            self.expect_pair(home, before, "while it is stopped")
            # Whichever command comes next finishes or undoes it.
            run(self.command(home, "verify"))
            self.expect_pair(home, before, "finished or undone")
            succeed(command)
            generation, moved = self.state(home)
            check(moved and generation > before, f"did not get there: generation {generation}, {moved}")
            check("nothing was changed" in succeed(command).out, "once more changes something")
            self.finish(home)
            check(self.state(home)[1], "an update of nothing takes the configuration away")

        what = "alone" if alone else "with the data"
        return f"VAMS_FAULT={point}={action} vams update --config NEW, {what}", scenario

    def returning_stopped_at(self, point):
        def scenario(folder):
            home = folder / "home"
            shutil.copytree(self.newest, home, symlinks=True)
            before = self.state(home)[0]
            succeed(self.command(home, "update", "--config", self.new))
            command = [self.vams, "rollback", "--home", home, "--stack", "crash"]
            ran = run(command, {"VAMS_FAULT": f"{point}=kill"})
            if not self.suite.expect_stop(ran, point, "kill"):
                return
            generation, moved = self.state(home)
            # With the writes of its service the old data have a generation of their own.
            check(moved == (generation == before + 1), f"generation {generation}, moved: {moved}")
            succeed(command)
            check(not self.state(home)[1], "the old configuration did not come back")
            self.finish(home)

        return f"VAMS_FAULT={point}=kill vams rollback from another configuration", scenario

    def killed_at_random(self, number, rng):
        delay = rng.uniform(0.1, 8)

        def scenario(folder):
            home = self.copy(folder)
            process = subprocess.Popen([str(p) for p in self.command(home)], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
            self.expect_whole(home, True, "killed")
            self.finish(home)

        return f"vams update, killed after {delay:.2f} s (number {number})", scenario

    def full_disk(self, budget):
        def scenario(folder):
            home = self.copy(folder)
            asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
            ran = run(self.command(home), {"LD_PRELOAD": self.suite.options.full_disk, "ASAN_OPTIONS": asan,
                                           "FULL_DISK_PATH": str(folder), "FULL_DISK_BYTES": str(budget)})
            if ran.code == 0:
                return  # it was enough
            check("disk is full" in ran.err or "No space left" in ran.err or "full" in ran.err,
                  f"does not say that it is full: {ran.err}")
            self.finish(home)

        return f"FULL_DISK_BYTES={budget} vams update", scenario

    def two_at_once(self):
        def scenario(folder):
            home = self.copy(folder)
            running = [subprocess.Popen([str(p) for p in self.command(home)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
            ended = [(p.communicate(timeout=110), p.returncode) for p in running]
            codes = sorted(code for _, code in ended)
            check(codes in ([0, 4], [0, 0]), f"ended with {codes}: {ended}")
            for (_, err), code in ended:
                if code == 4:
                    check(b"is being changed by" in err and b"since" in err, f"does not say who: {err.decode()}")
            self.finish(home)

        return "two vams update at once", scenario

    def pruning_stopped_at(self, point, action):
        def scenario(folder):
            home = self.copy(folder)
            succeed(self.command(home))
            options = ("--keep", "0", "--keep-days", "0")
            ran = run(self.command(home, "prune", *options), {"VAMS_FAULT": f"{point}={action}"})
            if not self.suite.expect_stop(ran, point, action):
                return
            check(self.show(home)["dataVersion"] == "2.5", "serves something else")
            succeed(self.command(home, "prune", *options))
            left = sorted(p.name for p in (home / "stacks" / "crash" / "generations").iterdir())
            check(left == ["0002"], f"generations are {left}")
            self.finish(home)

        return f"VAMS_FAULT={point}={action} vams prune", scenario


def main():
    parser = argparse.ArgumentParser(description="Crash tests of updates.")
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
    named = [p for p in fault_points(options.source) if re.match(r"(update|operation)\.", p)]
    forward = [p for p in named if p not in GOING_BACK and not p.startswith(CONFIGURATION)]
    forward += step_points("update", STEPS + ("switch",))
    of_configuration = [p for p in named if p.startswith(CONFIGURATION)]
    of_configuration += step_points("update", ("configuration",))
    around_switch = ["update.before_switch", "lifecycle.publish.before_rename", "lifecycle.publish.before_switch",
                     "update.switched", "update.committed"]
    with tempfile.TemporaryDirectory(prefix="vams-crash-") as folder:
        os.chmod(folder, 0o755)
        suite = Suite(options, pathlib.Path(folder))
        try:
            updates = Updates(suite, fixtures)
            for action in ("kill", "error"):
                suite.group(f"{action} at every point of an update",
                            [updates.stopped_at(p, action) for p in forward])
                suite.group(f"{action} at every point of the way back",
                            [updates.going_back_stopped_at(p, action) for p in GOING_BACK])
                suite.group(f"{action} while pruning",
                            [updates.pruning_stopped_at(p, action)
                             for p in ("prune.hidden", "operation.prune.remove.begun", "operation.prune.remove.done")])
            suite.group("kill where the new generation is published",
                        [updates.stopped_at(p, "kill") for p in
                         ("lifecycle.publish.before_rename", "lifecycle.publish.before_switch", "migrate.before_cut_over",
                          "migrate.published", "migrate.reported")])
            updates.prepare_configuration()
            for action in ("kill", "error"):
                suite.group(f"{action} at every point of another configuration",
                            [updates.configuring_stopped_at(p, action, True) for p in of_configuration]
                            + [updates.configuring_stopped_at(p, action, False) for p in of_configuration[:2]])
            suite.group("kill around the switch to another configuration",
                        [updates.configuring_stopped_at(p, "kill", True) for p in around_switch
                         + step_points("update", ("build", "verify data", "switch", "start"))]
                        + [updates.configuring_stopped_at(p, "kill", False) for p in around_switch])
            suite.group("kill on the way back from another configuration",
                        [updates.returning_stopped_at(p) for p in
                         ("rollback.before_switch", "lifecycle.publish.before_switch", "rollback.switched")])
            suite.group("kill while rehearsing",
                        [updates.stopped_at(p, "kill", "rehearse") for p in step_points("rehearse", (
                            "clone", "preflight", "build", "verify data", "verify service"))])
            suite.group("kills at random moments", [updates.killed_at_random(i, rng) for i in range(RANDOM_KILLS)])
            suite.group("a full disk", [updates.full_disk(b) for b in DISK_BUDGETS])
            suite.group("two operators", [updates.two_at_once()])
            missed = [p for p in named + forward + of_configuration if suite.visited[p] == 0]
            suite.group("every fault point was visited",
                        [("points", lambda _: check(not missed, f"never reached: {missed}"))])
        except Failure as failure:
            suite.failed += 1
            print(f"cannot go on: {failure}")
        print(f"{suite.passed} passed, {suite.failed} failed")
        return 1 if suite.failed else 0


if __name__ == "__main__":
    sys.exit(main())
