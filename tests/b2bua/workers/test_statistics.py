from b2bua.workers.statistics import summed


def test_several_statistics_are_those_of_one_gateway() -> None:
    one = {"calls": 2, "register": "0 entries", "targets": {"home": {"a": "up"}}, "counters": {"end: BYE": 3}}
    two = {"calls": 1, "register": "0 entries", "targets": {}, "counters": {"end: BYE": 4, "bug": 1}, "kept": 2}
    assert summed([one, two]) == {
        "calls": 3,
        "register": "0 entries",
        "targets": {"home": {"a": "up"}},
        "counters": {"end: BYE": 7, "bug": 1},
        "kept": 2,
    }
