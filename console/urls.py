"""Every mount, in one screen."""

from django.urls import include, path

from console import help as in_app_help
from console import home, live
from console.sync.probes import healthz, readyz
from console.sync.webhooks import receive

urlpatterns = [
    path("", home.home, name="home"),
    path("home/panels/", home.panels, name="panels"),
    path("attention/<slug:key>/", home.rows, name="attention"),
    path("help/", in_app_help.page, name="help"),
    path("help/keyboard/", in_app_help.keyboard, name="keyboard"),
    path("", include("cardholders.urls")),
    path("cards/", include("cards.urls")),
    path("", include("transactions.urls")),
    path("reconciliation/", include("console.reconciliation.urls")),
    path("", include("console.sync.urls")),
    path("activity/", include("console.audit.urls")),
    path("staff/", include("console.staff.urls")),
    path("notices/", include("console.notices.urls")),
    path("live/", live.frame, name="live"),
    path("search/", include("console.search.urls")),
    path("notes/", include("console.notes.urls")),
    path("bulk/", include("console.bulk.urls")),
    path("views/", include("console.saved.urls")),
    path("history/", include("console.timeline.urls")),
    path("vocabulary/", include("console.vocabulary.urls")),
    path("", include("console.provider.urls")),
    path("accounts/", include("allauth.urls")),
    path("webhooks/codego/", receive, name="webhook"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("console.branding.urls")),
]

handler500 = "console.errors.failed"
