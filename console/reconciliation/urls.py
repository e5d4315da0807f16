from django.urls import path

from console.reconciliation import break_views, bulk_views, proof_views, sign_off_views, views

app_name = "reconciliation"
urlpatterns = [
    path("", views.desk, name="desk"),
    path("start/", views.start, name="start"),
    path("history/", views.history, name="history"),
    path("breaks/", break_views.listing, name="breaks"),
    path("breaks/export/", break_views.export, name="breaks-export"),
    path("breaks/assign/", bulk_views.assign, name="bulk-assign"),
    path("breaks/resolve/", bulk_views.resolve, name="bulk-resolve"),
    path("breaks/<int:pk>/", break_views.detail, name="break"),
    path("breaks/<int:pk>/take/", break_views.take, name="take"),
    path("breaks/<int:pk>/assign/", break_views.assign, name="assign"),
    path("breaks/<int:pk>/resolve/", break_views.resolve, name="resolve"),
    path("breaks/<int:pk>/reopen/", break_views.reopen, name="reopen"),
    path("proof/<str:noun>/<int:pk>/", proof_views.proof, name="proof"),
    path("<int:pk>/", sign_off_views.detail, name="detail"),
    path("<int:pk>/prepare/", sign_off_views.prepare, name="prepare"),
    path("<int:pk>/sign/", sign_off_views.sign, name="sign"),
    path("<int:pk>/export/", sign_off_views.export, name="export"),
]
