#!/usr/bin/env python3
"""The program as a user runs it: `vams up`, requests over the network, signals, and what it leaves on the disk.

Usage: serving.py --vams BINARY [--fixtures FOLDER] [PART...]
Exit status: 0 all as expected, 1 not.
"""

import argparse
import base64
import contextlib
import gzip
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import warnings

from served import ADMIN, PATIENCE, Stack, check, run_parts, tls_context

PASSWORD = "Correct-horse-7"


def self_signed(folder, name):
    """(certificate, key)"""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=plant.example", "-days", "2", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True, timeout=PATIENCE)
    key.chmod(0o600)
    return certificate, key


SECURITY = {
    "content-security-policy": r"default-src 'self'.*frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "credentialless",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "access-control-allow-origin": r"\*",
    "x-request-id": "[0-9a-f]{32}",
}


def check_fields(answer, what):
    """The fields that every answer has, whatever it is."""
    for name, pattern in SECURITY.items():
        have = answer.headers.get_all(name) or []
        check(len(have) == 1 and re.fullmatch(pattern, have[0]), f"{what}: {name} is {have}")


def tls(vams):
    with Stack(vams, {}, PASSWORD) as stack:
        certificate, key = self_signed(stack.folder, "one")
        _, other = self_signed(stack.folder, "two")

        def settings(key_file):
            stack.config.write_text(json.dumps(
                {"server": {"tls": {"certificate": str(certificate), "key": str(key_file)}}}), encoding="utf-8")

        settings(stack.folder / "none.key")
        said = stack.run("up", "--config", stack.config, "--listen", "127.0.0.1:0", status=2)
        check("none.key" in said and "server.tls.key" in said, f"the message does not name the key: {said}")
        settings(other)
        said = stack.run("up", "--config", stack.config, "--listen", "127.0.0.1:0", status=2)
        check("two.key" in said and "nothing was served" in said, f"the message does not name the key: {said}")

        check(not stack.stack.exists(), "a stack was made with a configuration that cannot be served")

        settings(key)
        check("https://" in stack.start(), "the address that is printed is not https")
        warnings.simplefilter("ignore", DeprecationWarning)  # of the versions that must be refused
        versions = ssl.TLSVersion
        for version in (versions.TLSv1_2, versions.TLSv1_3):
            answer = stack.ask("GET", "/healthz", tls=tls_context(version, version))
            check(answer.status == 200, f"{version}: {answer.status}")
            check("max-age" in answer.headers.get("strict-transport-security", ""), "no HSTS over TLS")
        try:
            stack.ask("GET", "/healthz", tls=tls_context(versions.TLSv1, versions.TLSv1_1))
            check(False, "TLS 1.1 was taken")
        except (ssl.SSLError, ConnectionError):
            pass
        with socket.create_connection(("127.0.0.1", stack.port), PATIENCE) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: plant\r\n\r\n")
            got = plain.recv(4096)
            check(b" 200 " not in got, f"plain HTTP is answered on the port of TLS: {got}")
        context = tls_context()
        token = stack.login(ADMIN, PASSWORD, context)["accessToken"]
        check(stack.call("GET", "/roles", token=token, tls=context)["message"]["Items"], "no roles over TLS")
        check(stack.stop() == 0, "the server did not end well")


