#include "sim/household/load.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/clock.h"
#include "sim/household/draws.h"
#include "sim/rounding.h"

namespace gridloom::sim::household {
namespace {

constexpr std::int64_t kHour_ms = 3'600'000;
constexpr double kMinute_ms = 60'000;

// Small movements: their size, and how long a value holds.
constexpr std::int64_t kWobble_ms = 15'000;
constexpr double kSteadyWobble = 0.015;  // of the power
constexpr double kUnsteadyWobble = 0.05;
constexpr double kLeastWobble_w = 0.3;
constexpr double kNoise = 0.008;  // below a second, of the power
constexpr double kLeastNoise_w = 0.4;

// A compressor's start, and its power before and after its pressure has settled.
constexpr std::int64_t kSurge_ms = 300;
constexpr double kSurge = 6;
constexpr double kFirstPart = 0.3;
constexpr double kAtFirst = 1.12;
constexpr double kThen = 0.95;
constexpr double kSlotStart = 0.1;  // of a slot, in which its start is drawn
constexpr double kMostDuty = 0.85;

std::int32_t centiwatts(double power_w) {
  return static_cast<std::int32_t>(round_to_int64(power_w * 100));
}

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

// How much longer a compressor runs: in summer, and by day, when its door is opened.
double cooling(std::int64_t local_ms) {
  const Day day(floor_div(local_ms, kDay_ms));
  const std::int64_t hour = local_ms % kDay_ms / kHour_ms;
  return (1 - 0.18 * day.winter) * (hour >= 7 && hour < 21 ? 1.25 : 0.85);
}

}  // namespace

Wiring wired_together() {
  Wiring wiring{};
  return wiring;
}

Wiring wired_together(std::initializer_list<Circuit> circuits) {
  Wiring wiring{};
  wiring.fill(kNotWired);
  for (const Circuit circuit : circuits) wiring.at(static_cast<std::size_t>(circuit)) = 0;
  return wiring;
}

Wiring wired_apart(std::size_t circuits) {
  Wiring wiring{};
  wiring.fill(kNotWired);
  for (std::size_t k = 0; k < circuits; ++k) wiring.at(k) = static_cast<std::int8_t>(k);
  return wiring;
}

// Takes the uses that reach into one day.
class Load::DayPlan final : public HouseholdModel::Switchboard {
 public:
  // The uses of the day that begins `offset_ms` after the planned one.
  DayPlan(Load& load, std::int64_t offset_ms) : load_(load), offset_ms_(offset_ms) {}

  [[nodiscard]] bool has(std::size_t circuit) const override {
    return load_.wiring_.at(circuit) != kNotWired;
  }
  void use(const Use& use) override {
    const std::int8_t wired = load_.wiring_.at(use.circuit);
    if (wired == kNotWired) return;
    const auto channel = static_cast<std::uint8_t>(wired);
    const std::int64_t from_ms = offset_ms_ + round_to_int64(use.from_min * kMinute_ms);
    const std::int64_t to_ms = from_ms + round_to_int64(use.minutes * kMinute_ms);
    if (to_ms <= 0 || from_ms >= kDay_ms) return;
    const std::int32_t power_cw = centiwatts(use.power_w);
    put(std::max<std::int64_t>(from_ms, 0), power_cw, channel, use.unsteady);
    if (to_ms < kDay_ms) put(to_ms, -power_cw, channel, use.unsteady);
  }

 private:
  void put(std::int64_t at_ms, std::int32_t power_cw, std::uint8_t channel, bool unsteady) {
    load_.switches_.push_back({.at_ms = static_cast<std::int32_t>(at_ms),
                               .power_cw = power_cw,
                               .channel = channel,
                               .unsteady = unsteady});
  }

