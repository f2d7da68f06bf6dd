"""pictures.py PHOTO FOLDER: FOLDER/train and FOLDER/validate with crops of a photo, its left and its right part."""
import pathlib
import sys

from PIL import Image

photo = Image.open(sys.argv[1]).convert("RGB")
side = 96
columns, rows = photo.width // side, photo.height // side
for name, first, last in ("train", 0, columns - 2), ("validate", columns - 2, columns):
    folder = pathlib.Path(sys.argv[2], name)
    folder.mkdir(parents=True, exist_ok=True)
    for x in range(first, last):
        for y in range(rows if name == "train" else 2):
            photo.crop((x * side, y * side, (x + 1) * side, (y + 1) * side)).save(folder / f"{x}_{y}.png")
