"""Triton's interpreter, which runs kernels where there is no CUDA device, mended for every NumPy.

That of Triton 3.6, the one of torch 2.11, makes an integer of an array of one entry when a loop counts to a number that
was loaded. NumPy warns of it, and refuses it from 2.4 on. Triton 3.7 does it in a way that every NumPy takes.
"""

from __future__ import annotations

from typing import Any

from triton.runtime import interpreter

_given = interpreter._patch_lang_tensor


def _mended(tensor: Any, scope: Any) -> None:
    _given(tensor, scope)
    scope.set_attr(tensor, "__index__", lambda self: int(self.handle.data.item()))


interpreter._patch_lang_tensor = _mended
