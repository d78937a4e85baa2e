"""What executors say of the cards of their nodes: what is refused, and what a second line says."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratix_tasks import Engine, expr, flow, secret, uses
from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors.registry import EXECUTORS
from stratix_tasks.formats.colours import THEMES
from stratix_tasks.formats.svg import to_svg
from stratix_tasks.session.display import flow_source
from stratix_tasks.spec.cards import CONTRAST, ICONS, MOST, REACH, SURFACES, card_of, contrast
from stratix_tasks.spec.values import Ref
from stratix_tasks.view.snapshot import snapshot

ARGUMENTS = ("to", "wait", "names")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("mail", "`card` is a mapping with any of title, icon, accent, subtitle"),
        ({"colour": "#0d8a80"}, "its card has no 'colour'"),
        ({"icno": "mail"}, "Did you mean 'icon'"),
        ({"title": 3}, "the title of its card is a text, not 3"),
        ({"title": "x" * 41}, "one line, of at most 40 characters"),
        ({"title": "a\nb"}, "one line"),
        ({"icon": "mial"}, "Did you mean 'mail'"),
        ({"icon": '"/><script>alert(1)</script>'}, "nor a path"),
        ({"icon": "M0 0L99 0"}, "numbers from -6 to 6"),
        ({"icon": "M0 0L1"}, "nor a path"),
        ({"icon": "M0 0Z1"}, "nor a path"),
        ({"icon": "M0 0l1 1"}, "nor a path"),
        ({"icon": "M0 0L1.2.3 1"}, "nor a path"),
        ({"icon": f"M{'1' * 500}x"}, "nor a path"),  # what is not of it is told at once, however it may be read before
        ({"icon": "M0 0" + "L1 1" * 200}, "at most 600 characters"),
        ({"accent": "red"}, "a colour such as '#0d8a80', not 'red'"),
        ({"accent": "url(//x)"}, "a colour such as"),
        ({"accent": "#ffee00"}, "not seen well on light and dark cards alike"),
        ({"accent": "#000000"}, "not seen well on light and dark cards alike"),
        ({"subtitle": "to {too}"}, "names 'too', which it does not take: Did you mean 'to'"),
        ({"subtitle": "to {to.__class__}"}, "which it does not take"),
        ({"subtitle": "{to!r}"}, "write {to} or {to:duration}"),
        ({"subtitle": "{to:>9}"}, "write {to} or {to:duration}"),
        ({"subtitle": "{to"}, "can't be read"),
        ({"icon": "mial", "accent": "red"}, "there is no icon 'mial'.*; the accent"),
    ],
)
def test_a_card_that_no_view_could_trust_is_refused(said: Any, why: str) -> None:
    """With all that is wrong in it, and what may stand there."""
    with pytest.raises(ValueError, match=why):
        card_of(said, ARGUMENTS)


def test_an_executor_with_such_a_card_is_none(engine: Engine) -> None:
    """It is not registered."""

    class Odd(type(EXECUTORS["shell.run"].executor)):  # type: ignore[attr-defined,misc]
        card = {"icon": "<svg>", "subtitle": "{nothing}"}

    with pytest.raises(ExecutorError, match="'odd' can't be registered: the icon of its card") as caught:
        engine.executors.register("odd", Odd)
    assert caught.value.code == "bad-executor"
    assert "names 'nothing'" in caught.value.message


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_a_colour_that_is_refused_is_told_with_one_that_is_not(parts: tuple[int, int, int]) -> None:
    """Which is taken then; what is taken differs from cards of either theme as WCAG asks."""
    colour = "#{:02x}{:02x}{:02x}".format(*parts)
    try:
        card_of({"accent": colour}, ())
    except ValueError as error:
        colour = str(error).rpartition(": ")[2].removesuffix(" is")
        card_of({"accent": colour}, ())
    assert min(contrast(colour, surface) for surface in SURFACES) >= CONTRAST


def test_cards_are_painted_on_what_colours_are_held_to() -> None:
    """In both themes."""
    assert tuple(theme["card"] for theme in THEMES.values()) == SURFACES


def test_every_icon_is_a_path_as_others_are_held_to() -> None:
    """So that it stands in its disc."""
    for path in ICONS.values():
        assert card_of({"icon": path}, ()).icon == path
    assert card_of({"icon": f"M{-REACH} 0H6"}, ()).icon == "M-6.0 0H6"


@pytest.mark.parametrize(
    ("template", "args", "over", "line"),
    [
        ("to {to}", {"to": "a@b"}, {}, "to a@b"),
        ("to {to}", {}, {}, ""),
        ("{to} for {wait:duration}", {"to": "x", "wait": 5400}, {}, "x for 90m"),
        ("{names}", {"names": ["tar", "-x", True, 3]}, {}, "tar -x True 3"),
        ("to {to}", {"to": Ref("inputs", "who")}, {}, "to {who}"),
        ("to {to}", {"to": Ref("tasks", "find")}, {}, "to {find}"),
        ("to {to}", {"to": Ref("secrets", "BOSS")}, {}, "to {secrets.BOSS}"),
        ("to {to}", {"to": object()}, {}, "to object"),
        ("to {to}", {}, {"to": ["a", "b"]}, "to each of a, b"),
        ("to {to}", {}, {"to": Ref("tasks", "find")}, "to each of {find}"),
        ("{to}", {"to": "a\n\tb\x00\u202ec"}, {}, "a b c"),
        ("{to}", {"to": "x" * 10_000}, {}, "x" * (MOST - 1) + "…"),
        ("{names}", {"names": {"a": 1, "b": 2}}, {}, "{a, b}"),
        ("always", {}, {}, "always"),
    ],
)
def test_a_second_line_says_what_the_document_gives(template: str, args: Any, over: Any, line: str) -> None:
    """In one line, in short; what comes with the run by its name, so that of a secret nothing else can be told."""
    assert card_of({"subtitle": template}, ARGUMENTS).subtitle(args, over, {}) == line


def test_what_a_node_leaves_out_is_told_as_it_holds() -> None:
    """The default of the argument."""
    card = EXECUTORS["http.request"].card
    assert card.subtitle({"url": "http://x"}, {}, EXECUTORS["http.request"].usual) == "GET http://x"


def test_what_comes_with_the_package_has_cards() -> None:
    """All that nodes can use, so that the palette and cards show what each is."""
    for name, one in EXECUTORS.items():
        assert one.field == "call" or (one.card.icon and one.card.accent and one.card.title), name


@flow
def loads(day: str = "today") -> Any:
    page = uses("http.get").options(name="page")(
        url=expr("https://x.org/<${{ inputs.day }}>"), headers={"auth": secret("API")}
    )
    return uses("shell.run").options(name="zip", description="Packs it.\nAll.")(["zip", page])


def test_pictures_show_it_and_trust_nothing() -> None:
    """The icon in its colour and the second line, escaped; what a person says of a node stands first."""
    made = snapshot(flow_source(loads, {}), mode="static")
    lines = {node["name"]: node["line"] for node in made["nodes"]}
    assert lines == {"page": "GET https://x.org/<{day}>", "zip": "Packs it."}
    drawn = to_svg(made)
    paths = [one.attrib for one in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}path")]
    look = made["flow"]["cards"]["http.get"]
    assert look == {"title": "HTTP GET", "icon": ICONS["globe"], "accent": "#3b82f6"}
    assert [one["stroke"] for one in paths if one["d"] == look["icon"]] == [look["accent"]]
    assert "https://x.org/&lt;{day}&gt;" in drawn
