// Reads the signals of fields: how the value of a field moves by itself in a virtual device.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/element_name.h"
#include "catalog/formula.h"
#include "catalog/physics_keys.h"
#include "catalog/sections.h"

namespace gridloom::catalog {
namespace {

constexpr double kMaxSignal = 1e12;  // in the field's unit, or in seconds

// The keys that a shape needs; a ramp and a sine may have a phase_s too.
std::span<const std::string_view> needed_by(Signal::Shape shape, bool has_when) {
  static constexpr auto kPeriod = std::to_array<std::string_view>({"range", "period_s"});
  static constexpr auto kStep = std::to_array<std::string_view>({"range", "step"});
  static constexpr auto kWhen = std::to_array<std::string_view>({"when"});
  static constexpr auto kOf = std::to_array<std::string_view>({"of"});
  switch (shape) {
    case Signal::Shape::kRamp:
    case Signal::Shape::kSine:
      return kPeriod;
    case Signal::Shape::kRandomWalk:
      return kStep;
    case Signal::Shape::kCount:
      return has_when ? std::span(kWhen) : std::span(kPeriod).last(1);
    case Signal::Shape::kTime:
      return kWhen;
    case Signal::Shape::kMoment:
      return kOf;
    case Signal::Shape::kClock:
    case Signal::Shape::kAir:
    case Signal::Shape::kFormula:
      break;
  }
  return {};
}

void check_keys(const Entry& entry, std::string_view shape, const Signal& signal) {
  const auto needed = needed_by(signal.shape, entry.has("when"));
  for (const std::string_view key : needed) {
    if (!entry.has(key)) entry.mistake(key, fmt::format("this key is missing: {} needs it", shape));
  }
  const bool has_phase =
      signal.shape == Signal::Shape::kRamp || signal.shape == Signal::Shape::kSine;
  for (const std::string_view key : {"range", "step", "period_s", "phase_s", "when", "of"}) {
    if (!entry.has(key) || std::ranges::find(needed, key) != needed.end()) continue;
    if (key == "phase_s" && has_phase) continue;
    const std::string instead =
        needed.empty() ? "" : fmt::format("; it needs {}", fmt::join(needed, " and "));
    entry.mistake(key, fmt::format("means nothing for {}{}", shape, instead));
  }
  for (const auto& [key, value] :
       {std::pair<std::string_view, double>{"step", signal.step}, {"period_s", signal.period_s}}) {
    if (!entry.has(key) || std::ranges::find(needed, key) == needed.end() || value > 0) continue;
    entry.mistake(key, fmt::format("{} must be more than 0", value));
  }
}

void read_signal_formula(const Entry& entry, std::string_view key, Signal& signal) {
  if (!entry.has(key)) return;
  std::string text;
  entry.text(key, text);
  auto formula = parse_formula(text);
  if (!formula) return entry.mistake(key, formula.error().detail);
  signal.formula = std::move(*formula);
}

// The formula of a value, or the formulas of an array's elements.
void read_formulas(const Entry& entry, const Field& field, Signal& signal) {
  std::vector<std::string> texts;
  entry.text_or_texts("formula", texts);
  const bool is_list = entry.find("formula")->kind != YamlNode::Kind::kScalar;
  if (is_list != (field.type == FieldType::kArray)) {
    return entry.mistake("formula", "must be a list of formulas for an array, and else one");
  }
  if (!is_list) {
    auto formula = parse_formula(texts.front());
    if (!formula) return entry.mistake("formula", formula.error().detail);
    signal.formula = std::move(*formula);
    return;
  }
  const JsonArray* initial = field.initial.if_array();
  if (initial == nullptr || initial->size() != texts.size()) {
    return entry.mistake("formula", fmt::format("has {} formulas: must have one for each of the "
                                                "array's {} elements at the start",
                                                texts.size(), initial ? initial->size() : 0));
  }
  std::vector<Formula> formulas;
  formulas.reserve(texts.size());
  for (const std::string& text : texts) {
    auto formula = parse_formula(text);
    if (!formula) return entry.mistake("formula", formula.error().detail);
    formulas.push_back(std::move(*formula));
  }
  signal.formula = join_formulas(formulas);
}

void read_shape(const Entry& entry, Signal& signal) {
  std::string shape;
  entry.choice("shape", shape);
  const auto* const known = std::ranges::find(kSignalShapes, shape);
  if (known == kSignalShapes.end()) return;  // reported, or missing
  signal.shape = Signal::Shape{static_cast<std::uint8_t>(known - kSignalShapes.begin())};
  std::optional<Range> range;
  entry.range("range", range);
  if (range) {
    signal.low = range->low;
    signal.high = range->high;
  }
  entry.number("period_s", signal.period_s);
  entry.number("phase_s", signal.phase_s);
  entry.number("step", signal.step);
  check_keys(entry, shape, signal);
  for (const std::string_view key : {"when", "of"}) read_signal_formula(entry, key, signal);
  for (const double value :
       {signal.low, signal.high, signal.step, signal.period_s, signal.phase_s}) {
    if (std::abs(value) <= kMaxSignal) continue;
    entry.mistake("", fmt::format("{} must be {} to {}", value, -kMaxSignal, kMaxSignal));
  }
}

// The signal's range is in the field's unit, the field's own range is on the wire.
void check_signal_range(const Entry& entry, const Field& field) {
  const Signal& signal = *field.signal;
  if (!field.range || field.scale == 0 || !entry.has("range")) return;
  const auto [low, high] = std::minmax({signal.low / field.scale, signal.high / field.scale});
  constexpr double kTrace = 1e-9;  // of the division by the scale
  const double trace = kTrace * std::max(std::abs(low), std::abs(high));
  if (low >= field.range->low - trace && high <= field.range->high + trace) return;
  entry.mistake("range", fmt::format("[{}, {}] is on the wire [{}, {}]: outside the field's range "
                                     "[{}, {}]",
                                     signal.low, signal.high, low, high, field.range->low,
                                     field.range->high));
}

// Records a mistake at the signal of a field.
void signal_mistake(const Entry& file, const Field& field, std::string_view key,
                    std::string_view what) {
  const YamlNode* fields = file.find("fields");
  const YamlNode* at = fields == nullptr ? nullptr : fields->find(field.name);
  const YamlNode* signal = at == nullptr ? nullptr : at->find("signal");
  const int line = signal == nullptr ? file.node().line : signal->line;
  const std::string path = child(child("fields", field.name), "signal");
  file.mistakes().add(line, key.empty() ? path : child(path, key), what);
}

// The group of a field of modules: "pack" of "pack.*.power"; empty for any other field.
std::string_view module_group(std::string_view name) {
  return name.contains('*') ? name.substr(0, name.find('.')) : std::string_view();
}

// The key of a signal's formula.
std::string_view formula_key(const Signal& signal) {
  if (signal.shape == Signal::Shape::kFormula) return "formula";
  return signal.shape == Signal::Shape::kMoment ? "of" : "when";
}

// A moment is that of a count by chance.
void check_moment(const Entry& file, const Family& family, const Field& field) {
  if (field.signal->shape != Signal::Shape::kMoment) return;
  const Formula& of = field.signal->formula;
  const Field* counted =
      of.names.size() == 1 && of.steps.size() == 1 ? find_field(family, of.names.front()) : nullptr;
  const bool is_count = counted != nullptr && counted->signal &&
                        counted->signal->shape == Signal::Shape::kCount &&
                        counted->signal->period_s > 0 && !counted->name.contains('*');
  if (is_count && !field.name.contains('*')) return;
  signal_mistake(file, field, "of",
                 fmt::format("\"{}\" must be a field with shape: count and a period_s", of.text));
}

void check_formula(const Entry& file, const Family& family, const Field& field) {
  const auto wrong = [&](const std::string& what) {
    signal_mistake(file, field, formula_key(*field.signal), what);
  };
  for (const std::string& name : field.signal->formula.names) {
    if (find_number(family, name) == nullptr) {
      wrong(
          fmt::format("\"{}\" is no field of this family; a name with other characters than "
                      "letters, digits, _ and . stands in single quotes",
                      name));
    } else if (const std::string problem = formula_problem(family, name); !problem.empty()) {
      wrong(problem);
    } else if (name.contains('*') && module_group(name) != module_group(field.name)) {
      wrong(fmt::format("{} is a field of several modules: only a field of {}.* can name it", name,
                        module_group(name)));
    }
  }
}

// Puts the fields with a signal into an order in which each formula comes after the formulas of the
// fields that it names.
class SignalOrder {
 public:
  explicit SignalOrder(const Family& family) : family_(family), waits_for_(family.fields.size()) {
    std::vector<std::vector<std::size_t>> named_by(family.fields.size());
    std::vector<std::size_t> ready;
    for (std::size_t k = 0; k < family.fields.size(); ++k) {
      if (!family.fields[k].signal) continue;
      const std::vector<std::size_t> named = named_signals(k);
      for (const std::size_t other : named) named_by[other].push_back(k);
      waits_for_[k] = named.size();
      if (named.empty()) ready.push_back(k);
    }
    for (std::size_t next = 0; next < ready.size(); ++next) {
      for (const std::size_t other : named_by[ready[next]]) {
        if (--waits_for_[other] == 0) ready.push_back(other);
      }
    }
    order_ = std::move(ready);
  }

