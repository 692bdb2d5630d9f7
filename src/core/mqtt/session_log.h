// Writes changes of sessions into the log (hub/clients/session_changes.h).
//
// Thread rule: any function from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hub/clients/client.h"
#include "hub/clients/session_changes.h"
#include "hub/hub.h"
#include "wire/mqtt/outbox.h"

namespace gridloom::mqtt {

void record(const hub::Hub& hub, const hub::SessionChange& change);
// `done`, if it is not empty, is called on the session's loop, if the session lives that long, once
// the log has the changes.
void record(const hub::Hub& hub, std::string changes, std::weak_ptr<hub::Client> session,
            std::function<void()> done);

// The delivery steps that were taken from an outbox.
struct TakenSteps {
  std::vector<wire::mqtt::Outbox::DeliveryStep> steps{};
  std::uint64_t taken = 0;  // Outbox::steps_taken() with them
};
// Delivery steps of a session as changes.
struct StepChanges {
  std::string bytes;
  // The log must have some of the steps before the client gets more.
  bool is_awaited = false;
};
// `session` is its number in the log.
[[nodiscard]] StepChanges changes_of(std::int64_t session,
                                     const std::vector<wire::mqtt::Outbox::DeliveryStep>& steps);

}  // namespace gridloom::mqtt
