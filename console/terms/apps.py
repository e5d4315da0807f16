from django.apps import AppConfig


class TermsConfig(AppConfig):
    name = "console.terms"
    label = "terms"
