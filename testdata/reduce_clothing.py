#!/usr/bin/env python3
"""Makes clothing-64.zip from an archive of larger JPEG images.

    python3 reduce_clothing.py SOURCE.zip clothing-64.zip

Every SPLIT/CLASS/FILE.jpg (split: train, validation, test) is reduced so that its shorter side is 64 pixels, aspect
ratio kept. Needs Pillow. The bytes of a JPEG depend on the version of libjpeg that Pillow was built with.
"""

import io
import sys
import zipfile

from PIL import Image

SHORTER_SIDE = 64
QUALITY = 83
SPLITS = ("train", "validation", "test")


def reduced(data):
    """Returns the JPEG bytes of the reduced image."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    scale = SHORTER_SIDE / min(image.size)
    size = tuple(max(SHORTER_SIDE, round(side * scale)) for side in image.size)
    out = io.BytesIO()
    image.resize(size, Image.LANCZOS).save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def main(source, target):
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as result:
        names = sorted(n for n in archive.namelist() if n.startswith(SPLITS) and n.endswith(".jpg"))
        for name in names:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            result.writestr(entry, reduced(archive.read(name)))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
