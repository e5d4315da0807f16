"""The stories worth showing to a newcomer, as a table: what happens, what to look for in the console, and which single story does it.

Amounts are cents.
"""

from dataclasses import dataclass, field

from console.sandbox.wire import Json


@dataclass(frozen=True, slots=True)
class Step:
    happens: str
    look: str
    story: str
    details: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    title: str
    about: str
    steps: tuple[Step, ...]


HOTEL: Json = {"merchantName": "HOTEL AVENIDA", "merchantCategoryCode": "7011", "merchantCity": "MADRID"}
SHOP: Json = {"merchantName": "BLUE HARBOUR", "merchantCategoryCode": "5812"}
FORTNIGHT = Step(
    "Fifteen days pass. The shop never took the money, so the hold closes by itself.",
    "The transaction is reversed. Its story says closed: never settled, so the hold was let go.",
    "wait",
    {"days": 15},
)


def _holder(cents: int) -> Step:
    return Step(
        "A cardholder with an active card and enough collateral is found.",
        "Cards: the card is active. Its cardholder's page shows the spending power.",
        "choose_card",
        {"amount": cents},
    )


def _asks(cents: int, who: Json = HOTEL) -> Step:
    return Step(
        f"{who['merchantName'].title()} asks for {cents / 100:.0f} dollars, and the card says yes.",
        f"Transactions: {cents / 100:.2f} at {who['merchantName']}, pending. Spending power is that much lower.",
        "authorise",
        {"amount": cents} | who,
    )


TAKES = Step("The shop takes the money.", "The same transaction is now completed, with a posting date.", "settle")


def _dispute(title: str, about: str, verdict: Step) -> Scene:
    return Scene(
        title,
        about,
        (
            _holder(20_000),
            _asks(12_000),
            TAKES,
            Step(
                "The cardholder says the room was never there. A dispute is opened.",
                "Disputes: a new one, pending, with the text. The transaction links to it.",
                "open_dispute",
                {"textEvidence": "The hotel had no such booking."},
            ),
            Step(
                "The network takes it up.",
                "The dispute is in review.",
                "decide_dispute",
                {"status": "inReview"},
            ),
            verdict,
        ),
    )


