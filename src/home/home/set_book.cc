#include "home/set_book.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "catalog/effects.h"

namespace gridloom::home {
namespace {

bool is_equal(const ShownField& field) {
  if (!field.asked) return true;
  return field.is && catalog::shows(*field.is, *field.asked, field.within);
}

bool has_changed(const ShownField& field) {
  return field.asked ? field.was_other : field.is != field.before;
}

bool is_asked(const ShownField& field) { return field.asked.has_value(); }

// Fields of modules become those of the modules that the device has; it has none of some kinds.
void name_modules(std::vector<ShownField>& fields, const SetBook::ValuesOf& values_of) {
  std::vector<ShownField> named;
  named.reserve(fields.size());
  for (ShownField& field : fields) {
    if (!field.name.contains('*')) {
      named.push_back(std::move(field));
      continue;
    }
    for (SetBook::Reported& each : values_of(field.name)) {
      ShownField& made = named.emplace_back(field);
      made.name = std::move(each.name);
    }
  }
  fields = std::move(named);
}

}  // namespace

std::string_view name_of(SetState state) {
  using namespace std::string_view_literals;
  static constexpr std::array kNames = {"sent"sv,    "answered"sv,   "applied"sv, "not_applied"sv,
                                        "refused"sv, "unanswered"sv, "offline"sv};
  return kNames.at(static_cast<std::size_t>(state));
}

const SetRecord* SetBook::find(const SetId& id) const {
  const auto found = places_.find(id);
  return found == places_.end() ? nullptr : &found->second->record;
}

std::vector<SetRecord> SetBook::list(AccountId account, std::string_view sn) const {
  std::vector<SetRecord> records;
  const auto found = by_account_.find(account);
  if (found == by_account_.end()) return records;
  for (const auto& at : std::views::reverse(found->second)) {
    if (at->record.id.sn == sn) records.push_back(at->record);
  }
  return records;
}

std::vector<std::string> SetBook::watched_devices() const {
  std::vector<std::string> devices;
  devices.reserve(open_.size());
  for (const auto& [sn, places] : open_) devices.push_back(sn);
  return devices;
}

void SetBook::add(SetRecord record, const Now& now) {
  remove_old(now.steady);
  const auto of_account = by_account_.find(record.id.account);
  if (of_account != by_account_.end() && of_account->second.size() >= limits_.of_account) {
    remove(of_account->second.front());
  }
  if (kept_.size() >= limits_.all) remove(kept_.begin());
  record.sent_ms = unix_ms(now.devices);
  const auto at = kept_.insert(kept_.end(), Kept{.record = std::move(record), .asked = now.steady});
  const SetRecord& added = at->record;
  places_.emplace(added.id, at);
  by_account_[added.id.account].push_back(at);
  if (!added.fields.empty()) open_[added.id.sn].push_back(at);
}

void SetBook::restore(SetRecord record, Outcome outcome, TimePoint ended, const Now& now) {
  if (places_.contains(record.id)) return;
  const TimePoint sent{Millis(record.sent_ms)};
  const SetId id = record.id;
  const auto age = std::max(now.devices - sent, TimePoint::duration(0));
  add(std::move(record), {.steady = now.steady - age, .devices = sent});
  const auto found = places_.find(id);
  if (found == places_.end()) return;  // it is too old
  found->second->is_restored = true;
  end(id, std::move(outcome), {.steady = now.steady, .devices = ended});
}

void SetBook::end(const SetId& id, Outcome outcome, const Now& now) {
  const auto found = places_.find(id);
  if (found == places_.end()) return;
  Kept& kept = *found->second;
  SetRecord& record = kept.record;
  changed_.push_back(id);
  record.answered_ms = unix_ms(now.devices);
  kept.read_until = now.steady + kReadBack;
  if (outcome.reply) {
    if (outcome.reply->size() <= limits_.reply_bytes) record.reply = std::move(*outcome.reply);
    record.refusal = std::move(outcome.refusal);
  } else {
    record.error = std::move(outcome.reply.error());
  }
  const bool was_sent = outcome.reply || record.error->code == ErrorCode::kNoAnswer;
  if (!was_sent) {
    const bool is_away = record.error->code == ErrorCode::kOffline && !outcome.is_online;
    record.state = is_away ? SetState::kOffline : SetState::kRefused;
    return close(found->second, now);
  }
  if (!record.refusal.empty()) {
    record.state = SetState::kRefused;
    return close(found->second, now);
  }
  if (record.state == SetState::kApplied) return;
  record.state = outcome.reply ? SetState::kAnswered : SetState::kUnanswered;
  if (record.fields.empty()) return close(found->second, now);
  if (is_shown(kept)) {
    record.state = SetState::kApplied;
    close(found->second, now);
  }
}

bool SetBook::is_shown(const Kept& kept) {
  const SetRecord& record = kept.record;
  if (!kept.was_read || !std::ranges::all_of(record.fields, is_equal)) return false;
  // Values that were there before tell nothing of a set that the device has not answered.
  const bool has_told =
      record.state == SetState::kAnswered && std::ranges::any_of(record.fields, is_asked);
  return has_told || std::ranges::any_of(record.fields, has_changed);
}

void SetBook::read_back(std::string_view sn, const ValuesOf& values_of, const Now& now) {
  const auto found = open_.find(sn);
  if (found == open_.end()) return;
  const Places places = found->second;
  for (const auto& at : places) {
    if (!at->was_read) name_modules(at->record.fields, values_of);
    for (ShownField& field : at->record.fields) {
      const auto reported = values_of(field.name);
      field.is = reported.empty() ? std::nullopt
                                  : catalog::value_inside(reported.front().value, field.path);
      if (at->was_read) continue;
      field.was_other = !is_equal(field);
      field.before = field.is;
    }
    at->was_read = true;
    if (!is_shown(*at)) continue;
    at->record.state = SetState::kApplied;
    close(at, now);
  }
}

void SetBook::tick(const Now& now) {
  remove_old(now.steady);
  std::vector<Order::iterator> over;
  for (const auto& [sn, places] : open_) {
    for (const auto& at : places) {
      if (at->read_until && *at->read_until <= now.steady) over.push_back(at);
    }
  }
  for (const auto& at : over) {
    const bool has_failed = at->record.state == SetState::kAnswered && !at->is_restored &&
                            std::ranges::any_of(at->record.fields, is_asked);
    if (has_failed) at->record.state = SetState::kNotApplied;
    close(at, now);
  }
}

void SetBook::close(Order::iterator at, const Now& now) {
  at->record.decided_ms = unix_ms(now.devices);
  changed_.push_back(at->record.id);
  const auto found = open_.find(at->record.id.sn);
  if (found == open_.end()) return;
  std::erase(found->second, at);
  if (found->second.empty()) open_.erase(found);
}

void SetBook::remove(Order::iterator at) {
  const SetId id = at->record.id;
  changed_.push_back(id);
  if (const auto found = open_.find(id.sn); found != open_.end()) {
    std::erase(found->second, at);
    if (found->second.empty()) open_.erase(found);
  }
  const auto of_account = by_account_.find(id.account);
  std::erase(of_account->second, at);
  if (of_account->second.empty()) by_account_.erase(of_account);
  places_.erase(id);
  kept_.erase(at);
}

void SetBook::remove_old(TimePoint steady) {
  while (!kept_.empty() && kept_.front().asked + limits_.kept <= steady) remove(kept_.begin());
}

}  // namespace gridloom::home
