"""A ratchet on the tail: the longest function, the largest class and the longest module may not grow past it.

The limits are ceilings, not aims: lower one when the code allows it, never raise one to let a change pass.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

SOURCE: Final = Path(__file__).resolve().parents[2] / "src" / "zombot"
FUNCTION_LINES_MAX: Final = 60
CLASS_METHODS_MAX: Final = 25
MODULE_LINES_MAX: Final = 500
SILENT: Final = ("domain", "engine", "strategies")
LOGGERS: Final = ("logging", "structlog")
BROAD: Final = ("Exception", "BaseException")
PUT_OFF: Final = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")

type_of_function = ast.FunctionDef | ast.AsyncFunctionDef


class Module(NamedTuple):
    """One source file, parsed."""

    path: str  # relative to src/zombot
    text: str
    tree: ast.Module


Rule = Callable[[Module], Iterator[str]]


def docstring_lines(node: type_of_function) -> int:
    """Lines that the function's docstring takes."""
    if ast.get_docstring(node, clean=False) is None:
        return 0
    statement = node.body[0]
    return (statement.end_lineno or statement.lineno) - statement.lineno + 1


def long_functions(module: Module) -> Iterator[str]:
    """No function is longer than the limit, its docstring not counted."""
    for node in ast.walk(module.tree):
        if isinstance(node, type_of_function):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring_lines(node)
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.name} has {lines} lines, {FUNCTION_LINES_MAX} are allowed"


def large_classes(module: Module) -> Iterator[str]:
    """No class has more methods than the limit."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            methods = sum(isinstance(child, type_of_function) for child in node.body)
            if methods > CLASS_METHODS_MAX:
                yield f"{node.name} has {methods} methods, {CLASS_METHODS_MAX} are allowed"


def long_modules(module: Module) -> Iterator[str]:
    """No module is longer than the limit."""
    lines = module.text.count("\n")
    if lines > MODULE_LINES_MAX:
        yield f"{lines} lines, {MODULE_LINES_MAX} are allowed"


def silent_modules(module: Module) -> Iterator[str]:
    """Every public module opens with one sentence; more may follow after a blank line."""
    if Path(module.path).stem.startswith("_") and Path(module.path).stem != "__init__":
        return
    opening = (ast.get_docstring(module.tree) or "").partition("\n\n")[0]
    if not opening.endswith("."):
        yield "does not open with a sentence that ends in a full stop"
    elif re.search(r"[.!?]\s+[A-Z]", opening):
        yield "opens with more than one sentence; leave a blank line after the first"


def broad_excepts(module: Module) -> Iterator[str]:
    """Only the shell, runtime/, may catch everything."""
    if module.path.startswith("runtime/"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(kind is None or (isinstance(kind, ast.Name) and kind.id in BROAD) for kind in caught):
                yield f"line {node.lineno} catches everything"


def put_off_work(module: Module) -> Iterator[str]:
    """What is left to do is an issue, not a comment."""
    for number, line in enumerate(module.text.splitlines(), start=1):
        if PUT_OFF.search(line):
            yield f"line {number} puts work off"


def loggers_in_the_core(module: Module) -> Iterator[str]:
    """The core returns effects; the shell logs them."""
    if module.path.partition("/")[0] not in SILENT:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        for name in names:
            if name.partition(".")[0] in LOGGERS:
                yield f"line {node.lineno} imports {name}"


RULES: Final[list[Rule]] = [
    long_functions,
    large_classes,
    long_modules,
    silent_modules,
    broad_excepts,
    put_off_work,
    loggers_in_the_core,
]
UNTIDY: Final[dict[Rule, str]] = {
    long_functions: "def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX,
    large_classes: "class C:\n" + "".join(f"    def m{n}(self): ...\n" for n in range(CLASS_METHODS_MAX + 1)),
    long_modules: "x = 1\n" * (MODULE_LINES_MAX + 1),
    silent_modules: '"""One sentence. And another."""\n',
    broad_excepts: "try:\n    x = 1\nexcept (ValueError, Exception):\n    pass\n",
    put_off_work: "# TO" + "DO: later\n",
    loggers_in_the_core: "def f():\n    import structlog\n",
}


@pytest.fixture(scope="session")
def modules() -> list[Module]:
    """All modules of the package."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Module(path.relative_to(SOURCE).as_posix(), text, ast.parse(text)))
    assert found
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_is_tidy(modules: list[Module], rule: Rule) -> None:
    """No module breaks the rule."""
    offences = [f"{module.path}: {offence}" for module in modules for offence in rule(module)]
    assert not offences, f"{rule.__doc__}\n" + "\n".join(offences)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_catches_what_it_is_for(rule: Rule) -> None:
    """A module made untidy in one way is caught by that way's rule, once."""
    text = UNTIDY[rule]
    assert len(list(rule(Module("domain/untidy.py", text, ast.parse(text))))) == 1
