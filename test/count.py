"""count.py LIT.json CTEST.xml: prints 'N passed, N failed, N skipped' over both reports, exit code 1 if a test failed,
none passed, or a report is missing. Before it, one line per failure, and one per reason why tests were skipped."""
import collections
import json
import sys
import xml.etree.ElementTree as ElementTree


def lit_results(path):
    """(name, result, reason) of each test in lit's JSON report."""
    for test in json.load(open(path))["tests"]:
        code = test["code"]
        output = test.get("output", "")
        result = "passed" if code in ("PASS", "FLAKYPASS", "XFAIL") else \
            "skipped" if code in ("UNSUPPORTED", "SKIPPED", "EXCLUDED") else "failed"
        yield test["name"], result, output.strip().splitlines()[-1] if output.strip() else code.lower()


def ctest_results(path):
    """(name, result, reason) of each test in ctest's JUnit report."""
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        skipped = case.find("skipped")
        status = case.get("status")
        result = "skipped" if skipped is not None or status in ("disabled",) else \
            "passed" if status == "run" else "failed"
        yield case.get("name"), result, skipped.get("message", "") if skipped is not None else status


def main():
    counts = collections.Counter()
    reasons = collections.Counter()
    for read, path in zip((lit_results, ctest_results), sys.argv[1:]):
        try:
            for name, result, reason in read(path):
                counts[result] += 1
                if result == "failed":
                    print(f"failed: {name}")
                elif result == "skipped":
                    reasons[reason] += 1
        except (OSError, ValueError, KeyError, ElementTree.ParseError) as error:
            print(f"failed: no report of a test run: {error}")
            counts["failed"] += 1
    for reason, number in sorted(reasons.items()):
        print(f"skipped {number}: {reason}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(counts["failed"] != 0 or counts["passed"] == 0)


main()
