"""How well our estimates of instructions and registers rank kernels, against phones' compilers.

static.py [NETWORK...]
(.onnx, .mlir, .mlirbc; without: the ONNX files of SRCC_DATA, else the demo network)

Runs srcc --static-report on all networks and on profile kits, for each target, and judges all
kernels of a compiler together. SRCC_MOBILE_CLC names the script of the phones' compilers
(docs/cost.md); without it there is nothing to do. Compilers that tell no count of registers, but
whether more than 32 are used, are judged by whether we say the same.
Exit code: 1 if a network could not be compiled.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import argparse
import os
import pathlib
import re
import shlex
import sys

from common import Failed, cell, markdown, networks, plain, program, progress, publish, run
from cost import spearman

FULL = 32  # registers that leave a Mali its full occupancy
ROW = re.compile(
    r"(?P<kernel>\S+) +(?P<compiler>\S+) +(?P<code>\d+) +(?P<registers>-?\d+) +(?P<group>-?\d+) +"
    r"(?P<private>-?\d+) +(?P<spills>-?\d+) \| +(?P<our_code>\d+) +(?P<our_registers>\d+)$"
)


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", metavar="NETWORK")
    parser.add_argument(
        "--nets", default="", metavar="REGEX", help="only networks whose names it finds"
    )
    parser.add_argument("--targets", default="adreno650,mali-g77")
    parser.add_argument(
        "--kits", type=int, default=4, help="profile kits beside the networks (default 4)"
    )
    parser.add_argument(
        "--markdown",
        type=pathlib.Path,
        help="write the table between <!-- static --> and <!-- /static -->",
    )
    return parser.parse_args()


def kernels_of(target, contenders):
    """compiler -> rows of numbers; a kernel is counted once for each network it is in."""
    result = {}
    for name, source in contenders.items():
        progress(f"{target}: {name}")
        said = run(program("srcc"), "--static-report", *source, f"--target={target}")
        rows = [match.groupdict() for match in map(ROW.match, said.splitlines()) if match]
        if not rows:
            raise Failed(f"{name}: no kernels in the report: {said.strip()[:200]}")
        for row in rows:
            numbers = {
                key: float(value) for key, value in row.items() if key not in ("kernel", "compiler")
            }
            result.setdefault(row["compiler"], []).append(numbers)
    return result


def judged(compiler, rows):
    """A line of the table."""
    code = spearman([(r["our_code"], r["code"]) for r in rows])
    if {r["registers"] for r in rows} <= {FULL, 2 * FULL}:
        same = sum((r["our_registers"] > FULL) == (r["registers"] > FULL) for r in rows) / len(rows)
        registers = f"{same:.0%} on the same side of {FULL}"
    else:
        registers = cell(spearman([(r["our_registers"], r["registers"]) for r in rows]), ".3f")
    spilled = sum(r["private"] > 0 or r["spills"] > 0 for r in rows)
    return [compiler, str(len(rows)), cell(code, ".3f"), registers, str(spilled)]


def main():
    options = arguments()
    if not os.environ.get("SRCC_MOBILE_CLC"):
        print("skipped: SRCC_MOBILE_CLC does not name the phones' compilers")
        return
    contenders = {name: [file] for name, file in networks(options.nets, options.files).items()}
    contenders |= {f"profile kit {n}": [f"--profile-kit={n}"] for n in range(options.kits)}
    header = ["compiler", "kernels", "instructions", "registers", "with private memory or spills"]
    rows = [
        judged(compiler, found)
        for target in options.targets.split(",")
        for compiler, found in kernels_of(target, contenders).items()
    ]
    progress("")
    print(plain(header, rows))
    if options.markdown:
        command = shlex.join(["python", "bench/static.py", *sys.argv[1:]])
        publish(
            options.markdown,
            "static",
            f"`{command}`: rank correlation of our estimates with theirs, over the kernels of "
            f"{', '.join(contenders)}.\n\n{markdown(header, rows)}",
        )


if __name__ == "__main__":
    try:
        main()
    except Failed as failure:
        sys.exit(f"static.py: {failure}")
