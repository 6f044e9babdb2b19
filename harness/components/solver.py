"""The contract of solvers: what trains networks, and the plain records that it works on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from harness.components.problem import Problem
from harness.components.vocabulary import Array, Outputs, Params, Weights

if TYPE_CHECKING:
    from harness.components.outcome import Outcome
    from harness.components.regime import Regime


@dataclass(frozen=True)
class Trial:
    """A network about to be trained.

    Attributes:
        seed: The trial's number.
        k: Hidden width, or 0 for a model without width.
        problem: Inputs and labels.
        weights: Initial weights by name, float64.
        step_size: η.
        lambda_min: Smallest eigenvalue of J₀J₀ᵀ, or None if the suite does not ask for it.
        lambda_max: Largest eigenvalue of J₀J₀ᵀ, or None likewise.
        kernel: J₀J₀ᵀ, (n, n), float64, or None if nothing needed it.
    """

    seed: int
    k: int
    problem: Problem
    weights: Weights
    step_size: float
    lambda_min: float | None = None
    lambda_max: float | None = None
    kernel: Array | None = None

    @property
    def params(self) -> Params:
        """The initial weights as tensors that share their memory."""
        import torch

        return {name: torch.from_numpy(value) for name, value in self.weights.items()}


class LastWeights:
    """The weights with which networks ended, kept for as long as something goes on from them."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Weights, int]] = {}

    def keep(self, trial: Trial, weights: Weights, steps: int) -> None:
        """Keep the weights of a trial.

        Args:
            trial: The trial as the solver was given it.
            weights: All weights by name, float64, in memory of their own.
            steps: Steps after which the network had them.
        """
        self._kept[id(trial)] = (weights, steps)

    def take(self, trial: Trial) -> tuple[Weights, int] | None:
        """Return weights and steps of a trial, and keep them no longer; None if its solver handed over none."""
        return self._kept.pop(id(trial), None)


