"""The policies of levels that are shipped: where a hospital begins its own file, with what was published of them."""

from importlib.resources import files

from centre.levels.level_policy import LevelPolicy, read_level_policy

__all__ = ["SHIPPED", "shipped_policy"]

SHIPPED = ("hopital-en-tension", "aphp-three-levels", "nhs-opel")


def shipped_policy(name: str) -> LevelPolicy:
    """A shipped policy; `name`: one of `SHIPPED`."""
    return read_level_policy(files("centre.levels").joinpath("policies", f"{name}.toml").read_bytes())
