"""A title or an initial makes no second person; two people of one surname are two."""

import pytest

from registry.people.person_names import is_person_name, same_person


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada Martin", "Dr Ada Martin"),
        ("Ada Martin", "Pr. Ada Martin"),
        ("Ada Martin", "Mme Ada Martin"),
        ("Ada Martin", "Ada Martin MD"),
        ("Ada Martin", "Martin Ada Jr."),
        ("Ada Martin", "Ada Martin II"),
        ("Dr. Ada Martin", "Prof Martin Ada"),
        ("Ada Martin", "A. Martin"),
        ("Ada Martin", "Martin A."),
        ("Ada Martin", "Ada M."),
        ("Ada Martin", "Ada B. Martin"),
        ("Ada Martin", "A. B. Martin"),
        ("Ada Martin", "Dr A Martin 2"),
        ("A. Martin", "Martin"),
        ("Ada Martin", "À. MARTIN"),
        ("Jean-Paul Roux", "J.-P. Roux"),
        ("J. P. Roux", "J. Roux"),
        ("Anne Marie Petit", "A. M. Petit"),
        ("Bob Petit", "6ob Petit"),
    ],
)
def test_what_may_be_one_person_is_not_two(one: str, other: str) -> None:
    """Each spelling was a second vote for whoever has a second key."""
    assert is_person_name(one)
    assert is_person_name(other)
    assert same_person(one, other)
    assert same_person(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A. Martin", "B. Martin"),
        ("Ada Martin", "B. Martin"),
        ("Ada B. Martin", "Ada C. Martin"),
        ("Ada Martin", "Paul Martin"),
        ("Ada Martin", "Ada Petit"),
        ("A. Martin", "A. Petit"),
        ("Ada Martin", "Martin"),
        ("Jean-Paul Roux", "J.-M. Roux"),
        ("Dr Martin", "Dr Petit"),
        ("A. B.", "A. C."),
        ("Jean Roux", "Jean-Paul Roux"),
    ],
)
def test_people_who_share_a_name_are_two(one: str, other: str) -> None:
    """What may not be the same person is not refused."""
    assert not same_person(one, other)
    assert not same_person(other, one)
