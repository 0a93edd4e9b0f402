"""The interface for programs, put together from the apps' own parts; each part needs its scope.

GET /api/v1/warnings      Authorization: Bearer plumb_...
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Router, Schema
from ninja.errors import AuthenticationError, AuthorizationError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.security.http import HttpAuthBase

import plumbline
from plumbline.errors import PlumblineError, Text
from plumbline.kit.flow import OutOfStepError
from plumbline.loop.closure.api import router as figures
from plumbline.loop.delivery.api import delivering
from plumbline.loop.delivery.api import router as deliveries
from plumbline.loop.disposal.api import router as disposals
from plumbline.loop.disposal.api import signing
from plumbline.loop.warning.api import router as warnings
from plumbline.org.policy import NotYoursError
from plumbline.web.programs.models import Scope, Token


class Problem(Schema):
    """What went wrong and what to do, in Chinese and English; nothing was changed."""

    zh: str
    en: str
    where: str = ""
    hint_zh: str = ""
    hint_en: str = ""


class Opens(HttpAuthBase):
    """A token whose scopes include this one; the guard read it before, and knows whose it is."""

    openapi_scheme = "bearer"

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self._scope = scope

    def __call__(self, request: HttpRequest) -> Token | None:
        """The token that the guard found (`guard.Programs`)."""
        token: Token | None = getattr(request, "token", None)
        if token is not None:
            _must_know(request)
        if token is not None and self._scope not in token.scopes:
            raise AuthorizationError(message=self._scope)
        return token


#: What can go wrong with any call -> in words.
_PROBLEMS = {
    400: Text("内容不符合要求", "what was sent does not fit"),
    401: Text("令牌缺失、过期或已作废", "the token is missing, has ended, or was withdrawn"),
    403: Text("令牌没有这项权限", "the token lacks the scope"),
    404: Text("没有找到", "not found"),
    409: Text("现在不能这样办理", "it is in no state for this"),
    422: Text("参数有误", "a parameter is wrong"),
}


class _Interface(NinjaAPI):
    """Says of every call what can go wrong with it."""

    def get_openapi_schema(self, **asked: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**asked)
        named = Problem.model_json_schema()
        schema["components"]["schemas"]["Problem"] = named
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for path in schema["paths"].values():
            for operation in path.values():
                operation["responses"] |= {
                    status: {"description": f"{words.zh} {words.en}", "content": content}
                    for status, words in _PROBLEMS.items()
                }
        return schema


interface = _Interface(
    title="准绳 Plumbline",
    version="1",
    description=f"预警、处置、报送与统计，供单位自己的程序调用。Plumbline {plumbline.__version__}",
    urls_namespace="api",
    docs_url=None,
    openapi_url=None,  # it is shown to whoever is signed in (`views.description`)
)


class ParameterError(Exception):
    """A parameter that there is not, which would have narrowed nothing, or that is given twice, of which one would count."""


def _must_know(request: HttpRequest) -> None:
    """Refuse names that the call does not have, and those that come twice.

    Raises:
        ParameterError: there are some.
    """
    route = request.resolver_match.route if request.resolver_match else ""
    known = _names().get(f"/{_IN_ROUTES.sub(_IN_PATHS, route)}", frozenset())
    if wrong := {
        name for name, values in request.GET.lists() if name not in known or len(values) > 1
    }:
        raise ParameterError(", ".join(sorted(wrong)))


_IN_ROUTES, _IN_PATHS = re.compile(r"<(?:\w+:)?(\w+)>"), r"{\1}"


@cache
def _names() -> dict[str, frozenset[str]]:
    """Path -> names that may follow its question mark."""
    return {
        path: frozenset(
            each["name"]
            for operation in operations.values()
            for each in operation.get("parameters", ())
            if each["in"] == "query"
        )
        for path, operations in interface.get_openapi_schema()["paths"].items()
    }


@interface.exception_handler(ParameterError)
def _unfit(request: HttpRequest, error: ParameterError) -> HttpResponse:
    return _answer(request, 422, where=str(error))


@interface.exception_handler(PlumblineError)
def _refused(request: HttpRequest, error: PlumblineError) -> HttpResponse:
    if isinstance(error, NotYoursError):
        return _answer(request, 404)
    status = 409 if isinstance(error, OutOfStepError) else 400
    return _answer(request, status, error.problem, error.where, error.hint)


@interface.exception_handler(AuthorizationError)
def _out_of_scope(request: HttpRequest, error: AuthorizationError) -> HttpResponse:
    return _answer(request, 403, where=str(error.message))


@interface.exception_handler(ValidationError)
def _wrong(request: HttpRequest, error: ValidationError) -> HttpResponse:
    places = ["/".join(str(part) for part in each["loc"]) for each in error.errors]
    return _answer(request, 422, where=", ".join(places))


interface.add_exception_handler(Http404, lambda request, _: _answer(request, 404))
interface.add_exception_handler(AuthenticationError, lambda request, _: _answer(request, 401))


def _answer(
    request: HttpRequest,
    status: int,
    words: Text | None = None,
    where: str = "",
    hint: Text | None = None,
) -> HttpResponse:
    words, hint = words or _PROBLEMS[status], hint or Text("", "")
    told = Problem(zh=words.zh, en=words.en, where=where, hint_zh=hint.zh, hint_en=hint.en)
    return interface.create_response(request, told.model_dump(), status=status)


_PARTS: tuple[tuple[str, Router, Scope], ...] = (
    ("/warnings", warnings, Scope.WARNINGS),
    ("/disposals", disposals, Scope.DISPOSALS),
    ("/disposals", signing, Scope.SIGN),
    ("/deliveries", deliveries, Scope.DELIVERIES),
    ("/datasets", delivering, Scope.DELIVER),
    ("/figures", figures, Scope.FIGURES),
)
for _place, _router, _scope in _PARTS:
    interface.add_router(_place, _router, auth=Opens(_scope))
