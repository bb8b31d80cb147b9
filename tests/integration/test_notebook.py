"""The analyst's notebook, executed on the local AWS with the real history and with generated bars."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient

from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.refine.calendar import sessions
from common.paths import ROOT
from local.laptop import Laptop
from local.notebook_command import NOTEBOOK, bare
from local.sample import Sample
from tests.support import forecasts, history
from tests.support.bars import closes_object, csv_text, raw_object
from tests.support.lake import served

PATH = ROOT / NOTEBOOK
SECONDS = 120

WRONG_CLOSE = "2025-04-09"

CHARTS = {
    "volateis-grafico",
    "picos-grafico",
    "estimadores",
    "cone",
    "floresta-grafico",
    "semanas-grafico",
    "regressao-grafico",
}

# Warnings of the notebook are errors, those of the kernel are not. The first import of font_manager may print that it
# builds the list of fonts.
FIRST = """
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("default", module="ipykernel")
import matplotlib.font_manager
"""

LAST = """
import json
print(json.dumps({
    "latest": json.loads(previa.to_json(orient="records", date_format="iso")),
    "by_api": json.loads(pela_api.to_json(orient="records", date_format="iso")),
    "partitions": particoes["year"].tolist(),
    "year": int(ANO),
    "most_volatile": json.loads(mais_volateis.assign(data=mais_volateis["data"].astype(str)).to_json(orient="records")),
    "official": situacoes["pregoes"].to_dict(),
    "difference": float(fora),
    "refined": json.loads(refinado.to_json(orient="index", double_precision=15)),
    "raw": json.loads(do_raw.to_json(orient="index", double_precision=15)),
    "peaks": {name: int(marked.sum()) for name, marked in picos.items()},
    "medians": {name: medianas[name].tolist() for name in medianas},
    "unusual": [len(incomuns), len(vistas)],
    "weeks": json.loads(completas.to_json(orient="split", date_format="iso", double_precision=15)),
    "no_change": float(placar.loc[("último fechamento", "nada muda"), "RMSE, palpite"]),
    "scores": placar_das_previsoes.reset_index().to_numpy().tolist(),
    "months": json.loads(meses["vol_realizada"].to_json(double_precision=15)),
    "origin": ORIGEM,
}))
"""


@dataclass(frozen=True)
class Executed:
    """The notebook with its outputs, the figures that it prints, and the expected refined table."""

    notebook: Any
    figures: dict[str, Any]
    table: pd.DataFrame
    synthetic: bool


@pytest.fixture(scope="module", params=["history", "sample"])
def executed(running: Laptop, request: Any, tmp_path_factory: Any) -> Executed:
    folder = tmp_path_factory.mktemp("jupyter")
    if request.param == "history":
        path = request.getfixturevalue("real_csv")
        objects = corrected_history(CsvFile(str(path)).fetch(None, None))
    else:
        path = folder / "sample.csv"
        bars = Sample(date(2025, 10, 13)).fetch(None, None)
        objects = [raw_object(bars, "sample")]
        pd.read_csv(io.StringIO(csv_text(bars))).assign(is_session=True).to_csv(path, index=False)
    with (
        served(running, *objects),
        running.serve(0) as server,
        pytest.MonkeyPatch.context() as environ,
    ):
        environ.setenv("IBOV_API_URL", server.url)
        for name in ("IPYTHONDIR", "MPLCONFIGDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            environ.setenv(name, str(folder / name.lower()))
        notebook = execute(PATH)
    last = notebook.cells.pop()
    return Executed(notebook, json.loads(last.outputs[0].text), history.refined(path), request.param == "sample")


def corrected_history(bars: pd.DataFrame) -> list[tuple[str, bytes]]:
    """Return the raw objects of bars, one of them with a wrong close, and of official closes that correct it."""
    day = bars["data"] == WRONG_CLOSE
    assert day.sum() == 1
    wrong = bars.assign(preco_fechamento=bars["preco_fechamento"].mask(day, bars["preco_maximo"]))
    known = bars[(bars["data"] >= "1998") & bars["data"].isin(sessions(date(1998, 1, 1), date(2025, 12, 31)))]
    closes = dict(zip(known["data"].dt.strftime("%Y-%m-%d"), known["preco_fechamento"], strict=True))
    return [raw_object(wrong, "csv"), closes_object(closes, complete=True)]


def execute(path: Path) -> Any:
    """Execute the notebook and one more cell that prints its figures, and return it."""
    notebook: Any = nbformat.read(path, as_version=4)
    first, last = (nbformat.v4.new_code_cell(source) for source in (FIRST, LAST))
    notebook.cells = [first, *notebook.cells, last]
    NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": str(path.parent)}}).execute()
    notebook.cells.pop(0)
    return notebook


def outputs(notebook: Any) -> Iterator[tuple[str, Any]]:
    """Yield the outputs with the ids of their cells."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield cell.id, output


