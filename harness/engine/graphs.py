"""Steps of fixed shapes, captured in a CUDA graph.

A small network's kernel takes less time than its launch. A chunk of steps launches the same kernels on the same memory
each time, so it is recorded once and then replayed in one launch; the numbers are those of the kernels, hence the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class CapturedSteps:
    """Runs a chunk of steps: the first time as they are, from the second on as a graph.

    The first run is at once the warm-up that capturing needs, so it takes place on a side stream: libraries set up
    their workspaces there. Where capturing fails, as with code that waits for the device, this is said, and steps go on
    as they are; nothing has run by then, so nothing is lost. If it is given what steps change, the first replay is
    compared with the same steps as they are, and the graph is dropped unless all bits are equal.
    """

    def __init__(
        self, advance: Callable[[int], None], count: int, device: torch.device, changes: Sequence[Tensor] = ()
    ) -> None:
        """Take what does a step.

        Args:
            advance: Does step i of a chunk, always on the same tensors of the device.
            count: Steps of a chunk.
            device: The device.
            changes: The tensors that a step reads and changes, or none if the first replay is not to be compared.
        """
        self._device = device
        self._changes = changes
        self._advance = advance
        self._count = count
        self._warm = False
        self._graph: torch.cuda.CUDAGraph | None = None
        self._refused = False

    def run(self) -> None:
        """Advance by one chunk."""
        with torch.cuda.device(self._device):
            if self._graph is None and self._warm and not self._refused:
                self._capture()
                if self._graph is not None and self._changes:
                    self._compare(self._graph)
                    return
            if self._graph is not None:
                self._graph.replay()
            elif self._warm:
                self._steps()
            else:
                self._warm_up()

    def _steps(self) -> None:
        for i in range(self._count):
            self._advance(i)

    def _warm_up(self) -> None:
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch's own
        current = torch.cuda.current_stream()
        side.wait_stream(current)
        with torch.cuda.stream(side):
            self._steps()
        current.wait_stream(side)
        self._warm = True

    def _capture(self) -> None:
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize()
        try:
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._steps()
        except Exception as error:  # whatever the model, the criterion or the optimizer does that cannot be captured
            torch.cuda.synchronize()
            self._refuse((str(error).strip().splitlines() or ["no message"])[0])
            return
        self._graph = graph

    def _compare(self, graph: torch.cuda.CUDAGraph) -> None:
        """Advance by one chunk in both ways from the same numbers, and keep the graph if the results are equal."""
        before = [tensor.clone() for tensor in self._changes]
        graph.replay()
        replayed = [tensor.clone() for tensor in self._changes]
        for tensor, value in zip(self._changes, before, strict=True):
            tensor.copy_(value)
        self._steps()
        if not all(torch.equal(ours, theirs) for ours, theirs in zip(replayed, self._changes, strict=True)):
            self._graph = None
            self._refuse("it gives other numbers")

    def _refuse(self, said: str) -> None:
        self._refused = True
        warnings.warn(f"steps are launched one by one: no CUDA graph of them ({said})", RuntimeWarning, stacklevel=4)
