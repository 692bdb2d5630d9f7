#include "recordings/recording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <ranges>
#include <utility>

#include "api/message/envelope.h"
#include "time/iso_text.h"
#include "transcripts/pattern.h"
#include "wire/topics.h"

namespace gridloom::recordings {
namespace {

using hub::TrafficEvent;
using wire::Json;
using wire::JsonObject;
using Kind = TrafficEvent::Kind;

constexpr wire::JsonLimits kJsonLimits{.bytes = std::size_t{4} * 1024 * 1024, .keys = 65'536};
constexpr std::size_t kSerial = 16;  // characters
constexpr std::size_t kSerialBegin = 4;
constexpr std::string_view kReplaced = "RECORDED";
constexpr std::size_t kMaxIds = 32;  // a reply may lag this many sets behind
constexpr std::string_view kMasked = "***";

constexpr std::array<std::string_view, 11> kKinds = {
    "known",    "online",    "offline", "device_sends", "device_gets", "app_sends",
    "app_gets", "reads_all", "reads",   "sets",         "answered"};

std::int64_t whole_or_0(const Json& object, std::string_view name) {
  return wire::whole_in(object, name).value_or(0);
}

std::string id_of(std::string_view payload) {
  const auto json = wire::parse_json(payload, kJsonLimits);
  const Json* id = json ? wire::member(*json, "id") : nullptr;
  if (id == nullptr) return {};
  return wire::plain_text(*id);
}

bool is_secret(std::string_view name) {
  std::string low(name);
  std::ranges::transform(low, low.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::any_of(std::array{"passw", "pwd", "secret", "token"},
                             [&](const char* word) { return low.contains(word); });
}

// Masks secrets in the value; returns whether there were any.
bool mask(Json& value) {
  bool masked = false;
  if (value.is_array()) {
    for (Json& each : value.get_array()) masked = mask(each) || masked;
  }
  if (!value.is_object()) return masked;
  for (auto& [name, member] : value.get_object()) {
    const bool secret = is_secret(name) && !member.is_structured();
    if (secret) member = kMasked;
    masked = secret || mask(member) || masked;
  }
  return masked;
}

bool fits_a_line(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
}

// Returns the text unchanged, but for masked secrets and the line breaks of a pretty printer.
std::string on_one_line(std::string_view text) {
  auto json = wire::parse_json(text, kJsonLimits);
  const bool changed = json && mask(*json);
  if (json && (changed || !fits_a_line(text))) return wire::to_text(*json);
  return std::string(text);
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool is_serial(std::string_view word) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  return word.size() == kSerial && !word.contains(kReplaced) &&
         std::ranges::all_of(word, [&](char c) { return is_digit(c) || is_capital(c); }) &&
         std::ranges::any_of(word, is_digit) && std::ranges::any_of(word, is_capital);
}

// The pattern that expects this answer, on as many lines as needed.
std::string pattern_of(std::string_view text, const std::string& prefix) {
  const auto json = wire::parse_json(text, kJsonLimits);
  return json ? transcripts::Pattern::of(*json).text(prefix) + '\n' : std::string();
}

}  // namespace

JsonObject to_json(const TrafficEvent& event) {
  JsonObject object{{"what", kKinds.at(static_cast<std::size_t>(event.kind))},
                    {"at", unix_ms(event.at)},
                    {"sn", event.sn},
                    {"account", static_cast<std::int64_t>(event.account)},
                    {"verb", wire::name_of(event.verb)},
                    {"request", event.request}};
  std::string quoted;
  wire::append_quoted(quoted, event.text);
  if (wire::parse_json(quoted, kJsonLimits)) {
    object["text"] = std::string_view(event.text);
  } else {
    object["bytes"] = event.text.size();  // not valid text, or too large to record
  }
  if (event.error) {
    object["fault"] = event.error->detail;
    object["code"] = name_of(event.error->code);
  }
  return object;
}

Result<TrafficEvent> traffic_event_in(const Json& json) {
  const auto what = std::ranges::find(kKinds, wire::text_in(json, "what"));
  const auto verb = wire::verb_of(wire::text_in(json, "verb"));
  if (what == kKinds.end() || !verb) {
    return fail(ErrorCode::kMalformed,
                "the server sent an event of a kind that this program does not know");
  }
  TrafficEvent event{.kind = static_cast<Kind>(what - kKinds.begin()),
                     .at = TimePoint(Millis(whole_or_0(json, "at"))),
                     .sn = std::string(wire::text_in(json, "sn")),
                     .account = static_cast<registry::AccountId>(whole_or_0(json, "account")),
                     .verb = *verb,
                     .request = static_cast<std::uint64_t>(whole_or_0(json, "request")),
                     .text = std::string(wire::text_in(json, "text"))};
  if (wire::member(json, "text") == nullptr) {
    // A transcript cannot express such a payload: an unparsable line takes its place.
    event.text = fmt::format("<{} bytes that are no text>", whole_or_0(json, "bytes"));
  }
  if (wire::member(json, "fault") != nullptr) {
    const auto code = error_code_of(wire::text_in(json, "code"));
    if (!code) {
      return fail(ErrorCode::kMalformed,
                  "the server sent an event of a kind that this program does not know");
    }
    event.error = Error{.code = *code, .detail = std::string(wire::text_in(json, "fault"))};
  }
  return event;
}

Recording::Recording(std::vector<RecordedDevice> devices, TimePoint begun, bool replaces_serials)
    : recorded_(std::move(devices)),
      begun_(begun),
      now_(std::chrono::floor<std::chrono::seconds>(begun)),
      replaces_serials_(replaces_serials) {
  for (const RecordedDevice& device : recorded_) {
    devices_[device.sn];
    if (replaces_serials_) static_cast<void>(replacement(device.sn));
  }
}

std::string Recording::head() {
  std::string text = fmt::format(
      "# What was said by and to {} device{}, recorded from {} UTC on. Secrets are masked{}.\n"
      "clock {}\nrecorded\n",
      recorded_.size(), recorded_.size() == 1 ? "" : "s", time::clock_text(begun_, {}),
      replaces_serials_ ? ", serial numbers replaced" : "", time::clock_text(now_, {}));
  for (const RecordedDevice& device : recorded_) {
    if (accounts_.empty()) accounts_[speaks_ = device.owner] = "demo";
    text += introduced(device.owner);
    text += fmt::format("device {} {} owner {} real\n", device.family, plain(device.sn),
                        accounts_[device.owner]);
  }
  for (const RecordedDevice& device : recorded_) {
    for (const RecordedDevice::Share& share : device.shares) text += introduced(share.account);
  }
  for (const RecordedDevice& device : recorded_) {
    for (const RecordedDevice::Share& share : device.shares) {
      text += fmt::format("share {} {} {}\n", plain(device.sn), accounts_[share.account],
                          name_of(share.rights));
    }
  }
  return text;
}

std::string Recording::end() const {
  std::string text = "# The end of the recording\n";
  for (std::size_t i = 1; i <= unanswered_.size(); ++i) text += fmt::format("< {}: nothing\n", i);
  return text;
}

std::string Recording::lines_of(const TrafficEvent& event) {
  if (!devices_.contains(event.sn)) return {};
  std::string text = lines(event);
  return text.empty() ? text : waited(event.at) + text;
}

std::string Recording::lines(const TrafficEvent& event) {
  switch (event.kind) {
    case Kind::kInitialState:
      return known(event);
    case Kind::kOnline:
      return connection(event.sn, true);
    case Kind::kOffline:
      return connection(event.sn, false);
    case Kind::kDeviceSends:
      return device_sends(event);
    case Kind::kDeviceGets:
      return device_gets(event);
    case Kind::kAppSends:
      return as(event.account) + message("> mqtt", event);
    case Kind::kAppGets: {
      const std::string pattern =
          pattern_of(plain(event.text),
                     fmt::format("< mqtt {} {} ", plain(event.sn), wire::name_of(event.verb)));
      return pattern.empty() ? pattern : as(event.account) + pattern;
    }
    case Kind::kReadsAll:
      return asked(fmt::format("> GET /iot-open/sign/device/quota/all?sn={}\n", plain(event.sn)),
                   event);
    case Kind::kReads:
      return asked(fmt::format("> POST /iot-open/sign/device/quota {}\n", plain(event.text)),
                   event);
    case Kind::kSets:
      return asked(fmt::format("> PUT /iot-open/sign/device/quota {}\n", plain(event.text)), event);
    case Kind::kAnswered:
      return answered(event);
  }
  return {};
}

// Restores the state by full quota names, which a report without a kind may use in every family.
std::string Recording::known(const TrafficEvent& event) {
  if (event.text == "{}") return {};
  return fmt::format("# What was known of it when the recording began\n> device {} quota {}\n",
                     plain(event.sn), plain(fmt::format(R"({{"params":{}}})", event.text)));
}

std::string Recording::connection(const std::string& sn, bool online) {
  if (std::exchange(devices_[sn].online, online) == online) return {};
  return fmt::format("! {} device {}\n", online ? "connect" : "drop", plain(sn));
}

std::string Recording::message(std::string_view head, const TrafficEvent& event) {
  return fmt::format("{} {} {} {}\n", head, plain(event.sn), wire::name_of(event.verb),
                     plain(event.text));
}

// A device behind a gateway has no connection of its own, and is online when it sends.
std::string Recording::device_sends(const TrafficEvent& event) {
  ++messages_;
  std::string text = connection(event.sn, true);
  if (event.verb != wire::Verb::kSetReply) return text + message("> device", event);
  const std::vector<std::string>& ids = devices_[event.sn].ids;
  const std::string id = id_of(event.text);
  const auto asked = std::ranges::find(ids.rbegin(), ids.rend(), id);
  if (asked == ids.rend()) return text + message("> device", event);
  const auto back = asked - ids.rbegin();
  std::string reply(event.text);
  const std::string now = back == 0 ? R"("id":<id>)" : fmt::format(R"("id":<id-{}>)", back);
  for (const std::string_view quote : {"", "\""}) {
    const std::string before = fmt::format(R"("id":{0}{1}{0})", quote, id);
    const std::size_t at = reply.find(before);
    if (at == std::string::npos) continue;
    reply.replace(at, before.size(), now);
    break;
  }
  TrafficEvent expected = event;
  expected.text = std::move(reply);
  return text + message("> device", expected);
}

std::string Recording::device_gets(const TrafficEvent& event) {
  std::vector<std::string>& ids = devices_[event.sn].ids;
  ids.push_back(id_of(event.text));
  if (ids.size() > kMaxIds) ids.erase(ids.begin());
  return pattern_of(plain(event.text), fmt::format("< device {} set ", plain(event.sn)));
}

std::string Recording::asked(std::string_view line, const TrafficEvent& event) {
  ++requests_;
  unanswered_.push_back({.sn = event.sn, .request = event.request});
  return as(event.account).append(line);
}

std::string Recording::answered(const TrafficEvent& event) {
  const auto found = std::ranges::find_if(unanswered_, [&](const Asked& each) {
    return each.sn == event.sn && each.request == event.request;
  });
  if (found == unanswered_.end()) return {};  // asked before the recording began
  const std::string which =
      found == unanswered_.begin() ? "" : fmt::format("{}: ", found - unanswered_.begin() + 1);
  unanswered_.erase(found);
  const std::string trace(32, '0');
  const http::Response response =
      event.error ? api::failure(*event.error, trace) : api::success(event.text, trace);
  return pattern_of(plain(response.body), fmt::format("< {}{} ", which, response.status));
}

std::string Recording::waited(TimePoint at) {
  if (at <= now_) return {};
  const Millis gap = at - std::exchange(now_, at);
  return gap.count() % 1000 == 0 ? fmt::format("@ +{}s\n", gap.count() / 1000)
                                 : fmt::format("@ +{}ms\n", gap.count());
}

std::string Recording::as(registry::AccountId account) {
  if (account == speaks_) return {};
  std::string text = introduced(account);
  speaks_ = account;
  return text + fmt::format("as {}\n", accounts_[account]);
}

std::string Recording::introduced(registry::AccountId account) {
  const auto [name, is_new] = accounts_.try_emplace(account);
  if (!is_new) return {};
  name->second = fmt::format("app_{}", accounts_.size());
  return fmt::format("account {}\n", name->second);
}

std::string Recording::plain(std::string_view text) {
  std::string line = on_one_line(text);
  return replaces_serials_ ? replaced(std::move(line)) : line;
}

std::string Recording::replaced(std::string text) {
  for (const RecordedDevice& device : recorded_) {
    const std::string& by = replacement(device.sn);
    for (std::size_t at = 0; (at = text.find(device.sn, at)) != std::string::npos;
         at += by.size()) {
      text.replace(at, device.sn.size(), by);
    }
  }
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const bool begins_word = is_word(rest[0]);
    const auto end = std::ranges::find_if(rest, [&](char c) { return is_word(c) != begins_word; });
    const std::string_view word = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    rest.remove_prefix(word.size());
    if (is_serial(word)) {
      out += replacement(word);
    } else {
      out += word;
    }
  }
  return out;
}

const std::string& Recording::replacement(std::string_view serial) {
  const auto known = serials_.find(serial);
  if (known != serials_.end()) return known->second;
  std::string made =
      fmt::format("{}{}{:04}", serial.substr(0, kSerialBegin), kReplaced, serials_.size() + 1);
  return serials_.emplace(serial, std::move(made)).first->second;
}

}  // namespace gridloom::recordings
