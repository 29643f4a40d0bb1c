#!/usr/bin/env python3
"""Mail of a served stack, sent to a real SMTP server: aiosmtpd with TLS and a password, in this process.  Addresses are
confirmed by the page behind their link, changes of assets are told and collected, and nothing is lost while the server is
down, refuses, or the stack is killed.

  mail.py --vams BINARY --source SRC

Exit status: 0 all as expected, 1 not, 77 the Python packages cannot be had (tools/fetch_python).
"""

import argparse
import email
import email.policy
import html
import json
import logging
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import warnings

from served import Stack, check, run_parts

SKIPPED = 77
PASSWORD = "Correct-Horse-7"
MAIL_USER, MAIL_PASSWORD = "vams", "Canary-mail-password"
PATIENCE = 90


def with_packages(source):
    """Starts this program again in the environment that has the packages, unless it runs there."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    python = cache / "vams" / "python" / "bin" / "python3"
    if pathlib.Path(sys.prefix) == python.parent.parent:
        return
    fetched = subprocess.run([source.parent / "tools" / "fetch_python"], check=False).returncode
    if fetched:
        sys.exit(SKIPPED if fetched == SKIPPED else 1)
    os.execv(python, [str(python), *sys.argv])


def within(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {PATIENCE} s")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mailbox:
    """The server's end: what it took, and whom it refuses."""

    def __init__(self):
        self.lock, self.taken, self.refusals = threading.Lock(), [], {}
        self.logins, self.asked, self.transports = [], [], []
        self.sender_refusals, self.content_refusals = [], []

    async def handle_MAIL(self, server, _session, envelope, address, _options):
        self.transports.append(server.transport)
        if self.sender_refusals:
            return self.sender_refusals.pop(0)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        with self.lock:
            self.asked.append(address)
            answers = self.refusals.get(address)
            if answers:
                return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):
        if self.content_refusals:
            return self.content_refusals.pop(0)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        message.recipients, message.secure = envelope.rcpt_tos, session.ssl is not None
        message.raw = envelope.content
        with self.lock:
            self.taken.append(message)
        return "250 taken"

    def login(self, _server, _session, _envelope, _mechanism, data):
        from aiosmtpd.smtp import AuthResult
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=self.logins[-1] == (MAIL_USER, MAIL_PASSWORD), handled=False)

    def to(self, address, subject=""):
        with self.lock:
            return [m for m in self.taken if m.recipients == [address] and subject in m["Subject"]]

    def clear(self):
        with self.lock:
            self.taken.clear()


class Server:
    """aiosmtpd on one port; may be started and stopped again and again."""

    def __init__(self, mailbox, folder, port, direct_tls=False):
        self.mailbox, self.port, self.direct_tls, self.controller = mailbox, port, direct_tls, None
        self.certificate, key = folder / "mail.pem", folder / "mail.key"
        if not self.certificate.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                            "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)

    def start(self):
        from aiosmtpd.controller import Controller
        tls = {"ssl_context": self.context} if self.direct_tls else {"tls_context": self.context,
                                                                    "require_starttls": True}
        self.controller = Controller(self.mailbox, hostname="127.0.0.1", port=self.port,
                                     authenticator=self.mailbox.login, auth_required=True,
                                     auth_require_tls=not self.direct_tls, **tls)
        self.controller.start()

    def stop(self):
        """Connections break, as they do when the machine goes."""
        if self.controller:
            for transport in self.mailbox.transports:
                self.controller.loop.call_soon_threadsafe(transport.abort)
            self.mailbox.transports.clear()
            self.controller.stop()
        self.controller = None


