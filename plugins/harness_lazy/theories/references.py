"""Bibliography of the theorems."""

from __future__ import annotations

from harness import Reference

DU = Reference(
    "S. S. Du, X. Zhai, B. Póczos and A. Singh, Gradient descent provably optimizes over-parameterized neural "
    "networks, ICLR 2019, arXiv 1810.02054",
    """\
@inproceedings{du2019gradient,
  author        = {Du, Simon S. and Zhai, Xiyu and P{\\'o}czos, Barnab{\\'a}s and Singh, Aarti},
  title         = {Gradient Descent Provably Optimizes Over-parameterized Neural Networks},
  booktitle     = {International Conference on Learning Representations},
  year          = {2019},
  eprint        = {1810.02054},
  archiveprefix = {arXiv},
}
""",
    "https://arxiv.org/abs/1810.02054",
)

SONG_YANG = Reference(
    "Z. Song and X. Yang, Quadratic suffices for over-parametrization via matrix Chernoff bound, arXiv 1906.03593",
    """\
@misc{song2019quadratic,
  author        = {Song, Zhao and Yang, Xin},
  title         = {Quadratic Suffices for Over-parametrization via Matrix {C}hernoff Bound},
  year          = {2019},
  eprint        = {1906.03593},
  archiveprefix = {arXiv},
}
""",
    "https://proceedings.mlr.press/v162/munteanu22a.html",
)

MUNTEANU = Reference(
    "A. Munteanu, S. Omlor, Z. Song and D. P. Woodruff, Bounding the width of neural networks via coupled "
    "initialization: a worst case analysis, ICML 2022, PMLR 162, arXiv 2206.12802",
    """\
@inproceedings{munteanu2022bounding,
  author        = {Munteanu, Alexander and Omlor, Simon and Song, Zhao and Woodruff, David P.},
  title         = {Bounding the Width of Neural Networks via Coupled Initialization: A Worst Case Analysis},
  booktitle     = {Proceedings of the 39th International Conference on Machine Learning},
  series        = {Proceedings of Machine Learning Research},
  volume        = {162},
  pages         = {16083--16122},
  year          = {2022},
  eprint        = {2206.12802},
  archiveprefix = {arXiv},
}
""",
    "https://proceedings.mlr.press/v162/munteanu22a.html",
)

ARORA = Reference(
    "S. Arora, S. S. Du, W. Hu, Z. Li and R. Wang, Fine-grained analysis of optimization and generalization for "
    "overparameterized two-layer neural networks, ICML 2019, arXiv 1901.08584",
    """\
@inproceedings{arora2019fine,
  author        = {Arora, Sanjeev and Du, Simon S. and Hu, Wei and Li, Zhiyuan and Wang, Ruosong},
  title         = {Fine-Grained Analysis of Optimization and Generalization
                   for Overparameterized Two-Layer Neural Networks},
  booktitle     = {Proceedings of the 36th International Conference on Machine Learning},
  year          = {2019},
  eprint        = {1901.08584},
  archiveprefix = {arXiv},
}
""",
    "https://arxiv.org/abs/1906.05392",
)

OYMAK_FABIAN = Reference(
    "S. Oymak, Z. Fabian, M. Li and M. Soltanolkotabi, Generalization guarantees for neural networks via harnessing "
    "the low-rank structure of the Jacobian, arXiv 1906.05392",
    """\
@misc{oymak2019generalization,
  author        = {Oymak, Samet and Fabian, Zalan and Li, Mingchen and Soltanolkotabi, Mahdi},
  title         = {Generalization Guarantees for Neural Networks via Harnessing
                   the Low-rank Structure of the {J}acobian},
  year          = {2019},
  eprint        = {1906.05392},
  archiveprefix = {arXiv},
}
""",
    "https://arxiv.org/abs/1906.05392",
)

