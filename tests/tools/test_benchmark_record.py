"""What tools/bench writes: a page, a table, and what became slower since an older table."""

import csv
import re
from pathlib import Path

import pytest

from benchmarks.record import HEADER, Group, regressions, write_page, write_table
from benchmarks.row import HEADINGS, AtLeast, AtMost, Row
from benchmarks.small_unit import EXECUTIONS, PEERS, TASKS, bars, case_of

ABOUT = {"machine": "a machine, 2 cores", "commit": "abc"}
SLOWER = 1.2  # beyond the tolerance of a tenth
FASTER = 1 / SLOWER


def times(scale: float = 1.0) -> list[float]:
    return [3 * scale, 2 * scale, 4 * scale]


def rows(ours: float = 1.0) -> list[Row]:
    """One of each kind; `ours` scales what belongs to us."""
    return [
        Row("parts, of theirs", times(ours), times(2), goal=AtMost(0.6)),
        Row("times | faster", times(ours), times(5), goal=AtLeast(4)),
        Row("alone", times(ours), unit="s", goal=AtMost(3)),
        Row("without a goal", times(ours), times()),
        Row("not here", (), unit="of theirs", goal=AtMost(1.02), note="skipped: no device"),
    ]


def groups(ours: float = 1.0) -> list[Group]:
    return [Group("first_group", "What it is.", rows(ours))]


def lines_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(one for one in file if not one.startswith("#")))


def test_ratios_are_those_of_medians_and_of_least_times():
    row = Row("case", [1.0, 2.0, 9.0], [4.0, 3.0, 5.0], goal=AtMost(0.4))
    assert (row.median, row.least, row.is_met) == (2 / 4, 1 / 3, False)
    other = Row("case", [1.0, 2.0, 9.0], [4.0, 3.0, 5.0], goal=AtLeast(2))
    assert (other.median, other.least, other.is_met) == (4 / 2, 3 / 1, True)


def test_a_number_alone_is_compared_with_its_goal():
    assert Row("case", [1.0, 2.0, 9.0], unit="s", goal=AtMost(2)).is_met
    assert not Row("case", [1.0, 2.0, 9.0], unit="s", goal=AtMost(1.9)).is_met
    assert Row("case", [1.0]).is_met is None
    assert Row("case", (), goal=AtMost(1)).is_met is None


def test_the_table_keeps_the_numbers(tmp_path):
    path = tmp_path / "folder" / "table.csv"
    write_table(path, groups(), ABOUT)
    assert path.read_text().startswith("# machine: a machine, 2 cores\n# commit: abc\n")
    lines = lines_of(path)
    assert tuple(lines[0]) == HEADER
    for line, row in zip(lines, rows(), strict=True):
        assert (line["group"], line["case"], line["note"]) == ("first_group", row.case, row.note)
        assert (line["measure"], line["goal"]) == (row.measure, str(row.goal))
        if row.ours:
            assert float(line["median"]) == pytest.approx(row.median, rel=1e-4)
            assert float(line["least"]) == pytest.approx(row.least, rel=1e-4)
    assert [line["met"] for line in lines] == ["yes", "yes", "yes", "", ""]
    assert [line["ours"] for line in lines] == ["3", "3", "", "3", ""]
    assert [line["theirs"] for line in lines] == ["6", "15", "", "3", ""]


def test_nothing_is_slower_than_itself(tmp_path):
    write_table(tmp_path / "old.csv", groups(), ABOUT)
    assert regressions(tmp_path / "old.csv", groups()) == []
    assert regressions(tmp_path / "old.csv", groups(FASTER)) == []
    assert regressions(tmp_path / "old.csv", groups(1.09)) == []


def test_what_lost_more_than_a_tenth_is_named(tmp_path):
    write_table(tmp_path / "old.csv", groups(), ABOUT)
    assert regressions(tmp_path / "old.csv", groups(SLOWER)) == [
        "first_group: parts, of theirs: 0.5 of theirs before, 0.6 now",
        "first_group: times | faster: 5 times faster before, 4.167 now",
        "first_group: alone: 3 s before, 3.6 now",
        "first_group: without a goal: 1 of theirs before, 1.2 now",
    ]


def test_a_median_that_load_moved_is_no_regression(tmp_path):
    write_table(tmp_path / "old.csv", [Group("g", "", [Row("case", [2.0, 3.0, 4.0])])], ABOUT)
    disturbed = [Group("g", "", [Row("case", [2.0, 6.0, 9.0])])]
    lucky = [Group("g", "", [Row("case", [3.0, 3.0, 4.0])])]
    assert regressions(tmp_path / "old.csv", disturbed) == []
    assert regressions(tmp_path / "old.csv", lucky) == []


def test_cases_that_only_one_table_has_are_left_out(tmp_path):
    write_table(tmp_path / "old.csv", [Group("first_group", "", rows()[:1])], ABOUT)
    assert len(regressions(tmp_path / "old.csv", groups(SLOWER))) == 1
    assert regressions(tmp_path / "old.csv", [Group("other", "", rows(SLOWER))]) == []


def test_the_page_has_every_case_and_the_reason_of_what_is_missed(tmp_path):
    missed = Row("missed", times(3), times(2), goal=AtMost(1), note="bound by the products")
    met = Row("met", times(1), times(2), goal=AtMost(1), note="nobody sees this")
    page = tmp_path / "docs" / "page.md"
    write_page(
        page,
        [*groups(), Group("second", "More.", [missed, met])],
        ABOUT,
        table=tmp_path / "docs" / "results" / "table.csv",
        picture=tmp_path / "docs" / "pictures" / "bars.svg",
    )
    text = page.read_text()
    assert "- machine: a machine, 2 cores\n- commit: abc\n" in text
    assert "](results/table.csv)" in text
    assert "](pictures/bars.svg)" in text
    assert "\n## First group\n\nWhat it is.\n\n| " in text
    assert "| missed | 9 ms | 6 ms | 1.5 of theirs | 1.5 of theirs | at most 1 | no |\n" in text
    assert "*missed*: bound by the products." in text
    assert "*not here*: skipped: no device." in text
    assert "nobody sees this" not in text


def test_every_row_of_the_page_has_as_many_cells_as_the_heading(tmp_path):
    page = tmp_path / "page.md"
    write_page(page, groups(), ABOUT, table=tmp_path / "t.csv", picture=tmp_path / "p.svg")
    rows_ = [line for line in page.read_text().splitlines() if line.startswith("|")]
    cells = {len(re.split(r"(?<!\\)\|", line)) - 2 for line in rows_}
    assert cells == {len(HEADINGS)}


def test_bars_are_microseconds_of_one_of_a_hundred_steps():
    measured = [
        Row(case_of(what, scheme, how, peer), times(), times(2), goal=AtLeast())
        for what in TASKS
        for peer, (scheme, _) in PEERS.items()
        for how in EXECUTIONS
    ]
    panels = dict(bars(measured))
    assert list(panels) == list(TASKS)
    for clusters in panels.values():
        assert {name for bars_ in clusters.values() for name in bars_} == {
            *PEERS,
            *(f"odegraph, {how}" for how in EXECUTIONS),
        }
        assert clusters["rk4-38"]["odegraph, eager"] == pytest.approx(30)
        assert clusters["rk4-38"]["torchdiffeq"] == pytest.approx(60)
