#include "history/energy/energy_integrator.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "base/bytes.h"
#include "history/blocks/hours.h"

namespace gridloom::history {
namespace {

constexpr double kMsPerHour = 3'600'000;
constexpr std::int64_t kLongestInQuarters_ms = 2 * kHour_ms;
// Larger than any real energy of a quarter of an hour, or power; limits invalid device values.
constexpr double kMaxWh = 1e12;
constexpr double kMaxW = 1e12;
// Beyond any time that a clock shows, and far below the overflow of sums of times.
constexpr std::int64_t kMaxQuarter = std::int64_t{1} << 40U;
constexpr std::int64_t kMax_ms = kMaxQuarter * kQuarter_ms;

// [begin, end)
struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};
// Ascending, not overlapping.
using Spans = std::vector<Span>;

std::int64_t quarter_of(std::int64_t at_ms) {
  return at_ms >= 0 ? at_ms / kQuarter_ms : (at_ms + 1) / kQuarter_ms - 1;
}

Spans both(const Spans& a, const Spans& b) {
  Spans common;
  for (std::size_t i = 0, k = 0; i < a.size() && k < b.size();) {
    const Span span{.begin = std::max(a[i].begin, b[k].begin), .end = std::min(a[i].end, b[k].end)};
    if (span.begin < span.end) common.push_back(span);
    ++(a[i].end < b[k].end ? i : k);
  }
  return common;
}

// The parts of `all` that are not in `others`.
Spans without(const Spans& all, const Spans& others) {
  Spans rest;
  for (Span span : all) {
    for (const Span& other : others) {
      if (other.begin >= span.end) break;
      if (other.begin > span.begin) rest.push_back({.begin = span.begin, .end = other.begin});
      span.begin = std::max(span.begin, other.end);
    }
    if (span.begin < span.end) rest.push_back(span);
  }
  return rest;
}

// The difference between two successive samples of a counter. Steps exist only where the counter
// did not decrease, and did not rise from 0.
struct Step {
  Span span;
  double wh = 0;
  bool kept = false;  // the counter is above 0 after the step
};

// Spans must be added in the order of their beginnings.
void add_span(Spans& spans, const Span& span) {
  if (!spans.empty() && span.begin <= spans.back().end) {
    spans.back().end = std::max(spans.back().end, span.end);
  } else {
    spans.push_back(span);
  }
}

Spans joined(Spans all) {
  std::ranges::sort(all, {}, &Span::begin);
  Spans spans;
  for (const Span& span : all) add_span(spans, span);
  return spans;
}

// The last of several samples of one time counts.
std::vector<Point> last_of_each_time(std::span<const Point> before, std::span<const Point> later) {
  std::vector<Point> samples;
  samples.reserve(before.size() + later.size());
  for (const auto& points : {before, later}) {
    for (const Point& point : points) {
      if (!samples.empty() && samples.back().at_ms == point.at_ms) {
        samples.back() = point;
      } else {
        samples.push_back(point);
      }
    }
  }
  return samples;
}

// A sample is a misread if the next one continues where the one before it was: a counter that
// begins anew stays low. The step behind a misread counts from what was before it.
std::vector<Step> steps_of(std::span<const Point> samples) {
  std::vector<Step> steps;
  steps.reserve(samples.size());
  for (std::size_t i = 1; i < samples.size(); ++i) {
    const Point& last = samples[i - 1];
    const Point& point = samples[i];
    double before = last.value;
    if (i > 1 && point.value >= samples[i - 2].value) {
      const bool is_too_high = last.value > point.value;
      if (is_too_high || last.value < samples[i - 2].value) before = samples[i - 2].value;
      if (is_too_high && !steps.empty() && steps.back().span.end == last.at_ms) steps.pop_back();
    }
    const Span span{.begin = last.at_ms, .end = point.at_ms};
    const double wh = point.value - before;
    const bool known = wh == 0 || (wh > 0 && before > 0);
    if (span.begin >= span.end || !known) continue;
    steps.push_back({.span = span, .wh = wh, .kept = point.value > 0});
  }
  return steps;
}

// The counter of one flow: all its parts together.
class Counter {
 public:
  Counter(const EnergySources& sources, EnergyFlow flow) {
    for (std::size_t i = 0; i < sources.counters.size(); ++i) {
      if (sources.counters[i].flow == flow) parts_.push_back(i);
    }
  }
  [[nodiscard]] bool exists() const { return !parts_.empty(); }

