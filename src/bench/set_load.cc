#include "bench/set_load.h"

#include "bench/set_responder.h"

namespace gridloom::bench {

Result<Summary> run(const SetLoad& load) {
  if (load.http.body.empty() || load.http.devices.empty()) {
    return fail(ErrorCode::kBadParams, "a load of sets needs a body and devices");
  }
  const auto responder =
      SetResponder::start({.to = load.mqtt, .ca = load.http.ca, .devices = load.http.devices});
  if (!responder) return std::unexpected(responder.error());
  auto summary = run(load.http);
  if (Status answered = (*responder)->outcome(); !answered) {
    return std::unexpected(answered.error());
  }
  if (summary) summary->what = "set";
  return summary;
}

}  // namespace gridloom::bench
