#!/usr/bin/env python3
"""Kills a served stack in the middle of bulk updates of metadata, starts it again and checks what is there: every
entity has all of the last update that was answered, or all of the one that was under way, and nothing of both; a file
that was being moved has its metadata with it.

  metadata_crash.py --vams BINARY --servers FOLDER_OF_served.py [--seed N] [--rounds N]

Exit status: 0 all passed.  Prints how to repeat a failure.
"""

import argparse
import collections
import http.client
import pathlib
import random
import signal
import sys
import threading
import time

from assets_crash import DATABASE, PASSWORD, Bench, load_served

KEYS = 200
FILE = "/dir0/file 0.bin"
HOMES = ("/large.bin", "/moved/large.bin")  # of the file that is moved to and fro


class Writer:
    """Writes one entity again and again: an update of all keys, then one that replaces them by others."""

    def __init__(self, bench, name, path, query="", extra=None):
        self.bench, self.name, self.path, self.query, self.extra = bench, name, path, query, extra or {}
        self.asked = self.answered = 0

    def expected(self, number):
        """Key to value after that many writes; a replacing one drops the first half of the keys."""
        first = KEYS // 2 if number % 2 == 0 else 0
        if number == 0:
            return {}
        count = KEYS if number % 2 == 0 else KEYS + KEYS // 2
        return {f"key {i:03}": f"{self.name} {number}" for i in range(first, count)}

    def write(self):
        number = self.asked + 1
        body = {"metadata": [{"metadataKey": key, "metadataValue": value}
                             for key, value in self.expected(number).items()],
                "updateType": "replace_all" if number % 2 == 0 else "update", **self.extra}
        self.asked = number
        answer = self.bench.ask("PUT", self.path, body)
        self.bench.served.check(answer.status == 200, f"{self.name}: {answer.status} {answer.body[:300]}")
        self.answered = number

    def have(self):
        answer = self.bench.call("GET", self.path + self.query)
        return {item["metadataKey"]: item["metadataValue"] for item in answer["metadata"]
                if item["metadataValue"] or not item["metadataSchemaField"]}

    def check(self):
        """Which of the two states it is in; the next write goes on from there."""
        have = self.have()
        for number in {self.asked, self.answered}:
            if have == self.expected(number):
                state = "done" if number == self.asked else "not"
                self.asked = self.answered = number
                return state
        values = collections.Counter(have.values())
        raise AssertionError(f"{self.name} is neither what write {self.answered} left nor what {self.asked} did: "
                             f"{len(have)} keys, {dict(values)}")


class Mover:
    """Moves a file that has metadata to and fro."""

    def __init__(self, bench, asset):
        self.bench, self.asset, self.name = bench, asset, "a file that moves"
        self.metadata = {f"key {i:03}": "stays" for i in range(KEYS)}
        for kind in ("metadata", "attribute"):
            bench.call("PUT", bench.path(asset, "/metadata/file"), {
                "filePath": HOMES[0], "type": kind,
                "metadata": [{"metadataKey": key, "metadataValue": value} for key, value in self.metadata.items()]})

    def at(self):
        live = self.bench.live(self.asset)
        homes = [home for home in HOMES if home in live]
        self.bench.served.check(len(homes) == 1, f"the file is at {homes}")
        return homes[0]

    def write(self):
        source = self.at()
        target = HOMES[1 - HOMES.index(source)]
        # What is left behind at the target by an earlier move would be in the way.
        self.bench.ask("DELETE", self.bench.path(self.asset, "/deleteFile"),
                       {"filePath": target, "confirmPermanentDelete": True})
        answer = self.bench.ask("POST", self.bench.path(self.asset, "/moveFile"),
                                {"sourcePath": source, "destinationPath": target})
        self.bench.served.check(answer.status == 200, f"moving: {answer.status} {answer.body[:300]}")

    def check(self):
        at = self.at()
        for home in HOMES:
            for kind in ("metadata", "attribute"):
                answer = self.bench.call("GET", self.bench.path(
                    self.asset, f"/metadata/file?filePath={home}&type={kind}"))
                have = {item["metadataKey"]: item["metadataValue"] for item in answer["metadata"]
                        if item["metadataValue"] or not item["metadataSchemaField"]}
                self.bench.served.check(have == (self.metadata if home == at else {}),
                                        f"{kind} of {home}, when the file is at {at}: {len(have)} keys")
        return "at " + at


def make_writers(bench):
    asset, other = bench.asset_with_files(), bench.new_asset()
    link = bench.call("POST", "/asset-links", {
        "fromAssetId": asset, "fromAssetDatabaseId": DATABASE, "toAssetId": other, "toAssetDatabaseId": DATABASE,
        "relationshipType": "related"})["assetLinkId"]
    of_file = bench.path(asset, "/metadata/file")
    query = "?filePath=" + FILE.replace(" ", "%20") + "&type="
    return [Writer(bench, "database", f"/database/{DATABASE}/metadata"),
            Writer(bench, "asset", bench.path(asset, "/metadata")),
            Writer(bench, "file", of_file, query + "metadata", {"filePath": FILE, "type": "metadata"}),
            Writer(bench, "attributes", of_file, query + "attribute", {"filePath": FILE, "type": "attribute"}),
            Writer(bench, "link", f"/asset-links/{link}/metadata"),
            Mover(bench, asset)]


def one_round(bench, writers, delay):
    failures = []

    def work(writer):
        try:
            while True:
                writer.write()
        except (OSError, http.client.HTTPException):
            pass  # the server is gone
        except AssertionError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    time.sleep(delay)
    bench.stack.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()
    bench.stack.start()
    bench.login()
    if failures:
        raise failures[0]
    return [writer.check() for writer in writers]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    parser.add_argument("--servers", required=True)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    served = load_served(pathlib.Path(options.servers))
    print(f"repeat with --seed {options.seed}", flush=True)
    with served.Stack(options.vams, password=PASSWORD) as stack:
        stack.start()
        bench = Bench(served, stack, options.seed)
        bench.login()
        bucket = bench.call("GET", "/buckets")["Items"][0]["bucketId"]
        bench.call("POST", "/database", {"databaseId": DATABASE, "description": "crash tests",
                                         "defaultBucketId": bucket})
        writers = make_writers(bench)
        seen = collections.defaultdict(collections.Counter)
        for number in range(options.rounds):
            delay = bench.random.uniform(0.2, 2.0)
            try:
                states = one_round(bench, writers, delay)
            except (AssertionError, ValueError, KeyError) as failure:
                print(f"round {number}, killed after {delay:.2f} s: FAILED: {failure}", flush=True)
                return 1
            for writer, state in zip(writers, states):
                seen[writer.name][state] += 1
        for writer in writers:
            print(f"{writer.name}: {dict(seen[writer.name])}", flush=True)
        served.check(all(writer.answered > options.rounds for writer in writers if isinstance(writer, Writer)),
                     "the kills came before anything was written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