class Site:
    """A stack with an asset, and the mail server that it knows."""

    def __init__(self, vams, digest=1, **smtp):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vams-mail-"))
        self.mailbox = Mailbox()
        self.server = Server(self.mailbox, self.folder, free_port(), smtp.get("security") == "tls")
        secret = self.folder / "password"
        secret.write_text(smtp.pop("password", MAIL_PASSWORD) + "\n", encoding="utf-8")
        secret.chmod(0o600)
        self.stack = Stack(vams, config={}, password=PASSWORD)
        self.stack.port = free_port()
        self.url = f"http://127.0.0.1:{self.stack.port}"
        self.smtp = {"host": "127.0.0.1", "port": self.server.port, "user": MAIL_USER, "passwordRef": f"file:{secret}",
                     "from": "VAMS <vams@plant.example>", "caFile": str(self.server.certificate), **smtp}
        self.configure(digest)
        self.token = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.__exit__()
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def configure(self, digest, smtp=True):
        notifications = {"digestSeconds": digest, "publicUrl": self.url}
        if smtp:
            notifications["smtp"] = {name: value for name, value in self.smtp.items() if value is not None}
        path = self.stack.stack / "config.json"
        if path.exists():
            self.stack.config = None  # the stack has one of its own now
        (self.stack.config or path).write_text(json.dumps({"notifications": notifications}), encoding="utf-8")

    def start(self):
        self.stack.start()
        self.token = self.stack.login("administrator", PASSWORD)["accessToken"]

    def call(self, method, path, body=None, status=200):
        return self.stack.call(method, path, body, self.token, status)

    def prepare(self):
        self.start()
        bucket = self.call("GET", "/buckets")["Items"][0]["bucketId"]
        self.call("POST", "/database", {"databaseId": "harbor-db", "description": "Quay", "defaultBucketId": bucket})
        self.call("POST", "/assets", {
            "databaseId": "harbor-db", "assetId": "xq7-crane-01", "assetName": "Größer Kran",
            "description": "On the quay", "isDistributable": True})

    def upload(self, *names):
        which = {"databaseId": "harbor-db", "assetId": "xq7-crane-01", "uploadType": "assetFile"}
        begun = self.call("POST", "/uploads", {**which, "files": [
            {"relativeKey": name, "file_size": 4, "num_parts": 1} for name in names]})
        files = []
        for file in begun["files"]:
            url = urllib.parse.urlsplit(file["partUploadUrls"][0]["UploadUrl"])
            answer = self.stack.ask("PUT", f"{url.path}?{url.query}", b"dots",
                                    headers={"Content-Type": "application/octet-stream"})
            check(answer.status == 200, f"PUT of a part: {answer.status}")
            files.append({"relativeKey": file["relativeKey"], "uploadIdS3": file["uploadIdS3"],
                          "parts": [{"PartNumber": 1, "ETag": answer.headers["ETag"].strip('"')}]})
        done = self.call("POST", f"/uploads/{begun['uploadId']}/complete", {**which, "files": files})
        check(done["overallSuccess"], f"the upload failed: {done}")

    def subscription(self, *subscribers, method="POST"):
        self.call(method, "/subscriptions", {"eventName": "Asset Version Change", "entityName": "Asset",
                                             "entityId": "xq7-crane-01", "subscribers": list(subscribers)})

    def mail(self, address, subject=""):
        """The only mail that came there since the mailbox was cleared."""
        within(lambda: self.mailbox.to(address, subject), f"a mail to {address}")
        mails = self.mailbox.to(address, subject)
        check(len(mails) == 1, f"{len(mails)} mails to {address}")
        return mails[0]

    def link(self, message, page):
        """Path and query of the link in a mail."""
        found = re.search(re.escape(self.url) + rf"(/subscriptions/{page}\?token=\S+)", message.get_content())
        check(found, f"no link in {message.get_content()}")
        return found.group(1)

    def confirm(self, address):
        target = self.link(self.mail(address, "Confirm"), "confirm")
        answer = self.stack.ask("POST", target)
        check(answer.status == 200 and b"is confirmed" in answer.body, f"{answer.status} {answer.body}")
        return target

    def metric(self, name):
        answer = self.stack.ask("GET", "/metrics", token=self.token)
        found = re.search(rf"^{re.escape(name)} (\S+)$", answer.body.decode(), re.M)
        return float(found.group(1)) if found else 0

    def logs(self):
        return "".join(log.read_text(errors="replace") for log in self.stack.logs)


