"""What is not there is told of and not bought; any other error is the run's."""

from stratix_tasks import expr, failed, first_of, flow, uses, when


@flow
def buys_what_is_there(url: str, pet: str) -> int:
    place = expr("${{ inputs.url }}/pet/${{ inputs.pet }}")
    look = uses("http.get").options(name="look")(url=place)
    with failed(look) as error, when(error.status == 404):
        about = {"type": "pet.not-found", "about": error.message}
        told = uses("http.post").options(name="tell")(url=expr("${{ inputs.url }}/events"), json=about)
    bought = uses("http.put").options(name="buy")(url=place, json={"sold": look["body"]})
    return first_of(bought["status"], told["status"])
