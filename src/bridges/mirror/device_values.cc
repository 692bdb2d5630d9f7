#include "bridges/mirror/device_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <map>
#include <system_error>
#include <utility>

#include "catalog/plausible.h"
#include "wire/json.h"

namespace gridloom::bridges::mirror {
namespace {

using wire::Json;
using wire::JsonObject;

// A report has at most as many values, which keeps it below the limits of a twin's reader.
constexpr std::size_t kMostValues = 1024;

// The members of a family's envelope that need no device: texts and numbers of the file, the time,
// and a number of the message.
JsonObject envelope_of(const catalog::Family& family, const catalog::Report* report,
                       TimePoint now) {
  JsonObject envelope;
  const auto put = [&](std::string_view name, const Json& value) {
    if (value.is_object() || value.is_array()) return;
    if (!value.is_string() || !value.get_string().starts_with('$')) {
      envelope[name] = value;
    } else if (value == "$now_ms" || value == "$message_id") {
      envelope[name] = unix_ms(now);
    }
  };
  for (const auto& [name, value] : family.messages.report) put(name, value);
  if (report == nullptr) return envelope;
  for (const auto& [name, value] : report->match) put(name, value);
  for (const auto& [name, value] : report->extra) put(name, value);
  return envelope;
}

// The flat report that has the quota; null: none has.
const catalog::Report* report_with(const catalog::Family& family, std::string_view quota) {
  if (family.messages.nested) return nullptr;
  const auto found = std::ranges::find_if(family.reports, [&](const catalog::Report& each) {
    return each.module.empty() && !each.match.empty() && each.carries(quota) &&
           quota.starts_with(each.prefix);
  });
  return found == family.reports.end() ? nullptr : &*found;
}

std::string report_text(const catalog::Family& family, const catalog::Report* report,
                        std::span<const QuotaValue* const> values, TimePoint now) {
  const std::size_t prefix = report == nullptr ? 0 : report->prefix.size();
  std::string body;
  for (const QuotaValue* value : values) {
    if (!body.empty()) body += ',';
    wire::append_quoted(body, std::string_view(value->name).substr(prefix));
    body.append(1, ':').append(value->text);
  }
  const JsonObject envelope = envelope_of(family, report, now);
  std::string text = wire::to_text(envelope);
  text.pop_back();
  if (!envelope.empty()) text += ',';
  const std::string& member = family.messages.report_body;
  if (member.empty()) return text.append(body).append(1, '}');
  wire::append_quoted(text, member);
  return text.append(":{").append(body).append("}}");
}

}  // namespace

std::vector<std::string> reports_of(const catalog::Family& family,
                                    std::span<const QuotaValue> values, TimePoint now) {
  std::map<const catalog::Report*, std::vector<const QuotaValue*>> by_report;
  for (const QuotaValue& value : values) {
    by_report[report_with(family, value.name)].push_back(&value);
  }
  std::vector<std::string> texts;
  for (const auto& [report, all] : by_report) {
    for (std::size_t begin = 0; begin < all.size(); begin += kMostValues) {
      const std::span<const QuotaValue* const> some(all);
      texts.push_back(report_text(
          family, report, some.subspan(begin, std::min(kMostValues, all.size() - begin)), now));
    }
  }
  return texts;
}

namespace {

// Quotas of one device that are compared; further ones are passed on by reports alone.
constexpr std::size_t kMostQuotas = 8192;
constexpr Millis kWrongTime{5 * 60 * 1000};
constexpr std::array<std::string_view, 2> kBodies = {"params", "param"};

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range) return std::numeric_limits<double>::infinity();
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

// 5 and 5.0 are.
bool is_same(std::string_view a, std::string_view b) {
  if (a == b) return true;
  const auto left = number_in(a);
  return left && left == number_in(b);
}

bool is_number(catalog::FieldType type) {
  return type == catalog::FieldType::kInt || type == catalog::FieldType::kFloat;
}

const Json* body_of(const Json& report) {
  for (const std::string_view name : kBodies) {
    const Json* body = wire::member(report, name);
    if (body != nullptr && body->is_object()) return body;
  }
  return nullptr;
}

bool has_wrong_time(const std::vector<twin::Member>& envelope, TimePoint now) {
  const auto found =
      std::ranges::find(envelope, std::string_view("timestamp"), &twin::Member::name);
  if (found == envelope.end()) return false;
  const auto ms = number_in(found->text);
  if (!ms) return true;
  const double off = *ms - static_cast<double>(unix_ms(now));
  return off > static_cast<double>(kWrongTime.count()) ||
         off < -static_cast<double>(kWrongTime.count());
}

// Removes the member with this path from the report's body: {"a":{"b":1}} has a.b.
void erase_value(JsonObject& body, std::string_view path) {
  if (body.erase(path) != 0) return;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos;
       dot = path.find('.', dot + 1)) {
    Json* inner = body.if_contains(path.substr(0, dot));
    if (inner != nullptr && inner->is_object()) {
      erase_value(inner->get_object(), path.substr(dot + 1));
    }
  }
}

