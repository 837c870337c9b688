"""Templates to HTML: the language, the strings and the formats are put into every page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.access import PUBLIC, Caller
from api.pages.figures import Figures
from api.pages.text import LOCALES, Language, Text, choose_language
from api.problems import Problem
from api.schemas import Amount, Member
from carbonledger.assessment import chinese, library
from carbonledger.assessment.grade.scheme import Scheme
from carbonledger.assessment.on_chain import grade_titles
from carbonledger.punctuation import full_width

COOKIE: Final = "language"
TAGS: Final = {"zh": "zh-CN", "en": "en"}


class Renderer:
    """The pages' templates."""

    def __init__(self, folder: Path, version: str) -> None:
        self._version = version
        self._environment = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["data"] = _data

    def page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        """One page in the language of the request; the choice in the address is kept in a cookie."""
        asked = request.query_params.get("lang")
        language = choose_language(asked, request.cookies.get(COOKIE), request.headers.get("accept-language"))
        other: Language = "en" if language == "zh" else "zh"
        text = Text(language)
        reader: Caller = getattr(request.state, "caller", PUBLIC)
        html = self._environment.get_template(template).render(
            t=text,
            f=Figures(language),
            tag=TAGS[language],
            locale=LOCALES[language],
            language=language,
            other_tag=TAGS[other],
            other_url=_relative(request, other),
            version=self._version,
            path=request.url.path,
            member_name=lambda member: _name(member, language),
            grade_name=lambda scheme, grade: _grade(scheme, grade, text),
            scheme=lambda key: _scheme(key, language),
            said=lambda pair: _said(pair, language),
            reader=reader,
            formula=lambda text: chinese.formula(text, language),
            threshold=lambda name: chinese.name(name, language),
            unit=lambda name: chinese.unit(name, language),
            sign_in=f"/sign-in?to={quote(_here(request), safe='/')}",
            short=_short,
            amount=_amount,
            percent=_percent,
            width=_width,
            **values,
        )
        response = HTMLResponse(
            html, status, {"Vary": "Accept-Language, Cookie, HX-Request", "Cache-Control": "no-cache"}
        )
        if asked == language:
            response.set_cookie(COOKIE, language, max_age=31_536_000, samesite="lax", httponly=True)
        return response

    def problem(self, request: Request, problem: Problem) -> Response:
        """A problem as a page."""
        answer = self.page(request, "problem.html", status=problem.status, problem=problem.body, twin=None)
        answer.headers.update(problem.headers)
        return answer


def _relative(request: Request, language: Language) -> str:
    url = request.url.include_query_params(lang=language)
    return f"{url.path}?{url.query}"


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _name(member: Member | None, language: Language) -> str | None:
    if member is None or member.name is None:
        return None
    return member.name.zh if language == "zh" else member.name.en


def _grade(scheme: str, grade: str, text: Text) -> str:
    """A grade in the words of its scheme; of a scheme that the package does not know, its key."""
    known = _schemes().get(scheme)
    title = None if known is None else grade_titles(known).get(grade)
    if title is None:
        return text.or_(f"grade.{grade}", grade)
    return full_width(title[1]) if text.language == "zh" else title[0]


def _scheme(key: str, language: Language) -> dict[str, str]:
    """Title and status (`proposal`, …) of a scheme; the key and no status of one that the package does not know."""
    known = _schemes().get(key)
    if known is None:
        return {"title": key, "status": ""}
    english, chinese = known.head.title
    return {"title": full_width(chinese) if language == "zh" else english, "status": known.head.status}


@cache
def _schemes() -> dict[str, Scheme]:
    return {one.head.key: one for one in library.schemes()}


def _said(pair: Mapping[str, str], language: Language) -> str:
    """A sentence of a published set or a record, in the reader's language and its punctuation."""
    return full_width(pair["zh"]) if language == "zh" else pair["en"]


def _short(identifier: str, digits: int = 8) -> str:
    return f"{identifier[:digits]}…" if len(identifier) > digits + 1 else identifier


def _amount(value: Mapping[str, str]) -> Amount:
    """A quantity of a JSON document, for the figures."""
    return Amount(value=value["value"], unit=value["unit"])


def _percent(share: Mapping[str, str] | None) -> str:
    """A fraction of a JSON document in per cent, for reading."""
    return "–" if share is None else f"{Decimal(share['shown']) * 100:.2f} %"


def _width(share: Mapping[str, str] | None, full: int) -> str:
    """A fraction as a length in a picture."""
    return "0" if share is None else f"{Decimal(share['shown']) * full:.1f}"


def _data(value: Any) -> Markup:
    """A value as JSON inside a data block of a page: no `<` can end the block."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
