"""What each state of an application means in plain words, and whose turn it is."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cardholders.models import Cardholder, Company


class Meaning(NamedTuple):
    """`who` must act next, and `turn` says how; both are empty where nobody must. `level` is the notice's."""

    text: str | Promise
    level: str
    who: str | Promise = ""
    turn: str | Promise = ""
    session: bool = False  # whether a KYC session is what helps


_APPLICANT = (_("The applicant"), _("In a KYC session. Open or resume it, and tell them what is missing."), True)
_PROVIDER = (_("The provider"), _("Real people take one to two business days, the sandbox takes seconds."))
_COMPLIANCE = (_("Compliance"), _("Read the reason, settle with the applicant what follows, and record it."))

MEANINGS = {
    "approved": Meaning(_("The application is approved: cards can be issued."), "good"),
    "pending": Meaning(_("The provider is checking what was submitted."), "info", *_PROVIDER),
    "manualreview": Meaning(_("A person at the provider is looking at this application."), "info", *_PROVIDER),
    "needsinformation": Meaning(_("The provider needs more than was submitted."), "warn", *_APPLICANT),
    "needsverification": Meaning(_("The identity is not verified yet."), "warn", *_APPLICANT),
    "denied": Meaning(_("The provider turned this application down: no card can be issued."), "bad", *_COMPLIANCE),
    "locked": Meaning(_("The provider has locked this application."), "warn", *_COMPLIANCE),
    "canceled": Meaning(_("The application was cancelled."), "info"),
    "notstarted": Meaning(_("Nothing has been submitted yet."), "info", *_APPLICANT),
    "tosnotaccepted": Meaning(_("The provider's terms are not accepted yet."), "warn", *_APPLICANT),
    "exempt": Meaning(_("The provider asks no identity check here."), "info"),
}
UNHEARD = Meaning(
    _("The provider does not know this applicant yet: nothing has been submitted."),
    "info",
    _("Operations"),
    _("Open a KYC session with the applicant."),
    session=True,
)
BEING_READ = Meaning(_("Known by reference, being read from the provider."), "info")
NEW_WORD = Meaning(
    _("The provider sent a status this console does not know."),
    "warn",
    _("An administrator"),
    _("Ask the provider what it means."),
)


def meaning(applicant: Cardholder | Company) -> Meaning:
    if not applicant.state:
        return BEING_READ if applicant.by_reference and applicant.codego_id else UNHEARD
    return MEANINGS.get(applicant.state, NEW_WORD)
