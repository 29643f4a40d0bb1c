#!/usr/bin/env python3
"""`vams migrate … --config FILE --opensearch-url URL` as an operator types it, on DynamoDB Local and a real OpenSearch node:
the tables of a VAMS 2.2 and of a 2.3, the files that upstream's own scripts read, and the indexes of the older release.

  2.2 -> 2.3 and 2.3 -> 2.4: plan (writes nothing), run (killed while it fills, then again, and once more), verify, a
  document lost, reindex, reverse; an index of other software under the name; a document that the server refuses: the node
  is made of the server's own libraries, which have no shapes (they come as a module), and one asset has a polygon.

Usage: migrate_opensearch.py --vams BINARY --source FOLDER [--fixtures FOLDER]
Exit status: 0 all as expected, 1 not, 77 no fixtures or no node (tools/fetch_opensearch).
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from migrate_aws import Server, check, physical
from opensearch_served import VERSION, Node

SKIPPED = 77


class Search:
    def __init__(self, node):
        self.node = node

    @property
    def url(self):
        return self.node.url

    def call(self, method, path, body=None):
        request = urllib.request.Request(self.url + path, None if body is None else json.dumps(body).encode(),
                                         {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def names(self):
        return sorted(name for name in self.call("GET", "/_alias") if not name.startswith("."))

    def documents(self, index):
        self.call("POST", f"/{index}/_refresh")
        hits = self.call("POST", f"/{index}/_search", {"size": 1000})["hits"]["hits"]
        return {hit["_id"]: hit["_source"] for hit in hits}

    def ids(self, index, query):
        hits = self.call("POST", f"/{index}/_search", {"size": 1000, "query": query})["hits"]["hits"]
        return sorted(hit["_id"] for hit in hits)

    def remove_all(self):
        for name in self.names():
            self.call("DELETE", f"/{name}")


class Operator:
    def __init__(self, options, server, search, folder, version, config):
        self.options, self.server, self.search, self.folder = options, server, search, folder
        self.config = folder / "config.json"
        self.config.write_text(json.dumps({**config, "aws_region": "us-east-1"}))
        self.more = ["--opensearch-url", search.url, "--no-lock", "--table",
                     f"AssetStorageTable={physical('AssetStorageTable')}", "--objects-listing",
                     str(options.fixtures / "dynamodb" / version / "_s3-objects.json")]

    def vams(self, *arguments, fault=None):
        variables = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "VAMS_"))}
        variables |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "sesame-open",
                      "AWS_ENDPOINT_URL": self.server.url, "VAMS_HOME": str(self.folder / "home"),
                      "AWS_EC2_METADATA_DISABLED": "true", **({"VAMS_FAULT": fault} if fault else {})}
        command = [self.options.vams, "migrate", arguments[0], "--config", str(self.config), *self.more, *arguments[1:]]
        done = subprocess.run(command, env=variables, capture_output=True, timeout=300, stdin=subprocess.DEVNULL)
        out, err = done.stdout.decode(), done.stderr.decode()
        check("Sanitizer" not in err, err)
        check("sesame-open" not in out + err, f"a secret was printed: {out} {err}")
        return done.returncode, out, err

    def expect(self, code, *arguments, fault=None):
        got, out, err = self.vams(*arguments, fault=fault)
        check(got == code, f"vams migrate {' '.join(arguments)} ended with {got}: {out} {err}")
        check(fault is None or "migrated with" not in out, f"was killed and said: {out}")
        return out, err

    def killed_and_resumed(self, code, *arguments):
        for point in ("migrate.index.before_place", "migrate.index.filled",
                      "migrate.index.before_proved"):
            self.expect(-signal.SIGKILL, *arguments, fault=f"{point}=kill")
        return self.expect(code, *arguments)


def deploy(server, fixtures, tables_of, data_of):
    for name in server.call("ListTables", {})["TableNames"]:
        server.call("DeleteTable", {"TableName": name})
    specs = json.loads((fixtures / "dynamodb" / tables_of / "_tables.json").read_text())
    for table, spec in specs.items():
        server.create(physical(table), spec)
        data = fixtures / "dynamodb" / data_of / f"{table}.json"
        for line in data.read_text().splitlines() if data.exists() else []:
            server.call("PutItem", {"TableName": physical(table), "Item": json.loads(line)["Item"]})


def without_polygons(server):
    """Mends what the server refuses; the place stays a point."""
    for row in map(json.loads, server.rows(physical("MetadataStorageTable"))):
        for name, value in row.items():
            if "polygons" in value.get("S", ""):
                location = json.loads(value["S"])
                location["polygons"]["features"] = []
                mended = {**row, name: {"S": json.dumps(location)}}
                server.call("PutItem", {"TableName": physical("MetadataStorageTable"), "Item": mended})


def assets_in(server):
    return {f"{row['databaseId']['S']}#{row['assetId']['S']}"
            for row in map(json.loads, server.rows(physical("AssetStorageTable")))}


def from_22_to_23(operator, server, search):
    search.call("PUT", "/assets1236/_doc/crane?refresh=true", {"_rectype": "asset", "str_assetname": "Crane", "str_key": "x"})
    before, run = server.contents(), ("run",)

    out, _ = operator.expect(0, "plan")
    check("vams-assets-v1" in out and "would be created" in out and "2.1 or 2.2" in out, out)
    check(search.names() == ["assets1236"], f"a plan has made {search.names()}")

    search.call("PUT", "/vams-files-v1", {"mappings": {"properties": {"title": {"type": "text"}}}})
    _, err = operator.expect(4, *run)
    check("vams-files-v1" in err and "no index of a known release" in err, err)
    check(search.names() == ["assets1236", "vams-files-v1"], f"a refused run has made {search.names()}")
    search.call("DELETE", "/vams-files-v1")

    operator.expect(-signal.SIGKILL, *run, fault="migrate.index.created=kill")
    out, err = operator.killed_and_resumed(1, *run)
    check("read again as they were made" in out and "assetIndexName" in out and "assets1236" in out, out)
    check("refused 1 document" in err and "geo_shape" in err and "vams migrate reindex" in err, err)
    check(server.contents() == before, "the tables of 2.2 have changed")
    check(len(search.documents("vams-assets-v1")) == len(assets_in(server)) - 1, "more than one document is missing")
    without_polygons(server)
    before = server.contents()
    operator.expect(-signal.SIGKILL, "reindex", fault="migrate.index.place=kill")
    operator.expect(0, "reindex")
    assets, files = search.documents("vams-assets-v1"), search.documents("vams-files-v1")
    check(set(assets) == assets_in(server), f"assets: {sorted(assets)}")
    check(files and all(i.startswith(f"{d['str_databaseid']}#{d['str_assetid']}#/") for i, d in files.items()), files)
    check(not any("MD_" in d or "AB_" in d for d in [*assets.values(), *files.values()]), "a flat object of 2.4")
    mapping = search.call("GET", "/vams-assets-v1")["vams-assets-v1"]["mappings"]["properties"]
    found = sorted(name for name in mapping if name.startswith("MD_"))
    check(found and all(mapping[n]["type"] == {"num": "double", "str": "text"}.get(n.split("_")[1], mapping[n]["type"])
                        for n in found), f"{found}: {mapping}")
    check(search.ids("vams-files-v1", {"term": {"str_fileext.keyword": "e57"}}), "no file is found by its extension")
    check(len(search.documents("assets1236")) == 1, "the old index has changed")

    out, _ = operator.expect(0, *run)
    check("nothing was" in out, f"a second run said: {out}")
    out, _ = operator.expect(0, "verify")
    check("is proved" in out and "documents in vams-assets-v1" in out, out)
    lost = sorted(files)[0]
    search.call("DELETE", f"/vams-files-v1/_doc/{urllib.parse.quote(lost, safe='')}")
    out, _ = operator.expect(6, "verify")
    check(lost in out, out)
    operator.expect(0, "reindex")
    check(search.documents("vams-files-v1") == files, "the reindex made other documents")

    out, _ = operator.expect(0, "reverse")
    old = search.documents("assets1236")
    check("crane" in old or len(old) > 1, f"{sorted(old)}: {out}")
    check(sorted({d.get("_rectype") for d in old.values()}) == ["asset", "s3object"], f"{old}")
    check(server.contents() == before, "gone back, but different")


def from_23_to_24(operator, server, search):
    for index, field in (("vams-assets-v1", "bool_isdistributable"), ("vams-files-v1", "str_key")):
        search.call("PUT", f"/{index}", {"mappings": {"properties": {
            "MD_str_maker": {"type": "text"}, field: {"type": "boolean" if field[0] == "b" else "text"}}}})
    before, run = server.contents(), ("run", "--ambiguous", "quarantine")

    out, _ = operator.expect(0, "plan")
    check("an index of assets of 2.3" in out and "would be created" in out, out)
    check(search.names() == ["vams-assets-v1", "vams-files-v1"], f"a plan has made {search.names()}")
    check(server.contents() == before, "a plan has changed the tables")

    out, _ = operator.killed_and_resumed(0, *run)
    check("read again as they were made" in out, out)
    assets, files = search.documents("vams-assets-v2"), search.documents("vams-files-v2")
    check(set(assets) == assets_in(server), f"assets: {sorted(assets)}")
    rows = [json.loads(r) for r in server.rows(physical("AssetFileMetadataStorageTableV2"))]
    told = {f"{i}:{key}" for documents in (assets, files) for i, d in documents.items() for key in d.get("MD_", {})
            if not key.startswith("s3_")}
    wanted = set()
    for row in rows:
        database, asset, path = row["databaseId:assetId:filePath"]["S"].split(":", 2)
        value = row.get("metadataValue", {}).get("S", "")
        place = f"{database}#{asset}" if path == "/" else f"{database}#{asset}#{path}"
        if value and (place in assets or place in files):
            wanted.add(f"{place}:{row['metadataKey']['S']}")
    check(wanted and wanted <= told, f"not in the documents: {sorted(wanted - told)}")
    check(search.call("GET", "/vams-files-v2")["vams-files-v2"]["mappings"]["properties"]["AB_"]["type"] == "flat_object",
          "AB_ is no flat object")
    one = sorted(wanted)[0]
    key = one.rsplit(":", 1)[1]
    check(search.ids("vams-assets-v2,vams-files-v2", {"exists": {"field": f"MD_.{key}"}}), f"MD_.{key} finds nothing")

    out, _ = operator.expect(0, *run)
    check("nothing was" in out, f"a second run said: {out}")
    out, _ = operator.expect(0, "verify")
    check("is proved" in out, out)

    search.call("DELETE", "/vams-files-v1")
    out, _ = operator.killed_and_resumed(0, "reverse")
    check(set(search.documents("vams-assets-v1")) == assets.keys(), f"assets of 2.3: {out}")
    check(search.documents("vams-files-v1").keys() == files.keys(), f"files of 2.3: {out}")
    check(search.documents("vams-assets-v2") == assets, "the newer index has changed")
    different = [t for t in before if server.contents().get(t) != before[t]]
    check(not different, f"gone back, but different: {different}: {out}")


def scenes(options, server, search):
    fixtures = options.fixtures
    deploy(server, fixtures, "v2.3", "v2.2")
    with tempfile.TemporaryDirectory(prefix="vams-search-") as folder:
        config = {"function_name": "YOUR_REINDEXER", "operation": "both", "clear_indexes": True, "dry_run": False}
        from_22_to_23(Operator(options, server, search, pathlib.Path(folder), "v2.2", config), server, search)
    search.remove_all()
    deploy(server, fixtures, "v2.4", "v2.3")
    names = {"auth_entities_table_name": "AuthEntitiesTable", "constraints_table_name": "ConstraintsStorageTable",
             "old_metadata_table_name": "MetadataStorageTable",
             "new_metadata_table_name": "AssetFileMetadataStorageTableV2",
             "old_metadata_schema_table_name": "MetadataSchemaStorageTable",
             "new_metadata_schema_table_name": "MetadataSchemaStorageTableV2"}
    with tempfile.TemporaryDirectory(prefix="vams-search-") as folder:
        config = {**{key: physical(table) for key, table in names.items()}, "reindexer_function_name": "not-called",
                  "clear_indexes_before_reindex": False, "delete_old_data": False, "dry_run": False}
        from_23_to_24(Operator(options, server, search, pathlib.Path(folder), "v2.3", config), server, search)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--fixtures")
    options = parser.parse_args()
    source = pathlib.Path(options.source).resolve()
    options.fixtures = pathlib.Path(options.fixtures or os.environ.get("VAMS_FIXTURES") or
                                    source.parents[1] / "shared/fixtures")
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "vams" / VERSION
    if not (options.fixtures / "dynamodb").is_dir() or not cache.is_dir() or shutil.which("java") is None:
        print(f"no fixtures in {options.fixtures} (VAMS_FIXTURES), or no node in {cache} (run tools/fetch_opensearch)")
        return SKIPPED
    node, server = Node(), None
    try:
        server = Server(source)
        node.start()
        scenes(options, server, Search(node))
    except AssertionError as error:
        print(f"FAILED: {error}")
        return 1
    finally:
        if server is not None:
            server.process.kill()
            server.process.wait()
        node.remove()
    print("as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main())
