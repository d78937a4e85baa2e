"""What a person sees of a run, as messages. It looks only: nothing is asked or recorded here."""
