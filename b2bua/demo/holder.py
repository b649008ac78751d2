"""A mobile operator as a play needs one: CAMARA Device Roaming Status, with the token server before it, on aiohttp.

Where its subscribers are it is told; of any other number nobody knows. What it does with its questions can be changed
while it runs; `DOINGS` has all that it can do, most of it wrong.
"""

import asyncio
import json
import ssl
import zlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from aiohttp import BasicAuth, web

#: The mobile country code of Belgium.
HOME: Final = 206
CLIENT: Final = "b2bua"
SECRET: Final = "open sesame"

Reply = web.StreamResponse


class Stub:
    """The two servers in one, and what they do."""

    def __init__(self, subscribers: Mapping[str, int | str], does: str = "answers", *, delay: float = 5.0) -> None:
        self.subscribers = subscribers
        """By number, the mobile country code of the network the subscriber is in; or what is done with the question,
        whatever is done with the others."""
        self.does = does
        self.delay = delay
        """Seconds that "slow" takes."""
        self.asked: list[str] = []
        """The numbers of all questions."""
        self.seen: Counter[str] = Counter()
        """How often each path was asked for."""
        self.correlators: list[str] = []
        self.open = self.most_open = 0
        """Questions that wait now, and the most there ever were at one time."""
        self.release = asyncio.Event()
        """Lets go what "waits"."""
        self._tokens: set[str] = set()

    def app(self) -> web.Application:
        """To be served."""
        app = web.Application()
        app.router.add_post("/token", self.token)
        app.router.add_post("/device-roaming-status/v1/retrieve", self.retrieve)
        app.router.add_put("/does/{what}", self.change)
        app.router.add_route("*", "/elsewhere", self.elsewhere)
        return app

    async def change(self, request: web.Request) -> Reply:
        """Something else from now on."""
        if request.match_info["what"] not in DOINGS:
            return web.json_response({"does": sorted(DOINGS)}, status=404)
        self.does = request.match_info["what"]
        return web.json_response({"does": self.does})

    async def elsewhere(self, request: web.Request) -> Reply:
        """Where nobody should come."""
        self.seen["elsewhere"] += 1
        return web.json_response(status(262))

    async def token(self, request: web.Request) -> Reply:
        """RFC 6749 §4.4."""
        self.seen["token"] += 1
        form = await request.post()
        client, secret = form.get("client_id"), form.get("client_secret")
        if request.headers.get("Authorization", "").startswith("Basic "):
            basic = BasicAuth.decode(request.headers["Authorization"])
            client, secret = basic.login.replace("+", " "), basic.password.replace("+", " ")
        if self.does == "slow tokens":
            await asyncio.sleep(self.delay)
        if self.does == "no tokens":
            return web.Response(status=503)
        if not self.admits(client, secret) or form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "invalid_client"}, status=401)
        text = f"token-{self.seen['token']}"
        self._tokens = {text}
        return web.json_response({"access_token": text, "token_type": "Bearer", "expires_in": 3_600})

    def admits(self, client: object, secret: object) -> bool:
        """Whether that client may have a token."""
        return (client, secret) == (CLIENT, SECRET)

    async def retrieve(self, request: web.Request) -> Reply:
        """POST /retrieve."""
        self.seen["retrieve"] += 1
        self.correlators.append(request.headers.get("x-correlator", ""))
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self._tokens:
            return refusal(401, "UNAUTHENTICATED")
        number = (await request.json()).get("device", {}).get("phoneNumber", "")
        self.asked.append(number)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        own = self.subscribers.get(number)
        try:
            return await DOINGS[own if isinstance(own, str) else self.does](self, request, number)
        finally:
            self.open -= 1

    def forget_tokens(self) -> None:
        """None of those that are out is good any more."""
        self._tokens = set()


