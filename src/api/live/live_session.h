// The server's side of the live stream (docs/user/api.md), inside a WebSocket: lines of JSON in and
// out. What a client gets is composed when its connection can take it, from the values of that
// moment: a client that reads slowly skips what it missed, and costs a number per subscription, the
// output that was composed last, and up to LiveTwinQueue::kAtOnce twins. The output is kOutputBytes
// and one line, which is as long as all values of a device or a home. A client about whose devices
// there is nothing new costs nothing but its place in a list. Belongs to the loop of its
// connection.
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
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/live/live_account.h"
#include "api/live/live_feed.h"
#include "api/live/live_schedule.h"
#include "base/byte_budget.h"
#include "base/clock.h"
#include "home/home_feed.h"
#include "net/protocol.h"
#include "registry/directory.h"
#include "wire/json.h"

namespace gridloom::api {

// Who opened the stream, and whether the credential is still good.
struct LiveCaller {
  registry::AccountId account{};
  std::string token{};    // its hash; or else:
  std::string session{};  // the hash of its cookie
};

class LiveSession final : public net::Protocol,
                          public LiveWatcher,
                          public std::enable_shared_from_this<LiveSession> {
 public:
  static constexpr Millis kHeartbeat{15'000};
  static constexpr Millis kWelcomeEvery{1'000};
  static constexpr Millis kLeastPeriod = LiveSchedule::kPeriod;
  static constexpr Millis kMostPeriod{60'000};
  static constexpr std::size_t kLineBytes = std::size_t{16} * 1024;    // of a client's message
  static constexpr std::size_t kOutputBytes = std::size_t{64} * 1024;  // composed at once
  static constexpr std::size_t kFields = 256;                          // named by a subscription
  // Effort of one turn; messages beyond it wait for the next. A unit is about a microsecond.
  static constexpr std::int64_t kEffortAtOnce = 256;

  struct Options {
    net::ConnectionContext context;
    LiveCaller caller;
    LiveFeed* feed = nullptr;
    home::HomeFeed* homes = nullptr;
    TimePoint now{};  // by the server's monotonic clock
  };
  // kConflict: the account has too many clients, or all accounts have.
  [[nodiscard]] static Result<std::shared_ptr<LiveSession>> open(Options options);

  void receive(std::string_view bytes, TimePoint now) override;
  [[nodiscard]] bool has_work() const override {
    return has_line_ && !finished_ && replies_.size() < kOutputBytes;
  }
  void work() override;
  void take_output(std::string& out) override;
  [[nodiscard]] bool has_output() const override;
  [[nodiscard]] bool finished() const override { return finished_ && replies_.empty(); }
  [[nodiscard]] bool wants_input() const override {
    return !has_line_ && replies_.size() < kOutputBytes;
  }
  [[nodiscard]] std::int64_t account() const override;
  [[nodiscard]] std::size_t kept_bytes() const override { return input_.size(); }
  void tick(TimePoint now) override;
  void server_stops() override { end("the server stops"); }
  void lost() override;
  void on_news(const std::vector<LiveDevicePtr>& devices) override;

 private:
  struct Subscription {
    TakenBytes place;      // in the account's budget
    LiveWatch watch;       // of nothing: the topic is home
    LiveFieldsPtr fields;  // null: all
    Millis every = kLeastPeriod;
    std::optional<TimePoint> flushed;
    // The topic device uses these:
    enum class TwinRead : std::uint8_t { kNone, kWanted, kAsked, kTaken };  // for a snapshot
    TwinRead read = TwinRead::kNone;
    TwinSnapshotPtr twin;      // kTaken; null: the device was never heard of
    std::uint64_t number = 0;  // of the last change that the client has
    std::uint64_t names = 0;   // how many names it knows
    std::uint64_t losses = 0;  // LiveDevice::Moment, when the twin was asked for
    std::string_view state;    // that it was told; empty: it has no snapshot
    // The topic home uses these:
    std::optional<home::HomeFeed::Home> home;
    std::uint64_t version = 0;  // that it has
  };
  using Id = std::int64_t;

  explicit LiveSession(Options options);
  void work_on_lines();
  // Returns the effort, in the unit of kEffortAtOnce.
  std::int64_t on_line(std::string_view line);
  void hello();
  void welcome();
  void subscribe(Id id, const wire::JsonObject& message);
  void add(Id id, Subscription made);
  void unsubscribe(Id id);
  [[nodiscard]] Result<LiveFieldsPtr> fields_in(const wire::JsonObject& message) const;
  void refuse(std::optional<Id> id, const Error& error);
  void end(std::string_view why);
  void check_rights();
  void check_subscriptions();
  // When the credential ends, in Unix milliseconds; nothing: there is no such credential any more.
  [[nodiscard]] std::optional<std::int64_t> credential_end() const;
  void ask_for_home();
  void on_home(Result<home::HomeFeed::Home> home);

  void add_news(Id id, const Subscription& subscription);
  // The client needs a snapshot of the device, which a read of its twin comes before.
  void want_twin(Id id, Subscription& subscription);
  void read_twins();
  void flush(Id id, Subscription& subscription, std::string& out);
  void flush_home(Id id, Subscription& subscription, std::string& out) const;
  void flush_device(Id id, Subscription& subscription, std::string& out);
  void flush_snapshot(Id id, Subscription& subscription, std::string& out);

  Options options_;
  LiveAccountPtr account_;
  TakenBytes place_;          // among the clients of the account
  std::string input_;         // messages that were not worked on yet
  std::size_t searched_ = 0;  // bytes of input_ without a line's end
  bool has_line_ = false;     // input_ has a whole message
  std::int64_t effort_ = 0;   // since the last turn
  std::string replies_;       // to messages; they go ahead of values
  std::map<Id, Subscription> subscriptions_;
  std::unordered_map<std::string_view, Id> by_sn_;  // the texts are those of the watched devices
  std::optional<Id> home_;                          // the subscription to the home
  home::HomeWatch home_watch_;  // until a tick without a subscription to the home
  bool is_asking_ = false;      // for the home; the answer is for home_
  LiveSchedule schedule_;
  LiveTwinQueue twins_;
  std::set<std::string, std::less<>> named_families_;
  std::shared_ptr<const registry::Directory> directory_;  // that the rights were last checked by
  std::int64_t ends_ms_ = 0;                              // the credential, by that directory
  TimePoint now_;
  TimePoint beat_;
  std::optional<TimePoint> welcomed_;
  bool owes_welcome_ = false;
  bool is_paused_ = false;
  bool finished_ = false;
};

}  // namespace gridloom::api
