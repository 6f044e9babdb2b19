"""Compare convergence theories of shallow networks with what gradient descent does.

The names here are the ones that plugins import; everything else may change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.activation_names import ActivationName
    from harness.activations import ACTIVATIONS, Activation
    from harness.components import (
        Array,
        Assumption,
        Cell,
        Certainty,
        Component,
        Construction,
        Criterion,
        Dataset,
        Diagnostic,
        Exponents,
        Fraction,
        Guarantee,
        Initializer,
        Model,
        ModelTraits,
        Network,
        NonNegative,
        Optimizer,
        Outcome,
        PairedBalls,
        Params,
        Positive,
        PositiveInt,
        Problem,
        Regime,
        ResidualCriterion,
        ShallowForm,
        Stack,
        StepSize,
        Theory,
        Trained,
        Verdict,
        Weights,
        Width,
    )
    from harness.executors.base import Batch, Executor
    from harness.hookspecs import hookimpl
    from harness.module_model import ModuleDefault, ModuleModel
    from harness.report.table import Renderer, Table

__version__ = "0.1.0"

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "ActivationName",
    "Array",
    "Assumption",
    "Batch",
    "Cell",
    "Certainty",
    "Component",
    "Construction",
    "Criterion",
    "Dataset",
    "Diagnostic",
    "Executor",
    "Exponents",
    "Fraction",
    "Guarantee",
    "Initializer",
    "Model",
    "ModelTraits",
    "ModuleDefault",
    "ModuleModel",
    "Network",
    "NonNegative",
    "Optimizer",
    "Outcome",
    "PairedBalls",
    "Params",
    "Positive",
    "PositiveInt",
    "Problem",
    "Regime",
    "Renderer",
    "ResidualCriterion",
    "ShallowForm",
    "Stack",
    "StepSize",
    "Table",
    "Theory",
    "Trained",
    "Verdict",
    "Weights",
    "Width",
    "hookimpl",
]

_HOMES = {
    "ACTIVATIONS": "harness.activations",
    "Activation": "harness.activations",
    "Array": "harness.components",
    "Assumption": "harness.components",
    "Cell": "harness.components",
    "Certainty": "harness.components",
    "Component": "harness.components",
    "Construction": "harness.components",
    "Criterion": "harness.components",
    "Dataset": "harness.components",
    "Diagnostic": "harness.components",
    "Exponents": "harness.components",
    "Fraction": "harness.components",
    "Guarantee": "harness.components",
    "Initializer": "harness.components",
    "Model": "harness.components",
    "ModelTraits": "harness.components",
    "Network": "harness.components",
    "NonNegative": "harness.components",
    "Optimizer": "harness.components",
    "Outcome": "harness.components",
    "PairedBalls": "harness.components",
    "Params": "harness.components",
    "Positive": "harness.components",
    "PositiveInt": "harness.components",
    "Problem": "harness.components",
    "Regime": "harness.components",
    "ResidualCriterion": "harness.components",
    "ShallowForm": "harness.components",
    "Stack": "harness.components",
    "StepSize": "harness.components",
    "Theory": "harness.components",
    "Trained": "harness.components",
    "Verdict": "harness.components",
    "Weights": "harness.components",
    "Width": "harness.components",
    "Batch": "harness.executors.base",
    "Executor": "harness.executors.base",
    "hookimpl": "harness.hookspecs",
    "ModuleDefault": "harness.module_model",
    "ModuleModel": "harness.module_model",
    "Renderer": "harness.report.table",
    "Table": "harness.report.table",
    "ActivationName": "harness.activation_names",
}
"""Where each public name is defined; modules are imported when a name of theirs is first asked for."""


def __getattr__(name: str) -> object:
    """Import a public name: a list of verbs, or a plugin that is only looked at, does without NumPy."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
