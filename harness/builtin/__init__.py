"""General components: the shallow net, its usual initializers, first-order methods, criteria, data.

A plugin like any other: it imports the public names of ``harness`` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness import (
        Activation,
        Continuation,
        Criterion,
        Dataset,
        Diagnostic,
        Executor,
        Initializer,
        Model,
        Optimizer,
        Renderer,
        Solver,
    )


@hookimpl
def harness_models() -> Iterable[type[Model]]:
    """Provide the shallow net, with noise or without, and nets of several hidden layers."""
    from harness.builtin.deep import DeepNet
    from harness.builtin.models import ShallowNet
    from harness.builtin.noisy import NoisyNet

    return [ShallowNet, NoisyNet, DeepNet]


@hookimpl
def harness_activations() -> Iterable[type[Activation]]:
    """Provide the usual activations, from the ReLU to the sine."""
    from harness.mathematics.activations.table import SHIPPED

    return SHIPPED


@hookimpl
def harness_initializers() -> Iterable[type[Initializer]]:
    """Provide the usual weights of shallow and of deep nets, and those that a module draws for itself."""
    from harness import ModuleDefault
    from harness.builtin.deep import FanIn
    from harness.builtin.initializers import GaussianHalves, He, LeCun, MirroredLeCun, Xavier

    return [GaussianHalves, LeCun, He, Xavier, MirroredLeCun, FanIn, ModuleDefault]


@hookimpl
def harness_optimizers() -> Iterable[type[Optimizer]]:
    """Provide gradient descent, momentum, minibatch SGD, normalised gradient descent, Adam and AdamW."""
    from harness.builtin.adaptive import Adam, AdamW, NormalisedGradientDescent
    from harness.builtin.optimizers import GradientDescent, Momentum, StochasticGradientDescent

    return [GradientDescent, Momentum, StochasticGradientDescent, NormalisedGradientDescent, Adam, AdamW]


@hookimpl
def harness_criteria() -> Iterable[type[Criterion]]:
    """Provide the relative residual, the published MSE/√n, and the losses of two and of more classes."""
    from harness.builtin.criteria import CrossEntropy, Hinge, Logistic, MeanSquareOverRoot, Quadratic, SquaredHinge

    return [Quadratic, MeanSquareOverRoot, Logistic, CrossEntropy, Hinge, SquaredHinge]


@hookimpl
def harness_diagnostics() -> Iterable[type[Diagnostic]]:
    """Provide errors on training, held-out and validation samples, ranks of the Jacobian, and a kernel of deep nets."""
    from harness.builtin.deep import PairKernel
    from harness.builtin.diagnostics import DIAGNOSTICS

    return [*DIAGNOSTICS, PairKernel]


@hookimpl
def harness_datasets() -> Iterable[type[Dataset]]:
    """Provide synthetic inputs, inputs of a difficult shape, real data, and the user's own table."""
    from harness.builtin.datasets import DATASETS

    return DATASETS


@hookimpl
def harness_solvers() -> Iterable[type[Solver]]:
    """Provide the solvers of the engine, in the order in which they are asked."""
    from harness.engine.solvers import shipped

    return [type(solver) for solver in shipped()]


@hookimpl
def harness_continuations() -> Iterable[type[Continuation]]:
    """Provide what decides the fates of trials, in the order in which it is asked."""
    from harness.engine.continuations import shipped

    return [type(continuation) for continuation in shipped()]


@hookimpl
def harness_executors() -> Iterable[type[Executor]]:
    """Provide the processes of this machine, this very process, for debuggers and for a GPU, and Dask clusters."""
    from harness.executors.dask import Dask
    from harness.executors.in_process import InProcess
    from harness.executors.local import Local
    from harness.executors.pooled import Pooled

    return [Local, InProcess, Pooled, Dask]


@hookimpl
def harness_renderers() -> Iterable[type[Renderer]]:
    """Provide the terminal, Markdown, CSV and JSON."""
    from harness.builtin.renderers import RENDERERS

    return RENDERERS
