"""Predictions of what should be measured, by closed forms and quadrature, without sampling."""
