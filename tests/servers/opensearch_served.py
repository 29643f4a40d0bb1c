#!/usr/bin/env python3
"""A served stack whose search is a real OpenSearch node: what is written is found, the index is built anew beside the one
that serves, a node that is away takes nothing with it, and what was written meanwhile is found when it is back.

  opensearch_served.py --vams BINARY --source SRC

Exit status: 0 all as expected, 1 not, 77 the node cannot be had (tools/fetch_opensearch).
"""

import argparse
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from served import ADMIN, Stack, check, run_parts, stop

SKIPPED = 77
PASSWORD = "Correct-Horse-7"
PATIENCE = 120
VERSION = "opensearch-2.19.3"  # as in tools/fetch_opensearch


class Node:
    def __init__(self):
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "vams" / VERSION
        self.classes = f"{cache}/lib/*:{cache}/classes"
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="vams-opensearch-"))
        (self.home / "config").mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return answer.read().decode()

    def start(self):
        self.process = subprocess.Popen(
            ["java", "-Xms384m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", self.classes,
             "OpenSearchNode", self.home, str(self.port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def answers():
            check(self.process.poll() is None, "the node ended instead of serving")
            try:
                # Its indexes, too: a node answers before they are back.
                return self.ask("/_cluster/health?wait_for_status=yellow&timeout=5s")
            except (OSError, urllib.error.URLError):
                return None
        within(answers, "an answer of the node")

    def stop(self):
        if self.process is not None:
            stop(self.process)
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def within(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {PATIENCE} s")


class Scene:
    def __init__(self, vams):
        self.node = Node()
        self.node.start()
        self.stack = Stack(vams, {"engines": {"search": {"kind": "opensearch", "url": self.node.url}}}, PASSWORD)
        self.token = None

    def start(self):
        self.stack.start()
        self.token = self.stack.login(ADMIN, PASSWORD)["accessToken"]

    def call(self, method, path, body=None, status=200):
        return self.stack.call(method, path, body, self.token, status)

    def make_asset(self, asset, name):
        self.call("POST", "/assets", {"databaseId": "plant", "assetId": asset, "assetName": name, "isDistributable": True,
                                      "description": "Moves water", "tags": []})

    def found(self, query):
        answer = self.call("POST", "/search", {"query": query, "entityTypes": ["asset"]})
        return [hit["_source"]["str_assetid"] for hit in answer["hits"]["hits"]]

    def expect(self, query, assets):
        within(lambda: sorted(self.found(query)) == sorted(assets), f"{query} finding {assets}")

    def what_is_written_is_found(self):
        self.start()
        check("NOOPENSEARCH" not in self.call("GET", "/secure-config")["featuresEnabled"], "search is switched off")
        bucket = self.call("GET", "/buckets")["Items"][0]["bucketId"]
        self.call("POST", "/database", {"databaseId": "plant", "description": "Pumps", "defaultBucketId": bucket})
        self.make_asset("pump", "Feed pump")
        self.make_asset("motor", "Motor of the pump")
        self.expect("pump", ["pump", "motor"])
        answer = self.call("POST", "/search", {"query": "feed", "entityTypes": ["asset"]})
        check(answer["aggregationTotal"] == 1, f"aggregations {answer['aggregations']}")
        check("vams-assets-v2" in self.node.ask("/_alias"), "the node has no alias of upstream's name")

    def a_restart_goes_on(self):
        self.stack.stop()
        self.start()
        self.expect("feed", ["pump"])
        self.make_asset("valve", "Check valve")
        self.expect("valve", ["valve"])

    def the_index_is_built_anew(self):
        before = self.call("GET", "/admin/search")["generation"]
        self.call("POST", "/admin/search/reindex", {"operation": "both"}, 202)

        def done():
            check("pump" in self.found("feed"), "a search found less while the index was built")
            run = self.call("GET", "/admin/search/reindex")
            check(run["phase"] not in ("failed", "cancelled"), f"the run ended: {run}")
            return run["phase"] == "done"
        within(done, "the end of the run")
        check(self.call("GET", "/admin/search")["generation"] != before, "the same generation serves")
        self.expect("pump", ["pump", "motor"])

    def a_node_that_is_away_takes_nothing_with_it(self):
        self.node.stop()
        self.make_asset("tank", "Water tank")
        answer = self.stack.ask("POST", "/search", {"query": "tank"}, self.token)
        check(answer.status == 400 and answer.json()["message"] == "VAMS General Error: Error executing search query",
              f"without a node: {answer.status} {answer.body}")
        self.node.start()
        self.expect("tank", ["tank"])

    def close(self):
        self.stack.__exit__()
        self.node.remove()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    options = parser.parse_args()
    fetched = subprocess.run([options.source.parent / "tools" / "fetch_opensearch"], check=False).returncode
    if fetched:
        return SKIPPED if fetched == SKIPPED else 1
    scene = Scene(options.vams)
    try:
        return run_parts([
            ("found", scene.what_is_written_is_found),
            ("restart", scene.a_restart_goes_on),
            ("reindex", scene.the_index_is_built_anew),
            ("away", scene.a_node_that_is_away_takes_nothing_with_it),
        ])
    finally:
        scene.close()


if __name__ == "__main__":
    sys.exit(main())
