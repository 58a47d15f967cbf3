"""The command line: what a user types, what comes out, and with which exit code."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from executors import imported
from torch.nn import functional as F

from odegraph.block import emit_python
from odegraph.cli import main
from odegraph.cli.output import console
from odegraph.models import read_model

MIDPOINT = """
title = "A midpoint rule"
A = [[], ["1/2"]]
b = ["0", "1"]
[claims]
order = 2
"""
EXAMPLES = Path(__file__).parents[2] / "examples"


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as stop:
        main([*arguments])
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.out, captured.err


@pytest.fixture
def scheme_file(tmp_path) -> Path:
    path = tmp_path / "my-scheme.toml"
    path.write_text(MIDPOINT, encoding="utf-8")
    return path


def test_schemes_lists_the_catalogue(capsys):
    code, out, _ = run(capsys, "schemes", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0
    assert rows["rk4-classic"]["order"] == 4
    assert not rows["gauss-2"]["explicit"]
    code, out, _ = run(capsys, "schemes")
    assert code == 0
    assert "dormand-prince" in out


@pytest.mark.parametrize(
    ("options", "inside", "outside"),
    [
        (("--kind", "linear-multistep"), "bdf-2", "rk4-classic"),
        (("--kind", "general-linear"), "reversible-heun", "bdf-2"),
        (("--order", "4", "--explicit"), "rk4-38", "gauss-2"),
        (("--kind", "runge-kutta", "--order", "3", "--l-stable"), "radau-iia-2", "ssp-rk-3-3"),
        (("--kind", "runge-kutta", "--order", "3", "--ssp"), "ssp-rk-3-3", "radau-iia-2"),
    ],
)
def test_schemes_can_be_filtered(capsys, options, inside, outside):
    code, out, _ = run(capsys, "schemes", "--json", *options)
    names = {row["name"] for row in json.loads(out)}
    assert code == 0
    assert inside in names
    assert outside not in names


def test_compare_puts_schemes_side_by_side(capsys):
    code, out, _ = run(capsys, "compare", "euler", "gauss-2", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["euler"]["real stability interval"] == "[-2, 0]"
    assert found["gauss-2"]["A-stable"] is True
    code, out, _ = run(capsys, "compare", "euler", "adams-bashforth-2")
    assert code == 0
    assert "SSP coefficient" in out


def test_compare_counts_errors_per_evaluation(capsys):
    _, out, _ = run(capsys, "compare", "rk4-classic", "dormand-prince", "--json")
    found = json.loads(out)
    for name, stages, order in (("rk4-classic", 4, 4), ("dormand-prince", 7, 5)):
        row = found[name]
        norm = float(row["principal error norm"])
        expected = pytest.approx(norm * stages**order, rel=1e-5)
        assert float(row["error norm per evaluation (s^p norm)"]) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        ("schemes",),
        ("compare", "rk4-classic", "gauss-3", "bdf-4", "velocity-verlet", "ars-343"),
        ("show", "ars-343"),
    ],
)
def test_output_fits_a_terminal_of_80_columns(capsys, monkeypatch, arguments):
    monkeypatch.setattr(console, "_width", 80)
    code, out, _ = run(capsys, *arguments)
    assert code == 0
    lines = out.splitlines()
    assert max(map(len, lines)) <= (80 if arguments[0] != "show" else 110)


def test_a_filter_that_nothing_passes_says_so(capsys):
    code, out, _ = run(capsys, "schemes", "--kind", "rosenbrock", "--order", "9")
    assert (code, "leave a filter out" in out) == (0, True)


def test_show_prints_latex(capsys):
    _, out, _ = run(capsys, "show", "heun-2", "--latex")
    assert out.startswith(r"\begin{array}{c|cc}")


def test_show_prints_the_tableau_and_what_is_proven(capsys):
    code, out, _ = run(capsys, "show", "rk4-classic")
    assert code == 0
    assert "1/2 | 0    1/2" in out
    code, out, _ = run(capsys, "show", "dormand-prince", "--json")
    facts = json.loads(out)
    assert facts["order"] == 5
    assert facts["embedded order"] == 4
    assert facts["first same as last"]


def test_verify_proves_a_file_of_the_user(capsys, scheme_file):
    code, out, _ = run(capsys, "verify", str(scheme_file))
    assert (code, out) == (0, "my-scheme: order 2 proven\n")


def test_verify_warns_of_a_reducible_tableau_and_names_the_reduced_one(capsys, tmp_path):
    path = tmp_path / "twice.toml"
    path.write_text(
        'title = "Midpoint with a stage too many"\nkind = "runge-kutta"\nsource = "none"\n'
        'A = [[], ["1/2"], ["1/2", "0"]]\nb = ["0", "1/2", "1/2"]\n',
        encoding="utf-8",
    )
    code, out, _ = run(capsys, "verify", str(path))
    assert code == 0
    assert "note: The tableau is reducible from 3 stages to 2: A = " in out
    assert "b = ['0', '1'] gives the same result" in out


def test_verify_reports_every_file_and_fails_if_one_does(capsys, scheme_file):
    wrong = scheme_file.with_name("wrong.toml")
    wrong.write_text(MIDPOINT.replace("order = 2", "order = 3"), encoding="utf-8")
    code, out, err = run(capsys, "verify", str(scheme_file), str(wrong))
    assert code == 1
    assert "my-scheme: order 2 proven" in out
    assert "error: " in err
    assert "wrong" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("show", "rk4-clasic"), 1, "Did you mean `rk4-classic`?"),
        (("verify", "none.toml"), 1, "There is no scheme file `none.toml`"),
        (("draw", "rk4-classic", "-o", "x.gif"), 1, ".gif"),
        (("schemes", "--kind", "runge-kuta"), 1, "Did you mean `runge-kutta`?"),
        (("compile", "none.toml"), 1, "There is no model file `none.toml`"),
        (("show",), 2, "Missing argument"),
        (("shwo", "euler"), 2, "No such command"),
        (("draw", "rk4-classic"), 2, "--output"),
    ],
)
def test_a_mistake_is_one_message_and_an_exit_code(capsys, arguments, code, message):
    found, _, err = run(capsys, *arguments)
    assert found == code
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize("command", [("demo",), ("train-dynamics", "frames.npy")])
def test_a_folder_that_cannot_be_written_is_told_before_the_work(capsys, tmp_path, command):
    frames = np.random.default_rng(0).normal(size=(24, 6))
    np.save(tmp_path / "frames.npy", frames)
    place = tmp_path / "file"
    place.touch()
    arguments = [word.replace("frames", str(tmp_path / "frames")) for word in command]
    code, _, err = run(capsys, *arguments, "--output", str(place / "inside"))
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith(f"error: `{place / 'inside'}` cannot be written: ")


def test_seeds_are_those_that_torch_takes(capsys, tmp_path):
    model = str(EXAMPLES / "continuous_net.toml")
    for seed in ("-1", str(2**63)):
        code, _, err = run(capsys, "compile", model, "-o", str(tmp_path), "--seed", seed)
        assert code == 2
        assert "'--seed'" in err


def test_a_false_order_comes_with_the_picture_of_its_tree(capsys, scheme_file, tmp_path):
    wrong = scheme_file.with_name("wrong.toml")
    wrong.write_text(MIDPOINT.replace("order = 2", "order = 3"), encoding="utf-8")
    _, _, err = run(capsys, "verify", str(wrong))
    command = err[err.index("odegraph draw") :].split()
    assert command[-1] == "tree.svg"
    target = tmp_path / "tree.svg"
    code, _, _ = run(capsys, *command[1:-1], str(target))
    assert code == 0
    assert "</svg>" in target.read_text(encoding="utf-8")


def test_other_faults_come_without_a_picture(capsys, scheme_file):
    scheme_file.write_text(MIDPOINT.replace('"0", "1"', '"0", "2"'), encoding="utf-8")
    _, _, err = run(capsys, "verify", str(scheme_file))
    assert "error: " in err
    assert "odegraph draw" not in err


def test_a_page_can_be_html(capsys, tmp_path):
    target = tmp_path / "page.html"
    code, _, _ = run(capsys, "draw", "ros2", "-o", str(target), "--picture", "page")
    text = target.read_text(encoding="utf-8")
    assert code == 0
    assert text.count("</svg>") == 3
    assert "L-stable" in text
    assert "One step." in text


@pytest.mark.parametrize(
    "picture", ["step", "stability", "order-star", "tableau", "failing-tree", "registers", "page"]
)
def test_draw_makes_each_picture_of_a_scheme(capsys, tmp_path, scheme_file, picture):
    target = tmp_path / f"{picture}.svg"
    code, out, _ = run(capsys, "draw", str(scheme_file), "-o", str(target), "--picture", picture)
    assert code == 0
    assert str(target) in out
    assert "</svg>" in target.read_text(encoding="utf-8")


def test_compile_writes_module_picture_and_checkpoint(capsys, tmp_path, scheme_file):
    code, out, _ = run(
        capsys,
        *("compile", str(EXAMPLES / "continuous_net.toml"), "--scheme", str(scheme_file)),
        *("-o", str(tmp_path / "generated"), "--draw", "--checkpoint", "--json"),
    )
    assert code == 0
    description = json.loads(out)
    assert {Path(path).suffix for path in description["written"]} == {".py", ".svg", ".safetensors"}
    assert all(Path(path).stat().st_size for path in description["written"])
    assert {block["scheme"] for block in description["blocks"].values()} == {"my-scheme"}
    (module,) = (tmp_path / "generated").glob("*.py")
    first = module.read_text(encoding="utf-8").split("\n")[0]
    assert first.startswith('"""ContinuousNet, two blocks. Generated by odegraph ')


