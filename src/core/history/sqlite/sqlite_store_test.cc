// Tests that damage in the rows of history.db is detected, whatever column it is in.
// sqlite_conformance_test.cc has what every store does.
#include "history/store/row_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>

#include "history/blocks/rollup.h"
#include "history/energy/energy_integrator.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "history/store/history_tables.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;

constexpr std::int64_t kHour = 472'222;
constexpr DeviceNumber kDevices = 3;
using Lines = std::vector<std::string>;

std::string one_row_block(std::int64_t hour, std::string_view value) {
  BlockWriter writer;
  writer.add(hour * kHour_ms, std::vector{Sample{.field = 0, .value = value_of(value)}});
  return writer.finish();
}

std::string some_energies(const DeviceHour& of) {
  HourEnergies energies;
  energies.quarters[of.hour * 4].of(EnergyFlow::kPv) = static_cast<double>(of.device);
  return to_bytes(of.hour, energies);
}

std::string some_quarters() {
  const std::string bytes = one_row_block(400'000, "1");
  std::vector<Block> blocks;
  blocks.push_back(must(Block::open(bytes)));
  return write_rollups(must(rollups_of(400'000, blocks)));
}

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() {
    must(storage::make_data_folder(folder_.data()));
    open();
  }
  void write_hour(const DeviceHour& of, std::string chunk, bool over) {
    Changes changes;
    changes.hours.push_back({.of = of, .chunks = {std::move(chunk)}, .over = over});
    must(store_->write(changes));
  }
  void open() {
    store_.reset();
    stores_ = sqlite_store_factory(folder_.data());
    store_ = must(stores_->open()).store;
  }
  void fill() {
    Changes changes;
    changes.names = {{0, "power_w"}, {1, "voltage_v"}};
    for (DeviceNumber device = 1; device <= kDevices; ++device) {
      for (std::int64_t hour = kHour; hour < kHour + 3; ++hour) {
        const DeviceHour of{.device = device, .hour = hour};
        changes.hours.push_back(
            {.of = of, .chunks = {one_row_block(hour, std::to_string(device))}, .over = true});
        changes.energies.push_back({.of = of, .bytes = some_energies(of)});
      }
      changes.twins.push_back({.device = device,
                               .sn = fmt::format("HEATER-{}", device),
                               .text = fmt::format(R"({{"power_w":{}}})", device)});
    }
    changes.events = {
        {.id = 1024,
         .event = {.device = 3,
                   .at_ms = 50,
                   .kind = journal::EventKind::kFaultBegan,
                   .since_ms = 40,
                   .field = "err",
                   .text = "5"}},
        {.id = 1025,
         .event = {.device = 3, .at_ms = 60, .kind = journal::EventKind::kLeftOut, .count = 9}}};
    changes.audit = {{.sequence = 4, .entry = R"({"at":4})"}, {.sequence = 9, .entry = "{}"}};
    changes.applied = journal::Positions::everywhere(9);
    must(store_->write(changes));
    const auto retention = must(stores_->open_retention());
    must(retention->replace_by_rollups({.device = 1, .hour = 400'000}, some_quarters()));
  }
  static std::string hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) text += fmt::format("{:02X}", static_cast<unsigned char>(c));
    return text;
  }
  template <typename... Arguments>
  void change(fmt::format_string<Arguments...> sql, Arguments&&... arguments) {
    auto database = must(storage::Database::open(folder_.data() / "history.db"));
    must(database.run(fmt::format(sql, std::forward<Arguments>(arguments)...)));
  }
  // The lines that a walk reads if it stops after each chunk.
  Lines walked(DeviceNumber device) {
    Lines lines;
    Store::ChunkPosition place;
    bool all = false;
    while (!all) {
      all = must(store_->chunks_from(
          device, place, kHour * 2, [&](const Store::ChunkPosition& at, std::string_view bytes) {
            lines.push_back(fmt::format("block {} {} {}", device, at.hour, hex(bytes)));
            place = at.after();
            return Result<bool>(false);
          }));
    }
    return lines;
  }
  static Lines block_lines(const Lines& lines, DeviceNumber device) {
    Lines blocks;
    const std::string start = fmt::format("block {} ", device);
    std::ranges::copy_if(lines, std::back_inserter(blocks),
                         [&](const std::string& line) { return line.starts_with(start); });
    return blocks;
  }
  // Everything that the store returns, one line each.
  Lines all() {
    Lines lines;
    lines.push_back(fmt::format("applied {}", must(must(store_->applied()).common())));
    for (const std::string& name : must(store_->names())) lines.push_back("name " + name);
    for (const StoredTwin& twin : must(store_->twins())) {
      lines.push_back(fmt::format("twin {} {} {}", twin.device, twin.sn, twin.text));
    }
    for (DeviceNumber device = -1; device <= kDevices * 20; ++device) {
      const auto line = [&](std::string_view table) {
        return [&lines, table, device](std::int64_t hour, std::string_view bytes) {
          lines.push_back(fmt::format("{} {} {} {}", table, device, hour, hex(bytes)));
          return Status();
        };
      };
      must(store_->each_chunk(device, 0, kHour * 2, line("block")));
      EXPECT_EQ(walked(device), block_lines(lines, device));
      must(store_->each_energy(device, 0, kHour * 2, line("energy"), {}));
      must(store_->each_rollup(device, 0, kHour * 2, line("quarter")));
    }
    for (const DeviceNumber device : {1, 2, 3, 7}) {
      must(store_->each_event(device, 0, {.at_ms = 1000}, [&](const StoredEvent& each) {
        const journal::DeviceEvent& event = each.event;
        lines.push_back(fmt::format("event {} {} {} {} {} {} {} {}", each.id, event.device,
                                    event.at_ms, name_of(event.kind), event.since_ms, event.count,
                                    event.field, event.text));
        return true;
      }));
    }
    for (const StoredEvent& each : must(store_->open_faults())) {
      lines.push_back(fmt::format("open {}", each.id));
    }
    must(store_->each_audit([&](const AuditRow& row) {
      lines.push_back(fmt::format("audit {} {}", row.sequence, row.damaged ? "?" : row.entry));
      return true;
    }));
    return lines;
  }

  StoreCheck checked() {
    store_.reset();
    StoreCheck found = must(stores_->check(StoreFactory::Writers::kMaybe));
    EXPECT_THAT(found.structure, IsEmpty());
    return found;
  }

  TemporaryFolder folder_;
  std::shared_ptr<StoreFactory> stores_;
  std::unique_ptr<Store> store_;
};

struct Damage {
  std::string_view what;
  std::string_view sql;
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.what; }

// The effect of a flipped bit on a row, in each column of each table.
constexpr Damage kDamages[] = {
    {"a name", "UPDATE field_name SET bytes = 'powes_w' WHERE id = 0"},
    {"the checksum of a name", "UPDATE field_name SET checksum = checksum + 1 WHERE id = 1"},
    {"names that changed places",
     "UPDATE field_name SET id = 5 WHERE id = 0; UPDATE field_name SET id = 0 "
     "WHERE id = 1; UPDATE field_name SET id = 1 WHERE id = 5"},
    {"the device of a block", "UPDATE block SET device = 33 WHERE device = 1 AND hour = 472223"},
    {"the hour of a block", "UPDATE block SET hour = 472220 WHERE device = 1 AND hour = 472223"},
    {"the chunk of a block", "UPDATE block SET chunk = 1 WHERE device = 1 AND hour = 472223"},
    {"the state of a block", "UPDATE block SET over = 0 WHERE device = 2 AND hour = 472223"},
    {"the bytes of a block", "UPDATE block SET bytes = X'474201' WHERE device = 2"},
    {"the mark of a block", "UPDATE block SET mark = 99 WHERE device = 2 AND hour = 472223"},
    {"the checksum of a block", "UPDATE block SET checksum = 7 WHERE device = 2"},
    {"blocks of two devices that changed places",
     "UPDATE block SET device = 9 WHERE device = 1; UPDATE block SET device = 1 WHERE device = 2; "
     "UPDATE block SET device = 2 WHERE device = 9"},
    {"the device of energies", "UPDATE energy_hour SET device = 35 WHERE device = 3"},
    {"the hour of energies",
     "UPDATE energy_hour SET hour = 470000 WHERE device = 1 AND hour = 472222"},
    {"the bytes of energies", "UPDATE energy_hour SET bytes = X'6531' WHERE device = 1"},
    {"the checksum of energies", "UPDATE energy_hour SET checksum = -1 WHERE device = 1"},
    {"the device of quarters", "UPDATE rollup_hour SET device = 2"},
    {"the hour of quarters", "UPDATE rollup_hour SET hour = 400001"},
    {"the bytes of quarters", "UPDATE rollup_hour SET bytes = X'71756172746572'"},
    {"the device of a twin", "UPDATE twin SET device = 7 WHERE device = 3"},
    {"the serial number of a twin", "UPDATE twin SET sn = 'HEATER-1' WHERE device = 3"},
    {"the state of a twin", "UPDATE twin SET state = '{\"power_w\":7}' WHERE device = 3"},
    {"a text of a twin in its other text",
     "UPDATE twin SET sn = 'HEATER-3{', state = '\"power_w\":3}' WHERE device = 3"},
    {"the number of an audit entry", "UPDATE audit_entry SET sequence = 5 WHERE sequence = 4"},
    {"the time of an audit entry", "UPDATE audit_entry SET at_ms = 0 WHERE sequence = 4"},
    {"an audit entry", "UPDATE audit_entry SET entry = '{\"at\":5}' WHERE sequence = 4"},
    {"the id of an event", "UPDATE event SET id = 1026 WHERE id = 1024"},
    {"the device of an event", "UPDATE event SET device = 7 WHERE id = 1024"},
    {"the time of an event", "UPDATE event SET at_ms = 51 WHERE id = 1024"},
    {"the kind of an event", "UPDATE event SET kind = 3 WHERE id = 1025"},
    {"when a fault began", "UPDATE event SET since_ms = 41 WHERE id = 1024"},
    {"the events that were left out", "UPDATE event SET count = 1 WHERE id = 1025"},
    {"a text of an event in its other text",
     "UPDATE event SET field = 'er', text = 'r5' WHERE id = 1024"},
    {"that a fault has not ended", "UPDATE event SET open = 0 WHERE id = 1024"},
    {"a position", "UPDATE part SET position = 13 WHERE p = 3"},
    {"the number of a position", "UPDATE part SET p = 64 WHERE p = 3"},
    {"the checksum of a position", "UPDATE part SET checksum = 0 WHERE p = 63"},
    {"a position, as negative", "UPDATE part SET position = -9 WHERE p = 0"},
    {"a position that is not there", "DELETE FROM part WHERE p = 5"},
    {"the number of the last transaction", "UPDATE writer SET number = 7"},
    {"the newest mark", "UPDATE writer SET mark = 0"},
    {"the numbers of the writer, not there", "DELETE FROM writer"},
};

class SqliteDamageTest : public SqliteStoreTest, public testing::WithParamInterface<Damage> {};

// Whether a line replaces a damaged row, or has less than was stored.
bool says_so(const std::string& line) {
  return line.starts_with("name damaged.field.") ||
         (line.starts_with("audit ") && line.ends_with(" ?")) || line == "applied 9";
}

TEST_P(SqliteDamageTest, IsCountedAndNeverAnsweredAsTrue) {
  fill();
  open();
  const Lines before = all();
  EXPECT_EQ(stores_->damaged_rows(), 0);
  change("{}", GetParam().sql);
  open();
  Lines after = all();
  std::erase_if(after, says_so);
  EXPECT_THAT(before, IsSupersetOf(after));
  EXPECT_GT(stores_->damaged_rows(), 0);
}

// A check of the whole file finds the damage as well, whether the row is ever read or not.
TEST_P(SqliteDamageTest, IsFoundByACheckOfTheFile) {
  fill();
  EXPECT_EQ(checked().damaged, 0);
  change("{}", GetParam().sql);
  const StoreCheck check = checked();
  EXPECT_GT(check.damaged, 0);
  EXPECT_FALSE(check.damages.empty());
}

INSTANTIATE_TEST_SUITE_P(OfEachColumn, SqliteDamageTest, testing::ValuesIn(kDamages));

TEST_F(SqliteStoreTest, NoTwoRowsHaveOneChecksum) {
  std::set<std::int64_t> checksums;
  std::size_t rows = 0;
  for (const tables::Table* const table : {&kEnergies, &kRollups}) {
    for (std::int64_t device = 0; device < 8; ++device) {
      for (std::int64_t hour = 0; hour < 8; ++hour) {
        std::string bytes = "energies of an hour, as an example";
        checksums.insert(checksum_of(*table, tables::Row{device, hour, tables::Bytes{bytes}}));
        ++rows;
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
          std::string flipped = bytes;
          flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
          checksums.insert(checksum_of(*table, tables::Row{device, hour, tables::Bytes{flipped}}));
          ++rows;
        }
      }
    }
  }
  EXPECT_EQ(checksums.size(), rows);
}

TEST_F(SqliteStoreTest, ADamagedPositionIsRewritten) {
  fill();
  change("UPDATE part SET position = 1000 WHERE p = 17");
  open();
  EXPECT_EQ(must(store_->applied()),
            journal::Positions::everywhere(9));  // the newest audit entry's
  EXPECT_FALSE(must(store_->taken()).is_known);
  open();
  EXPECT_EQ(must(store_->applied()), journal::Positions::everywhere(9));
  EXPECT_EQ(stores_->damaged_rows(), 0);
  Changes changes;
  changes.applied = journal::Positions::everywhere(12);
  must(store_->write(changes));
  EXPECT_EQ(must(store_->applied()), journal::Positions::everywhere(12));
  EXPECT_TRUE(must(store_->taken()).is_known);
}

// A damaged chunk is not removed when the hour gets its block.
TEST_F(SqliteStoreTest, ADamagedChunkStaysWhenTheHourIsRewritten) {
  const DeviceHour of{.device = 1, .hour = kHour};
  write_hour(of, one_row_block(kHour, "1"), false);
  write_hour(of, one_row_block(kHour, "2"), false);
  change("UPDATE block SET checksum = checksum - 1 WHERE chunk = 0");
  open();
  EXPECT_THAT(must(store_->open_hours()), ElementsAre(of));
  const std::string whole = one_row_block(kHour, "3");
  write_hour(of, whole, true);
  EXPECT_THAT(must(store_->open_hours()), IsEmpty());
  Lines chunks;
  must(store_->each_chunk(1, kHour, kHour + 1, [&](std::int64_t, std::string_view bytes) {
    chunks.emplace_back(bytes);
    return Status();
  }));
  EXPECT_THAT(chunks, ElementsAre(whole));
  auto database = must(storage::Database::open(folder_.data() / "history.db"));
  EXPECT_EQ(must(database.integer("SELECT count(*) FROM block")), 2);
}

}  // namespace
}  // namespace gridloom::history
