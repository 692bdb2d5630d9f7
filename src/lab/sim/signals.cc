#include "sim/signals.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numbers>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "catalog/formula.h"
#include "sim/kept.h"
#include "sim/models/parts.h"
#include "sim/quick_noise.h"
#include "sim/walk.h"
#include "time/iso_text.h"

namespace gridloom::sim {
namespace {

using catalog::Field;
using catalog::Formula;
using catalog::Signal;

// One slot with a signal; a field of modules has one for each of them.
struct SignalSlot {
  const Signal* signal = nullptr;
  Slot slot;
  Formula formula;           // that of the signal, or of the array's element
  std::vector<Slot> inputs;  // by Formula::names
  double per_s = 0;          // of a time: its unit in a second
  std::optional<Walk> walk{};
  std::size_t counted = 0;  // of a moment: the number of the count; else its own
  // The fields that the value depends on, and its own: the bits of words (Fields::changes()).
  struct Word {
    std::size_t index = 0;
    std::uint64_t bits = 0;
  };
  std::vector<Word> words{};

  // It counts events that come by chance.
  [[nodiscard]] bool has_events() const {
    return signal->shape == Signal::Shape::kCount && signal->period_s > 0;
  }
  // It remembers whether its condition was true.
  [[nodiscard]] bool has_condition() const {
    return signal->shape == Signal::Shape::kTime ||
           (signal->shape == Signal::Shape::kCount && signal->period_s == 0);
  }
  [[nodiscard]] bool is_touched(std::span<const std::uint64_t> changes) const {
    return std::ranges::any_of(
        words, [changes](const Word& word) { return (changes[word.index] & word.bits) != 0; });
  }
  void depend_on(Slot on) {
    const std::size_t index = on.index / 64;
    auto word = std::ranges::find(words, index, &Word::index);
    if (word == words.end()) word = words.insert(word, {.index = index});
    word->bits |= std::uint64_t{1} << (on.index % 64);
  }
};
using SignalSlots = std::vector<SignalSlot>;

// The slots that a formula reads. A field of modules means its own module.
std::vector<Slot> inputs_of(const FieldTable& table, const FieldTable::Entry& entry,
                            const Formula& formula) {
  const std::size_t star = entry.field->name.find('*');
  const std::string module =
      star == std::string::npos
          ? ""
          : entry.name.substr(star, entry.name.size() - (entry.field->name.size() - 1));
  std::vector<Slot> inputs;
  for (std::string name : formula.names) {
    if (const std::size_t at = name.find('*'); at != std::string::npos) name.replace(at, 1, module);
    inputs.push_back(table.find(name).value());
  }
  return inputs;
}

SignalSlot slot_of(const FieldTable& table, const FieldTable::Entry& entry, Formula formula) {
  const Signal& signal = *entry.field->signal;
  const double unit_s = catalog::seconds_of_unit(entry.field->unit);
  SignalSlot slot{.signal = &signal,
                  .slot = entry.slot,
                  .formula = {},
                  .inputs = inputs_of(table, entry, formula),
                  .per_s = unit_s > 0 ? 1 / unit_s : 0};
  slot.formula = std::move(formula);
  if (signal.shape == Signal::Shape::kRandomWalk) {
    slot.walk.emplace(signal.step, signal.high - signal.low);
  }
  slot.depend_on(slot.slot);
  for (const Slot input : slot.inputs) slot.depend_on(input);
  return slot;
}

// One, or one for each element of an array.
std::vector<Formula> formulas_of(const Signal& signal) {
  if (signal.shape != Signal::Shape::kFormula) return {signal.formula};
  return catalog::split_formulas(signal.formula);
}

SignalSlots slots_of(const FieldTable& table) {
  SignalSlots slots;
  for (const std::size_t index : table.family().signals) {
    const Field& field = table.family().fields[index];
    for (const FieldTable::Entry& entry : table.entries()) {
      if (entry.field != &field) continue;
      const bool is_list = field.type == catalog::FieldType::kArray;
      std::int16_t element = 0;
      for (Formula& formula : formulas_of(*field.signal)) {
        slots.push_back(slot_of(table, entry, std::move(formula)));
        slots.back().counted = slots.size() - 1;
        if (is_list) slots.back().slot.element = element++;
      }
    }
  }
  for (SignalSlot& moment : slots) {
    if (moment.signal->shape != Signal::Shape::kMoment) continue;
    const auto counted = std::ranges::find(slots, moment.inputs.front().index,
                                           [](const SignalSlot& one) { return one.slot.index; });
    if (counted != slots.end()) moment.counted = static_cast<std::size_t>(counted - slots.begin());
  }
  return slots;
}

// The fraction of its period that a ramp or a sine has done at the site's time.
double phase_of(const Signal& signal, const Environment& environment) {
  const auto midnight_s = static_cast<double>(local_day(environment)) * kDay_ms / 1000;
  const double now_s = midnight_s + static_cast<double>(environment.local_ms) / 1000;
  const double periods = (now_s - signal.phase_s) / signal.period_s;
  return periods - std::floor(periods);
}

// Stays within the bounds by turning round at them.
double reflected(double value, const Signal& signal) {
  const double span = signal.high - signal.low;
  if (span <= 0) return signal.low;
  if (value >= signal.low && value <= signal.high) return signal.low + (value - signal.low);
  const double there_and_back = std::fmod(std::abs(value - signal.low), 2 * span);
  return signal.low + std::min(there_and_back, 2 * span - there_and_back);
}

class SignalModel final : public Model {
 public:
  SignalModel(std::shared_ptr<const SignalSlots> slots, std::unique_ptr<Model> model, Chance chance)
      : slots_(std::move(slots)),
        model_(std::move(model)),
        events_(chance.split("signal").split("event")),
        noise_(chance.split("signal").split("walk")),
        walks_(slots_->size()),
        moves_(slots_->size()) {}

