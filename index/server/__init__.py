"""What every server needs, whichever face asks: jobs, uploads, limits and the guard. No page here."""
