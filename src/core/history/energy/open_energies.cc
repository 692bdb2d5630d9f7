#include "history/energy/open_energies.h"

#include <algorithm>
#include <iterator>
#include <ranges>

namespace gridloom::history {
namespace {

// A device need not report each counter in each piece: what is not in these rows is as it was.
HourEnergies account_for(const EnergySources& sources, const HourRows& last, HourRows& rows) {
  if (rows.times.empty()) rows.times = {last.times.back()};  // there is a sample held back
  rows.finish();
  for (const auto& [field, of] : last.series) {
    HourRows::Series& now = rows.series[field];
    if (!now.points.empty()) continue;
    now = {.counter = of.counter, .points = {of.points.back()}};
  }
  return integrate_hour(sources, last, rows);
}

// Connects and disconnects alone have no energies.
bool has_more(const HourRows& rows) {
  return rows.has_reports() && (!rows.empty() || !rows.series.empty());
}

void add_piece(const HourEnergies& piece, HourEnergies& sum) {
  for (const auto& [quarter, wh] : piece.quarters) sum.quarters[quarter] += wh;
  std::ranges::copy(piece.stretches, std::back_inserter(sum.stretches));
  for (const KnownSpan& span : piece.known) {
    auto latest_first = std::views::reverse(sum.known);
    const auto goes_on = std::ranges::find_if(latest_first, [&](const KnownSpan& known) {
      return known.flow == span.flow && known.to_ms == span.from_ms;
    });
    if (goes_on == latest_first.end()) {
      sum.known.push_back(span);
    } else {
      goes_on->to_ms = span.to_ms;
    }
  }
}

}  // namespace

OpenEnergies::Account* OpenEnergies::account_of(DeviceNumber device) {
  if (const auto known = accounts_.find(device); known != accounts_.end()) return &known->second;
  if (accounts_.size() >= kMaxDevices) return nullptr;
  const EnergySources* const sources = sources_of_(device);
  if (sources == nullptr) return nullptr;
  return &accounts_.try_emplace(device, *sources, names_).first->second;
}

const WantedFields& OpenEnergies::wanted_of(const EnergySources& sources, const Row& row) {
  if (row.shape == 0) return wanted_once_ = wanted_fields(sources, names_, row.fields);
  const auto [place, is_new] = wanted_.try_emplace({&sources, row.shape});
  if (is_new) place->second = wanted_fields(sources, names_, row.fields);
  return place->second;
}

void OpenEnergies::settle(Account& account, Piece piece) {
  account.rows.finish();
  std::map<FieldId, HourRows::Series> held_back;
  if (piece == Piece::kWithin) held_back = account.rows.hold_back();
  add_piece(account_for(*account.sources, account.last, account.rows), account.now.energies);
  account.last.go_on_with(account.rows);
  account.rows.begin_behind_reports(std::move(held_back));
}

void OpenEnergies::begin_hour(Account& account, std::int64_t hour) const {
  // An hour of connects and disconnects alone is part of the gap around it.
  if (has_more(account.rows)) settle(account, Piece::kLast);
  account.rows = HourRows(*account.sources, names_);
  account.before =
      std::exchange(account.now, {.hour = hour, .energies = {}, .is_whole = !account.last.empty()});
}

void OpenEnergies::add(const Row& row) {
  const std::lock_guard lock(mutex_);
  Account* const account = account_of(row.device);
  if (account == nullptr) return;
  const bool is_first = account->last.empty() && account->rows.empty();
  if (is_first || row.hour > account->now.hour) begin_hour(*account, row.hour);
  if (row.hour < account->now.hour) {
    // The running hour may have begun with it.
    if (row.hour >= account->before.hour) account->now.is_whole = false;
    account->before.is_whole = false;
    return;
  }
  if (!account->last.empty() && row.at_ms < account->last.times.back()) {
    account->now.is_whole = false;
    return;
  }
  account->rows.add(row.at_ms, wanted_of(*account->sources, row), row.values);
  if (account->rows.times.size() < kRowsOfPiece) return;
  if (account->rows.has_reports()) return settle(*account, Piece::kWithin);
  if (account->rows.times.size() < kMaxConnects) return;
  account->now.is_whole = false;
  account->rows = HourRows(*account->sources, names_);
}

void OpenEnergies::purge(DeviceNumber device) {
  const std::lock_guard lock(mutex_);
  accounts_.erase(device);
}

std::optional<HourEnergies> OpenEnergies::find(DeviceNumber device, std::int64_t hour,
                                               const EnergySources& sources) const {
  std::unique_lock lock(mutex_);
  const auto found = accounts_.find(device);
  if (found == accounts_.end() || *found->second.sources != sources) return std::nullopt;
  const Account& account = found->second;
  if (account.before.is_whole && account.before.hour == hour) return account.before.energies;
  if (!account.now.is_whole || account.now.hour != hour) return std::nullopt;
  HourEnergies energies = account.now.energies;
  if (!has_more(account.rows)) return energies;
  const HourRows last = account.last;
  HourRows rows = account.rows;
  lock.unlock();
  add_piece(account_for(sources, last, rows), energies);
  return energies;
}

}  // namespace gridloom::history
