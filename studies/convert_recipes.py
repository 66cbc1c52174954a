"""Once: the published runs' recipe.json in the words of `training.fit`; no number changes.

    python -m studies.convert_recipes
"""

import json
import math

import keras
import pandas as pd

from fkd_utils import files
from fkd_utils.models import deep, heatmap, losses, thesis
from fkd_utils.training import ablation, naming

BUILD = {
    "first": thesis.first,
    "second": thesis.second,
    "third": thesis.third,
    "fourth": thesis.fourth,
    "fifth": thesis.fifth,
    "deep": deep.deep_cnn,
    "modern_dense": heatmap.dense_network,
    "modern": heatmap.network,
}


def convert(folder) -> None:
    """Rewrite recipe.json, add network.json, and call the history's MSE val_mse."""
    path = folder / "recipe.json"
    old = json.loads(path.read_text(encoding="utf-8"))
    if "recipe" not in old:
        return
    recipe = old.pop("recipe")
    options = {k: recipe[k] for k in ("dropout", "leaky") if recipe.get(k) is not None}
    options |= recipe.get("options") or {}
    model = BUILD[recipe["model"]](**options)
    rate = recipe["learning_rate"]
    if recipe.get("one_cycle"):
        rate = ablation.one_cycle(rate, recipe["steps"] * recipe["epochs"])
    average = {"use_ema": True, "ema_momentum": 0.995} if recipe.get("averaged") else {}
    optimizer = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[recipe["optimizer"]]
    named = {"mse": losses.masked_mse, "wing": losses.wing, "smooth_l1": losses.smooth_l1}
    loss = named[recipe["loss"]] if recipe.get("loss") else "mse"
    model.compile(optimizer(rate, **average), loss=loss)
    (folder / "network.json").write_text(model.to_json(), encoding="utf-8")
    size, grow = recipe["batch_size"], recipe.get("grow_every")
    if grow:
        blocks = math.ceil(recipe["epochs"] / grow)
        size = [[size * (k + 1), min(grow, recipe["epochs"] - k * grow)] for k in range(blocks)]
    compiled = model.get_compile_config()
    told = {None: None, "offset": "with_sources", "heads": "with_two_heads"}
    new = {
        "title": model.name,
        "epochs": recipe["epochs"],
        "batch_size": size,
        "steps_per_epoch": recipe.get("steps"),
        "seed": recipe.get("seed", 0),
        "optimizer": compiled["optimizer"],
        "loss": loss if isinstance(loss, str) else loss.__name__,
        "augment": "fkd_utils.augment:random_augment@1" if recipe.get("augmented") else None,
        "half_complete": recipe.get("half_complete", False),
        "told": told[recipe.get("sources")],
        "callbacks": [],
    }
    path.write_text(json.dumps(new | old, indent=1) + "\n", encoding="utf-8")
    history = folder / "history.csv"
    text = history.read_text(encoding="utf-8")
    assert naming and pd.read_csv(history).columns[2] == "val_loss"
    history.write_text(text.replace("val_loss", "val_mse", 1), encoding="utf-8")


if __name__ == "__main__":
    for found in sorted(files.PUBLISHED.glob("*/recipe.json")):
        convert(found.parent)
