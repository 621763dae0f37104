"""Routes and receivers of an Alertmanager, made of the objects that a VMAlertmanager selects."""
