"""The step of a stack, compiled by torch: outputs, gradient and update of any model in a few fused loops.

Compiled and eager results differ in their last bits, and so do those of two compilations whose examples differed.
A trial's outcome must not depend on which sizes happened to be trained before it in the same process, so what is
compiled is a function of the sizes alone: one graph for all of them, always made from the same example; one more
for each set of sizes that are 1, which compilers treat apart; and for sizes that such a graph does not admit, one
made for exactly these. No graph is ever recompiled, and nothing runs eagerly that was meant to be compiled: either
raises.
"""

from __future__ import annotations

import os
import shutil
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.func import vmap

from harness.components import Params, Problem, Regime
from harness.engine.draws import digest
from harness.engine.eager_step import Function, eager_step, owned
from harness.engine.feature_major import sample_last
from harness.engine.one_thread import one_thread
from harness.engine.updates import momentum_of

Sizes = tuple[int, int, int]
"""(n, d, k)."""


EXAMPLE: Sizes = (34, 6, 10)
"""Sizes that general graphs are made from, widths in units of the initializer's: all different, as compilers take
sizes that are equal in the example to be equal always."""

EXAMPLE_LANES = 16

BACKEND = "inductor"
"""What torch compiles with."""

AGREE = {torch.float32: 1e-3, torch.float64: 1e-8}
"""Relative distance by which a compiled step may differ from the eager one before it is taken to be wrong."""


class NotCompiled(Exception):
    """A step could not be compiled; the message says why."""


def missing(device: str) -> str:
    """Return what is missing here for compiling; empty if nothing is."""
    if os.environ.get("HARNESS_COMPILE") == "0":
        return "HARNESS_COMPILE=0"
    if device == "cpu":
        program = os.environ.get("CXX", "g++")
        return "" if shutil.which(program) else f"no C++ compiler is installed (looked for {program})"
    try:
        import triton  # noqa: F401  # torch compiles with it
    except ImportError:
        return "triton is not installed"
    return ""


