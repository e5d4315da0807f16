"""Where notes are posted."""

from django.urls import path

from console.notes import views

app_name = "notes"
urlpatterns = [
    path("people/<str:record>/", views.people, name="people"),
    path("<str:record>/<int:record_id>/", views.add, name="add"),
]
