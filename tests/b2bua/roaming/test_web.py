"""A holder over HTTP, as the stub of `examples/` plays it on the loopback interface."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
import trustme

from b2bua.config import OAuth
from b2bua.demo.holder import Stub, served
from b2bua.errors import ConfigError
from b2bua.roaming.told import Told
from b2bua.roaming.web import CamaraHolder
from policy.roaming import Roaming
from tests.b2bua.roaming.serving import ABROAD, AT_HOME, NATIONAL, NOBODY, SHIP, SUBSCRIBERS, holder
from tests.b2bua.roaming.serving import stub as made

HOME = frozenset({206})
PATIENCE = 10.0

Story = Callable[[CamaraHolder, Any], Awaitable[None]]


def play(story: Story, stub: Any = None, **bounds: Any) -> None:
    stub = stub or made()

    async def played() -> None:
        async with served(stub) as address:
            asked = CamaraHolder.of(holder(address, **bounds), HOME)
            try:
                async with asyncio.timeout(PATIENCE):
                    await story(asked, stub)
            finally:
                await asked.close()

    asyncio.run(played())


def once(does: str, number: str = ABROAD) -> Told:
    told: list[Told] = []

    async def story(asked: CamaraHolder, _: Any) -> None:
        told.append(await asked.ask(number, "c"))

    play(story, made(does))
    return told[0]


@pytest.mark.law("¶8 3°", "K10")
@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (ABROAD, Roaming.ABROAD),
        (AT_HOME, Roaming.NOT_ABROAD),
        (NATIONAL, Roaming.NOT_ABROAD),
        (SHIP, Roaming.ABROAD),
        (NOBODY, Roaming.UNKNOWN_SUBSCRIBER),
    ],
)
def test_a_holder_is_asked_and_believed(number: str, outcome: Roaming) -> None:
    told = once("answers", number)
    assert told.outcome is outcome
    assert (told.at is None) is (outcome is Roaming.UNKNOWN_SUBSCRIBER)


@pytest.mark.law("L4", "L5", "K11")
@pytest.mark.parametrize(
    ("does", "outcome"),
    [
        ("failing", Roaming.FAILED),
        ("hangs up", Roaming.FAILED),
        ("stops halfway", Roaming.FAILED),
        ("leads elsewhere", Roaming.FAILED),
        ("is endless", Roaming.FAILED),
        ("is packed", Roaming.FAILED),
        ("is no JSON", Roaming.FAILED),
        ("is a list", Roaming.FAILED),
        ("says nothing", Roaming.FAILED),
        ("says yes in words", Roaming.FAILED),
        ("says an error with 200", Roaming.FAILED),
        ("says it of another", Roaming.FAILED),
        ("contradicts itself", Roaming.FAILED),
        ("has a strange country", Roaming.FAILED),
        ("has a strange time", Roaming.FAILED),
        ("knows the future", Roaming.FAILED),
        ("has no content", Roaming.FAILED),
        ("no tokens", Roaming.FAILED),
        ("asks for patience", Roaming.FAILED),
        ("refuses", Roaming.NOT_ASKED),
        ("refuses the question", Roaming.NOT_ASKED),
        ("is not there", Roaming.NOT_ASKED),
        ("has had enough", Roaming.NOT_ASKED),
        ("wants no number", Roaming.NOT_ASKED),
        ("has no such service", Roaming.NOT_OFFERED),
    ],
)
def test_a_holder_that_fails_or_lies_is_told_from_one_that_does_not_take_our_question(
    does: str, outcome: Roaming
) -> None:
    assert once(does).outcome is outcome


def test_a_redirection_is_not_followed() -> None:
    async def story(asked: CamaraHolder, stub: Any) -> None:
        assert (await asked.ask(ABROAD, "c")).why == "status 307, which leads elsewhere and is not followed"
        assert stub.seen["elsewhere"] == 0

    play(story, made("leads elsewhere"))


def test_an_endless_answer_is_cut_off() -> None:
    async def story(asked: CamaraHolder, stub: Any) -> None:
        assert (await asked.ask(ABROAD, "c")).why == "an answer longer than 16 KiB"
        while not stub.seen["cut off"]:  # noqa: ASYNC110 - what the kernel tells the stub
            await asyncio.sleep(0.01)

    play(story, made("is endless"))


def test_a_packed_answer_is_not_unpacked() -> None:
    assert once("is packed").why == "an answer that is packed, which nobody has asked for"


def test_one_token_serves_many_questions() -> None:
    async def story(asked: CamaraHolder, stub: Any) -> None:
        told = await asyncio.gather(*(asked.ask(ABROAD, f"c{at}") for at in range(20)))
        assert {one.outcome for one in told} == {Roaming.ABROAD}
        assert stub.seen == {"token": 1, "retrieve": 20}
        assert set(stub.correlators) == {f"c{at}" for at in range(20)}

    play(story)


def test_a_token_is_fetched_anew_when_its_time_is_over() -> None:
    async def story(asked: CamaraHolder, stub: Any) -> None:
        for _ in range(3):
            await asked.ask(ABROAD, "c")
            assert asked._token is not None
            asked._token = attrs.evolve(asked._token, until=0.0)
        assert stub.seen["token"] == 3

    play(story)


def test_a_token_that_is_not_taken_any_more_is_fetched_anew_once_and_nobody_notices() -> None:
    async def story(asked: CamaraHolder, stub: Any) -> None:
        await asked.ask(ABROAD, "c")
        stub.forget_tokens()
        told = await asyncio.gather(*(asked.ask(ABROAD, "c") for _ in range(5)))
        assert {one.outcome for one in told} == {Roaming.ABROAD}
        assert stub.seen["token"] == 2

    play(story)


def test_a_holder_that_takes_no_token_at_all_is_not_asked_for_ever() -> None:
    class Stubborn(Stub):
        async def token(self, request: Any) -> Any:
            made = await super().token(request)
            self.forget_tokens()
            return made

    async def story(asked: CamaraHolder, stub: Any) -> None:
        assert (await asked.ask(ABROAD, "c")).why == "status 401: our token is not taken"
        assert stub.seen == {"token": 2, "retrieve": 2}

    play(story, Stubborn(SUBSCRIBERS))


def test_credentials_that_are_not_taken_are_no_failure_of_the_holder_s() -> None:
    async def story(asked: CamaraHolder, stub: Any) -> None:
        told = await asked.ask(ABROAD, "c")
        assert told == Told.kept_back("no token: our credentials are not taken (status 401)")
        assert stub.seen == {"token": 1}

    play(story, secret="wrong")


def test_a_token_that_comes_too_late_for_one_question_serves_the_next() -> None:
    async def story(asked: CamaraHolder, stub: Any) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await asked.ask(ABROAD, "c")
        assert (await asked.ask(ABROAD, "c")).outcome is Roaming.ABROAD
        assert stub.seen["token"] == 1

    play(story, made("slow tokens", delay=0.2))


def test_where_nobody_listens_the_holder_has_failed() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"

    async def story() -> None:
        asked = CamaraHolder.of(holder(address), HOME)
        assert await asked.ask(ABROAD, "c") == Told.failed("no token: no connection: ECONNREFUSED", may_repeat=True)
        await asked.close()

    asyncio.run(story())


def test_a_name_that_is_not_found_shows_nothing_of_the_holder_s_side() -> None:
    async def story() -> None:
        asked = CamaraHolder.of(holder("http://nobody.invalid:1", oauth=None), HOME)
        try:
            async with asyncio.timeout(PATIENCE):
                assert (await asked.ask(ABROAD, "c")).outcome is Roaming.NOT_ASKED
        finally:
            await asked.close()

    asyncio.run(story())


def test_what_is_no_http_is_a_failure_of_the_holder_s() -> None:
    async def noise(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp.example ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    async def story() -> None:
        server = await asyncio.start_server(noise, "127.0.0.1", 0)
        asked = CamaraHolder.of(holder(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", oauth=None), HOME)
        assert (await asked.ask(ABROAD, "c")).outcome is Roaming.FAILED
        await asked.close()
        server.close()
        await server.wait_closed()

    asyncio.run(story())


# TLS.


def test_only_a_certificate_that_is_believed_is_told_a_number(tmp_path: Path) -> None:
    believed, other = trustme.CA(), trustme.CA()
    believed.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    async def asked(authority: trustme.CA) -> tuple[Told, list[str]]:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(context)
        stub = made()
        async with served(stub, context) as address:
            one = CamaraHolder.of(holder(address, ca_file=str(tmp_path / "ca.pem")), HOME)
            try:
                return await one.ask(ABROAD, "c"), stub.asked
            finally:
                await one.close()

    told, numbers = asyncio.run(asked(believed))
    assert (told.outcome, numbers) == (Roaming.ABROAD, [ABROAD])
    told, numbers = asyncio.run(asked(other))
    assert (told.outcome, numbers) == (Roaming.FAILED, [])
    assert told.why == "no token: no connection: TLS is not agreed, or its certificate not believed"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"ca_file": "gone.pem"}, r"ca_file: \S+/gone\.pem: No such file"),
        ({"ca_file": "none.pem"}, r"ca_file: \S+/none\.pem: "),
        ({"certificate_file": "gone.pem"}, r"certificate_file: \S+/gone\.pem: No such file"),
        ({"certificate_file": "none.pem"}, r"certificate_file: \S+/none\.pem: "),
        ({"certificate_file": "ours.pem", "key_file": "gone.pem"}, r"key_file: \S+/gone\.pem: No such file"),
        (
            {"certificate_file": "ours.pem", "key_file": "other.key"},
            r"certificate_file: \S+/ours\.pem, key_file: \S+/other\.key: ",
        ),
    ],
    ids=str,
)
def test_a_certificate_or_key_that_cannot_be_used_is_told_by_key_and_file(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    (tmp_path / "none.pem").write_text("no certificate")
    trustme.CA().issue_cert("ours").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "ours.pem"))
    trustme.CA().issue_cert("other").private_key_pem.write_to_path(str(tmp_path / "other.key"))
    named = {key: str(tmp_path / name) for key, name in files.items()}
    with pytest.raises(ConfigError, match=rf"roaming\.camara stub: {said}"):
        CamaraHolder.of(holder("https://127.0.0.1:1", **named), HOME)


def test_a_key_that_signs_for_us_and_cannot_be_used_is_told_by_key_and_file(tmp_path: Path) -> None:
    path = tmp_path / "signs.pem"
    oauth = OAuth(token_url="https://127.0.0.1:1", client_id="us", private_key_file=str(path))
    with pytest.raises(
        ConfigError, match=r"roaming\.camara stub: oauth\.private_key_file: \S+signs\.pem: No such file"
    ):
        CamaraHolder.of(attrs.evolve(holder("https://127.0.0.1:1"), oauth=oauth), HOME)