def confirming(vams):
    with Site(vams) as site:
        site.server.start()
        site.prepare()
        site.subscription("ops@harbor.example.org")
        ask = site.mail("ops@harbor.example.org", "Confirm")
        check(ask.secure, "the mail came without TLS")
        check((ask["From"], ask["To"]) == ("VAMS <vams@plant.example>", "<ops@harbor.example.org>") or
              str(ask["From"]).endswith("<vams@plant.example>"), f"{ask['From']} {ask['To']}")
        check("Kran" not in ask.get_content(), "a stranger learns what assets there are")
        for field in ("Date", "Message-ID"):
            check(ask[field], f"no {field}")
        check(all(len(line) <= 998 and not line.endswith(b"\r") for line in ask.raw.split(b"\r\n")), "long lines")
        target = site.link(ask, "confirm")

        # Programs open links; only the button confirms.
        for _ in range(2):
            page = site.stack.ask("GET", target)
            check(page.status == 200 and b"<button" in page.body, f"the page: {page.status}")
            check(page.headers["Referrer-Policy"] == "no-referrer", "the page tells others its address")
        site.upload("before.glb")
        check(not site.mailbox.to("ops@harbor.example.org", "Changed"), "told before it was confirmed")
        action = html.unescape(re.search(rb'action="([^"]*)"', page.body).group(1).decode())
        check("/subscriptions/confirm" + action == target, f"the button asks for {action}")
        check(b"is confirmed" in site.stack.ask("POST", target).body, "the button does not confirm")
        check(b"is confirmed" in site.stack.ask("POST", target).body, "twice is once")
        check(site.stack.ask("POST", target[:-4] + "AAAA").status == 404, "another link works too")

        site.upload("after.glb")
        told = site.mail("ops@harbor.example.org", "Changed")
        check("/after.glb" in told.get_content(), told.get_content())

        # Not asked again: it is confirmed for the whole stack.
        site.mailbox.clear()
        site.call("POST", "/assets", {"databaseId": "harbor-db", "assetId": "rail", "assetName": "Rail",
                                      "description": "On the quay", "isDistributable": True})
        site.call("POST", "/subscriptions", {"eventName": "Asset Version Change", "entityName": "Asset",
                                             "entityId": "rail", "subscribers": ["ops@harbor.example.org"]})
        site.call("PUT", "/database/harbor-db/assets/rail", {"description": "Beside the quay"})
        check("[Rail]" in site.mail("ops@harbor.example.org")["Subject"], "the first mail is about the change")

        # Secrets are in no log, whatever level it has.
        site.stack.ask("POST", target + "x")
        check(site.stack.stop() == 0, "the server did not end well")
        secret = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)["token"][0]
        for path in [*site.stack.logs, *site.stack.stack.rglob("*.jsonl"), *site.stack.stack.rglob("audit/**/*")]:
            if path.is_file():
                text = path.read_bytes()
                for canary in (MAIL_PASSWORD, secret, secret[-40:]):
                    check(canary.encode() not in text, f"{path} holds a secret")
        check("is whole" in site.stack.run("audit", "verify"), "the audit log is not whole")


