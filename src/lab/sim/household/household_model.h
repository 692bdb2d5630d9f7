// A household: who lives there, what they own, and what they do on a day. A day is a pure function
// of the home's chance and the day's number: nothing is remembered from one day to the next.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/chance.h"
#include "sim/household/appliances.h"
#include "sim/household/calendar.h"
#include "sim/household/standard_profile.h"

namespace gridloom::sim::household {

// How often each appliance is used, by season, kind of day and hour. Shared by all homes.
class Rates {
 public:
  Rates(const Inventory& inventory, const Cells& factors);

  // Uses up to the end of each hour, relative to those of a day without factors.
  using Hours = std::array<double, kDayHours>;
  [[nodiscard]] const Hours& of(std::size_t appliance, const Day& day) const {
    return cumulative_[appliance]
        .at(static_cast<std::size_t>(day.season))
        .at(static_cast<std::size_t>(day.kind));
  }
  // The probability of lamps in a dark room with someone in it.
  [[nodiscard]] double lamps(const Day& day, double hour) const;

  // With the shipped calibration, for each kind of dwelling.
  [[nodiscard]] static const Rates& shipped(const Inventory& inventory);

 private:
  std::vector<std::array<std::array<Hours, kDayKinds>, kSeasons>> cumulative_;
  Cells factors_;
};

// A span of a day.
struct Span {
  double from_h = 0;
  double to_h = 0;  // may be past midnight
};

class HouseholdModel {
 public:
  struct Options {
    double yearly_kwh = 3500;
    const Rates* rates = nullptr;    // those of Rates::shipped() by default
    std::optional<Chance> people{};  // of another home, where the same people live
    int persons = 0;                 // 0: as many as the chance draws
  };
  HouseholdModel(Chance chance, const Inventory& inventory, const Options& options);

  // Receives what is switched on.
  class Switchboard {
   public:
    Switchboard() = default;
    Switchboard(const Switchboard&) = delete;
    Switchboard& operator=(const Switchboard&) = delete;
    virtual ~Switchboard() = default;
    // Uses on other circuits need not be planned.
    [[nodiscard]] virtual bool has(std::size_t circuit) const = 0;
    struct Use {
      std::size_t circuit = 0;
      double from_min = 0;  // since the day's midnight
      double minutes = 0;   // may end on the next day
      double power_w = 0;
      bool unsteady = false;
    };
    virtual void use(const Use& use) = 0;
  };
  // All that is switched on on this day.
  void plan(const Day& day, Switchboard& board) const;
  // The people are on a holiday.
  [[nodiscard]] bool is_away(const Day& day) const;
  // When each of them is awake and at home; empty: nobody is there all day.
  [[nodiscard]] std::vector<Span> awake(const Day& day) const;
  // The power that a circuit draws all day long.
  [[nodiscard]] double steady_w(std::size_t circuit, const Day& day) const;

  [[nodiscard]] const Inventory& inventory() const { return *inventory_; }
  [[nodiscard]] const Chance& chance() const { return chance_; }
  [[nodiscard]] int persons() const { return persons_; }
  // All powers are multiplied with it, so that the year comes to Options::yearly_kwh.
  [[nodiscard]] double level() const { return level_; }

 private:
  [[nodiscard]] bool has_guests(const Day& day) const;
  void add_spans(int person, const Day& day, std::vector<Span>& spans) const;
  void plan_appliance(std::size_t index, const Day& day, const std::vector<Span>& spans,
                      Switchboard& board) const;
  void plan_lamps(const Day& day, const std::vector<Span>& spans, Switchboard& board) const;

  Chance chance_;
  std::optional<Chance> people_;
  const Inventory* inventory_;
  const Rates* rates_;
  int persons_;
  double level_;
};

}  // namespace gridloom::sim::household
