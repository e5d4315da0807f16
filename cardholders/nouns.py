"""A person or a company, by the noun that stands in addresses, commands, notes and audit entries."""

from django.shortcuts import get_object_or_404

from cardholders.models import Cardholder, Company

Applicant = Cardholder | Company
MODELS: dict[str, type[Cardholder] | type[Company]] = {"cardholder": Cardholder, "company": Company}


def noun_of(applicant: Applicant) -> str:
    return "cardholder" if isinstance(applicant, Cardholder) else "company"


def applicant_or_404(noun: str, pk: int) -> Applicant:
    return get_object_or_404(Cardholder, pk=pk) if noun == "cardholder" else get_object_or_404(Company, pk=pk)
