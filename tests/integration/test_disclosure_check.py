"""Whoever holds a bank's disclosure sees by its digest whether the bank filed it, and whether it still stands."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from pypdf import PdfReader

from carbonledger.cli import main
from carbonledger.loans import library
from tests.integration.api_kit import BANK, NOW, any_record, ledger_api, write_records

RAW = library.example("disclosure")
JSON = {"Content-Type": "application/json"}


def address_on(paper: bytes) -> str:
    notes = PdfReader(io.BytesIO(paper)).pages[0]["/Annots"]
    (address,) = {uri for note in notes if (uri := note.get_object().get("/A", {}).get("/URI"))}  # type: ignore[attr-defined]
    return str(address)


def test_a_paper_leads_to_what_the_chain_says_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ledger_api(tmp_path) as api:
        document = api.post("/v1/loan-disclosures", content=RAW, headers=JSON).content
        digest, newer = hashlib.sha256(document).hexdigest(), hashlib.sha256(b"corrected").hexdigest()
        paper = api.post("/v1/loan-disclosures?format=pdf&language=en", content=RAW, headers=JSON).content
        assert address_on(paper) == f"http://testserver/disclosures/{digest}"
        # a reader who takes the input out of the paper comes to the same digest
        attached = tmp_path / "evidence.bundle.json"
        attached.write_bytes(PdfReader(io.BytesIO(paper)).attachments[attached.name][0])
        assert main(["disclose", str(attached), "--digest"]) == 0
        assert f"document {digest}\n" in capsys.readouterr().out

        twin = f"/v1/loan-disclosures/{digest}"
        assert api.get(twin).status_code == 404
        assert "链上未见" in api.get(f"/disclosures/{digest}?lang=zh").text
        about = {"member": BANK, "tool": b"cerf".ljust(32, b"\0"), "year": 2025, "quarter": 2, "publishedAt": NOW}
        first = any_record("loandisclosure", disclosureId=b"\1" * 32, document=bytes.fromhex(digest), **about)
        write_records(api.engine, [first], 500)
        (filed,) = api.get(twin).json()["items"]
        assert (filed["bank"], filed["year"], filed["quarter"], filed["late"]) == (BANK.hex(), 2025, 2, False)
        assert filed["replaced_by"] is None
        page = api.get(f"/disclosures/{digest}?lang=zh").text
        assert "已上链，有效" in page and digest in page
        second = {"disclosureId": b"\2" * 32, "document": bytes.fromhex(newer), "replaces": b"\1" * 32, "late": True}
        write_records(api.engine, [any_record("loandisclosure", **about, **second)], 501)
        assert api.get(twin).json()["items"][0]["replaced_by"] == newer
        page = api.get(f"/disclosures/{digest}?lang=en").text
        assert "Replaced" in page and f"/disclosures/{newer}" in page
        assert "late" in api.get(f"/disclosures/{newer}?lang=en").text


def test_a_paper_has_the_services_own_address_whatever_host_was_asked(tmp_path: Path) -> None:
    with ledger_api(tmp_path, settings={"public_url": "https://ledger.example"}) as api:
        headers = {**JSON, "Host": "elsewhere.example"}
        paper = api.post("/v1/loan-disclosures?format=pdf&language=en", content=RAW, headers=headers).content
    assert address_on(paper).startswith("https://ledger.example/disclosures/")
