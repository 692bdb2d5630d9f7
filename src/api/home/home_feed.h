// What GET /api/v1/home answers, and the topic home of the live stream: the picture of an account's
// home, computed once for all who ask for it within kFresh. Shared by all loops.
// Thread rule: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/shared_text.h"
#include "history/reader.h"
#include "hub/hub.h"
#include "hub/reply_to.h"
#include "overview/ledger.h"
#include "registry/directory.h"

namespace gridloom::api {

class HomeFeed {
 public:
  static constexpr Millis kFresh{1000};
  static constexpr Millis kLedgerFresh = std::chrono::seconds(30);
  static constexpr std::size_t kMaxLedger = 200;  // devices of a home whose energies are summed
  static constexpr std::size_t kMaxHomes = 4096;  // kept at once

  struct Options {
    hub::Hub* hub = nullptr;
    const Clock* steady = nullptr;
    history::Reads reads{};  // Archive::read; empty: there are no energies
  };
  explicit HomeFeed(Options options) : options_(std::move(options)) {}

  struct Home {
    std::uint64_t version = 0;  // differs where the members differ
    std::int64_t now_ms = 0;    // by the devices' clock
    SharedText members;         // of the JSON object, without "now"
    // The whole JSON object.
    [[nodiscard]] std::string text() const;
  };
  void get(registry::AccountId account, hub::ReplyTo<Home> reply_to);
  // How many requests wait while the account's home is computed.
  [[nodiscard]] std::size_t waiting(registry::AccountId account) const;

 private:
  struct Entry {
    std::optional<Home> home;
    TimePoint computed{};
    bool is_computing = false;
    std::vector<hub::ReplyTo<Home>> waiting;
    std::optional<overview::Ledger> ledger;
    std::optional<TimePoint> ledger_computed;
  };
  struct Work;
  void start(registry::AccountId account);
  // Both return their effort, in the units of hub::Inbox.
  std::int64_t add_ledger(const std::shared_ptr<Work>& work);
  std::int64_t finish(const std::shared_ptr<Work>& work);
  void make_room(TimePoint now);

  Options options_;
  mutable std::mutex mutex_;
  std::map<registry::AccountId, Entry> homes_;
  std::uint64_t last_version_ = 0;
};

}  // namespace gridloom::api
