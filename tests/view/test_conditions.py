"""What a condition says in short, on the edge from the node that it asks about."""

from __future__ import annotations

import pytest

from stratix_tasks.view.conditions import asked_of


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ("tasks.check.output > 3", "> 3"),
        ("!(tasks.check.output > 3)", "≤ 3"),
        ("!(tasks.check.output.rows <= 3)", "rows > 3"),
        ("!(tasks.check.output != 3)", "= 3"),
        ("!(tasks.check.output != false)", "false"),
        ("!!(tasks.check.output < 3)", "< 3"),
        ("tasks.check.output == 'a && b'", "= 'a && b'"),
        ("tasks.check.output.rows >= inputs.least", "rows ≥ least"),
        ("tasks.check.output == true", "true"),
        ("!(tasks.check.output == true)", "false"),
        ("tasks.check.output != true", "false"),
        ("tasks.check.output", "true"),
        ("!tasks.check.output", "false"),
        ("!!tasks.check.output", "true"),
        ("tasks.check.status == 'failed'", "status = 'failed'"),
        ("size(tasks.check.output) > tasks.other.output", "size(check) > other"),
        ("tasks.check.output > 3 || inputs.all", "check > 3 || all"),
        ("!tasks.check.output || inputs.all", "!check || all"),
        ("!(tasks.check.output) || (inputs.all)", "!(check) || (all)"),
        ("!((tasks.check.output > 3) && (inputs.all))", "!((check > 3) && (all))"),
        ("tasks.check.output ? inputs.a : inputs.b", "check ? a : b"),
        ("tasks.checks.output > 3", ""),
    ],
)
def test_what_is_asked_of_a_node_is_told_without_its_name(when: str, told: str) -> None:
    """With signs as people write them; what is no plain comparison with the names that people gave."""
    assert asked_of(when, "check") == told


def test_each_node_is_told_its_part_of_a_condition() -> None:
    """Of parts that have to hold together."""
    when = "(tasks.is_ok.output == true) && ((tasks.check.output == 2) && tasks.check.output.n > 1)"
    assert [asked_of(when, node) for node in ("is_ok", "check", "checks")] == ["true", "= 2 & n > 1", ""]
