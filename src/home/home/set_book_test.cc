#include "home/set_book.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridloom::home {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::Json;

constexpr AccountId kAlice{1};
constexpr AccountId kBob{2};
constexpr std::string_view kSn = "SN-1";

SetId id_of(std::string_view id, AccountId account = kAlice, std::string_view sn = kSn) {
  return {.account = account, .sn = std::string(sn), .id = std::string(id)};
}

class SetBookTest : public testing::Test {
 protected:
  void add(const SetId& id, std::vector<ShownField> fields = {}) {
    book.add({.id = id, .fields = std::move(fields)}, now);
  }
  // A set that is shown by the field f with the value 1.
  void add_shown(std::string_view id) { add(id_of(id), {{.name = "f", .asked = 1}}); }
  void end(std::string_view id, Result<SharedText> reply, bool is_online = true,
           std::string refusal = {}) {
    book.end(id_of(id),
             {.reply = std::move(reply), .refusal = std::move(refusal), .is_online = is_online},
             now);
  }
  void reports(std::optional<Json> value) {
    report({value ? std::vector<SetBook::Reported>{{.name = "f", .value = *value}}
                  : std::vector<SetBook::Reported>()});
  }
  // A '*' in a field that is asked for stands for all that begins with the same letter.
  void report(const std::vector<SetBook::Reported>& values) {
    book.read_back(
        kSn,
        [&](std::string_view field) {
          std::vector<SetBook::Reported> found;
          for (const SetBook::Reported& each : values) {
            const bool is_meant =
                field.contains('*') ? each.name.front() == field.front() : each.name == field;
            if (is_meant) found.push_back(each);
          }
          return found;
        },
        now);
  }
  void pass(Millis time) {
    now.steady += time;
    now.devices += time;
    book.tick(now);
  }
  // "state", with dots if it is not final.
  [[nodiscard]] std::string state(std::string_view id) const {
    const SetRecord* record = book.find(id_of(id));
    if (record == nullptr) return "unknown";
    return fmt::format("{}{}", name_of(record->state), record->is_final() ? "" : "...");
  }
  [[nodiscard]] std::vector<std::string> listed(AccountId account) const {
    std::vector<std::string> ids;
    for (const SetRecord& each : book.list(account, kSn)) ids.push_back(each.id.id);
    return ids;
  }