def headers(vams):
    with Stack(vams, password=PASSWORD) as stack:
        stack.start()
        token = stack.login(ADMIN, PASSWORD)["accessToken"]
        kinds = [(200, "GET", "/healthz", None), (200, "GET", "/", None), (200, "GET", "/roles", token),
                 (401, "GET", "/roles", None), (403, "GET", "/roles", "x.y.z"), (404, "GET", "/nothing/here", token),
                 (400, "GET", "/roles/%zz", token), (400, "POST", "/roles", token), (204, "OPTIONS", "/roles", None)]
        seen = set()
        for status, method, path, who in kinds:
            answer = stack.ask(method, path, token=who,
                               headers={"Origin": "https://other.example", "Access-Control-Request-Method": "GET"})
            check(answer.status == status, f"{method} {path}: {answer.status}, not {status}: {answer.body}")
            check_fields(answer, f"{method} {path}")
            check("strict-transport-security" not in answer.headers, "HSTS without TLS")
            seen.add(answer.headers["x-request-id"])
            if status == 204:
                check(not answer.body and "PUT" in answer.headers["access-control-allow-methods"]
                      and "Authorization" in answer.headers["access-control-allow-headers"], "the preflight's fields")
        check(len(seen) == len(kinds), "request ids come twice")

        # What is no request gets them too.
        for status, text in ((400, "GET / HTTP/1.1"), (505, "GET / HTTP/2.0\r\nHost: plant"),
                             (431, "GET / HTTP/1.1\r\nHost: plant\r\nX: " + "x" * 100_000),
                             (413, "POST /roles HTTP/1.1\r\nHost: plant\r\nContent-Length: 99999999999"),
                             (501, "POST /roles HTTP/1.1\r\nHost: plant\r\nTransfer-Encoding: gzip, chunked")):
            with socket.create_connection(("127.0.0.1", stack.port), PATIENCE) as raw:
                raw.sendall(text.encode() + b"\r\n\r\n")
                answer = http.client.HTTPResponse(raw)
                answer.begin()
                check(answer.status == status, f"{text[:40]}: {answer.status}, not {status}")
                check_fields(answer, status)

        plain = stack.ask("GET", "/openapi.json", token=token)
        packed = stack.ask("GET", "/openapi.json", token=token, headers={"Accept-Encoding": "gzip"})
        check(plain.headers.get("content-encoding") is None, "compressed without being asked")
        check(packed.headers.get("content-encoding") == "gzip", "a large answer is not compressed")
        check(len(packed.body) < len(plain.body) / 2 and gzip.decompress(packed.body) == plain.body, "another body")
        check("accept-encoding" in packed.headers.get("vary", "").lower(), "Vary is missing")
        check(stack.stop() == 0, "the server did not end well")


def addresses(vams):
    config = {"app": {"authProvider": {"authorizerOptions": {"allowedIpRanges": [["10.0.0.0", "10.255.255.255"]]}}}}
    with Stack(vams, config, PASSWORD) as stack:
        stack.start()
        for path in ("/healthz", "/readyz", "/api/version", "/api/amplify-config", "/", "/roles", "/nothing"):
            answer = stack.ask("GET", path, headers={"X-Forwarded-For": "10.1.1.1"})
            check_fields(answer, path)
            check((answer.status, answer.json()) == (403, {"message": "Forbidden"}), f"{path}: {answer.status}")
        answer = stack.ask("POST", "/auth/login", {"userId": ADMIN, "password": PASSWORD})
        check(answer.status == 403, f"a login from outside the ranges: {answer.status}")
    config["app"]["authProvider"]["authorizerOptions"]["allowedIpRanges"].append(["127.0.0.1", "127.0.0.1"])
    with Stack(vams, config, PASSWORD) as stack:
        stack.start()
        stack.login(ADMIN, PASSWORD)


def past_limit(answers):
    """Checks the refusals among the answers and gives their number."""
    refused = [answer for answer in answers if answer.status == 429]
    for answer in refused:
        check_fields(answer, "429")
        check(re.fullmatch(r"[1-9]\d*", answer.headers.get("retry-after", "")), f"Retry-After: {answer.headers}")
        check(answer.json()["message"], "no message")
    return len(refused)


def limits(vams):
    with Stack(vams, {"app": {"api": {"globalRateLimit": 0.01, "globalBurstLimit": 5}}}, PASSWORD) as stack:
        stack.start()
        answers = [stack.ask("GET", "/") for _ in range(8)]
        check(past_limit(answers) == 3, f"the burst is 5: {[answer.status for answer in answers]}")
        check(stack.ask("GET", "/healthz").status == 200, "health checks count against the limit")
    with Stack(vams, {"server": {"limits": {"callerRate": 0.01, "callerBurst": 4}}}, PASSWORD) as stack:
        stack.start()
        token = stack.login(ADMIN, PASSWORD)["accessToken"]
        mine = [stack.ask("GET", "/roles", token=token) for _ in range(6)]
        check(past_limit(mine) == 2, f"the caller's burst is 4: {[answer.status for answer in mine]}")
        anonymous = [stack.ask("POST", "/auth/refresh", {}) for _ in range(8)]
        check(0 < past_limit(anonymous) < 8, f"without a token: {[answer.status for answer in anonymous]}")


