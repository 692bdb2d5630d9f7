// The thread that posts events to their receiver, one after another, each until it is taken, is
// refused or has waited for a day. It reads them from the log of events, so that none is sent that
// the log does not have, and continues there after a restart, and in a cluster at another node.
//
// Thread rule: start() and stop() on the bridges' loop, once each; the others from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/growing_pause.h"
#include "base/result.h"
#include "bridges/core/bridge.h"
#include "bridges/core/wakeup.h"
#include "bridges/webhook/event.h"
#include "bridges/webhook/outbox.h"
#include "bridges/webhook/settings.h"
#include "bridges/webhook/signature.h"
#include "client/http_client.h"
#include "history/store/store.h"

namespace gridloom::bridges::webhook {

enum class Verdict : std::uint8_t {
  kTaken,
  kRefused,  // sent again, it would be refused again
  kLater     // the receiver is at fault, or has too much to do
};
// The receiver's verdict on the event, by the status of its answer.
[[nodiscard]] Verdict verdict_of(unsigned status);

class Sender {
 public:
  Sender(Parts parts, Identity identity, Settings settings);

  void start();
  // Ends the call that is under way. Waiting events are sent by the next run.
  void stop();
  // The log may have more.
  void on_news();
  // An event that the log does not have.
  void push(const Event& event);

 private:
  using Moment = std::chrono::steady_clock::time_point;

  void run(const std::stop_token& stop);
  // False: a stop is requested.
  [[nodiscard]] bool restore(const std::stop_token& stop);
  // Reads what the logs of all archives have behind what was read of them.
  void read_logs(const std::stop_token& stop);
  [[nodiscard]] Result<std::size_t> read_log(const std::stop_token& stop, std::size_t archive);
  void take(std::size_t archive, std::uint64_t through,
            std::span<const history::StoredEvent> events);
  // Posts the event. Until next_try_ none is posted if the receiver does not take it now.
  void post(const std::stop_token& stop, const Outbox::Waiting& event);
  [[nodiscard]] Result<client::HttpReply> ask(const std::stop_token& stop,
                                              const Outbox::Waiting& event);
  // Opens what is not open yet.
  [[nodiscard]] Status open(const std::stop_token& stop);
  // Tries to reach the receiver, before the first event.
  void try_to_reach(const std::stop_token& stop);
  // When there is something to do, as far as is known.
  [[nodiscard]] Moment wake_at() const;
  void count();
  void save();
  [[nodiscard]] std::int64_t now_ms() const;
  [[nodiscard]] std::string account_name() const;

  const Parts parts_;
  const Identity identity_;
  const Settings settings_;
  Outbox outbox_;
  std::string saved_;  // state
  Moment save_at_{};
  std::optional<Signer> signer_;
  std::optional<client::HttpClient> client_;
  GrowingPause pause_;
  Moment next_try_{};
  bool is_reached_ = false;  // the receiver was, at least once
  GrowingPause look_pause_;
  Moment next_look_{};
  std::atomic<bool> has_news_ = false;
  bool has_read_all_ = false;  // each archive's log, at least once
  std::uint64_t skipped_ = 0;  // of a log that is read for the first time
  Wakeup news_;
  std::jthread thread_;
};

}  // namespace gridloom::bridges::webhook