@asynccontextmanager
async def served(stub: Stub, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Its address, http://127.0.0.1:PORT (or https), while it is served in the loop that is running."""
    runner = web.AppRunner(stub.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"{'http' if tls is None else 'https'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        stub.release.set()
        await runner.cleanup()


def status(mcc: int, **more: object) -> dict[str, object]:
    """A true answer."""
    at = (datetime.now(UTC) - timedelta(seconds=3)).isoformat().replace("+00:00", "Z")
    abroad = {"countryCode": mcc, "countryName": ["DE"]} if mcc != HOME else {}
    return {"lastStatusTime": at, "roaming": mcc != HOME, **abroad, **more}


def refusal(code: int, name: str, **headers: str) -> Reply:
    """An error as CAMARA writes it."""
    return web.json_response({"status": code, "code": name, "message": "no"}, status=code, headers=headers)


async def _answers(stub: Stub, request: web.Request, number: str) -> Reply:
    mcc = stub.subscribers.get(number)
    if not isinstance(mcc, int):
        return refusal(404, "IDENTIFIER_NOT_FOUND")
    return web.json_response(status(mcc))


async def _slow(stub: Stub, request: web.Request, number: str) -> Reply:
    await asyncio.sleep(stub.delay)
    return await _answers(stub, request, number)


async def _drips(stub: Stub, request: web.Request, number: str) -> Reply:
    reply = web.StreamResponse(headers={"Content-Type": "application/json"})
    await reply.prepare(request)
    for octet in json.dumps(status(262)).encode():
        await reply.write(bytes([octet]))
        await asyncio.sleep(stub.delay / 10)
    return reply


async def _waits(stub: Stub, request: web.Request, number: str) -> Reply:
    await stub.release.wait()
    return await _answers(stub, request, number)


async def _flaps(stub: Stub, request: web.Request, number: str) -> Reply:
    return await (_answers if len(stub.asked) % 2 == 0 else _fails)(stub, request, number)


async def _fails(stub: Stub, request: web.Request, number: str) -> Reply:
    return refusal(503, "UNAVAILABLE")


async def _hangs_up(stub: Stub, request: web.Request, number: str) -> Reply:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _stops_halfway(stub: Stub, request: web.Request, number: str) -> Reply:
    reply = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "500"})
    await reply.prepare(request)
    await reply.write(b'{"roaming": true')
    assert request.transport is not None
    request.transport.abort()
    return reply


async def _leads_elsewhere(stub: Stub, request: web.Request, number: str) -> Reply:
    return web.Response(status=307, headers={"Location": "/elsewhere"})


async def _is_endless(stub: Stub, request: web.Request, number: str) -> Reply:
    reply = web.StreamResponse(headers={"Content-Type": "application/json"})
    await reply.prepare(request)
    try:
        while True:
            await reply.write(b" " * 65_536)
    except ConnectionError:
        stub.seen["cut off"] += 1
    return reply


def _says(make: Callable[[str], web.StreamResponse]) -> Callable[[Stub, web.Request, str], Awaitable[Reply]]:
    """The same thing to every question."""

    async def said(stub: Stub, request: web.Request, number: str) -> Reply:
        return make(number)

    return said


def _bomb(_: str) -> Reply:
    """A little that unpacks to ten megabytes."""
    packed = zlib.compress(b" " * 10_000_000 + json.dumps(status(262)).encode())
    return web.Response(body=packed, headers={"Content-Encoding": "deflate", "Content-Type": "application/json"})


#: What the stub can do with a question, by name.
DOINGS: dict[str, Callable[[Stub, web.Request, str], Awaitable[Reply]]] = {
    "answers": _answers,
    "roams at home": _says(lambda _: web.json_response(status(HOME, roaming=True, countryCode=HOME))),
    "slow": _slow,
    "drips": _drips,
    "waits": _waits,
    "flapping": _flaps,
    "failing": _fails,
    "hangs up": _hangs_up,
    "stops halfway": _stops_halfway,
    "leads elsewhere": _leads_elsewhere,
    "is endless": _is_endless,
    "slow tokens": _answers,
    "no tokens": _answers,
    "is packed": _says(_bomb),
    "is no JSON": _says(lambda _: web.Response(text="<html>roaming: true</html>", content_type="application/json")),
    "is a list": _says(lambda _: web.json_response([True])),
    "says nothing": _says(lambda _: web.json_response({"lastStatusTime": "2026-01-31T12:00:00Z"})),
    "says yes in words": _says(lambda _: web.json_response(status(262, roaming="true"))),
    "says an error with 200": _says(
        lambda _: web.json_response({"status": 503, "code": "UNAVAILABLE", "message": "no"})
    ),
    "says it of another": _says(lambda _: web.json_response(status(262, device={"phoneNumber": "+32470000002"}))),
    "contradicts itself": _says(lambda _: web.json_response(status(262, roaming=False))),
    "has a strange country": _says(lambda _: web.json_response(status(262, countryCode="Spain"))),
    "knows the future": _says(lambda _: web.json_response(status(262, lastStatusTime="2999-01-01T00:00:00Z"))),
    "has a strange time": _says(lambda _: web.json_response(status(262, lastStatusTime="yesterday"))),
    "has no content": _says(lambda _: web.Response(status=204)),
    "refuses": _says(lambda _: refusal(403, "PERMISSION_DENIED")),
    "refuses the question": _says(lambda _: refusal(400, "INVALID_ARGUMENT")),
    "is not there": _says(lambda _: web.Response(status=404, text="no such page")),
    "has had enough": _says(lambda _: refusal(429, "QUOTA_EXCEEDED", **{"Retry-After": "60"})),
    "has no such service": _says(lambda _: refusal(422, "SERVICE_NOT_APPLICABLE")),
    "wants no number": _says(lambda _: refusal(422, "UNNECESSARY_IDENTIFIER")),
    "asks for patience": _says(lambda _: refusal(503, "UNAVAILABLE", **{"Retry-After": "60"})),
}