def killed(vams):
    """Every write that was answered is there after kill -9, and the audit log is whole."""
    with Stack(vams, password=PASSWORD) as stack:
        acknowledged, tried, wrong = set(), set(), []
        for round_ in range(3):
            stack.start()
            token = stack.login(ADMIN, PASSWORD)["accessToken"]
            enough = threading.Event()

            def write(worker, round_=round_, token=token, enough=enough):
                for number in range(100_000):
                    name = f"r{round_}w{worker}n{number}"
                    tried.add(name)
                    try:
                        answer = stack.ask("POST", "/roles", {"roleName": name, "description": "x"}, token)
                    except (OSError, http.client.HTTPException):  # killed, before the answer or within it
                        return
                    if answer.status != 200:
                        wrong.append(f"{name}: {answer.status} {answer.body}")
                        return
                    acknowledged.add(name)
                    if number == 10:
                        enough.set()

            workers = [threading.Thread(target=write, args=(n,), daemon=True) for n in range(4)]
            for worker in workers:
                worker.start()
            check(enough.wait(PATIENCE), f"no writes: {wrong}")
            check(stack.stop(signal.SIGKILL) == -signal.SIGKILL, "it was not killed")
            for worker in workers:
                worker.join(PATIENCE)
            check(not wrong, f"writes were refused: {wrong[:3]}")
        check("is whole" in stack.run("audit", "verify"), "the audit log is not whole")
        stack.start()
        token = stack.login(ADMIN, PASSWORD)["accessToken"]
        items, following = [], ""
        while following is not None:
            page = stack.call("GET", "/roles?pageSize=1000" + (f"&startingToken={following}" if following else ""),
                              token=token)["message"]
            items += [item["roleName"] for item in page["Items"]]
            following = page["NextToken"]
        missing = acknowledged - set(items)
        check(not missing, f"{len(missing)} roles that were answered 200 are gone, such as {sorted(missing)[:3]}")
        check(set(items) <= tried | {"admin", "basicReadOnly"} and len(items) == len(set(items)), "roles nobody made")
        check(stack.stop() == 0, "the server did not end well")
        check("is whole" in stack.run("audit", "verify"), "the audit log is not whole after the restart")
        shown = stack.run("audit", "show", "--json", "-n", "100000")
        unseen = [name for name in acknowledged if f'"{name}"' not in shown and f'{name}\\' not in shown]
        check(not unseen, f"{len(unseen)} writes are not in the audit log, such as {unseen[:3]}")
        return f"{len(acknowledged)} answered writes, all there"


def first_start(vams):
    """A start that fails makes no account, or its password would never be seen."""
    with Stack(vams) as stack, socket.create_server(("127.0.0.1", 0)) as other:
        stack.port = other.getsockname()[1]
        said = stack.run("up", "--listen", f"127.0.0.1:{stack.port}", status=1)
        check("in use" in said and "password" not in said, f"a busy port: {said}")
        other.close()
        found = re.search(r"has the password (\S+) until", stack.start())
        check(found and stack.login(ADMIN, found.group(1))["challenge"], "no password that logs in")
        check(stack.stop() == 0, "the server did not end well")


def drained(vams):
    """SIGTERM: what has begun is answered, nothing new is taken, the exit status is 0."""
    with Stack(vams, password=PASSWORD) as stack:
        stack.start()
        body = json.dumps({"userId": ADMIN, "password": PASSWORD}).encode()
        head = (b"POST /auth/login HTTP/1.1\r\nHost: plant\r\nContent-Type: application/json\r\nContent-Length: "
                + str(len(body)).encode() + b"\r\nExpect: 100-continue\r\n\r\n")
        with socket.create_connection(("127.0.0.1", stack.port), PATIENCE) as begun:
            begun.sendall(head)
            check(begun.recv(100).startswith(b"HTTP/1.1 100 "), "the server does not take the request")
            with socket.create_connection(("127.0.0.1", stack.port), PATIENCE) as idle:
                idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: plant\r\n\r\n")
                check(b" 200 " in idle.recv(4096), "not healthy")
                stack.process.send_signal(signal.SIGTERM)
                while idle.recv(4096):  # ends when the server closes it
                    pass
            begun.sendall(body)
            begun.settimeout(PATIENCE)
            answer = b""
            while some := begun.recv(65536):
                answer += some
        check(b"HTTP/1.1 200 " in answer and b"accessToken" in answer, f"the login in flight: {answer[:200]}")
        check(b"connection: close" in answer.lower(), "the last answer does not say that it is the last")
        check(stack.stop() == 0, "the exit status")
        check("stopping" in stack.logs[-1].read_text(), "the log does not say why it stopped")


def forms(secret):
    """As a log could hold it: plain, and as JSON, URLs and Base64 write it."""
    raw = secret.encode()
    return {raw, json.dumps(secret)[1:-1].encode(), base64.b64encode(raw).rstrip(b"="),
            "".join(c if c.isalnum() or c in "-._~" else "".join(f"%{b:02X}" for b in c.encode())
                    for c in secret).encode()}