  // The time up to which the hour's own rows account for the flow: the last sample if the device
  // maintains the counter, otherwise the last row.
  [[nodiscard]] std::int64_t end_of(const HourRows& rows) const {
    double whole = 0;
    std::int64_t end = std::numeric_limits<std::int64_t>::max();
    std::size_t found = 0;
    for (const std::size_t chunk : parts_) {
      bool any = false;
      for (const auto& [field, series] : rows.series) {
        if (series.counter != chunk) continue;
        any = true;
        whole += series.points.back().value;
        end = std::min(end, series.points.back().at_ms);
      }
      if (any) ++found;
    }
    return exists() && found == parts_.size() && whole > 0 ? end : rows.times.back();
  }

  // Adds the counter's energy within the window; returns the spans that the counter covers.
  template <typename Add>
  [[nodiscard]] Spans count(const HourRows& before, const HourRows& rows, Span window,
                            const Add& add) const {
    if (!exists() || window.begin >= window.end) return {};
    std::map<FieldId, std::size_t> fields;  // and the part that each belongs to
    for (const HourRows* of : {&before, &rows}) {
      for (const auto& [field, series] : of->series) {
        const auto part = std::ranges::find(parts_, series.counter);
        if (part == parts_.end()) continue;
        fields.emplace(field, static_cast<std::size_t>(part - parts_.begin()));
      }
    }
    const auto points_in = [](const HourRows& of, FieldId field) {
      const auto at = of.series.find(field);
      return at == of.series.end() ? std::span<const Point>() : std::span(at->second.points);
    };
    std::vector<std::vector<Step>> all;
    Spans covered = {window};
    Spans kept;
    std::vector<bool> found(parts_.size());
    for (const auto& [field, part] : fields) {
      found[part] = true;
      all.push_back(steps_of(last_of_each_time(points_in(before, field), points_in(rows, field))));
      Spans known;
      Spans kept_here;
      for (const Step& step : all.back()) {
        add_span(known, step.span);
        if (step.kept) add_span(kept_here, step.span);
      }
      covered = both(covered, known);
      kept.insert(kept.end(), kept_here.begin(), kept_here.end());
    }
    if (std::ranges::find(found, false) != found.end()) return {};
    // Devices send counters that they do not maintain as 0: so at least one part must be above 0.
    covered = both(covered, joined(std::move(kept)));
    for (const std::vector<Step>& steps : all) add_steps(steps, covered, add);
    return covered;
  }

 private:
  template <typename Add>
  static void add_steps(const std::vector<Step>& steps, const Spans& covered, const Add& add) {
    for (std::size_t i = 0, k = 0; i < steps.size() && k < covered.size();) {
      const Span& step = steps[i].span;
      const Span counts{.begin = std::max(step.begin, covered[k].begin),
                        .end = std::min(step.end, covered[k].end)};
      if (counts.begin < counts.end) {
        add(counts, steps[i].wh * static_cast<double>(counts.end - counts.begin) /
                        static_cast<double>(step.end - step.begin));
      }
      ++(step.end < covered[k].end ? i : k);
    }
  }

  std::vector<std::size_t> parts_;  // indexes in EnergySources::counters
};

class Accountant {
 public:
  Accountant(const EnergySources& sources, const HourRows& before, const HourRows& rows)
      : sources_(sources), before_(before), rows_(rows) {
    for (const EnergyFlow flow : sources.flows) {
      const Counter counter(sources, flow);
      Window window{
          .flow = flow,
          .counts = {.begin = before.empty() ? rows.times.front() : counter.end_of(before),
                     .end = counter.end_of(rows)}};
      window.covered = counter.count(before, rows, window.counts,
                                     [&](Span span, double wh) { add_step(flow, span, wh); });
      windows_.push_back(std::move(window));
    }
  }

  HourEnergies finish() {
    said_ = before_.held;
    if (!before_.empty()) flush(before_.times.front());
    integrate(before_);
    if (begin_row(rows_.times.front())) {
      for (const auto& [source, held] : said_) energies_.held.emplace(source, held.watts);
    }
    integrate(rows_);
    flush(last_ms_.value_or(0));
    add_known();
    return std::move(energies_);
  }

