"""tiny.py CONFIG FOLDER: a search that is killed twice and resumed, from pictures to an upscaled picture.

Holds what is left in FOLDER/search against what docs/search.md promises; exit code 1 and a reason if it does not keep it.
"""
import json
import pathlib
import signal
import subprocess
import sys
import time

config, folder = map(pathlib.Path, sys.argv[1:])
search = folder / "search"


def killed_when(found, *command):
    """Starts a command and kills it as soon as `found` is true."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    while process.poll() is None and not found():
        time.sleep(0.02)
    assert process.poll() is None, f"{command}: ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()


def evaluations():
    """Rows of search.sqlite that a reader sees."""
    import sqlite3
    if not (search / "search.sqlite").exists():
        return 0
    try:
        with sqlite3.connect(f"file:{search}/search.sqlite?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM evaluation").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


killed_when(lambda: (search / "supernet.pt").exists(), "srcc-search", "run", config)
killed_when(lambda: evaluations() >= 2, "srcc-search", "resume", "search")
before = evaluations()
assert before >= 2, "a finished evaluation is lost"
subprocess.run(["srcc-search", "resume", "search"], cwd=folder, check=True)

result = json.loads((search / "result.json").read_text())
assert result["predicted_ms"] <= result["target_ms"], "the target is missed"
(psnr,), (bicubic,) = result["psnr"].values(), result["bicubic"].values()
assert psnr > bicubic, f"{psnr} dB, but bicubic interpolation has {bicubic}"
assert result["sample"]["upscaled"] > result["sample"]["bicubic"], "the emitted package is worse than bicubic"
methods = [t["method"] for t in result["trials"]]
assert methods.count("bayes") == methods.count("random") == 4, methods
assert result["cells"]["chosen"] >= 1 and result["cells"]["table"]
assert (search / "upscaled.png").stat().st_size > 1000
page = (search / "report.html").read_text()
for part in ("Progress of the search", "Layers", "How many cells", "data:image/png;base64,"):
    assert part in page, f"{part} is not in the report"
assert "http" not in page.replace("http://www.w3.org", ""), "the report needs something from elsewhere"
print(f"target met, {psnr:.2f} dB, bicubic {bicubic:.2f} dB")
