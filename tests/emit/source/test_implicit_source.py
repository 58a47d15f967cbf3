"""Generated modules of implicit schemes, and what is read back from their graphs."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from catalogue_names import names_of_kind
from example_units import Growth, Normed, Tanh, randomized
from executors import generated_module
from torch.testing import assert_close

import odegraph as og
from odegraph.emit.read_back import read_back, read_stability_function
from odegraph.ir import Combine, Evaluate, Solve, SolvedRate, StageMatrix
from odegraph.passes import spell_out_stages

RUFF = Path(sys.executable).with_name("ruff")
CASES = {
    "exact": (Growth, "tr-bdf2", None),
    "newton": (Tanh, "lobatto-iiic-4", None),
    "fixed": (Normed, "gauss-2", og.FixedPoint(iterations=5)),
    "recycled": (Normed, "crank-nicolson", og.FixedPoint(iterations=5)),
}


def block_of(case: str, basis: og.Basis) -> og.OdeBlock:
    unit, scheme, solver = CASES[case]
    return randomized(og.OdeBlock(unit(), scheme=scheme, basis=basis, steps=3, solver=solver))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("basis", [og.PiecewiseConstant(3), og.PiecewiseLinear(2)], ids=str)
def test_generated_modules_give_the_same_numbers_and_suit_formatters(case, basis, tmp_path):
    block = block_of(case, basis)
    x = torch.randn(6, 3 if case in ("fixed", "recycled") else 2)
    module = generated_module(block, tmp_path)
    assert_close(module(x), block(x), rtol=0, atol=0)
    assert_close(module.state_dict(), block.state_dict(), rtol=1e-15, atol=1e-15)
    for width in ("88", "100"):
        command = [RUFF, "format", "--check", "--isolated", "--line-length", width, tmp_path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_signature_knows_the_solver(tmp_path):
    texts = []
    for n, solver in enumerate([None, og.NewtonKrylov(iterations=5), og.FixedPoint()]):
        block = og.OdeBlock(
            Tanh(), scheme="gauss-2", basis=og.PiecewiseConstant(1), steps=1, solver=solver
        )
        texts.append(og.emit_python(block, tmp_path / f"block{n}.py").read_text())
    signatures = {line for text in texts for line in text.split("\n") if "signature" in line}
    assert len(signatures) == 3
    assert "\nsolver newton-krylov, iterations 4, krylov 6\n" in texts[0]
    assert "gmres" not in texts[2]


IMPLICIT = [
    name
    for name in names_of_kind("runge-kutta")
    if not (scheme := og.load_scheme(name)).is_explicit and scheme.stages <= 4
]


@pytest.mark.parametrize("name", IMPLICIT)
@pytest.mark.parametrize("unit", [Tanh, Growth])
def test_what_is_read_back_is_the_tableau(name, unit):
    block = og.OdeBlock(unit(), scheme=name, basis=og.PiecewiseLinear(1), steps=1)
    found, scheme = read_back(block.graph_module, precision=block.precision), block.manifestation
    A, b, _ = scheme.scheme.entries
    numbers = [int(stage.removeprefix("step0_k")) - 1 for stage in found.stages]
    assert sorted(numbers) == list(range(len(b)))
    for row, i in zip(found.A, numbers, strict=True):
        assert [value - A[i][j] for value, j in zip(row, numbers, strict=True)] == [0] * len(b)
    assert [value - b[j] for value, j in zip(found.b, numbers, strict=True)] == [0] * len(b)


def test_a_graph_whose_solver_was_changed_is_refused():
    block = og.OdeBlock(Tanh(), scheme="gauss-2", basis=og.PiecewiseConstant(1), steps=1)
    block.graph_module.solve1.coefficients = ((0.25, 0.0), (0.25, 0.25))
    with pytest.raises(og.EmitError, match="`step0_k1` is computed with the weights"):
        read_back(block.graph_module, precision=block.precision)


def test_the_stability_function_of_implicit_stages_is_no_polynomial():
    block = og.OdeBlock(Tanh(), scheme="gauss-2", basis=og.PiecewiseConstant(1), steps=1)
    with pytest.raises(og.EmitError, match=r"`solve1` are implicit.*rational"):
        read_stability_function(block.graph_module)


def counted(scheme: str, unit: torch.nn.Module, basis: og.Basis, **form: object) -> dict:
    graph = og.OdeBlock(unit, scheme=scheme, basis=basis, **form).step_graph
    kinds = (Evaluate, Solve, SolvedRate, StageMatrix)
    return {kind.__name__: len(graph.of_type(kind)) for kind in kinds}


@pytest.mark.parametrize("scheme", ["implicit-midpoint", "gauss-2", "alexander-3"])
def test_equal_steps_of_a_linear_unit_share_one_matrix(scheme):
    one = og.PiecewiseConstant(1)
    assert counted(scheme, Growth(), one, steps=5)["StageMatrix"] == 1
    assert counted(scheme, Growth(), og.PiecewiseConstant(5), steps=5)["StageMatrix"] == 5
    assert counted(scheme, Growth(), one, grid=[0, "1/2", "3/4", 1])["StageMatrix"] == 2


def test_diagonally_implicit_schemes_are_chains_of_small_solves():
    one = og.PiecewiseConstant(1)
    counts = counted("alexander-3", Tanh(), one, steps=2)
    assert counts == {"Evaluate": 0, "Solve": 6, "SolvedRate": 6, "StageMatrix": 0}
    counts = counted("gauss-3", Tanh(), one, steps=2)
    assert counts == {"Evaluate": 0, "Solve": 2, "SolvedRate": 6, "StageMatrix": 0}


@pytest.mark.parametrize("scheme", ["crank-nicolson", "tr-bdf2", "lobatto-iiia-3"])
def test_the_last_rate_of_a_stiffly_accurate_step_is_the_first_of_the_next(scheme):
    # But not across a jump of theta(t).
    smooth = counted(scheme, Tanh(), og.PiecewiseLinear(2), steps=4)
    jumps = counted(scheme, Tanh(), og.PiecewiseConstant(2), steps=4)
    assert (smooth["Evaluate"], jumps["Evaluate"]) == (1, 2)


@pytest.mark.parametrize("name", IMPLICIT)
def test_spelled_out_stages_are_the_rows_of_the_tableau(name):
    block = og.OdeBlock(Tanh(), scheme=name, basis=og.PiecewiseLinear(1), steps=1)
    graph = spell_out_stages(block.step_graph)
    assert not graph.of_type(Solve)
    A, _, _ = block.manifestation.scheme.entries
    for rate in graph.of_type(Evaluate):
        state = graph.input(rate, "state")
        stage = graph.node(rate).stage
        terms = graph.inputs(state) if isinstance(graph.node(state), Combine) else []
        weights = {source: edge.exact for source, edge in terms}
        row = [weights.get(f"step0.k{j}", 0) for j in range(1, len(A) + 1)]
        assert [found - a for found, a in zip(row, A[stage - 1], strict=True)] == [0] * len(A)
