"""Compare convergence theories of shallow networks with what gradient descent does.

The names here are the ones that plugins import; everything else may change.
"""

from __future__ import annotations

from harness.activations import ACTIVATIONS, Activation
from harness.components import (
    ActivationName,
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
