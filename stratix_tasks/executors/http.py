"""`http.request` and its short forms: one request, its answer as data.

Redirects are followed within one scheme alone, and take no secret to another host. An answer of 400 or more is an error whose
class and `status` tell what it was, so that `retry: {on: [HttpServerError, TimeoutError]}` tries again what may go well next time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from stratix_tasks.errors import ExecutorError
from stratix_tasks.executors.apart import apart
from stratix_tasks.executors.extras import library
from stratix_tasks.executors.replacing import replacing
from stratix_tasks.runners.body import current
from stratix_tasks.spec.cards import Said
from stratix_tasks.spec.model import Duration

if TYPE_CHECKING:
    import httpx

    from stratix_tasks.runners.body import Body

EXCERPT = 1_000
"""Characters of the body of an answer that an error shows."""
MOST = 100 * 2**20
"""Bytes of a body that are taken where the node does not say otherwise."""
CONNECTIONS = 100


class HttpError(ExecutorError):
    """A request came to nothing. `status` is that of the answer, None where there was none."""

    code = "http"
    status: int | None = None

    def __init__(self, message: str, url: str) -> None:
        super().__init__(message)
        self.url = url


class HttpTimeout(HttpError, TimeoutError):
    """Nothing came in time."""

    code = "http-timeout"


class HttpConnectionError(HttpError, ConnectionError):
    """The server can't be reached, or broke off."""

    code = "http-connection"


class HttpTooLarge(HttpError):
    """The body is larger than the node takes."""

    code = "http-too-large"


class HttpRefused(HttpError):
    """A redirect that is not followed: to another scheme, or one too many."""

    code = "http-refused"


class HttpStatusError(HttpError):
    """The server answered with an error. `body` is the beginning of what it said; `retry_after` are the seconds after which it
    wants to be asked again, None where it said nothing of that.
    """

    code = "http-status"

    def __init__(self, message: str, url: str, status: int, body: str, retry_after: float | None) -> None:
        super().__init__(message, url)
        self.status, self.body, self.retry_after = status, body, retry_after


class HttpClientError(HttpStatusError):
    """400 to 499: asked again in the same way, it will most likely answer the same."""


class HttpTooManyRequests(HttpClientError):
    """429: it wants to be asked later."""


class HttpServerError(HttpStatusError):
    """500 to 599: it may go well next time."""


class Answer(TypedDict):
    """What a request yields. `url` is the last one, after redirects; `body` is None where it went to a file, whose path is in
    `file`; `size` are its bytes.
    """

    status: int
    url: str
    headers: dict[str, str]
    body: Any
    file: str | None
    size: int


class Asked(BaseModel):
    """What all requests take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    """With `http://` or `https://`."""
    params: dict[str, str | int | float | bool | list[str | int | float | bool]] = {}
    """Put behind the URL's `?`."""
    headers: dict[str, str] = {}
    parse: Literal["auto", "json", "text", "bytes"] = "auto"
    """What the body becomes; `auto` goes by its content type: JSON, text, else bytes."""
    to_file: str | None = None
    """A path: the body is written there, piece by piece, and the file is there when it is whole."""
    max_size: int = Field(default=MOST, ge=0)
    """Bytes of a body beyond which the request fails."""
    connect_timeout: Duration = 10.0
    """Seconds for a connection."""
    read_timeout: Duration = 60.0
    """Seconds without a byte of the answer."""
    max_redirects: int = Field(default=10, ge=0)
    """Redirects that are followed, within one scheme."""
    errors: bool = True
    """Whether an answer of 400 or more is an error."""
    verify: bool = True
    """Whether certificates are checked."""

    @field_validator("url")
    @classmethod
    def _of_the_web(cls, url: str) -> str:
        scheme, colon, rest = url.partition("://")
        if scheme.lower() not in ("http", "https") or not colon or not rest.strip("/"):
            raise ValueError("write a URL with http:// or https://; other schemes, as file://, are not asked")
        return url


class Sent(Asked):
    """What requests with a body take beside it."""

    json_: Any = Field(default=None, alias="json")
    """Plain data, sent as JSON."""
    data: dict[str, str] | str | bytes | None = None
    """Fields of a form, or the body itself."""

    @model_validator(mode="after")
    def _one_body(self) -> Sent:
        if self.json_ is not None and self.data is not None:
            raise ValueError("give one of json and data: a request has one body")
        return self


