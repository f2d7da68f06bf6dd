"""What the benchmarks compute from measurements, against values worked out by hand."""
import math
import pathlib
import sys

import numpy as np

from harness import ROOT, Checks, Failure, scratch

sys.path.insert(0, str(ROOT / "bench"))
import common  # noqa: E402
import halide  # noqa: E402
import models  # noqa: E402
import peers  # noqa: E402
import prune  # noqa: E402


def equal(what, actual, expected):
    if actual != expected:
        raise Failure(f"{what}: {actual} instead of {expected}")


def report(ms, gflops, **more):
    return {"median_ms": ms, "min_ms": ms - 1, "host_ms": ms + 1, "gflops": gflops, "peak_gflops": 100,
            "peak_memory_mb": 50, "others": 0.02, **more}


checks = Checks()
with checks("medians, ratios, numbers of runs"):
    equal("odd", common.median([9, 1, 2]), 2)
    equal("even", common.median([4, 1, 2, 9]), 3)
    equal("none", common.median(r for r in []), None)
    equal("ratio", common.ratio(300, 200), 1.5)
    equal("ratio to nothing", common.ratio(None, 200), None)
    equal("ratio of nothing", common.ratio(300, None), None)
    equal("runs", [common.runs_for(ms, 1) for ms in (0, 1, 100, 400, 5000)], [15, 15, 10, 2, 2])

with checks("agreement of outputs"):
    x = np.array([0.0, 128, 255], np.float32)
    equal("same", common.max_error(x, x, 0, 255), 0)
    equal("a level of 255", common.max_error(x, x - np.float32([0, 0, 1]), 0, 255), 1 / 255)
    equal("sign", common.max_error(x - np.float32([0, 51, 0]), x, 0, 255), 0.2)
    for name, other in [("shape", x[:2]), ("no number", x * np.nan), ("infinity", x + np.float32([0, 0, np.inf]))]:
        equal(name, common.max_error(other, x, 0, 255), math.inf)
        equal(name, common.max_error(x, other, 0, 255), math.inf)

with checks("load of others, and measuring again"):
    load = common.Load()
    load.start, load.read = (100, 1000), lambda: (180, 1200)
    tick = 1 / common.os.sysconf("SC_CLK_TCK")
    equal("half ours", load.others(40 * tick), 0.2)
    equal("all ours", load.others(90 * tick), 0)
    tries = iter([0.5, 0.2, 0.3, 0.05])
    equal("calmest of three", common.least_disturbed(lambda: {"others": next(tries)}, 3)["others"], 0.2)
    tries = iter([0.5, 0.1, 0.0])
    equal("calm enough", common.least_disturbed(lambda: {"others": next(tries)}, 3)["others"], 0.1)

with checks("tables and pages"), scratch() as folder:
    rows = [["a", "1"], ["long", "failed"], ["b"]]
    equal("plain", common.plain(["net", "ms", "of peak"], [["a", "1.5", "50%"], ["long", "it failed, at length"]]),
          "net    ms  of peak\na     1.5      50%\nlong  it failed, at length")
    equal("markdown", common.markdown(["net", "ms"], [["a|b", "1"]]), "| net | ms |\n| --- | ---: |\n| a\\|b | 1 |")
    page = pathlib.Path(folder) / "page.md"
    common.publish(page, "x", "alone")
    equal("new page", page.read_text(), "alone\n")
    page.write_text("# `<!-- x -->` to `<!-- /x -->`\n<!-- x -->\nold\n<!-- /x -->\n<!-- y -->\nkept\n<!-- /y -->\n")
    common.publish(page, "x", "new")
    equal("page", page.read_text(),
          "# `<!-- x -->` to `<!-- /x -->`\n<!-- x -->\nnew\n<!-- /x -->\n<!-- y -->\nkept\n<!-- /y -->\n")

