"""Make a document in a form, and check one that was made: by making it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final, Literal, get_args

from carbonledger import jcs
from carbonledger.accounting import library
from carbonledger.errors import Invalid, Malformed
from ledger_node.reports import pdf, reader, xlsx
from ledger_node.reports.build import build
from ledger_node.reports.model import Document
from ledger_node.reports.options import Options

Form = Literal["pdf", "xlsx", "json"]
FORMS: Final[tuple[Form, ...]] = get_args(Form)
MEDIA_TYPES: Final[dict[Form, str]] = {
    "pdf": pdf.MEDIA_TYPE,
    "xlsx": xlsx.MEDIA_TYPE,
    "json": "application/json",
}
_MAKERS: Final = ("carbonledger", "ledger_node.reports")
_TERMS: Final = "terms.py"
_KINDS: Final = (".py", ".typ", ".json")
_MADE_BY: Final = ("carbonledger", "typst", "xlsxwriter", "manimgx-fonts-cjk")


def make(bundle: bytes, options: Options, form: Form) -> bytes:
    """The document of a bundle, in a form."""
    return _RENDER[form](build(bundle, options, library.factors()), bundle)


def form_of(text: str) -> Form:
    """A form by its name."""
    for form in FORMS:
        if text == form:
            return form
    raise Malformed("format of a document", expected=", ".join(FORMS), found=repr(text)[:40])


def made_by() -> str:
    """What makes the bytes; another version may set the same document in other bytes."""
    return ", ".join(f"{name} {version(name)}" for name in _MADE_BY)


@cache
def maker() -> str:
    """SHA-256 (hex) of the programs and data that make documents: a word or a factor changes it, a version need not."""
    found = sha256()
    makers = [item for package in _MAKERS for item in sorted(_files(files(package), package))]
    for path, file in [*makers, (_TERMS, files("ledger_node").joinpath(_TERMS))]:
        content = sha256(file.read_bytes()).hexdigest()
        found.update(f"{path} {content}\n".encode())
    return found.hexdigest()


def identity(evidence: str, options: Options, form: Form) -> bytes:
    """What decides the bytes, so that they need not be made to see that they are the same: `evidence` is in hex."""
    made = {"maker": maker(), "versions": made_by()}
    return jcs.encode({"evidence": evidence, "form": form, "made_by": made, "options": options.to_json()})


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for item in folder.iterdir():
        place = f"{path}/{item.name}"
        if item.is_dir():
            yield from _files(item, place)
        elif item.name.endswith(_KINDS):
            yield place, item


def check(raw: bytes) -> reader.Carried:
    """What the document carries; Invalid unless it is, byte for byte, what its evidence gives."""
    found = reader.carried(raw)
    again = make(found.bundle, found.options, found.form)
    if again != raw:
        at = next((i for i, (a, b) in enumerate(zip(again, raw, strict=False)) if a != b), min(len(again), len(raw)))
        raise Invalid(
            "the document is not what its evidence gives",
            expected=f"the same {len(again)} bytes",
            found=f"{len(raw)} bytes, another from byte {at} on",
            remedy=f"Either it was changed, or other versions made it; here: {made_by()}",
        )
    return found


def _json(document: Document, _bundle: bytes) -> bytes:
    return jcs.encode(document.to_json())


def _xlsx(document: Document, bundle: bytes) -> bytes:
    return xlsx.render(document, bundle, jcs.encode(document.options).decode())


_RENDER: Final[dict[Form, Callable[[Document, bytes], bytes]]] = {"pdf": pdf.render, "xlsx": _xlsx, "json": _json}
