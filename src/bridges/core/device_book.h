// The devices of one account with their present values, kept current by the feed of changes: what a
// bridge shows its peer. Devices come and go with the account's rights; all values of a device are
// read once, when it comes or when the feed lost the thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/string_map.h"
#include "bridges/core/bridge.h"
#include "catalog/family.h"
#include "hub/feed/change_feed.h"
#include "hub/feed/twin_snapshot.h"
#include "hub/hub.h"
#include "overview/freshness.h"
#include "registry/directory.h"

namespace gridloom::bridges {

class BookDevice {
 public:
  // `catalog` says of which family and product it is.
  BookDevice(std::string sn, std::string name, const catalog::Catalog& catalog);

  [[nodiscard]] const std::string& sn() const { return sn_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const catalog::Family& family() const { return *family_; }
  // By the beginning of its serial number; empty: nobody knows.
  [[nodiscard]] const std::string& product() const { return product_; }
  [[nodiscard]] overview::Freshness state() const { return state_; }
  // Nothing: it has not reported.
  [[nodiscard]] std::optional<TimePoint> last_report() const { return last_report_; }

  // Quotas by slot: those that the family declares, and behind them those that the device has
  // beside. A slot keeps its quota as long as the device is in the book.
  [[nodiscard]] std::size_t slots() const { return values_.size(); }
  [[nodiscard]] const std::string& name_of(std::size_t slot) const { return values_[slot].name; }
  // Null: the family does not declare the quota.
  [[nodiscard]] const catalog::Field* field_of(std::size_t slot) const {
    return values_[slot].field;
  }
  // JSON; empty: the device has not reported it.
  [[nodiscard]] const std::string& text_of(std::size_t slot) const { return values_[slot].text; }
  [[nodiscard]] std::optional<TimePoint> changed_at(std::size_t slot) const {
    return values_[slot].at;
  }
  [[nodiscard]] std::optional<std::size_t> slot_named(std::string_view name) const;

 private:
  friend class DeviceBook;
  struct Value {
    std::string name{};
    const catalog::Field* field = nullptr;
    std::string text{};
    std::optional<TimePoint> at{};
  };
  void load(const hub::TwinSnapshot& twin);
  // False: it has this value already.
  bool set(const hub::ValueChange& change);
  Value& value_at(std::size_t slot, std::string_view name);
  // Whether the quota of the change is known by name.
  [[nodiscard]] bool knows(const hub::ValueChange& change) const;

  std::string sn_;
  std::string name_;
  catalog::FamilyPtr family_;
  std::string product_;
  overview::Freshness state_ = overview::Freshness::kNever;
  std::optional<TimePoint> last_report_;
  std::vector<Value> values_;
  StringMap<std::size_t> slots_;  // by name
  bool is_loaded_ = false;
  bool has_values_ = false;
  std::uint64_t number_ = 0;                         // of the last change in values_
  std::map<std::size_t, hub::ValueChange> waiting_;  // changes that came before its twin was read
};

// Thread rule: the loop that is given.
class DeviceBook {
 public:
  // Called on the loop, never within the book's constructor.
  class Listener {
   public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual ~Listener() = default;
    // A device came with all its values, or has another name, or was read anew.
    virtual void on_device(const BookDevice& device) = 0;
    // The account may not read it any more.
    virtual void on_removed(const std::string& sn) = 0;
    virtual void on_values(const BookDevice& device, std::span<const std::size_t> slots) = 0;
    // Its state is another one, or it reported without a change.
    virtual void on_state(const BookDevice& device) = 0;
  };

  // All that is given outlives the book.
  DeviceBook(hub::Hub& hub, Loop& loop, registry::AccountId account, Listener& listener);
  DeviceBook(const DeviceBook&) = delete;
  DeviceBook& operator=(const DeviceBook&) = delete;
  ~DeviceBook();

  // Call a few times a second: devices become quiet by the time alone.
  void tick();
  // Devices may have other names.
  void registry_changed();

  // Null: there is no such device, or it has not been read yet.
  [[nodiscard]] const BookDevice* find(std::string_view sn) const;
  void for_each(const std::function<void(const BookDevice&)>& each) const;
  // All devices that the account has were read.
  [[nodiscard]] bool is_whole() const { return loading_ == 0; }

 private:
  class Reader;
  void read_all();
  void read(std::vector<std::string> sns);
  void on_changes(hub::ChangeBatch batch);
  void apply(const hub::DeviceChanges& changes);
  void add(const std::string& sn);
  void remove(const std::string& sn);
  void take_twins(const std::vector<std::string>& asked,
                  const std::vector<hub::TwinSnapshot>& twins);
  // Whether it is another one.
  bool update_state(BookDevice& device);

  hub::Hub& hub_;
  Loop& loop_;
  const registry::AccountId account_;
  Listener& listener_;
  std::shared_ptr<Reader> reader_;
  hub::ChangeSubscription subscription_;
  StringMap<std::unique_ptr<BookDevice>> devices_;
  std::size_t loading_ = 0;  // devices whose twins are being read
  // Before this time, by the devices' clock, no device changes its state by the time alone.
  std::optional<TimePoint> check_at_;
};

// The devices of an account with their values at this moment, for what a bridge would send first.
struct DeviceNow {
  std::string sn;
  std::string name;
  catalog::FamilyPtr family;
  hub::TwinSnapshot twin{};  // without values: the device has not reported
};

// Sorted by serial number. Blocks until the shards have answered, five seconds at most: kIo.
// Thread rule: any thread but a loop's.
[[nodiscard]] Result<std::vector<DeviceNow>> devices_now(const Parts& parts,
                                                         registry::AccountId account);

}  // namespace gridloom::bridges
