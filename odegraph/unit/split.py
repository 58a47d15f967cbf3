"""Units that are a sum of two parts, which additive (implicit-explicit) schemes tell apart."""

from typing import Any, final

from torch import Tensor, nn

from odegraph._errors import UnitError


@final
class SplitUnit(nn.Module):
    """R(x) = explicit(x) + implicit(x): what is cheap or not stiff, and what is to be solved for.

    An additive scheme evaluates the first part and solves for the second alone; to every other
    scheme the unit is its sum. Parameters read `explicit.<path>` and `implicit.<path>`.

    Args:
        explicit: a module from a state to a rate of the same shape.
        implicit: likewise. Where it is proven linear, it is solved for exactly.

    Raises:
        UnitError: a part is not a module.
    """

    def __init__(self, explicit: nn.Module, implicit: nn.Module) -> None:
        super().__init__()
        for name, part in (("explicit", explicit), ("implicit", implicit)):
            _refuse_non_module(name, part)
        self.explicit = explicit
        self.implicit = implicit

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both rates."""
        return self.explicit(x) + self.implicit(x)


@final
class PartOfUnit(nn.Module):
    """The rate of one part, with the parameters and buffers of both: one signature for all."""

    def __init__(self, split: SplitUnit, part: str) -> None:
        super().__init__()
        self.explicit = split.explicit
        self.implicit = split.implicit
        self.part = part

    def forward(self, x: Tensor) -> Tensor:
        """f(x) or g(x)."""
        return self.get_submodule(self.part)(x)


def _refuse_non_module(name: str, part: Any) -> None:
    if not isinstance(part, nn.Module):
        raise UnitError(
            f"`{name}` of a `SplitUnit` is a `{type(part).__name__}`; it must be a "
            "`torch.nn.Module` from a state to a rate. Put the function into the `forward` of one."
        )
