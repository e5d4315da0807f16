"""Saved views of lists."""

from django.urls import path

from console.saved import views

app_name = "saved"
urlpatterns = [
    path("new/", views.new, name="new"),
    path("columns/", views.columns, name="columns"),
    path("<int:pk>/", views.edit, name="edit"),
    path("<int:pk>/update/", views.update, name="update"),
    path("<int:pk>/delete/", views.delete, name="delete"),
]
