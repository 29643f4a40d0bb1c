#!/usr/bin/env python3
"""A folder goes into an asset and comes out again, byte for byte, in the way in which the stock command line client
does it: sequences of at most 50 files, ten parts at a time, a part that breaks off sent again, and five downloads at
a time of what the pages of the listing name.

The names are such as file systems and URLs stumble over, the sizes from nothing to several parts.  A second upload of
a file leaves the first as an older version.

Usage: vamscli_transfer.py --vams BINARY
Exit status: 0 all as expected, 1 not.
"""

import argparse
import concurrent.futures
import hashlib
import http.client
import random
import socket
import sys
import urllib.parse

import served
from served import check

PASSWORD = "Correct-horse-7"
PART = 5 << 20
FILES_OF_SEQUENCE = 50
SEED = 20250301

NAMES = [
    "plain.bin", "with space.bin", "a+b.bin", "100%25.bin", "50%2Fhalf.bin", "hash#1.bin", "question?.bin",
    "ampersand&equals=.bin", "trailing dot..bin.", " leading.bin", "caf\u00e9.bin", "cafe\u0301.bin", "CASE.bin",
    "case.bin", "\u65e5\u672c\u8a9e.bin", "\U0001f680.bin", "back\\slash.bin", "quote'\".bin", "semi;colon,comma.bin",
    "..hidden.bin", "dots/../inside.bin", "a//b.bin", "deep/" * 20 + "x.bin", "n" * 250 + ".bin", "star*.bin",
    "colon:.bin", "tilde~.bin", "[brackets].bin", "{braces}.bin", "pipe|.bin", "<angle>.bin", "dollar$HOME.bin",
]


class Client:
    def __init__(self, stack):
        self.stack = stack
        self.token = stack.login(served.ADMIN, PASSWORD)["accessToken"]
        self.broken = set()  # parts that broke off once
        self.requests = 0

    def call(self, method, path, body=None):
        self.requests += 1
        return self.stack.call(method, path, body, self.token)

    def put_part(self, url, content):
        """The ETag without its quotes.  Every seventh part breaks off in the middle the first time."""
        for _ in range(3):
            target = urllib.parse.urlsplit(url)
            path = target._replace(scheme="", netloc="").geturl()
            if len(content) > 1 and url not in self.broken and int(hashlib.md5(url.encode()).hexdigest(), 16) % 7 == 0:
                self.broken.add(url)
                with socket.create_connection((target.hostname, target.port), served.PATIENCE) as line:
                    line.sendall(f"PUT {path} HTTP/1.1\r\nHost: {target.netloc}\r\n"
                                 f"Content-Length: {len(content)}\r\n\r\n".encode() + content[:len(content) // 2])
                continue
            connection = http.client.HTTPConnection(target.netloc, timeout=served.PATIENCE)
            try:
                connection.request("PUT", path, content)
                answer = connection.getresponse()
                said = answer.read()
                check(answer.status == 200, f"PUT of a part: {answer.status} {said[:300]}")
                return answer.headers["ETag"].strip('"')
            finally:
                connection.close()
        raise AssertionError("a part could not be sent")

    def upload(self, database, asset, files):
        """Files are (path, content).  As many sequences as it takes."""
        which = {"assetId": asset, "databaseId": database, "uploadType": "assetFile"}
        for first in range(0, len(files), FILES_OF_SEQUENCE):
            some = files[first:first + FILES_OF_SEQUENCE]
            begun = self.call("POST", "/uploads", {**which, "files": [
                {"relativeKey": "/" + path, "file_size": len(content), "num_parts": -(-len(content) // PART)}
                for path, content in some]})
            jobs = []
            with concurrent.futures.ThreadPoolExecutor(10) as pool:
                for (_, content), file in zip(some, begun["files"]):
                    for part in file["partUploadUrls"]:
                        at = (part["PartNumber"] - 1) * PART
                        jobs.append((file["relativeKey"], part["PartNumber"],
                                     pool.submit(self.put_part, part["UploadUrl"], content[at:at + PART])))
            parts = {}
            for key, number, job in jobs:
                parts.setdefault(key, []).append({"PartNumber": number, "ETag": job.result()})
            done = self.call("POST", f"/uploads/{begun['uploadId']}/complete", {**which, "files": [
                {"relativeKey": file["relativeKey"], "uploadIdS3": file["uploadIdS3"],
                 "parts": parts.get(file["relativeKey"], [])} for file in begun["files"]]})
            check(done["overallSuccess"] and done["message"] == "Upload completed successfully", f"completion: {done}")

    def listing(self, base, size):
        """Of all pages: relative path to item, without folders."""
        items, token = {}, ""
        while True:
            page = self.call("GET", f"{base}/listFiles?pageSize={size}" +
                             (f"&startingToken={urllib.parse.quote(token, safe='')}" if token else ""))
            for item in page["items"]:
                check(item["key"] not in items, f"{item['key']} is listed twice")
                items[item["key"]] = item
            token = page["NextToken"]
            if not token:
                return {item["relativePath"]: item for item in items.values() if not item["isFolder"]}

    def download(self, base, key, version=None):
        body = {"downloadType": "assetFile", "key": key}
        if version:
            body["versionId"] = version
        url = urllib.parse.urlsplit(self.call("POST", base + "/download", body)["downloadUrl"])
        answer = self.stack.ask("GET", url._replace(scheme="", netloc="").geturl())
        check(answer.status == 200, f"{key}: {answer.status} {answer.body[:300]}")
        return answer.body


def make_files(generator):
    files = [(name, generator.randbytes(generator.randrange(1, 3000))) for name in NAMES]
    files += [(f"many/{i:03}.txt", generator.randbytes(i)) for i in range(60)]
    files.append(("big/three parts.bin", generator.randbytes(2 * PART + 12345)))
    files.append(("big/exactly one part.bin", generator.randbytes(PART)))
    return files


def transfer(vams):
    generator = random.Random(SEED)
    with served.Stack(vams, password=PASSWORD) as stack:
        stack.start()
        client = Client(stack)
        bucket = client.call("GET", "/buckets")["Items"][0]["bucketId"]
        client.call("POST", "/database", {"databaseId": "plant", "description": "Plant", "defaultBucketId": bucket})
        client.call("POST", "/assets", {"databaseId": "plant", "assetId": "pump", "assetName": "Pump",
                                        "description": "feed pump", "isDistributable": True})
        base = "/database/plant/assets/pump"
        files = make_files(generator)
        client.upload("plant", "pump", files)

        listed = client.listing(base, 17)
        wanted = {"/" + path: content for path, content in files}
        check(set(listed) == set(wanted), f"listed {sorted(set(listed) ^ set(wanted))} wrongly (seed {SEED})")
        for path, item in listed.items():
            check(item["size"] == len(wanted[path]), f"{path} is listed with {item['size']} bytes")
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            for path, content in zip(listed, pool.map(lambda path: client.download(base, path), listed)):
                check(content == wanted[path], f"{path} came back different (seed {SEED})")

        path, content = files[0]
        first = listed["/" + path]["versionId"]
        client.upload("plant", "pump", [(path, b"new")])
        check(client.download(base, path) == b"new", "the new version")
        check(client.download(base, path, first) == content, "the older version")
        said = stack.run("objects", "check")
        check(stack.stop() == 0, "the server did not end well")
        return f"{len(files)} files, {client.requests} requests, {len(client.broken)} parts broken off; {said.strip()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--vams", required=True)
    arguments = parser.parse_args()
    return served.run_parts([("transfer", lambda: transfer(arguments.vams))])


if __name__ == "__main__":
    sys.exit(main())
