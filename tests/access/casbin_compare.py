#!/usr/bin/env python3
"""Compares the permission engine with casbin and simpleeval, set up as upstream sets them up.

  casbin_compare.py --decide PROGRAM --fetch tools/fetch_python [--seed N] [--pairs N]

Random policies and requests, from which everything is left out that the engine decides otherwise on
purpose (regular expressions on tags, lists of values, and texts that upstream's policy text cannot
carry or rewrites); those are looked at one by one in DIVERGENT, with both answers.  Exit status 77
when the packages cannot be had.
"""

import argparse
import ast
import functools
import json
import logging
import os
import pathlib
import random
import re
import subprocess
import sys
import time
import types
import warnings

FIELDS = ["databaseId", "assetName", "assetType", "tagName", "tagTypeName", "roleName", "userId", "pipelineId", "pipelineType",
          "pipelineExecutionType", "workflowId", "metadataSchemaName", "metadataSchemaEntityType", "object__type", "route__path"]
TYPES = ["database", "asset", "api", "web", "tag", "tagType", "role", "userRole", "pipeline", "workflow", "metadataSchema"]
ACTIONS = ["GET", "PUT", "POST", "DELETE"]
TEXT_OPERATORS = ["equals", "contains", "does_not_contain", "starts_with", "ends_with", "is_one_of", "is_not_one_of"]

# What the policy language of upstream looks like to casbin (permissions.md section 1.1).
MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj_rule, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && eval(p.obj_rule) && r.act == p.act
"""

# Values of criteria; whatever upstream cannot carry is filtered out below.
WORDS = ["plant", "plant-a", "plant-b", "GLOBAL", "demo-", "Pump 7", "SEALED-", ".glb", "a", "ab", "é", "x_1", "/database", "/assets",
         "/search", "archiveAsset", "ops@plant.example", "final v2", "qa", "line-ops", "7", "Ω", ""]
PATTERNS = [".*", "plant-.", r"plant\-[ab]", "(plant|demo)-.*", r"\.glb", r"\.(glb|step)", "[A-Z]+-", "plant-a|plant-b", "a?b+", r"\w+",
            r"\d", r".*\d$", "^plant", "(?i:PLANT)-a", "(?:ab){1,2}", "a{2}", ".", r"\s", "[^/]+", "/database(/|$)", "(?=plant)p",
            r"Pump \d+", ".+@.+", r"[\w.-]+@plant\.example", "(a|b)*", "x|.*", "pl.*a", "[a-f]", "(?s:.*)b", r"\S+", "a*?b", "(?P<n>a)"]
SUFFIXES = ["", "", "", "", "x", "\n", "\nb", "-2", " ", "é", "/assets/7/archiveAsset"]
PREFIXES = ["", "", "", "", "x", "z\n", "/", "Ω"]
TAGS = ["frozen", "frozen-2024", "lock", "locked", "internal", "", "é", "a b"]


def transportable(value, in_and_list):
    """Whether upstream's policy text holds the value and casbin leaves it as it is (Q3 to Q5)."""
    if "'" in value or "\n" in value or value.endswith("\\") or "!" in value or "&&" in value or "||" in value:
        return False
    if in_and_list and "," in value:
        return False
    if re.search(r"\b[rp]\d*\.", value):
        return False
    # Escapes of Python's own text literals.
    if re.search(r"\\[\\abfnrtvxuUN0-7]", value):
        return False
    depth = []
    for c in value:
        if c in "([":
            depth.append(c)
        elif c in ")]":
            if not depth:
                return False
            depth.pop()
    return not depth


def random_criterion(rng, in_and):
    roll = rng.random()
    if roll < 0.12:
        return {"field": "tags", "operator": rng.choice(["is_one_of", "is_not_one_of"]), "value": rng.choice(TAGS)}
    if roll < 0.16:
        return {"field": rng.choice(["field", "assetId", "description"]), "operator": "equals", "value": "zz"}
    operator = rng.choice(TEXT_OPERATORS)
    while True:
        value = rng.choice(WORDS if rng.random() < 0.5 else PATTERNS)
        if rng.random() < 0.15:
            value = rng.choice(WORDS) + rng.choice(PATTERNS)
        listed = operator in ("is_one_of", "is_not_one_of")
        try:
            re.compile(value)
        except re.error:
            continue
        if transportable(value, in_and and listed):
            break
    field = rng.choice(FIELDS[:3] if rng.random() < 0.6 else FIELDS)
    return {"field": field, "operator": operator, "value": value}


