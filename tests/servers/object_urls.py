#!/usr/bin/env python3
"""Signed object URLs of the built binary, with bodies that do not fit into a request.

  tests/servers/object_urls.py --vams BINARY [--mib SIZE]

Memory stays flat while one large part goes in and comes out again; kill -9, and a client that goes away, in the middle
of a part leave nothing behind, and neither does a full disk; a URL ends when it says; no URL is written to a log.
Standard library only.
"""

import argparse
import hashlib
import pathlib
import re
import signal
import socket
import struct
import sys
import time
import urllib.parse

from served import PATIENCE, Stack, check, run_parts

PASSWORD = "Correct-horse-7"
STEP = 1 << 20


def blocks(mib):
    """Content that no two runs of a megabyte have in common."""
    for i in range(mib):
        yield hashlib.sha256(str(i).encode()).digest() * (STEP // 32)


def connect(stack):
    return socket.create_connection(("127.0.0.1", stack.port), timeout=PATIENCE)


def target(url):
    parts = urllib.parse.urlsplit(url)
    return f"{parts.path}?{parts.query}"


def head_of(connection):
    """Status, fields in lower case, and what came behind the head."""
    got = b""
    while b"\r\n\r\n" not in got:
        some = connection.recv(65536)
        check(some, "the connection ended before an answer")
        got += some
    head, _, rest = got.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), fields, rest


