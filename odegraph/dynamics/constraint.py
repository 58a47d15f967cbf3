"""Physics-constrained training: minimise L subject to R(f(x)) <= eta, by an augmented Lagrangian.

Hestenes (1969), Powell (1969); the form for inequalities is that of Rockafellar (1973).
"""

import torch
from torch import Tensor, nn

from odegraph._errors import OdegraphError

FALL = 0.75  # the violation must shrink to this part of the last one, or the penalty grows
NEGLIGIBLE = 0.01  # part of the worst violation below which the penalty stays
LARGEST_GROWTH = 1e6  # of the penalty over the whole run; a bound that cannot be met stops there


class Constraint(nn.Module):
    """The term that holds a value R below `bound`, in any training loop.

        constraint = Constraint(bound=0.1)
        for epoch in range(epochs):
            for batch in data:
                (loss(batch) + constraint(residual(batch))).backward()
                ...
            constraint.update()

    With r = R - bound, multiplier mu >= 0 and penalty rho, the term is
    (max(0, mu + rho r)^2 - mu^2) / (2 rho). `update` sets mu to max(0, mu + rho r). It multiplies
    rho by `growth` if the violation max(0, r) did not fall by a quarter, but not once it is below a
    hundredth of the worst violation seen: from there the multiplier alone converges, and a penalty
    that grows on rounding noise would only make the inner problem stiff.
    At convergence mu is the multiplier of Karush, Kuhn and Tucker: the rate at which L falls as the
    bound is relaxed.

    A bound that never binds costs nothing: mu stays 0, and so do the term and its gradient. `bound`
    may be a tensor; R then has its shape, and every entry is one constraint. The state is in
    buffers (float64), so that checkpoints resume.
    """

    bound: Tensor
    multiplier: Tensor
    penalty: Tensor
    violation: Tensor
    worst_violation: Tensor
    last_value: Tensor

    def __init__(self, bound: float | Tensor, *, penalty: float = 1.0, growth: float = 2.0) -> None:
        super().__init__()
        if not penalty > 0:
            raise OdegraphError(
                f"penalty is `{penalty}`; the weight of a violation must be positive."
            )
        if not growth >= 1:
            raise OdegraphError(f"growth is `{growth}`; the penalty must not shrink: 1 or more.")
        limit = torch.as_tensor(bound, dtype=torch.float64).detach().clone()
        if not bool(torch.isfinite(limit).all()):
            raise OdegraphError(f"bound is `{bound}`; a constraint needs a finite bound.")
        self.growth = growth
        self.largest_penalty = LARGEST_GROWTH * penalty
        self.register_buffer("bound", limit)
        self.register_buffer("multiplier", torch.zeros_like(limit))
        self.register_buffer("penalty", torch.full_like(limit, penalty))
        self.register_buffer("violation", torch.full_like(limit, torch.inf))
        self.register_buffer("worst_violation", torch.zeros_like(limit))
        self.register_buffer("last_value", torch.full_like(limit, torch.nan))

    def forward(self, value: Tensor) -> Tensor:
        """Return the term to add to the loss, a scalar, for the constrained value R."""
        self._check_shape(value)
        self.last_value.copy_(value.detach())
        bound, multiplier, penalty = (
            buffer.to(value) for buffer in (self.bound, self.multiplier, self.penalty)
        )
        shifted = (multiplier + penalty * (value - bound)).clamp(min=0)
        return ((shifted.square() - multiplier.square()) / (2 * penalty)).sum()

    @torch.no_grad()
    def update(self, value: Tensor | None = None) -> None:
        """Move the multiplier, once an outer iteration; `value` is R, by default the last one seen.

        With mini-batches pass R over the whole set (or its mean over the epoch).
        """
        seen = self.last_value if value is None else value.detach()
        self._check_shape(seen)
        if not bool(torch.isfinite(seen).all()):
            raise OdegraphError(
                f"The constrained value is `{seen.tolist()}`. Call the constraint on a finite "
                "value before `update`, or pass one: `constraint.update(value)`."
            )
        residual = seen.to(self.bound) - self.bound
        self.multiplier.copy_((self.multiplier + self.penalty * residual).clamp(min=0))
        self._grow_penalty(residual.clamp(min=0))

    def _grow_penalty(self, violation: Tensor) -> None:
        self.worst_violation.copy_(torch.maximum(self.worst_violation, violation))
        stuck = (violation > FALL * self.violation) & (
            violation > NEGLIGIBLE * self.worst_violation
        )
        grown = (self.growth * self.penalty).clamp(max=self.largest_penalty)
        self.penalty.copy_(torch.where(stuck, grown, self.penalty))
        self.violation.copy_(violation)

    def _check_shape(self, value: Tensor) -> None:
        if value.shape != self.bound.shape:
            raise OdegraphError(
                f"The constrained value has the shape `{tuple(value.shape)}` and the bound "
                f"`{tuple(self.bound.shape)}`; they must be equal. Reduce the value, with "
                "`.mean()` say, or give one bound an entry."
            )

    def extra_repr(self) -> str:
        """Show what a model summary should show."""
        return f"bound={self.bound.tolist()}, multiplier={self.multiplier.tolist()}"
