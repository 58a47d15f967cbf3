"""Draw the pictures of docs/passes.md."""

from collections.abc import Sequence
from pathlib import Path

from torch import fx, nn

import odegraph as og
from odegraph.draw import draw_scheme_registers, draw_snapshots, draw_step_graph, render_dot
from odegraph.draw.plain_graph import unit_dot
from odegraph.draw.step_texts import CONSTANTS
from odegraph.emit.unit_call import UNITS
from odegraph.ir import Part, StepGraph, build_step_graph, manifestation
from odegraph.passes import (
    DEFAULT_PASSES,
    Pass,
    batch_stages,
    collapse_linear,
    discrete_adjoint,
    drop_dead,
    run_passes,
    separate_products,
    share_stages,
    simplify,
    tabulate_theta,
)
from odegraph.passes.invert import invert, only_start
from odegraph.unit import fold_norms, trace_unit

FOLDER = Path("docs/pictures/passes")


def main() -> None:
    draw_snapshots(32, FOLDER / "checkpoints-all.svg", snapshots=32)
    draw_snapshots(32, FOLDER / "checkpoints-7.svg", snapshots=7)
    for scheme in ("rk4-classic", "ssp-rk-10-4", "carpenter-kennedy-5-4"):
        draw_scheme_registers(og.load_scheme(scheme), FOLDER / f"registers-{scheme}.svg")
    verlet = one_step("stormer-verlet")
    draw_step_graph(verlet, FOLDER / "verlet.svg")
    rollout = one_step("rk4-classic", steps=3)
    draw_step_graph(rollout, FOLDER / "linear-steps.svg")
    collapsed = one_step("rk4-classic", steps=3, passes=(collapse_linear, *DEFAULT_PASSES))
    og.draw(collapsed, FOLDER / "linear-collapsed.svg")
    stages = one_step("extrapolated-euler(3)")
    draw_step_graph(stages, FOLDER / "stages-apart.svg")
    draw_step_graph(batch_stages(stages), FOLDER / "stages-batched.svg")
    draw_default_passes()
    draw_sums()
    draw_folded_norm()
    draw_adjoint("heun-2", "heun")
    draw_adjoint("rk4-classic", "rk4")
    draw_layouts()
    draw_step_graph(only_start(invert(verlet)), FOLDER / "verlet-inverse.svg", title="its inverse")
    draw_step_graph(one_step("reversible-heun", steps=2), FOLDER / "reversible-heun.svg")


def draw_default_passes() -> None:
    """What each of the default passes changes, and theta(t) as a table."""
    form = manifestation("bogacki-shampine", basis=og.PiecewiseConstant(1), steps=1)
    formulas = build_step_graph(form)
    draw_step_graph(formulas, FOLDER / "formulas.svg", title="as the formulas say it")
    needed = run_passes(formulas, (simplify, drop_dead))
    draw_step_graph(needed, FOLDER / "formulas-needed.svg", title="what the result needs")
    steps = one_step("bogacki-shampine", steps=2, passes=(simplify,))
    draw_step_graph(steps, FOLDER / "first-same.svg", title="eight units")
    shared = run_passes(steps, (share_stages,))
    draw_step_graph(shared, FOLDER / "first-same-shared.svg", title="seven units")
    hats = manifestation("heun-2", basis=og.PiecewiseLinear(1), steps=2)
    own = run_passes(build_step_graph(hats), (simplify,))
    draw_step_graph(own, FOLDER / "theta.svg", title="θ(1/2) twice")
    once = run_passes(own, (share_stages,))
    draw_step_graph(once, FOLDER / "theta-shared.svg", title="θ(1/2) once")
    table, _ = tabulate_theta(once)
    title = "three entries of a table"
    draw_step_graph(table, FOLDER / "theta-table.svg", title=title, notation=CONSTANTS)


def draw_sums() -> None:
    """The kernels of a step, with products in the sums that they join and apart."""
    fused = og.OdeBlock(nn.Tanh(), scheme="ralston-2", basis=og.PiecewiseConstant(1), steps=1)
    apart = og.with_execution(fused, passes=(*DEFAULT_PASSES, separate_products))
    for name, title, block in (("apart", "six kernels", apart), ("fused", "four kernels", fused)):
        graph = block.graph_module.graph
        graph.find_nodes(op="placeholder")[0].meta["path"] = "x"
        render_dot(unit_dot(graph, title=title), FOLDER / f"sums-{name}.svg")


def draw_adjoint(scheme: str, name: str) -> None:
    """A step, and the graph that takes its gradient back."""
    step = one_step(scheme)
    draw_step_graph(step, FOLDER / f"{name}.svg", title=f"one step of {scheme}")
    back = discrete_adjoint(step).graph
    draw_step_graph(back, FOLDER / f"{name}-adjoint.svg", title="its adjoint")


def draw_folded_norm() -> None:
    """A convolution with its BatchNorm, before and after `bake`."""
    unit = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU())
    traced = trace_unit(unit)
    render_dot(unit_dot(traced.evaluation.graph, title="the unit"), FOLDER / "norm.svg")
    folded = fold_norms(traced).unit
    render_dot(
        unit_dot(folded.evaluation.graph, title="what bake makes of it"), FOLDER / "norm-folded.svg"
    )


def draw_layouts() -> None:
    """Units as they are, and as the layouts of compiled and baked graphs rewrite them."""
    layers = nn.Sequential(nn.Linear(2, 50), nn.Tanh(), nn.Linear(50, 2))
    draw_unit(graph_of(layers), "rows", "states [batch, features]")
    draw_unit(og.Columns().rewritten(graph_of(layers)), "columns", "states [features, batch]")
    images = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(2))
    draw_unit(graph_of(images), "convolution", "operations of torch")
    direct = og.DirectConvolutions().rewritten(graph_of(images))
    draw_unit(direct, "convolution-direct", "with a call of oneDNN")


def graph_of(unit: nn.Module) -> fx.GraphModule:
    """The lowered graph of one Euler step in evaluation mode."""
    block = og.OdeBlock(unit, scheme="euler", basis=og.PiecewiseConstant(1), steps=1)
    return block.eval().graph_module


def draw_unit(module: fx.GraphModule | None, name: str, title: str) -> None:
    """What the unit of a lowered graph computes."""
    assert module is not None
    graph = module.get_submodule(UNITS[Part.WHOLE]).graph
    assert isinstance(graph, fx.Graph)
    render_dot(unit_dot(graph, title=title), FOLDER / f"{name}.svg")


def one_step(scheme: str, *, steps: int = 1, passes: Sequence[Pass] = DEFAULT_PASSES) -> StepGraph:
    """The graph of one step, or of a few, with constant coefficients."""
    form = manifestation(scheme, basis=og.PiecewiseConstant(1), steps=steps)
    return run_passes(build_step_graph(form), passes)


if __name__ == "__main__":
    main()
