#include "hub/sign_ins.h"

#include "wire/json.h"

namespace gridloom::hub {

void SignIns::record(history::Journal& journal, TimePoint now, const SignIn& attempt) {
  std::uint64_t left_out = 0;
  if (!attempt.refused.empty()) {
    const auto refusals = refusals_.admit(now);
    if (!refusals) return;
    left_out = *refusals;
  }
  if (journal.behind()) {
    left_out_ += left_out + 1;
    return;
  }
  left_out += left_out_.exchange(0);
  wire::JsonObject entry{{"at", unix_ms(now)},
                         {"what", "sign-in"},
                         {"who", wire::shortened(attempt.who)},
                         {"through", "mqtt"},
                         {"client", wire::shortened(attempt.client_id)},
                         {"from", attempt.from}};
  entry["outcome"] = attempt.refused.empty() ? "accepted" : "refused";
  if (!attempt.refused.empty()) entry["why"] = attempt.refused;
  if (left_out != 0) entry["leftOut"] = left_out;
  journal.append(history::RecordKind::kAudit, wire::to_text(entry), {});
}

}  // namespace gridloom::hub
