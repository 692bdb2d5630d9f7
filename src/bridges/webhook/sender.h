// The thread that posts events to their receiver, one after another, each until it is taken, is
// refused or has waited for a day.
//
// Thread rule: start() and stop() on the bridges' loop, once each; push() from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/growing_pause.h"
#include "base/result.h"
#include "bridges/core/health.h"
#include "bridges/core/wakeup.h"
#include "bridges/webhook/event.h"
#include "bridges/webhook/event_queue.h"
#include "bridges/webhook/settings.h"
#include "bridges/webhook/signature.h"
#include "client/http_client.h"

namespace gridloom::bridges::webhook {

enum class Verdict : std::uint8_t {
  kTaken,
  kRefused,  // sent again, it would be refused again
  kLater     // the receiver is at fault, or has too much to do
};
// What the receiver's answer says of the event.
[[nodiscard]] Verdict verdict_of(unsigned status);

class Sender {
 public:
  // Timestamps are of `wall`; both outlive this.
  Sender(Settings settings, Health& health, const Clock& wall)
      : settings_(std::move(settings)), health_(health), wall_(wall) {}

  void start();
  // Ends the call that is under way. What waits is dropped and counted.
  void stop();
  void push(const Event& event, std::string_view account);

 private:
  void run(const std::stop_token& stop);
  // Sends until the event has its verdict. False: a stop is requested.
  [[nodiscard]] bool deliver(const std::stop_token& stop, const EventQueue::Waiting& event);
  [[nodiscard]] Result<client::HttpReply> ask(const std::stop_token& stop,
                                              const EventQueue::Waiting& event);
  // Opens what is not open yet.
  [[nodiscard]] Status open(const std::stop_token& stop);
  // Tries to reach the receiver, before the first event. Returns when to look again.
  [[nodiscard]] std::chrono::steady_clock::time_point try_to_reach(const std::stop_token& stop);
  void count();

  const Settings settings_;
  Health& health_;
  const Clock& wall_;
  EventQueue queue_;
  std::optional<Signer> signer_;
  std::optional<client::HttpClient> client_;
  GrowingPause pause_;
  bool is_reached_ = false;  // the receiver was, at least once
  Wakeup news_;
  Wakeup rest_;  // between two attempts: no event ends it
  std::jthread thread_;
};

}  // namespace gridloom::bridges::webhook
