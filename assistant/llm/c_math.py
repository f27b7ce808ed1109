"""float32 functions of the C library, for tables that must have mtmd's bits: numpy's differ in the last one."""

import ctypes

import numpy as np
from numpy.typing import NDArray


def c_math(function: str, values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Apply `sinf`, `cosf`, `expf` or `logf` to each value: 1 us each."""
    call = getattr(ctypes.CDLL("libm.so.6"), function)
    call.restype, call.argtypes = ctypes.c_float, (ctypes.c_float,)
    return np.array([call(float(value)) for value in values.ravel()], np.float32).reshape(values.shape)