def test_every_cell_runs_without_error_output(executed: Executed):
    assert all(cell.execution_count for cell in executed.notebook.cells if cell.cell_type == "code")
    warnings = [(cell, output.text) for cell, output in outputs(executed.notebook) if output.get("name") == "stderr"]
    assert warnings == []


def test_every_chart_is_drawn(executed: Executed):
    drawn = [cell for cell, output in outputs(executed.notebook) if "image/png" in output.get("data", {})]

    assert sorted(drawn) == sorted(CHARTS)


def test_every_chart_labels_generated_bars(executed: Executed):
    assert ("DADOS GERADOS" in executed.figures["origin"]) is executed.synthetic
    for cell in executed.notebook.cells:
        if cell.id in CHARTS:
            assert cell.source.endswith("assinada(figura)"), cell.id


def test_the_preview_is_the_end_of_the_table_by_athena_and_by_the_api(executed: Executed):
    expected = executed.table.iloc[:-11:-1]

    for rows in (executed.figures["latest"], executed.figures["by_api"]):
        assert [row["data"][:10] for row in rows] == expected.index.tolist()
        for name in ("preco_abertura", "preco_fechamento", "variacao_diaria", "variacao_pct", "volume_negociado"):
            assert [row[name] for row in rows] == expected[name].tolist()


def test_the_partitions_are_the_years(executed: Executed):
    assert executed.figures["partitions"] == sorted({int(day[:4]) for day in executed.table.index})


def test_the_most_volatile_days(executed: Executed):
    of_year = executed.table[executed.table.index.str.startswith(str(executed.figures["year"]))]
    expected = history.ordered(of_year.rename_axis("data"), "-volatilidade_pct").head(10)

    rows = executed.figures["most_volatile"]

    assert history.days(rows) == expected.index.tolist()
    for name in ("amplitude", "volatilidade_pct", "volume_negociado"):
        assert [row[name] for row in rows] == expected[name].tolist()


@pytest.mark.parametrize("layer", ["refined", "raw"])
def test_the_check_of_the_etl(executed: Executed, layer: str):
    of_year = executed.table[executed.table.index.str.startswith(str(executed.figures["year"]))]

    for name, summary in executed.figures[layer].items():
        expected = of_year[name].agg(["count", "mean", "max", "min"])
        np.testing.assert_allclose([summary[key] for key in expected.index], expected, rtol=1e-12)


def test_what_the_official_closes_change(executed: Executed):
    rows = len(executed.table)
    confirmed = int((executed.table.index >= "1998").sum()) - 1
    if executed.synthetic:
        assert executed.figures["official"] == {"sem confirmação": rows}
        assert executed.figures["difference"] == 0
    else:
        expected = {"confirmado": confirmed, "corrigido": 1, "sem confirmação": rows - confirmed - 1}
        assert executed.figures["official"] == expected
        assert executed.figures["difference"] > 1


def test_the_peaks_with_and_without_looking_ahead(executed: Executed):
    ranges, flagged = executed.table["volatilidade_pct"], executed.table["volatilidade_pico"]
    hindsight = (ranges - ranges.mean()) / ranges.std() > 1.5

    peaks = list(executed.figures["peaks"].values())

    assert [peaks[0], peaks[2]] == [(hindsight & flagged.notna()).sum(), flagged.sum()]
    assert peaks[0] != peaks[2]


