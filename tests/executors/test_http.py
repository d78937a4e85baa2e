"""`http.*`: against a server on the loopback that the tests start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from server import Served, served

from stratix_tasks import Engine, Flow, Static, each, flow, secret, uses
from stratix_tasks.executors import http

LONG = 60
CANARY = "kanarienvogel-42"
Value = Callable[..., Any]


@pytest.fixture
def web() -> Iterator[Served]:
    with served() as server:
        yield server


def test_the_body_becomes_what_its_type_says(web: Served, value_of: Value) -> None:
    """JSON is data, text is decoded by its charset, anything else is bytes; `parse` overrides that."""
    answer = value_of("http.get", url=f"{web.url}/json")
    assert (answer["status"], answer["url"], answer["body"]) == (200, f"{web.url}/json", {"rows": [1, 2]})
    assert answer["headers"]["content-type"] == "application/json"
    assert value_of("http.get", url=f"{web.url}/text")["body"] == "grüße"
    assert value_of("http.get", url=f"{web.url}/bytes")["body"] == b"\x00\x01"
    assert value_of("http.get", url=f"{web.url}/json", parse="bytes")["body"] == b'{"rows": [1, 2]}'
    with pytest.raises(http.HttpError, match="is no JSON"):
        value_of("http.get", url=f"{web.url}/text", parse="json")


def test_what_is_sent_arrives(web: Served, value_of: Value) -> None:
    """Method, parameters, headers, and a body of JSON, a form or bytes."""
    url, headers = f"{web.url}/echo", {"x-mine": "yes"}
    assert value_of("http.post", url=url, json={"a": 1})["body"] == 'POST  None application/json {"a":1}'
    form = value_of("http.put", url=url, data={"a": "b c"}, params={"q": [1, 2]}, headers=headers)["body"]
    assert form == "PUT q=1&q=2 yes application/x-www-form-urlencoded a=b+c"
    assert value_of("http.request", method="PATCH", url=url, data=b"raw")["body"] == "PATCH  None None raw"
    assert value_of("http.delete", url=url)["body"].startswith("DELETE")


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, http.HttpClientError), (429, http.HttpTooManyRequests), (503, http.HttpServerError)],
)
def test_an_error_tells_its_status(web: Served, value_of: Value, status: int, kind: type) -> None:
    """By its class, so that `retry on` tells them apart, and by what it carries, for conditions."""
    with pytest.raises(http.HttpStatusError, match=f"answered {status} .*why not") as caught:
        value_of("http.get", url=f"{web.url}/status/{status}")
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.body, error.retry_after) == (status, "why not", 7.0)
    assert value_of("http.get", url=f"{web.url}/status/{status}", errors=False)["status"] == status


def test_retry_on_tells_statuses_apart(web: Served, engine: Engine) -> None:
    """A 503 is tried again where server errors are named, a 404 is not."""

    @flow
    def page(path: str) -> Any:
        again = {"max": 3, "delay": "1ms", "on": ["HttpServerError"]}
        return uses("http.get").options(name="page", retry=again)(path)

    run = engine.start(page, {"path": f"{web.url}/flaky"})
    assert run.result(LONG)["body"] == "well"
    assert list(run.tasks()["attempts"]) == [2]
    refused = engine.start(page, {"path": f"{web.url}/status/404"})
    assert refused.wait(LONG) == "failed"
    assert list(refused.tasks()["attempts"]) == [1]


def test_no_server_and_half_an_answer_are_connection_errors(web: Served, value_of: Value) -> None:
    """Python's own name for it, so that `retry on ConnectionError` holds."""
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:1/"):
        value_of("http.get", url="http://127.0.0.1:1/")
    with pytest.raises(http.HttpConnectionError):
        value_of("http.get", url=f"{web.url}/half")


def test_silence_is_a_time_out(web: Served, value_of: Value) -> None:
    """After `read_timeout` without a byte; `retry on TimeoutError` holds."""
    with pytest.raises(TimeoutError, match="no answer in time"):
        value_of("http.get", url=f"{web.url}/slow", read_timeout="50ms")


def test_redirects_stay_in_their_scheme(web: Served, value_of: Value) -> None:
    """Within it they are followed up to the limit; to another one they are refused, never opened."""
    answer = value_of("http.get", url=f"{web.url}/to?/json")
    assert (answer["url"], answer["body"]) == (f"{web.url}/json", {"rows": [1, 2]})
    assert value_of("http.get", url=f"{web.url}/to?/json", max_redirects=0)["status"] == 302
    for target in ("file:///etc/passwd", "https://127.0.0.1/", "ftp://127.0.0.1/"):
        with pytest.raises(http.HttpError):
            value_of("http.get", url=f"{web.url}/to?{target}")
    with pytest.raises(http.HttpRefused, match="redirects more than 2 times"):
        value_of("http.get", url=f"{web.url}/loop", max_redirects=2)