def telling(vams):
    with Site(vams) as site:
        site.server.start()
        site.prepare()
        site.subscription("ops@harbor.example.org")
        site.confirm("ops@harbor.example.org")
        base = "/database/harbor-db/assets/xq7-crane-01"
        site.mailbox.clear()

        def told(what, change):
            site.mailbox.clear()
            change()
            mail = site.mail("ops@harbor.example.org")
            text = mail.get_content()
            check(what in text, f"{what} is not told: {text}")
            check("by administrator" in text, f"nobody did it: {text}")
            check(f"{site.url}/#/databases/harbor-db/assets/xq7-crane-01" in text, f"no link to the asset: {text}")
            check(text.count("\n- ") == 1, f"more than one change: {text}")
            return mail

        # Metadata and comments are told to nobody: the mail of the upload is the only one.
        def quiet_and_upload():
            site.call("POST", base + "/metadata", {"metadata": [
                {"metadataKey": "mass", "metadataValue": "12", "metadataValueType": "number"}]})
            site.call("POST", "/comments/assets/xq7-crane-01/assetVersionId:commentId/0:first",
                      {"commentBody": "Looks good"})
            site.upload("cad/boom.glb")

        mail = told("1 file uploaded", quiet_and_upload)
        check(mail["Subject"] == "[Größer Kran] - File or Asset Changed (0)", f"subject {mail['Subject']}")
        check("/cad/boom.glb" in mail.get_content(), mail.get_content())
        mail = told("A version of the asset was created",
                    lambda: site.call("POST", base + "/createVersion", {"useLatestFiles": True, "comment": "As built"}))
        check(mail["Subject"].endswith("(1)"), f"subject {mail['Subject']}")
        check("/cad/boom.glb → /cad/arm.glb" in told("1 file moved", lambda: site.call(
            "POST", base + "/moveFile",
            {"sourcePath": "/cad/boom.glb", "destinationPath": "/cad/arm.glb"})).get_content(), "from and to")
        told("The asset was archived", lambda: site.call("DELETE", base + "/archiveAsset", {"confirmArchive": True}))
        told("taken out of the archive", lambda: site.call("PUT", base + "/unarchiveAsset", {"confirmUnarchive": True}))

        # One click of a mail program ends it; the others go on.
        site.subscription("mira@harbor.example.org")
        site.confirm("mira@harbor.example.org")
        mail = told("1 file uploaded", lambda: site.upload("last.glb"))
        check(mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", "no one-click header")
        target = re.fullmatch(rf"\s*<{re.escape(site.url)}(\S+)>\s*", mail["List-Unsubscribe"]).group(1)
        check(site.link(mail, "unsubscribe") == target, "header and text differ")
        check(b"<button" in site.stack.ask("GET", target).body, "no page behind the link")
        answer = site.stack.ask("POST", target, b"List-Unsubscribe=One-Click",
                                headers={"Content-Type": "application/x-www-form-urlencoded"})
        check(answer.status == 200 and b"unsubscribed" in answer.body, f"{answer.status} {answer.body}")
        site.mail("mira@harbor.example.org", "Changed")
        site.mailbox.clear()
        site.upload("nobody.glb")
        site.mail("mira@harbor.example.org")
        site.subscription("ops@harbor.example.org")
        site.upload("again.glb")
        mail = site.mail("ops@harbor.example.org")
        check("/nobody.glb" not in mail.get_content(), "told although unsubscribed")


def collecting(vams):
    with Site(vams, digest=6) as site:
        site.server.start()
        site.prepare()
        people = [f"p{n}@harbor.example.org" for n in range(3)]
        site.subscription(*people)
        for address in people:
            site.confirm(address)
        site.mailbox.clear()
        site.upload(*[f"scan/{n:02}.e57" for n in range(12)])
        for n in range(10):
            site.call("PUT", "/database/harbor-db/assets/xq7-crane-01", {"description": f"Number {n}"})
        site.call("DELETE", "/database/harbor-db/assets/xq7-crane-01/archiveFile",
                  {"filePath": "/scan", "isPrefix": True})
        for address in people:
            text = site.mail(address).get_content()
            for part in ("12 files uploaded", "/scan/00.e57", "and 7 more", "12 files archived", "Details of the asset"):
                check(part in text, f"{part} is not in {text}")
        check(site.metric('vams_mail_sent_total{kind="notification"}') == 3, "the metric")
        check(site.metric("vams_mail_waiting") == 0, "something waits")


def failing(vams):
    with Site(vams) as site:
        site.server.start()
        site.prepare()
        people = ["ops@harbor.example.org", "later@harbor.example.org", "never@harbor.example.org"]
        site.subscription(*people)
        for address in people:
            site.confirm(address)
        site.mailbox.clear()

        # The server goes, the stack is killed, both come back: everybody is told once.
        site.server.stop()
        site.upload("lost.glb")
        within(lambda: site.metric("vams_mail_server_failures_total") > 0, "an attempt")
        check("mails wait: cannot connect to the mail server" in site.logs(), site.logs()[-2000:])
        site.stack.stop(signal.SIGKILL)
        site.mailbox.refusals = {"later@harbor.example.org": ["450 4.7.1 greylisted"],
                                 "never@harbor.example.org": ["550 5.1.1 <never@harbor.example.org>: no such user"]}
        site.server.start()
        site.start()
        for address in ("ops@harbor.example.org", "later@harbor.example.org"):
            check("/lost.glb" in site.mail(address).get_content(), "what happened before the crash")
        within(lambda: site.metric("vams_mail_waiting") == 0, "an empty queue")
        check(site.mailbox.asked.count("never@harbor.example.org") == 2, f"asked: {site.mailbox.asked}")
        check(not site.mailbox.to("never@harbor.example.org"), "sent although refused")
        check(site.metric('vams_mail_failed_total{then="refused"}') == 1, "the metric")
        check("n…@harbor.example.org was refused for good" in site.logs(), "the log does not say it")
        check("never@" not in site.logs(), "the log holds addresses")

        # Refusals of the sender and "go away" are about the server: the mail waits. One of the content is about it.
        site.mailbox.clear()
        site.subscription("ops@harbor.example.org", method="PUT")
        site.mailbox.sender_refusals = ["553 5.7.1 not yours", "421 4.3.2 shutting down"]
        site.upload("sender.glb")
        check("/sender.glb" in site.mail("ops@harbor.example.org").get_content(), "the mail after the refusals")
        check("refuses the sender (it says: 553 5.7.1 not yours)" in site.logs(),
              f"the log does not say it: {site.logs()[-900:]}")
        site.mailbox.content_refusals = ["451 4.3.0 disk full", "554 5.7.1 looks like spam"]
        site.upload("content.glb")
        within(lambda: site.metric('vams_mail_failed_total{then="refused"}') == 2, "a refused content")
        check(site.metric('vams_mail_failed_total{then="later"}') == 2, "the first answer was: later")
        check("554 5.7.1 looks like spam" in site.logs(), "the log does not say why")

        # Killed between the change and its mail.
        site.mailbox.clear()
        site.upload("kept.glb")
        site.stack.stop(signal.SIGKILL)
        site.start()
        check("/kept.glb" in site.mail("ops@harbor.example.org").get_content(), "what happened before the kill")


def without_a_server(vams):
    with Site(vams) as site:
        site.configure(1, smtp=False)
        site.prepare()
        site.subscription("ops@harbor.example.org")
        site.upload("a.glb")
        check(site.stack.stop() == 0, "the server did not end well")

        # Once mail is configured, whoever waits is asked.
        site.configure(1)
        site.server.start()
        site.start()
        site.confirm("ops@harbor.example.org")
        site.upload("b.glb")
        check("/a.glb" not in site.mail("ops@harbor.example.org", "Changed").get_content(), "told before it was confirmed")


def refused_connections(vams):
    with Site(vams, password="not-it") as site:
        site.server.start()
        site.prepare()
        site.subscription("ops@harbor.example.org")
        within(lambda: "does not take the user and password" in site.logs(), "a refused password")
        check("not-it" not in site.logs() and MAIL_PASSWORD not in site.logs(), "the log holds a password")
        site.mailbox.logins.clear()
        check(site.stack.stop() == 0, "the server did not end well")

        # A certificate that nobody vouches for: the password is not said.
        site.smtp["caFile"] = None
        site.configure(1)
        site.start()
        within(lambda: "is not trusted; nothing was sent" in site.logs(), "a certificate that is not trusted")
        check(not site.mailbox.logins, "the password went to a server that is not trusted")
        check(not site.mailbox.taken, "a mail went out")


def direct_tls(vams):
    with Site(vams, security="tls") as site:
        site.server.start()
        site.prepare()
        site.subscription("ops@harbor.example.org")
        site.confirm("ops@harbor.example.org")
        site.mailbox.clear()
        site.upload("a.glb")
        check("/a.glb" in site.mail("ops@harbor.example.org").get_content(), "the mail")
    with Site(vams, security="starttls") as site:
        # A server that speaks no TLS gets nothing.
        from aiosmtpd.controller import Controller
        plain = Controller(site.mailbox, hostname="127.0.0.1", port=site.server.port)
        plain.start()
        try:
            site.prepare()
            site.subscription("ops@harbor.example.org")
            within(lambda: "offers no TLS; nothing was sent" in site.logs(), "a server without TLS")
            check(not site.mailbox.taken and not site.mailbox.logins, "something went out in the clear")
        finally:
            plain.stop()


def passwords(vams):
    with Site(vams) as site:
        site.server.start()
        site.prepare()
        made = site.call("POST", "/user/cognito", {"userId": "lee", "email": "lee@harbor.example.org"})
        check("temporaryPassword" not in made, f"the answer shows the password: {made}")
        check(made["message"].endswith("A welcome email with temporary password has been sent to their email."), made)
        temporary = re.search(r"temporary password  (\S+)", site.mail("lee@harbor.example.org").get_content()).group(1)
        check(temporary not in json.dumps(made), "the answer holds the password")
        step = site.stack.login("lee", temporary)
        check(step["challenge"] == "NEW_PASSWORD_REQUIRED", f"signing in with the mailed password: {step}")

        # Nobody is locked out by a server that is down.
        site.mailbox.clear()
        site.server.stop()
        again = site.call("POST", "/user/cognito/lee/resetPassword", {})
        check(again["temporaryPassword"] in again["message"] and "could not be sent" in again["message"], again)
        site.stack.login("lee", again["temporaryPassword"])
        check(again["temporaryPassword"] not in site.logs() and temporary not in site.logs(), "the log holds a password")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    parser.add_argument("--source", required=True, type=pathlib.Path, help="the folder src")
    parser.add_argument("--only", help="the name of one part")
    arguments = parser.parse_args()
    with_packages(arguments.source.resolve())
    # What the server says of clients that give up is what the parts ask for.
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    vams = os.path.abspath(arguments.vams)
    parts = [("confirming", confirming), ("telling", telling), ("collecting", collecting), ("failing", failing),
             ("without a server", without_a_server), ("refused connections", refused_connections),
             ("direct TLS", direct_tls), ("passwords", passwords)]
    return run_parts([(name, lambda part=part: part(vams)) for name, part in parts
                      if arguments.only in (None, name)])


if __name__ == "__main__":
    sys.exit(main())
