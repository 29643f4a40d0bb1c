#!/usr/bin/env python3
"""Another process takes over a stack that is being served, and nobody notices; then the new one is asked to stop
while it works, and finishes what it has begun.

Four threads ask all the time, two with a connection for each request and two with one that they keep, while a second
`vams serve --take-over` starts.  Not one request may be refused or fail, the first process ends with status 0, and
what was signed in before still is.  Then SIGTERM: every request that was accepted gets its whole answer, and the
process ends with status 0.

Usage: take_over.py --vams BINARY
Exit status: 0 all as expected, 1 not.
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PASSWORD = "Correct-horse-7"
SECONDS = 3


def check(condition, message):
    if not condition:
        raise AssertionError(message)


class Server:
    """A `vams` that serves; its address once it answers."""

    def __init__(self, vams, folder, *arguments):
        self.log = open(folder / f"log-{'-'.join(arguments[:1])}-{time.monotonic_ns()}", "w+", encoding="utf-8")
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "VAMS_HOME": str(folder / "home"),
                       "VAMS_ADMIN_PASSWORD": PASSWORD}
        self.process = subprocess.Popen([vams, *arguments], env=environment, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True)
        said = ""
        for line in self.process.stdout:
            said += line
            if found := re.search(r" answers at http://(\S+?);", line):
                self.address = found.group(1)
                return
        check(False, f"{arguments} did not start: {said}{self.errors()}")

    def errors(self):
        self.log.seek(0)
        return self.log.read()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


class Client(threading.Thread):
    """Asks until told to stop; keeps what went wrong."""

    def __init__(self, address, token, keep):
        super().__init__(daemon=True)
        self.address, self.token, self.keep = address, token, keep
        self.done, self.answers, self.wrong = threading.Event(), 0, []
        self.reopened = 0

    def run(self):
        connection = None
        while not self.done.is_set():
            fresh = connection is None
            if fresh:
                connection = http.client.HTTPConnection(self.address, timeout=30)
            try:
                connection.request("GET", "/secure-config", headers={"Authorization": "Bearer " + self.token})
                answer = connection.getresponse()
                body = answer.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
                # A server may close a connection that nothing is sent on, and a client that keeps one has to
                # expect that (RFC 9112 section 9.3): it asks again with another.  A new one must not be closed.
                connection.close()
                connection = None
                if fresh:
                    self.wrong.append(repr(error))
                else:
                    self.reopened += 1
                continue
            except OSError as error:
                self.wrong.append(repr(error))
                connection.close()
                connection = None
                continue
            self.answers += 1
            if answer.status != 200 or "featuresEnabled" not in json.loads(body):
                self.wrong.append(f"{answer.status} {body[:80]}")
            if not self.keep or answer.will_close:
                connection.close()
                connection = None
        if connection:
            connection.close()


def sign_in(address):
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("POST", "/auth/login", json.dumps({"userId": "administrator", "password": PASSWORD}))
    answer = json.load(connection.getresponse())
    connection.close()
    return answer["accessToken"]


def take_over(vams, folder, servers):
    # Both are started with the same address, as a service's unit does: the issuer of tokens comes of it.
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % probe.getsockname()[1]
    first = Server(vams, folder, "up", "--listen", address)
    servers.append(first)
    clients = [Client(first.address, sign_in(first.address), keep) for keep in (False, False, True, True)]
    for client in clients:
        client.start()
    time.sleep(SECONDS / 3)
    second = Server(vams, folder, "serve", "--listen", address, "--take-over")
    servers.append(second)
    check(second.address == first.address, f"{second.address} is not {first.address}")
    status = first.process.wait(60)
    time.sleep(SECONDS / 3)
    for client in clients:
        client.done.set()
    for client in clients:
        client.join(60)
    answers = sum(client.answers for client in clients)
    wrong = [text for client in clients for text in client.wrong]
    check(not wrong, f"{len(wrong)} of {answers + len(wrong)} requests failed, such as {wrong[:3]}\n"
                     f"{first.errors()}{second.errors()}")
    check(all(client.answers > 10 for client in clients), f"too few answers: {[c.answers for c in clients]}")
    check(status == 0, f"the first process ended with status {status}: {first.errors()}")
    print(f"taken over: {answers} requests, none refused or failed; {sum(c.reopened for c in clients)} kept "
          "connections were opened again")
    return second


def drain(server):
    """Requests that have begun to arrive when the process is asked to stop."""
    host, port = server.address.rsplit(":", 1)
    body = json.dumps({"userId": "administrator", "password": PASSWORD}).encode()
    connections = []
    for _ in range(3):
        connection = socket.create_connection((host, int(port)), timeout=60)
        connection.sendall(b"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n"
                           b"Expect: 100-continue\r\n\r\n" % len(body))
        said = connection.recv(1000)  # from now on the server knows of the request
        check(said.startswith(b"HTTP/1.1 100 "), f"{said} is not what invites the body")
        connections.append(connection)
    server.process.send_signal(signal.SIGTERM)
    statuses = []
    for connection in connections:
        connection.sendall(body)
        answer = http.client.HTTPResponse(connection, method="POST")
        answer.begin()
        statuses.append(answer.status)
        check("accessToken" in json.load(answer), "an answer without tokens")
        connection.close()
    status = server.process.wait(60)
    check(status == 0, f"ended with status {status}: {server.errors()}")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
        check(False, "somebody still listens")
    except ConnectionRefusedError:
        pass
    print(f"drained: {statuses}")


def main():
    parser = argparse.ArgumentParser(description="Taking over a stack without a gap, and stopping.")
    parser.add_argument("--vams", required=True, type=pathlib.Path)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vams-take-over-"))
    servers = []
    try:
        drain(take_over(options.vams.resolve(), folder, servers))
    except (AssertionError, subprocess.TimeoutExpired, OSError, KeyError) as error:
        print(f"take_over: {error}", file=sys.stderr)
        return 1
    finally:
        for server in servers:
            server.end()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
