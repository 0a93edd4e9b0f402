"""Where other offices leave their heads, to be kept out of their own reach."""

from __future__ import annotations

import base64
import binascii
import hmac

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from plumbline.trail.heads import NotAHeadError, read
from plumbline.trail.receiving import HeadRefusedError, held_of, keep


@csrf_exempt  # a program signs in with its token at every call; there is no session to ride on
@require_http_methods(["GET", "POST"])
def heads(request: HttpRequest) -> HttpResponse:
    """The last head that is held of whoever asks; a POST leaves the next. To strangers there is no such page."""
    peer = _peer(request)
    if peer is None:
        return HttpResponseNotFound()
    if request.method == "POST":
        try:
            keep(read(request.body.decode()), peer=peer, at=timezone.now())
        except (NotAHeadError, UnicodeDecodeError) as error:
            return HttpResponse(str(error), status=400, content_type="text/plain")
        except HeadRefusedError as error:
            return HttpResponse(error.in_("en"), status=409, content_type="text/plain")
    held = held_of(peer)
    return JsonResponse({"held": held.as_json() if held else None})


def _peer(request: HttpRequest) -> str | None:
    """Whose token this is."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    try:
        name, _, token = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    expected: str = settings.TRAIL_PEERS.get(name, "")
    same = hmac.compare_digest(expected.encode(), token.encode())
    return name if kind == "Basic" and expected and same else None
