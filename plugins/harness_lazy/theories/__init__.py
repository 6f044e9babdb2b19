"""The claims of this plugin, in the order in which tables show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness_lazy.theories import certificates, convergence, spectrum

if TYPE_CHECKING:
    from harness import Theory

THEORIES: tuple[type[Theory], ...] = (
    certificates.CertificateLinear,
    certificates.CertificateLinearOutput,
    spectrum.MontanariZhong,
    spectrum.Chernoff,
    spectrum.Karhadkar,
    certificates.CertificateD1s,
    convergence.Munteanu,
    convergence.SongYangSpectral,
    convergence.SongYang,
    convergence.OymakFabian,
    convergence.Du,
    convergence.ZouGu,
    convergence.Arora,
    convergence.AllenZhu,
)
"""All theories of the plugin."""
