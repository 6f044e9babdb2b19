"""Checks of what hooks return. They run when a plugin is loaded, so that a run does not fail in the middle."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, get_args

from harness.complaints import SpecError, show

if TYPE_CHECKING:
    from harness.components import Component, Theory
    from harness.plugin_host.registry import Kind

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
RESERVED = ("use", "version", "name", "kind")
"""Names that no option may have, because components or suites use them."""

PARTS = ("model", "initializer", "optimizer", "criterion")

BASES: Mapping[Kind, str] = {
    "model": "Model",
    "activation": "Activation",
    "initializer": "Initializer",
    "optimizer": "Optimizer",
    "criterion": "Criterion",
    "dataset": "Dataset",
    "diagnostic": "Diagnostic",
    "theory": "Theory",
}
"""Names of classes of :mod:`harness.components`.

They are names so that ``harness --help`` does not import the classes.
"""

HOOKS: Mapping[str, Kind] = {
    "harness_models": "model",
    "harness_activations": "activation",
    "harness_initializers": "initializer",
    "harness_optimizers": "optimizer",
    "harness_criteria": "criterion",
    "harness_datasets": "dataset",
    "harness_diagnostics": "diagnostic",
    "harness_regimes": "regime",
    "harness_theories": "theory",
    "harness_solvers": "solver",
    "harness_continuations": "continuation",
    "harness_executors": "executor",
    "harness_renderers": "renderer",
    "harness_commands": "command",
}


MOST = 10_000
"""Largest number of things that a hook may provide, so that an endless generator does not hang the harness."""


CLAIM = "Claim(title=…, formula=…, reference=…, guarantee=…, certainty=…, home=…)"
"""The form in which a theory states its claim."""


class ContractError(Exception):
    """A plugin that breaks the contract. The message says how."""


def collect(hook: str, returned: object) -> dict[str, Any]:
    """Check everything that a hook returned.

    Args:
        hook: Name of the hook.
        returned: Value that the plugin's implementation returned.

    Returns:
        Everything that the hook provides, by name.

    Raises:
        ContractError: If something cannot be used, or if two things have the same name.
    """
    kind = HOOKS[hook]
    if not isinstance(returned, Iterable) or isinstance(returned, str | Mapping):
        raise ContractError(f"{hook} returned {_kind_of(returned)}, expected a list")
    items: dict[str, Any] = {}
    for count, item in enumerate(returned):
        if count >= MOST:
            raise ContractError(f"{hook} returned more than {MOST} things; does it ever end?")
        name = _check(hook, kind, item)
        if items.get(name, item) is not item:
            raise ContractError(f"{hook} returned two of the name {show(name)}")
        items[name] = item
    return items


def _kind_of(thing: object) -> str:
    return f"the class {thing.__name__}" if isinstance(thing, type) else f"{type(thing).__name__} {show(thing)}"


def _check(hook: str, kind: Kind, item: Any) -> str:
    if kind == "regime":
        _check_regime(hook, item)
    elif kind == "command":
        import click

        if not isinstance(item, click.Command):
            raise ContractError(f"{hook} returned {_kind_of(item)}, expected a click.Command")
    else:
        _check_class(hook, item, _base(kind))
        if kind in BASES:
            _check_options(item)
        if kind == "theory":
            _check_theory(item)
        if kind in ("solver", "continuation") and type(item.version) is not int:
            raise ContractError(f"{item.__name__} has the version {show(item.version)}, expected a whole number")
    name = item.name
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ContractError(
            f"{_title(item)} has the name {show(name)}, expected lower-case letters, digits and single hyphens"
        )
    return name


def _title(item: Any) -> str:
    return item.__name__ if isinstance(item, type) else type(item).__name__


def _base(kind: Kind) -> type:
    if kind == "solver":
        from harness.components import Solver

        return Solver
    if kind == "continuation":
        from harness.components import Continuation

        return Continuation
    if kind == "executor":
        from harness.components.executor import Executor

        return Executor
    if kind == "renderer":
        from harness.components.table import Renderer

        return Renderer
    from harness import components

    base: type = getattr(components, BASES[kind])
    return base


def _check_class(hook: str, item: Any, base: type) -> None:
    if isinstance(item, base):
        raise ContractError(f"{hook} returned an instance of {type(item).__name__}, expected the class itself")
    if not isinstance(item, type) or not issubclass(item, base):
        raise ContractError(f"{hook} returned {_kind_of(item)}, expected a subclass of {base.__name__}")
    if inspect.isabstract(item):
        missing = ", ".join(sorted(getattr(item, "__abstractmethods__", ())))
        raise ContractError(f"{item.__name__} does not define {missing}, which every {base.__name__} must")


def _check_options(cls: type[Component]) -> None:
    from harness.components import Component, Regime
    from harness.plugin_host.options import configure  # imported late: it imports pydantic, which --help does not need

    # Options of ingredients may be written beside a regime's own keys, so their names must differ.
    taken = {*RESERVED, *(field.name for field in dataclasses.fields(Regime))} if cls.kind in PARTS else RESERVED
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for owner in cls.__mro__:
        if not issubclass(owner, Component):
            continue
        for name, annotation in inspect.get_annotations(owner).items():
            if name not in fields and "ClassVar" not in str(annotation):
                raise ContractError(
                    f"{cls.__name__}.{name} is not an option yet: put @dataclass(frozen=True) above {owner.__name__}"
                )
    for name, field in fields.items():
        if name in taken:
            raise ContractError(f"{cls.__name__} has an option {show(name)}, a word that suites need for themselves")
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ContractError(f"option {show(name)} of {cls.__name__} has no default")
    if unknown := sorted(set(cls.since) - set(fields)):
        raise ContractError(f"{cls.__name__}.since names {show(unknown[0])}, which is not an option of it")
    if type(cls.version) is not int:
        raise ContractError(f"{cls.__name__} has the version {show(cls.version)}, expected a whole number")
    try:
        made = cls()
        again = configure(cls, {**made.options(), **made.parts()}) if fields else made
    except SpecError as error:
        raise ContractError(f"the defaults of {cls.__name__} are no valid options: {error}") from error
    except Exception as error:
        raise ContractError(f"{cls.__name__} cannot be made with its defaults: {error}") from error
    if again != made:
        raise ContractError(f"the options of {cls.__name__} change when they are written as plain data and read back")


def _check_theory(cls: type[Theory]) -> None:
    from harness.components import Certainty, Claim, Exponents, Guarantee, Reference
    from harness.components.claim import REQUIRED

    claim: object = getattr(cls, "claim", None)
    if claim is None:
        missing = [name for name in REQUIRED if not hasattr(cls, name)]
        what = f"its {', '.join(missing)}" if missing != list(REQUIRED) else f"what it claims: claim = {CLAIM}"
        raise ContractError(f"theory {cls.__name__} does not say {what}")
    if not isinstance(claim, Claim):
        raise ContractError(f"{cls.__name__}.claim is {show(claim)}, expected {CLAIM}")
    kinds: dict[str, tuple[str, bool]] = {
        "reference": ("Reference(text, bibtex)", isinstance(claim.reference, Reference)),
        "exponents": ("Exponents((a, b)) or None", isinstance(claim.exponents, Exponents | None)),
        "home": ("a table as in a suite", isinstance(claim.home, Mapping)),
    }
    for name, choices in (("guarantee", get_args(Guarantee)), ("certainty", get_args(Certainty))):
        kinds[name] = (f"one of {', '.join(choices)}", getattr(claim, name) in choices)
    for name, (expected, right) in kinds.items():
        if not right:
            raise ContractError(f"{cls.__name__}.{name} is {show(getattr(claim, name))}, expected {expected}")


def _check_regime(hook: str, item: Any) -> None:
    from harness.components import Regime

    if not isinstance(item, Regime):
        raise ContractError(f"{hook} returned {_kind_of(item)}, expected a Regime")
    for part in PARTS:
        found = getattr(item, part)
        if not isinstance(found, _base(part)):  # type: ignore[arg-type]  # the four parts are kinds
            raise ContractError(f"regime {show(item.name)} has {_kind_of(found)} as its {part}")
