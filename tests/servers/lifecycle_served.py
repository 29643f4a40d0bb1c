#!/usr/bin/env python3
"""What other processes can have a server do, and what it tells administrators: holding writes back, starting anew on
another generation without refusing anybody, data that is older than the release, maintenance, operations and their
events.

Usage: lifecycle_served.py --vams BINARY [--fixtures FOLDER] [PART...]
Exit status: 0 all as expected, 1 not.
"""

import argparse
import fcntl
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from served import ADMIN, PATIENCE, Stack, check, first_line, run_parts

PASSWORD = "Correct-horse-7"
REASON = "the plant is being updated; try again in a moment"
# Holds writes back until it is killed; the folder is the stack's.
HOLDER = """
import json, os, socket, sys
os.chdir(sys.argv[1])
asker = socket.socket(socket.AF_UNIX)
asker.connect("manage")
asker.sendall(json.dumps({"ask": "freeze", "reason": sys.argv[2]}).encode() + b"\\n")
print(asker.makefile().readline(), flush=True)
sys.stdin.read()
"""


class Manage:
    """A connection to the socket `manage`; longer paths than a socket's address may have are no matter here either."""

    def __init__(self, folder, patience=PATIENCE):
        self.folder = os.open(folder, os.O_PATH)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        end = time.monotonic() + patience
        while True:
            try:
                self.socket.connect(f"/proc/self/fd/{self.folder}/manage")
                break
            except BlockingIOError:  # no place in the queue
                if time.monotonic() >= end:
                    self.socket.close()
                    os.close(self.folder)
                    raise
                time.sleep(0.01)
        self.file = self.socket.makefile("r")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()
        os.close(self.folder)

    def send(self, question):
        self.socket.sendall(json.dumps(question).encode() + b"\n")

    def answer(self):
        line = self.file.readline()
        check(line, "the server closed the connection")
        return json.loads(line)

    def ask(self, ask, **members):
        self.send({"ask": ask, **members})
        answer = self.answer()
        check("ok" in answer, f"{ask}: {answer}")
        return answer["ok"]

    def refused(self, ask, **members):
        self.send({"ask": ask, **members})
        answer = self.answer()
        check("error" in answer, f"{ask}: {answer}")
        return answer["error"]


def eventually(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if (found := condition()) is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


def sign_in(stack):
    stack.token = stack.login(ADMIN, PASSWORD)["accessToken"]


def bucket_of(stack):
    return stack.call("GET", "/buckets", token=stack.token)["Items"][0]["bucketId"]


def make_database(stack, name, status=200):
    body = {"databaseId": name, "description": "Pumps", "defaultBucketId": stack.bucket}
    return stack.ask("POST", "/database", body, stack.token) if status is None else \
        stack.call("POST", "/database", body, stack.token, status)


def served(vams, config=None):
    stack = Stack(vams, config, PASSWORD)
    stack.start()
    sign_in(stack)
    stack.bucket = bucket_of(stack)
    return stack


# ---- Holding writes back.

def freeze(vams):
    with served(vams) as stack, Manage(stack.stack) as asker:
        make_database(stack, "before")
        state = asker.ask("state")
        check((state["mode"], state["pid"]) == ("serving", stack.process.pid), state)
        position = asker.ask("freeze", reason=REASON)["lastChange"]
        answer = make_database(stack, "during", None)
        check(answer.status == 503 and answer.json() == {"message": REASON}, answer.body)
        check(int(answer.headers["Retry-After"]) > 0, answer.headers)
        login = stack.ask("POST", "/auth/login", {"userId": ADMIN, "password": PASSWORD})
        check(login.status == 503 and login.headers["Retry-After"], f"{login.status} {login.body}")
        stack.call("GET", "/database", token=stack.token)
        state = asker.ask("state")
        check((state["mode"], state["reason"], state["lastChange"]) == ("frozen", REASON, position), state)
        check(asker.ask("freeze", reason="again")["lastChange"] == position, "asked again")
        with Manage(stack.stack) as other:
            check(other.refused("freeze", reason="mine")["code"] == "conflict", "two hold writes back")
            check(other.refused("thaw")["code"] == "conflict", "another one ends it")
        check('vams_serving_mode{mode="frozen"} 1' in
              stack.ask("GET", "/metrics", token=stack.token).body.decode(), "the metric")
        asker.ask("thaw")
        make_database(stack, "after")
        check(asker.ask("state")["mode"] == "serving", "after the thaw")
        # What works in the background goes on.
        body = {"databaseId": "after", "assetId": "pump", "assetName": "Pump", "description": "Red, of the plant",
                "isDistributable": True}
        stack.call("POST", "/assets", body, stack.token)
        status = stack.call("GET", "/admin/search?catchUp=true", token=stack.token)
        check(not status["indexer"]["problem"], status)
        eventually(lambda: stack.call("POST", "/search", {"entityTypes": ["asset"]},
                                      stack.token)["hits"]["total"]["value"] or None, "the index")
        check(stack.stop() == 0, "the end")
        log = "".join(path.read_text() for path in stack.logs)
        check("warning" not in log and "error" not in log, log)


def killed(vams):
    """kill -9 of whoever holds writes back ends it."""
    with served(vams) as stack:
        holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(stack.stack), REASON], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        try:
            check("ok" in json.loads(holder.stdout.readline()), "the freeze")
            make_database(stack, "during", 503)
        finally:
            holder.kill()
            holder.wait()
            holder.stdin.close()
            holder.stdout.close()
        eventually(lambda: make_database(stack, "after", None).status == 200 or None, "writes again")


