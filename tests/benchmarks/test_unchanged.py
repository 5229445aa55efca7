"""The comparison of two checkouts finds what differs, and nothing else; renamed packages are sealed again."""

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.unchanged.differences import Comparison
from benchmarks.unchanged.renaming import Names, Table, TableError, load_table, rename, reseal
from registry.digests import canonical_json, sha256_bytes

TABLE = Path(__file__).resolve().parents[2] / "benchmarks" / "unchanged" / "renamed.toml"


def _finding(**changed: Any) -> dict[str, Any]:
    found = {
        "metric": "bias",
        "value": 0.1,
        "interval": [0.05, 0.15],
        "n": 200,
        "verdict": "pass",
        "note": "",
    }
    return {**found, **changed}


def _compared(before: Any, after: Any, order: tuple[str, ...] = ()) -> Comparison:
    comparison = Comparison(aside=("model.released_at",))
    comparison.documents("report", before, after, order)
    return comparison


def _places(before: Any, after: Any, order: tuple[str, ...] = ()) -> list[str]:
    return [difference.where for difference in _compared(before, after, order).differences]


def test_the_same_document_has_no_difference_and_all_its_numbers_are_counted() -> None:
    """Two of the interval, the value and n."""
    comparison = _compared({"findings": [_finding()]}, {"findings": [_finding()]})
    assert comparison.differences == []
    assert comparison.numbers == 4


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"value": math.nextafter(0.1, 1)}, "report.value"),
        ({"interval": [0.05, math.nextafter(0.15, 0)]}, "report.interval[1]"),
        ({"interval": [0.05]}, "report.interval, length"),
        ({"interval": None}, "report.interval"),
        ({"n": 200.0}, "report.n"),
        ({"n": 1000}, "report.n"),
        ({"verdict": "block"}, "report.verdict"),
    ],
)
def test_the_least_change_is_found_and_named(changed: dict[str, Any], where: str) -> None:
    """A last bit, another length, type, count or verdict."""
    assert _places(_finding(), _finding(**changed)) == [where]


def test_a_field_that_is_missing_on_either_side_is_named() -> None:
    """Which side has it is said."""
    lacking = _finding()
    del lacking["verdict"]
    for before, after, there in ((_finding(), lacking, "there"), (lacking, _finding(), "missing")):
        (found,) = _compared(before, after).differences
        assert (found.where, found.before) == ("report.verdict", there)


def test_zeros_of_two_signs_differ() -> None:
    """Their bits do."""
    assert _places([0.0], [-0.0]) == ["report[0]"]


def test_order_counts_unless_the_table_says_that_names_decide_it() -> None:
    """A list in the order of names is sorted on both sides."""
    first, second = {"findings": ["a", "b"]}, {"findings": ["b", "a"]}
    assert len(_places(first, second)) == 2
    assert _places(first, second, order=("findings",)) == []


def test_what_a_clock_measured_is_set_aside_but_its_verdict_is_not() -> None:
    """The value is counted as not compared; n and the verdict are compared."""
    old = _finding(metric="answer_milliseconds", interval=None)
    comparison = _compared(old, {**old, "value": 7.5, "n": 1000, "verdict": "block"})
    assert [d.where for d in comparison.differences] == ["report.n", "report.verdict"]
    assert comparison.set_aside == 2


def test_a_time_of_day_is_set_aside_where_it_was_said_and_nowhere_else() -> None:
    """By the end of its path."""
    comparison = _compared(
        {"model": {"released_at": "1"}, "at": "1"}, {"model": {"released_at": "2"}, "at": "2"}
    )
    assert [d.where for d in comparison.differences] == ["report.at"]
    assert comparison.set_aside == 1


def test_digests_of_names_go_together_one_to_one() -> None:
    """The same digest before cannot be two after, nor two one; that of the data may not change at all."""
    a, b, c = (f"sha256:{digit * 64}" for digit in "abc")
    assert _places([{"digest": a}, {"digest": a}], [{"digest": b}, {"digest": b}]) == []
    assert len(_places([{"digest": a}, {"digest": a}], [{"digest": b}, {"digest": c}])) == 1
    assert len(_places([{"digest": a}, {"digest": b}], [{"digest": c}, {"digest": c}])) == 1
    assert _places({"data_digest": a}, {"data_digest": b}) == ["report.data_digest"]


def test_a_sentence_in_other_words_is_counted_and_with_another_number_differs() -> None:
    """A decimal comma is a decimal point."""
    reworded = _compared({"reasons": ["Habitude : 1,5 lits"]}, {"reasons": ["Profil : 1.5 lits"]})
    assert (reworded.differences, reworded.reworded) == ([], 1)
    assert _places({"reasons": ["Habitude : 1,5"]}, {"reasons": ["Habitude : 1,6"]}) == ["report.reasons[0]"]


def test_arrays_differ_by_bit_type_and_shape() -> None:
    """Missing values are equal where their bits are."""
    values = np.array([1.0, np.nan, 3.0])
    moved = values.copy()
    moved[2] = np.nextafter(3.0, 4.0)
    for after, places in (
        (values.copy(), []),
        (moved, ["p50[2]"]),
        (values.astype(np.float32), ["p50"]),
        (values[:2], ["p50"]),
    ):
        comparison = Comparison()
        comparison.arrays("p50", values, after)
        assert [d.where for d in comparison.differences] == places


