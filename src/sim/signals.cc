#include "sim/signals.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "sim/models/parts.h"
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
  std::vector<Slot> inputs;  // by Formula::names
};
using SignalSlots = std::vector<SignalSlot>;

// The slots that a formula reads. A field of modules means its own module.
std::vector<Slot> inputs_of(const FieldTable& table, const FieldTable::Entry& entry) {
  const std::size_t star = entry.field->name.find('*');
  const std::string module =
      star == std::string::npos
          ? ""
          : entry.name.substr(star, entry.name.size() - (entry.field->name.size() - 1));
  std::vector<Slot> inputs;
  for (std::string name : entry.field->signal->formula.names) {
    if (const std::size_t at = name.find('*'); at != std::string::npos) name.replace(at, 1, module);
    inputs.push_back(table.find(name).value());
  }
  return inputs;
}

SignalSlots slots_of(const FieldTable& table) {
  SignalSlots slots;
  for (const std::size_t index : table.family().signals) {
    const Field& field = table.family().fields[index];
    for (const FieldTable::Entry& entry : table.entries()) {
      if (entry.field != &field) continue;
      slots.push_back(
          {.signal = &*field.signal, .slot = entry.slot, .inputs = inputs_of(table, entry)});
    }
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
  const double there_and_back = std::fmod(std::abs(value - signal.low), 2 * span);
  return signal.low + std::min(there_and_back, 2 * span - there_and_back);
}

class SignalModel final : public Model {
 public:
  SignalModel(std::shared_ptr<const SignalSlots> slots, std::unique_ptr<Model> model, Chance chance)
      : slots_(std::move(slots)),
        model_(std::move(model)),
        chance_(chance.split("signal")),
        walks_(slots_->size()) {}

  void start(Fields& fields, const Environment& environment) override {
    begin_walks(fields);
    model_->start(fields, environment);
    write_signals(fields, environment);
  }

  void resume(Fields& fields, const Environment& environment, const TimeOff& off,
              const wire::JsonObject& unreported) override {
    begin_walks(fields);
    model_->resume(fields, environment, off, unreported);
    write_signals(fields, environment);
  }

  [[nodiscard]] wire::JsonObject unreported() const override { return model_->unreported(); }
  [[nodiscard]] std::uint64_t unreported_version() const override {
    return model_->unreported_version();
  }

  void step(const Environment& environment, Millis dt) override {
    model_->step(environment, dt);
    const auto now_ms = static_cast<std::uint64_t>(unix_ms(environment.now));
    for (std::size_t k = 0; k < walks_.size(); ++k) {
      const Signal& signal = *(*slots_)[k].signal;
      const std::uint64_t draw = now_ms * walks_.size() + k;
      if (signal.shape == Signal::Shape::kRandomWalk) {
        const double change = signal.step * std::sqrt(seconds_of(dt) / 60) * chance_.normal(draw);
        walks_[k] = reflected(walks_[k] + change, signal);
      } else if (signal.shape == Signal::Shape::kCount) {
        if (chance_.uniform(draw) < seconds_of(dt) / signal.period_s) ++walks_[k];
      }
    }
  }

  void write(Fields& fields, const Environment& environment) override {
    model_->write(fields, environment);
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
  [[nodiscard]] bool supplies_others() const override { return model_->supplies_others(); }

 private:
  void begin_walks(const Fields& fields) {
    for (std::size_t k = 0; k < walks_.size(); ++k) {
      const auto& [signal, slot, inputs] = (*slots_)[k];
      if (signal->shape == Signal::Shape::kRandomWalk) {
        walks_[k] = std::clamp(fields.si(slot), signal->low, signal->high);
      } else if (signal->shape == Signal::Shape::kCount) {
        walks_[k] = fields.si(slot);
      }
    }
  }

  void write_signals(Fields& fields, const Environment& environment) {
    for (std::size_t k = 0; k < walks_.size(); ++k) {
      const Slot slot = (*slots_)[k].slot;
      if ((*slots_)[k].signal->shape == Signal::Shape::kClock) {
        fields.set_text(slot, time::clock_text(environment.now, {}));
        continue;
      }
      fields.set_in_range(slot, value_of(k, fields, environment));
    }
  }

  [[nodiscard]] double value_of(std::size_t k, const Fields& fields,
                                const Environment& environment) {
    const auto& [signal, slot, inputs] = (*slots_)[k];
    switch (signal->shape) {
      case Signal::Shape::kRamp:
        return std::lerp(signal->low, signal->high, phase_of(*signal, environment));
      case Signal::Shape::kSine: {
        const double turn = 2 * std::numbers::pi * phase_of(*signal, environment);
        return std::lerp(signal->low, signal->high, (1 + std::sin(turn)) / 2);
      }
      case Signal::Shape::kRandomWalk:
      case Signal::Shape::kCount:
        return walks_[k];
      case Signal::Shape::kAir:
        return environment.air_c;
      case Signal::Shape::kClock:
      case Signal::Shape::kFormula:
        break;
    }
    values_.clear();
    for (const Slot input : inputs) values_.push_back(fields.si(input));
    return evaluate(signal->formula, values_);
  }

  std::shared_ptr<const SignalSlots> slots_;
  std::unique_ptr<Model> model_;
  Chance chance_;
  std::vector<double> walks_;   // by slot; used by random walks and counts
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
