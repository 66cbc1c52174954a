"""A training's losses in files that TensorBoard opens, written without TensorBoard.

keras.callbacks.TensorBoard writes the same files, but needs the package `tensorboard`, which
TensorFlow no longer brings along.
"""

import pathlib
import typing

import keras
import pandas as pd

_PLUGIN = "scalars"  # the tab of TensorBoard that shows them


class EventLog(keras.callbacks.Callback):
    """Writes every number Keras logs after an epoch: to folder/train, val_... to folder/validation.

    Under the names that Keras's own callback gives them, such as epoch_loss; epochs count from 0.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        super().__init__()
        self.folder = folder
        self._writers: dict[str, typing.Any] = {}

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        import tensorflow  # only its writer of event files is used, whatever Keras computes on

        metadata = tensorflow.compat.v1.SummaryMetadata()
        metadata.plugin_data.plugin_name = _PLUGIN
        for name, value in (logs or {}).items():
            part = "validation" if name.startswith("val_") else "train"
            if part not in self._writers:
                path = str(self.folder / part)
                self._writers[part] = tensorflow.summary.create_file_writer(path)
            with self._writers[part].as_default():
                number = tensorflow.constant(float(value), tensorflow.float32)
                tag = f"epoch_{name.removeprefix('val_')}"
                tensorflow.summary.write(tag, number, step=epoch, metadata=metadata)

    def on_train_end(self, logs: dict | None = None) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()


def read(folder: pathlib.Path) -> pd.DataFrame:
    """The numbers in a folder's event files: columns run (a folder below it), tag, epoch, value."""
    import tensorflow

    rows = []
    for path in sorted(folder.rglob("events.out.tfevents.*")):
        run = path.parent.relative_to(folder).as_posix()
        for record in tensorflow.data.TFRecordDataset(str(path)):
            event = tensorflow.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                number = float(tensorflow.make_ndarray(value.tensor))
                rows.append((run, value.tag, event.step, number))
    return pd.DataFrame(rows, columns=["run", "tag", "epoch", "value"])
