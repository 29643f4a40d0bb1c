#!/usr/bin/env python3
"""Random lives of a stack, by the real binary: writes through the API, updates, rollbacks with and without what was
written, rehearsals, backups, a server that comes and goes, clients that write all the while; and kill -9 of the
command or of the server at random moments and at named points.

A model knows what was acknowledged.  At every station the stack has to hold just that: through the API where the
release serves the data, and in a dump where the data is older; what came with the fixtures has to be there row by
row.  Of a write without an answer either outcome will do, but from then on it stays.

Usage: random_lifecycle.py --vams BINARY [--fixtures FOLDER] [--source FOLDER] [--seed N] [--lives N] [--rounds N]
                           [--seconds N] [--version 2.2|2.3|2.4] [--verbose]
Long, by hand: --lives 30 --rounds 40 --seconds 7200.  The seed is printed; kills come at moments, so the same seed makes the same
choices, and not always the same failure.  A failure prints every step that led to it.
Exit status: 0 all as expected, 1 not, 77 no fixtures.
"""

import argparse
import collections
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent))

from lifecycle import PASSWORD, SKIPPED, Yard, check, first_line
from served import ADMIN

VERSIONS = ("2.2", "2.3", "2.4")
NEWEST = "2.5"
KILLED = -signal.SIGKILL
# Where a command and where a server may be killed.
COMMAND_POINTS = r"(update|operation|migrate|rollback|carry|lifecycle\.publish|lifecycle\.clone|items\.commit|backup)\."
SERVER_POINTS = r"(items\.commit|objects\.(blobs|packs|parts)|search|audit)\."
NOT_HERE = r"migrate\.(remote|index)\."
BURST = 12
COMMAND_LIMIT = 600


def points(source, pattern):
    names = set()
    for path in pathlib.Path(source).rglob("*.cc"):
        names.update(re.findall(r'VAMS_POINT\("([^"]+)"\)', path.read_text(encoding="utf-8")))
    return sorted(n for n in names if re.match(pattern, n) and not re.match(NOT_HERE, n))


class Facts:
    """What has to be there: of every thing that was ever written the values that it may have; None: it is not there."""

    def __init__(self):
        self.may, self.lock = {}, threading.Lock()

    def copy(self):
        other = Facts()
        other.may = {key: set(values) for key, values in self.may.items()}
        return other

    def now(self, key):
        """The value if it is sure."""
        values = self.may.get(key, {None})
        return next(iter(values)) if len(values) == 1 else None

    def known(self, kind):
        """The things of a kind that are surely there."""
        with self.lock:
            return sorted(k for k in self.may if k[0] == kind and self.now(k) is not None)

    def acknowledged(self, key, value):
        with self.lock:
            self.may[key] = {value}

    def unknown(self, key, value):
        with self.lock:
            self.may.setdefault(key, {None}).add(value)

    def settle(self, key, found, where):
        """What was found is what it is from here on."""
        allowed = self.may[key]
        check(found in allowed, f"{where}: {key} is {found!r} and has to be {' or '.join(map(repr, allowed))}")
        self.may[key] = {found}

    def go_back_to(self, before):
        """Everything is as it was; what was made since is not there."""
        for key in self.may:
            self.may[key] = set(before.may.get(key, {None}))

    def digest(self):
        return hashlib.sha256(repr(sorted((k, sorted(map(repr, v))) for k, v in self.may.items())).encode()).hexdigest()[:12]


def rows_of(content):
    """Tables have a row a line; the listing of objects is one document."""
    if content.startswith(b"["):
        return {json.dumps(entry).encode() for entry in json.loads(content)}
    return set(content.splitlines())


def expect_rows(before, after, but):
    """Every row is there, but those that this pattern is in."""
    for table, content in before.items():
        expected = {row for row in rows_of(content) if not re.search(but, row)}
        missing = expected - rows_of(after.get(table, b""))
        check(not missing, f"{table} lacks {len(missing)} rows, such as {sorted(missing)[:2]}")


