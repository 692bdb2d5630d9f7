// One feed of what changes, for all that show or act on it: a reader subscribes to devices, to an
// account or to everything, and is handed batches of changes on its own loop. Nobody polls.
//
// A change is a value that differs from the one before, or a device that came online, went offline,
// got or lost a fault, answered a set, came to an account or left it. The changes of each partition
// (base/partition.h) are numbered from 1, whether somebody reads them or not; all values that one
// report changed have one number. A twin's snapshot has the number of its moment
// (hub/feed/twin_snapshot.h), so a reader that subscribes first and reads twins afterwards misses
// nothing and takes nothing twice. Numbers are of one run of the server.
//
// Changes are published at the end of the shard's turn, behind its records on their way to the
// journal, as subscribers over MQTT get them: they do not wait for the disk. The outcome of a set
// does.
//
// The feed keeps what a reader has not taken yet: of each value the latest text, and of all so much
// as the reader's limit says. Beyond that the reader falls behind: it is notified once, and
// reads again. A shard never waits for a reader. Without a reader of its partition, a report costs
// one branch.
//
// Thread rule: any thread, unless a comment says otherwise.
#pragma once

#include <array>
#include <atomic>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/partition.h"
#include "base/string_map.h"
#include "journal/journal_reader.h"
#include "registry/directory.h"

namespace gridloom::hub {

struct ValueChange {
  std::size_t slot = 0;  // twin::Twin::name_of(), TwinSnapshot::name_of()
  std::string name{};    // of a quota that the family does not declare; empty: it declares it
  std::string text;      // JSON
  TimePoint at;          // of the report, by the devices' clock
  std::uint64_t number = 0;
};

// A field whose value began or ceased to be an error or a warning (catalog::is_error()).
struct FaultChange {
  std::size_t slot = 0;
  std::string field;  // name of the quota
  std::string text;   // its value, JSON
  bool is_active = false;
  TimePoint at;
  std::uint64_t number = 0;
};

struct ShownPresence {
  // The account that sees it so, because an injected platform fault hides the device; 0: it is so.
  registry::AccountId account{};
  bool online = false;
  TimePoint at;
  std::uint64_t number = 0;
};

// The end of a set; published once its outcome is durable.
struct SetOutcome {
  enum class Kind : std::uint8_t { kAnswered, kRefused, kUnanswered };
  Kind kind{};
  std::string id;                 // as sent to the device; empty: it was not sent
  registry::AccountId account{};  // that asked for it
  std::string why{};              // of a refusal, or of the missing answer
  TimePoint at;
  std::uint64_t number = 0;
};

// Whether a device came to, or left, what the reader subscribed to.
enum class Membership : std::uint8_t { kUnchanged, kAdded, kRemoved };

// All that is new of a device, each value once, as it is now.
struct DeviceChanges {
  std::string sn;
  std::uint64_t number = 0;  // of the last change; 0: it reported, and nothing changed
  std::optional<TimePoint> last_report{};  // nothing: it did not report
  std::vector<ValueChange> values{};       // by slot
  std::vector<FaultChange> faults{};       // in order
  // `faults` begins with all that the device has, as the reader (Detail::kEvents) is notified of
  // the device for the first time.
  bool has_all_faults = false;
  std::vector<ShownPresence> presence{};  // by account
  std::vector<SetOutcome> sets{};         // in order
  Membership membership = Membership::kUnchanged;
};

struct ChangeBatch {
  // The batch has all that is new of the reader's devices behind `after` up to `through`, which is
  // `after` of the partition's next one; 0 in the first. A reader that may go away and return keeps
  // `through` in journal::Positions.
  struct Covered {
    Partition partition{};
    std::uint64_t after = 0;
    std::uint64_t through = 0;
  };
  std::vector<Covered> covered{};  // partitions with news
  std::vector<DeviceChanges> devices{};
  bool is_lost = false;  // more happened than is kept: there are no devices, and the reader reads
};

class ChangeReader {
 public:
  ChangeReader() = default;
  ChangeReader(const ChangeReader&) = delete;
  ChangeReader& operator=(const ChangeReader&) = delete;
  virtual ~ChangeReader() = default;

