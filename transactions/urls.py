"""Transactions, charges, disputes and reports."""

from django.urls import path

from transactions import charge_views, dispute_actions, dispute_views, previews, report_views, views

app_name = "transactions"
urlpatterns = [
    path("transactions/", views.transactions, name="list"),
    path("transactions/export/", views.export_transactions, name="export"),
    path("transactions/<int:pk>/", views.transaction, name="detail"),
    path("transactions/<int:pk>/preview/", previews.transaction, name="preview"),
    path("transactions/<int:pk>/dispute/", dispute_views.open_dispute, name="open_dispute"),
    path("transactions/by-id/<path:codego_id>/", views.by_id, name="by_id"),
    path("cardholders/<int:pk>/charge/", charge_views.charge_person, name="charge_person"),
    path("companies/<int:pk>/charge/", charge_views.charge_company, name="charge_company"),
    path("charges/<uuid:pk>/claim/", charge_views.claim, name="claim_charge"),
    path("disputes/", dispute_views.disputes, name="disputes"),
    path("disputes/export/", dispute_views.export_disputes, name="export_disputes"),
    path("disputes/<int:pk>/", dispute_views.dispute, name="dispute"),
    path("disputes/<int:pk>/preview/", previews.dispute, name="dispute_preview"),
    path("disputes/<int:pk>/withdraw/", dispute_actions.withdraw, name="withdraw"),
    path("disputes/<int:pk>/statement/", dispute_actions.statement, name="statement"),
    path("disputes/<int:pk>/attach/", dispute_actions.attach, name="attach"),
    path("disputes/<int:pk>/file/", dispute_actions.evidence, name="evidence"),
    path("disputes/answer/<uuid:pk>/", dispute_views.answer, name="answer"),
    path("reports/", report_views.reports, name="reports"),
    path("reports/new/", report_views.new_report, name="new_report"),
    path("reports/<int:pk>/", report_views.report, name="report"),
    path("reports/<int:pk>/download/", report_views.download, name="download"),
]
