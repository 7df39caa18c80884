"""The exponents of products of independent Gaussian matrices, in closed form.

A_1, A_2, ... are n x n with independent N(0, sigma^2) entries, P = A_L ... A_1. The law of a
Gaussian matrix is the same in every orthonormal basis, so in the QR decomposition of A_l Q_(l-1)
the diagonal entries are independent over l and k, with |R_kk| = sigma chi_(n-k+1). Hence for every
number of factors, not only in the limit, the mean and the variance of ln|R_kk| are (Newman 1986)

    lambda_k = 1/2 (ln 2 + psi((n-k+1)/2)) + ln(sigma)      nats per factor, k = 1 ... n
    var_k    = 1/4 psi'((n-k+1)/2)

lambda_1 is the growth of any fixed vector, so its sign says whether the typical product explodes.
The mean of ||P v||^2 grows faster, by n sigma^2 per factor, because rare products dominate it.
"""

from __future__ import annotations

import math

import numpy as np

from suite.types import Array


def psi_half(n: int) -> float:
    """Return psi(n/2) for n = 1, 2, ..., from psi(1/2), psi(1) and psi(x + 1) = psi(x) + 1/x."""
    start = -np.euler_gamma - (2 * math.log(2) if n % 2 else 0.0)
    return float(start + sum(2 / m for m in range(2 - n % 2, n, 2)))


def psi_prime_half(n: int) -> float:
    """Return psi'(n/2) for n = 1, 2, ..., from psi'(1/2), psi'(1) and
    psi'(x + 1) = psi'(x) - 1/x^2."""
    start = math.pi**2 / (2 if n % 2 else 6)
    return start - sum(4 / m**2 for m in range(2 - n % 2, n, 2))


def exponents(n: int, sigma: float = 1.0) -> Array:
    """Return lambda_1 ... lambda_n, (n,), descending, in nats per factor."""
    free = range(n, 0, -1)
    return np.array([(math.log(2) + psi_half(m)) / 2 + math.log(sigma) for m in free])


def variances(n: int) -> Array:
    """Return the variance of ln|R_kk| for k = 1 ... n, (n,); a mean over L factors has 1/L of
    it."""
    return np.array([psi_prime_half(m) / 4 for m in range(n, 0, -1)])


def critical_scale(n: int) -> float:
    """Return the standard deviation of the entries at which lambda_1 is 0."""
    return math.exp(-float(exponents(n)[0]))


def factors_until(size: float, exponent: float) -> float:
    """Return the number of factors until a typical product reaches ``size``, a natural logarithm;
    inf if it never does."""
    return size / exponent if size * exponent > 0 else math.inf
