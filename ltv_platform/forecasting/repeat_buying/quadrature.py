"""Means over a beta distribution, by Gauss-Jacobi quadrature."""

from functools import lru_cache

import numpy as np
from scipy.linalg import eigvalsh_tridiagonal

from ltv_platform.forecasting.repeat_buying.histories import Floats

#: Default number of nodes.
NODES = 64


@lru_cache(maxsize=4096)
def beta_quadrature(a: float, b: float, nodes: int = NODES) -> tuple[Floats, Floats]:
    """Nodes in (0, 1) and weights, so that weights @ f(nodes) is the mean of f under Beta(a, b).

    Nodes are the eigenvalues of the recurrence matrix of the Jacobi polynomials (Golub & Welsch,
    Math. Comp. 23, 1969), weights the Christoffel numbers 1 / Σ pₖ(node)² of the orthonormal
    polynomials. The distribution itself is never evaluated, so nothing overflows for large b.

    Args:
        a: > 0.
        b: > 0.
        nodes: How many.

    Returns:
        Nodes ascending, and weights that add up to 1; read-only, because they are cached.
    """
    # The polynomials belong to (1 − y)^(b−1) (1 + y)^(a−1) on (−1, 1), with p = (1 + y) / 2.
    upper, lower = b - 1, a - 1
    n = np.arange(1, nodes, dtype=np.float64)
    total = 2 * n + upper + lower
    center = np.empty(nodes)
    center[0] = (a - b) / (a + b)
    center[1:] = (lower - upper) * (lower + upper) / (total * (total + 2))
    beside = np.empty(nodes - 1)
    # A separate formula, because the factors a + b − 1 of the general one cancel here.
    beside[0] = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    m, total = n[1:], total[1:]
    beside[1:] = 4 * m * (m + upper) * (m + lower) * (m + upper + lower)
    beside[1:] /= total**2 * (total + 1) * (total - 1)
    beside = np.sqrt(beside)
    eigenvalues = eigvalsh_tridiagonal(center, beside)
    before, polynomial = np.zeros(nodes), np.ones(nodes)
    squares = np.ones(nodes)
    # Far out, squares overflow and weights underflow.
    with np.errstate(over="ignore", invalid="ignore"):
        for degree in range(nodes - 1):
            back = beside[degree - 1] * before if degree else 0.0
            before, polynomial = (
                polynomial,
                ((eigenvalues - center[degree]) * polynomial - back) / beside[degree],
            )
            squares += polynomial**2
    weights = np.where(np.isfinite(squares), 1 / squares, 0.0)
    weights /= weights.sum()
    # Rounding may put a node at or below 0, where the mean has a finite limit.
    points = np.maximum((1 + eigenvalues) / 2, np.finfo(np.float64).tiny)
    points.flags.writeable = weights.flags.writeable = False
    return points, weights
