#!/bin/bash
# run.sh BUILD JOBS: runs the lit and the ctest tests of a build and ends with one line that counts both.
# Exit code 0 only if tests ran and none failed.
set -u
build=$1
jobs=$2
reports=$build/test/reports
beside=$(realpath -m "$(dirname "$0")/../../shared")
[ -n "${SRCC_DATA:-}" ] || [ ! -d "$beside/data" ] || export SRCC_DATA=$beside/data
[ -n "${SRCC_TOOLS:-}" ] || [ ! -d "$beside/tools" ] || export SRCC_TOOLS=$beside/tools
rm -rf "$reports"
mkdir -p "$reports"
"$(awk -F= '/^SRCC_LIT:/{print $2}' "$build/CMakeCache.txt")" -sv -j "$jobs" --timeout 1500 -o "$reports/lit.json" \
  "$build/test" </dev/null
lit=$?
ctest --test-dir "$build" -E '^lit$' -j "$jobs" --output-on-failure --no-tests=ignore \
  --output-junit "$(realpath "$reports")/ctest.xml" </dev/null >"$reports/ctest.log" 2>&1
ctest=$?
[ $ctest = 0 ] || cat "$reports/ctest.log"
/usr/bin/env python3 "$(dirname "$0")/count.py" "$reports/lit.json" "$reports/ctest.xml"
count=$?
[ $lit = 0 ] && [ $ctest = 0 ] && [ $count = 0 ]