def garbage(vams):
    with served(vams) as stack:
        for text in (b"\n", b"nonsense\n", b"[]\n", b'{"ask": 7}\n', b'{"ask": "destroy"}\n', b"\xff\xfe\n",
                     b'{"ask": "freeze", "reason": {}}\n{"ask": "thaw"}\n'):
            with Manage(stack.stack) as asker:
                asker.socket.sendall(text)
                check(asker.answer().keys() <= {"ok", "error"}, text)
        with Manage(stack.stack) as asker:
            try:
                for _ in range(40):
                    asker.socket.sendall(b"x" * 4096)
                check(asker.answer()["error"]["code"] == "too large", "a long line")
            except (BrokenPipeError, ConnectionResetError):
                pass
        many = []
        try:
            for _ in range(80):
                many.append(Manage(stack.stack, 0))
        except BlockingIOError:
            pass
        for one in many:
            one.__exit__()
        with Manage(stack.stack) as asker:
            check(asker.ask("state")["mode"] == "serving", "after all of that")
        make_database(stack, "after")


# ---- Starting anew.

class Client(threading.Thread):
    """Asks until told to stop; keeps what went wrong."""

    def __init__(self, port, token, keep):
        super().__init__(daemon=True)
        self.port, self.token, self.keep = port, token, keep
        self.done, self.answers, self.wrong = threading.Event(), 0, []

    def run(self):
        connection = None
        while not self.done.is_set():
            fresh = connection is None
            if fresh:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                connection.request("GET", "/database", headers={"Authorization": "Bearer " + self.token})
                answer = connection.getresponse()
                body = answer.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
                # A kept connection may be closed between two requests (RFC 9112 section 9.3); a new one may not.
                connection.close()
                connection = None
                if fresh:
                    self.wrong.append(repr(error))
                continue
            except OSError as error:
                self.wrong.append(repr(error))
                connection.close()
                connection = None
                continue
            self.answers += 1
            if answer.status != 200:
                self.wrong.append(f"{answer.status} {body[:200]}")
            if not self.keep or answer.will_close:
                connection.close()
                connection = None
        if connection:
            connection.close()