class CompiledStep:
    """One training step of B networks: writes the new weights into the old, returns what was measured before it.

    Called with contiguous weights, inputs stored (B, d, n), and the width, which tells the sizes.
    """

    def __init__(self, regime: Regime, dtype: torch.dtype, device: str) -> None:
        """Compile the general graph, and compare it with the eager step.

        Raises:
            NotCompiled: If that cannot be done.
        """
        self.regime = regime
        self.dtype = dtype
        self.device = device
        self._general: dict[tuple[bool, ...], Function | None] = {}
        self._chosen: dict[Sizes, Function] = {}
        try:
            with strict():
                self._check()
        except NotCompiled:
            raise
        except Exception as error:  # whatever author, tracer and compiler may come up with
            raise NotCompiled(_said(error)) from error

    def __call__(
        self,
        k: int,
        params: Params,
        velocity: Params,
        state: Params,
        x: Tensor,
        y: Tensor,
        scale: Tensor,
        step_size: Tensor,
    ) -> Tensor:
        """Step on the gradient, as :class:`harness.engine.lanes.Lanes` describes the arguments; call in ``strict``.

        Returns:
            f − y (B, n) for criteria of the residual, else f, at the weights before the step.

        Raises:
            NotCompiled: If there is no graph for these sizes and none can be made.
        """
        sizes = (x.shape[1], x.shape[2], k)
        arguments = (params, velocity, state, x, y, scale, step_size)
        known = self._chosen.get(sizes)
        return self._first(sizes, arguments) if known is None else known(*arguments)

    def _first(self, sizes: Sizes, arguments: tuple[Any, ...]) -> Tensor:
        """Step at sizes that are new here, by the general graph if it admits them."""
        from torch._dynamo.exc import RecompileError

        ones = tuple(size == 1 for size in sizes)
        if ones not in self._general:
            self._general[ones] = self._make_general(ones)
        general = self._general[ones]
        if general is not None:
            try:
                found = general(*arguments)
            except RecompileError:  # raised before anything has run
                pass
            else:
                self._chosen[sizes] = general
                return found
        exact = self._compile(dynamic=False)
        try:
            found = exact(*arguments)
        except NotCompiled:
            raise
        except Exception as error:
            n, d, k = sizes
            raise NotCompiled(
                f"the step cannot be compiled at n = {n}, d = {d}, k = {k} ({_said(error)}); "
                "HARNESS_COMPILE=0 trains without compiling"
            ) from error
        self._chosen[sizes] = exact
        return found

    def _make_general(self, ones: tuple[bool, ...]) -> Function | None:
        """Return the graph for all sizes of which just these are 1; None if the model has no example of them."""
        function = self._compile(dynamic=True)
        try:
            function(*self._example(ones))
        except NotCompiled:
            raise
        except Exception:  # sizes of their own may do
            return None
        return function

    def _check(self) -> None:
        """Compile the graph for sizes above 1, and see that it computes what the eager step computes."""
        ones = (False, False, False)
        given, expected = self._example(ones), self._example(ones)
        function = self._compile(dynamic=True)
        row = eager_step(self.regime)(*expected)
        if row.shape != expected[4].shape:
            raise NotCompiled(f"forward returned shape {tuple(row.shape[1:])} for one network; expected (n,)")
        pairs = [(function(*given), row)]
        for part in range(3):
            pairs += [(given[part][name], value) for name, value in expected[part].items()]
        for found, wanted in pairs:
            distance, size = torch.linalg.vector_norm(found - wanted), torch.linalg.vector_norm(wanted)
            if not distance <= AGREE[self.dtype] * size:
                raise NotCompiled(
                    "the compiled step computes something else than the eager one: a relative distance of "
                    f"{float(distance / size):.1g}"
                )
        self._general[ones] = function

    def _compile(self, *, dynamic: bool) -> Function:
        """Return the step as a function that is compiled when it is first called."""
        step = eager_step(self.regime)

        def compiled_step(
            params: Params, velocity: Params, state: Params, x: Tensor, y: Tensor, scale: Tensor, step_size: Tensor
        ) -> Tensor:
            if not torch.compiler.is_compiling():
                raise NotCompiled("torch ran the step without compiling it; is torch.compile switched off?")
            return step(params, velocity, state, x, y, scale, step_size)

        # Compilations are remembered by code object: each graph gets one of its own.
        code = compiled_step.__code__.replace()
        own = types.FunctionType(code, globals(), "compiled_step", None, compiled_step.__closure__)
        made: Function = torch.compile(own, backend=BACKEND, fullgraph=True, dynamic=dynamic)
        return made

    def _example(self, ones: tuple[bool, ...]) -> tuple[Any, ...]:
        """Return arguments of a step at the example's sizes, drawn by the regime's own initializer."""
        regime = self.regime
        n, d, k = (1 if one else size for one, size in zip(ones, EXAMPLE, strict=True))
        if not ones[2]:
            k *= regime.initializer.width_step if regime.model.has_width else 0
        regime.model.shapes(d, k)  # makes a module outside of vmap, where its layers may draw weights
        rng = np.random.default_rng(0)
        problems, drawn = [], []
        for _ in range(EXAMPLE_LANES):
            problem = Problem(rng.standard_normal((n, d)) / np.sqrt(d), rng.standard_normal(n))
            problems.append(problem)
            drawn.append(regime.model.extend(regime.initializer.draw(regime.model, problem, k, rng)))

        def stacked(values: list[Any]) -> Tensor:
            return torch.from_numpy(np.stack(values)).to(self.dtype).to(self.device)

        params = {name: stacked([weights[name] for weights in drawn]) for name in drawn[0]}
        moved = {name: params[name] for name in regime.model.moved(params)}
        beta = momentum_of(regime.optimizer)
        velocity = {name: torch.zeros_like(value) for name, value in moved.items()} if beta else {}
        state = {} if beta is not None else owned(vmap(regime.optimizer.start)(moved))
        size = torch.full((EXAMPLE_LANES,), 1e-2, dtype=self.dtype, device=self.device)
        scale = size.neg() if beta is not None else torch.ones_like(size)
        x = sample_last(stacked([problem.x for problem in problems]))
        return params, velocity, state, x, stacked([problem.y for problem in problems]), scale, size


@contextmanager
def strict() -> Iterator[None]:
    """Run compiled steps so that recompiling raises, on one thread, and quietly where torch warns about itself."""
    import torch._dynamo.config as dynamo

    with warnings.catch_warnings(), one_thread(), torch.no_grad():
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", category=category, module=r"torch\.")
        import torch._inductor.config as inductor

        options: dict[str, Any] = {"error_on_recompile": True, "suppress_errors": False}
        if hasattr(dynamo, "fail_on_recompile_limit_hit"):
            options["fail_on_recompile_limit_hit"] = True
        # Compiling in this very process: a pool of compilers in each worker would outnumber the cores.
        with dynamo.patch(options), inductor.patch({"compile_threads": 1, "cpp.threads": 1}):
            yield


def _said(error: Exception) -> str:
    error = getattr(error, "inner_exception", error)  # what a compiler raised, without torch's account of it
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"


_known: dict[tuple[Any, ...], CompiledStep | str] = {}
"""What was compiled in this process, or why it could not be."""


def compiled_step(regime: Regime, dtype: str, device: str) -> CompiledStep:
    """Return the compiled step of a regime; compiles it at the first call.

    Raises:
        NotCompiled: If it cannot be had here.
    """
    if reason := missing(device):
        raise NotCompiled(reason)
    parts = (regime.model, regime.initializer, regime.optimizer, regime.criterion)
    key = (*map(type, parts), digest([part.spec() for part in parts]), dtype, device)
    known = _known.get(key)
    if known is None:
        try:
            known = CompiledStep(regime, torch.float64 if dtype == "float64" else torch.float32, device)
        except NotCompiled as error:
            known = str(error)
        _known[key] = known
    if isinstance(known, str):
        raise NotCompiled(known)
    return known