def test_the_cone(executed: Executed):
    days = pd.to_datetime(executed.table.index)
    recent = executed.table[days >= days[-1] - pd.DateOffset(years=10)]

    for medians, estimator in zip(executed.figures["medians"].values(), history.ESTIMATORS, strict=True):
        expected = [recent[f"vol_{estimator}_{window}d"].median() * 100 for window in history.WINDOWS]
        np.testing.assert_allclose(medians, expected, rtol=1e-9)


def test_the_share_of_unusual_days(executed: Executed):
    unusual, total = executed.figures["unusual"]

    assert total == executed.table["vol_parkinson_63d"].notna().sum()
    assert abs(unusual - total / 200) <= 1


def test_the_weeks_and_the_error_of_the_naive_forecast(executed: Executed):
    table = executed.table.set_index(pd.to_datetime(executed.table.index))
    of_week = table["preco_fechamento"].groupby(pd.Grouper(freq="W-FRI"))
    expected = pd.DataFrame({"fechamento_medio": of_week.mean(), "ultimo_fechamento": of_week.last()}).dropna()
    expected = expected[expected.index <= table.index[-1]]

    weeks = executed.figures["weeks"]
    result = pd.DataFrame(weeks["data"], columns=weeks["columns"])

    assert [day[:10] for day in weeks["index"]] == expected.index.strftime("%Y-%m-%d").tolist()
    for name in expected:
        np.testing.assert_allclose(result[name], expected[name], rtol=1e-12)
    # The first forecast follows 12 weeks without volatility and five years of training; the last week has no next one.
    errors = np.diff(np.log(expected["ultimo_fechamento"].to_numpy()))[12 + 260 :] * 100
    assert executed.figures["no_change"] == pytest.approx(np.sqrt((errors**2).mean()), rel=1e-9)


def test_the_scores_of_the_forecasts(executed: Executed):
    for model, horizon, scored, difference, p_value, inside in executed.figures["scores"]:
        wanted = forecasts.score(executed.table, model, horizon, "2008-01-01", "9999-12-31")
        assert scored == wanted["sessions"] > 252
        assert difference == pytest.approx(wanted["difference"], abs=1e-9)
        assert p_value == pytest.approx(forecasts.student_t(wanted["statistic"], scored - 1), abs=1e-7)
        assert inside == pytest.approx(100 * wanted["coverage"], abs=1e-9)


def test_the_most_volatile_months(executed: Executed):
    squares = executed.table["retorno_log"] ** 2
    of_month = squares.groupby(pd.to_datetime(executed.table.index).strftime("%Y-%m-01")).mean()
    expected = (252 * of_month).pow(0.5).nlargest(10)

    assert list(executed.figures["months"]) == expected.index.tolist()
    assert list(executed.figures["months"].values()) == pytest.approx(expected.tolist(), rel=1e-9)


def test_the_committed_notebook_has_no_outputs():
    notebook = json.loads(PATH.read_text(encoding="utf-8"))

    assert notebook == bare(notebook), "save it in `make notebook`, which leaves the outputs out"
    nbformat.validate(nbformat.from_dict(notebook))


def test_every_text_is_in_portuguese_and_then_in_english():
    notebook = json.loads(PATH.read_text(encoding="utf-8"))
    texts = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "markdown"}

    for name, text in texts.items():
        portuguese, english = text.split("\n\n>", 1)
        assert all(line.startswith(">") for line in f">{english}".splitlines()), name
        assert share(portuguese, "de a o que e os do da não um uma em por é") > share(portuguese, "the of and is"), name
        assert share(english, "the of and is to in a it by") > share(english, "de o que os do da não uma em é"), name
    assert [re.findall(r"^## (\d)", text, re.MULTILINE) for text in texts.values() if re.search(r"^## \d", text)] == [
        [str(number)] for number in range(1, 9)
    ]


def share(text: str, words: str) -> float:
    """Return the fraction of a text's words that are in a list of words."""
    all_words = re.findall(r"\w+", text.lower())
    return sum(word in words.split() for word in all_words) / len(all_words)
