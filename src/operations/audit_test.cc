#include "operations/audit.h"

#include <gtest/gtest.h>

#include "operations/table.h"
#include "parameters/arguments.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::operations {
namespace {

wire::JsonObject object(std::string_view text) { return must(wire::parse_json(text)).as_object(); }

TEST(Audit, AFilterLetsThroughWhatItNames) {
  const wire::Json entry =
      object(R"({"what":"set","who":"anna","sn":"XX1","at":1000,"message":{"id":7}})");
  struct Row {
    std::string_view request;
    bool wanted = true;
  };
  for (const Row& row :
       {Row{"{}"}, Row{R"({"what":[]})"}, Row{R"({"what":["sign-in","set"]})"},
        Row{R"({"what":["sign-in"]})", false}, Row{R"({"what":["start"]})", false},
        Row{R"({"who":"anna"})"}, Row{R"({"who":"ann"})", false}, Row{R"({"who":""})"},
        Row{R"({"sn":"XX1"})"}, Row{R"({"sn":"XX2"})", false}, Row{R"({"since":1000})"},
        Row{R"({"since":1001})", false}, Row{R"({"until":1001})"}, Row{R"({"until":1000})", false},
        Row{R"({"what":["set"],"who":"ben"})", false}}) {
    const wire::JsonObject request = object(row.request);
    const Arguments arguments = must(Arguments::check(taker_of(operation("audit")), request));
    EXPECT_EQ(is_wanted(must(audit_filter(arguments)), entry), row.wanted) << row.request;
  }
}

class AuditTest : public testing::Test {
 protected:
  AuditTest()
      : archive((must(storage::make_data_folder(folder.data())),
                 must(history::Archive::open({.data = folder.data(), .clock = &clock})))) {}
  std::vector<std::string> ids(const AuditFilter& filter) {
    std::vector<std::string> found;
    for (const wire::Json& entry : must(read_audit(*archive, filter))) {
      found.push_back(wire::to_text(*wire::member(entry, "id")));
    }
    return found;
  }

  TemporaryFolder folder;
  TestClock clock;
  std::unique_ptr<history::Archive> archive;
};

TEST_F(AuditTest, TheNewestAreFoundInMemoryAndInTheStore) {
  using Ids = std::vector<std::string>;
  archive->start({});
  for (int id = 0; id < 2500; ++id) {
    clock.pass(Millis(1000));
    archive->append(
        journal::RecordKind::kAudit,
        wire::to_text(wire::JsonObject{
            {"id", id}, {"what", id % 2 == 0 ? "even" : "odd"}, {"at", unix_ms(clock.now())}}),
        {});
  }
  must(append_audit(*archive, clock, {{"id", 2500}, {"what", "last"}}));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(ids({.limit = 3}), (Ids{"2498", "2499", "2500"}));
    EXPECT_EQ(ids({.what = {"odd"}, .limit = 2}), (Ids{"2497", "2499"}));
    EXPECT_EQ(ids({.until_ms = unix_ms(kTestStart) + 3000}), (Ids{"0", "1"}));
    EXPECT_EQ(ids({.limit = 100'000}).size(), 2501);
    archive.reset();  // moves everything to the store
    archive = must(history::Archive::open({.data = folder.data(), .clock = &clock}));
  }
}

TEST_F(AuditTest, ADamagedEntryIsShownAsSuchWhateverIsAskedFor) {
  archive->start({});
  for (const char* who : {"anna", "ben", "carl"}) {
    clock.pass(Millis(1000));
    must(append_audit(*archive, clock, {{"what", "set"}, {"who", who}}));
  }
  archive.reset();
  const auto change = [&](const std::string& sql) {
    auto database = must(storage::Database::open(folder.data() / "history.db"));
    must(database.run(sql));
  };
  change("UPDATE audit SET entry = replace(entry, 'ben', 'bem')");
  archive = must(history::Archive::open({.data = folder.data(), .clock = &clock}));
  const auto found = [&](const AuditFilter& filter) {
    std::string lines;
    for (const wire::Json& entry : must(read_audit(*archive, filter))) {
      const wire::Json* who = wire::member(entry, "who");
      const wire::Json* stored = wire::member(entry, "stored");
      lines += wire::to_text(*wire::member(entry, "what"));
      lines += wire::to_text(who != nullptr ? *who : *stored) + "\n";
    }
    return lines;
  };
  const std::int64_t first = unix_ms(kTestStart) + 1000;
  const std::string stored = wire::to_text(
      wire::Json(R"({"what":"set","who":"bem","at":)" + std::to_string(first + 1000) + "}"));
  const std::string damaged = R"("damaged")" + stored + "\n";
  EXPECT_EQ(found({}), "\"set\"\"anna\"\n" + damaged + "\"set\"\"carl\"\n");
  EXPECT_EQ(found({.who = "anna"}), "\"set\"\"anna\"\n" + damaged);
  EXPECT_EQ(found({.until_ms = first + 1000}), "\"set\"\"anna\"\n");
  EXPECT_EQ(archive->health().damaged_rows, 1);
  // An answer that would be too large is refused, and the error says how to get a smaller one.
  const auto much = read_audit(*archive, {}, 100);
  ASSERT_FALSE(much);
  EXPECT_TRUE(much.error().detail.contains("more than 100 bytes, of which the newest"));
  EXPECT_EQ(must(read_audit(*archive, {.limit = 1}, 100)).size(), 1U);
}

}  // namespace
}  // namespace gridloom::operations
