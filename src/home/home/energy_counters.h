// The energy counters of accounts, in Wh, for consumers that count by differences: Home Assistant,
// evcc, Prometheus. home/counter_book.h says what they are, and why they never fall.
//  They are brought forward at most every kFresh while somebody asks, and every kUnasked otherwise;
// an account that nobody has ever asked for costs nothing. An answer is on disk before, in
// DIR/counters/ACCOUNT.json: a file for each account, so that writes do not grow with the number of
// accounts, and not in history.db, whose writer is the builder. A file that is missing or damaged
// begins again from history, under a new epoch.
//
// Thread rule: get() from any thread, tick() on one loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/loop.h"
#include "base/result.h"
#include "history/reader.h"
#include "home/counter_book.h"
#include "home/history_devices.h"
#include "hub/hub.h"
#include "hub/platform/pending_replies.h"

namespace gridloom::home {

inline constexpr std::string_view kCounterFiles = "counters";  // the folder in DIR

struct EnergyTotals {
  struct Device {
    std::string sn;
    DeviceNumber number = 0;  // another one: the device was registered again
    FlowCounters wh{};
  };
  std::string epoch;            // another one: the counters begin anew
  std::int64_t at_ms = 0;       // when they were read, by the devices' clock
  std::vector<Device> devices;  // in the home's order
  HomeCounters home_wh{};

  // Null: the account does not have it.
  [[nodiscard]] const Device* find(std::string_view sn) const;
};

// Whether the file has the counters of an account as they were written; kNotFound, kIo, kMalformed.
[[nodiscard]] Status check_counter_file(const std::filesystem::path& file);

class EnergyCounters {
 public:
  static constexpr Millis kFresh = std::chrono::seconds(30);
  static constexpr Millis kUnasked = std::chrono::hours(1);
  static constexpr std::size_t kMaxDevices = 5000;  // of an account

  struct Options {
    hub::Hub* hub = nullptr;
    // Where devices say which household meter is theirs; null: the meters are not known.
    Loop* loop = nullptr;
    const Clock* steady = nullptr;
    history::Reads reads{};
    std::filesystem::path data{};  // the data folder; empty: nothing outlives the object
  };
  explicit EnergyCounters(Options options);
  EnergyCounters(const EnergyCounters&) = delete;
  EnergyCounters& operator=(const EnergyCounters&) = delete;
  ~EnergyCounters() = default;

  // Never null. kConflict: the account has more than kMaxDevices devices, or asks too much of
  // history at once. kIo: they cannot be read or written; counters that were answered once are
  // answered again instead.
  using Totals = std::shared_ptr<const EnergyTotals>;
  void get(AccountId account, hub::ReplyTo<Totals> reply_to);
  // To be called a few times a minute.
  void tick();

 private:
  struct Work;
  using WorkPtr = std::shared_ptr<Work>;
  struct Entry {
    std::optional<CounterBook> book;  // nothing: its file is to be read, or it is being worked on
    Totals totals;
    std::optional<TimePoint> tried;  // by the steady clock
    bool is_computing = false;
    std::vector<hub::ReplyTo<Totals>> waiting;
  };
  [[nodiscard]] WorkPtr begin(AccountId account, Entry& entry) const;
  void start(const WorkPtr& work);
  void read(const WorkPtr& work);
  [[nodiscard]] history::Progress work_on(const WorkPtr& work, history::Reader& reader);
  void finish(const WorkPtr& work, Status worked);
  [[nodiscard]] std::filesystem::path file_of(AccountId account) const;
  [[nodiscard]] Result<CounterBook> load(AccountId account) const;
  [[nodiscard]] Status save(const Work& work) const;

  const Options options_;
  mutable std::mutex mutex_;  // guards the members below
  std::map<AccountId, Entry> entries_;
};

}  // namespace gridloom::home
