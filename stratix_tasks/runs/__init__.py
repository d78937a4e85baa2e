"""The life of a run over store and engine: started, loaded, followed, claimed, asked, forked."""
