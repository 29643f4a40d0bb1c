#!/usr/bin/env python3
"""Runs the requests of .api files against the built binary and compares the answers.

  tests/api/run.py --vams BINARY [--show] FILE...

A file starts a stack of its own, serves it on a free port and asks, line by line:

  config {"app": {…}}              the stack's configuration; only before everything else
  demo                             with the demonstration library; only before everything but that
  user lee reader, editor          an account with these roles, signed in (roles must exist)
  key lee as lee-key               an API key that acts as that user, for `as lee-key`
  as lee                           whose token the requests that follow carry; `administrator` is
                                   there from the start
  as nobody                        no Authorization header
  header Name: value               an extra header for the next request
  get /roles -> 200 {"message": {"Items": any}}
  post /roles {"roleName": "r"} -> 200 {"roleName": "r", "timestamp": $when}
  post /roles text not json at all -> 400 {"message": "Invalid JSON in request body"}

A line that begins with a blank continues the one before; `#` at the beginning of a line begins a
comment, `##` one that is printed with --show.  In an expectation an object matches when every
member that is named matches; a list matches element by element; `any` matches everything and
`absent` what is not there; `$name` takes the value at its first use and stands for it afterwards, in
paths and bodies as well; a text that begins with `~` is a regular expression for the whole text.  `-> 204` alone looks at
the status, `-> 200 = {…}` wants exactly this, `-> 200 ~ regex` looks for it in the body.

Bytes, and what is done with them.  A path may be a whole URL, out of an answer for instance: its host is left out.

  content pump random 300000 7     bytes by name: that many of a seeded generator
  content note text some words     or this text; then $pump_md5 and $pump_size are known
  put-bytes $url pump[0:1000] -> 200 $etag     sends a content or a part of it, without a token;
                                               $etag (if named) takes the ETag without its quotes
  get-bytes $url -> 206 pump[10:20]            the body has to be exactly these bytes; a token goes
                                               along for paths, none for whole URLs
  answered Content-Range: bytes 10-19/300000   a header of the last answer: this text, `~regex`,
                                               `any`, `absent`, or `$name` to take or compare it
  upload plant pump /models/a.glb pump         puts a file into the asset pump of the database plant, from
                                               the first request to the last
  repeat 20 get /roles -> 200      a statement, so many times
  caught up                        goes on when searches show everything that was written

Standard library only.
"""

import argparse
import gzip
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

ADMIN = "administrator"
PASSWORD = "Correct-horse-7"
METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
STARTED = re.compile(r" answers at (http://\S+?);")


class Any:
    pass


class Absent:
    pass


class Failed(Exception):
    pass


class Variable:
    def __init__(self, name):
        self.name = name


def parse_expected(text):
    """JSON with any, absent and $name as further values."""
    marked, at = [], 0
    pattern = re.compile(r'"(?:[^"\\]|\\.)*"|\$\w+|\bany\b|\babsent\b')
    for found in pattern.finditer(text):
        marked.append(text[at:found.start()])
        word = found.group(0)
        marked.append(word if word.startswith('"') else json.dumps("\0" + word))
        at = found.end()
    marked.append(text[at:])

    def revive(value):
        if isinstance(value, str) and value.startswith("\0"):
            word = value[1:]
            return Any if word == "any" else Absent if word == "absent" else Variable(word[1:])
        if isinstance(value, list):
            return [revive(one) for one in value]
        if isinstance(value, dict):
            return {name: revive(one) for name, one in value.items()}
        return value

    return revive(json.loads("".join(marked)))


def mismatch(want, have, variables, exact, at="answer"):
    """What differs first, as text; None if it matches."""
    if want is Any:
        return None
    if isinstance(want, Variable):
        if want.name not in variables:
            variables[want.name] = have
            return None
        want = variables[want.name]
    if isinstance(want, dict):
        if not isinstance(have, dict):
            return f"{at}: wanted an object, got {json.dumps(have)}"
        for name, value in want.items():
            if value is Absent:
                if name in have:
                    return f"{at}.{name}: should not be there"
            elif name not in have:
                return f"{at}.{name}: missing"
            else:
                problem = mismatch(value, have[name], variables, exact, f"{at}.{name}")
                if problem:
                    return problem
        if exact and set(have) != set(want):
            return f"{at}: members {sorted(have)}, wanted {sorted(want)}"
        return None
    if isinstance(want, list):
        if not isinstance(have, list) or len(have) != len(want):
            return f"{at}: wanted {len(want)} elements, got {json.dumps(have)}"
        for i, value in enumerate(want):
            problem = mismatch(value, have[i], variables, exact, f"{at}[{i}]")
            if problem:
                return problem
        return None
    if isinstance(want, str) and want.startswith("~") and isinstance(have, str):
        return None if re.fullmatch(want[1:], have, re.S) else f"{at}: {have!r} is not {want}"
    if isinstance(want, bool) != isinstance(have, bool) or want != have:
        return f"{at}: wanted {json.dumps(want)}, got {json.dumps(have)}"
    return None


