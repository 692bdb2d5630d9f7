// Tests that damage in the rows of history.db is detected, whatever column it is in, and that a
// file of version 1 is upgraded. sqlite_conformance_test.cc has what every store does.
#include "history/sqlite/sqlite_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>

#include "history/blocks/rollup.h"
#include "history/energy/energy_integrator.h"
#include "history/sqlite/row_check.h"
#include "storage/files.h"
#include "testing/must.h"
#include "testing/source_path.h"
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
    damaged_ = std::make_shared<DamagedRows>();
    store_ = must(SqliteStore::open(folder_.data(), damaged_));
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
    const std::string bytes = some_quarters();
    change("INSERT INTO quarter VALUES (1, 400000, X'{}', {})", hex(bytes),
           row_checksum(RowTable::kQuarter, {1, 400'000}, bytes));
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
    auto database = must(storage::Database::open_to_read(folder_.data() / "history.db",
                                                         storage::Database::Writers::kMaybe));
    EXPECT_THAT(must(database.integrity()), IsEmpty());
    return must(check_rows(database));
  }

  TemporaryFolder folder_;
  std::shared_ptr<DamagedRows> damaged_;
  std::unique_ptr<Store> store_;
};

struct Damage {
  std::string_view what;
  std::string_view sql;
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.what; }

// The effect of a flipped bit on a row, in each column of each table.
constexpr Damage kDamages[] = {
    {"a name", "UPDATE name SET name = 'powes_w' WHERE id = 0"},
    {"the checksum of a name", "UPDATE name SET checksum = checksum + 1 WHERE id = 1"},
    {"names that changed places",
     "UPDATE name SET id = 5 WHERE id = 0; UPDATE name SET id = 0 "
     "WHERE id = 1; UPDATE name SET id = 1 WHERE id = 5"},
    {"the device of a block", "UPDATE block SET device = 33 WHERE device = 1 AND hour = 472223"},
    {"the hour of a block", "UPDATE block SET hour = 472220 WHERE device = 1 AND hour = 472223"},
    {"the part of a block", "UPDATE block SET part = 1 WHERE device = 1 AND hour = 472223"},
    {"the state of a block", "UPDATE block SET over = 0 WHERE device = 2 AND hour = 472223"},
    {"the bytes of a block", "UPDATE block SET block = X'474201' WHERE device = 2"},
    {"the checksum of a block", "UPDATE block SET checksum = 7 WHERE device = 2"},
    {"blocks of two devices that changed places",
     "UPDATE block SET device = 9 WHERE device = 1; UPDATE block SET device = 1 WHERE device = 2; "
     "UPDATE block SET device = 2 WHERE device = 9"},
    {"the device of energies", "UPDATE energy SET device = 35 WHERE device = 3"},
    {"the hour of energies", "UPDATE energy SET hour = 470000 WHERE device = 1 AND hour = 472222"},
    {"the bytes of energies", "UPDATE energy SET quarters = X'6531' WHERE device = 1"},
    {"the checksum of energies", "UPDATE energy SET checksum = -1 WHERE device = 1"},
    {"the device of quarters", "UPDATE quarter SET device = 2"},
    {"the hour of quarters", "UPDATE quarter SET hour = 400001"},
    {"the bytes of quarters", "UPDATE quarter SET quarters = X'71756172746572'"},
    {"the device of a twin", "UPDATE twin SET device = 7 WHERE device = 3"},
    {"the serial number of a twin", "UPDATE twin SET sn = 'HEATER-1' WHERE device = 3"},
    {"the state of a twin", "UPDATE twin SET state = '{\"power_w\":7}' WHERE device = 3"},
    {"a text of a twin in its other text",
     "UPDATE twin SET sn = 'HEATER-3{', state = '\"power_w\":3}' WHERE device = 3"},
    {"the number of an audit entry", "UPDATE audit SET sequence = 5 WHERE sequence = 4"},
    {"an audit entry", "UPDATE audit SET entry = '{\"at\":5}' WHERE sequence = 4"},
    {"the id of an event", "UPDATE event SET id = 1026 WHERE id = 1024"},
    {"the device of an event", "UPDATE event SET device = 7 WHERE id = 1024"},
    {"the time of an event", "UPDATE event SET at = 51 WHERE id = 1024"},
    {"the kind of an event", "UPDATE event SET kind = 3 WHERE id = 1025"},
    {"when a fault began", "UPDATE event SET since = 41 WHERE id = 1024"},
    {"the events that were left out", "UPDATE event SET count = 1 WHERE id = 1025"},
    {"a text of an event in its other text",
     "UPDATE event SET field = 'er', text = 'r5' WHERE id = 1024"},
    {"that a fault has not ended", "UPDATE event SET open = 0 WHERE id = 1024"},
    {"what is applied", "UPDATE applied SET sequence = 13"},
    {"the checksum of what is applied", "UPDATE applied SET checksum = 0"},
    {"what is applied, as negative", "UPDATE applied SET sequence = -9"},
    {"what is applied, not there", "DELETE FROM applied"},
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
  EXPECT_EQ(damaged_->count(), 0);
  change("{}", GetParam().sql);
  open();
  Lines after = all();
  std::erase_if(after, says_so);
  EXPECT_THAT(before, IsSupersetOf(after));
  EXPECT_GT(damaged_->count(), 0);
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
  for (const RowTable table : {RowTable::kEnergy, RowTable::kQuarter}) {
    for (std::int64_t device = 0; device < 8; ++device) {
      for (std::int64_t hour = 0; hour < 8; ++hour) {
        std::string bytes = "energies of an hour, as an example";
        checksums.insert(row_checksum(table, {device, hour}, bytes));
        ++rows;
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
          std::string flipped = bytes;
          flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
          checksums.insert(row_checksum(table, {device, hour}, flipped));
          ++rows;
        }
      }
    }
  }
  EXPECT_EQ(checksums.size(), rows);
}

