"""Bibliography of the theorems."""

from __future__ import annotations

SONG = (
    "C. Song, A. Ramezani-Kebrya, T. Pethick, A. Eftekhari and V. Cevher, Subquadratic overparameterization for "
    "shallow neural networks, NeurIPS 2021, arXiv 2111.01875"
)

SONG_BIBTEX = """\
@inproceedings{song2021subquadratic,
  author        = {Song, Chaehwan and Ramezani-Kebrya, Ali and Pethick, Thomas and Eftekhari, Armin and Cevher, Volkan},
  title         = {Subquadratic Overparameterization for Shallow Neural Networks},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {34},
  year          = {2021},
  eprint        = {2111.01875},
  archiveprefix = {arXiv},
}"""

SONG_SGD = "Linear convergence of SGD on overparametrized shallow neural networks, anonymous submission"

SONG_SGD_BIBTEX = """\
@unpublished{sgd-shallow,
  author = {{Anonymous}},
  title  = {Linear Convergence of {SGD} on Overparametrized Shallow Neural Networks},
  note   = {Anonymous submission; sequel of Song et al. 2021},
}"""

NGUYEN = "Q. Nguyen, On the proof of global convergence of gradient descent for deep ReLU networks with linear \
widths, ICML 2021, arXiv 2101.09612"

NGUYEN_BIBTEX = """\
@inproceedings{nguyen2021proof,
  author        = {Nguyen, Quynh},
  title         = {On the Proof of Global Convergence of Gradient Descent for Deep {ReLU} Networks
                   with Linear Widths},
  booktitle     = {International Conference on Machine Learning},
  year          = {2021},
  eprint        = {2101.09612},
  archiveprefix = {arXiv},
}"""

NEAR_LINEAR = (
    "Convergence of near-linear width ReLU networks with unbalanced initialization, submission to ICLR 2026 "
    "(rejected), openreview wGc6aWvRLa"
)

NEAR_LINEAR_BIBTEX = """\
@misc{nearlinear2026,
  author       = {{Anonymous}},
  title        = {Convergence of Near-Linear Width {ReLU} Networks with Unbalanced Initialization},
  year         = {2026},
  howpublished = {OpenReview, submission to ICLR 2026, rejected},
  url          = {https://openreview.net/forum?id=wGc6aWvRLa},
}"""

DERIVED = "derived here"
