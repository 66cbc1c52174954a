"""The looks of the course: colours, faces with points, learning curves, drawings of networks."""

import collections.abc

import keras
import matplotlib as mpl
import matplotlib.axes
import matplotlib.figure
import matplotlib.patches
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib import ticker

from fkd_utils.evaluation import metrics, verdicts

# Okabe and Ito's palette: told apart by colour-blind readers, and mostly in grey print.
COLOURS = {
    "blue": "#0072B2",
    "orange": "#E69F00",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#CC79A7",
    "sky": "#56B4E9",
    "grey": "#5F5F5F",
    "black": "#222222",
}
CYCLE = [COLOURS[c] for c in ("blue", "orange", "green", "red", "purple", "sky", "grey")]
TRUE, PREDICTED = "#00C853", "#FF3D00"  # bright: they lie on grey skin
MOST_NODES = 9  # a layer with more neurons shows dots in its middle


def use_style() -> None:
    """Set matplotlib's defaults for every figure of the course, whatever the reader's are."""
    mpl.rcdefaults()
    mpl.rcParams.update(
        {
            "figure.figsize": (7.2, 3.6),
            "figure.dpi": 100,
            "font.size": 10,
            "axes.titlesize": 10.5,
            "axes.labelsize": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#DDDDDD",
            "grid.linewidth": 0.7,
            "lines.linewidth": 1.8,
            "legend.frameon": False,
            "axes.prop_cycle": mpl.cycler(color=CYCLE),
            "image.cmap": "gray",
            "figure.constrained_layout.use": True,
        }
    )


def draw_face(
    axes: matplotlib.axes.Axes,
    image: np.ndarray,
    truth: np.ndarray | None = None,
    predicted: np.ndarray | None = None,
    title: str = "",
) -> None:
    """One face (96, 96) with its points (15, 2): true ones green dots, predicted red crosses."""
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    if truth is not None:
        axes.plot(*truth.T, "o", color=TRUE, markersize=3.6, markeredgecolor="black", mew=0.4)
    if predicted is not None:
        axes.plot(*predicted.T, "x", color=PREDICTED, markersize=4.5, mew=1.5)
    axes.set_axis_off()
    axes.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5))
    if title:
        axes.set_title(title, fontsize=9, pad=3)


def show_faces(
    images: np.ndarray,
    truth: np.ndarray | None = None,
    predicted: np.ndarray | None = None,
    columns: int = 4,
    titles: collections.abc.Sequence[str] | None = None,
    side: float = 1.8,
) -> matplotlib.figure.Figure:
    """A sheet of faces (n, 96, 96) with points (n, 15, 2); `side`: inches a face."""
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    extra = 0.22 if titles is not None else 0.0
    figure, grid = plt.subplots(
        rows, columns, figsize=(columns * side, rows * (side + extra)), squeeze=False
    )
    for axes in grid.flat:
        axes.set_axis_off()
    for k, image in enumerate(images):
        draw_face(
            grid.flat[k],
            image,
            None if truth is None else truth[k],
            None if predicted is None else predicted[k],
            "" if titles is None else titles[k],
        )
    return figure


def draw_curves(
    axes: matplotlib.axes.Axes,
    history: pd.DataFrame,
    best_epoch: int,
    constant: float | None = None,
) -> None:
    """Training and validation MSE by epoch on a logarithmic axis, the best epoch marked.

    constant: the MSE of one answer for all faces, drawn as a dotted line.
    """
    axes.plot(history.epoch, history.loss, color=COLOURS["orange"], label="training")
    best = history.loc[history.epoch == best_epoch, "val_mse"].iloc[0]
    label = f"validation, lowest {best:.5f} at epoch {best_epoch}"
    axes.plot(history.epoch, history.val_mse, color=COLOURS["blue"], label=label)
    axes.plot(best_epoch, best, "o", color=COLOURS["blue"], markersize=7, markeredgecolor="white")
    low, high = np.nanmin(history[["loss", "val_mse"]]), np.nanmax(history[["loss", "val_mse"]])
    axes.set(yscale="log", xlabel="epoch", ylabel="MSE (targets in [-1, 1])")
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True))
    axes.set_ylim(low / 1.2, high * 1.6)
    if constant is not None:
        axes.axhline(constant, color=COLOURS["black"], linestyle=":", label="mean face")
        axes.set_ylim(min(low, constant) / 1.2, max(high * 1.6, 2 * constant))
    axes.legend(loc="upper right", fontsize=9)


