#!/usr/bin/env python3
"""Tests of run.py with a fake vams: that it accepts what it should, and above all that it does not
accept anything else.  A runner that passes too easily would make every script of this folder
worthless without anybody noticing."""

import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest

RUNNER = pathlib.Path(__file__).resolve().parent / "run.py"

FAKE = """\
    #!/usr/bin/env python3
    import os, signal, sys, time
    word, *rest = sys.argv[1:]
    if word == "say":
        print(*rest, sep="\\n")
    elif word == "warn":
        print(*rest, file=sys.stderr)
    elif word == "fail":
        sys.exit(int(rest[0]))
    elif word == "home":
        print(os.environ["VAMS_HOME"], len(os.listdir(os.environ["VAMS_HOME"])))
    elif word == "serve":
        stubborn = "stubborn" in rest
        broken = "broken" in rest
        signal.signal(signal.SIGTERM, lambda *_: None if stubborn else sys.exit(7 if broken else 0))
        print("starting", flush=True)
        print("listening on 127.0.0.1:" + os.environ["PORT"], flush=True)
        print("a later line", flush=True)
        while True:
            time.sleep(60)
    """


class RunnerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="vams-run-test-")
        self.addCleanup(self.folder.cleanup)
        self.top = pathlib.Path(self.folder.name)
        (self.top / "Makefile").touch()
        self.vams = self.top / "fake"
        self.vams.write_text(textwrap.dedent(FAKE))
        self.vams.chmod(0o755)

    def run_script(self, text, options=(), name="case.cli", env=None):
        self.script = self.top / name
        self.script.write_text(textwrap.dedent(text))
        return subprocess.run(
            [sys.executable, RUNNER, "--vams", self.vams, "--timeout", "20", *options, self.script],
            capture_output=True, text=True, env=env)

    def accepts(self, text, **more):
        result = self.run_script(text, **more)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def refuses(self, text, *messages, **more):
        result = self.run_script(text, **more)
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        for message in messages:
            self.assertIn(message, result.stdout)

    def test_compares_both_streams_and_the_status(self):
        self.accepts("""\
            ## a comment
            $ vams say one two
            one
            two

            $ vams warn careful
            ! careful
            $ vams fail 4
            ? 4
            """)

    def test_refuses_a_line_that_differs(self):
        self.refuses("$ vams say one two\none\nthree\n",
                     ":1: $ vams say one two", "  - three", "  + two")

    def test_refuses_a_missing_or_further_line(self):
        self.refuses("$ vams say one\none\ntwo\n", "  - two")
        self.refuses("$ vams say one two\none\n", "  + two")
        self.refuses("$ vams say one\n", "  + one")

    def test_refuses_text_on_the_other_stream(self):
        self.refuses("$ vams warn careful\ncareful\n",
                     "standard output differs", "standard error differs")
        self.refuses("$ vams warn careful\n", "standard error differs")

    def test_refuses_another_exit_status(self):
        self.refuses("$ vams fail 3\n", "exit status 3, expected 0")
        self.refuses("$ vams fail 3\n? 4\n", "exit status 3, expected 4")
        self.refuses("$ vams say\n\n? 4\n", "exit status 0, expected 4")

    def test_wildcards_stand_for_text_and_lines_only_where_written(self):
        self.accepts("$ vams say 'took 12 ms' a b c\ntook [..] ms\n...\nc\n")
        self.accepts("$ vams say a\n...\na\n...\n")
        self.refuses("$ vams say 'took 12 s'\ntook [..] ms\n")
        self.refuses("$ vams say a b d\na\n...\nc\n", "  - c")
        self.refuses("$ vams say axb\na.b\n")

    def test_a_backslash_takes_the_meaning_from_a_mark(self):
        self.accepts("$ vams say '$ vams' ... '! x' '? 1'\n\\$ vams\n\\...\n\\! x\n\\? 1\n")
        self.refuses("$ vams say other\n\\...\n")

    def test_the_shell_lives_for_the_whole_script(self):
        self.accepts("""\
            $ name=$(vams say pump)
            $ printf '%s\\n' \\
            >   "$name" | tr a-z A-Z
            PUMP
            $ vams fail 5
            ? 5
            $ echo $?
            5
            """)

    def test_names_are_filled_into_expected_lines(self):
        self.accepts("$ vams home\n$VAMS_HOME 0\n$ echo ${PORT}0\n${PORT}0\n$ pwd\n$WORK\n")

    def test_a_background_command_is_awaited_and_ended(self):
        self.accepts("""\
            $ vams serve &
            starting
            listening on 127.0.0.1:$PORT
            $ vams say after
            after
            """)

    def test_refuses_a_background_command_that_never_says_it(self):
        self.refuses("$ vams fail 1 &\nlistening\n", "  - listening", "ended with status 1")

    def test_refuses_a_background_command_that_ends_badly(self):
        self.refuses("$ vams serve broken &\nstarting\n", "ended with status 7")
        self.refuses("$ vams serve stubborn &\nstarting\n...\na later line\n", "did not end within",
                     options=("--timeout", "2"))

    def test_a_script_may_end_its_background_command_itself(self):
        self.accepts("$ vams serve &\n...\na later line\n$ kill $!; wait $!\n")

    def test_a_command_that_hangs_or_exits_the_shell_is_a_failure(self):
        self.refuses("$ sleep 30\n", "no end after", options=("--timeout", "1"))
        self.refuses("$ exit 0\n$ vams say one\none\n", "the shell has ended")

    def test_skips_without_a_required_variable(self):
        text = "## requires VAMS_FIXTURES\n$ vams say $VAMS_FIXTURES\n/there\n"
        env = {"PATH": "/usr/bin:/bin"}
        self.assertEqual(self.run_script(text, env=env).returncode, 77)
        self.accepts(text, env=env | {"VAMS_FIXTURES": "/there"})

    def test_refuses_a_file_without_commands(self):
        self.assertEqual(self.run_script("one\n").returncode, 2)
        self.assertEqual(self.run_script("## nothing\n").returncode, 2)

    def test_runs_the_console_blocks_of_a_document(self):
        document = textwrap.dedent("""\
            # Title
            <!-- tour: 127.0.0.1:8080 = 127.0.0.1:$PORT -->
            ```sh
            $ vams fail 9
            ```
            ```console
            # Start it:
            $ build/vams serve &
            starting
            listening on 127.0.0.1:8080
            $ vams warn 'both streams are one'; ls Makefile
            both streams are one
            Makefile
            ```
            Text in between.
            ```console
            $ vams fail 4
            $ echo $?
            4
            ```
            """)
        self.accepts(document, name="README.md")
        self.refuses(document.replace("echo $?", "echo 4"), "exit status 4", name="README.md")
        self.refuses(document.replace("Makefile\n```", "Other\n```"), "  - Other", name="README.md")
        self.refuses(document.replace("are one\nM", "are two\nM"),
                     "  + both streams are one", name="README.md")

    def test_update_writes_what_was_printed_and_keeps_patterns(self):
        result = self.run_script("""\
            ## kept
            $ vams say 'took 3 ms' "at $PORT" '$ x' end
            took [..] ms
            gone
            $ vams warn w; vams fail 2

            $ vams serve &
            starting
            """, options=("--update",))

        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(self.script.read_text(), textwrap.dedent("""\
            ## kept
            $ vams say 'took 3 ms' "at $PORT" '$ x' end
            took [..] ms
            at $PORT
            \\$ x
            end
            $ vams warn w; vams fail 2
            ! w
            ? 2

            $ vams serve &
            starting
            """))


if __name__ == "__main__":
    unittest.main()
