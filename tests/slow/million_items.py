#!/usr/bin/env python3
"""Imports a large data set and exports it again: nothing may be lost, and memory must stay flat.

  million_items.py --vams PATH [--count 1000000] [--check-memory] [--keep DIR]

Makes point-in-time exports as AWS lays them out, of several tables in several gzip-compressed data
files each, with their items in no order; imports them into a new stack, exports that in both
formats, and compares all items.  Prints seconds and the peak memory of every command; asserts
nothing about time.  With --check-memory (release builds: sanitizers multiply memory) the import may
take 256 MiB at most, as lifecycle.md section 9 promises.  Exit status 1 if anything is wrong.
"""

import argparse
import base64
import gzip
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

SEED = 20250301
MEMORY_LIMIT = 256 << 20
FILES_PER_TABLE = 300  # a spool for each would break the promise of memory
FILLER = "The quick brown fox, 日本語, \\\"quoted\\\" and Ångström; "


def asset(i):
    return (f'{{"Item":{{"assetId":{{"S":"a{i}"}},"assetName":{{"S":"Asset {i}"}},"bucketId":{{"S":"b"}},'
            f'"currentVersionId":{{"S":"{i % 7}"}},"databaseId":{{"S":"db {i % 100}"}},'
            f'"description":{{"S":"{FILLER}{i}"}},"isDistributable":{{"BOOL":{"true" if i % 2 else "false"}}},'
            f'"tags":{{"L":[{{"S":"t{i % 5}"}},{{"S":"ü"}}]}}}}}}')


def asset_version(i):
    return (f'{{"Item":{{"assetId":{{"S":"a{i // 8}"}},"assetVersionId":{{"S":"{i % 8}"}},'
            f'"comment":{{"S":"{FILLER * 2}"}},"createdBy":{{"S":"user{i % 50}@example.org"}},'
            f'"dateCreated":{{"S":"2025-03-01T10:{i % 60:02}:00Z"}},"isCurrent":{{"BOOL":{"true" if i % 8 == 7 else "false"}}}}}}}')


def file_version(i):
    return (f'{{"Item":{{"assetId:assetVersionId":{{"S":"a{i // 16}:{i % 2}"}},"fileKey":{{"S":"/part {i}/mesh.bin"}},'
            f'"isPermanentlyDeleted":{{"BOOL":false}},"size":{{"N":"{i * 1001}.5"}},"versionId":{{"S":"{i:032x}"}}}}}}')


def tag(i):
    return (f'{{"Item":{{"description":{{"S":"{FILLER}"}},"numbers":{{"NS":["{-i - 1}","{i}"]}},'
            f'"tagName":{{"S":"tag {i}"}},"tagTypeName":{{"S":"type {i % 9}"}}}}}}')


# Physical name, canonical name, row maker, share of the items.
TABLES = (
    ("vams-prod-AssetStorageTable0A1B2C3D-1XK9Q2M4T7LPA", "AssetStorageTable", asset, 0.15),
    ("vams-prod-AssetVersionsStorageTable1A1B2C3D-2XK9Q2M4T7LPA", "AssetVersionsStorageTable", asset_version, 0.40),
    ("vams-prod-AssetFileVersionsStorageTable2A1B2C3D-3XK9Q2M4T7LPA", "AssetFileVersionsStorageTable", file_version, 0.40),
    ("vams-prod-TagStorageTable3A1B2C3D-4XK9Q2M4T7LPA", "TagStorageTable", tag, 0.05),
)


def md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()


