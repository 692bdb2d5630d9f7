#include "app/operations/audit.h"

#include <gtest/gtest.h>

#include "app/operations/table.h"
#include "history/instant_journal.h"
#include "history/route.h"
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
  change("UPDATE audit_entry SET entry = replace(entry, 'ben', 'bem')");
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

// Reads several archives one after the other.
class Archives final : public history::Route {
 public:
  explicit Archives(std::vector<history::Archive*> archives) : archives_(std::move(archives)) {}

  Result<bool> reach(DeviceNumber /*device*/) override { return true; }
  [[nodiscard]] std::size_t archives() const override { return archives_.size(); }
  Result<bool> reach_archive(std::size_t index) override {
    if (index == away) return fail(ErrorCode::kIo, "its owner does not answer");
    is_elsewhere_ = index != std::exchange(at_, index);
    return !is_elsewhere_;
  }
  [[nodiscard]] bool is_elsewhere() const override { return is_elsewhere_; }
  [[nodiscard]] std::int64_t origin() const override { return 0; }

  bool read(history::Query query) {
    for (auto progress = history::Progress::kMore; progress == history::Progress::kMore;) {
      history::read_now(*archives_.at(at_), [&](history::Reader& reader) {
        reader.set_route(this);
        progress = query.step(reader);
        reader.set_route(nullptr);
      });
    }
    return true;
  }
  std::size_t away = 99;

 private:
  std::vector<history::Archive*> archives_;
  std::size_t at_ = 1;
  bool is_elsewhere_ = false;
};

TEST_F(AuditTest, OfSeveralArchivesIsReadInOrderOfTime) {
  TemporaryFolder other_folder;
  static_cast<void>(storage::make_data_folder(other_folder.data()));
  const auto other = must(history::Archive::open({.data = other_folder.data(), .clock = &clock}));
  Archives archives({archive.get(), other.get()});
  const auto append = [&](history::Archive& to, int id, std::int64_t at_s) {
    must(append_audit(to, clock,
                      {{"at", unix_ms(kTestStart) + at_s * 1000}, {"what", "set"}, {"id", id}}));
  };
  append(*archive, 1, 10);
  append(*other, 2, 20);
  append(*other, 3, 30);
  append(*archive, 4, 40);
  append(*other, 5, 50);
  const history::Reads all = [&](history::Query query) { return archives.read(std::move(query)); };
  const auto ids_of = [&](const AuditFilter& filter) {
    std::string found;
    for (const wire::Json& entry : must(read_audit({all}, filter))) {
      found += wire::to_text(*wire::member(entry, "id"));
    }
    return found;
  };
  EXPECT_EQ(ids_of({}), "12345");
  EXPECT_EQ(ids_of({.limit = 2}), "45");
  EXPECT_EQ(ids_of({.until_ms = unix_ms(kTestStart) + 40'000, .limit = 2}), "23");
  EXPECT_FALSE(read_audit({all}, {}, 100)) << "all of them are larger";
  archives.away = 1;
  const auto partly = read_audit({all}, {});
  ASSERT_FALSE(partly) << "entries of a part of the archives would look like all";
  EXPECT_EQ(partly.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace gridloom::operations