ALLEN_ZHU = Reference(
    "Z. Allen-Zhu, Y. Li and Z. Song, A convergence theory for deep learning via over-parameterization, ICML 2019, "
    "arXiv 1811.03962",
    """\
@inproceedings{allenzhu2019convergence,
  author        = {Allen-Zhu, Zeyuan and Li, Yuanzhi and Song, Zhao},
  title         = {A Convergence Theory for Deep Learning via Over-Parameterization},
  booktitle     = {Proceedings of the 36th International Conference on Machine Learning},
  year          = {2019},
  eprint        = {1811.03962},
  archiveprefix = {arXiv},
}
""",
)

ZOU_GU = Reference(
    "D. Zou and Q. Gu, An improved analysis of training over-parameterized deep neural networks, NeurIPS 2019, "
    "arXiv 1906.04688",
    """\
@inproceedings{zou2019improved,
  author        = {Zou, Difan and Gu, Quanquan},
  title         = {An Improved Analysis of Training Over-parameterized Deep Neural Networks},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {32},
  year          = {2019},
  eprint        = {1906.04688},
  archiveprefix = {arXiv},
}
""",
    "https://papers.neurips.cc/paper_files/paper/2021/hash/5d9e4a04afb9f3608ccc76c1ffa7573e-Abstract.html",
)

DU_DEEP = Reference(
    "S. S. Du, J. D. Lee, H. Li, L. Wang and X. Zhai, Gradient descent finds global minima of deep neural networks, "
    "ICML 2019, arXiv 1811.03804",
    """\
@inproceedings{du2019deep,
  author        = {Du, Simon S. and Lee, Jason D. and Li, Haochuan and Wang, Liwei and Zhai, Xiyu},
  title         = {Gradient Descent Finds Global Minima of Deep Neural Networks},
  booktitle     = {Proceedings of the 36th International Conference on Machine Learning},
  year          = {2019},
  eprint        = {1811.03804},
  archiveprefix = {arXiv},
}
""",
    "https://collaborate.princeton.edu/en/publications/gradient-descent-finds-global-minima-of-deep-neural-networks",
)

MONTANARI_ZHONG = Reference(
    "A. Montanari and Y. Zhong, The interpolation phase transition in neural networks: memorization and "
    "generalization under lazy training, Annals of Statistics 50(5), 2022, arXiv 2007.12826",
    """\
@article{montanari2022interpolation,
  author        = {Montanari, Andrea and Zhong, Yiqiao},
  title         = {The Interpolation Phase Transition in Neural Networks:
                   Memorization and Generalization under Lazy Training},
  journal       = {The Annals of Statistics},
  volume        = {50},
  number        = {5},
  year          = {2022},
  doi           = {10.1214/22-AOS2211},
  eprint        = {2007.12826},
  archiveprefix = {arXiv},
}
""",
    "https://projecteuclid.org/journals/annals-of-statistics/volume-50/issue-5/"
    "The-interpolation-phase-transition-in-neural-networks--Memorization-and/10.1214/22-AOS2211.full",
)

KARHADKAR = Reference(
    "K. Karhadkar, M. Murray and G. Montúfar, Bounds for the smallest eigenvalue of the NTK for arbitrary spherical "
    "data of arbitrary dimension, NeurIPS 2024, arXiv 2405.14630",
    """\
@inproceedings{karhadkar2024bounds,
  author        = {Karhadkar, Kedar and Murray, Michael and Mont{\\'u}far, Guido},
  title         = {Bounds for the Smallest Eigenvalue of the {NTK} for Arbitrary Spherical Data
                   of Arbitrary Dimension},
  booktitle     = {Advances in Neural Information Processing Systems},
  volume        = {37},
  year          = {2024},
  eprint        = {2405.14630},
  archiveprefix = {arXiv},
}
""",
    "https://arxiv.org/abs/2405.14630",
)

DAS_GOLIKOV = Reference(
    "B. Das and E. Golikov, Quadratic number of nodes is sufficient to learn a dataset via gradient descent, "
    "arXiv 1911.05402, 2019",
    """\
@misc{das2019quadratic,
  author        = {Das, Biswarup and Golikov, Eugene A.},
  title         = {Quadratic Number of Nodes Is Sufficient to Learn a Dataset via Gradient Descent},
  year          = {2019},
  eprint        = {1911.05402},
  archiveprefix = {arXiv},
}
""",
    "https://www.groundai.com/project/quadratic-number-of-nodes-is-sufficient-to-learn-a-dataset-via-gradient-descent/",
)

