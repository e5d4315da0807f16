"""The environment of the tests, set before Django reads its settings: a folder of its own and made-up keys."""

import os
import tempfile
from pathlib import Path

os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="deckhand-tests-")
Path(os.environ["VAR_DIR"], "static").mkdir()
os.environ["SECRET_KEY"] = "made-up-for-tests-only"
os.environ["CODEGO_API_KEY"] = "vcck_sbx_test"
os.environ["CODEGO_WEBHOOK_SECRETS"] = "whsec_test_one,whsec_test_two"
# nothing listens here: a test that forgets to ask for the sandbox fails at once instead of reaching the internet
os.environ["CODEGO_API_URL"] = "http://127.0.0.1:9/api/v1"
os.environ["CODEGO_KYC_URL"] = "http://127.0.0.1:9/api"
