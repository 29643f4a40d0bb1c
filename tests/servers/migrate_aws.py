#!/usr/bin/env python3
"""`vams migrate … --config FILE` as an operator types it, on DynamoDB Local: the tables of a VAMS 2.4 with
the names that CloudFormation makes, the file that upstream's own script reads.

The run is killed in the middle and started again; then everything is compared with what it was before:

  plan (writes nothing), run (killed, again, and a third time), verify, reverse, policy, wrong tables,
  wrong credentials, two operators.

Usage: migrate_aws.py --vams BINARY --source FOLDER [--fixtures FOLDER]
Exit status: 0 all as expected, 1 not, 77 no fixtures.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

SKIPPED = 77
STACK = "vams-core-prod-us-east-1-StorageResourcesBuilder1A2B3C4D-XYZ-"


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """DynamoDB Local, stopped with the program that started it."""

    def __init__(self, source):
        script = (source.parent / "tools" / "fetch_dynamodb_local").read_text()
        version = re.search(r"^dynamodb_local=(\S+)", script, re.M).group(1)
        cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
        lib = cache / "vams" / f"dynamodb-local-{version}" / "lib"
        check(lib.is_dir(), f"{lib} is not there; run tools/setup and tools/fetch_dynamodb_local")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "java", "-Xmx512m", "-XX:TieredStopAtLevel=1",
             f"-Djava.library.path={lib}", "-cp", f"{lib}/*",
             "com.amazonaws.services.dynamodbv2.local.main.ServerRunner", "-inMemory", "-sharedDb",
             "-disableTelemetry", "-port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            try:
                self.call("ListTables", {})
                return
            except (urllib.error.URLError, ConnectionError):
                check(self.process.poll() is None, "DynamoDB Local ended while it started")
                time.sleep(0.1)
        check(False, "DynamoDB Local did not start in 30 s")

    def call(self, action, body):
        request = urllib.request.Request(self.url, json.dumps(body).encode(), {
            "X-Amz-Target": f"DynamoDB_20120810.{action}", "Content-Type": "application/x-amz-json-1.0",
            "Authorization": "AWS4-HMAC-SHA256 Credential=test/20250101/us-east-1/dynamodb/aws4_request, "
                             "SignedHeaders=host, Signature=0"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def create(self, name, spec):
        attributes = set()

        def keys(partition, sort):
            attributes.update(k for k in (partition, sort) if k)
            return [{"AttributeName": k, "KeyType": t} for k, t in ((partition, "HASH"), (sort, "RANGE")) if k]

        def indexes(kind):
            return [{"IndexName": index, "KeySchema": keys(i.get("partitionKey", spec["partitionKey"]), i["sortKey"]),
                     "Projection": {"ProjectionType": "ALL"}} for index, i in spec[kind].items()]

        body = {"TableName": name, "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": keys(spec["partitionKey"], spec["sortKey"])}
        for kind, member in (("globalSecondaryIndexes", "GlobalSecondaryIndexes"),
                             ("localSecondaryIndexes", "LocalSecondaryIndexes")):
            if spec[kind]:
                body[member] = indexes(kind)
        body["AttributeDefinitions"] = [{"AttributeName": a, "AttributeType": "S"} for a in sorted(attributes)]
        self.call("CreateTable", body)

    def rows(self, name):
        found, start = [], None
        while True:
            page = self.call("Scan", {"TableName": name, **({"ExclusiveStartKey": start} if start else {})})
            found += page["Items"]
            start = page.get("LastEvaluatedKey")
            if not start:
                return sorted(json.dumps(row, sort_keys=True) for row in found)

    def contents(self):
        names = [n for n in self.call("ListTables", {})["TableNames"] if not n.endswith("vams-migrations")]
        return {name: self.rows(name) for name in names}


def physical(table):
    return f"{STACK}{table.replace('.', '')}1A2B3C4D-1XK9Q2M4T7LP"


class Operator:
    def __init__(self, options, server, folder):
        self.options, self.server, self.folder = options, server, folder
        self.config = folder / "v2.4_to_v2.5_migration_config.json"
        self.config.write_text(json.dumps({
            "comments": {"_": "as upstream ships it"},
            "asset_storage_table_name": physical("AssetStorageTable"),
            "asset_versions_storage_table_name_v1": physical("AssetVersionsStorageTable"),
            "asset_versions_storage_table_name_v2": physical("AssetVersionsStorageTableV2"),
            "asset_file_versions_storage_table_name_v1": physical("AssetFileVersionsStorageTable"),
            "asset_file_versions_storage_table_name_v2": physical("AssetFileVersionsStorageTableV2"),
            "asset_file_metadata_versions_storage_table_name": physical("AssetFileMetadataVersionsStorageTable"),
            "aws_profile": None, "aws_region": "us-east-1", "log_level": "INFO", "batch_size": 25,
            "dry_run": False}))

    def vams(self, *arguments, environment=None, config=None):
        variables = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "VAMS_FAULT"))}
        variables |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "sesame-open",
                      "AWS_ENDPOINT_URL": self.server.url, "VAMS_HOME": str(self.folder / "home"),
                      "AWS_EC2_METADATA_DISABLED": "true", **(environment or {})}
        command = [self.options.vams, "migrate", arguments[0], "--config", str(config or self.config), *arguments[1:]]
        done = subprocess.run(command, env=variables, capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
        out, err = done.stdout.decode(), done.stderr.decode()
        check("Sanitizer" not in err, err)
        check("sesame-open" not in out + err, f"a secret was printed: {out} {err}")
        return done.returncode, out, err

    def expect(self, code, *arguments, **more):
        got, out, err = self.vams(*arguments, **more)
        check(got == code, f"vams migrate {' '.join(arguments)} ended with {got}: {out} {err}")
        return out, err


def scenario(operator, server):
    before = server.contents()
    run = ("run", "--ambiguous", "quarantine")

    out, _ = operator.expect(0, "plan")
    check("what the upstream script would have done" in out and "dry run" in out, out)
    check(server.contents() == before, "a plan has changed the tables")

    broken = operator.folder / "broken.json"
    wrong = json.loads(operator.config.read_text())
    wrong["asset_versions_storage_table_name_v2"] = "no-such-table"
    broken.write_text(json.dumps(wrong))
    _, err = operator.expect(2, *run, config=broken)
    check("no-such-table" in err and "asset_versions_storage_table_name_v2" in err, err)
    wrong["asset_versions_storage_table_name_v2"] = "YOUR_TABLE"
    wrong["asset_storage_tabel_name"] = "x"
    broken.write_text(json.dumps(wrong))
    _, err = operator.expect(2, *run, config=broken)
    check("asset_storage_tabel_name" in err and "asset_storage_table_name" in err, err)
    code, out, err = operator.vams(*run, environment={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})
    check(code not in (0, 5) and "redential" in err, f"without credentials: {code} {out} {err}")
    check(server.contents() == before, "a refused run has changed the tables")

    for point, more in (("migrate.remote.read_all", ()), ("migrate.remote.table_written", ("--no-lock",))):
        code, out, err = operator.vams(*run, *more, environment={"VAMS_FAULT": f"{point}=kill"})
        check(code == -signal.SIGKILL, f"was not killed at {point}: {code} {out} {err}")
        check("migrated with" not in out, f"was killed and said: {out}")
    # The lock of the first killed process is still fresh, so another operator is told who holds it.
    _, err = operator.expect(4, *run)
    check("since" in err and "process" in err, f"does not say who, since when: {err}")
    out, _ = operator.expect(0, *run, "--no-lock")
    check("migrated with" in out and "proved:" in out, out)
    migrated = server.contents()
    check(migrated != before, "the run has changed nothing")
    v2 = [json.loads(r) for r in migrated[physical("AssetVersionsStorageTableV2")]]
    check(len(v2) == 38 and all("#deleted" not in r["databaseId:assetId"]["S"] for r in v2), f"{len(v2)} rows: {v2}")
    check(migrated[physical("AssetVersionsStorageTable")] == before[physical("AssetVersionsStorageTable")],
          "an old table has changed")

    out, _ = operator.expect(0, *run, "--no-lock")
    check("nothing was" in out, f"a second run said: {out}")
    check(server.contents() == migrated, "a second run has changed the tables")
    out, _ = operator.expect(0, "verify", "--no-lock")
    check("is proved" in out, out)
    out, _ = operator.expect(0, "policy")
    policy = json.loads(out)
    check(policy["Version"] == "2012-10-17" and "AssetVersionsStorageTableV2" in out, out)

    out, _ = operator.expect(0, "reverse", "--no-lock")
    after = server.contents()
    different = [t for t in before if after.get(t) != before[t]]
    check(not different, f"gone back, but different: {different}: {out}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--fixtures")
    options = parser.parse_args()
    source = pathlib.Path(options.source).resolve()
    fixtures = pathlib.Path(options.fixtures or os.environ.get("VAMS_FIXTURES") or source.parents[1] / "shared/fixtures")
    if not (fixtures / "dynamodb").is_dir():
        print(f"there are no fixtures in {fixtures}; set VAMS_FIXTURES to their folder")
        return SKIPPED
    server = Server(source)
    try:
        specs = json.loads((fixtures / "dynamodb" / "v2.5" / "_tables.json").read_text())
        for table, spec in specs.items():
            server.create(physical(table), spec)
            data = fixtures / "dynamodb" / "v2.4" / f"{table}.json"
            for line in data.read_text().splitlines() if data.exists() else []:
                server.call("PutItem", {"TableName": physical(table), "Item": json.loads(line)["Item"]})
        with tempfile.TemporaryDirectory(prefix="vams-aws-") as folder:
            scenario(Operator(options, server, pathlib.Path(folder)), server)
    except AssertionError as error:
        print(f"FAILED: {error}")
        return 1
    finally:
        server.process.kill()
        server.process.wait()
    print("as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main())
