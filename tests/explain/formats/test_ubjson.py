"""UBJSON at the ends of what is taken, byte by byte."""

import pytest

from explain import ModelFileError
from explain.formats.ubjson import read_ubjson

OPENINGS = {"list": (b"[", b"]"), "counted": (b"[#i\x01", b""), "object": (b"{i\x01a", b"}")}


@pytest.mark.parametrize("kind", OPENINGS)
def test_what_nests_in_32_others_is_read_and_no_more(kind: str) -> None:
    begin, end = OPENINGS[kind]
    for around in (31, 32):
        value = read_ubjson(begin * around + b"i\x07" + end * around)
        for _ in range(around):
            value = value["a"] if kind == "object" else value[0]
        assert value == 7
    with pytest.raises(ModelFileError, match="nests deeper than 32"):
        read_ubjson(begin * 33 + b"i\x07" + end * 33)


def test_a_text_ends_where_the_file_does_or_before() -> None:
    assert read_ubjson(b"Si\x03abc") == "abc"
    assert read_ubjson(b"Si\x00") == ""
    for data, said in (
        (b"Si\x04abc", "A length in the model file is beyond its end"),
        (b"Si\xffabc", "A length in the model file is beyond its end"),
        (b"Sd\x00\x00\x00\x00", "not a whole number"),
        (b"Si\x02abc", "goes on after its end"),
        (b"I\x00", "ends too early"),
        (b"", "ends too early"),
    ):
        with pytest.raises(ModelFileError, match=said):
            read_ubjson(data)


def test_arrays_of_one_type_and_of_many() -> None:
    assert read_ubjson(b"[$U#i\x03\x01\x02\xff").tolist() == [1, 2, 255]
    assert read_ubjson(b"[$I#i\x02\x01\x00\xff\xff").tolist() == [256, -1]
    assert read_ubjson(b"[#i\x02TF") == [True, False]
    assert read_ubjson(b"[ZU\xff]") == [None, 255]
    for data, said in (
        (b"[$U#i\x03\x01\x02", "A length in the model file is beyond its end"),
        (b"[$I#i\x02\x01\x00\xff", "ends too early"),
        (b"[$T#i\x01T", "not of numbers"),
        (b"[$Ui\x01\x01]", "has no length"),
        (b"[x]", "unknown marker b'x'"),
    ):
        with pytest.raises(ModelFileError, match=said):
            read_ubjson(data)


def test_an_entry_that_is_there_twice_is_named_by_its_beginning() -> None:
    name = b"i\x29" + b"n" * 41
    assert read_ubjson(b"{" + name + b"T}") == {"n" * 41: True}
    with pytest.raises(ModelFileError, match=f"two entries '{'n' * 40}'"):
        read_ubjson(b"{" + name + b"T" + name + b"F}")
