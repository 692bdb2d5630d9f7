// The log of events behind a hub: what reaches the journal, and what is known over a restart.
#include "home/event_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "hub/clients/test_journal.h"
#include "testing/home.h"

namespace gridloom::home {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";

class EventLogTest : public testing::Test {
 protected:
  EventLogTest() {
    home_.add_account("alice");
    home_.add_device(kSn, "alice");
    device_ = home_.connect_device(kSn);
    home_.platform.journal = &journal_;
  }
  void start(const std::vector<history::StoredEvent>& open = {},
             EventLog::Writes writes = EventLog::Writes::kAll) {
    log_.emplace(
        EventLog::Options{.hub = home_.hub.get(), .loop = &home_.client_loop, .writes = writes});
    log_->start(open);
  }
  void report(std::string_view params) {
    home_.report(device_, kSn, fmt::format(R"({{"params":{{{}}}}})", params));
    home_.settle();
  }
  // "KIND FIELD" of the events in the journal since the last call.
  Lines written() {
    Lines lines;
    for (const hub::FakeJournal::Record& record : journal_.records) {
      if (record.kind != journal::RecordKind::kEvents) continue;
      const auto events = journal::read_events(record.payload);
      for (const journal::DeviceEvent& each : events.value()) {
        EXPECT_EQ(each.device, home_.device(kSn).number);
        lines.push_back(fmt::format("{} {}", name_of(each.kind), each.field));
      }
    }
    journal_.records.clear();
    return lines;
  }
  [[nodiscard]] std::int64_t since(std::string_view field) const {
    const FaultTimes times = log_->active_faults(kSn);
    const auto found = times.find(field);
    return found == times.end() ? 0 : unix_ms(found->second);
  }

  TestHome home_{1};
  hub::FakeJournal journal_;
  FakePtr device_;
  std::optional<EventLog> log_;
};

TEST_F(EventLogTest, WritesWhatHappensAlthoughNobodyWatches) {
  start();
  report(R"("inv.errCode":1,"pd.soc":50)");
  report(R"("pd.soc":51)");
  report(R"("inv.errCode":0)");
  home_.leave(device_);
  home_.settle();
  EXPECT_THAT(written(),
              ElementsAre("fault.began inv.errCode", "fault.ended inv.errCode", "offline "));
}

// A link to another node that opens tells all readers but those of own devices to begin anew.
TEST_F(EventLogTest, ALinkThatOpensIsALossOnlyForWhoWritesAllDevices) {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  using Writes = EventLog::Writes;
  for (const Writes writes : {Writes::kAll, Writes::kOwn, Writes::kNone}) {
    log.str({});
    start({}, writes);
    home_.platform.changes.lose_all();
    home_.settle();
    EXPECT_EQ(log.str().contains("some are missing"), writes == Writes::kAll) << log.str();
    report(R"("inv.errCode":1)");
    report(R"("inv.errCode":0)");
    EXPECT_EQ(written().size(), writes == Writes::kNone ? 0U : 2U);
    log_.reset();
  }
  spdlog::set_default_logger(before);
}

TEST_F(EventLogTest, ADoorKnowsFaultsAndWritesNothing) {
  start({}, EventLog::Writes::kNone);
  report(R"("inv.errCode":1)");
  EXPECT_NE(since("inv.errCode"), 0);
  home_.platform.changes.lose_all();
  home_.settle();
  EXPECT_THAT(written(), IsEmpty());
}

TEST_F(EventLogTest, AFaultLastsSinceTheLogSaysSo) {
  report(R"("inv.errCode":1)");
  const std::int64_t began = unix_ms(home_.clock.now()) - 5000;
  start({{.id = 1,
          .event = {.device = home_.device(kSn).number,
                    .at_ms = began,
                    .kind = journal::EventKind::kFaultBegan,
                    .since_ms = began,
                    .field = "inv.errCode",
                    .text = "1"}}});
  EXPECT_EQ(since("inv.errCode"), began) << "before the device is seen again";
  report(R"("pd.soc":50)");
  EXPECT_EQ(since("inv.errCode"), began);
  EXPECT_THAT(written(), IsEmpty());
  report(R"("inv.errCode":0)");
  EXPECT_EQ(since("inv.errCode"), 0);
  EXPECT_THAT(written(), ElementsAre("fault.ended inv.errCode"));
}

TEST_F(EventLogTest, WhatWasLostWithTheServerIsFoundAgain) {
  report(R"("inv.errCode":1)");
  start({{.id = 1,
          .event = {.device = home_.device(kSn).number,
                    .kind = journal::EventKind::kFaultBegan,
                    .since_ms = 1000,
                    .field = "pd.errCode",
                    .text = "1"}}});
  report(R"("pd.soc":50)");
  EXPECT_THAT(written(), ElementsAre("fault.ended pd.errCode", "fault.began inv.errCode"));
  EXPECT_EQ(since("inv.errCode"), unix_ms(home_.clock.now()));
}

TEST_F(EventLogTest, ADeviceThatTheRegistryForgetsHasNoFaults) {
  start();
  report(R"("inv.errCode":1)");
  EXPECT_NE(since("inv.errCode"), 0);
  must(home_.registry->remove_device(kSn));
  home_.settle();
  log_->tick();
  EXPECT_EQ(since("inv.errCode"), 0);
}

TEST_F(EventLogTest, NothingIsWrittenOnceItStopped) {
  start();
  report(R"("pd.soc":50)");
  log_->stop();
  home_.leave(device_);
  home_.settle();
  EXPECT_THAT(written(), IsEmpty());
}

TEST_F(EventLogTest, WithoutAJournalFaultsAreKnownAllTheSame) {
  home_.platform.journal = nullptr;
  start();
  report(R"("inv.errCode":1)");
  EXPECT_EQ(since("inv.errCode"), unix_ms(home_.clock.now()));
}

}  // namespace
}  // namespace gridloom::home
