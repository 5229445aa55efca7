"""From tables to the rows of a package's model: the same for a check, its child process and a comparison."""

from hospital.ingest.event_columns import events_of
from hospital.ingest.hospital_reader import HospitalTables
from registry.model.dataset import PreparedBeds, PreparedWaits, prepare_beds, prepare_waits
from registry.model.forecast_model import ForecastModel

__all__ = ["prepare"]


def prepare(model: ForecastModel, tables: HospitalTables) -> PreparedBeds | PreparedWaits:
    """Samples and features of a package's model on tables."""
    events = events_of(tables)
    if model.name == "wait-time":
        return prepare_waits(events, tables.audit_attributes, model.features)
    return prepare_beds(events, model.manifest.covariates, model.manifest.horizons_hours, model.features)