def found_in(path, secrets):
    data = path.read_bytes()
    if path.suffix == ".db":  # long values lie in pieces there
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
            base.text_factory = bytes
            tables = [name.decode() for (name,) in base.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            check(tables, f"{path} has no tables")
            for table in tables:
                for row in base.execute(f'SELECT * FROM "{table}"'):
                    data += b"\0".join(value for value in row if isinstance(value, bytes))
    return [name for name, secret in secrets.items() if any(form in data for form in forms(secret))]


def canary(vams):
    """No secret is in anything that is printed, logged or stored."""
    secrets = {"administrator's password": 'Cänary "admin" \\ 1st?', "temporary password": "Canary-%41&temp=2nd!",
               "new password": "Canary <new> 3rd; drop", "wrong password": "Canary-wrong-4th-pässword",
               "reset password": "Canary'reset'5th$x", "wrong user's password": "Canary-nobody-6th!"}
    signed = re.compile(r"^[\w-]+\.[\w-]+\.[\w-]+$")
    config = {"app": {"authProvider": {"useCognito": {"enabled": True, "useUserPasswordAuthFlow": True}}}}
    with Stack(vams, config, secrets["administrator's password"]) as stack:
        stack.start()

        def keep(prefix, tokens):
            for kind in ("accessToken", "idToken", "refreshToken"):
                secret = tokens[kind]
                # The signature makes a token one; its claims are no secret.
                secrets[f"{prefix}'s {kind}"] = secret.rsplit(".", 1)[1] if signed.match(secret) else secret
            return tokens["accessToken"]

        token = keep(ADMIN, stack.login(ADMIN, secrets["administrator's password"]))
        made = stack.call("POST", "/user/cognito", {"userId": "mara", "email": "mara@plant.test"}, token)
        secrets["mara's temporary password"] = made["temporaryPassword"]
        step = stack.login("mara", made["temporaryPassword"])
        secrets["mara's session"] = step["session"]
        mara = stack.call("POST", "/auth/challenge",
                          {"session": step["session"], "newPassword": secrets["new password"]})
        token_of_mara = keep("mara", mara)
        keep("mara again", stack.call("POST", "/auth/refresh", {"refreshToken": mara["refreshToken"]}))
        stack.call("POST", "/auth/password", {"password": secrets["new password"],
                                              "newPassword": secrets["reset password"]}, token_of_mara)
        enrolled = stack.call("POST", "/auth/mfa", {}, keep("mara once more",
                                                            stack.login("mara", secrets["reset password"])))
        secrets["second factor"] = enrolled["secret"]
        made = stack.call("POST", "/auth/api-keys", {"apiKeyName": "k", "userId": ADMIN, "description": "d"}, token)
        key = secrets["API key"] = made["apiKey"]
        check(stack.ask("GET", "/roles", token=key).status == 200, "the API key does not work")

        # Wrong ones, in every place where a client may put them.
        stack.ask("POST", "/auth/login", {"userId": ADMIN, "password": secrets["wrong password"]})
        stack.ask("POST", "/auth/login", {"userId": "nobody", "password": secrets["wrong user's password"]})
        stack.ask("POST", "/auth/login", b'{"userId": "x", "password": "' + secrets["wrong password"].encode())
        stack.ask("POST", "/", {"ClientId": "vams", "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {
            "USERNAME": ADMIN, "PASSWORD": secrets["wrong password"]}},
            headers={"X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
                     "Content-Type": "application/x-amz-json-1.1"})
        secrets["wrong token"] = "canary0token0"
        secrets["wrong API key"] = "vams_canary7th0key0"
        for wrong in ("eyJhbGciOiJSUzI1NiJ9.e30." + secrets["wrong token"], secrets["wrong API key"]):
            check(stack.ask("GET", "/roles", token=wrong).status == 403, "a wrong token was taken")
            stack.ask("GET", "/roles", headers={"Authorization": "Basic " + wrong})
            stack.ask("GET", "/roles", headers={"X-Api-Key": wrong, "Cookie": "token=" + wrong})
        stack.ask("POST", "/auth/refresh", {"refreshToken": secrets["wrong token"]})
        for path in ("/roles?token=", "/nothing?access_token=", "/roles?X-Amz-Security-Token=", "/?apiKey=",
                     "/%zz?token=", "/auth/login?password="):
            for value in (token, key, secrets["wrong token"]):
                stack.ask("GET", path + value, headers={"Referer": "https://plant.example/?token=" + value})
        stack.ask("POST", "/auth/logout", {}, token)
        check(stack.stop() == 0, "the server did not end well")
        check(stack.run("audit", "verify").count("is whole") == 1, "the audit log is not whole")

        printed = stack.folder / "stdout"
        printed.write_text(stack.printed, encoding="utf-8")
        files = [printed, *stack.logs]
        files += [path for path in stack.home.rglob("*") if path.is_file()]
        names = " ".join(path.name for path in files)
        check("access.jsonl" in names and "items.db" in names and re.search(r"\d\d\.log", names), f"only {names}")
        for path in files:
            if path.name in ("access.jsonl", "items.db"):
                check(found_in(path, {"": "mara" if path.suffix == ".db" else "/nothing"}),
                      f"{path.name} does not hold what it must, so this search finds nothing")
            found = found_in(path, secrets)
            check(not found, f"{path.relative_to(stack.folder)} holds: {', '.join(found)}")
        return f"{len(secrets)} secrets, {len(files)} files"


