#!/usr/bin/env python3
"""Kills `vams reindex` at every fault point of building the index anew, and a server that builds it, at random
moments.  After each the stack is served again: searches find everything at once, with the old index or the new one;
the build goes on or is begun anew; and in the end the index shows what was written in between.

  reindex_crash.py --vams BINARY --servers FOLDER_OF_served.py --source FOLDER [--seed N] [--rounds N]

The fault points are read from the sources, so a new one is visited without a change here, and one that nothing
reaches is a failure.  Exit status: 0 all passed.  Prints how to repeat a failure.
"""

import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

from assets_crash import DATABASE, PASSWORD, Bench, load_served
from items_crash import fault_points

ASSETS, FILES = 12, 5
PATIENCE = 120
# Of the engine, on the way of a build.  Others are on the way of what follows the log.
ENGINE = ("search.segment_written", "search.merged", "search.finished", "search.before_swap", "search.after_swap")
CLEARING = "search.before_clear"


class Library(Bench):
    """The stack, and what searches have to find of it."""

    def __init__(self, served, stack, seed):
        super().__init__(served, stack, seed)
        self.expected, self.words = set(), {}
        self.written = 0

    def fill(self):
        bucket = self.call("GET", "/buckets")["Items"][0]["bucketId"]
        self.call("POST", "/database", {"databaseId": DATABASE, "description": "crash tests",
                                        "defaultBucketId": bucket})
        for _ in range(ASSETS):
            asset = self.new_asset()
            self.expected.add(f"{DATABASE}#{asset}")
        # One with files is enough: their documents are made alike.
        self.with_files = self.asset_with_files()
        self.expected |= {f"{DATABASE}#{self.with_files}"}
        self.expected |= {f"{DATABASE}#{self.with_files}#{path}" for path in self.files_of(self.with_files)}

    def search(self, **more):
        answer = self.call("POST", "/search", {"size": 2000, "aggregations": False, "includeArchived": True, **more})
        return {hit["_id"] for hit in answer["hits"]["hits"]}

    def write(self):
        """Gives an asset a description with a word of its own."""
        self.written += 1
        asset = f"asset-{self.random.randrange(ASSETS) + 1}"
        word = f"word{self.written:06}x"  # part of no other one
        self.call("PUT", self.path(asset), {"description": f"has {word}"})
        self.words[asset] = word

    def status(self):
        return self.call("GET", "/admin/search?catchUp=true")

    def settled(self):
        """The status once nothing is being built and everything is shown."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            status = self.status()
            if status["caughtUp"] and not status["reindex"]["running"]:
                return status
            time.sleep(0.1)
        raise AssertionError(f"the index was not settled after {PATIENCE} s: {status}")

    def check_whole(self, when):
        found = self.search()
        self.served.check(found == self.expected,
                          f"{when} searches miss {sorted(self.expected - found)[:5]} and find "
                          f"{sorted(found - self.expected)[:5]} that is not there")

    def check_words(self):
        for asset, word in self.words.items():
            found = self.search(query=word, entityTypes=["asset"])
            self.served.check(found == {f"{DATABASE}#{asset}"}, f"{word} of {asset} is found in {found}")

    def start(self):
        # A part that failed may have left it running.
        if self.stack.process is not None:
            self.stack.stop()
        self.stack.start()
        self.login()

    def check_served(self, may_lack=False):
        """Serves the stack as it was left, to the end of what it builds."""
        self.start()
        if not may_lack:
            self.check_whole("at once")
        self.write()
        status = self.settled()
        resumed = bool(status["reindex"].get("resumed"))
        self.served.check(status["reindex"]["phase"] in ("idle", "done"), f"the build ended as {status['reindex']}")
        self.served.check(not status["indexer"]["needsReindex"] and status["indexer"]["problem"] is None,
                          f"the index is not followed: {status['indexer']}")
        self.check_whole("in the end")
        self.check_words()
        self.stack.stop()
        return resumed

    def reindex(self, *arguments, fault=None):
        environment = dict(self.stack.environment, **({"VAMS_FAULT": fault} if fault else {}))
        done = subprocess.run([self.stack.vams, "reindex", "--json", *arguments], env=environment,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)
        self.served.check("Sanitizer" not in done.stderr and "runtime error:" not in done.stderr, done.stderr)
        return done

    def check_results(self, done):
        self.served.check(done.returncode == 0, f"the next run ended with {done.returncode}: {done.stderr}")
        results = json.loads(done.stdout)
        counts = sum(results[kind]["success_count"] for kind in ("assets", "files"))
        failed = sum(results[kind]["failed_count"] for kind in ("assets", "files"))
        self.served.check((counts, failed) == (len(self.expected), 0), f"the next run counts {results}")


def at_point(library, point, visit, action, clear):
    """Whether the point stopped the run, and whether the server went on with its build."""
    done = library.reindex(*(["--clear"] if clear else []), fault=f"{point}:{visit}={action}")
    check = library.served.check
    if done.returncode == 0:
        # An error behind the swap takes nothing back.
        check(action == "error" or visit > 1, f"{point} was not reached")
        stopped = action == "error" and "fault injected" in done.stderr
    else:
        expected = -signal.SIGKILL if action == "kill" else 1
        check(done.returncode == expected, f"{point}: ended with {done.returncode}: {done.stderr}")
        check("success_count" not in done.stdout, f"{point}: failed and told a result: {done.stdout}")
        stopped = True
    if action == "error":
        library.check_results(library.reindex())
    return stopped, library.check_served(may_lack=clear)


def visit_points(library, points):
    stopped, resumed = set(), 0
    for point in points:
        clear = point == CLEARING
        cases = [(1, "kill"), (1, "error")]
        if point in ("reindex.part", "search.segment_written"):
            cases += [(2, "kill")]
        for visit, action in cases:
            # A failure to clear does not stop a run.
            if clear and action == "error":
                continue
            library.start()
            library.write()
            library.settled()
            library.stack.stop()
            hit, went_on = at_point(library, point, visit, action, clear)
            if hit:
                stopped.add(point)
            resumed += went_on
    library.served.check(stopped == set(points), f"never stopped at {sorted(set(points) - stopped)}")
    library.served.check(resumed > 0, "no interrupted build was gone on with")
    return f"{len(stopped)} points, {resumed} builds gone on with"


def kill_served(library, rounds):
    """Kills a server that builds and is written to."""
    for number in range(rounds):
        library.start()
        library.settled()
        library.call("POST", "/admin/search/reindex", {}, 202)
        end = time.monotonic() + library.random.uniform(0, 1.5)
        while time.monotonic() < end:
            library.write()
            library.check_whole(f"in round {number} while it is built")
        library.stack.stop(signal.SIGKILL)
        library.check_served()
    return f"{rounds} rounds"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    parser.add_argument("--servers", required=True)
    parser.add_argument("--source", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    served = load_served(pathlib.Path(options.servers))
    print(f"repeat with --seed {options.seed}", flush=True)
    points = sorted(point for point in fault_points(options.source)
                    if point.startswith("reindex.") or point in (*ENGINE, CLEARING))
    with served.Stack(options.vams, password=PASSWORD) as stack:
        library = Library(served, stack, options.seed)
        library.start()
        library.fill()
        library.write()
        library.settled()
        library.check_whole("to begin with")
        stack.stop()
        library.check_results(library.reindex())
        return served.run_parts([("fault points", lambda: visit_points(library, points)),
                                 ("killed while serving", lambda: kill_served(library, options.rounds))])


if __name__ == "__main__":
    sys.exit(main())
