#include "recordings/guessed_reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <optional>

namespace gridloom::recordings {
namespace {

using wire::Json;
using wire::JsonObject;

constexpr std::size_t kMostKinds = 32;    // a number with more values is no kind
constexpr std::size_t kLeastRising = 4;   // values of a number that rises, to be a counter
constexpr std::size_t kLeastSerial = 10;  // characters
constexpr double kMostly = 0.9;

bool is_scalar(const Json& value) { return !value.is_structured() && !value.is_null(); }

bool is_serial(std::string_view text) {
  const auto is = [&](int (*kind)(int)) {
    return std::ranges::any_of(text, [&](unsigned char c) { return kind(c) != 0; });
  };
  return text.size() >= kLeastSerial && is(std::isdigit) && is(std::isupper) && !is(std::islower);
}

bool is_among(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// A name for a device file: letters, digits and _.
std::string plain_name(std::string text) {
  std::ranges::replace_if(text, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return text;
}

}  // namespace

void EnvelopeMember::add(const Json& value) {
  numbers = numbers && value.is_number();
  if (numbers && count > 0) {
    rises = rises && value.to_number<double>() >= last.to_number<double>();
  }
  ++count;
  last = value;
  if (values.size() <= kMostKinds) values.insert(wire::to_text(value));
}

bool EnvelopeMember::changes() const {
  return values.size() > kMostKinds || (numbers && rises && values.size() >= kLeastRising);
}

Json EnvelopeMember::shape(std::string_view name) const {
  constexpr double kNow_ms = 1e12;
  if (values.size() == 1 && name != "id") return last;
  if (!numbers || !rises || name == "id") return "$message_id";
  return last.to_number<double>() > kNow_ms ? "$now_ms" : "$uptime_ms";
}

GuessedReports::GuessedReports(const RecordedTraffic& traffic) : traffic_(traffic) {
  find_body();
  find_envelope();
  for (const auto& [key, value] : traffic_.known) known_.emplace(starred(key), value);
  if (body_.empty()) {
    join_without_envelope();
    return;
  }
  find_kinds();
  find_prefixes();
  find_fields();
}

// The member that is an object in nearly all reports, and has the most values.
void GuessedReports::find_body() {
  struct Candidate {
    std::size_t messages = 0;
    std::size_t values = 0;
  };
  std::map<std::string, Candidate> candidates;
  std::size_t reports = 0;
  for (const RecordedTraffic::Entry& entry : traffic_.entries) {
    if (entry.is_set) continue;
    ++reports;
    for (const auto& [key, value] : entry.message) {
      if (!value.is_object()) continue;
      Candidate& candidate = candidates[key];
      ++candidate.messages;
      candidate.values += value.get_object().size();
    }
  }
  // A report without an envelope may have an object in it all the time, which is a quota then, or a
  // group of quotas.
  const auto is_quota = [this](std::string_view key) {
    return std::ranges::any_of(traffic_.known, [key](const auto& known) {
      const std::string_view name = known.key();
      return name.starts_with(key) && (name.size() == key.size() || name[key.size()] == '.');
    });
  };
  std::size_t most = 0;
  for (const auto& [key, candidate] : candidates) {
    if (is_quota(key)) continue;
    if (static_cast<double>(candidate.messages) < kMostly * static_cast<double>(reports)) continue;
    if (candidate.values <= most) continue;
    most = candidate.values;
    body_ = key;
  }
}

void GuessedReports::find_envelope() {
  if (body_.empty()) return;
  std::size_t reports = 0;
  for (const RecordedTraffic::Entry& entry : traffic_.entries) {
    if (entry.is_set || body_of(entry.message) == nullptr) continue;
    ++reports;
    for (const auto& [key, value] : entry.message) {
      if (key != body_ && is_scalar(value)) common_[key].add(value);
    }
  }
  for (const auto& [name, member] : common_) {
    if (!member.numbers && member.last.is_string() && is_serial(wire::plain_text(member.last))) {
      module_ = name;
    } else if (!member.changes() && (member.values.size() > 1 || member.count < reports)) {
      matching_.insert(name);
    }
  }
  for (const RecordedTraffic::Entry& entry : traffic_.entries) {
    const Json* sn = module_.empty() ? nullptr : entry.message.if_contains(module_);
    if (!entry.is_set && sn != nullptr) modules_.insert(wire::plain_text(*sn));
  }
}

const JsonObject* GuessedReports::body_of(const JsonObject& message) const {
  if (body_.empty()) return &message;
  const Json* body = message.if_contains(body_);
  if (body == nullptr || !body->is_object()) return nullptr;
  const JsonObject& members = body->get_object();
  // {serial number: {fields}} of one module
  if (members.size() == 1 && modules_.contains(std::string(members.begin()->key())) &&
      members.begin()->value().is_object()) {
    return &members.begin()->value().get_object();
  }
  return &members;
}

JsonObject GuessedReports::match_of(const JsonObject& message) const {
  JsonObject match;
  for (const std::string& name : matching_) {
    if (const Json* value = message.if_contains(name)) match[name] = *value;
  }
  return match;
}

void GuessedReports::find_kinds() {
  for (const RecordedTraffic::Entry& entry : traffic_.entries) {
    if (entry.is_set || body_of(entry.message) == nullptr) continue;
    JsonObject match = match_of(entry.message);
    const auto known = std::ranges::find(kinds_, match, &Kind::match);
    Kind& kind = known != kinds_.end() ? *known : kinds_.emplace_back(Kind{.match = match});
    ++kind.messages;
    for (const auto& each : *body_of(entry.message)) {
      const std::string_view key = each.key();
      kind.fields.emplace(key);
      const std::string_view head = key.substr(0, key.find('.'));
      kind.also_flat =
          kind.also_flat || (head.size() < key.size() && body_of(entry.message)->contains(head));
    }
  }
  std::set<std::string> names;
  for (Kind& kind : kinds_) {
    for (const auto& each : kind.match) {
      if (each.value().is_string() && kind.name.empty())
        kind.name = plain_name(wire::plain_text(each.value()));
    }
    if (kind.name.empty()) {
      kind.name = "report";
      for (const auto& each : kind.match)
        kind.name += '_' + plain_name(wire::plain_text(each.value()));
    }
    while (!names.insert(kind.name).second) kind.name += '_';
  }
}

// `name` with a * for each serial number of a module.
std::string GuessedReports::starred(std::string_view name) const {
  std::string out;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t dot = std::min(name.find('.', at), name.size());
    const std::string segment(name.substr(at, dot - at));
    out += modules_.contains(segment) ? "*" : segment;
    if (dot < name.size()) out += '.';
    at = dot + 1;
  }
  return out;
}

bool GuessedReports::is_group(const std::string& name) const {
  const auto next = known_.lower_bound(name + '.');
  return next != known_.end() && next->first.starts_with(name + '.');
}

// The beginning of known names whose ends are keys of the kind's bodies, for most of the keys.
std::string GuessedReports::best_prefix(const Kind& kind) const {
  std::map<std::string, std::set<std::string>> votes;
  for (const auto& [name, value] : known_) {
    for (std::size_t from = 0; from <= name.size();) {
      for (std::size_t to = from; to <= name.size(); ++to) {
        to = std::min(name.find('.', to), name.size());
        std::string key = name.substr(from, to - from);
        if (kind.fields.contains(key)) votes[name.substr(0, from)].insert(std::move(key));
      }
      const std::size_t dot = name.find('.', from);
      if (dot == std::string::npos) break;
      from = dot + 1;
    }
  }
  std::string best;
  std::size_t most = 0;
  for (const auto& [prefix, keys] : votes) {
    const bool taken =
        std::ranges::any_of(kinds_, [&](const Kind& each) { return each.prefix == prefix; });
    const std::size_t score = 2 * keys.size() + (taken && !prefix.empty() ? 0 : 1);
    if (score <= most) continue;
    most = score;
    best = prefix;
  }
  return best;
}

void GuessedReports::find_prefixes() {
  if (!known_.empty()) {
    for (Kind& kind : kinds_) kind.prefix = best_prefix(kind);
    return;
  }
  std::map<std::string, std::size_t> carriers;
  for (const Kind& kind : kinds_) {
    for (const std::string& key : kind.fields) ++carriers[key];
  }
  const bool collide =
      std::ranges::any_of(carriers, [](const auto& each) { return each.second > 1; });
  for (Kind& kind : kinds_) {
    if (!module_.empty()) {
      kind.prefix = kind.name + ".*.";
    } else if (collide) {
      kind.prefix = kind.name + '.';
    }
  }
}

void GuessedReports::collect(const std::string& name, const Json& value,
                             std::vector<Value>& into) const {
  const auto* object = value.if_object();
  const bool is_known = known_.contains(name);
  const bool groups = traffic_.nested_answers || known_.empty() || is_group(name);
  if (object == nullptr || object->empty() || is_known || !groups) {
    into.emplace_back(name, value);
    return;
  }
  for (const auto& [key, inner] : *object) collect(name + '.' + std::string(key), inner, into);
}

const GuessedReports::Kind* GuessedReports::kind_of(const JsonObject& message) const {
  const auto found = std::ranges::find(kinds_, match_of(message), &Kind::match);
  return found == kinds_.end() ? nullptr : &*found;
}

std::vector<GuessedReports::Value> GuessedReports::values_of(const JsonObject& message) const {
  std::vector<Value> values;
  const JsonObject* body = body_of(message);
  if (body == nullptr) return values;
  const Kind* kind = body_.empty() ? nullptr : kind_of(message);
  if (kind == nullptr && !body_.empty()) return values;
  const std::string prefix = kind == nullptr ? "" : kind->prefix;
  for (const auto& [key, value] : *body) collect(prefix + std::string(key), value, values);
  return values;
}

void GuessedReports::find_fields() {
  for (Kind& kind : kinds_) kind.fields.clear();
  std::set<std::string> taken;
  for (const RecordedTraffic::Entry& entry : traffic_.entries) {
    if (entry.is_set) continue;
    const auto found = std::ranges::find(kinds_, match_of(entry.message), &Kind::match);
    if (found == kinds_.end()) continue;
    for (const Value& value : values_of(entry.message)) {
      if (taken.insert(value.first).second) found->fields.insert(value.first);
    }
  }
  std::erase_if(kinds_, [](const Kind& kind) { return kind.fields.empty(); });
}

// Fields that ever stand in one message belong to one report.
void GuessedReports::join_without_envelope() {
  std::map<std::string, std::size_t> numbers;
  std::vector<std::size_t> parents;
  const auto root_of = [&](std::size_t at) {
    while (parents[at] != at) at = parents[at] = parents[parents[at]];
    return at;
  };
  for (const RecordedTraffic::Entry& entry : traffic_.entries) {
    if (entry.is_set) continue;
    std::optional<std::size_t> first;
    for (const Value& value : values_of(entry.message)) {
      const auto [number, is_new] = numbers.try_emplace(value.first, parents.size());
      if (is_new) parents.push_back(parents.size());
      if (first) parents[root_of(number->second)] = root_of(*first);
      first = first.value_or(number->second);
    }
  }
  std::map<std::size_t, Kind> kinds;
  for (const auto& [name, number] : numbers) kinds[root_of(number)].fields.insert(name);
  for (auto& [root, kind] : kinds) {
    kind.name = fmt::format("report_{}", kinds_.size() + 1);
    kinds_.push_back(std::move(kind));
  }
}

void GuessedReports::write_rhythm(GuessedFamily& family) const {
  std::map<std::int64_t, std::size_t> gaps;
  std::map<std::string, Millis> before;
  std::map<std::string, Millis> whole_before;  // of reports with nearly all fields, by kind
  std::map<std::int64_t, std::size_t> whole_gaps;
  for (const RecordedTraffic::Entry& entry : traffic_.entries) {
    if (entry.is_set) continue;
    const auto [at, is_first] = before.try_emplace(entry.sn, entry.at);
    if (!is_first && entry.at > at->second) ++gaps[(entry.at - at->second).count()];
    at->second = entry.at;
    const std::vector<Value> values = values_of(entry.message);
    if (values.empty()) continue;
    const auto kind = std::ranges::find_if(
        kinds_, [&](const Kind& each) { return each.fields.contains(values.front().first); });
    if (kind == kinds_.end() ||
        static_cast<double>(values.size()) < kMostly * static_cast<double>(kind->fields.size())) {
      continue;
    }
    const auto [whole, first] = whole_before.try_emplace(entry.sn + kind->name, entry.at);
    if (!first && entry.at > whole->second) ++whole_gaps[(entry.at - whole->second).count()];
    whole->second = entry.at;
  }
  const auto usual = [](const std::map<std::int64_t, std::size_t>& of) {
    const auto most = std::ranges::max_element(
        of, {}, [](const auto& each) { return std::pair(each.second, each.first); });
    return most == of.end() ? 0 : most->first;
  };
  family.change_ms = usual(gaps);
  family.full_ms = std::max(usual(whole_gaps), family.change_ms);
}

void GuessedReports::write(GuessedFamily& family) const {
  family.report_body = body_;
  std::map<std::string, SeenValues> seen;
  for (const RecordedTraffic::Entry& entry : traffic_.entries) {
    if (entry.is_set) continue;
    for (const Value& value : values_of(entry.message)) seen[value.first].add(value.second);
  }
  for (const auto& [name, member] : common_) {
    if (matching_.contains(name) || name == module_) continue;
    family.report[name] = member.shape(name);
  }
  for (const Kind& kind : kinds_) {
    GuessedReport report{.name = kind.name, .match = kind.match, .also_flat = kind.also_flat};
    const bool of_module = kind.prefix.ends_with("*.");
    report.prefix = of_module ? kind.prefix.substr(0, kind.prefix.size() - 2) : kind.prefix;
    if (of_module) {
      report.module = module_;
      std::vector<std::string>& all =
          family.modules[report.prefix.substr(0, report.prefix.size() - 1)];
      for (const RecordedTraffic::Entry& entry : traffic_.entries) {
        const Json* sn = entry.is_set ? nullptr : entry.message.if_contains(module_);
        if (sn == nullptr || kind_of(entry.message) != &kind) continue;
        if (!is_among(all, wire::plain_text(*sn))) all.push_back(wire::plain_text(*sn));
      }
    }
    for (const std::string& name : kind.fields) {
      report.fields.push_back(name);
      SeenValues& values = seen[name];
      if (const auto known = known_.find(name); known != known_.end()) {
        const Json last = values.last;
        values.add(known->second);
        values.last = last;
      }
      const std::string relative = name.substr(kind.prefix.size());
      family.nested = family.nested || relative.contains('.');
      family.fields.push_back({.name = name, .values = values});
    }
    family.reports.push_back(std::move(report));
  }
  write_rhythm(family);
}

}  // namespace gridloom::recordings
