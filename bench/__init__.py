"""Speed against peers and against the measured floor: `python -m bench`."""
