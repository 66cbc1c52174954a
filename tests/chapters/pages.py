"""What a chapter writes out, loaded from notebooks/src without running the chapter."""

import ast
import types
import typing

from fkd_utils import files

SOURCES = files.REPO / "notebooks" / "src"


def load(chapter: str, *names: str, **given: typing.Any) -> types.ModuleType:
    """The imports of a chapter and the functions, classes and constants `names` that it defines.

    chapter: its number, such as "14" or "01a". Functions and classes that they need come along; a
    value of the page that they need must be named too, or given: load("14", "study", DATA="open").
    Raises KeyError for a name that the chapter does not define.
    """
    (path,) = SOURCES.glob(f"{chapter}_*.py")
    tree = ast.parse(path.read_text(encoding="utf-8"), path)
    module = types.ModuleType(f"chapter_{chapter}")
    module.__dict__.update(given)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    wanted = _wanted(_definitions(tree), names, set(given))
    body = [*imports, *(node for node in tree.body if node in wanted)]
    exec(compile(ast.Module(body, []), path, "exec"), module.__dict__)
    return module


def _definitions(tree: ast.Module) -> dict[str, ast.stmt]:
    """The statement that first defines each name of a page."""
    found: dict[str, ast.stmt] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.setdefault(node.name, node)
        elif isinstance(node, ast.Assign):
            names = (n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name))
            for name in names:
                found.setdefault(name, node)
    return found


def _wanted(
    definitions: dict[str, ast.stmt], names: typing.Iterable[str], given: set[str]
) -> list[ast.stmt]:
    """The statements behind names, and behind the functions and classes that these use."""
    wanted: list[ast.stmt] = []
    open_names = [(name, True) for name in names]
    while open_names:
        name, asked = open_names.pop()
        node = definitions[name] if asked else definitions.get(name)
        is_code = isinstance(node, ast.FunctionDef | ast.ClassDef)
        if name in given or node is None or node in wanted or not (asked or is_code):
            continue
        wanted.append(node)
        used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        open_names += [(other, False) for other in sorted(used)]
    return wanted
