"""A certificate on a phone: said in one glance, judged by the browser itself, and as the command judges it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import segno
from playwright.sync_api import Browser, Page, Route

from carbonledger import jcs
from carbonledger.credential import did, integrity, jose, verify
from carbonledger.keys import PrivateKey
from tests.e2e.browser_kit import chromium, served
from tests.integration.api_kit import NOW, LedgerApi, write_records
from tests.integration.test_api_credentials import MEMBER, MINE, turn
from tests.support import certificates as of
from tests.support.certificates import ISSUER, KEY

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True,
}  # fmt: skip
P256 = PrivateKey.from_seed("es256", bytes(range(1, 33)))
RUN = """async ([at, cases]) => {
  const { verify } = await import("/static/credential/verify.js");
  const { keysOf } = await import("/static/credential/did.js");
  const bytesOf = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const answers = [];
  for (const { credential, issuer, lists } of cases) {
    const keys = issuer === null ? new Map() : new Map([await keysOf(bytesOf(issuer))]);
    const { verdict, steps } = await verify(bytesOf(credential), keys, at, lists.map(bytesOf));
    answers.push({ verdict, steps });
  }
  return answers;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, LedgerApi]]:
    with served(tmp_path_factory.mktemp("certificates")) as (url, api):
        at = NOW - 500
        rows = [*of.contracts(), of.code(quarter=1, assessedAt=at, **MINE), of.standing(1, **MINE)]
        rows += [of.grade(quarter=1, gradedAt=at, **MINE), of.disposal(decidedAt=at, **MINE)]
        write_records(api.engine, rows, first_block=900)
        turn(api.engine)
        yield url, api


def items(api: LedgerApi) -> dict[str, dict[str, Any]]:
    return {item["kind"]: item for item in api.get(f"/v1/members/{MEMBER}/credentials", "enterprise").json()["items"]}


