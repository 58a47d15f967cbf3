import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.testing import assert_close

from odegraph._errors import UnitError
from odegraph.dynamics.parametrizations import SymmetricSkew

LAYERS = {
    "dense": (lambda: nn.Linear(6, 6, bias=False), (6,), 1),
    "1d": (lambda: nn.Conv1d(3, 3, 5, padding=2, padding_mode="circular", bias=False), (3, 8), 1),
    "2d": (
        lambda: nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular", bias=False),
        (2, 4, 5),
        1,
    ),
    "2d-zero": (lambda: nn.Conv2d(2, 2, 3, padding=1, bias=False), (2, 4, 5), 1),
    "dilated": (lambda: nn.Conv1d(2, 2, 3, padding=2, dilation=2, bias=False), (2, 7), 1),
    "grouped": (lambda: nn.Conv1d(6, 6, 3, padding=1, groups=3, bias=False), (6, 5), 3),
    "depthwise": (lambda: nn.Conv2d(3, 3, 3, padding=1, groups=3, bias=False), (3, 4, 4), 3),
}
ORIGINAL = "parametrizations.weight.original"
layers = pytest.mark.parametrize("kind", LAYERS)


def parametrized(kind: str, beta: float) -> tuple[nn.Module, tuple[int, ...], Tensor]:
    torch.manual_seed(0)
    make, shape, groups = LAYERS[kind]
    layer = make().double()
    raw = layer.get_parameter("weight").detach().clone()
    parametrize.register_parametrization(layer, "weight", SymmetricSkew(beta, groups=groups))
    # Registering goes through right_inverse, which drops a part of W at beta = 0 and beta = 1.
    layer.get_parameter(ORIGINAL).data.copy_(raw)
    return layer, shape, raw


def operator(layer: nn.Module, shape: tuple[int, ...]) -> Tensor:
    """The matrix of the layer, one column for every unit input."""
    size = torch.Size(shape).numel()
    columns = layer(torch.eye(size, dtype=torch.float64).reshape(size, *shape))
    return columns.reshape(size, size).mT.detach()


@layers
def test_beta_zero_is_skew_with_an_imaginary_spectrum(kind: str):
    layer, shape, _ = parametrized(kind, 0.0)
    matrix = operator(layer, shape)
    assert torch.equal(matrix, -matrix.mT)
    assert_close(torch.linalg.eigvals(matrix).real, torch.zeros(len(matrix)).double())


@layers
def test_beta_one_is_symmetric_with_a_real_spectrum(kind: str):
    layer, shape, _ = parametrized(kind, 1.0)
    matrix = operator(layer, shape)
    assert torch.equal(matrix, matrix.mT)
    assert_close(torch.linalg.eigvals(matrix).imag, torch.zeros(len(matrix)).double())


@layers
def test_beta_one_half_is_the_weight_itself_to_the_last_bit(kind: str):
    layer, _, raw = parametrized(kind, 0.5)
    assert torch.equal(torch.as_tensor(layer.weight), raw)


@layers
@pytest.mark.parametrize("beta", [0.0, 0.2, 0.9, 1.0])
def test_the_operator_is_t_of_the_operator(kind: str, beta: float):
    matrix = operator(parametrized(kind, beta)[0], LAYERS[kind][1])
    plain = operator(parametrized(kind, 0.5)[0], LAYERS[kind][1])
    assert_close(matrix, beta * (plain + plain.mT) + (1 - beta) * (plain - plain.mT))


@layers
@pytest.mark.parametrize("beta", [0.0, 0.1, 0.5, 0.7, 1.0])
def test_assigning_a_weight_in_range_gives_that_weight(kind: str, beta: float):
    source = parametrized(kind, beta)[0]
    target = torch.as_tensor(source.weight).detach().clone()
    layer = parametrized(kind, beta)[0]
    layer.get_parameter(ORIGINAL).data.zero_()
    layer.__setattr__("weight", target)
    assert_close(layer.weight, target)


@pytest.mark.parametrize(("beta", "sign"), [(0.0, -1), (1.0, 1)])
def test_assigning_a_weight_out_of_range_projects_it(beta: float, sign: int):
    weight = torch.randn(5, 5, dtype=torch.float64)
    transform = SymmetricSkew(beta)
    assert_close(transform(transform.right_inverse(weight)), (weight + sign * weight.mT) / 2)


def test_gradients_flow_to_the_original_weight():
    layer, _, _ = parametrized("2d", 0.3)
    layer(torch.ones(1, 2, 4, 4, dtype=torch.float64)).square().sum().backward()
    gradient = layer.get_parameter(ORIGINAL).grad
    assert gradient is not None
    assert gradient.abs().sum() > 0


@pytest.mark.parametrize("beta", [-0.1, 1.5, float("nan")])
def test_a_beta_outside_zero_to_one_is_refused(beta: float):
    with pytest.raises(UnitError, match=f"beta is `{beta}`"):
        SymmetricSkew(beta)


def test_groups_below_one_are_refused():
    with pytest.raises(UnitError, match="groups is `0`; it must be at least 1"):
        SymmetricSkew(0.5, groups=0)


@pytest.mark.parametrize("shape", [(3, 4), (4, 2, 3), (5,)])
def test_a_weight_that_is_not_square_is_refused(shape: tuple[int, ...]):
    with pytest.raises(
        UnitError, match=r"no transpose of its own shape.*as many outputs as inputs"
    ):
        SymmetricSkew(0.0)(torch.zeros(shape))


def test_an_even_kernel_is_refused():
    with pytest.raises(UnitError, match=r"kernel of shape `\(4, 3\)` has no middle.*odd"):
        SymmetricSkew(0.0)(torch.zeros(2, 2, 4, 3))


def test_a_model_summary_shows_beta_and_groups():
    assert repr(SymmetricSkew(0.25)) == "SymmetricSkew(beta=0.25)"
    assert repr(SymmetricSkew(0.25, groups=2)) == "SymmetricSkew(beta=0.25, groups=2)"
