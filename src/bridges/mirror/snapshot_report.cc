#include "bridges/mirror/snapshot_report.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

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

}  // namespace gridloom::bridges::mirror
