#!/usr/bin/env python3
"""Compares the patterns of criteria with Python's `re`, whose dialect they are written in.

  regex_compare.py --decide PROGRAM [--seed N] [--count N]

Patterns of every construct, mistakes of every kind and random ones: what `re.compile` refuses must be
refused, what it takes must be taken (but for the exceptions named below), and every operator must
give what the regular expression of upstream gives.  Standard library only.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import warnings

# Operator bits and the expression that upstream makes of a value.
FORMS = [(1, "^{}$"), (2, ".*{}.*"), (4, "^{}.*"), (8, ".*{}$")]

GOOD = r"""
a a.c a\.c (a|b)c (?:ab)+ a* a+? a?? a{2} a{2,} a{,2} a{1,2}? a{2}+ a*+ a++ (?>a|ab)c [abc] [^abc] a|b aa|bb a|b|
[a-c] []a] [^]a] [a-] [-a] [\w-] [\d.] [\W] [^\W] [^\Wa] [\Da] [^\S] [\s\S] \d \D \w \W \s \S \bfoo\b |a (|a)|b
\B a\B \Aab ab\Z ^a a$ ^ $ (?=a) (?!a) (?<=a)b (?<!a)b (?<=ab|cd)e (?P<n>a)(?P=n) (a)(?(1)b|c)
(a)?(?(1)b) (?P<n>a)?(?(n)b|c) (a)\1 (a) (b) (?#comment)a a(?#c)* (?i:Ab)c (?-i:Ab) (?(1)a|b)(c)
(?s:a.)c (?m:^b) (?m:a$) (?x:a*)b (?a:\w)\w (?u:\w) (?i)Ab (?i)(?-i:A)b (?s)a.c (?m)^b (?m)a$ (?a)\w (?u)\w (?im)a
a{ a{} a{x} a{1 a{1, a{1,x} { {x a{,} } ] a] \x41 \u0041 \U00000041 \0 \01 \101 \012 [\0] [\101] [\x41-\x43] {a}
\a \f \n \r \t \v \\ [\b] [\\] \. \- \/ \" \' \! \@ \_ [\-] [\]] [\^] [a\-z] [.*+?] [(|)] \é é [é-ü] \d{2,3}
(?:) () ()* (?:)* (?=a)* (?!) (a|) a||b (?:a|b|)* ((a)(b))\3 (a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\10 (?!)* (?<!a)*b
[\w\d\s] [^\w\d] (?:[\W\d])+ \w+@\w+\.\w+ .* .+ .? .*a.* (.*)a\1 [[] [a[] [&&] [~~] [a-]b [:alpha:] a.*?c .*\n.*
[[:alpha:]] (?P<é>a) (?<=(?:a|b))c (?<=a{2})b (?<!^)a (?<=\b)a (?i)é (?i)ß \Z a\Z (a)(?<=\1)b (?<=)a x{0}a (?:a*)*b
""".split() + [r"\ ", "(?x)a b # c", "(?x: a b )c", r"(?x)a\ b", "(?x)[ a]b", "(?x) a *", "a b", "(?x)a#c\n|b", "(?x: (?-x: )a)"]

BAD = r"""
( ) a) (a (?:a [a [ [a-\] [z-a] [\w-a] [a-\w] * + ? {2} a** a+* a{2}{3} a?+? a*** |* (*) (?:*) ^* $+ \b* \
a\ \q \y \G \h \H \R \K \Q \E \X \C \N \L \p{L} \P{L} \x4 \x{41} \u004 \U0011ffff \8 \1 (a)\2 \400 [\8] [\400]
[\q] [\A] [\Z] [\B] [\x4] (?P<1a>b) (?P<>a) (?P<a (?P<a>b)(?P<a>c) (?P=x) (?P>x) (?Px) (?<n>a) (?'n'a) (?|a) (?R) (?1)
(?&n) (?+1) (?C) (?C1) (*ACCEPT) (*UTF)a (*COMMIT) (?# (?#a (? (?< (?<a (?= (?! (?<=a (?<=a*) (?<=a|bc) (?<!a+)
(?<=(a)\1) (\1) (?P<n>(?P=n)) (?(1)a|b) (?(0)a) (?(2)a)(b) (?(n)a) (?(1 (a)(?(1)b|c|d) (?(x)a) (?i a(?i)b (?i-)a (?-i)a
(?L)a (?L:a) (?au)a (?a)(?u)b (?-a:b) (?i-i:a) (?-:a) (?) (?z) (?z:a) (?^:a) (?i^:a) a{3,2} a{2}* (?:a*)?* a{1}{2}
x*+* (?>a (?>*) [a-\d] [z--] (?x:a#) \g{1} \g1 \k<n> \k{n} \o{12} \c \cA (?=*) (?P (?P= (?P=)a (?P<n>a)(?P=n
""".split()

# What Python takes and the engine does not; told in the header of the translation.
REPEATED_IN_LOOK_BEHIND = re.compile(r"\(\?<[=!].*\)[*+?{]")
EXCEPTIONS = [r"\N{DIGIT ONE}", r"\ud800", "a{70000}", "(" * 300 + ")" * 300]

TEXTS = ["", "\n", "a", "b", "c", "ab", "abc", "a.c", "aa", "aaa", "aab", "abab", "bb", "foo", "a foo b", "afoob", "Ab", "AB",
         "aB", "abc\n", "a\n", "a\nb", "\na", "a\nc", "b\na\n", "a b", "a-b", "a/b", "1", "12", "a1", "é", "É", "ü", "ß",
         "Ω1", "_", ".", "]", "[a", "{", "a{", "a{}", "a{x}", "a{1", "a{1,", "a{1,x}", "}", "\\", "\x07", "\x0c", "\t", "\x00",
         "A", "B", "abcdefghijj", "abcde", "x@y.z", "aae", "abe", "cde", "ac", "bc", "\x1c", "\u2028", "\xa0", "a\\b", "'", '"',
         "wow!", "a|b", "&&", "\u0661", "\u00b2", "\u4e00", "\U0001d7ce", "\U0001f600", "e\u0301", "a\r\n", "\u2160", "*"]

PIECES = ["a", "b", "c", ".", "-", "1", "é", " ", r"\.", r"\d", r"\w", r"\s", r"\W", r"\D", r"\S", r"\b", r"\B", "[ab]", "[^a]",
          "[a-c1]", r"[\W\d]", r"[^\w-]", "^", "$", r"\Z", r"\A", "(?=a)", "(?!b)", "(?<=a)", "(?<!b)", r"\n", r"\x61", "|"]
REPEATS = ["*", "+", "?", "{2}", "{,2}", "{1,3}", "*?", "+?", "??", "*+", "{2,1}", "{"]


def random_pattern(rng, depth=0):
    out = []
    for _ in range(rng.randint(1, 4)):
        roll = rng.random()
        if roll < 0.2 and depth < 3:
            opener = rng.choice(["(", "(?:", "(?i:", "(?s:", "(?m:", "(?>", "(?=", "(?!", "(?<=", "(?P<g%d>" % rng.randint(0, 3)])
            out.append(opener + random_pattern(rng, depth + 1) + (")" if rng.random() < 0.97 else ""))
        elif roll < 0.25:
            out.append(rng.choice([r"\1", r"\2", "(?P=g0)", "(?(1)a|b)"]))
        elif roll < 0.27:
            out.append(rng.choice(["(", ")", "[", "]", "\\", "?", "*", "(?i)"]))
        else:
            out.append(rng.choice(PIECES))
        if rng.random() < 0.3:
            out.append(rng.choice(REPEATS))
    return "".join(out)


def expected(pattern):
    """None if Python refuses the pattern, else the answer for TEXTS; "?" where upstream's composed
    expression does not compile although the value does (flags of the whole value)."""
    try:
        re.compile(pattern)
    except (re.error, ValueError, OverflowError, RecursionError):
        return None
    digits = [0] * len(TEXTS)
    for bit, form in FORMS:
        try:
            composed = re.compile(form.replace("{}", pattern))
        except re.error:
            return "?" * len(TEXTS)
        for i, text in enumerate(TEXTS):
            if composed.match(text):
                digits[i] |= bit
    return "".join("%x" % d for d in digits)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--decide", required=True)
    parser.add_argument("--seed", type=int, default=20250611)
    parser.add_argument("--count", type=int, default=20000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = random.Random(options.seed)
    patterns = GOOD + BAD + EXCEPTIONS + [random_pattern(rng) for _ in range(options.count)]
    lines = "".join(json.dumps({"pattern": p, "texts": TEXTS}) + "\n" for p in patterns)
    done = subprocess.run([options.decide], input=lines, capture_output=True, text=True, encoding="utf-8")
    answers = done.stdout.splitlines()
    if done.returncode != 0 or len(answers) != len(patterns):
        sys.exit(f"regex_compare: the program failed with status {done.returncode}: {done.stderr[-2000:]}")
    problems, taken, refused, matches, known, exhausted = [], 0, 0, 0, 0, 0
    for pattern, answer in zip(patterns, answers):
        wanted = expected(pattern)
        if pattern in EXCEPTIONS:
            if answer != "!":
                problems.append(f"{pattern[:40]!r}: documented as refused, but taken")
        elif wanted is None:
            refused += 1
            if answer != "!":
                problems.append(f"{pattern!r}: Python refuses it, the engine takes it")
        elif answer == "!" and REPEATED_IN_LOOK_BEHIND.search(pattern):
            known += 1
        elif answer == "!":
            problems.append(f"{pattern!r}: Python takes it, the engine refuses it")
        else:
            taken += 1
            for text, got, want in zip(TEXTS, answer, wanted):
                matches += 1
                if got == "F":
                    exhausted += 1
                elif want != "?" and got != want:
                    problems.append(f"{pattern!r} on {text!r}: bits {got}, Python {want}")
                    break
    # Python has no step limit; on texts as short as these only nested repeats reach the engine's.
    if exhausted > matches / 10000 or known > taken / 1000:
        problems.append(f"{exhausted} matches gave up and {known} patterns were refused")
    for problem in problems[:40]:
        print(problem)
    for pattern in GOOD + BAD:
        if (expected(pattern) is None) != (pattern in BAD):
            problems.append(f"{pattern!r} stands in the wrong list")
            print(problems[-1])
    print(f"regex_compare: seed {options.seed}: {taken} patterns taken, {refused} refused, {matches} texts matched, "
          f"{exhausted} gave up, {known} known refusals, {len(problems)} differences")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
