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
    "https://ar5iv.labs.arxiv.org/html/1902.04674",
)

KAWAGUCHI_HUANG = Reference(
    "K. Kawaguchi and J. Huang, Gradient descent finds global minima for generalizable deep neural networks of "
    "practical sizes, Allerton 2019, arXiv 1908.02419",
    """\
@inproceedings{kawaguchi2019gradient,
  author        = {Kawaguchi, Kenji and Huang, Jiaoyang},
  title         = {Gradient Descent Finds Global Minima for Generalizable Deep Neural Networks of Practical Sizes},
  booktitle     = {57th Annual Allerton Conference on Communication, Control, and Computing},
  year          = {2019},
  eprint        = {1908.02419},
  archiveprefix = {arXiv},
}
""",
    "https://arxiv.org/abs/1908.02419",
)

BECCHETTI = Reference(
    "Becchetti, Russo and Skorupinski, Dimension-free rank lifting from random hyperplane arrangements, 2026",
    """\
@misc{becchetti2026dimension,
  author = {Becchetti and Russo and Skorupinski},
  title  = {Dimension-free Rank Lifting from Random Hyperplane Arrangements},
  year   = {2026},
}
""",
)

DERIVED = "derived here"
