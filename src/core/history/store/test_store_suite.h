// The suites that every implementation of history's storage has to pass: store_conformance_test.cc,
// retention_store_conformance_test.cc and retention_test.cc have their cases, and each
// implementation instantiates them all in a test of its own.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/store/retention.h"
#include "history/store/store_factory.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {

struct StoreImplementation {
  std::string_view name;
  // Makes a new storage; `data` is a folder that does not exist yet.
  std::function<std::shared_ptr<StoreFactory>(const std::filesystem::path& data)> make;

  friend void PrintTo(const StoreImplementation& implementation, std::ostream* out) {
    *out << implementation.name;
  }
};

// A new storage and the connection that writes to it.
class StoreSuite : public testing::TestWithParam<StoreImplementation> {
 protected:
  using Lines = std::vector<std::string>;
  using Hours = std::vector<std::int64_t>;

  StoreSuite() : stores_(GetParam().make(folder_.data())), store_(must(stores_->open()).store) {}

  void write_hour(const DeviceHour& of, std::vector<std::string> chunks, bool over = true) {
    Changes changes;
    changes.hours.push_back({.of = of, .chunks = std::move(chunks), .over = over});
    must(store_->write(changes));
  }
  void write_energies(const DeviceHour& of, std::string bytes) {
    Changes changes;
    changes.energies.push_back({.of = of, .bytes = std::move(bytes)});
    must(store_->write(changes));
  }
  void write_audit(std::uint64_t sequence, std::string entry) {
    Changes changes;
    changes.audit.push_back({.sequence = sequence, .entry = std::move(entry)});
    must(store_->write(changes));
  }
  void apply(std::uint64_t record) {
    Changes changes;
    changes.applied = journal::Positions::everywhere(record);
    must(store_->write(changes));
  }

  static constexpr std::int64_t kLastHour = 1'000'000;
  // Lines such as "HOUR BYTES", of all hours.
  static Lines chunks(StoreReader& from, DeviceNumber device) {
    Lines lines;
    must(from.each_chunk(device, 0, kLastHour, add_to(lines)));
    return lines;
  }
  static Lines energies(StoreReader& from, DeviceNumber device) {
    Lines lines;
    must(from.each_energy(device, 0, kLastHour, add_to(lines), {}));
    return lines;
  }
  static Lines rollups(StoreReader& from, DeviceNumber device) {
    Lines lines;
    must(from.each_rollup(device, 0, kLastHour, add_to(lines)));
    return lines;
  }
  // Lines such as "SEQUENCE ENTRY", the newest first.
  static Lines audit(StoreReader& from) {
    Lines lines;
    must(from.each_audit([&](const AuditRow& row) {
      lines.push_back(std::to_string(row.sequence) + " " + row.entry);
      return true;
    }));
    return lines;
  }
  void write_events(std::vector<StoredEvent> events) {
    Changes changes;
    changes.events = std::move(events);
    must(store_->write(changes));
  }
  static StoredEvent event(std::uint64_t id, DeviceNumber device, std::int64_t at_ms,
                           journal::EventKind kind = journal::EventKind::kOnline,
                           std::string field = {}) {
    return {.id = id,
            .event = {.device = device, .at_ms = at_ms, .kind = kind, .field = std::move(field)}};
  }
  static constexpr EventPosition kNewest{.at_ms = std::numeric_limits<std::int64_t>::max()};
  // Lines such as "ID KIND FIELD", the newest first.
  static Lines events(StoreReader& from, DeviceNumber device, std::int64_t from_ms = 0,
                      EventPosition before = kNewest) {
    Lines lines;
    must(from.each_event(device, from_ms, before, [&](const StoredEvent& stored) {
      lines.push_back(line_of(stored));
      return true;
    }));
    return lines;
  }
  Lines open_faults() {
    Lines lines;
    for (const StoredEvent& each : must(store_->open_faults())) lines.push_back(line_of(each));
    return lines;
  }
  static std::string line_of(const StoredEvent& stored) {
    return std::to_string(stored.id) + " " + std::string(name_of(stored.event.kind)) + " " +
           stored.event.field;
  }
  static StoreReader::OnBytes add_to(Lines& lines) {
    return [&lines](std::int64_t hour, std::string_view bytes) {
      lines.push_back(std::to_string(hour) + " " + std::string(bytes));
      return Status();
    };
  }

  TemporaryFolder folder_;
  std::shared_ptr<StoreFactory> stores_;
  std::unique_ptr<Store> store_;
};

class StoreConformance : public StoreSuite {};

class RetentionStoreConformance : public StoreSuite {
 protected:
  // Does all of `change` in one slice.
  void commit(const std::function<void()>& change) {
    static_cast<void>(must(retention_->commit([&]() -> Result<bool> {
      change();
      return true;
    })));
  }
  std::unique_ptr<RetentionStore> retention_ = must(stores_->open_retention());
};

// Blocks of hours from kFirst on, and retention that removes them.
class RetentionTest : public StoreSuite {
 protected:
  static constexpr std::int64_t kFirst = 470'000;  // the hour of the first block

  RetentionTest() {
    Changes changes;
    changes.names = {{0, "a"}};
    must(store_->write(changes));
  }
  // An hour that is over, and its energies.
  void put(DeviceNumber device, std::int64_t hour, std::string bytes) {
    Changes changes;
    changes.hours.push_back(
        {.of = {.device = device, .hour = hour}, .chunks = {std::move(bytes)}, .over = true});
    changes.energies.push_back({.of = {.device = device, .hour = hour}, .bytes = "energies"});
    must(store_->write(changes));
  }
  void put(DeviceNumber device, std::int64_t hour);
  Retention open(RetentionLimits limits, Retention::Steady steady = {}) {
    return {must(stores_->open_retention()), limits, std::move(steady)};
  }
  // Does all work that is due; returns the number of slices.
  static int work(Retention& retention, TimePoint now) {
    int pieces = 0;
    while (must(retention.work(now))) {
      if (++pieces > 100'000) throw std::runtime_error("there is no end");
    }
    return pieces;
  }
  // Hours after kFirst.
  Hours blocks(DeviceNumber device);
  Hours quarters(DeviceNumber device);
};

// A server on a machine's clock, which may be set wrongly, and the time that really passes.
class WrongClockTest : public RetentionTest {
 protected:
  static constexpr std::int64_t kYear_hours = 365 * 24;

  void start() {
    retention_.emplace(open({.raw_days = raw_days_}, [this] { return steady_; }));
  }
  // Adds a block every hour and runs retention every 20 minutes.
  void run(std::int64_t hours);
  void pass(Millis span);
  // The clock is off by `hours` for `span`, during which a block is stored.
  void wrong(std::int64_t hours, Millis span);
  [[nodiscard]] TimePoint shown() const { return true_time_ + std::chrono::hours(off_hours_); }
  [[nodiscard]] std::int64_t hour() const { return hour_of(unix_ms(shown())); }

  std::size_t raw_days_ = 90;
  TimePoint true_time_{Millis(kFirst * kHour_ms)};
  Millis steady_{5'000'000};
  std::int64_t off_hours_ = 0;
  std::optional<Retention> retention_;
};

}  // namespace gridloom::history
