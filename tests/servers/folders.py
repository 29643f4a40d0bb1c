#!/usr/bin/env python3
"""A share that a stack is pointed at: files become assets, changes go both ways while the stack is served, and a
share that is not mounted is left alone.

  folders.py --vams BINARY
"""

import argparse
import os
import pathlib
import shutil
import sys
import time

from served import Stack, check, run_parts

PASSWORD = "Correct-Horse-7"
PATIENCE = 60


def within(condition, what):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {PATIENCE} s")


def old(path, text):
    """A file that nobody is writing any more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    before = time.time() - 60
    os.utime(path, (before, before))


class Share:
    def __init__(self, vams):
        self.stack = Stack(vams, config={}, password=PASSWORD)
        self.folder = self.stack.folder / "share"
        self.folder.mkdir()
        self.stack.config.write_text(
            '{"app": {"assetBuckets": {"externalAssetBuckets": [{"bucketArn": "file://%s", "baseAssetsPrefix": "/", '
            '"defaultSyncDatabaseId": "models"}]}}}' % self.folder, encoding="utf-8")
        old(self.folder / "crane" / "sub folder" / "a.glb", "first")
        old(self.folder / "loose.txt", "belongs to nobody")
        self.database = None

    def login(self):
        self.token = self.stack.login("administrator", PASSWORD)["accessToken"]

    def files(self):
        answer = self.stack.ask("GET", f"/database/{self.database}/assets/crane/listFiles", None, self.token)
        return {item["relativePath"] for item in answer.json()["items"]} if answer.status == 200 else set()

    def content(self, path):
        target = f"/database/{self.database}/assets/crane/download/stream{path.replace(' ', '%20')}"
        return self.stack.ask("GET", target, None, self.token).body.decode()

    def files_become_assets(self):
        self.stack.start()
        self.login()

        def there():
            assets = self.stack.call("GET", "/assets", None, self.token)["Items"]
            self.database = next((a["databaseId"] for a in assets if a["assetId"] == "crane"), None)
            return self.database and "/sub folder/a.glb" in self.files()

        within(there, "the asset of a folder")
        check(self.database.startswith("models-"), f"the database is called {self.database}")
        check(self.content("/sub folder/a.glb") == "first", "the file has another content")
        return self.database

    def changes_come_in(self):
        old(self.folder / "crane" / "sub folder" / "a.glb", "second")
        os.utime(self.folder / "crane" / "sub folder" / "a.glb", (time.time() - 30,) * 2)
        within(lambda: self.content("/sub folder/a.glb") == "second", "the new version of a changed file")
        info = self.stack.call("GET", f"/database/{self.database}/assets/crane/fileInfo?filePath=/sub%20folder/a.glb"
                                      "&includeVersions=true", None, self.token)
        check(len(info["versions"]) == 2, f"{len(info['versions'])} versions instead of two")
        (self.folder / "crane" / "sub folder" / "a.glb").unlink()
        within(lambda: "/sub folder/a.glb" not in self.files(), "archiving a file that was removed")

    def changes_go_out(self):
        path = f"/database/{self.database}/assets/crane"
        self.stack.call("POST", path + "/unarchiveFile", {"filePath": "/sub folder/a.glb"}, self.token)
        file = self.folder / "crane" / "sub folder" / "a.glb"
        within(lambda: file.exists() and file.read_text() == "second", "writing the file again")
        self.stack.call("POST", path + "/moveFile",
                        {"sourcePath": "/sub folder/a.glb", "destinationPath": "/b.glb"}, self.token)
        within(lambda: (self.folder / "crane" / "b.glb").exists() and not file.exists(), "moving the file")

    def not_mounted(self):
        self.stack.stop()
        kept = self.stack.folder / "kept"
        shutil.move(self.folder, kept)
        self.folder.mkdir()
        self.stack.start()
        self.login()
        within(lambda: "is the share mounted?" in self.stack.logs[-1].read_text(), "the warning")
        check(self.content("/b.glb") == "second", "the file is gone from the stack")
        self.folder.rmdir()
        shutil.move(kept, self.folder)
        old(self.folder / "crane" / "c.glb", "third")
        within(lambda: "/c.glb" in self.files(), "going on when the share is back")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True, type=pathlib.Path)
    share = Share(parser.parse_args().vams.resolve())
    with share.stack:
        return run_parts([("files become assets", share.files_become_assets), ("changes come in", share.changes_come_in),
                          ("changes go out", share.changes_go_out), ("a share that is not mounted", share.not_mounted)])


if __name__ == "__main__":
    sys.exit(main())
