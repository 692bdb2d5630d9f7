#include "history/ledger.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "history/accounting.h"

namespace gridloom::history {
namespace {

// What held when the hour of `rows` began, as its energies say; they may be empty.
void hold(std::int64_t hour, std::string_view energies, HourRows& rows) {
  if (energies.empty()) return;
  const auto known = energies_of(hour, energies);
  if (!known) return;
  for (const auto& [source, watts] : known->held) rows.hold(source, watts);
}

class Reading {
 public:
  Reading(Reader& reader, DeviceNumber device, const Meters& meters,
          std::span<const std::int64_t> bounds)
      : reader_(reader), device_(device), meters_(meters), bounds_(bounds) {
    sums_.resize(bounds.size() - 1);
  }

  Result<std::vector<Energies>> sums() {
    const std::int64_t from = hour_of(bounds_.front());
    const std::int64_t to = hour_of(bounds_.back() - 1) + 1;
    // The hour after accounts for the end of the last one, and for a gap that began there.
    const auto after = reader_.hour_from(device_, to);
    if (!after) return std::unexpected(after.error());
    const std::int64_t end = *after ? **after + 1 : to;
    // First what is only in blocks: an hour that is stored meanwhile is still read from there.
    std::set<std::int64_t> fresh;
    for (const auto& [begin, until] : {std::pair(from, to), std::pair(to, end)}) {
      const auto hours = reader_.unaccounted(device_, begin, until);
      if (!hours) return std::unexpected(hours.error());
      fresh.insert(hours->begin(), hours->end());
    }
    // An hour's account begins where that of the hour before ends.
    for (const std::int64_t hour : std::vector(fresh.begin(), fresh.end())) {
      const auto next = reader_.hour_from(device_, hour + 1);
      if (!next) return std::unexpected(next.error());
      if (*next && **next < end) fresh.insert(**next);
    }
    if (Status stored = add_stored(from, end, fresh); !stored) {
      return std::unexpected(stored.error());
    }
    for (const std::int64_t hour : fresh) {
      if (Status added = add_fresh(hour); !added) return std::unexpected(added.error());
    }
    return std::move(sums_);
  }

 private:
  Status add_stored(std::int64_t from, std::int64_t end, const std::set<std::int64_t>& without) {
    return reader_.each_energy(device_, from, end,
                               [&](std::int64_t hour, std::string_view bytes) -> Status {
                                 if (without.contains(hour)) return {};
                                 const auto energies = energies_of(hour, bytes);
                                 if (energies) {
                                   add(*energies);
                                 } else {
                                   spdlog::error("the energies of device {}, hour {}: {}", device_,
                                                 hour, energies.error().detail);
                                 }
                                 return {};
                               });
  }

  Status add_fresh(std::int64_t hour) {
    auto before = rows_before(hour);
    if (!before) return std::unexpected(before.error());
    auto rows = rows_of(hour);
    if (!rows) return std::unexpected(rows.error());
    const HourEnergies energies = account(meters_, *before, *rows);
    add(energies);
    for (const auto& [source, watts] : energies.held) rows->hold(source, watts);
    last_ = std::move(*rows);
    last_hour_ = hour;
    return {};
  }

  // Of the last hour in which the device said anything.
  Result<HourRows> rows_before(std::int64_t hour) {
    for (int i = 0; i <= kMostSilentHours; ++i) {
      const auto previous = reader_.hour_before(device_, hour);
      if (!previous) return std::unexpected(previous.error());
      if (!*previous) break;
      hour = **previous;
      if (last_ && last_hour_ == hour && last_->said_anything()) return std::move(*last_);
      auto rows = rows_of(hour);
      if (!rows) return rows;
      if (!rows->said_anything()) continue;
      const Status held =
          reader_.each_energy(device_, hour, hour + 1, [&](std::int64_t, std::string_view bytes) {
            hold(hour, bytes, *rows);
            return Status();
          });
      if (!held) return std::unexpected(held.error());
      return rows;
    }
    return HourRows(meters_, reader_.names());
  }

  Result<HourRows> rows_of(std::int64_t hour) {
    HourRows rows(meters_, reader_.names());
    const Status read =
        reader_.each_block(device_, hour, hour + 1, [&](std::int64_t, const Block& block) {
          if (Status added = rows.add(block); !added) {
            spdlog::error("the history of device {}, hour {}: {}", device_, hour,
                          added.error().detail);
          }
          return Status();
        });
    if (!read) return std::unexpected(read.error());
    rows.finish();
    return rows;
  }

  void add(const HourEnergies& energies) {
    for (const auto& [quarter, wh] : energies.quarters) {
      const auto next = std::ranges::upper_bound(bounds_, quarter * kQuarter_ms);
      if (next == bounds_.begin() || next == bounds_.end()) continue;
      sums_[static_cast<std::size_t>(next - bounds_.begin()) - 1] += wh;
    }
    if (energies.stretches.empty()) return;
    const HourEnergies only{.quarters = {}, .stretches = energies.stretches, .held = {}};
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      sums_[i] += only.within(bounds_[i], bounds_[i + 1]);
    }
  }

  Reader& reader_;
  DeviceNumber device_;
  const Meters& meters_;
  std::span<const std::int64_t> bounds_;
  std::vector<Energies> sums_;
  std::optional<HourRows> last_;
  std::int64_t last_hour_ = 0;
};

}  // namespace

Result<std::vector<Energies>> energies_between(Reader& reader, DeviceNumber device,
                                               const Meters& meters,
                                               std::span<const std::int64_t> bounds) {
  if (bounds.size() < 2) return std::vector<Energies>();
  if (meters.empty()) return std::vector<Energies>(bounds.size() - 1);
  return Reading(reader, device, meters, bounds).sums();
}

std::int64_t quarter_before(std::int64_t at_ms) {
  const std::int64_t into = ((at_ms % kQuarter_ms) + kQuarter_ms) % kQuarter_ms;
  return at_ms - into;
}

std::int64_t quarter_after(std::int64_t at_ms) { return quarter_before(at_ms + kQuarter_ms - 1); }

Account account_by(FamilyOf family_of) {
  using Known = std::unordered_map<catalog::FamilyPtr, Meters>;
  return [family_of = std::move(family_of), known = std::make_shared<Known>()](
             const DeviceHour& of, const HourBefore& before, const Block& block,
             const FieldNames& names) -> std::string {
    const catalog::FamilyPtr family = family_of(of.device);
    if (!family) return {};
    const Meters& meters = known->try_emplace(family, *family).first->second;
    if (meters.empty()) return {};
    HourRows earlier(meters, names);
    HourRows rows(meters, names);
    // Without them the hour is accounted when somebody asks.
    if (before.block != nullptr && !earlier.add(*before.block)) return {};
    if (!rows.add(block)) return {};
    if (before.block != nullptr) hold(before.hour, before.energies, earlier);
    earlier.finish();
    rows.finish();
    return to_bytes(of.hour, account(meters, earlier, rows));
  };
}

}  // namespace gridloom::history