def imported(vams, fixtures):
    """A data set of 2.4: import, migrate, serve."""
    data = fixtures / "dynamodb" / "v2.4"
    if not data.is_dir():
        return f"skipped: there are no fixtures in {fixtures}"
    with Stack(vams, stack="prod") as stack:
        seed = fixtures / "dynamodb" / "seed" / "v2.5"
        stack.run("import", "--stack", "prod", "--data-version", "2.4", "--from", data, "--from", seed)
        stack.run("migrate", "run", "--stack", "prod", "--to", "2.5", "--ambiguous", "quarantine")
        said = stack.start()
        found = re.search(r'administrator "administrator" has the password (\S+) until', said)
        check(found, f"no password of the administrator was printed: {said}")
        step = stack.login(ADMIN, found.group(1))
        check(step.get("challenge") == "NEW_PASSWORD_REQUIRED", f"the password need not be changed: {step}")
        token = stack.call("POST", "/auth/challenge",
                           {"session": step["session"], "newPassword": PASSWORD})["accessToken"]
        roles = {role["roleName"] for role in stack.call("GET", "/roles", token=token)["message"]["Items"]}
        check(roles == {"admin", "basicReadOnly", "museum-guests", "yard-leads", "yard-operators"}, f"{roles}")
        page = stack.call("GET", "/auth/constraints?pageSize=1000", token=token)["message"]["Items"]
        names = {constraint["name"] for constraint in page}
        check({"yard operators", "Gäste – Lesesaal", "draft rule", "yard", "yard-2"} <= names,
              f"constraints of the data are missing: {names}")
        for number, (user, what, action, status) in enumerate((
                ("dana@yard.example", "asset databaseId=harbor-yard tags=steel", "GET", 0),
                ("dana@yard.example", "asset databaseId=harbor-yard tags=wood", "GET", 6),
                ("dana@yard.example", "asset databaseId=harbor-yard tags=steel", "DELETE", 6),
                ("dana@yard.example", "/roles", "GET", 6),
                ("administrator", "/roles", "GET", 0), ("nobody", "/roles", "GET", 6))):
            said = stack.run("access", "explain", "--user", user, "--object", what, "--action", action, status=status)
            check(said.strip(), f"explanation {number} is empty")
        check(stack.stop() == 0, "the server did not end well")
        again = stack.start()
        check("password" not in again, f"a restart prints a password again: {again}")
        check(stack.login(ADMIN, PASSWORD)["accessToken"], "no login after the restart")
        check(stack.stop() == 0, "the server did not end well")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    parser.add_argument("--fixtures")
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    vams = os.path.abspath(options.vams)
    root = pathlib.Path(__file__).resolve().parents[2]
    fixtures = pathlib.Path(options.fixtures or os.environ.get("VAMS_FIXTURES") or root.parent / "shared/fixtures")
    parts = [("tls", lambda: tls(vams)), ("headers", lambda: headers(vams)), ("addresses", lambda: addresses(vams)),
             ("limits", lambda: limits(vams)), ("killed", lambda: killed(vams)),
             ("first_start", lambda: first_start(vams)), ("drained", lambda: drained(vams)),
             ("canary", lambda: canary(vams)), ("imported", lambda: imported(vams, fixtures))]
    return run_parts([(name, part) for name, part in parts if not options.parts or name in options.parts])


if __name__ == "__main__":
    sys.exit(main())
