"""Inputs of every type, some that may be left out, some with limits, some nested, and one that is a secret."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from definition_workers import give, measure
from pydantic import BaseModel, Field

from stratix_tasks import Secret, each, flow

BEGIN, END = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC)
DOCUMENT = {"property": "something", "list": [{"key": "a", "value": 1}, {"key": "b", "value": 2}]}


class More(BaseModel):
    number: int | None = None


class Nested(BaseModel):
    words: str | None = None
    more: More = More()
    switch: bool | None = None


NONE = Nested()


@flow(tags=["first", "second"])
def every_input(
    text: str,
    choice: Literal["one", "other"],
    number: int,
    amount: float,
    moment: datetime,
    file: Path,
    key: Secret,
    numbers: list[int],
    maybe: str | None = None,
    switch: bool | None = None,
    day: date | None = None,
    hour: time | None = None,
    span: timedelta | None = None,
    other_file: Path | None = None,
    since: datetime = datetime(2013, 8, 9, 14, 19, tzinfo=UTC),
    data: Any = None,
    link: Annotated[str | None, Field(pattern="^https?://")] = None,
    nested: Nested = NONE,
    code: Annotated[str | None, Field(pattern=r"^A\d+$")] = None,
    size: Annotated[int | None, Field(ge=10, le=20)] = None,
    in_2023: Annotated[date | None, Field(ge=BEGIN.date(), le=END.date())] = None,
    moment_in_2023: Annotated[datetime | None, Field(ge=BEGIN, le=END)] = None,
    wait: Annotated[timedelta | None, Field(ge=timedelta(seconds=10), le=timedelta(seconds=20))] = None,
    share: Annotated[float | None, Field(ge=0.1, le=0.5)] = None,
    morning: Annotated[time | None, Field(ge=time(1), le=time(11, 59, 59))] = None,
    document: dict[str, Any] = DOCUMENT,
    empty: str = "",
) -> list[Any]:
    given = {"text": text, "maybe": maybe, "number": number, "amount": amount, "moment": moment, "file": file}
    told = [give.options(name=name)(value) for name, value in given.items()]
    sizes = [measure.options(name="key")(key), give.options(name="numbers").map(each(numbers))]
    again = give.options(name="data_again")(give.options(name="data")(data))
    return [*told, *sizes, again, give.options(name="document")(document)]
