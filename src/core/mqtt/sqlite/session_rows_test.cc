// Interrupted writes of rows: replaying the log leads to the same rows as one complete write.
#include "mqtt/session_rows.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "hub/clients/session_changes.h"
#include "mqtt/test_session_changes.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "tables/sqlite_connection.h"
#include "tables/test_faulty_connection.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"
#include "wire/mqtt/message.h"

namespace gridloom::mqtt {
namespace {

class RowsTest : public testing::Test {
 protected:
  using Records = std::vector<std::string>;

  RowsTest() { must(make_tables(*connection_, kSessionSchema)); }

  void clear() {
    for (const tables::Table* const table : {&kSessionTable, &kMessageTable, &kRetainedTable}) {
      must(connection_->remove_some(*table, "true", {}, tables::TableConnection::kAll));
    }
  }
  // Reads the records from `begin` to `end` as a start of the server does.
  PendingRows rows_of(const Records& records, std::size_t begin, std::size_t end) {
    PendingRows rows(must(read_rows(*connection_)).highest_number);
    for (; begin < end; ++begin) {
      EXPECT_TRUE(hub::each_change(records[begin], [&rows](const hub::SessionChange& change) {
        EXPECT_TRUE(rows.apply(change));
      }));
      rows.end_record();
    }
    return rows;
  }
  // Commits the rows that were written, whether the write was interrupted or not.
  Status write(const PendingRows& rows, int steps) {
    tables::Faults faults{.rows_left = steps};
    tables::FaultyTableConnection faulty(connection_, faults);
    auto transaction = must(tables::Transaction::begin(*connection_));
    Status status = write_rows(faulty, rows);
    must(transaction.commit());
    return status;
  }
  std::string text_of() {
    std::string text;
    for (const tables::Table* const table : {&kSessionTable, &kMessageTable, &kRetainedTable}) {
      must(connection_->read(*table, "ORDER BY " + keys_of(*table), {},
                             [&](const tables::RowView& row) -> Result<bool> {
                               for (int i = 0; i < std::ssize(table->columns); ++i) {
                                 fmt::format_to(std::back_inserter(text), "{} ", row.bytes(i));
                               }
                               text += '\n';
                               return true;
                             }));
    }
    return text;
  }
  static constexpr int kWhole = -1;

  std::filesystem::path new_file() {
    write_content(folder_.path() / "sessions.db", "");
    return folder_.path() / "sessions.db";
  }

  TemporaryFolder folder_;
  std::shared_ptr<tables::SqliteTableConnection> connection_ =
      std::make_shared<tables::SqliteTableConnection>(must(storage::Database::open(new_file())));
};

TEST_F(RowsTest, AreTheSameWhereverAWriteOfThemWasCutOff) {
  constexpr std::size_t kStored = 10;
  constexpr std::size_t kCutOff = 30;
  constexpr std::size_t kAll = 45;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    RandomChanges changes(seed);
    Records records;
    while (records.size() < kAll) records.push_back(changes.record());
    clear();
    must(write(rows_of(records, 0, kAll), kWhole));
    const std::string expected = text_of();
    bool was_cut_off = true;
    int steps = 0;
    while (was_cut_off) {
      ++steps;
      clear();
      must(write(rows_of(records, 0, kStored), kWhole));
      was_cut_off = !write(rows_of(records, kStored, kCutOff), steps);
      must(write(rows_of(records, kStored, kAll), kWhole));
      ASSERT_EQ(text_of(), expected) << "seed " << seed << ", step " << steps;
    }
    EXPECT_GT(steps, 20) << "seed " << seed;
  }
}

}  // namespace
}  // namespace gridloom::mqtt