class Stack:
    """A served stack with its signed-in users."""

    def __init__(self, vams, config, demo):
        self.home = tempfile.mkdtemp(prefix="vams-api-")
        environment = dict(os.environ, VAMS_HOME=self.home, VAMS_ADMIN_PASSWORD=PASSWORD)
        command = [vams, "up", "--listen", "127.0.0.1:0"]
        if config is not None:
            path = pathlib.Path(self.home, "given.json")
            path.write_text(json.dumps(config), encoding="utf-8")
            command += ["--config", str(path)]
        if demo:
            command.append("--demo")
        self.log = open(os.path.join(self.home, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        self.tokens = {}
        self.variables = {}
        line = ""
        for line in self.process.stdout:
            found = STARTED.search(line)
            if found:
                self.host = found.group(1).removeprefix("http://")
                return
        self.log.seek(0)
        raise Failed(f"the server did not start: {line}{self.log.read()}")

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.process.stdout.close()
        self.log.seek(0)
        log = self.log.read()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)
        if code != 0:
            raise Failed(f"the server ended with status {code}:\n{log}")

    def ask_bytes(self, method, path, body=None, headers=None):
        """(status, headers, bytes of the body); of a whole URL the host is left out."""
        if re.match(r"https?://", path):
            path = urllib.parse.urlsplit(path)._replace(scheme="", netloc="").geturl()
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, body text)"""
        status, answered, got = self.ask_bytes(method, path, body.encode() if body else None, headers)
        if answered.get("Content-Encoding") == "gzip":
            got = gzip.decompress(got)
        return status, answered, got.decode("utf-8", "replace")

    def call(self, method, path, body, user=ADMIN, status=200):
        headers = {"Authorization": "Bearer " + self.token(user)} if user else {}
        got, _, text = self.ask(method, path, json.dumps(body), headers)
        if got != status:
            raise Failed(f"{method} {path} as {user}: {got} {text}")
        return json.loads(text)

    def token(self, user):
        if user not in self.tokens:
            if user != ADMIN:
                raise Failed(f"there is no user {user} in this file")
            self.sign_in(ADMIN, PASSWORD)
        return self.tokens[user]

    def sign_in(self, user, password):
        step = self.call("POST", "/auth/login", {"userId": user, "password": password}, None)
        if step.get("challenge") == "NEW_PASSWORD_REQUIRED":
            step = self.call("POST", "/auth/challenge",
                             {"session": step["session"], "newPassword": PASSWORD}, None)
        self.tokens[user] = step["accessToken"]

    def add_user(self, name, roles):
        made = self.call("POST", "/user/cognito", {"userId": name, "email": f"{name}@plant.test"})
        if roles:
            self.call("POST", "/user-roles", {"userId": name, "roleName": roles})
        self.sign_in(name, made["temporaryPassword"])

    def add_key(self, user, name):
        made = self.call("POST", "/auth/api-keys",
                         {"apiKeyName": name, "userId": user, "description": "for a test"})
        self.tokens[name] = made["apiKey"]


def statements(path):
    """(line number, text) of every statement; continuation lines are joined."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0].isspace() and found:
            found[-1] = (found[-1][0], found[-1][1] + " " + line.strip())
        else:
            found.append((number, line.strip()))
    return found


def substitute(text, variables):
    def value(found):
        name = found.group(1)
        if name not in variables:
            return found.group(0)
        have = variables[name]
        return have if isinstance(have, str) else json.dumps(have)

    return re.sub(r"\$(\w+)", value, text)


