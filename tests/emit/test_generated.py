"""Generated modules: as if written by hand, always the same bytes, and alone in the world."""

import ast
import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from example_units import Normed, Tanh, randomized
from executors import generated_module, imported
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.basis import Legendre

GOLDEN = Path(__file__).parent.parent / "golden"
RUFF = Path(sys.executable).with_name("ruff")


class Numbered(nn.Sequential):
    """Layers whose names are numbers: no Python attribute reaches them."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 2))


class Plain(nn.Module):
    """A unit without any parameter."""

    def forward(self, x):
        return torch.sin(x)


class Scaled(nn.Module):
    """A unit with a buffer that no call changes."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor([0.5, 2.0]))

    def forward(self, x):
        return self.scale * torch.cos(x)


def frozen() -> nn.Module:
    """A unit of which only the last layer trains, under layer names that are numbers."""
    unit = Numbered()
    unit[0].requires_grad_(False)
    return unit


def cases() -> dict[str, nn.Module]:
    pc, hats = og.PiecewiseConstant(2), og.PiecewiseLinear(2)
    made: dict[str, nn.Module] = {
        "rk4": og.OdeBlock(Tanh(), scheme="rk4-classic", basis=pc, steps=2, span=2),
        "hats": og.OdeBlock(Tanh(), scheme="dormand-prince", basis=hats, steps=3),
        "uneven": og.OdeBlock(Numbered(), scheme="gill-4", basis=hats, grid=[0, "1/3", 1]),
        "legendre": og.OdeBlock(Tanh(), scheme="verner-8-7", basis=Legendre(3), steps=2),
        "normed": og.OdeBlock(Normed(), scheme="midpoint", basis=pc, steps=2),
        "normed-hats": og.OdeBlock(
            Normed(), scheme="heun-3", basis=hats, steps=3, state_basis=og.PiecewiseLinear(1)
        ),
        "many": og.OdeBlock(Tanh(), scheme="ssp-rk-10-4", basis=hats, steps=4, span="1/10"),
        "plain": og.OdeBlock(Plain(), scheme="rk4-38", basis=pc, steps=2),
        "scaled": og.OdeBlock(Scaled(), scheme="ralston-2", basis=pc, steps=2),
        "frozen": og.OdeBlock(frozen(), scheme="euler", basis=pc, steps=2),
    }
    made |= {f"{name}-float": copy.deepcopy(made[name]).float() for name in ("hats", "normed")}
    made |= {f"{name}-baked": og.bake(made[name].eval()) for name in ("hats", "normed")}
    return {name: randomized(block) for name, block in made.items()}


CASES = [
    *[
        "rk4",
        "hats",
        "uneven",
        "legendre",
        "normed",
        "normed-hats",
        "many",
        "plain",
        "scaled",
        "frozen",
    ],
    *["hats-float", "normed-float", "hats-baked", "normed-baked"],
]


@pytest.fixture(scope="module")
def blocks() -> dict[str, nn.Module]:
    torch.set_default_dtype(torch.float64)
    return cases()


