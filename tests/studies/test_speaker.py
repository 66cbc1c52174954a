"""The stored pictures of chapter 17's opening mouth are those that the maker draws."""

import numpy as np

from studies import speaker


def test_the_stored_pictures_are_drawn_again():
    fresh = speaker.drawn()
    with np.load(speaker.FILE) as stored:
        assert set(stored) == set(fresh)
        difference = np.abs(stored["pictures"].astype(int) - fresh["pictures"])
        assert difference.max() <= 1  # other processors round otherwise
        np.testing.assert_allclose(stored["points"], fresh["points"], atol=1e-3)
        np.testing.assert_array_equal(stored["between"], fresh["between"])


def test_what_is_written_is_what_was_drawn(tmp_path):
    speaker.write(tmp_path / "s.npz")
    with np.load(tmp_path / "s.npz") as stored:
        assert stored["pictures"].dtype == np.uint8
        assert stored["pictures"].shape == (len(speaker.GAPS), *stored["between"].shape)
        assert stored["between"].any()
        lips = stored["points"][:, -2:, 1]  # y of the lips' centres: they part
        assert (np.diff(lips[:, 1] - lips[:, 0]) > 0).all()
