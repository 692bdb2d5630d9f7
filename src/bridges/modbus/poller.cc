#include "bridges/modbus/poller.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace gridloom::bridges {
namespace {

using catalog::Modbus;
using catalog::ModbusValue;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kTimesSeen = 2;  // a load that switches may look like an effect once
constexpr std::string_view kAllZero =
    "every register is 0: Modbus is not switched on in the device";

double number_of(const ModbusValue& value, const wire::JsonObject& params) {
  if (value.param.empty()) return value.number;
  const wire::Json* given = params.if_contains(value.param);
  if (given == nullptr) return value.number;
  const double number =
      given->is_bool() ? static_cast<double>(given->get_bool()) : given->to_number<double>();
  return number * value.times;
}

}  // namespace

Result<ModbusOrder> order_of(const Modbus& modbus, const catalog::ModbusAction& action,
                             const catalog::Command& command, const wire::JsonObject& params) {
  ModbusOrder order{.writes = {}, .effects = effects_of(command, params), .holds = action.holds};
  // A register shows a field as a whole.
  std::erase_if(order.effects, [](const catalog::FieldEffect& effect) {
    return !effect.value || !effect.path.empty();
  });
  for (const catalog::ModbusWrite& write : action.writes) {
    const double value = number_of(write.value, params);
    GL_TRY(auto words, encoded(write.to.type, modbus.writes, value));
    order.writes.push_back({.first = write.to.address, .words = std::move(words), .value = value});
  }
  return order;
}

ModbusPoller::ModbusPoller(Options options, Listener& listener)
    : options_(std::move(options)),
      listener_(listener),
      blocks_(blocks_of(options_.modbus.readings)),
      connection_(stop_, options_.patience),
      pause_(options_.first_pause),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ModbusPoller::~ModbusPoller() {
  thread_.request_stop();
  stop_.wake();
}

bool ModbusPoller::post(ModbusOrder order) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_busy_, true)) return false;
    order_.emplace(std::move(order));
  }
  news_.wake();
  return true;
}

std::optional<ModbusOrder> ModbusPoller::take_order() {
  const std::lock_guard lock(mutex_);
  return std::exchange(order_, std::nullopt);
}

void ModbusPoller::rest(Moment until) {
  const auto left = std::chrono::ceil<Millis>(until - steady_clock::now());
  static_cast<void>(stop_.wait(std::max(left, Millis(0)), news_.fd(), POLLIN));
  news_.clear();
}

void ModbusPoller::pause(const std::stop_token& stop) {
  const Moment until = steady_clock::now() + pause_;
  pause_ = std::min(pause_ * 2, options_.longest_pause);
  while (!stop.stop_requested() && steady_clock::now() < until) {
    refuse_order("the device is out of reach");
    rest(until);
  }
}

void ModbusPoller::run(const std::stop_token& stop) {
  Moment next_read = steady_clock::now();
  while (!stop.stop_requested()) {
    if (!connection_.is_open()) {
      if (Status opened = connection_.open(options_.host_port); !opened) {
        if (stop.stop_requested()) return;
        lose(opened.error().detail);
        pause(stop);
        continue;
      }
      next_read = steady_clock::now();
    }
    const Moment now = steady_clock::now();
    const bool is_read = now >= next_read;
    const bool is_reached = beat(now) && write_next() && (!is_read || read_all());
    if (stop.stop_requested()) return;
    if (!is_reached) {
      pause(stop);
      continue;
    }
    if (is_read) next_read = now + options_.every;
    if (watched_) next_read = std::min(next_read, steady_clock::now() + options_.quick);
    Moment wake = next_read;
    if (holds_ && beat_at_) {
      wake = std::min(wake, *beat_at_ + seconds(options_.modbus.heartbeat.every_s));
    }
    rest(wake);
  }
}

void ModbusPoller::refuse_order(const std::string& why) {
  if (const auto order = take_order()) {
    end(order->number, fail(ErrorCode::kIo, fmt::format("nothing was written: {}", why)));
  }
}

void ModbusPoller::lose(const std::string& why) {
  connection_.close();
  if (watched_) {
    const std::uint64_t number = watched_->order.number;
    watched_.reset();
    end(number,
        fail(ErrorCode::kIo,
             fmt::format("the readings did not show it before the connection was lost: {}", why)));
  }
  refuse_order(why);
  listener_.on_lost(why);
}

bool ModbusPoller::give_up_on(const Error& error, std::string_view during) {
  lose(fmt::format("{} at {}", error.detail, during));
  return false;
}

bool ModbusPoller::beat(Moment now) {
  if (!holds_) return true;
  const catalog::ModbusHeartbeat& heartbeat = options_.modbus.heartbeat;
  if (beat_at_ && now - *beat_at_ >= seconds(heartbeat.lapses_s)) {
    holds_ = false;
    beat_at_.reset();
    listener_.on_released(fmt::format(
        "the device was out of reach for {} s and is on its own again", heartbeat.lapses_s));
    return true;
  }
  if (beat_at_ && now - *beat_at_ < seconds(heartbeat.every_s)) return true;
  const auto words = encoded(heartbeat.to.type, options_.modbus.writes, heartbeat.value);
  if (!words) return true;  // the device file's value does not fit; nothing holds
  const auto answer =
      connection_.ask({.unit = options_.unit, .first = heartbeat.to.address, .written = *words});
  if (answer) {
    beat_at_ = now;
    return true;
  }
  if (answer.error().code != ErrorCode::kInvalidValue) {
    return give_up_on(answer.error(), "its heartbeat");
  }
  holds_ = false;
  beat_at_.reset();
  listener_.on_released(fmt::format("the heartbeat fails: {}", answer.error().detail));
  return true;
}

