"""Commands: what became of each write to the provider."""

from django.urls import path

from console.provider import views

app_name = "provider"
urlpatterns = [path("<uuid:pk>/", views.command, name="command")]