  SetBook book{{.of_account = 2, .all = 3, .reply_bytes = 4, .kept = Millis(60'000)}};
  SetBook::Now now{.steady = TimePoint{Millis(5'000)}, .devices = TimePoint{Millis(70'000)}};
};

TEST_F(SetBookTest, AnOutcomeIsAStateOfItsOwn) {
  const struct {
    Result<SharedText> reply;
    bool is_online;
    std::string refusal;
    std::string_view state;
  } rows[] = {
      {SharedText("{}"), true, "", "answered"},
      {SharedText("{}"), true, "busy", "refused"},
      {fail(ErrorCode::kBadParams, "no"), true, "", "refused"},
      {fail(ErrorCode::kNoPermission, "no"), true, "", "refused"},
      {fail(ErrorCode::kOffline, "away"), false, "", "offline"},
      {fail(ErrorCode::kOffline, "64 wait"), true, "", "refused"},
      {fail(ErrorCode::kNoAnswer, "silence"), true, "", "unanswered"},
      {fail(ErrorCode::kNoAnswer, "silence"), false, "", "unanswered"},
  };
  for (const auto& row : rows) {
    book = SetBook();
    add(id_of("a"));
    EXPECT_EQ(state("a"), "sent...");
    end("a", row.reply, row.is_online, row.refusal);
    EXPECT_EQ(state("a"), row.state);
  }
}

TEST_F(SetBookTest, FieldsAreReadBackForAWhileAfterTheOutcome) {
  const struct {
    std::string_view what;
    std::optional<int> before;
    bool is_answered;
    std::optional<int> after;  // nothing: no report
    std::string_view at_once;
    std::string_view later;
  } rows[] = {
      {"done", 0, true, 1, "applied", "applied"},
      {"done without a word", 0, false, 1, "applied", "applied"},
      {"not done", 0, true, 2, "answered...", "not_applied"},
      {"nothing changes", 0, true, std::nullopt, "answered...", "not_applied"},
      {"silence", 0, false, 2, "unanswered...", "unanswered"},
      {"it was so", 1, true, std::nullopt, "applied", "applied"},
      {"it was so, and silence", 1, false, 1, "unanswered...", "unanswered"},
      {"never reported before", std::nullopt, true, 1, "applied", "applied"},
  };
  for (const auto& row : rows) {
    book = SetBook();
    add_shown("a");
    reports(row.before ? std::optional(Json(*row.before)) : std::nullopt);
    end("a", row.is_answered ? Result<SharedText>(SharedText("{}"))
                             : fail(ErrorCode::kNoAnswer, "silence"));
    if (row.after) reports(Json(*row.after));
    EXPECT_EQ(state("a"), row.at_once) << row.what;
    pass(SetBook::kReadBack - Millis(1));
    EXPECT_EQ(state("a"), row.at_once) << row.what;
    pass(Millis(1));
    EXPECT_EQ(state("a"), row.later) << row.what;
    EXPECT_FALSE(book.watches(kSn)) << row.what;
  }
}

TEST_F(SetBookTest, ASetThatIsDoneBeforeItsReplyStaysDoneUnlessItIsRefused) {
  for (const std::string_view refusal : {"", "busy"}) {
    book = SetBook();
    add_shown("a");
    reports(Json(0));
    reports(Json(1));
    EXPECT_EQ(state("a"), "applied");
    end("a", SharedText("{}"), true, std::string(refusal));
    EXPECT_EQ(state("a"), refusal.empty() ? "applied" : "refused");
  }
}

TEST_F(SetBookTest, NumbersAreEqualByTheirValue) {
  add(id_of("a"), {{.name = "f", .asked = 1.0}});
  reports(Json(0));
  end("a", SharedText("{}"));
  reports(Json(1));
  EXPECT_EQ(state("a"), "applied");
}

TEST_F(SetBookTest, AllFieldsMustShowTheSet) {
  add(id_of("a"), {{.name = "f", .asked = 1}, {.name = "g", .asked = 2}});
  reports(Json(0));
  end("a", SharedText("{}"));
  reports(Json(1));
  EXPECT_EQ(state("a"), "answered...");
  report({{.name = "f", .value = 1}, {.name = "g", .value = 2}});
  EXPECT_EQ(state("a"), "applied");
}

TEST_F(SetBookTest, TimesAreThoseOfTheDevices) {
  add_shown("a");
  pass(Millis(10));
  end("a", SharedText("{}"));
  pass(Millis(10));
  reports(Json(1));
  const SetRecord& record = *book.find(id_of("a"));
  EXPECT_EQ(record.sent_ms, 70'000);
  EXPECT_EQ(record.answered_ms, 70'010);
  EXPECT_EQ(record.decided_ms, 70'020);
}

TEST_F(SetBookTest, TheOldestMakesRoom) {
  add(id_of("a"));
  add(id_of("b"));
  EXPECT_THAT(listed(kAlice), ElementsAre("b", "a"));
  add(id_of("c"));
  EXPECT_THAT(listed(kAlice), ElementsAre("c", "b")) << "two of an account";
  add(id_of("a", kBob));
  EXPECT_EQ(book.size(), 3U);
  add(id_of("b", kBob));
  EXPECT_THAT(listed(kAlice), ElementsAre("c")) << "three of all";
  EXPECT_THAT(listed(kBob), ElementsAre("b", "a"));
  EXPECT_EQ(state("a"), "unknown") << "an id is of an account";
}

TEST_F(SetBookTest, ASetIsKeptSoLong) {
  add_shown("a");
  pass(Millis(59'999));
  EXPECT_EQ(state("a"), "sent...");
  pass(Millis(1));
  EXPECT_EQ(state("a"), "unknown");
  EXPECT_THAT(book.watched_devices(), IsEmpty());
  EXPECT_THAT(book.take_changed(), ElementsAre(id_of("a")));
}

TEST_F(SetBookTest, AReplyThatIsTooLongIsNotKept) {
  add(id_of("a"));
  end("a", SharedText("1234"));
  EXPECT_EQ(std::string_view(book.find(id_of("a"))->reply), "1234");
  add(id_of("b"));
  end("b", SharedText("12345"));
  EXPECT_TRUE(book.find(id_of("b"))->reply.empty());
  EXPECT_EQ(state("b"), "answered");
}

TEST_F(SetBookTest, TellsWhichSetsChanged) {
  add_shown("a");
  EXPECT_THAT(book.take_changed(), IsEmpty());
  reports(Json(0));
  EXPECT_THAT(book.take_changed(), IsEmpty());
  reports(Json(1));
  EXPECT_THAT(book.take_changed(), ElementsAre(id_of("a")));
}

TEST_F(SetBookTest, APlaceInsideOfAListShowsASet) {
  add(id_of("a"), {{.name = "f", .path = "[1].sta", .asked = 1}});
  reports(wire::parse_json(R"([{"sta":1},{"sta":0}])").value());
  end("a", SharedText("{}"));
  EXPECT_EQ(state("a"), "answered...");
  reports(wire::parse_json(R"([{"sta":1},{"sta":1}])").value());
  EXPECT_EQ(state("a"), "applied");
  EXPECT_EQ(book.find(id_of("a"))->fields.front().is, Json(1));
}

TEST_F(SetBookTest, EachModuleThatTheDeviceHasShowsASet) {
  add(id_of("a"), {{.name = "p.*.on", .asked = 1}, {.name = "q.*.on", .asked = 1}});
  report({{.name = "p.A.on", .value = 0}, {.name = "p.B.on", .value = 1}});
  end("a", SharedText("{}"));
  EXPECT_EQ(state("a"), "answered...") << "it has no module q";
  report({{.name = "p.A.on", .value = 1}, {.name = "p.B.on", .value = 1}});
  EXPECT_EQ(state("a"), "applied");
  EXPECT_EQ(book.find(id_of("a"))->fields.size(), 2U);
  add(id_of("b"), {{.name = "r.*.on", .asked = 1}});
  report({{.name = "p.A.on", .value = 1}});
  end("b", SharedText("{}"));
  EXPECT_EQ(state("b"), "answered") << "no field is left that could show it";
}

TEST_F(SetBookTest, WhatAModelDoesIsShownByAnotherValueThanBefore) {
  add(id_of("a"), {{.name = "f"}});
  reports(Json(4));
  end("a", SharedText("{}"));
  EXPECT_EQ(state("a"), "answered...");
  reports(Json(5));
  EXPECT_EQ(state("a"), "applied");
  add(id_of("b"), {{.name = "f"}});
  reports(Json(5));
  end("b", SharedText("{}"));
  pass(SetBook::kReadBack);
  EXPECT_EQ(state("b"), "answered") << "the same as before says nothing against it";
}

}  // namespace
}  // namespace gridloom::home
