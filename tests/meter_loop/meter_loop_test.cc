// The closed loop: a virtual STREAM reports the power at the house's connection, Gridloom's meter
// shows it, and the STREAM reads the meter over HTTP each second and regulates itself by it. The
// devices' time is the test's; the sockets are real.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "bridges/meter/test_meter.h"
#include "sim/meter_reader.h"
#include "sim/virtual_device.h"

namespace gridloom::bridges::meter {
namespace {

constexpr auto kFirst = "BK61TEST00000001";
constexpr auto kSecond = "BK61TEST00000002";
constexpr Millis kStep{2'000};  // of a STREAM
constexpr int kSettles = 20;    // steps
constexpr double kBand_w = 25;

// A virtual STREAM that reads its meter.
class Battery {
 public:
  Battery(MeterHome& home, const std::string& sn, sim::Environment environment)
      : home_(home),
        client_(home.add_device(sn)),
        here_(std::move(environment)),
        device_(family(), sn, Chance(1), here_, nullptr, {.meter = catalog::MeterPlace()}) {
    device_.connected(here_, messages_);
    publish();
  }
  void read(const TestMeter& meter) {
    reader_ = std::make_shared<sim::MeterReader>(sim::MeterReader::Options{
        .meter = {.host = "127.0.0.1", .port = meter.port(), .path = "/v1/json"},
        .loop = &loop_,
        .buffer = buffer_,
        .on_reading = [this](std::optional<double> power_w) {
          has_read_ = true;
          reading_w_ = power_w;
          device_.see_meter(power_w);
        }});
  }
  Battery(const Battery&) = delete;
  Battery& operator=(const Battery&) = delete;
  ~Battery() {
    if (reader_) reader_->close();
  }

  // Asks the meter, and waits for its answer.
  [[nodiscard]] bool ask() {
    has_read_ = false;
    asked_ += sim::MeterReader::kRhythm;
    const auto end = std::chrono::steady_clock::now() + kPatience;
    reader_->tick(asked_);
    while (!has_read_) {
      if (std::chrono::steady_clock::now() > end) return false;
      if (!loop_.turn()) std::this_thread::yield();
    }
    return true;
  }
  // `others_w`: what the site's other devices draw.
  void step(TimePoint now, double house_w, double others_w = 0) {
    here_.now = now;
    here_.household_w = house_w;
    here_.others_ac_w = others_w;
    device_.step(here_, messages_);
    publish();
  }
  [[nodiscard]] double drawn_w() const { return device_.drawn_w(); }
  [[nodiscard]] std::optional<double> reading_w() const { return reading_w_; }

 private:
  static const sim::VirtualFamilyPtr& family() {
    static const auto made =
        std::make_shared<const sim::VirtualFamily>(shipped_catalog()->of_serial(kFirst));
    return made;
  }
  void publish() {
    for (auto& message : std::exchange(messages_, {})) {
      home_.home.report(client_, device_.sn(), std::move(message.payload));
    }
  }

  MeterHome& home_;
  FakePtr client_;
  sim::Environment here_;
  std::vector<sim::VirtualDevice::Message> messages_;
  sim::VirtualDevice device_;
  net::IoLoop loop_;
  std::array<char, 16'384> buffer_{};
  std::shared_ptr<sim::MeterReader> reader_;
  sim::MeterReader::Steady::time_point asked_ = sim::MeterReader::Steady::now();
  bool has_read_ = false;
  std::optional<double> reading_w_;
};

// Night, so that the batteries alone supply the house.
sim::Environment night(const MeterHome& home) {
  sim::Environment here;
  here.now = home.home.clock.now();
  here.household_w = 0;
  here.circuits = 0;
  return here;
}

// "home" of a STREAM is 0.4 of the household's power.
double household_w(double house_w) { return house_w / 0.4; }

TEST(MeterLoop, AStreamSettlesByAnEcoTrackerAndFollowsALoadStep) {
  MeterHome home;
  Battery battery(home, kFirst, night(home));
  TestMeter meter(home, "m",
                  fmt::format(R"("as":"ecotracker","source":"device:{}:powGetSysGrid")", kFirst));
  battery.read(meter);
  const auto live = [&](double house_w) {
    home.home.clock.pass(kStep);
    battery.step(home.home.clock.now(), household_w(house_w));
    meter.tick();
    ASSERT_TRUE(battery.ask());
  };
  live(400);
  ASSERT_TRUE(meter.until([&] { return meter.shows("power") != "503"; }));
  live(400);
  ASSERT_TRUE(battery.reading_w());
  EXPECT_GT(*battery.reading_w(), 200) << "the grid supplies the house at first";
  for (const double house_w : {400.0, 1000.0, 150.0}) {
    for (int step = 0; step < 2 * kSettles; ++step) {
      live(house_w);
      ASSERT_TRUE(battery.reading_w());
      if (step >= kSettles) {
        ASSERT_LE(std::abs(*battery.reading_w()), kBand_w) << house_w << ' ' << step;
      }
    }
  }
}

TEST(MeterLoop, AMeterThatFallsSilentEndsTheOutput) {
  MeterHome home;
  Battery battery(home, kFirst, night(home));
  TestMeter meter(home, "m",
                  fmt::format(R"("as":"ecotracker","max-age":5,
                                              "source":"device:{}:powGetSysGrid")",
                              kFirst));
  battery.read(meter);
  const auto live = [&](bool shows) {
    home.home.clock.pass(kStep);
    battery.step(home.home.clock.now(), household_w(400));
    // Its reports come too late to say something about now.
    if (!shows) home.home.clock.pass(Millis(6'000));
    meter.tick();
    ASSERT_TRUE(battery.ask());
  };
  live(true);
  ASSERT_TRUE(meter.until([&] { return meter.shows("power") != "503"; }));
  for (int step = 0; step < kSettles; ++step) live(true);
  ASSERT_LE(battery.drawn_w(), kBand_w);
  for (int step = 0; step < kSettles; ++step) {
    live(false);
    ASSERT_EQ(battery.reading_w(), std::nullopt);
  }
  EXPECT_GT(battery.drawn_w(), 300) << "the grid supplies the house again";
}

TEST(MeterLoop, TwoBatteriesShareOneHouseWithoutHunting) {
  MeterHome home;
  Battery second(home, kSecond, night(home));
  Battery first(home, kFirst, night(home));
  const auto settings = [](double share, std::string_view own) {
    return fmt::format(R"("as":"ecotracker","source":"device:{}:powGetSysGrid",
                          "group":"house","share":{},"own":"{}")",
                       kFirst, share, own);
  };
  TestMeter first_meter(home, "first", settings(0.6, fmt::format("device:{}:powGetBpCms", kFirst)));
  TestMeter second_meter(home, "second",
                         settings(0.4, fmt::format("device:{}:gridConnectionPower", kSecond)));
  first.read(first_meter);
  second.read(second_meter);
  std::vector<double> given;
  const auto live = [&](double house_w) {
    home.home.clock.pass(kStep);
    const TimePoint now = home.home.clock.now();
    second.step(now, 0);
    first.step(now, household_w(house_w), second.drawn_w());
    first_meter.tick();
    second_meter.tick();
    ASSERT_TRUE(first.ask());
    ASSERT_TRUE(second.ask());
    given.push_back(-second.drawn_w());
  };
  live(500);
  ASSERT_TRUE(first_meter.until([&] { return first_meter.shows("power") != "503"; }));
  ASSERT_TRUE(second_meter.until([&] { return second_meter.shows("power") != "503"; }));
  for (const double house_w : {500.0, 1100.0, 200.0}) {
    for (int step = 0; step < 3 * kSettles; ++step) {
      live(house_w);
      if (step < 2 * kSettles) continue;
      ASSERT_LE(std::abs(first.drawn_w()), kBand_w) << house_w << ' ' << step;
    }
    const auto [least, most] = std::minmax_element(given.end() - kSettles, given.end());
    EXPECT_LE(*most - *least, kBand_w) << "it hunts";
    EXPECT_NEAR(given.back(), 0.4 * house_w, 40) << "its share";
  }
}

}  // namespace
}  // namespace gridloom::bridges::meter
