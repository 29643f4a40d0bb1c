#!/usr/bin/env python3
"""A hundred failures across the lifecycle, by the real binary: damaged files, wrong files, what is busy, held, full,
missing, unreadable, newer, older, half done or lies about itself.  Each has to end with the right exit status, its cause
and what to do next; nothing may be changed by it, and once the cause is gone the stack is as it was.

One line of the table is one failure: the scene in which it happens, what breaks it, the command, the exit status, and
parts of what has to be said.  Failures of an update on its way (hooks, faults between its steps, kill -9) are in
lifecycle.py and in tests/crash.

Usage: failures.py --vams BINARY [--full-disk LIBRARY] [--fixtures FOLDER] [--show] [PART...]
Exit status: 0 all as expected, 1 not, 77 no fixtures.
"""

import argparse
import concurrent.futures
import contextlib
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1] / "servers"))

from served import check, first_line, stop  # noqa: E402

SKIPPED = 77
PASSWORD = "Correct-horse-7"
# Exit statuses of lifecycle.md section 4.
FAILED, USAGE, ROLLED_BACK, REFUSED, INTERRUPTED, DIFFERENT = 1, 2, 3, 4, 5, 6
UPDATE = ("update", "--stack", "yard", "--ambiguous", "quarantine", "--yes")