std::optional<std::string> without(std::string_view payload,
                                   const std::vector<std::string>& paths) {
  auto report = wire::parse_json(payload, {.keys = 8192});
  if (!report || !report->is_object()) return std::nullopt;
  JsonObject* body = &report->get_object();
  for (const std::string_view name : kBodies) {
    Json* inner = report->get_object().if_contains(name);
    if (inner != nullptr && inner->is_object()) body = &inner->get_object();
  }
  for (const std::string& path : paths) erase_value(*body, path);
  return wire::to_text(*report);
}

}  // namespace

std::optional<std::string> unwrapped(std::string_view payload) {
  const auto report = wire::parse_json(payload, {.keys = 8192});
  if (!report || !report->is_object()) return std::nullopt;
  const Json* body = body_of(*report);
  if (body == nullptr) {
    const Json* data = wire::member(*report, "data");
    return data != nullptr && body_of(*data) != nullptr ? std::optional(wire::to_text(*data))
                                                        : std::nullopt;
  }
  const Json* inner = body_of(*body);
  if (inner == nullptr) return std::nullopt;
  // The inner envelope says what the report is; if there is none, the outer one does.
  if (body->get_object().size() > 1) return wire::to_text(*body);
  JsonObject whole = report->get_object();
  for (const std::string_view name : kBodies) {
    if (whole.contains(name)) whole[name] = *inner;
  }
  return wire::to_text(whole);
}

const Json* innermost_data(const Json& data, OddityCounts& oddities) {
  const Json* found = &data;
  while (found->is_object()) {
    const Json* inner = wire::member(*found, "quotaMap");
    const bool is_envelope = wire::member(*found, "code") != nullptr ||
                             wire::member(*found, "message") != nullptr ||
                             found->get_object().size() == 1;
    if (inner == nullptr && is_envelope) inner = wire::member(*found, "data");
    if (inner == nullptr || !(inner->is_object() || inner->is_null())) break;
    oddities.add(Oddity::kDoubleWrapped);
    found = inner;
  }
  if (found->is_object()) return found;
  oddities.add(Oddity::kNullData);
  return nullptr;
}

DeviceValues::DeviceValues(catalog::FamilyPtr family) : layout_(std::move(family)) {}

bool DeviceValues::is_plausible(std::string_view name, std::string_view text) const {
  const catalog::Field* field = layout_.family->field(name);
  const auto value = number_in(text);
  return field == nullptr || !value || catalog::may_arrive(*field, *value);
}

DeviceValues::Quota* DeviceValues::quota(std::string_view name) {
  const auto found = quotas_.find(name);
  if (found != quotas_.end()) return &found->second;
  if (quotas_.size() >= kMostQuotas) return nullptr;
  return &quotas_.emplace(name, Quota{}).first->second;
}