  // On the reader's loop.
  virtual void on_changes(ChangeBatch batch) = 0;
};

struct ChangeReaderOptions {
  enum class Scope : std::uint8_t {
    kDevices,  // that the subscription names
    kAccount,  // all that the account may read
    kAll
  };
  enum class Detail : std::uint8_t {
    kAll,
    kDevicesOnly,  // which devices have news, without them
    kEvents        // faults, presence and ends of sets; no reports, no values, no membership
  };
  std::weak_ptr<ChangeReader> reader{};
  Loop* loop = nullptr;  // the reader's; outlives the feed
  Scope scope = Scope::kDevices;
  registry::AccountId account{};
  Detail detail = Detail::kAll;
  std::size_t most_bytes = std::size_t{4} * 1024 * 1024;  // kept until the reader takes them
  // Reads for another node what changes here: its interest is sent to no node, and what other nodes
  // tell is not for it.
  bool for_node = false;
};

// Names the changes that readers at one node want of others. Readers with the same interest are
// served together; one of events is served alone, as it gets all faults of a device at first.
struct ChangeInterest {
  ChangeReaderOptions::Scope scope{};
  ChangeReaderOptions::Detail detail{};
  registry::AccountId account{};
  std::uint64_t reader = 0;  // of events: the reader's number at its node
  std::string sn{};          // of devices: one that is wanted; empty: any that was named

  friend auto operator<=>(const ChangeInterest&, const ChangeInterest&) = default;
};

// Holds what waits for one reader. Shards add to it; the reader's loop takes it.
class ChangeMailbox {
 public:
  ChangeMailbox(ChangeReaderOptions options, std::uint64_t number)
      : options_(std::move(options)), number_(number) {}

  [[nodiscard]] const ChangeReaderOptions& options() const { return options_; }
  // The reader's interest in the device; of a reader of more than devices `sn` is empty.
  [[nodiscard]] ChangeInterest interest(std::string sn = {}) const;
  [[nodiscard]] bool wants_values() const {
    return options_.detail == ChangeReaderOptions::Detail::kAll;
  }
  [[nodiscard]] bool wants_reports() const {
    return options_.detail != ChangeReaderOptions::Detail::kEvents;
  }
  [[nodiscard]] bool wants_events() const {
    return options_.detail != ChangeReaderOptions::Detail::kDevicesOnly;
  }
  // Adds what is new of a device of the partition, whose last change has the number `through`.
  // True: the caller is to call post() at the end of its turn.
  [[nodiscard]] bool add(const DeviceChanges& changes, Partition partition, std::uint64_t through);
  // The reader falls behind. True: the caller is to call post().
  [[nodiscard]] bool lose_thread();
  // Has the reader's loop hand over what waits.
  static void post(const std::shared_ptr<ChangeMailbox>& mailbox);
  // Nothing is kept or handed over from now on.
  void close();

 private:
  enum class State : std::uint8_t { kEmpty, kPosted, kClosed };
  void cover(Partition partition, std::uint64_t through);
  void merge(const DeviceChanges& changes);
  void lose();
  void deliver();

  const ChangeReaderOptions options_;
  const std::uint64_t number_;
  std::mutex mutex_;
  State state_ = State::kEmpty;
  journal::Positions told_;  // as the reader has it, or lost it
  ChangeBatch waiting_;
  StringMap<std::size_t> places_;  // in waiting_.devices, by serial number
  std::size_t bytes_ = 0;
};
using ChangeMailboxPtr = std::shared_ptr<ChangeMailbox>;

class ChangeFeed;

// A reader's place in the feed, until it is destroyed. One thread at a time.
class ChangeSubscription {
 public:
  ChangeSubscription() = default;
  ChangeSubscription(ChangeFeed& feed, ChangeMailboxPtr mailbox)
      : feed_(&feed), mailbox_(std::move(mailbox)) {}
  ChangeSubscription(ChangeSubscription&& other) noexcept { *this = std::move(other); }
  ChangeSubscription& operator=(ChangeSubscription&& other) noexcept {
    std::swap(feed_, other.feed_);
    std::swap(mailbox_, other.mailbox_);
    return *this;
  }
  ChangeSubscription(const ChangeSubscription&) = delete;
  ChangeSubscription& operator=(const ChangeSubscription&) = delete;
  ~ChangeSubscription();

