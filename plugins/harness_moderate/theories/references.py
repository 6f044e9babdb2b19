"""Bibliography of the theorems."""

from __future__ import annotations

from harness import Reference

OYMAK_SOLTANOLKOTABI = Reference(
    "S. Oymak and M. Soltanolkotabi, Toward moderate overparameterization: global convergence guarantees for "
    "training shallow neural networks, IEEE JSAIT 1(1):84–105, 2020, arXiv 1902.04674",
    """\
@article{oymak2020moderate,
  author        = {Oymak, Samet and Soltanolkotabi, Mahdi},
  title         = {Toward Moderate Overparameterization: Global Convergence Guarantees
                   for Training Shallow Neural Networks},
  journal       = {IEEE Journal on Selected Areas in Information Theory},
  volume        = {1},
  number        = {1},
  pages         = {84--105},
  year          = {2020},
  eprint        = {1902.04674},
  archiveprefix = {arXiv},
}
""",
)

DERIVED = "derived here"
