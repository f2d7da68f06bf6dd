"""Uncompressed videos of 64x48: 'write FILE FRAMES', or 'endless PIPE COMMAND...', which feeds a command through a pipe,
interrupts it after 900 frames and says how it ended. Between frame 300 and 900 its memory must not grow."""
import os
import re
import signal
import subprocess
import sys
import threading

import numpy as np

HEADER = b"YUV4MPEG2 W64 H48 F25:1 Ip A1:1 C420jpeg\n"


def frame(index):
    y, x = np.mgrid[:48, :64]
    luma = (60 + 2 * x + 30 * ((x + index) // 8 % 2) + y // 2).astype(np.uint8)
    return b"FRAME\n" + luma.tobytes() + bytes([120]) * (2 * 32 * 24)


def write(path, frames):
    with open(path, "wb") as file:
        file.write(HEADER + b"".join(frame(i) for i in range(frames)))


def feed(path):
    try:
        with open(path, "wb") as pipe:
            pipe.write(HEADER)
            for i in range(10 ** 9):
                pipe.write(frame(i))
    except BrokenPipeError:
        pass


def memory(process):
    """Resident anonymous memory in MB."""
    return int(re.search(r"RssAnon:\s+(\d+)", open(f"/proc/{process.pid}/status").read())[1]) / 1024


def endless(path, command):
    os.mkfifo(path)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    threading.Thread(target=feed, args=(path,), daemon=True).start()
    last, early = "", None
    for line in process.stderr:
        last = line.strip()
        if last.startswith("300 frames"):
            early = memory(process)
        if last.startswith("900 frames"):
            grown = memory(process) - early
            process.send_signal(signal.SIGINT)
    code = process.wait(60)
    os.remove(path)
    if grown > 8:  # 600 frames of output are 11 MB
        sys.exit(f"memory grew by {grown:.1f} MB in 600 frames")
    print(f"exit code {code}: {last}")


if sys.argv[1] == "write":
    write(sys.argv[2], int(sys.argv[3]))
else:
    endless(sys.argv[2], sys.argv[3:])
