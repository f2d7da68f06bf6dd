"""processes.py FOLDER CONFIG: a training and a search by two processes on this machine."""
import json
import os
import pathlib
import re
import socket
import sqlite3
import subprocess
import sys

folder, config = map(pathlib.Path, sys.argv[1:])


def together(*command):
    """Output of two processes under one rendezvous."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running = [subprocess.Popen(command, cwd=folder, text=True, stdout=subprocess.PIPE,
                                env={**os.environ, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
                                     "WORLD_SIZE": "2", "RANK": str(rank), "GLOO_SOCKET_IFNAME": "lo"})
               for rank in (0, 1)]
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
    count, = database.execute("SELECT count(*) FROM evaluation").fetchone()
assert (folder / "search" / "model.mlirbc").exists()
print(f"{count} evaluations by 2 processes")
