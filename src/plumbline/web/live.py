"""What waits for whoever looks, told anew to pages that stay open.

A page that is seen asks once a minute (`plumb.js`) and says what it was told last. Mostly nobody did anything
meanwhile, and hundreds of pages ask: so it is first held against the newest act on the trail, before rights,
walls and counts, and then the answer is empty. Every act is on the trail in the transaction of what it changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_GET

from plumbline.org.guard import rests
from plumbline.org.models import User
from plumbline.org.policy import rights_of
from plumbline.trail.actions import READ
from plumbline.trail.models import Entry
from plumbline.web.navigation import waiting

#: Seconds after which a page is told anew in any case: a day has begun, or an act became known after a later one.
LONGEST = 10 * 60
#: Acts after which nothing else waits for anybody.
_LOOKING = (READ, "warning.read", "disposal.read")


def tag(user: User) -> str:
    """Of all that was done until now, for one person: it says nothing else, and nobody can make one up."""
    acts = Entry.objects.exclude(action__in=_LOOKING).order_by("-pk").values_list("pk", flat=True)
    newest = acts.first()
    said = f"{user.pk} {newest} {timezone.localdate()} {int(time.time() // LONGEST)}"
    return salted_hmac("plumbline.web.live", said, algorithm="sha256").hexdigest()[:32]


class Unmoved:
    """Middleware: whoever has been told of all that was done is answered at once, by nothing.

    A session that rests goes on to where it is locked.
    """

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path != reverse("live") or not request.user.is_authenticated:
            return self._respond(request)
        if rests(request.session) or request.GET.get("seen") != tag(request.user):
            return self._respond(request)
        return HttpResponse(status=204, headers={"Cache-Control": "no-store, private"})


@login_required
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """How much waits at each place of the rail, by its address; to whoever has no part here it does not exist."""
    user, on = request.user, timezone.localdate()
    assert isinstance(user, User)
    if not rights_of(user, on).holdings:
        raise Http404
    seen = tag(user)  # before what is counted, so that nothing falls between
    return JsonResponse({"seen": seen, "counts": waiting(request, on)})
