#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Judges the policies of this folder and of examples/ by docs/policy.schema.json.

The schema must accept the good ones and refuse the bad ones, as the reader does (the unit test
PolicyCorpus holds the reader to the same files). A bad file with the line "# schema: cannot know"
is wrong in a way that no schema can see: that one must be accepted.
"""
import json
import pathlib
import re
import sys

import jsonschema
import yaml


class CoreLoader(yaml.SafeLoader):
    """YAML with the types of the core schema (YAML 1.2, 10.3), as editors read it."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern in (
    ("null", r"^(|~|null|Null|NULL)$"),
    ("bool", r"^(true|True|TRUE|false|False|FALSE)$"),
    ("int", r"^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"),
    ("float", r"^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$"),
):
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), None)


def accepts(validator, path):
    try:
        documents = list(yaml.load_all(path.read_text(), CoreLoader))
        return validator.is_valid(documents[0] if documents else None)
    except (yaml.YAMLError, ValueError, TypeError):
        return False


def main():
    root = pathlib.Path(__file__).resolve().parents[3]
    schema = json.loads((root / "docs/policy.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    corpus = root / "tests/support/policies"
    good = sorted(corpus.glob("good/*.yaml")) + sorted(root.glob("examples/policies/*.yaml"))
    bad = sorted(corpus.glob("bad/*.yaml"))
    wrong = 0
    for path in good + bad:
        expected = path not in bad or "\n# schema: cannot know\n" in path.read_text()
        if accepts(validator, path) != expected:
            wrong += 1
            print(f"{path.relative_to(root)}: the schema {'refuses' if expected else 'accepts'} it")
    print(f"{len(good)} good and {len(bad)} bad policies, {wrong} disagreements")
    return 1 if wrong or not good or not bad else 0


sys.exit(main())
