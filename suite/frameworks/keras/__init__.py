"""What the frameworks that run Keras share, whatever the backend is: they are ``tensorflow``,
``keras_torch`` and ``keras_jax``.

Keras takes its backend when it is imported, and keeps it. So no file here imports Keras: it is
``library.keras``, which is imported when something of it is first used, and by then the home of a
framework has chosen the backend.
"""
