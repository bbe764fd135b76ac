"""The parameters of a hemogram, their canonical unit and the words for them."""

from __future__ import annotations

from enum import StrEnum


class Parametro(StrEnum):
    """Wire names of the parameters; LOINC codes are in `tables/hemograma.json`."""

    HEMACIAS = "hemacias"
    HEMOGLOBINA = "hemoglobina"
    HEMATOCRITO = "hematocrito"
    VCM = "vcm"
    HCM = "hcm"
    CHCM = "chcm"
    RDW_CV = "rdw_cv"
    RDW_SD = "rdw_sd"
    LEUCOCITOS = "leucocitos"
    NEUTROFILOS_ABS = "neutrofilos_abs"
    NEUTROFILOS_PCT = "neutrofilos_pct"
    BASTONETES_ABS = "bastonetes_abs"
    BASTONETES_PCT = "bastonetes_pct"
    SEGMENTADOS_ABS = "segmentados_abs"
    SEGMENTADOS_PCT = "segmentados_pct"
    METAMIELOCITOS_PCT = "metamielocitos_pct"
    MIELOCITOS_PCT = "mielocitos_pct"
    BLASTOS_PCT = "blastos_pct"
    LINFOCITOS_ABS = "linfocitos_abs"
    LINFOCITOS_PCT = "linfocitos_pct"
    MONOCITOS_ABS = "monocitos_abs"
    MONOCITOS_PCT = "monocitos_pct"
    EOSINOFILOS_ABS = "eosinofilos_abs"
    EOSINOFILOS_PCT = "eosinofilos_pct"
    BASOFILOS_ABS = "basofilos_abs"
    BASOFILOS_PCT = "basofilos_pct"
    PLAQUETAS = "plaquetas"
    VPM = "vpm"
    ERITROBLASTOS = "eritroblastos_100leuco"

    @property
    def unit(self) -> str:
        """The canonical UCUM unit, the one every rule computes in."""
        return _UNITS.get(self, "%" if self.endswith("_pct") else "10*3/uL")

    @property
    def shown_unit(self) -> str:
        """The canonical unit as a Brazilian report prints it."""
        return _SHOWN.get(self.unit, self.unit)

    @property
    def label(self) -> str:
        """The Portuguese name, at the start of a sentence."""
        return _LABELS.get(self, self.removesuffix("_abs").removesuffix("_pct").capitalize())


_UNITS = {
    Parametro.HEMACIAS: "10*6/uL",
    Parametro.HEMOGLOBINA: "g/dL",
    Parametro.HEMATOCRITO: "%",
    Parametro.VCM: "fL",
    Parametro.HCM: "pg",
    Parametro.CHCM: "g/dL",
    Parametro.RDW_CV: "%",
    Parametro.RDW_SD: "fL",
    Parametro.VPM: "fL",
    Parametro.ERITROBLASTOS: "/100{WBCs}",
}
_SHOWN = {"10*3/uL": "mil/mm³", "10*6/uL": "milhões/mm³", "/100{WBCs}": "por 100 leucócitos"}
_LABELS = {
    Parametro.HEMACIAS: "Hemácias",
    Parametro.HEMATOCRITO: "Hematócrito",
    Parametro.VCM: "VCM",
    Parametro.HCM: "HCM",
    Parametro.CHCM: "CHCM",
    Parametro.RDW_CV: "RDW-CV",
    Parametro.RDW_SD: "RDW-SD",
    Parametro.LEUCOCITOS: "Leucócitos",
    Parametro.NEUTROFILOS_ABS: "Neutrófilos",
    Parametro.NEUTROFILOS_PCT: "Neutrófilos",
    Parametro.METAMIELOCITOS_PCT: "Metamielócitos",
    Parametro.MIELOCITOS_PCT: "Mielócitos",
    Parametro.LINFOCITOS_ABS: "Linfócitos",
    Parametro.LINFOCITOS_PCT: "Linfócitos",
    Parametro.MONOCITOS_ABS: "Monócitos",
    Parametro.MONOCITOS_PCT: "Monócitos",
    Parametro.EOSINOFILOS_ABS: "Eosinófilos",
    Parametro.EOSINOFILOS_PCT: "Eosinófilos",
    Parametro.BASOFILOS_ABS: "Basófilos",
    Parametro.BASOFILOS_PCT: "Basófilos",
    Parametro.VPM: "VPM",
    Parametro.ERITROBLASTOS: "Eritroblastos",
}
