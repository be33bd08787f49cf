"""Compiling functions of arrays to machine code, once a machine where it can be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile a function when it is first called.

    The machine code is kept beside the file or in the user's cache; where neither can be written (a read-only
    installation), it is compiled anew by every process.
    """
    try:
        made: Any = numba.njit(cache=True)(function)
    except RuntimeError:  # numba found no folder for its cache
        made = numba.njit(function)
    return cast(Function, made)
