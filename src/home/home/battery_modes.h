// Brings batteries into a mode for a while: hold, charge or holdcharge (catalog/battery_modes.h),
// by the commands of their device files. A mode is a lease of kLease, which whoever asked for it
// renews: if nobody does, the fields that it changed are set again to what they were before, also
// when the server was started anew meanwhile.
//
// A field that shows another value than the mode gave it was changed by somebody else, and is left
// as it is. A device that is not connected is set again when it comes back.
//
// The mode of before is on disk, in DIR/battery-modes.json, before a mode is sent: the file is
// written on the loop, a few times a day. In a cluster it is in the database, which is written on a
// thread.
//
// One server has all leases: the one that has kPartition, which the slot 0 of a cluster has. The
// others call it (hub/platform/requests.h).
//
// Thread rule: any thread; tick() on the loop of the options. It is made and destroyed while no
// loop turns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/loop.h"
#include "base/partition.h"
#include "base/result.h"
#include "base/worker.h"
#include "catalog/battery_modes.h"
#include "home/set_tracker.h"
#include "hub/hub.h"
#include "hub/platform/pending_replies.h"
#include "hub/platform/requests.h"
#include "storage/states.h"
#include "wire/json.h"

namespace gridloom::home {

inline constexpr std::string_view kBatteryModeFile = "battery-modes.json";

enum class ModeState : std::uint8_t {
  kSent,        // on its way, or not shown by the device's fields yet
  kApplied,     // the device's fields show the mode
  kNotApplied,  // they show something else, or the device did not answer
  kRestoring    // the mode has ended, and what was before is to be set
};
// "sent", "applied", "not_applied", "restoring"
[[nodiscard]] std::string_view name_of(ModeState state);

// A mode that a battery has from a lease.
struct BatteryLease {
  std::string sn;
  catalog::BatteryMode mode = catalog::BatteryMode::kNormal;
  ModeState state{};
  std::int64_t until_ms = 0;  // by the devices' clock
};

// Whether the file is as it was written; kNotFound, kIo, kMalformed.
[[nodiscard]] Status check_battery_mode_file(const std::filesystem::path& file);

// Their name among what a server must not forget (server::Stores::states()).
inline constexpr std::string_view kBatteryModesService = "battery-modes";

class BatteryModes {
 public:
  static constexpr Millis kLease{60'000};
  static constexpr Millis kRetry{10'000};            // between attempts to restore
  static constexpr std::size_t kMaxLeases = 10'000;  // of all accounts
  static constexpr Partition kPartition{0};

  struct Options {
    hub::Hub* hub = nullptr;
    SetTracker* sets = nullptr;
    Loop* loop = nullptr;
    std::filesystem::path data{};  // the data folder; empty: nothing outlives the object
    // In place of the file in `data`; saves on a thread.
    std::shared_ptr<storage::States> states{};
  };
  // Leases of an earlier run last kLease from now on. Reads what is kept.
  explicit BatteryModes(Options options);
  BatteryModes(const BatteryModes&) = delete;
  BatteryModes& operator=(const BatteryModes&) = delete;
  ~BatteryModes();

  struct Asked {
    AccountId account{};
    std::string sn{};  // empty: all batteries of the account
    catalog::BatteryMode mode = catalog::BatteryMode::kNormal;
    hub::RequestOrigin origin{};
  };
  // Answers with the leases of the account once the devices have answered. kBadParams: there is no
  // battery, or one cannot do the mode, which the detail names; nothing is sent then.
  // kNoPermission: the account may not set the device. kConflict: a device has not reported what is
  // to be restored, or there are kMaxLeases. kNoAnswer: the server that has the leases is away.
  // Otherwise the error of a set.
  using Leases = std::vector<BatteryLease>;
  void set(Asked asked, hub::ReplyTo<Leases> reply_to);
  // Errors: kNoAnswer as above.
  void list(AccountId account, hub::ReplyTo<Leases> reply_to);
  // To be called a few times a second.
  void tick();

 private:
  using Key = std::pair<AccountId, std::string>;
  struct Lease {
    catalog::BatteryMode mode = catalog::BatteryMode::kNormal;
    ModeState state = ModeState::kSent;
    TimePoint until{};          // by the steady clock, as the next one
    TimePoint retry_at{};       // when restoring
    bool is_busy = false;       // a restore is on its way
    bool is_asked = false;      // what became of the set
    std::string set_id{};       // of the set whose fields are watched
    wire::JsonObject before{};  // by command: the parameters as they were
    wire::JsonObject given{};   // by command: the parameters that the mode gave
  };
  struct Asking;
  using AskingPtr = std::shared_ptr<Asking>;
  [[nodiscard]] Result<std::vector<std::string>> devices_for(const Asked& asked) const;
  // Answers a call of another server.
  void answer_call(AccountId account, const std::string& text, Callback<Result<std::string>> done);
  void set_here(Asked asked, hub::ReplyTo<Leases> reply_to);
  [[nodiscard]] Leases list_here(AccountId account) const;
  void take_twins(const AskingPtr& asking, const std::vector<hub::TwinSnapshot>& twins);
  void send_plans(const AskingPtr& asking, Status saved);
  [[nodiscard]] Status prepare(const AskingPtr& asking, const hub::TwinSnapshot& twin);
  void take_outcome(const AskingPtr& asking, const std::string& sn,
                    const Result<SetRecord>& record);
  void answer(const AskingPtr& asking) const;
  void restore(const Key& key);
  void send_restore(const Key& key, const hub::TwinSnapshot& twin);
  void end_restore(const Key& key, bool is_done);
  void watch_states();
  void take_state(const Key& key, const Result<SetRecord>& record);
  void load();
  // On the loop, without the lock; `done` is called there.
  void save(Callback<Status> done);

  const Options options_;
  const std::shared_ptr<storage::States> states_;  // null: nothing outlives the object
  mutable std::mutex mutex_;                       // guards the member below
  std::map<Key, Lease> leases_;
  std::optional<Worker> worker_;  // none: saving is done on the loop
};

}  // namespace gridloom::home
