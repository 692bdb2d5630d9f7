// The thread that posts events to their receiver, one after another, each until it is taken, is
// refused or has waited for a day. It reads them from the log of events, so that none is sent that
// the log does not have, and continues there after a restart, and in a cluster at another node.
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
#include <utility>
#include <vector>

#include "base/growing_pause.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"
#include "bridges/core/bridge.h"
#include "bridges/core/waiting.h"
#include "bridges/webhook/bridge.h"
#include "bridges/webhook/event.h"
#include "bridges/webhook/outbox.h"
#include "client/http_client.h"
#include "client/http_request.h"
#include "history/reader.h"
#include "history/store/store.h"
#include "wire/signing.h"

namespace gridloom::bridges::webhook {

// The headers by which a receiver knows that a call is Gridloom's and is no repeated one. One
// thread at a time.
class Signer {
 public:
  // Without a secret nothing is signed.
  [[nodiscard]] static Result<Signer> make(const Secret& secret);

  // X-Gridloom-Id and X-Gridloom-Timestamp (Unix milliseconds), and X-Gridloom-Signature:
  // "sha256=" and the 64 hexadecimal digits of HMAC-SHA256(secret, "TIMESTAMP.BODY").
  [[nodiscard]] Result<std::vector<client::HttpHeader>> headers(std::string_view id,
                                                                std::int64_t now_ms,
                                                                std::string_view body);

 private:
  explicit Signer(std::optional<wire::KeyedMac> mac) : mac_(std::move(mac)) {}

  std::optional<wire::KeyedMac> mac_;
};

// Events of an archive's log (home/event_log.h) behind one of them.
struct LogPage {
  static constexpr std::size_t kMostEvents = 1'000;
  std::size_t archives = 1;  // so many there are (history/route.h)
  std::vector<history::StoredEvent> events{};

  [[nodiscard]] bool is_last() const { return events.size() < kMostEvents; }
};

// Waits for it. kIo: it cannot be read now, or a stop is requested.
[[nodiscard]] Result<LogPage> read_log_page(const history::Reads& reads, AccountId account,
                                            std::size_t archive, std::uint64_t after,
                                            const std::stop_token& stop);

enum class Verdict : std::uint8_t {
  kTaken,
  kRefused,  // sent again, it would be refused again
  kLater     // the receiver is at fault, or has too much to do
};
// The receiver's verdict on the event, by the status of its answer.
[[nodiscard]] Verdict verdict_of(unsigned status);

// Thread rule: start() and stop() on the bridges' loop, once each; the others from any thread.
class Sender {
 public:
  Sender(Parts parts, Identity identity, WebhookSettings settings);

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
  const WebhookSettings settings_;
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