def test_a_title_cannot_end_the_docstring_of_a_module(tmp_path):
    model = read_model(EXAMPLES / "continuous_net.toml").model
    model.title = 'A "model" \\ with """ quotes\nin two lines, and many words that say little more'
    text = emit_python(model, tmp_path / "model.py").read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(text)) or ""
    assert said.startswith("A 'model' \\ with ''' quotes in two lines, and many words ")
    assert len(ast.parse(text).body) > 3


def test_the_module_compiled_for_cifar10_trains(capsys, tmp_path):
    model = str(EXAMPLES / "continuousnet_cifar10.toml")
    code, out, _ = run(capsys, "compile", model, "--draw", "-o", str(tmp_path))
    assert code == 0
    assert "857,850 parameters" in out
    assert (tmp_path / "continuousnet_cifar10.svg").stat().st_size > 10_000
    net = imported(tmp_path / "continuousnet_cifar10.py").Model()
    labels = torch.arange(8)
    images = torch.randn(8, 3, 8, 8)
    images[labels, 0, labels] += 3  # a bright row tells the class
    optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    losses = []
    for _ in range(6):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 4


def test_compile_into_a_folder_that_cannot_be_made_writes_nothing(capsys, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way", encoding="utf-8")
    code, _, err = run(
        capsys, "compile", str(EXAMPLES / "continuous_net.toml"), "-o", str(blocked / "generated")
    )
    assert code == 1
    assert "cannot be written" in err
    assert list(tmp_path.iterdir()) == [blocked]


def test_a_model_has_no_stability_region(capsys, tmp_path):
    code, _, err = run(
        capsys,
        *("draw", str(EXAMPLES / "continuous_net.toml"), "-o", str(tmp_path / "x.svg")),
        *("--picture", "stability"),
    )
    assert code == 1
    assert "draw its scheme instead" in err


def test_version(capsys):
    code, out, _ = run(capsys, "--version")
    assert code == 0
    assert out.startswith("odegraph ")