  [[nodiscard]] const std::vector<std::size_t>& order() const { return order_; }

  // A field whose formula depends on itself, and a field that this formula names on the way.
  struct Circle {
    const Field* field = nullptr;
    const Field* by = nullptr;
  };
  // Null pointers if there is none.
  [[nodiscard]] Circle circle() const {
    const auto stuck = std::ranges::find_if(waits_for_, [](std::size_t n) { return n > 0; });
    if (stuck == waits_for_.end()) return {};
    // Each field that waits names one that waits, so enough steps end in a circle.
    auto at = static_cast<std::size_t>(stuck - waits_for_.begin());
    for (std::size_t k = 0; k < family_.fields.size(); ++k) at = waiting(at);
    return {.field = &family_.fields[at], .by = &family_.fields[waiting(at)]};
  }

 private:
  // The fields with a signal that the field's formula names.
  [[nodiscard]] std::vector<std::size_t> named_signals(std::size_t field) const {
    std::vector<std::size_t> named;
    for (const std::string& name : family_.fields[field].signal->formula.names) {
      const Field* other = find_number(family_, name);
      if (other == nullptr || !other->signal) continue;
      named.push_back(static_cast<std::size_t>(other - family_.fields.data()));
    }
    return named;
  }
  [[nodiscard]] std::size_t waiting(std::size_t field) const {
    const std::vector<std::size_t> named = named_signals(field);
    const auto found =
        std::ranges::find_if(named, [&](std::size_t other) { return waits_for_[other] > 0; });
    return found == named.end() ? field : *found;
  }

