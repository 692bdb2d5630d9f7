#include "history/energy_query.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>

#include "history/block_walk.h"
#include "history/energy/energy_integrator.h"
#include "journal/journal.h"

namespace gridloom::history {
namespace {

// Adds the powers held when the hour of `rows` began, from its stored energies, which may be empty.
void hold(std::int64_t hour, std::string_view energies, HourRows& rows) {
  if (energies.empty()) return;
  const auto known = energies_of(hour, energies);
  if (!known) return;
  for (const auto& [source, watts] : known->held) rows.hold(source, watts);
}

// The columns needed for an account.
Columns columns_of(const EnergySources& sources, const FieldNames& names) {
  return {.wanted = [&sources, &names](FieldId field) {
    const std::string name = names.name_of(field);
    return name == journal::kPresence ||
           std::ranges::any_of(sources.powers,
                               [&](const auto& power) { return matches(power.name, name); }) ||
           std::ranges::any_of(sources.conditions,
                               [&](const auto& condition) { return condition.field == name; }) ||
           std::ranges::any_of(sources.counters,
                               [&](const auto& counter) { return matches(counter.name, name); });
  }};
}

// Hours of stored energies read by one work().
constexpr std::int64_t kStoredHoursAtOnce = 512;

}  // namespace

// Reads stored hours first, then computes the others one by one. For each it reads the rows of the
// last earlier hour in which the device reported anything, then the rows of the hour itself.
class EnergyQuery::Reading {
 public:
  explicit Reading(Options options) : options_(std::move(options)), visit_(options_.device) {
    if (options_.bounds.size() < 2) {
      phase_ = Phase::kDone;
      return;
    }
    sums_.resize(options_.bounds.size() - 1);
    known_.resize(sums_.size());
    outdated_ms_.resize(sums_.size());
    if (sources().empty()) phase_ = Phase::kDone;
  }

  Status work(Reader& reader) {
    if (done()) return {};
    GL_TRY(const auto is_here, visit_.enter(reader));
    if (!is_here) return {};
    switch (phase_) {
      case Phase::kBegin:
        return begin(reader);
      case Phase::kStored:
        return add_stored(reader);
      case Phase::kBefore:
        return find_before(reader);
      case Phase::kRowsBefore:
        return read_before(reader);
      case Phase::kRows:
        return read_hour(reader);
      case Phase::kDone:
        return {};
    }
    return {};
  }
  [[nodiscard]] bool done() const { return phase_ == Phase::kDone; }
  [[nodiscard]] const EnergySources& sources() const { return options_.sources; }
  [[nodiscard]] const std::vector<Energies>& sums() const { return sums_; }
  [[nodiscard]] const std::vector<KnownTime>& known() const { return known_; }
  [[nodiscard]] const std::vector<std::int64_t>& outdated_ms() const { return outdated_ms_; }
  [[nodiscard]] std::int64_t known_until_ms() const { return known_until_ms_; }

 private:
  enum class Phase : std::uint8_t { kBegin, kStored, kBefore, kRowsBefore, kRows, kDone };

  Status begin(Reader& reader) {
    from_ = hour_of(options_.bounds.front());
    const std::int64_t to = hour_of(options_.bounds.back() - 1) + 1;
    // The next hour accounts for the end of the last hour, and for a gap that began there.
    GL_TRY(const auto after, reader.hour_from(options_.device, to));
    end_ = after ? *after + 1 : to;
    // Finds hours that are only in blocks first: an hour that is stored meanwhile is still computed
    // from its blocks.
    for (const auto& [begin, until] : {std::pair(from_, to), std::pair(to, end_)}) {
      GL_TRY(const auto hours, reader.hours_without_energies(options_.device, begin, until));
      fresh_.insert(hours.begin(), hours.end());
    }
    // The account of an hour begins where that of the hour before ends.
    for (const std::int64_t hour : std::vector(fresh_.begin(), fresh_.end())) {
      GL_TRY(const auto next, reader.hour_from(options_.device, hour + 1));
      if (next && *next < end_) fresh_.insert(*next);
    }
    phase_ = Phase::kStored;
    return {};
  }

  Status add_stored(Reader& reader) {
    const std::int64_t until = std::min(from_ + kStoredHoursAtOnce, end_);
    const Status read = reader.each_energy(
        options_.device, from_, until,
        [&](std::int64_t hour, std::string_view bytes) -> Status {
          if (fresh_.contains(hour)) return {};
          const auto energies = energies_of(hour, bytes);
          if (energies) {
            add(*energies);
            if (energies->revision < sources().revision()) add_outdated(hour);
            return {};
          }
          spdlog::error("the energies of device {}, hour {}: {}", options_.device, hour,
                        energies.error().detail);
          damaged_.insert(hour);
          return {};
        },
        [&](std::int64_t hour) { damaged_.insert(hour); });
    from_ = until;
    if (from_ < end_) return read;
    // The blocks of damaged hours give the same energies, as long as they are kept.
    fresh_.merge(damaged_);
    hour_ = fresh_.begin();
    next_fresh(reader);
    return read;
  }

