"""The same small unit by other libraries, each in the setting in which it was fastest here.

Compiling the unit alone made all three slower; compiling the step of torchode made it 1.7 times
faster. torchdiffeq calls its own 3/8 rule `rk4`.
"""

from collections.abc import Callable
from importlib import import_module

import torch
from torch import Tensor, nn

Solve = Callable[[Tensor], Tensor]


def torchdiffeq(unit: nn.Module, steps: int) -> Solve:
    """Its fixed grid by step size, so that it keeps the end alone."""
    odeint = import_module("torchdiffeq").odeint
    ends, options = torch.tensor([0.0, 1.0]), {"step_size": 1 / steps}

    def solve(x: Tensor) -> Tensor:
        return odeint(lambda _, y: unit(y), x, ends.to(x), method="rk4", options=options)[-1]

    return solve


def torchdyn(unit: nn.Module, steps: int) -> Solve:
    """Fixed steps, gradients by backpropagation."""
    odeint = import_module("torchdyn.numerics").odeint
    times = torch.linspace(0, 1, steps + 1)
    return lambda x: odeint(lambda _, y, **__: unit(y), x, times, solver="rk4")[1][-1]


def torchode(unit: nn.Module, steps: int) -> Solve:
    """Heun's scheme, compiled, with fixed steps.

    It has no fourth-order scheme without step control, and scripting it fails in torch 2.13.
    """
    library = import_module("torchode")
    term = library.ODETerm(lambda _, y: unit(y))
    scheme = library.Heun(term=term)
    scheme.step = torch.compile(scheme.step)
    solver = library.AutoDiffAdjoint(scheme, library.FixedStepController())

    def solve(x: Tensor) -> Tensor:
        start, end, h = (x.new_full((len(x),), value) for value in (0, 1, 1 / steps))
        problem = library.InitialValueProblem(y0=x, t_start=start, t_end=end)
        return solver.solve(problem, dt0=h).ys[:, -1]

    return solve


def python_loop(unit: nn.Module, steps: int) -> Solve:
    """The classic fourth-order scheme as people write it."""
    h = 1 / steps

    def solve(x: Tensor) -> Tensor:
        for _ in range(steps):
            k1 = unit(x)
            k2 = unit(x + h / 2 * k1)
            k3 = unit(x + h / 2 * k2)
            k4 = unit(x + h * k3)
            x = x + (h / 6 * k1 + h / 3 * k2 + h / 3 * k3 + h / 6 * k4)
        return x

    return solve
