"""Drawings of networks, made from the networks themselves."""

import keras
import matplotlib.axes
import matplotlib.figure
import matplotlib.patches
import matplotlib.pyplot as plt

from fkd_utils.plotting import plots

MOST_NODES = 9  # a layer with more neurons shows dots in its middle


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
                arrowprops={"arrowstyle": "-|>", "color": plots.COLOURS["grey"], "lw": 1.2},
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
                (left, low), side, side, fc="#DCEAF4", ec=plots.COLOURS["blue"], lw=0.9
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
            axes.plot([x] * 3, [y + 0.07, y, y - 0.07], ".", color=plots.COLOURS["black"], ms=3)
            continue
        axes.add_patch(
            matplotlib.patches.Circle(
                (x, y), 0.1, fc="#FBE9CF", ec=plots.COLOURS["orange"], lw=1.1, zorder=3
            )
        )


def _connect(axes: matplotlib.axes.Axes, x0: float, units0: int, x1: float, units1: int) -> None:
    for i, y0 in enumerate(_heights(units0)):
        for j, y1 in enumerate(_heights(units1)):
            middle0 = units0 > MOST_NODES and i == MOST_NODES // 2
            middle1 = units1 > MOST_NODES and j == MOST_NODES // 2
            if not (middle0 or middle1):
                axes.plot([x0 + 0.1, x1 - 0.1], [y0, y1], color="#BBBBBB", lw=0.5, zorder=1)