  // Begins the hour that hour_ points to, or the first one after it whose energies are not kept in
  // memory; done if there is none.
  void next_fresh(const Reader& reader) {
    while (hour_ != fresh_.end() && add_open(reader)) ++hour_;
    phase_ = hour_ == fresh_.end() ? Phase::kDone : Phase::kBefore;
    if (hour_ == fresh_.end()) return;
    before_hour_ = *hour_;
    looked_back_ = 0;
    before_.reset();
  }

  bool add_open(const Reader& reader) {
    if (reader.builder() == nullptr) return false;
    const OpenEnergies* const open = reader.builder()->head_blocks().energies();
    if (open == nullptr) return false;
    const auto energies = open->find(options_.device, *hour_, sources());
    if (energies) add(*energies);
    return energies.has_value();
  }

  // Finds the last earlier hour in which the device reported anything.
  Status find_before(Reader& reader) {
    GL_TRY(const auto previous, reader.hour_before(options_.device, before_hour_));
    if (!previous || looked_back_++ > kMaxSilentHours) {
      before_.emplace(sources(), reader.names());
      phase_ = Phase::kRows;
      return {};
    }
    before_hour_ = *previous;
    phase_ = Phase::kRowsBefore;
    if (!last_ || last_hour_ != before_hour_ || !last_->has_reports()) return {};
    before_ = std::exchange(last_, std::nullopt);
    phase_ = Phase::kRows;
    return {};
  }

  Status read_before(Reader& reader) {
    GL_TRY(const auto all, read_rows(reader, before_hour_));
    if (!all) return {};
    HourRows rows = std::move(*rows_);
    rows_.reset();
    phase_ = Phase::kBefore;
    if (!rows.has_reports()) return {};
    phase_ = Phase::kRows;
    const Status held = reader.each_energy(options_.device, before_hour_, before_hour_ + 1,
                                           [&](std::int64_t, std::string_view bytes) {
                                             hold(before_hour_, bytes, rows);
                                             return Status();
                                           });
    before_ = std::move(rows);
    return held;
  }

  Status read_hour(Reader& reader) {
    GL_TRY(const auto all, read_rows(reader, *hour_));
    if (!all) return {};
    const HourEnergies energies = integrate_hour(sources(), *before_, *rows_);
    add(energies);
    for (const auto& [source, watts] : energies.held) rows_->hold(source, watts);
    last_ = std::exchange(rows_, std::nullopt);
    last_hour_ = *hour_;
    ++hour_;
    next_fresh(reader);
    return {};
  }

  // Reads more rows of an hour into rows_. True: all are read.
  Result<bool> read_rows(Reader& reader, std::int64_t hour) {
    if (!rows_) {
      rows_.emplace(sources(), reader.names());
      walk_.emplace(BlockWalk::Options{.device = options_.device,
                                       .from = hour,
                                       .to = hour + 1,
                                       .columns = columns_of(sources(), reader.names())});
    }
    GL_TRY(walk_->read(
        reader,
        [&](std::int64_t, const Block& block) {
          if (Status added = rows_->add(block); !added) {
            spdlog::error("the history of device {}, hour {}: {}", options_.device, hour,
                          added.error().detail);
          }
          return Status();
        },
        [&](std::int64_t) { rows_.emplace(sources(), reader.names()); }));
    if (!walk_->done()) return false;
    rows_->finish();
    return true;
  }

  void add(const HourEnergies& energies) {
    const std::vector<std::int64_t>& bounds = options_.bounds;
    for (const auto& [quarter, wh] : energies.quarters) {
      const auto next = std::ranges::upper_bound(bounds, quarter * kQuarter_ms);
      if (next == bounds.begin() || next == bounds.end()) continue;
      sums_[static_cast<std::size_t>(next - bounds.begin()) - 1] += wh;
    }
    add_known(energies.known);
    if (energies.stretches.empty()) return;
    const HourEnergies only{
        .quarters = {}, .stretches = energies.stretches, .held = {}, .known = {}};
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      sums_[i] += only.within(bounds[i], bounds[i + 1]);
    }
  }

