"""Everything that fixes the numbers of a regime's trials, and its form as plain data.

Batches travel to workers as plain data; the worker rebuilds the components from its own plugins and refuses if
their versions differ. The semantic key, under which outcomes are stored, is the hash of the same data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.complaints import Complaint, SpecError
from harness.components import Budget, Continuation, Dataset, Regime, Solver, Theory
from harness.engine.continuations import name_in_files as name_in_files_of
from harness.engine.continuations import named as named_continuation
from harness.engine.draws import digest
from harness.engine.solvers import name_in_files, named
from harness.plugin_host.component_data import component_from, component_spec
from harness.plugin_host.composition import build_regime, regime_spec
from harness.plugin_host.registry import DISTRIBUTION

if TYPE_CHECKING:
    from harness.plugin_host.registry import Registry

STABLE_STEP = 2
"""Version of how λ_max of stable step sizes is computed. It is part of the keys of the trials that have such steps."""


@dataclass(frozen=True)
class Setting:
    """A regime on a dataset under a budget.

    Attributes:
        regime: The four ingredients.
        theory: The theory whose step size the regime uses, if it uses one.
        dataset: Where problems come from.
        resample: Whether each trial has a problem of its own.
        base_seed: The suite's seed.
        steps: Budget.
        tolerances: Progress, decreasing.
        dtype: ``float32`` or ``float64``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        spectrum: Whether the extreme eigenvalues of J₀J₀ᵀ are computed.
        solver: The solver that trains it, or None if the machine chooses.
        held_out: Number of held-out samples.
        validation: Number of validation samples.
        continuation: The continuation that the regime names, or None for the shipped one that can.
        limit: Whether fates with unlimited steps are decided. It changes no number of the training.
        problems: Whether the trials of one seed have the same problem at all widths, or one of their own at each.
    """

    regime: Regime
    theory: Theory | None
    dataset: Dataset
    resample: bool
    base_seed: int
    steps: int
    tolerances: tuple[float, ...]
    dtype: str
    device: str
    spectrum: bool
    solver: Solver | None = None
    held_out: int = 0
    validation: int = 0
    limit: bool = False
    problems: Literal["shared", "by-width"] = "shared"
    continuation: Continuation | None = None

    @property
    def further(self) -> dict[str, int]:
        """Numbers of samples that no network is trained on."""
        return {"held_out": self.held_out, "validation": self.validation}

    @property
    def q(self) -> int:
        """Number of outputs of the networks."""
        return self.dataset.targets().outputs

    @property
    def budget(self) -> Budget:
        """The part of it that solvers see beside the regime."""
        return Budget(self.steps, self.tolerances, self.dtype, self.device, self.base_seed, self.limit)

    def data(self, registry: Registry) -> dict[str, Any]:
        """Return the setting as plain data, with names that are unambiguous in the registry.

        The theory of a regime stands there where its step size is used: another process need not have those that are
        only shown beside it.
        """
        step = {} if self.theory is None else {"theory": component_spec(self.theory, "theory", registry)}
        return {
            "regime": {**regime_spec(self.regime, registry), "theory": self.regime.theory if step else ""},
            **step,
            "dataset": component_spec(self.dataset, "dataset", registry),
            "resample": self.resample,
            "base_seed": self.base_seed,
            "steps": self.steps,
            "tolerances": list(self.tolerances),
            "dtype": self.dtype,
            "device": self.device,
            "spectrum": self.spectrum,
            "solver": None if self.solver is None else name_in_files(self.solver, registry),
            "format": 1 if self.solver is None else self.solver.version,
            # Left out at their default, so that the keys of trials without them stay as they were.
            **{key: size for key, size in self.further.items() if size},
            **({"limit": True} if self.limit else {}),
            **self._fates(registry),
            **({"stable_step": STABLE_STEP} if self.regime.optimizer.step_size == "stable" else {}),
            **({} if self.problems == "shared" else {"problems": self.problems}),
        }

    def _fates(self, registry: Registry) -> dict[str, Any]:
        """Return name and version of the continuation, if the regime names one."""
        one = self.continuation
        return {} if one is None else {"continuation": {"use": name_in_files_of(one, registry), "version": one.version}}


def semantic(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a setting's plain data that fixes numbers.

    Names of regimes, summaries and which of several equal devices was used are left out, and so is the name of the
    regime's theory, which stands by itself if its step size is used. Fates are stored with outcomes or not, and so
    whether they are asked for is left out too. A continuation that the regime names is part of it, because a stored
    trial has one fate.
    """
    whole = data.get("regime", {})
    regime = {key: value for key, value in whole.items() if key not in ("name", "summary", "theory", "solver")}
    rest = {key: value for key, value in data.items() if key != "limit"}
    return {**_plainly({**rest, "regime": regime}), "device": str(data.get("device")).split(":")[0]}


