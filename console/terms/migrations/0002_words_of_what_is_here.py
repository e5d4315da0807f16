"""The words of all rows that were written before words were kept."""

from itertools import islice

from django.db import migrations

from console.terms.words import FOUND_BY

BATCH = 2000
COLUMNS = {
    "card": ("cards", ("display_name",)),
    "cardholder": (
        "cardholders", ("first_name", "last_name", "email", "phone_country_code", "phone_number"),
    ),
    "company": ("cardholders", ("name", "email")),
    "contract": ("cardholders", ("deposit_address", "proxy_address", "controller_address")),
    "merchant": ("terms", ("name",)),
    "transaction": ("transactions", ("transaction_hash", "wallet_address")),
}


def fill(apps, schema_editor):
    _merchants(apps)
    term = apps.get_model("terms", "Term")
    for noun, (app, columns) in COLUMNS.items():
        rows = apps.get_model(app, noun).objects.only(*columns).order_by("pk")
        if noun == "transaction":
            rows = rows.exclude(transaction_hash="", wallet_address="")
        last = 0
        while some := list(rows.filter(pk__gt=last)[:BATCH]):
            last = some[-1].pk
            term.objects.bulk_create(
                [
                    term(noun=noun, record_id=row.pk, text=word.text, personal=word.personal)
                    for row in some
                    for word in set(FOUND_BY[noun](row))
                ],
                ignore_conflicts=True,
                batch_size=200 if schema_editor.connection.vendor == "sqlite" else BATCH,
            )


def _merchants(apps):
    merchant = apps.get_model("terms", "Merchant")
    transactions = apps.get_model("transactions", "Transaction").objects
    names = transactions.exclude(merchant_name="").order_by().values_list("merchant_name", flat=True).distinct()
    found = iter(names.iterator(chunk_size=BATCH))
    while some := list(islice(found, 400)):
        merchant.objects.bulk_create([merchant(name=name) for name in some], ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [
        ("terms", "0001_terms_and_merchants"),
        ("cardholders", "0002_contract_missing_since"),
        ("cards", "0001_initial"),
        ("transactions", "0002_charges_of_an_owner"),
    ]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