class Free(Sent):
    """What `http.request` takes."""

    method: Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] = "GET"


def _card(word: str, method: str) -> Said:
    return Said(title=f"HTTP {word}", icon="globe", accent="#3b82f6", subtitle=f"{method} {{url}}")


class _Http:
    """One kind of request. `Config` says what it takes."""

    Config: type[Asked] = Asked
    method = "GET"

    async def execute(self, context: Body, config: Asked) -> Answer:
        method = config.method if isinstance(config, Free) else self.method
        async with _answer(method, config) as response:
            return await _read(response, config, context)


class Request(_Http):
    name, Config, card = "http.request", Free, _card("request", "{method}")
    description = "A request by any method; what it yields has status, url, headers, body, file and size."


class Get(_Http):
    name, card = "http.get", _card("GET", "GET")
    description = "Get a URL; what it yields has status, url, headers, body, file and size."


class Post(_Http):
    name, Config, method, card = "http.post", Sent, "POST", _card("POST", "POST")
    description = "Post JSON, a form or bytes to a URL."


class Put(_Http):
    name, Config, method, card = "http.put", Sent, "PUT", _card("PUT", "PUT")
    description = "Put JSON, a form or bytes at a URL."


class Delete(_Http):
    name, method, card = "http.delete", "DELETE", _card("DELETE", "DELETE")
    description = "Delete what is at a URL."


# ---------------------------------------------------------------------- asking

_CLIENTS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[bool, httpx.AsyncClient]] = WeakKeyDictionary()
"""By the loop of an engine's bodies: connections belong to it, and are kept open from one node to the next. By whether
certificates are checked."""


async def _client(verify: bool) -> httpx.AsyncClient:
    """One that shares the connections of all, and has cookies of its own: those of a node are no other's. The first takes the time to
    read the certificates, in which other bodies go on.
    """
    clients = _CLIENTS.setdefault(asyncio.get_running_loop(), {})
    if verify not in clients:
        made = await apart(lambda: _made(verify))
        clients.setdefault(verify, made)
    one = copy(clients[verify])
    one.cookies = {}
    return one


def _made(verify: bool) -> httpx.AsyncClient:
    http = library("httpx", "http", "http.request")
    limits = http.Limits(max_connections=CONNECTIONS)
    made: httpx.AsyncClient = http.AsyncClient(verify=verify, limits=limits, headers={"user-agent": "stratix-tasks"})
    return made


@asynccontextmanager
async def _answer(method: str, config: Asked) -> AsyncIterator[httpx.Response]:
    """The answer behind all redirects, whose body has still to be read. HttpError."""
    client = await _client(config.verify)
    http = library("httpx", "http", "http.request")
    timeout = http.Timeout(config.read_timeout, connect=config.connect_timeout, pool=None)
    body = {"json": config.json_, **_content(config.data)} if isinstance(config, Sent) else {}
    try:
        request = client.build_request(
            method, config.url, params=config.params or None, headers=config.headers, timeout=timeout, **body
        )
        response = await client.send(request, stream=True, follow_redirects=False)
        left = config.max_redirects
        while (following := response.next_request) is not None and config.max_redirects:
            await response.aclose()
            _refuse_leaving(response, following, left, config)
            _leave_secrets(request, following, config)
            left -= 1
            response = await client.send(following, stream=True, follow_redirects=False)
        try:
            yield response
        finally:
            await response.aclose()
    except http.TimeoutException as error:
        raise HttpTimeout(f"{method} {config.url}: no answer in time ({type(error).__name__})", config.url) from error
    except http.InvalidURL as error:
        raise HttpRefused(f"{config.url} is no URL: {error}", config.url) from error
    except (http.TransportError, http.StreamError) as error:
        told = str(error) or type(error).__name__
        raise HttpConnectionError(f"{method} {config.url}: {told}", config.url) from error


def _content(data: dict[str, str] | str | bytes | None) -> dict[str, Any]:
    return {"data": data} if isinstance(data, dict) else {"content": data}


def _refuse_leaving(response: httpx.Response, following: httpx.Request, left: int, config: Asked) -> None:
    if following.url.scheme != response.request.url.scheme:
        raise HttpRefused(
            f"{response.request.url} redirects to {following.url}, of another scheme, which is not followed: ask for that URL",
            config.url,
        )
    if not left:
        raise HttpRefused(
            f"{config.url} redirects more than {config.max_redirects} times; raise max_redirects if that is meant",
            config.url,
        )


