"""`vigie demo`, `simulate`, `data check` and `data map`: simulated and real tables."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.arguments import HorizonsOption, Json, Language, LanguageOption, MappingFile, Port, Scale, Seed, day
from cli.installation import now, read_settings
from cli.reader import say, spoken_language
from hospital.errors import ContractError, Fault, HistoryError, MappingError, VigieError

if TYPE_CHECKING:
    from hospital.profile.facts import Profile

__all__ = ["app"]

app = typer.Typer()
_data = typer.Typer(help="Look at a hospital's tables before any training.")

_FIRST_DAY = date(2024, 1, 1)  # fixed, so that digests repeat


@app.command()
def demo(
    days: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=3650,
        ),
    ] = None,
    seed: Seed = 1,
    port: Port = 3000,
    no_serve: Annotated[bool, typer.Option("--no-serve")] = False,
) -> int:
    """Go the whole way on a simulated hospital, with demo keys.

    Simulates, trains, checks, approves, releases, serves and shows two answers. Run again, it keeps what is finished.
    """
    from cli.demo.run import run_demo

    return run_demo(days=days, serve=not no_serve, seed=seed, port=port)


@app.command()
def simulate(
    days: Annotated[
        int,
        typer.Option(metavar="N", min=1, max=3650, show_default=False),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", show_default=False)],
    seed: Seed = 1,
    start: Annotated[
        date | None,
        typer.Option(metavar="DATE", parser=day),
    ] = None,
    unfair: Annotated[
        str | None,
        typer.Option(metavar="ATTR=VALUE:FACTOR"),
    ] = None,
    shift: Annotated[
        str | None,
        typer.Option(metavar="FACTOR@DAY"),
    ] = None,
    scale: Scale = 1.0,
) -> int:
    """Write the tables of a simulated hospital."""
    from cli.progress import bar
    from hospital.simulator import Shift, Unfair, write
    from hospital.simulator import simulate as simulate_hospital
    from hospital.words.names import table
    from hospital.words.numbers import number

    unfairness, moved = Unfair.parse(unfair) if unfair else None, Shift.parse(shift) if shift else None
    try:
        with bar() as progress:
            tables = simulate_hospital(
                days,
                seed=seed,
                start=start or _FIRST_DAY,
                unfair=unfairness,
                shift=moved,
                scale=scale,
                progress=lambda done: progress("simulate", done),
            )
    except (OverflowError, ValueError):  # of a day before the first year, and of one after the last
        raise VigieError("verbs.simulate.outside_calendar") from None
    write(tables, out)
    language = spoken_language()
    rows = ", ".join(f"{number(len(t), language)} {table(n, language)}" for n, t in tables.items())
    say("simulate.written", n=days, out=out, rows=rows)
    return 0


@_data.command()
def check(
    data: Annotated[Path, typer.Argument(metavar="DIR|FILE", show_default=False)],
    mapping: MappingFile = None,
    horizons: HorizonsOption = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.html")] = None,
    as_json: Json = False,
    language: LanguageOption = None,
) -> int:
    """Describe what the tables hold.

    Exit codes: 0 clean, 1 a person should look, 2 unreadable.
    """
    from hospital.profile.page import render_page
    from hospital.profile.terminal import print_profile
    from hospital.profile.words import Words
    from registry.digests import write_atomically

    spoken = language or read_settings().language
    try:
        profile = _profile(data, mapping, horizons or ())
    except (ContractError, MappingError) as error:
        return _refuse(error.faults, as_json, spoken)
    except HistoryError as error:
        return _refuse((Fault(data.name, "no_history", error),), as_json, spoken)
    if out is not None:
        write_atomically(out, render_page(profile, spoken).encode())
    if as_json:
        print(json.dumps(profile.to_json(), ensure_ascii=False))
    else:
        print_profile(profile, spoken)
        words = Words(spoken)
        print(words.t("page_at", path=str(out)) if out is not None else words.t("page_hint"))
    return 0 if profile.clean else 1


@_data.command("map")
def draft(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", show_default=False),
    ],
    out: Annotated[Path | None, typer.Option(metavar="FILE.toml")] = None,
    force: Annotated[bool, typer.Option("--force")] = False,
) -> int:
    """Draft a mapping from a file, for a person to finish."""
    from hospital.drafting.mapping_draft import draft_mapping
    from registry.digests import write_atomically

    text = draft_mapping(file)
    if out is None:
        print(text, end="")
        return 0
    if out.exists() and not force:
        raise VigieError("verbs.draft.exists", out=out)
    write_atomically(out, text.encode())
    say("draft.written", n=text.count("# TODO"), out=out)
    say("next", command=f"vigie data check {file} --mapping {out}")
    return 0


app.add_typer(_data, name="data")


def _profile(data: Path, mapping: Path | None, horizons_hours: tuple[float, ...]) -> "Profile":
    import secrets

    from hospital.ingest.hospital_reader import read_hospital
    from hospital.mapping.mapping_file import load_mapping
    from hospital.profile.build import profile_of
    from hospital.times import instant

    columns = load_mapping(mapping) if mapping else None
    # Nothing is kept, so nobody needs to find these pseudonyms again.
    tables = read_hospital(data, columns, secrets.token_bytes(32), any_step=True)
    return profile_of(tables, source=data.resolve().name, now=instant(now()), horizons_hours=horizons_hours)


def _refuse(faults: tuple[Fault, ...], as_json: bool, language: Language) -> int:
    from hospital.contracts.fault_words import lines, said
    from hospital.words.catalogue import text

    if as_json:
        listed = [
            {"path": f.path, "code": f.code, "message": said(f, language), "rows": f.rows} for f in faults
        ]
        print(json.dumps({"verdict": "error", "faults": listed}, ensure_ascii=False))
        return 2
    print(f"vigie: {text('faults.refused_tables', language, n=len(faults))}", file=sys.stderr)
    for line in lines(faults, language):
        print(f"  {line}", file=sys.stderr)
    return 2