@dataclass(frozen=True)
class Budget:
    """The limits of a training run.

    Attributes:
        steps: Largest number of steps.
        tolerances: Measures whose first steps are recorded, decreasing. A run ends at the last of them.
        dtype: ``float32`` or ``float64``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        seed: The suite's seed, from which the order of minibatches follows.
        limit: Whether fates with unlimited steps are wanted. Solvers that decide them leave them out otherwise.
        last_weights: Where a :class:`harness.components.Recorder` puts the weights with which networks end, or None if
            nothing goes on from them.
    """

    steps: int
    tolerances: tuple[float, ...]
    dtype: str = "float32"
    device: str = "cpu"
    seed: int = 0
    limit: bool = False
    last_weights: LastWeights | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Grouping:
    """Groups of the trials of a cell.

    Attributes:
        batch: Largest number of trials that a worker gets at a time.
        fixed: Whether trials are grouped by blocks of ``batch`` consecutive seeds. Needed if the last bit of a result
            may depend on the place of a trial in its group, or on the size of the group.
        alone: Whether trials are handed to the solver one by one. A trial that raises then costs no other one.
    """

    batch: int = 64
    fixed: bool = False
    alone: bool = False

    def split(self, seeds: Sequence[int], idle: int = 0) -> list[list[int]]:
        """Return the seeds in groups of at most ``batch``.

        Args:
            seeds: Numbers of the trials.
            idle: Number of workers without work; groups are made smaller for them unless they are fixed.

        >>> Grouping(4).split(range(6)), Grouping(4, fixed=True).split(range(6))
        ([[0, 1, 2], [3, 4, 5]], [[0, 1, 2, 3], [4, 5]])
        """
        if self.fixed:
            blocks: dict[int, list[int]] = {}
            for seed in seeds:
                blocks.setdefault(seed // self.batch, []).append(seed)
            return list(blocks.values())
        parts = max(-(-len(seeds) // self.batch), min(idle, len(seeds) // 4), 1)
        size = max(-(-len(seeds) // parts), 1)
        return [list(seeds[i : i + size]) for i in range(0, len(seeds), size)]


@dataclass(frozen=True)
class Solver(ABC):
    """An algorithm that trains the trials of a cell.

    The shipped solvers are asked in a fixed order, and the first that can train a regime does. A plugin's solver trains
    where the suite names it, or where no shipped one can. Installing a package never changes a number.

    The outcome of a trial must not depend on the other trials it is trained with, to the last bit. A
    :class:`harness.components.Recorder` turns measures and weights into outcomes.

    Attributes:
        name: Name in suites and tables; lower-case letters, digits and hyphens.
        stored: Name in stored files, if it differs.
        version: Raised when the solver gives other numbers for the same setting. Stored trials are then trained again.
        summary: One line: what it trains.
        devices: Kinds of devices it runs on.
        preference: Place among the shipped solvers, which are asked in increasing order.
        closed_form: Whether the time of a trial does not depend on the number of steps.
        pools: Whether trials of several cells and regimes can share a launch, see :meth:`train_several`.
        decides_fates: Whether its outcomes come with their fates, so that no continuation is needed.
        depends_on_compiler: Whether numbers depend on the C++ compiler of the machine.
        outputs: ``any`` if networks of any number of outputs are trained.
        records_marks: Whether it records first hits of further measures, see :meth:`harness.Criterion.further`.
    """

    name: ClassVar[str] = ""
    stored: ClassVar[str] = ""
    version: ClassVar[int] = 1
    summary: ClassVar[str] = ""
    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    preference: ClassVar[int] = 1000
    closed_form: ClassVar[bool] = False
    pools: ClassVar[bool] = False
    decides_fates: ClassVar[bool] = False
    depends_on_compiler: ClassVar[bool] = False
    outputs: ClassVar[Outputs] = "one"
    records_marks: ClassVar[bool] = False

    @abstractmethod
    def refuses(self, regime: Regime) -> str:
        """Return why the solver cannot train a regime on any machine, or an empty string if it can."""

    def missing(self, dtype: str, device: str) -> str:
        """Return what this machine lacks, or an empty string; the first call may compile what is needed."""
        return ""

    def why_not(self, regime: Regime, dtype: str, device: str, q: int = 1) -> str:
        """Return why the solver cannot train a regime here, or an empty string if it can.

        Args:
            regime: What is trained.
            dtype: ``float32`` or ``float64``.
            device: ``cpu``, ``cuda`` or ``cuda:N``.
            q: Number of outputs.
        """
        return self.unfit(regime, q) or self.elsewhere(device) or self.missing(dtype, device)

    def unfit(self, regime: Regime, q: int = 1) -> str:
        """Return why the solver cannot train a regime with q outputs on any machine, or an empty string if it can."""
        marks = "" if self.records_marks or not regime.criterion.further() else "it records no errors and no margins"
        return self.of_several(q) or marks or self.refuses(regime)

    def of_several(self, q: int) -> str:
        """Return why the solver cannot train networks of q outputs, or an empty string if it can."""
        return "" if q == 1 or self.outputs == "any" else f"it trains networks of one output, not of {q}"

    def elsewhere(self, device: str) -> str:
        """Return why the solver does not run on a device of this kind, or an empty string if it does."""
        kind = device.partition(":")[0]
        return "" if kind in self.devices else f"it runs on {' and '.join(self.devices)}, not on {kind}"

    def pays(self, ahead: float) -> bool:
        """Return whether preparing the solver is worth it for so many network-steps."""
        return True

    def made(self, dtype: str, device: str) -> str:
        """Return what was made on this machine for the solver, such as a compiled library, or an empty string."""
        return ""

    def grouping(self, regime: Regime, budget: Budget, n: int, d: int, k: int) -> Grouping:
        """Return how trials of n samples, input dimension d and width k are put together."""
        return Grouping(alone=True)

    @abstractmethod
    def train(self, regime: Regime, trials: Sequence[Trial], budget: Budget) -> Iterable[Outcome]:
        """Train trials of one cell to their ends.

        Args:
            regime: What is trained.
            trials: One group, see :meth:`grouping`.
            budget: Steps, tolerances, precision and device.

        Returns:
            One outcome per trial, in their order. The engine fills in ``solver``, ``device`` and ``seconds``.
        """

    def train_several(self, tasks: Sequence[tuple[Regime, Sequence[Trial], Budget]]) -> list[list[Outcome]]:
        """Train the arguments of several calls of :meth:`train`, in common launches if the solver ``pools``."""
        return [list(self.train(*task)) for task in tasks]
