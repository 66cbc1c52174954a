"""What a check finds in a set with planted copies and mistakes, and what cleaning leaves."""

import dataclasses
import itertools
import json

import drawnfaces
import numpy as np
import pytest

from fkd_utils import faces
from fkd_utils.data import cleaning
from fkd_utils.faces import Faces


@pytest.fixture(scope="module")
def dirty(drawn):
    """Rows: 30 equals 10; 31 is 11 moved; 32 equals 12 with other labels; 40 swapped; 50 flat."""
    rows = drawnfaces.changed(
        drawn,
        images={
            30: drawn.images[10],
            31: drawnfaces.ALTERED["moved 1"](drawn.images[11]),
            32: drawn.images[12],
            50: np.full((96, 96), 77),
        },
        points={
            30: drawn.keypoints[10],
            31: drawn.keypoints[11] + (-1, 1),
            32: drawn.keypoints[12] + (15, 10),
            40: drawn.keypoints[40][faces.mirror_order()],
        },
    )
    return dataclasses.replace(rows, ids=rows.ids + 1000)


@pytest.fixture(scope="module")
def report(dirty):
    return cleaning.check(dirty)


def test_check(report):
    assert {(1010, 1030), (1011, 1031), (1012, 1032)} <= set(report.duplicates)
    assert len(report.duplicates) <= 6
    reasons = {suspicion.row: suspicion.reason for suspicion in report.suspicious}
    assert "swapped" in reasons[1040]
    assert "flat" in reasons[1050]
    assert 1032 in reasons
    assert not {1010, 1011, 1030, 1031} & set(reasons)
    assert len(reasons) <= 6


def test_report_is_sorted_and_its_json_has_the_promised_form(report):
    assert cleaning.Report.from_json(report.to_json()) == report
    content = json.loads(report.to_json())
    assert list(content) == ["duplicates", "suspicious"]
    assert content["duplicates"] == sorted(map(list, report.duplicates))
    assert all(i < j for i, j in content["duplicates"])
    rows = [entry["row"] for entry in content["suspicious"]]
    assert rows == sorted(set(rows))
    assert all(set(entry) == {"row", "reason"} for entry in content["suspicious"])


def test_clean_drops_suspicious_rows_and_all_but_one_copy(dirty, report):
    left = set(cleaning.clean(dirty, report).ids.tolist())
    dropped = {suspicion.row for suspicion in report.suspicious}
    assert not left & dropped
    assert not any(i in left and j in left for i, j in report.duplicates)
    in_pairs = set(itertools.chain(*report.duplicates))
    assert left | dropped | in_pairs == set(dirty.ids.tolist())
    assert 1010 in left
    assert 1012 in left  # its copy had the wrong labels


def test_clean_keeps_the_first_with_most_labels():
    images = np.zeros((5, 96, 96), np.uint8)
    points = np.ones((5, 15, 2), np.float32)
    points[0, 3:] = np.nan
    rows = Faces(images, points, np.array([3, 5, 8, 9, 11]), np.arange(5), "made")
    report = cleaning.Report(((3, 5), (5, 8), (3, 8)), (cleaning.Suspicion(9, "made up"),))
    assert cleaning.clean(rows, report).ids.tolist() == [5, 11]
    assert cleaning.clean(rows.take(np.array([0, 4])), report).ids.tolist() == [3, 11]


def test_check_of_few_faces():
    few = drawnfaces.faces(3)
    assert cleaning.check(few) == cleaning.Report((), ())


def test_disagreeing_copies_without_a_judge_are_both_suspicious():
    few = drawnfaces.faces(3)
    few.images[2] = few.images[0]
    few.keypoints[2] = few.keypoints[0] + 9
    rows = {s.row: s.reason for s in cleaning.check(few).suspicious}
    assert "row 2" in rows[0]
    assert "row 0" in rows[2]
    assert "13 px" in rows[0]
