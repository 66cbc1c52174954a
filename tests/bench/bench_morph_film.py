"""Making a film of six people against watching it: 256 pixels, two cores, one run for both."""

import statistics
import time

import cv2

from fkd_utils import faces
from fkd_utils.data import photographs
from fkd_utils.demo import film, group_photo, morph

HOLD, MOVE, ROUNDS = 8, 24, 5


def stills(dense: bool) -> list[morph.Still]:
    """The held-out people with 15 points, or with all of the template that are in every frame."""
    people = range(len(group_photo.PEOPLE))
    templates = [photographs.template(group_photo.name_of(k)) for k in people]
    squares = [morph.frame(group_photo.portrait_points(k)) for k in people]
    if not dense:
        points = [faces.to_fifteen(t, faces.FROM_189) for t in templates]
    else:
        inside = [
            morph.within((t - s[:2]) * morph.SIDE / s.side, morph.SIDE)
            for t, s in zip(templates, squares, strict=True)
        ]
        kept = [all(column) for column in zip(*inside, strict=True)]
        points = [t[kept] for t in templates]
    return [
        morph.still(group_photo.portrait(k), p, s)
        for k, p, s in zip(people, points, squares, strict=True)
    ]


def test_a_film_is_made_faster_than_it_plays(tmp_path, capsys):
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        for name, people in (("15 points", stills(False)), ("template", stills(True))):
            ratios = []
            for _ in range(ROUNDS):
                started = time.perf_counter()
                frames = morph.film(people, HOLD, MOVE)
                count = film.write(tmp_path / "film.mp4", frames)
                ratios.append((time.perf_counter() - started) / (count / film.FPS))
            assert count == len(people) * (HOLD + MOVE)
            with capsys.disabled():
                print(
                    f"\n{name}: {count} frames of {morph.SIDE} pixels, meshes and .mp4 "
                    f"included, in {statistics.median(ratios):.2f} of the time they play "
                    f"({min(ratios):.2f} to {max(ratios):.2f})"
                )
            assert statistics.median(ratios) < 1
    finally:
        cv2.setNumThreads(before)
