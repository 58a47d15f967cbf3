"""The wake of a cylinder: which learned model stays bounded, and at what cost in accuracy?

    python examples/wake.py                # some minutes on two cores, diameter 10
    python examples/wake.py --long         # 6000 epochs, the paper's size class

It writes tables, figures and a report page into `wake-output/`. A second call resumes.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from odegraph.cli.errors import errors_as_messages
from odegraph.cli.train_dynamics import print_study, progress_bar, study_with_progress
from odegraph.data import wake
from odegraph.study import KINDS, Recipe, make_problem


@errors_as_messages()
def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--output", type=Path, default=Path("wake-output"))
    parser.add_argument("--long", action="store_true", help="6000 epochs, diameter 24")
    parser.add_argument("--epochs", type=int, help="instead of 1000, or 6000 with --long")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    options = parser.parse_args(argv)

    device = "cuda" if options.long and torch.cuda.is_available() else "cpu"
    with progress_bar() as bar:
        task = bar.add_task("flow")
        flow = wake.load(
            diameter=24 if options.long else 10,
            device=device,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
        bar.update(task, completed=1, total=1)
    problem = make_problem(
        flow.snapshots(), name="wake", title="The wake of a cylinder", unit="U / D"
    )
    epochs = options.epochs or (6000 if options.long else 1000)
    recipe = Recipe(epochs=epochs, seeds=options.seeds, device=device)
    study = study_with_progress(problem, options.output, recipe=recipe, kinds=options.kinds)
    print(f"Strouhal number {flow.strouhal:.4f}")
    print_study(study)
    return 0


if __name__ == "__main__":
    sys.exit(main())
