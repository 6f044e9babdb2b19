"""The claims of this plugin, in the order in which tables show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness_lazy.theories import certificates, classification, convergence, deep, lit, sharp, smooth, spectrum

if TYPE_CHECKING:
    from harness import Theory

THEORIES: tuple[type[Theory], ...] = (
    certificates.CertificateLinear,
    certificates.CertificateLinearOutput,
    lit.LitSamples,
    spectrum.MontanariZhong,
    spectrum.Chernoff,
    spectrum.Karhadkar,
    certificates.CertificateD1s,
    sharp.CertificateD1g,
    convergence.Munteanu,
    convergence.SongYangSpectral,
    convergence.SongYang,
    convergence.OymakFabian,
    convergence.Du,
    convergence.ZouGu,
    convergence.Arora,
    convergence.AllenZhu,
    convergence.DasGolikov,
    convergence.ZhangMartensGrosse,
    convergence.SuYang,
    smooth.HuangYau,
    smooth.LiuZhuBelkin,
    *deep.THEORIES,
    classification.JiTelgarsky,
    classification.MunteanuLogistic,
)
"""All theories of the plugin."""