ZHANG_MARTENS_GROSSE = Reference(
    "G. Zhang, J. Martens and R. Grosse, Fast convergence of natural gradient descent for overparameterized neural "
    "networks, NeurIPS 2019, arXiv 1905.10961",
    """\
@inproceedings{zhang2019fast,
  author    = {Zhang, Guodong and Martens, James and Grosse, Roger},
  title     = {Fast Convergence of Natural Gradient Descent for Overparameterized Neural Networks},
  booktitle = {Advances in Neural Information Processing Systems},
  volume    = {32},
  year      = {2019},
  eprint    = {1905.10961},
  archiveprefix = {arXiv},
}
""",
    "https://tomesphere.com/paper/1905.10961",
)

SU_YANG = Reference(
    "L. Su and P. Yang, On learning over-parameterized neural networks: a functional approximation perspective, "
    "NeurIPS 32:2641–2650, 2019, arXiv 1905.10826",
    """\
@inproceedings{su2019learning,
  author    = {Su, Lili and Yang, Pengkun},
  title     = {On Learning Over-parameterized Neural Networks: A Functional Approximation Perspective},
  booktitle = {Advances in Neural Information Processing Systems},
  volume    = {32},
  pages     = {2641--2650},
  eprint    = {1905.10826},
  archiveprefix = {arXiv},
  year      = {2019},
}
""",
    "https://proceedings.neurips.cc/paper_files/paper/2019/file/253f7b5d921338af34da817c00f42753-Metadata.json",
)

HUANG_YAU = Reference(
    "J. Huang and H.-T. Yau, Dynamics of deep neural networks and neural tangent hierarchy, ICML 2020, "
    "arXiv 1909.08156",
    """\
@inproceedings{huang2020dynamics,
  author    = {Huang, Jiaoyang and Yau, Horng-Tzer},
  title     = {Dynamics of Deep Neural Networks and Neural Tangent Hierarchy},
  booktitle = {Proceedings of the 37th International Conference on Machine Learning},
  year      = {2020},
  eprint    = {1909.08156},
  archiveprefix = {arXiv},
}
""",
    "https://icml.cc/virtual/2020/poster/5976",
)

LIU_ZHU_BELKIN = Reference(
    "C. Liu, L. Zhu and M. Belkin, Loss landscapes and optimization in over-parameterized non-linear systems and "
    "neural networks, Applied and Computational Harmonic Analysis 59:85–116, 2022, arXiv 2003.00307",
    """\
@article{liu2022loss,
  author        = {Liu, Chaoyue and Zhu, Libin and Belkin, Mikhail},
  title         = {Loss Landscapes and Optimization in Over-parameterized Non-linear Systems and Neural Networks},
  journal       = {Applied and Computational Harmonic Analysis},
  volume        = {59},
  pages         = {85--116},
  year          = {2022},
  eprint        = {2003.00307},
  archiveprefix = {arXiv},
}
""",
    "https://arxiv.org/abs/2003.00307",
)

JI_TELGARSKY = Reference(
    "Z. Ji and M. Telgarsky, Polylogarithmic width suffices for gradient descent to achieve arbitrarily small test "
    "error with shallow ReLU networks, ICLR 2020, arXiv 1909.12292",
    """\
@inproceedings{ji2020polylogarithmic,
  author    = {Ji, Ziwei and Telgarsky, Matus},
  title     = {Polylogarithmic Width Suffices for Gradient Descent to Achieve Arbitrarily Small Test Error
               with Shallow {ReLU} Networks},
  booktitle = {International Conference on Learning Representations},
  year      = {2020},
  eprint    = {1909.12292},
  archiveprefix = {arXiv},
}
""",
    "https://iclr.cc/virtual/2020/poster/1999",
)

DERIVED = "derived here"