  void start(Fields& fields, const Environment& environment) override {
    begin_walks(fields, environment);
    model_->start(fields, environment);
    // A condition that is true from the start did not come to be true.
    is_begun_ = false;
    write_signals(fields, environment);
    is_begun_ = true;
  }

  void resume(Fields& fields, const Environment& environment, const TimeOff& off,
              const wire::JsonObject& unreported) override {
    begin_walks(fields, environment);
    for (std::size_t k = 0; k < moves_.size(); ++k) {
      if ((*slots_)[k].has_condition()) moves_[k].is_true = number_of(k, fields) > 0;
    }
    model_->resume(fields, environment, off, unreported);
    if (const auto kept = KeptReader::in(unreported)) (*kept)("signals", *this);
    write_signals(fields, environment);
  }

  // Where the fields show whole numbers of what moves evenly.
  void keep(this auto& self, auto& kept) {
    kept("elapsed", self.elapsed_);
    std::vector<double> exact;
    for (std::size_t k = 0; k < self.walks_.size(); ++k) {
      if (self.is_exact(k)) exact.push_back(self.walks_[k]);
    }
    kept("walks", exact);
    if constexpr (kReads<decltype(kept)>) self.go_on_from(exact);
  }
  [[nodiscard]] wire::JsonObject unreported() const override {
    wire::JsonObject all = model_->unreported();
    wire::Json& physics = all[kPhysics];
    if (!physics.is_object()) physics = wire::JsonObject();
    physics.get_object()["signals"] = kept_of(*this);
    return all;
  }
  [[nodiscard]] std::uint64_t unreported_version() const override {
    return model_->unreported_version();
  }

  void step(const Environment& environment, Millis dt) override {
    model_->step(environment, dt);
    elapse(dt);
  }
  [[nodiscard]] Model& stepped() override { return model_->stepped(); }
  void elapse(Millis time) override { elapsed_ += time; }

  void write(Fields& fields, const Environment& environment) override {
    model_->write(fields, environment);
    const std::int64_t now_ms = unix_ms(environment.now);
    if (now_ms >= next_ms_) count_events(now_ms);
    write_signals(fields, environment);
  }

