from django.urls import path

from console.sync import run_views, views

app_name = "sync"
urlpatterns = [
    path("inbox/", views.listing, name="inbox"),
    path("inbox/export/", views.export, name="inbox-export"),
    path("inbox/replay/", views.replay_all, name="replay-all"),
    path("inbox/<int:pk>/", views.delivery, name="delivery"),
    path("inbox/<int:pk>/replay/", views.replay, name="replay"),
    path("reconciliation/runs/", run_views.listing, name="runs"),
    path("reconciliation/runs/live/", run_views.live, name="runs-live"),
    path("reconciliation/runs/start/", run_views.start, name="start"),
    path("reconciliation/runs/<int:pk>/", run_views.detail, name="run"),
]
