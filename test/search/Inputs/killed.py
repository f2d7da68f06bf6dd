"""killed.py FOLDER: a training that is killed again and again takes the very course of one that runs through.

One thread; FOLDER/train has pictures. Losses are compared as they are in the logs, to the last digit.
"""
import json
import pathlib
import signal
import subprocess
import sys
import time

folder = pathlib.Path(sys.argv[1])
STEPS = 1200


def command(name, *more):
    return ["srcc-search", "train", "--data", folder / "train", "--checkpoint", folder / f"{name}.pt", "--json",
            folder / f"{name}.jsonl", "--channels=4", "--blocks=1", "--patch=12", "--batch=4", f"--steps={STEPS}",
            "--report-every=1", "--save-every=50", *more]


def losses(name):
    """step -> losses that were ever logged for it."""
    result = {}
    for line in (folder / f"{name}.jsonl").read_text().splitlines():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:  # cut off by a kill
            continue
        if record["event"] == "train":
            result.setdefault(record["step"], set()).add(record["loss"])
    return result


subprocess.run(command("whole"), check=True, stdout=subprocess.DEVNULL)
kills = 0
for seed in range(100):
    more = ["--resume"] if (folder / "parts.pt").exists() else []
    process = subprocess.Popen(command("parts", *more), stdout=subprocess.DEVNULL)
    size = (folder / "parts.jsonl").stat().st_size if (folder / "parts.jsonl").exists() else 0
    while process.poll() is None and not ((folder / "parts.jsonl").exists() and
                                          (folder / "parts.jsonl").stat().st_size > size + 20000 + 997 * seed):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    if process.wait() == 0:
        break
    kills += 1
whole, parts = losses("whole"), losses("parts")
assert len(whole) == STEPS and set(whole) == set(parts), (len(whole), len(parts))
assert all(len(whole[step]) == 1 and whole[step] == parts[step] for step in whole), "the course differs"
assert kills >= 2, kills
print(f"{STEPS} steps, killed {kills} times, the same course")