SCENES: dict[str, Scene] = {
    "purchase": Scene(
        "A purchase, from yes to refund",
        "The everyday case: money is held, taken, and a part of it given back.",
        (
            _holder(20_000),
            _asks(8000),
            TAKES,
            Step(
                "The hotel gives 30 dollars back.",
                "A second transaction of 30.00 in the holder's favour, pending: announced, not credited yet.",
                "refund",
                {"amount": 3000},
            ),
            Step("The refund settles.", "The credit is completed, and the balance due is 30.00 lower.", "settle"),
        ),
    ),
    "tip": Scene(
        "The total grows before it settles",
        "An incremental authorisation: the amount told is always the new total, never the difference.",
        (
            _holder(20_000),
            _asks(10_000),
            Step(
                "The guest stays another night. The hotel asks for 150 dollars in all.",
                "The same transaction, pending, now 150.00; its story says what it was changed to. No second one.",
                "increment",
                {"amount": 15_000},
            ),
            Step("The hotel takes all of it.", "Completed with 150.00.", "settle"),
        ),
    ),
    "partial_reversal": Scene(
        "Part of a purchase is given up",
        "The amount shrinks at once, but the hold stays as it was until the purchase settles.",
        (
            _holder(20_000),
            _asks(10_000),
            Step(
                "The guest leaves early. The hotel lowers it to 40 dollars.",
                "The transaction says 40.00, yet pending charges still count 100.00: the hold stays.",
                "reverse",
                {"newAmount": 4000},
            ),
            Step(
                "The hotel takes the 40 dollars.",
                "Completed with 40.00. Only now the rest of the hold is let go.",
                "settle",
            ),
        ),
    ),
    "late_settlement": Scene(
        "A shop takes the money after the hold was closed",
        "A forced settlement: it arrives as a transaction of its own that names the closed one.",
        (
            _holder(20_000),
            _asks(8000),
            FORTNIGHT,
            Step(
                "The shop sends its claim after all. Nobody can refuse it.",
                "A new transaction of 80.00, completed and forced, with a link to the closed authorisation.",
                "force_post",
                {"amount": 8000},
            ),
        ),
    ),
    "refund_after_close": Scene(
        "A refund after the hold was closed",
        "A shop gives money back that it never took: the holder gains, and nothing stands against it.",
        (
            _holder(20_000),
            _asks(8000),
            FORTNIGHT,
            Step(
                "The shop gives 80 dollars back all the same.",
                "A pending credit of 80.00, with no settled purchase that it could belong to.",
                "refund",
                {"amount": 8000},
            ),
            Step(
                "The credit settles.",
                "Completed. The balance due is 80.00 lower although nothing was ever taken: ask the shop.",
                "settle",
            ),
        ),
    ),
    "declines": Scene(
        "A card is refused, for five reasons",
        "Each refusal has its reason, and the console says what it means and who can mend it.",
        (
            _holder(5000),
            Step("The card is locked.", "Cards: it is locked.", "set_card", {"status": "locked"}),
            Step(
                "The holder tries to pay with it.",
                "A declined transaction: card locked. The console offers to unlock the card.",
                "authorise",
                {"amount": 1200} | SHOP,
            ),
            Step("The card is unlocked.", "Cards: it is active again.", "set_card", {"status": "active"}),
            Step(
                "The holder wants a yacht.",
                "Declined: account credit limit exceeded. More collateral would mend it.",
                "authorise",
                {"amount": 1_000_000_000} | SHOP,
            ),
            *(
                Step(text, f"Declined: {reason}.", "decline", {"amount": 1200, "reason": reason} | SHOP)
                for text, reason in (
                    ("The holder mistypes the three digits on the back.", "cvv mismatch"),
                    ("The programme does not allow shops of this kind.", "blocked mcc"),
                    ("The provider's rules find it suspicious.", "transaction declined by risk rules"),
                )
            ),
        ),
    ),
    "spend_limit": Scene(
        "A spending limit is reached, and opens again",
        "Limits roll: a day's limit looks at the last 24 hours, not at the calendar.",
        (
            Step(
                "An approved cardholder is found.",
                "Cardholders: approved, with spending power.",
                "choose_person",
                {"amount": 20_000},
            ),
            Step(
                "They get a virtual card with a limit of 50 dollars in 24 hours.",
                "Cards: a new active card with that limit.",
                "issue_card",
                {"limit": {"amount": 5000, "frequency": "per24HourPeriod"}},
            ),
            _asks(3000, SHOP),
            Step(
                "Another 30 dollars would pass the limit.",
                "Declined: card spending limit exceeded. The console offers to change the limit.",
                "authorise",
                {"amount": 3000} | SHOP,
            ),
            Step("A day passes.", "Nothing changes: limits open by themselves.", "wait", {"days": 1}),
            _asks(3000, SHOP),
        ),
    ),
    "physical_card": Scene(
        "A physical card is sent and activated",
        "It cannot pay before it was activated; a purchase too early says so.",
        (
            Step(
                "An approved cardholder is found.",
                "Cardholders: approved, with spending power.",
                "choose_person",
                {"amount": 10_000},
            ),
            Step(
                "A physical card is ordered.",
                "Cards: a new physical card, not activated.",
                "issue_card",
                {"type": "physical"},
            ),
            Step("It is put in the post.", "The card is still not activated.", "ship_card"),
            Step("Five days pass.", "Nothing: the letter is on its way.", "wait", {"days": 5}),
            Step(
                "The holder tries it before activating it.",
                "Declined: card not activated. The console offers to activate it.",
                "authorise",
                {"amount": 2500, "authorizationMethod": "Chip"} | SHOP,
            ),
            Step("The card is activated.", "Cards: it is active.", "set_card", {"status": "active"}),
            _asks(2500, SHOP),
        ),
    ),
    "needs_information": Scene(
        "A cardholder has to prove something again",
        "An approved person falls back to needing information; cards stop paying until it is mended.",
        (
            _holder(5000),
            Step(
                "A yearly check finds an old document.",
                "Cardholders and Reviews: the person needs information, with the reason.",
                "decide_applicant",
                {"status": "needsInformation", "reason": "Proof of address is older than three months"},
            ),
            Step(
                "They try to pay meanwhile.",
                "Declined: blocked entity, because the person is not approved.",
                "authorise",
                {"amount": 1200} | SHOP,
            ),
            Step(
                "They hand in a new bill, and it is looked at.",
                "The person is pending.",
                "decide_applicant",
                {"status": "pending", "reason": ""},
            ),
            Step(
                "It is good.",
                "The person is approved again, and the card pays.",
                "decide_applicant",
                {"status": "approved"},
            ),
        ),
    ),
    "company_owner": Scene(
        "A company is held up by one of its owners",
        "A company check with two owners, one of whom has not shown a document.",
        (
            Step(
                "A company applies. One of its two owners is verified, the other is not.",
                "Companies: a new one, pending. Its page lists both owners.",
                "new_company",
            ),
            Step(
                "The second owner's document cannot be read.",
                "The owner needs information, with the reason.",
                "decide_owner",
                {"status": "needsInformation", "reason": "The passport picture is blurred"},
            ),
            Step(
                "The company is held back because of that.",
                "Companies and Reviews: the company needs information. It has no collateral contract yet.",
                "decide_applicant",
                {"status": "needsInformation", "reason": "One beneficial owner is not verified"},
            ),
            Step(
                "The owner sends a better picture.",
                "Both owners are approved; the company still waits.",
                "decide_owner",
                {"status": "approved"},
            ),
            Step(
                "The company is approved.",
                "It is approved and has a collateral contract.",
                "decide_applicant",
                {"status": "approved"},
            ),
        ),
    ),
    "dispute_won": _dispute(
        "A dispute is won",
        "A settled purchase is disputed, and the network sides with the holder.",
        Step(
            "The network decides for the holder.",
            "The dispute is accepted, with a date. It leaves the open ones.",
            "decide_dispute",
            {"status": "accepted"},
        ),
    ),
    "dispute_lost": _dispute(
        "A dispute is lost",
        "A settled purchase is disputed, and the network sides with the shop.",
        Step(
            "The network decides for the shop.",
            "The dispute is rejected, with a date. The purchase stands.",
            "decide_dispute",
            {"status": "rejected"},
        ),
    ),
    "key_rotation": Scene(
        "The webhook secret is changed",
        "For a while two secrets sign, so that nothing is missed. Afterwards a console that was not told refuses everything.",
        (
            _holder(5000),
            Step(
                "The provider makes a second secret. From now on both sign.",
                "Add the coming secret to CODEGO_WEBHOOK_SECRETS beside the present one, and restart the console.",
                "make_webhook_secret",
            ),
            Step(
                "Something happens: a purchase.",
                "Inbox: it arrives, signed with the present secret. The coming one signs in Secondary-Signature.",
                "authorise",
                {"amount": 1200} | SHOP,
            ),
            Step(
                "The provider switches over. The old secret is gone.",
                "Nothing yet. The page below can put the old secret back.",
                "retire_webhook_secret",
            ),
            Step(
                "Something happens again: the shop takes the money.",
                "Inbox: it arrives if the console knows the new secret; if not, the delivery below is refused and tried again.",
                "settle",
            ),
        ),
    ),
}
