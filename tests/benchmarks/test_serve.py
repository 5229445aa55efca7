"""The service without reasons says all that ours says besides: else the two are not compared."""

import numpy as np

from benchmarks.serve.home import visits
from benchmarks.serve.plain_service import _PlainForecaster
from hospital.times import moment
from serving.messages.body_envelopes import Context
from serving.messages.forecast_questions import wait_question
from tests.support.small_demo import SmallDemo


def test_an_answer_without_reasons_says_the_same_of_trust(small_demo: SmallDemo) -> None:
    """Of those who have waited longer than was forecast, too; and the numbers are the same."""
    service = small_demo.service()
    try:
        parts = service.parts
        now, model = parts.clock.now(), parts.releases.current("wait-time")
        body = {"visits": visits(32, moment(now))}
        question = wait_question(body, Context(now, "en", parts.pseudonym_key)).question
        with parts.engine.connect() as connection:
            ours, plain = (
                forecaster.wait_time(model, connection, question, now)
                for forecaster in (parts.forecaster, _PlainForecaster())
            )
        assert [f.trust for f in plain] == [f.trust for f in ours]
        assert any("already, longer than" in w for f in ours for w in f.trust["warnings"])
        numbers = [np.array([list(f.quantiles.values()) for f in made]) for made in (ours, plain)]
        assert np.array_equal(*numbers)
        assert not any(f.explanation["contributions"] for f in plain)
    finally:
        service.close()
