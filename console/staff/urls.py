from django.urls import path

from console.staff import views

app_name = "staff"
urlpatterns = [
    path("", views.listing, name="list"),
    path("new/", views.new, name="new"),
    path("me/", views.me, name="me"),
    path("<int:pk>/", views.edit, name="edit"),
]
