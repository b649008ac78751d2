import attrs

from b2bua.call.copies import copied
from b2bua.call.liveness import Liveness
from sipstack.dialog import SessionTimer


def test_a_copy_has_every_field_and_is_changed_apart() -> None:
    one = Liveness(timer=SessionTimer(interval=600), updates=True, heard=b"v=0", probe_at=7.0, misses=1)
    other = copied(one)
    names = [field.name for field in attrs.fields(Liveness)]
    assert [getattr(other, name) for name in names] == [getattr(one, name) for name in names]
    other.heard, other.probe_at = b"", None
    assert (one.heard, one.probe_at) == (b"v=0", 7.0)


def test_what_a_class_does_at_its_making_is_not_done_again() -> None:
    made: list[int] = []

    @attrs.define
    class Counted:
        number: int = attrs.field(init=False, default=3)

        def __attrs_post_init__(self) -> None:
            made.append(self.number)

    one = Counted()
    one.number = 4
    assert (copied(one).number, made) == (4, [3])
