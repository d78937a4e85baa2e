"""A policy by name: what is busy is asked again, and nothing else is."""

from stratix_tasks import expr, flow, uses

PATIENT = {"retry": {"max": 5, "delay": "10ms", "backoff": 2, "when": "error.status == 503"}}


@flow(policies={"patient": PATIENT})
def asks_again(url: str, pet: str) -> str:
    place = expr("${{ inputs.url }}/pet/${{ inputs.pet }}")
    return uses("http.get").options(name="look", policy="patient")(url=place)["body"]