std::optional<std::string> DeviceValues::take_report(std::string_view payload, Moment at,
                                                     TimePoint now, OddityCounts& oddities) {
  std::optional<std::string> instead;
  // The word stands there twice in a report that is wrapped twice, or behind "data".
  const std::size_t first = payload.find("\"param");
  if (first != std::string_view::npos &&
      (payload.find("\"param", first + 1) != std::string_view::npos ||
       payload.substr(0, first).contains("\"data\""))) {
    instead = unwrapped(payload);
    if (instead) oddities.add(Oddity::kDoubleWrapped);
  }
  const std::string read(instead ? *instead : payload);
  // A report that cannot be read is refused by the hub, which counts it.
  if (!reader_.read(layout_, read)) return instead;
  if (has_wrong_time(reader_.envelope(), now)) oddities.add(Oddity::kWrongTimestamp);
  const std::string prefix(reader_.prefix(layout_));
  std::vector<std::string> implausible;
  for (const twin::Member& member : reader_.body()) {
    const std::string name(reader_.quota_name(layout_, prefix, member.name));
    if (!is_plausible(name, member.text)) {
      implausible.emplace_back(member.name);
      continue;
    }
    Quota* known = quota(name);
    if (known == nullptr) continue;
    known->text = member.text;
    known->reported_at = at;
    if (!known->snapshot.empty()) {
      known->is_contradicted = !is_same(known->text, known->snapshot);
    }
  }
  if (implausible.empty()) return instead;
  oddities.add(Oddity::kImplausibleValue, static_cast<std::uint32_t>(implausible.size()));
  auto rest = without(read, implausible);
  return rest ? rest : instead;
}

std::vector<QuotaValue> DeviceValues::values_in(const Json& data, OddityCounts& oddities) {
  std::vector<QuotaValue> values;
  const Json* object = innermost_data(data, oddities);
  if (object == nullptr) return values;
  const std::string report = R"({"params":)" + wire::to_text(*object) + '}';
  if (!reader_.read(layout_, report)) return values;
  for (const twin::Member& member : reader_.body()) {
    QuotaValue value{.name = std::string(member.name), .text = std::string(member.text)};
    const catalog::Field* field = layout_.family->field(value.name);
    const bool is_text = value.text.size() > 2 && value.text.front() == '"';
    if (field != nullptr && is_number(field->type) && is_text) {
      const std::string inner = value.text.substr(1, value.text.size() - 2);
      if (number_in(inner)) {
        oddities.add(Oddity::kTextValue);
        value.text = inner;
      }
    }
    if (!is_plausible(value.name, value.text)) {
      oddities.add(Oddity::kImplausibleValue);
      continue;
    }
    values.push_back(std::move(value));
  }
  return values;
}

bool DeviceValues::is_alive(const std::vector<QuotaValue>& values) const {
  return std::ranges::any_of(values, [&](const QuotaValue& each) {
    const auto found = quotas_.find(each.name);
    return found == quotas_.end() || !is_same(found->second.snapshot, each.text);
  });
}

DeviceValues::News DeviceValues::take_snapshot(const Json& data, const Snapshot& snapshot,
                                               OddityCounts& oddities) {
  std::vector<QuotaValue> values = values_in(data, oddities);
  News news{.has_data = !values.empty()};
  const bool alive = is_alive(values);
  bool is_frozen = false;
  for (QuotaValue& value : values) {
    Quota* known = quota(value.name);
    if (known == nullptr) continue;
    const bool is_older = known->is_contradicted && !alive;
    known->snapshot = value.text;
    if (is_same(known->text, value.text)) continue;
    if (is_older) {
      is_frozen = true;
      continue;
    }
    const auto& reported_at = known->reported_at;
    const bool is_newer = !reported_at || (snapshot.was_silent && *reported_at < snapshot.asked_at);
    // The answer may have been on its way when a report came: the next one shows which is newer.
    known->is_contradicted = !is_newer;
    if (!is_newer) continue;
    known->text = value.text;
    news.values.push_back(std::move(value));
  }
  if (is_frozen) oddities.add(Oddity::kFrozenSnapshot);
  return news;
}

void DeviceValues::session_ended() {
  for (auto& [name, known] : quotas_) {
    known.reported_at.reset();
    known.is_contradicted = false;
  }
}

}  // namespace gridloom::bridges::mirror