def test_a_file_differs_at_its_first_other_byte() -> None:
    """Or where the shorter one ends."""
    comparison = Comparison()
    comparison.contents("median.ubj", b"trees", b"trees")
    comparison.contents("median.ubj", b"trees", b"treps")
    comparison.contents("median.ubj", b"trees", b"trees and more")
    assert [d.where for d in comparison.differences] == ["median.ubj, byte 3", "median.ubj, byte 5"]


def test_a_field_is_renamed_by_the_end_of_its_path() -> None:
    """The longest end that the table has decides; numbers, order and other fields stay."""
    names = Names({"split.scope": "validation", "judge": "test"}, {"required": {"sobriety": "efficiency"}})
    old = {"split": {"scope": [1, 2.5]}, "scope": ["ED"], "judge": None, "required": ["drift", "sobriety"]}
    assert rename(old, names) == {
        "split": {"validation": [1, 2.5]},
        "scope": ["ED"],
        "test": None,
        "required": ["drift", "efficiency"],
    }
    assert rename({"note": "sobriety"}, names) == {"note": "sobriety"}


def test_two_fields_do_not_become_one() -> None:
    """Nothing is lost in silence."""
    with pytest.raises(TableError, match=r"split\.test"):
        rename({"split": {"judge": 1, "test": 2}}, Names({"judge": "test"}))


def _package() -> dict[str, bytes]:
    arrays = io.BytesIO()
    np.savez_compressed(arrays, values=np.arange(3.0))
    files = {
        "median.ubj": b"{trees",
        "whole.json": canonical_json({"levels": [0.1], "features": ["habit"]}),
        "reference.npz": arrays.getvalue(),
    }
    manifest = {
        "code_commit": "old",
        "files": {name: sha256_bytes(content) for name, content in files.items()},
        "split": {"judge": [1, 2]},
    }
    return {**files, "manifest.json": canonical_json(manifest)}


def test_a_package_sealed_again_without_renames_keeps_its_digest() -> None:
    """Byte for byte."""
    package = _package()
    resealed = reseal(package, Table("", {}, {"all": Names()}), {})
    assert dict(resealed.files) == package
    assert resealed.digest == sha256_bytes(package["manifest.json"])


def test_a_package_under_new_names_has_the_digests_that_follow() -> None:
    """Files, fields, values and arrays are renamed; the trees are not touched; the manifest covers what is there."""
    kinds = {
        "all": Names(),
        "manifest": Names({"split.judge": "test"}),
        "whole": Names({}, {"features": {"habit": "seasonal_profile"}}),
        "reference": Names({"values": "reference_values"}),
    }
    package = _package()
    resealed = reseal(package, Table("", {"whole.json": "hospital.json"}, kinds), {"code_commit": "new"})
    manifest = json.loads(resealed.files["manifest.json"])
    assert manifest["split"] == {"test": [1, 2]}
    assert manifest["code_commit"] == "new"
    assert set(manifest["files"]) == {"median.ubj", "hospital.json", "reference.npz"}
    for name, digest in manifest["files"].items():
        assert sha256_bytes(resealed.files[name]) == digest
    assert json.loads(resealed.files["hospital.json"])["features"] == ["seasonal_profile"]
    assert resealed.files["median.ubj"] == package["median.ubj"]
    with np.load(io.BytesIO(resealed.files["reference.npz"])) as arrays:
        assert arrays["reference_values"].tolist() == [0.0, 1.0, 2.0]
    assert resealed.digest == sha256_bytes(resealed.files["manifest.json"])
    assert resealed.digest != sha256_bytes(package["manifest.json"])


def test_only_fields_that_a_manifest_has_may_be_stated() -> None:
    """A slip of the pen would otherwise seal a field that no package has."""
    with pytest.raises(TableError, match="code_comit"):
        reseal(_package(), Table("", {}, {"all": Names()}), {"code_comit": "new"})


@pytest.mark.parametrize("part", ["fields]\nn = 1", "numbers]\nn = 'm'", "values.n]\na = 2"])
def test_a_table_that_renames_no_names_is_refused(tmp_path: Path, part: str) -> None:
    """Numbers never pass through it."""
    table = tmp_path / "renamed.toml"
    table.write_text(f"feature_digest = 'm'\n[report.{part}\n")
    with pytest.raises(TableError):
        load_table(table)


def test_what_holds_everywhere_holds_in_each_kind(tmp_path: Path) -> None:
    """A kind adds its own; kinds that the table does not name have what holds everywhere."""
    table = tmp_path / "renamed.toml"
    table.write_text("feature_digest = 'm'\n[all.fields]\na = 'b'\n[report.fields]\nc = 'd'\n")
    found = load_table(table)
    assert found.of("report").fields == {"a": "b", "c": "d"}
    assert found.of("card").fields == {"a": "b"}


def test_the_committed_table_can_be_read() -> None:
    """It names kinds of documents that the comparison asks for."""
    known = {"all", "answer", "card", "evidence", "explained", "manifest", "policy", "registration", "report"}
    files = {"baseline", "calibration", "hospital", "linear", "profile", "reference"}
    assert set(load_table(TABLE).kinds) <= known | files
