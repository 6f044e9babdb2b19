"""Ingredients of a regime that do not accept the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.complaints import Complaint, show
from harness.components import Initializer, Optimizer
from harness.plugin_host.registry import Kind, Registry

PART_BASES: Mapping[str, Any] = {"initializer": Initializer, "optimizer": Optimizer}
"""The ingredients that say which models they accept, by the class that declares it."""


def not_accepted(parts: Mapping[str, Any], spec: Mapping[str, Any], registry: Registry) -> Iterator[Complaint]:
    """Yield a complaint about each ingredient that does not accept the others, with the names of those that would.

    Args:
        parts: The ingredients by their kinds. Nothing is known if one of them is None.
        spec: Table of the suite, whose keys the complaints name.
        registry: Plugins in which others are looked up.
    """
    if any(part is None for part in parts.values()):
        return
    model, optimizer, criterion = parts["model"], parts["optimizer"], parts["criterion"]
    others = f"optimizer {show(optimizer.name)} and criterion {show(criterion.name)}"
    asked: list[tuple[Kind, str, Callable[[Any], bool]]] = [
        ("initializer", f"model {show(model.name)}", lambda made: made.accepts(model)),
        ("optimizer", f"model {show(model.name)}", lambda made: made.accepts(model)),
        ("model", others, lambda made: made.accepts(optimizer, criterion)),
    ]
    for part, beside, accepts in asked:
        if message := _refusal(parts[part], part, beside, accepts, registry):
            path = (part,) if part in spec else ("model",) if "model" in spec else ()
            yield Complaint("not-accepted", path, message)
    if message := _refused_noise(model, optimizer):
        yield Complaint("not-accepted", ("optimizer",) if "optimizer" in spec else (), message)


def _refused_noise(model: Any, optimizer: Any) -> str:
    """Return why minibatches cannot train a model with noise, or an empty string if that is not asked for."""
    try:
        refused = model.activation_noise() is not None and not optimizer.full_batch()
    except Exception as error:  # plugins may fail in any way
        return f"model {show(model.name)} cannot be asked for its noise ({type(error).__name__}: {error})"
    needed = "needs all samples in each step, as it has noise on its activations"
    return f"model {show(model.name)} {needed}: leave out batch of optimizer {show(optimizer.name)}" if refused else ""


def _refusal(made: Any, part: Kind, others: str, accepts: Callable[[Any], bool], registry: Registry) -> str:
    """Return why an ingredient does not accept the others, or an empty string."""
    subject = f"{part} {show(made.name)}"
    try:
        accepted = accepts(made)
    except Exception as error:  # plugins may fail in any way
        return f"{subject} cannot be asked whether it accepts {others} ({type(error).__name__}: {error})"
    if accepted:
        return ""
    said = f"{subject} needs {made.needs}, not {others}" if made.needs else f"{subject} does not accept {others}"
    fits = ", ".join(show(name) for name in _fitting(part, accepts, registry)) if part in PART_BASES else ""
    return f"{said}; use {fits}" if fits else said


def _fitting(part: Kind, accepts: Callable[[Any], bool], registry: Registry) -> Iterator[str]:
    """Yield the names of the components that say, at their default options, that they accept the others."""
    base = PART_BASES[part].accepts
    for name in registry.names(part):
        cls = registry.find(part, name)
        try:
            if cls.accepts is not base and accepts(cls()):
                yield name
        except Exception:  # as above: another plugin's fault is no reason to say less
            continue
