#!/usr/bin/env python3
"""`vams ab copy` as an operator types it, on DynamoDB Local: the tables of a VAMS with the names that CloudFormation
makes, the file that upstream's own A/B script reads.

Counted first, copied, cut off in the middle and gone on with, refused where rows are in the way, told apart where somebody
wrote meanwhile; rows of every kind of value, keys of every type, and more of them than one page or one batch holds.

Usage: ab_copy.py --vams BINARY --source FOLDER [--fixtures FOLDER]
Exit status: 0 all as expected, 1 not, 77 no fixtures.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

from migrate_aws import SKIPPED, Server, check
from served import run_parts

MANY = 2600  # more than two pages of the copy


def name_of(side, table):
    return f"vams-{side}-us-east-1-StorageResourcesBuilder1A2B3C4D-{table.replace('.', '')}-1XK9Q2M4T7LP"


class Plant:
    """The tables of two deployments on one server; A's hold the fixtures."""

    def __init__(self, options, server, fixtures):
        self.options, self.server = options, server
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vams-ab-copy-", dir=options.folder))
        self.specs = json.loads((fixtures / "v2.4" / "_tables.json").read_text())
        self.remove_all()
        for table, spec in self.specs.items():
            for side in ("a", "b"):
                server.create(name_of(side, table), spec)
            data = fixtures / "v2.4" / f"{table}.json"
            for line in data.read_text().splitlines() if data.exists() else []:
                self.put("a", table, json.loads(line)["Item"])
        self.tables = sorted(self.specs)

    def remove_all(self):
        for name in self.server.call("ListTables", {})["TableNames"]:
            self.server.call("DeleteTable", {"TableName": name})

    def put(self, side, table, item):
        self.server.call("PutItem", {"TableName": name_of(side, table), "Item": item})

    def put_many(self, table, items):
        for begin in range(0, len(items), 25):
            self.server.call("BatchWriteItem", {"RequestItems": {name_of("a", table): [
                {"PutRequest": {"Item": item}} for item in items[begin:begin + 25]]}})

    def rows(self, side, table):
        return self.server.rows(name_of(side, table))

    def schema(self, tables=None, **more):
        path = self.folder / "MigrationSchema_v2.4_to_v2.4.json"
        path.write_text(json.dumps({
            "regionFrom": "us-east-1", "regionTo": "us-east-1", "VAMS_S3Bucket_Mapping": [],
            "VAMS_DynamoDBTable_Mapping": [
                {"tableDescriptor": table[0].lower() + table[1:],
                 "tables": {"from": name_of("a", table), "to": name_of("b", table)}, "attributes": []}
                for table in tables or self.tables], **more}))
        return path

    def copy(self, *arguments, status=0, schema=None, **environment):
        variables = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "VAMS_FAULT"))}
        variables |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "sesame-open",
                      "AWS_ENDPOINT_URL": self.server.url, "VAMS_HOME": str(self.folder / "home"),
                      "AWS_EC2_METADATA_DISABLED": "true", **environment}
        done = subprocess.run([self.options.vams, "ab", "copy", "--config", str(schema or self.schema()), *arguments],
                              env=variables, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL,
                              check=False)
        check("Sanitizer" not in done.stderr, done.stderr)
        check("sesame-open" not in done.stdout + done.stderr, "a secret was printed")
        check(done.returncode == status, f"ab copy {' '.join(arguments)} ended with {done.returncode}, not {status}: "
                                         f"{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def expect_same(self, tables=None):
        for table in tables or self.tables:
            check(self.rows("a", table) == self.rows("b", table), f"{table} is not the same")


def whole(plant):
    counted = json.loads(plant.copy("--dry-run", "--json"))
    check(counted["dryRun"] and len(counted["tables"]) == len(plant.tables), f"{counted}")
    check(all(not plant.rows("b", table) for table in plant.tables), "a dry run has written")
    done = json.loads(plant.copy("--json"))
    check(all(t["same"] and t["rows"] == t["present"] for t in done["tables"]), f"{done}")
    check(sum(t["rows"] for t in done["tables"]) == sum(t["rows"] for t in counted["tables"]) > 100, f"{done}")
    plant.expect_same()
    said = plant.copy(status=4)
    check("holds rows already" in said and "--resume" in said, said)
    done = json.loads(plant.copy("--resume", "--json"))
    check(all(t["same"] for t in done["tables"]), f"{done}")
    plant.expect_same()


def every_kind_of_value(plant):
    """As the wire has them: nothing is made of a number, a set or a byte that it was not."""
    plant.put("a", "TagStorageTable", {
        "tagName": {"S": "all kinds \u00e4\u6f22 \" \\ /"}, "empty": {"S": ""}, "number": {"N": "-123456789.000000000123"},
        "great": {"N": "99999999999999999999999999999999999999"}, "small": {"N": "1E-130"}, "yes": {"BOOL": True},
        "nothing": {"NULL": True}, "bytes": {"B": "AAECAwQF/w=="}, "texts": {"SS": ["b", "a"]},
        "numbers": {"NS": ["2", "10", "1"]}, "blobs": {"BS": ["AA==", "/w=="]},
        "deep": {"L": [{"M": {"x": {"L": [{"N": "1"}, {"M": {}}]}}}]}, "long": {"S": "x" * 300_000}})
    done = json.loads(plant.copy("--json", schema=plant.schema(["TagStorageTable"])))
    check(done["tables"][0]["same"], f"{done}")
    plant.expect_same(["TagStorageTable"])


def cut_off(plant):
    """Killed between two pages, then gone on with; a table that was done before is not disturbed."""
    plant.put_many("TagTypeStorageTable", [{"tagTypeName": {"S": f"kind {n:05}"}, "description": {"S": "x" * (n % 700)}}
                                           for n in range(MANY)])
    tables = ["TagStorageTable", "TagTypeStorageTable"]
    schema = plant.schema(tables)
    stopped = False
    for visit in (1, 2):
        for name in tables:
            for row in plant.rows("b", name):
                key = plant.specs[name]["partitionKey"]
                plant.server.call("DeleteItem", {"TableName": name_of("b", name), "Key": {key: json.loads(row)[key]}})
        process = subprocess.Popen(
            [plant.options.vams, "ab", "copy", "--config", str(schema)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"PATH": os.environ["PATH"], "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "x",
                 "AWS_ENDPOINT_URL": plant.server.url, "VAMS_HOME": str(plant.folder / "home"),
                 "AWS_EC2_METADATA_DISABLED": "true"})
        while process.poll() is None and not plant.rows("b", tables[1 if visit == 2 else 0]):
            pass
        process.send_signal(signal.SIGKILL if visit == 1 else signal.SIGINT)
        _, err = process.communicate(timeout=60)
        if process.returncode == 5:
            check("--resume" in err, f"it does not say how to go on: {err}")
        stopped = stopped or process.returncode in (5, -signal.SIGKILL)
        check(process.returncode in (0, 5, -signal.SIGKILL), f"ended with {process.returncode}: {err}")
        if process.returncode != 0 and plant.rows("b", tables[0]):
            check("--resume" in plant.copy(status=4, schema=schema), "what is half there is not refused")
        done = json.loads(plant.copy("--resume", "--json", schema=schema))
        check(all(t["same"] for t in done["tables"]), f"{done}")
        plant.expect_same(tables)
    check(stopped, "nothing was stopped")


def strangers(plant):
    """Rows of somebody else in the destination, which a copy that goes on does not remove."""
    plant.put("b", "TagStorageTable", {"tagName": {"S": "of somebody else"}})
    schema = plant.schema(["TagStorageTable", "TagTypeStorageTable"])
    plant.copy(status=4, schema=schema)
    check(not plant.rows("b", "TagTypeStorageTable"), "something was copied although one table was refused")
    said = plant.copy("--resume", status=6, schema=schema)
    check("DIFFERENT" in said and "TagStorageTable" in said, said)
    check("of somebody else" in "".join(plant.rows("b", "TagStorageTable")), "the row is gone")


def refused(plant):
    said = plant.copy(status=2, schema=plant.schema(["TagStorageTable", "NoSuchTable"]))
    check("NoSuchTable" in said, said)
    wrong = plant.schema(["TagStorageTable"])
    schema = json.loads(wrong.read_text())
    schema["VAMS_DynamoDBTable_Mapping"][0]["tables"]["to"] = name_of("b", "AssetStorageTable")
    wrong.write_text(json.dumps(schema))
    said = plant.copy(status=2, schema=wrong)
    check("other keys" in said and "vams migrate run" in said, said)
    said = plant.copy(status=4, schema=plant.schema(["TagStorageTable"]), AWS_ACCESS_KEY_ID="",
                      AWS_SECRET_ACCESS_KEY="")
    check("redential" in said, said)
    said = plant.copy(status=1, schema=plant.schema(["TagStorageTable"]), AWS_ENDPOINT_URL="http://127.0.0.1:1")
    check("127.0.0.1:1" in said, said)
    check(not plant.rows("b", "TagStorageTable"), "a refused copy has written")


def two_servers(plant):
    """Each side at an endpoint of its own."""
    schema = plant.schema(["TagStorageTable"])
    plant.copy("--endpoint-from", plant.server.url, "--endpoint-to", plant.server.url, schema=schema,
               AWS_ENDPOINT_URL="http://127.0.0.1:1")
    plant.expect_same(["TagStorageTable"])


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
        with tempfile.TemporaryDirectory(prefix="vams-aws-") as options.folder:
            return run_parts([(part.__name__.replace("_", " "),
                               lambda part=part: part(Plant(options, server, fixtures / "dynamodb")))
                              for part in (whole, every_kind_of_value, cut_off, strangers, refused, two_servers)])
    finally:
        server.process.kill()
        server.process.wait()


if __name__ == "__main__":
    sys.exit(main())
