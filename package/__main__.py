"""The package's plugin, which Pulumi's engine starts."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from components.provider import serve

serve()