  // Devices that the reader subscribes to (Scope::kDevices), each added once.
  void add(const std::string& sn);
  void remove(const std::string& sn);

 private:
  ChangeFeed* feed_ = nullptr;
  ChangeMailboxPtr mailbox_;
};

class ChangeFeed {
 public:
  // The feed outlives the subscription. Whether the account may read the devices that it names is
  // for the caller to see to.
  [[nodiscard]] ChangeSubscription subscribe(ChangeReaderOptions options);

  // --- for the shards

  [[nodiscard]] bool has_readers(Partition partition) const {
    return parts_[number_of(partition)].readers.load(std::memory_order_relaxed) != 0;
  }
  // Grows whenever readers_of() may answer otherwise than before for a device of the partition.
  [[nodiscard]] std::uint64_t generation(Partition partition) const {
    return parts_[number_of(partition)].generation.load(std::memory_order_acquire);
  }
  // The readers of the device; null: the registry does not know it.
  [[nodiscard]] std::vector<ChangeMailboxPtr> readers_of(std::string_view sn,
                                                         const registry::Device* device) const;
  // The readers of accounts and of everything.
  [[nodiscard]] std::vector<ChangeMailboxPtr> wide_readers() const;
  // The devices that are subscribed to by their serial numbers.
  [[nodiscard]] std::vector<std::string> named_devices() const;

  // --- for the cluster: changes of devices whose shards are at other nodes

  // `told` is called with each interest of this node's readers that begins or ends, from the thread
  // that subscribes. It must not call the feed. Empty: nobody is.
  using ToldInterest = std::function<void(const ChangeInterest& interest, bool wanted)>;
  void on_interest(ToldInterest told);
  // Calls for each interest that there is; none begins or ends meanwhile.
  void for_each_interest(const std::function<void(const ChangeInterest& interest)>& each) const;
  // Hands a batch of another node to this node's readers with the interest.
  void tell(const ChangeInterest& interest, const ChangeBatch& batch);
  // All readers of this node fall behind: they read twins again.
  void lose_all();

 private:
  friend class ChangeSubscription;
  struct Part {
    std::atomic<std::uint32_t> readers{0};
    std::atomic<std::uint64_t> generation{0};
  };
  void end(const ChangeMailboxPtr& mailbox);
  void add(const ChangeMailboxPtr& mailbox, const std::string& sn);
  void remove(const ChangeMailbox& mailbox, const std::string& sn);
  // Requires that mutex_ is held. A reader came to the partition, or left it.
  void count(Partition partition, int readers);
  void count_everywhere(int readers);
  void begin(const ChangeMailbox& mailbox, const std::string& sn);
  void cease(const ChangeMailbox& mailbox, const std::string& sn);
  // Likewise; those with the interest, in the device where it is in devices.
  [[nodiscard]] std::vector<ChangeMailboxPtr> readers_with(const ChangeInterest& interest,
                                                           std::string_view sn) const;

  std::array<Part, kPartitions> parts_{};
  mutable std::mutex mutex_;
  StringMap<std::vector<ChangeMailboxPtr>> by_device_;
  std::map<registry::AccountId, std::vector<ChangeMailboxPtr>> by_account_;
  std::vector<ChangeMailboxPtr> of_everything_;
  std::map<ChangeInterest, std::size_t> interests_;  // with the number of readers
  ToldInterest told_;
  std::uint64_t last_number_ = 0;  // of a mailbox
};

// The readers of a device's changes (hub/feed/change_feed.h), as its shard last looked them up.
struct DeviceWatch {
  std::vector<ChangeMailboxPtr> readers;  // at least one
  bool wants_reports = false;             // one of them wants to know of each report
  bool wants_values = false;              // one of them does
  bool wants_faults = false;              // likewise
  bool needs_slots = false;               // the slots that a report changed are needed
  bool is_new = false;             // a reader of events does not know yet which faults there are
  std::set<std::size_t> faulty{};  // slots whose values are errors or warnings
  // Says of quotas of modules, behind the declared slots, whether they may report errors.
  std::vector<bool> module_errors{};
};

// Each device has one. Used by ShardChanges alone.
struct WatchState {
  std::unique_ptr<DeviceWatch> watch;  // null: nobody reads the device
  std::uint64_t as_of = 0;             // when that was looked up; 0: never
};

}  // namespace gridloom::hub
