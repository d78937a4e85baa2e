"""The live widget: its model, snapshot, patches; the front end's bundle is in static/."""