class Home:
    """A home of its own, made from a scene."""

    def __init__(self, options, folder, scene=None):
        self.options, self.folder, self.home = options, folder, folder / "home"
        if scene:
            shutil.copytree(scene, self.home, symlinks=True)
        self.stack = self.home / "stacks" / "yard"
        self.kept, self.held, self.process = {}, [], None
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "VAMS_HOME": str(self.home),
                            "VAMS_ADMIN_PASSWORD": PASSWORD}

    def run(self, *arguments, **environment):
        done = subprocess.run([self.options.vams, *map(str, arguments)], env={**self.environment, **environment},
                              cwd=self.folder, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=120 if arguments[0] == "serve" else 600, check=False)
        check("Sanitizer" not in done.stderr and "runtime error:" not in done.stderr, f"a sanitizer: {done.stderr}")
        return done

    def succeed(self, *arguments, **environment):
        done = self.run(*arguments, **environment)
        check(done.returncode == 0, f"vams {' '.join(map(str, arguments))} ended with {done.returncode}: "
                                    f"{done.stdout}{done.stderr}")
        return done.stdout

    def dump(self):
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            self.succeed("export", "--stack", "yard", "--format", "lines", "--to", pathlib.Path(folder) / "to")
            return {p.name: p.read_bytes() for p in (pathlib.Path(folder) / "to").iterdir() if p.suffix == ".json"}

    def state(self):
        shown = json.loads(self.succeed("stack", "show", "--stack", "yard", "--json"))
        return shown["dataVersion"], shown["generation"], self.dump()

    # ---- What breaks, and is mended again

    def keep(self, path):
        if path not in self.kept:
            self.kept[path] = (os.readlink(path) if path.is_symlink() else
                               path.read_bytes() if path.is_file() else None)

    def write(self, path, content):
        self.keep(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def file(self, name, content):
        """One that the command names."""
        return self.write(self.folder / name, content if isinstance(content, (str, bytes)) else json.dumps(content))

    def remove(self, path):
        self.keep(path)
        path.unlink()

    def cut(self, path, part=0.5):
        whole = path.read_bytes()
        self.write(path, whole[:int(len(whole) * part)])

    def flip(self, path, part=0.5):
        whole = bytearray(path.read_bytes())
        whole[int(len(whole) * part)] ^= 0xFF
        self.write(path, bytes(whole))

    def config(self, config):
        self.write(self.stack / "config.json", config if isinstance(config, str) else json.dumps(config))

    def generation(self, number=None):
        return self.stack / ("current" if number is None else f"generations/{number:04}")

    def items(self, number=None):
        """The store's file, with everything in it."""
        path = self.generation(number).resolve() / "items.db"
        with contextlib.closing(sqlite3.connect(path)) as store:
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for name in ("items.db-wal", "items.db-shm"):
            (path.parent / name).unlink(missing_ok=True)
        return path

    def backups(self):
        return self.home / "backups" / "yard"

    def pack(self):
        return max((self.backups() / "packs").iterdir(), key=lambda p: p.stat().st_size)

    def manifest(self):
        return sorted((self.backups() / "backups").iterdir())[-1]

    def lock(self, name, text):
        self.write(self.stack / name, text)
        held = open(self.stack / name, "r+", encoding="utf-8")
        fcntl.flock(held, fcntl.LOCK_EX)
        self.held.append(held)

    def listener(self):
        busy = socket.create_server(("127.0.0.1", 0))
        self.held.append(busy)
        return busy.getsockname()[1]

    def script(self, text, mode=0o755):
        path = self.file(f"hook-{len(self.kept)}", "#!/bin/sh\n" + text + "\n")
        path.chmod(mode)
        return str(path)

    def serve(self, stack="yard"):
        log = self.folder / f"stderr.{stack}"
        with open(log, "wb") as errors:
            self.process = subprocess.Popen([self.options.vams, "serve", "--stack", stack, "--listen", "127.0.0.1:0"],
                                            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=errors)
        said, found = first_line(self.process, r" answers at https?://127\.0\.0\.1:(\d+)|stands by")
        check(found, f"the server ended: {said}{log.read_text()}")
        return found.group(1)

    def mend(self):
        for one in self.held:
            one.close()
        self.held = []
        if self.process is not None:
            stop(self.process)
            self.process.stdout.close()
            self.process = None
        for path, content in self.kept.items():
            if isinstance(content, str):
                path.unlink(missing_ok=True)
                path.symlink_to(content)
            elif content is None:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
        self.kept = {}


# ---- What breaks it.  Each answers the command, or nothing for that of the table.


def no_items(home):
    home.remove(home.items())


def short_items(home):
    home.cut(home.items())


def other_items(home):
    home.write(home.items(), b"this is no store of items, whatever its name says" * 200)


def damaged_items(home):
    path = home.items()
    whole = path.read_bytes()
    half = len(whole) // 2 // 4096 * 4096
    home.write(path, whole[:half] + b"\xff" * 4096 + whole[half + 4096:])


def generation_says(home, text):
    home.write(home.generation().resolve() / "generation.json", text)


def of_version(version):
    def break_it(home):
        said = json.loads((home.generation() / "generation.json").read_text())
        generation_says(home, json.dumps({**said, "dataVersion": version}))
    return break_it


def of_format(home):
    said = json.loads((home.generation() / "generation.json").read_text())
    generation_says(home, json.dumps({**said, "format": 99}))


def dangling(home):
    home.keep(home.generation())
    home.generation().unlink()
    home.generation().symlink_to("generations/0099")


def unfinished(kind):
    """An operation that a newer release has left."""
    def break_it(home):
        folder = home.stack / "operations" / "0099"
        home.keep(folder)
        home.write(folder / "journal.jsonl", json.dumps(
            {"at": "2025-03-01T10:00:00.000Z", "event": "begin", "kind": kind, "by": "rita", "stack": "yard",
             "generation": 1, "request": {}}) + "\n")
    return break_it


def config_of(config):
    return lambda home: home.config(config)


def hook_of(name, text, mode=0o755):
    return lambda home: home.config({"hooks": {name: [home.script(text, mode)]}})


def missing_hook(home):
    home.config({"hooks": {"preUpdate": [str(home.folder / "no-such-hook")]}})


def held(name):
    return lambda home: home.lock(name, '"vams test" of rita (process 1, since 2025-03-01T10:00:00.123Z)')


def with_file(name, content, *command):
    """The command names a file with this content."""
    def break_it(home):
        path = home.file(name, content)
        return [str(path) if part == "FILE" else part for part in command]
    return break_it


def with_folder(files, *command):
    def break_it(home):
        folder = home.folder / "given"
        home.keep(folder)
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_text(content)
        return [str(folder) if part == "FOLDER" else part for part in command]
    return break_it


def pack_is(change):
    return lambda home: getattr(home, change)(home.pack())


def manifest_is(change, *more):
    return lambda home: getattr(home, change)(home.manifest(), *more)


def no_old_generation(home):
    path = home.generation(1)
    away = home.folder / "away"
    path.rename(away)
    home.undo = lambda: away.rename(path)


def damaged_old(home):
    path = home.items(1)
    whole = path.read_bytes()
    half = len(whole) // 2 // 4096 * 4096
    home.write(path, whole[:half] + b"\xff" * 8192 + whole[half + 8192:])


def folder_is_file(home):
    home.config({"backup": {"repository": str(home.file("a-file", "no folder") / "backups")}})


def served(home):
    home.serve()


def busy_port(home):
    return ["serve", "--stack", "yard", "--listen", f"127.0.0.1:{home.listener()}"]


def busy_while_updating(home):
    """The server is killed on the way, and somebody else is quicker than the one who starts it again."""
    port = home.serve()
    taker = home.file("taker.py", f"""
import pathlib, socket, time
while True:
    try:
        busy = socket.create_server(("127.0.0.1", {port}))
        break
    except OSError:
        time.sleep(0.02)
pathlib.Path({str(home.folder / 'taken')!r}).touch()
time.sleep(600)
""")
    home.config({"hooks": {"preUpdate": [home.script(
        f"kill -9 {home.process.pid}\n{sys.executable} {taker} >/dev/null 2>&1 </dev/null &\n"
        f"echo $! >{home.folder}/taker\nuntil test -e {home.folder}/taken; do sleep 0.05; done")]}})
    updated = home.run(*UPDATE)
    check(updated.returncode == 0, f"the update without its server ended with {updated.returncode}: {updated.stderr}")
    home.after = home.state()

    def end():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int((home.folder / "taker").read_text()), signal.SIGKILL)
    home.undo = end
    return ["serve", "--stack", "yard", "--listen", f"127.0.0.1:{port}"]


