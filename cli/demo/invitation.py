"""What to open while the demo's service runs: links, its people with their tokens, and how the day goes on."""

from collections.abc import Mapping

from rich.console import Console

from cli.demo.people import FEEDER, PEOPLE
from cli.demo.steps import LIVE_FOLDER, model_words
from hospital.words import formats
from hospital.words.catalogue import text
from registry.package.manifest import MODELS
from registry.settings import Settings

__all__ = ["print_what_to_open"]


def print_what_to_open(console: Console, settings: Settings, token: str, people: Mapping[str, str]) -> None:
    """Prints the addresses and commands that show more, while the service runs.

    Args:
        people: tokens by name.
    """
    from serving.http.authentication import entry_link

    base, language = f"http://127.0.0.1:{settings.port}", settings.language
    pages = {
        "start": "/",
        "pilotage": f"/pilotage?language={language}",
        "decide": f"/decide?language={language}",
        "practice": f"/practice?language={language}",
        "history": f"/history?language={language}",
    }
    console.print(f"\n[bold]{text('demo.open', language)}[/bold]")
    for name, page in pages.items():
        link = entry_link(settings.home, token, page=page)
        console.print(f"  {text(f'demo.pages.{name}', language)} {base}{link}")
    for model in MODELS:
        card = f"/v1/models/{model}/card?format=html&language={language}"
        words = text("demo.pages.card", language, model=model_words(model, language))
        console.print(f"  {words} {base}{entry_link(settings.home, token, page=card)}")
    console.print(text("demo.links", language, address=f"{base}/sign-in", token=token))
    console.print(f"\n[bold]{text('demo.people', language, address=f'{base}/sign-in')}[/bold]")
    for number, one in enumerate(PEOPLE):
        does = text(f"demo.does.person_{number + 1}", language)
        console.print(f"  {one.name} ({does})  {people[one.name]}", markup=False)
    console.print(f"\n[bold]{text('demo.unfold', language)}[/bold]")
    feed = f"feed {settings.home.name}/{LIVE_FOLDER} --to {base} --speed 60"
    console.print(
        f"  VIGIE_HOME={settings.home.name} VIGIE_TOKEN={people[FEEDER.name]} .venv/bin/vigie {feed}"
    )
    store = f"sqlite:///{settings.home / 'mlflow.db'}"
    mlflow, journal = (formats.label(name, language) for name in ("MLflow", "journal"))
    console.print(f"  {mlflow}.venv/bin/mlflow ui --backend-store-uri {store}")
    console.print(f"  {journal}VIGIE_HOME={settings.home.name} .venv/bin/vigie journal verify")
    console.print(text("demo.stop", language) + "\n")
