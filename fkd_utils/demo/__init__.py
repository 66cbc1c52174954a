"""From any photograph to the network and back (chapters 12 and 17).

detection: where faces are. locate: their keypoints. stickers: noses and glasses. film: moving
pictures. group_photo: people in one picture. morph: from face to face.
"""

from fkd_utils.demo import detection, film, group_photo, locate, morph, stickers
