"""The claims of this plugin, in the order in which tables show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness_train_all.theories import deep
from harness_train_all.theories.certificate import CertificateD2
from harness_train_all.theories.nguyen import Dana, NearLinear, NguyenLeCun, NguyenLinear
from harness_train_all.theories.regularised import GopalaniMukherjee, Kumar
from harness_train_all.theories.smooth import Eftekhari, NguyenMondelli
from harness_train_all.theories.song import Song, SongStochastic
from harness_train_all.theories.song_direct import SongDirect

if TYPE_CHECKING:
    from harness import Theory

THEORIES: tuple[type[Theory], ...] = (
    Song,
    SongDirect,
    SongStochastic,
    NguyenLinear,
    NguyenLeCun,
    Dana,
    NearLinear,
    NguyenMondelli,
    Eftekhari,
    *deep.THEORIES,
    GopalaniMukherjee,
    Kumar,
    CertificateD2,
)
"""All theories of the plugin."""
