"""The claims of this plugin, in the order in which tables show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness_lazy.theories.certificates import CertificateD1s, CertificateLinear, CertificateLinearOutput
from harness_lazy.theories.deep import AllenZhu, ZouGu
from harness_lazy.theories.relu import Arora, Du, Munteanu, SongYang, SongYangSpectral
from harness_lazy.theories.smooth import OymakFabian
from harness_lazy.theories.spectrum import Chernoff, Karhadkar, MontanariZhong

if TYPE_CHECKING:
    from harness import Theory

THEORIES: tuple[type[Theory], ...] = (
    CertificateLinear,
    CertificateLinearOutput,
    MontanariZhong,
    Chernoff,
    Karhadkar,
    CertificateD1s,
    Munteanu,
    SongYangSpectral,
    SongYang,
    OymakFabian,
    Du,
    ZouGu,
    Arora,
    AllenZhu,
)
"""All theories of the plugin."""