def random_constraint(rng, number):
    both = rng.random()
    constraint = {"constraintId": f"k{number}", "objectType": rng.choice(TYPES[:3] if rng.random() < 0.7 else TYPES),
                  "criteriaAnd": [], "criteriaOr": [], "groupPermissions": [], "userPermissions": []}
    if both < 0.7:
        constraint["criteriaAnd"] = [random_criterion(rng, True) for _ in range(rng.randint(1, 3))]
    if both > 0.5:
        constraint["criteriaOr"] = [random_criterion(rng, False) for _ in range(rng.randint(1, 3))]
    deny = rng.random() < 0.25
    for action in rng.sample(ACTIONS, rng.randint(1, 2)):
        kind = "deny" if deny or rng.random() < 0.05 else "allow"
        entry = {"permission": action, "permissionType": kind}
        if rng.random() < 0.85:
            constraint["groupPermissions"].append({"groupId": rng.choice(["ops", "ops", "qa", "other"]), **entry})
        else:
            constraint["userPermissions"].append({"userId": rng.choice(["lee", "kim"]), **entry})
    return constraint


def random_request(rng, constraints):
    target = rng.choice(constraints)
    fields = {}
    for criterion in target["criteriaAnd"] + target["criteriaOr"]:
        name = criterion["field"]
        if name in FIELDS and name != "object__type" and rng.random() < 0.8:
            core = criterion["value"] if rng.random() < 0.5 else rng.choice(WORDS)
            fields[name] = rng.choice(PREFIXES) + core.replace("\\", "").replace(".*", "q") + rng.choice(SUFFIXES)
    for name in rng.sample(FIELDS[:13], 2):
        fields.setdefault(name, rng.choice(WORDS))
    if rng.random() < 0.5:
        fields["tags"] = rng.sample(TAGS, rng.randint(0, 3))
    kind = target["objectType"] if rng.random() < 0.9 else rng.choice(TYPES)
    permissions = target["groupPermissions"] + target["userPermissions"]
    action = rng.choice(permissions)["permission"] if rng.random() < 0.8 else rng.choice(ACTIONS)
    return [kind, fields, action]


def test_of(criterion):
    """The text of one criterion in upstream's policy; nothing for an unknown field."""
    field, operator, value = criterion["field"], criterion["operator"], criterion["value"]
    if field != "tags" and field not in FIELDS:
        return None
    if operator in ("is_one_of", "is_not_one_of"):
        return ("!" if operator == "is_not_one_of" else "") + f"'{value}' in r.obj.{field}"
    pattern = {"equals": f"^{value}$", "contains": f".*{value}.*", "does_not_contain": f".*{value}.*",
               "starts_with": f"^{value}.*", "ends_with": f".*{value}$"}[operator]
    call = f"regexMatch(r.obj.{field}, '{pattern}')"
    return f"!({call})" if operator == "does_not_contain" else call


def policy_text(user, roles, constraints):
    lines = [f"g, user::{user}, 'role::{role}'" for role in roles]
    for constraint in constraints:
        kind = f"regexMatch(r.obj.object__type, '^{constraint['objectType']}$')"
        all_of = [t for t in map(test_of, constraint["criteriaAnd"]) if t is not None]
        any_of = [t for t in map(test_of, constraint["criteriaOr"]) if t is not None]
        rules = ([f"{kind} && " + " && ".join(all_of)] if all_of else []) + \
            ([f"{kind} && (" + " || ".join(any_of) + ")"] if any_of else [])
        subjects = [(f"'role::{p['groupId']}'", p) for p in constraint["groupPermissions"]] + \
            [(f"user::{p['userId']}", p) for p in constraint["userPermissions"]]
        lines += [f"p, {who}, {rule}, {p['permission']}, {p['permissionType']}" for who, p in subjects for rule in rules]
    return "\n".join(lines)


class Reference:
    """casbin with one policy."""

    def __init__(self, casbin, user, roles, constraints):
        self.user = f"user::{user}"
        self.enforcer = None
        try:
            model = casbin.model.Model()
            model.load_model_from_text(MODEL)
            adapter = casbin.persist.adapters.string_adapter.StringAdapter(policy_text(user, roles, constraints))
            self.enforcer = casbin.FastEnforcer(model=model, adapter=adapter, enable_log=False)
        except Exception:  # upstream then denies everything
            pass

    def allows(self, request):
        kind, fields, action = request
        view = {**{name: "" for name in FIELDS}, "tags": [], "object__type": kind, **fields}
        try:
            return self.enforcer is not None and self.enforcer.enforce(self.user, view, action)
        except Exception:  # upstream denies a request that fails
            return False


def one(field, operator, value, kind="allow"):
    return {"constraintId": f"{field} {operator}", "objectType": "asset", "userPermissions": [],
            "criteriaAnd": [{"field": field, "operator": operator, "value": value}], "criteriaOr": [],
            "groupPermissions": [{"groupId": "ops", "permission": "GET", "permissionType": kind}]}


