"""Figures and tables as every chapter shows them: one size, one set of colours, one index."""

from fkd_utils.plotting import figures
from fkd_utils.plotting.chapter import Chapter, show_table
from fkd_utils.plotting.plots import (
    COLOURS,
    CYCLE,
    PREDICTED,
    TRUE,
    changes_figure,
    draw_face,
    draw_network,
    learning_figure,
    show_faces,
    stored_figure,
)