def on_a_phone(browser: Browser, url: str, **more: Any) -> Page:
    page = browser.new_context(**PHONE, **more).new_page()
    page.goto(url)
    page.locator("#checked[data-verdict]").wait_for()
    return page


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", ["code", "grade", "retirement"])
def test_the_glance_is_on_the_first_screen_of_a_phone(
    browser: Browser, site: tuple[str, LedgerApi], kind: str, language: str
) -> None:
    url, api = site
    page = on_a_phone(browser, f"{url}/check/{items(api)[kind]['id']}?lang={language}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("h1").count() == 1
    for what in (".stands strong", "h1", ".facts div:nth-child(2)"):
        box = page.locator(f".certificate {what}").bounding_box()
        assert box is not None and box["y"] + box["height"] <= 844, what
    assert page.locator("#checked").get_attribute("data-verdict") == "VALID"
    assert page.locator("#checked li.good").count() == 5
    page.context.close()


def test_one_glance_tells_each_standing_from_every_other(browser: Browser, site: tuple[str, LedgerApi]) -> None:
    """What a certificate may be, by word, sign and title struck or not; and a number that nobody issued."""
    url, api = site
    item = items(api)["code"]["id"]
    changes = {
        "valid": "suspended = NULL",
        "suspended": f"suspended = 'red', suspended_at = {NOW}",
        "revoked": f"revoked = 'fraud', revoked_at = {NOW}",
        "lapsed": f"valid_until = {NOW - 1}",
        "not-yet": f"valid_from = {NOW + 9}, valid_until = {NOW + 99}",
        "unknown": "",
    }
    with api.engine.begin() as connection:
        query = f"SELECT valid_from, valid_until FROM credential WHERE id = '{item}'"
        valid_from, valid_until = connection.exec_driver_sql(query).one()
    clean = f"suspended = NULL, revoked = NULL, valid_from = {valid_from}, valid_until = {valid_until}"
    page = browser.new_context(**PHONE, locale="zh-CN").new_page()
    seen = {}
    for standing, change in changes.items():
        if change:
            with api.engine.begin() as connection:
                connection.exec_driver_sql(f"UPDATE credential SET {clean} WHERE id = '{item}'")
                connection.exec_driver_sql(f"UPDATE credential SET {change} WHERE id = '{item}'")
        page.goto(f"{url}/check/{item if change else '0' * 32}?lang=zh")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, standing
        assert page.locator(f".certificate.{standing}").count() == 1
        box = page.locator(".stands strong").bounding_box()
        assert box is not None and box["y"] + box["height"] < 300, standing
        seen[standing] = page.inner_text(".stands strong")
        assert (page.locator("h1.struck").count() == 1) == (standing not in ("valid", "unknown")), standing
    with api.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE credential SET {clean} WHERE id = '{item}'")
    assert len(set(seen.values())) == len(changes)
    assert (seen["valid"], seen["unknown"]) == ("有效", "查无此证书")
    page.context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_about_an_enterprise_fit_a_phone_and_lead_to_one_another(
    browser: Browser, site: tuple[str, LedgerApi], language: str
) -> None:
    url, api = site
    page = browser.new_context(
        **PHONE, extra_http_headers={"Authorization": f"Bearer {api.keys['regulator']}"}
    ).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    for path in (
        f"/codes/{MEMBER}",
        f"/forecast/{MEMBER}",
        f"/quota/{MEMBER}",
        "/inspections",
        "/alerts",
        "/region",
        "/banks",
    ):
        page.goto(f"{url}{path}?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert page.locator("h1").count() == 1, path
    page.goto(f"{url}/codes/{MEMBER}?lang={language}")
    for there in ("forecast", "codes", "ledger"):
        page.click(f"nav a[href='/{there}/{MEMBER}']")
        page.wait_for_url(f"**/{there}/{MEMBER}")
    assert said == []
    page.context.close()


def test_the_qr_code_leads_to_the_page(browser: Browser, site: tuple[str, LedgerApi]) -> None:
    """The picture is read back by its modules and compared with a code of the same address made for a terminal."""
    url, api = site
    item = items(api)["grade"]
    expected = segno.make_qr(item["check"], error="m")
    page = browser.new_page()
    page.goto(f"{url}/check/{item['id']}")
    size = len(list(expected.matrix)) + 8
    script = """async ([source, size]) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = new OffscreenCanvas(size * 8, size * 8).getContext("2d");
      canvas.drawImage(image, 0, 0, size * 8, size * 8);
      const rows = [];
      for (let y = 4; y < size - 4; y++) {
        rows.push([]);
        for (let x = 4; x < size - 4; x++) {
          const [dark] = canvas.getImageData(8 * x + 4, 8 * y + 4, 1, 1).data;
          rows.at(-1).push(dark < 128 ? 1 : 0);
        }
      }
      return rows;
    }"""
    for form in ("svg", "png"):
        found = page.evaluate(script, [f"{item['credential']}/qr.{form}", size])
        assert found == [list(row) for row in expected.matrix], form
    assert api.get(f"{item['credential']}/qr.png").content.startswith(b"\x89PNG")
    page.close()


def cases(api: LedgerApi) -> list[dict[str, Any]]:
    """Honest ones, and everything that can be wrong with one, in both forms."""
    made: list[dict[str, Any]] = []
    issuer = api.get("/.well-known/did.json").content
    for form in ("application/vc", "application/vc+jwt"):
        headers = {"Accept": form}
        lists = [api.get(f"/v1/status/{name}-1", headers=headers).content for name in ("revocation", "suspension")]
        fetched = [api.get(item["credential"], headers=headers).content for item in items(api).values()]
        made += [{"credential": data, "issuer": issuer, "lists": lists} for data in fetched]
    honest = made[0]
    document = json.loads(honest["credential"])
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    method = did.proof_method(ISSUER.did, KEY.public)

    def case(credential: Any, **more: Any) -> None:
        data = credential if isinstance(credential, bytes) else jcs.encode(credential)
        made.append({**honest, "credential": data, **more})

    case(document, issuer=None)
    case(document, lists=[])
    case(document, lists=honest["lists"][:1])
    case(document, lists=honest["lists"][1:])
    case(document, lists=[*honest["lists"][:1], b"{}"])
    for path, value in (
        (("credentialSubject", "colour"), "gold"),
        (("credentialSubject",), []),
        (("credentialSubject",), [{}]),
        (("issuer",), "did:web:other.example"),
        (("issuer",), {"id": ISSUER.did}),
        (("issuer",), 7),
        (("type",), "VerifiableCredential"),
        (("type",), ["X"]),
        (("id",), "no url"),
        (("validFrom",), "2026-02-30T00:00:00Z"),
        (("validFrom",), "2026-02-28T24:00:00Z"),
        (("validFrom",), "2026-02-28T23:59:59+08:00"),
        (("validFrom",), "2999-01-01T00:00:00Z"),
        (("validUntil",), "1999-01-01T00:00:00Z"),
        (("validUntil",), 5),
        (("@context",), ["https://www.w3.org/2018/credentials/v1"]),
        (("credentialStatus", 0, "statusListIndex"), "999999"),
        (("credentialStatus", 0, "statusListIndex"), "07"),
        (("credentialStatus", 0, "statusPurpose"), "message"),
        (("credentialStatus", 0, "statusListCredential"), "https://elsewhere.example/1"),
        (("credentialStatus", 0, "type"), "StatusList2021Entry"),
        (("credentialStatus",), []),
        (("proof", "proofValue"), document["proof"]["proofValue"][:-1] + "1"),
        (("proof", "proofValue"), "z0"),
        (("proof", "cryptosuite"), "eddsa-rdfc-2022"),
        (("proof", "proofPurpose"), "authentication"),
        (("proof", "verificationMethod"), "did:web:other.example#1"),
        (("proof", "domain"), "x"),
        (("proof", "@context"), ["https://other.example"]),
        (("proof",), []),
    ):
        signed, unsigned = json.loads(jcs.encode(document)), json.loads(jcs.encode(unsecured))
        at: Any = signed
        for name in path[:-1]:
            at = at[name]
        at[path[-1]] = value
        case(signed)
        if path[0] != "proof":  # the same, signed by the issuer itself: the form alone is wrong
            at = unsigned
            for name in path[:-1]:
                at = at[name]
            at[path[-1]] = value
            case(integrity.add(unsigned, KEY, method, "2026-06-30T00:00:00Z"))
            case(jose.sign(unsigned, KEY, method).encode())
    for key in (PrivateKey.from_seed("ed25519", bytes(32)), P256):
        case(jose.sign(unsecured, key, method).encode())
        of_other = jcs.encode(did.document(ISSUER.did, [key.public])) if key.algorithm == "ed25519" else issuer
        case(document, issuer=of_other)
    token = jose.sign(unsecured, KEY, method)
    case(token.replace(".", "..", 1).encode())
    case(token[:-2].encode())
    case(b"")
    case(b"{}")
    lists = [json.loads(data) for data in honest["lists"]]
    for name, value in (
        ("encodedList", "uH4sI"),
        ("encodedList", "nothing"),
        ("statusPurpose", "message"),
        ("statusPurpose", ["revocation", "suspension"]),
        ("statusSize", 2),
    ):
        changed = []
        for one in lists:
            body = {key: value for key, value in one.items() if key != "proof"}
            body["credentialSubject"] = {**body["credentialSubject"], name: value}
            changed.append(jcs.encode(integrity.add(body, KEY, method, "2026-06-30T00:00:00Z")))
        case(document, lists=changed)
    for index, purposes in ((0, ["revocation"]), (1, ["suspension"]), (2, ["revocation", "suspension"])):
        place = int(document["credentialStatus"][0]["statusListIndex"])
        bits = [place] if index < 2 else [place + 1 if place < 131_071 else 0]
        changed = list(honest["lists"])
        for purpose in purposes:
            at_list = 0 if purpose == "revocation" else 1
            changed[at_list] = ISSUER.status_list(purpose, 1, bits, NOW).document  # type: ignore[arg-type]
        case(document, lists=changed)
        if index == 2:
            case(
                document,
                lists=[ISSUER.status_list(p, 1, bits, NOW - 8 * 86_400).document for p in ("revocation", "suspension")],
            )
    return made


def test_the_browser_judges_as_the_command_does(browser: Browser, site: tuple[str, LedgerApi]) -> None:
    url, api = site
    page = browser.new_page()
    page.goto(f"{url}/verify")
    all_cases = cases(api)
    sent = [{name: _base64(value) for name, value in case.items()} for case in all_cases]
    found = page.evaluate(RUN, [NOW, sent])
    verdicts = []
    for case, theirs in zip(all_cases, found, strict=True):
        keys = {} if case["issuer"] is None else dict([did.keys_of(case["issuer"])])
        ours = verify(case["credential"], keys, NOW, case["lists"])
        states = [(step.number, step.name, step.verdict) for step in ours.steps]
        assert [(s["number"], s["name"], s["verdict"]) for s in theirs["steps"]] == states, (
            case,
            theirs,
            ours.to_json(),
        )
        assert theirs["verdict"] == ours.verdict
        for their, our in zip(theirs["steps"], ours.steps, strict=True):
            if our.verdict in ("valid", "not applicable"):
                assert their["reason"] == our.reason
        verdicts.append(ours.verdict)
    assert set(verdicts) == {"VALID", "INVALID", "INDETERMINATE", "ERROR"}
    assert verdicts[:6] == ["VALID"] * 6
    page.close()


def test_a_server_that_hides_a_suspension_is_found_out_by_the_browser(
    browser: Browser, site: tuple[str, LedgerApi]
) -> None:
    """The page's own words say that it stands; the signed list says otherwise; and a forged list is no list."""
    url, api = site
    item = items(api)["grade"]
    place = int(json.loads(api.get(item["credential"]).content)["credentialStatus"][0]["statusListIndex"])
    forger = type(ISSUER)(ISSUER.base_url, PrivateKey.from_seed("ed25519", bytes(32)), ISSUER.chain_id)
    for who, step in ((ISSUER, "6"), (forger, "6")):
        page = browser.new_context(**PHONE).new_page()
        answer = who.status_list("suspension", 1, [place] if who is ISSUER else [], NOW).document
        page.route("**/v1/status/suspension-1", answering(answer))
        page.goto(f"{url}/check/{item['id']}?lang=en")
        page.locator("#checked[data-verdict=INVALID]").wait_for()
        assert page.locator("#checked li.bad").get_attribute("data-step") == step
        page.context.close()


def answering(body: bytes) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=body)


def _base64(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list):
        return [_base64(one) for one in value]
    return base64.b64encode(value).decode()