def test_cookies_are_of_one_node(web: Served, value_of: Value) -> None:
    """They go along its redirects, and no other node has them."""
    assert value_of("http.get", url=f"{web.url}/cookie")["body"] == "who=me"
    assert value_of("http.get", url=f"{web.url}/cookies")["body"] == "None"


def test_a_redirect_to_another_host_gets_no_secret(web: Served, tmp_path: Path) -> None:
    """A header that holds one is left behind, whatever its name; a body is not sent there. The host itself gets both."""

    @flow
    def led_away(url: str, method: Static[str] = "GET") -> Any:
        headers = {"X-Mine": secret("KEY"), "Content-Type": "text/x"}
        body = {"data": secret("KEY")} if method == "POST" else {}
        return uses("http.request").options(name="ask")(url, method=method, headers=headers, **body)

    with served() as other, Engine(tmp_path / "store", secrets={"KEY": CANARY}) as engine:
        for host, told in ((web, "secret-in-result"), (other, None)):
            run = engine.start(led_away, {"url": f"{web.url}/to?{host.url}/echo"})
            assert run.wait(LONG) == ("completed" if told is None else "failed")
            assert run.error is None or run.error.code == told  # the server tells what it was sent
        assert run.result()["body"] == "GET  None text/x "
        twice = f"{web.url}/again?/again?{other.url}/echo"
        run = engine.start(led_away, {"url": twice, "method": "POST"})
        assert run.wait(LONG) == "failed"
        assert "holds a secret" in str(run.error)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/y", "/etc/passwd", "http://"])
def test_other_schemes_are_refused_before_anything_starts(url: str) -> None:
    """In Python and in a document alike, with what is allowed."""

    @flow
    def page() -> Any:
        return uses("http.get")(url)

    (problem,) = page.validate()
    assert problem.code == "bad-value"
    assert "http:// or https://" in problem.message


def test_a_scheme_that_comes_at_run_time_is_refused_too(value_of: Value, engine: Engine) -> None:
    """By the node, once, whatever its retries."""

    @flow
    def page(url: str) -> Any:
        return uses("http.get").options(retry=5)(url)

    run = engine.start(page, {"url": "file:///etc/passwd"})
    assert run.wait(LONG) == "failed"
    assert "http:// or https://" in str(run.error)
    assert list(run.tasks()["attempts"]) == [1]


def test_a_body_goes_to_a_file_as_a_whole(web: Served, value_of: Value, tmp_path: Path) -> None:
    """And one that breaks off leaves nothing there."""
    target = tmp_path / "deep" / "page.json"
    answer = value_of("http.get", url=f"{web.url}/json", to_file=str(target))
    assert (answer["body"], answer["file"], answer["size"]) == (None, str(target), 16)
    assert target.read_bytes() == b'{"rows": [1, 2]}'
    with pytest.raises(http.HttpConnectionError):
        value_of("http.get", url=f"{web.url}/half", to_file=str(target))
    assert target.read_bytes() == b'{"rows": [1, 2]}'
    assert [path.name for path in target.parent.iterdir()] == ["page.json"]


def test_a_large_body_is_refused(web: Served, value_of: Value, tmp_path: Path) -> None:
    """By what it says of itself, and by what it unpacks to."""
    with pytest.raises(http.HttpTooLarge, match="raise max_size"):
        value_of("http.get", url=f"{web.url}/json", max_size=15)
    with pytest.raises(http.HttpTooLarge):
        value_of("http.get", url=f"{web.url}/packed", max_size=100_000)
    with pytest.raises(http.HttpTooLarge):
        value_of("http.get", url=f"{web.url}/packed", max_size=100_000, to_file=str(tmp_path / "page"))
    assert not list(tmp_path.glob("*page*"))


def test_a_cancel_ends_a_request_at_once(web: Served, engine: Engine) -> None:
    """It does not wait for an answer."""

    @flow
    def page(url: str) -> Any:
        return uses("http.get")(url)

    run = engine.start(page, {"url": f"{web.url}/slow"})
    assert web.arrived.wait(LONG)
    run.cancel()
    assert run.wait(LONG) == "cancelled"
    assert not web.gate.is_set()


def test_nodes_of_an_engine_share_connections(web: Served, engine: Engine) -> None:
    """One client an engine: twenty requests one after the other take one connection."""

    @flow
    def pages(urls: list[str]) -> Any:
        return uses("http.get").options(max=1).map(each(urls))

    run = engine.start(pages, {"urls": [f"{web.url}/text?{n}" for n in range(20)]})
    assert [page["body"] for page in run.result(LONG)] == ["grüße"] * 20
    assert len(web.connections) == 1


def test_a_document_says_the_same(web: Served, engine: Engine) -> None:
    """`uses` and `with`, templates included."""
    page = Flow.from_yaml(
        """
stratix: 1
flow: page
inputs:
  host: {type: str}
tasks:
  page:
    uses: http.get
    with: {url: "${{ inputs.host }}/json", params: {q: 1}}
output: "${{ tasks.page.output['body'] }}"
"""
    )
    assert page.validate() == []
    assert engine.start(page, {"host": web.url}).result(LONG) == {"rows": [1, 2]}
