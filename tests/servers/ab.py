#!/usr/bin/env python3
"""A/B deployments with the built binary: a stack is moved to its replacement and back while clients read and write.

On one host: four readers and four writers ask the public address all the time, with connections of their own and with
kept ones, while the standby copies, follows, is compared, takes over, gives back, and takes over again.  No read may
fail or be refused, every write that was acknowledged has to be there afterwards on whichever side serves, and who was
signed in still is.  Writes may be refused with 503 for a moment; how long is printed, and bounded generously.

Then every named point of the way is visited with kill -9, and the next start or command finishes or undoes it: at no
time do both sides take writes, and nothing acknowledged is lost.

Then sides are lost: a disk is not there, a store is damaged, a machine is down; the other one goes on alone, and what
comes back does not serve beside it.

Then data of an older version, and two homes at two addresses of this machine, 127.0.0.1 and 127.0.0.2, which know each
other by HTTP alone.

Usage: ab.py --vams BINARY
Exit status: 0 all as expected, 1 not.
"""

import argparse
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from served import check, first_line, run_parts, stop

ADMIN, PASSWORD = "administrator", "Correct-horse-7"
LONGEST_PAUSE = 20  # seconds, of a slow machine under sanitizers; the aim is one
PATIENCE = 120


def free_port(host="127.0.0.1"):
    with socket.socket() as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


