"""Random numbers: one generator a purpose, so that a new purpose shifts no other.

Attributes of patients are drawn by one stream a column, in order of arrival: a longer run, or one whose
arrivals change from some day on, is the same run until then.
"""

import math
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["ar1_lognormal", "lognormal", "stream"]


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of `name` under `seed`; independent of every other name."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


def lognormal(rng: np.random.Generator, mean: float, sigma: float, size: int) -> NDArray[np.float64]:
    """Log-normal draws with the given mean (not median) and log standard deviation."""
    return np.asarray(mean * np.exp(sigma * rng.standard_normal(size) - sigma * sigma / 2), dtype=np.float64)


def ar1_lognormal(rng: np.random.Generator, sigma: float, memory: float, size: int) -> NDArray[np.float64]:
    """Factors of mean 1 whose logarithm is a stationary AR(1) with spread `sigma`."""
    noise = rng.standard_normal(size)
    values = np.empty(size)
    state = float(noise[0]) if size else 0.0
    keep = math.sqrt(1 - memory * memory)
    for i in range(size):
        if i:
            state = memory * state + keep * float(noise[i])
        values[i] = state
    return np.asarray(np.exp(sigma * values - sigma * sigma / 2), dtype=np.float64)