def full_disk(home):
    if not home.options.full_disk:
        return None
    asan = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0")))
    home.environment.update({"LD_PRELOAD": home.options.full_disk, "ASAN_OPTIONS": asan,
                             "FULL_DISK_PATH": str(home.folder), "FULL_DISK_BYTES": "60000"})
    home.undo = lambda: [home.environment.pop(k) for k in ("LD_PRELOAD", "FULL_DISK_PATH", "FULL_DISK_BYTES")]
    return None


def faulty(point):
    def break_it(home):
        home.environment["VAMS_FAULT"] = f"{point}=error"
        home.undo = lambda: home.environment.pop("VAMS_FAULT")
    return break_it


AB = ("ab", "start", "--from", "yard", "--stack", "next")
TAG = '{"Item":{"tagName":{"S":"x"},"description":{"S":"y"},"tagTypeName":{"S":"z"}}}\n'
IMPORT = ("import", "--stack", "other", "--data-version", "2.4", "--from", "FOLDER")
BACKUP = ("backup", "restore", "latest", "--stack", "yard", "--to", "again")


def has(scene, name, break_it, status, said, command=()):
    return scene, name, break_it, status, said, command


# The scenes: `old` is data of 2.4; `new` the same after an update, with its backup; `ab` two sides of a deployment.
TABLE = [
    # ---- Updating: the data is not what it was.
    has("old", "no items", no_items, (FAILED, REFUSED), "items", UPDATE),
    has("old", "half of the items", short_items, REFUSED, "items", UPDATE),
    has("old", "something else for items", other_items, (FAILED, REFUSED), "items", UPDATE),
    has("old", "damaged page", damaged_items, REFUSED, "restore a backup", UPDATE),
    has("old", "no generation.json", lambda h: h.remove(h.generation().resolve() / "generation.json"), FAILED,
        "generation", UPDATE),
    has("old", "generation.json is no JSON", lambda h: generation_says(h, "{"), FAILED, "generation.json", UPDATE),
    has("old", "generation.json of a newer format", of_format, FAILED, "newer release", UPDATE),
    has("old", "data of a newer release", of_version("2.9"), REFUSED, "newer release", UPDATE),
    has("old", "data that is older than it says", of_version("2.2"), REFUSED, "data version", UPDATE),
    has("old", "current leads nowhere", dangling, FAILED, "0099", UPDATE),
    has("old", "stack.json is no JSON", lambda h: h.write(h.stack / "stack.json", "{"), FAILED, "stack.json", UPDATE),
    has("old", "an operation of a newer release", unfinished("reshape"), FAILED, "reshape", UPDATE),
    # ---- Updating: it is set up wrongly.
    has("old", "configuration is no JSON", config_of("{"), (USAGE, REFUSED), "config.json", UPDATE),
    has("old", "configuration of a wrong type", config_of({"server": {"listen": 7}}), (USAGE, REFUSED), "server.listen",
        UPDATE),
    has("old", "backups below a file", folder_is_file, REFUSED, "backup repository", UPDATE),
    has("old", "a hook that is not there", missing_hook, (FAILED, REFUSED), "no-such-hook", UPDATE),
    has("old", "a hook that may not be run", hook_of("preUpdate", "exit 0", 0o644), (FAILED, REFUSED), "hook", UPDATE),
    has("old", "a hook that says no", hook_of("preUpdate", "echo not before Monday >&2; exit 3"), FAILED,
        "not before Monday", UPDATE),
    has("old", "a hook that is killed", hook_of("preUpdate", "kill -9 $$"), FAILED, "hook", UPDATE),
    has("old", "a hook behind the switch says no", hook_of("postUpdate", "exit 4"), ROLLED_BACK, "hook postUpdate",
        UPDATE),
    has("old", "a failure before the backup is verified", faulty("backup.before_manifest"), FAILED, "fault injected",
        UPDATE),
    has("old", "a failure in the middle of a step", faulty("migrate.after_chunk"), (FAILED, INTERRUPTED),
        "fault injected", UPDATE),
    has("old", "a failure of the proof", faulty("migrate.before_verify"), (FAILED, INTERRUPTED), "fault injected",
        UPDATE),
    has("old", "a failure at the switch", faulty("lifecycle.publish.before_switch"), None, "fault injected", UPDATE),
    has("old", "a full disk", full_disk, (FAILED, REFUSED), "", UPDATE),
    # ---- Updating: it is asked for wrongly.
    has("old", "a stack that is not there", None, USAGE, "yard", ("update", "--stack", "nowhere")),
    has("old", "a version that is none", None, USAGE, "3.7", ("update", "--stack", "yard", "--to", "3.7")),
    has("old", "back to an older version", None, (USAGE, REFUSED), "vams rollback",
        ("update", "--stack", "yard", "--to", "2.2", "--yes")),
    has("old", "nothing decides", None, REFUSED, "--owners", ("update", "--stack", "yard", "--yes")),
    has("old", "nobody has approved", None, REFUSED, "--yes", (*UPDATE[:-1], "--require-approval", "always")),
    has("old", "an approval that is none", None, USAGE, "never", (*UPDATE, "--require-approval", "perhaps")),
    has("old", "a way to set aside that is none", None, USAGE, "quarantine",
        ("update", "--stack", "yard", "--ambiguous", "guess")),
    has("old", "a dialect that is none", None, USAGE, "reference", (*UPDATE, "--dialect", "latin")),
    has("old", "no file of owners", None, (FAILED, USAGE), "no-owners", (*UPDATE, "--owners", "no-owners")),
    has("old", "owners are no JSON", with_file("owners", "[", *UPDATE, "--owners", "FILE"), USAGE, "no JSON object"),
    has("old", "an owner is no text", with_file("owners", {"a": 7}, *UPDATE, "--owners", "FILE"), USAGE, '"a"'),
    has("old", "records would be set aside", None, REFUSED, "quarantine", (*UPDATE, "--strict")),
    has("old", "a loss nobody has named", None, USAGE, "", (*UPDATE, "--threads", "0")),
    # ---- Somebody else is at it.
    has("old", "another operation", held("operation.lock"), REFUSED, "vams test", UPDATE),
    has("old", "another one holds the stack", held("lock"), (FAILED, REFUSED), "vams test", UPDATE),
    has("old", "another rollback", held("operation.lock"), REFUSED, "rita", ("rollback", "--stack", "yard")),
    has("old", "another migration", held("lock"), REFUSED, "rita", ("migrate", "run", "--stack", "yard")),
    has("old", "a served stack is migrated", served, REFUSED, "serve", ("migrate", "run", "--stack", "yard")),
    has("old", "a busy port", busy_port, FAILED, "in use"),
    has("old", "a busy port after an update of a served stack", busy_while_updating, FAILED, "in use"),
    has("old", "a second server", served, REFUSED, "vams serve", ("serve", "--stack", "yard", "--listen", "127.0.0.1:0")),
    has("new", "a backup while one is made", held("backup.lock"), (FAILED, REFUSED), "backup",
        ("backup", "create", "--stack", "yard")),
    # ---- Serving.
    has("new", "a certificate that is not there", config_of({"server": {"tls": {"certificate": "/no/such.pem", "key": "/no/such.key"}}}), USAGE,
        "such.pem",
        ("serve", "--stack", "yard", "--listen", "127.0.0.1:0")),
    has("new", "data of a newer release is served", of_version("2.9"), REFUSED, "install the release",
        ("serve", "--stack", "yard", "--listen", "127.0.0.1:0")),
    has("new", "a state of a deployment that cannot be read", lambda h: h.write(h.stack / "ab.json", "{"), FAILED,
        "ab.json", ("serve", "--stack", "yard", "--listen", "127.0.0.1:0")),
    has("new", "an address that is none", None, USAGE, "nonsense", ("serve", "--stack", "yard", "--listen", "nonsense")),
    # ---- Going back.
    has("old", "nothing to go back to", None, REFUSED, "backup restore", ("rollback", "--stack", "yard")),
    has("new", "a generation that is not there", None, REFUSED, "7", ("rollback", "--stack", "yard", "--to", "7")),
    has("new", "a generation that serves", None, REFUSED, "--to", ("rollback", "--stack", "yard", "--to", "2")),
    has("new", "the old generation was removed", no_old_generation, REFUSED, "restore a backup",
        ("rollback", "--stack", "yard")),
    has("new", "the old generation is damaged", damaged_old, None, "", ("rollback", "--stack", "yard")),
    has("new", "a rollback that fails on its way", faulty("rollback.before_switch"), None, "fault injected",
        ("rollback", "--stack", "yard")),
    has("new", "a rollback with a fault behind its switch", faulty("rollback.switched"), None, "fault injected",
        ("rollback", "--stack", "yard")),
    # ---- Backups.
    has("new", "a backup below a file", folder_is_file, (FAILED, USAGE), "a-file", ("backup", "create", "--stack", "yard")),
    has("new", "half of a pack", pack_is("cut"), (DIFFERENT, FAILED), "pack", ("backup", "verify", "--stack", "yard")),
    has("new", "one bit of a pack", pack_is("flip"), (DIFFERENT, FAILED), "",
        ("backup", "verify", "--stack", "yard", "--read-data")),
    has("new", "a pack is missing", pack_is("remove"), (DIFFERENT, FAILED), "", ("backup", "verify", "--stack", "yard")),
    has("new", "half of a manifest", manifest_is("cut"), (DIFFERENT, FAILED), "", ("backup", "verify", "--stack", "yard")),
    has("new", "one bit of a manifest", manifest_is("flip"), (DIFFERENT, FAILED), "",
        ("backup", "verify", "--stack", "yard")),
    has("new", "a repository that is none", lambda h: h.write(h.backups() / "format", "something else\n"), USAGE, "name another",
        ("backup", "list", "--stack", "yard")),
    has("new", "a repository of a newer release",
        lambda h: h.write(h.backups() / "format", "vams-backup 9\nstack yard\n"), FAILED, "newer",
        ("backup", "list", "--stack", "yard")),
    has("new", "a backup that is not there", None, USAGE, "backup list",
        ("backup", "restore", "20200101-000000-0000", "--stack", "yard", "--to", "again")),
    has("new", "a damaged backup is restored", pack_is("cut"), FAILED, "--skip-damaged", BACKUP),
    has("new", "a missing pack is restored", pack_is("remove"), FAILED, "--skip-damaged", BACKUP),
    has("new", "a time before the log", None, (USAGE, REFUSED), "2001", (*BACKUP, "--at", "2001-01-01T00:00:00Z")),
    has("new", "a time that is none", None, USAGE, "yesterday", (*BACKUP, "--at", "yesterday")),
    has("new", "a restore over a stack that is served", served, REFUSED, "serve",
        ("backup", "restore", "latest", "--stack", "yard", "--yes")),
    has("new", "a restore nobody has approved", None, REFUSED, "--yes",
        ("backup", "restore", "latest", "--stack", "yard")),
    has("new", "a part of a backup of older data", None, FAILED, "another stack",
        ("backup", "restore", "latest", "--stack", "yard", "--database", "harbor-yard", "--yes")),
    has("new", "a restore to a name that is none", None, USAGE, "name",
        ("backup", "restore", "latest", "--stack", "yard", "--to", "9 lives")),
    # ---- Bringing data in and out.
    has("old", "a folder that is not there", None, (FAILED, USAGE), "no-such-folder", (*IMPORT[:-1], "no-such-folder")),
    has("old", "a line that is no item", with_folder({"TagStorageTable.json": TAG + "{\n"}, *IMPORT), FAILED,
        "TagStorageTable.json"),
    has("old", "an item without its key", with_folder(
        {"TagStorageTable.json": '{"Item":{"description":{"S":"y"}}}\n'}, *IMPORT), FAILED, "tagName"),
    has("old", "a file of no table", with_folder({"NoSuchTable.json": TAG}, *IMPORT), USAGE, "--map"),
    has("old", "a stack that is there already", with_folder({"TagStorageTable.json": TAG}, "import", "--stack", "yard",
                                                             "--data-version", "2.4", "--from", "FOLDER"), REFUSED,
        "yard"),
    has("old", "a data version that is none", with_folder({"TagStorageTable.json": TAG}, *IMPORT[:3], "--data-version",
                                                           "7.7", "--from", "FOLDER"), USAGE, "7.7"),
    has("old", "an export into a folder with files", with_folder({"mine.txt": "x"}, "export", "--stack", "yard",
                                                                  "--format", "lines", "--to", "FOLDER"), None, "empty"),
    has("old", "an export of no format", None, USAGE, "lines",
        ("export", "--stack", "yard", "--format", "papyrus", "--to", "out")),
    # ---- Stacks.
    has("old", "a clone of a name that is taken", None, REFUSED, "yard", ("stack", "clone", "yard", "yard")),
    has("old", "a clone of a name that is none", None, USAGE, "name", ("stack", "clone", "yard", "9 lives")),
    has("old", "a stack of a name that is taken", None, REFUSED, "yard", ("stack", "create", "yard")),
    has("old", "destruction unconfirmed", None, REFUSED, "--confirm", ("stack", "destroy", "yard")),
    has("old", "destruction with another name", None, REFUSED, "--confirm yard",
        ("stack", "destroy", "yard", "--yes", "--confirm", "plant")),
    has("old", "destruction of a served stack", served, REFUSED, "serve",
        ("stack", "destroy", "yard", "--yes", "--confirm", "yard", "--no-backup")),
    has("old", "destruction without room for the last backup", folder_is_file, (FAILED, USAGE), "--no-backup",
        ("stack", "destroy", "yard", "--yes", "--confirm", "yard")),
    # ---- Deployments side by side.
    has("new", "one name for both sides", None, REFUSED, "another name", ("ab", "start", "--from", "yard", "--stack", "yard")),
    has("new", "one address for both sides", None, REFUSED, "server.listen", AB),
    has("new", "no key for the other machine", None, USAGE, "--key-file",
        ("ab", "start", "--from", "http://127.0.0.1:1", "--stack", "next")),
    has("new", "a key file that is not there", None, USAGE, "no-key",
        ("ab", "start", "--from", "http://127.0.0.1:1", "--stack", "next", "--key-file", "no-key", "--here", "http://h")),
    has("new", "another machine that does not answer", with_file(
        "key", "x", "ab", "start", "--from", "http://127.0.0.1:1", "--stack", "next", "--key-file", "FILE", "--here",
        "http://h"), FAILED, "127.0.0.1:1"),
    has("old", "what nothing decides about", with_file("next.json", {"server": {"listen": ["127.0.0.1:1"]}}, *AB,
                                                       "--config", "FILE"), REFUSED, "--owners"),
    has("ab", "a switch without a server", None, FAILED, "vams serve --stack next", ("ab", "switch", "--stack", "yard")),
    has("ab", "a comparison without a server", None, FAILED, "vams serve", ("ab", "validate", "--stack", "yard")),
    has("ab", "back before the first switch", None, REFUSED, "vams ab switch", ("ab", "rollback", "--stack", "yard")),
    has("ab", "the end before the first switch", None, REFUSED, "--abandon", ("ab", "finish", "--stack", "yard")),
    has("ab", "a second deployment", with_file("third.json", {"server": {"listen": ["127.0.0.1:2"]}}, "ab", "start",
                                               "--from", "yard", "--stack", "third", "--config", "FILE"), REFUSED,
        "vams ab finish"),
    has("ab", "given up although it is there", None, REFUSED, "not lost",
        ("ab", "finish", "--stack", "yard", "--alone", "--yes")),
    has("ab", "a damaged state", lambda h: h.write(h.stack / "ab.json", "{"), FAILED, "ab.json",
        ("ab", "status", "--stack", "yard")),
    has("ab", "a state without a role", lambda h: h.write(h.stack / "ab.json", '{"format": 1}'), FAILED, "no role",
        ("ab", "status", "--stack", "yard")),
    has("ab", "a state of a newer release", lambda h: h.write(h.stack / "ab.json", '{"format": 9, "role": "serving"}'),
        FAILED, "newer release", ("ab", "status", "--stack", "yard")),
    # ---- Looking first.
    has("old", "a change set that is none", with_file("changes", "{", "diff", "--stack", "yard", "--changeset", "FILE"),
        (FAILED, USAGE), "changes"),
    has("old", "no change set", None, (FAILED, USAGE), "no-changes",
        ("diff", "--stack", "yard", "--changeset", "no-changes")),
    has("old", "an operation that is not there", None, USAGE, "vams history", ("history", "77", "--stack", "yard")),
    has("old", "nothing to give up", None, USAGE, "", ("migrate", "cancel", "--stack", "yard")),
    has("old", "nothing to reverse", None, (USAGE, REFUSED), "", ("migrate", "reverse", "--stack", "yard")),
]