  const Family& family_;
  std::vector<std::size_t> waits_for_;  // number of signals that must come first
  std::vector<std::size_t> order_;
};

}  // namespace

const Field* find_number(const Family& family, std::string_view name) {
  const Field* field = find_field(family, name);
  if (field != nullptr) return field;
  const auto element = element_name(name);
  return element ? find_field(family, element->field) : nullptr;
}

std::string formula_problem(const Family& family, std::string_view name) {
  const Field* field = find_number(family, name);
  if (field == nullptr) return fmt::format("\"{}\" is no field of this family", name);
  const auto element = find_field(family, name) == nullptr ? element_name(name) : std::nullopt;
  if (element) {
    const JsonArray* initial = field->initial.if_array();
    const std::size_t count = initial == nullptr ? 0 : initial->size();
    if (static_cast<std::size_t>(element->element) < count) return {};
    return fmt::format("{} has {} elements at the start", field->name, count);
  }
  if (is_numeric(field->type)) return {};
  if (field->type == FieldType::kString && !field->values.empty()) return {};
  return fmt::format("{} is of type {}: must be int, float or bool, or a string with values", name,
                     name_of(field->type));
}

std::optional<Formula> read_formula(const Entry& entry, std::string_view key,
                                    const Family& family) {
  const YamlNode* node = entry.find(key);
  if (node == nullptr) return std::nullopt;
  Formula formula{.text = node->text,
                  .steps = {{.operation = Formula::Operation::kName, .number = 0, .name = 0}},
                  .names = {node->text}};
  if (find_field(family, node->text) == nullptr) {
    auto parsed = parse_formula(node->text);
    if (!parsed) {
      entry.mistake(key, parsed.error().detail);
      return std::nullopt;
    }
    formula = std::move(*parsed);
  }
  for (const std::string& name : formula.names) {
    const std::string problem = find_number(family, name) != nullptr && name.contains('*')
                                    ? fmt::format("{} is a field of several modules", name)
                                    : formula_problem(family, name);
    if (problem.empty()) continue;
    entry.mistake(key, problem);
    return std::nullopt;
  }
  return formula;
}

void read_signal(const Entry& entry, Field& field) {
  const YamlNode* node = entry.find("signal");
  if (node == nullptr) return;
  const Entry signal(*node, child(entry.path(), "signal"), entry.mistakes(), SectionId::kSignal);
  field.signal.emplace();
  if (signal.has("shape") == signal.has("formula")) {
    return signal.mistake("", "must have shape or formula, one of them");
  }
  if (signal.has("shape")) read_shape(signal, *field.signal);
  const bool is_clock = field.signal->shape == Signal::Shape::kClock;
  const bool is_named = field.type == FieldType::kString && !field.values.empty();
  const bool may_have_formula = is_named || field.type == FieldType::kArray;
  if (is_clock && field.type != FieldType::kString) {
    entry.mistake("signal", "only a string can show the clock");
  } else if (!is_clock && !is_numeric(field.type) && !(may_have_formula && signal.has("formula"))) {
    entry.mistake("signal",
                  "only an int, a float or a bool has one; an array and a string with values have "
                  "formulas");
  }
  if (field.signal->shape == Signal::Shape::kAir && field.unit != "°C") {
    entry.mistake("signal", "air is a temperature: the field's unit must be °C");
  }
  if (signal.has("shape")) {
    check_signal_range(signal, field);
    const bool is_time = field.signal->shape == Signal::Shape::kTime;
    if (is_time && seconds_of_unit(field.unit) == 0) {
      entry.mistake("unit",
                    fmt::format("\"{}\" must be s, min or h: the signal is a time", field.unit));
    }
    return;
  }
  field.signal->shape = Signal::Shape::kFormula;
  read_formulas(signal, field, *field.signal);
  for (const std::string_view key : {"range", "period_s", "phase_s", "step", "when", "of"}) {
    if (signal.has(key)) signal.mistake(key, "means nothing beside formula");
  }
}

void check_signals(const Entry& file, Family& family) {
  for (const Field& field : family.fields) {
    if (!field.signal) continue;
    if (!field.written_by.empty()) {
      signal_mistake(file, field, "",
                     fmt::format("the command {} sets this field: it cannot move by itself",
                                 field.written_by.front()));
    }
    check_formula(file, family, field);
    check_moment(file, family, field);
  }
  const SignalOrder order(family);
  family.signals = order.order();
  const auto [field, by] = order.circle();
  if (field == nullptr) return;
  signal_mistake(file, *field, formula_key(*field->signal),
                 fmt::format("names {}, whose value depends on {} itself", by->name, field->name));
}

}  // namespace gridloom::catalog
