"""The brand's addresses. Those under /brand are public: a sign-in page and an e-mail show them too."""

from django.urls import path

from console.branding import components, theme, views

app_name = "branding"
urlpatterns = [
    path("brand.css", views.css, name="css"),
    path("brand/favicon.svg", views.favicon, name="favicon"),
    path("brand/manifest.webmanifest", views.manifest, name="manifest"),
    path("brand/<str:name>", views.image, name="image"),
    path("components/", components.page, name="components"),
    path("theme/", theme.choose, name="theme"),
    path("settings/brand/", views.edit, name="settings"),
    path("settings/brand/look/", views.looked_at, name="look"),
    path("settings/brand/preview.css", views.preview_css, name="preview"),
    path("settings/brand/reset/", views.reset, name="reset"),
]
