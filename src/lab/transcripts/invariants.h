// Conditions that must always, or never, hold for virtual devices while a transcript is played.
//
// Each invariant is checked after every step of every device that it concerns, and reported once,
// at its first violation. The devices belong to the caller and must outlive the Invariants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "sim/virtual_device.h"
#include "transcripts/condition.h"

namespace gridloom::transcripts {

class Invariants {
 public:
  // For the text of violations: `seed` of the run, `start` of the transcript.
  Invariants(std::uint64_t seed, TimePoint start) : seed_(seed), start_(start) {}

  // Adds a device, to which invariants added later may apply.
  void watch(const sim::VirtualDevice& device);

  enum class Wanted : std::uint8_t { kAlways, kNever };
  struct Spec {
    Wanted wanted = Wanted::kAlways;
    std::string_view condition;
    std::size_t line = 0;  // of the transcript
  };
  // Adds an invariant, which is checked once immediately and then after every step. kMalformed: the
  // condition is invalid; kBadParams: the condition applies to no device.
  [[nodiscard]] Status add(const Spec& spec, TimePoint now);
  [[nodiscard]] bool empty() const { return all_.empty(); }

  // To be called after each step of a device.
  void check(const sim::VirtualDevice& device, TimePoint now);

  struct Broken {
    std::size_t line = 0;
    std::string text;
  };
  // Returns the violations and clears the list.
  [[nodiscard]] std::vector<Broken> take_broken();

 private:
  struct Invariant {
    Wanted wanted = Wanted::kAlways;
    std::string text;
    Condition condition;
    std::size_t line = 0;
    bool broken = false;
  };
  void check(Invariant& invariant, const WatchedDevice& watched, TimePoint now);

  std::uint64_t seed_;
  TimePoint start_;
  std::map<std::string, WatchedDevice, std::less<>> devices_;  // by serial number
  std::vector<Invariant> all_;
  std::vector<Broken> broken_;
};

}  // namespace gridloom::transcripts
