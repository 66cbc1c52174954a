import keras
import pytest

from fkd_utils.data import splits
from fkd_utils.training import thesis_runs


def test_recipes_follow_the_profile():
    assert thesis_runs.recipe_of("Third, dropout", "paper").epochs == 1000
    assert thesis_runs.recipe_of("Third, dropout", "smoke", seed=4).seed == 4
    assert thesis_runs.recipe_of("Third, dropout", "quick").dropout == 0.25
    assert thesis_runs.recipe_of("First", "quick").optimizer == "sgd"
    assert thesis_runs.recipe_of("Fifth, dropout", "paper").batch_at(1000) == 512


ROWS = [*thesis_runs.TABLE_4_1, *thesis_runs.TABLE_4_4]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_trains_what_its_name_says(name):
    recipe = thesis_runs.recipe_of(name, "paper")
    first, *added = name.split(", ")
    model, layers = recipe.build(), keras.layers
    rates = [layer.rate for layer in model.layers if isinstance(layer, layers.Dropout)]
    slopes = [x.negative_slope for x in model.layers if isinstance(x, layers.LeakyReLU)]
    dropout = 0.1 if first == "Fifth" else 0.25  # THESIS Tables 4.1 and 4.3
    assert max(rates, default=0) == (dropout if "dropout" in added else 0)
    leaky = [float(part.removeprefix("Leaky ReLU ")) for part in added if "Leaky" in part]
    assert {*slopes} - {0} == {*leaky}
    # The name tells of Adam only where the network was trained by plain descent before.
    adam = first not in ("First", "Second") or "Adam" in added
    assert isinstance(model.optimizer, keras.optimizers.Adam if adam else keras.optimizers.SGD)
    assert model.name == first.lower()


def test_the_measures_of_the_thesis_are_those_of_its_text():
    lowest = {name: plan.thesis[0] for name, plan in thesis_runs.TABLE_4_1.items()}
    # "The error falls by 78%" from First to Fourth with dropout, see the claims of THESIS.
    assert 1 - lowest["Fourth, dropout"] / lowest["First"] == pytest.approx(0.78, abs=0.005)
    assert min(lowest, key=lowest.get) == "Fourth, dropout"


def test_only_smoke_takes_few_faces_and_only_fifth_grown_ones(monkeypatch):
    asked = []
    monkeypatch.setattr(splits, "load", lambda *source: asked.append(source))
    thesis_runs.prepared("smoke", "open")
    thesis_runs.prepared("quick", "kaggle", 3)
    thesis_runs.prepared("paper", "open", grown=True)
    assert asked == [("open", 0, 120, False), ("kaggle", 3, None, False), ("open", 0, None, True)]
