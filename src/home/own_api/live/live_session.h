// The server's side of the live stream (docs/user/api.md), inside a WebSocket: lines of JSON in and
// out. Output for a client is composed when its connection can take it, from the values of that
// moment: a client that reads slowly skips what it missed, and costs a number per subscription, the
// output that was composed last, and up to LiveTwinQueue::kAtOnce twins. The output is kOutputBytes
// and one line, which is as long as all values of a device or a home. A client about whose devices
// there is nothing new costs nothing but its place in a list. Belongs to the loop of its
// connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/byte_budget.h"
#include "base/clock.h"
#include "home/home_feed.h"
#include "net/protocol.h"
#include "own_api/live/live_account.h"
#include "own_api/live/live_credential.h"
#include "own_api/live/live_feed.h"
#include "own_api/live/live_input.h"
#include "own_api/live/live_subscriptions.h"

namespace gridloom::api {

class LiveSession final : public net::Protocol {
 public:
  static constexpr Millis kHeartbeat{15'000};
  static constexpr Millis kWelcomeEvery{1'000};
  static constexpr std::size_t kOutputBytes = std::size_t{64} * 1024;  // composed at once
  // Effort of one turn; messages beyond it wait for the next. A unit is about a microsecond.
  static constexpr std::int64_t kEffortAtOnce = 256;

  struct Options {
    net::ConnectionContext context;
    LiveCaller caller;
    LiveFeed* feed = nullptr;
    home::HomeFeed* homes = nullptr;
    TimePoint now{};  // by the server's monotonic clock
  };
  // kConflict: the token, the account or all accounts have too many clients.
  [[nodiscard]] static Result<std::shared_ptr<LiveSession>> open(Options options);

  void receive(std::string_view bytes, TimePoint now) override;
  [[nodiscard]] bool has_work() const override {
    return input_.has_line() && life_ != Life::kEnded && replies_.size() < kOutputBytes;
  }
  void work() override;
  void take_output(std::string& out) override;
  [[nodiscard]] bool has_output() const override;
  [[nodiscard]] bool finished() const override { return life_ == Life::kEnded && replies_.empty(); }
  [[nodiscard]] bool wants_input() const override {
    return !input_.has_line() && replies_.size() < kOutputBytes;
  }
  [[nodiscard]] std::int64_t account() const override;
  [[nodiscard]] std::size_t kept_bytes() const override { return input_.size(); }
  void tick(TimePoint now) override;
  void server_stops() override { end("the server stops"); }
  void lost() override;

 private:
  // A client that paused gets answers and heartbeats only; one that ended, what is left of
  // replies_.
  enum class Life : std::uint8_t { kPlaying, kPaused, kEnded };

  explicit LiveSession(Options options);
  void work_on_lines();
  // Returns the effort, in the unit of kEffortAtOnce.
  std::int64_t on_line(std::string_view line);
  void hello();
  void welcome();
  void refuse(std::optional<LiveSubscriptions::Id> id, const Error& error);
  void end(std::string_view why);
  void check_rights();

  Options options_;
  LiveSharePtr share_;
  TakenBytes place_;  // among the clients of the share
  LiveCredential credential_;
  LiveInput input_;
  std::int64_t effort_ = 0;  // since the last turn
  std::string replies_;      // to messages; they go ahead of values
  std::shared_ptr<LiveSubscriptions> subscriptions_;
  Life life_ = Life::kPlaying;
  TimePoint now_;
  TimePoint beat_;
  std::optional<TimePoint> welcomed_;
  bool owes_welcome_ = false;
};

}  // namespace gridloom::api
