"""What a SPEC file records about its scans, without parsing their values."""

from penstock.core.config import Config, use_config
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
