from django.urls import path

from console.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.listing, name="list"),
    path("export/", views.export, name="export"),
]
