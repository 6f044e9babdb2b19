"""The claims of this plugin, in the order in which tables show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness_moderate.theories.certificates import CertificateD1, CertificateD3
from harness_moderate.theories.counts import CountAll, CountHidden, CountOutput
from harness_moderate.theories.output_layer import OutputLayer
from harness_moderate.theories.relu import ReLU, ReLUCovariance, ReLUSphere, ReLUStochastic
from harness_moderate.theories.smooth import Covariance, Smooth, SmoothSphere, SmoothStochastic

if TYPE_CHECKING:
    from harness import Theory

THEORIES: tuple[type[Theory], ...] = (
    CountHidden,
    CountAll,
    CountOutput,
    Smooth,
    SmoothSphere,
    SmoothStochastic,
    Covariance,
    ReLU,
    ReLUSphere,
    ReLUStochastic,
    ReLUCovariance,
    OutputLayer,
    CertificateD1,
    CertificateD3,
)
"""All theories of the plugin."""