class Refused(Exception):
    """The server takes no writes now, or is not there."""


class Writer:
    """One client.  Its requests go into the facts."""

    def __init__(self, yard, rng, name):
        self.yard, self.rng, self.name = yard, rng, name
        self.token, self.bucket, self.made = None, None, 0

    def ask(self, method, path, body=None):
        """Status and body; None when there was no answer."""
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.yard.port, timeout=60)
            try:
                fields = {"Authorization": "Bearer " + self.token} if self.token else {}
                content = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
                connection.request(method, path, content, fields)
                answer = connection.getresponse()
                return answer.status, answer.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException):
            return None

    def get(self, path):
        answer = self.ask("GET", path)
        if answer is None or answer[0] in (401, 403, 503):
            self.token = None
            raise Refused(path)
        check(answer[0] == 200, f"GET {path}: {answer[0]} {answer[1][:300]}")
        return json.loads(answer[1])

    def sign_in(self):
        self.token = None
        answer = self.ask("POST", "/auth/login", {"userId": ADMIN, "password": PASSWORD})
        if answer is None or answer[0] == 503:
            raise Refused("sign-in")
        check(answer[0] == 200, f"sign-in: {answer}")
        self.token = json.loads(answer[1])["accessToken"]
        self.bucket = self.get("/buckets")["Items"][0]["bucketId"]

    def write(self, key, value, method, path, body=None):
        answer = self.ask(method, path, body)
        if answer is not None and answer[0] == 200:
            self.yard.facts.acknowledged(key, value)
            return json.loads(answer[1])
        # Nothing was done.  A server that begins with data that it has not served before answers before its
        # administrator has the role.
        if answer is not None and answer[0] in (401, 403):
            self.token = None
            raise Refused(path)
        self.yard.facts.unknown(key, value)
        if answer is None or answer[0] == 503:
            raise Refused(path)
        # After an outcome that nobody knows, the next one may be refused: it exists already, or is gone.
        # So it is told of an upload whose files could not be stored while writes were held back.
        check(answer[0] in (400, 404, 409), f"{method} {path} {body}: {answer[0]} {answer[1][:300]}")
        raise Refused(f"{method} {path}: {answer[1].decode()[:120]}")

    def mine(self, kind):
        """Two clients that change one thing at once would leave it to chance which one is the last."""
        return [key for key in self.yard.facts.known(kind) if f"-{self.name}-" in key[1]]

    def fresh(self, what):
        self.made += 1
        return f"{what}-{self.name}-{self.made}"

    def words(self):
        return f"text {self.rng.randrange(1_000_000)}"

    # ---- What it writes

    def tag_type(self):
        name, text = self.fresh("kind"), self.words()
        self.write(("type", name), text, "POST", "/tag-types", {"tagTypeName": name, "description": text})

    def tag(self):
        kinds = self.yard.facts.known("type")
        if not kinds:
            return self.tag_type()
        name, text, kind = self.fresh("tag"), self.words(), self.rng.choice(kinds)[1]
        return self.write(("tag", name), text, "POST", "/tags",
                          {"tagName": name, "description": text, "tagTypeName": kind})

    def change_tag(self):
        tags, kinds = self.mine("tag"), self.yard.facts.known("type")
        if not tags or not kinds:
            return self.tag()
        name, text = self.rng.choice(tags)[1], self.words()
        return self.write(("tag", name), text, "PUT", "/tags",
                          {"tagName": name, "description": text, "tagTypeName": self.rng.choice(kinds)[1]})

    def remove_tag(self):
        tags = self.mine("tag")
        if not tags:
            return self.tag()
        name = self.rng.choice(tags)[1]
        return self.write(("tag", name), None, "DELETE", f"/tags/{name}")

    def database(self):
        name, text = self.fresh("base"), self.words()
        self.write(("database", name), text, "POST", "/database",
                   {"databaseId": name, "description": text, "defaultBucketId": self.bucket})

    def change_database(self):
        databases = self.mine("database")
        if not databases:
            return self.database()
        name, text = self.rng.choice(databases)[1], self.words()
        return self.write(("database", name), text, "PUT", f"/database/{name}", {"description": text})

    def asset(self):
        databases = self.mine("database")
        if not databases:
            return self.database()
        base, name, text = self.rng.choice(databases)[1], self.fresh("asset"), self.words()
        return self.write(("asset", base, name), text, "POST", "/assets",
                          {"databaseId": base, "assetId": name, "assetName": name, "description": text,
                           "isDistributable": True, "tags": ["lifting"]})

    def some_asset(self):
        assets = self.mine("asset")
        return self.rng.choice(assets)[1:] if assets else None

    def change_asset(self):
        if (found := self.some_asset()) is None:
            return self.asset()
        text = self.words()
        return self.write(("asset", *found), text, "PUT", f"/database/{found[0]}/assets/{found[1]}",
                          {"description": text})

    def file(self):
        if (found := self.some_asset()) is None:
            return self.asset()
        base, asset = found
        path, content = f"{self.rng.randrange(4)}.bin", self.rng.randbytes(self.rng.choice((10, 3000, 200_000)))
        key, value = ("file", base, asset, path), hashlib.sha256(content).hexdigest()
        which = {"databaseId": base, "assetId": asset, "uploadType": "assetFile"}
        begun = self.ask("POST", "/uploads",
                         {**which, "files": [{"relativeKey": path, "file_size": len(content), "num_parts": 1}]})
        if begun is None or begun[0] != 200:
            raise Refused("/uploads")
        begun = json.loads(begun[1])
        part = begun["files"][0]["partUploadUrls"][0]
        at = urllib.parse.urlsplit(part["UploadUrl"])
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.yard.port, timeout=60)
            try:
                connection.request("PUT", f"{at.path}?{at.query}", content)
                answer = connection.getresponse()
                answer.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise Refused("PUT") from error
        if answer.status != 200:
            raise Refused(f"PUT: {answer.status}")
        ended = {"PartNumber": 1, "ETag": answer.headers["ETag"].strip('"')}
        said = self.write(key, value, "POST", f"/uploads/{begun['uploadId']}/complete",
                          {**which, "files": [{"relativeKey": path, "uploadIdS3": begun["files"][0]["uploadIdS3"],
                                               "parts": [ended]}]})
        check(said["overallSuccess"], f"the upload failed: {said}")
        return said

    def version(self):
        files = self.mine("file")
        if not files:
            return self.file()
        base, asset = self.rng.choice(files)[1:3]
        comment, alias = self.fresh("version"), self.fresh("alias")
        return self.write(("version", base, asset, comment), alias, "POST",
                          f"/database/{base}/assets/{asset}/createVersion",
                          {"useLatestFiles": True, "comment": comment, "versionAlias": alias})

    def metadata(self):
        if (found := self.some_asset()) is None:
            return self.asset()
        name, value = f"key{self.rng.randrange(3)}", self.words()
        return self.write(("metadata", *found, name), value, "POST",
                          f"/database/{found[0]}/assets/{found[1]}/metadata",
                          {"metadata": [{"metadataKey": name, "metadataValue": value}]})

    KINDS = (tag_type, tag, tag, change_tag, remove_tag, database, change_database, asset, asset, change_asset, file,
             file, version, version, metadata, metadata)

    def once(self):
        if self.token is None:
            self.sign_in()
        self.rng.choice(self.KINDS)(self)

    def until(self, done):
        """As a thread: goes on whatever the server does."""
        while not done.is_set():
            try:
                self.once()
            except Refused:
                time.sleep(0.05)

    # ---- What it reads

    def pages(self, path, items):
        found, more = [], ""
        while True:
            sign = "&" if "?" in path else "?"
            page = items(self.get(f"{path}{sign}maxItems=500&pageSize=500{more}"))
            found += page["Items"]
            if not page.get("NextToken"):
                return found
            more = "&startingToken=" + urllib.parse.quote(page["NextToken"])

    def bytes_of(self, base, asset, path):
        answer = self.ask("GET", f"/database/{base}/assets/{asset}/download/stream/{path}")
        if answer is None or answer[0] in (401, 503):
            raise Refused(path)
        return hashlib.sha256(answer[1]).hexdigest() if answer[0] == 200 else None

    def everything(self, keys):
        """The values of these things as the API tells them."""
        found = {("type", t["tagTypeName"]): t["description"]
                 for t in self.pages("/tag-types", lambda a: a["message"])}
        found.update({("tag", t["tagName"]): t["description"] for t in self.pages("/tags", lambda a: a["message"])})
        found.update({("database", d["databaseId"]): d["description"] for d in self.pages("/database", lambda a: a)})
        for base in sorted({k[1] for k in keys if k[0] == "asset" and ("database", k[1]) in found}):
            for asset in self.pages(f"/database/{base}/assets", lambda a: a):
                found[("asset", base, asset["assetId"])] = asset["description"]
        for key in keys:
            if key[0] not in ("version", "metadata", "file") or ("asset", *key[1:3]) not in found:
                continue
            at = f"/database/{key[1]}/assets/{key[2]}"
            if key[0] == "file":
                found[key] = self.bytes_of(*key[1:])
            elif key[0] == "version" and key not in found:
                for version in self.get(f"{at}/getVersions?maxItems=500&pageSize=500")["versions"]:
                    found[("version", *key[1:3], version["Comment"])] = version["versionAlias"]
            elif key not in found:
                for row in self.get(f"{at}/metadata")["metadata"]:
                    found[("metadata", *key[1:3], row["metadataKey"])] = row["metadataValue"]
        return found