  CommandOutcome command(Fields& fields, const catalog::Command& command,
                         const wire::JsonObject& params, const Environment& environment) override {
    CommandOutcome outcome = model_->command(fields, command, params, environment);
    write_signals(fields, environment);
    return outcome;
  }

  [[nodiscard]] Balance balance() const override { return model_->balance(); }
  [[nodiscard]] double drawn_w() const override { return model_->drawn_w(); }
  [[nodiscard]] bool can_discharge() const override { return model_->can_discharge(); }
  [[nodiscard]] bool supplies_others() const override { return model_->supplies_others(); }

 private:
  // A move is what a signal keeps beside its value.
  struct Move {
    bool is_true = false;      // the condition, when the fields were written last
    std::int64_t last_ms = 0;  // this and the next: events by chance, in Unix time; 0: none yet
    std::int64_t next_ms = kNever;
  };
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  void begin_walks(const Fields& fields, const Environment& environment) {
    sees_all_ = true;
    next_ms_ = kNever;
    for (std::size_t k = 0; k < walks_.size(); ++k) {
      const SignalSlot& of = (*slots_)[k];
      walks_[k] = fields.si(of.slot);
      if (of.walk) {
        walks_[k] = std::clamp(walks_[k], of.signal->low, of.signal->high) -
                    of.walk->at(unix_ms(environment.now), noise_, k);
      }
      if (!of.has_events()) continue;
      moves_[k].next_ms = next_event_ms(k, unix_ms(environment.now));
      next_ms_ = std::min(next_ms_, moves_[k].next_ms);
    }
  }

  [[nodiscard]] bool is_exact(std::size_t k) const {
    const SignalSlot& of = (*slots_)[k];
    return of.walk || of.signal->shape == Signal::Shape::kTime;
  }
  // A time never goes back, and a walk is where its field shows it.
  void go_on_from(const std::vector<double>& exact) {
    std::size_t next = 0;
    for (std::size_t k = 0; k < walks_.size(); ++k) {
      if (!is_exact(k)) continue;
      const double value = exact[next++];
      const bool goes_on = value >= walks_[k] && value < walks_[k] + 1;
      if ((*slots_)[k].walk || goes_on) walks_[k] = value;
    }
  }

  // The first event after a moment, by the seed and the time alone: time is divided into spans of
  // half a period, and every other one has an event.
  [[nodiscard]] std::int64_t next_event_ms(std::size_t k, std::int64_t after_ms) const {
    constexpr double kShare = 0.5;
    const double period_ms = (*slots_)[k].signal->period_s * 1000;
    const std::int64_t span_ms = std::max<std::int64_t>(1, std::llround(period_ms * kShare));
    for (std::int64_t span = after_ms / span_ms;; ++span) {
      const std::uint64_t draw = (static_cast<std::uint64_t>(span) * walks_.size() + k) * 2;
      if (events_.uniform(draw) >= kShare) continue;
      const double into_ms = events_.uniform(draw + 1) * static_cast<double>(span_ms);
      const std::int64_t at_ms = span * span_ms + static_cast<std::int64_t>(into_ms);
      if (at_ms > after_ms) return at_ms;
    }
  }

  void count_events(std::int64_t now_ms) {
    next_ms_ = kNever;
    for (std::size_t k = 0; k < moves_.size(); ++k) {
      Move& move = moves_[k];
      while (move.next_ms <= now_ms) {
        ++walks_[k];
        move.last_ms = move.next_ms;
        move.next_ms = next_event_ms(k, move.next_ms);
      }
      next_ms_ = std::min(next_ms_, move.next_ms);
    }
  }

  // Counts, or adds up the time of, what was true since the fields were written before.
  void follow_condition(std::size_t k, bool is_true, double elapsed_s) {
    Move& move = moves_[k];
    if ((*slots_)[k].signal->shape == Signal::Shape::kTime) {
      if (move.is_true) walks_[k] += elapsed_s * (*slots_)[k].per_s;
    } else if (is_begun_ && is_true && !move.is_true) {
      ++walks_[k];
    }
    move.is_true = is_true;
  }

