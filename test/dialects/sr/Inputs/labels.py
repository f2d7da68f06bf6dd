"""Compares the labels of rules: in the specification, at the lines of the verifiers, in the tests.

usage: labels.py SPEC.md SOURCE-DIRECTORY TEST.mlir...
"""
import glob
import os
import re
import sys

LABEL = r"[a-z][a-z0-9_]*_c\d+"


def read(path):
    return open(path, encoding="utf-8").read()


rules = re.findall(rf"^\| ({LABEL}) \|", read(sys.argv[1]), re.M)
checks = []
for path in glob.glob(os.path.join(sys.argv[2], "*.cpp")):
    for comment in re.findall(r"//(.*)", read(path)):
        checks += re.findall(LABEL, comment)
tests = [label for path in sys.argv[3:] for label in re.findall(rf"@({LABEL})\b", read(path))]

good = len(rules) == len(set(rules))
for name, others in (("verifier", checks), ("test", tests)):
    for label in sorted(set(rules) ^ set(others)):
        print(f"{label}: " + (f"no {name}" if label in rules else f"not a rule, but of a {name}"))
        good = False
print(f"{len(rules)} rules agree" if good else "the rules disagree")
sys.exit(not good)
