#!/usr/bin/env python3
"""Runs a script of commands against a built vams binary and compares every line they print.

Usage: run.py --vams BINARY [--timeout SECONDS] [--update] SCRIPT.cli | DOCUMENT.md

A SCRIPT.cli is a list of steps:

    ## A comment.  `## requires NAME` skips the script unless the variable NAME is set.
    $ vams stack create prod            a command, run by one bash that lives for the whole script
    > --json                            a further line of it
    created stack prod in [..] ms       what it prints on standard output
    ...
    ! warning: the disk is nearly full  what it prints on standard error
    ? 4                                 its exit status, when that is not 0

`[..]` stands for any text within a line, `...` alone on a line for any number of lines.  A line
that must begin with one of the marks is written behind a backslash.  Blank lines in front of the
next step and at the end of a stream are not compared.  Everything else is.

Every script has a fresh folder: VAMS_HOME is an empty folder in it, WORK the current one.  PORT is
a free TCP port, `vams` the binary.  $PORT, $VAMS_HOME, $WORK and $VAMS_FIXTURES are also filled in
where they stand in expected lines.

A command that ends in `&` runs in the background: the script goes on as soon as the expected lines
have come (what follows them is not compared).  At the end it gets SIGTERM and must then end by
itself, with status 0 or by that signal.

In a DOCUMENT.md the ```console blocks are one such session, as a reader would type it in the
project's folder: both streams are one, `# ` begins a comment, and a command may fail only if the
next one looks at `$?`.  What has to differ in a test is said in a comment of the document:

    <!-- tour: 127.0.0.1:8080 = 127.0.0.1:$PORT -->
    <!-- tour: requires VAMS_FIXTURES -->

--update writes what was printed into the script, keeping the patterns that matched.

Exit status: 0 as expected, 1 different, 2 usage, 77 a required variable is not set.
"""

