// What must always, or never, be so of virtual devices while a transcript is played.
//
// Each is asked after every step of every device that it concerns, and told once: where it broke
// first. Devices belong to who watches them, and outlive this.
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
  // For what is told: `seed` of the run, `start` of the transcript.
  Invariants(std::uint64_t seed, TimePoint start) : seed_(seed), start_(start) {}

  // A new device, of which all that is added later may speak.
  void watch(const sim::VirtualDevice& device);

  enum class Wanted : std::uint8_t { kAlways, kNever };
  struct Spec {
    Wanted wanted = Wanted::kAlways;
    std::string_view condition;
    std::size_t line = 0;  // of the transcript
  };
  // From now on; looked at once at once. kMalformed: no such condition; kBadParams: no device of
  // which it could speak.
  [[nodiscard]] Status add(const Spec& spec, TimePoint now);
  [[nodiscard]] bool empty() const { return all_.empty(); }

  // The device has taken a step.
  void check(const sim::VirtualDevice& device, TimePoint now);

  struct Broken {
    std::size_t line = 0;
    std::string text;
  };
  // And forgets them.
  [[nodiscard]] std::vector<Broken> take_broken();

 private:
  struct Invariant {
    Wanted wanted = Wanted::kAlways;
    std::string text;
    Condition condition;
    std::size_t line = 0;
    bool broken = false;
  };
  void check(Invariant& invariant, const Watched& watched, TimePoint now);

  std::uint64_t seed_;
  TimePoint start_;
  std::map<std::string, Watched, std::less<>> devices_;  // by serial number
  std::vector<Invariant> all_;
  std::vector<Broken> broken_;
};

}  // namespace gridloom::transcripts
