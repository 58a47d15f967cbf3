from pathlib import Path

from odegraph.draw import draw_snapshots


def test_the_same_chart_has_the_same_bytes_and_other_charts_have_others(tmp_path: Path):
    one, again, other = (
        draw_snapshots(12, tmp_path / name, snapshots=count).read_bytes()
        for name, count in (("one.svg", 3), ("again.svg", 3), ("other.svg", 4))
    )
    assert one == again
    assert one != other