import argparse
import dataclasses
import fcntl
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
NAMES = ("PORT", "VAMS_HOME", "WORK", "VAMS_FIXTURES")
PASSED_ON = ("VAMS_FIXTURES", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


class ScriptError(Exception):
    """The script itself cannot be read or run; the message is for its author."""


@dataclasses.dataclass
class Step:
    line: int  # of the command, counted from 1
    command: str
    first: int = 0  # the expectation is lines[first:last] of the file
    last: int = 0
    out: list = dataclasses.field(default_factory=list)
    err: list = dataclasses.field(default_factory=list)
    status: int = 0

    @property
    def background(self):
        return re.search(r"(^|[^&])&\s*$", self.command) is not None


@dataclasses.dataclass
class Script:
    path: pathlib.Path
    lines: list
    document: bool
    steps: list = dataclasses.field(default_factory=list)
    requires: list = dataclasses.field(default_factory=list)
    replace: list = dataclasses.field(default_factory=list)


def drop_blank_tail(lines):
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def read_script(path):
    text = path.read_text(encoding="utf-8")
    script = Script(path, text.splitlines(), path.suffix == ".md")
    if script.document:
        for note in re.findall(r"<!--\s*tour:\s*(.*?)\s*-->", text):
            if note.startswith("requires "):
                script.requires.append(note.split(None, 1)[1])
            elif " = " in note:
                script.replace.append(tuple(note.split(" = ", 1)))
            else:
                raise ScriptError(f"{path}: a comment without `A = B` or `requires NAME`: {note}")
    read_steps(script)
    if not script.steps:
        raise ScriptError(f"{path}: no command in it; a step begins with `$ `")
    return script


def read_steps(script):
    step = None
    in_block = not script.document

    def finish(end):
        nonlocal step
        if step:
            step.last = step.first + len(drop_blank_tail(script.lines[step.first:end]))
            read_expectation(script, step)
            step = None

    for number, line in enumerate(script.lines):
        if script.document and line.startswith("```"):
            finish(number)
            in_block = not in_block and line.strip() == "```console"
        elif not in_block:
            continue
        elif line.startswith("## ") or line == "##" or (script.document and line.startswith("# ")):
            finish(number)
            required = re.fullmatch(r"## requires (\w+)", line)
            if required:
                script.requires.append(required[1])
        elif line.startswith("$ "):
            finish(number)
            step = Step(number + 1, line[2:], number + 1)
            script.steps.append(step)
        elif line.startswith("> ") and step and step.first == number:
            step.command += "\n" + line[2:]
            step.first = number + 1
        elif step is None and line.strip():
            raise ScriptError(f"{script.path}:{number + 1}: output before any command: {line}")
    finish(len(script.lines))


def read_expectation(script, step):
    for line in script.lines[step.first:step.last]:
        if script.document:
            step.out.append(line)
        elif line.startswith("! ") or line == "!":
            step.err.append(line[2:])
        elif line.startswith("? "):
            step.status = int(line[2:])
        else:
            step.out.append(line)
    drop_blank_tail(step.out)


def matches(pattern, line):
    if pattern.startswith("\\"):
        pattern = pattern[1:]
    parts = (re.escape(part) for part in pattern.split("[..]"))
    return re.fullmatch(".*".join(parts), line) is not None


def align(expected, actual):
    """The cheapest way from one to the other: (cost, [(pattern or None, line or None)...])."""
    rows, columns = len(expected), len(actual)
    cost = [[0] * (columns + 1) for _ in range(rows + 1)]
    same = [[False] * columns for _ in range(rows)]
    for i in range(rows, -1, -1):
        for j in range(columns, -1, -1):
            if i == rows:
                cost[i][j] = columns - j
                continue
            free = expected[i] == "..."
            ways = [cost[i + 1][j] + (0 if free else 1)]
            if j < columns:
                ways.append(cost[i][j + 1] + (0 if free else 1))
                same[i][j] = not free and matches(expected[i], actual[j])
                if same[i][j]:
                    ways.append(cost[i + 1][j + 1])
            cost[i][j] = min(ways)
    pairs, i, j = [], 0, 0
    while i < rows or j < columns:
        if i < rows and j < columns and same[i][j] and cost[i][j] == cost[i + 1][j + 1]:
            pairs.append((expected[i], actual[j]))
            i, j = i + 1, j + 1
        elif i < rows and cost[i][j] == cost[i + 1][j] + (expected[i] != "..."):
            pairs.append((expected[i], None))
            i += 1
        else:
            covered = i < rows and expected[i] == "..."
            pairs.append(("..." if covered else None, actual[j]))
            j += 1
    return cost[0][0], pairs


def difference(pairs):
    text = []
    for pattern, line in pairs:
        if pattern is None:
            text.append("  + " + line)
        elif line is not None:
            text.append("    " + line)
        elif pattern != "...":
            text.append("  - " + pattern)
    return "\n".join(text)


class Shell:
    """One bash for a whole script; the steps are files that it sources."""

    def __init__(self, folder, work, env, timeout, merge):
        self.folder, self.timeout, self.merge = folder, timeout, merge
        self.count, self.status, self.jobs = 0, 0, []
        self.reports, reporter = os.pipe()
        self.fd = reporter
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], cwd=work, env=env, stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            pass_fds=(reporter,))
        os.close(reporter)

    def ask(self, line, timeout):
        """Has bash run the line, and returns the words it then reports."""
        try:
            self.process.stdin.write((line + f' >&{self.fd}\n').encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            raise ScriptError("the shell has ended; a command must not call exit") from None
        deadline, answer = time.monotonic() + timeout, b""
        while not answer.endswith(b"\n"):
            ready, _, _ = select.select([self.reports], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise ScriptError(f"no end after {timeout} s")
            part = os.read(self.reports, 4096)
            if not part:
                raise ScriptError("the shell has ended; a command must not call exit")
            answer += part
        return answer.decode().split()

    def run(self, step):
        self.count += 1
        base = self.folder / f"step{self.count}"
        out, err = base.with_suffix(".out"), base.with_suffix(".err")
        base.write_text(step.command + "\n", encoding="utf-8")
        out.touch()
        err.touch()
        second = "2>&1" if self.merge else f"2>'{err}'"
        status, job = self.ask(
            f"(exit {self.status}); . '{base}' >'{out}' {second} </dev/null {self.fd}>&-; "
            f'printf "%s %s\\n" "$?" "${{!:-0}}"', self.timeout)
        self.status = int(status)
        if step.background:
            self.jobs.append((step, int(job)))
        return out, err

    def stop_jobs(self):
        """Ends the background commands, last one first; returns what was wrong with them."""
        wrong = []
        for step, job in reversed(self.jobs):
            try:
                os.kill(job, signal.SIGTERM)
            except ProcessLookupError:
                pass  # ended before; wait knows how
            try:
                status = int(self.ask(f'wait {job}; printf "%s\\n" "$?"', self.timeout)[0])
            except ScriptError:
                wrong.append((step, f"did not end within {self.timeout} s of SIGTERM"))
                break
            if status not in (0, 127, 128 + signal.SIGTERM):  # 127: the script waited for it
                wrong.append((step, f"ended with status {status}"))
        self.jobs = []
        return wrong

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.stdin.close()
        self.process.wait()
        os.close(self.reports)


def read_lines(path, complete_only=False):
    text = path.read_text(encoding="utf-8", errors="backslashreplace")
    if complete_only:
        text = text[:text.rfind("\n") + 1]
    return drop_blank_tail(text.split("\n"))


def take_port():
    """A port that no other run of this program holds and nobody listens on.

    Below the range from which the kernel picks ports for outgoing connections.  The lock lives as
    long as the process.
    """
    folder = pathlib.Path(tempfile.gettempdir()) / f"vams-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for step in range(10000):
        port = 20000 + (os.getpid() * 7 + step) % 10000
        lock = os.open(folder / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
            return port
        except OSError:
            os.close(lock)
    raise ScriptError("no free port between 20000 and 30000")


def make_folder(script, binary, top):
    """Lays out the script's world under `top`; returns its current folder and environment."""
    for name in ("bin", "home", "steps", "work"):
        (top / name).mkdir()
    work = top / "work"
    (top / "bin" / "vams").symlink_to(binary)
    if script.document:
        # The reader stands in the project's folder.  What a command writes stays out of it.
        root = script.path.parent
        while not (root / "Makefile").exists() and root != root.parent:
            root = root.parent
        for entry in root.iterdir():
            if entry.name not in ("build", ".git"):
                (work / entry.name).symlink_to(entry)
        (work / "build").mkdir()
        (work / "build" / "vams").symlink_to(binary)
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    env |= {
        "PATH": f"{top / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(top), "VAMS_HOME": str(top / "home"), "WORK": str(work),
        "PORT": str(take_port()), "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "dumb",
    }
    return work, env


def adapt(script, env):
    """Fills the document's replacements into commands, and the names into expected lines."""
    def fill(line):
        for name in NAMES:
            if name in env:
                line = re.sub(rf"\${name}\b|\${{{name}}}", lambda _: env[name], line)
        return line

    for step in script.steps:
        for old, new in script.replace:
            step.command = step.command.replace(old, new)
            step.out = [line.replace(old, new) for line in step.out]
        step.out = [fill(line) for line in step.out]
        step.err = [fill(line) for line in step.err]


def await_lines(shell, step, out, err):
    """Waits for the expected lines of a background command."""
    deadline = time.monotonic() + shell.timeout
    while True:
        job = shell.jobs[-1][1]
        proc = pathlib.Path(f"/proc/{job}/status")
        alive = proc.exists() and "State:\tZ" not in proc.read_text()
        found = all(align(expected + ["..."], read_lines(path, complete_only=True))[0] == 0
                    for expected, path in ((step.out, out), (step.err, err)) if expected)
        if found or not alive or time.monotonic() > deadline:
            return
        time.sleep(0.02)


def check(step, shell, follower):
    """Runs one step; returns its failures as text, and what it printed."""
    try:
        out, err = shell.run(step)
    except ScriptError as error:
        raise ScriptError(f"$ {step.command}\n  {error}") from None
    if step.background:
        await_lines(shell, step, out, err)
    failures, printed = [], {}
    streams = (("standard output", step.out, out), ("standard error", step.err, err))
    for name, expected, path in streams:
        printed[name] = read_lines(path)
        if step.background:
            expected = expected + ["..."]
        cost, pairs = align(expected, printed[name])
        if cost:
            failures.append(f"  {name} differs (- expected, + printed):\n{difference(pairs)}")
    looked_at = shell.merge and follower is not None and "$?" in follower.command
    if shell.status != step.status and not looked_at:
        failures.append(f"  exit status {shell.status}, expected {step.status}")
    return failures, printed


def updated(script, results, env):
    """The file's lines with what was printed in place of what was expected and did not match."""
    names = [("$" + name, env[name]) for name in NAMES if name in env]
    for old, new in script.replace:
        names.append((old, re.sub(r"\$(\w+)", lambda name: env.get(name[1], name[0]), new)))

    def written(mark, line):
        for name, value in sorted(names, key=lambda pair: -len(pair[1])):
            line = line.replace(value, name)
        marks = ("$ ", "# ", "\\") if script.document else ("$ ", "## ", "! ", "? ", "\\")
        marked = line == "..." or line.startswith(marks)
        return mark + ("\\" if marked and not mark else "") + line

    def stream(mark, kept, expected, actual, background):
        lines, kept = [], iter(kept)
        for pattern, line in align(expected + (["..."] if background else []), actual)[1]:
            if pattern is None:
                lines.append(written(mark, line))
            elif pattern == "..." and line is not None:
                continue
            else:
                original = next(kept, None)  # None: the `...` that a background command ends in
                if original is not None and (line is not None or pattern == "..."):
                    lines.append(original)
        return lines

    lines = list(script.lines)
    for step, (status, printed) in reversed(list(zip(script.steps, results))):
        old = script.lines[step.first:step.last]
        err_kept, out_kept = [], old
        if not script.document:
            err_kept = [line for line in old if line.startswith("! ") or line == "!"]
            out_kept = [line for line in old if line not in err_kept and line[:2] != "? "]
        new = stream("", out_kept, step.out, printed["standard output"], step.background)
        new += stream("! ", err_kept, step.err, printed["standard error"], step.background)
        if status and not script.document:
            new.append(f"? {status}")
        lines[step.first:step.last] = new
    return lines


def run(script, binary, timeout, update):
    """Runs the script; returns its failures as text."""
    top = pathlib.Path(tempfile.mkdtemp(prefix="vams-cli-"))
    failures, results = [], []
    shell = None
    try:
        work, env = make_folder(script, binary, top)
        adapt(script, env)
        shell = Shell(top / "steps", work, env, timeout, merge=script.document)
        for step, follower in zip(script.steps, script.steps[1:] + [None]):
            wrong, printed = check(step, shell, follower)
            results.append((shell.status, printed))
            if wrong:
                failures.append(f"{script.path}:{step.line}: $ {step.command}\n" + "\n".join(wrong))
        for step, problem in shell.stop_jobs():
            failures.append(f"{script.path}:{step.line}: $ {step.command}\n  {problem}")
    except ScriptError as error:
        failures.append(f"{script.path}: {error}")
    finally:
        if shell:
            shell.close()
        shutil.rmtree(top, ignore_errors=True)
    if update and len(results) == len(script.steps):
        text = "\n".join(updated(script, results, env)) + "\n"
        script.path.write_text(text, encoding="utf-8")
    return failures


def main():
    parser = argparse.ArgumentParser(description="Compares what a script of commands prints.")
    parser.add_argument("--vams", required=True, type=pathlib.Path, help="the binary to run")
    parser.add_argument("--timeout", type=float, default=60, help="seconds for one command")
    parser.add_argument("--update", action="store_true", help="write what was printed into it")
    parser.add_argument("script", type=pathlib.Path)
    options = parser.parse_args()
    binary = options.vams.resolve()
    if not os.access(binary, os.X_OK):
        parser.error(f"{binary} is no program; build it first")
    try:
        script = read_script(options.script.resolve())
    except (ScriptError, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    for name in script.requires:
        if not os.environ.get(name):
            print(f"skipped: {name} is not set")
            return SKIPPED
    failures = run(script, binary, options.timeout, options.update)
    if failures and not options.update:
        print("\n".join(failures))
        return 1
    print(f"{len(script.steps)} commands as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main())