def fail(options, scenes, line, folder):
    """What was wrong; nothing if all was as it should be."""
    scene, name, break_it, status, said, command = line
    home = Home(options, folder, scenes[scene].home)
    home.undo, home.after = None, None
    before = scenes[scene].known
    try:
        given = break_it(home) if break_it else None
        given = given if isinstance(given, list) else None
        done = home.run(*(given or command))
        text = done.stdout + done.stderr
        if options.show:
            print(f"--- {name}: {done.returncode}\n{text.strip()[-900:]}", flush=True)
        allowed = status if isinstance(status, tuple) else (status,) if status is not None else (1, 3, 4, 5)
        check(done.returncode in allowed, f"ended with {done.returncode}, not {status}: {text}")
        check(re.search(r"^vams: ", done.stderr, re.M) or "REFUSED" in done.stdout or done.returncode == DIFFERENT,
              f"no reason is given: {text}")
        check(said in text, f"it does not say {said!r}: {text}")
        if home.undo:
            home.undo()
        home.mend()
        after = home.state()
        expected = home.after or before
        check(after == expected, f"something is another: {after[:2]} and was {expected[:2]}, tables "
                                 f"{[t for t in expected[2] if after[2].get(t) != expected[2][t]]}")
        stacks = sorted(p.name for p in (home.home / "stacks").iterdir() if not p.name.startswith("."))
        check(stacks == scenes[scene].stacks, f"there are stacks {stacks}")
    finally:
        if home.undo:
            with contextlib.suppress(Exception):
                home.undo()
        home.mend()


