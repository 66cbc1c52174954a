import dataclasses
import itertools

import numpy as np
import pytest

from fkd_utils.models import heatmap, losses
from fkd_utils.training import ablation

TOP = ablation.LAST
OFFSET = next(k for k, step in enumerate(ablation.steps()) if step.told)


def changed(one: ablation.Step, other: ablation.Step) -> set[str]:
    names = (field.name for field in dataclasses.fields(ablation.Step))
    return {name for name in names if getattr(one, name) != getattr(other, name)} - {"change"}


def test_every_step_is_one_change():
    steps = ablation.steps()
    assert len(steps) == ablation.FINAL
    for below, step in itertools.pairwise(steps):
        # Fifth's own builder is made anew for each list; fresh batches replace the copies.
        assert changed(below, step) in (
            {"augmented", "copies"}, {"all_rows"}, {"half_complete"}, {"build"}, {"told"},
            {"from_edge"}, {"loss"}, {"one_cycle"}, {"averaged"}, {"flipped"},
        )  # fmt: skip
        assert step.change != below.change


def test_the_networks_are_small():
    steps = ablation.steps()
    sizes = {step.build().name: step.build().count_params() for step in (steps[0], *steps[4:6])}
    assert set(sizes) == {"fifth", "modern_dense", "modern"}
    assert max(sizes.values()) <= 1_000_000


def test_the_final_network_is_the_last_step_for_longer():
    assert changed(ablation.steps()[-1], ablation.final()) == {"epochs"}
    assert ablation.final().epochs > ablation.EPOCHS
    assert ablation.folder_of(ablation.FINAL) == "wild_final"
    assert ablation.folder_of(TOP) == f"wild_ladder_{TOP}"


def test_two_heads_are_another_way_of_the_step_with_an_offset():
    step, heads = ablation.steps()[OFFSET], ablation.two_heads()
    assert changed(step, heads) == {"told"} and heads.told is heatmap.with_two_heads
    assert ablation.folder_of(ablation.HEADS) == "wild_two_heads"
    assert ablation.folder_of(ablation.COMPLETE) == "wild_complete"


def test_a_step_is_compiled_as_it_says():
    last = ablation.steps(2, 2)[TOP].model()
    assert last.loss is losses.wing and last.optimizer.use_ema
    assert [tensor.shape[1:] for tensor in last.inputs] == [(96, 96, 1), (1,)]


def test_one_cycle_rises_and_falls():
    rate = ablation.one_cycle(0.001, 200)
    values = [float(rate(step)) for step in range(201)]
    assert values[0] == pytest.approx(0.0001) and max(values) == pytest.approx(0.003)
    assert int(np.argmax(values)) == 20 and values[-1] == pytest.approx(0, abs=1e-9)
