// A smart generator that charges a battery: it starts by itself when the charge is low and stops
// when the charge is high enough, and it can be started and stopped by hand.
#pragma once

#include <cstdint>

namespace gridloom::sim {

class Generator {
 public:
  // Stopped by hand, it stays off until the charge has left the range that starts it; started by
  // hand, it runs until the battery is full.
  void start() { hand_ = Hand::kStarted; }
  void stop() {
    hand_ = Hand::kStopped;
    runs_ = false;
  }

  enum class Hand : std::uint8_t { kNone, kStopped, kStarted };
  struct State {
    bool runs = false;
    Hand hand = Hand::kNone;  // what the last command did, while it counts
  };
  [[nodiscard]] State state() const { return {.runs = runs_, .hand = hand_}; }
  void restore(const State& state) {
    runs_ = state.runs;
    hand_ = state.hand;
  }

  struct Limits {
    double start_soc = 0;  // starts at or below this, but only below stop_soc
    double stop_soc = 0;   // stops at or above this
    double full_soc = 100;
  };
  void update(double soc, const Limits& limits) {
    const bool full = soc >= limits.full_soc;
    const bool low = soc <= limits.start_soc && soc < limits.stop_soc;
    if ((hand_ == Hand::kStopped && !low) || (hand_ == Hand::kStarted && full)) hand_ = Hand::kNone;
    const bool goes_on = runs_ && soc < limits.stop_soc;
    const bool by_itself = hand_ == Hand::kNone && (low || goes_on);
    runs_ = !full && (hand_ == Hand::kStarted || by_itself);
  }
  [[nodiscard]] bool runs() const { return runs_; }
  void keep(this auto& self, auto& kept) {
    kept("runs", self.runs_);
    kept("hand", self.hand_);
  }

 private:
  bool runs_ = false;
  Hand hand_ = Hand::kNone;
};

}  // namespace gridloom::sim
