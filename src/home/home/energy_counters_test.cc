// The counters of accounts: how often they are read, and what outlives a restart.
#include "home/energy_counters.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "history/instant_journal.h"
#include "history/test_archive.h"
#include "testing/home.h"

namespace gridloom::home {
namespace {

using namespace std::chrono_literals;
using history::EnergyFlow;
using testing::DoubleNear;
using testing::Optional;

constexpr std::string_view kOcean = "HJ31ZDH2ZF690025";
constexpr TimePoint kMorning{std::chrono::hours(498'000)};

class EnergyCountersTest : public testing::Test {
 protected:
  EnergyCountersTest() {
    platform_home.platform.journal = &journal;
    platform_home.clock.set(kMorning);
    alice = platform_home.add_account("alice");
    platform_home.add_device(kOcean, "alice");
    start();
  }

  void start() {
    counters = std::make_unique<EnergyCounters>(
        EnergyCounters::Options{.hub = platform_home.hub.get(),
                                .steady = &steady,
                                .reads =
                                    [this](auto query) {
                                      if (is_busy) return false;
                                      ++reads;
                                      history::read_now(*archive, std::move(query));
                                      return true;
                                    },
                                .data = platform_home.folder.data()});
  }
  Result<EnergyCounters::Totals> ask() {
    std::optional<Result<EnergyCounters::Totals>> answer;
    counters->get(alice, {.loop = &platform_home.client_loop,
                          .done = [&](auto totals) { answer = std::move(totals); }});
    platform_home.settle();
    return std::move(answer.value());
  }
  static std::optional<double> sun_of(const EnergyTotals& totals) {
    const EnergyTotals::Device* device = totals.find(kOcean);
    return device == nullptr ? std::nullopt
                             : device->wh.at(static_cast<std::size_t>(EnergyFlow::kPv));
  }
  // An hour of 1 kW.
  void shine() {
    const FakePtr device = platform_home.connect_device(kOcean);
    for (int minute = 0; minute <= 60; ++minute) {
      platform_home.report(device, kOcean, R"({"typeCode":"energy","params":{"mpptPwr":1000}})");
      if (minute < 60) platform_home.clock.pass(1min);
    }
  }
  [[nodiscard]] std::filesystem::path file() const {
    return platform_home.folder.data() / kCounterFiles /
           fmt::format("{}.json", std::to_underlying(alice));
  }

  TestHome platform_home;
  TestClock archive_clock{kMorning};
  std::unique_ptr<history::Archive> archive =
      history::open_archive(platform_home.folder.data(), archive_clock, {});
  history::InstantJournal journal{*archive};
  TestClock steady{kMorning};
  AccountId alice{};
  bool is_busy = false;
  int reads = 0;
  std::unique_ptr<EnergyCounters> counters;
};

TEST_F(EnergyCountersTest, AreReadAgainOnlyWhenTheyAreOld) {
  EXPECT_EQ(sun_of(*must(ask())), std::nullopt);
  shine();
  EXPECT_EQ(sun_of(*must(ask())), std::nullopt) << "not older than kFresh";
  EXPECT_EQ(reads, 1);
  steady.pass(EnergyCounters::kFresh);
  EXPECT_THAT(sun_of(*must(ask())), Optional(DoubleNear(1000, 0.01)));
  EXPECT_EQ(reads, 2);
}

TEST_F(EnergyCountersTest, AreBroughtForwardOnceAnHourIfSomebodyAskedOnce) {
  counters->tick();
  EXPECT_EQ(reads, 0) << "nobody has asked";
  must(ask());
  steady.pass(EnergyCounters::kUnasked - Millis(1));
  counters->tick();
  EXPECT_EQ(reads, 1);
  steady.pass(Millis(1));
  counters->tick();
  counters->tick();
  EXPECT_EQ(reads, 2);
  start();
  counters->tick();
  EXPECT_EQ(reads, 3) << "also after a restart";
}

TEST_F(EnergyCountersTest, OutliveARestart) {
  shine();
  const auto before = must(ask());
  start();
  const auto after = must(ask());
  EXPECT_EQ(after->epoch, before->epoch);
  EXPECT_EQ(sun_of(*after), sun_of(*before));
  EXPECT_EQ(mode_of(file()), 0600U);
  must(check_counter_file(file()));
}

TEST_F(EnergyCountersTest, ADamagedOrMissingFileBeginsANewEpoch) {
  shine();
  std::string epoch = must(ask())->epoch;
  const auto check = [&](std::string_view what) {
    start();
    const auto after = must(ask());
    EXPECT_NE(after->epoch, epoch) << what;
    EXPECT_THAT(sun_of(*after), Optional(DoubleNear(1000, 0.01))) << what;
    epoch = after->epoch;
  };
  std::string content = content_of(file());
  content.at(content.size() / 2) ^= 1;
  write_content(file(), content);
  EXPECT_EQ(check_counter_file(file()).error().code, ErrorCode::kMalformed);
  check("damaged");
  std::filesystem::remove(file());
  check("missing");
  write_content(file(), "");
  check("empty");
}

TEST_F(EnergyCountersTest, AFileThatCannotBeReadIsNotReplaced) {
  must(ask());
  std::filesystem::remove(file());
  std::filesystem::create_directory(file());
  start();
  EXPECT_EQ(ask().error().code, ErrorCode::kIo);
  EXPECT_TRUE(std::filesystem::is_directory(file()));
}

TEST_F(EnergyCountersTest, WhatCannotBeWrittenIsNotAnswered) {
  const auto before = must(ask());
  shine();
  steady.pass(EnergyCounters::kFresh);
  std::filesystem::remove_all(file().parent_path());
  write_content(file().parent_path(), "no folder");
  EXPECT_EQ(must(ask()), before) << "those of before";
  std::filesystem::remove(file().parent_path());
  steady.pass(EnergyCounters::kFresh);
  EXPECT_THAT(sun_of(*must(ask())), Optional(DoubleNear(1000, 0.01)));
}

TEST_F(EnergyCountersTest, AnAccountThatAsksTooMuchKeepsWhatItHas) {
  is_busy = true;
  EXPECT_EQ(ask().error().code, ErrorCode::kConflict);
  is_busy = false;
  steady.pass(EnergyCounters::kFresh);
  const auto before = must(ask());
  is_busy = true;
  steady.pass(EnergyCounters::kFresh);
  EXPECT_EQ(must(ask()), before);
}

TEST_F(EnergyCountersTest, TheFileOfAnAccountThatIsGoneIsRemoved) {
  must(ask());
  const auto other = file().parent_path() / "4711.json";
  std::filesystem::copy(file(), other);
  start();
  EXPECT_FALSE(std::filesystem::exists(other));
  EXPECT_TRUE(std::filesystem::exists(file()));
}

}  // namespace
}  // namespace gridloom::home