def make_scenes(options, folder, fixtures):
    scenes = {}

    def scene(name, made_from=None):
        made = Home(options, folder / name, scenes[made_from].home if made_from else None)
        scenes[name] = made
        return made

    for name in ("old", "new", "ab"):
        (folder / name).mkdir()
    old = scene("old")
    old.succeed("import", "--stack", "yard", "--data-version", "2.4", "--from", fixtures / "v2.4", "--from",
                fixtures / "seed" / "v2.5")
    scene("new", "old").succeed(*UPDATE)
    ab = scene("ab", "new")
    config = ab.file("next.json", {"server": {"listen": ["127.0.0.1:1"]}})
    ab.succeed(*AB, "--config", config)
    for made in scenes.values():
        made.known = made.state()
        made.stacks = sorted(p.name for p in (made.home / "stacks").iterdir() if not p.name.startswith("."))
    return scenes


def main():
    parser = argparse.ArgumentParser(description="Failures across the lifecycle.")
    parser.add_argument("--vams", required=True)
    parser.add_argument("--full-disk")
    parser.add_argument("--fixtures")
    parser.add_argument("--show", action="store_true", help="print what every command says")
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    options.vams = str(pathlib.Path(options.vams).resolve())
    fixtures = options.fixtures or os.environ.get("VAMS_FIXTURES")
    fixtures = pathlib.Path(fixtures or HERE.parents[3] / "shared" / "fixtures") / "dynamodb"
    if not fixtures.is_dir():
        print(f"there are no fixtures in {fixtures}; set VAMS_FIXTURES to their folder")
        return SKIPPED
    chosen = [line for line in TABLE if not options.parts or any(re.search(p, line[1]) for p in options.parts)]
    begin, failures = time.monotonic(), 0
    with tempfile.TemporaryDirectory(prefix="vams-failures-") as folder:
        folder = pathlib.Path(folder)
        scenes = make_scenes(options, folder, fixtures)

        def one(line):
            with tempfile.TemporaryDirectory(dir=folder) as own:
                try:
                    return fail(options, scenes, line, pathlib.Path(own))
                except (AssertionError, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
                    return f"{type(error).__name__}: {error}"

        with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
            for line, wrong in zip(chosen, pool.map(one, chosen)):
                if wrong:
                    failures += 1
                    print(f"{line[0]}: {line[1]}: FAILED: {wrong}", flush=True)
    print(f"{len(chosen)} failures, {failures} of them not as expected ({time.monotonic() - begin:.0f} s)")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