bool ModbusPoller::write_next() {
  if (watched_) return true;
  auto order = take_order();
  if (!order) return true;
  holds_ = order->holds;
  beat_at_.reset();
  if (!beat(steady_clock::now())) {
    end(order->number, fail(ErrorCode::kIo, "nothing was written: the connection was lost"));
    return false;
  }
  if (holds_ != order->holds) {
    end(order->number,
        fail(ErrorCode::kInvalidValue, "nothing was written: the device takes no heartbeat"));
    return true;
  }
  for (const ModbusOrder::Write& write : order->writes) {
    const auto answer =
        connection_.ask({.unit = options_.unit, .first = write.first, .written = write.words});
    if (answer) continue;
    holds_ = false;
    end(order->number, std::unexpected(answer.error()));
    if (answer.error().code == ErrorCode::kInvalidValue) return true;
    return give_up_on(answer.error(), "a write");
  }
  if (order->effects.empty()) {
    end(order->number, ModbusValues());
    return true;
  }
  watched_ = Watched{.order = *std::move(order),
                     .until = steady_clock::now() + seconds(options_.modbus.shown_within_s)};
  return true;
}

bool ModbusPoller::read_all() {
  const std::vector<catalog::ModbusReading>& readings = options_.modbus.readings;
  ModbusValues values(readings.size());
  bool any = false;
  std::optional<Error> refused;
  for (const RegisterBlock& block : blocks_) {
    const auto words =
        connection_.ask({.unit = options_.unit, .first = block.first, .count = block.count});
    if (!words && words.error().code != ErrorCode::kInvalidValue) {
      return give_up_on(words.error(), fmt::format("register {}", block.first));
    }
    if (!words) {
      refused = words.error();
      continue;
    }
    for (const std::size_t k : block.readings) {
      const catalog::ModbusRegister& from = readings[k].from;
      const double value =
          decoded(from.type, options_.modbus.reads,
                  std::span(*words).subspan(static_cast<std::size_t>(from.address - block.first),
                                            catalog::registers_of(from.type)));
      any = any || value != 0;
      if (std::isfinite(value)) values[k] = value * readings[k].times;
    }
  }
  if (!any) {
    lose(refused ? refused->detail : std::string(kAllZero));
    return false;
  }
  pause_ = options_.first_pause;
  listener_.on_readings(values);
  judge(values);
  return true;
}

const std::optional<double>& ModbusPoller::value_of(const ModbusValues& values,
                                                    std::string_view field) const {
  static const std::optional<double> kNone;
  const auto found =
      std::ranges::find(options_.modbus.readings, field, &catalog::ModbusReading::field);
  if (found == options_.modbus.readings.end()) return kNone;
  return values[static_cast<std::size_t>(found - options_.modbus.readings.begin())];
}

std::string ModbusPoller::why_not(const ModbusOrder& order, const ModbusValues& values) const {
  std::vector<std::string> written;
  written.reserve(order.writes.size());
  for (const ModbusOrder::Write& write : order.writes) {
    written.push_back(fmt::format("{} to {}", write.value, write.first));
  }
  std::vector<std::string> seen;
  seen.reserve(order.effects.size());
  for (const catalog::FieldEffect& effect : order.effects) {
    const auto& value = value_of(values, effect.field);
    seen.push_back(fmt::format("{} is {} and not {}", effect.field,
                               value ? fmt::format("{}", *value) : "unknown",
                               wire::plain_text(*effect.value)));
  }
  return fmt::format("wrote {}, and after {} s {}; the device is left on its own",
                     fmt::join(written, ", "), options_.modbus.shown_within_s,
                     fmt::join(seen, ", "));
}

void ModbusPoller::judge(const ModbusValues& values) {
  if (!watched_) return;
  const bool is_seen =
      std::ranges::all_of(watched_->order.effects, [&](const catalog::FieldEffect& effect) {
        const auto& value = value_of(values, effect.field);
        return value && catalog::shows(wire::Json(*value), *effect.value, effect.within);
      });
  watched_->times_seen = is_seen ? watched_->times_seen + 1 : 0;
  const bool is_over = steady_clock::now() >= watched_->until;
  if (watched_->times_seen < kTimesSeen && !is_over) return;
  const Watched watched = *std::exchange(watched_, std::nullopt);
  if (watched.times_seen >= kTimesSeen) return end(watched.order.number, values);
  holds_ = false;
  end(watched.order.number, fail(ErrorCode::kInvalidValue, why_not(watched.order, values)));
}

void ModbusPoller::end(std::uint64_t number, Result<ModbusValues> shown) {
  {
    const std::lock_guard lock(mutex_);
    is_busy_ = false;
  }
  listener_.on_outcome(number, std::move(shown));
}

}  // namespace gridloom::bridges
