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
    "https://papers.neurips.cc/paper_files/paper/2021/hash/5d9e4a04afb9f3608ccc76c1ffa7573e-Abstract.html",
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
    "https://emergentmind.com/papers/2101.09612",
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
    "https://openreview.net/forum?id=wGc6aWvRLa",
)

NGUYEN_MONDELLI = Reference(
    "Q. Nguyen and M. Mondelli, Global convergence of deep networks with one wide layer followed by pyramidal "
    "topology, NeurIPS 33:11961–11972, 2020, arXiv 2002.07867",
    """\
@inproceedings{nguyen2020global,
  author    = {Nguyen, Quynh and Mondelli, Marco},
  title     = {Global Convergence of Deep Networks with One Wide Layer Followed by Pyramidal Topology},
  booktitle = {Advances in Neural Information Processing Systems},
  volume    = {33},
  pages     = {11961--11972},
  year      = {2020},
  eprint    = {2002.07867},
  archiveprefix = {arXiv},
}""",
    "https://proceedings.neurips.cc/paper/2020/hash/8abfe8ac9ec214d68541fcb888c0b4c3-Abstract.html",
)

EFTEKHARI = Reference(
    "A. Eftekhari, C. Song and V. Cevher, Nearly minimal over-parametrization of shallow neural networks, "
    "arXiv 1910.03948, 2019",
    """\
@misc{eftekhari2019nearly,
  author        = {Eftekhari, Armin and Song, ChaeHwan and Cevher, Volkan},
  title         = {Nearly Minimal Over-parametrization of Shallow Neural Networks},
  year          = {2019},
  eprint        = {1910.03948},
  archiveprefix = {arXiv},
}""",
    "https://tomesphere.com/paper/1910.03948",
)

BOMBARI = Reference(
    "S. Bombari, M. H. Amani and M. Mondelli, Memorization and optimization in deep neural networks with minimum "
    "over-parameterization, NeurIPS 2022, arXiv 2205.10217",
    """\
@inproceedings{bombari2022memorization,
  author        = {Bombari, Simone and Amani, Mohammad Hossein and Mondelli, Marco},
  title         = {Memorization and Optimization in Deep Neural Networks with Minimum Over-parameterization},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {35},
  year          = {2022},
  eprint        = {2205.10217},
  archiveprefix = {arXiv},
}""",
    "https://papers.nips.cc/paper_files/paper/2022/hash/323746f0ae2fbd8b6f500dc2d5c5f898-Abstract-Conference.html",
)

GOPALANI_MUKHERJEE = Reference(
    "P. Gopalani and A. Mukherjee, Global convergence of SGD on two layer neural nets, arXiv 2210.11452, 2022",
    """\
@misc{gopalani2022global,
  author        = {Gopalani, Pulkit and Mukherjee, Anirbit},
  title         = {Global Convergence of {SGD} on Two Layer Neural Nets},
  year          = {2022},
  eprint        = {2210.11452},
  archiveprefix = {arXiv},
}""",
    "https://www.sciencestack.ai/paper/2210.11452",
)

KUMAR = Reference(
    "D. Kumar, S. Jha and A. Mukherjee, Langevin Monte-Carlo provably learns depth two neural nets at any size and "
    "data, arXiv 2503.10428, 2025",
    """\
@misc{kumar2025langevin,
  author        = {Kumar, Dibyakanti and Jha, Samyak and Mukherjee, Anirbit},
  title         = {Langevin {Monte-Carlo} Provably Learns Depth Two Neural Nets at Any Size and Data},
  year          = {2025},
  eprint        = {2503.10428},
  archiveprefix = {arXiv},
}""",
    "https://ar5iv.labs.arxiv.org/html/2503.10428",
)

DANA = Reference(
    "L. Dana, F. Bach and L. Pillaud-Vivien, Convergence of shallow ReLU networks on weakly interacting data, "
    "NeurIPS 2025, arXiv 2502.16977",
    """\
@inproceedings{dana2025convergence,
  author        = {Dana, L{\\'e}o and Bach, Francis and Pillaud-Vivien, Loucas},
  title         = {Convergence of Shallow {ReLU} Networks on Weakly Interacting Data},
  booktitle     = {Advances in Neural Information Processing Systems},
  year          = {2025},
  eprint        = {2502.16977},
  archiveprefix = {arXiv},
}""",
    "https://ar5iv.labs.arxiv.org/html/2502.16977",
)

DERIVED = "derived here"
