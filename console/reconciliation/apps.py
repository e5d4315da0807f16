from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    name = "console.reconciliation"
    label = "reconciliation"
