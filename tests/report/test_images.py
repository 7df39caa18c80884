"""The files of a figure: the same bytes each time, and nothing lost on the way to a small one."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from suite.commands.main import main
from suite.report.common import arranging, heatmaps
from suite.report.common.alternatives import describe
from suite.report.common.drawing import style
from suite.report.common.images import paint, png
from suite.report.common.vector import small
from suite.report.figures import write_figures
from suite.types import UserError
from tests.support import synthetic

SVG = "{http://www.w3.org/2000/svg}"


def panel(points: int = 3) -> Figure:
    """Return a figure with a line, a label and a logarithmic axis."""
    figure = Figure(figsize=(4, 3), layout="constrained")
    axes = figure.subplots()
    x = np.arange(1.0, points + 1)
    axes.plot(x, 10.0 ** -(6 * x), label="falling")
    axes.plot(x, x, "o", color="#D55E00")
    axes.set_yscale("log")
    axes.set(xlabel="layer", ylabel="a < b & c (no unit)")
    axes.legend()
    return figure


def test_the_same_figure_gives_the_same_files() -> None:
    with style():
        first, second = paint(panel()), paint(panel())
    assert first == second
    assert first.ending == "svg"


def test_a_png_is_twice_as_large_as_on_screen() -> None:
    with style():
        assert Image.open(io.BytesIO(png(panel()))).size == (768, 576)


def test_the_vector_file_says_what_the_figure_says() -> None:
    with style():
        root = ElementTree.fromstring(paint(panel()).file)
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert {"layer", "a < b & c (no unit)", "falling"} <= set(texts)
    assert any(text.startswith("10⁻") for text in texts)
    names = {element.get("id") for element in root.iter()} - {None}
    used = re.findall(r"#(i[0-9a-f]+)\b", ElementTree.tostring(root, encoding="unicode"))
    assert used
    assert set(used) <= names


def test_places_are_kept_to_a_tenth_of_a_point() -> None:
    given = (
        '<svg xmlns="http://www.w3.org/2000/svg"><g id="figure_1"><path d="M 10.04 20.06 \n'
        'L 30.123456 40.987654 \nL 30.160000 41.000000 \nL 13.5 2.25 \nz\n"'
        ' style="fill: none; stroke: #ff0000"/></g></svg>'
    )
    path = next(ElementTree.fromstring(small(given.encode())).iter(f"{SVG}path")).attrib["d"]
    x, y = 0.0, 0.0
    corners = []
    for letter, a, b in re.findall(r"([Ml ]?)(-?[\d.]+)[ ]?(-?[\d.]+)", path):
        x, y = (float(a), float(b)) if letter == "M" else (x + float(a), y + float(b))
        corners.append((x, y))
    wanted = [(10.04, 20.06), (30.123456, 40.987654), (30.16, 41.0), (13.5, 2.25)]
    np.testing.assert_allclose(corners, wanted, atol=0.0501)
    assert path.endswith("z")


def test_a_vector_file_stays_text_in_its_url() -> None:
    """The URL stands in an attribute of the page: no quote and no line break may end it."""
    figure = panel()
    figure.axes[0].set_title('50 % of "a" <b> & it\'s #1')
    with style():
        painted = paint(figure)
    kind, _, data = painted.url.partition(",")
    assert kind == "data:image/svg+xml"
    assert not set(data) & set('"#\n\r\t')
    given, again = (ElementTree.fromstring(text) for text in (painted.file, unquote(data)))
    assert [(e.tag, e.attrib, e.text) for e in given.iter()] == [
        (e.tag, e.attrib, e.text) for e in again.iter()
    ]
    texts = {"".join(text.itertext()) for text in again.iter(f"{SVG}text")}
    assert '50 % of "a" <b> & it\'s #1' in texts


def narrow() -> Figure:
    """Return a figure whose labels leave its panel less than half of the width: fewer ticks."""
    figure = Figure(figsize=(4, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot([0.0, 1.0], [0.0, 1.0])
    axes.set_yticks([0.0, 1.0], ["a long name of a cell, such as", "default, default, default"])
    return figure


def test_ticks_are_found_once_and_drawn_as_they_were() -> None:
    """What is remembered of an axis changes no picture, and is gone afterwards."""
    with style():
        figure = narrow()
        first = paint(figure)
        axes = figure.axes[0]
        assert all("_update_ticks" not in vars(axis) for axis in (axes.xaxis, axes.yaxis))
        axes.set_xlim(0, 40)
        assert paint(figure) != first
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(arranging, "_remember_ticks", lambda axis: None)
            assert paint(narrow()) == first


def test_many_points_are_an_image_of_points() -> None:
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    x, y = np.random.default_rng(0).random((2, 5_000))
    axes.scatter(x, y, s=4)
    with style():
        painted = paint(figure)
        assert painted.file == png(figure)
    assert painted.ending == "png"


def test_the_alternative_says_how_lines_and_points_go() -> None:
    words = describe(panel())
    assert "falling falls from 1e−6 to 1e−18" in words
    assert "3 points from 1 to 3" in words
    assert describe(Figure()) == ""


def own(skills: list[float]) -> pd.DataFrame:
    """Return runs on a user's data: accuracies are high, whatever was learned."""
    axes = dict(zip(synthetic.AXES, ("torch", "relu", "he_normal", 4, 5), strict=False))
    axes |= {"optimizer": "rmsprop", "weights": "native", "settings": "common"}
    rows = [
        {**axes, "dataset": "file:fraud", "seed": k, "status": "ok", "reason": ""}
        | {"heldout_accuracy": 0.98, "heldout_skill": skill}
        for k, skill in enumerate(skills)
    ]
    return pd.DataFrame(rows)


def test_on_a_users_data_a_network_learns_by_what_it_removes_of_a_guess() -> None:
    """Where 98 of 100 points are of one class, an accuracy of 0.98 is a guess."""
    table = heatmaps.learned(own([0.0, 0.1, 0.5, 0.9]))
    assert table["centre"].tolist() == [0.5]
    drawing = heatmaps.heat_map(table, "learned", 4)
    assert "that remove half of the errors of a guess" in drawing.caption
    assert "0.95" not in drawing.caption.partition(";")[0]


# --- one figure of a folder ------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthetic.results(tmp_path_factory.mktemp("results"))


def test_one_figure_is_drawn_elsewhere(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in written.rglob("*")}
    name = "activation_mean_square"
    assert main(["report", str(written), "--figure", name, "--out", str(tmp_path / "x")]) == 0
    path = tmp_path / "x" / "figures" / f"{name}.png"
    assert capsys.readouterr().out.splitlines() == [str(path)]
    assert path.read_bytes()[1:4] == b"PNG"
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert {path: path.stat().st_mtime_ns for path in written.rglob("*")} == before


def test_a_misspelt_figure_is_one_line(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(written, tmp_path / "copy"))
    given = ["report", str(folder), "--figure", "gradient_mean_square", "--figure", "activation_sq"]
    assert main(given) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "did you mean" in error
    assert not (folder / "figures").exists()
    with pytest.raises(UserError):
        write_figures(folder, ["activation_sq"])
