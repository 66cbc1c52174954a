"""Making a film of six people against watching it: 256 pixels, two cores, one run for both."""

import statistics
import time

import cv2

from fkd_utils import films, keypoints, morph_film, open_photos, scenes

HOLD, MOVE, ROUNDS = 8, 24, 5


def stills(dense: bool) -> list[morph_film.Still]:
    """The held-out people with 15 points, or with all of the template that are in every frame."""
    people = range(len(scenes.PEOPLE))
    files = [open_photos.FOLDER / f"{scenes.name_of(k)}.tem" for k in people]
    templates = [open_photos.read_template(file) for file in files]
    squares = [morph_film.frame(scenes.portrait_points(k)) for k in people]
    if not dense:
        points = [keypoints.to_fifteen(t, keypoints.FROM_189) for t in templates]
    else:
        inside = [
            morph_film.within((t - s[:2]) * morph_film.SIDE / s.side, morph_film.SIDE)
            for t, s in zip(templates, squares, strict=True)
        ]
        kept = [all(column) for column in zip(*inside, strict=True)]
        points = [t[kept] for t in templates]
    return [
        morph_film.still(scenes.portrait(k), p, s)
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
                frames = morph_film.film(people, HOLD, MOVE)
                count = films.write(tmp_path / "film.mp4", frames)
                ratios.append((time.perf_counter() - started) / (count / films.FPS))
            assert count == len(people) * (HOLD + MOVE)
            with capsys.disabled():
                print(
                    f"\n{name}: {count} frames of {morph_film.SIDE} pixels, meshes and .mp4 "
                    f"included, in {statistics.median(ratios):.2f} of the time they play "
                    f"({min(ratios):.2f} to {max(ratios):.2f})"
                )
            assert statistics.median(ratios) < 1
    finally:
        cv2.setNumThreads(before)