def _plainly(data: Any) -> Any:
    """Return data in which our own components have their short names, whoever else claims these."""
    if isinstance(data, Mapping):
        return {
            key: value.removeprefix(f"{DISTRIBUTION}:") if isinstance(value, str) else _plainly(value)
            for key, value in data.items()
        }
    return [_plainly(value) for value in data] if isinstance(data, list | tuple) else data


def semantic_key(data: Mapping[str, Any]) -> str:
    """Return the key under which outcomes are stored: the hash of what fixes their numbers."""
    return digest(semantic(data))[:20]


def step_theory(regime: Regime, registry: Registry) -> Theory | None:
    """Return the theory whose step size a regime uses; None if it has a policy of its own."""
    if regime.optimizer.step_size != "theory":
        return None
    theory: Theory = registry.find("theory", regime.theory)()
    return theory


def rebuild(data: dict[str, Any], registry: Registry) -> Setting:
    """Return the setting that plain data describe, with the components of this process.

    Raises:
        SpecError: If a component is missing here, or of another version than the one that wrote the data.
    """
    regime = build_regime(data["regime"], registry)
    theory = component_from(registry, "theory", data["theory"]) if "theory" in data else None
    dataset = component_from(registry, "dataset", data["dataset"])
    if not isinstance(dataset, Dataset):
        raise TypeError(f"{dataset!r} is not a dataset")
    return Setting(
        regime=regime,
        theory=theory,  # type: ignore[arg-type]  # checked by kind
        dataset=dataset,
        resample=data["resample"],
        base_seed=data["base_seed"],
        steps=data["steps"],
        tolerances=tuple(data["tolerances"]),
        dtype=data["dtype"],
        device=data["device"],
        spectrum=data["spectrum"],
        solver=_solver(data, registry),
        held_out=data.get("held_out", 0),
        validation=data.get("validation", 0),
        limit=data.get("limit", False),
        problems=data.get("problems", "shared"),
        continuation=_continuation(data, registry),
    )


def _continuation(data: Mapping[str, Any], registry: Registry) -> Continuation | None:
    """Return the continuation that plain data name.

    Raises:
        SpecError: If it is missing here, or of another version than the one that wrote the data.
    """
    given = data.get("continuation")
    if given is None:
        return None
    try:
        found = named_continuation(given["use"], registry)
    except LookupError as error:
        raise SpecError([Complaint("unknown-name", ("continuation",), str(error))]) from error
    if found.version != given["version"]:
        text = f"{found.name} is of version {found.version} here, the setting asks for {given['version']}"
        raise SpecError([Complaint("other-version", ("continuation",), text)])
    return found


def _solver(data: Mapping[str, Any], registry: Registry) -> Solver | None:
    """Return the solver that plain data name.

    Raises:
        SpecError: If it is missing here, or of another version than the one that wrote the data.
    """
    if data["solver"] is None:
        return None
    try:
        solver = named(data["solver"], registry)
    except LookupError as error:
        raise SpecError([Complaint("unknown-name", ("solver",), str(error))]) from error
    if solver.version != data["format"]:
        said = f"{solver.name} is of version {solver.version} here, the setting asks for {data['format']}"
        raise SpecError([Complaint("other-version", ("solver",), said)])
    return solver
