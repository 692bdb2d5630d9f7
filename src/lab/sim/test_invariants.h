// Identities of a device's reports, as a table for each family: sums, products, switches and
// limits, each with a name and a check of the fields. For tests: every randomized run uses the same
// tables (models/test_*_invariants.h), those of the families and that of physics_weeks_test.cc.
//
// Where rounding to the wire's units keeps two sides from being equal, a check allows exactly the
// error of that rounding, and says so. Names are looked up once, when a table is made, so that ten
// million reports can be checked.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/kind.hpp>

#include "sim/model.h"
#include "wire/json.h"

namespace gridloom::sim {

// Bools count as 0 and 1; anything else that is not a number counts as 0.
[[nodiscard]] inline double number_of(const wire::Json& value) {
  switch (value.kind()) {
    case boost::json::kind::int64:
      return static_cast<double>(value.get_int64());
    case boost::json::kind::uint64:
      return static_cast<double>(value.get_uint64());
    case boost::json::kind::double_:
      return value.get_double();
    case boost::json::kind::bool_:
      return value.get_bool() ? 1 : 0;
    default:
      return 0;
  }
}

// A device's report and its environment at that moment, as a check sees them.
class Observation {
 public:
  Observation(const Fields& fields, const Environment& environment)
      : fields_(fields), environment_(environment) {}

  [[nodiscard]] double operator[](Slot slot) const {
    if (read_slots_ != nullptr) read_slots_->push_back(slot);
    return fields_.number(slot);
  }
  [[nodiscard]] const wire::Json& json(Slot slot) const {
    if (read_slots_ != nullptr) read_slots_->push_back(slot);
    const auto [found, is_new] = parsed_.try_emplace(slot.index);
    if (is_new) found->second = fields_.get(slot);
    return found->second;
  }
  [[nodiscard]] const Environment& environment() const { return environment_; }

  // From now on, records which fields are read.
  void note(std::vector<Slot>& read_slots) { read_slots_ = &read_slots; }

 private:
  const Fields& fields_;
  const Environment& environment_;
  std::vector<Slot>* read_slots_ = nullptr;
  mutable std::map<std::uint32_t, wire::Json> parsed_;  // by Slot::index: what json() returned
};

// Whether an identity holds; none if it does not apply to this report.
using Verdict = std::optional<bool>;
[[nodiscard]] inline Verdict given(bool condition, bool holds) {
  return condition ? Verdict(holds) : std::nullopt;
}

// Half a unit of the last place on the wire: the largest error of rounding to it. Bounds derived
// from it get a trace more, for the arithmetic of the check itself.
inline constexpr double kHalf = 0.5;
inline constexpr double kTrace = 1e-9;

// Whether volts times amperes are watts: the current was computed from whole watts and the
// unrounded voltage, and then both were rounded to thousandths. Arguments in mV, mA and W.
[[nodiscard]] inline bool multiplies(double volts_mv, double current_ma, double power_w) {
  const double bound_uw = kHalf * (std::abs(volts_mv) + std::abs(current_ma)) + kHalf * kHalf;
  return std::abs(volts_mv * current_ma - power_w * 1e6) <= bound_uw * (1 + kTrace);
}

// The identities of one family. Checking is not const: it records which of them applied.
class Invariants {
 public:
  explicit Invariants(FieldTablePtr table) : table_(std::move(table)) {}

  using Check = std::function<Verdict(const Observation&)>;
  void add(std::string name, Check check) {
    invariants_.push_back({.name = std::move(name), .check = std::move(check)});
  }
  // Adds: `left` is the sum of `terms`; a term that begins with '-' is subtracted.
  void add_sum(std::string_view left, std::span<const std::string> terms) {
    struct Term {
      Slot slot;
      double sign = 1;
    };
    std::vector<Term> sum;
    std::string name = std::string(left) + " =";
    for (const std::string& term : terms) {
      const bool minus = term.starts_with('-');
      const std::string_view field = std::string_view(term).substr(minus ? 1 : 0);
      name += (minus ? " - " : sum.empty() ? " " : " + ") + std::string(field);
      sum.push_back({.slot = at(field), .sign = minus ? -1.0 : 1.0});
    }
    add(std::move(name), [slot = at(left), sum = std::move(sum)](const Observation& seen) {
      double rest = seen[slot];
      for (const Term& term : sum) rest -= term.sign * seen[term.slot];
      return rest == 0;
    });
  }
  void add_sum(std::string_view left, std::initializer_list<std::string> terms) {
    add_sum(left, std::span(terms.begin(), terms.size()));
  }
  void add_range(std::string_view field, double low, double high) {
    add(std::string(field) + " is in its range",
        [slot = at(field), low, high](const Observation& seen) {
          return low <= seen[slot] && seen[slot] <= high;
        });
  }
  void add_not_negative(std::initializer_list<std::string_view> fields) {
    for (const std::string_view field : fields) {
      add(std::string(field) + " >= 0",
          [slot = at(field)](const Observation& s) { return s[slot] >= 0; });
    }
  }
  // Fields in mV, mA and W.
  void add_product(std::string_view volts, std::string_view current, std::string_view power) {
    add(std::string(volts) + " * " + std::string(current) + " = " + std::string(power),
        [v = at(volts), i = at(current), p = at(power)](const Observation& seen) {
          return multiplies(seen[v], seen[i], seen[p]);
        });
  }

  [[nodiscard]] Slot at(std::string_view name) const {
    const auto found = table_->find(name);
    if (!found) throw std::logic_error("there is no field " + std::string(name));
    return *found;
  }
  [[nodiscard]] const std::vector<std::string>& modules(const std::string& group) const {
    return table_->family().virtual_devices.modules.at(group);
  }

  struct Invariant {
    std::string name;
    Check check;
    bool applied = false;
  };
  [[nodiscard]] const std::vector<Invariant>& all() const { return invariants_; }
  // The first identity that a report violates, with the fields it read; none if all hold.
  [[nodiscard]] std::optional<std::string> broken(const Fields& fields,
                                                  const Environment& environment) {
    const Observation seen(fields, environment);
    for (Invariant& invariant : invariants_) {
      const Verdict holds = invariant.check(seen);
      if (!holds) continue;
      if (!*holds) return explanation(invariant, fields, environment);
      invariant.applied = true;
    }
    return std::nullopt;
  }
  // The identities that applied to no report so far.
  [[nodiscard]] std::vector<std::string> unused() const {
    std::vector<std::string> names;
    for (const Invariant& invariant : invariants_) {
      if (!invariant.applied) names.push_back(invariant.name);
    }
    return names;
  }
  void expect(const Fields& fields, const Environment& environment) {
    const auto fault = broken(fields, environment);
    EXPECT_FALSE(fault) << fault.value_or("");
  }

 private:
  [[nodiscard]] static std::string explanation(const Invariant& invariant, const Fields& fields,
                                               const Environment& environment) {
    std::vector<Slot> read_slots;
    Observation seen(fields, environment);
    seen.note(read_slots);
    invariant.check(seen);
    std::string text = "does not hold: " + invariant.name;
    for (const Slot slot : read_slots) {
      const Fields::Entry& field = fields.entries()[slot.index];
      text += "\n  " + std::string(field.name) + " is " + wire::to_text(fields.get(slot));
    }
    return text;
  }

  FieldTablePtr table_;
  std::vector<Invariant> invariants_;
};

}  // namespace gridloom::sim
