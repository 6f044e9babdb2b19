"""The claims of this plugin, in the order in which tables show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness_moderate.theories import certificates, counts, hidden_layer, labels, output_layer, trained

if TYPE_CHECKING:
    from harness import Theory

THEORIES: tuple[type[Theory], ...] = (
    counts.CountHidden,
    counts.CountAll,
    counts.CountOutput,
    counts.CountDeep,
    labels.CountLabellings,
    hidden_layer.Smooth,
    hidden_layer.SmoothSphere,
    hidden_layer.SmoothStochastic,
    hidden_layer.Covariance,
    hidden_layer.ReLU,
    hidden_layer.ReLUSphere,
    hidden_layer.ReLUStochastic,
    hidden_layer.ReLUCovariance,
    output_layer.OutputLayer,
    output_layer.KawaguchiHuang,
    output_layer.Becchetti,
    certificates.CertificateD1,
    certificates.CertificateD3,
    trained.CertificateD4,
    trained.CertificateKink,
)
"""All theories of the plugin."""
