"""What a SPEC file records about its scans, without parsing their values."""

import pytest

from penstock import match
from penstock.core.config import Config, use_config
from penstock.ingestors.spec import facts as facts_module
from penstock.ingestors.spec import index as index_module
from penstock.ingestors.spec import probe as probe_module
from penstock.ingestors.spec.facts import ScanFacts, scans

TEXT = """\
#F day1
#E 1447531404
#D Sat Nov 14 15:03:24 2015

#S 1  ascan  th 0 2 2 1
#D Sat Nov 14 15:03:25 2015
#L Theta  det
0 100
 1 200
@A 1 2\\
 3 4
2 300

#S 1  ct 1
#L Theta  det
"""


def test_points_dates_times_and_commands(tmp_path):
    (tmp_path / "day1").write_text(TEXT)
    date = "Sat Nov 14 15:03:25 2015"
    assert scans(str(tmp_path / "day1")) == {
        "1.1": ScanFacts(1, 3, date, 1447531405.0, "ascan  th 0 2 2 1"),
        "1.2": ScanFacts(1, 0, "", None, "ct 1"),
    }


def test_a_file_that_does_not_tell_its_zone_is_in_the_configured_one(tmp_path):
    (tmp_path / "day1").write_text(TEXT.replace("#E 1447531404\n", ""))
    with use_config(Config(timezone="UTC")):
        assert scans(str(tmp_path / "day1"))["1.1"].time == 1447513405.0


@pytest.mark.parametrize("block", [1, 2, 3, 7, 16, 64])
def test_rows_and_spectra_are_told_apart_wherever_blocks_are_cut(tmp_path, monkeypatch, block):
    path = tmp_path / "day"
    path.write_bytes(
        b"#F day\n#S 1 ct 1\n#L a  b\n1 2\n@A 1 2\\\n 3 4\\\n 5\n3 4\n\n"
        b"@B 1\\\r\n 2\r\n5 6\r\n7 8\\\n9 0"
    )
    whole = scans(str(path))
    assert whole["1.1"].points == 5
    monkeypatch.setattr(facts_module, "_BLOCK", block)
    assert scans(str(path))["1.1"].points == 5


def test_a_scan_that_is_too_large_costs_the_others_nothing(tmp_path, monkeypatch):
    path = tmp_path / "day"
    path.write_text("#F day\n#S 1 ct 1\n1 2\n#S 2 ct 1\n" + "1 2\n" * 200 + "#S 3 ct 1\n3 4\n")
    for module in (facts_module, index_module, probe_module):
        monkeypatch.setattr(module, "MOST_BYTES", 300)
    monkeypatch.setattr(facts_module, "_BLOCK", 100)
    (decision,) = match(path).decisions
    assert [claim.kwargs for claim in decision.chosen.claims] == [{"scan": "1.1"}, {"scan": "3.1"}]
    assert any(note.startswith("scan 2.1 is left out") for note in decision.chosen.notes)
    path.write_text("#F day\n#S 2 ct 1\n" + "1 2\n" * 200)
    (unclaimed,) = match(path).unclaimed
    assert "no scan can be read: scan 2.1 is left out" in unclaimed.reason
