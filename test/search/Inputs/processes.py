"""processes.py FOLDER CONFIG: a training and a search by two processes on this machine."""
import json
import os
import pathlib
import re
import socket
import sqlite3
import subprocess
import sys
import time

folder, config = map(pathlib.Path, sys.argv[1:])


def start(*command):
    """Two processes under one rendezvous."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE,
                             env={**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
                                  "WORLD_SIZE": "2", "RANK": str(rank), "GLOO_SOCKET_IFNAME": "lo"})
            for rank in (0, 1)]


def together(*command):
    """Output of two processes that end well."""
    running = start(*command)
    outputs = [p.communicate(timeout=240)[0] for p in running]
    assert [p.returncode for p in running] == [0, 0], [p.returncode for p in running]
    return outputs


def train(*more):
    return ["srcc-search", "train", "--data", "train", "--channels=4", "--blocks=1", "--patch=12", "--steps=60",
            "--report-every=1", *more]


together(*train("--batch=4", "--checkpoint=two.pt", "--json=two.jsonl"))
subprocess.run(train("--batch=4", "--checkpoint=one.pt", "--json=one.jsonl"), cwd=folder, check=True,
               stdout=subprocess.DEVNULL)
logs = [[json.loads(line) for line in (folder / name).read_text().splitlines()] for name in ("two.jsonl", "one.jsonl")]
assert logs[0][0]["processes"] == 2 and logs[1][0]["processes"] == 1
two, one = [[r["loss"] for r in log if r["event"] == "train"] for log in logs]
assert len(two) == 60 and all(a == a and a < 10 for a in two)
assert two != one, "the second process adds nothing"
assert sum(two[-10:]) < 0.7 * sum(two[:10]), "two processes do not learn"
print(f"together, {len(two)} steps")

text = config.read_text()
for before, after in ((r"cells = 0 ", "cells = 1 "), (r"initial = 2", "initial = 4"),
                      (r'\["random"\]', "[]"), (r"steps = 1500", "steps = 60")):
    assert re.search(before, text), before
    text = re.sub(before, after, text)
(folder / "two.toml").write_text(text + "\n[report]\nmeasure = false\n")
together("srcc-search", "run", "two.toml")
with sqlite3.connect(folder / "search" / "search.sqlite") as database:
    ranks = [rank for rank, in database.execute("SELECT rank FROM evaluation")]
assert (folder / "search" / "model.mlirbc").exists()
print(f"{len(ranks)} evaluations by processes {sorted(set(ranks))}")

# One of the two is killed while it evaluates: what was finished stays, the other does the rest and then ends, for
# training needs both; started again alone, it goes on.
config = (folder / "two.toml").read_text().replace('folder = "search"', 'folder = "dead"')
config = config.replace("[search]", "[search]\npatience = 1.0").replace("evaluations = 4", "evaluations = 6") \
    .replace("initial = 4", "initial = 6").replace("batch = 1\n", "batch = 6\n")
(folder / "dead.toml").write_text(config)


def finished():
    """Ranks by candidate."""
    try:
        with sqlite3.connect(f"file:{folder}/dead/search.sqlite?mode=ro", uri=True) as database:
            return dict(database.execute("SELECT candidate, rank FROM evaluation"))
    except sqlite3.OperationalError:
        return {}


processes = start("srcc-search", "run", "dead.toml")
while not finished():
    assert [p.poll() for p in processes] == [None, None], "ended before a candidate was finished"
    time.sleep(0.01)
processes[1].kill()
kept = finished()
assert len(kept) < 6, "the second process was killed too late"
output, _ = processes[0].communicate(timeout=600)
assert processes[0].returncode == 1 and processes[1].wait() == -9, [p.returncode for p in processes]
assert "6/6  reward" in output, output
after = finished()
assert len(after) == 6 and all(after[c] == rank for c, rank in kept.items()), (kept, after)
subprocess.run(["srcc-search", "resume", "dead"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
assert finished() == after, "candidates are evaluated again"
assert (folder / "dead" / "model.mlirbc").exists()
print(f"the other finished {len(after) - len(kept)}")