 private:
  // The span in which a flow is counted here, and the spans in which its counter replaces its
  // power.
  struct Window {
    EnergyFlow flow{};
    Span counts;
    Spans covered{};
  };

  // False: the row follows a gap, and no power is held any more.
  bool begin_row(std::int64_t at_ms) {
    if (!last_ms_ || at_ms - *last_ms_ <= kLongestGap_ms) return true;
    flush(*last_ms_);
    forget(at_ms);
    return false;
  }

  void integrate(const HourRows& rows) {
    auto change = rows.changes.begin();
    for (const std::int64_t at_ms : rows.times) {
      const bool goes_on = begin_row(at_ms) && is_connected_;
      if (goes_on && last_ms_) add_held(*last_ms_, at_ms);
      is_connected_ = true;
      bool disconnected = false;
      for (; change != rows.changes.end() && change->at_ms == at_ms; ++change) {
        if (change->power == HourRows::Change::kDisconnected) {
          disconnected = true;
          continue;
        }
        double& watts = said_[change->source].watts;
        said_[change->source].power = change->power;
        if (std::exchange(watts, change->watts) != change->watts) flush(at_ms);
      }
      last_ms_ = at_ms;
      if (!disconnected) continue;
      is_connected_ = false;
      flush(at_ms);
      forget(at_ms);
    }
  }

  // The device reported from one row to the next.
  void add_held(std::int64_t from_ms, std::int64_t to_ms) {
    add_span(held_, {.begin = from_ms, .end = to_ms});
  }

  // The account of the hour before ended at its last row.
  void add_known() {
    const std::int64_t begin = before_.empty() ? rows_.times.front() : before_.times.back();
    for (const Span& span : held_) {
      if (span.end <= begin) continue;
      energies_.known.push_back(
          {.flow = {}, .from_ms = std::max(span.begin, begin), .to_ms = span.end});
    }
    for (const Window& window : windows_) {
      for (const Span& span : without(window.covered, held_)) {
        energies_.known.push_back({.flow = window.flow, .from_ms = span.begin, .to_ms = span.end});
      }
    }
  }

  // Adds the energy of the powers since since_ms_. powers_ are those before the last change.
  void flush(std::int64_t until_ms) {
    if (since_ms_ < until_ms) {
      const Energies watts = watts_of(powers_);
      for (const Window& window : windows_) {
        if (const double power = watts.of(window.flow); power > 0) {
          add_power(window, {.begin = since_ms_, .end = until_ms}, power);
        }
      }
    }
    since_ms_ = until_ms;
    powers_ = {};
    for (const auto& [field, said] : said_) {
      if (said.power >= HourRows::Change::kFirstCondition) continue;
      const EnergySources::PowerField& of = sources_.powers[said.power];
      if (!is_met(of.condition)) continue;
      powers_.at(static_cast<std::size_t>(of.power)) += said.watts;
    }
  }
  [[nodiscard]] bool is_met(std::optional<std::uint32_t> condition) const {
    if (!condition) return true;
    return std::ranges::any_of(said_, [&](const auto& each) {
      const HourRows::Held& said = each.second;
      return said.power == HourRows::Change::kFirstCondition + *condition && said.watts != 0;
    });
  }
  void forget(std::int64_t at_ms) {
    said_.clear();
    powers_ = {};
    since_ms_ = at_ms;
  }

  void add_power(const Window& window, Span span, double watts) {
    span.begin = std::max(span.begin, window.counts.begin);
    span.end = std::min(span.end, window.counts.end);
    for (const Span& covered : window.covered) {
      if (covered.begin >= span.end) break;
      if (covered.begin > span.begin) {
        add_even(window.flow, {.begin = span.begin, .end = covered.begin}, watts);
      }
      span.begin = std::max(span.begin, covered.end);
    }
    add_even(window.flow, span, watts);
  }

  void add_step(EnergyFlow flow, Span span, double wh) {
    if (wh <= 0) return;
    const auto length_ms = span.end - span.begin;
    if (length_ms > kLongestInQuarters_ms) {
      energies_.stretches.push_back(
          {.flow = flow, .from_ms = span.begin, .to_ms = span.end, .wh = wh});
      return;
    }
    add_even(flow, span, wh * kMsPerHour / static_cast<double>(length_ms));
  }

