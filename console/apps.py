from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "console"

    def ready(self) -> None:
        from console import celery, checks  # noqa: F401  (the app that tasks publish to; the system checks)
