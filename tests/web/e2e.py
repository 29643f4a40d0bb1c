#!/usr/bin/env python3
"""The web application of the built program in a browser, with the demonstration library (web/e2e/run.mjs).  Pictures of
its pages are kept in the folder OUT.

  e2e.py --vams BINARY --web FOLDER --out OUT [--only GROUPS]

GROUPS: only these groups of steps, of web/e2e/run.mjs; a group may need what the ones before it have made.

Exit status: 0 all as expected, 1 not.
"""

import argparse
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "servers"))
from served import ADMIN, Stack  # noqa: E402

PASSWORD = "Correct-Horse-7"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    parser.add_argument("--web", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    with Stack(options.vams, password=PASSWORD) as stack:
        stack.start("--demo")
        return subprocess.run(
            ["node", "e2e/run.mjs", "--url", f"http://127.0.0.1:{stack.port}", "--user", ADMIN, "--password", PASSWORD,
             "--out", options.out.absolute(), "--only", options.only],
            cwd=options.web, stdin=subprocess.DEVNULL, timeout=3400, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
