"""Groups that a policy requires by name: those that the data do not have are said, all of them."""

import re

import numpy as np
import pytest

from hospital.ingest.hospital_reader import HospitalTables
from registry.check.required_groups import require_groups
from registry.errors import PolicyError
from registry.policy.board_policy import Policy, default_policy, load_policy
from tests.support.synthetic_evidence import Hospital, beds


def demanding(groups: str) -> Policy:
    """The shipped policy that requires these groups."""
    text = default_policy().content.decode()
    return load_policy(
        re.sub(r"^required_groups = [^#]*", f"required_groups = {groups} ", text, flags=re.MULTILINE).encode()
    )


def test_groups_that_are_somewhere_in_the_tables_are_not_refused(hospital: HospitalTables) -> None:
    """Whether or not a judged row is theirs: an age band comes from ages, a unit group from the rows."""
    part = beds(Hospital(days=540), np.random.default_rng(1)).test
    wanted = '{sex = ["F", "M"], age_band = ["0-15", "80+"], unit_group = ["group 1"]}'
    require_groups(demanding(wanted), (part,), hospital)


def test_every_group_that_nobody_has_is_named(hospital: HospitalTables) -> None:
    """Of every attribute at once, those of an attribute that the tables lack among them."""
    part = beds(Hospital(days=540), np.random.default_rng(1)).test
    wanted = '{sex = ["F", "woman"], age_band = ["100+"], unit_group = ["group 9"], site = ["north"]}'
    with pytest.raises(PolicyError, match=r"sex=woman, age_band=100\+, unit_group=group 9, site=north\."):
        require_groups(demanding(wanted), (part,), hospital)
    without = HospitalTables(
        {name: table for name, table in hospital.tables.items() if name != "visits"},
        hospital.zone,
        hospital.cadence,
        hospital.audit_attributes,
        hospital.covariates,
        hospital.findings,
        hospital.source_digest,
    )
    with pytest.raises(PolicyError, match="sex=F"):
        require_groups(demanding('{sex = ["F"]}'), (part,), without)
