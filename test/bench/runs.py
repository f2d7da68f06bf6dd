"""The benchmarks' programs end to end on a tiny network: figures that belong together, failures that stay visible. That
pruned ONNX files have the zeros of srcc-opt --sr-prune. No time is checked."""
import json
import os
import pathlib
import shutil
import sys

import numpy as np
import onnx

from harness import ROOT, Checks, Failure, interpret, noise, run, scratch

sys.path.insert(0, str(ROOT / "test" / "frontend"))
from make_ops import Net  # noqa: E402


def save(name, path, *middle):
    """Convolutions of 3 -> `middle` -> 12 channels, added to what they read where they can, and a pixel shuffle. Returns
    the name of the last one."""
    net = Net(name)
    x, channels = "input", 3
    for filters in middle:
        y = net.conv(x, filters, channels)
        x, channels = net.op("Add", x, y) if filters == channels else net.op("Relu", y), filters
    onnx.save(net.end(net.op("DepthToSpace", net.conv(x, 12, channels), blocksize=2, mode="CRD")).model(), path)
    return net.nodes[-2].name


def bench(script, *options, code=0):
    return run(sys.executable, ROOT / "bench" / script, *options, code=code, env={"SRCC_DATA": "/nonexistent"})


checks = Checks()
with scratch() as name:
    folder = pathlib.Path(name)
    net, deep, broken, out = (folder / f for f in ("tiny.onnx", "deep.onnx", "broken.onnx", "out.json"))
    layer = save("tiny", net)
    save("deep", deep, 8, 8, 10)
    broken.write_bytes(b"no network")

    with checks("the demo network, where there is no data"):
        done = bench("models.py", "--list", "--sizes", "16x8")
        if "the demo network alone" not in done.stderr or "demo 16x8 dense" not in done.stdout:
            raise Failure(done.stdout + done.stderr)

    with checks("models.py: every variant, a broken network as a row"):
        options = [net, broken, "--quick", "--sizes", "16x8", "--json", out, "--markdown", folder / "page.md",
                   "--prune", f"scheme=block f=4 c=1 density=0.25 layers={layer}"]
        done = bench("models.py", *options, code=1)
        cases = {(c["net"], c["variant"]): c for c in json.loads(out.read_text())["cases"]}
        rows = [c["rounds"][0] for (net_name, _), c in cases.items() if net_name == "tiny" and not c["error"]]
        macs = {round(r["gflops"] * r["median_ms"] * 5e5 / (16 * 8)) for r in rows}
        # 3 x 12 x 9 for each pixel; of the 81 blocks of 4 weights at most a quarter stays.
        if len(rows) != 3 or macs != {324, 20 * 4}:
            raise Failure(f"{len(rows)} variants, multiply-adds {macs}\n{done.stdout}")
        if "broken.onnx" not in cases["broken", "dense"]["error"]:
            raise Failure(done.stdout)
        if "broken 16x8 dense" not in (folder / "page.md").read_text():
            raise Failure(done.stdout)

    with checks("prototypes.py: ours beside what the runner says of a folder, a missing network as a row"):
        prototypes = folder / "prototypes"
        for prototype in ("block_sparse_4", "net_dense", "other"):
            (prototypes / prototype).mkdir(parents=True)
            (prototypes / prototype / "plan.txt").touch()
        (prototypes / "runner.cpp").write_text(
            '#include <cstdio>\n'
            'int main(int, char **a) { std::printf("%s median %7.2f ms  min 1.00 ms\\n", a[1], 12.5); }\n')
        done = bench("prototypes.py", prototypes, "--quick", "--json", folder / "prototypes.json", code=1)
        block, whole = json.loads((folder / "prototypes.json").read_text())["cases"]
        macs = block["ours"][0]["gflops"] * block["ours"][0]["median_ms"] * 5e5 / (64 * 48)
        # At most a quarter of 24 x 144 + 144 x 20 + 20 x 24 x 9.
        if block["theirs"][0]["median_ms"] != 12.5 or not 2300 < macs <= 10656 / 4:
            raise Failure(f"{macs} multiply-adds\n{done.stdout}")
        if "no wdsr_b_x2_16x24.onnx" not in whole["error"] or "no wdsr_b_x2_16x24.onnx" not in done.stdout:
            raise Failure(done.stdout)

    if shutil.which("srcc-search"):
        with checks("ablation.py: what searches find is judged and measured, what fails is a row, what ended is kept"):
            run(sys.executable, ROOT / "test" / "search" / "Inputs" / "pictures.py",
                ROOT / "docs" / "demo" / "lighthouse.png", folder)
            given = ["--quick", "--json", folder / "ablation.json", "--folder", folder / "ablation", "--train",
                       folder / "train", "--validate", folder / "validate", "--judge", folder / "validate", "--kinds",
                       "architecture,both", "--targets", "1000,0.001", "--size", "64x48", "--channels", "4", "--cells",
                       "1", "--blocks", "conv:0.1,skip", "--schemes", "filter", "--patch", "8"]
            bench("ablation.py", *given, code=1)
            cases = json.loads((folder / "ablation.json").read_text())["cases"]
            for case in cases:
                found = case["target_ms"] > 1
                if found != (case["error"] == "") or found != bool(case["rounds"]):
                    raise Failure(json.dumps(case, indent=1))
                if found and not 5 < case["psnr"]["validate"] < 60:
                    raise Failure(json.dumps(case, indent=1))
            if "do not meet" not in cases[-1]["error"]:
                raise Failure(cases[-1]["error"])
            bench("ablation.py", *given, "--schemes", "block:4:1", code=1)
            again = json.loads((folder / "ablation.json").read_text())["cases"]
            if ["other options" in case["error"] for case in again] != [False, True, False, False]:
                raise Failure(json.dumps(again, indent=1))

    with checks("models.py --resume measures nothing twice, --report nothing at all"):
        before = json.loads(out.read_text())["cases"][:3]
        bench("models.py", *options, "--resume", code=1)
        if json.loads(out.read_text())["cases"][:3] != before:
            raise Failure("other figures")
        table = bench("models.py", "--json", out, "--report", code=1).stdout
        if "tiny 16x8 unfused" not in table or table.count("broken.onnx") != 3:
            raise Failure(table)

    if shutil.which("srcc-halide"):
        with checks("halide.py: networks as they are and pruned, a broken one as a row, nothing compiled or timed twice"):
            options = [net, broken, "--quick", "--sizes", "16x8", "--seconds", "0.01", "--json", out, "--only"]
            bench("halide.py", *options, "srcc;Halide CPU", "--compile")
            bench("halide.py", *options, "srcc;Halide CPU")
            before = [c for c in json.loads(out.read_text())["cases"] if c["net"].startswith("tiny")]
            if len(before) != 4 or not all(c["rounds"] for c in before):
                raise Failure(out.read_text())
            bench("halide.py", *options, "Halide CPU, masks", "--resume")
            after = json.loads(out.read_text())["cases"]
            if not all(c in after for c in before):
                raise Failure("other figures")
            names = sorted((c["net"], c["contender"]) for c in after if c["rounds"] and c not in before)
            if names != [("tiny block 1/4", "Halide CPU, masks")]:
                raise Failure(f"measured: {names}")
            if "broken.onnx" not in next(c["error"] for c in after if c["net"] == "broken dense"):
                raise Failure(out.read_text())

    with checks("peers.py: agreement with ONNX Runtime, an engine that is not there as a row"):
        done = bench("peers.py", net, "--quick", "--sizes", "16x8", "--engines", "srcc,onnxruntime,mnn", "--json", out,
                     code=1)
        (case,) = json.loads(out.read_text())["cases"]
        rows = {row["engine"]: row for row in case["rows"]}
        if not np.isclose(case["gmacs"], 324e-9 * 16 * 8):
            raise Failure(f"{case['gmacs']} GMAC")
        if rows["srcc"]["error"] or not rows["srcc"]["max_error"] <= 1e-4 or len(rows["onnxruntime"]["rounds"]) != 1:
            raise Failure(done.stdout)
        if rows["mnn"]["rounds"] or "converter" not in rows["mnn"]["error"] or rows["mnn"]["error"] not in done.stdout:
            raise Failure(done.stdout)

    with checks("rank.py: the default schedule and a random one, each measured and predicted"):
        done = bench("rank.py", "dense1x1", "--quick", "--schedules", 2, "--size", "16x8", "--json", out)
        rows = json.loads(out.read_text())["kernels"]["dense1x1"]["schedules"]
        if [r["schedule"] for r in rows] != ["default", 1] or not all(r["ms"] > 0 and r["launches"] == 1 for r in rows):
            raise Failure(done.stdout)
        if not all(r["predicted"]["as it is"] > 0 for r in rows) or "dense1x1" not in done.stdout:
            raise Failure(done.stdout)
        again = bench("rank.py", "--quick", "--again", "--json", out)
        if json.loads(out.read_text())["kernels"]["dense1x1"]["schedules"] != rows:
            raise Failure(again.stdout)

    with checks("phones.py: published and predicted figures, and what falls"):
        table = json.loads((ROOT / "bench" / "phones.json").read_text())
        done = bench("phones.py", "--quick", "--json", out)
        found = json.loads(out.read_text())
        if len(found["published"]) != len(table["networks"]) + 2 * len(table["blocks"]["rows"]):
            raise Failure(done.stdout)
        blocks = [row for row in found["published"] if row["name"].startswith("block")]
        if not all(row["ms"] > 0 and row["compute_ms"] > 0 for row in blocks) or "no network" not in done.stdout:
            raise Failure(done.stdout)

    with checks("tune.py: a network in both schedules, a broken one as a row"):
        done = bench("tune.py", net, broken, "--quick", "--sizes", "16x8", "--trials", 2, "--json", out, code=1)
        case, failed = json.loads(out.read_text())["cases"]
        if case["tuner"]["trials"] < 2 or len(case["rounds"]) != 2 or not case["gain"] > 0:
            raise Failure(done.stdout)
        if "broken.onnx" not in failed["error"] or "geometric mean" not in done.stdout:
            raise Failure(done.stdout)

    with checks("search.py says what it would measure"):
        said = bench("search.py", net, "--list", "--ratios", "0.5,0.2").stdout.splitlines()
        if said != ["tiny 640x360 0.5", "tiny 640x360 0.2", "tiny.toml 96x64 searched"]:
            raise Failure("\n".join(said))

    for density in ("0.5", "0.25"):
        with checks(f"prune.py has the zeros of sr-prune, density {density}"):
            run(sys.executable, ROOT / "bench" / "prune.py", deep, folder / "p.onnx", density)
            run("srcc", deep, "--stop-after=import", "-o", folder / "i.mlirbc")
            run("srcc-opt", folder / "i.mlirbc", f"--sr-prune=scheme=block f=4 c=1 density={density}",
                "--emit-bytecode", "-o", folder / "p.mlirbc")
            run("srcc", folder / "p.onnx", "--stop-after=import", "-o", folder / "q.mlirbc")
            x = noise(1, 3, 9, 7)
            whole, ours, theirs = (interpret(folder / f"{m}.mlirbc", x, folder) for m in "ipq")
            if not np.array_equal(ours, theirs) or np.array_equal(whole, ours):
                raise Failure("other zeros" if np.any(ours != theirs) else "no zeros")
checks.done()
