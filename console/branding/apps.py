from django.apps import AppConfig


class BrandingConfig(AppConfig):
    name = "console.branding"
    label = "branding"