with checks("models.py: ratios and shares"):
    def case(variant, reports, error=None):
        return {"net": "n", "size": "8x8", "variant": variant, "compile_s": 1.0, "error": error, "rounds": reports}
    # 1 GMAC: 40 GFLOP/s in 50 ms; unfused in 80 ms; a quarter of it in 20 ms.
    cases = [case("dense", [report(50, 40), report(60, 100 / 3), report(40, 50)]), case("unfused", [report(80, 25)]),
             case("block", [report(20, 25)]), case("broken", [], "srcc: exit code 1"), case("lost", [])]
    header, rows = models.summary(cases, 3)
    table = [dict(zip(header, row)) for row in rows]
    columns = "ms", "min", "host ms", "of peak", "GMAC/s", "x unfused", "x dense", "others"
    equal("dense", [table[0][k] for k in columns], ["50.00", "39.00", "51.00", "40%", "20.0", "1.60", "-", "2%"])
    equal("unfused", [table[1][k] for k in ("ms", "x unfused", "x dense")], ["80.00", "-", "-"])
    equal("pruned", [table[2][k] for k in ("ms", "of peak", "GMAC/s", "x unfused", "x dense")],
          ["20.00", "25%", "50.0", "4.00", "2.50"])
    equal("rounds", [row[0] for row in rows[:2]], ["n 8x8 dense", "n 8x8 unfused (rounds: 1)"])
    equal("failures", [row[1:] for row in rows[3:]], [["srcc: exit code 1"], ["not measured"]])

with checks("peers.py: ratios and shares"):
    def row(engine, *rounds, error=None, **more):
        return {"engine": engine, "version": "1", "load_s": 1.0, "error": error, **more,
                "rounds": [{"ms": ms, "memory_mb": 50, "others": 0} for ms in rounds]}
    result = {"net": "n", "size": "8x8", "error": None, "gmacs": 2, "kept_gmacs": 1, "reference": "onnxruntime",
              "machine": [{"peak_gflops": 100}],
              "rows": [row("srcc", [40, 60], [50], max_error=1e-6), row("onnxruntime", [100, 90], [110]),
                       row("ncnn", [75]), row("mnn", [10], error="its output differs"), row("litert", error="missing")]}
    header, rows, ratio_header, ratios = peers.summary([result])
    table = [dict(zip(header, r)) for r in rows]
    equal("srcc", [table[0][k] for k in ("ms", "min", "GMAC/s", "of peak", "max error", "srcc is faster")],
          ["50.00", "40.00", "40.0", "40%", "1e-06", "-"])
    equal("peer", [table[1][k] for k in ("ms", "max error", "srcc is faster")], ["100.00", "reference", "2.00"])
    equal("failures", [r[1:] for r in rows[3:]], [["its output differs"], ["missing"]])
    equal("fastest of those that are right", ratios, [["n 8x8", "50.00", "ncnn", "75.00", "1.50"]])

with checks("halide.py: the best of Halide's code, ratios"):
    def halide_case(net, contender, *reports, error=None):
        return {"net": net, "size": "8x8", "contender": contender, "compile_s": 1.0, "max_error": 1e-6,
                "error": error, "rounds": reports}
    cases = [halide_case("n", "srcc", report(50, 40), report(30, 60), report(40, 50)),
             halide_case("n", "Halide CPU", report(44, 45)), halide_case("n", "Adams2019 CPU", report(60, 30)),
             halide_case("n", "Li2018 OpenCL", report(90, 20)), halide_case("n", "Halide OpenCL", error="refused"),
             halide_case("m", "srcc", report(10, 10)), halide_case("m", "Halide CPU", report(5, 20)),
             halide_case("l", "Halide CPU", report(5, 20))]
    equal("best", halide.bests(cases)[1],
          [["n 8x8", "40.00", "Li2018 OpenCL", "90.00", "2.25", "Halide CPU", "44.00", "1.10"],
           ["m 8x8", "10.00", "-", "-", "-", "Halide CPU", "5.00", "0.50"]])
    table = [dict(zip(halide.summary(cases)[0], row)) for row in halide.summary(cases)[1]]
    equal("a row", [table[2][k] for k in ("ms", "of peak", "x srcc")], ["60.00", "30%", "1.50"])
    equal("refused", halide.summary(cases)[1][4], ["n 8x8 Halide OpenCL", "refused"])
    equal("alone", table[7]["x srcc"], "-")

with checks("prune.py: a mask by hand"):
    # Blocks of 2 filters: scores 5, 1, 2 and 2 (the last block has one filter); the first of equal ones goes.
    weights = np.array([[3, 1], [4, 0], [2, 2]], np.float32).reshape(3, 2, 1, 1)
    equal("half", prune.block_mask(weights, 0.5, 2, 1).reshape(3, 2).tolist(),
          [[True, False], [True, False], [False, True]])
    equal("all", prune.block_mask(weights, 1, 2, 1).all(), True)
checks.done()
