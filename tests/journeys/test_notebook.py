"""The notebook runs from top to bottom as a data scientist would run it, and is committed without what it showed."""

import re
import shutil
from dataclasses import dataclass

import nbformat
import pytest
from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from mlflow import MlflowClient
from nbclient import NotebookClient
from nbformat import NotebookNode
from traitlets import default

from registry.candidates.candidates import candidate
from registry.mlflow_store import tracking_uri
from registry.settings import Settings
from tests.support.repository import ROOT

NOTEBOOK = ROOT / "notebooks" / "own_tables.ipynb"


class _ThisInterpreter(KernelSpecManager):
    """Knows one kernel: the interpreter that runs the tests."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The same, whatever is asked for and whatever this machine has installed."""
        return KernelSpec(argv=make_ipkernel_cmd(), display_name=kernel_name, language="python")


class _Kernel(AsyncKernelManager):
    """A kernel of this interpreter."""

    @default("kernel_spec_manager")
    def _kernel_spec_manager(self) -> KernelSpecManager:
        return _ThisInterpreter(parent=self)


@dataclass
class Run:
    """A notebook that ran.

    Attributes:
        notebook: with its outputs. kept: what its home held before its last cell removed it.
        left: what its temporary and its working folder held afterwards.
    """

    notebook: NotebookNode
    kept: Settings
    left: list[str]

    def cell(self, name: str) -> NotebookNode:
        """The code cell of this id."""
        return next(c for c in self.notebook.cells if c.id == name)

    def text(self, name: str) -> str:
        """What a cell printed or returned, as plain text without colours."""
        parts = (o.get("text") or o.get("data", {}).get("text/plain", "") for o in self.cell(name).outputs)
        return re.sub(r"\x1b\[[0-9;]*m", "", "".join(parts))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The notebook, run in an empty folder with a temporary folder of its own."""
    root = tmp_path_factory.mktemp("notebook")
    for name in ("tmp", "work", "jupyter"):
        (root / name).mkdir()
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_manager_class=_Kernel,
        timeout=300,
        resources={"metadata": {"path": str(root / "work")}},
    )

    def keep(cell: NotebookNode, cell_index: int) -> None:
        del cell_index
        if cell.id == "clean-up":
            (home,) = (root / "tmp").glob("vigie-*/home")
            shutil.copytree(home, root / "kept")

    client.on_cell_execute = keep
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        patch.setenv("TMPDIR", str(root / "tmp"))
        patch.setenv("VIGIE_HOME", str(root / "work" / "somebody-else"))
        for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(root / "jupyter"))
        client.execute()
    left = [str(p.relative_to(root)) for name in ("tmp", "work") for p in (root / name).rglob("*")]
    return Run(notebook, Settings(home=root / "kept"), left)


def test_the_committed_notebook_holds_nothing_that_it_showed() -> None:
    """No output, no execution count, no machine's name; a valid notebook whose cells have names."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert cell.metadata == {}, cell.id
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", cell.id)
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None), cell.id
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"


def test_every_cell_runs_and_the_figures_are_drawn(run: Run) -> None:
    """Calibration, error by horizon, and shap's beeswarm and waterfall: one picture each, by the cell that says so."""
    code = [c for c in run.notebook.cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1))
    pictures = {c.id: sum("image/png" in o.get("data", {}) for o in c.outputs) for c in code}
    drawn = {name: count for name, count in pictures.items() if count}
    assert drawn == {"calibration": 1, "errors": 1, "beeswarm": 1, "waterfall": 1}


def test_what_was_lost_from_an_export_is_found_before_training(run: Run) -> None:
    """The first look names the days without passages; after the second export nothing is left to look at."""
    assert "One finding asks for a person's attention" in run.text("look")
    gap = r"visits: no row from 2024-02-0[45] to 2024-02-15 \(10(\.\d)? days\)"
    assert re.search(gap, " ".join(run.text("look").split()))
    assert "No finding asks for a person's attention" in run.text("again")
    assert "TODO" in run.text("draft")


def test_it_ends_with_a_checked_candidate(run: Run) -> None:
    """Version 1 is registered and sealed with report and card; what the notebook reads of it is what was judged."""
    found = candidate(run.kept.candidates, "bed-demand", "1")
    assert found.checked
    digests = found.digests()
    report = found.json("report.json")
    assert report["digest"] == digests["package_digest"] == found.registration["body"]["package_digest"]
    # Its history has too few days of outcomes to show that the errors did not shift: nothing else is undecided.
    undecided = [
        (g["name"], f["metric"], f["note"])
        for g in report["gates"]
        for f in g["findings"]
        if f["required"] and f["verdict"] in ("block", "inconclusive")
    ]
    assert report["verdict"] == "inconclusive"
    assert undecided == [("drift", "bias_shift", "too_few_days")]
    assert report["scope"]
    assert "verdict: inconclusive" in run.text("report")
    assert found.json("package/manifest.json")["horizons_hours"] == [8, 24, 72]
    assert found.registration["signature"] is None
    assert not candidate(run.kept.candidates, "bed-demand", "2").checked


def test_the_plotted_errors_are_those_that_mlflow_keeps(run: Run) -> None:
    """By horizon, of the model and of each baseline; the second version's run holds its distance to the first."""
    store = MlflowClient(tracking_uri(run.kept.home), tracking_uri(run.kept.home))
    first, second = (store.get_run(store.get_model_version("bed-demand", v).run_id) for v in ("1", "2"))
    lines = [line.split() for line in run.text("errors").splitlines() if re.match(r"\d+\.0 ", line)]
    assert [line[0] for line in lines] == ["8.0", "24.0", "72.0"]
    for horizon, *errors in lines:
        rules = ("", "_last_value", "_same_hour_last_week", "_usual_change")
        kept = [first.data.metrics[f"mae{rule}_{float(horizon):g}h"] for rule in rules]
        assert [float(e) for e in errors] == pytest.approx(kept, abs=0.006)
    assert abs(second.data.metrics["vs_1.mae"]) < 0.5
    assert "version 2 beside version 1" in run.text("compare")


def test_nothing_is_left_behind(run: Run) -> None:
    """Neither in the temporary folder nor where it was started, and no other installation was touched."""
    assert run.left == []
