"""The built binary serving a stack of its own, for the tests beside this file.  Standard library only; every wait is
bounded, and what was started is stopped by its process id."""

import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import ssl
import subprocess
import tempfile
import time

ADMIN = "administrator"
PATIENCE = 60  # seconds that a start or a stop may take


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def first_line(process, pattern, patience=PATIENCE):
    """What the process printed up to the line that matches, and the match; None when it ended before."""
    said, end = b"", time.monotonic() + patience
    while time.monotonic() < end:
        ready, _, _ = select.select([process.stdout], [], [], 0.5)
        if not ready:
            continue
        some = os.read(process.stdout.fileno(), 65536)
        said += some
        found = re.search(pattern, said.decode())
        if found and said.endswith(b"\n"):
            return said.decode(), found
        if not some:
            return said.decode(), None
    raise AssertionError(f"nothing matched {pattern} for {patience} s: {said.decode()}")


def stop(process, number=signal.SIGTERM):
    """Exit status."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Stack:
    """A stack in a folder of its own.  `start` and `stop` may be called again and again."""

    def __init__(self, vams, config=None, password=None, stack="prod"):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vams-serving-"))
        self.home = self.folder / "home"
        self.stack = self.home / "stacks" / stack
        self.vams, self.process, self.url, self.port = vams, None, None, None
        self.printed, self.logs, self.token = "", [], None
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "VAMS_HOME": str(self.home)}
        if password:
            self.environment["VAMS_ADMIN_PASSWORD"] = password
        self.config = None
        if config is not None:
            self.config = self.folder / "given.json"
            self.config.write_text(json.dumps(config), encoding="utf-8")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *arguments):
        """What it printed until it answered."""
        command = [self.vams, "up", "--listen", f"127.0.0.1:{self.port or 0}", *arguments]
        if self.config:
            command += ["--config", str(self.config)]
        log = self.folder / f"stderr.{len(self.logs)}"
        self.logs.append(log)
        with open(log, "wb") as errors:
            self.process = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=errors)
        said, found = first_line(self.process, r" answers at (https?)://127\.0\.0\.1:(\d+)")
        self.printed += said
        if not found:
            code = stop(self.process)
            raise AssertionError(f"the server ended with {code}: {said}{log.read_text()}")
        self.port = int(found.group(2))
        return said

    def stop(self, number=signal.SIGTERM):
        code = stop(self.process, number)
        rest = self.process.stdout.read()
        self.printed += rest.decode()
        self.process.stdout.close()
        self.process = None
        return code

    def run(self, *arguments, status=0):
        """The output of a command of the same program on this stack."""
        done = subprocess.run([self.vams, *map(str, arguments)], env=self.environment, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300, check=False)
        if done.returncode != status:
            raise AssertionError(f"vams {' '.join(map(str, arguments))} ended with {done.returncode}: "
                                 f"{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def ask(self, method, path, body=None, token=None, tls=None, headers=None):
        """`tls` is the context to speak TLS with."""
        fields = dict(headers or {})
        if body is not None:
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
        if token:
            fields["Authorization"] = "Bearer " + token
        if tls:
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=tls)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, fields)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def call(self, method, path, body=None, token=None, status=200, tls=None):
        """The JSON of an answer that must have this status."""
        answer = self.ask(method, path, body, token, tls)
        check(answer.status == status, f"{method} {path}: {answer.status}, not {status}: {answer.body[:500]}")
        return answer.json()

    def login(self, user, password, tls=None):
        return self.call("POST", "/auth/login", {"userId": user, "password": password}, tls=tls)


def tls_context(minimum=ssl.TLSVersion.TLSv1_2, maximum=ssl.TLSVersion.TLSv1_3):
    """For a certificate that nobody signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if minimum < ssl.TLSVersion.TLSv1_2:
        context.set_ciphers("ALL:@SECLEVEL=0")  # lets this side offer what the other must refuse
    context.minimum_version, context.maximum_version = minimum, maximum
    return context


def run_parts(parts):
    """Exit status; one line a part."""
    failed = 0
    for name, part in parts:
        begin = time.monotonic()
        try:
            said = part() or "as expected"
        except (AssertionError, OSError, ValueError, KeyError, http.client.HTTPException) as failure:
            failed += 1
            said = f"FAILED: {type(failure).__name__}: {failure}"
        print(f"{name}: {said} ({time.monotonic() - begin:.1f} s)", flush=True)
    return 1 if failed else 0
