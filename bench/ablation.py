"""What architecture search, pruning search and both are worth: the paper's ablation, on the pictures given.

make bench-ablation BENCH_FLAGS="--train FOLDER... --validate FOLDER... --judge FOLDER..."

Two supernets are trained once: one whose cells have a choice of blocks, one whose cells are all the first of them. Then
for each target three searches start from them: `architecture` (blocks are chosen, layers stay dense), `pruning` (the
block is given, each layer's scheme is chosen) and `both`, of equal evaluations and equal fine-tuning. `--validate`
judges candidates; `--judge`, which no search sees, the networks that come out. They are measured at the end, in turn.
What a search has done is kept in --folder; the same command goes on with it.
Exit code: 1 if a search failed, or a network could not be measured.
Part of srcc, under the Apache License v2.0 with LLVM Exceptions.
SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""
import json
import os
import pathlib
import re
import subprocess
import sys

from common import (Failed, ROOT, cell, command_line, conditions, least_disturbed, machine, markdown, median,
                    plain, program, progress, publish, reporter_of, run, runs_for, save)
from models import measure

KINDS = ["architecture", "pruning", "both"]


def arguments():
    parser = reporter_of(__doc__, "ablation")
    parser.add_argument("--train", nargs="+", type=pathlib.Path, help="folders of pictures to learn from")
    parser.add_argument("--validate", nargs="+", type=pathlib.Path, help="folders of pictures that judge candidates")
    parser.add_argument("--judge", nargs="+", type=pathlib.Path, help="folders of pictures that judge the results")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "bench" / "ablation",
                        help="of the searches (build/bench/ablation; with --quick build/bench/ablation-quick)")
    parser.add_argument("--kinds", default=",".join(KINDS), help="which of them")
    parser.add_argument("--targets", default="40,30,22", metavar="MS,...", help="latencies (40,30,22)")
    parser.add_argument("--seeds", default="1", metavar="N,...", help="of the searches and their trainings (1)")
    parser.add_argument("--device", default="pocl-cpu")
    parser.add_argument("--size", default="640x360", help="of the input (640x360)")
    parser.add_argument("--scale", type=int, default=2)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--cells", type=int, default=8)
    parser.add_argument("--blocks", default="wdsr-b:4,wdsr-a:2,skip", help="the choice; the first is the given one")
    parser.add_argument("--schemes", default="filter,block:8:4,block:4:1", help="the choice")
    parser.add_argument("--evaluations", type=int, default=40, help="of a search (40)")
    parser.add_argument("--supernet-steps", type=int, default=12000)
    parser.add_argument("--steps", type=int, default=8000, help="of fine-tuning (8000)")
    parser.add_argument("--patch", type=int, default=32, help="side of the pieces to learn from (32)")
    parser.add_argument("--tune-steps", type=int, default=60, help="of a candidate before it is judged (60)")
    parser.add_argument("--rounds", type=int, default=3, help="of measuring")
    options = parser.parse_args()
    if not options.report and not (options.train and options.validate and options.judge):
        parser.error("--train, --validate and --judge are needed: folders of pictures")
    if options.quick:
        options.evaluations, options.supernet_steps, options.tune_steps = 2, 20, 2
        options.steps, options.rounds = 20, 1
        options.folder = options.folder.with_name(options.folder.name + "-quick")
    options.kinds, options.blocks, options.schemes = (
        getattr(options, key).split(",") for key in ("kinds", "blocks", "schemes"))
    options.targets = [float(t) for t in options.targets.split(",")]
    options.seeds = [int(s) for s in options.seeds.split(",")]
    if unknown := set(options.kinds) - set(KINDS):
        parser.error(f"--kinds takes {', '.join(KINDS)}, not {', '.join(sorted(unknown))}")
    return options


def toml(sections):
    """Sections of keys as TOML; JSON's strings, lists and numbers are TOML's."""
    lines = []
    for section, keys in sections.items():
        lines += [f"[{section}]", *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]
    return "\n".join(lines) + "\n"


def search(options, folder, kind, seed, ms, evaluations, steps, start=None):
    """Runs or goes on with a search; with a start its supernet is that of another folder, as it is. One that has ended is
    not run again: another build might choose otherwise."""
    blocks = options.blocks[:1] if kind == "pruning" else options.blocks
    sections = {
        "run": {"folder": str(folder), "seed": seed, "threads": 1},
        "data": {"train": [str(f.resolve()) for f in options.train],
                 "validate": [str(f.resolve()) for f in options.validate],
                 "scale": options.scale, "patch": options.patch, "batch": 16, "luma": 0.5},
        "target": {"device": options.device, "size": options.size, "ms": ms},
        "network": {"channels": options.channels, "cells": options.cells, "blocks": blocks},
        "supernet": {"steps": options.supernet_steps, "rate": 2e-3},
        "search": {"schemes": ["dense"] if kind == "architecture" or not start else options.schemes,
                   "evaluations": evaluations, "tune_steps": options.tune_steps, "tune_rate": 2e-4},
        "prune": {"method": "surgeon", "patches": 24},
        "finetune": {"steps": steps, "rate": 1e-3},
        "report": {"measure": False, "every": 500},
    }
    if start:
        sections["network"]["warm_start"] = str(start)
        sections["supernet"] = {"steps": 1, "rate": 1e-9}
    folder.parent.mkdir(parents=True, exist_ok=True)
    config, log_file = (folder.parent / (folder.name + end) for end in (".toml", ".log"))
    text = toml(sections)
    if ended := finished(folder):
        if config.read_text() != text:
            raise Failed(f"{folder}: made with other options; name another --folder")
        return ended
    config.write_text(text)
    with open(log_file, "a") as log:
        done = subprocess.run([program("srcc-search"), "run", config], stdin=subprocess.DEVNULL, stdout=log,
                              stderr=subprocess.STDOUT, env={"OMP_WAIT_POLICY": "passive", **os.environ})
    if done.returncode:
        said = log_file.read_text(errors="replace").strip().splitlines()
        raise Failed(f"srcc-search: exit code {done.returncode}: {said[-1] if said else ''}")
    return json.loads((folder / "result.json").read_text())


def supernet(options, kind, seed):
    """The checkpoint of the supernet of a kind, from a search of one candidate for a target that anything meets."""
    folder = options.folder / f"supernet-{'pruning' if kind == 'pruning' else 'blocks'}-{seed}"
    search(options, folder, kind, seed, ms=1e6, evaluations=1, steps=1)
    return folder / "supernet.pt"


def finished(folder):
    """What a search that has ended says; none of others."""
    result = folder / "result.json"
    found = json.loads(result.read_text()) if result.exists() else {}
    return found if "psnr" in found else None


def judge(options, model):
    """PSNR of a model on each of the folders."""
    psnr = {}
    for folder in options.judge:
        found = re.search(r"([\d.]+) dB", run(program("srcc-search"), "evaluate", model, folder.resolve()))
        if not found:
            raise Failed(f"srcc-search evaluate says no PSNR of {folder}")
        psnr[folder.parent.name if folder.name == "HR" else folder.name] = float(found[1])
    return psnr


def find(options, case):
    """Searches, judges and compiles; fills in the case."""
    folder = options.folder / f"{case['kind']}-{case['target_ms']:g}-{case['seed']}"
    start = supernet(options, case["kind"], case["seed"])
    result = search(options, folder, case["kind"], case["seed"], case["target_ms"], options.evaluations, options.steps,
                    start)
    said = run(program("srcc-cost"), folder / "model.mlirbc", f"--target={options.device}", f"--size={options.size}",
               "--json")
    case["predicted_ms"] = json.loads(said)["total_ms"]
    case["candidate"] = result.get("candidate")
    case["psnr"] = judge(options, folder / "model.mlirbc")
    case["package"] = str(folder / "model.srp")
    run(program("srcc"), folder / "model.mlirbc", f"--target={options.device}", "-o", case["package"])


def tables(results):
    sets = sorted({name for case in results["cases"] for name in case.get("psnr", {})})
    header = ["target, what, seed", *(f"{name} dB" for name in sets), "predicted ms", "measured ms", "frames/s",
              "blocks", "others"]
    rows = []
    for case in results["cases"]:
        name = f"{case['target_ms']:g} ms, {case['kind']}, {case['seed']}"
        if case["error"] or not case["rounds"]:
            rows.append([name, case["error"] or "not measured"])
            continue
        ms = median(r["median_ms"] for r in case["rounds"])
        blocks = [b.split(":")[0] for b in (case["candidate"] or {}).get("blocks", [])]
        count = ", ".join(f"{blocks.count(b)} {b}" for b in dict.fromkeys(blocks) if b != "skip")
        rows.append([name, *(cell(case["psnr"].get(s), ".3f") for s in sets), cell(case["predicted_ms"], ".2f"),
                     cell(ms, ".2f"), cell(1e3 / ms, ".1f"), count or "-",
                     cell(median(r["others"] for r in case["rounds"]), ".0%")])
    return header, rows


def main():
    options = arguments()
    if options.report:
        results = json.loads(options.json.read_text())
    else:
        cases = [{"target_ms": ms, "kind": kind, "seed": seed, "error": "", "rounds": []}
                 for seed in options.seeds for ms in options.targets for kind in options.kinds]
        results = {"machine": machine(), "command": command_line("make bench-ablation"),
                   "evaluations": options.evaluations, "supernet_steps": options.supernet_steps,
                   "steps": options.steps, "cases": cases}
        for number, case in enumerate(cases):
            progress(f"searching {number + 1}/{len(cases)}: {case['kind']}, {case['target_ms']:g} ms, seed {case['seed']}")
            try:
                find(options, case)
            except Failed as failure:
                case["error"] = str(failure)
            save(options.json, results)
        for done in range(options.rounds):
            for case in cases:
                if case["error"]:
                    continue
                progress(f"round {done + 1}/{options.rounds}: {case['kind']}, {case['target_ms']:g} ms")
                try:
                    case["rounds"].append(least_disturbed(
                        lambda: measure(case["package"], options.size, runs_for(case["predicted_ms"], 2)), 2))
                except Failed as failure:
                    case["error"] = str(failure)
                save(options.json, results)
        progress("")
    header, rows = tables(results)
    rounds = [r for case in results["cases"] for r in case["rounds"]]
    about = (f"{results['evaluations']} evaluations a search, {results['supernet_steps']} steps of each supernet, "
             f"{results['steps']} of fine-tuning; {conditions(results, rounds, [r['others'] for r in rounds])}")
    print(f"{about}\n\n{plain(header, rows)}\n\nall rounds: {options.json}")
    if options.markdown:
        publish(options.markdown, "ablation", f"`{results['command']}`: {about}.\n\n{markdown(header, rows)}")
    sys.exit(any(case["error"] or not case["rounds"] for case in results["cases"]))


if __name__ == "__main__":
    main()
