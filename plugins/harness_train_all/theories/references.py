"""Bibliography of the theorems."""

from __future__ import annotations

from harness import Reference

SONG = Reference(
    "C. Song, A. Ramezani-Kebrya, T. Pethick, A. Eftekhari and V. Cevher, Subquadratic overparameterization for "
    "shallow neural networks, NeurIPS 2021, arXiv 2111.01875",
    """\
@inproceedings{song2021subquadratic,
  author        = {Song, Chaehwan and Ramezani-Kebrya, Ali and Pethick, Thomas and Eftekhari, Armin and Cevher, Volkan},
  title         = {Subquadratic Overparameterization for Shallow Neural Networks},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {34},
  year          = {2021},
  eprint        = {2111.01875},
  archiveprefix = {arXiv},
}""",
)

SONG_SGD = Reference(
    "Linear convergence of SGD on overparametrized shallow neural networks, anonymous submission",
    """\
@unpublished{sgd-shallow,
  author = {{Anonymous}},
  title  = {Linear Convergence of {SGD} on Overparametrized Shallow Neural Networks},
  note   = {Anonymous submission; sequel of Song et al. 2021},
}""",
)

NGUYEN = Reference(
    "Q. Nguyen, On the proof of global convergence of gradient descent for deep ReLU networks with linear widths, "
    "ICML 2021, arXiv 2101.09612",
    """\
@inproceedings{nguyen2021proof,
  author        = {Nguyen, Quynh},
  title         = {On the Proof of Global Convergence of Gradient Descent for Deep {ReLU} Networks
                   with Linear Widths},
  booktitle     = {International Conference on Machine Learning},
  year          = {2021},
  eprint        = {2101.09612},
  archiveprefix = {arXiv},
}""",
)

NEAR_LINEAR = Reference(
    "Convergence of near-linear width ReLU networks with unbalanced initialization, submission to ICLR 2026 "
    "(rejected), openreview wGc6aWvRLa",
    """\
@misc{nearlinear2026,
  author       = {{Anonymous}},
  title        = {Convergence of Near-Linear Width {ReLU} Networks with Unbalanced Initialization},
  year         = {2026},
  howpublished = {OpenReview, submission to ICLR 2026, rejected},
  url          = {https://openreview.net/forum?id=wGc6aWvRLa},
}""",
)

DERIVED = "derived here"
