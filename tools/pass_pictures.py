"""Draw the pictures of docs/passes.md."""

from pathlib import Path

from odegraph.draw import draw_snapshots

FOLDER = Path("docs/pictures/passes")


def main() -> None:
    draw_snapshots(32, FOLDER / "checkpoints-all.svg", snapshots=32)
    draw_snapshots(32, FOLDER / "checkpoints-7.svg", snapshots=7)


if __name__ == "__main__":
    main()