TEST_F(SqliteStoreTest, ADamagedAppliedRowIsRewritten) {
  fill();
  change("UPDATE applied SET sequence = 1000");
  open();
  EXPECT_EQ(must(store_->applied()),
            journal::Positions::everywhere(9));  // the newest audit entry's
  open();
  EXPECT_EQ(must(store_->applied()), journal::Positions::everywhere(9));
  EXPECT_EQ(damaged_->count(), 0);
  Changes changes;
  changes.applied = journal::Positions::everywhere(12);
  must(store_->write(changes));
  EXPECT_EQ(must(store_->applied()), journal::Positions::everywhere(12));
}

// A damaged chunk is not removed when the hour gets its block.
TEST_F(SqliteStoreTest, ADamagedChunkStaysWhenTheHourIsRewritten) {
  const DeviceHour of{.device = 1, .hour = kHour};
  write_hour(of, one_row_block(kHour, "1"), false);
  write_hour(of, one_row_block(kHour, "2"), false);
  change("UPDATE block SET checksum = checksum - 1 WHERE part = 0");
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

std::string sample(const std::string& name) {
  std::ifstream in(source_path("tests/formats/") + name, std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class SqliteUpgradeTest : public SqliteStoreTest {
 protected:
  SqliteUpgradeTest() {
    store_.reset();
    const auto file = folder_.data() / "history.db";
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end);
    must(storage::make_private(file));
    must(must(storage::Database::open(file)).run(sample("history-1.sql")));
    open();
  }
};

TEST_F(SqliteUpgradeTest, Version1IsReadAsItWas) {
  EXPECT_EQ(all(), (Lines{"applied 41", "name power_w", "name voltage_v",
                          R"(twin 7 HEATER-01 {"power_w":54.5})",
                          "block 7 472222 " + hex(sample("block-1.block")),
                          "block 7 472223 " + hex(sample("rows-1.rows")),
                          "quarter 7 472217 " + hex(sample("quarters-1.bin")),
                          "energy 12 472000 " + hex(sample("energies-1.bin")),
                          R"(audit 41 {"at":1700000001000,"what":"stop"})",
                          R"(audit 40 {"at":1700000000000,"what":"set","who":"anna"})"}));
  EXPECT_EQ(damaged_->count(), 0);
  EXPECT_THAT(must(store_->open_hours()), ElementsAre(DeviceHour{.device = 7, .hour = 472'223}));
}

TEST_F(SqliteUpgradeTest, RowsOfVersion1HaveChecksumsAfterwards) {
  change("UPDATE energy SET hour = 472001");
  change("UPDATE quarter SET quarters = X'00'");
  change("UPDATE audit SET entry = '{{}}' WHERE sequence = 40");
  change("UPDATE twin SET state = '{{}}'");
  change("UPDATE name SET name = 'x' WHERE id = 1");
  open();
  EXPECT_THAT(all(), ElementsAre("applied 41", "name power_w", "name damaged.field.1",
                                 "block 7 472222 " + hex(sample("block-1.block")),
                                 "block 7 472223 " + hex(sample("rows-1.rows")),
                                 R"(audit 41 {"at":1700000001000,"what":"stop"})", "audit 40 ?"));
  EXPECT_EQ(damaged_->count(), 5);
}

TEST_F(SqliteUpgradeTest, AnUpgradedFileHasTheTablesOfANewFile) {
  const auto tables = [](const std::filesystem::path& folder) {
    Lines lines;
    auto database = must(storage::Database::open(folder / "history.db"));
    must(
        database.each_row("SELECT m.name, c.name, c.type, c.pk FROM sqlite_schema m, "
                          "pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, "
                          "c.cid",
                          [&](const storage::Statement& row) {
                            lines.push_back(fmt::format("{} {} {} {}", row.bytes(0), row.bytes(1),
                                                        row.bytes(2), row.integer(3)));
                            return Status();
                          }));
    return lines;
  };
  const TemporaryFolder fresh;
  must(storage::make_data_folder(fresh.data()));
  static_cast<void>(must(SqliteStore::open(fresh.data())));
  EXPECT_EQ(tables(folder_.data()), tables(fresh.data()));
}

}  // namespace
}  // namespace gridloom::history
