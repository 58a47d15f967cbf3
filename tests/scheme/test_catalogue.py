"""The catalogue: names, files, records, and what a scheme can be written back to."""

import ast
import json
import pickle
import re
from fractions import Fraction
from pathlib import Path

import pytest
import sympy

import odegraph.scheme
from odegraph._errors import SchemeError
from odegraph._exact import parse_exact
from odegraph.scheme import (
    RungeKuttaScheme,
    Scheme,
    SchemeSpec,
    folder,
    load_scheme,
    read_scheme_file,
    scheme_from_tableau,
    scheme_names,
    verify,
)
from odegraph.scheme.folder import scheme_files
from odegraph.scheme.proofs import RECORD, recorded_proof
from odegraph.scheme.record_proofs import prove_catalogue, record_text
from odegraph.scheme.verify import VERIFIERS
from odegraph.scheme.write_catalogue import PAGE, catalogue_text


def load(name: str | Path, **parameters: object) -> RungeKuttaScheme:
    scheme = load_scheme(name, **parameters)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


def proven(data: dict) -> RungeKuttaScheme:
    scheme = verify(SchemeSpec.from_dict(data))
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


NAMES = sorted(scheme_files())


def test_names_are_sorted_file_stems_of_the_words_of_the_project():
    names = scheme_names()
    assert names == sorted(names)
    assert len(names) >= 97
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_says_what_it_is_and_claims_its_order(name):
    spec = read_scheme_file(scheme_files()[name])
    assert spec.title != name
    assert spec.source
    assert "order" in spec.claims
    assert ("embedded_order" in spec.claims) == any(
        key.endswith("_embedded") for key in spec.coefficients
    )


def test_the_record_is_what_is_proven_now():
    # After changing a scheme file: python -m odegraph.scheme.record_proofs
    assert RECORD.read_text(encoding="utf-8") == record_text(prove_catalogue())


def test_the_page_of_the_docs_lists_the_catalogue():
    # After changing a scheme file: python -m odegraph.scheme.write_catalogue
    assert PAGE.read_text(encoding="utf-8") == catalogue_text()


def test_a_changed_file_is_not_on_record():
    content = scheme_files()["rk4-classic"].read_bytes()
    assert recorded_proof(content) == recorded_proof(content.replace(b"\n", b"\r\n"))
    assert recorded_proof(content) is not None
    assert recorded_proof(content + b"#") is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("rk4-clasic", r"no scheme `rk4-clasic` in schemes/\. Did you mean `rk4-classic`\?"),
        ("dormand-princ", "Did you mean `dormand-prince`"),
        ("qqq", r"`odegraph schemes` and `odegraph.scheme_names\(\)` list all \d+\."),
        ("rk4-classic.tml", "Did you mean `rk4-classic`"),
    ],
)
def test_unknown_names_get_the_nearest_one(name, message):
    with pytest.raises(SchemeError, match=message):
        load(name)


def test_a_path_loads_a_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('title = "Mine"\nA = [[], ["1"]]\nb = ["1/2", "1/2"]\n')
    scheme = load(path)
    assert (scheme.name, scheme.title, scheme.kind) == ("mine", "Mine", "runge-kutta")
    assert load(str(path)) == scheme
    path.write_text('A = [[], ["1"]]\nb = ["0", "1"]\n')
    assert load(path).order == 1


def test_parameters_are_given_by_keyword(tmp_path):
    path = tmp_path / "family.toml"
    path.write_text(
        'A = [[], ["alpha"]]\nb = ["1 - 1/(2*alpha)", "1/(2*alpha)"]\n'
        '[parameters]\nalpha = { default = "2/3", description = "c_2" }\n[claims]\norder = 2\n'
    )
    assert load(path).c[1] == sympy.Rational(2, 3)
    for alpha in ("1/2", 1, Fraction(3, 4), sympy.Rational(3, 4), "1/sqrt(2)"):
        scheme = load(path, alpha=alpha)
        assert scheme.order == 2
        assert scheme.c[1] == parse_exact(str(alpha))
    with pytest.raises(SchemeError, match=r"there is no parameter `alfa`. Did you mean `alpha`"):
        load(path, alfa=1)
    with pytest.raises(SchemeError, match="divides by zero"):
        load(path, alpha=0)
    with pytest.raises(SchemeError, match=r"`alpha`: `0\.5` holds the float"):
        load(path, alpha=0.5)
    with pytest.raises(SchemeError, match=r"there is no parameter `alpha`. It has none"):
        load("euler", alpha=1)