  void add_even(EnergyFlow flow, Span span, double watts) {
    while (span.begin < span.end) {
      const std::int64_t quarter = quarter_of(span.begin);
      const std::int64_t until = std::min(span.end, (quarter + 1) * kQuarter_ms);
      energies_.quarters[quarter].of(flow) +=
          watts * static_cast<double>(until - span.begin) / kMsPerHour;
      span.begin = until;
    }
  }

  const EnergySources& sources_;
  const HourRows& before_;
  const HourRows& rows_;
  std::vector<Window> windows_;
  std::map<FieldId, HourRows::Held> said_;  // by source, since the last reset
  Powers powers_{};
  std::int64_t since_ms_ = 0;
  std::optional<std::int64_t> last_ms_;
  bool is_connected_ = true;  // after the last row
  Spans held_;                // in which the device reported
  HourEnergies energies_;
};

std::int64_t milliwatts(double watts) {
  return std::llround(std::clamp(watts, -kMaxW, kMaxW) * 1000);
}

std::uint64_t milliwatt_hours(double wh) {
  return static_cast<std::uint64_t>(std::llround(std::clamp(wh, 0.0, kMaxWh) * 1000));
}

// The number of a quarter is written as a difference to the quarter before.
void append_quarter(std::string& out, std::int64_t since, const Energies& energies) {
  append_signed(out, since);
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < kEnergyFlows; ++i) {
    if (milliwatt_hours(energies.wh.at(i)) != 0) mask |= std::uint64_t{1} << i;
  }
  append_varint(out, mask);
  for (std::size_t i = 0; i < kEnergyFlows; ++i) {
    if ((mask >> i & 1U) != 0) append_varint(out, milliwatt_hours(energies.wh.at(i)));
  }
}

}  // namespace

Energies HourEnergies::within(std::int64_t from_ms, std::int64_t to_ms) const {
  Energies sum;
  const auto end = quarters.lower_bound(quarter_of(to_ms));
  for (auto at = quarters.lower_bound(quarter_of(from_ms)); at != end; ++at) sum += at->second;
  for (const Stretch& stretch : stretches) {
    const std::int64_t shared = std::min(to_ms, stretch.to_ms) - std::max(from_ms, stretch.from_ms);
    if (shared <= 0) continue;
    sum.of(stretch.flow) += stretch.wh * static_cast<double>(shared) /
                            static_cast<double>(stretch.to_ms - stretch.from_ms);
  }
  return sum;
}

HourEnergies integrate_hour(const EnergySources& sources, const HourRows& before,
                            const HourRows& rows) {
  HourEnergies energies;
  if (rows.has_reports() && !sources.empty()) {
    energies = Accountant(sources, before, rows).finish();
  }
  energies.revision = sources.revision();
  return energies;
}

std::string to_bytes(std::int64_t hour, const HourEnergies& energies) {
  std::string out;
  out += static_cast<char>(kEnergiesVersion);
  append_varint(out, energies.revision);
  append_varint(out, energies.quarters.size());
  std::int64_t last = hour * 4;
  for (const auto& [quarter, wh] : energies.quarters) {
    append_quarter(out, quarter - last, wh);
    last = quarter;
  }
  append_varint(out, energies.stretches.size());
  for (const HourEnergies::Stretch& stretch : energies.stretches) {
    append_varint(out, static_cast<std::uint64_t>(stretch.flow));
    append_signed(out, stretch.from_ms - hour * kHour_ms);
    append_varint(out, static_cast<std::uint64_t>(stretch.to_ms - stretch.from_ms));
    append_varint(out, milliwatt_hours(stretch.wh));
  }
  append_varint(out, energies.held.size());
  FieldId last_field = 0;
  for (const auto& [field, watts] : energies.held) {
    append_varint(out, field - last_field);
    append_signed(out, milliwatts(watts));
    last_field = field;
  }
  append_varint(out, energies.known.size());
  std::int64_t last_ms = hour * kHour_ms;
  for (const KnownSpan& span : energies.known) {
    append_varint(out, span.flow ? static_cast<std::uint64_t>(*span.flow) + 1 : 0);
    append_signed(out, span.from_ms - last_ms);
    append_varint(out, static_cast<std::uint64_t>(span.to_ms - span.from_ms));
    last_ms = span.to_ms;
  }
  return out;
}

