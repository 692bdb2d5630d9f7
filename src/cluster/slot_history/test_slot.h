// For tests: a cluster's servers with one slot, owners of it that report without end, and a ledger
// of what was acknowledged, which is compared with what is in history.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "database/history/postgres_store_factory.h"
#include "database/history/schema.h"
#include "history/blocks/field_names.h"
#include "history/blocks/test_lines.h"
#include "journal/batch.h"
#include "nats/connection.h"
#include "nats/settings.h"
#include "ownership/postgres/fence.h"
#include "ownership/postgres/postgres_claims.h"
#include "postgres/test_server.h"
#include "slot_history/slot_archive.h"
#include "testing/becomes.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {

// The values that all owners reported: each is another one, and they grow with time.
class Ledger {
 public:
  static constexpr DeviceNumber kDevices = 3;
  static DeviceNumber device_of(int value) { return 1 + value % kDevices; }

  [[nodiscard]] int next() { return ++last_; }
  // Another process reports values below this.
  void go_on_behind(int value) { last_ = value; }
  std::function<void(int value)> on_acknowledged{};  // before anything is reported
  void acknowledge(int value) {
    if (on_acknowledged) on_acknowledged(value);
    const std::lock_guard lock(mutex_);
    acknowledged_.push_back(value);
  }
  [[nodiscard]] std::vector<int> acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }

 private:
  std::atomic<int> last_{0};
  mutable std::mutex mutex_;
  std::vector<int> acknowledged_;
};

// What tests of a slot share: the claims, the clock and the ledger.
struct TestSlot {
  static constexpr cluster::Slot kSlot{0};

  TestSlot() : TestSlot(make_database()) {}
  // The cluster is one that another process has made.
  explicit TestSlot(const postgres::ConnectionSettings& of) : TestSlot(Made{.settings = of}) {}
  // The next owner's claim, as soon as PostgreSQL takes it.
  [[nodiscard]] SlotArchive::Claim claim() {
    std::optional<cluster::SlotRow> row;
    if (!becomes([&] {
          const auto rows = claims->read();
          if (!rows) return false;
          const auto claimed =
              claims->claim({.slot = kSlot,
                             .node = {.name = "node", .incarnation = rows->at(0).revision + 1},
                             .seen = rows->at(0).revision});
          if (claimed) row = *claimed;
          return claimed.has_value();
        })) {
      throw std::runtime_error("the slot cannot be claimed");
    }
    return {.slot = kSlot,
            .revision = row->revision,
            .position = row->position,
            .node = fmt::format("node{}", row->revision)};
  }
  // What is stored, by device, in the order of its rows.
  [[nodiscard]] std::map<DeviceNumber, std::vector<int>> stored() const {
    const auto stores = postgres_store_factory(slot_settings(*settings, kSlot), {.clock = &clock});
    const auto opened = must(stores->open());
    const FieldNames names(must(opened.store->names()));
    std::map<DeviceNumber, std::vector<int>> values;
    for (DeviceNumber device = 1; device <= Ledger::kDevices; ++device) {
      must(
          opened.store->each_chunk(device, 0, 1'000'000, [&](std::int64_t, std::string_view bytes) {
            for (const std::string& line : rows_of(bytes, names, 0)) {
              values[device].push_back(std::stoi(line.substr(line.find('=') + 1)));
            }
            return Status();
          }));
    }
    return values;
  }

  std::unique_ptr<postgres::TestDatabase> database;
  std::optional<postgres::ConnectionSettings> settings;
  SystemClock system_clock;
  TestClock clock;
  std::unique_ptr<cluster::Claims> claims;
  cluster::Fence fence{settings->schema()};
  TemporaryFolder folder;
  Ledger ledger;

 private:
  struct Made {
    std::unique_ptr<postgres::TestDatabase> database{};
    postgres::ConnectionSettings settings;
  };
  static Made make_database() {
    auto made = std::make_unique<postgres::TestDatabase>();
    auto settings = made->settings();
    return {.database = std::move(made), .settings = std::move(settings)};
  }
  explicit TestSlot(Made made)
      : database(std::move(made.database)), settings(std::move(made.settings)) {
    claims = must(cluster::open_postgres_claims(*settings, {.clock = system_clock}));
    must(claims->join(1));
  }
};

