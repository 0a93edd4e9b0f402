"""What a server runs."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plumbline.web.settings")
application = get_wsgi_application()

from plumbline.org.walls import close_outside_requests  # noqa: E402 -- once the models are there

close_outside_requests()
