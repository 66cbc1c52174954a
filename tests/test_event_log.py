"""Event files: what is written is read, in the form TensorBoard looks for."""

import keras
import numpy as np

from fkd_utils import event_log


def trained(folder):
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    x, y = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)
    log = event_log.EventLog(folder)
    return model.fit(x, y, epochs=3, validation_data=(x, y), verbose=0, callbacks=[log]).history


def test_every_epoch_is_there_under_the_names_of_keras(tmp_path):
    history = trained(tmp_path / "a")
    events = event_log.read(tmp_path)
    assert set(events.run) == {"a/train", "a/validation"}
    assert set(events.tag) == {"epoch_loss"}
    for run, name in (("a/train", "loss"), ("a/validation", "val_loss")):
        part = events[events.run == run]
        assert part.epoch.tolist() == [0, 1, 2]
        np.testing.assert_allclose(part.value, history[name], rtol=1e-6)


def test_tensorboard_finds_them_in_its_tab_of_scalars(tmp_path):
    import tensorflow

    trained(tmp_path)
    (path,) = (tmp_path / "train").iterdir()
    assert path.name.startswith("events.out.tfevents.")
    records = tensorflow.data.TFRecordDataset(str(path))
    events = [tensorflow.compat.v1.Event.FromString(record.numpy()) for record in records]
    assert events[0].file_version.startswith("brain.Event:")
    value = events[1].summary.value[0]
    assert value.metadata.plugin_data.plugin_name == "scalars"


def test_an_empty_folder_holds_nothing(tmp_path):
    assert event_log.read(tmp_path).empty
