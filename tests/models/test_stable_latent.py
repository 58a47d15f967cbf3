from fractions import Fraction

import pytest
import torch
from torch.testing import assert_close

import odegraph as og
from odegraph.models import (
    Conservative,
    Dissipative,
    LyapunovAutoencoder,
    StableLatent,
    linear_rollout,
    rollout_at,
)

A_STABLE = (
    "implicit-midpoint",
    "crank-nicolson",
    "backward-euler",
    "gauss-2",
    "gauss-3",
    "radau-iia-3",
    "lobatto-iiic-4",
    "alexander-2",
)


def stage_system_map(scheme: og.Scheme, rate: torch.Tensor) -> torch.Tensor:
    """Omega by the definition of the method: I + (b x I) (I - A x hL)^-1 (1 x hL)."""
    A = torch.tensor([[float(x) for x in scheme.A.row(i)] for i in range(scheme.stages)])  # type: ignore[attr-defined]
    b = torch.tensor([[float(x) for x in scheme.b]])  # type: ignore[attr-defined]
    eye, ones = torch.eye(len(rate)), torch.ones(scheme.stages, 1)
    system = torch.eye(scheme.stages * len(rate)) - torch.kron(A, rate)
    rates = torch.linalg.solve(system, torch.kron(ones, rate))
    return eye + torch.kron(b, eye) @ rates


@pytest.mark.parametrize("name", A_STABLE)
def test_omega_is_the_step_of_the_method(name: str):
    torch.manual_seed(1)
    model = StableLatent(5, name, 0.7)
    expected = stage_system_map(og.load_scheme(name), 0.7 * model.generator().detach())
    assert_close(model.omega().detach(), expected)
    z = torch.randn(3, 5)
    assert_close(model(z), z @ expected.mT)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("generator", [Dissipative, Conservative])
@pytest.mark.parametrize("name", A_STABLE)
def test_no_weights_let_any_state_grow(
    name: str, generator: type[torch.nn.Module], dtype: torch.dtype
):
    # Weights of every size, of different sizes in one model, of low rank, and without any.
    for seed, scale in enumerate([0.0, 1e-6, 1e-3, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e6]):
        torch.manual_seed(seed)
        size = (1, 2, 5, 6, 15, 32)[seed % 6]
        model = StableLatent(size, name, generator=generator(size)).to(dtype)
        with torch.no_grad():
            for weight in model.parameters():
                weight.copy_(scale * torch.randn_like(weight) * 10 ** torch.randn_like(weight[:1]))
                weight[:, 1 + size // (1 + seed % 3) :] = 0
        start = 10.0 ** torch.tensor([[-15], [-3], [3], [15]], dtype=dtype)
        start = start * torch.randn(4, size, dtype=dtype)
        omega = model.omega()
        rounding = 4 * size * torch.finfo(dtype).eps
        assert torch.linalg.matrix_norm(omega.double(), ord=2) <= 1 + rounding
        states = linear_rollout(omega, start, steps=10_000)
        assert (states.norm(dim=-1) <= 1.02 * start.norm(dim=-1)).all()


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_untrained_autoencoders_stay_bounded_for_ten_thousand_steps(seed: int, dtype: torch.dtype):
    torch.manual_seed(seed)
    model = LyapunovAutoencoder(12, dynamics=StableLatent(15)).to(dtype)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(10.0 ** torch.empty(()).uniform_(-3, 3))
    last = model.decoder.layer3
    bound = last.weight.abs().sum(dim=1) + last.bias.abs()  # |tanh| <= 1
    frames = model.rollout(10.0 ** (seed - 10) * torch.randn(2, 12, dtype=dtype), steps=10_000)
    assert (frames.abs() <= 1.001 * bound).all()
    assert torch.isfinite(frames).all()


def test_conservative_dynamics_keep_the_norm_for_ten_thousand_steps():
    model = StableLatent(7, generator=Conservative(7))
    start = torch.randn(7)
    states = linear_rollout(model.omega(), start, steps=10_000)
    assert_close(states.norm(dim=-1), start.norm().expand(10_001), rtol=1e-9, atol=0.0)
    assert_close(model.omega() @ model.omega().mT, torch.eye(7))


def test_gauss_methods_converge_to_the_flow_and_halves_make_the_whole():
    torch.manual_seed(0)
    generator = Dissipative(4)
    flow = torch.linalg.matrix_exp(0.25 * generator())
    model = StableLatent(4, "gauss-3", 0.25, generator=generator)
    assert_close(model.omega(), flow, rtol=1e-7, atol=1e-8)
    half = model.omega(part=Fraction(1, 2))
    assert_close(half @ half, flow, rtol=1e-8, atol=1e-9)


def test_gradients_of_omega_are_exact():
    model = StableLatent(3, "gauss-2")
    names = [name for name, _ in model.named_parameters()]

    def omega(*weights: torch.Tensor) -> torch.Tensor:
        given = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(model, given, (torch.eye(3),))

    assert torch.autograd.gradcheck(omega, tuple(model.parameters()))


def test_forward_euler_is_refused_with_what_it_blows_up():
    with pytest.raises(
        og.GraphError, match=r"`euler` is not A-stable.*-0\.01\+i and h = 0\.1.*1\.004, more than 1"
    ):
        StableLatent(3, "euler")


@pytest.mark.parametrize("name", ["rk4-classic", "midpoint", "heun-3", "dormand-prince"])
def test_every_explicit_scheme_is_refused_with_an_example_that_grows(name: str):
    with pytest.raises(og.GraphError, match=rf"`{name}` is not A-stable") as caught:
        StableLatent(3, name)
    growth = float(str(caught.value).split("| = ")[1].split(",")[0])
    assert growth > 1


def test_a_step_must_be_positive():
    with pytest.raises(og.GraphError, match="step is `0`; a step of time is positive"):
        StableLatent(3, step=0)


@pytest.mark.parametrize("part", [0, -1, float("nan")])
def test_there_are_no_steps_back(part: float):
    with pytest.raises(og.GraphError, match=rf"part is `{part}`; the part of a step is positive"):
        StableLatent(3).omega(part=part)  # pyright: ignore[reportArgumentType]


def test_a_latent_space_has_a_dimension():
    with pytest.raises(og.UnitError, match="size is `0`; a latent space has at least one"):
        StableLatent(0)


@pytest.mark.parametrize("steps", [0, 1, 2, 7, 64, 65])
def test_rollouts_by_powers_are_the_steps_one_by_one(steps: int):
    omega, state = 0.5 * torch.randn(4, 4), torch.randn(2, 4)
    states = linear_rollout(omega, state, steps=steps)
    assert len(states) == steps + 1
    assert_close(rollout_at(omega, state, step=steps), states[-1])
    for one in states:
        assert_close(one, state)
        state = state @ omega.mT


def test_rollouts_do_not_go_back():
    with pytest.raises(og.GraphError, match="steps is `-1`; a rollout goes forward"):
        linear_rollout(torch.eye(2), torch.ones(2), steps=-1)
