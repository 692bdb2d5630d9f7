#include "api/v1/evcc_api.h"

#include <memory>
#include <utility>

#include "api/home/evcc_json.h"

namespace gridloom::api {

void EvccApi::get(Call call) const {
  const AccountId account = call.account;
  options_.homes->get(
      account,
      {.loop = options_.loop,
       .done = [this, call = std::move(call)](const Result<home::HomeFeed::Home>& home) mutable {
         if (!home) return call.done(call.form.failure(home.error()));
         Callback<Result<home::EnergyCounters::Totals>> answer =
             [form = call.form, done = std::move(call.done), state = home->state,
              picture = home->picture](const Result<home::EnergyCounters::Totals>& totals) mutable {
               const body::Evcc evcc = evcc_of(*state, *picture, totals ? totals->get() : nullptr);
               done(form.success(schema::to_text(evcc)));
             };
         if (options_.counters == nullptr) {
           return answer(fail(ErrorCode::kNotFound, "there are no energy counters"));
         }
         options_.counters->get(call.account, {.loop = options_.loop, .done = std::move(answer)});
       }});
}

}  // namespace gridloom::api
