"""A holder over HTTP: the connections beside `camara.py`.

Nothing of a response is trusted: redirects are not followed (they would take the number and the token elsewhere), no
more is read than an answer has, nothing is unpacked, no cookie is kept. Of the environment no proxy and no `.netrc` is
used.
"""

import asyncio
import os
import ssl
import time  # noqa: TID251 - a part of the shell
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import aiohttp
import attrs

from b2bua.config import Camara
from b2bua.errors import ConfigError
from b2bua.roaming.assertion import Signer
from b2bua.roaming.camara import LONGEST, Page, Token, question, read, read_token, token_request
from b2bua.roaming.told import Told, failure_of

#: Seconds that a token may take: longer than a question, so that the next one has it when this one could not wait.
_TOKEN_PATIENCE: Final = 10.0
#: Seconds for which the addresses of a host name are believed.
_NAMES: Final = 60
_UNAUTHORIZED: Final = 401
_NO_TLS: Final = "no connection: TLS is not agreed, or its certificate not believed"


@attrs.define(eq=False)
class CamaraHolder:
    """Asks one holder; make it by `of`, and `ask` and `close` it in one loop."""

    config: Camara
    home: Collection[int]
    """MCCs of the home country."""
    tls: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    signer: Signer | None = attrs.field(default=None, repr=False)
    """Who proves us to the token server, where no secret does."""
    _session: aiohttp.ClientSession | None = attrs.field(default=None, init=False, repr=False)
    _token: Token | None = attrs.field(default=None, init=False, repr=False)
    _fetching: "asyncio.Task[Token | Told] | None" = attrs.field(default=None, init=False, repr=False)

    @classmethod
    def of(cls, config: Camara, home: Collection[int]) -> "CamaraHolder":
        """Reads certificates and keys. Raises ConfigError, which names the key and the file."""
        tls = _tls(config) if config.url.startswith("https:") else None
        oauth = config.oauth
        if oauth is None or oauth.private_key_file is None:
            return cls(config, home, tls)
        try:
            return cls(config, home, tls, Signer.read(Path(oauth.private_key_file), oauth.key_id))
        except ConfigError as error:
            raise ConfigError(f"roaming.camara {config.name}: oauth.private_key_file: {error}") from error

    async def ask(self, number: str, correlator: str) -> Told:
        """One attempt; a token that is not taken is fetched anew once."""
        token = await self._authorized()
        if isinstance(token, Told):
            return token
        page = await self._put(number, correlator, token)
        if isinstance(page, Page) and page.status == _UNAUTHORIZED and token is not None:
            if self._token is token:
                self._token = None
            token = await self._authorized()
            if isinstance(token, Told):
                return token
            page = await self._put(number, correlator, token)
        if isinstance(page, Told):
            return page
        return read(page, number, self.home, datetime.now(UTC), self.config.max_status_seconds)

    async def close(self) -> None:
        """Gives up what is under way, and the connections."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _put(self, number: str, correlator: str, token: Token | None) -> Page | Told:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "x-correlator": correlator}
        if token is not None:
            headers["Authorization"] = f"Bearer {token.text}"
        return await self._post(f"{self.config.url.rstrip('/')}/retrieve", question(number), headers)

    async def _authorized(self) -> Token | Told | None:
        """The token to show; None where none is wanted. All who need one wait for the same."""
        oauth = self.config.oauth
        if oauth is None:
            return None
        if self._token is not None and time.monotonic() < self._token.until:
            return self._token
        if self._fetching is None:
            self._fetching = asyncio.get_running_loop().create_task(self._fetch())
            self._fetching.add_done_callback(self._fetched)
        # Whoever asked first may be out of time before it comes; the others still want it.
        return await asyncio.shield(self._fetching)

    async def _fetch(self) -> Token | Told:
        oauth = self.config.oauth
        assert oauth is not None, "nobody fetches a token where none is wanted"
        assertion = None
        if self.signer is not None:
            assertion = self.signer.assertion(oauth.client_id, oauth.token_url, int(time.time()), os.urandom(16).hex())
        body, headers = token_request(oauth, assertion)
        try:
            async with asyncio.timeout(_TOKEN_PATIENCE):
                page = await self._post(oauth.token_url, body, headers)
        except TimeoutError:
            return Told.failed("no token: no answer in time")
        if isinstance(page, Told):
            return attrs.evolve(page, why=f"no token: {page.why}")
        return read_token(page, time.monotonic())

    def _fetched(self, task: "asyncio.Task[Token | Told]") -> None:
        self._fetching = None
        if not task.cancelled() and task.exception() is None and isinstance(task.result(), Token):
            self._token = task.result()  # type: ignore[assignment]  # which mypy does not narrow

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Page | Told:
        try:
            async with self._opened().post(url, data=body, headers=headers, allow_redirects=False) as response:
                data = bytearray()
                async for piece in response.content.iter_any():
                    data += piece
                    if len(data) > LONGEST:
                        response.close()
                        return Told.failed(f"an answer longer than {LONGEST // 1024} KiB")
                encoding = response.headers.get("Content-Encoding", "identity")
                pause = response.headers.get("Retry-After")
                return Page(response.status, bytes(data), pause, encoding.lower() != "identity")
        except aiohttp.ClientError as error:
            return _failure(error)
        except ssl.SSLError:
            return Told.failed(_NO_TLS)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self.config.most_questions + 1, ttl_dns_cache=_NAMES, ssl=True if self.tls is None else self.tls
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # whoever asks has a deadline
                headers={"User-Agent": "b2bua", "Accept-Encoding": "identity"},
            )
        return self._session


def _failure(error: aiohttp.ClientError) -> Told:
    """Whose fault it is that there is no response."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Told.kept_back("the name of its host is not found from here")
    if isinstance(error, aiohttp.ClientSSLError):
        return Told.failed(_NO_TLS)
    if isinstance(error, aiohttp.ClientOSError):
        return failure_of(error)
    if isinstance(error, aiohttp.ClientConnectionError | aiohttp.ClientPayloadError):
        return Told.failed("the connection was closed before the answer was whole", may_repeat=True)
    return Told.failed("an answer that is no HTTP")


def _tls(config: Camara) -> ssl.SSLContext:
    """With the authorities and the certificate that the configuration names. Raises ConfigError."""
    where = f"roaming.camara {config.name}"
    for key in ("ca_file", "certificate_file", "key_file"):  # of one that is not there OpenSSL does not say which
        file = getattr(config, key)
        try:
            if file is not None:
                Path(file).read_bytes()
        except (OSError, ValueError) as error:
            raise ConfigError(f"{where}: {key}: {file}: {getattr(error, 'strerror', error)}") from error
    try:
        context = ssl.create_default_context(cafile=config.ca_file)
    except ssl.SSLError as error:
        raise ConfigError(f"{where}: ca_file: {config.ca_file}: {error.reason or error}") from error
    if config.certificate_file is None:
        return context
    try:
        context.load_cert_chain(config.certificate_file, config.key_file, password="")  # else it asks the terminal
    except ssl.SSLError as error:
        beside = "" if config.key_file is None else f", key_file: {config.key_file}"
        said = f"certificate_file: {config.certificate_file}{beside}: {error.reason or error}"
        raise ConfigError(f"{where}: {said}") from error
    return context
