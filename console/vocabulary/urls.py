"""The provider's new words."""

from django.urls import path

from console.vocabulary import views

app_name = "vocabulary"
urlpatterns = [
    path("", views.listing, name="list"),
    path("<int:pk>/", views.explain, name="explain"),
]
