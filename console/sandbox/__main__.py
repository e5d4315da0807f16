"""`python -m console.sandbox`: the sandbox without Django."""

import argparse
import logging
import sys

from console.sandbox import options, run

logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
parser = argparse.ArgumentParser(prog="sandbox", description="A local card programme provider")
options.add_to(parser)
sys.exit(run.main(vars(parser.parse_args())))
