"""`python -m logstack.docsgen [--check]`: write the generated text of the documents, or check it."""

import sys

from logstack.docsgen.pages import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
