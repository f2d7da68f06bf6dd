"""Writes damaged NumPy and PNG files.

usage: damage.py DIRECTORY
"""
import os
import struct
import sys
import zlib

work = sys.argv[1]
os.makedirs(work, exist_ok=True)


def npy(name, header, data=b"", version=1, length=None):
    text = header.encode()
    length = len(text) if length is None else length
    prefix = b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", length)
    open(os.path.join(work, name + ".npy"), "wb").write(prefix + text + data)


def fields(descr="<f4", order=False, shape="(1, 1, 2)"):
    return f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n"


npy("good", fields(), struct.pack("<2f", 1, 2))
npy("v2", fields(), struct.pack("<2f", 1, 2), version=2)
npy("version", fields(), version=9)
npy("header", fields(), length=60000)
npy("fields", "{'descr': '<f4'}\n")
npy("double", fields(descr="<f8"), bytes(16))
npy("fortran", fields(order=True), bytes(8))
npy("rank", fields(shape="(2,)"), bytes(8))
npy("batch", fields(shape="(2, 1, 1, 1)"), bytes(8))
npy("negative", fields(shape="(1, -1, 2)"), bytes(8))
npy("huge", fields(shape="(268435456, 268435456, 268435456)"), bytes(8))
npy("unclosed", "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 2")
npy("short", fields(), bytes(7))
npy("long", fields(), bytes(12))
open(os.path.join(work, "empty.npy"), "wb").close()
open(os.path.join(work, "text.npy"), "w", encoding="ascii").write("not a picture at all")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(name, width, height, data):
    parts = [chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)),
             chunk(b"IDAT", zlib.compress(data)), chunk(b"IEND", b"")]
    open(os.path.join(work, name + ".png"), "wb").write(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


png("good", 2, 1, b"\0" + bytes([0, 51, 255, 255, 102, 0]))
png("short", 2, 100, b"\0" + bytes(6))
png("huge", 100000, 100000, b"")
open(os.path.join(work, "text.png"), "w", encoding="ascii").write("not a picture at all")
