"""Documents as the store keeps them: compact JSON, compressed with a dictionary of the names all records share."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from typing import Any

from trialrun.registry.record import PROVENANCE_KEY

# keys and values nearly every v2 record holds, the commonest last as zlib prefers them
DICTIONARY = (
    '{"resultsSection":{"participantFlowModule":{"groups":[{"id":"FG000","title":"","description":""}],'
    '"periods":[{"title":"Overall Study","milestones":[{"type":"STARTED","achievements":[{"groupId":"FG000",'
    '"numSubjects":""}]},{"type":"COMPLETED"},{"type":"NOT COMPLETED"}],"dropWithdraws":[{"type":"","reasons":'
    '[{"groupId":"FG001","numSubjects":"0"}]}]}]},"baselineCharacteristicsModule":{"populationDescription":"",'
    '"denoms":[{"units":"Participants","counts":[{"groupId":"BG000","value":""}]}],"measures":[{"title":"Age, '
    'Continuous","paramType":"MEAN","dispersionType":"STANDARD_DEVIATION","unitOfMeasure":"years","classes":'
    '[{"categories":[{"measurements":[{"groupId":"BG000","value":"","spread":""}]}]}]},{"title":"Sex: Female, '
    'Male","paramType":"COUNT_OF_PARTICIPANTS"}]},"outcomeMeasuresModule":{"outcomeMeasures":[{"type":"PRIMARY",'
    '"title":"","description":"","populationDescription":"","reportingStatus":"POSTED","timeFrame":"",'
    '"groups":[{"id":"OG000"}],"analyses":[{"pValue":"","statisticalMethod":""}]}]},"adverseEventsModule":'
    '{"frequencyThreshold":"5","timeFrame":"","eventGroups":[{"id":"EG000","deathsNumAffected":0,"seriousNum'
    'Affected":0,"seriousNumAtRisk":0,"otherNumAffected":0}],"seriousEvents":[{"term":"","organSystem":'
    '"Gastrointestinal disorders","sourceVocabulary":"MedDRA","assessmentType":"SYSTEMATIC_ASSESSMENT",'
    '"stats":[{"groupId":"EG000","numEvents":0,"numAffected":0,"numAtRisk":0}]}],"otherEvents":[]}},'
    '"derivedSection":{"miscInfoModule":{"versionHolder":"2025-01-01"},"conditionBrowseModule":{"meshes":'
    '[{"id":"D000","term":""}],"ancestors":[{"id":"D000","term":""}],"browseLeaves":[{"id":"M","name":"",'
    '"asFound":"","relevance":"HIGH"},{"relevance":"LOW"}],"browseBranches":[{"abbrev":"All","name":"All '
    'Conditions"}]},"interventionBrowseModule":{"meshes":[{"id":"D000","term":""}]}},"documentSection":'
    '{"largeDocumentModule":{"largeDocs":[{"typeAbbrev":"Prot_SAP","hasProtocol":true,"hasSap":true,"hasIcf":'
    'false,"label":"Study Protocol and Statistical Analysis Plan","date":"","uploadDate":"","filename":"",'
    '"size":0}]}},"hasResults":false}{"protocolSection":{"identificationModule":{"nctId":"NCT0","orgStudyIdInfo":'
    '{"id":""},"secondaryIdInfos":[{"id":"","type":""}],"organization":{"fullName":"University of Hospital '
    'Medical Center","class":"OTHER"},"briefTitle":"","officialTitle":"A Randomized, Double-Blind, Placebo-'
    'Controlled Study to Evaluate the Safety and Efficacy of ","acronym":""},"statusModule":{"statusVerifiedDate":'
    '"2024-01","overallStatus":"COMPLETED","expandedAccessInfo":{"hasExpandedAccess":false},"startDateStruct":'
    '{"date":"2020-01-01","type":"ACTUAL"},"primaryCompletionDateStruct":{"date":"","type":"ESTIMATED"},'
    '"completionDateStruct":{"date":"2022-12-31","type":"ACTUAL"},"studyFirstSubmitDate":"","studyFirstSubmit'
    'QcDate":"","studyFirstPostDateStruct":{"date":"","type":"ACTUAL"},"resultsFirstSubmitDate":"","resultsFirst'
    'PostDateStruct":{"date":"","type":"ACTUAL"},"lastUpdateSubmitDate":"","lastUpdatePostDateStruct":{"date":'
    '"","type":"ACTUAL"}},"sponsorCollaboratorsModule":{"responsibleParty":{"type":"PRINCIPAL_INVESTIGATOR",'
    '"investigatorFullName":"","investigatorTitle":"Principal Investigator","investigatorAffiliation":""},'
    '"leadSponsor":{"name":"","class":"INDUSTRY"},"collaborators":[{"name":"","class":"NIH"}]},"oversightModule":'
    '{"oversightHasDmc":true,"isFdaRegulatedDrug":false,"isFdaRegulatedDevice":false,"isUsExport":false},'
    '"descriptionModule":{"briefSummary":"The purpose of this study is to ","detailedDescription":""},'
    '"conditionsModule":{"conditions":[""],"keywords":[""]},"designModule":{"studyType":"OBSERVATIONAL",'
    '"patientRegistry":false,"studyType":"INTERVENTIONAL","phases":["NA"],"phases":["PHASE1","PHASE2"],'
    '"designInfo":{"allocation":"RANDOMIZED","interventionModel":"PARALLEL","interventionModelDescription":"",'
    '"primaryPurpose":"TREATMENT","maskingInfo":{"masking":"QUADRUPLE","whoMasked":["PARTICIPANT",'
    '"CARE_PROVIDER","INVESTIGATOR","OUTCOMES_ASSESSOR"]},"masking":"NONE","observationalModel":"COHORT",'
    '"timePerspective":"PROSPECTIVE"},"enrollmentInfo":{"count":100,"type":"ACTUAL"}},"armsInterventionsModule":'
    '{"armGroups":[{"label":"","type":"EXPERIMENTAL","description":"","interventionNames":["Drug: "]},{"label":'
    '"Placebo","type":"PLACEBO_COMPARATOR"}],"interventions":[{"type":"DRUG","name":"","description":"",'
    '"armGroupLabels":[""],"otherNames":[""]}]},"outcomesModule":{"primaryOutcomes":[{"measure":"","description":'
    '"","timeFrame":"12 weeks"}],"secondaryOutcomes":[{"measure":"Change from Baseline in ","description":"",'
    '"timeFrame":"Baseline, 6 months"}],"otherOutcomes":[]},"eligibilityModule":{"eligibilityCriteria":'
    '"Inclusion Criteria:\\n\\n* Male or female, aged 18 years or older\\n* Able to provide written informed '
    "consent\\n\\nExclusion Criteria:\\n\\n* Pregnant or breastfeeding women\\n* History of \\n* Participation in "
    'another clinical trial within 30 days prior to ","healthyVolunteers":false,"sex":"ALL","minimumAge":"18 '
    'Years","maximumAge":"65 Years","stdAges":["CHILD","ADULT","OLDER_ADULT"]},"contactsLocationsModule":'
    '{"overallOfficials":[{"name":"","affiliation":"","role":"PRINCIPAL_INVESTIGATOR"}],"locations":[{"facility":'
    '"","status":"RECRUITING","city":"New York","state":"California","zip":"","country":"United States",'
    '"geoPoint":{"lat":40.,"lon":-73.}}]},"referencesModule":{"references":[{"pmid":"","type":"BACKGROUND",'
    '"citation":""}]},"ipdSharingStatementModule":{"ipdSharing":"NO"}}}'
).encode("ascii")
_LEVEL = 4  # a twentieth larger than the densest, in a third of the time


def packed(document: Mapping[str, Any], dictionary: bytes, text: bytes = b"") -> bytes:
    """The document as the store keeps it, the order of its keys as they came.

    `text` is the document's own JSON where it came on one line and need not be written again.
    """
    data = text or json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
    press = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS, 8, zdict=dictionary)
    return press.compress(data) + press.flush()


def unpacked(data: bytes, dictionary: bytes) -> dict[str, Any]:
    """The document kept; the inverse of `packed`."""
    text = zlib.decompressobj(zlib.MAX_WBITS, dictionary).decompress(data)
    return json.loads(text.decode("utf-8", "surrogatepass"))


def content_hash(document: Mapping[str, Any]) -> bytes:
    """SHA-256 of what the record says, independent of key order and white space.

    `derivedSection` is left out: the registry makes it anew every day (its data version, its term trees),
    and a record downloaded twice without a change must stay one version. So is the provenance of a saved
    page, which names the file.

    Errors: `ValueError` for a number JSON cannot hold.
    """
    said = {key: part for key, part in document.items() if key not in ("derivedSection", PROVENANCE_KEY)}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
