"""The provider: what became of each write to it, what it has and how it answers, and the log of requests."""

from django.urls import path

from console.provider import provider_views, views

app_name = "provider"
urlpatterns = [
    path("commands/<uuid:pk>/", views.command, name="command"),
    path("provider/", provider_views.provider, name="provider"),
    path("provider/requests/", provider_views.requests, name="requests"),
    path("provider/requests/export/", provider_views.export_requests, name="requests-export"),
    path("provider/requests/<int:pk>/", provider_views.logged, name="request"),
    path("provider/features/<slug:key>/try/", provider_views.try_feature, name="try-feature"),
]
