"""A coin is tossed until it shows heads: a flow that runs itself."""

import random

from stratix_tasks import expr, first_of, flow, task, when


@task
def toss(seed: int) -> str:
    return random.Random(seed).choice(["heads", "tails"])


@task
def heads() -> str:
    return "heads at last"


@flow
def until_heads(seed: int) -> str:
    coin = toss(seed)
    with when(coin == "heads"):
        done = heads()
    with when(coin == "tails"):
        rest = until_heads.options(name="again")(expr("${{ inputs.seed + 1 }}"))
    return first_of(done, rest)