def reload_under_load(vams):
    """Another release is put in the place of the program, and the server becomes it: same process, nobody refused."""
    folder = pathlib.Path(vams).parent
    copy = pathlib.Path(Stack(vams).folder)
    try:
        program = copy / "vams"
        shutil.copy2(vams, program)
        with served(program) as stack:
            clients = [Client(stack.port, stack.token, keep) for keep in (False, False, True, True)]
            for client in clients:
                client.start()
            newer = copy / "newer"
            shutil.copy2(vams, newer)
            inode = newer.stat().st_ino
            os.rename(newer, program)
            for turn in range(3):
                before = [client.answers for client in clients]
                eventually(lambda: all(client.answers > n + 3 or client.wrong
                                       for client, n in zip(clients, before)) or None, "answers")
                with Manage(stack.stack) as asker:
                    state = asker.ask("reload")
                    check((state["mode"], state["pid"]) == ("serving", stack.process.pid), state)
                    check(asker.ask("state")["mode"] == "serving", f"the same connection, turn {turn}")
            for client in clients:
                client.done.set()
            for client in clients:
                client.join(PATIENCE)
            wrong = [text for client in clients for text in client.wrong]
            answers = sum(client.answers for client in clients)
            check(not wrong, f"{len(wrong)} of {answers + len(wrong)} failed, such as {wrong[:3]}: "
                             f"{stack.logs[-1].read_text()}")
            check(os.stat(f"/proc/{stack.process.pid}/exe").st_ino == inode, "it is the new program")
            make_database(stack, "after")
            stack.process.send_signal(signal.SIGUSR1)  # what `systemctl reload` does
            said, _ = first_line(stack.process, r" answers at ")
            make_database(stack, "afterwards")
            check(stack.stop() == 0, f"the end: {said}")
    finally:
        shutil.rmtree(copy, ignore_errors=True)
    check(folder.exists(), "the binary's folder")
    return f"{answers} requests"


def next_generation(stack):
    """A copy of the current one, made while nothing is written; `current` names it from now on."""
    old, new = stack.stack / "generations" / "0001", stack.stack / "generations" / "0002"
    shutil.copytree(old, new, ignore=shutil.ignore_patterns("*-lock", "*-shm", "search*"))
    described = json.loads((new / "generation.json").read_text())
    described["number"] = 2
    (new / "generation.json").write_text(json.dumps(described))
    os.symlink("generations/0002", stack.stack / ".current")
    os.rename(stack.stack / ".current", stack.stack / "current")


def moved(vams):
    """The asker dies behind the switch: the server must not take writes that nobody would find."""
    with served(vams) as stack:
        make_database(stack, "before")
        with Manage(stack.stack) as asker:
            asker.ask("freeze", reason=REASON)
            next_generation(stack)
        with Manage(stack.stack) as asker:
            eventually(lambda: asker.ask("state")["generation"] == 2 or None, "the other generation")
            check(asker.ask("state")["mode"] == "serving", "it takes writes again")
        stack.call("GET", "/database", token=stack.token)
        make_database(stack, "after")
        check('vams_generation 2' in stack.ask("GET", "/metrics", token=stack.token).body.decode(), "the metric")


def stranded(vams):
    """A reload onto something that cannot be served: 503 for everybody, and another reload puts it right."""
    with served(vams) as stack, Manage(stack.stack) as asker:
        config = stack.stack / "config.json"
        before = config.read_bytes() if config.exists() else None
        config.write_text('{"app": {"baseStackName": 7}}')
        error = asker.refused("reload")
        check("baseStackName" in error["message"], error)
        state = asker.ask("state")
        check((state["mode"], state["pid"]) == ("failed", stack.process.pid), state)
        answer = stack.ask("GET", "/database", token=stack.token)
        check(answer.status == 503 and answer.headers["Retry-After"], f"{answer.status} {answer.body}")
        check(asker.refused("freeze")["code"] == "unavailable", "nothing to hold back")
        if before is None:
            config.unlink()
        else:
            config.write_bytes(before)
        check(asker.ask("reload")["mode"] == "serving", "put right")
        stack.call("GET", "/database", token=stack.token)
        # Without a program there is nothing to start; then it serves on with the old one's sockets.
        check(stack.stop() == 0, "the end")
        check(not (stack.stack / "manage").exists(), "the socket is left behind")


def token(vams):
    """The operator's own way in: no password, and nothing of it is stored."""
    with served(vams) as stack, Manage(stack.stack) as asker:
        position = asker.ask("state")["lastChange"]
        secret = asker.ask("token")["token"]
        check(asker.ask("state")["lastChange"] == position, "something was stored")
        stack.call("GET", "/admin/lifecycle", token=secret)
        stack.call("GET", "/roles", token=secret)
        check(stack.ask("GET", "/roles", token=secret + "x").status == 403, "another text")
        asker.ask("reload")
        check(stack.ask("GET", "/roles", token=secret).status == 403, "it ends with the process")


