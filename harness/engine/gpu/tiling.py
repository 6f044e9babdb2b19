"""Tile sizes of the GPU kernels. They depend only on the shape of a network, not on other networks in the launch."""

from __future__ import annotations

from dataclasses import dataclass

LEAST, LEAST_NEURONS = 16, 8
"""Fewest samples and features of a tile, over which Triton's products sum, and fewest neurons."""

RESIDENT_SAMPLES = 256
RESIDENT = 256 * 32 * 32
"""Most n·d·k, padded to powers of two, of a network that stays on its processor; a quarter of it in double precision.

A product of that size gives each of 256 threads a thousand fused multiply-adds and 32 sums: about half of its
registers. Larger ones spill.
"""

RESIDENT_SIDE = 128
"""Most features, and most neurons, of such a network."""

LARGE = 1 << 26
"""Least n·d·k of a network that is trained by matrix products of the libraries, which share it among all processors.

One processor of a hundred takes milliseconds for such a step, and the device some tens of microseconds. Many smaller
networks fill the device by themselves, and then the launches of the libraries cost more than they gain.
"""

STREAMED_SAMPLES = 128
STREAMED_SIDE = 32


@dataclass(frozen=True)
class Tiling:
    """The shape of a network's tiles.

    Attributes:
        samples: Samples in a tile.
        features: Input dimensions in a tile.
        neurons: Neurons in a tile.
        warps: Groups of 32 threads that work on one network.
        resident: Whether one tile is the whole network, which then stays in registers and shared memory; otherwise its
            tiles are streamed, from the first- and second-level caches where they fit.
    """

    samples: int
    features: int
    neurons: int
    warps: int
    resident: bool

    @classmethod
    def of(cls, n: int, d: int, k: int, *, double: bool) -> Tiling:
        """Return the tiling of a network of n samples, d features (biases included) and k neurons.

        >>> Tiling.of(100, 20, 5, double=False)
        Tiling(samples=128, features=32, neurons=8, warps=4, resident=True)
        >>> Tiling.of(200, 20, 10, double=False)
        Tiling(samples=256, features=32, neurons=16, warps=4, resident=True)
        >>> Tiling.of(800, 60, 64, double=False)
        Tiling(samples=128, features=32, neurons=32, warps=4, resident=False)
        """
        samples, features = (max(LEAST, _power_of_two(size)) for size in (n, d))
        neurons = max(LEAST_NEURONS, _power_of_two(k))
        size = samples * features * max(LEAST, neurons)
        fits = samples <= RESIDENT_SAMPLES and max(features, neurons) <= RESIDENT_SIDE
        if fits and size <= (RESIDENT // 4 if double else RESIDENT):
            return cls(samples, features, neurons, 8 if 2 * size > RESIDENT or double else 4, resident=True)
        most = STREAMED_SAMPLES // 2 if double else STREAMED_SAMPLES
        sides = min(features, STREAMED_SIDE), min(neurons, STREAMED_SIDE)
        return cls(min(samples, most), *sides, warps=8 if double else 4, resident=False)

    def padded(self, n: int, d: int, k: int) -> tuple[int, int, int]:
        """Return the sizes rounded up to whole tiles."""
        sides = (n, self.samples), (d, self.features), (k, self.neurons)
        rows, columns, neurons = (-(-size // tile) * tile for size, tile in sides)
        return rows, columns, neurons


def is_large(size: int) -> bool:
    """Return whether a network of so large an n·d·k is trained by the libraries' products.

    >>> is_large(2000 * 100 * 100), is_large(5000 * 784 * 300)
    (False, True)
    """
    return size >= LARGE


def _power_of_two(size: int) -> int:
    """Return the least power of two that is not below ``size``."""
    return 1 << max(size - 1, 0).bit_length()
