"""The plugin contract: components (what plugins provide), records (what passes between modules), and hooks.

A component is a frozen dataclass whose fields are its options, as written in a suite. Its mathematics is
stated for one network; the engine stacks it. Nothing here imports torch: a theory can be evaluated, a suite
checked and a plugin listed without it. Names are listed in ``__init__.pyi`` and imported when they are first
asked for, so that the command line can list its verbs without NumPy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