class Plant(Stack):
    """A stack with an asset, and what uploads to it."""

    def prepare(self):
        self.start()
        self.token = self.login("administrator", PASSWORD)["accessToken"]
        if self.ask("GET", "/database/plant", token=self.token).status == 404:
            bucket = self.call("GET", "/buckets", token=self.token)["Items"][0]["bucketId"]
            self.call("POST", "/database", {"databaseId": "plant", "description": "Pumps and pipes",
                                            "defaultBucketId": bucket}, self.token)
            self.call("POST", "/assets", {"databaseId": "plant", "assetId": "pump", "assetName": "Pump",
                                          "description": "feed pump", "isDistributable": True, "tags": []}, self.token)

    def begin(self, name, size, parts=1):
        """The upload's id, and its file with the URLs."""
        begun = self.call("POST", "/uploads", {
            "assetId": "pump", "databaseId": "plant", "uploadType": "assetFile",
            "files": [{"relativeKey": name, "file_size": size, "num_parts": parts}]}, self.token)
        return begun["uploadId"], begun["files"][0]

    def complete(self, upload, file, etags):
        return self.call("POST", f"/uploads/{upload}/complete", {
            "assetId": "pump", "databaseId": "plant", "uploadType": "assetFile",
            "files": [{"relativeKey": file["relativeKey"], "uploadIdS3": file["uploadIdS3"],
                       "parts": [{"PartNumber": i + 1, "ETag": etag} for i, etag in enumerate(etags)]}]}, self.token)

    def url_of(self, name):
        return self.call("POST", "/database/plant/assets/pump/download",
                         {"downloadType": "assetFile", "key": name}, self.token)["downloadUrl"]

    def memory(self):
        """MiB that the server has now."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024

    def incoming(self):
        return [path for path in self.stack.rglob("incoming/*") if path.is_file()]


def large(plant, mib):
    upload, file = plant.begin("/large.e57", mib * STEP)
    small = plant.ask("PUT", target(file["partUploadUrls"][0]["UploadUrl"]), b"x" * 100_000)
    check(small.status == 200, f"a part: {small.status} {small.body}")
    before = most = plant.memory()
    md5, connection = hashlib.md5(), connect(plant)
    connection.sendall(f"PUT {target(file['partUploadUrls'][0]['UploadUrl'])} HTTP/1.1\r\nHost: h\r\n"
                       f"Content-Length: {mib * STEP}\r\nExpect: 100-continue\r\n\r\n".encode())
    status, _, _ = head_of(connection)
    check(status == 100, f"{status} instead of 100")
    for i, block in enumerate(blocks(mib)):
        connection.sendall(block)
        md5.update(block)
        if i % 32 == 0:
            most = max(most, plant.memory())
    status, fields, _ = head_of(connection)
    check(status == 200, f"the part: {status}")
    check(fields["etag"] == f'"{md5.hexdigest()}"', f"ETag {fields['etag']}")
    check(plant.complete(upload, file, [fields["etag"]])["overallSuccess"], "not completed")

    # The same connection, then the bytes one by one.
    connection.sendall(f"GET {target(plant.url_of('/large.e57'))} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
    status, fields, rest = head_of(connection)
    check(status == 200 and int(fields["content-length"]) == mib * STEP, f"{status} {fields}")
    for i, block in enumerate(blocks(mib)):
        got = bytearray(rest)
        rest = b""
        while len(got) < STEP:
            some = connection.recv(STEP - len(got))
            check(some, f"cut off in megabyte {i}")
            got += some
        check(got == block, f"megabyte {i} is another")
        if i % 32 == 0:
            most = max(most, plant.memory())
    connection.close()
    check(most - before < 96, f"memory grew from {before:.0f} to {most:.0f} MiB")
    return f"{mib} MiB in and out, memory {before:.0f} to {most:.0f} MiB"


def gone(plant):
    """Clients that go away in the middle of a part."""
    upload, file = plant.begin("/gone.e57", 64 * STEP)
    url = target(file["partUploadUrls"][0]["UploadUrl"])
    for _ in range(5):
        with connect(plant) as connection:
            connection.sendall(f"PUT {url} HTTP/1.1\r\nHost: h\r\nContent-Length: {64 * STEP}\r\n\r\n".encode()
                               + b"x" * (8 * STEP))
    end = time.monotonic() + PATIENCE
    while plant.incoming() and time.monotonic() < end:
        time.sleep(0.05)
    check(not plant.incoming(), f"left behind: {plant.incoming()}")
    again = plant.ask("PUT", url, b"y" * 64)
    check(again.status == 200, f"the part sent again: {again.status}")
    check(plant.complete(upload, file, [again.headers["ETag"]])["overallSuccess"], "not completed")
    check(plant.ask("GET", target(plant.url_of("/gone.e57"))).body == b"y" * 64, "other bytes")


def killed(plant):
    """kill -9 in the middle of the second part: the first is there, the second can be sent again."""
    upload, file = plant.begin("/killed.e57", 20 * STEP, parts=2)
    one, two = (target(part["UploadUrl"]) for part in file["partUploadUrls"])
    first = plant.ask("PUT", one, b"1" * (10 * STEP))
    check(first.status == 200, f"the first part: {first.status}")
    with connect(plant) as connection:
        connection.sendall(f"PUT {two} HTTP/1.1\r\nHost: h\r\nContent-Length: {10 * STEP}\r\n\r\n".encode()
                           + b"2" * (9 * STEP))
        plant.stop(signal.SIGKILL)
    plant.prepare()
    second = plant.ask("PUT", two, b"2" * (10 * STEP))
    check(second.status == 200, f"the second part: {second.status} {second.body}")
    done = plant.complete(upload, file, [first.headers["ETag"], second.headers["ETag"]])
    check(done["overallSuccess"], f"not completed: {done}")
    whole = plant.ask("GET", target(plant.url_of("/killed.e57")), headers={"Range": f"bytes={10 * STEP - 3}-{10 * STEP + 2}"})
    check(whole.status == 206 and whole.body == b"111222", f"{whole.status} {whole.body[:20]}")


def expiry(plant):
    """The configured lifetime ends, and the secret of a URL is in no log."""
    plant.prepare()
    upload, file = plant.begin("/note.txt", 4)
    part = plant.ask("PUT", target(file["partUploadUrls"][0]["UploadUrl"]), b"note")
    plant.complete(upload, file, [part.headers["ETag"]])
    url = target(plant.url_of("/note.txt"))
    check(plant.ask("GET", url).body == b"note", "not there")
    end = time.monotonic() + PATIENCE
    while plant.ask("GET", url).status == 200 and time.monotonic() < end:
        time.sleep(0.2)
    answer = plant.ask("GET", url)
    check(answer.status == 403 and "expired" in answer.json()["message"], f"{answer.status} {answer.body}")
    check(answer.headers["Access-Control-Allow-Origin"] == "*", "pages of other origins cannot read it")
    check(plant.stop() == 0, "the server did not end well")
    secret, seen = url.rsplit(".", 1)[1].encode(), 0
    for path in [*plant.logs, *plant.stack.rglob("audit/*")]:
        if path.is_file():
            seen += 1
            check(secret not in path.read_bytes(), f"a signed URL is in {path}")
    check(seen > 1, "no logs were found")


def full_disk(plant, preload):
    """A part that does not fit: a clear answer, nothing kept, and everything else goes on."""
    plant.environment.update({"LD_PRELOAD": preload, "FULL_DISK_PATH": "/blobs/", "FULL_DISK_BYTES": str(40 * STEP + 200_000),
                              "ASAN_OPTIONS": "verify_asan_link_order=0"})
    plant.prepare()
    upload, file = plant.begin("/full.e57", 64 * STEP)
    url = target(file["partUploadUrls"][0]["UploadUrl"])
    full = plant.ask("PUT", url, b"x" * (64 * STEP))
    check(full.status == 503 and "disk" in full.json()["message"], f"{full.status} {full.body[:200]}")
    check("Retry-After" in full.headers, "nobody knows when to try again")
    check(not plant.incoming(), f"left behind: {plant.incoming()}")
    fits = plant.ask("PUT", url, b"y" * 1000)  # that disk takes no space back
    check(fits.status == 200, f"a part that fits: {fits.status} {fits.body}")
    check(plant.complete(upload, file, [fits.headers["ETag"]])["overallSuccess"], "not completed")
    full_disk_for_a_bundle(plant)


def full_disk_for_a_bundle(plant):
    """What does not fit is answered as a whole; a smaller bundle gets in."""
    contents = [bytes([i]) * 60_000 for i in range(8)]
    begun = plant.call("POST", "/uploads", {
        "assetId": "pump", "databaseId": "plant", "uploadType": "assetFile", "bundle": True,
        "files": [{"relativeKey": f"/small{i}.txt", "file_size": len(content), "num_parts": 1}
                  for i, content in enumerate(contents)]}, plant.token)

    def send(contents):
        body = b"vams-parts 1\n".ljust(16, b"\0")
        for file, content in zip(begun["files"], contents):
            name = file["uploadIdS3"].encode()
            body += (b"VPRT" + struct.pack("<III", 1, len(content), len(name)) + hashlib.md5(content).digest()
                     + name + content)
        return plant.ask("POST", target(begun["bundle"]["uploadUrl"]), body + b"VEND" + struct.pack("<I", len(contents)))

    full = send(contents)
    check(full.status == 503 and "disk" in full.json()["message"], f"{full.status} {full.body[:200]}")
    check("Retry-After" in full.headers, "nobody knows when to try again")
    fits = send([b"one", b"two"])
    check(fits.status == 200, f"a bundle that fits: {fits.status} {fits.body}")
    for file, part in zip(begun["files"][:1], fits.json()["parts"]):
        check(plant.complete(begun["uploadId"], file, [part["ETag"]])["overallSuccess"], "not completed")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vams", required=True)
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--full-disk", help="the library that tests/crash/full_disk.cc makes")
    options = parser.parse_args()
    vams = str(pathlib.Path(options.vams).resolve())
    with Plant(vams, password=PASSWORD) as plant:
        plant.prepare()
        failed = run_parts([("large", lambda: large(plant, options.mib)), ("gone", lambda: gone(plant)),
                            ("killed", lambda: killed(plant)), ("check", lambda: checked(plant))])
    with Plant(vams, config={"app": {"authProvider": {"presignedUrlTimeoutSeconds": 3}}}, password=PASSWORD) as plant:
        failed |= run_parts([("expiry", lambda: expiry(plant))])
    if options.full_disk:
        with Plant(vams, password=PASSWORD) as plant:
            failed |= run_parts([("full disk", lambda: full_disk(plant, options.full_disk))])
    return failed


def checked(plant):
    plant.stop()
    return plant.run("objects", "check", "--read-data").splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main())
