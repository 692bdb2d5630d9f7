// What becomes an event: begin and end of faults, presence, sets, and how many of them an hour.
#include "home/event_book.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridloom::home {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

constexpr TimePoint kStart{hours(500'000)};
constexpr EventBook::Device kStation{.sn = "SN-1", .number = 7, .owner = AccountId{1}};
constexpr EventBook::Device kOther{.sn = "SN-2", .number = 8, .owner = AccountId{1}};

class EventBookTest : public testing::Test {
 protected:
  void fault(std::string field, bool is_active, const EventBook::Device& of = kStation) {
    book_.take(of, {.sn = std::string(of.sn), .faults = {change(std::move(field), is_active)}},
               now_);
  }
  void all_faults(const std::vector<std::string>& fields) {
    hub::DeviceChanges changes{.sn = "SN-1", .has_all_faults = true};
    for (const std::string& field : fields) changes.faults.push_back(change(field, true));
    book_.take(kStation, changes, now_);
  }
  void presence(bool online, AccountId account = {}) {
    book_.take(kStation,
               {.sn = "SN-1", .presence = {{.account = account, .online = online, .at = now_}}},
               now_);
  }
  [[nodiscard]] hub::FaultChange change(std::string field, bool is_active) const {
    return {.field = std::move(field), .text = "5", .is_active = is_active, .at = now_};
  }
  // Lines such as "7 10 fault.began err since 10 count 0", in seconds after kStart.
  Lines events() {
    Lines lines;
    const auto after = [](std::int64_t ms) { return (ms - unix_ms(kStart)) / 1000; };
    for (const journal::DeviceEvent& each : book_.take_events()) {
      std::string line =
          fmt::format("{} {} {}", each.device, after(each.at_ms), name_of(each.kind));
      if (!each.field.empty()) line += " " + each.field;
      if (each.since_ms != 0) line += fmt::format(" since {}", after(each.since_ms));
      if (each.count != 0) line += fmt::format(" count {}", each.count);
      lines.push_back(std::move(line));
    }
    return lines;
  }
  Lines active() {
    Lines lines;
    for (const auto& [field, since] : book_.active("SN-1")) {
      lines.push_back(fmt::format("{} {}", field, (since - kStart) / seconds(1)));
    }
    return lines;
  }

  TimePoint now_ = kStart;
  EventBook book_{{.device_an_hour = 4, .account_an_hour = 7}};
};

TEST_F(EventBookTest, AFaultLastsFromItsFirstReportToItsEnd) {
  fault("err", true);
  now_ += seconds(10);
  fault("err", true);
  fault("fan", true);
  EXPECT_THAT(active(), ElementsAre("err 0", "fan 10"));
  now_ += seconds(10);
  fault("err", false);
  fault("err", false);
  EXPECT_THAT(active(), ElementsAre("fan 10"));
  EXPECT_THAT(events(), ElementsAre("7 0 fault.began err since 0", "7 10 fault.began fan since 10",
                                    "7 20 fault.ended err since 0"));
  EXPECT_THAT(events(), IsEmpty());
}

TEST_F(EventBookTest, AFaultThatWasOpenLastsOn) {
  book_.restore("SN-1", {.device = 7,
                         .kind = journal::EventKind::kFaultBegan,
                         .since_ms = unix_ms(kStart),
                         .field = "err"});
  now_ += hours(30);
  all_faults({"err", "fan"});
  EXPECT_THAT(active(), ElementsAre("err 0", "fan 108000"));
  EXPECT_THAT(events(), ElementsAre("7 108000 fault.began fan since 108000"))
      << "the end of the hour is no event of a fault that lasts";
}

TEST_F(EventBookTest, AFaultThatIsGoneWhenTheDeviceIsSeenAgainEndsThen) {
  book_.restore("SN-1", {.device = 7,
                         .kind = journal::EventKind::kFaultBegan,
                         .since_ms = unix_ms(kStart),
                         .field = "err"});
  now_ += seconds(40);
  all_faults({});
  EXPECT_THAT(events(), ElementsAre("7 40 fault.ended err since 0"));
  EXPECT_THAT(active(), IsEmpty());
}

TEST_F(EventBookTest, AFaultOfTheDeviceThatHadTheSerialNumberBeforeIsForgotten) {
  fault("err", true);
  static_cast<void>(events());
  EventBook::Device moved = kStation;
  moved.number = 9;
  book_.take(moved, {.sn = "SN-1"}, now_);
  EXPECT_THAT(active(), IsEmpty());
  EXPECT_THAT(events(), IsEmpty());
  fault("err", true);
  book_.remove("SN-1");
  EXPECT_THAT(active(), IsEmpty());
}

TEST_F(EventBookTest, PresenceIsWrittenAsItIsAndNotAsAnInjectedFaultShowsIt) {
  presence(true);
  presence(false, AccountId{1});
  presence(false);
  EXPECT_THAT(events(), ElementsAre("7 0 online", "7 0 offline"));
}

TEST_F(EventBookTest, ASetIsWrittenWithItsOutcome) {
  using Kind = hub::SetOutcome::Kind;
  book_.take(kStation,
             {.sn = "SN-1",
              .sets = {{.kind = Kind::kAnswered, .id = "41", .at = now_},
                       {.kind = Kind::kRefused, .id = {}, .why = "offline", .at = now_},
                       {.kind = Kind::kUnanswered, .id = "42", .at = now_}}},
             now_);
  EXPECT_THAT(events(),
              ElementsAre("7 0 set.answered 41", "7 0 set.refused", "7 0 set.unanswered 42"));
}

TEST_F(EventBookTest, ADeviceHasSoManyEventsOfAKindInAnHour) {
  for (int i = 0; i < 1000; ++i) {
    fault("err", true);
    fault("err", false);
  }
  presence(true);
  EXPECT_THAT(events(), ElementsAre("7 0 fault.began err since 0", "7 0 fault.ended err since 0",
                                    "7 0 fault.began err since 0", "7 0 fault.ended err since 0",
                                    "7 0 online"))
      << "the faults take no room from presence";
  now_ += hours(1);
  book_.tick(now_);
  EXPECT_THAT(events(), ElementsAre("7 3600 left_out count 1996"));
  fault("err", true);
  EXPECT_THAT(events(), ElementsAre("7 3600 fault.began err since 3600"));
}

TEST_F(EventBookTest, WhatWasLeftOutIsWrittenAtTheEndOfTheHourAsItIsThen) {
  for (int i = 0; i < 2; ++i) {
    fault("err", true);
    fault("err", false);
  }
  now_ += seconds(30);
  fault("err", true);
  EXPECT_THAT(active(), ElementsAre("err 30")) << "it is known at once";
  static_cast<void>(events());
  now_ = kStart + hours(1);
  book_.tick(now_);
  EXPECT_THAT(events(), ElementsAre("7 3600 left_out count 1", "7 30 fault.began err since 30"));
  for (int i = 0; i < 2; ++i) fault("fan", i == 0);
  for (int i = 0; i < 2; ++i) fault("fan", i == 0);
  static_cast<void>(events());
  now_ += seconds(5);
  fault("err", false);
  EXPECT_THAT(active(), IsEmpty());
  now_ = kStart + hours(2);
  book_.tick(now_);
  EXPECT_THAT(events(), ElementsAre("7 7200 left_out count 1", "7 3605 fault.ended err since 30"));
}

TEST_F(EventBookTest, AnEndThatWasLeftOutIsWrittenBeforeTheNextBegin) {
  for (int i = 0; i < 3; ++i) fault("fan", i % 2 == 0);
  fault("err", true);
  now_ += seconds(10);
  fault("err", false);
  now_ += seconds(10);
  fault("err", true);
  static_cast<void>(events());
  now_ = kStart + hours(1);
  book_.tick(now_);
  EXPECT_THAT(events(), ElementsAre("7 3600 left_out count 2", "7 10 fault.ended err since 0",
                                    "7 20 fault.began err since 20"));
}

TEST_F(EventBookTest, TheDevicesOfAnAccountShareALimit) {
  for (int i = 0; i < 2; ++i) {
    for (const EventBook::Device& of : {kStation, kOther}) {
      fault("err", true, of);
      fault("err", false, of);
    }
  }
  EXPECT_EQ(events().size(), 7);
  EventBook::Device of_another = kOther;
  of_another = {.sn = "SN-3", .number = 9, .owner = AccountId{2}};
  fault("err", true, of_another);
  EXPECT_EQ(events().size(), 1);
}

}  // namespace
}  // namespace gridloom::home
