#include "hub/sign_ins.h"

#include <string>
#include <utility>

#include "wire/json.h"

namespace gridloom::hub {

// The number of this client's entries left out since the last written one; none: leave out this one
// too.
std::optional<std::uint64_t> SignIns::admit(TimePoint now, const SignIn& attempt) {
  const std::scoped_lock lock(mutex_);
  if (now - minute_ >= std::chrono::minutes(1) || now < minute_) {
    minute_ = now;
    // Entries left out are still to be reported.
    std::erase_if(accepted_, [](const auto& each) { return each.second.left_out == 0; });
    for (auto& [name, client] : accepted_) client.written = 0;
  }
  Accepted& user = accepted(std::string(attempt.who));
  if (user.written >= kOfUserAMinute) {
    ++user.left_out;
    return std::nullopt;
  }
  Accepted& client = accepted(std::string(attempt.who) + '\n' + std::string(attempt.client_id));
  if (client.written >= kAcceptedAMinute) {
    ++client.left_out;
    return std::nullopt;
  }
  ++user.written;
  ++client.written;
  return std::exchange(user.left_out, 0) + std::exchange(client.left_out, 0);
}

SignIns::Accepted& SignIns::accepted(std::string name) {
  if (accepted_.size() >= kMaxNames && !accepted_.contains(name)) name.clear();
  return accepted_[name];
}

void SignIns::record(history::Journal& journal, TimePoint now, const SignIn& attempt) {
  const auto admitted = attempt.refused.empty() ? admit(now, attempt) : refusals_.admit(now);
  if (!admitted) return;
  std::uint64_t left_out = *admitted;
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
