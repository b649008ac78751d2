import pytest

from b2bua.call import Record
from sipstack.effects import Send
from sipstack.flow import Flow
from tests.world.laws import BrokenLawError, Laws
from tests.world.scene import EPOCH, Scene
from tests.world.wire import Wire, write

FLOW = Flow("192.0.2.10:5060", ("192.0.2.1", 5060))


def invite(call_id: str = "a", branch: str = "b", cseq: int = 1, tag: str = "") -> bytes:
    return message("INVITE sip:x@y SIP/2.0", f"{cseq} INVITE", call_id, branch, tag)


def answer(status: int, call_id: str = "a", branch: str = "b", tag: str = "t", method: str = "INVITE") -> bytes:
    return message(f"SIP/2.0 {status} OK", f"1 {method}", call_id, branch, tag)


def message(start: str, cseq: str, call_id: str = "a", branch: str = "b", tag: str = "") -> bytes:
    to = "<sip:x@y>" + (f";tag={tag}" if tag else "")
    fields = [("Via", f"SIP/2.0/UDP z;branch={branch}"), ("From", "<sip:w@v>;tag=f"), ("To", to)]
    return write(start, [*fields, ("Call-ID", call_id), ("CSeq", cseq)])


def line(kind: str, call: str = "1", verdict: str = "pass") -> Record:
    return Record(kind, call, EPOCH, {"verdict": verdict})


def told(*outputs: Record | bytes, heard: tuple[bytes, ...] = ()) -> Laws:
    laws = Laws()
    for data in heard:
        laws.saw(Wire.read(data), is_stray=False)
    laws.did([output if isinstance(output, Record) else Send(FLOW, output) for output in outputs])
    return laws


@pytest.mark.parametrize(
    ("outputs", "sentence"),
    [
        ((answer(603), answer(200)), "a second final answer"),
        ((message("BYE sip:x@y SIP/2.0", "1 BYE", "nobody"),), "a BYE of no call"),
        ((answer(200), answer(200, tag="u")), "a second final answer"),
        ((answer(200, tag=""),), "without a To tag"),
        ((answer(200), answer(180)), "180 after the final answer"),
        ((invite(),), "no verdict line"),
        ((line("verdict", verdict="block"), invite()), "no verdict line"),
        ((line("verdict"), invite("a"), invite("b")), "no verdict line"),
        ((invite(), line("verdict")), "no verdict line"),
        ((line("verdict"), line("verdict")), "a second verdict line"),
        ((line("verdict"), line("end"), line("answer")), "goes on after its end"),
        (
            (line("verdict"), invite(), message("BYE sip:x@y SIP/2.0", "1 BYE", branch="c", tag="t")),
            "with CSeq 1 after 1",
        ),
    ],
)
def test_a_law_is_broken_at_the_step_that_breaks_it(outputs: tuple[Record | bytes, ...], sentence: str) -> None:
    with pytest.raises(BrokenLawError, match=sentence):
        told(*outputs)


def test_a_call_may_be_accepted_only_when_its_line_stands() -> None:
    with pytest.raises(BrokenLawError, match="before its answer line"):
        told(line("verdict"), answer(200), line("answer"), heard=(invite(),))
    told(line("verdict"), line("answer"), answer(200), heard=(invite(), answer(200)))


@pytest.mark.parametrize("status", [180, 200])
def test_a_call_rings_and_is_accepted_only_by_the_word_of_a_branch(status: int) -> None:
    with pytest.raises(BrokenLawError, match="nobody has sent"):
        told(line("verdict"), line("answer"), answer(status), heard=(answer(status), invite()))


@pytest.mark.parametrize(
    ("laws", "sentence"),
    [
        (lambda: told(heard=(invite(),)), "has no final answer"),
        (lambda: told(heard=(answer(200),)), "neither ACKed"),
        (lambda: told(line("end")), "0 verdict lines"),
        (lambda: told(line("verdict")), "0 end lines"),
    ],
)
def test_a_law_about_the_end_is_broken_at_the_end(laws: object, sentence: str) -> None:
    assert callable(laws)
    with pytest.raises(BrokenLawError, match=sentence):
        laws().finish()


def test_what_keeps_the_laws_is_let_through() -> None:
    ack = message("ACK sip:x@y SIP/2.0", "1 ACK", "out", "c", "t")
    laws = told(
        line("verdict"), invite("out"), answer(180), line("answer"), answer(200), answer(200), ack, line("end"),
        heard=(invite(), answer(200, "out")),
    )  # fmt: skip
    laws.finish()


def test_a_scene_that_fails_is_told_with_its_ladder() -> None:
    def failing() -> None:
        with Scene() as scene:
            scene.caller.invite()
            scene.run(5)
            raise AssertionError("a test of it")

    with pytest.raises(AssertionError, match="a test of it") as caught:
        failing()
    (ladder,) = caught.value.__notes__
    head, *steps = ladder.splitlines()
    assert head.split() == ["seconds", "caller", "gateway", "callee"]
    assert [step.split()[0] for step in steps] == sorted(step.split()[0] for step in steps)
    assert "verdict pass" in ladder
    assert "<--------180 (1 INVITE)-------" in ladder
    assert len({len(step) for step in steps}) == 1


def test_what_is_left_over_at_the_end_is_told_with_its_ladder() -> None:
    def failing() -> None:
        with Scene() as scene:
            session = scene.caller.invite()
            scene.run(5)
            scene.caller.bye(session)
            scene.run(5)
            scene.core._heap.append((1e9, 1, "nobody"))

    with pytest.raises(AssertionError, match="left over") as caught:
        failing()
    assert caught.value.__notes__


def test_a_scene_plays_the_same_again_by_its_seed() -> None:
    def played(seed: int) -> list[object]:
        with Scene(seed) as scene:
            scene.link.loss, scene.link.doubled, scene.link.delay = 0.3, 0.3, (0.01, 0.5)
            session = scene.caller.invite()
            scene.run(20)
            scene.caller.bye(session)
        return [*scene.steps]

    assert played(3) == played(3)
    assert played(3) != played(4)


def test_a_link_loses_doubles_and_reorders() -> None:
    link = Scene(5).link
    assert link.copies() == [0.01]
    link.loss = 1.0
    assert link.copies() == []
    link.loss, link.doubled, link.delay = 0.0, 1.0, (0.1, 0.9)
    copies = [delay for _ in range(50) for delay in link.copies()]
    assert len(copies) == 100
    assert copies != sorted(copies)
    assert all(0.1 <= delay <= 0.9 for delay in copies)


def test_a_wire_is_read_by_its_own_means() -> None:
    wire = Wire.read(
        b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a;branch=x\r\nT:\r\n <sip:a@b;tag=no>;tag=yes\r\nCSeq: 7 INFO\r\n\r\nbody"
    )
    assert (wire.status, wire.method, wire.cseq, wire.branch, wire.to_tag) == (200, "INFO", 7, "x", "yes")
    assert wire.body == b"body"
