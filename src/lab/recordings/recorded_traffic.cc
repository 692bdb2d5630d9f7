#include "recordings/recorded_traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>

#include "transcripts/words.h"

namespace gridloom::recordings {
namespace {

using transcripts::Directive;
using transcripts::Line;
using wire::Json;
using wire::JsonObject;

constexpr wire::JsonLimits kJsonLimits{.bytes = std::size_t{1} << 20U, .keys = 16'384};
constexpr std::size_t kFamilyBegin = 4;  // characters of a serial number that name its family

// The message in a line; the hole of an id becomes 0.
std::optional<JsonObject> message_in(std::string text) {
  if (const auto hole = transcripts::find_id(text)) text.replace(hole->at, hole->size, "0");
  auto parsed = wire::parse_json(text, kJsonLimits);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(parsed->get_object());
}

void flatten(const JsonObject& object, const std::string& before, JsonObject& into) {
  for (const auto& [key, value] : object) {
    std::string name = before + std::string(key);
    if (value.is_object() && !value.get_object().empty()) {
      flatten(value.get_object(), name + '.', into);
    } else {
      into[name] = value;
    }
  }
}

class Reader {
 public:
  void read(const Line& line) {
    const std::vector<std::string>& words = line.words;
    switch (line.directive) {
      case Directive::kDevice:
        if (words.size() == 5) add(words[1]);
        return;
      case Directive::kWait:
        now_ += line.span;
        return;
      case Directive::kDeviceReceives:
        if (is_ours(words[0])) read_set(words[0], line.payload);
        return;
      case Directive::kDeviceSends:
        if (is_ours(words[0])) read_message(words[0], words[1], line.payload);
        return;
      default:
        return;
    }
  }

  [[nodiscard]] RecordedTraffic take() { return std::move(traffic_); }

 private:
  void add(const std::string& sn) {
    const auto begins_as = [](const std::string& a, const std::string& b) {
      return a.substr(0, kFamilyBegin) == b.substr(0, kFamilyBegin);
    };
    if (traffic_.sns.empty() || begins_as(traffic_.sns.front(), sn)) traffic_.sns.push_back(sn);
  }
  [[nodiscard]] bool is_ours(const std::string& sn) const {
    return std::ranges::find(traffic_.sns, sn) != traffic_.sns.end();
  }

  void read_set(const std::string& sn, const std::string& text) {
    auto message = message_in(text);
    if (!message) return;
    sets_[sn].push_back(traffic_.entries.size());
    traffic_.entries.push_back(
        {.at = now_, .sn = sn, .message = std::move(*message), .is_set = true});
  }

  void read_message(const std::string& sn, const std::string& verb, const std::string& text) {
    auto message = message_in(text);
    if (!message) return;
    if (verb == "set_reply") {
      const auto hole = transcripts::find_id(text);
      const std::vector<std::size_t>& sets = sets_[sn];
      if (!hole || hole->back >= sets.size()) return;
      traffic_.entries[sets[sets.size() - 1 - hole->back]].reply = std::move(*message);
      return;
    }
    if (verb != "quota") return;
    const Json* params = message->if_contains("params");
    const bool first = std::ranges::none_of(
        traffic_.entries, [&](const RecordedTraffic::Entry& entry) { return entry.sn == sn; });
    if (first && message->size() == 1 && params != nullptr && params->is_object()) {
      return read_known(params->get_object());
    }
    traffic_.entries.push_back({.at = now_, .sn = sn, .message = std::move(*message)});
  }

  // Names have dots in a flat answer; in a nested one, objects are groups. An object of lists
  // alone, as {"devErrcode": []}, is a value.
  void read_known(const JsonObject& quotas) {
    const bool flat = std::ranges::any_of(
        quotas, [](const auto& each) { return std::string_view(each.key()).contains('.'); });
    const bool grouped = std::ranges::any_of(quotas, [](const auto& each) {
      const JsonObject* object = each.value().if_object();
      return object != nullptr && std::ranges::any_of(*object, [](const auto& member) {
               return !member.value().is_array();
             });
    });
    if (flat || !grouped) {
      for (const auto& [key, value] : quotas) traffic_.known[key] = value;
      return;
    }
    traffic_.nested_answers = true;
    flatten(quotas, "", traffic_.known);
  }

  RecordedTraffic traffic_;
  Millis now_{0};
  std::map<std::string, std::vector<std::size_t>, std::less<>> sets_;  // entries, by device
};

}  // namespace

Result<RecordedTraffic> traffic_in(const transcripts::Script& script) {
  Reader reader;
  for (const Line& line : script.lines) reader.read(line);
  RecordedTraffic traffic = reader.take();
  if (!traffic.sns.empty()) return traffic;
  return fail(
      ErrorCode::kBadParams,
      fmt::format("{}: it has no device that is marked \"real\", as the devices of a recording are",
                  script.file));
}

}  // namespace gridloom::recordings
