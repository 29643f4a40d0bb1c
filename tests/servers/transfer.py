#!/usr/bin/env python3
"""Files up and down through `vams file upload`, `vams assets download` and `vams file download`, against the built
binary, with a proxy in between that is slow, cuts connections, damages bytes or answers by itself.

    transfer.py --vams build/vams [--seed N]

Exit status: 0 all as promised, 1 not."""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from served import ADMIN, Stack, check, run_parts

PASSWORD = "Correct-Horse-7"
MIB = 1 << 20
DATABASE = "plant"
PATIENCE = 240  # seconds that a command may take


class Proxy:
    """Forwards to `port`.  What it does to the connections is said by its attributes, at any time."""

    def __init__(self, port, seed):
        self.port, self.random = port, random.Random(seed)
        self.rate = None  # bytes a second, each way of each connection
        self.cut = None  # (least, most) bytes after which a connection ends, counted both ways
        self.damage = None  # {"up" or "down": offset of a byte that is changed once, in a stream this long}
        self.answers = []  # (beginning of a request, answer): each given once, instead of the server's
        self.lose = None  # beginning of a request whose answer gets lost, once
        self.sent = {"up": 0, "down": 0}
        self.asked = collections.Counter()  # requests, by method and the first segment of the path
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def calm(self):
        """A good connection again, and counters at zero."""
        self.rate = self.cut = self.damage = self.lose = None
        self.answers = []
        with self.lock:
            self.sent = {"up": 0, "down": 0}
            self.asked.clear()

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.port))
        except OSError:
            client.close()
            return
        state = {"left": self.random.randint(*self.cut) if self.cut else None, "lost": False, "ends": (client, server)}
        threading.Thread(target=self._pump, args=(client, server, "up", state), daemon=True).start()
        self._pump(server, client, "down", state)

    def _answered(self, client, data):
        """Requests come one after the other, so one begins where something is read."""
        with self.lock:
            for index, (begins, answer) in enumerate(self.answers):
                if data.startswith(begins):
                    del self.answers[index]
                    break
            else:
                return False
        client.sendall(answer)
        client.shutdown(socket.SHUT_WR)
        client.settimeout(5)
        try:
            while client.recv(65536):  # a reset would take the answer with it
                pass
        except TimeoutError:
            pass
        return True

    def _pump(self, source, target, way, state):
        seen = 0
        try:
            while True:
                data = source.recv(65536)
                if not data or (way == "up" and self._answered(source, data)):
                    break
                with self.lock:
                    self.sent[way] += len(data)
                    if way == "up" and (line := re.match(rb"([A-Z]+ /[^/ ?]*)[^\r\n]* HTTP/1", data)):
                        self.asked[line.group(1).decode()] += 1
                    if way == "up" and self.lose and data.startswith(self.lose):
                        state["lost"], self.lose = True, None
                    at = (self.damage or {}).get(way)
                    if at is not None and seen <= at < seen + len(data):
                        data = data[:at - seen] + bytes([data[at - seen] ^ 1]) + data[at - seen + 1:]
                        self.damage = None
                seen += len(data)
                if way == "down" and state["lost"]:
                    break
                if state["left"] is not None:
                    state["left"] -= len(data)
                    if state["left"] < 0:
                        break
                target.sendall(data)
                if self.rate:
                    time.sleep(len(data) / self.rate)
        except OSError:
            pass
        for end in state["ends"]:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class World:
    """A stack that is served, the proxy in front of it, and a folder for local files."""

    def __init__(self, vams, seed):
        self.vams, self.seed, self.random = vams, seed, random.Random(seed)
        self.stack = Stack(vams, password=PASSWORD)
        self.stack.start()
        self.token = self.stack.login(ADMIN, PASSWORD)["accessToken"]
        self.proxy = Proxy(self.stack.port, seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vams-transfer-"))
        self.home = self.folder / "home"
        self.home.mkdir()
        self.assets = 0
        bucket = self.api("GET", "/buckets")["Items"][0]["bucketId"]
        self.api("POST", "/database", {"databaseId": DATABASE, "description": "the plant", "defaultBucketId": bucket})

    def close(self):
        self.proxy.close()
        self.stack.stop()
        shutil.rmtree(self.stack.folder, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def api(self, method, path, body=None, status=200):
        return self.stack.call(method, path, body, self.token, status)

    def asset(self):
        """A new one."""
        self.assets += 1
        name = f"asset-{self.assets}"
        self.api("POST", "/assets", {"databaseId": DATABASE, "assetId": name, "assetName": name,
                                     "description": "made by a test", "isDistributable": True})
        return name

    def path(self, asset):
        return f"/database/{DATABASE}/assets/{asset}"

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "VAMS_API_URL": self.proxy.url,
                "VAMS_TOKEN": self.token, "VAMS_CLI_INITIAL_RETRY_DELAY": "0.1", "VAMS_CLI_MAX_RETRY_DELAY": "0.2",
                "VAMS_CLI_MAX_RETRY_ATTEMPTS": "20"}

    def begin(self, *arguments):
        return subprocess.Popen([self.vams, *map(str, arguments)], env=self.environment(), cwd=self.folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments, status=0):
        """(standard output, standard error) of a command that must end with this status."""
        process = self.begin(*arguments)
        out, err = process.communicate(timeout=PATIENCE)
        check(process.returncode == status,
              f"vams {' '.join(map(str, arguments))[:300]} ended with {process.returncode}, not {status}: {out[-2000:]}"
              f"{err[-2000:]}")
        return out, err

    def json(self, *arguments, status=0):
        return json.loads(self.run(*arguments, "--json-output", status=status)[0])

    def upload(self, asset, *arguments, status=0):
        return self.json("file", "upload", *arguments, "-d", DATABASE, "-a", asset, status=status)

    def download(self, asset, target, *arguments, status=0):
        return self.json("assets", "download", target, "-d", DATABASE, "-a", asset, *arguments, status=status)

    def bytes(self, count):
        return self.random.randbytes(count)

    def write(self, path, content):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def new(self, name):
        path = self.folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        return path

    def put(self, asset, key, content):
        """By the API's own calls, for keys that no local file can have."""
        begun = self.api("POST", "/uploads", {
            "databaseId": DATABASE, "assetId": asset, "uploadType": "assetFile",
            "files": [{"relativeKey": key, "file_size": len(content), "num_parts": 1 if content else 0}]})
        parts = []
        for part in begun["files"][0]["partUploadUrls"]:
            target = "/" + part["UploadUrl"].split("/", 3)[3]
            answer = self.stack.ask("PUT", target, content)
            check(answer.status == 200, f"the part of {key!r}: {answer.status}")
            parts.append({"PartNumber": part["PartNumber"], "ETag": answer.headers["ETag"].strip('"')})
        done = self.api("POST", f"/uploads/{begun['uploadId']}/complete", {
            "databaseId": DATABASE, "assetId": asset, "uploadType": "assetFile",
            "files": [{"relativeKey": key, "uploadIdS3": begun["files"][0]["uploadIdS3"], "parts": parts}]})
        check(done["overallSuccess"], f"{key!r}: {done}")


def tree(folder):
    """Digest of each file below."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def transfers(world):
    """What uploads left to continue with."""
    folder = world.home / ".config/vams/profiles/default/transfers"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def wait_for(condition, what):
    end = time.monotonic() + 60
    while not condition():
        check(time.monotonic() < end, f"{what} did not come")
        time.sleep(0.005)


def make_tree(world, folder, files):
    for index in range(files):
        depth = world.random.randint(0, 3)
        path = folder.joinpath(*(f"d{world.random.randint(0, 4)}" for _ in range(depth)), f"f{index}.bin")
        world.write(path, world.bytes(world.random.choice([1, 100, 4096, 70000])))


def folder_up_and_down(world):
    source, asset = world.new("source"), world.asset()
    make_tree(world, source, 120)
    world.write(source / "empty.txt", b"")
    world.write(source / "large.bin", world.bytes(12 * MIB + 17))
    for name in ("with space.txt", "a+b.txt", "100%.txt", "a%2Fb.txt", "#hash.txt", "ends with dot..", "q?x=1&y.txt",
                 "Twin.txt", "twin.txt", "e\u0301.txt", "\u00e9.txt", "\U0001f9ca.txt", ".hidden", "x" * 251 + ".txt",
                 "\u00fc" * 125 + ".txt", "new\nline.txt", "back\\slash.txt", "a..b.txt", "'\".txt"):
        world.write(source / "hell" / name, name.encode())
    sent = world.upload(asset, "--directory", source, "--recursive", "--part-size", 5)
    want = tree(source)
    check(sent["overall_success"] and sent["successful_files"] == len(want), f"{sent['failures']}")
    check(all(one["completion_result"]["overallSuccess"] for one in sent["sequence_results"]), "completion")
    check(max(len(one["successful_files"]) for one in sent["sequence_results"]) <= 50, "a sequence of more than 50")
    check(not transfers(world), f"a finished upload left {transfers(world)}")
    target = world.folder / "target"
    got = world.download(asset, target, "--recursive")
    have = tree(target)
    renamed = have.pop("hell/new%0Aline.txt", None)
    check(renamed == want.pop("hell/new\nline.txt"), "the name with a line break was not encoded")
    check(have == want, f"different: {sorted(set(have.items()) ^ set(want.items()))[:6]}")
    check(got["verified_files"] == len(want) + 1, f"only {got['verified_files']} were checked by a checksum")
    check(not list(target.rglob(".vams-part-*")), "partial files stayed")
    again = world.download(asset, target, "--recursive", "--existing", "overwrite")
    fetched = again["total_files"] - again["unchanged_files"]
    check(fetched == 1, f"{fetched} files were fetched again (the empty one may be)")
    (target / "hell/#hash.txt").write_bytes(b"mine")
    skipped = world.download(asset, target, "--recursive", "--existing", "skip")
    check(skipped["skipped_files"] == len(want) + 1, f"skipped {skipped['skipped_files']}")
    refused = world.download(asset, target, "--recursive", "--existing", "fail", status=1)
    check(refused["failed_files"] == len(want) + 1, "an existing file did not fail")
    check((target / "hell/#hash.txt").read_bytes() == b"mine", "a local file was overwritten")
    world.download(asset, target, "--recursive")
    check((target / "hell/#hash.txt").read_bytes() == b"#hash.txt", "a local file was kept")
    return f"{len(want) + 1} files"


def ways_to_name_files(world):
    source, asset = world.new("named"), world.asset()
    world.write(source / "a.txt", b"A")
    world.write(source / "b.txt", b"B")
    world.write(source / "sub/c.txt", b"C")
    world.write(source / "noext", b"?")
    (source / "loop").symlink_to(source)
    os.mkfifo(source / "pipe.txt")
    world.upload(asset, source / "a.txt", source / "b.txt", "--asset-location", "x/y")
    flat = world.upload(asset, source, status=3)
    reasons = {pathlib.Path(one["local_path"]).name: one["error"] for one in flat["failures"]}
    check(flat["successful_files"] == 2 and set(reasons) == {"noext", "loop", "pipe.txt"}, f"{reasons}")
    both = world.run("file", "upload", source / "a.txt", source / "sub/../a.txt", "-d", DATABASE, "-a", asset, status=1)
    check("would both become" in both[1], both[1])
    listed = world.json("file", "list", "-d", DATABASE, "-a", asset, "--basic")
    names = {one["relativePath"] for one in listed["items"] if not one["isFolder"]}
    check(names == {"/a.txt", "/b.txt", "/x/y/a.txt", "/x/y/b.txt"}, f"{names}")
    (source / "pipe.txt").unlink()
    (source / "loop").unlink()
    (source / "noext").unlink()
    world.upload(asset, source, "--recursive")
    one = world.new("one")
    world.run("file", "download", "-d", DATABASE, "-a", asset, "-p", "/sub/c.txt", one / "mine.txt")
    world.run("file", "download", "-d", DATABASE, "-a", asset, "-p", "/sub/c.txt", one)
    check(tree(one).keys() == {"mine.txt", "c.txt"}, f"{tree(one)}")
    top = world.new("top")
    world.download(asset, top)
    check(tree(top).keys() == {"a.txt", "b.txt"}, f"{tree(top).keys()}")
    part = world.new("part")
    world.download(asset, part, "--file-key", "/x/", "--recursive")
    check(tree(part).keys() == {"x/y/a.txt", "x/y/b.txt"}, f"{tree(part).keys()}")
    flattened = world.new("flattened")
    world.download(asset, flattened, "--file-key", "/x/", "--recursive", "--flatten-download-tree")
    check(tree(flattened).keys() == {"a.txt", "b.txt"}, f"{tree(flattened).keys()}")
    clash = world.run("assets", "download", flattened, "-d", DATABASE, "-a", asset, "--file-key", "/", "--recursive",
                      "--flatten-download-tree", status=1)
    check("nothing was downloaded" in clash[1], clash[1])
    links = world.json("assets", "download", "--shareable-links-only", "-d", DATABASE, "-a", asset, "--recursive")
    check(links["totalFiles"] == 5, f"{links}")
    shared = {one["filePath"]: one["downloadUrl"] for one in links["shareableLinks"]}
    target = "/" + shared["/sub/c.txt"].split("/", 3)[3]
    check(world.stack.ask("GET", target).body == b"C", "a link leads elsewhere")


def previews(world):
    source, asset = world.new("previews"), world.asset()
    world.write(source / "z.glb", b"glTF")
    world.write(source / "a.previewFile.x.png", b"PNG1")  # sorts before what it belongs to
    (source / "a.previewFile.x.png").rename(source / "z.glb.previewFile.png")
    world.upload(asset, source)
    cover = world.write(world.folder / "cover.png", b"PNG2")
    world.upload(asset, cover, "--asset-preview")
    world.upload(asset, world.write(world.folder / "cover.txt", b"x"), "--asset-preview", status=1)
    target = world.new("got-previews")
    world.download(asset, target, "--asset-preview")
    world.download(asset, target, "--file-key", "/z.glb", "--file-previews")
    check({name: (target / name).read_bytes() for name in tree(target)} ==
          {"cover.png": b"PNG2", "z.glb": b"glTF", "z.glb.previewFile.png": b"PNG1"}, f"{tree(target).keys()}")


def versions(world):
    source, asset = world.new("versions"), world.asset()
    contents = [b"one", b"two, longer"]
    for content in contents:
        world.write(source / "a.txt", content)
        world.upload(asset, source)
        world.run("asset-version", "create", "-d", DATABASE, "-a", asset, "--comment", "next", "--alias",
                  f"R{contents.index(content)}")
    world.write(source / "b.txt", b"later")
    world.upload(asset, source)
    for arguments, names, first in ((["--asset-version-id", "1"], {"a.txt"}, contents[0]),
                                    (["--asset-version-alias", "R0"], {"a.txt"}, contents[0]),
                                    (["--asset-version-id", "2"], {"a.txt"}, contents[1]),
                                    ([], {"a.txt", "b.txt"}, contents[1])):
        target = world.new("of-version")
        world.download(asset, target, "--recursive", *arguments)
        check(tree(target).keys() == names and (target / "a.txt").read_bytes() == first, f"{arguments}: {tree(target)}")
    absent = world.run("assets", "download", target, "-d", DATABASE, "-a", asset, "--asset-version-alias", "R9",
                       status=6)
    check("no version has the alias" in absent[1], absent[1])


def names_from_hell(world):
    asset, outside = world.asset(), world.new("outside")
    target = outside / "target"
    keys = {"/../../escape.txt": "%2E%2E/%2E%2E/escape.txt", "//etc/absolute.txt": "%2F/etc/absolute.txt",
            "/a/./b.txt": "a/%2E/b.txt", "/a//b.txt": "a/%2F/b.txt", "/tab\there.txt": "tab%09here.txt",
            "/esc\x1b[2J.txt": "esc%1B[2J.txt", "/del\x7f.txt": "del%7F.txt", "/plain.txt": "plain.txt",
            "/nested.d/x.txt": "nested.d/x.txt", "/~/.ssh.txt": "~/.ssh.txt", "/-rf.txt": "-rf.txt"}
    long = "/" + "\u00e4" * 200 + ".txt"
    for key in [*keys, long]:
        world.put(asset, key, key.encode())
    for key in ("/nested.d", "/%2E%2E/%2E%2E/escape.txt"):  # a file where a folder is, and a twin of an encoded name
        world.put(asset, key, key.encode())
    got = world.download(asset, target, "--recursive", status=3)
    check({path.name for path in outside.iterdir()} == {"target"}, f"outside: {list(outside.iterdir())}")
    by_key = {one["relative_key"]: one for one in got["successful_downloads"]}
    failed = {one["relative_key"]: one["error"] for one in got["failed_downloads"]}
    check(len(failed) == 2, f"failed: {failed}")
    for key, name in keys.items():
        if key in failed:
            continue
        check(by_key[key]["local_path"] == str(target / name), f"{key!r} went to {by_key[key]['local_path']!r}")
        check((target / name).read_bytes() == key.encode(), f"{key!r} has another content")
    local = pathlib.Path(by_key[long]["local_path"])
    check(len(local.name.encode()) <= 255 and local.suffix == ".txt", f"{local.name}")
    check(local.read_bytes() == long.encode(), "the long name has another content")
    escapes = {"/../../escape.txt", "/%2E%2E/%2E%2E/escape.txt"}
    check(len(escapes & set(failed)) == 1 and len({"/nested.d", "/nested.d/x.txt"} & set(failed)) == 1, f"{failed}")
    out, err = world.run("assets", "download", target, "-d", DATABASE, "-a", asset, "--recursive", status=3)
    listing, _ = world.run("file", "list", "-d", DATABASE, "-a", asset)
    check(not any(c in out + err + listing for c in "\x1b\t\x7f"), "the terminal got control characters")


def killed_upload(world):
    asset, proxy = world.asset(), world.proxy
    content = world.bytes(60 * MIB)
    path = world.write(world.folder / "big.bin", content)
    arguments = ["file", "upload", path, "-d", DATABASE, "-a", asset, "--part-size", "5", "--parallel-uploads", "2",
                 "--json-output"]
    folder = world.home / ".config/vams/profiles/default/transfers"
    parts = lambda: sum(path.read_text().count("\n[") for path in folder.glob("upload-*/sequence-*"))
    proxy.rate = 6 * MIB
    process = world.begin(*arguments)
    wait_for(lambda: parts() >= 3, "a third part")
    process.kill()
    process.communicate()
    check(process.returncode == -signal.SIGKILL, f"it ended by itself: {process.returncode}")
    before = parts()
    for path_of_state in folder.rglob("sequence-*"):
        check(path_of_state.stat().st_mode & 0o077 == 0, "others can read the part URLs")
        with open(path_of_state, "a", encoding="utf-8") as state:
            state.write('[0,9,"torn')  # what a loss of power may leave
    process = world.begin(*arguments)  # and once more, by Ctrl-C
    wait_for(lambda: parts() >= before + 2, "two more parts")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    check(process.returncode == 3 and json.loads(out)["interrupted"], f"{process.returncode}: {out}")
    before = parts()
    proxy.calm()
    done = json.loads(world.run(*arguments)[0])
    check(done["parts_of_earlier_run"] == before, f"{done['parts_of_earlier_run']} of {before} parts were continued")
    # What the stopped run had in its sockets may pass the proxy late: at most a part a connection.
    check(proxy.sent["up"] < len(content) - (before - 2) * 5 * MIB, f"{proxy.sent['up']} bytes were sent again")
    check(not transfers(world), f"{transfers(world)} stayed")
    target = world.new("of-killed")
    world.download(asset, target)
    check((target / "big.bin").read_bytes() == content, "another content arrived")
    return f"continued with {before} of 12 parts"


def changed_between_runs(world):
    asset, proxy = world.asset(), world.proxy
    source = world.new("changing")
    path = world.write(source / "one.bin", world.bytes(20 * MIB))
    for index in range(60):
        world.write(source / f"small{index}.bin", world.bytes(100))
    proxy.rate = 4 * MIB
    process = world.begin("file", "upload", source, "-d", DATABASE, "-a", asset, "--part-size", "5")
    folder = world.home / ".config/vams/profiles/default/transfers"
    wait_for(lambda: any("\n[" in state.read_text() for state in folder.glob("upload-*/sequence-*")), "a part")
    wait_for(lambda: list(folder.glob("upload-*/done")), "a sequence")
    process.kill()
    process.communicate()
    proxy.calm()
    path.write_bytes(world.bytes(20 * MIB))
    earlier = world.upload(asset, source, "--part-size", 5)
    check(earlier["files_of_earlier_run"] >= 1, f"no file of the earlier run counted: {earlier}")
    target = world.new("changed")
    world.download(asset, target)
    check(tree(target) == tree(source), "another content arrived")


def expired_upload(world):
    """The store has forgotten the upload: it begins anew, once."""
    asset, proxy = world.asset(), world.proxy
    path = world.write(world.folder / "expiring.bin", world.bytes(6 * MIB))
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    proxy.answers = [(b"PUT ", refusal)]
    world.upload(asset, path, "--part-size", 5)
    check(not proxy.answers, "no part was refused")
    proxy.answers = [(b"PUT ", refusal)] * 8
    failed = world.upload(asset, path, "--part-size", 5, status=1)
    check("anew" in failed["failures"][0]["error"], f"{failed['failures']}")
    proxy.calm()
    target = world.new("expired")
    world.download(asset, target)
    check((target / path.name).read_bytes() == path.read_bytes(), "another content arrived")


def busy_server(world):
    """429 with a time to wait for is waited out; a 503 without one is tried again where that does no harm."""
    asset, proxy = world.asset(), world.proxy
    path = world.write(world.folder / "busy.bin", b"busy")
    say = lambda status, more: f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n{more}Connection: close\r\n\r\n".encode()
    proxy.answers = [(b"POST /uploads ", say("429 Too Many Requests", "Retry-After: 1\r\n")),
                     (b"GET /database", say("429 Too Many Requests", ""))]
    begin = time.monotonic()
    out, err = world.run("file", "upload", path, "-d", DATABASE, "-a", asset)
    answered = 2 - len(proxy.answers)
    check(answered >= 1 and err.count("asked too much (429)") == answered, f"{answered} {out}{err}")
    waited = time.monotonic() - begin
    proxy.answers = [(b"POST /objects/", say("503 Service Unavailable", ""))]
    world.upload(asset, path, "--restart")
    check(not proxy.answers, "no bundle was refused")
    path = world.write(world.folder / "busy.bin", world.bytes(100_000))
    proxy.answers = [(b"PUT ", say("503 Service Unavailable", ""))]
    world.upload(asset, path, "--restart")
    check(not proxy.answers, "no part was refused")
    proxy.calm()
    return f"waited {waited:.1f} s"


def lost_answer(world):
    """The completion took effect, but its answer got lost: what is there counts, and nothing is sent again."""
    asset, proxy = world.asset(), world.proxy
    path = world.write(world.folder / "lost.bin", world.bytes(6 * MIB))
    for request in (b"POST /uploads ", b"POST /uploads/", b"PUT "):
        proxy.lose = request
        world.upload(asset, path, "--part-size", 5)
        check(proxy.lose is None, f"no answer of {request} got lost")
    info = world.json("file", "info", "-d", DATABASE, "-a", asset, "-p", "/lost.bin", "--include-versions")
    check(info["size"] == 6 * MIB and len(info["versions"]) == 3, f"{info}")


HELL = ("with space.txt", "a+b.txt", "100%.txt", "a%2Fb.txt", "#hash.txt", "ends with dot..", "q?x=1&y.txt", "Twin.txt",
        "twin.txt", "e\u0301.txt", "\u00e9.txt", "\U0001f9ca.txt", ".hidden", "x" * 251 + ".txt",
        "\u00fc" * 125 + ".txt", "back\\slash.txt", "a..b.txt", "'\".txt", "VPRT.txt", "vams-parts 1.txt")


def small_files(world, name, files):
    source = world.new(name)
    for index in range(files):
        world.write(source / f"d{index % 7}/f{index}.bin", world.bytes(world.random.choice([1, 100, 4096, 65536])))
    return source


def bundles(world):
    """Small files do not cost a request each, and what is around them comes through as well."""
    asset, proxy, source = world.asset(), world.proxy, small_files(world, "bundles", 700)
    world.write(source / "empty.txt", b"")
    world.write(source / "just.bin", world.bytes(65537))
    world.write(source / "large.bin", world.bytes(6 * MIB))
    for name in HELL:
        world.write(source / "hell" / name, name.encode())
    sent = world.upload(asset, "--directory", source, "--recursive", "--part-size", 5)
    check(sent["overall_success"], f"{sent['failures'][:3]}")
    asked = dict(proxy.asked)
    check(asked.get("PUT /objects") == 3, f"parts sent alone: {asked}")
    check(asked.get("POST /objects", 0) <= 16, f"too many bundles: {asked}")
    target = world.new("bundles-back")
    world.download(asset, target, "--recursive")
    check(tree(target) == tree(source), "another content arrived")
    return f"{asked['POST /objects']} bundles for {len(tree(source))} files"


def bundles_in_trouble(world):
    """Lost answers, damage, broken connections, refusals: all files are there, whole, and none twice."""
    proxy = world.proxy
    say = lambda status: f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()

    def through(what, retries=5):
        asset, source = world.asset(), small_files(world, what, 60)
        sent = world.upload(asset, source, "--recursive", "--retry-attempts", retries)
        check(sent["overall_success"], f"{what}: {sent['failures'][:3]}")
        asked = dict(proxy.asked)
        proxy.calm()
        target = world.new(f"{what}-back")
        world.download(asset, target, "--recursive")
        check(tree(target) == tree(source), f"{what}: another content arrived")
        proxy.calm()
        return asked

    proxy.lose = b"POST /objects/"
    through("lost")
    for offset in (30_000, 100_000, 250_000):
        proxy.damage = {"up": offset}
        through(f"damaged{offset}")
    proxy.cut = (200_000, 3 * MIB)
    through("cut", 60)
    # A refusal for good: every part goes alone.
    for status in ("403 Forbidden", "405 Method Not Allowed", "413 Payload Too Large"):
        proxy.answers = [(b"POST /objects/", say(status))]
        asked = through(f"refused{status[:3]}")
        check(asked.get("PUT /objects", 0) >= 10, f"{status}: {asked}")
    proxy.answers = [(b"POST /objects/", say("503 Service Unavailable"))] * 3
    through("busy")


def killed_bundles(world):
    """Killed at any moment: the next run brings what is missing."""
    asset, proxy, source = world.asset(), world.proxy, small_files(world, "killed-bundles", 400)
    before = transfers(world)  # of uploads that failed for good
    arguments = ["file", "upload", source, "--recursive", "-d", DATABASE, "-a", asset, "--json-output"]
    for _ in range(4):
        proxy.rate = 4 * MIB
        process = world.begin(*arguments)
        try:
            process.wait(0.3 + world.random.random())
        except subprocess.TimeoutExpired:
            pass
        process.kill()
        process.communicate()
    proxy.calm()
    done = json.loads(world.run(*arguments)[0])
    check(done["overall_success"], f"{done['failures'][:3]}")
    check(transfers(world) == before, f"{transfers(world)} stayed")
    target = world.new("killed-bundles-back")
    world.download(asset, target, "--recursive")
    check(tree(target) == tree(source), "another content arrived")
    return f"{done['files_of_earlier_run']} files and {done['parts_of_earlier_run']} parts of earlier runs"


def flaky_connection(world):
    asset, proxy = world.asset(), world.proxy
    source, target = world.new("flaky"), world.folder / "flaky-target"
    make_tree(world, source, 40)
    for index in range(4):
        world.write(source / f"large{index}.bin", world.bytes(17 * MIB + index))
    proxy.cut = (1 * MIB, 14 * MIB)
    sent = world.upload(asset, source, "--recursive", "--part-size", 5, "--retry-attempts", 60)
    check(sent["overall_success"], f"{sent['failures']}")
    check(proxy.sent["up"] > 69 * MIB, "nothing was cut")
    got = world.download(asset, target, "--recursive", "--retry-attempts", 60)
    check(tree(target) == tree(source), "another content arrived")
    check(got["verified_files"] == got["total_files"], f"{got['size_only_files']}")
    check(not list(target.rglob(".vams-part-*")), "partial files stayed")
    overhead = proxy.sent["down"] / (68 * MIB)
    proxy.calm()
    check(overhead < 1.5, f"downloads did not go on where they were: {overhead:.2f} times the bytes")
    return f"{overhead:.2f} times the bytes came down"


def damaged_bytes(world):
    asset, proxy = world.asset(), world.proxy
    path = world.write(world.folder / "fragile.bin", world.bytes(9 * MIB))
    for part_size in (5, 7, 64):  # 7: a size that nobody guesses; then two copies have to be the same
        proxy.damage = {"up": 3 * MIB}
        world.upload(asset, path, "--part-size", part_size)
        check(proxy.damage is None, "nothing was damaged on the way up")
        target = world.new("fragile")
        proxy.damage = {"down": 6 * MIB}
        got = world.download(asset, target)
        check(proxy.damage is None, "nothing was damaged on the way down")
        check((target / path.name).read_bytes() == path.read_bytes(), f"damage got through, parts of {part_size} MiB")
        check(got["verified_files"] == (part_size != 7), f"{got}")
    proxy.calm()


def killed_download(world):
    asset, proxy = world.asset(), world.proxy
    content = world.bytes(40 * MIB)
    path = world.write(world.folder / "long.bin", content)
    world.upload(asset, path)
    target = world.new("interrupted")
    (target / "long.bin").write_bytes(b"the old one")
    arguments = ["assets", "download", target, "-d", DATABASE, "-a", asset, "--json-output"]
    size = lambda: max([part.stat().st_size for part in target.glob(".vams-part-*")], default=0)
    for number in (signal.SIGKILL, signal.SIGINT):
        proxy.rate = 8 * MIB
        before = size()
        process = world.begin(*arguments)
        wait_for(lambda: size() > before + 6 * MIB, "a piece of the file")
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
        check(process.returncode != 0, "it ended before it was interrupted")
        check((target / "long.bin").read_bytes() == b"the old one", "half a file replaced the old one")
    have = size()
    proxy.calm()
    done = json.loads(world.run(*arguments)[0])
    check(done["continued_files"] == 1 and done["verified_files"] == 1, f"{done}")
    check(proxy.sent["down"] < len(content) - have + MIB, f"{proxy.sent['down']} bytes for {len(content) - have}")
    check((target / "long.bin").read_bytes() == content, "another content arrived")
    check(tree(target).keys() == {"long.bin"}, f"{tree(target).keys()}")
    # The server's file changes while half of it is here.
    other = world.bytes(40 * MIB)
    proxy.rate = 8 * MIB
    (target / "long.bin").unlink()
    process = world.begin(*arguments)
    wait_for(lambda: size() > 4 * MIB, "a piece of the file")
    process.kill()
    process.communicate()
    proxy.calm()
    path.write_bytes(other)
    world.upload(asset, path)
    world.run(*arguments)
    check((target / "long.bin").read_bytes() == other, "pieces of two versions were put together")
    check(tree(target).keys() == {"long.bin"}, f"{tree(target).keys()}")
    return f"continued at {have / MIB:.0f} of 40 MiB"


def flat_memory(world):
    """Neither way holds a file, whatever its size."""
    asset = world.asset()
    path = world.folder / "huge.bin"
    with open(path, "wb") as file:
        for _ in range(20):
            file.write(world.bytes(16 * MIB))
    peaks = []
    for arguments in (["file", "upload", path], ["assets", "download", world.new("huge")]):
        process = world.begin(*arguments, "-d", DATABASE, "-a", asset, "--json-output")
        process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        check(process.returncode == 0, f"{arguments[:2]} ended with {process.returncode}: {process.stderr.read()}")
        peaks.append(usage.ru_maxrss // 1024)
    check(max(peaks) < 250, f"{peaks} MiB at most for a file of 320 MiB")
    check((world.folder / "huge/huge.bin").read_bytes() == path.read_bytes(), "another content arrived")
    path.unlink()
    return f"{peaks} MiB at most"


PARTS = (folder_up_and_down, ways_to_name_files, previews, versions, names_from_hell, killed_upload,
         changed_between_runs, expired_upload, busy_server, lost_answer, bundles, bundles_in_trouble, killed_bundles,
         flaky_connection, damaged_bytes,
         killed_download, flat_memory)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vams", required=True)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", help="the part of this name")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}", flush=True)
    world = World(str(pathlib.Path(arguments.vams).resolve()), seed)
    try:
        wanted = [part for part in PARTS if arguments.only in (None, part.__name__)]

        def runner(part):
            def run():
                world.proxy.calm()
                return part(world)
            return run

        return run_parts([(part.__name__.replace("_", " "), runner(part)) for part in wanted])
    finally:
        world.close()


if __name__ == "__main__":
    sys.exit(main())