# ---- Older and newer data.

def older(vams, fixtures):
    if not fixtures.is_dir():
        return f"skipped: there are no fixtures in {fixtures}"
    with Stack(vams, None, PASSWORD) as stack:
        stack.run("import", "--stack", "prod", "--from", fixtures)
        said = stack.start()
        check("vams update --stack prod" in said, said)
        check(stack.ask("GET", "/healthz").status == 200, "health")
        page = stack.ask("GET", "/", headers={"Accept": "text/html"})
        check(page.status == 200 and b"<html" in page.body, f"{page.status} {page.body[:200]}")
        sign_in(stack)
        answer = stack.ask("GET", "/database", token=stack.token)
        check(answer.status == 503 and "vams update --stack prod" in answer.json()["message"] and
              "Updates" in answer.json()["message"], answer.body)
        check(stack.ask("POST", "/search", {}, stack.token).status == 503, "search")
        state = stack.call("GET", "/admin/lifecycle", token=stack.token)
        check((state["mode"], state["dataVersion"]) == ("update-needed", "2.4"), state)
        check([path["to"] for path in state["paths"]] == ["2.5"], state["paths"])
        stack.call("GET", "/admin/lifecycle", token=None, status=401)
        with Manage(stack.stack) as asker:
            asker.ask("freeze", reason=REASON)
            login = stack.ask("POST", "/auth/login", {"userId": ADMIN, "password": PASSWORD})
            check(login.status == 503, f"{login.status} {login.body}")
            asker.ask("thaw")
            stack.call("GET", "/admin/lifecycle/history", token=asker.ask("token")["token"])
        sign_in(stack)
        check(stack.stop() == 0, "the end")
        # The rows of the data are as they were imported.
        shown = stack.run("stack", "show", "--stack", "prod", "--json")
        check(json.loads(shown)["dataVersion"] == "2.4", shown)


def newer(vams):
    with Stack(vams, None, PASSWORD) as stack:
        stack.run("stack", "create", "prod")
        path = stack.stack / "generations" / "0001" / "generation.json"
        path.write_text(path.read_text().replace('"2.5"', '"2.9"'))
        said = stack.run("serve", "--stack", "prod", status=4)
        check("2.9" in said and "install the release" in said, said)


# ---- Maintenance.

def maintenance(vams):
    with served(vams) as stack:
        said = stack.run("maintenance", "on", "--stack", "prod", "--message", "Back at <noon>", "--json")
        check(json.loads(said)["served"] is True, said)
        for _ in range(2):
            answer = stack.ask("GET", "/database", token=stack.token)
            check(answer.status == 503 and answer.json() == {"message": "Back at <noon>"}, answer.body)
            check(answer.headers["Retry-After"], answer.headers)
            page = stack.ask("GET", "/", headers={"Accept": "text/html,*/*"})
            check(page.status == 503 and b"Back at &lt;noon&gt;" in page.body and
                  page.headers["Content-Type"].startswith("text/html"), page.body)
            for path in ("/healthz", "/readyz", "/api/version", "/index.html"):
                check(stack.ask("GET", path, headers={"Accept": "text/html"}).status == 200, path)
            sign_in(stack)
            state = stack.call("GET", "/admin/lifecycle", token=stack.token)
            check((state["mode"], state["reason"]) == ("maintenance", "Back at <noon>"), state)
            with Manage(stack.stack) as asker:
                stack.call("GET", "/database", token=asker.ask("token")["token"])
            stack.stop()
            stack.start()  # it is there still
        stack.run("maintenance", "off", "--stack", "prod")
        sign_in(stack)
        stack.call("GET", "/database", token=stack.token)
        check(stack.ask("GET", "/", headers={"Accept": "text/html"}).status == 200, "the application")


# ---- Operations.

