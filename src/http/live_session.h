// The server's side of the live stream (docs/user/api.md), inside a WebSocket: lines of JSON in and
// out. What a client gets is composed when its connection can take it, from the values of that
// moment: a client that reads slowly costs a number per subscription, and skips what it missed.
// Belongs to the loop of its connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/home_feed.h"
#include "http/live_feed.h"
#include "net/protocol.h"
#include "registry/directory.h"
#include "wire/json.h"

namespace gridloom::http {

// Who opened the stream, and whether the credential is still good.
struct LiveCaller {
  registry::AccountId account{};
  std::string token{};    // its hash; or else:
  std::string session{};  // the hash of its cookie
};

class LiveSession final : public net::Protocol, public std::enable_shared_from_this<LiveSession> {
 public:
  static constexpr Millis kHeartbeat{15'000};
  static constexpr Millis kLeastPeriod{250};
  static constexpr Millis kMostPeriod{60'000};
  static constexpr std::size_t kLineBytes = std::size_t{16} * 1024;    // of a client's message
  static constexpr std::size_t kOutputBytes = std::size_t{64} * 1024;  // composed at once
  static constexpr std::size_t kFields = 256;                          // named by a subscription

  struct Options {
    net::ConnectionContext context;
    LiveCaller caller;
    LiveFeed* feed = nullptr;
    HomeFeed* homes = nullptr;
    TimePoint now{};  // by the server's monotonic clock
  };
  // start() follows, once it is shared.
  explicit LiveSession(Options options);
  void start();

  void receive(std::string_view bytes, TimePoint now) override;
  void take_output(std::string& out) override;
  [[nodiscard]] bool has_output() const override;
  [[nodiscard]] bool finished() const override { return finished_ && replies_.empty(); }
  [[nodiscard]] bool wants_input() const override { return replies_.size() < kOutputBytes; }
  [[nodiscard]] std::int64_t account() const override;
  [[nodiscard]] std::size_t kept_bytes() const override { return line_.size(); }
  void tick(TimePoint now) override;
  void server_stops() override { end("the server stops"); }
  void lost() override { finished_ = true; }

 private:
  struct Subscription {
    LiveDevicePtr device;  // null: the topic is home
    std::optional<LiveDevice::Fields> fields;
    Millis every = kLeastPeriod;
    std::optional<TimePoint> flushed;
    std::uint64_t seq = 0;    // of what the client has; 0: nothing yet
    std::uint64_t names = 0;  // how many names it knows
    std::string state;        // that it was told
    // Of the topic home.
    std::optional<HomeFeed::Home> home;
    std::uint64_t version = 0;  // that it has
    bool is_asking = false;
  };
  using Id = std::int64_t;

  void on_line(std::string_view line);
  void hello();
  void subscribe(Id id, const wire::JsonObject& message);
  void refuse(std::optional<Id> id, const Error& error);
  void end(std::string_view why);
  void check_rights();
  void ask_for_home(Id id, Subscription& subscription);

  [[nodiscard]] bool is_due(const Subscription& subscription) const;
  [[nodiscard]] std::string state_now(const Subscription& subscription) const;
  [[nodiscard]] bool has_news(const Subscription& subscription) const;
  void flush(Id id, Subscription& subscription, std::string& out);
  void flush_home(Id id, Subscription& subscription, std::string& out) const;
  void flush_device(Id id, Subscription& subscription, std::string& out);

  Options options_;
  std::string line_;     // the beginning of a message
  std::string replies_;  // to messages; they go ahead of values
  std::map<Id, Subscription> subscriptions_;
  std::set<std::string, std::less<>> named_families_;
  std::shared_ptr<const registry::Directory> directory_;  // that the rights were last checked by
  TimePoint now_;
  TimePoint beat_;
  Id last_flushed_ = 0;
  bool is_paused_ = false;
  bool finished_ = false;
};

}  // namespace gridloom::http
