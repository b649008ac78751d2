from b2bua.demo.witness import Witness, of_call


def test_only_new_and_whole_lines_are_read_and_what_is_allocated_ahead_is_none(tmp_path):
    path = tmp_path / "journal-00000001.jsonl"
    witness = Witness(tmp_path)
    assert witness.news() == []
    path.write_bytes(b'{"a":1}\n' + bytes(100))
    assert witness.news() == [{"a": 1}]
    assert witness.news() == []
    path.write_bytes(b'{"a":1}\n{"a":2}\n{"a"')
    assert witness.news() == [{"a": 2}]
    assert witness.lines == 2


def test_the_next_segment_is_read_after_the_rest_of_this_one(tmp_path):
    witness = Witness(tmp_path)
    first, second = tmp_path / "journal-00000001.jsonl", tmp_path / "journal-00000002.jsonl"
    first.write_bytes(b'{"a":1}\n')
    assert witness.news() == [{"a": 1}]
    first.write_bytes(b'{"a":1}\n{"a":2}\n')
    second.write_bytes(b'{"a":3}\n')
    assert witness.news() == [{"a": 2}, {"a": 3}]
    second.write_bytes(b'{"a":3}\n{"a":4}\n')
    assert witness.news() == [{"a": 4}]


def test_the_lines_of_a_call_are_found_by_the_call_id_of_its_caller():
    lines = [
        {"kind": "verdict", "call": "x", "call_id": "mine"},
        {"kind": "verdict", "call": "y", "call_id": "other"},
        {"kind": "end", "call": "x"},
    ]
    assert of_call(lines, "mine") == (lines[0], lines[2])
    assert of_call(lines, "nobody's") == ()
    assert of_call([{"kind": "segment"}], "mine") == ()
