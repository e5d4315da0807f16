"""What the made-up world is made of: names, towns, companies, merchants, currencies."""

FIRST_NAMES = (
    *("Ana", "Rui", "Inês", "Tiago", "Marta", "Zoë", "Łukasz", "Hana", "Omar", "Leila", "Jonas", "Freya"),
    *("Björn", "Aoife", "Pavel", "Noor", "Mateo", "Chiara", "Yuki", "Amara", "Elif", "Sven", "Daniela", "Kofi"),
    *("Priya", "Hugo", "Clara", "Idris", "Nadia", "Emil", "Sofia", "Tomas", "Renée", "Igor", "Maya", "Felix"),
    *("Alma", "Victor", "Lena"),
)
LAST_NAMES = (
    *("Silva", "Costa", "Novák", "Müller", "Rossi", "García", "Dubois", "Nowak", "Jansen", "Okafor", "Haddad"),
    *("Tanaka", "Larsson", "O'Brien", "Petrov", "Santos", "Weber", "Moreau", "Ricci", "Kaya", "Mensah"),
    *("Sharma", "Lindqvist", "Horváth", "Popescu", "Bauer", "Fernandes", "Ivanova", "Schmidt", "Leroy"),
    *("Marino", "Osei"),
)
# city, region, postal code, country, dialling code
TOWNS = (
    ("Lisbon", "", "1000-001", "PT", "351"),
    ("Porto", "", "4000-009", "PT", "351"),
    ("Madrid", "Madrid", "28001", "ES", "34"),
    ("Berlin", "", "10115", "DE", "49"),
    ("Milan", "MI", "20121", "IT", "39"),
    ("Paris", "", "75001", "FR", "33"),
    ("Kraków", "", "30-001", "PL", "48"),
    ("Dublin", "", "D02", "IE", "353"),
    ("Tokyo", "", "100-0001", "JP", "81"),
    ("Kuwait City", "", "13001", "KW", "965"),
)
COMPANIES = (
    *("Northwind Trading", "Almada Logistics", "Blue Harbour Foods", "Cedar & Stone Studio", "Delta Ferries"),
    *("Estrela Media", "Fennel Kitchens", "Granite Works", "Helios Solar", "Iris Optics", "Juniper Travel"),
    *("Kestrel Couriers", "Lumen Labs", "Meridian Health", "Nimbus Cloud", "Orchard Schools"),
    *("Pine Street Coffee", "Quarry Tools", "Riverside Events", "Saffron Textiles", "Tidewater Shipping"),
    *("Umbra Design", "Valley Farms", "Willow Books", "Zenith Sports"),
)
COMPANY_ENDINGS = ("SA", "Ltd", "GmbH", "Lda", "BV")
# name on the wire, plain name, category code, category, city, country, currency, usual price in US cents
MERCHANTS = (
    ("COFFEE SHOP", "Coffee Shop", "5814", "Fast Food Restaurants", "LISBON", "PT", "eur", 450),
    ("PINGO DOCE 114", "Pingo Doce", "5411", "Grocery Stores", "PORTO", "PT", "eur", 3800),
    ("UBER *TRIP", "Uber", "4121", "Taxicabs and Limousines", "AMSTERDAM", "NL", "eur", 1650),
    ("AMZN MKTP US*2K4", "Amazon", "5942", "Book Stores", "SEATTLE", "US", "usd", 4200),
    ("NETFLIX.COM", "Netflix", "4899", "Cable and Streaming", "LOS GATOS", "US", "usd", 1599),
    ("TFL TRAVEL CH", "Transport for London", "4111", "Transportation", "LONDON", "GB", "gbp", 720),
    ("PRET A MANGER 88", "Pret a Manger", "5814", "Fast Food Restaurants", "LONDON", "GB", "gbp", 980),
    ("7-ELEVEN 10233", "7-Eleven", "5499", "Convenience Stores", "TOKYO", "JP", "jpy", 640),
    ("JR EAST", "JR East", "4112", "Passenger Railways", "TOKYO", "JP", "jpy", 9200),
    ("SULTAN CENTER", "Sultan Center", "5411", "Grocery Stores", "KUWAIT CITY", "KW", "kwd", 5400),
    ("RYANAIR DAC", "Ryanair", "4511", "Airlines", "DUBLIN", "IE", "eur", 12900),
    ("HOTEL AVENIDA", "Hotel Avenida", "7011", "Hotels and Motels", "MADRID", "ES", "eur", 21000),
    ("SHELL 4471", "Shell", "5541", "Service Stations", "BERLIN", "DE", "eur", 6300),
    ("IKEA BARCELONA", "IKEA", "5712", "Furniture Stores", "BARCELONA", "ES", "eur", 15400),
    ("OPENAI *CHATGPT", "OpenAI", "5734", "Computer Software Stores", "SAN FRANCISCO", "", "usd", 2000),
    ("ŻABKA Z1187 K.1", "Żabka", "5499", "Convenience Stores", "KRAKOW", "PL", "pln", 720),
    ("=SUM BAR & GRILL", "Sum Bar & Grill", "5812", "Restaurants", "PARIS", "FR", "eur", 5600),
    ("ATM CAIXA GERAL", "Caixa Geral ATM", "6011", "Cash Withdrawal", "LISBON", "PT", "eur", 10000),
)
# minor units of the currency per US cent
RATES = {"usd": 1.0, "eur": 0.92, "gbp": 0.79, "pln": 3.95, "jpy": 1.5, "kwd": 3.07}
METHODS = ("Ecommerce", "Chip", "Contactless", "Magstripe", "Recurring")
EVIDENCE = (
    "The cardholder did not make this purchase.",
    "Goods never arrived; the merchant does not answer.",
    "Charged twice for the same order.",
    "The amount differs from the receipt.",
)
FEES = (("Monthly card fee", 199), ("Card delivery", 990), ("Foreign exchange fee", 350), ("Late payment fee", 2500))
