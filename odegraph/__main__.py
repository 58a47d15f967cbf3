"""`python -m odegraph` is the command `odegraph`."""

from odegraph.cli import main

if __name__ == "__main__":
    main()