@pytest.mark.parametrize("name", NAMES)
def test_specs_and_schemes_survive_json_and_pickle(name):
    scheme = load_scheme(name)
    spec = SchemeSpec.from_dict(json.loads(json.dumps(scheme.spec.to_dict())))
    assert spec == scheme.spec
    assert hash(spec) == hash(scheme.spec)
    again = verify(spec)
    assert again == scheme
    assert hash(again) == hash(scheme)
    copy = pickle.loads(pickle.dumps(scheme))
    assert copy == scheme
    if isinstance(copy, RungeKuttaScheme):
        assert isinstance(again, RungeKuttaScheme)
        assert (again.A, again.b, again.c) == (copy.A, copy.b, copy.c)
        assert copy.adjoint().order == scheme.order


@pytest.mark.parametrize("name", NAMES)
def test_every_scheme_has_facts_and_text(name):
    scheme = load_scheme(name)
    facts = json.loads(json.dumps(scheme.facts()))
    assert facts
    assert all(line == line.rstrip() for line in scheme.text().split("\n"))


def test_matrices_are_exact_and_of_the_right_shape():
    scheme = load("bogacki-shampine")
    assert scheme.A.shape == (4, 4)
    assert scheme.b_embedded is not None
    assert scheme.b.shape == scheme.c.shape == scheme.b_embedded.shape == (4, 1)
    assert isinstance(scheme.A, sympy.ImmutableMatrix)
    assert load("euler").b_embedded is None
    assert all(x.is_Rational for x in scheme.A.flat())


def test_only_verifiers_construct_schemes():
    """No scheme class is called by name: each one is what the verifier of its kind makes."""
    constructors = {"Scheme", *(kind.__name__ for kind in Scheme.__subclasses__())}
    made = {verifier.scheme for verifier in VERIFIERS.values()}
    assert made == set(Scheme.__subclasses__())
    places = set()
    for path in Path(odegraph.scheme.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in constructors:
                places.add(path.name)
    assert not places


def test_scheme_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Scheme(read_scheme_file(scheme_files()["euler"]))  # pyright: ignore[reportAbstractUsage]


def test_missing_folder_is_named(monkeypatch):
    folder.scheme_files.cache_clear()
    monkeypatch.setattr(folder, "__file__", "/nowhere/odegraph/scheme/folder.py")
    with pytest.raises(SchemeError, match="files are missing: there is neither `/nowhere"):
        scheme_names()
    monkeypatch.undo()
    folder.scheme_files.cache_clear()


def test_loading_twice_gives_the_same_object():
    assert load("euler") is load("euler")


@pytest.mark.parametrize("name", ["rk4-classic", "gauss-3", "alexander-3", "bogacki-shampine"])
def test_a_scheme_is_made_again_from_its_matrices(name):
    scheme = load(name)
    again = scheme_from_tableau(
        scheme.A,
        scheme.b,
        c=scheme.c,
        b_embedded=scheme.b_embedded,
        b_dense=scheme.b_dense,
        name="again",
    )
    assert isinstance(again, RungeKuttaScheme)
    assert (again.A, again.b, again.c) == (scheme.A, scheme.b, scheme.c)
    assert (again.b_embedded, again.b_dense) == (scheme.b_embedded, scheme.b_dense)
    assert again.orders == scheme.orders


def test_a_scheme_is_made_of_any_exact_numbers_but_no_floats():
    half = Fraction(1, 2)
    assert scheme_from_tableau([[0, 0], [half, 0]], [0, "1"]).order == 2
    with pytest.raises(
        SchemeError, match=r"Scheme `tableau`: `A\[2\]\[1\]`: `0\.5` holds the float"
    ):
        scheme_from_tableau([[0, 0], [0.5, 0]], [0, 1])  # pyright: ignore[reportArgumentType]
    with pytest.raises(SchemeError, match="`A` has no rows"):
        scheme_from_tableau([], [])
    with pytest.raises(SchemeError, match=r"the name `pi` is not declared"):
        scheme_from_tableau([[sympy.pi]], [1])
