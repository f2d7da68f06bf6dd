"""pictures.py PHOTO FOLDER: crops of a photo, four of them in FOLDER/validate, the others in FOLDER/train."""
import pathlib
import sys

from PIL import Image

photo = Image.open(sys.argv[1]).convert("RGB")
side = 96
columns, rows = photo.width // side, photo.height // side
for x in range(columns):
    for y in range(rows):
        validate = x // 2 == columns // 4 and y >= rows - 2
        folder = pathlib.Path(sys.argv[2], "validate" if validate else "train")
        folder.mkdir(parents=True, exist_ok=True)
        photo.crop((x * side, y * side, (x + 1) * side, (y + 1) * side)).save(folder / f"{x}_{y}.png")