ALL = one("databaseId", "contains", ".*")
# Constraints, fields of an asset to GET, upstream's answer, ours.
DIVERGENT = [
    ([one("databaseId", "is_one_of", ["plant-a", "plant-b"])], {"databaseId": "plant-a"}, False, True),
    ([ALL, one("databaseId", "is_one_of", ["plant-a"])], {"databaseId": "zz"}, False, True),
    ([one("tags", "contains", "lock")], {"tags": ["locked"]}, False, True),
    ([ALL, one("tags", "contains", "lock", "deny")], {"tags": []}, False, True),
    ([ALL, one("tags", "contains", "lock", "deny")], {"tags": ["locked"]}, False, False),
    ([one("tags", "does_not_contain", "lock")], {"tags": []}, False, True),
    ([one("assetName", "contains", r"\(")], {"assetName": "a(b"}, False, True),
    ([ALL, one("assetName", "contains", r"\(")], {"assetName": "zz"}, False, True),
    ([one("assetName", "equals", "it's")], {"assetName": "it's"}, False, True),
    ([one("assetName", "contains", "wow!")], {"assetName": "wow!"}, False, True),
    ([one("assetName", "contains", "wow!")], {"assetName": "wownot"}, True, False),
    ([one("assetName", "equals", "r.x")], {"assetName": "r.x"}, False, True),
    ([one("assetName", "equals", "r.x")], {"assetName": "r_x"}, True, True),
    ([one("assetName", "contains", r"\bfoo\b")], {"assetName": "a foo b"}, False, True),
    ([one("databaseId", "is_one_of", "a,b")], {"databaseId": "a,b"}, False, True),
    ([one("assetName", "equals", "a\nb")], {"assetName": "a\nb"}, False, True),
    # A value that leaves its literal in upstream's policy text and so allows everything.
    ([one("assetName", "equals", "x') or regexMatch('a', 'a")], {"assetName": "zz"}, True, False),
]


def load_casbin(fetch):
    """casbin from the cache; starts over with the cache's Python."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "vams" / "python"
    if pathlib.Path(sys.prefix).resolve() != cache.resolve():
        status = subprocess.run([fetch], stdin=subprocess.DEVNULL).returncode
        if status != 0:
            sys.exit(status)
        python = str(cache / "bin" / "python3")
        os.execv(python, [python, *sys.argv])
    import casbin
    import casbin.persist.adapters.string_adapter
    # casbin parses the same rule texts for every request; the answers do not depend on that.
    casbin.util.expression.ast = types.SimpleNamespace(parse=functools.lru_cache(maxsize=4096)(ast.parse))
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    return casbin


def questions(options):
    rng = random.Random(options.seed)
    made, each = [], 60
    for _ in range(-(-options.pairs // each)):
        constraints = [random_constraint(rng, n) for n in range(rng.randint(1, 4))]
        made.append({"user": "lee", "roles": rng.choice([["ops"]] * 5 + [["ops", "qa"]] * 5 + [["qa"], []]), "constraints": constraints,
                     "requests": [random_request(rng, constraints) for _ in range(each)]})
    for constraints, fields, _, _ in DIVERGENT:
        made.append({"user": "lee", "roles": ["ops"], "constraints": constraints, "requests": [["asset", fields, "GET"]]})
    return made


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--decide", required=True)
    parser.add_argument("--fetch", required=True)
    parser.add_argument("--seed", type=int, default=20250612)
    parser.add_argument("--pairs", type=int, default=100_000)
    options = parser.parse_args()
    casbin = load_casbin(options.fetch)
    start = time.monotonic()
    asked = questions(options)
    lines = "".join(json.dumps(q) + "\n" for q in asked)
    done = subprocess.run([options.decide], input=lines, capture_output=True, text=True, encoding="utf-8")
    answers = done.stdout.splitlines()
    if done.returncode != 0 or len(answers) != len(asked):
        sys.exit(f"casbin_compare: the program failed with status {done.returncode}: {done.stderr[-2000:]}")
    problems, pairs, tally = [], 0, {}
    for question, answer in zip(asked[:-len(DIVERGENT)], answers):
        reference = Reference(casbin, question["user"], question["roles"], question["constraints"])
        for request, letter in zip(question["requests"], answer):
            pairs += 1
            tally[letter] = tally.get(letter, 0) + 1
            if reference.allows(request) != (letter == "A"):
                problems.append(f"ours {letter}: {json.dumps(request)} with roles {question['roles']} under "
                                f"{json.dumps(question['constraints'])}")
    for (constraints, fields, theirs, ours), answer in zip(DIVERGENT, answers[-len(DIVERGENT):]):
        reference = Reference(casbin, "lee", ["ops"], constraints)
        if reference.allows(["asset", fields, "GET"]) != theirs or (answer == "A") != ours:
            problems.append(f"not as documented, ours {answer}: {json.dumps(fields)} under {json.dumps(constraints)}")
    for problem in problems[:10]:
        print(problem)
    # A comparison of denials alone would prove little.
    if min(tally.get("A", 0), tally.get("D", 0), tally.get("N", 0)) < pairs // 50:
        problems.append("too few answers of one kind")
        print(problems[-1])
    print(f"casbin_compare: seed {options.seed}: {pairs} pairs {tally}, {len(DIVERGENT)} divergent cases, "
          f"{len(problems)} differences, {time.monotonic() - start:.0f} s")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