class Home:
    """A folder of stacks, and the servers that run on them."""

    def __init__(self, vams, host="127.0.0.1"):
        self.vams, self.host = vams, host
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vams-ab-"))
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder),
                            "VAMS_HOME": str(self.folder / "home"), "VAMS_ADMIN_PASSWORD": PASSWORD}
        self.servers, self.logs = {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name in list(self.servers):
            self.end(name, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def config(self, name, port, **more):
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps({"server": {"listen": [f"{self.host}:{port}"]}, **more}), encoding="utf-8")
        return path

    def run(self, *arguments, status=0):
        done = subprocess.run([self.vams, *map(str, arguments)], env=self.environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300, check=False)
        check(done.returncode == status,
              f"vams {' '.join(map(str, arguments))} ended with {done.returncode}, not {status}: "
              f"{done.stdout}{done.stderr}{self.errors()}")
        return done.stdout

    def fail(self, status, *arguments):
        """What a command says that must end with this status."""
        done = subprocess.run([self.vams, *map(str, arguments)], env=self.environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300, check=False)
        check(done.returncode == status,
              f"vams {' '.join(map(str, arguments))} ended with {done.returncode}, not {status}: "
              f"{done.stdout}{done.stderr}{self.errors()}")
        return done.stdout + done.stderr

    def stack(self, name):
        return self.folder / "home" / "stacks" / name

    def serve(self, name, fault=None):
        """What it printed when it was ready; None when it ended before."""
        log = self.folder / f"stderr.{name}.{time.monotonic_ns()}"
        environment = dict(self.environment, **({"VAMS_FAULT": fault} if fault else {}))
        with open(log, "wb") as errors:
            process = subprocess.Popen([self.vams, "serve", "--stack", name], env=environment,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        self.servers[name], self.logs[name] = process, log
        said, found = first_line(process, r" answers at (https?://\S+?);|stands by", PATIENCE)
        return said if found else None

    def end(self, name, number=signal.SIGTERM):
        process = self.servers.pop(name)
        code = stop(process, number)
        process.stdout.close()
        return code

    def alive(self, name):
        return name in self.servers and self.servers[name].poll() is None

    def errors(self):
        return "".join(f"\n--- {name}\n{log.read_text()[-3000:]}" for name, log in self.logs.items())

    def status(self, name):
        return json.loads(self.run("ab", "status", "--stack", name, "--json"))

    def await_following(self, name, lag=50):
        """The standby has copied everything and is close behind."""
        end = time.monotonic() + PATIENCE
        while True:
            said = self.status(name)
            if said.get("phase") == "following" and said.get("lagChanges", lag) < lag:
                return said
            check(self.alive(name), f"the server of {name} ended: {self.errors()}")
            check(time.monotonic() < end, f"{name} does not follow: {said}{self.errors()}")
            time.sleep(0.1)


def ask(address, method, path, body=None, token=None):
    connection = http.client.HTTPConnection(address, timeout=60)
    try:
        headers = {"Authorization": "Bearer " + token} if token else {}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def call(address, method, path, body=None, token=None):
    status, text = ask(address, method, path, body, token)
    check(status == 200, f"{method} {path}: {status} {text[:300]}")
    return json.loads(text)


def sign_in(address):
    return call(address, "POST", "/auth/login", {"userId": ADMIN, "password": PASSWORD})["accessToken"]


class Client(threading.Thread):
    """Reads or writes until told to stop; keeps what went wrong, and of writes what was acknowledged."""

    def __init__(self, number, address, token, *, writes, keep):
        super().__init__(daemon=True)
        self.number, self.address, self.token, self.writes, self.keep = number, address, token, writes, keep
        self.done, self.answers, self.refused, self.wrong, self.written = threading.Event(), 0, 0, [], []
        self.last, self.pause = None, 0.0

    def request(self):
        if not self.writes:
            return "GET", "/tags", None
        return "POST", "/tags", {"tagName": f"tag {self.number} {self.answers + self.refused}", "description": "x",
                                 "tagTypeName": "Load"}

    def note(self, status, text, body):
        now = time.monotonic()
        if self.writes and status == 503:
            self.refused += 1
            time.sleep(0.02)
            return
        if status != 200:
            self.wrong.append(f"{status} {text[:200]}")
            return
        self.answers += 1
        if self.writes:
            self.written.append(body["tagName"])
            self.pause = max(self.pause, now - (self.last or now))
            self.last = now

    def run(self):
        connection = None
        while not self.done.is_set():
            fresh = connection is None
            if fresh:
                connection = http.client.HTTPConnection(self.address, timeout=60)
            method, path, body = self.request()
            try:
                connection.request(method, path, json.dumps(body) if body else None,
                                   {"Authorization": "Bearer " + self.token})
                answer = connection.getresponse()
                text = answer.read()
            except OSError as error:
                # A kept connection may be closed while nothing is sent on it (RFC 9112 section 9.3): another one
                # is opened.  A new one must not be closed.
                connection.close()
                connection = None
                if fresh:
                    self.wrong.append(repr(error))
                elif self.writes:
                    self.refused += 1  # nobody knows whether it arrived: the next one has another name
                continue
            except http.client.HTTPException as error:
                connection.close()
                connection = None
                if fresh:
                    self.wrong.append(repr(error))
                continue
            self.note(answer.status, text, body)
            if not self.keep or answer.will_close:
                connection.close()
                connection = None
        if connection:
            connection.close()


class Load:
    def __init__(self, address, token):
        self.address, self.token = address, token
        self.clients = [Client(i, address, token, writes=i % 2 == 0, keep=i % 4 < 2) for i in range(8)]
        for client in self.clients:
            client.start()

    def end(self):
        for client in self.clients:
            client.done.set()
        for client in self.clients:
            client.join(PATIENCE)

    def check(self, home):
        wrong = [f"{'write' if c.writes else 'read'} {text}" for c in self.clients for text in c.wrong]
        answers = sum(c.answers for c in self.clients)
        check(not wrong, f"{len(wrong)} of {answers + len(wrong)} requests failed, such as {wrong[:3]}{home.errors()}")
        check(all(c.answers > 3 for c in self.clients), f"too few answers: {[c.answers for c in self.clients]}")

    def written(self):
        return {name for client in self.clients for name in client.written}

    def pause(self):
        return max(client.pause for client in self.clients)

    def refused(self):
        return sum(client.refused for client in self.clients)


def tags_of(address, token):
    names, more = set(), ""
    while True:
        page = call(address, "GET", f"/tags?maxItems=1000&pageSize=1000{more}", token=token)["message"]
        names.update(item["tagName"] for item in page["Items"])
        if not page.get("NextToken"):
            return names
        more = "&startingToken=" + urllib.parse.quote(page["NextToken"])


def expect_all(load, address, token, when):
    missing = load.written() - tags_of(address, token)
    check(not missing, f"{len(missing)} acknowledged writes are gone {when}, such as {sorted(missing)[:3]}")


def prepared(vams):
    """A home with a stack `a` that serves a small library, and the configuration of `b`."""
    home = Home(vams)
    port = free_port()
    home.run("stack", "create", "a", "--config", home.config("a", port))
    home.run("demo", "load", "--stack", "a")
    home.b_config = home.config("b", free_port())
    home.public = f"127.0.0.1:{port}"
    return home


def one_host(vams):
    with prepared(vams) as home:
        check(home.serve("a"), home.errors())
        token = sign_in(home.public)
        call(home.public, "POST", "/tag-types", {"tagTypeName": "Load", "description": "x"}, token)
        refused = home.run("ab", "start", "--from", "a", "--stack", "b", "--config", home.folder / "a.json", status=4)
        check("REFUSED" in refused and "server.listen" in refused, f"one address for both: {refused}")
        home.run("ab", "start", "--from", "a", "--stack", "b", "--config", home.b_config)
        home.run("ab", "switch", "--stack", "b", status=1)  # nobody serves it
        load = Load(home.public, token)
        check(home.serve("b"), home.errors())
        home.await_following("b")
        status, body = ask(json.loads(home.b_config.read_text())["server"]["listen"][0], "GET", "/tags", token=token)
        check(status == 503, f"the standby answers: {status} {body}")

        compared = json.loads(home.run("ab", "validate", "--stack", "a", "--read-contents", "--json"))
        check(compared["result"] == "same" and compared["contents"]["referred"] > 0, f"{compared}")
        check(len(compared["service"]) > 4, f"{compared}")

        pauses = []
        for step in ("switch", "rollback", "switch"):
            done = json.loads(home.run("ab", step, "--stack", "a", "--json"))
            pauses.append(done["pauseMillis"])
            serving = "a" if step == "rollback" else "b"
            said = home.status("a")
            check(said["serving"]["stack"] == serving, f"after {step}: {said}")
            home.await_following("b" if serving == "a" else "a")
            expect_all(load, home.public, token, f"after {step}")
            compared = json.loads(home.run("ab", "validate", "--stack", "b", "--data-only", "--json"))
            check(compared["result"] == "same", f"after {step}: {compared}")
        load.end()
        load.check(home)
        expect_all(load, home.public, token, "in the end")
        check(load.pause() < LONGEST_PAUSE, f"writes were paused for {load.pause():.2f} s")

        done = json.loads(home.run("ab", "finish", "--stack", "b", "--yes", "--json"))
        check(done["removed"] == "a" and done["backup"], f"{done}")
        check(home.end("a") == 0, f"the server of a did not end well: {home.errors()}")
        names = {stack["name"] for stack in json.loads(home.run("stack", "list", "--json"))["stacks"]}
        check(names == {"b"}, f"{names}")
        expect_all(load, home.public, token, "after finish")
        check(home.end("b") == 0, home.errors())
        check(home.serve("b"), home.errors())
        expect_all(load, home.public, token, "after a restart at the address that was taken over")
        home.end("b")
        return (f"{sum(c.answers for c in load.clients)} requests, {load.refused()} writes refused for a moment, pauses "
                f"{pauses} ms as told and {load.pause() * 1000:.0f} ms as seen")


POINTS_OF_FOLLOWING = ("ab.copy.after_page", "ab.copy.contents_done", "ab.copy.before_publish", "ab.copy.published",
                       "ab.apply.before_commit", "ab.apply.after_commit")
POINTS_OF_SWITCHING = ("ab.frozen", "ab.before_hand_over", "ab.after_hand_over", "ab.before_taking_role",
                       "ab.after_taking_role")


def write(address, token, name, wait=PATIENCE):
    """Until it is acknowledged."""
    end = time.monotonic() + wait
    while True:
        try:
            status, text = ask(address, "POST", "/tags",
                               {"tagName": name, "description": "x", "tagTypeName": "Load"}, token)
        except OSError:
            status, text = 0, b"nobody is there"
        if status == 200:
            return name
        check(time.monotonic() < end, f"{name}: {status} {text}")
        time.sleep(0.05)


def following_killed(vams):
    with prepared(vams) as home:
        check(home.serve("a"), home.errors())
        token = sign_in(home.public)
        call(home.public, "POST", "/tag-types", {"tagTypeName": "Load", "description": "x"}, token)
        home.run("ab", "start", "--from", "a", "--stack", "b", "--config", home.b_config)
        for point in POINTS_OF_FOLLOWING:
            home.serve("b", f"{point}=kill")
            end = time.monotonic() + PATIENCE
            number = 0
            while home.servers["b"].poll() is None and time.monotonic() < end:
                write(home.public, token, f"{point} {number}")
                number += 1
            check(not home.alive("b"), f"{point} was not visited")
            home.end("b")
        check(home.serve("b"), home.errors())
        home.await_following("b")
        compared = json.loads(home.run("ab", "validate", "--stack", "b", "--data-only", "--json"))
        check(compared["result"] == "same", f"{compared}")
        return f"{len(POINTS_OF_FOLLOWING)} points"


def switching_killed(vams):
    with prepared(vams) as home:
        check(home.serve("a"), home.errors())
        token = sign_in(home.public)
        call(home.public, "POST", "/tag-types", {"tagTypeName": "Load", "description": "x"}, token)
        home.run("ab", "start", "--from", "a", "--stack", "b", "--config", home.b_config)
        serving, standby, written = "a", "b", []
        for point in POINTS_OF_SWITCHING:
            written.append(write(home.public, token, f"before {point}"))
            home.serve(standby, f"{point}=kill")
            home.await_following(standby)
            back = "rollback" if standby == "a" else "switch"
            home.run("ab", back, "--stack", "a", status=1)
            check(not home.alive(standby), f"{point} was not visited")
            home.end(standby)
            check(home.serve(standby), f"{point}: {home.errors()}")
            # Until one of the two takes writes again, whichever that is; the other one must not.
            written.append(write(home.public, token, f"after {point}"))
            said = home.status("a")
            handed_over = said["serving"]["stack"] == standby
            check(said["serving"]["epoch"] == said["standby"]["epoch"], f"{point}: {said}")
            check(handed_over == (point not in ("ab.frozen", "ab.before_hand_over")), f"{point}: {said}")
            if handed_over:
                serving, standby = standby, serving
            if not home.alive(standby):
                home.end(standby)
                check(home.serve(standby), home.errors())
            home.await_following(standby)
            compared = json.loads(home.run("ab", "validate", "--stack", standby, "--data-only", "--json"))
            check(compared["result"] == "same", f"{point}: {compared}")
            missing = set(written) - tags_of(home.public, token)
            check(not missing, f"{point}: {missing} were acknowledged and are gone")
            home.end(standby)
        return f"{len(POINTS_OF_SWITCHING)} points"


def started(home):
    """`b` follows `a`; the token of an administrator."""
    check(home.serve("a"), home.errors())
    token = sign_in(home.public)
    call(home.public, "POST", "/tag-types", {"tagTypeName": "Load", "description": "x"}, token)
    home.run("ab", "start", "--from", "a", "--stack", "b", "--config", home.b_config)
    check(home.serve("b"), home.errors())
    home.await_following("b")
    return token


def expect_refused_start(home, name):
    """A side that another one has taken over from without it."""
    check(home.serve(name) is None, f"{name} serves beside the side that took over")
    home.end(name)
    check("given up for lost" in home.errors(), f"it does not say why: {home.errors()}")


def serving_side_lost(vams):
    with prepared(vams) as home:
        token = started(home)
        written = [write(home.public, token, f"before {n}") for n in range(20)]
        home.await_following("b", 1)
        check("is followed" in home.fail(4, "ab", "switch", "--stack", "b", "--alone", "--yes"), "a is there")
        home.end("a", signal.SIGKILL)
        check("not lost" in home.fail(4, "ab", "switch", "--stack", "b", "--alone", "--yes"), "its files are there")
        away = home.folder / "away"
        home.stack("a").rename(away)  # a disk that is not there any more
        check("switch --alone" in home.fail(2, "ab", "finish", "--stack", "b", "--abandon", "--yes"), "what to do")
        said = home.fail(4, "ab", "switch", "--stack", "b", "--alone")
        check("nobody has agreed" in said and "must not be started" in said, f"the consequence: {said}")
        done = json.loads(home.run("ab", "switch", "--stack", "b", "--alone", "--yes", "--json"))
        check(done["alone"] and done["missing"] == 0, f"{done}")
        missing = set(written) - tags_of(home.public, token)
        check(not missing, f"{missing} were applied and are gone")
        written.append(write(home.public, token, "behind the loss"))
        check(home.status("b")["finished"], f"{home.status('b')}")
        away.rename(home.stack("a"))
        expect_refused_start(home, "a")
        check(home.end("b") == 0, home.errors())
        check(home.serve("b"), home.errors())
        check(set(written) <= tags_of(home.public, token), "something is gone after a restart")
        home.run("ab", "start", "--from", "b", "--stack", "c", "--config", home.config("c", free_port()))
        return f"{len(written)} writes"


def damaged_side(vams):
    """The serving side's store cannot be read any more; what is left of it does not serve again."""
    with prepared(vams) as home:
        token = started(home)
        write(home.public, token, "before")
        home.await_following("b", 1)
        home.end("a", signal.SIGKILL)
        home.end("b")
        store = home.stack("a") / "generations" / "0001" / "items.db"
        for path in store.parent.glob("items.db*"):
            path.write_bytes(b"damaged" * 1000)
        check(home.serve("b"), home.errors())
        home.run("ab", "switch", "--stack", "b", "--alone", "--yes")
        check("before" in tags_of(home.public, token), "the write is gone")
        check(json.loads((home.stack("a") / "ab.json").read_text())["role"] == "standby", "a would serve again")
        check(store.exists(), "what is left of a was touched")


def standby_lost(vams):
    with prepared(vams) as home:
        token = started(home)
        check("not lost" in home.fail(4, "ab", "finish", "--stack", "a", "--alone", "--yes"), "b is there")
        check("is the standby" in home.fail(4, "ab", "finish", "--stack", "b", "--alone", "--yes"), "b is the standby")
        home.end("b", signal.SIGKILL)
        shutil.rmtree(home.stack("b"))
        check("finish --alone" in home.fail(2, "ab", "switch", "--stack", "a"), "what to do")
        check("no standby" in home.fail(4, "ab", "switch", "--stack", "a", "--alone", "--yes"), "a serves already")
        said = home.fail(4, "ab", "finish", "--stack", "a", "--alone")
        check("no final backup" in said and "nobody has agreed" in said, f"the consequence: {said}")
        done = json.loads(home.run("ab", "finish", "--stack", "a", "--alone", "--yes", "--json"))
        check(done == {"serving": "a", "lost": "b"}, f"{done}")
        check(home.status("a") == {"deployment": None}, f"{home.status('a')}")
        write(home.public, token, "behind the loss")
        home.run("ab", "start", "--from", "a", "--stack", "b", "--config", home.b_config)
        check(home.serve("b"), home.errors())
        home.await_following("b")


def older_data(vams):
    """What nothing decides about is told before anything is changed, and what was decided holds both ways."""
    fixtures = pathlib.Path(os.environ.get("VAMS_FIXTURES") or
                            pathlib.Path(__file__).resolve().parents[3] / "shared" / "fixtures") / "dynamodb"
    if not fixtures.is_dir():
        return f"left out: there are no fixtures in {fixtures}"
    with Home(vams) as home, Home(vams, "127.0.0.2") as other:
        home.run("import", "--stack", "a", "--data-version", "2.4", "--from", fixtures / "v2.4", "--from",
                 fixtures / "seed" / "v2.5")
        port = free_port()
        (home.stack("a") / "config.json").write_text(home.config("a", port).read_text())
        config = home.config("b", free_port())
        said = home.fail(4, "ab", "start", "--from", "a", "--stack", "b", "--config", config)
        check("REFUSED  decisions" in said and "--owners" in said and "shared-model" in said, f"undecided: {said}")
        check(not home.stack("b").exists() and not (home.stack("a") / "ab.json").exists(), "something was changed")
        owners = home.folder / "owners.json"
        owners.write_text(json.dumps({"shared-model,0": "bridge-lab"}), encoding="utf-8")
        said = home.run("ab", "start", "--from", "a", "--stack", "b", "--config", config, "--owners", owners)
        check("decisions" in said, f"decided: {said}")
        check(home.serve("b"), home.errors())
        home.await_following("b")
        compared = json.loads(home.run("ab", "validate", "--stack", "b", "--data-only", "--json"))
        check(compared["result"] == "same", f"{compared}")
        home.run("items", "get", "AssetVersionsStorageTableV2", "--partition", "bridge-lab:shared-model", "--sort", "0",
                 "--stack", "b")
        said = home.fail(4, "ab", "start", "--from", "a", "--stack", "b", "--config", config, "--ambiguous",
                         "quarantine")
        check("other decisions" in said, f"decided anew: {said}")
        home.run("ab", "switch", "--stack", "b")
        public = f"127.0.0.1:{port}"
        token = sign_in(public)
        call(public, "POST", "/tag-types", {"tagTypeName": "Load", "description": "x"}, token)
        write(public, token, "in the new shape")
        check(home.serve("a"), home.errors())
        home.await_following("a")
        compared = json.loads(home.run("ab", "validate", "--stack", "a", "--data-only", "--json"))
        check(compared["result"] == "same", f"on the way back: {compared}")
        home.run("ab", "rollback", "--stack", "a")
        check(ask(public, "GET", "/tags", token=token)[0] == 503, "data of an older version is served")
        check(json.loads(home.run("items", "get", "TagStorageTable", "--partition", "in the new shape", "--stack", "a"))
              is not None, "the write is not in the old shape")
        # From another machine older data is not followed, and it says what to do.
        key = other.folder / "key"
        key.write_text(sign_in(public) + "\n", encoding="utf-8")
        said = other.fail(4, "ab", "start", "--from", f"http://{public}", "--key-file", key, "--here",
                          "http://127.0.0.2:1", "--stack", "c", "--config",
                          other.config("c", free_port("127.0.0.2"), hooks={"switch": ["/bin/true"]}))
        check("vams update" in said, f"older data on another machine: {said}")
        check(not other.stack("c").exists(), "something was made")


def between(first, second):
    """`a` serves in the first home, `b` in the second one is to replace it.  Both addresses, a token, the key, and the
    file that tells how the address was moved."""
    here, there = free_port(), free_port("127.0.0.2")
    at_a, at_b = f"127.0.0.1:{here}", f"127.0.0.2:{there}"
    moved = first.folder / "moved"
    first.run("stack", "create", "a", "--config",
              first.config("a", here, hooks={"switch": ["/bin/sh", "-c", f"echo a >> {moved}"]}))
    first.run("demo", "load", "--stack", "a")
    check(first.serve("a"), first.errors())
    token = sign_in(at_a)
    call(at_a, "POST", "/tag-types", {"tagTypeName": "Load", "description": "x"}, token)
    key = call(at_a, "POST", "/auth/api-keys",
               {"apiKeyName": "standby", "userId": ADMIN, "description": "x"}, token)["apiKey"]
    key_file = second.folder / "key"
    key_file.write_text(key + "\n", encoding="utf-8")
    check(ask(at_a, "GET", "/admin/ab/look")[0] == 401, "the endpoints are open")
    config = second.config("b", there, app={"useKmsCmkEncryption": {"enabled": True}},
                           hooks={"switch": ["/bin/sh", "-c", f"echo b >> {moved}"]})
    second.run("ab", "start", "--from", f"http://{at_a}", "--key-file", key_file, "--here", f"http://{at_b}",
               "--stack", "b", "--config", config)
    return at_a, at_b, token, key, moved


def machine_lost(vams):
    with Home(vams) as first, Home(vams, "127.0.0.2") as second:
        at_a, at_b, token, _, moved = between(first, second)
        check(second.serve("b"), second.errors())
        second.await_following("b")
        written = [write(at_a, token, f"before {n}") for n in range(5)]
        second.await_following("b", 1)
        first.end("a", signal.SIGKILL)
        done = json.loads(second.run("ab", "switch", "--stack", "b", "--alone", "--yes", "--json"))
        check(done["alone"], f"{done}")
        check(set(written) <= tags_of(at_b, token), "something that was applied is gone")
        check(moved.read_text() == "b\n", f"hooks.switch: {moved.read_text()}")
        write(at_b, token, "behind the loss")
        expect_refused_start(first, "a")


def two_hosts(vams):
    with Home(vams) as first, Home(vams, "127.0.0.2") as second:
        at_a, at_b, token, key, moved = between(first, second)
        written = [write(at_a, token, "before the copy")]
        check(second.serve("b"), second.errors())
        second.await_following("b")
        written.append(write(at_a, token, "while it follows"))
        compared = json.loads(second.run("ab", "validate", "--stack", "b", "--read-contents", "--json"))
        check(compared["result"] == "same" and compared["contents"]["referred"] > 0, f"{compared}")
        check(len(compared["service"]) > 4, f"{compared}")

        pauses = [json.loads(second.run("ab", "switch", "--stack", "b", "--json"))["pauseMillis"]]
        written.append(write(at_b, token, "after the switch"))
        first.await_following("a")
        check(ask(at_a, "GET", "/tags", token=token)[0] == 503, "the side that handed over answers")
        compared = json.loads(first.run("ab", "validate", "--stack", "a", "--data-only", "--json"))
        check(compared["result"] == "same", f"{compared}")

        pauses.append(json.loads(first.run("ab", "rollback", "--stack", "a", "--json"))["pauseMillis"])
        written.append(write(at_a, token, "after the way back"))
        missing = set(written) - tags_of(at_a, token)
        check(not missing, f"{missing} were acknowledged and are gone")
        second.await_following("b")
        check(moved.read_text() == "b\na\n", f"hooks.switch: {moved.read_text()}")

        # The end: the machine of the standby removes it, and has the other one go on alone.
        pauses.append(json.loads(second.run("ab", "switch", "--stack", "b", "--json"))["pauseMillis"])
        first.await_following("a")
        check("run the command there" in second.fail(2, "ab", "finish", "--stack", "b", "--yes"), "where it is run")
        check("not lost" in second.fail(4, "ab", "finish", "--stack", "b", "--alone", "--yes"), "the other one is there")
        written.append(write(at_b, token, "before the end"))
        done = json.loads(first.run("ab", "finish", "--stack", "a", "--yes", "--json"))
        check(done["removed"] == "a" and done["backup"] and done["serving"] == "b", f"{done}")
        check(first.end("a") == 0 and not first.stack("a").exists(), f"a is there: {first.errors()}")
        check((first.folder / "home" / "former" / "a" / "history.jsonl").exists(), "its records are gone")
        said = second.status("b")
        check(said["finished"] and "standby" not in said, f"{said}")
        written.append(write(at_b, token, "after the end"))
        missing = set(written) - tags_of(at_b, token)
        check(not missing, f"{missing} were acknowledged and are gone")
        for log in (*first.logs.values(), *second.logs.values()):
            check(key not in log.read_text(), "the API key is in a log")
        return f"pauses {pauses} ms"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vams", required=True)
    parser.add_argument("--part", help="this one alone")
    arguments = parser.parse_args()
    parts = [("one host", one_host), ("following killed", following_killed), ("switching killed", switching_killed),
             ("serving side lost", serving_side_lost), ("damaged side", damaged_side), ("standby lost", standby_lost),
             ("older data", older_data), ("two hosts", two_hosts), ("machine lost", machine_lost)]
    return run_parts([(name, lambda part=part: part(arguments.vams)) for name, part in parts
                      if arguments.part in (None, name)])


if __name__ == "__main__":
    sys.exit(main())