  void write_signals(Fields& fields, const Environment& environment) {
    const double elapsed_s = seconds_of(std::exchange(elapsed_, Millis{0}));
    const std::int64_t held = unix_ms(environment.now) / Walk::kHolds_ms;
    const bool walks = std::exchange(held_, held) != held;
    for (std::size_t k = 0; k < walks_.size(); ++k) {
      const SignalSlot& of = (*slots_)[k];
      if (of.signal->shape == Signal::Shape::kClock) {
        fields.set_text(of.slot, time::clock_text(environment.now, {}));
        continue;
      }
      // Those before may have changed fields that this one reads.
      const bool is_touched = sees_all_ || of.is_touched(fields.changes(ChangeReader::kSignals));
      bool moves = of.signal->shape != Signal::Shape::kFormula;
      if (of.walk) moves = walks;
      if (of.has_condition()) {
        moves = of.signal->shape == Signal::Shape::kTime && moves_[k].is_true;
        follow_condition(k, is_touched ? number_of(k, fields) > 0 : moves_[k].is_true, elapsed_s);
      }
      if (moves || is_touched) fields.set_in_range(of.slot, value_of(k, fields, environment));
    }
    sees_all_ = false;
    fields.clear_changes(ChangeReader::kSignals);
  }

  [[nodiscard]] double value_of(std::size_t k, const Fields& fields,
                                const Environment& environment) {
    const SignalSlot& of = (*slots_)[k];
    const Signal& signal = *of.signal;
    switch (signal.shape) {
      case Signal::Shape::kRamp:
        return std::lerp(signal.low, signal.high, phase_of(signal, environment));
      case Signal::Shape::kSine: {
        const double turn = 2 * std::numbers::pi * phase_of(signal, environment);
        return std::lerp(signal.low, signal.high, (1 + std::sin(turn)) / 2);
      }
      case Signal::Shape::kRandomWalk:
        return reflected(walks_[k] + of.walk->at(unix_ms(environment.now), noise_, k), signal);
      case Signal::Shape::kCount:
        return walks_[k];
      case Signal::Shape::kTime:
        return std::floor(walks_[k]);
      case Signal::Shape::kMoment: {
        const std::int64_t at_ms = moves_[of.counted].last_ms;
        return at_ms > 0 ? std::floor(static_cast<double>(at_ms) / 1000) : walks_[k];
      }
      case Signal::Shape::kAir:
        return environment.air_c;
      case Signal::Shape::kClock:
      case Signal::Shape::kFormula:
        break;
    }
    return number_of(k, fields);
  }

  // The value of the signal's formula.
  [[nodiscard]] double number_of(std::size_t k, const Fields& fields) {
    const SignalSlot& of = (*slots_)[k];
    if (of.formula.steps.size() == 1 && of.inputs.size() == 1) {
      return fields.si(of.inputs.front());
    }
    values_.clear();
    for (const Slot input : of.inputs) values_.push_back(fields.si(input));
    return evaluate(of.formula, values_);
  }

  std::shared_ptr<const SignalSlots> slots_;
  std::unique_ptr<Model> model_;
  Chance events_;
  QuickNoise noise_;
  std::int64_t next_ms_ = kNever;  // of all events
  Millis elapsed_{0};              // since the fields were written
  // By slot: what a count, time or moment has come to; where a random walk would be at its value 0.
  std::vector<double> walks_;
  std::vector<Move> moves_;  // by slot
  std::int64_t held_ = 0;    // the span of the random walks' values (Walk::kHolds_ms)
  bool sees_all_ = true;     // no field has been read
  bool is_begun_ = true;
  std::vector<double> values_;  // of a formula's fields
};

}  // namespace

ModelMaker with_signals(const FieldTablePtr& table, ModelMaker maker) {
  if (table->family().signals.empty()) return maker;
  auto slots = std::make_shared<const SignalSlots>(slots_of(*table));
  // The signals belong to the family, which the table owns.
  return [table, slots = std::move(slots), maker = std::move(maker)](Chance chance) {
    return std::make_unique<SignalModel>(slots, maker(chance), chance);
  };
}

}  // namespace gridloom::sim
