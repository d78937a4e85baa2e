"""An order in three steps; when a later one fails, what was done is taken back in reverse order."""

from typing import Any
from urllib.request import Request, urlopen

from stratix_tasks import expr, flow, uses


def taken_back(value: dict[str, Any], url: str, headers: dict[str, str], json: dict[str, Any]) -> None:
    with urlopen(Request(f"{url}/back", value["body"].encode(), headers, method="POST"), timeout=50) as answer:
        answer.read()


@flow(timeout="10m", defaults={"timeout": "50s"})
def order(url: str, order: str, amount: float, shipment: int = 200) -> list[str]:
    post = uses("http.post")

    def step(path: str, sign: str) -> dict[str, Any]:
        key = {"Idempotency-Key": expr(f"${{{{ inputs.order }}}}-{sign}")}
        return {"url": expr(f"${{{{ inputs.url }}}}/{path}"), "headers": key}

    reserve = post.options(name="reserve", undo=taken_back)(**step("stock", "stock"), json={"order": order})
    charge = post.options(name="charge", undo=taken_back, after=[reserve])
    charged = charge(**step("money", "money"), json={"order": order, "amount": amount})
    ship = post.options(name="ship", after=[charged])
    ship(**step("status/${{ inputs.shipment }}", "ship"), json={"order": order})
    return [reserve["body"], charged["body"]]
