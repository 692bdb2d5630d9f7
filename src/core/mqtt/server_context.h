// The server around MQTT connections and sessions; outlives all of them.
#pragma once

#include "base/clock.h"
#include "base/failure_budget.h"
#include "hub/hub.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

class SessionTable;

struct ServerContext {
  hub::Hub* hub = nullptr;
  const Clock* clock = nullptr;  // a steady one (hub::Platform::steady)
  SessionTable* sessions = nullptr;
  wire::mqtt::MqttLimits limits{};
  FailureBudget* failures = nullptr;  // of sign-ins, shared with HTTP; null: any number may fail
};

}  // namespace gridloom::mqtt
