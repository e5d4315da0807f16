"""What a person was told, and how they want to hear of it."""

from django.urls import path

from console.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.listing, name="list"),
    path("latest/", views.latest, name="latest"),
    path("seen/", views.all_seen, name="all_seen"),
    path("settings/", views.settings, name="settings"),
    path("<int:pk>/", views.open_notice, name="open"),
    path("<int:pk>/seen/", views.seen, name="seen"),
]