def learning_figure(
    history: pd.DataFrame,
    best_epoch: int,
    images: np.ndarray,
    truth: np.ndarray,
    predicted: np.ndarray,
    constant: float | None = None,
) -> matplotlib.figure.Figure:
    """Learning curve beside the three best (top) and three worst (bottom) faces.

    The layout of THESIS Fig 4.1 to 4.15, and the error of one answer for all, the score to beat,
    as a dotted line. images: (n, 96, 96); truth, predicted: (n, 15, 2) px. constant: that error
    on the validation faces, where they are not like these; else that of these faces' own mean.
    """
    errors = metrics.face_mse(truth, predicted)
    order = np.argsort(errors)
    figure = plt.figure(figsize=(9.6, 4.0))
    left, right = figure.subfigures(1, 2, width_ratios=[1.0, 1.25])
    if constant is None:
        constant = metrics.mse(truth, np.broadcast_to(np.nanmean(truth, axis=0), truth.shape))
    draw_curves(left.subplots(), history, best_epoch, constant)
    grid = right.subplots(2, 3)
    for axes, k in zip(grid.flat, [*order[:3], *order[::-1][:3]], strict=True):
        draw_face(axes, images[k], truth[k], predicted[k], f"MSE {errors[k]:.5f}")
    right.suptitle("best three above, worst three below", fontsize=9.5)
    grid[0, 0].plot([], [], "o", color=TRUE, mec="black", mew=0.4, markersize=4, label="true")
    grid[0, 0].plot([], [], "x", color=PREDICTED, markersize=5, mew=1.5, label="predicted")
    right.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def stored_figure(
    history: pd.DataFrame, best_epoch: int, errors: np.ndarray, constant: float
) -> matplotlib.figure.Figure:
    """Learning curve of a published run beside the distances of its faces, which are not shown.

    errors: (n, 15, 2), predicted minus labelled points, pixels. constant: as for `draw_curves`.
    """
    import seaborn  # takes a second to load, and few chapters draw this

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.4))
    draw_curves(left, history, best_epoch, constant)
    distances = np.nanmean(np.linalg.norm(errors, axis=2), axis=1)
    bins = np.arange(0, distances.max() + 0.5, 0.5)
    seaborn.histplot(distances, bins=bins, ax=right, color=COLOURS["sky"], alpha=1, linewidth=0)
    mean = distances.mean()
    right.axvline(mean, color=COLOURS["black"], linestyle=":", label=f"mean {mean:.2f} px")
    right.set(xlabel="mean point distance of a test face (pixels)", ylabel="faces")
    right.legend()
    return figure


def changes_figure(
    rows: dict[str, verdicts.Change], seeds_label: str, full_label: str
) -> matplotlib.figure.Figure:
    """A row for each change: its seeds with the 95% interval of their mean, and single runs."""
    figure, axes = plt.subplots(figsize=(7.6, 1.1 + 0.62 * len(rows)))
    axes.axvline(1, color=COLOURS["black"], lw=1)
    for y, change in enumerate(rows.values()):
        axes.hlines(y, *change.interval, color=COLOURS["sky"], lw=4, alpha=0.6)
        dots = [y] * len(change.by_seed)
        axes.plot(change.by_seed, dots, "o", color=COLOURS["blue"], mec="white", ms=7)
        if change.full is not None:
            axes.plot(change.full, y + 0.24, "s", color=COLOURS["green"], ms=6)
        axes.plot(change.thesis, y - 0.24, "D", color=COLOURS["orange"], ms=6)
    axes.plot([], [], "o", color=COLOURS["blue"], label=seeds_label)
    axes.plot([], [], "s", color=COLOURS["green"], label=full_label)
    axes.plot([], [], "D", color=COLOURS["orange"], label="the thesis (validation)")
    axes.set_yticks(range(len(rows)), rows)
    axes.set(ylim=(len(rows) - 0.5, -0.5), xlabel="error with the change / error without")
    figure.legend(loc="outside lower center", ncols=3, fontsize=9)
    return figure


