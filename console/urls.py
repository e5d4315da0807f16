"""Every mount, in one screen."""

from django.urls import include, path

from console.branding import brand_css_view
from console.sync.probes import healthz, readyz
from console.sync.webhooks import receive

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("webhooks/codego/", receive, name="webhook"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("brand.css", brand_css_view, name="brand"),
]
