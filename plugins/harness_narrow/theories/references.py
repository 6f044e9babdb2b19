"""Bibliography of the theorems."""

from __future__ import annotations

from harness import Reference

ZHANG = Reference(
    "J. Zhang, Y. Zhang, M. Hong, R. Sun and Z.-Q. Luo, When expressivity meets trainability: fewer than n neurons "
    "can work, NeurIPS 34:9167–9180, 2021, arXiv 2210.12001",
    """\
@inproceedings{zhang2021expressivity,
  author        = {Zhang, Jiawei and Zhang, Yushun and Hong, Mingyi and Sun, Ruoyu and Luo, Zhi-Quan},
  title         = {When Expressivity Meets Trainability: Fewer than $n$ Neurons Can Work},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {34},
  pages         = {9167--9180},
  year          = {2021},
  eprint        = {2210.12001},
  archiveprefix = {arXiv},
}
""",
    "https://www.arxiv.org/abs/2210.12001",
)

SOUDRY_CARMON = Reference(
    "D. Soudry and Y. Carmon, No bad local minima: data independent training error guarantees for multilayer neural "
    "networks, arXiv 1605.08361, 2016",
    """\
@misc{soudry2016nobad,
  author        = {Soudry, Daniel and Carmon, Yair},
  title         = {No Bad Local Minima: Data Independent Training Error Guarantees
                   for Multilayer Neural Networks},
  year          = {2016},
  eprint        = {1605.08361},
  archiveprefix = {arXiv},
}
""",
)

MADDEN_THRAMPOULIDIS = Reference(
    "L. Madden and C. Thrampoulidis, Memory capacity of two layer neural networks with smooth activations, "
    "arXiv 2308.02001, 2023",
    """\
@misc{madden2023memory,
  author        = {Madden, Liam and Thrampoulidis, Christos},
  title         = {Memory Capacity of Two Layer Neural Networks with Smooth Activations},
  year          = {2023},
  eprint        = {2308.02001},
  archiveprefix = {arXiv},
}
""",
    "https://arxiv.org/abs/2308.02001",
)

XIE = Reference(
    "B. Xie, Y. Liang and L. Song, Diverse neural network learns true target functions, AISTATS 2017, PMLR 54, "
    "arXiv 1611.03131",
    """\
@inproceedings{xie2017diverse,
  author        = {Xie, Bo and Liang, Yingyu and Song, Le},
  title         = {Diverse Neural Network Learns True Target Functions},
  booktitle     = {Proceedings of the 20th International Conference on Artificial Intelligence and Statistics},
  series        = {Proceedings of Machine Learning Research},
  volume        = {54},
  year          = {2017},
  eprint        = {1611.03131},
  archiveprefix = {arXiv},
}
""",
    "https://arxiv.org/abs/1611.03131",
)

BAUM = Reference(
    "E. B. Baum, On the capabilities of multilayer perceptrons, Journal of Complexity 4(3):193–215, 1988",
    """\
@article{baum1988capabilities,
  author  = {Baum, Eric B.},
  title   = {On the Capabilities of Multilayer Perceptrons},
  journal = {Journal of Complexity},
  volume  = {4},
  number  = {3},
  pages   = {193--215},
  year    = {1988},
}
""",
    "https://proceedings.neurips.cc/paper/2020/hash/34609bdc08a07ace4e1526bbb1777673-Abstract.html",
)

BUBECK = Reference(
    "S. Bubeck, R. Eldan, Y. T. Lee and D. Mikulincer, Network size and size of the weights in memorization with "
    "two-layers neural networks, NeurIPS 33, 2020, arXiv 2006.02855",
    """\
@inproceedings{bubeck2020network,
  author        = {Bubeck, S{\\'e}bastien and Eldan, Ronen and Lee, Yin Tat and Mikulincer, Dan},
  title         = {Network Size and Size of the Weights in Memorization with Two-Layers Neural Networks},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {33},
  year          = {2020},
  eprint        = {2006.02855},
  archiveprefix = {arXiv},
}
""",
    "https://proceedings.neurips.cc/paper/2020/hash/34609bdc08a07ace4e1526bbb1777673-Abstract.html",
)

DANIELY = Reference(
    "A. Daniely, Neural networks learning and memorization with (almost) no over-parameterization, NeurIPS 33, 2020, "
    "arXiv 1911.09873",
    """\
@inproceedings{daniely2020memorization,
  author        = {Daniely, Amit},
  title         = {Neural Networks Learning and Memorization with (Almost) No Over-Parameterization},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {33},
  year          = {2020},
  eprint        = {1911.09873},
  archiveprefix = {arXiv},
}
""",
    "https://papers.nips.cc/paper/2020/hash/662a2e96162905620397b19c9d249781-Abstract.html",
)

KARHADKAR = Reference(
    "K. Karhadkar, M. Murray, H. Tseran and G. Montúfar, Mildly overparameterized ReLU networks have a favorable loss "
    "landscape, TMLR, 2024, arXiv 2305.19510",
    """\
@article{karhadkar2024mildly,
  author        = {Karhadkar, Kedar and Murray, Michael and Tseran, Hanna and Mont{\\'u}far, Guido},
  title         = {Mildly Overparameterized {ReLU} Networks Have a Favorable Loss Landscape},
  journal       = {Transactions on Machine Learning Research},
  year          = {2024},
  eprint        = {2305.19510},
  archiveprefix = {arXiv},
}
""",
    "https://arxiv.org/abs/2305.19510",
)

GE_WANG_ZHAO = Reference(
    "R. Ge, R. Wang and H. Zhao, Mildly overparametrized neural nets can memorize training data efficiently, "
    "arXiv 1909.11837, 2019",
    """\
@misc{ge2019mildly,
  author        = {Ge, Rong and Wang, Runzhe and Zhao, Haoyu},
  title         = {Mildly Overparametrized Neural Nets Can Memorize Training Data Efficiently},
  year          = {2019},
  eprint        = {1909.11837},
  archiveprefix = {arXiv},
}
""",
    "https://www.arxiv-vanity.com/papers/1909.11837/",
)
