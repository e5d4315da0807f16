from django.urls import path

from console.sync import forged_views, freshness_views, run_views, views

app_name = "sync"
urlpatterns = [
    path("inbox/", views.listing, name="inbox"),
    path("inbox/export/", views.export, name="inbox-export"),
    path("inbox/replay/", views.replay_all, name="replay-all"),
    path("inbox/waiting/", views.waiting, name="inbox-waiting"),
    path("inbox/rejected/", forged_views.page, name="rejected"),
    path("inbox/verify/", forged_views.verify_all, name="verify-all"),
    path("inbox/<int:pk>/verify/", forged_views.verify, name="verify"),
    path("inbox/<int:pk>/", views.delivery, name="delivery"),
    path("inbox/<int:pk>/replay/", views.replay, name="replay"),
    path("reconciliation/runs/", run_views.listing, name="runs"),
    path("reconciliation/runs/export/", run_views.export, name="runs-export"),
    path("reconciliation/runs/live/", run_views.live, name="runs-live"),
    path("reconciliation/runs/start/", run_views.start, name="start"),
    path("reconciliation/runs/<int:pk>/", run_views.detail, name="run"),
    path("as-of/<slug:names>/", freshness_views.resources, name="as-of"),
    path("as-of/<slug:resource>/<int:pk>/", freshness_views.row, name="as-of-row"),
    path("as-of/<slug:resource>/<int:pk>/read-again/", freshness_views.read_again, name="read-again"),
]
