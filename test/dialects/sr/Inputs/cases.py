"""Runs the interpreter on the cases of a file and compares with the values written there.

usage: cases.py SRCC-TRANSLATE CASES.mlir WORK-DIRECTORY

Cases are separated by "// -----". Each has a function and two comments,
    // INPUT CxHxW: values      // EXPECT CxHxW: values
channel by channel, row by row; and, if it is not f32, // PRECISION f16|f16s.
"""
import os
import re
import subprocess
import sys

import numpy as np

translate, path, work = sys.argv[1:]
os.makedirs(work, exist_ok=True)
cases = open(path, encoding="utf-8").read().split("// -----")
failed = 0


def array(case, key):
    shape, values = re.search(rf"// {key} (\S+):(.*(?:\n//  .*)*)", case).groups()
    values = np.array([float(v) for v in values.replace("//", "").split()], dtype=np.float64)
    return values.reshape([int(n) for n in shape.split("x")])


for number, case in enumerate(cases):
    name = re.search(r"@(\w+)", case)[1]
    model, source, result = (os.path.join(work, f"{number}.{end}") for end in ("mlir", "in.npy", "out.npy"))
    open(model, "w", encoding="utf-8").write(case)
    np.save(source, array(case, "INPUT").astype(np.float32))
    precision = re.search(r"// PRECISION (\w+)", case)
    subprocess.run([translate, "--interpret", model, f"--input={source}", f"--output={result}",
                    f"--precision={precision[1] if precision else 'f32'}"], check=True)
    got, wanted = np.load(result), array(case, "EXPECT")
    if got.shape != wanted.shape or not np.allclose(got, wanted, rtol=1e-6, atol=1e-9):
        print(f"{name}: expected\n{wanted}\nbut got\n{got}")
        failed += 1
print(f"{len(cases) - failed} of {len(cases)} cases passed")
sys.exit(failed != 0)
