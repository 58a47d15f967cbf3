"""The demo: its recipe learns, and every file that it promises is there."""

import json

import pytest
import torch

import odegraph as og
from odegraph.cli import main
from odegraph.demo import Recipe, run
from odegraph.demo.run import pendulum_convergence
from odegraph.demo.training import train
from odegraph.models.units import TanhUnit

SHORT = Recipe(adam_steps=20, lbfgs_iterations=50)


def test_everything_is_written_and_the_report_stands_alone(tmp_path):
    stages = {}
    found = run(tmp_path, recipe=SHORT, progress=lambda stage, done: stages.update({stage: done}))
    assert stages == dict.fromkeys(
        ("euler", "midpoint", "rk4-classic", "convergence", "files"), 1.0
    )
    assert all(path.stat().st_size for path in found.written)
    assert {path.suffix for path in found.written} == {
        ".svg",
        ".py",
        ".safetensors",
        ".csv",
        ".html",
    }
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    for path in found.written:
        assert path.name in page or path.name == "report.html"
    block = og.load(
        tmp_path / "midpoint.safetensors", unit=TanhUnit(features=2, hidden=50, dtype=torch.float64)
    )
    state = torch.tensor([[1.0, 0.5]], dtype=torch.float64)
    assert torch.equal(block(state), found.trained["midpoint"].block(state))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scheme", "error", "dips", "continuous"),
    [
        ("euler", 1e-3, (1e3, 1e5), False),
        ("midpoint", 1e-3, (50, 1e4), False),
        ("rk4-classic", 5e-4, (0.2, 5), True),
    ],
)
def test_only_a_scheme_that_is_accurate_at_the_step_learns_the_system(
    scheme, error, dips, continuous
):
    trained = train(scheme, Recipe(), advance=lambda _: None)
    report = pendulum_convergence(trained.block)
    assert report.trained.at(0.1) < error
    assert dips[0] < report.dip < dips[1]
    assert report.verdict.continuous is continuous
    slopes = {row["scheme"]: row["slope"] for row in report.table}
    assert slopes == {
        "euler": pytest.approx(1, abs=0.3),
        "midpoint": pytest.approx(2, abs=0.3),
        "rk4-classic": pytest.approx(4, abs=0.5),
    }


def test_the_command_prints_json_for_machines(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("odegraph.cli.demo.Recipe", lambda **_: SHORT)
    with pytest.raises(SystemExit) as stop:
        main(["demo", "-o", str(tmp_path), "--json"])
    assert not stop.value.code
    data = json.loads(capsys.readouterr().out)
    assert [report["trained_with"] for report in data["reports"]] == [
        *("euler", "midpoint", "rk4-classic")
    ]