def check(stack, expected, status, text):
    wanted, _, rest = expected.strip().partition(" ")
    if str(status) != wanted:
        raise Failed(f"status {status}, wanted {wanted}; the body is {text}")
    rest = rest.strip()
    if not rest:
        return
    if rest.startswith("~"):
        pattern = substitute(rest[1:].strip(), stack.variables)
        if not re.search(pattern, text, re.S):
            raise Failed(f"the body does not hold {pattern}: {text}")
        return
    exact = rest.startswith("=")
    want = parse_expected(rest[1:] if exact else rest)
    try:
        have = json.loads(text)
    except ValueError:
        raise Failed(f"the body is no JSON: {text!r}") from None
    problem = mismatch(want, have, stack.variables, exact)
    if problem:
        raise Failed(f"{problem}; the body is {text}")


class Script:
    def __init__(self, path, vams, show):
        self.path, self.vams, self.show = path, vams, show
        self.stack = None
        self.user = "nobody"
        self.headers = {}
        self.answered = {}  # headers of the last answer
        self.contents = {}
        self.requests = 0

    def run(self):
        """Problems found, as text."""
        problems = []
        lines = statements(self.path)
        config = None
        if lines and lines[0][1].startswith("config "):
            config = json.loads(lines.pop(0)[1].removeprefix("config "))
        demo = bool(lines) and lines[0][1] == "demo"
        if demo:
            lines.pop(0)
        try:
            self.stack = Stack(self.vams, config, demo)
            for number, line in lines:
                try:
                    self.step(line)
                except Failed as failure:
                    problems.append(f"{self.path.name}:{number}: {line}\n    {failure}")
                    if not line.startswith(METHODS):
                        break
        except Failed as failure:
            problems.append(f"{self.path.name}: {failure}")
        finally:
            if self.stack is not None:
                try:
                    self.stack.close()
                except Failed as failure:
                    problems.append(f"{self.path.name}: {failure}")
        return problems

    def step(self, line):
        word, _, rest = line.partition(" ")
        if word == "user":
            name, _, roles = rest.strip().partition(" ")
            self.stack.add_user(name, [role.strip() for role in roles.split(",") if role.strip()])
        elif word == "key":
            user, name = re.fullmatch(r"(\S+) as (\S+)", rest.strip()).groups()
            self.stack.add_key(user, name)
        elif word == "as":
            self.user = rest.split("#")[0].strip()
        elif word == "header":
            name, _, value = rest.partition(":")
            self.headers[name.strip()] = substitute(value.strip(), self.stack.variables)
        elif word == "wait":
            time.sleep(float(rest))
        elif word == "content":
            self.add_content(rest.strip())
        elif word == "put-bytes":
            self.put_bytes(rest)
        elif word == "get-bytes":
            self.get_bytes(rest)
        elif word == "answered":
            self.check_header(rest)
        elif word == "upload":
            self.upload(*rest.split())
        elif line == "caught up":
            self.catch_up()
        elif word == "repeat":
            times, _, statement = rest.strip().partition(" ")
            for _ in range(int(times)):
                self.step(statement)
        elif word in METHODS:
            self.request(word.upper(), rest)
        else:
            raise Failed(f"unknown statement {word!r}")

    def catch_up(self):
        """The server itself waits, a second at most each time."""
        for _ in range(120):
            status = self.stack.call("GET", "/admin/search?catchUp=true", None)
            self.requests += 1
            if status["caughtUp"] and not status["indexer"]["needsReindex"]:
                return
        raise Failed(f"the search index does not catch up: {json.dumps(status)}")

    def request(self, method, rest):
        request, arrow, expected = rest.rpartition(" -> ")
        if not arrow:
            raise Failed("there is no `-> status` in this line")
        path, _, body = request.strip().partition(" ")
        path = substitute(path, self.stack.variables)
        body = substitute(body.strip(), self.stack.variables).removeprefix("text ")
        headers, self.headers = self.headers, {}
        if body:
            headers.setdefault("Content-Type", "application/json")
        if self.user != "nobody":
            headers.setdefault("Authorization", "Bearer " + self.stack.token(self.user))
        status, self.answered, text = self.stack.ask(method, path, body or None, headers)
        self.note(f"{method} {path} {body} -> {status} {text}")
        check(self.stack, expected, status, text)

    def note(self, said):
        """What every answer has to have."""
        self.requests += 1
        if self.show:
            print(said)
        for name in ("x-request-id", "x-content-type-options", "content-security-policy"):
            if name not in self.answered:
                raise Failed(f"the answer has no header {name}")

    def add_content(self, text):
        name, kind, rest = (text + " ").split(" ", 2)
        if kind == "random":
            size, seed = rest.split()
            content = random.Random(int(seed)).randbytes(int(size))
        elif kind == "text":
            content = substitute(rest[:-1], self.stack.variables).encode()
        else:
            raise Failed(f"a content is `random SIZE SEED` or `text …`, not {kind!r}")
        self.contents[name] = content
        self.stack.variables[name + "_md5"] = hashlib.md5(content).hexdigest()
        self.stack.variables[name + "_size"] = len(content)

    def content(self, text):
        """Of `name` or `name[from:to]`."""
        found = re.fullmatch(r"([\w-]+)(?:\[(\d*):(\d*)\])?", text.strip())
        if not found or found.group(1) not in self.contents:
            raise Failed(f"there is no content {text!r} in this file")
        name, low, high = found.groups()
        return self.contents[name][int(low or 0):int(high) if high else None]

    def put_bytes(self, rest):
        request, _, expected = rest.rpartition(" -> ")
        path, _, name = request.strip().partition(" ")
        path, content = substitute(path, self.stack.variables), self.content(name)
        headers, self.headers = self.headers, {}
        status, self.answered, text = self.stack.ask_bytes("PUT", path, content, headers)
        text = text.decode("utf-8", "replace")
        self.note(f"PUT {path} {len(content)} bytes -> {status} {text}")
        wanted, _, variable = expected.strip().partition(" ")
        if variable.startswith("$"):
            self.stack.variables.setdefault(variable[1:], self.answered.get("ETag", "").strip('"'))
            expected = wanted
        check(self.stack, expected, status, text)

    def get_bytes(self, rest):
        request, _, expected = rest.rpartition(" -> ")
        path = substitute(request.strip(), self.stack.variables)
        headers, self.headers = self.headers, {}
        if path.startswith("/") and self.user != "nobody":
            headers.setdefault("Authorization", "Bearer " + self.stack.token(self.user))
        status, self.answered, have = self.stack.ask_bytes("GET", path, None, headers)
        self.note(f"GET {path} -> {status} {len(have)} bytes")
        wanted, _, name = expected.strip().partition(" ")
        if str(status) != wanted:
            raise Failed(f"status {status}, wanted {wanted}; the body begins with {have[:300]!r}")
        if name and have != self.content(name):
            raise Failed(f"the {len(have)} bytes of the body are not {name}; they begin with {have[:100]!r}")

    def check_header(self, rest):
        name, _, wanted = rest.partition(":")
        have, wanted = self.answered.get(name.strip()), wanted.strip()
        if wanted == "absent":
            if have is not None:
                raise Failed(f"the answer has {name}: {have}")
            return
        if have is None:
            raise Failed(f"the answer has no header {name}")
        if wanted == "any":
            return
        if re.fullmatch(r"\$\w+", wanted):
            wanted = self.stack.variables.setdefault(wanted[1:], have)
        problem = mismatch(substitute(wanted, self.stack.variables), have, {}, False, name)
        if problem:
            raise Failed(problem)

    def upload(self, database, asset, path, name):
        """As the user whose turn it is, in one part."""
        content = self.content(name)
        which = {"databaseId": database, "assetId": substitute(asset, self.stack.variables),
                 "uploadType": "assetFile"}
        begun = self.stack.call("POST", "/uploads", {
            **which, "files": [{"relativeKey": path, "file_size": len(content), "num_parts": 1 if content else 0}]},
            self.user)
        parts = []
        for part in begun["files"][0]["partUploadUrls"]:
            status, answered, text = self.stack.ask_bytes("PUT", part["UploadUrl"], content)
            if status != 200:
                raise Failed(f"PUT of the part: {status} {text!r}")
            parts.append({"PartNumber": part["PartNumber"], "ETag": answered["ETag"].strip('"')})
        ended = self.stack.call("POST", f"/uploads/{begun['uploadId']}/complete", {
            **which, "files": [{"relativeKey": path, "uploadIdS3": begun["files"][0]["uploadIdS3"], "parts": parts}]},
            self.user)
        self.requests += 2 + len(parts)
        if not ended["overallSuccess"]:
            raise Failed(f"the upload failed: {json.dumps(ended)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--vams", required=True)
    parser.add_argument("--show", action="store_true", help="print every request and answer")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    problems, requests = [], 0
    for path in arguments.files:
        script = Script(path, os.path.abspath(arguments.vams), arguments.show)
        problems += script.run()
        requests += script.requests
    for problem in problems:
        print(problem)
    print(f"{requests} requests, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
