"""Addresses of people, companies, their identity checks, here and by a link, and the queue of reviews."""

from django.urls import URLPattern, path

from cardholders import accounts, companies, handoff_views, kyc_views, onboarding, previews, reviews, views

app_name = "cardholders"


def _kyc(prefix: str, noun: str) -> list[URLPattern]:
    """The same addresses for a person and for a company."""
    kind = {"noun": noun}
    return [
        path(f"{prefix}/new/", kyc_views.new, kind, name=f"{noun}_new"),
        path(f"{prefix}/<int:pk>/kyc/", kyc_views.session, kind, name=f"{noun}_kyc"),
        path(f"{prefix}/<int:pk>/kyc/resume/", kyc_views.resume, kind, name=f"{noun}_kyc_resume"),
        path(f"{prefix}/<int:pk>/kyc/submitted/", kyc_views.submitted, kind, name=f"{noun}_kyc_submitted"),
        path(f"{prefix}/<int:pk>/handoff/", handoff_views.hand_over, kind, name=f"{noun}_handoff"),
        path(f"{prefix}/<int:pk>/handoff/revoke/", handoff_views.revoke, kind, name=f"{noun}_handoff_revoke"),
    ]


def _reviews(prefix: str, noun: str, name: str) -> list[URLPattern]:
    kind = {"noun": noun}
    return [
        path(prefix, reviews.queue, kind, name=name),
        path(f"{prefix}export/", reviews.export, kind, name=f"{name}_export"),
    ]


urlpatterns = [
    path("balances/", accounts.listing, name="accounts"),
    path("cardholders/", views.listing, name="list"),
    path("cardholders/export/", views.export, name="export"),
    path("cardholders/<int:pk>/", views.detail, name="detail"),
    path("cardholders/<int:pk>/preview/", previews.applicant, {"noun": "cardholder"}, name="preview"),
    path("companies/", companies.listing, name="companies"),
    path("companies/export/", companies.export, name="companies_export"),
    path("companies/<int:pk>/", companies.detail, name="company"),
    path("companies/<int:pk>/preview/", previews.applicant, {"noun": "company"}, name="company_preview"),
    *_kyc("cardholders", "cardholder"),
    *_kyc("companies", "company"),
    path("onboarding/thanks/", onboarding.thanks, name="onboarding_thanks"),
    path("onboarding/<str:token>/", onboarding.door, name="onboarding"),
    path("onboarding/<str:token>/submitted/", onboarding.submitted, name="onboarding_submitted"),
    *_reviews("reviews/", "cardholder", "reviews"),
    *_reviews("reviews/companies/", "company", "company_reviews"),
    path("reviews/cardholder/<int:pk>/", reviews.decide, {"noun": "cardholder"}, name="cardholder_decide"),
    path("reviews/company/<int:pk>/", reviews.decide, {"noun": "company"}, name="company_decide"),
]