  void add_known(std::span<const KnownSpan> spans) {
    const std::vector<std::int64_t>& bounds = options_.bounds;
    for (const KnownSpan& span : spans) {
      known_until_ms_ = std::max(known_until_ms_, span.to_ms);
      const auto next = std::ranges::upper_bound(bounds, span.from_ms);
      auto bucket = static_cast<std::size_t>(next - bounds.begin());
      for (bucket = bucket == 0 ? 0 : bucket - 1;
           bucket < known_.size() && bounds[bucket] < span.to_ms; ++bucket) {
        known_[bucket].add(span, bounds[bucket], bounds[bucket + 1]);
      }
    }
  }

  void add_outdated(std::int64_t hour) {
    const std::vector<std::int64_t>& bounds = options_.bounds;
    const std::int64_t begin_ms = hour * kHour_ms;
    for (std::size_t i = 0; i < outdated_ms_.size(); ++i) {
      outdated_ms_[i] += std::max<std::int64_t>(
          std::min(bounds[i + 1], begin_ms + kHour_ms) - std::max(bounds[i], begin_ms), 0);
    }
  }

  Options options_;
  DeviceVisit visit_;
  std::vector<Energies> sums_;
  std::vector<KnownTime> known_;  // by span, as sums_
  std::vector<std::int64_t> outdated_ms_;
  Phase phase_ = Phase::kBegin;
  std::int64_t from_ = 0;  // stored hours before this one were added
  std::int64_t end_ = 0;
  std::int64_t known_until_ms_ = std::numeric_limits<std::int64_t>::min();
  std::set<std::int64_t> fresh_;    // hours to compute from blocks
  std::set<std::int64_t> damaged_;  // hours whose stored energies cannot be read
  std::set<std::int64_t>::const_iterator hour_;
  std::int64_t before_hour_ = 0;
  int looked_back_ = 0;
  std::optional<HourRows> before_;
  std::optional<HourRows> rows_;  // of the hour being read
  std::optional<BlockWalk> walk_;
  std::optional<HourRows> last_;
  std::int64_t last_hour_ = 0;
};

EnergyQuery::EnergyQuery(Options options)
    : reading_(std::make_unique<Reading>(std::move(options))) {}
EnergyQuery::EnergyQuery(EnergyQuery&&) noexcept = default;
EnergyQuery& EnergyQuery::operator=(EnergyQuery&&) noexcept = default;
EnergyQuery::~EnergyQuery() = default;

Status EnergyQuery::work(Reader& reader) { return reading_->work(reader); }
bool EnergyQuery::done() const { return reading_->done(); }
const EnergySources& EnergyQuery::sources() const { return reading_->sources(); }
const std::vector<Energies>& EnergyQuery::sums() const { return reading_->sums(); }
const std::vector<KnownTime>& EnergyQuery::known() const { return reading_->known(); }
EnergyQuery::Sums EnergyQuery::in(SpanRange range) const {
  Sums all;
  for (std::size_t i = range.begin; i < range.end; ++i) {
    all.wh += sums()[i];
    all.known += known()[i];
    all.outdated_ms += reading_->outdated_ms()[i];
  }
  return all;
}
std::int64_t EnergyQuery::known_until_ms() const { return reading_->known_until_ms(); }

std::int64_t quarter_before(std::int64_t at_ms) {
  const std::int64_t into = ((at_ms % kQuarter_ms) + kQuarter_ms) % kQuarter_ms;
  return at_ms - into;
}

std::int64_t quarter_after(std::int64_t at_ms) { return quarter_before(at_ms + kQuarter_ms - 1); }

HourIntegrator hour_integrator_by(FamilyOf family_of) {
  using SourcesByFamily = std::unordered_map<catalog::FamilyPtr, EnergySources>;
  const SourcesOf sources_of =
      [family_of = std::move(family_of),
       known = std::make_shared<SourcesByFamily>()](DeviceNumber device) -> const EnergySources* {
    const catalog::FamilyPtr family = family_of(device);
    if (!family) return nullptr;
    const EnergySources& sources = known->try_emplace(family, *family).first->second;
    return sources.empty() ? nullptr : &sources;
  };
  const auto of_hour = [sources_of](const DeviceHour& of, const HourBefore& before,
                                    const Block& block, const FieldNames& names) -> std::string {
    const EnergySources* const sources = sources_of(of.device);
    if (sources == nullptr) return {};
    HourRows earlier(*sources, names);
    HourRows rows(*sources, names);
    // Hours without stored energies are computed by the queries that need them.
    if (before.block != nullptr && !earlier.add(*before.block)) return {};
    if (!rows.add(block)) return {};
    if (before.block != nullptr) hold(before.hour, before.energies, earlier);
    earlier.finish();
    rows.finish();
    return to_bytes(of.hour, integrate_hour(*sources, earlier, rows));
  };
  return {.of_hour = of_hour, .sources_of = sources_of};
}

}  // namespace gridloom::history
