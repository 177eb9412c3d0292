"""The rules of the house, checked on the text of every module. Each rule is first shown a snippet that breaks it."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Who may import whom, among our own packages (itself always allowed). A module named here, else its package, decides.
ARROWS = {
    "analytics": (),
    "data": ("analytics.errors", "analytics.french", "analytics.schema"),
    "charts": ("analytics",),
    "reports": ("analytics", "charts"),
    # The command of nightly jobs is a door, like a page: it reads the file that the library is given the data of.
    "reports.__main__": ("analytics", "charts", "data"),
    "pages": ("analytics", "charts", "data", "reports"),
    "app": ("analytics", "charts", "data", "pages", "reports"),
    "server": ("app", "pages.components"),
}
OURS = ("analytics", "app", "benchmarks", "charts", "data", "pages", "reports", "server", "tests")
UNRESTRICTED = ("benchmarks", "tests")
WITHOUT_STREAMLIT = ("analytics", "charts", "data", "reports")
WITHOUT_ALTAIR = ("analytics", "data")
STATE_OWNERS = ("pages.components", "server", "app")
DOCUMENTED = ("analytics", "data")
MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 80


# --- reading ------------------------------------------------------------------------------------------------------


def source_files() -> list[Path]:
    """Every Python file of the project, tracked or not; without git, every one outside hidden folders."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        files = [ROOT / line for line in listed.stdout.splitlines()]
    else:
        files = [f for f in ROOT.rglob("*.py") if not any(p.startswith(".") for p in f.relative_to(ROOT).parts)]
    return sorted(file for file in set(files) if file.exists())


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imports(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, at the top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")[: -node.level]
                base = ".".join([*parents, *filter(None, [base])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant):
                    yield node.lineno, str(argument.value)


# --- rules: tree and module name in, faults out ---------------------------------------------------------------------


def arrows(tree: ast.Module, module: str) -> Iterator[str]:
    home = module.partition(".")[0]
    if home in UNRESTRICTED:
        return
    allowed = ARROWS.get(module, ARROWS.get(home))
    for line, name in imports(tree, module):
        if not within(name, *OURS) or within(name, home):
            continue
        if allowed is None or not within(name, *allowed):
            yield f"ligne {line} : {home} n’importe pas {name}"


def libraries(tree: ast.Module, module: str) -> Iterator[str]:
    for line, name in imports(tree, module):
        if within(module, *WITHOUT_STREAMLIT) and within(name, "streamlit"):
            yield f"ligne {line} : pas de streamlit ici"
        if within(module, *WITHOUT_ALTAIR) and within(name, "altair"):
            yield f"ligne {line} : pas d’altair ici"


def state(tree: ast.Module, module: str) -> Iterator[str]:
    if within(module, *STATE_OWNERS, *UNRESTRICTED):
        return
    names = ("session_state", "cache_data", "cache_resource")
    for node in ast.walk(tree):
        used = getattr(node, "attr", None) or getattr(node, "id", None)
        if isinstance(node, ast.ImportFrom):
            used = next((alias.name for alias in node.names if alias.name in names), None)
        if used in names:
            yield f"ligne {node.lineno} : {used} n’appartient qu’à pages/components"


def swallowed_errors(tree: ast.Module, _module: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        if node.type is None:
            yield f"ligne {node.lineno} : except sans type"
        elif ast.unparse(node.type) in ("Exception", "BaseException") and all(
            isinstance(statement, ast.Pass | ast.Continue | ast.Return) for statement in node.body
        ):
            yield f"ligne {node.lineno} : une erreur quelconque est avalée"


def raw_html(tree: ast.Module, _module: str) -> Iterator[str]:
    for node in ast.walk(tree):
        raw = isinstance(node, ast.keyword) and node.arg in ("unsafe_allow_html", "unsafe_allow_javascript")
        if raw and not (isinstance(node.value, ast.Constant) and node.value.value is False):
            yield f"ligne {node.value.lineno} : {node.arg}"


def sizes(tree: ast.Module, _module: str) -> Iterator[str]:
    last = max((node.end_lineno for node in tree.body), default=0)
    if last > MAX_MODULE_LINES:
        yield f"{last} lignes dans le module (au plus {MAX_MODULE_LINES})"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            length = node.end_lineno - body[0].lineno + 1 if body else 0
            if length > MAX_FUNCTION_LINES:
                yield f"ligne {node.lineno} : {node.name} a {length} lignes (au plus {MAX_FUNCTION_LINES})"


def docstrings(tree: ast.Module, module: str) -> Iterator[str]:
    if not within(module, *DOCUMENTED):
        return
    if tree.body and ast.get_docstring(tree) is None:
        yield "module sans docstring"
    for node in tree.body:
        public = isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        if public and ast.get_docstring(node) is None:
            yield f"ligne {node.lineno} : {node.name} sans docstring"


RULES: dict[Callable[[ast.Module, str], Iterator[str]], list[tuple[str, str]]] = {
    arrows: [
        ("analytics.descriptive.alerts", "from data import store"),
        ("analytics.schema", "def f():\n    import pages.components.state"),
        ("data.store", "from analytics.indicators import INDICATORS"),
        ("data.store", "from analytics import descriptive"),
        ("charts.trend", "from data.references import load_events"),
        ("charts.trend", "import importlib\nimportlib.import_module('pages.accueil')"),
        ("reports.pdf", "from pages import accueil"),
        ("reports.executive", "from data import load_dataset"),
        ("reports.__main__", "from pages import accueil"),
        ("pages.accueil", "import app"),
        ("pages.components.state", "from ...tests import conftest"),
        ("nouveau", "import analytics"),
    ],
    libraries: [
        ("analytics.schema", "import streamlit as st"),
        ("charts.trend", "from streamlit import runtime"),
        ("data.store", "from altair import Chart"),
    ],
    state: [
        ("pages.accueil", "import streamlit as st\nst.session_state['x'] = 1"),
        ("pages.accueil", "import streamlit as st\n@st.cache_data\ndef f(): ..."),
        ("charts.trend", "from streamlit import cache_resource"),
    ],
    swallowed_errors: [
        ("pages.accueil", "try:\n    f()\nexcept:\n    raise"),
        ("pages.accueil", "try:\n    f()\nexcept Exception:\n    pass"),
        ("data.store", "def g():\n    try:\n        f()\n    except Exception:\n        return 0"),
    ],
    raw_html: [
        ("pages.accueil", "st.markdown('<b>', unsafe_allow_html=True)"),
        ("pages.accueil", "st.markdown('<b>', unsafe_allow_html=choice)"),
    ],
    sizes: [
        ("pages.accueil", "x = 1\n" * (MAX_MODULE_LINES + 1)),
        ("pages.accueil", "def f():\n    '''doc'''\n" + "    x = 1\n" * (MAX_FUNCTION_LINES + 1)),
    ],
    docstrings: [
        ("analytics.schema", "'''Doc.'''\ndef compute(): ..."),
        ("data.store", "'''Doc.'''\nclass Store: ..."),
        ("data.store", "x = 1"),
    ],
}
ACCEPTED = [
    ("analytics.descriptive.alerts", "'''Doc.'''\nfrom analytics.schema import Dataset\nimport numpy as np"),
    ("data.store", "'''Doc.'''\nfrom analytics.schema import Dataset\nfrom data import readers\nimport database"),
    ("charts.trend", "import altair\nfrom analytics.constat import Constat"),
    ("pages.accueil", "import data\nfrom pages.components import state\nst.markdown('x', unsafe_allow_html=False)"),
    ("pages.components.state", "import streamlit as st\nst.session_state['x'] = 1"),
    ("server", "from pages.components.jobs import shutdown_all"),
    ("reports.__main__", "from data.depot import Depot"),
    ("tests.test_x", "import app, server, pages.accueil"),
    ("data.store", "'''Doc.'''\ntry:\n    f()\nexcept KeyError:\n    pass"),
    ("analytics.schema", "'''Doc.'''\ndef f():\n    '''" + "doc\n" * 90 + "'''\n    return 1"),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_can_fail(rule):
    for module, snippet in RULES[rule]:
        assert list(rule(ast.parse(snippet), module)), f"{rule.__name__} laisse passer dans {module} :\n{snippet}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule_accepts_what_is_right(rule):
    for module, snippet in ACCEPTED:
        assert not list(rule(ast.parse(snippet), module)), snippet


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_project_follows_the_rule(rule):
    faults = []
    for path in source_files():
        tree = ast.parse(path.read_text("utf-8"), filename=str(path))  # a file that does not parse fails the test
        faults += [f"{path.relative_to(ROOT)} : {fault}" for fault in rule(tree, module_name(path))]
    assert not faults, "\n".join(faults)


def test_the_files_are_really_read():
    found = {module_name(path).partition(".")[0] for path in source_files()}
    assert {"analytics", "app", "charts", "data", "pages", "server", "tests"} <= found


def test_every_page_is_registered_once_and_every_registered_page_exists():
    files = {path.name for path in (ROOT / "pages").glob("*.py") if path.name != "__init__.py"}
    tree = ast.parse((ROOT / "app.py").read_text("utf-8"))
    registered = [
        Path(node.value).name
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("pages/")
        and node.value.endswith(".py")
    ]
    assert sorted(registered) == sorted(files)


def test_no_init_in_the_test_folders():
    assert not list((ROOT / "tests").rglob("__init__.py")), "un __init__.py ferait passer tests/data devant data"