class Digest:
    """Of a set of items, whatever their order: how many, and the sum of their hashes."""

    MASK = (1 << 128) - 1

    def __init__(self):
        self.count = 0
        self.sum = 0

    def add(self, line):
        # Exporters choose the order of attributes and set members, not their text.
        item = json.loads(line)["Item"]
        for value in item.values():
            if "NS" in value:
                value["NS"].sort()
        text = json.dumps(item, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        self.count += 1
        self.sum = (self.sum + int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")) & self.MASK

    def __eq__(self, other):
        return (self.count, self.sum) == (other.count, other.sum)

    def __repr__(self):
        return f"{self.count} items, {self.sum:032x}"


def write_with_checksum(folder, name, content):
    (folder / f"{name}.json").write_bytes(content)
    (folder / f"{name}.checksum").write_text(md5(content))


def make_table(root, physical, make, count, shuffle):
    """One export; returns the digest of its items."""
    export_id = f"01740823200123-{hashlib.md5(physical.encode()).hexdigest()[:8]}"
    prefix = f"{physical}/AWSDynamoDB/{export_id}"
    folder = root / prefix
    (folder / "data").mkdir(parents=True)
    (folder / "_started").write_bytes(b"")
    order = list(range(count))
    shuffle.shuffle(order)
    digest = Digest()
    manifest = []
    for part in range(FILES_PER_TABLE):
        rows = order[part::FILES_PER_TABLE]
        lines = [make(i) for i in rows]
        for line in lines:
            digest.add(line)
        stored = gzip.compress("".join(line + "\n" for line in lines).encode(), compresslevel=1, mtime=0)
        key = f"{prefix}/data/{part:04}.json.gz"
        (root / key).write_bytes(stored)
        manifest.append(json.dumps({"itemCount": len(rows), "md5Checksum": md5(stored), "dataFileS3Key": key}))
    write_with_checksum(folder, "manifest-files", ("\n".join(manifest) + "\n").encode())
    summary = {"version": "2020-06-30", "outputFormat": "DYNAMODB_JSON", "exportType": "FULL_EXPORT",
               "tableArn": f"arn:aws:dynamodb:us-east-1:111122223333:table/{physical}",
               "exportTime": "2025-03-01T10:00:00.123Z", "itemCount": count}
    write_with_checksum(folder, "manifest-summary", json.dumps(summary).encode())
    return digest


def digest_of_lines(path):
    digest = Digest()
    with open(path, "rb") as file:
        for line in file:
            digest.add(line)
    return digest


def digest_of_export(folder):
    digest = Digest()
    for path in sorted(folder.glob("AWSDynamoDB/*/data/*.json.gz")):
        with gzip.open(path, "rb") as file:
            for line in file:
                digest.add(line)
    return digest


def run(what, command):
    """Runs to the end; returns its output and its peak memory in bytes."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out)
        # wait4 knows this child alone; getrusage would mix it with those before it.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        output = out.read().decode()
    memory = usage.ru_maxrss * 1024
    print(f"{what}: {time.monotonic() - start:.1f} s, {usage.ru_utime + usage.ru_stime:.1f} s of processor, "
          f"{memory / (1 << 20):.0f} MiB at most", flush=True)
    if process.returncode != 0:
        sys.exit(f"million_items: {what} ended with status {process.returncode}: {' '.join(map(str, command))}\n{output}")
    return output, memory


def check(options, work):
    failures = []
    start = time.monotonic()
    shuffle = random.Random(SEED)
    source = {}
    for physical, canonical, make, share in TABLES:
        source[canonical] = make_table(work / "source", physical, make, round(options.count * share), shuffle)
    total = sum(digest.count for digest in source.values())
    print(f"made {total} items with seed {SEED}: {time.monotonic() - start:.1f} s", flush=True)

    vams = [str(options.vams)]
    common = ["--home", str(work / "home"), "--stack", "big", "--json"]
    output, memory = run("import", [*vams, "import", "--from", str(work / "source"), *common])
    report = json.loads(output)
    if report["rows"] != total:
        failures.append(f"the import counted {report['rows']} rows of {total}")
    if options.check_memory and memory > MEMORY_LIMIT:
        failures.append(f"the import took {memory / (1 << 20):.0f} MiB, more than {MEMORY_LIMIT >> 20} MiB")
    run("export as lines", [*vams, "export", "--to", str(work / "lines"), "--format", "lines", *common])
    run("export as of AWS", [*vams, "export", "--to", str(work / "aws"), "--format", "dynamodb", *common])

    for canonical, expected in source.items():
        for kind, found in (("lines", digest_of_lines(work / "lines" / f"{canonical}.json")),
                            ("aws", digest_of_export(work / "aws" / canonical))):
            if found != expected:
                failures.append(f"{canonical} as {kind}: {found}, but the source has {expected}")
    others = [path.name for path in (work / "lines").glob("[A-Z]*.json") if path.stem not in source and path.stat().st_size]
    if others:
        failures.append(f"tables with rows that the source does not have: {', '.join(others)}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vams", type=pathlib.Path, required=True, help="the binary")
    parser.add_argument("--count", type=int, default=1_000_000, help="items (default: %(default)s)")
    parser.add_argument("--check-memory", action="store_true", help="fail if the import takes more than 256 MiB")
    parser.add_argument("--keep", type=pathlib.Path, help="work here, and leave what was made")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True)
        failures = check(options, options.keep)
    else:
        with tempfile.TemporaryDirectory(prefix="vams-million-") as work:
            failures = check(options, pathlib.Path(work))
    for failure in failures:
        print(f"million_items: {failure}", file=sys.stderr)
    print("million_items: " + (f"{len(failures)} failures" if failures else "all items are equal"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