def state_of(block) -> torch.Tensor:
    size = next((s.shape[-1] for s in block.unit.value_shapes if s.dim()), 2)
    slots = [slot for slot in block.state_dict().values() if slot.is_floating_point()]
    dtype = slots[0].dtype if slots else torch.float64
    generator = torch.Generator().manual_seed(1)
    return torch.randn(5, size, generator=generator, dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("training", [True, False])
def test_generated_modules_give_the_same_numbers(blocks, tmp_path, name, training):
    block = copy.deepcopy(blocks[name]).train(training)
    module = generated_module(block, tmp_path)
    x = state_of(block)
    rtol = 1e-15 if x.dtype == torch.float64 else 1e-6
    assert_close(module(x), block(x), rtol=rtol, atol=0)
    assert_close(module.state_dict(), dict(block.state_dict()), rtol=rtol, atol=0)


@pytest.mark.parametrize("name", CASES)
def test_state_dicts_are_interchangeable(blocks, tmp_path, name):
    block = blocks[name]
    module = imported(og.emit_python(block, tmp_path / "module.py")).Block()
    ours, theirs = block.state_dict(), module.state_dict()
    assert list(theirs) == list(ours)
    for key, value in ours.items():
        assert (theirs[key].shape, theirs[key].dtype) == (value.shape, value.dtype), key
    trainable = {key for key, slot in block.named_parameters() if slot.requires_grad}
    assert {key for key, slot in module.named_parameters() if slot.requires_grad} == trainable


def test_formatters_leave_generated_modules_alone(blocks, tmp_path):
    for name, block in blocks.items():
        og.emit_python(block, tmp_path / f"{name.replace('-', '_')}.py")
    for width in (88, 100):
        ruff = [RUFF, "format", "--check", "--isolated", "--line-length", str(width), tmp_path]
        result = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{width}: {result.stdout}"
    lint = [RUFF, "check", "--isolated", "--select", "F,E4,E7,E9,B,UP", tmp_path]
    result = subprocess.run(lint, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_generated_modules_need_torch_only(blocks, tmp_path):
    for name, block in blocks.items():
        tree = ast.parse(og.emit_python(block, tmp_path / f"{name}.py").read_text())
        found = {
            alias.name if isinstance(node, ast.Import) else node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert found <= {"torch", "torch.nn"}, name


EMIT = """
import sys, torch
sys.path.insert(0, {tests!r})
torch.set_default_dtype(torch.float64)
from emit_cases import cases
import odegraph as og
for name, block in cases().items():
    og.emit_python(block, f"{folder}/{{name}}.py")
"""


def test_the_same_input_gives_the_same_bytes_in_any_process(blocks, tmp_path):
    (tmp_path / "emit_cases.py").write_bytes(Path(__file__).read_bytes())
    script = EMIT.format(tests=str(Path(__file__).parent.parent), folder=str(tmp_path))
    subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{script}"],
        env={**os.environ, "PYTHONHASHSEED": "4242"},
        check=True,
        cwd=Path(__file__).parents[2],
    )
    for name, block in blocks.items():
        here = og.emit_python(block, tmp_path / "here.py").read_bytes()
        assert here == (tmp_path / f"{name}.py").read_bytes(), name
        assert here == og.emit_python(block, tmp_path / "again.py").read_bytes()


def test_values_do_not_change_the_text(blocks, tmp_path):
    block = copy.deepcopy(blocks["hats"])
    before = og.emit_python(block, tmp_path / "a.py").read_bytes()
    with torch.no_grad():
        block.theta.f.bias += 1
    assert og.emit_python(block, tmp_path / "b.py").read_bytes() == before


def test_another_manifestation_has_another_signature(tmp_path):
    def signature(**options) -> str:
        chosen = {"scheme": "rk4-classic", "basis": og.PiecewiseConstant(2), "steps": 2} | options
        text = og.emit_python(og.OdeBlock(Tanh(), **chosen), tmp_path / "m.py").read_text()
        (line,) = (line for line in text.splitlines() if line.startswith("signature "))
        return line

    changed = [
        {},
        {"scheme": "rk4-38"},
        {"basis": og.PiecewiseConstant(1)},
        {"steps": 4},
        {"span": 2},
        {"grid": [0, "1/2", 1], "steps": None},
    ]
    signatures = [signature(**options) for options in changed]
    assert signatures[-1] == signatures[0]
    assert len(set(signatures[:-1])) == 5


def test_a_fresh_module_trains(tmp_path):
    block = og.OdeBlock(Tanh(), scheme="rk4-classic", basis=og.PiecewiseConstant(2), steps=2)
    module = imported(og.emit_python(block, tmp_path / "m.py")).Block().double()
    optimizer = torch.optim.Adam(module.parameters(), lr=0.02)
    x = torch.randn(16, 2, generator=torch.Generator().manual_seed(0))
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = (module(x) - x.flip(1)).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


def golden_block() -> og.OdeBlock:
    return og.OdeBlock(
        Tanh(2, 50), scheme="rk4-classic", basis=og.PiecewiseConstant(2), steps=2, span=2
    )


def test_the_golden_module(tmp_path):
    text = og.emit_python(golden_block(), tmp_path / "m.py").read_text()
    assert text == (GOLDEN / "rk4_two_steps.py").read_text()


def test_only_python_names_are_written(tmp_path):
    with pytest.raises(og.EmitError, match=r"`.*block.txt` is not a Python module.*\.py"):
        og.emit_python(golden_block(), tmp_path / "block.txt")
    assert list(tmp_path.iterdir()) == []
