#!/usr/bin/env python3
"""Updates as an operator makes them, by the real binary: the fixture set of every data version imported,
rehearsed, updated, used through the API and verified; updates of a stack that is served; and everything that
can go wrong on the way, which has to end with its cause, the next command, the right exit status, and a stack
that can be used.

Usage: lifecycle.py --vams BINARY [--fixtures FOLDER] [PART...]
Exit status: 0 all as expected, 1 not, 77 no fixtures.
"""

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "servers"))

from served import ADMIN, Stack, check, first_line, run_parts, stop  # noqa: E402

SKIPPED = 77
PASSWORD = "Correct-horse-7"
LINES = ("2.1", "2.2", "2.3", "2.4")
FOLLOWING = {"2.1": "2.2", "2.2": "2.3", "2.3": "2.4", "2.4": "2.5"}
# Exit statuses of lifecycle.md section 4.
FAILED, USAGE, ROLLED_BACK, REFUSED, INTERRUPTED, DIFFERENT = 1, 2, 3, 4, 5, 6


class Yard(Stack):
    """A stack that began as a fixture set."""

    def __init__(self, vams, fixtures, version="2.4"):
        super().__init__(vams, password=PASSWORD, stack="yard")
        self.version = version
        sources = [fixtures / f"v{version}", fixtures / "seed" / f"v{FOLLOWING[version]}"]
        self.run("import", "--stack", "yard", "--data-version", version,
                 *(a for s in sources for a in ("--from", s)))
        self.dumps = 0
        self.before = self.dump()

    def options(self):
        more = ["--asset-bucket", "yard-assets-111122223333"] if self.version == "2.1" else []
        return ["--stack", "yard", "--ambiguous", "quarantine", "--yes", *more]

    def dump(self):
        self.dumps += 1
        target = self.folder / f"dump-{self.dumps}"
        self.run("export", "--stack", "yard", "--format", "lines", "--to", target)
        return {p.name: p.read_bytes() for p in target.iterdir() if p.suffix == ".json" and p.stat().st_size}

    def command(self, *arguments, status=0, **environment):
        """What it printed on both streams, on each, and its JSON if it printed some."""
        done = subprocess.run([self.vams, *map(str, arguments)], env={**self.environment, **environment},
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600, check=False)
        check(done.returncode == status, f"vams {' '.join(map(str, arguments))} ended with {done.returncode}, not "
                                         f"{status}: {done.stdout}{done.stderr}")
        check("Sanitizer" not in done.stderr, f"a sanitizer's report: {done.stderr}")
        return done

    def update(self, *more, status=0, **environment):
        return self.command("update", *self.options(), *more, status=status, **environment)

    def show(self):
        return json.loads(self.run("stack", "show", "--stack", "yard", "--json"))

    def history(self):
        return json.loads(self.run("history", "--stack", "yard", "--json"))

    def configure(self, config):
        (self.stack / "config.json").write_text(json.dumps(config), encoding="utf-8")

    def hook(self, script):
        path = self.folder / f"hook-{self.dumps}-{len(list(self.folder.glob('hook-*')))}"
        path.write_text("#!/bin/sh\n" + script + "\n")
        path.chmod(0o755)
        return str(path)

    def expect_untouched(self):
        shown = self.show()
        check(shown["dataVersion"] == self.version and shown["generation"] == 1, f"serves {shown}")
        check(self.dump() == self.before, "the data is another")

    def expect_kept(self):
        """At the old version again, with everything that was there; a server has added its defaults since."""
        check(self.show()["dataVersion"] == self.version, f"serves {self.show()}")
        after = self.dump()
        for table, content in self.before.items():
            rows = set(after.get(table, b"").splitlines())
            missing = [row for row in content.splitlines() if row not in rows]
            check(not missing, f"{table} lacks {missing[:2]}")

    def expect_updatable(self):
        (self.stack / "config.json").unlink(missing_ok=True)
        self.update()
        check(self.show()["dataVersion"] == "2.5", "the update after it did not reach 2.5")
        self.command("verify", "--stack", "yard")

    def serve(self):
        """As `start`, for data that may be older than the release."""
        log = self.folder / f"stderr.{len(self.logs)}"
        self.logs.append(log)
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(
                [self.vams, "serve", "--stack", "yard", "--listen", f"127.0.0.1:{self.port or 0}"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        said, found = first_line(self.process, r" answers at (https?)://127\.0\.0\.1:(\d+)")
        check(found, f"the server ended: {said}{log.read_text()}")
        self.port = int(found.group(2))

    def serve_as_configured(self):
        log = self.folder / f"stderr.{len(self.logs)}"
        self.logs.append(log)
        with open(log, "wb") as errors:
            self.process = subprocess.Popen([self.vams, "serve", "--stack", "yard"], env=self.environment,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        said, found = first_line(self.process, r" answers at http://127\.0\.0\.1:(\d+)")
        check(found, f"the server ended: {said}{log.read_text()}")
        self.port = int(found.group(1))

    def new_configuration(self, name, config):
        path = self.folder / name
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    def roll_back(self, status=0):
        return json.loads(self.command("rollback", "--stack", "yard", "--json", status=status).stdout)

    def use(self):
        """The API as people use it: what was imported is there, and something is made."""
        token = self.login(ADMIN, PASSWORD)["accessToken"]
        databases = {d["databaseId"] for d in self.call("GET", "/database", token=token)["Items"]}
        check("harbor-yard" in databases, f"databases of the data are missing: {databases}")
        check("vams-service-check" not in databases, "the scratch database is still there")
        assets = self.call("GET", "/database/harbor-yard/assets", token=token)["Items"]
        check(assets, "no assets of the data are listed")
        self.call("PUT", "/database/harbor-yard", {"description": "After the update"}, token=token)
        check(self.call("GET", "/database/harbor-yard", token=token)["description"] == "After the update",
              "a write is not there")


def every_version(vams, fixtures, version):
    with Yard(vams, fixtures, version) as yard:
        preflight = json.loads(yard.command("preflight", *yard.options(), "--json").stdout)
        check(preflight["passed"], f"preflight: {preflight}")
        names = [c["name"] for c in preflight["checks"]]
        for name in ("data version", "path", "configuration", "disk space", "running work", "item store",
                     "backup repository", "last backup", "breaking changes"):
            check(name in names, f"preflight has no check {name}: {names}")
        check(all("evidence" in c for c in preflight["checks"]), "a check has no evidence")
        rehearsed = json.loads(yard.command("rehearse", *yard.options(), "--json").stdout)
        check(rehearsed["result"] == "done", f"rehearsal: {rehearsed['message']}")
        yard.expect_untouched()
        updated = json.loads(yard.update("--json").stdout)
        check(updated["result"] == "done" and updated["to"] == "2.5", f"update: {updated['message']}")
        check(updated["comparison"]["rehearsal"] == rehearsed["operation"], "it was not compared with the rehearsal")
        steps = [s["name"] for s in updated["comparison"]["steps"] if "predictedMillis" in s]
        check({"preflight", "build", "verify data", "verify service"} <= set(steps), f"predicted: {steps}")
        check(all(c["result"] != "refused" for c in updated["service"]), f"service: {updated['service']}")
        check(pathlib.Path(updated["report"]).read_text().startswith("<!doctype html>"), "there is no page")
        yard.run("backup", "verify", updated["backup"], "--stack", "yard")
        check("nothing was changed" in yard.update().stdout, "a second update changes something")
        if version == "2.1":  # whose administrators are other people
            yard.run("user", "add", ADMIN, "--role", "admin", "--stack", "yard")
        yard.start("--stack", "yard")
        yard.use()
        verified = json.loads(yard.command("verify", "--stack", "yard", "--json").stdout)
        check(verified["result"] == "done", f"verify: {verified['message']}")
        check(len(verified["service"]) >= 8, f"the service was not looked at: {verified['service']}")
        check(yard.stop() == 0, "the server did not end well")
        kinds = [line["operation"] for line in yard.history()["history"]]
        for kind in ("import", "rehearse", "backup", "update", "verify"):
            check(kind in kinds, f"the history has no {kind}: {kinds}")
        states = {o["state"] for o in yard.history()["operations"]}
        check(states == {"done"}, f"operations ended {states}")
        check("verify service" in yard.run("history", updated["operation"], "--stack", "yard"), "no steps are shown")


def newest(vams, fixtures):
    with Stack(vams, password=PASSWORD, stack="fresh") as stack:
        stack.run("stack", "create", "fresh")
        check("nothing was changed" in stack.run("update", "--stack", "fresh"), "an update of new data does something")
        check("nothing was changed" in stack.run("rehearse", "--stack", "fresh"), "a rehearsal of it does something")
        said = stack.run("preflight", "--stack", "fresh")
        check("already" in said, f"preflight: {said}")
        check("is as it should be" in stack.run("verify", "--stack", "fresh"), "verify finds something")


def served(vams, fixtures):
    """The server stays the same process at the same address; it serves the new data when the update is done."""
    with Yard(vams, fixtures) as yard:
        yard.serve()
        refused = yard.ask("GET", "/database")
        check(refused.status in (401, 503), f"older data is served: {refused.status}")
        pid = yard.process.pid
        updated = json.loads(yard.update("--json").stdout)
        check(updated["result"] == "done", f"{updated['message']}")
        check(yard.process.poll() is None and yard.process.pid == pid, "the server is another process")
        yard.use()
        verified = json.loads(yard.command("verify", "--stack", "yard", "--json").stdout)
        check(verified["result"] == "done", f"verify: {verified['message']}")
        # A tag that every asset must have and that does not exist is no fault of an update.
        token = yard.login(ADMIN, PASSWORD)["accessToken"]
        yard.call("POST", "/tag-types", {"tagTypeName": "Zone", "description": "Of the yard", "required": "True"}, token)
        warned = yard.command("verify", "--stack", "yard").stdout
        check('must have a tag of the type "Zone"' in warned, f"verify says nothing of the tag: {warned}")
        check(yard.stop() == 0, "the server did not end well")


def served_goes_back(vams, fixtures):
    with Yard(vams, fixtures) as yard:
        yard.configure({"hooks": {"postUpdate": [yard.hook("echo the monitoring says no; exit 9")]}})
        yard.serve()
        failed = yard.update(status=ROLLED_BACK)
        check("the monitoring says no" in failed.stderr, f"it does not say why: {failed.stderr}")
        check(yard.ask("GET", "/healthz").status == 200, "the server does not answer")
        (yard.stack / "config.json").unlink()
        check(yard.stop() == 0, "the server did not end well")
        yard.expect_kept()
        yard.expect_updatable()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_listened_at(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def of_banner(text, port, **more):
    return {"server": {"listen": f"127.0.0.1:{port}"}, "app": {"webUi": {"optionalBannerHtmlMessage": text}}, **more}


def served_configuration(vams, fixtures):
    """Another configuration, its address included, up and back under one and the same process: with the data, and
    alone, where what was written since stays."""
    with Yard(vams, fixtures) as yard:
        old, new = free_port(), free_port()
        yard.configure(of_banner("old", old))
        yard.serve_as_configured()
        check(yard.port == old, f"listens at {yard.port}, not {old}")
        pid = yard.process.pid
        up = yard.new_configuration("new.json", of_banner("new", new))
        looked = yard.command("preflight", *yard.options(), "--config", up).stdout
        check(f"listener/127.0.0.1:{new}" in looked, f"preflight does not show the change: {looked}")
        check("can get the configuration of" in looked, f"preflight: {looked}")
        updated = json.loads(yard.update("--config", up, "--json").stdout)
        check(updated["result"] == "done" and updated["to"] == "2.5", updated["message"])
        check(updated["url"].endswith(f":{new}"), f"answers at {updated['url']}")
        check("setting/app.webUi.optionalBannerHtmlMessage" in updated["configuration"]["changed"],
              f"names {updated['configuration']}")
        check(yard.process.poll() is None and yard.process.pid == pid, "the server is another process")
        check(not is_listened_at(old), "it still listens at the old address")
        yard.port = new
        yard.use()
        check(f"127.0.0.1:{new}" in yard.run("config", "show", "--stack", "yard"), "config show has the old address")
        history = yard.history()["history"]
        check(any(h["operation"] == "update" and "listener/127.0.0.1:%d" % new in h["configuration"]["changed"]
                  for h in history), "the history does not name what changed")
        check("nothing was changed" in yard.update("--config", up).stdout, "the same once more changes something")

        # Alone: the data stay at 2.5, and so do writes when it is taken back.
        second = yard.new_configuration("second.json", of_banner("second", new, backup={"keep": 4}))
        alone = yard.update("--config", second).stdout
        check("has the configuration of" in alone, alone)
        token = yard.login(ADMIN, PASSWORD)["accessToken"]
        check(yard.call("GET", "/api/amplify-config")["bannerHtmlMessage"] == "second", "another banner")
        yard.call("PUT", "/database/harbor-yard", {"description": "With the second"}, token=token)
        (yard.stack / "config.json").write_text(json.dumps(of_banner("second", new, backup={"keep": 6})))
        back = yard.roll_back()
        check(back["result"] == "done", back["message"])
        check("setting/backup.keep" in back["configuration"]["edited"], f"does not name the edit: {back}")
        token = yard.login(ADMIN, PASSWORD)["accessToken"]
        check(yard.call("GET", "/api/amplify-config")["bannerHtmlMessage"] == "new", "not the banner before")
        check(yard.call("GET", "/database/harbor-yard", token=token)["description"] == "With the second",
              "a write is lost")
        yard.command("verify", "--stack", "yard")

        # And all the way back: older data, the old address.
        down = json.loads(yard.command("rollback", "--stack", "yard", "--to", "1", "--json").stdout)
        check(down["result"] == "done" and down["to"] == "2.4", down["message"])
        check(down["url"].endswith(f":{old}"), f"answers at {down['url']}")
        check(not is_listened_at(new), "it still listens at the new address")
        yard.port = old
        check(yard.ask("GET", "/healthz").status == 200, "it does not answer at the old address")
        check("old" in (yard.stack / "config.json").read_text(), "not the old configuration")
        check(yard.stop() == 0, "the server did not end well")
        check(yard.show()["dataVersion"] == "2.4", f"serves {yard.show()}")
        check(any(b"With the second" in rows for rows in yard.dump().values()), "a write is lost on the way down")


OCCUPY = """#!{python}
import os, socket, sys
out, inn = os.pipe()
if os.fork() == 0:
    os.setsid()
    taken = socket.socket()
    taken.bind(("127.0.0.1", {port}))
    taken.listen()
    with open("{pid}", "w") as pid:
        pid.write(str(os.getpid()))
    os.write(inn, b"x")
    for fd in (0, 1, 2):
        os.close(fd)
    taken.accept()
else:
    os.read(out, 1)
"""


def address_taken_meanwhile(vams, fixtures):
    """Somebody takes the new address behind the look at it: the stack goes back by itself, to the old address."""
    with Yard(vams, fixtures) as yard:
        old, new = free_port(), free_port()
        occupy, pid = yard.folder / "occupy", yard.folder / "occupy.pid"
        occupy.write_text(OCCUPY.format(python=sys.executable, port=new, pid=pid))
        occupy.chmod(0o755)
        yard.configure(of_banner("old", old, hooks={"preUpdate": [str(occupy)]}))
        yard.serve_as_configured()
        try:
            failed = yard.update("--config", yard.new_configuration("new.json", of_banner("new", new)),
                                 status=ROLLED_BACK)
        finally:
            if pid.exists():
                os.kill(int(pid.read_text()), signal.SIGKILL)
        check(f"127.0.0.1:{new} is in use" in failed.stderr, f"it does not say why: {failed.stderr}")
        check("has the configuration it had" in failed.stderr, f"it does not say what became of it: {failed.stderr}")
        check(yard.ask("GET", "/healthz").status == 200, "the server does not answer at the old address")
        check("old" in (yard.stack / "config.json").read_text(), "not the old configuration")
        refused = yard.command("update", *yard.options(), "--config", yard.new_configuration(
            "sealed.json", of_banner("new", old, engines={"items": {"kind": "dynamodb"}}, env={"region": "x"})),
            status=REFUSED)
        check("vams ab start" in refused.stderr, f"it does not name the next step: {refused.stderr}")
        check(yard.stop() == 0, "the server did not end well")
        yard.expect_kept()


def killed_server(vams, fixtures):
    """The server is killed while the update is under way: it goes on without one."""
    with Yard(vams, fixtures) as yard:
        yard.serve()
        yard.configure({"hooks": {"preUpdate": [yard.hook(f"kill -9 {yard.process.pid}; sleep 1")]}})
        yard.update()
        yard.process.wait(60)
        yard.process = None
        check(yard.show()["dataVersion"] == "2.5", "it is not updated")
        yard.command("verify", "--stack", "yard")


# ---- Seeded failures: what breaks it, the exit status, a part of what is said. ----------------------


def bad_backup_folder(yard):
    (yard.folder / "a-file").write_text("no folder")
    yard.configure({"backup": {"repository": str(yard.folder / "a-file" / "backups")}})
    return REFUSED, "backup repository", {}


def failing_hook(yard):
    yard.configure({"hooks": {"preUpdate": [yard.hook("echo change freeze until Monday >&2; exit 3")]}})
    return FAILED, "change freeze until Monday", {}


def failing_hook_behind(yard):
    yard.configure({"hooks": {"postUpdate": [yard.hook("exit 1")]}})
    return ROLLED_BACK, "hook postUpdate", {}


def broken_step(yard):
    return INTERRUPTED, "fault injected", {"VAMS_FAULT": "migrate.before_cut_over=error"}


def broken_verification(yard):
    return FAILED, "fault injected", {"VAMS_FAULT": "update.backed_up=error"}


def broken_switch(yard):
    return ROLLED_BACK, "fault injected", {"VAMS_FAULT": "update.switched=error"}


def broken_report(yard):
    return ROLLED_BACK, "fault injected", {"VAMS_FAULT": "migrate.reported=error"}


def wrong_release(yard):
    said = yard.stack / "generations" / "0001" / "generation.json"
    yard.kept[said] = said.read_text()
    said.write_text(said.read_text().replace('"2.4"', '"2.9"'))
    return REFUSED, "newer release", {}


def lying_version(yard):
    said = yard.stack / "generations" / "0001" / "generation.json"
    yard.kept[said] = said.read_text()
    said.write_text(said.read_text().replace('"2.4"', '"2.2"'))
    return REFUSED, "data version", {}


def damaged_items(yard):
    path = yard.stack / "generations" / "0001" / "items.db"
    # Not only in the log beside it, which would hide what lies in the file.
    with contextlib.closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    yard.kept[path] = whole
    path.write_bytes(whole[:len(whole) // 2] + b"\xff" * 4096 + whole[len(whole) // 2 + 4096:])
    return REFUSED, "", {}


def bad_configuration(yard):
    yard.configure({"server": {"listen": 7}})
    return REFUSED, "server.listen", {}


def quarantine_unwanted(yard):
    return REFUSED, "", {"--": "--strict"}


SEEDED = (bad_backup_folder, failing_hook, failing_hook_behind, broken_step, broken_verification, broken_switch,
          broken_report, wrong_release, lying_version, damaged_items, bad_configuration, quarantine_unwanted)


def seeded(vams, fixtures, break_it):
    with Yard(vams, fixtures) as yard:
        yard.kept = {}
        status, said, environment = break_it(yard)
        more = [environment.pop("--")] if "--" in environment else []
        failed = yard.update(*more, status=status, **environment)
        check(failed.stderr.startswith("vams: ") or "\nvams: " in failed.stderr, f"no reason: {failed.stderr}")
        check(said in failed.stderr, f"it does not say {said!r}: {failed.stderr}")
        for path, content in yard.kept.items():
            path.write_bytes(content) if isinstance(content, bytes) else path.write_text(content)
        (yard.stack / "config.json").unlink(missing_ok=True)
        yard.expect_untouched()
        yard.expect_updatable()


def without_approval(vams, fixtures):
    with Yard(vams, fixtures) as yard:
        refused = yard.command("update", "--stack", "yard", "--ambiguous", "quarantine",
                               "--require-approval", "always", status=REFUSED)
        check("--yes" in refused.stderr, f"it does not say how: {refused.stderr}")
        yard.expect_untouched()
        yard.command("update", "--stack", "yard", "--require-approval", "perhaps", status=USAGE)
        yard.command("update", "--stack", "yard", "--to", "3.7", status=USAGE)
        yard.command("update", "--stack", "nowhere", status=USAGE)
        yard.command("update", "--stack", "yard", "--ambiguous", "quarantine", "--require-approval", "never")


def locks(vams, fixtures):
    """One that is held is respected, one that a dead process has left is not."""
    with Yard(vams, fixtures) as yard:
        lock = yard.stack / "operation.lock"
        with open(lock, "w", encoding="utf-8") as held:
            held.write('"vams rollback" of rita (process 1, since 2025-03-01T10:00:00.123Z)')
            held.flush()
            fcntl.flock(held, fcntl.LOCK_EX)
            refused = yard.update(status=REFUSED)
            check("vams rollback" in refused.stderr and "since" in refused.stderr, f"not who: {refused.stderr}")
        yard.expect_untouched()
        (yard.stack / "manage").unlink(missing_ok=True)
        yard.expect_updatable()


def killed(vams, fixtures):
    with Yard(vams, fixtures) as yard:
        done = subprocess.run([vams, "update", *yard.options()], capture_output=True, stdin=subprocess.DEVNULL,
                              env={**yard.environment, "VAMS_FAULT": "update.switched=kill"}, timeout=600, check=False)
        check(done.returncode == -signal.SIGKILL, f"ended with {done.returncode}: {done.stderr}")
        check(yard.history()["operations"][-1]["state"] == "interrupted", "it does not say that it was interrupted")
        verified = yard.command("verify", "--stack", "yard")
        check("was interrupted; it was finished" in verified.stdout, f"it does not say so: {verified.stdout}")
        check(yard.show()["dataVersion"] == "2.5", "it was not finished")


def pruning(vams, fixtures):
    with Yard(vams, fixtures) as yard:
        yard.update()
        check("nothing to remove" in yard.run("prune", "--stack", "yard"), "something younger than a week goes")
        said = yard.run("prune", "--stack", "yard", "--keep", "0", "--keep-days", "0", "--dry-run")
        check("would remove generation 1 " in said, said)
        said = yard.run("prune", "--stack", "yard", "--keep", "0", "--keep-days", "0")
        check("removed generation 1 " in said, said)
        check(not (yard.stack / "generations" / "0001").exists(), "it is still there")
        yard.command("verify", "--stack", "yard")


def main():
    parser = argparse.ArgumentParser(description="Updates, by the real binary.")
    parser.add_argument("--vams", required=True)
    parser.add_argument("--fixtures")
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    here = pathlib.Path(__file__).resolve()
    fixtures = options.fixtures or os.environ.get("VAMS_FIXTURES")
    fixtures = pathlib.Path(fixtures or here.parents[3] / "shared" / "fixtures") / "dynamodb"
    if not fixtures.is_dir():
        print(f"there are no fixtures in {fixtures}; set VAMS_FIXTURES to their folder")
        return SKIPPED
    vams = str(pathlib.Path(options.vams).resolve())
    parts = [(f"from {v}", lambda v=v: every_version(vams, fixtures, v)) for v in LINES]
    parts += [(f.__name__.replace("_", " "), lambda f=f: f(vams, fixtures))
              for f in (newest, served, served_goes_back, served_configuration, address_taken_meanwhile, killed_server,
                        without_approval, locks, killed, pruning)]
    parts += [(f.__name__.replace("_", " "), lambda f=f: seeded(vams, fixtures, f)) for f in SEEDED]
    chosen = [p for p in parts if not options.parts or any(re.search(o, p[0]) for o in options.parts)]
    return run_parts(chosen)


if __name__ == "__main__":
    sys.exit(main())