def backup(vams):
    """A command that the server starts: it ends by itself, and what became of it is known."""
    with served(vams) as stack:
        make_database(stack, "plant")
        begun = stack.call("POST", "/admin/lifecycle/operations", {"operation": "backup"}, stack.token, 202)

        def ended():
            run = stack.call("GET", "/admin/lifecycle/runs/" + begun["id"], token=stack.token)
            return None if run["running"] else run

        with Manage(stack.stack) as asker:
            asker.ask("reload")  # which ends no operation
        run = eventually(ended, "the backup")
        check(run["exitStatus"] == 0 and run["user"] == ADMIN and run["result"]["verified"], run)
        backups = stack.call("GET", "/admin/lifecycle/backups", token=stack.token)["Items"]
        check([one["id"] for one in backups] == [run["result"]["id"]], backups)
        again = stack.ask("DELETE", "/admin/lifecycle/runs/" + begun["id"], token=stack.token)
        check(again.status == 409, again.body)
        for body in ({}, {"operation": "destroy"}, {"operation": "backup", "options": {"repository": "/tmp"}},
                     {"operation": "update", "options": {"to": "--help"}},
                     {"operation": "rollback", "options": {"to": "x"}}, {"operation": "verify", "options": []}):
            stack.call("POST", "/admin/lifecycle/operations", body, stack.token, 400)
        stack.call("GET", "/admin/lifecycle/runs/77", token=stack.token, status=404)
        stack.call("GET", "/admin/lifecycle/operations/77", token=stack.token, status=404)


class Events:
    """Server-sent events, one after the other."""

    def __init__(self, stack, path):
        self.connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=PATIENCE)
        self.connection.request("GET", path, headers={"Authorization": "Bearer " + stack.token})
        self.answer = self.connection.getresponse()

    def next(self):
        """Name and data; None at the end."""
        name, data = None, []
        while True:
            line = self.answer.readline().decode()
            if not line:
                return None
            line = line.rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
            elif not line and data:
                return name, json.loads("\n".join(data))


def events(vams):
    """An operation of another process, followed by its journal: through a reload, up to its end."""
    with served(vams) as stack:
        folder = stack.stack / "operations" / "0001"
        folder.mkdir(parents=True)
        lock = open(stack.stack / "operation.lock", "w", encoding="utf-8")
        fcntl.flock(lock, fcntl.LOCK_EX)

        def tell(event, **members):
            with open(folder / "journal.jsonl", "a", encoding="utf-8") as journal:
                journal.write(json.dumps({"at": "2025-03-01T10:00:00.000Z", "event": event, **members}) + "\n")

        tell("begin", kind="update", by="olga", generation=1, request={})
        path = "/admin/lifecycle/operations/0001"
        first = Events(stack, path + "/events")
        check(first.answer.status == 200 and first.answer.headers["Content-Type"] == "text/event-stream",
              first.answer.headers)
        name, record = first.next()
        check((name, record["state"], record["kind"]) == ("operation", "running", "update"), record)
        tell("step", name="preflight")
        name, record = first.next()
        check([step["name"] for step in record["steps"]] == ["preflight"], record)
        stack.call("DELETE", path, token=stack.token, status=409)  # somebody's at a command line
        begin = time.monotonic()
        with Manage(stack.stack) as asker:
            asker.ask("reload")
        took = time.monotonic() - begin
        check(first.next() is None, "the stream ends with the server")
        second = Events(stack, path + "/events")
        check(second.next()[1]["state"] == "running", "the new process tells on")
        many = [Events(stack, path + "/events") for _ in range(40)]
        check({one.answer.status for one in many} == {200, 503}, "a bound on listeners")
        stack.call("GET", "/database", token=stack.token)
        tell("step done", name="preflight", millis=7)
        tell("end", result="done", message="updated", millis=9)
        lock.close()
        name, record = second.next()
        while record["state"] == "running":
            name, record = second.next()
        check((name, record["state"], record["message"]) == ("operation", "done", "updated"), record)
        check(second.next() == ("end", {}), "the end")
        check(second.next() is None, "nothing behind it")
        for one in (first, second, *many):
            one.connection.close()
        whole = stack.call("GET", path, token=stack.token)
        check([entry["event"] for entry in whole["journal"]] == ["begin", "step", "step done", "end"], whole)
        check(stack.call("GET", "/admin/lifecycle", token=stack.token)["operation"]["operation"] == "0001", "state")
        check(stack.ask("GET", path + "/report", token=stack.token).status == 404, "no report")
        (folder / "report.html").write_text("<p>fine</p>")
        page = stack.ask("GET", path + "/report?format=html", token=stack.token)
        check(page.status == 200 and "default-src 'none'" in page.headers["Content-Security-Policy"], page.headers)
    return f"reloaded in {took:.1f} s with a listener"


