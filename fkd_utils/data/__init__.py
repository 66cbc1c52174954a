"""Faces, from a file on the disk to the three parts: trained, chosen and reported on.

`load` goes the whole way: read, cleaned as chapter 02 says, split. The files of this room:
sources (which set), splits (the parts), kaggle (its csv files), open_set (`open`, as it is
shipped), cleaning, duplicates and label_errors (what is left out), photos (any picture, and a
square of it), photographs (the embedded ones), landmarks (other formats), framed and sixty_eight
(what chapters 15a to 16b cut out of them).
What is said of a set of faces in memory, `fkd_utils.faces`, is offered here too.
"""

from fkd_utils.data import (
    cleaning,
    duplicates,
    framed,
    kaggle,
    landmarks,
    photographs,
    photos,
    sixty_eight,
)
from fkd_utils.data.sources import counts_from_edge, place, read, read_test
from fkd_utils.data.splits import SplitRows, checked, grouped_split, load
from fkd_utils.faces import (
    COLUMNS,
    FOUR_POINTS,
    FROM_189,
    INDEX,
    KEYPOINTS,
    MIRROR_PAIRS,
    SIDE,
    Faces,
    joined,
    mirror_order,
    plain,
    to_fifteen,
    to_inputs,
    to_pixels,
    to_targets,
)
