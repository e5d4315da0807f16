"""The WSGI entry point, served by granian. It does not start on settings that contradict each other."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
application = get_wsgi_application()

from console.checks import refuse_contradictions  # noqa: E402 - needs the applications loaded

refuse_contradictions()
