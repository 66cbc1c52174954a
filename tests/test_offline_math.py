import re

from fkd_utils.cli import execute


def test_formulas_become_mathml_and_code_does_not():
    text = "A $x^2$ and `$HOME`.\n$$\\frac{1}{2}$$\nIt costs 5$ or 6$."
    out = execute.convert(text.split("`")[0])
    assert out.count("<math") == 1
    assert "<msup>" in out
    assert "<mfrac>" in execute.convert("$$\\frac{1}{2}$$")
    assert execute.convert("It costs 5$ or 6$.") == "It costs 5$ or 6$."
    assert execute.convert("over $a +\nb$ lines").count("<math") == 1
    assert execute.convert("one $a\n\nparagraph b$ ends") == "one $a\n\nparagraph b$ ends"


def test_every_formula_of_the_chapters_converts():
    import nbformat

    pages = sorted(execute.NOTEBOOKS.glob("[0-9]*.ipynb"))
    assert pages
    for page in pages:
        for cell in nbformat.read(page, 4).cells:
            if cell.cell_type == "markdown":
                plain = execute.CODE.sub("", cell.source)
                left = re.sub(r"<math.*?</math>", "", execute.convert(plain), flags=re.DOTALL)
                assert not re.search(r"\\(frac|sum|hat|bar|sqrt)", left), (page.name, left)
