#include "bench/set_load.h"

#include "bench/set_responder.h"

namespace gridloom::bench {

Result<Summary> run(const SetLoad& load) {
  if (load.http.body.empty() || load.http.devices.empty()) {
    return fail(ErrorCode::kBadParams, "a load of sets needs a body and devices");
  }
  GL_TRY(const auto responder,
         SetResponder::start({.to = load.mqtt, .ca = load.http.ca, .devices = load.http.devices}));
  auto summary = run(load.http);
  GL_TRY(responder->outcome());
  if (summary) summary->what = "set";
  return summary;
}

}  // namespace gridloom::bench
