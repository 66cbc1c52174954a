"""Formulas as MathML, so that the HTML report needs no script from the network."""

import re

import latex2mathml.converter
import nbconvert.preprocessors
import nbformat

CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
DISPLAY = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
INLINE = re.compile(r"(?<![\\$\w])\$(?!\s)((?:[^$\n]|\n(?!\n))+?)(?<!\s)\$(?![\w$])")


class MathToMarkup(nbconvert.preprocessors.Preprocessor):
    """Replaces $...$ and $$...$$ in markdown cells; code in them stays as it is."""

    def preprocess_cell(
        self, cell: nbformat.NotebookNode, resources: dict, index: int
    ) -> tuple[nbformat.NotebookNode, dict]:
        """Called by nbconvert for each cell: the cell, changed, and `resources` as they were."""
        if cell.cell_type == "markdown":
            pieces = CODE.split(cell.source)
            pieces[::2] = [convert(piece) for piece in pieces[::2]]
            cell.source = "".join(pieces)
        return cell, resources


def convert(text: str) -> str:
    """LaTeX formulas between dollar signs as MathML."""

    def block(match: re.Match) -> str:
        return latex2mathml.converter.convert(match[1].strip(), display="block")

    def line(match: re.Match) -> str:
        return latex2mathml.converter.convert(match[1])

    return INLINE.sub(line, DISPLAY.sub(block, text))
