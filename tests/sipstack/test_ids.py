import random

from sipstack.ids import MAGIC_COOKIE, Ids
from sipstack.values import is_token


def test_names_are_tokens_of_at_least_64_random_bits() -> None:
    asked: list[int] = []

    def randbytes(count: int) -> bytes:
        asked.append(count)
        return bytes(range(256))[-count:]

    ids = Ids(randbytes)
    names = [ids.branch(), ids.tag(), ids.call_id()]
    assert all(map(is_token, names))
    assert min(asked) >= 8
    assert all(len(bytes.fromhex(name.removeprefix(MAGIC_COOKIE))) >= 8 for name in names)


def test_a_branch_begins_with_the_cookie() -> None:
    assert Ids(bytes).branch().startswith("z9hG4bK")


def test_the_same_seed_mints_the_same_names() -> None:
    first, second = Ids(random.Random(1).randbytes), Ids(random.Random(1).randbytes)
    assert [first.tag() for _ in range(5)] == [second.tag() for _ in range(5)]


def test_a_call_id_names_no_host() -> None:
    assert "@" not in Ids(bytes).call_id()
