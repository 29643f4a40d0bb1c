#!/usr/bin/env python3
"""Kills a served stack in the middle of what people do with assets, starts it again and checks what is there:
every operation has happened or has not, `vams objects check` finds nothing, and the records agree with each
other.  The moments are spread over the time that the operation takes when it is left alone.

  assets_crash.py --vams BINARY --servers FOLDER_OF_served.py [--seed N] [--rounds N]

Exit status: 0 all passed.  Prints how to repeat a failure.
"""

import argparse
import collections
import hashlib
import http.client
import json
import pathlib
import random
import signal
import struct
import sys
import threading
import time

PASSWORD = "Correct-Horse-7"
FILES = 40
PARTS = (5 * 1024 * 1024 + 17, 4321)  # of the one large file
DATABASE = "crash-tests"


def load_served(folder):
    sys.path.insert(0, str(folder))
    import served  # pylint: disable=import-outside-toplevel,import-error

    return served


class Bench:
    """One served stack, and what the operations below need of it."""

    def __init__(self, served, stack, seed):
        self.served, self.stack, self.random = served, stack, random.Random(seed)
        self.token = None
        self.names = 0
        self.tables = {}  # as they were after the last kill

    # ---- Requests

    def login(self):
        self.token = self.stack.login("administrator", PASSWORD)["accessToken"]

    def call(self, method, path, body=None, status=200):
        return self.stack.call(method, path, body, self.token, status)

    def ask(self, method, path, body=None):
        return self.stack.ask(method, path, body, self.token)

    def path(self, asset, rest=""):
        return f"/database/{DATABASE}/assets/{asset}{rest}"

    def put(self, url, content):
        """A part, sent to where its URL says."""
        target = "/" + url.split("/", 3)[3]
        connection = http.client.HTTPConnection("127.0.0.1", self.stack.port, timeout=self.served.PATIENCE)
        try:
            connection.request("PUT", target, content)
            answer = connection.getresponse()
            answer.read()
            self.served.check(answer.status == 200, f"a part was answered with {answer.status}")
            return answer.headers["ETag"].strip('"')
        finally:
            connection.close()

    # ---- Contents

    def content(self, name, size):
        return (hashlib.sha256(name.encode()).digest() * (size // 32 + 1))[:size]

    def files_of(self, asset):
        files = {f"/dir{i % 4}/file {i}.bin": self.content(f"{asset}{i}", 100 + 37 * i) for i in range(FILES)}
        files["/large.bin"] = b"".join(self.content(f"{asset}large{i}", size) for i, size in enumerate(PARTS))
        return files

    # ---- What operations begin with

    def new_asset(self):
        self.names += 1
        asset = f"asset-{self.names}"
        self.call("POST", "/assets", {"databaseId": DATABASE, "assetId": asset, "assetName": asset,
                                      "description": "of a crash test", "isDistributable": True, "tags": []})
        return asset

    def transferred(self, asset):
        """An upload whose parts are all there: the request that completes it."""
        files = self.files_of(asset)
        begun = self.call("POST", "/uploads", {
            "assetId": asset, "databaseId": DATABASE, "uploadType": "assetFile",
            "files": [{"relativeKey": path, "file_size": len(content), "num_parts": 2 if path == "/large.bin" else 1}
                      for path, content in files.items()]})
        done = []
        for file in begun["files"]:
            rest, parts = files[file["relativeKey"]], []
            for url in file["partUploadUrls"]:
                size = PARTS[url["PartNumber"] - 1] if len(file["partUploadUrls"]) > 1 else len(rest)
                parts.append({"PartNumber": url["PartNumber"], "ETag": self.put(url["UploadUrl"], rest[:size])})
                rest = rest[size:]
            done.append({"relativeKey": file["relativeKey"], "uploadIdS3": file["uploadIdS3"], "parts": parts})
        return (f"/uploads/{begun['uploadId']}/complete",
                {"assetId": asset, "databaseId": DATABASE, "uploadType": "assetFile", "files": done})

    def asset_with_files(self):
        asset = self.new_asset()
        answer = self.call("POST", *self.transferred(asset))
        self.served.check(answer["overallSuccess"], f"the upload failed: {answer}")
        return asset

    # ---- What is there

    def live(self, asset):
        """Paths of the live files; None for an asset that is not active."""
        paths, token = set(), ""
        while True:
            answer = self.ask("GET", self.path(asset, f"/listFiles?basic=true&startingToken={token}" if token
                                               else "/listFiles?basic=true"))
            if answer.status != 200:
                return None
            page = answer.json()
            paths |= {item["relativePath"] for item in page["items"] if not item["isFolder"]}
            token = page["NextToken"]
            if not token:
                return paths

    def same_content(self, asset, path, expected, version=""):
        answer = self.ask("GET", self.path(asset, "/download/stream" + path.replace(" ", "%20") + version))
        return answer.status == 200 and answer.body == expected


# ---- Operations: prepare gives what is asked for and what must hold afterwards, done or not.


def complete_upload(bench):
    asset = bench.new_asset()
    request = ("POST", *bench.transferred(asset))
    files = bench.files_of(asset)

    def holds():
        live = bench.live(asset)
        if live == set():
            # Nothing happened: the same request does it now.
            answer = bench.ask(*request)
            return answer.status == 200 and bench.live(asset) == set(files) and "again"
        return live == set(files) and all(bench.same_content(asset, *file) for file in files.items()) and "done"

    return request, holds


def bundle_of(parts):
    """docs/formats/part-bundle.md"""
    body = b"vams-parts 1\n".ljust(16, b"\0")
    for name, number, content in parts:
        body += b"VPRT" + struct.pack("<III", number, len(content), len(name)) + hashlib.md5(content).digest()
        body += name.encode() + content
    return body + b"VEND" + struct.pack("<I", len(parts))


def send_bundle(bench):
    """Small files, all in one request: afterwards the store has all of them or none."""
    asset = bench.new_asset()
    files = {path: content for path, content in bench.files_of(asset).items() if path != "/large.bin"}

    def begin():
        begun = bench.call("POST", "/uploads", {
            "assetId": asset, "databaseId": DATABASE, "uploadType": "assetFile", "bundle": True,
            "files": [{"relativeKey": path, "file_size": len(content), "num_parts": 1}
                      for path, content in files.items()]})
        names = {file["relativeKey"]: file["uploadIdS3"] for file in begun["files"]}
        body = bundle_of([(names[path], 1, content) for path, content in files.items()])
        done = [{"relativeKey": path, "uploadIdS3": names[path],
                 "parts": [{"PartNumber": 1, "ETag": hashlib.md5(content).hexdigest()}]}
                for path, content in files.items()]
        complete = (f"/uploads/{begun['uploadId']}/complete",
                    {"assetId": asset, "databaseId": DATABASE, "uploadType": "assetFile", "files": done})
        return ("POST", "/" + begun["bundle"]["uploadUrl"].split("/", 3)[3], body), complete

    request, complete = begin()

    def all_there():
        return bench.live(asset) == set(files) and all(bench.same_content(asset, *file) for file in files.items())

    def holds():
        if bench.call("POST", *complete)["overallSuccess"]:
            return all_there() and "done"
        if bench.live(asset) != set():
            return False
        again, end = begin()
        return (bench.ask(*again).status == 200 and bench.call("POST", *end)["overallSuccess"] and all_there()
                and "not")

    return request, holds


def move(bench):
    asset = bench.asset_with_files()
    source, target = "/large.bin", "/moved/large.bin"
    files = bench.files_of(asset)

    def holds():
        live = bench.live(asset)
        if source in live:
            return target not in live and bench.same_content(asset, source, files[source]) and "not"
        return target in live and bench.same_content(asset, target, files[source]) and "done"

    return ("POST", bench.path(asset, "/moveFile"), {"sourcePath": source, "destinationPath": target}), holds


def copy(bench):
    asset, other = bench.asset_with_files(), bench.new_asset()
    files = bench.files_of(asset)

    def holds():
        if not bench.same_content(asset, "/large.bin", files["/large.bin"]):
            return False
        return (bench.live(other) == set() and "not") or (
            bench.same_content(other, "/copy.bin", files["/large.bin"]) and "done")

    return ("POST", bench.path(asset, "/copyFile"),
            {"sourcePath": "/large.bin", "destinationPath": "/copy.bin", "destinationAssetId": other}), holds


def archive(bench):
    asset = bench.asset_with_files()
    files = bench.files_of(asset)

    def holds():
        if bench.live(asset) == set(files):
            return "not"
        if bench.ask("PUT", bench.path(asset, "/unarchiveAsset"), {"confirmUnarchive": True}).status != 200:
            return False
        return bench.live(asset) == set(files) and bench.same_content(asset, "/large.bin", files["/large.bin"]) and "done"

    return ("DELETE", bench.path(asset, "/archiveAsset"), {"confirmArchive": True}), holds


def delete(bench):
    asset = bench.asset_with_files()
    files = bench.files_of(asset)

    def holds():
        live = bench.live(asset)
        if live is not None:
            return live == set(files) and bench.same_content(asset, "/large.bin", files["/large.bin"]) and "not"
        rows = [row for table in bench.tables.values() for row in table if asset in json.dumps(row)]
        # The name is free again.
        again = bench.ask("POST", "/assets", {"databaseId": DATABASE, "assetId": asset, "assetName": asset,
                                              "description": "of a crash test", "isDistributable": True})
        return not rows and again.status == 200 and "done"

    return ("DELETE", bench.path(asset, "/deleteAsset"), {"confirmPermanentDelete": True}), holds


def create_version(bench):
    asset = bench.asset_with_files()
    files = bench.files_of(asset)

    def holds():
        versions = bench.call("GET", bench.path(asset, "/getVersions"))["versions"]
        if len(versions) == 1:
            return versions[0]["Version"] == "0" and "not"
        newest = bench.call("GET", bench.path(asset, "/getVersion/1"))
        return ({"/" + file["relativeKey"] for file in newest["files"]} == set(files)
                and not any(file["isPermanentlyDeleted"] for file in newest["files"])
                and bench.same_content(asset, "/large.bin", files["/large.bin"], "?assetVersionId=1") and "done")

    return ("POST", bench.path(asset, "/createVersion"), {"useLatestFiles": True, "comment": "snapshot"}), holds


OPERATIONS = {"completing an upload": complete_upload, "sending a bundle": send_bundle, "moving a file": move, "copying a file": copy,
              "archiving an asset": archive, "deleting an asset": delete, "making a version": create_version}


# ---- What must always be so


def rows_of(bench):
    bench.names += 1
    out = bench.stack.folder / f"export-{bench.names}"
    bench.stack.run("export", "--stack", "prod", "--to", out, "--format", "lines")
    tables = collections.defaultdict(list)
    for file in out.glob("[A-Z]*Table*.json"):
        for line in file.read_text(encoding="utf-8").splitlines():
            item = json.loads(line)["Item"]
            tables[file.stem].append({name: next(iter(value.values())) for name, value in item.items()})
    return tables


def check_records(served, tables):
    assets = {(row["databaseId"], row["assetId"]): row for row in tables["AssetStorageTable"]}
    for database in tables["DatabaseStorageTable"]:
        active = sum(1 for (owner, _) in assets if owner == database["databaseId"])
        served.check(int(database["assetCount"]) == active,
                     f"database {database['databaseId']} counts {database['assetCount']} assets, not {active}")
    pairs = {f"{owner.removesuffix('#deleted')}:{asset}" for owner, asset in assets}
    served.check(len(pairs) == len(assets), "an asset is active and archived at the same time")
    versions = {(row["databaseId:assetId"], row["assetVersionId"]) for row in tables["AssetVersionsStorageTableV2"]}
    for owner, version in versions:
        served.check(owner in pairs, f"version {version} of {owner}, which is no asset")
    for (owner, asset), row in assets.items():
        key = (f"{owner.removesuffix('#deleted')}:{asset}", row["currentVersionId"])
        served.check(key in versions, f"the current version {key} has no record")
    for row in tables["AssetFileVersionsStorageTableV2"]:
        owner, _, version = row["databaseId:assetId:assetVersionId"].rpartition(":")
        served.check((owner, version) in versions, f"file {row['fileKey']} of version {version} of {owner}, which is none")


def run(served, bench, name, rounds):
    prepare = OPERATIONS[name]
    begin = time.monotonic()
    request, holds = prepare(bench)
    once = time.monotonic()
    bench.served.check(bench.ask(*request).status == 200, f"{name} fails when it is left alone")
    takes = time.monotonic() - once
    bench.served.check(holds() == "done", f"{name} does not do what it says")
    seen = collections.Counter()
    for number in range(rounds):
        request, holds = prepare(bench)
        delay = takes * (number + bench.random.random()) / rounds

        def ask(what=request):
            try:
                bench.ask(*what)
            except (OSError, http.client.HTTPException):
                pass  # the server is gone

        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(delay)
        bench.stack.stop(signal.SIGKILL)
        asking.join()
        found = bench.stack.run("objects", "check", "--stack", "prod", "--read-data")
        bench.tables = rows_of(bench)
        check_records(served, bench.tables)
        bench.stack.start()
        bench.login()
        state = holds()
        served.check(state, f"{name}, killed after {delay * 1000:.1f} of {takes * 1000:.1f} ms: "
                            f"neither done nor undone\n{found}")
        seen[state] += 1
    return f"{dict(seen)} ({time.monotonic() - begin:.1f} s)"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    parser.add_argument("--servers", required=True)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--only", choices=OPERATIONS)
    options = parser.parse_args()
    served = load_served(pathlib.Path(options.servers))
    print(f"repeat with --seed {options.seed}", flush=True)
    failed = 0
    with served.Stack(options.vams, password=PASSWORD) as stack:
        stack.start()
        bench = Bench(served, stack, options.seed)
        bench.login()
        bucket = bench.call("GET", "/buckets")["Items"][0]["bucketId"]
        bench.call("POST", "/database", {"databaseId": DATABASE, "description": "crash tests",
                                         "defaultBucketId": bucket})
        for name in [options.only] if options.only else OPERATIONS:
            try:
                print(f"{name}: {run(served, bench, name, options.rounds)}", flush=True)
            except (AssertionError, OSError, ValueError, KeyError, http.client.HTTPException) as failure:
                failed += 1
                print(f"{name}: FAILED: {type(failure).__name__}: {failure}", flush=True)
                if stack.process is None:
                    stack.start()
                    bench.login()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