class Life(Yard):
    def __init__(self, vams, fixtures, version, rng, options):
        super().__init__(vams, fixtures, version)
        self.rng, self.log, self.verbose = rng, [], options.verbose
        self.command_points = points(options.source, COMMAND_POINTS)
        self.server_points = points(options.source, SERVER_POINTS)
        self.facts, self.snapshot = Facts(), None
        self.writers = [Writer(self, random.Random(rng.random()), name) for name in ("a", "b")]
        self.newer = None  # what came with the fixtures, as the first update made it
        self.took = collections.defaultdict(lambda: 4.0)
        self.moved = None  # what brought the stack where it is
        self.kills = self.stations = 0
        self.disturbed, self.broken = False, []  # of the command under way

    def __exit__(self, *gone):
        if self.process is not None:
            self.process.kill()
        super().__exit__(*gone)

    def note(self, text):
        self.log.append(text)
        if self.verbose:
            print(f"    {text}", flush=True)

    @property
    def at(self):
        return self.show()["dataVersion"]

    # ---- The server

    def up(self, may_fail=True):
        """Serves, unless it does; sometimes with a point at which it will be killed."""
        if self.process is not None and self.process.poll() is None:
            return
        self.down()
        fault = None
        if may_fail and self.rng.random() < 0.25:
            fault = f"{self.rng.choice(self.server_points)}:{self.rng.choice((1, 2, 5, 20, 60))}=kill"
        log = self.folder / f"stderr.{len(self.logs)}"
        self.logs.append(log)
        environment = {**self.environment, **({"VAMS_FAULT": fault} if fault else {})}
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(
                [self.vams, "serve", "--stack", "yard", "--listen", f"127.0.0.1:{self.port or 0}"],
                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        said, found = first_line(self.process, r" answers at (https?)://127\.0\.0\.1:(\d+)")
        if found:
            self.port = int(found.group(2))
            self.note(f"a server{' that dies at ' + fault if fault else ''}")
            return
        check(fault, f"the server ended: {said}{log.read_text()[-3000:]}")
        self.note(f"a server died at {fault} while it started")
        self.kills += 1
        self.down()
        self.up(False)

    def down(self, number=signal.SIGKILL):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.note(f"the server gets {signal.Signals(number).name}")
        code = self.stop(number)
        check(code in (0, KILLED), f"the server ended with {code}: {self.logs[-1].read_text()[-3000:]}")
        self.kills += code == KILLED
        errors = self.logs[-1].read_text()
        check("Sanitizer" not in errors, f"a sanitizer's report: {errors[-3000:]}")

    # ---- Commands

    def operate(self, *arguments, codes=(0,), calm=False):
        """A command that is killed now and then.  Its exit status."""
        kind, environment, delay, how = arguments[0], dict(self.environment), None, ""
        chance = 1.0 if calm else self.rng.random()
        if chance < 0.25:
            fault = f"{self.rng.choice(self.command_points)}:{self.rng.choice((1, 1, 1, 2, 3, 8))}=kill"
            environment["VAMS_FAULT"], how = fault, f", killed at {fault}"
        elif chance < 0.45:
            delay = self.rng.uniform(0.05, 1.2 * self.took[kind])
            how = f", killed after {delay:.2f} s"
        begin = time.monotonic()
        self.note(f"vams {' '.join(arguments)}{how}")
        process = subprocess.Popen([self.vams, *arguments], env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate(timeout=delay or COMMAND_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            check(delay is not None, f"{arguments} took longer than {COMMAND_LIMIT} s: {out}{err}")
        code = process.returncode
        check("Sanitizer" not in err, f"a sanitizer's report: {err[-3000:]}")
        self.note(f"  ended with {code} after {time.monotonic() - begin:.1f} s"
                  f"{': ' + err.strip().splitlines()[-1][:300] if code not in (0, KILLED) and err.strip() else ''}")
        if code == 0:
            self.took[kind] = time.monotonic() - begin
        if code == KILLED:
            self.kills += 1
            return code
        disturbed = bool(how) or self.disturbed
        check(code in codes or disturbed and code in (1, 3, 4, 5, 6), f"{arguments} ended with {code}: {out}{err}")
        return code

    @contextlib.contextmanager
    def traffic(self):
        """Clients write meanwhile, and the server may be killed."""
        self.disturbed = False
        if self.process is None or self.process.poll() is not None or self.rng.random() < 0.4:
            self.disturbed = self.process is not None
            yield
            return
        done = threading.Event()
        threads = [threading.Thread(target=self.guard, args=(writer, done)) for writer in self.writers]
        timer = None
        if self.rng.random() < 0.35:
            delay = self.rng.uniform(0.1, 8)
            timer = threading.Timer(delay, self.process.kill)
            self.note(f"the server will be killed after {delay:.2f} s")
        self.note("clients write meanwhile")
        self.disturbed, self.broken = True, []
        for thread in (*threads, *([timer] if timer else [])):
            thread.start()
        try:
            yield
        finally:
            done.set()
            if timer:
                timer.cancel()
            for thread in threads:
                thread.join(120)
        check(not self.broken, f"a client: {self.broken}")

    def guard(self, writer, done):
        try:
            writer.until(done)
        except Exception as error:
            self.broken.append(repr(error))

    def update_once(self, calm=False):
        before, facts = self.at, self.facts.copy()
        with self.traffic():
            code = self.operate("update", *self.options(), calm=calm)
        after = self.at
        check(code != 0 or after == NEWEST, f"an update ended with 0 at {after}")
        check(code not in (1, 3, 4) or after == before or self.disturbed, f"ended with {code}, and is at {after}")
        if before != NEWEST and after == NEWEST:
            self.snapshot, self.moved = facts, "update"
        elif before == NEWEST and after != NEWEST:
            self.moved = "rollback"  # an update that was left behind its switch was taken back
        return code

    def roll_back(self, discard=False, calm=False):
        before = self.at
        more = ("--discard-writes",) if discard else ()
        if discard:
            code = self.operate("rollback", "--stack", "yard", *more, calm=calm)
            self.resolve()
        else:
            with self.traffic():
                code = self.operate("rollback", "--stack", "yard", calm=calm)
        after = self.at
        check(code != 0 or after != before, f"a rollback ended with 0 at {after}")
        if after == before:
            return code
        if discard:
            self.facts.go_back_to(self.snapshot)
        self.moved = "rollback"
        return code

    def resolve(self):
        """What was interrupted is finished or undone."""
        self.disturbed = True  # what the looks at the service find may be the doing of a server that dies
        self.operate("verify", "--stack", "yard", calm=True)
        states = {o["operation"]: o["state"] for o in self.history()["operations"]}
        left = [o for o, state in states.items() if state in ("running", "interrupted")]
        check(not left, f"operations are left without an end: {left} of {states}")

    def burst(self):
        self.up()
        writer, done, why = self.rng.choice(self.writers), 0, set()
        for _ in range(self.rng.randrange(1, BURST)):
            try:
                writer.once()
                done += 1
            except Refused as refused:
                why.add(str(refused))
                if self.process.poll() is not None:
                    self.up(False)
        self.note(f"{done} writes{'; refused: ' + ', '.join(sorted(why)) if why else ''}")

    # ---- Stations

    def look(self):
        """The stack has to hold what the model says."""
        self.stations += 1
        version = self.at
        if version == NEWEST:
            self.look_through_api()
        else:
            self.look_at_dump(version)
        self.note(f"station {self.stations}: {version}, {len(self.facts.may)} things, digest {self.facts.digest()}")

    def look_through_api(self):
        writer = self.writers[0]
        end = time.monotonic() + 120
        while True:
            self.up(False)
            try:
                writer.sign_in()
                keys = sorted(self.facts.may)
                found = writer.everything(keys)
                break
            except Refused as refused:
                check(time.monotonic() < end, f"the server does not answer: {refused}")
                time.sleep(0.1)
        for key in keys:
            self.facts.settle(key, found.get(key), "through the API")
        self.look_at_fixtures()
        ours = {k[1] for k in keys if k[0] == "database"}
        strangers = [k for k in found if k[0] == "asset" and k[1] in ours and k not in self.facts.may]
        check(not strangers, f"nobody made these: {strangers}")

    def look_at_fixtures(self):
        """In the new shape, row by row, however often they went there and back."""
        dump = self.dump()
        self.newer = self.newer or dump
        expect_rows(self.newer, dump, rb"-[ab]-\d|vams-service-check")

    def look_at_dump(self, version):
        self.down(self.rng.choice((signal.SIGTERM, signal.SIGKILL)))
        dump, found = self.dump(), {}
        # The release brings its own defaults of these rules to the newer data.
        expect_rows(self.before, dump, rb'"initial_')

        def rows(table):
            for line in dump.get(f"{table}.json", b"").splitlines():
                yield {name: next(iter(value.values())) for name, value in json.loads(line)["Item"].items()}

        found.update({("type", r["tagTypeName"]): r["description"] for r in rows("TagTypeStorageTable")})
        found.update({("tag", r["tagName"]): r["description"] for r in rows("TagStorageTable")})
        found.update({("database", r["databaseId"]): r["description"] for r in rows("DatabaseStorageTable")})
        found.update({("asset", r["databaseId"], r["assetId"]): r["description"] for r in rows("AssetStorageTable")})
        versions = {(r["assetId"], r.get("comment")) for r in rows("AssetVersionsStorageTable")}
        for key in sorted(self.facts.may):
            if key[0] in ("type", "tag", "database", "asset"):
                self.facts.settle(key, found.get(key), f"at {version}")
            elif key[0] == "version":
                # The older shape knows no alias, so it is told by the next look at the newest one.
                there = (key[2], key[3]) in versions
                allowed = {value is not None for value in self.facts.may[key]}
                check(there in allowed, f"at {version}: {key} is {'' if there else 'not '}there")
                self.facts.may[key] = {v for v in self.facts.may[key] if (v is not None) == there}

    # ---- What happens next

    def next(self):
        self.disturbed = self.process is not None
        if self.at == NEWEST:
            chance = self.rng.random()
            if chance < 0.45:
                self.burst()
            elif chance < 0.75:
                self.roll_back(discard=self.moved == "update" and self.rng.random() < 0.25)
            elif chance < 0.85:
                self.operate("backup", "create", "--stack", "yard")
            elif chance < 0.92:
                self.down(self.rng.choice((signal.SIGTERM, signal.SIGKILL)))
            else:
                self.update_once()
            return
        chance = self.rng.random()
        if chance < 0.2:
            self.up()
        elif chance < 0.3:
            self.operate("rehearse", *self.options())
        elif chance < 0.4 and self.moved == "rollback":
            self.roll_back()  # the rollback itself is undone
        else:
            self.update_once()

    def live(self, rounds, end):
        """At least up, writes, down and up again; then whatever comes."""
        self.up()
        self.until(NEWEST, self.update_once)
        self.look()
        self.burst()
        self.look()
        self.until(self.version, self.roll_back)
        self.look()
        done = 0
        while done < rounds and time.monotonic() < end:
            done += 1
            self.next()
            if self.rng.random() < 0.7:
                self.look()
        self.down(signal.SIGTERM)
        self.resolve()
        self.look()
        self.until(NEWEST, lambda: self.update_once(calm=True))
        self.look()
        self.disturbed = False
        self.operate("verify", "--stack", "yard", calm=True)
        return done

    def until(self, version, work):
        """A command that was killed is typed again."""
        for _ in range(8):
            if self.at == version:
                return
            work()
        self.down()
        (self.update_once if version == NEWEST else self.roll_back)(calm=True)
        check(self.at == version, f"nothing was killed, and it is at {self.at}")


def main():
    parser = argparse.ArgumentParser(description="Random lives of a stack.")
    parser.add_argument("--vams", required=True)
    parser.add_argument("--fixtures")
    parser.add_argument("--source", default=str(HERE.parents[2] / "src"))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--lives", type=int, default=1, help="of data of one version after the other")
    parser.add_argument("--rounds", type=int, default=8, help="of each life, at most")
    parser.add_argument("--seconds", type=float, default=50, help="after which no further step is begun")
    parser.add_argument("--version", choices=VERSIONS, help="the data that every life begins with")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    fixtures = options.fixtures or os.environ.get("VAMS_FIXTURES")
    fixtures = pathlib.Path(fixtures or HERE.parents[3] / "shared" / "fixtures") / "dynamodb"
    if not fixtures.is_dir():
        print(f"there are no fixtures in {fixtures}; set VAMS_FIXTURES to their folder")
        return SKIPPED
    print(f"seed {options.seed}", flush=True)
    rng = random.Random(options.seed)
    vams, begin = str(pathlib.Path(options.vams).resolve()), time.monotonic()
    versions = []
    while len(versions) < options.lives:
        versions += [options.version] if options.version else rng.sample(VERSIONS, len(VERSIONS))
    for number, version in enumerate(versions[:options.lives]):
        end = begin + options.seconds * (number + 1) / options.lives
        if number > 0 and time.monotonic() >= begin + options.seconds:
            print(f"{options.seconds:.0f} s are over")
            break
        life = Life(vams, fixtures, version, random.Random(rng.random()), options)
        with life:
            try:
                done = life.live(options.rounds, end)
            except Exception as error:
                print(f"from {version}: FAILED: {type(error).__name__}: {error}\n  the way there:")
                print("\n".join(f"    {line}" for line in life.log))
                for log in life.logs[-2:]:
                    print(f"  --- {log.name}\n{log.read_text()[-2000:]}")
                return 1
        print(f"from {version}: {done} rounds, {life.stations} stations, {life.kills} kills, {len(life.facts.may)} "
              f"things, as expected ({time.monotonic() - begin:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
