// Calls the claims on a thread of its own, one after the other, for a state machine that must not
// block. Internal to Member.
//
// Thread rule: any function from any thread.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "base/worker.h"
#include "ownership/claims.h"
#include "ownership/effects.h"
#include "ownership/node_id.h"

namespace gridloom::cluster {

class ClaimsCaller {
 public:
  using OnEvent = std::function<void(Event event)>;
  // `on_event` gets the outcome of each call, in their order, on the thread of the calls.
  ClaimsCaller(Claims& claims, NodeId node, const Clock& clock, OnEvent on_event);
  ClaimsCaller(const ClaimsCaller&) = delete;
  ClaimsCaller& operator=(const ClaimsCaller&) = delete;
  // Waits for the call that is under way, and drops the others.
  ~ClaimsCaller() = default;

  void call(const ReadClaims& what);
  void call(const Claim& what);
  void call(const Release& what);

  struct Away {
    std::optional<TimePoint> since{};  // nothing: the last call was answered
    std::string error{};               // of the last time that they were away
  };
  [[nodiscard]] Away away() const;

 private:
  // `call` returns its event; `lost` is the event if it is not even begun.
  void post(std::move_only_function<Event()> call, Event lost);
  void note(const Status& outcome);

  Claims& claims_;
  const NodeId node_;
  const Clock& clock_;
  const OnEvent on_event_;

  mutable std::mutex mutex_;  // guards the next member
  Away away_;

  Worker worker_;
};

}  // namespace gridloom::cluster
