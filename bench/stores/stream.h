// Generated reports of a fleet of power stations: the same data for every measured store.
//
// A device has 50 fields and reports every 10 s, give or take 40 ms: powers in W that wander,
// voltages in mV and currents in mA with noise, temperatures, states of charge with one decimal,
// counters that grow, and states that hardly change. A report has what changed, 25.7 fields on
// average. A stream is a function of its seed only.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::bench {

struct Reading {
  std::uint32_t field = 0;
  std::int64_t tenths = 0;  // the value times ten
};

// The reports of one device, one after the other.
class DeviceStream {
 public:
  static constexpr std::size_t kFields = 50;
  static constexpr std::int64_t kPeriod_ms = 10'000;
  static constexpr std::int64_t kStart_ms = 1'699'999'200'000;  // a full hour

  DeviceStream(std::uint64_t seed, std::uint64_t device)
      : state_(seed ^ 88172645463325252ULL ^ ((device + 1) * 0x9E3779B97F4A7C15ULL)) {
    for (int i = 0; i < 20; ++i) bits();
    at_ms_ = kStart_ms + between(0, kPeriod_ms - 1);
    for (std::uint32_t field = 0; field < kFields; ++field) levels_[field] = first_level(field);
  }

  // Valid until the next call.
  std::span<const Reading> next() {
    at_ms_ += kPeriod_ms + between(-40, 40);
    count_ = 0;
    for (std::uint32_t field = 0; field < kFields; ++field) step(field);
    return {readings_.data(), count_};
  }
  [[nodiscard]] std::int64_t at_ms() const { return at_ms_; }

  [[nodiscard]] static bool has_decimal(std::uint32_t field) {
    return kindof(field) == Kind::kCharge;
  }
  [[nodiscard]] static std::string name(std::uint32_t field) {
    static constexpr std::array<std::string_view, 8> kGroups = {
        "power.w", "cell.mv", "cell.ma", "temp.c", "soc.whole", "soc.exact", "energy.wh", "state"};
    return std::string(kGroups[static_cast<std::size_t>(kindof(field))]) + std::to_string(field);
  }

 private:
  enum class Kind : std::uint8_t {
    kPower,
    kVoltage,
    kCurrent,
    kTemperature,
    kWholeCharge,
    kCharge,
    kCounter,
    kState
  };
  static constexpr Kind kindof(std::uint32_t field) {
    if (field < 10) return Kind::kPower;
    if (field < 18) return Kind::kVoltage;
    if (field < 26) return Kind::kCurrent;
    if (field < 34) return Kind::kTemperature;
    if (field < 37) return Kind::kWholeCharge;
    if (field < 40) return Kind::kCharge;
    if (field < 44) return Kind::kCounter;
    return Kind::kState;
  }

  std::uint64_t bits() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return state_;
  }
  bool happens(double probability) {
    return static_cast<double>(bits() >> 11U) * 0x1.0p-53 < probability;
  }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(most - least + 1));
  }

  std::int64_t first_level(std::uint32_t field) {
    switch (kindof(field)) {
      case Kind::kPower:
        return between(0, 1500) * 10;
      case Kind::kVoltage:
        return between(50'000, 55'000) * 10;
      case Kind::kCurrent:
        return between(-2000, 12'000) * 10;
      case Kind::kTemperature:
        return between(20, 45) * 10;
      case Kind::kWholeCharge:
        return between(20, 95) * 10;
      case Kind::kCharge:
        return between(200, 950);
      case Kind::kCounter:
        return between(0, 1'000'000) * 10;
      case Kind::kState:
        return between(0, 3) * 10;
    }
    return 0;
  }

  void put(std::uint32_t field, std::int64_t tenths) { readings_[count_++] = {field, tenths}; }

  void step_power(std::uint32_t field, std::int64_t& level) {
    if (field >= 3 && !happens(0.8)) return;
    if (happens(0.01)) level = between(0, 1500) * 10;
    level = std::max<std::int64_t>(0, level + between(-4, 4) * 10);
    put(field, field >= 8 && level < 6000 ? 0 : level);
  }

  void step(std::uint32_t field) {
    std::int64_t& level = levels_[field];
    const auto whole = [&](double probability, std::int64_t by, std::int64_t noise) {
      if (!happens(probability)) return;
      level += between(-by, by) * 10;
      put(field, level + (noise == 0 ? 0 : between(-noise, noise) * 10));
    };
    switch (kindof(field)) {
      case Kind::kPower:
        return step_power(field, level);
      case Kind::kVoltage:
        return whole(0.7, 3, 8);
      case Kind::kCurrent:
        return whole(0.7, 20, 30);
      case Kind::kTemperature:
        return whole(0.15, 1, 0);
      case Kind::kWholeCharge:
        return whole(0.04, 1, 0);
      case Kind::kCharge:
        if (happens(0.3)) put(field, level += between(-1, 1));
        return;
      case Kind::kCounter:
        if (happens(0.9)) put(field, level += between(0, 12) * 10);
        return;
      case Kind::kState:
        if (happens(0.01)) put(field, level = between(0, 3) * 10);
        return;
    }
  }

  std::uint64_t state_;
  std::int64_t at_ms_ = 0;
  std::array<std::int64_t, kFields> levels_{};
  std::array<Reading, kFields> readings_{};
  std::size_t count_ = 0;
};

// A reading's value as its device writes it; no value is both negative and fractional.
inline void append_json(std::string& out, const Reading& reading) {
  out += std::to_string(reading.tenths / 10);
  if (!DeviceStream::has_decimal(reading.field)) return;
  out += '.';
  out += static_cast<char>('0' + reading.tenths % 10);
}

}  // namespace gridloom::bench