def update(vams, fixtures):
    """From the browser: data of 2.4 is updated by the server's own child, which has it start anew in the middle."""
    if not fixtures.is_dir():
        return f"skipped: there are no fixtures in {fixtures}"
    with Stack(vams, None, PASSWORD) as stack:
        # No tag is required, so that what looks at the service need not know which ones there are.
        tags = stack.folder / "tags"
        tags.mkdir()
        types = (fixtures / "TagTypeStorageTable.json").read_text(encoding="utf-8")
        (tags / "TagTypeStorageTable.json").write_text(types.replace('"True"', '"False"'), encoding="utf-8")
        stack.run("import", "--stack", "prod", "--data-version", "2.4", "--from", fixtures, "--from",
                  fixtures.parent / "seed" / "v2.5", "--from", tags)
        stack.start()
        sign_in(stack)
        options = {"ambiguous": "quarantine", "requireApproval": "never"}
        run = stack.call("POST", "/admin/lifecycle/operations", {"operation": "update", "options": options},
                         stack.token, 202)
        check(run["operation"], run)
        path = "/admin/lifecycle/operations/" + run["operation"]
        told, last = set(), None

        def ended():
            nonlocal last
            try:
                listener = Events(stack, path + "/events")
                while (event := listener.next()) is not None:
                    told.add(event[0])
                    last = event[1] if event[0] == "operation" else last
                listener.connection.close()
            except (OSError, http.client.HTTPException):
                pass
            return last if "end" in told else None

        record = eventually(ended, "the update")
        run = eventually(lambda: (lambda now: None if now["running"] else now)(
            stack.call("GET", "/admin/lifecycle/runs/" + run["id"], token=stack.token)), "the command")
        check(record["state"] == "done" and run["exitStatus"] == 0, f"{json.dumps(record, indent=1)} {run}")
        check(record["by"] == ADMIN, record["by"])
        sign_in(stack)
        state = stack.call("GET", "/admin/lifecycle", token=stack.token)
        check((state["mode"], state["dataVersion"], state["pid"]) == ("serving", "2.5", stack.process.pid), state)
        stack.call("GET", "/database", token=stack.token)
        page = stack.ask("GET", path + "/report?format=html", token=stack.token)
        check(page.status == 200 and b"<html" in page.body.lower(), f"{page.status} {page.body[:200]}")
        check(stack.stop() == 0, "the end")
    return f"{len(record['steps'])} steps"


def main():
    parser = argparse.ArgumentParser(description="The server's side of the lifecycle.")
    parser.add_argument("--vams", required=True, type=pathlib.Path)
    parser.add_argument("--fixtures")
    parser.add_argument("part", nargs="*")
    options = parser.parse_args()
    vams = options.vams.resolve()
    root = pathlib.Path(__file__).resolve().parents[2]
    fixtures = pathlib.Path(options.fixtures or os.environ.get("VAMS_FIXTURES") or root.parent / "shared/fixtures")
    parts = {"freeze": lambda: freeze(vams), "killed": lambda: killed(vams), "garbage": lambda: garbage(vams),
             "reload": lambda: reload_under_load(vams), "moved": lambda: moved(vams),
             "stranded": lambda: stranded(vams), "token": lambda: token(vams),
             "older": lambda: older(vams, fixtures / "dynamodb" / "v2.4"), "newer": lambda: newer(vams),
             "maintenance": lambda: maintenance(vams), "backup": lambda: backup(vams), "events": lambda: events(vams),
             "update": lambda: update(vams, fixtures / "dynamodb" / "v2.4")}
    if unknown := set(options.part) - set(parts):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return run_parts([(name, part) for name, part in parts.items() if not options.part or name in options.part])


if __name__ == "__main__":
    sys.exit(main())
