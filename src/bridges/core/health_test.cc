#include "bridges/core/health.h"

#include <gtest/gtest.h>

#include "testing/clock.h"

namespace gridloom::bridges {
namespace {

class HealthTest : public testing::Test {
 protected:
  TestClock clock;
  Health health{clock, "kitchen"};
};

TEST_F(HealthTest, AStateHasItsBeginning) {
  EXPECT_EQ(health.report().state, State::kOff);
  health.connecting();
  clock.pass(Millis(5));
  health.connected();
  clock.pass(Millis(5));
  health.connected();
  const HealthReport report = health.report();
  EXPECT_EQ(report.state, State::kConnected);
  EXPECT_EQ(report.since, kTestStart + Millis(5)) << "the second call changed nothing";
}

TEST_F(HealthTest, ABridgeThatFailsGoesOnToFailUntilItIsConnected) {
  health.failing("refused");
  health.connecting();
  EXPECT_EQ(health.report().state, State::kFailing);
  EXPECT_EQ(health.report().last_error, "refused");
  health.connected();
  EXPECT_EQ(health.report().state, State::kConnected);
  EXPECT_EQ(health.report().last_error, "refused")
      << "the last one is told as long as none follows";
}

TEST_F(HealthTest, AnErrorOfOneMessageChangesNoState) {
  health.connected();
  health.error("no such topic");
  EXPECT_EQ(health.report().state, State::kConnected);
  EXPECT_EQ(health.report().errors, 1U);
}

TEST_F(HealthTest, WhatAPeerRepeatsOfOurSecretsIsNotTold) {
  health.hide({Secret("Sk8wVt2r"), Secret(), Secret("ab")});
  health.failing("the server answered 8521: Sk8wVt2r is no key, Sk8wVt2rSk8wVt2r is none, about");
  EXPECT_EQ(health.report().last_error,
            "the server answered 8521: *** is no key, ****** is none, about");
}

TEST_F(HealthTest, MessagesAndFiguresAreCounted) {
  clock.pass(Millis(7));
  health.count_in();
  health.count_out(3);
  health.count_dropped(2);
  health.set_figure("requests_per_hour", 10);
  health.add_to_figure("spikes");
  health.add_to_figure("spikes", 2);
  const HealthReport report = health.report();
  EXPECT_EQ(report.messages_in, 1U);
  EXPECT_EQ(report.messages_out, 3U);
  EXPECT_EQ(report.dropped, 2U);
  EXPECT_EQ(report.last_message, kTestStart + Millis(7));
  EXPECT_EQ(report.figures.at("requests_per_hour"), 10);
  EXPECT_EQ(report.figures.at("spikes"), 3);
  health.clear_figure("spikes");
  health.clear_figure("spikes");
  EXPECT_FALSE(health.report().figures.contains("spikes"));
}

}  // namespace
}  // namespace gridloom::bridges
