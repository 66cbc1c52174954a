"""The deep networks of DEPTH: 5 to 16 convolutions, 3 to 7 pools, 1 to 3 dense layers.

The paper's Table 1 describes one of them. What it leaves open is decided here: a pool stands
behind every second convolution, as in VGG; a shorter network has the first filters of the list;
batch normalisation stands between convolution and activation; the last dense layer is the one
with the 30 outputs (its first model has AlexNet's three), so `dense_layers=1` is that one alone;
that layer starts small, as `deep_cnn` says.
"""

import dataclasses

import keras

from fkd_utils import faces
from fkd_utils.files import InputError

# DEPTH Table 1; the 16th layer is not described and repeats the 15th.
FILTERS = (32, 32, 64, 64, 96, 96, 128, 128, 256, 256, 512, 512, 1024, 1024, 1024, 1024)
DENSE_UNITS = 512  # of a hidden dense layer; the paper does not say
SLOPE = 0.3  # of Leaky ReLU below zero, Keras's own; the paper does not say
# Keras's 0.99 remembers some hundred steps, more than a short training has.
MOMENTUM = 0.9
MOST_POOLS = 7  # 96 halves to 48, 24, 12, 6, 3, 2, 1


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of DEPTH's Tables 3 to 5: the network, and what the paper measured with it.

    Losses are mean squared errors of a coordinate; their size says pixels squared.
    """

    conv_layers: int
    pools: int
    dense_layers: int
    dropout: float
    val_loss: float
    val_acc: float
    test_loss: float
    test_acc: float

    def build(self, width: float = 1.0) -> keras.Model:
        """The network of this row."""
        return deep_cnn(self.conv_layers, self.pools, self.dense_layers, self.dropout, width)


# The paper removes dense layers and adds dropout after Table 3, so its rows have three and none.
TABLE_3 = {
    "5cl, 3mpl": Row(5, 3, 3, 0.0, 1.3782, 0.8898, 1.5209, 0.8915),
    "6cl, 3mpl": Row(6, 3, 3, 0.0, 1.461, 0.8978, 1.334, 0.9017),
    "7cl, 3mpl": Row(7, 3, 3, 0.0, 0.9367, 0.9131, 1.2849, 0.9009),
    "8cl, 3mpl": Row(8, 3, 3, 0.0, 1.5881, 0.8961, 1.3861, 0.9017),
    "9cl, 3mpl": Row(9, 3, 3, 0.0, 1.1488, 0.8987, 1.1798, 0.9103),
    "10cl, 3mpl": Row(10, 3, 3, 0.0, 1.788, 0.9185, 1.1013, 0.9096),
    "11cl, 3mpl": Row(11, 3, 3, 0.0, 1.3769, 0.914, 1.3842, 0.9162),
    "12cl, 3mpl": Row(12, 3, 3, 0.0, 0.6517, 0.922, 0.9463, 0.9192),
    "13cl, 3mpl": Row(13, 3, 3, 0.0, 1.4289, 0.9149, 1.0213, 0.8991),
    "14cl, 3mpl": Row(14, 3, 3, 0.0, 0.9924, 0.9068, 1.2149, 0.8996),
    "14cl, 4mpl": Row(14, 4, 3, 0.0, 0.6926, 0.9229, 0.9192, 0.9194),
    "14cl, 5mpl": Row(14, 5, 3, 0.0, 0.7169, 0.9122, 0.7051, 0.9184),
    "15cl, 5mpl": Row(15, 5, 3, 0.0, 0.7337, 0.9337, 0.7246, 0.9199),
    "16cl, 5mpl": Row(16, 5, 3, 0.0, 2.3566, 0.845, 2.7675, 0.827),
    "16cl, 6mpl": Row(16, 6, 3, 0.0, 7.1156, 0.7536, 5.9656, 0.7581),
    "16cl, 7mpl": Row(16, 7, 3, 0.0, 3.5023, 0.7867, 3.5831, 0.7919),
}
# Its row 0.1 has the losses of Table 5's row with one dense layer, so all have one here.
TABLE_4 = {
    "no dropout": Row(15, 5, 1, 0.0, 1.2837, 0.914, 1.0102, 0.9205),
    "0.1": Row(15, 5, 1, 0.1, 1.2842, 0.9274, 0.6964, 0.9238),
    "0.2": Row(15, 5, 1, 0.2, 0.7538, 0.9247, 0.8698, 0.9182),
    "0.3": Row(15, 5, 1, 0.3, 0.7842, 0.9158, 0.9723, 0.9062),
}
TABLE_5 = {
    "3 dense": Row(15, 5, 3, 0.1, 1.2691, 0.9059, 0.9305, 0.9238),
    "2 dense": Row(15, 5, 2, 0.1, 0.9777, 0.8862, 1.2785, 0.8941),
    "1 dense": Row(15, 5, 1, 0.1, 1.2842, 0.9274, 0.6964, 0.9309),
}


def deep_cnn(
    conv_layers: int = 15,
    pools: int = 5,
    dense_layers: int = 1,
    dropout: float = 0.1,
    width: float = 1.0,
    batch_norm: bool = True,
) -> keras.Model:
    """A network of DEPTH's kind: (n, 96, 96, 1) float32 to (n, 30) (DEPTH Table 1, section 5).

    Called without arguments it is the paper's final one.
    dense_layers: 1 to 3, the output layer counted. dropout: share of numbers left out before each
    dense layer. width: share of the filters and hidden units that are kept, at least one each.
    batch_norm: False leaves normalisation out (to see what it is for; not in the paper).
    Raises InputError for a combination that cannot be built.
    """
    if not 1 <= dense_layers <= 3:
        raise InputError(f"dense_layers is {dense_layers}; choose 1 to 3")
    if not 0 <= dropout < 1:
        raise InputError(f"dropout is {dropout}; choose 0 or more and less than 1")
    if not 0 < width <= 1:
        raise InputError(f"width is {width}; choose more than 0, at most 1")
    behind = pool_places(conv_layers, pools)
    layers = [keras.layers.Input((faces.SIDE, faces.SIDE, 1))]
    for k, filters in enumerate(FILTERS[:conv_layers], start=1):
        layers.append(keras.layers.Conv2D(_scaled(filters, width), 3, padding="same"))
        if batch_norm:
            layers.append(keras.layers.BatchNormalization(momentum=MOMENTUM))
        layers.append(keras.layers.LeakyReLU(negative_slope=SLOPE))
        if k in behind:
            # 'same': an odd side is rounded up. Rounded down, seven pools would leave nothing.
            layers.append(keras.layers.MaxPooling2D(2, padding="same"))
    layers.append(keras.layers.Flatten())
    for _ in range(dense_layers - 1):
        layers += [keras.layers.Dropout(dropout), keras.layers.Dense(_scaled(DENSE_UNITS, width))]
        layers.append(keras.layers.LeakyReLU(negative_slope=SLOPE))
    layers.append(keras.layers.Dropout(dropout))
    # A hundredth of Keras's own first weights. Behind batch normalisation every one of hundreds of
    # inputs has variance 1: the untrained outputs would scatter over more than the picture, and a
    # short training would do nothing but calm them.
    small = keras.initializers.VarianceScaling(1e-4, "fan_avg", "uniform")
    layers.append(keras.layers.Dense(30, kernel_initializer=small))
    return keras.Sequential(layers, name="deep")


def pool_places(conv_layers: int, pools: int) -> tuple[int, ...]:
    """Behind which convolutions (from 1) the pools stand: every second, as far as there is room.

    Raises InputError when there are more pools than convolutions, or a number is out of range.
    """
    if not 1 <= conv_layers <= len(FILTERS):
        raise InputError(f"conv_layers is {conv_layers}; choose 1 to {len(FILTERS)}")
    if not 0 <= pools <= MOST_POOLS:
        raise InputError(f"pools is {pools}; 96 pixels can be halved 0 to {MOST_POOLS} times")
    if pools > conv_layers:
        raise InputError(f"{pools} pools need as many convolutions; conv_layers is {conv_layers}")
    return tuple(min(2 * k, conv_layers - (pools - k)) for k in range(1, pools + 1))


def _scaled(count: int, width: float) -> int:
    return max(1, round(count * width))