def _leave_secrets(asked: httpx.Request, following: httpx.Request, config: Asked) -> None:
    """What holds a secret is for the host that was asked: to another one such headers don't go along. HttpRefused for a body."""
    masks = current().masks
    if (asked.url.host, asked.url.port) == (following.url.host, following.url.port) or not masks:
        return
    for name, value in following.headers.multi_items():
        if masks.text(value) != value:
            following.headers.pop(name, None)
    body = (
        asked.content.decode("utf-8", "replace") if following.method == asked.method else ""
    )  # else it is not sent again
    if masks.text(body) != body:
        raise HttpRefused(
            f"{asked.url} redirects to {following.url}, of another host, and the body holds a secret: ask for that URL",
            config.url,
        )


# ---------------------------------------------------------------------- reading


async def _read(response: httpx.Response, config: Asked, context: Body) -> Answer:
    if response.status_code >= 400 and config.errors:
        raise await _error(response)
    length = int(response.headers.get("content-length") or 0)
    if length > config.max_size:
        raise _too_large(response, config)
    pieces = _pieces(response, config, context, length)
    if config.to_file is not None:
        size = await _to_file(Path(config.to_file), pieces)
        parsed = None
    else:
        body = b"".join([piece async for piece in pieces])
        size, parsed = len(body), _parsed(body, response, config)
    return {
        "status": response.status_code,
        "url": str(response.url),
        "headers": dict(response.headers),
        "body": parsed,
        "file": config.to_file,
        "size": size,
    }


async def _pieces(response: httpx.Response, config: Asked, context: Body, length: int) -> AsyncIterator[bytes]:
    """The body, unpacked. HttpTooLarge as soon as it is, so that a packed one can't fill the memory."""
    size = 0
    async for piece in response.aiter_bytes(1 << 16):
        size += len(piece)
        if size > config.max_size:
            raise _too_large(response, config)
        yield piece
        if length:
            context.progress(response.num_bytes_downloaded / length)
        await context.checkpoint()


async def _to_file(path: Path, pieces: AsyncIterator[bytes]) -> int:
    """Write the body, and put it in its place when it is whole; the bytes written. The disk holds up no other body."""
    place = replacing(path)
    file = await asyncio.to_thread(place.__enter__)
    try:
        async for piece in pieces:
            await asyncio.to_thread(file.write, piece)
        size = file.tell()
    except BaseException as error:
        place.__exit__(type(error), error, error.__traceback__)
        raise
    await asyncio.to_thread(place.__exit__, None, None, None)
    return size


def _too_large(response: httpx.Response, config: Asked) -> HttpTooLarge:
    return HttpTooLarge(
        f"the body of {response.url} is larger than the {config.max_size:,} bytes that this node takes: raise max_size, or write it "
        "to a file by to_file",
        config.url,
    )


async def _error(response: httpx.Response) -> HttpStatusError:
    """What an answer of 400 or more is raised as, with the beginning of its body."""
    begun = b""
    async for piece in response.aiter_bytes():
        begun += piece
        if len(begun) >= EXCERPT * 4:
            break
    status, body = response.status_code, _excerpt(begun, response)
    kind = HttpTooManyRequests if status == 429 else HttpServerError if status >= 500 else HttpClientError
    told = f"{response.request.method} {response.url} answered {status} {response.reason_phrase}: {body}".rstrip(": ")
    return kind(told, str(response.url), status, body, _retry_after(response.headers.get("retry-after")))


def _retry_after(value: str | None) -> float | None:
    """Seconds, of what may be a number or a date."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max((parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return None


def _parsed(body: bytes, response: httpx.Response, config: Asked) -> Any:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    how = config.parse
    if how == "auto":
        is_json = kind == "application/json" or kind.endswith("+json")
        how = "json" if is_json and body else "text" if kind.startswith("text/") or is_json else "bytes"
    if how == "bytes":
        return body
    if how == "text":
        return _text(body, response)
    import orjson

    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        shown = _excerpt(body, response)
        raise HttpError(f"the body of {response.url} is no JSON ({error}): {shown}", config.url) from None


def _excerpt(body: bytes, response: httpx.Response) -> str:
    """Its beginning, in which no secret is cut in two, so that a part of it would be told."""
    return current().masks.text(_text(body, response))[:EXCERPT]


def _text(body: bytes, response: httpx.Response) -> str:
    try:
        return body.decode(response.charset_encoding or "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