// One owner, which may go on although another one has followed.
class SlotOwner {
 public:
  struct Ways {
    nats::ConnectionSettings nats;
    postgres::ConnectionSettings database;
    std::size_t head_bytes = 1;  // by default each report is stored at once
    HourIntegrator integrate{};
    bool has_copy = false;  // of the log
    std::string node = {};  // with a data folder for all its owners; empty: another one for each
  };
  SlotOwner(TestSlot& slot, const Ways& ways, SlotArchive::Claim claim)
      : slot_(slot), connection_(must(nats::Connection::open(ways.nats, {}))) {
    Result<std::unique_ptr<SlotArchive>> opened = fail(ErrorCode::kIo, "not tried");
    becomes([&] {
      opened = SlotArchive::open(options(ways, claim));
      return opened || opened.error().code != ErrorCode::kIo;
    });
    archive_ = must(std::move(opened));
    archive_->archive().start({});
  }
  SlotOwner(const SlotOwner&) = delete;
  SlotOwner& operator=(const SlotOwner&) = delete;
  ~SlotOwner() { stop_reporting(); }

  void report() {
    const int value = slot_.ledger.next();
    journal::BatchWriter writer;
    writer.begin(Ledger::device_of(value), unix_ms(kTestStart) + value / 10);
    writer.add("value", fmt::format("{}", value));
    writer.end();
    ++reported_;
    archive().append(journal::RecordKind::kReports, writer.take(), [this, value] {
      slot_.ledger.acknowledge(value);
      ++acknowledged_;
    });
  }
  void report(int count) {
    for (int i = 0; i < count; ++i) report();
  }
  // Reports on a thread of its own, some at a time, until it is stopped or has lost the slot.
  void begin_reporting() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested() && !lost()) {
        report();
        becomes([&] {
          return stop.stop_requested() || lost().has_value() || reported_ < acknowledged_ + 8;
        });
      }
    });
  }
  void stop_reporting() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] int acknowledged() const { return acknowledged_; }
  // Why it has lost the slot.
  [[nodiscard]] std::optional<Error> lost() const {
    const std::lock_guard lock(mutex_);
    return lost_;
  }

  [[nodiscard]] Archive& archive() { return archive_->archive(); }
  void close() { archive_->close(); }
  void abandon() { archive_->abandon(); }

 private:
  [[nodiscard]] SlotArchive::Options options(const Ways& ways, const SlotArchive::Claim& claim) {
    SlotArchive::Options options{
        .data = slot_.folder.path() /
                (ways.node.empty() ? fmt::format("revision_{}", claim.revision) : ways.node),
        .database = ways.database,
        .connection = {.call_timeout = Millis(5'000)},
        .nats = connection_.get(),
        .fence = &slot_.fence,
        .claim = claim,
        .replicas = 1,
        .log_bytes = std::int64_t{64} * 1024 * 1024,
        .log = {.retry = Millis(20)},
        .has_copy = ways.has_copy,
        .cluster = "c1",
        .clock = &slot_.clock,
        .integrate = ways.integrate,
        .on_lost = [this](const Error& why) {
          const std::lock_guard lock(mutex_);
          lost_ = why;
        }};
    if (!ways.node.empty()) options.claim.node = ways.node;
    options.recorder.head_bytes = ways.head_bytes;
    std::filesystem::create_directories(options.data);
    return options;
  }

  TestSlot& slot_;
  std::unique_ptr<nats::Connection> connection_;
  std::atomic<int> reported_{0};
  std::atomic<int> acknowledged_{0};
  mutable std::mutex mutex_;
  std::optional<Error> lost_;
  std::unique_ptr<SlotArchive> archive_;  // its threads use the members above
  std::jthread thread_;
};

}  // namespace gridloom::history
