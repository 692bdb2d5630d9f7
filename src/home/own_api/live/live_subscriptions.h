// The subscriptions of one client of the live stream: what it watches, what of it is news to the
// client, and the lines that tell it.
//
// News wait in a schedule until the client can take them, and are composed then, from the values of
// that moment. A device is sent as a snapshot first, which a read of its twin comes before; then by
// its changes. The home is sent as a whole.
//
// Belongs to the loop of its client's connection; LiveFeed and HomeFeed call it there. Not here:
// the client's messages and its right to the stream (LiveSession).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/byte_budget.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "home/home_feed.h"
#include "own_api/home/home_json.h"
#include "own_api/live/live_account.h"
#include "own_api/live/live_feed.h"
#include "own_api/live/live_schedule.h"
#include "registry/directory.h"
#include "wire/json.h"

namespace gridloom::api {

class LiveSubscriptions : public std::enable_shared_from_this<LiveSubscriptions> {
 public:
  using Id = std::int64_t;  // the client's name for a subscription
  static constexpr Millis kMostPeriod{60'000};
  static constexpr std::size_t kFields = 256;  // named by a subscription

  struct Options {
    registry::AccountId account_id{};
    LiveSharePtr share;
    std::optional<Card> card{};  // the client gets this of the home, and nothing else
    LiveFeed* feed = nullptr;
    home::HomeFeed* homes = nullptr;
    Loop* loop = nullptr;           // the connection's
    std::function<void()> on_news;  // is_ready() may have become true
    TimePoint now{};
  };
  explicit LiveSubscriptions(Options options);

  // Does what a client's message of the type sub asks for; one with the same id, or to the same
  // device or the home, is replaced. kBadParams: the message is wrong; kNoPermission: the account
  // may not read the device, or the client is a card; kConflict: a limit, which the error names.
  // Then nothing has changed.
  [[nodiscard]] Status subscribe(Id id, const wire::JsonObject& message,
                                 const registry::Directory& directory);
  // Nothing happens if there is none.
  void unsubscribe(Id id);
  // Ends the subscriptions to devices that the account may no longer read, and returns them.
  struct Refused {
    Id id = 0;
    Error error;
  };
  [[nodiscard]] std::vector<Refused> drop_forbidden(const registry::Directory& directory);
  void clear();

  // The time advances; news may become due.
  void advance(TimePoint now);
  // The same, a few times a second: the home is no longer watched if nobody asks for it.
  void tick(TimePoint now);
  // Asks for the home if it has changed, and may be sent again.
  void refresh_home();
  // Reads the twins that are wanted, as many as may be held. Those of several subscriptions are
  // read together, so call when a read of the connection is done.
  void read_twins();

  [[nodiscard]] bool is_ready() const {
    return schedule_.is_ready() || (notice_->is_given() && schedule_.may_send());
  }
  // Appends lines until there are no more, or `out` has `most` bytes.
  void take_output(std::string& out, std::size_t most);

 private:
  struct Subscription {
    TakenBytes place;      // in the share's budget
    LiveWatch watch;       // of nothing: the topic is home
    LiveFieldsPtr fields;  // null: all
    Millis every = LiveSchedule::kPeriod;
    std::optional<TimePoint> flushed;
    // The topic device uses these:
    enum class TwinRead : std::uint8_t { kNone, kWanted, kAsked, kTaken };  // for a snapshot
    TwinRead read = TwinRead::kNone;
    TwinSnapshotPtr twin;      // kTaken; null: the device was never heard of
    std::uint64_t number = 0;  // of the last change that the client has
    std::uint64_t names = 0;   // how many names it knows
    std::uint64_t losses = 0;  // LiveDevice::Moment, when the twin was asked for
    std::string_view state;    // that it has; empty: it has no snapshot
    // Whether changes do not suffice: the client needs another snapshot.
    [[nodiscard]] bool is_behind(const LiveDevice::Moment& moment) const {
      return moment.names != names || moment.losses != losses;
    }
    // The topic home uses these:
    std::uint64_t seen = 0;  // version of the home that was looked at last, with news or without
    std::optional<home::HomeFeed::Home> home;
    std::uint64_t version = 0;  // that it has
    std::string card;           // the members that a card gets; empty: not known yet
    catalog::Language language = catalog::Language::kEnglish;
  };

  void add(Id id, Subscription made);
  // Finds out which devices have news, if there are some.
  void look();
  [[nodiscard]] Result<LiveFieldsPtr> fields_in(const wire::JsonObject& message) const;
  void add_news(Id id, const Subscription& subscription);
  // The client needs a snapshot of the device, which a read of its twin comes before.
  void want_twin(Id id, Subscription& subscription);
  void ask_for_home();
  void on_home(Result<home::HomeFeed::Home> home);

  void flush(Id id, Subscription& subscription, std::string& out);
  void flush_home(Id id, Subscription& subscription, std::string& out) const;
  void flush_device(Id id, Subscription& subscription, std::string& out);
  void flush_snapshot(Id id, Subscription& subscription, std::string& out);

  Options options_;
  // Apart from the rest, because it is looked at with each change of a device.
  std::unique_ptr<LiveNotice> notice_;
  std::unordered_map<Id, Subscription> subscriptions_;
  std::vector<LiveWatched> watched_;
  std::unordered_map<std::string_view, Id> by_sn_;  // the texts are those of the watched devices
  std::optional<Id> home_;                          // the subscription to the home
  home::HomeWatch home_watch_;  // until a tick without a subscription to the home
  bool is_asking_ = false;      // for the home; the answer is for home_
  LiveSchedule schedule_;
  LiveTwinQueue twins_;
  std::set<std::string, std::less<>> named_families_;
  TimePoint now_;
};

}  // namespace gridloom::api
