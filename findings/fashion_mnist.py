"""Makes the vendored part of Fashion-MNIST from the original files.

``python -m findings.fashion_mnist FOLDER`` reads ``train-images-idx3-ubyte.gz`` and ``train-labels-idx1-ubyte.gz`` of
the Debian package dataset-fashion-mnist. It writes ``harness/builtin/datasets/fashion-mnist.npz``: the first 600 images
of each of the ten classes in their order, with the mean of each square of 2 × 2 pixels. Equal input gives equal bytes.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.builtin.datasets.idx_file import read_array
from harness.builtin.datasets.real import FASHION_MNIST

EACH = 600
"""Images of a class."""

MOST = 1 << 26
"""Bytes of the largest original file."""


def part(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return rows (N, 196) of pooled pixels, rounded half up, and labels (N,).

    Args:
        images: (M, 28, 28).
        labels: (M,), the numbers of classes.
    """
    places = np.sort(np.concatenate([np.flatnonzero(labels == c)[:EACH] for c in np.unique(labels)]))
    squares = images[places].reshape(len(places), 14, 2, 14, 2).astype(np.uint16).sum(axis=(2, 4))
    return ((squares + 2) // 4).astype(np.uint8).reshape(len(places), 196), labels[places]


def main(folder: Path) -> None:
    """Write the file from the originals in a folder."""
    names = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    x, y = part(*(read_array(folder / name, name, MOST) for name in names))
    with zipfile.ZipFile(FASHION_MNIST, "w") as archive:
        for name, array in (("x.npy", x), ("y.npy", y)):
            content = io.BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            # The time of a member is that of an archive without times, so that equal content gives equal bytes.
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, content.getvalue(), compress_type=zipfile.ZIP_DEFLATED, compresslevel=9)
    print(f"{FASHION_MNIST}: {FASHION_MNIST.stat().st_size} bytes, {len(x)} rows")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
