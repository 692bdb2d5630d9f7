// Several batteries at one connection to the grid, each with a meter of its own, so that they share
// the house and none charges another.
//
// Each battery regulates the reading of its meter to zero: it raises what it gives while the
// reading is above 0, and lowers it below. If all of them read the same grid power, any split of
// the house is at rest in which the sum is right, also one in which a battery gives 500 W and
// another takes 300 W of them. So each battery i reads a power of its own:
//
//   need   = grid + own_1 + … + own_n          the house without its batteries
//   target_i = share_i · need
//   reading_i = target_i − own_i
//
// with grid + for import and own_i + for what battery i gives. To its regulator, an integrator of
// gain k_i, this is d own_i/dt = k_i · (share_i · need − own_i): a loop of the first order around
// the battery's own output, in which no other battery stands. It settles at its share with the time
// constant 1 / k_i, whatever the others' gains and delays, and all targets have the sign of the
// need: while the house draws, no battery is asked to charge. With shares of sum 1 the readings sum
// up to the grid power, so it goes to 0. Shares whose sum is above 1 are scaled down to it; with
// a sum below 1 the grid supplies the rest.
//
// A battery that cannot follow, being empty, full or at its limit, leaves a part of its target for
// longer than kStuckAfter. The others share that part by their shares, and it shrinks as the
// battery comes back. Its own reading stays the same, so that it does come back.
//
// An output that no device reports is estimated: as that of an integrator of the reading with the
// time constant kEstimateTime. The sum is right all the same, because the readings sum up to the
// grid power with any estimate; the split is as good as the estimate.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/loop.h"
#include "registry/directory.h"

namespace gridloom::bridges::meter {

// Pure; one thread at a time.
class Shares {
 public:
  static constexpr Millis kStuckAfter{30'000};
  static constexpr Millis kEstimateTime{4'000};
  // A smaller part of its target that a battery leaves is no reason to ask the others.
  static constexpr double kLeastMissing_w = 30;
  static constexpr double kLeastMissing = 0.1;  // of the target

  enum class Output : std::uint8_t { kReported, kEstimated };

  // The number of the battery from now on. 0 < share <= 1.
  [[nodiscard]] std::size_t add(double share, Output output);
  void remove(std::size_t battery);
  [[nodiscard]] std::size_t size() const { return batteries_.size(); }

  // Sets the power that a battery with Output::kReported gives, negative: takes. Nothing: not
  // known, and then no reading of any battery is.
  void set_output(std::size_t battery, std::optional<double> gives_w);
  // Time has passed in which the grid's power was this.
  void advance(double grid_w, Millis dt);

  [[nodiscard]] std::optional<double> need_w(double grid_w) const;
  // + the battery is to give more. Nothing: not known.
  [[nodiscard]] std::optional<double> reading_w(std::size_t battery, double grid_w) const;

 private:
  struct Battery {
    double share = 1;
    Output output = Output::kReported;
    std::optional<double> gives_w{};
    Millis missing_for{0};
    bool is_stuck = false;
  };
  [[nodiscard]] double scale() const;
  // The part of its target that the battery does not reach.
  [[nodiscard]] double missing_w(const Battery& battery, double need) const;
  [[nodiscard]] double reading_of(const Battery& battery, double need) const;

  std::map<std::size_t, Battery> batteries_;
  std::size_t last_ = 0;
};

// The meters of one account that share a house, by the name of their group. They know each
// other by that name alone. Thread rule: the bridges' loop, except join().
class Group {
 public:
  // The group of this name, among the meters on the loop. Any thread.
  [[nodiscard]] static std::shared_ptr<Group> join(const Loop& loop, registry::AccountId account,
                                                   const std::string& name);

  [[nodiscard]] Shares& shares() { return shares_; }
  // Each meter calls it when it looks: the time since the last call has passed once for all.
  void advance(double grid_w, TimePoint now) {
    if (advanced_ && now > *advanced_) {
      shares_.advance(grid_w, std::chrono::duration_cast<Millis>(now - *advanced_));
    }
    advanced_ = now;
  }

 private:
  Shares shares_;
  std::optional<TimePoint> advanced_;
};

}  // namespace gridloom::bridges::meter
