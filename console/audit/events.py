"""Every action that leaves an entry, `noun:verb`, with its label beside it. Retired names stay, so old entries keep their words."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Action(StrEnum):
    ACCESS_REFUSED = "access:refused"
    APPLICANT_ADD = "applicant:add"
    BRAND_EDIT = "brand:edit"
    BREAK_ASSIGN = "break:assign"
    BREAK_REOPEN = "break:reopen"
    BREAK_RESOLVE = "break:resolve"
    BULK_END = "bulk:end"
    BULK_START = "bulk:start"
    BULK_STOP = "bulk:stop"
    CARD_ACTIVATE = "card:activate"
    CARD_CANCEL = "card:cancel"
    CARD_ISSUE = "card:issue"
    CARD_LIMIT = "card:limit"
    CARD_LOCK = "card:lock"
    CARD_PIN_SET = "card:pin-set"
    CARD_PIN_VIEW = "card:pin-view"
    CARD_REPLACE = "card:replace"
    CARD_REVEAL = "card:reveal"
    CARD_UNLOCK = "card:unlock"
    CHARGE_MAKE = "charge:make"
    DELIVERY_REPLAY = "delivery:replay"
    DELIVERY_VERIFY = "delivery:verify"
    DISPUTE_DOWNLOAD = "dispute:download"
    DISPUTE_EVIDENCE = "dispute:evidence"
    DISPUTE_OPEN = "dispute:open"
    DISPUTE_RECORD = "dispute:record"
    DISPUTE_STATEMENT = "dispute:statement"
    DISPUTE_WITHDRAW = "dispute:withdraw"
    FEATURE_TEST = "feature:test"
    HANDOFF_CLOSED = "handoff:closed"
    HANDOFF_MAKE = "handoff:make"
    HANDOFF_OPEN = "handoff:open"
    HANDOFF_REVOKE = "handoff:revoke"
    HANDOFF_SUBMIT = "handoff:submit"
    KYC_OPEN = "kyc:open"
    LIST_EXPORT = "list:export"
    NOTE_ADD = "note:add"
    RECONCILIATION_PREPARE = "reconciliation:prepare"
    RECONCILIATION_REOPEN = "reconciliation:reopen"
    RECONCILIATION_SIGN = "reconciliation:sign"
    RECORD_MERGE = "record:merge"
    RECORD_REBUILD = "record:rebuild"
    REPORT_DOWNLOAD = "report:download"
    REPORT_MAKE = "report:make"
    REVIEW_DECIDE = "review:decide"
    RUN_START = "run:start"
    SIGN_IN = "staff:sign-in"
    SIGN_IN_FAILED = "staff:sign-in-failed"
    SIGN_OUT = "staff:sign-out"
    STAFF_CREATE = "staff:create"
    STAFF_UPDATE = "staff:update"
    VIEW_CHANGE = "view:change"
    VIEW_DELETE = "view:delete"
    VIEW_SHARE = "view:share"
    WORD_EXPLAIN = "word:explain"


LABELS = {
    Action.ACCESS_REFUSED: _("Opened a page without permission"),
    Action.APPLICANT_ADD: _("Add applicant"),
    Action.BRAND_EDIT: _("Change the brand"),
    Action.BREAK_ASSIGN: _("Assign break"),
    Action.BREAK_REOPEN: _("Open break again"),
    Action.BREAK_RESOLVE: _("Resolve break"),
    Action.BULK_END: _("Bulk action ended"),
    Action.BULK_START: _("Start bulk action"),
    Action.BULK_STOP: _("Stop bulk action"),
    Action.CARD_ACTIVATE: _("Activate card"),
    Action.CARD_CANCEL: _("Cancel card"),
    Action.CARD_ISSUE: _("Issue card"),
    Action.CARD_LIMIT: _("Change card limit"),
    Action.CARD_LOCK: _("Lock card"),
    Action.CARD_PIN_SET: _("Set PIN"),
    Action.CARD_PIN_VIEW: _("View PIN"),
    Action.CARD_REPLACE: _("Replace lost or stolen card"),
    Action.CARD_REVEAL: _("Show card number"),
    Action.CARD_UNLOCK: _("Unlock card"),
    Action.CHARGE_MAKE: _("Charge a fee"),
    Action.DELIVERY_REPLAY: _("Replay delivery"),
    Action.DELIVERY_VERIFY: _("Verify delivery again"),
    Action.DISPUTE_DOWNLOAD: _("Download evidence of dispute"),
    Action.DISPUTE_EVIDENCE: _("Attach file to dispute"),
    Action.DISPUTE_OPEN: _("Open dispute"),
    Action.DISPUTE_RECORD: _("Record what support said of a dispute"),
    Action.DISPUTE_STATEMENT: _("Change statement of dispute"),
    Action.DISPUTE_WITHDRAW: _("Withdraw dispute"),
    Action.FEATURE_TEST: _("Test a feature of the provider again"),
    Action.HANDOFF_CLOSED: _("Tried a link that no longer works"),
    Action.HANDOFF_MAKE: _("Make a link for the applicant's phone"),
    Action.HANDOFF_OPEN: _("Open the check by the applicant's link"),
    Action.HANDOFF_REVOKE: _("Revoke the applicant's link"),
    Action.HANDOFF_SUBMIT: _("Check submitted by the applicant's link"),
    Action.KYC_OPEN: _("Open or resume KYC session"),
    Action.LIST_EXPORT: _("Export list"),
    Action.NOTE_ADD: _("Add note"),
    Action.RECONCILIATION_PREPARE: _("Prepare reconciliation"),
    Action.RECONCILIATION_REOPEN: _("Reconciliation opened again by a late event"),
    Action.RECONCILIATION_SIGN: _("Sign off reconciliation"),
    Action.RECORD_MERGE: _("Merge two rows of one person"),
    Action.RECORD_REBUILD: _("Rebuild record from what was observed"),
    Action.REPORT_DOWNLOAD: _("Download report"),
    Action.REPORT_MAKE: _("Make report"),
    Action.REVIEW_DECIDE: _("Decide review"),
    Action.RUN_START: _("Start a sweep"),
    Action.SIGN_IN: _("Sign in"),
    Action.SIGN_IN_FAILED: _("Failed sign-in"),
    Action.SIGN_OUT: _("Sign out"),
    Action.STAFF_CREATE: _("Add staff member"),
    Action.STAFF_UPDATE: _("Change staff member"),
    Action.VIEW_CHANGE: _("Change shared view of a list"),
    Action.VIEW_DELETE: _("Delete shared view of a list"),
    Action.VIEW_SHARE: _("Share view of a list"),
    Action.WORD_EXPLAIN: _("Explain a word of the provider"),
}


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    STARTED = "started"


OUTCOME_LABELS = {
    Outcome.DONE: _("Done"),
    Outcome.REFUSED: _("Refused"),
    Outcome.UNKNOWN: _("Outcome unknown"),
    Outcome.STARTED: _("Started"),
}
