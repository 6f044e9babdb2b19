"""Networks on the device: their buffers, the launches that train them, and what is read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harness.components import Activation
from harness.engine.descent import Floats, ShallowTrial, Trained
from harness.engine.gpu.launch import multiprocessors, steps_of_program
from harness.engine.gpu.table import FIELDS, NUMBERS
from harness.engine.gpu.tiling import Tiling

NEVER = -1
"""A step that does not come: where hits and marks stand for none."""


@dataclass(frozen=True)
class Family:
    """What networks of one launch have in common: the program that trains them.

    Attributes:
        activation: φ.
        hidden: Whether W trains.
        output: Whether v and c train.
        double: Precision.
        tiling: Shape of the tiles.
    """

    activation: Activation
    hidden: bool
    output: bool
    double: bool
    tiling: Tiling

    @classmethod
    def of(cls, net: ShallowTrial) -> Family:
        """Return the family of a network."""
        descent, double = net.descent, net.budget.dtype == "float64"
        n, d = net.x.shape
        tiling = Tiling.of(n, d, len(net.v), double=double)
        return cls(descent.activation, descent.hidden, descent.output, double, tiling)

    def bytes_of(self, net: ShallowTrial) -> int:
        """Return the memory that a network takes on the device, if it shares its inputs with none."""
        n, d = net.x.shape
        rows, columns, neurons = self.tiling.padded(n, d, len(net.v))
        scratch = 0 if self.tiling.resident else neurons * rows * (self.hidden + self.output) + rows
        reals = rows * columns + rows + 2 * neurons * columns + 2 * neurons + scratch
        return reals * (8 if self.double else 4) + 8 * (net.descent.steps // net.descent.every + 1)


class Buffer:
    """Arrays laid one after the other, each on a multiple of 32 numbers."""

    def __init__(self, dtype: type[np.number[Any]]) -> None:
        self.dtype = dtype
        self.size = 0
        self._parts: list[tuple[int, NDArray[Any]]] = []

    def room(self, size: int) -> int:
        """Return where so many zeros stand."""
        start = self.size
        self.size += -(-size // 32) * 32
        return start

    def put(self, values: NDArray[Any]) -> int:
        """Return where these numbers stand."""
        start = self.room(values.size)
        self._parts.append((start, values))
        return start

    def on(self, device: str) -> torch.Tensor:
        """Return the whole on a device."""
        whole = np.zeros(max(self.size, 1), dtype=self.dtype)
        for start, values in self._parts:
            whole[start : start + values.size] = values.reshape(-1)
        self._parts.clear()
        return torch.from_numpy(whole).to(device)


class Fleet:
    """Networks of one family that are trained in the same launches.

    Attributes:
        nets: The networks.
        family: Their family.
    """

    def __init__(self, nets: Sequence[ShallowTrial], family: Family, device: str) -> None:
        """Bring the networks to the device."""
        self.nets = list(nets)
        self.family = family
        self._device = device
        self._real = np.float64 if family.double else np.float32
        self._table = np.zeros((len(nets), len(FIELDS)), dtype=np.int64)
        self._numbers = np.zeros((len(nets), len(NUMBERS)))
        reals, doubles, longs = Buffer(self._real), Buffer(np.float64), Buffer(np.int64)
        shared: dict[bytes, int] = {}
        for i, net in enumerate(self.nets):
            self._table[i] = self._row(net, reals, doubles, longs, shared)
            rate = net.descent.step_size
            bias_rate = rate if net.c is not None else 0.0
            self._numbers[i] = rate, bias_rate, net.descent.momentum, net.descent.diverged, np.nan
        self._reals, self._doubles, self._longs = (buffer.on(device) for buffer in (reals, doubles, longs))
        self._numbers_there = torch.from_numpy(self._numbers).to(device)

    def _row(
        self, net: ShallowTrial, reals: Buffer, doubles: Buffer, longs: Buffer, shared: dict[bytes, int]
    ) -> list[int]:
        """Lay out one network; networks of equal inputs share them."""
        (n, d), k = net.x.shape, len(net.v)
        family, descent = self.family, net.descent
        rows, columns, neurons = family.tiling.padded(n, d, k)

        def padded(values: Floats, *shape: int) -> Floats:
            whole = np.zeros(shape, dtype=self._real)
            whole[tuple(slice(size) for size in values.shape)] = values
            return whole

        x = padded(net.x, rows, columns)
        name = x.tobytes()
        if name not in shared:
            shared[name] = reals.put(x)
        scratch = 0 if family.tiling.resident else neurons * rows
        fields = {
            "n": n,
            "k": k,
            "rows": rows,
            "columns": columns,
            "neurons": neurons,
            "x": shared[name],
            "y": reals.put(padded(net.labels, rows)),
            "w": reals.put(padded(net.w, neurons, columns)),
            "w_velocity": reals.room(neurons * columns),
            "v": reals.put(padded(net.v, neurons)),
            "v_velocity": reals.room(neurons),
            "c": reals.put(np.array([net.c or 0.0, 0.0], dtype=self._real)),
            "slopes": reals.room(scratch if descent.hidden else 0),
            "phis": reals.room(scratch if descent.output else 0),
            "residuals": reals.room(rows if scratch else 0),
            "norms": doubles.put(np.array([*descent.norms, -1.0])),
            "history": doubles.room(descent.steps // descent.every + 1),
            "curve": doubles.room(len(descent.marks)),
            "marks": longs.put(np.array([*descent.marks, NEVER], dtype=np.int64)),
            "hits": longs.put(np.full(len(descent.norms), NEVER, dtype=np.int64)),
            "every": descent.every,
            "steps": descent.steps,
        }
        return [fields.get(field, 0) for field in FIELDS]

    def _column(self, field: str) -> NDArray[np.int64]:
        """Return a column of the table, which may be written to."""
        return self._table[:, FIELDS.index(field)]

    @property
    def running(self) -> NDArray[np.int64]:
        """The networks that have not ended."""
        return np.flatnonzero(self._column("ended") == 0)

    @property
    def steps(self) -> NDArray[np.int64]:
        """Steps that each network has taken."""
        return self._column("step").copy()

    @property
    def most_steps(self) -> int:
        """Most steps of a launch of those that have not ended."""
        running = self.running
        sizes = self._column("rows") * self._column("columns") * self._column("neurons")
        largest, processors = int(sizes[running].max()), multiprocessors(self._device)
        return steps_of_program(largest, len(running), processors, double=self.family.double)

    def advance(self, until: NDArray[np.int64]) -> None:
        """Begin to train those that have not ended up to a step each, in one launch. :meth:`wait` must follow."""
        from harness.engine.gpu import kernels
        from harness.engine.gpu.activations import with_activation

        self._column("until")[:] = until
        running = self.running
        self._table_there = torch.from_numpy(self._table).to(self._device, copy=True)
        family, tiling = self.family, self.family.tiling
        program = kernels.resident if tiling.resident else kernels.streamed
        with_activation(program, family.activation)[(len(running),)](
            torch.from_numpy(running).to(self._device),
            self._table_there,
            self._numbers_there,
            self._reals,
            self._doubles,
            self._longs,
            TERMS=16 if family.double else 7,
            HIDDEN=family.hidden,
            OUTPUT=family.output,
            SAMPLES=tiling.samples,
            FEATURES=tiling.features,
            NEURONS_=tiling.neurons,
            num_warps=tiling.warps,
            num_stages=1,
            enable_fp_fusion=True,
        )

    def wait(self) -> None:
        """Wait for the launch, and read how far the networks came."""
        self._table = self._table_there.cpu().numpy().copy()

    def weights(self, i: int) -> tuple[Floats, Floats, float]:
        """Return W with biases, v and c of a network, now."""
        net, reals = self.nets[i], self._reals
        (k, d), row = net.w.shape, dict(zip(FIELDS, self._table[i].tolist(), strict=True))
        w = reals[row["w"] : row["w"] + k * row["columns"]].cpu().numpy().reshape(k, -1)
        v = reals[row["v"] : row["v"] + k].cpu().numpy()
        return w[:, :d].copy(), v.copy(), float(reals[row["c"]])

    def trained(self) -> list[Trained]:
        """Return what was found, when all have ended."""
        doubles, longs = self._doubles.cpu().numpy(), self._longs.cpu().numpy()
        reals, numbers = self._reals.cpu().numpy(), self._numbers_there.cpu().numpy()
        found = []
        for net, numbers_of, fields in zip(self.nets, numbers, self._table.tolist(), strict=True):
            row = dict(zip(FIELDS, fields, strict=True))
            (k, d), taken = net.w.shape, row["step"]
            hits = longs[row["hits"] : row["hits"] + len(net.descent.norms)]
            w = reals[row["w"] : row["w"] + k * row["columns"]].reshape(k, -1)
            found.append(
                Trained(
                    hits=tuple(int(hit) if hit >= 0 else None for hit in hits),
                    steps=taken,
                    norm=float(numbers_of[NUMBERS.index("norm")]),
                    diverged=bool(row["diverged"]),
                    history=doubles[row["history"] :][: taken // net.descent.every + 1],
                    curve=doubles[row["curve"] :][: row["mark"]],
                    w=w[:, :d],
                    v=reals[row["v"] : row["v"] + k],
                    c=float(reals[row["c"]]),
                )
            )
        return found