def draw_network(model: keras.Model) -> matplotlib.figure.Figure:
    """Draw a sequential model: planes for feature maps, columns of nodes for vectors.

    THESIS Fig 3.3 to 3.6, regenerated from the layers, so a drawing cannot differ from its model.
    """
    stages = _stages(model)
    figure, axes = plt.subplots(figsize=(9.6, 3.5))
    centres = [2.35 * k for k in range(len(stages))]
    for k, (shape, _) in enumerate(stages):
        if len(shape) == 1 and k and len(stages[k - 1][0]) == 1:
            _connect(axes, centres[k - 1], stages[k - 1][0][0], centres[k], shape[0])
        elif k:
            axes.annotate(
                "",
                (centres[k] - 0.85, 0),
                (centres[k - 1] + 0.85, 0),
                arrowprops={"arrowstyle": "-|>", "color": COLOURS["grey"], "lw": 1.2},
            )
    for x, (shape, label) in zip(centres, stages, strict=True):
        (_planes if len(shape) == 3 else _nodes)(axes, x, shape)
        size = " × ".join(str(s) for s in shape)
        axes.text(x, -1.75, size, ha="center", va="top", fontsize=9.5, weight="bold")
        axes.text(x, -2.05, label, ha="center", va="top", fontsize=8.5, linespacing=1.35)
    axes.set(xlim=(-1.3, centres[-1] + 1.3), ylim=(-2.9, 1.7), aspect="equal")
    axes.set_axis_off()
    return figure


def _stages(model: keras.Model) -> list[tuple[tuple[int, ...], str]]:
    """(shape, label) of the input and of every layer that changes it; flatten is drawn no more."""
    stages = [(tuple(model.input_shape[1:]), "input")]
    for layer in model.layers:
        shape = tuple(layer.output.shape[1:])
        if isinstance(layer, keras.layers.Flatten):
            if len(model.layers[0].output.shape) == 2 or len(stages) == 1:
                stages = [(shape, "input pixels")]
        elif isinstance(layer, keras.layers.Dropout):
            if layer.rate:
                stages[-1] = (stages[-1][0], f"{stages[-1][1]}\ndropout {layer.rate:.0%}")
        else:
            stages.append((shape, _label(layer)))
    return stages


def _label(layer: keras.layers.Layer) -> str:
    if isinstance(layer, keras.layers.Conv2D):
        stride = f", stride {layer.strides[0]}" if layer.strides[0] > 1 else ""
        return f"conv {layer.kernel_size[0]}×{layer.kernel_size[1]}{stride}\n{_activation(layer)}"
    if isinstance(layer, keras.layers.MaxPooling2D):
        return f"max-pool {layer.pool_size[0]}×{layer.pool_size[1]}"
    if isinstance(layer, keras.layers.Dense):
        return f"dense\n{_activation(layer)}"
    return layer.name


def _activation(layer: keras.layers.Layer) -> str:
    name = layer.activation.__name__
    return {"relu": "ReLU", "linear": "no activation"}.get(name, name)


def _planes(axes: matplotlib.axes.Axes, x: float, shape: tuple[int, ...]) -> None:
    side = 0.55 + 0.85 * shape[0] / 96
    count = min(shape[2], 8)
    step = 0.07
    for i in reversed(range(count)):
        left, low = x - side / 2 + (i - count / 2) * step, -side / 2 + (i - count / 2) * step
        axes.add_patch(
            matplotlib.patches.Rectangle(
                (left, low), side, side, fc="#DCEAF4", ec=COLOURS["blue"], lw=0.9
            )
        )


def _heights(units: int) -> list[float]:
    count = min(units, MOST_NODES)
    spread = 0.85 + 0.51 * min(1.0, (units / 9216) ** 0.2)
    return [spread * (1 - 2 * i / (count - 1)) for i in range(count)]


def _nodes(axes: matplotlib.axes.Axes, x: float, shape: tuple[int, ...]) -> None:
    heights = _heights(shape[0])
    middle = len(heights) // 2 if shape[0] > MOST_NODES else -1
    for i, y in enumerate(heights):
        if i == middle:
            axes.plot([x] * 3, [y + 0.07, y, y - 0.07], ".", color=COLOURS["black"], ms=3)
            continue
        axes.add_patch(
            matplotlib.patches.Circle(
                (x, y), 0.1, fc="#FBE9CF", ec=COLOURS["orange"], lw=1.1, zorder=3
            )
        )


def _connect(axes: matplotlib.axes.Axes, x0: float, units0: int, x1: float, units1: int) -> None:
    for i, y0 in enumerate(_heights(units0)):
        for j, y1 in enumerate(_heights(units1)):
            middle0 = units0 > MOST_NODES and i == MOST_NODES // 2
            middle1 = units1 > MOST_NODES and j == MOST_NODES // 2
            if not (middle0 or middle1):
                axes.plot([x0 + 0.1, x1 - 0.1], [y0, y1], color="#BBBBBB", lw=0.5, zorder=1)
