from hypothesis import given
from hypothesis import strategies as st

from b2bua.call.times import earliest


@given(st.lists(st.one_of(st.none(), st.floats(allow_nan=False))))
def test_the_first_is_the_least_of_those_that_are_set(times: list[float | None]) -> None:
    assert earliest(*times) == min([at for at in times if at is not None], default=None)
