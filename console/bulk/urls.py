"""Bulk actions: drafted from a list, tried dry, run, followed."""

from django.urls import path

from console.bulk import views

app_name = "bulk"
urlpatterns = [
    path("", views.listing, name="list"),
    path("<int:pk>/", views.run, name="run"),
    path("<int:pk>/check/", views.check, name="check"),
    path("<int:pk>/confirm/", views.confirm, name="confirm"),
    path("<int:pk>/stop/", views.stop, name="stop"),
    path("<int:pk>/retry/", views.retry, name="retry"),
    path("<int:pk>/export/", views.export, name="export"),
    path("<slug:name>/", views.draft, name="draft"),
]