  Load& load_;
  std::int64_t offset_ms_;
};

Load::Load(const HouseholdModel& home, const Wiring& wiring)
    : home_(home), noise_(home.chance().split("noise")), wiring_(wiring) {
  channels_.resize(static_cast<std::size_t>(std::ranges::max(wiring)) + 1);
  std::uint64_t number = 0;
  for (const Ticker& ticker : home_.inventory().tickers) {
    const Chance chance = home_.chance().split("ticker").split(ticker.name);
    Draws draws(chance.split("kind"), static_cast<std::int64_t>(number++));
    const std::int8_t channel = wiring_.at(ticker.circuit);
    if (!draws.happens(ticker.owned) || channel == kNotWired) continue;
    const double power_w = draws.lognormal(ticker.power_w, ticker.power_sigma);
    const double period_min = draws.lognormal(ticker.period_min, ticker.period_sigma);
    tickers_.push_back({.chance = chance,
                        .ticker = &ticker,
                        .period_ms = round_to_int64(period_min * kMinute_ms),
                        .power_cw = power_w * home_.level() * 100,
                        .duty = ticker.duty + ticker.duty_range * draws.uniform(),
                        .channel = static_cast<std::uint8_t>(channel),
                        .now_cw = 0,
                        .next_ms = 0});
  }
}

// The day before reaches into this one.
void Load::begin_day(std::int64_t day) {
  day_ = day;
  switches_.clear();
  next_switch_ = 0;
  DayPlan before(*this, -kDay_ms);
  home_.plan(Day(day - 1), before);
  DayPlan planned(*this, 0);
  const Day today(day);
  home_.plan(today, planned);
  std::ranges::sort(switches_, {}, &Switch::at_ms);
  for (Channel& channel : channels_) channel = {};
  slot_ = kNever;
  partial_ = 0;
  for (std::size_t circuit = 0; circuit < home_.inventory().circuits; ++circuit) {
    const std::int8_t wired = wiring_.at(circuit);
    if (wired == kNotWired) continue;
    channels_[static_cast<std::size_t>(wired)].steady_cw +=
        centiwatts(home_.steady_w(circuit, today));
  }
}

// A slot's start and length follow from its number, so that nothing drifts.
void Load::set_ticker(TickerState& state, std::int64_t local_ms) const {
  const std::int64_t slot = floor_div(local_ms, state.period_ms);
  const auto period_ms = static_cast<double>(state.period_ms);
  const auto start_of = [&](std::int64_t number) {
    const double drawn = state.chance.uniform(static_cast<std::uint64_t>(number) * 2);
    return number * state.period_ms + round_to_int64(kSlotStart * drawn * period_ms);
  };
  const auto is_until = [&state](double factor, std::int64_t until_ms) {
    state.now_cw = static_cast<std::int32_t>(round_to_int64(factor * state.power_cw));
    state.next_ms = until_ms;
  };
  const std::int64_t start_ms = start_of(slot);
  if (local_ms < start_ms) return is_until(0, start_ms);
  const double drawn = state.chance.normal(static_cast<std::uint64_t>(slot) * 2 + 1);
  const bool cools = state.ticker->cools;
  const double longer =
      cools ? cooling(slot * state.period_ms) * std::exp(0.12 * drawn) : std::exp(0.3 * drawn);
  const std::int64_t on_ms = round_to_int64(period_ms * std::min(state.duty * longer, kMostDuty));
  const std::int64_t first_ms =
      round_to_int64(static_cast<double>(on_ms) * (cools ? kFirstPart : 0));
  if (cools && local_ms < start_ms + kSurge_ms) return is_until(kSurge, start_ms + kSurge_ms);
  if (local_ms < start_ms + first_ms) return is_until(kAtFirst, start_ms + first_ms);
  if (local_ms < start_ms + on_ms) return is_until(cools ? kThen : 1, start_ms + on_ms);
  is_until(0, start_of(slot + 1));
}

void Load::run_to(std::int64_t local_ms, Millis dt) {
  const std::int64_t day = floor_div(local_ms, kDay_ms);
  // Then there is nothing to take the mean of.
  const bool anew = day != day_ || local_ms < since_ms_;
  if (anew) {
    begin_day(day);
    for (TickerState& state : tickers_) {
      set_ticker(state, local_ms);
      channels_[state.channel].steady_cw += state.now_cw;
    }
  }
  // One bit for each channel whose power may be another one than before.
  std::uint32_t touched = anew ? ~0U : std::exchange(partial_, 0);
  for (std::size_t k = 0; k < channels_.size(); ++k) {
    if ((touched >> k & 1U) != 0) channels_[k].missed_cw = 0;
  }
  const std::int64_t begin_ms = local_ms - dt.count();
  const auto change = [&](std::size_t index, std::int64_t at_ms, std::int32_t power_cw,
                          bool unsteady) {
    Channel& channel = channels_[index];
    touched |= 1U << index;
    (unsteady ? channel.unsteady_cw : channel.steady_cw) += power_cw;
    if (anew || dt.count() <= 0) return;
    const auto gone_ms = static_cast<double>(std::max<std::int64_t>(0, at_ms - begin_ms));
    channel.missed_cw += power_cw * gone_ms / static_cast<double>(dt.count());
    if (channel.missed_cw != 0) partial_ |= 1U << index;
  };
  const std::int64_t midnight_ms = day * kDay_ms;
  for (; next_switch_ < switches_.size(); ++next_switch_) {
    const Switch& next = switches_[next_switch_];
    if (midnight_ms + next.at_ms > local_ms) break;
    change(next.channel, midnight_ms + next.at_ms, next.power_cw, next.unsteady);
  }
  if (anew || next_tick_ms_ <= local_ms) {
    next_tick_ms_ = std::numeric_limits<std::int64_t>::max();
    for (TickerState& state : tickers_) {
      while (state.next_ms <= local_ms) {
        const std::int64_t at_ms = state.next_ms;
        const std::int32_t before_cw = state.now_cw;
        set_ticker(state, at_ms);
        change(state.channel, at_ms, state.now_cw - before_cw, false);
      }
      next_tick_ms_ = std::min(next_tick_ms_, state.next_ms);
    }
  }
  show(local_ms, touched);
}

void Load::show(std::int64_t local_ms, std::uint32_t touched) {
  const std::int64_t slot = floor_div(local_ms, kWobble_ms);
  if (slot != slot_) {
    slot_ = slot;
    touched = ~0U;
  }
  for (std::size_t k = 0; k < channels_.size(); ++k) {
    if ((touched >> k & 1U) != 0) show(k);
  }
  next_ms_ = std::min((day_ + 1) * kDay_ms, next_tick_ms_);
  const auto is_on = [](const Channel& channel) {
    return channel.steady_cw + channel.unsteady_cw > 0;
  };
  if (std::ranges::any_of(channels_, is_on)) next_ms_ = std::min(next_ms_, (slot + 1) * kWobble_ms);
  if (next_switch_ < switches_.size()) {
    next_ms_ = std::min(next_ms_, day_ * kDay_ms + switches_[next_switch_].at_ms);
  }
  // The next step shows the new power for its whole length.
  if (partial_ != 0) next_ms_ = local_ms;
  since_ms_ = local_ms;
}

void Load::show(std::size_t index) {
  const Channel& channel = channels_[index];
  Shown& shown = shown_[index];
  const std::int32_t on_cw = channel.steady_cw + channel.unsteady_cw;
  if (on_cw <= 0) {
    shown = {.power_w = std::max(0.0, (on_cw - channel.missed_cw) / 100), .noise_w = 0};
    return;
  }
  const double wobble = noise_.normal(static_cast<std::uint64_t>(slot_) * kMaxCircuits + index);
  const double wobble_w =
      (kSteadyWobble * channel.steady_cw + kUnsteadyWobble * channel.unsteady_cw) / 100.0 +
      kLeastWobble_w;
  shown.power_w = std::max(0.0, (on_cw - channel.missed_cw) / 100 + wobble_w * wobble);
  shown.noise_w = std::max(kLeastNoise_w, kNoise * shown.power_w);
}

}  // namespace gridloom::sim::household
