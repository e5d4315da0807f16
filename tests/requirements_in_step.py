"""Fails when requirements*.txt no longer say what requirements*.in ask for."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*([^#]*)")


def asked(name: str) -> dict[str, str]:
    """Names and ranges of an .in file, with those of the files it includes."""
    found: dict[str, str] = {}
    for line in (ROOT / name).read_text().splitlines():
        if line.startswith("-r "):
            found |= asked(line[3:].strip())
        elif line.strip() and not line.startswith("#"):
            match = NAME.match(line)
            found[match[1].lower().replace("_", "-")] = match[2].strip() if match else ""
    return found


def pinned(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    pairs = (line.split(" ")[0].split("==") for line in lines if "==" in line and not line.lstrip().startswith("#"))
    return {pair[0].split("[")[0].lower().replace("_", "-"): pair[1] for pair in pairs}


def main() -> int:
    from packaging.specifiers import SpecifierSet

    wrong = []
    for stem in ("requirements", "requirements-dev"):
        have = pinned(f"{stem}.txt")
        for package, wanted in asked(f"{stem}.in").items():
            if package not in have:
                wrong.append(f"{stem}.txt lacks {package}")
            elif have[package] not in SpecifierSet(wanted):
                wrong.append(f"{stem}.txt pins {package} {have[package]}, which is not {wanted}")
    run, dev = pinned("requirements.txt"), pinned("requirements-dev.txt")
    wrong += [
        f"{p} is {v} in requirements.txt and {dev.get(p)} in requirements-dev.txt"
        for p, v in run.items()
        if dev.get(p) != v
    ]
    if wrong:
        print("\n".join([*wrong, "Run `make requirements`."]), file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
