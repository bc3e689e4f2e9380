"""What the gate says, for programs: as a document for JSON, and as JUnit XML, which build servers show."""

from typing import Any, Final
from xml.etree import ElementTree

from neuroval.analysis.decisions.gate import OUTCOMES, critical, gate
from neuroval.analysis.study.results import Results
from neuroval.dashboard.words.findings import text as finding_text
from neuroval.dashboard.words.overview import criterion_lines

SCHEMA: Final = 1


def gate_document(results: Results) -> dict[str, Any]:
    """Return outcome, criteria and critical findings as plain values."""
    study = results.study
    criteria = []
    for judged in results.criteria:
        sentence, details = criterion_lines(judged, study.classes)
        asked = judged.criterion
        criteria.append(
            {
                "metric": asked.metric,
                "bound": asked.bound,
                "at_least": asked.at_least,
                "subgroup": dict(asked.subgroup),
                "each": list(asked.each),
                "outcome": OUTCOMES[judged.met],
                "text": sentence.partition(" ")[2],
                "details": details,
            }
        )
    findings = [{"code": found.code, "text": finding_text(found)} for found in critical(results.findings)]
    return {
        "schema": SCHEMA,
        "study": {
            "title": study.manifest.about.title,
            "fingerprint": study.fingerprint,
            "basis": results.basis,
            "n": results.evaluated.n,
            "criteria_set": None if study.manifest.criteria_set is None else study.manifest.criteria_set.isoformat(),
        },
        "outcome": gate(results.criteria, results.findings),
        "criteria": criteria,
        "critical_findings": findings,
    }


def junit(document: dict[str, Any]) -> bytes:
    """Return the document of ``gate_document`` as JUnit XML: a case for each criterion and each critical finding.

    What cannot be decided is skipped, with the reason; without any criterion one case says so.
    """
    suite = ElementTree.Element("testsuite", name=document["study"]["title"])
    criteria, findings = document["criteria"], document["critical_findings"]
    for criterion in criteria:
        case = ElementTree.SubElement(suite, "testcase", classname="criteria", name=_name(criterion))
        if criterion["outcome"] != "passed":
            kind = "failure" if criterion["outcome"] == "failed" else "skipped"
            part = ElementTree.SubElement(case, kind, message=criterion["text"])
            part.text = criterion["details"]
    for finding in findings:
        case = ElementTree.SubElement(suite, "testcase", classname="findings", name=finding["code"])
        ElementTree.SubElement(case, "failure", message=finding["text"])
    if not criteria:
        case = ElementTree.SubElement(suite, "testcase", classname="criteria", name="criteria")
        ElementTree.SubElement(case, "skipped", message="The study names no acceptance criteria.")
    counts = {kind: len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "skipped")}
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(counts["failure"]))
    suite.set("skipped", str(counts["skipped"]))
    content: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return content


def _name(criterion: dict[str, Any]) -> str:
    where = ", ".join([*(f"{key}={value}" for key, value in criterion["subgroup"].items()), *criterion["each"]])
    return f"{criterion['metric']} {criterion['bound']} >= {criterion['at_least']:g}" + (f" ({where})" if where else "")
