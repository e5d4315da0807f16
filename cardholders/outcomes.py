"""What each state of an application means in plain words, and whose turn it is."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cardholders.models import Cardholder, Company


class Meaning(NamedTuple):
    """`turn` says who must act next; `level` is the notice it is shown in."""

    text: str | Promise
    turn: str | Promise
    level: str


_APPLICANT = _("The applicant, in a KYC session. Open or resume it, and tell them what is missing.")
_PROVIDER = _("The provider. Real people take one to two business days, the sandbox takes seconds.")
_COMPLIANCE = _("Compliance. Read the reason, settle with the applicant what follows, and record it.")
_NOBODY = _("Nobody.")

MEANINGS = {
    "approved": Meaning(_("Identity confirmed. Cards can be issued."), _NOBODY, "good"),
    "pending": Meaning(_("The provider is checking what was submitted."), _PROVIDER, "info"),
    "manualreview": Meaning(_("A person at the provider is looking at this application."), _PROVIDER, "info"),
    "needsinformation": Meaning(_("The provider needs more than was submitted."), _APPLICANT, "warn"),
    "needsverification": Meaning(_("The identity is not verified yet."), _APPLICANT, "warn"),
    "denied": Meaning(_("The provider turned this application down. No card can be issued."), _COMPLIANCE, "bad"),
    "locked": Meaning(_("The provider has locked this application."), _COMPLIANCE, "warn"),
    "canceled": Meaning(_("The application was cancelled."), _NOBODY, "info"),
    "notstarted": Meaning(_("Nothing has been submitted yet."), _APPLICANT, "info"),
    "tosnotaccepted": Meaning(_("The provider's terms are not accepted yet."), _APPLICANT, "warn"),
    "exempt": Meaning(_("The provider asks no identity check here."), _NOBODY, "info"),
}
UNHEARD = Meaning(
    _("The provider does not know this applicant yet: nothing has been submitted."),
    _("Operations. Open a KYC session with the applicant."),
    "info",
)
BEING_READ = Meaning(_("Known by reference, being read from the provider."), _NOBODY, "info")
NEW_WORD = Meaning(
    _("The provider sent a status this console does not know."), _("An administrator. Ask the provider."), "warn"
)


def meaning(applicant: Cardholder | Company) -> Meaning:
    if not applicant.state:
        return BEING_READ if applicant.by_reference and applicant.codego_id else UNHEARD
    return MEANINGS.get(applicant.state, NEW_WORD)
