from django.apps import AppConfig


class StaffConfig(AppConfig):
    name = "console.staff"
    label = "staff"

    def ready(self) -> None:
        from console.staff import sign_in  # noqa: F401  (its receivers connect on import)