namespace {

// The beginning of the bytes: the version, which is known, and the revision.
std::optional<std::uint32_t> read_revision(Cursor& cursor) {
  const std::string_view version = cursor.bytes(1);
  if (cursor.failed() || static_cast<std::uint8_t>(version.front()) != kEnergiesVersion) return {};
  const std::uint64_t revision = cursor.varint();
  if (revision < 1 || revision > std::numeric_limits<std::uint32_t>::max()) return {};
  return static_cast<std::uint32_t>(revision);
}

bool is_span(std::int64_t from_ms, std::int64_t length_ms) {
  return length_ms > 0 && length_ms <= kMax_ms && from_ms >= -kMax_ms && from_ms <= kMax_ms;
}

// False: the bytes are malformed.
bool read_held(Cursor& cursor, std::map<FieldId, double>& held) {
  std::uint64_t field = 0;
  for (std::uint64_t left = cursor.varint(); left > 0 && !cursor.failed(); --left) {
    field += std::min<std::uint64_t>(cursor.varint(), std::uint64_t{1} << 32U);
    if (field > std::numeric_limits<FieldId>::max()) return false;
    const double watts = static_cast<double>(cursor.signed_varint()) / 1000;
    if (std::abs(watts) > kMaxW) return false;
    if (!held.emplace(static_cast<FieldId>(field), watts).second) return false;
  }
  return true;
}

// False: the bytes are malformed.
bool read_known(Cursor& cursor, std::int64_t hour, std::vector<KnownSpan>& known) {
  std::int64_t last_ms = hour * kHour_ms;
  for (std::uint64_t left = cursor.varint(); left > 0 && !cursor.failed(); --left) {
    const std::uint64_t flow = cursor.varint();
    const std::int64_t from_ms = wrapping_sum(last_ms, cursor.signed_varint());
    const auto length_ms = static_cast<std::int64_t>(cursor.varint());
    if (flow > kEnergyFlows || !is_span(from_ms, length_ms)) return false;
    last_ms = from_ms + length_ms;
    known.push_back({.flow = {}, .from_ms = from_ms, .to_ms = last_ms});
    if (flow > 0) known.back().flow = static_cast<EnergyFlow>(flow - 1);
  }
  return true;
}

}  // namespace

Result<HourEnergies> energies_of(std::int64_t hour, std::string_view bytes) {
  const auto malformed = [] {
    return fail(ErrorCode::kMalformed, "stored energies that cannot be read");
  };
  Cursor cursor(bytes);
  const auto revision = read_revision(cursor);
  if (!revision) return malformed();
  HourEnergies energies;
  energies.revision = *revision;
  std::int64_t quarter = hour * 4;
  for (std::uint64_t left = cursor.varint(); left > 0 && !cursor.failed(); --left) {
    quarter = wrapping_sum(quarter, cursor.signed_varint());
    const std::uint64_t mask = cursor.varint();
    if (mask >> kEnergyFlows != 0 || quarter < -kMaxQuarter || quarter > kMaxQuarter) {
      return malformed();
    }
    Energies& wh = energies.quarters[quarter];
    for (std::size_t i = 0; i < kEnergyFlows; ++i) {
      if ((mask >> i & 1U) != 0) wh.wh.at(i) += static_cast<double>(cursor.varint()) / 1000;
    }
  }
  for (std::uint64_t left = cursor.varint(); left > 0 && !cursor.failed(); --left) {
    const std::uint64_t flow = cursor.varint();
    const std::int64_t from_ms = wrapping_sum(hour * kHour_ms, cursor.signed_varint());
    const auto length_ms = static_cast<std::int64_t>(cursor.varint());
    if (flow >= kEnergyFlows || !is_span(from_ms, length_ms)) return malformed();
    energies.stretches.push_back({.flow = static_cast<EnergyFlow>(flow),
                                  .from_ms = from_ms,
                                  .to_ms = from_ms + length_ms,
                                  .wh = static_cast<double>(cursor.varint()) / 1000});
  }
  if (!read_held(cursor, energies.held)) return malformed();
  if (!read_known(cursor, hour, energies.known)) return malformed();
  if (cursor.failed() || !cursor.at_end()) return malformed();
  return energies;
}

std::optional<std::uint32_t> energy_revision_of(std::string_view bytes) {
  Cursor cursor(bytes);
  return read_revision(cursor);
}

}  // namespace gridloom::history
