"""Any mirrored record as it was, and its rebuilding."""

from django.urls import path

from console.timeline import views

app_name = "timeline"
urlpatterns = [
    path("<slug:noun>/<int:pk>/", views.history_of, name="history"),
    path("<slug:noun>/<int:pk>/timeline/", views.part, name="part"),
    path("<slug:noun>/<int:pk>/rebuild/", views.rebuild_row, name="rebuild"),
]
