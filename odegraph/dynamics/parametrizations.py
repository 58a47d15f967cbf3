"""Weights whose operator is symmetric or skew by construction, for `torch.nn.utils.parametrize`.

layer = nn.Linear(8, 8)
parametrize.register_parametrization(layer, "weight", SymmetricSkew(beta=0.0))
"""

from torch import Tensor, nn

from odegraph._errors import UnitError


class SymmetricSkew(nn.Module):
    """T(W) = beta (W + W') + (1 - beta) (W - W'), with 0 <= beta <= 1.

    beta = 0 makes the operator skew (spectrum on the imaginary axis), beta = 1 symmetric (real
    spectrum), and beta = 1/2 leaves W as it is.

    W' is the weight of the transposed operator. For a dense weight [n, n] it is the matrix
    transpose. A convolution y[o, p] = sum_{i, d} W[o, i, d] x[i, p + d], with weight [channels,
    channels / groups, *kernel] and offsets d counted from the middle of the kernel, has the
    transpose W'[i, o, d] = W[o, i, -d]: channels swapped within each group, kernel flipped in
    space. The law is exact for periodic padding and for zero padding that keeps the size, both with
    stride 1.
    """

    def __init__(self, beta: float, *, groups: int = 1) -> None:
        super().__init__()
        if not 0 <= beta <= 1:
            raise UnitError(
                f"beta is `{beta}`; SymmetricSkew needs 0 (skew) <= beta <= 1 (symmetric)."
            )
        if groups < 1:
            raise UnitError(f"groups is `{groups}`; it must be at least 1, as in the convolution.")
        self.beta = beta
        self.groups = groups

    def forward(self, weight: Tensor) -> Tensor:
        """T(W) = W + (2 beta - 1) W', the same sum with one product: W to the last bit at 1/2."""
        return weight + (2 * self.beta - 1) * transposed_weight(weight, groups=self.groups)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """Return a W with T(W) = `weight`, or with T(W) nearest to it if it is out of range.

        The symmetric part of T(W) is 2 beta times that of W, the skew part 2 (1 - beta) times: each
        is divided by its factor, and dropped where the factor is 0, which is the orthogonal
        projection.
        """
        transposed = transposed_weight(weight, groups=self.groups)
        symmetric, skew = (weight + transposed) / 2, (weight - transposed) / 2
        if self.beta == 0:
            return skew / 2
        if self.beta == 1:
            return symmetric / 2
        return symmetric / (2 * self.beta) + skew / (2 * (1 - self.beta))

    def extra_repr(self) -> str:
        """Show what a model summary should show."""
        return f"beta={self.beta}" + (f", groups={self.groups}" if self.groups > 1 else "")


def transposed_weight(weight: Tensor, *, groups: int = 1) -> Tensor:
    """Transpose the operator of a weight [n, n] or [channels, channels / groups, *kernel]."""
    _check_square(weight, groups=groups)
    inner = weight.shape[1]
    grouped = weight.reshape(groups, inner, inner, *weight.shape[2:]).transpose(1, 2)
    spatial = tuple(range(3, grouped.ndim))
    return grouped.flip(spatial).reshape(weight.shape) if spatial else grouped.reshape(weight.shape)


def _check_square(weight: Tensor, *, groups: int) -> None:
    shape = tuple(weight.shape)
    if weight.ndim < 2 or shape[0] != groups * shape[1]:
        raise UnitError(
            f"A weight of shape `{shape}` with groups `{groups}` has no transpose of its own "
            "shape: SymmetricSkew needs as many outputs as inputs, [n, n] or [channels, channels / "
            "groups, *kernel]."
        )
    if any(width % 2 == 0 for width in shape[2:]):
        raise UnitError(
            f"A kernel of shape `{shape[2:]}` has no middle, so its transpose is shifted; "
            "SymmetricSkew needs odd kernel widths."
        )
