"""The JSON Schemas: that of the document takes what is written, that of a flow's inputs what a start takes."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Any, Literal

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel, Field
from specs import flows

from stratix_tasks import Flow, flow, task
from stratix_tasks.formats.yaml import dump
from stratix_tasks.formats.yaml_schema import schema
from stratix_tasks.spec.inputs import check_inputs
from stratix_tasks.spec.model import FlowSpec

DOCUMENT = jsonschema.Draft202012Validator(schema())


class Mode(Enum):
    FAST = "fast"
    SLOW = "slow"


class Conf(BaseModel):
    n: int = Field(ge=0)


@task
def show(x: Any) -> Any:
    return x


@flow
def asks(
    region: Literal["eu", "us"],
    share: Annotated[float, Field(ge=0, lt=1, title="Share", description="of all")] = 0.5,
    mode: Mode = Mode.FAST,
    conf: Conf | None = None,
    one: Conf = Conf(n=1),  # noqa: B008 - it is only read
    day: date = date(2024, 1, 31),
    sizes: list[int] = [1],
    name: Annotated[str, Field(pattern="^a", min_length=2)] = "ab",
    frame: "Frame | None" = None,  # type: ignore[name-defined]  # noqa: F821, UP037
) -> Any:
    return show(region)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(spec=flows())
def test_the_schema_takes_every_document_that_is_written(spec: FlowSpec) -> None:
    """Limits, choices, policies and disabled nodes included."""
    DOCUMENT.validate(yaml.safe_load(dump(spec)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"inputs": {"x": {"type": "int", "mim": 3}}},
        {"inputs": {"x": {"choices": "eu"}}},
        {"policies": {"net": {"retyr": 3}}},
        {"defaults": {"for": {"http.*": {"name": "x"}}}},
        {"tasks": {"a": {"call": "x", "enabled": "no"}}},
        {"tasks": {"a": {"call": "x", "policy": 3}}},
    ],
)
def test_the_schema_refuses_what_is_no_document(wrong: dict[str, Any]) -> None:
    """As reading it does."""
    DOCUMENT.validate({"stratix": 1, "flow": "f", "tasks": {}})
    assert not DOCUMENT.is_valid({"stratix": 1, "flow": "f", "tasks": {}, **wrong})


def test_a_form_is_made_of_the_inputs() -> None:
    """Labels, choices, limits and defaults; the same of a document as of the code."""
    made = asks.input_schema()
    properties = made["properties"]
    assert made["required"] == ["region"]
    assert properties["region"] == {"enum": ["eu", "us"], "type": "string"}
    assert properties["share"] == {
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
        "title": "Share",
        "description": "of all",
        "default": 0.5,
    }
    assert (properties["mode"]["enum"], properties["mode"]["default"]) == (["fast", "slow"], "fast")
    assert properties["one"]["properties"]["n"]["minimum"] == 0
    assert properties["one"]["default"] == {"n": 1}
    assert properties["day"] == {"type": "string", "format": "date", "default": "2024-01-31"}
    assert Flow.from_yaml(asks.to_yaml(), allow=[__name__]).input_schema() == made


GIVEN: list[tuple[dict[str, Any], bool]] = [
    ({"region": "eu"}, True),
    ({"region": "us", "share": 0, "mode": "fast", "one": {"n": 3}, "sizes": [1, 2], "name": "ax"}, True),
    ({}, False),
    ({"region": "cn"}, False),
    ({"region": "eu", "share": 1}, False),
    ({"region": "eu", "one": {"n": -1}}, False),
    ({"region": "eu", "one": {"n": 1, "m": 1}}, False),
    ({"region": "eu", "sizes": ["x"]}, False),
    ({"region": "eu", "name": "b2"}, False),
    ({"region": "eu", "other": 1}, False),
]


@pytest.mark.parametrize(("given", "fits"), GIVEN)
def test_a_form_takes_what_a_start_takes(given: dict[str, Any], fits: bool) -> None:
    """Of plain data: what the schema refuses, the check refuses, and the other way round."""
    form = jsonschema.Draft202012Validator(asks.input_schema())
    assert form.is_valid(given) is fits
    if fits:
        check_inputs(asks.spec, given)
    else:
        with pytest.raises(Exception, match="can't start"):
            check_inputs(asks.spec, given)
